//! Contracts by which bills are collected by direct debit: the term ends with the mandate.

use chrono::TimeDelta;

use super::notes::NewNote;
use super::vary::{Change, NewVersion, Variation, VaryError, make};
use crate::domain::auth::Viewer;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{JobError, Runner};

/// How many contracts are varied in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 500;
/// The reason that is noted.
const REASON: &str = "direct-debit-ended";

row! {
    struct Ended {
        identifier: String,
    }
}

statement!(static ENDED: Ended = "
    select c.identifier from contracts c
        join contract_terms t on t.contract_id = c.id and t.kind = 'PAYS_BY_DIRECT_DEBIT' and t.is_variable
            and t.version = (select max(v.version) from contract_versions v where v.contract_id = c.id)
    where not c.is_undone and c.cancelled_at is null and (upper_inf(c.during) or upper(c.during) > $1::timestamptz)
        and exists (select from contract_subjects s where s.contract_id = c.id and not exists (
            select from payment_instructions i where i.account_id = s.account_id
                and i.instruction_type = 'DIRECT_DEBIT' and i.status <> 'FAILED'))
    order by c.id limit $2 for no key update of c skip locked");

/// Has the term end with the mandate.
pub fn register(runner: &mut Runner) {
    runner.every(TimeDelta::hours(1), "upkeep-contracts-by-direct-debit", |tx, _| {
        Box::pin(async move {
            turn(tx).await.map_err(|error| match error {
                VaryError::Database(error) => JobError::Database(error),
                other => JobError::Other(other.to_string()),
            })
        })
    });
}

/// One turn of the upkeep: a further version, without the term, of each contract whose mandate ended.
///
/// # Errors
/// Those of the database.
pub async fn turn(tx: &mut Tx) -> Result<(), VaryError> {
    let now = tx.business_now().await?;
    for Ended { identifier } in ENDED.query().bind(now).bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        let terms = [Variation { change: Change::DirectDebit(false), is_variable: true }];
        let note = Some(NewNote { reason: REASON, note: None });
        let new = NewVersion { identifier: &identifier, from: None, terms: &terms, note };
        match make(tx, &Viewer::server(), &new).await {
            // It was agreed that the term does not vary, or the contract has changed meanwhile.
            Ok(_) | Err(VaryError::Unable(_) | VaryError::Breach(_) | VaryError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
