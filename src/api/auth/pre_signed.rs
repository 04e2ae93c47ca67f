//! Pre-signed tokens: keys in links, each good for one kind of thing.

use serde::Deserialize;

use super::refusals::shown;
use crate::api::session::{Bindings, Call};
use crate::domain::auth::pre_signed::{self, Made, NewKey, PreSignError};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.generatePreSignedToken", generate_pre_signed_token);
    b.root("Mutation.invalidatePreSignedToken", invalidate_pre_signed_token);
    b.root("Mutation.invalidatePreSignedTokensForUser", invalidate_pre_signed_tokens_for_user);
    b.leaves::<Made>(
        "GeneratePreSignedToken",
        &[
            ("token", |made| (&made.key).into()),
            ("tokenExpiryDatetime", |made| made.expires_at.into()),
            ("scope", |made| (&made.scope).into()),
        ],
    );
    b.parts::<Withdrawn>("InvalidatePreSignedToken", &[("token", |w| Resolved::node(w.clone()))]);
    b.parts::<WithdrawnAll>(
        "InvalidatePreSignedTokensForUser",
        &[("tokens", |all| Resolved::nodes(all.0.clone()))],
    );
    b.leaves::<Withdrawn>(
        "PreSignedToken",
        &[
            ("key", |w| (&w.key).into()),
            ("scope", |w| (&w.scope).into()),
            // What was withdrawn never becomes valid again.
            ("isValid", |_| false.into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenerateInput {
    email: String,
    number_of_days_allowed: i64,
    scope: String,
}

async fn generate_pre_signed_token(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: GenerateInput = call.args()?;
    let subject = Some(input.email.as_str());
    let input = (call.cx.app.auth().random(), &input);
    let made = call.cx.write("Mutation.generatePreSignedToken", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let (random, input) = input;
            let days = input.number_of_days_allowed;
            let new = NewKey { email: &input.email, scope: &input.scope, days };
            pre_signed::generate(tx, random, viewer, &new).await
        })
    });
    made.await.map(Resolved::node).map_err(|error| match error {
        PreSignError::Forbidden => FieldError::code("KT-CT-1128"),
        PreSignError::NotYours => FieldError::code("KT-CT-1131"),
        PreSignError::Expired => FieldError::code("KT-CT-1120"),
        PreSignError::TooLong => FieldError::code("KT-CT-1605")
            .describe(format!("The most days that can be allowed are {}.", pre_signed::MOST_DAYS))
            .at_input(&["numberOfDaysAllowed"]),
        PreSignError::Database(error) => FieldError::internal(error),
    })
}

/// A key that was withdrawn, as far as it may be shown.
#[derive(Clone)]
struct Withdrawn {
    key: String,
    scope: String,
}

struct WithdrawnAll(Vec<Withdrawn>);

#[derive(Deserialize)]
struct KeyInput {
    token: String,
}

async fn invalidate_pre_signed_token(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: KeyInput = call.arg("input")?;
    let ended = call.cx.write("Mutation.invalidatePreSignedToken", None, &input, |tx, viewer, input| {
        Box::pin(pre_signed::withdraw(tx, viewer, &input.token))
    });
    let ended = ended.await.map_err(withdraw_error)?;
    Ok(Resolved::node(Withdrawn { key: input.token, scope: ended.scope }))
}

#[derive(Deserialize)]
struct UserInput {
    email: String,
    scope: Option<String>,
}

async fn invalidate_pre_signed_tokens_for_user(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: UserInput = call.arg("input")?;
    let operation = "Mutation.invalidatePreSignedTokensForUser";
    let ended = call.cx.write(operation, Some(&input.email), &input, |tx, viewer, input| {
        Box::pin(pre_signed::withdraw_all(tx, viewer, &input.email, input.scope.as_deref()))
    });
    let ended = ended.await.map_err(withdraw_error)?.into_iter();
    let tokens = ended.map(|key| Withdrawn { key: shown(&key.hint), scope: key.scope });
    Ok(Resolved::node(WithdrawnAll(tokens.collect())))
}

fn withdraw_error(error: PreSignError) -> FieldError {
    match error {
        PreSignError::Database(error) => FieldError::internal(error),
        _ => FieldError::code("KT-CT-1129"),
    }
}
