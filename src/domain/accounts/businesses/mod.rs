//! Businesses that are customers: what is known of them, which accounts are theirs, how they are treated.

pub mod create;
pub mod links;
pub mod registers;
pub mod segments;

use chrono::{DateTime, Utc};

use super::{grouped, in_order};
use crate::domain::auth::viewer::{Viewer, account_is_visible, business_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::page::{self, Page, Window};

/// Key of the detail that holds a company's name in Japanese script.
pub const KANJI_NAME: &str = "KANJI_COMPANY_NAME";
/// Key of the detail that says how a company's name is read.
pub const KANA_NAME: &str = "KANA_COMPANY_NAME";

row! {
    /// A business.
    pub struct Business {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// What it is called.
        pub name: String,
        /// The number that it is registered under, without blanks and the like; empty for none.
        pub number: String,
        /// One of `BusinessNumberTypeEnum`.
        pub number_type: String,
        /// The number as documents show it; empty for none.
        pub displayable_number: String,
        /// One of `BusinessTypeOptions`.
        pub business_type: String,
        /// Where its bills go.
        pub billing_address_id: Option<i64>,
        /// Where it has its seat.
        pub legal_address_id: Option<i64>,
        /// When it was registered here.
        pub created_at: DateTime<Utc>,
    }
}

row! {
    /// Something that is known about a business.
    pub struct Detail {
        /// The business.
        pub business_id: i64,
        /// What it is.
        pub key: String,
        /// The thing itself.
        pub value: String,
    }
}

row! {
    /// What a person is to a business.
    pub struct Role {
        /// The person.
        pub user_id: i64,
        /// The business.
        pub business_id: i64,
        /// What the role is called.
        pub role: String,
    }
}

macro_rules! business_columns {
    () => {
        "z.id, z.name, z.number, z.number_type, z.displayable_number, z.business_type, z.billing_address_id, \
         z.legal_address_id, z.created_at"
    };
}

statement!(static BY_ID: Business = concat!(
    "select ", business_columns!(), " from businesses z where z.id = any($3::bigint[]) and ", business_is_visible!()));
statement!(static BY_NUMBER: Business = concat!("
    select ", business_columns!(), " from businesses z
    where (z.displayable_number = $3 or z.number = $3) and z.number <> '' and ", business_is_visible!(), "
    order by z.id limit 2"));
// Rare details narrow the search; every one of them must fit.
statement!(static BY_DETAILS: Business = concat!("
    select ", business_columns!(), " from businesses z
    where z.id in (
        select d.business_id from business_details d
        join unnest($3::text[], $4::text[]) as wanted (key, value) on wanted.key = d.key and wanted.value = d.value
        group by d.business_id having count(*) = cardinality($3)
    ) and ", business_is_visible!(), " order by z.id limit 2"));
statement!(static OF_ACCOUNTS: (i64, i64) = concat!("
    select a.id, z.id from accounts a
    left join business_accounts own on own.account_id = a.id
    left join business_portfolios shared on shared.portfolio_id = a.portfolio_id
    join businesses z on z.id = coalesce(own.business_id, shared.business_id)
    where a.id = any($3::bigint[]) and ", account_is_visible!()));
statement!(static ACCOUNT_NUMBERS: (i64, String) = concat!("
    select linked.business_id, a.number
    from (
        select own.business_id, own.account_id from business_accounts own where own.business_id = any($3::bigint[])
        union all
        select shared.business_id, inside.id from business_portfolios shared
            join accounts inside on inside.portfolio_id = shared.portfolio_id
            where shared.business_id = any($3)
              and not exists (select 1 from business_accounts own where own.account_id = inside.id)
    ) linked join accounts a on a.id = linked.account_id
    where ", account_is_visible!(), " order by linked.business_id, a.id"));
statement!(static DETAILS: Detail = "
    select business_id, key, value from business_details where business_id = any($1::bigint[]) order by business_id, key");
statement!(static SECTORS: (i64, String) = "
    select business_id, sector from business_sector_memberships where business_id = any($1::bigint[])
    order by business_id, sector");
// No column of a view is known not to be null: hence the defaults.
statement!(static ROLES: Role = concat!("
    select coalesce(held.user_id, 0) as user_id, coalesce(held.business_id, 0) as business_id,
        coalesce(held.role, '') as role
    from business_people held
    join businesses z on z.id = held.business_id
    where held.user_id = any($3::bigint[]) and ", business_is_visible!(), "
    order by held.user_id, held.business_id, held.role"));
statement!(static COUNT_OF_USERS: (i64, i64) = concat!("
    select coalesce(held.user_id, 0), count(distinct z.id) from business_people held
    join businesses z on z.id = held.business_id
    where held.user_id = any($3::bigint[]) and ", business_is_visible!(), " group by held.user_id"));
statement!(static PAGE_OF_USERS: (i64, i64) = concat!("
    select parents.id, held.id
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select z.id from businesses z
        where z.id in (select people.business_id from business_people people where people.user_id = parents.id)
          and ", business_is_visible!(), "
        order by z.id offset parents.skip limit parents.take
    ) held order by parents.id, held.id"));

/// The businesses with these ids that the viewer may see, in order.
pub async fn by_ids(tx: &mut Tx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Option<Business>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |business| business.id))
}

/// Up to two businesses with this number, as it is kept or as documents show it, that the viewer may see.
pub async fn by_number(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Vec<Business>, sqlx::Error> {
    BY_NUMBER.seen_by(viewer).bind(number.trim()).fetch_all(&mut *tx).await
}

/// Up to two businesses of which all these details, key and value, are known and that the viewer may see.
pub async fn by_details(
    tx: &mut Tx,
    viewer: &Viewer,
    details: &[(String, String)],
) -> Result<Vec<Business>, sqlx::Error> {
    let mut wanted = details.to_vec();
    wanted.sort();
    wanted.dedup();
    let (keys, values): (Vec<String>, Vec<String>) = wanted.into_iter().unzip();
    let query = BY_DETAILS.seen_by(viewer).bind(keys).bind(values);
    query.fetch_all(&mut *tx).await
}

/// The business of each of these accounts. Two statements.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Option<Business>>, sqlx::Error> {
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts);
    let links = query.fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = links.iter().map(|(_, business)| *business).collect();
    let found = by_ids(tx, viewer, &ids).await?;
    let rows = links.iter().zip(found).filter_map(|((account, _), business)| Some((*account, business?)));
    let found = in_order(accounts, rows.collect(), |(account, _)| *account);
    Ok(found.into_iter().map(|row| row.map(|(_, business)| business)).collect())
}

/// The numbers of the accounts of each of these businesses that the viewer may see, oldest first.
pub async fn account_numbers(
    tx: &mut Tx,
    viewer: &Viewer,
    businesses: &[i64],
) -> Result<Vec<Vec<String>>, sqlx::Error> {
    let query = ACCOUNT_NUMBERS.seen_by(viewer).bind(businesses);
    Ok(grouped(businesses, query.fetch_all(&mut *tx).await?))
}

/// What is known about each of these businesses, by key. Whoever asks has been shown the businesses.
pub async fn details(tx: &mut Tx, businesses: &[i64]) -> Result<Vec<Vec<Detail>>, sqlx::Error> {
    let rows = DETAILS.query().bind(businesses).fetch_all(&mut *tx).await?;
    Ok(grouped(businesses, rows.into_iter().map(|detail| (detail.business_id, detail)).collect()))
}

/// The sectors that each of these businesses is in. Whoever asks has been shown the businesses.
pub async fn sectors(tx: &mut Tx, businesses: &[i64]) -> Result<Vec<Vec<String>>, sqlx::Error> {
    Ok(grouped(businesses, SECTORS.query().bind(businesses).fetch_all(&mut *tx).await?))
}

/// What each of these people is to businesses that the viewer may see.
pub async fn roles_of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
) -> Result<Vec<Vec<Role>>, sqlx::Error> {
    let query = ROLES.seen_by(viewer).bind(users);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(users, rows.into_iter().map(|role| (role.user_id, role)).collect()))
}

/// One page of the businesses that each of these people has a role on, oldest first.
pub async fn of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
    window: &Window,
) -> Result<Vec<Page<Business>>, sqlx::Error> {
    let totals = if window.needs_total() {
        let query = COUNT_OF_USERS.seen_by(viewer).bind(users);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, users, totals.as_ref());
    let query = PAGE_OF_USERS.seen_by(viewer).bind(users);
    let held = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = held.iter().map(|(_, business)| *business).collect();
    let found = by_ids(tx, viewer, &ids).await?;
    let rows = held.iter().zip(found).filter_map(|((user, _), business)| Some((*user, business?)));
    Ok(page::pages(window, users, totals.as_ref(), rows))
}
