//! What must hold of all repayments, for the proof of the books.

use crate::platform::db::{Statement, statement};

statement!(static DEBITED: (i64, i64) = "
    select count(*), count(*) filter (where t.id is null or t.ledger_id <> r.ledger_id or t.kind <> 'refund'
        or t.amount <> r.amount or (r.status = 'FAILED' and not t.is_reversed))
    from account_repayments r left join transactions t on t.id = r.transaction_id
    where r.status in ('SUBMITTED', 'PAID', 'FAILED')");

pub(in crate::domain) static RULES: [(&str, &Statement<(i64, i64)>); 1] =
    [("every repayment that was submitted was debited, and put back if it failed", &DEBITED)];
