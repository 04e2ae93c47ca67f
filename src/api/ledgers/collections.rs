//! `collectionProcessDetails`, and what is done to a collection.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::collections::{self, CollectionError, Item, NewItem, Record};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// A record with what is tied to it.
struct Details(Record, Vec<Item>);

/// A record after one of the mutations, wrapped as its payload.
struct Done(Record);

/// Something that was tied to a record just now.
#[derive(Clone)]
struct Tied {
    number: String,
    id: i64,
}

fn record(done: &Done) -> Resolved {
    Resolved::node(done.0.clone())
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.collectionProcessDetails", details);
    b.root("Mutation.assessCollectionProcessRecordForPause", assess);
    b.root("Mutation.associateItemToCollectionProcess", associate);
    b.root("Mutation.updateCollectionProcessRecordToActive", activate);
    b.root("Mutation.updateCollectionProcessRecordToComplete", complete);
    b.parts::<Done>("AssessCollectionProcessRecordForPause", &[("collectionProcessProcessed", record)]);
    b.parts::<Done>("UpdateCollectionProcessRecordToActive", &[("collectionProcessActivated", record)]);
    b.parts::<Done>("UpdateCollectionProcessRecordToComplete", &[("collectionProcessComplete", record)]);
    b.parts::<Tied>(
        "AssociateItemToCollectionProcess",
        &[("collectionProcessAssociatedItem", |tied| Resolved::node(tied.clone()))],
    );
    b.leaves::<Tied>(
        "AssociateItemToCollectionProcessOutputType",
        &[("number", |t| (&t.number).into()), ("itemId", |t| t.id.into())],
    );
    b.leaves::<Record>(
        "AssessCollectionProcessRecordForPauseOutputType",
        &[("number", |r| (&r.number).into()), ("isPaused", |r| r.is_paused.into())],
    );
    for payload in [
        "UpdateCollectionProcessRecordToActiveOutputType",
        "UpdateCollectionProcessRecordToCompleteOutputType",
    ] {
        b.leaves::<Record>(
            payload,
            &[("number", |r| (&r.number).into()), ("status", |r| (&r.status).into())],
        );
    }
    bind_details(b);
}

fn bind_details(b: &mut Bindings) {
    b.leaves::<Details>(
        "CollectionProcessDetailsType",
        &[
            ("collectionProcessRecordNumber", |d| (&d.0.number).into()),
            ("isPaused", |d| d.0.is_paused.into()),
            ("isComplete", |d| d.0.is_complete().into()),
            ("isActive", |d| d.0.is_active().into()),
            ("completionType", |d| (&d.0.completion_type).into()),
            ("pausedDays", |d| d.0.paused_days.into()),
            ("collectionProcessType", |d| {
                if d.0.ledger_number.is_some() { "LEDGER" } else { "ACCOUNT" }.into()
            }),
            ("targetObjectIdentifier", |d| d.0.ledger_number.as_ref().unwrap_or(&d.0.account_number).into()),
        ],
    );
    b.parts::<Details>(
        "CollectionProcessDetailsType",
        &[("associatedItems", |d| Resolved::nodes(d.1.iter().cloned()))],
    );
    b.leaves::<Item>(
        "CollectionProcessRecordAssociatedItemType",
        &[
            ("itemType", |i| (&i.item_type).into()),
            ("itemReference", |i| (&i.item_reference).into()),
            ("occurredAt", |i| i.occurred_at.into()),
            ("extraDetails", |i| i.extra_details.as_ref().into()),
        ],
    );
}

async fn details(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("collectionProcessRecordNumber")?;
    let mut view = call.cx.read().await?;
    let found = collections::details(&mut view, call.cx.viewer(), &number).await;
    found.map(|(record, items)| Resolved::node(Details(record, items))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssessInput {
    number: String,
    allow_unpausing: Option<bool>,
}

async fn assess(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AssessInput = call.arg("input")?;
    let (name, number) = ("Mutation.assessCollectionProcessRecordForPause", Some(input.number.as_str()));
    let done = call.cx.write(name, number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let may_resume = input.allow_unpausing == Some(true);
            collections::assess(tx, viewer, &input.number, may_resume).await
        })
    });
    done.await.map(|record| Resolved::node(Done(record))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssociateInput {
    number: String,
    item_type: String,
    item_reference: String,
    occurred_at: Option<DateTime<Utc>>,
    extra_details: Option<Value>,
}

async fn associate(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AssociateInput = call.arg("input")?;
    let (name, number) = ("Mutation.associateItemToCollectionProcess", Some(input.number.as_str()));
    let done = call.cx.write(name, number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let item = NewItem {
                item_type: &input.item_type,
                item_reference: &input.item_reference,
                occurred_at: input.occurred_at,
                extra_details: input.extra_details.as_ref(),
            };
            collections::tie(tx, viewer, &input.number, &item).await
        })
    });
    let tied = |(record, id): (Record, i64)| Resolved::node(Tied { number: record.number, id });
    done.await.map(tied).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActivateInput {
    number: String,
    external_reference: Option<String>,
    external_source_name: Option<String>,
}

async fn activate(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ActivateInput = call.arg("input")?;
    let (name, number) = ("Mutation.updateCollectionProcessRecordToActive", Some(input.number.as_str()));
    let done = call.cx.write(name, number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let source = input.external_source_name.as_deref();
            collections::begin(tx, viewer, &input.number, input.external_reference.as_deref(), source).await
        })
    });
    done.await.map(|record| Resolved::node(Done(record))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompleteInput {
    number: String,
    completion_reason: Option<String>,
    completion_details: Option<String>,
}

async fn complete(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CompleteInput = call.arg("input")?;
    let (name, number) = ("Mutation.updateCollectionProcessRecordToComplete", Some(input.number.as_str()));
    let done = call.cx.write(name, number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let reason = input.completion_reason.as_deref();
            collections::close(tx, viewer, &input.number, reason, input.completion_details.as_deref()).await
        })
    });
    done.await.map(|record| Resolved::node(Done(record))).map_err(refusal)
}

fn refusal(error: CollectionError) -> FieldError {
    match error {
        CollectionError::Forbidden => FieldError::code(FORBIDDEN),
        CollectionError::Unknown => FieldError::code("KT-CT-11201"),
        CollectionError::NoReference => FieldError::code("KT-CT-11202"),
        CollectionError::NoReason => FieldError::code("KT-CT-11203"),
        CollectionError::NoDetails => FieldError::code("KT-CT-11204"),
        CollectionError::AlreadyTied => FieldError::code("KT-CT-11205"),
        CollectionError::NoDisconnectionData => FieldError::code("KT-CT-11206"),
        CollectionError::Database(error) => FieldError::internal(error),
    }
}
