//! `createComplaint`, `complaint` and the complaints of an account.

use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::operations::complaints::{self, Complaint, ComplaintError, Contact, NewComplaint};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

const INVALID: &str = "KT-CT-10801";

/// The complaint that was filed.
struct Filed(Complaint);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.complaint", complaint);
    b.root("Mutation.createComplaint", create);
    b.batch("AccountType.complaints", complaints_of);
    b.batch("ComplaintType.contacts", contacts_of);
    b.parts::<Filed>("CreateComplaint", &[("complaint", |f| Resolved::node(f.0.clone()))]);
    b.leaves::<Complaint>(
        "ComplaintType",
        &[
            ("id", |c| c.id.into()),
            ("type", |c| (&c.complaint_type).into()),
            ("subtype", |c| (&c.subtype).into()),
            ("creationDate", |c| c.opened_on.into()),
            ("resolutionDate", |c| c.resolved_on.into()),
            ("assigneeId", |c| c.assignee_id.into()),
            ("isOfficial", |c| c.is_official.into()),
        ],
    );
    b.leaves::<Contact>(
        "ComplaintContactType",
        &[
            ("name", |c| (&c.name).into()),
            ("actionTaken", |c| (&c.action_taken).into()),
            ("status", |c| (&c.status).into()),
            ("createdAt", |c| c.created_at.into()),
            ("mobile", |c| (&c.mobile).into()),
            ("email", |c| (&c.email).into()),
            ("landline", |c| (&c.landline).into()),
            ("preferredCommunicationMethod", |c| (&c.preferred_method).into()),
            ("summary", |c| (&c.summary).into()),
        ],
    );
}

async fn complaint(call: Call<'_>) -> Result<Resolved, FieldError> {
    let id: i32 = call.arg("complaintId")?;
    let mut view = call.cx.read().await?;
    let found = complaints::by_id(&mut view, call.cx.viewer(), id).await.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(|| FieldError::code("KT-CT-12301").at_input(&["complaintId"]))
}

/// Null for whoever reads no complaints.
async fn complaints_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let pages = complaints::of_accounts(&mut view, call.cx.viewer(), &ids, &window).await;
    Ok(match pages.map_err(FieldError::internal)? {
        Some(pages) => pages.into_iter().map(|page| connection(page, Node::new)).collect(),
        None => ids.iter().map(|_| Resolved::Null).collect(),
    })
}

async fn contacts_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Complaint>()?.iter().map(|complaint| complaint.id.into()).collect();
    let mut view = call.cx.read().await?;
    let pages = complaints::contacts_of(&mut view, &ids, &window).await.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    account_number: String,
    #[serde(rename = "type")]
    complaint_type: String,
    subtype: Option<String>,
    summary: Option<String>,
    preferred_contact_method: Option<String>,
    communication_source: String,
    status: String,
    brand: String,
}

async fn create(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CreateInput = call.arg("complaint")?;
    let number = input.account_number.clone();
    let new = NewComplaint {
        account: input.account_number,
        brand: input.brand,
        complaint_type: input.complaint_type,
        subtype: input.subtype,
        summary: input.summary,
        preferred_method: input.preferred_contact_method,
        source: input.communication_source,
        status: input.status,
    };
    let done = call.cx.write("Mutation.createComplaint", Some(&number), &new, |tx, viewer, new| {
        Box::pin(complaints::file(tx, viewer, new))
    });
    done.await.map(|complaint| Resolved::node(Filed(complaint))).map_err(refusal)
}

fn refusal(error: ComplaintError) -> FieldError {
    let (why, field) = match error {
        ComplaintError::Forbidden => return FieldError::code(FORBIDDEN),
        ComplaintError::UnknownAccount => ("There is no account with this number.", "accountNumber"),
        ComplaintError::Brand => ("The account is not of this brand.", "brand"),
        ComplaintError::UnknownType => ("There is no such type of complaint.", "type"),
        ComplaintError::Status => ("The status cannot be this.", "status"),
        ComplaintError::Method => ("Customers are not contacted in this way.", "preferredContactMethod"),
        ComplaintError::Text => ("The text is too long, or has odd characters.", "summary"),
        other => return FieldError::internal(other),
    };
    FieldError::code(INVALID).describe(why).at_input(&["complaint", field])
}
