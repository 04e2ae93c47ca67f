//! Work on site: requests for it, the visits by which it is done, and what follows from them.

pub mod booking;
pub(in crate::domain) mod check;
pub mod field_work;
pub mod orders;
pub mod requesting;
pub mod simulated_field;
pub mod visits;

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

use crate::domain::accounts::grouped;
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::{EDIT_CUSTOMERS, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::page::{Page, Window};

row! {
    /// Something that has to be done at a property.
    pub struct Request {
        /// What it is known by.
        pub id: Uuid,
        /// Row id of the account.
        pub account_id: i64,
        /// Number of the account.
        pub account_number: String,
        /// The property.
        pub property_id: i64,
        /// Code of its market.
        pub market: String,
        /// Code of what has to be done.
        pub job_type: String,
        /// What that is called.
        pub job_name: String,
        /// Why.
        pub reason: String,
        /// Why, more closely.
        pub sub_reason: String,
        /// What kind of work it is.
        pub work_category: String,
        /// Whether it cannot wait.
        pub is_emergency: bool,
        /// What others call it; may be empty.
        pub external_reference: String,
        /// Who does it.
        pub agent: String,
        /// Anything else about it.
        pub comment: String,
        /// `PENDING`, `BOOKED`, `COMPLETED`, `APPOINTMENT_FAILED` or `CANCELLED`.
        pub status: String,
        /// Row id of the member of staff who asked for it.
        pub created_by: Option<i64>,
    }
}

impl Request {
    /// Whether a visit can still come of it.
    pub fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "PENDING" | "BOOKED" | "APPOINTMENT_FAILED")
    }
}

row! {
    /// A visit of an engineer.
    pub struct Appointment {
        /// What it is known by.
        pub id: Uuid,
        /// The request.
        pub request_id: Uuid,
        /// Code of what is to be done.
        pub job_type: String,
        /// What kind of work it is.
        pub work_category: String,
        /// Who does it.
        pub agent: String,
        /// The first moment at which somebody may come.
        pub starts_at: DateTime<Utc>,
        /// The moment by which somebody has come.
        pub ends_at: DateTime<Utc>,
        /// What the engineers call it; empty until they confirmed it.
        pub external_reference: String,
        /// What they should know.
        pub comments: String,
        /// What the customer is told of.
        pub comms_strategy: String,
        /// `UNCONFIRMED`, `BOOKED`, `CANCELLED`, `ABORTED` or `COMPLETED`.
        pub status: String,
        /// Who called it off.
        pub cancellation_category: Option<String>,
        /// Why; may be empty.
        pub cancellation_sub_category: String,
        /// What the engineer wrote down; may be empty.
        pub findings: String,
    }
}

row! {
    /// What followed.
    pub struct Action {
        /// The request.
        pub request_id: Uuid,
        /// The visit, if it followed from one.
        pub appointment_id: Option<Uuid>,
        /// After what.
        pub stage: String,
        /// What was to be done.
        pub workflow: String,
        /// `COMPLETED` or `SKIPPED`.
        pub status: String,
    }
}

row! {
    /// Something that can be asked for.
    pub struct JobType {
        /// Its code.
        pub code: String,
        /// What it is called.
        pub name: String,
    }
}

/// Why nothing came of a request or a visit.
#[derive(Debug, Error)]
pub enum OnSiteError {
    /// The viewer may not ask for work.
    #[error("the viewer may not ask for work on site")]
    Forbidden,
    /// There is no such supply point for the viewer.
    #[error("there is no such supply point")]
    NoPoint,
    /// Nobody is supplied there.
    #[error("nobody is supplied at the points")]
    NoAccount,
    /// The points are different customers'.
    #[error("the points are of different accounts")]
    Accounts,
    /// The points are at different properties.
    #[error("the points are at different properties")]
    Properties,
    /// Nothing is done for such a reason.
    #[error("nothing is done for such a reason")]
    Reason,
    /// Nothing is done for such a reason, more closely.
    #[error("nothing is done for such a reason, more closely")]
    SubReason,
    /// The same has been asked for.
    #[error("the same has been asked for")]
    Exists,
    /// There is no such request for the viewer.
    #[error("there is no such request")]
    NoRequest,
    /// Nothing more can come of it.
    #[error("the request is over")]
    Inactive,
    /// There is no such session.
    #[error("there is no such booking session")]
    NoSession,
    /// The session is over.
    #[error("the booking session has expired")]
    Expired,
    /// Nothing was offered by this name.
    #[error("there is no such slot")]
    NoSlot,
    /// It is too late for the slot.
    #[error("the slot is gone")]
    SlotGone,
    /// A visit is to come.
    #[error("a visit is to come already")]
    Booked,
    /// There is no such visit for the viewer.
    #[error("there is no such visit")]
    NoAppointment,
    /// The visit was, or was called off.
    #[error("the visit cannot be called off any more")]
    Over,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(OnSiteError);

/// Which requests are listed; a list that is empty leaves nothing out.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// About any of these supply points, by row id.
    pub points: Vec<i64>,
    /// About any of these: markets and identifiers, in step.
    pub named_points: (Vec<String>, Vec<String>),
    /// In any of these states.
    pub statuses: Vec<String>,
    /// Of any of these accounts.
    pub account_numbers: Vec<String>,
}

macro_rules! requests {
    () => {
        "r.id, r.account_id, a.number as account_number, r.property_id, r.market, r.job_type, k.name as job_name, \
         k.reason, k.sub_reason, k.work_category, r.is_emergency, r.external_reference, r.agent, r.comment, r.status, \
         case when r.by_kind = 'support-user' then r.by_id end as created_by \
         from on_site_requests r join accounts a on a.id = r.account_id join on_site_job_types k on k.code = r.job_type"
    };
}

macro_rules! fits {
    () => {
        concat!(
            " where (cardinality($3::bigint[]) = 0 or exists (select from on_site_request_points p \
                where p.request_id = r.id and p.supply_point_id = any($3))) \
              and (cardinality($4::text[]) = 0 or exists (select from on_site_request_points p \
                join supply_points sp on sp.id = p.supply_point_id \
                join unnest($4, $5::text[]) as named (market_name, identifier) \
                    on named.market_name = sp.market_name and named.identifier = sp.identifier \
                where p.request_id = r.id)) \
              and (cardinality($6::text[]) = 0 or r.status = any($6)) \
              and (cardinality($7::text[]) = 0 or a.number = any($7)) and ",
            account_is_visible!()
        )
    };
}

macro_rules! appointments {
    () => {
        "v.id, v.request_id, r.job_type, k.work_category, r.agent, v.starts_at, v.ends_at, v.external_reference, \
         v.comments, v.comms_strategy, v.status, v.cancellation_category, v.cancellation_sub_category, v.findings \
         from on_site_appointments v join on_site_requests r on r.id = v.request_id \
         join on_site_job_types k on k.code = r.job_type join accounts a on a.id = r.account_id"
    };
}

statement!(static PAGE: Request = concat!(
    "select ", requests!(), fits!(), " order by r.created_at desc, r.id offset $8 limit $9"));
statement!(static COUNT: (i64,) = concat!("
    select count(*) from on_site_requests r join accounts a on a.id = r.account_id", fits!()));
statement!(static REQUEST: Request = concat!(
    "select ", requests!(), " where r.id = $3 and ", account_is_visible!()));
statement!(static APPOINTMENT: Appointment = concat!(
    "select ", appointments!(), " where v.id = $3 and ", account_is_visible!()));
statement!(static OF_REQUEST: Appointment = concat!(
    "select ", appointments!(), " where v.request_id = $3 and ", account_is_visible!(),
    " order by v.created_at desc, v.id"));
statement!(static POINTS: (Uuid, i64) = "
    select request_id, supply_point_id from on_site_request_points where request_id = any($1::uuid[])
    order by supply_point_id");
statement!(static ACTIONS: Action = "
    select request_id, appointment_id, stage, workflow, status from on_site_actions
    where request_id = any($1::uuid[]) order by id");
statement!(static JOB_TYPES: JobType = "select code, name from on_site_job_types order by code");

/// Whether the viewer may ask for work and have it done.
fn may_ask(viewer: &Viewer) -> bool {
    viewer.may(EDIT_CUSTOMERS)
}

/// One page of the requests that fit and that the viewer may see, the latest first. A statement, and one more for totals.
///
/// # Errors
/// Those of the database.
pub async fn page(
    tx: &mut Tx,
    viewer: &Viewer,
    filter: &Filter,
    window: &Window,
) -> Result<Page<Request>, sqlx::Error> {
    macro_rules! bound {
        ($query:expr) => {
            $query
                .bind(viewer.kind())
                .bind(viewer.id())
                .bind(&filter.points)
                .bind(&filter.named_points.0)
                .bind(&filter.named_points.1)
                .bind(&filter.statuses)
                .bind(&filter.account_numbers)
        };
    }
    let total =
        if window.needs_total() { Some(bound!(COUNT.query()).fetch_one(&mut *tx).await?.0) } else { None };
    let slice = window.slice(total);
    let rows = bound!(PAGE.query()).bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(Page::cut(window, slice, rows, total))
}

/// The request, if the viewer may see it.
///
/// # Errors
/// Those of the database.
pub async fn request(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Option<Request>, sqlx::Error> {
    REQUEST.seen_by(viewer).bind(id).fetch_optional(&mut *tx).await
}

/// The visit, if the viewer may see it.
///
/// # Errors
/// Those of the database.
pub async fn appointment(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Option<Appointment>, sqlx::Error> {
    APPOINTMENT.seen_by(viewer).bind(id).fetch_optional(&mut *tx).await
}

/// The visits of a request that the viewer may see, the latest first.
///
/// # Errors
/// Those of the database.
pub async fn appointments(
    tx: &mut Tx,
    viewer: &Viewer,
    request: Uuid,
) -> Result<Vec<Appointment>, sqlx::Error> {
    OF_REQUEST.seen_by(viewer).bind(request).fetch_all(&mut *tx).await
}

/// The supply points that each of these requests is about, by row id.
///
/// # Errors
/// Those of the database.
pub async fn points(tx: &mut Tx, requests: &[Uuid]) -> Result<Vec<Vec<i64>>, sqlx::Error> {
    Ok(grouped(requests, POINTS.query().bind(requests).fetch_all(&mut *tx).await?))
}

/// What followed from each of these requests and their visits, the earliest first.
///
/// # Errors
/// Those of the database.
pub async fn actions(tx: &mut Tx, requests: &[Uuid]) -> Result<Vec<Vec<Action>>, sqlx::Error> {
    let rows = ACTIONS.query().bind(requests).fetch_all(&mut *tx).await?;
    Ok(grouped(requests, rows.into_iter().map(|action| (action.request_id, action)).collect()))
}

/// Everything that can be asked for, by code.
///
/// # Errors
/// Those of the database.
pub async fn job_types(tx: &mut Tx) -> Result<Vec<JobType>, sqlx::Error> {
    JOB_TYPES.query().fetch_all(&mut *tx).await
}
