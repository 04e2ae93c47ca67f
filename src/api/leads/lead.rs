//! `leads`, `leadByNumber`, `searchLead`, and leads in both of their shapes.

use serde::Deserialize;

use super::opportunity::{Filters, shown_details};
use super::{NO_LEAD, opportunity};
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::address::Address;
use crate::domain::accounts::partner_users;
use crate::domain::leads::contacts::{self, Answered, Contact};
use crate::domain::leads::lead::{self, Known, Lead, Wanted};
use crate::domain::leads::{channels, funnels, opportunities};
use crate::graphql::{FieldError, Leaf, Node, Resolved};

/// Row id and number of a lead that was found.
struct Found(i64, String);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.leads", all);
    b.root("Query.leadByNumber", one);
    b.root("Query.searchLead", search);
    b.leaves::<Found>("LeadIdType", &[("leadId", |f| f.0.into()), ("number", |f| (&f.1).into())]);
    bind_output(b);
    bind_lead(b);
    bind_contacts(b);
    b.leaves::<Address>(
        "AddressOutput",
        &[
            ("line1", |a| line(a, 0)),
            ("line2", |a| line(a, 1)),
            ("line3", |a| line(a, 2)),
            ("line4", |a| line(a, 3)),
            ("line5", |a| line(a, 4)),
            ("postcode", |a| some(&a.postal_code)),
            ("countryCode", |a| some(&a.country)),
        ],
    );
}

fn bind_output(b: &mut Bindings) {
    b.batch("LeadOutput.billingAddress", billing_addresses);
    b.batch("LeadOutput.billingRichAddress", billing_addresses);
    b.batch("LeadOutput.funnel", funnels_of);
    b.batch("LeadOutput.extraDetailItems", details_of);
    b.batch("LeadOutput.consents", consents_of);
    b.leaves::<Lead>(
        "LeadOutput",
        &[
            ("leadId", |l| l.id.into()),
            ("givenName", |l| (&l.given_name).into()),
            ("familyName", |l| (&l.family_name).into()),
            ("billingName", |l| (&l.billing_name).into()),
            ("email", |l| some(&l.email)),
            ("phoneNumber", |l| some(&l.phone)),
            ("number", |l| (&l.number).into()),
            ("stage", |l| (&l.stage).into()),
            ("extraDetails", |l| (&l.details).into()),
            ("brand", |l| (&l.brand).into()),
            ("salesChannel", |l| (&l.sales_channel).into()),
            ("assignedToTeam", |l| (&l.team).into()),
            ("assignedToUser", |l| (&l.username).into()),
            ("assignedToUserIdentifier", |l| identifier(l.user_id)),
            ("assignedToTeamIdentifier", |l| identifier(l.team_id)),
            ("nationalId", |l| (&l.national_id).into()),
            ("leadType", |l| (&l.lead_type).into()),
            ("accountNumber", |l| (&l.account_number).into()),
            ("assignedToAffiliateNumber", |l| (&l.affiliate).into()),
        ],
    );
}

fn bind_lead(b: &mut Bindings) {
    b.batch("Lead.salesFunnel", funnels_of);
    b.batch("Lead.stage", stages_of);
    b.batch("Lead.salesChannel", channels_of);
    b.batch("Lead.assignedToOrganization", partners_of);
    b.batch("Lead.opportunities", opportunities_of);
    b.batch("Lead.contacts", contacts_of);
    b.leaves::<Lead>(
        "Lead",
        &[
            ("number", |l| (&l.number).into()),
            ("nationalId", |l| (&l.national_id).into()),
            ("leadType", |l| (&l.lead_type).into()),
            ("assignedToUsername", |l| (&l.username).into()),
            ("assignedToUserIdentifier", |l| identifier(l.user_id)),
            ("assignedToTeamIdentifier", |l| identifier(l.team_id)),
        ],
    );
}

fn bind_contacts(b: &mut Bindings) {
    b.batch("LeadContactDetailsType.contactAddress", contact_addresses);
    b.batch("LeadContactDetailsType.consents", contact_consents);
    b.leaves::<Contact>(
        "LeadContactDetailsType",
        &[
            ("givenName", |c| (&c.given_name).into()),
            ("familyName", |c| (&c.family_name).into()),
            ("email", |c| some(&c.email)),
            ("phoneNumber", |c| some(&c.phone)),
            ("roles", |c| (&c.roles).into()),
            ("preferredLanguage", |c| (&c.preferred_language).into()),
        ],
    );
    b.leaves::<Answered>(
        "ConsentOutput",
        &[("code", |a| (&a.code).into()), ("value", |a| (&a.value).into())],
    );
}

fn line(address: &Address, at: usize) -> Leaf<'_> {
    address.lines().into_iter().nth(at).into()
}

/// What is empty is null.
pub(super) fn some(text: &str) -> Leaf<'_> {
    Some(text).filter(|text| !text.is_empty()).into()
}

/// A row id as the text that clients know it by.
pub(super) fn identifier(id: Option<i64>) -> Leaf<'static> {
    id.map(|id| id.to_string()).into()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WantedInput {
    lead_type: Option<String>,
    free_text: Option<String>,
    stage_code: Option<String>,
}

async fn all(call: Call<'_>) -> Result<Resolved, FieldError> {
    let given: Option<WantedInput> = call.arg("input")?;
    let (window, given) = (window(&call)?, given.unwrap_or_default());
    let wanted = Wanted {
        lead_type: given.lead_type.as_deref(),
        stage: given.stage_code.as_deref(),
        text: given.free_text.as_deref(),
    };
    let mut view = call.cx.read().await?;
    let page = lead::page(&mut view, call.cx.viewer(), &wanted, &window).await;
    Ok(connection(page.map_err(FieldError::internal)?, Node::new))
}

async fn one(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: Option<String> = call.arg("number")?;
    let mut view = call.cx.read().await?;
    let found = lead::by_number(&mut view, call.cx.viewer(), number.as_deref().unwrap_or_default()).await;
    found.map_err(FieldError::internal)?.map(Resolved::node).ok_or_else(|| FieldError::code(NO_LEAD))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SearchInput {
    national_id: Option<String>,
    email: Option<String>,
    telephone: Option<String>,
}

async fn search(call: Call<'_>) -> Result<Resolved, FieldError> {
    let given: SearchInput = call.arg("filters")?;
    let known = Known {
        national_id: given.national_id.as_deref(),
        email: given.email.as_deref(),
        phone: given.telephone.as_deref(),
    };
    if known.is_empty() {
        return Err(FieldError::code("KT-CT-8920"));
    }
    let mut view = call.cx.read().await?;
    let found = lead::find(&mut view, call.cx.viewer(), &known).await.map_err(FieldError::internal)?;
    Ok(Resolved::maybe(found.map(|(id, number)| Found(id, number))))
}

async fn billing_addresses(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<Option<i64>> = call.parents::<Lead>()?.iter().map(|lead| lead.billing_address_id).collect();
    addresses(&call, &ids).await
}

async fn contact_addresses(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<Option<i64>> = call.parents::<Contact>()?.iter().map(|contact| contact.address_id).collect();
    addresses(&call, &ids).await
}

/// The addresses with these ids; null where there is none.
pub(super) async fn addresses(call: &Call<'_>, ids: &[Option<i64>]) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = lead::addresses(&mut view, ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn funnels_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Lead>()?.iter().map(|lead| lead.funnel_id).collect();
    let mut view = call.cx.read().await?;
    let found = funnels::by_ids(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn stages_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Lead>()?.iter().map(|lead| lead.stage_id).collect();
    let mut view = call.cx.read().await?;
    let found = funnels::stages_by_ids(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn channels_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<Option<i64>> = call.parents::<Lead>()?.iter().map(|lead| lead.sales_channel_id).collect();
    let known: Vec<i64> = ids.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let mut found = channels::by_ids(&mut view, &known).await.map_err(FieldError::internal)?.into_iter();
    Ok(ids.iter().map(|id| Resolved::maybe(id.and_then(|_| found.next().flatten()))).collect())
}

async fn partners_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<Option<i64>> = call.parents::<Lead>()?.iter().map(|lead| lead.affiliate_id).collect();
    let known: Vec<i64> = ids.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let found = partner_users::organisations(&mut view, &known).await.map_err(FieldError::internal)?;
    let mut found = found.into_iter();
    Ok(ids.iter().map(|id| Resolved::maybe(id.and_then(|_| found.next().flatten()))).collect())
}

async fn details_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let parents = call.parents::<Lead>()?;
    let of: Vec<_> = parents.iter().map(|lead| (lead.funnel_id, &lead.details)).collect();
    shown_details(&call, &of).await
}

async fn consents_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Lead>()?.iter().map(|lead| lead.contact_id).collect();
    consents(&call, &ids).await
}

async fn contact_consents(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Contact>()?.iter().map(|contact| contact.id).collect();
    consents(&call, &ids).await
}

/// What each of these contacts agreed to or refused.
pub(super) async fn consents(call: &Call<'_>, contacts: &[i64]) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = contacts::consents(&mut view, contacts).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn opportunities_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let given: Option<Filters> = call.arg("input")?;
    let wanted = opportunity::wanted(given);
    let ids: Vec<i64> = call.parents::<Lead>()?.iter().map(|lead| lead.id).collect();
    let mut view = call.cx.read().await?;
    let found = opportunities::of_leads(&mut view, call.cx.viewer(), &ids, &wanted).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}

#[derive(Default, Deserialize)]
struct ContactFilters {
    role: Option<String>,
}

async fn contacts_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let given: Option<ContactFilters> = call.arg("input")?;
    let role = given.unwrap_or_default().role;
    let ids: Vec<i64> = call.parents::<Lead>()?.iter().map(|lead| lead.id).collect();
    let mut view = call.cx.read().await?;
    let found = contacts::of_leads(&mut view, &ids, role.as_deref()).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}
