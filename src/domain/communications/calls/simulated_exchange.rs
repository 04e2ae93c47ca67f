//! The built-in telephone system. It puts waiting callers through as soon as somebody who can help is free, and ends a call
//! after four minutes. Who calls from a number that ends in `0000` does not wait at all; everybody else hangs up after
//! twenty minutes. It also calls whom campaigns are about, while their windows are open: numbers that end in `1` do not
//! pick up.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{campaigns, queue};
use crate::platform::db::Tx;
use crate::platform::jobs::{self, JobError, Runner};

/// The job that puts a caller through.
pub(super) const CONNECT: &str = "simulated-exchange-connect";
const HANG_UP: &str = "simulated-exchange-hang-up";
/// How long the phone rings before anything happens.
pub(super) const RING: TimeDelta = TimeDelta::seconds(10);
/// How often the exchange looks for an agent.
const LOOK: TimeDelta = TimeDelta::seconds(30);
const PATIENCE: TimeDelta = TimeDelta::minutes(20);
const TALK: TimeDelta = TimeDelta::minutes(4);
/// Calls of campaigns in an hour.
const DIALLED: i64 = 20;

/// Has this runner connect calls, end them, and make those of campaigns.
pub fn register(runner: &mut Runner) {
    runner.on(CONNECT, |tx, payload| Box::pin(async move { Ok(connect(tx, call(payload)?).await?) }));
    runner.on(HANG_UP, |tx, payload| Box::pin(async move { Ok(queue::end(tx, call(payload)?).await?) }));
    runner.every(TimeDelta::hours(1), "upkeep-voice-campaigns", |tx, _| {
        Box::pin(async move { Ok(campaigns::dial(tx, DIALLED, |number| !number.ends_with('1')).await?) })
    });
}

fn call(payload: &Value) -> Result<i32, JobError> {
    let call = payload.get("call").and_then(Value::as_i64);
    call.and_then(|call| i32::try_from(call).ok()).ok_or(JobError::Payload)
}

/// Puts a caller through, has them wait on, or sees them hang up.
async fn connect(tx: &mut Tx, call: i32) -> Result<(), sqlx::Error> {
    let Some(waiting) = queue::waiting(tx, call).await? else { return Ok(()) };
    let now = tx.business_now().await?;
    if waiting.from_number.ends_with("0000") || now - waiting.enqueued_at >= PATIENCE {
        return queue::give_up(tx, call).await;
    }
    let wall = tx.wall_now();
    let (job, when) =
        if queue::connect(tx, &waiting).await? { (HANG_UP, wall + TALK) } else { (CONNECT, wall + LOOK) };
    jobs::enqueue(tx, job, &json!({"call": call}), when).await?;
    Ok(())
}
