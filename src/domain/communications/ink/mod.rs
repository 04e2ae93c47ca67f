//! Conversations with customers over all channels.
//!
//! Staff see all of them, customers those of the accounts that they see, and organisations that record contacts those of
//! the accounts that are granted to them and those with nobody known that they began.

pub mod attributes;
pub mod handling;
pub mod taking;
pub mod uploads;

use chrono::{DateTime, Utc};

use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{RECORD_CONTACTS, Viewer};
use crate::platform::db::{Tx, Under, row, statement};
use crate::platform::page::{self, Page, Window};

row! {
    /// A conversation.
    pub struct Conversation {
        /// Row id.
        pub id: i32,
        /// The account, where it is known.
        pub account_id: Option<i64>,
        /// Whether it is a live chat.
        pub is_live_chat: bool,
        /// One of `InkConversationStatus`.
        pub status: String,
        /// When the last message came or went.
        pub last_message_at: DateTime<Utc>,
        /// When it was closed.
        pub closed_at: Option<DateTime<Utc>>,
    }
}

row! {
    /// A message.
    pub struct InkMessage {
        /// Row id.
        pub id: i64,
        /// The conversation.
        pub conversation_id: i32,
        /// The channel, such as `EMAIL`.
        pub channel: String,
        /// One of `InkMessageDirection`.
        pub direction: String,
        /// Whom it came from.
        pub from_handle: String,
        /// Whom it went to.
        pub to_handles: Vec<String>,
        /// Who got a copy.
        pub cc: Vec<String>,
        /// Empty where there is none.
        pub subject: String,
        /// The plain text.
        pub body: String,
        /// What the channel's provider calls it.
        pub vendor_id: String,
        /// One of `InkMessageDeliveryStatus`.
        pub status: String,
        /// When it came or went.
        pub occurred_at: DateTime<Utc>,
    }
}

impl InkMessage {
    /// Whom it went to, if it was one.
    pub fn to_handle(&self) -> &str {
        self.to_handles.first().map(String::as_str).unwrap_or_default()
    }

    /// The customer's end.
    pub fn contact(&self) -> Identity {
        let handle = if self.direction == "INBOUND" { &self.from_handle } else { self.to_handle() };
        Identity {
            conversation_id: self.conversation_id,
            channel: self.channel.clone(),
            handle: handle.to_owned(),
        }
    }
}

row! {
    /// Somebody at one end of a channel.
    pub struct Identity {
        /// The conversation.
        pub conversation_id: i32,
        /// The channel.
        pub channel: String,
        /// Their address there.
        pub handle: String,
    }
}

row! {
    /// A file that came with a message.
    pub struct Attachment {
        /// The message.
        pub message_id: i64,
        /// Its key.
        pub key: String,
        /// Its size.
        pub size_in_bytes: i32,
    }
}

row! {
    /// A tag or a bucket.
    pub struct Label {
        /// What it is put on.
        pub owner: i64,
        /// Row id.
        pub id: i64,
        /// Its name.
        pub name: String,
        /// A picture of a bucket.
        pub icon: Option<String>,
    }
}

macro_rules! conversation_columns {
    () => {
        "c.id, c.account_id, c.is_live_chat, c.status, c.last_message_at, c.closed_at"
    };
}
pub(super) use conversation_columns;

macro_rules! message_columns {
    () => {
        "m.id, m.conversation_id, m.channel, m.direction, m.from_handle, m.to_handles, m.cc, m.subject, m.body, \
         m.vendor_id, m.status, m.occurred_at"
    };
}
pub(super) use message_columns;

// $3 says whether the viewer records contacts.
macro_rules! conversation_is_visible {
    () => {
        concat!(
            "($1::text = 'support-user' \
              or ($1 = 'account-user' or $3::boolean) and exists (\
                  select 1 from accounts a where a.id = c.account_id and ",
            $crate::domain::auth::viewer::account_is_visible!(),
            ") or ($3 and c.account_id is null and c.by_kind = 'organisation' and c.by_id = $2::bigint))"
        )
    };
}
pub(super) use conversation_is_visible;

statement!(static BY_ID: Conversation = concat!("
    select ", conversation_columns!(), " from ink_conversations c where c.id = $4 and ", conversation_is_visible!()));
statement!(static OF_ACCOUNT: Conversation = concat!("
    select ", conversation_columns!(), " from ink_conversations c
    where c.account_id = $4 and not c.is_live_chat and ", conversation_is_visible!()));
statement!(static MESSAGE: InkMessage = concat!("
    select ", message_columns!(), " from ink_messages m join ink_conversations c on c.id = m.conversation_id
    where m.id = $4 and ", conversation_is_visible!()));
statement!(static BY_VENDOR: InkMessage = concat!("
    select ", message_columns!(), " from ink_messages m join ink_conversations c on c.id = m.conversation_id
    where m.vendor = $4 and m.vendor_id = $5 and ", conversation_is_visible!()));
statement!(static COUNT_CHATS: (i64,) = concat!("
    select count(*) from ink_conversations c
    where c.is_live_chat and ($4::text is null or c.status = $4) and ", conversation_is_visible!()));
statement!(static CHATS: Conversation = concat!("
    select ", conversation_columns!(), " from ink_conversations c
    where c.is_live_chat and ($4::text is null or c.status = $4) and ", conversation_is_visible!(), "
    order by c.last_message_at desc, c.id desc offset $5 limit $6"));
statement!(static COUNT_MESSAGES: (i64, i64) = "
    select c.id::bigint, (select count(*) from ink_messages m where m.conversation_id = c.id)
    from ink_conversations c where c.id = any($1::bigint[])");
statement!(static MESSAGES: Under<InkMessage> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as p (id, skip, take)) parents
    cross join lateral (select ", message_columns!(), " from ink_messages m where m.conversation_id = parents.id
        order by m.occurred_at, m.id offset parents.skip limit parents.take) inside"));
statement!(static IDENTITIES: Identity = "
    select seen.conversation_id, seen.channel, seen.handle from (
        select m.conversation_id, m.channel,
            case when m.direction = 'INBOUND' then m.from_handle else coalesce(m.to_handles[1], '') end as handle,
            max(m.occurred_at) as latest
        from ink_messages m where m.conversation_id = any($1::integer[]) group by 1, 2, 3) seen
    order by seen.conversation_id, seen.latest desc, seen.channel");
statement!(static TAGS: Label = "
    select l.message_id as owner, t.id, t.name, null::text as icon
    from ink_message_tags l join ink_tags t on t.id = l.tag_id where l.message_id = any($1::bigint[])
    order by l.message_id, t.name");
statement!(static CONVERSATION_TAGS: Label = "
    select distinct m.conversation_id::bigint as owner, t.id, t.name, null::text as icon
    from ink_messages m join ink_message_tags l on l.message_id = m.id join ink_tags t on t.id = l.tag_id
    where m.conversation_id = any($1::bigint[]) order by owner, t.name");
statement!(static BUCKETS: Label = "
    select l.conversation_id::bigint as owner, b.id, b.name, b.icon
    from ink_conversation_buckets l join ink_buckets b on b.id = l.bucket_id
    where l.conversation_id = any($1::bigint[]) order by owner, b.name");
statement!(static ATTACHMENTS: Attachment = "
    select message_id, key, size_in_bytes from ink_attachments where message_id = any($1::bigint[])
    order by message_id, id");
statement!(static TEMPLATE: (String,) = "select body from ink_templates where identifier = $1");

/// Whether the viewer deals with the conversations of others.
pub fn records(viewer: &Viewer) -> bool {
    viewer.is_staff() || viewer.may(RECORD_CONTACTS)
}

/// Whether anything at all could be visible to the viewer.
pub fn may_look(viewer: &Viewer) -> bool {
    viewer.account_user().is_some() || records(viewer)
}

/// A conversation that the viewer may see.
pub async fn by_id(tx: &mut Tx, viewer: &Viewer, id: i32) -> Result<Option<Conversation>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(records(viewer)).bind(id);
    query.fetch_optional(&mut *tx).await
}

/// The conversation of an account that the viewer may see.
pub async fn of_account(
    tx: &mut Tx,
    viewer: &Viewer,
    account: i64,
) -> Result<Option<Conversation>, sqlx::Error> {
    let query = OF_ACCOUNT.seen_by(viewer).bind(records(viewer)).bind(account);
    query.fetch_optional(&mut *tx).await
}

/// A message that the viewer may see.
pub async fn message(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<Option<InkMessage>, sqlx::Error> {
    let query = MESSAGE.seen_by(viewer).bind(records(viewer)).bind(id);
    query.fetch_optional(&mut *tx).await
}

/// The message that a channel's provider calls by this name, if the viewer may see it.
pub async fn by_vendor(
    tx: &mut Tx,
    viewer: &Viewer,
    vendor: &str,
    name: &str,
) -> Result<Option<InkMessage>, sqlx::Error> {
    let query = BY_VENDOR.seen_by(viewer).bind(records(viewer));
    query.bind(vendor).bind(name).fetch_optional(&mut *tx).await
}

/// One page of the live chats in a state, or of all, the latest first.
pub async fn live_chats(
    tx: &mut Tx,
    viewer: &Viewer,
    status: Option<&str>,
    window: &Window,
) -> Result<Page<Conversation>, sqlx::Error> {
    let records = records(viewer);
    let total = if window.needs_total() {
        let query = COUNT_CHATS.seen_by(viewer).bind(records).bind(status);
        Some(query.fetch_one(&mut *tx).await?.0)
    } else {
        None
    };
    let slice = window.slice(total);
    let query = CHATS.seen_by(viewer).bind(records).bind(status);
    let rows = query.bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(Page::cut(window, slice, rows, total))
}

/// One page of the messages of each of these conversations, oldest first. The viewer was let see the conversations.
pub async fn messages_of(
    tx: &mut Tx,
    conversations: &[i64],
    window: &Window,
) -> Result<Vec<Page<InkMessage>>, sqlx::Error> {
    let totals = if window.needs_total() {
        Some(COUNT_MESSAGES.query().bind(conversations).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, conversations, totals.as_ref());
    let query = MESSAGES.query().bind(conversations).bind(&slices.offsets).bind(&slices.limits);
    let found = query.fetch_all(&mut *tx).await?.into_iter().map(Under::pair);
    Ok(page::pages(window, conversations, totals.as_ref(), found))
}

/// Who is at the other end of each of these conversations, the latest first.
pub async fn identities(tx: &mut Tx, conversations: &[i32]) -> Result<Vec<Vec<Identity>>, sqlx::Error> {
    let rows = IDENTITIES.query().bind(conversations).fetch_all(&mut *tx).await?;
    Ok(grouped(conversations, rows.into_iter().map(|end| (end.conversation_id, end)).collect()))
}

/// The tags of each of these messages.
pub async fn tags(tx: &mut Tx, messages: &[i64]) -> Result<Vec<Vec<Label>>, sqlx::Error> {
    let rows = TAGS.query().bind(messages).fetch_all(&mut *tx).await?;
    Ok(grouped(messages, rows.into_iter().map(|tag| (tag.owner, tag)).collect()))
}

/// The tags of all messages of each of these conversations.
pub async fn tags_of(tx: &mut Tx, conversations: &[i64]) -> Result<Vec<Vec<Label>>, sqlx::Error> {
    let rows = CONVERSATION_TAGS.query().bind(conversations).fetch_all(&mut *tx).await?;
    Ok(grouped(conversations, rows.into_iter().map(|tag| (tag.owner, tag)).collect()))
}

/// The buckets that each of these conversations is in.
pub async fn buckets_of(tx: &mut Tx, conversations: &[i64]) -> Result<Vec<Vec<Label>>, sqlx::Error> {
    let rows = BUCKETS.query().bind(conversations).fetch_all(&mut *tx).await?;
    Ok(grouped(conversations, rows.into_iter().map(|bucket| (bucket.owner, bucket)).collect()))
}

/// What came with each of these messages.
pub async fn attachments(tx: &mut Tx, messages: &[i64]) -> Result<Vec<Vec<Attachment>>, sqlx::Error> {
    let rows = ATTACHMENTS.query().bind(messages).fetch_all(&mut *tx).await?;
    Ok(grouped(messages, rows.into_iter().map(|file| (file.message_id, file)).collect()))
}

/// The text of a template.
pub async fn template(tx: &mut Tx, identifier: &str) -> Result<Option<String>, sqlx::Error> {
    Ok(TEMPLATE.query().bind(identifier).fetch_optional(&mut *tx).await?.map(|(body,)| body))
}
