//! How accounts were sold, and until when that can be undone.

use chrono::{Days, NaiveDate};
use thiserror::Error;

use super::lifecycle::Status;
use super::sign_up::{SignUpError, wrong};
use super::{accounts, contacts, in_order};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market::{self, Market};
use crate::platform::page::{Page, Window};

/// For how many days a household may withdraw from what it agreed to, by market.
const COOLING_OFF: [(&str, u64); 5] = [("gb", 14), ("de", 14), ("jp", 8), ("au", 10), ("us", 3)];
/// How far ahead supply can be wished for, in days.
const FARTHEST: i64 = 366;

/// How an account was sold.
#[derive(Clone, Debug, Default)]
pub struct Sale<'a> {
    /// Through which channel.
    pub channel: &'a str,
    /// And through which part of it.
    pub subchannel: Option<&'a str>,
    /// On which day; today unless given.
    pub date: Option<NaiveDate>,
    /// When the customer would like supply to start.
    pub preferred_start: Option<NaiveDate>,
}

row! {
    /// An application to be supplied.
    pub struct Application {
        account_id: i64,
        account_status: String,
        /// Through which channel it came.
        pub sales_channel: String,
        /// And through which part of it.
        pub sales_subchannel: Option<String>,
        /// The day of the sale.
        pub date_of_sale: NaiveDate,
        /// The last day on which a household can withdraw.
        pub cooling_off_end: Option<NaiveDate>,
        /// When the customer would like supply to start.
        pub preferred_ssd: Option<NaiveDate>,
        /// Where the account was kept before, of a customer who came with a supplier that was taken over.
        pub migration_source: Option<String>,
    }
}

row! {
    /// What is told of an account that is being signed up.
    pub struct Standing {
        id: i64,
        market: String,
        status: String,
        /// Whether it is a prospect's.
        pub is_shell: bool,
        cooling_off_end: Option<NaiveDate>,
    }
}

// The first account of an application stays its account: whoever is signed up again changes nothing.
statement!(static KEEP: () = "
    insert into account_applications (account_id, sales_channel, sales_subchannel, date_of_sale, cooling_off_end,
        preferred_ssd, created_at)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict on constraint account_applications_account_key do nothing");
statement!(static OF_ACCOUNTS: Application = concat!("
    select f.account_id, a.status as account_status, f.sales_channel, f.sales_subchannel, f.date_of_sale,
        f.cooling_off_end, f.preferred_ssd, f.migration_source
    from account_applications f join accounts a on a.id = f.account_id
    where f.account_id = any($3::bigint[]) and ", account_is_visible!()));
// An account that was sold here as well keeps how.
statement!(static MIGRATE: (i64,) = "
    insert into account_applications (account_id, sales_channel, date_of_sale, migration_source, created_at)
    select a.id, 'MIGRATION', coalesce($3, (a.created_at at time zone $4)::date), $2, $5 from accounts a where a.id = $1
    on conflict on constraint account_applications_account_key do update
        set migration_source = excluded.migration_source
    returning account_id");
statement!(static STANDING: Standing = concat!("
    select a.id, a.market, a.status, a.is_shell, f.cooling_off_end
    from accounts a left join account_applications f on f.account_id = a.id
    where a.id = any($3::bigint[]) and ", account_is_visible!()));

impl Application {
    /// What became of it: one of `AccountApplicationStatus`.
    pub fn status(&self) -> &'static str {
        match Status::by_name(&self.account_status) {
            Some(Status::Withdrawn) => "WITHDRAWN",
            Some(Status::EnrolmentError | Status::EnrolmentRejected) => "FAILED",
            Some(Status::Dormant | Status::Void) | None => "HISTORIC",
            Some(Status::Pending | Status::Incomplete | Status::Active) => "CURRENT",
        }
    }
}

/// Refuses what cannot be told of a sale.
pub(super) fn judged(sale: &Sale<'_>, today: NaiveDate) -> Result<(), SignUpError> {
    let is_line = |text: &str| contacts::line(text).is_some_and(|text| !text.is_empty());
    if !is_line(sale.channel) || sale.subchannel.is_some_and(|text| !is_line(text)) {
        return Err(wrong("salesInfo", "A sales channel is one line of text."));
    }
    let ahead = |day: Option<NaiveDate>, most| day.is_some_and(|day| (day - today).num_days() > most);
    if ahead(sale.date, 0) {
        return Err(wrong("dateOfSale", "Nothing has been sold in the future."));
    }
    if ahead(sale.preferred_start, FARTHEST) {
        return Err(wrong("preferredSsd", "Supply cannot be wished for more than a year ahead."));
    }
    Ok(())
}

/// Notes how an account was sold, unless it is known.
pub(super) async fn keep(
    tx: &mut Tx,
    market: &Market,
    account: i64,
    account_type: &str,
    sale: &Sale<'_>,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let date = sale.date.unwrap_or_else(|| market.day(now));
    let days = COOLING_OFF.iter().find(|(code, _)| *code == market.code).map(|(_, days)| Days::new(*days));
    let is_household = !account_type.starts_with("BUSINESS");
    let end = days.filter(|_| is_household).and_then(|days| date.checked_add_days(days));
    let keep = KEEP.command().bind(account).bind(sale.channel.trim()).bind(sale.subchannel.map(str::trim));
    let keep = keep.bind(date).bind(end).bind(sale.preferred_start).bind(now);
    keep.execute(&mut *tx).await?;
    Ok(())
}

/// Why an account is not known to have been taken over.
#[derive(Debug, Error)]
pub enum MigrationError {
    /// There is no such account.
    #[error("there is no such account")]
    UnknownAccount,
    /// A source is one line of text.
    #[error("where the account was kept before is one line of text")]
    Source,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(MigrationError);

/// Notes that an account came with a supplier that was taken over, and where it was kept before. Said again, the source
/// is put right. The customer agreed on a day, or else when the account was opened here.
///
/// # Errors
/// See [`MigrationError`].
pub async fn migrated(
    tx: &mut Tx,
    number: &str,
    source: &str,
    agreed_on: Option<NaiveDate>,
) -> Result<(), MigrationError> {
    let source = contacts::line(source).filter(|text| !text.is_empty()).ok_or(MigrationError::Source)?;
    let account = accounts::by_number(tx, &Viewer::server(), number).await?;
    let account = account.ok_or(MigrationError::UnknownAccount)?;
    let market = market::by_code(&account.market).ok_or(MigrationError::UnknownAccount)?;
    let now = tx.business_now().await?;
    let migrate = MIGRATE.query().bind(account.id).bind(source).bind(agreed_on);
    migrate.bind(market.time_zone().name()).bind(now).fetch_one(&mut *tx).await?;
    Ok(())
}

/// One page of the applications of each of these accounts: an account has one at most. Only those with a status, one
/// of `AccountApplicationStatus`, if it is named.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    status: Option<&str>,
    window: &Window,
) -> Result<Vec<Page<Application>>, sqlx::Error> {
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts);
    let rows = in_order(accounts, query.fetch_all(&mut *tx).await?, |application| application.account_id);
    let page = |application: Option<Application>| {
        let list: Vec<Application> = application
            .into_iter()
            .filter(|one| status.is_none_or(|status| status == one.status()))
            .collect();
        let total = i64::try_from(list.len()).ok();
        let slice = window.slice(total);
        let skipped = list.into_iter().skip(usize::try_from(slice.offset).unwrap_or(usize::MAX)).collect();
        Page::cut(window, slice, skipped, total)
    };
    Ok(rows.into_iter().map(page).collect())
}

impl Standing {
    /// Whether the sign-up can be undone on this day as if it had never happened.
    pub fn can_be_withdrawn(&self, today: NaiveDate) -> bool {
        let may = Status::by_name(&self.status).is_some_and(|status| status.may_become(Status::Withdrawn));
        may && self.cooling_off_end.is_none_or(|end| today <= end)
    }

    /// The market that the account is in.
    pub fn market(&self) -> Option<&'static Market> {
        market::by_code(&self.market)
    }
}

/// Where each of these accounts stands in being signed up, in order.
pub async fn standing(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Option<Standing>>, sqlx::Error> {
    let query = STANDING.seen_by(viewer).bind(accounts);
    Ok(in_order(accounts, query.fetch_all(&mut *tx).await?, |standing| standing.id))
}
