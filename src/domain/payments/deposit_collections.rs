//! Collecting a deposit through the account's payment instruction, as a payment on the ledger that holds it.

use chrono::NaiveDate;
use thiserror::Error;

use super::life::{self, NewPayment};
use super::{deposit_round, instructions, terms};
use crate::domain::auth::viewer::{MANAGE_PAYMENTS, Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;
use crate::platform::money::Minor;
use crate::platform::random::Randomness;

/// What the customer's bank calls it.
const REFERENCE: &str = "Security deposit";
const LONGEST_KEY: usize = 100;

/// Why a deposit was not collected.
#[derive(Debug, Error)]
pub enum CollectDepositError {
    /// The viewer may not collect.
    #[error("the viewer may not collect deposits")]
    Forbidden,
    /// There is no such account for the viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// There is no such agreement, or the customer has not accepted it.
    #[error("there is no such agreement that was accepted")]
    NotAgreed,
    /// It has been paid, or is being collected.
    #[error("there is nothing to collect")]
    NotNeeded,
    /// The key is empty or too long.
    #[error("the key must have 1 to {LONGEST_KEY} characters")]
    Key,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(CollectDepositError);

row! {
    /// How far the payment of a deposit has got.
    pub struct Collection {
        /// One of `AccountPaymentStatusOptions`.
        pub status: String,
        /// The day on which the money is, or was, to move.
        pub payment_date: NaiveDate,
    }
}

impl Collection {
    /// One of `CollectDepositStatusChoices`.
    pub fn deposit_status(&self) -> &str {
        match self.status.as_str() {
            "DELETED" => "CANCELLED",
            other => other,
        }
    }
}

row! {
    struct Account {
        id: i64,
        market: String,
    }
}

row! {
    struct Agreed {
        id: i64,
        amount: i64,
        is_fulfilled: bool,
    }
}

statement!(static ACCOUNT: Account = concat!(
    "select a.id, a.market from accounts a where a.number = $3 and ", account_is_visible!()));
statement!(static HOLD: Agreed = "
    select id, amount, fulfilled_at is not null as is_fulfilled from deposit_agreements
    where account_id = $1 and deposit_key = $2 and accepted_at is not null for update");
// Asked once the agreement is held: what was asked together with the lock would be as it was before waiting for it.
statement!(static UNDER_WAY: (bool,) = "
    select exists (select 1 from deposit_payments c join account_payments p on p.id = c.payment_id
        where c.agreement_id = $1 and p.status in ('REQUESTED', 'SCHEDULED', 'PENDING', 'CLEARED')
            and (p.transaction_id is null or exists (
                select 1 from transactions t where t.id = p.transaction_id and not t.is_reversed)))");
statement!(static MADE: Collection = "
    select p.status, p.payment_date from deposit_payments c join account_payments p on p.id = c.payment_id
    where c.agreement_id = $1 and c.idempotency_key = $2");
statement!(static NOTE: Collection = "
    with noted as (
        insert into deposit_payments (agreement_id, idempotency_key, payment_id) values ($1, $2, $3) returning payment_id
    )
    select p.status, p.payment_date from noted join account_payments p on p.id = noted.payment_id");

/// Collects a deposit. None if there is nothing that it could be collected through. Whoever asks again under the same key
/// is told how far the payment has got.
pub async fn collect(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    account_number: &str,
    deposit_key: &str,
    key: &str,
) -> Result<Option<Collection>, CollectDepositError> {
    if !viewer.may(MANAGE_PAYMENTS) {
        return Err(CollectDepositError::Forbidden);
    }
    let account = ACCOUNT.seen_by(viewer).bind(account_number);
    let account = account.fetch_optional(&mut *tx).await?.ok_or(CollectDepositError::UnknownAccount)?;
    if key.is_empty() || key.chars().count() > LONGEST_KEY {
        return Err(CollectDepositError::Key);
    }
    let agreed = HOLD.query().bind(account.id).bind(deposit_key).fetch_optional(&mut *tx).await?;
    let agreed = agreed.ok_or(CollectDepositError::NotAgreed)?;
    if let Some(made) = MADE.query().bind(agreed.id).bind(key).fetch_optional(&mut *tx).await? {
        return Ok(Some(made));
    }
    let (is_under_way,) = UNDER_WAY.query().bind(agreed.id).fetch_one(&mut *tx).await?;
    if agreed.is_fulfilled || is_under_way {
        return Err(CollectDepositError::NotNeeded);
    }
    let market = market::by_code(&account.market).ok_or(CollectDepositError::UnknownAccount)?;
    let ledger = deposit_round::ledger(tx, random, account.id, market).await?;
    let now = tx.business_now().await?;
    let today = market.day(now);
    let Some(usable) = instructions::usable(tx, account.id, Some(ledger), now, None).await? else {
        return Ok(None);
    };
    let Some(terms) = terms::of(tx, &account.market, &usable.kind).await? else { return Ok(None) };
    let new = NewPayment {
        account: account.id,
        ledger,
        instruction: Some(usable.id),
        method: &usable.kind,
        amount: Minor(agreed.amount),
        plan: terms.asked(today, today),
        reason: None,
        reference: REFERENCE,
        schedule: None,
        due_on: None,
        bill: None,
        represents: None,
        idempotency_key: None,
    };
    let payment = life::request(tx, Some(viewer), &new).await?.ok_or(CollectDepositError::NotNeeded)?;
    let note = NOTE.query().bind(agreed.id).bind(key).bind(payment);
    Ok(Some(note.fetch_one(&mut *tx).await?))
}
