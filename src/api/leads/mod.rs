//! The sales pipeline: leads, opportunities, funnels and channels.

mod funnels;
mod lead;
mod moves;
mod opening;
mod opportunity;
mod quotes;
mod terms;

use serde::Deserialize;
use serde_json::Value;

use super::session::Bindings;
use crate::domain::leads::LeadError;
use crate::domain::leads::details::Item;
use crate::graphql::FieldError;
use crate::graphql::facts::FORBIDDEN;

pub(super) fn bind(b: &mut Bindings) {
    funnels::bind(b);
    lead::bind(b);
    moves::bind(b);
    opening::bind(b);
    opportunity::bind(b);
    quotes::bind(b);
    terms::bind(b);
}

/// There was a problem with updating the opportunity.
const NOT_UPDATED: &str = "KT-CT-8903";
const NO_OPPORTUNITY: &str = "KT-CT-8906";
const NO_LEAD: &str = "KT-CT-8907";
const NO_FUNNEL: &str = "KT-CT-8912";

/// The code of a refusal where it is among those that the operation has, and otherwise `other`.
fn refusal(error: LeadError, own: &[&'static str], other: &'static str) -> FieldError {
    let code = match &error {
        LeadError::Forbidden => return FieldError::code(FORBIDDEN),
        LeadError::BadLead(_) => "KT-CT-8901",
        LeadError::NoOpportunity => NO_OPPORTUNITY,
        LeadError::NoLead => NO_LEAD,
        LeadError::Moved => "KT-CT-8910",
        LeadError::NoFunnel => NO_FUNNEL,
        LeadError::Account(_) => "KT-CT-8913",
        LeadError::NoStage => "KT-CT-8914",
        LeadError::OtherFunnel => "KT-CT-8915",
        LeadError::NeverThere => "KT-CT-8916",
        LeadError::NoStep => "KT-CT-8917",
        LeadError::Needs(_) => "KT-CT-8918",
        LeadError::NoInitialStage => "KT-CT-8919",
        LeadError::Invalid(_) => other,
        LeadError::Database(_) => return FieldError::internal(error),
    };
    let is_told = own.contains(&code);
    let says_why = matches!(error, LeadError::Invalid(_) | LeadError::BadLead(_) | LeadError::Account(_));
    let found = FieldError::code(if is_told { code } else { other });
    if is_told && !says_why { found } else { found.describe(sentence(&error.to_string())) }
}

/// A capital letter in front, a full stop behind.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// A detail as clients give it.
#[derive(Clone, Debug, Default, Deserialize)]
struct DetailInput {
    key: Option<String>,
    value: Option<Value>,
}

/// The details that were given; null is as good as none.
fn items(given: Option<&[Option<DetailInput>]>) -> Vec<Item> {
    let given = given.unwrap_or_default().iter().flatten().cloned();
    given.map(|DetailInput { key, value }| Item { key, value }).collect()
}
