//! What energy costs and has cost: `applicableRates`, and the line items of agreements.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::api::accounts::NOT_YOURS;
use crate::api::paging;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::agreed::Agreement;
use crate::domain::supply::applicable;
use crate::domain::supply::costs::{self, Ask, Cost};
use crate::domain::supply::grouping::Grouping;
use crate::domain::supply::rates::UnitRate;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Leaf, Node, Resolved};
use crate::platform::page::Page;

/// For how long prices are listed at most, in days: two years and a day.
const LONGEST: i64 = 731;

/// A line item and what it belongs to.
#[derive(Clone)]
struct LineItem {
    cost: Cost,
    of_days: bool,
    commodity: String,
    market: String,
    product_code: String,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.applicableRates", applicable_rates);
    b.leaves::<UnitRate>(
        "ApplicableRate",
        &[
            ("value", |r| r.net.normalize().into()),
            ("validFrom", |r| r.start.into()),
            ("validTo", |r| r.end.into()),
        ],
    );
    b.batch("ElectricityAgreementType.lineItems", line_items);
    b.batch("GasAgreementType.lineItems", line_items);
    b.leaves::<LineItem>(
        "LineItemType",
        &[
            ("startAt", |l| l.cost.start.into()),
            ("endAt", |l| l.cost.end.into()),
            ("periodStartAt", |l| l.cost.group_start.into()),
            ("periodEndAt", |l| l.cost.group_end.into()),
            ("netAmount", |l| l.cost.net.normalize().into()),
            ("grossAmount", |l| l.cost.gross.normalize().into()),
            ("numberOfUnits", |l| {
                let units = if l.of_days { Decimal::from(l.cost.days) } else { Decimal::new(l.cost.wh, 3) };
                units.normalize().into()
            }),
            ("settlementUnit", |l| if l.of_days { "DAY" } else { "KWH" }.into()),
            ("supplyType", |l| l.commodity.to_uppercase().into()),
            ("currency", |l| currency(&l.market)),
            ("productCode", |l| (&l.product_code).into()),
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
struct Wanted {
    account_number: String,
    mpxn: String,
    start_at: DateTime<Utc>,
    end_at: DateTime<Utc>,
}

async fn applicable_rates(call: Call<'_>) -> Result<Resolved, FieldError> {
    let wanted: Wanted = call.args()?;
    let window = paging::window(&call)?;
    let longest = TimeDelta::days(LONGEST);
    if wanted.end_at - wanted.start_at > longest {
        let text = "Rates are listed for two years at most.";
        return Err(FieldError::code(INVALID_INPUT).describe(text).at_input(&["endAt"]));
    }
    let of = (wanted.account_number.as_str(), wanted.mpxn.as_str());
    let mut view = call.cx.read().await?;
    let found = applicable::of_point(&mut view, call.cx.viewer(), of, (wanted.start_at, wanted.end_at)).await;
    let rates = found.map_err(FieldError::internal)?.ok_or_else(|| FieldError::code(NOT_YOURS))?;
    Ok(paging::connection(Page::of(&window, rates), Node::new))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Items {
    start_at: DateTime<Utc>,
    grouping: String,
    item_type: String,
    timezone: String,
}

async fn line_items(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let items: Items = call.args()?;
    let window = paging::window(&call)?;
    let Ok(zone) = items.timezone.parse::<Tz>() else {
        let text = "There is no such time zone.";
        return Err(FieldError::code(INVALID_INPUT).describe(text).at_input(&["timezone"]));
    };
    let grouping = grouping(&items.grouping);
    let of_days = items.item_type == "STANDING_CHARGE";
    let agreements = call.parents::<Agreement>()?;
    // Nothing before the agreement costs anything, so groups are counted from where the first one can be.
    let first = agreements.iter().map(|each| each.valid_from).min().unwrap_or(items.start_at);
    let from = items.start_at.max(first);
    let ask = Ask { from, to: DateTime::<Utc>::MAX_UTC, grouping, zone, of_days };
    let mut view = call.cx.read().await?;
    let costs = costs::of_agreements(&mut view, &agreements, &ask).await.map_err(FieldError::internal)?;
    let page = |(agreement, costs): (&&Agreement, Vec<Cost>)| {
        let item = |cost| LineItem {
            cost,
            of_days,
            commodity: agreement.commodity.clone(),
            market: agreement.market.clone(),
            product_code: agreement.product_code.clone(),
        };
        paging::connection(Page::of(&window, costs), |cost| Node::new(item(cost)))
    };
    Ok(agreements.iter().zip(costs).map(page).collect())
}

fn grouping(name: &str) -> Option<Grouping> {
    Some(match name {
        "HALF_HOUR" => Grouping::HALF_HOUR,
        "HOUR" => Grouping::HOUR,
        "DAY" => Grouping::Day,
        "WEEK" => Grouping::Week,
        "MONTH" => Grouping::MONTH,
        "QUARTER" => Grouping::QUARTER,
        _ => return None,
    })
}
