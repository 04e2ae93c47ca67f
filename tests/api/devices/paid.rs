//! Plans by what the account pays, and what charging cost.

use kraken_api::api::Origin;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::graphql;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::devices::car;
use crate::support::world::Customer;

const MPAN: &str = "2000050773706";
const PLANNED: &str = "query($d: String!) { flexPlannedDispatches(deviceId: $d) { start end } }";
const COST: &str = "query($n: String!, $f: DataFrequency!, $d: Date) {
    costOfCharge(accountNumber: $n, frequency: $f, startDate: $d) { costOfChargeId krakenflexDeviceId reportDate
        isSmartCharge totalConsumption totalCostExclTax totalCostInclTax } }";
const SESSIONS: &str = "chargingSessions(first: 10) { edges { node { ... on SmartFlexChargingSession { type
    cost { amount currency } } } } }";

fn list(value: &Value) -> Vec<Value> {
    value.as_array().expect("a list").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn decimal(value: &Value) -> Decimal {
    value.to_string().trim_matches('"').parse().expect("a decimal")
}

/// What a kWh costs in each half-hour, by where it begins.
async fn rates(server: &Server, token: &str, of: &Customer, from: &str, to: &str) -> Vec<(String, Decimal)> {
    let query = format!(
        "{{ applicableRates(accountNumber: \"{}\", mpxn: \"{MPAN}\", startAt: \"{from}\", endAt: \"{to}\", first: 100) {{
            edges {{ node {{ value validFrom }} }} }} }}",
        of.account
    );
    let data = server.ask(Some(token), &query, json!({})).await;
    let rate = |edge: Value| {
        (
            text(&edge["node"]["validFrom"]).get(..16).expect("a minute").to_owned(),
            decimal(&edge["node"]["value"]),
        )
    };
    list(&data["applicableRates"]["edges"]).into_iter().map(rate).collect()
}

#[tokio::test]
async fn no_half_hour_outside_of_a_plan_is_cheaper_than_one_in_it() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let point = server.supply(&ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    server.agree(&ada, point, "AGILE-24-10-01", "2026-02-01").await;
    let id = server.device_by(&ada, point, car("5YJ3-PARKED")).await;
    server.publish().await;
    server.at("2026-03-02T18:30:00Z", &ada).await;
    server.publish().await;
    let token = server.at("2026-03-02T20:00:00Z", &ada).await;
    let days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
    let schedules = days.map(|day| json!({ "dayOfWeek": day, "time": "07:00:00", "max": "90" }));
    let wish = json!({ "deviceId": id, "mode": "CHARGE", "unit": "PERCENTAGE", "schedules": schedules });
    let set = "mutation($i: SmartFlexDevicePreferencesInput!) { setDevicePreferences(input: $i) { id } }";
    server.ask(Some(&token), set, json!({ "i": wish })).await;
    let planned = server.ask(Some(&token), PLANNED, json!({ "d": id })).await;
    let planned = list(&planned["flexPlannedDispatches"]);
    assert!(!planned.is_empty());
    let night = rates(&server, &token, &ada, "2026-03-02T20:00:00Z", "2026-03-03T07:00:00Z").await;
    assert_eq!(night.len(), 22);
    let is_planned = |start: &str| {
        let minute = |moment: &Value| text(moment).get(..16).expect("a minute").to_owned();
        let within =
            |each: &Value| minute(&each["start"]).as_str() <= start && start < minute(&each["end"]).as_str();
        planned.iter().any(within)
    };
    let (chosen, other): (Vec<_>, Vec<_>) = night.into_iter().partition(|(start, _)| is_planned(start));
    assert!(chosen.len() >= 3 && other.len() >= 10, "{chosen:?} {other:?}");
    let dearest = chosen.iter().map(|(_, rate)| rate).max().expect("a rate");
    assert!(other.iter().all(|(_, rate)| rate >= dearest), "{chosen:?} {other:?}");
}

#[tokio::test]
async fn what_was_charged_costs_what_a_kwh_costs_then() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let point = server.supply(&ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    server.agree(&ada, point, "GO-VAR-22-10-14", "2026-02-01").await;
    let id = server.device_by(&ada, point, car("5YJ3-PARKED")).await;
    // The test was yesterday; the night was cheap from half past twelve to half past five.
    let token = server.at("2026-03-03T08:00:00Z", &ada).await;
    let rates = rates(&server, &token, &ada, "2026-03-02T09:00:00Z", "2026-03-03T08:00:00Z").await;
    let [(_, day), (from, night), (to, _)] = rates.as_slice() else { panic!("{rates:?}") };
    assert_eq!((from.as_str(), to.as_str()), ("2026-03-03T00:30", "2026-03-03T05:30"));

    let done =
        "query($n: String!) { completedDispatches(accountNumber: $n) { start delta meta { source } } }";
    let done = server.ask(Some(&token), done, json!({ "n": ada.account })).await;
    let done = list(&done["completedDispatches"]);
    let kwh = |day: &str| -> Decimal {
        let of = done.iter().filter(|each| text(&each["start"]).starts_with(day));
        -of.map(|each| decimal(&each["delta"])).sum::<Decimal>()
    };
    let (tested, charged) = (kwh("2026-03-02"), kwh("2026-03-03"));
    assert!(tested > Decimal::ONE && charged > Decimal::TEN, "{done:?}");

    let ask = async |frequency: &str, day: Value| {
        let variables = json!({ "n": ada.account, "f": frequency, "d": day });
        list(&server.ask(Some(&token), COST, variables).await["costOfCharge"])
    };
    let latest = ask("DAILY", json!(null)).await;
    let [smart] = latest.as_slice() else { panic!("{latest:?}") };
    assert_eq!((&smart["reportDate"], &smart["isSmartCharge"]), (&json!("2026-03-03"), &json!(true)));
    assert_eq!(smart["krakenflexDeviceId"], id);
    assert_eq!(decimal(&smart["totalConsumption"]), charged);
    let net = charged * night;
    assert_eq!(decimal(&smart["totalCostExclTax"]), net.round_dp(4).normalize());
    let gross = net * Decimal::new(105, 2);
    assert_eq!(decimal(&smart["totalCostInclTax"]), gross.round_dp(4).normalize());

    let before = ask("DAILY", json!("2026-03-02")).await;
    let [test] = before.as_slice() else { panic!("{before:?}") };
    assert_eq!(test["isSmartCharge"], false);
    assert_eq!(decimal(&test["totalCostExclTax"]), (tested * day).round_dp(4).normalize());
    for (frequency, begins) in
        [("WEEKLY", "2026-03-02"), ("MONTHLY", "2026-03-01"), ("ANNUALLY", "2026-01-01")]
    {
        let all = ask(frequency, json!("2026-03-04")).await;
        assert_eq!(all.len(), 2, "{frequency}");
        assert!(all.iter().all(|each| each["reportDate"] == begins), "{all:?}");
        assert_ne!(all[0]["costOfChargeId"], all[1]["costOfChargeId"]);
    }
    assert_eq!(ask("DAILY", json!("2026-03-01")).await, Vec::<Value>::new());

    let found = server.device_of(&token, &ada, &format!("... on SmartFlexVehicle {{ {SESSIONS} }}")).await;
    let sessions = list(&found["chargingSessions"]["edges"]);
    let [tested, smart] = sessions.as_slice() else { panic!("{sessions:?}") };
    assert_eq!((&tested["node"]["type"], &smart["node"]["type"]), (&json!("TEST"), &json!("SMART")));
    assert_eq!(smart["node"]["cost"]["currency"], "GBP");
    assert_eq!(decimal(&smart["node"]["cost"]["amount"]), (gross / Decimal::ONE_HUNDRED).round_dp(2));
}

#[tokio::test]
async fn what_nobody_agreed_on_has_no_cost_and_whoever_has_no_car_no_report() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let month = json!({ "n": ada.account, "f": "MONTHLY", "d": null });
    assert_eq!(server.refusal_of(&ada.token, COST, month.clone()).await.0, "KT-CT-4301");
    server.heat_pump(ada).await;
    assert_eq!(server.refusal_of(&ada.token, COST, month.clone()).await.0, "KT-CT-4301");
    server.device(ada, car("5YJ3-PARKED")).await;
    assert_eq!(server.refusal_of(&world.bob.token, COST, month.clone()).await.0, "KT-CT-4301");
    let token = server.at("2026-03-03T08:00:00Z", ada).await;
    let data = server.ask(Some(&token), COST, month).await;
    let all = list(&data["costOfCharge"]);
    assert_eq!(all.len(), 2);
    assert!(
        all.iter()
            .all(|each| each["totalCostExclTax"].is_null() && each["totalConsumption"].as_f64() > Some(1.0))
    );
    let never = json!({ "n": ada.account, "f": "ANNUALLY", "d": "0001-01-01" });
    assert_eq!(server.ask(Some(&token), COST, never).await["costOfCharge"], json!([]));
}

#[tokio::test]
async fn one_car_and_several_take_the_same_statements() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let point = server.supply(&ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    server.agree(&ada, point, "GO-VAR-22-10-14", "2026-02-01").await;
    let query = format!(
        "{{ devices(accountNumber: \"{0}\") {{ id ... on SmartFlexVehicle {{ {SESSIONS} }} }}
            plannedDispatches(accountNumber: \"{0}\") {{ start }}
            costOfCharge(accountNumber: \"{0}\", frequency: MONTHLY) {{ totalCostInclTax }} }}",
        ada.account
    );
    let mut counts = Vec::new();
    for (day, cars) in
        [("2026-03-03", vec!["1-PARKED"]), ("2026-03-04", vec!["2-PARKED", "3-PARKED", "4-PARKED"])]
    {
        for reference in &cars {
            server.device_by(&ada, point, car(reference)).await;
        }
        let token = server.at(&format!("{day}T08:00:00Z"), &ada).await;
        let request = graphql::Request { query: query.clone(), ..graphql::Request::default() };
        let origin = Origin { authorization: Some(&token), client: None };
        let answer = server.app.execute(request, origin).await.expect("an answer");
        let body: Value = serde_json::from_slice(&answer.response.body).expect("JSON");
        assert!(body["errors"].is_null(), "{body}");
        counts.push((answer.stats.statements(), list(&body["data"]["devices"]).len()));
    }
    assert_eq!((counts[0].1, counts[1].1), (1, 4));
    assert_eq!(counts[0].0, counts[1].0);
}
