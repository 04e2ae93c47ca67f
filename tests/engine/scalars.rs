//! Scalars on their way in and out.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};
use kraken_api::graphql::{Bindings, Engine, Leaf, Resolved};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::support::{Cx, ask, body, data, engine, json as parsed, refusal, root, text, with_variables};

const SCALARS: &str = "scalar BigInt scalar Decimal scalar Date scalar DateTime scalar Time scalar UUID
    scalar GenericScalar scalar JSONString scalar NonEmptyString scalar Email scalar Text
    enum Unit { KWH MWH }";

/// A server whose only field is `out`, of type `ty`, and gives `leaf`.
fn giving(ty: &str, leaf: fn() -> Leaf<'static>) -> Engine<Cx> {
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.out", move |_| Ok(Resolved::Leaf(leaf())));
    engine(&format!("type Query {{ out: {ty} }} {SCALARS}"), &bindings)
}

async fn written(ty: &str, leaf: fn() -> Leaf<'static>) -> String {
    let body = body(&giving(ty, leaf), "{ out }").await;
    let shown = body.strip_prefix(r#"{"data":{"out":"#).and_then(|rest| rest.strip_suffix("}}"));
    shown.map_or(body.clone(), str::to_owned)
}

async fn refused(ty: &str, leaf: fn() -> Leaf<'static>) {
    let answer = parsed(&ask(&giving(ty, leaf), "{ out }").await);
    assert_eq!(answer["data"], json!({ "out": null }), "{ty}");
    assert_eq!(answer["errors"][0]["extensions"]["errorCode"], "KT-CT-7899", "{ty}");
    assert_eq!(answer["errors"][0]["message"], "An internal error occurred.", "{ty}");
}

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).expect("a decimal")
}

fn moment(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).expect("a moment")
}

#[tokio::test]
async fn numbers_go_out_as_numbers_within_their_bounds() {
    assert_eq!(written("Int", || Leaf::Int(2_147_483_647)).await, "2147483647");
    assert_eq!(written("Int", || Leaf::Int(-2_147_483_648)).await, "-2147483648");
    refused("Int", || Leaf::Int(2_147_483_648)).await;
    refused("Int", || Leaf::Int(-2_147_483_649)).await;
    refused("Int", || "7".into()).await;
    refused("Int", || Leaf::Float(7.0)).await;
    assert_eq!(written("BigInt", || Leaf::Int(i64::MAX)).await, "9223372036854775807");
    assert_eq!(written("BigInt", || Leaf::BigInt(i128::MIN)).await, i128::MIN.to_string());
    refused("BigInt", || Leaf::Float(1.0)).await;
    assert_eq!(written("Float", || Leaf::Float(47.8485)).await, "47.8485");
    assert_eq!(written("Float", || Leaf::Float(7.00035)).await, "7.00035");
    assert_eq!(written("Float", || Leaf::Int(7)).await, "7");
    assert_eq!(written("Float", || Leaf::Decimal(decimal("0.10"))).await, "0.10");
    refused("Float", || Leaf::Float(f64::NAN)).await;
    refused("Float", || Leaf::Float(f64::INFINITY)).await;
    assert_eq!(written("Boolean", || Leaf::Bool(false)).await, "false");
    refused("Boolean", || Leaf::Int(1)).await;
}

#[tokio::test]
async fn decimals_go_out_as_text_with_the_zeros_they_have() {
    for digits in
        ["25612.44300", "360.7100", "0.00800000000000000000", "-0.10", "7", "79228162514264337593543950335"]
    {
        let bindings = {
            let mut bindings = Bindings::default();
            root(&mut bindings, "Query.out", move |_| Ok(Resolved::leaf(decimal(digits))));
            bindings
        };
        let engine = engine("type Query { out: Decimal } scalar Decimal", &bindings);
        assert_eq!(body(&engine, "{ out }").await, format!(r#"{{"data":{{"out":"{digits}"}}}}"#));
    }
}

#[tokio::test]
async fn moments_go_out_with_their_offset_and_microseconds_only_where_there_are_any() {
    let utc = |text: &str| moment(text).with_timezone(&Utc);
    assert_eq!(utc("2021-05-04T10:17:30Z").timestamp(), 1_620_123_450);
    assert_eq!(
        written("DateTime", || moment("2021-05-04T10:17:30.242231Z").with_timezone(&Utc).into()).await,
        r#""2021-05-04T10:17:30.242231+00:00""#
    );
    assert_eq!(
        written("DateTime", || moment("2021-05-04T10:17:30Z").with_timezone(&Utc).into()).await,
        r#""2021-05-04T10:17:30+00:00""#
    );
    assert_eq!(
        written("DateTime", || moment("2021-05-04T10:17:30.000100Z").with_timezone(&Utc).into()).await,
        r#""2021-05-04T10:17:30.000100+00:00""#
    );
    // Less than a microsecond is nothing.
    assert_eq!(
        written("DateTime", || moment("2021-05-04T10:17:30.000000900Z").with_timezone(&Utc).into()).await,
        r#""2021-05-04T10:17:30+00:00""#
    );
    assert_eq!(
        written("DateTime", || moment("2024-08-01T00:30:00+01:00").into()).await,
        r#""2024-08-01T00:30:00+01:00""#
    );
    assert_eq!(
        written("DateTime", || moment("2024-08-01T00:30:00.500000-09:30").into()).await,
        r#""2024-08-01T00:30:00.500000-09:30""#
    );
    // Years of other lengths are written as they are.
    assert_eq!(
        written("DateTime", || Utc.with_ymd_and_hms(12024, 1, 2, 3, 4, 5).unwrap().into()).await,
        r#""+12024-01-02T03:04:05+00:00""#
    );
    assert_eq!(
        written("DateTime", || Utc.with_ymd_and_hms(1, 1, 2, 3, 4, 5).unwrap().into()).await,
        r#""0001-01-02T03:04:05+00:00""#
    );
    assert_eq!(
        written("Date", || NaiveDate::from_ymd_opt(2024, 3, 31).expect("a day").into()).await,
        r#""2024-03-31""#
    );
    let noon = || NaiveTime::from_hms_micro_opt(12, 0, 5, 0).expect("a time").into();
    assert_eq!(written("Time", noon).await, r#""12:00:05""#);
    let later = || NaiveTime::from_hms_micro_opt(12, 0, 5, 70).expect("a time").into();
    assert_eq!(written("Time", later).await, r#""12:00:05.000070""#);
}

#[tokio::test]
async fn text_ids_and_json_go_out_as_clients_know_them() {
    assert_eq!(written("ID", || Leaf::Int(-1_896_251_302)).await, r#""-1896251302""#);
    assert_eq!(written("ID", || "3403670".into()).await, r#""3403670""#);
    assert_eq!(
        written("String", || "a\"b\\c\n\u{1}\u{7f}é😀".into()).await,
        "\"a\\\"b\\\\c\\n\\u0001\u{7f}é😀\""
    );
    assert_eq!(written("String", || Leaf::Bool(true)).await, r#""true""#);
    assert_eq!(
        written("UUID", || "123e4567-e89b-12d3-a456-426614174000"
            .parse::<uuid::Uuid>()
            .expect("a UUID")
            .into())
        .await,
        r#""123e4567-e89b-12d3-a456-426614174000""#
    );
    assert_eq!(
        written("GenericScalar", || json!({ "b": [1.50, "x"], "a": null }).into()).await,
        r#"{"b":[1.5,"x"],"a":null}"#
    );
    assert_eq!(written("GenericScalar", || "text".into()).await, r#""text""#);
    assert_eq!(
        written("JSONString", || json!({ "b": ["x\"y", 1] }).into()).await,
        r#""{\"b\":[\"x\\\"y\",1]}""#
    );
    assert_eq!(written("JSONString", || Leaf::List(vec![1.into(), Leaf::Null])).await, r#""[1,null]""#);
    refused("String", || json!({}).into()).await;
    refused("String", || Leaf::List(vec![1.into()])).await;
}

#[tokio::test]
async fn enums_that_the_schema_does_not_have_do_not_go_out() {
    assert_eq!(written("Unit", || "MWH".into()).await, r#""MWH""#);
    refused("Unit", || "GWH".into()).await;
    refused("Unit", || Leaf::Int(1)).await;
}

#[tokio::test]
async fn lists_of_leaves_go_out_item_by_item() {
    assert_eq!(written("[Int]", || vec![1, 2, 3].into()).await, "[1,2,3]");
    assert_eq!(written("[[Int!]]", || Leaf::List(vec![vec![1].into(), Leaf::Null])).await, "[[1],null]");
    refused("[Int]", || 1.into()).await;
    let answer = parsed(&ask(&giving("[Int!]", || Leaf::List(vec![1.into(), "x".into()])), "{ out }").await);
    assert_eq!(answer["data"], json!({ "out": null }));
    assert_eq!(answer["errors"][0]["path"], json!(["out", 1]));
}

/// A server that tells what reached its resolver.
fn echo() -> Engine<Cx> {
    let sdl = format!(
        "type Query {{ echo(int: Int, float: Float, string: String, boolean: Boolean, id: ID, bigInt: BigInt,
            decimal: Decimal, date: Date, dateTime: DateTime, time: Time, uuid: UUID, generic: GenericScalar,
            json: JSONString, nonEmpty: NonEmptyString, email: Email, text: Text, unit: Unit, ints: [Int],
            matrix: [[Int!]], strict: [Int!], input: Input, withDefault: Int = 7, units: [Unit!] = [KWH]): GenericScalar }}
         input Input {{ a: Int = 1 b: String c: Nested = {{ x: 5 }} required: Int! }}
         input Nested {{ x: Int y: Unit = MWH }} {SCALARS}"
    );
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.echo", |call| Ok(Resolved::leaf(Value::Object(call.raw_args().clone()))));
    engine(&sdl, &bindings)
}

/// What arrives of a literal, defaults aside.
async fn literal(arguments: &str) -> Value {
    let mut answer = data(&echo(), &format!("{{ echo({arguments}) }}")).await["echo"].take();
    if let Some(map) = answer.as_object_mut() {
        map.retain(|name, _| name != "withDefault" && name != "units");
    }
    answer
}

async fn variable(ty: &str, name: &str, value: Value) -> Result<Value, String> {
    let query = format!("query ($v: {ty}) {{ echo({name}: $v) }}");
    let response = echo().execute(&Default::default(), &with_variables(&query, json!({ "v": value }))).await;
    let answer = parsed(&response);
    match response.status {
        200 => Ok(answer["data"]["echo"][name].clone()),
        _ => Err(answer["errors"][0]["message"].as_str().unwrap_or_default().to_owned()),
    }
}

fn number(digits: &str) -> Value {
    serde_json::from_str(digits).expect("a number")
}

#[tokio::test]
async fn integers_are_read_within_their_bounds() {
    assert_eq!(literal("int: -2147483648").await, json!({ "int": -2_147_483_648_i64 }));
    assert_eq!(
        refusal(&echo(), "{ echo(int: 2147483648) }").await,
        "Int cannot represent non 32-bit signed integer value: 2147483648"
    );
    assert_eq!(refusal(&echo(), "{ echo(int: 1.0) }").await, "Int cannot represent non-integer value: 1.0");
    assert_eq!(
        refusal(&echo(), "{ echo(int: \"1\") }").await,
        "Int cannot represent non-integer value: \"1\""
    );
    assert_eq!(variable("Int", "int", json!(2_147_483_647)).await, Ok(json!(2_147_483_647)));
    assert_eq!(variable("Int", "int", number("1e3")).await, Ok(json!(1000)));
    assert_eq!(
        variable("Int", "int", number("2147483648")).await,
        Err("Variable '$v' got invalid value 2147483648; Int cannot represent non 32-bit signed integer value: \
             2147483648"
            .into())
    );
    assert_eq!(
        variable("Int", "int", json!("1")).await,
        Err("Variable '$v' got invalid value '1'; Int cannot represent non-integer value: '1'".into())
    );
    assert!(variable("Int", "int", json!(true)).await.is_err());
    let large = "170141183460469231731687303715884105727";
    assert_eq!(variable("BigInt", "bigInt", number(large)).await, Ok(number(large)));
    assert_eq!(literal(&format!("bigInt: {large}")).await, json!({ "bigInt": number(large) }));
    assert!(variable("BigInt", "bigInt", number(&format!("{large}0"))).await.is_err());
    assert!(variable("BigInt", "bigInt", number("1.5")).await.is_err());
}

#[tokio::test]
async fn decimals_are_read_from_their_digits() {
    for (written, read) in [
        ("0.10", "0.10"),
        ("25612.44300", "25612.44300"),
        ("1e3", "1000"),
        ("12.50e-1", "1.250"),
        ("0.1000000000000000055511151231", "0.1000000000000000055511151231"),
    ] {
        assert_eq!(variable("Decimal", "decimal", number(written)).await, Ok(json!(read)), "{written}");
        assert_eq!(variable("Decimal", "decimal", json!(written)).await, Ok(json!(read)), "{written}");
        assert_eq!(literal(&format!("decimal: {written}")).await, json!({ "decimal": read }), "{written}");
        assert_eq!(
            literal(&format!("decimal: \"{written}\"")).await,
            json!({ "decimal": read }),
            "{written}"
        );
    }
    for wrong in [json!("NaN"), json!("1,5"), json!(""), json!("1e999"), json!("-"), json!(" 1"), json!(true)]
    {
        assert!(variable("Decimal", "decimal", wrong.clone()).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn floats_are_read_if_they_are_finite() {
    assert_eq!(variable("Float", "float", json!(3)).await, Ok(json!(3.0)));
    assert_eq!(variable("Float", "float", number("1e2")).await, Ok(json!(100.0)));
    assert!(variable("Float", "float", number("1e999")).await.is_err());
    assert!(variable("Float", "float", json!("1.5")).await.is_err());
    assert_eq!(literal("float: 1.5e1").await, json!({ "float": 15.0 }));
}

#[tokio::test]
async fn dates_and_moments_are_read_in_all_the_forms_that_clients_send() {
    for (written, read) in [
        ("2024-08-01T00:30:00+01:00", "2024-07-31T23:30:00+00:00"),
        ("2024-08-01T00:30:00.000Z", "2024-08-01T00:30:00+00:00"),
        ("2024-08-01T00:30:00+0000", "2024-08-01T00:30:00+00:00"),
        ("2024-08-01 00:30", "2024-08-01T00:30:00+00:00"),
        ("2024-08-01T00:30:00.123456-05:30", "2024-08-01T06:00:00.123456+00:00"),
        ("0001-01-03T00:00:00+00:49:56", "0001-01-02T23:10:04+00:00"),
    ] {
        assert_eq!(variable("DateTime", "dateTime", json!(written)).await, Ok(json!(read)), "{written}");
    }
    for wrong in [
        "2024-08-01",
        "2024-02-30T00:00:00Z",
        "2024-08-01T24:00:00Z",
        "2024-08-01T00:00:00+1",
        "2024-08-01T00:00:00+01:60",
        "2024-08-01T00:00:00é",
        "now",
    ] {
        assert!(variable("DateTime", "dateTime", json!(wrong)).await.is_err(), "{wrong}");
    }
    assert_eq!(variable("Date", "date", json!("2024-02-29")).await, Ok(json!("2024-02-29")));
    for wrong in ["2023-02-29", "24-02-01", "2024-2-1", "2024-02-01T00:00:00", ""] {
        assert!(variable("Date", "date", json!(wrong)).await.is_err(), "{wrong}");
    }
    assert_eq!(variable("Time", "time", json!("07:05")).await, Ok(json!("07:05:00")));
    assert!(variable("Time", "time", json!("25:00")).await.is_err());
}

#[tokio::test]
async fn ids_text_and_the_rest_are_read_as_declared() {
    assert_eq!(variable("ID", "id", json!(42)).await, Ok(json!("42")));
    assert_eq!(variable("ID", "id", json!("A-42")).await, Ok(json!("A-42")));
    assert!(variable("ID", "id", number("4.2")).await.is_err());
    assert_eq!(literal("id: 42").await, json!({ "id": "42" }));
    assert!(variable("String", "string", json!(42)).await.is_err());
    assert!(variable("Boolean", "boolean", json!("true")).await.is_err());
    let uuid = "123E4567-e89b-12d3-a456-426614174000";
    assert_eq!(variable("UUID", "uuid", json!(uuid)).await, Ok(json!(uuid.to_lowercase())));
    assert!(variable("UUID", "uuid", json!("123e4567e89b12d3a456426614174000")).await.is_err());
    assert_eq!(
        variable("GenericScalar", "generic", json!({ "a": [1, null] })).await,
        Ok(json!({ "a": [1, null] }))
    );
    assert_eq!(
        literal("generic: {a: [1, 2.50, \"x\", true, null]}").await.to_string(),
        r#"{"generic":{"a":[1,2.50,"x",true,null]}}"#
    );
    assert_eq!(variable("JSONString", "json", json!("{\"a\": 1}")).await, Ok(json!({ "a": 1 })));
    assert!(variable("JSONString", "json", json!("{a: 1}")).await.is_err());
    assert_eq!(variable("NonEmptyString", "nonEmpty", json!(" x ")).await, Ok(json!(" x ")));
    assert!(variable("NonEmptyString", "nonEmpty", json!(" \t")).await.is_err());
    assert_eq!(variable("Email", "email", json!("a.b+c@example.com")).await, Ok(json!("a.b+c@example.com")));
    for wrong in ["a@b", "@example.com", "a b@example.com", "a@b@example.com", "a@.com"] {
        assert!(variable("Email", "email", json!(wrong)).await.is_err(), "{wrong}");
    }
    assert_eq!(variable("Text", "text", json!("anything")).await, Ok(json!("anything")));
    assert_eq!(variable("Unit", "unit", json!("KWH")).await, Ok(json!("KWH")));
    assert_eq!(
        variable("Unit", "unit", json!("GWH")).await,
        Err("Variable '$v' got invalid value 'GWH'; Value 'GWH' does not exist in 'Unit' enum.".into())
    );
    assert_eq!(refusal(&echo(), "{ echo(unit: GWH) }").await, "Value 'GWH' does not exist in 'Unit' enum.");
    for (arguments, message) in [
        ("unit: \"KWH\"", "Enum 'Unit' cannot represent non-enum value: \"KWH\"."),
        ("input: 1", "Expected value of type 'Input', found 1."),
        ("string: 1", "String cannot represent a non string value: 1"),
        ("string: it", "String cannot represent a non string value: it"),
        ("boolean: \"it's\"", "Boolean cannot represent a non boolean value: \"it's\""),
        ("id: 1.5", "ID cannot represent a non-string and non-integer value: 1.5"),
        ("float: \"1\"", "Float cannot represent non numeric value: \"1\""),
        ("strict: [null]", "Expected value of type 'Int!', found null."),
        ("date: \"x\"", "Expected value of type 'Date', found \"x\"; Date cannot represent value: \"x\""),
    ] {
        assert_eq!(refusal(&echo(), &format!("{{ echo({arguments}) }}")).await, message);
    }
}

#[tokio::test]
async fn characters_outside_the_basic_plane_arrive_whole() {
    assert_eq!(literal(r#"string: "😀""#).await, json!({ "string": "😀" }));
    assert_eq!(literal(r#"string: "\uD83D\uDE00!""#).await, json!({ "string": "😀!" }));
    assert_eq!(literal(r#"string: "\u00e9\t\"\\\/""#).await, json!({ "string": "é\t\"\\/" }));
    assert_eq!(
        literal("string: \"\"\"\n    a\n      b \\\"\"\"\n    \"\"\"").await,
        json!({ "string": "a\n  b \"\"\"" })
    );
    for broken in [r#"{ echo(string: "\uD83D") }"#, r#"{ echo(string: "\uDE00\uD83D") }"#] {
        assert_eq!(ask(&echo(), broken).await.status, 400, "{broken}");
    }
}

#[tokio::test]
async fn what_is_omitted_gets_its_default_and_what_is_null_stays_null() {
    let args = async |query: &str, variables: Value| {
        let response = echo().execute(&Default::default(), &with_variables(query, variables)).await;
        assert_eq!(response.status, 200, "{}", text(&response));
        parsed(&response)["data"]["echo"].clone()
    };
    assert_eq!(args("{ echo }", json!({})).await, json!({ "withDefault": 7, "units": ["KWH"] }));
    assert_eq!(
        args("{ echo(withDefault: null, int: null, units: null) }", json!({})).await,
        json!({ "int": null, "withDefault": null, "units": null })
    );
    let query = "query ($v: Int, $u: Int = 3) { echo(int: $u, withDefault: $v) }";
    assert_eq!(args(query, json!({})).await, json!({ "int": 3, "withDefault": 7, "units": ["KWH"] }));
    assert_eq!(
        args(query, json!({ "v": null, "u": null })).await,
        json!({ "int": null, "withDefault": null, "units": ["KWH"] })
    );
    assert_eq!(
        args("{ echo(units: [], input: {required: 1}) }", json!({})).await,
        json!({ "input": { "a": 1, "c": { "x": 5, "y": "MWH" }, "required": 1 }, "withDefault": 7, "units": [] })
    );
    assert_eq!(
        args(
            "query ($c: Nested, $b: String) { echo(input: {required: 1, a: null, b: $b, c: $c}) }",
            json!({ "c": {} })
        )
        .await["input"],
        json!({ "a": null, "c": { "y": "MWH" }, "required": 1 })
    );
}

#[tokio::test]
async fn a_single_value_is_a_list_of_one() {
    assert_eq!(literal("ints: 1").await, json!({ "ints": [1] }));
    assert_eq!(literal("matrix: 1").await, json!({ "matrix": [[1]] }));
    assert_eq!(literal("matrix: [[1, 2], null, [3]]").await, json!({ "matrix": [[1, 2], null, [3]] }));
    assert_eq!(variable("[[Int!]]", "matrix", json!(4)).await, Ok(json!([[4]])));
    assert_eq!(variable("[Int!]", "strict", json!(5)).await, Ok(json!([5])));
    assert_eq!(
        variable("[Int!]", "strict", json!([1, null])).await,
        Err("Variable '$v' got invalid value None at 'v[1]'; Expected non-nullable type 'Int!' not to be None.".into())
    );
    assert_eq!(variable("[Int]", "ints", Value::Null).await, Ok(Value::Null));
}

#[tokio::test]
async fn wrong_input_objects_say_where() {
    assert_eq!(
        variable("Input", "input", json!({ "a": 1 })).await,
        Err("Variable '$v' got invalid value {'a': 1}; Field 'required' of required type 'Int!' was not provided.".into())
    );
    assert_eq!(
        variable("Input", "input", json!({ "required": 1, "c": { "x": "y" } })).await,
        Err("Variable '$v' got invalid value 'y' at 'v.c.x'; Int cannot represent non-integer value: 'y'"
            .into())
    );
    assert_eq!(
        variable("Input", "input", json!({ "required": 1, "z": 1 })).await,
        Err("Variable '$v' got invalid value {'required': 1, 'z': 1}; Field 'z' is not defined by type 'Input'.".into())
    );
    assert_eq!(
        variable("Input", "input", json!([1])).await,
        Err("Variable '$v' got invalid value [1]; Expected type 'Input' to be a mapping.".into())
    );
    assert!(
        refusal(&echo(), "{ echo(input: {required: 1, required: 2}) }")
            .await
            .contains("only one input field")
    );
}
