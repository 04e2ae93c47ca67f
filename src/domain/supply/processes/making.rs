//! How processes begin, are put off, and are called off, within the use case that asks for it.

use chrono::{DateTime, Utc};

use super::{Kind, driving};
use crate::platform::db::{Tx, statement};

// Points for which the same is asked for are one process.
statement!(static OPEN: (i64,) = "
    insert into supply_processes (kind, account_id, property_id, subtype, asked_for, effective_at, stage, status,
        requested_at, due_at)
    values ($1, $2, $3, $4, $5, $5, 'REQUESTED', 'PENDING', $6, $7)
    on conflict (account_id, property_id, kind, asked_for) where ended_at is null
        do update set due_at = least(supply_processes.due_at, excluded.due_at)
    returning id");
statement!(static ADD_POINT: () = "
    insert into supply_process_points (process_id, supply_point_id, stage) values ($1, $2, 'REQUESTED')
    on conflict do nothing");
// Whose supply ends when ours begins.
statement!(static PLACE: (i64, bool) = "
    select sp.property_id, exists (select from supply_periods s where s.supply_point_id = sp.id and upper(s.during) = $2)
    from supply_points sp where sp.id = $1");
statement!(static PUT_OFF: () = "
    update supply_processes p set effective_at = $3, due_at = $4
    where p.kind = 'join' and p.account_id = $2 and p.ended_at is null and exists (select from supply_process_points t
        where t.process_id = p.id and t.supply_point_id = $1)");
statement!(static CALL_OFF: (i64,) = "
    update supply_process_points t set stage = 'CANCELLED' from supply_processes p
    where t.process_id = p.id and p.kind = 'join' and p.property_id = $1 and p.account_id = $2 and p.ended_at is null
        and p.effective_at >= $3 and p.effective_at > $4
    returning p.id");

/// A point is to be supplied on an account from a moment on.
pub(in crate::domain::supply) async fn join(
    tx: &mut Tx,
    (point, account): (i64, i64),
    from: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (property, was_ours) = PLACE.query().bind(point).bind(from).fetch_one(&mut *tx).await?;
    let subtype = if was_ours { "CHANGE_OF_TENANCY" } else { "CHANGE_OF_SUPPLIER" };
    with_point(tx, Kind::Join, (account, property), Some(subtype), from, point).await
}

/// A point is supplied on an account until a moment.
pub(in crate::domain::supply) async fn leave(
    tx: &mut Tx,
    (point, account): (i64, i64),
    subtype: Option<&str>,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (property, _) = PLACE.query().bind(point).bind(until).fetch_one(&mut *tx).await?;
    with_point(tx, Kind::Leave, (account, property), subtype, until, point).await
}

async fn with_point(
    tx: &mut Tx,
    kind: Kind,
    whose: (i64, i64),
    subtype: Option<&str>,
    at: DateTime<Utc>,
    point: i64,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let process = open(tx, kind, whose, subtype, at, now).await?;
    ADD_POINT.command().bind(process).bind(point).execute(&mut *tx).await?;
    Ok(())
}

/// Points of a property are to be left with once the register says so, which it is asked when that is due. Answers the process.
pub(super) async fn leave_with(
    tx: &mut Tx,
    whose: (i64, i64),
    points: &[i64],
    until: DateTime<Utc>,
    due: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    let process = open(tx, Kind::Leave, whose, None, until, due).await?;
    for point in points {
        ADD_POINT.command().bind(process).bind(point).execute(&mut *tx).await?;
    }
    Ok(process)
}

/// An account holds a property from a moment on, or until it.
pub(in crate::domain::supply) async fn hold(
    tx: &mut Tx,
    kind: Kind,
    (account, property): (i64, i64),
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    open(tx, kind, (account, property), None, at, at).await?;
    Ok(())
}

async fn open(
    tx: &mut Tx,
    kind: Kind,
    (account, property): (i64, i64),
    subtype: Option<&str>,
    at: DateTime<Utc>,
    due: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    let now = tx.business_now().await?;
    let open = OPEN.query().bind(kind.code()).bind(account).bind(property).bind(subtype).bind(at);
    Ok(open.bind(now).bind(due).fetch_one(&mut *tx).await?.0)
}

/// The supply of a point begins at another moment than was asked for.
pub(in crate::domain::supply) async fn put_off(
    tx: &mut Tx,
    (point, account): (i64, i64),
    to: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    PUT_OFF.command().bind(point).bind(account).bind(to).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Nothing begins at a property on an account any more from a moment on.
pub(in crate::domain::supply) async fn call_off(
    tx: &mut Tx,
    (account, property): (i64, i64),
    from: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let gone = CALL_OFF.query().bind(property).bind(account).bind(from).bind(now);
    let mut gone: Vec<i64> = gone.fetch_all(&mut *tx).await?.into_iter().map(|(id,)| id).collect();
    gone.sort_unstable();
    gone.dedup();
    for process in gone {
        driving::judge(tx, process).await?;
    }
    Ok(())
}
