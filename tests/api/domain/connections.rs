//! What one caller leaves on a connection for the next: nothing.

use std::pin::pin;
use std::time::{Duration, Instant};

use super::support::*;
use crate::support::{database, server::beginning};

/// Polls so often that every step of the longest work below was the last one for somebody.
const STEPS: usize = 16;

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

async fn asked(tx: &mut Tx, sql: &'static str) -> String {
    sqlx::query_scalar(sql).fetch_one(&mut *tx).await.expect("an answer")
}

/// The next callers on the only connection are in no transaction and at no moment of somebody who went away.
async fn is_clean(db: &Database, mark: i64) {
    let stats = Stats::new();
    sqlx::query("insert into marks values ($1)").bind(mark).execute(db.pool()).await.expect("marked");
    let mut view = db.snapshot(soon(), &stats).await.expect("a view");
    assert_eq!(asked(&mut view, "select max(n)::text from marks").await, mark.to_string());
    assert_eq!(asked(&mut view, "select current_setting('transaction_isolation')").await, "repeatable read");
    assert_eq!(asked(&mut view, "select current_setting('transaction_read_only')").await, "on");
    drop(view);
    let mut write = db.write(soon(), &stats).await.expect("a transaction");
    assert_eq!(asked(&mut write, "select current_setting('transaction_isolation')").await, "read committed");
    assert_eq!(asked(&mut write, "select count(*)::text from marks where n < 0").await, "0");
    sqlx::query("delete from marks where n < $1")
        .bind(mark)
        .execute(&mut write)
        .await
        .expect("no lock is left");
    write.commit().await.expect("committed");
}

async fn writing(db: &Database) {
    let mut tx = db.write(soon(), &Stats::new()).await.expect("a transaction");
    sqlx::query("insert into marks values (-1)").execute(&mut tx).await.expect("marked");
    asked(&mut tx, "select max(n)::text from marks").await;
    sqlx::query("update marks set n = -2").execute(&mut tx).await.expect("marked");
    tx.rollback().await.expect("rolled back");
}

async fn reading(db: &Database) {
    let mut tx = db.snapshot(soon(), &Stats::new()).await.expect("a view");
    asked(&mut tx, "select max(n)::text from marks").await;
    asked(&mut tx, "select min(n)::text from marks").await;
}

async fn marked() -> (database::Fresh, Database) {
    let held = database::fresh().await;
    let db = Database::connect(&held.url, 1, WallClock::fixed(beginning())).await.expect("connected");
    db.pool().execute("create table marks as select 0::bigint as n").await.expect("a table");
    (held, db)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_leaves_no_transaction_behind() {
    let (_held, db) = marked().await;
    let (mut given_up, mut mark) = (0, 0);
    for steps in (0..STEPS).cycle().take(STEPS * 6) {
        mark += 2;
        given_up += usize::from(!left_after(steps, writing(&db)).await);
        is_clean(&db, mark).await;
        given_up += usize::from(!left_after(steps, reading(&db)).await);
        is_clean(&db, mark + 1).await;
    }
    assert!(given_up > 8, "{given_up} gave up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_nobody_reads_from_is_closed_soon() {
    let (_held, db) = marked().await;
    reading(&db).await;
    let open = "select count(*)::text from pg_stat_activity where datname = current_database() \
                and state = 'idle in transaction'";
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let left: String = sqlx::query_scalar(open).fetch_one(db.pool()).await.expect("an answer");
        if left == "0" {
            break;
        }
        assert!(Instant::now() < until, "{left} left open");
    }
    is_clean(&db, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_leaves_a_connection_that_works() {
    let (_held, db) = marked().await;
    for mark in 1..5 {
        let mut tx = db.write(soon(), &Stats::new()).await.expect("a transaction");
        sqlx::query("insert into marks values (-3)").execute(&mut tx).await.expect("marked");
        sqlx::query("select 1 / 0").execute(&mut tx).await.expect_err("nothing is divided by nothing");
        drop(tx);
        is_clean(&db, mark).await;
    }
    reading(&db).await;
    db.close().await;
    assert!(matches!(db.snapshot(soon(), &Stats::new()).await, Err(sqlx::Error::PoolClosed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_its_connection_from_one_transaction_to_the_next() {
    let (_held, db) = marked().await;
    let stats = Stats::new();
    let backend = "select pg_backend_pid()::text";
    let mut view = db.snapshot(soon(), &stats).await.expect("a view");
    let first = asked(&mut view, backend).await;
    // Nobody else could have one meanwhile: there is only this.
    let mut tx = db.write_on(view.hold(), soon(), &stats).await.expect("a transaction");
    assert_eq!(asked(&mut tx, backend).await, first);
    assert_eq!(asked(&mut tx, "select current_setting('transaction_read_only')").await, "off");
    sqlx::query("insert into marks values (-4)").execute(&mut tx).await.expect("marked");
    let held = tx.commit_and_hold().await.expect("committed");
    let mut view = db.snapshot_on(held, soon(), &stats);
    assert_eq!(asked(&mut view, backend).await, first);
    assert_eq!(asked(&mut view, "select min(n)::text from marks").await, "-4");
    drop(view);
    // What may have written is not kept.
    let mut tx = db.write(soon(), &stats).await.expect("a transaction");
    sqlx::query("update marks set n = 0 where n = -4").execute(&mut tx).await.expect("marked");
    tx.rollback().await.expect("rolled back");
    let mut tx = db.write(soon(), &stats).await.expect("a transaction");
    sqlx::query("delete from marks where n = -4").execute(&mut tx).await.expect("marked");
    assert!(tx.hold().is_none());
    let mut tx = db.write(soon(), &stats).await.expect("a transaction");
    assert_eq!(asked(&mut tx, "select count(*)::text from marks where n = -4").await, "1");
    sqlx::query("delete from marks where n < 0").execute(&mut tx).await.expect("marked");
    tx.commit().await.expect("committed");
    is_clean(&db, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glance_leaves_nothing_open() {
    let (_held, db) = marked().await;
    let stats = Stats::new();
    let state = "select current_setting('transaction_isolation')";
    for mark in [1, 2] {
        let mut glance = db.glance(&stats).await.expect("a glance");
        assert_eq!(asked(&mut glance, state).await, "read committed");
        sqlx::query("update marks set n = $1").bind(mark).execute(&mut glance).await.expect("true at once");
        let held = glance.hold().expect("the connection");
        let mut view = db.snapshot_on(held, soon(), &stats);
        assert_eq!(asked(&mut view, "select max(n)::text from marks").await, mark.to_string());
        // The next glance ends the view that this leaves.
    }
    let glance = db.glance(&stats).await.expect("a glance");
    drop(glance);
    is_clean(&db, 3).await;
}
