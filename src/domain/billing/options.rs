//! When accounts are billed: their own options, or else those of their brand.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use thiserror::Error;

use super::periods::{Period, Rhythm};
use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;

row! {
    /// When an account is billed.
    pub struct Options {
        /// The account.
        pub account_id: i64,
        /// Market code.
        pub market: String,
        /// What a bill is: `statement`, `period` or `invoice`.
        pub document: String,
        /// Whether periods go by the calendar, and not from bill to bill.
        pub is_fixed: bool,
        /// `MONTHLY` or `QUARTERLY`.
        pub period_length: String,
        /// How many months or quarters a period has.
        pub multiplier: i32,
        /// The first day of some period.
        pub anchor: NaiveDate,
        /// The end of the last closed bill, exclusive; none before the first.
        pub billed_to: Option<NaiveDate>,
    }
}

impl Options {
    /// When periods begin; nothing says so for an account that is billed from bill to bill.
    pub fn rhythm(&self) -> Option<Rhythm> {
        self.is_fixed.then(|| Rhythm::new(self.anchor, &self.period_length, self.multiplier))
    }

    /// Day of the month on which periods begin.
    pub fn start_day(&self) -> u32 {
        self.anchor.day()
    }

    /// The period that the day of `now` is in, if periods go by the calendar.
    pub fn current(&self, now: DateTime<Utc>) -> Option<Period> {
        let today = market::by_code(&self.market)?.day(now);
        Some(self.rhythm()?.around(today))
    }

    /// The first day that is not billed yet.
    pub fn unbilled_from(&self) -> NaiveDate {
        self.billed_to.unwrap_or(self.anchor)
    }
}

/// SQL for the options of accounts `a`, as columns and joins: own ones win over those of the brand.
macro_rules! options_of_accounts {
    () => {
        "a.id as account_id, a.market, f.document, coalesce(o.is_fixed, f.is_fixed) as is_fixed, \
         coalesce(o.period_length, f.period_length) as period_length, coalesce(o.multiplier, f.multiplier) as multiplier, \
         coalesce(o.anchor, (a.created_at at time zone f.time_zone)::date) as anchor"
    };
}
macro_rules! options_joined {
    () => {
        " join billing_defaults f on f.brand = a.brand left join billing_options o on o.account_id = a.id "
    };
}
pub(super) use {options_joined, options_of_accounts};

statement!(static OF_ACCOUNTS: Options = concat!("
    select ", options_of_accounts!(), ", (
        select max(d.to_date) from ledgers l join billing_documents d on d.ledger_id = l.id
        where l.account_id = a.id and d.status <> 'OPEN' and d.kind <> 'credit_note'
    ) as billed_to
    from accounts a ", options_joined!(), "where a.id = any($3::bigint[]) and ", account_is_visible!()));

/// The options of each of these accounts that the viewer may see, in order.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Option<Options>>, sqlx::Error> {
    let query = OF_ACCOUNTS.query().bind(viewer.kind()).bind(viewer.id()).bind(accounts);
    Ok(in_order(accounts, query.fetch_all(&mut *tx).await?, |options| options.account_id))
}

statement!(static KEEP: () = "
    insert into billing_defaults (brand, time_zone, document, is_fixed, period_length, multiplier, terms_days)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (brand) do update set time_zone = excluded.time_zone, document = excluded.document,
        is_fixed = excluded.is_fixed, period_length = excluded.period_length, multiplier = excluded.multiplier,
        terms_days = excluded.terms_days");

/// Brings the options of the brands up to the data files.
pub async fn sync(tx: &mut Tx) -> Result<(), sqlx::Error> {
    for market in market::all() {
        for brand in &market.brands {
            let (billing, zone) = (&brand.billing, market.time_zone().name());
            let keep = KEEP.command().bind(&brand.code).bind(zone).bind(&billing.document);
            let keep = keep.bind(billing.is_fixed).bind(&billing.period_length).bind(billing.multiplier);
            keep.bind(billing.terms_days).execute(&mut *tx).await?;
        }
    }
    Ok(())
}

/// Why an account's options were not changed.
#[derive(Debug, Error)]
pub enum OptionsError {
    /// The length of a period, or how many make one, is not possible.
    #[error("there is no such billing period")]
    NoSuchPeriod,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(OptionsError);

/// Options that an account is to have of its own.
#[derive(Clone, Copy, Debug)]
pub struct NewOptions<'a> {
    /// Whether periods go by the calendar.
    pub is_fixed: bool,
    /// `MONTHLY` or `QUARTERLY`.
    pub period_length: &'a str,
    /// How many months or quarters a period has: 1 to 12.
    pub multiplier: i32,
    /// The first day of some period.
    pub anchor: NaiveDate,
}

statement!(static SET: () = "
    insert into billing_options (account_id, is_fixed, period_length, multiplier, anchor, updated_at)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (account_id) do update set is_fixed = excluded.is_fixed, period_length = excluded.period_length,
        multiplier = excluded.multiplier, anchor = excluded.anchor, updated_at = excluded.updated_at");

/// Gives an account options of its own, from its next period on. The caller has settled whose account it is.
pub async fn set(tx: &mut Tx, account: i64, new: &NewOptions<'_>) -> Result<(), OptionsError> {
    if !matches!(new.period_length, "MONTHLY" | "QUARTERLY") || !(1..=12).contains(&new.multiplier) {
        return Err(OptionsError::NoSuchPeriod);
    }
    let now = tx.business_now().await?;
    let set = SET.command().bind(account).bind(new.is_fixed).bind(new.period_length).bind(new.multiplier);
    set.bind(new.anchor).bind(now).execute(&mut *tx).await?;
    Ok(())
}
