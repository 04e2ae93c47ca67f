//! Bills that others gave out: third parties, and whoever kept an account before.

use axum::http::StatusCode;
use kraken_api::domain::billing::earlier::{self, EarlierError, NewEarlier};
use kraken_api::domain::billing::elsewhere::{self, ElsewhereError, GivenOut};
use serde_json::{Value, json};

use super::{got, nodes};
use crate::roots::bounds_its_pages;
use crate::support::Server;
use crate::support::agreed::date;
use crate::support::world::PASSWORD;

const INVOICES: &str = "query($n: String!) { account(accountNumber: $n) { ledgers {
    all: invoices(first: 5) { totalCount } own: invoices(first: 5, excludeExternallyIssued: true) { totalCount } } } }";

async fn given_out(server: &Server, bill: i64, given: &GivenOut<'_>) -> Result<(), ElsewhereError> {
    let mut tx = server.tx().await;
    elsewhere::given_out(&mut tx, &*server.app.files().storage, bill, given).await?;
    tx.commit().await.expect("committed");
    Ok(())
}

#[tokio::test]
async fn bills_of_third_parties_bear_their_numbers() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.customer("emma@example.org", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    let third = "update accounts set account_type = 'DOMESTIC_THIRD_PARTY_BILLED' where id = any($1)";
    let third = sqlx::query(third).bind([world.bob.account_id, emma.account_id]);
    third.execute(server.database.pool()).await.expect("changed");
    for account in [world.ada.account_id, world.bob.account_id, emma.account_id] {
        server.owes(account).await;
    }
    server.work_on("2026-04-02").await;
    assert_eq!(server.statements(&world.bob, true).await.len(), 0, "nobody has given it out");
    let bill_of = async |account: i64, status: &str| {
        let query = "select d.id from billing_documents d join ledgers l on l.id = d.ledger_id
            where l.account_id = $1 and d.status = $2 order by d.id desc limit 1";
        let found: (i64,) = sqlx::query_as(query)
            .bind(account)
            .bind(status)
            .fetch_one(server.database.pool())
            .await
            .expect("a bill");
        found.0
    };
    let given = GivenOut {
        system: "Hausverwaltung",
        number: "HV-7",
        issued_on: date("2026-04-01"),
        due_on: date("2026-04-20"),
        pdf: None,
    };
    let bobs = bill_of(world.bob.account_id, "CLOSED").await;
    let adas = bill_of(world.ada.account_id, "ISSUED").await;
    assert!(matches!(given_out(&server, 1, &given).await, Err(ElsewhereError::Unknown)));
    assert!(matches!(given_out(&server, adas, &given).await, Err(ElsewhereError::NotThirdParty)));
    let open = bill_of(world.bob.account_id, "OPEN").await;
    assert!(matches!(given_out(&server, open, &given).await, Err(ElsewhereError::Open)));
    let taken = GivenOut { number: "GB-00000001", ..given.clone() };
    assert!(matches!(given_out(&server, bobs, &taken).await, Err(ElsewhereError::NumberTaken)));
    let odd = GivenOut { due_on: date("2026-03-31"), ..given.clone() };
    assert!(matches!(given_out(&server, bobs, &odd).await, Err(ElsewhereError::Facts)));
    given_out(&server, bobs, &given).await.expect("given out");
    assert!(matches!(given_out(&server, bobs, &given).await, Err(ElsewhereError::Issued)));
    assert_eq!(server.statements(&world.bob, false).await.len(), 0, "it has no file");
    let shown = server.statements(&world.bob, true).await;
    assert_eq!((&shown[0]["isExternalBill"], &shown[0]["temporaryUrl"]), (&json!(true), &Value::Null));
    assert_eq!((&shown[0]["attachments"]["totalCount"], &shown[0]["userId"]), (&json!(0), &Value::Null));

    let emmas = bill_of(emma.account_id, "CLOSED").await;
    let pdf = Some(b"%PDF-1.7 of somebody else".to_vec());
    let given = GivenOut { number: "HV-8", pdf, ..given };
    given_out(&server, emmas, &given).await.expect("given out");
    let staff = server.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await;
    let data = server.ask(Some(&staff), INVOICES, json!({ "n": emma.account })).await;
    let listed = &data["account"]["ledgers"][0];
    assert_eq!(
        (&listed["all"]["totalCount"], &listed["own"]["totalCount"]),
        (&json!(1), &json!(0)),
        "{data}"
    );
    let kept = server.app.files().storage.get(&format!("bills/{emmas}/1.pdf")).await;
    assert_eq!(kept.expect("kept").as_deref(), Some(&b"%PDF-1.7 of somebody else"[..]));
    assert!(server.statements(&emma, false).await[0]["temporaryUrl"].is_string());
    server.sound().await;
}

const ALL_BILLS: &str = "query($n: String!, $h: Boolean, $all: Boolean) { account(accountNumber: $n) {
    bills(first: 20, includeHistoricStatements: $h, includeBillsWithoutPDF: $all) { totalCount edges { node { __typename id
        billType fromDate toDate issuedDate temporaryUrl ... on PreKrakenBillType { identifier params grossAmount
            attachments(first: 2) { totalCount edges { node { filename } } } } } } } } }";
const ONE_BILL: &str = "query($n: String!, $i: ID!, $t: BillTypeEnum) { account(accountNumber: $n) {
    bill(id: $i, billType: $t) { __typename id } } }";

#[tokio::test]
async fn bills_from_before_are_listed_with_ours() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.owes(ada.account_id).await;
    server.work_on("2026-04-02").await;
    let params = json!({ "system": "Old Power" });
    let new = NewEarlier {
        account_number: &ada.account,
        identifier: "OP-991",
        from_date: date("2026-01-01"),
        to_date: date("2026-01-31"),
        issued_on: date("2026-02-03"),
        gross: 7120,
        params: &params,
        pdf: Some(b"%PDF-1.4 from before".to_vec()),
    };
    let import = async |new: &NewEarlier<'_>| {
        let mut tx = server.tx().await;
        let done = earlier::import(&mut tx, &*server.app.files().storage, new).await;
        if done.is_ok() {
            tx.commit().await.expect("committed");
        }
        done
    };
    let id = import(&new).await.expect("taken over");
    assert!(matches!(import(&new).await, Err(EarlierError::Known)));
    let nobody = NewEarlier { account_number: "A-00000000", ..new.clone() };
    assert!(matches!(import(&nobody).await, Err(EarlierError::UnknownAccount)));
    let backwards = NewEarlier { from_date: date("2026-02-01"), ..new.clone() };
    assert!(matches!(import(&backwards).await, Err(EarlierError::Facts)));
    let fileless = NewEarlier { identifier: "OP-990", pdf: None, ..new.clone() };
    import(&fileless).await.expect("taken over");

    let token = server.again(ada).await;
    let list = async |token: &str, historic: bool, all: bool| {
        let variables = json!({ "n": ada.account, "h": historic, "all": all });
        let data = server.ask(Some(token), ALL_BILLS, variables).await;
        nodes(&data["account"]["bills"])
    };
    assert_eq!(list(&token, false, true).await.len(), 1);
    assert_eq!(list(&token, true, true).await.len(), 3);
    let listed = list(&token, true, false).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["__typename"], "StatementType");
    let old = &listed[1];
    assert_eq!((&old["id"], &old["billType"]), (&json!(id.to_string()), &json!("PRE_KRAKEN")));
    let days = ["fromDate", "toDate", "issuedDate"].map(|name| old[name].clone());
    assert_eq!(days, [json!("2026-01-01"), json!("2026-01-31"), json!("2026-02-03")]);
    assert_eq!(old["identifier"], "OP-991");
    assert_eq!(old["grossAmount"].as_i64().or_else(|| old["grossAmount"].as_str()?.parse().ok()), Some(7120));
    assert_eq!(old["params"].as_str().map(|text| text.contains("Old Power")), Some(true), "{old}");
    assert_eq!(old["attachments"]["edges"][0]["node"]["filename"], "OP-991.pdf");
    let (status, _, pdf) = got(&server, old["temporaryUrl"].as_str().expect("a link")).await;
    assert_eq!((status, pdf), (StatusCode::OK, b"%PDF-1.4 from before".to_vec()));
    let one = async |token: &str, account: &str, kind: Value| {
        let variables = json!({ "n": account, "i": id.to_string(), "t": kind });
        server.ask(Some(token), ONE_BILL, variables).await["account"]["bill"]["__typename"].clone()
    };
    assert_eq!(one(&token, &ada.account, Value::Null).await, "PreKrakenBillType");
    assert_eq!(one(&token, &ada.account, json!("PRE_KRAKEN")).await, "PreKrakenBillType");
    assert_eq!(one(&token, &ada.account, json!("STATEMENT")).await, Value::Null);
    let bob = server.again(&world.bob).await;
    assert_eq!(one(&bob, &world.bob.account, Value::Null).await, Value::Null, "not his");
    let below = format!(
        "account(accountNumber: \"{}\") {{ bills(first: 9) {{ edges {{ node {{ ... on PreKrakenBillType {{
            attachments(PAGE) {{ totalCount }} }} }} }} }} }}",
        ada.account
    );
    bounds_its_pages(&server, &token, &below).await;
}
