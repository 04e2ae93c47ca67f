//! The sales app tells of a visit when its recording has been kept.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Recording, VisitError, links};
use crate::domain::accounts::changes::hand;
use crate::domain::accounts::{accounts, contacts};
use crate::domain::auth::viewer::{RECORD_CONTACTS, Viewer};
use crate::platform::db::{Tx, row, statement};

/// Longest line, in characters.
const LONGEST: usize = 200;

/// What came of a visit, as the app tells it.
#[derive(Clone, Debug)]
pub struct NewOutcome {
    /// One of `AppSessionOutcomeType`.
    pub outcome_type: String,
    /// One of `AppSessionOutcomeCategory`.
    pub category: String,
    /// In the agent's words.
    pub reason: String,
}

/// A recording and the visit that it is of, as the app tells of them.
#[derive(Clone, Debug)]
pub struct NewRecording {
    /// The recording's id; otherwise the one in its key.
    pub id: Option<Uuid>,
    /// Such as `audio/mp4`.
    pub content_type: String,
    /// Seconds, as digits.
    pub duration: String,
    /// Bytes.
    pub file_size: i32,
    /// Five lines.
    pub address_lines: Vec<String>,
    /// Where it was.
    pub postcode: String,
    /// Number of the account that it was about.
    pub account: Option<String>,
    /// When the place was measured.
    pub location_at: Option<DateTime<Utc>>,
    /// How well, in metres.
    pub location_accuracy: Option<i32>,
    /// Degrees north.
    pub latitude: Option<Decimal>,
    /// Degrees east.
    pub longitude: Option<Decimal>,
    /// What came of it.
    pub outcomes: Vec<NewOutcome>,
    /// `DOOR`, `VENUE` or nothing.
    pub sales_mode: Option<String>,
    /// From when.
    pub started_at: DateTime<Utc>,
    /// Until when.
    pub stopped_at: DateTime<Utc>,
    /// Where it is kept.
    pub s3_bucket: String,
    /// Under which key.
    pub s3_key: String,
    /// In the name of which link.
    pub subdomain: String,
}

statement!(static ADD: () = "
    insert into audio_recordings (id, app_session_id, content_type, duration, file_size, started_at, stopped_at, s3_bucket,
        s3_key, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
// The visit has the id of its recording, so whoever tells of it twice tells of one.
statement!(static ADD_VISIT: () = "
    insert into app_sessions (id, affiliate_link_id, account_id, address_lines, postcode, location_at, location_accuracy,
        latitude, longitude, sales_mode, started_at, stopped_at, by_kind, by_id, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict do nothing");
statement!(static ADD_OUTCOMES: () = "
    insert into app_session_outcomes (app_session_id, place, type, category, reason)
    select $1, told.place, told.type, told.category, told.reason
    from unnest($2::text[], $3::text[], $4::text[]) with ordinality as told (type, category, reason, place)");
statement!(static KNOWN: Known = "
    select r.id, r.app_session_id as session_id, r.content_type, r.duration, r.file_size, r.started_at, r.stopped_at,
        r.s3_bucket, r.s3_key, r.created_at, v.by_kind, v.by_id, v.affiliate_link_id
    from audio_recordings r join app_sessions v on v.id = r.app_session_id where r.id = $1");

row! {
    struct Known {
        id: Uuid,
        session_id: Uuid,
        content_type: String,
        duration: Decimal,
        file_size: i32,
        started_at: DateTime<Utc>,
        stopped_at: DateTime<Utc>,
        s3_bucket: String,
        s3_key: String,
        created_at: DateTime<Utc>,
        by_kind: String,
        by_id: i64,
        affiliate_link_id: i64,
    }
}

impl From<Known> for Recording {
    fn from(known: Known) -> Self {
        Self {
            id: known.id,
            session_id: known.session_id,
            content_type: known.content_type,
            duration: known.duration,
            file_size: known.file_size,
            started_at: known.started_at,
            stopped_at: known.stopped_at,
            s3_bucket: known.s3_bucket,
            s3_key: known.s3_key,
            created_at: known.created_at,
        }
    }
}

/// What is told, once it was judged.
struct Judged {
    id: Uuid,
    link: i64,
    account: Option<i64>,
    duration: Decimal,
}

/// The UUID that a key holds, between slashes, dots and underscores.
fn uuid_in(key: &str) -> Option<Uuid> {
    key.split(['/', '.', '_']).find_map(|part| Uuid::try_parse(part).ok())
}

/// Keeps a recording with the visit that it is of. Told again by the same, it is the one that is known.
pub async fn keep(tx: &mut Tx, viewer: &Viewer, new: &NewRecording) -> Result<Recording, VisitError> {
    if !viewer.may(RECORD_CONTACTS) {
        return Err(VisitError::Forbidden);
    }
    let judged = judge(tx, viewer, new).await?;
    let (kind, by) = hand(viewer);
    let now = tx.business_now().await?;
    let add = ADD_VISIT.command().bind(judged.id).bind(judged.link).bind(judged.account);
    let add = add.bind(&new.address_lines).bind(new.postcode.trim()).bind(new.location_at);
    let add = add.bind(new.location_accuracy).bind(new.latitude).bind(new.longitude).bind(&new.sales_mode);
    let add = add.bind(new.started_at).bind(new.stopped_at).bind(kind).bind(by).bind(now);
    if add.execute(&mut *tx).await?.rows_affected() == 1 {
        add_recording(tx, new, &judged, now).await?;
    }
    let known = KNOWN.query().bind(judged.id).fetch_one(&mut *tx).await?;
    let is_own = known.by_kind == kind && known.by_id == by;
    let is_same = (known.affiliate_link_id, known.started_at, &known.s3_key)
        == (judged.link, new.started_at, &new.s3_key);
    if is_own && is_same {
        Ok(known.into())
    } else {
        Err(VisitError::Invalid("id", "another recording has it"))
    }
}

async fn add_recording(
    tx: &mut Tx,
    new: &NewRecording,
    judged: &Judged,
    now: DateTime<Utc>,
) -> Result<(), VisitError> {
    let add = ADD.command().bind(judged.id).bind(judged.id).bind(&new.content_type).bind(judged.duration);
    let add = add.bind(new.file_size).bind(new.started_at).bind(new.stopped_at).bind(&new.s3_bucket);
    add.bind(&new.s3_key).bind(now).execute(&mut *tx).await?;
    let column =
        |pick: fn(&NewOutcome) -> &String| new.outcomes.iter().map(pick).cloned().collect::<Vec<_>>();
    let outcomes = ADD_OUTCOMES.command().bind(judged.id).bind(column(|told| &told.outcome_type));
    let outcomes = outcomes.bind(column(|told| &told.category)).bind(column(|told| &told.reason));
    outcomes.execute(&mut *tx).await?;
    Ok(())
}

async fn judge(tx: &mut Tx, viewer: &Viewer, new: &NewRecording) -> Result<Judged, VisitError> {
    let id = uuid_in(&new.s3_key).ok_or(VisitError::Place)?;
    let link = links::by_subdomain(tx, &new.subdomain).await?.ok_or(VisitError::Link)?;
    if new.id.is_some_and(|given| given != id) {
        return Err(VisitError::Invalid("id", "the key holds another"));
    }
    let duration = Decimal::from_str(new.duration.trim()).ok().filter(|d| !d.is_sign_negative());
    let duration = duration.ok_or(VisitError::Invalid("duration", "it is no number of seconds"))?;
    possible(new)?;
    let account = match new.account.as_deref().filter(|number| !number.is_empty()) {
        None => None,
        Some(number) => {
            let found = accounts::by_number(tx, viewer, number).await?;
            Some(found.ok_or(VisitError::Invalid("accountNumber", "there is no such account"))?.id)
        }
    };
    Ok(Judged { id, link, account, duration })
}

/// Whether a visit could have been so.
fn possible(new: &NewRecording) -> Result<(), VisitError> {
    let is_line = |text: &str| text.is_empty() || contacts::text(text, LONGEST).is_some();
    let within = |degrees: Option<Decimal>, most: i64| degrees.is_none_or(|d| d.abs() <= Decimal::from(most));
    let rules = [
        (new.stopped_at >= new.started_at, "stoppedAt", "it ends before it begins"),
        (
            new.content_type.starts_with("audio/") && is_line(&new.content_type),
            "contentType",
            "it is no sound",
        ),
        (new.file_size > 0, "fileSize", "there is nothing in it"),
        (
            new.sales_mode.as_deref().is_none_or(|mode| ["DOOR", "VENUE"].contains(&mode)),
            "salesMode",
            "there is no such mode",
        ),
        (
            new.address_lines.iter().all(|line| is_line(line)),
            "addressLine1",
            "the address is too long, or no text",
        ),
        (is_line(&new.postcode), "postcode", "it is too long, or no text"),
        (
            new.location_accuracy.is_none_or(|metres| metres >= 0),
            "locationHorizontalAccuracy",
            "it is negative",
        ),
        (within(new.latitude, 90), "locationLatitude", "it is not on the earth"),
        (within(new.longitude, 180), "locationLongitude", "it is not on the earth"),
        (new.latitude.is_some() == new.longitude.is_some(), "locationLatitude", "one goes with the other"),
        (contacts::text(&new.s3_bucket, LONGEST).is_some(), "s3Bucket", "there is none"),
        (new.s3_key.chars().count() <= LONGEST, "s3Key", "it is too long"),
        (
            new.outcomes.iter().all(|told| is_line(&told.reason)),
            "outcomes",
            "a reason is too long, or no text",
        ),
    ];
    let wrong = rules.into_iter().find(|(holds, ..)| !holds);
    wrong.map_or(Ok(()), |(_, field, why)| Err(VisitError::Invalid(field, why)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_holds_a_uuid_somewhere() {
        let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
        for key in [id.to_owned(), format!("audio/2026/{id}.m4a"), format!("audio_{id}")] {
            assert_eq!(uuid_in(&key).map(|found| found.to_string()).as_deref(), Some(id), "{key}");
        }
        assert_eq!(uuid_in("audio/visit.m4a"), None);
    }
}
