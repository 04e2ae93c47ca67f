//! The `readings` of supply points, devices and their registers: what runs by intervals, the greatest power of each, and
//! what registers show.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::consumption::{local, zone};
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::supply::accumulation::{self, Of, Stand};
use crate::domain::supply::grouping::Grouping;
use crate::domain::supply::interval::Period;
use crate::domain::supply::measurements::{life, switched};
use crate::domain::supply::meters::{self, Meter, Register};
use crate::domain::supply::supply_points::SupplyPoint;
use crate::domain::supply::usage::{self, Group, Known, Part, Series, Switched, Wish};
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

/// Intervals that are shorter than anything measured.
const TOO_FINE: &str = "KT-CT-4710";
/// What is not measured there: power of gas, or something in other units.
const NOT_MEASURED: &str = "KT-CT-4721";

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    /// Energy of each interval.
    Interval,
    /// What registers show.
    Accumulation,
    /// The greatest power of each interval.
    Peak,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Granularity {
    FiveMin,
    FifteenMin,
    ThirtyMin,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Granularity {
    fn grouping(self) -> Option<Grouping> {
        Some(match self {
            Self::FiveMin => return None,
            Self::FifteenMin => Grouping::Minutes(15),
            Self::ThirtyMin => Grouping::HALF_HOUR,
            Self::Hour => Grouping::HOUR,
            Self::Day => Grouping::Day,
            Self::Week => Grouping::Week,
            Self::Month => Grouping::MONTH,
            Self::Quarter => Grouping::QUARTER,
            Self::Year => Grouping::Months(12),
        })
    }
}

/// A unit, and what one kWh, kW or cubic metre is in it.
#[derive(Clone, Copy)]
struct Unit {
    name: &'static str,
    factor: Decimal,
}

const fn unit(name: &'static str, mantissa: u32, scale: u32) -> Unit {
    Unit { name, factor: Decimal::from_parts(mantissa, 0, 0, false, scale) }
}

const ENERGY: [Unit; 3] =
    [unit("KILOWATT_HOURS", 1, 0), unit("WATT_HOURS", 1_000, 0), unit("MEGAWATT_HOURS", 1, 3)];
const POWER: [Unit; 2] = [unit("KILOWATT", 1, 0), unit("WATT", 1_000, 0)];
/// A cubic metre is 35.3146667 cubic feet.
const VOLUME: [Unit; 4] = [
    unit("METERS_CUBED", 1, 0),
    unit("FEET_CUBED", 353_146_667, 7),
    unit("LITER", 1_000, 0),
    unit("KILOLITERS", 1, 0),
];

/// What is asked of one supply point, device or register.
#[derive(Clone)]
struct Asked {
    point: i64,
    is_export: bool,
    of: Of,
    life: Option<Period>,
    register: Option<Switched>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    kind: Kind,
    grouping: Grouping,
    zone: Tz,
    unit: Unit,
}

/// One reading.
#[derive(Clone)]
struct Reading {
    value: Decimal,
    unit: &'static str,
    start: Option<DateTime<Utc>>,
    end: DateTime<Utc>,
    zone: Tz,
    source: &'static str,
    quality: &'static str,
    qualities: Vec<Quality>,
}

/// How much of a reading is of one quality.
#[derive(Clone)]
struct Quality {
    name: &'static str,
    value: Decimal,
    count: i64,
}

pub(super) fn bind(b: &mut Bindings) {
    b.batch("SupplyPointType.readings", of_points);
    b.batch("Device.readings", of_devices);
    b.batch("DeviceRegister.readings", of_registers);
    b.batch("Readings.importReadings", imported);
    b.batch("Readings.exportReadings", exported);
    b.batch("ReadingsConnection.importReadings", imported);
    b.batch("ReadingsConnection.exportReadings", exported);
    b.leaves::<Reading>(
        "Reading",
        &[
            ("value", |r| r.value.into()),
            ("units", |r| r.unit.into()),
            ("intervalStart", |r| r.start.map(|at| local(at, r.zone)).into()),
            ("intervalEnd", |r| local(r.end, r.zone)),
            ("source", |r| r.source.into()),
            ("quality", |r| r.quality.into()),
        ],
    );
    b.parts::<Reading>("Reading", &[("qualities", |r| Resolved::nodes(r.qualities.iter().cloned()))]);
    b.leaves::<Quality>(
        "ReadingQualityMeta",
        &[("quality", |q| q.name.into()), ("value", |q| q.value.into()), ("count", |q| q.count.into())],
    );
}

/// The arguments that all parents share.
struct Arguments {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    kind: Kind,
    grouping: Grouping,
    zone: Tz,
    units: Vec<String>,
}

impl Arguments {
    fn of(call: &Call<'_>) -> Result<Self, FieldError> {
        let granularity: Granularity = call.arg("timeGranularity")?;
        let too_fine = || {
            let text = "Nothing is measured in intervals of five minutes.";
            FieldError::code(TOO_FINE).describe(text).at_input(&["timeGranularity"])
        };
        let units: Option<Vec<Option<String>>> = call.arg("units")?;
        Ok(Self {
            from: call.arg("startAt")?,
            to: call.arg("endAt")?,
            kind: call.arg("readingType")?,
            grouping: granularity.grouping().ok_or_else(too_fine)?,
            zone: zone(call, "timezone")?,
            units: units.unwrap_or_default().into_iter().flatten().collect(),
        })
    }

    /// The first of the wanted units in which this is measured; the usual one if none is named.
    fn unit(&self, is_gas: bool) -> Result<Unit, FieldError> {
        let not_measured = |name, text: &str| FieldError::code(NOT_MEASURED).describe(text).at_input(&[name]);
        let known: &[Unit] = match (self.kind, is_gas) {
            (Kind::Peak, true) => {
                return Err(not_measured("readingType", "The power of gas is not measured."));
            }
            (Kind::Peak, false) => &POWER,
            (Kind::Accumulation, true) => &VOLUME,
            _ => &ENERGY,
        };
        if self.units.is_empty() {
            return known.first().copied().ok_or_else(|| not_measured("units", ""));
        }
        let wanted = self.units.iter().find_map(|name| known.iter().find(|unit| unit.name == name));
        wanted.copied().ok_or_else(|| not_measured("units", "This is not measured in any of these units."))
    }

    fn ask(&self, point: i64, is_gas: bool, is_export: bool, of: Of) -> Result<Asked, FieldError> {
        Ok(Asked {
            point,
            is_export,
            of,
            life: None,
            register: None,
            from: self.from,
            to: self.to.max(self.from),
            kind: self.kind,
            grouping: self.grouping,
            zone: self.zone,
            unit: self.unit(is_gas)?,
        })
    }

    fn ask_of_meter(&self, meter: &Meter, of: Of) -> Result<Asked, FieldError> {
        let is_export = meter.direction == "EXPORT";
        let asked = self.ask(meter.supply_point_id, meter.is_gas(), is_export, of)?;
        Ok(Asked { life: Some(life(meter)), ..asked })
    }
}

fn answer(asked: Result<Asked, FieldError>) -> Resolved {
    asked.map(Resolved::node).into()
}

async fn of_points(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let given = Arguments::of(&call)?;
    let points = call.parents::<SupplyPoint>()?;
    let ask = |p: &&SupplyPoint| given.ask(p.id, p.is_gas(), p.direction == "EXPORT", Of::Point(p.id));
    Ok(points.iter().map(|point| answer(ask(point))).collect())
}

async fn of_devices(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let given = Arguments::of(&call)?;
    let meters = call.parents::<Meter>()?;
    Ok(meters.iter().map(|meter| answer(given.ask_of_meter(meter, Of::Meter(meter.id)))).collect())
}

async fn of_registers(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let given = Arguments::of(&call)?;
    let registers = call.parents::<Register>()?;
    let ids: Vec<i64> = registers.iter().map(|register| register.meter_id).collect();
    let mut view = call.cx.read().await?;
    let found = meters::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let all = meters::registers(&mut view, &ids).await.map_err(FieldError::internal)?;
    let rows = registers.iter().zip(found).zip(all);
    let ask = |((register, meter), siblings): ((&&Register, Option<Meter>), Vec<Register>)| {
        let Some(meter) = meter else { return Resolved::Null };
        let switched = switched(register, &meter, &siblings);
        let asked = given.ask_of_meter(&meter, Of::Register(register.id));
        answer(asked.map(|asked| Asked { register: switched, ..asked }))
    };
    Ok(rows.map(ask).collect())
}

async fn imported(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    pages(call, false).await
}

async fn exported(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    pages(call, true).await
}

/// A page for each parent: empty where energy runs the other way.
async fn pages(call: Call<'_>, is_export: bool) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let parents = call.parents::<Asked>()?;
    let places = |stands: bool| -> Vec<usize> {
        let wanted = |asked: &&Asked| asked.is_export == is_export && asked.stands() == stands;
        (0..parents.len()).filter(|place| parents.get(*place).is_some_and(wanted)).collect()
    };
    let (of_intervals, of_stands) = (places(false), places(true));
    let mut answers: Vec<Page<Reading>> = parents.iter().map(|_| Page::empty(&window)).collect();
    let mut view = call.cx.read().await?;
    let viewer = call.cx.viewer();
    if !of_intervals.is_empty() {
        let wishes: Vec<Wish> = of_intervals.iter().map(|place| parents[*place].wish()).collect();
        let pages = usage::pages(&mut view, viewer, &wishes, &window).await.map_err(FieldError::internal)?;
        for (place, page) in of_intervals.iter().zip(pages) {
            answers[*place] = page.map(|group| parents[*place].reading(&group));
        }
    }
    if !of_stands.is_empty() {
        let wanted: Vec<Of> = of_stands.iter().map(|place| parents[*place].of).collect();
        let found = accumulation::stands(&mut view, viewer, &wanted).await.map_err(FieldError::internal)?;
        for (place, stands) in of_stands.iter().zip(found) {
            answers[*place] = Page::of(&window, parents[*place].shown(stands));
        }
    }
    Ok(answers.into_iter().map(|page| connection(page, Node::new)).collect())
}

impl Asked {
    fn stands(&self) -> bool {
        self.kind == Kind::Accumulation
    }

    fn wish(&self) -> Wish {
        let series = Series {
            point: self.point,
            life: self.life,
            register: self.register.clone(),
            grouping: Some(self.grouping),
            zone: self.zone,
            known: Known::Anyhow,
        };
        Wish { series: vec![series], from: self.from, to: self.to }
    }

    fn reading(&self, group: &Group) -> Reading {
        let of = |wh: i64| Decimal::new(wh, 3) * self.unit.factor;
        let amount = if self.kind == Kind::Peak { group.peak } else { group.interval.wh };
        let part = |name, part: Part| {
            let value = if self.kind == Kind::Peak { of(group.peak) } else { of(part.wh) };
            (part.count > 0).then_some(Quality { name, value, count: part.count })
        };
        let parts = [part("ACTUAL", group.measured), part("ESTIMATE", group.spread)];
        let qualities: Vec<Quality> = parts.into_iter().flatten().collect();
        let quality = match qualities.as_slice() {
            [only] => only.name,
            _ => "MIXED",
        };
        Reading {
            value: of(amount),
            unit: self.unit.name,
            start: Some(group.interval.start),
            end: group.interval.end,
            zone: self.zone,
            source: if group.measured.count > 0 { "SMART_METER" } else { "REGISTER" },
            quality,
            qualities,
        }
    }

    /// What registers showed last in each interval.
    fn shown(&self, stands: Vec<Stand>) -> Vec<Reading> {
        let mut shown: Vec<Stand> = Vec::new();
        for stand in stands.into_iter().filter(|stand| stand.read_at >= self.from && stand.read_at < self.to)
        {
            let group =
                |stand: &Stand| (stand.register_id, self.grouping.start_before(self.zone, stand.read_at));
            match shown.iter_mut().rev().find(|known| group(known) == group(&stand)) {
                Some(known) => *known = stand,
                None => shown.push(stand),
            }
        }
        shown.into_iter().map(|stand| self.stand(stand)).collect()
    }

    fn stand(&self, stand: Stand) -> Reading {
        let value = (stand.value * self.unit.factor).normalize();
        let quality = if stand.is_estimate() { "ESTIMATE" } else { "ACTUAL" };
        Reading {
            value,
            unit: self.unit.name,
            start: stand.before,
            end: stand.read_at,
            zone: self.zone,
            source: stand.source(),
            quality,
            qualities: vec![Quality { name: quality, value, count: 1 }],
        }
    }
}
