//! The fields of `GasMeterPointType` that say what the register of the British gas industry has on a point. What must
//! not be null is empty, zero or false while nothing is known.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::meter_points::GAS;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::gas_points::{self, GasEntry, NetworkCharges};
use crate::domain::supply::supply_points::SupplyPoint;
use crate::graphql::{FieldError, Leaf, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.leaves::<SupplyPoint>(
        GAS,
        &[
            ("confirmationReference", |p| p.entry().and_then(|e| e.confirmation).into()),
            ("currentDmSoq", |p| p.entry().filter(|e| e.is_daily_metered).map(|e| e.soq_kwh).into()),
            ("currentNdmSoq", |p| p.entry().filter(|e| !e.is_daily_metered).map(|e| e.soq_kwh).into()),
            ("endUserCategory", |p| p.entry().map(|e| e.band()).into()),
            ("eucIdentifier", |p| p.entry().map(|e| e.category(&p.region)).into()),
            ("exitZone", |p| text(p.entry().map(|e| e.exit_zone.as_str()))),
            ("formulaYearSmpAq", |p| p.entry().map(|e| e.formula_aq_kwh).into()),
            ("formulaYearSmpSoq", |p| p.entry().map(|e| e.formula_soq_kwh).into()),
            ("hasOpenClosingReadDispute", |p| p.entry().is_some_and(|e| e.closing_disputed).into()),
            ("hasOpenOpeningReadDispute", |p| p.entry().is_some_and(|e| e.opening_disputed).into()),
            ("igtCheckedAt", |p| p.entry().map(|e| e.checked_at).into()),
            ("igtIdentifier", |p| text(p.entry().and_then(|e| e.transporter.as_deref()))),
            ("marketCategory", |p| p.entry().map(|e| e.market_category()).into()),
            ("marketSectorCode", |p| p.entry().map(|e| e.sector.as_str()).into()),
            ("meterOwnershipType", |p| p.entry().map(|e| e.meter_ownership.as_str()).into()),
            ("meterReadBatchFrequency", |p| text(p.entry().map(|e| e.read_frequency.as_str()))),
            ("mrfType", |p| text(p.entry().map(|e| frequency(&e.read_frequency)))),
            ("newSupplierId", |p| p.entry().and_then(|e| e.new_supplier.as_deref()).into()),
            ("oldSupplierId", |p| p.entry().and_then(|e| e.old_supplier.as_deref()).into()),
            ("nominationShipperReference", |p| text(p.entry().and_then(|e| e.nomination.as_deref()))),
            ("nominationType", |p| text(p.entry().and_then(nomination))),
            ("requiresEnrolment", |p| p.entry().is_some_and(|e| e.requires_enrolment()).into()),
            ("requiresWithdrawal", |p| p.entry().is_some_and(|e| e.requires_withdrawal()).into()),
            ("smartStartDate", |p| p.entry().and_then(|e| e.smart_since).into()),
            ("statusUpdatedAt", |p| p.entry().map(|e| e.status_at).into()),
            ("supplyClass", |p| p.entry().map_or(0, |e| e.supply_class).into()),
            ("supplyPointCategory", |p| text(p.entry().map(|e| category(e.is_daily_metered)))),
            ("targetSsd", |p| p.entry().and_then(|e| e.starts_on).into()),
            ("xoserveStatus", |p| p.entry().map(|e| e.status.as_str()).into()),
        ],
    );
    b.batch("GasMeterPointType.exitCapacityChargeRate", exit_capacity);
    b.batch("GasMeterPointType.ldzCapacityChargeRate", ldz_capacity);
    b.batch("GasMeterPointType.ldzCommodityChargeRate", ldz_commodity);
    b.batch("GasMeterPointType.ldzCustomerChargeRate", ldz_customer);
    b.batch("GasMeterPointType.ntsExitCommodityChargeRate", nts_exit_commodity);
}

fn text(known: Option<&str>) -> Leaf<'_> {
    known.unwrap_or_default().into()
}

/// How often a meter is read, in words.
fn frequency(code: &str) -> &'static str {
    match code {
        "A" => "ANNUAL",
        "6" => "SIX_MONTHLY",
        "M" => "MONTHLY",
        _ => "DAILY",
    }
}

/// A wish to supply a point counts as a nomination until it is confirmed.
fn nomination(entry: &GasEntry) -> Option<&'static str> {
    let confirmed = entry.confirmation.map(|_| "CONFIRMATION");
    confirmed.or_else(|| entry.requires_enrolment().then_some("NOMINATION"))
}

/// Daily metered, or not.
fn category(is_daily_metered: bool) -> &'static str {
    if is_daily_metered { "DM" } else { "NDM" }
}

async fn exit_capacity(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    rates(call, |charges| charges.exit_capacity).await
}

async fn ldz_capacity(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    rates(call, |charges| charges.ldz_capacity).await
}

async fn ldz_commodity(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    rates(call, |charges| charges.ldz_commodity).await
}

async fn ldz_customer(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    rates(call, |charges| charges.ldz_customer).await
}

async fn nts_exit_commodity(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    rates(call, |charges| charges.nts_exit_commodity).await
}

/// One of the charges that hold today in the zone of each point.
async fn rates(call: Call<'_>, read: fn(&NetworkCharges) -> Decimal) -> Result<Vec<Resolved>, FieldError> {
    let points = call.parents::<SupplyPoint>()?;
    let zones: Vec<String> = points.iter().map(|point| point.region.clone()).collect();
    let mut view = call.cx.read().await?;
    let now: DateTime<Utc> = view.business_now().await.map_err(FieldError::internal)?;
    let today = points.first().and_then(|point| point.market()).map_or(now.date_naive(), |m| m.day(now));
    let found = gas_points::network_charges(&mut view, &zones, today).await.map_err(FieldError::internal)?;
    Ok(found.iter().map(|charges| Resolved::leaf(charges.as_ref().map(read))).collect())
}
