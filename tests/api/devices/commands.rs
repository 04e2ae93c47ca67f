//! Boosts, and who controls a device.

use chrono::TimeDelta;
use kraken_api::domain::auth::organisations;
use serde_json::json;

use crate::support::devices::car;
use crate::support::{Server, record};

const UPDATE: &str =
    "mutation($i: UpdateBoostChargeInput) { updateBoostCharge(input: $i) { id status { currentState } } }";
const TRIGGER: &str =
    "mutation($i: AccountNumberInput) { triggerBoostCharge(input: $i) { krakenflexDevice { status } } }";
const DELETE: &str = "mutation($i: DeleteBoostChargeInput) { deleteBoostCharge(input: $i) { krakenflexDevice { krakenflexDeviceId } } }";
const CONTROL: &str = "mutation($i: SmartControlInput!) { updateDeviceSmartControl(input: $i) { id status { isSuspended currentState } } }";
const SUSPEND: &str =
    "mutation($i: AccountNumberInput) { suspendControl(input: $i) { krakenflexDevice { suspended } } }";
const RESUME: &str =
    "mutation($i: AccountNumberInput) { resumeControl(input: $i) { krakenflexDevice { suspended } } }";
const PLANNED: &str =
    "query($n: String!) { plannedDispatches(accountNumber: $n) { start end delta meta { source } } }";
const DONE: &str =
    "query($n: String!) { completedDispatches(accountNumber: $n) { start end delta meta { source } } }";

#[tokio::test]
async fn a_boost_begins_a_little_later_and_is_called_off() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-PARKED")).await;
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let boost = json!({ "i": { "deviceId": id, "action": "BOOST" } });
    let data = server.ask(Some(&token), UPDATE, boost.clone()).await;
    assert_eq!(data["updateBoostCharge"]["id"], id);
    assert_eq!(data["updateBoostCharge"]["status"]["currentState"], "SMART_CONTROL_CAPABLE");
    let (code, why) = server.refusal_of(&token, UPDATE, boost).await;
    assert_eq!(
        (code.as_str(), &why["boostChargeRefusalReasons"]),
        ("KT-CT-4357", &json!(["BC_BOOST_CHARGE_IN_PROGRESS"]))
    );
    server.time_passes(TimeDelta::minutes(20)).await;
    assert_eq!(server.state_of(&token, ada).await, "BOOSTING");
    let planned = server.ask(Some(&token), PLANNED, json!({ "n": ada.account })).await;
    assert_eq!(planned["plannedDispatches"][0]["meta"]["source"], "bump-charge");
    record::read_back("updateBoostCharge");

    let cancel = json!({ "i": { "deviceId": id, "action": "CANCEL" } });
    server.ask(Some(&token), UPDATE, cancel.clone()).await;
    assert_eq!(server.refusal_of(&token, UPDATE, cancel).await.0, "KT-CT-4354");
    server.time_passes(TimeDelta::minutes(2)).await;
    assert_ne!(server.state_of(&token, ada).await, "BOOSTING");
    let done = server.ask(Some(&token), DONE, json!({ "n": ada.account })).await;
    assert_eq!(done["completedDispatches"][0]["meta"]["source"], "bump-charge");
    let kwh: f64 =
        done["completedDispatches"][0]["delta"].as_str().expect("a number").parse().expect("a number");
    assert!((-2.6..-2.3).contains(&kwh), "twenty minutes at 7.4 kW: {kwh}");
}

#[tokio::test]
async fn a_boost_by_account_ends_when_the_car_is_full() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.device(ada, car("5YJ3-PARKED")).await;
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let by_account = json!({ "i": { "accountNumber": ada.account } });
    let data = server.ask(Some(&token), TRIGGER, by_account.clone()).await;
    assert_eq!(data["triggerBoostCharge"]["krakenflexDevice"]["status"], "Live");
    server.time_passes(TimeDelta::minutes(1)).await;
    assert_eq!(server.state_of(&token, ada).await, "BOOSTING");
    record::read_back("triggerBoostCharge");
    let token = server.at("2026-03-02T20:00:00Z", ada).await;
    let fields = "status { currentState ... on SmartFlexVehicleStatus { stateOfCharge { value } } }";
    let status = server.device_of(&token, ada, fields).await["status"].clone();
    assert_eq!(
        (&status["currentState"], &status["stateOfCharge"]["value"]),
        (&json!("SMART_CONTROL_CAPABLE"), &json!("90"))
    );
    let (code, why) = server.refusal_of(&token, TRIGGER, by_account).await;
    assert_eq!(
        (code.as_str(), &why["boostChargeRefusalReasons"]),
        ("KT-CT-4357", &json!(["BC_DEVICE_FULLY_CHARGED"]))
    );
}

#[tokio::test]
async fn a_boost_is_deleted_by_account() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-PARKED")).await;
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let by_account = json!({ "i": { "accountNumber": ada.account } });
    assert_eq!(server.refusal_of(&token, DELETE, by_account.clone()).await.0, "KT-CT-4354");
    server.ask(Some(&token), TRIGGER, by_account.clone()).await;
    // Before the car has heard of it.
    let data = server.ask(Some(&token), DELETE, by_account.clone()).await;
    assert_eq!(data["deleteBoostCharge"]["krakenflexDevice"]["krakenflexDeviceId"], id);
    server.time_passes(TimeDelta::minutes(5)).await;
    assert_eq!(server.state_of(&token, ada).await, "SMART_CONTROL_CAPABLE");
    record::read_back("deleteBoostCharge");
    let nobodys = json!({ "i": { "accountNumber": world.bob.account } });
    assert_eq!(server.refusal_of(&token, DELETE, nobodys).await.0, "KT-CT-4301");
}

#[tokio::test]
async fn two_boosts_at_once_are_one() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-PARKED")).await;
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let boost = json!({ "i": { "deviceId": id, "action": "BOOST" } });
    let (one, two) = tokio::join!(
        server.send(Some(&token), UPDATE, boost.clone()),
        server.send(Some(&token), UPDATE, boost.clone())
    );
    let mut codes = [one.codes(), two.codes()].concat();
    codes.sort_unstable();
    assert_eq!(codes, ["KT-CT-4357"]);
}

#[tokio::test]
async fn whoever_cannot_be_boosted_says_why() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-0002")).await;
    let boost = json!({ "i": { "deviceId": id, "action": "BOOST" } });
    let refused = async |token: &str| {
        let (code, why) = server.refusal_of(token, UPDATE, boost.clone()).await;
        (code, why["boostChargeRefusalReasons"].clone())
    };
    assert_eq!(refused(&ada.token).await, ("KT-CT-4356".to_owned(), json!(["BC_DEVICE_NOT_YET_LIVE"])));
    // A working day at noon.
    let token = server.at("2026-03-05T12:00:00Z", ada).await;
    let away = json!(["BC_DEVICE_NOT_AT_HOME", "BC_DEVICE_DISCONNECTED"]);
    assert_eq!(refused(&token).await, ("KT-CT-4357".to_owned(), away));
    let by_account = json!({ "i": { "accountNumber": ada.account } });
    assert_eq!(server.refusal_of(&token, TRIGGER, by_account).await.0, "KT-CT-4357");
    for id in ["x", "00000000-0000-4000-8000-000000000000"] {
        let boost = json!({ "i": { "deviceId": id, "action": "BOOST" } });
        assert_eq!(server.refusal_of(&token, UPDATE, boost).await.0, "KT-CT-4356");
        let cancel = json!({ "i": { "deviceId": id, "action": "CANCEL" } });
        assert_eq!(server.refusal_of(&token, UPDATE, cancel).await.0, "KT-CT-4354");
    }
    let none = json!({ "i": { "accountNumber": world.bob.account } });
    assert_eq!(server.refusal_of(&token, TRIGGER, none).await.0, "KT-CT-4356");
    for query in [UPDATE, TRIGGER, DELETE, SUSPEND, RESUME] {
        assert_eq!(server.refusal_of(&token, query, json!({})).await.0, "KT-CT-1605");
    }
}

#[tokio::test]
async fn control_is_suspended_and_resumed() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-PARKED")).await;
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let planned = async |token: &str| {
        let data = server.ask(Some(token), PLANNED, json!({ "n": ada.account })).await;
        data["plannedDispatches"].as_array().map_or(0, Vec::len)
    };
    assert!(planned(&token).await > 0);
    let suspend = json!({ "i": { "deviceId": id, "action": "SUSPEND" } });
    for _ in 0..2 {
        let data = server.ask(Some(&token), CONTROL, suspend.clone()).await;
        let status = json!({ "isSuspended": true, "currentState": "SMART_CONTROL_OFF" });
        assert_eq!(data["updateDeviceSmartControl"]["status"], status);
    }
    assert_eq!(planned(&token).await, 0);
    record::read_back("updateDeviceSmartControl");
    let boost = json!({ "i": { "deviceId": id, "action": "BOOST" } });
    let (code, why) = server.refusal_of(&token, UPDATE, boost).await;
    assert_eq!(
        (code.as_str(), &why["boostChargeRefusalReasons"]),
        ("KT-CT-4357", &json!(["BC_DEVICE_SUSPENDED"]))
    );
    let resume = json!({ "i": { "deviceId": id, "action": "UNSUSPEND" } });
    server.ask(Some(&token), CONTROL, resume).await;
    assert!(planned(&token).await > 0);

    let by_account = json!({ "i": { "accountNumber": ada.account } });
    let data = server.ask(Some(&token), SUSPEND, by_account.clone()).await;
    assert_eq!(data["suspendControl"]["krakenflexDevice"]["suspended"], true);
    assert_eq!(server.state_of(&token, ada).await, "SMART_CONTROL_OFF");
    record::read_back("suspendControl");
    let data = server.ask(Some(&token), RESUME, by_account).await;
    assert_eq!(data["resumeControl"]["krakenflexDevice"]["suspended"], false);
    assert_eq!(server.state_of(&token, ada).await, "SMART_CONTROL_CAPABLE");
    record::read_back("resumeControl");
}

#[tokio::test]
async fn services_that_refuse_or_do_not_answer_change_nothing() {
    let server = Server::start().await;
    let world = server.world().await;
    let refusing = server.device(&world.ada, car("5YJ3-REFUSES")).await;
    server.device(&world.bob, car("5YJ3-SILENT")).await;
    // Late on a working day both are at home and in service.
    let token = server.at("2026-03-04T23:30:00Z", &world.ada).await;
    let bob = server.again(&world.bob).await;
    let control = |action| json!({ "i": { "deviceId": refusing, "action": action } });
    assert_eq!(server.refusal_of(&token, CONTROL, control("SUSPEND")).await.0, "KT-CT-4358");
    let by_account = |account: &str| json!({ "i": { "accountNumber": account } });
    for (token, account) in [(&token, &world.ada.account), (&bob, &world.bob.account)] {
        assert_eq!(server.refusal_of(token, SUSPEND, by_account(account)).await.0, "KT-CT-4358");
        server
            .tamper(
                "update devices set state = jsonb_set(state, '{suspended_at}', '\"2026-03-04T00:00:00Z\"')",
            )
            .await;
        assert_eq!(server.refusal_of(token, RESUME, by_account(account)).await.0, "KT-CT-4359");
        server.tamper("update devices set state = jsonb_set(state, '{suspended_at}', 'null')").await;
        assert_eq!(server.refusal_of(token, TRIGGER, by_account(account)).await.0, "KT-CT-4357");
    }
    server
        .tamper("update devices set state = jsonb_set(state, '{suspended_at}', '\"2026-03-04T00:00:00Z\"')")
        .await;
    assert_eq!(server.refusal_of(&token, CONTROL, control("UNSUSPEND")).await.0, "KT-CT-4359");
    let nobodys = "00000000-0000-4000-8000-000000000000";
    for id in [nobodys, "x"] {
        let suspend = json!({ "i": { "deviceId": id, "action": "SUSPEND" } });
        assert_eq!(server.refusal_of(&token, CONTROL, suspend).await.0, "KT-CT-4313");
    }
    let carol = server.customer("carol@example.org", "Carol Hill", "OCTOPUS_ENERGY").await;
    for query in [SUSPEND, RESUME] {
        assert_eq!(server.refusal_of(&carol.token, query, by_account(&carol.account)).await.0, "KT-CT-4301");
    }
}

#[tokio::test]
async fn staff_and_organisations_need_a_permission_to_move_a_device() {
    let server = Server::start().await;
    let world = server.world().await;
    let id = server.device(&world.ada, car("5YJ3-PARKED")).await;
    let suspend = json!({ "i": { "deviceId": id, "action": "SUSPEND" } });
    assert_eq!(server.refusal_of(&world.reader, CONTROL, suspend.clone()).await.0, "KT-CT-1111");
    let (viewing, token) = server.organisation("Looker Ltd", &["view-accounts"]).await;
    let (editing, may) = server.organisation("Mover Ltd", &["view-accounts", "edit-customers"]).await;
    let mut tx = server.tx().await;
    for organisation in [viewing, editing] {
        organisations::grant(&mut tx, organisation, world.ada.account_id).await.expect("granted");
    }
    tx.commit().await.expect("committed");
    assert_eq!(server.refusal_of(&token, CONTROL, suspend.clone()).await.0, "KT-CT-1111");
    server.time_passes(TimeDelta::minutes(30)).await;
    let data = server.ask(Some(&may), CONTROL, suspend).await;
    assert_eq!(data["updateDeviceSmartControl"]["status"]["isSuspended"], true);
}
