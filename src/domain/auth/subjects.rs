//! Subjects: whoever a token can stand for, and whether their tokens still count.

use chrono::{DateTime, Utc};

use crate::platform::db::{Literal, Tx, opening, row, statement};

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
        /// For staff: see [`granted`].
        pub grants: Vec<String>,
        /// What others may do.
        pub permissions: Vec<String>,
    }
}

row! {
    /// A subject, and what else decides whether a token of theirs still counts.
    pub(super) struct SessionRow {
        pub tokens_valid_from: i64,
        pub others_valid_from: i64,
        /// For staff: see [`granted`].
        pub grants: Vec<String>,
        /// What others may do.
        pub permissions: Vec<String>,
        /// Whether the token was handed back.
        pub disabled: bool,
        /// Tokens of whoever acts for the subject count from this second on; none if they are gone.
        pub actor_valid_from: Option<i64>,
        /// The offset of business time from wall time, in microseconds.
        pub clock_offset: i64,
        /// Whether there is an endpoint that hears of events; looked at only for those who post much.
        pub is_listened_to: Option<bool>,
    }
}

// Each kind of subject by statements of its own: what is not asked for costs Postgres as much as what is.
macro_rules! user {
    () => {
        "select u.email, u.tokens_valid_from, u.others_valid_from, '{}'::text[] as grants, '{}'::text[] as permissions,
             null::boolean as is_listened_to
         from account_users u where u.id = $1 and u.is_active"
    };
}
macro_rules! staff {
    () => {
        "select s.email, s.tokens_valid_from, 0::bigint as others_valid_from,
             array(select r.role || ' ' || array_to_string(known.permissions, ' ') from support_user_roles r
                 join support_roles known on known.code = r.role where r.support_user_id = s.id order by r.role) as grants,
             '{}'::text[] as permissions,
             exists (select from webhook_endpoints e where e.removed_at is null) as is_listened_to
         from support_users s where s.id = $1 and s.is_active"
    };
}
macro_rules! organisation {
    () => {
        "select null::text as email, o.tokens_valid_from, 0::bigint as others_valid_from, '{}'::text[] as grants,
             o.permissions, null::boolean as is_listened_to
         from organisations o where o.id = $1 and o.is_active"
    };
}
macro_rules! partner {
    () => {
        "select p.email, p.tokens_valid_from, 0::bigint as others_valid_from, '{}'::text[] as grants, p.permissions,
             null::boolean as is_listened_to
         from partner_users p where p.id = $1 and p.is_active"
    };
}

statement!(static USER: SubjectRow = user!());
statement!(static STAFF: SubjectRow = staff!());
statement!(static ORGANISATION: SubjectRow = organisation!());
statement!(static PARTNER: SubjectRow = partner!());

macro_rules! session {
    ($subject:expr, $actor:literal) => {
        concat!(
            "select s.tokens_valid_from, s.others_valid_from, s.grants, s.permissions, s.is_listened_to, \
                exists (select from disabled_tokens d where d.token_hash = $2) as disabled, ",
            $actor,
            " as actor_valid_from, \
                coalesce((select c.offset_micros from platform_clock c), 0) as clock_offset \
             from (",
            $subject,
            ") s"
        )
    };
}

statement!(static OF_USER: SessionRow = session!(user!(), "0::bigint"));
statement!(static OF_STAFF: SessionRow = session!(staff!(), "0::bigint"));
statement!(static OF_ORGANISATION: SessionRow = session!(organisation!(), "0::bigint"));
statement!(static OF_PARTNER: SessionRow = session!(partner!(), "0::bigint"));
statement!(static BY_STAFF: SessionRow = session!(
    user!(),
    "(select a.tokens_valid_from from support_users a where a.id = $3::bigint and a.is_active)"
));
statement!(static BY_ORGANISATION: SessionRow = session!(
    user!(),
    "(select a.tokens_valid_from from organisations a where a.id = $3::bigint and a.is_active)"
));
statement!(static BY_LINK: SessionRow = session!(
    user!(),
    "(select 0::bigint from pre_signed_tokens a where a.id = $3::bigint and a.invalidated_at is null)"
));

// Every request with a credential begins with one of these.
opening!(static USER_SESSION: SessionRow = "kraken_user" ("bigint, bytea") OF_USER);
opening!(static STAFF_SESSION: SessionRow = "kraken_staff" ("bigint, bytea") OF_STAFF);
opening!(static ORGANISATION_SESSION: SessionRow = "kraken_organisation" ("bigint, bytea") OF_ORGANISATION);
opening!(static PARTNER_SESSION: SessionRow = "kraken_partner" ("bigint, bytea") OF_PARTNER);
opening!(static STAFF_ACTS: SessionRow = "kraken_user_by_staff" ("bigint, bytea, bigint") BY_STAFF);
opening!(
    static ORGANISATION_ACTS: SessionRow = "kraken_user_by_organisation" ("bigint, bytea, bigint") BY_ORGANISATION
);
opening!(static LINK_ACTS: SessionRow = "kraken_user_by_link" ("bigint, bytea, bigint") BY_LINK);

/// Roles, and what they permit: from texts of a role each, and behind it what it permits, parted by spaces. Two columns would
/// be looked up twice.
pub(super) fn granted(grants: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut roles, mut permissions) = (Vec::with_capacity(grants.len()), Vec::new());
    for grant in grants {
        let mut words = grant.split(' ').filter(|word| !word.is_empty()).map(str::to_owned);
        roles.extend(words.next());
        permissions.extend(words);
    }
    (roles, permissions)
}

/// The subject, if there is one and it is active.
pub async fn find(tx: &mut Tx, subject: Subject) -> Result<Option<SubjectRow>, sqlx::Error> {
    let find = match subject {
        Subject::AccountUser(_) => &USER,
        Subject::SupportUser(_) => &STAFF,
        Subject::Organisation(_) => &ORGANISATION,
        Subject::PartnerUser(_) => &PARTNER,
    };
    find.query().bind(subject.id()).fetch_optional(&mut *tx).await
}

/// What decides whether a token counts, in one statement. Only account users let others act for them.
pub(super) async fn of_session(
    tx: &mut Tx,
    subject: Subject,
    actor: Option<Actor>,
    token_hash: &[u8],
) -> Result<Option<SessionRow>, sqlx::Error> {
    let session = match (subject, actor) {
        (Subject::AccountUser(_), None) => &USER_SESSION,
        (Subject::AccountUser(_), Some(Actor::Staff(_))) => &STAFF_ACTS,
        (Subject::AccountUser(_), Some(Actor::Organisation(_))) => &ORGANISATION_ACTS,
        (Subject::AccountUser(_), Some(Actor::Link(_))) => &LINK_ACTS,
        (Subject::SupportUser(_), _) => &STAFF_SESSION,
        (Subject::Organisation(_), _) => &ORGANISATION_SESSION,
        (Subject::PartnerUser(_), _) => &PARTNER_SESSION,
    };
    let mut values = vec![Literal::Big(subject.id()), Literal::Bytes(token_hash)];
    if matches!(subject, Subject::AccountUser(_)) {
        values.extend(actor.map(|actor| Literal::Big(actor.id())));
    }
    Ok(tx.first(session, &values).await?.into_iter().next())
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

    #[test]
    fn roles_come_with_what_they_permit() {
        let grants = ["billing post-transactions manage-debt", "reader "].map(str::to_owned);
        let (roles, permissions) = granted(&grants);
        assert_eq!(
            (roles.join(","), permissions.join(",")),
            ("billing,reader".into(), "post-transactions,manage-debt".into())
        );
    }
}
