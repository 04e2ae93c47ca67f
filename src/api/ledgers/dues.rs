//! What is owed on accounts: in all, by the day on which it falls due, and what is overdue.

use chrono::NaiveDate;

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::ledgers::dues::{self, Due};
use crate::graphql::{FieldError, Resolved};
use crate::platform::money::Minor;

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.overdueBalance", overdue);
    b.batch("AccountType.totalBalanceOwing", owing);
    b.batch("AccountType.dueCharges", due);
    b.leaves::<Due>("DueChargesType", &[("amount", |d| d.amount.into()), ("dueDate", |d| d.due_date.into())]);
}

fn parents(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Account>()?.iter().map(|account| account.id).collect())
}

fn shown(amounts: Vec<Option<Minor>>) -> Vec<Resolved> {
    amounts.into_iter().map(|amount| Resolved::leaf(amount.map(|amount| amount.0))).collect()
}

async fn overdue(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = parents(&call)?;
    let mut view = call.cx.read().await?;
    dues::overdue(&mut view, call.cx.viewer(), &ids).await.map(shown).map_err(FieldError::internal)
}

async fn owing(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = parents(&call)?;
    let mut view = call.cx.read().await?;
    dues::owing(&mut view, call.cx.viewer(), &ids).await.map(shown).map_err(FieldError::internal)
}

async fn due(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let day: Option<NaiveDate> = call.arg("asOfDate")?;
    let ids = parents(&call)?;
    let mut view = call.cx.read().await?;
    let found = dues::due(&mut view, call.cx.viewer(), &ids, day).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}
