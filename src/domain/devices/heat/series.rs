//! How heat pumps performed, step by step.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};

use super::physics::{Performance, Pump, STEP, step_of};
use crate::domain::devices::DeviceError;
use crate::platform::market;

/// More steps than this are too many for one answer.
const MOST: usize = 1000;

/// How long a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// Half an hour.
    Live,
    /// A local day.
    Day,
    /// A week from Monday on.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Grouping {
    /// What `code`, one of `PerformanceGrouping`, stands for.
    pub fn of(code: &str) -> Self {
        match code {
            "DAY" => Self::Day,
            "WEEK" => Self::Week,
            "MONTH" => Self::Month,
            "YEAR" => Self::Year,
            _ => Self::Live,
        }
    }

    /// The first day of the step after the one that `day` lies in.
    fn next(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Live | Self::Day => day.succ_opt(),
            Self::Week => {
                let since_monday = u64::from(day.weekday().num_days_from_monday());
                day.checked_add_days(Days::new(7 - since_monday))
            }
            Self::Month => day.with_day(1)?.checked_add_months(Months::new(1)),
            Self::Year => NaiveDate::from_ymd_opt(day.year().checked_add(1)?, 1, 1),
        }
    }
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last one.
    pub to: DateTime<Utc>,
    /// What the heat pump did.
    pub performance: Performance,
}

/// A period is not one.
fn check(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<(), DeviceError> {
    if from < to {
        return Ok(());
    }
    Err(DeviceError::Invalid("endAt", "`endAt` must be later than `startAt`.".to_owned()))
}

fn end_of(pump: &Pump, grouping: Grouping, at: DateTime<Utc>) -> DateTime<Utc> {
    if grouping == Grouping::Live {
        return step_of(at) + STEP;
    }
    let day = at.with_timezone(&pump.zone).date_naive();
    let next = grouping.next(day).zip(market::by_code(&pump.market));
    // A calendar that ends is one long step.
    next.map_or(DateTime::<Utc>::MAX_UTC, |(day, market)| market.start_of(day))
}

/// What a heat pump did between two moments, as far as it ran and they have passed.
///
/// # Errors
/// [`DeviceError::Invalid`] for a period of no length.
pub fn sum(
    pump: &Pump,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Performance, DeviceError> {
    check(from, to)?;
    Ok(pump.between(from, to.min(now)))
}

/// As [`sum`], step by step; steps begin and end with the days of the home, the first and the last one with the period.
///
/// # Errors
/// [`DeviceError::Invalid`] for a period of no length, and for more than a thousand steps.
pub fn steps(
    pump: &Pump,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
    grouping: Grouping,
) -> Result<Vec<Step>, DeviceError> {
    check(from, to)?;
    let (mut at, to) = (from.max(pump.since), to.min(now));
    let mut steps = Vec::new();
    while at < to {
        if steps.len() == MOST {
            let why = format!("That is more than {MOST} steps.");
            return Err(DeviceError::Invalid("performanceGrouping", why));
        }
        let end = end_of(pump, grouping, at).min(to);
        steps.push(Step { from: at, to: end, performance: pump.between(at, end) });
        at = end;
    }
    Ok(steps)
}
