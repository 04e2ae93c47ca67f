//! What is done with conversations: notes, buckets and tags, and the end of a live chat.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::{Conversation, Label, conversation_columns, conversation_is_visible, records};
use crate::domain::accounts::changes::hand;
use crate::domain::accounts::contacts;
use crate::domain::auth::viewer::{RECORD_CONTACTS, Viewer};
use crate::platform::db::{Tx, database_error, row, statement};

/// Characters of a note.
const LONGEST: usize = 10_000;

/// Why nothing was done.
#[derive(Debug, Error)]
pub enum HandleError {
    /// The viewer deals with no conversations.
    #[error("the viewer deals with no conversations")]
    Forbidden,
    /// There is no such conversation for the viewer.
    #[error("there is no such conversation")]
    UnknownConversation,
    /// The conversation is no live chat that is open.
    #[error("the conversation is no open live chat")]
    NoChat,
    /// There is no such bucket.
    #[error("there is no such bucket")]
    UnknownBucket,
    /// There is no such message for the viewer.
    #[error("there is no such message")]
    UnknownMessage,
    /// There is no such tag.
    #[error("there is no such tag")]
    UnknownTag,
    /// This is no text of a note.
    #[error("a note is between 1 and {LONGEST} characters of text")]
    Text,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(HandleError);

row! {
    /// A note, which customers do not see.
    pub struct Note {
        /// Row id.
        pub id: i64,
        /// What it says.
        pub content: String,
        /// Whether it is shown on top.
        pub is_pinned: bool,
        /// When it was written.
        pub occurred_at: DateTime<Utc>,
    }
}

statement!(static HOLD: Conversation = concat!("
    select ", conversation_columns!(), " from ink_conversations c where c.id = $4 and ",
    conversation_is_visible!(), " for update of c"));
statement!(static NOTE: Note = "
    insert into ink_notes (conversation_id, content, is_pinned, occurred_at, by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6) returning id, content, is_pinned, occurred_at");
statement!(static NOTE_BY_ID: Note = concat!("
    select n.id, n.content, n.is_pinned, n.occurred_at
    from ink_notes n join ink_conversations c on c.id = n.conversation_id
    where n.id = $4 and ($1 = 'support-user' or $3) and ", conversation_is_visible!()));
statement!(static BUCKET: Label = "select $2::bigint as owner, id, name, icon from ink_buckets where name = $1");
statement!(static ASSIGN: () = "
    insert into ink_conversation_buckets (conversation_id, bucket_id, assigned_at) values ($1, $2, $3)
    on conflict do nothing");
statement!(static CLOSE: () = "
    update ink_conversations set status = 'CLOSED', closed_at = $2 where id = $1");
statement!(static HOLD_MESSAGE: (i64,) = concat!("
    select m.id from ink_messages m join ink_conversations c on c.id = m.conversation_id
    where m.id = $4 and ", conversation_is_visible!(), " for no key update of m"));
statement!(static TAGS: (i64,) = "select id from ink_tags where name = any($1::text[])");
statement!(static UNTAG: () = "
    delete from ink_message_tags where message_id = $1 and tagger_code = $2 and tag_id <> all($3::bigint[])");
statement!(static TAG: () = "
    insert into ink_message_tags (message_id, tag_id, tagger_code, tagger_version)
    select $1, tag.id, $2, $3 from unnest($4::bigint[]) as tag (id)
    on conflict (message_id, tag_id) do update
        set tagger_code = excluded.tagger_code, tagger_version = excluded.tagger_version");

async fn hold(tx: &mut Tx, viewer: &Viewer, id: i32) -> Result<Conversation, HandleError> {
    if !viewer.may(RECORD_CONTACTS) {
        return Err(HandleError::Forbidden);
    }
    let hold = HOLD.seen_by(viewer).bind(records(viewer)).bind(id);
    hold.fetch_optional(&mut *tx).await?.ok_or(HandleError::UnknownConversation)
}

/// Adds a note to a conversation.
pub async fn add_note(
    tx: &mut Tx,
    viewer: &Viewer,
    id: i32,
    content: &str,
    at: Option<DateTime<Utc>>,
    is_pinned: bool,
) -> Result<Note, HandleError> {
    let conversation = hold(tx, viewer, id).await?;
    let content = contacts::text(content, LONGEST).ok_or(HandleError::Text)?;
    let now = tx.business_now().await?;
    let (by_kind, by_id) = hand(viewer);
    let add = NOTE
        .query()
        .bind(conversation.id)
        .bind(content)
        .bind(is_pinned)
        .bind(at.map_or(now, |at| at.min(now)));
    Ok(add.bind(by_kind).bind(by_id).fetch_one(&mut *tx).await?)
}

/// A note, for those who deal with the conversation.
pub async fn note(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<Option<Note>, sqlx::Error> {
    let query = NOTE_BY_ID.seen_by(viewer).bind(records(viewer)).bind(id);
    query.fetch_optional(&mut *tx).await
}

/// Puts a conversation in a bucket; a second time changes nothing.
pub async fn assign(
    tx: &mut Tx,
    viewer: &Viewer,
    id: i32,
    bucket: &str,
) -> Result<(Conversation, Label), HandleError> {
    let conversation = hold(tx, viewer, id).await?;
    let bucket = BUCKET.query().bind(bucket).bind(i64::from(id)).fetch_optional(&mut *tx).await?;
    let bucket = bucket.ok_or(HandleError::UnknownBucket)?;
    let now = tx.business_now().await?;
    ASSIGN.command().bind(id).bind(bucket.id).bind(now).execute(&mut *tx).await?;
    Ok((conversation, bucket))
}

/// Ends a live chat.
pub async fn close_chat(tx: &mut Tx, viewer: &Viewer, id: i32) -> Result<Conversation, HandleError> {
    let chat = hold(tx, viewer, id).await?;
    if !chat.is_live_chat || chat.closed_at.is_some() {
        return Err(HandleError::NoChat);
    }
    let now = tx.business_now().await?;
    CLOSE.command().bind(id).bind(now).execute(&mut *tx).await?;
    Ok(chat)
}

/// Sets the tags that a tagger gives a message: those that it gave before and gives no more are taken off. Answers the
/// message's row id.
pub async fn tag(
    tx: &mut Tx,
    viewer: &Viewer,
    message: i64,
    names: &[String],
    tagger: (&str, &str),
) -> Result<(), HandleError> {
    if !viewer.may(RECORD_CONTACTS) {
        return Err(HandleError::Forbidden);
    }
    let hold = HOLD_MESSAGE.seen_by(viewer).bind(records(viewer)).bind(message);
    hold.fetch_optional(&mut *tx).await?.ok_or(HandleError::UnknownMessage)?;
    let mut wanted = names.to_vec();
    wanted.sort();
    wanted.dedup();
    let known: Vec<i64> =
        TAGS.query().bind(&wanted).fetch_all(&mut *tx).await?.into_iter().map(|(id,)| id).collect();
    if known.len() < wanted.len() {
        return Err(HandleError::UnknownTag);
    }
    UNTAG.command().bind(message).bind(tagger.0).bind(&known).execute(&mut *tx).await?;
    TAG.command().bind(message).bind(tagger.0).bind(tagger.1).bind(&known).execute(&mut *tx).await?;
    Ok(())
}
