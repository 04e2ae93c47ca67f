//! Heat pumps with a controller: what they show and how they perform.

use serde_json::{Value, json};

use crate::support::Server;
use crate::support::devices::EUID;
use crate::support::world::Customer;

const CONFIGURATION: &str = "controller { state heatPumpTimezone connected }
    heatPump { serialNumber model hardwareVersion minWaterSetpoint maxWaterSetpoint
        heatingFlowTemperature { currentTemperature { value unit scale } allowableRange { minimum { value } maximum { value } } }
        weatherCompensation { enabled currentRange { minimum { value } maximum { value } } allowableRange { minimum { value } } } }
    zones { configuration { code zoneType enabled displayName primarySensor callForHeat heatDemand emergency
        currentOperation { mode setpointInCelsius action end }
        sensors { __typename ... on ADCSensorConfiguration { code displayName type enabled }
            ... on ZigbeeSensorConfiguration { code displayName type firmwareVersion boostEnabled } } } }";
const STATUS: &str = "sensors { code connectivity { online retrievedAt }
        telemetry { temperatureInCelsius humidityPercentage voltage retrievedAt } }
    zones { zone telemetry { setpointInCelsius mode relaySwitchedOn heatDemand retrievedAt } }";

impl Server {
    /// A heat pump in a home of a customer's, some days after it was put in: its identifier, and a session of theirs.
    async fn pumped(&self, customer: &Customer) -> (String, String) {
        self.heat_pump(customer).await;
        let token = self.at("2026-03-10T08:00:00Z", customer).await;
        let id = self.device_of(&token, customer, "id").await["id"].as_str().expect("an id").to_owned();
        (id, token)
    }
}

fn number(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

#[tokio::test]
async fn a_controller_shows_its_settings_and_what_it_measures() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let (id, token) = server.pumped(ada).await;
    let query = format!("query($n: String!, $e: ID!) {{
        octoHeatPumpControllerEuids(accountNumber: $n)
        octoHeatPumpControllerConfiguration(accountNumber: $n, euid: $e) {{ {CONFIGURATION} }}
        old: heatPumpControllerConfiguration(accountNumber: $n, euid: $e) {{ {CONFIGURATION} }}
        octoHeatPumpControllerStatus(accountNumber: $n, euid: $e) {{ {STATUS} }}
        older: heatPumpControllerStatus(accountNumber: $n, euid: $e) {{ {STATUS} }}
        heatPumpStatus(accountNumber: $n) {{ isConnected
            climateControlStatus {{ climateControlEnabled targetClimateControlTemperature currentClimateControlTemperature }}
            waterTemperatureStatus {{ waterTemperatureEnabled currentWaterTemperature }} }} }}");
    let data = server.ask(Some(&token), &query, json!({ "n": ada.account, "e": EUID })).await;
    assert_eq!(data["octoHeatPumpControllerEuids"], json!([EUID]));
    let set = &data["octoHeatPumpControllerConfiguration"];
    assert_eq!(&data["old"], set);
    assert_eq!(
        set["controller"],
        json!({ "state": ["NORMAL_MODE"], "heatPumpTimezone": "Europe/London", "connected": true })
    );
    assert_eq!(
        (&set["heatPump"]["model"], &set["heatPump"]["maxWaterSetpoint"]),
        (&json!("Cosy 9"), &json!(60))
    );
    let flow = number(&set["heatPump"]["heatingFlowTemperature"]["currentTemperature"]["value"]);
    assert!((32.0..=50.0).contains(&flow), "{flow}");
    let zones = set["zones"].as_array().expect("zones");
    assert_eq!(zones.len(), 2);
    let rooms = &zones[1]["configuration"];
    assert_eq!(
        (&rooms["code"], &rooms["zoneType"], &rooms["primarySensor"]),
        (&json!("ZONE_1"), &json!("HEAT"), &json!("SENSOR01"))
    );
    assert_eq!(
        rooms["currentOperation"],
        json!({ "mode": "AUTO", "setpointInCelsius": 20, "action": "ON", "end": null })
    );
    assert_eq!(rooms["sensors"].as_array().map(Vec::len), Some(2));
    assert_eq!(rooms["sensors"][0]["__typename"], "ZigbeeSensorConfiguration");
    assert_eq!(zones[0]["configuration"]["sensors"][0]["__typename"], "ADCSensorConfiguration");
    let measured = &data["octoHeatPumpControllerStatus"];
    assert_eq!(&data["older"], measured);
    let sensors = measured["sensors"].as_array().expect("sensors");
    assert_eq!(sensors.len(), 4);
    let hallway = sensors.iter().find(|sensor| sensor["code"] == "SENSOR01").expect("a sensor");
    let warmth = hallway["telemetry"]["temperatureInCelsius"].as_f64().expect("a number");
    assert!((18.0..22.0).contains(&warmth), "{warmth}");
    assert_eq!(hallway["connectivity"]["online"], true);
    assert!(hallway["telemetry"]["humidityPercentage"].is_i64() && hallway["telemetry"]["voltage"].is_f64());
    assert_eq!(measured["zones"][1]["telemetry"]["mode"], "AUTO");
    let status = &data["heatPumpStatus"];
    assert_eq!(number(&status["climateControlStatus"]["currentClimateControlTemperature"]), warmth);
    assert_eq!(status["climateControlStatus"]["targetClimateControlTemperature"], "20");
    let property = server.device_of(&token, ada, "propertyId").await["propertyId"].clone();
    let place = "query($n: String!, $p: ID!, $q: Int!) {
        octoHeatPumpControllersAtLocation(accountNumber: $n, propertyId: $p) {
            controller { euid } heatPumpModel location { propertyId } provisionedAt }
        heatPumpDevice(accountNumber: $n, propertyId: $q) { krakenflexDeviceId deviceType provider params { heatPumpId } } }";
    let at: i64 = property.as_str().and_then(|text| text.parse().ok()).expect("a number");
    let data = server.ask(Some(&token), place, json!({ "n": ada.account, "p": property, "q": at })).await;
    let there = &data["octoHeatPumpControllersAtLocation"];
    assert_eq!(there[0]["controller"]["euid"], EUID);
    assert_eq!(
        (&there[0]["location"]["propertyId"], &there[0]["heatPumpModel"]),
        (&property, &json!("Cosy 9"))
    );
    let expected = json!({ "krakenflexDeviceId": id, "deviceType": "HEAT_PUMPS", "provider": "OCTOPUS_ENERGY",
        "params": { "heatPumpId": "302" } });
    assert_eq!(data["heatPumpDevice"], expected);
}

#[tokio::test]
async fn performance_adds_up() {
    let server = Server::start().await;
    let world = server.world().await;
    let (_, token) = server.pumped(&world.ada).await;
    let query = "query($e: ID!, $s: DateTime!, $t: DateTime!, $g: PerformanceGrouping!) {
        octoHeatPumpLivePerformance(euid: $e) { coefficientOfPerformance outdoorTemperature { value unit }
            heatOutput { value unit } powerInput { value unit } readAt }
        octoHeatPumpLifetimePerformance(euid: $e) { seasonalCoefficientOfPerformance heatOutput { value } energyInput { value unit } readAt }
        octoHeatPumpTimeRangedPerformance(euid: $e, startAt: $s, endAt: $t) { coefficientOfPerformance energyOutput { value } energyInput { value } }
        octoHeatPumpTimeSeriesPerformance(euid: $e, startAt: $s, endAt: $t, performanceGrouping: $g) {
            startAt endAt energyInput { value } energyOutput { value } outdoorTemperature { value } } }";
    let whole = json!({ "e": EUID, "s": "2026-03-01T00:00:00Z", "t": "2026-04-01T00:00:00Z", "g": "DAY" });
    let data = server.ask(Some(&token), query, whole.clone()).await;
    let live = &data["octoHeatPumpLivePerformance"];
    let (output, input) = (number(&live["heatOutput"]["value"]), number(&live["powerInput"]["value"]));
    assert!(
        output > 0.0
            && output <= 9.0
            && (output / input - number(&live["coefficientOfPerformance"])).abs() < 0.01
    );
    assert_eq!(live["readAt"], "2026-03-10T08:00:00+00:00");
    let (life, ranged) =
        (&data["octoHeatPumpLifetimePerformance"], &data["octoHeatPumpTimeRangedPerformance"]);
    // It was put in this month.
    assert_eq!(life["energyInput"]["value"], ranged["energyInput"]["value"]);
    assert_eq!(life["seasonalCoefficientOfPerformance"], ranged["coefficientOfPerformance"]);
    let days = data["octoHeatPumpTimeSeriesPerformance"].as_array().expect("days");
    assert_eq!(days.len(), 9);
    assert_eq!(
        (&days[0]["startAt"], &days[0]["endAt"]),
        (&json!("2026-03-02T09:30:00+00:00"), &json!("2026-03-03T00:00:00+00:00"))
    );
    assert_eq!(days[8]["endAt"], "2026-03-10T08:00:00+00:00");
    let sum: f64 = days.iter().map(|day| number(&day["energyOutput"]["value"])).sum();
    assert!((sum - number(&ranged["energyOutput"]["value"])).abs() < 0.01);
    for (grouping, count) in [("LIVE", 381), ("WEEK", 2), ("MONTH", 1), ("YEAR", 1)] {
        let mut grouped = whole.clone();
        grouped["g"] = json!(grouping);
        let data = server.ask(Some(&token), query, grouped).await;
        let steps = data["octoHeatPumpTimeSeriesPerformance"].as_array().map(Vec::len);
        assert_eq!(steps, Some(count), "{grouping}");
    }
    let ranged = "query($e: ID!, $s: DateTime!, $t: DateTime!) {
        octoHeatPumpTimeRangedPerformance(euid: $e, startAt: $s, endAt: $t) { coefficientOfPerformance } }";
    let series = "query($e: ID!, $s: DateTime!, $t: DateTime!) {
        octoHeatPumpTimeSeriesPerformance(euid: $e, startAt: $s, endAt: $t, performanceGrouping: DAY) { startAt } }";
    let empty = json!({ "e": EUID, "s": "2026-03-05T00:00:00Z", "t": "2026-03-05T00:00:00Z" });
    for query in [ranged, series] {
        assert_eq!(server.refusal_of(&token, query, empty.clone()).await.0, "KT-CT-4321");
    }
    let before = json!({ "e": EUID, "s": "2026-01-01T00:00:00Z", "t": "2026-02-01T00:00:00Z" });
    let data = server.ask(Some(&token), ranged, before.clone()).await;
    assert_eq!(data["octoHeatPumpTimeRangedPerformance"]["coefficientOfPerformance"], json!(null));
    assert_eq!(
        server.ask(Some(&token), series, before).await["octoHeatPumpTimeSeriesPerformance"],
        json!([])
    );
}

#[tokio::test]
async fn too_many_steps_are_refused() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pumped(&world.ada).await;
    let token = server.at("2026-06-10T08:00:00Z", &world.ada).await;
    let query =
        "query($e: ID!) { octoHeatPumpTimeSeriesPerformance(euid: $e, startAt: \"2026-03-01T00:00:00Z\",
        endAt: \"2026-06-01T00:00:00Z\", performanceGrouping: LIVE) { startAt } }";
    assert_eq!(server.refusal_of(&token, query, json!({ "e": EUID })).await.0, "KT-CT-4321");
}

#[tokio::test]
async fn somebody_elses_heat_pump_does_not_exist() {
    let server = Server::start().await;
    let world = server.world().await;
    let (_, bob) = server.pumped(&world.bob).await;
    let token = server.again(&world.ada).await;
    let property = server.device_of(&bob, &world.bob, "propertyId").await["propertyId"].clone();
    let at: i64 = property.as_str().and_then(|text| text.parse().ok()).expect("a number");
    let queries = [
        "query($n: String!, $e: ID!) { octoHeatPumpControllerConfiguration(accountNumber: $n, euid: $e) { controller { connected } } }",
        "query($n: String!, $e: ID!) { heatPumpControllerConfiguration(accountNumber: $n, euid: $e) { controller { connected } } }",
        "query($n: String!, $e: ID!) { octoHeatPumpControllerStatus(accountNumber: $n, euid: $e) { sensors { code } } }",
        "query($n: String!, $e: ID!) { heatPumpControllerStatus(accountNumber: $n, euid: $e) { sensors { code } } }",
        "query($n: String!) { heatPumpStatus(accountNumber: $n) { isConnected } }",
        "query($n: String!, $q: Int!) { heatPumpDevice(accountNumber: $n, propertyId: $q) { provider } }",
        "query($n: String!, $p: ID!) { octoHeatPumpControllersAtLocation(accountNumber: $n, propertyId: $p) { heatPumpModel } }",
        "query($e: ID!) { octoHeatPumpLivePerformance(euid: $e) { readAt } }",
        "query($e: ID!) { octoHeatPumpLifetimePerformance(euid: $e) { readAt } }",
        "query($e: ID!) { octoHeatPumpTimeRangedPerformance(euid: $e, startAt: \"2026-03-01T00:00:00Z\", endAt: \"2026-03-02T00:00:00Z\") { coefficientOfPerformance } }",
        "query($e: ID!) { octoHeatPumpTimeSeriesPerformance(euid: $e, startAt: \"2026-03-01T00:00:00Z\", endAt: \"2026-03-02T00:00:00Z\", performanceGrouping: DAY) { startAt } }",
    ];
    for query in queries {
        for account in [&world.ada.account, &world.bob.account] {
            let variables = json!({ "n": account, "e": EUID, "p": property, "q": at });
            assert_eq!(server.refusal_of(&token, query, variables).await.0, "KT-CT-4301", "{query}");
        }
    }
    let odd = "query($n: String!) { octoHeatPumpControllersAtLocation(accountNumber: $n, propertyId: \"x\") { heatPumpModel } }";
    assert_eq!(server.refusal_of(&bob, odd, json!({ "n": world.bob.account })).await.0, "KT-CT-4301");
    let euids = "query($n: String) { octoHeatPumpControllerEuids(accountNumber: $n) }";
    for account in [Some(&world.bob.account), None] {
        let data = server.ask(Some(&token), euids, json!({ "n": account })).await;
        assert_eq!(data["octoHeatPumpControllerEuids"], json!([]));
    }
    let data = server.ask(Some(&bob), euids, json!({})).await;
    assert_eq!(data["octoHeatPumpControllerEuids"], json!([EUID]));
}
