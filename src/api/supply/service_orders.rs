//! `serviceOrderFees`, and the service orders of accounts.

use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::meter_points;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::ledgers::by_hand::Posted;
use crate::domain::ledgers::transactions;
use crate::domain::supply::on_site::orders::{self, Charged, Fee, Filter, Order};
use crate::domain::supply::supply_points;
use crate::graphql::{FieldError, Leaves, Node, Resolved};
use crate::platform::page::Page;

const ELECTRICITY: &str = "ElectricityServiceOrderType";
const GAS: &str = "GasServiceOrderType";
const GAS_READING: &str = "GasSpecialReadType";

const FIELDS: Leaves<Order> = &[
    ("orderNumber", |o| (&o.number).into()),
    ("status", |o| o.status().into()),
    ("scheduledDate", |o| o.day().into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.serviceOrderFees", fees);
    b.batch("AccountType.serviceOrders", of_accounts);
    for (name, charges, points) in [
        (ELECTRICITY, "ElectricityServiceOrderType.chargeRecords", "ElectricityServiceOrderType.meterPoint"),
        (GAS, "GasServiceOrderType.chargeRecords", "GasServiceOrderType.meterPoint"),
        (GAS_READING, "GasSpecialReadType.chargeRecords", "GasSpecialReadType.meterPoint"),
    ] {
        b.leaves(name, FIELDS);
        b.batch(charges, charges_of);
        b.batch(points, points_of);
    }
    b.leaves::<Order>(
        ELECTRICITY,
        &[
            ("type", |o| kind(o).0.into()),
            ("subtype", |o| kind(o).1.into()),
            ("deEnergisationReason", |o| {
                Some("CUSTOMER_REQUESTED").filter(|_| o.job_type == "DISCONNECTION").into()
            }),
        ],
    );
    b.leaves::<Order>(GAS, &[("type", |o| enquiry(o).into())]);
    b.leaves::<Order>(GAS_READING, &[("type", |_| "CHECK_READ".into())]);
    b.leaves::<Fee>(
        "ServiceOrderFeeType",
        &[
            ("id", |f| f.id.into()),
            ("productCode", |f| (&f.product_code).into()),
            ("supplyType", |f| (&f.supply_type).into()),
            ("marketParticipant", |f| (&f.market_participant).into()),
            ("jurisdiction", |f| (&f.jurisdiction).into()),
            ("price", |f| f.price.into()),
            ("description", |f| (&f.description).into()),
            ("effectiveFrom", |f| f.effective_from.into()),
            ("effectiveTo", |f| f.effective_to.into()),
        ],
    );
    b.leaves::<Charged>(
        "ServiceOrderChargeRecordType",
        &[
            ("id", |c| c.id.into()),
            ("productCode", |c| (&c.product_code).into()),
            ("netAmount", |c| c.net_amount.into()),
            ("description", |c| (&c.description).into()),
            ("effectiveAt", |c| c.effective_at.into()),
        ],
    );
    b.batch("ServiceOrderChargeRecordType.account", accounts_of);
    b.batch("ServiceOrderChargeRecordType.charge", charged);
}

/// What a network of electricity is asked for.
fn kind(order: &Order) -> (&'static str, &'static str) {
    match order.job_type.as_str() {
        "METER_EXCHANGE" => ("METERING_SERVICE_WORKS", "EXCHANGE_METER"),
        "METER_FAULT" => ("METERING_SERVICE_WORKS", "METER_INVESTIGATION_INSPECT"),
        "METER_ACCURACY" => ("METERING_SERVICE_WORKS", "METER_INVESTIGATION_TEST"),
        "METER_MOVE" => ("METERING_SERVICE_WORKS", "MOVE_METER"),
        "SPECIAL_READING" | "DETAILS_CHECK" => ("SPECIAL_READ", "CHECK_READ"),
        "DISCONNECTION" => ("DE_ENERGISATION", "PHYSICAL_VISIT"),
        "RECONNECTION" => ("RE_ENERGISATION", "PHYSICAL_VISIT"),
        _ => ("MISCELLANEOUS", "BLANK_NOT_PROVIDED"),
    }
}

/// What a network of gas is asked for.
fn enquiry(order: &Order) -> &'static str {
    match order.job_type.as_str() {
        "METER_EXCHANGE" => "METER_CHANGE",
        "METER_FAULT" => "METER_DEFECTIVE_OPERATION_ORDINARY",
        "METER_ACCURACY" => "METER_RETAKE_AND_TEST",
        "METER_MOVE" => "METER_ALTER_POSITION",
        "DISCONNECTION" => "SERVICE_DISCONNECTION_REQUEST",
        "RECONNECTION" => "METER_TURN_ON",
        _ => "OTHER",
    }
}

fn node(order: Order) -> Node {
    let is_reading = matches!(order.job_type.as_str(), "SPECIAL_READING" | "DETAILS_CHECK");
    let name = match order.commodity.as_str() {
        "gas" if is_reading => GAS_READING,
        "gas" => GAS,
        _ => ELECTRICITY,
    };
    Node::typed(name, order)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterInput {
    market_participant: Option<String>,
    product_code: Option<String>,
    supply_type: Option<String>,
    effective_at: Option<NaiveDate>,
}

async fn fees(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let given: Option<FilterInput> = call.arg("input")?;
    let given = given.unwrap_or_default();
    let filter = Filter {
        market_participant: given.market_participant,
        product_code: given.product_code,
        supply_type: given.supply_type,
        effective_at: given.effective_at,
    };
    let mut view = call.cx.read().await?;
    let page = orders::fees(&mut view, &filter, &window).await.map_err(FieldError::internal)?;
    Ok(connection(page, Node::new))
}

async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let found = orders::of_accounts(&mut view, call.cx.viewer(), &ids).await;
    let list = |orders: Vec<Order>| {
        Resolved::List(orders.into_iter().map(|order| Resolved::Node(node(order))).collect())
    };
    Ok(found.map_err(FieldError::internal)?.into_iter().map(list).collect())
}

async fn points_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Order>()?.iter().map(|order| order.supply_point_id).collect();
    let mut view = call.cx.read().await?;
    let found = supply_points::by_ids(&mut view, call.cx.viewer(), &ids).await;
    let point = |point| Resolved::Node(meter_points::node(point));
    let found = found.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|each| each.map_or(Resolved::Null, point)).collect())
}

async fn charges_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<Uuid> = call.parents::<Order>()?.iter().map(|order| order.request_id).collect();
    let mut view = call.cx.read().await?;
    let found = orders::charges_of(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|charges| connection(Page::of(&window, charges), Node::new)).collect())
}

async fn accounts_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Charged>()?.iter().map(|charged| charged.account_id).collect();
    let mut view = call.cx.read().await?;
    let found = accounts::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn charged(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Charged>()?.iter().map(|charged| charged.transaction_id).collect();
    let mut view = call.cx.read().await?;
    let found =
        transactions::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|shown| Resolved::maybe(shown.map(Posted::from))).collect())
}
