//! Recurring work. Wall time is cut into slots; the first server to see a slot enqueues its job, and the
//! name of kind and slot lets nobody do so twice.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use crate::platform::db::{Tx, statement};

statement!(static ENQUEUE: () = "
    insert into jobs (kind, slot, payload, run_at, created_at) values ($1, $2, 'null', $3, $4)
    on conflict on constraint jobs_slot_key do nothing");

// Only what comes back has numbers for slots and nothing to be told.
statement!(static WAKE: () = "
    insert into jobs (kind, slot, payload, run_at, created_at)
    select distinct kind, $1, 'null'::jsonb, $2::timestamptz, $2 from jobs where payload = 'null' and slot ~ '^[0-9]+$'
    on conflict on constraint jobs_slot_key do nothing");

/// Has all work that comes back done once more as soon as a server can, out of turn: business time has moved, and much may
/// have fallen due.
///
/// # Errors
/// Those of the database.
pub async fn wake(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (moved_to, now) = (tx.business_now().await?, tx.wall_now());
    let slot = format!("moved to {}", moved_to.timestamp_micros());
    WAKE.command().bind(slot).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Work that comes back.
pub(super) struct Upkeep {
    kind: &'static str,
    seconds: i64,
    /// The latest slot that is known to be enqueued, counted from 1970.
    latest: AtomicI64,
}

impl Upkeep {
    /// Once in each `every`, which is at least a second.
    pub(super) fn new(kind: &'static str, every: TimeDelta) -> Self {
        Self { kind, seconds: every.num_seconds().max(1), latest: AtomicI64::new(i64::MIN) }
    }

    fn slot(&self, now: DateTime<Utc>) -> i64 {
        now.timestamp().div_euclid(self.seconds)
    }

    /// Whether the slot of this moment may be missing.
    pub(super) fn is_new(&self, now: DateTime<Utc>) -> bool {
        self.latest.load(Ordering::Relaxed) < self.slot(now)
    }

    /// Enqueues the job of this moment's slot unless it is there.
    pub(super) async fn enqueue(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        let insert = ENQUEUE.command().bind(self.kind).bind(self.slot(now).to_string()).bind(now).bind(now);
        insert.execute(&mut *tx).await?;
        Ok(())
    }

    /// Remembers that the slot is enqueued and committed.
    pub(super) fn note(&self, now: DateTime<Utc>) {
        self.latest.fetch_max(self.slot(now), Ordering::Relaxed);
    }
}
