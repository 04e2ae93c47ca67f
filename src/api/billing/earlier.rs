//! Bills from whoever kept an account before.

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::billing::earlier::EarlierBill;
use crate::graphql::{FieldError, Leaf, Node, Resolved};
use crate::platform::page::Page;

use super::files::Linked;

pub(super) const PRE_KRAKEN: &str = "PreKrakenBillType";

pub(super) fn bind(b: &mut Bindings) {
    b.leaves::<EarlierBill>(
        PRE_KRAKEN,
        &[
            ("id", |e| e.id.into()),
            ("billType", |_| "PRE_KRAKEN".into()),
            ("fromDate", |e| e.from_date.into()),
            ("toDate", |e| e.to_date.into()),
            ("issuedDate", |e| e.issued_on.into()),
            ("identifier", |e| (&e.identifier).into()),
            ("grossAmount", |e| e.gross.0.into()),
            ("params", |e| Leaf::from(&e.params)),
        ],
    );
    b.batch("PreKrakenBillType.temporaryUrl", urls);
    b.batch("PreKrakenBillType.attachments", attachments);
}

async fn linked(call: &Call<'_>) -> Result<Vec<Option<Linked>>, FieldError> {
    let files = call.parents::<EarlierBill>()?.into_iter().map(EarlierBill::file).collect();
    Linked::all(call, files).await
}

async fn urls(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let found = linked(&call).await?;
    Ok(found.iter().map(|file| Resolved::leaf(file.as_ref().map(Linked::url))).collect())
}

/// The file of each, where there is one.
async fn attachments(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let page = |file: Option<Linked>| Page::of(&window, file.into_iter().collect::<Vec<_>>());
    Ok(linked(&call).await?.into_iter().map(|file| connection(page(file), Node::new)).collect())
}
