//! `appSessions` and `createAudioRecording`: visits of field agents.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use crate::api::communications::accounts_at;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::partner_users;
use crate::domain::auth::viewer::RECORD_CONTACTS;
use crate::domain::operations::visits::links::{self, AffiliateLink};
use crate::domain::operations::visits::recording::{self, NewOutcome, NewRecording};
use crate::domain::operations::visits::{AppSession, Outcome, Recording, VisitError, reading};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

/// The recording that was kept.
struct Kept(Recording);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.appSessions", visits);
    b.root("Mutation.createAudioRecording", record);
    // Nobody says what the type of a visit is, other than by its outcomes; pictures are not kept yet.
    b.dark(&[
        "AudioRecordingInputType.type",
        "AudioRecordingInputType.photos",
        "AudioRecordingInputType.scans",
    ]);
    b.parts::<Kept>("CreateAudioRecording", &[("audioRecording", |k| Resolved::node(k.0.clone()))]);
    b.batch("AppSessionType.account", accounts_of);
    b.batch("AppSessionType.link", links_of);
    b.batch("AppSessionType.outcomes", outcomes_of);
    b.batch("AudioRecordingType.appSession", visits_of);
    b.batch("AffiliateLinkType.organisation", partners_of);
    b.leaves::<Outcome>(
        "OutcomeType",
        &[
            ("type", |o| (&o.outcome_type).into()),
            ("category", |o| (&o.category).into()),
            ("reason", |o| (&o.reason).into()),
        ],
    );
    b.leaves::<AffiliateLink>(
        "AffiliateLinkType",
        &[
            ("id", |l| l.id.into()),
            ("subdomain", |l| (&l.subdomain).into()),
            ("trainingStatus", |l| (&l.training_status).into()),
            ("isBusiness", |l| l.is_business.into()),
            ("contactName", |l| (&l.contact_name).into()),
            ("contactEmail", |l| (&l.contact_email).into()),
            ("landingUrl", |l| (&l.landing_url).into()),
        ],
    );
    bind_leaves(b);
}

fn line(visit: &AppSession, place: usize) -> &str {
    visit.address_lines.get(place).map(String::as_str).unwrap_or_default()
}

fn bind_leaves(b: &mut Bindings) {
    b.leaves::<AppSession>(
        "AppSessionType",
        &[
            ("id", |v| v.id.to_string().into()),
            ("startedAt", |v| v.started_at.into()),
            ("stoppedAt", |v| v.stopped_at.into()),
            ("addressLine1", |v| line(v, 0).into()),
            ("addressLine2", |v| line(v, 1).into()),
            ("addressLine3", |v| line(v, 2).into()),
            ("addressLine4", |v| line(v, 3).into()),
            ("addressLine5", |v| line(v, 4).into()),
            ("postcode", |v| (&v.postcode).into()),
            ("isArchived", |v| v.is_archived.into()),
            ("locationAt", |v| v.location_at.into()),
            ("locationHorizontalAccuracy", |v| v.location_accuracy.into()),
            ("locationLatitude", |v| v.latitude.into()),
            ("locationLongitude", |v| v.longitude.into()),
            ("salesMode", |v| (&v.sales_mode).into()),
            ("createdAt", |v| v.created_at.into()),
            // What was told of a visit stays as it is.
            ("updatedAt", |v| v.created_at.into()),
        ],
    );
    b.leaves::<Recording>(
        "AudioRecordingType",
        &[
            ("id", |r| r.id.to_string().into()),
            ("contentType", |r| (&r.content_type).into()),
            ("duration", |r| r.duration.into()),
            ("fileSize", |r| r.file_size.into()),
            ("startedAt", |r| r.started_at.into()),
            ("stoppedAt", |r| r.stopped_at.into()),
            ("s3Bucket", |r| (&r.s3_bucket).into()),
            ("s3Key", |r| (&r.s3_key).into()),
            ("createdAt", |r| r.created_at.into()),
            ("updatedAt", |r| r.created_at.into()),
        ],
    );
}

#[derive(Deserialize)]
struct VisitArgs {
    postcode: Option<String>,
    subdomain: Option<String>,
}

async fn visits(call: Call<'_>) -> Result<Resolved, FieldError> {
    let viewer = call.cx.viewer();
    if !viewer.is_staff() && !viewer.may(RECORD_CONTACTS) {
        return Err(FieldError::code(FORBIDDEN));
    }
    let window = window(&call)?;
    let VisitArgs { postcode, subdomain } = call.args()?;
    let mut view = call.cx.read().await?;
    let wanted = (postcode.as_deref(), subdomain.as_deref());
    let page = reading::page(&mut view, viewer, wanted, &window).await.map_err(FieldError::internal)?;
    Ok(connection(page, Node::new))
}

async fn accounts_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = call.parents::<AppSession>()?.iter().map(|visit| visit.account_id).collect();
    accounts_at(&call, ids).await
}

async fn links_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AppSession>()?.iter().map(|visit| visit.link_id).collect();
    let mut view = call.cx.read().await?;
    let found = links::by_ids(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn partners_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AffiliateLink>()?.iter().map(|link| link.organisation_id).collect();
    let mut view = call.cx.read().await?;
    let found = partner_users::organisations(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn outcomes_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<Uuid> = call.parents::<AppSession>()?.iter().map(|visit| visit.id).collect();
    let mut view = call.cx.read().await?;
    let found = reading::outcomes(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn visits_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<Uuid> = call.parents::<Recording>()?.iter().map(|recording| recording.session_id).collect();
    let mut view = call.cx.read().await?;
    let found = reading::by_ids(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordInput {
    id: Option<Uuid>,
    content_type: String,
    duration: String,
    file_size: i32,
    address_line1: Option<String>,
    address_line2: Option<String>,
    address_line3: Option<String>,
    address_line4: Option<String>,
    address_line5: Option<String>,
    postcode: Option<String>,
    account_number: Option<String>,
    location_at: Option<DateTime<Utc>>,
    location_horizontal_accuracy: Option<i32>,
    location_latitude: Option<Decimal>,
    location_longitude: Option<Decimal>,
    outcomes: Option<Vec<Option<OutcomeInput>>>,
    sales_mode: Option<String>,
    started_at: DateTime<Utc>,
    stopped_at: DateTime<Utc>,
    s3_bucket: String,
    s3_key: String,
    subdomain: String,
}

#[derive(Deserialize)]
struct OutcomeInput {
    #[serde(rename = "type")]
    outcome_type: String,
    category: String,
    reason: Option<String>,
}

impl From<OutcomeInput> for NewOutcome {
    fn from(told: OutcomeInput) -> Self {
        let reason = told.reason.unwrap_or_default();
        Self { outcome_type: told.outcome_type, category: told.category, reason }
    }
}

impl From<RecordInput> for NewRecording {
    fn from(told: RecordInput) -> Self {
        let lines = [
            told.address_line1,
            told.address_line2,
            told.address_line3,
            told.address_line4,
            told.address_line5,
        ];
        Self {
            id: told.id,
            content_type: told.content_type,
            duration: told.duration,
            file_size: told.file_size,
            address_lines: lines.into_iter().map(Option::unwrap_or_default).collect(),
            postcode: told.postcode.unwrap_or_default(),
            account: told.account_number,
            location_at: told.location_at,
            location_accuracy: told.location_horizontal_accuracy,
            latitude: told.location_latitude,
            longitude: told.location_longitude,
            outcomes: told.outcomes.unwrap_or_default().into_iter().flatten().map(NewOutcome::from).collect(),
            sales_mode: told.sales_mode.filter(|mode| !mode.is_empty()),
            started_at: told.started_at,
            stopped_at: told.stopped_at,
            s3_bucket: told.s3_bucket,
            s3_key: told.s3_key,
            subdomain: told.subdomain,
        }
    }
}

async fn record(call: Call<'_>) -> Result<Resolved, FieldError> {
    let new = NewRecording::from(call.arg::<RecordInput>("input")?);
    let subject = new.account.as_deref();
    let done = call.cx.write("Mutation.createAudioRecording", subject, &new, |tx, viewer, new| {
        Box::pin(recording::keep(tx, viewer, new))
    });
    done.await.map(|recording| Resolved::node(Kept(recording))).map_err(|error| match error {
        VisitError::Forbidden => FieldError::code(FORBIDDEN),
        VisitError::Database(error) => FieldError::internal(error),
        VisitError::Place => FieldError::code("KT-CT-7720").at_input(&["input", "s3Key"]),
        VisitError::Link => FieldError::code("KT-CT-7721").at_input(&["input", "subdomain"]),
        VisitError::Invalid(field, why) => {
            FieldError::code("KT-CT-7722").describe(format!("{field}: {why}.")).at_input(&["input", field])
        }
    })
}
