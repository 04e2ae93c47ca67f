//! Every root field with every kind of caller: the reviewed table of who may call what, and the walls.

use std::collections::BTreeMap;

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use kraken_api::domain::auth::keys;
use kraken_api::platform::random::Randomness;
use serde_json::json;

use crate::support::{Others, Server, World};

/// Reviewed by hand: whoever changes who may call a field changes this file too.
const REVIEWED: &str = include_str!("roots.txt");

fn schema(server: &Server) -> Schema {
    Schema::parse(server.app.engine().sdl(), "served.graphql").expect("the served schema parses")
}

/// A literal that fits the type and means nothing.
fn literal(schema: &Schema, ty: &Type) -> String {
    match ty {
        Type::List(item) | Type::NonNullList(item) => format!("[{}]", literal(schema, item)),
        Type::Named(name) | Type::NonNullNamed(name) => match (name.as_str(), schema.types.get(name)) {
            ("Int" | "BigInt" | "Float", _) => "1".into(),
            ("Boolean", _) => "true".into(),
            ("Date", _) => "\"2026-01-01\"".into(),
            ("DateTime", _) => "\"2026-01-01T00:00:00Z\"".into(),
            ("Decimal", _) => "\"1\"".into(),
            ("Time", _) => "\"06:00:00\"".into(),
            ("UUID", _) => "\"00000000-0000-4000-8000-000000000000\"".into(),
            ("JSONString", _) => "\"{}\"".into(),
            ("Email", _) => "\"x@example.org\"".into(),
            (_, Some(ExtendedType::Enum(values))) => {
                values.values.keys().next().map(ToString::to_string).unwrap_or_default()
            }
            (_, Some(ExtendedType::InputObject(input))) => {
                let required = input.fields.values().filter(|field| field.is_required());
                let fields: Vec<String> =
                    required.map(|field| format!("{}: {}", field.name, literal(schema, &field.ty))).collect();
                format!("{{{}}}", fields.join(", "))
            }
            _ => "\"x\"".into(),
        },
    }
}

/// The smallest operation that calls a root field, with `extra` arguments.
pub fn call(schema: &Schema, mutation: bool, field: &FieldDefinition, extra: &str) -> String {
    let given = field.arguments.iter().filter(|a| a.is_required());
    let mut arguments: Vec<String> =
        given.map(|a| format!("{}: {}", a.name, literal(schema, &a.ty))).collect();
    if !extra.is_empty() {
        arguments.push(extra.to_owned());
    }
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    let inner = schema.types.get(field.ty.inner_named_type());
    let leaf = matches!(inner, Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_)));
    let selection = if leaf { "" } else { " { __typename }" };
    let kind = if mutation { "mutation" } else { "query" };
    format!("{kind} {{ {}{arguments}{selection} }}", field.name)
}

/// Every served root field.
pub fn roots(schema: &Schema) -> Vec<(bool, FieldDefinition)> {
    let mut all = Vec::new();
    for (name, mutation) in [("Query", false), ("Mutation", true)] {
        let object = schema.get_object(name).expect("the root type");
        all.extend(object.fields.values().map(|field| (mutation, (**field).as_ref().clone())));
    }
    all
}

const WALLS: [&str; 3] = ["KT-CT-1111", "KT-CT-1112", "KT-CT-1113"];

/// Some fields end their caller's session: undoes that, so that the next caller meets the same world.
async fn revive(server: &Server) {
    let undo = "delete from disabled_tokens;
        update pre_signed_tokens set invalidated_at = null;
        update account_users set tokens_valid_from = 0, others_valid_from = 0, is_active = true;
        update support_users set tokens_valid_from = 0;
        update organisations set tokens_valid_from = 0;
        update partner_users set tokens_valid_from = 0";
    sqlx::raw_sql(undo).execute(server.database.pool()).await.expect("undone");
}

/// A credential that is no longer good would hide the wall.
const BAD_CREDENTIALS: [&str; 4] = ["KT-CT-1124", "KT-CT-1143", "KT-CT-1162", "KT-CT-1163"];

/// What stops a caller before the field itself is asked: nothing, or a code.
async fn wall(server: &Server, token: Option<&str>, query: &str) -> &'static str {
    let reply = server.send(token, query, json!({})).await;
    let codes = reply.codes();
    assert!(!codes.iter().any(|code| BAD_CREDENTIALS.contains(code)), "{query}: {codes:?}");
    WALLS.into_iter().find(|wall| codes.contains(wall)).unwrap_or("may")
}

fn callers<'a>(world: &'a World, others: &'a Others) -> [(&'static str, Option<&'a str>); 9] {
    [
        ("nobody", None),
        ("customer", Some(&world.ada.token)),
        ("masquerade", Some(&others.masquerade)),
        ("third-party", Some(&others.third_party)),
        ("link", Some(&others.link)),
        ("organisation", Some(&world.partner)),
        ("agent", Some(&others.agent)),
        ("reader", Some(&world.reader)),
        ("billing", Some(&world.staff)),
    ]
}

#[tokio::test]
async fn who_may_call_what_is_as_reviewed() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    let schema = schema(&server);
    let mut lines = Vec::new();
    for (mutation, field) in roots(&schema) {
        let query = call(&schema, mutation, &field, "");
        let mut cells = Vec::new();
        for (name, token) in callers(&world, &others) {
            cells.push(format!("{name} {}", wall(&server, token, &query).await.trim_start_matches("KT-CT-")));
            revive(&server).await;
        }
        let kind = if mutation { "mutation" } else { "query" };
        lines.push(format!("{kind} {}: {}", field.name, cells.join(", ")));
    }
    lines.sort();
    let reviewed: Vec<&str> =
        REVIEWED.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(reviewed, lines, "\n{}\n", lines.join("\n"));
}

#[tokio::test]
async fn no_root_field_takes_a_bad_credential() {
    let server = Server::start().await;
    let world = server.world().await;
    let schema = schema(&server);
    let other = Server::start().await;
    let mut tx = other.tx().await;
    keys::rotate(&mut tx, &Randomness::seeded(99)).await.expect("rotated");
    tx.commit().await.expect("committed");
    let foreign = other.customer("eve@example.org", "Eve Hill", "OCTOPUS_ENERGY").await;
    server.wall.set(server.wall.now() + chrono::TimeDelta::hours(2));
    let mut bad = BTreeMap::from([("nonsense", "KT-CT-1143")]);
    bad.insert(&world.ada.token, "KT-CT-1124");
    bad.insert(&foreign.token, "KT-CT-1125");
    for (mutation, field) in roots(&schema) {
        let query = call(&schema, mutation, &field, "");
        for (token, code) in &bad {
            let reply = server.send(Some(token), &query, json!({})).await;
            assert_eq!(reply.codes(), [*code], "{query}");
        }
    }
}

#[tokio::test]
async fn every_root_field_can_be_switched_off() {
    let server = Server::start().await;
    let world = server.world().await;
    let schema = schema(&server);
    let (now, hour) = (server.wall.now(), chrono::TimeDelta::hours(1));
    let mut tx = server.tx().await;
    for (mutation, field) in roots(&schema) {
        let root = if mutation { "Mutation" } else { "Query" };
        let coordinate = format!("{root}.{}", field.name);
        kraken_api::domain::auth::brownouts::announce(&mut tx, &coordinate, now - hour, now + hour)
            .await
            .expect("announced");
    }
    server.app.brownouts().refresh(&mut tx).await.expect("read");
    tx.commit().await.expect("committed");
    for (mutation, field) in roots(&schema) {
        let query = call(&schema, mutation, &field, "");
        assert_eq!(
            server.send(Some(&world.staff), &query, json!({})).await.codes(),
            ["KT-CT-1113"],
            "{query}"
        );
    }
}

/// Arguments that each paging code answers.
const PAGING: [(&str, &str); 4] = [
    ("", "KT-CT-1201"),
    ("first: 101", "KT-CT-1202"),
    ("last: 101", "KT-CT-1203"),
    ("first: 1, after: \"nonsense\"", "KT-CT-1204"),
];

#[tokio::test]
async fn every_connection_bounds_its_pages() {
    let server = Server::start().await;
    let world = server.world().await;
    let schema = schema(&server);
    for (mutation, field) in roots(&schema) {
        if !field.ty.inner_named_type().contains("Connection") || field.argument_by_name("first").is_none() {
            continue;
        }
        for (arguments, code) in PAGING {
            let query = call(&schema, mutation, &field, arguments);
            assert_eq!(server.send(Some(&world.staff), &query, json!({})).await.codes(), [code], "{query}");
        }
    }
    let number = &world.ada.account;
    let give = "mutation($i: CreateContributionAgreementInput!) {
        createContributionAgreement(input: $i) { contributionAgreement { id } } }";
    let gift = json!({ "accountNumber": number, "schemeCode": "WARM_HOMES", "interval": "MONTHLY", "amount": 100,
        "activeFrom": "2030-01-01T00:00:00Z" });
    server.ask(Some(&world.ada.token), give, json!({ "i": gift })).await;
    for below in [
        "account(accountNumber: \"N\") { transactions(PAGE) { edgeCount } }",
        "account(accountNumber: \"N\") { contributionAgreements { periods(PAGE) { edgeCount } } }",
        "account(accountNumber: \"N\") { provisionalTransactions(PAGE) { edgeCount } }",
        "account(accountNumber: \"N\") { ledgers { transactions(PAGE) { edgeCount } } }",
        "account(accountNumber: \"N\") { portfolio { accounts(PAGE) { edgeCount } } }",
        "account(accountNumber: \"N\") { events(PAGE) { edgeCount } }",
        "account(accountNumber: \"N\") { reminders(PAGE) { edgeCount } }",
        "account(accountNumber: \"N\") { referrals(PAGE) { edgeCount } }",
        "account(accountNumber: \"N\") { applications(PAGE) { edgeCount } }",
        "account(accountNumber: \"N\") { portfolio { ancestors(PAGE) { edgeCount } } }",
        "account(accountNumber: \"N\") { portfolio { descendants(PAGE) { edgeCount } } }",
        "viewer { businesses(PAGE) { edgeCount } }",
        "viewer { transactions(PAGE) { edgeCount } }",
        "viewer { portfolios(PAGE) { edgeCount } }",
        "rateLimitInfo { fieldSpecificRateLimits(PAGE) { edgeCount } }",
    ] {
        bounds_its_pages(&server, &world.ada.token, &below.replace("\"N\"", &format!("\"{number}\""))).await;
    }
}

/// Asks for pages that cannot be had where `below` says `(PAGE)`, or `, PAGE` behind other arguments.
pub async fn bounds_its_pages(server: &Server, token: &str, below: &str) {
    for (arguments, code) in PAGING {
        let page = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        let further = if arguments.is_empty() { String::new() } else { format!(", {arguments}") };
        let below = below.replace("(PAGE)", &page).replace(", PAGE", &further);
        let query = if below.starts_with("mutation") { below } else { format!("{{ {below} }}") };
        let reply = server.send(Some(token), &query, json!({})).await;
        assert_eq!(reply.codes().first(), Some(&code), "{query}: {}", reply.json);
    }
}
