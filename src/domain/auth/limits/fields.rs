//! How often single fields may be tried. A place is taken before the costly work is done and given back
//! when it succeeds, so that only failures count. What is counted is kept as a hash.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::points::network;
use super::{LimitError, Limited};
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Stats, Tx, row, statement};

/// How many times a field's rate one address may have: many callers can share it.
pub const ADDRESS_SHARE: i32 = 6;

/// How often a field may be tried by one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldRate<'a> {
    /// The field's name.
    pub field: &'a str,
    /// So many times
    pub limit: i32,
    /// in so many seconds from the first one on.
    pub seconds: i32,
}

impl FieldRate<'_> {
    /// The rate as it is written: `10/m`, `5/30s`.
    pub fn text(&self) -> String {
        let limit = self.limit;
        match self.seconds {
            1 => format!("{limit}/s"),
            60 => format!("{limit}/m"),
            3600 => format!("{limit}/h"),
            86_400 => format!("{limit}/d"),
            odd => format!("{limit}/{odd}s"),
        }
    }
}

/// Who is counted.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// Everybody at an address; IPv6 by its /64.
    Address(Option<IpAddr>),
    /// What was tried: an e-mail, the claim of a subject. Case does not matter.
    Identifier(&'a str),
    /// A secret that was tried.
    Secret(&'a str),
}

impl Key<'_> {
    /// The text that is hashed.
    fn text(self) -> String {
        match self {
            Self::Address(client) => format!("address {}", network(client)),
            // Postgres takes no NUL, and no e-mail has one.
            Self::Identifier(text) => format!("identifier {}", text.trim().replace('\0', "")),
            // Not even the statement's arguments show it.
            Self::Secret(secret) => format!("secret {:x}", Sha256::digest(secret.as_bytes())),
        }
    }

    fn most(self, rate: &FieldRate<'_>) -> i32 {
        match self {
            Self::Address(_) => rate.limit.saturating_mul(ADDRESS_SHARE),
            Self::Identifier(_) | Self::Secret(_) => rate.limit,
        }
    }
}

row! {
    struct Place {
        key_hash: Vec<u8>,
        window_ends_at: DateTime<Utc>,
        is_over: bool,
    }
}

// The case is folded here and not in the program, as it is where the e-mail is looked up: two spellings of
// one e-mail must not have two counts. One order for all, so that no two attempts wait for each other.
macro_rules! hashes {
    () => {
        "(select sha256(convert_to(lower(t.key), 'UTF8')) as hash, max(t.most) as most
          from unnest($2::text[], $3::int[]) as t (key, most) group by 1)"
    };
}

statement!(static TAKE: Place = concat!("
    insert into rate_field_counts as c (field, key_hash, window_ends_at, count, most)
    select $1, k.hash, $5, 1, k.most from ", hashes!(), " k order by k.hash
    on conflict (field, key_hash) do update set
        window_ends_at = case when c.window_ends_at <= $4 then excluded.window_ends_at else c.window_ends_at end,
        count = case when c.window_ends_at <= $4 then 1 else c.count + 1 end,
        most = excluded.most
    returning c.key_hash, c.window_ends_at, c.count > c.most as is_over"));
statement!(static GIVE_BACK: () = "
    with held as (
        select key_hash from rate_field_counts where field = $1 and key_hash = any($2::bytea[])
        order by key_hash for update)
    update rate_field_counts c set count = greatest(c.count - 1, 0)
    from unnest($2, $3::timestamptz[]) as g (key_hash, window_ends_at) join held on held.key_hash = g.key_hash
    where c.field = $1 and c.key_hash = g.key_hash and c.window_ends_at = g.window_ends_at");
statement!(static RUNNING: (String, DateTime<Utc>, bool) = "
    select c.field, max(c.window_ends_at) as window_ends_at, bool_or(c.count >= c.most) as is_full
    from rate_field_counts c
    where c.field = any($1::text[]) and c.window_ends_at > $3
        and c.key_hash in (select sha256(convert_to(lower(t.key), 'UTF8')) from unnest($2::text[]) as t (key))
    group by c.field");

/// Places that were taken.
#[derive(Debug)]
pub struct Reservation {
    db: Database,
    field: String,
    places: Vec<(Vec<u8>, DateTime<Utc>)>,
}

/// Takes a place in the count of each key before the costly work is done. If one is full, none is taken.
///
/// # Errors
/// [`LimitError::Limited`] says until when; else those of the database.
pub async fn reserve(
    db: &Database,
    deadline: Deadline,
    stats: &Arc<Stats>,
    rate: &FieldRate<'_>,
    keys: &[Key<'_>],
) -> Result<Reservation, LimitError> {
    let texts: Vec<String> = keys.iter().map(|key| key.text()).collect();
    let most: Vec<i32> = keys.iter().map(|key| key.most(rate)).collect();
    let mut tx = db.write(deadline, stats).await?;
    let now = tx.wall_now();
    let ends = now + TimeDelta::seconds(i64::from(rate.seconds.max(1)));
    let take = TAKE.query().bind(rate.field).bind(texts).bind(most).bind(now).bind(ends);
    let places = take.fetch_all(&mut tx).await?;
    if let Some(resets_at) = places.iter().filter(|place| place.is_over).map(|p| p.window_ends_at).max() {
        tx.rollback().await?;
        return Err(LimitError::Limited(Limited::new(now, resets_at)));
    }
    tx.commit().await?;
    let places = places.into_iter().map(|place| (place.key_hash, place.window_ends_at)).collect();
    Ok(Reservation { db: db.clone(), field: rate.field.to_owned(), places })
}

impl Reservation {
    /// Gives the places back: the attempt succeeded. No other connection may be held meanwhile. What cannot
    /// be given back counts on, until its time is over.
    pub async fn give_back(self, deadline: Deadline, stats: &Arc<Stats>) {
        if let Err(error) = self.try_give_back(deadline, stats).await {
            tracing::warn!(%error, "a success was counted as a failure");
        }
    }

    async fn try_give_back(self, deadline: Deadline, stats: &Arc<Stats>) -> Result<(), sqlx::Error> {
        let (hashes, windows): (Vec<_>, Vec<_>) = self.places.into_iter().unzip();
        let _turn = self.db.gate().next(deadline).await?;
        let mut tx = self.db.write(deadline, stats).await?;
        GIVE_BACK.command().bind(&self.field).bind(hashes).bind(windows).execute(&mut tx).await?;
        tx.commit().await
    }
}

/// A count that is running.
#[derive(Clone, Debug)]
pub struct Running {
    /// The field.
    pub field: String,
    /// When it starts again.
    pub window_ends_at: DateTime<Utc>,
    /// Whether the next attempt would be refused.
    pub is_full: bool,
}

/// The counts of `fields` that run for any of the keys, one a field.
///
/// # Errors
/// Those of the database.
pub async fn running(tx: &mut Tx, fields: &[String], keys: &[Key<'_>]) -> Result<Vec<Running>, sqlx::Error> {
    let texts: Vec<String> = keys.iter().map(|key| key.text()).collect();
    let now = tx.wall_now();
    let rows = RUNNING.query().bind(fields).bind(texts).bind(now).fetch_all(&mut *tx).await?;
    Ok(rows
        .into_iter()
        .map(|(field, window_ends_at, is_full)| Running { field, window_ends_at, is_full })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_as_clients_read_them() {
        let text = |limit, seconds| FieldRate { field: "x", limit, seconds }.text();
        assert_eq!([text(10, 60), text(3, 3600), text(5, 30)], ["10/m", "3/h", "5/30s"]);
    }

    #[test]
    fn what_is_counted_is_told_apart_by_kind_and_secrets_are_never_shown() {
        let texts = [Key::Address(None), Key::Identifier("unknown"), Key::Secret("unknown")].map(Key::text);
        assert_eq!(texts[0], "address unknown");
        assert_eq!(texts[1], "identifier unknown");
        assert!(!texts[2].contains("unknown"));
    }
}
