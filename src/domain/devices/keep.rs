//! Keeps where devices stand: one at a time, under a lock.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::DeviceError;
use super::fleet::{self, Device};
use super::life::Stage;
use super::sessions::{Dispatch, Problem, Session};
use crate::domain::accounts::changes::may_edit;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, statement};

// The lock comes first, in a statement of its own: what is read afterwards is what the holder before left.
statement!(static LOCK: (Uuid,) = concat!("
    select d.id from devices d join accounts a on a.id = d.account_id
    where d.id = $3 and ", account_is_visible!(), " for no key update of d"));
statement!(static LOCK_OF_ACCOUNT: (Uuid,) = concat!("
    select d.id from devices d join accounts a on a.id = d.account_id
    where a.number = $3 and d.retired_at is null and d.kind in ('VEHICLE', 'CHARGE_POINT')
        and ", account_is_visible!(), " order by d.created_at desc, d.number desc limit 1 for no key update of d"));
statement!(static KEEP: () = "
    update devices set state = kept.state, advanced_to = kept.advanced_to, retired_at = kept.retired_at
    from unnest($1::uuid[], $2::jsonb[], $3::timestamptz[], $4::timestamptz[]) as kept (id, state, advanced_to, retired_at)
    where devices.id = kept.id");
statement!(static ADD_SESSION: (i64,) = "
    insert into charging_sessions (device_id, source, target_type, started_at, ended_at, charge_before, charge_after,
        battery_wh, problems, operator, location, cost)
    values ($1, $2, $3, $4, $5, $6::bigint, $7::bigint, $8, $9, $10, $11, $12) returning id");
statement!(static ADD_DISPATCHES: () = "
    insert into device_dispatches (session_id, device_id, source, started_at, ended_at, grid_wh, battery_wh)
    select $1, $2, $3, ran.from_at, ran.to_at, ran.grid_wh, ran.battery_wh
    from unnest($4::timestamptz[], $5::timestamptz[], $6::bigint[], $7::bigint[])
        as ran (from_at, to_at, grid_wh, battery_wh)");

/// The device with this identifier, brought forward to the present and held for a change until the transaction ends.
///
/// # Errors
/// [`DeviceError::Unknown`] where there is none for the viewer, [`DeviceError::Forbidden`] where they may only look.
pub(super) async fn hold(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Device, DeviceError> {
    let lock = LOCK.seen_by(viewer).bind(id);
    lock.fetch_optional(&mut *tx).await?.ok_or(DeviceError::Unknown)?;
    if !may_edit(viewer) {
        return Err(DeviceError::Forbidden);
    }
    fleet::by_id(tx, viewer, id).await
}

/// As [`hold`], the device that charges an account's car.
///
/// # Errors
/// As [`hold`].
pub(super) async fn hold_charger(tx: &mut Tx, viewer: &Viewer, account: &str) -> Result<Device, DeviceError> {
    let lock = LOCK_OF_ACCOUNT.seen_by(viewer).bind(account);
    let (id,) = lock.fetch_optional(&mut *tx).await?.ok_or(DeviceError::Unknown)?;
    hold(tx, viewer, id).await
}

/// Keeps where devices stand that are held, and the sessions that have ended.
pub(super) async fn keep(tx: &mut Tx, devices: &mut [Device]) -> Result<(), DeviceError> {
    for device in &mut *devices {
        for session in std::mem::take(&mut device.ended) {
            add(tx, device.held.id, &session).await?;
        }
    }
    let ids: Vec<Uuid> = devices.iter().map(|device| device.held.id).collect();
    let states: Result<Vec<Value>, serde_json::Error> =
        devices.iter().map(|device| serde_json::to_value(&device.state)).collect();
    let states = states.map_err(|error| DeviceError::Unreadable(error.to_string()))?;
    let reached: Vec<DateTime<Utc>> = devices.iter().map(|device| device.state.condition.at).collect();
    let is_gone = |device: &Device| device.state.stage == Stage::Retired;
    let gone: Vec<Option<DateTime<Utc>>> =
        devices.iter().map(|device| is_gone(device).then_some(device.state.condition.at)).collect();
    let keep = KEEP.command().bind(ids).bind(states).bind(reached).bind(gone);
    keep.execute(&mut *tx).await?;
    Ok(())
}

async fn add(tx: &mut Tx, device: Uuid, session: &Session) -> Result<(), DeviceError> {
    let problems: Vec<Value> = session.problems.iter().map(written).collect();
    let insert = ADD_SESSION.query().bind(device).bind(session.source.code()).bind(&session.target_type);
    let insert = insert.bind(session.from).bind(session.to);
    let insert = insert.bind(session.charge_before).bind(session.charge_after).bind(session.battery_wh);
    let elsewhere = session.elsewhere.as_ref();
    let insert = insert.bind(Value::from(problems)).bind(elsewhere.map(|place| &place.operator));
    let insert = insert.bind(elsewhere.map(|place| &place.location)).bind(elsewhere.map(|place| place.cost));
    let (id,) = insert.fetch_one(&mut *tx).await?;
    let of = |read: fn(&Dispatch) -> i64| session.dispatches.iter().map(read).collect::<Vec<i64>>();
    let from: Vec<DateTime<Utc>> = session.dispatches.iter().map(|ran| ran.from).collect();
    let to: Vec<DateTime<Utc>> = session.dispatches.iter().map(|ran| ran.to).collect();
    let insert = ADD_DISPATCHES.command().bind(id).bind(device).bind(session.source.code());
    let insert = insert.bind(from).bind(to).bind(of(|ran| ran.grid_wh)).bind(of(|ran| ran.battery_wh));
    insert.execute(&mut *tx).await?;
    Ok(())
}

fn written(problem: &Problem) -> Value {
    serde_json::to_value(problem).unwrap_or_else(|_| json!(null))
}
