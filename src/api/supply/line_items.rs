//! Line items: what days and energy cost, of agreements as it is known now, and of charges as it was billed.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::consumption::{Size, zone_named};
use crate::api::paging;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::agreed::Agreement;
use crate::domain::supply::charging::{Kept, Shown};
use crate::domain::supply::costs::{self, Ask, Cost};
use crate::graphql::{FieldError, Leaf, Node, Resolved};
use crate::platform::market;
use crate::platform::page::Page;

/// A line item and what it belongs to. Amounts are minor units.
struct LineItem {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    period: (DateTime<Utc>, DateTime<Utc>),
    net: Decimal,
    gross: Decimal,
    /// Days, or kWh.
    units: Decimal,
    of_days: bool,
    commodity: String,
    market: String,
    product_code: String,
    /// The capacity that the price went by, and its unit.
    capacity: Option<(Decimal, String)>,
}

impl LineItem {
    fn of_cost(agreement: &Agreement, cost: Cost, of_days: bool) -> Self {
        Self {
            start: cost.start,
            end: cost.end,
            period: (cost.group_start, cost.group_end),
            net: cost.net,
            gross: cost.gross,
            units: units(of_days, cost.days, cost.wh),
            of_days,
            commodity: agreement.commodity.clone(),
            market: agreement.market.clone(),
            product_code: agreement.product_code.clone(),
            capacity: cost.capacity.map(|agreed| (agreed.value, agreed.unit.to_owned())),
        }
    }

    /// None for days that cannot be told.
    fn of_line(charge: &Shown, line: Kept) -> Option<Self> {
        let market = market::by_code(&charge.market)?;
        let period = (market.start_of(charge.first?), market.start_of(charge.last?));
        let net = Decimal::from(line.net);
        Some(Self {
            start: period.0,
            end: period.1,
            period,
            net,
            gross: net * (Decimal::ONE + line.tax),
            units: units(line.of_days, line.days, line.wh),
            of_days: line.of_days,
            commodity: charge.commodity.clone(),
            market: charge.market.clone(),
            product_code: charge.product_code.clone(),
            capacity: line.capacity,
        })
    }
}

fn units(of_days: bool, days: i64, wh: i64) -> Decimal {
    if of_days { Decimal::from(days) } else { Decimal::new(wh, 3) }
}

/// What a charge for supply is made of, line by line.
pub(in crate::api) fn of_charge(charge: &Shown) -> Resolved {
    Resolved::nodes(charge.lines().into_iter().filter_map(|line| LineItem::of_line(charge, line)))
}

pub(super) fn bind(b: &mut Bindings) {
    b.batch("ElectricityAgreementType.lineItems", line_items);
    b.batch("GasAgreementType.lineItems", line_items);
    b.leaves::<LineItem>(
        "LineItemType",
        &[
            ("startAt", |l| l.start.into()),
            ("endAt", |l| l.end.into()),
            ("periodStartAt", |l| l.period.0.into()),
            ("periodEndAt", |l| l.period.1.into()),
            ("netAmount", |l| l.net.normalize().into()),
            ("grossAmount", |l| l.gross.normalize().into()),
            ("numberOfUnits", |l| l.units.normalize().into()),
            ("settlementUnit", |l| if l.of_days { "DAY" } else { "KWH" }.into()),
            ("supplyType", |l| l.commodity.to_uppercase().into()),
            ("currency", |l| currency(&l.market)),
            ("productCode", |l| (&l.product_code).into()),
            ("contractedCapacityUnit", |l| l.capacity.as_ref().map(|(_, unit)| unit.as_str()).into()),
            ("contractedCapacityValue", |l| l.capacity.as_ref().map(|(value, _)| *value).into()),
            ("itemType", |l| if l.of_days { "STANDING_CHARGE" } else { "CONSUMPTION_CHARGE" }.into()),
        ],
    );
}

fn currency(market: &str) -> Leaf<'static> {
    match market {
        "gb" => "GBP_PENCE",
        "de" => "EURO_CENTS",
        "jp" => "JPN_YEN",
        "au" => "AUD_CENTS",
        _ => "USA_CENTS",
    }
    .into()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Items {
    start_at: DateTime<Utc>,
    grouping: Size,
    item_type: String,
    timezone: String,
}

async fn line_items(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let items: Items = call.args()?;
    let window = paging::window(&call)?;
    let (zone, grouping) = (zone_named(&items.timezone, "timezone")?, items.grouping.grouping());
    let of_days = items.item_type == "STANDING_CHARGE";
    let agreements = call.parents::<Agreement>()?;
    // Nothing before the agreement costs anything, so groups are counted from where the first one can be.
    let first = agreements.iter().map(|each| each.valid_from).min().unwrap_or(items.start_at);
    let from = items.start_at.max(first);
    let ask = Ask { from, to: DateTime::<Utc>::MAX_UTC, grouping, zone, of_days };
    let mut view = call.cx.read().await?;
    let costs = costs::of_agreements(&mut view, &agreements, &ask).await.map_err(FieldError::internal)?;
    let page = |(agreement, costs): (&&Agreement, Vec<Cost>)| {
        let item = |cost| LineItem::of_cost(agreement, cost, of_days);
        paging::connection(Page::of(&window, costs), |cost| Node::new(item(cost)))
    };
    Ok(agreements.iter().zip(costs).map(page).collect())
}
