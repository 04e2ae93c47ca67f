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
pub(super) struct Linked {
    file: File,
    link: Link,
}

impl Linked {
    /// Each of these files with a link.
    pub async fn all(call: &Call<'_>, files: Vec<Option<File>>) -> Result<Vec<Option<Self>>, FieldError> {
        let app = &call.cx.app;
        let mut view = call.cx.read().await?;
        let now = view.wall_now();
        let secret = app.link_secret(&mut view).await.map_err(FieldError::internal)?;
        let link = |file: File| Self { link: app.files().link(&file.key, secret, now), file };
        Ok(files.into_iter().map(|file| file.map(link)).collect())
    }

    /// The link.
    pub fn url(&self) -> &str {
        &self.link.url
    }
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

/// The file of each of the parents, with a link; none of what was not issued.
async fn linked(call: &Call<'_>) -> Result<Vec<Option<Linked>>, FieldError> {
    Linked::all(call, call.parents::<Document>()?.into_iter().map(files::of).collect()).await
}

async fn urls(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let found = linked(&call).await?;
    Ok(found.iter().map(|file| Resolved::leaf(file.as_ref().map(Linked::url))).collect())
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

/// The files that are wanted, as a page: so far there is one at most.
async fn listed(call: &Call<'_>, wanted: impl Fn(&File) -> bool) -> Result<Vec<Resolved>, FieldError> {
    let window = window(call)?;
    let page = |file: Option<Linked>| {
        Page::of(&window, file.into_iter().filter(|l| wanted(&l.file)).collect::<Vec<_>>())
    };
    Ok(linked(call).await?.into_iter().map(|file| connection(page(file), Node::new)).collect())
}
