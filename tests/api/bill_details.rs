//! What bills tell beyond sums: the lines of charges, what was supplied when, who gave them out and to whom; bills up to what
//! a smart meter sent, and what is too long ago to be billed.

mod from_others;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::NaiveDate;
use kraken_api::domain::check;
use kraken_api::domain::ledgers::charges::{self, SupplyCharge};
use kraken_api::domain::ledgers::payments::{self, Movement};
use kraken_api::domain::supply::capacities::{self, Capacity};
use kraken_api::domain::supply::identifiers::MarketName;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::roots::bounds_its_pages;
use crate::support::agreed::date;
use crate::support::server::BASE_URL;
use crate::support::world::{Customer, PASSWORD};
use crate::support::{Server, record};

const MPAN: &str = "2000050773706";
const SPIN: &str = "0300010001123456789012";

const CHARGES: &str = "query($n: String!, $b: String!) { charges(accountNumber: $n, billingDocumentIdentifier: $b) {
    grossAmount salesTaxAmount lineItems { startAt endAt periodStartAt periodEndAt netAmount grossAmount numberOfUnits
        settlementUnit supplyType currency productCode contractedCapacityUnit contractedCapacityValue itemType } } }";
const STATEMENTS: &str = "query($n: String!, $all: Boolean) { account(accountNumber: $n) { balance
    bills(first: 20, includeBillsWithoutPDF: $all) { totalCount edges { node { id fromDate toDate temporaryUrl ... on StatementType {
        isExternalBill userId toAddress consumptionStartDate consumptionEndDate closingBalance
        attachments(first: 3) { totalCount } } } } } } }";
const BILL: &str =
    "mutation($i: BillToLatestSmartMeterSnapshotInput!) { billToLatestSmartMeterSnapshot(input: $i) {
    billedToDate currentBalance } }";

fn nodes(connection: &Value) -> Vec<Value> {
    let edges = connection["edges"].as_array().expect("edges");
    edges.iter().map(|edge| edge["node"].clone()).collect()
}

impl Server {
    /// Moves on to nine in the morning, UTC, of a day, and does what is due.
    async fn work_on(&self, day: &str) {
        self.wall.set(format!("{day}T09:00:00Z").parse().expect("a moment"));
        self.work_off().await;
    }

    async fn statements(&self, of: &Customer, with_fileless: bool) -> Vec<Value> {
        let staff = self.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await;
        let data = self.ask(Some(&staff), STATEMENTS, json!({ "n": of.account, "all": with_fileless })).await;
        nodes(&data["account"]["bills"])
    }

    async fn owes(&self, account: i64) {
        let mut tx = self.tx().await;
        let new = SupplyCharge {
            supply: "electricity",
            title: "Energy",
            net: 5000,
            is_export: false,
            ledger_type: None,
        };
        charges::for_supply(&mut tx, account, &new).await.expect("charged");
        tx.commit().await.expect("committed");
    }

    async fn sound(&self) {
        let mut tx = self.tx().await;
        let findings = check::run(&mut tx).await.expect("the books");
        assert!(findings.iter().all(|finding| finding.broken == 0), "{findings:?}");
    }
}

fn decimal(of: &Value) -> Decimal {
    of.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no decimal: {of}"))
}

#[tokio::test]
async fn basic_charges_in_japan_go_by_the_contracted_capacity() {
    let server = Server::start().await;
    let sakura = server.customer("sakura@example.jp", "Sakura Inoue", "TG_OCTOPUS_ENERGY").await;
    let point = server.supply(&sakura, MarketName::JpnElectricity, (SPIN, "03"), "2026-03-02").await;
    server.agree(&sakura, point, "GREEN-2022-11", "2026-03-02").await;
    let mut tx = server.tx().await;
    for (from, amperage, kva) in [("2026-03-02", Some(30), None), ("2026-03-17", None, Some(4))] {
        let agreed = Capacity { supply_point_id: point, valid_from: date(from), amperage, kva, kw: None };
        capacities::agree(&mut tx, &agreed).await.expect("agreed");
    }
    tx.commit().await.expect("committed");
    server.used(point, "jp", ("2026-03-02", 31), 1, 100).await;
    server.owes(sakura.account_id).await;
    server.wall.set("2026-04-02T09:00:00Z".parse().expect("a moment"));
    server.publish().await;
    server.work_off().await;
    let token = server.again(&sakura).await;
    let asked = json!({ "n": sakura.account, "b": "JP-00000001" });
    let data = server.ask(Some(&token), CHARGES, asked).await;
    let charges = data["charges"].as_array().expect("charges");
    let energy = charges.iter().find(|charge| charge["lineItems"] != json!([])).expect("energy");
    let items = energy["lineItems"].as_array().expect("items");
    // 15 days at 26.59 are 398.85; 40 A cost four thirds of what 30 A do, 35.4533, and 16 days of it 567.25.
    let days = |net: &str, gross: &str, units: &str, capacity: &str, unit: &str| {
        json!({ "startAt": "2026-03-01T15:00:00+00:00", "endAt": "2026-04-01T15:00:00+00:00",
            "periodStartAt": "2026-03-01T15:00:00+00:00", "periodEndAt": "2026-04-01T15:00:00+00:00",
            "netAmount": net, "grossAmount": gross, "numberOfUnits": units, "settlementUnit": "DAY",
            "supplyType": "ELECTRICITY", "currency": "JPN_YEN", "productCode": "GREEN-2022-11",
            "contractedCapacityUnit": unit, "contractedCapacityValue": capacity, "itemType": "STANDING_CHARGE" })
    };
    assert_eq!(items[0], days("398", "437.8", "15", "30", "AMPERE"));
    assert_eq!(items[1], days("567", "623.7", "16", "4", "KILOVOLT_AMPERE"));
    assert!(
        items[2..].iter().all(|item| item["contractedCapacityValue"].is_null()
            && item["itemType"] == "CONSUMPTION_CHARGE"
            && item["settlementUnit"] == "KWH"),
        "{items:?}"
    );
    let net: Decimal = items.iter().map(|item| decimal(&item["netAmount"])).sum();
    let sum =
        |field: &str| energy[field].as_i64().or_else(|| energy[field].as_str()?.parse().ok()).expect("a sum");
    assert_eq!(net, Decimal::from(sum("grossAmount") - sum("salesTaxAmount")));
    assert_eq!(charges.len(), 2);
    let other = charges.iter().find(|charge| charge["lineItems"] == json!([])).expect("another charge");
    assert_eq!(
        other["salesTaxAmount"].as_i64().or_else(|| other["salesTaxAmount"].as_str()?.parse().ok()),
        Some(500)
    );
    server.sound().await;
}

#[tokio::test]
async fn statements_tell_what_was_supplied_when_and_whom_they_were_sent_to() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-05").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-03-05").await;
    server.used(point, "gb", ("2026-03-05", 20), 1, 400).await;
    server.owes(world.bob.account_id).await;
    server.work_on("2026-04-02").await;
    let told = server.statements(ada, false).await;
    let facts = |bill: &Value| {
        let names = ["isExternalBill", "userId", "toAddress", "consumptionStartDate", "consumptionEndDate"];
        names.map(|name| bill[name].clone())
    };
    let ada_email = json!(ada.email);
    let facts_of_ada =
        [json!(false), json!(ada.user_id), ada_email, json!("2026-03-05"), json!("2026-04-01")];
    assert_eq!(facts(&told[0]), facts_of_ada);
    let others = server.statements(&world.bob, false).await;
    assert_eq!(others[0]["consumptionStartDate"], Value::Null, "charged for by nobody's meter");
    assert_eq!(others[0]["userId"], world.bob.user_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_goes_up_to_the_newest_that_a_smart_meter_sent() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let home = server.supplied_home(ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let input = |account: &str, mpan: &str| json!({ "i": { "accountNumber": account, "mpan": mpan } });
    let mine = input(&ada.account, MPAN);
    let code = async |token: &str, variables: &Value| {
        server.send(Some(token), BILL, variables.clone()).await.codes().join(" ")
    };
    assert_eq!(code(&ada.token, &mine).await, "KT-GB-4120", "nothing is agreed yet");
    server.agree(ada, home.point, "VAR-22-11-01", "2026-03-02").await;
    assert_eq!(code(&ada.token, &mine).await, "KT-GB-4034", "nothing was sent yet");
    assert_eq!(code(&ada.token, &input(&world.bob.account, MPAN)).await, "KT-CT-4178");
    assert_eq!(code(&world.bob.token, &input(&world.bob.account, MPAN)).await, "KT-CT-4645");
    assert_eq!(code(&ada.token, &input(&ada.account, "seven")).await, "KT-CT-4645");
    assert_eq!(code(&world.reader, &mine).await, "KT-CT-1111");

    // Ten days, and an eleventh of which a part is missing: 10 days at 57.31 are 573, 192 kWh at 26.6337 5113.67; 5 % of
    // 5687 are 284.35.
    server.used(home.point, "gb", ("2026-03-02", 11), 1, 400).await;
    let missing = "update interval_days set wh[7] = null where day = '2026-03-12'";
    sqlx::query(missing).execute(server.database.pool()).await.expect("missing");
    server.wall.set("2026-03-15T09:00:00Z".parse().expect("a moment"));
    let (token, twin) = (server.again(ada).await, server.twin());
    let (one, two) = tokio::join!(
        server.ask(Some(&token), BILL, mine.clone()),
        twin.ask(Some(&token), BILL, mine.clone())
    );
    let billed = json!({ "billToLatestSmartMeterSnapshot": { "billedToDate": "2026-03-11", "currentBalance": "-5971" } });
    assert_eq!((&one, &two), (&billed, &billed));
    let bills = server.statements(ada, false).await;
    assert_eq!(bills.len(), 1);
    assert_eq!((&bills[0]["fromDate"], &bills[0]["toDate"]), (&json!("2026-03-02"), &json!("2026-03-11")));
    assert_eq!(
        (&bills[0]["closingBalance"], &bills[0]["consumptionEndDate"]),
        (&json!(-5971), &json!("2026-03-11"))
    );
    record::read_back("billToLatestSmartMeterSnapshot");
    server.work_on("2026-04-02").await;
    let bills = server.statements(ada, false).await;
    assert_eq!((&bills[0]["fromDate"], &bills[0]["toDate"]), (&json!("2026-03-12"), &json!("2026-04-01")));
    server.deafen(home.meter).await;
    let token = server.again(ada).await;
    assert_eq!(code(&token, &mine).await, "KT-GB-4033");
    server.sound().await;
}

#[tokio::test]
async fn what_was_used_more_than_a_year_ago_is_not_billed_in_britain() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2025-01-10").await;
    server.agree(ada, point, "VAR-22-11-01", "2025-01-10").await;
    server.used(point, "gb", ("2025-03-20", 40), 1, 400).await;
    server.work_on("2026-04-02").await;
    let first = server.statements(ada, false).await;
    assert_eq!(
        (&first[0]["consumptionStartDate"], &first[0]["consumptionEndDate"]),
        (&json!("2025-04-02"), &json!("2026-04-01"))
    );
    let balance = async || -> i64 {
        let bills = server.statements(ada, false).await;
        bills[0]["closingBalance"].as_i64().expect("a balance")
    };
    let before = balance().await;
    let days: (Option<NaiveDate>, Option<NaiveDate>) =
        sqlx::query_as("select lower(days), upper(days) from supply_charges where is_forgone")
            .fetch_one(server.database.pool())
            .await
            .expect("what was let go");
    assert_eq!(days, (Some(date("2025-01-10")), Some(date("2025-04-02"))));

    // Two months later more turns out to have been used in days that are too long ago by then; and then less.
    server.wall.set("2026-04-20T09:00:00Z".parse().expect("a moment"));
    server.used(point, "gb", ("2025-04-10", 1), 2, 900).await;
    server.work_on("2026-05-02").await;
    // 30 days at 60.17 are 1805.10, and 5 % of it 90.25.
    assert_eq!(balance().await - before, -1895, "nothing but the days of April");
    server.wall.set("2026-05-20T09:00:00Z".parse().expect("a moment"));
    server.used(point, "gb", ("2025-04-10", 1), 3, 200).await;
    server.work_on("2026-06-02").await;
    let (given_back,): (i64,) = sqlx::query_as(
        "select t.amount from supply_charges c join transactions t on t.id = c.transaction_id where c.corrects_id is not null",
    )
    .fetch_one(server.database.pool())
    .await
    .expect("one correction");
    assert!(given_back < 0, "{given_back}");
    server.sound().await;
}

const ANNUAL: &str =
    "query($n: String!) { account(accountNumber: $n) { annualStatements(first: 5) { totalCount edgeCount
    pageInfo { hasNextPage } edges { cursor node { id periodStartsAt periodEndsAt pdfUrl } } } } }";

#[tokio::test]
async fn a_year_of_supply_is_told_once_and_kept_as_it_was() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2025-02-01").await;
    server.agree(ada, point, "VAR-22-11-01", "2025-02-01").await;
    server.used(point, "gb", ("2025-06-01", 10), 1, 400).await;
    // Supplied for less than a year.
    let sun = server.supply_to_or_from(
        &world.bob,
        MarketName::GbrElectricity,
        ("2000050773715", "L"),
        "2025-12-01",
        true,
    );
    let sun = sun.await;
    server.agree(&world.bob, sun, "OUTGOING-VAR-24-10-26", "2025-12-01").await;
    let twin = server.twin();
    tokio::join!(server.work_off(), twin.work_off());
    server.work_off().await;
    let asked = async |token: &str, of: &Customer| {
        let data = server.ask(Some(token), ANNUAL, json!({ "n": of.account })).await;
        data["account"]["annualStatements"].clone()
    };
    let token = server.again(ada).await;
    let told = asked(&token, ada).await;
    assert_eq!((&told["totalCount"], &told["edgeCount"]), (&json!(1), &json!(1)));
    let year = &told["edges"][0]["node"];
    assert_eq!(
        (&year["periodStartsAt"], &year["periodEndsAt"]),
        (&json!("2025-02-01T00:00:00+00:00"), &json!("2026-02-01T00:00:00+00:00"))
    );
    assert_eq!(asked(&world.reader, &world.bob).await["totalCount"], 0);

    // 150 days at 63.844, 184 at 53.812, 31 at 57.31: 21254.618. 192 kWh at 23.9168 are 4592.0256. 25846.6436, and 5 %.
    let contents: (Value,) = sqlx::query_as("select contents from annual_statements")
        .fetch_one(server.database.pool())
        .await
        .expect("one");
    let supply = &contents.0["supplies"][0];
    assert_eq!(
        (&supply["wh"], &supply["net"], &supply["gross"]),
        (&json!(192_000), &json!(25847), &json!(27139))
    );
    let months = supply["months"].as_array().expect("months");
    assert_eq!(months.len(), 12);
    let june = json!({ "first": "2025-06-01", "wh": 192_000, "gross": 6833 });
    // 4592.0256 and 30 days at 63.844, and 5 %: 6832.71.
    assert_eq!(months[4], june);
    assert_eq!(contents.0["paid"], 0);

    let (status, kind, pdf) = got(&server, year["pdfUrl"].as_str().expect("a link")).await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/pdf"));
    assert!(pdf.starts_with(b"%PDF-") && pdf.len() < 100_000, "{} bytes", pdf.len());
    if let Ok(folder) = std::env::var("KEEP_PAPERS") {
        std::fs::write(format!("{folder}/annual.pdf"), &pdf).expect("kept");
    }
    let key = format!("/files/annual-statements/{}/1.pdf", year["id"].as_str().expect("an id"));
    assert_eq!(got(&server, &key).await.0, StatusCode::NOT_FOUND, "not without a link");
    let changed =
        sqlx::query("update annual_statements set contents = '{}'").execute(server.database.pool()).await;
    assert!(changed.is_err(), "what was told stays");
    let below =
        format!("account(accountNumber: \"{}\") {{ annualStatements(PAGE) {{ totalCount }} }}", ada.account);
    bounds_its_pages(&server, &token, &below).await;
    // Nobody is told of the same year again.
    server.work_on("2026-04-02").await;
    let token = server.again(ada).await;
    assert_eq!(asked(&token, ada).await["totalCount"], 1);
}

async fn got(server: &Server, url: &str) -> (StatusCode, String, Vec<u8>) {
    let path = url.strip_prefix(BASE_URL).unwrap_or(url);
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = server.router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let kind = parts.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    (parts.status, kind.to_owned(), bytes.to_vec())
}

const POSITIONS: &str = "query($n: String!) { account(accountNumber: $n) { ledgers { statements(first: 3) { edges { node {
    documentDebtPosition { remainingAmount allocationIntentions { transactionId transactionType transactionAmount
        allocationAmount allocationReason } } } } } } } }";

#[tokio::test]
async fn payments_under_way_are_meant_for_what_is_open() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.owes(ada.account_id).await;
    server.work_on("2026-04-02").await;
    let positions = async || {
        let token = server.again(ada).await;
        let data = server.ask(Some(&token), POSITIONS, json!({ "n": ada.account })).await;
        data["account"]["ledgers"][0]["statements"]["edges"][0]["node"]["documentDebtPosition"].clone()
    };
    assert_eq!(positions().await, json!({ "remainingAmount": 5250, "allocationIntentions": [] }));
    let instruction = server.pays_by(ada, "DIRECT_DEBIT").await;
    let (ledger, _) = server.ledger_of(ada).await;
    let add = "insert into account_payments (account_id, ledger_id, instruction_id, method, amount, payment_date,
            announce_on, send_on, status, reason, reference, requested_at)
        values ($1, $2::bigint, $3, 'DIRECT_DEBIT', $4, $5::date, '2026-04-03', '2026-04-03', $6, $7, 'x', now()) returning id";
    let mut ids = Vec::new();
    for (amount, day, status, reason) in [
        (4000_i64, "2026-04-20", "REQUESTED", None),
        (3000, "2026-04-10", "SCHEDULED", Some("REGULAR_SCHEDULE")),
    ] {
        let add = sqlx::query_as(add).bind(ada.account_id).bind(&ledger).bind(instruction).bind(amount);
        let add = add.bind(date(day)).bind(status).bind(reason);
        let (id,): (i64,) = add.fetch_one(server.database.pool()).await.expect("a payment");
        ids.push(id);
    }
    let intention = |id: i64, amount: i64, part: i64, reason: Option<&str>| {
        json!({ "transactionId": id, "transactionType": "PAYMENT", "transactionAmount": amount,
            "allocationAmount": part, "allocationReason": reason })
    };
    let intended =
        [intention(ids[1], 3000, 3000, Some("REGULAR_SCHEDULE")), intention(ids[0], 4000, 2250, None)];
    assert_eq!(positions().await["allocationIntentions"], json!(intended));
    let mut tx = server.tx().await;
    let movement = Movement { amount: 4000, title: "Transfer", payment_type: "OTHER", ledger_type: None };
    payments::record(&mut tx, ada.account_id, &movement).await.expect("paid");
    tx.commit().await.expect("committed");
    let intended = [intention(ids[1], 3000, 1250, Some("REGULAR_SCHEDULE"))];
    assert_eq!(positions().await, json!({ "remainingAmount": 1250, "allocationIntentions": intended }));
}
