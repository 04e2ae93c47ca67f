//! `viewer` and `AccountUserType`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::account::AccountFilter;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts;
use crate::domain::accounts::portfolios;
use crate::domain::accounts::users::{self, AccountUser};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.viewer", viewer);
    b.root("Query.accountUser", account_user);
    b.root("Query.accountUserFromAccountNumber", account_user_from_account_number);
    b.root("Query.getUsersForAccount", users_for_account);
    b.root("Query.getUsersForAccounts", users_for_accounts);
    b.batch("AccountUserType.accounts", accounts_of);
    b.batch("AccountUserType.portfolios", portfolios_of);
    b.batch("AccountUserType.portfolioId", portfolio_id_of);
    b.batch("AccountUserType.portfolioIds", portfolio_ids_of);
    b.dark(&[
        "AccountUserInputType.loadAccountCampaigns",
        "AccountUserInputType.brands",
        "AccountUserInputType.accountTypes",
        "AccountUserType.accounts.restrictToPublicFacingBrands",
        "AccountUserType.accounts.excludeAccountsWithoutAgreements",
        "AccountUserType.portfolios.restrictToPublicFacingBrands",
        "AccountUserType.portfolioIds.restrictToPublicFacingBrands",
    ]);
    b.leaves::<AccountUser>(
        "AccountUserType",
        &[
            ("id", |u| u.id.into()),
            ("number", |u| (&u.number).into()),
            ("givenName", |u| (&u.given_name).into()),
            ("familyName", |u| (&u.family_name).into()),
            ("firstName", |u| (&u.given_name).into()),
            ("lastName", |u| (&u.family_name).into()),
            ("fullName", |u| u.full_name().into()),
            ("displayName", |u| u.display_name().into()),
            ("preferredName", |u| (&u.preferred_name).into()),
            ("email", |u| (&u.email).into()),
            ("mobile", |u| (&u.mobile).into()),
            ("landline", |u| (&u.landline).into()),
            ("landlinePhoneNumber", |u| (&u.landline).into()),
            ("title", |u| (&u.title).into()),
            ("pronouns", |u| (&u.pronouns).into()),
            ("dateOfBirth", |u| u.date_of_birth.into()),
            ("isDeceased", |u| u.is_deceased.into()),
            ("isActive", |u| u.is_active.into()),
            ("createdAt", |u| u.created_at.into()),
            ("lastUpdatedAt", |u| u.updated_at.into()),
            ("isOptedInToWof", |u| u.is_in_for_wheel.into()),
        ],
    );
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UserInput {
    account_user_id: Option<String>,
    account_user_email: Option<String>,
}

async fn account_user(call: Call<'_>) -> Result<Resolved, FieldError> {
    Ok(Resolved::node(wanted(&call).await?))
}

/// The one user whom `input` names, by identifier or by e-mail.
pub(super) async fn wanted(call: &Call<'_>) -> Result<AccountUser, FieldError> {
    let input: UserInput = call.arg::<Option<UserInput>>("input")?.unwrap_or_default();
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    let id = match (input.account_user_id, input.account_user_email) {
        (Some(id), None) => id.parse().ok(),
        (None, Some(email)) => {
            users::id_by_email(&mut view, viewer, &email).await.map_err(FieldError::internal)?
        }
        _ => return Err(FieldError::code("KT-AU-5415")),
    };
    let found =
        users::by_ids(&mut view, viewer, id.as_slice()).await.map_err(FieldError::internal)?.pop().flatten();
    found.ok_or_else(|| FieldError::code("KT-CT-5412"))
}

/// An account that whoever calls may see was not among those asked for.
const NO_ACCOUNT: &str = "KT-CT-4178";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UserOfAccountInput {
    account_number: Option<String>,
    email_address: Option<String>,
}

/// Null where the account has nobody with the address.
async fn account_user_from_account_number(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: UserOfAccountInput = call.arg::<Option<UserOfAccountInput>>("input")?.unwrap_or_default();
    let people = people_of(&call, input.account_number.as_slice()).await?;
    let people = people.ok_or_else(|| FieldError::code(NO_ACCOUNT))?;
    let email = input.email_address.unwrap_or_default().trim().to_lowercase();
    let is_theirs = |user: &AccountUser| !email.is_empty() && user.email.to_lowercase() == email;
    Ok(Resolved::maybe(people.into_iter().find(is_theirs)))
}

async fn users_for_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let people = people_of(&call, &[number]).await?;
    people.map(Resolved::nodes).ok_or_else(|| FieldError::code(NO_ACCOUNT))
}

/// Accounts that can be asked about at once.
const MOST_ACCOUNTS: usize = 100;

async fn users_for_accounts(call: Call<'_>) -> Result<Resolved, FieldError> {
    let numbers: Vec<Option<String>> = call.arg("accountNumbers")?;
    if numbers.len() > MOST_ACCOUNTS {
        let text = format!("At most {MOST_ACCOUNTS} accounts can be asked about at once.");
        return Err(FieldError::code("KT-AU-5413").describe(text));
    }
    let numbers: Vec<String> = numbers.into_iter().flatten().collect();
    let people = people_of(&call, &numbers).await?;
    people.map(Resolved::nodes).ok_or_else(|| FieldError::code("KT-AU-5412"))
}

/// Everybody on those of the accounts that the viewer may see, once each, oldest first; none without such an account.
async fn people_of(call: &Call<'_>, numbers: &[String]) -> Result<Option<Vec<AccountUser>>, FieldError> {
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    let found = accounts::by_numbers(&mut view, viewer, numbers).await.map_err(FieldError::internal)?;
    let ids: Vec<i64> = found.into_iter().flatten().map(|account| account.id).collect();
    if ids.is_empty() {
        return Ok(None);
    }
    let held = users::of_accounts(&mut view, viewer, &ids).await.map_err(FieldError::internal)?;
    let each: BTreeMap<i64, AccountUser> = held.into_iter().flatten().map(|user| (user.id, user)).collect();
    Ok(Some(each.into_values().collect()))
}

/// Only account users are somebody's customer: staff and organisations have viewers of their own.
async fn viewer(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let myself = users::myself(&mut view, call.cx.viewer()).await.map_err(FieldError::internal)?;
    myself.map(Resolved::node).ok_or_else(|| FieldError::code(FORBIDDEN))
}

async fn accounts_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let filter: AccountFilter = call.args()?;
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|u| u.id).collect();
    let mut view = call.cx.read().await?;
    let held = accounts::of_users(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let wanted =
        held.into_iter().map(|accounts| accounts.into_iter().filter(|account| filter.wants(account)));
    Ok(wanted.map(|accounts| Resolved::List(accounts.map(account_node).collect())).collect())
}

/// The field is typed by the interface.
fn account_node(account: accounts::Account) -> Resolved {
    Resolved::Node(Node::typed("AccountType", account))
}

/// The brands that a call is limited to, if it is.
fn brands(call: &Call<'_>) -> Result<Option<Vec<String>>, FieldError> {
    let named: Option<Vec<Option<String>>> = call.arg("allowedBrandCodes")?;
    Ok(named.map(|codes| codes.into_iter().flatten().collect()))
}

async fn portfolios_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let brands = brands(&call)?;
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|u| u.id).collect();
    let mut view = call.cx.read().await?;
    let pages = portfolios::of_users(&mut view, call.cx.viewer(), &ids, brands.as_deref(), &window)
        .await
        .map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

/// The oldest of them.
async fn portfolio_id_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let held = ids_of(&call, None).await?;
    Ok(held.into_iter().map(|ids| Resolved::leaf(ids.first().copied())).collect())
}

async fn portfolio_ids_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let brands = brands(&call)?;
    let held = ids_of(&call, brands.as_deref()).await?;
    Ok(held.into_iter().map(Resolved::leaf).collect())
}

async fn ids_of(call: &Call<'_>, brands: Option<&[String]>) -> Result<Vec<Vec<i64>>, FieldError> {
    let users: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|u| u.id).collect();
    let mut view = call.cx.read().await?;
    let held = portfolios::ids_of_users(&mut view, call.cx.viewer(), &users, brands).await;
    held.map_err(FieldError::internal)
}
