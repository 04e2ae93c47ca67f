//! What smart meters tell their displays, as often as every ten seconds: power, and energy with what it cost.
//!
//! The energy of a half-hour is what was measured, where that is known by now, and what the display has passed on else. Energy
//! is counted in joules, so that steps add up however long they are.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use thiserror::Error;

use super::agreed::{self, Agreement};
use super::bands::{HALF_HOUR, half_hour, half_hours};
use super::consumption;
use super::costs;
use super::display::{Counted, TICK, displays};
use super::interval::Interval;
use super::intervals::beginning;
use super::pricing::{self, Use};
use super::rates;
use super::smart_meters;
use super::usage::{is_within, supplied};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;

/// The most steps that are told at once.
const MOST: i64 = 10_000;
/// Joules of a Wh.
const WH: i64 = 3600;

/// Why nothing is told.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// There is no such device, it is no meter, or not for this viewer.
    #[error("there is no such meter")]
    NotThere,
    /// The period is empty, or holds too many steps.
    #[error("{0}")]
    Period(&'static str),
    /// The service that displays report to does not answer.
    #[error("the displays cannot be asked")]
    Silent,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(TelemetryError);

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// How long a step is, in seconds: ten, or whole minutes that divide an hour.
    pub step: i64,
    /// The first moment; without one as long before the end as is usual for such steps.
    pub from: Option<DateTime<Utc>>,
    /// The moment after the last one; now without one.
    pub to: Option<DateTime<Utc>>,
}

/// A while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The first moment.
    pub start: DateTime<Utc>,
    /// How long it is, so far, in seconds.
    pub seconds: i64,
    /// Energy that came in, in joules.
    pub in_j: i64,
    /// Energy that went out, in joules.
    pub out_j: i64,
    /// All that the meter has counted by the end of it, in Wh; none for gas, of which it counts the volume.
    pub total_wh: Option<Decimal>,
    /// All that it has counted going out; none where nothing does.
    pub out_total_wh: Option<Decimal>,
    /// Mean power in watts, in and out; none for gas.
    pub watts: Option<Decimal>,
    /// What the energy that came in cost, net, in minor units; none where no price is known.
    pub net: Option<Decimal>,
    /// The same with tax.
    pub gross: Option<Decimal>,
}

impl Step {
    /// Energy that came in, in Wh.
    pub fn wh(&self) -> Decimal {
        watt_hours(self.in_j)
    }
}

/// In thousandths.
fn watt_hours(joules: i64) -> Decimal {
    (Decimal::from(joules) / Decimal::from(WH)).round_dp(3).normalize()
}

row! {
    struct MeterRow {
        meter_id: i64,
        supply_point_id: i64,
        market_name: String,
        market: String,
        identifier: String,
        is_gas: bool,
        is_export: bool,
        load_profile: Option<String>,
        annual_wh: Option<i64>,
        has_display: bool,
    }
}

row! {
    struct Reading {
        meter_id: i64,
        read_at: DateTime<Utc>,
        total: Decimal,
    }
}

statement!(static DEVICE: (i64,) = "select id from smart_meter_devices where device_id = $1");
statement!(static METERS: MeterRow = "
    select m.id as meter_id, sp.id as supply_point_id, sp.market_name, sp.market, sp.identifier,
        sp.commodity = 'gas' as is_gas, sp.direction = 'EXPORT' as is_export, sp.load_profile, sp.annual_wh,
        exists (select from smart_meter_devices d join smart_meter_devices shown on shown.network_id = d.network_id
            where d.id = $2 and shown.kind = 'IHD_OR_CAD' and shown.status = 'COMMISSIONED') as has_display
    from meters m join supply_points sp on sp.id = m.supply_point_id where m.id = any($1::bigint[]) order by m.id");
// The last moment before the period of which all registers are known.
statement!(static TOTALS: Reading = "
    select distinct on (g.meter_id) g.meter_id, r.read_at, sum(r.value * g.multiplier) as total
    from register_readings r join meter_registers g on g.id = r.register_id
    where g.meter_id = any($1::bigint[]) and r.counts and r.read_at <= $2
    group by g.meter_id, r.read_at
    having count(*) = (select count(*) from meter_registers o where o.meter_id = g.meter_id)
    order by g.meter_id, r.read_at desc");

/// One way in which energy runs through the meter.
struct Flow {
    point: i64,
    of: Counted,
    /// What the registers showed when, in Wh.
    before: (DateTime<Utc>, i64),
    /// Wh of each half-hour since then.
    used: BTreeMap<DateTime<Utc>, i64>,
}

/// What the meter that a device is has told, step by step, in the order of time: what the viewer, or whom they act for, was
/// supplied with, as far as a display passes it on. What begins within the period belongs to it as a whole.
///
/// # Errors
/// See [`TelemetryError`].
pub async fn told(
    tx: &mut Tx,
    viewer: &Viewer,
    device_id: &str,
    ask: &Ask,
) -> Result<Vec<Step>, TelemetryError> {
    let device = DEVICE.query().bind(device_id).fetch_optional(&mut *tx).await?;
    let (device,) = device.ok_or(TelemetryError::NotThere)?;
    let seen = smart_meters::meters_of(tx, viewer, &[device]).await?.pop().unwrap_or_default();
    let ids: Vec<i64> = seen.iter().map(|meter| meter.id).collect();
    let meters = METERS.query().bind(&ids).bind(device).fetch_all(&mut *tx).await?;
    let main = meters.iter().find(|meter| !meter.is_export).ok_or(TelemetryError::NotThere)?;
    let (is_gas, has_display, point) = (main.is_gas, main.has_display, main.supply_point_id);
    let now = ticked(tx.business_now().await?);
    // Meters that count gas sleep for half an hour.
    let step = if is_gas { ask.step.max(HALF_HOUR.num_seconds()) } else { ask.step };
    let (from, to) = period(ask, step, now)?;
    if !has_display || from >= to {
        return Ok(Vec::new());
    }
    let periods = supplied(tx, viewer, &[point]).await?;
    let periods = periods.get(&point);
    let end = (floor(to - TimeDelta::seconds(1), step) + TimeDelta::seconds(step)).min(now);
    let flows =
        flows(tx, &meters, periods.into_iter().flatten().map(|p| p.starts_at).min(), (from, end), now);
    let flows = flows.await?;
    let prices = prices(tx, viewer, &flows, (from, end)).await?;
    let mut steps = steps(&flows, &prices, (from, end), (step, is_gas));
    steps.retain(|step| is_within(periods, step.start));
    Ok(steps)
}

fn ticked(moment: DateTime<Utc>) -> DateTime<Utc> {
    floor(moment, TICK)
}

/// Where the step begins in which a moment lies.
fn floor(moment: DateTime<Utc>, step: i64) -> DateTime<Utc> {
    let second = moment.timestamp();
    DateTime::from_timestamp(second - second.rem_euclid(step.max(1)), 0).unwrap_or(moment)
}

/// The first step and the moment after the last one that are asked for.
fn period(
    ask: &Ask,
    step: i64,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, DateTime<Utc>), TelemetryError> {
    let to = ask.to.unwrap_or(now);
    let usual = if step < HALF_HOUR.num_seconds() { TimeDelta::hours(1) } else { TimeDelta::days(1) };
    let from = ask.from.unwrap_or_else(|| to.checked_sub_signed(usual).unwrap_or(to));
    if from >= to {
        return Err(TelemetryError::Period("The period ends before it begins."));
    }
    if (to - from).num_seconds() / step > MOST {
        return Err(TelemetryError::Period("The period holds more than 10,000 steps."));
    }
    let first = floor(from, step);
    let first = if first < from { first + TimeDelta::seconds(step) } else { first };
    Ok((first, to.min(now)))
}

/// What ran each way until `to`, since the registers were last read before `from`.
async fn flows(
    tx: &mut Tx,
    meters: &[MeterRow],
    since: Option<DateTime<Utc>>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<Vec<Flow>, TelemetryError> {
    let ids: Vec<i64> = meters.iter().map(|meter| meter.meter_id).collect();
    let readings = TOTALS.query().bind(&ids).bind(from).fetch_all(&mut *tx).await?;
    let begin = |meter: &MeterRow| {
        if meter.is_gas {
            return (half_hour(from), 0);
        }
        let reading = readings.iter().find(|reading| reading.meter_id == meter.meter_id);
        let known = reading.and_then(|reading| {
            Some((half_hour(reading.read_at), (reading.total * Decimal::ONE_THOUSAND).round().to_i64()?))
        });
        known.unwrap_or_else(|| (half_hour(since.unwrap_or(from).min(from)), 0))
    };
    let points: Vec<i64> = meters.iter().map(|meter| meter.supply_point_id).collect();
    let earliest = meters.iter().map(|meter| begin(meter).0).min().unwrap_or(from);
    let measured = consumption::flows(tx, &points, earliest, to).await?;
    let flow = |meter: &MeterRow| {
        let of = Counted {
            market_name: meter.market_name.clone(),
            market: meter.market.clone(),
            identifier: meter.identifier.clone(),
            is_gas: meter.is_gas,
            is_export: meter.is_export,
            load_profile: meter.load_profile.clone(),
            annual_wh: meter.annual_wh,
        };
        let mut known: HashMap<DateTime<Utc>, (i64, i64)> = HashMap::new();
        for flow in measured.get(&meter.supply_point_id).into_iter().flatten().filter(|f| f.is_measured) {
            let sum = known.entry(half_hour(flow.interval.start)).or_default();
            sum.0 += flow.interval.wh;
            sum.1 += (flow.interval.end - flow.interval.start).num_minutes();
        }
        let before = begin(meter);
        let used = used(&of, &known, (before.0, to), now)?;
        Ok(Flow { point: meter.supply_point_id, of, before, used })
    };
    meters.iter().map(flow).collect()
}

/// What ran in each half-hour between two moments.
fn used(
    of: &Counted,
    known: &HashMap<DateTime<Utc>, (i64, i64)>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<BTreeMap<DateTime<Utc>, i64>, TelemetryError> {
    let silent = |_| TelemetryError::Silent;
    let local = |start: DateTime<Utc>| {
        market::by_code(&of.market).map_or_else(|| start.date_naive(), |market| market.day(start))
    };
    let mut days: HashMap<chrono::NaiveDate, Vec<i32>> = HashMap::new();
    // Whoever asks is told that it is out also where nothing is missing.
    let today = local(now);
    days.insert(today, displays().half_hours(of, today, now).map_err(silent)?);
    let mut used = BTreeMap::new();
    for (start, _) in half_hours(from, to) {
        let wh = match known.get(&start) {
            Some((wh, 30)) => *wh,
            _ => {
                let day = local(start);
                if let std::collections::hash_map::Entry::Vacant(e) = days.entry(day) {
                    e.insert(displays().half_hours(of, day, now).map_err(silent)?);
                }
                let place = (start - beginning(&of.market, day)).num_minutes() / 30;
                let entry = usize::try_from(place).ok().and_then(|place| days.get(&day)?.get(place));
                i64::from(entry.copied().unwrap_or(0))
            }
        };
        used.insert(start, wh);
    }
    Ok(used)
}

type Prices = HashMap<DateTime<Utc>, (Decimal, Decimal)>;

/// What all that came in within each half-hour costs, net and with tax, as far as it is known.
async fn prices(
    tx: &mut Tx,
    viewer: &Viewer,
    flows: &[Flow],
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Prices, sqlx::Error> {
    let mut prices = Prices::new();
    let Some(flow) = flows.iter().find(|flow| !flow.of.is_export) else { return Ok(prices) };
    let from = half_hour(from);
    let agreements = agreed::of_points::<Agreement>(tx, viewer, &[flow.point]).await?.concat();
    let tariffs: Vec<i64> = agreements.iter().map(|each| each.tariff_id).collect();
    let rates = rates::of_tariffs(tx, &tariffs, from, to).await?;
    let interval =
        |(start, wh): (&DateTime<Utc>, &i64)| Interval { start: *start, end: *start + HALF_HOUR, wh: *wh };
    let used: Vec<Interval> = flow.used.iter().map(interval).collect();
    let whole = half_hour(to - TimeDelta::seconds(1)) + HALF_HOUR;
    for agreement in &agreements {
        let Some(rates) = rates.get(&agreement.tariff_id) else { continue };
        let from = from.max(agreement.valid_from);
        let to = agreement.valid_to.map_or(whole, |end| end.min(whole));
        let used = costs::of_agreement(rates, agreement, from, &used);
        let terms = agreement.terms(rates, &used);
        let pieces = costs::known(to, |to| pricing::energy(&terms, Use::Home, (from, to), &used));
        for piece in pieces {
            let sum = prices.entry(piece.start).or_default();
            sum.0 += piece.net;
            sum.1 += piece.gross();
        }
    }
    Ok(prices)
}

/// A while within a half-hour, and what runs in it.
struct Bit {
    start: DateTime<Utc>,
    seconds: i64,
    in_j: i64,
    out_j: i64,
}

/// The bits of a half-hour until `end`: all of it, or each ten seconds where steps are shorter.
fn bits(
    import: Option<&Flow>,
    export: Option<&Flow>,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    is_whole: bool,
) -> Vec<Bit> {
    let wh = |flow: Option<&Flow>| flow.and_then(|flow| flow.used.get(&start)).copied().unwrap_or(0);
    if is_whole && start + HALF_HOUR <= end {
        let (in_j, out_j) = (wh(import) * WH, wh(export) * WH);
        return vec![Bit { start, seconds: HALF_HOUR.num_seconds(), in_j, out_j }];
    }
    let watts = |flow: Option<&Flow>| flow.map(|flow| displays().watts(&flow.of, start, wh(Some(flow))));
    let (ins, outs) = (watts(import), watts(export));
    let joules = |watts: &Option<Vec<i32>>, place: usize| {
        watts.as_ref().and_then(|all| all.get(place)).map_or(0, |watts| i64::from(*watts) * TICK)
    };
    let bit = |place: i64| {
        let index = usize::try_from(place).unwrap_or(0);
        let start = start + TimeDelta::seconds(place * TICK);
        Bit { start, seconds: TICK, in_j: joules(&ins, index), out_j: joules(&outs, index) }
    };
    (0..HALF_HOUR.num_seconds() / TICK).map(bit).take_while(|bit| bit.start < end).collect()
}

fn steps(
    flows: &[Flow],
    prices: &Prices,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    (size, is_gas): (i64, bool),
) -> Vec<Step> {
    let of = |is_export: bool| flows.iter().find(|flow| flow.of.is_export == is_export);
    let (import, export) = (of(false), of(true));
    let is_whole = size >= HALF_HOUR.num_seconds();
    let total = |flow: Option<&Flow>| {
        flow.map_or(0, |flow| {
            let earlier = flow.used.range(flow.before.0..half_hour(from).max(flow.before.0));
            (flow.before.1 + earlier.map(|(_, wh)| wh).sum::<i64>()) * WH
        })
    };
    let (mut in_total, mut out_total) = (total(import), total(export));
    let mut steps: Vec<Step> = Vec::new();
    for (start, _) in half_hours(half_hour(from), to) {
        let all = import.and_then(|flow| flow.used.get(&start)).copied().unwrap_or(0) * WH;
        let price = prices.get(&start).copied();
        for bit in bits(import, export, start, to, is_whole) {
            in_total += bit.in_j;
            out_total += bit.out_j;
            if bit.start < from {
                continue;
            }
            let begins = floor(bit.start, size);
            if steps.last().is_none_or(|last| last.start != begins) {
                let none = Some(Decimal::ZERO);
                steps.push(Step { start: begins, net: none, gross: none, ..Step::default() });
            }
            let Some(step) = steps.last_mut() else { continue };
            step.seconds += bit.seconds;
            step.in_j += bit.in_j;
            step.out_j += bit.out_j;
            let part = |whole: Decimal| match (all, bit.in_j) {
                (_, 0) => Decimal::ZERO,
                (all, joules) if joules == all => whole,
                (all, joules) => whole * Decimal::from(joules) / Decimal::from(all),
            };
            // Where nothing ran nothing was to be paid.
            let price = price.or((all == 0).then_some((Decimal::ZERO, Decimal::ZERO)));
            step.net = step.net.zip(price).map(|(sum, (net, _))| sum + part(net));
            step.gross = step.gross.zip(price).map(|(sum, (_, gross))| sum + part(gross));
            if !is_gas {
                step.total_wh = Some(watt_hours(in_total));
                step.out_total_wh = export.map(|_| watt_hours(out_total));
                let mean = Decimal::from(step.in_j - step.out_j) / Decimal::from(step.seconds.max(1));
                step.watts = Some(mean.round_dp(1).normalize());
            }
        }
    }
    steps
}
