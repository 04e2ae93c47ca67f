//! Triggers: transactional messages that other systems ask for.

use serde::Deserialize;
use serde_json::Value;

use crate::api::nodes::row_id;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::communications::records;
use crate::domain::communications::triggers::{self, NewTrigger, Recipient, Trigger, TriggerError};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

/// The trigger that was published.
struct Published(Trigger);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.trigger", trigger);
    b.root("Mutation.publishTransactionalMessagingTrigger", publish);
    b.root("Mutation.publishTransactionalMessagingExternalTrigger", publish_external);
    b.batch("Trigger.accounts", accounts_of);
    b.batch("Trigger.messages", messages_of);
    b.leaves::<Trigger>(
        "Trigger",
        &[
            ("id", |t| t.id.to_string().into()),
            ("triggerTypeCode", |t| (&t.code).into()),
            ("createdAt", |t| t.created_at.into()),
            ("processingStatus", |t| (&t.status).into()),
            ("accountsLinkedAt", |t| t.accounts_linked_at.into()),
        ],
    );
    b.parts::<Published>(
        "PublishTransactionalMessagingTrigger",
        &[("trigger", |p| Resolved::node(p.0.clone()))],
    );
    b.parts::<Published>(
        "PublishTransactionalMessagingExternalTrigger",
        &[("trigger", |p| Resolved::node(p.0.clone()))],
    );
}

async fn trigger(call: Call<'_>) -> Result<Resolved, FieldError> {
    let named: String = call.arg("triggerId")?;
    let unknown = || FieldError::code("KT-CT-9904").at_input(&["triggerId"]);
    let id = row_id(&named).ok_or_else(unknown)?;
    let mut view = call.cx.read().await?;
    let found = triggers::by_id(&mut view, call.cx.viewer(), id).await.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(unknown)
}

fn ids(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Trigger>()?.iter().map(|trigger| trigger.id).collect())
}

async fn accounts_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (window, ids) = (window(&call)?, ids(&call)?);
    let mut view = call.cx.read().await?;
    let pages = triggers::accounts_of(&mut view, call.cx.viewer(), &ids, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn messages_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (window, ids) = (window(&call)?, ids(&call)?);
    let mut view = call.cx.read().await?;
    let pages = records::of_triggers(&mut view, &ids, &window).await.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

/// `values` is the code for values that cannot be.
fn refusal(error: TriggerError, values: &'static str) -> FieldError {
    let (code, field) = match error {
        TriggerError::Database(error) => return FieldError::internal(error),
        TriggerError::Forbidden => return FieldError::code(FORBIDDEN),
        TriggerError::Params(why) => return FieldError::code(values).describe(why).at_input(&["input"]),
        TriggerError::Context(why) => {
            return FieldError::code("KT-CT-9905").describe(why).at_input(&["input"]);
        }
        TriggerError::UnknownType => ("KT-CT-9901", "triggerTypeCode"),
        TriggerError::NotPublic => ("KT-CT-9903", "triggerTypeCode"),
        TriggerError::UnknownAccount => ("KT-CT-4178", "accountNumber"),
        TriggerError::UnknownUser => ("KT-CT-5421", "accountUserNumber"),
    };
    FieldError::code(code).at_input(&["input", field])
}

async fn published(call: &Call<'_>, id: i64) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let found = triggers::by_id(&mut view, call.cx.viewer(), id).await.map_err(FieldError::internal)?;
    let found = found.ok_or_else(|| FieldError::internal("the trigger is not there"))?;
    Ok(Resolved::node(Published(found)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublishInput {
    trigger_type_code: String,
    params: Value,
}

async fn publish(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: PublishInput = call.arg("input")?;
    let operation = "Mutation.publishTransactionalMessagingTrigger";
    let done = call.cx.write(operation, None, &input, |tx, viewer, input| {
        Box::pin(triggers::publish(tx, viewer, &input.trigger_type_code, &input.params))
    });
    let id = done.await.map_err(|error| refusal(error, "KT-CT-9902"))?;
    published(&call, id).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalInput {
    trigger_type_code: String,
    account_number: Option<String>,
    account_user_number: Option<String>,
    template_variables: Value,
    recipient: Option<RecipientInput>,
    idempotency_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecipientInput {
    email: Option<String>,
    mobile: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    brand_code: Option<String>,
}

impl From<RecipientInput> for Recipient {
    fn from(given: RecipientInput) -> Self {
        Self {
            email: given.email,
            mobile: given.mobile,
            given_name: given.given_name,
            family_name: given.family_name,
            brand: given.brand_code,
        }
    }
}

async fn publish_external(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ExternalInput = call.arg("input")?;
    let new = NewTrigger {
        code: input.trigger_type_code,
        account: input.account_number,
        user: input.account_user_number,
        variables: input.template_variables,
        recipient: input.recipient.map(Recipient::from),
        key: input.idempotency_key,
    };
    let operation = "Mutation.publishTransactionalMessagingExternalTrigger";
    let done = call.cx.write(operation, new.account.as_deref(), &new, |tx, viewer, new| {
        Box::pin(triggers::publish_external(tx, viewer, new))
    });
    let id = done.await.map_err(|error| refusal(error, "KT-CT-9906"))?;
    published(&call, id).await
}
