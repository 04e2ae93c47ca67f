//! What may be wished of a device of each kind.

use chrono::{NaiveTime, Timelike};
use rust_decimal::Decimal;

use super::DeviceError;
use super::cloud::Kind;
use super::wishes::{Target, Wishes};

/// Bounds of an amount, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub least: i64,
    /// The most.
    pub most: i64,
}

/// What may be wished of one kind of device.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Tells them apart.
    pub id: i64,
    /// The mode that a new device is in.
    pub mode: &'static str,
    /// All that it can be in.
    pub modes: &'static [&'static str],
    /// The unit that the bounds are in.
    pub unit: &'static str,
    /// All that wishes may be in.
    pub units: &'static [&'static str],
    /// What may be wanted at least.
    pub min: Bounds,
    /// What may be wanted.
    pub max: Bounds,
    /// Amounts go by tenths of so much.
    pub step_tenths: i64,
    /// Times go by so many minutes of the day.
    pub minutes: u32,
    /// How many wishes a weekday has: at least, and at most.
    pub a_day: (usize, usize),
}

const CAR: Settings = Settings {
    id: 1,
    mode: "CHARGE",
    modes: &["CHARGE"],
    unit: "PERCENTAGE",
    units: &["PERCENTAGE", "PERCENTAGE_ABSOLUTE"],
    min: Bounds { least: 0, most: 50 },
    max: Bounds { least: 10, most: 100 },
    step_tenths: 10,
    minutes: 30,
    a_day: (1, 1),
};

const CHARGE_POINT: Settings = Settings { id: 2, units: &["PERCENTAGE", "PERCENTAGE_RELATIVE"], ..CAR };

const BATTERY: Settings = Settings {
    id: 3,
    units: &["PERCENTAGE"],
    min: Bounds { least: 0, most: 100 },
    max: Bounds { least: 0, most: 100 },
    ..CAR
};

const WARMTH: Settings = Settings {
    id: 4,
    mode: "HEAT",
    modes: &["HEAT"],
    unit: "CELSIUS",
    units: &["CELSIUS"],
    min: Bounds { least: 5, most: 30 },
    max: Bounds { least: 5, most: 30 },
    step_tenths: 5,
    minutes: 10,
    a_day: (1, 6),
};

const THERMOSTAT: Settings = Settings { id: 5, modes: &["HEAT", "COOL"], ..WARMTH };

impl Kind {
    /// What may be wished of it.
    pub fn settings(self) -> Settings {
        match self {
            Self::Vehicle => CAR,
            Self::ChargePoint => CHARGE_POINT,
            Self::Battery | Self::Inverter => BATTERY,
            Self::HeatPump => WARMTH,
            Self::Thermostat => THERMOSTAT,
        }
    }

    /// What a new device does until its owner says otherwise.
    pub fn first_wishes(self) -> Wishes {
        let Settings { mode, unit, .. } = self.settings();
        let (hour, min, max) = match self {
            Self::Vehicle => (7, Some(15), 80),
            Self::ChargePoint => (7, None, 40),
            Self::Battery | Self::Inverter => (6, Some(20), 90),
            Self::HeatPump | Self::Thermostat => (6, Some(17), 20),
        };
        let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        let target = |weekday| Target { weekday, time, min: min.map(Decimal::from), max: Decimal::from(max) };
        Wishes { mode: mode.to_owned(), unit: unit.to_owned(), targets: (1..=7).map(target).collect() }
    }
}

impl Settings {
    /// The step as a number.
    pub fn step(&self) -> Decimal {
        Decimal::new(self.step_tenths, 1)
    }

    fn fits(&self, amount: Decimal, bounds: Bounds) -> bool {
        let is_within = amount >= bounds.least.into() && amount <= bounds.most.into();
        is_within && (amount % self.step()).is_zero()
    }

    /// Whether these wishes may be had.
    ///
    /// # Errors
    /// [`DeviceError::Invalid`] with what is wrong.
    pub fn check(&self, wishes: &Wishes) -> Result<(), DeviceError> {
        let invalid = |at, why: String| Err(DeviceError::Invalid(at, why));
        if !self.modes.contains(&wishes.mode.as_str()) {
            return invalid("mode", format!("The mode must be {}.", self.modes.join(" or ")));
        }
        if !self.units.contains(&wishes.unit.as_str()) {
            return invalid("unit", format!("The unit must be {}.", self.units.join(" or ")));
        }
        for weekday in 1..=7 {
            let count = wishes.targets.iter().filter(|target| target.weekday == weekday).count();
            if count < self.a_day.0 || count > self.a_day.1 {
                let why = format!("Every weekday needs {} to {} schedules.", self.a_day.0, self.a_day.1);
                return invalid("schedules", why);
            }
        }
        wishes.targets.iter().try_for_each(|target| self.check_target(target))?;
        for (index, target) in wishes.targets.iter().enumerate() {
            let same = |other: &Target| other.weekday == target.weekday && other.time == target.time;
            if wishes.targets.iter().skip(index + 1).any(same) {
                return invalid("schedules", "A weekday has two schedules for the same time.".to_owned());
            }
        }
        Ok(())
    }

    fn check_target(&self, target: &Target) -> Result<(), DeviceError> {
        let invalid = |why: String| Err(DeviceError::Invalid("schedules", why));
        if !target.time.num_seconds_from_midnight().is_multiple_of(self.minutes * 60) {
            return invalid(format!("Times go by {} minutes.", self.minutes));
        }
        if !self.fits(target.max, self.max) {
            let Bounds { least, most } = self.max;
            return invalid(format!("`max` must be {least} to {most}, in steps of {}.", self.step()));
        }
        if target.min.is_some_and(|min| !self.fits(min, self.min) || min > target.max) {
            let Bounds { least, most } = self.min;
            return invalid(format!("`min` must be {least} to {most} and not above `max`."));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_wishes_may_be_had() {
        for kind in Kind::ALL {
            assert!(kind.settings().check(&kind.first_wishes()).is_ok(), "{kind:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let settings = Kind::Vehicle.settings();
        let refused = |change: fn(&mut Wishes)| {
            let mut wishes = Kind::Vehicle.first_wishes();
            change(&mut wishes);
            match settings.check(&wishes) {
                Err(DeviceError::Invalid(at, _)) => at,
                _ => "",
            }
        };
        assert_eq!(refused(|_| {}), "");
        assert_eq!(refused(|wishes| wishes.mode = "HEAT".into()), "mode");
        assert_eq!(refused(|wishes| wishes.unit = "CELSIUS".into()), "unit");
        assert_eq!(refused(|wishes| wishes.targets.truncate(6)), "schedules");
        assert_eq!(refused(|wishes| wishes.targets[1].weekday = 1), "schedules");
        assert_eq!(refused(|wishes| wishes.targets[0].max = Decimal::from(101)), "schedules");
        assert_eq!(refused(|wishes| wishes.targets[0].max = Decimal::new(805, 1)), "schedules");
        assert_eq!(refused(|wishes| wishes.targets[0].min = Some(Decimal::from(60))), "schedules");
        let odd = |wishes: &mut Wishes| {
            wishes.targets[0].time = NaiveTime::from_hms_opt(7, 5, 0).unwrap_or_default()
        };
        assert_eq!(refused(odd), "schedules");
    }
}
