//! `PropertyType.measurements`: what ran through the points of a property, by intervals or as registers showed it.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::consumption::{kwh, local, zone};
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::supply::measurements::{self, Amount, Filter, Frequency, Measurement};
use crate::domain::supply::properties::Property;
use crate::domain::supply::statistics::{self, Cost, Costs};
use crate::domain::supply::usage::{Known, Part, Span};
use crate::graphql::{FieldError, Leaf, Leaves, Node, Parts, Resolved};
use crate::platform::market::start_of_day;

/// Intervals that are shorter than anything measured.
const TOO_FINE: &str = "KT-CT-4710";

const INTERVAL: &str = "IntervalMeasurementType";
const POINT_IN_TIME: &str = "MeasurementType";

/// A measurement, shown in a time zone.
#[derive(Clone)]
struct Shown {
    measurement: Measurement,
    zone: Tz,
}

/// What is said about a measurement.
#[derive(Clone)]
struct MetaData(Measurement);

/// What a measurement cost, as a whole or of one kind.
#[derive(Clone)]
struct Statistic {
    kind: &'static str,
    label: String,
    description: &'static str,
    cost: Cost,
    /// Net and gross price of a kWh.
    price: Option<(Decimal, Decimal)>,
    currency: String,
}

/// Money that nobody has been charged.
#[derive(Clone)]
struct Estimated {
    amount: Decimal,
    currency: String,
    price: Option<Decimal>,
}

/// The price of a kWh.
#[derive(Clone, Copy)]
struct Price(Decimal);

/// A figure that belongs to a measurement.
#[derive(Clone)]
struct Extra {
    label: &'static str,
    description: &'static str,
    value: Decimal,
}

const FIELDS: Leaves<Shown> = &[
    ("value", |s| s.measurement.amount.value().into()),
    ("unit", |s| s.measurement.unit().into()),
    ("source", |s| s.measurement.source.into()),
    ("readAt", |s| local(s.measurement.read_at, s.zone)),
];
const META_DATA: Parts<Shown> = &[("metaData", |s| Resolved::node(MetaData(s.measurement.clone())))];
const FILTERS: Leaves<Filter> = &[
    ("readingFrequencyType", |f| f.frequency.code().into()),
    ("marketSupplyPointId", |f| (&f.point).into()),
    ("deviceId", |f| (&f.device).into()),
    ("registerId", |f| (&f.register).into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.batch("PropertyType.measurements", of_properties);
    b.batch("MeasurementsMetadataOutput.statistics", statistics_of);
    b.leaves::<Statistic>(
        "StatisticOutput",
        &[
            ("type", |s| s.kind.into()),
            ("label", |s| (&s.label).into()),
            ("description", |s| s.description.into()),
            ("value", |s| (s.cost.wh != 0).then(|| kwh(s.cost.wh)).into()),
        ],
    );
    b.parts::<Statistic>(
        "StatisticOutput",
        &[
            ("costExclTax", |s| Resolved::node(s.money(s.cost.net, s.price.map(|(net, _)| net)))),
            ("costInclTax", |s| Resolved::node(s.money(s.cost.gross, s.price.map(|(_, gross)| gross)))),
        ],
    );
    b.leaves::<Estimated>(
        "EstimatedMoneyType",
        &[("estimatedAmount", |e| e.amount.normalize().into()), ("costCurrency", |e| (&e.currency).into())],
    );
    b.parts::<Estimated>("EstimatedMoneyType", &[("pricePerUnit", |e| Resolved::maybe(e.price.map(Price)))]);
    b.leaves::<Price>(
        "PricePerUnit",
        &[("amount", |p| p.0.normalize().into()), ("unit", |_| "KILOWATT_HOURS".into())],
    );
    for object in [INTERVAL, POINT_IN_TIME] {
        b.leaves(object, FIELDS);
        b.parts(object, META_DATA);
    }
    b.leaves::<Shown>(
        INTERVAL,
        &[
            ("startAt", |s| s.measurement.start.map(|at| local(at, s.zone)).into()),
            ("endAt", |s| local(s.measurement.end, s.zone)),
            ("durationInSeconds", |s| s.measurement.seconds().into()),
            ("accumulation", |s| s.measurement.accumulation.into()),
        ],
    );
    b.parts::<MetaData>(
        "MeasurementsMetadataOutput",
        &[
            ("utilityFilters", |m| Resolved::Node(filters(&m.0.filter))),
            ("extras", |m| Resolved::nodes(extras(&m.0))),
        ],
    );
    b.leaves("ElectricityFiltersOutput", FILTERS);
    b.leaves("GasFiltersOutput", FILTERS);
    b.leaves::<Filter>(
        "ElectricityFiltersOutput",
        &[
            ("readingDirection", |f| if f.is_export { "GENERATION" } else { "CONSUMPTION" }.into()),
            ("readingQuality", |f| quality(f.known)),
        ],
    );
    b.leaves::<Extra>(
        "ExtrasOutput",
        &[
            ("label", |e| e.label.into()),
            ("description", |e| e.description.into()),
            ("value", |e| e.value.into()),
        ],
    );
}

impl Statistic {
    fn money(&self, amount: Decimal, price: Option<Decimal>) -> Estimated {
        Estimated { amount, currency: self.currency.clone(), price }
    }
}

/// What each measurement cost, for all of them at once; nothing where only a part of what ran through the point was
/// measured.
async fn statistics_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let parents = call.parents::<MetaData>()?;
    let span = |of: &&&MetaData| {
        let measurement = &of.0;
        Some(Span { point: measurement.point_id?, from: measurement.start?, to: measurement.end })
    };
    let spans: Vec<Option<Span>> = parents.iter().map(|of| span(&of)).collect();
    let wanted: Vec<Span> = spans.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let costs = statistics::of_spans(&mut view, call.cx.viewer(), &wanted).await;
    let mut costs = costs.map_err(FieldError::internal)?.into_iter();
    let list = |span: Option<Span>| {
        let costs = span.and_then(|_| costs.next()).flatten();
        Resolved::nodes(costs.map(|costs| figures(&costs)).unwrap_or_default())
    };
    Ok(spans.into_iter().map(list).collect())
}

/// All energy, energy by bands, and the days by themselves.
fn figures(costs: &Costs) -> Vec<Statistic> {
    let statistic = |kind, label: &str, description, cost, price| Statistic {
        kind,
        label: label.to_owned(),
        description,
        cost,
        price,
        currency: costs.currency.clone(),
    };
    let mut all = Vec::new();
    if !costs.bands.is_empty() {
        let (kind, label, description, sign) = if costs.is_export {
            ("GENERATION_VALUE", "Generation", "What is paid for the energy.", -Decimal::ONE)
        } else {
            ("CONSUMPTION_COST", "Consumption", "What the energy costs, with levies.", Decimal::ONE)
        };
        let signed = |cost: Cost| Cost { net: cost.net * sign, gross: cost.gross * sign, ..cost };
        let price = |price: (Decimal, Decimal)| (price.0 * sign, price.1 * sign);
        all.push(statistic(kind, label, description, signed(costs.energy), None));
        for band in &costs.bands {
            let text = "What the energy in this band costs, without levies.";
            let (cost, price) = (signed(band.cost), band.price.map(price));
            all.push(statistic("TOU_BUCKET_COST", &band.band, text, cost, price));
        }
    }
    if costs.days != Cost::default() {
        let text = "What the days cost that begin in the period.";
        all.push(statistic("STANDING_CHARGE_COST", "Standing charge", text, costs.days, None));
    }
    all
}

fn filters(filter: &Filter) -> Node {
    let object = if filter.is_gas { "GasFiltersOutput" } else { "ElectricityFiltersOutput" };
    Node::typed(object, filter.clone())
}

fn quality(known: Known) -> Leaf<'static> {
    match known {
        Known::Anyhow => "COMBINED",
        Known::Measured => "ACTUAL",
        Known::Spread => "ESTIMATE",
    }
    .into()
}

/// How much of the energy was measured by intervals, and how much was worked out.
fn extras(measurement: &Measurement) -> Vec<Extra> {
    let Amount::Energy { measured, spread, .. } = measurement.amount else { return Vec::new() };
    let extra = |label, description, part: Part| {
        (part.count > 0).then(|| Extra { label, description, value: kwh(part.wh) })
    };
    let all = [
        extra("MEASURED", "Energy that was measured interval by interval, in kWh.", measured),
        extra("SPREAD", "Energy that was spread evenly between two readings, in kWh.", spread),
    ];
    all.into_iter().flatten().collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filters {
    electricity_filters: Option<ElectricityFilters>,
    gas_filters: Option<GasFilters>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ElectricityFilters {
    reading_frequency_type: Option<Frequency>,
    market_supply_point_id: Option<String>,
    device_id: Option<String>,
    reading_direction: Option<Direction>,
    register_id: Option<String>,
    reading_quality: Option<Quality>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GasFilters {
    reading_frequency_type: Option<Frequency>,
    market_supply_point_id: Option<String>,
    device_id: Option<String>,
    register_id: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Direction {
    Consumption,
    Generation,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Quality {
    Actual,
    Estimate,
    Combined,
}

impl Quality {
    fn known(self) -> Known {
        match self {
            Self::Actual => Known::Measured,
            Self::Estimate => Known::Spread,
            Self::Combined => Known::Anyhow,
        }
    }
}

impl From<ElectricityFilters> for Filter {
    fn from(given: ElectricityFilters) -> Self {
        Self {
            is_gas: false,
            is_export: given.reading_direction == Some(Direction::Generation),
            frequency: given.reading_frequency_type.unwrap_or_default(),
            point: given.market_supply_point_id,
            device: given.device_id,
            register: given.register_id,
            known: given.reading_quality.map(Quality::known).unwrap_or_default(),
        }
    }
}

impl From<GasFilters> for Filter {
    fn from(given: GasFilters) -> Self {
        Self {
            is_gas: true,
            is_export: false,
            frequency: given.reading_frequency_type.unwrap_or_default(),
            point: given.market_supply_point_id,
            device: given.device_id,
            register: given.register_id,
            known: Known::Anyhow,
        }
    }
}

/// Without any filter, what comes in, as it was measured.
fn wanted(given: Vec<Option<Filters>>) -> Vec<Filter> {
    let given = given.into_iter().flatten();
    let filters = given.flat_map(|given| {
        let electricity = given.electricity_filters.map(Filter::from);
        electricity.into_iter().chain(given.gas_filters.map(Filter::from))
    });
    let filters: Vec<Filter> = filters.collect();
    if filters.is_empty() {
        vec![Filter::default(), Filter { is_gas: true, ..Filter::default() }]
    } else {
        filters
    }
}

async fn of_properties(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let zone = zone(&call, "timezone")?;
    let filters = wanted(call.arg::<Option<Vec<Option<Filters>>>>("utilityFilters")?.unwrap_or_default());
    if filters.iter().any(|filter| filter.frequency == Frequency::FiveMinInterval) {
        let text = "Nothing is measured in intervals of five minutes.";
        return Err(FieldError::code(TOO_FINE).describe(text).at_input(&["utilityFilters"]));
    }
    let ids: Vec<i64> = call.parents::<Property>()?.iter().map(|property| property.id).collect();
    let (from, to) = period(&call, zone)?;
    let mut view = call.cx.read().await?;
    let wish = measurements::Wish { filters: &filters, from, to, zone };
    let pages = measurements::of_properties(&mut view, call.cx.viewer(), &ids, &wish, &window).await;
    let shown = |measurement: Measurement| {
        let object = if measurement.start.is_some() { INTERVAL } else { POINT_IN_TIME };
        Node::typed(object, Shown { measurement, zone })
    };
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|page| connection(page, shown)).collect())
}

/// The half-open period asked for; days count from their beginning to their end.
fn period(call: &Call<'_>, zone: Tz) -> Result<(DateTime<Utc>, DateTime<Utc>), FieldError> {
    let (start_on, end_on): (Option<NaiveDate>, Option<NaiveDate>) =
        (call.arg("startOn")?, call.arg("endOn")?);
    let (start_at, end_at): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) =
        (call.arg("startAt")?, call.arg("endAt")?);
    let from = start_on.map(|day| start_of_day(zone, day)).or(start_at);
    let to = end_on.and_then(|day| day.succ_opt()).map(|day| start_of_day(zone, day)).or(end_at);
    let from = from.unwrap_or(DateTime::<Utc>::MIN_UTC);
    Ok((from, to.unwrap_or(DateTime::<Utc>::MAX_UTC).max(from)))
}
