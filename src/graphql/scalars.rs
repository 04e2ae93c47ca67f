//! Input coercion of scalars. Numbers are read from their digits, never through a float.

use std::str::FromStr;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};
use rust_decimal::Decimal;
use serde_json::{Number, Value};
use uuid::Uuid;

use super::inspect::inspect;
use super::leaf::{isoformat, isoformat_time};
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
        Scalar::Generic => match written {
            Written::Json(value) => Ok(value.clone()),
            Written::Int(digits) | Written::Float(digits) => Ok(number(digits).unwrap_or(Value::Null)),
            Written::Str(text) => Ok(text.into()),
            Written::Bool(truth) => Ok(truth.into()),
            Written::Other(_) => Ok(Value::Null),
        },
        textual => match token {
            Token::Str(text) => from_text(textual, text)
                .ok_or_else(|| format!("{name} cannot represent value: {}", written.show())),
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
        Err(_) => Err(format!("Int cannot represent non 32-bit signed integer value: {}", written.show())),
    }
}

fn float(token: &Token<'_>, written: Written<'_>) -> Result<Value, String> {
    let value = match token {
        Token::Int(digits) | Token::Float(digits) => digits.parse::<f64>().ok(),
        _ => None,
    };
    match value.and_then(Number::from_f64) {
        Some(number) => Ok(Value::Number(number)),
        None => Err(format!("Float cannot represent non numeric value: {}", written.show())),
    }
}

/// `1.0` and `1e2` are integers in JSON: their digits without the fraction.
fn integral(text: &str) -> Option<String> {
    let value = text.parse::<f64>().ok()?;
    (value.fract() == 0.0 && value.abs() < 1e15).then(|| format!("{value:.0}"))
}

fn number(digits: &str) -> Option<Value> {
    Number::from_str(digits).ok().map(Value::Number)
}

/// `-?digits[.digits][e±digits]`, the digits kept; no more than fit 96 bits.
fn decimal(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if text.len() > MAX_DIGITS || !digits(whole) || !digits(fraction) {
        return None;
    }
    let value = Decimal::from_str_exact(mantissa).ok()?;
    let scale = i32::try_from(value.scale()).ok()?.checked_sub(exponent)?;
    let mut shifted = match u32::try_from(scale) {
        Ok(scale) => Decimal::try_from_i128_with_scale(value.mantissa(), scale).ok()?,
        Err(_) => {
            let factor = 10_i128.checked_pow(scale.unsigned_abs())?;
            Decimal::try_from_i128_with_scale(value.mantissa().checked_mul(factor)?, 0).ok()?
        }
    };
    if shifted.is_zero() {
        shifted.set_sign_positive(true);
    }
    Some(shifted)
}

fn from_text(scalar: Scalar, text: &str) -> Option<Value> {
    let canonical = match scalar {
        Scalar::Date => parse_date(text)?.format("%Y-%m-%d").to_string(),
        Scalar::DateTime => isoformat(&parse_datetime(text)?.with_timezone(&Utc).fixed_offset()),
        Scalar::Time => isoformat_time(parse_time(text)?),
        Scalar::Uuid => Uuid::parse_str(text).ok().filter(|_| text.len() == 36)?.to_string(),
        Scalar::JsonString => return serde_json::from_str(text).ok(),
        Scalar::NonEmpty => (!text.trim().is_empty()).then(|| text.to_owned())?,
        Scalar::Email => is_email(text).then(|| text.to_owned())?,
        _ => text.to_owned(),
    };
    Some(Value::String(canonical))
}

/// Years that the original's own date type can hold.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;

/// `YYYY-MM-DD`, nothing shorter or longer.
fn parse_date(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date = shaped.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())??;
    YEARS.contains(&date.year()).then_some(date)
}

/// `HH:MM[:SS[.ffffff]]`.
fn parse_time(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, fraction),
        None => (text, "0"),
    };
    let has_fraction = text.contains('.');
    if !(1..=6).contains(&fraction.len()) || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut numbers = [0_u32; 3];
    let parts: Vec<&str> = clock.split(':').collect();
    if !(2..=3).contains(&parts.len()) || (has_fraction && parts.len() != 3) {
        return None;
    }
    for (number, part) in numbers.iter_mut().zip(&parts) {
        if part.len() != 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    let micros: u32 = format!("{fraction:0<6}").parse().ok()?;
    NaiveTime::from_hms_micro_opt(numbers[0], numbers[1], numbers[2], micros)
}

/// A date, `T` or a space, a time; then `Z`, an offset with or without colon, or nothing (UTC).
fn parse_datetime(text: &str) -> Option<DateTime<FixedOffset>> {
    let date = parse_date(text.get(..10)?)?;
    let rest = text.get(10..)?.strip_prefix(['T', ' '])?;
    let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone_at);
    let time = parse_time(time)?;
    let offset = match zone {
        "" | "Z" => FixedOffset::east_opt(0)?,
        zone => parse_offset(zone)?,
    };
    offset.from_local_datetime(&date.and_time(time)).single()
}

/// `±HH:MM` or `±HHMM`, perhaps with seconds: the offsets of local mean time have them.
fn parse_offset(zone: &str) -> Option<FixedOffset> {
    let (sign, digits) = zone.split_at_checked(1)?;
    let digits = match digits.split(':').collect::<Vec<_>>().as_slice() {
        [all] if all.len() == 4 => (*all).to_owned(),
        parts @ ([_, _] | [_, _, _]) if parts.iter().all(|part| part.len() == 2) => parts.concat(),
        _ => return None,
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |part| part.parse::<i32>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let total = (hours * 60 + minutes) * 60 + seconds;
    FixedOffset::east_opt(if sign == "-" { -total } else { total })
}

/// Coerces a JSON value to the scalar `name`, as a variable of that type would be.
///
/// # Errors
/// The sentence that says why it does not fit.
pub fn canonical(name: &str, value: &Value) -> Result<Value, String> {
    coerce(Scalar::of(name), name, Written::Json(value))
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
