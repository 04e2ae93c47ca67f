//! The way to the customer: the post house is a port, and this is the counter in front of it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::messages::{HAND_OVER, REDACT};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};

row! {
    /// What the post house is given.
    pub struct Letter {
        /// Row id of the message. A house that is handed the same id again must not send it again.
        pub id: i64,
        /// `EMAIL`, `SMS` or `LETTER`.
        pub channel: String,
        /// E-mail address, phone number or postal address.
        pub recipient: String,
        /// Whom it comes from.
        pub sender: String,
        /// Empty for SMS.
        pub subject: String,
        /// The plain text.
        pub body: String,
        /// The key of the file that goes with a letter.
        pub enclosure: Option<String>,
        /// How often the house has put it off.
        pub attempts: i32,
    }
}

/// What the post house says when it is handed a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It has taken the message, under a reference of its own.
    Accepted {
        /// What its reports will name the message by.
        reference: String,
    },
    /// Not now; try again.
    Later(&'static str),
    /// Never.
    Refused(&'static str),
}

/// What the post house says afterwards of a message that it has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// It arrived.
    Delivered,
    /// It came back.
    Bounced(&'static str),
}

/// Whoever carries messages.
pub trait PostHouse: Send + Sync {
    /// Hands a message over. `tx` is the job's transaction; a house outside of this program has no use for it.
    fn hand_over<'a>(
        &'a self,
        tx: &'a mut Tx,
        letter: &'a Letter,
    ) -> BoxFuture<'a, Result<Receipt, sqlx::Error>>;
}

// The lock makes a second run of the same job wait, and then find nothing queued.
statement!(static TAKE: Letter = "
    select id, channel, recipient, sender, subject, coalesce(body, '') as body, enclosure, attempts from messages
    where id = $1 and status = 'queued' for update");
statement!(static ACCEPT: () = "
    update messages set status = 'accepted', sent_at = $2, reference = $3, failure = null where id = $1");
statement!(static PUT_OFF: () = "update messages set attempts = attempts + 1, failure = $2 where id = $1");
statement!(static REFUSE: () = "
    update messages set status = 'refused', attempts = attempts + 1, failure = $2 where id = $1");
statement!(static REPORT: (i64,) = "
    update messages set status = $2, failure = $3 where reference = $1 and status = 'accepted' returning id");
statement!(static NOTE: () = "insert into message_events (message_id, kind, at) values ($1, $2, $3)");
statement!(static REDACT_BODY: (String,) = "
    update messages set body = null where id = $1 and confidential returning status");

/// Has messages handed to `house` by this runner.
pub fn register(runner: &mut Runner, house: Arc<dyn PostHouse>) {
    runner.on(HAND_OVER, move |tx, payload| {
        let house = Arc::clone(&house);
        Box::pin(async move { Ok(hand_over(tx, &*house, message(payload)?).await?) })
    });
    runner.on(REDACT, |tx, payload| Box::pin(async move { Ok(redact(tx, message(payload)?).await?) }));
}

fn message(payload: &Value) -> Result<i64, JobError> {
    payload.get("message").and_then(Value::as_i64).ok_or(JobError::Payload)
}

/// Hands one message to the post house, unless that has been done or decided already.
pub async fn hand_over(tx: &mut Tx, house: &dyn PostHouse, message: i64) -> Result<(), sqlx::Error> {
    let Some(letter) = TAKE.query().bind(message).fetch_optional(&mut *tx).await? else { return Ok(()) };
    match house.hand_over(tx, &letter).await? {
        Receipt::Accepted { reference } => {
            let now = tx.business_now().await?;
            ACCEPT.command().bind(message).bind(now).bind(reference).execute(&mut *tx).await?;
            note(tx, message, "accepted").await
        }
        Receipt::Later(why) => {
            let failures = letter.attempts.saturating_add(1);
            if failures >= jobs::MAX_ATTEMPTS {
                return refuse(tx, message, why).await;
            }
            PUT_OFF.command().bind(message).bind(why).execute(&mut *tx).await?;
            note(tx, message, "deferred").await?;
            let again = tx.wall_now() + jobs::backoff(failures);
            jobs::enqueue(tx, HAND_OVER, &json!({"message": message}), again).await?;
            Ok(())
        }
        Receipt::Refused(why) => refuse(tx, message, why).await,
    }
}

/// Takes the text out of a confidential message. One that never went out will not do so any more.
async fn redact(tx: &mut Tx, message: i64) -> Result<(), sqlx::Error> {
    match REDACT_BODY.query().bind(message).fetch_optional(&mut *tx).await? {
        Some((status,)) if status == "queued" => refuse(tx, message, "its secret is out of date").await,
        _ => Ok(()),
    }
}

async fn refuse(tx: &mut Tx, message: i64, why: &str) -> Result<(), sqlx::Error> {
    REFUSE.command().bind(message).bind(why).execute(&mut *tx).await?;
    note(tx, message, "refused").await
}

/// Takes in what the post house reports of the message that it knows by `reference`. A report on an unknown
/// message, and a second one on the same, change nothing.
pub async fn report(tx: &mut Tx, reference: &str, report: Report) -> Result<(), sqlx::Error> {
    let (status, why) = match report {
        Report::Delivered => ("delivered", None),
        Report::Bounced(why) => ("bounced", Some(why)),
    };
    let update = REPORT.query().bind(reference).bind(status).bind(why);
    match update.fetch_optional(&mut *tx).await? {
        Some((message,)) => note(tx, message, status).await,
        None => Ok(()),
    }
}

async fn note(tx: &mut Tx, message: i64, kind: &str) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    NOTE.command().bind(message).bind(kind).bind(now).execute(&mut *tx).await?;
    Ok(())
}
