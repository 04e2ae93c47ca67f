//! Whether this retailer supplies a point, whoever asks: before somebody is signed up for it. On whose account it is
//! supplied is told only to those who see the account.

use chrono::{DateTime, NaiveDate, Utc};

use super::identifiers::MarketName;
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;

/// How a point stands with us.
#[derive(Clone, Debug)]
pub struct Check {
    /// One of `KrakenStatus`.
    pub status: &'static str,
    /// Whether we supply it now.
    pub is_on_supply: bool,
    /// The first local day of the supply.
    pub since: Option<NaiveDate>,
    /// Whether nobody is known who lives there.
    pub is_occupier: Option<bool>,
    /// The account, if the viewer sees it.
    pub account: Option<Account>,
}

row! {
    struct Found {
        account_id: i64,
        account_type: String,
        from_at: Option<DateTime<Utc>>,
        to_at: Option<DateTime<Utc>>,
    }
}

// The present supply, else the next, else the last.
statement!(static FOUND: Found = "
    select s.account_id, a.account_type, lower(s.during) as from_at, upper(s.during) as to_at
    from supply_points sp join supply_periods s on s.supply_point_id = sp.id join accounts a on a.id = s.account_id
    where sp.market_name = $1 and sp.identifier = $2
    order by s.during @> $3::timestamptz desc, lower(s.during) > $3 desc, lower(s.during) desc limit 1");

/// How the point with this number, as it is kept, stands with us.
///
/// # Errors
/// Those of the database.
pub async fn of_point(
    tx: &mut Tx,
    viewer: &Viewer,
    market_name: MarketName,
    identifier: &str,
) -> Result<Check, sqlx::Error> {
    let now = tx.business_now().await?;
    let found = FOUND.query().bind(market_name.code()).bind(identifier).bind(now);
    let Some(found) = found.fetch_optional(&mut *tx).await? else {
        let status = "OFF_SUPPLY";
        return Ok(Check { status, is_on_supply: false, since: None, is_occupier: None, account: None });
    };
    let status = match (found.from_at, found.to_at) {
        (Some(from), _) if from > now => "GAINING",
        (_, None) => "ON_SUPPLY",
        (_, Some(to)) if to > now => "LOSING",
        _ => "LOST",
    };
    let is_occupier = ["OCCUPIER", "BUSINESS_OCCUPIER"].contains(&found.account_type.as_str());
    let account = accounts::by_ids(tx, viewer, &[found.account_id]).await?.pop().flatten();
    let market = market::by_code(market_name.market());
    Ok(Check {
        status,
        is_on_supply: ["ON_SUPPLY", "LOSING"].contains(&status),
        since: market.zip(found.from_at).map(|(market, from)| market.day(from)),
        is_occupier: (status != "LOST").then_some(is_occupier),
        account: account.filter(|_| status != "LOST"),
    })
}
