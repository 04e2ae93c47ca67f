//! The ledgers beside the main one that instructions and schedules are for.

use kraken_api::domain::payments::held_schedules::{self, NewSchedule};
use kraken_api::platform::money::Minor;
use serde_json::{Value, json};

use super::nodes;
use crate::support::Server;

const SEE: &str = "query($n: String!) { account(accountNumber: $n) {
    paymentInstructions(first: 9) { edges { node { supplementaryLedger { ...Beside } } } }
    paymentSchedules(first: 9) { edges { node { supplementaryLedger { ...Beside } } } } } }
    fragment Beside on SupplementaryLedgerType { id name ledgerType number currentBalance
        paymentAdequacy { isCurrentlyExempt } }";

#[tokio::test]
async fn what_is_for_a_ledger_beside_the_main_one_names_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let wallet = server.wallet(&world.ada).await;
    let beside: i64 = wallet.parse().expect("an id");
    let main = server.main_ledger_id(&world.ada).await;
    for kind in ["DIRECT_DEBIT", "CARD"] {
        server.pays_by(&world.ada, kind).await;
    }
    let split = format!(
        "update payment_instructions set ledger_id = case instruction_type when 'CARD' then {beside} else {main} end"
    );
    server.tamper(&split).await;
    let day = server.wall.now().date_naive();
    let mut tx = server.tx().await;
    for (ledger, amount) in [(main, 4000), (beside, 2000)] {
        let monthly = NewSchedule::monthly("DIRECT_DEBIT", 28, Minor(amount));
        held_schedules::put(&mut tx, None, ledger, &monthly, day).await.expect("a schedule");
    }
    tx.commit().await.expect("committed");
    let seen = server.ask(Some(&world.ada.token), SEE, json!({ "n": world.ada.account })).await;
    let named = |list: &str| -> Vec<Value> {
        nodes(&seen["account"][list]).into_iter().map(|node| node["supplementaryLedger"].clone()).collect()
    };
    for list in ["paymentInstructions", "paymentSchedules"] {
        let all = named(list);
        let (none, some): (Vec<Value>, Vec<Value>) = all.into_iter().partition(Value::is_null);
        assert_eq!((none.len(), some.len()), (1, 1), "{list}");
        assert_eq!((&some[0]["id"], &some[0]["ledgerType"]), (&json!(wallet), &json!("SOLAR_WALLET_LEDGER")));
        assert_eq!(some[0]["currentBalance"], 0);
        assert!(some[0]["paymentAdequacy"]["isCurrentlyExempt"].is_boolean());
        assert!(some[0]["name"].is_string() && some[0]["number"].is_string());
    }
}
