//! New passwords for those who forgot the old one, by a one-time token in a mail.
//!
//! Asking for a mail must not tell who has a log-in here: the request looks the address up, writes one job
//! and no more, whoever it finds. The job makes the token.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

use super::logins::{self, ChangeError, Holder};
use super::password_change;
use super::password_rules::{self, Rule, Unusable};
use super::passwords::PasswordError;
use super::refresh::digest;
use super::{Auth, settings};
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Stats, Tx, database_error, row, statement};
use crate::platform::ids;
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::random::Randomness;

/// How long a token is good for.
pub const LIFETIME: TimeDelta = TimeDelta::hours(1);
/// The job that writes the mail.
pub const MAIL: &str = "password-reset-mail";

/// Longest address that mail can be sent to.
const LONGEST_ADDRESS: usize = 254;

/// Why no mail was asked for.
#[derive(Debug, Error)]
pub enum RequestError {
    /// It is no e-mail address.
    #[error("nothing can be sent to this address")]
    Address,
    /// The settings name no page for the link to lead to.
    #[error("the page for new passwords is not an absolute address")]
    Page,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(RequestError);

/// Why a password was not reset.
#[derive(Debug, Error)]
pub enum ResetError {
    /// The token was never given out, was used, replaced or has expired.
    #[error("the token is not good")]
    Token,
    /// The token is good, and another user's.
    #[error("the token is another user's")]
    OtherUser,
    /// The new password is blank or too long.
    #[error("the new password cannot be judged")]
    Unusable,
    /// The new password breaks these rules. The token stays good.
    #[error("the new password breaks the rules")]
    Broken(Vec<&'static Rule>),
    /// Passwords could not be hashed just now.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ResetError);

impl From<ChangeError> for ResetError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Database(error) => Self::Database(error),
            ChangeError::EmailTaken | ChangeError::Unknown => Self::Token,
        }
    }
}

impl From<Unusable> for ResetError {
    fn from(_: Unusable) -> Self {
        Self::Unusable
    }
}

row! {
    struct TokenRow {
        account_user_id: i64,
        expires_at: DateTime<Utc>,
    }
}

// Staff and partner users have no mailed way in. There is one row whoever is found.
statement!(static WHO: (Option<i64>,) = "
    select (select u.id from logins l join account_users u on u.id = l.account_user_id
        where lower(l.email) = lower($1) and u.is_active)");
statement!(static HOLD_LOGIN: (i64,) = "select id from logins where account_user_id = $1 for share");
statement!(static PUT: () = "
    insert into password_reset_tokens (account_user_id, token_hash, created_at, expires_at) values ($1, $2, $3, $4)
    on conflict (account_user_id) do update
        set token_hash = excluded.token_hash, created_at = excluded.created_at, expires_at = excluded.expires_at");
statement!(static FIND: TokenRow = "
    select account_user_id, expires_at from password_reset_tokens where token_hash = $1");
statement!(static TAKE: (i64,) = "
    delete from password_reset_tokens where token_hash = $1 and account_user_id = $2 and expires_at > $3
    returning account_user_id");

#[derive(Serialize, Deserialize)]
struct Errand {
    user: Option<i64>,
}

/// Asks for a mail with a link to a new password. It does the same work whether or not anybody has the address.
pub async fn request(tx: &mut Tx, email: &str) -> Result<(), RequestError> {
    let email = email.trim();
    if !is_address(email) {
        return Err(RequestError::Address);
    }
    settings::read(tx).await?.reset_page().ok_or(RequestError::Page)?;
    let (user,) = WHO.query().bind(email).fetch_one(&mut *tx).await?;
    let payload = serde_json::to_value(Errand { user }).unwrap_or_default();
    let at_once = tx.wall_now();
    jobs::enqueue(tx, MAIL, &payload, at_once).await?;
    Ok(())
}

/// Has the mails that were asked for written by this runner.
pub fn register(runner: &mut Runner, random: Randomness) {
    runner.on(MAIL, move |tx, payload| {
        let random = random.clone();
        Box::pin(async move {
            let errand = Errand::deserialize(payload).map_err(|_| JobError::Payload)?;
            match errand.user {
                Some(user) => Ok(mail(tx, &random, user).await?),
                None => Ok(()),
            }
        })
    });
}

/// Makes a token, which takes an older one's place, and mails it.
async fn mail(tx: &mut Tx, random: &Randomness, user: i64) -> Result<(), sqlx::Error> {
    // The e-mail must not change while a token is made for it.
    HOLD_LOGIN.query().bind(user).fetch_optional(&mut *tx).await?;
    let Some(holder) = logins::holder(tx, user).await? else { return Ok(()) };
    let Some(page) = settings::read(tx).await?.reset_page() else { return Ok(()) };
    let token = issue(tx, random, user).await?;
    let text = format!(
        "Open this page within an hour to choose a new password:\n\n{}\n\n\
         If you did not ask for this, ignore it: your password stays as it is.",
        link(page, user, &token)
    );
    let message = NewMessage {
        channel: Channel::Email,
        template: "password-reset",
        account_user: Some(user),
        to: &holder.email,
        subject: "Choose a new password",
        text: &text,
        confidential: true,
    };
    messages::send(tx, &message).await?;
    Ok(())
}

/// Makes a token, which takes an older one's place.
pub(super) async fn issue(tx: &mut Tx, random: &Randomness, user: i64) -> Result<String, sqlx::Error> {
    let token = ids::password_reset_token(random);
    let now = tx.wall_now();
    let put = PUT.command().bind(user).bind(digest(&token)).bind(now).bind(now + LIFETIME);
    put.execute(&mut *tx).await?;
    Ok(token)
}

fn link(mut page: Url, user: i64, token: &str) -> Url {
    page.query_pairs_mut().append_pair("userId", &user.to_string()).append_pair("token", token);
    page
}

/// Whether mail could be sent there.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_plain = |text: &str| !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
    let labels = || domain.split('.');
    text.len() <= LONGEST_ADDRESS
        && (1..=64).contains(&local.len())
        && is_plain(local)
        && is_plain(domain)
        && labels().count() > 1
        && labels().all(|label| !label.is_empty())
}

/// Whether the token would set a new password for this user now.
pub async fn is_valid(tx: &mut Tx, user: &str, token: &str) -> Result<bool, sqlx::Error> {
    Ok(find(tx, token).await?.is_some_and(|owner| is_named(owner, user)))
}

/// Whose live token this is.
async fn find(tx: &mut Tx, token: &str) -> Result<Option<i64>, sqlx::Error> {
    let now = tx.wall_now();
    let found = FIND.query().bind(digest(token)).fetch_optional(&mut *tx).await?;
    Ok(found.filter(|row| row.expires_at > now).map(|row| row.account_user_id))
}

/// Users are known by their decimal id.
fn is_named(user: i64, name: &str) -> bool {
    user.to_string() == name
}

/// What the holder of a link wants.
pub struct Reset<'a> {
    /// What the password is to be.
    pub password: &'a str,
    /// Decimal id of the user.
    pub user: &'a str,
    /// The token of the link.
    pub token: &'a str,
}

/// A new password, hashed, and the token that will pay for it.
pub struct Ready {
    user: i64,
    holder: Holder,
    token_hash: Vec<u8>,
    hash: String,
}

impl Auth {
    /// Checks the token and hashes the new password, with no connection held meanwhile.
    pub async fn prepare_reset(
        &self,
        db: &Database,
        deadline: Deadline,
        stats: &Arc<Stats>,
        reset: &Reset<'_>,
    ) -> Result<Ready, ResetError> {
        let mut tx = db.snapshot(deadline, stats).await?;
        let user = find(&mut tx, reset.token).await?.ok_or(ResetError::Token)?;
        if !is_named(user, reset.user) {
            return Err(ResetError::OtherUser);
        }
        let holder = logins::holder(&mut tx, user).await?.ok_or(ResetError::Token)?;
        tx.commit().await?;
        let mut broken = password_rules::judge(reset.password, &holder)?;
        if broken.is_empty() && self.passwords.verify(reset.password, holder.password_hash.as_deref()).await?
        {
            broken.push(&password_rules::UNCHANGED);
        }
        if !broken.is_empty() {
            return Err(ResetError::Broken(broken));
        }
        let hash = self.passwords.hash(reset.password).await?;
        Ok(Ready { user, holder, token_hash: digest(reset.token), hash })
    }
}

/// Sets the new password, once for a token. Every session of the user ends.
pub async fn apply(tx: &mut Tx, ready: &Ready) -> Result<(), ResetError> {
    // First the log-in, then its token: whoever changes a password takes them in this order.
    if !logins::hold(tx, ready.holder.login, ready.holder.password_hash.as_deref()).await? {
        return Err(ResetError::Token);
    }
    let now = tx.wall_now();
    let take = TAKE.query().bind(&ready.token_hash).bind(ready.user).bind(now);
    take.fetch_optional(&mut *tx).await?.ok_or(ResetError::Token)?;
    Ok(password_change::set(tx, ready.user, &ready.holder, &ready.hash).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_parts_and_no_blanks() {
        for good in ["ada@example.org", "a.b+c@mail.example.co.uk", "jürgen@müller.example"] {
            assert!(is_address(good), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@example",
            "a b@example.org",
            "a@b@example.org",
            "ada@example..org",
            "ada@.org",
            "ada@example.org\r\nBcc: x@example.org",
            &long,
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_link_keeps_what_its_page_has() {
        let page = Url::parse("https://retailer.example/new-password?brand=blue#top").expect("a page");
        let link = link(page, 4001, "aB3").to_string();
        assert_eq!(link, "https://retailer.example/new-password?brand=blue&userId=4001&token=aB3#top");
    }
}
