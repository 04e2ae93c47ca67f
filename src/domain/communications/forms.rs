//! What comes in from websites: subscriptions to the newsletter, and forms.

use serde_json::Value;
use thiserror::Error;

use super::checks::is_mailable;
use super::messages::{self, Channel, NewMessage};
use crate::domain::accounts::changes::{hand, may_edit};
use crate::domain::accounts::{accounts, contacts, notes};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, statement};

/// Characters of a form, as JSON.
const LONGEST_FORM: usize = 20_000;

/// Why nothing was taken.
#[derive(Debug, Error)]
pub enum FormError {
    /// This cannot be, and why.
    #[error("{0}: {1}")]
    Invalid(&'static str, &'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(FormError);

// Every wish is kept, so that nobody learns from the answer who gets the newsletter already.
statement!(static SIGN_UP: (i64, bool) = "
    insert into newsletter_signups (email, first_name, at) values ($1, $2, $3)
    returning id, exists (select 1 from newsletter_signups known where lower(known.email) = lower($1))");
statement!(static TAKE: (i32,) = "
    insert into form_submissions (account_number, form_type, content, by_kind, by_id, at)
    values ($1, $2, $3, $4, $5, $6) returning id");

/// Subscribes an address to the newsletter and welcomes it there, the first time. Answers the row id of the wish.
pub async fn sign_up(tx: &mut Tx, email: &str, first_name: Option<&str>) -> Result<i64, FormError> {
    let email = email.trim();
    if !is_mailable(email) {
        return Err(FormError::Invalid("email", "Nothing can be sent to this address."));
    }
    let name = contacts::line(first_name.unwrap_or_default());
    let name = name.ok_or(FormError::Invalid("firstName", "This is no name."))?;
    let now = tx.business_now().await?;
    let add = SIGN_UP.query().bind(email).bind((!name.is_empty()).then_some(name.as_str())).bind(now);
    let (id, is_known) = add.fetch_one(&mut *tx).await?;
    if !is_known {
        let text =
            "Thank you for your interest in the newsletter. If it was not you who asked for it, tell us.";
        let new = NewMessage {
            channel: Channel::Email,
            template: "newsletter-welcome",
            account_user: None,
            to: email,
            subject: "Our newsletter",
            text,
            confidential: false,
        };
        messages::send(tx, &new).await?;
    }
    Ok(id)
}

/// Keeps a form that was filled in on a website, and puts it before those who look after the account, if whoever sent it
/// may say something of it; the answer does not tell. Answers its row id.
pub async fn submit(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    form: Option<&str>,
    content: &Value,
) -> Result<i32, FormError> {
    let shown = content.to_string();
    if !content.is_object() || shown.chars().count() > LONGEST_FORM {
        return Err(FormError::Invalid("content", "A form is an object of at most 20000 characters."));
    }
    if !is_number(number) {
        return Err(FormError::Invalid("accountNumber", "This is no account number."));
    }
    let (by_kind, by_id) = hand(viewer);
    let now = tx.business_now().await?;
    let take = TAKE.query().bind(number).bind(form).bind(content).bind(by_kind).bind(by_id).bind(now);
    let (id,) = take.fetch_one(&mut *tx).await?;
    if may_edit(viewer)
        && let Some(account) = accounts::by_number(tx, viewer, number).await?
    {
        let about = form.unwrap_or("Form");
        let words: String = format!("{about} {id}: {shown}").chars().take(5_000).collect();
        notes::keep(tx, viewer, account.id, &words).await?;
    }
    Ok(id)
}

/// `A-` and eight hexadecimal digits.
fn is_number(text: &str) -> bool {
    text.strip_prefix("A-").is_some_and(|rest| rest.len() == 8 && rest.chars().all(|c| c.is_ascii_hexdigit()))
}
