//! What customers have agreed to or refused, for an account or for themselves. Each answer is kept for good; the
//! last one counts, and until there is one the default of its kind.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::changes::{hand, may_edit};
use super::grouped;
use super::users::market_of_user;
use crate::domain::auth::viewer::{Through, Viewer, account_is_visible, user_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};

/// Why no answer was kept.
#[derive(Debug, Error)]
pub enum ConsentError {
    /// The viewer may not answer for anybody.
    #[error("the viewer may not record consents")]
    Forbidden,
    /// There is no such account that the viewer may see.
    #[error("there is no such account")]
    UnknownAccount,
    /// There is no such user for whom the viewer may answer.
    #[error("there is no such user")]
    UnknownUser,
    /// Whoever is no customer says whose consents they are.
    #[error("no user was named")]
    NobodyNamed,
    /// Something is missing, and what.
    #[error("{0}")]
    Missing(&'static str),
    /// The market asks for no consents of this sort.
    #[error("consents are not managed here")]
    NotManaged,
    /// The market asks for no consent with this code.
    #[error("there is no kind of consent {0}")]
    UnknownType(String),
    /// There are two answers to one question.
    #[error("there are two answers to {0}")]
    Duplicate(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ConsentError);

row! {
    /// A kind of consent.
    pub struct ConsentType {
        /// What it is called on the wire.
        pub code: String,
        /// Its name.
        pub name: String,
        /// What is agreed to.
        pub description: String,
        /// What counts until there is an answer. One of `ConsentValue`.
        pub default_value: String,
    }
}

row! {
    /// What counts for one kind of consent.
    pub struct Consent {
        /// Whose it is: an account's or a user's row id.
        pub owner: i64,
        type_id: i64,
        /// Code of its kind.
        pub code: String,
        /// Name of its kind.
        pub name: String,
        /// What is agreed to.
        pub description: String,
        /// What would count without an answer.
        pub default_value: String,
        /// The last answer, or the default. One of `ConsentValue`.
        pub value: String,
        /// When it was answered last.
        pub answered_at: Option<DateTime<Utc>>,
    }
}

impl Consent {
    /// What it is known by, through all answers: there is one for each kind and owner, and no kind is both of accounts
    /// and of users. Below 2^53 for thousands of kinds, so that clients read it exactly.
    pub fn id(&self) -> i64 {
        (self.type_id << 40) | self.owner
    }

    /// Row id of its kind.
    pub(in crate::domain) fn kind_id(&self) -> i64 {
        self.type_id
    }

    /// Its kind.
    pub fn kind(&self) -> ConsentType {
        ConsentType {
            code: self.code.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            default_value: self.default_value.clone(),
        }
    }
}

/// An answer to be kept.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Code of the kind.
    pub code: String,
    /// One of `ConsentValue`.
    pub value: Option<String>,
    /// One of `ConsentEventSource`; by default what the viewer's session tells.
    pub source: Option<String>,
}

// Of a code that several markets have, the words of the first. Customers and organisations are asked what the
// markets of their accounts ask, everybody else may know them all.
statement!(static TYPES: ConsentType = "
    select distinct on (t.code) t.code, t.name, t.description, t.default_value from consent_types t
    where t.is_active and ($1::text not in ('account-user', 'organisation') or t.market in (
        select a.market from account_user_roles r join accounts a on a.id = r.account_id
            where $1 = 'account-user' and r.user_id = $2::bigint
        union select a.market from portfolio_user_roles r join accounts a on a.portfolio_id = r.portfolio_id
            where $1 = 'account-user' and r.user_id = $2
        union select a.market from organisation_grants g join accounts a on a.id = g.account_id
            where $1 = 'organisation' and g.organisation_id = $2))
    order by t.code, t.market");

macro_rules! consent_columns {
    () => {
        "p.id as owner, t.id as type_id, t.code, t.name, t.description, t.default_value, \
         coalesce(answer.value, t.default_value) as value, answer.at as answered_at"
    };
}

statement!(static OF_ACCOUNTS: Consent = concat!("
    select ", consent_columns!(), "
    from (select distinct x.id from unnest($3::bigint[]) as x (id)) p join accounts a on a.id = p.id
        join consent_types t on t.market = a.market and t.subject = 'ACCOUNT' and t.is_active
        left join lateral (
            select e.value, e.at from consent_events e
            where e.account_id = a.id and e.consent_type_id = t.id order by e.id desc limit 1
        ) answer on true
    where ", account_is_visible!(), " order by p.id, t.code"));
statement!(static OF_USERS: Consent = concat!("
    select ", consent_columns!(), "
    from (select distinct x.id from unnest($3::bigint[]) as x (id)) p join account_users u on u.id = p.id
        join consent_types t on t.market = ", market_of_user!(), " and t.subject = 'ACCOUNT_USER' and t.is_active
        left join lateral (
            select e.value, e.at from consent_events e
            where e.account_user_id = u.id and e.consent_type_id = t.id order by e.id desc limit 1
        ) answer on true
    where (t.is_marketing or not $4::boolean) and ", user_is_visible!(), " order by p.id, t.code"));
statement!(static HOLD_ACCOUNT: (i64,) = concat!("
    select a.id from accounts a where a.number = $3 and ", account_is_visible!(), " for no key update of a"));
// Whoever is a customer answers for themselves alone.
statement!(static HOLD_USER: (i64,) = concat!("
    select u.id from account_users u
    where (u.number = $3 or ($3::text is null and u.id = $2)) and ($1 <> 'account-user' or u.id = $2) and ",
    user_is_visible!(), " for no key update of u"));
statement!(static ADD: () = "
    insert into consent_events (consent_type_id, subject, account_id, account_user_id, value, source, by_kind, by_id, at)
    select t.id, t.subject, case when t.subject = 'ACCOUNT' then $1::bigint end,
        case when t.subject = 'ACCOUNT_USER' then $1 end, answer.value, answer.source, $2, $3, $4
    from unnest($5::bigint[], $6::text[], $7::text[]) with ordinality as answer (type_id, value, source, place)
        join consent_types t on t.id = answer.type_id
    order by answer.place");

/// The kinds of consent that the viewer may be asked for, by code.
pub async fn types(tx: &mut Tx, viewer: &Viewer) -> Result<Vec<ConsentType>, sqlx::Error> {
    TYPES.seen_by(viewer).fetch_all(&mut *tx).await
}

/// What counts for each of these accounts that the viewer may see, by code. One statement.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Vec<Consent>>, sqlx::Error> {
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts);
    Ok(by_owner(accounts, query.fetch_all(&mut *tx).await?))
}

/// What counts for each of these users that the viewer may see, by code; their market is that of their oldest
/// account. A session that a link opened gets no further than marketing. One statement.
pub async fn of_users(tx: &mut Tx, viewer: &Viewer, users: &[i64]) -> Result<Vec<Vec<Consent>>, sqlx::Error> {
    let query = OF_USERS.seen_by(viewer).bind(users);
    let query = query.bind(viewer.scope().is_some());
    Ok(by_owner(users, query.fetch_all(&mut *tx).await?))
}

fn by_owner(owners: &[i64], rows: Vec<Consent>) -> Vec<Vec<Consent>> {
    grouped(owners, rows.into_iter().map(|consent| (consent.owner, consent)).collect())
}

/// Keeps answers for an account, all or none, and answers its row id. An answer that was given already leaves no
/// trace.
pub async fn answer_for_account(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    answers: &[Answer],
) -> Result<i64, ConsentError> {
    if !may_edit(viewer) {
        return Err(ConsentError::Forbidden);
    }
    let hold = HOLD_ACCOUNT.seen_by(viewer).bind(number);
    let (id,) = hold.fetch_optional(&mut *tx).await?.ok_or(ConsentError::UnknownAccount)?;
    let known = of_accounts(tx, viewer, &[id]).await?.pop().unwrap_or_default();
    keep(tx, viewer, id, &known, answers).await?;
    Ok(id)
}

/// As [`answer_for_account`], for the user with a number: customers answer for themselves and need not say so.
pub async fn answer_for_user(
    tx: &mut Tx,
    viewer: &Viewer,
    number: Option<&str>,
    answers: Option<&[Answer]>,
) -> Result<i64, ConsentError> {
    if !may_edit(viewer) {
        return Err(ConsentError::Forbidden);
    }
    if number.is_none() && viewer.account_user().is_none() {
        return Err(ConsentError::NobodyNamed);
    }
    let answers = answers.ok_or(ConsentError::Missing("There are no consents."))?;
    let hold = HOLD_USER.seen_by(viewer).bind(number);
    let (id,) = hold.fetch_optional(&mut *tx).await?.ok_or(ConsentError::UnknownUser)?;
    let known = of_users(tx, viewer, &[id]).await?.pop().unwrap_or_default();
    keep(tx, viewer, id, &known, answers).await?;
    Ok(id)
}

/// Keeps what a prospect answered, for the account and for the user that they became. What their market does not ask, or asks
/// no longer, is left.
pub(in crate::domain) async fn carry_over(
    tx: &mut Tx,
    viewer: &Viewer,
    account: i64,
    user: i64,
    answers: &[Answer],
) -> Result<(), ConsentError> {
    let of_account = of_accounts(tx, viewer, &[account]).await?.pop().unwrap_or_default();
    let of_user = of_users(tx, viewer, &[user]).await?.pop().unwrap_or_default();
    for (owner, known) in [(account, of_account), (user, of_user)] {
        let asked = |answer: &&Answer| known.iter().any(|consent| consent.code == answer.code);
        let answers: Vec<Answer> = answers.iter().filter(asked).cloned().collect();
        if !answers.is_empty() {
            keep(tx, viewer, owner, &known, &answers).await?;
        }
    }
    Ok(())
}

/// Adds those of the answers that say something new; the caller holds the owner's row.
async fn keep(
    tx: &mut Tx,
    viewer: &Viewer,
    owner: i64,
    known: &[Consent],
    answers: &[Answer],
) -> Result<(), ConsentError> {
    let (mut kinds, mut values, mut sources) = (Vec::new(), Vec::new(), Vec::new());
    for (consent, answer) in matched(known, answers)? {
        let value = answer.value.as_deref();
        let value = value.ok_or(ConsentError::Missing("A consent comes without an answer."))?;
        if consent.answered_at.is_none() || consent.value != value {
            kinds.push(consent.type_id);
            values.push(value);
            sources.push(answer.source.as_deref().unwrap_or_else(|| source_of(viewer)));
        }
    }
    if kinds.is_empty() {
        return Ok(());
    }
    let (by_kind, by_id) = hand(viewer);
    let now = tx.business_now().await?;
    let add = ADD.command().bind(owner).bind(by_kind).bind(by_id).bind(now);
    add.bind(kinds).bind(values).bind(sources).execute(&mut *tx).await?;
    Ok(())
}

/// Each answer with what it answers.
fn matched<'a>(
    known: &'a [Consent],
    answers: &'a [Answer],
) -> Result<Vec<(&'a Consent, &'a Answer)>, ConsentError> {
    if known.is_empty() {
        return Err(ConsentError::NotManaged);
    }
    let mut seen = HashSet::new();
    if let Some(twice) = answers.iter().find(|answer| !seen.insert(answer.code.as_str())) {
        return Err(ConsentError::Duplicate(twice.code.clone()));
    }
    let find = |answer: &'a Answer| {
        let consent = known.iter().find(|consent| consent.code == answer.code);
        consent.map(|consent| (consent, answer)).ok_or_else(|| ConsentError::UnknownType(answer.code.clone()))
    };
    answers.iter().map(find).collect()
}

/// Where an answer comes from, by who holds the session.
fn source_of(viewer: &Viewer) -> &'static str {
    match viewer {
        Viewer::AccountUser { through: Through::Masquerade { .. }, .. } | Viewer::Staff { .. } => {
            "SUPPORT_SITE"
        }
        Viewer::AccountUser { through: Through::ThirdParty { .. }, .. } => "THIRD_PARTY_VENDOR",
        Viewer::AccountUser { .. } => "CONSUMER_SITE",
        _ => "API_SITE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consent(type_id: i64, owner: i64, code: &str) -> Consent {
        Consent {
            owner,
            type_id,
            code: code.into(),
            name: String::new(),
            description: String::new(),
            default_value: "UNKNOWN".into(),
            value: "UNKNOWN".into(),
            answered_at: None,
        }
    }

    fn answer(code: &str) -> Answer {
        Answer { code: code.into(), value: Some("ACCEPTED".into()), source: None }
    }

    #[test]
    fn no_two_consents_share_an_identifier() {
        let ids: HashSet<i64> = [(701, 1), (701, 2), (702, 1), (701, 1 << 39)]
            .map(|(kind, owner)| consent(kind, owner, "").id())
            .into();
        assert_eq!(ids.len(), 4);
        assert!(ids.iter().all(|id| *id < 1 << 53));
    }

    #[test]
    fn every_answer_has_one_question() {
        let known = [consent(1, 1, "A"), consent(2, 1, "B")];
        assert!(matched(&known, &[]).is_ok_and(|all| all.is_empty()));
        assert!(matched(&known, &[answer("B"), answer("A")]).is_ok_and(|all| all[0].0.type_id == 2));
        assert!(matches!(matched(&known, &[answer("C")]), Err(ConsentError::UnknownType(_))));
        assert!(matches!(matched(&known, &[answer("C"), answer("C")]), Err(ConsentError::Duplicate(_))));
        assert!(matches!(matched(&[], &[answer("A")]), Err(ConsentError::NotManaged)));
    }
}
