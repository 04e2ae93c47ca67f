//! The whole program while it collects payments, killed the hard way in the midst of it and started again: each collection
//! reaches the vendor once, and is counted once.

use kraken_api::platform::cluster::Cluster;
use serde_json::{Value, json};

use crate::common::{Home, sql, wait_until};
use crate::killed::{Serving, run, storm};

const COLLECT: &str =
    "mutation($i: CollectPaymentInput!) { collectPayment(input: $i) { payment { id status } } }";
/// The last digits of amounts: refused, no time at first, the answer is lost, and nothing out of the ordinary.
const ENDINGS: [i64; 5] = [0, 91, 97, 98, 50];

/// A payment by card, today or now and then tomorrow, should it be midnight. Each of `accounts` is a number, a ledger, today
/// and tomorrow, between bars.
fn collect(accounts: &[String], turn: usize, key: &str) -> Value {
    let parts: Vec<&str> = accounts[turn % accounts.len()].split('|').collect();
    let amount = 1000 + ENDINGS[turn % ENDINGS.len()];
    json!({ "query": COLLECT, "variables": { "i": { "accountNumber": parts[0], "ledgerId": parts[1], "amount": amount,
        "paymentDate": parts[if turn % 7 == 6 { 3 } else { 2 }], "description": "Extra", "idempotencyKey": key } } })
}

fn count(cluster: &Cluster, query: &str) -> i64 {
    sql(cluster, "kraken", query).parse().unwrap()
}

const TODAY: &str =
    "(now() at time zone case a.market when 'gb' then 'Europe/London' when 'de' then 'Europe/Berlin'
    when 'jp' then 'Asia/Tokyo' when 'au' then 'Australia/Sydney' else 'America/Chicago' end)::date";
const PENDING: &str = "select count(*) from account_payments where status = 'PENDING'";

#[tokio::test]
async fn each_collection_reaches_the_vendor_once_and_is_counted_once() {
    let home = Home::new();
    run(&home, &["seed", "--accounts", "5"]);
    run(&home, &["staff", "add", "--email", "clerk@example.org", "--name", "Clerk", "--role", "billing"]);
    let cluster = home.join().await;
    sql(
        &cluster,
        "kraken",
        "insert into payment_instructions (account_id, instruction_type, status, valid_from, vendor, vendor_reference,
            account_holder, masked_identifier, last_four, created_at, created_by_kind, created_by_id)
        select id, 'CARD', 'ACTIVE', now() - interval '1 day', 'TEST', 'test-' || id, 'A. Holder', '****1234', '1234', now(),
            'test', 1 from accounts",
    );
    let accounts = format!(
        "select a.number, l.id, {TODAY}, {TODAY} + 1 from accounts a join ledgers l on l.account_id = a.id and l.is_main"
    );
    let accounts = sql(&cluster, "kraken", &accounts);
    let accounts: Vec<String> = accounts.lines().map(str::to_owned).collect();
    let before = count(&cluster, "select count(*) from transactions where kind = 'payment'");

    let (mut done, mut unknown) = (Vec::new(), Vec::new());
    for turn in ["first", "second"] {
        let serving = Serving::start(&home);
        let token = serving.token(&home, "clerk@example.org");
        let mut told = storm(serving, &token, &accounts, (turn, collect), Serving::murder);
        assert!(!told.unknown.is_empty());
        done.append(&mut told.done);
        unknown.append(&mut told.unknown);
    }
    let serving = Serving::start(&home);
    let on_their_way = "select count(*) from account_payments p where (p.status in ('REQUESTED', 'SCHEDULED')
            and p.send_on = (select min(o.send_on) from account_payments o where o.account_id = p.account_id))
        or (p.status = 'PENDING' and p.vendor_reference is null)";
    wait_until("every collection has been ordered", || count(&cluster, on_their_way) == 0);

    let keys = sql(
        &cluster,
        "kraken",
        "select idempotency_key from account_payments where idempotency_key is not null",
    );
    let keys: Vec<&str> = keys.lines().collect();
    assert!(done.iter().all(|key| keys.contains(&key.as_str())), "what was answered is there");
    assert!(keys.iter().all(|key| done.iter().chain(&unknown).any(|known| known == key)));
    // The vendor holds each payment once, by its own number and with its amount, and nothing else.
    let odd = "select count(*) from account_payments p
        full join simulated_collections c on c.order_reference = p.id::text
        where (c.order_reference is not null or p.status = 'PENDING') and (p.vendor_reference is distinct from c.vendor_reference
            or p.amount is distinct from c.amount)";
    assert_eq!(count(&cluster, odd), 0);
    let refused = "select count(*) from account_payments p
        where p.sent_at is not null and (p.status = 'FAILED') <> (p.amount % 100 = 91)";
    assert_eq!(count(&cluster, refused), 0);
    let notices =
        "select count(*) from account_payments p where p.sent_at is not null and p.announced_at is null";
    assert_eq!(count(&cluster, notices), 0);
    let pending = count(&cluster, PENDING);
    assert!(pending > 50, "{pending}");

    // The vendor tells that all have cleared, and tells it twice; the server is killed while it takes that in.
    sql(
        &cluster,
        "kraken",
        "insert into jobs (kind, payload, run_at, created_at)
        select 'account-payment-report', jsonb_build_object('reference', p.vendor_reference, 'outcome', 'CLEARED',
            'failure', null), now(), now()
        from account_payments p cross join generate_series(1, 2) where p.status = 'PENDING' order by random()",
    );
    wait_until("some have been counted", || count(&cluster, PENDING) < pending);
    serving.murder();
    let serving = Serving::start(&home);
    let reports = "select count(*) from jobs where kind = 'account-payment-report' and status <> 'done'";
    wait_until("all reports have been taken in", || count(&cluster, reports) == 0);
    assert_eq!(count(&cluster, PENDING), 0);
    let posted = count(&cluster, "select count(*) from transactions where kind = 'payment'") - before;
    assert_eq!(posted, pending);
    let amounts = "select count(*) from account_payments p join transactions t on t.id = p.transaction_id
        where t.amount <> p.amount or t.ledger_id <> p.ledger_id";
    assert_eq!(count(&cluster, amounts), 0);
    assert!(run(&home, &["check"]).contains(" 0 broken"));
    serving.stop();
    cluster.leave().await.unwrap();
}
