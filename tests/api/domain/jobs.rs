//! Jobs: taken once, retried, given up, never lost.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::support::*;

impl Trial {
    async fn tx(&self) -> Tx {
        self.db.write(soon(), &Stats::new()).await.expect("tx")
    }

    async fn enqueue(&self, kind: &str, payload: Value, wait: TimeDelta) -> i64 {
        let mut tx = self.tx().await;
        let id = jobs::enqueue(&mut tx, kind, &payload, self.wall.now() + wait).await.expect("enqueued");
        tx.commit().await.expect("commit");
        id
    }

    /// Status, attempts and failure.
    async fn job(&self, id: i64) -> (String, i32, Option<String>) {
        let query = sqlx::query_as("select status, attempts, failure from jobs where id = $1").bind(id);
        query.fetch_one(&mut self.tx().await).await.expect("the job")
    }

    fn pass(&self, span: TimeDelta) {
        self.wall.set(self.wall.now() + span);
    }
}

/// A runner that counts the jobs of the kind `count`, and the count.
fn counting() -> (Runner, Arc<AtomicU32>) {
    let (mut runner, count) = (Runner::default(), Arc::<AtomicU32>::default());
    let counter = Arc::clone(&count);
    runner.on("count", move |_, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    });
    (runner, count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_waits_for_its_moment_and_runs_once() {
    let trial = Trial::start().await;
    let (runner, count) = counting();
    runner.run_due(&trial.db).await.expect("upkeep");
    let id = trial.enqueue("count", json!({}), TimeDelta::minutes(1)).await;
    assert_eq!(runner.run_due(&trial.db).await.expect("run"), 0);
    trial.pass(TimeDelta::minutes(1));
    assert_eq!(runner.run_due(&trial.db).await.expect("run"), 1);
    assert_eq!(runner.run_due(&trial.db).await.expect("run"), 0);
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(trial.job(id).await, ("done".into(), 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_transaction_that_fails_was_never_there() {
    let trial = Trial::start().await;
    let (runner, count) = counting();
    let mut tx = trial.tx().await;
    jobs::enqueue(&mut tx, "count", &json!({}), trial.wall.now()).await.expect("enqueued");
    tx.rollback().await.expect("rollback");
    runner.run_due(&trial.db).await.expect("run");
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runners_at_once_do_each_job_once() {
    let trial = Trial::start().await;
    let (meet, count) = (Arc::new(tokio::sync::Barrier::new(2)), Arc::<AtomicU32>::default());
    let server = || {
        let (mut runner, meet, count) = (Runner::default(), Arc::clone(&meet), Arc::clone(&count));
        runner.on("meet", move |_, _| {
            count.fetch_add(1, Ordering::SeqCst);
            let meet = Arc::clone(&meet);
            // Nobody gets on before the other runner has a job of its own in hand.
            Box::pin(async move {
                meet.wait().await;
                Ok(())
            })
        });
        runner
    };
    let (one, two) = (server(), server());
    one.run_due(&trial.db).await.expect("upkeep");
    for _ in 0..20 {
        trial.enqueue("meet", json!({}), TimeDelta::zero()).await;
    }
    let (a, b) = tokio::join!(one.run_due(&trial.db), two.run_due(&trial.db));
    assert_eq!((a.expect("run"), b.expect("run")), (10, 10));
    assert_eq!(count.load(Ordering::SeqCst), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_dies_gives_its_job_back() {
    let trial = Trial::start().await;
    let id = trial.enqueue("count", json!({}), TimeDelta::zero()).await;
    let mut dying = Runner::default();
    let (started, mut has_started) = tokio::sync::mpsc::channel::<()>(1);
    dying.on("count", move |tx, _| {
        let started = started.clone();
        Box::pin(async move {
            tx.execute("insert into demo_world (made_at) values (now())").await?;
            let _ = started.send(()).await;
            std::future::pending().await
        })
    });
    let db = trial.db.clone();
    let task = tokio::spawn(async move { dying.run_due(&db).await });
    has_started.recv().await.expect("started");
    let (runner, count) = counting();
    // It is taken: nobody else may have it.
    runner.run_due(&trial.db).await.expect("run");
    assert_eq!(count.load(Ordering::SeqCst), 0);
    task.abort();
    assert!(task.await.expect_err("aborted").is_cancelled());
    // Wait for Postgres to notice.
    while runner.run_due(&trial.db).await.expect("run") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(trial.job(id).await, ("done".into(), 0, None));
    let (left,): (i64,) = sqlx::query_as("select count(*) from demo_world")
        .fetch_one(&mut trial.tx().await)
        .await
        .expect("a count");
    assert_eq!(left, 0, "what it had done went with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_retried_and_a_poison_job_given_up_with_its_cause() {
    let trial = Trial::start().await;
    let mut runner = Runner::default();
    runner.on("fails", |tx, payload| {
        Box::pin(async move {
            match payload["how"].as_str() {
                Some("panics") => panic!("out of {}", "luck"),
                Some("breaks") => {
                    tx.execute(
                        "insert into api_keys (account_user_id, key_hash, hint, created_at)
                        values (1, 'secret', '', now())",
                    )
                    .await?;
                    Ok(())
                }
                _ => Err(JobError::Other("the moon is not full".into())),
            }
        })
    });
    runner.run_due(&trial.db).await.expect("upkeep");
    let refused = trial.enqueue("fails", json!({}), TimeDelta::zero()).await;
    let panics = trial.enqueue("fails", json!({"how": "panics"}), TimeDelta::zero()).await;
    let breaks = trial.enqueue("fails", json!({"how": "breaks"}), TimeDelta::zero()).await;
    assert_eq!(runner.run_due(&trial.db).await.expect("run"), 3);
    assert_eq!(runner.run_due(&trial.db).await.expect("run"), 0, "not before the wait is over");
    assert_eq!(trial.job(refused).await, ("due".into(), 1, Some("the moon is not full".into())));
    assert_eq!(trial.job(panics).await, ("due".into(), 1, Some("it panicked".into())));
    let kept = trial.job(breaks).await.2.expect("a cause");
    assert_eq!(kept, "Postgres refused it with 23514, constraint api_keys_key_hash_check");
    for failures in 1..jobs::MAX_ATTEMPTS {
        trial.pass(jobs::backoff(failures) - TimeDelta::seconds(1));
        let early = runner.run_due(&trial.db).await.expect("run");
        trial.pass(TimeDelta::seconds(1));
        assert_eq!(early + runner.run_due(&trial.db).await.expect("run"), 3);
    }
    trial.pass(TimeDelta::hours(2));
    assert_eq!(runner.run_due(&trial.db).await.expect("run"), 0);
    assert_eq!(trial.job(refused).await.0, "failed");
    assert_eq!(trial.job(panics).await, ("failed".into(), jobs::MAX_ATTEMPTS, Some("it panicked".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_nobody_here_knows_is_left_for_others() {
    let trial = Trial::start().await;
    let id = trial.enqueue("from-the-future", json!({}), TimeDelta::zero()).await;
    counting().0.run_due(&trial.db).await.expect("run");
    assert_eq!(trial.job(id).await, ("due".into(), 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_is_done_once_a_slot_by_whichever_server() {
    let trial = Trial::start().await;
    let count = Arc::<AtomicU32>::default();
    let server = || {
        let (mut runner, counter) = (Runner::default(), Arc::clone(&count));
        runner.every(TimeDelta::hours(1), "tidy", move |_, _| {
            counter.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(()) })
        });
        runner
    };
    let (one, two) = (server(), server());
    for hours in 1..=3 {
        let (a, b) = tokio::join!(one.run_due(&trial.db), two.run_due(&trial.db));
        a.and(b).expect("run");
        assert_eq!(count.load(Ordering::SeqCst), hours);
        trial.pass(TimeDelta::hours(1));
    }
    // One that was down for days does it once, not once a missed slot.
    trial.pass(TimeDelta::days(3));
    server().run_due(&trial.db).await.expect("run");
    assert_eq!(count.load(Ordering::SeqCst), 4);
    // Whoever moves business time has it done out of turn, once.
    for _ in 0..2 {
        let mut tx = trial.tx().await;
        jobs::wake(&mut tx).await.expect("woken");
        tx.commit().await.expect("committed");
        let (a, b) = tokio::join!(one.run_due(&trial.db), two.run_due(&trial.db));
        a.and(b).expect("run");
        assert_eq!(count.load(Ordering::SeqCst), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_jobs_are_forgotten_after_a_week() {
    let trial = Trial::start().await;
    let (runner, _) = counting();
    let id = trial.enqueue("count", json!({}), TimeDelta::zero()).await;
    runner.run_due(&trial.db).await.expect("run");
    trial.pass(TimeDelta::days(8));
    runner.run_due(&trial.db).await.expect("run");
    let left = sqlx::query("select 1 from jobs where id = $1").bind(id);
    assert!(left.fetch_optional(&mut trial.tx().await).await.expect("a look").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_works_until_it_is_stopped() {
    let trial = Trial::start().await;
    trial.enqueue("count", json!({}), TimeDelta::zero()).await;
    let (mut runner, ran) = (Runner::default(), Arc::new(tokio::sync::Notify::new()));
    let bell = Arc::clone(&ran);
    runner.on("count", move |_, _| {
        bell.notify_one();
        Box::pin(async { Ok(()) })
    });
    runner.work(&trial.db, ran.notified()).await;
    let (due,): (i64,) = sqlx::query_as("select count(*) from jobs where kind = 'count' and status = 'done'")
        .fetch_one(&mut trial.tx().await)
        .await
        .expect("a count");
    assert_eq!(due, 1, "the job that was running when it was told to stop is finished");
}

/// What jobs leave behind, by table.
async fn traces(trial: &Trial) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in [
        "transactions",
        "postings",
        "messages",
        "message_events",
        "processes",
        "process_events",
        "dunning_actions",
    ] {
        let count = format!("select count(*) from {table}");
        let (count,): (i64,) = sqlx::query_as(&count).fetch_one(trial.db.pool()).await.expect("a count");
        counts.push(count);
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn every_job_that_comes_twice_does_its_work_once() {
    let (once, twice) = (Trial::start().await, Trial::start().await);
    for trial in [&once, &twice] {
        demo::make(&trial.db, &trial.auth, &trial.random).await.expect("made").expect("first");
    }
    let double = "insert into jobs (kind, payload, run_at, created_at)
        select kind, payload, run_at, created_at from jobs where status = 'due'";
    for _ in 0..4 {
        let runner = work::runner(&once.random);
        runner.run_due(&once.db).await.expect("run");
        // Twins, taken by two servers at once.
        let twins = [work::runner(&twice.random), work::runner(&twice.random)];
        twice.db.pool().execute(double).await.expect("doubled");
        let (a, b) = tokio::join!(twins[0].run_due(&twice.db), twins[1].run_due(&twice.db));
        a.and(b).expect("run");
        for trial in [&once, &twice] {
            trial.pass(TimeDelta::hours(1));
        }
    }
    assert!(traces(&once).await.iter().all(|count| *count > 0));
    assert_eq!(traces(&once).await, traces(&twice).await);
    twice.checked().await;
}
