//! Log-ins that report their failures in the answer: by API key, by e-mail and password, by masquerade.

use serde::Deserialize;

use super::refusals;
use super::throttle;
use crate::api::session::{Bindings, Call};
use crate::domain::auth::Credentials;
use crate::domain::auth::limits::Key;
use crate::domain::auth::masquerade::MasqueradeError;
use crate::graphql::error::{INTERNAL, TOO_MANY_REQUESTS};
use crate::graphql::{FieldError, Leaf, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.apiKeyAuthentication", api_key_authentication);
    b.root("Mutation.emailAuthentication", email_authentication);
    b.root("Mutation.masqueradeAuthentication", masquerade_authentication);
    for payload in ["APIKeyAuthentication", "EmailAuthentication", "MasqueradeAuthentication"] {
        b.leaves::<Outcome>(payload, &[("token", |o| o.token.as_deref().into())]);
        b.parts::<Outcome>(payload, &[("errors", |o| Resolved::nodes(o.failures.clone()))]);
    }
    b.leaves::<Failure>(
        "ErrorType",
        &[("field", |f| f.field.into()), ("messages", |f| Leaf::List(vec![Leaf::from(&f.message)]))],
    );
}

/// A token, or why there is none.
#[derive(Default)]
struct Outcome {
    token: Option<String>,
    failures: Vec<Failure>,
}

/// What is wrong with one field of an input, said in the answer.
#[derive(Clone)]
pub(in crate::api) struct Failure {
    /// The field's name on the wire.
    pub field: &'static str,
    /// A sentence.
    pub message: String,
}

impl Outcome {
    /// Refusals go into the answer; what should not have happened does not, nor does a caller who is too fast.
    fn of(result: Result<String, FieldError>, field: &'static str) -> Result<Resolved, FieldError> {
        match result {
            Ok(token) => Ok(Resolved::node(Self { token: Some(token), ..Self::default() })),
            Err(error) if matches!(error.code_name(), Some(INTERNAL | TOO_MANY_REQUESTS)) => Err(error),
            Err(error) => {
                let failures = vec![Failure { field, message: error.description().to_owned() }];
                Ok(Resolved::node(Self { failures, ..Self::default() }))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyInput {
    api_key: String,
}

async fn api_key_authentication(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: KeyInput = call.args()?;
    let obtained =
        throttle::log_in(call.cx, "apiKeyAuthentication", &Credentials::ApiKey(input.api_key), None).await;
    Outcome::of(obtained.map(|obtained| obtained.token), "apiKey")
}

#[derive(Deserialize)]
struct PasswordInput {
    email: String,
    password: String,
}

async fn email_authentication(call: Call<'_>) -> Result<Resolved, FieldError> {
    let PasswordInput { email, password } = call.args()?;
    let credentials = Credentials::Password { email, password, captcha: None };
    let seat = throttle::seat(call.cx, &credentials)?;
    let obtained = throttle::log_in(call.cx, "emailAuthentication", &credentials, seat).await;
    Outcome::of(obtained.map(|obtained| obtained.token), "email")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MasqueradeInput {
    masquerade_token: String,
    user_id: String,
}

async fn masquerade_authentication(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: MasqueradeInput = call.args()?;
    let input = (call.cx.app.auth(), input);
    // The use case writes the audit row itself: until it succeeds, nobody is known to be calling.
    let opened = call.cx.write("Mutation.masqueradeAuthentication", None, &input, |tx, _, (auth, input)| {
        Box::pin(async move { auth.masquerade(tx, &input.masquerade_token, &input.user_id).await })
    });
    let opened = opened.await;
    if let Err(MasqueradeError::WrongToken | MasqueradeError::WrongUser) = opened {
        let key = Key::Secret(&input.1.masquerade_token);
        call.cx.reserve("masqueradeAuthentication", &[key]).await?;
    }
    let in_answer = |field, text: &str| Outcome::of(Err(refusals::in_answer(text)), field);
    match opened {
        Ok(token) => Outcome::of(Ok(token), "masqueradeToken"),
        Err(MasqueradeError::WrongToken) => {
            in_answer("masqueradeToken", "The masquerade token is not valid.")
        }
        Err(MasqueradeError::WrongUser) => in_answer("userId", "The masquerade token is for another user."),
        Err(MasqueradeError::Keys(error)) => Err(FieldError::internal(error)),
        Err(MasqueradeError::Database(error)) => Err(FieldError::internal(error)),
    }
}
