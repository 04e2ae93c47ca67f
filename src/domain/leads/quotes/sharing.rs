//! Telling customers of quotes: at once, or some days later if they have not chosen by then.

use chrono::TimeDelta;

use super::{QuoteError, QuoteRequest, hold, points, products};
use crate::domain::accounts::{accounts, contacts};
use crate::domain::auth::password_reset::is_address;
use crate::domain::auth::viewer::{RECORD_CONTACTS, Viewer};
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::Runner;
use crate::platform::market;

/// Whom to tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recipient<'a> {
    /// Their given name.
    pub given_name: &'a str,
    /// Their e-mail, which is written to if there is one.
    pub email: &'a str,
    /// Their mobile number.
    pub mobile: &'a str,
}

/// A quote, and whom to tell of it.
#[derive(Clone, Copy, Debug)]
pub struct Share<'a> {
    /// Code of the quote.
    pub code: &'a str,
    /// Number of the account that was quoted, if it is named.
    pub account: Option<&'a str>,
    /// Whom to tell.
    pub recipient: Recipient<'a>,
}

struct Shared {
    quote: QuoteRequest,
    channel: Channel,
    to: String,
    given_name: String,
}

row! {
    struct Due {
        id: i64,
        channel: String,
        recipient: String,
        given_name: String,
        is_open: bool,
    }
}

statement!(static RULE: (Option<i32>,) = "select reminder_days from quote_rules where market = $1");
statement!(static REMIND: () = "
    insert into quote_reminders (quote_id, channel, recipient, given_name, due_at) values ($1, $2, $3, $4, $5)
    on conflict (quote_id) do update set channel = excluded.channel, recipient = excluded.recipient,
        given_name = excluded.given_name
    where quote_reminders.settled_at is null");
statement!(static DUE: Due = "
    select q.id, r.channel, r.recipient, r.given_name,
        (q.accepted_at is null and q.expires_at > $1) as is_open
    from quote_reminders r join quote_requests q on q.id = r.quote_id
    where r.settled_at is null and r.due_at <= $1 order by r.quote_id limit 200 for update of r skip locked");
statement!(static SETTLE: () = "update quote_reminders set settled_at = $2, message_id = $3 where quote_id = $1");
statement!(static OF: QuoteRequest = "
    select q.id, q.code, q.account_id, a.market, q.as_of, q.requested_at, q.expires_at, q.accepted_at
    from quote_requests q join accounts a on a.id = q.account_id where q.id = $1");

/// Sends a summary of a quote.
///
/// # Errors
/// `Forbidden`, `NoQuote`, `NoAccount`, `Recipient`.
pub async fn send(tx: &mut Tx, viewer: &Viewer, share: &Share<'_>) -> Result<(), QuoteError> {
    let shared = judged(tx, viewer, share).await?;
    let text = summary(tx, &shared.quote, &shared.given_name).await?;
    write(tx, &shared.quote, (shared.channel, &shared.to), &text).await?;
    Ok(())
}

/// Has a customer reminded of a quote some days later, unless they have chosen by then; once for each quote.
///
/// # Errors
/// `Forbidden`, `NoQuote`, `NoAccount`, `Recipient`, `NoReminders`.
pub async fn schedule(tx: &mut Tx, viewer: &Viewer, share: &Share<'_>) -> Result<(), QuoteError> {
    let shared = judged(tx, viewer, share).await?;
    let rule = RULE.query().bind(&shared.quote.market).fetch_optional(&mut *tx).await?;
    let days = rule.and_then(|(days,)| days).ok_or(QuoteError::NoReminders)?;
    let due = shared.quote.requested_at + TimeDelta::days(days.into());
    let remind = REMIND.command().bind(shared.quote.id).bind(shared.channel.code()).bind(&shared.to);
    remind.bind(&shared.given_name).bind(due).execute(&mut *tx).await?;
    Ok(())
}

async fn judged(tx: &mut Tx, viewer: &Viewer, share: &Share<'_>) -> Result<Shared, QuoteError> {
    if !viewer.may(RECORD_CONTACTS) {
        return Err(QuoteError::Forbidden);
    }
    let quote = hold(tx, viewer, share.code).await?;
    if let Some(number) = share.account {
        let account = accounts::by_number(tx, viewer, number).await?;
        account.filter(|account| account.id == quote.account_id).ok_or(QuoteError::NoAccount)?;
    }
    let (email, mobile) = (share.recipient.email.trim(), share.recipient.mobile.trim());
    let (channel, to) = match (email, mobile) {
        ("", "") => return Err(QuoteError::Recipient),
        ("", number) => {
            let number = contacts::phone(number, Some(&quote.market)).ok_or(QuoteError::Recipient)?;
            (Channel::Sms, number)
        }
        (email, _) if is_address(email) => (Channel::Email, email.to_owned()),
        _ => return Err(QuoteError::Recipient),
    };
    let given_name = contacts::line(share.recipient.given_name).ok_or(QuoteError::Recipient)?;
    Ok(Shared { quote, channel, to, given_name })
}

async fn write(
    tx: &mut Tx,
    quote: &QuoteRequest,
    (channel, to): (Channel, &str),
    text: &str,
) -> Result<i64, sqlx::Error> {
    let message = NewMessage {
        channel,
        template: "quote-summary",
        account_user: None,
        to,
        subject: if channel == Channel::Email { "Your quote" } else { "" },
        text,
        confidential: false,
    };
    messages::send_about(tx, &message, quote.account_id).await
}

/// What a quote says, in words: for each point what was chosen, or else the cheapest.
async fn summary(tx: &mut Tx, quote: &QuoteRequest, given_name: &str) -> Result<String, sqlx::Error> {
    let points = points(tx, &[quote.id]).await?.pop().unwrap_or_default();
    let ids: Vec<i64> = points.iter().map(|point| point.id).collect();
    let quoted = products(tx, &ids).await?;
    let market = market::by_code(&quote.market);
    let money = |minor: i64| {
        let (exponent, code) =
            market.map_or((2, ""), |market| (market.currency.exponent, &*market.currency.code));
        format!("{} {code}", rust_decimal::Decimal::new(minor, exponent))
    };
    let mut lines = Vec::new();
    if !given_name.is_empty() {
        lines.push(format!("Hello {given_name},"));
    }
    for (point, products) in points.iter().zip(&quoted) {
        let chosen = products.iter().find(|product| product.was_selected);
        let Some(product) = chosen.or_else(|| products.first()) else { continue };
        let what = if chosen.is_some() { "you chose" } else { "from" };
        let cost = match product.annual_gross {
            Some(gross) => format!("about {} a year", money(gross)),
            None => "at prices that change every half hour".to_owned(),
        };
        lines.push(format!("{}: {what} {}, {cost}.", point.identifier, product.display_name));
    }
    let until = market.map_or(quote.expires_at.date_naive(), |market| market.day(quote.expires_at));
    lines.push(format!("Your quote {} holds until {until}.", quote.code));
    Ok(lines.join("\n"))
}

/// Has reminders sent by this runner.
pub fn register(runner: &mut Runner) {
    runner.every(TimeDelta::hours(1), "upkeep-quote-reminders", |tx, _| {
        Box::pin(async move { Ok(turn(tx).await?) })
    });
}

/// One turn of the upkeep: reminds whoever was to be reminded by now and has not chosen.
///
/// # Errors
/// Those of the database.
pub async fn turn(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    for due in DUE.query().bind(now).fetch_all(&mut *tx).await? {
        let mut message = None;
        if due.is_open {
            let quote = OF.query().bind(due.id).fetch_one(&mut *tx).await?;
            let text = summary(tx, &quote, &due.given_name).await?;
            let channel = if due.channel == "SMS" { Channel::Sms } else { Channel::Email };
            message = Some(write(tx, &quote, (channel, &due.recipient), &text).await?);
        }
        SETTLE.command().bind(due.id).bind(now).bind(message).execute(&mut *tx).await?;
    }
    Ok(())
}
