//! The collection of a debt as a whole: how it comes to be, what is tied to it, how it is held back and closed.

use serde_json::{Value, json};

use crate::support::debts::{LATE, day};
use crate::support::world::PASSWORD;
use crate::support::{Server, World, record};

const DETAILS: &str = "query($n: String!) { collectionProcessDetails(collectionProcessRecordNumber: $n) {
    collectionProcessRecordNumber isPaused isComplete isActive completionType pausedDays collectionProcessType
    targetObjectIdentifier associatedItems { itemType itemReference occurredAt extraDetails } } }";
const ACTIVATE: &str = "mutation($i: UpdateCollectionProcessRecordToActiveInputType!) {
    updateCollectionProcessRecordToActive(input: $i) { collectionProcessActivated { number status } } }";
const COMPLETE: &str = "mutation($i: UpdateCollectionProcessRecordToCompleteInputType!) {
    updateCollectionProcessRecordToComplete(input: $i) { collectionProcessComplete { number status } } }";
const ASSESS: &str = "mutation($i: AssessCollectionProcessRecordForPauseInputType!) {
    assessCollectionProcessRecordForPause(input: $i) { collectionProcessProcessed { number isPaused } } }";
const TIE: &str = "mutation($i: AssociateItemToCollectionProcessInputType!) {
    associateItemToCollectionProcess(input: $i) { collectionProcessAssociatedItem { number itemId } } }";

/// The day on which the reminders have run out.
const END: u64 = LATE + 36;

async fn details(server: &Server, token: &str, number: &str) -> Value {
    let data = server.ask(Some(token), DETAILS, json!({ "n": number })).await;
    data["collectionProcessDetails"].clone()
}

async fn refused(server: &Server, token: &str, document: &str, input: Value) -> String {
    server.send(Some(token), document, json!({ "i": input })).await.codes().join(" ")
}

async fn is_paused(server: &Server, token: &str, input: Value) -> bool {
    let data = server.ask(Some(token), ASSESS, json!({ "i": input })).await;
    let processed = &data["assessCollectionProcessRecordForPause"]["collectionProcessProcessed"];
    processed["isPaused"].as_bool().expect("yes or no")
}

/// The number of the newest collection, as the customer is told it.
async fn told(server: &Server) -> String {
    let letters = server.letters("debt-collection").await;
    let text = &letters.last().expect("a letter").body;
    text.split_whitespace().find(|word| word.starts_with("C-")).expect("a number").to_owned()
}

/// Ada was reminded of 52.50 until nothing was left to do: a session of staff and the number of the collection.
async fn run_out(server: &Server) -> (World, String, String) {
    let (world, _) = server.overdue().await;
    for days in [7, 21, 35] {
        server.on_day(LATE + days).await;
        server.work_off().await;
    }
    assert_eq!(server.letters("debt-collection").await.len(), 0, "the last reminder has only just gone out");
    let staff = server.on_day(END).await;
    server.work_off().await;
    let number = told(server).await;
    (world, staff, number)
}

#[tokio::test]
async fn a_debt_whose_reminders_have_run_out_is_collected_under_a_number() {
    let server = Server::start().await;
    let (world, staff, number) = run_out(&server).await;
    let ledger = server.main_ledger(&staff, &world.ada).await["number"].clone();
    let mut shown = json!({ "collectionProcessRecordNumber": number, "isPaused": false, "isComplete": false,
        "isActive": false, "completionType": null, "pausedDays": 0, "collectionProcessType": "LEDGER",
        "targetObjectIdentifier": ledger, "associatedItems": [] });
    assert_eq!(details(&server, &staff, &number).await, shown);
    server.on_day(END + 1).await;
    assert_eq!(server.letters("debt-collection").await.len(), 1, "it is opened once");

    let staff = server.on_day(END + 1).await;
    for reference in [Value::Null, json!(""), json!("  ")] {
        let input = json!({ "number": number, "externalReference": reference });
        assert_eq!(refused(&server, &staff, ACTIVATE, input).await, "KT-CT-11202");
    }
    let input = json!({ "number": number, "externalReference": "JIRA-1", "externalSourceName": "Ticketing" });
    for _ in 0..2 {
        let data = server.ask(Some(&staff), ACTIVATE, json!({ "i": input })).await;
        let active = json!({ "number": number, "status": "ACTIVE" });
        assert_eq!(data["updateCollectionProcessRecordToActive"]["collectionProcessActivated"], active);
    }
    shown["isActive"] = json!(true);
    assert_eq!(details(&server, &staff, &number).await, shown);
    record::read_back("updateCollectionProcessRecordToActive");

    let close =
        json!({ "number": number, "completionReason": "ENDED", "completionDetails": "Paid by her aunt." });
    for (field, code) in [("completionReason", "KT-CT-11203"), ("completionDetails", "KT-CT-11204")] {
        let mut input = close.clone();
        input[field] = Value::Null;
        assert_eq!(refused(&server, &staff, COMPLETE, input).await, code);
    }
    let other =
        json!({ "number": number, "completionReason": "CANCELLED", "completionDetails": "A mistake." });
    for input in [&close, &other] {
        let data = server.ask(Some(&staff), COMPLETE, json!({ "i": input })).await;
        let complete = json!({ "number": number, "status": "COMPLETE" });
        assert_eq!(data["updateCollectionProcessRecordToComplete"]["collectionProcessComplete"], complete);
    }
    shown["isActive"] = json!(false);
    shown["isComplete"] = json!(true);
    shown["completionType"] = json!("ENDED");
    assert_eq!(details(&server, &staff, &number).await, shown, "the first word counts");
    record::read_back("updateCollectionProcessRecordToComplete");
    let data = server.ask(Some(&staff), ACTIVATE, json!({ "i": input })).await;
    let status = &data["updateCollectionProcessRecordToActive"]["collectionProcessActivated"]["status"];
    assert_eq!(status, "COMPLETE", "what has ended does not begin again");
    assert!(!is_paused(&server, &staff, json!({ "number": number })).await);
}

#[tokio::test]
async fn a_collection_stops_while_something_stands_in_its_way() {
    let server = Server::start().await;
    let (world, staff, number) = run_out(&server).await;
    let input = json!({ "number": number });
    let resuming = json!({ "number": number, "allowUnpausing": true });
    assert!(!is_paused(&server, &staff, input.clone()).await, "she owes and nothing is in the way");
    let died =
        |is: bool| format!("update account_users set is_deceased = {is} where id = {}", world.ada.user_id);
    server.tamper(&died(true)).await;
    for _ in 0..2 {
        assert!(is_paused(&server, &staff, resuming.clone()).await);
    }
    assert_eq!(details(&server, &staff, &number).await["isPaused"], true);
    record::read_back("assessCollectionProcessRecordForPause");

    server.tamper(&died(false)).await;
    let staff = server.on_day(END + 3).await;
    assert!(is_paused(&server, &staff, input.clone()).await, "nobody allowed it to go on");
    assert_eq!(details(&server, &staff, &number).await["pausedDays"], 3);
    assert!(!is_paused(&server, &staff, resuming.clone()).await);
    let staff = server.on_day(END + 5).await;
    let shown = details(&server, &staff, &number).await;
    assert_eq!((&shown["isPaused"], &shown["pausedDays"]), (&json!(false), &json!(3)));

    server.pay(world.ada.account_id, 5250).await;
    assert!(is_paused(&server, &staff, resuming).await, "nothing is overdue");
    let staff = server.on_day(END + 6).await;
    let close = json!({ "number": number, "completionReason": "ENDED", "completionDetails": "Paid." });
    server.ask(Some(&staff), COMPLETE, json!({ "i": close })).await;
    let staff = server.on_day(END + 9).await;
    let shown = details(&server, &staff, &number).await;
    assert_eq!((&shown["isPaused"], &shown["pausedDays"]), (&json!(false), &json!(4)), "until it ended");
}

#[tokio::test]
async fn a_collection_stops_while_dunning_is_held_back() {
    let server = Server::start().await;
    let (world, staff, number) = run_out(&server).await;
    server.owe(world.ada.account_id, 5000).await;
    assert!(!is_paused(&server, &staff, json!({ "number": number })).await);
    let staff = server.on_day(END + LATE).await;
    server.work_off().await;
    let pause = "mutation($i: PauseDunningInputType!) { pauseDunning(input: $i) { pauseCreated } }";
    let input = json!({ "accountNumber": world.ada.account, "pathName": "STANDARD", "startDate": day(END + LATE),
        "stopDate": day(END + LATE + 5) });
    server.ask(Some(&staff), pause, json!({ "i": input })).await;
    let resuming = json!({ "number": number, "allowUnpausing": true });
    assert!(is_paused(&server, &staff, resuming.clone()).await);
    let staff = server.on_day(END + LATE + 5).await;
    assert!(!is_paused(&server, &staff, resuming).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_about_a_debt_is_tied_to_its_collection_once() {
    let server = Server::start().await;
    let (_, staff, number) = run_out(&server).await;
    let item = json!({ "number": number, "itemType": "TRANSACTIONAL_MESSAGING_TRIGGER", "itemReference": "mail-7",
        "occurredAt": "2026-04-01T10:00:00Z", "extraDetails": "{\"template\": \"last-warning\"}" });
    let (one, two) = tokio::join!(
        server.send(Some(&staff), TIE, json!({ "i": item })),
        server.send(Some(&staff), TIE, json!({ "i": item }))
    );
    let mut codes = [one.codes().join(" "), two.codes().join(" ")];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-11205"]);
    let tied = if one.codes().is_empty() { &one } else { &two };
    let tied = &tied.json["data"]["associateItemToCollectionProcess"]["collectionProcessAssociatedItem"];
    assert_eq!(tied["number"], number);
    assert!(tied["itemId"].is_string());
    let items = details(&server, &staff, &number).await["associatedItems"].clone();
    let shown = json!({ "itemType": "TRANSACTIONAL_MESSAGING_TRIGGER", "itemReference": "mail-7",
        "occurredAt": "2026-04-01T10:00:00+00:00", "extraDetails": "{\"template\":\"last-warning\"}" });
    assert_eq!(items, json!([shown]));
    record::read_back("associateItemToCollectionProcess");

    // That the supply ends is said, but not when.
    let ends = json!({ "number": number, "itemType": "CONTRACT_TERMINATION", "itemReference": "t-1" });
    server.ask(Some(&staff), TIE, json!({ "i": ends })).await;
    let reply = server.send(Some(&staff), DETAILS, json!({ "n": number })).await;
    assert_eq!(reply.codes(), ["KT-CT-11206"]);
    let mut when = ends.clone();
    when["itemReference"] = json!("t-2");
    when["extraDetails"] = json!("{\"lastDay\": \"2026-06-30\"}");
    server.ask(Some(&staff), TIE, json!({ "i": when })).await;
    let items = details(&server, &staff, &number).await["associatedItems"].clone();
    assert_eq!(items.as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_debt_that_goes_to_an_agency_is_being_collected() {
    let server = Server::start().await;
    let (world, staff) = server.overdue().await;
    let commence = "mutation($i: CommenceDCAProceedingInputType!) { commenceDcaProceeding(input: $i) {
        dcaProceedingCommencementStatus { accountNumber } } }";
    let input = json!({ "accountNumber": world.ada.account, "agency": "HARBOUR", "campaign": "LIVE_ARREARS",
        "isWhiteLabel": false, "dateStarted": day(LATE) });
    server.ask(Some(&staff), commence, json!({ "i": input })).await;
    let number = told(&server).await;
    let shown = details(&server, &staff, &number).await;
    assert_eq!((&shown["isActive"], &shown["collectionProcessType"]), (&json!(true), &json!("ACCOUNT")));
    assert_eq!(shown["targetObjectIdentifier"], world.ada.account);
}

#[tokio::test]
async fn collections_are_for_those_who_deal_with_debts() {
    let server = Server::start().await;
    let (world, staff, number) = run_out(&server).await;
    let reader = server.log_in(json!({ "email": "reader@example.org", "password": PASSWORD })).await;
    let ada = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    let inputs = |number: &str| {
        [
            (ACTIVATE, json!({ "number": number, "externalReference": "x" })),
            (COMPLETE, json!({ "number": number, "completionReason": "ENDED", "completionDetails": "x" })),
            (ASSESS, json!({ "number": number })),
            (TIE, json!({ "number": number, "itemType": "REACTIVATION_HISTORY", "itemReference": "x" })),
        ]
    };
    for (document, input) in inputs(&number) {
        for token in [&reader, &ada] {
            assert_eq!(refused(&server, token, document, input.clone()).await, "KT-CT-1111");
        }
    }
    for (document, input) in inputs("C-00000000") {
        assert_eq!(refused(&server, &staff, document, input).await, "KT-CT-11201");
    }
    let unknown = server.send(Some(&staff), DETAILS, json!({ "n": "C-00000000" })).await;
    assert_eq!(unknown.codes(), ["KT-CT-11201"]);
    assert_eq!(server.send(Some(&ada), DETAILS, json!({ "n": number })).await.codes(), ["KT-CT-1111"]);
    assert_eq!(details(&server, &reader, &number).await["isComplete"], false);
}
