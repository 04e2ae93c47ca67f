//! A single payment: asked for, changed and called off by whoever may.

use chrono::NaiveDate;
use serde_json::{Value, json};
use thiserror::Error;

use super::account_payments::{self, AccountPayment, modifiable};
use super::instructions;
use super::life::{self, NewPayment};
use super::may_manage;
use super::terms::{self, Terms};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::{Viewer, account_is_owned, account_is_visible};
use crate::domain::ledgers::ledgers::{LedgerName, NameError};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;
use crate::platform::money::{AmountError, Minor};

/// Longest text that banks show beside a payment.
const LONGEST_TEXT: usize = 140;
const LONGEST_KEY: usize = 200;
const LONGEST_REASON: usize = 1000;

/// Why no payment was asked for, changed or called off.
#[derive(Debug, Error)]
pub enum CollectError {
    /// The viewer may not deal with payments.
    #[error("the viewer may not deal with payments")]
    Forbidden,
    /// There is no such account for the viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// The viewer only looks after the account.
    #[error("the account is not the viewer's to pay from")]
    NotTheirs,
    /// A text names no one ledger.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The account has no such ledger, or it takes no payments.
    #[error("payments cannot be made to this ledger")]
    NoLedger,
    /// Nothing can be collected in this way.
    #[error("there is nothing to collect from")]
    NoInstruction,
    /// The day is over.
    #[error("the payment date is in the past")]
    Past,
    /// The amount is not positive or too large.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The text is empty or too long, or has control characters.
    #[error("the text must have 1 to {LONGEST_TEXT} characters")]
    Text,
    /// The key is empty or too long.
    #[error("the key must have 1 to {LONGEST_KEY} characters")]
    Key,
    /// The key has been used on this account.
    #[error("the key has been used for another payment")]
    UsedKey,
    /// The account has no such payment.
    #[error("there is no such payment")]
    UnknownPayment,
    /// The account's payments may not be changed now, or this one no longer.
    #[error("the payment can no longer be changed")]
    Fixed,
    /// It has been called off already.
    #[error("the payment has been called off already")]
    Gone,
    /// It is being moved on at this moment.
    #[error("the payment is being worked on")]
    Busy,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(CollectError);

row! {
    /// An account that the viewer may have pay.
    pub(super) struct Payer {
        pub id: i64,
        pub market: String,
        pub account_type: String,
        pub is_theirs: bool,
        pub can_amend: bool,
        pub can_cancel: bool,
    }
}

statement!(static PAYER: Payer = concat!("
    select a.id, a.market, a.account_type, ", account_is_owned!(), " as is_theirs, ", modifiable!(), " from accounts a
    where a.number = $3 and ", account_is_visible!()));

/// The account of this number, if the viewer may have it pay: customers what is theirs, others with the permission.
pub(super) async fn payer(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Payer, CollectError> {
    if !may_manage(viewer) {
        return Err(CollectError::Forbidden);
    }
    let query = PAYER.seen_by(viewer).bind(number);
    let payer: Payer = query.fetch_optional(&mut *tx).await?.ok_or(CollectError::UnknownAccount)?;
    if payer.is_theirs { Ok(payer) } else { Err(CollectError::NotTheirs) }
}

statement!(static LEDGER: (i64,) = "
    select id from ledgers where account_id = $1 and (id = $2::bigint or number = $3::text) and accepts_payments");

/// The ledger of this name on an account, if it takes payments.
pub(super) async fn paid_ledger(tx: &mut Tx, account: i64, name: &str) -> Result<i64, CollectError> {
    let (id, number) = match LedgerName::parse(name)? {
        LedgerName::Id(id) => (Some(id), None),
        LedgerName::Number(number) => (None, Some(number)),
    };
    let query = LEDGER.query().bind(account).bind(id).bind(number);
    Ok(query.fetch_optional(&mut *tx).await?.ok_or(CollectError::NoLedger)?.0)
}

/// A payment that somebody wants to be collected.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// Id or number of one of its ledgers.
    pub ledger: &'a str,
    /// In minor units; more than zero.
    pub amount: i64,
    /// The day on which the money is to move; if the banks cannot do that, as soon after it as they can.
    pub day: NaiveDate,
    /// What the customer's bank will call it.
    pub description: &'a str,
    /// Kind of the instruction to be charged; the default one if none is named.
    pub method: Option<&'a str>,
    /// Any text that nobody has used on this account before.
    pub idempotency_key: &'a str,
}

/// Asks for a single payment.
pub async fn collect(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &Wanted<'_>,
) -> Result<AccountPayment, CollectError> {
    let account = payer(tx, viewer, wanted.account_number).await?;
    let ledger = paid_ledger(tx, account.id, wanted.ledger).await?;
    let amount = Minor::positive_entry(wanted.amount)?;
    let reference = text(wanted.description, LONGEST_TEXT).ok_or(CollectError::Text)?;
    let key = text(wanted.idempotency_key, LONGEST_KEY).ok_or(CollectError::Key)?;
    let now = tx.business_now().await?;
    let today = market::by_code(&account.market).ok_or(CollectError::UnknownAccount)?.day(now);
    if wanted.day < today {
        return Err(CollectError::Past);
    }
    let usable = instructions::usable(tx, account.id, Some(ledger), now, wanted.method).await?;
    let usable = usable.ok_or(CollectError::NoInstruction)?;
    let terms = terms::of(tx, &account.market, &usable.kind).await?.ok_or(CollectError::NoInstruction)?;
    let new = NewPayment {
        account: account.id,
        ledger,
        instruction: Some(usable.id),
        method: &usable.kind,
        amount,
        plan: terms.asked(today, wanted.day),
        reason: None,
        reference,
        schedule: None,
        due_on: None,
        bill: None,
        represents: None,
        idempotency_key: Some(key),
    };
    let id = life::request(tx, Some(viewer), &new).await?.ok_or(CollectError::UsedKey)?;
    shown(tx, viewer, id).await
}

fn text(text: &str, longest: usize) -> Option<&str> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control);
    fits.then_some(text)
}

async fn shown(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<AccountPayment, CollectError> {
    let found = account_payments::by_ids(tx, viewer, &[id]).await?.pop().flatten();
    found.ok_or(CollectError::UnknownPayment)
}

row! {
    struct Held {
        status: String,
        method: Option<String>,
        amount: Minor,
        payment_date: NaiveDate,
    }
}

statement!(static HOLD: Held = "
    select status, method, amount, payment_date from account_payments where id = $1 and account_id = $2 for no key update");
statement!(static HOLD_IF_FREE: Held = "
    select status, method, amount, payment_date from account_payments where id = $1 and account_id = $2 for no key update skip locked");
statement!(static EXISTS: (bool,) = "
    select exists (select 1 from account_payments where id = $1 and account_id = $2)");
// A changed payment is announced anew.
statement!(static AMEND: () = "
    update account_payments set status = 'REQUESTED', announced_at = null, amount = $2, payment_date = $3,
        announce_on = $4, send_on = $5 where id = $1");
statement!(static CANCEL: () = "
    update account_payments set status = 'DELETED', deleted_at = $2 where id = $1");
statement!(static NOTE: () = "
    insert into account_payment_changes (payment_id, kind, reason, data, by_kind, by_id, at)
    values ($1, $2, $3, $4, $5, $6, $7)");

/// Keeps who changed a payment, and why. An endless reason is cut.
pub(super) async fn note(
    tx: &mut Tx,
    viewer: &Viewer,
    payment: i64,
    kind: &str,
    reason: Option<&str>,
    data: &Value,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let (by, id) = hand(viewer);
    let reason: Option<String> = reason.map(|reason| reason.chars().take(LONGEST_REASON).collect());
    let note = NOTE.command().bind(payment).bind(kind).bind(reason).bind(data);
    note.bind(by).bind(id).bind(now).execute(&mut *tx).await?;
    Ok(())
}

fn is_open(status: &str) -> bool {
    matches!(status, "REQUESTED" | "SCHEDULED")
}

/// What a payment that is still to come is to become.
#[derive(Clone, Copy, Debug)]
pub struct Amendment<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// Row id of the payment.
    pub payment: i64,
    /// In minor units; more than zero.
    pub amount: i64,
    /// The day on which the money is to move.
    pub day: NaiveDate,
    /// Why, in the caller's words.
    pub reason: Option<&'a str>,
}

/// Changes the amount and the day of a payment that the vendor has not heard of yet.
pub async fn amend(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &Amendment<'_>,
) -> Result<AccountPayment, CollectError> {
    let account = payer(tx, viewer, wanted.account_number).await?;
    let held = HOLD.query().bind(wanted.payment).bind(account.id).fetch_optional(&mut *tx).await?;
    let held = held.ok_or(CollectError::UnknownPayment)?;
    if !account.can_amend || !is_open(&held.status) {
        return Err(CollectError::Fixed);
    }
    let amount = Minor::positive_entry(wanted.amount)?;
    let now = tx.business_now().await?;
    let today = market::by_code(&account.market).ok_or(CollectError::UnknownAccount)?.day(now);
    if wanted.day < today {
        return Err(CollectError::Past);
    }
    let terms: Option<Terms> =
        terms::of(tx, &account.market, held.method.as_deref().unwrap_or_default()).await?;
    let plan = terms.ok_or(CollectError::Fixed)?.asked(today, wanted.day);
    let amend = AMEND.command().bind(wanted.payment).bind(amount).bind(plan.payment_date);
    amend.bind(plan.announce_on.min(plan.send_on)).bind(plan.send_on).execute(&mut *tx).await?;
    let (before, after) = (json!([held.amount.0, held.payment_date]), json!([amount.0, plan.payment_date]));
    note(tx, viewer, wanted.payment, "amended", wanted.reason, &json!({ "from": before, "to": after }))
        .await?;
    life::move_on(tx, wanted.payment).await?;
    shown(tx, viewer, wanted.payment).await
}

/// Calls a payment off that the vendor has not heard of yet.
pub async fn cancel(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    payment: i64,
    reason: Option<&str>,
) -> Result<AccountPayment, CollectError> {
    let account = payer(tx, viewer, account_number).await?;
    let held = HOLD_IF_FREE.query().bind(payment).bind(account.id).fetch_optional(&mut *tx).await?;
    let Some(held) = held else {
        let (exists,) = EXISTS.query().bind(payment).bind(account.id).fetch_one(&mut *tx).await?;
        return Err(if exists { CollectError::Busy } else { CollectError::UnknownPayment });
    };
    if held.status == "DELETED" {
        return Err(CollectError::Gone);
    }
    if !account.can_cancel || !is_open(&held.status) {
        return Err(CollectError::Fixed);
    }
    let now = tx.business_now().await?;
    CANCEL.command().bind(payment).bind(now).execute(&mut *tx).await?;
    note(tx, viewer, payment, "cancelled", reason, &json!({})).await?;
    shown(tx, viewer, payment).await
}
