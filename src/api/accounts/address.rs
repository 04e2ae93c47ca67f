//! Addresses in their parts: `RichAddressType` and the inputs that make one.

use serde::Deserialize;
use serde_json::Value;

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::address::{Address, Shown};
use crate::graphql::{FieldError, Leaf, Leaves, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("RichAddressType.asString", as_string);
    b.batch("PropertyRichAddressType.asString", as_string);
    b.leaves("RichAddressType", FIELDS);
    b.leaves("PropertyRichAddressType", FIELDS);
}

const FIELDS: Leaves<Address> = &[
    ("name", |a| part(&a.name)),
    ("organization", |a| part(&a.organization)),
    ("streetAddress", |a| part(&a.street_address)),
    ("structuredStreetAddress", |a| a.structured_street_address.as_ref().into()),
    ("dependentLocality", |a| part(&a.dependent_locality)),
    ("locality", |a| part(&a.locality)),
    ("administrativeArea", |a| part(&a.administrative_area)),
    ("postalCode", |a| part(&a.postal_code)),
    ("sortingCode", |a| part(&a.sorting_code)),
    ("country", |a| part(&a.country)),
    ("deliveryPointIdentifier", |a| part(&a.delivery_point)),
];

/// A part of an address that is not there is null.
fn part(text: &str) -> Leaf<'_> {
    Some(text).filter(|text| !text.is_empty()).into()
}

/// An address as clients give it; `null` is as good as nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::api) struct RichAddress {
    name: Option<String>,
    organization: Option<String>,
    street_address: Option<String>,
    structured_street_address: Option<Value>,
    dependent_locality: Option<String>,
    locality: Option<String>,
    administrative_area: Option<String>,
    postal_code: Option<String>,
    sorting_code: Option<String>,
    country: Option<String>,
    delivery_point_identifier: Option<String>,
}

impl From<RichAddress> for Address {
    fn from(given: RichAddress) -> Self {
        Self {
            name: given.name.unwrap_or_default(),
            organization: given.organization.unwrap_or_default(),
            street_address: given.street_address.unwrap_or_default(),
            structured_street_address: given.structured_street_address,
            dependent_locality: given.dependent_locality.unwrap_or_default(),
            locality: given.locality.unwrap_or_default(),
            administrative_area: given.administrative_area.unwrap_or_default(),
            postal_code: given.postal_code.unwrap_or_default(),
            sorting_code: given.sorting_code.unwrap_or_default(),
            country: given.country.unwrap_or_default(),
            delivery_point: given.delivery_point_identifier.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShownInput {
    show_country: Option<bool>,
    show_name: Option<bool>,
    show_postal_code: Option<bool>,
}

async fn as_string(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let wanted: ShownInput = call.args()?;
    let shown = Shown {
        country: wanted.show_country.unwrap_or(true),
        name: wanted.show_name.unwrap_or(true),
        postal_code: wanted.show_postal_code.unwrap_or(true),
    };
    let addresses = call.parents::<Address>()?;
    Ok(addresses.into_iter().map(|address| Resolved::leaf(address.on_one_line(shown).as_str())).collect())
}
