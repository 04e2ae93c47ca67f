//! What further is known about a lead or an opportunity: values by key, some of them fields of its funnel.

use serde_json::{Map, Value};

use super::fields;
use super::funnels::{self, Field};
use super::{LeadError, opportunities};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, statement};

/// Most details of one lead or opportunity.
const MOST: usize = 200;
/// Longest key and longest value that is no field's, in characters of its JSON.
const LONGEST: (usize, usize) = (64, 2_000);

/// A detail to be set, or with null as its value taken away.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// Its key.
    pub key: Option<String>,
    /// Its value.
    pub value: Option<Value>,
}

/// A detail as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtraDetail {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// The field that it is, if the funnel has one.
    pub field: Option<Field>,
}

statement!(static KEEP: () = "update opportunities set details = $2 where id = $1");

/// The details after a change, all or none.
pub(super) async fn changed(
    tx: &mut Tx,
    funnel: i64,
    known: &Value,
    items: &[Item],
) -> Result<Value, LeadError> {
    let mut all = known.as_object().cloned().unwrap_or_default();
    if items.is_empty() {
        return Ok(Value::Object(all));
    }
    let fields = funnels::fields(tx, &[funnel], false).await?.pop().unwrap_or_default();
    for item in items {
        let key = item.key.as_deref().unwrap_or_default();
        let Some(value) = item.value.as_ref().filter(|value| !value.is_null()) else {
            all.remove(key);
            continue;
        };
        let kept = match fields.iter().find(|field| field.code == key) {
            Some(field) if field.is_deprecated => Err(format!("{} is no longer asked.", field.name)),
            Some(field) => fields::judged(tx, field, value).await?,
            None => loose(key, value),
        };
        all.insert(key.to_owned(), kept.map_err(LeadError::Invalid)?);
    }
    if all.len() > MOST {
        return Err(LeadError::Invalid(format!("There are at most {MOST} details.")));
    }
    Ok(Value::Object(all))
}

/// A detail that is no field's.
fn loose(key: &str, value: &Value) -> Result<Value, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let (longest, most) = LONGEST;
    if key.is_empty() || key.len() > longest || !key.chars().all(is_plain) {
        return Err("A key is made of up to 64 letters, digits, dots, hyphens and underscores.".to_owned());
    }
    if value.to_string().chars().count() > most {
        return Err(format!("{key} is longer than {most} characters."));
    }
    Ok(value.clone())
}

/// Names of the fields that are required and not there.
pub(super) async fn missing(
    tx: &mut Tx,
    funnel: i64,
    details: &Value,
) -> Result<Option<String>, sqlx::Error> {
    let fields = funnels::fields(tx, &[funnel], false).await?.pop().unwrap_or_default();
    let is_missing = |field: &&Field| {
        field.is_required && !field.is_deprecated && details.get(&field.code).is_none_or(Value::is_null)
    };
    let names: Vec<&str> = fields.iter().filter(is_missing).map(|field| field.name.as_str()).collect();
    Ok((!names.is_empty()).then(|| names.join(", ")))
}

/// The details of each of these, given as funnel and values, by key. One statement.
///
/// # Errors
/// Those of the database.
pub async fn items(tx: &mut Tx, of: &[(i64, &Value)]) -> Result<Vec<Vec<ExtraDetail>>, sqlx::Error> {
    let ids: Vec<i64> = of.iter().map(|(funnel, _)| *funnel).collect();
    let fields = funnels::fields(tx, &ids, false).await?;
    let shown = |(fields, (_, details)): (Vec<Field>, &(i64, &Value))| {
        let details: Map<String, Value> = details.as_object().cloned().unwrap_or_default();
        let detail = |(key, value): (String, Value)| {
            let field = fields.iter().find(|field| field.code == key).cloned();
            ExtraDetail { key, value, field }
        };
        let mut all: Vec<ExtraDetail> = details.into_iter().map(detail).collect();
        all.sort_by(|one, other| one.key.cmp(&other.key));
        all
    };
    Ok(fields.into_iter().zip(of).map(shown).collect())
}

/// Changes details of an opportunity, all or none, and answers them all.
///
/// # Errors
/// `Forbidden`, `NoOpportunity`, `Invalid`.
pub async fn change(tx: &mut Tx, viewer: &Viewer, number: &str, items: &[Item]) -> Result<Value, LeadError> {
    let held = opportunities::hold(tx, viewer, number).await?;
    let details = changed(tx, held.funnel_id, &held.details, items).await?;
    if details != held.details {
        KEEP.command().bind(held.id).bind(&details).execute(&mut *tx).await?;
    }
    Ok(details)
}
