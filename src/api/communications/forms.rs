//! What comes in from websites: `createNewsletterSignup` and `createFormSubmission`.

use serde::Deserialize;
use serde_json::Value;

use crate::api::auth::{FieldErrors, Wrong, throttle};
use crate::api::session::{Bindings, Call};
use crate::domain::auth::limits::Key;
use crate::domain::communications::forms::{self, FormError};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Resolved};

/// A wish for the newsletter.
struct SignedUp {
    id: i64,
    content: String,
}

/// A form that was kept, or what is wrong with it.
struct Submitted {
    id: Option<i32>,
    content: Value,
    errors: Vec<FieldErrors>,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createNewsletterSignup", sign_up);
    b.root("Mutation.createFormSubmission", submit);
    b.leaves::<SignedUp>(
        "CreateNewsletterSignupOutput",
        &[("id", |s| s.id.into()), ("content", |s| (&s.content).into())],
    );
    b.leaves::<Submitted>(
        "FormSubmissionOuput",
        &[("id", |s| s.id.into()), ("content", |s| (&s.content).into())],
    );
    b.parts::<Submitted>("FormSubmissionOuput", &[("errors", |s| Resolved::nodes(s.errors.iter().cloned()))]);
}

fn refusal(error: FormError) -> FieldError {
    match error {
        FormError::Invalid(field, why) => FieldError::code(INVALID_INPUT).describe(why).at_input(&[field]),
        FormError::Database(error) => FieldError::internal(error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignUpArgs {
    email: String,
    first_name: Option<String>,
}

async fn sign_up(call: Call<'_>) -> Result<Resolved, FieldError> {
    let args: SignUpArgs = call.args()?;
    let done = call.cx.write("Mutation.createNewsletterSignup", None, &args, |tx, _, args| {
        Box::pin(forms::sign_up(tx, &args.email, args.first_name.as_deref()))
    });
    let key = Key::Identifier(&args.email);
    let done = throttle::counted(call.cx, "createNewsletterSignup", key, done, Result::is_ok).await?;
    let id = done.map_err(refusal)?;
    let name = args.first_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let content = name.map_or("Thank you!".to_owned(), |name| format!("Thank you, {name}!"));
    Ok(Resolved::node(SignedUp { id, content }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FormInput {
    account_number: String,
    form_type: Option<String>,
    content: Value,
}

async fn submit(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: FormInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.createFormSubmission", subject, &input, |tx, viewer, input| {
        let FormInput { account_number, form_type, content } = input;
        Box::pin(forms::submit(tx, viewer, account_number, form_type.as_deref(), content))
    });
    let key = Key::Identifier(&input.account_number);
    let done = throttle::counted(call.cx, "createFormSubmission", key, done, Result::is_ok).await?;
    let (id, errors) = match done {
        Ok(id) => (Some(id), Vec::new()),
        Err(FormError::Invalid(field, why)) => {
            let wrong = Wrong { message: why.into(), code: "invalid" };
            (None, vec![FieldErrors { field, errors: vec![wrong] }])
        }
        Err(error) => return Err(refusal(error)),
    };
    Ok(Resolved::node(Submitted { id, content: input.content, errors }))
}
