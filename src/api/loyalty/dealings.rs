//! Giving, taking, handing on and redeeming points.

use serde::Deserialize;
use uuid::Uuid;

use crate::api::session::{Bindings, Call};
use crate::domain::loyalty::dealings::{self, ByHand, DealError};
use crate::domain::loyalty::wallets::{self, Entry};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// Points that were given, and the entry.
struct Awarded(Entry);
/// Points that were taken, and the entry.
struct Deducted(Entry);
/// Points that were handed on.
struct Transferred(i64);
/// Points that became credit.
struct Redeemed(i64);
/// Points that became credit, and those that are left.
struct RedeemedAll(i64, i64);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.awardLoyaltyPoints", award);
    b.root("Mutation.deductLoyaltyPoints", deduct);
    b.root("Mutation.transferLoyaltyPointsBetweenUsers", transfer);
    b.root("Mutation.redeemLoyaltyPointsForAccountCredit", redeem);
    b.root("Mutation.redeemOctoPointsForAccountCredit", redeem_all);
    b.leaves::<Awarded>("AwardLoyaltyPoints", &[("pointsAwarded", |a| a.0.points.into())]);
    b.parts::<Awarded>("AwardLoyaltyPoints", &[("ledgerEntry", |a| Resolved::node(a.0.clone()))]);
    b.leaves::<Deducted>("DeductLoyaltyPoints", &[("pointsDeducted", |d| d.0.points.abs().into())]);
    b.parts::<Deducted>("DeductLoyaltyPoints", &[("ledgerEntry", |d| Resolved::node(d.0.clone()))]);
    b.leaves::<Transferred>("TransferLoyaltyPointsBetweenUsers", &[("pointsTransferred", |t| t.0.into())]);
    b.leaves::<Redeemed>("RedeemLoyaltyPointsForAccountCredit", &[("pointsRedeemed", |r| r.0.into())]);
    b.leaves::<RedeemedAll>(
        "RedeemOctoPointsForAccountCredit",
        &[("pointsRedeemed", |r| r.0.into()), ("remainingPointsInWallet", |r| r.1.into())],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByHandInput {
    account_number: String,
    account_user_id: Option<String>,
    points: i64,
    reason_code: Option<String>,
    note: Option<String>,
    idempotency_key: Option<Uuid>,
}

impl ByHandInput {
    fn given(&self) -> ByHand<'_> {
        ByHand {
            account_number: &self.account_number,
            user: self.account_user_id.as_deref(),
            points: self.points,
            reason: self.reason_code.as_deref(),
            note: self.note.as_deref(),
            key: self.idempotency_key,
        }
    }
}

/// An entry that the caller has just made, as the wallet shows it.
async fn made(call: &Call<'_>, entry: i64) -> Result<Entry, FieldError> {
    let mut view = call.cx.read().await?;
    let found = wallets::by_entry(&mut view, entry).await.map_err(FieldError::internal)?;
    found.ok_or_else(|| FieldError::internal("the entry is not there"))
}

async fn award(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ByHandInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.awardLoyaltyPoints", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let new = input.given();
            dealings::award(tx, viewer, &new).await
        })
    });
    let entry = done.await.map_err(|error| match error {
        DealError::Forbidden => FieldError::code(FORBIDDEN),
        DealError::TooMany => FieldError::code("KT-CT-9212").at_input(&["input", "points"]),
        DealError::KeyUsed => FieldError::code("KT-CT-9221").at_input(&["input", "idempotencyKey"]),
        other => of_points(other),
    })?;
    let entry = made(&call, entry).await?;
    Ok(Resolved::node(Awarded(entry)))
}

async fn deduct(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ByHandInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.deductLoyaltyPoints", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let new = input.given();
            dealings::deduct(tx, viewer, &new).await
        })
    });
    let entry = done.await.map_err(|error| match error {
        DealError::Forbidden | DealError::UnknownAccount => FieldError::code("KT-CT-5420"),
        DealError::NoHolder => FieldError::code("KT-CT-9219"),
        DealError::Reason => FieldError::code("KT-CT-9211").at_input(&["input", "reasonCode"]),
        DealError::KeyUsed => FieldError::code("KT-CT-9221").at_input(&["input", "idempotencyKey"]),
        DealError::TooMany => FieldError::code(INSUFFICIENT),
        other => of_points(other),
    })?;
    let entry = made(&call, entry).await?;
    Ok(Resolved::node(Deducted(entry)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransferInput {
    account_number: String,
    receiving_user_id: String,
    points: i64,
}

async fn transfer(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: TransferInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let operation = "Mutation.transferLoyaltyPointsBetweenUsers";
    let done = call.cx.write(operation, number, &input, |tx, viewer, input| {
        let TransferInput { account_number, receiving_user_id, points } = input;
        Box::pin(dealings::transfer(tx, viewer, account_number, receiving_user_id, *points))
    });
    match done.await {
        Ok(()) => Ok(Resolved::node(Transferred(input.points))),
        Err(DealError::Forbidden) => Err(FieldError::code(FORBIDDEN)),
        Err(DealError::Empty | DealError::NoHolder) => Err(FieldError::code(NEGATIVE)),
        Err(DealError::NoProgramme) => Err(FieldError::code(UNHANDLED)),
        Err(other) => Err(of_points(other)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedeemInput {
    account_number: String,
    points: i64,
}

async fn redeem(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RedeemInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let operation = "Mutation.redeemLoyaltyPointsForAccountCredit";
    let done = call.cx.write(operation, number, &input, |tx, viewer, input| {
        Box::pin(dealings::redeem(tx, viewer, &input.account_number, input.points))
    });
    match done.await {
        Ok(()) => Ok(Resolved::node(Redeemed(input.points))),
        Err(DealError::Forbidden) => Err(FieldError::code(FORBIDDEN)),
        Err(DealError::NoHolder) => Err(FieldError::code("KT-CT-9201")),
        Err(DealError::NeverAny) => Err(FieldError::code("KT-CT-9203")),
        Err(DealError::Indivisible) => Err(FieldError::code("KT-CT-9206").at_input(&["input", "points"])),
        Err(DealError::Empty) => Err(FieldError::code(NEGATIVE)),
        Err(other) => Err(of_points(other)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedeemAllInput {
    account_number: String,
}

async fn redeem_all(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RedeemAllInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let operation = "Mutation.redeemOctoPointsForAccountCredit";
    let done = call.cx.write(operation, number, &input, |tx, viewer, input| {
        Box::pin(dealings::redeem_all(tx, viewer, &input.account_number))
    });
    done.await.map(|(points, left)| Resolved::node(RedeemedAll(points, left))).map_err(|error| match error {
        DealError::Database(error) => FieldError::internal(error),
        DealError::Forbidden | DealError::UnknownAccount | DealError::NotTheirs => {
            FieldError::code("KT-CT-4177")
        }
        DealError::Insufficient => FieldError::code("KT-GB-5011"),
        other => FieldError::code("KT-GB-5010").describe(other.to_string()),
    })
}

const UNHANDLED: &str = "KT-CT-9210";
const INSUFFICIENT: &str = "KT-CT-9205";
const NEGATIVE: &str = "KT-CT-9209";

/// What all dealings with points may come to.
fn of_points(error: DealError) -> FieldError {
    match error {
        DealError::Database(error) => FieldError::internal(error),
        DealError::NoProgramme => FieldError::code("KT-CT-9202"),
        DealError::NotPositive => FieldError::code("KT-CT-9204").at_input(&["input", "points"]),
        DealError::Insufficient | DealError::Empty => FieldError::code(INSUFFICIENT),
        DealError::Backwards => FieldError::code("KT-CT-9208").describe(error.to_string()),
        other => FieldError::code(UNHANDLED).describe(other.to_string()),
    }
}
