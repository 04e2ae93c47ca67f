//! Exceptions from the allowance of a kind, for single subjects.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::points::Payer;
use crate::domain::auth::subjects::Subject;
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

/// What happens to a subject that has spent its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is counted and never refused.
    Count,
    /// It is refused until its hour is over.
    Block,
    /// It is refused always.
    DenyList,
}

impl Mode {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::Block => "BLOCK",
            Self::DenyList => "DENY_LIST",
        }
    }

    /// Reads it again. What is not known blocks, as the default does.
    pub fn from_column(text: &str) -> Self {
        match text {
            "COUNT" => Self::Count,
            "DENY_LIST" => Self::DenyList,
            _ => Self::Block,
        }
    }
}

row! {
    /// What one subject may spend, and what it has spent in the hour that is running.
    pub struct Shown {
        /// Points an hour.
        pub points: i64,
        /// [`Mode`], as it is kept.
        pub mode: String,
        /// Whether this is an exception rather than the rule of its kind.
        pub is_override: bool,
        /// Points spent, those leased to servers included.
        pub used: i64,
        /// When the hour that is running ends.
        pub window_ends_at: Option<DateTime<Utc>>,
    }
}

/// Why an exception was not made.
#[derive(Debug, Error)]
pub enum OverrideError {
    /// It reads like no subject.
    #[error("a subject reads like kraken|account-user:4001 or address:192.0.2.7")]
    NotASubject,
    /// Fewer than none.
    #[error("points cannot be negative")]
    Negative,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(OverrideError);

impl From<sqlx::Error> for OverrideError {
    fn from(error: sqlx::Error) -> Self {
        match on_constraint(&error, "rate_overrides_points_check") {
            true => Self::Negative,
            false => Self::Database(error),
        }
    }
}

statement!(static SHOW: Shown = "
    select coalesce(o.points, k.points) as points, coalesce(o.mode, 'BLOCK') as mode,
        o.subject is not null as is_override, coalesce(p.used, 0) as used, p.window_ends_at
    from rate_allowances_by_kind k
    left join rate_overrides o on o.subject = $1
    left join rate_points p on p.subject = $1 and p.window_ends_at > $3
    where k.kind = $2");
statement!(static SET: () = "
    insert into rate_overrides (subject, points, mode, set_at) values ($1, $2, $3, $4)
    on conflict (subject) do update set points = excluded.points, mode = excluded.mode, set_at = excluded.set_at");
statement!(static CLEAR: () = "delete from rate_overrides where subject = $1");

/// Whom a claim such as `kraken|account-user:4001`, or `address:192.0.2.7`, is about.
///
/// # Errors
/// [`OverrideError::NotASubject`].
pub fn payer(subject: &str) -> Result<Payer, OverrideError> {
    if let Some(known) = Subject::from_claim(subject) {
        return Ok(Payer::subject(known));
    }
    let address = subject.strip_prefix("address:").and_then(|rest| {
        let (address, _) = rest.split_once('/').unwrap_or((rest, ""));
        address.parse::<IpAddr>().ok()
    });
    address.map(|address| Payer::address(Some(address))).ok_or(OverrideError::NotASubject)
}

/// What `payer` may spend and has spent.
///
/// # Errors
/// Those of the database.
pub async fn show(tx: &mut Tx, payer: &Payer) -> Result<Shown, OverrideError> {
    let now = tx.wall_now();
    let query = SHOW.query().bind(payer.subject_key()).bind(payer.kind()).bind(now);
    Ok(query.fetch_one(&mut *tx).await?)
}

/// Gives `payer` an allowance of its own; without `points` that of its kind. Servers heed it within
/// [`super::leases::RULE_AGE`].
///
/// # Errors
/// [`OverrideError::Negative`] and those of the database.
pub async fn set(tx: &mut Tx, payer: &Payer, points: Option<i64>, mode: Mode) -> Result<(), OverrideError> {
    let now = tx.wall_now();
    let command = SET.command().bind(payer.subject_key()).bind(points).bind(mode.as_str()).bind(now);
    command.execute(&mut *tx).await?;
    Ok(())
}

/// Puts `payer` back under the rule of its kind. Says whether there was an exception.
///
/// # Errors
/// Those of the database.
pub async fn clear(tx: &mut Tx, payer: &Payer) -> Result<bool, OverrideError> {
    Ok(CLEAR.command().bind(payer.subject_key()).execute(&mut *tx).await?.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_read_as_they_are_shown() {
        for text in [
            "kraken|account-user:4001",
            "kraken|support-user:7",
            "address:192.0.2.7",
            "address:2001:db8::/64",
        ] {
            assert_eq!(payer(text).ok().map(|payer| payer.subject_key().to_owned()).as_deref(), Some(text));
        }
        assert_eq!(payer("address:2001:db8::17").expect("a payer").subject_key(), "address:2001:db8::/64");
        for odd in ["", "ada@example.org", "address:", "address:nowhere", "kraken|robot:1"] {
            assert!(payer(odd).is_err(), "{odd}");
        }
        for mode in [Mode::Count, Mode::Block, Mode::DenyList] {
            assert_eq!(Mode::from_column(mode.as_str()), mode);
        }
    }
}
