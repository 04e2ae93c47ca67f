//! What is known about an incoming message that helps to route it.

use chrono::{DateTime, Datelike, Timelike, Utc};

use super::InkMessage;
use crate::platform::db::{Tx, row, statement};

/// Hours for which automatic answers count.
const LATELY_HOURS: i32 = 24;
/// Hours for which a text message of ours counts as what is replied to.
const REPLIED_HOURS: i32 = 168;

row! {
    /// What is known about a message.
    pub struct Attributes {
        /// Number of the account.
        pub account: Option<String>,
        /// One of `AccountTypeChoices`.
        pub account_type: Option<String>,
        /// Names of the buckets that the conversation is in.
        pub buckets: Vec<String>,
        /// Whether one of them is somebody's own.
        pub is_personal: bool,
        /// Whether the customer never wrote before.
        pub is_first: bool,
        /// Whether nobody has written in the conversation for a month.
        pub is_new_thread: bool,
        /// The team that looks after the customer.
        pub team: Option<String>,
        /// What answered by itself lately.
        pub auto_replies: Vec<String>,
        /// The text message of ours that this may reply to.
        pub replied_sms: Option<String>,
        /// The conversation.
        pub conversation_id: i32,
        /// When the message came.
        pub occurred_at: DateTime<Utc>,
    }
}

impl Attributes {
    /// The hour of the day, by UTC.
    pub fn hour(&self) -> i64 {
        i64::from(self.occurred_at.hour())
    }

    /// The day of the week; 0 is Monday.
    pub fn week_day(&self) -> i64 {
        i64::from(self.occurred_at.weekday().num_days_from_monday())
    }

    /// Whole hours since the message came.
    pub fn hours_waiting(&self, now: DateTime<Utc>) -> i64 {
        (now - self.occurred_at).num_hours().max(0)
    }
}

statement!(static OF_MESSAGE: Attributes = "
    select a.number as account, a.account_type,
        array(select b.name from ink_conversation_buckets l join ink_buckets b on b.id = l.bucket_id
            where l.conversation_id = c.id order by b.name) as buckets,
        exists (select 1 from ink_conversation_buckets l join ink_buckets b on b.id = l.bucket_id
            where l.conversation_id = c.id and b.is_personal) as is_personal,
        not exists (select 1 from ink_messages earlier where earlier.conversation_id = c.id
            and earlier.direction = 'INBOUND' and earlier.occurred_at < m.occurred_at) as is_first,
        not exists (select 1 from ink_messages earlier where earlier.conversation_id = c.id
            and earlier.occurred_at < m.occurred_at and earlier.occurred_at > m.occurred_at - interval '30 days')
            as is_new_thread,
        team.name as team,
        array(select distinct reply.auto_reply from ink_messages reply where reply.conversation_id = c.id
            and reply.auto_reply is not null and reply.occurred_at > m.occurred_at - make_interval(hours => $2)
            and reply.occurred_at <= m.occurred_at order by 1) as auto_replies,
        (select sent.template from messages sent where sent.account_id = c.account_id and sent.channel = 'SMS'
            and sent.sent_at between m.occurred_at - make_interval(hours => $3) and m.occurred_at
            order by sent.sent_at desc limit 1) as replied_sms,
        c.id as conversation_id, m.occurred_at
    from ink_messages m join ink_conversations c on c.id = m.conversation_id
        left join accounts a on a.id = c.account_id left join portfolios p on p.id = a.portfolio_id
        left join operations_teams team on team.id = p.operations_team_id
    where m.id = $1");

/// What is known about a message that the viewer was let see.
pub async fn of_message(tx: &mut Tx, message: &InkMessage) -> Result<Attributes, sqlx::Error> {
    OF_MESSAGE.query().bind(message.id).bind(LATELY_HOURS).bind(REPLIED_HOURS).fetch_one(&mut *tx).await
}
