//! `createScheduledTransactions`, and what is planned on an account.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::ledgers::by_hand::HandError;
use crate::domain::ledgers::provisional::{self, Provisional};
use crate::domain::ledgers::scheduled::{self, Flaw, NewScheduled, ScheduleError, Scheduled};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

/// What was planned just now.
struct Planned(Vec<Scheduled>);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createScheduledTransactions", create_scheduled_transactions);
    b.parts::<Planned>(
        "CreateScheduledTransactions",
        &[("scheduledTransactions", |p| Resolved::nodes(p.0.iter().cloned()))],
    );
    b.leaves::<Scheduled>(
        "ScheduledTransactionType",
        &[
            ("ledgerNumber", |s| (&s.ledger_number).into()),
            ("action", |s| (&s.action).into()),
            ("grossAmount", |s| s.gross_amount.0.into()),
            ("netAmount", |s| s.net_amount.0.into()),
            ("salesTaxAmount", |s| s.tax_amount.0.into()),
            ("salesTaxRate", |s| s.tax_rate.into()),
            ("reason", |s| (&s.reason_code).into()),
            ("ancillaryData", |s| (&s.ancillary_data).into()),
            ("metadata", |s| (&s.metadata).into()),
            ("internalNote", |s| (&s.internal_note).into()),
            ("displayNote", |s| (&s.display_note).into()),
            ("postedAfter", |s| s.posted_after.into()),
        ],
    );
    b.batch("AccountType.provisionalTransactions", provisional_of);
    b.leaves::<Provisional>(
        "ProvisionalTransactionType",
        &[
            ("id", |p| p.id.into()),
            ("title", |p| (&p.title).into()),
            ("amount", |p| p.amount.0.into()),
            ("date", |p| p.date().into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScheduledInput {
    action: String,
    gross_amount: i64,
    net_amount: i64,
    tax_amount: i64,
    tax_rate: Decimal,
    reason: String,
    idempotency_key: String,
    posted_after: DateTime<Utc>,
    ancillary_data: Option<Value>,
    metadata: Option<Value>,
    internal_note: Option<String>,
    display_note: Option<String>,
    ledger_number: String,
}

impl ScheduledInput {
    fn plan<'a>(&'a self, nothing: &'a Value) -> NewScheduled<'a> {
        NewScheduled {
            action: &self.action,
            ledger_number: &self.ledger_number,
            net: self.net_amount,
            tax: self.tax_amount,
            gross: self.gross_amount,
            tax_rate: self.tax_rate,
            reason: &self.reason,
            idempotency_key: &self.idempotency_key,
            posted_after: self.posted_after,
            ancillary_data: self.ancillary_data.as_ref().unwrap_or(nothing),
            metadata: self.metadata.as_ref().unwrap_or(nothing),
            internal_note: self.internal_note.as_deref().unwrap_or_default(),
            display_note: self.display_note.as_deref().unwrap_or_default(),
        }
    }
}

async fn create_scheduled_transactions(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Vec<Option<ScheduledInput>> = call.arg("input")?;
    let ledger = input.iter().flatten().next().map(|first| first.ledger_number.as_str());
    let planned =
        call.cx.write("Mutation.createScheduledTransactions", ledger, &input, |tx, viewer, input| {
            Box::pin(async move {
                let nothing = Value::Object(serde_json::Map::new());
                let all: Vec<Option<NewScheduled<'_>>> =
                    input.iter().map(|each| each.as_ref().map(|each| each.plan(&nothing))).collect();
                scheduled::create(tx, viewer, &all).await
            })
        });
    planned.await.map(|planned| Resolved::node(Planned(planned))).map_err(refusal)
}

fn refusal(error: ScheduleError) -> FieldError {
    match error {
        ScheduleError::Forbidden => FieldError::code(FORBIDDEN),
        ScheduleError::Count => invalid(&error.to_string(), &["input"]),
        ScheduleError::Each(place, flaw) => flawed(place, flaw),
        ScheduleError::Database(error) => FieldError::internal(error),
    }
}

fn flawed(place: usize, flaw: Flaw) -> FieldError {
    let place = place.to_string();
    let at = |field: &str| invalid(&format!("Nothing was planned: {flaw}."), &["input", &place, field]);
    match &flaw {
        Flaw::Action => FieldError::code("KT-CT-3830").at_input(&["input", &place, "action"]),
        Flaw::LedgerNumber => FieldError::code("KT-CT-3821").at_input(&["input", &place, "ledgerNumber"]),
        Flaw::Nothing => invalid(&format!("Nothing was planned: {flaw}."), &["input", &place]),
        Flaw::TaxRate => at("taxRate"),
        Flaw::Key | Flaw::UsedKey => at("idempotencyKey"),
        Flaw::Hand(error) => match error {
            HandError::NoLedger | HandError::UnknownAccount | HandError::Name(_) => at("ledgerNumber"),
            HandError::UnknownReason | HandError::DeprecatedReason => at("reason"),
            HandError::Amount(_) | HandError::DoesNotAddUp | HandError::Balance => at("grossAmount"),
            HandError::Forbidden => FieldError::code(FORBIDDEN),
            HandError::Books(_) | HandError::Database(_) => FieldError::internal(error),
        },
    }
}

fn invalid(text: &str, path: &[&str]) -> FieldError {
    FieldError::code("KT-CT-3831").describe(text).at_input(path)
}

async fn provisional_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let pages = provisional::page_of_accounts(&mut view, call.cx.viewer(), &ids, &window)
        .await
        .map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}
