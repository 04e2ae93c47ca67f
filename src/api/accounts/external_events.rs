//! What happened in other systems: `createExternalAccountEvent`, `createExternalAccountUserEvent` and
//! `externalAccountEvents`.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::account::NOT_YOURS;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::external_events::{self, Event, EventError, NewEvent, Piece, Whom};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaves, Node, Parts, Resolved};

/// The event that was recorded.
struct Recorded(Event);

const SHOWN: Leaves<Event> = &[
    ("id", |e| e.id.into()),
    ("eventType", |e| e.event_type().into()),
    ("occurredAt", |e| e.occurred_at.into()),
    ("category", |e| (&e.category).into()),
    ("subcategory", |e| e.subcategory.as_deref().unwrap_or_default().into()),
    ("description", |e| (&e.description).into()),
    ("content", |e| (&e.content).into()),
];
const RECORDED: Parts<Recorded> = &[("event", |r| Resolved::node(r.0.clone()))];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.externalAccountEvents", of_account);
    b.root("Mutation.createExternalAccountEvent", on_account);
    b.root("Mutation.createExternalAccountUserEvent", on_user);
    b.leaves("ExternalAccountEvent", SHOWN);
    b.leaves("ExternalAccountUserEvent", SHOWN);
    b.parts("CreateExternalAccountEvent", RECORDED);
    b.parts("CreateExternalAccountUserEvent", RECORDED);
}

async fn of_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let window = window(&call)?;
    let mut view = call.cx.read().await?;
    let page = external_events::of_account(&mut view, call.cx.viewer(), &number, &window).await;
    let page = page.map_err(FieldError::internal)?.ok_or_else(|| FieldError::code(NOT_YOURS))?;
    Ok(connection(page, Node::new))
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PieceInput {
    description: String,
    content_type: String,
    value: String,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventInput {
    category: String,
    subcategory: Option<String>,
    description: Option<String>,
    occurred_at: Option<DateTime<Utc>>,
    content: Vec<Option<PieceInput>>,
}

impl From<EventInput> for NewEvent {
    fn from(input: EventInput) -> Self {
        let piece = |given: PieceInput| Piece {
            description: given.description,
            content_type: given.content_type,
            value: given.value,
        };
        Self {
            category: input.category,
            subcategory: input.subcategory,
            description: input.description,
            occurred_at: input.occurred_at,
            content: input.content.into_iter().flatten().map(piece).collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountEventInput {
    account_number: String,
    #[serde(flatten)]
    event: EventInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserEventInput {
    user_id: String,
    #[serde(flatten)]
    event: EventInput,
}

async fn on_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let AccountEventInput { account_number, event } = call.arg("input")?;
    let whom = Whom::Account(&account_number);
    recorded(&call, "Mutation.createExternalAccountEvent", &account_number, whom, event).await
}

async fn on_user(call: Call<'_>) -> Result<Resolved, FieldError> {
    let UserEventInput { user_id, event } = call.arg("input")?;
    let whom = Whom::User(&user_id);
    recorded(&call, "Mutation.createExternalAccountUserEvent", &user_id, whom, event).await
}

async fn recorded(
    call: &Call<'_>,
    operation: &'static str,
    subject: &str,
    whom: Whom<'_>,
    event: EventInput,
) -> Result<Resolved, FieldError> {
    let input = (whom, NewEvent::from(event));
    let done = call.cx.write(operation, Some(subject), &input, |tx, viewer, (whom, new)| {
        Box::pin(external_events::record(tx, viewer, *whom, new))
    });
    done.await.map(|event| Resolved::node(Recorded(event))).map_err(|error| match error {
        EventError::Forbidden => FieldError::code(FORBIDDEN),
        EventError::Unknown => FieldError::code("KT-CT-7123"),
        EventError::Invalid(field, why) => {
            FieldError::code(INVALID_INPUT).describe(why).at_input(&["input", field])
        }
        EventError::Database(error) => FieldError::internal(error),
    })
}
