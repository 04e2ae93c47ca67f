//! The files of bills, by links that work for a while.

use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::billing::documents::Document;
use crate::domain::billing::files::{self, File};
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;
use crate::platform::storage::Link;

/// A file and a link to it.
struct Linked {
    file: File,
    link: Link,
}

pub(super) fn bind(b: &mut Bindings) {
    for field in [
        "StatementType.temporaryUrl",
        "PeriodBasedDocumentType.temporaryUrl",
        "InvoiceType.temporaryUrl",
        "StatementBillingDocumentType.pdfUrl",
        "InvoiceBillingDocumentType.pdfUrl",
        "AnnulmentBillingDocumentType.pdfUrl",
    ] {
        b.batch(field, urls);
    }
    for field in
        ["StatementType.attachments", "PeriodBasedDocumentType.attachments", "InvoiceType.attachments"]
    {
        b.batch(field, attachments);
    }
    b.batch("PeriodBasedDocumentType.representations", representations);
    b.batch("InvoiceType.representations", representations);
    b.leaves::<Linked>(
        "BillingAttachmentType",
        &[
            ("filename", |l| (&l.file.filename).into()),
            ("temporaryUrl", |l| (&l.link.url).into()),
            ("temporaryUrlExpiresAt", |l| l.link.expires_at.into()),
        ],
    );
    b.leaves::<Linked>(
        "BillRepresentationType",
        &[
            ("code", |l| (&l.file.code).into()),
            ("version", |l| i64::from(l.file.version).into()),
            ("filename", |l| (&l.file.filename).into()),
            ("temporaryUrl", |l| (&l.link.url).into()),
            ("temporaryUrlExpiresAt", |l| l.link.expires_at.into()),
        ],
    );
}

/// The files of each of the parents, with links.
async fn linked(call: &Call<'_>) -> Result<Vec<Vec<Linked>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Document>()?.iter().map(|d| d.id).collect();
    let secret = call.cx.app.link_secret().await.map_err(FieldError::internal)?;
    let mut view = call.cx.read().await?;
    let now = view.wall_now();
    let found = files::of_documents(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let link = |file: File| Linked { link: call.cx.app.files().link(&file.key, secret, now), file };
    Ok(found.into_iter().map(|files| files.into_iter().map(link).collect()).collect())
}

async fn urls(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let found = linked(&call).await?;
    Ok(found.iter().map(|files| Resolved::leaf(files.first().map(|l| l.link.url.as_str()))).collect())
}

async fn attachments(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    listed(&call, |_| true).await
}

#[derive(Deserialize)]
struct RepresentationsArgs {
    code: Option<String>,
}

async fn representations(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let RepresentationsArgs { code } = call.args()?;
    listed(&call, |file| code.as_ref().is_none_or(|code| *code == file.code)).await
}

/// The files that are wanted, in pages: there are only ever a few.
async fn listed(call: &Call<'_>, wanted: impl Fn(&File) -> bool) -> Result<Vec<Resolved>, FieldError> {
    let window = window(call)?;
    let found = linked(call).await?;
    let page =
        |files: Vec<Linked>| Page::of(&window, files.into_iter().filter(|l| wanted(&l.file)).collect());
    Ok(found.into_iter().map(|files| connection(page(files), Node::new)).collect())
}
