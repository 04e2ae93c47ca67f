//! The built-in printer, for where nobody else prints. It closes a batch a day after its first letter, takes a closed one
//! that nobody has taken for a day, and two days later tells how its letters fared: what is addressed to Nowhere comes back.
//! A batch that somebody else took is theirs to tell of. Times are business times.

use chrono::{DateTime, TimeDelta, Utc};

use super::print::{self, PostReport};
use crate::platform::db::{Tx, statement};
use crate::platform::jobs::Runner;

const PATIENCE: TimeDelta = TimeDelta::days(1);
const TRAVEL: TimeDelta = TimeDelta::days(2);
/// Letters that are told of at a time.
const AT_A_TIME: i64 = 500;
const PRINTER: (&str, i64) = ("printer", 0);

statement!(static CLOSE: () = "
    update print_batches set status = 'CLOSED', closed_at = $1 where status = 'OPEN' and opened_at <= $2");
statement!(static TAKE: () = "
    update print_batches set status = 'PROCESSED', processed_at = $1, is_simulated = true
    where status = 'CLOSED' and closed_at <= $2");
statement!(static ON_THE_WAY: (i64, String, DateTime<Utc>) = "
    select m.id, m.recipient, coalesce(b.processed_at, b.opened_at) as processed_at
    from print_batches b join messages m on m.print_batch_id = b.id
    where b.is_simulated and b.processed_at <= $1 and m.status = 'accepted' order by m.id limit $2");

/// Has this runner print what nobody else does.
pub fn register(runner: &mut Runner) {
    runner
        .every(TimeDelta::hours(1), "upkeep-printing", |tx, _| Box::pin(async move { Ok(round(tx).await?) }));
}

/// What the printer does whenever it looks.
pub async fn round(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    CLOSE.command().bind(now).bind(now - PATIENCE).execute(&mut *tx).await?;
    TAKE.command().bind(now).bind(now - PATIENCE).execute(&mut *tx).await?;
    let arrived = ON_THE_WAY.query().bind(now - TRAVEL).bind(AT_A_TIME);
    let reports: Vec<PostReport> = arrived.fetch_all(&mut *tx).await?.into_iter().map(fate).collect();
    print::take_in(tx, PRINTER, &reports).await?;
    Ok(())
}

fn fate((message, recipient, taken_at): (i64, String, DateTime<Utc>)) -> PostReport {
    let (event_type, description) = if recipient.contains("Nowhere") {
        ("RETURNED", "nobody by this address")
    } else {
        ("DELIVERED", "put in the letter box")
    };
    PostReport {
        message,
        event_type: event_type.to_owned(),
        description: description.to_owned(),
        occurred_at: taken_at + TRAVEL,
        event_id: None,
    }
}
