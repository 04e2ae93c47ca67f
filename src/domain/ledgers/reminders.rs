//! The upkeep of dunning: starts processes for what has become overdue, takes the steps that are due, and
//! ends processes whose debt is settled or whose steps are all taken.

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use thiserror::Error;

use super::collections::{self, Debt};
use super::debts::unsettled;
use super::dunning::{put_off, today};
use super::hardship::in_hardship;
use super::processes::{self, Ending, Kind, agency_collects};
use crate::domain::accounts::accounts;
use crate::domain::auth::viewer::{MANAGE_DEBT, Viewer};
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market;

/// How many ledgers that owe, or processes under way, are looked at in one transaction.
const SLICE: i64 = 500;
/// The jobs that look at one slice each, and leave the next one behind.
const START: &str = "dunning-start";
const GO_ON: &str = "dunning-go-on";

row! {
    struct Overdue {
        ledger_id: i64,
        account_id: i64,
        market: String,
        path: String,
        today: NaiveDate,
        amount: i64,
        through_sequence: i64,
    }
}

// Of the unpaid, only charges after those that earlier processes were about count. Never is more overdue than is owed:
// most ledgers are left out by their balance, before any posting is looked at. The highest threshold that is
// reached decides the path.
statement!(static LAST_OF_SLICE: (Option<i64>,) = "
    select max(id) from (
        select l.id from ledgers l join ledger_balances b on b.ledger_account_id = l.id and b.balance < 0
        where l.id > $1 and not l.is_debt_ledger order by l.id limit $2
    ) slice");
macro_rules! overdue {
    () => {
        concat!(
            "select distinct on (l.id) l.id as ledger_id, l.account_id, path.market, path.name as path, today.day as today, \
                 owed.amount, owed.through_sequence \
             from unnest($1::text[], $2::date[]) as today (market, day) \
                 join dunning_paths path on path.market = today.market and path.is_active \
                 join accounts a on a.market = today.market \
                 join ledgers l on l.account_id = a.id and not l.is_debt_ledger \
                 join ledger_balances b on b.ledger_account_id = l.id and b.balance < 0 \
                 cross join lateral ( \
                     select coalesce(max(d.through_sequence), 0) as sequence from dunning_processes d where d.ledger_id = l.id \
                 ) covered \
                 cross join lateral ( \
                     select least(-b.balance + coalesce(sum(p.amount) filter (where not late.is_late), 0), \
                             -sum(p.amount) filter (where late.is_late and p.sequence > covered.sequence))::bigint as amount, \
                         max(p.sequence) filter (where late.is_late) as through_sequence \
                     from postings p join journal_entries e on e.id = p.journal_entry_id \
                         cross join lateral ( \
                             select e.posted_date + path.terms_days + path.grace_days < today.day as is_late \
                         ) late \
                     where p.ledger_account_id = l.id and p.amount < 0 \
                 ) owed \
             where owed.amount > 0 and owed.through_sequence > covered.sequence \
                 and not exists (select 1 from processes p \
                     where p.kind = 'dunning' and p.ledger_id = l.id and p.ended_at is null) \
                 and not ",
            agency_collects!("l.account_id", "l.id"),
            " and not ",
            in_hardship!("a.id", "today.day")
        )
    };
}

statement!(static OVERDUE: Overdue = concat!(overdue!(), "
        and l.id > $3 and l.id <= $4 and -b.balance >= path.threshold and owed.amount >= path.threshold
    order by l.id, path.threshold desc"));
statement!(static OVERDUE_OF: Overdue = concat!(overdue!(), "
        and a.id = $3 and path.name = $4 and ($5::text is null or l.number = $5)
    order by l.id"));
statement!(static IS_PATH: (bool,) = "
    select exists (select from dunning_paths where market = $1 and name = $2 and is_active)");
statement!(static ADD: () = "
    insert into dunning_processes (process_id, ledger_id, market, path, through_sequence, debt)
    values ($1, $2, $3, $4, $5, $6)");
statement!(static PLAN: () = "
    insert into dunning_actions (process_id, position, name, due_date, is_binding, created_at)
    select $1, position, name, $4::date + days, is_binding, $5 from dunning_steps where market = $2 and path = $3");

row! {
    struct Due {
        process_id: i64,
        account_id: i64,
        ledger_id: i64,
        account_number: String,
        market: String,
        today: NaiveDate,
        owed: i64,
        position: Option<i16>,
        name: Option<String>,
        due_date: Option<NaiveDate>,
        channel: Option<String>,
        subject: Option<String>,
        body: Option<String>,
        email: Option<String>,
        mobile: Option<String>,
    }
}

// A step of which nobody can be told is not taken: a process whose customer cannot be reached waits.
statement!(static DUE: Due = concat!("
    select p.id as process_id, a.id as account_id, d.ledger_id, a.number as account_number, d.market, today.day as today, owed.amount as owed,
        next.position, next.name, next.due_date, step.channel, step.subject, step.body,
        nullif(a.billing_email, '') as email, phone.mobile
    from processes p join dunning_processes d on d.process_id = p.id join accounts a on a.id = p.account_id
        join unnest($1::text[], $2::date[]) as today (market, day) on today.market = d.market
        cross join lateral (
            select ", unsettled!("o", "o.sequence <= d.through_sequence"), " as amount
            from postings o where o.ledger_account_id = d.ledger_id
        ) owed
        left join lateral (
            select s.position, s.name, s.due_date from dunning_actions s
            where s.process_id = p.id and s.actioned_at is null order by s.position limit 1
        ) next on true
        left join dunning_steps step on step.market = d.market and step.path = d.path and step.position = next.position
        left join lateral (
            select u.mobile from (
                select r.user_id from account_user_roles r where r.account_id = a.id
                union
                select r.user_id from portfolio_user_roles r where r.portfolio_id = a.portfolio_id
            ) held join account_users u on u.id = held.user_id
            where u.is_active and u.mobile <> '' order by u.id limit 1
        ) phone on true
    where p.kind = 'dunning' and p.ended_at is null and p.id = any($3::bigint[])
        and (owed.amount = 0 or next.position is null or (
            next.due_date <= today.day and (a.billing_email <> '' or phone.mobile is not null)
            and not ", agency_collects!("p.account_id", "d.ledger_id"), "
            and not ", in_hardship!("a.id", "today.day"), "
            and not exists (select 1 from process_pauses held where held.process_id = p.id and held.days @> today.day)))
    order by p.id"));
statement!(static UNDER_WAY: (i64,) = "
    select id from processes where kind = 'dunning' and ended_at is null and id > $1 order by id limit $2");
statement!(static HOLD: (i64,) = "
    select id from processes where id = any($1) and ended_at is null order by id for no key update skip locked");
statement!(static TAKE: () = "
    update dunning_actions set used_channel = $3, message_id = $4, actioned_at = $5
    where process_id = $1 and position = $2");

/// Has dunning go on every hour, a slice of ledgers or processes at a time: the first one of the hour leaves a job for
/// the next, and so on. Whatever runs twice, or at once, each debt is dunned once and each step taken once.
pub fn register(runner: &mut Runner) {
    runner.every(TimeDelta::hours(1), "upkeep-dunning", |tx, _| {
        Box::pin(async move { Ok(leave(tx, START, 0).await?) })
    });
    runner.on(START, |tx, payload| {
        Box::pin(async move {
            let next = start_slice(tx, after(payload)?).await?;
            // Whoever was found owing today is told today.
            let (kind, place) = next.map_or((GO_ON, 0), |last| (START, last));
            Ok(leave(tx, kind, place).await?)
        })
    });
    runner.on(GO_ON, |tx, payload| {
        Box::pin(async move {
            if let Some(last) = go_on_slice(tx, after(payload)?).await? {
                leave(tx, GO_ON, last).await?;
            }
            Ok(())
        })
    });
}

fn after(payload: &Value) -> Result<i64, JobError> {
    payload["after"].as_i64().ok_or(JobError::Payload)
}

async fn leave(tx: &mut Tx, kind: &str, after: i64) -> Result<(), sqlx::Error> {
    let now = tx.wall_now();
    jobs::enqueue(tx, kind, &json!({ "after": after }), now).await?;
    Ok(())
}

/// All slices in this transaction. For worlds that are told in one.
pub async fn turn(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let mut next = Some(0);
    while let Some(after) = next {
        next = start_slice(tx, after).await?;
    }
    next = Some(0);
    while let Some(after) = next {
        next = go_on_slice(tx, after).await?;
    }
    Ok(())
}

/// Starts processes for what is overdue on the ledgers that come after this one. Answers the last one it looked at, if
/// there may be more.
async fn start_slice(tx: &mut Tx, after: i64) -> Result<Option<i64>, sqlx::Error> {
    let (last,) = LAST_OF_SLICE.query().bind(after).bind(SLICE).fetch_one(&mut *tx).await?;
    let Some(last) = last else { return Ok(None) };
    let (markets, days) = today(tx).await?;
    let query = OVERDUE.query().bind(&markets).bind(&days).bind(after).bind(last);
    for overdue in query.fetch_all(&mut *tx).await? {
        let note = format!("{} overdue.", shown(&overdue.market, overdue.amount));
        start(tx, None, &overdue, &note).await?;
    }
    Ok(Some(last))
}

/// Takes a step of each process that comes after this one, if one is due, or ends it. Answers the last one it looked
/// at, if there may be more.
async fn go_on_slice(tx: &mut Tx, after: i64) -> Result<Option<i64>, sqlx::Error> {
    let slice = UNDER_WAY.query().bind(after).bind(SLICE).fetch_all(&mut *tx).await?;
    let slice: Vec<i64> = slice.into_iter().map(|(id,)| id).collect();
    let (markets, days) = today(tx).await?;
    let query = DUE.query().bind(&markets).bind(&days).bind(&slice);
    let waiting: Vec<i64> = query.fetch_all(&mut *tx).await?.iter().map(|due| due.process_id).collect();
    if !waiting.is_empty() {
        // What is read before the lock may be out of date by then.
        let held = HOLD.query().bind(&waiting).fetch_all(&mut *tx).await?;
        let held: Vec<i64> = held.into_iter().map(|(id,)| id).collect();
        let query = DUE.query().bind(&markets).bind(&days).bind(&held);
        for due in query.fetch_all(&mut *tx).await? {
            move_on(tx, &due).await?;
        }
    }
    Ok(slice.last().copied())
}

/// Why nothing was started by hand.
#[derive(Debug, Error)]
pub enum StartError {
    /// The viewer may not deal with debts.
    #[error("may not deal with debts")]
    Forbidden,
    /// There is no such account, or the viewer may not see it.
    #[error("there is no such account")]
    UnknownAccount,
    /// The market has no path of this name.
    #[error("there is no such path")]
    UnknownPath,
    /// No reason was given.
    #[error("starting to dun somebody needs a reason")]
    NoNote,
    /// Nothing is overdue that is not dunned, was not dunned before, and may be dunned.
    #[error("nothing is overdue that could be dunned")]
    NothingOverdue,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(StartError);

/// What is to be started by hand.
#[derive(Clone, Copy, Debug)]
pub struct ByHand<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// Number of one of its ledgers; all on which something is overdue without one.
    pub ledger_number: Option<&'a str>,
    /// Name of the path.
    pub path: &'a str,
    /// Why.
    pub note: &'a str,
}

/// Starts dunning on the ledgers of an account, also for less than the path's threshold. Answers how many processes there are
/// now that were not before.
///
/// # Errors
/// See [`StartError`].
pub async fn start_by_hand(tx: &mut Tx, viewer: &Viewer, what: &ByHand<'_>) -> Result<usize, StartError> {
    if !viewer.may(MANAGE_DEBT) {
        return Err(StartError::Forbidden);
    }
    let account = accounts::by_number(tx, viewer, what.account_number).await?;
    let account = account.ok_or(StartError::UnknownAccount)?;
    let (is_path,) = IS_PATH.query().bind(&account.market).bind(what.path).fetch_one(&mut *tx).await?;
    let note = Some(what.note.trim()).filter(|note| !note.is_empty()).ok_or(StartError::NoNote)?;
    if !is_path {
        return Err(StartError::UnknownPath);
    }
    let (markets, days) = today(tx).await?;
    let query = OVERDUE_OF.query().bind(markets).bind(days).bind(account.id).bind(what.path);
    let mut started = 0;
    for overdue in query.bind(what.ledger_number).fetch_all(&mut *tx).await? {
        started += usize::from(start(tx, Some(viewer), &overdue, note).await?);
    }
    if started == 0 { Err(StartError::NothingOverdue) } else { Ok(started) }
}

/// Starts a process, unless somebody else was faster.
async fn start(tx: &mut Tx, by: Option<&Viewer>, overdue: &Overdue, note: &str) -> Result<bool, sqlx::Error> {
    let new = processes::New {
        kind: Kind::Dunning,
        account: overdue.account_id,
        ledger: Some(overdue.ledger_id),
        started_on: overdue.today,
        note,
    };
    let Some(id) = processes::start(tx, by, &new).await? else { return Ok(false) };
    let add = ADD.command().bind(id).bind(overdue.ledger_id).bind(&overdue.market).bind(&overdue.path);
    add.bind(overdue.through_sequence).bind(overdue.amount).execute(&mut *tx).await?;
    let now = tx.business_now().await?;
    let plan = PLAN.command().bind(id).bind(&overdue.market).bind(&overdue.path).bind(overdue.today);
    plan.bind(now).execute(&mut *tx).await?;
    Ok(true)
}

async fn move_on(tx: &mut Tx, due: &Due) -> Result<(), sqlx::Error> {
    if due.owed == 0 {
        return complete(tx, due.process_id, "What was overdue is settled.").await;
    }
    let (Some(position), Some(name), Some(due_date)) = (due.position, &due.name, due.due_date) else {
        complete(tx, due.process_id, "All steps have been taken.").await?;
        let debt = Debt { account: due.account_id, ledger: Some(due.ledger_id), today: due.today };
        collections::open(tx, None, &debt, "The reminders have run out.").await?;
        return Ok(());
    };
    let Some((channel, to)) = reached(due) else { return Ok(()) };
    let text = due.body.as_deref().unwrap_or_default();
    let text =
        text.replace("{account}", &due.account_number).replace("{amount}", &shown(&due.market, due.owed));
    let subject = if channel == Channel::Email { due.subject.as_deref().unwrap_or_default() } else { "" };
    let new = NewMessage {
        channel,
        template: "dunning",
        account_user: None,
        to,
        subject,
        text: &text,
        confidential: false,
    };
    let message = messages::send_about(tx, &new, due.account_id).await?;
    let now = tx.business_now().await?;
    let take = TAKE.command().bind(due.process_id).bind(position).bind(channel.code()).bind(message);
    take.bind(now).execute(&mut *tx).await?;
    processes::note(tx, None, due.process_id, "step", Some(name)).await?;
    // A step taken late leaves the customer the full time until the next one.
    put_off(tx, due.process_id, due_date, due.today).await
}

async fn complete(tx: &mut Tx, process: i64, why: &str) -> Result<(), sqlx::Error> {
    processes::end(tx, None, process, Ending::Completed, Some(why)).await?;
    Ok(())
}

/// By which way the customer is told, and where: by the step's own way, if there is an address for it.
fn reached(due: &Due) -> Option<(Channel, &str)> {
    let email = due.email.as_deref().map(|to| (Channel::Email, to));
    let mobile = due.mobile.as_deref().map(|to| (Channel::Sms, to));
    if due.channel.as_deref() == Some("SMS") { mobile.or(email) } else { email.or(mobile) }
}

/// An amount of minor units as letters show it.
fn shown(market: &str, amount: i64) -> String {
    let Some(market) = market::by_code(market) else { return amount.to_string() };
    format!("{} {}", market.currency.code, Decimal::new(amount, market.currency.exponent))
}
