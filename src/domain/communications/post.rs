//! The way to the customer: the post house is a port, and this is the counter in front of it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::messages::{HAND_OVER, REDACT};
use super::print;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::outside::Receipt;

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
        /// Whether its reader wants it, if it is of a kind that one can do without.
        pub is_wanted: bool,
        /// Whether its reader would rather have HTML than plain text.
        pub is_html: bool,
        /// Whether its reader wants light text on a dark ground.
        pub is_inverted: bool,
        /// Size of its text; 1 is normal.
        pub font_size: Decimal,
    }
}

impl Letter {
    /// An e-mail as HTML, in the colours and the size that its reader likes; none for whoever wants plain text.
    pub fn html(&self) -> Option<String> {
        if !self.is_html || self.channel != "EMAIL" {
            return None;
        }
        let (ink, paper) = if self.is_inverted { ("#fff", "#000") } else { ("#000", "#fff") };
        let text = self.body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let paragraphs = text.trim().replace("\n\n", "</p><p>").replace('\n', "<br>");
        let style = format!("color:{ink};background:{paper};font-size:{}em", self.font_size.normalize());
        Some(format!("<!DOCTYPE html><html><body style=\"{style}\"><p>{paragraphs}</p></body></html>"))
    }
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

// The lock makes a second run of the same job wait, and then find nothing queued. What readers prefer is looked at
// here, at the last moment.
statement!(static TAKE: Letter = "
    select m.id, m.channel, m.recipient, m.sender, m.subject, coalesce(m.body, '') as body, m.enclosure, m.attempts,
        coalesce(o.topic is null or (case o.topic
            when 'client' then u.wants_client_messages
            when 'offer' then u.wants_offer_messages
            when 'recommended' then u.wants_recommended_messages
            when 'update' then u.wants_update_messages
            when 'third-party' then u.wants_third_party_messages
            when 'reading-confirmation' then u.wants_reading_confirmations
        end and (u.wants_sms or m.channel <> 'SMS')), true) as is_wanted,
        coalesce(u.email_format = 'HTML', false) as is_html,
        coalesce(u.email_colours_inverted, false) as is_inverted,
        coalesce(u.email_font_size, 1) as font_size
    from messages m left join optional_messages o on o.template = m.template
        left join account_users u on u.id = m.account_user_id
    where m.id = $1 and m.status = 'queued' for update of m");
statement!(static WITHHOLD: () = "update messages set status = 'withheld', failure = $2 where id = $1");
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

/// Hands one message to the post house, unless that has been done or decided already, or its reader can do without it
/// and wants to.
pub async fn hand_over(tx: &mut Tx, house: &dyn PostHouse, message: i64) -> Result<(), sqlx::Error> {
    let Some(letter) = TAKE.query().bind(message).fetch_optional(&mut *tx).await? else { return Ok(()) };
    if !letter.is_wanted {
        WITHHOLD.command().bind(message).bind("its reader does not want it").execute(&mut *tx).await?;
        return note(tx, message, "withheld").await;
    }
    match house.hand_over(tx, &letter).await? {
        Receipt::Taken { reference } => {
            let now = tx.business_now().await?;
            ACCEPT.command().bind(message).bind(now).bind(reference).execute(&mut *tx).await?;
            if letter.channel == "LETTER" {
                print::join(tx, message).await?;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_looks_as_its_reader_likes_it() {
        let mut letter = Letter {
            id: 1,
            channel: "EMAIL".into(),
            recipient: "ada@example.org".into(),
            sender: "hello@kraken.example".into(),
            subject: "News".into(),
            body: "Dear <Ada>,\n\nfish & chips\nagain".into(),
            enclosure: None,
            attempts: 0,
            is_wanted: true,
            is_html: true,
            is_inverted: true,
            font_size: Decimal::new(150, 2),
        };
        let expected = "<!DOCTYPE html><html><body style=\"color:#fff;background:#000;font-size:1.5em\">\
            <p>Dear &lt;Ada&gt;,</p><p>fish &amp; chips<br>again</p></body></html>";
        assert_eq!(letter.html().as_deref(), Some(expected));
        letter.is_html = false;
        assert_eq!(letter.html(), None);
        letter = Letter { is_html: true, channel: "SMS".into(), ..letter };
        assert_eq!(letter.html(), None);
    }
}
