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

statement!(static PASSED_ON: (i64, i64) = "
    select count(*), count(*) filter (where t.id is null or not l.is_main or l.account_id <> m.account_id
        or t.kind <> 'charge' or t.amount <> c.amount)
    from meter_credits c join prepay_meters m on m.id = c.prepay_meter_id left join transactions t on t.id = c.transaction_id
        left join ledgers l on l.id = t.ledger_id
    where not c.is_lent and c.status in ('ORDERED', 'SENT', 'TOKEN', 'ARRIVED', 'REFUSED')");

statement!(static ON_METERS: (i64, i64) = "
    select count(*), count(*) filter (where b.balance < 0)
    from ledgers l join ledger_balances b on b.ledger_account_id = l.id where l.holds_meter_credit");

statement!(static SOLD: (i64, i64) = "
    select count(*), count(*) filter (where t.kind <> 'payment' or t.amount <> s.amount or l.account_id <> s.account_id)
    from shop_sales s join transactions t on t.id = s.transaction_id join ledgers l on l.id = t.ledger_id");

pub(in crate::domain) static RULES: [(&str, &Statement<(i64, i64)>); 6] = [
    ("every repayment that was submitted was debited, and put back if it failed", &DEBITED),
    ("every payment slip that was paid was credited", &CREDITED),
    ("every payment by Centrepay was credited", &DEDUCTED),
    ("credit for a meter was taken from its account's ledger, once", &PASSED_ON),
    ("no more is used of the credit on meters than was passed to them", &ON_METERS),
    ("what shops took for a meter was credited", &SOLD),
];
