//! Bulk data: as many customers as wanted with up to two years of history, for trials at the size of a real retailer. The
//! same seed gives the same rows.
//!
//! Rows go past the use cases, straight into the tables by COPY, but by the same rules: taxes, books, carrying balances
//! forward and the form of numbers are the functions that the use cases call. While rows pour in, keys, indexes and
//! triggers are away; all of it is one transaction, which commits only after every key is back, tried against every
//! row, and the books have been proved. Nothing else can write meanwhile.

mod cast;
pub(super) mod draw;
mod habits;
mod history;
mod homes;
mod life;
mod lift;
mod load;
mod numbers;
mod people;
#[cfg(test)]
mod proof;
mod rows;

use std::time::Duration;

use chrono::{Datelike, NaiveDate};
use thiserror::Error;

use crate::domain::accounts::billing::BillingError;
use crate::domain::auth::api_keys;
use crate::domain::check::{self, Finding};
use crate::domain::ledgers::journal::PostError;
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Stats, Tx, database_error, row, statement};
use crate::platform::random::Randomness;

use load::Loader;

/// The most accounts: beyond that, numbers of eight digits become scarce.
pub const MOST_ACCOUNTS: u32 = 10_000_000;
/// The longest history, in months.
pub const MOST_MONTHS: u32 = habits::MONTHS;
/// The shortest: somebody joins after the first month and before the last.
pub const FEWEST_MONTHS: u32 = 3;
/// How long one statement may take.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Why there is no bulk data. Nothing of it is left then.
#[derive(Debug, Error)]
pub enum SeedError {
    /// There are customers already.
    #[error(
        "this database has customers already, and bulk data goes only where there are none; \
         choose a new folder with --home, or an empty database with --database-url"
    )]
    InUse,
    /// Somebody keeps the tables.
    #[error("somebody else is using this database; stop its servers first")]
    Locked,
    /// None, or too many.
    #[error("between 1 and {MOST_ACCOUNTS} accounts can be made")]
    Accounts,
    /// Too short or too long a history.
    #[error("a history has {FEWEST_MONTHS} to {MOST_MONTHS} months")]
    Months,
    /// The history would end after today.
    #[error("the history cannot end after the first of this month, {0}")]
    Future(NaiveDate),
    /// The proof of the books found something. A defect of the program.
    #[error("the books did not hold, so nothing was kept: {0}")]
    Unsound(String),
    /// An address was refused. A defect of the data files.
    #[error(transparent)]
    Address(#[from] BillingError),
    /// An entry was refused. A defect of the program.
    #[error(transparent)]
    Books(#[from] PostError),
    /// The writing of history broke off. A defect of the program.
    #[error("the history broke off")]
    BrokeOff,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(SeedError);

impl SeedError {
    fn locked(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|e| e.code());
        // Lock not available.
        if code.as_deref() == Some("55P03") { Self::Locked } else { Self::Database(error) }
    }
}

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Order {
    /// How many accounts.
    pub accounts: u32,
    /// What chance follows from.
    pub seed: u64,
    /// The day after the history; the first of a month.
    pub until: NaiveDate,
    /// Months of history, [`FEWEST_MONTHS`] to [`MOST_MONTHS`].
    pub months: u32,
    /// The hash of the one password of everybody; without it nobody has one.
    pub password_hash: Option<String>,
    /// How many customers are given an API key, the oldest first.
    pub api_keys: u32,
    /// How many smart meters have sent half-hours or quarters, the oldest first, and of how many days before `until`.
    pub measured: (u32, u16),
}

/// A customer who was given an API key.
#[derive(Clone, Debug)]
pub struct Key {
    /// What they log in with.
    pub email: String,
    /// An account of theirs.
    pub account_number: String,
    /// The key, this once.
    pub key: String,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Rows of each table.
    pub counts: Counts,
    /// What the proof looked at; nothing is broken.
    pub findings: Vec<Finding>,
    /// API keys, if any were wanted.
    pub keys: Vec<Key>,
    /// How large the database is now, in bytes.
    pub size: i64,
}

/// How many rows were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Portfolios.
    pub portfolios: u64,
    /// Accounts.
    pub accounts: u64,
    /// People.
    pub users: u64,
    /// Ledgers of customers.
    pub ledgers: u64,
    /// Journal entries.
    pub entries: u64,
    /// Postings.
    pub postings: u64,
    /// Transactions that customers see.
    pub transactions: u64,
    /// Supply points, each of them at a home of its own.
    pub supply_points: u64,
    /// Days of which intervals are known.
    pub measured_days: u64,
}

/// Whoever waits is told how far it is.
pub type Say = dyn Fn(&str) + Send + Sync;

row! {
    struct Holder {
        id: i64,
        email: String,
        account_number: String,
    }
}

statement!(static HOLDERS: Holder = "
    select u.id, l.email, a.number as account_number
    from account_users u join logins l on l.account_user_id = u.id
        join lateral (select min(r.account_id) as id from account_user_roles r where r.user_id = u.id) held on true
        join accounts a on a.id = held.id
    order by u.id limit $1");
statement!(static SIZE: (i64,) = "select pg_database_size(current_database())");

/// Makes bulk data, all of it or nothing.
///
/// # Errors
/// [`SeedError::InUse`] where there are customers; nothing is changed then.
pub async fn make(db: &Database, random: &Randomness, order: &Order, say: &Say) -> Result<Made, SeedError> {
    if !(FEWEST_MONTHS..=MOST_MONTHS).contains(&order.months) {
        return Err(SeedError::Months);
    }
    if !(1..=MOST_ACCOUNTS).contains(&order.accounts) {
        return Err(SeedError::Accounts);
    }
    let mut tx = db.write(Deadline::after(PATIENCE), &Stats::new()).await?;
    let today = tx.business_now().await?.date_naive();
    let latest = today.with_day(1).unwrap_or(today);
    if order.until > latest || order.until.day() != 1 {
        return Err(SeedError::Future(latest));
    }
    let lifted = lift::lift(&mut tx).await?;
    let counts = Loader::begin(&mut tx, order).await?.load(say).await?;
    lift::restore(&mut tx, lifted, say).await?;
    say("proving the books");
    let findings = check::run(&mut tx).await?;
    if let Some(broken) = findings.iter().find(|finding| finding.broken > 0) {
        return Err(SeedError::Unsound(format!("{} breaks of: {}", broken.broken, broken.rule)));
    }
    let keys = keys(&mut tx, random, order.api_keys).await?;
    tx.commit().await?;
    let (size,) = SIZE.query().fetch_one(db.pool()).await?;
    Ok(Made { counts, findings, keys, size })
}

/// Keys are drawn anew for every installation, whatever the seed.
async fn keys(tx: &mut Tx, random: &Randomness, wanted: u32) -> Result<Vec<Key>, SeedError> {
    let mut keys = Vec::new();
    for holder in HOLDERS.query().bind(i64::from(wanted)).fetch_all(&mut *tx).await? {
        let key = api_keys::regenerate(tx, random, holder.id).await?;
        keys.push(Key { email: holder.email, account_number: holder.account_number, key });
    }
    Ok(keys)
}
