//! Batches of letters, and what their printer tells.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::api::nodes::row_id;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::communications::events::Sent;
use crate::domain::communications::print::{self, Batch, PostReport, PrintError};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::storage::Link;

/// What goes with a letter, and a link to it.
struct Enclosure {
    message: i64,
    key: String,
    link: Link,
}

impl Enclosure {
    fn filename(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or(&self.key)
    }
}

/// The batch that a payload is about.
struct Done(Batch);
/// How many reports were news.
struct Reported(usize);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.printBatch", batch);
    b.root("Mutation.closeOpenPrintBatch", close);
    b.root("Mutation.markPrintBatchAsProcessed", mark_processed);
    b.root("Mutation.createPostEvents", report);
    b.batch("PrintBatchType.messages", letters);
    b.batch("PrintMessageType.attachments", attachments);
    b.leaves::<Batch>("PrintBatchType", &[("id", |b| b.id.into()), ("status", |b| (&b.status).into())]);
    b.leaves::<Sent>("PrintMessageType", &[("highPriority", |s| s.is_urgent.into())]);
    b.leaves::<Enclosure>(
        "PrintAttachmentType",
        &[
            ("id", |e| e.message.into()),
            ("filename", |e| e.filename().into()),
            ("s3Key", |e| (&e.key).into()),
            ("temporaryUrl", |e| (&e.link.url).into()),
        ],
    );
    b.parts::<Done>("CloseOpenPrintBatch", &[("printBatch", |d| Resolved::node(d.0.clone()))]);
    b.parts::<Done>("MarkPrintBatchAsProcessed", &[("printBatch", |d| Resolved::node(d.0.clone()))]);
    b.leaves::<Reported>(
        "CreatePostEvents",
        &[("createdEventsCount", |r| i64::try_from(r.0).unwrap_or(i64::MAX).into())],
    );
}

fn refusal(error: PrintError) -> FieldError {
    match error {
        PrintError::Forbidden => FieldError::code(FORBIDDEN),
        PrintError::NotOpen => FieldError::code("KT-CT-9010"),
        PrintError::NotClosed => FieldError::code("KT-CT-9011").at_input(&["printBatchId"]),
        PrintError::TooMany => FieldError::code("KT-CT-9907").at_input(&["input", "events"]),
        PrintError::Database(error) => FieldError::internal(error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchArgs {
    print_batch_id: Option<i64>,
    batch_id: Option<String>,
}

async fn batch(call: Call<'_>) -> Result<Resolved, FieldError> {
    let args: BatchArgs = call.args()?;
    if !print::may_look(call.cx.viewer()) {
        return Err(FieldError::code(FORBIDDEN));
    }
    let unknown = || FieldError::code("KT-CT-9012").at_input(&["batchId"]);
    let id = match (args.print_batch_id, &args.batch_id) {
        (Some(_), Some(_)) => return Err(FieldError::code("KT-CT-9013").at_input(&["batchId"])),
        (Some(id), None) => id,
        (None, named) => named.as_deref().and_then(row_id).ok_or_else(unknown)?,
    };
    let mut view = call.cx.read().await?;
    let found = print::by_id(&mut view, call.cx.viewer(), id).await.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(unknown)
}

async fn letters(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let urgent: Option<bool> = call.arg("isHighPriority")?;
    let ids: Vec<i64> = call.parents::<Batch>()?.iter().map(|batch| batch.id).collect();
    let mut view = call.cx.read().await?;
    let pages = print::letters(&mut view, &ids, urgent, &window).await.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn attachments(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let app = &call.cx.app;
    let mut view = call.cx.read().await?;
    let now = view.wall_now();
    let secret = app.link_secret(&mut view).await.map_err(FieldError::internal)?;
    let linked = |sent: &Sent| {
        let key = sent.enclosure.clone()?;
        Some(Enclosure { message: sent.message_id, link: app.files().link(&key, secret, now), key })
    };
    Ok(call.parents::<Sent>()?.into_iter().map(|sent| Resolved::nodes(linked(sent))).collect())
}

async fn close(call: Call<'_>) -> Result<Resolved, FieldError> {
    let done = call.cx.write("Mutation.closeOpenPrintBatch", None, &(), |tx, viewer, ()| {
        Box::pin(print::close_open(tx, viewer))
    });
    done.await.map(|batch| Resolved::node(Done(batch))).map_err(refusal)
}

async fn mark_processed(call: Call<'_>) -> Result<Resolved, FieldError> {
    let named: String = call.arg("printBatchId")?;
    let id = row_id(&named).unwrap_or_default();
    let subject = Some(named.as_str());
    let done = call.cx.write("Mutation.markPrintBatchAsProcessed", subject, &id, |tx, viewer, id| {
        Box::pin(print::mark_processed(tx, viewer, *id))
    });
    done.await.map(|batch| Resolved::node(Done(batch))).map_err(refusal)
}

#[derive(Deserialize)]
struct ReportInput {
    events: Vec<Option<EventInput>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventInput {
    message_id: String,
    event_type: String,
    description: String,
    timestamp: DateTime<Utc>,
    event_id: Option<String>,
}

async fn report(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ReportInput = call.arg("input")?;
    let given = input.events.into_iter().flatten().map(|event| PostReport {
        message: row_id(&event.message_id).unwrap_or_default(),
        event_type: event.event_type.to_uppercase(),
        description: event.description,
        occurred_at: event.timestamp,
        event_id: event.event_id,
    });
    let reports: Vec<PostReport> = given.collect();
    let done = call.cx.write("Mutation.createPostEvents", None, &reports, |tx, viewer, reports| {
        Box::pin(print::report(tx, viewer, reports))
    });
    done.await.map(|news| Resolved::node(Reported(news))).map_err(refusal)
}
