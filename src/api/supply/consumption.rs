//! Energy over time: `consumption` of meters, and the `readings` of supply points, devices and registers.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::supply::grouping::Grouping;
use crate::domain::supply::measurements::life;
use crate::domain::supply::meters::Meter;
use crate::domain::supply::usage::{self, Group, Known, Series, Wish};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Leaf, Node, Resolved};
use crate::platform::page::Page;

/// Energy of a period, shown in a time zone.
#[derive(Clone)]
pub(super) struct Shown {
    pub group: Group,
    pub zone: Tz,
}

impl Shown {
    pub fn start(&self) -> Leaf<'static> {
        local(self.group.interval.start, self.zone)
    }

    pub fn end(&self) -> Leaf<'static> {
        local(self.group.interval.end, self.zone)
    }
}

pub(super) fn bind(b: &mut Bindings) {
    b.batch("ElectricityMeterType.consumption", of_meters);
    b.batch("GasMeterType.consumption", of_meters);
    b.leaves::<Shown>(
        "ConsumptionType",
        &[("value", |s| kwh(s.group.interval.wh).into()), ("startAt", |s| s.start()), ("endAt", |s| s.end())],
    );
}

/// A moment with the offset of a time zone.
pub(super) fn local(at: DateTime<Utc>, zone: Tz) -> Leaf<'static> {
    Leaf::LocalDateTime(at.with_timezone(&zone).fixed_offset())
}

/// Wh as kWh.
pub(super) fn kwh(wh: i64) -> Decimal {
    Decimal::new(wh, 3)
}

/// The time zone that an argument names.
pub(super) fn zone(call: &Call<'_>, name: &str) -> Result<Tz, FieldError> {
    zone_named(&call.arg::<String>(name)?, name)
}

/// A time zone by its name in the tz database; the error points at the argument that named it.
pub(super) fn zone_named(name: &str, argument: &str) -> Result<Tz, FieldError> {
    name.parse().map_err(|_| {
        FieldError::code(INVALID_INPUT).describe("There is no such time zone.").at_input(&[argument])
    })
}

/// Sizes of groups, as `ConsumptionGroupings` and `LineItemGroupingOptions` have them.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Size {
    None,
    QuarterHour,
    HalfHour,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
}

impl Size {
    /// Nothing where all is one group.
    pub fn grouping(self) -> Option<Grouping> {
        Some(match self {
            Self::None => return None,
            Self::QuarterHour => Grouping::Minutes(15),
            Self::HalfHour => Grouping::HALF_HOUR,
            Self::Hour => Grouping::HOUR,
            Self::Day => Grouping::Day,
            Self::Week => Grouping::Week,
            Self::Month => Grouping::MONTH,
            Self::Quarter => Grouping::QUARTER,
        })
    }
}

/// Everything that ran through each meter from a moment on.
async fn of_meters(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let zone = zone(&call, "timezone")?;
    let from: DateTime<Utc> = call.arg("startAt")?;
    let grouping = call.arg::<Size>("grouping")?.grouping();
    let mut view = call.cx.read().await?;
    let now = view.business_now().await.map_err(FieldError::internal)?;
    let wish = |meter: &&Meter| Wish {
        series: vec![Series {
            point: meter.supply_point_id,
            life: Some(life(meter)),
            register: None,
            grouping,
            zone,
            known: Known::Anyhow,
        }],
        from,
        to: now.max(from),
    };
    let wishes: Vec<Wish> = call.parents::<Meter>()?.iter().map(wish).collect();
    let pages = usage::pages(&mut view, call.cx.viewer(), &wishes, &window).await;
    let page = |page: Page<Group>| connection(page, |group| Node::new(Shown { group, zone }));
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(page).collect())
}
