//! What was agreed, as it is shown. An agreement belongs to its account: whoever came before or after at the same point sees
//! nothing of it.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::FromRow;
use sqlx::postgres::PgRow;

use super::interval::Interval;
use super::pricing::Terms;
use super::rates::Rates;
use super::tariffs::Asked;
use crate::domain::accounts::{grouped, in_order};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Statement, Tx, row, statement};
use crate::platform::page::{self, Page, Window};

row! {
    /// An agreement.
    pub struct Agreement {
        /// Row id.
        pub id: i64,
        /// The account, by row id.
        pub account_id: i64,
        /// Its number.
        pub account_number: String,
        /// Its type.
        pub account_type: String,
        /// The supply point, by row id.
        pub supply_point_id: i64,
        /// The number of the point in its market.
        pub identifier: String,
        /// Territory and commodity.
        pub market_name: String,
        /// Market code.
        pub market: String,
        /// `electricity` or `gas`.
        pub commodity: String,
        /// Whether energy runs out of the property.
        pub is_export: bool,
        /// The tariff, by row id.
        pub tariff_id: i64,
        /// Its code.
        pub tariff_code: String,
        /// The region of its prices.
        pub region: String,
        /// How its prices are paid, where they go by it.
        pub payment_method: Option<String>,
        /// The product, by row id.
        pub product_id: i64,
        /// Its code.
        pub product_code: String,
        /// From when on it holds.
        pub valid_from: DateTime<Utc>,
        /// Until when.
        pub valid_to: Option<DateTime<Utc>>,
        /// From when on it was agreed to hold.
        pub agreed_from: DateTime<Utc>,
        /// Until when.
        pub agreed_to: Option<DateTime<Utc>>,
        /// When it was agreed, and with it its prices.
        pub agreed_at: DateTime<Utc>,
        /// Until when the customer may think better of it.
        pub rescission_deadline_at: DateTime<Utc>,
        /// When it was ended early.
        pub terminated_at: Option<DateTime<Utc>>,
        /// Whether it is as if it had never been.
        pub is_revoked: bool,
        /// Whether it holds now.
        pub is_active: bool,
        /// Whether it is yet to hold.
        pub is_future: bool,
        /// Now, for the customer.
        pub now: DateTime<Utc>,
    }
}

impl Agreement {
    /// What its price goes by.
    pub fn params(&self) -> Value {
        json!({
            "tariff_code": self.tariff_code,
            "region": self.region,
            "payment_method": self.payment_method,
        })
    }

    /// What its energy is priced by, given what was used under it in the months that count.
    pub fn terms<'r>(&'r self, rates: &'r Rates, used: &[Interval]) -> Terms<'r> {
        Terms::of(rates, &self.account_type, (self.valid_from, self.valid_to), used)
    }

    /// Its tariff as it is now; as it was at the end if that is past, and as it will be at the start if that is to come.
    pub fn asked(&self) -> Asked {
        let last = self.valid_to.map(|to| to - chrono::TimeDelta::seconds(1)).unwrap_or(self.now);
        let at = self.now.min(last).max(self.valid_from);
        Asked { tariff: self.tariff_id, account_type: Some(self.account_type.clone()), at }
    }
}

row! {
    /// When an agreement holds, for lists that show nothing else: what it is on takes four more look-ups each.
    pub struct Term {
        /// Row id.
        pub id: i64,
        /// The supply point, by row id.
        pub supply_point_id: i64,
        /// From when on it holds.
        pub valid_from: DateTime<Utc>,
        /// Until when.
        pub valid_to: Option<DateTime<Utc>>,
        /// Whether it holds now.
        pub is_active: bool,
        /// Whether it is yet to hold.
        pub is_future: bool,
    }
}

/// When something holds.
pub trait Dates {
    /// Until when.
    fn valid_to(&self) -> Option<DateTime<Utc>>;
    /// Whether it does now.
    fn is_active(&self) -> bool;
    /// Whether it is yet to.
    fn is_future(&self) -> bool;
}

/// A row that the agreements at a supply point can be listed as.
pub trait Dated: Clone + Dates + for<'r> FromRow<'r, PgRow> + Send + Sync + Unpin + 'static {
    /// The supply point, by row id.
    fn supply_point(&self) -> i64;
    /// What lists such rows.
    fn at_points() -> &'static Statement<Self>;
}

macro_rules! dated {
    ($row:ty, $at_points:expr) => {
        impl Dates for $row {
            fn valid_to(&self) -> Option<DateTime<Utc>> {
                self.valid_to
            }

            fn is_active(&self) -> bool {
                self.is_active
            }

            fn is_future(&self) -> bool {
                self.is_future
            }
        }

        impl Dated for $row {
            fn supply_point(&self) -> i64 {
                self.supply_point_id
            }

            fn at_points() -> &'static Statement<Self> {
                &$at_points
            }
        }
    };
}
dated!(Agreement, OF_POINTS);
dated!(Term, TERMS_OF_POINTS);

/// When an agreement `g` holds; argument 3 is the moment.
macro_rules! term {
    () => {
        "coalesce(lower(g.during), g.agreed_from) as valid_from, upper(g.during) as valid_to, \
         (g.revoked_at is null and g.during @> $3::timestamptz) as is_active, \
         (g.revoked_at is null and lower(g.during) > $3) as is_future"
    };
}

/// The columns of an agreement `g` of account `a`; argument 3 is the moment.
macro_rules! agreements {
    () => {
        concat!(
            "g.id, g.account_id, a.number as account_number, a.account_type, g.supply_point_id, sp.identifier, \
             sp.market_name, sp.market, sp.commodity, sp.direction = 'EXPORT' as is_export, g.tariff_id, \
             t.code as tariff_code, t.region, t.payment_method, o.product_id, p.code as product_code, ",
            term!(),
            ", g.agreed_from, g.agreed_to, g.agreed_at, g.rescission_deadline_at, g.terminated_at, \
             g.revoked_at is not null as is_revoked, $3::timestamptz as now \
             from agreements g join accounts a on a.id = g.account_id join supply_points sp on sp.id = g.supply_point_id \
                join tariffs t on t.id = g.tariff_id join product_offers o on o.id = t.offer_id \
                join products p on p.id = o.product_id"
        )
    };
}

statement!(static BY_IDS: Agreement = concat!(
    "select ", agreements!(), " where g.id = any($4::bigint[]) and ", account_is_visible!()));
statement!(static OF_ACCOUNTS: Agreement = concat!(
    "select ", agreements!(), " where g.account_id = any($4::bigint[])
        and ($5::text is null or sp.commodity = $5)
        and (not $6 or g.during @> $3) and ($7 or g.revoked_at is null) and ", account_is_visible!(), "
    order by g.account_id, lower(g.during), g.id"));
macro_rules! at_points {
    () => {
        concat!(
            " where g.supply_point_id = any($4::bigint[]) and g.revoked_at is null and ",
            account_is_visible!(),
            " order by g.supply_point_id, lower(g.during), g.id"
        )
    };
}
statement!(static OF_POINTS: Agreement = concat!("select ", agreements!(), at_points!()));
statement!(static TERMS_OF_POINTS: Term = concat!(
    "select g.id, g.supply_point_id, ", term!(), " from agreements g join accounts a on a.id = g.account_id",
    at_points!()));

/// The agreements with these ids that the viewer may see, in order; also revoked ones.
pub async fn by_ids(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<Vec<Option<Agreement>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let query = BY_IDS.seen_by(viewer).bind(now).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |agreement| agreement.id))
}

/// Which agreements of an account are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'a> {
    /// `electricity` or `gas`; both without one.
    pub commodity: Option<&'a str>,
    /// Only those that hold now.
    pub only_active: bool,
    /// Also those that were revoked.
    pub with_revoked: bool,
}

/// The agreements of each of these accounts that the viewer may see, in the order in which they begin.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    which: Which<'_>,
) -> Result<Vec<Vec<Agreement>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let query = OF_ACCOUNTS.seen_by(viewer).bind(now).bind(accounts);
    let query = query.bind(which.commodity).bind(which.only_active).bind(which.with_revoked);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(accounts, rows.into_iter().map(|row| (row.account_id, row)).collect()))
}

/// The agreements of each of these supply points that the viewer may see, without revoked ones, in the order in which they
/// begin.
pub async fn of_points<T: Dated>(
    tx: &mut Tx,
    viewer: &Viewer,
    points: &[i64],
) -> Result<Vec<Vec<T>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let query = T::at_points().seen_by(viewer).bind(now).bind(points);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(points, rows.into_iter().map(|row| (row.supply_point(), row)).collect()))
}

macro_rules! of_parents {
    () => {
        concat!(
            " where g.account_id = parents.id and g.revoked_at is null and ($5::bigint is null or g.id = $5) \
              and (not $6 or g.during @> $3) and ",
            account_is_visible!()
        )
    };
}

statement!(static COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*) from (select ", agreements!(), of_parents!(), ") counted)
    from (select distinct * from unnest($4::bigint[]) as p (id)) parents"));
row! {
    struct Placed {
        parent: i64,
        id: i64,
    }
}

statement!(static PAGE: Placed = concat!("
    select parents.id as parent, inside.id
    from (select distinct * from unnest($4::bigint[], $7::bigint[], $8::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select g.id, lower(g.during) as starts_at from agreements g join accounts a on a.id = g.account_id",
    of_parents!(), " order by lower(g.during), g.id offset parents.skip limit parents.take
    ) inside order by parents.id, inside.starts_at, inside.id"));

/// A page of the agreements of each of these accounts that the viewer may see, without revoked ones, in the order in which
/// they begin: all, or the one with an id, or those that hold now.
pub async fn page_of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    (id, only_active): (Option<i64>, bool),
    window: &Window,
) -> Result<Vec<Page<Agreement>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let totals = if window.needs_total() {
        let count = COUNT.seen_by(viewer).bind(now).bind(accounts);
        Some(count.bind(id).bind(only_active).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let page = PAGE.seen_by(viewer).bind(now).bind(accounts);
    let page = page.bind(id).bind(only_active).bind(&slices.offsets).bind(&slices.limits);
    let placed = page.fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = placed.iter().map(|row| row.id).collect();
    let agreements = by_ids(tx, viewer, &ids).await?;
    let rows = placed.iter().zip(agreements).filter_map(|(row, found)| Some((row.parent, found?)));
    Ok(page::pages(window, accounts, totals.as_ref(), rows))
}
