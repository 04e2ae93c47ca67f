//! What yearly bills settled, as others read it: what is still to be set off against instalments, and
//! what the bill says of it.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::platform::db::{Tx, row, statement};
use crate::platform::money::Minor;

row! {
    /// What a bill settled. All amounts are minor units.
    pub struct Settlement {
        /// Row id.
        pub id: i64,
        /// The bill.
        pub billing_document_id: i64,
        /// Paid in the period of the bill.
        pub instalments: Minor,
        /// The balance with which the bill closed: more than nothing is a credit, less a shortfall.
        pub result: Minor,
        /// Of a credit, what is taken off the next instalments.
        pub set_off: Minor,
        /// Of a credit, what goes back to the customer.
        pub paid_out: Minor,
        /// Of a shortfall, what is collected by itself.
        pub collected: Minor,
        /// When that is.
        pub collect_on: Option<NaiveDate>,
        /// What was paid each time.
        pub old_instalment: Minor,
        /// What is paid each time from now on; none where no instalment follows.
        pub new_instalment: Option<Minor>,
        /// When it is paid for the first time.
        pub new_from: Option<NaiveDate>,
    }
}

statement!(static OF_BILL: Settlement = "
    select id, billing_document_id, instalments, result, set_off, paid_out, collected, collect_on, old_instalment,
        new_instalment, new_from
    from instalment_settlements where billing_document_id = $1");

/// What a bill settled, if it did. The caller has seen to whose bill it is.
pub async fn of_bill(tx: &mut Tx, document: i64) -> Result<Option<Settlement>, sqlx::Error> {
    OF_BILL.query().bind(document).fetch_optional(&mut *tx).await
}

/// Credit that is set off against an instalment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SetOff {
    settlement: i64,
    /// In minor units; more than zero.
    pub amount: i64,
}

// Only the last settlement counts: its bill took in what those before it had left.
statement!(static LEFT: (i64, i64, i64) = "
    select distinct on (s.ledger_id) s.ledger_id, s.id, case when s.undone_at is null and s.carried_out_at is not null
        then s.set_off - coalesce((select sum(o.amount) from instalment_offsets o where o.settlement_id = s.id), 0)::bigint
        else 0 end
    from instalment_settlements s where s.ledger_id = any($1) order by s.ledger_id, s.id desc");
statement!(static NOTE: () = "
    insert into instalment_offsets (settlement_id, due_on, amount, payment_id) values ($1, $2, $3, $4)
    on conflict do nothing");

/// What of a ledger's credit is set off against its next instalment of an amount. The caller holds the schedule.
pub(super) async fn set_off(
    tx: &mut Tx,
    ledger: i64,
    instalment: Minor,
) -> Result<Option<SetOff>, sqlx::Error> {
    let found = LEFT.query().bind([ledger].as_slice()).fetch_optional(&mut *tx).await?;
    let off = found.map(|(_, settlement, left)| SetOff { settlement, amount: left.min(instalment.0) });
    Ok(off.filter(|off| off.amount > 0))
}

/// Keeps that credit was set off against the instalment of a day, and its payment if anything of it was left.
pub(super) async fn note(
    tx: &mut Tx,
    off: &SetOff,
    due_on: NaiveDate,
    payment: Option<i64>,
) -> Result<(), sqlx::Error> {
    let note = NOTE.command().bind(off.settlement).bind(due_on).bind(off.amount).bind(payment);
    note.execute(&mut *tx).await?;
    Ok(())
}

/// What is still to be set off on each of these ledgers, in minor units.
pub(super) async fn left(tx: &mut Tx, ledgers: &[i64]) -> Result<HashMap<i64, i64>, sqlx::Error> {
    let rows = LEFT.query().bind(ledgers).fetch_all(&mut *tx).await?;
    Ok(rows.into_iter().map(|(ledger, _, left)| (ledger, left)).collect())
}

statement!(static CHARGE: (i64,) = "
    select coalesce(s.monthly_charge, 0) from instalment_settlements s join billing_documents d on d.id = s.billing_document_id
    where s.ledger_id = $1 and s.undone_at is null and s.monthly_charge is not null and d.to_date > $2
    order by s.id desc limit 1");

/// What is charged on a ledger in a month by the last bill that settled, if its period ended after a day.
pub(super) async fn monthly_charge(
    tx: &mut Tx,
    ledger: i64,
    after: NaiveDate,
) -> Result<Option<i64>, sqlx::Error> {
    let found = CHARGE.query().bind(ledger).bind(after).fetch_optional(&mut *tx).await?;
    Ok(found.map(|(amount,)| amount))
}
