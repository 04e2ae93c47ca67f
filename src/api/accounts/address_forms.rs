//! `addressFields`: forms for addresses.

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::address_forms::{self, Field, Group, Kind};
use crate::graphql::{FieldError, Node, Resolved};

/// A form.
struct Form(Vec<Group>);

/// A value that can be chosen.
#[derive(Clone)]
struct Choice(String, String);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.addressFields", form);
    b.parts::<Form>(
        "AddressFieldDescriptorType",
        &[("fieldGroups", |f| Resolved::nodes(f.0.iter().cloned()))],
    );
    b.leaves::<Group>("AddressFieldGroupType", &[("name", |g| g.name.into()), ("label", |g| g.label.into())]);
    b.parts::<Group>("AddressFieldGroupType", &[("fields", |g| Resolved::nodes(g.fields.iter().cloned()))]);
    b.leaves::<Field>(
        "AddressFieldConfigType",
        &[
            ("name", |f| (&f.name).into()),
            ("label", |f| (&f.label).into()),
            ("fieldType", |f| kind(f.kind).into()),
        ],
    );
    b.parts::<Field>(
        "AddressFieldConfigType",
        &[
            ("validation", |f| Resolved::Node(Node::typed("AddressFieldValidationRuleType", f.clone()))),
            ("options", choices),
        ],
    );
    b.leaves::<Field>(
        "AddressFieldValidationRuleType",
        &[
            ("required", |f| f.is_required.into()),
            ("maxLength", |f| f.max_length().into()),
            ("regex", |f| (&f.form).into()),
        ],
    );
    b.leaves::<Choice>(
        "AddressFieldOptionType",
        &[("value", |c| (&c.0).into()), ("label", |c| (&c.1).into())],
    );
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "TEXT",
        Kind::Lines => "TEXTAREA",
        Kind::Choice => "SELECT",
    }
}

/// Null where any text will do.
fn choices(field: &Field) -> Resolved {
    if field.kind != Kind::Choice {
        return Resolved::Null;
    }
    Resolved::nodes(field.choices.iter().map(|(value, label)| Choice(value.clone(), label.clone())))
}

async fn form(call: Call<'_>) -> Result<Resolved, FieldError> {
    let country: String = call.arg("addressFieldDescriptorId")?;
    Ok(Resolved::maybe(address_forms::of(&country).map(Form)))
}
