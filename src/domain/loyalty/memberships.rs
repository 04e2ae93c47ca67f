//! Accounts in a loyalty programme, and which of their users the points that they earn are for.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::points;
use super::programmes::{self, Programme};
use super::taking_part::SAVING_SESSIONS;
use crate::domain::accounts::Account;
use crate::domain::accounts::accounts;
use crate::domain::accounts::campaigns::{self, CampaignError};
use crate::domain::accounts::changes::{hand, may_edit};
use crate::domain::auth::Viewer;
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

/// Why an account cannot join a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ineligibility {
    /// The programme takes no members, or its market has none.
    Closed,
    /// The account is in it.
    Member,
    /// The programme is not for customers of the account's brand.
    Brand,
    /// The account holds no property.
    NoProperty,
    /// None of its electricity meters sends half-hourly readings.
    NoMeter,
    /// It does not pay by direct debit.
    NoDirectDebit,
    /// It is in the campaign of those who are kept out.
    Excluded,
}

impl Ineligibility {
    /// As British clients know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Closed => "OCTOPLUS_DISABLED",
            Self::Member => "ALREADY_SIGNED_UP",
            Self::Brand => "INCORRECT_BRAND",
            Self::NoProperty => "NO_PROPERTIES",
            Self::NoMeter => "NO_ELIGIBLE_METERS",
            Self::NoDirectDebit => "NO_DIRECT_DEBIT",
            Self::Excluded => "ACTIVE_EXCLUSION_CAMPAIGN",
        }
    }
}

/// Why a membership did not begin, end or change.
#[derive(Debug, Error)]
pub enum MembershipError {
    /// The viewer may not say so for anybody.
    #[error("the viewer may not change memberships")]
    Forbidden,
    /// There is no such account, or the viewer may not see it or speak for it.
    #[error("unknown account")]
    UnknownAccount,
    /// The account cannot join, for this first reason.
    #[error("the account cannot join")]
    Ineligible(Ineligibility),
    /// The campaign of the programme does not run.
    #[error("the campaign does not run")]
    NotRunning,
    /// The user has no role on the account.
    #[error("the user has no role on the account")]
    UnknownUser,
    /// The account is in no programme.
    #[error("the account is in no programme")]
    NoMember,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(MembershipError);

impl From<sqlx::Error> for MembershipError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "loyalty_memberships_once") {
            Self::Ineligible(Ineligibility::Member)
        } else {
            Self::Database(error)
        }
    }
}

row! {
    /// An account in a programme.
    pub struct Membership {
        id: i64,
        /// Code of the market whose programme it is.
        pub market: String,
        /// Whom the account's points are for.
        pub user_id: i64,
        /// Since when.
        pub joined_at: DateTime<Utc>,
    }
}

row! {
    struct Standing {
        takes_members: bool,
        is_of_brand: bool,
        is_for_smart_homes: bool,
        is_member: bool,
        has_property: bool,
        has_meter: bool,
        has_direct_debit: bool,
        is_excluded: bool,
    }
}

statement!(static CURRENT: Membership = "
    select id, market, user_id, joined_at from loyalty_memberships where account_id = $1 and left_at is null");
statement!(static HOLD: Membership = "
    select id, market, user_id, joined_at from loyalty_memberships where account_id = $1 and left_at is null for update");
statement!(static LAST_USER: (i64,) = "
    select user_id from loyalty_memberships where account_id = $1 order by id desc limit 1");
statement!(static STANDING: Standing = "
    select p.takes_members, a.brand = any(p.brands) as is_of_brand, p.for_smart_homes as is_for_smart_homes,
        exists (select from loyalty_memberships m where m.account_id = a.id and m.left_at is null) as is_member,
        exists (select from occupancies o where o.account_id = a.id and o.during @> $2::timestamptz) as has_property,
        exists (select from supply_periods s join supply_points sp on sp.id = s.supply_point_id
            join meters m on m.supply_point_id = sp.id
            where s.account_id = a.id and s.during @> $2 and sp.commodity = 'electricity' and sp.direction = 'IMPORT'
                and m.sends_half_hourly and m.active_from <= $3::date and (m.active_to is null or m.active_to > $3)
        ) as has_meter,
        exists (select from payment_instructions i where i.account_id = a.id and i.instruction_type = 'DIRECT_DEBIT'
            and i.status = 'ACTIVE') as has_direct_debit,
        exists (select from account_campaigns held join campaigns c on c.id = held.campaign_id
            where held.account_id = a.id and c.slug = p.excluding_campaign and held.days @> $3) as is_excluded
    from accounts a join loyalty_programmes p on p.market = a.market where a.id = $1");
statement!(static USERS: (i64, bool) = "
    select held.user_id, bool_or(held.is_owner)
    from (
        select r.user_id, r.role = 'ACCOUNT_OWNER' as is_owner from account_user_roles r where r.account_id = $1
        union all
        select r.user_id, r.role = 'PORTFOLIO_OWNER' from portfolio_user_roles r
            join accounts a on a.portfolio_id = r.portfolio_id where a.id = $1
    ) held group by held.user_id order by bool_or(held.is_owner) desc, held.user_id");
statement!(static JOIN: (i64,) = "
    insert into loyalty_memberships (account_id, market, user_id, joined_at, joined_by_kind, joined_by_id)
    values ($1, $2, $3, $4, $5, $6) returning id");
statement!(static LEAVE: () = "
    update loyalty_memberships set left_at = $2, left_by_kind = $3, left_by_id = $4 where id = $1");
statement!(static NAME: () = "update loyalty_memberships set user_id = $2 where id = $1");

/// The membership of an account, if it is in a programme.
///
/// # Errors
/// Those of the database.
pub async fn current(tx: &mut Tx, account: i64) -> Result<Option<Membership>, sqlx::Error> {
    CURRENT.query().bind(account).fetch_optional(&mut *tx).await
}

/// Whom the points of an account are or were last for.
pub(super) async fn last_user(tx: &mut Tx, account: i64) -> Result<Option<i64>, sqlx::Error> {
    Ok(LAST_USER.query().bind(account).fetch_optional(&mut *tx).await?.map(|(user,)| user))
}

/// Why an account cannot join its market's programme, in the order in which it matters; nothing if it can.
///
/// # Errors
/// Those of the database.
pub async fn ineligibilities(tx: &mut Tx, account: &Account) -> Result<Vec<Ineligibility>, sqlx::Error> {
    let now = tx.business_now().await?;
    let today = account.market().map_or(now.date_naive(), |market| market.day(now));
    let query = STANDING.query().bind(account.id).bind(now).bind(today);
    let Some(standing) = query.fetch_optional(&mut *tx).await? else {
        return Ok(vec![Ineligibility::Closed]);
    };
    let asks = standing.is_for_smart_homes;
    let found = [
        (!standing.takes_members, Ineligibility::Closed),
        (standing.is_member, Ineligibility::Member),
        (!standing.is_of_brand, Ineligibility::Brand),
        (asks && !standing.has_property, Ineligibility::NoProperty),
        (asks && !standing.has_meter, Ineligibility::NoMeter),
        (asks && !standing.has_direct_debit, Ineligibility::NoDirectDebit),
        (standing.is_excluded, Ineligibility::Excluded),
    ];
    Ok(found.into_iter().filter(|(holds, _)| *holds).map(|(_, why)| why).collect())
}

/// Whether somebody has a role on an account or its portfolio, and whether as its owner.
pub(super) async fn role_of(tx: &mut Tx, account: i64, user: i64) -> Result<Option<bool>, sqlx::Error> {
    let users = USERS.query().bind(account).fetch_all(&mut *tx).await?;
    Ok(users.into_iter().find(|(id, _)| *id == user).map(|(_, is_owner)| is_owner))
}

async fn editable(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Account, MembershipError> {
    if !may_edit(viewer) {
        return Err(MembershipError::Forbidden);
    }
    accounts::by_number(tx, viewer, number).await?.ok_or(MembershipError::UnknownAccount)
}

/// Of customers only the owner of an account speaks for it, beside whoever has the points.
async fn speaks_for(tx: &mut Tx, viewer: &Viewer, account: i64, holder: i64) -> Result<bool, sqlx::Error> {
    match viewer.account_user() {
        Some(user) => Ok(user == holder || role_of(tx, account, user).await? == Some(true)),
        None => Ok(true),
    }
}

/// Enters an account in its market's programme in the name of one of its users: its owner, unless another is named. A
/// customer who is not an owner names nobody else: whoever looks after an account must not earn by it.
///
/// # Errors
/// As [`MembershipError`] says.
pub async fn join(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    user: Option<i64>,
) -> Result<Account, MembershipError> {
    let account = editable(tx, viewer, number).await?;
    let why = ineligibilities(tx, &account).await?;
    if let Some(first) = why.first() {
        return Err(MembershipError::Ineligible(*first));
    }
    let programme = programmes::of_account(tx, &account).await?;
    let programme = programme.ok_or(MembershipError::Ineligible(Ineligibility::Closed))?;
    let user = holder(tx, viewer, account.id, user).await?;
    let now = tx.business_now().await?;
    let (kind, id) = hand(viewer);
    let join = JOIN.query().bind(account.id).bind(&programme.market).bind(user).bind(now).bind(kind).bind(id);
    join.fetch_one(&mut *tx).await?;
    points::open(tx, &programme.market, user).await?;
    if let Some(campaign) = &programme.campaign {
        let today = account.market().map_or(now.date_naive(), |market| market.day(now));
        campaigns::put_in(tx, viewer, account.id, campaign, today).await.map_err(of_campaign)?;
    }
    Ok(account)
}

fn of_campaign(error: CampaignError) -> MembershipError {
    match error {
        CampaignError::Database(error) => MembershipError::Database(error),
        _ => MembershipError::NotRunning,
    }
}

async fn holder(
    tx: &mut Tx,
    viewer: &Viewer,
    account: i64,
    wanted: Option<i64>,
) -> Result<i64, MembershipError> {
    let users = USERS.query().bind(account).fetch_all(&mut *tx).await?;
    let is_owner = |id: i64| users.iter().any(|(known, is_owner)| *known == id && *is_owner);
    let caller = viewer.account_user();
    let owner = users.iter().find(|(_, is_owner)| *is_owner).map(|(id, _)| *id);
    let itself = caller.filter(|caller| is_owner(*caller));
    let user = wanted.or(itself).or(owner).ok_or(MembershipError::UnknownUser)?;
    let may_name = caller.is_none_or(is_owner) || is_owner(user);
    let is_known = users.iter().any(|(id, _)| *id == user);
    if may_name && is_known { Ok(user) } else { Err(MembershipError::UnknownUser) }
}

/// Takes an account out of its programme, of the programme's campaign and of the saving sessions. Points stay with
/// whoever has them, and what has been joined is still settled.
///
/// # Errors
/// As [`MembershipError`] says.
pub async fn leave(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<(), MembershipError> {
    let account = editable(tx, viewer, number).await?;
    let held = HOLD.query().bind(account.id).fetch_optional(&mut *tx).await?;
    let held = held.ok_or(MembershipError::NoMember)?;
    if !speaks_for(tx, viewer, account.id, held.user_id).await? {
        return Err(MembershipError::UnknownAccount);
    }
    let now = tx.business_now().await?;
    let (kind, id) = hand(viewer);
    LEAVE.command().bind(held.id).bind(now).bind(kind).bind(id).execute(&mut *tx).await?;
    let today = account.market().map_or(now.date_naive(), |market| market.day(now));
    let campaign =
        programmes::of_market(tx, &held.market).await?.and_then(|Programme { campaign, .. }| campaign);
    for slug in campaign.iter().map(String::as_str).chain([SAVING_SESSIONS]) {
        // Whoever is not in it need not leave it.
        if let Err(CampaignError::Database(error)) =
            campaigns::take_out(tx, account.id, slug, today, today).await
        {
            return Err(error.into());
        }
    }
    Ok(())
}

/// Has the points that an account earns go to another of its users from now on.
///
/// # Errors
/// As [`MembershipError`] says; `UnknownUser` if the user has no role on the account.
pub async fn name(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    user: Option<i64>,
) -> Result<(), MembershipError> {
    let account = editable(tx, viewer, number).await?;
    let held = HOLD.query().bind(account.id).fetch_optional(&mut *tx).await?;
    let held = held.ok_or(MembershipError::NoMember)?;
    if !speaks_for(tx, viewer, account.id, held.user_id).await? {
        return Err(MembershipError::UnknownAccount);
    }
    let user = user.ok_or(MembershipError::UnknownUser)?;
    role_of(tx, account.id, user).await?.ok_or(MembershipError::UnknownUser)?;
    points::open(tx, &held.market, user).await?;
    NAME.command().bind(held.id).bind(user).execute(&mut *tx).await?;
    Ok(())
}
