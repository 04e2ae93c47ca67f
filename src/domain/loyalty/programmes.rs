//! What a market's customers are given points by.

use crate::domain::accounts::Account;
use crate::platform::db::{Tx, row, statement};

row! {
    /// A programme.
    pub struct Programme {
        /// Code of its market.
        pub market: String,
        /// What customers know it by.
        pub name: String,
        /// The campaign that its members are entered in.
        pub campaign: Option<String>,
        /// How many points are one minor unit of the market's currency.
        pub points_per_minor_unit: i32,
        /// The most that is given by hand at once.
        pub most_awarded: i32,
        /// Whether nothing is shown or redeemed for the moment.
        pub is_suspended: bool,
    }
}

impl Programme {
    /// What points are worth, in minor units; what is left of them is worth nothing by itself.
    pub fn worth(&self, points: i64) -> i64 {
        points.checked_div(i64::from(self.points_per_minor_unit)).unwrap_or(0)
    }

    /// As many of these points as make whole minor units.
    pub fn redeemable(&self, points: i64) -> i64 {
        points - points.checked_rem(i64::from(self.points_per_minor_unit)).unwrap_or(0)
    }
}

statement!(static OF_MARKET: Programme = "
    select market, name, campaign, points_per_minor_unit, most_awarded, is_suspended from loyalty_programmes
    where market = $1");
statement!(static OF_ACCOUNT: Programme = "
    select p.market, p.name, p.campaign, p.points_per_minor_unit, p.most_awarded, p.is_suspended
    from loyalty_programmes p join accounts a on a.market = p.market where a.id = $1");
statement!(static HAS_REASON: (bool,) = "
    select exists (select from point_reasons where market = $1 and kind = $2 and code = $3)");

/// The programme of a market, if it has one.
///
/// # Errors
/// Those of the database.
pub async fn of_market(tx: &mut Tx, market: &str) -> Result<Option<Programme>, sqlx::Error> {
    OF_MARKET.query().bind(market).fetch_optional(&mut *tx).await
}

/// The programme of an account's market, if it has one.
///
/// # Errors
/// Those of the database.
pub async fn of_account(tx: &mut Tx, account: &Account) -> Result<Option<Programme>, sqlx::Error> {
    of_market(tx, &account.market).await
}

/// The same, of an account by its row id.
///
/// # Errors
/// Those of the database.
pub(super) async fn of_account_id(tx: &mut Tx, account: i64) -> Result<Option<Programme>, sqlx::Error> {
    OF_ACCOUNT.query().bind(account).fetch_optional(&mut *tx).await
}

/// Whether points are given (`award`) or taken (`deduction`) for a reason.
pub(super) async fn has_reason(
    tx: &mut Tx,
    programme: &Programme,
    kind: &str,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let query = HAS_REASON.query().bind(&programme.market).bind(kind).bind(reason);
    Ok(query.fetch_one(&mut *tx).await?.0)
}
