//! `bills` of accounts and of people, and one `bill`.

use chrono::NaiveDate;
use serde::Deserialize;

use super::documents::{bill_type, node};
use super::earlier::PRE_KRAKEN;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::users::AccountUser;
use crate::domain::billing::lists::{self, Bill, Filter, Order};
use crate::domain::billing::{documents, earlier};
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.bills", of_accounts);
    b.batch("AccountType.bill", one);
    b.batch("AccountUserType.bills", of_users);
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BillsArgs {
    #[serde(rename = "includeBillsWithoutPDF")]
    include_bills_without_pdf: Option<bool>,
    include_historic_statements: Option<bool>,
    include_open_statements: Option<bool>,
    include_held_statements: Option<bool>,
    only_current_email: Option<bool>,
    ledger_number: Option<String>,
    from_date: Option<NaiveDate>,
    to_date: Option<NaiveDate>,
    issued_from_date: Option<NaiveDate>,
    issued_to_date: Option<NaiveDate>,
    account_numbers: Option<Vec<Option<String>>>,
    order_by: Option<String>,
}

impl BillsArgs {
    fn filter(self) -> Filter {
        Filter {
            with_open: self.include_open_statements == Some(true),
            with_held: self.include_held_statements == Some(true),
            only_current_email: self.only_current_email == Some(true),
            with_fileless: self.include_bills_without_pdf == Some(true),
            without_earlier: self.include_historic_statements == Some(false),
            ledger_number: self.ledger_number,
            from_date: self.from_date,
            to_date: self.to_date,
            issued_from: self.issued_from_date,
            issued_to: self.issued_to_date,
            account_numbers: self.account_numbers.map(|numbers| numbers.into_iter().flatten().collect()),
            order: match self.order_by.as_deref() {
                Some("ISSUED_DATE_DESC") => Order::IssuedDate,
                _ => Order::FromDate,
            },
        }
    }
}

fn connections(pages: Vec<Page<Bill>>) -> Vec<Resolved> {
    pages.into_iter().map(|page| connection(page, any_node)).collect()
}

/// A bill as the object that it is.
fn any_node(bill: Bill) -> Node {
    match bill {
        Bill::Own(document) => node(*document),
        Bill::Earlier(bill) => Node::typed(PRE_KRAKEN, bill),
    }
}

async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let filter = call.args::<BillsArgs>()?.filter();
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    let found = lists::of_accounts(&mut view, call.cx.viewer(), &ids, &filter, &window).await;
    found.map(connections).map_err(FieldError::internal)
}

async fn of_users(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let filter = call.args::<BillsArgs>()?.filter();
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|u| u.id).collect();
    let mut view = call.cx.read().await?;
    let found = lists::of_users(&mut view, call.cx.viewer(), &ids, &filter, &window).await;
    found.map(connections).map_err(FieldError::internal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BillArgs {
    id: String,
    identifier: Option<String>,
    bill_type: Option<String>,
    ledger_number: Option<String>,
}

/// The bill of an id, if it is the account's and everything else that was said of it is so.
async fn one(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let args: BillArgs = call.args()?;
    let parents: Vec<&Account> = call.parents()?;
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    let id: Option<i64> = args.id.parse().ok();
    let own = documents::by_ids(&mut view, viewer, id.as_slice()).await.map_err(FieldError::internal)?;
    let from_before =
        earlier::by_ids(&mut view, viewer, id.as_slice()).await.map_err(FieldError::internal)?;
    let is = |given: &Option<String>, known: Option<&str>| given.is_none() || given.as_deref() == known;
    let own = own.into_iter().flatten().next().filter(|bill| {
        is(&args.identifier, bill.number.as_deref())
            && is(&args.bill_type, Some(bill_type(bill)))
            && is(&args.ledger_number, Some(&bill.ledger_number))
    });
    let from_before = from_before.into_iter().flatten().next().filter(|bill| {
        is(&args.identifier, Some(&bill.identifier))
            && is(&args.bill_type, Some("PRE_KRAKEN"))
            && args.ledger_number.is_none()
    });
    let found = own.map(|bill| (bill.account_id, Bill::Own(Box::new(bill))));
    let found = found.or_else(|| from_before.map(|bill| (bill.account_id, Bill::Earlier(bill))));
    let of = |account: &&Account| {
        let mine = found.clone().filter(|(whose, _)| *whose == account.id);
        mine.map_or(Resolved::Null, |(_, bill)| Resolved::Node(any_node(bill)))
    };
    Ok(parents.iter().map(of).collect())
}
