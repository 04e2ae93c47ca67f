//! Brownouts: windows in which part of the API is switched off, so that integrators notice in time.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::page::{Page, Window};

row! {
    /// One window, half-open.
    pub struct Brownout {
        /// Row id.
        pub id: i64,
        /// `Type.field`, or a path of the REST API.
        pub disables: String,
        /// `GRAPHQL` or `REST`.
        pub api_type: String,
        /// From when.
        pub starts_at: DateTime<Utc>,
        /// Until when.
        pub ends_at: DateTime<Utc>,
        /// `SCHEDULED`, `IN_PROGRESS`, `COMPLETED`; `CANCELLED` before it began, `ABORTED` while it ran.
        pub status: String,
    }
}

/// Why a brownout was not announced.
#[derive(Debug, Error)]
pub enum AnnounceError {
    /// It would end before it begins.
    #[error("the brownout would end before it begins")]
    Backwards,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(AnnounceError);

// The status at the moment $1.
macro_rules! with_status {
    () => {
        "(select b.id, b.disables, b.api_type, b.starts_at, b.ends_at, case
            when b.cancelled_at < b.starts_at then 'CANCELLED'
            when b.cancelled_at < b.ends_at then 'ABORTED'
            when $1::timestamptz < b.starts_at then 'SCHEDULED'
            when $1 < b.ends_at then 'IN_PROGRESS'
            else 'COMPLETED' end as status from api_brownouts b) b"
    };
}

statement!(static PAGE: Brownout = concat!("
    select b.id, b.disables, b.api_type, b.starts_at, b.ends_at, b.status from ", with_status!(), "
    where b.status = any($2::text[]) order by b.starts_at, b.id offset $3::bigint limit $4::bigint"));
statement!(static COUNT: (i64,) = concat!("
    select count(*) from ", with_status!(), " where b.status = any($2::text[])"));
statement!(static IN_PROGRESS: (String,) = concat!("
    select b.disables from ", with_status!(), " where b.status = 'IN_PROGRESS' and b.api_type = 'GRAPHQL'"));
statement!(static ANNOUNCE: (i64,) = "
    insert into api_brownouts (disables, api_type, starts_at, ends_at) values ($1, 'GRAPHQL', $2, $3) returning id");
statement!(static CANCEL: () = "
    update api_brownouts set cancelled_at = $2 where id = $1 and cancelled_at is null and ends_at > $2");

/// The fields that are switched off right now, `Type.field`.
pub async fn in_progress(tx: &mut Tx) -> Result<Vec<String>, sqlx::Error> {
    let now = tx.wall_now();
    let rows = IN_PROGRESS.query().bind(now).fetch_all(&mut *tx).await?;
    Ok(rows.into_iter().map(|(field,)| field).collect())
}

/// One page of the brownouts with one of these statuses, in the order in which they begin.
pub async fn page(tx: &mut Tx, statuses: &[String], window: &Window) -> Result<Page<Brownout>, sqlx::Error> {
    let now = tx.wall_now();
    let total = if window.needs_total() {
        Some(COUNT.query().bind(now).bind(statuses).fetch_one(&mut *tx).await?.0)
    } else {
        None
    };
    let slice = window.slice(total);
    let query = PAGE.query().bind(now).bind(statuses).bind(slice.offset).bind(slice.limit + 1);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(Page::cut(window, slice, rows, total))
}

/// Announces that requests to the field `disables` will be refused from `starts_at` until `ends_at`.
pub async fn announce(
    tx: &mut Tx,
    disables: &str,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
) -> Result<i64, AnnounceError> {
    if ends_at <= starts_at {
        return Err(AnnounceError::Backwards);
    }
    let (id,) = ANNOUNCE.query().bind(disables).bind(starts_at).bind(ends_at).fetch_one(&mut *tx).await?;
    Ok(id)
}

/// Calls a brownout off, also while it runs. Says whether there was anything to call off.
pub async fn cancel(tx: &mut Tx, id: i64) -> Result<bool, sqlx::Error> {
    let now = tx.wall_now();
    Ok(CANCEL.command().bind(id).bind(now).execute(&mut *tx).await?.rows_affected() == 1)
}
