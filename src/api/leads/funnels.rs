//! `salesFunnels`, `salesFunnelByCode`, `activeSalesChannels` and `leadBlocklistValidations`.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::NO_FUNNEL;
use crate::api::session::{Bindings, Call};
use crate::domain::leads::blocklist::{self, Entries};
use crate::domain::leads::channels::{self, Channel};
use crate::domain::leads::funnels::{self, Collection, Field, Funnel, Stage};
use crate::graphql::{FieldError, Resolved};

/// What is barred of what was asked for.
struct Hits(Vec<String>);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.salesFunnels", all);
    b.root("Query.salesFunnelByCode", one);
    b.root("Query.activeSalesChannels", open_channels);
    b.root("Query.leadBlocklistValidations", validations);
    b.batch("SalesFunnel.stages", stages);
    b.batch("SalesFunnel.collections", collections);
    b.batch("SalesFunnel.uncollectedFields", loose_fields);
    b.batch("Collection.fields", fields_inside);
    b.leaves::<Funnel>(
        "SalesFunnel",
        &[
            ("code", |f| (&f.code).into()),
            ("name", |f| (&f.name).into()),
            ("funnelType", |f| (&f.funnel_type).into()),
            ("status", |f| (&f.status).into()),
        ],
    );
    b.leaves::<Stage>(
        "SalesFunnelStage",
        &[("code", |s| (&s.code).into()), ("name", |s| (&s.name).into()), ("order", |s| s.position.into())],
    );
    b.leaves::<Collection>(
        "Collection",
        &[
            ("name", |c| (&c.name).into()),
            ("description", |c| (&c.description).into()),
            ("order", |c| c.position.into()),
        ],
    );
    b.leaves::<Field>(
        "FunnelField",
        &[
            ("code", |f| (&f.code).into()),
            ("name", |f| (&f.name).into()),
            ("fieldType", |f| (&f.field_type).into()),
            ("textChoices", |f| (&f.text_choices).into()),
            ("textRegex", |f| (&f.text_regex).into()),
            ("deprecated", |f| f.is_deprecated.into()),
            ("orderInCollection", |f| f.position.into()),
            ("required", |f| f.is_required.into()),
        ],
    );
    b.leaves::<Channel>(
        "SalesChannelType",
        &[
            ("name", |c| (&c.name).into()),
            ("code", |c| (&c.code).into()),
            ("description", |c| (&c.description).into()),
            ("hierarchicalName", |c| (&c.path).into()),
        ],
    );
    b.leaves::<Hits>(
        "LeadBlockListValidationOutput",
        &[("valid", |h| h.0.is_empty().into()), ("blockListHits", |h| (&h.0).into())],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfType {
    funnel_type: String,
    include_deprecated: Option<bool>,
}

async fn all(call: Call<'_>) -> Result<Resolved, FieldError> {
    let wanted: Option<OfType> = call.arg("input")?;
    let funnel_type = wanted.as_ref().map(|wanted| wanted.funnel_type.as_str());
    let with_old = wanted.as_ref().and_then(|wanted| wanted.include_deprecated).unwrap_or(false);
    let mut view = call.cx.read().await?;
    let found = funnels::of_type(&mut view, funnel_type, with_old).await.map_err(FieldError::internal)?;
    Ok(Resolved::nodes(found))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByCode {
    funnel_code: String,
}

async fn one(call: Call<'_>) -> Result<Resolved, FieldError> {
    let wanted: ByCode = call.arg("input")?;
    let mut view = call.cx.read().await?;
    let found = funnels::by_code(&mut view, &wanted.funnel_code).await.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(|| FieldError::code(NO_FUNNEL))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Period {
    active_from: Option<DateTime<Utc>>,
    active_to: Option<DateTime<Utc>>,
}

async fn open_channels(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Period { active_from, active_to } = call.args()?;
    let mut view = call.cx.read().await?;
    let found = channels::open_in(&mut view, active_from, active_to).await.map_err(FieldError::internal)?;
    found.map(Resolved::nodes).ok_or_else(|| FieldError::code("KT-CT-12702"))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntriesInput {
    name_keyword: Option<String>,
    email_domain: Option<String>,
    iban: Option<String>,
}

async fn validations(call: Call<'_>) -> Result<Resolved, FieldError> {
    let given: Option<EntriesInput> = call.arg("blockListEntries")?;
    let given = given.unwrap_or_default();
    let entries = Entries {
        name: given.name_keyword.as_deref(),
        email_domain: given.email_domain.as_deref(),
        iban: given.iban.as_deref(),
    };
    let mut view = call.cx.read().await?;
    let hits = blocklist::hits(&mut view, &entries).await.map_err(FieldError::internal)?;
    Ok(Resolved::node(Hits(hits)))
}

fn ids(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Funnel>()?.iter().map(|funnel| funnel.id).collect())
}

async fn stages(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = funnels::stages(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn collections(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = funnels::collections(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn loose_fields(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = funnels::fields(&mut view, &ids, true).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn fields_inside(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Collection>()?.iter().map(|collection| collection.id).collect();
    let mut view = call.cx.read().await?;
    let found = funnels::inside(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}
