//! What operations staff know about people: `AccountUserType.label` and its like, also for identity stores.

use super::sync::Mirrored;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::known::{self, Detail, Known};
use crate::domain::accounts::users::AccountUser;
use crate::graphql::{FieldError, Leaf, Resolved};

/// What to take care of, for those who may know.
struct Care(Known);

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountUserType.label", labels);
    b.batch("AccountUserType.alternativePhoneNumbers", phones);
    b.batch("AccountUserType.hasFamilyIssues", family_issues);
    b.batch("AccountUserType.details", details);
    b.batch("UserSyncPayloadType.alternativePhoneNumbers", mirrored_phones);
    b.batch("UserSyncPayloadType.hasFamilyIssues", mirrored_family_issues);
    b.batch("UserSyncPayloadType.familyIssues", care);
    b.leaves::<Detail>(
        "AccountUserDetailType",
        &[
            ("namespace", |d| (&d.namespace).into()),
            ("value", |d| (&d.value).into()),
            ("isSensitive", |d| d.is_sensitive.into()),
        ],
    );
    b.leaves::<Care>(
        "SyncFamilyIssuesType",
        &[
            ("notSafeToSendFdvPolicy", |c| c.0.keeps_policy_back.into()),
            ("notSafeToReceiveMoveInComms", |c| c.0.keeps_move_in_back.into()),
        ],
    );
}

fn users(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<AccountUser>()?.iter().map(|user| user.id).collect())
}

fn mirrored(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Mirrored>()?.iter().map(|mirrored| mirrored.0.id).collect())
}

async fn known(call: &Call<'_>, users: &[i64]) -> Result<Vec<Option<Known>>, FieldError> {
    let mut view = call.cx.read().await?;
    known::of_users(&mut view, call.cx.viewer(), users).await.map_err(FieldError::internal)
}

async fn labels(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let found = known(&call, &users(&call)?).await?;
    let label = |known: &Known| known.label_for(call.cx.viewer()).map(str::to_owned);
    Ok(found.iter().map(|known| Resolved::leaf(known.as_ref().and_then(label))).collect())
}

async fn phones(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let users = users(&call)?;
    phones_of(&call, &users).await
}

async fn mirrored_phones(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let users = mirrored(&call)?;
    phones_of(&call, &users).await
}

async fn phones_of(call: &Call<'_>, users: &[i64]) -> Result<Vec<Resolved>, FieldError> {
    let found = known(call, users).await?;
    let shown = |known: &Known| -> Option<Vec<Leaf<'static>>> {
        let phones = known.phones_for(call.cx.viewer())?;
        Some(phones.iter().map(|phone| phone.clone().into()).collect())
    };
    Ok(found.iter().map(|known| Resolved::leaf(known.as_ref().and_then(shown))).collect())
}

async fn family_issues(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let users = users(&call)?;
    family_issues_of(&call, &users).await
}

async fn mirrored_family_issues(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let users = mirrored(&call)?;
    family_issues_of(&call, &users).await
}

async fn family_issues_of(call: &Call<'_>, users: &[i64]) -> Result<Vec<Resolved>, FieldError> {
    let found = known(call, users).await?;
    let has = |known: &Known| known.family_issues_for(call.cx.viewer());
    Ok(found.iter().map(|known| Resolved::leaf(known.as_ref().and_then(has))).collect())
}

/// Null where there is nothing to take care of, and for whoever may not know.
async fn care(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let found = known(&call, &mirrored(&call)?).await?;
    let has = |known: &Known| known.family_issues_for(call.cx.viewer()) == Some(true);
    Ok(found.into_iter().map(|known| Resolved::maybe(known.filter(has).map(Care))).collect())
}

async fn details(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let users = users(&call)?;
    let mut view = call.cx.read().await?;
    let found = known::details(&mut view, call.cx.viewer(), &users).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|details| details.map_or(Resolved::Null, Resolved::nodes)).collect())
}
