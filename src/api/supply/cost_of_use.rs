//! `costOfUsage` and `smartTariffComparison`.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;

use super::consumption::{Size, zone_named};
use crate::api::accounts::NOT_YOURS;
use crate::api::paging;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::agreed::Agreement;
use crate::domain::supply::cost_of_use::{self, Comparison, Whose};
use crate::domain::supply::costs::{Ask, Cost};
use crate::graphql::{FieldError, Leaf, Node, Resolved};
use crate::platform::market;
use crate::platform::page::Page;

/// Whose use is asked for, and since when.
#[derive(Clone)]
struct Usage {
    account_number: Option<String>,
    grouping: Size,
    wanted: Wanted,
    agreements: Vec<Agreement>,
}

impl Usage {
    /// Whether costs of that size are known: quarters of an hour only where they are measured.
    fn is_known(&self) -> bool {
        let mut markets = self.agreements.iter().map(|agreement| agreement.market.as_str());
        markets.any(|market| market == "de" || self.grouping != Size::QuarterHour)
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    meter_id: Option<String>,
    fuel_type: Option<String>,
    start_at: Option<DateTime<Utc>>,
    timezone: Option<String>,
}

impl Wanted {
    /// This, and the rest as another one has it.
    fn or(self, other: &Self) -> Self {
        Self {
            meter_id: self.meter_id.or_else(|| other.meter_id.clone()),
            fuel_type: self.fuel_type.or_else(|| other.fuel_type.clone()),
            start_at: self.start_at.or(other.start_at),
            timezone: self.timezone.or_else(|| other.timezone.clone()),
        }
    }

    fn whose(&self, account_number: Option<String>) -> Whose {
        let commodity = match self.fuel_type.as_deref() {
            Some("GAS") => Some("gas".to_owned()),
            Some("DUAL_FUEL") => None,
            // What is not said is electricity, unless a meter says it.
            Some(_) => Some("electricity".to_owned()),
            None => self.meter_id.is_none().then(|| "electricity".to_owned()),
        };
        // Text that is no id names no meter.
        let meter = self.meter_id.as_ref().map(|id| id.parse().unwrap_or_default());
        Whose { account_number, meter, commodity }
    }
}

/// Another product and what it would cost.
#[derive(Clone)]
struct Other((String, Decimal, Decimal));

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.costOfUsage", cost_of_usage);
    b.root("Query.smartTariffComparison", comparison);
    b.leaves::<Usage>(
        "CostOfUsageType",
        &[
            ("costEnabled", |u| u.is_known().into()),
            ("direction", |u| {
                let is_export = u.agreements.first().map(|agreement| agreement.is_export);
                is_export.map(|is_export| if is_export { "EXPORT" } else { "IMPORT" }).into()
            }),
        ],
    );
    b.batch("CostOfUsageType.details", details);
    b.leaves::<Cost>(
        "IntervalCostOfUsageType",
        &[
            ("startAt", |c| c.group_start.into()),
            ("endAt", |c| c.group_end.into()),
            ("cost", |c| whole(c.gross)),
            ("usageKwh", |c| Decimal::new(c.wh, 3).normalize().into()),
        ],
    );
    b.leaves::<Comparison>(
        "SmartTariffComparisonType",
        &[
            ("currentCost", |c| c.current.0.into()),
            ("currentCostWithTax", |c| c.current.1.into()),
            ("consumptionReadingsStartAt", |c| c.from.into()),
            ("consumptionReadingsEndAt", |c| c.to.into()),
        ],
    );
    b.parts::<Comparison>(
        "SmartTariffComparisonType",
        &[("costComparisons", |c| Resolved::nodes(c.others.iter().cloned().map(Other)))],
    );
    b.leaves::<Other>(
        "TariffComparisonType",
        &[("tariff", |o| (&o.0.0).into()), ("cost", |o| o.0.1.into()), ("costWithTax", |o| o.0.2.into())],
    );
}

/// In whole minor units.
fn whole(exact: Decimal) -> Leaf<'static> {
    exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64().into()
}

async fn cost_of_usage(call: Call<'_>) -> Result<Resolved, FieldError> {
    let account_number: Option<String> = call.arg("accountNumber")?;
    let (grouping, wanted): (Size, Wanted) = (call.arg("grouping")?, call.args()?);
    let mut view = call.cx.read().await?;
    let whose = wanted.whose(account_number.clone());
    let found = cost_of_use::agreements(&mut view, call.cx.viewer(), &whose).await;
    let agreements = found.map_err(FieldError::internal)?.ok_or_else(|| FieldError::code(NOT_YOURS))?;
    Ok(Resolved::node(Usage { account_number, grouping, wanted, agreements }))
}

async fn details(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let own: Wanted = call.args()?;
    let grouping: Size = call.arg("grouping")?;
    let window = paging::window(&call)?;
    let mut shown = Vec::new();
    // Asked for below one root field: there is one parent.
    for parent in call.parents::<Usage>()? {
        let wanted = own.clone().or(&parent.wanted);
        let mut view = call.cx.read().await?;
        let whose = wanted.whose(parent.account_number.clone());
        let agreements = cost_of_use::agreements(&mut view, call.cx.viewer(), &whose).await;
        let agreements = agreements.map_err(FieldError::internal)?.unwrap_or_default();
        let from = match wanted.start_at {
            Some(from) => Some(from),
            None => cost_of_use::latest(&mut view, &agreements).await.map_err(FieldError::internal)?,
        };
        let (zone, grouping) = (zone(wanted.timezone.as_deref(), &agreements)?, grouping.grouping());
        let costs = match from {
            Some(from) => {
                let ask = Ask { from, to: DateTime::<Utc>::MAX_UTC, grouping, zone, of_days: false };
                cost_of_use::together(&mut view, &agreements, &ask).await.map_err(FieldError::internal)?
            }
            None => Vec::new(),
        };
        shown.push(paging::connection(Page::of(&window, costs), Node::new));
    }
    Ok(shown)
}

/// A time zone by its name; without one, that of the market.
fn zone(name: Option<&str>, agreements: &[Agreement]) -> Result<Tz, FieldError> {
    let Some(name) = name else {
        let market = agreements.first().and_then(|agreement| market::by_code(&agreement.market));
        return Ok(market.map_or(Tz::UTC, |market| market.time_zone()));
    };
    zone_named(name, "timezone")
}

async fn comparison(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mpan: Option<String> = call.arg("mpan")?;
    let mut view = call.cx.read().await?;
    let found = cost_of_use::compare(&mut view, call.cx.viewer(), mpan.as_deref()).await;
    Ok(Resolved::maybe(found.map_err(FieldError::internal)?))
}
