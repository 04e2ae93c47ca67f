//! API exceptions: journeys of other systems that failed.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;

use crate::api::accounts::Team;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::operations::exceptions::reading::{self, Filter};
use crate::domain::operations::exceptions::reporting::{self, NewCall, NewEvent, NewException, State};
use crate::domain::operations::exceptions::{
    ApiCall, Exception, ExceptionError, ExceptionEvent, ExceptionNote,
};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

const NO_EXCEPTION: &str = "KT-CT-7803";

/// The exception that something was done about.
struct Told(Exception);

/// What was added.
struct Added<T>(T);

/// Whoever looks into it.
struct Assigned {
    id: i64,
    username: String,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.apiExceptions", exceptions);
    b.root("Mutation.createApiException", create);
    b.root("Mutation.updateApiException", update);
    b.root("Mutation.createApiExceptionEvent", create_event);
    b.root("Mutation.createApiExceptionNote", create_note);
    b.root("Mutation.updateApiExceptionNote", update_note);
    b.root("Mutation.createApiCall", create_call);
    b.batch("APIExceptionType.events", events_of);
    b.batch("APIExceptionType.notes", notes_of);
    b.batch("APIExceptionType.apiCalls", calls_of);
    for payload in
        ["CreateAPIException", "UpdateAPIException", "CreateAPIExceptionNote", "UpdateAPIExceptionNote"]
    {
        b.parts::<Told>(payload, &[("apiException", |t| Resolved::node(t.0.clone()))]);
    }
    b.parts::<Added<ExceptionEvent>>(
        "CreateAPIExceptionEvent",
        &[("apiExceptionEvent", |a| Resolved::node(a.0.clone()))],
    );
    b.parts::<Added<ApiCall>>("CreateAPICall", &[("apiCall", |a| Resolved::node(a.0.clone()))]);
    b.parts::<Exception>(
        "APIExceptionType",
        &[
            ("operationsTeam", |e| {
                Resolved::maybe(Team::of(e.operations_team_id, e.operations_team.as_ref()))
            }),
            ("assignedUser", |e| Resolved::maybe(assigned(e))),
        ],
    );
    b.leaves::<Assigned>(
        "AssignedUserType",
        &[("id", |a| a.id.into()), ("username", |a| (&a.username).into())],
    );
    bind_leaves(b);
}

fn bind_leaves(b: &mut Bindings) {
    b.leaves::<Exception>(
        "APIExceptionType",
        &[
            ("id", |e| e.id.into()),
            ("externalIdentifier", |e| (&e.external_identifier).into()),
            ("createdAt", |e| e.created_at.into()),
            ("channel", |e| (&e.channel).into()),
            ("category", |e| (&e.category).into()),
            ("accountNumber", |e| (&e.account_number).into()),
            ("userId", |e| e.user_id.into()),
            ("customerContact", |e| (&e.customer_contact).into()),
            ("supplyPointIdentifier", |e| (&e.supply_point_identifier).into()),
            ("resolutionStatus", |e| (&e.resolution_status).into()),
            ("resolutionType", |e| (&e.resolution_type).into()),
            ("priority", |e| (&e.priority).into()),
            ("tags", |e| (&e.tags).into()),
            ("context", |e| e.context.as_ref().into()),
            ("keyDate", |e| e.key_date.into()),
        ],
    );
    b.leaves::<ExceptionEvent>(
        "APIExceptionEventType",
        &[
            ("id", |e| e.id.into()),
            ("eventType", |e| (&e.event_type).into()),
            ("category", |e| (&e.category).into()),
            ("description", |e| (&e.description).into()),
            ("context", |e| e.context.as_ref().into()),
            ("createdAt", |e| e.created_at.into()),
        ],
    );
    b.leaves::<ExceptionNote>(
        "APIExceptionNoteType",
        &[("id", |n| n.id.into()), ("body", |n| (&n.body).into()), ("createdAt", |n| n.created_at.into())],
    );
    b.leaves::<ApiCall>(
        "APICallType",
        &[
            ("id", |c| c.id.into()),
            ("correlationId", |c| (&c.correlation_id).into()),
            ("operationName", |c| (&c.operation_name).into()),
            ("inputData", |c| c.input_data.as_ref().into()),
            ("response", |c| (&c.response).into()),
            ("context", |c| c.context.as_ref().into()),
            ("createdAt", |c| c.created_at.into()),
        ],
    );
}

fn assigned(exception: &Exception) -> Option<Assigned> {
    Some(Assigned { id: exception.assigned_user_id?, username: exception.assigned_user.clone()? })
}

fn given(tags: Option<Vec<Option<String>>>) -> Option<Vec<String>> {
    tags.map(|tags| tags.into_iter().flatten().collect())
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueryInput {
    external_identifier: Option<String>,
    resolution_status: Option<String>,
    resolution_type: Option<String>,
    channel: Option<String>,
    priority: Option<String>,
    tags: Option<Vec<Option<String>>>,
    category: Option<String>,
    account_number: Option<String>,
    user_id: Option<String>,
    customer_contact: Option<String>,
    supply_point_identifier: Option<String>,
}

async fn exceptions(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let input: Option<QueryInput> = call.arg("input")?;
    let input = input.unwrap_or_default();
    let wanted = Filter {
        external_identifier: input.external_identifier,
        resolution_status: input.resolution_status,
        resolution_type: input.resolution_type,
        channel: input.channel,
        priority: input.priority,
        tags: given(input.tags),
        category: input.category,
        account_number: input.account_number,
        user_id: input.user_id,
        customer_contact: input.customer_contact,
        supply_point_identifier: input.supply_point_identifier,
    };
    let mut view = call.cx.read().await?;
    let page = reading::page(&mut view, &wanted, &window).await.map_err(FieldError::internal)?;
    Ok(connection(page, Node::new))
}

fn ids(call: &Call<'_>) -> Result<Vec<i32>, FieldError> {
    Ok(call.parents::<Exception>()?.iter().map(|exception| exception.id).collect())
}

async fn events_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = reading::events(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn notes_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = reading::notes(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn calls_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = reading::calls(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    external_identifier: String,
    resolution_status: Option<String>,
    resolution_type: Option<String>,
    priority: Option<String>,
    context: Option<Value>,
    channel: String,
    assigned_user_id: Option<i64>,
    operations_team_id: Option<i64>,
    tags: Option<Vec<Option<String>>>,
    category: Option<String>,
    account_number: Option<String>,
    user_id: Option<i64>,
    customer_contact: Option<String>,
    supply_point_identifier: Option<String>,
    key_date: Option<NaiveDate>,
}

impl From<CreateInput> for NewException {
    fn from(input: CreateInput) -> Self {
        Self {
            external_identifier: input.external_identifier,
            channel: input.channel,
            category: input.category,
            account_number: input.account_number,
            user_id: input.user_id,
            customer_contact: input.customer_contact,
            supply_point_identifier: input.supply_point_identifier,
            state: State {
                resolution_status: input.resolution_status,
                resolution_type: input.resolution_type,
                priority: input.priority,
                tags: given(input.tags),
                context: input.context,
                category: None,
                key_date: input.key_date,
                operations_team: input.operations_team_id,
                assigned_user: input.assigned_user_id,
            },
        }
    }
}

async fn create(call: Call<'_>) -> Result<Resolved, FieldError> {
    let new = NewException::from(call.arg::<CreateInput>("input")?);
    let done = call.cx.write("Mutation.createApiException", None, &new, |tx, viewer, new| {
        Box::pin(reporting::report(tx, viewer, new))
    });
    done.await.map(|exception| Resolved::node(Told(exception))).map_err(|error| match error {
        ExceptionError::Left => FieldError::code("KT-CT-7811").at_input(&["input", "assignedUserId"]),
        other => refusal(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateInput {
    id: i32,
    resolution_status: Option<String>,
    resolution_type: Option<String>,
    priority: Option<String>,
    context: Option<Value>,
    category: Option<String>,
    tags: Option<Vec<Option<String>>>,
    key_date: Option<NaiveDate>,
    assigned_user_id: Option<i64>,
    operations_team_id: Option<i64>,
}

async fn update(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: UpdateInput = call.arg("input")?;
    let wanted = State {
        resolution_status: input.resolution_status,
        resolution_type: input.resolution_type,
        priority: input.priority,
        tags: given(input.tags),
        context: input.context,
        category: input.category,
        key_date: input.key_date,
        operations_team: input.operations_team_id,
        assigned_user: input.assigned_user_id,
    };
    let change = (input.id, wanted);
    let done = call.cx.write("Mutation.updateApiException", None, &change, |tx, viewer, change| {
        Box::pin(reporting::change(tx, viewer, change.0, &change.1))
    });
    told(done.await, "id")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventInput {
    event_type: String,
    category: String,
    description: String,
    context: Option<Value>,
    api_exception_id: Option<i32>,
}

async fn create_event(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: EventInput = call.arg("input")?;
    let new = NewEvent {
        exception: input.api_exception_id,
        event_type: input.event_type,
        category: input.category,
        description: input.description,
        context: input.context,
    };
    let done = call.cx.write("Mutation.createApiExceptionEvent", None, &new, |tx, viewer, new| {
        Box::pin(reporting::add_event(tx, viewer, new))
    });
    done.await.map(|event| Resolved::node(Added(event))).map_err(|error| at(error, "apiExceptionId"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoteInput {
    body: String,
    api_exception_id: String,
}

async fn create_note(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: NoteInput = call.arg("input")?;
    let new = (input.api_exception_id.parse().unwrap_or_default(), input.body);
    let done = call.cx.write("Mutation.createApiExceptionNote", None, &new, |tx, viewer, new| {
        Box::pin(reporting::add_note(tx, viewer, new.0, &new.1))
    });
    told(done.await, "apiExceptionId")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RewordInput {
    body: String,
    api_exception_note_id: String,
}

async fn update_note(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RewordInput = call.arg("input")?;
    let wanted = (input.api_exception_note_id.parse().unwrap_or_default(), input.body);
    let done = call.cx.write("Mutation.updateApiExceptionNote", None, &wanted, |tx, viewer, wanted| {
        Box::pin(reporting::reword_note(tx, viewer, wanted.0, &wanted.1))
    });
    told(done.await, "apiExceptionNoteId")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallInput {
    correlation_id: String,
    operation_name: String,
    input_data: Option<Value>,
    response: Value,
    context: Option<Value>,
    api_exception_id: Option<i32>,
}

async fn create_call(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CallInput = call.arg("input")?;
    let new = NewCall {
        exception: input.api_exception_id,
        correlation_id: input.correlation_id,
        operation_name: input.operation_name,
        input_data: input.input_data,
        response: input.response,
        context: input.context,
    };
    let done = call.cx.write("Mutation.createApiCall", None, &new, |tx, viewer, new| {
        Box::pin(reporting::add_call(tx, viewer, new))
    });
    done.await.map(|made| Resolved::node(Added(made))).map_err(|error| at(error, "apiExceptionId"))
}

fn told(done: Result<Exception, ExceptionError>, place: &str) -> Result<Resolved, FieldError> {
    done.map(|exception| Resolved::node(Told(exception))).map_err(|error| at(error, place))
}

/// `place` is where the input names the exception.
fn at(error: ExceptionError, place: &str) -> FieldError {
    match error {
        ExceptionError::Unknown => FieldError::code(NO_EXCEPTION).at_input(&["input", place]),
        other => refusal(other),
    }
}

fn refusal(error: ExceptionError) -> FieldError {
    let (code, field) = match error {
        ExceptionError::Forbidden => return FieldError::code(FORBIDDEN),
        ExceptionError::Database(error) => return FieldError::internal(error),
        ExceptionError::Unknown => return FieldError::internal("the exception is not there"),
        ExceptionError::Nothing => return FieldError::code("KT-CT-7804").at_input(&["input"]),
        ExceptionError::Unchanged => return FieldError::code("KT-CT-7809").at_input(&["input"]),
        ExceptionError::Text(field) => {
            return FieldError::code(INVALID_INPUT)
                .describe(format!("{field} is blank, too long, or no text."))
                .at_input(&["input", field]);
        }
        ExceptionError::Team => ("KT-CT-7801", "operationsTeamId"),
        ExceptionError::Taken => ("KT-CT-7802", "externalIdentifier"),
        ExceptionError::ManyTags => ("KT-CT-7805", "tags"),
        ExceptionError::SameTags => ("KT-CT-7806", "tags"),
        ExceptionError::UnknownNote => ("KT-CT-7807", "apiExceptionNoteId"),
        ExceptionError::OthersNote => ("KT-CT-7808", "apiExceptionNoteId"),
        ExceptionError::Assignee => ("KT-CT-7811", "assignedUserId"),
        ExceptionError::Left => ("KT-CT-7812", "assignedUserId"),
    };
    FieldError::code(code).at_input(&["input", field])
}
