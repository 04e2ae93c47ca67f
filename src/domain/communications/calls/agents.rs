//! Members of staff who take calls.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::platform::db::{Tx, database_error, row, statement};

/// Why an agent's status was not set.
#[derive(Debug, Error)]
pub enum AgentError {
    /// Nobody of the staff logs in with the e-mail.
    #[error("there is no such member of staff")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(AgentError);

/// Whether an agent takes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The next call is theirs.
    Available,
    /// They take no calls.
    Away,
}

row! {
    /// A member of staff, as far as calls go.
    pub struct Agent {
        /// Row id of the support user.
        pub id: i64,
        /// `AVAILABLE`, `ON_CALL` or `AWAY`; `OFFLINE` for whoever has never taken calls.
        pub status: String,
        /// Since when.
        pub updated_at: Option<DateTime<Utc>>,
        /// Their last call.
        pub most_recent_call_id: Option<i32>,
    }
}

statement!(static BY_NAME: Agent = "
    select s.id, coalesce(g.status, 'OFFLINE') as status, g.updated_at, g.most_recent_call_id
    from support_users s left join call_agents g on g.support_user_id = s.id
    where lower(s.email) = lower($1) or lower(split_part(s.email, '@', 1)) = lower($1)
    order by lower(s.email) = lower($1) desc, s.id limit 1");
statement!(static PUT: (i64,) = "
    insert into call_agents (support_user_id, status, skills, updated_at)
    select s.id, $2, $3, $4 from support_users s where lower(s.email) = lower($1) and s.is_active
    on conflict (support_user_id) do update
        set status = case when call_agents.status = 'ON_CALL' and excluded.status = 'AVAILABLE' then 'ON_CALL'
                else excluded.status end,
            skills = excluded.skills, updated_at = excluded.updated_at
    returning support_user_id");

/// The member of staff with this e-mail, or its part in front of the `@`.
pub async fn by_name(tx: &mut Tx, name: &str) -> Result<Option<Agent>, sqlx::Error> {
    BY_NAME.query().bind(name.trim()).fetch_optional(&mut *tx).await
}

/// Says whether somebody takes calls, and what they can do.
pub async fn set(tx: &mut Tx, email: &str, presence: Presence, skills: &[&str]) -> Result<(), AgentError> {
    let status = match presence {
        Presence::Available => "AVAILABLE",
        Presence::Away => "AWAY",
    };
    let now = tx.business_now().await?;
    let put = PUT.query().bind(email).bind(status).bind(skills).bind(now);
    put.fetch_optional(&mut *tx).await?.ok_or(AgentError::Unknown)?;
    Ok(())
}
