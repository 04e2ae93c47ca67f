//! Whether what a register is said to show can be.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::consumption::{advanced, capacity};
use super::gas;

/// How many times as much as expected may run before somebody looks at it.
const MOST_TIMES: i64 = 5;
/// What may run beyond that, in kWh: a party, a cold week.
const ALLOWANCE: i64 = 300;
/// Energy of a year where nobody knows better, in kWh.
const USUAL_ELECTRICITY: i64 = 2_900;
const USUAL_GAS: i64 = 11_500;

/// Why a reading does not count for the time being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The register would have gone backwards, and has not come round to zero.
    Backwards,
    /// More would have run than is believable.
    TooHigh,
}

impl Doubt {
    /// As the database knows it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Backwards => "BACKWARDS",
            Self::TooHigh => "TOO_HIGH",
        }
    }
}

/// What a register showed at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When.
    pub at: DateTime<Utc>,
    /// In its own units.
    pub value: Decimal,
}

/// A register, as far as judging needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct Register<'a> {
    /// The market of its point.
    pub market: &'a str,
    /// Whether it counts gas.
    pub is_gas: bool,
    /// Its digits before the decimal point.
    pub digits: i16,
    /// kWh or cubic metres of one unit.
    pub multiplier: Decimal,
    /// What the point is expected to use in a year, in Wh.
    pub annual_wh: Option<i64>,
}

impl Register<'_> {
    /// What is wrong with `new`, given the readings around it that count.
    pub fn judge(&self, before: Option<Shown>, new: Shown, after: Option<Shown>) -> Option<Doubt> {
        let since = before.and_then(|before| self.doubt(before, new));
        since.or_else(|| {
            let next = after.and_then(|after| self.doubt(new, after))?;
            // Where the next one is too low, this one is too high, and the other way round.
            Some(if next == Doubt::Backwards { Doubt::TooHigh } else { Doubt::Backwards })
        })
    }

    fn doubt(&self, before: Shown, after: Shown) -> Option<Doubt> {
        let is_too_much = advanced(before.value, after.value, self.digits) > self.most(before.at, after.at);
        if after.value >= before.value {
            is_too_much.then_some(Doubt::TooHigh)
        } else {
            // One that comes round to zero has gone a believable way.
            is_too_much.then_some(Doubt::Backwards)
        }
    }

    /// The most units that may run between two moments.
    fn most(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Decimal {
        let usual = if self.is_gas { USUAL_GAS } else { USUAL_ELECTRICITY };
        let annual = match self.annual_wh {
            Some(wh) => Decimal::from(wh) / Decimal::ONE_THOUSAND,
            None => Decimal::from(usual),
        };
        let hours = Decimal::from((to - from).num_hours().max(1));
        let expected = annual * hours / Decimal::from(8_760);
        let kwh = expected * Decimal::from(MOST_TIMES) + Decimal::from(ALLOWANCE);
        let units = if self.is_gas {
            gas::cubic_metres(self.market, kwh, gas::usual_calorific_value(self.market)).unwrap_or(kwh)
        } else {
            kwh
        };
        // A register that could have come round several times says nothing.
        (units / self.multiplier).min(capacity(self.digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn shown(day: i64, value: i64) -> Shown {
        Shown { at: DateTime::UNIX_EPOCH + TimeDelta::days(day), value: value.into() }
    }

    fn electricity() -> Register<'static> {
        let annual_wh = Some(3_650_000);
        Register { market: "gb", is_gas: false, digits: 5, multiplier: Decimal::ONE, annual_wh }
    }

    #[test]
    fn a_believable_reading_passes() {
        let judge = |before, new| electricity().judge(before, new, None);
        assert_eq!(judge(None, shown(0, 99_000)), None);
        assert_eq!(judge(Some(shown(0, 1_000)), shown(30, 1_300)), None);
        // Ten kWh a day are expected: thirty days allow 5 × 300 + 300.
        assert_eq!(judge(Some(shown(0, 1_000)), shown(30, 2_800)), None);
        assert_eq!(judge(Some(shown(0, 1_000)), shown(30, 2_801)), Some(Doubt::TooHigh));
    }

    #[test]
    fn a_register_may_come_round_but_not_go_back() {
        let judge = |before, new| electricity().judge(Some(before), new, None);
        assert_eq!(judge(shown(0, 99_900), shown(30, 200)), None);
        assert_eq!(judge(shown(0, 50_200), shown(30, 50_100)), Some(Doubt::Backwards));
    }

    #[test]
    fn what_follows_is_looked_at_too() {
        let judge = |new, after| electricity().judge(Some(shown(0, 1_000)), new, Some(after));
        assert_eq!(judge(shown(10, 1_100), shown(20, 1_200)), None);
        assert_eq!(judge(shown(10, 1_300), shown(20, 1_200)), Some(Doubt::TooHigh));
        assert_eq!(judge(shown(10, 1_001), shown(20, 9_000)), Some(Doubt::Backwards));
    }

    #[test]
    fn gas_is_judged_by_its_energy() {
        let gas = Register {
            market: "gb",
            is_gas: true,
            digits: 5,
            multiplier: gas::CUBIC_METRES_PER_HUNDRED_CUBIC_FEET,
            annual_wh: Some(12_000_000),
        };
        // 30 days are expected to use 986 kWh; 5 × that + 300 kWh are some 165 hundreds of cubic feet.
        assert_eq!(gas.judge(Some(shown(0, 100)), shown(30, 260), None), None);
        assert_eq!(gas.judge(Some(shown(0, 100)), shown(30, 270), None), Some(Doubt::TooHigh));
    }
}
