//! Months in which customers change their minds, two servers do the jobs, connections break and the vendors have their bad
//! days. What the vendors hold was asked of them once, and our books say what theirs do.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use chrono::{Days, NaiveDate};
use kraken_api::domain::payments::held_schedules::NewSchedule;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::work;
use kraken_api::platform::money::Minor;
use kraken_api::platform::random::Randomness;
use serde_json::{Value, json};

use super::prepay::ADD;
use super::{COLLECT, nodes};
use crate::support::Server;
use crate::support::storms::{ask, codes, cut, from_environment};
use crate::support::world::{Customer, PASSWORD};

/// How many days pass, unless `KRAKEN_STORM_DAYS` says otherwise.
const DAYS: u64 = 45;
/// What every customer is charged each month, with tax.
const CHARGED: i64 = 4200;
/// Every so many days connections are cut.
const CUT_EVERY: u64 = 5;
/// The last digits of amounts, which decide what becomes of a payment.
const ENDINGS: [i64; 12] = [0, 0, 0, 50, 91, 92, 93, 94, 95, 96, 97, 98];
const AMEND: &str = "mutation($i: AmendPaymentInput!) { amendPayment(input: $i) { payment { id } } }";
const CANCEL: &str = "mutation($i: CancelPaymentInput!) { cancelPayment(input: $i) { payment { id } } }";
const SUBMIT: &str = "mutation($i: RequestRepaymentInputType!) { submitRepaymentRequest(input: $i) {
    repaymentRequest { requestId } } }";
const APPROVE: &str =
    "mutation($i: ApproveRepaymentInput!) { approveRepayment(input: $i) { repayment { id } } }";
const SEE: &str = "query($n: String!) { account(accountNumber: $n) { balance
    payments(first: 100) { edges { node { id status amount } } }
    repayments(first: 100) { edges { node { id status } } } ledgers { number balance } } }";
/// What each digit of a British supply number weighs in its check digit.
const WEIGHTS: [u64; 12] = [3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43];

/// A supply number of its own for each of few.
fn mpan(number: u64) -> String {
    let digits = format!("2000050773{number:02}");
    let sum: u64 = digits.bytes().zip(WEIGHTS).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum();
    format!("{digits}{}", sum % 11 % 10)
}

struct Storm {
    server: Server,
    customers: Vec<Customer>,
    ledgers: Vec<i64>,
    /// Their meters, which they pay ahead for.
    meters: Vec<String>,
    draw: Randomness,
    cuts: AtomicU32,
    asked: AtomicU32,
}

impl Storm {
    async fn start(seed: u64) -> Self {
        let server = Server::start().await;
        server.member_of_staff("staff@example.org", "billing").await;
        let mut storm = Self {
            server,
            customers: Vec::new(),
            ledgers: Vec::new(),
            meters: Vec::new(),
            draw: Randomness::seeded(seed),
            cuts: AtomicU32::new(0),
            asked: AtomicU32::new(0),
        };
        for (number, brand) in [
            ("one", "OCTOPUS_ENERGY"),
            ("two", "OCTOPUS_ENERGY"),
            ("three", "OCTOPUS_ENERGY"),
            ("four", "OCTOPUS_ENERGY"),
            ("five", "OCTOPUS_ENERGY"),
            ("six", "OCTOPUS_ENERGY"),
        ] {
            storm.join(number, brand).await;
        }
        storm
    }

    async fn join(&mut self, name: &str, brand: &str) {
        let email: &'static str = Box::leak(format!("{name}@example.org").into_boxed_str());
        let customer = self.server.customer(email, name, brand).await;
        self.server.pays_by(&customer, "DIRECT_DEBIT").await;
        let place = self.customers.len();
        let amount = Minor(5000 + ENDINGS[(2 * place + 1) % ENDINGS.len()]);
        let day = [1, 15, 28, 31][place % 4];
        self.server.pays_as(&customer, &NewSchedule::monthly("DIRECT_DEBIT", day, amount)).await;
        self.ledgers.push(self.server.main_ledger_id(&customer).await);
        let mpan = mpan(place as u64 + 10);
        let home = self.server.supplied_home(&customer, MarketName::GbrElectricity, &mpan, "E470-1").await;
        self.meters.push(self.server.prepay_meter(home).await);
        self.customers.push(customer);
    }

    /// One day: everybody wants something while two servers do what is due.
    async fn day(&self, number: u64, day: NaiveDate) {
        self.server.wall.set(day.and_hms_opt(9, 0, 0).expect("a time").and_utc());
        if day.day0_is(2) {
            for customer in &self.customers {
                self.server.owe(customer.account_id, 4000).await;
            }
        }
        let staff = self.server.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await;
        let mut own = Vec::new();
        for customer in &self.customers {
            own.push(self.server.log_in(json!({ "APIKey": customer.api_key })).await);
        }
        let over = AtomicBool::new(false);
        let times = if number.is_multiple_of(CUT_EVERY) { 3 } else { 0 };
        let busy = async {
            tokio::join!(self.jobs(), self.jobs(), self.wishes(&staff, &own, number, day));
            over.store(true, Ordering::SeqCst);
        };
        let (hit, ()) = tokio::join!(cut(&self.server.database, times, &over), busy);
        self.cuts.fetch_add(hit, Ordering::SeqCst);
    }

    /// What one server does. Whose connection is cut begins again.
    async fn jobs(&self) {
        let storage = Arc::clone(&self.server.app.files().storage);
        for runner in [work::runner(&self.server.random), work::billing(storage)] {
            let mut tries = 0;
            while runner.run_due(&self.server.database).await.is_err() {
                tries += 1;
                assert!(tries < 100, "nothing can be done any more");
            }
        }
    }

    async fn wishes(&self, staff: &str, own: &[String], number: u64, day: NaiveDate) {
        let below = |many: usize| self.draw.below(many as u64) as usize;
        for turn in 0..3 {
            let (who, wish) = (below(self.customers.len()), below(8));
            let customer = &self.customers[who];
            let seen = ask(&self.server.app, staff, SEE, json!({ "n": customer.account })).await;
            if !codes(&seen).is_empty() {
                continue;
            }
            let account = seen["data"]["account"].clone();
            let amount = 100 * (1 + below(60) as i64) + ENDINGS[below(ENDINGS.len())];
            let on = day + Days::new(2 + below(9) as u64);
            let (payments, repayments) = (nodes(&account["payments"]), nodes(&account["repayments"]));
            let any =
                |list: &[Value]| (!list.is_empty()).then(|| list[below(list.len().min(3))]["id"].clone());
            let number_of = |id: &Value| id.as_str().and_then(|id| id.parse::<i64>().ok());
            // Every third key has been used before.
            let key = format!(
                "{}-{}",
                customer.account,
                if turn == 2 { number.saturating_sub(1) } else { number * 3 + turn }
            );
            let (document, input) = match wish {
                0 | 1 => (
                    COLLECT,
                    json!({ "accountNumber": customer.account, "amount": amount, "paymentDate": on,
                    "description": "Extra", "idempotencyKey": key, "ledgerId": self.ledgers[who].to_string() }),
                ),
                2 => match any(&payments) {
                    Some(id) => (
                        AMEND,
                        json!({ "accountNumber": customer.account, "paymentId": number_of(&id),
                        "amount": amount, "paymentDate": on, "reason": "another day" }),
                    ),
                    None => continue,
                },
                3 => match any(&payments) {
                    Some(id) => (
                        CANCEL,
                        json!({ "accountNumber": customer.account, "paymentId": id, "reason": "no" }),
                    ),
                    None => continue,
                },
                4 => (
                    SUBMIT,
                    json!({ "accountNumber": customer.account, "ledgerId": account["ledgers"][0]["number"],
                    "amountInMinorUnit": amount, "idempotencyKey": key }),
                ),
                // Credit for a meter, of what there is or with a payment.
                5 => (
                    ADD,
                    json!({ "accountNumber": customer.account, "deviceId": self.meters[who], "amount": amount }),
                ),
                6 => match payments.get(below(payments.len().clamp(1, 3))) {
                    Some(payment) => (
                        ADD,
                        json!({ "accountNumber": customer.account, "deviceId": self.meters[who],
                            "amount": payment["amount"],
                            "paymentIntentId": payment["id"] }),
                    ),
                    None => continue,
                },
                _ => match any(&repayments) {
                    Some(id) => (APPROVE, json!({ "accountNumber": customer.account, "repaymentId": id })),
                    None => continue,
                },
            };
            // Requests for money back are the customers' own; somebody else approves them.
            let token = if wish == 4 { own[who].as_str() } else { staff };
            let answer = ask(&self.server.app, token, document, json!({ "i": input })).await;
            let codes = codes(&answer);
            if codes.is_empty() {
                self.asked.fetch_add(1, Ordering::SeqCst);
            }
            // What cannot be done any more, or not now, or by a key that was used; and a connection may have been cut.
            let is_usual =
                |code: &&str| code.starts_with("KT-CT-39") || ["KT-CT-1605", "KT-CT-7899"].contains(code);
            assert!(codes.iter().all(is_usual), "{document}: {answer}");
        }
    }

    /// Our books against the vendors'.
    async fn agree(&self, seed: u64) {
        let pool = self.server.database.pool();
        // What the vendor was told it was told once, by the payment's own number, and with the amount that we show.
        let odd = "select count(*) from simulated_collections c
            left join account_payments p on p.vendor_reference = c.vendor_reference and p.amount + p.surcharge = c.amount
            where p.id is null";
        let (odd,): (i64,) = sqlx::query_as(odd).fetch_one(pool).await.expect("a count");
        assert_eq!(odd, 0, "seed {seed}: the vendor holds what we know nothing of");
        let twice = "select count(*) from (select p.ledger_id, p.schedule_id, p.due_on from account_payments p
            where p.due_on is not null and p.represents_id is null group by 1, 2, 3 having count(*) > 1) doubled";
        let (twice,): (i64,) = sqlx::query_as(twice).fetch_one(pool).await.expect("a count");
        assert_eq!(twice, 0, "seed {seed}");
        // Whatever happened last to an order that was cleared or came back decides whether its money is ours.
        let theirs = "select p.account_id, sum(c.amount)::bigint from simulated_collections c
            join account_payments p on p.vendor_reference = c.vendor_reference
            join lateral (select outcome from simulated_collection_events e
                where e.order_reference = c.order_reference and e.told_at is not null
                order by e.happens_at desc, e.id desc limit 1) last on last.outcome = 'CLEARED'
            group by 1";
        let theirs: Vec<(i64, i64)> = sqlx::query_as(theirs).fetch_all(pool).await.expect("their books");
        let theirs: HashMap<i64, i64> = theirs.into_iter().collect();
        let back = "select account_id, sum(amount)::bigint from account_repayments
            where status in ('SUBMITTED', 'PAID') group by 1";
        let back: Vec<(i64, i64)> = sqlx::query_as(back).fetch_all(pool).await.expect("money back");
        let back: HashMap<i64, i64> = back.into_iter().collect();
        let charged = "select l.account_id, coalesce(sum(t.amount), 0)::bigint from transactions t
            join ledgers l on l.id = t.ledger_id
            where t.kind = 'charge' and t.reason_code is distinct from 'BALANCE_TRANSFER' group by 1";
        let charged: Vec<(i64, i64)> = sqlx::query_as(charged).fetch_all(pool).await.expect("charges");
        let charged: HashMap<i64, i64> = charged.into_iter().collect();
        let staff = self.server.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await;
        for customer in &self.customers {
            let seen = self.server.ask(Some(&staff), SEE, json!({ "n": customer.account })).await;
            let of = |book: &HashMap<i64, i64>| book.get(&customer.account_id).copied().unwrap_or(0);
            let expected = of(&theirs) - of(&back) - of(&charged);
            let ledgers = seen["account"]["ledgers"].as_array().expect("ledgers");
            let has: i64 = ledgers.iter().filter_map(|ledger| ledger["balance"].as_i64()).sum();
            assert_eq!(has, expected, "seed {seed}: {}", customer.email);
            assert_eq!(of(&charged) % CHARGED, 0, "seed {seed}: nobody was charged for anything else");
        }
        // What meters took is what lies on the ledgers for them, and each took it once, by one name.
        let (credits,): (i64,) = sqlx::query_as(
            "select count(*) from meter_credits c full join simulated_meter_messages m on m.reference = c.id::text
            where c.status in ('ARRIVED', 'REFUSED') and (m.amount is distinct from c.amount
                or (m.arrived_at is null) is distinct from (c.status = 'REFUSED')) or c.id is null",
        )
        .fetch_one(pool)
        .await
        .expect("a count");
        assert_eq!(credits, 0, "seed {seed}");
        let (on_ledgers, passed): (i64, i64) = sqlx::query_as(
            "select (select coalesce(sum(b.balance), 0) from ledgers l
                join ledger_balances b on b.ledger_account_id = l.id where l.holds_meter_credit)::bigint,
            (select coalesce(sum(amount), 0) from meter_credits where status = 'ARRIVED')::bigint",
        )
        .fetch_one(pool)
        .await
        .expect("sums");
        assert_eq!(on_ledgers, passed, "seed {seed}");
        assert!(passed > 0, "seed {seed}: nothing was put on a meter");
        self.server.books_are_clean().await;
    }
}

/// The day of the month, counted from zero.
trait Day {
    fn day0_is(&self, day: u32) -> bool;
}

impl Day for NaiveDate {
    fn day0_is(&self, day: u32) -> bool {
        chrono::Datelike::day0(self) == day
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_vendors_hold_was_asked_of_them_once() {
    let seed = from_environment("KRAKEN_STORM_SEED", 20_261_121);
    let days = from_environment("KRAKEN_STORM_DAYS", DAYS);
    eprintln!("KRAKEN_STORM_SEED={seed} KRAKEN_STORM_DAYS={days}");
    let storm = Storm::start(seed).await;
    let first = storm.server.wall.now().date_naive();
    for number in 1..=days {
        storm.day(number, first + Days::new(number)).await;
    }
    // Nobody wants anything any more; what is under way comes to its end.
    for number in 1..=40 {
        storm
            .server
            .wall
            .set((first + Days::new(days + number)).and_hms_opt(9, 0, 0).expect("a time").and_utc());
        tokio::join!(storm.jobs(), storm.jobs());
    }
    assert!(storm.cuts.load(Ordering::SeqCst) > 0, "no connection was cut");
    assert!(storm.asked.load(Ordering::SeqCst) > 20, "hardly anything was asked for");
    storm.agree(seed).await;
}
