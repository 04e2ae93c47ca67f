//! Accounts as clients read them.

use chrono::{DateTime, Utc};

use super::{grouped, in_order, languages, search};
use crate::domain::auth::viewer::{Viewer, account_is_visible, portfolio_is_visible, user_is_visible};
use crate::platform::db::{Tx, Under, row, statement};
use crate::platform::market::{self, Market};
use crate::platform::page::{self, Page, Window};

row! {
    /// An account.
    pub struct Account {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// `A-` and eight hexadecimal digits.
        pub number: String,
        /// Brand code, which decides the market.
        pub brand: String,
        /// Market code.
        pub market: String,
        /// One of `AccountStatus`.
        pub status: String,
        /// One of `AccountTypeChoices`.
        pub account_type: String,
        /// The portfolio it is in.
        pub portfolio_id: i64,
        /// A reference from an earlier system.
        pub urn: Option<String>,
        /// Who is billed.
        pub billing_name: String,
        /// Whose attention the bill is for.
        pub billing_sub_name: String,
        /// Where bills are sent by e-mail.
        pub billing_email: String,
        /// First line of the billing address.
        pub billing_address_line1: String,
        /// Second line.
        pub billing_address_line2: String,
        /// Third line.
        pub billing_address_line3: String,
        /// Fourth line.
        pub billing_address_line4: String,
        /// Fifth line.
        pub billing_address_line5: String,
        /// Postcode of the billing address.
        pub billing_postcode: String,
        /// ISO 3166 code of the billing address.
        pub billing_country: String,
        /// Delivery point of the billing address, where the post has such a thing.
        pub billing_delivery_point: String,
        /// ISO 639-1 code of the language that its holder prefers; none is that of the market.
        pub preferred_language: Option<String>,
        /// When it was opened.
        pub created_at: DateTime<Utc>,
        /// The balance over the ledgers that count towards it, in minor units, positive when the customer is in credit; only
        /// where it was asked for along with the account.
        pub balance: Option<i64>,
    }
}

impl Account {
    /// ISO 639-1 code of the language that its holder is written to in.
    pub fn language(&self) -> &str {
        self.preferred_language.as_deref().unwrap_or_else(|| languages::of_market(&self.market))
    }

    /// The lines of the billing address that hold anything.
    pub fn address_lines(&self) -> impl Iterator<Item = &str> {
        let lines = [
            &self.billing_address_line1,
            &self.billing_address_line2,
            &self.billing_address_line3,
            &self.billing_address_line4,
            &self.billing_address_line5,
        ];
        lines.into_iter().map(String::as_str).filter(|line| !line.is_empty())
    }

    /// The billing address and postcode on one line.
    pub fn billing_address(&self) -> String {
        let postcode = Some(self.billing_postcode.as_str()).filter(|code| !code.is_empty());
        self.address_lines().chain(postcode).collect::<Vec<_>>().join(", ")
    }

    /// The rules it goes by.
    pub fn market(&self) -> Option<&'static Market> {
        market::by_code(&self.market)
    }
}

macro_rules! account_columns {
    () => {
        account_columns!("null::bigint")
    };
    // With an expression for the balance.
    ($balance:expr) => {
        concat!("a.id, a.number, a.brand, a.market, a.status, a.account_type, a.portfolio_id, a.urn, a.billing_name, \
         a.billing_sub_name, a.billing_email, a.billing_address_line1, a.billing_address_line2, \
         a.billing_address_line3, a.billing_address_line4, a.billing_address_line5, a.billing_postcode, \
         a.billing_country, a.billing_delivery_point, a.preferred_language, a.created_at, ", $balance, " as balance")
    };
}

// The balance of the account known as `a` where an argument says so.
macro_rules! balance_if {
    ($wanted:literal) => {
        concat!(
            "case when ",
            $wanted,
            "::boolean then (select coalesce(sum(b.balance), 0)::bigint from ledgers l \
                join ledger_balances b on b.ledger_account_id = l.id \
                where l.account_id = a.id and l.affects_account_balance) end"
        )
    };
}

statement!(static BY_NUMBER: Account = concat!(
    "select ", account_columns!(balance_if!("$4")), " from accounts a where a.number = any($3::text[]) and ", account_is_visible!()));
statement!(static BY_ID: Account = concat!(
    "select ", account_columns!(), " from accounts a where a.id = any($3::bigint[]) and ", account_is_visible!()));

row! {
    struct UnderParent {
        parent: i64,
        account_id: i64,
    }
}

// The accounts a user holds: by a role on them, or by one on their portfolio.
statement!(static OF_USERS: UnderParent = concat!("
    select held.parent, a.id as account_id
    from (
        select r.user_id as parent, r.account_id from account_user_roles r where r.user_id = any($3::bigint[])
        union
        select r.user_id, inside.id from portfolio_user_roles r
            join accounts inside on inside.portfolio_id = r.portfolio_id where r.user_id = any($3)
    ) held join accounts a on a.id = held.account_id
    where ", account_is_visible!(), " order by held.parent, a.id"));

statement!(static COUNT_OF_USERS: (i64, i64) = concat!("
    select held.parent, count(*)
    from (
        select r.user_id as parent, r.account_id from account_user_roles r where r.user_id = any($3::bigint[])
        union
        select r.user_id, inside.id from portfolio_user_roles r
            join accounts inside on inside.portfolio_id = r.portfolio_id where r.user_id = any($3)
    ) held join accounts a on a.id = held.account_id
    where ", account_is_visible!(), " group by held.parent"));
statement!(static PAGE_OF_USERS: UnderParent = concat!("
    select parents.id as parent, held.id as account_id
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select a.id from accounts a
        where a.id in (
            select r.account_id from account_user_roles r where r.user_id = parents.id
            union
            select inside.id from portfolio_user_roles r
                join accounts inside on inside.portfolio_id = r.portfolio_id where r.user_id = parents.id
        ) and ", account_is_visible!(), "
        order by a.id offset parents.skip limit parents.take
    ) held order by parents.id, held.id"));

statement!(static COUNT_OF_PORTFOLIOS: (i64, i64) = concat!("
    select a.portfolio_id, count(*) from accounts a
    where a.portfolio_id = any($3::bigint[]) and ", account_is_visible!(), " group by a.portfolio_id"));
statement!(static PAGE_OF_PORTFOLIOS: Under<Account> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select ", account_columns!(balance_if!("$6")), " from accounts a
        where a.portfolio_id = parents.id and ", account_is_visible!(), "
        order by a.id offset parents.skip limit parents.take
    ) inside order by parents.id, inside.id"));
// Only people whom the viewer may see count, or a number could be tried out on others.
statement!(static BY_PHONE: Account = concat!("
    select ", account_columns!(), " from accounts a where a.id in (
        select held.account_id from account_users u
            join account_user_roles held on held.user_id = u.id where u.phones @> array[$3::text] and ", user_is_visible!(), "
        union
        select inside.id from account_users u
            join portfolio_user_roles held on held.user_id = u.id
            join accounts inside on inside.portfolio_id = held.portfolio_id
        where u.phones @> array[$3::text] and ", user_is_visible!(), "
    ) and ", account_is_visible!(), " order by a.id"));
statement!(static IN_PORTFOLIO: Account = concat!("
    select ", account_columns!(), " from accounts a
    where a.portfolio_id = (select p.id from portfolios p where p.number = $3 and ", portfolio_is_visible!(), ")
      and ", account_is_visible!(), " order by a.id"));

/// The accounts with these numbers that the viewer may see, in order.
pub async fn by_numbers(
    tx: &mut Tx,
    viewer: &Viewer,
    numbers: &[String],
) -> Result<Vec<Option<Account>>, sqlx::Error> {
    let query = BY_NUMBER.seen_by(viewer).bind(numbers).bind(false);
    Ok(in_order(numbers, query.fetch_all(&mut *tx).await?, |account| account.number.clone()))
}

/// The account with this number, if the viewer may see it.
pub async fn by_number(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Option<Account>, sqlx::Error> {
    by_number_with(tx, viewer, number, false).await
}

/// As [`by_number`], with its balance if that is wanted.
pub async fn by_number_with(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    balance: bool,
) -> Result<Option<Account>, sqlx::Error> {
    let query = BY_NUMBER.seen_by(viewer).bind([number]).bind(balance);
    query.fetch_optional(&mut *tx).await
}

/// The accounts with these ids that the viewer may see, in order.
pub async fn by_ids(tx: &mut Tx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Option<Account>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |account| account.id))
}

/// The accounts that each of these users holds and the viewer may see, oldest first. Two statements.
pub async fn of_users(tx: &mut Tx, viewer: &Viewer, users: &[i64]) -> Result<Vec<Vec<Account>>, sqlx::Error> {
    let held = OF_USERS.seen_by(viewer).bind(users).fetch_all(&mut *tx).await?;
    let rows = loaded(tx, viewer, held).await?;
    Ok(grouped(users, rows))
}

/// One page of the accounts that each of these users holds, oldest first.
pub async fn page_of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
    window: &Window,
) -> Result<Vec<Page<Account>>, sqlx::Error> {
    let totals = if window.needs_total() {
        let query = COUNT_OF_USERS.seen_by(viewer).bind(users);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, users, totals.as_ref());
    let query = PAGE_OF_USERS.seen_by(viewer).bind(users);
    let held = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let rows = loaded(tx, viewer, held).await?;
    Ok(page::pages(window, users, totals.as_ref(), rows))
}

/// One page of the accounts in each of these portfolios, oldest first; with their balances if those are wanted.
pub async fn of_portfolios(
    tx: &mut Tx,
    viewer: &Viewer,
    portfolios: &[i64],
    window: &Window,
    balances: bool,
) -> Result<Vec<Page<Account>>, sqlx::Error> {
    let totals = if window.needs_total() {
        let query = COUNT_OF_PORTFOLIOS.seen_by(viewer).bind(portfolios);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, portfolios, totals.as_ref());
    let query = PAGE_OF_PORTFOLIOS.seen_by(viewer).bind(portfolios);
    let query = query.bind(&slices.offsets).bind(&slices.limits).bind(balances);
    let inside = query.fetch_all(&mut *tx).await?;
    Ok(page::pages(window, portfolios, totals.as_ref(), inside.into_iter().map(Under::pair)))
}

/// The accounts of people with this phone number that the viewer may see, oldest first. Only digits count.
pub async fn by_phone(tx: &mut Tx, viewer: &Viewer, phone: &str) -> Result<Vec<Account>, sqlx::Error> {
    let digits = search::digits(phone);
    BY_PHONE.seen_by(viewer).bind(digits).fetch_all(&mut *tx).await
}

/// The accounts in the portfolio with this number, oldest first; none if the viewer may not see the portfolio.
pub async fn in_portfolio(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Vec<Account>, sqlx::Error> {
    IN_PORTFOLIO.seen_by(viewer).bind(number).fetch_all(&mut *tx).await
}

async fn loaded(
    tx: &mut Tx,
    viewer: &Viewer,
    under: Vec<UnderParent>,
) -> Result<Vec<(i64, Account)>, sqlx::Error> {
    let ids: Vec<i64> = under.iter().map(|row| row.account_id).collect();
    let accounts = by_ids(tx, viewer, &ids).await?;
    Ok(under.iter().zip(accounts).filter_map(|(row, account)| Some((row.parent, account?))).collect())
}
