//! Payments as clients read them: collected, still to come, or only promised.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, Under, row, statement};
use crate::platform::money::Minor;
use crate::platform::page::{self, Page, Window};

row! {
    /// A payment of a customer.
    pub struct AccountPayment {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// The account that it is for.
        pub account_id: i64,
        /// The ledger that it is for.
        pub ledger_id: i64,
        /// The instruction that it is collected by.
        pub instruction_id: Option<i64>,
        /// In minor units, without the fee.
        pub amount: Minor,
        /// The fee on top, in minor units.
        pub surcharge: Minor,
        /// The day on which the money is or was due to move.
        pub payment_date: NaiveDate,
        /// One of `AccountPaymentTransactionTypeChoices`.
        pub payment_type: Option<String>,
        /// One of `AccountPaymentStatusOptions`.
        pub status: String,
        /// What the customer's bank calls it.
        pub reference: String,
    }
}

macro_rules! columns {
    () => {
        "p.id, p.account_id, p.ledger_id, p.instruction_id, p.amount, p.surcharge, p.payment_date, p.payment_type, \
         p.status, p.reference"
    };
}

/// Which payments of an account are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those for the ledger of this number.
    pub ledger_number: Option<String>,
    /// Only those for the ledger of this id.
    pub ledger_id: Option<i64>,
    /// Only those of this status.
    pub status: Option<String>,
    /// Only those that this led to.
    pub reason: Option<String>,
    /// Not those that were only promised.
    pub without_promises: bool,
}

macro_rules! wanted {
    () => {
        concat!(
            " from account_payments p join ledgers l on l.id = p.ledger_id join accounts a on a.id = p.account_id \
              where a.id = parents.id and ($6::text is null or l.number = $6) and ($7::bigint is null or l.id = $7) \
                and ($8::text is null or p.status = $8) and ($9::text is null or p.reason = $9) \
                and not ($10 and p.status in ('PROMISED', 'FULFILLED', 'PROMISE_BROKEN')) and ",
            account_is_visible!()
        )
    };
}

statement!(static PAGE: Under<AccountPayment> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select ", columns!(), wanted!(), "
        order by p.payment_date desc, p.id desc offset parents.skip limit parents.take
    ) inside"));
statement!(static COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*)", wanted!(), ")
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents"));
statement!(static BY_ID: AccountPayment = concat!("
    select ", columns!(), " from account_payments p join accounts a on a.id = p.account_id
    where p.id = any($3::bigint[]) and ", account_is_visible!()));

/// The payments with these ids that the viewer may see, in order.
pub async fn by_ids(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<Vec<Option<AccountPayment>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |payment| payment.id))
}

/// A page of the payments of each of these accounts, the latest payment date first.
pub async fn page_of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Page<AccountPayment>>, sqlx::Error> {
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        let none = vec![0_i64; accounts.len()];
        let count = COUNT.seen_by(viewer).bind(accounts).bind(&none).bind(&none);
        let count = count.bind(filter.ledger_number.as_deref()).bind(filter.ledger_id);
        let count = count.bind(filter.status.as_deref()).bind(filter.reason.as_deref());
        Some(count.bind(filter.without_promises).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let query = PAGE.seen_by(viewer).bind(accounts);
    let query = query.bind(&slices.offsets).bind(&slices.limits).bind(filter.ledger_number.as_deref());
    let query = query.bind(filter.ledger_id).bind(filter.status.as_deref()).bind(filter.reason.as_deref());
    let rows = query.bind(filter.without_promises).fetch_all(&mut *tx).await?;
    let rows = rows.into_iter().map(Under::pair);
    Ok(page::pages(window, accounts, totals.as_ref(), rows))
}

row! {
    /// Whether a customer may still change the payments of an account.
    pub struct Modifiable {
        account_id: i64,
        /// Amounts and dates.
        pub can_amend: bool,
        /// Call them off.
        pub can_cancel: bool,
    }
}

/// SQL for whether payments of the account `a` may be amended, and called off: not once the account is closed or an agency
/// collects its debts, and nothing is called off while it is being dunned.
macro_rules! modifiable {
    () => {
        "(a.status not in ('WITHDRAWN', 'ENROLMENT_REJECTED', 'VOID') and not exists (select 1 from processes given \
          where given.account_id = a.id and given.kind = 'agency' and given.ended_at is null)) as can_amend, \
         (a.status not in ('WITHDRAWN', 'ENROLMENT_REJECTED', 'VOID') and not exists (select 1 from processes given \
          where given.account_id = a.id and given.kind in ('agency', 'dunning') and given.ended_at is null)) as can_cancel"
    };
}
pub(super) use modifiable;

statement!(static MODIFIABLE: Modifiable = concat!("
    select a.id as account_id, ", modifiable!(), " from accounts a
    where a.id = any($3::bigint[]) and ", account_is_visible!()));

/// Whether the payments of each of these accounts may still be changed.
pub async fn modifiable_of(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Option<Modifiable>>, sqlx::Error> {
    let query = MODIFIABLE.seen_by(viewer).bind(accounts);
    Ok(in_order(accounts, query.fetch_all(&mut *tx).await?, |found| found.account_id))
}

row! {
    /// A failed payment that is collected once more.
    pub struct Repeated {
        /// In minor units.
        pub amount: Minor,
        /// When.
        pub payment_date: NaiveDate,
    }
}

macro_rules! repeated {
    () => {
        concat!(
            " from account_payments p join ledgers l on l.id = p.ledger_id join accounts a on a.id = l.account_id \
              where l.id = parents.id and p.represents_id is not null \
                and p.status in ('REQUESTED', 'SCHEDULED', 'PENDING') and ",
            account_is_visible!()
        )
    };
}

statement!(static REPEATED: Under<Repeated> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select p.amount, p.payment_date", repeated!(), "
        order by p.payment_date, p.id offset parents.skip limit parents.take
    ) inside"));
statement!(static COUNT_REPEATED: (i64, i64) = concat!("
    select parents.id, (select count(*)", repeated!(), ") from unnest($3::bigint[]) as parents (id)"));

/// A page of the failed payments to each of these ledgers that will be collected once more, the next first.
pub async fn page_of_repeated(
    tx: &mut Tx,
    viewer: &Viewer,
    ledgers: &[i64],
    window: &Window,
) -> Result<Vec<Page<Repeated>>, sqlx::Error> {
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        let count = COUNT_REPEATED.seen_by(viewer).bind(ledgers);
        Some(count.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, ledgers, totals.as_ref());
    let query = REPEATED.seen_by(viewer).bind(ledgers);
    let rows = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    Ok(page::pages(window, ledgers, totals.as_ref(), rows.into_iter().map(Under::pair)))
}

statement!(static LATE: (Option<i64>,) = concat!("
    select p.transaction_id from account_payments p join accounts a on a.id = p.account_id
    where p.transaction_id = any($3::bigint[]) and p.status = 'FAILED' and ", account_is_visible!()));

/// Which of these transactions show a payment that bounced after it had counted as cleared.
pub async fn bounced(tx: &mut Tx, viewer: &Viewer, transactions: &[i64]) -> Result<Vec<bool>, sqlx::Error> {
    let query = LATE.seen_by(viewer).bind(transactions);
    let late = query.fetch_all(&mut *tx).await?;
    Ok(transactions.iter().map(|id| late.iter().any(|(late,)| late == &Some(*id))).collect())
}
