//! Metadata: what other systems have attached to accounts and their users.

use serde::Deserialize;
use serde_json::Value;

use super::account::NOT_YOURS;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::metadata::{self, Attachment, Entry, Kind, MetadataError, Target};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaf, Resolved};

/// The entry that was attached.
struct Attached(Entry);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.metadata", metadata_of);
    b.root("Query.metadataForKey", metadata_for_key);
    b.root("Mutation.createMetadata", create_metadata);
    b.root("Mutation.updateMetadata", update_metadata);
    b.batch("AccountType.metadata", of_accounts);
    b.parts::<Attached>("CreateMetadata", &[("metadata", |a| Resolved::node(a.0.clone()))]);
    b.parts::<Attached>("UpdateMetadata", &[("metadata", |a| Resolved::node(a.0.clone()))]);
    b.leaves::<Entry>("Metadata", &[("key", |e| (&e.key).into()), ("value", |e| Leaf::from(&e.value))]);
}

/// The kind of thing that a call is about.
fn kind(call: &Call<'_>) -> Result<Kind, FieldError> {
    let name: Option<String> = call.arg("linkedObjectType")?;
    let kind = name.as_deref().and_then(Kind::named);
    kind.ok_or_else(|| FieldError::code("KT-CT-8411").at_input(&["linkedObjectType"]))
}

async fn metadata_of(call: Call<'_>) -> Result<Resolved, FieldError> {
    let (kind, identifier): (Kind, String) = (kind(&call)?, call.arg("identifier")?);
    let mut view = call.cx.read().await?;
    let found = metadata::read(&mut view, call.cx.viewer(), kind, &identifier).await;
    found.map(Resolved::nodes).map_err(|error| unread(error, kind))
}

async fn metadata_for_key(call: Call<'_>) -> Result<Resolved, FieldError> {
    let (kind, identifier): (Kind, String) = (kind(&call)?, call.arg("identifier")?);
    let key: String = call.arg("key")?;
    let mut view = call.cx.read().await?;
    let found = metadata::read_key(&mut view, call.cx.viewer(), kind, &identifier, &key).await;
    found.map(Resolved::node).map_err(|error| unread(error, kind))
}

/// Each kind of thing has its own code for who may not see it, and accounts one for having no such key.
fn unread(error: MetadataError, kind: Kind) -> FieldError {
    match error {
        MetadataError::Forbidden if kind == Kind::Account => FieldError::code("KT-CT-4123"),
        MetadataError::Forbidden | MetadataError::Unknown => FieldError::code(match kind {
            Kind::Account => NOT_YOURS,
            Kind::AccountUser => "KT-CT-4124",
            Kind::Property => "KT-CT-6622",
            Kind::Occupancy => "KT-CT-6637",
        }),
        MetadataError::Key => {
            FieldError::code("KT-CT-4155").describe("A key is one line of text.").at_input(&["key"])
        }
        MetadataError::Missing if kind == Kind::Account => FieldError::code("KT-CT-4179"),
        MetadataError::Missing => FieldError::code("KT-CT-8416"),
        other => FieldError::internal(other),
    }
}

async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let accounts: Vec<Target> =
        call.parents::<Account>()?.iter().map(|account| Target::Account(account.id)).collect();
    let mut view = call.cx.read().await?;
    let found =
        metadata::of(&mut view, call.cx.viewer(), &accounts, None).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    identifier: String,
    linked_object_type: String,
    key: String,
    value: Value,
}

impl Input {
    fn attachment(&self) -> Result<Attachment<'_>, MetadataError> {
        let kind = Kind::named(&self.linked_object_type).ok_or(MetadataError::Forbidden)?;
        Ok(Attachment { kind, identifier: &self.identifier, key: &self.key, value: &self.value })
    }
}

async fn create_metadata(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let subject = Some(input.identifier.as_str());
    let done = call.cx.write("Mutation.createMetadata", subject, &input, |tx, viewer, input| {
        Box::pin(async move { metadata::create(tx, viewer, &input.attachment()?).await })
    });
    done.await.map(|entry| Resolved::node(Attached(entry))).map_err(|error| match error {
        MetadataError::Forbidden => FieldError::code(FORBIDDEN),
        MetadataError::Taken => FieldError::code("KT-CT-8414").at_input(&["input", "key"]),
        other => unattached(other, "KT-CT-8412"),
    })
}

async fn update_metadata(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let subject = Some(input.identifier.as_str());
    let done = call.cx.write("Mutation.updateMetadata", subject, &input, |tx, viewer, input| {
        Box::pin(async move { metadata::update(tx, viewer, &input.attachment()?).await })
    });
    done.await.map(|entry| Resolved::node(Attached(entry))).map_err(|error| match error {
        MetadataError::Forbidden | MetadataError::Unknown => FieldError::code("KT-CT-4323"),
        other => unattached(other, "KT-CT-8413"),
    })
}

fn unattached(error: MetadataError, code: &'static str) -> FieldError {
    let (why, field) = match error {
        MetadataError::Unknown => ("There is nothing of this kind that is known so.", "identifier"),
        MetadataError::Key => ("A key is one line of text.", "key"),
        MetadataError::Missing => ("The key is not there.", "key"),
        MetadataError::Value => ("The value is larger than 16 kB.", "value"),
        other => return FieldError::internal(other),
    };
    FieldError::code(code).describe(why).at_input(&["input", field])
}
