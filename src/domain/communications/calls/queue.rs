//! Callers who wait: for an agent who has every skill that they need, the most important first, then whoever has waited
//! longest.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::json;
use url::Url;

use super::{CallError, PhoneCall, hold, identification, simulated_exchange};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::portfolios;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs;

/// A call that is to wait.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Row id of the call.
    pub call: i32,
    /// What an agent has to be able to do: `call_skills`.
    pub skills: Vec<String>,
    /// The higher, the sooner.
    pub priority: i32,
    /// What the caller hears meanwhile.
    pub waiting: Option<String>,
    /// Whether an agent has to speak the language of the caller's market.
    pub infer_language: bool,
    /// Whether an agent has to be of the team that looks after the caller.
    pub infer_team: bool,
}

statement!(static KNOWN: (String,) = "select code from call_skills where code = any($1::text[])");
statement!(static ENQUEUE: () = "
    update calls set status = 'QUEUED', enqueued_at = $2, routing_attributes = $3, priority = $4,
        waiting_behaviour_url = $5
    where id = $1");
// The agent who has rested longest of those who can do all of it. Agents are held one at a time.
statement!(static FREE: (i64,) = "
    select g.support_user_id from call_agents g
    where g.status = 'AVAILABLE' and g.skills @> $1::text[] order by g.updated_at, g.support_user_id
    limit 1 for update of g skip locked");
statement!(static WAITING: Waiting = "
    select id, from_number, routing_attributes, coalesce(enqueued_at, started_at) as enqueued_at from calls
    where id = $1 and status = 'QUEUED' for update");
statement!(static ANSWER: () = "
    update calls set status = 'ANSWERED', answered_at = $2, agent_id = $3 where id = $1");
statement!(static BUSY: () = "
    update call_agents set status = 'ON_CALL', updated_at = $2, most_recent_call_id = $3 where support_user_id = $1");
statement!(static GIVE_UP: () = "
    update calls set status = 'ABANDONED', ended_at = $2 where id = $1 and status = 'QUEUED'");
statement!(static END: (Option<i64>,) = "
    update calls set status = 'ENDED', ended_at = $2 where id = $1 and status = 'ANSWERED' returning agent_id");
statement!(static REST: () = "
    update call_agents set status = 'AVAILABLE', updated_at = $2 where support_user_id = $1 and status = 'ON_CALL'");
statement!(static WAITS: (Option<Decimal>, Option<Decimal>) = "
    select avg(extract(epoch from answered_at - enqueued_at)) filter (
            where answered_at >= date_trunc('day', $1::timestamptz, 'UTC') - interval '1 day'
                and answered_at < date_trunc('day', $1::timestamptz, 'UTC')),
        avg(extract(epoch from answered_at - enqueued_at)) filter (where answered_at >= $1 - interval '1 hour')
    from calls where direction = 'INBOUND' and enqueued_at is not null
        and answered_at >= least(date_trunc('day', $1::timestamptz, 'UTC') - interval '1 day', $1 - interval '1 hour')
        and answered_at <= $1");

row! {
    /// A caller who waits.
    pub struct Waiting {
        /// Row id.
        pub id: i32,
        /// Who calls.
        pub from_number: String,
        /// What an agent has to be able to do.
        pub routing_attributes: Vec<String>,
        /// Since when they wait.
        pub enqueued_at: DateTime<Utc>,
    }
}

/// How long callers waited on average until an agent answered, in seconds; none where nobody called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Yesterday, by UTC.
    pub yesterday: Option<i64>,
    /// In the last hour.
    pub recent: Option<i64>,
}

/// Has a call wait for an agent.
pub async fn enqueue(tx: &mut Tx, viewer: &Viewer, wish: &Wish) -> Result<PhoneCall, CallError> {
    let call = hold(tx, viewer, wish.call).await?;
    if !call.is_inbound || call.status != "RINGING" {
        return Err(CallError::Queue("The call waits, was answered or is over."));
    }
    let is_page = |url: &str| url.parse::<Url>().is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if wish.waiting.as_deref().is_some_and(|url| !url.is_empty() && !is_page(url)) {
        return Err(CallError::Queue("waitingBehaviourUrl is no address of a page."));
    }
    let mut skills = wish.skills.clone();
    skills.sort();
    skills.dedup();
    if KNOWN.query().bind(&skills).fetch_all(&mut *tx).await?.len() < skills.len() {
        return Err(CallError::Queue("Nobody is routed by one of the attributes."));
    }
    if let Some(caller) = caller(tx, &call).await? {
        if wish.infer_language {
            skills.push(format!("language:{}", caller.language()));
        }
        if wish.infer_team {
            let around =
                portfolios::by_ids(tx, &Viewer::server(), &[caller.portfolio_id]).await?.pop().flatten();
            skills
                .extend(around.and_then(|around| around.operations_team).map(|team| format!("team:{team}")));
        }
    }
    let now = tx.business_now().await?;
    let enqueue =
        ENQUEUE.command().bind(call.id).bind(now).bind(skills).bind(wish.priority).bind(&wish.waiting);
    enqueue.execute(&mut *tx).await?;
    let soon = tx.wall_now() + simulated_exchange::RING;
    jobs::enqueue(tx, simulated_exchange::CONNECT, &json!({"call": call.id}), soon).await?;
    Ok(PhoneCall { status: "QUEUED".to_owned(), ..call })
}

/// The account that a call is about, or else the best match for the caller's number.
async fn caller(tx: &mut Tx, call: &PhoneCall) -> Result<Option<Account>, sqlx::Error> {
    let server = Viewer::server();
    match call.account_id {
        Some(id) => Ok(accounts::by_ids(tx, &server, &[id]).await?.pop().flatten()),
        None => {
            let numbers = [call.from_number.as_str()];
            Ok(identification::best_accounts(tx, &server, &numbers).await?.pop().flatten())
        }
    }
}

/// A caller who still waits, held until the end of the transaction.
pub async fn waiting(tx: &mut Tx, call: i32) -> Result<Option<Waiting>, sqlx::Error> {
    WAITING.query().bind(call).fetch_optional(&mut *tx).await
}

/// Puts a waiting caller through to an agent who can help, if one is free. Says whether one was.
pub async fn connect(tx: &mut Tx, waiting: &Waiting) -> Result<bool, sqlx::Error> {
    let free = FREE.query().bind(&waiting.routing_attributes).fetch_optional(&mut *tx).await?;
    let Some((agent,)) = free else { return Ok(false) };
    let now = tx.business_now().await?;
    ANSWER.command().bind(waiting.id).bind(now).bind(agent).execute(&mut *tx).await?;
    BUSY.command().bind(agent).bind(now).bind(waiting.id).execute(&mut *tx).await?;
    Ok(true)
}

/// Notes that a waiting caller has hung up.
pub async fn give_up(tx: &mut Tx, call: i32) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    GIVE_UP.command().bind(call).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Notes that a call is over; its agent is free again.
pub async fn end(tx: &mut Tx, call: i32) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    if let Some((Some(agent),)) = END.query().bind(call).bind(now).fetch_optional(&mut *tx).await? {
        REST.command().bind(agent).bind(now).execute(&mut *tx).await?;
    }
    Ok(())
}

/// How long callers waited.
pub async fn waits(tx: &mut Tx) -> Result<Waits, sqlx::Error> {
    let now = tx.business_now().await?;
    let (yesterday, recent) = WAITS.query().bind(now).fetch_one(&mut *tx).await?;
    let seconds = |mean: Option<Decimal>| mean.and_then(|mean| mean.round().to_i64());
    Ok(Waits { yesterday: seconds(yesterday), recent: seconds(recent) })
}
