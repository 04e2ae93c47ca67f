//! Prepayment meters of accounts, and the ledgers that hold what has been passed to them.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use crate::domain::auth::viewer::Viewer;
use crate::domain::ledgers::transfers::{self, TransferError};
use crate::domain::ledgers::{journal, open};
use crate::domain::payments::collect::{self, CollectError};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market::{self, LedgerKind, Market};
use crate::platform::money::Minor;
use crate::platform::random::Randomness;

/// Why nothing was done about a meter.
#[derive(Debug, Error)]
pub enum PrepayError {
    /// The viewer may not deal with payments, or not lend credit.
    #[error("the viewer may not do this")]
    Forbidden,
    /// There is no such account for the viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// The viewer only looks after the account.
    #[error("the account is not the viewer's to pay for")]
    NotTheirs,
    /// The account is not supplied through such a meter.
    #[error("the account has no such meter")]
    NoMeter,
    /// The meter is not paid for ahead, or does not talk to the outside.
    #[error("the meter is not in prepayment mode")]
    NotPrepaid,
    /// The amount is out of the market's bounds.
    #[error("the amount must be from {0} to {1}")]
    Amount(i64, i64),
    /// The account has no such payment on its main ledger.
    #[error("there is no such payment")]
    UnknownPayment,
    /// The payment cannot buy this.
    #[error("{0}")]
    Payment(&'static str),
    /// The account's ledger has less credit than that.
    #[error("the account has only {0} of credit")]
    NotEnough(i64),
    /// As much has been lent already as is lent in a month.
    #[error("only {0} more can be lent")]
    LentEnough(i64),
    /// The reason is too long.
    #[error("the reason is too long")]
    Reason,
    /// There is no card to collect from.
    #[error("there is no card to collect from")]
    NoCard,
    /// The books could not be kept; never the caller's doing.
    #[error("{0}")]
    Books(TransferError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PrepayError);

impl From<CollectError> for PrepayError {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::Forbidden => Self::Forbidden,
            CollectError::NotTheirs => Self::NotTheirs,
            CollectError::Database(error) => Self::Database(error),
            _ => Self::UnknownAccount,
        }
    }
}

impl From<TransferError> for PrepayError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Database(error) => Self::Database(error),
            other => Self::Books(other),
        }
    }
}

/// Which meter of which account somebody means.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// The meter's number for life: eight pairs of hexadecimal digits.
    pub device_id: &'a str,
}

row! {
    /// A meter that an account pays ahead for.
    pub(super) struct Meter {
        pub id: i64,
        pub account_id: i64,
        pub account_number: String,
        pub market: String,
        pub ledger_id: i64,
        pub main_ledger_id: i64,
        pub device_id: String,
        pub serial_number: String,
        pub supply_point_id: i64,
        pub since: DateTime<Utc>,
        pub is_over: bool,
    }
}

impl Meter {
    pub fn market(&self) -> Result<&'static Market, sqlx::Error> {
        market::by_code(&self.market).ok_or(sqlx::Error::RowNotFound)
    }
}

row! {
    /// How much is put on meters in a market, in minor units.
    pub(super) struct Terms {
        pub least: i64,
        pub most: i64,
        pub tops_up_below: i64,
        pub most_lent: i64,
    }
}

impl Terms {
    /// Whether so much may be put on a meter at once.
    pub fn judge(&self, amount: i64) -> Result<(), PrepayError> {
        let fits = (self.least..=self.most).contains(&amount);
        if fits { Ok(()) } else { Err(PrepayError::Amount(self.least, self.most)) }
    }
}

statement!(static TERMS: Terms = "
    select least, most, tops_up_below, most_lent from prepay_terms where market = $1");

/// The terms of a market; an error where meters are not paid for ahead.
pub(super) async fn terms(tx: &mut Tx, market: &str) -> Result<Terms, PrepayError> {
    TERMS.query().bind(market).fetch_optional(&mut *tx).await?.ok_or(PrepayError::NotPrepaid)
}

row! {
    struct Device {
        id: i64,
        commodity: String,
        is_prepaid: bool,
    }
}

// Whoever does something about a meter holds it.
statement!(static DEVICE: Device = "
    select d.id, sp.commodity, d.payment_mode is not distinct from 'PREPAY' and d.status = 'COMMISSIONED' as is_prepaid
    from smart_meter_devices d join meters m on m.id = d.meter_id and m.active_to is null
        join supply_points sp on sp.id = m.supply_point_id and sp.direction = 'IMPORT'
        join supply_periods s on s.supply_point_id = sp.id and s.account_id = $1 and s.during @> $3::timestamptz
    where d.device_id = $2 for no key update of d");
statement!(static CURRENT: (i64, i64) = "
    select id, account_id from prepay_meters where device_id = $1 and ended_at is null");
statement!(static ADD: (i64,) = "
    insert into prepay_meters (device_id, account_id, ledger_id, since, created_at) values ($1, $2, $3, $4, $5)
    returning id");

macro_rules! meter {
    ($which:literal) => {
        concat!(
            "select p.id, p.account_id, a.number as account_number, a.market, p.ledger_id, main.id as main_ledger_id, \
             d.device_id, d.serial_number, m.supply_point_id, p.since, p.ended_at is not null as is_over \
             from prepay_meters p join accounts a on a.id = p.account_id \
                 join ledgers main on main.account_id = a.id and main.is_main \
                 join smart_meter_devices d on d.id = p.device_id join meters m on m.id = d.meter_id ",
            $which
        )
    };
}

statement!(static BY_ID: Meter = meter!("where p.id = $1"));
statement!(static HOLD: Meter = meter!("where p.id = $1 for no key update of p"));

/// The meter that somebody means, if it is in prepayment mode and theirs to pay for; it is held until this transaction ends.
pub(super) async fn hold(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    asked: &Asked<'_>,
) -> Result<Meter, PrepayError> {
    let payer = collect::payer(tx, viewer, asked.account_number).await?;
    let market = market::by_code(&payer.market).ok_or(PrepayError::UnknownAccount)?;
    let now = tx.business_now().await?;
    let device = DEVICE.query().bind(payer.id).bind(asked.device_id).bind(now);
    let device = device.fetch_optional(&mut *tx).await?.ok_or(PrepayError::NoMeter)?;
    if !device.is_prepaid {
        return Err(PrepayError::NotPrepaid);
    }
    let current = CURRENT.query().bind(device.id).fetch_optional(&mut *tx).await?;
    let known = match current {
        Some((id, account)) if account == payer.id => Some(id),
        Some((id, _)) => {
            finish(tx, id).await?;
            None
        }
        None => None,
    };
    let id = match known {
        Some(id) => id,
        None => {
            let ledger = ledger(tx, random, payer.id, market, &device.commodity).await?;
            let since = market.start_of(market.day(now));
            let add = ADD.query().bind(device.id).bind(payer.id).bind(ledger).bind(since).bind(now);
            add.fetch_one(&mut *tx).await?.0
        }
    };
    Ok(HOLD.query().bind(id).fetch_one(&mut *tx).await?)
}

/// The meter of this id. No viewer: for jobs.
pub(super) async fn by_id(tx: &mut Tx, id: i64) -> Result<Meter, sqlx::Error> {
    BY_ID.query().bind(id).fetch_one(&mut *tx).await
}

/// As [`by_id`], held until this transaction ends.
pub(super) async fn held(tx: &mut Tx, id: i64) -> Result<Meter, sqlx::Error> {
    HOLD.query().bind(id).fetch_one(&mut *tx).await
}

// Two meters of an account may want their ledger at once.
statement!(static HOLD_MAIN: (i64,) = "
    select id from ledgers where account_id = $1 and is_main for no key update");
statement!(static LEDGER: (i64,) = "select id from ledgers where account_id = $1 and ledger_type = $2");

/// The ledger that holds the credit on an account's meters for a commodity; it is opened if there is none.
async fn ledger(
    tx: &mut Tx,
    random: &Randomness,
    account: i64,
    market: &Market,
    commodity: &str,
) -> Result<i64, sqlx::Error> {
    let (ledger_type, name) = match commodity {
        "gas" => ("PREPAY_GAS_LEDGER", "Gas meter credit"),
        _ => ("PREPAY_ELECTRICITY_LEDGER", "Electricity meter credit"),
    };
    HOLD_MAIN.query().bind(account).fetch_one(&mut *tx).await?;
    if let Some((id,)) = LEDGER.query().bind(account).bind(ledger_type).fetch_optional(&mut *tx).await? {
        return Ok(id);
    }
    let kind = LedgerKind {
        ledger_type: ledger_type.to_owned(),
        name: name.to_owned(),
        is_main: false,
        affects_account_balance: false,
        accepts_payments: false,
        supports_statements: false,
        supports_invoices: false,
        stores_credit: false,
        opened_with_account: false,
    };
    open::customer_ledger(tx, random, account, market, &kind).await
}

statement!(static OVER: (i64,) = "
    select p.id from prepay_meters p join accounts a on a.id = p.account_id
        join unnest($1::text[], $2::date[]) as today (market, day) on today.market = a.market
        join smart_meter_devices d on d.id = p.device_id join meters m on m.id = d.meter_id
    where p.ended_at is null and (m.active_to <= today.day or not exists (select from supply_periods s
        where s.supply_point_id = m.supply_point_id and s.account_id = p.account_id and s.during @> $3::timestamptz))
    order by p.id limit $4");

/// The meters that were taken off, or that their account is not supplied through any more.
pub(super) async fn over(
    tx: &mut Tx,
    (markets, days): (Vec<String>, Vec<NaiveDate>),
    limit: i64,
) -> Result<Vec<i64>, sqlx::Error> {
    let now = tx.business_now().await?;
    let over = OVER.query().bind(markets).bind(days).bind(now).bind(limit).fetch_all(&mut *tx).await?;
    Ok(over.into_iter().map(|(id,)| id).collect())
}

statement!(static END: (i64,) = "
    with ended as (
        update prepay_meters set ended_at = $2 where id = $1 and ended_at is null returning id, ledger_id
    ), numbers as (
        update payment_allocation_numbers set replaced_at = $2
        where prepay_meter_id in (select id from ended) and replaced_at is null
    ), top_ups as (
        update auto_top_ups set effective_to = greatest(effective_from, $2)
        where prepay_meter_id in (select id from ended) and effective_to is null
    )
    select case when exists (select from prepay_meters o where o.ledger_id = ended.ledger_id and o.id <> $1
        and o.ended_at is null) then 0 else b.balance end
    from ended join ledger_balances b on b.ledger_account_id = ended.ledger_id");

/// Ends paying ahead for a meter: its number and its top-ups end, and what is left of its credit goes back to the account's main
/// ledger, unless another meter shares it.
pub(super) async fn finish(tx: &mut Tx, id: i64) -> Result<(), PrepayError> {
    let meter = held(tx, id).await?;
    let market = meter.market()?;
    let ends = [meter.ledger_id, meter.main_ledger_id];
    journal::hold(tx, &ends, &market.currency.code).await?;
    let now = tx.business_now().await?;
    let Some((left,)) = END.query().bind(id).bind(now).fetch_optional(&mut *tx).await? else { return Ok(()) };
    if left > 0 {
        let note = format!("What was left on the meter {}.", meter.serial_number);
        transfers::carry(tx, market, ends, Minor(left), &note).await?;
    }
    Ok(())
}
