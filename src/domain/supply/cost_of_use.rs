//! What the use of an account cost, and what it would have cost on other products.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Utc};
use rust_decimal::Decimal;

use super::agreed::{self, Agreement, Which};
use super::capacities;
use super::catalogue;
use super::consumption;
use super::costs::{self, Ask, Cost};
use super::grouping::Grouping;
use super::pricing::{self, Piece, Use};
use super::rates;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;

/// How many days of use are compared.
const COMPARED: u64 = 7;

/// Whose use is asked for.
#[derive(Clone, Debug, Default)]
pub struct Whose {
    /// Number of the account; the viewer's only one without it.
    pub account_number: Option<String>,
    /// A meter, by row id; all without one.
    pub meter: Option<i64>,
    /// `electricity` or `gas`; both without one.
    pub commodity: Option<String>,
}

statement!(static ACCOUNTS: (i64,) = concat!("
    select a.id from accounts a where ($3::text is null or a.number = $3) and ($3 is not null or $1 = 'account-user') and ",
    account_is_visible!(), " order by a.id limit 2"));
statement!(static POINT_OF_METER: (i64,) = "select supply_point_id from meters where id = $1");

/// The agreements under which what is asked for was used; none if the viewer sees no such account, or several where none is
/// named. Of all but a meter's own only what came into the home counts.
pub async fn agreements(
    tx: &mut Tx,
    viewer: &Viewer,
    whose: &Whose,
) -> Result<Option<Vec<Agreement>>, sqlx::Error> {
    let accounts = ACCOUNTS.seen_by(viewer).bind(&whose.account_number);
    let accounts = accounts.fetch_all(&mut *tx).await?;
    let [(account,)] = accounts.as_slice() else { return Ok(None) };
    let which = Which { commodity: whose.commodity.as_deref(), only_active: false, with_revoked: false };
    let mut all = agreed::of_accounts(tx, viewer, &[*account], which).await?.pop().unwrap_or_default();
    match whose.meter {
        Some(meter) => {
            let point = POINT_OF_METER.query().bind(meter).fetch_optional(&mut *tx).await?;
            all.retain(|each| Some((each.supply_point_id,)) == point);
        }
        None => all.retain(|each| !each.is_export),
    }
    Ok(Some(all))
}

statement!(static LATEST: (Option<chrono::NaiveDate>,) = "
    select max(i.day) from interval_days i where i.supply_point_id = any($1)");

/// The beginning of the latest day of which something was measured at the points of these agreements.
pub async fn latest(tx: &mut Tx, agreements: &[Agreement]) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let Some(market) = agreements.first().and_then(|each| market::by_code(&each.market)) else {
        return Ok(None);
    };
    let points: Vec<i64> = agreements.iter().map(|each| each.supply_point_id).collect();
    let (day,) = LATEST.query().bind(points).fetch_one(&mut *tx).await?;
    Ok(day.map(|day| market.start_of(day)))
}

/// What was used under these agreements and what it cost, group by group, all together.
pub async fn together(tx: &mut Tx, agreements: &[Agreement], ask: &Ask) -> Result<Vec<Cost>, sqlx::Error> {
    let all: Vec<&Agreement> = agreements.iter().collect();
    let mut groups: BTreeMap<DateTime<Utc>, Cost> = BTreeMap::new();
    for cost in costs::of_agreements(tx, &all, ask).await?.into_iter().flatten() {
        let Some(sum) = groups.get_mut(&cost.group_start) else {
            groups.insert(cost.group_start, cost);
            continue;
        };
        sum.wh += cost.wh;
        sum.net += cost.net;
        sum.gross += cost.gross;
        (sum.start, sum.end) = (sum.start.min(cost.start), sum.end.max(cost.end));
    }
    Ok(groups.into_values().collect())
}

/// What a week's use cost, and what it would have cost.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last one.
    pub to: DateTime<Utc>,
    /// Net and gross cost as agreed, in minor units.
    pub current: (Decimal, Decimal),
    /// The same on each other product: its code, net and gross.
    pub others: Vec<(String, Decimal, Decimal)>,
}

row! {
    struct Other {
        tariff_id: i64,
        product: String,
    }
}

statement!(static OTHERS: Other = "
    select t.id as tariff_id, p.code as product
    from products p join product_offers o on o.product_id = p.id and o.commodity = 'electricity'
        join tariffs t on t.offer_id = o.id and t.region = $2 and t.payment_method is null
    where p.market = $1 and p.direction = 'IMPORT' and 'smart' = any(p.tags) and not p.is_hidden and p.is_domestic
        and p.availability = 'EVERYONE' and p.available_from <= $3 and (p.available_to is null or p.available_to > $3)
        and o.kind <> 'FOUR_RATE_EV'
    order by p.rank, p.id");

/// What was used in the latest week that was measured would have cost on each smart product that is sold; none unless the
/// point with this number, or the viewer's only one, has an agreement that the viewer sees and was measured. Days are
/// counted in as well. Products that price what a car draws by itself cannot be compared.
pub async fn compare(
    tx: &mut Tx,
    viewer: &Viewer,
    identifier: Option<&str>,
) -> Result<Option<Comparison>, sqlx::Error> {
    let Some(agreement) = current(tx, viewer, identifier).await? else { return Ok(None) };
    let Some(market) = market::by_code(&agreement.market) else { return Ok(None) };
    let Some(latest) = latest(tx, std::slice::from_ref(&agreement)).await? else { return Ok(None) };
    let last = market.day(latest);
    let to = market.start_of(last.succ_opt().unwrap_or(last));
    let first = last.checked_sub_days(Days::new(COMPARED - 1)).unwrap_or(last);
    let from = market.start_of(first).max(agreement.valid_from);
    let since = Grouping::MONTH.start_before(market.time_zone(), from).max(agreement.valid_from);
    let points = [agreement.supply_point_id];
    let used = consumption::of_points(tx, &points, since, to).await?;
    let used = used.get(&agreement.supply_point_id).map(Vec::as_slice).unwrap_or_default();
    let region = catalogue::region(&agreement.market, &agreement.region).unwrap_or_default();
    let now = tx.business_now().await?;
    let others = OTHERS.query().bind(&agreement.market).bind(region).bind(now);
    let others = others.fetch_all(&mut *tx).await?;
    let mut tariffs: Vec<i64> = others.iter().map(|other| other.tariff_id).collect();
    tariffs.push(agreement.tariff_id);
    let rates = rates::of_tariffs(tx, &tariffs, from, to).await?;
    let held = capacities::held(tx, &points).await?;
    let held = held.get(&agreement.supply_point_id).map(Vec::as_slice).unwrap_or_default();
    let cost = |tariff: i64| {
        let terms = agreement.terms(rates.get(&tariff)?, used).holding(held);
        let mut pieces = pricing::days(&terms, (from, to)).ok()?;
        pieces.extend(pricing::energy(&terms, Use::Home, (from, to), used).ok()?);
        let sum = |of: fn(&Piece) -> Decimal| pieces.iter().map(of).sum::<Decimal>().normalize();
        Some((sum(|piece| piece.net), sum(Piece::gross)))
    };
    let Some(current) = cost(agreement.tariff_id) else { return Ok(None) };
    let others = others.into_iter().filter_map(|other| {
        let (net, gross) = cost(other.tariff_id)?;
        Some((other.product, net, gross))
    });
    Ok(Some(Comparison { from, to, current, others: others.collect() }))
}

statement!(static CURRENT: (i64,) = concat!("
    select g.id from agreements g join accounts a on a.id = g.account_id join supply_points sp on sp.id = g.supply_point_id
    where g.revoked_at is null and g.during @> $3::timestamptz and sp.market_name = 'GBR_ELECTRICITY'
        and sp.direction = 'IMPORT' and ($4::text is null or sp.identifier = $4)
        and ($4 is not null or $1 = 'account-user') and ", account_is_visible!(), " order by g.id limit 2"));

async fn current(
    tx: &mut Tx,
    viewer: &Viewer,
    identifier: Option<&str>,
) -> Result<Option<Agreement>, sqlx::Error> {
    let now = tx.business_now().await?;
    let held = CURRENT.seen_by(viewer).bind(now).bind(identifier);
    let held = held.fetch_all(&mut *tx).await?;
    let [(id,)] = held.as_slice() else { return Ok(None) };
    Ok(agreed::by_ids(tx, viewer, &[*id]).await?.pop().flatten())
}
