//! `internalCompanies` and `internalCompany`: the companies that the retailer trades as.

use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::companies::{self, CompanyError, InternalCompany};
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.internalCompanies", all);
    b.root("Query.internalCompany", one);
    b.leaves::<InternalCompany>(
        "InternalCompanyType",
        &[
            ("id", |c| c.id.into()),
            ("displayableNumber", |c| (&c.number).into()),
            ("name", |c| (&c.name).into()),
            ("primaryRegistrationNumber", |c| (&c.registration).into()),
            ("secondaryRegistrationNumber", |c| (&c.second_registration).into()),
            ("primaryTaxIdentifierNumber", |c| (&c.tax_number).into()),
        ],
    );
    b.parts::<InternalCompany>("InternalCompanyType", &[("legalAddress", |c| Resolved::maybe(c.seat()))]);
}

async fn all(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let mut view = call.cx.read().await?;
    let page = companies::page(&mut view, call.cx.viewer(), &window).await.map_err(FieldError::internal)?;
    Ok(connection(page, Node::new))
}

#[derive(Deserialize)]
struct Criteria {
    id: Option<String>,
}

async fn one(call: Call<'_>) -> Result<Resolved, FieldError> {
    let criteria: Criteria = call.arg("criteria")?;
    // What is no number is nobody's id.
    let id = criteria.id.and_then(|id| id.parse().ok()).unwrap_or(0);
    let mut view = call.cx.read().await?;
    match companies::by_id(&mut view, call.cx.viewer(), id).await {
        Ok(found) => Ok(Resolved::maybe(found)),
        Err(CompanyError::Forbidden) => Err(FieldError::code("KT-CT-14401")),
        Err(CompanyError::Database(error)) => Err(FieldError::internal(error)),
    }
}
