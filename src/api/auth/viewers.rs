//! Viewers that are no account users, and an account user's API key.

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::users::{self, AccountUser};
use crate::domain::auth::api_keys;
use crate::domain::auth::organisations::{self, Organisation};
use crate::domain::auth::partners::{self, Partner};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.thirdPartyViewer", third_party_viewer);
    b.root("Query.partnerViewer", partner_viewer);
    b.root("Mutation.regenerateSecretKey", regenerate_secret_key);
    b.batch("AccountUserType.liveSecretKey", live_secret_key);
    b.batch("AccountUserType.masqueradeToken", masquerade_token);
    b.leaves::<Organisation>("ThirdPartyOrganizationType", &[("name", |o| (&o.name).into())]);
    b.parts::<Organisation>(
        "ThirdPartyOrganizationType",
        &[("permissions", |o| permissions(&o.permissions))],
    );
    b.leaves::<Partner>(
        "PartnerViewerType",
        &[
            ("name", |p| (&p.name).into()),
            ("email", |p| (&p.email).into()),
            ("number", |p| (&p.number).into()),
        ],
    );
    b.parts::<Partner>("PartnerViewerType", &[("permissions", |p| permissions(&p.permissions))]);
    for ty in ["ThirdPartyPermission", "PartnerViewerPermission"] {
        b.leaves::<Permission>(ty, &[("permission", |p| (&p.0).into())]);
    }
    b.leaves::<Regenerated>("RegenerateSecretKey", &[("key", |r| (&r.key).into())]);
    b.parts::<Regenerated>("RegenerateSecretKey", &[("viewer", |r| Resolved::node(r.viewer.clone()))]);
}

struct Permission(String);

fn permissions(held: &[String]) -> Resolved {
    Resolved::nodes(held.iter().cloned().map(Permission).collect::<Vec<_>>())
}

async fn third_party_viewer(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let found = organisations::myself(&mut view, call.cx.viewer()).await.map_err(FieldError::internal)?;
    Ok(Resolved::maybe(found))
}

async fn partner_viewer(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let found = partners::myself(&mut view, call.cx.viewer()).await.map_err(FieldError::internal)?;
    Ok(Resolved::maybe(found))
}

/// The viewer with the key that was just made.
struct Regenerated {
    key: String,
    viewer: AccountUser,
}

async fn regenerate_secret_key(call: Call<'_>) -> Result<Resolved, FieldError> {
    let random = call.cx.app.auth().random();
    let made = call.cx.write("Mutation.regenerateSecretKey", None, random, |tx, viewer, random| {
        Box::pin(async move {
            let user = viewer.account_user().unwrap_or_default();
            let key = api_keys::regenerate(tx, random, user).await?;
            Ok::<_, sqlx::Error>((key, users::myself(tx, viewer).await?))
        })
    });
    let (key, viewer) = made.await.map_err(FieldError::internal)?;
    call.cx.show_key(key.clone());
    let viewer = viewer.ok_or_else(|| FieldError::code(FORBIDDEN))?;
    Ok(Resolved::node(Regenerated { key, viewer }))
}

/// A key is shown in the request that made it. Afterwards only its hash is left, so there is nothing to show.
async fn live_secret_key(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let made = call.cx.shown_key();
    let me = call.cx.viewer().account_user();
    let users = call.parents::<AccountUser>()?;
    let key_of = |user: &AccountUser| made.as_ref().filter(|_| me == Some(user.id));
    Ok(users
        .iter()
        .map(|user| key_of(user).map_or(Resolved::Null, |key| Resolved::leaf(key.clone())))
        .collect())
}

async fn masquerade_token(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let users: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|user| user.id).collect();
    let mut view = call.cx.read().await?;
    let mut tokens = Vec::with_capacity(users.len());
    for user in users {
        let token = call.cx.app.auth().masquerade_token(&mut view, call.cx.viewer(), user).await;
        let token = token.map_err(FieldError::internal)?;
        tokens.push(token.map_or(Resolved::Null, Resolved::leaf));
    }
    Ok(tokens)
}
