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
            _ => None,
        }
    }

    /// The kind, as in the claim and in SQL.
    pub fn kind(self) -> &'static str {
        match self {
            Self::AccountUser(_) => "account-user",
            Self::SupportUser(_) => "support-user",
            Self::Organisation(_) => "organisation",
        }
    }

    /// The row id.
    pub fn id(self) -> i64 {
        match self {
            Self::AccountUser(id) | Self::SupportUser(id) | Self::Organisation(id) => id,
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
        /// Roles, for staff.
        pub roles: Vec<String>,
        /// What the roles allow.
        pub permissions: Vec<String>,
    }
}

statement!(static FIND: SubjectRow = "
    select u.email, u.tokens_valid_from, '{}'::text[] as roles, '{}'::text[] as permissions
    from account_users u where $1 = 'account-user' and u.id = $2 and u.is_active
    union all
    select s.email, s.tokens_valid_from,
        coalesce(array(select r.role from support_user_roles r where r.support_user_id = s.id order by r.role), '{}'),
        coalesce(array(select distinct unnest(known.permissions) from support_user_roles r
            join support_roles known on known.code = r.role where r.support_user_id = s.id), '{}')
    from support_users s where $1 = 'support-user' and s.id = $2 and s.is_active
    union all
    select null, o.tokens_valid_from, '{}', '{}'
    from organisations o where $1 = 'organisation' and o.id = $2 and o.is_active");

/// The subject, if there is one and it is active.
pub async fn find(tx: &mut Tx, subject: Subject) -> Result<Option<SubjectRow>, sqlx::Error> {
    FIND.query().bind(subject.kind()).bind(subject.id()).fetch_optional(&mut *tx).await
}

statement!(static END_USER: () = "
    update account_users set tokens_valid_from = greatest(tokens_valid_from, $2) where id = $1");
statement!(static END_STAFF: () = "
    update support_users set tokens_valid_from = greatest(tokens_valid_from, $2) where id = $1");
statement!(static END_ORGANISATION: () = "
    update organisations set tokens_valid_from = greatest(tokens_valid_from, $2) where id = $1");
statement!(static DROP_REFRESH: () = "
    delete from refresh_tokens where ($1 = 'account-user' and account_user_id = $2)
        or ($1 = 'support-user' and support_user_id = $2) or ($1 = 'organisation' and organisation_id = $2)");

/// Ends every session of `subject`: access tokens issued so far are refused and refresh tokens are gone.
/// Answers the moment from which new ones count: the next whole second, as tokens carry seconds only.
pub async fn end_sessions(tx: &mut Tx, subject: Subject) -> Result<DateTime<Utc>, sqlx::Error> {
    let from = tx.wall_now().timestamp() + 1;
    let end = match subject {
        Subject::AccountUser(_) => &END_USER,
        Subject::SupportUser(_) => &END_STAFF,
        Subject::Organisation(_) => &END_ORGANISATION,
    };
    end.command().bind(subject.id()).bind(from).execute(&mut *tx).await?;
    DROP_REFRESH.command().bind(subject.kind()).bind(subject.id()).execute(&mut *tx).await?;
    Ok(DateTime::from_timestamp(from, 0).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_as_they_are_written() {
        for subject in [Subject::AccountUser(7), Subject::SupportUser(8), Subject::Organisation(9)] {
            assert_eq!(Subject::from_claim(&subject.claim()), Some(subject));
        }
        for odd in ["", "kraken|", "kraken|account-user", "kraken|account-user:x", "auth0|account-user:1"] {
            assert_eq!(Subject::from_claim(odd), None);
        }
    }
}
