//! Repayments of an account, `approveRepayment`, `blockRepaymentSubmission` and `allowRepaymentSubmission`.

use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::Account;
use crate::domain::payments::interventions::{self, Action, Intervention, InterventionError};
use crate::domain::payments::repayments::{self, ApprovalError, Repayment};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaves, Node, Parts, Resolved};

/// The repayment that a payload is about.
pub(super) struct About(pub Repayment);

pub(super) const REPAYMENT: Parts<About> = &[("repayment", |a| Resolved::node(a.0.clone()))];
const ID: Leaves<Intervention> = &[("repaymentId", |i| i.repayment_id.into())];
const INTERVENTION: Parts<Intervention> = &[("repaymentIntervention", |i| Resolved::node(i.clone()))];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.approveRepayment", approve);
    b.root("Mutation.blockRepaymentSubmission", block);
    b.root("Mutation.allowRepaymentSubmission", allow);
    b.parts("ApproveRepayment", REPAYMENT);
    b.leaves("BlockRepaymentSubmission", ID).parts("BlockRepaymentSubmission", INTERVENTION);
    b.leaves("AllowRepaymentSubmission", ID).parts("AllowRepaymentSubmission", INTERVENTION);
    b.leaves::<Intervention>(
        "RepaymentInterventionType",
        &[("outcome", |i| (&i.outcome).into()), ("reason", |i| (&i.reason).into())],
    );
    b.batch("AccountType.repayments", repayments_of);
    b.leaves::<Repayment>(
        "AccountRepaymentType",
        &[
            ("id", |r| r.id.into()),
            ("amount", |r| r.amount.into()),
            ("paymentDate", |r| r.payment_date.into()),
            ("status", |r| (&r.status).into()),
        ],
    );
}

async fn repayments_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let statuses: Option<Vec<Option<String>>> = call.arg("statuses")?;
    let statuses: Vec<String> = statuses.unwrap_or_default().into_iter().flatten().collect();
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let pages = repayments::page_of_accounts(&mut view, call.cx.viewer(), &ids, &statuses, &window).await;
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|page| connection(page, Node::new)).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApproveInput {
    account_number: String,
    repayment_id: String,
}

async fn approve(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ApproveInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let approved = call.cx.write("Mutation.approveRepayment", number, &input, |tx, viewer, input| {
        Box::pin(
            async move { repayments::approve(tx, viewer, &input.account_number, &input.repayment_id).await },
        )
    });
    approved.await.map(|repayment| Resolved::node(About(repayment))).map_err(|error| match error {
        ApprovalError::Forbidden => FieldError::code("KT-CT-3959"),
        ApprovalError::Already => FieldError::code("KT-CT-3934"),
        ApprovalError::NotOpen => FieldError::code("KT-CT-3973"),
        ApprovalError::CannotBePaid => FieldError::code("KT-CT-3935"),
        ApprovalError::Database(error) => FieldError::internal(error),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InterventionInput {
    repayment_id: String,
    reason: Option<String>,
}

async fn intervene(
    call: &Call<'_>,
    operation: &'static str,
    action: Action,
    refusal: &'static str,
) -> Result<Resolved, FieldError> {
    let input: InterventionInput = call.arg("input")?;
    let about = Some(input.repayment_id.as_str());
    let work = (action, input.reason.as_deref(), input.repayment_id.as_str());
    let done = call.cx.write(operation, about, &work, |tx, viewer, (action, reason, id)| {
        Box::pin(async move { interventions::intervene(tx, viewer, id, *action, *reason).await })
    });
    done.await.map(Resolved::node).map_err(|error| match error {
        InterventionError::Forbidden => FieldError::code(FORBIDDEN),
        InterventionError::Unknown => FieldError::code("KT-CT-3944").at_input(&["input", "repaymentId"]),
        InterventionError::TooLong => FieldError::code("KT-CT-3950").at_input(&["input", "reason"]),
        InterventionError::Impossible => FieldError::code(refusal),
        InterventionError::Database(error) => FieldError::internal(error),
    })
}

async fn block(call: Call<'_>) -> Result<Resolved, FieldError> {
    intervene(&call, "Mutation.blockRepaymentSubmission", Action::Block, "KT-CT-3946").await
}

async fn allow(call: Call<'_>) -> Result<Resolved, FieldError> {
    intervene(&call, "Mutation.allowRepaymentSubmission", Action::Allow, "KT-CT-3945").await
}
