//! Charging accounts: by hand, and for supply.

use serde_json::Value;
use thiserror::Error;

use super::books::Book;
use super::by_hand::{self, Action, Amounts, HandError, Notes, Onto, Posted, Wanted};
use super::journal::{PostError, posting_error};
use super::ledgers;
use super::reasons;
use super::transactions::{self, Kind, New};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error};
use crate::platform::market::{self, Market};
use crate::platform::money::{AmountError, Minor, Split};

/// Why a supply was not charged for.
#[derive(Debug, Error)]
pub enum ChargeError {
    /// The account has no ledger to post on.
    #[error("the account has no such ledger")]
    NoLedger,
    /// The amount has the wrong sign, or it or the balance after it is too large to be shown.
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
pub async fn create(tx: &mut Tx, viewer: &Viewer, new: &NewCharge<'_>) -> Result<Posted, HandError> {
    let wanted = Wanted {
        action: Action::Charge,
        onto: Onto::Main(new.account_number),
        amounts: Amounts::Gross(new.gross),
        reason: new.reason,
    };
    let notes = Notes { note: new.note, display_note: new.display_note, metadata: new.metadata };
    by_hand::post(tx, viewer, &wanted, &notes).await
}

/// A charge that follows from what was agreed.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain) struct RuleCharge<'a> {
    /// The ledger, by row id.
    pub ledger: i64,
    /// Gross, in minor units; more than zero.
    pub gross: i64,
    /// Code of a charge reason of the ledger's market.
    pub reason: &'a str,
    /// A note for the customer.
    pub display_note: &'a str,
}

/// Charges a ledger for a reason of the server's own, the tax taken out of the gross amount unless the reason bears none.
/// Answers the transaction's id. No viewer: the caller has seen to that.
pub(in crate::domain) async fn by_rule(tx: &mut Tx, new: &RuleCharge<'_>) -> Result<i64, ChargeError> {
    let gross = Minor::positive_entry(new.gross)?;
    let target = ledgers::target_by_id(tx, new.ledger).await?.ok_or(ChargeError::NoLedger)?;
    let market = market::by_code(&target.market).ok_or(ChargeError::NoLedger)?;
    let reason = reasons::charge(tx, &market.code, new.reason).await?;
    let is_exempt = reason.as_ref().is_some_and(|reason| reason.is_tax_exempt);
    let title = reason.map_or_else(|| new.reason.to_owned(), |reason| reason.display);
    let split = market.split_gross(gross, &target.account_type, is_exempt)?;
    let display_note = Some(new.display_note);
    let charge = New { reason_code: Some(new.reason), display_note, ..New::of(Kind::Charge, split, &title) };
    Ok(transactions::record(tx, market, target.ledger_id, &charge, Book::Income).await?)
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
    let target = ledgers::target(tx, account, new.ledger_type).await?.ok_or(ChargeError::NoLedger)?;
    let market = market::by_code(&target.market).ok_or(ChargeError::NoLedger)?;
    let split = supply_split(market, net, &target.account_type, new.is_export)?;
    let supply = Some(new.supply);
    let charge = New { supply, is_export: new.is_export, ..New::of(Kind::Charge, split, new.title) };
    Ok(transactions::record(tx, market, target.ledger_id, &charge, Book::Income).await?)
}

/// A charge for what was supplied under an agreement, priced and taxed line by line.
#[derive(Clone, Debug)]
pub struct Priced<'a> {
    /// `electricity` or `gas`.
    pub supply: &'a str,
    /// What the bill calls it.
    pub title: &'a str,
    /// The sum of its lines. What is paid for is negative, and so is what an earlier charge had too much.
    pub split: Split,
    /// Whether it is for energy fed in.
    pub is_export: bool,
    /// The type of ledger it belongs on; the main one if none is named.
    pub ledger_type: Option<&'a str>,
}

/// Charges an account for what was supplied under an agreement. Answers the transaction's id. For use by billing, which has
/// settled whose account it is.
pub async fn for_agreement(tx: &mut Tx, account: i64, new: &Priced<'_>) -> Result<i64, ChargeError> {
    Minor::entry(new.split.gross.0)?;
    let target = ledgers::target(tx, account, new.ledger_type).await?.ok_or(ChargeError::NoLedger)?;
    let market = market::by_code(&target.market).ok_or(ChargeError::NoLedger)?;
    let supply = Some(new.supply);
    let charge = New { supply, is_export: new.is_export, ..New::of(Kind::Charge, new.split, new.title) };
    Ok(transactions::record(tx, market, target.ledger_id, &charge, Book::Income).await?)
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
