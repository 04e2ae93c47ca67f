//! What spans of time at points cost whoever was supplied: energy by bands and as a whole, and the days by themselves.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::agreed::{self, Agreement};
use super::capacities::{self, Capacity};
use super::consumption;
use super::costs;
use super::grouping::Grouping;
use super::interval::Interval;
use super::pricing::{self, Piece, Use};
use super::rates::{self, Item, Rates};
use super::usage::Span;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::Tx;

/// What something cost, in minor units, not rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Energy in Wh.
    pub wh: i64,
    /// Without tax.
    pub net: Decimal,
    /// With tax.
    pub gross: Decimal,
}

impl Cost {
    fn add(&mut self, piece: &Piece) {
        self.net += piece.net;
        self.gross += piece.gross();
    }
}

/// What energy in one band cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// The band, such as `NIGHT`.
    pub band: String,
    /// What bills call it.
    pub name: String,
    /// What it cost.
    pub cost: Cost,
    /// Net and gross price of a kWh, where it was the same all the time.
    pub price: Option<(Decimal, Decimal)>,
}

/// What a span cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// The currency.
    pub currency: String,
    /// Whether energy ran out of the property, and was paid for.
    pub is_export: bool,
    /// All energy, with what the market and the network charge for it.
    pub energy: Cost,
    /// Energy by bands, in the order in which they came.
    pub bands: Vec<Band>,
    /// The days that began, by themselves.
    pub days: Cost,
    /// The step of the month's prices that the span began in, from one; zero where prices have no steps.
    pub step: i64,
}

/// An agreement with all that decides its costs.
struct Priced<'a> {
    agreement: &'a Agreement,
    rates: &'a Rates,
    energy: Vec<Piece>,
    days: Vec<Piece>,
    /// Wh of the month that the price of an interval goes by.
    used: BTreeMap<DateTime<Utc>, i64>,
}

/// What each of these spans cost under the agreements that the viewer, or whom they act for, had then; none where there was
/// no agreement, or no price is known.
///
/// # Errors
/// Those of the database.
pub async fn of_spans(
    tx: &mut Tx,
    viewer: &Viewer,
    spans: &[Span],
) -> Result<Vec<Option<Costs>>, sqlx::Error> {
    let mut points: Vec<i64> = spans.iter().map(|span| span.point).collect();
    points.sort_unstable();
    points.dedup();
    let from = spans.iter().map(|span| span.from).min().unwrap_or_default();
    let to = spans.iter().map(|span| span.to).max().unwrap_or_default();
    let agreements = agreed::of_points::<Agreement>(tx, viewer, &points).await?;
    let tariffs: Vec<i64> = agreements.iter().flatten().map(|agreement| agreement.tariff_id).collect();
    let rates = rates::of_tariffs(tx, &tariffs, from, to).await?;
    let (since, until) = rates::weighed(rates.values(), (from, to));
    let used = consumption::of_points(tx, &points, since, until).await?;
    let capacities = capacities::held(tx, &points).await?;
    let mut priced: HashMap<i64, Vec<Priced<'_>>> = HashMap::new();
    for (point, agreements) in points.iter().zip(&agreements) {
        let used = used.get(point).map_or(&[][..], Vec::as_slice);
        let held = capacities.get(point).map_or(&[][..], Vec::as_slice);
        let of = |agreement| price(agreement, &rates, (from, to), (used, held));
        priced.insert(*point, agreements.iter().filter_map(of).collect());
    }
    let costs = |span: &Span| {
        let of_point = priced.get(&span.point)?;
        let holds = |priced: &&Priced<'_>| {
            let Agreement { valid_from, valid_to, .. } = priced.agreement;
            *valid_from < span.to && valid_to.is_none_or(|end| span.from < end)
        };
        let mut held = of_point.iter().filter(holds);
        let mut costs = held.next()?.begin();
        for priced in of_point.iter().filter(holds) {
            priced.add(span, &mut costs);
        }
        let is_priced = !costs.bands.is_empty() || costs.days != Cost::default();
        is_priced.then_some(costs).map(|costs| Costs { step: step(of_point, span), ..costs })
    };
    Ok(spans.iter().map(costs).collect())
}

fn price<'a>(
    agreement: &'a Agreement,
    rates: &'a HashMap<i64, std::sync::Arc<Rates>>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    (used, held): (&[Interval], &[Capacity]),
) -> Option<Priced<'a>> {
    let rates = rates.get(&agreement.tariff_id)?;
    let from = from.max(agreement.valid_from);
    let to = agreement.valid_to.map_or(to, |end| to.min(end));
    if from >= to {
        return None;
    }
    let used = costs::of_agreement(rates, agreement, from, used);
    let terms = agreement.terms(rates, &used).holding(held);
    let energy = costs::known(to, |to| pricing::energy(&terms, Use::Home, (from, to), &used));
    let days = costs::known(to, |to| pricing::days(&terms, (from, to)));
    let mut month = None;
    let mut sum = 0;
    let mut before = BTreeMap::new();
    for interval in &used {
        let begins = Grouping::MONTH.start_before(rates.zone(), interval.start);
        if month != Some(begins) {
            (month, sum) = (Some(begins), 0);
        }
        before.insert(interval.start, terms.weighed(rates.market.day(interval.start), sum).unwrap_or(sum));
        sum += interval.wh;
    }
    Some(Priced { agreement, rates, energy, days, used: before })
}

impl Priced<'_> {
    fn begin(&self) -> Costs {
        Costs {
            currency: self.rates.market.currency.code.clone(),
            is_export: self.rates.is_export,
            energy: Cost::default(),
            bands: Vec::new(),
            days: Cost::default(),
            step: 0,
        }
    }

    fn add(&self, span: &Span, costs: &mut Costs) {
        for piece in within(&self.energy, span) {
            costs.energy.add(piece);
            if piece.item.is_levy() {
                continue;
            }
            costs.energy.wh += piece.wh;
            let (band, name) = self.rates.named(piece.item);
            let price = Some((piece.rate, piece.rate * (Decimal::ONE + piece.tax)));
            let place = costs.bands.iter().position(|known| known.band == band && known.name == name);
            let place = place.unwrap_or_else(|| {
                costs.bands.push(Band { band, name, cost: Cost::default(), price });
                costs.bands.len() - 1
            });
            if let Some(known) = costs.bands.get_mut(place) {
                known.cost.add(piece);
                known.cost.wh += piece.wh;
                known.price = known.price.filter(|known| Some(*known) == price);
            }
        }
        within(&self.days, span).iter().for_each(|piece| costs.days.add(piece));
    }
}

/// The pieces that begin within a span.
fn within<'p>(pieces: &'p [Piece], span: &Span) -> &'p [Piece] {
    let from = pieces.partition_point(|piece| piece.start < span.from);
    let to = pieces.partition_point(|piece| piece.start < span.to);
    pieces.get(from..to).unwrap_or_default()
}

/// The step of the month's prices in which a span begins.
fn step(priced: &[Priced<'_>], span: &Span) -> i64 {
    let find = |priced: &Priced<'_>| {
        let (start, used) = priced.used.range(span.from..span.to).next()?;
        let energy = within(&priced.energy, span).iter().find(|piece| !piece.item.is_levy())?;
        let Item::Energy(part) = energy.item else { return None };
        let steps = priced.rates.energy.get(&part)?.rates.iter().filter(|rate| rate.holds(*start));
        let steps: Vec<_> = steps.collect();
        let holds = |place: &usize| steps.get(*place).is_some_and(|rate| rate.step_from <= *used);
        let place = (0..steps.len()).rev().find(holds)?;
        (steps.len() > 1).then(|| i64::try_from(place).unwrap_or(0) + 1)
    };
    priced.iter().find_map(find).unwrap_or(0)
}
