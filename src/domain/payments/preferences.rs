//! By what ledgers are paid: chosen by customers, from a day on.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use thiserror::Error;

use super::held_schedules::{CallsOff, Ledger, NewSchedule, ScheduleError};
use super::instructions::{self, Instruction};
use super::may_manage;
use super::schedules::Schedule;
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::ledgers::ledgers::{self, LedgerName};
use crate::platform::db::{Cause, Tx, row, statement};
use crate::platform::market;
use crate::platform::page::{self, Page, Window};

/// Why nothing was chosen.
#[derive(Debug, Error)]
pub enum PreferenceError {
    /// The viewer may not say how accounts are paid.
    #[error("the viewer may not say how accounts are paid")]
    Forbidden,
    /// There is no such account for the viewer, or it has no such ledger.
    #[error("there is no such ledger")]
    Unauthorised,
    /// No ledger was named.
    #[error("no ledger was named")]
    NoLedger,
    /// The ledger cannot be paid by this then.
    #[error("the ledger cannot be paid by this from then on")]
    NotValid,
    /// Payments before some later day are on their way already: the first day that is free.
    #[error("the ledger can be paid otherwise from {0} on")]
    TooSoon(NaiveDate),
    /// The ledger is paid every week, on another day of the week.
    #[error("the ledger is paid every week, on another day of the week")]
    OtherWeekday,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Cause for PreferenceError {
    fn cause(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

/// What somebody chooses.
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// Numbers of its ledgers.
    pub ledgers: &'a [String],
    /// Row id of the instruction that they are paid by; none for paying by hand.
    pub instruction: Option<i64>,
    /// The first day of it.
    pub from: NaiveDate,
}

statement!(static REPLACE: () = "
    update payment_preferences set replaced_at = $3 where ledger_id = $1 and from_day >= $2 and replaced_at is null");
statement!(static ADD: () = "
    insert into payment_preferences (ledger_id, instruction_id, from_day, from_at, created_at, made_by_kind, made_by_id)
    values ($1, $2, $3, $4, $5, $6, $7)");

/// Has ledgers of an account paid as chosen; all of them, or none.
pub async fn choose(tx: &mut Tx, viewer: &Viewer, choice: &Choice<'_>) -> Result<(), PreferenceError> {
    if !may_manage(viewer) {
        return Err(PreferenceError::Forbidden);
    }
    let account = accounts::by_number(tx, viewer, choice.account_number).await?;
    let account = account.ok_or(PreferenceError::Unauthorised)?;
    let mut ids = Vec::new();
    for number in choice.ledgers {
        let name = LedgerName::Number(number.clone());
        let found = ledgers::named(tx, viewer, choice.account_number, &name).await?;
        let found = found.ok_or(PreferenceError::Unauthorised)?;
        if !found.accepts_payments {
            return Err(PreferenceError::NotValid);
        }
        ids.push(found.ledger_id);
    }
    if ids.is_empty() {
        return Err(PreferenceError::NoLedger);
    }
    // In the order of their ids, so that nobody waits for somebody who waits for them.
    ids.sort_unstable();
    ids.dedup();
    let instruction = match choice.instruction {
        Some(id) => Some(instruction(tx, viewer, &account, id).await?),
        None => None,
    };
    for ledger in ids {
        put(tx, viewer, &account, ledger, instruction.as_ref(), choice.from).await?;
    }
    Ok(())
}

async fn instruction(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &Account,
    id: i64,
) -> Result<Instruction, PreferenceError> {
    let found = instructions::by_ids(tx, viewer, &[id]).await?.pop().flatten();
    found.filter(|found| found.account_id == account.id).ok_or(PreferenceError::NotValid)
}

async fn put(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &Account,
    ledger: i64,
    instruction: Option<&Instruction>,
    from: NaiveDate,
) -> Result<(), PreferenceError> {
    let market = account.market().ok_or(PreferenceError::NotValid)?;
    let from_at = market.start_of(from);
    let held = Ledger::hold(tx, ledger).await.map_err(unexpected)?;
    let free = held.free_from(tx).await?;
    if from < free {
        return Err(PreferenceError::TooSoon(free));
    }
    if let Some(instruction) = instruction {
        let pays = instruction.ledger_id.is_none_or(|own| own == ledger);
        if !pays || !instructions::hold(tx, instruction.id, from_at).await? {
            return Err(PreferenceError::NotValid);
        }
    }
    reschedule(tx, viewer, &held, instruction, from).await?;
    let now = tx.business_now().await?;
    let (kind, by) = hand(viewer);
    REPLACE.command().bind(ledger).bind(from).bind(now).execute(&mut *tx).await?;
    let add = ADD.command().bind(ledger).bind(instruction.map(|one| one.id)).bind(from).bind(from_at);
    add.bind(now).bind(kind).bind(by).execute(&mut *tx).await?;
    Ok(())
}

/// The kind of schedule that goes with an instruction, or with paying by hand.
fn schedule_type(instruction: Option<&Instruction>) -> &'static str {
    match instruction.map(|instruction| instruction.instruction_type.as_str()) {
        Some(instructions::DIRECT_DEBIT) => "DIRECT_DEBIT",
        Some(_) => "CARD_PAYMENT",
        None => "BACS_TRANSFER",
    }
}

/// What is paid on a schedule goes on, collected otherwise.
async fn reschedule(
    tx: &mut Tx,
    viewer: &Viewer,
    held: &Ledger,
    instruction: Option<&Instruction>,
    from: NaiveDate,
) -> Result<(), PreferenceError> {
    let wanted = schedule_type(instruction);
    let holds =
        |schedule: &&Schedule| schedule.valid_from <= from && schedule.valid_to.is_none_or(|end| end > from);
    let Some(schedule) = held.coming.iter().find(holds) else { return Ok(()) };
    if schedule.schedule_type == wanted {
        return Ok(());
    }
    let weekday = i32::try_from(from.weekday().number_from_monday()).ok();
    if schedule.frequency.as_deref() == Some("Weekly") && schedule.payment_day != weekday {
        return Err(PreferenceError::OtherWeekday);
    }
    let new = NewSchedule { schedule_type: wanted, ..NewSchedule::like(schedule) };
    let days = (from, schedule.valid_to);
    held.put(tx, Some(viewer), &new, days, CallsOff::Ordinary).await.map(|_| ()).map_err(unexpected)
}

fn unexpected(error: ScheduleError) -> PreferenceError {
    match error {
        ScheduleError::Database(error) => PreferenceError::Database(error),
        // A plan or a payment holiday that begins later.
        _ => PreferenceError::NotValid,
    }
}

row! {
    struct Row {
        parent: i64,
        ledger_id: i64,
        market: String,
        instruction_id: Option<i64>,
        from_day: NaiveDate,
        to_day: Option<NaiveDate>,
    }
}

/// By what a ledger is paid from a day on.
#[derive(Clone, Debug)]
pub struct Preference {
    /// The ledger.
    pub ledger_id: i64,
    /// Row id of the instruction; none where the customer pays by hand.
    pub instruction_id: Option<i64>,
    /// The first day of it.
    pub from_day: NaiveDate,
    /// `UPCOMING`, `CURRENT` or `PAST`.
    pub standing: &'static str,
}

/// What lists of preferences hang on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// All ledgers of an account.
    Account,
    /// One ledger.
    Ledger,
}

macro_rules! inside {
    ($parent:literal) => {
        concat!(
            " from payment_preferences p join ledgers l on l.id = p.ledger_id join accounts a on a.id = l.account_id \
              where p.replaced_at is null and ", $parent, " and ", account_is_visible!()
        )
    };
}

macro_rules! lists {
    ($count:ident, $page:ident, $parent:literal) => {
        statement!(static $count: (i64, i64) = concat!("
            select parents.id, (select count(*)", inside!($parent), ") from unnest($3::bigint[]) as parents (id)"));
        statement!(static $page: Row = concat!("
            select parents.id as parent, inside.*
            from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
            cross join lateral (
                select p.ledger_id, a.market, p.instruction_id, p.from_day, (select min(next.from_day)
                    from payment_preferences next where next.ledger_id = p.ledger_id and next.replaced_at is null
                        and next.from_day > p.from_day) as to_day", inside!($parent), "
                order by p.from_day desc, p.id desc offset parents.skip limit parents.take
            ) inside order by parents.id, inside.from_day desc, inside.ledger_id"));
    };
}

lists!(COUNT_OF_ACCOUNTS, PAGE_OF_ACCOUNTS, "l.account_id = parents.id");
lists!(COUNT_OF_LEDGERS, PAGE_OF_LEDGERS, "l.id = parents.id");

/// One page of the preferences of each of these parents, the latest first. One statement, and one more for totals.
pub async fn page_of(
    tx: &mut Tx,
    viewer: &Viewer,
    parent: Parent,
    ids: &[i64],
    window: &Window,
) -> Result<Vec<Page<Preference>>, sqlx::Error> {
    let (count, page) = match parent {
        Parent::Account => (&COUNT_OF_ACCOUNTS, &PAGE_OF_ACCOUNTS),
        Parent::Ledger => (&COUNT_OF_LEDGERS, &PAGE_OF_LEDGERS),
    };
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        let query = count.seen_by(viewer).bind(ids);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, ids, totals.as_ref());
    let query = page.seen_by(viewer).bind(ids);
    let rows = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let now = tx.business_now().await?;
    let shown = |row: Row| {
        let today = market::by_code(&row.market).map_or(now.date_naive(), |market| market.day(now));
        let standing = match row.to_day {
            _ if row.from_day > today => "UPCOMING",
            Some(end) if end <= today => "PAST",
            _ => "CURRENT",
        };
        let Row { parent, ledger_id, instruction_id, from_day, .. } = row;
        (parent, Preference { ledger_id, instruction_id, from_day, standing })
    };
    Ok(page::pages(window, ids, totals.as_ref(), rows.into_iter().map(shown)))
}
