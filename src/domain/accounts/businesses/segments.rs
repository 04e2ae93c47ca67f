//! Segments: groups of businesses that are treated alike. A business is in one at a time.

use chrono::{DateTime, Months, Utc};
use thiserror::Error;

use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{MANAGE_BUSINESSES, Viewer};
use crate::platform::db::{Tx, database_error, row, statement};

/// Why a business was not put in a segment.
#[derive(Debug, Error)]
pub enum SegmentError {
    /// The viewer may not manage businesses.
    #[error("may not manage businesses")]
    Forbidden,
    /// There is no such business that the viewer may see.
    #[error("there is no such business")]
    UnknownBusiness,
    /// There is no such segment.
    #[error("there is no such segment")]
    UnknownSegment,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(SegmentError);

row! {
    /// How long a business is in a segment: from the start until, but not at, the end.
    pub struct Period {
        /// Row id.
        pub id: i64,
        /// What the segment is called.
        pub segment: String,
        /// When it begins.
        pub start_at: DateTime<Utc>,
        /// When it ends; never, unless the segment is for a time or another one took its place.
        pub end_at: Option<DateTime<Utc>>,
    }
}

row! {
    struct Segment {
        id: i64,
        months: Option<i32>,
    }
}

statement!(static HOLD: (i64,) = "select id from businesses where id = $1 for update");
statement!(static SEGMENT: Segment = "select id, months from business_segments where name = $1");
// Business time stands still within a transaction: whoever came first may have begun a little later.
statement!(static MOMENT: (DateTime<Utc>,) = "
    select greatest($2::timestamptz, coalesce(max(lower(period)), $2)) from business_segment_periods
    where business_id = $1");
statement!(static CURRENT: Period = "
    select p.id, s.name as segment, lower(p.period) as start_at, upper(p.period) as end_at
    from business_segment_periods p join business_segments s on s.id = p.segment_id
    where p.business_id = $1 and p.period @> $2::timestamptz");
statement!(static FORGET: () = "
    delete from business_segment_periods where id = $1 and lower(period) = $2");
statement!(static END: () = "
    update business_segment_periods set period = tstzrange(lower(period), $2) where id = $1 and lower(period) < $2");
statement!(static BEGIN: (i64,) = "
    insert into business_segment_periods (business_id, segment_id, period) values ($1, $2, tstzrange($3, $4))
    returning id");
statement!(static NAMES: (i64, String) = "
    select p.business_id, s.name from business_segment_periods p join business_segments s on s.id = p.segment_id
    where p.business_id = any($1::bigint[]) and p.period @> $2::timestamptz");

/// Puts a business, by row id, in a segment from now on, which ends the period that it is in. Nothing happens if it
/// is in that segment. A period that would not have lasted at all never was.
pub async fn put(tx: &mut Tx, viewer: &Viewer, business: i64, segment: &str) -> Result<Period, SegmentError> {
    if !viewer.may(MANAGE_BUSINESSES) {
        return Err(SegmentError::Forbidden);
    }
    let known = super::by_ids(tx, viewer, &[business]).await?.pop().flatten();
    known.ok_or(SegmentError::UnknownBusiness)?;
    let found = SEGMENT.query().bind(segment).fetch_optional(&mut *tx).await?;
    let found = found.ok_or(SegmentError::UnknownSegment)?;
    HOLD.query().bind(business).fetch_one(&mut *tx).await?;
    let now = tx.business_now().await?;
    let (now,) = MOMENT.query().bind(business).bind(now).fetch_one(&mut *tx).await?;
    if let Some(current) = CURRENT.query().bind(business).bind(now).fetch_optional(&mut *tx).await? {
        if current.segment == segment {
            return Ok(current);
        }
        FORGET.command().bind(current.id).bind(now).execute(&mut *tx).await?;
        END.command().bind(current.id).bind(now).execute(&mut *tx).await?;
    }
    let months = found.months.and_then(|months| u32::try_from(months).ok());
    let end_at = months.and_then(|months| now.checked_add_months(Months::new(months)));
    let begin = BEGIN.query().bind(business).bind(found.id).bind(now).bind(end_at);
    let (id,) = begin.fetch_one(&mut *tx).await?;
    Ok(Period { id, segment: segment.to_owned(), start_at: now, end_at })
}

/// The segment that each of these businesses is in now. Whoever asks has been shown the businesses.
pub async fn names(tx: &mut Tx, businesses: &[i64]) -> Result<Vec<Option<String>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let rows = NAMES.query().bind(businesses).bind(now).fetch_all(&mut *tx).await?;
    let found = in_order(businesses, rows, |(business, _)| *business);
    Ok(found.into_iter().map(|row| row.map(|(_, name)| name)).collect())
}
