//! Measurements of properties, readings of supply points and devices, and Japanese half-hours.

use chrono::TimeDelta;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::meters;
use kraken_api::domain::supply::supply_points::{self, NewPoint};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{MPAN, MPRN, nodes, value};
use crate::support::Server;
use crate::support::places::{day, meter, point, register, since};

const MEASUREMENTS: &str = "query($id: ID!, $from: DateTime, $to: DateTime, $on: Date, $until: Date,
        $f: [UtilityFiltersInput], $first: Int) {
    property(id: $id) { measurements(startAt: $from, endAt: $to, startOn: $on, endOn: $until, utilityFilters: $f,
        timezone: \"Europe/London\", first: $first) { totalCount edges { cursor node {
        __typename value unit readAt source metaData { utilityFilters { __typename
            ... on ElectricityFiltersOutput { readingDirection readingQuality readingFrequencyType
                marketSupplyPointId deviceId registerId }
            ... on GasFiltersOutput { readingFrequencyType marketSupplyPointId deviceId registerId } }
            extras { label description value } }
        ... on IntervalMeasurementType { startAt endAt durationInSeconds accumulation } } } } } }";
const READINGS: &str = "query($p: String!, $m: String!, $t: ReadingTypes!, $g: TimeGranularities!, $u: [Units]) {
    supplyPoint(externalIdentifier: $p, marketName: $m) {
        readings(startAt: \"2026-01-01T00:00:00Z\", endAt: \"2026-02-01T00:00:00Z\", readingType: $t,
            timeGranularity: $g, timezone: \"Europe/London\", units: $u) {
            importReadings(first: 100) { ...Import }
            exportReadings(first: 2) { totalCount edges { node { value } } } }
        devices(first: 5) { edges { node { deviceIdentifier
            readings(startAt: \"2026-01-01T00:00:00Z\", endAt: \"2026-02-01T00:00:00Z\", readingType: $t,
                timeGranularity: $g, timezone: \"Europe/London\", units: $u) { importReadings(first: 100) { ...Import } }
            registers(first: 5) { edges { node { registerIdentifier
                readings(startAt: \"2026-01-01T00:00:00Z\", endAt: \"2026-02-01T00:00:00Z\", readingType: $t,
                    timeGranularity: $g, timezone: \"Europe/London\", units: $u) {
                    importReadings(first: 100) { ...Import } } } } } } } } } }
    fragment Import on ImportReadingsConnection { totalCount edges { node {
        value units intervalStart intervalEnd source quality qualities { quality value count } } } }";
const HALF_HOURS: &str =
    "query($id: ID!, $from: DateTime, $to: DateTime, $order: IntervalReadingsSortOrder) {
    property(id: $id) { electricitySupplyPoints {
        halfHourlyReadings(fromDatetime: $from, toDatetime: $to) { startAt endAt value version }
        intervalReadings(sortOrder: $order) { id startAt endAt value readingDate hasHalfHourlyDataForPeriod
            billableMonth periodLengthDays halfHourlyReadings { value } } } } }";

fn sum(nodes: &[&Value]) -> Decimal {
    nodes.iter().map(|node| value(node)).sum()
}

impl Server {
    async fn measurements(&self, token: &str, property: i64, extra: Value) -> Value {
        let mut variables = json!({ "id": property.to_string(), "first": 100 });
        variables.as_object_mut().expect("an object").extend(extra.as_object().expect("more").clone());
        self.ask(Some(token), MEASUREMENTS, variables).await["property"]["measurements"].clone()
    }
}

#[tokio::test]
async fn a_property_is_measured_in_the_ways_that_are_asked_for() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let mut tx = server.tx().await;
    let export =
        NewPoint { is_export: true, ..point(home.property, MarketName::GbrElectricity, "2200001234569") };
    crate::support::places::supplied(&mut tx, &export, world.ada.account_id, "E1").await;
    crate::support::places::supplied(
        &mut tx,
        &point(home.property, MarketName::GbrGas, MPRN),
        world.ada.account_id,
        "G1",
    )
    .await;
    tx.commit().await.expect("committed");
    server.collect().await;
    let token = &world.ada.token;
    let electricity = |extra: Value| json!([{ "electricityFilters": extra }]);
    let january = json!({ "on": "2026-01-01", "until": "2026-01-31" });
    let with = |filters: Value| {
        let mut all = january.clone();
        all["f"] = filters;
        all
    };
    let days = server
        .measurements(
            token,
            home.property,
            with(electricity(json!({ "readingFrequencyType": "DAY_INTERVAL" }))),
        )
        .await;
    let days = nodes(&days);
    assert_eq!((days.len(), &days[0]["__typename"]), (31, &json!("IntervalMeasurementType")));
    assert_eq!((&days[0]["unit"], &days[0]["durationInSeconds"]), (&json!("kWh"), &json!(86_400)));
    assert_eq!(days[0]["startAt"], "2026-01-01T00:00:00+00:00");
    let filters = &days[0]["metaData"]["utilityFilters"];
    assert_eq!(
        *filters,
        json!({ "__typename": "ElectricityFiltersOutput", "readingDirection": "CONSUMPTION", "readingQuality": "COMBINED",
            "readingFrequencyType": "DAY_INTERVAL", "marketSupplyPointId": MPAN, "deviceId": null, "registerId": null })
    );
    assert_eq!(days[0]["metaData"]["extras"][0]["label"], "MEASURED");
    assert_eq!(days[0]["metaData"]["extras"][0]["value"], days[0]["value"]);
    let month = server
        .measurements(
            token,
            home.property,
            with(electricity(json!({ "readingFrequencyType": "MONTH_INTERVAL" }))),
        )
        .await;
    assert_eq!(sum(&nodes(&month)), sum(&days));
    // What the sun gave is another direction, and gas another kind.
    let sun = json!({ "readingFrequencyType": "MONTH_INTERVAL", "readingDirection": "GENERATION" });
    let both = json!([{ "electricityFilters": sun }, { "gasFilters": { "readingFrequencyType": "MONTH_INTERVAL" } }]);
    let both = server.measurements(token, home.property, with(both)).await;
    let kinds: Vec<&Value> =
        nodes(&both).iter().map(|n| &n["metaData"]["utilityFilters"]["__typename"]).collect();
    assert_eq!(kinds, ["ElectricityFiltersOutput", "GasFiltersOutput"]);
    // Without filters, everything that came in, as it was measured.
    let raw = server.measurements(token, home.property, january.clone()).await;
    assert_eq!(raw["totalCount"], 2 * 31 * 48);
    assert_eq!(nodes(&raw)[0]["durationInSeconds"], 1800);
    let meter = json!({ "deviceId": "E1", "registerId": "1", "readingFrequencyType": "WEEK_INTERVAL" });
    let of_register = server.measurements(token, home.property, with(electricity(meter))).await;
    assert_eq!(sum(&nodes(&of_register)), sum(&days));
    let nobody = electricity(json!({ "deviceId": "E9" }));
    assert_eq!(server.measurements(token, home.property, with(nobody)).await["totalCount"], 0);
    let spread = electricity(json!({ "readingQuality": "ESTIMATE" }));
    assert_eq!(server.measurements(token, home.property, with(spread)).await["totalCount"], 0);
    let variables = json!({ "id": home.property.to_string(), "first": 1,
        "f": [{ "electricityFilters": { "readingFrequencyType": "FIVE_MIN_INTERVAL" } }] });
    let reply = server.send(Some(token), MEASUREMENTS, variables.clone()).await;
    assert_eq!(reply.codes(), ["KT-CT-4710"]);
}

#[tokio::test]
async fn registers_are_shown_as_they_were_read() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    server.collect().await;
    let of =
        |frequency: &str| json!({ "f": [{ "electricityFilters": { "readingFrequencyType": frequency } }] });
    let token = &world.ada.token;
    let shown = server.measurements(token, home.property, of("POINT_IN_TIME")).await;
    let shown = nodes(&shown);
    assert_eq!((shown.len(), &shown[0]["__typename"]), (3, &json!("MeasurementType")));
    assert_eq!(
        (&shown[2]["readAt"], &shown[2]["source"]),
        (&json!("2026-03-01T00:00:00+00:00"), &json!("SMART_METER"))
    );
    assert_eq!(server.measurements(token, home.property, of("DAILY")).await["totalCount"], 3);
    let between = server.measurements(token, home.property, of("INTERVALIZED")).await;
    let between = nodes(&between);
    assert_eq!(between.len(), 2);
    assert_eq!(value(between[0]), value(shown[1]) - value(shown[0]));
    assert_eq!(
        (&between[0]["accumulation"], &between[0]["startAt"]),
        (&shown[1]["value"], &shown[0]["readAt"])
    );
    let data = server
        .ask(Some(&world.reader), MEASUREMENTS, json!({ "id": home.property.to_string(), "first": 1 }))
        .await;
    let total = data["property"]["measurements"]["totalCount"].as_i64();
    assert!(total.is_some_and(|total| total > 57 * 48), "{total:?}");
}

#[tokio::test]
async fn a_point_its_devices_and_their_registers_are_read_alike() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let gas = server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G1").await;
    let _ = gas;
    let mut tx = server.tx().await;
    let registers = [register("1", "Day", "DAY"), register("2", "Night", "NIGHT")];
    meters::take_off(&mut tx, home.point, day("2026-01-02")).await.expect("taken off");
    meters::install(&mut tx, home.point, day("2026-01-02"), &meter("E2", &registers)).await.expect("a meter");
    tx.commit().await.expect("committed");
    server.collect().await;
    let ask = |kind: &str, granularity: &str, units: Value| {
        let variables = json!({ "p": MPAN, "m": "GBR_ELECTRICITY", "t": kind, "g": granularity, "u": units });
        let (server, token) = (&server, world.ada.token.clone());
        async move { server.ask(Some(&token), READINGS, variables).await["supplyPoint"].clone() }
    };
    let found = ask("INTERVAL", "DAY", Value::Null).await;
    let readings = &found["readings"];
    let of_point = nodes(&readings["importReadings"]);
    assert_eq!((of_point.len(), &readings["exportReadings"]["totalCount"]), (31, &json!(0)));
    assert_eq!(
        (&of_point[0]["units"], &of_point[0]["quality"]),
        (&json!("KILOWATT_HOURS"), &json!("ACTUAL"))
    );
    assert_eq!(
        of_point[0]["qualities"],
        json!([{ "quality": "ACTUAL", "value": of_point[0]["value"], "count": 48 }])
    );
    let devices = nodes(&found["devices"]);
    assert_eq!(
        (&devices[0]["deviceIdentifier"], &devices[1]["deviceIdentifier"]),
        (&json!("E2"), &json!("E1"))
    );
    let of_device = nodes(&devices[0]["readings"]["importReadings"]);
    assert_eq!(of_device.len(), 30);
    assert_eq!(sum(&of_device), sum(&of_point[1..]));
    let registers = nodes(&devices[0]["registers"]);
    let of_registers: Vec<Decimal> =
        registers.iter().map(|register| sum(&nodes(&register["readings"]["importReadings"]))).collect();
    assert_eq!(of_registers.iter().sum::<Decimal>(), sum(&of_device));
    assert!(of_registers[0] > of_registers[1] && of_registers[1] > Decimal::ZERO, "{of_registers:?}");

    let found = ask("INTERVAL", "MONTH", json!(["VOLT", "WATT_HOURS"])).await;
    let month = nodes(&found["readings"]["importReadings"])[0].clone();
    assert_eq!(
        (&month["units"], value(&month)),
        (&json!("WATT_HOURS"), sum(&of_point) * Decimal::ONE_THOUSAND)
    );
    let found = ask("PEAK", "MONTH", Value::Null).await;
    let peak = nodes(&found["readings"]["importReadings"])[0].clone();
    assert_eq!(peak["units"], "KILOWATT");
    assert!(value(&peak) * Decimal::from(24 * 31) > sum(&of_point), "{peak}");
    let found = ask("ACCUMULATION", "DAY", Value::Null).await;
    let stands = nodes(&found["readings"]["importReadings"]);
    assert_eq!(stands[0]["intervalEnd"], "2026-01-01T00:00:00+00:00");
    assert_eq!(
        (&stands[0]["intervalStart"], &stands[0]["source"]),
        (&Value::Null, &json!("CHANGE_OF_SUPPLY"))
    );
    // The old meter when it came and went, the new one when it came.
    assert_eq!(stands.len(), 4);

    for (number, market, kind, granularity, units, code) in [
        (MPAN, "GBR_ELECTRICITY", "INTERVAL", "FIVE_MIN", Value::Null, "KT-CT-4710"),
        (MPAN, "GBR_ELECTRICITY", "INTERVAL", "DAY", json!(["VOLT"]), "KT-CT-4721"),
        (MPRN, "GBR_GAS", "PEAK", "DAY", Value::Null, "KT-CT-4721"),
    ] {
        let variables = json!({ "p": number, "m": market, "t": kind, "g": granularity, "u": units });
        let reply = server.send(Some(&world.ada.token), READINGS, variables).await;
        let codes = reply.codes();
        assert!(codes.len() >= 2 && codes.iter().all(|raised| *raised == code), "{}", reply.json);
    }
    // The registers of the points are asked by themselves, or they would never be reached.
    let registers = "query { supplyPoint(externalIdentifier: \"2000050773706\", marketName: \"GBR_ELECTRICITY\") {
        devices(first: 1) { edges { node { registers(first: 1) { edges { node {
            readings(startAt: \"2026-01-01T00:00:00Z\", endAt: \"2026-02-01T00:00:00Z\", readingType: INTERVAL,
                timeGranularity: HOUR) { importReadings(first: 3) { edgeCount } exportReadings(first: 1) { edgeCount } }
        } } } } } } } }";
    let data = server.ask(Some(&world.ada.token), registers, json!({})).await;
    let register = nodes(&data["supplyPoint"]["devices"])[0]["registers"].clone();
    assert_eq!(nodes(&register)[0]["readings"]["importReadings"]["edgeCount"], 3);
}

#[tokio::test]
async fn gas_is_accumulated_in_cubic_metres() {
    let server = Server::start().await;
    let world = server.world().await;
    server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G1").await;
    server.collect().await;
    let variables = json!({ "p": MPRN, "m": "GBR_GAS", "t": "ACCUMULATION", "g": "MONTH", "u": null });
    let data = server.ask(Some(&world.ada.token), READINGS, variables).await;
    let stands = nodes(&data["supplyPoint"]["readings"]["importReadings"]);
    assert_eq!((stands.len(), &stands[0]["units"]), (1, &json!("METERS_CUBED")));
    let data = server
        .ask(
            Some(&world.ada.token),
            READINGS,
            json!({ "p": MPRN, "m": "GBR_GAS", "t": "ACCUMULATION", "g": "MONTH", "u": ["LITER"] }),
        )
        .await;
    let litres = nodes(&data["supplyPoint"]["readings"]["importReadings"]);
    assert_eq!(value(litres[0]), value(stands[0]) * Decimal::ONE_THOUSAND);
}

#[tokio::test]
async fn japanese_half_hours_are_settled_by_the_month() {
    let server = Server::start().await;
    server.world().await;
    let yuki = server.customer("yuki@example.org", "雪 山田", "TG_OCTOPUS_ENERGY").await;
    let spin = "0312345678901234567890";
    let home = server.supplied_home(&yuki, MarketName::JpnElectricity, spin, "J1").await;
    server.collect().await;
    let ask = |extra: Value| {
        let mut variables = json!({ "id": home.property.to_string() });
        variables.as_object_mut().expect("an object").extend(extra.as_object().expect("more").clone());
        let (server, token) = (&server, yuki.token.clone());
        async move { server.send(Some(&token), HALF_HOURS, variables).await }
    };
    let reply = ask(json!({ "from": "2026-01-31T00:00:00+09:00", "to": "2026-02-02T00:00:00+09:00" })).await;
    let point = &reply.json["data"]["property"]["electricitySupplyPoints"][0];
    let half_hours = point["halfHourlyReadings"].as_array().unwrap_or_else(|| panic!("{}", reply.json));
    assert_eq!(half_hours.len(), 96);
    assert_eq!(half_hours[0]["startAt"], "2026-01-31T00:00:00+09:00");
    let versions: Vec<&Value> = [0, 47, 48, 95].map(|place: usize| &half_hours[place]["version"]).to_vec();
    assert_eq!(versions, ["MONTHLY", "MONTHLY", "DAILY", "DAILY"], "January has been billed");
    let periods = point["intervalReadings"].as_array().expect("periods");
    assert_eq!(periods.len(), 2);
    let january = &periods[0];
    assert_eq!(
        (&january["startAt"], &january["endAt"]),
        (&json!("2026-01-01T00:00:00+09:00"), &json!("2026-02-01T00:00:00+09:00"))
    );
    assert_eq!((&january["billableMonth"], &january["periodLengthDays"]), (&json!("2026-01"), &json!(31)));
    assert_eq!(
        (&january["readingDate"], &january["hasHalfHourlyDataForPeriod"]),
        (&json!("2026-02-01"), &json!(true))
    );
    let inside = january["halfHourlyReadings"].as_array().expect("half-hours");
    assert_eq!((inside.len(), sum(&inside.iter().collect::<Vec<_>>())), (31 * 48, value(january)));
    let reply = ask(json!({ "order": "START_AT_DESC" })).await;
    let point = &reply.json["data"]["property"]["electricitySupplyPoints"][0];
    assert_eq!(point["intervalReadings"][1]["id"], january["id"]);
    assert!(point["halfHourlyReadings"].as_array().is_some_and(|all| all.len() > 1_000), "the last month");
    let reply = ask(json!({ "from": "2024-01-01T00:00:00Z", "to": "2026-02-02T00:00:00Z" })).await;
    assert_eq!(reply.codes(), ["KT-CT-1605"]);
    // Whoever is not supplied sees none of it.
    let mut tx = server.tx().await;
    supply_points::end_supply(&mut tx, home.point, since() + TimeDelta::days(1)).await.expect("ended");
    tx.commit().await.expect("committed");
    let reply = ask(json!({ "from": "2026-01-01T00:00:00+09:00", "to": "2026-02-02T00:00:00+09:00" })).await;
    let point = &reply.json["data"]["property"]["electricitySupplyPoints"][0];
    assert_eq!(point["halfHourlyReadings"].as_array().map(Vec::len), Some(48));
}

#[tokio::test]
async fn pages_of_what_was_measured_are_bounded() {
    use crate::roots::bounds_its_pages;
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let gas = server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G1").await;
    let readings =
        "readings(startAt: \"2026-01-01T00:00:00Z\", endAt: \"2026-02-01T00:00:00Z\", readingType: INTERVAL,
        timeGranularity: DAY)";
    let consumption = "consumption(startAt: \"2026-01-01T00:00:00Z\", grouping: DAY, timezone: \"UTC\"";
    let in_point = format!("supplyPoint(externalIdentifier: \"{MPAN}\", marketName: \"GBR_ELECTRICITY\")");
    let in_home = |id: i64, field: &str| format!("property(id: \"{id}\") {{ {field} }}");
    for below in [
        in_home(home.property, "measurements(PAGE) { edgeCount }"),
        in_home(gas.property, "gasMeterPoints { meters { readings(PAGE) { edgeCount } } }"),
        format!("{in_point} {{ {readings} {{ importReadings(PAGE) {{ edgeCount }} }} }}"),
        format!("{in_point} {{ {readings} {{ exportReadings(PAGE) {{ edgeCount }} }} }}"),
    ] {
        bounds_its_pages(&server, &world.ada.token, &below).await;
    }
    let consumption = format!("{{ meters {{ {consumption}, PAGE) {{ edgeCount }} }} }}");
    let electricity = format!("electricityMeterPoints {{ ... on ElectricityMeterPointType {consumption} }}");
    for below in [
        in_home(home.property, &electricity),
        in_home(gas.property, &format!("gasMeterPoints {consumption}")),
    ] {
        bounds_its_pages(&server, &world.ada.token, &below).await;
    }
}

#[tokio::test]
async fn japan_reads_a_supply_point_in_its_own_shape() {
    let server = Server::start_edition(Some("jp")).await;
    server.world().await;
    let yuki = server.customer("yuki@example.org", "雪 山田", "TG_OCTOPUS_ENERGY").await;
    let spin = "0312345678901234567890";
    server.supplied_home(&yuki, MarketName::JpnElectricity, spin, "J1").await;
    server.collect().await;
    let query = format!(
        "{{ supplyPoint(externalIdentifier: \"{spin}\", marketName: \"JPN_ELECTRICITY\") {{
            readings(startAt: \"2026-01-01T00:00:00+09:00\", endAt: \"2026-02-01T00:00:00+09:00\", readingType: INTERVAL,
                timeGranularity: DAY) {{ importReadings(first: 50) {{ edges {{ node {{ value intervalStart }} }} }} }} }} }}"
    );
    let data = server.ask(Some(&yuki.token), &query, json!({})).await;
    let days = data["supplyPoint"]["readings"]["importReadings"].clone();
    assert_eq!(
        (nodes(&days).len(), &nodes(&days)[0]["intervalStart"]),
        (31, &json!("2026-01-01T00:00:00+09:00"))
    );
}
