//! Keeps devices near the present, so that reading them stays cheap.

use chrono::TimeDelta;
use uuid::Uuid;

use super::DeviceError;
use super::fleet::{self, Held, held};
use super::keep;
use crate::platform::db::{Tx, statement};
use crate::platform::jobs::{JobError, Runner};

/// How many devices are brought forward in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 500;
/// How far behind a device may fall.
const BEHIND: TimeDelta = TimeDelta::minutes(10);

// Locked first, read afterwards: wishes that somebody changed meanwhile count.
statement!(static LOCK: (Uuid,) = "
    select id from devices where retired_at is null and advanced_to < $1
    order by advanced_to limit $2 for no key update skip locked");
statement!(static THESE: Held = concat!("select ", held!(), " where d.id = any($1::uuid[])"));

impl From<DeviceError> for JobError {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::Database(error) => Self::Database(error),
            other => Self::Other(other.to_string()),
        }
    }
}

/// Brings the devices forward that have fallen behind most.
pub async fn catch_up(tx: &mut Tx) -> Result<(), DeviceError> {
    let before = tx.business_now().await? - BEHIND;
    let locked = LOCK.query().bind(before).bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let ids: Vec<Uuid> = locked.into_iter().map(|(id,)| id).collect();
    let rows = THESE.query().bind(ids).fetch_all(&mut *tx).await?;
    let mut devices = fleet::at_present(tx, rows).await?;
    keep::keep(tx, &mut devices).await
}

/// Has it done every ten minutes.
pub fn register(runner: &mut Runner) {
    runner.every(BEHIND, "upkeep-devices", |tx, _| Box::pin(async move { Ok(catch_up(tx).await?) }));
}
