//! What staff post by hand: `createAccountCharge`, `createAccountCredit`, `postCredit`.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::by_hand::{HandError, Posted};
use crate::domain::ledgers::charges::{self, NewCharge};
use crate::domain::ledgers::credits::{self, NewCredit};
use crate::domain::ledgers::ledgers::NameError;
use crate::domain::ledgers::transactions::{self, Transaction};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaf, Leaves, Parts, Resolved};

/// A transaction that was posted just now, wrapped as the payload of its mutation.
struct Payload(Posted);

/// A credit as its ledger shows it, wrapped as the payload of its mutation.
struct Credited(Transaction);

/// What another system attached to a transaction.
struct Attached {
    data: Value,
    at: DateTime<Utc>,
}

const AMOUNTS: Leaves<Posted> = &[
    ("id", |t| t.id.into()),
    ("netAmount", |t| t.split.net.0.into()),
    ("grossAmount", |t| t.split.gross.0.into()),
    ("salesTaxAmount", |t| t.split.tax.0.into()),
    ("reason", |t| (&t.reason).into()),
];

const METADATA: Parts<Posted> =
    &[("metadata", |t| Resolved::maybe(t.metadata.clone().map(|data| Attached { data, at: t.created_at })))];

const ATTACHED: Leaves<Attached> = &[("data", |a| Leaf::from(&a.data)), ("updatedAt", |a| a.at.into())];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createAccountCharge", create_account_charge);
    b.root("Mutation.createAccountCredit", create_account_credit);
    b.root("Mutation.postCredit", post_credit);
    b.parts::<Credited>("PostCredit", &[("credit", |p| Resolved::node(p.0.clone()))]);
    b.parts::<Payload>("CreateAccountCharge", &[("accountCharge", |p| Resolved::node(p.0.clone()))]);
    b.parts::<Payload>("CreateAccountCredit", &[("accountCredit", |p| Resolved::node(p.0.clone()))]);
    b.leaves("AccountChargeType", AMOUNTS).parts("AccountChargeType", METADATA);
    b.leaves("AccountCreditType", AMOUNTS).parts("AccountCreditType", METADATA);
    b.leaves::<Posted>(
        "AccountChargeType",
        &[("note", |t| (&t.note).into()), ("displayNote", |t| (&t.display_note).into())],
    );
    b.leaves::<Posted>("AccountCreditType", &[("note", |t| t.note.as_deref().unwrap_or_default().into())]);
    b.leaves("AccountChargeMetadataType", ATTACHED).leaves("AccountCreditMetadataType", ATTACHED);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChargeInput {
    account_number: String,
    gross_amount: i64,
    metadata: Option<Value>,
    note: Option<String>,
    display_note: Option<String>,
    reason: String,
}

async fn create_account_charge(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ChargeInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let posted = call.cx.write("Mutation.createAccountCharge", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let new = NewCharge {
                account_number: &input.account_number,
                gross: input.gross_amount,
                reason: &input.reason,
                note: input.note.as_deref(),
                display_note: input.display_note.as_deref(),
                metadata: input.metadata.as_ref(),
            };
            charges::create(tx, viewer, &new).await
        })
    });
    posted.await.map(|charge| Resolved::node(Payload(charge))).map_err(charge_error)
}

fn charge_error(error: HandError) -> FieldError {
    let invalid =
        |text: String, field: &str| FieldError::code("KT-CT-5213").describe(text).at_input(&["input", field]);
    match error {
        HandError::Forbidden => FieldError::code(FORBIDDEN),
        HandError::UnknownReason => FieldError::code("KT-CT-5212"),
        HandError::DeprecatedReason => FieldError::code("KT-CT-5211"),
        HandError::UnknownAccount => invalid("There is no account with this number.".into(), "accountNumber"),
        HandError::NoLedger => invalid("The account has no ledger to charge.".into(), "accountNumber"),
        HandError::Amount(_) | HandError::DoesNotAddUp | HandError::Balance => {
            invalid(format!("The charge was refused: {error}."), "grossAmount")
        }
        HandError::Name(_) | HandError::Books(_) | HandError::Database(_) => FieldError::internal(error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreditInput {
    account_number: String,
    net_amount: i64,
    gross_amount: i64,
    sales_tax_amount: i64,
    metadata: Option<Value>,
    note: Option<String>,
    reason: String,
}

async fn create_account_credit(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CreditInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let posted = call.cx.write("Mutation.createAccountCredit", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let new = NewCredit {
                account_number: &input.account_number,
                net: input.net_amount,
                tax: input.sales_tax_amount,
                gross: input.gross_amount,
                reason: &input.reason,
                note: input.note.as_deref(),
                metadata: input.metadata.as_ref(),
                ..NewCredit::default()
            };
            credits::create(tx, viewer, &new).await
        })
    });
    posted.await.map(|credit| Resolved::node(Payload(credit))).map_err(credit_error)
}

fn credit_error(error: HandError) -> FieldError {
    let invalid =
        |text: String, field: &str| FieldError::code("KT-CT-5315").describe(text).at_input(&["input", field]);
    match error {
        HandError::Forbidden => FieldError::code(FORBIDDEN),
        HandError::DoesNotAddUp => FieldError::code("KT-CT-5314"),
        HandError::UnknownReason | HandError::DeprecatedReason => {
            invalid("This market has no such credit reason that may still be used.".into(), "reason")
        }
        HandError::UnknownAccount => invalid("There is no account with this number.".into(), "accountNumber"),
        HandError::NoLedger => invalid("The account has no ledger to credit.".into(), "accountNumber"),
        HandError::Amount(_) | HandError::Balance => {
            invalid(format!("The credit was refused: {error}."), "grossAmount")
        }
        HandError::Name(_) | HandError::Books(_) | HandError::Database(_) => FieldError::internal(error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostCreditInput {
    account_number: String,
    net_amount: i64,
    tax_amount: i64,
    display_note: Option<String>,
    note: Option<String>,
    reason: String,
    ledger_id: String,
}

async fn post_credit(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: PostCreditInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let posted = call.cx.write("Mutation.postCredit", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let new = NewCredit {
                account_number: &input.account_number,
                ledger: Some(&input.ledger_id),
                net: input.net_amount,
                tax: input.tax_amount,
                // Both are Ints.
                gross: input.net_amount.saturating_add(input.tax_amount),
                reason: &input.reason,
                note: input.note.as_deref(),
                display_note: input.display_note.as_deref(),
                metadata: None,
            };
            credits::create(tx, viewer, &new).await
        })
    });
    let id = posted.await.map_err(post_credit_error)?.id;
    let mut view = call.cx.read().await?;
    let found = transactions::by_ids(&mut view, call.cx.viewer(), &[id]).await;
    let found = found.map_err(FieldError::internal)?.into_iter().flatten().next();
    Ok(Resolved::maybe(found.map(Credited)))
}

fn post_credit_error(error: HandError) -> FieldError {
    let invalid =
        |text: &str, field: &str| FieldError::code("KT-CT-5316").describe(text).at_input(&["input", field]);
    match error {
        HandError::Forbidden => FieldError::code(FORBIDDEN),
        HandError::Name(error) => FieldError::code(misnamed(error)).at_input(&["input", "ledgerId"]),
        HandError::DeprecatedReason => FieldError::code("KT-CT-5311"),
        HandError::UnknownReason => FieldError::code("KT-CT-5312"),
        HandError::Balance => {
            FieldError::code("KT-CT-5313").describe("The ledger cannot hold as much as that.")
        }
        HandError::UnknownAccount => invalid("There is no account with this number.", "accountNumber"),
        HandError::NoLedger => invalid("The account has no such ledger.", "ledgerId"),
        HandError::Amount(_) | HandError::DoesNotAddUp => {
            invalid("Net and tax must not be negative, and must make up more than zero.", "netAmount")
        }
        HandError::Books(_) | HandError::Database(_) => FieldError::internal(error),
    }
}

/// The code for a text that names no one ledger.
pub(super) fn misnamed(error: NameError) -> &'static str {
    match error {
        NameError::Both => "KT-CT-3820",
        NameError::Neither => "KT-CT-3821",
    }
}
