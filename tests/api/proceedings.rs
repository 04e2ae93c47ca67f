//! Debts that an agency collects: who gets them, by which campaign, and what becomes of dunning meanwhile.

use kraken_api::domain::auth::organisations;
use kraken_api::domain::ledgers::charges::{self, SupplyCharge};
use kraken_api::domain::ledgers::open;
use kraken_api::platform::market;
use serde_json::{Value, json};

use crate::support::debts::{LATE, day};
use crate::support::world::Customer;
use crate::support::{Server, record};

const COMMENCE: &str = "mutation($i: CommenceDCAProceedingInputType!) { commenceDcaProceeding(input: $i) {
    dcaProceedingCommencementStatus { commencementStatus accountNumber ledgerNumber agency campaign } } }";
const UPDATE: &str = "mutation($i: UpdateDCAProceedingInputType!) { updateDcaProceeding(input: $i) {
    dcaProceedingUpdateStatus { commencementStatus accountNumber } } }";
const CLOSE: &str = "mutation($i: CloseDCAProceedingInputType!) { closeDcaProceeding(input: $i) {
    dcaProceedingClosureStatus { accountNumber ledgerNumber } } }";
const SEEN: &str = "query($n: String!) { account(accountNumber: $n) { debtCollectionProceedings {
    campaign amount startedAt stoppedAt stopReason agency { name code isActive }
    collectionCampaign { code displayName deprecatedAt requiresFieldVisit } } } }";

fn given(number: &str, agency: &str, campaign: &str) -> Value {
    json!({ "accountNumber": number, "agency": agency, "campaign": campaign, "isWhiteLabel": false,
        "dateStarted": day(LATE), "notes": "Try the evenings." })
}

fn with(input: &Value, field: &str, value: Value) -> Value {
    let mut changed = input.clone();
    changed[field] = value;
    changed
}

fn ended(number: &str, agency: &str) -> Value {
    json!({ "accountNumber": number, "agency": agency, "stopReason": "GONE_AWAY", "stoppedDate": day(LATE) })
}

async fn refused(server: &Server, token: &str, document: &str, input: &Value) -> String {
    server.send(Some(token), document, json!({ "i": input })).await.codes().join(" ")
}

async fn seen(server: &Server, token: &str, number: &str) -> Value {
    let data = server.ask(Some(token), SEEN, json!({ "n": number })).await;
    data["account"]["debtCollectionProceedings"].clone()
}

async fn dunning(server: &Server, staff: &str, number: &str) -> Value {
    let query = "query($n: String!) { dunningProcess(accountNumber: $n) { status previousStep } }";
    server.ask(Some(staff), query, json!({ "n": number })).await["dunningProcess"].clone()
}

/// A customer in Australia who owes 55.00 for electricity and 33.00 for gas, and the numbers of the two ledgers.
async fn two_debts(server: &Server) -> (Customer, String, String) {
    let cy = server.customer("cy@example.org", "Cy Lamarr", "ORIGIN").await;
    let market = market::by_code("au").expect("a market");
    let kind = market.ledgers.iter().find(|kind| kind.ledger_type == "AUS_GAS_LEDGER").expect("a kind");
    let mut tx = server.tx().await;
    open::customer_ledger(&mut tx, &server.random, cy.account_id, market, kind).await.expect("a ledger");
    for (net, ledger_type) in [(5000, None), (3000, Some("AUS_GAS_LEDGER"))] {
        let new = SupplyCharge { supply: "gas", title: "Energy", net, is_export: false, ledger_type };
        charges::for_supply(&mut tx, cy.account_id, &new).await.expect("charged");
    }
    tx.commit().await.expect("committed");
    let query = "query($n: String!) { account(accountNumber: $n) { ledgers { number } } }";
    let data = server.ask(Some(&cy.token), query, json!({ "n": cy.account })).await;
    let number =
        |place: usize| data["account"]["ledgers"][place]["number"].as_str().expect("a number").to_owned();
    (cy, number(0), number(1))
}

#[tokio::test]
async fn dunning_waits_while_an_agency_collects() {
    let server = Server::start().await;
    let (world, staff) = server.overdue().await;
    let number = &world.ada.account;
    let input = given(number, "Harbour Recoveries", "LIVE_ARREARS");
    let data = server.ask(Some(&staff), COMMENCE, json!({ "i": input })).await;
    assert_eq!(
        data["commenceDcaProceeding"]["dcaProceedingCommencementStatus"],
        json!({ "commencementStatus": true, "accountNumber": number, "ledgerNumber": null,
            "agency": "HARBOUR", "campaign": "LIVE_ARREARS" })
    );
    let now = format!("{}T09:30:00+00:00", day(LATE));
    let mut shown = json!([{ "campaign": "LIVE", "amount": 5250, "startedAt": now, "stoppedAt": null,
        "stopReason": null, "agency": { "name": "Harbour Recoveries", "code": "HARBOUR", "isActive": true },
        "collectionCampaign": { "code": "LIVE_ARREARS", "displayName": "Arrears of customers on supply",
            "deprecatedAt": null, "requiresFieldVisit": false } }]);
    assert_eq!(seen(&server, &staff, number).await, shown);
    record::read_back("commenceDcaProceeding");
    let orders = server.letters("agency-order").await;
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].recipient, "cases@harbour-recoveries.example");
    let order = &orders[0].body;
    assert!(
        order.contains("GBP 52.50") && order.contains("your own name") && order.contains("evenings"),
        "{order}"
    );

    let staff = server.on_day(LATE + 10).await;
    let waiting = json!({ "status": "PAUSED", "previousStep": "REMINDER" });
    server.work_off().await;
    assert_eq!(dunning(&server, &staff, number).await, waiting);
    let ada = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    assert_eq!(seen(&server, &ada, number).await, shown, "customers see what is done about their debts");

    let mut input = ended(number, "HARBOUR");
    input["stoppedDate"] = json!(day(LATE + 9));
    input["notifyDca"] = json!(true);
    let data = server.ask(Some(&staff), CLOSE, json!({ "i": input })).await;
    let closed = json!({ "accountNumber": number, "ledgerNumber": null });
    assert_eq!(data["closeDcaProceeding"]["dcaProceedingClosureStatus"], closed);
    // In Britain that day begins an hour earlier: it is summer.
    shown[0]["stoppedAt"] = json!(format!("{}T23:00:00+00:00", day(LATE + 8)));
    shown[0]["stopReason"] = json!("GONE_AWAY");
    assert_eq!(seen(&server, &staff, number).await, shown);
    record::read_back("closeDcaProceeding");
    let orders = server.letters("agency-order").await;
    assert_eq!(orders.len(), 2);
    assert!(orders[1].body.contains("gone away"), "{}", orders[1].body);
    let staff = server.on_day(LATE + 11).await;
    server.work_off().await;
    let goes_on = json!({ "status": "ACTIVE", "previousStep": "SECOND_REMINDER" });
    assert_eq!(dunning(&server, &staff, number).await, goes_on);
}

#[tokio::test]
async fn nothing_is_dunned_anew_while_an_agency_collects() {
    let server = Server::start().await;
    let world = server.world().await;
    server.owe(world.ada.account_id, 5000).await;
    let staff = server.on_day(1).await;
    let mut input = given(&world.ada.account, "HARBOUR", "LIVE_ARREARS");
    input["dateStarted"] = json!(day(0));
    input["amount"] = json!(5250);
    input["isWhiteLabel"] = json!(true);
    server.ask(Some(&staff), COMMENCE, json!({ "i": input })).await;
    assert!(server.letters("agency-order").await[0].body.contains("our name"));
    let started = &seen(&server, &staff, &world.ada.account).await[0]["startedAt"];
    assert_eq!(started, &json!(format!("{}T00:00:00+00:00", day(0))));
    let staff = server.on_day(LATE).await;
    server.work_off().await;
    assert_eq!(dunning(&server, &staff, &world.ada.account).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debt_goes_to_one_agency_that_can_collect_it() {
    let server = Server::start().await;
    let (world, staff) = server.overdue().await;
    let (ada, bob) = (&world.ada.account, &world.bob.account);
    let ledger =
        async |token: &str, customer: &Customer| json!(server.main_ledger(token, customer).await["number"]);
    let (hers, his) = (ledger(&staff, &world.ada).await, ledger(&staff, &world.bob).await);
    let good = given(ada, "HARBOUR", "LIVE_ARREARS");
    for (input, code) in [
        (given("A-00000000", "HARBOUR", "LIVE_ARREARS"), "KT-CT-11607"),
        (with(&good, "ledgerNumber", json!("L-00000000")), "KT-CT-11607"),
        (with(&good, "ledgerNumber", his), "KT-CT-11608"),
        (given(ada, "Nobody & Sons", "LIVE_ARREARS"), "KT-CT-11602"),
        (given(ada, "NORDKAI", "LIVE_ARREARS"), "KT-CT-11602"),
        (given(ada, "HARBOUR", "DOORSTEP"), "KT-CT-11606"),
        (given(ada, "HARBOUR", "CAROLS"), "KT-CT-11606"),
        (given(ada, "OLDGATE", "FINAL_BILL"), "KT-CT-11606"),
        (given(ada, "FENLAND", "PREPAY_SWITCH"), "KT-CT-11606"),
        (with(&good, "dateStarted", json!(day(LATE + 1))), "KT-CT-1605"),
        (with(&good, "dateStarted", json!("2026-03-01")), "KT-CT-1605"),
        (with(&good, "dateStarted", json!("yesterday")), "KT-CT-1605"),
        (with(&good, "amount", json!(0)), "KT-CT-1605"),
        (with(&good, "amount", json!(5251)), "KT-CT-1605"),
        (given(bob, "HARBOUR", "LIVE_ARREARS"), "KT-CT-1605"),
    ] {
        assert_eq!(refused(&server, &staff, COMMENCE, &input).await, code, "{input}");
    }
    assert_eq!(seen(&server, &staff, ada).await, json!([]));
    // The account as a whole and one of its ledgers are the same debt.
    let part = with(&good, "ledgerNumber", hers);
    let (one, two) =
        tokio::join!(refused(&server, &staff, COMMENCE, &good), refused(&server, &staff, COMMENCE, &part));
    let mut codes = [one, two];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-11601"]);
    assert_eq!(seen(&server, &staff, ada).await.as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_an_agency_is_changed_and_ended_where_it_is_clear_which() {
    let server = Server::start().await;
    let world = server.world().await;
    let (cy, power, gas) = two_debts(&server).await;
    let staff = server.on_day(LATE).await;
    let (number, bob) = (&cy.account, &world.bob.account);
    for (ledger, amount) in [(&power, 5500), (&gas, 3300)] {
        let input = with(&given(number, "BANKSIA", "LIVE_ARREARS"), "ledgerNumber", json!(ledger));
        server.ask(Some(&staff), COMMENCE, json!({ "i": with(&input, "amount", json!(amount)) })).await;
    }
    let change =
        json!({ "accountNumber": number, "campaign": "FINAL_BILL", "amount": 1000, "notes": "Moved out." });
    assert_eq!(refused(&server, &staff, UPDATE, &change).await, "KT-CT-11605");
    let end = ended(number, "BANKSIA");
    assert_eq!(refused(&server, &staff, CLOSE, &end).await, "KT-CT-11605");
    for (input, code) in [
        (ended("A-00000000", "BANKSIA"), "KT-CT-4178"),
        (ended(number, "HARBOUR"), "KT-CT-11602"),
        (ended(bob, "HARBOUR"), "KT-CT-11604"),
        (with(&end, "campaign", json!("FINAL_BILL")), "KT-CT-11604"),
        (with(&with(&end, "ledgerNumber", json!(gas)), "stopReason", json!("BOREDOM")), "KT-CT-11603"),
        (with(&with(&end, "ledgerNumber", json!(gas)), "stoppedDate", json!(day(LATE - 1))), "KT-CT-11603"),
        (with(&with(&end, "ledgerNumber", json!(gas)), "stoppedDate", json!(day(LATE + 9))), "KT-CT-11603"),
    ] {
        assert_eq!(refused(&server, &staff, CLOSE, &input).await, code, "{input}");
    }
    let (one, two) = {
        let input = with(&end, "ledgerNumber", json!(gas));
        tokio::join!(refused(&server, &staff, CLOSE, &input), refused(&server, &staff, CLOSE, &input))
    };
    let mut codes = [one, two];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-11604"]);
    let orders = server.letters("agency-order").await.len();
    assert_eq!(orders, 2, "nobody asked for the agency to be told of the end");

    for (input, code) in [
        (json!({ "accountNumber": "A-00000000", "notes": "?" }), "KT-CT-11604"),
        (json!({ "accountNumber": bob, "notes": "?" }), "KT-CT-11604"),
        (json!({ "accountNumber": number }), "KT-CT-11610"),
        (json!({ "accountNumber": number, "campaign": "COURT" }), "KT-CT-11610"),
        (json!({ "accountNumber": number, "amount": 5501 }), "KT-CT-11610"),
        (json!({ "accountNumber": number, "amount": -1 }), "KT-CT-11610"),
    ] {
        assert_eq!(refused(&server, &staff, UPDATE, &input).await, code, "{input}");
    }
    let data = server.ask(Some(&staff), UPDATE, json!({ "i": change })).await;
    let status = json!({ "commencementStatus": true, "accountNumber": number });
    assert_eq!(data["updateDcaProceeding"]["dcaProceedingUpdateStatus"], status);
    let both = seen(&server, &staff, number).await;
    let active = both.as_array().expect("proceedings").iter().find(|each| each["stoppedAt"].is_null());
    let active = active.expect("one that is under way");
    assert_eq!(
        (&active["amount"], &active["collectionCampaign"]["code"]),
        (&json!(1000), &json!("FINAL_BILL"))
    );
    assert_eq!(active["campaign"], "FINAL_DEBT_COLLECTION");
    record::read_back("updateDcaProceeding");
    let orders = server.letters("agency-order").await;
    assert!(
        orders[2].body.contains("AUD 10.00") && orders[2].body.contains("Moved out."),
        "{}",
        orders[2].body
    );
}

#[tokio::test]
async fn debts_are_given_away_by_those_who_deal_with_debts() {
    let server = Server::start().await;
    let (world, _) = server.overdue().await;
    let number = &world.ada.account;
    let reader = server
        .log_in(json!({ "email": "reader@example.org", "password": crate::support::world::PASSWORD }))
        .await;
    let ada = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    let (_, looker) = server.organisation("Lookers Ltd", &["view-accounts"]).await;
    let (id, desk) = server.organisation("Debt Desk Ltd", &["view-accounts", "manage-debt"]).await;
    let input = given(number, "HARBOUR", "LIVE_ARREARS");
    for (document, input) in [
        (COMMENCE, &input),
        (UPDATE, &json!({ "accountNumber": number, "notes": "?" })),
        (CLOSE, &ended(number, "HARBOUR")),
    ] {
        for token in [&reader, &ada, &looker] {
            assert_eq!(refused(&server, token, document, input).await, "KT-CT-1111");
        }
    }
    assert_eq!(refused(&server, &desk, COMMENCE, &input).await, "KT-CT-11607", "not granted");
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    assert_eq!(refused(&server, &desk, COMMENCE, &input).await, "");
    assert_eq!(seen(&server, &desk, number).await[0]["agency"]["code"], "HARBOUR");
}
