//! `billingOptions`.

use chrono::{DateTime, Days, Utc};

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::billing::options;
use crate::graphql::{FieldError, Resolved};
use crate::platform::market::BillingOperation;

/// The options of an account, and the moment at which they are looked at.
struct Shown(options::Options, DateTime<Utc>);

impl Shown {
    fn issuing(&self) -> Option<&BillingOperation> {
        self.0.issuing(self.1)
    }
}

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.billingOptions", options_of);
    b.leaves::<Shown>(
        "BillingOptionsType",
        &[
            ("periodStartDay", |s| {
                s.issuing().and_then(|op| op.start).map(|start| i64::from(start.day)).into()
            }),
            ("periodLength", |s| s.issuing().and_then(options::length).map(|(unit, _)| unit).into()),
            ("periodLengthMultiplier", |s| {
                s.issuing().and_then(options::length).map(|(_, many)| many).into()
            }),
            ("isFixed", |s| s.issuing().is_some().into()),
            ("currentBillingPeriodStartDate", |s| s.0.current(s.1).0.into()),
            ("currentBillingPeriodEndDate", |s| s.0.current(s.1).1.map(|end| end - Days::new(1)).into()),
            ("nextBillingDate", |s| s.0.current(s.1).1.into()),
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
