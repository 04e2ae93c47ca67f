//! What smart meters tell their displays.

use chrono::{DateTime, TimeDelta, Utc};
use kraken_api::domain::supply::display::{Counted, displays};
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::readings::Source;
use kraken_api::domain::supply::simulated_display::Simulator;
use kraken_api::domain::supply::smart_meters::{self, NewDevice};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{MPAN, MPRN, moment};
use crate::support::Server;
use crate::support::places::{Home, point, supplied};
use crate::support::world::Customer;

const TOLD: &str = "query($d: String!, $s: DateTime, $e: DateTime, $g: TelemetryGrouping) {
    smartMeterTelemetry(deviceId: $d, start: $s, end: $e, grouping: $g) { readAt consumption consumptionDelta demand export
        costDelta costDeltaWithTax } }";

const ESME: NewDevice<'_> = NewDevice {
    kind: "ESME",
    manufacturer: "Landis+Gyr",
    model: "E470",
    firmware_version: "24.18",
    serial_number: "23L0000001",
    payment_mode: Some("CREDIT"),
    meter: None,
};

fn counted() -> Counted {
    Counted {
        market_name: "GBR_ELECTRICITY".to_owned(),
        market: "gb".to_owned(),
        identifier: MPAN.to_owned(),
        is_gas: false,
        is_export: false,
        load_profile: None,
        annual_wh: None,
    }
}

/// A moment at which the service answers about the home.
fn answered(from: &str) -> DateTime<Utc> {
    let mut quarters = (0..).map(|n| moment(from) + TimeDelta::minutes(15 * n));
    quarters.find(|at| Simulator::default().answers(&counted(), *at)).expect("a moment")
}

impl Server {
    async fn joins(&self, property: i64, new: NewDevice<'_>) -> String {
        let mut tx = self.tx().await;
        let joined = smart_meters::join(&mut tx, &self.random, property, &new).await.expect("joined");
        smart_meters::commission(&mut tx, joined).await.expect("commissioned");
        tx.commit().await.expect("committed");
        let id = sqlx::query_scalar("select device_id from smart_meter_devices where id = $1").bind(joined);
        id.fetch_one(self.database.pool()).await.expect("an id")
    }

    /// The smart meter of a home, with a display. Answers what its number is for life.
    async fn smart_meter(&self, home: &Home) -> String {
        let id = self.joins(home.property, NewDevice { meter: Some(home.meter), ..ESME }).await;
        let display = NewDevice { kind: "IHD_OR_CAD", serial_number: "IHD1", payment_mode: None, ..ESME };
        self.joins(home.property, display).await;
        id
    }

    async fn told(&self, token: &str, device: &str, (from, to): (&str, &str), grouping: &str) -> Vec<Value> {
        let variables = json!({ "d": device, "s": from, "e": to, "g": grouping });
        let data = self.ask(Some(token), TOLD, variables).await;
        data["smartMeterTelemetry"].as_array().expect("a list").clone()
    }

    async fn session_at(&self, at: DateTime<Utc>, customer: &Customer) -> String {
        self.wall.set(at);
        self.again(customer).await
    }
}

fn number(value: &Value) -> Decimal {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no number: {value}"))
}

fn sum(steps: &[Value], name: &str) -> Decimal {
    steps.iter().map(|step| number(&step[name])).sum()
}

#[tokio::test]
async fn steps_of_any_length_say_what_the_intervals_say() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let home = server.supplied_home(&ada, MarketName::GbrElectricity, MPAN, "23L0000001").await;
    let device = server.smart_meter(&home).await;
    server.agree(&ada, home.point, "VAR-22-11-01", "2026-02-01").await;
    server.used(home.point, "gb", ("2026-03-01", 1), 1, 431).await;
    server.reading(home.meter, moment("2026-03-01T00:00:00Z"), Source::SmartMeter, 1_234).await;
    let token = server.session_at(answered("2026-03-02T10:00:00Z"), &ada).await;

    // A day of which everything was measured: 48 times 431 Wh at 26.6337.
    let day = ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
    let halves = server.told(&token, &device, day, "HALF_HOURLY").await;
    assert_eq!(halves.len(), 48);
    assert_eq!(
        halves[0],
        json!({ "readAt": "2026-03-01T00:00:00+00:00", "consumption": "1234431", "consumptionDelta": "431",
            "demand": "862", "export": null, "costDelta": "11.479125", "costDeltaWithTax": "12.053081" })
    );
    assert_eq!(number(&halves[47]["consumption"]), Decimal::from(1_234_000 + 48 * 431));
    let hours = server.told(&token, &device, day, "HOURLY").await;
    assert_eq!((hours.len(), sum(&hours, "consumptionDelta")), (24, Decimal::from(48 * 431)));

    let evening = ("2026-03-01T18:00:00Z", "2026-03-01T19:00:00Z");
    for (grouping, count) in [("TEN_SECONDS", 360), ("ONE_MINUTE", 60), ("FIVE_MINUTES", 12)] {
        let steps = server.told(&token, &device, evening, grouping).await;
        assert_eq!(steps.len(), count);
        let off = (sum(&steps, "consumptionDelta") - Decimal::from(862)).abs();
        assert!(off < Decimal::new(5, 1), "{grouping}: {off}");
        let cost = (sum(&steps, "costDelta") - Decimal::new(22_958_249, 6)).abs();
        assert!(cost < Decimal::new(1, 2), "{grouping}: {cost}");
        let last = steps.last().expect("a step");
        assert_eq!(last["consumption"], halves[37]["consumption"]);
        assert!(
            steps.iter().any(|step| step["demand"] != steps[0]["demand"]),
            "something is switched on and off"
        );
    }
    // What begins within the period belongs to it.
    let odd =
        server.told(&token, &device, ("2026-03-01T18:10:00Z", "2026-03-01T18:30:01Z"), "HALF_HOURLY").await;
    assert_eq!(odd, [halves[37].clone()]);
}

#[tokio::test]
async fn the_present_is_told_before_it_is_measured() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let home = server.supplied_home(ada, MarketName::GbrElectricity, MPAN, "23L0000001").await;
    let device = server.smart_meter(&home).await;
    let now = answered("2026-03-02T18:00:00Z") + TimeDelta::seconds(487);
    let token = server.session_at(now, ada).await;
    let latest = server.ask(Some(&token), TOLD, json!({ "d": device })).await;
    let latest = latest["smartMeterTelemetry"].as_array().expect("a list").clone();
    assert_eq!(latest.len(), 360, "an hour, every ten seconds");
    let last = latest.last().expect("a step");
    assert_eq!(moment(last["readAt"].as_str().expect("a moment")), now - TimeDelta::seconds(17));
    assert_eq!(last["costDelta"], Value::Null, "nothing is agreed");
    // A watt for ten seconds is a 360th of a watt-hour.
    let wh = number(&last["demand"]) / Decimal::from(360);
    assert!((wh - number(&last["consumptionDelta"])).abs() < Decimal::new(1, 3));
    let day = server.ask(Some(&token), TOLD, json!({ "d": device, "g": "HALF_HOURLY" })).await;
    assert_eq!(day["smartMeterTelemetry"].as_array().map(Vec::len), Some(48));

    // What the display said of yesterday is what is measured of it.
    let today = now.date_naive();
    let truth = displays().half_hours(&counted(), today, now).expect("an answer");
    let half = format!("{today}T08:00:00Z");
    let told = server.told(&token, &device, (&half, &format!("{today}T08:30:00Z")), "HALF_HOURLY").await;
    assert_eq!(number(&told[0]["consumptionDelta"]), Decimal::from(truth[16]));
    let future =
        server.told(&token, &device, ("2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z"), "HOURLY").await;
    assert!(future.is_empty());

    let stranger = server.again(&world.bob).await;
    for (who, device) in [(&stranger, device.as_str()), (&token, "00-00-00-00-00-00-00-00")] {
        assert_eq!(server.send(Some(who), TOLD, json!({ "d": device })).await.codes(), ["KT-CT-4301"]);
    }
    for (from, to) in
        [("2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z"), ("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z")]
    {
        let wrong = json!({ "d": device, "s": from, "e": to, "g": "TEN_SECONDS" });
        assert_eq!(server.send(Some(&token), TOLD, wrong).await.codes(), ["KT-CT-4321"]);
    }
    let mut quarters = (0..100_000).map(|n| now + TimeDelta::minutes(15 * n));
    let out = quarters.find(|at| !Simulator::default().answers(&counted(), *at)).expect("an outage");
    let token = server.session_at(out, ada).await;
    assert_eq!(server.send(Some(&token), TOLD, json!({ "d": device })).await.codes(), ["KT-GB-4039"]);
}

#[tokio::test]
async fn gas_is_told_by_half_hours_and_what_goes_out_beside_what_comes_in() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let home = server.supplied_home(&ada, MarketName::GbrElectricity, MPAN, "23L0000001").await;
    let mut tx = server.tx().await;
    let mut out = point(home.property, MarketName::GbrElectricity, "2200001234569");
    out.is_export = true;
    supplied(&mut tx, &out, ada.account_id, "23L0000001").await;
    let gas = point(home.property, MarketName::GbrGas, MPRN);
    let (gas, meter) = supplied(&mut tx, &gas, ada.account_id, "G4W0000001").await;
    tx.commit().await.expect("committed");
    let (electricity, gsme) = (
        server.smart_meter(&home).await,
        NewDevice { kind: "GSME", serial_number: "G4W0000001", meter: Some(meter), ..ESME },
    );
    server.used(gas, "gb", ("2026-03-01", 1), 1, 900).await;
    let gsme = server.joins(home.property, gsme).await;
    let noon = ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z");
    let mut at = answered("2026-03-02T10:00:00Z");
    let (mut steps, mut burnt) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let token = server.session_at(at, &ada).await;
        let variables = |device: &str| json!({ "d": device, "s": noon.0, "e": noon.1, "g": "FIVE_MINUTES" });
        // Another way through the meter may be out of reach just then.
        let reply = server.send(Some(&token), TOLD, variables(&electricity)).await;
        if reply.codes().is_empty() {
            steps = server.told(&token, &electricity, noon, "FIVE_MINUTES").await;
            burnt = server.told(&token, &gsme, noon, "FIVE_MINUTES").await;
            break;
        }
        at += TimeDelta::minutes(15);
    }
    assert_eq!((steps.len(), burnt.len()), (12, 2));
    assert!(steps.iter().all(|step| number(&step["export"]) >= Decimal::ZERO));
    assert!(number(&steps[11]["export"]) > number(&steps[0]["export"]), "the sun shines at noon");
    assert_eq!(sum(&burnt, "consumptionDelta"), Decimal::from(1800));
    assert_eq!((&burnt[0]["demand"], &burnt[0]["consumption"]), (&Value::Null, &Value::Null));
}
