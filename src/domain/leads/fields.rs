//! What the fields of a funnel take.

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

use super::funnels::Field;
use crate::domain::accounts::contacts;
use crate::platform::db::{Tx, statement};

/// Longest text, in characters.
const LONGEST: usize = 2_000;

// A pattern that is none is an error of its own class.
statement!(static FITS: (bool,) = "select coalesce($1::text ~ ('^(?:' || $2::text || ')$'), false)");

/// Whether a text looks like a pattern as a whole; `None` where the pattern is none.
pub(super) async fn fits_pattern(
    tx: &mut Tx,
    text: &str,
    pattern: &str,
) -> Result<Option<bool>, sqlx::Error> {
    match FITS.query().bind(text).bind(pattern).fetch_one(&mut *tx).await {
        Ok((fits,)) => Ok(Some(fits)),
        Err(error) if is_bad_pattern(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_bad_pattern(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "2201B")
}

/// A value as a field keeps it; a sentence where it does not take it.
pub(super) async fn judged(
    tx: &mut Tx,
    field: &Field,
    value: &Value,
) -> Result<Result<Value, String>, sqlx::Error> {
    let kept = match shaped(field, value) {
        Ok(kept) => kept,
        Err(why) => return Ok(Err(why)),
    };
    if let (Some(pattern), Some(text)) = (&field.text_regex, kept.as_str())
        && fits_pattern(tx, text, pattern).await? != Some(true)
    {
        return Ok(Err(format!("{} does not look like this.", field.name)));
    }
    Ok(Ok(kept))
}

fn shaped(field: &Field, value: &Value) -> Result<Value, String> {
    let is_choice = |value: &Value| {
        value.as_str().is_some_and(|text| field.text_choices.iter().any(|choice| choice == text))
    };
    let fits = match field.field_type.as_str() {
        "STR" => {
            let text = value.as_str().and_then(|text| contacts::text(text, LONGEST));
            return text.map(Value::from).ok_or_else(|| format!("{} is a text.", field.name));
        }
        "INT" => value.is_i64(),
        "FLOAT" => value.is_number(),
        "BOOL" => value.is_boolean(),
        "DATE" => value.as_str().is_some_and(|text| text.parse::<NaiveDate>().is_ok()),
        "DATETIME" => value.as_str().is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok()),
        "CHOICE" => is_choice(value),
        "MULTIPLE_CHOICE" => value.as_array().is_some_and(|chosen| {
            let is_once = |at: usize, one: &Value| !chosen.iter().take(at).any(|before| before == one);
            chosen.iter().enumerate().all(|(at, one)| is_choice(one) && is_once(at, one))
        }),
        _ => false,
    };
    if fits { Ok(value.clone()) } else { Err(format!("{} cannot be this.", field.name)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_takes_its_type() {
        let field = |field_type: &str, choices: &[&str]| Field {
            id: 1,
            funnel_id: 1,
            code: "f".into(),
            name: "F".into(),
            field_type: field_type.into(),
            text_choices: choices.iter().map(|&choice| choice.to_owned()).collect(),
            text_regex: None,
            is_required: false,
            is_deprecated: false,
            position: 1,
        };
        let colours = ["red", "blue"];
        for (field_type, good, bad) in [
            ("STR", json!(" a "), json!(1)),
            ("STR", json!("a"), json!("")),
            ("INT", json!(3), json!(3.5)),
            ("FLOAT", json!(3.5), json!("3.5")),
            ("BOOL", json!(false), json!("no")),
            ("DATE", json!("2026-03-02"), json!("02/03/2026")),
            ("DATETIME", json!("2026-03-02T09:00:00Z"), json!("2026-03-02")),
            ("CHOICE", json!("red"), json!("green")),
            ("MULTIPLE_CHOICE", json!(["red", "blue"]), json!(["red", "red"])),
            ("MULTIPLE_CHOICE", json!([]), json!("red")),
        ] {
            let field = field(field_type, &colours);
            assert!(shaped(&field, &good).is_ok(), "{field_type} {good}");
            assert!(shaped(&field, &bad).is_err(), "{field_type} {bad}");
        }
        assert_eq!(shaped(&field("STR", &[]), &json!(" a ")), Ok(json!("a")));
    }
}
