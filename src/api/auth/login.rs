//! `obtainKrakenToken`.

use serde::Deserialize;
use serde_json::Value;

use super::throttle;
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
    captcha_response: Option<String>,
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
        if methods != 1 || (self.captcha_response.is_some() && !by_password) {
            return wrong("KT-CT-1137");
        }
        match self {
            Self { email: Some(email), password: Some(password), captcha_response: captcha, .. } => {
                Ok(Credentials::Password { email, password, captcha })
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
    let credentials = call.arg::<LoginInput>("input")?.credentials();
    let seat = match &credentials {
        Ok(credentials) => throttle::seat(call.cx, credentials)?,
        Err(_) => None,
    };
    throttle::pay(call.cx, credentials.as_ref().ok()).await?;
    throttle::log_in(call.cx, "obtainKrakenToken", &credentials?, seat).await.map(Resolved::node)
}
