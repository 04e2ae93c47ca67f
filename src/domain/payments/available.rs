//! When another payment schedule could begin, and the payments that were asked of a ledger.

use std::collections::HashMap;

use chrono::NaiveDate;
use thiserror::Error;

use super::held_schedules::{Ledger, ScheduleError};
use super::schedules;
use super::terms;
use crate::domain::accounts::{accounts, grouped};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::ledgers::ledgers::{self, Which};
use crate::platform::calendar;
use crate::platform::db::{Tx, Under, database_error, row, statement};
use crate::platform::money::Minor;
use crate::platform::page::{self, Page, Window};

/// Why no day was found.
#[derive(Debug, Error)]
pub enum AvailableError {
    /// There is no such account for the viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// A ledger is named twice.
    #[error("the ledger is named by its id and its number")]
    Both,
    /// The account has no such ledger, or it takes no payments.
    #[error("there is no such ledger")]
    NoLedger,
    /// There is no such kind of schedule in the market.
    #[error("there is no such kind of schedule")]
    NoType,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(AvailableError);

impl From<ScheduleError> for AvailableError {
    fn from(error: ScheduleError) -> Self {
        match error {
            ScheduleError::Database(error) => Self::Database(error),
            _ => Self::NoLedger,
        }
    }
}

/// The first day on which another schedule of a kind could ask for a payment of a ledger: late enough for the customer to be
/// told, and after what has been asked for already. The main ledger, if none is named.
pub async fn next(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    ledger: (Option<i64>, Option<String>),
    schedule_type: &str,
) -> Result<NaiveDate, AvailableError> {
    let which = match ledger {
        (Some(_), Some(_)) => return Err(AvailableError::Both),
        (id, number) => Which { id, number, include_debt_ledgers: true },
    };
    let account =
        accounts::by_number(tx, viewer, account_number).await?.ok_or(AvailableError::UnknownAccount)?;
    let found = ledgers::of_accounts(tx, viewer, &[account.id], &which).await?.pop().unwrap_or_default();
    let found = found.into_iter().next().filter(|ledger| ledger.accepts_payments);
    let ledger = Ledger::look(tx, found.ok_or(AvailableError::NoLedger)?.id).await?;
    let free = ledger.free_from(tx).await?;
    match (schedule_type, schedules::method(schedule_type)) {
        (_, Some(method)) => {
            let terms = terms::of(tx, &ledger.market, method).await?.ok_or(AvailableError::NoType)?;
            Ok(terms.announced(ledger.today, free).payment_date)
        }
        // The customer pays by themselves: any day will do on which banks work.
        ("BACS_TRANSFER" | "PAYMENT_SLIP", None) => {
            let tomorrow = ledger.today.succ_opt().unwrap_or(ledger.today);
            Ok(calendar::of(&ledger.market).on_or_after(free.max(tomorrow)))
        }
        _ => Err(AvailableError::NoType),
    }
}

row! {
    /// A payment that was asked of a ledger.
    pub struct Request {
        /// Row id of the payment.
        pub id: i64,
        /// When the money is or was due to move.
        pub payment_date: NaiveDate,
        /// One of `AccountPaymentStatusOptions`.
        pub status: String,
        /// What is collected from the customer, in minor units, with the fee.
        pub customer: Minor,
        /// The same with what others have given towards it.
        pub total: Minor,
    }
}

macro_rules! requests {
    () => {
        concat!(
            " from account_payments p join ledgers l on l.id = p.ledger_id join accounts a on a.id = l.account_id \
              where l.id = parents.id and p.method is not null and ",
            account_is_visible!()
        )
    };
}

statement!(static PAGE: Under<Request> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select p.id, p.payment_date, p.status, p.amount + p.surcharge as customer, p.amount + p.surcharge + coalesce((
            select sum(f.amount)::bigint from payment_fundings f where f.payment_id = p.id), 0) as total", requests!(), "
        order by p.payment_date desc, p.id desc offset parents.skip limit parents.take
    ) inside"));
statement!(static COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*)", requests!(), ") from unnest($3::bigint[]) as parents (id)"));

/// A page of the payments that were asked of each of these ledgers, the latest first.
pub async fn requests(
    tx: &mut Tx,
    viewer: &Viewer,
    ledgers: &[i64],
    window: &Window,
) -> Result<Vec<Page<Request>>, sqlx::Error> {
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        let count = COUNT.seen_by(viewer).bind(ledgers);
        Some(count.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, ledgers, totals.as_ref());
    let query = PAGE.seen_by(viewer).bind(ledgers);
    let rows = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    Ok(page::pages(window, ledgers, totals.as_ref(), rows.into_iter().map(Under::pair)))
}

row! {
    /// What somebody else than the customer gave towards a payment.
    pub struct Funding {
        payment_id: i64,
        /// Why: the reason of the credit.
        pub reason: String,
        /// In minor units.
        pub amount: Minor,
    }
}

// Whoever asks has been shown the payments. A payment has few: no more than there were credits between two bills.
statement!(static FUNDINGS: Funding = "
    select payment_id, reason, amount from payment_fundings where payment_id = any($1::bigint[])
    order by payment_id, transaction_id");

/// What others gave towards each of these payments, which the caller has been shown, the oldest first.
pub async fn fundings(tx: &mut Tx, payments: &[i64]) -> Result<Vec<Vec<Funding>>, sqlx::Error> {
    let rows = FUNDINGS.query().bind(payments).fetch_all(&mut *tx).await?;
    Ok(grouped(payments, rows.into_iter().map(|funding| (funding.payment_id, funding)).collect()))
}
