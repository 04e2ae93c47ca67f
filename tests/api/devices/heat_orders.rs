//! What controllers of heat pumps are told.

use kraken_api::domain::devices::register::{Make, NewDevice};
use serde_json::{Value, json};

use crate::support::devices::{COSY, EUID, car};
use crate::support::world::Customer;
use crate::support::{Server, record};

const MODE: &str = "mutation($n: String!, $e: ID!, $p: SetZoneModeParameters!) {
    NAME(accountNumber: $n, euid: $e, operationParameters: $p) { transactionId } }";
const WATER: &str = "mutation($n: String!, $e: ID!, $p: Int!) { NAME(accountNumber: $n, euid: $e, setpoint: $p) { transactionId } }";
const FLOW: &str = "mutation($e: ID!, $p: FlowTemperatureInput!) {
    octoHeatPumpUpdateFlowTemperatureConfiguration(euid: $e, flowTemperatureInput: $p) { transactionId } }";
const PRIMARY: &str = "mutation($n: String!, $e: ID!, $p: SetZonePrimarySensorParameters!) {
    octoHeatPumpSetZonePrimarySensor(accountNumber: $n, euid: $e, operationParameters: $p) { transactionId } }";
const RENAME: &str = "mutation($n: String!, $e: ID!, $c: String!, $p: String!) {
    NAME(accountNumber: $n, euid: $e, sensorCode: $c, displayName: $p) { transactionId } }";
const RENAME_ALL: &str = "mutation($n: String!, $e: ID!, $p: [SensorDisplayNameUpdate]!) {
    NAME(accountNumber: $n, euid: $e, updates: $p) { transactionIds { sensorCode transactionId } } }";
const REMOVE: &str = "mutation($n: String!, $e: ID!, $p: String!) {
    NAME(accountNumber: $n, euid: $e, sensorId: $p) { transactionId } }";
const DEPROVISION: &str = "mutation($n: String!, $e: ID!) { NAME(accountNumber: $n, euid: $e) { message } }";
const ZONES: &str = "query($n: String!, $e: ID!) { octoHeatPumpControllerConfiguration(accountNumber: $n, euid: $e) {
    heatPump { heatingFlowTemperature { currentTemperature { value } } weatherCompensation { enabled currentRange { minimum { value } maximum { value } } } }
    zones { configuration { code primarySensor currentOperation { mode setpointInCelsius action end }
        sensors { ... on ZigbeeSensorConfiguration { code displayName } } } } } }";

fn with(customer: &Customer, parameters: &Value) -> Value {
    json!({ "n": customer.account, "e": EUID, "p": parameters })
}

impl Server {
    async fn zone(&self, token: &str, customer: &Customer, place: usize) -> Value {
        let data = self.ask(Some(token), ZONES, with(customer, &Value::Null)).await;
        data["octoHeatPumpControllerConfiguration"]["zones"][place]["configuration"].clone()
    }
}

#[tokio::test]
async fn a_zone_is_boosted_for_a_while_and_switched_off() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.heat_pump(ada).await;
    let token = server.at("2026-03-10T08:00:00Z", ada).await;
    for (name, mode, setpoint) in [("octoHeatPumpSetZoneMode", "ON", "21.5"), ("setZoneMode", "ON", "19")] {
        let query = MODE.replace("NAME", name);
        let parameters = json!({ "zone": "ZONE_1", "mode": mode, "setpointInCelsius": setpoint });
        let data = server.ask(Some(&token), &query, with(ada, &parameters)).await;
        assert!(data[name]["transactionId"].is_string());
        let operation = server.zone(&token, ada, 1).await["currentOperation"].clone();
        assert_eq!(operation["mode"], "ON");
        assert_eq!(operation["setpointInCelsius"].as_f64(), setpoint.parse().ok());
        record::read_back(name);
    }
    let query = MODE.replace("NAME", "octoHeatPumpSetZoneMode");
    let boost = json!({ "zone": "WATER", "mode": "BOOST", "setpointInCelsius": "55", "endAt": "2026-03-10T09:00:00Z" });
    server.ask(Some(&token), &query, with(ada, &boost)).await;
    let operation = server.zone(&token, ada, 0).await["currentOperation"].clone();
    assert_eq!(
        operation,
        json!({ "mode": "BOOST", "setpointInCelsius": 55, "action": "ON", "end": "2026-03-10T09:00:00+00:00" })
    );
    let off = json!({ "zone": "ZONE_1", "mode": "OFF" });
    server.ask(Some(&token), &query, with(ada, &off)).await;
    assert_eq!(server.zone(&token, ada, 1).await["currentOperation"]["action"], "OFF");
    let token = server.at("2026-03-10T09:30:00Z", ada).await;
    let operation = server.zone(&token, ada, 0).await["currentOperation"].clone();
    assert_eq!((&operation["mode"], &operation["end"]), (&json!("AUTO"), &json!(null)));
    let wrong = [
        json!({ "zone": "ZONE_2", "mode": "ON" }),
        json!({ "zone": "AUXILIARY", "mode": "OFF" }),
        json!({ "zone": "ZONE_1", "mode": "ON", "setpointInCelsius": "31" }),
        json!({ "zone": "ZONE_1", "mode": "ON", "setpointInCelsius": "20.2" }),
        json!({ "zone": "WATER", "mode": "ON", "setpointInCelsius": "70" }),
        json!({ "zone": "ZONE_1", "mode": "BOOST" }),
        json!({ "zone": "ZONE_1", "mode": "BOOST", "endAt": "2026-03-10T09:00:00Z" }),
        json!({ "zone": "ZONE_1", "mode": "ON", "endAt": "2026-03-10T12:00:00Z" }),
    ];
    for parameters in wrong {
        for name in ["octoHeatPumpSetZoneMode", "setZoneMode"] {
            let query = MODE.replace("NAME", name);
            assert_eq!(
                server.refusal_of(&token, &query, with(ada, &parameters)).await.0,
                "KT-CT-4333",
                "{parameters}"
            );
        }
    }
    for name in ["octoHeatPumpSetZoneMode", "setZoneMode"] {
        let foreign = json!({ "n": world.bob.account, "e": EUID, "p": off });
        assert_eq!(server.refusal_of(&token, &MODE.replace("NAME", name), foreign).await.0, "KT-CT-4306");
    }
}

#[tokio::test]
async fn water_and_flow_are_set() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.heat_pump(ada).await;
    let token = server.at("2026-03-10T14:00:00Z", ada).await;
    for (name, degrees) in [("octoHeatPumpUpdateWaterSetpoint", 48), ("updateWaterSetpoint", 52)] {
        let query = WATER.replace("NAME", name);
        server.ask(Some(&token), &query, with(ada, &json!(degrees))).await;
        let operation = server.zone(&token, ada, 0).await["currentOperation"].clone();
        assert_eq!(operation["setpointInCelsius"], degrees);
        record::read_back(name);
        assert_eq!(server.refusal_of(&token, &query, with(ada, &json!(80))).await.0, "KT-CT-4321");
    }
    let degrees = |value: &str| json!({ "value": value, "unit": "DEGREES_CELSIUS" });
    let fixed = json!({ "useWeatherCompensation": false, "flowTemperature": degrees("42") });
    server.ask(Some(&token), FLOW, with(ada, &fixed)).await;
    let data = server.ask(Some(&token), ZONES, with(ada, &Value::Null)).await;
    let pump = &data["octoHeatPumpControllerConfiguration"]["heatPump"];
    assert_eq!(pump["heatingFlowTemperature"]["currentTemperature"]["value"], "42");
    assert_eq!(pump["weatherCompensation"]["enabled"], false);
    record::read_back("octoHeatPumpUpdateFlowTemperatureConfiguration");
    let range = |least: &str, most: &str| {
        json!({ "useWeatherCompensation": true,
        "weatherCompensationValues": { "minimum": degrees(least), "maximum": degrees(most) } })
    };
    server.ask(Some(&token), FLOW, with(ada, &range("35", "48.5"))).await;
    let data = server.ask(Some(&token), ZONES, with(ada, &Value::Null)).await;
    let weather = &data["octoHeatPumpControllerConfiguration"]["heatPump"]["weatherCompensation"];
    let expected = json!({ "enabled": true, "currentRange": { "minimum": { "value": "35" }, "maximum": { "value": "48.5" } } });
    assert_eq!(weather, &expected);
    for wrong in [
        range("20", "40"),
        range("50", "40"),
        json!({ "useWeatherCompensation": false, "flowTemperature": degrees("90") }),
    ] {
        assert_eq!(server.refusal_of(&token, FLOW, with(ada, &wrong)).await.0, "KT-CT-4321");
    }
    let bob = server.again(&world.bob).await;
    assert_eq!(server.refusal_of(&bob, FLOW, with(ada, &fixed)).await.0, "KT-CT-4321");
}

#[tokio::test]
async fn sensors_are_named_chosen_and_removed() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.heat_pump(ada).await;
    let token = server.at("2026-03-10T14:00:00Z", ada).await;
    for name in ["octoHeatPumpUpdateSensorDisplayName", "updateSensorDisplayName"] {
        let query = RENAME.replace("NAME", name);
        let input = |code: &str, to: &str| json!({ "n": ada.account, "e": EUID, "c": code, "p": to });
        server.ask(Some(&token), &query, input("SENSOR01", &format!("Hall {}", name.len()))).await;
        let sensors = server.zone(&token, ada, 1).await["sensors"].clone();
        assert_eq!(sensors[0]["displayName"], format!("Hall {}", name.len()));
        record::read_back(name);
        let long = "x".repeat(61);
        for (code, to) in [("SENSOR09", "Hall"), ("SENSOR01", " "), ("SENSOR01", long.as_str())] {
            assert_eq!(server.refusal_of(&token, &query, input(code, to)).await.0, "KT-CT-4321");
        }
    }
    for name in ["octoHeatPumpBulkUpdateSensorDisplayName", "bulkUpdateSensorDisplayName"] {
        let query = RENAME_ALL.replace("NAME", name);
        let update = |code: &str, to: &str| json!({ "sensorCode": code, "newDisplayName": to });
        let both = json!([update("SENSOR01", name), update("SENSOR02", "Study")]);
        let data = server.ask(Some(&token), &query, with(ada, &both)).await;
        assert_eq!(data[name]["transactionIds"][1]["sensorCode"], "SENSOR02");
        let sensors = server.zone(&token, ada, 1).await["sensors"].clone();
        assert_eq!((&sensors[0]["displayName"], &sensors[1]["displayName"]), (&json!(name), &json!("Study")));
        record::read_back(name);
        let half = json!([update("SENSOR01", "Lost"), update("SENSOR09", "Nowhere")]);
        for wrong in [half, json!([])] {
            assert_eq!(server.refusal_of(&token, &query, with(ada, &wrong)).await.0, "KT-CT-4321");
        }
        assert_eq!(server.zone(&token, ada, 1).await["sensors"][0]["displayName"], name, "all or none");
    }
    let primary = |code: &str| json!({ "zone": "ZONE_1", "sensorCode": code });
    server.ask(Some(&token), PRIMARY, with(ada, &primary("SENSOR02"))).await;
    assert_eq!(server.zone(&token, ada, 1).await["primarySensor"], "SENSOR02");
    record::read_back("octoHeatPumpSetZonePrimarySensor");
    assert_eq!(server.refusal_of(&token, PRIMARY, with(ada, &primary("ADC1"))).await.0, "KT-CT-1605");
    let remove = |name: &str| REMOVE.replace("NAME", name);
    for (name, code) in
        [("removeSensor", "SENSOR02"), ("octoHeatPumpRemoveSensor", "ADC1"), ("removeSensor", "SENSOR09")]
    {
        assert_eq!(server.refusal_of(&token, &remove(name), with(ada, &json!(code))).await.0, "KT-CT-4309");
    }
    server.ask(Some(&token), &remove("octoHeatPumpRemoveSensor"), with(ada, &json!("SENSOR01"))).await;
    let sensors = server.zone(&token, ada, 1).await["sensors"].clone();
    assert_eq!(sensors.as_array().map(Vec::len), Some(1));
    record::read_back("octoHeatPumpRemoveSensor");
    server.ask(Some(&token), PRIMARY, with(ada, &primary("SENSOR02"))).await;
    assert_eq!(
        server.refusal_of(&token, &remove("removeSensor"), with(ada, &json!("SENSOR01"))).await.0,
        "KT-CT-4309"
    );
}

#[tokio::test]
async fn the_older_way_to_remove_a_sensor_works_too() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.heat_pump(ada).await;
    let token = server.at("2026-03-10T14:00:00Z", ada).await;
    server.ask(Some(&token), &REMOVE.replace("NAME", "removeSensor"), with(ada, &json!("SENSOR02"))).await;
    let sensors = server.zone(&token, ada, 1).await["sensors"].clone();
    assert_eq!(sensors.as_array().map(Vec::len), Some(1));
    record::read_back("removeSensor");
}

#[tokio::test]
async fn a_controller_leaves_the_account_and_may_come_back() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    for name in ["octoHeatPumpDeprovisionHeatingController", "deprovisionHeatingController"] {
        server.heat_pump(ada).await;
        let query = DEPROVISION.replace("NAME", name);
        let data = server.ask(Some(&ada.token), &query, with(ada, &Value::Null)).await;
        assert!(data[name]["message"].is_string());
        let euids = "query($n: String) { octoHeatPumpControllerEuids(accountNumber: $n) }";
        let data = server.ask(Some(&ada.token), euids, json!({ "n": ada.account })).await;
        assert_eq!(data["octoHeatPumpControllerEuids"], json!([]));
        record::read_back(name);
        assert_eq!(server.refusal_of(&ada.token, &query, with(ada, &Value::Null)).await.0, "KT-CT-4307");
    }
}

#[tokio::test]
async fn a_controller_that_refuses_changes_nothing() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let euid = "00-1A-22-FF-REFUSES";
    let make = Make::HeatPump { model: COSY };
    server.device(ada, NewDevice { provider: "OCTOPUS_ENERGY", make, ..car(euid) }).await;
    let variables = json!({ "n": ada.account, "e": euid, "p": { "zone": "ZONE_1", "mode": "OFF" } });
    for name in ["octoHeatPumpSetZoneMode", "setZoneMode"] {
        let query = MODE.replace("NAME", name);
        assert_eq!(server.refusal_of(&ada.token, &query, variables.clone()).await.0, "KT-CT-4306");
    }
    let data = server.ask(Some(&ada.token), ZONES, variables).await;
    let zone = &data["octoHeatPumpControllerConfiguration"]["zones"][1]["configuration"];
    assert_eq!(zone["currentOperation"]["mode"], "AUTO");
    let reader = &world.reader;
    let query = MODE.replace("NAME", "octoHeatPumpSetZoneMode");
    let off = json!({ "n": ada.account, "e": euid, "p": { "zone": "ZONE_1", "mode": "OFF" } });
    assert_eq!(server.refusal_of(reader, &query, off).await.0, "KT-CT-1111");
}
