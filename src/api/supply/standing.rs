//! How accounts stand with their supply, and where people live.

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::Account;
use crate::domain::accounts::users::{self, AccountUser};
use crate::domain::supply::properties;
use crate::domain::supply::residences::{self, Residence};
use crate::domain::supply::standing::{self, Standing};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.isOnSupply", on_supply);
    b.batch("AccountType.meterPointStatus", statuses);
    b.batch("AccountUserType.primaryPlacesOfResidence", of_users);
    b.leaves::<Residence>(
        "PrimaryResidenceType",
        &[
            ("id", |r| r.id.into()),
            ("fromDate", |r| r.from().into()),
            ("toDate", |r| r.to().into()),
            ("updatedAt", |r| r.updated_at.into()),
        ],
    );
    b.batch("PrimaryResidenceType.property", properties_of);
    b.batch("PrimaryResidenceType.user", users_of);
}

async fn of_accounts(call: &Call<'_>) -> Result<Vec<Option<Standing>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    standing::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)
}

async fn on_supply(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let found = of_accounts(&call).await?.into_iter();
    Ok(found.map(|standing| Resolved::leaf(standing.map(|standing| standing.is_on_supply))).collect())
}

async fn statuses(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let found = of_accounts(&call).await?.into_iter();
    Ok(found.map(|standing| Resolved::leaf(standing.and_then(Standing::name))).collect())
}

async fn of_users(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|user| user.id).collect();
    let mut view = call.cx.read().await?;
    let found = residences::of_users(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}

async fn properties_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Residence>()?.iter().map(|home| home.property_id).collect();
    let mut view = call.cx.read().await?;
    let found = properties::by_ids(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}

async fn users_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Residence>()?.iter().map(|home| home.user_id).collect();
    let mut view = call.cx.read().await?;
    let found = users::by_ids(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}
