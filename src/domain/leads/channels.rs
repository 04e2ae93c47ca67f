//! Sales channels: the ways by which sales come in.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::domain::accounts::contacts;
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

/// Why a channel was not opened.
#[derive(Debug, Error)]
pub enum ChannelError {
    /// A code is capital letters, digits, hyphens and underscores; a name is one line.
    #[error("the code or the name cannot be")]
    Form,
    /// There is a channel with the code.
    #[error("there is a channel with this code")]
    Taken,
    /// There is no such channel.
    #[error("there is no channel {0}")]
    Unknown(String),
    /// It would be open for no time at all.
    #[error("the channel would never be open")]
    Never,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ChannelError);

/// A channel to be opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewChannel<'a> {
    /// Its code.
    pub code: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub description: &'a str,
    /// Code of the channel that it is a part of.
    pub parent: Option<&'a str>,
    /// When it opens; now, unless given.
    pub from: Option<DateTime<Utc>>,
    /// When it closes; never, unless given.
    pub to: Option<DateTime<Utc>>,
}

row! {
    /// A channel.
    pub struct Channel {
        /// Row id.
        pub id: i64,
        /// Its code.
        pub code: String,
        /// Its name.
        pub name: String,
        /// What it is.
        pub description: String,
        /// Its name behind the names of all that it is a part of.
        pub path: String,
    }
}

/// More channels than a retailer has.
const MOST: i64 = 1_000;

macro_rules! channels {
    () => {
        "with recursive paths (id, path) as ( \
             select id, name from sales_channels where parent_id is null \
             union all \
             select c.id, p.path || ' / ' || c.name from sales_channels c join paths p on p.id = c.parent_id) \
         select c.id, c.code, c.name, c.description, p.path from sales_channels c join paths p on p.id = c.id"
    };
}

statement!(static OPEN_IN: Channel = concat!(channels!(), "
    where c.open && tstzrange($1::timestamptz, $2::timestamptz) order by p.path, c.id limit $3"));
statement!(static BY_IDS: Channel = concat!(channels!(), " where c.id = any($1::bigint[])"));
statement!(static OPEN_NOW: (i64,) = "
    select id from sales_channels where code = $1 and open @> $2::timestamptz");
statement!(static BY_CODE: (i64,) = "select id from sales_channels where code = $1");
statement!(static ADD: (i64,) = "
    insert into sales_channels (code, name, description, parent_id, open)
    values ($1, $2, $3, $4, tstzrange($5, $6)) returning id");

/// The channels that are open at some time of a period; those open now, where it has neither beginning nor end. With only a
/// beginning it goes on, with only an end it has always been. `None` where the period ends before it begins.
///
/// # Errors
/// Those of the database.
pub async fn open_in(
    tx: &mut Tx,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> Result<Option<Vec<Channel>>, sqlx::Error> {
    if let (Some(from), Some(to)) = (from, to)
        && to <= from
    {
        return Ok(None);
    }
    let now = tx.business_now().await?;
    let (from, to) = match (from, to) {
        (None, None) => (Some(now), Some(now + chrono::TimeDelta::microseconds(1))),
        given => given,
    };
    OPEN_IN.query().bind(from).bind(to).bind(MOST).fetch_all(&mut *tx).await.map(Some)
}

/// The channels with these ids, in order.
///
/// # Errors
/// Those of the database.
pub async fn by_ids(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Option<Channel>>, sqlx::Error> {
    let rows = BY_IDS.query().bind(ids).fetch_all(&mut *tx).await?;
    Ok(crate::domain::accounts::in_order(ids, rows, |channel| channel.id))
}

/// The row id of the channel with a code, if it is open.
pub(super) async fn open_now(tx: &mut Tx, code: &str) -> Result<Option<i64>, sqlx::Error> {
    let now = tx.business_now().await?;
    Ok(OPEN_NOW.query().bind(code).bind(now).fetch_optional(&mut *tx).await?.map(|(id,)| id))
}

/// Opens a channel. Answers its row id.
///
/// # Errors
/// See [`ChannelError`].
pub async fn open(tx: &mut Tx, new: &NewChannel<'_>) -> Result<i64, ChannelError> {
    let name = contacts::line(new.name).filter(|name| !name.is_empty()).ok_or(ChannelError::Form)?;
    let description = contacts::line(new.description).ok_or(ChannelError::Form)?;
    let parent = match new.parent {
        None => None,
        Some(code) => {
            let found = BY_CODE.query().bind(code).fetch_optional(&mut *tx).await?;
            Some(found.ok_or_else(|| ChannelError::Unknown(code.to_owned()))?.0)
        }
    };
    let from = match new.from {
        Some(from) => from,
        None => tx.business_now().await?,
    };
    if new.to.is_some_and(|to| to <= from) {
        return Err(ChannelError::Never);
    }
    let add = ADD.query().bind(new.code).bind(name).bind(description).bind(parent).bind(from).bind(new.to);
    match add.fetch_one(&mut *tx).await {
        Ok((id,)) => Ok(id),
        Err(error) if on_constraint(&error, "sales_channels_code_key") => Err(ChannelError::Taken),
        Err(error) if on_constraint(&error, "sales_channels_code_check") => Err(ChannelError::Form),
        Err(error) => Err(error.into()),
    }
}
