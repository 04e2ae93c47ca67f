//! Devices and messengers by which customers want to be reached.

use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::users;
use crate::domain::communications::line::{self, LineError};
use crate::domain::communications::push::{self, Application, Binding, PushError};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

/// The device that was registered.
struct Registered(Binding);
/// A device is notified no more.
struct Deleted;
/// Where LINE makes the link.
struct Redirect(String);
/// The link was cut.
struct Cut;
/// Nothing to link or to cut.
struct NoLink;
/// There is a link.
struct AlreadyLinked;
/// Nothing can be done just now.
struct NotYet;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.registerPushNotificationBinding", register);
    b.root("Mutation.deletePushNotificationBinding", delete);
    b.root("Mutation.linkUserToLine", link);
    b.root("Mutation.unlinkUserFromLine", unlink);
    b.batch("PushNotificationBindingType.user", user_of);
    b.batch("PushNotificationBindingType.application", application_of);
    b.batch("NotifiableApplicationType.pushNotificationBindings", bindings_of);
    b.dark(&["DeletePushNotificationBindingOutput.FAILED"]);
    b.parts::<Registered>(
        "RegisterPushNotificationBinding",
        &[("pushNotificationBinding", |r| Resolved::node(r.0.clone()))],
    );
    b.leaves::<Deleted>("DeletePushNotificationBinding", &[("status", |_| "SUCCESSFUL".into())]);
    b.leaves::<Binding>(
        "PushNotificationBindingType",
        &[
            ("id", |d| d.id.into()),
            ("token", |d| (&d.token).into()),
            ("registeredAt", |d| d.registered_at.into()),
            ("expiresAt", |d| d.expires_at.into()),
        ],
    );
    b.leaves::<Application>(
        "NotifiableApplicationType",
        &[
            ("id", |a| a.id.into()),
            ("name", |a| (&a.name).into()),
            ("bundleId", |a| (&a.bundle_id).into()),
            ("service", |a| (&a.service).into()),
            ("externalProvider", |a| (&a.external_provider).into()),
            ("externalProjectId", |a| (&a.external_project_id).into()),
            ("description", |a| (&a.description).into()),
        ],
    );
    b.leaves::<Redirect>("LineLinkRedirectResponse", &[("redirectUrl", |r| (&r.0).into())]);
    b.leaves::<Cut>("LineUnlinkedResponse", &[("message", |_| "The link to LINE has been cut.".into())]);
    b.leaves::<NoLink>("LinkTokenNotFound", &[("type", |_| "NO_MATCHING_LINE_LINK".into())]);
    b.leaves::<AlreadyLinked>("AlreadyLinkedError", &[("type", |_| "ALREADY_LINKED".into())]);
    b.leaves::<NotYet>("LineCommonError", &[("message", |_| "LINE is still making the link.".into())]);
}

fn refusal(error: PushError) -> FieldError {
    match error {
        PushError::Forbidden => FieldError::code(FORBIDDEN),
        PushError::Invalid(field, why) => {
            FieldError::code(INVALID_INPUT).describe(why).at_input(&["input", field])
        }
        PushError::Unknown => FieldError::code("KT-CT-5411").at_input(&["input", "token"]),
        PushError::Database(error) => FieldError::internal(error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegisterInput {
    token: String,
    bundle_id: String,
}

async fn register(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RegisterInput = call.arg("input")?;
    let operation = "Mutation.registerPushNotificationBinding";
    let done = call.cx.write(operation, None, &input, |tx, viewer, input| {
        Box::pin(push::register(tx, viewer, &input.token, &input.bundle_id))
    });
    done.await.map(|binding| Resolved::node(Registered(binding))).map_err(refusal)
}

#[derive(Deserialize)]
struct DeleteInput {
    token: String,
}

async fn delete(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: DeleteInput = call.arg("input")?;
    let operation = "Mutation.deletePushNotificationBinding";
    let done = call
        .cx
        .write(operation, None, &input, |tx, viewer, input| Box::pin(push::delete(tx, viewer, &input.token)));
    done.await.map(|()| Resolved::node(Deleted)).map_err(refusal)
}

async fn user_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Binding>()?.iter().map(|d| d.account_user_id).collect();
    let mut view = call.cx.read().await?;
    let found = users::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn application_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Binding>()?.iter().map(|d| d.application_id).collect();
    let mut view = call.cx.read().await?;
    let known = push::applications(&mut view, &ids).await.map_err(FieldError::internal)?;
    let find = |id: &i64| known.iter().find(|app| app.id == *id).cloned();
    Ok(ids.iter().map(|id| Resolved::maybe(find(id))).collect())
}

async fn bindings_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Application>()?.iter().map(|app| app.id).collect();
    let mut view = call.cx.read().await?;
    let found = push::bindings(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkInput {
    link_token: String,
}

async fn link(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: LinkInput = call.arg("input")?;
    let given = (call.cx.app.auth().random().clone(), input.link_token);
    let done = call.cx.write("Mutation.linkUserToLine", None, &given, |tx, viewer, given| {
        Box::pin(line::begin(tx, viewer, &given.0, &given.1))
    });
    match done.await {
        Ok(url) => Ok(Resolved::Node(Node::typed("LineLinkRedirectResponse", Redirect(url)))),
        Err(error) => unlinked(error),
    }
}

async fn unlink(call: Call<'_>) -> Result<Resolved, FieldError> {
    let done = call
        .cx
        .write("Mutation.unlinkUserFromLine", None, &(), |tx, viewer, ()| Box::pin(line::cut(tx, viewer)));
    match done.await {
        Ok(()) => Ok(Resolved::Node(Node::typed("LineUnlinkedResponse", Cut))),
        Err(error) => unlinked(error),
    }
}

/// What both answer where nothing was done.
fn unlinked(error: LineError) -> Result<Resolved, FieldError> {
    Ok(Resolved::Node(match error {
        LineError::Forbidden => return Err(FieldError::code(FORBIDDEN)),
        LineError::Database(error) => return Err(FieldError::internal(error)),
        LineError::Unknown => Node::typed("LinkTokenNotFound", NoLink),
        LineError::Linked => Node::typed("AlreadyLinkedError", AlreadyLinked),
        LineError::Pending => Node::typed("LineCommonError", NotYet),
    }))
}
