//! `billingOptions`.

use chrono::{DateTime, Days, Utc};

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::billing::options;
use crate::graphql::{FieldError, Resolved};

/// The options of an account, and the moment at which they are looked at.
struct Shown(options::Options, DateTime<Utc>);

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.billingOptions", options_of);
    b.leaves::<Shown>(
        "BillingOptionsType",
        &[
            ("periodStartDay", |s| i64::from(s.0.start_day()).into()),
            ("periodLength", |s| (&s.0.period_length).into()),
            ("periodLengthMultiplier", |s| i64::from(s.0.multiplier).into()),
            ("isFixed", |s| s.0.is_fixed.into()),
            ("currentBillingPeriodStartDate", |s| {
                s.0.current(s.1).map_or_else(|| s.0.unbilled_from(), |period| period.from).into()
            }),
            ("currentBillingPeriodEndDate", |s| {
                s.0.current(s.1).map(|period| period.to - Days::new(1)).into()
            }),
            ("nextBillingDate", |s| s.0.current(s.1).map(|period| period.to).into()),
        ],
    );
}

async fn options_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    let now = view.business_now().await.map_err(FieldError::internal)?;
    let found =
        options::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|options| Resolved::maybe(options.map(|o| Shown(o, now)))).collect())
}
