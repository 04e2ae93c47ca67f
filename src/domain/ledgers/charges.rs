//! Charging accounts.

use serde_json::Value;
use thiserror::Error;

use super::books;
use super::journal::{PostError, posting_error};
use super::ledgers::{self, Target};
use super::reasons;
use super::transactions::{self, Kind, New, Transaction};
use crate::domain::accounts::accounts;
use crate::domain::auth::viewer::{POST_TRANSACTIONS, Viewer};
use crate::platform::db::{Tx, database_error};
use crate::platform::market::{self, Market};
use crate::platform::money::{AmountError, Minor, Split};

/// Why an account was not charged.
#[derive(Debug, Error)]
pub enum ChargeError {
    /// The viewer is not staff with the permission to post.
    #[error("the viewer may not post charges")]
    Forbidden,
    /// There is no such account, or not for this viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// The account has no ledger to post on.
    #[error("the account has no such ledger")]
    NoLedger,
    /// The account's market has no charge reason of this code.
    #[error("there is no such charge reason")]
    UnknownReason,
    /// The reason may no longer be used.
    #[error("the charge reason is deprecated")]
    DeprecatedReason,
    /// The amount is not positive, or it or the balance after it is too large to be shown.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The books could not be kept; never the caller's doing.
    #[error(transparent)]
    Books(PostError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ChargeError);
posting_error!(ChargeError);

/// A charge that staff make by hand.
#[derive(Clone, Debug)]
pub struct NewCharge<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// Gross, in minor units of the account's currency; more than zero.
    pub gross: i64,
    /// Code of a charge reason.
    pub reason: &'a str,
    /// A note for staff.
    pub note: Option<&'a str>,
    /// A note for the customer.
    pub display_note: Option<&'a str>,
    /// Anything to keep with it.
    pub metadata: Option<&'a Value>,
}

/// Charges the main ledger of an account, taking the tax out of the gross amount by the market's rule
/// unless the reason bears none.
pub async fn create(tx: &mut Tx, viewer: &Viewer, new: &NewCharge<'_>) -> Result<Transaction, ChargeError> {
    if !viewer.may(POST_TRANSACTIONS) {
        return Err(ChargeError::Forbidden);
    }
    let gross = Minor::positive_entry(new.gross)?;
    let account =
        accounts::by_number(tx, viewer, new.account_number).await?.ok_or(ChargeError::UnknownAccount)?;
    let reason = reasons::charge(tx, &account.market, new.reason).await?.ok_or(ChargeError::UnknownReason)?;
    if reason.is_deprecated {
        return Err(ChargeError::DeprecatedReason);
    }
    let (target, market) = aim(tx, account.id, None).await?;
    let split = market.split_gross(gross, &target.account_type, reason.is_tax_exempt)?;
    let charge = New {
        note: new.note,
        display_note: new.display_note,
        reason_code: Some(&reason.code),
        metadata: new.metadata,
        ..New::of(Kind::Charge, split, &reason.display)
    };
    let id = post(tx, market, &target, &charge).await?;
    let made = transactions::by_ids(tx, viewer, &[id]).await?.pop().flatten();
    made.ok_or(ChargeError::Database(sqlx::Error::RowNotFound))
}

/// A charge for supply, as billing works it out.
#[derive(Clone, Debug)]
pub struct SupplyCharge<'a> {
    /// `electricity`, `gas`, `heat` or `water`.
    pub supply: &'a str,
    /// What the bill calls it.
    pub title: &'a str,
    /// Net, in minor units; more than zero for import, less for what the customer is paid for export.
    pub net: i64,
    /// Whether it is for energy fed in.
    pub is_export: bool,
    /// The type of ledger it belongs on; the main one if none is named.
    pub ledger_type: Option<&'a str>,
}

/// Charges an account for supply; tax is added by the market's rule. Answers the transaction's id. For use
/// by billing, which has settled whose account it is.
pub async fn for_supply(tx: &mut Tx, account: i64, new: &SupplyCharge<'_>) -> Result<i64, ChargeError> {
    let net = Minor::entry(new.net)?;
    if net == Minor::ZERO || new.is_export != (net < Minor::ZERO) {
        return Err(AmountError::NotPositive.into());
    }
    let (target, market) = aim(tx, account, new.ledger_type).await?;
    let split = supply_split(market, net, &target.account_type, new.is_export)?;
    let supply = Some(new.supply);
    let charge = New { supply, is_export: new.is_export, ..New::of(Kind::Charge, split, new.title) };
    post(tx, market, &target, &charge).await
}

/// Net, tax and gross of a charge for supply. Households do not charge tax on what they feed in.
pub(crate) fn supply_split(
    market: &Market,
    net: Minor,
    account_type: &str,
    is_export: bool,
) -> Result<Split, AmountError> {
    let split = if is_export { Split::untaxed(net) } else { market.split_net(net, account_type)? };
    split.gross.to_wire()?;
    Ok(split)
}

async fn aim(
    tx: &mut Tx,
    account: i64,
    kind: Option<&str>,
) -> Result<(Target, &'static Market), ChargeError> {
    let target = ledgers::target(tx, account, kind).await?.ok_or(ChargeError::NoLedger)?;
    let market = market::by_code(&target.market).ok_or(ChargeError::NoLedger)?;
    Ok((target, market))
}

async fn post(tx: &mut Tx, market: &Market, target: &Target, charge: &New<'_>) -> Result<i64, ChargeError> {
    let books = books::against(tx, &market.code, target.ledger_id).await?;
    let others = books.charged(&charge.split);
    Ok(transactions::record(tx, market, target.ledger_id, charge, &others).await?)
}
