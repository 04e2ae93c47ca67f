//! Cards as payment instructions: a vendor keeps each, and here stands what the vendor calls it.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::instructions::{self, Instruction};
use super::may_manage;
use super::owners::{self, OwnerError};
use super::vendors::vault::{Card, Known, Vault};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::Viewer;
use crate::domain::ledgers::ledgers::{self, LedgerName, NameError};
use crate::platform::db::{Cause, Tx, statement};

/// Why no card was stored.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No such account for the viewer, or not theirs to change.
    #[error("the viewer may not change how this account is paid")]
    Unauthorised,
    /// The text names no one ledger.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The account has no such ledger, or it takes no payments.
    #[error("the account has no such ledger to pay")]
    NoLedger,
    /// Nobody in this market keeps means of payment of this kind.
    #[error("means of payment of this kind are not stored here")]
    NotOffered,
    /// The vendor has nothing under this reference for this account.
    #[error("there is nothing to be stored under this reference")]
    NoReference,
    /// The owner could not be found out.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Cause for StoreError {
    fn cause(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::Owner(error) => error.cause(),
            _ => None,
        }
    }
}

/// A means of payment that the vendor keeps.
#[derive(Clone, Debug)]
pub struct NewCard<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// Id or number of the ledger; none for all that take payments.
    pub ledger: Option<&'a str>,
    /// One of `PaymentType`.
    pub kind: &'a str,
    /// From when it may be used; now, if that has passed.
    pub valid_from: DateTime<Utc>,
    /// What the vendor calls it.
    pub vendor_reference: &'a str,
}

/// The account, the ledger and the vendor for a means of payment that a vendor keeps, if the viewer may say how the
/// account is paid.
pub(super) async fn place(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    ledger: Option<&str>,
    kind: &str,
) -> Result<(Account, Option<i64>, String), StoreError> {
    if !may_manage(viewer) {
        return Err(StoreError::Unauthorised);
    }
    let name = ledger.map(LedgerName::parse).transpose()?;
    let found = accounts::by_number(tx, viewer, account).await?.ok_or(StoreError::Unauthorised)?;
    let ledger = match name {
        None => None,
        Some(name) => {
            let target = ledgers::named(tx, viewer, account, &name).await?;
            let target = target.filter(|target| target.accepts_payments).ok_or(StoreError::NoLedger)?;
            Some(target.ledger_id)
        }
    };
    let vendor = vendor(tx, &found.market, kind).await?.ok_or(StoreError::NotOffered)?;
    Ok((found, ledger, vendor))
}

statement!(static VENDOR: (String,) = "
    select vendor from payment_vendors where market = $1 and instruction_type = $2 and instruction_type = 'CARD'");

/// Who keeps means of payment of a kind in a market.
pub(super) async fn vendor(tx: &mut Tx, market: &str, kind: &str) -> Result<Option<String>, sqlx::Error> {
    let found = VENDOR.query().bind(market).bind(kind).fetch_optional(&mut *tx).await?;
    Ok(found.map(|(vendor,)| vendor))
}

// A prospect's card is the account's that it is first stored for.
statement!(static OFFERED: (i64,) = "
    select id from payment_sessions
    where vendor_reference = $1 and status = 'DONE' and amount is null and (vendor is null or vendor = $2)
        and (account_id is null or account_id = $3)");

/// Stores a card that was entered at the vendor for this account. Stored twice, it is the same instruction.
pub async fn store(
    tx: &mut Tx,
    viewer: &Viewer,
    vault: &dyn Vault,
    new: &NewCard<'_>,
) -> Result<Instruction, StoreError> {
    let (account, ledger, vendor) = place(tx, viewer, new.account_number, new.ledger, new.kind).await?;
    let offered = OFFERED.query().bind(new.vendor_reference).bind(&vendor).bind(account.id);
    if offered.fetch_optional(&mut *tx).await?.is_none() {
        return Err(StoreError::NoReference);
    }
    let owners = owners::found(tx, viewer, &account, &[]).await?;
    let made = Made {
        account: account.id,
        ledger,
        vendor: &vendor,
        reference: new.vendor_reference,
        valid_from: new.valid_from,
        by: hand(viewer),
        single_use: false,
    };
    let id = keep(tx, vault, &made, &owners).await?;
    let found = instructions::by_ids(tx, viewer, &[id]).await?.pop().flatten();
    // What another account has stored is not this one's.
    found.filter(|found| found.account_id == account.id).ok_or(StoreError::NoReference)
}

/// What is stored, and by whose hand.
pub(super) struct Made<'a> {
    pub account: i64,
    pub ledger: Option<i64>,
    pub vendor: &'a str,
    pub reference: &'a str,
    pub valid_from: DateTime<Utc>,
    pub by: (&'a str, i64),
    /// Whether it is for one payment only.
    pub single_use: bool,
}

statement!(static ADD: (i64,) = "
    insert into payment_instructions (account_id, ledger_id, instruction_type, status, ended_because, valid_from, valid_to,
        vendor, vendor_reference, account_holder, fingerprint, masked_identifier, last_four, card_network, card_type,
        card_expiry_month, card_expiry_year, created_at, created_by_kind, created_by_id, single_use)
    values ($1, $2, 'CARD', case when $3 then 'FAILED' else 'ACTIVE' end, case when $3 then 'REFUSED' end, $4,
        case when $3 then $4::timestamptz end, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    on conflict on constraint payment_instructions_vendor_reference_key do nothing returning id");
statement!(static SAME: (i64,) = "
    select id from payment_instructions where vendor = $1 and vendor_reference = $2");
statement!(static IS_LISTED: (bool,) = "
    select coalesce(exists (select 1 from payment_risks where fingerprint = $1), false)");
statement!(static LIST: () = "
    insert into payment_risks (fingerprint, reason, listed_at) values ($1, 'Reported as stolen.', $2)
    on conflict do nothing");

/// Makes the instruction of a card that the vendor keeps, or answers the one that there is. One that was stolen, or with
/// which something was wrong before, cannot be used.
pub(super) async fn keep(
    tx: &mut Tx,
    vault: &dyn Vault,
    made: &Made<'_>,
    owners: &[owners::Owner],
) -> Result<i64, StoreError> {
    let card = vault.card(tx, made.vendor, made.reference).await?.ok_or(StoreError::NoReference)?;
    let fingerprint = match vault.fingerprint(tx, made.vendor, made.reference).await? {
        Known::Yes(fingerprint) => Some(fingerprint),
        Known::No | Known::Failed => None,
    };
    let now = tx.business_now().await?;
    if let (true, Some(fingerprint)) = (card.is_stolen, &fingerprint) {
        LIST.command().bind(fingerprint).bind(now).execute(&mut *tx).await?;
    }
    let listed = IS_LISTED.query().bind(&fingerprint).fetch_one(&mut *tx).await?.0;
    let Card { holder, network, card_type, last_four, expiry_month, expiry_year, .. } = &card;
    let add = ADD.query().bind(made.account).bind(made.ledger).bind(card.is_stolen || listed);
    let add = add.bind(made.valid_from.max(now)).bind(made.vendor).bind(made.reference).bind(holder);
    let add = add.bind(fingerprint).bind(format!("************{last_four}")).bind(last_four);
    let add = add.bind(network).bind(card_type).bind(expiry_month).bind(expiry_year);
    let added =
        add.bind(now).bind(made.by.0).bind(made.by.1).bind(made.single_use).fetch_optional(&mut *tx).await?;
    let Some((id,)) = added else {
        return Ok(SAME.query().bind(made.vendor).bind(made.reference).fetch_one(&mut *tx).await?.0);
    };
    owners::add(tx, id, owners).await?;
    Ok(id)
}

/// What would be charged for an account if nothing else was chosen; only instructions of one kind, if it is named. None
/// for an account that the viewer does not see.
pub async fn default_of(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    kind: Option<&str>,
) -> Result<Option<Instruction>, sqlx::Error> {
    let Some(account) = accounts::by_number(tx, viewer, account_number).await? else { return Ok(None) };
    let main = ledgers::target(tx, account.id, None).await?.map(|target| target.ledger_id);
    let now = tx.business_now().await?;
    let Some(usable) = instructions::usable(tx, account.id, main, now, kind).await? else { return Ok(None) };
    Ok(instructions::by_ids(tx, viewer, &[usable.id]).await?.pop().flatten())
}
