//! `obtainKrakenToken`.

use serde::Deserialize;
use serde_json::Value;

use super::refusals;
use crate::api::session::{Bindings, Call};
use crate::domain::auth::{Credentials, Obtained};
use crate::graphql::{FieldError, Leaf, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.obtainKrakenToken", obtain_kraken_token);
    b.leaves::<Obtained>(
        "ObtainKrakenJSONWebToken",
        &[
            ("token", |o| (&o.token).into()),
            ("payload", |o| payload(o)),
            ("refreshToken", |o| o.refresh_token.as_deref().into()),
            ("refreshExpiresIn", |o| o.refresh_expires_at.into()),
        ],
    );
}

fn payload(obtained: &Obtained) -> Leaf<'static> {
    // Claims are plain strings and numbers: they always serialise.
    Leaf::from(serde_json::to_value(&obtained.payload).unwrap_or(Value::Null))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginInput {
    email: Option<String>,
    password: Option<String>,
    #[serde(rename = "APIKey")]
    api_key: Option<String>,
    organization_secret_key: Option<String>,
    pre_signed_key: Option<String>,
    refresh_token: Option<String>,
}

impl LoginInput {
    /// The one method that was chosen.
    fn credentials(self) -> Result<Credentials, FieldError> {
        let wrong = |code| Err(FieldError::code(code).at_input(&[]));
        let by_password = self.email.is_some() || self.password.is_some();
        let keys = [&self.api_key, &self.organization_secret_key, &self.pre_signed_key, &self.refresh_token];
        let methods = keys.iter().filter(|key| key.is_some()).count() + usize::from(by_password);
        if methods != 1 {
            return wrong("KT-CT-1137");
        }
        match self {
            Self { email: Some(email), password: Some(password), .. } => {
                Ok(Credentials::Password { email, password })
            }
            Self { api_key: Some(key), .. } => Ok(Credentials::ApiKey(key)),
            Self { organization_secret_key: Some(key), .. } => Ok(Credentials::OrganisationKey(key)),
            Self { pre_signed_key: Some(key), .. } => Ok(Credentials::PreSignedKey(key)),
            Self { refresh_token: Some(token), .. } => Ok(Credentials::RefreshToken(token)),
            _ => wrong("KT-CT-1136"),
        }
    }
}

async fn obtain_kraken_token(call: Call<'_>) -> Result<Resolved, FieldError> {
    let credentials = call.arg::<LoginInput>("input")?.credentials()?;
    log_in(&call, "obtainKrakenToken", credentials).await.map(Resolved::node)
}

/// Logs in by way of the root field `field`.
pub(super) async fn log_in(
    call: &Call<'_>,
    _field: &'static str,
    credentials: Credentials,
) -> Result<Obtained, FieldError> {
    let session = call.cx;
    session.end().await;
    let auth = session.app.auth();
    let obtained = auth.obtain(session.app.database(), session.deadline(), session.stats(), &credentials);
    obtained.await.map_err(refusals::login)
}
