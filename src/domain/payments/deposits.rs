//! Security deposits: whether one is needed, the agreement about it, and its acceptance.
//!
//! Accounts that have paid for a year and were never dunned in it need none. A deposit is asked for once under each key.

use chrono::{DateTime, Days, NaiveDate, Utc};
use thiserror::Error;

use super::{deposit_round, may_manage};
use crate::domain::accounts::accounts;
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::{MANAGE_PAYMENTS, Viewer, account_is_owned, account_is_visible};
use crate::domain::ledgers::dunning::today;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;
use crate::platform::random::Randomness;

const LONGEST_KEY: usize = 100;
const LONGEST_REASON: usize = 500;

/// Why there is no agreement.
#[derive(Debug, Error)]
pub enum DepositError {
    /// The viewer may not ask for deposits.
    #[error("the viewer may not ask for deposits")]
    Forbidden,
    /// There is no such account for the viewer, or it is not theirs to agree for.
    #[error("there is no such account of the viewer's")]
    NotTheirs,
    /// The key or the reason is empty or too long.
    #[error("the key must have 1 to {LONGEST_KEY} characters, the reason no more than {LONGEST_REASON}")]
    Text,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(DepositError);

/// Whether an account must leave a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Whether it must.
    pub required: bool,
    /// In minor units; zero if it need not.
    pub amount: i64,
}

row! {
    struct Record {
        has_paid_well: bool,
        amount: i64,
        pays_within_days: i32,
        held_months: i32,
        parts: i32,
    }
}

// One average month is taken from the last year's charges on all ledgers.
statement!(static RECORD: Record = "
    select a.created_at::date <= today.day - 365
        and exists (select 1 from ledgers l join transactions t on t.ledger_id = l.id
            where l.account_id = a.id and t.kind = 'payment' and t.amount > 0 and not t.is_reversed
                and t.posted_date > today.day - 365)
        and not exists (select 1 from processes p where p.account_id = a.id and p.kind in ('dunning', 'agency')
            and (p.ended_at is null or p.ended_at::date > today.day - 365)) as has_paid_well,
        least(rules.most, greatest(rules.least, case when charged.total > 0
            then rules.months * charged.total * 30 / greatest(30, least(365, today.day - a.created_at::date))
            else rules.usual end)) as amount,
        rules.pays_within_days, rules.held_months, rules.parts
    from accounts a join unnest($1::text[], $2::date[]) as today (market, day) on today.market = a.market
        join deposit_rules rules on rules.market = a.market
            and rules.is_business = (a.account_type in ('BUSINESS', 'BUSINESS_OCCUPIER', 'BUSINESS_VACANT'))
        cross join lateral (
            select coalesce(sum(t.amount), 0)::bigint as total from ledgers l join transactions t on t.ledger_id = l.id
            where l.account_id = a.id and t.kind = 'charge' and t.posted_date > today.day - 365
        ) charged
    where a.id = $3");
statement!(static OFFERED: (i64,) = "
    select amount from deposit_agreements where account_id = $1 and deposit_key = $2");
statement!(static OFFER: (i64,) = "
    insert into deposit_agreements (account_id, deposit_key, reason, amount, return_strategy, pays_within_days,
        held_months, parts, offered_at, offered_by_kind, offered_by_id)
    values ($1, $2, $3, $4, case when $7 = 1 then 'IN_FULL_AFTER_GOOD_PAYMENT' else 'IN_PARTS_AFTER_GOOD_PAYMENT' end,
        $5, $6, $7, $8, $9, $10)
    on conflict on constraint deposit_agreements_key do nothing returning amount");

/// Works out whether an account must leave a deposit, and offers the agreement if so. Whoever asks again under the same
/// key is told of the agreement that there is.
pub async fn offer(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    key: &str,
    reason: &str,
) -> Result<Offer, DepositError> {
    if !viewer.may(MANAGE_PAYMENTS) {
        return Err(DepositError::Forbidden);
    }
    let account = accounts::by_number(tx, viewer, account_number).await?.ok_or(DepositError::NotTheirs)?;
    let length = key.chars().count();
    if length == 0 || length > LONGEST_KEY || reason.chars().count() > LONGEST_REASON {
        return Err(DepositError::Text);
    }
    if let Some((amount,)) = OFFERED.query().bind(account.id).bind(key).fetch_optional(&mut *tx).await? {
        return Ok(Offer { required: true, amount });
    }
    let (markets, days): (Vec<String>, Vec<NaiveDate>) = today(tx).await?;
    let record = RECORD.query().bind(markets).bind(days).bind(account.id).fetch_one(&mut *tx).await?;
    if record.has_paid_well {
        return Ok(Offer { required: false, amount: 0 });
    }
    let ((kind, by), now) = (hand(viewer), tx.business_now().await?);
    let offer = OFFER.query().bind(account.id).bind(key).bind(reason).bind(record.amount);
    let offer = offer.bind(record.pays_within_days).bind(record.held_months).bind(record.parts);
    let made = offer.bind(now).bind(kind).bind(by).fetch_optional(&mut *tx).await?;
    let amount = match made {
        Some((amount,)) => amount,
        // Somebody else was faster.
        None => OFFERED.query().bind(account.id).bind(key).fetch_one(&mut *tx).await?.0,
    };
    Ok(Offer { required: true, amount })
}

row! {
    struct Offered {
        id: Option<i64>,
        account_id: i64,
        market: String,
        accepted_at: Option<DateTime<Utc>>,
        pays_within_days: Option<i32>,
        is_owned: bool,
    }
}

statement!(static HOLD: Offered = concat!("
    select d.id, a.id as account_id, a.market, d.accepted_at, d.pays_within_days, ", account_is_owned!(), " as is_owned
    from accounts a left join deposit_agreements d on d.account_id = a.id and d.deposit_key = $4
    where a.number = $3 and ", account_is_visible!()));
statement!(static ACCEPT: () = "
    update deposit_agreements set accepted_at = $2, due_date = $3, accepted_by_kind = $4, accepted_by_id = $5
    where id = $1 and accepted_at is null");

/// Records that the customer agrees to leave a deposit, and opens the ledger that will hold it. False if none of this key
/// was offered; an agreement that has been accepted stays as it is.
pub async fn accept(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    account_number: &str,
    key: &str,
) -> Result<bool, DepositError> {
    let query = HOLD.seen_by(viewer).bind(account_number).bind(key);
    let found = query.fetch_optional(&mut *tx).await?.filter(|found| found.is_owned && may_manage(viewer));
    let found = found.ok_or(DepositError::NotTheirs)?;
    let (Some(id), Some(days)) = (found.id, found.pays_within_days) else { return Ok(false) };
    if found.accepted_at.is_some() {
        return Ok(true);
    }
    let ((kind, by), now) = (hand(viewer), tx.business_now().await?);
    let market = market::by_code(&found.market).ok_or(DepositError::NotTheirs)?;
    let today = market.day(now);
    deposit_round::ledger(tx, random, found.account_id, market).await?;
    let due = today.checked_add_days(Days::new(u64::try_from(days).unwrap_or(0))).unwrap_or(today);
    ACCEPT.command().bind(id).bind(now).bind(due).bind(kind).bind(by).execute(&mut *tx).await?;
    Ok(true)
}

row! {
    /// What was agreed about a deposit, and how it stands.
    pub struct Agreement {
        /// Names it within the account.
        pub deposit_key: String,
        /// In minor units.
        pub amount: i64,
        /// When the customer agreed.
        pub accepted_at: Option<DateTime<Utc>>,
        /// When it lay on its ledger.
        pub fulfilled_at: Option<DateTime<Utc>>,
        /// The day on which it is, or was, collected.
        pub collection_date: Option<NaiveDate>,
        /// By when it is to be paid.
        pub due_date: Option<NaiveDate>,
        /// How it is given back.
        pub return_strategy: String,
        is_returned: bool,
        is_early: bool,
        is_in_arrears: bool,
    }
}

impl Agreement {
    /// Why it is not given back now; nothing if it is.
    pub fn reasons_against_return(&self) -> Vec<&'static str> {
        if self.fulfilled_at.is_none() {
            return vec!["NOT_PAID"];
        }
        if self.is_returned {
            return vec!["ALREADY_RETURNED"];
        }
        let early = self.is_early.then_some("HELD_FOR_LESS_THAN_AGREED");
        early.into_iter().chain(self.is_in_arrears.then_some("ACCOUNT_IN_ARREARS")).collect()
    }
}

/// SQL that holds for accounts, known as `a`, that do not deserve their deposit back: a debt of theirs is being dunned or
/// collected.
macro_rules! is_in_arrears {
    () => {
        "exists (select 1 from processes p where p.account_id = a.id and p.kind in ('dunning', 'agency') \
         and p.ended_at is null)"
    };
}
pub(super) use is_in_arrears;

statement!(static OF_ACCOUNT: Agreement = concat!("
    select d.deposit_key, d.amount, d.accepted_at, d.fulfilled_at,
        (select max(p.payment_date) from deposit_payments c join account_payments p on p.id = c.payment_id
            where c.agreement_id = d.id and p.status <> 'DELETED') as collection_date, d.due_date,
        d.return_strategy,
        exists (select 1 from deposit_returns r where r.agreement_id = d.id)
            and not exists (select 1 from deposit_returns r where r.agreement_id = d.id and r.status = 'PENDING')
            as is_returned,
        not exists (select 1 from deposit_returns r where r.agreement_id = d.id and r.status = 'PENDING'
            and r.due_date <= today.day) as is_early, ", is_in_arrears!(), " as is_in_arrears
    from deposit_agreements d join accounts a on a.id = d.account_id
        join unnest($4::text[], $5::date[]) as today (market, day) on today.market = a.market
    where a.number = $3 and ", account_is_visible!(), " order by d.id"));

/// What was agreed about deposits of an account, the oldest first; none if the viewer does not see the account.
pub async fn of_account(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
) -> Result<Option<Vec<Agreement>>, sqlx::Error> {
    if accounts::by_number(tx, viewer, account_number).await?.is_none() {
        return Ok(None);
    }
    let (markets, days): (Vec<String>, Vec<NaiveDate>) = today(tx).await?;
    let query = OF_ACCOUNT.seen_by(viewer).bind(account_number);
    query.bind(markets).bind(days).fetch_all(&mut *tx).await.map(Some)
}

row! {
    /// A part of a deposit.
    pub struct Part {
        /// When it is given back, or was to be.
        pub due_date: NaiveDate,
        /// In minor units.
        pub amount: i64,
        /// `PENDING` or `RETURNED`.
        pub status: String,
    }
}

statement!(static PARTS: Part = concat!("
    select r.due_date, r.amount, r.status
    from deposit_returns r join deposit_agreements d on d.id = r.agreement_id join accounts a on a.id = d.account_id
    where a.number = $3 and ", account_is_visible!(), " order by r.due_date, r.id"));

/// In what parts the deposits of an account are given back, the next first; none if the viewer does not see the account.
pub async fn returns(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
) -> Result<Option<Vec<Part>>, sqlx::Error> {
    if accounts::by_number(tx, viewer, account_number).await?.is_none() {
        return Ok(None);
    }
    let query = PARTS.seen_by(viewer).bind(account_number);
    query.fetch_all(&mut *tx).await.map(Some)
}
