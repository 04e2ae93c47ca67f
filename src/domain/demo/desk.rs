//! What the retailers' people look after in the demo world: complaints that were settled and others that were not, journeys
//! that failed, a file that has yet to come, a caller who was sent a code, and what a field agent told of two visits.

use chrono::TimeDelta;
use serde_json::json;
use thiserror::Error;

use super::cast::CUSTOMERS;
use super::{Person, World};
use crate::domain::accounts::{partner_users, users};
use crate::domain::auth::Viewer;
use crate::domain::operations::attachments::{self, AttachmentError};
use crate::domain::operations::complaints::{self, ComplaintError, NewComplaint, NewContact};
use crate::domain::operations::exceptions::ExceptionError;
use crate::domain::operations::exceptions::reporting::{self, NewCall, NewEvent, NewException, State};
use crate::domain::operations::verification::{self, VerifyError, Wish};
use crate::domain::operations::visits::VisitError;
use crate::domain::operations::visits::links::{self, LinkError, NewLink};
use crate::domain::operations::visits::recording::{self, NewOutcome, NewRecording};
use crate::platform::clock::{self, ClockError};
use crate::platform::db::Tx;

/// Why there is nothing to look after.
#[derive(Debug, Error)]
pub enum DeskError {
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    #[error(transparent)]
    Complaint(#[from] ComplaintError),
    #[error(transparent)]
    Exception(#[from] ExceptionError),
    #[error(transparent)]
    Verifying(#[from] VerifyError),
    #[error(transparent)]
    Visit(#[from] VisitError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Clock(#[from] ClockError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The month in which all of this happens.
const MONTH: u32 = 22;
/// Who looks after most of it.
const CLERK: &str = "operations@example.com";

/// What is complained of: what it is about, more closely, how, and in which words.
const COMPLAINTS: [(&str, &str, &str, &str); 5] = [
    ("BILLING", "LATE_BILL", "ONLINE", "The bill for last month has not come."),
    ("METERING", "SMART_METER", "TELEPHONE", "The display has been dark for a week."),
    ("CUSTOMER_SERVICE", "WAITING_TIME", "TELEPHONE", "Half an hour until somebody answered."),
    ("PAYMENTS", "DIRECT_DEBIT", "POST", "The direct debit was collected on another day."),
    ("SUPPLY", "", "SOCIAL_MEDIA", "Nobody told me of the works in our street."),
];

/// What happens in a month.
pub(super) async fn happen(tx: &mut Tx, world: &World<'_>, month: u32) -> Result<(), DeskError> {
    if month != MONTH {
        return Ok(());
    }
    let people = world.people.iter().filter(|person| !person.is_further);
    let people: Vec<&Person> = people.step_by(5).take(COMPLAINTS.len()).collect();
    complain(tx, world, &people).await?;
    report(tx, world, &people).await?;
    let others = people.iter().filter(|person| !std::ptr::eq(person.customer, &CUSTOMERS[0]));
    let others: Vec<&Person> = others.copied().collect();
    if let Some(person) = others.first() {
        hear_from(tx, world, person).await?;
    }
    visit(tx, world, &others).await
}

/// Somebody wants to hand in a certificate, and rings up about it.
async fn hear_from(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DeskError> {
    let customer = Viewer::customer(person.user);
    let file = ("solar-certificate.pdf", "FILE_ATTACHMENT_MCS_CERT");
    attachments::request(tx, &customer, world.random, person.number(), file).await?;
    let caller = users::by_ids(tx, &world.clerk, &[person.user]).await?.pop().flatten();
    let Some(caller) = caller else { return Ok(()) };
    let wish = Wish {
        user: caller.number,
        verification_type: "EMAIL".to_owned(),
        brand: person.customer.brand.to_owned(),
    };
    Ok(verification::start(tx, &world.clerk, world.random, &wish).await?)
}

/// An agent of a sales partner's calls at two doors.
async fn visit(tx: &mut Tx, world: &World<'_>, people: &[&Person]) -> Result<(), DeskError> {
    let (name, email) = ("Green Doorstep Sales", "hello@doorstep.example.com");
    let partner = partner_users::add_organisation(tx, world.random, name, email, "FIELD_SALES").await?;
    let partner = partner_users::organisations(tx, &[partner]).await?.pop().flatten();
    let Some(partner) = partner else { return Ok(()) };
    let link = NewLink {
        partner: &partner.number,
        subdomain: "doorstep",
        is_business: false,
        contact_name: "Dora Stepwell",
        contact_email: "dora@doorstep.example.com",
        landing_url: "https://doorstep.example.com/join",
    };
    links::make(tx, &link).await?;
    links::qualify(tx, link.subdomain).await?;
    let now = tx.business_now().await?;
    for (place, person) in (0..).zip(people.iter().take(2)) {
        let id = world.random.uuid();
        let started_at = now - TimeDelta::minutes(90 - 40 * place);
        let mut lines: Vec<String> = person.customer.address.iter().map(|&line| line.to_owned()).collect();
        lines.resize(5, String::new());
        let outcome = NewOutcome {
            outcome_type: "ENERGY_HELP".to_owned(),
            category: "INTERESTED".to_owned(),
            reason: "Wants to hear of solar panels.".to_owned(),
        };
        let told = NewRecording {
            id: Some(id),
            content_type: "audio/mp4".to_owned(),
            duration: "540".to_owned(),
            file_size: 4_320_000,
            address_lines: lines,
            postcode: person.customer.postcode.to_owned(),
            account: Some(person.number().to_owned()),
            location_at: Some(started_at),
            location_accuracy: None,
            latitude: None,
            longitude: None,
            outcomes: vec![outcome],
            sales_mode: Some("DOOR".to_owned()),
            started_at,
            stopped_at: started_at + TimeDelta::minutes(9),
            s3_bucket: "doorstep-visits".to_owned(),
            s3_key: format!("visits/{id}.m4a"),
            subdomain: link.subdomain.to_owned(),
        };
        recording::keep(tx, &world.clerk, &told).await?;
    }
    Ok(())
}

/// Every other complaint is settled a day later; the last goes by the formal procedure.
async fn complain(tx: &mut Tx, world: &World<'_>, people: &[&Person]) -> Result<(), DeskError> {
    let mut open = Vec::new();
    for (place, (person, (kind, subtype, source, said))) in people.iter().zip(COMPLAINTS).enumerate() {
        let new = NewComplaint {
            account: person.number().to_owned(),
            brand: person.customer.brand.to_owned(),
            complaint_type: kind.to_owned(),
            subtype: Some(subtype.to_owned()),
            summary: Some(said.to_owned()),
            preferred_method: Some("EMAIL".to_owned()),
            source: source.to_owned(),
            status: "OPEN".to_owned(),
        };
        let customer = Viewer::customer(person.user);
        let by = if source == "ONLINE" { &customer } else { &world.clerk };
        let filed = complaints::file(tx, by, &new).await?;
        complaints::assign(tx, filed.id, CLERK).await?;
        open.push((place, filed.id));
    }
    clock::advance(tx, TimeDelta::days(1)).await?;
    for (place, id) in &open {
        let is_settled = place % 2 == 0;
        let new = NewContact {
            source: "TELEPHONE",
            summary: None,
            action_taken: if is_settled {
                "Explained, and made good."
            } else {
                "Rang, and asked a colleague."
            },
            status: if is_settled { "RESOLVED" } else { "IN_PROGRESS" },
        };
        complaints::follow_up(tx, &world.clerk, *id, &new).await?;
    }
    if let Some((_, id)) = open.iter().rfind(|(place, _)| place % 2 == 1) {
        complaints::make_official(tx, *id).await?;
    }
    Ok(())
}

/// Two journeys fail: one is looked into and goes through in the end, the other waits.
async fn report(tx: &mut Tx, world: &World<'_>, people: &[&Person]) -> Result<(), DeskError> {
    let Some(person) = people.iter().find(|person| !std::ptr::eq(person.customer, &CUSTOMERS[0])) else {
        return Ok(());
    };
    let failed = |name: &str, category: &str, state: State| NewException {
        external_identifier: name.to_owned(),
        channel: "WEBSITE".to_owned(),
        category: Some(category.to_owned()),
        account_number: Some(person.number().to_owned()),
        user_id: Some(person.user),
        customer_contact: Some(person.customer.email.to_owned()),
        supply_point_identifier: None,
        state,
    };
    let moving = State { tags: Some(vec!["MOVE_IN".to_owned()]), ..State::default() };
    let first = reporting::report(tx, &world.clerk, &failed("journey-2207", "ACCOUNT", moving)).await?;
    let call = NewCall {
        exception: Some(first.id),
        correlation_id: "journey-2207-step-3".to_owned(),
        operation_name: "moveIn".to_owned(),
        input_data: Some(json!({ "step": 3 })),
        response: json!({ "errors": [{ "message": "The day lies in the past." }] }),
        context: None,
    };
    reporting::add_call(tx, &world.clerk, &call).await?;
    reporting::add_note(tx, &world.clerk, first.id, "Asked the customer for the right day.").await?;
    let event = NewEvent {
        exception: Some(first.id),
        event_type: "RETRIED".to_owned(),
        category: "JOURNEY".to_owned(),
        description: "The journey was made again with another day.".to_owned(),
        context: None,
    };
    reporting::add_event(tx, &world.clerk, &event).await?;
    let settled = State {
        resolution_status: Some("RESOLVED".to_owned()),
        resolution_type: Some("MANUAL".to_owned()),
        ..State::default()
    };
    reporting::change(tx, &world.clerk, first.id, &settled).await?;
    let paying = State { priority: Some("HIGH".to_owned()), ..State::default() };
    reporting::report(tx, &world.clerk, &failed("journey-2214", "PAYMENT", paying)).await?;
    Ok(())
}
