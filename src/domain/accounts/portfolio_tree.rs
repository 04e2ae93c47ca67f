//! Portfolios within portfolios. What the viewer may not see ends the way up and the way down.

use super::grouped;
use super::portfolios::{self, Portfolio};
use crate::domain::auth::viewer::{Viewer, portfolio_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::page::{self, Page, Window};

row! {
    struct Above {
        origin: i64,
        id: i64,
    }
}

statement!(static ABOVE: Above = concat!("
    with recursive above (origin, id, level) as (
        select child.id, p.id, 1 from portfolios child join portfolios p on p.id = child.parent_id
        where child.id = any($3::bigint[]) and ", portfolio_is_visible!(), "
        union all
        select above.origin, p.id, above.level + 1
        from above join portfolios child on child.id = above.id join portfolios p on p.id = child.parent_id
        where ", portfolio_is_visible!(), "
    )
    select above.origin, above.id from above order by above.origin, above.level desc"));
statement!(static COUNT_BELOW: (i64, i64) = concat!("
    with recursive below (origin, id) as (
        select p.parent_id, p.id from portfolios p
        where p.parent_id = any($3::bigint[]) and ", portfolio_is_visible!(), "
        union all
        select below.origin, p.id from below join portfolios p on p.parent_id = below.id
        where ", portfolio_is_visible!(), "
    )
    select below.origin, count(*) from below group by below.origin"));
statement!(static PAGE_BELOW: (i64, i64) = concat!("
    select parents.id, inside.id
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        with recursive below (id) as (
            select p.id from portfolios p where p.parent_id = parents.id and ", portfolio_is_visible!(), "
            union all
            select p.id from below join portfolios p on p.parent_id = below.id where ", portfolio_is_visible!(), "
        )
        select below.id from below order by below.id offset parents.skip limit parents.take
    ) inside order by parents.id, inside.id"));

/// The ids of the portfolios above each of these, from the top down.
pub async fn above(tx: &mut Tx, viewer: &Viewer, portfolios: &[i64]) -> Result<Vec<Vec<i64>>, sqlx::Error> {
    let query = ABOVE.query().bind(viewer.kind()).bind(viewer.id()).bind(portfolios);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(portfolios, rows.into_iter().map(|row| (row.origin, row.id)).collect()))
}

/// One page of the portfolios above each of these, from the top down. Two statements: such lists are short.
pub async fn ancestors(
    tx: &mut Tx,
    viewer: &Viewer,
    portfolios: &[i64],
    window: &Window,
) -> Result<Vec<Page<Portfolio>>, sqlx::Error> {
    let lists = above(tx, viewer, portfolios).await?;
    let length = |list: &Vec<i64>| i64::try_from(list.len()).unwrap_or(i64::MAX);
    let totals = portfolios.iter().copied().zip(lists.iter().map(length)).collect();
    let slices = page::slices(window, portfolios, Some(&totals));
    let (mut origins, mut ids) = (Vec::new(), Vec::new());
    let wanted = portfolios.iter().zip(lists).zip(slices.offsets.iter().zip(&slices.limits));
    for ((origin, list), (offset, limit)) in wanted {
        let (offset, limit) = (usize::try_from(*offset).unwrap_or(0), usize::try_from(*limit).unwrap_or(0));
        // The same portfolio may be asked about several times.
        if !origins.contains(origin) {
            let shown = list.into_iter().skip(offset).take(limit);
            let before = ids.len();
            ids.extend(shown);
            origins.extend(std::iter::repeat_n(*origin, ids.len() - before));
        }
    }
    loaded(tx, viewer, portfolios, window, Some(&totals), origins.into_iter().zip(ids).collect()).await
}

/// One page of the portfolios below each of these, at whatever depth, oldest first.
pub async fn descendants(
    tx: &mut Tx,
    viewer: &Viewer,
    portfolios: &[i64],
    window: &Window,
) -> Result<Vec<Page<Portfolio>>, sqlx::Error> {
    let totals = if window.needs_total() {
        let query = COUNT_BELOW.query().bind(viewer.kind()).bind(viewer.id()).bind(portfolios);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, portfolios, totals.as_ref());
    let query = PAGE_BELOW.query().bind(viewer.kind()).bind(viewer.id()).bind(portfolios);
    let rows = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    loaded(tx, viewer, portfolios, window, totals.as_ref(), rows).await
}

async fn loaded(
    tx: &mut Tx,
    viewer: &Viewer,
    parents: &[i64],
    window: &Window,
    totals: Option<&std::collections::HashMap<i64, i64>>,
    under: Vec<(i64, i64)>,
) -> Result<Vec<Page<Portfolio>>, sqlx::Error> {
    let ids: Vec<i64> = under.iter().map(|(_, id)| *id).collect();
    let found = portfolios::by_ids(tx, viewer, &ids).await?;
    let rows = under.iter().zip(found).filter_map(|((parent, _), portfolio)| Some((*parent, portfolio?)));
    Ok(page::pages(window, parents, totals, rows))
}
