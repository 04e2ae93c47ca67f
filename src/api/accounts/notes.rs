//! Notes and references: what the retailer's people, and other systems, keep about an account.

use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::notes::{self, Note, NoteError};
use crate::domain::accounts::references::{self, NewReference, Reference, ReferenceError};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Resolved};

const UNAUTHORISED: &str = "KT-CT-4123";

/// The account that was written about.
struct Noted(Account);

/// The reference that was kept.
struct Kept(Reference);

/// The reference that was forgotten.
struct Forgotten(Reference);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.accountReference", references_found);
    b.root("Mutation.createAccountNote", create_note);
    b.root("Mutation.createAccountReference", create_reference);
    b.root("Mutation.updateAccountReference", update_reference);
    b.root("Mutation.deleteAccountReference", delete_reference);
    b.batch("AccountType.notes", notes_of);
    b.batch("AccountType.references", references_of);
    b.batch("AccountReferenceType.account", account_of);
    b.parts::<Noted>("CreateAccountNote", &[("account", |n| Resolved::node(n.0.clone()))]);
    b.parts::<Kept>("CreateAccountReference", &[("accountReference", |k| Resolved::node(k.0.clone()))]);
    b.parts::<Kept>("UpdateAccountReference", &[("accountReference", |k| Resolved::node(k.0.clone()))]);
    b.parts::<Reference>(
        "DeleteAccountReference",
        &[("accountReference", |r| Resolved::node(Forgotten(r.clone())))],
    );
    b.leaves::<Forgotten>("DeleteAccountReferenceType", &[("namespace", |f| (&f.0.namespace).into())]);
    b.leaves::<Note>(
        "AccountNoteType",
        &[
            ("body", |n| (&n.body).into()),
            ("isPinned", |n| n.is_pinned.into()),
            ("createdAt", |n| n.created_at.into()),
            ("unpinAt", |n| n.unpin_at.into()),
        ],
    );
    b.leaves::<Reference>(
        "AccountReferenceType",
        &[
            ("namespace", |r| (&r.namespace).into()),
            ("value", |r| (&r.value).into()),
            ("createdAt", |r| r.created_at.into()),
            ("updatedAt", |r| r.updated_at.into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoteInput {
    account_number: String,
    note: String,
    is_pinned: bool,
}

async fn create_note(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: NoteInput = call.arg("input")?;
    let number = input.account_number.as_str();
    let done = call.cx.write("Mutation.createAccountNote", Some(number), &input, |tx, viewer, input| {
        Box::pin(notes::add(tx, viewer, &input.account_number, &input.note, input.is_pinned))
    });
    done.await.map_err(|error| match error {
        NoteError::Unauthorised => FieldError::code(UNAUTHORISED),
        NoteError::Body => FieldError::code("KT-CT-4180").at_input(&["input", "note"]),
        NoteError::Database(error) => FieldError::internal(error),
    })?;
    let mut view = call.cx.read().await?;
    let found =
        accounts::by_number(&mut view, call.cx.viewer(), number).await.map_err(FieldError::internal)?;
    found.map(|account| Resolved::node(Noted(account))).ok_or_else(|| FieldError::code(UNAUTHORISED))
}

/// Null for whoever reads no notes.
async fn notes_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    let found = notes::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(match found {
        Some(found) => found.into_iter().map(Resolved::nodes).collect(),
        None => ids.iter().map(|_| Resolved::Null).collect(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReferenceInput {
    account_number: String,
    namespace: String,
    value: String,
}

impl ReferenceInput {
    fn wanted(&self) -> NewReference<'_> {
        NewReference { account: &self.account_number, namespace: &self.namespace, value: &self.value }
    }
}

async fn create_reference(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ReferenceInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.createAccountReference", number, &input, |tx, viewer, input| {
        Box::pin(async move { references::create(tx, viewer, &input.wanted()).await })
    });
    done.await.map(|reference| Resolved::node(Kept(reference))).map_err(refusal)
}

async fn update_reference(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ReferenceInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.updateAccountReference", number, &input, |tx, viewer, input| {
        Box::pin(async move { references::update(tx, viewer, &input.wanted()).await })
    });
    done.await.map(|reference| Resolved::node(Kept(reference))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForgetInput {
    account_number: String,
    namespace: String,
}

async fn delete_reference(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ForgetInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.deleteAccountReference", number, &input, |tx, viewer, input| {
        Box::pin(references::delete(tx, viewer, &input.account_number, &input.namespace))
    });
    done.await.map(Resolved::node).map_err(refusal)
}

fn refusal(error: ReferenceError) -> FieldError {
    match error {
        ReferenceError::Unauthorised => FieldError::code(UNAUTHORISED),
        ReferenceError::UnknownNamespace => FieldError::code("KT-CT-8310").at_input(&["input", "namespace"]),
        ReferenceError::Taken => FieldError::code("KT-CT-8311").at_input(&["input", "value"]),
        ReferenceError::Missing => FieldError::code("KT-CT-8312").at_input(&["input", "namespace"]),
        ReferenceError::Value => FieldError::code(INVALID_INPUT)
            .describe("A reference is one line of at most 120 characters.")
            .at_input(&["input", "value"]),
        ReferenceError::Database(error) => FieldError::internal(error),
    }
}

/// Without a value nothing is found.
async fn references_found(call: Call<'_>) -> Result<Resolved, FieldError> {
    let value: Option<String> = call.arg("value")?;
    let mut view = call.cx.read().await?;
    let found = references::search(&mut view, call.cx.viewer(), value.as_deref().unwrap_or_default()).await;
    found.map(Resolved::nodes).map_err(|error| match error {
        ReferenceError::UnknownNamespace => FieldError::code("KT-CT-8310").at_input(&["value"]),
        other => FieldError::internal(other),
    })
}

async fn references_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    let found =
        references::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn account_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Reference>()?.iter().map(|r| r.account_id).collect();
    let mut view = call.cx.read().await?;
    let found = accounts::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}
