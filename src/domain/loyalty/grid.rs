//! Who pays for using less: the operator of the grid, which announces when.

use chrono::{DateTime, NaiveDate, Utc};

/// The operator does not answer for the moment; asking again later helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// How long before it begins a session is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// On a day before.
    DayAhead,
    /// In the morning of the day.
    Morning,
    /// In the early afternoon of the day.
    Afternoon,
}

impl Notice {
    /// As clients know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::DayAhead => "DAY_AHEAD",
            Self::Morning => "WITHIN_DAY_1",
            Self::Afternoon => "WITHIN_DAY_2",
        }
    }
}

/// A session that was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// What the operator calls it.
    pub code: String,
    /// The first moment, on a half-hour.
    pub starts_at: DateTime<Utc>,
    /// The moment after the last, on a half-hour.
    pub ends_at: DateTime<Utc>,
    /// What is paid for a kWh that is saved, in points.
    pub points_per_kwh: i32,
    /// How much CO2 a kWh would have made, in grams.
    pub grams_per_kwh: i32,
    /// How it was announced.
    pub notice: Notice,
    /// Whether it is for testers only.
    pub is_trial: bool,
    /// When it was announced.
    pub announced_at: DateTime<Utc>,
}

/// Something that announces sessions.
pub trait GridOperator: Send + Sync {
    /// The sessions of a local day that have been announced by now.
    ///
    /// # Errors
    /// The operator does not answer.
    fn announced(&self, day: NaiveDate, now: DateTime<Utc>) -> Result<Vec<Announcement>, Unavailable>;
}
