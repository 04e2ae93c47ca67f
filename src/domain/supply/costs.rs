//! What was used under agreements and what it cost, piece by piece or in groups of time.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::agreed::Agreement;
use super::capacities::{self, Agreed};
use super::consumption;
use super::grouping::Grouping;
use super::interval::Interval;
use super::pricing::{self, Piece, PricingError, Use};
use super::rates::{self, Rates};
use crate::platform::db::Tx;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last one.
    pub to: DateTime<Utc>,
    /// The size of groups; without one, each half-hour or day by itself.
    pub grouping: Option<Grouping>,
    /// The local clock of groups.
    pub zone: Tz,
    /// Days rather than energy.
    pub of_days: bool,
}

/// The costs of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Where the group begins.
    pub group_start: DateTime<Utc>,
    /// Where it ends.
    pub group_end: DateTime<Utc>,
    /// Where what cost something begins.
    pub start: DateTime<Utc>,
    /// Where it ends.
    pub end: DateTime<Utc>,
    /// Energy in Wh.
    pub wh: i64,
    /// Days.
    pub days: i64,
    /// Net, in minor units, not rounded.
    pub net: Decimal,
    /// With tax, in minor units, not rounded.
    pub gross: Decimal,
    /// The capacity that the price of the days went by.
    pub capacity: Option<Agreed>,
}

/// What was used under each of these agreements and what it cost, in the order of time, as far as prices are known. Groups in
/// which nothing was charged are left out.
pub async fn of_agreements(
    tx: &mut Tx,
    agreements: &[&Agreement],
    ask: &Ask,
) -> Result<Vec<Vec<Cost>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let to = ask.to.min(now);
    if ask.from >= to {
        return Ok(agreements.iter().map(|_| Vec::new()).collect());
    }
    let tariffs: Vec<i64> = agreements.iter().map(|each| each.tariff_id).collect();
    let rates = rates::of_tariffs(tx, &tariffs, ask.from, to).await?;
    // What a day costs goes by what was used on some tariffs only.
    let counts = |each: &&&Agreement| {
        !ask.of_days || rates.get(&each.tariff_id).is_some_and(|rates| rates.is_tiered())
    };
    let points: Vec<i64> = agreements.iter().filter(counts).map(|each| each.supply_point_id).collect();
    let (since, until) = rates::weighed(rates.values(), (ask.from, to));
    let used = consumption::of_points(tx, &points, since, until).await?;
    let points: Vec<i64> = agreements.iter().map(|each| each.supply_point_id).collect();
    let held = if ask.of_days { capacities::held(tx, &points).await? } else { HashMap::new() };
    let costs = agreements.iter().map(|agreement| {
        let Some(rates) = rates.get(&agreement.tariff_id) else { return Vec::new() };
        let from = ask.from.max(agreement.valid_from);
        let to = agreement.valid_to.map_or(to, |end| to.min(end));
        let used = used.get(&agreement.supply_point_id).map(Vec::as_slice).unwrap_or_default();
        let used = of_agreement(rates, agreement, from, used);
        let held = held.get(&agreement.supply_point_id).map(Vec::as_slice).unwrap_or_default();
        let terms = agreement.terms(rates, &used).holding(held);
        let pieces = if ask.of_days {
            known(to, |to| pricing::days(&terms, (from, to)))
        } else {
            known(to, |to| pricing::energy(&terms, Use::Home, (from, to), &used))
        };
        grouped(&pieces, ask)
    });
    Ok(costs.collect())
}

/// What counts towards an agreement's costs from a moment on: what was used since the month began, as far as it held then.
pub fn of_agreement(
    rates: &Rates,
    agreement: &Agreement,
    from: DateTime<Utc>,
    used: &[Interval],
) -> Vec<Interval> {
    let since = Grouping::MONTH.start_before(rates.zone(), from).max(agreement.valid_from);
    used.iter().filter(|interval| interval.start >= since).copied().collect()
}

/// What can be priced until a moment: all of it, or as much as is before the first price that is not known.
pub(super) fn known(
    to: DateTime<Utc>,
    price: impl Fn(DateTime<Utc>) -> Result<Vec<Piece>, PricingError>,
) -> Vec<Piece> {
    price(to).or_else(|PricingError::NoRate(end)| price(end)).unwrap_or_default()
}

fn grouped(pieces: &[Piece], ask: &Ask) -> Vec<Cost> {
    let mut groups: BTreeMap<DateTime<Utc>, Cost> = BTreeMap::new();
    for piece in pieces {
        let (group_start, group_end) = match ask.grouping {
            Some(grouping) => {
                let begins = grouping.start_before(ask.zone, piece.start).max(ask.from);
                (begins, grouping.end_after(ask.zone, piece.start))
            }
            None => (piece.start, piece.end),
        };
        let cost = groups.entry(group_start).or_insert_with(|| Cost {
            group_start,
            group_end,
            start: piece.start,
            end: piece.end,
            wh: 0,
            days: 0,
            net: Decimal::ZERO,
            gross: Decimal::ZERO,
            capacity: piece.capacity,
        });
        if !piece.item.is_levy() {
            cost.wh += piece.wh;
            cost.days += i64::from(piece.item.is_of_days());
        }
        cost.end = cost.end.max(piece.end);
        cost.net += piece.net;
        cost.gross += piece.gross();
    }
    groups.into_values().collect()
}
