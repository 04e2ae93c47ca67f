//! `viewer` and `AccountUserType`.

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
    b.batch("AccountUserType.accounts", accounts_of);
    b.batch("AccountUserType.portfolios", portfolios_of);
    b.dark(&[
        "AccountUserType.accounts.restrictToPublicFacingBrands",
        "AccountUserType.accounts.excludeAccountsWithoutAgreements",
        "AccountUserType.portfolios.restrictToPublicFacingBrands",
        "AccountUserType.portfolios.allowedBrandCodes",
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
        ],
    );
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

async fn portfolios_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|u| u.id).collect();
    let mut view = call.cx.read().await?;
    let pages = portfolios::of_users(&mut view, call.cx.viewer(), &ids, &window)
        .await
        .map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}
