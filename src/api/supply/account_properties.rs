//! The properties of accounts.

use chrono::{DateTime, Utc};

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::Account;
use crate::domain::supply::properties::{self, Property, Which};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.properties", held);
    b.batch("AccountType.previousProperties", previous);
    b.batch("AccountType.allProperties", all);
    b.batch("AccountType.property", one);
}

async fn of_parents(call: Call<'_>, which: Which) -> Result<Vec<Vec<Property>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    properties::of_accounts(&mut view, call.cx.viewer(), &ids, which).await.map_err(FieldError::internal)
}

/// Those held now, or at a moment and later.
async fn held(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let held_since: Option<DateTime<Utc>> = call.arg("activeFrom")?;
    let active = held_since.is_none().then_some(true);
    Ok(of_parents(call, Which { active, held_since }).await?.into_iter().map(Resolved::nodes).collect())
}

async fn previous(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let given_up = Which { active: Some(false), held_since: None };
    Ok(of_parents(call, given_up).await?.into_iter().map(Resolved::nodes).collect())
}

async fn all(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(of_parents(call, Which::default()).await?.into_iter().map(Resolved::nodes).collect())
}

async fn one(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let id: String = call.arg("id")?;
    let id = id.parse::<i64>().ok();
    let found = of_parents(call, Which::default()).await?;
    Ok(found
        .into_iter()
        .map(|held| Resolved::maybe(held.into_iter().find(|property| Some(property.id) == id)))
        .collect())
}
