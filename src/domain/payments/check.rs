//! What must hold of repayments and of what others take in for us, for the proof of the books.

use crate::platform::db::{Statement, statement};

statement!(static DEBITED: (i64, i64) = "
    select count(*), count(*) filter (where t.id is null or t.ledger_id <> r.ledger_id or t.kind <> 'refund'
        or t.amount <> r.amount or (r.status = 'FAILED' and not t.is_reversed))
    from account_repayments r left join transactions t on t.id = r.transaction_id
    where r.status in ('SUBMITTED', 'PAID', 'FAILED')");

statement!(static CREDITED: (i64, i64) = "
    select count(*), count(*) filter (where t.id is null or t.ledger_id <> s.ledger_id or t.kind <> 'payment'
        or t.amount <> s.amount)
    from payment_slips s left join transactions t on t.id = s.transaction_id where s.status = 'PAID'");

statement!(static DEDUCTED: (i64, i64) = "
    select count(*), count(*) filter (where t.ledger_id <> d.ledger_id or t.kind <> 'payment' or t.amount <> p.amount)
    from centrepay_payments p join centrepay_deductions d on d.id = p.deduction_id
        join transactions t on t.id = p.transaction_id");

pub(in crate::domain) static RULES: [(&str, &Statement<(i64, i64)>); 3] = [
    ("every repayment that was submitted was debited, and put back if it failed", &DEBITED),
    ("every payment slip that was paid was credited", &CREDITED),
    ("every payment by Centrepay was credited", &DEDUCTED),
];
