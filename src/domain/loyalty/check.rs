//! What must be true of points.

use crate::platform::db::{Statement, statement};

statement!(static ENTRIES: (i64, i64) = "
    select count(*), count(*) filter (where legs < 2 or total <> 0)
    from (
        select count(p.points) as legs, coalesce(sum(p.points), 0) as total
        from point_entries e left join point_postings p on p.entry_id = e.id group by e.id
    ) entries");
statement!(static WALLETS: (i64, i64) = "
    select count(*), count(*) filter (where w.balance < 0 or w.balance <> coalesce(s.total, 0)
        or w.last_sequence <> coalesce(s.count, 0) or coalesce(s.loose, 0) > 0)
    from wallets w left join (
        select point_account_id, sum(points) as total, count(*) as count, count(*) filter (where is_loose) as loose
        from (
            select point_account_id, points, sequence is distinct from row_number() over chain
                or balance_after is distinct from sum(points) over chain as is_loose
            from point_postings where sequence is not null
            window chain as (partition by point_account_id order by sequence)
        ) links group by point_account_id
    ) s on s.point_account_id = w.point_account_id");
statement!(static REDEMPTIONS: (i64, i64) = "
    select count(*), count(*) filter (where t.amount is null or t.kind <> 'credit'
        or t.amount * p.points_per_minor_unit <> given.points)
    from point_entries e join loyalty_programmes p on p.market = e.market
        join point_postings given on given.entry_id = e.id and given.sequence is null
        left join point_redemptions r on r.point_entry_id = e.id left join transactions t on t.id = r.transaction_id
    where e.kind = 'redemption'");
statement!(static REWARDS: (i64, i64) = "
    select count(*), count(*) filter (where j.points is null or j.points <> -given.points)
    from point_entries e join point_postings given on given.entry_id = e.id and given.sequence is null
        left join saving_session_joins j on j.point_entry_id = e.id
    where e.kind = 'saving-session'");

pub(in crate::domain) static RULES: [(&str, &Statement<(i64, i64)>); 4] = [
    ("every entry of points takes as many as it gives", &ENTRIES),
    ("every wallet holds what was put into it and not taken out", &WALLETS),
    ("redeemed points became the credit that they are worth", &REDEMPTIONS),
    ("points for a saving session are those of its result", &REWARDS),
];
