//! What is done about a debt, step by step: started, held back for a while, withdrawn or run through.
//!
//! Of each kind at most one is under way on a ledger, or on an account as a whole; constraints see to it. What
//! happened is only ever added to a process's history, and told to other systems.

use chrono::NaiveDate;
use serde_json::json;

use crate::domain::auth::viewer::Viewer;
use crate::domain::events::{self, About, Event, Name};
use crate::platform::db::{Tx, statement};

/// What kind of process it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ever firmer reminders to pay.
    Dunning,
    /// The work of an agency.
    Agency,
    /// The collection of a debt as a whole.
    Collection,
}

impl Kind {
    /// As the database calls it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Dunning => "dunning",
            Self::Agency => "agency",
            Self::Collection => "collection",
        }
    }
}

/// SQL that holds while an agency collects what is owed on the ledger `$ledger` of the account `$account`.
macro_rules! agency_collects {
    ($account:literal, $ledger:literal) => {
        concat!(
            "exists (select 1 from processes given where given.kind = 'agency' and given.ended_at is null \
             and given.account_id = ",
            $account,
            " and (given.ledger_id is null or given.ledger_id = ",
            $ledger,
            "))"
        )
    };
}
pub(super) use agency_collects;

/// SQL that holds while the process `$id` is held back without a day on which it goes on.
macro_rules! is_held {
    ($id:literal) => {
        concat!(
            "coalesce((select e.kind = 'paused' from process_events e where e.process_id = ",
            $id,
            " and e.kind in ('paused', 'resumed') order by e.id desc limit 1), false)"
        )
    };
}
pub(super) use is_held;

/// SQL for the whole days, added up, that the process `$id` has been held back for until the moment `$until`.
macro_rules! held_days {
    ($id:literal, $until:literal) => {
        concat!(
            "(select floor(coalesce(sum(extract(epoch from coalesce((select min(n.at) from process_events n \
             where n.process_id = e.process_id and n.kind = 'resumed' and n.id > e.id), ",
            $until,
            ") - e.at)), 0) / 86400)::bigint from process_events e where e.process_id = ",
            $id,
            " and e.kind = 'paused')"
        )
    };
}
pub(super) use held_days;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing was left to do.
    Completed,
    /// Somebody stopped it.
    Withdrawn,
}

impl Ending {
    fn code(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A process to be started.
#[derive(Clone, Copy, Debug)]
pub(super) struct New<'a> {
    pub kind: Kind,
    pub account: i64,
    /// The whole account if it names none.
    pub ledger: Option<i64>,
    pub started_on: NaiveDate,
    pub note: &'a str,
}

statement!(static START: (i64,) = "
    insert into processes (kind, account_id, ledger_id, started_on, note, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $6) on conflict do nothing returning id");
statement!(static PAUSE: (i64,) = "
    insert into process_pauses (process_id, days, note, created_at)
    values ($1, daterange($2, $3), $4, $5) on conflict do nothing returning id");
statement!(static END: (i64,) = "
    update processes set ended_at = $2, ending = $3 where id = $1 and ended_at is null returning id");
statement!(static NOTE: () = "
    insert into process_events (process_id, kind, actor_kind, actor_id, note, at) values ($1, $2, $3, $4, $5, $6)");
statement!(static TOUCH: () = "update processes set updated_at = $2 where id = $1");

/// Starts a process, unless one of its kind is under way there. `by` is nobody when the server itself does it.
pub(super) async fn start(
    tx: &mut Tx,
    by: Option<&Viewer>,
    new: &New<'_>,
) -> Result<Option<i64>, sqlx::Error> {
    let now = tx.business_now().await?;
    let insert = START.query().bind(new.kind.code()).bind(new.account).bind(new.ledger);
    let insert = insert.bind(new.started_on).bind(new.note).bind(now);
    let Some((id,)) = insert.fetch_optional(&mut *tx).await? else { return Ok(None) };
    note(tx, by, id, "started", Some(new.note)).await?;
    Ok(Some(id))
}

/// Holds a process back from one day until another, unless a pause covers any of these days already.
pub(super) async fn pause(
    tx: &mut Tx,
    by: Option<&Viewer>,
    process: i64,
    days: (NaiveDate, NaiveDate),
    text: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let now = tx.business_now().await?;
    let insert = PAUSE.query().bind(process).bind(days.0).bind(days.1).bind(text).bind(now);
    if insert.fetch_optional(&mut *tx).await?.is_none() {
        return Ok(false);
    }
    note(tx, by, process, "paused", text).await?;
    Ok(true)
}

/// Ends a process, unless it has ended.
pub(super) async fn end(
    tx: &mut Tx,
    by: Option<&Viewer>,
    process: i64,
    ending: Ending,
    text: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let now = tx.business_now().await?;
    let update = END.query().bind(process).bind(now).bind(ending.code());
    if update.fetch_optional(&mut *tx).await?.is_none() {
        return Ok(false);
    }
    note(tx, by, process, ending.code(), text).await?;
    Ok(true)
}

/// What others hear when this is added to the history of a process.
fn event(kind: &str) -> Option<Name> {
    Some(match kind {
        "started" => Name::ProcessStarted,
        "activated" => Name::ProcessActivated,
        "step" => Name::ProcessStepTaken,
        "changed" => Name::ProcessChanged,
        "paused" => Name::ProcessPaused,
        "resumed" => Name::ProcessResumed,
        "withdrawn" => Name::ProcessWithdrawn,
        "completed" => Name::ProcessCompleted,
        _ => return None,
    })
}

/// Adds to the history of a process.
pub(super) async fn note(
    tx: &mut Tx,
    by: Option<&Viewer>,
    process: i64,
    kind: &str,
    text: Option<&str>,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let insert = NOTE.command().bind(process).bind(kind).bind(by.map(Viewer::kind)).bind(by.map(Viewer::id));
    insert.bind(text).bind(now).execute(&mut *tx).await?;
    TOUCH.command().bind(process).bind(now).execute(&mut *tx).await?;
    let Some(name) = event(kind) else { return Ok(()) };
    // Other notes are free text. The names of steps are the path's own.
    let step = text.filter(|_| name == Name::ProcessStepTaken);
    let data = step.map_or_else(|| json!({}), |step| json!({ "step": step }));
    events::record(tx, &[Event { name, about: About::Process(process), data }]).await
}
