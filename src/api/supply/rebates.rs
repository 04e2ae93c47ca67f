//! What the states pay towards what households are charged: `eligibleRebates`.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::supply::agreed::Agreement;
use crate::domain::supply::rebates::{self, Asked, Eligible};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("DistributionAgreementType.eligibleRebates", eligible);
    b.leaves::<Eligible>(
        "RebateType",
        &[
            ("displayName", |e| (&e.rate.name).into()),
            ("creditReason", |e| (&e.rate.credit_reason).into()),
            ("rebateCents", |e| e.rate.daily.map(|daily| daily.normalize()).into()),
            ("percentageDiscount", |e| {
                e.rate.share.map(|share| (share * Decimal::ONE_HUNDRED).normalize()).into()
            }),
            ("startAt", |e| e.from.into()),
            ("endAt", |e| e.to.into()),
            ("appliedTo", |e| {
                // A share is one of all that a day costs; so much a day is paid whatever it costs.
                if e.rate.share.is_some() { vec!["USAGE", "SERVICE_CHARGE"] } else { vec!["INVOICE"] }.into()
            }),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    start_at: Option<DateTime<Utc>>,
    end_at: Option<DateTime<Utc>>,
    rebate_amount_effective_at: Option<DateTime<Utc>>,
}

async fn eligible(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let wanted: Wanted = call.args()?;
    let asked =
        Asked { from: wanted.start_at, to: wanted.end_at, amounts_at: wanted.rebate_amount_effective_at };
    let agreements = call.parents::<Agreement>()?;
    let mut view = call.cx.read().await?;
    let found = rebates::eligible(&mut view, &agreements, &asked).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}
