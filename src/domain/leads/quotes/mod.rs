//! Quotes: what products would cost at the points of an account. A quote lapses, and is then as if it had never been.

pub mod making;
pub mod selecting;
pub mod sharing;

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;
use uuid::Uuid;

use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, Under, database_error, row, statement};

/// Why nothing was quoted, chosen or sent.
#[derive(Debug, Error)]
pub enum QuoteError {
    /// The viewer may not do this with the account, or there is none for them.
    #[error("the viewer may not have the account quoted")]
    Unauthorized,
    /// The viewer may not do this at all.
    #[error("the viewer may not do this")]
    Forbidden,
    /// Accounts of the market are not quoted so.
    #[error("accounts of this market are not quoted")]
    Market,
    /// The account has no such supply point then.
    #[error("the account has no such supply point")]
    NoPoint,
    /// There is nothing to quote; a sentence.
    #[error("{0}")]
    Unable(&'static str),
    /// There is no such quote that the viewer may see, or it has lapsed.
    #[error("there is no such quote")]
    NoQuote,
    /// Nothing was chosen.
    #[error("nothing was chosen")]
    NothingChosen,
    /// Something was chosen that was not quoted.
    #[error("this was not quoted")]
    NotQuoted,
    /// A point is left without a product, or has two.
    #[error("each supply point needs one product")]
    Incomplete,
    /// What was quoted is not sold any more.
    #[error("the product is not sold any more")]
    NotSold,
    /// Nobody can be written to.
    #[error("an e-mail address or a mobile number is needed")]
    Recipient,
    /// The account is not the one that was quoted.
    #[error("the quote is not the account's")]
    NoAccount,
    /// Nobody is reminded of quotes in this market.
    #[error("nobody is reminded of quotes here")]
    NoReminders,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(QuoteError);

row! {
    /// A quote.
    pub struct QuoteRequest {
        /// Row id.
        pub id: i64,
        /// What clients know it by.
        pub code: Uuid,
        /// The account, by row id.
        pub account_id: i64,
        /// Market code.
        pub market: String,
        /// The local day from which on it reckons.
        pub as_of: NaiveDate,
        /// When it was made.
        pub requested_at: DateTime<Utc>,
        /// When it lapses.
        pub expires_at: DateTime<Utc>,
        /// When a product was chosen for each point.
        pub accepted_at: Option<DateTime<Utc>>,
    }
}

row! {
    /// A point that was quoted.
    pub struct QuotedPoint {
        /// Row id.
        pub id: i64,
        /// The supply point, by row id.
        pub supply_point_id: i64,
        /// Its market, such as `GBR_GAS`.
        pub market_name: String,
        /// Its number.
        pub identifier: String,
        /// What is expected to be used in a year, in Wh.
        pub annual_wh: i64,
    }
}

row! {
    /// A product that was quoted.
    pub struct QuotedProduct {
        /// Row id.
        pub id: i64,
        /// The product, by row id.
        pub product_id: i64,
        /// Its name.
        pub display_name: String,
        /// What the expected year costs, in minor units, as far as prices are known.
        pub annual_net: Option<i64>,
        /// With tax.
        pub annual_gross: Option<i64>,
        /// Whether it was chosen.
        pub was_selected: bool,
    }
}

macro_rules! quote {
    () => {
        "select q.id, q.code, q.account_id, a.market, q.as_of, q.requested_at, q.expires_at, q.accepted_at \
         from quote_requests q join accounts a on a.id = q.account_id"
    };
}

statement!(static BY_CODE: QuoteRequest = concat!(quote!(), "
    where q.code = $3 and q.expires_at > $4 and ", account_is_visible!()));
statement!(static HOLD: QuoteRequest = concat!(quote!(), "
    where q.code = $3 and q.expires_at > $4 and ", account_is_visible!(), " for no key update of q"));
statement!(static POINTS: Under<QuotedPoint> = "
    select p.quote_id as parent, p.id, p.supply_point_id, sp.market_name, sp.identifier, p.annual_wh
    from quoted_points p join supply_points sp on sp.id = p.supply_point_id
    where p.quote_id = any($1::bigint[]) order by p.quote_id, p.id");
// The cheapest first.
statement!(static PRODUCTS: Under<QuotedProduct> = "
    select c.quoted_point_id as parent, c.id, c.product_id, p.display_name, c.annual_net, c.annual_gross, c.was_selected
    from quoted_products c join products p on p.id = c.product_id
    where c.quoted_point_id = any($1::bigint[]) order by c.quoted_point_id, c.annual_gross nulls last, c.id");

/// The quote with a code that has not lapsed, if the viewer sees its account.
///
/// # Errors
/// Those of the database.
pub async fn by_code(tx: &mut Tx, viewer: &Viewer, code: &str) -> Result<Option<QuoteRequest>, sqlx::Error> {
    let Ok(code) = code.trim().parse::<Uuid>() else { return Ok(None) };
    let now = tx.business_now().await?;
    let query = BY_CODE.seen_by(viewer).bind(code).bind(now);
    query.fetch_optional(&mut *tx).await
}

/// As [`by_code`]; nobody else changes it until the transaction ends.
async fn hold(tx: &mut Tx, viewer: &Viewer, code: &str) -> Result<QuoteRequest, QuoteError> {
    let code = code.trim().parse::<Uuid>().map_err(|_| QuoteError::NoQuote)?;
    let now = tx.business_now().await?;
    let hold = HOLD.seen_by(viewer).bind(code).bind(now);
    hold.fetch_optional(&mut *tx).await?.ok_or(QuoteError::NoQuote)
}

/// The points of each of these quotes. One statement.
///
/// # Errors
/// Those of the database.
pub async fn points(tx: &mut Tx, quotes: &[i64]) -> Result<Vec<Vec<QuotedPoint>>, sqlx::Error> {
    let rows = POINTS.query().bind(quotes).fetch_all(&mut *tx).await?;
    Ok(grouped(quotes, rows.into_iter().map(Under::pair).collect()))
}

/// What was quoted for each of these points, the cheapest first. One statement.
///
/// # Errors
/// Those of the database.
pub async fn products(tx: &mut Tx, points: &[i64]) -> Result<Vec<Vec<QuotedProduct>>, sqlx::Error> {
    let rows = PRODUCTS.query().bind(points).fetch_all(&mut *tx).await?;
    Ok(grouped(points, rows.into_iter().map(Under::pair).collect()))
}
