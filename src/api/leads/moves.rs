//! Working leads and opportunities: who does it, how far they are, what is known by now.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{DetailInput, NO_LEAD, NO_OPPORTUNITY, NOT_UPDATED, items, refusal};
use crate::api::session::{Bindings, Call};
use crate::domain::leads::assignment::{self, Workers};
use crate::domain::leads::lead::Lead;
use crate::domain::leads::notes::{self, FlowStatus};
use crate::domain::leads::opportunities::Opportunity;
use crate::domain::leads::{conversion, details, stages};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Resolved};

/// What something is after a change.
struct Changed(Value);
/// What was done, in a sentence.
struct Done(String);
/// A flow was heard.
struct Heard;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.updateLeadDetails", update_lead);
    b.root("Mutation.updateLeadAssignment", assign_lead);
    b.root("Mutation.updateOpportunityAssignment", assign_opportunity);
    b.root("Mutation.updateOpportunityStage", move_on);
    b.root("Mutation.setOpportunityOutcome", close);
    b.root("Mutation.updateOpportunityExtraDetails", change_details);
    b.root("Mutation.registerOpportunityFlowStatusEvent", hear);
    b.leaves::<Changed>("UpdateLeadDetails", &[("updatedLeadData", |c| (&c.0).into())]);
    b.leaves::<Changed>("UpdateLeadAssignment", &[("updatedLeadData", |c| (&c.0).into())]);
    b.leaves::<Changed>("UpdateOpportunityAssignment", &[("updatedOpportunityData", |c| (&c.0).into())]);
    b.leaves::<Changed>("UpdateOpportunityExtraDetails", &[("extraDetails", |c| (&c.0).into())]);
    b.leaves::<Done>("UpdateOpportunityStage", &[("message", |d| (&d.0).into())]);
    b.leaves::<Done>("SetOpportunityOutcome", &[("message", |d| (&d.0).into())]);
}

fn lead_data(lead: &Lead) -> Value {
    json!({
        "number": lead.number,
        "stage": lead.stage,
        "accountNumber": lead.account_number,
        "assignedToUser": lead.username,
        "assignedToTeam": lead.team,
        "extraDetails": lead.details,
    })
}

fn opportunity_data(opportunity: &Opportunity) -> Value {
    json!({
        "number": opportunity.number,
        "leadNumber": opportunity.lead_number,
        "stage": opportunity.stage,
        "assignedToUser": opportunity.username,
        "assignedToTeam": opportunity.team,
        "assignedToAffiliateNumber": opportunity.affiliate,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeadInput {
    lead_number: String,
    extra_details: Option<Vec<Option<DetailInput>>>,
    account_number: Option<String>,
}

async fn update_lead(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: LeadInput = call.arg("input")?;
    let subject = Some(input.lead_number.as_str());
    let updated = call.cx.write("Mutation.updateLeadDetails", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let items = items(input.extra_details.as_deref());
            conversion::update(tx, viewer, &input.lead_number, &items, input.account_number.as_deref()).await
        })
    });
    let own = [NO_LEAD, "KT-CT-8913", "KT-CT-8914", "KT-CT-8917", "KT-CT-8918"];
    let lead = updated.await.map_err(|error| refusal(error, &own, INVALID_INPUT))?;
    Ok(Resolved::node(Changed(lead_data(&lead))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeadWorkers {
    lead_number: String,
    assigned_to_username: Option<String>,
    assigned_to_team_name: Option<String>,
}

async fn assign_lead(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: LeadWorkers = call.arg("input")?;
    let subject = Some(input.lead_number.as_str());
    let assigned = call.cx.write("Mutation.updateLeadAssignment", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let workers = Workers {
                username: input.assigned_to_username.as_deref(),
                team_name: input.assigned_to_team_name.as_deref(),
                ..Workers::default()
            };
            assignment::of_lead(tx, viewer, &input.lead_number, &workers).await
        })
    });
    let lead = assigned.await.map_err(|error| refusal(error, &[NO_LEAD], INVALID_INPUT))?;
    Ok(Resolved::node(Changed(lead_data(&lead))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpportunityWorkers {
    opportunity_number: String,
    assigned_to_user_identifier: Option<String>,
    assigned_to_team_identifier: Option<String>,
    assigned_to_affiliate_number: Option<String>,
}

async fn assign_opportunity(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: OpportunityWorkers = call.arg("input")?;
    let (operation, subject) =
        ("Mutation.updateOpportunityAssignment", Some(input.opportunity_number.as_str()));
    let assigned = call.cx.write(operation, subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let workers = Workers {
                user: input.assigned_to_user_identifier.as_deref(),
                team: input.assigned_to_team_identifier.as_deref(),
                affiliate: input.assigned_to_affiliate_number.as_deref(),
                ..Workers::default()
            };
            assignment::of_opportunity(tx, viewer, &input.opportunity_number, &workers).await
        })
    });
    let found = assigned.await.map_err(|error| refusal(error, &[NO_OPPORTUNITY], NOT_UPDATED))?;
    Ok(Resolved::node(Changed(opportunity_data(&found))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StageInput {
    opportunity_number: String,
    stage: String,
    current_stage: String,
}

async fn move_on(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: StageInput = call.arg("input")?;
    let subject = Some(input.opportunity_number.as_str());
    let moved = call.cx.write("Mutation.updateOpportunityStage", subject, &input, |tx, viewer, input| {
        Box::pin(stages::move_on(tx, viewer, &input.opportunity_number, &input.current_stage, &input.stage))
    });
    let own = ["KT-CT-8910", "KT-CT-8914", "KT-CT-8915", "KT-CT-8916", "KT-CT-8917"];
    let stage = moved.await.map_err(|error| refusal(error, &own, NOT_UPDATED))?;
    Ok(Resolved::node(Done(format!("The opportunity stands in {stage}."))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutcomeInput {
    opportunity_number: Option<String>,
    outcome: Option<String>,
}

async fn close(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: OutcomeInput = call.arg("input")?;
    let work = (input.opportunity_number.unwrap_or_default(), input.outcome);
    let subject = Some(work.0.as_str());
    let closed = call.cx.write("Mutation.setOpportunityOutcome", subject, &work, |tx, viewer, work| {
        Box::pin(stages::close(tx, viewer, &work.0, work.1.as_deref()))
    });
    closed.await.map_err(|error| refusal(error, &[NO_OPPORTUNITY], INVALID_INPUT))?;
    let outcome = work.1.unwrap_or_default().to_lowercase();
    Ok(Resolved::node(Done(format!("The opportunity was {outcome}."))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DetailsInput {
    opportunity_number: String,
    items: Option<Vec<Option<DetailInput>>>,
}

async fn change_details(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: DetailsInput = call.arg("input")?;
    let work = (input.opportunity_number, items(input.items.as_deref()));
    let (operation, subject) = ("Mutation.updateOpportunityExtraDetails", Some(work.0.as_str()));
    let changed = call.cx.write(operation, subject, &work, |tx, viewer, (number, items)| {
        Box::pin(details::change(tx, viewer, number, items))
    });
    let details = changed.await.map_err(|error| refusal(error, &[], NOT_UPDATED))?;
    Ok(Resolved::node(Changed(details)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FlowInput {
    name: String,
    flow_id: String,
    description: Option<String>,
    status: String,
    opportunity_number: String,
}

async fn hear(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: FlowInput = call.arg("input")?;
    let (operation, subject) =
        ("Mutation.registerOpportunityFlowStatusEvent", Some(input.opportunity_number.as_str()));
    let heard = call.cx.write(operation, subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let flow = FlowStatus {
                name: &input.name,
                flow_id: &input.flow_id,
                status: &input.status,
                description: input.description.as_deref(),
            };
            notes::flow(tx, viewer, &input.opportunity_number, &flow).await
        })
    });
    heard.await.map_err(|error| refusal(error, &[NO_OPPORTUNITY], INVALID_INPUT))?;
    Ok(Resolved::node(Heard))
}
