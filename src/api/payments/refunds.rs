//! How much of an account's credit may be asked back: `maximumRefund` and its likes.

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::Account;
use crate::domain::payments::refunds::{self, Means};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.canRequestRefund", can_request);
    b.batch("AccountType.requestRefundEligibility", of_ledger);
    b.batch("AccountType.maximumRefund", of_ledger);
    b.leaves::<Means>(
        "RequestRefundEligibilityType",
        &[
            ("canRequestRefund", |m| m.obstacle().is_none().into()),
            ("reason", |m| m.obstacle().map(|obstacle| obstacle.code()).into()),
        ],
    );
    b.leaves::<Means>(
        "MaximumRefundType",
        &[
            ("amount", |m| m.maximum().0.into()),
            ("reasonToRecommendAmount", |m| m.maximum().1.code().into()),
            ("recommendedBalance", |m| m.recommended_balance().into()),
        ],
    );
}

async fn means(call: &Call<'_>, ledger_number: Option<&str>) -> Result<Vec<Option<Means>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    refunds::of_accounts(&mut view, call.cx.viewer(), &ids, ledger_number).await.map_err(FieldError::internal)
}

async fn can_request(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let may = |means: Option<Means>| means.is_some_and(|means| means.obstacle().is_none());
    Ok(means(&call, None).await?.into_iter().map(|means| Resolved::leaf(may(means))).collect())
}

async fn of_ledger(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let number: Option<String> = call.arg("ledgerNumber")?;
    Ok(means(&call, number.as_deref()).await?.into_iter().map(Resolved::maybe).collect())
}
