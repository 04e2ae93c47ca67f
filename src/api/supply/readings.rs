//! Readings of registers: `electricityMeterReadings`, `gasMeterReadings`, and what they show.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::NOT_YOURS;
use crate::api::nodes;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::supply::identifiers::MarketName;
use crate::domain::supply::meters::{self, Meter};
use crate::domain::supply::reading_lists::{self, Filter, Reading, Shown};
use crate::domain::supply::readings::Source;
use crate::domain::supply::supply_points::SupplyPoint;
use crate::graphql::{FieldError, Leaves, Node, Resolved, canonical};
use crate::platform::market;
use crate::platform::page::Window;

/// A text that is neither a day nor a moment.
const NO_MOMENT: &str = "KT-CT-1608";
/// A moment that does not say where.
const NAIVE_MOMENT: &str = "KT-CT-1609";

const ELECTRICITY: &str = "ElectricityMeterReadingType";
const GAS: &str = "GasMeterReadingType";

const FIELDS: Leaves<Reading> = &[
    ("id", |r| r.id.into()),
    ("readAt", |r| r.read_at.into()),
    ("source", |r| (&r.source).into()),
    ("readingSource", |r| r.label().into()),
    ("readingType", |r| (&r.reading_type).into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.electricityMeterReadings", of_electricity_meter);
    b.root("Query.gasMeterReadings", of_gas_meter);
    b.batch("GasMeterType.readings", of_parents);
    b.batch("ElectricityMeterPointType.unbilledReadings", unbilled);
    b.batch("GasMeterPointType.unbilledReadings", unbilled);
    for (object, registers) in
        [(ELECTRICITY, "ElectricityMeterReadingType.registers"), (GAS, "GasMeterReadingType.registers")]
    {
        b.leaves(object, FIELDS);
        b.batch(registers, registers_of);
    }
    b.leaves::<Reading>(
        GAS,
        &[
            ("value", |r| r.value.unwrap_or_default().into()),
            ("typeOfRead", |r| r.letter().into()),
            ("readingDate", |r| r.day().into()),
            ("consumptionValue", |r| r.consumed().into()),
        ],
    );
    b.leaves::<Shown>(
        "RegisterReading",
        &[
            ("identifier", |s| (&s.identifier).into()),
            ("name", |s| (&s.name).into()),
            ("value", |s| s.value.to_string().into()),
            ("digits", |s| s.digits.into()),
            ("isQuarantined", |s| s.is_quarantined.into()),
        ],
    );
}

async fn of_electricity_meter(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let meter = meter(&call, false).await?;
    let filter = Filter {
        with_quarantined: call.arg::<Option<bool>>("includeQuarantined")?.unwrap_or(false),
        from: moment(&call, "startAt", &meter)?,
        to: moment(&call, "endAt", &meter)?,
        account: call.arg("accountNumber")?,
        ..Filter::default()
    };
    page(call, &meter, &filter, &window).await
}

async fn of_gas_meter(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let meter = meter(&call, true).await?;
    let types: Option<Vec<Option<String>>> = call.arg("eventTypes")?;
    let known = types.unwrap_or_default().into_iter().flatten();
    let filter = Filter {
        sources: known.filter_map(|code| Source::of(&code)).map(Source::code).collect(),
        account: call.arg("accountNumber")?,
        ..Filter::default()
    };
    page(call, &meter, &filter, &window).await
}

/// The meter that is named by its row id or its identifier for `node`.
async fn meter(call: &Call<'_>, is_gas: bool) -> Result<Meter, FieldError> {
    let unknown = || FieldError::code(NOT_YOURS);
    let id: String = call.arg("meterId")?;
    let id = nodes::row_id(&id).ok_or_else(unknown)?;
    let mut view = call.cx.read().await?;
    let found = meters::by_ids(&mut view, call.cx.viewer(), &[id]).await.map_err(FieldError::internal)?;
    found.into_iter().flatten().find(|meter| meter.is_gas() == is_gas).ok_or_else(unknown)
}

async fn page(
    call: Call<'_>,
    meter: &Meter,
    filter: &Filter,
    window: &Window,
) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let pages = reading_lists::of_meters(&mut view, call.cx.viewer(), &[meter.id], filter, window).await;
    let page = pages.map_err(FieldError::internal)?.pop();
    Ok(page.map_or(Resolved::Null, |page| connection(page, Node::new)))
}

/// A day, which begins where the meter hangs, or a moment with its offset.
fn moment(call: &Call<'_>, name: &str, meter: &Meter) -> Result<Option<DateTime<Utc>>, FieldError> {
    let Some(text) = call.arg::<Option<String>>(name)? else { return Ok(None) };
    let text = text.trim();
    if let Ok(day) = text.parse::<NaiveDate>() {
        let market = MarketName::parse(&meter.market_name).and_then(|name| market::by_code(name.market()));
        return Ok(Some(
            market.map_or_else(|| day.and_time(Default::default()).and_utc(), |m| m.start_of(day)),
        ));
    }
    let refused = |code| FieldError::code(code).at_input(&[name]);
    let read = canonical("DateTime", &Value::from(text)).map_err(|_| refused(NO_MOMENT))?;
    let has_offset = text.get(11..).is_some_and(|time| time.contains(['Z', 'z', '+', '-']));
    if !has_offset {
        return Err(refused(NAIVE_MOMENT));
    }
    serde_json::from_value(read).map(Some).map_err(|_| refused(NO_MOMENT))
}

async fn of_parents(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Meter>()?.iter().map(|meter| meter.id).collect();
    let mut view = call.cx.read().await?;
    let filter = Filter::default();
    let pages = reading_lists::of_meters(&mut view, call.cx.viewer(), &ids, &filter, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

/// Those that no charge has reached yet.
async fn unbilled(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<SupplyPoint>()?.iter().map(|point| point.id).collect();
    let mut view = call.cx.read().await?;
    let found = reading_lists::unbilled(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}

async fn registers_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Reading>()?.iter().map(|reading| reading.id).collect();
    let mut view = call.cx.read().await?;
    let values = reading_lists::values(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(values.into_iter().map(Resolved::nodes).collect())
}
