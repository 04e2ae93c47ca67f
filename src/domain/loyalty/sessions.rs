//! Saving sessions as customers read them, and how they did.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::memberships;
use super::taking_part::{self, Participation, Point, TESTERS};
use crate::domain::accounts::Account;
use crate::domain::accounts::accounts;
use crate::domain::auth::Viewer;
use crate::platform::db::{Tx, row, statement};

/// The market in which there are sessions.
const MARKET: &str = "gb";
/// More sessions than there are in two winters.
const MOST: i64 = 300;

row! {
    /// A session.
    pub struct Event {
        /// Row id.
        pub id: i64,
        /// What the operator of the grid calls it.
        pub code: String,
        /// The first moment.
        pub starts_at: DateTime<Utc>,
        /// The moment after the last.
        pub ends_at: DateTime<Utc>,
        /// Points for each kWh that is saved.
        pub points_per_kwh: i32,
        /// How it was announced.
        pub notice: String,
        /// Whether it is for testers only.
        pub is_trial: bool,
        /// `UPCOMING`, `ONGOING` or `DONE`.
        pub status: String,
        /// How many accounts take part.
        pub participants: i64,
    }
}

row! {
    /// An account in a session.
    pub struct Joined {
        /// Row id of the session.
        pub event_id: i64,
        /// The first moment.
        pub starts_at: DateTime<Utc>,
        /// The moment after the last.
        pub ends_at: DateTime<Utc>,
        /// `UPCOMING`, `ONGOING` or `DONE`.
        pub status: String,
        /// How it did, once that is known.
        pub result: Option<String>,
        /// Points that were given.
        pub points: Option<i32>,
        /// What the point usually takes, in Wh.
        pub usual_wh: Option<i64>,
        /// What it took.
        pub used_wh: Option<i64>,
        /// When that was known.
        pub settled_at: Option<DateTime<Utc>>,
        grams_per_kwh: i32,
        /// How many in a hundred of those who took part saved a smaller share.
        pub rank: Option<Decimal>,
        /// What those who took part were given on average, in major units of the market's currency.
        pub average_worth: Option<Decimal>,
    }
}

impl Joined {
    /// How it did: `UPCOMING` before it begins, `CALCULATING` until that is known.
    pub fn outcome(&self) -> &str {
        let pending = if self.status == "UPCOMING" { "UPCOMING" } else { "CALCULATING" };
        self.result.as_deref().unwrap_or(pending)
    }

    /// How much less than usual was taken, in Wh; below zero where it was more.
    pub fn saved_wh(&self) -> Option<i64> {
        Some(self.usual_wh? - self.used_wh?)
    }

    /// How much CO2 that did not make, in grams.
    pub fn saved_grams(&self) -> Option<Decimal> {
        let saved = self.saved_wh()?.max(0);
        Some((Decimal::from(saved) * Decimal::from(self.grams_per_kwh) / Decimal::ONE_THOUSAND).round_dp(1))
    }

    /// The share of the usual that was saved, in a hundred.
    pub fn saved_share(&self) -> Option<Decimal> {
        let (saved, usual) = (Decimal::from(self.saved_wh()?), Decimal::from(self.usual_wh?));
        Some((saved * Decimal::ONE_HUNDRED).checked_div(usual)?.round_dp(1))
    }
}

row! {
    /// What everybody has saved together.
    pub struct National {
        saved_wh: i64,
        saved_grams: i64,
        /// When that last changed; none while nothing is known.
        pub last_settled_at: Option<DateTime<Utc>>,
    }
}

/// What a home takes in a day, in kWh.
const HOME_DAY: i64 = 8;
/// What a car with a petrol engine emits on a mile, in grams.
const MILE: i64 = 280;

impl National {
    /// In kWh, rounded down.
    pub fn saved_kwh(&self) -> i64 {
        self.saved_wh / 1000
    }

    /// The energy as something that people know.
    pub fn energy_in_words(&self) -> String {
        format!("as much as {} homes take in a day", self.saved_kwh() / HOME_DAY)
    }

    /// The CO2 as something that people know.
    pub fn co2_in_words(&self) -> String {
        format!("as much as a petrol car emits on {} miles", self.saved_grams / MILE)
    }
}

/// A session that an account was asked to.
#[derive(Clone, Debug)]
pub struct Asked {
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// How it was announced.
    pub notice: String,
    /// Whether the account said that it would take part.
    pub has_joined: bool,
}

/// An account and the sessions.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Whether it is in the campaign with a point.
    pub has_joined: bool,
    /// The point with which it takes part.
    pub point: Option<Point>,
    /// Points with which it could.
    pub eligible: Vec<Point>,
    /// Whether it could enter the campaign now.
    pub can_join: bool,
    /// Whether it is a business's.
    pub is_business: bool,
    /// Whether it takes part in trials.
    pub is_tester: bool,
    /// The sessions in which it takes part, the latest first.
    pub joined: Vec<Joined>,
    /// The sessions since it entered the campaign, the latest first.
    pub asked: Vec<Asked>,
}

macro_rules! status {
    () => {
        "case when e.starts_at > now.at then 'UPCOMING' when e.ends_at > now.at then 'ONGOING' else 'DONE' end as status"
    };
}

statement!(static EVENTS: Event = concat!(
    "select e.id, e.code, e.starts_at, e.ends_at, e.points_per_kwh, e.notice, e.is_trial, ", status!(), ",
        (select count(*) from saving_session_joins j where j.event_id = e.id) as participants
    from saving_session_events e cross join (select $3::timestamptz as at) now
    where e.market = $1 and (not e.is_trial or $2::boolean) order by e.starts_at desc, e.id desc limit $4"));
statement!(static COUNT: (i64,) = "
    select count(*) from saving_session_events e where e.market = $1 and (not e.is_trial or $2::boolean)");
// A smaller share was saved if the one times the usual of the other is less.
statement!(static JOINED: Joined = concat!(
    "select j.event_id, e.starts_at, e.ends_at, ", status!(), ", j.result, j.points, j.usual_wh, j.used_wh, j.settled_at,
        e.grams_per_kwh,
        case when j.usual_wh > 0 then (
            select round(100.0 * count(*) filter (where (o.usual_wh - o.used_wh)::numeric * j.usual_wh
                < (j.usual_wh - j.used_wh)::numeric * o.usual_wh) / nullif(count(*), 0), 1)
            from saving_session_joins o where o.event_id = j.event_id and o.usual_wh > 0) end as rank,
        case when j.result is not null then (
            select round(avg(o.points) / p.points_per_minor_unit / 100, 2)
            from saving_session_joins o where o.event_id = j.event_id and o.result is not null) end as average_worth
    from saving_session_joins j join saving_session_events e on e.id = j.event_id
        join loyalty_programmes p on p.market = e.market cross join (select $2::timestamptz as at) now
    where j.account_id = $1 order by e.starts_at desc, e.id desc"));
statement!(static NATIONAL: National = "
    select coalesce(sum(j.usual_wh - j.used_wh), 0)::bigint as saved_wh,
        coalesce(sum((j.usual_wh - j.used_wh)::numeric * e.grams_per_kwh / 1000), 0)::bigint as saved_grams,
        max(j.settled_at) as last_settled_at
    from saving_session_joins j join saving_session_events e on e.id = j.event_id
    where e.market = $1 and not e.is_trial and j.result in ('SUCCESS', 'PARTIAL_SUCCESS')");

/// The sessions that have been announced, the latest first; with those for testers, if wanted.
///
/// # Errors
/// Those of the database.
pub async fn events(tx: &mut Tx, with_trials: bool) -> Result<Vec<Event>, sqlx::Error> {
    let now = tx.business_now().await?;
    EVENTS.query().bind(MARKET).bind(with_trials).bind(now).bind(MOST).fetch_all(&mut *tx).await
}

/// How many sessions have been announced.
///
/// # Errors
/// Those of the database.
pub async fn count(tx: &mut Tx, with_trials: bool) -> Result<i64, sqlx::Error> {
    Ok(COUNT.query().bind(MARKET).bind(with_trials).fetch_one(&mut *tx).await?.0)
}

/// What everybody has saved together.
///
/// # Errors
/// Those of the database.
pub async fn national(tx: &mut Tx) -> Result<National, sqlx::Error> {
    NATIONAL.query().bind(MARKET).fetch_one(&mut *tx).await
}

/// The account of a number, if the viewer sees it and there are sessions for its market.
///
/// # Errors
/// Those of the database.
pub async fn account(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Option<Account>, sqlx::Error> {
    let found = accounts::by_number(tx, viewer, number).await?;
    Ok(found.filter(|account| account.market == MARKET))
}

/// How an account stands with the sessions; none where the viewer does not see it or its market has none.
///
/// # Errors
/// Those of the database.
pub async fn standing(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Option<Standing>, sqlx::Error> {
    let Some(account) = account(tx, viewer, number).await? else { return Ok(None) };
    let now = tx.business_now().await?;
    let participation = taking_part::participation(tx, &account).await?;
    let points = taking_part::points(tx, &account).await?;
    let is_business = taking_part::is_business(&account);
    let is_tester = taking_part::is_in(tx, &account, TESTERS).await?;
    let is_member = memberships::current(tx, account.id).await?.is_some();
    let joined = JOINED.query().bind(account.id).bind(now).fetch_all(&mut *tx).await?;
    let asked = match &participation {
        Some(held) => asked(tx, &account, held, &joined).await?,
        None => Vec::new(),
    };
    let named = participation.as_ref().and_then(|held| held.supply_point_id);
    let point = points.iter().find(|point| Some(point.id) == named).cloned();
    let eligible: Vec<Point> = points.into_iter().filter(|point| point.is_half_hourly).collect();
    let standing = Standing {
        has_joined: named.is_some(),
        can_join: named.is_none() && is_member && !is_business && !eligible.is_empty(),
        point,
        eligible,
        is_business,
        is_tester,
        joined,
        asked,
    };
    Ok(Some(standing))
}

async fn asked(
    tx: &mut Tx,
    account: &Account,
    held: &Participation,
    joined: &[Joined],
) -> Result<Vec<Asked>, sqlx::Error> {
    let day = |at: DateTime<Utc>| -> NaiveDate { account.market().map_or(at.date_naive(), |m| m.day(at)) };
    let since = events(tx, false).await?.into_iter().filter(|event| day(event.starts_at) >= held.since);
    let asked = since.map(|event| Asked {
        has_joined: joined.iter().any(|each| each.event_id == event.id),
        starts_at: event.starts_at,
        notice: event.notice,
    });
    Ok(asked.collect())
}
