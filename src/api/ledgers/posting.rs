//! What staff post by hand: `createAccountCharge`, `createAccountCredit`.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::charges::{self, ChargeError, NewCharge};
use crate::domain::ledgers::credits::{self, CreditError, NewCredit};
use crate::domain::ledgers::transactions::Transaction;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaf, Leaves, Parts, Resolved};

/// A transaction that was posted just now, wrapped as the payload of its mutation.
struct Posted(Transaction);

/// What another system attached to a transaction.
struct Attached {
    data: Value,
    at: DateTime<Utc>,
}

const AMOUNTS: Leaves<Transaction> = &[
    ("id", |t| t.id.into()),
    ("netAmount", |t| t.net_amount.0.into()),
    ("grossAmount", |t| t.amount.0.into()),
    ("salesTaxAmount", |t| t.tax_amount.0.into()),
    ("reason", |t| t.reason_code.as_deref().unwrap_or_default().into()),
];

const METADATA: Parts<Transaction> =
    &[("metadata", |t| Resolved::maybe(t.metadata.clone().map(|data| Attached { data, at: t.created_at })))];

const ATTACHED: Leaves<Attached> = &[("data", |a| Leaf::from(&a.data)), ("updatedAt", |a| a.at.into())];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createAccountCharge", create_account_charge);
    b.root("Mutation.createAccountCredit", create_account_credit);
    b.parts::<Posted>("CreateAccountCharge", &[("accountCharge", |p| Resolved::node(p.0.clone()))]);
    b.parts::<Posted>("CreateAccountCredit", &[("accountCredit", |p| Resolved::node(p.0.clone()))]);
    b.leaves("AccountChargeType", AMOUNTS).parts("AccountChargeType", METADATA);
    b.leaves("AccountCreditType", AMOUNTS).parts("AccountCreditType", METADATA);
    b.leaves::<Transaction>(
        "AccountChargeType",
        &[("note", |t| (&t.note).into()), ("displayNote", |t| (&t.display_note).into())],
    );
    b.leaves::<Transaction>(
        "AccountCreditType",
        &[("note", |t| t.note.as_deref().unwrap_or_default().into())],
    );
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
    posted.await.map(|charge| Resolved::node(Posted(charge))).map_err(charge_error)
}

fn charge_error(error: ChargeError) -> FieldError {
    let invalid =
        |text: String, field: &str| FieldError::code("KT-CT-5213").describe(text).at_input(&["input", field]);
    match error {
        ChargeError::Forbidden => FieldError::code(FORBIDDEN),
        ChargeError::UnknownReason => FieldError::code("KT-CT-5212"),
        ChargeError::DeprecatedReason => FieldError::code("KT-CT-5211"),
        ChargeError::UnknownAccount => {
            invalid("There is no account with this number.".into(), "accountNumber")
        }
        ChargeError::NoLedger => invalid("The account has no ledger to charge.".into(), "accountNumber"),
        ChargeError::Amount(error) => invalid(format!("The charge was refused: {error}."), "grossAmount"),
        ChargeError::Books(error) => FieldError::internal(error),
        ChargeError::Database(error) => FieldError::internal(error),
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
            };
            credits::create(tx, viewer, &new).await
        })
    });
    posted.await.map(|credit| Resolved::node(Posted(credit))).map_err(credit_error)
}

fn credit_error(error: CreditError) -> FieldError {
    let invalid =
        |text: String, field: &str| FieldError::code("KT-CT-5315").describe(text).at_input(&["input", field]);
    match error {
        CreditError::Forbidden => FieldError::code(FORBIDDEN),
        CreditError::DoesNotAddUp => FieldError::code("KT-CT-5314"),
        CreditError::UnknownReason => invalid("This market has no such credit reason.".into(), "reason"),
        CreditError::UnknownAccount => {
            invalid("There is no account with this number.".into(), "accountNumber")
        }
        CreditError::NoLedger => invalid("The account has no ledger to credit.".into(), "accountNumber"),
        CreditError::Amount(error) => invalid(format!("The credit was refused: {error}."), "grossAmount"),
        CreditError::Books(error) => FieldError::internal(error),
        CreditError::Database(error) => FieldError::internal(error),
    }
}
