//! Payment schedules, and what they lead to.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::json;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::ledgers::ledgers::Ledger;
use crate::domain::payments::adequacy::{self, Adequacy, AdequacyError, Charge, Consumption};
use crate::domain::payments::forecast::{self, Expected, Span};
use crate::domain::payments::schedules::{self, Delay, Filter, PaymentDay, Schedule};
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

/// Whether the regular payment of a ledger is left as it is.
struct Review {
    is_exempt: bool,
}

pub(super) fn bind(b: &mut Bindings) {
    b.leaves::<Schedule>(
        "PaymentScheduleType",
        &[
            ("id", |s| s.id.into()),
            ("validFrom", |s| s.valid_from.into()),
            ("validTo", |s| s.valid_to.into()),
            ("reason", |s| (&s.reason).into()),
            ("paymentHolidayReason", |s| s.holiday_reason.as_deref().unwrap_or_default().into()),
            ("paymentDay", |s| s.payment_day.into()),
            ("paymentFrequency", |s| (&s.frequency).into()),
            ("paymentFrequencyMultiplier", |s| s.multiplier.into()),
            ("paymentAmount", |s| s.payment_amount.unwrap_or_default().0.into()),
            ("paymentAdequacyAdjustment", |s| s.adjustment.into()),
            ("paymentAdequacyAdjustmentExpiryDate", |s| s.adjustment_expires_on.into()),
            ("isVariablePaymentAmount", |s| s.is_variable().into()),
            ("totalDebtAmount", |s| s.total_debt_amount.map(|amount| amount.0).into()),
            ("isPaymentHoliday", |s| s.is_holiday().into()),
            ("scheduleType", |s| (&s.schedule_type).into()),
        ],
    );
    b.parts::<Schedule>(
        "PaymentScheduleType",
        &[("paymentDayDetails", |s| Resolved::maybe(s.day_details()))],
    );
    b.leaves::<PaymentDay>(
        "PaymentSchedulePaymentDayDetailsType",
        &[("direction", |d| d.direction.into()), ("description", |d| (&d.description).into())],
    );
    b.batch("PaymentScheduleType.delayConfiguration", delays_of);
    b.leaves::<Delay>(
        "PaymentScheduleDelayConfigurationType",
        &[
            ("code", |d| if d.on_working_days { "WORKING_DAYS" } else { "DAYS" }.into()),
            ("args", |d| json!({ "notice_days": d.notice_days, "lead_days": d.lead_days }).into()),
        ],
    );
    b.batch("AccountType.paymentSchedules", schedules_of);
    b.batch("AccountType.paymentSchedule", current_of);
    b.batch("AccountType.paymentForecast", forecast_of);
    b.batch("AccountType.paginatedPaymentForecast", forecast_page_of);
    b.leaves::<Expected>(
        "PaymentForecastType",
        &[
            ("paymentNumber", |e| e.number.into()),
            ("date", |e| e.day.into()),
            ("amount", |e| e.amount.0.into()),
            ("method", |e| (&e.schedule_type).into()),
        ],
    );
    b.batch("LedgerType.paymentAdequacy", adequacy_of);
    b.batch("SupplementaryLedgerType.paymentAdequacy", adequacy_of);
    b.leaves::<Review>("PaymentAdequacyDetailsType", &[("isCurrentlyExempt", |r| r.is_exempt.into())]);
    b.root("Query.livePaymentAdequacyCalculation", live_adequacy);
    b.leaves::<Adequacy>(
        "LivePaymentAdequacyCalculation",
        &[
            ("suggestedNewMonthlyAmount", |a| a.suggested.into()),
            ("averageMonthlyCharge", |a| a.average_charge.into()),
            ("existingMonthlyAmount", |a| a.existing.into()),
            ("balanceAdjustment", |a| a.adjustment.into()),
            ("currentBalance", |a| a.balance.into()),
            ("targetBalance", |a| a.target.into()),
            ("reviewedOn", |a| a.reviewed_on.into()),
        ],
    );
    b.batch("LivePaymentAdequacyCalculation.consumption", consumption_of);
    b.leaves::<Consumption>("ConsumptionBreakdownType", &[("marketName", |c| (&c.market_name).into())]);
    b.batch("ConsumptionBreakdownType.charges", charges_of);
    b.leaves::<Charge>(
        "ChargesBreakdownType",
        &[
            ("periodStart", |c| c.first.into()),
            ("periodEnd", |c| c.last.into()),
            ("charge", |c| c.amount.into()),
        ],
    );
    b.dark(&["AccountInterface.paymentSchedules.ledgerType", "AccountType.paymentSchedules.ledgerType"]);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SchedulesArgs {
    active_on_date: Option<NaiveDate>,
    active: Option<bool>,
    include_dormant: Option<bool>,
    ledger_number: Option<String>,
    ledger_id: Option<String>,
    reason: Option<String>,
}

impl SchedulesArgs {
    /// `None` where an id cannot be one of ours.
    fn filter(self) -> Option<Filter> {
        Some(Filter {
            active_on: self.active_on_date,
            active: self.active,
            without_dormant: self.include_dormant == Some(false),
            ledger_number: self.ledger_number,
            ledger_id: self.ledger_id.map(|id| id.parse()).transpose().ok()?,
            reason: self.reason,
        })
    }
}

fn accounts(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Account>()?.iter().map(|account| account.id).collect())
}

async fn schedules_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids = accounts(&call)?;
    let Some(filter) = call.args::<SchedulesArgs>()?.filter() else {
        let empty = |_| connection(Page::<Schedule>::empty(&window), Node::new);
        return Ok(ids.iter().map(empty).collect());
    };
    let mut view = call.cx.read().await?;
    let pages = schedules::page_of_accounts(&mut view, call.cx.viewer(), &ids, &filter, &window).await;
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|page| connection(page, Node::new)).collect())
}

/// What holds today on the main ledger, or on the first that has a schedule; else what comes next.
async fn current_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = accounts(&call)?;
    let mut view = call.cx.read().await?;
    let coming = schedules::coming(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(coming.into_iter().map(|coming| Resolved::maybe(coming.into_iter().next())).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForecastArgs {
    date_to: Option<NaiveDate>,
    ledger_number: Option<String>,
    ledger_id: Option<i64>,
}

impl ForecastArgs {
    fn span(self) -> Span {
        Span { to: self.date_to, ledger_number: self.ledger_number, ledger_id: self.ledger_id }
    }
}

async fn forecasts(call: &Call<'_>) -> Result<Vec<Vec<Expected>>, FieldError> {
    let ids = accounts(call)?;
    let span = call.args::<ForecastArgs>()?.span();
    let mut view = call.cx.read().await?;
    let found = forecast::of_accounts(&mut view, call.cx.viewer(), &ids, &span).await;
    found.map_err(FieldError::internal)
}

async fn forecast_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(forecasts(&call).await?.into_iter().map(Resolved::nodes).collect())
}

async fn forecast_page_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let all = forecasts(&call).await?;
    Ok(all.into_iter().map(|list| connection(Page::of(&window, list), Node::new)).collect())
}

async fn adequacy_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Ledger>()?.iter().map(|ledger| ledger.id).collect();
    let mut view = call.cx.read().await?;
    let exempt = adequacy::exempt(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(exempt.into_iter().map(|is_exempt| Resolved::node(Review { is_exempt })).collect())
}

async fn live_adequacy(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("ledgerNumber")?;
    let mut view = call.cx.read().await?;
    match adequacy::calculate(&mut view, call.cx.viewer(), &number).await {
        Ok(found) => Ok(Resolved::node(found)),
        Err(AdequacyError::Database(error)) => Err(FieldError::internal(error)),
        Err(_) => Err(FieldError::code("KT-CT-3963")),
    }
}

async fn consumption_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let mut shown = Vec::new();
    // Only a root field leads here: one ledger at a time.
    for found in call.parents::<Adequacy>()? {
        let mut view = call.cx.read().await?;
        let all = adequacy::consumption(&mut view, found).await.map_err(FieldError::internal)?;
        shown.push(connection(Page::of(&window, all), Node::new));
    }
    Ok(shown)
}

async fn charges_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let all = call.parents::<Consumption>()?;
    Ok(all.iter().map(|each| connection(Page::of(&window, each.charges.clone()), Node::new)).collect())
}

async fn delays_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let schedules: Vec<&Schedule> = call.parents::<Schedule>()?;
    let mut view = call.cx.read().await?;
    let found = schedules::delays(&mut view, &schedules).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}
