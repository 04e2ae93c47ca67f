//! What must be true of the fees that customers were charged for work on site.

use crate::platform::db::{Statement, statement};

statement!(static CHARGED: (i64, i64) = "
    select count(*), count(*) filter (where t.kind <> 'charge' or t.net_amount <> c.net_amount
        or abs(t.net_amount - f.price) > 1 or r.status <> 'COMPLETED' or r.account_id <> c.account_id
        or f.job_type <> r.job_type or l.account_id <> c.account_id)
    from service_order_charges c join service_order_fees f on f.id = c.fee_id
        join on_site_requests r on r.id = c.request_id join transactions t on t.id = c.transaction_id
        join ledgers l on l.id = t.ledger_id");

pub(in crate::domain) static RULES: [(&str, &Statement<(i64, i64)>); 1] =
    [("customers were charged the fees of work that was done", &CHARGED)];
