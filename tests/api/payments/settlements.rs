//! Instalments that the bill of the year settles, in Germany.
//!
//! All accounts were opened on 2 March 2026 and pay on the 15th of each month; energy comes to 600.00 and 19 % of tax, 714.00, in
//! the 365 days until 2 March 2027. A month of that is 714.00 * 365 / (12 * 365) = 59.50, so 60.00 follow.
//!
//! - Emmy pays 80.00 twelve times, 960.00, and has 246.00 too many: 60.00 are the next instalment, 186.00 go back.
//! - Hans pays 40.00 twelve times, 480.00, and owes 234.00, which are due on the 16th, and collected then.

use chrono::{Datelike, Months, NaiveDate};
use kraken_api::domain::billing::annul;
use kraken_api::domain::billing::cycle;
use kraken_api::domain::billing::rhythms::{self, Periods};
use kraken_api::domain::payments::held_schedules::NewSchedule;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::platform::money::Minor;
use serde_json::{Value, json};

use super::nodes;
use super::schedules::pick;
use crate::support::Server;
use crate::support::agreed::date;
use crate::support::world::Customer;

const SEEN: &str = "query($n: String!, $to: Date!) { account(accountNumber: $n) { balance
    billingOptions { periodLength periodLengthMultiplier nextBillingDate }
    bills(first: 30) { edges { node { id fromDate toDate temporaryUrl } } }
    payments(first: 50) { edges { node { id amount paymentDate status } } }
    repayments(first: 5) { edges { node { amount status } } }
    paymentForecast(dateTo: $to) { date amount method }
    paymentSchedules(first: 9) { edges { node { validFrom validTo paymentAmount paymentAdequacyAdjustment
        paymentAdequacyAdjustmentExpiryDate } } } } }";
const OPENED: &str = "2026-03-02";

impl Server {
    async fn german(&self, email: &'static str, name: &str, instalment: i64) -> Customer {
        let customer = self.customer(email, name, "OCTOPUS_ENERGY_GERMANY").await;
        self.pays_by(&customer, "DIRECT_DEBIT").await;
        self.pays_as(&customer, &NewSchedule::monthly("DIRECT_DEBIT", 15, Minor(instalment))).await;
        customer
    }

    async fn seen(&self, of: &Customer, to: &str) -> Value {
        let token = self.again(of).await;
        self.ask(Some(&token), SEEN, json!({ "n": of.account, "to": to })).await["account"].clone()
    }

    /// Lets some instalments be asked for, sent and cleared, one a month.
    async fn months(&self, first: &str, months: u32) {
        for month in 0..months {
            let first = date(first) + Months::new(month);
            for day in [9, 17, 24] {
                self.by(&first.with_day(day).expect("a day").to_string()).await;
            }
        }
    }

    async fn settled(&self, of: &Customer) -> Vec<(i64, i64, i64, i64)> {
        let query =
            "select result, set_off, paid_out, collected from instalment_settlements where account_id = $1";
        let query = sqlx::query_as(query).bind(of.account_id);
        query.fetch_all(self.database.pool()).await.expect("settlements")
    }

    async fn annul(&self, bill: &Value) {
        let id: i64 = bill["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let mut tx = self.tx().await;
        annul::annul(&mut tx, id).await.expect("annulled");
        tx.commit().await.expect("committed");
    }
}

/// A server on which somebody is staff, at the opening of the accounts.
async fn started() -> Server {
    let server = Server::start().await;
    server.member_of_staff("staff@example.org", "billing").await;
    server.wall.set(format!("{OPENED}T09:00:00Z").parse().expect("a moment"));
    server
}

/// The payments of a status: their days and amounts, the latest first.
fn paid(seen: &Value, status: &str) -> Vec<Value> {
    let all = nodes(&seen["payments"]).into_iter().filter(|payment| payment["status"] == status);
    pick(&all.collect::<Vec<_>>(), &["paymentDate", "amount"])
}

fn expected(seen: &Value, most: usize) -> Vec<Value> {
    let all: Vec<Value> =
        seen["paymentForecast"].as_array().expect("a list").iter().take(most).cloned().collect();
    pick(&all, &["date", "amount"])
}

#[tokio::test]
async fn the_bill_of_the_year_settles_instalments() {
    let server = started().await;
    let emmy = server.german("emmy@example.de", "Emmy Noether", 8000).await;
    let hans = server.german("hans@example.de", "Hans Hahn", 4000).await;
    let ida = server.german("ida@example.de", "Ida Noddack", 4000).await;
    // Who asks for bills by the month has nothing settled.
    let mut tx = server.tx().await;
    let monthly = Periods { length: Some("MONTHLY"), multiplier: 1, ..Periods::default() };
    rhythms::agree(&mut tx, ida.account_id, &monthly).await.expect("agreed");
    tx.commit().await.expect("committed");
    let before = server.seen(&emmy, "2026-12-31").await;
    assert_eq!(
        before["billingOptions"],
        json!({ "periodLength": "QUARTERLY", "periodLengthMultiplier": 4, "nextBillingDate": "2027-03-02" })
    );
    server.months("2026-03-01", 12).await;
    for customer in [&emmy, &hans, &ida] {
        server.owe(customer.account_id, 60_000).await;
    }
    let between = server.seen(&emmy, "2027-12-31").await;
    assert_eq!(nodes(&between["bills"]).len(), 0, "nothing is billed until the year is over");
    assert_eq!(paid(&between, "CLEARED").len(), 12);
    server.by("2027-03-02").await;
    let twin = server.twin();
    tokio::join!(server.work_off(), twin.work_off());
    tokio::join!(twin.work_off(), server.work_off());
    assert_eq!(server.settled(&emmy).await, [(24_600, 6000, 18_600, 0)]);
    assert_eq!(server.settled(&hans).await, [(-23_400, 0, 0, 23_400)]);
    assert_eq!(server.settled(&ida).await, []);
    server.books_are_clean().await;
    credit_goes_back(&server, &emmy).await;
    shortfall_is_collected(&server, &hans).await;
    let ida = server.seen(&ida, "2027-12-31").await;
    assert_eq!(ida["billingOptions"]["nextBillingDate"], "2027-04-02");
    assert_eq!(nodes(&ida["bills"]).len(), 12);
    assert_eq!(nodes(&ida["paymentSchedules"]).len(), 1, "what she pays stays as it is");
    assert_eq!(ida["balance"], 48_000 - 71_400);
    later(&server, &emmy, &hans).await;
}

/// 186.00 are on their way, 60.00 stay for the instalment of March, and 60.00 are paid from April on.
async fn credit_goes_back(server: &Server, emmy: &Customer) {
    let seen = server.seen(emmy, "2027-05-31").await;
    let bills = nodes(&seen["bills"]);
    assert_eq!(
        (bills.len(), &bills[0]["fromDate"], &bills[0]["toDate"]),
        (1, &json!(OPENED), &json!("2027-03-01"))
    );
    assert_eq!(seen["balance"], 6000);
    assert_eq!(nodes(&seen["repayments"]), [json!({ "amount": 18_600, "status": "SUBMITTED" })]);
    assert_eq!(
        nodes(&seen["paymentSchedules"]),
        [
            json!({ "validFrom": "2027-03-02", "validTo": null, "paymentAmount": 6000, "paymentAdequacyAdjustment": -2000,
                "paymentAdequacyAdjustmentExpiryDate": "2028-03-02" }),
            json!({ "validFrom": OPENED, "validTo": "2027-03-02", "paymentAmount": 8000, "paymentAdequacyAdjustment": null,
                "paymentAdequacyAdjustmentExpiryDate": null }),
        ]
    );
    assert_eq!(expected(&seen, 9), [json!(["2027-04-15", 6000]), json!(["2027-05-17", 6000])]);
}

/// 234.00 are collected once, apart from the instalments, of which 60.00 follow at once.
async fn shortfall_is_collected(server: &Server, hans: &Customer) {
    let seen = server.seen(hans, "2027-04-30").await;
    assert_eq!(seen["balance"], -23_400);
    let open: Vec<Value> =
        nodes(&seen["payments"]).into_iter().filter(|each| each["status"] != "CLEARED").collect();
    assert_eq!(pick(&open, &["paymentDate", "amount"]), [json!(["2027-03-16", 23_400])]);
    assert_eq!(
        expected(&seen, 9),
        [json!(["2027-03-15", 6000]), json!(["2027-03-16", 23_400]), json!(["2027-04-15", 6000])]
    );
    assert_eq!(nodes(&seen["paymentSchedules"])[0]["paymentAdequacyAdjustment"], 2000);
}

/// Nothing is collected twice, and a bill that is undone leaves what was paid where it is.
async fn later(server: &Server, emmy: &Customer, hans: &Customer) {
    server.months("2027-03-01", 2).await;
    let seen = server.seen(emmy, "2027-05-31").await;
    assert_eq!(paid(&seen, "CLEARED")[..2], [json!(["2027-04-15", 6000]), json!(["2027-02-15", 8000])]);
    assert_eq!(nodes(&seen["repayments"]), [json!({ "amount": 18_600, "status": "PAID" })]);
    assert_eq!(seen["balance"], 12_000);
    let seen = server.seen(hans, "2027-05-31").await;
    let cleared = paid(&seen, "CLEARED");
    let of_bill = cleared.iter().filter(|payment| payment[1] == 23_400).count();
    assert_eq!((cleared.len(), of_bill, &seen["balance"]), (12 + 2 + 1, 1, &json!(12_000)));
    server.books_are_clean().await;
    let settled = nodes(&seen["bills"]);
    server.annul(&settled[0]).await;
    server.work_off().await;
    let seen = server.seen(hans, "2027-05-31").await;
    assert_eq!(seen["balance"], 12_000 + 71_400, "what was collected stays");
    assert_eq!(nodes(&seen["paymentSchedules"])[0]["paymentAmount"], 4000);
    server.books_are_clean().await;
}

#[tokio::test]
async fn a_bill_that_is_undone_at_once_has_nothing_collected_or_paid() {
    let server = started().await;
    let emmy = server.german("emmy@example.de", "Emmy Noether", 8000).await;
    let hans = server.german("hans@example.de", "Hans Hahn", 4000).await;
    server.months("2026-03-01", 1).await;
    for customer in [&emmy, &hans] {
        let net = if customer.account == emmy.account { 1000 } else { 60_000 };
        server.owe(customer.account_id, net).await;
    }
    server.by("2027-03-02").await;
    for customer in [&emmy, &hans] {
        let seen = server.seen(customer, "2027-03-31").await;
        let bills = nodes(&seen["bills"]);
        server.annul(&bills[0]).await;
    }
    // Neither has been carried out, as nobody has worked since.
    server.work_off().await;
    server.months("2027-03-01", 1).await;
    let seen = server.seen(&hans, "2027-03-31").await;
    assert!(nodes(&seen["payments"]).iter().all(|payment| payment["amount"] == 4000), "{seen}");
    assert_eq!(nodes(&server.seen(&emmy, "2027-03-31").await["repayments"]), [] as [Value; 0]);
    server.books_are_clean().await;
}

#[tokio::test]
async fn a_shortfall_that_is_on_its_way_is_called_off_with_its_bill() {
    let server = started().await;
    let hans = server.german("hans@example.de", "Hans Hahn", 4000).await;
    server.months("2026-03-01", 1).await;
    server.owe(hans.account_id, 60_000).await;
    server.by("2027-03-02").await;
    server.work_off().await;
    let seen = server.seen(&hans, "2027-04-30").await;
    let asked = |seen: &Value| -> Vec<Value> {
        let all = nodes(&seen["payments"]).into_iter().filter(|payment| payment["amount"] != 4000);
        pick(&all.collect::<Vec<_>>(), &["amount", "status"])
    };
    assert_eq!(asked(&seen), [json!([67_400, "REQUESTED"])], "{seen}");
    server.annul(&nodes(&seen["bills"])[0]).await;
    server.work_off().await;
    let seen = server.seen(&hans, "2027-04-30").await;
    assert_eq!(asked(&seen), [json!([67_400, "DELETED"])], "{seen}");
    assert_eq!(nodes(&seen["paymentSchedules"])[0]["paymentAmount"], 4000);
    server.books_are_clean().await;
}

#[tokio::test]
async fn energy_of_the_year_is_charged_with_the_bill_and_moving_out_settles_the_rest() {
    let server = started().await;
    let emmy = server.german("emmy@example.de", "Emmy Noether", 8000).await;
    let point = server.supply(&emmy, MarketName::DeuElectricity, ("41373559241", "HAMBURG"), OPENED).await;
    server.agree(&emmy, point, "DEU-FLEX-22-01", OPENED).await;
    server.used(point, "de", (OPENED, 90), 1, 100).await;
    server.months("2026-03-01", 2).await;
    let ledger = server.main_ledger_id(&emmy).await;
    let between = server.seen(&emmy, "2026-12-31").await;
    assert_eq!(between["balance"], 16_000, "what is used is not charged before the bill");
    let end = "update supply_periods set during = tstzrange(lower(during), $2::timestamptz) where supply_point_id = $1";
    let end = sqlx::query(end).bind(point).bind("2026-04-30T22:00:00Z");
    end.execute(server.database.pool()).await.expect("moved out");
    server.by("2026-05-01").await;
    let mut tx = server.tx().await;
    assert!(cycle::bill_until(&mut tx, ledger, date("2026-05-01")).await.expect("billed"));
    tx.commit().await.expect("committed");
    server.work_off().await;
    let settled = server.settled(&emmy).await;
    let [(result, set_off, paid_out, collected)] = settled[..] else { panic!("{settled:?}") };
    assert!(result > 0 && result < 16_000, "{settled:?}");
    assert_eq!(
        (set_off, paid_out, collected),
        (0, result, 0),
        "there is no instalment left to set it off against"
    );
    let seen = server.seen(&emmy, "2026-12-31").await;
    assert_eq!((seen["balance"].clone(), expected(&seen, 9)), (json!(0), vec![]));
    let schedule = &nodes(&seen["paymentSchedules"])[0];
    let ends = schedule["validTo"].as_str().and_then(|day| day.parse::<NaiveDate>().ok());
    assert_eq!(ends.map(|day| day.month()), Some(5), "{schedule}");
    server.books_are_clean().await;
}

#[tokio::test]
async fn who_begins_to_pay_each_bill_is_billed_as_usual() {
    let server = started().await;
    let emmy = server.german("emmy@example.de", "Emmy Noether", 8000).await;
    server.pays_as(&emmy, &NewSchedule::by_bill("DIRECT_DEBIT", None)).await;
    let seen = server.seen(&emmy, "2026-12-31").await;
    assert_eq!(seen["billingOptions"]["nextBillingDate"], "2026-04-02");
    server.by("2026-04-01").await;
    server.owe(emmy.account_id, 5000).await;
    server.by("2026-04-02").await;
    let seen = server.seen(&emmy, "2026-12-31").await;
    assert_eq!((nodes(&seen["bills"]).len(), server.settled(&emmy).await.len()), (1, 0));
    // What was paid in advance can be asked back by those who are billed each month, and not by those who pay instalments.
    let hans = server.german("hans@example.de", "Hans Hahn", 4000).await;
    for customer in [&emmy, &hans] {
        server.pay(customer.account_id, 30_000).await;
    }
    let query =
        "query($n: String!) { account(accountNumber: $n) { requestRefundEligibility { canRequestRefund } } }";
    for (customer, may) in [(&emmy, true), (&hans, false)] {
        let token = server.again(customer).await;
        let told = server.ask(Some(&token), query, json!({ "n": customer.account })).await;
        assert_eq!(told["account"]["requestRefundEligibility"]["canRequestRefund"], may, "{told}");
    }
}
