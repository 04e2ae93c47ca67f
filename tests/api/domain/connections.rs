//! Callers who go away in the middle.

use std::pin::pin;

use super::support::*;
use crate::support::{database, server::beginning};

/// Polls so often that every step of the longest work below was the last one for somebody.
const STEPS: usize = 12;

/// Begins `work` and gives it up after `steps` steps; whether it was done by then.
async fn left_after<F: Future>(steps: usize, work: F) -> bool {
    let mut work = pin!(work);
    for _ in 0..steps {
        if futures_util::poll!(work.as_mut()).is_ready() {
            return true;
        }
        // Each step waits for Postgres; a moment of its own lets the answer arrive.
        tokio::task::spawn_blocking(std::thread::yield_now).await.expect("a moment");
    }
    false
}

/// The next caller on the only connection is in no transaction of somebody who went away: Postgres refuses to begin
/// a view of one moment in a transaction that has run a statement.
async fn is_clean(db: &Database) {
    db.pool().execute("select 1").await.expect("a connection that answers");
    db.snapshot(soon(), &Stats::new()).await.expect("a view of one moment").rollback().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_leaves_no_transaction_behind() {
    let wall = WallClock::fixed(beginning());
    let held = database::fresh().await;
    let db = Database::connect(&held.url, 1, wall).await.expect("connected");
    let stats = Stats::new();
    let mut given_up = 0;
    for steps in (0..STEPS).cycle().take(STEPS * 8) {
        given_up += usize::from(!left_after(steps, db.write(soon(), &stats)).await);
        is_clean(&db).await;
        let settled = async { db.look(&stats).await?.settle(soon()).await };
        given_up += usize::from(!left_after(steps, settled).await);
        is_clean(&db).await;
    }
    assert!(given_up > 8, "{given_up} gave up");
}
