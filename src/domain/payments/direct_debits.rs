//! Setting direct debits up: from bank details, at once or stored before.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::bank::{BankDetails, BankError, Given};
use super::instructions::{self, Ending, Instruction};
use super::may_manage;
use super::owners::{self, Named, OwnerError};
use super::vendors::mandates::{self, LookUp, Mandates};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::Viewer;
use crate::domain::ledgers::ledgers::{self, LedgerName, NameError};
use crate::platform::db::{Tx, database_error, statement};
use crate::platform::random::Randomness;
use crate::platform::sealing::SealError;

/// What bank details of instructions are sealed as.
pub(in crate::domain) const SEALED_AS: &str = "payment-instruction";
const STORED_AS: &str = "stored-bank-details";
/// Letters and digits of a reference to stored details: nobody guesses one.
const REFERENCE: usize = 40;

/// Why no direct debit was set up.
#[derive(Debug, Error)]
pub enum SetUpError {
    /// No such account for the viewer, or not theirs to change.
    #[error("the viewer may not change how this account is paid")]
    Unauthorised,
    /// The text names no one ledger.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The account has no such ledger.
    #[error("the account has no such ledger")]
    NoLedger,
    /// Nothing can be paid to the ledger.
    #[error("the ledger takes no payments")]
    TakesNoPayments,
    /// The bank details cannot be right.
    #[error(transparent)]
    Bank(#[from] BankError),
    /// Something was wrong with this bank account before, or the market has nobody who collects from banks.
    #[error("payments cannot be collected from this bank account")]
    NotCollected,
    /// The owners cannot be as was wished.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The vendor does not answer for now.
    #[error("the vendor does not answer")]
    Busy,
    /// There are no such stored details for this account, or they have been used.
    #[error("there are no such stored details")]
    NotStored,
    /// The key does not fit, or there is none.
    #[error(transparent)]
    Sealing(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl crate::platform::db::Cause for SetUpError {
    fn cause(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::Owner(error) => error.cause(),
            _ => None,
        }
    }
}

/// A direct debit that somebody wants.
#[derive(Clone, Debug)]
pub struct NewDirectDebit<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// Id or number of the ledger; none for all that take payments.
    pub ledger: Option<&'a str>,
    /// From when it may be used; now, if that has passed or is left out.
    pub valid_from: Option<DateTime<Utc>>,
    /// Whose bank account it is; see [`owners`] for nobody.
    pub owners: &'a [Named],
}

/// Sets up a direct debit. The same bank account on the same ledger is set up once: a second call answers the first.
pub async fn set_up(
    tx: &mut Tx,
    viewer: &Viewer,
    new: &NewDirectDebit<'_>,
    bank: &Given,
) -> Result<Instruction, SetUpError> {
    let (account, ledger) = place(tx, viewer, new, Some(bank)).await?;
    let owners = owners::found(tx, viewer, &account, new.owners).await?;
    let details = BankDetails::read(account.market().ok_or(BankError::Missing)?, bank)?;
    let made = Made { account: &account, ledger, valid_from: new.valid_from, details: &details };
    keep(tx, viewer, &made, &owners).await
}

/// The account and ledger that the viewer names, if they may say how it is paid.
async fn place(
    tx: &mut Tx,
    viewer: &Viewer,
    new: &NewDirectDebit<'_>,
    bank: Option<&Given>,
) -> Result<(Account, Option<i64>), SetUpError> {
    if !may_manage(viewer) {
        return Err(SetUpError::Unauthorised);
    }
    let name = new.ledger.map(LedgerName::parse).transpose()?;
    bank.map(Given::holder).transpose()?;
    let account = new.account_number;
    let found = accounts::by_number(tx, viewer, account).await?.ok_or(SetUpError::Unauthorised)?;
    let Some(name) = name else { return Ok((found, None)) };
    let target = ledgers::named(tx, viewer, account, &name).await?.ok_or(SetUpError::NoLedger)?;
    if target.accepts_payments {
        Ok((found, Some(target.ledger_id)))
    } else {
        Err(SetUpError::TakesNoPayments)
    }
}

struct Made<'a> {
    account: &'a Account,
    ledger: Option<i64>,
    valid_from: Option<DateTime<Utc>>,
    details: &'a BankDetails,
}

statement!(static VENDOR: (String,) = "
    select vendor from payment_vendors where market = $1 and instruction_type = 'DIRECT_DEBIT'");
statement!(static IS_LISTED: (bool,) = "
    select coalesce(exists (select 1 from payment_risks where fingerprint = $1), false)");
statement!(static ADD: (i64,) = "
    insert into payment_instructions (account_id, ledger_id, instruction_type, status, valid_from, vendor, account_holder,
        details, fingerprint, bank_scheme, bank_code, branch_code, bank_account_type, masked_identifier, last_four,
        created_at, created_by_kind, created_by_id)
    values ($1, $2, 'DIRECT_DEBIT', 'PROVISIONAL', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    on conflict do nothing returning id");
statement!(static SAME: (i64,) = "
    select id from payment_instructions
    where account_id = $1 and ledger_id is not distinct from $2 and fingerprint = $3 and status <> 'FAILED'
        and instruction_type = 'DIRECT_DEBIT'");

async fn keep(
    tx: &mut Tx,
    viewer: &Viewer,
    made: &Made<'_>,
    owners: &[owners::Owner],
) -> Result<Instruction, SetUpError> {
    let Made { account, ledger, details, .. } = made;
    let vendor = VENDOR.query().bind(&account.market).fetch_optional(&mut *tx).await?;
    let (vendor,) = vendor.ok_or(SetUpError::NotCollected)?;
    let (fingerprint, sealed) = (fingerprint(tx, details)?, sealed(tx, SEALED_AS, details)?);
    if IS_LISTED.query().bind(&fingerprint).fetch_one(&mut *tx).await?.0 {
        return Err(SetUpError::NotCollected);
    }
    let now = tx.business_now().await?;
    let (kind, by) = hand(viewer);
    let add =
        ADD.query().bind(account.id).bind(ledger).bind(made.valid_from.map_or(now, |from| from.max(now)));
    let add = add.bind(vendor).bind(&details.account_holder).bind(sealed).bind(&fingerprint);
    let add = add.bind(details.scheme.code()).bind(&details.bank_code).bind(&details.branch_code);
    let add = add.bind(&details.account_type).bind(details.masked()).bind(details.last_four());
    let added = add.bind(now).bind(kind).bind(by).fetch_optional(&mut *tx).await?;
    let id = if let Some((id,)) = added {
        owners::add(tx, id, owners).await?;
        mandates::order_later(tx, id).await?;
        id
    } else {
        let same = SAME.query().bind(account.id).bind(ledger).bind(&fingerprint);
        same.fetch_one(&mut *tx).await?.0
    };
    let found = instructions::by_ids(tx, viewer, &[id]).await?.pop().flatten();
    found.ok_or(SetUpError::Database(sqlx::Error::RowNotFound))
}

/// What tells a bank account again, whoever is said to hold it.
pub(super) fn fingerprint(tx: &Tx, details: &BankDetails) -> Result<Vec<u8>, SealError> {
    let [scheme, bank, branch, number] = details.identity();
    Ok(tx.sealer()?.fingerprint(&["bank-account", scheme, bank, branch, number]))
}

fn sealed(tx: &Tx, what: &str, details: &BankDetails) -> Result<Vec<u8>, SealError> {
    let plain = serde_json::to_vec(details).map_err(|_| SealError::NotSealed)?;
    tx.sealer()?.seal(what, &plain)
}

/// Opens sealed bank details: only for whoever hands them to a bank or vendor.
///
/// # Errors
/// [`SealError`], if the key does not fit.
pub(in crate::domain) fn opened(tx: &Tx, what: &str, sealed: &[u8]) -> Result<BankDetails, SealError> {
    let plain = tx.sealer()?.open(what, sealed)?;
    serde_json::from_slice(&plain).map_err(|_| SealError::NotOpened)
}

statement!(static STORE: () = "
    insert into stored_bank_details (reference, account_id, ledger_id, details, created_at, created_by_kind, created_by_id)
    values ($1, $2, $3, $4, $5, $6, $7)");

/// Stores bank details of an account for later. Answers a reference that is good for this account, once.
pub async fn store(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    vendors: &dyn Mandates,
    new: &NewDirectDebit<'_>,
    bank: &Given,
) -> Result<String, SetUpError> {
    let (account, ledger) = place(tx, viewer, new, Some(bank)).await?;
    let details = BankDetails::read(account.market().ok_or(BankError::Missing)?, bank)?;
    let fingerprint = fingerprint(tx, &details)?;
    if IS_LISTED.query().bind(fingerprint).fetch_one(&mut *tx).await?.0 {
        return Err(SetUpError::NotCollected);
    }
    if !vendors.answers(&details, LookUp::Store) {
        return Err(SetUpError::Busy);
    }
    let (reference, sealed) = (random.alphanumeric(REFERENCE), sealed(tx, STORED_AS, &details)?);
    let now = tx.business_now().await?;
    let (kind, by) = hand(viewer);
    let store = STORE.command().bind(&reference).bind(account.id).bind(ledger).bind(sealed);
    store.bind(now).bind(kind).bind(by).execute(&mut *tx).await?;
    Ok(reference)
}

// A second caller waits for the first and then finds them used.
statement!(static STORED: (Vec<u8>,) = "
    select details from stored_bank_details
    where reference = $1 and account_id = $2 and (ledger_id is null or ledger_id = $3) and used_at is null for update");
statement!(static USED: () = "update stored_bank_details set used_at = $2 where reference = $1");

/// Sets up a direct debit from stored bank details, which are used up by it.
pub async fn set_up_stored(
    tx: &mut Tx,
    viewer: &Viewer,
    vendors: &dyn Mandates,
    new: &NewDirectDebit<'_>,
    reference: &str,
) -> Result<Instruction, SetUpError> {
    let (account, ledger) = place(tx, viewer, new, None).await?;
    let owners = owners::found(tx, viewer, &account, new.owners).await?;
    let stored = STORED.query().bind(reference).bind(account.id).bind(ledger);
    let (sealed,) = stored.fetch_optional(&mut *tx).await?.ok_or(SetUpError::NotStored)?;
    let details = opened(tx, STORED_AS, &sealed)?;
    if !vendors.answers(&details, LookUp::Use) {
        return Err(SetUpError::Busy);
    }
    let made = Made { account: &account, ledger, valid_from: new.valid_from, details: &details };
    let instruction = keep(tx, viewer, &made, &owners).await?;
    let now = tx.business_now().await?;
    USED.command().bind(reference).bind(now).execute(&mut *tx).await?;
    Ok(instruction)
}

/// Why an instruction was not invalidated.
#[derive(Debug, Error)]
pub enum InvalidateError {
    /// No such instruction of such an account for the viewer, or not theirs to change.
    #[error("the viewer may not change this instruction")]
    Unauthorised,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(InvalidateError);

/// Makes an instruction of an account unusable. One that is already stays as it is.
pub async fn invalidate(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    id: i64,
) -> Result<i64, InvalidateError> {
    if !may_manage(viewer) {
        return Err(InvalidateError::Unauthorised);
    }
    let account = accounts::by_number(tx, viewer, account_number).await?;
    let found = instructions::by_ids(tx, viewer, &[id]).await?.pop().flatten();
    let (Some(account), Some(found)) = (account, found) else { return Err(InvalidateError::Unauthorised) };
    if found.account_id != account.id {
        return Err(InvalidateError::Unauthorised);
    }
    if instructions::end(tx, id, Ending::Invalidated, Some(viewer)).await? {
        mandates::withdraw_later(tx, id).await?;
    }
    Ok(id)
}
