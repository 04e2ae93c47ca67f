//! `postalAreas`.

use crate::api::session::{Bindings, Call};
use crate::domain::supply::postal_areas::{self, PostalArea, PostcodeError};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.postalAreas", of_postcode);
    b.leaves::<PostalArea>(
        "PostalArea",
        &[
            ("postcode", |a| (&a.postcode).into()),
            ("prefecture", |a| (&a.prefecture).into()),
            ("city", |a| (&a.city).into()),
            ("area", |a| (&a.area).into()),
        ],
    );
}

async fn of_postcode(call: Call<'_>) -> Result<Resolved, FieldError> {
    let postcode: String = call.arg("postcode")?;
    let mut view = call.cx.read().await?;
    let found = postal_areas::find(&mut view, &postcode).await.map_err(|error| match error {
        PostcodeError::Form => {
            FieldError::code("KT-JP-4601").describe(format!("{error}.")).at_input(&["postcode"])
        }
        PostcodeError::Database(error) => FieldError::internal(error),
    })?;
    Ok(Resolved::nodes(found))
}
