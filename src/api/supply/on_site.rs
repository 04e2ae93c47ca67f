//! Work on site: requests for it, and the visits of engineers.

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::supply::meters::{self, Meter};
use crate::domain::supply::on_site::booking::{self, Booking, Cancellation, Slot};
use crate::domain::supply::on_site::requesting::{self, Changes, NewRequest};
use crate::domain::supply::on_site::{self, Action, Appointment, Filter, JobType, OnSiteError, Request};
use crate::domain::supply::properties;
use crate::domain::supply::supply_points::{self, SupplyPoint};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

/// A request that was made or changed.
struct Asked(Request);
/// A session in which offers are made.
struct Begun(Uuid);
/// A visit that was booked or called off.
struct Visit(Appointment);
/// What was offered, and whether that is all.
struct Offers(Vec<Slot>, bool);
/// What followed from a request.
struct OfRequest(Action);
/// What followed from a visit.
struct OfVisit(Action);
/// A meter that is worked on.
struct Asset {
    meter: Meter,
    identifier: String,
}

pub(super) fn bind(b: &mut Bindings) {
    roots(b);
    requests(b);
    visits(b);
    b.leaves::<JobType>(
        "OnSiteJobsJobTypeType",
        &[("id", |k| (&k.code).into()), ("name", |k| (&k.name).into())],
    );
    b.leaves::<Slot>(
        "OnSiteJobsAppointmentSlotType",
        &[
            ("startDatetime", |s| s.starts_at.into()),
            ("endDatetime", |s| s.ends_at.into()),
            ("slotId", |s| s.id.to_string().into()),
        ],
    );
    b.leaves::<Offers>("OnSiteJobsAppointmentSlotResultsType", &[("isComplete", |o| o.1.into())]);
    b.parts::<Offers>("OnSiteJobsAppointmentSlotResultsType", &[("slots", |o| Resolved::nodes(o.0.clone()))]);
    b.leaves::<Asset>(
        "OnSiteJobsAssetType",
        &[
            ("externalIdentifier", |a| (&a.meter.serial_number).into()),
            ("additionalDetails", |a| {
                json!({ "meterType": a.meter.meter_type, "makeAndType": a.meter.make_and_type }).into()
            }),
            ("supplyPointInternalIdentifier", |a| a.meter.supply_point_id.into()),
            ("supplyPointIdentifier", |a| (&a.identifier).into()),
            ("status", |_| "EXISTING".into()),
            ("kind", |_| "METER".into()),
            ("fuelType", |a| fuel(&a.meter).into()),
        ],
    );
}

fn fuel(meter: &Meter) -> &'static str {
    if meter.market_name.ends_with("_GAS") { "GAS" } else { "ELECTRICITY" }
}

fn roots(b: &mut Bindings) {
    b.root("Query.getOnSiteJobsRequests", all);
    b.root("Query.getOnSiteJobsRequestById", one);
    b.root("Query.onSiteJobsAppointments", appointments_of);
    b.root("Query.onSiteJobsAppointmentSlots", offers);
    b.root("Query.onSiteJobsJobTypes", job_types);
    b.root("Mutation.createOnSiteJobsRequest", ask);
    b.root("Mutation.updateOnSiteJobsRequest", change);
    b.root("Mutation.startOnSiteJobsAppointmentBookingSession", begin);
    b.root("Mutation.createOnSiteJobsAppointment", book);
    b.root("Mutation.cancelOnSiteJobsAppointment", cancel);
    for payload in ["CreateOnSiteJobsRequest", "UpdateOnSiteJobsRequest"] {
        b.parts::<Asked>(payload, &[("onSiteJobsRequest", |a| Resolved::node(a.0.clone()))]);
    }
    for payload in ["CreateOnSiteJobsAppointment", "CancelOnSiteJobsAppointment"] {
        b.parts::<Visit>(payload, &[("onSiteJobsAppointment", |v| Resolved::node(v.0.clone()))]);
    }
    b.leaves::<Begun>(
        "StartOnSiteJobsAppointmentBookingSession",
        &[("appointmentBookingSessionId", |s| s.0.to_string().into())],
    );
}

fn requests(b: &mut Bindings) {
    b.batch("OnSiteJobsRequestType.marketSupplyPoints", points_of);
    b.batch("OnSiteJobsRequestType.property", properties_of);
    b.batch("OnSiteJobsRequestType.requestActions", request_actions);
    b.batch("OnSiteJobsRequestType.overallActionsStatus", overall_status);
    b.batch("OnSiteJobsRequestType.assets", assets);
    b.leaves::<Request>(
        "OnSiteJobsRequestType",
        &[
            ("id", |r| r.id.to_string().into()),
            ("reason", |r| (&r.reason).into()),
            ("subReason", |r| (&r.sub_reason).into()),
            ("isEmergency", |r| r.is_emergency.into()),
            ("externalReference", |r| (&r.external_reference).into()),
            ("agent", |r| (&r.agent).into()),
            ("comment", |r| (&r.comment).into()),
            ("account", |r| (&r.account_number).into()),
            ("status", |r| (&r.status).into()),
            ("createdBy", |r| r.created_by.into()),
        ],
    );
    b.leaves::<OfRequest>(
        "OnSiteJobsRequestActionType",
        &[
            ("actionTriggerStage", |a| (&a.0.stage).into()),
            ("workflowName", |a| (&a.0.workflow).into()),
            ("workflowStatus", |a| (&a.0.status).into()),
        ],
    );
}

fn visits(b: &mut Bindings) {
    b.batch("OnSiteJobsAppointmentType.appointmentActions", appointment_actions);
    b.leaves::<Appointment>(
        "OnSiteJobsAppointmentType",
        &[
            ("id", |v| v.id.to_string().into()),
            ("externalJobType", |v| (&v.job_type).into()),
            ("startAt", |v| v.starts_at.into()),
            ("endAt", |v| v.ends_at.into()),
            ("externalReference", |v| (&v.external_reference).into()),
            ("jobDetails", |v| json!({ "jobType": v.job_type, "workCategory": v.work_category }).into()),
            ("jobNotes", |v| json!({ "findings": v.findings }).into()),
            ("comments", |v| (&v.comments).into()),
            ("cancellationSubCategory", |v| (&v.cancellation_sub_category).into()),
            ("krakenWorkCategory", |v| (&v.work_category).into()),
            ("agent", |v| (&v.agent).into()),
            ("status", |v| (&v.status).into()),
            ("commsStrategy", |v| (&v.comms_strategy).into()),
            ("cancellationCategory", |v| (&v.cancellation_category).into()),
        ],
    );
    b.leaves::<OfVisit>(
        "OnSiteJobsAppointmentActionType",
        &[
            ("actionTriggerStage", |a| (&a.0.stage).into()),
            ("workflowName", |a| (&a.0.workflow).into()),
            ("workflowStatus", |a| (&a.0.status).into()),
        ],
    );
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PointInput {
    supply_point_external_identifier: String,
    market_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterArgs {
    supply_points_to_market_names_mapping: Option<Vec<Option<PointInput>>>,
    supply_point_internal_ids: Option<Vec<Option<i64>>>,
    statuses: Option<Vec<Option<String>>>,
    account_numbers: Option<Vec<String>>,
}

async fn all(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let given: FilterArgs = call.args()?;
    let named = given.supply_points_to_market_names_mapping.unwrap_or_default().into_iter().flatten();
    let filter = Filter {
        points: given.supply_point_internal_ids.unwrap_or_default().into_iter().flatten().collect(),
        named_points: named.map(|point| (point.market_name, point.supply_point_external_identifier)).unzip(),
        statuses: given.statuses.unwrap_or_default().into_iter().flatten().collect(),
        account_numbers: given.account_numbers.unwrap_or_default(),
    };
    let mut view = call.cx.read().await?;
    let page = on_site::page(&mut view, call.cx.viewer(), &filter, &window).await;
    Ok(connection(page.map_err(FieldError::internal)?, Node::new))
}

async fn one(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Some(id) = call.arg::<Option<Uuid>>("requestId")? else { return Ok(Resolved::Null) };
    let mut view = call.cx.read().await?;
    let found = on_site::request(&mut view, call.cx.viewer(), id).await.map_err(FieldError::internal)?;
    Ok(Resolved::maybe(found))
}

async fn appointments_of(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let request: Uuid = call.arg("requestId")?;
    let mut view = call.cx.read().await?;
    let found = on_site::appointments(&mut view, call.cx.viewer(), request).await;
    Ok(connection(Page::of(&window, found.map_err(FieldError::internal)?), Node::new))
}

async fn offers(call: Call<'_>) -> Result<Resolved, FieldError> {
    let session: Uuid = call.arg("appointmentBookingSessionId")?;
    let mut view = call.cx.read().await?;
    let (slots, is_complete) =
        booking::offers(&mut view, call.cx.viewer(), session).await.map_err(refusal)?;
    Ok(Resolved::node(Offers(slots, is_complete)))
}

async fn job_types(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    Ok(Resolved::nodes(on_site::job_types(&mut view).await.map_err(FieldError::internal)?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AskInput {
    supply_points: Vec<PointInput>,
    reason: String,
    sub_reason: String,
    is_emergency: Option<bool>,
    external_reference: Option<String>,
    comment: Option<String>,
}

async fn ask(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AskInput = call.arg("input")?;
    let points = input.supply_points.iter();
    let points: Vec<(String, String)> = points
        .map(|point| (point.market_name.clone(), point.supply_point_external_identifier.clone()))
        .collect();
    let given = (call.cx.app.auth().random().clone(), input, points);
    let operation = "Mutation.createOnSiteJobsRequest";
    let asked = call.cx.write(operation, None, &given, |tx, viewer, (random, input, points)| {
        Box::pin(async move {
            let new = NewRequest {
                points,
                reason: &input.reason,
                sub_reason: &input.sub_reason,
                is_emergency: input.is_emergency.unwrap_or(false),
                external_reference: input.external_reference.as_deref().unwrap_or_default(),
                comment: input.comment.as_deref().unwrap_or_default(),
            };
            requesting::ask(tx, random, viewer, &new).await
        })
    });
    asked.await.map(|request| Resolved::node(Asked(request))).map_err(|error| match error {
        OnSiteError::Forbidden => FieldError::code("KT-CT-13012"),
        other => refusal(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangeInput {
    request_id: Uuid,
    is_emergency: Option<bool>,
    external_reference: Option<String>,
    comment: Option<String>,
    cancel: Option<bool>,
}

async fn change(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ChangeInput = call.arg("input")?;
    let changed = call.cx.write("Mutation.updateOnSiteJobsRequest", None, &input, |tx, viewer, input| {
        Box::pin(async move {
            let changes = Changes {
                is_emergency: input.is_emergency,
                external_reference: input.external_reference.as_deref(),
                comment: input.comment.as_deref(),
                is_withdrawn: input.cancel.unwrap_or(false),
            };
            requesting::change(tx, viewer, input.request_id, &changes).await
        })
    });
    changed.await.map(|request| Resolved::node(Asked(request))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BeginInput {
    request_id: Uuid,
}

async fn begin(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: BeginInput = call.arg("input")?;
    let given = (call.cx.app.auth().random().clone(), input.request_id);
    let operation = "Mutation.startOnSiteJobsAppointmentBookingSession";
    let begun = call.cx.write(operation, None, &given, |tx, viewer, (random, request)| {
        Box::pin(booking::begin(tx, random, viewer, *request))
    });
    begun.await.map(|session| Resolved::node(Begun(session))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BookInput {
    appointment_booking_session_id: Uuid,
    slot_id: Uuid,
    comments: Option<String>,
    comms_strategy: Option<String>,
}

async fn book(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: BookInput = call.arg("input")?;
    let given = (call.cx.app.auth().random().clone(), input);
    let operation = "Mutation.createOnSiteJobsAppointment";
    let booked = call.cx.write(operation, None, &given, |tx, viewer, (random, input)| {
        Box::pin(async move {
            let booking = Booking {
                session: input.appointment_booking_session_id,
                slot: input.slot_id,
                comments: input.comments.as_deref().unwrap_or_default(),
                comms_strategy: input.comms_strategy.as_deref().unwrap_or("SEND_ALL"),
            };
            booking::book(tx, random, viewer, &booking).await
        })
    });
    booked.await.map(|visit| Resolved::node(Visit(visit))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelInput {
    appointment_id: Uuid,
    cancellation_category: String,
    cancellation_sub_category: Option<String>,
}

async fn cancel(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CancelInput = call.arg("input")?;
    let done = call.cx.write("Mutation.cancelOnSiteJobsAppointment", None, &input, |tx, viewer, input| {
        Box::pin(async move {
            let why = Cancellation {
                category: &input.cancellation_category,
                sub_category: input.cancellation_sub_category.as_deref().unwrap_or_default(),
            };
            booking::cancel(tx, viewer, input.appointment_id, &why).await
        })
    });
    done.await.map(|visit| Resolved::node(Visit(visit))).map_err(refusal)
}

fn refusal(error: OnSiteError) -> FieldError {
    let code = match error {
        OnSiteError::Forbidden => FORBIDDEN,
        OnSiteError::NoPoint => "KT-CT-13002",
        OnSiteError::Accounts => "KT-CT-13003",
        OnSiteError::NoAccount => "KT-CT-13004",
        OnSiteError::Properties => "KT-CT-13005",
        OnSiteError::Exists => "KT-CT-13009",
        OnSiteError::Reason => "KT-CT-13014",
        OnSiteError::SubReason => "KT-CT-13015",
        OnSiteError::NoRequest => "KT-CT-13032",
        OnSiteError::Inactive => "KT-CT-13035",
        OnSiteError::NoSession => "KT-CT-13030",
        OnSiteError::Expired => "KT-CT-13025",
        OnSiteError::NoSlot => "KT-CT-13033",
        OnSiteError::SlotGone => "KT-CT-13031",
        OnSiteError::Booked => "KT-CT-13034",
        OnSiteError::NoAppointment => "KT-CT-13001",
        OnSiteError::Over => "KT-CT-13017",
        OnSiteError::Database(error) => return FieldError::internal(error),
    };
    FieldError::code(code)
}

fn ids(call: &Call<'_>) -> Result<Vec<Uuid>, FieldError> {
    Ok(call.parents::<Request>()?.iter().map(|request| request.id).collect())
}

/// The supply points that each request is about.
async fn points(call: &Call<'_>) -> Result<Vec<Vec<SupplyPoint>>, FieldError> {
    let ids = ids(call)?;
    let mut view = call.cx.read().await?;
    let wanted = on_site::points(&mut view, &ids).await.map_err(FieldError::internal)?;
    let found = supply_points::by_ids(&mut view, call.cx.viewer(), &wanted.concat()).await;
    let mut found = found.map_err(FieldError::internal)?.into_iter();
    Ok(wanted.iter().map(|ids| found.by_ref().take(ids.len()).flatten().collect()).collect())
}

async fn points_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let found = points(&call).await?;
    Ok(found.into_iter().map(|points| connection(Page::of(&window, points), Node::new)).collect())
}

async fn properties_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Request>()?.iter().map(|request| request.property_id).collect();
    let mut view = call.cx.read().await?;
    let found = properties::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn request_actions(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = on_site::actions(&mut view, &ids).await.map_err(FieldError::internal)?;
    let page = |actions: Vec<Action>| {
        let own: Vec<OfRequest> =
            actions.into_iter().filter(|each| each.appointment_id.is_none()).map(OfRequest).collect();
        connection(Page::of(&window, own), Node::new)
    };
    Ok(found.into_iter().map(page).collect())
}

/// Whatever follows is done at once; nothing, where nothing has followed yet.
async fn overall_status(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = on_site::actions(&mut view, &ids).await.map_err(FieldError::internal)?;
    let status = |actions: &Vec<Action>| {
        if actions.is_empty() {
            return Resolved::Null;
        }
        let is_done = actions.iter().any(|each| each.status == "COMPLETED");
        Resolved::leaf(if is_done { "COMPLETED" } else { "SKIPPED" })
    };
    Ok(found.iter().map(status).collect())
}

async fn appointment_actions(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let visits: Vec<(Uuid, Uuid)> =
        call.parents::<Appointment>()?.iter().map(|visit| (visit.id, visit.request_id)).collect();
    let requests: Vec<Uuid> = visits.iter().map(|(_, request)| *request).collect();
    let mut view = call.cx.read().await?;
    let found = on_site::actions(&mut view, &requests).await.map_err(FieldError::internal)?;
    let page = |((visit, _), actions): (&(Uuid, Uuid), Vec<Action>)| {
        let own: Vec<OfVisit> =
            actions.into_iter().filter(|each| each.appointment_id == Some(*visit)).map(OfVisit).collect();
        connection(Page::of(&window, own), Node::new)
    };
    Ok(visits.iter().zip(found).map(page).collect())
}

/// The meters that hang where something is to be done.
async fn assets(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let of_each = points(&call).await?;
    let ids: Vec<i64> = of_each.iter().flatten().map(|point| point.id).collect();
    let mut view = call.cx.read().await?;
    let found = meters::of_points(&mut view, call.cx.viewer(), &ids, false).await;
    let mut found = found.map_err(FieldError::internal)?.into_iter();
    let mut pages = Vec::with_capacity(of_each.len());
    for points in of_each {
        let mut assets = Vec::new();
        for point in points {
            let meters = found.next().unwrap_or_default().into_iter();
            assets.extend(meters.map(|meter| Asset { meter, identifier: point.identifier.clone() }));
        }
        pages.push(connection(Page::of(&window, assets), Node::new));
    }
    Ok(pages)
}
