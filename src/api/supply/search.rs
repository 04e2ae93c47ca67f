//! `propertySearch` and `propertiesSearch`.

use super::BAD_INPUT;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::search::{self, Found, SearchError};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.propertySearch", property_search);
    b.root("Query.propertiesSearch", properties_search);
    b.leaves::<Found>("PropertySearchResult", &[("score", |found| found.score.into())]);
    b.parts::<Found>("PropertySearchResult", &[("property", |found| Resolved::node(found.property.clone()))]);
}

async fn search(call: Call<'_>) -> Result<Vec<Found>, FieldError> {
    let term: String = call.arg("searchTerm")?;
    let mut view = call.cx.read().await?;
    search::properties(&mut view, call.cx.viewer(), &term).await.map_err(|error| match error {
        SearchError::Term => {
            FieldError::code(BAD_INPUT).describe(format!("{error}.")).at_input(&["searchTerm"])
        }
        SearchError::Database(error) => FieldError::internal(error),
    })
}

async fn property_search(call: Call<'_>) -> Result<Resolved, FieldError> {
    Ok(Resolved::nodes(search(call).await?.into_iter().map(|found| found.property)))
}

async fn properties_search(call: Call<'_>) -> Result<Resolved, FieldError> {
    Ok(Resolved::nodes(search(call).await?))
}
