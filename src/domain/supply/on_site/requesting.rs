//! Asking for work on site.

use uuid::Uuid;

use super::{OnSiteError, Request, may_ask, request};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::Viewer;
use crate::domain::supply::identifiers::MarketName;
use crate::domain::supply::supply_points;
use crate::platform::db::{Tx, on_constraint, statement};
use crate::platform::random::Randomness;

/// Who does the work.
const AGENT: &str = "GENERIC_AGENT";

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct NewRequest<'a> {
    /// Names of markets, and numbers of points there.
    pub points: &'a [(String, String)],
    /// Why.
    pub reason: &'a str,
    /// Why, more closely.
    pub sub_reason: &'a str,
    /// Whether it cannot wait.
    pub is_emergency: bool,
    /// What they call it.
    pub external_reference: &'a str,
    /// Anything else.
    pub comment: &'a str,
}

/// What is to be different about a request.
#[derive(Clone, Copy, Debug)]
pub struct Changes<'a> {
    /// Whether it cannot wait.
    pub is_emergency: Option<bool>,
    /// What others call it.
    pub external_reference: Option<&'a str>,
    /// Anything else.
    pub comment: Option<&'a str>,
    /// Whether it is no longer wanted.
    pub is_withdrawn: bool,
}

statement!(static REASONS: (String, String) = "select code, sub_reason from on_site_job_types where reason = $1");
statement!(static SUPPLIED: (i64,) = "
    select account_id from supply_periods where supply_point_id = $1 and during @> $2::timestamptz");
statement!(static ADD: () = "
    insert into on_site_requests (id, account_id, property_id, market, job_type, is_emergency, external_reference, agent,
        comment, status, created_at, updated_at, by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'PENDING', $10, $10, $11, $12)");
statement!(static ADD_POINTS: () = "
    insert into on_site_request_points (request_id, supply_point_id) select $1, unnest($2::bigint[])
    on conflict do nothing");
statement!(static HOLD: (String,) = "select status from on_site_requests where id = $1 for no key update");
statement!(static CHANGE: () = "
    update on_site_requests set is_emergency = coalesce($2, is_emergency),
        external_reference = coalesce($3, external_reference), comment = coalesce($4, comment),
        status = case when $5 then 'CANCELLED' else status end, updated_at = $6
    where id = $1");

/// Asks for work at the points of one customer's home. The same that is open is refused.
///
/// # Errors
/// See [`OnSiteError`].
pub async fn ask(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    new: &NewRequest<'_>,
) -> Result<Request, OnSiteError> {
    if !may_ask(viewer) {
        return Err(OnSiteError::Forbidden);
    }
    let kinds = REASONS.query().bind(new.reason).fetch_all(&mut *tx).await?;
    if kinds.is_empty() {
        return Err(OnSiteError::Reason);
    }
    let kind = kinds.into_iter().find(|(_, sub_reason)| sub_reason == new.sub_reason);
    let (job_type, _) = kind.ok_or(OnSiteError::SubReason)?;
    let now = tx.business_now().await?;
    let (mut points, mut homes, mut holders) = (Vec::new(), Vec::new(), Vec::new());
    for (market, identifier) in new.points {
        let market = MarketName::parse(market).ok_or(OnSiteError::NoPoint)?;
        let identifier = market.identifier(identifier).map_err(|_| OnSiteError::NoPoint)?;
        let point = supply_points::by_identifier(tx, viewer, market, &identifier).await?;
        let point = point.ok_or(OnSiteError::NoPoint)?;
        let supplied = SUPPLIED.query().bind(point.id).bind(now).fetch_optional(&mut *tx).await?;
        holders.push(supplied.ok_or(OnSiteError::NoAccount)?.0);
        homes.push((point.property_id, point.market.clone()));
        points.push(point.id);
    }
    let (Some(account), Some((property, market))) = (holders.first(), homes.first()) else {
        return Err(OnSiteError::NoPoint);
    };
    if holders.iter().any(|other| other != account) {
        return Err(OnSiteError::Accounts);
    }
    if homes.iter().any(|(other, _)| other != property) {
        return Err(OnSiteError::Properties);
    }
    let (id, (kind, by)) = (random.uuid(), hand(viewer));
    let add = ADD.command().bind(id).bind(account).bind(property).bind(market).bind(job_type);
    let add = add.bind(new.is_emergency).bind(new.external_reference).bind(AGENT).bind(new.comment);
    let added = add.bind(now).bind(kind).bind(by).execute(&mut *tx).await;
    added.map_err(|error| {
        if on_constraint(&error, "on_site_requests_open") { OnSiteError::Exists } else { error.into() }
    })?;
    ADD_POINTS.command().bind(id).bind(points).execute(&mut *tx).await?;
    request(tx, viewer, id).await?.ok_or(OnSiteError::NoRequest)
}

/// Changes what an open request says, or withdraws one for which no visit is to come.
///
/// # Errors
/// See [`OnSiteError`].
pub async fn change(
    tx: &mut Tx,
    viewer: &Viewer,
    id: Uuid,
    changes: &Changes<'_>,
) -> Result<Request, OnSiteError> {
    if !may_ask(viewer) {
        return Err(OnSiteError::Forbidden);
    }
    let found = held(tx, viewer, id).await?;
    if changes.is_withdrawn && found.status == "BOOKED" {
        return Err(OnSiteError::Booked);
    }
    let now = tx.business_now().await?;
    let change = CHANGE.command().bind(id).bind(changes.is_emergency).bind(changes.external_reference);
    change.bind(changes.comment).bind(changes.is_withdrawn).bind(now).execute(&mut *tx).await?;
    request(tx, viewer, id).await?.ok_or(OnSiteError::NoRequest)
}

/// An open request that the viewer may see, held until the transaction ends.
pub(super) async fn held(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Request, OnSiteError> {
    HOLD.query().bind(id).fetch_optional(&mut *tx).await?.ok_or(OnSiteError::NoRequest)?;
    let found = request(tx, viewer, id).await?.ok_or(OnSiteError::NoRequest)?;
    if found.is_open() { Ok(found) } else { Err(OnSiteError::Inactive) }
}
