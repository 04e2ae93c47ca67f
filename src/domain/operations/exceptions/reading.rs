//! Exceptions as staff read of them.

use super::{ApiCall, Exception, ExceptionEvent, ExceptionNote};
use crate::domain::accounts::grouped;
use crate::platform::db::{Bound, Tx, statement};
use crate::platform::page::{Page, Window};

/// Which exceptions are wanted; all that is given must fit, and all tags be there.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What the other system knows it by.
    pub external_identifier: Option<String>,
    /// One of `APIExceptionResolutionStatus`.
    pub resolution_status: Option<String>,
    /// One of `APIExceptionResolutionType`.
    pub resolution_type: Option<String>,
    /// Where the journey was made.
    pub channel: Option<String>,
    /// One of `APIExceptionPriority`.
    pub priority: Option<String>,
    /// Values of `APIExceptionTags`.
    pub tags: Option<Vec<String>>,
    /// One of `APIExceptionCategories`.
    pub category: Option<String>,
    /// Whom it is about.
    pub account_number: Option<String>,
    /// Whom it is about, as a decimal number.
    pub user_id: Option<String>,
    /// How the customer can be reached.
    pub customer_contact: Option<String>,
    /// What it is about.
    pub supply_point_identifier: Option<String>,
}

macro_rules! columns {
    () => {
        "e.id, e.external_identifier, e.created_at, e.channel, e.category, e.account_number, e.user_id, \
         e.customer_contact, e.supply_point_identifier, e.resolution_status, e.resolution_type, e.priority, e.tags, \
         e.context, e.key_date, e.operations_team_id, t.name as operations_team, e.assigned_user_id, \
         s.email as assigned_user \
         from api_exceptions e left join operations_teams t on t.id = e.operations_team_id \
             left join support_users s on s.id = e.assigned_user_id"
    };
}
macro_rules! wanted {
    () => {
        " where ($1::text is null or e.external_identifier = $1) and ($2::text is null or e.resolution_status = $2) \
            and ($3::text is null or e.resolution_type = $3) and ($4::text is null or e.channel = $4) \
            and ($5::text is null or e.priority = $5) and ($6::text[] is null or e.tags @> $6) \
            and ($7::text is null or e.category = $7) and ($8::text is null or e.account_number = $8) \
            and ($9::text is null or e.user_id::text = $9) and ($10::text is null or e.customer_contact = $10) \
            and ($11::text is null or e.supply_point_identifier = $11)"
    };
}

statement!(static BY_ID: Exception = concat!("select ", columns!(), " where e.id = $1"));
statement!(static COUNT: (i64,) = concat!("select count(*) from api_exceptions e", wanted!()));
statement!(static PAGE: Exception = concat!("
    select ", columns!(), wanted!(), " order by e.created_at desc, e.id desc offset $12 limit $13"));
statement!(static EVENTS: ExceptionEvent = "
    select id, api_exception_id as exception_id, event_type, category, description, context, created_at
    from api_exception_events where api_exception_id = any($1) order by api_exception_id, id");
statement!(static NOTES: ExceptionNote = "
    select id, api_exception_id as exception_id, body, created_at
    from api_exception_notes where api_exception_id = any($1) order by api_exception_id, id");
statement!(static CALLS: ApiCall = "
    select id, api_exception_id as exception_id, correlation_id, operation_name, input_data, response, context, created_at
    from api_exception_calls where api_exception_id = any($1) order by api_exception_id, id");

/// An exception.
pub(super) async fn by_id(tx: &mut Tx, id: i32) -> Result<Option<Exception>, sqlx::Error> {
    BY_ID.query().bind(id).fetch_optional(&mut *tx).await
}

/// The values of a filter, in the order in which statements have them.
fn bound<'q, R>(query: Bound<'q, R>, filter: &'q Filter) -> Bound<'q, R> {
    let Filter { external_identifier, resolution_status, resolution_type, channel, priority, .. } = filter;
    let Filter { tags, category, account_number, user_id, customer_contact, .. } = filter;
    let query = query.bind(external_identifier).bind(resolution_status).bind(resolution_type);
    let query = query.bind(channel).bind(priority).bind(tags).bind(category).bind(account_number);
    query.bind(user_id).bind(customer_contact).bind(&filter.supply_point_identifier)
}

/// One page of the exceptions that are wanted, the latest first. They are for staff alone.
pub async fn page(tx: &mut Tx, wanted: &Filter, window: &Window) -> Result<Page<Exception>, sqlx::Error> {
    let total = if window.needs_total() {
        Some(bound(COUNT.query(), wanted).fetch_one(&mut *tx).await?.0)
    } else {
        None
    };
    let slice = window.slice(total);
    let query = bound(PAGE.query(), wanted).bind(slice.offset).bind(slice.limit + 1);
    Ok(Page::cut(window, slice, query.fetch_all(&mut *tx).await?, total))
}

/// What happened since each of these exceptions, the first first.
pub async fn events(tx: &mut Tx, of: &[i32]) -> Result<Vec<Vec<ExceptionEvent>>, sqlx::Error> {
    let rows = EVENTS.query().bind(of).fetch_all(&mut *tx).await?;
    Ok(grouped(of, rows.into_iter().map(|row| (row.exception_id, row)).collect()))
}

/// The notes on each of these exceptions, the first first.
pub async fn notes(tx: &mut Tx, of: &[i32]) -> Result<Vec<Vec<ExceptionNote>>, sqlx::Error> {
    let rows = NOTES.query().bind(of).fetch_all(&mut *tx).await?;
    Ok(grouped(of, rows.into_iter().map(|row| (row.exception_id, row)).collect()))
}

/// The calls to the API that show what went wrong with each of these exceptions, the first first.
pub async fn calls(tx: &mut Tx, of: &[i32]) -> Result<Vec<Vec<ApiCall>>, sqlx::Error> {
    let rows = CALLS.query().bind(of).fetch_all(&mut *tx).await?;
    Ok(grouped(of, rows.into_iter().map(|row| (row.exception_id, row)).collect()))
}
