//! Portfolios within portfolios. What the viewer may not see ends the way up and the way down.

use super::grouped;
use super::portfolios::{Portfolio, portfolio_columns};
use crate::domain::auth::viewer::{Viewer, portfolio_is_visible};
use crate::platform::db::{Tx, Under, statement};
use crate::platform::page::{self, Page, Window};

statement!(static ABOVE: Under<Portfolio> = concat!("
    with recursive above (origin, id, level) as (
        select child.id, p.id, 1 from portfolios child join portfolios p on p.id = child.parent_id
        where child.id = any($3::bigint[]) and ", portfolio_is_visible!(), "
        union all
        select above.origin, p.id, above.level + 1
        from above join portfolios child on child.id = above.id join portfolios p on p.id = child.parent_id
        where ", portfolio_is_visible!(), "
    )
    select above.origin as parent, ", portfolio_columns!(), " from above join portfolios p on p.id = above.id
    order by above.origin, above.level desc"));
statement!(static COUNT_BELOW: (i64, i64) = concat!("
    with recursive below (origin, id) as (
        select p.parent_id, p.id from portfolios p
        where p.parent_id = any($3::bigint[]) and ", portfolio_is_visible!(), "
        union all
        select below.origin, p.id from below join portfolios p on p.parent_id = below.id
        where ", portfolio_is_visible!(), "
    )
    select below.origin, count(*) from below group by below.origin"));
// Whole rows are carried down: to look them up in the end, Postgres would read all portfolios.
statement!(static PAGE_BELOW: Under<Portfolio> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        with recursive below as (
            select p.* from portfolios p where p.parent_id = parents.id and ", portfolio_is_visible!(), "
            union all
            select p.* from below join portfolios p on p.parent_id = below.id where ", portfolio_is_visible!(), "
        )
        select ", portfolio_columns!(), " from below p order by p.id offset parents.skip limit parents.take
    ) inside order by parents.id, inside.id"));

/// The portfolios above each of these, from the top down.
pub async fn above(
    tx: &mut Tx,
    viewer: &Viewer,
    portfolios: &[i64],
) -> Result<Vec<Vec<Portfolio>>, sqlx::Error> {
    let query = ABOVE.seen_by(viewer).bind(portfolios);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(portfolios, rows.into_iter().map(Under::pair).collect()))
}

/// One page of the portfolios below each of these, at whatever depth, oldest first.
pub async fn descendants(
    tx: &mut Tx,
    viewer: &Viewer,
    portfolios: &[i64],
    window: &Window,
) -> Result<Vec<Page<Portfolio>>, sqlx::Error> {
    let totals = if window.needs_total() {
        let query = COUNT_BELOW.seen_by(viewer).bind(portfolios);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, portfolios, totals.as_ref());
    let query = PAGE_BELOW.seen_by(viewer).bind(portfolios);
    let rows = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    Ok(page::pages(window, portfolios, totals.as_ref(), rows.into_iter().map(Under::pair)))
}
