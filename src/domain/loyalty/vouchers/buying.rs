//! Buying a voucher, and giving it back while it is whole.

use chrono::{Days, NaiveDate};
use serde_json::Value;
use uuid::Uuid;

use super::{Voucher, VoucherError, by_id, owned};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::Viewer;
use crate::domain::ledgers::prepaid::{self, Called};
use crate::domain::ledgers::{ledgers, open, reversals, transfers};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market::{self, LedgerKind};
use crate::platform::money::Minor;
use crate::platform::random::Randomness;

/// The reason of the charge.
pub(super) const REASON: &str = "VOUCHER";
/// The type of the ledgers that vouchers are charged to.
const LEDGER: &str = "VOUCHER_LEDGER";

/// A voucher that somebody wants.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// Code of what is sold.
    pub code: &'a str,
    /// Whatever they attach.
    pub client_params: Option<&'a Value>,
    /// Keeps a retry from buying a second one.
    pub key: Option<Uuid>,
}

row! {
    struct Scheme {
        id: i64,
        display_name: String,
        price: i64,
        value: i64,
        waiting_days: i32,
        refund_days: i32,
    }
}

statement!(static SCHEME: Scheme = "
    select id, display_name, price, value, waiting_days, refund_days from voucher_schemes
    where market = $1 and code = $2 and is_sold");
statement!(static HOLD_ACCOUNT: (i64,) = "select id from accounts where id = $1 for no key update");
statement!(static BOUGHT: (i64,) = "
    select id from voucher_purchases where account_id = $1 and idempotency_key = $2");
statement!(static KEEP: (i64,) = "
    insert into voucher_purchases (account_id, scheme_id, price, value, purchased_at, purchased_on, available_from,
        refundable_until, charge_id, transfer_charge_id, transfer_credit_id, client_params, idempotency_key, by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) returning id");
statement!(static HOLD: (i64, i64, i64) = "
    select redeemed, charge_id, transfer_charge_id from voucher_purchases
    where id = $1 and account_id = $2 and refunded_at is null for no key update");
statement!(static REFUNDED: () = "update voucher_purchases set refunded_at = $2 where id = $1");

/// Buys a voucher with what the account's main ledger is in credit. The same key again answers the voucher that was bought with
/// it.
///
/// # Errors
/// See [`VoucherError`].
pub async fn buy(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    order: &Order<'_>,
) -> Result<Voucher, VoucherError> {
    let (account, market) = owned(tx, viewer, order.account_number).await?;
    let market = market::by_code(&market).ok_or(VoucherError::NotSold)?;
    let scheme = SCHEME.query().bind(&market.code).bind(order.code).fetch_optional(&mut *tx).await?;
    let scheme = scheme.ok_or(VoucherError::NotSold)?;
    let main = ledgers::target(tx, account, None).await?.ok_or(VoucherError::NoAccount)?.ledger_id;
    // One at a time, so that a key is used once and the ledger of vouchers opened once.
    HOLD_ACCOUNT.query().bind(account).fetch_one(&mut *tx).await?;
    if let Some(key) = order.key
        && let Some((id,)) = BOUGHT.query().bind(account).bind(key).fetch_optional(&mut *tx).await?
    {
        return by_id(tx, id).await;
    }
    let ledger = match ledgers::target(tx, account, Some(LEDGER)).await? {
        Some(target) => target.ledger_id,
        None => open::customer_ledger(tx, random, account, market, &kind()).await?,
    };
    let price = Minor::positive_entry(scheme.price)?;
    let called = Called { title: &scheme.display_name, reason: REASON };
    // What is not covered is refused before anything is charged.
    let [from, to] = transfers::carry(tx, market, [main, ledger], price, &scheme.display_name).await?;
    let charge = prepaid::charge(tx, market, ledger, price, called).await?;
    let now = tx.business_now().await?;
    let today = market.day(now);
    let (by, by_id_of) = hand(viewer);
    let keep = KEEP.query().bind(account).bind(scheme.id).bind(scheme.price).bind(scheme.value).bind(now);
    let keep = keep.bind(today).bind(later(today, scheme.waiting_days));
    let keep = keep.bind(later(today, scheme.refund_days)).bind(charge).bind(from).bind(to);
    let keep = keep.bind(order.client_params).bind(order.key).bind(by).bind(by_id_of);
    let (id,) = keep.fetch_one(&mut *tx).await?;
    by_id(tx, id).await
}

/// Gives a whole voucher back within the days for that: the charge and what paid it are undone.
///
/// # Errors
/// See [`VoucherError`].
pub async fn give_back(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    voucher: i64,
) -> Result<Voucher, VoucherError> {
    let (account, _) = owned(tx, viewer, number).await?;
    let held = HOLD.query().bind(voucher).bind(account).fetch_optional(&mut *tx).await?;
    let (redeemed, charge, transfer) = held.ok_or(VoucherError::Unknown)?;
    if redeemed > 0 {
        return Err(VoucherError::Refused("Some of the voucher has been redeemed."));
    }
    let bought = by_id(tx, voucher).await?;
    if super::today(tx, &bought.market).await? >= bought.refundable_until {
        return Err(VoucherError::Refused("The voucher can no longer be given back."));
    }
    for posted in [charge, transfer] {
        reversals::reverse(tx, posted, None).await?;
    }
    let now = tx.business_now().await?;
    REFUNDED.command().bind(voucher).bind(now).execute(&mut *tx).await?;
    by_id(tx, voucher).await
}

fn later(day: NaiveDate, days: i32) -> NaiveDate {
    let days = Days::new(u64::try_from(days).unwrap_or(0));
    day.checked_add_days(days).unwrap_or(day)
}

/// The ledger that vouchers are charged to. It is even after every purchase.
fn kind() -> LedgerKind {
    LedgerKind {
        ledger_type: LEDGER.to_owned(),
        name: "Vouchers".to_owned(),
        is_main: false,
        affects_account_balance: true,
        accepts_payments: false,
        supports_statements: false,
        supports_invoices: false,
        stores_credit: false,
        opened_with_account: false,
    }
}
