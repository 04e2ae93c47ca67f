//! What customers think: forms, `createCustomerFeedback` and `submitCustomerFeedback`.

use serde::Deserialize;

use super::account::NOT_YOURS;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::feedback::{self, Feedback, FeedbackError, Form, NewFeedback, Submission};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Parts, Resolved};

/// The piece of feedback that a payload is about.
struct Done(Feedback);

const DONE: Parts<Done> = &[("customerFeedback", |d| Resolved::node(d.0.clone()))];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.customerFeedbackForms", forms);
    b.root("Query.question", question);
    b.root("Query.defaultRawScore", default_raw_score);
    b.root("Mutation.createCustomerFeedback", create);
    b.root("Mutation.submitCustomerFeedback", submit);
    b.parts("CreateCustomerFeedback", DONE);
    b.parts("SubmitCustomerFeedback", DONE);
    b.leaves::<Form>("CustomerFeedbackFormType", &[("id", |f| f.id.into()), ("name", |f| (&f.name).into())]);
    b.leaves::<Feedback>(
        "CustomerFeedbackType",
        &[
            ("id", |f| f.id.into()),
            ("rawScore", |f| f.raw_score.into()),
            ("submittedAt", |f| f.submitted_at.into()),
        ],
    );
}

async fn forms(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let source: Option<String> = call.arg("feedbackSource")?;
    let window = window(&call)?;
    let mut view = call.cx.read().await?;
    let page = feedback::open_forms(&mut view, call.cx.viewer(), &number, source.as_deref(), &window).await;
    let page = page.map_err(FieldError::internal)?.ok_or_else(|| FieldError::code(NOT_YOURS))?;
    Ok(connection(page, Node::new))
}

async fn form(call: &Call<'_>) -> Result<Form, FieldError> {
    let id: i32 = call.arg("formId")?;
    let mut view = call.cx.read().await?;
    let found = feedback::form(&mut view, id).await.map_err(FieldError::internal)?;
    found.ok_or_else(|| FieldError::code("KT-CT-5513").at_input(&["formId"]))
}

async fn question(call: Call<'_>) -> Result<Resolved, FieldError> {
    Ok(Resolved::leaf(form(&call).await?.question))
}

async fn default_raw_score(call: Call<'_>) -> Result<Resolved, FieldError> {
    Ok(Resolved::leaf(form(&call).await?.starts_from))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    account_number: String,
    feedback_source: String,
    account_user_id: Option<i64>,
    account_user_number: Option<String>,
    voice_call_id: Option<i32>,
    ink_conversation_id: Option<i32>,
    last_contacted_support_user_id: Option<i64>,
}

async fn create(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CreateInput = call.arg("input")?;
    let new = NewFeedback {
        account_number: input.account_number,
        source: input.feedback_source,
        user_id: input.account_user_id,
        user_number: input.account_user_number,
        voice_call: input.voice_call_id,
        ink_conversation: input.ink_conversation_id,
        support_user: input.last_contacted_support_user_id,
    };
    let subject = Some(new.account_number.as_str());
    let done = call.cx.write("Mutation.createCustomerFeedback", subject, &new, |tx, viewer, new| {
        Box::pin(feedback::open(tx, viewer, new))
    });
    done.await.map(|made| Resolved::node(Done(made))).map_err(|error| refusal(error, "KT-CT-5516"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubmitInput {
    answer: Option<String>,
    issue_resolved: bool,
    form_id: i32,
    feedback_id: i64,
    account_number: String,
}

async fn submit(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: SubmitInput = call.arg("input")?;
    let given = Submission {
        feedback: input.feedback_id,
        account_number: input.account_number,
        form: input.form_id,
        answer: input.answer,
        is_resolved: input.issue_resolved,
    };
    let subject = Some(given.account_number.as_str());
    let done = call.cx.write("Mutation.submitCustomerFeedback", subject, &given, |tx, viewer, given| {
        Box::pin(feedback::submit(tx, viewer, given))
    });
    done.await.map(|made| Resolved::node(Done(made))).map_err(|error| refusal(error, "KT-CT-5514"))
}

/// `invalid` is the code for input that cannot be.
fn refusal(error: FeedbackError, invalid: &'static str) -> FieldError {
    match error {
        FeedbackError::Forbidden => FieldError::code(FORBIDDEN),
        FeedbackError::Unknown => FieldError::code("KT-CT-5511").at_input(&["input", "feedbackId"]),
        FeedbackError::OtherAccount => FieldError::code("KT-CT-5512").at_input(&["input", "accountNumber"]),
        FeedbackError::Invalid(field, why) => {
            FieldError::code(invalid).describe(why).at_input(&["input", field])
        }
        FeedbackError::Database(error) => FieldError::internal(error),
    }
}
