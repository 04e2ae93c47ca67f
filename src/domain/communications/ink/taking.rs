//! Messages that come in: by e-mail, post or another channel, through the chat bot, or into a live chat. Each is told of
//! by whoever runs the channel, and is kept once by the name that it has there.

use chrono::{DateTime, Utc};
use serde_json::Value;
use thiserror::Error;

use super::{InkMessage, message_columns, uploads};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::{RECORD_CONTACTS, Viewer};
use crate::domain::communications::calls::identification;
use crate::domain::communications::checks::is_mailable;
use crate::platform::db::{Tx, database_error, on_constraint, statement};

/// Characters of a message.
const LONGEST: usize = 10_000;

/// Why a message was not taken.
#[derive(Debug, Error)]
pub enum TakeError {
    /// The viewer takes no messages.
    #[error("the viewer takes no messages")]
    Forbidden,
    /// It cannot be dealt with, and why.
    #[error("{0}")]
    Unprocessable(&'static str),
    /// The message is too long.
    #[error("the message is too long")]
    TooLong,
    /// This is no address: the field.
    #[error("{0} is no e-mail address")]
    Address(&'static str),
    /// A message by this name has been taken.
    #[error("the message has been taken")]
    Taken,
    /// The account does not exist for the viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// The message is of a time at which the chat was closed.
    #[error("the chat was closed")]
    Closed,
    /// An attachment lies in another store.
    #[error("an attachment lies in another store")]
    Bucket,
    /// An attachment lies where none should.
    #[error("an attachment lies where none should")]
    Path,
    /// An attachment is not there.
    #[error("an attachment is not there")]
    NoFile,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(TakeError);

impl From<sqlx::Error> for TakeError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "ink_messages_vendor_key") { Self::Taken } else { Self::Database(error) }
    }
}

/// A file that came with a message.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Its key.
    pub key: String,
    /// Its size in bytes, if it is there.
    pub size: Option<i32>,
}

/// A message that came in.
#[derive(Clone, Debug, Default)]
pub struct NewInk {
    /// The channel.
    pub channel: &'static str,
    /// Who runs the channel.
    pub vendor: String,
    /// What they call the message.
    pub name: String,
    /// Whom it came from.
    pub from: String,
    /// Whom it went to.
    pub to: Vec<String>,
    /// Who got a copy.
    pub cc: Vec<String>,
    /// What it is about.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// Number of the account, where that is known.
    pub account: Option<String>,
    /// What came with it.
    pub files: Vec<NewFile>,
    /// What the channel says beside.
    pub headers: Option<Value>,
    /// When, if not now.
    pub occurred_at: Option<DateTime<Utc>>,
}

statement!(static OF_ACCOUNT: (i32,) = "
    insert into ink_conversations (account_id, status, created_at, last_message_at, by_kind, by_id)
    values ($1, 'OPEN_NEW', $2, $2, $3, $4)
    on conflict (account_id) where not is_live_chat do update set status = 'OPEN_CUSTOMER_REPLIED', closed_at = null,
        last_message_at = greatest(ink_conversations.last_message_at, excluded.last_message_at)
    returning id");
statement!(static OF_CONTACT: (i32,) = "
    insert into ink_conversations
        (contact_channel, contact_handle, status, created_at, last_message_at, by_kind, by_id)
    values ($1, $2, 'OPEN_NEW', $3, $3, $4, $5)
    on conflict (contact_channel, contact_handle) do update set status = 'OPEN_CUSTOMER_REPLIED', closed_at = null,
        last_message_at = greatest(ink_conversations.last_message_at, excluded.last_message_at)
    returning id");
statement!(static CHAT: (i32,) = "
    insert into ink_conversations (is_live_chat, account_id, status, created_at, last_message_at, by_kind, by_id)
    values (true, $1, 'OPEN_NEW', $2, $2, $3, $4)
    on conflict (account_id) where is_live_chat and status <> 'CLOSED' do update set status = 'OPEN_CUSTOMER_REPLIED',
        last_message_at = greatest(ink_conversations.last_message_at, excluded.last_message_at)
    returning id");
statement!(static CLOSED_AFTER: (bool,) = "
    select exists (select 1 from ink_conversations
        where account_id = $1 and is_live_chat and closed_at is not null and closed_at > $2)");
statement!(static ADD: InkMessage = concat!("
    insert into ink_messages as m (conversation_id, channel, direction, from_handle, to_handles, cc, subject, body, headers,
        vendor, vendor_id, status, auto_reply, occurred_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'DELIVERED', $12, $13)
    returning ", message_columns!()));
statement!(static ATTACH: () = "
    insert into ink_attachments (message_id, key, size_in_bytes)
    select $1, key, size from unnest($2::text[], $3::integer[]) as f (key, size)");
statement!(static BY_EMAIL: (i64,) = "
    select u.id from account_users u where lower(u.email) = lower($1) and u.is_active order by u.id limit 1");
statement!(static BY_LINE: (i64,) = "
    select l.account_user_id from line_links l join account_users u on u.id = l.account_user_id
    where l.line_user_id = $1 and l.linked_at is not null and u.is_active order by u.id limit 1");

/// Takes a message of somebody's into the conversation of their account, or of their address.
pub async fn inbound(tx: &mut Tx, viewer: &Viewer, new: &NewInk) -> Result<InkMessage, TakeError> {
    if !viewer.may(RECORD_CONTACTS) {
        return Err(TakeError::Forbidden);
    }
    if new.channel == "EMAIL" && !is_mailable(&new.from) {
        return Err(TakeError::Address("fromAddress"));
    }
    judge(new)?;
    let account = match &new.account {
        Some(number) => {
            let found = accounts::by_number(tx, viewer, number).await?;
            Some(found.ok_or(TakeError::Unprocessable("There is no such account."))?)
        }
        None => sender(tx, new).await?,
    };
    if account.is_none() && new.from.trim().is_empty() {
        return Err(TakeError::Unprocessable("It is not said whom it came from."));
    }
    let (at, (by_kind, by_id)) = (moment(tx, new).await?, hand(viewer));
    let (conversation,) = match &account {
        Some(account) => {
            let query = OF_ACCOUNT.query().bind(account.id).bind(at).bind(by_kind).bind(by_id);
            query.fetch_one(&mut *tx).await?
        }
        None => {
            let handle = new.from.trim().to_lowercase();
            let query = OF_CONTACT.query().bind(new.channel).bind(handle).bind(at).bind(by_kind).bind(by_id);
            query.fetch_one(&mut *tx).await?
        }
    };
    keep(tx, conversation, new, at).await
}

/// Takes what a customer told the chat bot into the conversation of the account, and has the bot answer.
pub async fn chatbot(tx: &mut Tx, viewer: &Viewer, new: &NewInk) -> Result<InkMessage, TakeError> {
    if viewer.account_user().is_none() && !viewer.may(RECORD_CONTACTS) {
        return Err(TakeError::Forbidden);
    }
    judge(new)?;
    let account = account(tx, viewer, new).await?;
    let (at, (by_kind, by_id)) = (moment(tx, new).await?, hand(viewer));
    let query = OF_ACCOUNT.query().bind(account.id).bind(at).bind(by_kind).bind(by_id);
    let (conversation,) = query.fetch_one(&mut *tx).await?;
    let taken = keep(tx, conversation, new, at).await?;
    let answer = NewInk {
        name: format!("{}-answer", new.name),
        from: taken.to_handle().to_owned(),
        to: vec![taken.from_handle.clone()],
        text: "Thank you. Somebody will look at this and come back to you.".to_owned(),
        files: Vec::new(),
        headers: None,
        ..new.clone()
    };
    add(tx, conversation, &answer, ("OUTBOUND", Some("chatbot-answer")), at).await?;
    Ok(taken)
}

/// Takes a message into the open live chat of an account; the first one opens it.
pub async fn live_chat(tx: &mut Tx, viewer: &Viewer, new: &NewInk) -> Result<InkMessage, TakeError> {
    if !viewer.may(RECORD_CONTACTS) {
        return Err(TakeError::Forbidden);
    }
    judge(new)?;
    let account = account(tx, viewer, new).await?;
    let (at, (by_kind, by_id)) = (moment(tx, new).await?, hand(viewer));
    let (is_late,) = CLOSED_AFTER.query().bind(account.id).bind(at).fetch_one(&mut *tx).await?;
    if is_late {
        return Err(TakeError::Closed);
    }
    let query = CHAT.query().bind(account.id).bind(at).bind(by_kind).bind(by_id);
    let (conversation,) = query.fetch_one(&mut *tx).await?;
    keep(tx, conversation, new, at).await
}

fn judge(new: &NewInk) -> Result<(), TakeError> {
    if new.name.trim().is_empty() || new.text.trim().is_empty() {
        return Err(TakeError::Unprocessable("A message has a name and a text."));
    }
    if new.text.chars().count() > LONGEST {
        return Err(TakeError::TooLong);
    }
    if new.files.iter().any(|file| !uploads::is_key(&file.key)) {
        return Err(TakeError::Path);
    }
    if new.files.iter().any(|file| file.size.is_none()) {
        return Err(TakeError::NoFile);
    }
    Ok(())
}

async fn moment(tx: &mut Tx, new: &NewInk) -> Result<DateTime<Utc>, sqlx::Error> {
    let now = tx.business_now().await?;
    Ok(new.occurred_at.map_or(now, |at| at.min(now)))
}

async fn account(tx: &mut Tx, viewer: &Viewer, new: &NewInk) -> Result<Account, TakeError> {
    let number = new.account.as_deref().unwrap_or_default();
    accounts::by_number(tx, viewer, number).await?.ok_or(TakeError::UnknownAccount)
}

/// The account of whoever wrote, by what their channel calls them. That is for the retailer to know, whoever runs the
/// channel.
async fn sender(tx: &mut Tx, new: &NewInk) -> Result<Option<Account>, sqlx::Error> {
    let server = Viewer::server();
    let by_name = match new.channel {
        "EMAIL" => Some(&BY_EMAIL),
        "LINE" => Some(&BY_LINE),
        _ => None,
    };
    if let Some(by_name) = by_name {
        let user = by_name.query().bind(new.from.trim()).fetch_optional(&mut *tx).await?;
        let Some((user,)) = user else { return Ok(None) };
        let held = accounts::of_users(tx, &server, &[user]).await?.pop().unwrap_or_default();
        return Ok(held.into_iter().next());
    }
    let from = [new.from.as_str()];
    if new.from.chars().filter(char::is_ascii_digit).count() < 6 {
        return Ok(None);
    }
    Ok(identification::best_accounts(tx, &server, &from).await?.pop().flatten())
}

async fn keep(
    tx: &mut Tx,
    conversation: i32,
    new: &NewInk,
    at: DateTime<Utc>,
) -> Result<InkMessage, TakeError> {
    add(tx, conversation, new, ("INBOUND", None), at).await
}

async fn add(
    tx: &mut Tx,
    conversation: i32,
    new: &NewInk,
    (direction, auto_reply): (&str, Option<&str>),
    at: DateTime<Utc>,
) -> Result<InkMessage, TakeError> {
    let add = ADD.query().bind(conversation).bind(new.channel).bind(direction).bind(&new.from).bind(&new.to);
    let add = add.bind(&new.cc).bind(&new.subject).bind(&new.text).bind(&new.headers).bind(&new.vendor);
    let added = add.bind(&new.name).bind(auto_reply).bind(at).fetch_one(&mut *tx).await?;
    let keys: Vec<&str> = new.files.iter().map(|file| file.key.as_str()).collect();
    let sizes: Vec<i32> = new.files.iter().filter_map(|file| file.size).collect();
    ATTACH.command().bind(added.id).bind(keys).bind(sizes).execute(&mut *tx).await?;
    Ok(added)
}
