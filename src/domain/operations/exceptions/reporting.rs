//! Reports of failures, and what is noted of them.

use chrono::NaiveDate;
use serde_json::Value;

use super::reading::by_id;
use super::{ApiCall, Exception, ExceptionError, ExceptionEvent, MOST_TAGS};
use crate::domain::accounts::{assignees, contacts};
use crate::domain::auth::viewer::{HANDLE_EXCEPTIONS, Viewer};
use crate::platform::db::{Tx, statement};

/// Longest name of something, in characters.
const NAME: usize = 200;
/// Longest text, in characters.
const TEXT: usize = 5_000;

/// A failure as somebody reports it.
#[derive(Clone, Debug, Default)]
pub struct NewException {
    /// What the other system knows it by.
    pub external_identifier: String,
    /// Where the journey was made.
    pub channel: String,
    /// One of `APIExceptionCategories`.
    pub category: Option<String>,
    /// Whom it is about.
    pub account_number: Option<String>,
    /// Whom it is about.
    pub user_id: Option<i64>,
    /// How the customer can be reached.
    pub customer_contact: Option<String>,
    /// What it is about.
    pub supply_point_identifier: Option<String>,
    /// What can be changed later.
    pub state: State,
}

/// What is known of an exception, and can be changed; what is left out stays, or is as usual.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// One of `APIExceptionResolutionStatus`; usually whether it is assigned.
    pub resolution_status: Option<String>,
    /// One of `APIExceptionResolutionType`; usually `UNASSIGNED`.
    pub resolution_type: Option<String>,
    /// One of `APIExceptionPriority`; usually `MEDIUM`.
    pub priority: Option<String>,
    /// Values of `APIExceptionTags`.
    pub tags: Option<Vec<String>>,
    /// What else there is to know.
    pub context: Option<Value>,
    /// One of `APIExceptionCategories`, where it changes.
    pub category: Option<String>,
    /// The day that it is about.
    pub key_date: Option<NaiveDate>,
    /// Row id of a team.
    pub operations_team: Option<i64>,
    /// Row id of a member of staff.
    pub assigned_user: Option<i64>,
}

statement!(static ADD: (i32,) = "
    insert into api_exceptions (external_identifier, channel, category, account_number, user_id, customer_contact,
        supply_point_identifier, resolution_status, resolution_type, priority, tags, context, key_date,
        operations_team_id, assigned_user_id, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) returning id");
statement!(static HOLD: (i32,) = "select id from api_exceptions where id = $1 for no key update");
statement!(static CHANGE: () = "
    update api_exceptions set resolution_status = $2, resolution_type = $3, priority = $4, tags = $5, context = $6,
        category = $7, key_date = $8, operations_team_id = $9, assigned_user_id = $10
    where id = $1");
statement!(static ADD_EVENT: ExceptionEvent = "
    insert into api_exception_events (api_exception_id, event_type, category, description, context, created_at)
    values ($1, $2, $3, $4, $5, $6)
    returning id, api_exception_id as exception_id, event_type, category, description, context, created_at");
statement!(static ADD_NOTE: () = "
    insert into api_exception_notes (api_exception_id, body, by_id, created_at) values ($1, $2, $3, $4)");
statement!(static ADD_CALL: ApiCall = "
    insert into api_exception_calls (api_exception_id, correlation_id, operation_name, input_data, response, context,
        created_at)
    values ($1, $2, $3, $4, $5, $6, $7)
    returning id, api_exception_id as exception_id, correlation_id, operation_name, input_data, response, context,
        created_at");
statement!(static HOLD_NOTE: (i32, i64) = "
    select api_exception_id, by_id from api_exception_notes where id = $1 for update");
statement!(static REWORD: () = "update api_exception_notes set body = $2, updated_at = $3 where id = $1");

fn handler(viewer: &Viewer) -> Result<i64, ExceptionError> {
    viewer.staff().filter(|_| viewer.may(HANDLE_EXCEPTIONS)).ok_or(ExceptionError::Forbidden)
}

fn text(given: &str, longest: usize, name: &'static str) -> Result<String, ExceptionError> {
    contacts::text(given, longest).ok_or(ExceptionError::Text(name))
}

fn maybe(given: Option<&str>, name: &'static str) -> Result<Option<String>, ExceptionError> {
    given.map(|given| text(given, NAME, name)).transpose()
}

fn tags(given: &[String]) -> Result<(), ExceptionError> {
    let is_repeated = |(place, tag): (usize, &String)| given.iter().take(place).any(|other| other == tag);
    if given.iter().enumerate().any(is_repeated) {
        return Err(ExceptionError::SameTags);
    }
    if given.len() > MOST_TAGS { Err(ExceptionError::ManyTags) } else { Ok(()) }
}

/// Whoever is named must be there, and must not have left.
async fn employee(tx: &mut Tx, id: Option<i64>) -> Result<(), ExceptionError> {
    let Some(id) = id else { return Ok(()) };
    match assignees::employee(tx, Some(id), None).await? {
        None => Err(ExceptionError::Assignee),
        Some((_, false)) => Err(ExceptionError::Left),
        Some(_) => Ok(()),
    }
}

/// Reports a failure, once for each external identifier.
pub async fn report(tx: &mut Tx, viewer: &Viewer, new: &NewException) -> Result<Exception, ExceptionError> {
    handler(viewer)?;
    let state = &new.state;
    let own = state.tags.clone().unwrap_or_default();
    tags(&own)?;
    employee(tx, state.assigned_user).await?;
    let is_assigned = state.assigned_user.is_some() || state.operations_team.is_some();
    let usual = if is_assigned { "ASSIGNED" } else { "UNASSIGNED" };
    let now = tx.business_now().await?;
    let add = ADD.query().bind(text(&new.external_identifier, NAME, "externalIdentifier")?);
    let add =
        add.bind(text(&new.channel, NAME, "channel")?).bind(new.category.as_deref().unwrap_or("UNKNOWN"));
    let add = add.bind(maybe(new.account_number.as_deref(), "accountNumber")?).bind(new.user_id);
    let add = add.bind(maybe(new.customer_contact.as_deref(), "customerContact")?);
    let add = add.bind(maybe(new.supply_point_identifier.as_deref(), "supplyPointIdentifier")?);
    let add = add.bind(state.resolution_status.as_deref().unwrap_or(usual));
    let add = add.bind(state.resolution_type.as_deref().unwrap_or("UNASSIGNED"));
    let add = add.bind(state.priority.as_deref().unwrap_or("MEDIUM")).bind(own).bind(&state.context);
    let add = add.bind(state.key_date).bind(state.operations_team).bind(state.assigned_user).bind(now);
    let (id,) = add.fetch_one(&mut *tx).await?;
    by_id(tx, id).await?.ok_or(ExceptionError::Unknown)
}

/// Puts a value in its place, and says whether that changes anything.
fn put<T: PartialEq>(slot: &mut T, value: Option<T>) -> bool {
    match value {
        Some(value) if *slot != value => {
            *slot = value;
            true
        }
        _ => false,
    }
}

impl State {
    /// Whether nothing is to be changed.
    fn is_empty(&self) -> bool {
        let words = [&self.resolution_status, &self.resolution_type, &self.priority, &self.category];
        words.iter().all(|word| word.is_none())
            && self.tags.is_none()
            && self.context.is_none()
            && self.key_date.is_none()
            && self.operations_team.is_none()
            && self.assigned_user.is_none()
    }

    /// Changes an exception, and says whether anything changed.
    fn apply(self, to: &mut Exception) -> bool {
        let changes = [
            put(&mut to.resolution_status, self.resolution_status),
            put(&mut to.resolution_type, self.resolution_type),
            put(&mut to.priority, self.priority),
            put(&mut to.category, self.category),
            put(&mut to.tags, self.tags),
            put(&mut to.context, self.context.map(Some)),
            put(&mut to.key_date, self.key_date.map(Some)),
            put(&mut to.operations_team_id, self.operations_team.map(Some)),
            put(&mut to.assigned_user_id, self.assigned_user.map(Some)),
        ];
        changes.contains(&true)
    }
}

/// Changes what is known of an exception.
pub async fn change(
    tx: &mut Tx,
    viewer: &Viewer,
    id: i32,
    wanted: &State,
) -> Result<Exception, ExceptionError> {
    handler(viewer)?;
    if wanted.is_empty() {
        return Err(ExceptionError::Nothing);
    }
    tags(wanted.tags.as_deref().unwrap_or_default())?;
    HOLD.query().bind(id).fetch_optional(&mut *tx).await?.ok_or(ExceptionError::Unknown)?;
    let mut held = by_id(tx, id).await?.ok_or(ExceptionError::Unknown)?;
    if !wanted.clone().apply(&mut held) {
        return Err(ExceptionError::Unchanged);
    }
    employee(tx, wanted.assigned_user).await?;
    let change = CHANGE.command().bind(id).bind(held.resolution_status).bind(held.resolution_type);
    let change = change.bind(held.priority).bind(held.tags).bind(held.context).bind(held.category);
    let change = change.bind(held.key_date).bind(held.operations_team_id).bind(held.assigned_user_id);
    change.execute(&mut *tx).await?;
    by_id(tx, id).await?.ok_or(ExceptionError::Unknown)
}

/// What happened since, as somebody tells it.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The exception.
    pub exception: Option<i32>,
    /// What happened, as a code of the other system's.
    pub event_type: String,
    /// Its kind.
    pub category: String,
    /// In a sentence.
    pub description: String,
    /// What else there is to know.
    pub context: Option<Value>,
}

/// Adds what happened since. What is told twice has happened twice.
pub async fn add_event(
    tx: &mut Tx,
    viewer: &Viewer,
    new: &NewEvent,
) -> Result<ExceptionEvent, ExceptionError> {
    handler(viewer)?;
    let exception = new.exception.ok_or(ExceptionError::Unknown)?;
    let now = tx.business_now().await?;
    let add = ADD_EVENT.query().bind(exception).bind(text(&new.event_type, NAME, "eventType")?);
    let add = add.bind(text(&new.category, NAME, "category")?);
    let add = add.bind(text(&new.description, TEXT, "description")?).bind(&new.context).bind(now);
    Ok(add.fetch_one(&mut *tx).await?)
}

/// Adds a note. Answers the exception.
pub async fn add_note(
    tx: &mut Tx,
    viewer: &Viewer,
    exception: i32,
    body: &str,
) -> Result<Exception, ExceptionError> {
    let by = handler(viewer)?;
    let now = tx.business_now().await?;
    let add = ADD_NOTE.command().bind(exception).bind(text(body, TEXT, "body")?).bind(by).bind(now);
    add.execute(&mut *tx).await?;
    by_id(tx, exception).await?.ok_or(ExceptionError::Unknown)
}

/// Rewords a note, which only whoever wrote it may. Answers the exception.
pub async fn reword_note(
    tx: &mut Tx,
    viewer: &Viewer,
    note: i64,
    body: &str,
) -> Result<Exception, ExceptionError> {
    let by = handler(viewer)?;
    let held = HOLD_NOTE.query().bind(note).fetch_optional(&mut *tx).await?;
    let (exception, author) = held.ok_or(ExceptionError::UnknownNote)?;
    if author != by {
        return Err(ExceptionError::OthersNote);
    }
    let now = tx.business_now().await?;
    let reword = REWORD.command().bind(note).bind(text(body, TEXT, "body")?).bind(now);
    reword.execute(&mut *tx).await?;
    by_id(tx, exception).await?.ok_or(ExceptionError::Unknown)
}

/// A call to the API, as somebody tells of it.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// The exception.
    pub exception: Option<i32>,
    /// What the call can be found by in logs.
    pub correlation_id: String,
    /// What was called.
    pub operation_name: String,
    /// With what.
    pub input_data: Option<Value>,
    /// What came back.
    pub response: Value,
    /// What else there is to know.
    pub context: Option<Value>,
}

/// Adds a call to the API that shows what went wrong.
pub async fn add_call(tx: &mut Tx, viewer: &Viewer, new: &NewCall) -> Result<ApiCall, ExceptionError> {
    handler(viewer)?;
    let exception = new.exception.ok_or(ExceptionError::Unknown)?;
    let now = tx.business_now().await?;
    let add = ADD_CALL.query().bind(exception).bind(text(&new.correlation_id, NAME, "correlationId")?);
    let add = add.bind(text(&new.operation_name, NAME, "operationName")?).bind(&new.input_data);
    Ok(add.bind(&new.response).bind(&new.context).bind(now).fetch_one(&mut *tx).await?)
}
