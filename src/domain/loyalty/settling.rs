//! What people get for the sessions in which they took part, once the readings of them are in.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::json;

use super::announcements;
use super::baseline::{Measured, Outcome, Session};
use super::grid::GridOperator;
use super::memberships;
use super::points::{self, NewEntry, PointsError, Side};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::Viewer;
use crate::domain::supply::consumption;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market;

/// How often a server asks for announcements and looks for sessions that are over.
const TURN: TimeDelta = TimeDelta::minutes(15);
/// Readings that are not in by then are not waited for.
const PATIENCE: TimeDelta = TimeDelta::days(14);
/// How many who took part are settled in one job; the rest is for the next.
const AT_ONCE: i64 = 50;
/// How many sessions are looked at in one turn.
const SESSIONS: i64 = 100;
const JOB: &str = "settle-saving-session";
const REASON: &str = "SAVING_SESSION";

row! {
    struct Event {
        id: i64,
        market: String,
        starts_at: DateTime<Utc>,
        ends_at: DateTime<Utc>,
        points_per_kwh: i32,
    }
}

row! {
    struct Waiting {
        id: i64,
        account_id: i64,
        supply_point_id: i64,
        /// Since when the point is supplied on the account; none if it was not throughout the session.
        supplied_since: Option<DateTime<Utc>>,
    }
}

row! {
    struct Elsewhere {
        account_id: i64,
        starts_at: DateTime<Utc>,
    }
}

statement!(static OVER: (i64,) = "
    select e.id from saving_session_events e
    where e.ends_at <= $1 and exists (
        select from saving_session_joins j where j.event_id = e.id and j.result is null)
    order by e.ends_at, e.id limit $2");
statement!(static EVENT: Event = "
    select id, market, starts_at, ends_at, points_per_kwh from saving_session_events where id = $1 and ends_at <= $2");
// Whoever is being settled elsewhere is left to it.
statement!(static WAITING: Waiting = "
    select j.id, j.account_id, j.supply_point_id,
        (select lower(s.during) from supply_periods s where s.supply_point_id = j.supply_point_id
            and s.account_id = j.account_id and s.during @> tstzrange($2, $3)) as supplied_since
    from saving_session_joins j where j.event_id = $1 and j.result is null and j.id > $4
    order by j.id limit $5 for update skip locked");
statement!(static ELSEWHERE: Elsewhere = "
    select j.account_id, e.starts_at from saving_session_joins j join saving_session_events e on e.id = j.event_id
    where j.account_id = any($1::bigint[]) and e.starts_at >= $2 and e.starts_at < $3");
statement!(static SETTLE: () = "
    update saving_session_joins set result = $2, usual_wh = $3, used_wh = $4, points = $5, point_entry_id = $6,
        settled_at = $7
    where id = $1");

/// Has what `operator` announces taken in by this runner, and sessions settled that are over.
pub fn register(runner: &mut Runner, operator: Arc<dyn GridOperator>) {
    runner.every(TURN, "upkeep-saving-sessions", move |tx, _| {
        let operator = Arc::clone(&operator);
        Box::pin(async move {
            announcements::turn(tx, operator.as_ref()).await?;
            Ok(queue(tx).await?)
        })
    });
    runner.on(JOB, |tx, payload| {
        Box::pin(async move {
            let event = payload["event"].as_i64().ok_or(JobError::Payload)?;
            let after = payload["after"].as_i64().ok_or(JobError::Payload)?;
            if let Some(after) = slice(tx, event, after).await? {
                enqueue(tx, event, after).await?;
            }
            Ok(())
        })
    });
}

async fn queue(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    for (event,) in OVER.query().bind(now).bind(SESSIONS).fetch_all(&mut *tx).await? {
        enqueue(tx, event, 0).await?;
    }
    Ok(())
}

async fn enqueue(tx: &mut Tx, event: i64, after: i64) -> Result<(), sqlx::Error> {
    let wall = tx.wall_now();
    jobs::enqueue(tx, JOB, &json!({ "event": event, "after": after }), wall).await?;
    Ok(())
}

/// Settles everything that can be settled by now.
///
/// # Errors
/// As a job's.
pub async fn catch_up(tx: &mut Tx) -> Result<(), JobError> {
    let now = tx.business_now().await?;
    for (event,) in OVER.query().bind(now).bind(SESSIONS).fetch_all(&mut *tx).await? {
        let mut after = Some(0);
        while let Some(place) = after {
            after = slice(tx, event, place).await?;
        }
    }
    Ok(())
}

/// Settles some of those who took part in a session, in the order of their row ids after one. Answers the last of them if
/// there may be more.
async fn slice(tx: &mut Tx, event: i64, after: i64) -> Result<Option<i64>, JobError> {
    let now = tx.business_now().await?;
    let event = EVENT.query().bind(event).bind(now).fetch_optional(&mut *tx).await?;
    let Some(event) = event else { return Ok(None) };
    let market = market::by_code(&event.market).ok_or(JobError::Payload)?;
    let session = Session { market, starts_at: event.starts_at, ends_at: event.ends_at };
    let query = WAITING.query().bind(event.id).bind(event.starts_at).bind(event.ends_at);
    let waiting = query.bind(after).bind(AT_ONCE).fetch_all(&mut *tx).await?;
    let outcomes = outcomes(tx, &session, &waiting).await?;
    let is_late = event.ends_at + PATIENCE <= now;
    for each in &waiting {
        match outcomes.get(&each.id) {
            Some(outcome) => settle(tx, &event, each, outcome).await?,
            None if is_late || each.supplied_since.is_none() => give_up(tx, each).await?,
            None => {}
        }
    }
    let last = waiting.last().map(|each| each.id);
    Ok(last.filter(|_| i64::try_from(waiting.len()).is_ok_and(|count| count == AT_ONCE)))
}

/// How those did whose readings are in, by row id.
async fn outcomes(
    tx: &mut Tx,
    session: &Session<'_>,
    waiting: &[Waiting],
) -> Result<HashMap<i64, Outcome>, sqlx::Error> {
    let supplied = |each: &&Waiting| each.supplied_since.is_some();
    let points: Vec<i64> = waiting.iter().filter(supplied).map(|each| each.supply_point_id).collect();
    let now = consumption::flows(tx, &points, session.starts_at, session.ends_at).await?;
    // Most readings come the next day: the past of a point is only looked at once its own are there.
    let is_in = |point: &i64| now.get(point).is_some_and(|flows| session.is_measured(&Measured::of(flows)));
    let points: Vec<i64> = points.into_iter().filter(is_in).collect();
    let since = session.looks_back_to();
    let known = consumption::flows(tx, &points, since, session.ends_at).await?;
    let others = elsewhere(tx, session, waiting).await?;
    let none = HashSet::new();
    let judge = |each: &Waiting| {
        let supplied_since = each.supplied_since?;
        let mut flows = known.get(&each.supply_point_id)?.clone();
        flows.retain(|flow| flow.interval.start >= supplied_since);
        let others = others.get(&each.account_id).unwrap_or(&none);
        Some((each.id, session.judge(&Measured::of(&flows), others)?))
    };
    Ok(waiting.iter().filter_map(judge).collect())
}

/// The days before this session on which accounts took part in others.
async fn elsewhere(
    tx: &mut Tx,
    session: &Session<'_>,
    waiting: &[Waiting],
) -> Result<HashMap<i64, HashSet<NaiveDate>>, sqlx::Error> {
    let accounts: Vec<i64> = waiting.iter().map(|each| each.account_id).collect();
    let query = ELSEWHERE.query().bind(accounts).bind(session.looks_back_to()).bind(session.starts_at);
    let mut days: HashMap<i64, HashSet<NaiveDate>> = HashMap::new();
    for each in query.fetch_all(&mut *tx).await? {
        days.entry(each.account_id).or_default().insert(session.market.day(each.starts_at));
    }
    Ok(days)
}

async fn settle(tx: &mut Tx, event: &Event, each: &Waiting, outcome: &Outcome) -> Result<(), JobError> {
    let points = outcome.points(event.points_per_kwh).min(points::MOST);
    let entry = reward(tx, event, each.account_id, points).await?;
    let given = i32::try_from(if entry.is_some() { points } else { 0 }).unwrap_or(i32::MAX);
    let now = tx.business_now().await?;
    let settle = SETTLE.command().bind(each.id).bind(outcome.result());
    let settle = settle.bind(outcome.usual_wh).bind(outcome.used_wh).bind(given).bind(entry).bind(now);
    settle.execute(&mut *tx).await?;
    Ok(())
}

async fn give_up(tx: &mut Tx, each: &Waiting) -> Result<(), JobError> {
    let now = tx.business_now().await?;
    let settle = SETTLE.command().bind(each.id).bind("MISSING_READINGS").bind(None::<i64>).bind(None::<i64>);
    settle.bind(0_i32).bind(None::<i64>).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Gives points to whoever has the account's, or had them when it left the programme. Answers the entry; none where there is
/// nothing to give, or no room for it.
async fn reward(tx: &mut Tx, event: &Event, account: i64, points: i64) -> Result<Option<i64>, JobError> {
    let Some(user) = memberships::last_user(tx, account).await? else { return Ok(None) };
    if points == 0 {
        return Ok(None);
    }
    let entry = NewEntry {
        market: &event.market,
        kind: "saving-session",
        reason: REASON,
        note: None,
        account,
        key: None,
        by: hand(&Viewer::server()),
        points,
        from: Side::Book("saving-sessions"),
        to: Side::Wallet(user),
    };
    match points::post(tx, &entry).await {
        Ok(id) => Ok(Some(id)),
        Err(PointsError::TooMany) => Ok(None),
        Err(PointsError::Database(error)) => Err(JobError::Database(error)),
        Err(other) => Err(JobError::Other(other.to_string())),
    }
}
