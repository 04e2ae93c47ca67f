//! Campaigns that accounts take part in. Days are those of the account's market.

use chrono::NaiveDate;
use thiserror::Error;

use super::accounts::{self, Account};
use super::changes::hand;
use crate::domain::auth::viewer::{EDIT_CUSTOMERS, Viewer, account_is_visible};
use crate::domain::ledgers::dunning::today;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::page::{self, Page, Window};

/// More campaigns than run at a time.
const MOST: i64 = 1_000;

/// Why an account was not entered in a campaign, or not taken out of it.
#[derive(Debug, Error)]
pub enum CampaignError {
    /// The viewer may not edit customers.
    #[error("the viewer may not edit customers")]
    Forbidden,
    /// There is no such account, or the viewer may not see it.
    #[error("unknown account")]
    UnknownAccount,
    /// No campaign of this slug runs today.
    #[error("no such campaign runs today")]
    NotRunning,
    /// The account is not in the campaign.
    #[error("the account is not in the campaign")]
    NotIn,
    /// The day lies before today.
    #[error("the account cannot have left before today")]
    Past,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(CampaignError);

row! {
    /// A campaign that an account takes part in.
    pub struct Participation {
        account_id: i64,
        /// Name of the campaign.
        pub name: String,
        /// Its name in addresses.
        pub slug: String,
        /// The day on which the campaign is over; none while that is open.
        pub campaign_ends: Option<NaiveDate>,
        /// The first day on which the account was in it.
        pub start: NaiveDate,
        /// The day on which the account is out of it; none while that is open.
        pub end: Option<NaiveDate>,
    }
}

statement!(static ENTER: (i64,) = "
    insert into account_campaigns (account_id, campaign_id, days, by_kind, by_id, created_at)
    select $1, c.id, daterange($3, upper(c.days)), $4, $5, $6
    from campaigns c where c.slug = $2 and c.days @> $3::date
    on conflict on constraint account_campaigns_once do nothing returning id");
statement!(static IS_RUNNING: (bool,) = "
    select exists (select 1 from campaigns where slug = $1 and days @> $2::date)");
// Whoever came and went on the same day was never in it.
statement!(static CANCEL: (i64,) = "
    delete from account_campaigns held using campaigns c
    where c.id = held.campaign_id and held.account_id = $1 and $2 in (c.slug, c.name) and held.days @> $3::date
        and lower(held.days) = $4 returning held.id");
statement!(static LEAVE: (i64,) = "
    update account_campaigns held set days = daterange(lower(held.days), least($4::date, upper(c.days)))
    from campaigns c where c.id = held.campaign_id and held.account_id = $1 and $2 in (c.slug, c.name)
        and held.days @> $3::date returning held.id");
statement!(static COUNT: (i64, i64) = concat!("
    select a.id, count(*) from accounts a
        join unnest($4::text[], $5::date[]) as today (market, day) on today.market = a.market
        join account_campaigns held on held.account_id = a.id and held.days @> today.day
    where a.id = any($3::bigint[]) and ", account_is_visible!(), " group by a.id"));
statement!(static PAGE: Participation = concat!("
    select a.id as account_id, inside.*
    from (select distinct * from unnest($3::bigint[], $6::bigint[], $7::bigint[]) as p (id, skip, take)) parents
        join accounts a on a.id = parents.id
        join unnest($4::text[], $5::date[]) as today (market, day) on today.market = a.market
    cross join lateral (
        select held.id, c.name, c.slug, upper(c.days) as campaign_ends, lower(held.days) as start, upper(held.days) as end
        from account_campaigns held join campaigns c on c.id = held.campaign_id
        where held.account_id = a.id and held.days @> today.day
        order by lower(held.days), held.id offset parents.skip limit parents.take
    ) inside where ", account_is_visible!(), " order by a.id, inside.start, inside.id"));

/// Enters an account in a campaign from today on. Nothing happens if it is in it.
pub async fn enter(tx: &mut Tx, viewer: &Viewer, number: &str, slug: &str) -> Result<(), CampaignError> {
    let (account, today) = editable(tx, viewer, number).await?;
    put_in(tx, viewer, account.id, slug, today).await
}

/// Enters an account in a campaign from a day on, provided that it runs then. Nothing happens if it is in it. The caller has
/// seen to it that the viewer may.
pub(in crate::domain) async fn put_in(
    tx: &mut Tx,
    viewer: &Viewer,
    account: i64,
    slug: &str,
    day: NaiveDate,
) -> Result<(), CampaignError> {
    let now = tx.business_now().await?;
    let (kind, id) = hand(viewer);
    let add = ENTER.query().bind(account).bind(slug).bind(day).bind(kind).bind(id).bind(now);
    if add.fetch_optional(&mut *tx).await?.is_some() {
        return Ok(());
    }
    let (is_running,) = IS_RUNNING.query().bind(slug).bind(day).fetch_one(&mut *tx).await?;
    if is_running { Ok(()) } else { Err(CampaignError::NotRunning) }
}

/// Takes an account out of a campaign, known by name or slug, from a day on: today, unless another is named.
pub async fn leave(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    campaign: &str,
    day: Option<NaiveDate>,
) -> Result<(), CampaignError> {
    let (account, today) = editable(tx, viewer, number).await?;
    let day = day.unwrap_or(today);
    if day < today {
        return Err(CampaignError::Past);
    }
    take_out(tx, account.id, campaign, today, day).await
}

/// Takes an account that is in a campaign today out of it from a day on. The caller has seen to it that the viewer may.
pub(in crate::domain) async fn take_out(
    tx: &mut Tx,
    account: i64,
    campaign: &str,
    today: NaiveDate,
    day: NaiveDate,
) -> Result<(), CampaignError> {
    let cancel = CANCEL.query().bind(account).bind(campaign).bind(today).bind(day);
    if cancel.fetch_optional(&mut *tx).await?.is_some() {
        return Ok(());
    }
    let leave = LEAVE.query().bind(account).bind(campaign).bind(today).bind(day);
    leave.fetch_optional(&mut *tx).await?.map(|_| ()).ok_or(CampaignError::NotIn)
}

async fn editable(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<(Account, NaiveDate), CampaignError> {
    if !viewer.may(EDIT_CUSTOMERS) {
        return Err(CampaignError::Forbidden);
    }
    let account = accounts::by_number(tx, viewer, number).await?.ok_or(CampaignError::UnknownAccount)?;
    let now = tx.business_now().await?;
    let today = account.market().map_or(now.date_naive(), |market| market.day(now));
    Ok((account, today))
}

/// One page of the campaigns that each of these accounts is in today, the longest first. One statement, and one more
/// for totals.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    window: &Window,
) -> Result<Vec<Page<Participation>>, sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let totals = if window.needs_total() {
        let query = COUNT.seen_by(viewer).bind(accounts).bind(&markets);
        Some(query.bind(&days).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let query = PAGE.seen_by(viewer).bind(accounts).bind(&markets).bind(&days);
    let rows = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let rows = rows.into_iter().map(|row| (row.account_id, row));
    Ok(page::pages(window, accounts, totals.as_ref(), rows))
}

/// All the campaigns that each of these accounts is in today, the longest first.
pub async fn all_of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Vec<Participation>>, sqlx::Error> {
    let all = Window::forward(0, MOST);
    let pages = of_accounts(tx, viewer, accounts, &all).await?;
    Ok(pages.into_iter().map(|page| page.rows).collect())
}
