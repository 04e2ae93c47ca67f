//! Ending sessions: `disableToken`, `forceReauthentication` and the withdrawal of refresh tokens.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::refusals::shown;
use crate::api::session::{Bindings, Call};
use crate::domain::auth::sessions::{self, WithdrawError};
use crate::domain::auth::third_parties::{self, Application, LongLived, LongLivedError};
use crate::graphql::facts::NO_CREDENTIAL;
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.disableToken", disable_token);
    b.root("Mutation.forceReauthentication", force_reauthentication);
    b.root("Mutation.invalidateRefreshToken", invalidate_refresh_token);
    b.root("Mutation.invalidateRefreshTokensForUser", invalidate_refresh_tokens_for_user);
    b.root("Mutation.obtainLongLivedRefreshToken", obtain_long_lived_refresh_token);
    b.root("Query.authorizedApplications", authorized_applications);
    b.leaves::<Disabled>("DisableToken", &[("message", |_| "The token is disabled.".into())]);
    b.leaves::<Ended>(
        "ForceReauthentication",
        &[("tokensInvalidated", |_| true.into()), ("effectiveAt", |e| e.0.into())],
    );
    b.parts::<Withdrawn>("InvalidateRefreshToken", &[("token", |w| Resolved::node(w.clone()))]);
    b.parts::<WithdrawnAll>(
        "InvalidateRefreshTokensForUser",
        &[("tokens", |all| Resolved::nodes(all.0.clone()))],
    );
    b.leaves::<Withdrawn>(
        "RefreshToken",
        &[
            ("key", |w| (&w.key).into()),
            ("expiryDt", |w| w.expires_at.into()),
            // What was withdrawn never becomes valid again.
            ("isValid", |_| false.into()),
        ],
    );
    b.leaves::<LongLived>(
        "ObtainLongLivedRefreshToken",
        &[
            ("refreshToken", |made| (&made.token).into()),
            ("refreshExpiresIn", |made| made.expires_at.timestamp().into()),
        ],
    );
    b.leaves::<Application>(
        "AuthorizedApplication",
        &[("name", |a| (&a.name).into()), ("clientId", |a| (&a.client_id).into())],
    );
}

struct Disabled;

async fn disable_token(call: Call<'_>) -> Result<Resolved, FieldError> {
    let token = call.cx.token().ok_or_else(|| FieldError::code(NO_CREDENTIAL))?;
    let disabled = call.cx.write("Mutation.disableToken", None, token, |tx, _, token| {
        Box::pin(async move { sessions::disable(tx, token).await })
    });
    disabled.await.map_err(FieldError::internal)?;
    Ok(Resolved::node(Disabled))
}

/// From when on tokens count again.
struct Ended(DateTime<Utc>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForceInput {
    include_third_parties: bool,
}

async fn force_reauthentication(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ForceInput = call.arg("input")?;
    let ended = call.cx.write("Mutation.forceReauthentication", None, &input, |tx, viewer, input| {
        Box::pin(sessions::end_all(tx, viewer, input.include_third_parties))
    });
    let from = ended.await.map_err(|error| withdraw_error(error, "KT-CT-1111"))?;
    Ok(Resolved::node(Ended(from)))
}

/// A refresh token that was withdrawn, as far as it may be shown.
#[derive(Clone)]
struct Withdrawn {
    key: String,
    expires_at: DateTime<Utc>,
}

struct WithdrawnAll(Vec<Withdrawn>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenInput {
    refresh_token: String,
}

async fn invalidate_refresh_token(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: TokenInput = call.arg("input")?;
    let ended = call.cx.write("Mutation.invalidateRefreshToken", None, &input, |tx, viewer, input| {
        Box::pin(sessions::withdraw(tx, viewer, &input.refresh_token))
    });
    let token = ended.await.map_err(|error| withdraw_error(error, "KT-CT-1130"))?;
    Ok(Resolved::node(Withdrawn { key: input.refresh_token, expires_at: token.expires_at }))
}

#[derive(Deserialize)]
struct UserInput {
    email: String,
}

async fn invalidate_refresh_tokens_for_user(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: UserInput = call.arg("input")?;
    let operation = "Mutation.invalidateRefreshTokensForUser";
    let ended = call.cx.write(operation, Some(&input.email), &input, |tx, viewer, input| {
        Box::pin(sessions::withdraw_all(tx, viewer, &input.email))
    });
    let tokens = ended.await.map_err(|error| withdraw_error(error, "KT-CT-1128"))?;
    let tokens =
        tokens.into_iter().map(|token| Withdrawn { key: shown(&token.hint), expires_at: token.expires_at });
    Ok(Resolved::node(WithdrawnAll(tokens.collect())))
}

fn withdraw_error(error: WithdrawError, not_yours: &'static str) -> FieldError {
    match error {
        WithdrawError::NotYours => FieldError::code(not_yours),
        WithdrawError::Database(error) => FieldError::internal(error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActForInput {
    kraken_token: String,
}

async fn obtain_long_lived_refresh_token(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ActForInput = call.arg("input")?;
    let input = (call.cx.app.auth(), input.kraken_token);
    let made = call.cx.write("Mutation.obtainLongLivedRefreshToken", None, &input, |tx, viewer, input| {
        Box::pin(async move { input.0.act_for(tx, viewer, &input.1).await })
    });
    made.await.map(Resolved::node).map_err(|error| match error {
        LongLivedError::Forbidden => FieldError::code("KT-CT-1132"),
        LongLivedError::Expired => FieldError::code("KT-CT-1120"),
        LongLivedError::NotAToken => FieldError::code("KT-CT-1121").at_input(&["input", "krakenToken"]),
        LongLivedError::NotACustomer => FieldError::code("KT-CT-1122").at_input(&["input", "krakenToken"]),
        LongLivedError::Keys(error) => FieldError::internal(error),
        LongLivedError::Database(error) => FieldError::internal(error),
    })
}

async fn authorized_applications(call: Call<'_>) -> Result<Resolved, FieldError> {
    // Access lets account users through and nobody else.
    let user = call.cx.viewer().account_user().unwrap_or_default();
    let mut view = call.cx.read().await?;
    let found = third_parties::of_user(&mut view, user).await.map_err(FieldError::internal)?;
    Ok(Resolved::nodes(found))
}
