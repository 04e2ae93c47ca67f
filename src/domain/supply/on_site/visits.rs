//! What the engineers say, and what follows: offers, confirmations and reports are taken in, customers are told, and what was
//! found is noted on the account.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;
use uuid::Uuid;

use super::field_work::{FieldWork, Outcome, Place, Span, Unavailable};
use super::{Appointment, Request, appointment, booking, orders, request};
use crate::domain::accounts::notes;
use crate::domain::auth::Viewer;
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::domain::ledgers::ChargeError;
use crate::platform::db::{Tx, statement};
use crate::platform::jobs::{JobError, Runner};
use crate::platform::market;
use crate::platform::random::Randomness;

/// The job that has a visit confirmed.
pub(super) const CONFIRM: &str = "confirm-visit";
/// How often reports are asked for.
const TURN: TimeDelta = TimeDelta::minutes(15);
/// How many are asked for in one turn; the rest is for the next.
const AT_ONCE: i64 = 200;

/// After what something follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Booked,
    Cancelled,
    Done,
    Missed,
}

impl Stage {
    /// As clients know it.
    fn code(self) -> &'static str {
        match self {
            Self::Booked => "POST_APPOINTMENT_BOOKING",
            Self::Cancelled => "POST_APPOINTMENT_CANCELLATION",
            Self::Done => "POST_APPOINTMENT_COMPLETION",
            Self::Missed => "POST_APPOINTMENT_ABORTED",
        }
    }

    /// Whether a customer is told of it who is told of so much.
    fn is_told(self, strategy: &str) -> bool {
        strategy == "SEND_ALL" || (strategy == "SEND_ONLY_JOB_COMPLETED" && self == Self::Done)
    }

    fn subject(self) -> &'static str {
        match self {
            Self::Booked => "An engineer will come",
            Self::Cancelled => "The visit of an engineer was called off",
            Self::Done => "The work at your home is done",
            Self::Missed => "We missed you",
        }
    }
}

statement!(static SESSION: (Uuid,) = "
    select request_id from on_site_sessions where id = $1 and answered_at is null for no key update");
statement!(static OFFER: () = "
    insert into on_site_slots (id, session_id, starts_at, ends_at)
    select offered.id, $1, offered.starts_at, offered.ends_at
    from unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) as offered (id, starts_at, ends_at)");
statement!(static ANSWERED: () = "update on_site_sessions set answered_at = $2 where id = $1");
statement!(static UNCONFIRMED: (Uuid,) = "
    select id from on_site_appointments where id = $1 and status = 'UNCONFIRMED' for no key update");
statement!(static CONFIRMED: () = "
    update on_site_appointments set status = 'BOOKED', external_reference = $2 where id = $1");
// Whoever is being dealt with elsewhere is left to it.
statement!(static OVER: (Uuid,) = "
    select v.id from on_site_appointments v join on_site_requests r on r.id = v.request_id
    where v.status = 'BOOKED' and v.ends_at <= $1 order by v.ends_at, v.id limit $2
    for no key update of r skip locked");
statement!(static END: (Uuid,) = "
    update on_site_appointments set status = $2, findings = $3 where id = $1 and status = 'BOOKED' returning id");
statement!(static STAND: () = "update on_site_requests set status = $2, updated_at = $3 where id = $1");
statement!(static FOLLOWED: () = "
    insert into on_site_actions (request_id, appointment_id, stage, workflow, status, message_id, at)
    values ($1, $2, $3, $4, $5, $6, $7)");
statement!(static REACHED: (String,) = "select billing_email from accounts where id = $1");

/// Has engineers asked by this runner, and what they say taken in.
pub fn register(runner: &mut Runner, random: Randomness, field: Arc<dyn FieldWork>) {
    let asked = Arc::clone(&field);
    runner.on(booking::OFFER, move |tx, payload| {
        let (field, random) = (Arc::clone(&asked), random.clone());
        Box::pin(async move { offer(tx, &random, field.as_ref(), named(payload, "session")?).await })
    });
    let asked = Arc::clone(&field);
    runner.on(CONFIRM, move |tx, payload| {
        let field = Arc::clone(&asked);
        Box::pin(async move { confirm(tx, field.as_ref(), named(payload, "visit")?).await })
    });
    runner.every(TURN, "upkeep-visits", move |tx, _| {
        let field = Arc::clone(&field);
        Box::pin(async move { turn(tx, field.as_ref()).await })
    });
}

fn named(payload: &Value, key: &str) -> Result<Uuid, JobError> {
    payload[key].as_str().and_then(|text| text.parse().ok()).ok_or(JobError::Payload)
}

impl From<Unavailable> for JobError {
    fn from(_: Unavailable) -> Self {
        Self::Other("those who send engineers do not answer".to_owned())
    }
}

/// Asks when somebody could come, and keeps what is offered.
///
/// # Errors
/// They do not answer, or the database fails.
pub async fn offer(
    tx: &mut Tx,
    random: &Randomness,
    field: &dyn FieldWork,
    session: Uuid,
) -> Result<(), JobError> {
    let Some((id,)) = SESSION.query().bind(session).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let wanted = request(tx, &Viewer::server(), id).await?.ok_or(JobError::Payload)?;
    let now = tx.business_now().await?;
    let today = market::by_code(&wanted.market).map_or(now.date_naive(), |market| market.day(now));
    let from = if wanted.is_emergency { today } else { today.succ_opt().unwrap_or(today) };
    let place = Place {
        market: &wanted.market,
        property: wanted.property_id,
        from,
        is_emergency: wanted.is_emergency,
    };
    let slots: Vec<Span> = field.slots(&place)?.into_iter().filter(|slot| slot.starts_at > now).collect();
    let ids: Vec<Uuid> = slots.iter().map(|_| random.uuid()).collect();
    let starts: Vec<_> = slots.iter().map(|slot| slot.starts_at).collect();
    let ends: Vec<_> = slots.iter().map(|slot| slot.ends_at).collect();
    OFFER.command().bind(session).bind(ids).bind(starts).bind(ends).execute(&mut *tx).await?;
    ANSWERED.command().bind(session).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Has a visit confirmed, unless it was called off.
///
/// # Errors
/// They do not answer, or the database fails.
pub async fn confirm(tx: &mut Tx, field: &dyn FieldWork, visit: Uuid) -> Result<(), JobError> {
    if UNCONFIRMED.query().bind(visit).fetch_optional(&mut *tx).await?.is_none() {
        return Ok(());
    }
    let found = appointment(tx, &Viewer::server(), visit).await?.ok_or(JobError::Payload)?;
    let reference = field.book(visit, span(&found))?;
    CONFIRMED.command().bind(visit).bind(reference).execute(&mut *tx).await?;
    Ok(follow_up(tx, &found, Stage::Booked).await?)
}

/// Takes in what came of visits that are over.
///
/// # Errors
/// Those of the database. Who does not answer is asked again in the next turn.
pub async fn turn(tx: &mut Tx, field: &dyn FieldWork) -> Result<(), JobError> {
    let now = tx.business_now().await?;
    for (id,) in OVER.query().bind(now).bind(AT_ONCE).fetch_all(&mut *tx).await? {
        let found = appointment(tx, &Viewer::server(), id).await?.ok_or(JobError::Payload)?;
        let (stage, status, standing, findings) = match field.outcome(id, span(&found), now) {
            Ok(Some(Outcome::Done(findings))) => (Stage::Done, "COMPLETED", "COMPLETED", findings),
            Ok(Some(Outcome::Missed(findings))) => (Stage::Missed, "ABORTED", "APPOINTMENT_FAILED", findings),
            Ok(None) | Err(Unavailable) => continue,
        };
        let end = END.query().bind(id).bind(status).bind(&findings);
        if end.fetch_optional(&mut *tx).await?.is_none() {
            continue;
        }
        STAND.command().bind(found.request_id).bind(standing).bind(now).execute(&mut *tx).await?;
        follow_up(tx, &found, stage).await?;
        if stage == Stage::Done {
            orders::charge(tx, found.request_id).await.map_err(|error| match error {
                ChargeError::Database(error) => JobError::Database(error),
                other => JobError::Other(other.to_string()),
            })?;
            close(tx, &found, &findings).await?;
        }
    }
    Ok(())
}

fn span(visit: &Appointment) -> Span {
    Span { starts_at: visit.starts_at, ends_at: visit.ends_at }
}

/// Tells the customer of a visit, unless they are to be left alone or have no address for that.
pub(super) async fn follow_up(tx: &mut Tx, visit: &Appointment, stage: Stage) -> Result<(), sqlx::Error> {
    let server = Viewer::server();
    let Some(request) = request(tx, &server, visit.request_id).await? else { return Ok(()) };
    let (to,) = REACHED.query().bind(request.account_id).fetch_one(&mut *tx).await?;
    let message = if stage.is_told(&visit.comms_strategy) && !to.is_empty() {
        let text = words(&request, visit);
        let new = NewMessage {
            channel: Channel::Email,
            template: "engineer-visit",
            account_user: None,
            to: &to,
            subject: stage.subject(),
            text: &text,
            confidential: false,
        };
        Some(messages::send_about(tx, &new, request.account_id).await?)
    } else {
        None
    };
    let now = tx.business_now().await?;
    let status = if message.is_some() { "COMPLETED" } else { "SKIPPED" };
    let followed = FOLLOWED.command().bind(request.id).bind(visit.id).bind(stage.code());
    followed.bind("tell-customer").bind(status).bind(message).bind(now).execute(&mut *tx).await?;
    Ok(())
}

fn words(request: &Request, visit: &Appointment) -> String {
    let local = |moment: chrono::DateTime<chrono::Utc>| match market::by_code(&request.market) {
        Some(market) => moment.with_timezone(&market.time_zone()).format("%Y-%m-%d %H:%M").to_string(),
        None => moment.to_rfc3339(),
    };
    format!("{}: {} – {}", request.job_name, local(visit.starts_at), local(visit.ends_at))
}

/// Notes on the account what was done.
async fn close(tx: &mut Tx, visit: &Appointment, findings: &str) -> Result<(), JobError> {
    let server = Viewer::server();
    let request = request(tx, &server, visit.request_id).await?.ok_or(JobError::Payload)?;
    let body = format!("{} ({}): {findings}", request.job_name, visit.external_reference);
    notes::keep(tx, &server, request.account_id, &body).await?;
    let now = tx.business_now().await?;
    let followed = FOLLOWED.command().bind(request.id).bind(None::<Uuid>).bind("POST_REQUEST_COMPLETION");
    followed.bind("note-on-account").bind("COMPLETED").bind(None::<i64>).bind(now).execute(&mut *tx).await?;
    Ok(())
}
