//! Energy on bills: charged once, to the minor unit as by hand, and put right when something else becomes known.

use kraken_api::domain::check;
use kraken_api::domain::supply::agreements::{self, AgreementError};
use kraken_api::domain::supply::charging;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::platform::market;
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::Server;
use crate::support::agreed::date;
use crate::support::world::Customer;

const MPAN: &str = "2000050773706";

const CHARGES: &str = "query($n: String!) { account(accountNumber: $n) { balance
    transactions(first: 20, orderBy: POSTED_DATE_ASC) { edges { node { __typename title amount
        amounts { net tax gross } billingDocumentIdentifier
        ... on Charge { isExport consumption { startDate endDate quantity unit usageCost supplyCharge } } } } }
    bills(first: 20) { edges { node { ... on StatementType { fromDate toDate totalCharges { netTotal taxTotal grossTotal }
        transactions(first: 10) { edges { node { title amount } } } } } } } } }";
const ITEMS: &str = "query($i: ID!, $g: LineItemGroupingOptions!, $of: LineItemTypeOptions!, $s: DateTime!, $z: String!) {
    electricityAgreement(id: $i) { ... on ElectricityAgreementType { lineItems(startAt: $s, grouping: $g, itemType: $of,
        timezone: $z, first: 100) { pageInfo { hasNextPage } edges { node { startAt endAt periodStartAt periodEndAt netAmount
            grossAmount numberOfUnits settlementUnit supplyType currency productCode itemType } } } } } }";

impl Server {
    async fn account_of(&self, of: &Customer) -> Value {
        let token = self.again(of).await;
        self.ask(Some(&token), CHARGES, json!({ "n": of.account })).await["account"].clone()
    }

    /// Moves on to nine in the morning, UTC, of a day, and does what is due.
    async fn bill_on(&self, day: &str) {
        self.wall.set(format!("{day}T09:00:00Z").parse().expect("a moment"));
        self.work_off().await;
    }
}

fn nodes(connection: &Value) -> Vec<Value> {
    let edges = connection["edges"].as_array().expect("edges");
    edges.iter().map(|edge| edge["node"].clone()).collect()
}

#[tokio::test]
async fn a_bill_with_a_change_of_rates_and_a_late_correction_comes_out_as_by_hand() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let point = server.supply(&ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-02").await;
    let agreed = server.agree(&ada, point, "VAR-22-11-01", "2026-03-02").await;
    server.used(point, "gb", ("2026-03-02", 31), 1, 400).await;
    server.bill_on("2026-03-03").await;
    server.bill_on("2026-04-02").await;
    let account = server.account_of(&ada).await;
    // March has 30 days of it, one of them an hour short: 1438 half-hours, 575.2 kWh at 26.6337 are 15319.70; 19.2 kWh
    // of 1 April at 25.0076 are 480.15. 30 days at 57.31 are 1719.30, one at 60.17. Rounded line by line: 15320, 480,
    // 1719 and 60; 5 % of 17579 are 878.95.
    let charge = json!({ "__typename": "Charge", "title": "Flexible Octopus", "amount": 18458,
        "amounts": { "net": 17579, "tax": 879, "gross": 18458 }, "isExport": false,
        "billingDocumentIdentifier": account["transactions"]["edges"][0]["node"]["billingDocumentIdentifier"],
        "consumption": { "startDate": "2026-03-02", "endDate": "2026-04-01", "quantity": "594.4", "unit": "kWh",
            "usageCost": 15800, "supplyCharge": 1779 } });
    assert_eq!(nodes(&account["transactions"]), [charge]);
    assert_eq!(account["balance"], -18458);
    let bill = &nodes(&account["bills"])[0];
    assert_eq!(
        (&bill["fromDate"], &bill["toDate"]),
        (&json!("2026-03-02"), &json!("2026-04-01")),
        "{account}"
    );
    assert_eq!(bill["totalCharges"], json!({ "netTotal": 17579, "taxTotal": 879, "grossTotal": 18458 }));

    // Again and again, and nothing more is charged.
    server.bill_on("2026-04-02").await;
    let (ledger, _) = server.ledger_of(&ada).await;
    let mut tx = server.tx().await;
    let gb = market::by_code("gb").expect("a market");
    let ledger: i64 = ledger.parse().expect("an id");
    let again = charging::of_ledger(&mut tx, gb, ledger, date("2026-04-02")).await.expect("nothing to do");
    assert_eq!(again, Vec::<i64>::new());
    drop(tx);

    // 10 March turns out to have used 24 rather than 19.2 kWh: 580 kWh at 26.6337 are 15447.55, which is 128 more. April
    // used nothing: 30 days at 60.17 are 1805.10.
    server.used(point, "gb", ("2026-03-10", 1), 2, 500).await;
    server.bill_on("2026-05-02").await;
    let account = server.account_of(&ada).await;
    let amounts: Vec<Value> = nodes(&account["transactions"]).iter().map(|t| t["amounts"].clone()).collect();
    assert_eq!(
        amounts[1..],
        [json!({ "net": 128, "tax": 6, "gross": 134 }), json!({ "net": 1805, "tax": 90, "gross": 1895 })]
    );
    let corrected = &nodes(&account["transactions"])[1]["consumption"];
    assert_eq!((&corrected["quantity"], &corrected["usageCost"]), (&json!("4.8"), &json!(128)));
    assert_eq!(nodes(&account["bills"]).len(), 2);

    let mut tx = server.tx().await;
    let early = agreements::terminate(&mut tx, agreed, date("2026-04-15")).await;
    assert!(matches!(early, Err(AgreementError::Billed)), "{early:?}");
    assert!(matches!(agreements::revoke(&mut tx, agreed).await, Err(AgreementError::Billed)));
    drop(tx);
    let mut tx = server.tx().await;
    let findings = check::run(&mut tx).await.expect("the books");
    assert!(findings.iter().all(|finding| finding.broken == 0), "{findings:?}");
}

#[tokio::test]
async fn line_items_come_to_what_is_billed() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let point = server.supply(&ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-01").await;
    let agreed = server.agree(&ada, point, "GO-VAR-22-10-14", "2026-03-01").await;
    server.used(point, "gb", ("2026-03-01", 35), 1, 321).await;
    server.wall.set("2026-04-20T09:00:00Z".parse().expect("a moment"));
    let token = server.again(&ada).await;
    let items = async |grouping: &str, kind: &str, start: &str| {
        let variables =
            json!({ "i": agreed.to_string(), "g": grouping, "of": kind, "s": start, "z": "Europe/London" });
        let data = server.ask(Some(&token), ITEMS, variables).await;
        nodes(&data["electricityAgreement"]["lineItems"])
    };
    let sum = |items: &[Value], field: &str| {
        let decimals =
            items.iter().filter_map(|item| item[field].as_str()?.parse::<rust_decimal::Decimal>().ok());
        decimals.sum::<rust_decimal::Decimal>().normalize()
    };
    let (start, usage) = ("2026-03-01T00:00:00Z", "CONSUMPTION_CHARGE");
    let months = items("MONTH", usage, start).await;
    assert_eq!(months.len(), 2);
    for grouping in ["DAY", "WEEK", "QUARTER"] {
        let grouped = items(grouping, usage, start).await;
        for field in ["netAmount", "grossAmount", "numberOfUnits"] {
            assert_eq!(sum(&grouped, field), sum(&months, field), "{grouping} {field}");
        }
    }
    // 35 days but for an hour.
    assert_eq!(sum(&months, "numberOfUnits").to_string(), "538.638");
    let half_hours = items("HALF_HOUR", usage, "2026-03-10T00:00:00Z").await;
    assert_eq!(half_hours.len(), 100);
    assert_eq!(half_hours[0]["numberOfUnits"], "0.321");
    // 26.37 × 1.09 × 1.01 by day, 0.34 of it by night.
    let night =
        half_hours.iter().find(|item| item["startAt"] == "2026-03-10T00:30:00+00:00").expect("a night");
    assert!(night["netAmount"].as_str() < half_hours[0]["netAmount"].as_str());
    assert_eq!(night["currency"], "GBP_PENCE");
    let days = items("MONTH", "STANDING_CHARGE", start).await;
    assert_eq!((&days[0]["numberOfUnits"], &days[0]["settlementUnit"]), (&json!("31"), &json!("DAY")));
    // 31 × 57.31, and 5 % of it.
    assert_eq!((&days[0]["netAmount"], &days[0]["grossAmount"]), (&json!("1776.61"), &json!("1865.4405")));
    let below = format!(
        "electricityAgreement(id: \"{agreed}\") {{ ... on ElectricityAgreementType {{ lineItems(startAt: \"{start}\",
            grouping: DAY, itemType: {usage}, timezone: \"Europe/London\", PAGE) {{ pageInfo {{ hasNextPage }} }} }} }}"
    );
    bounds_its_pages(&server, &token, &below).await;
    let wrong = json!({ "i": agreed.to_string(), "g": "DAY", "of": usage, "s": start, "z": "Moon/Crater" });
    assert_eq!(server.send(Some(&token), ITEMS, wrong).await.codes(), ["KT-CT-1605"]);
}

#[tokio::test]
async fn gas_has_line_items_too_and_what_is_fed_in_is_credited() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let sun =
        server.supply_to_or_from(&ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-02", true).await;
    server.agree(&ada, sun, "OUTGOING-VAR-24-10-26", "2026-03-02").await;
    server.used(sun, "gb", ("2026-03-02", 10), 1, 250).await;
    let gas = server.supply(&ada, MarketName::GbrGas, ("1234567810", "SW"), "2026-03-02").await;
    let gas_agreed = server.agree(&ada, gas, "VAR-22-11-01", "2026-03-02").await;
    server.used(gas, "gb", ("2026-03-02", 10), 1, 1000).await;
    server.bill_on("2026-03-03").await;
    server.bill_on("2026-04-02").await;
    let account = server.account_of(&ada).await;
    let charges = nodes(&account["transactions"]);
    let fed_in = charges.iter().find(|charge| charge["isExport"] == true).expect("an export");
    // 120 kWh at 12.
    assert_eq!(fed_in["amounts"], json!({ "net": -1440, "tax": 0, "gross": -1440 }));
    let query = "query($i: ID!) { gasAgreement(id: $i) { ... on GasAgreementType { lineItems(startAt: \"2026-03-02T00:00:00Z\",
        grouping: MONTH, itemType: CONSUMPTION_CHARGE, timezone: \"Europe/London\", first: 5) { edges { node { supplyType
            numberOfUnits netAmount } } } } } }";
    let token = server.again(&ada).await;
    let data = server.ask(Some(&token), query, json!({ "i": gas_agreed.to_string() })).await;
    // 480 kWh at 5.65 × 1.01.
    assert_eq!(
        nodes(&data["gasAgreement"]["lineItems"]),
        [json!({ "supplyType": "GAS", "numberOfUnits": "480", "netAmount": "2739.12" })]
    );
    let below = format!(
        "gasAgreement(id: \"{gas_agreed}\") {{ ... on GasAgreementType {{ lineItems(startAt: \"2026-03-02T00:00:00Z\",
            grouping: DAY, itemType: CONSUMPTION_CHARGE, timezone: \"UTC\", PAGE) {{ pageInfo {{ hasNextPage }} }} }} }}"
    );
    bounds_its_pages(&server, &token, &below).await;
}

#[tokio::test]
async fn use_is_priced_for_display_and_compared_as_it_is_billed() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-02-01").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-02-01").await;
    server.used(point, "gb", ("2026-02-20", 8), 1, 500).await;
    server.publish().await;
    let query = "query($n: String, $s: DateTime, $f: FuelType) { costOfUsage(accountNumber: $n, grouping: DAY, startAt: $s,
        fuelType: $f) { costEnabled direction details(grouping: DAY, first: 10) { edges { node { startAt endAt cost usageKwh } } } } }";
    let own = server.ask(Some(&ada.token), query, json!({})).await;
    let shown = &own["costOfUsage"];
    assert_eq!((&shown["costEnabled"], &shown["direction"]), (&json!(true), &json!("IMPORT")));
    // The latest day that was measured: 24 kWh at 26.6337, and 5 %: 671.17.
    let day = json!({ "startAt": "2026-02-27T00:00:00+00:00", "endAt": "2026-02-28T00:00:00+00:00", "cost": 671,
        "usageKwh": "24" });
    assert_eq!(nodes(&shown["details"]), [day]);
    let since = json!({ "n": ada.account, "s": "2026-02-20T00:00:00Z" });
    let all = server.ask(Some(&world.reader), query, since.clone()).await;
    assert_eq!(nodes(&all["costOfUsage"]["details"]).len(), 8);
    let gas = server.ask(Some(&ada.token), query, json!({ "f": "GAS" })).await;
    assert_eq!(gas["costOfUsage"]["costEnabled"], false);
    assert_eq!(server.send(Some(&world.bob.token), query, since).await.codes(), ["KT-CT-4177"]);
    bounds_its_pages(
        &server,
        &ada.token,
        "costOfUsage(grouping: DAY) { details(grouping: DAY, PAGE) { pageInfo { hasNextPage } } }",
    )
    .await;

    let query = "query($m: String) { smartTariffComparison(mpan: $m) { currentCost currentCostWithTax
        consumptionReadingsStartAt consumptionReadingsEndAt costComparisons { tariff cost costWithTax } } }";
    let compared = server.ask(Some(&ada.token), query, json!({ "m": MPAN })).await;
    let compared = &compared["smartTariffComparison"];
    // A week: 168 kWh at 26.6337 and 7 days at 57.31.
    assert_eq!(compared["currentCost"].to_string(), "4875.6316");
    assert_eq!(compared["consumptionReadingsStartAt"], "2026-02-21T00:00:00+00:00");
    let others: Vec<&str> = compared["costComparisons"]
        .as_array()
        .expect("others")
        .iter()
        .filter_map(|other| other["tariff"].as_str())
        .collect();
    assert_eq!(others, ["AGILE-24-10-01", "GO-VAR-22-10-14", "INTELLI-VAR-24-10-29"]);
    let hidden = server.ask(Some(&world.bob.token), query, json!({ "m": MPAN })).await;
    assert_eq!(hidden["smartTariffComparison"], Value::Null);
}
