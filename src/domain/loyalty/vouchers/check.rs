//! What must be true of vouchers.

use crate::platform::db::{Statement, statement};

statement!(static PAID: (i64, i64) = "
    select count(*), count(*) filter (where c.kind <> 'charge' or c.amount <> v.price or f.amount <> v.price
        or g.amount <> v.price or g.ledger_id <> c.ledger_id or f.journal_entry_id <> g.journal_entry_id
        or c.is_reversed <> (v.refunded_at is not null) or f.is_reversed <> (v.refunded_at is not null))
    from voucher_purchases v join transactions c on c.id = v.charge_id
        join transactions f on f.id = v.transfer_charge_id join transactions g on g.id = v.transfer_credit_id");
statement!(static REDEEMED: (i64, i64) = "
    select count(*), count(*) filter (where v.redeemed <> coalesce(r.amount, 0)
        or coalesce(r.paid, 0) <> v.price * v.redeemed / v.value or coalesce(r.other, 0) > 0)
    from voucher_purchases v left join (
        select r.purchase_id, sum(r.amount) as amount, sum(r.paid) as paid,
            count(*) filter (where t.kind <> 'credit' or t.amount <> r.amount or t.is_reversed) as other
        from voucher_redemptions r join transactions t on t.id = r.transaction_id group by r.purchase_id
    ) r on r.purchase_id = v.id");
statement!(static KEPT: (i64, i64) = "
    select count(*), count(*) filter (where kept.balance <> coalesce(owed.amount, 0))
    from (
        select a.market, sum(b.balance) as balance from ledger_accounts a
        join ledger_balances b on b.ledger_account_id = a.id where a.book = 'vouchers' group by a.market
    ) kept left join (
        select s.market, sum(v.price - v.price * v.redeemed / v.value) as amount
        from voucher_purchases v join voucher_schemes s on s.id = v.scheme_id where v.refunded_at is null
        group by s.market
    ) owed on owed.market = kept.market");

pub(in crate::domain) static RULES: [(&str, &Statement<(i64, i64)>); 3] = [
    ("every voucher was charged for and paid, unless it was given back", &PAID),
    ("vouchers became the credits that they were redeemed for", &REDEEMED),
    ("the book of vouchers holds what was paid and not redeemed", &KEPT),
];
