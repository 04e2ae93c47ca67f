//! Repayments: money that goes back to customers, listed, and approved by somebody other than whoever asked.

use std::collections::HashMap;

use chrono::NaiveDate;
use thiserror::Error;

use super::requests::DECIDE;
use super::{instructions, payouts};
use crate::domain::accounts::changes::hand;
use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{APPROVE_REPAYMENTS, Viewer, account_is_visible};
use crate::domain::ledgers::journal;
use crate::platform::db::{Tx, Under, database_error, row, statement};
use crate::platform::page::{self, Page, Window};

row! {
    /// Money that goes back to a customer.
    pub struct Repayment {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// In minor units.
        pub amount: i64,
        /// The day on which the money moved, or is to move.
        pub payment_date: NaiveDate,
        /// One of `AccountRepaymentStatusOptions`.
        pub status: String,
    }
}

row! {
    /// A request for money back as its ledger shows it.
    pub struct Asked {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// In minor units.
        pub amount: i64,
        /// Why it was asked for.
        pub reason: Option<String>,
        /// `BANK_TRANSFER`, `CHEQUE` or `CARD`.
        pub method: String,
        /// The payment instruction that the money goes to; none for a cheque.
        pub instruction_id: Option<i64>,
        /// The payment that is paid back, if it is one.
        pub payment_id: Option<i64>,
        /// One of `RepaymentRequestStatus`.
        pub status: String,
    }
}

// What was withdrawn before anybody approved it never became a repayment.
macro_rules! repaid {
    () => {
        concat!(
            " from account_repayments r join accounts a on a.id = r.account_id where a.id = parents.id \
              and r.status <> 'WITHDRAWN' and (cardinality($4::text[]) = 0 or r.status = any($4)) and ",
            account_is_visible!()
        )
    };
}

statement!(static PAGE: Under<Repayment> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $5::bigint[], $6::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select r.id, r.amount, r.payment_date, r.status", repaid!(), "
        order by r.id desc offset parents.skip limit parents.take
    ) inside"));
statement!(static COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*)", repaid!(), ") from unnest($3::bigint[]) as parents (id)"));
statement!(static BY_ID: Repayment = concat!("
    select a.id as parent, r.id, r.amount, r.payment_date, r.status
    from account_repayments r join accounts a on a.id = r.account_id
    where r.id = any($3::bigint[]) and ", account_is_visible!()));

/// One page of the repayments of each of these accounts, the latest first; no statuses are all of them. One statement,
/// and one more for totals.
pub async fn page_of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    statuses: &[String],
    window: &Window,
) -> Result<Vec<Page<Repayment>>, sqlx::Error> {
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        let count = COUNT.seen_by(viewer).bind(accounts).bind(statuses);
        Some(count.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let query = PAGE.seen_by(viewer).bind(accounts).bind(statuses);
    let rows = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    Ok(page::pages(window, accounts, totals.as_ref(), rows.into_iter().map(Under::pair)))
}

/// The repayments with these ids that the viewer may see, in order.
pub async fn by_ids(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<Vec<Option<Repayment>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |repayment| repayment.id))
}

statement!(static OF_REQUEST: Repayment = concat!("
    select a.id as parent, r.id, r.amount, r.payment_date, r.status
    from account_repayments r join accounts a on a.id = r.account_id
    where r.request_id = $3 and ", account_is_visible!()));

/// The repayment that a request asks for.
pub(super) async fn of_request(
    tx: &mut Tx,
    viewer: &Viewer,
    request: i64,
) -> Result<Option<Repayment>, sqlx::Error> {
    let query = OF_REQUEST.seen_by(viewer).bind(request);
    query.fetch_optional(&mut *tx).await
}

macro_rules! asked {
    () => {
        concat!(
            " from repayment_requests q join ledgers l on l.id = q.ledger_id join accounts a on a.id = l.account_id \
              where l.id = parents.id and q.kind = $4 and ",
            account_is_visible!()
        )
    };
}

statement!(static REQUESTS: Under<Asked> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $5::bigint[], $6::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select q.id, q.amount, q.reason, q.method, q.instruction_id, q.payment_id, q.status", asked!(), "
        order by q.id desc offset parents.skip limit parents.take
    ) inside"));
statement!(static REQUESTS_COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*)", asked!(), ") from unnest($3::bigint[]) as parents (id)"));

/// What is asked back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Credit of a ledger.
    Repayment,
    /// A payment.
    Refund,
}

impl Kind {
    /// As the database calls it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Repayment => "repayment",
            Self::Refund => "refund",
        }
    }
}

/// One page of what was asked back from each of these ledgers, the latest first. One statement, and one more for totals.
pub async fn requests_of_ledgers(
    tx: &mut Tx,
    viewer: &Viewer,
    ledgers: &[i64],
    kind: Kind,
    window: &Window,
) -> Result<Vec<Page<Asked>>, sqlx::Error> {
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        let count = REQUESTS_COUNT.seen_by(viewer).bind(ledgers);
        Some(count.bind(kind.code()).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, ledgers, totals.as_ref());
    let query = REQUESTS.seen_by(viewer).bind(ledgers).bind(kind.code());
    let rows = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    Ok(page::pages(window, ledgers, totals.as_ref(), rows.into_iter().map(Under::pair)))
}

/// Why a repayment was not approved.
#[derive(Debug, Error)]
pub enum ApprovalError {
    /// There is no such repayment for the viewer, they may not approve any, or they asked for this one.
    #[error("the viewer may not approve this")]
    Forbidden,
    /// Somebody has approved it.
    #[error("it has been approved")]
    Already,
    /// Its request was withdrawn or refused, or it was never ours to pay.
    #[error("there is nothing to approve")]
    NotOpen,
    /// The credit that it draws on is not there any more, or there is nowhere to pay it to.
    #[error("it cannot be paid")]
    CannotBePaid,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ApprovalError);

row! {
    struct Held {
        request_id: Option<i64>,
        instruction_id: Option<i64>,
        ledger_id: i64,
        currency: String,
        amount: i64,
        draws_on_credit: bool,
        status: String,
        requested_by_kind: String,
        requested_by_id: i64,
    }
}

statement!(static HOLD: Held = concat!("
    select r.request_id, r.instruction_id, r.ledger_id, s.currency, r.amount, r.draws_on_credit, r.status, r.requested_by_kind,
        r.requested_by_id
    from account_repayments r join ledger_accounts s on s.id = r.ledger_id join accounts a on a.id = r.account_id
    where r.id = $3 and a.number = $4 and ", account_is_visible!(), " for update of r"));
statement!(static APPROVE: () = "
    update account_repayments set status = 'APPROVED', approved_by_kind = $2, approved_by_id = $3, approved_at = $4
    where id = $1");

/// Approves a repayment that somebody else asked for, and has it submitted.
pub async fn approve(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    id: &str,
) -> Result<Repayment, ApprovalError> {
    let id: i64 = id.parse().map_err(|_| ApprovalError::Forbidden)?;
    if !viewer.may(APPROVE_REPAYMENTS) {
        return Err(ApprovalError::Forbidden);
    }
    let query = HOLD.seen_by(viewer).bind(id).bind(account_number);
    let held = query.fetch_optional(&mut *tx).await?.ok_or(ApprovalError::Forbidden)?;
    let (kind, by) = hand(viewer);
    match held.status.as_str() {
        "REQUESTED" => {}
        "APPROVED" | "SUBMITTED" | "PAID" | "FAILED" => return Err(ApprovalError::Already),
        _ => return Err(ApprovalError::NotOpen),
    }
    if (held.requested_by_kind.as_str(), held.requested_by_id) == (kind, by) {
        return Err(ApprovalError::Forbidden);
    }
    if held.draws_on_credit && !is_covered(tx, &held).await? {
        return Err(ApprovalError::CannotBePaid);
    }
    let now = tx.business_now().await?;
    if let Some(instruction) = held.instruction_id.filter(|_| held.draws_on_credit)
        && !instructions::hold(tx, instruction, now).await?
    {
        return Err(ApprovalError::CannotBePaid);
    }
    APPROVE.command().bind(id).bind(kind).bind(by).bind(now).execute(&mut *tx).await?;
    if let Some(request) = held.request_id {
        let decision: Option<&str> = None;
        let accept = DECIDE.query().bind(request).bind("ACCEPTED").bind(kind).bind(by).bind(now);
        accept.bind(decision).fetch_optional(&mut *tx).await?;
    }
    payouts::submit_soon(tx, id).await?;
    let made = by_ids(tx, viewer, &[id]).await?.into_iter().flatten().next();
    Ok(made.ok_or(sqlx::Error::RowNotFound)?)
}

statement!(static APPROVED: (i64,) = "
    select coalesce(sum(amount), 0)::bigint from account_repayments
    where ledger_id = $1 and status = 'APPROVED' and draws_on_credit");

/// Whether the ledger's credit covers the repayment beside those that have been approved.
async fn is_covered(tx: &mut Tx, held: &Held) -> Result<bool, sqlx::Error> {
    let balances = journal::hold(tx, &[held.ledger_id], &held.currency).await?;
    let balance = balances.get(&held.ledger_id).copied().unwrap_or_default().0;
    let (approved,) = APPROVED.query().bind(held.ledger_id).fetch_one(&mut *tx).await?;
    Ok(balance.saturating_sub(approved) >= held.amount)
}
