//! What cars go by is what is paid for them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::paid::{Holding, Paid};
use super::prices::{Prices, TypicalDay};
use crate::domain::supply::bands::{Bands, Window};
use crate::domain::supply::rates::{Part, Rate, Rates};
use crate::platform::market;

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

fn part(band: &str, net: i64) -> Part {
    let from = moment("2026-01-01T00:00:00Z");
    let rate = Rate { from, to: None, step_from: 0, step_to: None, net: net.into() };
    Part { band: band.to_owned(), name: band.to_owned(), for_amperes: None, rates: vec![rate] }
}

/// 30 by day and 7 in the first five hours.
fn nights() -> Rates {
    let night = Window { part: 2, months: 1..13, weekdays: 1..8, minutes: 0..300 };
    Rates {
        tariff_id: 1,
        market: market::by_code("gb").expect("a market"),
        commodity: "electricity".to_owned(),
        is_export: false,
        kind: "DAY_NIGHT".to_owned(),
        region: "C".to_owned(),
        days: BTreeMap::new(),
        energy: BTreeMap::from([(1, part("DAY", 30)), (2, part("NIGHT", 7))]),
        bands: Some(Bands { base: 1, windows: vec![night] }),
        device_bands: None,
        levies: BTreeMap::new(),
        half_hours: HashMap::new(),
    }
}

/// Prices of half-hours on the third of March.
fn published() -> Rates {
    let day = NaiveDate::from_ymd_opt(2026, 3, 3).expect("a day");
    let half_hours = HashMap::from([(day, (1..=48).map(|price| price * 10_000).collect())]);
    Rates { kind: "HALF_HOURLY".to_owned(), half_hours, ..nights() }
}

fn paid(rates: Rates) -> Paid {
    let holding = Holding {
        point: 1,
        account_type: "DOMESTIC".to_owned(),
        from: moment("2026-03-01T00:00:00Z"),
        to: Some(moment("2026-03-05T00:00:00Z")),
        agreed_at: moment("2026-02-20T12:00:00Z"),
        rates: Arc::new(rates),
    };
    Paid::new(TypicalDay::of("gb", Tz::Europe__London), vec![holding])
}

#[test]
fn an_agreement_says_what_is_cheap_from_when_it_is_known_until_it_ends() {
    let (paid, usual) = (paid(nights()), TypicalDay::of("gb", Tz::Europe__London));
    let (night, day) = (moment("2026-03-02T04:30:00Z"), moment("2026-03-02T05:00:00Z"));
    let now = moment("2026-03-01T18:00:00Z");
    assert_eq!((paid.at(night, now), paid.at(day, now)), (7.into(), 30.into()));
    // All nights are alike, and some hours of them are usually cheaper.
    assert!(paid.usual(moment("2026-03-02T03:00:00Z")) < paid.usual(night));
    let before = moment("2026-02-20T11:59:59Z");
    assert_eq!(paid.at(night, before), usual.at(night, before));
    let after = moment("2026-03-05T00:00:00Z");
    assert_eq!(paid.at(after, now), usual.at(after, now));
    assert_eq!(paid.more_after(now), None);
}

#[test]
fn what_a_device_takes_may_have_prices_of_its_own() {
    let mut rates = nights();
    rates.energy.insert(3, part("EV_DEVICE", 9));
    rates.device_bands = Some(Bands { base: 3, windows: Vec::new() });
    let now = moment("2026-03-02T12:00:00Z");
    assert_eq!(paid(rates).at(now, now), Decimal::from(9));
}

#[test]
fn prices_of_half_hours_count_once_they_are_certain() {
    let (paid, usual) = (paid(published()), TypicalDay::of("gb", Tz::Europe__London));
    let (start, known) = (moment("2026-03-03T02:00:00Z"), moment("2026-03-02T19:00:00Z"));
    let earlier = moment("2026-03-02T18:59:59Z");
    assert_eq!(paid.at(start, earlier), usual.at(start, earlier));
    assert_eq!(paid.at(start, known), Decimal::from(5));
    assert_eq!(paid.more_after(earlier), Some(known));
    assert_eq!(paid.more_after(known), Some(moment("2026-03-03T19:00:00Z")));
    // What was never published is what it usually is.
    let unknown = moment("2026-03-04T02:00:00Z");
    assert_eq!(paid.at(unknown, unknown), usual.at(unknown, unknown));
}
