//! `account` and the plain fields of `AccountType`.

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::{portfolios, users};
use crate::graphql::{FieldError, Leaf, Resolved};

/// Not yours, or not there: the difference is not told.
pub(in crate::api) const NOT_YOURS: &str = "KT-CT-4177";

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.account", account);
    b.root("Query.accounts", accounts_found);
    b.batch("AccountType.users", users_of);
    b.batch("AccountType.linkedUserIds", user_ids_of);
    b.batch("AccountType.portfolio", portfolio_of);
    b.leaves::<Account>(
        "AccountType",
        &[
            ("id", |a| a.id.into()),
            ("number", |a| (&a.number).into()),
            ("status", |a| (&a.status).into()),
            ("brand", |a| (&a.brand).into()),
            ("urn", |a| (&a.urn).into()),
            ("accountType", |a| (&a.account_type).into()),
            ("createdAt", |a| a.created_at.into()),
            ("preferredLanguageForComms", |a| a.language().into()),
            ("billingName", |a| (&a.billing_name).into()),
            ("billingSubName", |a| (&a.billing_sub_name).into()),
            ("billingEmail", |a| (&a.billing_email).into()),
            ("billingAddress", |a| a.billing_address().into()),
            ("billingAddressLine1", |a| (&a.billing_address_line1).into()),
            ("billingAddressLine2", |a| (&a.billing_address_line2).into()),
            ("billingAddressLine3", |a| (&a.billing_address_line3).into()),
            ("billingAddressLine4", |a| (&a.billing_address_line4).into()),
            ("billingAddressLine5", |a| (&a.billing_address_line5).into()),
            ("billingAddressPostcode", |a| (&a.billing_postcode).into()),
            ("billingCountryCode", |a| (&a.billing_country).into()),
            ("billingDeliveryPointIdentifier", |a| (&a.billing_delivery_point).into()),
            ("splitBillingAddress", |a| Leaf::List(a.address_lines().map(Leaf::from).collect())),
        ],
    );
}

async fn account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let found = accounts::by_number_with(&mut view, call.cx.viewer(), &number, call.selects("balance")).await;
    let found = found.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(|| FieldError::code(NOT_YOURS))
}

/// By exactly one of the two. What nothing fits is an empty list, as is what the viewer may not see.
async fn accounts_found(call: Call<'_>) -> Result<Resolved, FieldError> {
    let phone: Option<String> = call.arg("phoneNumber")?;
    let portfolio: Option<String> = call.arg("portfolioNumber")?;
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    let found = match (phone, portfolio) {
        (Some(phone), None) => accounts::by_phone(&mut view, viewer, &phone).await,
        (None, Some(number)) => accounts::in_portfolio(&mut view, viewer, &number).await,
        _ => return Err(FieldError::code("KT-CT-4184")),
    };
    Ok(Resolved::nodes(found.map_err(FieldError::internal)?))
}

async fn users_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    let users = users::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(users.into_iter().map(Resolved::nodes).collect())
}

async fn user_ids_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    let users = users::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(users.iter().map(|held| Resolved::leaf(held.iter().map(|u| u.id).collect::<Vec<i64>>())).collect())
}

async fn portfolio_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.portfolio_id).collect();
    let mut view = call.cx.read().await?;
    let found = portfolios::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

/// Account filters that several fields share.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AccountFilter {
    allowed_brand_codes: Option<Vec<Option<String>>>,
    restrict_to_account_numbers: Option<Vec<Option<String>>>,
    exclude_account_types: Option<Vec<Option<String>>>,
}

impl AccountFilter {
    /// Whether an account is wanted. An empty list of brands or numbers lets nothing through.
    pub(super) fn wants(&self, account: &Account) -> bool {
        let lists = |list: &Option<Vec<Option<String>>>, value: &str| {
            list.as_ref().map(|list| list.iter().flatten().any(|each| each == value))
        };
        lists(&self.allowed_brand_codes, &account.brand) != Some(false)
            && lists(&self.restrict_to_account_numbers, &account.number) != Some(false)
            && lists(&self.exclude_account_types, &account.account_type) != Some(true)
    }
}
