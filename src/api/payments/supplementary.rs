//! The ledgers beside an account's main one that instructions and schedules are for.

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::ledgers::{self, Ledger};
use crate::domain::payments::instructions::Instruction;
use crate::domain::payments::schedules::Schedule;
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.leaves::<Ledger>(
        "SupplementaryLedgerType",
        &[
            ("id", |l| l.id.into()),
            ("name", |l| (&l.name).into()),
            ("ledgerType", |l| (&l.ledger_type).into()),
            ("number", |l| (&l.number).into()),
            ("currentBalance", |l| l.balance.0.into()),
        ],
    );
    b.batch("PaymentInstructionType.supplementaryLedger", of_instructions);
    b.batch("PaymentScheduleType.supplementaryLedger", of_schedules);
}

async fn of_instructions(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ledgers = call.parents::<Instruction>()?.iter().map(|instruction| instruction.ledger_id).collect();
    beside_main(&call, ledgers).await
}

async fn of_schedules(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ledgers = call.parents::<Schedule>()?.iter().map(|schedule| Some(schedule.ledger_id)).collect();
    beside_main(&call, ledgers).await
}

/// Each of these ledgers, unless it is a main one.
async fn beside_main(call: &Call<'_>, ledgers: Vec<Option<i64>>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = ledgers.iter().map(|ledger| ledger.unwrap_or_default()).collect();
    let mut view = call.cx.read().await?;
    let found = ledgers::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|found| Resolved::maybe(found.filter(|ledger| !ledger.is_main))).collect())
}
