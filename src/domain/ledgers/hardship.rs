//! Customers who find it hard to pay: what was agreed with them, and the help that they were granted. While an
//! agreement holds, nothing that falls due on the account is dunned. Customers see their own and staff see all of them;
//! organisations see none.

use chrono::NaiveDate;
use thiserror::Error;

use super::dunning::today;
use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::market;

/// SQL that holds while an account, named by its row id, has an agreement that holds on a day.
macro_rules! in_hardship {
    ($account:literal, $day:literal) => {
        concat!(
            "exists (select 1 from hardship_agreements agreed where agreed.account_id = ",
            $account,
            " and agreed.days @> ",
            $day,
            ")"
        )
    };
}
pub(in crate::domain) use in_hardship;

row! {
    /// What was agreed with a customer who finds it hard to pay.
    pub struct Agreement {
        account_id: i64,
        /// Row id.
        pub id: i64,
        /// One of `HardshipAgreementHardshipType`.
        pub hardship_type: String,
        /// One of `HardshipAgreementHardshipEntryReason`.
        pub entry_reason: Option<String>,
        /// What has happened.
        pub details: String,
        /// How the customer pays meanwhile.
        pub payment_plan: String,
        /// The first day on which it holds.
        pub started_on: NaiveDate,
    }
}

row! {
    /// Help that a household was granted.
    pub struct Assistance {
        account_id: i64,
        /// Its kind.
        pub code: String,
        /// The first day.
        pub from: NaiveDate,
        /// The first day without it; none while it is open-ended.
        pub to: Option<NaiveDate>,
    }
}

statement!(static ACTIVE: Agreement = concat!("
    select h.account_id, h.id, h.hardship_type, h.entry_reason, h.details, h.payment_plan, lower(h.days) as started_on
    from hardship_agreements h join accounts a on a.id = h.account_id
        join unnest($4::text[], $5::date[]) as today (market, day) on today.market = a.market
    where h.account_id = any($3::bigint[]) and h.days @> today.day and ", account_is_visible!(), "
    order by h.account_id, started_on, h.id"));
statement!(static ASSISTANCE: Assistance = concat!("
    select g.account_id, t.code, lower(g.days) as from, upper(g.days) as to
    from assistance_agreements g join assistance_types t on t.id = g.type_id join accounts a on a.id = g.account_id
    where g.account_id = any($3::bigint[]) and ", account_is_visible!(), "
    order by g.account_id, lower(g.days) desc, g.id desc"));
statement!(static USERS_IN: (i64,) = concat!("
    select distinct held.user_id
    from (
        select r.user_id, r.account_id from account_user_roles r where r.user_id = any($3::bigint[])
        union all
        select r.user_id, inside.id from portfolio_user_roles r
            join accounts inside on inside.portfolio_id = r.portfolio_id where r.user_id = any($3)
    ) held join accounts a on a.id = held.account_id
        join unnest($4::text[], $5::date[]) as today (market, day) on today.market = a.market
    where ", in_hardship!("a.id", "today.day"), " and ", account_is_visible!()));

fn may_know(viewer: &Viewer) -> bool {
    viewer.is_staff() || viewer.account_user().is_some()
}

/// What is agreed today about each of these accounts; `None` for whoever may not know.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Option<Vec<Agreement>>>, sqlx::Error> {
    if !may_know(viewer) {
        return Ok(vec![None; accounts.len()]);
    }
    let (markets, days) = today(tx).await?;
    let query = ACTIVE.seen_by(viewer).bind(accounts).bind(markets).bind(days);
    let rows = query.fetch_all(&mut *tx).await?.into_iter().map(|row| (row.account_id, row)).collect();
    Ok(grouped(accounts, rows).into_iter().map(Some).collect())
}

/// The help that each of these accounts was granted, the latest first; `None` for whoever may not know.
pub async fn assistance_of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Option<Vec<Assistance>>>, sqlx::Error> {
    if !may_know(viewer) {
        return Ok(vec![None; accounts.len()]);
    }
    let query = ASSISTANCE.seen_by(viewer).bind(accounts);
    let rows = query.fetch_all(&mut *tx).await?.into_iter().map(|row| (row.account_id, row)).collect();
    Ok(grouped(accounts, rows).into_iter().map(Some).collect())
}

/// Whether anything is agreed today about an account of each of these users that the viewer sees; `None` for whoever
/// may not know.
pub async fn of_users(tx: &mut Tx, viewer: &Viewer, users: &[i64]) -> Result<Vec<Option<bool>>, sqlx::Error> {
    if !may_know(viewer) {
        return Ok(vec![None; users.len()]);
    }
    let (markets, days) = today(tx).await?;
    let query = USERS_IN.seen_by(viewer).bind(users).bind(markets).bind(days);
    let found = query.fetch_all(&mut *tx).await?;
    Ok(users.iter().map(|user| Some(found.contains(&(*user,)))).collect())
}

/// Why nothing was agreed or granted.
#[derive(Debug, Error)]
pub enum HardshipError {
    /// There is no such account.
    #[error("there is no such account")]
    UnknownAccount,
    /// There is no such agreement, or it has ended.
    #[error("there is no such agreement, or it has ended")]
    UnknownAgreement,
    /// The market has no such kind.
    #[error("there is no such kind")]
    UnknownKind,
    /// A text is missing.
    #[error("what has happened, and how the customer pays, must be said")]
    Text,
    /// The last day comes before the first.
    #[error("it must end after it begins")]
    Days,
    /// There is one of this kind on some of the days.
    #[error("there is one of this kind already")]
    Overlap,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(HardshipError);

impl From<sqlx::Error> for HardshipError {
    fn from(error: sqlx::Error) -> Self {
        let is_on = |constraint| on_constraint(&error, constraint);
        if is_on("hardship_agreements_one_of_a_kind") || is_on("assistance_agreements_no_overlap") {
            Self::Overlap
        } else if is_on("hardship_agreements_hardship_type_check")
            || is_on("hardship_agreements_entry_reason_check")
        {
            Self::UnknownKind
        } else {
            Self::Database(error)
        }
    }
}

/// What is agreed with a customer who finds it hard to pay.
#[derive(Clone, Copy, Debug)]
pub struct NewAgreement<'a> {
    /// One of `HardshipAgreementHardshipType`.
    pub hardship_type: &'a str,
    /// One of `HardshipAgreementHardshipEntryReason`.
    pub entry_reason: Option<&'a str>,
    /// What has happened.
    pub details: &'a str,
    /// How the customer pays meanwhile.
    pub payment_plan: &'a str,
    /// The first day; today unless given.
    pub from: Option<NaiveDate>,
}

statement!(static ACCOUNT: (i64, String) = "select id, market from accounts where number = $1");
statement!(static AGREE: (i64,) = "
    insert into hardship_agreements (account_id, hardship_type, entry_reason, details, payment_plan, days, created_at)
    values ($1, $2, $3, $4, $5, daterange($6, null), $7) returning id");
statement!(static END: () = "
    update hardship_agreements set days = daterange(lower(days), $2)
    where id = $1 and lower(days) < $2 and (upper_inf(days) or upper(days) > $2)");
statement!(static TYPE: (i64,) = "select id from assistance_types where market = $1 and code = $2");
statement!(static GRANT: (i64,) = "
    insert into assistance_agreements (account_id, type_id, days, created_at)
    values ($1, $2, daterange($3, $4), $5) returning id");
statement!(static OF_AGREEMENT: (String,) = "
    select a.market from hardship_agreements h join accounts a on a.id = h.account_id where h.id = $1");

async fn account(tx: &mut Tx, number: &str) -> Result<(i64, &'static market::Market), HardshipError> {
    let found = ACCOUNT.query().bind(number).fetch_optional(&mut *tx).await?;
    let (id, market) = found.ok_or(HardshipError::UnknownAccount)?;
    Ok((id, market::by_code(&market).ok_or(HardshipError::UnknownAccount)?))
}

/// Agrees on something about an account. Answers its row id. As below, no viewer: the caller has seen to that.
pub async fn agree(tx: &mut Tx, number: &str, new: &NewAgreement<'_>) -> Result<i64, HardshipError> {
    let (id, market) = account(tx, number).await?;
    let (details, plan) = (new.details.trim(), new.payment_plan.trim());
    if details.is_empty() || plan.is_empty() {
        return Err(HardshipError::Text);
    }
    let now = tx.business_now().await?;
    let from = new.from.unwrap_or_else(|| market.day(now));
    let agree = AGREE.query().bind(id).bind(new.hardship_type).bind(new.entry_reason);
    let agree = agree.bind(details).bind(plan).bind(from).bind(now);
    let (id,) = agree.fetch_one(&mut *tx).await?;
    Ok(id)
}

/// Ends an agreement: `on` is the first day on which it holds no more, tomorrow unless given.
pub async fn end(tx: &mut Tx, agreement: i64, on: Option<NaiveDate>) -> Result<(), HardshipError> {
    let found = OF_AGREEMENT.query().bind(agreement).fetch_optional(&mut *tx).await?;
    let (code,) = found.ok_or(HardshipError::UnknownAgreement)?;
    let market = market::by_code(&code).ok_or(HardshipError::UnknownAgreement)?;
    let tomorrow = market.day(tx.business_now().await?).succ_opt();
    let on = on.or(tomorrow).ok_or(HardshipError::Days)?;
    let ended = END.command().bind(agreement).bind(on).execute(&mut *tx).await?;
    if ended.rows_affected() == 0 { Err(HardshipError::UnknownAgreement) } else { Ok(()) }
}

/// Notes help that a household was granted in the half-open period from one day until another. Answers its row id.
pub async fn grant(
    tx: &mut Tx,
    number: &str,
    code: &str,
    from: NaiveDate,
    to: Option<NaiveDate>,
) -> Result<i64, HardshipError> {
    let (account, market) = account(tx, number).await?;
    if to.is_some_and(|to| to <= from) {
        return Err(HardshipError::Days);
    }
    let found = TYPE.query().bind(&market.code).bind(code).fetch_optional(&mut *tx).await?;
    let (kind,) = found.ok_or(HardshipError::UnknownKind)?;
    let now = tx.business_now().await?;
    let grant = GRANT.query().bind(account).bind(kind).bind(from).bind(to).bind(now);
    let (id,) = grant.fetch_one(&mut *tx).await?;
    Ok(id)
}
