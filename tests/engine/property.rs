//! Random documents over the schema of the corpus: always an answer, and always the same one.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use apollo_compiler::validation::Valid;
use kraken_api::graphql::{Engine, Request, Response};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::support::block_on;
use super::world::{SDL, Shared, World, engine};

static SCHEMA: LazyLock<Valid<Schema>> =
    LazyLock::new(|| Schema::parse_and_validate(SDL, "schema.graphql").expect("the test schema is valid"));
static SHARED: LazyLock<Arc<Shared>> = LazyLock::new(World::load);
static ENGINE: LazyLock<Engine<World>> = LazyLock::new(|| engine(&SHARED));

/// A document in the making. What comes next is decided by the numbers that proptest draws.
struct Maker<'c> {
    choices: std::iter::Cycle<std::slice::Iter<'c, u16>>,
    /// Fields that may still be written.
    left: usize,
    aliases: usize,
    fragments: Vec<String>,
}

impl Maker<'_> {
    fn pick(&mut self, below: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or_default()) % below.max(1)
    }

    fn fields(name: &str) -> Vec<&'static FieldDefinition> {
        match SCHEMA.types.get(name) {
            Some(ExtendedType::Object(object)) => object.fields.values().map(|field| &***field).collect(),
            Some(ExtendedType::Interface(interface)) => {
                interface.fields.values().map(|field| &***field).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Types that a fragment inside `name` may be about.
    fn related(name: &str) -> Vec<&'static str> {
        let possible = |name: &str| -> HashSet<&'static str> {
            match SCHEMA.types.get(name) {
                Some(ExtendedType::Union(union)) => union.members.iter().map(|member| member.as_str()).collect(),
                Some(ExtendedType::Interface(_)) => SCHEMA
                    .types
                    .iter()
                    .filter(|(_, def)| {
                        matches!(def, ExtendedType::Object(o) if o.implements_interfaces.contains(name))
                    })
                    .map(|(object, _)| object.as_str())
                    .collect(),
                _ => SCHEMA.types.get_key_value(name).map(|(name, _)| name.as_str()).into_iter().collect(),
            }
        };
        let here = possible(name);
        SCHEMA
            .types
            .iter()
            .filter(|(_, def)| def.is_object() || def.is_interface() || def.is_union())
            .filter(|(other, def)| !def.is_built_in() && !possible(other).is_disjoint(&here))
            .map(|(other, _)| other.as_str())
            .collect()
    }

    fn set(&mut self, name: &str, depth: usize) -> String {
        let mut out = String::from("{ __typename ");
        for _ in 0..=self.pick(4) {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let related = Self::related(name);
            let condition = self.condition();
            match self.pick(8) {
                0 if depth < 6 => {
                    let on = related[self.pick(related.len())];
                    let set = self.set(on, depth + 1);
                    let _ = write!(out, "... on {on} {condition} {set} ");
                }
                1 if depth < 6 => {
                    let on = related[self.pick(related.len())];
                    let set = self.set(on, depth + 1);
                    let number = self.fragments.len();
                    self.fragments.push(format!("fragment F{number} on {on} {set}"));
                    let _ = write!(out, "...F{number} {condition} ");
                }
                2 if depth < 6 => {
                    let set = self.set(name, depth + 1);
                    let _ = write!(out, "... {condition} {set} ");
                }
                _ => out += &self.field(name, condition, depth),
            }
        }
        out + "}"
    }

    fn condition(&mut self) -> &'static str {
        ["", "", "", "@skip(if: $no)", "@include(if: $yes)", "@skip(if: $yes)"][self.pick(6)]
    }

    fn field(&mut self, parent: &str, condition: &str, depth: usize) -> String {
        let fields = Self::fields(parent);
        if fields.is_empty() {
            return String::new();
        }
        let definition = fields[self.pick(fields.len())];
        let inner = definition.ty.inner_named_type();
        let is_leaf =
            matches!(SCHEMA.types.get(inner), Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_)));
        if !is_leaf && depth > 7 {
            return String::new();
        }
        self.aliases += 1;
        let alias = self.aliases;
        let arguments = self.arguments(definition);
        let set = if is_leaf { String::new() } else { self.set(inner, depth + 1) };
        format!("a{alias}: {}{arguments} {condition} {set} ", definition.name)
    }

    fn arguments(&mut self, definition: &FieldDefinition) -> String {
        let mut parts = Vec::new();
        for argument in &definition.arguments {
            if argument.is_required() || self.pick(2) == 0 {
                parts.push(format!("{}: {}", argument.name, self.value(&argument.ty, 0)));
            }
        }
        if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) }
    }

    fn value(&mut self, ty: &Type, depth: usize) -> String {
        if !ty.is_non_null() && self.pick(5) == 0 {
            return "null".into();
        }
        let name = ty.inner_named_type();
        if ty.is_list() && self.pick(4) > 0 {
            let count = self.pick(3);
            let items: Vec<String> = (0..count).map(|_| self.value(ty.item_type(), depth)).collect();
            return format!("[{}]", items.join(", "));
        }
        if ty.is_list() {
            let item = ty.item_type().clone();
            let item = if item.is_non_null() { item } else { item.non_null() };
            return self.value(&item, depth);
        }
        match SCHEMA.types.get(name) {
            Some(ExtendedType::Enum(values)) => {
                let at = self.pick(values.values.len());
                values.values.keys().nth(at).map(ToString::to_string).unwrap_or_default()
            }
            Some(ExtendedType::InputObject(input)) => {
                let mut parts = Vec::new();
                for field in input.fields.values() {
                    if field.is_required() || depth < 2 && self.pick(3) == 0 {
                        parts.push(format!("{}: {}", field.name, self.value(&field.ty, depth + 1)));
                    }
                }
                format!("{{{}}}", parts.join(", "))
            }
            _ => self.scalar(name).to_owned(),
        }
    }

    fn scalar(&mut self, name: &str) -> &'static str {
        let all: &[&str] = match name {
            "Int" => &["0", "-2147483648", "7"],
            "Float" => &["1.5", "3", "-1e3"],
            "Boolean" => &["true", "false"],
            "ID" => &["7", "\"A1\"", "\"\""],
            "BigInt" => &["170141183460469231731687303715884105727", "0"],
            "Decimal" => &["\"1.500\"", "0.10", "12"],
            "Date" => &["\"2024-02-29\""],
            "DateTime" => &["\"2024-02-29T12:00:00Z\"", "\"2024-02-29T12:00:00.5+05:30\""],
            "Time" => &["\"12:30\""],
            "UUID" => &["\"123e4567-e89b-12d3-a456-426614174000\""],
            "JSONString" => &["\"{}\"", "\"[1, {}]\""],
            "GenericScalar" => &["{a: [1, 2.0]}", "[\"x\"]", "true"],
            _ => &["\"x\"", "\"a b \\\"c\\\" \\n\"", "\"é😀\""],
        };
        all[self.pick(all.len())]
    }
}

fn document(choices: &[u16]) -> String {
    let mut maker = Maker { choices: choices.iter().cycle(), left: 40, aliases: 0, fragments: Vec::new() };
    let set = maker.set("Query", 0);
    let fragments = maker.fragments.join("\n");
    // Both variables are used, whatever was drawn.
    format!(
        "query Q($yes: Boolean! = true, $no: Boolean!) {{ ... @skip(if: $yes) @include(if: $no) {{ __typename }} ... {set} }}\n{fragments}"
    )
}

fn asked(engine: &Engine<World>, query: &str) -> Response {
    let variables: Map<String, Value> = json!({ "no": false }).as_object().cloned().unwrap_or_default();
    let request = Request { query: query.to_owned(), variables, ..Request::default() };
    block_on(engine.execute(&World::new(&SHARED), &request))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_valid_document_is_answered_the_same_however_often_it_is_asked(choices in prop::collection::vec(any::<u16>(), 1..200)) {
        let query = document(&choices);
        let cold = asked(&ENGINE, &query);
        prop_assert_eq!(cold.status, 200, "{}\n{}", query, String::from_utf8_lossy(&cold.body));
        let warm = asked(&ENGINE, &query);
        prop_assert_eq!(&warm.body, &cold.body, "{}", query);
        // Too long to be kept, and the same to the letter as far as it is read.
        let never_kept = asked(&ENGINE, &format!("{query} #{}", "x".repeat(40_000)));
        prop_assert_eq!(&never_kept.body, &cold.body, "{}", query);
        // The answer reads back, and every error stands somewhere in it.
        let answer: Value = serde_json::from_slice(&cold.body).expect("an answer is JSON");
        for error in answer["errors"].as_array().into_iter().flatten() {
            prop_assert!(error["path"].is_array() && error["extensions"].is_object(), "{}", error);
        }
    }

    #[test]
    fn a_document_cut_off_anywhere_is_refused_and_nothing_more(choices in prop::collection::vec(any::<u16>(), 1..60), cut in any::<u16>()) {
        let query = document(&choices);
        let boundary = (0..=usize::from(cut) % query.len()).rev().find(|at| query.is_char_boundary(*at));
        let part = &query[..boundary.unwrap_or_default()];
        let response = asked(&ENGINE, part);
        // A document that lost only fragments that nothing spreads is still one.
        prop_assert!([200, 400].contains(&response.status));
        let answer: Value = serde_json::from_slice(&response.body).expect("an answer is JSON");
        prop_assert_eq!(response.status == 400, answer.get("data").is_none());
    }

    #[test]
    fn any_text_at_all_is_answered(text in "\\PC{0,200}") {
        let response = asked(&ENGINE, &text);
        let answer: Value = serde_json::from_slice(&response.body).expect("an answer is JSON");
        prop_assert_eq!(response.status == 400, answer.get("data").is_none());
    }
}
