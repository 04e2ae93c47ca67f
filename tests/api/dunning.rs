//! Dunning: who is reminded of what and when, and how it is held back and stopped.

use kraken_api::domain::auth::{organisations, staff};
use kraken_api::domain::ledgers::charges::{self, SupplyCharge};
use kraken_api::domain::ledgers::reminders::{self, ByHand, StartError};
use serde_json::{Value, json};

use crate::support::debts::{LATE, day};
use crate::support::world::PASSWORD;
use crate::support::{Server, record};

const PROCESS: &str = "query($n: String!) { dunningProcess(accountNumber: $n) {
    pathName startDate status createdBy createdNote withdrawnBy concludedAt createdAt updatedAt previousStep nextStep badDebt
    actions { stepName usedChannel dueDate actionedAt createdAt } } }";
const PAUSE: &str = "mutation($i: PauseDunningInputType!) { pauseDunning(input: $i) { pauseCreated } }";
const WITHDRAW: &str =
    "mutation($i: WithdrawDunningInputType!) { withdrawDunning(input: $i) { withdrawSuccessful } }";

impl Server {
    async fn dunned(&self, staff: &str, number: &str) -> Value {
        self.ask(Some(staff), PROCESS, json!({ "n": number })).await["dunningProcess"].clone()
    }

    async fn refused(&self, staff: &str, document: &str, input: Value) -> String {
        self.send(Some(staff), document, json!({ "i": input })).await.codes().join(" ")
    }
}

fn aim(number: &str) -> Value {
    json!({ "accountNumber": number, "pathName": "STANDARD", "note": "asked for by phone" })
}

fn days(number: &str, start: &str, stop: &str) -> Value {
    let mut input = aim(number);
    input["startDate"] = json!(start);
    input["stopDate"] = json!(stop);
    input
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_overdue_is_dunned_once_step_by_step_however_many_servers_there_are() {
    let server = Server::start().await;
    let world = server.world().await;
    let (number, twin) = (&world.ada.account, server.twin());
    server.owe(world.ada.account_id, 5000).await;
    // Bob's debt is below the threshold.
    server.owe(world.bob.account_id, 1000).await;
    let staff = server.on_day(LATE - 1).await;
    server.work_off().await;
    assert_eq!(server.dunned(&staff, number).await, Value::Null, "not before terms and grace are over");

    let staff = server.on_day(LATE).await;
    tokio::join!(server.work_off(), twin.work_off());
    let process = server.dunned(&staff, number).await;
    assert_eq!(process["pathName"], "STANDARD");
    assert_eq!(process["startDate"], day(LATE));
    assert_eq!(process["status"], "ACTIVE");
    assert_eq!(process["badDebt"], 5250);
    assert_eq!(process["createdNote"], "GBP 52.50 overdue.");
    assert_eq!(process["createdBy"], Value::Null, "by itself");
    assert_eq!(
        (&process["previousStep"], &process["nextStep"]),
        (&json!("REMINDER"), &json!("SECOND_REMINDER"))
    );
    let due: Vec<&Value> =
        process["actions"].as_array().expect("steps").iter().map(|step| &step["dueDate"]).collect();
    assert_eq!(
        due,
        [&json!(day(LATE)), &json!(day(LATE + 7)), &json!(day(LATE + 21)), &json!(day(LATE + 35))]
    );
    assert_eq!(process["actions"][0]["usedChannel"], "EMAIL");
    let letters = server.letters("dunning").await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].recipient, world.ada.email);
    assert!(letters[0].body.contains("GBP 52.50") && letters[0].body.contains(number), "{}", letters[0].body);
    assert_eq!(server.dunned(&staff, &world.bob.account).await, Value::Null);

    // Three days late, so that what follows is three days later too; Ada has no phone, so that it is mail.
    let staff = server.on_day(LATE + 10).await;
    tokio::join!(server.work_off(), twin.work_off());
    let process = server.dunned(&staff, number).await;
    assert_eq!(process["previousStep"], "SECOND_REMINDER");
    assert_eq!(process["actions"][1]["usedChannel"], "EMAIL");
    assert_eq!(process["actions"][2]["dueDate"], day(LATE + 24));
    assert_eq!(server.letters("dunning").await.len(), 2);

    for (days, letters) in [(24, 3), (38, 4), (60, 4)] {
        server.on_day(LATE + days).await;
        assert_eq!(server.letters("dunning").await.len(), letters, "{days}");
    }
    let staff = server.on_day(LATE + 90).await;
    server.work_off().await;
    let process = server.dunned(&staff, number).await;
    assert_eq!(process["status"], "CONCLUDED");
    assert_eq!(process["nextStep"], Value::Null);
    assert!(process["concludedAt"].is_string());
    assert_eq!(server.letters("dunning").await.len(), 4, "the same debt is not dunned again");
}

#[tokio::test]
async fn staff_start_to_dun_what_is_below_the_threshold() {
    let server = Server::start().await;
    let world = server.world().await;
    let bob = &world.bob;
    server.owe(bob.account_id, 1000).await;
    let start = async |by: &str, path: &str, note: &str| {
        let mut tx = server.tx().await;
        let clerk = staff::by_email(&mut tx, by).await.expect("looked up").expect("staff");
        let what = ByHand { account_number: &bob.account, ledger_number: None, path, note };
        let started = reminders::start_by_hand(&mut tx, &clerk, &what).await;
        if started.is_ok() {
            tx.commit().await.expect("committed");
        }
        started
    };
    let clerk = "STAFF@example.org";
    assert!(matches!(start(clerk, "STANDARD", "x").await, Err(StartError::NothingOverdue)), "not yet");
    let token = server.on_day(LATE).await;
    server.work_off().await;
    assert_eq!(server.dunned(&token, &bob.account).await, Value::Null);
    assert!(matches!(start("reader@example.org", "STANDARD", "x").await, Err(StartError::Forbidden)));
    assert!(matches!(start(clerk, "NONE", "x").await, Err(StartError::UnknownPath)));
    assert!(matches!(start(clerk, "STANDARD", " ").await, Err(StartError::NoNote)));
    let (one, two) =
        tokio::join!(start(clerk, "STANDARD", "moves out"), start(clerk, "STANDARD", "moves out"));
    assert!(one.is_ok() != two.is_ok(), "once");
    let process = server.dunned(&token, &bob.account).await;
    assert_eq!((&process["createdBy"], &process["createdNote"]), (&json!("Somebody"), &json!("moves out")));
    assert_eq!((&process["badDebt"], &process["status"]), (&json!(1050), &json!("ACTIVE")));
    server.work_off().await;
    let nobody = {
        let mut tx = server.tx().await;
        staff::by_email(&mut tx, "nobody@example.org").await.expect("looked up")
    };
    assert_eq!(nobody, None);
}

#[tokio::test]
async fn a_debt_that_is_settled_is_dunned_no_longer_and_a_new_one_is() {
    let server = Server::start().await;
    let (world, staff) = server.overdue().await;
    let number = &world.ada.account;
    server.pay(world.ada.account_id, 5250).await;
    server.owe(world.ada.account_id, 3000).await;
    let first = server.dunned(&staff, number).await;
    let staff = server.on_day(LATE + 7).await;
    server.work_off().await;
    let process = server.dunned(&staff, number).await;
    assert_eq!(process["status"], "CONCLUDED");
    assert_eq!(process["createdAt"], first["createdAt"]);
    assert_eq!(server.letters("dunning").await.len(), 1);
    let staff = server.on_day(LATE + LATE).await;
    server.work_off().await;
    let process = server.dunned(&staff, number).await;
    assert_eq!((&process["status"], &process["badDebt"]), (&json!("ACTIVE"), &json!(3150)));
}

#[tokio::test]
async fn a_pause_holds_a_process_back_and_puts_its_steps_off() {
    let server = Server::start().await;
    let (world, staff) = server.overdue().await;
    let number = &world.ada.account;
    let pause = async |staff: &str, start: u64, stop: u64| {
        server.refused(staff, PAUSE, days(number, &day(start), &day(stop))).await
    };
    assert_eq!(pause(&staff, LATE - 1, LATE + 9).await, "KT-CT-11304", "from before today");
    assert_eq!(pause(&staff, LATE + 9, LATE + 9).await, "KT-CT-11304", "for no day");
    let input = days(number, &day(LATE), &day(LATE + 10));
    let done = server.ask(Some(&staff), PAUSE, json!({ "i": input })).await;
    assert_eq!(done["pauseDunning"]["pauseCreated"], true);
    let process = server.dunned(&staff, number).await;
    assert_eq!(process["status"], "PAUSED");
    assert_eq!(process["actions"][0]["dueDate"], day(LATE), "what was done stays done");
    assert_eq!(process["actions"][1]["dueDate"], day(LATE + 17));
    record::read_back("pauseDunning");
    assert_eq!(pause(&staff, LATE + 9, LATE + 12).await, "KT-CT-11305", "paused already");
    assert_eq!(pause(&staff, LATE, LATE + 1).await, "KT-CT-11305", "within the other");
    assert_eq!(server.dunned(&staff, number).await, process, "what was refused changes nothing");

    // The day on which a pause stops is free again.
    let staff = server.on_day(LATE + 10).await;
    assert_eq!(server.dunned(&staff, number).await["status"], "ACTIVE");
    assert_eq!(pause(&staff, LATE + 10, LATE + 12).await, "");
    server.on_day(LATE + 18).await;
    assert_eq!(server.letters("dunning").await.len(), 1);
    server.on_day(LATE + 19).await;
    assert_eq!(server.letters("dunning").await.len(), 2);
}

#[tokio::test]
async fn a_process_is_withdrawn_once_and_not_after_formal_notice() {
    let server = Server::start().await;
    let (world, staff) = server.overdue().await;
    let number = &world.ada.account;
    let (one, two) = tokio::join!(
        server.send(Some(&staff), WITHDRAW, json!({ "i": aim(number) })),
        server.send(Some(&staff), WITHDRAW, json!({ "i": aim(number) })),
    );
    let mut codes = [one.codes().join(" "), two.codes().join(" ")];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-11302"]);
    let process = server.dunned(&staff, number).await;
    assert_eq!(process["status"], "WITHDRAWN");
    assert_eq!(process["withdrawnBy"], "Somebody");
    assert_eq!(process["nextStep"], Value::Null);
    record::read_back("withdrawDunning");
    let done = days(number, &day(LATE), &day(LATE + 1));
    assert_eq!(server.refused(&staff, PAUSE, done).await, "KT-CT-11302");

    server.owe(world.ada.account_id, 5000).await;
    for days in [LATE, LATE + 7, LATE + 21] {
        server.on_day(LATE + days).await;
        server.work_off().await;
    }
    let staff = server.on_day(LATE + LATE + 22).await;
    assert_eq!(server.dunned(&staff, number).await["previousStep"], "FORMAL_NOTICE");
    assert_eq!(server.refused(&staff, WITHDRAW, aim(number)).await, "KT-CT-11306");
    assert_eq!(server.dunned(&staff, number).await["status"], "ACTIVE");
}

#[tokio::test]
async fn what_names_no_single_process_is_refused() {
    let server = Server::start().await;
    let (world, staff) = server.overdue().await;
    let number = &world.ada.account;
    let (mut other_path, nobodys) = (aim(number), aim("A-00000000"));
    other_path["pathName"] = json!("GENTLE");
    let pause_of = |aim: &Value| {
        let mut input = aim.clone();
        input["startDate"] = json!(day(LATE));
        input["stopDate"] = json!(day(LATE + 1));
        input
    };
    for (input, code) in [(&nobodys, "KT-CT-4178"), (&other_path, "KT-CT-11301")] {
        assert_eq!(server.refused(&staff, WITHDRAW, input.clone()).await, code);
        assert_eq!(server.refused(&staff, PAUSE, pause_of(input)).await, code);
    }
    // A second ledger of the same account on the same path: nothing says which of the two is meant.
    let mut tx = server.tx().await;
    let second = "with posted as (
            insert into ledger_accounts (owner, market, currency, created_at)
            values ('customer', 'gb', 'GBP', now()) returning id
        ), ledger as (
            insert into ledgers (id, account_id, number, name, ledger_type, affects_account_balance, accepts_payments,
                supports_statements, supports_invoices, created_at)
            select id, $1, 'L-77777777', 'Heat', 'HEAT_LEDGER', true, true, true, false, now() from posted returning id
        ) insert into ledger_balances (ledger_account_id) select id from posted";
    sqlx::query(second).bind(world.ada.account_id).execute(&mut tx).await.expect("a ledger");
    let heat = SupplyCharge {
        supply: "heat",
        title: "Heat",
        net: 9000,
        is_export: false,
        ledger_type: Some("HEAT_LEDGER"),
    };
    charges::for_supply(&mut tx, world.ada.account_id, &heat).await.expect("charged");
    tx.commit().await.expect("committed");
    let staff = server.on_day(LATE + LATE).await;
    server.work_off().await;
    assert_eq!(server.refused(&staff, WITHDRAW, aim(number)).await, "KT-CT-11303");
    let mut input = aim(number);
    input["startDate"] = json!(day(LATE + LATE));
    input["stopDate"] = json!(day(LATE + LATE + 1));
    assert_eq!(server.refused(&staff, PAUSE, input).await, "KT-CT-11303");
}

#[tokio::test]
async fn dunning_is_for_those_who_deal_with_debts() {
    let server = Server::start().await;
    let (world, staff) = server.overdue().await;
    let number = &world.ada.account;
    let reader = server.log_in(json!({ "email": "reader@example.org", "password": PASSWORD })).await;
    let ada = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    let (id, organisation) = server.organisation("Advice Ltd", &["view-accounts"]).await;
    assert_eq!(server.refused(&reader, WITHDRAW, aim(number)).await, "KT-CT-1111");
    assert_eq!(server.refused(&ada, WITHDRAW, aim(number)).await, "KT-CT-1111");
    assert_eq!(server.send(Some(&ada), PROCESS, json!({ "n": number })).await.codes(), ["KT-CT-1111"]);
    assert_eq!(server.dunned(&organisation, number).await, Value::Null, "not granted");
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    assert_eq!(server.dunned(&organisation, number).await["status"], "ACTIVE");
    assert_eq!(server.dunned(&staff, number).await["status"], "ACTIVE", "nothing was withdrawn");
}

const POSITION: &str = "query($n: String!, $d: Date) { accountDebtPosition(accountNumber: $n, asOn: $d) {
    accountNumber ledgerDebtPositions { ledgerNumber delinquentDebtAmount status } } }";

#[tokio::test]
async fn a_debt_is_delinquent_once_its_terms_and_grace_are_over() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = &world.ada.account;
    server.owe(world.ada.account_id, 5000).await;
    server.on_day(10).await;
    server.pay(world.ada.account_id, 1000).await;
    server.owe(world.ada.account_id, 2000).await;
    let staff = server.on_day(LATE + 30).await;
    let on = async |days: u64| {
        let data = server.ask(Some(&staff), POSITION, json!({ "n": number, "d": day(days) })).await;
        let ledgers = data["accountDebtPosition"]["ledgerDebtPositions"].as_array().expect("ledgers").clone();
        assert_eq!(ledgers.len(), 1);
        (ledgers[0]["delinquentDebtAmount"].clone(), ledgers[0]["status"].clone())
    };
    let known = |amount: i64| (json!(amount), json!("OK"));
    let unknown = (Value::Null, json!("UNAVAILABLE"));
    assert_eq!(on(LATE - 1).await, known(0));
    assert_eq!(on(LATE).await, known(4250), "the oldest charge is settled first");
    assert_eq!(on(LATE + 9).await, known(4250));
    assert_eq!(on(LATE + 10).await, known(6350));
    assert_eq!(on(LATE + 31).await, unknown, "that day has not come");
    let before = json!({ "n": number, "d": "2026-03-01" });
    let data = server.ask(Some(&staff), POSITION, before).await;
    let first = &data["accountDebtPosition"]["ledgerDebtPositions"][0];
    assert_eq!(first["status"], "UNAVAILABLE", "there was no such ledger");
    let data = server.ask(Some(&staff), POSITION, json!({ "n": number })).await;
    assert_eq!(data["accountDebtPosition"]["accountNumber"], json!(number));
    assert_eq!(data["accountDebtPosition"]["ledgerDebtPositions"][0]["delinquentDebtAmount"], 6350);

    let refused = async |token: &str, number: &str| {
        server.send(Some(token), POSITION, json!({ "n": number })).await.codes().join(" ")
    };
    assert_eq!(refused(&staff, "A-00000000").await, "KT-CT-4178");
    let (_, organisation) = server.organisation("Advice Ltd", &["view-accounts"]).await;
    assert_eq!(refused(&organisation, number).await, "KT-CT-4178", "not granted");
    sqlx::query("update dunning_paths set is_active = false where market = 'gb'")
        .execute(server.database.pool())
        .await
        .expect("switched off");
    assert_eq!(refused(&staff, number).await, "KT-CT-11613");
}
