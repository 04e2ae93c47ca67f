//! Booking a visit: engineers are asked when they could come, one of their offers is taken, and they are told. What they say
//! comes by jobs.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::visits::{self, CONFIRM};
use super::{Appointment, OnSiteError, appointment, may_ask, requesting};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::account_is_visible;
use crate::platform::db::{Tx, on_constraint, row, statement};
use crate::platform::jobs;
use crate::platform::random::Randomness;

/// The job that asks for offers.
pub(super) const OFFER: &str = "offer-visit-slots";
/// For how long offers stand.
const STANDS: TimeDelta = TimeDelta::minutes(30);
/// How long before it begins a slot may be taken at the latest.
const NOTICE: TimeDelta = TimeDelta::hours(1);

row! {
    struct Session {
        request_id: Uuid,
        answered_at: Option<DateTime<Utc>>,
        expires_at: DateTime<Utc>,
    }
}

row! {
    /// A time in which somebody could come.
    pub struct Slot {
        /// What it is known by.
        pub id: Uuid,
        /// The first moment.
        pub starts_at: DateTime<Utc>,
        /// The moment after the last.
        pub ends_at: DateTime<Utc>,
    }
}

/// A visit that somebody books.
#[derive(Clone, Copy, Debug)]
pub struct Booking<'a> {
    /// The session in which it was offered.
    pub session: Uuid,
    /// The offer.
    pub slot: Uuid,
    /// What the engineers should know.
    pub comments: &'a str,
    /// What the customer is told of.
    pub comms_strategy: &'a str,
}

/// Why a visit does not take place.
#[derive(Clone, Copy, Debug)]
pub struct Cancellation<'a> {
    /// Who called it off, as clients know it.
    pub category: &'a str,
    /// Why; may be empty.
    pub sub_category: &'a str,
}

statement!(static BEGIN: () = "
    insert into on_site_sessions (id, request_id, asked_at, expires_at) values ($1, $2, $3, $4)");
statement!(static SESSION: Session = concat!("
    select s.request_id, s.answered_at, s.expires_at from on_site_sessions s
        join on_site_requests r on r.id = s.request_id join accounts a on a.id = r.account_id
    where s.id = $3 and ", account_is_visible!()));
statement!(static SLOTS: Slot = "
    select id, starts_at, ends_at from on_site_slots where session_id = $1 order by starts_at");
statement!(static ADD: () = "
    insert into on_site_appointments (id, request_id, starts_at, ends_at, comments, comms_strategy, status, created_at,
        by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6, 'UNCONFIRMED', $7, $8, $9)");
statement!(static STAND: () = "update on_site_requests set status = $2, updated_at = $3 where id = $1");
statement!(static CANCEL: () = "
    update on_site_appointments set status = 'CANCELLED', cancellation_category = $2, cancellation_sub_category = $3
    where id = $1");

/// Asks when somebody could come for a request. Answers the session in which offers are made.
///
/// # Errors
/// See [`OnSiteError`].
pub async fn begin(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    request: Uuid,
) -> Result<Uuid, OnSiteError> {
    if !may_ask(viewer) {
        return Err(OnSiteError::Forbidden);
    }
    let request = requesting::held(tx, viewer, request).await?;
    if request.status == "BOOKED" {
        return Err(OnSiteError::Booked);
    }
    let (id, now) = (random.uuid(), tx.business_now().await?);
    BEGIN.command().bind(id).bind(request.id).bind(now).bind(now + STANDS).execute(&mut *tx).await?;
    let at_once = tx.wall_now();
    jobs::enqueue(tx, OFFER, &json!({ "session": id }), at_once).await?;
    Ok(id)
}

async fn session(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Session, OnSiteError> {
    let query = SESSION.seen_by(viewer).bind(id);
    let found = query.fetch_optional(&mut *tx).await?.ok_or(OnSiteError::NoSession)?;
    if found.expires_at <= tx.business_now().await? { Err(OnSiteError::Expired) } else { Ok(found) }
}

/// What was offered in a session, in order, and whether that is all.
///
/// # Errors
/// See [`OnSiteError`].
pub async fn offers(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<(Vec<Slot>, bool), OnSiteError> {
    let session = session(tx, viewer, id).await?;
    let slots = SLOTS.query().bind(id).fetch_all(&mut *tx).await?;
    Ok((slots, session.answered_at.is_some()))
}

/// Takes an offer. The engineers are asked to confirm it; a request has one visit to come.
///
/// # Errors
/// See [`OnSiteError`].
pub async fn book(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    booking: &Booking<'_>,
) -> Result<Appointment, OnSiteError> {
    if !may_ask(viewer) {
        return Err(OnSiteError::Forbidden);
    }
    let session = session(tx, viewer, booking.session).await?;
    let slots = SLOTS.query().bind(booking.session).fetch_all(&mut *tx).await?;
    let slot = slots.into_iter().find(|slot| slot.id == booking.slot).ok_or(OnSiteError::NoSlot)?;
    let request = requesting::held(tx, viewer, session.request_id).await?;
    let now = tx.business_now().await?;
    if slot.starts_at < now + NOTICE {
        return Err(OnSiteError::SlotGone);
    }
    let (id, (kind, by)) = (random.uuid(), hand(viewer));
    let add = ADD.command().bind(id).bind(request.id).bind(slot.starts_at).bind(slot.ends_at);
    let add = add.bind(booking.comments).bind(booking.comms_strategy).bind(now).bind(kind).bind(by);
    let added = add.execute(&mut *tx).await;
    added.map_err(|error| {
        if on_constraint(&error, "on_site_appointments_to_come") { OnSiteError::Booked } else { error.into() }
    })?;
    STAND.command().bind(request.id).bind("BOOKED").bind(now).execute(&mut *tx).await?;
    let at_once = tx.wall_now();
    jobs::enqueue(tx, CONFIRM, &json!({ "visit": id }), at_once).await?;
    appointment(tx, viewer, id).await?.ok_or(OnSiteError::NoAppointment)
}

/// Calls a visit off before it begins. Its request waits for another one.
///
/// # Errors
/// See [`OnSiteError`].
pub async fn cancel(
    tx: &mut Tx,
    viewer: &Viewer,
    id: Uuid,
    why: &Cancellation<'_>,
) -> Result<Appointment, OnSiteError> {
    if !may_ask(viewer) {
        return Err(OnSiteError::Forbidden);
    }
    let found = appointment(tx, viewer, id).await?.ok_or(OnSiteError::NoAppointment)?;
    let now = tx.business_now().await?;
    // Whoever holds the request is alone with its visits.
    requesting::held(tx, viewer, found.request_id).await.map_err(|error| match error {
        OnSiteError::Inactive => OnSiteError::Over,
        other => other,
    })?;
    let found = appointment(tx, viewer, id).await?.ok_or(OnSiteError::NoAppointment)?;
    let is_to_come = matches!(found.status.as_str(), "UNCONFIRMED" | "BOOKED");
    if !is_to_come || found.starts_at <= now {
        return Err(OnSiteError::Over);
    }
    CANCEL.command().bind(id).bind(why.category).bind(why.sub_category).execute(&mut *tx).await?;
    STAND.command().bind(found.request_id).bind("PENDING").bind(now).execute(&mut *tx).await?;
    visits::follow_up(tx, &found, visits::Stage::Cancelled).await?;
    appointment(tx, viewer, id).await?.ok_or(OnSiteError::NoAppointment)
}
