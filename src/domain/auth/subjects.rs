//! Subjects: whoever a token can stand for, and whether their tokens still count.

use chrono::{DateTime, Utc};

use crate::platform::db::{Tx, row, statement};

/// The one a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `kraken|account-user:<id>`.
    AccountUser(i64),
    /// `kraken|support-user:<id>`.
    SupportUser(i64),
    /// `kraken|organisation:<id>`.
    Organisation(i64),
    /// `kraken|partner-user:<id>`.
    PartnerUser(i64),
}

impl Subject {
    /// The claim that names this subject.
    pub fn claim(self) -> String {
        format!("kraken|{}:{}", self.kind(), self.id())
    }

    /// Reads a claim; `None` for one that is not ours.
    pub fn from_claim(claim: &str) -> Option<Self> {
        let (kind, id) = claim.strip_prefix("kraken|")?.split_once(':')?;
        let id = id.parse().ok()?;
        match kind {
            "account-user" => Some(Self::AccountUser(id)),
            "support-user" => Some(Self::SupportUser(id)),
            "organisation" => Some(Self::Organisation(id)),
            "partner-user" => Some(Self::PartnerUser(id)),
            _ => None,
        }
    }

    /// The kind, as in the claim and in SQL.
    pub fn kind(self) -> &'static str {
        match self {
            Self::AccountUser(_) => "account-user",
            Self::SupportUser(_) => "support-user",
            Self::Organisation(_) => "organisation",
            Self::PartnerUser(_) => "partner-user",
        }
    }

    /// The row id.
    pub fn id(self) -> i64 {
        match self {
            Self::AccountUser(id)
            | Self::SupportUser(id)
            | Self::Organisation(id)
            | Self::PartnerUser(id) => id,
        }
    }
}

row! {
    /// What the database knows of a subject.
    pub struct SubjectRow {
        /// Their e-mail; none for organisations.
        pub email: Option<String>,
        /// Tokens issued before this second since 1970 no longer count.
        pub tokens_valid_from: i64,
        /// The same for tokens of those who act for an account user: applications and links.
        pub others_valid_from: i64,
        /// Roles, for staff.
        pub roles: Vec<String>,
        /// What they may do.
        pub permissions: Vec<String>,
    }
}

row! {
    /// A subject, and what else decides whether a token of theirs still counts.
    pub(super) struct SessionRow {
        pub tokens_valid_from: i64,
        pub others_valid_from: i64,
        pub roles: Vec<String>,
        pub permissions: Vec<String>,
        /// Whether the token was handed back.
        pub disabled: bool,
        /// Tokens of whoever acts for the subject count from this second on; none if they are gone.
        pub actor_valid_from: Option<i64>,
        /// The offset of business time from wall time, in microseconds.
        pub clock_offset: i64,
    }
}

macro_rules! subject {
    () => {
        "select u.email, u.tokens_valid_from, u.others_valid_from, '{}'::text[] as roles, '{}'::text[] as permissions
         from account_users u where $1 = 'account-user' and u.id = $2 and u.is_active
         union all
         select s.email, s.tokens_valid_from, 0::bigint,
             coalesce(array(select r.role from support_user_roles r where r.support_user_id = s.id order by r.role), '{}'),
             coalesce(array(select distinct unnest(known.permissions) from support_user_roles r
                 join support_roles known on known.code = r.role where r.support_user_id = s.id), '{}')
         from support_users s where $1 = 'support-user' and s.id = $2 and s.is_active
         union all
         select null, o.tokens_valid_from, 0::bigint, '{}', o.permissions
         from organisations o where $1 = 'organisation' and o.id = $2 and o.is_active
         union all
         select p.email, p.tokens_valid_from, 0::bigint, '{}', p.permissions
         from partner_users p where $1 = 'partner-user' and p.id = $2 and p.is_active"
    };
}

statement!(static FIND: SubjectRow = subject!());
statement!(static OF_SESSION: SessionRow = concat!("
    select s.tokens_valid_from, s.others_valid_from, s.roles, s.permissions,
        exists (select 1 from disabled_tokens d where d.token_hash = $3) as disabled,
        case $4::text
            when 'support-user' then
                (select a.tokens_valid_from from support_users a where a.id = $5::bigint and a.is_active)
            when 'organisation' then
                (select a.tokens_valid_from from organisations a where a.id = $5 and a.is_active)
            when 'pre-signed-token' then
                (select 0 from pre_signed_tokens a where a.id = $5 and a.invalidated_at is null)
            else 0
        end as actor_valid_from,
        coalesce((select c.offset_micros from platform_clock c), 0) as clock_offset
    from (", subject!(), ") s"));

/// The subject, if there is one and it is active.
pub async fn find(tx: &mut Tx, subject: Subject) -> Result<Option<SubjectRow>, sqlx::Error> {
    FIND.query().bind(subject.kind()).bind(subject.id()).fetch_optional(&mut *tx).await
}

/// What decides whether a token counts, in one statement.
pub(super) async fn of_session(
    tx: &mut Tx,
    subject: Subject,
    actor: Option<Actor>,
    token_hash: &[u8],
) -> Result<Option<SessionRow>, sqlx::Error> {
    let query = OF_SESSION.query().bind(subject.kind()).bind(subject.id()).bind(token_hash);
    let query = query.bind(actor.map_or("", Actor::kind)).bind(actor.map_or(0, Actor::id));
    query.fetch_optional(&mut *tx).await
}

/// Whoever acts for an account user: the `sub` of a token's `act` claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Actor {
    /// A member of staff, by masquerade.
    Staff(i64),
    /// An organisation that the user has let act for them.
    Organisation(i64),
    /// A link with a pre-signed key.
    Link(i64),
}

impl Actor {
    pub(super) fn claim(self) -> String {
        format!("kraken|{}:{}", self.kind(), self.id())
    }

    pub(super) fn from_claim(claim: &str) -> Option<Self> {
        if let Some(id) = claim.strip_prefix("kraken|pre-signed-token:") {
            return Some(Self::Link(id.parse().ok()?));
        }
        match Subject::from_claim(claim)? {
            Subject::SupportUser(id) => Some(Self::Staff(id)),
            Subject::Organisation(id) => Some(Self::Organisation(id)),
            Subject::AccountUser(_) | Subject::PartnerUser(_) => None,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Staff(_) => "support-user",
            Self::Organisation(_) => "organisation",
            Self::Link(_) => "pre-signed-token",
        }
    }

    fn id(self) -> i64 {
        match self {
            Self::Staff(id) | Self::Organisation(id) | Self::Link(id) => id,
        }
    }
}

statement!(static END_USER: (i64,) = "
    update account_users set tokens_valid_from = greatest(tokens_valid_from, $2) + 1 where id = $1
    returning tokens_valid_from");
statement!(static END_STAFF: (i64,) = "
    update support_users set tokens_valid_from = greatest(tokens_valid_from, $2) + 1 where id = $1
    returning tokens_valid_from");
statement!(static END_ORGANISATION: (i64,) = "
    update organisations set tokens_valid_from = greatest(tokens_valid_from, $2) + 1 where id = $1
    returning tokens_valid_from");
statement!(static END_PARTNER: (i64,) = "
    update partner_users set tokens_valid_from = greatest(tokens_valid_from, $2) + 1 where id = $1
    returning tokens_valid_from");
statement!(static DROP_REFRESH: () = "
    delete from refresh_tokens where ($1 = 'account-user' and account_user_id = $2 and third_party_id is null)
        or ($1 = 'support-user' and support_user_id = $2) or ($1 = 'organisation' and organisation_id = $2)
        or ($1 = 'partner-user' and partner_user_id = $2)");
statement!(static END_OTHERS: () = "
    update account_users set others_valid_from = greatest(others_valid_from, $2) + 1 where id = $1");
statement!(static DROP_OTHERS: () = "
    delete from refresh_tokens where account_user_id = $1 and third_party_id is not null");
statement!(static DROP_LINKS: () = "
    update pre_signed_tokens set invalidated_at = $2 where account_user_id = $1 and invalidated_at is null");

/// Ends every session of `subject` and of all who act for it: access tokens issued so far are refused and
/// refresh tokens are gone. Answers the moment from which new ones count: the next whole second, as tokens
/// carry seconds only, or the one after if sessions were ended within this second before.
pub async fn end_sessions(tx: &mut Tx, subject: Subject) -> Result<DateTime<Utc>, sqlx::Error> {
    let from = end_own_sessions(tx, subject).await?;
    if let Subject::AccountUser(id) = subject {
        let now = tx.wall_now();
        END_OTHERS.command().bind(id).bind(now.timestamp()).execute(&mut *tx).await?;
        DROP_OTHERS.command().bind(id).execute(&mut *tx).await?;
        DROP_LINKS.command().bind(id).bind(now).execute(&mut *tx).await?;
    }
    Ok(from)
}

/// As [`end_sessions`], but leaves alone what an account user's applications and links hold.
pub async fn end_own_sessions(tx: &mut Tx, subject: Subject) -> Result<DateTime<Utc>, sqlx::Error> {
    let now = tx.wall_now().timestamp();
    let end = match subject {
        Subject::AccountUser(_) => &END_USER,
        Subject::SupportUser(_) => &END_STAFF,
        Subject::Organisation(_) => &END_ORGANISATION,
        Subject::PartnerUser(_) => &END_PARTNER,
    };
    let ended = end.query().bind(subject.id()).bind(now).fetch_optional(&mut *tx).await?;
    let from = ended.map_or(now + 1, |(from,)| from);
    DROP_REFRESH.command().bind(subject.kind()).bind(subject.id()).execute(&mut *tx).await?;
    Ok(DateTime::from_timestamp(from, 0).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_as_they_are_written() {
        for subject in [
            Subject::AccountUser(7),
            Subject::SupportUser(8),
            Subject::Organisation(9),
            Subject::PartnerUser(10),
        ] {
            assert_eq!(Subject::from_claim(&subject.claim()), Some(subject));
        }
        for odd in ["", "kraken|", "kraken|account-user", "kraken|account-user:x", "auth0|account-user:1"] {
            assert_eq!(Subject::from_claim(odd), None);
        }
        for actor in [Actor::Staff(7), Actor::Organisation(8), Actor::Link(9)] {
            assert_eq!(Actor::from_claim(&actor.claim()), Some(actor));
        }
        assert_eq!(Actor::from_claim("kraken|account-user:1"), None);
    }
}
