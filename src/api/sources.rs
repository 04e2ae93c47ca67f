//! The contract as the program carries it: SDL files, editions.

use crate::graphql::{Edition, LoadError};

/// The SDL files, the shared one first.
pub const SDL: [(&str, &str); 12] = [
    ("common.graphql", include_str!("../../schema/common.graphql")),
    ("auth.graphql", include_str!("../../schema/auth.graphql")),
    ("accounts.graphql", include_str!("../../schema/accounts.graphql")),
    ("ledgers.graphql", include_str!("../../schema/ledgers.graphql")),
    ("payments.graphql", include_str!("../../schema/payments.graphql")),
    ("supply.graphql", include_str!("../../schema/supply.graphql")),
    ("leads.graphql", include_str!("../../schema/leads.graphql")),
    ("devices.graphql", include_str!("../../schema/devices.graphql")),
    ("loyalty.graphql", include_str!("../../schema/loyalty.graphql")),
    ("communications.graphql", include_str!("../../schema/communications.graphql")),
    ("operations.graphql", include_str!("../../schema/operations.graphql")),
    ("goods.graphql", include_str!("../../schema/goods.graphql")),
];

const EDITIONS: [(&str, &str); 5] = [
    ("us", include_str!("../../schema/editions/us.json")),
    ("de", include_str!("../../schema/editions/de.json")),
    ("gb", include_str!("../../schema/editions/gb.json")),
    ("jp", include_str!("../../schema/editions/jp.json")),
    ("au", include_str!("../../schema/editions/au.json")),
];

/// The overlay of the edition called `name`; without a name, the merged edition.
///
/// # Errors
/// If there is no such edition.
pub fn edition(name: Option<&str>) -> Result<Edition, LoadError> {
    let Some(name) = name else { return Ok(Edition::default()) };
    let known = EDITIONS.iter().find(|(known, _)| *known == name);
    let (_, text) = known.ok_or_else(|| {
        LoadError::Edition(name.to_owned(), "there is none; try us, de, gb, jp or au".to_owned())
    })?;
    Edition::parse(name, text)
}

/// Every object field that the contract declares, with the area whose file declares it.
///
/// # Errors
/// If a file does not parse.
pub fn declared_fields() -> Result<Vec<(&'static str, String)>, LoadError> {
    let mut all = Vec::new();
    for (file, text) in SDL {
        let area = file.trim_end_matches(".graphql");
        all.extend(crate::graphql::object_fields(file, text)?.into_iter().map(|field| (area, field)));
    }
    Ok(all)
}
