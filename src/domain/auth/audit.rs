//! What staff did, one row a call, only ever added to.

use super::viewer::Viewer;
use crate::platform::db::{Literal, Tx, opening, statement};

statement!(static ADD: () = "
    insert into support_audit (support_user_id, operation, subject, at, as_account_user_id)
    values ($1, $2, $3, $4, $5)");

opening!(
    static NOTE: () = "kraken_audit" ("bigint, text, text, timestamptz, bigint") ADD
);

/// Notes that staff called `operation` on `subject`, such as an account number: in their own name, or while
/// they looked at the service as a customer does. Others leave no trace here.
pub fn note(tx: &mut Tx, viewer: &Viewer, operation: &str, subject: Option<&str>) {
    if let Some(staff) = viewer.staff() {
        add(tx, staff, operation, subject, viewer.account_user());
    }
}

/// Notes what a member of staff did, and whom they stood in for.
pub(super) fn add(
    tx: &mut Tx,
    staff: i64,
    operation: &str,
    subject: Option<&str>,
    as_account_user: Option<i64>,
) {
    let now = tx.wall_now();
    let values = [
        Literal::Big(staff),
        Literal::Text(operation),
        Literal::TextOrNull(subject),
        Literal::Moment(now),
        Literal::BigOrNull(as_account_user),
    ];
    tx.later(&NOTE, &values);
}
