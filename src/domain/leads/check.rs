//! What must be true of the pipeline.

use crate::platform::db::{Statement, statement};

statement!(static STANDING: (i64, i64) = "
    with movers as (
        select l.id as lead_id, null::bigint as opportunity_id, l.stage_id from leads l
        union all select null, o.id, o.stage_id from opportunities o
    )
    select count(*), count(*) filter (where last.to_id is distinct from m.stage_id)
    from movers m left join lateral (
        select v.to_id from sales_stage_moves v
        where v.lead_id = m.lead_id or v.opportunity_id = m.opportunity_id order by v.id desc limit 1
    ) last on true");
statement!(static BRANDED: (i64, i64) = "
    select count(*), count(*) filter (where a.brand <> l.brand) from leads l join accounts a on a.id = l.account_id");

pub(in crate::domain) static RULES: [(&str, &Statement<(i64, i64)>); 2] = [
    ("everything in the sales pipeline stands where it moved last", &STANDING),
    ("every lead became an account of its brand", &BRANDED),
];
