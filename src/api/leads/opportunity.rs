//! `opportunities`, `opportunityByNumber`, `opportunityValueByKey`, and opportunities themselves.

use serde::Deserialize;
use serde_json::Value;

use super::lead::{addresses, consents, identifier, some};
use super::{NO_OPPORTUNITY, NOT_UPDATED};
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::leads::details::{self, ExtraDetail};
use crate::domain::leads::opportunities::{self, Opportunity, Point, Wanted};
use crate::domain::leads::{funnels, notes};
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.opportunities", all);
    b.root("Query.opportunityByNumber", one);
    b.root("Query.opportunityValueByKey", value);
    b.batch("OpportunityOutput.opportunityAddress", addresses_of);
    b.batch("OpportunityOutput.opportunityRichAddress", addresses_of);
    b.batch("OpportunityOutput.funnel", funnels_of);
    b.batch("OpportunityOutput.extraDetailItems", details_of);
    b.batch("OpportunityOutput.consents", consents_of);
    b.batch("OpportunityOutput.notes", notes_of);
    b.batch("OpportunityOutput.supplyPoints", points_of);
    b.dark(&["OpportunitiesQueryInput.productOfferingId"]);
    b.leaves::<Opportunity>(
        "OpportunityOutput",
        &[
            ("opportunityId", |o| o.id.into()),
            ("leadNumber", |o| (&o.lead_number).into()),
            ("leadType", |o| (&o.lead_type).into()),
            ("name", |o| (&o.name).into()),
            ("email", |o| some(&o.email)),
            ("phoneNumber", |o| some(&o.phone)),
            ("number", |o| (&o.number).into()),
            ("stage", |o| (&o.stage).into()),
            ("extraDetails", |o| (&o.details).into()),
            ("salesChannel", |o| (&o.sales_channel).into()),
            ("assignedToTeam", |o| (&o.team).into()),
            ("assignedToUser", |o| (&o.username).into()),
            ("assignedToUserIdentifier", |o| identifier(o.user_id)),
            ("assignedToTeamIdentifier", |o| identifier(o.team_id)),
            ("assignedToAffiliateNumber", |o| (&o.affiliate).into()),
        ],
    );
    b.leaves::<ExtraDetail>("ExtraDetail", &[("key", |d| (&d.key).into()), ("value", |d| (&d.value).into())]);
    b.parts::<ExtraDetail>("ExtraDetail", &[("field", |d| Resolved::maybe(d.field.clone()))]);
    b.leaves::<Point>(
        "LeadSupplyPointType",
        &[("externalIdentifier", |p| (&p.identifier).into()), ("marketName", |p| (&p.market_name).into())],
    );
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filters {
    funnel_code: Option<String>,
    stage_code: Option<String>,
    lead_number: Option<String>,
    sales_channel: Option<String>,
    assigned_to_affiliate_number: Option<String>,
    assigned_to_user_identifier: Option<String>,
    assigned_to_team_identifier: Option<String>,
    supply_point_markets: Option<Vec<Option<String>>>,
}

pub(super) fn wanted(given: Option<Filters>) -> Wanted {
    let given = given.unwrap_or_default();
    Wanted {
        funnel: given.funnel_code,
        stage: given.stage_code,
        lead: given.lead_number,
        channel: given.sales_channel,
        affiliate: given.assigned_to_affiliate_number,
        user: given.assigned_to_user_identifier,
        team: given.assigned_to_team_identifier,
        markets: given.supply_point_markets.map(|markets| markets.into_iter().flatten().collect()),
    }
}

async fn all(call: Call<'_>) -> Result<Resolved, FieldError> {
    let given: Option<Filters> = call.arg("input")?;
    let (window, wanted) = (window(&call)?, wanted(given));
    let mut view = call.cx.read().await?;
    let page = opportunities::page(&mut view, call.cx.viewer(), &wanted, &window).await;
    Ok(connection(page.map_err(FieldError::internal)?, Node::new))
}

async fn one(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: Option<String> = call.arg("number")?;
    let mut view = call.cx.read().await?;
    let number = number.as_deref().unwrap_or_default();
    let found = opportunities::by_number(&mut view, call.cx.viewer(), number).await;
    found.map_err(FieldError::internal)?.map(Resolved::node).ok_or_else(|| FieldError::code(NO_OPPORTUNITY))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ValueInput {
    opportunity_id: Option<String>,
    key: Option<String>,
}

async fn value(call: Call<'_>) -> Result<Resolved, FieldError> {
    let ValueInput { opportunity_id, key } = call.args()?;
    let (id, key) = (opportunity_id.unwrap_or_default(), key.unwrap_or_default());
    let mut view = call.cx.read().await?;
    let found = opportunities::value(&mut view, call.cx.viewer(), &id, &key).await;
    let found = found
        .map_err(FieldError::internal)?
        .ok_or_else(|| FieldError::code(NOT_UPDATED).describe("There is no such opportunity."))?;
    Ok(Resolved::leaf(found))
}

async fn addresses_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<Option<i64>> = call.parents::<Opportunity>()?.iter().map(|of| of.address_id).collect();
    addresses(&call, &ids).await
}

async fn funnels_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Opportunity>()?.iter().map(|of| of.funnel_id).collect();
    let mut view = call.cx.read().await?;
    let found = funnels::by_ids(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn details_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let parents = call.parents::<Opportunity>()?;
    let of: Vec<_> = parents.iter().map(|of| (of.funnel_id, &of.details)).collect();
    shown_details(&call, &of).await
}

/// The details of each of these, given as funnel and values.
pub(super) async fn shown_details(
    call: &Call<'_>,
    of: &[(i64, &Value)],
) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = details::items(&mut view, of).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn consents_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Opportunity>()?.iter().map(|of| of.contact_id).collect();
    consents(&call, &ids).await
}

async fn notes_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Opportunity>()?.iter().map(|of| of.id).collect();
    let mut view = call.cx.read().await?;
    let found = notes::of(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::leaf).collect())
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PointFilters {
    market_codes: Option<Vec<Option<String>>>,
}

async fn points_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let given: Option<PointFilters> = call.arg("input")?;
    let markets = given.unwrap_or_default().market_codes;
    let markets: Option<Vec<String>> = markets.map(|codes| codes.into_iter().flatten().collect());
    let ids: Vec<i64> = call.parents::<Opportunity>()?.iter().map(|of| of.id).collect();
    let mut view = call.cx.read().await?;
    let found = opportunities::points(&mut view, &ids, markets.as_deref()).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}
