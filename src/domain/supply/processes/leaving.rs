//! Leaving this retailer at one's own wish: the register is told some days ahead, and the supply ends once it has confirmed
//! that. Until it is told, the wish can be put off or called off.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use thiserror::Error;

use super::{driving, making};
use crate::domain::accounts::changes::may_edit;
use crate::domain::accounts::notes;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::supply::product_switches::hold_account;
use crate::platform::calendar;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market::{self, Market};

/// How many working days somebody has to say it ahead.
const NOTICE: u32 = 1;
/// How far ahead somebody can leave.
const FARTHEST: TimeDelta = TimeDelta::days(90);
/// How long ahead the register is told.
const TOLD: TimeDelta = TimeDelta::days(5);
const OPERATION: &str = "leaveSupplier";

/// Why nobody leaves, or somebody still does.
#[derive(Debug, Error)]
pub enum LeaveError {
    /// The viewer may not do this, or there is no such account for them.
    #[error("the viewer may not end the supply of this account")]
    Unauthorized,
    /// The brand does not do this.
    #[error("the next supplier sees to it")]
    Closed,
    /// It cannot be as it was asked for.
    #[error("{0}")]
    Unable(&'static str),
    /// Supply does not end in this way.
    #[error("supply does not end in this way here")]
    Unsupported,
    /// There is no such process for the viewer.
    #[error("there is no such process")]
    Unknown,
    /// It is not by a wish of the customer that they leave, so it is nothing to change here.
    #[error("it follows from something else")]
    NoWish,
    /// The register has been told.
    #[error("the register has been told")]
    Told,
    /// It is over.
    #[error("it is over")]
    Over,
    /// The day, or the way in which supply is to end, cannot be.
    #[error("the day is past, too near, or more than 90 days ahead, or supply does not end in this way")]
    Day,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(LeaveError);

/// Somebody's wish to leave.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// Number of the account.
    pub account_number: String,
    /// The last local day of supply.
    pub last_day: NaiveDate,
    /// Numbers of the points; all that the account is supplied at without.
    pub points: Option<Vec<String>>,
    /// One of `LeaveSupplierSubType`.
    pub subtype: Option<String>,
}

/// What somebody wishes instead.
#[derive(Clone, Debug)]
pub struct Change {
    /// Number of the process.
    pub number: String,
    /// The last local day of supply.
    pub last_day: NaiveDate,
    /// One of `LeaveSupplierSubType`; as it was without.
    pub subtype: Option<String>,
}

row! {
    struct Supplied {
        id: i64,
        property_id: i64,
        identifier: String,
        is_leaving: bool,
    }
}

row! {
    struct Held {
        id: i64,
        account_id: i64,
        market: String,
        is_wish: bool,
        is_over: bool,
        is_told: bool,
    }
}

statement!(static IS_CLOSED: (bool,) = "
    select exists (select from closed_operations c join accounts a on a.brand = c.brand
        where a.id = $1 and c.operation = $2)");
statement!(static SUPPLIED: Supplied = "
    select sp.id, sp.property_id, sp.identifier, exists (select from supply_processes p
            join supply_process_points t on t.process_id = p.id and t.supply_point_id = sp.id
        where p.account_id = $1 and p.is_wish and p.ended_at is null and (p.asked_for <> $2 or p.effective_at <> $2)) as is_leaving
    from supply_periods s join supply_points sp on sp.id = s.supply_point_id
    where s.account_id = $1 and upper_inf(s.during) and lower(s.during) < $2 order by sp.id for no key update of s");
statement!(static WISH: (String,) = "
    update supply_processes set is_wish = true, subtype = $2 where id = $1 returning number");
statement!(static HOLD: Held = concat!("
    select p.id, p.account_id, a.market, p.is_wish, p.ended_at is not null as is_over,
        exists (select from supply_process_points t where t.process_id = p.id and t.stage in ('REGISTERED', 'CONFIRMED'))
            as is_told
    from supply_processes p join accounts a on a.id = p.account_id
    where p.kind = 'leave' and (p.id = $3 or p.number = $4) and ", account_is_visible!(), " for no key update of p"));
statement!(static CHANGE: () = "
    update supply_processes set effective_at = $2, due_at = $3, subtype = coalesce($4, subtype) where id = $1");
statement!(static CALL_OFF: () = "update supply_process_points set stage = 'CANCELLED' where process_id = $1");

/// Begins to leave. Answers row id and number of the process; those of the one that is there if the same was asked for already.
///
/// # Errors
/// `Unauthorized`, `Closed`, `Unable`, `Unsupported`.
pub async fn instigate(tx: &mut Tx, viewer: &Viewer, wanted: &Leaving) -> Result<(i64, String), LeaveError> {
    let held = hold_account(tx, viewer, &wanted.account_number).await?;
    let (account, market) = held.ok_or(LeaveError::Unauthorized)?;
    let market = market::by_code(&market).ok_or(LeaveError::Unauthorized)?;
    is_open(tx, account).await?;
    // Whoever is cut off for debt is cut off on site, not by the market.
    if wanted.subtype.as_deref() == Some("DEBT_DISCONNECTION") {
        return Err(LeaveError::Unsupported);
    }
    let now = tx.business_now().await?;
    let until = end_of(market, wanted.last_day, now)
        .ok_or(LeaveError::Unable("the day is past, too near, or more than 90 days ahead"))?;
    let supplied = SUPPLIED.query().bind(account).bind(until).fetch_all(&mut *tx).await?;
    let points = chosen(supplied, wanted.points.as_deref())?;
    let property = points.first().map(|point| point.property_id);
    let property = property.ok_or(LeaveError::Unable("nothing is supplied on the account on that day"))?;
    if points.iter().any(|point| point.property_id != property) {
        return Err(LeaveError::Unable("the points are at several properties"));
    }
    if points.iter().any(|point| point.is_leaving) {
        return Err(LeaveError::Unable("a point is left with already, on another day"));
    }
    let ids: Vec<i64> = points.iter().map(|point| point.id).collect();
    let due = (until - TOLD).max(now);
    let process = making::leave_with(tx, (account, property), &ids, until, due).await?;
    let number = WISH.query().bind(process).bind(&wanted.subtype).fetch_one(&mut *tx).await?.0;
    Ok((process, number))
}

fn chosen(supplied: Vec<Supplied>, wanted: Option<&[String]>) -> Result<Vec<Supplied>, LeaveError> {
    let Some(wanted) = wanted else { return Ok(supplied) };
    let is_known = |number: &String| supplied.iter().any(|point| point.identifier == *number);
    if !wanted.iter().all(is_known) {
        return Err(LeaveError::Unable("the account is not supplied at such a point"));
    }
    Ok(supplied.into_iter().filter(|point| wanted.contains(&point.identifier)).collect())
}

/// The moment at which supply ends that has this last local day, if somebody can still wish that.
fn end_of(market: &Market, last_day: NaiveDate, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let today = market.day(now);
    let on = last_day.succ_opt()?;
    let can_be = on >= calendar::of(&market.code).after(today, NOTICE) && on - today <= FARTHEST;
    can_be.then(|| market.start_of(on))
}

async fn is_open(tx: &mut Tx, account: i64) -> Result<(), LeaveError> {
    let (is_closed,) = IS_CLOSED.query().bind(account).bind(OPERATION).fetch_one(&mut *tx).await?;
    if is_closed { Err(LeaveError::Closed) } else { Ok(()) }
}

/// The process with this id or number, if it can still be changed. Nobody else changes it meanwhile.
async fn hold(tx: &mut Tx, viewer: &Viewer, name: (i64, Option<&str>)) -> Result<Held, LeaveError> {
    if !may_edit(viewer) {
        return Err(LeaveError::Unknown);
    }
    let hold = HOLD.seen_by(viewer).bind(name.0).bind(name.1);
    let held = hold.fetch_optional(&mut *tx).await?.ok_or(LeaveError::Unknown)?;
    is_open(tx, held.account_id).await?;
    match (held.is_over, held.is_wish, held.is_told) {
        (true, ..) => Err(LeaveError::Over),
        (false, false, _) => Err(LeaveError::NoWish),
        (false, true, true) => Err(LeaveError::Told),
        (false, true, false) => Ok(held),
    }
}

/// Has somebody stay who wished to leave. Why is kept as a note.
///
/// # Errors
/// `Unknown`, `Closed`, `NoWish`, `Told`, `Over`.
pub async fn cancel(
    tx: &mut Tx,
    viewer: &Viewer,
    process: i64,
    reason: Option<&str>,
) -> Result<(), LeaveError> {
    let held = hold(tx, viewer, (process, None)).await?;
    CALL_OFF.command().bind(held.id).execute(&mut *tx).await?;
    driving::judge(tx, held.id).await?;
    if let Some(reason) = reason.map(str::trim).filter(|reason| !reason.is_empty()) {
        notes::keep(tx, viewer, held.account_id, &format!("Stays with us: {reason}")).await?;
    }
    Ok(())
}

/// Has somebody leave on another day. A repeat changes nothing.
///
/// # Errors
/// `Unknown`, `Closed`, `NoWish`, `Told`, `Over`, `Day`.
pub async fn change(tx: &mut Tx, viewer: &Viewer, wanted: &Change) -> Result<(), LeaveError> {
    let held = hold(tx, viewer, (0, Some(&wanted.number))).await?;
    let market = market::by_code(&held.market).ok_or(LeaveError::Unknown)?;
    if wanted.subtype.as_deref() == Some("DEBT_DISCONNECTION") {
        return Err(LeaveError::Day);
    }
    let now = tx.business_now().await?;
    let until = end_of(market, wanted.last_day, now).ok_or(LeaveError::Day)?;
    let change = CHANGE.command().bind(held.id).bind(until).bind((until - TOLD).max(now));
    change.bind(&wanted.subtype).execute(&mut *tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_lies_a_working_day_ahead() {
        let market = market::by_code("gb").expect("a market");
        // A Friday.
        let now: DateTime<Utc> = "2026-03-06T09:00:00Z".parse().expect("a moment");
        let end = |day: &str| end_of(market, day.parse().expect("a day"), now).map(|end| end.to_rfc3339());
        assert_eq!(end("2026-03-07"), None);
        assert_eq!(end("2026-03-08").as_deref(), Some("2026-03-09T00:00:00+00:00"));
        assert_eq!(end("2026-06-03").as_deref(), Some("2026-06-03T23:00:00+00:00"));
        assert_eq!(end("2026-06-04"), None);
    }
}
