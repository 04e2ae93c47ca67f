//! Whether what is paid covers what is charged.

use kraken_api::domain::payments::held_schedules::NewSchedule;
use kraken_api::platform::money::Minor;
use serde_json::json;

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
