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

// Staff may still change what is to be collected, and say so.
statement!(static SETTLED: (i64, i64) = "
    select count(*), count(*) filter (where d.status <> 'ISSUED' or d.kind = 'credit_note' or d.ledger_id <> s.ledger_id
        or l.account_id <> s.account_id or d.closing_balance <> s.result or d.payments <> s.instalments
        or (note.id is not null) <> (s.undone_at is not null)
        or (s.collected > 0 and s.carried_out_at is not null and not exists (
            select from account_payments each where each.billing_document_id = d.id))
        or (p.id is not null and (p.ledger_id <> s.ledger_id or p.billing_document_id <> d.id
            or (p.amount <> s.collected and not exists (
                select from account_payment_changes c where c.payment_id = p.id and c.kind = 'amended'))))
        or (r.id is not null and (r.ledger_id <> s.ledger_id or r.amount <> s.paid_out))
        or (n.id is not null and (n.ledger_id <> s.ledger_id or n.payment_amount <> s.new_instalment)))
    from instalment_settlements s join billing_documents d on d.id = s.billing_document_id join ledgers l on l.id = d.ledger_id
        left join billing_documents note on note.annuls_id = d.id
        left join account_payments p on p.id = s.payment_id left join account_repayments r on r.id = s.repayment_id
        left join payment_schedules n on n.id = s.new_schedule_id");

statement!(static SET_OFF: (i64, i64) = "
    select count(*), count(*) filter (where o.total > s.set_off or o.otherwise > 0)
    from instalment_settlements s cross join lateral (
        select coalesce(sum(o.amount), 0) as total, count(*) filter (where p.due_on <> o.due_on or p.ledger_id <> s.ledger_id
            or (p.amount + o.amount <> h.payment_amount and not exists (
                select from account_payment_changes c where c.payment_id = p.id and c.kind = 'amended'))) as otherwise
        from instalment_offsets o left join account_payments p on p.id = o.payment_id
            left join payment_schedules h on h.id = p.schedule_id
        where o.settlement_id = s.id) o");

pub(in crate::domain) static RULES: [(&str, &Statement<(i64, i64)>); 8] = [
    ("every repayment that was submitted was debited, and put back if it failed", &DEBITED),
    ("every payment slip that was paid was credited", &CREDITED),
    ("every payment by Centrepay was credited", &DEDUCTED),
    ("credit for a meter was taken from its account's ledger, once", &PASSED_ON),
    ("no more is used of the credit on meters than was passed to them", &ON_METERS),
    ("what shops took for a meter was credited", &SOLD),
    ("every settlement comes to the balance of its bill, and is carried out as it was decided", &SETTLED),
    ("no more is set off against instalments than a bill had left over", &SET_OFF),
];
