//! `userSyncPayload`: what an identity store needs to mirror an account user.

use super::user;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::businesses::{self, Business};
use crate::domain::accounts::users::AccountUser;
use crate::domain::accounts::{billing, portfolios, roles, users};
use crate::graphql::{FieldError, Leaf, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.userSyncPayload", user_sync_payload);
    b.leaves::<Mirrored>(
        "UserSyncPayloadType",
        &[
            ("accountUserId", |m| m.0.id.into()),
            ("givenName", |m| (&m.0.given_name).into()),
            ("familyName", |m| (&m.0.family_name).into()),
            ("dateOfBirth", |m| m.0.date_of_birth.map(|day| day.to_string()).into()),
            ("email", |m| (&m.0.email).into()),
            ("mobile", |m| (&m.0.mobile).into()),
            ("landline", |m| (&m.0.landline).into()),
        ],
    );
    b.batch("UserSyncPayloadType.accountUserRoles", account_roles);
    b.batch("UserSyncPayloadType.portfolioUserRoles", portfolio_roles);
    b.batch("UserSyncPayloadType.businessUserRoles", business_roles);
    b.batch("UserSyncPayloadType.accounts", accounts_of);
    b.leaves::<OnAccount>(
        "SyncAccountUserRoleType",
        &[("accountNumber", |r| (&r.number).into()), ("role", |r| (&r.role).into())],
    );
    b.leaves::<OnPortfolio>(
        "SyncPortfolioUserRoleType",
        &[
            ("portfolioId", |r| r.id.into()),
            ("portfolioNumber", |r| (&r.number).into()),
            ("role", |r| (&r.role).into()),
        ],
    );
    b.leaves::<OnBusiness>(
        "SyncBusinessUserRoleType",
        &[
            ("businessId", |r| r.business.id.into()),
            ("businessNumber", |r| (&r.business.number).into()),
            ("businessName", |r| (&r.business.name).into()),
            ("role", |r| (&r.role).into()),
        ],
    );
    b.leaves::<SyncAccount>(
        "SyncAccountType",
        &[
            ("number", |a| (&a.0.number).into()),
            ("brand", |a| (&a.0.brand).into()),
            ("accountType", |a| (&a.0.account_type).into()),
            ("status", |a| (&a.0.status).into()),
            ("billingAddressLine1", |a| (&a.0.billing_address_line1).into()),
            ("billingAddressLine2", |a| (&a.0.billing_address_line2).into()),
            ("billingAddressLine3", |a| (&a.0.billing_address_line3).into()),
            ("billingAddressLine4", |a| (&a.0.billing_address_line4).into()),
            ("billingAddressLine5", |a| (&a.0.billing_address_line5).into()),
            ("billingPostcode", |a| (&a.0.billing_postcode).into()),
        ],
    );
    b.batch("SyncAccountType.portfolioNumber", portfolio_numbers);
    b.batch("SyncAccountType.commsDeliveryPreference", deliveries);
    b.batch("SyncAccountType.linkedUserIds", linked_users);
    b.batch("SyncAccountType.business", businesses_of);
    b.leaves::<SyncBusiness>(
        "SyncBusinessType",
        &[("name", |z| (&z.0.name).into()), ("number", |z| (&z.0.number).into())],
    );
}

/// The user who is mirrored.
pub(super) struct Mirrored(pub(super) AccountUser);
/// An account of theirs.
struct SyncAccount(Account);
/// Its business.
struct SyncBusiness(Business);

struct OnAccount {
    number: String,
    role: String,
}

struct OnPortfolio {
    id: i64,
    number: String,
    role: String,
}

struct OnBusiness {
    business: Business,
    role: String,
}

/// Accounts are read from the first on: this is refused for the whole answer, because half a mirror is none.
async fn user_sync_payload(call: Call<'_>) -> Result<Resolved, FieldError> {
    if ["last", "before"].into_iter().any(|name| call.writes("accounts", name)) {
        return Err(FieldError::code("KT-AU-5410"));
    }
    Ok(Resolved::node(Mirrored(user::wanted(&call).await?)))
}

fn user_ids(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Mirrored>()?.iter().map(|mirrored| mirrored.0.id).collect())
}

async fn account_roles(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (ids, viewer) = (user_ids(&call)?, call.cx.viewer());
    let mut view = call.cx.read().await?;
    let held = roles::on_accounts(&mut view, viewer, &ids, None).await.map_err(FieldError::internal)?;
    let mut all = Vec::new();
    for held in held {
        let on: Vec<i64> = held.iter().map(|role| role.account_id).collect();
        let found = accounts::by_ids(&mut view, viewer, &on).await.map_err(FieldError::internal)?;
        let rows = held.into_iter().zip(found);
        let rows =
            rows.filter_map(|(held, account)| Some(OnAccount { number: account?.number, role: held.role }));
        all.push(Resolved::nodes(rows));
    }
    Ok(all)
}

async fn portfolio_roles(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (ids, viewer) = (user_ids(&call)?, call.cx.viewer());
    let mut view = call.cx.read().await?;
    let held =
        roles::on_portfolios(&mut view, viewer, &ids, None, None).await.map_err(FieldError::internal)?;
    let mut all = Vec::new();
    for held in held {
        let on: Vec<i64> = held.iter().map(|role| role.portfolio_id).collect();
        let found = portfolios::by_ids(&mut view, viewer, &on).await.map_err(FieldError::internal)?;
        let rows = held.into_iter().zip(found).filter_map(|(held, portfolio)| {
            let portfolio = portfolio?;
            Some(OnPortfolio { id: portfolio.id, number: portfolio.number, role: held.role })
        });
        all.push(Resolved::nodes(rows));
    }
    Ok(all)
}

async fn business_roles(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (ids, viewer) = (user_ids(&call)?, call.cx.viewer());
    let mut view = call.cx.read().await?;
    let held = businesses::roles_of_users(&mut view, viewer, &ids).await.map_err(FieldError::internal)?;
    let mut all = Vec::new();
    for held in held {
        let on: Vec<i64> = held.iter().map(|role| role.business_id).collect();
        let found = businesses::by_ids(&mut view, viewer, &on).await.map_err(FieldError::internal)?;
        let rows = held.into_iter().zip(found);
        let rows =
            rows.filter_map(|(held, business)| Some(OnBusiness { business: business?, role: held.role }));
        all.push(Resolved::nodes(rows));
    }
    Ok(all)
}

async fn accounts_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids = user_ids(&call)?;
    let mut view = call.cx.read().await?;
    let pages = accounts::page_of_users(&mut view, call.cx.viewer(), &ids, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, |account| Node::new(SyncAccount(account)))).collect())
}

fn account_ids(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<SyncAccount>()?.iter().map(|account| account.0.id).collect())
}

async fn portfolio_numbers(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<SyncAccount>()?.iter().map(|account| account.0.portfolio_id).collect();
    let mut view = call.cx.read().await?;
    let found = portfolios::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.iter().map(|one| Resolved::leaf(one.as_ref().map(|one| one.number.as_str()))).collect())
}

async fn deliveries(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = account_ids(&call)?;
    let mut view = call.cx.read().await?;
    let found =
        billing::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.iter().map(|one| Resolved::leaf(one.as_ref().map(|one| one.delivery()))).collect())
}

async fn linked_users(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = account_ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = users::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let texts = |users: Vec<AccountUser>| -> Vec<Leaf<'_>> {
        users.iter().map(|user| user.id.to_string().into()).collect()
    };
    Ok(found.into_iter().map(|users| Resolved::leaf(Leaf::List(texts(users)))).collect())
}

async fn businesses_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = account_ids(&call)?;
    let mut view = call.cx.read().await?;
    let found =
        businesses::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|business| Resolved::maybe(business.map(SyncBusiness))).collect())
}
