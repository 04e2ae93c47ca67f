//! The times by which heat pumps go, and what older clients tell them.

use kraken_api::domain::devices::register::{Make, NewDevice};
use serde_json::{Value, json};

use crate::support::devices::{COSY, EUID, car};
use crate::support::world::Customer;
use crate::support::{Server, record};

const TIMES: &str = "mutation($n: String!, $e: ID!, $p: SetZoneSchedulesParameters!) {
    NAME(accountNumber: $n, euid: $e, zoneScheduleParameters: $p) { transactionId } }";
const ZONES: &str =
    "query($n: String!, $e: ID!) { octoHeatPumpControllerConfiguration(accountNumber: $n, euid: $e) {
    zones { configuration { currentOperation { mode setpointInCelsius action } }
        schedules { days settings { startTime action setpointInCelsius } } } } }";
const STATUS: &str = "query($n: String!) { heatPumpStatus(accountNumber: $n) {
    climateControlStatus { climateControlEnabled targetClimateControlTemperature }
    waterTemperatureStatus { waterTemperatureEnabled } } }";

fn with(customer: &Customer, parameters: &Value) -> Value {
    json!({ "n": customer.account, "e": EUID, "p": parameters })
}

impl Server {
    async fn rooms(&self, token: &str, customer: &Customer) -> Value {
        let data = self.ask(Some(token), ZONES, with(customer, &Value::Null)).await;
        data["octoHeatPumpControllerConfiguration"]["zones"][1].clone()
    }

    /// A heat pump that does nothing it is told.
    async fn stubborn_pump(&self, customer: &Customer) {
        let make = Make::HeatPump { model: COSY };
        let pump = NewDevice { provider: "OCTOPUS_ENERGY", name: "Cosy", make, ..car("00-1A-REFUSES") };
        self.device(customer, pump).await;
    }
}

#[tokio::test]
async fn rooms_are_warm_at_the_times_of_the_day() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.heat_pump(ada).await;
    let token = server.at("2026-03-06T12:00:00Z", ada).await;
    let usual = server.rooms(&token, ada).await;
    assert_eq!(
        usual["schedules"],
        json!([{ "days": "1111111", "settings": [
            { "startTime": "06:00:00", "action": "ON", "setpointInCelsius": 20 },
            { "startTime": "22:00:00", "action": "ON", "setpointInCelsius": 17.5 }] }])
    );
    let work = json!({ "days": "1111100", "settings": [
        { "time": "18:00:00", "action": "ON", "setpointInCelsius": "21.5" },
        { "time": "06:30:00", "action": "OFF" }] });
    let weekend = json!({ "days": "0000011", "settings": [{ "time": "08:00:00", "action": "ON", "setpointInCelsius": "19" }] });
    for name in ["octoHeatPumpSetZoneSchedules", "setZoneSchedules"] {
        let schedules = json!({ "zone": "ZONE_1", "schedules": [weekend, work] });
        let data = server.ask(Some(&token), &TIMES.replace("NAME", name), with(ada, &schedules)).await;
        assert!(data[name]["transactionId"].is_string());
        let rooms = server.rooms(&token, ada).await;
        assert_eq!(
            rooms["schedules"],
            json!([
                { "days": "1111100", "settings": [
                    { "startTime": "06:30:00", "action": "OFF", "setpointInCelsius": null },
                    { "startTime": "18:00:00", "action": "ON", "setpointInCelsius": 21.5 }] },
                { "days": "0000011", "settings": [
                    { "startTime": "08:00:00", "action": "ON", "setpointInCelsius": 19 }] },
            ])
        );
        assert_eq!(rooms["configuration"]["currentOperation"]["action"], "OFF", "Friday noon");
        record::read_back(name);
    }
    let token = server.at("2026-03-07T09:00:00Z", ada).await;
    assert_eq!(server.rooms(&token, ada).await["configuration"]["currentOperation"]["setpointInCelsius"], 19);

    let query = TIMES.replace("NAME", "octoHeatPumpSetZoneSchedules");
    let older = TIMES.replace("NAME", "setZoneSchedules");
    let all_days = |settings: Value| json!({ "zone": "ZONE_1", "schedules": [{ "days": "1111111", "settings": settings }] });
    let at = |time: &str, action: &str, setpoint: Value| json!({ "time": time, "action": action, "setpointInCelsius": setpoint });
    let wrong = [
        json!({ "zone": "ZONE_1", "schedules": [weekend] }),
        json!({ "zone": "ZONE_1", "schedules": [{ "days": "weekdays", "settings": [] }] }),
        json!({ "zone": "ZONE_2", "schedules": [work, weekend] }),
        all_days(json!([at("06:00:00", "ON", json!("19")), at("06:00:00", "OFF", json!(null))])),
        all_days(json!([at("06:00:00", "ON", json!(null))])),
        all_days(json!([at("06:00:00", "WARM", json!("19"))])),
        all_days(json!([at("06:00:00", "ON", json!("45"))])),
        all_days(json!([])),
    ];
    for parameters in wrong {
        for query in [&query, &older] {
            assert_eq!(
                server.refusal_of(&token, query, with(ada, &parameters)).await.0,
                "KT-CT-4334",
                "{parameters}"
            );
        }
    }
    server.stubborn_pump(&world.bob).await;
    let fine = json!({ "zone": "ZONE_1", "schedules": [work, weekend] });
    let bobs = json!({ "n": world.bob.account, "e": "00-1A-REFUSES", "p": fine });
    let bob = server.again(&world.bob).await;
    for query in [&query, &older] {
        assert_eq!(server.refusal_of(&bob, query, bobs.clone()).await.0, "KT-CT-4308");
        assert_eq!(server.refusal_of(&bob, query, with(ada, &fine)).await.0, "KT-CT-4308");
    }
}

#[tokio::test]
async fn the_heat_pump_of_an_account_is_switched_and_set() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let (rooms, water, warmth) = (
        "mutation($i: ClimateControlStateInput) { setClimateControlState(input: $i) { heatPumpDevice { krakenflexDeviceId } } }",
        "mutation($i: HotWaterStateInput) { setHotWaterState(input: $i) { heatPumpDevice { provider } } }",
        "mutation($i: RoomTemperatureInput) { setRoomTemperature(input: $i) { heatPumpDevice { deviceType } } }",
    );
    let state = |of: &Customer, on: bool| json!({ "i": { "accountNumber": of.account, "state": on } });
    let degrees =
        |of: &Customer, value: f64| json!({ "i": { "accountNumber": of.account, "temperature": value } });
    for query in [rooms, water] {
        assert_eq!(server.refusal_of(&ada.token, query, state(ada, true)).await.0, "KT-CT-4301");
    }
    assert_eq!(server.refusal_of(&ada.token, warmth, degrees(ada, 20.0)).await.0, "KT-CT-7223");
    server.heat_pump(ada).await;
    server.stubborn_pump(&world.bob).await;
    let token = server.at("2026-03-10T12:00:00Z", ada).await;
    let shown = async || {
        server.ask(Some(&token), STATUS, json!({ "n": ada.account })).await["heatPumpStatus"].clone()
    };
    for on in [false, true] {
        server.ask(Some(&token), rooms, state(ada, on)).await;
        assert_eq!(shown().await["climateControlStatus"]["climateControlEnabled"], on);
        let data = server.ask(Some(&token), water, state(ada, on)).await;
        assert_eq!(data["setHotWaterState"]["heatPumpDevice"]["provider"], "OCTOPUS_ENERGY");
        assert_eq!(shown().await["waterTemperatureStatus"]["waterTemperatureEnabled"], on);
    }
    record::read_back("setClimateControlState");
    record::read_back("setHotWaterState");
    let data = server.ask(Some(&token), warmth, degrees(ada, 21.5)).await;
    assert_eq!(data["setRoomTemperature"]["heatPumpDevice"]["deviceType"], "HEAT_PUMPS");
    assert_eq!(
        shown().await["climateControlStatus"]["targetClimateControlTemperature"]
            .to_string()
            .trim_matches('"'),
        "21.5"
    );
    record::read_back("setRoomTemperature");
    for wrong in [3.0, 45.0, 20.3, 1e300] {
        assert_eq!(server.refusal_of(&token, warmth, degrees(ada, wrong)).await.0, "KT-CT-4329", "{wrong}");
    }
    let bobs = server.again(&world.bob).await;
    assert_eq!(server.refusal_of(&bobs, rooms, state(&world.bob, true)).await.0, "KT-CT-4337");
    assert_eq!(server.refusal_of(&bobs, water, state(&world.bob, true)).await.0, "KT-CT-4336");
    assert_eq!(server.refusal_of(&bobs, warmth, degrees(&world.bob, 20.0)).await.0, "KT-CT-4346");
    assert_eq!(server.refusal_of(&bobs, warmth, degrees(ada, 20.0)).await.0, "KT-CT-7223");
}
