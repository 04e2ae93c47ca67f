//! `createOpportunity` and `getOrCreateAccountForOpportunity`.

use serde::Deserialize;

use super::{DetailInput, NO_FUNNEL, NO_LEAD, NOT_UPDATED, items, refusal};
use crate::api::accounts::RichAddress;
use crate::api::session::{Bindings, Call};
use crate::domain::leads::conversion;
use crate::domain::leads::opening::{self, NewContact, NewLead, NewOpportunity, Opened};
use crate::graphql::{FieldError, Resolved};

/// The number of the account that belongs to an opportunity.
struct Account(String);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createOpportunity", create);
    b.root("Mutation.getOrCreateAccountForOpportunity", account);
    b.leaves::<Opened>(
        "CreateOpportunity",
        &[
            ("opportunityNumber", |o| (&o.number).into()),
            ("dateOfCreation", |o| o.created_at.into()),
            ("stage", |o| (&o.stage).into()),
            ("funnelCode", |o| (&o.funnel).into()),
        ],
    );
    b.leaves::<Account>("GetOrCreateShellAccountForOpportunity", &[("accountNumber", |a| (&a.0).into())]);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    funnel_code: String,
    lead_number: Option<String>,
    lead: Option<LeadInput>,
    name: Option<String>,
    sales_channel: Option<String>,
    notes: Option<String>,
    opportunity_address: Option<RichAddress>,
    supply_points: Option<Vec<PointInput>>,
    extra_details: Option<Vec<Option<DetailInput>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PointInput {
    market_name: String,
    external_identifier: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeadInput {
    lead_type: String,
    brand_code: String,
    contacts: Vec<ContactInput>,
    funnel_code: Option<String>,
    billing_name: Option<String>,
    billing_address: Option<RichAddress>,
    national_id: Option<String>,
    sales_channel: Option<String>,
    extra_details: Option<Vec<Option<DetailInput>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContactInput {
    given_name: Option<String>,
    family_name: Option<String>,
    email: Option<String>,
    phone_number: Option<String>,
    roles: Option<Vec<String>>,
    preferred_language: Option<String>,
    contact_address: Option<RichAddress>,
    consents: Option<Vec<ConsentInput>>,
}

#[derive(Deserialize)]
struct ConsentInput {
    code: String,
    value: String,
}

impl Input {
    fn opportunity(self) -> NewOpportunity {
        let points = self.supply_points.unwrap_or_default().into_iter();
        NewOpportunity {
            funnel: self.funnel_code,
            lead_number: self.lead_number,
            lead: self.lead.map(LeadInput::lead),
            name: self.name,
            channel: self.sales_channel,
            notes: self.notes,
            address: self.opportunity_address.map(Into::into),
            points: points.map(|point| (point.market_name, point.external_identifier)).collect(),
            details: items(self.extra_details.as_deref()),
        }
    }
}

impl LeadInput {
    fn lead(self) -> NewLead {
        NewLead {
            lead_type: self.lead_type,
            brand: self.brand_code,
            funnel: self.funnel_code,
            billing_name: self.billing_name,
            billing_address: self.billing_address.map(Into::into),
            national_id: self.national_id,
            channel: self.sales_channel,
            contacts: self.contacts.into_iter().map(ContactInput::contact).collect(),
            details: items(self.extra_details.as_deref()),
        }
    }
}

impl ContactInput {
    fn contact(self) -> NewContact {
        let consents = self.consents.unwrap_or_default().into_iter();
        NewContact {
            given_name: self.given_name.unwrap_or_default(),
            family_name: self.family_name.unwrap_or_default(),
            email: self.email.unwrap_or_default(),
            phone: self.phone_number.unwrap_or_default(),
            roles: self.roles.unwrap_or_default(),
            language: self.preferred_language,
            address: self.contact_address.map(Into::into),
            consents: consents.map(|consent| (consent.code, consent.value)).collect(),
        }
    }
}

async fn create(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let new = input.opportunity();
    let subject = new.lead_number.as_deref();
    let opened = call.cx.write("Mutation.createOpportunity", subject, &new, |tx, viewer, new| {
        Box::pin(opening::open(tx, viewer, new))
    });
    let own = ["KT-CT-8901", NO_LEAD, NO_FUNNEL, "KT-CT-8919"];
    opened.await.map(Resolved::node).map_err(|error| refusal(error, &own, "KT-CT-8911"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountInput {
    opportunity_number: String,
}

async fn account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AccountInput = call.arg("input")?;
    let work = (call.cx.app.auth().random(), input.opportunity_number);
    let (operation, subject) = ("Mutation.getOrCreateAccountForOpportunity", Some(work.1.as_str()));
    let number = call.cx.write(operation, subject, &work, |tx, viewer, (random, number)| {
        Box::pin(conversion::account_for(tx, random, viewer, number))
    });
    let number = number.await.map_err(|error| refusal(error, &[], NOT_UPDATED))?;
    Ok(Resolved::node(Account(number)))
}
