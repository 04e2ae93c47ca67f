//! Portfolios as clients read them.

use chrono::{DateTime, Utc};

use super::{grouped, in_order};
use crate::domain::auth::viewer::{Viewer, portfolio_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::page::{self, Page, Window};

row! {
    /// A portfolio of accounts.
    pub struct Portfolio {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// `P-` and eight hexadecimal digits.
        pub number: String,
        /// Brand code.
        pub brand: String,
        /// Its name.
        pub name: Option<String>,
        /// Who is billed for all of it.
        pub billing_name: Option<String>,
        /// Whether its accounts are billed together.
        pub collective_billing: bool,
        /// The portfolio it is part of.
        pub parent_id: Option<i64>,
        /// Number of the account that leads it.
        pub lead_account_number: Option<String>,
        /// The operations team that looks after it.
        pub operations_team_id: Option<i64>,
        /// The team's name.
        pub operations_team: Option<String>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// When it was last changed.
        pub updated_at: DateTime<Utc>,
    }
}

macro_rules! portfolio_columns {
    () => {
        "p.id, p.number, p.brand, p.name, p.billing_name, p.collective_billing, p.parent_id, \
         (select lead.number from accounts lead where lead.id = p.lead_account_id) as lead_account_number, \
         p.operations_team_id, \
         (select team.name from operations_teams team where team.id = p.operations_team_id) as operations_team, \
         p.created_at, p.updated_at"
    };
}
pub(super) use portfolio_columns;

statement!(static BY_ID: Portfolio = concat!(
    "select ", portfolio_columns!(), " from portfolios p where p.id = any($3::bigint[]) and ", portfolio_is_visible!()));
statement!(static BY_NUMBER: Portfolio = concat!(
    "select ", portfolio_columns!(), " from portfolios p where p.number = $3 and ", portfolio_is_visible!()));

row! {
    struct UnderUser {
        user_id: i64,
        portfolio_id: i64,
    }
}

statement!(static COUNT_OF_USERS: (i64, i64) = concat!("
    select held.user_id, count(distinct p.id)
    from (
        select r.user_id, r.portfolio_id from portfolio_user_roles r where r.user_id = any($3::bigint[])
        union
        select r.user_id, inside.portfolio_id from account_user_roles r join accounts inside on inside.id = r.account_id
        where r.user_id = any($3)
    ) held join portfolios p on p.id = held.portfolio_id where ", portfolio_is_visible!(), "
      and ($4::text[] is null or p.brand = any($4)) group by held.user_id"));
statement!(static PAGE_OF_USERS: UnderUser = concat!("
    select parents.id as user_id, held.id as portfolio_id
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select p.id from portfolios p
        where (exists (select 1 from portfolio_user_roles r where r.user_id = parents.id and r.portfolio_id = p.id)
            or exists (select 1 from account_user_roles r join accounts inside on inside.id = r.account_id
                       where r.user_id = parents.id and inside.portfolio_id = p.id))
          and ($6::text[] is null or p.brand = any($6)) and ", portfolio_is_visible!(), "
        order by p.id offset parents.skip limit parents.take
    ) held order by parents.id, held.id"));

statement!(static IDS_OF_USERS: (i64, i64) = concat!("
    select held.user_id, p.id
    from (
        select r.user_id, r.portfolio_id from portfolio_user_roles r where r.user_id = any($3::bigint[])
        union
        select r.user_id, inside.portfolio_id from account_user_roles r join accounts inside on inside.id = r.account_id
        where r.user_id = any($3)
    ) held join portfolios p on p.id = held.portfolio_id
    where ", portfolio_is_visible!(), " and ($4::text[] is null or p.brand = any($4)) order by held.user_id, p.id"));

/// The ids of the portfolios that each of these users has to do with, oldest first; only those of some brands, if any
/// are named.
pub async fn ids_of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
    brands: Option<&[String]>,
) -> Result<Vec<Vec<i64>>, sqlx::Error> {
    let query = IDS_OF_USERS.seen_by(viewer).bind(users).bind(brands);
    Ok(grouped(users, query.fetch_all(&mut *tx).await?))
}

/// The portfolios with these ids that the viewer may see, in order.
pub async fn by_ids(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<Vec<Option<Portfolio>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |portfolio| portfolio.id))
}

/// The portfolio with this number, if the viewer may see it.
pub async fn by_number(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Option<Portfolio>, sqlx::Error> {
    BY_NUMBER.seen_by(viewer).bind(number).fetch_optional(&mut *tx).await
}

/// One page of the portfolios that each of these users has to do with, oldest first; only those of some brands, if
/// any are named.
pub async fn of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
    brands: Option<&[String]>,
    window: &Window,
) -> Result<Vec<Page<Portfolio>>, sqlx::Error> {
    let totals = if window.needs_total() {
        let query = COUNT_OF_USERS.seen_by(viewer).bind(users);
        let query = query.bind(brands);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, users, totals.as_ref());
    let query = PAGE_OF_USERS.seen_by(viewer).bind(users);
    let held = query.bind(&slices.offsets).bind(&slices.limits).bind(brands).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = held.iter().map(|row| row.portfolio_id).collect();
    let portfolios = by_ids(tx, viewer, &ids).await?;
    let rows = held.iter().zip(portfolios).filter_map(|(row, portfolio)| Some((row.user_id, portfolio?)));
    Ok(page::pages(window, users, totals.as_ref(), rows))
}
