//! Single payments by a card that is entered for them alone.

use thiserror::Error;

use super::cards;
use super::instructions::CARD;
use super::life::{self, NewPayment};
use super::sessions::{self, Opening, Payment, ReturnUrls, Session};
use super::{may_manage, surcharges, terms};
use crate::domain::accounts::accounts;
use crate::domain::auth::viewer::Viewer;
use crate::domain::ledgers::ledgers::{self, LedgerName, Target};
use crate::platform::db::{Cause, Tx, statement};
use crate::platform::market;
use crate::platform::money::{AmountError, Minor};
use crate::platform::random::Randomness;

/// The longest text that goes with a payment.
const LONGEST: usize = 140;

/// Why no payment was begun.
#[derive(Debug, Error)]
pub enum BeginError {
    /// No such account for the viewer, or not theirs to pay for.
    #[error("the viewer may not pay for this account")]
    Unauthorised,
    /// The account has no such ledger.
    #[error("the account has no such ledger")]
    NoLedger,
    /// Nothing can be paid to the ledger.
    #[error("the ledger takes no payments")]
    TakesNoPayments,
    /// Nobody takes single payments of this kind.
    #[error("single payments are not taken in this way")]
    NotOffered,
    /// The amount is not positive, or too large.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// There is no description, or it is too long.
    #[error("the description is missing or too long")]
    Description,
    /// This is no address that a customer can be sent to.
    #[error("the page cannot send anybody there")]
    ReturnUrl(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Cause for BeginError {
    fn cause(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

/// A payment that somebody wants to make.
#[derive(Clone, Debug)]
pub struct NewStandalone<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// The ledger; the main one if none is named.
    pub ledger: Option<LedgerName>,
    /// In minor units.
    pub amount: i64,
    /// What it is for.
    pub description: &'a str,
    /// One of `PaymentType`.
    pub method: &'a str,
    /// Where the vendor's page sends its user; none for a form in a client's own page.
    pub return_urls: Option<&'a ReturnUrls<'a>>,
}

/// A payment that was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Opens the form.
    pub token: String,
    /// Asks what became of it.
    pub retrieval: String,
}

/// Opens a form for one payment.
pub async fn begin(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    new: &NewStandalone<'_>,
) -> Result<Begun, BeginError> {
    if !may_manage(viewer) {
        return Err(BeginError::Unauthorised);
    }
    let account = accounts::by_number(tx, viewer, new.account_number).await?;
    let account = account.ok_or(BeginError::Unauthorised)?;
    let target: Option<Target> = match &new.ledger {
        Some(name) => ledgers::named(tx, viewer, new.account_number, name).await?,
        None => ledgers::target(tx, account.id, None).await?,
    };
    let target = target.ok_or(BeginError::NoLedger)?;
    if !target.accepts_payments {
        return Err(BeginError::TakesNoPayments);
    }
    let vendor = cards::vendor(tx, &account.market, new.method).await?.ok_or(BeginError::NotOffered)?;
    let amount = Minor::positive_entry(new.amount)?;
    let description = new.description.trim();
    let is_told = !description.is_empty() && description.chars().count() <= LONGEST;
    if !is_told || description.chars().any(char::is_control) {
        return Err(BeginError::Description);
    }
    let return_urls =
        sessions::addresses(new.return_urls.unwrap_or_default()).map_err(BeginError::ReturnUrl)?;
    let opening = Opening {
        is_hosted: new.return_urls.is_some(),
        account: Some(account.id),
        ledger: Some(target.ledger_id),
        kind: new.method,
        vendor: Some(&vendor),
        return_urls,
        payment: Some(Payment { amount, description }),
    };
    let (token, retrieval) = sessions::open(tx, random, viewer, opening).await?;
    Ok(Begun { token, retrieval })
}

statement!(static PAID: (String,) = "
    select status from account_payments where account_id = $1 and idempotency_key = $2");
statement!(static SURCHARGE: () = "update account_payments set surcharge = $2 where id = $1");

fn key(session: &Session) -> String {
    format!("standalone-{}", session.id)
}

/// Has the payment of a session collected by the card that was entered, once. The session is held.
pub(super) async fn pay(tx: &mut Tx, who: &Viewer, session: &Session, card: i64) -> Result<(), sqlx::Error> {
    let (Some(account), Some(ledger)) = (session.account_id, session.ledger_id) else { return Ok(()) };
    let (Some(amount), Some(description)) = (session.amount, &session.description) else { return Ok(()) };
    let found = accounts::by_ids(tx, who, &[account]).await?.pop().flatten();
    let market = found.as_ref().and_then(|account| market::by_code(&account.market));
    let market = market.ok_or(sqlx::Error::RowNotFound)?;
    let today = market.day(tx.business_now().await?);
    let terms = terms::of(tx, &market.code, CARD).await?.ok_or(sqlx::Error::RowNotFound)?;
    let key = key(session);
    let new = NewPayment {
        account,
        ledger,
        instruction: Some(card),
        method: CARD,
        amount,
        plan: terms.asked(today, today),
        reason: None,
        reference: description,
        schedule: None,
        due_on: None,
        bill: None,
        represents: None,
        idempotency_key: Some(&key),
    };
    let Some(payment) = life::request(tx, Some(who), &new).await? else { return Ok(()) };
    // An amount whose fee cannot be told has been refused before.
    let fee = surcharges::of_card(tx, &market.code, card, amount).await.unwrap_or(Minor::ZERO);
    if fee > Minor::ZERO {
        SURCHARGE.command().bind(payment).bind(fee).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Why a payment was not completed.
#[derive(Debug, Error)]
pub enum CompleteError {
    /// There is no such payment for the viewer.
    #[error("there is no such payment")]
    Unauthorised,
    /// The form was not filled in, or the payment failed.
    #[error("there is nothing to complete")]
    Unable,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
crate::platform::db::database_error!(CompleteError);

/// Completes a payment whose form has been filled in, unless that was done, and answers how far it has got: `PENDING` or
/// `CLEARED`.
pub async fn complete(tx: &mut Tx, viewer: &Viewer, retrieval: &str) -> Result<&'static str, CompleteError> {
    if !may_manage(viewer) {
        return Err(CompleteError::Unauthorised);
    }
    let session = sessions::retrieved(tx, retrieval).await?.ok_or(CompleteError::Unauthorised)?;
    let account = session.account_id.unwrap_or(0);
    let seen = accounts::by_ids(tx, viewer, &[account]).await?.pop().flatten();
    seen.ok_or(CompleteError::Unauthorised)?;
    let (true, Some(card)) = (session.is_done(), session.instruction_id) else {
        return Err(CompleteError::Unable);
    };
    pay(tx, viewer, &session, card).await?;
    let paid = PAID.query().bind(account).bind(key(&session)).fetch_optional(&mut *tx).await?;
    match paid.as_ref().map(|(status,)| status.as_str()) {
        Some("CLEARED") => Ok("CLEARED"),
        Some("REQUESTED" | "SCHEDULED" | "PENDING") => Ok("PENDING"),
        _ => Err(CompleteError::Unable),
    }
}
