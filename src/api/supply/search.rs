//! `propertySearch`, `propertiesSearch` and `addressSuggestions`.

use super::BAD_INPUT;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::premises::{self, Premise};
use crate::domain::supply::search::{self, Found, SearchError};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.propertySearch", property_search);
    b.root("Query.propertiesSearch", properties_search);
    b.root("Query.addressSuggestions", address_suggestions);
    b.leaves::<Premise>(
        "AddressSuggestionType",
        &[
            ("esiId", |p| (&p.esi_id).into()),
            ("houseNumber", |p| p.house_number().into()),
            ("address", |p| (&p.address).into()),
            ("address2", |p| (&p.address2).into()),
            ("city", |p| (&p.city).into()),
            ("postCode", |p| (&p.zip).into()),
            ("state", |p| (&p.state).into()),
            ("serviceProvider", |p| (&p.network).into()),
            ("loadZone", |p| (&p.load_zone).into()),
            ("meterType", |p| (&p.meter).into()),
            ("premiseType", |p| (&p.kind).into()),
        ],
    );
    b.parts::<Premise>(
        "AddressSuggestionType",
        &[("isCustomer", |p| Resolved::node(Supplied(p.is_supplied)))],
    );
    b.leaves::<Supplied>("OeCustomerOutput", &[("isOeCustomer", |s| s.0.into())]);
    b.leaves::<Found>("PropertySearchResult", &[("score", |found| found.score.into())]);
    b.parts::<Found>("PropertySearchResult", &[("property", |found| Resolved::node(found.property.clone()))]);
}

/// Whether somebody whom the viewer knows is supplied at an address.
struct Supplied(bool);

fn unsearched(error: SearchError) -> FieldError {
    match error {
        SearchError::Term => {
            FieldError::code(BAD_INPUT).describe(format!("{error}.")).at_input(&["searchTerm"])
        }
        SearchError::Database(error) => FieldError::internal(error),
    }
}

async fn search(call: Call<'_>) -> Result<Vec<Found>, FieldError> {
    let term: String = call.arg("searchTerm")?;
    let mut view = call.cx.read().await?;
    search::properties(&mut view, call.cx.viewer(), &term).await.map_err(unsearched)
}

async fn address_suggestions(call: Call<'_>) -> Result<Resolved, FieldError> {
    let term: String = call.arg("searchTerm")?;
    let mut view = call.cx.read().await?;
    let found = premises::suggest(&mut view, call.cx.viewer(), &term).await.map_err(unsearched)?;
    Ok(Resolved::nodes(found))
}

async fn property_search(call: Call<'_>) -> Result<Resolved, FieldError> {
    Ok(Resolved::nodes(search(call).await?.into_iter().map(|found| found.property)))
}

async fn properties_search(call: Call<'_>) -> Result<Resolved, FieldError> {
    Ok(Resolved::nodes(search(call).await?))
}
