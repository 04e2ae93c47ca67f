//! Where people live: the properties that accounts of their own occupy.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;

row! {
    /// A home of somebody's, and for how long.
    pub struct Residence {
        /// Row id of the occupancy.
        pub id: i64,
        /// Who lives there.
        pub user_id: i64,
        /// Where.
        pub property_id: i64,
        market: String,
        from_at: Option<DateTime<Utc>>,
        to_at: Option<DateTime<Utc>>,
        /// When what is known of it last changed.
        pub updated_at: DateTime<Utc>,
    }
}

impl Residence {
    /// The first local day.
    pub fn from(&self) -> Option<NaiveDate> {
        self.day(self.from_at)
    }

    /// The local day on which it is over.
    pub fn to(&self) -> Option<NaiveDate> {
        self.day(self.to_at)
    }

    fn day(&self, moment: Option<DateTime<Utc>>) -> Option<NaiveDate> {
        market::by_code(&self.market).zip(moment).map(|(market, moment)| market.day(moment))
    }
}

// Whoever looks after somebody's account does not live with them.
statement!(static OF_USERS: Residence = concat!("
    select o.id, own.user_id, o.property_id, a.market, lower(o.during) as from_at, upper(o.during) as to_at,
        coalesce(o.updated_at, o.created_at) as updated_at
    from (
        select r.user_id, r.account_id from account_user_roles r
        where r.user_id = any($3::bigint[]) and r.role = 'ACCOUNT_OWNER'
        union
        select r.user_id, inside.id from portfolio_user_roles r join accounts inside on inside.portfolio_id = r.portfolio_id
        where r.user_id = any($3) and r.role = 'PORTFOLIO_OWNER'
    ) own join accounts a on a.id = own.account_id and a.account_type = 'DOMESTIC'
        join occupancies o on o.account_id = a.id and o.is_occupier
    where ", account_is_visible!(), " order by own.user_id, 5, o.id"));

/// Where each of these users lives and has lived, on accounts that the viewer may see, from the earliest on.
pub async fn of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
) -> Result<Vec<Vec<Residence>>, sqlx::Error> {
    let query = OF_USERS.seen_by(viewer).bind(users);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(users, rows.into_iter().map(|row| (row.user_id, row)).collect()))
}
