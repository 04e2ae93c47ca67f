//! `accountContract`, `businessContract`, `contracts` and `contractNoteReasons`.

use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts;
use crate::domain::contracts::{self, Party, Wanted, notes};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.accountContract", of_account);
    b.root("Query.businessContract", of_business);
    b.root("Query.contracts", of_party);
    b.root("Query.contractNoteReasons", reasons);
}

/// No such contract, or none that the viewer may see.
pub(super) const NO_CONTRACT: &str = "KT-CT-10003";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OneOf {
    identifier: Option<String>,
    account_number: Option<String>,
    version: Option<i32>,
}

async fn of_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    one(call, Party::Account).await
}

async fn of_business(call: Call<'_>) -> Result<Resolved, FieldError> {
    one(call, Party::Business).await
}

/// An identifier and an account number must fit one contract.
async fn one(call: Call<'_>, party: Party) -> Result<Resolved, FieldError> {
    let asked: OneOf = call.args()?;
    if asked.identifier.is_none() && asked.account_number.is_none() {
        return Err(FieldError::code("KT-CT-10005"));
    }
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    let account = match &asked.account_number {
        None => None,
        Some(number) => {
            let found = accounts::by_number(&mut view, viewer, number).await.map_err(FieldError::internal)?;
            Some(found.ok_or_else(|| FieldError::code("KT-CT-10006"))?.id)
        }
    };
    let wanted = Wanted {
        identifier: asked.identifier.as_deref(),
        account_number: asked.account_number.as_deref(),
        version: asked.version,
        party: Some(party),
    };
    let found = contracts::find(&mut view, viewer, &wanted, account).await.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(|| FieldError::code(NO_CONTRACT))
}

#[derive(Deserialize)]
struct Filters {
    party: Option<PartyFilter>,
    subject: Option<String>,
}

#[derive(Deserialize)]
struct PartyFilter {
    account: Option<String>,
    business: Option<i64>,
}

async fn of_party(call: Call<'_>) -> Result<Resolved, FieldError> {
    let filters: Filters = call.arg("filters")?;
    if filters.subject.is_some() {
        return Err(FieldError::code("KT-CT-10030"));
    }
    let party = filters.party.ok_or_else(|| FieldError::code("KT-CT-10029"))?;
    if party.account.is_some() == party.business.is_some() {
        return Err(FieldError::code("KT-CT-10031"));
    }
    let mut view = call.cx.read().await?;
    let found =
        contracts::of_party(&mut view, call.cx.viewer(), party.account.as_deref(), party.business).await;
    found.map(Resolved::nodes).map_err(FieldError::internal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activities {
    activity_types: Option<Vec<Option<String>>>,
}

async fn reasons(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Activities { activity_types } = call.args()?;
    let wanted: Option<Vec<String>> = activity_types.map(|types| types.into_iter().flatten().collect());
    let mut view = call.cx.read().await?;
    let found = notes::reasons(&mut view, wanted.as_deref()).await.map_err(FieldError::internal)?;
    Ok(Resolved::nodes(found))
}
