//! Devices that are let go of, test charges, and feeding the grid.

use kraken_api::domain::devices::cloud::Kind;
use kraken_api::domain::devices::register::{Make, NewDevice};
use serde_json::{Value, json};

use crate::support::devices::car;
use crate::support::world::Customer;
use crate::support::{Server, record};

const SIGN_OUT_OF: &str = "mutation($i: DeAuthenticationInput) {
    deauthenticateDevice(input: $i) { krakenflexDevice { krakenflexDeviceId provider deviceType } } }";
const SIGN_OUT: &str = "mutation($i: DeauthenticateFlexDeviceInput) {
    deauthenticateFlexDevice(input: $i) { krakenflexDevice { krakenflexDeviceId deviceType } } }";
const FORGET: &str = "mutation($i: AccountNumberInput) {
    deleteDeviceConnectionDetails(input: $i) { krakenflexDevice { krakenflexDeviceId status hasToken } } }";
const TEST: &str = "mutation($i: AccountNumberInput) {
    triggerTestCharge(input: $i) { krakenflexDevice { krakenflexDeviceId status } } }";
const FEED: &str = "mutation($i: UpdateDeviceGridExportInput) {
    updateDeviceGridExport(input: $i) { id preferences { gridExport } } }";

fn of(customer: &Customer) -> Value {
    json!({ "i": { "accountNumber": customer.account } })
}

fn inverter(reference: &str) -> NewDevice<'_> {
    let (kind, battery_wh) = (Kind::Inverter, Some(9_500));
    NewDevice {
        provider: "GIVENERGY",
        make: Make::Other { kind, make: "GivEnergy", model: "Gen 3", power_w: 5_000, battery_wh },
        ..car(reference)
    }
}

#[tokio::test]
async fn whoever_signs_out_a_device_has_it_no_more() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    assert_eq!(server.refusal_of(&ada.token, SIGN_OUT_OF, of(ada)).await.0, "KT-CT-4301");
    let id = server.device(ada, car("5YJ3-PARKED")).await;
    // Nobody has let us in yet.
    assert_eq!(server.refusal_of(&ada.token, SIGN_OUT_OF, of(ada)).await.0, "KT-CT-4350");
    server.device(bob, car("5YJ3-SILENT")).await;
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let battery = json!({ "i": { "accountNumber": ada.account, "deviceType": "BATTERIES" } });
    assert_eq!(server.refusal_of(&token, SIGN_OUT_OF, battery).await.0, "KT-CT-4301");
    let data = server.ask(Some(&token), SIGN_OUT_OF, of(ada)).await;
    assert_eq!(
        data["deauthenticateDevice"]["krakenflexDevice"],
        json!({ "krakenflexDeviceId": id, "provider": "TESLA_V2", "deviceType": "ELECTRIC_VEHICLES" })
    );
    assert_eq!(server.state_of(&token, ada).await, "RETIRED");
    record::read_back("deauthenticateDevice");
    assert_eq!(server.refusal_of(&token, SIGN_OUT_OF, of(ada)).await.0, "KT-CT-4350");
    let bobs = server.again(bob).await;
    assert_eq!(server.refusal_of(&bobs, SIGN_OUT_OF, of(bob)).await.0, "KT-CT-4352");
    // It may be registered again.
    server.device(ada, car("5YJ3-PARKED")).await;
}

#[tokio::test]
async fn one_device_is_signed_out_by_its_identifier() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, inverter("INV-1-PARKED")).await;
    let refusing = server.device(&world.bob, car("5YJ3-REFUSES")).await;
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let by_id = |id: &str| json!({ "i": { "deviceId": id } });
    let data = server.ask(Some(&token), SIGN_OUT, by_id(&id)).await;
    assert_eq!(
        data["deauthenticateFlexDevice"]["krakenflexDevice"],
        json!({ "krakenflexDeviceId": id, "deviceType": "INVERTERS" })
    );
    assert_eq!(server.state_of(&token, ada).await, "RETIRED");
    record::read_back("deauthenticateFlexDevice");
    for gone in [id.as_str(), "x", refusing.as_str()] {
        assert_eq!(server.refusal_of(&token, SIGN_OUT, by_id(gone)).await.0, "KT-CT-4350");
    }
    let bobs = server.again(&world.bob).await;
    assert_eq!(server.refusal_of(&bobs, SIGN_OUT, by_id(&refusing)).await.0, "KT-CT-4352");
}

#[tokio::test]
async fn a_device_that_never_let_us_in_can_be_forgotten() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let id = server.device(ada, car("5YJ3-NO-AUTH")).await;
    server.device(bob, car("5YJ3-SILENT")).await;
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let data = server.ask(Some(&token), FORGET, of(ada)).await;
    assert_eq!(
        data["deleteDeviceConnectionDetails"]["krakenflexDevice"],
        json!({ "krakenflexDeviceId": id, "status": "Retired", "hasToken": false })
    );
    assert_eq!(server.state_of(&token, ada).await, "RETIRED");
    record::read_back("deleteDeviceConnectionDetails");
    assert_eq!(server.refusal_of(&token, FORGET, of(ada)).await.0, "KT-CT-4301");
    let bobs = server.again(bob).await;
    assert_eq!(server.refusal_of(&bobs, FORGET, of(bob)).await.0, "KT-CT-4352");
}

#[tokio::test]
async fn a_test_charge_is_made_again() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    assert_eq!(server.refusal_of(&ada.token, TEST, of(ada)).await.0, "KT-CT-4301");
    let id = server.device(ada, car("5YJ3-FAILS-TEST")).await;
    server.device(bob, car("5YJ3-NO-AUTH")).await;
    let token = server.at("2026-03-03T04:00:00Z", ada).await;
    assert_eq!(server.state_of(&token, ada).await, "TEST_CHARGE_FAILED");
    let data = server.ask(Some(&token), TEST, of(ada)).await;
    let test = &data["triggerTestCharge"]["krakenflexDevice"];
    assert_eq!(
        (&test["krakenflexDeviceId"], &test["status"]),
        (&json!(id), &json!("Onboarding test in progress"))
    );
    assert_eq!(server.state_of(&token, ada).await, "TEST_CHARGE_IN_PROGRESS");
    record::read_back("triggerTestCharge");
    assert_eq!(server.refusal_of(&token, TEST, of(ada)).await.0, "KT-CT-4355");
    let bobs = server.again(bob).await;
    assert_eq!(server.refusal_of(&bobs, TEST, of(bob)).await.0, "KT-CT-4362");
    let token = server.at("2026-03-03T04:11:00Z", ada).await;
    assert_eq!(server.state_of(&token, ada).await, "TEST_CHARGE_FAILED");
}

#[tokio::test]
async fn a_roof_is_kept_from_feeding_the_grid() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, inverter("INV-1-PARKED")).await;
    let may = |id: &str, enabled: bool| json!({ "i": { "deviceId": id, "enabled": enabled } });
    assert_eq!(server.refusal_of(&ada.token, FEED, may(&id, false)).await.0, "KT-CT-4374");
    let car_id = server.device(&world.bob, car("5YJ3-PARKED")).await;
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    for enabled in [false, true, false] {
        let data = server.ask(Some(&token), FEED, may(&id, enabled)).await;
        let expected = if enabled { "ENABLED" } else { "DISABLED" };
        assert_eq!(data["updateDeviceGridExport"]["preferences"]["gridExport"], expected);
        let found = server.device_of(&token, ada, "preferences { gridExport }").await;
        assert_eq!(found["preferences"]["gridExport"], expected);
    }
    record::read_back("updateDeviceGridExport");
    for wrong in ["x", car_id.as_str()] {
        assert_eq!(server.refusal_of(&token, FEED, may(wrong, true)).await.0, "KT-CT-4313");
    }
    let bobs = server.again(&world.bob).await;
    assert_eq!(server.refusal_of(&bobs, FEED, may(&car_id, true)).await.0, "KT-CT-4321");
}

#[tokio::test]
async fn a_battery_keeps_a_reserve() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let set = "mutation($i: BatteryChargingPreferencesInput) { setBatteryChargingPreferences(input: $i) { krakenflexDevice {
        krakenflexDeviceId deviceType provider deviceStatus { status suspended maxImportInKw maxExportInKw pluggedIn
            readings { activePowerInKw { value timestamp } energyInKwh { value } socPercentage { value } } }
        chargingPreferences { minimumSocPercentage maximumSocPercentage } } } }";
    let reserve = |of: &Customer, percent: i64| json!({ "i": { "accountNumber": of.account, "minimumSocPercentage": percent } });
    assert_eq!(server.refusal_of(&ada.token, set, reserve(ada, 30)).await.0, "KT-CT-4301");
    server.device(ada, car("5YJ3-PARKED")).await;
    assert_eq!(server.refusal_of(&ada.token, set, reserve(ada, 30)).await.0, "KT-CT-4301");
    let id = server.device(ada, inverter("INV-1-PARKED")).await;
    server.device(&world.bob, inverter("INV-2-REFUSES")).await;
    let token = server.at("2026-03-02T22:00:00Z", ada).await;
    let data = server.ask(Some(&token), set, reserve(ada, 30)).await;
    let battery = &data["setBatteryChargingPreferences"]["krakenflexDevice"];
    assert_eq!((&battery["krakenflexDeviceId"], &battery["deviceType"]), (&json!(id), &json!("INVERTERS")));
    let status = &battery["deviceStatus"];
    assert_eq!(
        (&status["status"], &status["maxImportInKw"], &status["maxExportInKw"], &status["pluggedIn"]),
        (&json!("LIVE"), &json!(5), &json!(5), &json!(true))
    );
    let reading = |name: &str| status["readings"][name]["value"].as_f64().expect("a number");
    // 9.5 kWh, as full as it is.
    assert!((reading("energyInKwh") - reading("socPercentage") * 0.095).abs() < 0.01, "{status}");
    assert_eq!(status["readings"]["activePowerInKw"]["timestamp"], "2026-03-02T22:00:00+00:00");
    assert_eq!(
        battery["chargingPreferences"],
        json!({ "minimumSocPercentage": 30, "maximumSocPercentage": 90 })
    );
    let wanted = "query($n: String!, $d: String) { devices(accountNumber: $n, deviceId: $d) { preferences { schedules { min max } } } }";
    let data = server.ask(Some(&token), wanted, json!({ "n": ada.account, "d": id })).await;
    let schedules = data["devices"][0]["preferences"]["schedules"].as_array().expect("wishes").clone();
    assert!(schedules.len() == 7 && schedules.iter().all(|each| each["min"] == 30), "{schedules:?}");
    record::read_back("setBatteryChargingPreferences");
    for wrong in [-1, 91, 1000] {
        assert_eq!(server.refusal_of(&token, set, reserve(ada, wrong)).await.0, "KT-CT-4321");
    }
    let bobs = server.again(&world.bob).await;
    assert_eq!(server.refusal_of(&bobs, set, reserve(&world.bob, 30)).await.0, "KT-CT-4353");
}
