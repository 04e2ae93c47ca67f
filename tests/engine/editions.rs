//! Editions: other names, other signatures, more definitions.

use kraken_api::graphql::{Bindings, Edition, Node, Resolved};
use serde_json::json;

use super::support::{Cx, body, data, load, refusal, root};

const SDL: &str = "
    type Query { account: AccountType any: Thing add(input: AddInput, unit: Unit): Int }
    interface Named { name: String }
    union Thing = AccountType | Plant
    type AccountType implements Named { name: String other: AccountType }
    type Plant { height: Int }
    enum Unit { KWH }
    scalar Colour
    input AddInput { unit: Unit, colour: Colour }
";

struct Row;

fn bindings() -> Bindings<Cx> {
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.account", |_| Ok(Resolved::node(Row)));
    root(&mut bindings, "Query.any", |_| Ok(Resolved::Node(Node::typed("AccountType", Row))));
    root(&mut bindings, "Query.add", |_| Ok(Resolved::leaf(1)));
    bindings
        .leaves::<Row>("AccountType", &[("name", |_| "Ada".into())])
        .parts::<Row>("AccountType", &[("other", |_| Resolved::node(Row))])
        .leaves::<Row>("Plant", &[("height", |_| 3.into())]);
    bindings
}

fn edition(text: &str) -> Edition {
    Edition::parse("test.json", text).expect("the edition is well formed")
}

fn said(text: &str) -> String {
    let edition = match Edition::parse("test.json", text) {
        Ok(edition) => edition,
        Err(error) => return error.to_string(),
    };
    load(SDL, &edition, &bindings()).err().map_or_else(|| "it starts".into(), |e| e.to_string())
}

#[tokio::test]
async fn a_renamed_type_has_its_new_name_everywhere_and_rows_keep_the_old_tag() {
    let edition = edition(
        r#"{"renames": {"AccountType": "Account", "Unit": "Unity", "Colour": "Color", "AddInput": "Add"}}"#,
    );
    let engine = load(SDL, &edition, &bindings()).expect("the edition loads");
    let answer = data(
        &engine,
        "query ($add: Add, $unit: Unity) { account { __typename other { __typename } }
         any { __typename ... on Account { name } ... on Plant { height } }
         add(input: $add, unit: $unit) __type(name: \"Account\") { name } }",
    )
    .await;
    assert_eq!(answer["account"], json!({ "__typename": "Account", "other": { "__typename": "Account" } }));
    assert_eq!(answer["any"], json!({ "__typename": "Account", "name": "Ada" }));
    assert_eq!(answer["__type"], json!({ "name": "Account" }));
    let sdl = engine.sdl();
    assert!(!sdl.contains("AccountType") && !sdl.contains("AddInput") && !sdl.contains("Colour"), "{sdl}");
    let message = refusal(&engine, "{ any { ... on AccountType { name } } }").await;
    assert_eq!(message, "Unknown type 'AccountType'.");
}

#[tokio::test]
async fn an_edition_may_add_definitions_and_change_signatures() {
    let edition = edition(
        r#"{"about": "a test",
            "extend": ["union Either = Plant | AccountType", "extend type Plant { colour: String }"],
            "overrides": ["Query.any(which: Int! = 1): Either!"],
            "renames": {"Plant": "Flower"}}"#,
    );
    let engine = load(SDL, &edition, &bindings()).expect("the edition loads");
    let answer = body(&engine, "{ any(which: 2) { __typename ... on Flower { height } } }").await;
    assert_eq!(answer, r#"{"data":{"any":{"__typename":"AccountType"}}}"#);
    let sdl = engine.sdl();
    assert!(sdl.contains("any(which: Int! = 1): Either!"), "{sdl}");
    assert!(sdl.contains("union Either = Flower | AccountType"), "{sdl}");
    // Nothing answers for it.
    assert!(!sdl.contains("colour: String"), "{sdl}");
    assert!(engine.dark().contains(&"Plant.colour".to_owned()), "{:?}", engine.dark());
}

#[test]
fn a_rename_to_a_name_that_is_taken_stops_the_start() {
    assert_eq!(
        said(r#"{"renames": {"AccountType": "Plant"}}"#),
        "edition: Plant: is taken already, AccountType cannot be renamed to it"
    );
    assert_eq!(
        said(r#"{"renames": {"AccountType": "Same", "Plant": "Same"}}"#),
        "edition: Same: is taken already, Plant cannot be renamed to it"
    );
}

#[test]
fn two_types_may_swap_their_names() {
    assert_eq!(said(r#"{"renames": {"AccountType": "Plant", "Plant": "AccountType"}}"#), "it starts");
}

#[test]
fn a_rename_of_what_is_not_there_stops_the_start() {
    assert_eq!(
        said(r#"{"renames": {"Acount": "Account"}}"#),
        "edition: Acount: is renamed, but the schema has no such type"
    );
}

#[test]
fn a_new_name_that_is_no_name_stops_the_start() {
    assert_eq!(said(r#"{"renames": {"Plant": "a plant"}}"#), "edition: a plant: is not a name");
}

#[test]
fn an_override_that_fits_nothing_stops_the_start() {
    assert_eq!(
        said(r#"{"overrides": ["Query.acount: AccountType"]}"#),
        "edition: Query.acount: AccountType: overrides a field that does not exist"
    );
    for wrong in [
        "account",
        "Query.account",
        "Query.account: Plant any: Plant",
        "Query.account: Plant } type X { a: Int",
    ] {
        let text = json!({ "overrides": [wrong] }).to_string();
        assert_eq!(said(&text), format!("edition: {wrong}: is not a field signature"));
    }
}

#[test]
fn a_file_with_an_unknown_key_is_refused() {
    let message = said(r#"{"rename": {}}"#);
    assert!(message.starts_with("edition: test.json: unknown field `rename`"), "{message}");
}
