//! How a quote comes about: every product that is sold for a point, with what a year at the point would cost.

use chrono::{Months, NaiveDate, TimeDelta};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{QuoteError, QuoteRequest, by_code};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::changes::{hand, may_edit};
use crate::domain::auth::viewer::Viewer;
use crate::domain::supply::products::Product;
use crate::domain::supply::supply_points::SupplyPoint;
use crate::domain::supply::{agreements, expected, products, supply_points};
use crate::platform::db::{Tx, statement};
use crate::platform::market;
use crate::platform::random::Randomness;

/// How somebody pays of whom nothing else is known.
const PAYMENT_METHOD: &str = "DIRECT_DEBIT";
/// How far ahead of a quote its first day may lie, in months.
const FARTHEST: Months = Months::new(12);
/// Most points of a quote.
const MOST: usize = 50;

statement!(static RULE: (i32,) = "select valid_days from quote_rules where market = $1");
statement!(static POINT: (i64,) = "
    select sp.id from supply_periods s join supply_points sp on sp.id = s.supply_point_id
    where s.account_id = $1 and sp.identifier = $2 and (upper_inf(s.during) or upper(s.during) > $3::timestamptz)
    order by lower(s.during) limit 1");
statement!(static ADD: (i64,) = "
    insert into quote_requests (code, account_id, as_of, requested_at, expires_at, by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6, $7) returning id");
statement!(static ADD_POINT: (i64,) = "
    insert into quoted_points (quote_id, supply_point_id, annual_wh) values ($1, $2, $3) returning id");
statement!(static ADD_PRODUCT: () = "
    insert into quoted_products (quoted_point_id, product_id, tariff_id, annual_net, annual_gross)
    values ($1, $2, $3, $4, $5)");

/// Quotes everything that is sold for some points of an account, by number, from a local day on.
///
/// # Errors
/// `Unauthorized`, `Market`, `NoPoint`, `Unable`.
pub async fn for_account(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    (number, identifiers): (&str, &[String]),
    as_of: NaiveDate,
) -> Result<QuoteRequest, QuoteError> {
    if !may_edit(viewer) {
        return Err(QuoteError::Unauthorized);
    }
    let account = accounts::by_number(tx, viewer, number).await?.ok_or(QuoteError::Unauthorized)?;
    let market = market::by_code(&account.market).ok_or(QuoteError::Market)?;
    let rule = RULE.query().bind(&account.market).fetch_optional(&mut *tx).await?;
    let (valid_days,) = rule.ok_or(QuoteError::Market)?;
    let now = tx.business_now().await?;
    let today = market.day(now);
    if as_of < today || today.checked_add_months(FARTHEST).is_none_or(|last| as_of > last) {
        return Err(QuoteError::Unable("The day is past, or more than a year ahead."));
    }
    let points = points_of(tx, viewer, &account, identifiers, as_of).await?;
    let expires = now + TimeDelta::days(valid_days.into());
    let (kind, by) = hand(viewer);
    let code = random.uuid();
    let add = ADD.query().bind(code).bind(account.id).bind(as_of).bind(now).bind(expires);
    let (quote,) = add.bind(kind).bind(by).fetch_one(&mut *tx).await?;
    for point in &points {
        quote_point(tx, quote, &account, point, as_of).await?;
    }
    by_code(tx, viewer, &code.to_string()).await?.ok_or(QuoteError::NoQuote)
}

/// The points with these numbers that the account is or will be supplied at.
async fn points_of(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &Account,
    identifiers: &[String],
    as_of: NaiveDate,
) -> Result<Vec<SupplyPoint>, QuoteError> {
    if identifiers.is_empty() || identifiers.len() > MOST {
        return Err(QuoteError::NoPoint);
    }
    let market = market::by_code(&account.market).ok_or(QuoteError::Market)?;
    let from = market.start_of(as_of);
    let mut ids: Vec<i64> = Vec::new();
    for identifier in identifiers {
        let query = POINT.query().bind(account.id).bind(identifier.trim()).bind(from);
        let (id,) = query.fetch_optional(&mut *tx).await?.ok_or(QuoteError::NoPoint)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let found = supply_points::by_ids(tx, viewer, &ids).await?;
    found.into_iter().collect::<Option<Vec<_>>>().ok_or(QuoteError::NoPoint)
}

async fn quote_point(
    tx: &mut Tx,
    quote: i64,
    account: &Account,
    point: &SupplyPoint,
    as_of: NaiveDate,
) -> Result<(), QuoteError> {
    let market = market::by_code(&account.market).ok_or(QuoteError::Market)?;
    let mut sold = Vec::new();
    let all = products::on_sale(tx, &point.market_name).await?;
    let own = |product: &&Product| product.brand == account.brand && !product.is_prepay;
    for product in all.iter().filter(own) {
        let tariff = agreements::tariff_for(tx, account.id, point.id, &product.code, PAYMENT_METHOD).await?;
        sold.extend(tariff.map(|tariff| (product.id, tariff)));
    }
    if sold.is_empty() {
        return Err(QuoteError::Unable("Nothing is sold for one of the supply points."));
    }
    let year = expected::year(point, market, as_of);
    let tariffs: Vec<i64> = sold.iter().map(|(_, tariff)| *tariff).collect();
    let costs = expected::costs(tx, &year, &tariffs, &account.account_type).await?;
    let add = ADD_POINT.query().bind(quote).bind(point.id).bind(year.wh);
    let (id,) = add.fetch_one(&mut *tx).await?;
    for (product, tariff) in sold {
        let whole = costs.get(&tariff).and_then(|(net, gross)| Some((minor(*net)?, minor(*gross)?)));
        let add = ADD_PRODUCT.command().bind(id).bind(product).bind(tariff);
        let add = add.bind(whole.map(|(net, _)| net)).bind(whole.map(|(_, gross)| gross));
        add.execute(&mut *tx).await?;
    }
    Ok(())
}

/// An estimate in whole minor units.
fn minor(amount: Decimal) -> Option<i64> {
    amount.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()
}
