//! `accountsSearch` and `accountUserSearch`.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::search::{self, Match, Person, Place, SearchError, Weights};
use crate::graphql::{FieldError, Resolved};

/// Terms, weights or the number of results cannot be searched by.
const BAD_TERMS: &str = "KT-CT-4183";
/// Nobody resembles the details enough.
const NOBODY: &str = "KT-CT-1145";
const THRESHOLD: f64 = 0.55;
const RESULTS: i64 = 20;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.accountsSearch", accounts_search);
    b.root("Query.accountUserSearch", account_user_search);
    b.parts::<Match>("AccountSearchItemType", &[("account", |m| Resolved::node(m.account.clone()))]);
    b.leaves::<Match>("AccountSearchItemType", &[("score", |m| m.score.into())]);
    b.dark(&[
        "AccountSearchInputType.statements",
        "AccountSearchInputType.businessName",
        "AccountSearchInputType.businessNumber",
    ]);
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TermsInput {
    account_number: Option<String>,
    portfolio_number: Option<String>,
    account_references: Option<String>,
    urn: Option<String>,
    user: Option<String>,
    account: Option<String>,
    location: Option<String>,
    billing_name: Option<String>,
    telephone_number: Option<String>,
    meter_serial_number: Option<String>,
    mpan: Option<String>,
    mprn: Option<String>,
}

impl TermsInput {
    /// The terms that were given: under what name, where to look, for what.
    fn given(&self) -> Vec<(&'static str, Place, &str)> {
        let all = [
            ("accountNumber", Place::Number, &self.account_number),
            ("portfolioNumber", Place::Portfolio, &self.portfolio_number),
            ("accountReferences", Place::Reference, &self.account_references),
            ("urn", Place::Urn, &self.urn),
            ("user", Place::Person, &self.user),
            ("account", Place::Account, &self.account),
            ("location", Place::Address, &self.location),
            ("billingName", Place::BillingName, &self.billing_name),
            ("telephoneNumber", Place::Phone, &self.telephone_number),
            ("meterSerialNumber", Place::Meter, &self.meter_serial_number),
            ("mpan", Place::Mpan, &self.mpan),
            ("mprn", Place::Mprn, &self.mprn),
        ];
        all.into_iter().filter_map(|(name, place, text)| Some((name, place, text.as_deref()?))).collect()
    }
}

async fn accounts_search(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: TermsInput = call.arg::<Option<TermsInput>>("searchTerms")?.unwrap_or_default();
    let most = call.arg::<Option<i64>>("maxResults")?.unwrap_or(RESULTS);
    let given = input.given();
    let names: Vec<&str> = given.iter().map(|(name, ..)| *name).collect();
    let terms: Vec<(Place, &str)> = given.iter().map(|(_, place, text)| (*place, *text)).collect();
    let mut view = call.cx.read().await?;
    let found = search::accounts(&mut view, call.cx.viewer(), &terms, most).await;
    found.map(Resolved::nodes).map_err(|error| refused(error, "searchTerms", &names))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersonInput {
    given_name: String,
    family_name: String,
    date_of_birth: NaiveDate,
    email: String,
    mobile: String,
    landline: String,
    threshold: Option<f64>,
    search_weight_mappings: Option<WeightsInput>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WeightsInput {
    given_name: Option<f64>,
    family_name: Option<f64>,
    date_of_birth: Option<f64>,
    email: Option<f64>,
    mobile: Option<f64>,
    landline: Option<f64>,
}

impl WeightsInput {
    /// The defaults are those of the schema, for whoever gives no weights at all.
    fn weights(&self) -> Weights {
        Weights {
            given_name: self.given_name.unwrap_or(0.147),
            family_name: self.family_name.unwrap_or(0.104),
            date_of_birth: self.date_of_birth.unwrap_or(0.153),
            email: self.email.unwrap_or(0.209),
            mobile: self.mobile.unwrap_or(0.228),
            landline: self.landline.unwrap_or(0.083),
        }
    }
}

async fn account_user_search(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Option<PersonInput> = call.arg("input")?;
    let input = input.ok_or_else(|| FieldError::code(BAD_TERMS).at_input(&["input"]))?;
    let like = Person {
        given_name: &input.given_name,
        family_name: &input.family_name,
        date_of_birth: input.date_of_birth,
        email: &input.email,
        mobile: &input.mobile,
        landline: &input.landline,
    };
    let threshold = input.threshold.unwrap_or(THRESHOLD);
    let weights = input.search_weight_mappings.unwrap_or_default().weights();
    let mut view = call.cx.read().await?;
    let found = search::person(&mut view, call.cx.viewer(), &like, threshold, &weights).await;
    let found = found.map_err(|error| refused(error, "input", &["givenName", "familyName", "email"]))?;
    found.map(Resolved::node).ok_or_else(|| FieldError::code(NOBODY))
}

/// `names` are those of the terms, in the order in which they were searched.
fn refused(error: SearchError, input: &str, names: &[&str]) -> FieldError {
    let bad = FieldError::code(BAD_TERMS).describe(format!("{error}."));
    match error {
        SearchError::Term(at) => match names.get(at) {
            Some(name) => bad.at_input(&[input, name]),
            None => bad.at_input(&[input]),
        },
        SearchError::NoTerms => bad.at_input(&[input]),
        SearchError::Weights => bad.at_input(&[input, "threshold"]),
        SearchError::Results => bad.at_input(&["maxResults"]),
        SearchError::Database(error) => FieldError::internal(error),
    }
}
