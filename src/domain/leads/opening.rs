//! How opportunities come about, with a lead that is there or is made for them.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::blocklist::Entries;
use super::details::Item;
use super::stages::Mover;
use super::{
    LeadError, admit, blocklist, channels, details, funnels, kind, lead, lead_is_visible, notes, stages,
};
use crate::domain::accounts::address::{self, Address, NoAddress};
use crate::domain::accounts::changes::hand;
use crate::domain::accounts::contacts;
use crate::domain::auth::password_reset::is_address;
use crate::domain::auth::viewer::Viewer;
use crate::domain::supply::identifiers::MarketName;
use crate::platform::db::{Tx, row, statement};
use crate::platform::market::{self, Market};

/// Most contacts of a lead, and most points of an opportunity.
const MOST: usize = 50;

/// An opportunity to be opened.
#[derive(Clone, Debug, Default)]
pub struct NewOpportunity {
    /// Code of its funnel.
    pub funnel: String,
    /// The lead that it is with, by number.
    pub lead_number: Option<String>,
    /// Or the lead that is made for it.
    pub lead: Option<NewLead>,
    /// What it is called; as who would be billed, unless given.
    pub name: Option<String>,
    /// Code of the channel that it came by; the lead's, unless given.
    pub channel: Option<String>,
    /// What was said.
    pub notes: Option<String>,
    /// Where it is about; where the lead is billed, unless given.
    pub address: Option<Address>,
    /// The points of supply that it is about: market and number.
    pub points: Vec<(String, String)>,
    /// What further is known.
    pub details: Vec<Item>,
}

/// A lead to be made.
#[derive(Clone, Debug, Default)]
pub struct NewLead {
    /// One of `LeadTypeChoices`.
    pub lead_type: String,
    /// Brand code.
    pub brand: String,
    /// Code of its funnel; the oldest one for leads that is in use, unless given.
    pub funnel: Option<String>,
    /// Who would be billed; the first contact, unless given.
    pub billing_name: Option<String>,
    /// Where.
    pub billing_address: Option<Address>,
    /// What the country knows the person or business by.
    pub national_id: Option<String>,
    /// Code of the channel that it came by.
    pub channel: Option<String>,
    /// Whom to speak to; the first is whom it is about.
    pub contacts: Vec<NewContact>,
    /// What further is known.
    pub details: Vec<Item>,
}

/// Somebody to speak to.
#[derive(Clone, Debug, Default)]
pub struct NewContact {
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// E-mail; may be empty if there is a phone number.
    pub email: String,
    /// Phone number.
    pub phone: String,
    /// Each one of `LeadContactRoles`.
    pub roles: Vec<String>,
    /// Code of the language that they like to be spoken to in.
    pub language: Option<String>,
    /// Their address.
    pub address: Option<Address>,
    /// Codes of kinds of consent, with answers.
    pub consents: Vec<(String, String)>,
}

/// What was opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Number of the opportunity.
    pub number: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Code of the stage in which it begins.
    pub stage: String,
    /// Code of its funnel.
    pub funnel: String,
}

row! {
    struct Base {
        id: i64,
        brand: String,
        billing_name: String,
        billing_address_id: Option<i64>,
        sales_channel_id: Option<i64>,
    }
}

statement!(static LEAD: Base = concat!("
    select l.id, l.brand, l.billing_name, l.billing_address_id, l.sales_channel_id from leads l
    where l.number = $3 and ", lead_is_visible!()));
statement!(static ADD: (i64, String) = "
    insert into opportunities (lead_id, name, address_id, funnel_id, stage_id, sales_channel_id, details, created_at,
        by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id, number");
statement!(static ADD_POINT: () = "
    insert into opportunity_supply_points (opportunity_id, market_name, identifier) values ($1, $2, $3)
    on conflict do nothing");
statement!(static ADD_LEAD: (i64,) = "
    insert into leads (lead_type, brand, national_id, billing_name, billing_address_id, funnel_id, stage_id,
        sales_channel_id, details, organisation_id, search_text, created_at, by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id");
statement!(static ADD_CONTACT: (i64,) = "
    insert into lead_contacts (lead_id, position, given_name, family_name, email, phone, roles, preferred_language, address_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id");
statement!(static ADD_CONSENTS: (i64,) = "
    insert into lead_consents (contact_id, consent_type_id, value, at)
    select $1, t.id, given.value, $5 from unnest($2::text[], $3::text[]) as given (code, value)
        join consent_types t on t.code = given.code and t.market = $4 and t.is_active
    returning consent_type_id");

/// Opens an opportunity, with a lead that the viewer sees or one that is made for it. What an organisation makes, it brought.
///
/// # Errors
/// `Forbidden`, `NoFunnel`, `NoInitialStage`, `NoLead`, `BadLead`, `Invalid`.
pub async fn open(tx: &mut Tx, viewer: &Viewer, new: &NewOpportunity) -> Result<Opened, LeadError> {
    admit(viewer)?;
    let funnel = funnels::in_use(tx, "OPPORTUNITY", Some(&new.funnel)).await?.ok_or(LeadError::NoFunnel)?;
    let (stage_id, stage) = stages::initial(tx, funnel.id).await?;
    let lead = match (&new.lead_number, &new.lead) {
        (Some(number), None) => known(tx, viewer, number).await?,
        (None, Some(lead)) => make(tx, viewer, lead).await?,
        _ => return Err(LeadError::Invalid("Name a lead, or describe one.".to_owned())),
    };
    let market = market::of_brand(&lead.brand).ok_or(LeadError::NoLead)?;
    let name = new.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = contacts::line(name.unwrap_or(&lead.billing_name))
        .ok_or_else(|| LeadError::Invalid("The name is one line of text.".to_owned()))?;
    let channel = match &new.channel {
        Some(code) => Some(channel(tx, code).await?.map_err(LeadError::Invalid)?),
        None => lead.sales_channel_id,
    };
    let place = match &new.address {
        Some(given) => Some(place(tx, given, market).await?.map_err(LeadError::Invalid)?),
        None => lead.billing_address_id,
    };
    let points = new.points.iter().map(point).collect::<Result<Vec<_>, _>>().map_err(LeadError::Invalid)?;
    if points.len() > MOST {
        return Err(LeadError::Invalid(format!("There are more than {MOST} supply points.")));
    }
    let details = details::changed(tx, funnel.id, &json!({}), &new.details).await?;
    let (now, (kind, by)) = (tx.business_now().await?, hand(viewer));
    let add = ADD.query().bind(lead.id).bind(name).bind(place).bind(funnel.id).bind(stage_id).bind(channel);
    let (id, number) = add.bind(details).bind(now).bind(kind).bind(by).fetch_one(&mut *tx).await?;
    for (market_name, identifier) in points {
        ADD_POINT.command().bind(id).bind(market_name).bind(identifier).execute(&mut *tx).await?;
    }
    stages::put(tx, viewer, Mover::Opportunity(id), None, stage_id, None).await?;
    if let Some(text) = new.notes.as_deref().filter(|text| !text.trim().is_empty()) {
        notes::add(tx, viewer, id, text).await?;
    }
    Ok(Opened { number, created_at: now, stage, funnel: funnel.code })
}

async fn known(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Base, LeadError> {
    let query = LEAD.query().bind(kind(viewer)).bind(viewer.id()).bind(number);
    query.fetch_optional(&mut *tx).await?.ok_or(LeadError::NoLead)
}

/// A point of supply by the rules of its market.
fn point((market, number): &(String, String)) -> Result<(&'static str, String), String> {
    let name = MarketName::parse(market).ok_or_else(|| format!("Points of {market} are not supplied."))?;
    let identifier = name.identifier(number);
    identifier.map(|number| (name.code(), number)).map_err(|_| format!("{number} is no point of {market}."))
}

/// The channel with a code, if it is open; or a sentence.
async fn channel(tx: &mut Tx, code: &str) -> Result<Result<i64, String>, sqlx::Error> {
    let found = channels::open_now(tx, code).await?;
    Ok(found.ok_or_else(|| format!("There is no open sales channel {code}.")))
}

/// Keeps an address; or says what is wrong with it.
async fn place(tx: &mut Tx, given: &Address, market: &Market) -> Result<Result<i64, String>, sqlx::Error> {
    match given.clone().judged(&market.country) {
        Ok(address) => address::keep(tx, &address).await.map(Ok),
        Err(NoAddress(why)) => Ok(Err(why.to_owned())),
    }
}

/// Makes a lead; whatever is wrong with it is `BadLead`.
async fn make(tx: &mut Tx, viewer: &Viewer, new: &NewLead) -> Result<Base, LeadError> {
    let bad = |why: &str| LeadError::BadLead(why.to_owned());
    let market = market::of_brand(&new.brand).ok_or_else(|| bad("There is no such brand."))?;
    let funnel = funnels::in_use(tx, "LEAD", new.funnel.as_deref()).await?.ok_or(LeadError::NoFunnel)?;
    let (stage, _) = stages::initial(tx, funnel.id).await?;
    let people = new.contacts.iter().map(|contact| judged(contact, market)).collect::<Result<Vec<_>, _>>();
    let people = people.map_err(LeadError::BadLead)?;
    let first = people.first().filter(|_| people.len() <= MOST);
    let first = first.ok_or_else(|| bad("A lead has between 1 and 50 contacts."))?;
    let whole = format!("{} {}", first.given_name, first.family_name);
    let name = new.billing_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = contacts::line(name.unwrap_or(whole.trim())).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| bad("Nobody would be billed."))?;
    barred(tx, &name, &people).await?;
    let channel = match &new.channel {
        Some(code) => Some(channel(tx, code).await?.map_err(LeadError::BadLead)?),
        None => None,
    };
    let home = match &new.billing_address {
        Some(given) => Some(place(tx, given, market).await?.map_err(LeadError::BadLead)?),
        None => None,
    };
    let details = details::changed(tx, funnel.id, &json!({}), &new.details).await.map_err(worse)?;
    let national_id = new.national_id.as_deref().map(lead::national_id).filter(|id| !id.is_empty());
    let organisation = match viewer {
        Viewer::Organisation { id, .. } => Some(*id),
        _ => None,
    };
    let text = search_text(&name, national_id.as_deref(), &people);
    let (now, (kind, by)) = (tx.business_now().await?, hand(viewer));
    let add = ADD_LEAD.query().bind(&new.lead_type).bind(&new.brand).bind(national_id).bind(&name).bind(home);
    let add = add.bind(funnel.id).bind(stage).bind(channel).bind(details).bind(organisation).bind(text);
    let (id,) = add.bind(now).bind(kind).bind(by).fetch_one(&mut *tx).await?;
    for (at, contact) in (1i32..).zip(&people) {
        add_contact(tx, id, at, contact, market).await?;
    }
    stages::put(tx, viewer, Mover::Lead(id), None, stage, None).await?;
    let brand = new.brand.clone();
    Ok(Base { id, brand, billing_name: name, billing_address_id: home, sales_channel_id: channel })
}

/// What is wrong with a detail is wrong with the lead.
fn worse(error: LeadError) -> LeadError {
    match error {
        LeadError::Invalid(why) => LeadError::BadLead(why),
        other => other,
    }
}

async fn barred(tx: &mut Tx, billing_name: &str, people: &[NewContact]) -> Result<(), LeadError> {
    for contact in people {
        let name = format!("{} {} {billing_name}", contact.given_name, contact.family_name);
        let email_domain = Some(contact.email.as_str()).filter(|email| !email.is_empty());
        let entries = Entries { name: Some(&name), email_domain, iban: None };
        if !blocklist::hits(tx, &entries).await?.is_empty() {
            return Err(LeadError::BadLead("The name or the e-mail is barred.".to_owned()));
        }
    }
    Ok(())
}

fn search_text(name: &str, national_id: Option<&str>, people: &[NewContact]) -> String {
    let mut parts = vec![name];
    parts.extend(national_id);
    for contact in people {
        parts.extend(
            [&contact.given_name, &contact.family_name, &contact.email, &contact.phone].map(String::as_str),
        );
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

/// A contact as it is kept; or a sentence.
fn judged(new: &NewContact, market: &Market) -> Result<NewContact, String> {
    let line = |text: &str| contacts::line(text).ok_or("A name is one line of text.");
    let (given_name, family_name) = (line(&new.given_name)?, line(&new.family_name)?);
    let email = new.email.trim().to_owned();
    if !email.is_empty() && !is_address(&email) {
        return Err("This is no e-mail address.".to_owned());
    }
    let phone = match new.phone.trim() {
        "" => String::new(),
        text => contacts::phone(text, Some(&market.code)).ok_or("This is no phone number.")?,
    };
    if email.is_empty() && phone.is_empty() {
        return Err("At least one of phone or email must be provided.".to_owned());
    }
    let language = new.language.as_deref().map(str::trim).filter(|code| !code.is_empty());
    let is_code =
        |code: &&str| code.len() <= 35 && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if language.is_some_and(|code| !is_code(&code)) {
        return Err("A language is a code such as en or de-AT.".to_owned());
    }
    let mut roles = new.roles.clone();
    roles.dedup();
    if roles.is_empty() {
        roles.push("ACCOUNT_HOLDER".to_owned());
    }
    Ok(NewContact {
        given_name,
        family_name,
        email,
        phone,
        roles,
        language: language.map(str::to_owned),
        ..new.clone()
    })
}

async fn add_contact(
    tx: &mut Tx,
    lead: i64,
    at: i32,
    contact: &NewContact,
    market: &Market,
) -> Result<(), LeadError> {
    let home = match &contact.address {
        Some(given) => Some(place(tx, given, market).await?.map_err(LeadError::BadLead)?),
        None => None,
    };
    let add = ADD_CONTACT.query().bind(lead).bind(at).bind(&contact.given_name).bind(&contact.family_name);
    let add = add.bind(&contact.email).bind(&contact.phone).bind(&contact.roles).bind(&contact.language);
    let (id,) = add.bind(home).fetch_one(&mut *tx).await?;
    let (codes, values): (Vec<&String>, Vec<&String>) =
        contact.consents.iter().map(|(code, value)| (code, value)).unzip();
    let is_twice = |(at, code): (usize, &&String)| codes.iter().take(at).any(|before| before == code);
    if codes.iter().enumerate().any(is_twice) {
        return Err(LeadError::BadLead("There are two answers to one consent.".to_owned()));
    }
    if codes.is_empty() {
        return Ok(());
    }
    let now = tx.business_now().await?;
    let add = ADD_CONSENTS.query().bind(id).bind(&codes).bind(&values).bind(&market.code).bind(now);
    if add.fetch_all(&mut *tx).await?.len() < codes.len() {
        return Err(LeadError::BadLead("The market asks for no consent with this code.".to_owned()));
    }
    Ok(())
}
