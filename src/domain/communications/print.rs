//! Letters that are printed together. What the post house has taken goes into the open batch; whoever prints closes it,
//! takes it, and tells how each letter fared.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::events::{Sent, sent_columns};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::{PRINT_LETTERS, Viewer};
use crate::platform::db::{Tx, Under, database_error, row, statement};
use crate::platform::page::{self, Page, Window};

/// The most reports that are taken at once.
pub const MOST_REPORTS: usize = 500;

/// Why a batch stays as it is, or reports were not taken.
#[derive(Debug, Error)]
pub enum PrintError {
    /// The viewer has no business with letters.
    #[error("the viewer does not print letters")]
    Forbidden,
    /// No batch is being filled.
    #[error("no batch is open")]
    NotOpen,
    /// There is no such batch, it is open still, or the printer has taken it.
    #[error("no such batch is closed and waits for the printer")]
    NotClosed,
    /// More than [`MOST_REPORTS`] came at once.
    #[error("at most {MOST_REPORTS} reports are taken at once")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PrintError);

row! {
    /// Letters that are printed together.
    pub struct Batch {
        /// Row id.
        pub id: i64,
        /// One of `PrintBatchStatus`.
        pub status: String,
    }
}

/// How a letter fared, as its printer tells.
#[derive(Clone, Debug)]
pub struct PostReport {
    /// Row id of the message.
    pub message: i64,
    /// One of `post_event_types`; others count for nothing.
    pub event_type: String,
    /// In a sentence.
    pub description: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// What the printer calls the report.
    pub event_id: Option<String>,
}

impl PostReport {
    fn key(&self) -> String {
        let unnamed = || format!("{} {}", self.event_type, self.occurred_at.to_rfc3339());
        self.event_id.clone().filter(|id| !id.is_empty()).unwrap_or_else(unnamed)
    }
}

// The update changes nothing, but holds the open batch, so that it is not closed meanwhile.
statement!(static OPEN: (i64,) = "
    insert into print_batches (opened_at) values ($1)
    on conflict (status) where status = 'OPEN' do update set status = 'OPEN' returning id");
statement!(static PUT_IN: () = "update messages set print_batch_id = $2 where id = $1");
statement!(static BY_ID: Batch = "select id, status from print_batches where id = $1");
statement!(static CLOSE: Batch = "
    update print_batches set status = 'CLOSED', closed_at = $1 where status = 'OPEN' returning id, status");
statement!(static PROCESS: Batch = "
    update print_batches set status = 'PROCESSED', processed_at = $2 where id = $1 and status = 'CLOSED'
    returning id, status");

macro_rules! inside {
    () => {
        " from messages m join message_events e on e.message_id = m.id and e.kind = 'accepted' \
          where m.print_batch_id = b.id and ($2::boolean is null or $2 = exists (\
              select from urgent_letters urgent where urgent.template = m.template))"
    };
}

statement!(static COUNT: (i64, i64) = concat!("
    select b.id, (select count(*) ", inside!(), ") from print_batches b where b.id = any($1::bigint[])"));
statement!(static PAGE: Under<Sent> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($1::bigint[], $3::bigint[], $4::bigint[]) as p (id, skip, take)) parents
    join print_batches b on b.id = parents.id
    cross join lateral (select ", sent_columns!(), inside!(), "
        order by is_urgent desc, m.id offset parents.skip limit parents.take) inside"));

// Messages are held in the order of their ids.
statement!(static HOLD: (i64,) = "
    select m.id from messages m where m.id = any($1::bigint[]) and m.print_batch_id is not null
    order by m.id for no key update of m");
statement!(static REPORT: (i64, Option<String>, String) = "
    with added as (
        insert into post_events (message_id, event_type, description, occurred_at, report_key, by_kind, by_id, reported_at)
        select given.message_id, given.event_type, given.description, given.occurred_at, given.report_key, $6, $7, $8
        from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::text[]) with ordinality
                as given (message_id, event_type, description, occurred_at, report_key, place)
            join messages m on m.id = given.message_id and m.print_batch_id is not null
            join post_event_types known on known.code = given.event_type
        order by given.place
        on conflict on constraint post_events_once do nothing
        returning id, message_id, event_type, description, occurred_at
    )
    select added.message_id, known.outcome, added.description
    from added join post_event_types known on known.code = added.event_type order by added.occurred_at, added.id");
statement!(static SETTLE: (i64,) = "
    with ended as (
        update messages m set status = given.outcome, failure = given.failure
        from unnest($1::bigint[], $2::text[], $3::text[]) as given (id, outcome, failure)
        where m.id = given.id and m.status = 'accepted' returning m.id, m.status
    ), noted as (
        insert into message_events (message_id, kind, at) select id, status, $4 from ended
    )
    select id from ended");

/// Whether the viewer may look at batches: staff, and organisations that print.
pub fn may_look(viewer: &Viewer) -> bool {
    viewer.is_staff() || viewer.may(PRINT_LETTERS)
}

/// Puts a letter that the post house has taken in the open batch, which the first letter opens.
pub(super) async fn join(tx: &mut Tx, message: i64) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let (batch,) = OPEN.query().bind(now).fetch_one(&mut *tx).await?;
    PUT_IN.command().bind(message).bind(batch).execute(&mut *tx).await?;
    Ok(())
}

/// A batch, if the viewer may look at it.
pub async fn by_id(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<Option<Batch>, sqlx::Error> {
    if !may_look(viewer) {
        return Ok(None);
    }
    BY_ID.query().bind(id).fetch_optional(&mut *tx).await
}

/// Closes the batch that is being filled; the next letter opens another.
pub async fn close_open(tx: &mut Tx, viewer: &Viewer) -> Result<Batch, PrintError> {
    if !viewer.may(PRINT_LETTERS) {
        return Err(PrintError::Forbidden);
    }
    let now = tx.business_now().await?;
    CLOSE.query().bind(now).fetch_optional(&mut *tx).await?.ok_or(PrintError::NotOpen)
}

/// Notes that the printer has taken a closed batch.
pub async fn mark_processed(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<Batch, PrintError> {
    if !viewer.may(PRINT_LETTERS) {
        return Err(PrintError::Forbidden);
    }
    let now = tx.business_now().await?;
    PROCESS.query().bind(id).bind(now).fetch_optional(&mut *tx).await?.ok_or(PrintError::NotClosed)
}

/// One page of the letters in each of these batches, the urgent ones first. One statement, and one more for totals. The
/// viewer was let look at the batches.
pub async fn letters(
    tx: &mut Tx,
    batches: &[i64],
    urgent: Option<bool>,
    window: &Window,
) -> Result<Vec<Page<Sent>>, sqlx::Error> {
    let totals = if window.needs_total() {
        Some(COUNT.query().bind(batches).bind(urgent).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, batches, totals.as_ref());
    let query = PAGE.query().bind(batches).bind(urgent).bind(&slices.offsets).bind(&slices.limits);
    let found = query.fetch_all(&mut *tx).await?.into_iter().map(Under::pair);
    Ok(page::pages(window, batches, totals.as_ref(), found))
}

/// Takes in how letters fared, and answers how much of that was news: what names no printed letter, or says nothing that
/// is known, counts for nothing.
pub async fn report(tx: &mut Tx, viewer: &Viewer, reports: &[PostReport]) -> Result<usize, PrintError> {
    if !viewer.may(PRINT_LETTERS) {
        return Err(PrintError::Forbidden);
    }
    if reports.len() > MOST_REPORTS {
        return Err(PrintError::TooMany);
    }
    Ok(take_in(tx, hand(viewer), reports).await?)
}

/// As [`report`], from whoever `by` is. The first report that decides a letter's fate counts.
pub(super) async fn take_in(
    tx: &mut Tx,
    by: (&str, i64),
    reports: &[PostReport],
) -> Result<usize, sqlx::Error> {
    let messages: Vec<i64> = reports.iter().map(|report| report.message).collect();
    let types: Vec<&str> = reports.iter().map(|report| report.event_type.as_str()).collect();
    let descriptions: Vec<&str> = reports.iter().map(|report| report.description.as_str()).collect();
    let times: Vec<DateTime<Utc>> = reports.iter().map(|report| report.occurred_at).collect();
    let keys: Vec<String> = reports.iter().map(PostReport::key).collect();
    HOLD.query().bind(&messages).fetch_all(&mut *tx).await?;
    let now = tx.business_now().await?;
    let add = REPORT.query().bind(&messages).bind(types).bind(descriptions).bind(times).bind(keys);
    let news = add.bind(by.0).bind(by.1).bind(now).fetch_all(&mut *tx).await?;
    let (mut ended, mut outcomes, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for (message, outcome, description) in &news {
        let Some(outcome) = outcome.as_deref() else { continue };
        if !ended.contains(message) {
            ended.push(*message);
            outcomes.push(outcome);
            failures.push((outcome == "bounced").then_some(description.as_str()));
        }
    }
    let settle = SETTLE.query().bind(ended).bind(outcomes).bind(failures).bind(now);
    settle.fetch_all(&mut *tx).await?;
    Ok(news.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_without_a_name_is_known_by_what_it_says() {
        let mut report = PostReport {
            message: 1,
            event_type: "POSTED".into(),
            description: String::new(),
            occurred_at: DateTime::UNIX_EPOCH,
            event_id: Some(String::new()),
        };
        assert_eq!(report.key(), "POSTED 1970-01-01T00:00:00+00:00");
        report.event_id = Some("R-1".into());
        assert_eq!(report.key(), "R-1");
    }
}
