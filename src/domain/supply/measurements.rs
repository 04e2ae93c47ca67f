//! What was measured at the points of properties, in the ways that clients ask for: by intervals of any length, or as
//! registers showed it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::accumulation::{self, Of, Stand};
use super::grouping::Grouping;
use super::identifiers::MarketName;
use super::interval::Period;
use super::intervals;
use super::meters::{self, Meter, Register};
use super::supply_points::{self, SupplyPoint};
use super::usage::{self, Group, Known, Part, Series, Switched};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::page::{Page, Window};

/// How often something is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Frequency {
    /// By intervals, as the meter sends them.
    #[default]
    RawInterval,
    /// Each five minutes, which no meter does.
    FiveMinInterval,
    /// Each quarter of an hour.
    FifteenMinInterval,
    /// Each half-hour.
    ThirtyMinInterval,
    /// Each hour.
    HourInterval,
    /// Each day.
    DayInterval,
    /// Each week.
    WeekInterval,
    /// Each month.
    MonthInterval,
    /// Each quarter of a year.
    QuarterInterval,
    /// What registers show, the last of each day.
    Daily,
    /// What registers show whenever they are read.
    PointInTime,
    /// What registers count from one reading to the next.
    Intervalized,
}

impl Frequency {
    /// As clients know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::RawInterval => "RAW_INTERVAL",
            Self::FiveMinInterval => "FIVE_MIN_INTERVAL",
            Self::FifteenMinInterval => "FIFTEEN_MIN_INTERVAL",
            Self::ThirtyMinInterval => "THIRTY_MIN_INTERVAL",
            Self::HourInterval => "HOUR_INTERVAL",
            Self::DayInterval => "DAY_INTERVAL",
            Self::WeekInterval => "WEEK_INTERVAL",
            Self::MonthInterval => "MONTH_INTERVAL",
            Self::QuarterInterval => "QUARTER_INTERVAL",
            Self::Daily => "DAILY",
            Self::PointInTime => "POINT_IN_TIME",
            Self::Intervalized => "INTERVALIZED",
        }
    }

    /// Whether it is about what registers show.
    fn is_of_registers(self) -> bool {
        matches!(self, Self::Daily | Self::PointInTime | Self::Intervalized)
    }

    fn grouping(self) -> Option<Grouping> {
        Some(match self {
            Self::FifteenMinInterval => Grouping::Minutes(15),
            Self::ThirtyMinInterval => Grouping::HALF_HOUR,
            Self::HourInterval => Grouping::HOUR,
            Self::DayInterval => Grouping::Day,
            Self::WeekInterval => Grouping::Week,
            Self::MonthInterval => Grouping::MONTH,
            Self::QuarterInterval => Grouping::QUARTER,
            _ => return None,
        })
    }
}

/// Which measurements are wanted; of one that is answered, what they are of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Whether gas is wanted rather than electricity.
    pub is_gas: bool,
    /// Whether what runs out of the property is wanted.
    pub is_export: bool,
    /// How often.
    pub frequency: Frequency,
    /// What the market calls the point, or its row id.
    pub point: Option<String>,
    /// What is written on the meter, or its row id.
    pub device: Option<String>,
    /// What the market calls the register, or its row id.
    pub register: Option<String>,
    /// How energy must be known.
    pub known: Known,
}

/// How much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// Energy.
    Energy {
        /// In Wh.
        wh: i64,
        /// What of it was measured by intervals.
        measured: Part,
        /// What of it was spread between readings.
        spread: Part,
    },
    /// What a register shows or has counted, in kWh or cubic metres.
    Register(Decimal),
}

impl Amount {
    /// In kWh, or cubic metres.
    pub fn value(&self) -> Decimal {
        match self {
            Self::Energy { wh, .. } => Decimal::new(*wh, 3),
            Self::Register(value) => value.normalize(),
        }
    }
}

/// Something that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// What it is of.
    pub filter: Filter,
    /// The point, where it is all that ran through it.
    pub point_id: Option<i64>,
    /// How much.
    pub amount: Amount,
    /// Where its period begins; none for what a register shows at a moment.
    pub start: Option<DateTime<Utc>>,
    /// Where it ends.
    pub end: DateTime<Utc>,
    /// When it was measured.
    pub read_at: DateTime<Utc>,
    /// Who measured it.
    pub source: &'static str,
    /// What the register shows, where it was read.
    pub accumulation: Option<Decimal>,
}

impl Measurement {
    /// The unit of its value.
    pub fn unit(&self) -> &'static str {
        let is_volume = self.filter.is_gas && matches!(self.amount, Amount::Register(_));
        if is_volume { "m³" } else { "kWh" }
    }

    /// The length of its period.
    pub fn seconds(&self) -> i64 {
        self.start.map_or(0, |start| (self.end - start).num_seconds())
    }
}

/// What is wanted of properties.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// What is wanted.
    pub filters: &'a [Filter],
    /// From when on.
    pub from: DateTime<Utc>,
    /// Before when.
    pub to: DateTime<Utc>,
    /// The time zone of days.
    pub zone: Tz,
}

/// Something at a property that a filter fits.
struct Target {
    filter: Filter,
    series: Series,
    of: Of,
}

/// The meters of points and their registers.
struct Fittings {
    meters: HashMap<i64, Vec<Meter>>,
    registers: HashMap<i64, Vec<Register>>,
}

/// One page of what is wanted of each of these properties, by time, as far as the viewer, or whom they act for, was
/// supplied then.
///
/// # Errors
/// Those of the database.
pub async fn of_properties(
    tx: &mut Tx,
    viewer: &Viewer,
    properties: &[i64],
    wish: &Wish<'_>,
    window: &Window,
) -> Result<Vec<Page<Measurement>>, sqlx::Error> {
    let points = supply_points::of_properties(tx, viewer, properties).await?;
    let known = known(tx, viewer, &points).await?;
    let targets: Vec<Vec<Target>> = points.iter().map(|points| wish.targets(points, &known)).collect();
    let is_shown = |target: &&Target| target.filter.frequency.is_of_registers();
    let has_shown = targets.iter().flatten().any(|target| is_shown(&target));
    let measured: Vec<Vec<&Target>> =
        targets.iter().map(|targets| targets.iter().filter(|target| !is_shown(target)).collect()).collect();
    let wishes: Vec<usage::Wish> = measured.iter().map(|targets| wish.usage(targets)).collect();
    // Two kinds of lists make one page only once both are there as a whole.
    let whole = Window::forward(0, i64::from(i32::MAX));
    let groups = usage::pages(tx, viewer, &wishes, if has_shown { &whole } else { window }).await?;
    let groups = groups
        .into_iter()
        .zip(&measured)
        .map(|(page, targets)| page.map(|group| energy(targets.get(group.series).copied(), &group)));
    if !has_shown {
        return Ok(groups.collect());
    }
    let of: Vec<Of> = targets.iter().flatten().filter(is_shown).map(|target| target.of).collect();
    let mut stands = accumulation::stands(tx, viewer, &of).await?.into_iter();
    let page = |(page, targets): (Page<Measurement>, &Vec<Target>)| {
        let mut all = page.rows;
        for target in targets.iter().filter(is_shown) {
            all.extend(wish.shown(&target.filter, stands.next().unwrap_or_default()));
        }
        all.sort_by_key(|measurement| measurement.start.unwrap_or(measurement.end));
        Page::of(window, all)
    };
    Ok(groups.zip(&targets).map(page).collect())
}

async fn known(tx: &mut Tx, viewer: &Viewer, points: &[Vec<SupplyPoint>]) -> Result<Fittings, sqlx::Error> {
    let ids: Vec<i64> = points.iter().flatten().map(|point| point.id).collect();
    let of_points = meters::of_points(tx, viewer, &ids, true).await?;
    let meter_ids: Vec<i64> = of_points.iter().flatten().map(|meter| meter.id).collect();
    let registers = meters::registers(tx, &meter_ids).await?;
    Ok(Fittings {
        meters: ids.into_iter().zip(of_points).collect(),
        registers: meter_ids.into_iter().zip(registers).collect(),
    })
}

/// Whether a text is a row id or what something is called.
fn names(text: &str, id: i64, called: &str) -> bool {
    text == called || text.parse() == Ok(id)
}

impl Wish<'_> {
    fn usage(&self, targets: &[&Target]) -> usage::Wish {
        let series = targets.iter().map(|target| target.series.clone()).collect();
        usage::Wish { series, from: self.from, to: self.to }
    }

    /// What the filters mean at a property, in their order.
    fn targets(&self, points: &[SupplyPoint], known: &Fittings) -> Vec<Target> {
        let mut targets = Vec::new();
        for filter in self.filters {
            let fits = |point: &&SupplyPoint| {
                point.is_gas() == filter.is_gas
                    && (point.direction == "EXPORT") == filter.is_export
                    && filter.point.as_ref().is_none_or(|name| names(name, point.id, &point.identifier))
            };
            for point in points.iter().filter(fits) {
                self.targets_at(filter, point, known, &mut targets);
            }
        }
        targets
    }

    fn targets_at(&self, filter: &Filter, point: &SupplyPoint, known: &Fittings, targets: &mut Vec<Target>) {
        let filter = Filter { point: Some(point.identifier.clone()), ..filter.clone() };
        if filter.device.is_none() && filter.register.is_none() {
            let series = self.series(&filter, point.id);
            targets.push(Target { of: Of::Point(point.id), series, filter });
            return;
        }
        for meter in known.meters.get(&point.id).into_iter().flatten() {
            if filter.device.as_ref().is_some_and(|name| !names(name, meter.id, &meter.serial_number)) {
                continue;
            }
            let filter = Filter { device: Some(meter.serial_number.clone()), ..filter.clone() };
            let series = Series { life: Some(life(meter)), ..self.series(&filter, point.id) };
            let Some(wanted) = filter.register.clone() else {
                targets.push(Target { of: Of::Meter(meter.id), series, filter });
                continue;
            };
            let siblings = known.registers.get(&meter.id).map_or(&[][..], Vec::as_slice);
            for register in siblings.iter().filter(|r| names(&wanted, r.id, &r.identifier)) {
                let filter = Filter { register: Some(register.identifier.clone()), ..filter.clone() };
                let series = Series { register: switched(register, meter, siblings), ..series.clone() };
                targets.push(Target { of: Of::Register(register.id), series, filter });
            }
        }
    }

    fn series(&self, filter: &Filter, point: i64) -> Series {
        Series {
            point,
            life: None,
            register: None,
            grouping: filter.frequency.grouping(),
            zone: self.zone,
            known: filter.known,
        }
    }

    /// What registers showed, as the filter wants it.
    fn shown(&self, filter: &Filter, stands: Vec<Stand>) -> Vec<Measurement> {
        let day = |stand: &Stand| stand.read_at.with_timezone(&self.zone).date_naive();
        let mut before: HashMap<i64, Stand> = HashMap::new();
        let mut shown: Vec<(Stand, Measurement)> = Vec::new();
        for stand in stands {
            let previous = before.insert(stand.register_id, stand.clone());
            if stand.read_at < self.from || stand.read_at >= self.to {
                continue;
            }
            let Some(measurement) = register(filter, &stand, previous) else { continue };
            let replaces = |(known, _): &(Stand, Measurement)| {
                filter.frequency == Frequency::Daily
                    && known.register_id == stand.register_id
                    && day(known) == day(&stand)
            };
            match shown.iter().position(replaces) {
                Some(place) => shown[place] = (stand, measurement),
                None => shown.push((stand, measurement)),
            }
        }
        shown.into_iter().map(|(_, measurement)| measurement).collect()
    }
}

/// The half-open time for which a meter hangs at its point.
pub fn life(meter: &Meter) -> Period {
    let market = MarketName::parse(&meter.market_name).map_or("", MarketName::market);
    let begins = |day| intervals::beginning(market, day);
    (begins(meter.active_from), meter.active_to.map(begins))
}

/// When a register counts, if it is one of several.
pub fn switched(register: &Register, meter: &Meter, siblings: &[Register]) -> Option<Switched> {
    if register.band == "STANDARD" {
        return None;
    }
    let market = market::by_code(MarketName::parse(&meter.market_name)?.market())?;
    Some(Switched {
        market: market.code.clone(),
        band: register.band.clone(),
        has_off_peak: siblings.iter().any(|other| other.band == "OFF_PEAK"),
        zone: market.time_zone(),
    })
}

fn energy(target: Option<&Target>, group: &Group) -> Measurement {
    let Group { interval, measured, spread, .. } = group;
    let is_whole =
        |target: &&Target| target.series.register.is_none() && target.filter.known == Known::Anyhow;
    Measurement {
        filter: target.map(|target| target.filter.clone()).unwrap_or_default(),
        point_id: target.filter(is_whole).map(|target| target.series.point),
        amount: Amount::Energy { wh: interval.wh, measured: *measured, spread: *spread },
        start: Some(interval.start),
        end: interval.end,
        read_at: interval.end,
        source: if measured.count > 0 { "SMART_METER" } else { "REGISTER" },
        accumulation: None,
    }
}

/// What a register showed, or had counted since it was read before: there is nothing of that the first time.
fn register(filter: &Filter, stand: &Stand, before: Option<Stand>) -> Option<Measurement> {
    let (value, start) = if filter.frequency == Frequency::Intervalized {
        let before = before?;
        (stand.counted_since(before.value), Some(before.read_at))
    } else {
        (stand.value, None)
    };
    Some(Measurement {
        filter: filter.clone(),
        point_id: None,
        amount: Amount::Register(value),
        start,
        end: stand.read_at,
        read_at: stand.read_at,
        source: stand.source(),
        accumulation: Some(stand.value.normalize()),
    })
}
