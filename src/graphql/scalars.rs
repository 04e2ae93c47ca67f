//! Input coercion of scalars. Numbers are read from their digits, never through a float.

use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Number, Value};
use uuid::Uuid;

use super::inspect::inspect;
use super::model::Scalar;

/// Longest text a numeric scalar is read from.
const MAX_DIGITS: usize = 64;

/// A scalar value as it was written: JSON in variables, or a literal of the document.
#[derive(Debug, Clone, Copy)]
pub(super) enum Written<'a> {
    Json(&'a Value),
    Int(&'a str),
    Float(&'a str),
    Str(&'a str),
    Bool(bool),
    /// An enum literal, list or object where a scalar is due.
    Other(&'a str),
}

impl<'a> Written<'a> {
    /// The same for JSON and literals: text, digits or truth.
    fn token(self) -> Token<'a> {
        match self {
            Written::Str(text) => Token::Str(text),
            Written::Json(Value::String(text)) => Token::Str(text),
            Written::Int(digits) => Token::Int(digits),
            Written::Float(digits) => Token::Float(digits),
            Written::Bool(truth) | Written::Json(&Value::Bool(truth)) => Token::Bool(truth),
            Written::Json(Value::Number(number)) => {
                let digits = number.as_str();
                if digits.contains(['.', 'e', 'E']) { Token::Float(digits) } else { Token::Int(digits) }
            }
            Written::Json(_) | Written::Other(_) => Token::Other,
        }
    }

    fn is_literal(self) -> bool {
        !matches!(self, Written::Json(_))
    }

    /// As graphql-core quotes it in messages.
    fn show(self) -> String {
        match self {
            Written::Json(value) => inspect(value),
            Written::Int(text) | Written::Float(text) | Written::Other(text) => text.to_owned(),
            Written::Str(text) => Value::String(text.to_owned()).to_string(),
            Written::Bool(truth) => truth.to_string(),
        }
    }
}

enum Token<'a> {
    Str(&'a str),
    Int(&'a str),
    Float(&'a str),
    Bool(bool),
    Other,
}

/// Coerces `written` to `scalar`. The result is JSON in canonical form: numbers as digits, dates and
/// decimals as text.
///
/// # Errors
/// The sentence that says why not.
pub(super) fn coerce(scalar: Scalar, name: &str, written: Written<'_>) -> Result<Value, String> {
    let token = written.token();
    let refuse = |what: &str| Err(format!("{name} cannot represent {what}: {}", written.show()));
    match scalar {
        Scalar::Int => int(&token, written),
        Scalar::Float => float(&token, written),
        Scalar::Boolean => match token {
            Token::Bool(truth) => Ok(Value::Bool(truth)),
            _ => refuse("a non boolean value"),
        },
        Scalar::String => match token {
            Token::Str(text) => Ok(text.into()),
            _ => refuse("a non string value"),
        },
        Scalar::Id => match token {
            Token::Str(text) | Token::Int(text) => Ok(text.into()),
            Token::Float(text) if !written.is_literal() => match integral(text) {
                Some(whole) => Ok(whole.into()),
                None => refuse("value"),
            },
            _ if written.is_literal() => refuse("a non-string and non-integer value"),
            _ => refuse("value"),
        },
        Scalar::BigInt => match token {
            Token::Int(digits) if digits.len() <= MAX_DIGITS && i128::from_str(digits).is_ok() => {
                number(digits).map_or_else(|| refuse("value"), Ok)
            }
            _ => refuse("value"),
        },
        Scalar::Decimal => match token {
            Token::Str(text) | Token::Int(text) | Token::Float(text) => match decimal(text) {
                Some(value) => Ok(Value::String(value.to_string())),
                None => refuse("value"),
            },
            _ => refuse("value"),
        },
        Scalar::GenericScalar => match written {
            Written::Json(value) => Ok(value.clone()),
            Written::Int(digits) | Written::Float(digits) => Ok(number(digits).unwrap_or(Value::Null)),
            Written::Str(text) => Ok(text.into()),
            Written::Bool(truth) => Ok(truth.into()),
            Written::Other(_) => Ok(Value::Null),
        },
        textual => match token {
            Token::Str(text) => from_text(textual, name, text).ok_or_else(|| {
                format!("{name} cannot represent value: {}", written.show())
            }),
            _ => refuse("value"),
        },
    }
}

fn int(token: &Token<'_>, written: Written<'_>) -> Result<Value, String> {
    let digits = match token {
        Token::Int(digits) => (*digits).to_owned(),
        Token::Float(digits) if !written.is_literal() => match integral(digits) {
            Some(whole) => whole,
            None => return Err(format!("Int cannot represent non-integer value: {}", written.show())),
        },
        _ => return Err(format!("Int cannot represent non-integer value: {}", written.show())),
    };
    match digits.parse::<i32>() {
        Ok(value) => Ok(value.into()),
        Err(_) => Err(format!(
            "Int cannot represent non 32-bit signed integer value: {}",
            written.show()
        )),
    }
}

fn float(token: &Token<'_>, written: Written<'_>) -> Result<Value, String> {
    if let Token::Int(digits) | Token::Float(digits) = token
        && digits.len() <= 400
        && digits.parse::<f64>().is_ok_and(f64::is_finite)
        && let Some(value) = number(digits)
    {
        return Ok(value);
    }
    Err(format!("Float cannot represent non numeric value: {}", written.show()))
}

/// `1.0` and `1e2` are integers in JSON: their digits without the fraction.
fn integral(text: &str) -> Option<String> {
    let value = text.parse::<f64>().ok()?;
    (value.fract() == 0.0 && value.abs() < 1e15).then(|| format!("{value:.0}"))
}

fn number(digits: &str) -> Option<Value> {
    Number::from_str(digits).ok().map(Value::Number)
}

fn decimal(text: &str) -> Option<Decimal> {
    if text.len() > MAX_DIGITS {
        return None;
    }
    Decimal::from_str_exact(text).ok().or_else(|| Decimal::from_scientific(text).ok())
}

fn from_text(scalar: Scalar, _name: &str, text: &str) -> Option<Value> {
    let canonical = match scalar {
        Scalar::Date => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .filter(|_| text.len() == 10)?
            .to_string(),
        Scalar::DateTime => parse_datetime(text)?.with_timezone(&Utc).to_rfc3339(),
        Scalar::Time => parse_time(text)?.format("%H:%M:%S%.f").to_string(),
        Scalar::Uuid => Uuid::parse_str(text).ok()?.to_string(),
        Scalar::JsonString => return serde_json::from_str(text).ok(),
        Scalar::NonEmpty => (!text.trim().is_empty()).then(|| text.to_owned())?,
        Scalar::Email => is_email(text).then(|| text.to_owned())?,
        _ => text.to_owned(),
    };
    Some(Value::String(canonical))
}

/// ISO 8601 with `Z`, an offset with or without colon, or none at all (then UTC).
pub(super) fn parse_datetime(text: &str) -> Option<DateTime<FixedOffset>> {
    const ZONED: [&str; 4] =
        ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M%#z"];
    const NAIVE: [&str; 4] =
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let zoned = ZONED.iter().find_map(|f| DateTime::parse_from_str(text, f).ok());
    zoned.or_else(|| {
        NAIVE
            .iter()
            .find_map(|f| NaiveDateTime::parse_from_str(text, f).ok())
            .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
            .map(|naive| naive.and_utc().fixed_offset())
    })
}

fn parse_time(text: &str) -> Option<NaiveTime> {
    ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|f| NaiveTime::parse_from_str(text, f).ok())
}

/// One `@`, something before it, a dot in what follows. Whether it reaches anybody, only mail can tell.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty()
        && domain.contains('.')
        && !domain.contains('@')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !text.contains(char::is_whitespace)
        && text.len() <= 254
}
