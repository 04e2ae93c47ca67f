//! The winter discount for households on a low income: applied for once a winter, and credited two weeks later.

use kraken_api::domain::check;
use serde_json::{Value, json};

use crate::support::{Server, World, record};

const APPLY: &str = "mutation($n: String, $i: WarmHomeDiscountApplicationInputType) {
    createWarmHomeDiscountApplication(accountNumber: $n, applicationInputs: $i) {
        id errors { field errors { ... on SerializerErrorType { code message } } } } }";

async fn applied(server: &Server, token: &str, number: &str, grounds: Value) -> Value {
    let data = server.ask(Some(token), APPLY, json!({ "n": number, "i": grounds })).await;
    data["createWarmHomeDiscountApplication"].clone()
}

/// The field that is wrong, and how.
fn wrong(answer: &Value) -> String {
    let error = &answer["errors"][0];
    format!("{} {}", error["field"], error["errors"][0]["code"]).replace('"', "")
}

fn grounds(criteria: &str, component: Value) -> Value {
    json!({ "qualifyingCriteria": criteria, "qualifyingComponent": component })
}

async fn balance(server: &Server, world: &World) -> Value {
    let query = "query($n: String!) { account(accountNumber: $n) { balance
        transactions(first: 3) { edges { node { title amount reasonCode } } } } }";
    server.ask(Some(&world.staff), query, json!({ "n": world.ada.account })).await["account"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_credited_after_two_weeks_once_a_winter() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let (number, token) = (world.ada.account.clone(), world.ada.token.clone());
    let pension = grounds("SAVINGS_ELEMENT_OF_PENSION_CREDIT", Value::Null);
    let (a, b) = tokio::join!(
        applied(&server, &token, &number, pension.clone()),
        applied(&server, &token, &number, pension.clone())
    );
    let (made, refused) = if a["id"].is_null() { (b, a) } else { (a, b) };
    assert_eq!(made["errors"], json!([]));
    assert_eq!(wrong(&refused), "accountNumber unique");
    world.staff = server.on_day(13).await;
    server.work_off().await;
    assert_eq!(balance(&server, &world).await["balance"], 0);
    world.staff = server.on_day(15).await;
    server.work_off().await;
    let seen = balance(&server, &world).await;
    assert_eq!(seen["balance"], 15_000);
    let credit =
        json!({ "title": "Warm home discount", "amount": 15_000, "reasonCode": "WARM_HOME_DISCOUNT" });
    assert_eq!(seen["transactions"]["edges"], json!([{ "node": credit }]));
    record::read_back("createWarmHomeDiscountApplication");
    // The next winter is another scheme's.
    world.staff = server.on_day(250).await;
    assert_eq!(applied(&server, &world.staff, &number, pension).await["errors"], json!([]));
    for finding in check::run(&mut server.tx().await).await.expect("checked") {
        assert_eq!(finding.broken, 0, "{}", finding.rule);
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_application_is_told_field_by_field() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let emma = server.customer("emma@example.org", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    let (ada, token) = (&world.ada.account, &world.ada.token);
    let credit = || grounds("UNIVERSAL_CREDIT", json!("CARERS_ELEMENT"));
    for (number, grounds, expected) in [
        (&world.bob.account, credit(), "accountNumber does_not_exist"),
        (&"A-00000000".to_owned(), credit(), "accountNumber does_not_exist"),
        (ada, Value::Null, "qualifyingCriteria required"),
        (ada, json!({ "qualifyingComponent": "CARERS_ELEMENT" }), "qualifyingCriteria required"),
        (ada, grounds("UNIVERSAL_CREDIT", Value::Null), "qualifyingComponent required"),
        (ada, grounds("UNIVERSAL_CREDIT", json!("AGE_THRESHOLD")), "qualifyingComponent required"),
    ] {
        let answer = applied(&server, token, number, grounds).await;
        assert_eq!((answer["id"].clone(), wrong(&answer)), (Value::Null, expected.to_owned()));
    }
    let abroad = applied(&server, &emma.token, &emma.account, credit()).await;
    assert_eq!(wrong(&abroad), "accountNumber not_eligible");
    let variables = json!({ "n": ada, "i": credit() });
    assert_eq!(server.send(Some(&world.reader), APPLY, variables).await.codes(), ["KT-CT-1111"]);
    world.staff = server.on_day(60).await;
    let summer = applied(&server, &world.staff, &world.ada.account, credit()).await;
    assert_eq!(wrong(&summer), "applicationInputs closed");
}

#[tokio::test]
async fn a_household_that_has_gone_gets_nothing() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let credit = grounds("UNIVERSAL_CREDIT", json!("CARERS_ELEMENT"));
    assert_ne!(applied(&server, &world.ada.token, &world.ada.account, credit).await["id"], Value::Null);
    server.tamper("update accounts set status = 'DORMANT'").await;
    world.staff = server.on_day(15).await;
    server.work_off().await;
    assert_eq!(balance(&server, &world).await["balance"], 0);
}
