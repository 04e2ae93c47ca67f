//! Passwords: their rules, a new one by the old one, and a new one by a mailed token.

use std::borrow::Cow;

use serde::Deserialize;

use super::throttle;
use crate::api::session::{Bindings, Call, Session};
use crate::domain::accounts::users::{self, AccountUser};
use crate::domain::auth::limits::Key;
use crate::domain::auth::password_change::{self, PasswordChangeError, Wish};
use crate::domain::auth::password_reset::{self, RequestError, Reset, ResetError};
use crate::domain::auth::password_rules::{self, Rule};
use crate::domain::auth::passwords::PasswordError;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.passwordValidatorHelpTexts", help_texts);
    b.root("Query.isPasswordResetTokenValid", is_token_valid);
    b.root("Mutation.requestPasswordReset", request_reset);
    b.root("Mutation.resetUserPassword", reset_user_password);
    b.root("Mutation.resetPassword", reset_password);
    b.root("Mutation.updatePassword", update_password);
    b.leaves::<Requested>("RequestPasswordResetOutputType", &[("email", |r| (&r.0).into())]);
    b.leaves::<ResetOutcome>(
        "ResetUserPasswordOutput",
        &[
            ("userId", |o| (&o.user_id).into()),
            ("passwordUpdated", |o| o.broken.is_empty().into()),
            ("failureReasons", |o| o.broken.iter().map(|rule| rule.sentence).collect::<Vec<_>>().into()),
            ("failureCodes", |o| o.broken.iter().map(|rule| rule.code).collect::<Vec<_>>().into()),
        ],
    );
    b.leaves::<LegacyOutcome>(
        "ResetPasswordMutationPayload",
        &[("clientMutationId", |o| o.client_mutation_id.as_deref().into())],
    );
    b.parts::<LegacyOutcome>(
        "ResetPasswordMutationPayload",
        &[("errors", |o| Resolved::nodes(o.errors.iter().cloned()))],
    );
    b.leaves::<FieldErrors>("SerializerFieldErrorsType", &[("field", |e| e.field.into())]);
    b.parts::<FieldErrors>("SerializerFieldErrorsType", &[("errors", field_errors)]);
    b.leaves::<Wrong>(
        "SerializerErrorType",
        &[("message", |w| w.message.as_ref().into()), ("code", |w| w.code.into())],
    );
    b.parts::<Updated>("UpdatePassword", &[("viewer", |u| Resolved::maybe(u.0.clone()))]);
}

async fn help_texts(call: Call<'_>) -> Result<Resolved, FieldError> {
    let as_html: Option<bool> = call.arg("asHtml")?;
    let sentences = password_rules::all().map(|rule| rule.sentence);
    if as_html.unwrap_or(false) {
        let items: String = sentences.map(|sentence| format!("<li>{sentence}</li>")).collect();
        return Ok(Resolved::List(vec![Resolved::leaf(format!("<ul>{items}</ul>").as_str())]));
    }
    Ok(Resolved::List(sentences.map(Resolved::leaf).collect()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenArguments {
    user_id: String,
    token: String,
}

async fn is_token_valid(call: Call<'_>) -> Result<Resolved, FieldError> {
    let link: TokenArguments = call.args()?;
    let mut view = call.cx.read().await?;
    let valid = password_reset::is_valid(&mut view, &link.user_id, &link.token).await;
    Ok(Resolved::leaf(valid.map_err(FieldError::internal)?))
}

#[derive(Deserialize)]
struct RequestInput {
    email: String,
}

/// The address, whoever has it.
struct Requested(String);

async fn request_reset(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RequestInput = call.arg("input")?;
    let asking = call.cx.write("Mutation.requestPasswordReset", None, &input, |tx, _, input| {
        Box::pin(async move { password_reset::request(tx, &input.email).await })
    });
    // Every mail counts, whoever would get it.
    let key = Key::Identifier(&input.email);
    let asked = throttle::counted(call.cx, "requestPasswordReset", key, asking, Result::is_ok).await?;
    asked.map_err(|error| match error {
        RequestError::Address => FieldError::code("KT-CT-1133"),
        RequestError::Page => FieldError::code("KT-CT-11331"),
        RequestError::Database(error) => FieldError::internal(error),
    })?;
    Ok(Resolved::node(Requested(input.email)))
}

/// Sets a new password by the token of a link, at the root field `field`. Wrong tokens are counted; a user is
/// not, or anybody could keep them from resetting their password.
async fn reset(
    call: Call<'_>,
    field: &'static str,
    reset: &Reset<'_>,
) -> Result<Result<(), ResetError>, FieldError> {
    let is_wrong =
        |done: &Result<(), ResetError>| matches!(done, Err(ResetError::Token | ResetError::OtherUser));
    let attempt = set_by_token(call.cx, field, reset);
    let done = throttle::counted(call.cx, field, Key::Secret(reset.token), attempt, is_wrong).await?;
    match done {
        Err(ResetError::Passwords(PasswordError::Busy)) => Err(call.cx.busy()),
        Err(ResetError::Passwords(error)) => Err(FieldError::internal(error)),
        Err(ResetError::Database(error)) => Err(FieldError::internal(error)),
        done => Ok(done),
    }
}

async fn set_by_token(
    session: &Session,
    operation: &'static str,
    reset: &Reset<'_>,
) -> Result<(), ResetError> {
    // No connection may be held while a password is hashed.
    session.end().await;
    let auth = session.app.auth();
    let ready =
        auth.prepare_reset(session.app.database(), session.deadline(), session.stats(), reset).await?;
    session
        .write(operation, Some(reset.user), &ready, |tx, _, ready| Box::pin(password_reset::apply(tx, ready)))
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResetUserInput {
    new_password: String,
    user_id: String,
    token: String,
}

struct ResetOutcome {
    user_id: String,
    broken: Vec<&'static Rule>,
}

async fn reset_user_password(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ResetUserInput = call.arg("input")?;
    let wish = Reset { password: &input.new_password, user: &input.user_id, token: &input.token };
    let broken = match reset(call, "resetUserPassword", &wish).await? {
        Ok(()) => Vec::new(),
        Err(ResetError::Broken(rules)) => rules,
        Err(ResetError::Token) => return Err(FieldError::code("KT-CT-1132")),
        Err(ResetError::OtherUser) => return Err(FieldError::code("KT-CT-4125")),
        Err(ResetError::Unusable) => {
            return Err(FieldError::code("KT-CT-5450").at_input(&["input", "newPassword"]));
        }
        Err(other) => return Err(FieldError::internal(other)),
    };
    Ok(Resolved::node(ResetOutcome { user_id: input.user_id, broken }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResetInput {
    password: String,
    user_id: String,
    token: String,
    client_mutation_id: Option<String>,
}

struct LegacyOutcome {
    errors: Vec<FieldErrors>,
    client_mutation_id: Option<String>,
}

/// What is wrong with one field of the input.
#[derive(Clone)]
pub(in crate::api) struct FieldErrors {
    /// The field's name on the wire.
    pub field: &'static str,
    /// All that is wrong with it.
    pub errors: Vec<Wrong>,
}

/// One thing that is wrong with a field.
#[derive(Clone)]
pub(in crate::api) struct Wrong {
    /// A sentence.
    pub message: Cow<'static, str>,
    /// What programs tell it by.
    pub code: &'static str,
}

fn field_errors(of: &FieldErrors) -> Resolved {
    let wrong =
        of.errors.iter().map(|wrong| Resolved::Node(Node::typed("SerializerErrorType", wrong.clone())));
    Resolved::List(wrong.collect())
}

async fn reset_password(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ResetInput = call.arg("input")?;
    let wish = Reset { password: &input.password, user: &input.user_id, token: &input.token };
    let one = |field, code, message: &'static str| {
        vec![FieldErrors { field, errors: vec![Wrong { message: message.into(), code }] }]
    };
    let errors = match reset(call, "resetPassword", &wish).await? {
        Ok(()) => Vec::new(),
        Err(ResetError::Broken(rules)) => {
            let wrong = rules.iter().map(|rule| Wrong { message: rule.sentence.into(), code: rule.code });
            vec![FieldErrors { field: "password", errors: wrong.collect() }]
        }
        Err(ResetError::Token) => one("token", "invalid", "The link is unknown, was used or has expired."),
        Err(ResetError::OtherUser) => one("userId", "invalid", "The link is another user's."),
        Err(ResetError::Unusable) => {
            one("password", "password_unusable", "The password is blank, or longer than 128 characters.")
        }
        Err(other) => return Err(FieldError::internal(other)),
    };
    Ok(Resolved::node(LegacyOutcome { errors, client_mutation_id: input.client_mutation_id }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateInput {
    old_password: String,
    new_password: String,
    new_password_confirmed: String,
}

/// Whose password was changed.
struct Updated(Option<AccountUser>);

async fn update_password(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Option<UpdateInput> = call.arg("input")?;
    let input = input.ok_or_else(|| FieldError::code(INVALID_INPUT).at_input(&["input"]))?;
    let session = call.cx;
    let who = throttle::name(session);
    let is_wrong =
        |done: &Result<(), PasswordChangeError>| matches!(done, Err(PasswordChangeError::WrongOld));
    let attempt = change_password(session, &input);
    let done = throttle::counted(session, "updatePassword", Key::Identifier(&who), attempt, is_wrong).await?;
    done.map_err(|error| match error {
        PasswordChangeError::Passwords(PasswordError::Busy) => session.busy(),
        error => change_error(error),
    })?;
    let mut view = session.read().await?;
    let me = users::myself(&mut view, session.viewer()).await.map_err(FieldError::internal)?;
    Ok(Resolved::node(Updated(me)))
}

async fn change_password(session: &Session, input: &UpdateInput) -> Result<(), PasswordChangeError> {
    // No connection may be held while passwords are compared and hashed.
    session.end().await;
    let wish =
        Wish { old: &input.old_password, new: &input.new_password, again: &input.new_password_confirmed };
    let (db, auth) = (session.app.database(), session.app.auth());
    let ready =
        auth.prepare_password(db, session.deadline(), session.stats(), session.viewer(), &wish).await?;
    session
        .write("Mutation.updatePassword", None, &ready, |tx, _, ready| {
            Box::pin(password_change::apply(tx, ready))
        })
        .await
}

fn change_error(error: PasswordChangeError) -> FieldError {
    let refused =
        |text: &str, field: &str| FieldError::code("KT-CT-5450").describe(text).at_input(&["input", field]);
    match error {
        PasswordChangeError::Forbidden => FieldError::code(FORBIDDEN),
        PasswordChangeError::WrongOld => FieldError::code("KT-CT-5460").at_input(&["input", "oldPassword"]),
        PasswordChangeError::NotConfirmed => {
            refused("The new password was typed differently the second time.", "newPasswordConfirmed")
        }
        PasswordChangeError::Unusable => {
            refused("The new password is blank, or longer than 128 characters.", "newPassword")
        }
        PasswordChangeError::Broken(rules) => {
            let sentences: Vec<&str> = rules.iter().map(|rule| rule.sentence).collect();
            refused(&sentences.join(" "), "newPassword")
        }
        PasswordChangeError::Passwords(error) => FieldError::internal(error),
        PasswordChangeError::Database(error) => FieldError::internal(error),
    }
}
