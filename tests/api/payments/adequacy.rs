//! Whether what is paid covers what is charged.

use kraken_api::domain::payments::held_schedules::NewSchedule;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::platform::money::Minor;
use serde_json::json;

use crate::roots::bounds_its_pages;
use crate::support::Server;

const LIVE: &str =
    "query($l: String!) { livePaymentAdequacyCalculation(ledgerNumber: $l) { suggestedNewMonthlyAmount
    averageMonthlyCharge existingMonthlyAmount balanceAdjustment currentBalance targetBalance reviewedOn } }";

#[tokio::test]
async fn the_suggestion_covers_the_charges_of_a_year_and_a_month_ahead() {
    let server = Server::start().await;
    let world = server.world().await;
    let ledger = server.ledger_number(&world.ada).await;
    let ask = async |token: &str, number: &str| server.send(Some(token), LIVE, json!({ "l": number })).await;
    assert_eq!(ask(&world.ada.token, &ledger).await.codes(), ["KT-CT-3963"], "nothing was charged");
    server.owe(world.ada.account_id, 10000).await;
    server.pays_as(&world.ada, &NewSchedule::monthly("DIRECT_DEBIT", 15, Minor(4000))).await;
    // 105.00 in 73 days, a fifth of a year: 525.00 a year, 43.75 a month. The balance is -105.00, and 43.75 is wanted:
    // a twelfth of 148.75 is 12.40.
    let staff = server.on_day(72).await;
    let reply = ask(&staff, &ledger).await;
    assert_eq!(
        reply.json["data"]["livePaymentAdequacyCalculation"],
        json!({ "suggestedNewMonthlyAmount": 5615, "averageMonthlyCharge": 4375, "existingMonthlyAmount": 4000,
            "balanceAdjustment": 1240, "currentBalance": -10500, "targetBalance": 4375, "reviewedOn": "2026-05-13" })
    );
    let bob = server.log_in(json!({ "APIKey": world.bob.api_key })).await;
    assert_eq!(ask(&bob, &ledger).await.codes(), ["KT-CT-3963"], "not his");
}

#[tokio::test]
async fn the_charges_for_energy_that_it_goes_by_are_told_by_market() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, ("2000050773706", "L"), "2026-03-02").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-03-02").await;
    server.used(point, "gb", ("2026-03-02", 31), 1, 400).await;
    server.by("2026-03-03").await;
    server.by("2026-04-02").await;
    let staff = server.by("2026-05-02").await;
    let ledger = server.ledger_number(ada).await;
    let query = "query($l: String!) { livePaymentAdequacyCalculation(ledgerNumber: $l) { averageMonthlyCharge
        consumption(first: 9) { totalCount edges { node { marketName charges(first: 9) { totalCount edges { node {
            periodStart periodEnd charge } } } } } } } }";
    let told = server.ask(Some(&staff), query, json!({ "l": ledger })).await;
    // The bill of March is worked out where bills are tested. Nothing was used in April: 30 days at 60.17 are 1805.1, and 5 % of
    // 1805 are 90.
    let charge = |from: &str, to: &str, charge: i64| json!({ "node": { "periodStart": from, "periodEnd": to, "charge": charge } });
    let charges = [charge("2026-03-02", "2026-04-01", 18458), charge("2026-04-02", "2026-05-01", 1895)];
    let electricity = json!({ "node": { "marketName": "GBR_ELECTRICITY", "charges": {
        "totalCount": 2, "edges": charges } } });
    let found = &told["livePaymentAdequacyCalculation"]["consumption"];
    assert_eq!(found, &json!({ "totalCount": 1, "edges": [electricity] }));
    let root = format!("livePaymentAdequacyCalculation(ledgerNumber: \"{ledger}\")");
    bounds_its_pages(&server, &staff, &format!("{root} {{ consumption(PAGE) {{ edgeCount }} }}")).await;
    let charges = format!(
        "{root} {{ consumption(first: 1) {{ edges {{ node {{ charges(PAGE) {{ edgeCount }} }} }} }} }}"
    );
    bounds_its_pages(&server, &staff, &charges).await;
}
