//! What must hold of all bills, for the proof of the books.

use crate::platform::db::{Statement, statement};

statement!(static SUMS: (i64, i64) = "
    select count(*), count(*) filter (where (t.transactions, t.charges_net, t.charges_tax, t.credits_net, t.credits_tax,
        t.payments, t.refunds) is distinct from (d.transactions::bigint, d.charges_net::numeric, d.charges_tax::numeric,
        d.credits_net::numeric, d.credits_tax::numeric, d.payments::numeric, d.refunds::numeric))
    from billing_documents d cross join lateral (
        select count(*) as transactions,
            coalesce(sum(net_amount) filter (where kind = 'charge'), 0) as charges_net,
            coalesce(sum(tax_amount) filter (where kind = 'charge'), 0) as charges_tax,
            coalesce(sum(net_amount) filter (where kind = 'credit'), 0) as credits_net,
            coalesce(sum(tax_amount) filter (where kind = 'credit'), 0) as credits_tax,
            coalesce(sum(amount) filter (where kind = 'payment'), 0) as payments,
            coalesce(sum(amount) filter (where kind = 'refund'), 0) as refunds
        from transactions where billing_document_id = d.id
    ) t where d.status <> 'OPEN'");
statement!(static BALANCES: (i64, i64) = "
    select count(*), count(*) filter (where opening_balance <> before or position <> place
        or opening_balance - charges_net - charges_tax + credits_net + credits_tax + payments - refunds <> closing_balance)
    from (
        select d.*, coalesce(lag(closing_balance) over chain, 0) as before, row_number() over chain as place
        from billing_documents d where status <> 'OPEN' window chain as (partition by ledger_id order by position)
    ) links");
statement!(static MARKS: (i64, i64) = "
    select count(*), count(*) filter (where d.ledger_id <> t.ledger_id or t.is_held <> (d.held_reason is not null)
        or t.is_issued <> (d.status = 'ISSUED'))
    from transactions t join billing_documents d on d.id = t.billing_document_id");

pub(in crate::domain) static RULES: [(&str, &Statement<(i64, i64)>); 3] = [
    ("every bill says what its transactions add up to", &SUMS),
    ("every bill opens with the balance with which the one before it closed", &BALANCES),
    ("every transaction says whether its bill was issued or is held", &MARKS),
];
