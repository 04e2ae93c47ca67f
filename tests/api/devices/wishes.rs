//! What owners want of their devices.

use kraken_api::domain::devices::cloud::Kind;
use kraken_api::domain::devices::register::{Make, NewDevice};
use serde_json::{Value, json};

use crate::support::devices::car;
use crate::support::{Server, record};

const SET: &str =
    "mutation($i: SmartFlexDevicePreferencesInput!) { setDevicePreferences(input: $i) { id preferences {
    mode unit schedules { dayOfWeek time min max } } } }";
const SET_CAR: &str =
    "mutation($i: VehicleChargingPreferencesInput) { setVehicleChargePreferences(input: $i) {
    krakenflexDevice { krakenflexDeviceId } } }";
const OF_CAR: &str = "query($n: String!) { vehicleChargingPreferences(accountNumber: $n) { weekdayTargetTime
    weekdayTargetSoc weekendTargetTime weekendTargetSoc minimumSocPercentage maximumSocPercentage } }";
const DAYS: [&str; 7] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

fn wishes(id: &str, time: &str, min: Value, max: &str) -> Value {
    let schedule = |day| json!({ "dayOfWeek": day, "time": time, "min": min, "max": max });
    let schedules: Vec<Value> = DAYS.map(schedule).to_vec();
    json!({ "i": { "deviceId": id, "mode": "CHARGE", "unit": "PERCENTAGE", "schedules": schedules } })
}

#[tokio::test]
async fn new_wishes_change_the_plan() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-PARKED")).await;
    let token = server.at("2026-03-02T18:00:00Z", ada).await;
    let data = server.ask(Some(&token), SET, wishes(&id, "05:30:00", json!("20"), "65")).await;
    let set = &data["setDevicePreferences"]["preferences"];
    assert_eq!(
        set["schedules"][6],
        json!({ "dayOfWeek": "SUNDAY", "time": "05:30:00", "min": 20, "max": 65 })
    );
    let planned = "query($d: String!) { flexPlannedDispatches(deviceId: $d) { end energyAddedKwh } }";
    let data = server.ask(Some(&token), planned, json!({ "d": id })).await;
    let dispatches = data["flexPlannedDispatches"].as_array().expect("dispatches").clone();
    let kwh = |each: &Value| each["energyAddedKwh"].as_str().map_or(0.0, |v| v.parse::<f64>().unwrap_or(0.0));
    let wanted: f64 = dispatches.iter().map(kwh).sum();
    // From 57.4 to 65 per cent of 75 kWh.
    assert!((wanted - 5.7).abs() < 0.02, "{wanted}");
    assert!(dispatches.iter().all(|each| each["end"].as_str() <= Some("2026-03-03T05:30:00+00:00")));
    let found = server.device_of(&token, ada, "preferences { schedules { max } }").await;
    assert_eq!(found["preferences"]["schedules"][0]["max"], 65.0);
    record::read_back("setDevicePreferences");
}

#[tokio::test]
async fn weekdays_and_weekends_are_set_by_account() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-PARKED")).await;
    let input = json!({ "accountNumber": ada.account, "weekdayTargetTime": "06:30", "weekdayTargetSoc": 70,
        "weekendTargetTime": "09:00", "weekendTargetSoc": 95, "targetType": "ABSOLUTE_STATE_OF_CHARGE" });
    let data = server.ask(Some(&ada.token), SET_CAR, json!({ "i": input })).await;
    assert_eq!(data["setVehicleChargePreferences"]["krakenflexDevice"]["krakenflexDeviceId"], id);
    let found = server.ask(Some(&ada.token), OF_CAR, json!({ "n": ada.account })).await;
    let expected = json!({ "weekdayTargetTime": "06:30", "weekdayTargetSoc": 70, "weekendTargetTime": "09:00",
        "weekendTargetSoc": 95, "minimumSocPercentage": 10, "maximumSocPercentage": 90 });
    assert_eq!(found["vehicleChargingPreferences"], expected);
    record::read_back("setVehicleChargePreferences");
    // The car stops at 90.
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let fields = "alerts { message } status { ... on SmartFlexVehicleStatus { stateOfChargeLimit { isLimitViolated } } }";
    let found = server.device_of(&token, ada, fields).await;
    assert_eq!(found["status"]["stateOfChargeLimit"]["isLimitViolated"], true);
    assert!(found["alerts"][0]["message"].as_str().is_some_and(|text| text.contains("90%")), "{found}");
    let wrong = [
        ("weekdayTargetTime", json!("25:00")),
        ("weekendTargetTime", json!("06:10")),
        ("weekdayTargetSoc", json!(101)),
        ("weekendTargetSoc", json!(5)),
        ("targetType", json!("RELATIVE_STATE_OF_CHARGE")),
    ];
    for (field, value) in wrong {
        let mut input = input.clone();
        input[field] = value;
        assert_eq!(
            server.refusal_of(&token, SET_CAR, json!({ "i": input })).await.0,
            "KT-CT-4321",
            "{field}"
        );
    }
    let mut foreign = input;
    foreign["accountNumber"] = json!(world.bob.account);
    assert_eq!(server.refusal_of(&token, SET_CAR, json!({ "i": foreign })).await.0, "KT-CT-4301");
    assert_eq!(server.refusal_of(&token, SET_CAR, json!({})).await.0, "KT-CT-1605");
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-PARKED")).await;
    let refused = async |variables: Value| server.refusal_of(&ada.token, SET, variables).await;
    for wrong in [
        wishes(&id, "07:05:00", json!(null), "80"),
        wishes(&id, "07:00:00", json!(null), "80.5"),
        wishes(&id, "07:00:00", json!(null), "101"),
        wishes(&id, "07:00:00", json!("60"), "80"),
        wishes("x", "07:00:00", json!(null), "80"),
        wishes("00000000-0000-4000-8000-000000000000", "07:00:00", json!(null), "80"),
    ] {
        let (code, extensions) = refused(wrong.clone()).await;
        assert_eq!(code, "KT-CT-4321", "{wrong}");
        assert!(extensions["validationErrors"][0]["inputPath"].is_array());
    }
    let mut heat = wishes(&id, "07:00:00", json!(null), "20");
    heat["i"]["mode"] = json!("HEAT");
    assert_eq!(refused(heat).await.0, "KT-CT-4321");
    let mut six = wishes(&id, "07:00:00", json!(null), "80");
    six["i"]["schedules"].as_array_mut().expect("schedules").pop();
    assert_eq!(refused(six).await.0, "KT-CT-4321");
    let found = server.device_of(&ada.token, ada, "preferences { schedules { max } }").await;
    assert_eq!(found["preferences"]["schedules"][0]["max"], 80.0, "nothing has changed");
}

#[tokio::test]
async fn some_providers_take_no_wishes_and_some_cars_refuse() {
    let server = Server::start().await;
    let world = server.world().await;
    let inverter = NewDevice {
        provider: "SOLAREDGE",
        make: Make::Other {
            kind: Kind::Inverter,
            make: "SolarEdge",
            model: "SE5K",
            power_w: 5000,
            battery_wh: Some(9700),
        },
        ..car("SE-1")
    };
    let id = server.device(&world.bob, inverter).await;
    let refused = server.refusal_of(&world.bob.token, SET, wishes(&id, "07:00:00", json!(null), "80")).await;
    assert_eq!(refused.0, "KT-CT-4314");
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-REFUSES")).await;
    let refused = server.refusal_of(&ada.token, SET, wishes(&id, "07:00:00", json!(null), "70")).await;
    assert_eq!(refused.0, "KT-CT-4374");
    let input = json!({ "accountNumber": ada.account, "weekdayTargetTime": "06:30", "weekdayTargetSoc": 70,
        "weekendTargetTime": "09:00", "weekendTargetSoc": 90 });
    assert_eq!(server.refusal_of(&ada.token, SET_CAR, json!({ "i": input })).await.0, "KT-CT-4353");
    let found = server.ask(Some(&ada.token), OF_CAR, json!({ "n": ada.account })).await;
    assert_eq!(found["vehicleChargingPreferences"]["weekdayTargetSoc"], 80, "nothing has changed");
}
