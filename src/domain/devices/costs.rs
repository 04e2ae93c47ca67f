//! What charging cost: the energy that was drawn, at the prices of the account where the device stands.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::fleet::Device;
use super::paid::{self, Holding};
use super::sessions::{Dispatch, Source};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::supply::consumption;
use crate::domain::supply::grouping::Grouping;
use crate::domain::supply::interval::Interval;
use crate::domain::supply::pricing::{self, Piece, Terms, Use};
use crate::domain::supply::rates::Rates;
use crate::platform::db::{Tx, row, statement};
use crate::platform::market::start_of_day;

/// Energy that a device drew from the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The device.
    pub device: Uuid,
    /// When, and how much.
    pub energy: Interval,
}

impl Drawn {
    /// What was drawn in a dispatch.
    pub fn of(device: Uuid, ran: &Dispatch) -> Self {
        Self { device, energy: Interval { start: ran.from, end: ran.to, wh: ran.grid_wh } }
    }
}

/// A cost in minor units, not rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Without tax.
    pub net: Decimal,
    /// With tax.
    pub gross: Decimal,
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { net: self.net + other.net, gross: self.gross + other.gross }
    }
}

/// What was used at points before each of these moments since the month began, where prices go by that.
type Before = HashMap<i64, Vec<Interval>>;

/// What each of these cost; none where nothing was agreed, or a price is not known.
pub async fn of(tx: &mut Tx, drawn: &[Drawn]) -> Result<Vec<Option<Cost>>, sqlx::Error> {
    let bounds = drawn.iter().map(|each| each.energy.start).min();
    let bounds = bounds.zip(drawn.iter().map(|each| each.energy.end).max());
    let Some((from, to)) = bounds else { return Ok(Vec::new()) };
    let mut devices: Vec<Uuid> = drawn.iter().map(|each| each.device).collect();
    devices.sort_unstable();
    devices.dedup();
    let held = paid::between(tx, &devices, from, to).await?;
    let before = used_before(tx, &held, (from, to)).await?;
    let cost = |each: &Drawn| cost(held.get(&each.device)?, &before, &each.energy);
    Ok(drawn.iter().map(cost).collect())
}

fn has_steps(rates: &Rates) -> bool {
    rates
        .energy
        .values()
        .flat_map(|part| &part.rates)
        .any(|rate| rate.step_from > 0 || rate.step_to.is_some())
}

async fn used_before(
    tx: &mut Tx,
    held: &HashMap<Uuid, Vec<Holding>>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Before, sqlx::Error> {
    let stepped = || held.values().flatten().filter(|holding| has_steps(&holding.rates));
    let since = stepped().map(|holding| Grouping::MONTH.start_before(holding.rates.zone(), from)).min();
    let Some(since) = since else { return Ok(Before::new()) };
    let points: Vec<i64> = stepped().map(|holding| holding.point).collect();
    consumption::of_points(tx, &points, since, to).await
}

/// What energy cost under these agreements; none, if some of it has no price.
fn cost(held: &[Holding], before: &Before, energy: &Interval) -> Option<Cost> {
    let mut pieces: Vec<Piece> = Vec::new();
    for holding in held {
        let from = energy.start.max(holding.from);
        let to = holding.to.map_or(energy.end, |to| to.min(energy.end));
        if from < to {
            let rates = &holding.rates;
            // What a device draws is told apart where the tariff does so.
            let whose = if rates.device_bands.is_some() { Use::Device } else { Use::Home };
            let known = before.get(&holding.point).map(Vec::as_slice).unwrap_or_default();
            let mut used: Vec<Interval> = earlier(holding, known, energy.start).into_iter().collect();
            used.push(*energy);
            let terms = Terms::of(rates, &holding.account_type, (holding.from, holding.to), &used);
            let found = pricing::energy(&terms, whose, (from, to), &used);
            pieces.extend(found.ok()?.into_iter().filter(|piece| piece.start >= energy.start));
        }
    }
    let wh: i64 = pieces.iter().filter(|piece| !piece.item.is_levy()).map(|piece| piece.wh).sum();
    let sum = |sum: Cost, piece: &Piece| sum + Cost { net: piece.net, gross: piece.gross() };
    (wh == energy.wh).then(|| pieces.iter().fold(Cost::default(), sum))
}

/// What the home had used of the month before a moment, as one.
fn earlier(holding: &Holding, known: &[Interval], moment: DateTime<Utc>) -> Option<Interval> {
    let start = Grouping::MONTH.start_before(holding.rates.zone(), moment).max(holding.from);
    let used = known.iter().filter(|each| start <= each.start && each.end <= moment);
    let wh: i64 = used.map(|each| each.wh).sum();
    (wh > 0 && start < moment).then_some(Interval { start, end: moment, wh })
}

row! {
    struct Ran {
        device_id: Uuid,
        source: String,
        started_at: DateTime<Utc>,
        ended_at: DateTime<Utc>,
        grid_wh: i64,
    }
}

statement!(static LATEST: (Option<DateTime<Utc>>,) = "
    select max(started_at) from device_dispatches where device_id = any($1::uuid[])");
statement!(static BETWEEN: Ran = concat!("
    select r.device_id, r.source, r.started_at, r.ended_at, r.grid_wh
    from device_dispatches r join devices d on d.id = r.device_id join accounts a on a.id = d.account_id
    where r.device_id = any($3::uuid[]) and r.started_at < $5 and r.ended_at > $4 and ", account_is_visible!(), "
    order by r.started_at"));

/// What a device drew in a while, by plan or otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The device.
    pub device: Uuid,
    /// Whether it was planned.
    pub is_smart: bool,
    /// The first local day of the while.
    pub date: NaiveDate,
    /// From the grid, in Wh.
    pub wh: i64,
    /// What that cost; none where a price is not known.
    pub cost: Option<Cost>,
}

/// What these devices of one account, which the viewer has been shown, drew in the day, week, month or year that holds a local
/// day, and what that cost: the latest in which they did, if no day is named. What was not drawn is left out.
pub async fn reports(
    tx: &mut Tx,
    viewer: &Viewer,
    devices: &[Device],
    grouping: Grouping,
    day: Option<NaiveDate>,
) -> Result<Vec<Report>, sqlx::Error> {
    let Some(zone) = devices.first().map(|device| device.thing.zone) else { return Ok(Vec::new()) };
    let fresh: Vec<(Source, Drawn)> = devices.iter().flat_map(not_kept).collect();
    let ids: Vec<Uuid> = devices.iter().map(|device| device.held.id).collect();
    let within = match day {
        Some(day) if (1900..2200).contains(&day.year()) => Some(start_of_day(zone, day)),
        Some(_) => None,
        None => {
            let (kept,) = LATEST.query().bind(&ids).fetch_one(&mut *tx).await?;
            fresh.iter().map(|(_, drawn)| drawn.energy.start).chain(kept).max()
        }
    };
    let Some(within) = within else { return Ok(Vec::new()) };
    let (from, to) = (grouping.start_before(zone, within), grouping.end_after(zone, within));
    let query = BETWEEN.seen_by(viewer).bind(&ids).bind(from).bind(to);
    let kept = query.fetch_all(&mut *tx).await?;
    let kept = kept.iter().map(|ran| {
        let energy = Interval { start: ran.started_at, end: ran.ended_at, wh: ran.grid_wh };
        (Source::of(&ran.source).unwrap_or(Source::Smart), Drawn { device: ran.device_id, energy })
    });
    let all: Vec<(Source, Drawn)> =
        kept.chain(fresh).filter_map(|(source, drawn)| Some((source, cut(drawn, from, to)?))).collect();
    let drawn: Vec<Drawn> = all.iter().map(|(_, drawn)| *drawn).collect();
    let costs = of(tx, &drawn).await?;
    let mut sums: BTreeMap<(usize, bool), (i64, Option<Cost>)> = BTreeMap::new();
    for ((source, drawn), cost) in all.iter().zip(costs) {
        let place = ids.iter().position(|id| *id == drawn.device).unwrap_or(0);
        let is_ordinary = *source != Source::Smart;
        let sum = sums.entry((place, is_ordinary)).or_insert((0, Some(Cost::default())));
        sum.0 += drawn.energy.wh;
        sum.1 = sum.1.zip(cost).map(|(sum, cost)| sum + cost);
    }
    let date = from.with_timezone(&zone).date_naive();
    let report = |((place, is_ordinary), (wh, cost)): ((usize, bool), (i64, Option<Cost>))| {
        Some(Report { device: *ids.get(place)?, is_smart: !is_ordinary, date, wh, cost })
    };
    Ok(sums.into_iter().filter_map(report).collect())
}

/// What a device drew that is not kept yet.
fn not_kept(device: &Device) -> Vec<(Source, Drawn)> {
    let id = device.held.id;
    let ended = device.ended.iter().flat_map(|session| &session.dispatches).cloned();
    let open = device.state.session.iter();
    let open = open.flat_map(|session| session.runs.iter().map(|run| run.dispatch(session.source)));
    ended.chain(open).map(|ran| (ran.source, Drawn::of(id, &ran))).collect()
}

/// The part that lies between two moments; none if there is none.
fn cut(drawn: Drawn, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Drawn> {
    let Interval { start, end, wh } = drawn.energy;
    let seconds = (end - start).num_seconds().max(1);
    let by = |moment: DateTime<Utc>| wh * (moment - start).max(TimeDelta::zero()).num_seconds() / seconds;
    let (start, end) = (start.max(from), end.min(to));
    let energy = Interval { start, end, wh: by(end) - by(start) };
    (start < end && energy.wh > 0).then_some(Drawn { energy, ..drawn })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        let at = |minutes: i64| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let energy = Interval { start: at(10), end: at(57), wh: 1_003 };
        let drawn = Drawn { device: Uuid::nil(), energy };
        let wh = |from, to| cut(drawn, at(from), at(to)).map_or(0, |part| part.energy.wh);
        for middle in 0..70 {
            assert_eq!(wh(0, middle) + wh(middle, 100), 1_003, "{middle}");
        }
        assert_eq!((wh(0, 10), wh(57, 60), wh(0, 100)), (0, 0, 1_003));
    }
}
