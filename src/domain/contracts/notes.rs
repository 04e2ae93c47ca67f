//! What was noted about contracts, and the reasons that notes give.

use chrono::{DateTime, Utc};

use super::{Contract, keys, under_versions};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::Viewer;
use crate::platform::db::{Tx, row, statement};

/// A variation begins.
pub const VARIATION: &str = "CONTRACT_VARIATION_STARTED";
/// An early end begins.
pub const TERMINATION: &str = "CONTRACT_TERMINATION_STARTED";
/// What stands for every activity.
pub const ALL: &str = "ALL_ACTIVITY_TYPES";

row! {
    /// Why something is done about a contract.
    pub struct Reason {
        /// As notes name it.
        pub slug: String,
        /// What it means.
        pub description: String,
        /// What it can be the reason of; empty for everything.
        pub activities: Vec<String>,
    }
}

row! {
    /// What was noted.
    pub struct Note {
        contract_id: i64,
        version: i32,
        /// As the note names it.
        pub slug: String,
        /// What it means.
        pub description: String,
        /// What it can be the reason of; empty for everything.
        pub activities: Vec<String>,
        /// In words.
        pub note: Option<String>,
        /// What was begun.
        pub activity: String,
        /// When.
        pub made_at: DateTime<Utc>,
    }
}

impl Note {
    /// The reason that it gives.
    pub fn reason(&self) -> Reason {
        let Self { slug, description, activities, .. } = self.clone();
        Reason { slug, description, activities }
    }
}

statement!(static REASONS: Reason = "
    select slug, description, activities from contract_note_reasons
    where $1::text[] is null or activities = '{}' or activities && $1 order by slug");
statement!(static OF_VERSIONS: Note = "
    select wanted.contract_id, wanted.version, r.slug, r.description, r.activities, n.note, n.activity, n.made_at
    from unnest($1::bigint[], $2::integer[]) as wanted (contract_id, version)
        join contract_notes n on n.contract_id = wanted.contract_id and n.version <= wanted.version
        join contract_note_reasons r on r.slug = n.reason
    order by wanted.contract_id, wanted.version, n.id");
statement!(static IS_REASON: (bool,) = "
    select exists (select from contract_note_reasons where slug = $1 and (activities = '{}' or $2 = any(activities)))");
statement!(static ADD: () = "
    insert into contract_notes (contract_id, version, reason, note, activity, made_at, made_by_kind, made_by_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8)");

/// The reasons for any of these activities; all of them if none is named.
///
/// # Errors
/// Those of the database.
pub async fn reasons(tx: &mut Tx, activities: Option<&[String]>) -> Result<Vec<Reason>, sqlx::Error> {
    let activities = activities.filter(|wanted| !wanted.iter().any(|each| each == ALL));
    REASONS.query().bind(activities).fetch_all(&mut *tx).await
}

/// What was noted of each of these contracts up to the version at hand, the oldest first. One statement.
///
/// # Errors
/// Those of the database.
pub async fn of_contracts(tx: &mut Tx, contracts: &[&Contract]) -> Result<Vec<Vec<Note>>, sqlx::Error> {
    let (ids, versions) = keys(contracts);
    let rows = OF_VERSIONS.query().bind(ids).bind(versions).fetch_all(&mut *tx).await?;
    Ok(under_versions(contracts, rows, |note| (note.contract_id, note.version)))
}

/// A note to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewNote<'a> {
    /// Slug of the reason.
    pub reason: &'a str,
    /// In words.
    pub note: Option<&'a str>,
}

/// Whether there is such a reason for an activity.
pub(super) async fn is_reason(tx: &mut Tx, slug: &str, activity: &str) -> Result<bool, sqlx::Error> {
    Ok(IS_REASON.query().bind(slug).bind(activity).fetch_one(&mut *tx).await?.0)
}

/// Notes what is begun with a version of a contract.
pub(super) async fn add(
    tx: &mut Tx,
    viewer: &Viewer,
    (contract, version): (i64, i32),
    new: &NewNote<'_>,
    activity: &str,
) -> Result<(), sqlx::Error> {
    let (now, (kind, id)) = (tx.business_now().await?, hand(viewer));
    let add = ADD.command().bind(contract).bind(version).bind(new.reason).bind(new.note).bind(activity);
    add.bind(now).bind(kind).bind(id).execute(&mut *tx).await?;
    Ok(())
}
