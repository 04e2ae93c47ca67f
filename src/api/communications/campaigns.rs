//! Campaigns of calls that we make, and the labels of calls.

use crate::api::nodes::row_id;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::communications::calls;
use crate::domain::communications::calls::campaigns::{self, Campaign, CampaignItem, Filter, Tag};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.callTag", tag);
    b.root("Query.callTags", tags);
    b.root("Query.voiceCampaign", campaign);
    b.root("Query.voiceCampaigns", all);
    b.batch("VoiceCampaignType.tags", tags_of);
    b.batch("VoiceCampaignType.campaignItems", items_of);
    b.leaves::<Tag>(
        "CallTagType",
        &[("id", |t| t.id.into()), ("name", |t| (&t.name).into()), ("isActive", |t| t.is_active.into())],
    );
    b.leaves::<Campaign>(
        "VoiceCampaignType",
        &[
            ("id", |c| c.id.into()),
            ("name", |c| (&c.name).into()),
            ("description", |c| (&c.description).into()),
            ("customOutboundPhoneNumber", |c| (&c.outbound_number).into()),
            ("status", |c| (&c.status).into()),
            ("campaignType", |c| (&c.campaign_type).into()),
            ("preventDuplicateRecords", |c| c.prevents_duplicates.into()),
        ],
    );
    b.leaves::<CampaignItem>(
        "VoiceCampaignItemType",
        &[
            ("id", |i| i.id.into()),
            ("phoneNumber", |i| (&i.phone_number).into()),
            ("status", |i| (&i.status).into()),
            ("callWindowStart", |i| i.window_start.into()),
            ("callWindowEnd", |i| i.window_end.into()),
            ("accountId", |i| i.account_id.into()),
            ("metadata", |i| (&i.metadata).into()),
        ],
    );
}

fn admit(call: &Call<'_>) -> Result<(), FieldError> {
    if calls::may_look(call.cx.viewer()) { Ok(()) } else { Err(FieldError::code(FORBIDDEN)) }
}

async fn tag(call: Call<'_>) -> Result<Resolved, FieldError> {
    let named: String = call.arg("id")?;
    let unknown = || FieldError::code("KT-CT-11809").at_input(&["id"]);
    let id = row_id(&named).ok_or_else(unknown)?;
    let mut view = call.cx.read().await?;
    let found = campaigns::tag(&mut view, id).await.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(unknown)
}

async fn tags(call: Call<'_>) -> Result<Resolved, FieldError> {
    let (name, is_active): (Option<String>, Option<bool>) = (call.arg("name")?, call.arg("isActive")?);
    let window = window(&call)?;
    let mut view = call.cx.read().await?;
    let page = campaigns::tags(&mut view, name.as_deref(), is_active, &window).await;
    Ok(connection(page.map_err(FieldError::internal)?, Node::new))
}

async fn campaign(call: Call<'_>) -> Result<Resolved, FieldError> {
    admit(&call)?;
    let named: String = call.arg("campaignId")?;
    let unknown = || FieldError::code("KT-CT-11501").at_input(&["campaignId"]);
    let id = row_id(&named).ok_or_else(unknown)?;
    let mut view = call.cx.read().await?;
    let found = campaigns::by_id(&mut view, id).await.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(unknown)
}

async fn all(call: Call<'_>) -> Result<Resolved, FieldError> {
    admit(&call)?;
    let filter = Filter {
        status: call.arg("status")?,
        campaign_type: call.arg("campaignType")?,
        name: call.arg("name")?,
    };
    let window = window(&call)?;
    let mut view = call.cx.read().await?;
    let page = campaigns::page(&mut view, &filter, &window).await.map_err(FieldError::internal)?;
    Ok(connection(page, Node::new))
}

fn ids(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Campaign>()?.iter().map(|campaign| campaign.id).collect())
}

async fn tags_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (window, ids) = (window(&call)?, ids(&call)?);
    let mut view = call.cx.read().await?;
    let pages = campaigns::tags_of(&mut view, &ids, &window).await.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn items_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (window, ids) = (window(&call)?, ids(&call)?);
    let mut view = call.cx.read().await?;
    let pages = campaigns::items_of(&mut view, call.cx.viewer(), &ids, &window).await;
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|page| connection(page, Node::new)).collect())
}
