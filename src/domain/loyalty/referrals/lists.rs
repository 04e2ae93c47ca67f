//! The referrals of accounts: whom they brought.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, Under, row, statement};
use crate::platform::market;
use crate::platform::page::{self, Page, Window};

row! {
    /// Somebody who was brought, or who joined by a scheme.
    pub struct Referral {
        /// Row id.
        pub id: i64,
        /// One of `ReferralSchemeTypeChoices`.
        pub scheme_type: String,
        /// The code that was made use of.
        pub code: String,
        /// The market of the account that was brought.
        pub market: String,
        /// By what name the newcomer goes.
        pub referred_name: Option<String>,
        /// When the newcomer's account was opened.
        pub joined_at: DateTime<Utc>,
        /// For who brought them, in minor units.
        pub referrer_amount: i32,
        /// For the newcomer, in minor units.
        pub referred_amount: i32,
        /// When it was paid.
        pub paid_at: Option<DateTime<Utc>>,
        /// When it came to nothing.
        pub cancelled_at: Option<DateTime<Utc>>,
    }
}

impl Referral {
    /// `Pending`, `Paid` or `Cancelled`.
    pub fn status(&self) -> &'static str {
        match (self.paid_at, self.cancelled_at) {
            (Some(_), _) => "Paid",
            (None, Some(_)) => "Cancelled",
            (None, None) => "Pending",
        }
    }

    /// The local day on which it was paid.
    pub fn paid_on(&self) -> Option<NaiveDate> {
        let market = market::by_code(&self.market)?;
        self.paid_at.map(|paid| market.day(paid))
    }

    /// What both get, in minor units.
    pub fn combined_amount(&self) -> i32 {
        self.referrer_amount.saturating_add(self.referred_amount)
    }
}

macro_rules! referral {
    () => {
        "select f.id, s.scheme_type, f.code, a.market, (select u.given_name from account_user_roles r \
           join account_users u on u.id = r.user_id where r.account_id = a.id \
           order by r.role = 'ACCOUNT_OWNER' desc, r.user_id limit 1) as referred_name, a.created_at as joined_at, \
           f.referrer_amount, f.referred_amount, f.paid_at, f.cancelled_at \
         from referrals f join referral_schemes s on s.id = f.scheme_id join accounts a on a.id = f.referred_account_id"
    };
}

macro_rules! brought {
    () => {
        " f.referring_account_id = parents.id and ($2::text is null or $2 = case when f.paid_at is not null then 'PAID' \
          when f.cancelled_at is not null then 'CANCELLED' else 'PENDING' end)"
    };
}

statement!(static PAGE: Under<Referral> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($1::bigint[], $3::bigint[], $4::bigint[]) as p (id, skip, take)) parents
    cross join lateral (", referral!(), " where", brought!(), "
        order by f.id desc offset parents.skip limit parents.take
    ) inside"));
statement!(static COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*) from referrals f where", brought!(), ") from unnest($1::bigint[]) as parents (id)"));
statement!(static MADE: (i64, i64) = "
    select parents.id, count(*) from unnest($1::bigint[]) as parents (id)
        join referrals f on f.referring_account_id = parents.id and f.cancelled_at is null
    group by 1");
statement!(static SEEN: Referral = concat!(referral!(), " where f.id = $3 and ", account_is_visible!()));
statement!(static ONE: Referral = concat!(referral!(), " where f.id = $1"));

/// One page of those whom each of these accounts brought, the last one first; with `status` only those that are `PENDING`,
/// `PAID` or `CANCELLED`. The caller has seen to it that the accounts may be seen. One statement, and one more for totals.
///
/// # Errors
/// Those of the database.
pub async fn page_of_accounts(
    tx: &mut Tx,
    accounts: &[i64],
    status: Option<&str>,
    window: &Window,
) -> Result<Vec<Page<Referral>>, sqlx::Error> {
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        Some(COUNT.query().bind(accounts).bind(status).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let query = PAGE.query().bind(accounts).bind(status).bind(&slices.offsets).bind(&slices.limits);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(page::pages(window, accounts, totals.as_ref(), rows.into_iter().map(Under::pair)))
}

/// How many each of these accounts brought, as far as it did not come to nothing.
///
/// # Errors
/// Those of the database.
pub async fn counts(tx: &mut Tx, accounts: &[i64]) -> Result<Vec<i64>, sqlx::Error> {
    let known: HashMap<i64, i64> =
        MADE.query().bind(accounts).fetch_all(&mut *tx).await?.into_iter().collect();
    Ok(accounts.iter().map(|account| known.get(account).copied().unwrap_or(0)).collect())
}

/// A referral by its row id, if the viewer may see the account that was brought.
///
/// # Errors
/// Those of the database.
pub async fn seen(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<Option<Referral>, sqlx::Error> {
    SEEN.seen_by(viewer).bind(id).fetch_optional(&mut *tx).await
}

/// A referral by its row id. The caller has seen to it that it may be seen.
///
/// # Errors
/// Those of the database.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Option<Referral>, sqlx::Error> {
    ONE.query().bind(id).fetch_optional(&mut *tx).await
}
