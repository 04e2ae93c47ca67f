//! Debt that was set aside: on a ledger of its own, once, and paid off there.

use kraken_api::domain::check;
use kraken_api::domain::ledgers::set_aside::{self, SetAsideError};
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::debts::LATE;

const LEDGERS: &str = "query($n: String!, $d: Boolean) { account(accountNumber: $n) { balance
    ledgers(includeDebtLedgers: $d) { number ledgerType balance acceptsPayments supportsStatements
        debtLedger { number ledgerType balance debtLedger { number } } } } }";

impl Server {
    async fn aside(&self, ledger: &str, amount: Option<i64>) -> Result<i64, SetAsideError> {
        let mut tx = self.tx().await;
        let done = set_aside::set_aside(&mut tx, &self.random, ledger, amount, Some("agreed by phone")).await;
        if done.is_ok() {
            tx.commit().await.expect("committed");
        }
        done
    }
}

#[tokio::test]
async fn what_is_owed_is_set_aside_on_one_debt_ledger() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let (_, number) = server.ledger_of(ada).await;
    let shown = async |token: &str, with_debt: bool| -> Value {
        let data = server.ask(Some(token), LEDGERS, json!({ "n": ada.account, "d": with_debt })).await;
        data["account"].clone()
    };
    assert!(matches!(server.aside(&number, None).await, Err(SetAsideError::NothingOwed)));
    assert!(matches!(server.aside("L-NONE", None).await, Err(SetAsideError::NoLedger)));
    server.owe(ada.account_id, 5000).await;
    assert!(matches!(server.aside(&number, Some(5251)).await, Err(SetAsideError::NotAsMuch)));
    assert!(matches!(server.aside(&number, Some(0)).await, Err(SetAsideError::Amount(_))));
    assert_eq!(shown(&ada.token, true).await["ledgers"][0]["debtLedger"], Value::Null);

    let (one, two) = tokio::join!(server.aside(&number, Some(2000)), server.aside(&number, Some(3000)));
    assert_eq!(one.expect("set aside"), two.expect("set aside"), "one debt ledger");
    let account = shown(&ada.token, true).await;
    let main = &account["ledgers"][0];
    assert_eq!((&account["balance"], &main["balance"]), (&json!(-5250), &json!(-250)));
    let debt = &main["debtLedger"];
    assert_eq!((&debt["ledgerType"], &debt["balance"]), (&json!("MAIN_DEBT_LEDGER"), &json!(-5000)));
    assert_eq!(debt["debtLedger"], Value::Null, "debt is not set aside again");
    let listed = &account["ledgers"][1];
    assert_eq!((&listed["number"], &listed["acceptsPayments"]), (&debt["number"], &json!(true)));
    assert_eq!(listed["supportsStatements"], false);
    assert_eq!(shown(&ada.token, false).await["ledgers"].as_array().map(Vec::len), Some(1));
    let number = debt["number"].as_str().expect("a number").to_owned();
    assert!(matches!(server.aside(&number, None).await, Err(SetAsideError::NoLedger)));

    // What was set aside is not dunned, and the rest is below the threshold.
    let staff = server.on_day(LATE).await;
    server.work_off().await;
    assert!(server.letters("dunning").await.is_empty());
    assert_eq!(shown(&staff, true).await["ledgers"][1]["balance"], -5000);
    let mut tx = server.tx().await;
    let findings = check::run(&mut tx).await.expect("the books");
    assert!(findings.iter().all(|finding| finding.broken == 0), "{findings:?}");
}
