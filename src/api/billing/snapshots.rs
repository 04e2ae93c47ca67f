//! `billToLatestSmartMeterSnapshot`.

use rust_decimal::Decimal;
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::billing::snapshots::{self, Billed, SnapshotError};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.billToLatestSmartMeterSnapshot", bill);
    b.leaves::<Billed>(
        "BillToLatestSmartMeterSnapshot",
        &[
            ("billedToDate", |billed| billed.to.into()),
            ("currentBalance", |billed| Decimal::from(billed.balance.0).into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BillInput {
    account_number: String,
    mpan: String,
}

async fn bill(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: BillInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done =
        call.cx.write("Mutation.billToLatestSmartMeterSnapshot", number, &input, |tx, viewer, input| {
            Box::pin(snapshots::bill(tx, viewer, &input.account_number, &input.mpan))
        });
    done.await.map(Resolved::node).map_err(|error| match error {
        SnapshotError::Forbidden => FieldError::code(FORBIDDEN),
        SnapshotError::UnknownAccount => FieldError::code("KT-CT-4178"),
        SnapshotError::NoPoint => FieldError::code("KT-CT-4645"),
        SnapshotError::NoAgreement => FieldError::code("KT-GB-4120"),
        SnapshotError::NotSmart => FieldError::code("KT-GB-4033").describe("The meter is no smart meter."),
        SnapshotError::NothingSent => {
            FieldError::code("KT-GB-4034").describe("The meter has sent nothing yet.")
        }
        SnapshotError::Database(error) => FieldError::internal(error),
    })
}
