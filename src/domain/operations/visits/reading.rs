//! Visits as staff and those who told them read of them.

use uuid::Uuid;

use super::{AppSession, Outcome};
use crate::domain::accounts::{grouped, in_order};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, statement};
use crate::platform::page::{Page, Window};

macro_rules! columns {
    () => {
        "v.id, v.affiliate_link_id as link_id, v.account_id, v.address_lines, v.postcode, v.location_at, \
         v.location_accuracy, v.latitude, v.longitude, v.sales_mode, v.is_archived, v.started_at, v.stopped_at, v.created_at"
    };
}
macro_rules! wanted {
    () => {
        " from app_sessions v join affiliate_links l on l.id = v.affiliate_link_id \
          where ($1::text = 'support-user' or (v.by_kind = $1 and v.by_id = $2::bigint)) \
            and ($3::text is null or replace(upper(v.postcode), ' ', '') = replace(upper($3), ' ', '')) \
            and ($4::text is null or l.subdomain = lower($4))"
    };
}

statement!(static COUNT: (i64,) = concat!("select count(*)", wanted!()));
statement!(static PAGE: AppSession = concat!("
    select ", columns!(), wanted!(), " order by v.started_at desc, v.id offset $5 limit $6"));
statement!(static BY_IDS: AppSession = concat!("
    select ", columns!(), " from app_sessions v where v.id = any($1::uuid[])"));
statement!(static OUTCOMES: Outcome = "
    select app_session_id as session_id, type as outcome_type, category, reason
    from app_session_outcomes where app_session_id = any($1::uuid[]) order by app_session_id, place");

/// The viewer's kind as visits are kept with it: an organisation needs no accounts to have told of some.
fn teller(viewer: &Viewer) -> &'static str {
    viewer.subject().map_or("anonymous", |subject| subject.kind())
}

/// One page of the visits that the viewer may read of, the latest first: those at a postcode and in the name of a subdomain,
/// if any is given.
pub async fn page(
    tx: &mut Tx,
    viewer: &Viewer,
    (postcode, subdomain): (Option<&str>, Option<&str>),
    window: &Window,
) -> Result<Page<AppSession>, sqlx::Error> {
    let total = if window.needs_total() {
        let query = COUNT.query().bind(teller(viewer)).bind(viewer.id()).bind(postcode).bind(subdomain);
        Some(query.fetch_one(&mut *tx).await?.0)
    } else {
        None
    };
    let slice = window.slice(total);
    let query = PAGE.query().bind(teller(viewer)).bind(viewer.id()).bind(postcode).bind(subdomain);
    let rows = query.bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(Page::cut(window, slice, rows, total))
}

/// The visits with these ids, in order. Whoever asks has been shown a recording of them.
pub async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Option<AppSession>>, sqlx::Error> {
    Ok(in_order(ids, BY_IDS.query().bind(ids).fetch_all(&mut *tx).await?, |visit| visit.id))
}

/// What came of each of these visits.
pub async fn outcomes(tx: &mut Tx, of: &[Uuid]) -> Result<Vec<Vec<Outcome>>, sqlx::Error> {
    let rows = OUTCOMES.query().bind(of).fetch_all(&mut *tx).await?;
    Ok(grouped(of, rows.into_iter().map(|row| (row.session_id, row)).collect()))
}
