//! When devices charge: planned, done, and in sessions.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::DeviceError;
use super::fleet::Device;
use super::life::{Boost, Stage};
use super::planner::stretches;
use super::sessions::{Dispatch, Elsewhere, Problem, Session, Source, watt_hours};
use super::simulator::{from_grid, into_battery};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};

/// How long dispatches that are over are told of.
const RECENT: TimeDelta = TimeDelta::hours(48);

/// What a device is due to do: of a dispatch that has begun, all of it.
///
/// # Errors
/// [`DeviceError::Silent`], if its maker's service does not answer.
pub fn planned(device: &Device) -> Result<Vec<Dispatch>, DeviceError> {
    if !device.cloud().answers(&device.thing) {
        return Err(DeviceError::Silent);
    }
    let now = device.state.condition.at;
    let full = into_battery(device.thing.power_w);
    let at_full_power = |source: Source, from: DateTime<Utc>, to: DateTime<Utc>| {
        let joules = (to - from).num_seconds() * full;
        dispatch(source, from, to, joules)
    };
    if let Stage::Testing { until } = device.state.stage {
        return Ok(vec![at_full_power(Source::Test, now, until)]);
    }
    let mut all = Vec::new();
    if let Some(Boost::Running | Boost::Ending { .. }) = device.state.boost {
        let room = (device.thing.limit_j - device.state.condition.charge_j).max(0);
        let ends = now + TimeDelta::seconds(room / full.max(1));
        let ends = if let Some(Boost::Ending { at }) = device.state.boost { at } else { ends };
        let begun = device.state.session.as_ref().and_then(|session| session.runs.last());
        all.push(at_full_power(Source::Boost, begun.map_or(now, |run| run.from), ends));
    }
    let slots = device.state.plan.iter().flat_map(|plan| &plan.slots).copied().collect::<Vec<_>>();
    let to_come = stretches(&slots).into_iter().filter(|(_, to, _)| *to > now);
    all.extend(to_come.map(|(from, to, joules)| dispatch(Source::Smart, from, to, joules)));
    Ok(all)
}

fn dispatch(source: Source, from: DateTime<Utc>, to: DateTime<Utc>, battery_j: i64) -> Dispatch {
    let (grid_wh, battery_wh) = (watt_hours(from_grid(battery_j)), watt_hours(battery_j));
    Dispatch { source, from, to, grid_wh, battery_wh }
}

row! {
    struct Ran {
        session_id: i64,
        source: String,
        started_at: DateTime<Utc>,
        ended_at: DateTime<Utc>,
        grid_wh: i64,
        battery_wh: i64,
    }
}

impl Ran {
    fn dispatch(&self) -> Dispatch {
        Dispatch {
            source: Source::of(&self.source).unwrap_or(Source::Smart),
            from: self.started_at,
            to: self.ended_at,
            grid_wh: self.grid_wh,
            battery_wh: self.battery_wh,
        }
    }
}

statement!(static RECENTLY: Ran = concat!("
    select r.session_id, r.source, r.started_at, r.ended_at, r.grid_wh, r.battery_wh
    from device_dispatches r join devices d on d.id = r.device_id join accounts a on a.id = d.account_id
    where r.device_id = any($3::uuid[]) and r.ended_at > $4 and ", account_is_visible!(), "
    order by r.ended_at desc"));

/// What these devices did of late, the latest first.
///
/// # Errors
/// [`DeviceError::Silent`], if the maker's service of one does not answer.
pub async fn completed(
    tx: &mut Tx,
    viewer: &Viewer,
    devices: &[Device],
) -> Result<Vec<Dispatch>, DeviceError> {
    if devices.iter().any(|device| !device.cloud().answers(&device.thing)) {
        return Err(DeviceError::Silent);
    }
    let since = tx.business_now().await? - RECENT;
    let ids: Vec<Uuid> = devices.iter().map(|device| device.held.id).collect();
    let query = RECENTLY.seen_by(viewer).bind(ids).bind(since);
    let kept = query.fetch_all(&mut *tx).await?;
    let mut all: Vec<Dispatch> = kept.iter().map(Ran::dispatch).collect();
    for device in devices {
        let ended = device.ended.iter().flat_map(|session| session.dispatches.iter().cloned());
        all.extend(ended.chain(finished_of_session(device)).filter(|ran| ran.to > since));
    }
    all.sort_by_key(|ran| std::cmp::Reverse(ran.to));
    Ok(all)
}

/// The runs of the session that goes on, apart from the one that does.
fn finished_of_session(device: &Device) -> Vec<Dispatch> {
    let Some(session) = &device.state.session else { return Vec::new() };
    let now = &device.state.condition;
    let is_over = |to: DateTime<Utc>| to < now.at || now.power_w == 0;
    let runs = session.runs.iter().filter(|run| is_over(run.to));
    runs.map(|run| run.dispatch(session.source)).collect()
}

row! {
    struct Kept {
        id: i64,
        device_id: Uuid,
        source: String,
        target_type: String,
        started_at: DateTime<Utc>,
        ended_at: DateTime<Utc>,
        charge_before: i32,
        charge_after: i32,
        battery_wh: i64,
        problems: Value,
        operator: Option<String>,
        location: Option<String>,
        cost: Option<i64>,
    }
}

macro_rules! sessions {
    ($order:literal) => {
        concat!(
            "select s.id, s.device_id, s.source, s.target_type, s.started_at, s.ended_at, s.charge_before, \
             s.charge_after, s.battery_wh, s.problems, s.operator, s.location, s.cost \
             from (select distinct * from unnest($3::uuid[]) as p (id)) parents cross join lateral ( \
                select c.* from charging_sessions c join devices d on d.id = c.device_id \
                    join accounts a on a.id = d.account_id \
                where c.device_id = parents.id and ($4::timestamptz is null or c.started_at > $4) \
                    and ($5::timestamptz is null or c.started_at < $5) and c.source = any($6::text[]) and ",
            account_is_visible!(),
            " order by c.started_at ",
            $order,
            " limit $7) s order by s.started_at"
        )
    };
}

statement!(static EARLIEST: Kept = sessions!("asc"));
statement!(static LATEST: Kept = sessions!("desc"));
statement!(static OF_SESSIONS: Ran = "
    select session_id, source, started_at, ended_at, grid_wh, battery_wh from device_dispatches
    where session_id = any($1::bigint[]) order by started_at");

/// Which sessions are wanted: in order of time, between moments, from either end.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Only sessions that began later.
    pub after: Option<DateTime<Utc>>,
    /// Only sessions that began earlier.
    pub before: Option<DateTime<Utc>>,
    /// How many at most.
    pub limit: usize,
    /// Whether these are the last ones.
    pub is_from_end: bool,
}

/// A part of the sessions of a device, in order of time.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    /// The sessions.
    pub rows: Vec<Session>,
    /// Whether there are more, on the side that the part does not end at.
    pub has_more: bool,
}

impl Span {
    fn holds(&self, session: &Session) -> bool {
        self.after.is_none_or(|after| session.from > after)
            && self.before.is_none_or(|before| session.from < before)
    }

    /// Cuts to the limit what holds one more, if there is one.
    fn cut(&self, mut rows: Vec<Session>) -> Sessions {
        rows.sort_by_key(|session| session.from);
        let extra = rows.len().saturating_sub(self.limit);
        if self.is_from_end {
            rows.drain(..extra);
        } else {
            rows.truncate(self.limit);
        }
        Sessions { rows, has_more: extra > 0 }
    }
}

fn read(kept: &Kept, dispatches: Vec<Dispatch>) -> Session {
    let problems: Vec<Problem> = serde_json::from_value(kept.problems.clone()).unwrap_or_default();
    Session {
        source: Source::of(&kept.source).unwrap_or(Source::Smart),
        target_type: kept.target_type.clone(),
        from: kept.started_at,
        to: kept.ended_at,
        charge_before: i64::from(kept.charge_before),
        charge_after: i64::from(kept.charge_after),
        battery_wh: kept.battery_wh,
        problems,
        dispatches,
        elsewhere: elsewhere(kept),
    }
}

fn elsewhere(kept: &Kept) -> Option<Elsewhere> {
    let (operator, location) = (kept.operator.clone()?, kept.location.clone()?);
    Some(Elsewhere { operator, location, cost: kept.cost? })
}

/// A part of the sessions of each of these devices, only those with one of these sources. Two statements.
pub async fn sessions_of(
    tx: &mut Tx,
    viewer: &Viewer,
    devices: &[&Device],
    sources: &[Source],
    span: &Span,
) -> Result<Vec<Sessions>, sqlx::Error> {
    let ids: Vec<Uuid> = devices.iter().map(|device| device.held.id).collect();
    let codes: Vec<&str> = sources.iter().map(|source| source.code()).collect();
    let statement = if span.is_from_end { &LATEST } else { &EARLIEST };
    let query = statement.seen_by(viewer).bind(ids);
    let query = query.bind(span.after).bind(span.before).bind(codes);
    let limit = i64::try_from(span.limit).unwrap_or(i64::MAX).saturating_add(1);
    let kept = query.bind(limit).fetch_all(&mut *tx).await?;
    let numbers: Vec<i64> = kept.iter().map(|session| session.id).collect();
    let mut ran: HashMap<i64, Vec<Dispatch>> = HashMap::new();
    for each in OF_SESSIONS.query().bind(numbers).fetch_all(&mut *tx).await? {
        ran.entry(each.session_id).or_default().push(each.dispatch());
    }
    let of = |device: &&Device| {
        let own = kept.iter().filter(|session| session.device_id == device.held.id);
        let mut rows: Vec<Session> =
            own.map(|session| read(session, ran.get(&session.id).cloned().unwrap_or_default())).collect();
        let ended = device.ended.iter().filter(|session| sources.contains(&session.source));
        rows.extend(ended.filter(|session| span.holds(session)).cloned());
        span.cut(rows)
    };
    Ok(devices.iter().map(of).collect())
}
