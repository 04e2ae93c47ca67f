//! Dunning: ever firmer reminders about what is overdue on a ledger, along a path that the market keeps as data.
//!
//! Credits settle the oldest charges first. What is left of charges whose terms and grace have run out is overdue;
//! a debt that a process was about, however it ended, is not dunned again. Nor is anything while an agency collects.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use super::processes::{self, Ending, agency_collects};
use crate::domain::accounts::{accounts, grouped};
use crate::domain::auth::viewer::{MANAGE_DEBT, Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;

/// Why a process was not paused or withdrawn.
#[derive(Debug, Error)]
pub enum DunningError {
    /// The viewer may not deal with debts.
    #[error("may not deal with debts")]
    Forbidden,
    /// There is no such account, or the viewer may not see it.
    #[error("unknown account")]
    UnknownAccount,
    /// The account was never on this path.
    #[error("the account was never on this path")]
    NeverOnPath,
    /// The account has been on this path, and is no longer.
    #[error("no process on this path is under way")]
    NoneActive,
    /// Several ledgers of the account are on this path.
    #[error("several processes on this path are under way")]
    Several,
    /// The pause would begin before today or hold for no day.
    #[error("the days do not fit")]
    BadDays,
    /// It is paused on some of these days already.
    #[error("a pause covers some of these days already")]
    PausedAlready,
    /// A binding step has been taken.
    #[error("a binding step has been taken")]
    Binding,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(DunningError);

row! {
    /// A dunning process.
    pub struct Process {
        /// Row id.
        pub id: i64,
        /// Name of its path.
        pub path: String,
        /// The day it started on.
        pub started_on: NaiveDate,
        /// `ACTIVE`, `PAUSED`, `CONCLUDED` or `WITHDRAWN`.
        pub status: String,
        /// Why it was started.
        pub note: String,
        /// The member of staff who started it; none where the server did.
        pub created_by: Option<String>,
        /// The member of staff who withdrew it.
        pub withdrawn_by: Option<String>,
        /// When it ended.
        pub ended_at: Option<DateTime<Utc>>,
        /// When it was started.
        pub created_at: DateTime<Utc>,
        /// When anything last happened to it.
        pub updated_at: DateTime<Utc>,
        /// The step taken last.
        pub previous_step: Option<String>,
        /// The step to be taken next, while it is under way.
        pub next_step: Option<String>,
        /// What was overdue when it was started, in minor units.
        pub debt: i64,
    }
}

row! {
    /// One step of a process.
    pub struct Action {
        /// The process.
        pub process_id: i64,
        /// Name of the step.
        pub name: String,
        /// The day it is to be taken on.
        pub due_date: NaiveDate,
        /// `EMAIL` or `SMS`, once it has been taken.
        pub used_channel: Option<String>,
        /// When it was taken.
        pub actioned_at: Option<DateTime<Utc>>,
        /// When it was planned.
        pub created_at: DateTime<Utc>,
    }
}

statement!(static OF_ACCOUNT: Process = concat!("
    select p.id, d.path, p.started_on,
        case when p.ending = 'withdrawn' then 'WITHDRAWN' when p.ending is not null then 'CONCLUDED'
            when exists (select 1 from process_pauses held where held.process_id = p.id and held.days @> today.day)
                or ", agency_collects!("p.account_id", "d.ledger_id"), " then 'PAUSED' else 'ACTIVE' end as status,
        p.note, p.ended_at, p.created_at, p.updated_at, d.debt,
        (select u.name from process_events e join support_users u on u.id = e.actor_id
            where e.process_id = p.id and e.kind = 'started' and e.actor_kind = 'support-user') as created_by,
        (select u.name from process_events e join support_users u on u.id = e.actor_id
            where e.process_id = p.id and e.kind = 'withdrawn' and e.actor_kind = 'support-user') as withdrawn_by,
        (select s.name from dunning_actions s where s.process_id = p.id and s.actioned_at is not null
            order by s.position desc limit 1) as previous_step,
        (select s.name from dunning_actions s where s.process_id = p.id and s.actioned_at is null
            and p.ended_at is null order by s.position limit 1) as next_step
    from accounts a join processes p on p.account_id = a.id join dunning_processes d on d.process_id = p.id
        join unnest($4::text[], $5::date[]) as today (market, day) on today.market = a.market
    where a.number = $3 and ", account_is_visible!(), " order by p.ended_at is null desc, p.id desc limit 1"));
statement!(static ACTIONS: Action = "
    select process_id, name, due_date, used_channel, actioned_at, created_at from dunning_actions
    where process_id = any($1) order by process_id, position");

/// The newest process on an account, one that is under way before all others. None unless the viewer sees it.
pub async fn of_account(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Option<Process>, sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let query = OF_ACCOUNT.seen_by(viewer).bind(number);
    query.bind(markets).bind(days).fetch_optional(&mut *tx).await
}

/// The steps of each of these processes, in order. The caller has seen to it that they may be seen.
pub async fn actions(tx: &mut Tx, processes: &[i64]) -> Result<Vec<Vec<Action>>, sqlx::Error> {
    let rows = ACTIONS.query().bind(processes).fetch_all(&mut *tx).await?;
    Ok(grouped(processes, rows.into_iter().map(|action| (action.process_id, action)).collect()))
}

/// Which process to act upon.
#[derive(Clone, Copy, Debug)]
pub struct Aim<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// Name of the path.
    pub path: &'a str,
    /// Why, for the history.
    pub note: Option<&'a str>,
}

/// Holds a process back from the first day until the second, which is the day on which it goes on. Steps that
/// were due from then on are put off by as many days.
pub async fn pause(
    tx: &mut Tx,
    viewer: &Viewer,
    aim: &Aim<'_>,
    days: (NaiveDate, NaiveDate),
) -> Result<(), DunningError> {
    let (process, today) = under_way(tx, viewer, aim).await?;
    if days.0 < today || days.1 <= days.0 {
        return Err(DunningError::BadDays);
    }
    if !processes::pause(tx, Some(viewer), process, days, aim.note).await? {
        return Err(DunningError::PausedAlready);
    }
    Ok(put_off(tx, process, days.0, days.1).await?)
}

/// Stops a process for good, unless it has taken a binding step.
pub async fn withdraw(tx: &mut Tx, viewer: &Viewer, aim: &Aim<'_>) -> Result<(), DunningError> {
    let (process, _) = under_way(tx, viewer, aim).await?;
    let (binding,) = IS_BINDING.query().bind(process).fetch_one(&mut *tx).await?;
    if binding || !processes::end(tx, Some(viewer), process, Ending::Withdrawn, aim.note).await? {
        return Err(DunningError::Binding);
    }
    Ok(())
}

row! {
    struct Held {
        id: i64,
        is_active: bool,
    }
}

statement!(static HOLD: Held = "
    select p.id, p.ended_at is null as is_active from processes p join dunning_processes d on d.process_id = p.id
    where p.account_id = $1 and d.path = $2 order by p.id for no key update of p");
statement!(static IS_BINDING: (bool,) = "
    select exists (select 1 from dunning_actions where process_id = $1 and is_binding and actioned_at is not null)");
statement!(static PUT_OFF: () = "
    update dunning_actions set due_date = due_date + ($3::date - $2::date)
    where process_id = $1 and actioned_at is null and due_date >= $2");

/// The one process on a path that is under way, its row locked, and the account's day.
async fn under_way(tx: &mut Tx, viewer: &Viewer, aim: &Aim<'_>) -> Result<(i64, NaiveDate), DunningError> {
    if !viewer.may(MANAGE_DEBT) {
        return Err(DunningError::Forbidden);
    }
    let account = accounts::by_number(tx, viewer, aim.account_number).await?;
    let account = account.ok_or(DunningError::UnknownAccount)?;
    let market = account.market().ok_or(DunningError::UnknownAccount)?;
    let held = HOLD.query().bind(account.id).bind(aim.path).fetch_all(&mut *tx).await?;
    if held.is_empty() {
        return Err(DunningError::NeverOnPath);
    }
    let day = market.day(tx.business_now().await?);
    let active: Vec<i64> =
        held.iter().filter(|process| process.is_active).map(|process| process.id).collect();
    match active[..] {
        [] => Err(DunningError::NoneActive),
        [one] => Ok((one, day)),
        _ => Err(DunningError::Several),
    }
}

/// Moves the steps that are still to be taken, and due on `from` or later, by the days until `until`.
pub(super) async fn put_off(
    tx: &mut Tx,
    process: i64,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<(), sqlx::Error> {
    PUT_OFF.command().bind(process).bind(from).bind(until).execute(&mut *tx).await?;
    Ok(())
}

/// The day that it is in each market.
pub(crate) async fn today(tx: &mut Tx) -> Result<(Vec<String>, Vec<NaiveDate>), sqlx::Error> {
    let now = tx.business_now().await?;
    Ok(market::all().iter().map(|market| (market.code.clone(), market.day(now))).unzip())
}
