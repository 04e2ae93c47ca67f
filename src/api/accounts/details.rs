//! `updateUser`, `updateUserDetails`.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::auth::legacy_login::Failure;
use crate::api::auth::throttle;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::details::{self, DetailsError, Wishes, Wrong};
use crate::domain::accounts::users::{self, AccountUser};
use crate::domain::auth::limits::Key;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// Nobody was named whose details the viewer could change.
const NOBODY: &str = "KT-CT-5413";
/// A detail that cannot be.
const INVALID: &str = "KT-CT-5414";

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.updateUser", update_user);
    b.root("Mutation.updateUserDetails", update_user_details);
    b.parts::<Changed>("UpdateUserMutation", &[("viewer", |c| Resolved::maybe(c.0.clone()))]);
    b.leaves::<Outcome>(
        "UpdateAccountUserMutationPayload",
        &[
            ("givenName", |o| o.user.as_ref().map(|u| u.given_name.as_str()).into()),
            ("familyName", |o| o.user.as_ref().map(|u| u.family_name.as_str()).into()),
            ("pronouns", |o| o.user.as_ref().and_then(|u| u.pronouns.as_deref()).into()),
            ("mobile", |o| o.user.as_ref().map(|u| u.mobile.as_str()).into()),
            ("landline", |o| o.user.as_ref().map(|u| u.landline.as_str()).into()),
            ("email", |o| o.user.as_ref().map(|u| u.email.as_str()).into()),
            ("dateOfBirth", |o| o.user.as_ref().and_then(|u| u.date_of_birth).into()),
            ("clientMutationId", |o| (&o.client_mutation_id).into()),
        ],
    );
    b.parts::<Outcome>(
        "UpdateAccountUserMutationPayload",
        &[("errors", |o| Resolved::nodes(o.errors.iter().map(failure)))],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    user_id: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    title: Option<String>,
    pronouns: Option<String>,
    email: Option<String>,
    mobile: Option<String>,
    landline: Option<String>,
    date_of_birth: Option<NaiveDate>,
    client_mutation_id: Option<String>,
}

/// Whose details were changed.
struct Changed(Option<AccountUser>);

/// The viewer's details, and what was wrong with the changes if they were not made.
struct Outcome {
    user: Option<AccountUser>,
    errors: Vec<Wrong>,
    client_mutation_id: Option<String>,
}

/// What is wrong with a wish, as the answer lists it.
pub(super) fn failure(wrong: &Wrong) -> Failure {
    Failure { field: wrong.field, message: wrong.why.to_owned() }
}

/// Changes details. Tries of e-mails that others log in with are counted, or they could be guessed.
async fn update(
    call: Call<'_>,
    field: &'static str,
    operation: &'static str,
    input: &Input,
) -> Result<Result<i64, DetailsError>, FieldError> {
    let named = input.user_id.as_deref();
    let wishes = Wishes {
        given_name: input.given_name.clone(),
        family_name: input.family_name.clone(),
        title: input.title.clone(),
        pronouns: input.pronouns.clone(),
        email: input.email.clone(),
        mobile: input.mobile.clone(),
        landline: input.landline.clone(),
        date_of_birth: input.date_of_birth,
    };
    let work = (named, wishes);
    let attempt = call.cx.write(operation, named, &work, |tx, viewer, (named, wishes)| {
        Box::pin(details::update(tx, viewer, *named, wishes))
    });
    if input.email.is_none() {
        return Ok(attempt.await);
    }
    let who = throttle::name(call.cx);
    let is_taken = |done: &Result<i64, DetailsError>| matches!(done, Err(DetailsError::EmailTaken));
    throttle::counted(call.cx, field, Key::Identifier(&who), attempt, is_taken).await
}

/// An e-mail that somebody else logs in with: no more is said.
const TAKEN: Wrong = Wrong { field: "email", why: "This address cannot be used." };

async fn update_user(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let done = update(call, "updateUser", "Mutation.updateUser", &input).await?;
    let id = done.map_err(|error| match error {
        DetailsError::Forbidden => FieldError::code(FORBIDDEN),
        DetailsError::Unknown => FieldError::code(NOBODY).at_input(&["input", "userId"]),
        DetailsError::EmailTaken => invalid(&[TAKEN]),
        DetailsError::Invalid(wrong) => invalid(&wrong),
        DetailsError::Database(error) => FieldError::internal(error),
    })?;
    let mut view = call.cx.read().await?;
    let user = users::by_ids(&mut view, call.cx.viewer(), &[id]).await.map_err(FieldError::internal)?;
    Ok(Resolved::node(Changed(user.into_iter().flatten().next())))
}

fn invalid(wrong: &[Wrong]) -> FieldError {
    let sentences: Vec<String> =
        wrong.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.why)).collect();
    let error = FieldError::code(INVALID).describe(sentences.join(" "));
    wrong.iter().fold(error, |error, wrong| error.at_input(&["input", wrong.field]))
}

async fn update_user_details(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let done = update(call, "updateUserDetails", "Mutation.updateUserDetails", &input).await?;
    let errors = match done {
        Ok(_) => Vec::new(),
        Err(DetailsError::EmailTaken) => vec![TAKEN],
        Err(DetailsError::Invalid(wrong)) => wrong,
        Err(DetailsError::Forbidden | DetailsError::Unknown) => return Err(FieldError::code(FORBIDDEN)),
        Err(DetailsError::Database(error)) => return Err(FieldError::internal(error)),
    };
    let mut view = call.cx.read().await?;
    let user = users::myself(&mut view, call.cx.viewer()).await.map_err(FieldError::internal)?;
    Ok(Resolved::node(Outcome { user, errors, client_mutation_id: input.client_mutation_id }))
}
