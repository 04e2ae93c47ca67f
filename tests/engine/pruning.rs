//! What nothing answers for is cut from the schema, to a fixed point.

use apollo_compiler::Schema;
use kraken_api::graphql::{Bindings, Engine, Node, Rate, Resolved};
use serde_json::json;

use super::support::{Cx, batch, data, engine, refusal, root};

struct Row;

fn served(engine: &Engine<Cx>) -> Schema {
    let sdl = engine.sdl();
    async_graphql::parser::parse_schema(&sdl).expect("async-graphql reads the served schema");
    Schema::parse_and_validate(sdl, "served.graphql").expect("the served schema is valid").into_inner()
}

fn fields(schema: &Schema, name: &str) -> Vec<String> {
    use apollo_compiler::schema::ExtendedType;
    match schema.types.get(name) {
        Some(ExtendedType::Object(object)) => object.fields.keys().map(ToString::to_string).collect(),
        Some(ExtendedType::Interface(interface)) => {
            interface.fields.keys().map(ToString::to_string).collect()
        }
        Some(ExtendedType::InputObject(input)) => input.fields.keys().map(ToString::to_string).collect(),
        Some(ExtendedType::Union(union)) => union.members.iter().map(|member| member.to_string()).collect(),
        Some(ExtendedType::Enum(values)) => values.values.keys().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

fn has(schema: &Schema, name: &str) -> bool {
    schema.types.contains_key(name)
}

/// One root field that leads to a row.
fn with_root(coordinate: &'static str) -> Bindings<Cx> {
    let mut bindings = Bindings::default();
    root(&mut bindings, coordinate, |_| Ok(Resolved::node(Row)));
    bindings
}

#[test]
fn a_chain_of_unbound_types_vanishes() {
    let sdl = "type Query { a: A other: B } type A { x: Int b: B } type B { c: C } type C { d: D } type D { y: Int }";
    let mut bindings = with_root("Query.a");
    bindings.leaves::<Row>("A", &[("x", |_| 1.into())]);
    let engine = engine(sdl, &bindings);
    let schema = served(&engine);
    assert_eq!(fields(&schema, "Query"), ["a"]);
    assert_eq!(fields(&schema, "A"), ["x"]);
    assert!(!has(&schema, "B") && !has(&schema, "C") && !has(&schema, "D"));
    let mut dark = engine.dark().to_vec();
    dark.sort();
    assert_eq!(dark, ["A.b", "B.c", "C.d", "D.y", "Query.other"]);
}

#[test]
fn an_interface_keeps_a_field_only_if_every_served_implementer_answers_for_it() {
    let sdl = "type Query { shape: Shape }
        interface Shape { name: String area: Float sides: Int }
        type Circle implements Shape { name: String area: Float sides: Int }
        type Square implements Shape { name: String area: Float sides: Int }
        type Blob implements Shape { name: String area: Float sides: Int }";
    let mut bindings = with_root("Query.shape");
    bindings
        .leaves::<Row>("Circle", &[("name", |_| "c".into()), ("area", |_| 1.0.into())])
        .leaves::<Row>("Square", &[("name", |_| "s".into()), ("sides", |_| 4.into())]);
    let schema = served(&engine(sdl, &bindings));
    // Nothing of a blob is served, so that it does not count.
    assert_eq!(fields(&schema, "Shape"), ["name"]);
    assert_eq!(fields(&schema, "Circle"), ["name", "area"]);
    assert_eq!(fields(&schema, "Square"), ["name", "sides"]);
    assert!(!has(&schema, "Blob"));
}

#[test]
fn an_interface_without_a_common_field_vanishes_from_its_implementers() {
    let sdl = "type Query { circle: Circle square: Square }
        interface Shape { area: Float sides: Int }
        interface Deep implements Shape { area: Float sides: Int depth: Int }
        type Circle implements Shape & Deep { area: Float sides: Int depth: Int }
        type Square implements Shape { area: Float sides: Int }";
    let mut bindings = with_root("Query.circle");
    root(&mut bindings, "Query.square", |_| Ok(Resolved::node(Row)));
    bindings
        .leaves::<Row>("Circle", &[("area", |_| 1.0.into()), ("depth", |_| 1.into())])
        .leaves::<Row>("Square", &[("sides", |_| 4.into())]);
    let schema = served(&engine(sdl, &bindings));
    assert!(!has(&schema, "Shape"));
    // It stays by itself: what it implemented is gone.
    assert_eq!(fields(&schema, "Deep"), ["area", "depth"]);
}

#[test]
fn a_union_loses_the_members_that_are_not_served() {
    let sdl = "type Query { pet: Pet } union Pet = Cat | Dog | Fish type Cat { name: String } type Dog { name: String }
        type Fish { name: String }";
    let mut bindings = with_root("Query.pet");
    bindings
        .leaves::<Row>("Cat", &[("name", |_| "c".into())])
        .leaves::<Row>("Fish", &[("name", |_| "f".into())]);
    assert_eq!(fields(&served(&engine(sdl, &bindings)), "Pet"), ["Cat", "Fish"]);
}

#[tokio::test]
async fn inputs_arguments_and_enum_values_left_out_are_unknown_to_clients() {
    let sdl = "type Query { find(by: By, unit: Unit, old: Old, limit: Int = 3): String }
        input By { name: String age: Int old: Old } input Old { year: Int } enum Unit { KWH MWH }";
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.find", |call| {
        Ok(Resolved::leaf(serde_json::to_string(call.raw_args()).unwrap_or_default()))
    });
    bindings.dark(&["Old.year", "By.age", "Unit.MWH", "Query.find.limit"]);
    let engine = engine(sdl, &bindings);
    let schema = served(&engine);
    assert_eq!(fields(&schema, "By"), ["name"]);
    assert_eq!(fields(&schema, "Unit"), ["KWH"]);
    assert!(
        !has(&schema, "Old"),
        "an input without fields is gone, with the argument and the field of its type"
    );
    assert_eq!(
        data(&engine, "{ find(by: {name: \"x\"}, unit: KWH) }").await,
        json!({ "find": "{\"by\":{\"name\":\"x\"},\"unit\":\"KWH\"}" })
    );
    for (query, message) in [
        ("{ find(limit: 1) }", "Unknown argument 'limit' on field 'Query.find'."),
        ("{ find(old: {year: 1}) }", "Unknown argument 'old' on field 'Query.find'."),
        ("{ find(by: {age: 1}) }", "Field 'age' is not defined by type 'By'."),
        ("{ find(unit: MWH) }", "Value 'MWH' does not exist in 'Unit' enum."),
    ] {
        assert_eq!(refusal(&engine, query).await, message);
    }
}

#[test]
fn what_no_root_leads_to_vanishes_even_where_it_is_bound() {
    let sdl = "type Query { a: A } type Mutation { change(input: In): A } type A { x: Int } type Island { y: Int self: Island }
        scalar Lonely enum Alone { ONE } input In { x: Int }";
    let mut bindings = with_root("Query.a");
    bindings.leaves::<Row>("A", &[("x", |_| 1.into())]).leaves::<Row>("Island", &[("y", |_| 1.into())]);
    batch(&mut bindings, "Island.self", |_| Ok(Vec::new()));
    let schema = served(&engine(sdl, &bindings));
    for name in ["Island", "Lonely", "Alone", "In", "Mutation"] {
        assert!(!has(&schema, name), "{name} is still there");
    }
    assert!(schema.schema_definition.mutation.is_none());
}

#[tokio::test]
async fn a_type_that_leads_to_itself_is_served() {
    let sdl = "type Query { a: A } type A { x: Int next: A }";
    let mut bindings = with_root("Query.a");
    bindings
        .leaves::<Row>("A", &[("x", |_| 1.into())])
        .parts::<Row>("A", &[("next", |_| Resolved::Node(Node::new(Row)))]);
    let engine = engine(sdl, &bindings);
    assert_eq!(
        data(&engine, "{ a { next { next { x } } } }").await,
        json!({ "a": { "next": { "next": { "x": 1 } } } })
    );
}

#[tokio::test]
async fn the_servers_own_directives_are_read_and_stay_unseen() {
    let sdl = "directive @errors(codes: [String!]!) on FIELD_DEFINITION
        directive @access(to: [Viewer!]!) on FIELD_DEFINITION
        directive @cost(weight: Int!) on FIELD_DEFINITION
        enum Viewer { ANYONE STAFF }
        type Query {
          \"An open field.\"
          open: Int @access(to: [ANYONE]) @errors(codes: [\"KT-CT-4177\"])
          closed: Int @cost(weight: 5) @deprecated(reason: \"Old.\")
        }";
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.open", |_| Ok(Resolved::leaf(1)));
    root(&mut bindings, "Query.closed", |_| Ok(Resolved::leaf(2)));
    let engine = engine(sdl, &bindings);
    let answer = data(
        &engine,
        "{ __schema { directives { name } types { name } } __type(name: \"Query\") {
            fields(includeDeprecated: true) { name description isDeprecated } } }",
    )
    .await;
    let directives = answer["__schema"]["directives"].to_string();
    assert!(directives.contains("skip") && directives.contains("deprecated"), "{directives}");
    for own in ["errors", "access", "cost"] {
        assert!(!directives.contains(own), "{own} is shown: {directives}");
    }
    assert!(!answer["__schema"]["types"].to_string().contains("Viewer"));
    let fields = answer["__type"]["fields"].as_array().expect("fields");
    assert_eq!(
        fields[0]["description"],
        "An open field.\n\nThe possible errors that can be raised are:\n\n- KT-CT-4177: Unauthorized.\n\
         - KT-CT-1113: Disabled GraphQL field requested."
    );
    assert_eq!(
        fields[1]["description"],
        "The possible errors that can be raised are:\n\n- KT-CT-1113: Disabled GraphQL field requested.\n\
         - KT-CT-1111: Unauthorized.\n- KT-CT-1112: 'Authorization' header not provided."
    );
    assert_eq!(fields[1]["isDeprecated"], true);
    let facts = engine.model().root_facts(false, "closed").expect("facts");
    assert_eq!((facts.weight, facts.deprecated, facts.is_guarded()), (Some(5), true, true));
}

#[tokio::test]
async fn how_often_a_field_may_be_tried_is_read_and_stays_unseen() {
    let sdl = "directive @rate(limit: Int!, seconds: Int!) on FIELD_DEFINITION
        type Query { slow: Int @rate(limit: 5, seconds: 30) quick: Int }";
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.slow", |_| Ok(Resolved::leaf(1)));
    root(&mut bindings, "Query.quick", |_| Ok(Resolved::leaf(2)));
    let engine = engine(sdl, &bindings);
    let rate = |name| engine.model().root_facts(false, name).and_then(|facts| facts.rate);
    assert_eq!(rate("slow"), Some(Rate { limit: 5, seconds: 30 }));
    assert_eq!(rate("quick"), None);
    assert!(!engine.sdl().contains("rate"), "{}", engine.sdl());
}
