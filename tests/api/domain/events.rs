//! Events: told once they are true, in order for each account, at least once.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::future::BoxFuture;
use hmac::{Hmac, Mac};
use kraken_api::domain::accounts::lifecycle::{self, Status};
use kraken_api::domain::events::carrier::{Call, Carrier, Refusal, Web};
use kraken_api::domain::events::courier::Courier;
use kraken_api::domain::events::endpoints::{self, EndpointError};
use kraken_api::domain::events::{self, About, Event, Name};
use serde_json::{Value, json};
use sha2::Sha256;

use super::support::*;
use crate::support::Server;

/// A request as it came in.
#[derive(Clone, Debug)]
struct Heard {
    body: Value,
    taken: bool,
}

impl Heard {
    fn id(&self) -> i64 {
        self.body["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
    }

    fn name(&self) -> &str {
        self.body["name"].as_str().expect("a name")
    }

    fn account(&self) -> &str {
        self.body["accountNumber"].as_str().unwrap_or_default()
    }
}

type Judge = dyn Fn(usize, &Value) -> bool + Send + Sync;

/// A carrier that takes what `judge` lets pass; it is told how many requests came before.
struct Double {
    judge: Box<Judge>,
    heard: Mutex<Vec<Heard>>,
}

impl Double {
    fn new(judge: impl Fn(usize, &Value) -> bool + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { judge: Box::new(judge), heard: Mutex::default() })
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("the list").clone()
    }

    /// What was taken, in order.
    fn taken(&self) -> Vec<Heard> {
        self.heard().into_iter().filter(|heard| heard.taken).collect()
    }

    fn names(&self) -> Vec<String> {
        self.taken().iter().map(|heard| heard.name().to_owned()).collect()
    }
}

impl Carrier for Double {
    fn carry<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            // Others get their turn while a request is under way.
            tokio::task::yield_now().await;
            let body: Value = serde_json::from_str(&call.body).expect("JSON");
            let mut heard = self.heard.lock().expect("the list");
            let taken = (self.judge)(heard.len(), &body);
            heard.push(Heard { body, taken });
            if taken { Ok(()) } else { Err(Refusal::Status(500)) }
        })
    }
}

impl Trial {
    async fn endpoint(&self, url: &str, patterns: &[&str]) -> Result<(i64, String), EndpointError> {
        let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let mut tx = self.db.write(soon(), &Stats::new()).await.expect("tx");
        let added = endpoints::add(&mut tx, &self.random, url, &patterns).await?;
        tx.commit().await.expect("commit");
        Ok(added)
    }

    async fn subscribe(&self, patterns: &[&str]) -> i64 {
        self.endpoint("https://receiver.example/", patterns).await.expect("an endpoint").0
    }

    async fn send(&self, courier: &Courier, wait: TimeDelta) -> usize {
        self.wall.set(self.wall.now() + wait);
        courier.run_due(&self.db).await.expect("sent")
    }

    /// Waiting, dead, and the failure of the newest dead one.
    async fn standing(&self) -> (i64, i64, Option<String>) {
        let mut tx = self.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        let (endpoints, dead) = endpoints::list(&mut tx).await.expect("the list");
        let failure = dead.last().and_then(|dead| dead.failure.clone());
        (endpoints[0].waiting, endpoints[0].dead, failure)
    }

    async fn failure(&self) -> Option<String> {
        let mut tx = self.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        let query = sqlx::query_as("select failure from webhook_deliveries order by event_id limit 1");
        let (failure,): (Option<String>,) = query.fetch_one(&mut tx).await.expect("a delivery");
        failure
    }

    async fn count(&self, table: &str) -> i64 {
        let mut tx = self.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        let query = format!("select count(*) from {table}");
        let (count,): (i64,) = sqlx::query_as(&query).fetch_one(&mut tx).await.expect("a count");
        count
    }
}

const OPENED: &str = "accounts.account.opened-v1";
const POSTED: &str = "ledgers.transaction.posted-v1";

/// Ids are never taken out of order within an account; each account's, in the order of their first time.
fn ordered(taken: &[Heard]) -> HashMap<String, Vec<i64>> {
    let (mut seen, mut of_accounts) = (HashSet::new(), HashMap::<String, Vec<i64>>::new());
    for heard in taken.iter().filter(|heard| seen.insert(heard.id())) {
        of_accounts.entry(heard.account().to_owned()).or_default().push(heard.id());
    }
    for (account, ids) in &of_accounts {
        assert!(ids.is_sorted(), "{account}: {ids:?}");
    }
    of_accounts
}

/// What a receiver knows: its secret, how many requests it refuses, and what it was sent.
#[derive(Default)]
struct Receiver {
    secret: Mutex<String>,
    refuses: Mutex<u32>,
    heard: Mutex<Vec<(HeaderMap, String)>>,
}

/// As a customer's own program would, without any code of the server's.
fn is_genuine(secret: &str, headers: &HeaderMap, body: &str) -> bool {
    let signature = headers["Kraken-Signature"].to_str().expect("text");
    let (timestamp, signature) =
        signature.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).expect("both parts");
    let bytes: Vec<u8> = (0..signature.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).expect("hexadecimal"))
        .collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("{timestamp}.{body}").as_bytes());
    headers["Kraken-Timestamp"] == timestamp && mac.verify_slice(&bytes).is_ok()
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: String) -> StatusCode {
    let secret = receiver.secret.lock().expect("the secret").clone();
    if !is_genuine(&secret, &headers, &body) {
        return StatusCode::UNAUTHORIZED;
    }
    receiver.heard.lock().expect("the list").push((headers, body));
    let mut refuses = receiver.refuses.lock().expect("the count");
    if *refuses > 0 {
        *refuses -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    StatusCode::NO_CONTENT
}

async fn elsewhere() -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/hook")]).into_response()
}

/// A receiver on this machine, and its address without a path.
async fn listening() -> (Arc<Receiver>, String) {
    let receiver = Arc::<Receiver>::default();
    let router = Router::new()
        .route("/hook", post(receive))
        .route("/moved", post(elsewhere))
        .route("/silent", post(std::future::pending::<StatusCode>))
        .with_state(Arc::clone(&receiver));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (receiver, format!("127.0.0.1:{}", address.port()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_gets_signed_requests_until_it_takes_them() {
    let trial = Trial::start().await;
    let (receiver, address) = listening().await;
    let added = trial.endpoint(&format!("http://{address}/hook?from=kraken"), &["*"]).await;
    *receiver.secret.lock().expect("the secret") = added.expect("an endpoint").1;
    *receiver.refuses.lock().expect("the count") = 2;
    let courier = Courier::new(Arc::new(Web::new().expect("a carrier")));
    let home = trial.home("OCTOPUS_ENERGY").await;
    trial.charge(&home.number, 1_250, "ADMIN_FEE").await.expect("a charge");
    assert_eq!(
        trial.send(&courier, TimeDelta::zero()).await,
        2,
        "the user's and the account's first are refused"
    );
    assert_eq!(trial.send(&courier, TimeDelta::seconds(4)).await, 0, "not before the wait is over");
    assert_eq!(trial.send(&courier, TimeDelta::seconds(1)).await, 3);
    assert_eq!(trial.standing().await, (0, 0, None));

    let heard = receiver.heard.lock().expect("the list").clone();
    let bodies: Vec<Value> =
        heard.iter().map(|(_, body)| serde_json::from_str(body).expect("JSON")).collect();
    let user = bodies.iter().find(|body| body["name"] == "accounts.user.created-v1").expect("the user's");
    assert_eq!(user["accountNumber"], Value::Null);
    assert!(user["data"]["userNumber"].as_str().is_some_and(|number| number.starts_with("U-")));
    let [opened, posted] = [OPENED, POSTED].map(|name| {
        let found: Vec<usize> = (0..bodies.len()).filter(|at| bodies[*at]["name"] == name).collect();
        assert!(found.iter().all(|at| heard[*at].1 == heard[found[0]].1), "a repeat says the same");
        (found.len(), found[found.len() - 1])
    });
    assert_eq!((opened.0, posted.0), (2, 1));
    assert!(opened.1 < posted.1);
    let (headers, event) = (&heard[posted.1].0, &bodies[posted.1]);
    assert_eq!(headers["Kraken-Event-Id"], event["id"].as_str().expect("an id"));
    assert_eq!(
        (&headers["Kraken-Event-Name"], &headers["Content-Type"]),
        (&header(POSTED), &header("application/json"))
    );
    assert_eq!((&event["version"], &event["accountNumber"]), (&json!(1), &json!(home.number)));
    assert_eq!(event["occurredAt"], "2026-03-02T09:30:00.000000Z");
    let data = &event["data"];
    assert_eq!(
        (&data["kind"], &data["amount"], &data["currency"]),
        (&json!("charge"), &json!(1250), &json!("GBP"))
    );
    assert_eq!(bodies[opened.1]["data"]["brand"], "OCTOPUS_ENERGY");
    let said = heard.iter().map(|(_, body)| body.as_str()).collect::<String>();
    assert!(!said.contains("Kim"), "nothing personal: {said}");
}

fn header(value: &'static str) -> axum::http::HeaderValue {
    axum::http::HeaderValue::from_static(value)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_of_success_is_a_failure() {
    let (receiver, address) = listening().await;
    let web = Web::within(Duration::from_millis(300)).expect("a carrier");
    let call = |url: String| Call {
        url,
        headers: ["Kraken-Event-Id", "Kraken-Event-Name", "Kraken-Timestamp", "Kraken-Signature"]
            .map(|name| (name, "t=1,v1=00".to_owned())),
        body: "{}".into(),
    };
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = closed.local_addr().expect("an address");
    drop(closed);
    for (url, expected) in [
        (format!("http://{address}/hook"), Refusal::Status(401)),
        (format!("http://{address}/nowhere"), Refusal::Status(404)),
        (format!("http://{address}/moved"), Refusal::Status(307)),
        (format!("http://{address}/silent"), Refusal::TooLong),
        (format!("https://{address}/hook"), Refusal::Unreachable("the TLS handshake failed")),
        (format!("http://{nobody}/hook"), Refusal::Unreachable("there is no connection")),
        ("nonsense".to_owned(), Refusal::Unreachable("the address cannot be read")),
    ] {
        assert_eq!(web.carry(&call(url.clone())).await, Err(expected), "{url}");
    }
    assert!(receiver.heard.lock().expect("the list").is_empty(), "no redirect is followed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_waits_for_its_own_events_only() {
    let trial = Trial::start().await;
    let (slow, quick) = (trial.home("OCTOPUS_ENERGY").await, trial.home("OCTOPUS_ENERGY").await);
    trial.subscribe(&["ledgers.*"]).await;
    for home in [&slow, &quick, &slow, &quick, &slow] {
        trial.charge(&home.number, 100, "ADMIN_FEE").await.expect("a charge");
    }
    let (number, refused) = (slow.number.clone(), Mutex::new(0));
    let double = Double::new(move |_, body| {
        let mut refused = refused.lock().expect("the count");
        *refused += i32::from(body["accountNumber"] == number.as_str());
        body["accountNumber"] != number.as_str() || *refused > 2
    });
    let courier = Courier::new(Arc::<Double>::clone(&double));
    trial.send(&courier, TimeDelta::zero()).await;
    let numbers = |taken: &[Heard]| taken.iter().map(|heard| heard.account().to_owned()).collect::<Vec<_>>();
    assert_eq!(numbers(&double.taken()), [quick.number.as_str(); 2]);
    assert_eq!(trial.failure().await.as_deref(), Some("answered with status 500"));
    assert_eq!(trial.send(&courier, TimeDelta::seconds(5)).await, 1, "only the first of the account");
    assert_eq!(trial.send(&courier, TimeDelta::seconds(9)).await, 0, "then twice as long");
    assert_eq!(trial.send(&courier, TimeDelta::seconds(1)).await, 3);
    let lanes = ordered(&double.taken());
    assert_eq!((lanes[&slow.number].len(), lanes[&quick.number].len()), (3, 2));
    assert_eq!(trial.standing().await, (0, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_couriers_at_once_keep_the_order() {
    let trial = Trial::start().await;
    trial.subscribe(&["*"]).await;
    let homes = [trial.home("OCTOPUS_ENERGY").await, trial.home("OCTOPUS_ENERGY").await];
    for _ in 0..15 {
        for home in &homes {
            trial.charge(&home.number, 100, "ADMIN_FEE").await.expect("a charge");
        }
    }
    // Every fourth request fails.
    let double = Double::new(|before, _| before % 4 != 3);
    let [one, other] = [(); 2].map(|()| Courier::new(Arc::<Double>::clone(&double)));
    for _ in 0..200 {
        if trial.standing().await.0 == 0 {
            break;
        }
        trial.wall.set(trial.wall.now() + TimeDelta::minutes(2));
        let (a, b) = tokio::join!(one.run_due(&trial.db), other.run_due(&trial.db));
        a.and(b).expect("sent");
    }
    let lanes = ordered(&double.taken());
    for home in &homes {
        assert_eq!(lanes[&home.number].len(), 16, "the opening and 15 charges");
    }
    assert_eq!(trial.standing().await, (0, 0, None));
    // The clock stood still while they ran, so nobody's lease ran out and nothing was taken twice.
    assert_eq!(double.taken().len(), 34);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_came_true_is_never_told() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    trial.subscribe(&["*"]).await;
    let event = Event { name: Name::AccountOpened, about: About::Account(home.account), data: json!({}) };
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    events::record(&mut tx, &[event]).await.expect("recorded");
    tx.rollback().await.expect("rollback");
    trial.charge(&home.number, 100, "NO_SUCH_REASON").await.expect_err("refused");
    let double = Double::new(|_, _| true);
    let courier = Courier::new(Arc::<Double>::clone(&double));
    assert_eq!(trial.send(&courier, TimeDelta::zero()).await, 0);
    assert!(double.heard().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_hears_what_it_asked_for_while_it_is_there() {
    let trial = Trial::start().await;
    let before = trial.home("OCTOPUS_ENERGY").await;
    let id = trial.subscribe(&["ledgers.*", OPENED]).await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    trial.charge(&before.number, 100, "ADMIN_FEE").await.expect("a charge");
    let double = Double::new(|_, _| true);
    let courier = Courier::new(Arc::<Double>::clone(&double));
    trial.send(&courier, TimeDelta::zero()).await;
    let mut names = double.names();
    names.sort();
    assert_eq!(names, [OPENED, POSTED], "not the user's, and nothing older");

    trial.charge(&home.number, 100, "ADMIN_FEE").await.expect("a charge");
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    endpoints::remove(&mut tx, id).await.expect("removed");
    assert!(matches!(endpoints::remove(&mut tx, id).await, Err(EndpointError::Unknown(_))));
    tx.commit().await.expect("commit");
    trial.charge(&home.number, 100, "ADMIN_FEE").await.expect("a charge");
    assert_eq!(trial.send(&courier, TimeDelta::days(1)).await, 0);
    for (url, patterns) in [("http://receiver.example/", "*"), ("https://receiver.example/", "ledger.*")] {
        trial.endpoint(url, &[patterns]).await.expect_err("refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_an_event_is_given_up_and_the_next_has_its_turn() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    let id = trial.subscribe(&["*"]).await;
    for _ in 0..2 {
        trial.charge(&home.number, 100, "ADMIN_FEE").await.expect("a charge");
    }
    let first = Arc::new(Mutex::new(None));
    let remembered = Arc::clone(&first);
    let double = Double::new(move |_, body| {
        let mut first = remembered.lock().expect("the first");
        first.get_or_insert_with(|| body["id"].clone()) != &body["id"]
    });
    let courier = Courier::new(Arc::<Double>::clone(&double));
    for _ in 0..40 {
        trial.send(&courier, TimeDelta::hours(1)).await;
    }
    assert_eq!(double.taken().len(), 1, "the second was taken");
    assert_eq!(double.heard().len(), 26, "the first was sent for a day, hour by hour");
    assert_eq!(trial.standing().await, (0, 1, Some("answered with status 500".to_owned())));

    *first.lock().expect("the first") = Some(Value::Null);
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    assert_eq!(endpoints::revive(&mut tx, id).await.expect("revived"), 1);
    tx.commit().await.expect("commit");
    assert_eq!(trial.send(&courier, TimeDelta::zero()).await, 1);
    assert_eq!(trial.standing().await, (0, 0, None));
}

/// A carrier that never comes back.
struct Lost;

impl Carrier for Lost {
    fn carry<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_server_had_under_way_is_sent_by_another() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    trial.subscribe(&["*"]).await;
    for _ in 0..2 {
        trial.charge(&home.number, 100, "ADMIN_FEE").await.expect("a charge");
    }
    let lost = Courier::new(Arc::new(Lost));
    let cut = tokio::time::timeout(Duration::from_millis(500), lost.run_due(&trial.db)).await;
    cut.expect_err("it waits for ever");
    let double = Double::new(|_, _| true);
    let courier = Courier::new(Arc::<Double>::clone(&double));
    assert_eq!(trial.send(&courier, TimeDelta::seconds(59)).await, 0, "it is somebody else's for a minute");
    assert_eq!(trial.send(&courier, TimeDelta::seconds(1)).await, 2);
    ordered(&double.taken());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_courier_works_until_it_is_told_to_stop() {
    let trial = Trial::start().await;
    trial.subscribe(&["*"]).await;
    trial.home("OCTOPUS_ENERGY").await;
    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    let stop = Mutex::new(Some(stop));
    let double = Double::new(move |before, _| {
        if before == 1 {
            stop.lock().expect("the channel").take().map(|stop| stop.send(()));
        }
        true
    });
    let courier = Courier::new(Arc::<Double>::clone(&double));
    let work = courier.work(&trial.db, async {
        let _ = stopping.await;
    });
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("it stops");
    assert_eq!(double.taken().len(), 2);
    assert_eq!(trial.standing().await, (0, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_everybody_has_is_forgotten_after_a_month() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    trial.subscribe(&["*"]).await;
    for _ in 0..2 {
        trial.charge(&home.number, 100, "ADMIN_FEE").await.expect("a charge");
    }
    let double = Double::new(|before, _| before == 0);
    let courier = Courier::new(Arc::<Double>::clone(&double));
    trial.send(&courier, TimeDelta::zero()).await;
    assert_eq!((trial.count("outbox").await, trial.count("webhook_deliveries").await), (4, 2));
    let runner = work::runner(&trial.random);
    trial.wall.set(trial.wall.now() + TimeDelta::days(29));
    runner.run_due(&trial.db).await.expect("upkeep");
    assert_eq!(trial.count("outbox").await, 4);
    trial.wall.set(trial.wall.now() + TimeDelta::days(2));
    runner.run_due(&trial.db).await.expect("upkeep");
    assert_eq!(
        (trial.count("outbox").await, trial.count("webhook_deliveries").await),
        (1, 1),
        "one still waits"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_put_aside_behind_nothing_goes_on_within_the_hour() {
    let trial = Trial::start().await;
    trial.subscribe(&[OPENED]).await;
    trial.home("OCTOPUS_ENERGY").await;
    trial.db.pool().execute("update webhook_deliveries set due_at = 'infinity'").await.expect("put aside");
    let double = Double::new(|_, _| true);
    let courier = Courier::new(Arc::<Double>::clone(&double));
    assert_eq!(trial.send(&courier, TimeDelta::hours(1)).await, 0);
    work::runner(&trial.random).run_due(&trial.db).await.expect("upkeep");
    assert_eq!(trial.send(&courier, TimeDelta::zero()).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_moves_on_says_from_where_to_where() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    trial.subscribe(&["accounts.*"]).await;
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    lifecycle::advance(&mut tx, &staff(), home.account, Status::Dormant).await.expect("advanced");
    tx.commit().await.expect("commit");
    let double = Double::new(|_, _| true);
    trial.send(&Courier::new(Arc::<Double>::clone(&double)), TimeDelta::zero()).await;
    assert_eq!(double.names(), ["accounts.account.status-changed-v1"]);
    assert_eq!(double.taken()[0].body["data"], json!({ "from": "ACTIVE", "to": "DORMANT" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_through_the_api_names_attributes_and_no_values() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    endpoints::add(&mut tx, &server.random, "https://receiver.example/", &["*".to_owned()])
        .await
        .expect("added");
    tx.commit().await.expect("committed");
    let query = "mutation($i: UpdateAccountBillingEmailInput!) {
        updateAccountBillingEmail(input: $i) { account { number } } }";
    let input = json!({ "i": { "accountNumber": world.ada.account, "billingEmail": "bills@ada.example" } });
    server.ask(Some(&world.ada.token), query, input).await;
    let double = Double::new(|_, _| true);
    Courier::new(Arc::<Double>::clone(&double)).run_due(&server.database).await.expect("sent");
    let heard = double.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(
        (heard[0].name(), heard[0].account()),
        ("accounts.account.changed-v1", world.ada.account.as_str())
    );
    assert_eq!(heard[0].body["data"], json!({ "fields": ["billingEmail"] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posting_is_kept_alike_whether_or_not_anybody_listens() {
    let server = Server::start().await;
    let world = server.world().await;
    let post = "mutation($i: CreateAccountChargeInput!) { createAccountCharge(input: $i) { accountCharge { note } } }";
    let input = json!({ "i": { "accountNumber": world.ada.account, "grossAmount": 1_050, "reason": "ADMIN_FEE",
        "note": "Said 'so'", "displayNote": "" } });
    server.ask(Some(&world.staff), post, input.clone()).await;
    let mut tx = server.tx().await;
    let added =
        endpoints::add(&mut tx, &server.random, "https://receiver.example/", &[POSTED.to_owned()]).await;
    added.expect("an endpoint");
    tx.commit().await.expect("committed");
    server.ask(Some(&world.staff), post, input).await;
    let kept: Vec<(Option<i64>, Value)> = sqlx::query_as(
        "select account_id, data - 'transactionId' - 'journalEntryId' from outbox where name = $1",
    )
    .bind(POSTED)
    .fetch_all(server.database.pool())
    .await
    .expect("rows");
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0], kept[1]);
    assert!(kept[0].0.is_some() && kept[0].1["ledgerNumber"].is_string(), "{kept:?}");
    let double = Double::new(|_, _| true);
    Courier::new(Arc::<Double>::clone(&double)).run_due(&server.database).await.expect("sent");
    assert_eq!(double.names(), [POSTED], "the second");
}
