//! What happened to accounts and the people on them in other systems, as these tell it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::changes::hand;
use crate::domain::auth::viewer::{RECORD_CONTACTS, Viewer, account_is_visible, user_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::page::{Page, Window};

/// As many pieces of content as an event has.
const MOST_PIECES: usize = 50;
/// Characters of a description.
const LONGEST_DESCRIPTION: usize = 1_000;

/// Why no event was recorded.
#[derive(Debug, Error)]
pub enum EventError {
    /// The viewer may not record events.
    #[error("the viewer may not record events")]
    Forbidden,
    /// There is no such account, or no such user, that the viewer may see.
    #[error("there is nobody that the viewer may see")]
    Unknown,
    /// This field of the input cannot be, and why.
    #[error("{0}: {1}")]
    Invalid(&'static str, &'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(EventError);

row! {
    /// Something that happened elsewhere.
    pub struct Event {
        /// Row id.
        pub id: i64,
        /// The account, unless it happened to a user.
        pub account_id: Option<i64>,
        /// One of `ExternalAccountEventCategory`.
        pub category: String,
        /// One of `ExternalAccountEventSubCategory`.
        pub subcategory: Option<String>,
        /// In a sentence.
        pub description: Option<String>,
        /// What there is to show: a list of [`Piece`].
        pub content: Value,
        /// When it happened.
        pub occurred_at: DateTime<Utc>,
    }
}

impl Event {
    /// Whose event it is and of what sort, such as `account.debt.dunning`.
    pub fn event_type(&self) -> String {
        let whose = if self.account_id.is_some() { "account" } else { "account_user" };
        let parts = [Some(whose), Some(self.category.as_str()), self.subcategory.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(".").to_lowercase()
    }
}

/// A piece of what there is to show.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Piece {
    /// What it is.
    pub description: String,
    /// One of `ExternalAccountEventContentType`.
    pub content_type: String,
    /// The text, or where it is.
    pub value: String,
}

impl Piece {
    fn is_sound(&self) -> bool {
        let leads_to = |schemes: &[&str]| {
            let rest = schemes.iter().find_map(|scheme| self.value.strip_prefix(scheme));
            rest.is_some_and(|rest| {
                !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
            })
        };
        match self.content_type.as_str() {
            "LINK" => leads_to(&["https://", "http://"]),
            "S3" => leads_to(&["s3://"]),
            _ => true,
        }
    }
}

/// Whom it happened to.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'a> {
    /// The account with this number.
    Account(&'a str),
    /// The account user with this row id, as it was given.
    User(&'a str),
}

/// An event to be recorded.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// One of `ExternalAccountEventCategory`.
    pub category: String,
    /// One of `ExternalAccountEventSubCategory`.
    pub subcategory: Option<String>,
    /// In a sentence.
    pub description: Option<String>,
    /// When it happened; now if that is not said.
    pub occurred_at: Option<DateTime<Utc>>,
    /// What there is to show.
    pub content: Vec<Piece>,
}

macro_rules! event_columns {
    () => {
        "e.id, e.account_id, e.category, e.subcategory, e.description, e.content, e.occurred_at"
    };
}

// The events of the account $3, if the viewer may see it, and of the people on it.
macro_rules! of_account {
    () => {
        concat!(
            " from accounts a cross join lateral (\
                select x.id from external_events x where x.account_id = a.id \
                union all select x.id from external_events x where x.account_user_id in (\
                    select r.user_id from account_user_roles r where r.account_id = a.id \
                    union select r.user_id from portfolio_user_roles r where r.portfolio_id = a.portfolio_id)\
              ) held join external_events e on e.id = held.id where a.id = $3 and ",
            account_is_visible!()
        )
    };
}

statement!(static ACCOUNT: (i64,) = concat!(
    "select a.id from accounts a where a.number = $3 and ", account_is_visible!()));
statement!(static USER: (i64,) = concat!(
    "select u.id from account_users u where u.id = $3 and ", user_is_visible!()));
statement!(static ADD: Event = concat!("
    insert into external_events as e (account_id, account_user_id, category, subcategory, description, content,
        occurred_at, recorded_at, by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning ", event_columns!()));
statement!(static COUNT: (i64,) = concat!("select count(*)", of_account!()));
statement!(static PAGE: Event = concat!(
    "select ", event_columns!(), of_account!(), " order by e.occurred_at desc, e.id desc offset $4 limit $5"));

/// Records what happened elsewhere to somebody that the viewer may see.
pub async fn record(
    tx: &mut Tx,
    viewer: &Viewer,
    whom: Whom<'_>,
    new: &NewEvent,
) -> Result<Event, EventError> {
    if !viewer.may(RECORD_CONTACTS) {
        return Err(EventError::Forbidden);
    }
    let (account, user) = found(tx, viewer, whom).await?;
    let now = tx.business_now().await?;
    let content = judged(new, now)?;
    let (by_kind, by_id) = hand(viewer);
    let add = ADD.query().bind(account).bind(user).bind(&new.category).bind(&new.subcategory);
    let add =
        add.bind(new.description.as_deref()).bind(content).bind(new.occurred_at.unwrap_or(now)).bind(now);
    Ok(add.bind(by_kind).bind(by_id).fetch_one(&mut *tx).await?)
}

/// The row id of the account, or that of the user.
async fn found(
    tx: &mut Tx,
    viewer: &Viewer,
    whom: Whom<'_>,
) -> Result<(Option<i64>, Option<i64>), EventError> {
    let query = match whom {
        Whom::Account(number) => ACCOUNT.seen_by(viewer).bind(number),
        Whom::User(id) => {
            let id: i64 = id.parse().map_err(|_| EventError::Unknown)?;
            USER.seen_by(viewer).bind(id)
        }
    };
    let (id,) = query.fetch_optional(&mut *tx).await?.ok_or(EventError::Unknown)?;
    Ok(if matches!(whom, Whom::Account(_)) { (Some(id), None) } else { (None, Some(id)) })
}

/// The content as it is kept, if the event can have happened and be shown.
fn judged(new: &NewEvent, now: DateTime<Utc>) -> Result<Value, EventError> {
    let is_long = |text: &str| text.chars().count() > LONGEST_DESCRIPTION;
    let descriptions = new.description.iter().chain(new.content.iter().map(|piece| &piece.description));
    if descriptions.into_iter().any(|text| is_long(text)) {
        return Err(EventError::Invalid("description", "A description has at most a thousand characters."));
    }
    if new.occurred_at.is_some_and(|then| then > now) {
        return Err(EventError::Invalid("occurredAt", "This has not happened yet."));
    }
    if new.content.len() > MOST_PIECES {
        return Err(EventError::Invalid("content", "An event has at most fifty pieces of content."));
    }
    if !new.content.iter().all(Piece::is_sound) {
        return Err(EventError::Invalid("content", "A link leads nowhere."));
    }
    Ok(serde_json::to_value(&new.content).unwrap_or_default())
}

/// One page of what was recorded on an account and on the people on it, the latest first; none if the viewer may not
/// see the account.
pub async fn of_account(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    window: &Window,
) -> Result<Option<Page<Event>>, sqlx::Error> {
    let account = ACCOUNT.seen_by(viewer).bind(number);
    let Some((id,)) = account.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let total = if window.needs_total() {
        let query = COUNT.seen_by(viewer).bind(id);
        query.fetch_optional(&mut *tx).await?.map(|(total,)| total)
    } else {
        None
    };
    let slice = window.slice(total);
    let query = PAGE.seen_by(viewer).bind(id);
    let rows = query.bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(Some(Page::cut(window, slice, rows, total)))
}
