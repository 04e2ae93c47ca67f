//! Money as integer minor units. No float touches an amount, and every sum is checked.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;
use thiserror::Error;

use super::db::field;

/// Why an amount was refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AmountError {
    /// It does not fit where it has to go: the API's `Int` or the ledger's 64 bits.
    #[error("the amount is out of range")]
    OutOfRange,
    /// Nothing can be posted for zero.
    #[error("the amount must be more than zero")]
    NotPositive,
}

/// An amount in minor units of some currency: pence, cents, or whole yen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Minor(pub i64);

field!(Minor);

impl Minor {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount that enters from outside: it must fit the `Int` in which it will be shown.
    pub fn entry(units: i64) -> Result<Self, AmountError> {
        i32::try_from(units).map(|_| Self(units)).map_err(|_| AmountError::OutOfRange)
    }

    /// An amount from outside that must be more than zero.
    pub fn positive_entry(units: i64) -> Result<Self, AmountError> {
        if units <= 0 { Err(AmountError::NotPositive) } else { Self::entry(units) }
    }

    /// The amount as the `Int` of the API.
    pub fn to_wire(self) -> Result<i32, AmountError> {
        i32::try_from(self.0).map_err(|_| AmountError::OutOfRange)
    }

    /// The sum, refused on overflow.
    pub fn plus(self, other: Self) -> Result<Self, AmountError> {
        self.0.checked_add(other.0).map(Self).ok_or(AmountError::OutOfRange)
    }

    /// The difference, refused on overflow.
    pub fn minus(self, other: Self) -> Result<Self, AmountError> {
        self.0.checked_sub(other.0).map(Self).ok_or(AmountError::OutOfRange)
    }

    /// The same amount the other way, refused on overflow.
    pub fn negated(self) -> Result<Self, AmountError> {
        self.0.checked_neg().map(Self).ok_or(AmountError::OutOfRange)
    }
}

/// A currency and how many decimal places its minor unit has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Currency {
    /// ISO 4217 code, such as `GBP`.
    pub code: String,
    /// Decimal places: 2 for pence and cents, 0 for yen.
    pub exponent: u32,
}

/// How a market rounds a half, or any fraction, of a minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Half away from zero.
    HalfUp,
    /// Half to the even neighbour.
    HalfEven,
    /// Towards zero.
    Down,
}

impl From<Rounding> for RoundingStrategy {
    fn from(rounding: Rounding) -> Self {
        match rounding {
            Rounding::HalfUp => Self::MidpointAwayFromZero,
            Rounding::HalfEven => Self::MidpointNearestEven,
            Rounding::Down => Self::ToZero,
        }
    }
}

/// A gross amount taken apart; `net + tax = gross` always holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Before tax.
    pub net: Minor,
    /// The tax.
    pub tax: Minor,
    /// Both together.
    pub gross: Minor,
}

impl Split {
    /// A gross amount that bears no tax.
    pub fn untaxed(gross: Minor) -> Self {
        Self { net: gross, tax: Minor::ZERO, gross }
    }

    /// The tax contained in `gross` at `rate` (0.05 is five per cent), rounded; the rest is net.
    pub fn of_gross(gross: Minor, rate: Decimal, rounding: Rounding) -> Result<Self, AmountError> {
        if rate.is_zero() {
            return Ok(Self::untaxed(gross));
        }
        // Divided last: a share that cannot be written exactly would make more of a half than there is.
        let tax =
            Decimal::from(gross.0).checked_mul(rate).and_then(|tax| tax.checked_div(Decimal::ONE + rate));
        let tax = rounded(tax, rounding)?;
        Ok(Self { net: gross.minus(tax)?, tax, gross })
    }

    /// The tax that `rate` adds to `net`, rounded.
    pub fn of_net(net: Minor, rate: Decimal, rounding: Rounding) -> Result<Self, AmountError> {
        let tax = rounded(Decimal::from(net.0).checked_mul(rate), rounding)?;
        Ok(Self { net, tax, gross: net.plus(tax)? })
    }
}

fn rounded(exact: Option<Decimal>, rounding: Rounding) -> Result<Minor, AmountError> {
    let whole = exact.map(|exact| exact.round_dp_with_strategy(0, rounding.into()));
    whole.and_then(|whole| whole.to_i64()).map(Minor).ok_or(AmountError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;
    use proptest::prelude::*;

    fn rounding() -> impl Strategy<Value = Rounding> {
        prop_oneof![Just(Rounding::HalfUp), Just(Rounding::HalfEven), Just(Rounding::Down)]
    }

    /// A quotient, rounded in whole numbers.
    fn by_hand(dividend: i64, divisor: i64, rounding: Rounding) -> i64 {
        let (size, rest) = (dividend.abs() / divisor, dividend.abs() % divisor);
        let up = match (rounding, (2 * rest).cmp(&divisor)) {
            (Rounding::Down, _) | (_, Ordering::Less) => false,
            (_, Ordering::Greater) | (Rounding::HalfUp, Ordering::Equal) => true,
            (Rounding::HalfEven, Ordering::Equal) => size % 2 == 1,
        };
        (size + i64::from(up)) * dividend.signum()
    }

    #[test]
    fn half_of_a_unit_goes_to_the_even_one() {
        let tax =
            |gross| Split::of_gross(Minor(gross), Decimal::new(2, 1), Rounding::HalfEven).map(|s| s.tax.0);
        // A sixth of each: 702.5 and 703.5.
        assert_eq!((tax(4215), tax(4221), tax(-4215)), (Ok(702), Ok(704), Ok(-702)));
    }

    proptest! {
        #[test]
        fn a_split_loses_nothing(gross in i64::from(i32::MIN)..=i64::from(i32::MAX), percent in 0u32..40, rounding in rounding()) {
            let rate = Decimal::new(i64::from(percent), 2);
            let split = Split::of_gross(Minor(gross), rate, rounding).expect("in range");
            prop_assert_eq!(split.net.0 + split.tax.0, gross);
            prop_assert!(split.tax.0.signum() * gross.signum() >= 0);
            prop_assert_eq!(split.tax.0, by_hand(gross * i64::from(percent), i64::from(100 + percent), rounding));
        }

        #[test]
        fn tax_on_net_is_exact(net in i64::from(i32::MIN)..=i64::from(i32::MAX), percent in 0u32..40, rounding in rounding()) {
            let split = Split::of_net(Minor(net), Decimal::new(i64::from(percent), 2), rounding).expect("in range");
            prop_assert_eq!(split.tax.0, by_hand(net * i64::from(percent), 100, rounding));
        }

        #[test]
        fn tax_on_net_is_found_again_in_gross(net in 0i64..10_000_000, percent in 0u32..40) {
            let rate = Decimal::new(i64::from(percent), 2);
            let forth = Split::of_net(Minor(net), rate, Rounding::HalfUp).expect("in range");
            let back = Split::of_gross(forth.gross, rate, Rounding::HalfUp).expect("in range");
            prop_assert!((forth.net.0 - back.net.0).abs() <= 1);
        }

        #[test]
        fn entries_are_what_an_int_can_show(units in any::<i64>()) {
            prop_assert_eq!(Minor::entry(units).is_ok(), i32::try_from(units).is_ok());
            prop_assert_eq!(Minor::positive_entry(units).is_ok(), units > 0 && i32::try_from(units).is_ok());
        }
    }

    #[test]
    fn sums_are_checked() {
        assert_eq!(Minor(i64::MAX).plus(Minor(1)), Err(AmountError::OutOfRange));
        assert_eq!(Minor(i64::MIN).negated(), Err(AmountError::OutOfRange));
        assert_eq!(Minor(5).minus(Minor(7)), Ok(Minor(-2)));
    }

    #[test]
    fn halves_go_where_the_market_says() {
        // 10.5 minor units of tax.
        let rate = Decimal::new(10, 2);
        let tax = |rounding| Split::of_net(Minor(105), rate, rounding).map(|s| s.tax.0);
        assert_eq!(tax(Rounding::HalfUp), Ok(11));
        assert_eq!(tax(Rounding::HalfEven), Ok(10));
        assert_eq!(tax(Rounding::Down), Ok(10));
    }
}
