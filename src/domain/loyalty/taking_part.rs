//! Taking part in saving sessions: an account enters their campaign with one of its points, and then says of each session
//! that it will.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use super::memberships;
use crate::domain::accounts::Account;
use crate::domain::accounts::accounts;
use crate::domain::accounts::campaigns::{self, CampaignError};
use crate::domain::accounts::changes::{hand, may_edit};
use crate::domain::auth::Viewer;
use crate::platform::db::{Tx, database_error, row, statement};

/// The campaign of those who take part.
pub const SAVING_SESSIONS: &str = "saving-sessions";
/// The campaign of those who take part in trials.
pub const TESTERS: &str = "beta-testers";

/// Why an account does not take part.
#[derive(Debug, Error)]
pub enum TakingPartError {
    /// There is no such account, or it is not the viewer's to enter.
    #[error("unknown account")]
    Unauthorised,
    /// The campaign does not run.
    #[error("the campaign does not run")]
    NotRunning,
    /// The account is not supplied at such a point.
    #[error("the account is not supplied at such a point")]
    UnknownPoint,
    /// The account is a business's, not in Octoplus, or in with another point; or no half-hourly meter hangs at the point.
    #[error("the account cannot take part with this point")]
    Refused(Refusal),
    /// There is no such session.
    #[error("unknown session")]
    UnknownSession,
    /// The account is not in the campaign with a point.
    #[error("the account is not in the campaign")]
    NotIn,
    /// The session is for testers, or the account is no longer supplied at its point by a half-hourly meter.
    #[error("the account is not eligible")]
    NotEligible,
    /// The session has begun.
    #[error("the session has begun")]
    Begun,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(TakingPartError);

/// Why a point does not take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Sessions are for households.
    Business,
    /// The account is in no loyalty programme that could be given points.
    NoMember,
    /// No meter that sends half-hourly readings hangs at the point.
    NoMeter,
    /// The account takes part with another point.
    OtherPoint,
}

impl Refusal {
    /// As a sentence for whoever asked.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Business => "Saving Sessions are for households.",
            Self::NoMember => "Join Octoplus first.",
            Self::NoMeter => "No meter that sends half-hourly readings is at this meter point.",
            Self::OtherPoint => "The account takes part with another meter point.",
        }
    }
}

row! {
    /// A point with which an account could take part, or does.
    pub struct Point {
        /// Row id.
        pub id: i64,
        /// Its number.
        pub mpan: String,
        /// Where it is.
        pub address: String,
        /// Whether a meter that sends half-hourly readings hangs there.
        pub is_half_hourly: bool,
    }
}

row! {
    /// An account in the campaign.
    pub struct Participation {
        id: i64,
        /// The first day.
        pub since: NaiveDate,
        /// The point with which it takes part, if one was named.
        pub supply_point_id: Option<i64>,
    }
}

row! {
    struct Wanted {
        id: i64,
        starts_at: DateTime<Utc>,
        is_trial: bool,
    }
}

statement!(static POINTS: Point = "
    select sp.id, sp.identifier as mpan,
        concat_ws(', ', nullif(pr.address_line1, ''), nullif(pr.address_line2, ''), nullif(pr.address_line3, ''),
            nullif(pr.address_line4, ''), nullif(pr.address_line5, ''), nullif(pr.postcode, '')) as address,
        exists (select from meters m where m.supply_point_id = sp.id and m.sends_half_hourly
            and m.active_from <= $3::date and (m.active_to is null or m.active_to > $3)) as is_half_hourly
    from supply_periods s join supply_points sp on sp.id = s.supply_point_id join properties pr on pr.id = sp.property_id
    where s.account_id = $1 and s.during @> $2::timestamptz and sp.market_name = 'GBR_ELECTRICITY'
        and sp.direction = 'IMPORT'
    order by sp.id");
statement!(static PARTICIPATION: Participation = "
    select held.id, lower(held.days) as since, p.supply_point_id
    from account_campaigns held join campaigns c on c.id = held.campaign_id
        left join saving_session_points p on p.participation_id = held.id
    where held.account_id = $1 and c.slug = $2 and held.days @> $3::date");
statement!(static NAME_POINT: () = "
    insert into saving_session_points (participation_id, supply_point_id) values ($1, $2)
    on conflict (participation_id) do nothing");
statement!(static WANTED: Wanted = "
    select id, starts_at, is_trial from saving_session_events where market = $1 and code = $2");
statement!(static IS_IN: (bool,) = "
    select exists (select from account_campaigns held join campaigns c on c.id = held.campaign_id
        where held.account_id = $1 and c.slug = $2 and held.days @> $3::date)");
statement!(static JOIN: () = "
    insert into saving_session_joins (event_id, account_id, supply_point_id, joined_at, by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6) on conflict on constraint saving_session_joins_once do nothing");
statement!(static JOINED: (String,) = "
    select e.code from saving_session_joins j join saving_session_events e on e.id = j.event_id
    where j.account_id = $1 order by e.starts_at, e.id");

async fn editable(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Account, TakingPartError> {
    if !may_edit(viewer) {
        return Err(TakingPartError::Unauthorised);
    }
    accounts::by_number(tx, viewer, number).await?.ok_or(TakingPartError::Unauthorised)
}

fn day(account: &Account, now: DateTime<Utc>) -> NaiveDate {
    account.market().map_or(now.date_naive(), |market| market.day(now))
}

/// The points in Britain at which an account is supplied with electricity now.
pub(super) async fn points(tx: &mut Tx, account: &Account) -> Result<Vec<Point>, sqlx::Error> {
    let now = tx.business_now().await?;
    POINTS.query().bind(account.id).bind(now).bind(day(account, now)).fetch_all(&mut *tx).await
}

/// How an account takes part today, if it is in the campaign.
pub(super) async fn participation(
    tx: &mut Tx,
    account: &Account,
) -> Result<Option<Participation>, sqlx::Error> {
    let now = tx.business_now().await?;
    let query = PARTICIPATION.query().bind(account.id).bind(SAVING_SESSIONS).bind(day(account, now));
    query.fetch_optional(&mut *tx).await
}

/// Whether an account is in a campaign today.
pub(super) async fn is_in(tx: &mut Tx, account: &Account, slug: &str) -> Result<bool, sqlx::Error> {
    let now = tx.business_now().await?;
    let query = IS_IN.query().bind(account.id).bind(slug).bind(day(account, now));
    Ok(query.fetch_one(&mut *tx).await?.0)
}

/// Whether sessions are not for an account, whatever its points.
pub(super) fn is_business(account: &Account) -> bool {
    account.account_type.starts_with("BUSINESS")
}

/// Enters an account in the campaign with a point. Nothing happens if it is in it with that point.
///
/// # Errors
/// As [`TakingPartError`] says.
pub async fn join_campaign(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    mpan: &str,
) -> Result<(), TakingPartError> {
    let account = editable(tx, viewer, number).await?;
    let point = points(tx, &account).await?.into_iter().find(|point| point.mpan == mpan);
    enter(tx, viewer, &account, point).await
}

async fn enter(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &Account,
    point: Option<Point>,
) -> Result<(), TakingPartError> {
    let now = tx.business_now().await?;
    // Whatever is refused below is undone together with this.
    campaigns::put_in(tx, viewer, account.id, SAVING_SESSIONS, day(account, now)).await.map_err(|error| {
        match error {
            CampaignError::Database(error) => TakingPartError::Database(error),
            _ => TakingPartError::NotRunning,
        }
    })?;
    let point = point.ok_or(TakingPartError::UnknownPoint)?;
    let refused = |why| Err(TakingPartError::Refused(why));
    if is_business(account) {
        return refused(Refusal::Business);
    }
    if memberships::current(tx, account.id).await?.is_none() {
        return refused(Refusal::NoMember);
    }
    if !point.is_half_hourly {
        return refused(Refusal::NoMeter);
    }
    let held = participation(tx, account).await?.ok_or(TakingPartError::NotIn)?;
    NAME_POINT.command().bind(held.id).bind(point.id).execute(&mut *tx).await?;
    // Whoever came first has named it.
    let held = participation(tx, account).await?.ok_or(TakingPartError::NotIn)?;
    if held.supply_point_id == Some(point.id) { Ok(()) } else { refused(Refusal::OtherPoint) }
}

/// What became of a wish to take part that came with joining a programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The account takes part with the point of this number.
    Enrolled(String),
    /// It does not; why, as a sentence.
    NotEnrolled(&'static str),
}

/// Enters an account that has just joined a programme in the campaign, with the point of a number or else its first one with
/// a half-hourly meter.
///
/// # Errors
/// Those of the database; anything else is told as part of the answer.
pub async fn join_with_programme(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &Account,
    mpan: Option<&str>,
) -> Result<Wish, sqlx::Error> {
    let now = tx.business_now().await?;
    let mut points = points(tx, account).await?.into_iter();
    let point = match mpan {
        Some(mpan) => points.find(|point| point.mpan == mpan),
        None => points.find(|point| point.is_half_hourly),
    };
    let Some(point) = point else {
        return Ok(Wish::NotEnrolled("The account is not supplied at such a meter point."));
    };
    if !point.is_half_hourly || is_business(account) {
        let why = if is_business(account) { Refusal::Business } else { Refusal::NoMeter };
        return Ok(Wish::NotEnrolled(why.sentence()));
    }
    let mpan = point.mpan.clone();
    let is_in = participation(tx, account).await?.and_then(|held| held.supply_point_id);
    if is_in.is_some_and(|held| held != point.id) {
        return Ok(Wish::NotEnrolled(Refusal::OtherPoint.sentence()));
    }
    match campaigns::put_in(tx, viewer, account.id, SAVING_SESSIONS, day(account, now)).await {
        Err(CampaignError::Database(error)) => return Err(error),
        Err(_) => return Ok(Wish::NotEnrolled("Saving Sessions take nobody in today.")),
        Ok(()) => {}
    }
    match enter(tx, viewer, account, Some(point)).await {
        Ok(()) => Ok(Wish::Enrolled(mpan)),
        Err(TakingPartError::Database(error)) => Err(error),
        Err(TakingPartError::Refused(why)) => Ok(Wish::NotEnrolled(why.sentence())),
        Err(_) => Ok(Wish::NotEnrolled("Saving Sessions take nobody in today.")),
    }
}

/// Says that an account will take part in a session, which has not begun. Nothing happens if it has said so. Answers the codes
/// of all sessions that it takes part in, the earliest first.
///
/// # Errors
/// As [`TakingPartError`] says.
pub async fn join_session(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    code: &str,
) -> Result<Vec<String>, TakingPartError> {
    let account = editable(tx, viewer, number).await?;
    let wanted = WANTED.query().bind(&account.market).bind(code).fetch_optional(&mut *tx).await?;
    let wanted = wanted.ok_or(TakingPartError::UnknownSession)?;
    let point = participation(tx, &account).await?.and_then(|held| held.supply_point_id);
    let point = point.ok_or(TakingPartError::NotIn)?;
    if memberships::current(tx, account.id).await?.is_none() {
        return Err(TakingPartError::NotIn);
    }
    let is_supplied =
        points(tx, &account).await?.iter().any(|known| known.id == point && known.is_half_hourly);
    if !is_supplied || (wanted.is_trial && !is_in(tx, &account, TESTERS).await?) {
        return Err(TakingPartError::NotEligible);
    }
    let now = tx.business_now().await?;
    if wanted.starts_at <= now {
        return Err(TakingPartError::Begun);
    }
    let (kind, id) = hand(viewer);
    let join = JOIN.command().bind(wanted.id).bind(account.id).bind(point).bind(now).bind(kind).bind(id);
    join.execute(&mut *tx).await?;
    let joined = JOINED.query().bind(account.id).fetch_all(&mut *tx).await?;
    Ok(joined.into_iter().map(|(code,)| code).collect())
}
