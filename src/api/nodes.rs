//! `node`, and the identifiers that it takes: base64 of `Type:row id`.
//!
//! A type joins by a line in [`LOADERS`] and by answering its `id` with [`global_id`]. Whatever names nothing
//! that the viewer may see is null: an unknown row, a type without a loader, and text that is no identifier.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::communications::{events, ink_changes};
use super::operations::{ATTACHMENT, attachment_by_id};
use super::session::{Bindings, Call};
use super::supply::{ELECTRICITY_METER, GAS_METER, meter_by_id};
use crate::domain::communications::messages::Channel;
use crate::graphql::{BoxFuture, FieldError, Node, Resolved};

/// Finds the object with a row id, if the viewer may see it.
type Loader = for<'a> fn(Call<'a>, i64) -> BoxFuture<'a, Result<Option<Node>, FieldError>>;

/// The types that can be fetched by their identifier alone, by their names in the merged edition.
const LOADERS: [(&str, Loader); 7] = [
    (events::type_name(Channel::Email), |call, id| Box::pin(events::by_id(call, id, Channel::Email))),
    (events::type_name(Channel::Sms), |call, id| Box::pin(events::by_id(call, id, Channel::Sms))),
    (events::type_name(Channel::Letter), |call, id| Box::pin(events::by_id(call, id, Channel::Letter))),
    (ELECTRICITY_METER, |call, id| Box::pin(meter_by_id(call, id, ELECTRICITY_METER))),
    ("InkNote", |call, id| Box::pin(ink_changes::note_by_id(call, id))),
    (GAS_METER, |call, id| Box::pin(meter_by_id(call, id, GAS_METER))),
    (ATTACHMENT, |call, id| Box::pin(attachment_by_id(call, id))),
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.node", node);
}

/// The identifier of a row, good for `node`.
pub(super) fn global_id(type_name: &str, id: i64) -> String {
    STANDARD.encode(format!("{type_name}:{id}"))
}

/// The row id in a text that is one, or an identifier of any type.
pub(super) fn row_id(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| parse(text).map(|(_, row)| row))
}

fn parse(id: &str) -> Option<(String, i64)> {
    let text = String::from_utf8(STANDARD.decode(id).ok()?).ok()?;
    let (type_name, row) = text.split_once(':')?;
    Some((type_name.to_owned(), row.parse().ok()?))
}

async fn node(call: Call<'_>) -> Result<Resolved, FieldError> {
    let id: String = call.arg("id")?;
    let Some((wanted, row)) = parse(&id) else { return Ok(Resolved::Null) };
    let Some((_, load)) = LOADERS.iter().find(|(name, _)| *name == wanted) else { return Ok(Resolved::Null) };
    Ok(load(call, row).await?.map_or(Resolved::Null, Resolved::Node))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_back() {
        assert_eq!(global_id("EmailEventType", 50001), "RW1haWxFdmVudFR5cGU6NTAwMDE=");
        assert_eq!(parse(&global_id("A", 7)), Some(("A".to_owned(), 7)));
        assert_eq!([row_id("7"), row_id("QTo3"), row_id("seven")], [Some(7), Some(7), None]);
        for odd in [
            "",
            "A:7",
            "QTo=",
            "QTo3Nw",
            &STANDARD.encode("A:99999999999999999999"),
            &STANDARD.encode([0xff]),
        ] {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }
}
