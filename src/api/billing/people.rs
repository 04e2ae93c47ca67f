//! `transactions` of people.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::ledgers::transaction;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::users::AccountUser;
use crate::domain::ledgers::Order;
use crate::domain::ledgers::of_users::{self, Filter};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountUserType.transactions", transactions);
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TransactionsArgs {
    exclude_imported_transactions: Option<bool>,
    exclude_unissued_transactions: Option<bool>,
    from_date: Option<NaiveDate>,
    to_date: Option<NaiveDate>,
    account_numbers: Option<Vec<Option<String>>>,
    order_by: Option<String>,
}

async fn transactions(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let args: TransactionsArgs = call.args()?;
    let filter = Filter {
        without_imported: args.exclude_imported_transactions == Some(true),
        without_unissued: args.exclude_unissued_transactions == Some(true),
        from_date: args.from_date,
        to_date: args.to_date,
        account_numbers: args.account_numbers.map(|numbers| numbers.into_iter().flatten().collect()),
        order: match args.order_by.as_deref() {
            Some("POSTED_DATE_ASC") => Order::PostedDateAsc,
            _ => Order::PostedDateDesc,
        },
    };
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|u| u.id).collect();
    let mut view = call.cx.read().await?;
    let pages = of_users::page(&mut view, call.cx.viewer(), &ids, &filter, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, transaction::node)).collect())
}
