//! Points: how many there are, and how they came and went.

use serde::Deserialize;
use uuid::Uuid;

use crate::api::session::{Bindings, Call};
use crate::domain::loyalty::wallets::{self, BalanceError, Entry, Held};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.loyaltyPointsBalance", balance);
    b.root("Query.loyaltyPointLedgers", ledgers);
    b.root("Query.loyaltyPointLedgerEntry", entry);
    b.leaves::<Held>(
        "AccountLoyaltyPointsType",
        &[("loyaltyPoints", |h| h.points.into()), ("totalMonetaryAmount", |h| h.worth.into())],
    );
    b.leaves::<Entry>(
        "LoyaltyPointLedgerEntryType",
        &[
            ("id", |e| e.id.into()),
            ("ledgerType", |e| if e.points < 0 { "CHARGE" } else { "CREDIT" }.into()),
            ("value", |e| e.points.abs().to_string().into()),
            ("balanceBroughtForward", |e| (e.balance - e.points).to_string().into()),
            ("balanceCarriedForward", |e| e.balance.to_string().into()),
            ("reasonCode", |e| (&e.reason_code).into()),
            ("idempotencyKey", |e| e.idempotency_key.into()),
            ("postedAt", |e| e.posted_at.into()),
            ("accountNumber", |e| (&e.account_number).into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BalanceArguments {
    account_number: Option<String>,
    input: Option<BalanceInput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BalanceInput {
    account_number: String,
    account_user_id: Option<String>,
}

async fn balance(call: Call<'_>) -> Result<Resolved, FieldError> {
    let BalanceArguments { account_number, input } = call.args()?;
    let (number, user) = match (input, account_number) {
        (Some(input), _) => (input.account_number, input.account_user_id),
        (None, Some(number)) => (number, None),
        (None, None) => return Err(FieldError::code("KT-CT-9222")),
    };
    let mut view = call.cx.read().await?;
    let found = wallets::of_account(&mut view, call.cx.viewer(), &number, user.as_deref()).await;
    found.map(Resolved::maybe).map_err(|error| match error {
        BalanceError::Forbidden => FieldError::code("KT-CT-9216"),
        BalanceError::UnknownUser => FieldError::code("KT-CT-9217"),
        other => refused(other),
    })
}

fn refused(error: BalanceError) -> FieldError {
    match error {
        BalanceError::Suspended => FieldError::code("KT-CT-9215"),
        BalanceError::Database(error) => FieldError::internal(error),
        _ => FieldError::code("KT-CT-9218"),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LedgersInput {
    account_user_id: String,
}

/// The viewer's own, unless somebody is named. Nothing for a viewer who has no points.
async fn ledgers(call: Call<'_>) -> Result<Resolved, FieldError> {
    let (input, viewer): (Option<LedgersInput>, _) = (call.arg("input")?, call.cx.viewer());
    let user = match input {
        Some(input) => Some(input.account_user_id.parse().map_err(|_| FieldError::code(FORBIDDEN))?),
        None => viewer.account_user(),
    };
    let Some(user) = user else { return Ok(Resolved::Null) };
    let mut view = call.cx.read().await?;
    let found = wallets::of_user(&mut view, viewer, user).await.map_err(FieldError::internal)?;
    found.map(Resolved::nodes).ok_or_else(|| FieldError::code(FORBIDDEN))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryInput {
    idempotency_key: Uuid,
}

async fn entry(call: Call<'_>) -> Result<Resolved, FieldError> {
    let EntryInput { idempotency_key } = call.arg("input")?;
    let mut view = call.cx.read().await?;
    let found = wallets::by_key(&mut view, call.cx.viewer(), idempotency_key).await.map_err(refused)?;
    found.map(Resolved::node).ok_or_else(|| FieldError::code("KT-CT-9223"))
}
