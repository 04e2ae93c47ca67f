//! Vouchers: customers pay for energy out of their credit now, for a little less than it will be worth, and have it
//! credited later. A purchase is charged to a ledger of its own, which the account's main ledger pays in the same breath.

pub mod buying;
pub(in crate::domain) mod check;
pub mod redeeming;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use thiserror::Error;

use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::grouped;
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::{POST_TRANSACTIONS, account_is_owned, account_is_visible};
use crate::domain::ledgers::journal::{PostError, posting_error};
use crate::domain::ledgers::reversals::ReversalError;
use crate::domain::ledgers::transfers::TransferError;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;
use crate::platform::money::AmountError;
use crate::platform::page::{Page, Window};

row! {
    /// A voucher that an account bought. Amounts are minor units.
    pub struct Voucher {
        /// Row id.
        pub id: i64,
        /// The account.
        pub account_id: i64,
        /// Code of its market.
        pub market: String,
        /// What it is called.
        pub display_name: String,
        /// What was paid for it.
        pub price: i64,
        /// What it was worth.
        pub value: i64,
        /// What is left on it; nothing once it was refunded.
        pub balance: i64,
        /// When it was bought.
        pub purchased_at: DateTime<Utc>,
        /// From which local day on it may be redeemed.
        pub available_from: NaiveDate,
        /// The local day until which, exclusive, a whole one may be given back.
        pub refundable_until: NaiveDate,
        /// The transaction that charged for it.
        pub charge_id: i64,
        /// The entry that paid, and what it shows on both ledgers.
        pub transfer_id: i64,
        /// On the main ledger.
        pub transfer_charge_id: i64,
        /// On the ledger of vouchers.
        pub transfer_credit_id: i64,
        /// Whatever whoever bought it attached.
        pub client_params: Option<Value>,
        /// When it was given back.
        pub refunded_at: Option<DateTime<Utc>>,
    }
}

row! {
    /// What was credited of a voucher.
    pub struct Redemption {
        /// Row id.
        pub id: i64,
        /// The voucher.
        pub purchase_id: i64,
        /// The credit.
        pub transaction_id: i64,
        /// When.
        pub claimed_at: DateTime<Utc>,
    }
}

row! {
    /// What the vouchers of an account are worth, in minor units.
    pub struct Worth {
        /// What may be redeemed today.
        pub today: i64,
        /// What becomes available on a later day.
        pub in_future: i64,
    }
}

/// Why a voucher was not bought, redeemed or given back.
#[derive(Debug, Error)]
pub enum VoucherError {
    /// The viewer may not post.
    #[error("the viewer may not deal with vouchers")]
    Forbidden,
    /// There is no such account whose money is the viewer's.
    #[error("there is no such account of the viewer's")]
    NoAccount,
    /// No such voucher is sold where the account is.
    #[error("no such voucher is sold")]
    NotSold,
    /// The account has no such voucher.
    #[error("there is no such voucher")]
    Unknown,
    /// The account's credit does not cover the price.
    #[error("the account's credit does not cover the price")]
    NotCovered,
    /// The voucher may not be redeemed or given back, or not by that much; a sentence.
    #[error("{0}")]
    Refused(&'static str),
    /// The amount, or the balance after it, is not one that can be shown.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The books could not be kept; never the caller's doing.
    #[error(transparent)]
    Books(PostError),
    /// What was posted could not be undone; never the caller's doing.
    #[error(transparent)]
    Undoing(ReversalError),
    /// What was charged could not be paid; never the caller's doing.
    #[error(transparent)]
    Paying(TransferError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(VoucherError);
posting_error!(VoucherError);

impl From<TransferError> for VoucherError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::NothingThere | TransferError::NotEnough => Self::NotCovered,
            TransferError::Amount(error) => Self::Amount(error),
            TransferError::Database(error) => Self::Database(error),
            other => Self::Paying(other),
        }
    }
}

impl From<ReversalError> for VoucherError {
    fn from(error: ReversalError) -> Self {
        match error {
            ReversalError::Amount(error) => Self::Amount(error),
            ReversalError::Database(error) => Self::Database(error),
            other => Self::Undoing(other),
        }
    }
}

/// Which vouchers of an account are listed. Days are local, periods half-open.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those of which something may be redeemed today.
    pub redeemable_only: bool,
    /// The first day of purchase.
    pub purchased_from: Option<NaiveDate>,
    /// The day after the last day of purchase.
    pub purchased_before: Option<NaiveDate>,
    /// The first day from which they may be redeemed.
    pub available_from: Option<NaiveDate>,
    /// The day after the last of those.
    pub available_before: Option<NaiveDate>,
    /// None that were given back.
    pub without_refunded: bool,
    /// None that are called so.
    pub without_names: Vec<String>,
}

macro_rules! columns {
    () => {
        "v.id, v.account_id, s.market, s.display_name, v.price, v.value, \
         case when v.refunded_at is null then v.value - v.redeemed else 0 end as balance, v.purchased_at, \
         v.available_from, v.refundable_until, v.charge_id, t.journal_entry_id as transfer_id, v.transfer_charge_id, \
         v.transfer_credit_id, v.client_params, v.refunded_at \
         from voucher_purchases v join voucher_schemes s on s.id = v.scheme_id \
         join transactions t on t.id = v.transfer_charge_id"
    };
}

// Arguments 1 and 2 are the account and its day, 3 to 9 the filter.
macro_rules! fits {
    () => {
        " where v.account_id = $1 \
          and (not $3::boolean or (v.refunded_at is null and v.redeemed < v.value and v.available_from <= $2::date)) \
          and v.purchased_on >= coalesce($4::date, '-infinity') and v.purchased_on < coalesce($5::date, 'infinity') \
          and v.available_from >= coalesce($6::date, '-infinity') and v.available_from < coalesce($7::date, 'infinity') \
          and (not $8::boolean or v.refunded_at is null) and s.display_name <> all($9::text[])"
    };
}

statement!(static PAGE: Voucher = concat!(
    "select ", columns!(), fits!(), " order by v.id desc offset $10 limit $11"));
statement!(static COUNT: (i64,) = concat!(
    "select count(*) from voucher_purchases v join voucher_schemes s on s.id = v.scheme_id", fits!()));
statement!(static BY_ID: Voucher = concat!("select ", columns!(), " where v.id = $1"));
statement!(static REDEMPTIONS: Redemption = "
    select id, purchase_id, transaction_id, claimed_at from voucher_redemptions
    where purchase_id = any($1::bigint[]) order by id");
statement!(static WORTH: Worth = "
    select coalesce(sum(value - redeemed) filter (where available_from <= $2::date), 0)::bigint as today,
        coalesce(sum(value - redeemed) filter (where available_from > $2), 0)::bigint as in_future
    from voucher_purchases where account_id = $1 and refunded_at is null");
statement!(static OWNED: (i64, String) = concat!(
    "select a.id, a.market from accounts a where a.number = $3 and ", account_is_owned!(), " and ",
    account_is_visible!()));

/// One page of the vouchers that an account bought, the latest first. A statement, and one more for totals. The viewer has been
/// shown the account.
///
/// # Errors
/// Those of the database.
pub async fn of_account(
    tx: &mut Tx,
    account: &Account,
    filter: &Filter,
    window: &Window,
) -> Result<Page<Voucher>, sqlx::Error> {
    let today = today(tx, &account.market).await?;
    macro_rules! bound {
        ($query:expr) => {
            $query
                .bind(account.id)
                .bind(today)
                .bind(filter.redeemable_only)
                .bind(filter.purchased_from)
                .bind(filter.purchased_before)
                .bind(filter.available_from)
                .bind(filter.available_before)
                .bind(filter.without_refunded)
                .bind(&filter.without_names)
        };
    }
    let total =
        if window.needs_total() { Some(bound!(COUNT.query()).fetch_one(&mut *tx).await?.0) } else { None };
    let slice = window.slice(total);
    let rows = bound!(PAGE.query()).bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(Page::cut(window, slice, rows, total))
}

/// What the vouchers of an account are worth.
///
/// # Errors
/// Those of the database.
pub async fn worth(tx: &mut Tx, account: &Account) -> Result<Worth, sqlx::Error> {
    let today = today(tx, &account.market).await?;
    WORTH.query().bind(account.id).bind(today).fetch_one(&mut *tx).await
}

/// What was credited of each of these vouchers, the earliest first.
///
/// # Errors
/// Those of the database.
pub async fn redemptions(tx: &mut Tx, vouchers: &[i64]) -> Result<Vec<Vec<Redemption>>, sqlx::Error> {
    let rows = REDEMPTIONS.query().bind(vouchers).fetch_all(&mut *tx).await?;
    Ok(grouped(vouchers, rows.into_iter().map(|row| (row.purchase_id, row)).collect()))
}

/// The voucher with this id. No viewer: the caller has seen to that.
async fn by_id(tx: &mut Tx, id: i64) -> Result<Voucher, VoucherError> {
    BY_ID.query().bind(id).fetch_optional(&mut *tx).await?.ok_or(VoucherError::Unknown)
}

/// Row id and market of an account whose money is the viewer's, or that they post on.
async fn owned(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<(i64, String), VoucherError> {
    if viewer.account_user().is_none() && !viewer.may(POST_TRANSACTIONS) {
        return Err(VoucherError::Forbidden);
    }
    let query = OWNED.seen_by(viewer).bind(number);
    query.fetch_optional(&mut *tx).await?.ok_or(VoucherError::NoAccount)
}

/// The local day of a market.
async fn today(tx: &mut Tx, market: &str) -> Result<NaiveDate, sqlx::Error> {
    let now = tx.business_now().await?;
    Ok(market::by_code(market).map_or_else(|| now.date_naive(), |market| market.day(now)))
}
