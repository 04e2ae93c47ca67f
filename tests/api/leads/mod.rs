//! The sales pipeline: who comes in, how sales go on, and what becomes of them.

mod becoming;
mod quotes;
mod reading;
mod selling;

use kraken_api::domain::leads::blocklist::{self, Entries};
use kraken_api::domain::leads::channels::{self, NewChannel};
use kraken_api::domain::leads::making;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::world::Customer;

pub const CREATE: &str = "mutation($i: CreateOpportunityInput!) { createOpportunity(input: $i) {
    opportunityNumber dateOfCreation stage funnelCode } }";
pub const OPPORTUNITY: &str = "query($n: String) { opportunityByNumber(number: $n) {
    opportunityId leadNumber leadType name email phoneNumber number stage extraDetails
    opportunityAddress { line1 line2 line3 line4 line5 postcode countryCode } opportunityRichAddress { locality }
    salesChannel assignedToTeam assignedToUser assignedToUserIdentifier assignedToTeamIdentifier
    assignedToAffiliateNumber consents { code value } funnel { code } notes
    extraDetailItems { key value field { code name fieldType required } }
    supplyPoints { externalIdentifier marketName } } }";
pub const LEAD: &str = "query($n: String) { leadByNumber(number: $n) {
    leadId givenName familyName billingName billingAddress { line1 line2 postcode countryCode } email phoneNumber number
    stage extraDetails brand salesChannel assignedToTeam assignedToUser nationalId leadType accountNumber
    billingRichAddress { streetAddress locality postalCode country } funnel { code } assignedToUserIdentifier
    extraDetailItems { key value field { code } } assignedToTeamIdentifier consents { code value }
    assignedToAffiliateNumber } }";

/// Funnels for leads: one in which they are won, and one that nothing leads out of.
const LEADS: &str = r#"{ "code": "newcomers", "name": "Newcomers", "funnelType": "LEAD", "stages": [
        { "code": "new", "name": "New", "isInitial": true, "next": ["spoken-to", "lost"] },
        { "code": "spoken-to", "name": "Spoken to", "next": ["won", "lost"] },
        { "code": "won", "name": "Won", "needsDetails": true, "outcome": "WON" },
        { "code": "lost", "name": "Lost", "outcome": "LOST" }],
    "fields": [{ "code": "heardOf", "name": "Heard of us by", "fieldType": "STR", "isRequired": true }] }"#;
const REGULARS: &str = r#"{ "code": "regulars", "name": "Regulars", "funnelType": "LEAD", "stages": [
        { "code": "new", "name": "New", "isInitial": true, "next": ["won"] },
        { "code": "won", "name": "Won", "needsDetails": true, "outcome": "WON" }],
    "fields": [{ "code": "heardOf", "name": "Heard of us by", "fieldType": "STR", "isRequired": true }] }"#;
const ENDLESS: &str = r#"{ "code": "endless", "name": "Endless", "funnelType": "LEAD", "stages": [
        { "code": "new", "name": "New", "isInitial": true }] }"#;
/// Funnels for opportunities: of households and businesses, one that nothing can enter, one in the making, one of old.
const HOUSEHOLDS: &str = r#"{ "code": "households", "name": "Households", "funnelType": "OPPORTUNITY", "stages": [
        { "code": "open", "name": "Open", "isInitial": true, "next": ["quoted", "lost"] },
        { "code": "quoted", "name": "Quoted", "needsDetails": true, "next": ["open", "won", "lost"] },
        { "code": "won", "name": "Won", "outcome": "WON" },
        { "code": "lost", "name": "Lost", "outcome": "LOST", "next": ["open"] }],
    "collections": [{ "name": "Use", "description": "What they use.", "fields": [
        { "code": "annualKwh", "name": "kWh a year", "fieldType": "INT", "isRequired": true },
        { "code": "heating", "name": "Heating", "fieldType": "CHOICE", "textChoices": ["gas", "heat pump"] }] }],
    "fields": [{ "code": "promo", "name": "Promotion", "fieldType": "STR", "textRegex": "[A-Z]{4}[0-9]*" },
        { "code": "fax", "name": "Fax", "fieldType": "STR", "isDeprecated": true }] }"#;
const BUSINESSES: &str = r#"{ "code": "businesses", "name": "Businesses", "funnelType": "OPPORTUNITY", "stages": [
        { "code": "open", "name": "Open", "isInitial": true, "next": ["tendered"] },
        { "code": "tendered", "name": "Tendered" }] }"#;
const CLOSED: &str = r#"{ "code": "closed", "name": "Closed", "funnelType": "OPPORTUNITY", "stages": [
        { "code": "open", "name": "Open" }] }"#;
const DRAFT: &str = r#"{ "code": "draft", "name": "Draft", "funnelType": "OPPORTUNITY", "isDraft": true, "stages": [
        { "code": "open", "name": "Open", "isInitial": true }] }"#;
const FORMER: &str = r#"{ "code": "former", "name": "Former", "funnelType": "OPPORTUNITY", "stages": [
        { "code": "open", "name": "Open", "isInitial": true }] }"#;

impl Server {
    /// Makes funnels and channels, and bars a few.
    pub async fn pipeline(&self) {
        let mut tx = self.tx().await;
        for plan in [LEADS, REGULARS, ENDLESS, HOUSEHOLDS, BUSINESSES, CLOSED, DRAFT, FORMER] {
            let plan = serde_json::from_str(plan).expect("a plan");
            making::make(&mut tx, &plan).await.expect("a funnel");
        }
        making::put_status(&mut tx, "former", "DEPRECATED").await.expect("out of use");
        let day = |text: &str| Some(text.parse().expect("a moment"));
        for new in [
            NewChannel { code: "FIELD", name: "Field", description: "At the door.", ..NewChannel::default() },
            NewChannel { code: "STALLS", name: "Stalls", parent: Some("FIELD"), ..NewChannel::default() },
            NewChannel {
                code: "FAIR",
                name: "Spring fair",
                parent: Some("STALLS"),
                from: day("2026-04-01T00:00:00Z"),
                to: day("2026-04-08T00:00:00Z"),
                ..NewChannel::default()
            },
        ] {
            channels::open(&mut tx, &new).await.expect("a channel");
        }
        let barred = Entries {
            name: Some("Mallory Moth"),
            email_domain: Some("mailsink.example"),
            iban: Some("GB29 NWBK 6016 1331 9268 19"),
        };
        blocklist::bar(&mut tx, &barred).await.expect("barred");
        tx.commit().await.expect("committed");
    }

    /// Has somebody open an opportunity. Answers its number and the lead's.
    pub async fn sale(&self, token: &str, input: &Value) -> (String, String) {
        let reply = self.put(token, CREATE, input).await;
        let number = reply.json["data"]["createOpportunity"]["opportunityNumber"].as_str();
        let number = number.unwrap_or_else(|| panic!("{}", reply.json)).to_owned();
        let lead = self.opportunity(token, &number).await["leadNumber"].as_str().expect("a lead").to_owned();
        (lead, number)
    }

    /// An opportunity as somebody sees it.
    pub async fn opportunity(&self, token: &str, number: &str) -> Value {
        self.ask(Some(token), OPPORTUNITY, json!({ "n": number })).await["opportunityByNumber"].clone()
    }

    /// A lead as somebody sees it.
    pub async fn lead(&self, token: &str, number: &str) -> Value {
        self.ask(Some(token), LEAD, json!({ "n": number })).await["leadByNumber"].clone()
    }

    /// The lead that a customer was, which the retailer found, and the opportunity with it.
    pub async fn lead_of(&self, customer: &Customer) -> (String, String) {
        self.pipeline().await;
        let staff = self.member_of_staff("seller@example.org", "billing").await;
        let sale = self.sale(&staff, &household(customer.email)).await;
        let link = sqlx::query("update leads set account_id = $1 where number = $2");
        let link = link.bind(customer.account_id).bind(&sale.0);
        link.execute(self.database.pool()).await.expect("linked");
        sale
    }
}

/// What the text of a `JSONString` says.
pub fn read(text: &Value) -> Value {
    text.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// A household's sale, with the lead that it is with.
pub fn household(email: &str) -> Value {
    json!({ "funnelCode": "households", "name": "Fern Cottage", "lead": {
        "leadType": "DOMESTIC", "brandCode": "OCTOPUS_ENERGY", "nationalId": "qq 12 34 56 c", "salesChannel": "STALLS",
        "billingAddress": { "streetAddress": "1 Fern Lane", "locality": "Bath", "postalCode": "BA1 1AA" },
        "contacts": [
            { "givenName": "Wren", "familyName": "Ashcombe", "email": email, "phoneNumber": "07700 900321",
              "preferredLanguage": "en-GB", "consents": [
                { "code": "MARKETING_PHONE", "value": "ACCEPTED" },
                { "code": "HALF_HOURLY_READINGS", "value": "REJECTED" }] },
            { "givenName": "Hal", "familyName": "Ashcombe", "phoneNumber": "+44 7700 900322",
              "roles": ["OTHER_CONTACT", "LEGAL_CONTACT"],
              "contactAddress": { "streetAddress": "2 Fern Lane", "locality": "Bath", "postalCode": "BA1 1AB" } }] } })
}

/// A way of changing a household's sale before it is opened.
pub fn with(mut input: Value, changes: &Value) -> Value {
    let into = input.as_object_mut().expect("an object");
    into.extend(changes.as_object().expect("changes").clone());
    input
}
