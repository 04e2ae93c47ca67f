//! Leaf values on their way out: borrowed from the row where possible, written once.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::model::Scalar;
use super::scalars::{isoformat, isoformat_time};

/// A value of a scalar or an enum. The declared type of the field decides how it is written.
#[derive(Debug, Clone)]
pub enum Leaf<'a> {
    Null,
    Bool(bool),
    Int(i64),
    BigInt(i128),
    Float(f64),
    Str(Cow<'a, str>),
    Decimal(Decimal),
    Date(NaiveDate),
    Time(NaiveTime),
    /// Written with `+00:00`.
    DateTime(DateTime<Utc>),
    /// Written with its own offset, for fields that take a time zone.
    LocalDateTime(DateTime<FixedOffset>),
    Uuid(Uuid),
    Json(Cow<'a, Value>),
    List(Vec<Leaf<'a>>),
}

impl Leaf<'_> {
    pub fn is_null(&self) -> bool {
        matches!(self, Leaf::Null)
    }

    /// Copies what is borrowed.
    pub fn into_owned(self) -> Leaf<'static> {
        match self {
            Leaf::Null => Leaf::Null,
            Leaf::Bool(v) => Leaf::Bool(v),
            Leaf::Int(v) => Leaf::Int(v),
            Leaf::BigInt(v) => Leaf::BigInt(v),
            Leaf::Float(v) => Leaf::Float(v),
            Leaf::Str(v) => Leaf::Str(Cow::Owned(v.into_owned())),
            Leaf::Decimal(v) => Leaf::Decimal(v),
            Leaf::Date(v) => Leaf::Date(v),
            Leaf::Time(v) => Leaf::Time(v),
            Leaf::DateTime(v) => Leaf::DateTime(v),
            Leaf::LocalDateTime(v) => Leaf::LocalDateTime(v),
            Leaf::Uuid(v) => Leaf::Uuid(v),
            Leaf::Json(v) => Leaf::Json(Cow::Owned(v.into_owned())),
            Leaf::List(items) => Leaf::List(items.into_iter().map(Leaf::into_owned).collect()),
        }
    }
}

macro_rules! leaf_from {
    ($($from:ty => $make:expr),* $(,)?) => {
        $(impl<'a> From<$from> for Leaf<'a> {
            fn from(value: $from) -> Self {
                $make(value)
            }
        })*
    };
}

leaf_from! {
    bool => Leaf::Bool,
    i64 => Leaf::Int,
    i32 => |v| Leaf::Int(i64::from(v)),
    i16 => |v| Leaf::Int(i64::from(v)),
    i128 => Leaf::BigInt,
    f64 => Leaf::Float,
    &'a str => |v| Leaf::Str(Cow::Borrowed(v)),
    &'a String => |v: &'a String| Leaf::Str(Cow::Borrowed(v)),
    String => |v| Leaf::Str(Cow::Owned(v)),
    Decimal => Leaf::Decimal,
    NaiveDate => Leaf::Date,
    NaiveTime => Leaf::Time,
    DateTime<Utc> => Leaf::DateTime,
    DateTime<FixedOffset> => Leaf::LocalDateTime,
    Uuid => Leaf::Uuid,
    &'a Value => |v| Leaf::Json(Cow::Borrowed(v)),
    Value => |v| Leaf::Json(Cow::Owned(v)),
}

impl<'a, T: Into<Leaf<'a>>> From<Option<T>> for Leaf<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Leaf::Null, Into::into)
    }
}

impl<'a> From<&'a Option<String>> for Leaf<'a> {
    fn from(value: &'a Option<String>) -> Self {
        value.as_deref().into()
    }
}

impl<'a, T: Into<Leaf<'a>>> From<Vec<T>> for Leaf<'a> {
    fn from(items: Vec<T>) -> Self {
        Leaf::List(items.into_iter().map(Into::into).collect())
    }
}

impl<'a> From<&'a Vec<String>> for Leaf<'a> {
    fn from(items: &'a Vec<String>) -> Self {
        Leaf::List(items.iter().map(Into::into).collect())
    }
}

/// Writes a non-null leaf as the scalar the schema declares.
///
/// # Errors
/// The sentence of graphql-core where the value does not fit the scalar; nothing is written then.
pub(super) fn write_scalar(out: &mut Vec<u8>, scalar: Scalar, leaf: &Leaf<'_>) -> Result<(), String> {
    match (scalar, leaf) {
        (Scalar::Int, Leaf::Int(v)) => match i32::try_from(*v) {
            Ok(v) => write_display(out, v),
            Err(_) => return Err(format!("Int cannot represent non 32-bit signed integer value: {v}")),
        },
        (Scalar::Int, Leaf::Bool(v)) => write_display(out, i32::from(*v)),
        (Scalar::BigInt, Leaf::Int(v)) => write_display(out, v),
        (Scalar::BigInt, Leaf::BigInt(v)) => write_display(out, v),
        (Scalar::Float, Leaf::Float(v)) => return write_float(out, *v),
        (Scalar::Float, Leaf::Int(v)) => write_display(out, v),
        (Scalar::Float, Leaf::Decimal(v)) => write_display(out, v),
        (Scalar::Boolean, Leaf::Bool(v)) => write_display(out, v),
        (Scalar::GenericScalar, leaf) => write_json(out, leaf)?,
        (Scalar::JsonString, leaf) => {
            let mut inner = Vec::new();
            write_json(&mut inner, leaf)?;
            write_str(out, std::str::from_utf8(&inner).map_err(|e| e.to_string())?);
        }
        (Scalar::Int | Scalar::BigInt | Scalar::Float | Scalar::Boolean, other) => {
            return Err(format!("{scalar:?} cannot represent value: {other:?}"));
        }
        (_, leaf) => return write_textual(out, leaf),
    }
    Ok(())
}

/// The scalars that travel as strings.
fn write_textual(out: &mut Vec<u8>, leaf: &Leaf<'_>) -> Result<(), String> {
    match leaf {
        Leaf::Str(v) => write_str(out, v),
        Leaf::Int(v) => quoted(out, v),
        Leaf::BigInt(v) => quoted(out, v),
        Leaf::Bool(v) => quoted(out, v),
        Leaf::Decimal(v) => quoted(out, v),
        Leaf::Uuid(v) => quoted(out, v),
        Leaf::Date(v) => quoted(out, v),
        Leaf::Time(v) => quoted(out, isoformat_time(*v)),
        Leaf::DateTime(v) => quoted(out, isoformat(&v.fixed_offset())),
        Leaf::LocalDateTime(v) => quoted(out, isoformat(v)),
        Leaf::Float(v) => quoted(out, v),
        other => return Err(format!("String cannot represent value: {other:?}")),
    }
    Ok(())
}

fn write_json(out: &mut Vec<u8>, leaf: &Leaf<'_>) -> Result<(), String> {
    match leaf {
        Leaf::Null => out.extend_from_slice(b"null"),
        Leaf::Json(v) => serde_json::to_writer(out, v.as_ref()).map_err(|e| e.to_string())?,
        Leaf::Bool(v) => write_display(out, v),
        Leaf::Int(v) => write_display(out, v),
        Leaf::BigInt(v) => write_display(out, v),
        Leaf::Float(v) => return write_float(out, *v),
        Leaf::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_json(out, item)?;
            }
            out.push(b']');
        }
        other => return write_textual(out, other),
    }
    Ok(())
}

fn write_float(out: &mut Vec<u8>, value: f64) -> Result<(), String> {
    if !value.is_finite() {
        return Err(format!("Float cannot represent non numeric value: {value}"));
    }
    serde_json::to_writer(out, &value).map_err(|e| e.to_string())
}

fn write_display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    use std::io::Write;
    // Writing to memory cannot fail.
    let _ = write!(out, "{value}");
}

fn quoted(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    out.push(b'"');
    write_display(out, value);
    out.push(b'"');
}

/// Writes a JSON string.
pub(super) fn write_str(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0x00..=0x1f => {
                &[b'\\', b'u', b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
            }
            _ => continue,
        };
        out.extend_from_slice(&bytes[start..index]);
        out.extend_from_slice(escape);
        start = index + 1;
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}
