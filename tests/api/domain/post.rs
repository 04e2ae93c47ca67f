//! Messages on their way, as the simulated post house treats them.

use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use kraken_api::domain::communications::post::{Letter, PostHouse, Report};

use super::support::*;
use kraken_api::platform::outside::Receipt;

/// A post house with fixed answers, which counts what it is handed.
struct Stub {
    asked: Arc<AtomicU32>,
    answer: fn(u32, &Letter) -> Receipt,
}

impl PostHouse for Stub {
    fn hand_over<'a>(
        &'a self,
        _: &'a mut Tx,
        letter: &'a Letter,
    ) -> BoxFuture<'a, Result<Receipt, sqlx::Error>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        Box::pin(async move { Ok((self.answer)(asked, letter)) })
    }
}

fn accepted(letter: &Letter) -> Receipt {
    Receipt::Taken { reference: format!("stub-{}", letter.id) }
}

fn with(trial: &Trial, answer: fn(u32, &Letter) -> Receipt) -> (Runner, Arc<AtomicU32>) {
    let asked = Arc::<AtomicU32>::default();
    let house = Stub { asked: Arc::clone(&asked), answer };
    (work::runner_with(&trial.random, Arc::new(house)), asked)
}

fn calm(trial: &Trial) -> Runner {
    work::runner_with(&trial.random, Arc::new(Simulator::moody(trial.random.clone(), 0)))
}

fn email<'a>(to: &'a str) -> NewMessage<'a> {
    NewMessage {
        channel: Channel::Email,
        template: "greeting",
        account_user: None,
        to,
        subject: "Hello",
        text: "Good morning",
        confidential: false,
    }
}

impl Trial {
    async fn post(&self, new: NewMessage<'_>) -> i64 {
        let mut tx = self.db.write(soon(), &Stats::new()).await.expect("tx");
        let id = messages::send(&mut tx, &new).await.expect("sent");
        tx.commit().await.expect("commit");
        id
    }

    async fn status(&self, id: i64) -> String {
        let mut tx = self.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        let (status,): (String,) = sqlx::query_as("select status from messages where id = $1")
            .bind(id)
            .fetch_one(&mut tx)
            .await
            .expect("the message");
        status
    }

    /// What happened to a message, with the seconds since it was written.
    async fn history(&self, id: i64) -> Vec<(String, i64)> {
        let mut tx = self.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        sqlx::query_as(
            "select e.kind, extract(epoch from e.at - m.created_at)::bigint from message_events e
             join messages m on m.id = e.message_id where m.id = $1 order by e.id",
        )
        .bind(id)
        .fetch_all(&mut tx)
        .await
        .expect("the events")
    }

    async fn later(&self, runner: &Runner, span: TimeDelta) {
        self.wall.set(self.wall.now() + span);
        runner.run_due(&self.db).await.expect("run");
    }
}

fn told(history: &[(&str, i64)]) -> Vec<(String, i64)> {
    history.iter().map(|(kind, at)| ((*kind).to_owned(), *at)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_taken_and_arrives_a_little_later() {
    let trial = Trial::start().await;
    let runner = calm(&trial);
    let id = trial.post(email("ada@example.org")).await;
    assert_eq!(trial.status(id).await, "queued");
    trial.later(&runner, TimeDelta::seconds(1)).await;
    assert_eq!(trial.status(id).await, "accepted");
    trial.later(&runner, TimeDelta::seconds(5)).await;
    assert_eq!(trial.history(id).await, told(&[("queued", 0), ("accepted", 1), ("delivered", 6)]));
    assert_eq!(trial.status(id).await, "delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_have_their_fates() {
    let trial = Trial::start().await;
    let runner = calm(&trial);
    let sms = |to| NewMessage { channel: Channel::Sms, subject: "", ..email(to) };
    let mut ids = Vec::new();
    for new in [
        email("ada@bounce.example"),
        sms("+447700900000"),
        email("ada@slow.example"),
        email("not an address"),
        sms(""),
    ] {
        ids.push(trial.post(new).await);
    }
    trial.later(&runner, TimeDelta::zero()).await;
    trial.later(&runner, TimeDelta::minutes(1)).await;
    let expected = ["bounced", "bounced", "accepted", "refused", "refused"];
    for (id, status) in ids.iter().zip(expected) {
        assert_eq!(trial.status(*id).await, status);
    }
    trial.later(&runner, TimeDelta::hours(1)).await;
    assert_eq!(trial.status(ids[2]).await, "delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_that_is_put_off_is_tried_again() {
    let trial = Trial::start().await;
    let (runner, asked) = with(&trial, |asked, letter| match asked {
        1 | 2 => Receipt::Later("closed"),
        _ => accepted(letter),
    });
    let id = trial.post(email("ada@example.org")).await;
    trial.later(&runner, TimeDelta::zero()).await;
    trial.later(&runner, TimeDelta::seconds(4)).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1, "not before the wait is over");
    trial.later(&runner, TimeDelta::seconds(1)).await;
    trial.later(&runner, TimeDelta::seconds(10)).await;
    assert_eq!(
        trial.history(id).await,
        told(&[("queued", 0), ("deferred", 0), ("deferred", 5), ("accepted", 15)])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_house_that_never_opens_is_given_up() {
    let trial = Trial::start().await;
    let (runner, asked) = with(&trial, |_, _| Receipt::Later("closed"));
    let id = trial.post(email("ada@example.org")).await;
    for _ in 0..20 {
        trial.later(&runner, TimeDelta::hours(1)).await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), u32::try_from(jobs::MAX_ATTEMPTS).expect("positive"));
    assert_eq!(trial.status(id).await, "refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulated_house_has_moods_and_every_message_arrives_all_the_same() {
    let trial = Trial::start().await;
    let house = Simulator::moody(trial.random.clone(), 3);
    let runner = work::runner_with(&trial.random, Arc::new(house));
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(trial.post(email("ada@example.org")).await);
    }
    for _ in 0..12 {
        trial.later(&runner, TimeDelta::minutes(30)).await;
    }
    let mut deferred = 0;
    for id in ids {
        assert_eq!(trial.status(id).await, "delivered");
        deferred += trial.history(id).await.iter().filter(|(kind, _)| kind == "deferred").count();
    }
    assert!(deferred > 3, "{deferred}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_runs_twice_hands_over_once() {
    let trial = Trial::start().await;
    let (runner, asked) = with(&trial, |_, letter| accepted(letter));
    let id = trial.post(email("ada@example.org")).await;
    let again = "insert into jobs (kind, payload, run_at, created_at)
        select kind, payload, run_at, created_at from jobs where kind = 'message-hand-over'";
    trial.db.pool().execute(again).await.expect("doubled");
    let other = work::runner(&trial.random);
    let (a, b) = tokio::join!(runner.run_due(&trial.db), other.run_due(&trial.db));
    a.and(b).expect("run");
    trial.later(&other, TimeDelta::minutes(1)).await;
    let accepted = trial.history(id).await.iter().filter(|(kind, _)| kind == "accepted").count();
    assert_eq!(accepted, 1);
    assert!(asked.load(Ordering::SeqCst) <= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_change_a_message_once() {
    let trial = Trial::start().await;
    let (runner, _) = with(&trial, |_, letter| accepted(letter));
    let id = trial.post(email("ada@example.org")).await;
    trial.later(&runner, TimeDelta::zero()).await;
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    post::report(&mut tx, "stub-0", Report::Delivered).await.expect("an unknown reference is nobody's");
    for report in [Report::Bounced("moved"), Report::Delivered, Report::Bounced("moved")] {
        post::report(&mut tx, &format!("stub-{id}"), report).await.expect("reported");
    }
    tx.commit().await.expect("commit");
    assert_eq!(trial.history(id).await, told(&[("queued", 0), ("accepted", 0), ("bounced", 0)]));
    let changed = trial.db.pool().execute("delete from message_events").await.expect_err("append-only");
    assert_eq!(violated(&changed), Some("message_events_append_only"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_never_posted_stays_at_home_after_a_week() {
    let trial = Trial::start().await;
    let id = trial.post(NewMessage { confidential: true, ..email("ada@example.org") }).await;
    // A post house that is closed for more than a week, say.
    trial.wall.set(trial.wall.now() + TimeDelta::days(8));
    let later = "update jobs set run_at = run_at + interval '9 days' where kind = 'message-hand-over'";
    trial.db.pool().execute(later).await.expect("put off");
    trial.later(&calm(&trial), TimeDelta::zero()).await;
    assert_eq!(trial.status(id).await, "refused");
    trial.later(&calm(&trial), TimeDelta::days(2)).await;
    let kinds: Vec<String> = trial.history(id).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["queued", "refused"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_taken_out_after_a_week_and_stands_in_no_job() {
    let trial = Trial::start().await;
    let runner = calm(&trial);
    trial.post(email("ada@example.org")).await;
    trial.post(NewMessage { confidential: true, text: "s3cret", ..email("ada@example.org") }).await;
    trial.later(&runner, TimeDelta::zero()).await;
    let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
    let (payloads,): (String,) = sqlx::query_as("select string_agg(payload::text, ' ') from jobs")
        .fetch_one(&mut tx)
        .await
        .expect("payloads");
    assert!(!payloads.contains("s3cret") && !payloads.contains("ada@"), "{payloads}");
    tx.rollback().await.expect("rollback");
    let bodies = async || {
        let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        let newest = messages::newest(&mut tx, Some("ADA@example.org"), 5).await.expect("messages");
        newest.into_iter().map(|message| message.body).collect::<Vec<_>>()
    };
    assert_eq!(bodies().await, [Some("s3cret".to_owned()), Some("Good morning".to_owned())]);
    trial.later(&runner, TimeDelta::days(7)).await;
    assert_eq!(bodies().await, [None, Some("Good morning".to_owned())]);
}
