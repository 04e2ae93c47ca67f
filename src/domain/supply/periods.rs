//! When this retailer supplies a point, and on whose account.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use super::agreements;
use super::gas_register;
use super::identifiers::MarketName;
use super::processes::making;
use crate::domain::accounts::lifecycle::{self, LifecycleError, Status};
use crate::domain::accounts::{grouped, in_order};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::market;

row! {
    /// A time for which a point was supplied on an account.
    pub struct SupplyPeriod {
        /// Row id.
        pub id: i64,
        /// The point.
        pub supply_point_id: i64,
        /// The account, by row id.
        pub account_id: i64,
        /// The first moment.
        pub starts_at: DateTime<Utc>,
        /// The moment after the last, once it is known.
        pub ends_at: Option<DateTime<Utc>>,
        /// Whether what is used then is billed.
        pub is_billable: bool,
        /// When it was agreed on.
        pub agreed_at: DateTime<Utc>,
    }
}

row! {
    /// A supply that was agreed on and never began.
    pub struct CalledOff {
        /// The point.
        pub supply_point_id: i64,
        /// When it was to begin.
        pub was_to_begin: DateTime<Utc>,
        /// One of `ActivationCancellationReason`.
        pub reason: String,
    }
}

/// Why supply neither began nor ended.
#[derive(Debug, Error)]
pub enum SupplyError {
    /// There is no such supply point or account, or they are in different countries.
    #[error("there is no such supply point for the account")]
    NotThere,
    /// The point is supplied already at that time, by this account or another.
    #[error("the point is supplied already")]
    Supplied,
    /// The point is not supplied on that day.
    #[error("the point is not supplied on that day")]
    NotSupplied,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(SupplyError);

impl From<sqlx::Error> for SupplyError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "supply_periods_one_at_a_time") {
            Self::Supplied
        } else {
            Self::Database(error)
        }
    }
}

statement!(static BEGIN: (i64,) = "
    insert into supply_periods (supply_point_id, account_id, during, created_at)
    select sp.id, a.id, tstzrange($3, null), $4 from supply_points sp join accounts a on a.market = sp.market
    where sp.id = $1 and a.id = $2 returning id");
statement!(static END: (i64,) = "
    update supply_periods set during = tstzrange(lower(during), $2)
    where supply_point_id = $1 and upper_inf(during) and lower(during) < $2 returning account_id");
statement!(static END_ON_ACCOUNT: (i64,) = "
    update supply_periods set during = tstzrange(lower(during), $3)
    where supply_point_id = $1 and account_id = $2 and upper_inf(during) and lower(during) < $3 returning id");
statement!(static END_AT_PROPERTY: (i64,) = "
    update supply_periods s set during = tstzrange(lower(s.during), $3)
    from supply_points sp
    where sp.id = s.supply_point_id and sp.property_id = $1 and s.account_id = $2 and lower(s.during) < $3
      and (upper_inf(s.during) or upper(s.during) > $3)
    returning sp.id");
// What would only begin in the future never begins, and is remembered as that.
statement!(static CALL_OFF_AT_PROPERTY: () = "
    with gone as (
        delete from supply_periods s using supply_points sp
        where sp.id = s.supply_point_id and sp.property_id = $1 and s.account_id = $2 and lower(s.during) >= $3
          and lower(s.during) > $4
        returning s.supply_point_id, s.account_id, lower(s.during) as was_to_begin
    )
    insert into called_off_supplies (supply_point_id, account_id, was_to_begin, reason, called_off_at)
    select gone.supply_point_id, gone.account_id, gone.was_to_begin, 'CUSTOMER_CHANGED_MIND', $4 from gone");
statement!(static CALL_OFF: (i64,) = "
    with gone as (
        delete from supply_periods where supply_point_id = $1 and account_id = $2 and lower(during) = $3 and $3 > $5
        returning supply_point_id, account_id
    )
    insert into called_off_supplies (supply_point_id, account_id, was_to_begin, reason, called_off_at)
    select gone.supply_point_id, gone.account_id, $3, $4, $5 from gone returning id");
// What was agreed on again since then is not called off any more.
statement!(static CALLED_OFF: CalledOff = concat!("
    select distinct on (c.supply_point_id) c.supply_point_id, c.was_to_begin, c.reason
    from called_off_supplies c join accounts a on a.id = c.account_id
    where c.supply_point_id = any($3::bigint[]) and ", account_is_visible!(), "
      and not exists (select from supply_periods s where s.supply_point_id = c.supply_point_id
        and s.account_id = c.account_id and (lower(s.during) >= c.was_to_begin or s.created_at > c.called_off_at))
    order by c.supply_point_id, c.called_off_at desc, c.id desc"));
statement!(static IS_SUPPLIED: (bool,) = "
    select exists (select from supply_periods s join supply_points sp on sp.id = s.supply_point_id
        where sp.property_id = $1 and s.account_id = $2 and s.during && tstzrange($3, null))");
statement!(static MARKET_OF: (String,) = "select market from supply_points where id = $1");
statement!(static MARKET_NAME_OF: (String,) = "select market_name from supply_points where id = $1");
statement!(static OF_POINTS: SupplyPeriod = concat!("
    select s.id, s.supply_point_id, s.account_id, lower(s.during) as starts_at, upper(s.during) as ends_at,
        s.is_billable, s.created_at as agreed_at
    from supply_periods s join accounts a on a.id = s.account_id
    where s.supply_point_id = any($3::bigint[]) and ", account_is_visible!(), "
    order by s.supply_point_id, 4"));

/// Supplies a point on an account from the beginning of a local day on. Answers the row id of the supply period.
pub async fn begin_supply(
    tx: &mut Tx,
    supply_point: i64,
    account: i64,
    on: NaiveDate,
) -> Result<i64, SupplyError> {
    let from = start_of(tx, supply_point, on).await?;
    let now = tx.business_now().await?;
    let begin = BEGIN.query().bind(supply_point).bind(account).bind(from).bind(now);
    let (id,) = begin.fetch_optional(&mut *tx).await?.ok_or(SupplyError::NotThere)?;
    wake(tx, account).await?;
    making::join(tx, (supply_point, account), from).await?;
    tell(tx, supply_point).await?;
    Ok(id)
}

statement!(static IS_DORMANT: (bool,) = "select status = 'DORMANT' from accounts where id = $1");

/// An account that is supplied again is no longer dormant.
async fn wake(tx: &mut Tx, account: i64) -> Result<(), SupplyError> {
    let (is_dormant,) = IS_DORMANT.query().bind(account).fetch_one(&mut *tx).await?;
    if !is_dormant {
        return Ok(());
    }
    match lifecycle::advance(tx, &Viewer::server(), account, Status::Active).await {
        Ok(()) => Ok(()),
        Err(LifecycleError::Database(error)) => Err(error.into()),
        Err(_) => Err(SupplyError::NotThere),
    }
}

/// Ends the supply of a point at the beginning of a local day.
pub async fn end_supply(tx: &mut Tx, supply_point: i64, on: NaiveDate) -> Result<(), SupplyError> {
    let until = start_of(tx, supply_point, on).await?;
    let ended = END.query().bind(supply_point).bind(until).fetch_optional(&mut *tx).await?;
    let (account,) = ended.ok_or(SupplyError::NotSupplied)?;
    agreements::end_with_supply(tx, &[supply_point], None, until).await?;
    making::leave(tx, (supply_point, account), None, until).await?;
    Ok(tell(tx, supply_point).await?)
}

row! {
    struct Moved {
        supply_point_id: i64,
        account_id: i64,
        was: Option<DateTime<Utc>>,
        is_held: bool,
    }
}

statement!(static MOVE_START: Moved = "
    update supply_periods s set during = tstzrange($2, upper(s.during))
    from supply_periods old join supply_points sp on sp.id = old.supply_point_id
    where s.id = $1 and old.id = s.id and (upper_inf(s.during) or upper(s.during) > $2)
    returning s.supply_point_id, s.account_id, lower(old.during) as was, exists (select from occupancies o
        where o.property_id = sp.property_id and o.account_id = s.account_id and o.during @> $2) as is_held");

/// Has a supply begin at another moment, and with it what was agreed to begin then.
///
/// # Errors
/// Not while the point is supplied on another account, before the account holds the property, or after something that was
/// agreed for it is over.
pub(super) async fn move_start(tx: &mut Tx, period: i64, start: DateTime<Utc>) -> Result<(), SupplyError> {
    let moved = MOVE_START.query().bind(period).bind(start).fetch_optional(&mut *tx).await?;
    let moved = moved.filter(|moved| moved.is_held).ok_or(SupplyError::NotSupplied)?;
    let was = moved.was.unwrap_or(start);
    let whose = (moved.supply_point_id, moved.account_id);
    if !agreements::begin_with_supply(tx, whose, was, start).await? {
        return Err(SupplyError::NotSupplied);
    }
    making::put_off(tx, whose, start).await?;
    Ok(tell(tx, moved.supply_point_id).await?)
}

/// Lets the register of the market know, where there is one.
async fn tell(tx: &mut Tx, supply_point: i64) -> Result<(), sqlx::Error> {
    let found = MARKET_NAME_OF.query().bind(supply_point).fetch_optional(&mut *tx).await?;
    if found.is_some_and(|(name,)| name == MarketName::GbrGas.code()) {
        gas_register::ask_soon(tx, supply_point).await?;
    }
    Ok(())
}

/// Ends whatever a property's points are supplied with on an account. Answers whether that could be: what has begun
/// since then has been used, and stays.
pub(super) async fn end_at_property(
    tx: &mut Tx,
    property: i64,
    account: i64,
    until: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let now = tx.business_now().await?;
    let ended = END_AT_PROPERTY.query().bind(property).bind(account).bind(until).fetch_all(&mut *tx).await?;
    let points: Vec<i64> = ended.iter().map(|(point,)| *point).collect();
    agreements::end_with_supply(tx, &points, Some(account), until).await?;
    for (point,) in ended {
        making::leave(tx, (point, account), Some("MOVE_OUT"), until).await?;
        tell(tx, point).await?;
    }
    let call_off = CALL_OFF_AT_PROPERTY.command().bind(property).bind(account).bind(until);
    call_off.bind(now).execute(&mut *tx).await?;
    making::call_off(tx, (account, property), until).await?;
    let (is_supplied,) =
        IS_SUPPLIED.query().bind(property).bind(account).bind(until).fetch_one(&mut *tx).await?;
    Ok(!is_supplied)
}

/// Ends the supply of a point on an account at a moment. Answers whether there was one without an end.
pub(super) async fn end_on_account(
    tx: &mut Tx,
    (point, account): (i64, i64),
    until: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let end = END_ON_ACCOUNT.query().bind(point).bind(account).bind(until);
    if end.fetch_optional(&mut *tx).await?.is_none() {
        return Ok(false);
    }
    agreements::end_with_supply(tx, &[point], Some(account), until).await?;
    tell(tx, point).await?;
    Ok(true)
}

/// Calls the supply of a point off that was to begin on an account at a moment, with what was agreed for it. Answers whether
/// there was one that has not begun.
pub(super) async fn call_off(
    tx: &mut Tx,
    (point, account): (i64, i64),
    was_to_begin: DateTime<Utc>,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let now = tx.business_now().await?;
    let call_off = CALL_OFF.query().bind(point).bind(account).bind(was_to_begin).bind(reason).bind(now);
    if call_off.fetch_optional(&mut *tx).await?.is_none() {
        return Ok(false);
    }
    agreements::revoke_from(tx, (point, account), was_to_begin).await?;
    tell(tx, point).await?;
    Ok(true)
}

async fn start_of(tx: &mut Tx, supply_point: i64, day: NaiveDate) -> Result<DateTime<Utc>, SupplyError> {
    let found = MARKET_OF.query().bind(supply_point).fetch_optional(&mut *tx).await?;
    let (market,) = found.ok_or(SupplyError::NotThere)?;
    let market = market::by_code(&market).ok_or(SupplyError::NotThere)?;
    Ok(market.start_of(day))
}

/// When each of these points was supplied on accounts that the viewer may see, from the earliest on.
pub async fn of_points(
    tx: &mut Tx,
    viewer: &Viewer,
    points: &[i64],
) -> Result<Vec<Vec<SupplyPeriod>>, sqlx::Error> {
    let query = OF_POINTS.seen_by(viewer).bind(points);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(points, rows.into_iter().map(|row| (row.supply_point_id, row)).collect()))
}

/// What was called off last at each of these points, on accounts that the viewer may see, unless it was agreed on again.
pub async fn called_off(
    tx: &mut Tx,
    viewer: &Viewer,
    points: &[i64],
) -> Result<Vec<Option<CalledOff>>, sqlx::Error> {
    let query = CALLED_OFF.seen_by(viewer).bind(points);
    Ok(in_order(points, query.fetch_all(&mut *tx).await?, |row| row.supply_point_id))
}
