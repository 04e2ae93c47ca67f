//! Debt collection agencies: `commenceDcaProceeding`, `updateDcaProceeding`, `closeDcaProceeding`, and what agencies do
//! on an account.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::ledgers::proceedings::{
    self, Changes, Closing, NewProceeding, Proceeding, ProceedingError,
};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// A proceeding after one of the mutations, wrapped as its payload.
struct Done(Proceeding);

fn status(done: &Done) -> Resolved {
    Resolved::node(done.0.clone())
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.commenceDcaProceeding", commence);
    b.root("Mutation.updateDcaProceeding", update);
    b.root("Mutation.closeDcaProceeding", close);
    b.parts::<Done>("CommenceDCAProceeding", &[("dcaProceedingCommencementStatus", status)]);
    b.parts::<Done>("UpdateDCAProceeding", &[("dcaProceedingUpdateStatus", status)]);
    b.parts::<Done>("CloseDCAProceeding", &[("dcaProceedingClosureStatus", status)]);
    b.leaves::<Proceeding>(
        "DCAProceedingCommencementStatus",
        &[
            ("commencementStatus", |p| p.stopped_at.is_none().into()),
            ("accountNumber", |p| (&p.account_number).into()),
            ("ledgerNumber", |p| (&p.ledger_number).into()),
            ("agency", |p| (&p.agency).into()),
            ("campaign", |p| (&p.campaign).into()),
        ],
    );
    b.leaves::<Proceeding>(
        "DCAProceedingUpdateStatus",
        &[
            ("commencementStatus", |p| p.stopped_at.is_none().into()),
            ("accountNumber", |p| (&p.account_number).into()),
        ],
    );
    b.leaves::<Proceeding>(
        "DCAProceedingClosureStatus",
        &[("accountNumber", |p| (&p.account_number).into()), ("ledgerNumber", |p| (&p.ledger_number).into())],
    );
    bind_proceedings(b);
}

fn bind_proceedings(b: &mut Bindings) {
    b.batch("AccountType.debtCollectionProceedings", of_accounts);
    b.leaves::<Proceeding>(
        "DebtCollectionProceedingType",
        &[
            ("campaign", |p| (&p.method).into()),
            ("amount", |p| p.amount.into()),
            ("startedAt", |p| p.started_at.into()),
            ("stoppedAt", |p| p.stopped_at.into()),
            ("stopReason", |p| (&p.stop_reason).into()),
        ],
    );
    b.parts::<Proceeding>(
        "DebtCollectionProceedingType",
        &[("agency", |p| Resolved::node(p.clone())), ("collectionCampaign", |p| Resolved::node(p.clone()))],
    );
    b.leaves::<Proceeding>(
        "DebtCollectionAgencyType",
        &[
            ("name", |p| (&p.agency_name).into()),
            ("code", |p| (&p.agency).into()),
            ("isActive", |p| p.agency_is_active.into()),
        ],
    );
    b.leaves::<Proceeding>(
        "DebtCollectionCampaignType",
        &[
            ("code", |p| (&p.campaign).into()),
            ("displayName", |p| (&p.campaign_name).into()),
            ("deprecatedAt", |p| p.deprecated_at.into()),
            ("requiresFieldVisit", |p| p.requires_field_visit.into()),
        ],
    );
}

async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let found = proceedings::of_accounts(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommenceInput {
    account_number: String,
    ledger_number: Option<String>,
    agency: String,
    campaign: String,
    is_white_label: bool,
    date_started: String,
    amount: Option<i64>,
    notes: Option<String>,
}

async fn commence(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CommenceInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.commenceDcaProceeding", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let new = NewProceeding {
                account_number: &input.account_number,
                ledger_number: input.ledger_number.as_deref(),
                agency: &input.agency,
                campaign: &input.campaign,
                is_white_label: input.is_white_label,
                // What is no day is refused as a day that cannot be.
                started_on: input.date_started.parse().unwrap_or(NaiveDate::MAX),
                amount: input.amount,
                notes: input.notes.as_deref(),
            };
            proceedings::commence(tx, viewer, &new).await
        })
    });
    done.await.map(|proceeding| Resolved::node(Done(proceeding))).map_err(|error| match error {
        ProceedingError::UnknownAccount => {
            FieldError::code("KT-CT-11607").describe("There is no such account, and so no ledger of it.")
        }
        other => refusal(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateInput {
    account_number: String,
    campaign: Option<String>,
    amount: Option<i64>,
    notes: Option<String>,
}

async fn update(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: UpdateInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.updateDcaProceeding", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let changes = Changes {
                account_number: &input.account_number,
                campaign: input.campaign.as_deref(),
                amount: input.amount,
                notes: input.notes.as_deref(),
            };
            proceedings::change(tx, viewer, &changes).await
        })
    });
    done.await.map(|proceeding| Resolved::node(Done(proceeding))).map_err(|error| match error {
        // On an account that is not there, no agency is at work.
        ProceedingError::UnknownAccount => FieldError::code("KT-CT-11604"),
        ProceedingError::Campaign => not_edited("The agency cannot use the campaign."),
        ProceedingError::BadAmount => not_edited("That amount is not owed."),
        ProceedingError::NothingToChange => not_edited("Nothing was to be changed."),
        other => refusal(other),
    })
}

fn not_edited(why: &str) -> FieldError {
    FieldError::code("KT-CT-11610").describe(why)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CloseInput {
    account_number: String,
    ledger_number: Option<String>,
    stop_reason: String,
    stopped_date: NaiveDate,
    notify_dca: Option<bool>,
    agency: String,
    campaign: Option<String>,
}

async fn close(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CloseInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.closeDcaProceeding", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let closing = Closing {
                account_number: &input.account_number,
                ledger_number: input.ledger_number.as_deref(),
                agency: &input.agency,
                campaign: input.campaign.as_deref(),
                reason: &input.stop_reason,
                stopped_on: input.stopped_date,
                tells_agency: input.notify_dca == Some(true),
            };
            proceedings::close(tx, viewer, &closing).await
        })
    });
    done.await.map(|proceeding| Resolved::node(Done(proceeding))).map_err(refusal)
}

fn refusal(error: ProceedingError) -> FieldError {
    let wrong =
        |field: &str, why: &str| FieldError::code(INVALID_INPUT).describe(why).at_input(&["input", field]);
    match error {
        ProceedingError::Forbidden => FieldError::code(FORBIDDEN),
        ProceedingError::UnknownAccount => FieldError::code("KT-CT-4178"),
        ProceedingError::AlreadyStarted => FieldError::code("KT-CT-11601"),
        ProceedingError::UnknownAgency => FieldError::code("KT-CT-11602"),
        ProceedingError::UnknownReason => {
            FieldError::code("KT-CT-11603").describe("There is no such reason.")
        }
        ProceedingError::BadStop => FieldError::code("KT-CT-11603")
            .describe("It cannot have ended before it began, nor on a day that has not come."),
        ProceedingError::NoneActive => FieldError::code("KT-CT-11604"),
        ProceedingError::Several => FieldError::code("KT-CT-11605"),
        ProceedingError::Campaign => FieldError::code("KT-CT-11606"),
        ProceedingError::UnknownLedger => FieldError::code("KT-CT-11607"),
        ProceedingError::ForeignLedger => FieldError::code("KT-CT-11608"),
        ProceedingError::NothingToChange => not_edited("Nothing was to be changed."),
        ProceedingError::BadDay => {
            wrong("dateStarted", "It must be a day since the account was opened, as in 2030-01-31.")
        }
        ProceedingError::BadAmount => wrong("amount", "That amount is not owed."),
        ProceedingError::NothingOverdue => wrong("amount", "Nothing is overdue, so an amount must be named."),
        ProceedingError::Database(error) => FieldError::internal(error),
    }
}
