//! Readings of Japanese supply points: half-hours, and the periods between readings of the meter.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::consumption::{kwh, local};
use crate::api::session::{Bindings, Call};
use crate::domain::supply::accumulation::{self, Of, Stand};
use crate::domain::supply::statistics::{self, Costs};
use crate::domain::supply::supply_points::SupplyPoint;
use crate::domain::supply::usage::{self, Known, Piece, Series, Span, Wish};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Leaves, Resolved};
use crate::platform::db::Tx;
use crate::platform::market::Market;
use crate::platform::page::Window;

/// Days of half-hours that are shown where nobody says how many.
const USUAL_DAYS: i64 = 31;
/// Days of half-hours that are shown at most.
const MOST_DAYS: i64 = 400;

/// What is told about a half-hour only if it is asked for.
const COSTS: [&str; 3] = ["costEstimate", "consumptionRateBand", "consumptionStep"];

/// A half-hour, shown in the zone of its market.
#[derive(Clone)]
struct HalfHour {
    piece: Piece,
    zone: Tz,
    costs: Option<Costs>,
}

impl HalfHour {
    /// With tax; nothing where no price is known.
    fn cost(&self) -> Decimal {
        self.costs.as_ref().map_or(Decimal::ZERO, estimate).normalize()
    }

    fn band(&self) -> &str {
        let band = self.costs.as_ref().and_then(|costs| costs.bands.first());
        band.map_or("", |band| &band.band)
    }
}

/// What ran from one reading of the meter to the next.
#[derive(Clone, Copy)]
struct Period {
    span: Span,
    zone: Tz,
    reading_id: i64,
    wh: i64,
    is_measured: bool,
    /// What it cost, with tax.
    cost: Decimal,
    /// The local day on which the meter was read.
    read_on: NaiveDate,
    /// Its first local day.
    begins_on: NaiveDate,
}

impl Period {
    /// The month that its last day is in.
    fn month(&self) -> String {
        let last = self.read_on.pred_opt().unwrap_or(self.read_on);
        format!("{:04}-{:02}", last.year(), last.month())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Order {
    StartAtAsc,
    StartAtDesc,
}

const PERIOD: Leaves<Period> = &[
    ("startAt", |p| local(p.span.from, p.zone)),
    ("endAt", |p| local(p.span.to, p.zone)),
    ("value", |p| kwh(p.wh).into()),
    ("costEstimate", |p| p.cost.normalize().into()),
    ("readingDate", |p| p.read_on.into()),
    ("hasHalfHourlyDataForPeriod", |p| p.is_measured.into()),
    ("billableMonth", |p| p.month().into()),
    ("periodLengthDays", |p| (p.read_on - p.begins_on).num_days().into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.batch("ElectricitySupplyPoint.halfHourlyReadings", half_hours);
    b.batch("ElectricitySupplyPoint.intervalReadings", periods);
    b.batch("ElectricityIntervalReading.halfHourlyReadings", half_hours_of_periods);
    b.batch("ElectricityGenerationPoint.halfHourlyReadings", half_hours);
    b.batch("ElectricityGenerationPoint.intervalReadings", periods);
    b.batch("ExportIntervalReadings.halfHourlyReadings", half_hours_of_periods);
    b.dark(&[
        "ElectricitySupplyPoint.halfHourlyReadings.productCode",
        "ElectricitySupplyPoint.intervalReadings.productCode",
        "ElectricityGenerationPoint.halfHourlyReadings.productCode",
        "ElectricityGenerationPoint.intervalReadings.productCode",
    ]);
    b.leaves::<HalfHour>(
        "ElectricityHalfHourReading",
        &[
            ("startAt", |h| local(h.piece.interval.start, h.zone)),
            ("endAt", |h| local(h.piece.interval.end, h.zone)),
            ("value", |h| kwh(h.piece.interval.wh).into()),
            ("costEstimate", |h| h.cost().into()),
            ("consumptionRateBand", |h| h.band().into()),
            ("consumptionStep", |h| h.costs.as_ref().map_or(0, |costs| costs.step).into()),
            ("version", |h| if h.piece.is_final { "MONTHLY" } else { "DAILY" }.into()),
        ],
    );
    b.leaves::<Period>("ElectricityIntervalReading", &[("id", |p| p.reading_id.into())]);
    for object in ["ElectricityIntervalReading", "ExportIntervalReadings"] {
        b.leaves(object, PERIOD);
    }
}

/// What energy costs with tax, or what is paid for it where it is fed in.
fn estimate(costs: &Costs) -> Decimal {
    if costs.is_export { -costs.energy.gross } else { costs.energy.gross }
}

fn zone(point: &SupplyPoint) -> Tz {
    point.market().map_or(Tz::UTC, Market::time_zone)
}

/// Those of the last month, if no period is given.
async fn half_hours(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let from: Option<DateTime<Utc>> = call.arg("fromDatetime")?;
    let to: Option<DateTime<Utc>> = call.arg("toDatetime")?;
    let mut view = call.cx.read().await?;
    let now = view.business_now().await.map_err(FieldError::internal)?;
    let usual = TimeDelta::days(USUAL_DAYS);
    let to = to.unwrap_or_else(|| from.map_or(now, |from| from + usual));
    let from = from.unwrap_or(to - usual);
    if to - from > TimeDelta::days(MOST_DAYS) {
        let text = format!("A period of half-hours has at most {MOST_DAYS} days.");
        return Err(FieldError::code(INVALID_INPUT).describe(text).at_input(&["toDatetime"]));
    }
    let points = call.parents::<SupplyPoint>()?;
    let spans: Vec<Span> = points.iter().map(|point| Span { point: point.id, from, to }).collect();
    let zones: Vec<Tz> = points.iter().map(|point| zone(point)).collect();
    shown(call, &mut view, &spans, &zones).await
}

/// The half-hours of each span, with their costs if these are asked for.
async fn shown(
    call: Call<'_>,
    view: &mut Tx,
    spans: &[Span],
    zones: &[Tz],
) -> Result<Vec<Resolved>, FieldError> {
    let viewer = call.cx.viewer();
    let found = usage::pieces(view, viewer, spans).await.map_err(FieldError::internal)?;
    let mut costs = if COSTS.iter().any(|field| call.selects(field)) {
        let of = |(span, pieces): (&Span, &Vec<Piece>)| {
            let point = span.point;
            let span = |piece: &Piece| Span { point, from: piece.interval.start, to: piece.interval.end };
            pieces.iter().map(span).collect::<Vec<_>>()
        };
        let halves: Vec<Span> = spans.iter().zip(&found).flat_map(of).collect();
        statistics::of_spans(view, viewer, &halves).await.map_err(FieldError::internal)?
    } else {
        Vec::new()
    }
    .into_iter();
    let list = |(pieces, zone): (Vec<Piece>, &Tz)| {
        let half_hour = |piece| HalfHour { piece, zone: *zone, costs: costs.next().flatten() };
        Resolved::nodes(pieces.into_iter().map(half_hour))
    };
    Ok(found.into_iter().zip(zones).map(list).collect())
}

async fn half_hours_of_periods(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let periods = call.parents::<Period>()?;
    let spans: Vec<Span> = periods.iter().map(|period| period.span).collect();
    let zones: Vec<Tz> = periods.iter().map(|period| period.zone).collect();
    let mut view = call.cx.read().await?;
    shown(call, &mut view, &spans, &zones).await
}

/// Those that begin within the period asked for, oldest first unless asked otherwise.
async fn periods(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let from: Option<DateTime<Utc>> = call.arg("startAt")?;
    let to: Option<DateTime<Utc>> = call.arg("endAt")?;
    let order: Option<Order> = call.arg("sortOrder")?;
    let points = call.parents::<SupplyPoint>()?;
    let wanted: Vec<Of> = points.iter().map(|point| Of::Point(point.id)).collect();
    let mut view = call.cx.read().await?;
    let viewer = call.cx.viewer();
    let stands = accumulation::stands(&mut view, viewer, &wanted).await.map_err(FieldError::internal)?;
    let mut all: Vec<Vec<Period>> = points
        .iter()
        .zip(&stands)
        .map(|(point, stands)| {
            let mut periods = between(point, stands);
            let starts = |period: &Period| period.span.from;
            periods.retain(|p| from.is_none_or(|at| starts(p) >= at) && to.is_none_or(|at| starts(p) < at));
            periods
        })
        .collect();
    let wishes: Vec<Wish> = all.iter().map(|periods| wish(periods)).collect();
    let whole = Window::forward(0, i64::from(i32::MAX));
    let flows = usage::pages(&mut view, viewer, &wishes, &whole).await.map_err(FieldError::internal)?;
    let spans: Vec<Span> = all.iter().flatten().map(|period| period.span).collect();
    let mut costs = if call.selects("costEstimate") {
        statistics::of_spans(&mut view, viewer, &spans).await.map_err(FieldError::internal)?
    } else {
        Vec::new()
    }
    .into_iter();
    for (periods, flows) in all.iter_mut().zip(flows) {
        for period in periods.iter_mut() {
            period.is_measured = true;
            let costs = costs.next().flatten();
            period.cost = costs.as_ref().map(estimate).unwrap_or_default();
            let starts = |start: DateTime<Utc>| start >= period.span.from && start < period.span.to;
            for flow in flows.rows.iter().filter(|flow| starts(flow.interval.start)) {
                period.wh += flow.interval.wh;
                period.is_measured &= flow.spread.count == 0;
            }
        }
        if order == Some(Order::StartAtDesc) {
            periods.reverse();
        }
    }
    Ok(all.into_iter().map(Resolved::nodes).collect())
}

/// Everything as it was measured, from the first period to the last.
fn wish(periods: &[Period]) -> Wish {
    let series = periods.first().map(|period| Series {
        point: period.span.point,
        life: None,
        register: None,
        grouping: None,
        zone: period.zone,
        known: Known::Anyhow,
    });
    let from = periods.first().map(|period| period.span.from).unwrap_or_default();
    let to = periods.last().map(|period| period.span.to).unwrap_or_default();
    Wish { series: series.into_iter().collect(), from, to }
}

/// The periods between the moments at which a point was read, without their energy.
fn between(point: &SupplyPoint, stands: &[Stand]) -> Vec<Period> {
    let zone = zone(point);
    let read: BTreeMap<DateTime<Utc>, i64> =
        stands.iter().map(|stand| (stand.read_at, stand.reading_id)).collect();
    let moments: Vec<(DateTime<Utc>, i64)> = read.into_iter().collect();
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let period = |pair: &[(DateTime<Utc>, i64)]| {
        let ((from, _), (to, reading_id)) = (*pair.first()?, *pair.last()?);
        let span = Span { point: point.id, from, to };
        let (read_on, begins_on) = (day(to), day(from));
        Some(Period {
            span,
            zone,
            reading_id,
            wh: 0,
            is_measured: false,
            cost: Decimal::ZERO,
            read_on,
            begins_on,
        })
    };
    moments.windows(2).filter_map(period).collect()
}
