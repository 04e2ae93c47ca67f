//! Special circumstances: what makes a customer vulnerable, told by themselves for their market's register.
//!
//! Who looks after their health is nobody's business: customers see their own, and staff; nobody else on the
//! account, no organisation, and no application that acts for them.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use super::changes::{About, Changes, hand};
use super::contacts;
use crate::domain::auth::viewer::{Through, Viewer, user_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;

/// The circumstance that comes with a language.
const LANGUAGE: &str = "foreignLanguageSpeaker";

/// What is wrong with what was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// No market of the customer's has a register.
    NoRegister,
    /// The register does not know this.
    Unknown,
    /// What passes by itself needs a last day, which has not passed.
    LastDay,
    /// Another language needs its name.
    Language,
    /// A last day or a language without the circumstance that it belongs to.
    Alone,
}

/// Why nothing was changed.
#[derive(Debug, Error)]
pub enum CircumstanceError {
    /// Not an account user, or somebody who may not speak of their health for them.
    #[error("the viewer has no circumstances to tell of")]
    Forbidden,
    /// This cannot be: what was told, by its name, and what is wrong.
    #[error("{0} cannot be: {1:?}")]
    Invalid(String, Wrong),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(CircumstanceError);

/// What a customer tells. What is left out stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Which circumstances hold and which do not.
    pub holds: BTreeMap<String, bool>,
    /// The last days of those that pass by themselves, as they are written.
    pub last_days: BTreeMap<String, String>,
    /// The language of somebody who speaks another one.
    pub language: Option<String>,
    /// Whether those who run the networks may be told.
    pub consent: Option<bool>,
}

row! {
    /// A circumstance.
    pub struct Circumstance {
        /// Row id.
        pub id: i64,
        account_user_id: i64,
        market: String,
        name: String,
        /// Its code in the register.
        pub code: String,
        /// What it is.
        pub summary: String,
        /// Whether it passes by itself.
        pub is_temporary: bool,
        /// What more there is to say, such as a language.
        pub detail: Option<String>,
        /// The last day on which it holds, in its market; none for what lasts.
        pub last_day: Option<NaiveDate>,
        /// When it was told.
        pub created_at: DateTime<Utc>,
    }
}

/// All that a customer has told.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// Whether those who run the networks may be told; none until the customer says so.
    pub consent: Option<bool>,
    /// What holds today, oldest first.
    pub records: Vec<Circumstance>,
}

row! {
    struct Kind {
        market: String,
        name: String,
        is_temporary: bool,
    }
}

macro_rules! records {
    () => {
        "select c.id, c.account_user_id, c.market, c.name, k.code, k.summary, k.is_temporary, c.detail, c.last_day, \
         c.created_at from special_circumstances c \
         join circumstance_kinds k on k.market = c.market and k.name = c.name "
    };
}

statement!(static HOLD: (Option<bool>,) = "
    select shares_circumstances from account_users where id = $1 for no key update");
statement!(static KINDS: Kind = "
    select k.market, k.name, k.is_temporary from circumstance_kinds k where k.market in (
        select a.market from accounts a
        where exists (select 1 from account_user_roles r where r.user_id = $1 and r.account_id = a.id)
           or exists (select 1 from portfolio_user_roles r where r.user_id = $1 and r.portfolio_id = a.portfolio_id))");
statement!(static CURRENT: Circumstance = concat!(
    records!(), "where c.account_user_id = $1 and c.ended_at is null"));
statement!(static OF_USERS: Circumstance = concat!(
    records!(), "join account_users u on u.id = c.account_user_id
    where c.account_user_id = any($3::bigint[]) and c.ended_at is null and ", user_is_visible!(), " order by c.id"));
statement!(static CONSENT: (i64, Option<bool>) = concat!("
    select u.id, u.shares_circumstances from account_users u where u.id = any($3::bigint[]) and ", user_is_visible!()));
statement!(static END: () = "update special_circumstances set ended_at = $2 where id = any($1) and ended_at is null");
statement!(static ADD: () = "
    insert into special_circumstances (account_user_id, market, name, detail, last_day, by_kind, by_id, created_at)
    select $1, told.market, told.name, told.detail, told.last_day, $6, $7, $8
    from unnest($2::text[], $3::text[], $4::text[], $5::date[]) as told (market, name, detail, last_day)");
statement!(static AGREE: () = "
    update account_users set shares_circumstances = $2, updated_at = $3 where id = $1");

impl Circumstance {
    fn holds_at(&self, now: DateTime<Utc>) -> bool {
        self.last_day.is_none_or(|last| today(&self.market, now).is_none_or(|today| today <= last))
    }
}

fn today(market: &str, now: DateTime<Utc>) -> Option<NaiveDate> {
    market::by_code(market).map(|market| market.day(now))
}

/// Whether the viewer may know the circumstances of the user with this id.
fn may_know(viewer: &Viewer, user: i64) -> bool {
    match viewer {
        Viewer::Staff { .. } => true,
        Viewer::AccountUser { id, through: Through::InPerson | Through::Masquerade { .. } } => *id == user,
        _ => false,
    }
}

/// The circumstances of each of these users, as far as the viewer may know them. Two statements.
pub async fn of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
) -> Result<Vec<Option<Circumstances>>, sqlx::Error> {
    let ids: Vec<i64> = users.iter().copied().filter(|user| may_know(viewer, *user)).collect();
    let now = tx.business_now().await?;
    let consents = CONSENT.seen_by(viewer).bind(&ids);
    let consents = consents.fetch_all(&mut *tx).await?.into_iter();
    let mut known: HashMap<i64, Circumstances> = consents
        .map(|(user, consent)| (user, Circumstances { consent, ..Circumstances::default() }))
        .collect();
    let records = OF_USERS.seen_by(viewer).bind(&ids);
    for record in records.fetch_all(&mut *tx).await?.into_iter().filter(|record| record.holds_at(now)) {
        if let Some(circumstances) = known.get_mut(&record.account_user_id) {
            circumstances.records.push(record);
        }
    }
    Ok(users.iter().map(|user| known.get(user).cloned()).collect())
}

/// Records what the viewer tells of themselves. What is told twice is recorded once. Answers all that holds then.
pub async fn tell(tx: &mut Tx, viewer: &Viewer, told: &Told) -> Result<Circumstances, CircumstanceError> {
    let user = viewer.account_user().filter(|user| may_know(viewer, *user));
    let user = user.ok_or(CircumstanceError::Forbidden)?;
    let (consent,) = HOLD.query().bind(user).fetch_one(&mut *tx).await?;
    let kinds = KINDS.query().bind(user).fetch_all(&mut *tx).await?;
    let current = CURRENT.query().bind(user).fetch_all(&mut *tx).await?;
    let now = tx.business_now().await?;
    let (ended, added) = judged(told, &kinds, &current, now)?;
    END.command().bind(ended).bind(now).execute(&mut *tx).await?;
    add(tx, viewer, user, &added).await?;
    agree(tx, viewer, user, consent, told.consent).await?;
    Ok(of_users(tx, viewer, &[user]).await?.pop().flatten().unwrap_or_default())
}

/// A circumstance that is to be recorded.
struct New<'a> {
    kind: &'a Kind,
    detail: Option<String>,
    last_day: Option<NaiveDate>,
}

/// The row ids of what ends, and what is to be recorded.
fn judged<'a>(
    told: &Told,
    kinds: &'a [Kind],
    current: &[Circumstance],
    now: DateTime<Utc>,
) -> Result<(Vec<i64>, Vec<New<'a>>), CircumstanceError> {
    let wrong = |name: &str, wrong| CircumstanceError::Invalid(name.to_owned(), wrong);
    let is_told = |name: &str| told.holds.get(name) == Some(&true);
    if kinds.is_empty() {
        return Err(wrong("userConsent", Wrong::NoRegister));
    }
    if let Some(name) = told.last_days.keys().find(|name| !is_told(name)) {
        return Err(wrong(&format!("{name}EndDate"), Wrong::Alone));
    }
    if told.language.is_some() && !is_told(LANGUAGE) {
        return Err(wrong("language", Wrong::Alone));
    }
    let (mut ended, mut added) = (Vec::new(), Vec::new());
    for (name, holds) in &told.holds {
        let kind = kinds.iter().find(|kind| kind.name == *name).ok_or_else(|| wrong(name, Wrong::Unknown))?;
        let before = current.iter().find(|record| record.name == *name && record.market == kind.market);
        if !holds {
            ended.extend(before.map(|record| record.id));
            continue;
        }
        let kept = before.filter(|record| record.holds_at(now));
        let last_day = match told.last_days.get(name) {
            Some(day) => Some(day.parse().map_err(|_| wrong(name, Wrong::LastDay))?),
            None => kept.and_then(|record| record.last_day),
        };
        let has_passed = |last: NaiveDate| today(&kind.market, now).is_some_and(|today| last < today);
        if kind.is_temporary != last_day.is_some() || last_day.is_some_and(has_passed) {
            return Err(wrong(name, Wrong::LastDay));
        }
        let detail = match (name.as_str() == LANGUAGE, told.language.as_deref()) {
            (false, _) => None,
            (true, Some(text)) => contacts::line(text).filter(|language| !language.is_empty()),
            (true, None) => kept.and_then(|record| record.detail.clone()),
        };
        if name == LANGUAGE && detail.is_none() {
            return Err(wrong("language", Wrong::Language));
        }
        if kept.is_none_or(|record| record.last_day != last_day || record.detail != detail) {
            ended.extend(before.map(|record| record.id));
            added.push(New { kind, detail, last_day });
        }
    }
    Ok((ended, added))
}

async fn add(tx: &mut Tx, viewer: &Viewer, user: i64, added: &[New<'_>]) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let (kind, id) = hand(viewer);
    let markets: Vec<&str> = added.iter().map(|new| new.kind.market.as_str()).collect();
    let names: Vec<&str> = added.iter().map(|new| new.kind.name.as_str()).collect();
    let details: Vec<Option<&str>> = added.iter().map(|new| new.detail.as_deref()).collect();
    let last_days: Vec<Option<NaiveDate>> = added.iter().map(|new| new.last_day).collect();
    let insert = ADD.command().bind(user).bind(markets).bind(names).bind(details).bind(last_days);
    insert.bind(kind).bind(id).bind(now).execute(&mut *tx).await?;
    Ok(())
}

async fn agree(
    tx: &mut Tx,
    viewer: &Viewer,
    user: i64,
    mut before: Option<bool>,
    after: Option<bool>,
) -> Result<(), sqlx::Error> {
    let mut changes = Changes::default();
    changes.set_given("userConsent", &mut before, after.map(Some));
    if changes.is_empty() {
        return Ok(());
    }
    let now = tx.business_now().await?;
    AGREE.command().bind(user).bind(after).bind(now).execute(&mut *tx).await?;
    // That there are special circumstances at all is nobody's business.
    changes.keep_untold(tx, viewer, About::User(user)).await
}
