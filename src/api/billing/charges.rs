//! `charges`: what a bill charges for.

use crate::api::session::{Bindings, Call};
use crate::api::supply::line_items_of_charge;
use crate::domain::billing::{contents, documents};
use crate::domain::ledgers::transactions::{Kind, Transaction};
use crate::domain::supply::charging;
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.charges", charges);
    b.leaves::<Transaction>(
        "ChargeType",
        &[("grossAmount", |t| t.amount.0.into()), ("salesTaxAmount", |t| t.tax_amount.0.into())],
    );
    b.batch("ChargeType.lineItems", line_items);
}

/// What charges for supply are made of; none of other charges.
async fn line_items(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Transaction>()?.iter().map(|transaction| transaction.id).collect();
    let mut view = call.cx.read().await?;
    let shown = charging::of_transactions(&mut view, &ids).await.map_err(FieldError::internal)?;
    let items = |id| shown.get(id).map_or_else(|| Resolved::List(Vec::new()), line_items_of_charge);
    Ok(ids.iter().map(items).collect())
}

/// Null where the account has no issued bill of that name; the id of a bill is as good as its number.
async fn charges(call: Call<'_>) -> Result<Resolved, FieldError> {
    let account: String = call.arg("accountNumber")?;
    let name: String = call.arg("billingDocumentIdentifier")?;
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    let found = documents::named(&mut view, viewer, &account, &name).await.map_err(FieldError::internal)?;
    let Some(bill) = found.filter(documents::Document::is_issued) else { return Ok(Resolved::Null) };
    let found = contents::all(&mut view, viewer, bill.id).await.map_err(FieldError::internal)?;
    Ok(Resolved::nodes(found.into_iter().filter(|transaction| transaction.kind() == Kind::Charge)))
}
