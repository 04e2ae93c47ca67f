//! `annualStatements` of accounts.

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::billing::annual::{self, Statement};
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.annualStatements", of_accounts);
    b.leaves::<Statement>(
        "AnnualStatementType",
        &[
            ("id", |s| s.id.into()),
            ("periodStartsAt", |s| s.period().map(|(from, _)| from).into()),
            ("periodEndsAt", |s| s.period().map(|(_, to)| to).into()),
        ],
    );
    b.batch("AnnualStatementType.pdfUrl", urls);
}

async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let found = annual::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|told| connection(Page::of(&window, told), Node::new)).collect())
}

/// A link to the file of each that works for a while.
async fn urls(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let app = &call.cx.app;
    let mut view = call.cx.read().await?;
    let (now, secret) = (view.wall_now(), app.link_secret(&mut view).await.map_err(FieldError::internal)?);
    let link = |told: &&Statement| app.files().link(&told.key(), secret, now).url;
    Ok(call.parents::<Statement>()?.iter().map(|told| Resolved::leaf(link(told))).collect())
}
