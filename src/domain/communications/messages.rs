//! Messages to customers: written here, handed to the post house once their transaction has committed.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs;

/// The job that hands a message to the post house.
pub(super) const HAND_OVER: &str = "message-hand-over";
/// The job that takes the text out of a confidential message.
pub(super) const REDACT: &str = "message-redact";

/// How long the text of a confidential message is kept, in wall time; the secret in it is dead long before.
const SECRETS_KEPT: TimeDelta = TimeDelta::days(7);

/// By which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// To an e-mail address.
    Email,
    /// To a phone number.
    Sms,
    /// On paper, to a postal address.
    Letter,
}

impl Channel {
    /// The channel as the database knows it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Sms => "SMS",
            Self::Letter => "LETTER",
        }
    }

    /// The channel of a code; the database keeps no others.
    pub(super) fn of(code: &str) -> Self {
        match code {
            "SMS" => Self::Sms,
            "LETTER" => Self::Letter,
            _ => Self::Email,
        }
    }

    fn sender(self) -> &'static str {
        match self {
            Self::Email => "hello@kraken.example",
            Self::Sms => "KRAKEN",
            Self::Letter => "Kraken Energy, 1 Harbour Street",
        }
    }
}

/// A message to be sent.
#[derive(Clone, Copy, Debug)]
pub struct NewMessage<'a> {
    /// By which way.
    pub channel: Channel,
    /// What kind of message it is, such as `password-reset`.
    pub template: &'a str,
    /// Whom it is about.
    pub account_user: Option<i64>,
    /// E-mail address, phone number or postal address.
    pub to: &'a str,
    /// Empty for SMS.
    pub subject: &'a str,
    /// The plain text.
    pub text: &'a str,
    /// Holds a one-time secret: only staff with the permission `read-post` may read it.
    pub confidential: bool,
}

statement!(static ADD: (i64,) = "
    with added as (
        insert into messages (channel, template, account_user_id, account_id, recipient, sender, subject, body,
            confidential, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id
    ), noted as (
        insert into message_events (message_id, kind, at) select id, 'queued', $10 from added
    )
    select id from added");

/// Hands a message to the post house once this transaction commits, unless its user can do without messages of its
/// kind, and wants to. Answers its row id.
pub async fn send(tx: &mut Tx, new: &NewMessage<'_>) -> Result<i64, sqlx::Error> {
    add(tx, new, None).await
}

/// As [`send`], for a message about one account: whoever sees that account sees the message, unless it is
/// confidential.
pub async fn send_about(tx: &mut Tx, new: &NewMessage<'_>, account: i64) -> Result<i64, sqlx::Error> {
    add(tx, new, Some(account)).await
}

async fn add(tx: &mut Tx, new: &NewMessage<'_>, account: Option<i64>) -> Result<i64, sqlx::Error> {
    let now = tx.business_now().await?;
    let insert = ADD.query().bind(new.channel.code()).bind(new.template).bind(new.account_user).bind(account);
    let insert = insert.bind(new.to).bind(new.channel.sender()).bind(new.subject).bind(new.text);
    let (id,) = insert.bind(new.confidential).bind(now).fetch_one(&mut *tx).await?;
    let at_once = tx.wall_now();
    jobs::enqueue(tx, HAND_OVER, &json!({"message": id}), at_once).await?;
    if new.confidential {
        jobs::enqueue(tx, REDACT, &json!({"message": id}), at_once + SECRETS_KEPT).await?;
    }
    Ok(id)
}

/// A letter on paper, with something enclosed.
#[derive(Clone, Copy, Debug)]
pub struct NewLetter<'a> {
    /// What kind of letter it is.
    pub template: &'a str,
    /// The account that it is about.
    pub account: i64,
    /// Name and postal address on one line.
    pub to: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// The plain text.
    pub text: &'a str,
    /// The key of the file that goes with it.
    pub enclosure: &'a str,
}

statement!(static ENCLOSE: () = "update messages set enclosure = $2 where id = $1");

/// Hands a letter to the post house once this transaction commits. Answers its row id.
pub async fn send_letter(tx: &mut Tx, new: &NewLetter<'_>) -> Result<i64, sqlx::Error> {
    let message = NewMessage {
        channel: Channel::Letter,
        template: new.template,
        account_user: None,
        to: new.to,
        subject: new.subject,
        text: new.text,
        confidential: false,
    };
    let id = send_about(tx, &message, new.account).await?;
    ENCLOSE.command().bind(id).bind(new.enclosure).execute(&mut *tx).await?;
    Ok(id)
}

statement!(static OF_TRIGGER: () = "update messages set trigger_id = $2 where id = $1");

/// As [`send_about`], or [`send`] without an account, for a message that a trigger asked for.
pub(super) async fn send_for(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    account: Option<i64>,
    trigger: i64,
) -> Result<i64, sqlx::Error> {
    let id = add(tx, new, account).await?;
    OF_TRIGGER.command().bind(id).bind(trigger).execute(&mut *tx).await?;
    Ok(id)
}

row! {
    /// A message as whoever runs the server reads it.
    pub struct Stored {
        /// Row id.
        pub id: i64,
        /// `EMAIL`, `SMS` or `LETTER`.
        pub channel: String,
        /// What kind of message it is.
        pub template: String,
        /// E-mail address, phone number or postal address.
        pub recipient: String,
        /// Whom it comes from.
        pub sender: String,
        /// Empty for SMS.
        pub subject: String,
        /// The plain text, unless it has been taken out.
        pub body: Option<String>,
        /// `queued`, `accepted`, `delivered`, `bounced`, `refused` or `withheld`.
        pub status: String,
        /// Why it was put off, sent back or refused.
        pub failure: Option<String>,
        /// When it was written.
        pub created_at: DateTime<Utc>,
    }
}

statement!(static NEWEST: Stored = "
    select id, channel, template, recipient, sender, subject, body, status, failure, created_at from messages
    where $1::text is null or lower(recipient) = lower($1) order by id desc limit $2::bigint");

/// The newest messages, the newest first, secrets included: for whoever runs the server, and no request.
pub async fn newest(tx: &mut Tx, to: Option<&str>, limit: i64) -> Result<Vec<Stored>, sqlx::Error> {
    NEWEST.query().bind(to).bind(limit).fetch_all(&mut *tx).await
}
