//! What must be true of what contracts cost.

use crate::platform::db::{Statement, statement};

statement!(static LATE: (i64, i64) = "
    select count(*), count(*) filter (where (f.amount > 0) <> (f.transaction_id is not null)
        or (t.id is not null and (t.kind <> 'charge' or t.amount <> f.amount or t.ledger_id <> d.ledger_id)))
    from late_payment_fees f join billing_documents d on d.id = f.document_id
        left join transactions t on t.id = f.transaction_id");
statement!(static ENDED: (i64, i64) = "
    select count(*), count(*) filter (where c.cancelled_at is null
        or (t.id is not null and (t.kind <> 'charge' or t.amount <> e.fee)))
    from contract_terminations e join contracts c on c.id = e.contract_id left join transactions t on t.id = e.transaction_id");

pub(in crate::domain) static RULES: [(&str, &Statement<(i64, i64)>); 2] = [
    ("every fee for paying late was charged where it was owed", &LATE),
    ("every contract that ends early was charged what that costs", &ENDED),
];
