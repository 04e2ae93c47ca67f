//! `accountDebtPosition`.

use chrono::NaiveDate;

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::debts::{self, DebtError, LedgerPosition, Position};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.accountDebtPosition", debt_position);
    b.leaves::<Position>("AccountDebtPositionType", &[("accountNumber", |p| (&p.account_number).into())]);
    b.parts::<Position>(
        "AccountDebtPositionType",
        &[("ledgerDebtPositions", |p| Resolved::nodes(p.ledgers.iter().cloned()))],
    );
    b.leaves::<LedgerPosition>(
        "LedgerDebtPositionType",
        &[
            ("ledgerNumber", |l| (&l.number).into()),
            ("delinquentDebtAmount", |l| l.delinquent.into()),
            ("status", |l| if l.delinquent.is_some() { "OK" } else { "UNAVAILABLE" }.into()),
        ],
    );
}

async fn debt_position(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let day: Option<NaiveDate> = call.arg("asOn")?;
    let mut view = call.cx.read().await?;
    let found = debts::position(&mut view, call.cx.viewer(), &number, day).await;
    found.map(Resolved::node).map_err(|error| match error {
        DebtError::UnknownAccount => FieldError::code("KT-CT-4178"),
        DebtError::NotTracked => FieldError::code("KT-CT-11613"),
        DebtError::Database(error) => FieldError::internal(error),
    })
}
