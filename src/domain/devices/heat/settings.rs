//! What a controller goes by.

use chrono::{DateTime, Datelike, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Part of a home that is heated by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ZoneName {
    /// Hot water.
    Water,
    /// Rooms.
    #[serde(rename = "ZONE_1")]
    First,
    /// Other rooms.
    #[serde(rename = "ZONE_2")]
    Second,
    /// Whatever else there is.
    Auxiliary,
}

impl ZoneName {
    /// One of `Zone`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Water => "WATER",
            Self::First => "ZONE_1",
            Self::Second => "ZONE_2",
            Self::Auxiliary => "AUXILIARY",
        }
    }

    /// The zone that `code` stands for.
    pub fn of(code: &str) -> Option<Self> {
        [Self::Water, Self::First, Self::Second, Self::Auxiliary].into_iter().find(|zone| zone.code() == code)
    }

    /// One of `ZoneType`.
    pub fn zone_type(self) -> &'static str {
        match self {
            Self::Water => "WATER",
            Self::First | Self::Second => "HEAT",
            Self::Auxiliary => "AUX",
        }
    }
}

/// What a zone goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// It keeps its setpoint.
    On,
    /// It is only kept from freezing.
    Off,
    /// It goes by its times.
    Auto,
    /// It keeps its setpoint until it ends, and goes by its times again.
    Boost,
}

impl Mode {
    /// One of `Mode`.
    pub fn code(self) -> &'static str {
        match self {
            Self::On => "ON",
            Self::Off => "OFF",
            Self::Auto => "AUTO",
            Self::Boost => "BOOST",
        }
    }
}

/// Days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Days(u8);

impl Days {
    /// All of them.
    pub const ALL: Self = Self(0b111_1111);

    /// Seven digits, Monday first: 1 for each day that is meant. None for other text, and for no day at all.
    pub fn of(text: &str) -> Option<Self> {
        let is_plain = text.len() == 7 && text.bytes().all(|digit| matches!(digit, b'0' | b'1'));
        let days = is_plain.then(|| u8::from_str_radix(text, 2).ok())??;
        (days > 0).then_some(Self(days))
    }

    /// As [`Days::of`] reads them.
    pub fn text(self) -> String {
        format!("{:07b}", self.0)
    }

    /// Whether a weekday is among them; Monday is 1.
    pub fn hold(self, weekday: u32) -> bool {
        weekday <= 7 && self.0 >> (7 - weekday) & 1 == 1
    }
}

fn all_days() -> Days {
    Days::ALL
}

/// From a time of some days on, what is kept: thousandths of a degree Celsius, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    /// The days.
    #[serde(default = "all_days")]
    pub days: Days,
    /// On the local clock.
    pub from: NaiveTime,
    /// What is kept; none where it is off.
    pub keeps: Option<i64>,
}

/// A zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Which one.
    pub name: ZoneName,
    /// What its owner calls it.
    pub display_name: String,
    /// What it goes by.
    pub mode: Mode,
    /// What it keeps where it does not go by its times, in thousandths of a degree Celsius.
    pub setpoint: i64,
    /// When a boost ends.
    pub ends_at: Option<DateTime<Utc>>,
    /// In order of days and time; the last one of a day holds until the first one of the next.
    pub times: Vec<Time>,
    /// The sensor that it goes by.
    pub primary_sensor: String,
}

/// How warm the water is that goes to the radiators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Whether it goes by the weather.
    pub is_compensated: bool,
    /// What it is otherwise, in thousandths of a degree Celsius.
    pub fixed: i64,
    /// What it is on warm days and on cold ones, where it goes by the weather.
    pub range: (i64, i64),
}

/// Everything that a controller goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Its zones.
    pub zones: Vec<Zone>,
    /// The water for the radiators.
    pub flow: Flow,
}

/// How warm the water for radiators may be, in thousandths of a degree Celsius.
pub const FLOW: (i64, i64) = (30_000, 60_000);
/// How warm hot water may be.
pub const WATER: (i64, i64) = (40_000, 60_000);
/// How warm rooms may be.
pub const ROOMS: (i64, i64) = (7_000, 30_000);
/// What a zone that is off is kept at.
pub const FROST: i64 = 5_000;

impl Zone {
    /// What it keeps at a moment; nothing where it is off.
    pub fn keeps(&self, zone: Tz, at: DateTime<Utc>) -> Option<i64> {
        let is_over = self.ends_at.is_some_and(|end| end <= at);
        match self.mode {
            Mode::On => Some(self.setpoint),
            Mode::Boost if !is_over => Some(self.setpoint),
            Mode::Off => None,
            Mode::Auto | Mode::Boost => {
                let local = at.with_timezone(&zone);
                let (today, now) = (local.weekday().number_from_monday(), local.time());
                self.begun(today, now).and_then(|time| time.keeps)
            }
        }
    }

    /// The time that came last, on this weekday or one before.
    fn begun(&self, today: u32, now: NaiveTime) -> Option<&Time> {
        (0..=7).find_map(|back| {
            let weekday = (today + 6 - back % 7) % 7 + 1;
            let of_day = self.times.iter().filter(|time| time.days.hold(weekday));
            of_day.filter(|time| back > 0 || time.from <= now).max_by_key(|time| time.from)
        })
    }

    /// The mode that holds at a moment.
    pub fn mode_at(&self, at: DateTime<Utc>) -> Mode {
        let is_over = self.ends_at.is_some_and(|end| end <= at);
        if self.mode == Mode::Boost && is_over { Mode::Auto } else { self.mode }
    }
}

impl Settings {
    /// What a new controller goes by.
    pub fn first() -> Self {
        let time = |hour, keeps| {
            let from = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
            Time { days: Days::ALL, from, keeps }
        };
        let zone = |name, display_name: &str, setpoint, times, primary_sensor: &str| Zone {
            name,
            display_name: display_name.to_owned(),
            mode: Mode::Auto,
            setpoint,
            ends_at: None,
            times,
            primary_sensor: primary_sensor.to_owned(),
        };
        let rooms = vec![time(6, Some(20_000)), time(22, Some(17_500))];
        let water = vec![time(3, Some(50_000)), time(5, None), time(13, Some(50_000)), time(15, None)];
        Self {
            zones: vec![
                zone(ZoneName::Water, "Hot water", 50_000, water, "ADC1"),
                zone(ZoneName::First, "Downstairs", 20_000, rooms, "SENSOR01"),
            ],
            flow: Flow { is_compensated: true, fixed: 45_000, range: (32_000, 50_000) },
        }
    }

    /// A zone.
    pub fn zone(&self, name: ZoneName) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.name == name)
    }
}

/// The local day of a moment as a number, for chance.
pub fn day_number(zone: Tz, at: DateTime<Utc>) -> i64 {
    i64::from(at.with_timezone(&zone).date_naive().num_days_from_ce())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_goes_by_the_times_of_the_day() {
        let time = |days, hour, keeps| {
            let from = NaiveTime::from_hms_opt(hour, 0, 0).expect("a time");
            Time { days: Days::of(days).expect("days"), from, keeps }
        };
        let mut zone = Settings::first().zone(ZoneName::First).expect("rooms").clone();
        zone.times = vec![
            time("1111100", 6, Some(20_000)),
            time("1111100", 9, None),
            time("0000011", 8, Some(21_000)),
        ];
        let at = |text: &str| zone.keeps(Tz::Europe__London, text.parse().expect("a moment"));
        // A Monday, of which the night belongs to Sunday.
        assert_eq!(at("2026-03-02T05:59:59Z"), Some(21_000));
        assert_eq!(at("2026-03-02T06:00:00Z"), Some(20_000));
        assert_eq!(at("2026-03-02T09:00:00Z"), None);
        assert_eq!(at("2026-03-07T07:00:00Z"), None, "it was switched off on Friday");
        assert_eq!(at("2026-03-08T12:00:00Z"), Some(21_000));
    }

    #[test]
    fn days_are_seven_digits() {
        let weekend = Days::of("0000011").expect("days");
        assert!(weekend.hold(6) && weekend.hold(7) && !weekend.hold(5) && !weekend.hold(8));
        assert_eq!((weekend.text().as_str(), Days::ALL.text().as_str()), ("0000011", "1111111"));
        for wrong in ["", "0000000", "111111", "11111112", "+111111", "weekday"] {
            assert_eq!(Days::of(wrong), None, "{wrong}");
        }
    }
}
