//! One bill a market, worked by hand: a change of rates and an exchange of the meter within it, and afterwards a correction
//! of what the old meter showed when it was taken off.
//!
//! Each time the old meter hangs for fifteen days, ten of them at the old rates, and the new one for the ten days after
//! it. Their readings spread evenly: 24 kWh a day, then 19.2; so 240 kWh at the old rates and 120 + 192 at the new ones.
//! The old meter turns out to have shown 372 rather than 360 kWh: 8 more before the change, and 4 after it.

use kraken_api::domain::billing::cycle;
use kraken_api::domain::check;
use kraken_api::domain::supply::charging;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::meters::{self, NewMeter};
use kraken_api::domain::supply::readings::Source;
use kraken_api::platform::market;
use serde_json::{Value, json};

use crate::readings::begins;
use crate::support::Server;
use crate::support::agreed::date;
use crate::support::places::{meter, register};
use crate::support::world::Customer;

const CHARGES: &str = "query($n: String!) { account(accountNumber: $n) {
    transactions(first: 20, orderBy: POSTED_DATE_ASC) { edges { node { amounts { net tax gross }
        ... on Charge { consumption { startDate endDate quantity unit usageCost supplyCharge } } } } }
    bills(first: 20) { edges { node { __typename
        ... on StatementType { transactions(first: 5) { edges { node { ...InStatement } } } }
        ... on InvoiceType { transactions(first: 5) { edges { node { ...OnBill } } } }
        ... on PeriodBasedDocumentType { transactions(first: 5) { edges { node { ...OnBill } } } } } } } } }
    fragment InStatement on TransactionType { ... on Charge { consumption { quantity } } }
    fragment OnBill on BillTransactionType { ... on BillCharge { consumption { quantity } } }";

/// What is billed in a market.
struct Case {
    market: &'static str,
    market_name: MarketName,
    brand: &'static str,
    point: (&'static str, &'static str),
    product: &'static str,
    /// The first day, the day of the exchange, the day of the bill and the day after.
    days: [&'static str; 4],
    /// What the old meter showed when it was taken off, first and then.
    shown: (i64, i64),
    /// Net, tax and gross of the bill, of the correction, and of the day after.
    amounts: [(i64, i64, i64); 3],
}

impl Server {
    /// Hangs a meter that people read.
    async fn hang(&self, point: i64, on: &str, serial: &str) -> i64 {
        let registers = [register("1", "STANDARD", "STANDARD")];
        let new = NewMeter { sends_half_hourly: false, ..meter(serial, &registers) };
        let mut tx = self.tx().await;
        let hung = meters::install(&mut tx, point, date(on), &new).await.expect("a meter");
        tx.commit().await.expect("committed");
        hung
    }

    /// Bills what is known, and answers all charges, and the energy that each line of the bills tells of.
    async fn bill_now(&self, of: &Customer) -> (Vec<Value>, Vec<Value>) {
        let (ledger, _) = self.ledger_of(of).await;
        let mut tx = self.tx().await;
        let ledger = ledger.parse().expect("an id");
        assert!(cycle::bill_now(&mut tx, ledger).await.expect("billed"));
        tx.commit().await.expect("committed");
        let token = self.again(of).await;
        let account = self.ask(Some(&token), CHARGES, json!({ "n": of.account })).await;
        let nodes = |of: &Value| -> Vec<Value> {
            let edges = of["edges"].as_array().unwrap_or_else(|| panic!("no edges in {account}"));
            edges.iter().map(|edge| edge["node"].clone()).collect()
        };
        let bills = nodes(&account["account"]["bills"]);
        let lines = bills.iter().flat_map(|bill| nodes(&bill["transactions"]));
        let told = lines.map(|line| line["consumption"]["quantity"].clone()).collect();
        (nodes(&account["account"]["transactions"]), told)
    }

    async fn bills(&self, case: &Case) {
        let [first, exchange, billed, after] = case.days;
        let morning = |day: &str| begins(case.market, day) + chrono::TimeDelta::hours(9);
        self.wall.set(morning(first));
        let ada = self.customer("ada@example.org", "Ada Lovelace", case.brand).await;
        let point = self.supply(&ada, case.market_name, case.point, first).await;
        self.agree(&ada, point, case.product, first).await;
        let old = self.hang(point, first, "OLD").await;
        self.reading(old, begins(case.market, first), Source::ChangeOfSupply, 0).await;
        self.wall.set(morning(exchange));
        self.reading(old, begins(case.market, exchange), Source::MeterExchange, case.shown.0).await;
        let mut tx = self.tx().await;
        meters::take_off(&mut tx, point, date(exchange)).await.expect("taken off");
        tx.commit().await.expect("committed");
        let new = self.hang(point, exchange, "NEW").await;
        self.reading(new, begins(case.market, exchange), Source::MeterExchange, 0).await;
        self.wall.set(morning(billed));
        self.publish().await;
        self.reading(new, begins(case.market, billed), Source::DataCollector, 192).await;
        let (charges, told) = self.bill_now(&ada).await;
        assert_eq!(
            told,
            [charges[0]["consumption"]["quantity"].clone()],
            "the bill tells of what it charges for"
        );
        let amounts = |(net, tax, gross): (i64, i64, i64)| json!({ "net": net, "tax": tax, "gross": gross });
        assert_eq!(charges.len(), 1, "{charges:?}");
        assert_eq!(charges[0]["amounts"], amounts(case.amounts[0]), "{charges:?}");
        assert_eq!(charges[0]["consumption"]["startDate"], first);

        self.wall.set(morning(after));
        self.reading(old, begins(case.market, exchange), Source::MeterExchange, case.shown.1).await;
        let (charges, _) = self.bill_now(&ada).await;
        let found: Vec<&Value> = charges.iter().skip(1).map(|charge| &charge["amounts"]).collect();
        assert_eq!(found, [&amounts(case.amounts[1]), &amounts(case.amounts[2])], "{charges:?}");
        let mut tx = self.tx().await;
        let findings = check::run(&mut tx).await.expect("the books");
        assert!(findings.iter().all(|finding| finding.broken == 0), "{findings:?}");
    }
}

// The clocks go forward on 29 March, so the old meter hangs for 718 half-hours, 478 of them in March; each counts half a
// kWh at first, and one then.
//   10 days at 57.31 573, 15 at 60.17 902.55, 903; 239 kWh at 26.6337 6365.45, 6365; 312 at 25.0076 7802.37, 7802:
//   15643, and 5 % of it 782.15.
//   478 kWh at 26.6337 are 12730.91, 12731: 6366 more; 432 at 25.0076 10803.28, 10803: 3001 more; 9367 and 468.35.
//   One day at 60.17: 60, and 3.
#[tokio::test]
async fn in_britain() {
    let case = Case {
        market: "gb",
        market_name: MarketName::GbrElectricity,
        brand: "OCTOPUS_ENERGY",
        point: ("2000050773706", "L"),
        product: "VAR-22-11-01",
        days: ["2026-03-22", "2026-04-06", "2026-04-16", "2026-04-17"],
        shown: (359, 718),
        amounts: [(15643, 782, 16425), (9367, 468, 9835), (60, 3, 63)],
    };
    Server::start().await.bills(&case).await;
}

// 25 days at 22.152 553.80, 554, and 18.6 for the network 465; 240 kWh at 11.739 2817.36, 2817; 312 at 11.61 3622.32,
// 3622; 552 kWh at 9.3465 for the network 5159.27, 5159, 2.39 for the town 1319.28, 1319, surcharges of 2.946 1626.19,
// 1626, and tax of 2.05 1131.60, 1132: 16694, and 19 % of it 3171.86.
// 248 kWh 2911.27, 316 3668.76, 564 5271.43, 1347.96, 1661.54 and 1156.20: 94 + 47 + 112 + 29 + 36 + 24 more, 342, 64.98.
// One day: 22.152 and 18.6 are 22 and 19, and 7.79.
#[tokio::test]
async fn in_germany() {
    let case = Case {
        market: "de",
        market_name: MarketName::DeuElectricity,
        brand: "OCTOPUS_ENERGY_GERMANY",
        point: ("41373559241", "HAMBURG"),
        product: "DEU-FLEX-22-01",
        days: ["2026-06-21", "2026-07-06", "2026-07-16", "2026-07-17"],
        shown: (360, 372),
        amounts: [(16694, 3172, 19866), (342, 65, 407), (41, 8, 49)],
    };
    Server::start().await.bills(&case).await;
}

// 10 days at 108.8 1088, 15 at 110.2 1653; 240 kWh at 33.4 8016, 312 at 32.7 10202.40, 10202: 20959, and 10 % of it.
// 248 kWh 8283.20, 8283, 316 10333.20, 10333: 267 + 131 more, 398, 39.80. One day: 110.2, 110, and 11.
#[tokio::test]
async fn in_australia() {
    let case = Case {
        market: "au",
        market_name: MarketName::AusElectricity,
        brand: "ORIGIN",
        point: ("41020000002", "NSW"),
        product: "AUS-BASIC-22-07",
        days: ["2026-06-21", "2026-07-06", "2026-07-16", "2026-07-17"],
        shown: (360, 372),
        amounts: [(20959, 2096, 23055), (398, 40, 438), (110, 11, 121)],
    };
    Server::start().await.bills(&case).await;
}

// 25 days at 16.4 410, and 14.4329 for the wires 360.82, 361; 240 kWh at 11.3 2712, 312 at 11.6 3619.20, 3619; 552 kWh
// at 5.4178 for the wires 2990.63, 2991: 10093, and 8.25 % of it 832.67.
// 248 kWh 2802.40, 316 3665.60, 564 3055.64: 90 + 47 + 65 more, 202, 16.67. One day: 16 and 14, and 2.48.
#[tokio::test]
async fn in_texas() {
    let case = Case {
        market: "us",
        market_name: MarketName::UsaElectricity,
        brand: "OCTOPUS_ENERGY_US",
        point: ("1008901000000000000001", "LZ_HOUSTON"),
        product: "USA-FLEX-22",
        days: ["2026-05-22", "2026-06-06", "2026-06-16", "2026-06-17"],
        shown: (360, 372),
        amounts: [(10093, 833, 10926), (202, 17, 219), (30, 2, 32)],
    };
    Server::start().await.bills(&case).await;
}

// Of each month's kWh the first 120 are at one price, those up to 300 at the next; fuel takes 4.94 off each in March and
// 5.18 in April, and renewables add 3.62. Fractions of a yen are dropped, line by line.
//   25 days at 26.59 664; March: 120 kWh at 26.64 3196, 120 at 31.88 3825, fuel -1185; April: 120 at 26.82 3218, 180 at
//   32.11 5779, 12 at 34.9 418, fuel -1616; 552 at 3.62 1998: 16297, and 10 % of it 1629.7.
//   March: 128 at 31.88 4080, fuel -1225; April: 16 at 34.9 558, fuel -1636; 564 at 3.62 2041: 255 - 40 + 140 - 20 + 43
//   more, 378, and 37.8. One day: 26, and 2.6.
#[tokio::test]
async fn in_japan() {
    let case = Case {
        market: "jp",
        market_name: MarketName::JpnElectricity,
        brand: "TG_OCTOPUS_ENERGY",
        point: ("0300010001123456789012", "03"),
        product: "GREEN-2022-11",
        days: ["2026-03-22", "2026-04-06", "2026-04-16", "2026-04-17"],
        shown: (360, 372),
        amounts: [(16297, 1629, 17926), (378, 37, 415), (26, 2, 28)],
    };
    Server::start().await.bills(&case).await;
}

const MONTHS: &str = "query($i: ID!, $of: LineItemTypeOptions!) { gasAgreement(id: $i) { ... on GasAgreementType {
    lineItems(startAt: \"2026-04-01T00:00:00+09:00\", grouping: MONTH, itemType: $of, timezone: \"Asia/Tokyo\", first: 9) {
        edges { node { netAmount } } } } } }";

// City gas of up to 20 m³ a month is 23 a day and 132.1 a cubic metre, up to 80 m³ 32 and 118.6: all of the month, and
// only once all of it is known.
//   April, 19 m³ or 237.5 kWh: 30 days at 23 690; 19 at 132.1 2509.90, 2509: 3199, and 10 % of it 319.9.
//   April turns out to be 30 m³: 30 days at 32 960, 30 at 118.6 3558: 270 + 1049 more, 1319, and 131.9.
//   May, 11 m³: 31 days at 23 713; 11 at 132.1 1453.10, 1453: 2166, and 216.6.
#[tokio::test]
async fn japanese_gas_by_the_use_of_whole_months() {
    let server = Server::start().await;
    let morning = |day: &str| server.wall.set(begins("jp", day) + chrono::TimeDelta::hours(9));
    morning("2026-04-20");
    let hana = server.customer("hana@example.org", "Hana Sato", "TG_OCTOPUS_ENERGY").await;
    let place = ("03000100011234567", "TOKYO_GAS");
    let point = server.supply(&hana, MarketName::JpnGas, place, "2026-04-01").await;
    let agreed = server.agree(&hana, point, "GAS-2022-11", "2026-04-01").await;
    let meter = server.hang(point, "2026-04-01", "GAS").await;
    server.reading(meter, begins("jp", "2026-04-01"), Source::ChangeOfSupply, 0).await;

    morning("2026-05-10");
    server.reading(meter, begins("jp", "2026-04-25"), Source::DataCollector, 10).await;
    let (ledger, _) = server.ledger_of(&hana).await;
    let (ledger, jp) = (ledger.parse().expect("an id"), market::by_code("jp").expect("a market"));
    let mut tx = server.tx().await;
    let early = charging::of_ledger(&mut tx, jp, ledger, date("2026-05-10")).await.expect("nothing yet");
    assert_eq!(early, Vec::<i64>::new());
    drop(tx);
    server.reading(meter, begins("jp", "2026-05-01"), Source::DataCollector, 19).await;
    let (charges, told) = server.bill_now(&hana).await;
    let amounts = |(net, tax, gross): (i64, i64, i64)| json!({ "net": net, "tax": tax, "gross": gross });
    assert_eq!(charges.len(), 1, "{charges:?}");
    assert_eq!(charges[0]["amounts"], amounts((3199, 319, 3518)));
    assert_eq!(
        charges[0]["consumption"],
        json!({ "startDate": "2026-04-01", "endDate": "2026-04-30", "quantity": "19", "unit": "cubicMetres", "usageCost": 2509,
            "supplyCharge": 690 })
    );
    assert_eq!(told, ["19"]);

    morning("2026-06-10");
    server.reading(meter, begins("jp", "2026-05-01"), Source::DataCollector, 30).await;
    server.reading(meter, begins("jp", "2026-06-01"), Source::DataCollector, 41).await;
    let (charges, _) = server.bill_now(&hana).await;
    let found: Vec<&Value> = charges.iter().skip(1).map(|charge| &charge["amounts"]).collect();
    assert_eq!(found, [&amounts((1319, 131, 1450)), &amounts((2166, 216, 2382))], "{charges:?}");
    assert_eq!(charges[2]["consumption"]["endDate"], "2026-05-31");

    // What is shown is what is billed, and June has no price yet.
    let token = server.again(&hana).await;
    let months = async |kind: &str| {
        let data = server.ask(Some(&token), MONTHS, json!({ "i": agreed.to_string(), "of": kind })).await;
        let edges = data["gasAgreement"]["lineItems"]["edges"].as_array().expect("edges").clone();
        edges.iter().map(|edge| edge["node"]["netAmount"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(months("STANDING_CHARGE").await, ["960", "713"]);
    assert_eq!(months("CONSUMPTION_CHARGE").await, ["3558", "1453.1"]);
    let mut tx = server.tx().await;
    let findings = check::run(&mut tx).await.expect("the books");
    assert!(findings.iter().all(|finding| finding.broken == 0), "{findings:?}");
}
