//! Payment instructions and their owners, wherever they are listed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::businesses::{self, Business};
use crate::domain::accounts::users::{self, AccountUser};
use crate::domain::ledgers::ledgers::Ledger;
use crate::domain::payments::instructions::{self, DIRECT_DEBIT, Instruction, Parent, Which};
use crate::domain::payments::owners::{self, Owner};
use crate::graphql::{FieldError, Leaves, Node, Resolved};

/// An owner whom the viewer may see.
enum Shown {
    User(AccountUser),
    Business(Business),
}

const DIRECT_DEBIT_TYPE: &str = "DirectDebitInstructionType";
const INSTRUCTION_TYPE: &str = "PaymentInstructionType";

const COMMON: Leaves<Instruction> = &[
    ("id", |i| i.id.into()),
    ("sortCode", |i| i.sort_code().into()),
    ("iban", |i| i.masked_iban().unwrap_or_default().into()),
    ("accountHolder", |i| (&i.account_holder).into()),
    ("instructionType", |i| (&i.instruction_type).into()),
    ("lastFourDigitsOfAccountNumber", |i| (&i.last_four).into()),
    ("maskedAccountIdentifier", |i| (&i.masked_identifier).into()),
    ("maskedIban", |i| i.masked_iban().into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.leaves(DIRECT_DEBIT_TYPE, COMMON).leaves(INSTRUCTION_TYPE, COMMON);
    b.leaves::<Instruction>(DIRECT_DEBIT_TYPE, &[("status", |i| i.direct_debit_status().into())]);
    b.leaves::<Instruction>(
        INSTRUCTION_TYPE,
        &[
            ("status", |i| (&i.status).into()),
            ("validFrom", |i| i.valid_from.into()),
            ("vendor", |i| (&i.vendor).into()),
            ("bankCode", |i| filled(&i.bank_code).into()),
            ("accountType", |i| filled(&i.bank_account_type).into()),
            ("cardNumber", |i| i.card_number().into()),
            ("cardType", |i| i.card_type.as_deref().into()),
            ("cardPaymentNetwork", |i| i.card_network.as_deref().into()),
            ("cardExpiryMonth", |i| i.card_expiry_month.map(i64::from).into()),
            ("cardExpiryYear", |i| i.card_expiry_year.map(i64::from).into()),
        ],
    );
    b.batch("DirectDebitInstructionType.owners", owners_of);
    b.batch("PaymentInstructionType.owners", owners_of);
    b.parts::<Shown>(
        "PaymentInstructionOwnerType",
        &[
            ("accountUser", |shown| match shown {
                Shown::User(user) => Resolved::node(user.clone()),
                Shown::Business(_) => Resolved::maybe(None::<AccountUser>),
            }),
            ("business", |shown| match shown {
                Shown::User(_) => Resolved::maybe(None::<Business>),
                Shown::Business(business) => Resolved::node(business.clone()),
            }),
        ],
    );
    b.batch("AccountType.directDebitInstructions", direct_debits_of_accounts);
    b.batch("AccountType.paymentInstructions", all_of_accounts);
    b.batch("AccountType.paymentMethods", good_of_accounts);
    b.batch("AccountUserType.paymentMethods", of_users);
    b.batch("BusinessType.paymentMethods", of_businesses);
    b.batch("LedgerType.usablePaymentInstructions", usable_of_ledgers);
    b.batch("LedgerType.currentDirectDebitInstructionInvalidatedWithVendor", invalidated_with_vendor);
}

fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

async fn owners_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Instruction>()?.iter().map(|i| i.id).collect();
    let (mut view, viewer) = (call.cx.read().await?, call.cx.viewer());
    let found = owners::of_instructions(&mut view, &ids).await.map_err(FieldError::internal)?;
    let all = || found.iter().flatten();
    let people: Vec<i64> =
        all().filter_map(|owner| if let Owner::User(id) = owner { Some(*id) } else { None }).collect();
    let firms: Vec<i64> =
        all().filter_map(|owner| if let Owner::Business(id) = owner { Some(*id) } else { None }).collect();
    let users = users::by_ids(&mut view, viewer, &people).await.map_err(FieldError::internal)?;
    let businesses = businesses::by_ids(&mut view, viewer, &firms).await.map_err(FieldError::internal)?;
    let users: HashMap<i64, AccountUser> = users.into_iter().flatten().map(|user| (user.id, user)).collect();
    let businesses: HashMap<i64, Business> =
        businesses.into_iter().flatten().map(|business| (business.id, business)).collect();
    let shown = |owner: &Owner| match owner {
        Owner::User(id) => users.get(id).cloned().map(Shown::User),
        Owner::Business(id) => businesses.get(id).cloned().map(Shown::Business),
    };
    Ok(found.iter().map(|owners| Resolved::nodes(owners.iter().filter_map(shown))).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListArgs {
    statuses: Option<Vec<Option<String>>>,
    valid_at: Option<DateTime<Utc>>,
    usable_at: Option<DateTime<Utc>>,
}

impl ListArgs {
    fn which(self) -> Which {
        let statuses = self.statuses.map(|all| all.into_iter().flatten().collect());
        Which { kind: None, statuses, valid_at: self.valid_at, usable_at: self.usable_at }
    }
}

async fn listed(
    call: &Call<'_>,
    parent: Parent,
    ids: &[i64],
    which: &Which,
) -> Result<Vec<Resolved>, FieldError> {
    let window = window(call)?;
    let mut view = call.cx.read().await?;
    let pages = instructions::page_of(&mut view, call.cx.viewer(), parent, ids, which, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

fn accounts(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Account>()?.iter().map(|account| account.id).collect())
}

async fn direct_debits_of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let which = Which { kind: Some(DIRECT_DEBIT), ..call.args::<ListArgs>()?.which() };
    listed(&call, Parent::Account, &accounts(&call)?, &which).await
}

async fn all_of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let which = call.args::<ListArgs>()?.which();
    listed(&call, Parent::Account, &accounts(&call)?, &which).await
}

/// Those that have failed or ended only if they are asked for.
async fn good_of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let mut which = call.args::<ListArgs>()?.which();
    which.statuses.get_or_insert_with(|| vec!["ACTIVE".to_owned(), "PROVISIONAL".to_owned()]);
    listed(&call, Parent::Account, &accounts(&call)?, &which).await
}

async fn of_users(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|user| user.id).collect();
    listed(&call, Parent::User, &ids, &call.args::<ListArgs>()?.which()).await
}

async fn of_businesses(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Business>()?.iter().map(|business| business.id).collect();
    listed(&call, Parent::Business, &ids, &call.args::<ListArgs>()?.which()).await
}

fn ledgers(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Ledger>()?.iter().map(|ledger| ledger.id).collect())
}

async fn usable_of_ledgers(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let mut which = call.args::<ListArgs>()?.which();
    if which.usable_at.is_none() {
        which.usable_at = Some(call.cx.read().await?.business_now().await.map_err(FieldError::internal)?);
    }
    listed(&call, Parent::Ledger, &ledgers(&call)?, &which).await
}

async fn invalidated_with_vendor(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ledgers(&call)?;
    let mut view = call.cx.read().await?;
    let found = instructions::ended_by_banks(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(ids.iter().map(|id| Resolved::leaf(found.get(id).copied())).collect())
}
