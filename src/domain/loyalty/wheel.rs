//! The wheel of fortune: once a month, whoever holds an account spins for each of its supplies, and wins a credit or nothing.

use chrono::{Datelike, NaiveDate};
use thiserror::Error;

use super::memberships;
use crate::domain::accounts::accounts;
use crate::domain::auth::Viewer;
use crate::domain::ledgers::credits::{self, GrantError};
use crate::platform::db::{Tx, database_error, statement};
use crate::platform::market;
use crate::platform::random::Randomness;

/// The reason of the credit.
const REASON: &str = "WHEEL_OF_FORTUNE";
/// What customers read beside it.
const TITLE: &str = "Wheel of fortune";

/// Why nobody spun.
#[derive(Debug, Error)]
pub enum SpinError {
    /// The terms were not accepted.
    #[error("the terms were not accepted")]
    Terms,
    /// The viewer has nothing to do with the account, or nobody has such an account.
    #[error("the account is not the viewer's")]
    NotTheirs,
    /// There is no supply of the kind on the account, or somebody has spun for it this month.
    #[error("there is nothing to spin for")]
    NothingLeft,
    /// The account's market has no wheel.
    #[error("the market has no wheel")]
    NoWheel,
    /// The account could not be credited.
    #[error(transparent)]
    Credit(GrantError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(SpinError);

impl From<GrantError> for SpinError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Database(error) => Self::Database(error),
            other => Self::Credit(other),
        }
    }
}

/// Who spins for what.
#[derive(Clone, Copy, Debug)]
pub struct Spin<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// `ELECTRICITY` or `GAS`; there is no wheel for anything else.
    pub supply_type: &'a str,
    /// Whether the terms are accepted.
    pub accepts_terms: bool,
}

statement!(static PRIZES: (i32, i16) = "select amount, share from wheel_prizes where market = $1 order by amount");
statement!(static IS_SUPPLIED: (bool,) = "
    select exists (select from supply_periods s join supply_points sp on sp.id = s.supply_point_id
        where s.account_id = $1 and s.during @> $2::timestamptz and sp.market_name like '%\\_' || $3)");
statement!(static SPIN: (i64,) = "
    insert into wheel_spins (account_id, account_user_id, supply_type, month, amount, spun_at)
    values ($1, $2, $3, $4, $5, $6) on conflict on constraint wheel_spins_once do nothing returning id");
statement!(static CREDITED: () = "update wheel_spins set transaction_id = $2 where id = $1");
statement!(static ACCEPT: () = "update account_users set wheel_terms_accepted_at = $2, updated_at = $2 where id = $1");

/// Spins, and answers what was won, in minor units. The constraint on spins sees to it that two who spin at once win once.
///
/// # Errors
/// See [`SpinError`].
pub async fn spin(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    new: &Spin<'_>,
) -> Result<i32, SpinError> {
    let user = viewer.account_user().ok_or(SpinError::NotTheirs)?;
    let account = accounts::by_number(tx, viewer, new.account_number).await?.ok_or(SpinError::NotTheirs)?;
    memberships::role_of(tx, account.id, user).await?.ok_or(SpinError::NotTheirs)?;
    if !new.accepts_terms {
        return Err(SpinError::Terms);
    }
    let market = market::by_code(&account.market).ok_or(SpinError::NoWheel)?;
    let prizes = PRIZES.query().bind(&account.market).fetch_all(&mut *tx).await?;
    if prizes.is_empty() {
        return Err(SpinError::NoWheel);
    }
    let now = tx.business_now().await?;
    let supplied = IS_SUPPLIED.query().bind(account.id).bind(now).bind(new.supply_type);
    if !supplied.fetch_one(&mut *tx).await?.0 {
        return Err(SpinError::NothingLeft);
    }
    let amount = prize(&prizes, random);
    let month = first_of(market.day(now));
    let spun = SPIN.query().bind(account.id).bind(user).bind(new.supply_type).bind(month).bind(amount);
    let (id,) = spun.bind(now).fetch_optional(&mut *tx).await?.ok_or(SpinError::NothingLeft)?;
    ACCEPT.command().bind(user).bind(now).execute(&mut *tx).await?;
    if amount > 0 {
        let credit = credits::grant(tx, account.id, i64::from(amount), REASON, TITLE).await?;
        CREDITED.command().bind(id).bind(credit).execute(&mut *tx).await?;
    }
    Ok(amount)
}

fn first_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// One of the prizes, each as often as its share of the wheel.
fn prize(prizes: &[(i32, i16)], random: &Randomness) -> i32 {
    let share = |share: i16| u64::try_from(share).unwrap_or(0);
    let all: u64 = prizes.iter().map(|(_, part)| share(*part)).sum();
    let mut place = random.below(all.max(1));
    for (amount, part) in prizes {
        if place < share(*part) {
            return *amount;
        }
        place -= share(*part);
    }
    0
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn prizes_come_as_often_as_their_shares_say() {
        let random = Randomness::seeded(3);
        let mut count: HashMap<i32, u32> = HashMap::new();
        for _ in 0..10_000 {
            *count.entry(prize(&[(0, 70), (100, 25), (800, 5)], &random)).or_default() += 1;
        }
        let near = |amount, most: u32| count.get(&amount).is_some_and(|found| found.abs_diff(most) < 300);
        assert!(near(0, 7000) && near(100, 2500) && near(800, 500), "{count:?}");
    }
}
