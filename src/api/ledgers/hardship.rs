//! `isInHardship` and what stands behind it.

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::users::AccountUser;
use crate::domain::ledgers::hardship::{self, Agreement, Assistance};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.isInHardship", accounts_in);
    b.batch("AccountType.activeHardshipAgreements", agreements);
    b.batch("AccountType.assistanceAgreements", assistance);
    b.batch("AccountUserType.isInHardship", users_in);
    b.leaves::<Agreement>(
        "HardshipAgreementType",
        &[
            ("id", |a| a.id.into()),
            ("hardshipType", |a| (&a.hardship_type).into()),
            ("hardshipDetails", |a| (&a.details).into()),
            ("hardshipEntryReason", |a| (&a.entry_reason).into()),
            ("paymentPlanDetails", |a| (&a.payment_plan).into()),
            ("startDate", |a| a.started_on.into()),
        ],
    );
    b.leaves::<Assistance>(
        "AssistanceAgreementType",
        &[
            ("assistanceType", |a| (&a.code).into()),
            ("activeFrom", |a| a.from.into()),
            ("activeTo", |a| a.to.into()),
        ],
    );
}

async fn of_accounts(call: &Call<'_>) -> Result<Vec<Option<Vec<Agreement>>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    hardship::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)
}

async fn accounts_in(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let found = of_accounts(&call).await?;
    Ok(found.into_iter().map(|all| Resolved::leaf(all.map(|all| !all.is_empty()))).collect())
}

async fn agreements(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let found = of_accounts(&call).await?;
    Ok(found.into_iter().map(|all| all.map_or(Resolved::Null, Resolved::nodes)).collect())
}

async fn assistance(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let found = hardship::assistance_of_accounts(&mut view, call.cx.viewer(), &ids).await;
    let found = found.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|all| all.map_or(Resolved::Null, Resolved::nodes)).collect())
}

async fn users_in(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|user| user.id).collect();
    let mut view = call.cx.read().await?;
    let found = hardship::of_users(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::leaf).collect())
}
