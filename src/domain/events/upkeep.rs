//! What nobody needs any more goes, and nothing is forgotten at the side of the road.

use chrono::TimeDelta;

use crate::platform::db::{Tx, statement};
use crate::platform::jobs::{JobError, Runner};

/// How long events are kept that nobody waits for.
const KEPT: TimeDelta = TimeDelta::days(30);
/// How long events are kept that an endpoint did not take.
const DEAD_KEPT: TimeDelta = TimeDelta::days(90);

statement!(static FORGET_REMOVED: () = "
    delete from webhook_deliveries d using webhook_endpoints e where e.id = d.endpoint_id and e.removed_at is not null");
// Deliveries go with their events.
statement!(static PURGE: () = "
    delete from outbox o where o.recorded_at < $1 and not exists (
        select 1 from webhook_deliveries d where d.event_id = o.id
            and (d.status = 'due' or d.status = 'dead' and d.finished_at >= $2))");
statement!(static WAKE: () = "
    update webhook_deliveries d set due_at = $1 where d.status = 'due' and d.due_at = 'infinity' and not exists (
        select 1 from webhook_deliveries before where before.endpoint_id = d.endpoint_id and before.lane = d.lane
            and before.status = 'due' and before.event_id < d.event_id)");

/// Teaches a runner the upkeep of events.
pub fn register(runner: &mut Runner) {
    runner.every(TimeDelta::hours(1), "upkeep-event-lanes", |tx, _| Box::pin(wake(tx)));
    runner.every(TimeDelta::days(1), "upkeep-events", |tx, _| Box::pin(purge(tx)));
}

/// Whatever was put aside behind nothing goes on.
async fn wake(tx: &mut Tx) -> Result<(), JobError> {
    let now = tx.wall_now();
    WAKE.command().bind(now).execute(&mut *tx).await?;
    Ok(())
}

async fn purge(tx: &mut Tx) -> Result<(), JobError> {
    FORGET_REMOVED.command().execute(&mut *tx).await?;
    let now = tx.wall_now();
    PURGE.command().bind(now - KEPT).bind(now - DEAD_KEPT).execute(&mut *tx).await?;
    Ok(())
}
