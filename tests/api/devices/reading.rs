//! What devices show: themselves, their plans, what they did.

use chrono::TimeDelta;
use kraken_api::api::Origin;
use kraken_api::domain::devices::cloud::Kind;
use kraken_api::domain::devices::register::{Make, NewDevice};
use kraken_api::graphql;
use serde_json::json;

use crate::support::Server;
use crate::support::devices::{EASEE, OHME, TESLA, car};
use crate::support::world::Customer;

const EVERYTHING: &str = "__typename id name deviceType provider integrationDeviceId propertyId
    status { __typename current currentState isSuspended
        ... on SmartFlexVehicleStatus { testDispatchFailureReason stateOfChargeLimit { upperSocLimit timestamp isLimitViolated }
            stateOfCharge { timestamp value } activePower { value } }
        ... on SmartFlexChargePointStatus { testDispatchFailureReason stateOfChargeLimit { upperSocLimit }
            stateOfCharge { value } activePower { timestamp value } }
        ... on SmartFlexThermostatStatus { mode timestamp currentTemperature { value unit } targetHeatTemperature { value }
            targetCoolTemperature { value } } }
    alerts { message publishedAt }
    preferences { targetType unit mode gridExport isChargingDurationCapped schedules { dayOfWeek time min max upperLimit } }
    preferenceSetting { id deviceType mode unit scheduleSettings { id timeFrom timeTo timeStep min max step
        minConstraint { min max } maxConstraint { min max } targetConstraint { min max } } }
    ... on SmartFlexVehicle { make model vehicleBatterySize chargePointPowerOutput
        vehicleVariant { model batterySize } chargePointVariant { model powerInKw }
        chargingPreferences { weekdayTargetTime weekdayTargetSoc weekendTargetTime weekendTargetSoc minimumSoc maximumSoc } }
    ... on SmartFlexChargePoint { make model vehicleBatterySize chargePointPowerOutput
        vehicleVariant { model } chargePointVariant { model } }
    ... on SmartFlexThermostat { make } ... on SmartFlexInverter { make model telemetry { inverter { connectionStatus powerInKw }
        battery { connectionStatus powerInKw stateOfCharge } solar { powerInKw } grid { powerInKw }
        site { consumptionInKw exportInKw } } }";

const SESSIONS: &str = "... on SmartFlexVehicle { chargingSessions(last: 5) { edges { cursor node { __typename start end
    stateOfChargeChange stateOfChargeFinal energyAdded { value unit }
    ... on SmartFlexChargingSession { type targetType dispatches { start end type energyAddedKwh }
        problems { __typename ... on SmartFlexChargingError { cause }
            ... on SmartFlexChargingTruncation { truncationCause originalAchievableStateOfCharge achievableStateOfCharge } } } } }
    pageInfo { startCursor endCursor hasPreviousPage hasNextPage } } }";

impl Server {
    /// Asks for pages of sessions that cannot be had. `after` is a moment here, so it cannot be nonsense.
    async fn bounds_sessions(&self, token: &str, of: &Customer, device: &str) {
        for (arguments, code) in [
            ("", "KT-CT-1201"),
            ("(first: 101)", "KT-CT-1202"),
            ("(last: 101)", "KT-CT-1203"),
            ("(first: 1, last: 1)", "KT-CT-1204"),
        ] {
            let query = format!(
                "query($n: String!) {{ devices(accountNumber: $n) {{ ... on {device} {{ chargingSessions{arguments} {{
                    edges {{ cursor }} }} }} }} }}"
            );
            let reply = self.send(Some(token), &query, json!({ "n": of.account })).await;
            assert_eq!(reply.codes().first(), Some(&code), "{query}: {}", reply.json);
        }
    }
}

#[tokio::test]
async fn a_new_car_passes_its_test_and_shows_everything() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-PARKED")).await;
    let mut seen = Vec::new();
    for _ in 0..20 {
        server.wall.set(server.wall.now() + TimeDelta::seconds(60));
        let status =
            server.device_of(&ada.token, ada, "status { current currentState }").await["status"].clone();
        let code = (
            status["current"].as_str().unwrap_or_default().to_owned(),
            status["currentState"].as_str().unwrap_or_default().to_owned(),
        );
        if seen.last() != Some(&code) {
            seen.push(code);
        }
    }
    let shown: Vec<(&str, &str)> =
        seen.iter().map(|(current, state)| (current.as_str(), state.as_str())).collect();
    assert_eq!(
        shown[..3],
        [
            ("ONBOARDING", "AUTHENTICATION_COMPLETE"),
            ("ONBOARDING_TEST_IN_PROGRESS", "TEST_CHARGE_IN_PROGRESS"),
            ("PENDING_LIVE", "SETUP_COMPLETE"),
        ]
    );
    assert_eq!(shown.last().map(|(current, _)| *current), Some("LIVE"));
    let found = server.device_of(&ada.token, ada, EVERYTHING).await;
    assert_eq!(found["__typename"], "SmartFlexVehicle");
    assert_eq!(found["id"], id);
    assert_eq!(found["deviceType"], "ELECTRIC_VEHICLES");
    assert_eq!(
        (&found["provider"], &found["integrationDeviceId"]),
        (&json!("TESLA_V2"), &json!("5YJ3-PARKED"))
    );
    assert_eq!((&found["make"], &found["vehicleBatterySize"]), (&json!("Tesla"), &json!("75")));
    assert_eq!(found["chargePointPowerOutput"], "7.4");
    assert_eq!(found["chargePointVariant"]["model"], "Home Pro");
    assert_eq!(found["status"]["__typename"], "SmartFlexVehicleStatus");
    assert_eq!(found["status"]["stateOfChargeLimit"]["upperSocLimit"], 90);
    assert_eq!(found["status"]["testDispatchFailureReason"], "NONE");
    // 975 seconds at 6.66 kW on top of 55 per cent of 75 kWh: until it is in service it charges as it likes.
    assert_eq!(found["status"]["stateOfCharge"]["value"], "57.4");
    assert_eq!(found["preferences"]["targetType"], "ABSOLUTE_STATE_OF_CHARGE");
    assert_eq!(found["preferences"]["gridExport"], "NOT_APPLICABLE");
    assert_eq!(found["preferences"]["isChargingDurationCapped"], "ENABLED");
    assert_eq!(found["preferences"]["schedules"].as_array().map(Vec::len), Some(7));
    assert_eq!(
        found["preferences"]["schedules"][0],
        json!({ "dayOfWeek": "MONDAY", "time": "07:00:00", "min": 15, "max": 80, "upperLimit": 90 })
    );
    assert_eq!(found["preferenceSetting"]["scheduleSettings"][0]["timeStep"], 30);
    assert_eq!(found["chargingPreferences"]["weekendTargetSoc"], 80);
    let sessions = server.device_of(&ada.token, ada, SESSIONS).await["chargingSessions"]["edges"].clone();
    assert_eq!(sessions[0]["node"]["type"], "TEST");
    assert_eq!(sessions[0]["node"]["energyAdded"], json!({ "value": "1.11", "unit": "KILOWATT_HOUR" }));
}

#[tokio::test]
async fn a_night_is_planned_and_becomes_what_was_done() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-PARKED")).await;
    let token = server.at("2026-03-02T18:00:00Z", ada).await;
    let planned = "query($d: String!, $n: String!) {
        flexPlannedDispatches(deviceId: $d) { start end type energyAddedKwh }
        plannedDispatches(accountNumber: $n) { start end startDt endDt delta deltaKwh meta { source location } } }";
    let variables = json!({ "d": id, "n": ada.account });
    let data = server.ask(Some(&token), planned, variables.clone()).await;
    let flex = data["flexPlannedDispatches"].as_array().expect("dispatches");
    assert!(!flex.is_empty());
    let night = "2026-03-03T00:00:00+00:00".."2026-03-03T06:00:00+00:00";
    for dispatch in flex {
        assert!(night.contains(&dispatch["start"].as_str().expect("a moment")), "{dispatch}");
        assert_eq!(dispatch["type"], "SMART");
    }
    let change = &data["plannedDispatches"][0];
    assert_eq!(change["start"], flex[0]["start"]);
    assert_eq!(change["meta"], json!({ "source": "smart-charge", "location": null }));
    assert!(change["delta"].as_str().is_some_and(|delta| delta.starts_with('-')), "{change}");
    assert!(change["startDt"].as_str().is_some_and(|text| text.starts_with("2026-03-03 0")), "{change}");
    // From 57.4 to 80 per cent of 75 kWh.
    let wanted: f64 = flex
        .iter()
        .map(|each| each["energyAddedKwh"].as_str().map_or(0.0, |v| v.parse().unwrap_or(0.0)))
        .sum();
    assert!((wanted - 16.95).abs() < 0.02, "{wanted}");

    let token = server.at("2026-03-03T07:30:00Z", ada).await;
    let done =
        "query($n: String!) { completedDispatches(accountNumber: $n) { start end startDt endDt delta deltaKwh
        meta { source location } } }";
    let data = server.ask(Some(&token), done, json!({ "n": ada.account })).await;
    let done = data["completedDispatches"].as_array().expect("dispatches");
    let starts: Vec<&str> = done.iter().filter_map(|each| each["start"].as_str()).collect();
    assert!(starts.len() > 1 && starts.is_sorted_by(|a, b| a >= b), "latest first: {starts:?}");
    assert_eq!(done[0]["meta"], json!({ "source": "smart-charge", "location": "AT_HOME" }));
    assert_eq!(done.last().expect("one")["meta"]["source"], "test-charge");
    let from_grid: f64 = done[..done.len() - 1]
        .iter()
        .map(|each| each["delta"].as_str().map_or(0.0, |v| v.parse().unwrap_or(0.0)))
        .sum();
    // A tenth is lost on the way.
    assert!((from_grid + 18.83).abs() < 0.02, "{from_grid}");
    let found = server.device_of(&token, ada, SESSIONS).await["chargingSessions"].clone();
    assert_eq!(found["edges"].as_array().map(Vec::len), Some(2));
    let smart = &found["edges"][1]["node"];
    assert_eq!((&smart["type"], &smart["problems"]), (&json!("SMART"), &json!([])));
    assert_eq!(smart["stateOfChargeFinal"], "80");
    assert_eq!(found["pageInfo"]["endCursor"], found["edges"][1]["cursor"]);
    assert_eq!(found["pageInfo"]["hasPreviousPage"], false);
    let page = format!("... on SmartFlexVehicle {{ chargingSessions(first: 1, after: \"{}\", sessionTypes: [SMART, BOOST]) {{
        edges {{ node {{ start }} }} pageInfo {{ hasNextPage }} }} }}", found["edges"][0]["cursor"].as_str().expect("a cursor"));
    let next = server.device_of(&token, ada, &page).await["chargingSessions"].clone();
    assert_eq!(next["edges"][0]["node"]["start"], smart["start"]);
    assert_eq!(next["pageInfo"]["hasNextPage"], false);
    server.bounds_sessions(&token, ada, "SmartFlexVehicle").await;
}

#[tokio::test]
async fn reading_changes_nothing() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.device(ada, car("5YJ3-0001")).await;
    let mut states = Vec::new();
    server.wall.set("2026-03-04T23:15:00Z".parse().expect("a moment"));
    for round in 0..2 {
        if round == 1 {
            server.work_off().await;
        }
        let token = server.again(ada).await;
        let fields = format!(
            "status {{ currentState ... on SmartFlexVehicleStatus {{ stateOfCharge {{ value }} }} }} {SESSIONS}"
        );
        states.push(server.device_of(&token, ada, &fields).await);
    }
    assert_eq!(states[0], states[1]);
}

#[tokio::test]
async fn other_devices_show_what_they_have() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let other = |kind, reference, provider, battery_wh| NewDevice {
        provider,
        name: "Home",
        make: Make::Other { kind, make: "Maker", model: "Model", power_w: 3000, battery_wh },
        ..car(reference)
    };
    let point = NewDevice {
        provider: "OCPP",
        make: Make::ChargePoint { model: EASEE, vehicle: TESLA },
        ..car("EASEE-PARKED")
    };
    server.device(ada, point).await;
    let clever = NewDevice {
        provider: "OHME_V2",
        make: Make::ChargePoint { model: OHME, vehicle: TESLA },
        ..car("OHME-PARKED")
    };
    server.device(ada, clever).await;
    server.device(ada, other(Kind::Inverter, "INV-1-PARKED", "GIVENERGY", Some(9500))).await;
    server.device(ada, other(Kind::Battery, "BAT-1-PARKED", "ENPHASE", Some(5000))).await;
    server.device(ada, other(Kind::HeatPump, "HP-1-PARKED", "DAIKIN", None)).await;
    let last = server.device(ada, other(Kind::Thermostat, "TH-1-PARKED", "ECOBEE_V2", None)).await;
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let query = format!("query($n: String!) {{ devices(accountNumber: $n) {{ {EVERYTHING} }} }}");
    let data = server.ask(Some(&token), &query, json!({ "n": ada.account })).await;
    let all = data["devices"].as_array().expect("devices");
    let types: Vec<&str> = all.iter().filter_map(|each| each["__typename"].as_str()).collect();
    assert_eq!(
        types,
        [
            "SmartFlexChargePoint",
            "SmartFlexChargePoint",
            "SmartFlexInverter",
            "SmartFlexBattery",
            "SmartFlexDevice",
            "SmartFlexThermostat"
        ]
    );
    server.bounds_sessions(&token, ada, "SmartFlexChargePoint").await;
    assert!(all.iter().all(|each| each["status"]["current"] == "LIVE"));
    assert_eq!(all[0]["preferences"]["targetType"], "RELATIVE_STATE_OF_CHARGE");
    assert_eq!(all[0]["status"]["stateOfCharge"], json!(null));
    assert!(all[1]["status"]["stateOfCharge"]["value"].is_string());
    assert_eq!(all[2]["preferences"]["gridExport"], "ENABLED");
    assert_eq!(
        (&all[4]["preferences"]["mode"], &all[4]["preferences"]["unit"]),
        (&json!("HEAT"), &json!("CELSIUS"))
    );
    assert_eq!(all[5]["preferenceSetting"]["scheduleSettings"][0]["step"], "0.5");
    let thermostat = &all[5]["status"];
    assert_eq!(
        (&thermostat["mode"], &thermostat["targetHeatTemperature"]["value"]),
        (&json!("HEATING"), &json!("20"))
    );
    let number = |value: &serde_json::Value| {
        value.as_str().and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::NAN)
    };
    assert!((19.0..22.0).contains(&number(&thermostat["currentTemperature"]["value"])), "{thermostat}");
    let home = &all[2]["telemetry"];
    assert_eq!(home["inverter"]["connectionStatus"], "ONLINE");
    let kw = |of: &str, name: &str| number(&home[of][name]);
    // What comes in goes out.
    let sum = kw("solar", "powerInKw") + kw("grid", "powerInKw")
        - kw("battery", "powerInKw")
        - kw("site", "consumptionInKw");
    assert!(sum.abs() < 0.0001 && kw("solar", "powerInKw") > 0.0, "{home}");

    let some = "query($n: String!, $p: ID, $d: String) { devices(accountNumber: $n, propertyId: $p, deviceId: $d) { id } }";
    let one = server.ask(Some(&token), some, json!({ "n": ada.account, "d": last })).await;
    assert_eq!(one["devices"], json!([{ "id": last }]));
    let at = server.ask(Some(&token), some, json!({ "n": ada.account, "p": all[5]["propertyId"] })).await;
    assert_eq!(at["devices"], json!([{ "id": last }]));
    for wrong in [json!({ "n": ada.account, "d": "x" }), json!({ "n": ada.account, "p": "9" })] {
        assert_eq!(server.refusal_of(&token, some, wrong).await.0, "KT-CT-4301");
    }
    let ocpp = "query($n: String!) { ocppConnection(accountNumber: $n) { isConnected } }";
    let data = server.ask(Some(&token), ocpp, json!({ "n": ada.account })).await;
    assert_eq!(data["ocppConnection"]["isConnected"], true);
}

#[tokio::test]
async fn a_lost_connection_is_told_and_the_last_known_charge_stays() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.device(ada, car("5YJ3-LOST")).await;
    let token = server.at("2026-03-07T14:00:00Z", ada).await;
    let fields = "alerts { message publishedAt } status { currentState ... on SmartFlexVehicleStatus {
        stateOfCharge { timestamp } activePower { value } } }";
    let found = server.device_of(&token, ada, fields).await;
    assert_eq!(found["status"]["currentState"], "LOST_CONNECTION");
    let noon = "2026-03-07T12:00:00+00:00";
    assert_eq!(found["status"]["stateOfCharge"]["timestamp"], noon);
    assert_eq!(found["status"]["activePower"], json!(null));
    assert_eq!(found["alerts"][0]["publishedAt"], noon);
}

#[tokio::test]
async fn what_goes_wrong_while_setting_up_is_shown() {
    let server = Server::start().await;
    let world = server.world().await;
    server.device(&world.ada, car("5YJ3-NO-AUTH")).await;
    server.device(&world.bob, car("5YJ3-FAILS-TEST")).await;
    let token = server.at("2026-03-03T12:00:00Z", &world.ada).await;
    let registered = "query($n: String!) { registeredKrakenflexDevice(accountNumber: $n) { krakenflexDeviceId provider
        vehicleMake vehicleModel vehicleBatterySizeInKwh chargePointMake chargePointModel chargePointPowerInKw status
        suspended hasToken createdAt stateOfChargeLimit { upperSocLimit } testDispatchFailureReason } }";
    let data = server.ask(Some(&token), registered, json!({ "n": world.ada.account })).await;
    let found = &data["registeredKrakenflexDevice"];
    assert_eq!((&found["status"], &found["hasToken"]), (&json!("Onboarding"), &json!(false)));
    assert_eq!(
        (&found["vehicleModel"], &found["chargePointMake"]),
        (&json!("Model 3 Long Range"), &json!("Ohme"))
    );
    assert_eq!(
        (&found["vehicleBatterySizeInKwh"], &found["chargePointPowerInKw"]),
        (&json!("75"), &json!("7.4"))
    );
    assert_eq!(server.state_of(&token, &world.ada).await, "AUTHENTICATION_FAILED");
    let token = server.again(&world.bob).await;
    let data = server.ask(Some(&token), registered, json!({ "n": world.bob.account })).await;
    let found = &data["registeredKrakenflexDevice"];
    assert_eq!((&found["status"], &found["hasToken"]), (&json!("Failed onboarding test"), &json!(true)));
    assert_eq!(found["testDispatchFailureReason"], "ASSESSMENTS_FAILED");
    assert_eq!(server.state_of(&token, &world.bob).await, "TEST_CHARGE_FAILED");
}

#[tokio::test]
async fn an_account_without_a_device_and_somebody_elses_answer_alike() {
    let server = Server::start().await;
    let world = server.world().await;
    let bobs = server.device(&world.bob, car("5YJ3-PARKED")).await;
    let (token, ada) = (&world.ada.token, &world.ada);
    let by_account = [
        "query($n: String!) { devices(accountNumber: $n) { id } }",
        "query($n: String!) { plannedDispatches(accountNumber: $n) { start } }",
        "query($n: String!) { completedDispatches(accountNumber: $n) { start } }",
        "query($n: String!) { registeredKrakenflexDevice(accountNumber: $n) { status } }",
        "query($n: String!) { vehicleChargingPreferences(accountNumber: $n) { weekdayTargetTime } }",
        "query($n: String!) { ocppConnection(accountNumber: $n) { isConnected } }",
    ];
    for query in by_account {
        for account in [&ada.account, &world.bob.account, &"A-00000000".to_owned()] {
            assert_eq!(
                server.refusal_of(token, query, json!({ "n": account })).await.0,
                "KT-CT-4301",
                "{query}"
            );
        }
    }
    let planned = "query($d: String!) { flexPlannedDispatches(deviceId: $d) { start } }";
    for id in [bobs.as_str(), "00000000-0000-4000-8000-000000000000", "x"] {
        assert_eq!(server.refusal_of(token, planned, json!({ "d": id })).await.0, "KT-CT-4313");
    }
    let mixed = "query($a: String!, $b: String!) { devices(accountNumber: $a) { id } x: devices(accountNumber: $b, deviceId: $a) { id } }";
    assert_eq!(
        server.send(Some(token), mixed, json!({ "a": ada.account, "b": world.bob.account })).await.codes(),
        ["KT-CT-4301", "KT-CT-4301"]
    );
    let by_partner =
        server.refusal_of(&world.partner, by_account[0], json!({ "n": world.bob.account })).await;
    assert_eq!(by_partner.0, "KT-CT-4301");
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_said() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = server.device(ada, car("5YJ3-MUTE")).await;
    let by_account = json!({ "n": ada.account });
    let planned = "query($n: String!) { plannedDispatches(accountNumber: $n) { start } }";
    assert_eq!(server.refusal_of(&ada.token, planned, by_account.clone()).await.0, "KT-CT-4340");
    let done = "query($n: String!) { completedDispatches(accountNumber: $n) { start } }";
    assert_eq!(server.refusal_of(&ada.token, done, by_account).await.0, "KT-CT-4341");
    let flex = "query($d: String!) { flexPlannedDispatches(deviceId: $d) { start } }";
    assert_eq!(server.refusal_of(&ada.token, flex, json!({ "d": id })).await.0, "KT-CT-4340");
}

/// A wizard for each device, which still asks who made it.
const WIZARDS: &str = "insert into onboarding_wizards (id, account_id, property_id, device_id, started_at)
    select gen_random_uuid(), d.account_id, d.property_id, d.id, d.created_at from devices d
    on conflict do nothing";
const STEPS: &str = "insert into onboarding_steps (id, wizard_id, place, kind)
    select gen_random_uuid(), w.id, 1, 'VEHICLE_MAKE' from onboarding_wizards w on conflict do nothing";

#[tokio::test]
async fn one_device_and_ten_cost_the_same() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let mut counts = Vec::new();
    for (days, names) in
        [(3, ["A"].as_slice()), (5, ["B", "C", "D", "E", "F", "G", "H", "I", "J"].as_slice())]
    {
        for name in names {
            server.device(ada, car(&format!("{name}-PARKED"))).await;
        }
        server.time_passes(TimeDelta::days(days)).await;
        let token = server.again(ada).await;
        server.tamper(WIZARDS).await;
        server.tamper(STEPS).await;
        let query = format!(
            "{{ devices(accountNumber: \"{}\") {{ {EVERYTHING} {SESSIONS} onboardingWizard {{ completedSteps {{ id }}
                currentStep {{ id ... on SelectFromList {{ options {{ id }} }} }} }} }} }}",
            ada.account
        );
        let request = graphql::Request { query, ..graphql::Request::default() };
        let from = Origin { authorization: Some(&token), client: None };
        let answer = server.app.execute(request, from).await.expect("an answer");
        let body: serde_json::Value = serde_json::from_slice(&answer.response.body).expect("JSON");
        let devices = body["data"]["devices"].as_array().expect("devices").clone();
        assert!(devices.iter().all(|device| device["chargingSessions"]["edges"][0].is_object()), "{body}");
        let options = |device: &serde_json::Value| {
            device["onboardingWizard"]["currentStep"]["options"].as_array().is_some_and(|all| all.len() > 5)
        };
        assert!(devices.iter().all(options), "{body}");
        counts.push((devices.len(), answer.stats.statements()));
    }
    assert_eq!((counts[0].0, counts[1].0), (1, 10));
    assert_eq!(counts[0].1, counts[1].1);
}
