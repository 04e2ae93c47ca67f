//! Contradictions between schema and bindings stop the start, each with its own sentence.

use kraken_api::graphql::{Bindings, Edition, Leaf, Resolved};

use super::support::{Cx, batch, load, root};

const SDL: &str = "
    directive @errors(codes: [String!]!) on FIELD_DEFINITION
    type Query { account(number: String): Account unit: Unit shop: Shop odd: Odd find(by: Empty!): Account }
    type Mutation { open(input: Open): Account }
    type Account { number: String owner: Owner shops: [Shop] }
    type Owner { name: String }
    type Nobody { name: String }
    interface Shop { name: String }
    union Odd = Nobody
    enum Unit { KWH }
    enum Gone { ONLY }
    input Empty { gone: Gone }
    input Open { number: String how: Gone }
";

struct Row;

type Build = fn(&mut Bindings<Cx>);

fn said(build: Build) -> String {
    let mut bindings = Bindings::default();
    build(&mut bindings);
    load(SDL, &Edition::default(), &bindings).err().map_or_else(|| "it starts".into(), |e| e.to_string())
}

fn account(bindings: &mut Bindings<Cx>) {
    root(bindings, "Query.account", |_| Ok(Resolved::node(Row)));
    bindings.leaves::<Row>("Account", &[("number", |_| "A".into())]);
}

#[test]
fn bindings_that_fit_start() {
    assert_eq!(said(account), "it starts");
}

#[test]
fn a_resolver_for_a_field_that_does_not_exist_stops_the_start() {
    let build: Build = |b| {
        account(b);
        root(b, "Query.acount", |_| Ok(Resolved::Null));
    };
    assert_eq!(said(build), "Query.acount is bound, but the schema has no such field");
}

#[test]
fn a_plain_field_that_does_not_exist_stops_the_start() {
    let build: Build = |b| {
        account(b);
        b.leaves::<Row>("Account", &[("numbr", |_| Leaf::Null)]);
    };
    assert_eq!(said(build), "Account.numbr is bound, but the schema has no such field");
}

#[test]
fn a_binding_for_a_type_that_does_not_exist_stops_the_start() {
    let build: Build = |b| {
        b.leaves::<Row>("Acount", &[("number", |_| Leaf::Null)]);
    };
    assert_eq!(said(build), "Acount.number is bound, but the schema has no such field");
}

#[test]
fn a_coordinate_without_a_dot_stops_the_start() {
    let build: Build = |b| root(b, "account", |_| Ok(Resolved::Null));
    assert_eq!(said(build), "account is bound, but the schema has no such field");
}

#[test]
fn an_object_bound_as_a_plain_value_stops_the_start() {
    let build: Build = |b| {
        account(b);
        b.leaves::<Row>("Account", &[("owner", |_| Leaf::Null)]);
    };
    assert_eq!(
        said(build),
        "Account.owner is bound as a plain value, but its type Owner has fields of its own"
    );
}

#[test]
fn a_plain_value_bound_as_an_object_stops_the_start() {
    let build: Build = |b| {
        account(b);
        b.parts::<Row>("Account", &[("number", |_| Resolved::Null)]);
    };
    // Bound twice would be said first if the plain table were read before the kind is looked at.
    assert_eq!(said(build), "Account.number is bound twice");
    let build: Build = |b| {
        b.parts::<Row>("Account", &[("number", |_| Resolved::Null)]);
    };
    assert_eq!(
        said(build),
        "Account.number is bound as an object of its row, but its type String is a plain value"
    );
}

#[test]
fn an_interface_without_implementers_stops_the_start() {
    let build: Build = |b| {
        account(b);
        root(b, "Query.shop", |_| Ok(Resolved::Null));
    };
    assert_eq!(said(build), "Query.shop is bound, but no type that is served implements its interface Shop");
}

#[test]
fn a_field_whose_type_serves_nothing_stops_the_start() {
    let build: Build = |b| {
        account(b);
        b.parts::<Row>("Account", &[("owner", |_| Resolved::Null)]);
    };
    assert_eq!(said(build), "Account.owner is bound, but nothing of its type Owner is");
    let build: Build = |b| {
        account(b);
        root(b, "Query.odd", |_| Ok(Resolved::Null));
    };
    assert_eq!(said(build), "Query.odd is bound, but nothing of its type Odd is");
}

#[test]
fn a_required_argument_left_out_stops_the_start() {
    let build: Build = |b| {
        account(b);
        root(b, "Query.find", |_| Ok(Resolved::Null));
        b.dark(&["Gone.ONLY"]);
    };
    assert_eq!(said(build), "Query.find is bound, but its required argument by is left out");
}

#[test]
fn leaving_out_what_is_not_there_stops_the_start() {
    for (coordinate, build) in [
        ("Account.owner", (|b| _ = b.dark(&["Account.owner"])) as Build),
        ("Query.account.name", |b| _ = b.dark(&["Query.account.name"])),
        ("Unit.MWH", |b| _ = b.dark(&["Unit.MWH"])),
        ("Open.numbr", |b| _ = b.dark(&["Open.numbr"])),
        ("Nothing", |b| _ = b.dark(&["Nothing"])),
    ] {
        let expected = format!(
            "{coordinate} is left out, but the schema has no such argument, input field or enum value"
        );
        assert_eq!(said(build), expected);
    }
}

#[test]
fn a_field_bound_twice_stops_the_start() {
    let by_tables: Build = |b| {
        account(b);
        b.leaves::<Row>("Account", &[("number", |_| Leaf::Null)]);
    };
    let by_both: Build = |b| {
        account(b);
        batch(b, "Account.number", |_| Ok(Vec::new()));
    };
    assert_eq!(said(by_tables), "Account.number is bound twice");
    assert_eq!(said(by_both), "Account.number is bound twice");
    let by_resolvers: Build = |b| {
        account(b);
        root(b, "Query.account", |_| Ok(Resolved::Null));
    };
    assert_eq!(said(by_resolvers), "Query.account is bound twice");
}

#[test]
fn tables_of_one_object_over_two_types_of_rows_stop_the_start() {
    let build: Build = |b| {
        account(b);
        b.leaves::<Row>("Owner", &[("name", |_| "x".into())]);
        b.parts::<String>("Account", &[("owner", |_| Resolved::node(Row))]);
    };
    let message = said(build);
    assert!(message.starts_with("Account is bound to rows of two types, "), "{message}");
    assert!(message.contains("startup::Row") && message.contains("String"), "{message}");
}

#[test]
fn a_handler_that_answers_once_below_the_roots_stops_the_start() {
    let build: Build = |b| {
        account(b);
        b.leaves::<Row>("Owner", &[("name", |_| "x".into())]);
        root(b, "Account.owner", |_| Ok(Resolved::Null));
    };
    assert_eq!(
        said(build),
        "Account.owner is bound to a handler that answers once, but only fields of Query and Mutation are asked \
         once"
    );
}

#[test]
fn a_schema_of_which_nothing_is_bound_stops_the_start() {
    assert_eq!(said(|_| {}), "no field of Query is bound");
}

#[test]
fn an_sdl_that_does_not_parse_stops_the_start_with_the_place() {
    let bindings = Bindings::<Cx>::default();
    let error = load("type Query {", &Edition::default(), &bindings).err().map(|e| e.to_string());
    let error = error.unwrap_or_default();
    assert!(error.starts_with("the schema does not parse: "), "{error}");
    assert!(error.contains("test.graphql"), "{error}");
}

#[test]
fn a_default_that_does_not_fit_its_type_stops_the_start() {
    let sdl = "type Query { a(when: Date = \"tomorrow\"): Int } scalar Date";
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.a", |_| Ok(Resolved::Null));
    let error = load(sdl, &Edition::default(), &bindings).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(error.contains("default of Query.when") && error.contains("tomorrow"), "{error}");
}

#[test]
fn defaults_that_contain_each_other_stop_the_start() {
    let sdl = "type Query { a(in: One): Int } input One { two: Two = {} } input Two { one: One = {} }";
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.a", |_| Ok(Resolved::Null));
    let error = load(sdl, &Edition::default(), &bindings).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(error.contains("the defaults of input fields contain each other without an end"), "{error}");
}
