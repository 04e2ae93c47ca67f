//! Readings that people give of meters: whose they may be, and what they must be like.

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use thiserror::Error;

use super::consumption::capacity;
use super::identifiers::MarketName;
use super::meters::{self, Register};
use super::readings::{self, Kept, NewReading, Source};
use super::visible::meter_is_visible;
use crate::domain::accounts::changes::{hand, may_edit};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;

/// Days for which a reading may be given afterwards.
const LATEST: TimeDelta = TimeDelta::days(366);

/// Which meter is meant.
#[derive(Clone, Debug)]
pub enum Which {
    /// The one that hangs at a point on the day, or the one with this serial number.
    AtPoint {
        /// What the market calls the point.
        identifier: String,
        /// What is written on the meter.
        serial_number: Option<String>,
    },
    /// The one with a row id.
    Meter(i64),
}

/// What somebody read.
#[derive(Clone, Debug)]
pub struct Given {
    /// The market of the point.
    pub market_name: MarketName,
    /// The meter.
    pub which: Which,
    /// The local day; today without.
    pub day: Option<NaiveDate>,
    /// What its registers showed, in their own units; whose only register it is needs no row id.
    pub values: Vec<(Option<i64>, Decimal)>,
}

/// What cannot be of what somebody read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The day is still to come.
    Future,
    /// The day is too long ago.
    TooOld,
    /// There is no value.
    NoValues,
    /// A value is of a register that the meter does not have, or does not say of which.
    UnknownRegister,
    /// A register is read twice.
    Twice,
    /// A register is not read.
    Missing,
    /// The register does not have so many digits.
    Digits,
}

impl Wrong {
    /// Whether it is about the day.
    pub fn is_about_day(self) -> bool {
        matches!(self, Self::Future | Self::TooOld)
    }

    /// What programs tell it by.
    pub fn code(self) -> &'static str {
        match self {
            Self::Future => "future",
            Self::TooOld => "too_old",
            Self::NoValues => "required",
            Self::UnknownRegister => "unknown_register",
            Self::Twice => "duplicate_register",
            Self::Missing => "missing_register",
            Self::Digits => "digits",
        }
    }

    /// In a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Future => "A meter cannot have been read on a day to come.",
            Self::TooOld => "A reading may be a year old at most.",
            Self::NoValues => "There is no reading.",
            Self::UnknownRegister => "The meter has no such register, or several, and none is named.",
            Self::Twice => "A register is read twice.",
            Self::Missing => "All registers of the meter are to be read.",
            Self::Digits => "The register cannot show this.",
        }
    }
}

/// Why no reading was taken.
#[derive(Debug, Error)]
pub enum TakeError {
    /// The viewer may not give readings.
    #[error("the viewer may not give readings")]
    Forbidden,
    /// There is no such meter that the viewer may see.
    #[error("there is no such meter")]
    UnknownMeter,
    /// On that day the meter did not hang there, or the point was not the customer's.
    #[error("the meter was not the customer's on that day")]
    NotThen,
    /// What is known of the meter is not whole: it has no register.
    #[error("the meter has no register")]
    NoRegister,
    /// It cannot be.
    #[error("{}", .0.sentence())]
    Wrong(Wrong),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(TakeError);

/// A reading that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The reading.
    pub reading: Kept,
    /// The local day.
    pub day: NaiveDate,
    /// How many registers were read that had not been read just so before.
    pub created: usize,
}

row! {
    struct Candidate {
        id: i64,
        hangs: bool,
    }
}

// One that hangs there on the day comes first.
statement!(static CANDIDATES: Candidate = concat!("
    select m.id, daterange(m.active_from, m.active_to) @> $7::date as hangs
    from meters m join supply_points sp on sp.id = m.supply_point_id
    where sp.market_name = $3 and ($4::bigint is null or m.id = $4) and ($5::text is null or sp.identifier = $5)
        and ($6::text is null or m.serial_number = $6) and ", meter_is_visible!(), "
    order by 2 desc, m.active_from desc, m.id limit 2"));
statement!(static IS_SUPPLIED: (bool,) = concat!("
    select exists (select 1 from meters m join supply_periods s on s.supply_point_id = m.supply_point_id
        join accounts a on a.id = s.account_id
        where m.id = $3 and $4::timestamptz >= lower(s.during)
            and (upper_inf(s.during) or $4 <= upper(s.during)) and ($5::bigint is null or a.id = $5) and ", account_is_visible!(), ")"));

/// Takes what somebody read. The same again is the same reading; something else of that day takes its place. One that
/// is hard to believe is kept, and counts for nothing until somebody confirms it.
///
/// # Errors
/// See [`TakeError`].
pub async fn take(tx: &mut Tx, viewer: &Viewer, given: &Given) -> Result<Taken, TakeError> {
    if !may_edit(viewer) {
        return Err(TakeError::Forbidden);
    }
    take_from(tx, viewer, hand(viewer), None, given).await
}

/// As [`take`], whoever gives it: the caller has seen to that. Only of a time when the point was supplied on `account`, if one
/// is named.
///
/// # Errors
/// See [`TakeError`].
pub(super) async fn take_from(
    tx: &mut Tx,
    viewer: &Viewer,
    giver: (&'static str, i64),
    account: Option<i64>,
    given: &Given,
) -> Result<Taken, TakeError> {
    let market = market::by_code(given.market_name.market()).ok_or(TakeError::UnknownMeter)?;
    let today = market.day(tx.business_now().await?);
    let day = given.day.unwrap_or(today);
    let meter = meter(tx, viewer, given, day).await?;
    let registers = meters::registers(tx, &[meter.id]).await?.pop().unwrap_or_default();
    if registers.is_empty() {
        return Err(TakeError::NoRegister);
    }
    judge_day(day, today).map_err(TakeError::Wrong)?;
    let values = values(&given.values, &registers).map_err(TakeError::Wrong)?;
    let read_at = market.start_of(day);
    let supplied = IS_SUPPLIED.seen_by(viewer).bind(meter.id).bind(read_at);
    let supplied = supplied.bind(account);
    if !meter.hangs || !supplied.fetch_one(&mut *tx).await?.0 {
        return Err(TakeError::NotThen);
    }
    let count = values.len();
    let new = NewReading { meter_id: meter.id, read_at, source: Source::Customer, values };
    let kept = readings::keep(tx, Some(giver), &[new]).await?.pop();
    let reading = kept.ok_or(sqlx::Error::RowNotFound)?;
    Ok(Taken { reading, day, created: if reading.is_new { count } else { 0 } })
}

async fn meter(tx: &mut Tx, viewer: &Viewer, given: &Given, day: NaiveDate) -> Result<Candidate, TakeError> {
    let (id, identifier, serial_number) = match &given.which {
        Which::Meter(id) => (Some(*id), None, None),
        Which::AtPoint { identifier, serial_number } => {
            let known = given.market_name.identifier(identifier).map_err(|_| TakeError::UnknownMeter)?;
            (None, Some(known), serial_number.clone())
        }
    };
    let query = CANDIDATES.seen_by(viewer).bind(given.market_name.code());
    let query = query.bind(id).bind(identifier).bind(serial_number).bind(day);
    let found = query.fetch_all(&mut *tx).await?;
    found.into_iter().next().ok_or(TakeError::UnknownMeter)
}

fn judge_day(day: NaiveDate, today: NaiveDate) -> Result<(), Wrong> {
    if day > today {
        Err(Wrong::Future)
    } else if today - day > LATEST {
        Err(Wrong::TooOld)
    } else {
        Ok(())
    }
}

/// Each register of the meter with what it showed.
fn values(given: &[(Option<i64>, Decimal)], registers: &[Register]) -> Result<Vec<(i64, Decimal)>, Wrong> {
    if given.is_empty() {
        return Err(Wrong::NoValues);
    }
    let mut values: Vec<(i64, Decimal)> = Vec::with_capacity(given.len());
    for (named, value) in given {
        let register = match named {
            Some(id) => registers.iter().find(|register| register.id == *id),
            None => registers.first().filter(|_| registers.len() == 1),
        };
        let register = register.ok_or(Wrong::UnknownRegister)?;
        if values.iter().any(|(known, _)| *known == register.id) {
            return Err(Wrong::Twice);
        }
        let places = u32::try_from(register.decimal_places).unwrap_or(0);
        let fits = *value >= Decimal::ZERO && *value < capacity(register.digits);
        if !fits || value.normalize().scale() > places {
            return Err(Wrong::Digits);
        }
        values.push((register.id, value.normalize()));
    }
    if values.len() == registers.len() { Ok(values) } else { Err(Wrong::Missing) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(id: i64) -> Register {
        Register {
            id,
            meter_id: 1,
            identifier: id.to_string(),
            name: String::new(),
            band: "STANDARD".to_owned(),
            digits: 5,
            decimal_places: 1,
            multiplier: Decimal::ONE,
        }
    }

    #[test]
    fn every_register_is_read_once() {
        let (one, two) = ([register(1)], [register(1), register(2)]);
        let read = |named, value: &str| (named, value.parse().unwrap_or_default());
        assert_eq!(values(&[read(None, "12.5")], &one), Ok(vec![(1, Decimal::new(125, 1))]));
        assert_eq!(values(&[], &one), Err(Wrong::NoValues));
        assert_eq!(values(&[read(None, "12")], &two), Err(Wrong::UnknownRegister));
        assert_eq!(values(&[read(Some(9), "12")], &two), Err(Wrong::UnknownRegister));
        assert_eq!(values(&[read(Some(1), "12"), read(Some(1), "13")], &two), Err(Wrong::Twice));
        assert_eq!(values(&[read(Some(1), "12")], &two), Err(Wrong::Missing));
        for odd in ["-1", "100000", "12.55"] {
            assert_eq!(values(&[read(None, odd)], &one), Err(Wrong::Digits), "{odd}");
        }
        assert!(values(&[read(None, "99999.9")], &one).is_ok() && values(&[read(None, "7.0")], &one).is_ok());
    }

    #[test]
    fn days_are_neither_to_come_nor_long_gone() {
        let today = NaiveDate::from_ymd_opt(2025, 6, 15).unwrap_or_default();
        let judge = |days| judge_day(today + TimeDelta::days(days), today);
        assert_eq!(
            [judge(1), judge(0), judge(-366), judge(-367)],
            [Err(Wrong::Future), Ok(()), Ok(()), Err(Wrong::TooOld)]
        );
    }
}
