//! Leaf values on their way out: borrowed from the row where possible, written once.

use std::borrow::Cow;
use std::io::Write;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, Timelike, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::model::Scalar;

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
/// The sentence of graphql-core where the value does not fit the scalar. What was written until then is
/// the caller's to take back.
pub(super) fn write_scalar(out: &mut Vec<u8>, scalar: Scalar, leaf: &Leaf<'_>) -> Result<(), String> {
    match (scalar, leaf) {
        (Scalar::Int, Leaf::Int(v)) => match i32::try_from(*v) {
            Ok(v) => write_number(out, &v),
            Err(_) => return Err(format!("Int cannot represent non 32-bit signed integer value: {v}")),
        },
        (Scalar::Int, Leaf::Bool(v)) => write_number(out, &i32::from(*v)),
        (Scalar::BigInt | Scalar::Float, Leaf::Int(v)) => write_number(out, v),
        (Scalar::BigInt, Leaf::BigInt(v)) => write_number(out, v),
        (Scalar::Float, Leaf::Float(v)) => return write_float(out, *v),
        (Scalar::Float, Leaf::Decimal(v)) => write_decimal(out, *v),
        (Scalar::Boolean, Leaf::Bool(v)) => write_bool(out, *v),
        (Scalar::Generic, leaf) => write_json(out, leaf)?,
        (Scalar::JsonString, leaf) => {
            out.push(b'"');
            write_json(&mut Escaped(out), leaf)?;
            out.push(b'"');
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
    if let Leaf::Str(text) = leaf {
        write_str(out, text);
        return Ok(());
    }
    out.push(b'"');
    match leaf {
        Leaf::Int(v) => write_number(out, v),
        Leaf::BigInt(v) => write_number(out, v),
        Leaf::Bool(v) => write_bool(out, *v),
        Leaf::Decimal(v) => write_decimal(out, *v),
        Leaf::Uuid(v) => {
            out.extend_from_slice(v.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
        }
        Leaf::Date(v) => write_date(out, *v),
        Leaf::Time(v) => write_time(out, *v),
        Leaf::DateTime(v) => write_datetime(out, &v.fixed_offset()),
        Leaf::LocalDateTime(v) => write_datetime(out, v),
        Leaf::Float(v) => write_display(out, v),
        other => return Err(format!("String cannot represent value: {other:?}")),
    }
    out.push(b'"');
    Ok(())
}

/// Writes any leaf as JSON.
fn write_json(out: &mut impl Write, leaf: &Leaf<'_>) -> Result<(), String> {
    let written = match leaf {
        Leaf::Null => out.write_all(b"null"),
        Leaf::Json(v) => return serde_json::to_writer(out, v.as_ref()).map_err(|e| e.to_string()),
        Leaf::List(items) => {
            return (|| {
                out.write_all(b"[").map_err(|e| e.to_string())?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.write_all(b",").map_err(|e| e.to_string())?;
                    }
                    write_json(out, item)?;
                }
                out.write_all(b"]").map_err(|e| e.to_string())
            })();
        }
        plain => {
            let mut text = Vec::new();
            match plain {
                Leaf::Bool(v) => write_bool(&mut text, *v),
                Leaf::Int(v) => write_number(&mut text, v),
                Leaf::BigInt(v) => write_number(&mut text, v),
                Leaf::Float(v) => write_float(&mut text, *v)?,
                other => write_textual(&mut text, other)?,
            }
            out.write_all(&text)
        }
    };
    written.map_err(|e| e.to_string())
}

/// JSON inside a JSON string.
struct Escaped<'o>(&'o mut Vec<u8>);

impl Write for Escaped<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        escape(self.0, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn write_float(out: &mut Vec<u8>, value: f64) -> Result<(), String> {
    if !value.is_finite() {
        return Err(format!("Float cannot represent non numeric value: {value}"));
    }
    write_number(out, &value);
    Ok(())
}

/// Writes a number without a detour through a formatter.
fn write_number(out: &mut Vec<u8>, value: &impl Serialize) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

fn write_bool(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

fn write_display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    // Writing to memory cannot fail.
    let _ = write!(out, "{value}");
}

/// All digits that the value has, trailing zeros too.
fn write_decimal(out: &mut Vec<u8>, value: Decimal) {
    let scale = value.scale() as usize;
    let Ok(mut rest) = u64::try_from(value.mantissa().unsigned_abs()) else {
        return write_display(out, value);
    };
    // Twenty digits of mantissa, or as many zeros as the scale asks for, and the point.
    let mut digits = [0_u8; 32];
    let (mut at, mut written) = (digits.len(), 0);
    while rest > 0 || written <= scale {
        if written == scale && scale > 0 {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        // A digit, so it fits.
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

fn write_date(out: &mut Vec<u8>, date: NaiveDate) {
    match u32::try_from(date.year()) {
        Ok(year) if year <= 9_999 => {
            pair(out, year / 100);
            pair(out, year % 100);
            out.push(b'-');
            pair(out, date.month());
            out.push(b'-');
            pair(out, date.day());
        }
        _ => write_display(out, date),
    }
}

/// Python's `isoformat()` of a time of day: microseconds only where there are any.
fn write_time(out: &mut Vec<u8>, time: NaiveTime) {
    pair(out, time.hour());
    out.push(b':');
    pair(out, time.minute());
    out.push(b':');
    // A leap second is the sixtieth.
    let leap = time.nanosecond() / 1_000_000_000;
    pair(out, time.second() + leap);
    let micros = time.nanosecond() % 1_000_000_000 / 1_000;
    if micros > 0 {
        out.push(b'.');
        pair(out, micros / 10_000);
        pair(out, micros / 100 % 100);
        pair(out, micros % 100);
    }
}

/// Python's `isoformat()` of a moment: its own offset, `+00:00` rather than `Z`.
fn write_datetime(out: &mut Vec<u8>, value: &DateTime<FixedOffset>) {
    let local = value.naive_local();
    write_date(out, local.date());
    out.push(b'T');
    write_time(out, local.time());
    let offset = value.offset().local_minus_utc();
    out.push(if offset < 0 { b'-' } else { b'+' });
    let seconds = offset.unsigned_abs();
    pair(out, seconds / 3_600);
    out.push(b':');
    pair(out, seconds / 60 % 60);
    if !seconds.is_multiple_of(60) {
        out.push(b':');
        pair(out, seconds % 60);
    }
}

/// Two digits.
fn pair(out: &mut Vec<u8>, number: u32) {
    let digit = |number: u32| b'0' + u8::try_from(number % 10).unwrap_or_default();
    out.extend_from_slice(&[digit(number / 10), digit(number)]);
}

/// The text that [`write_datetime`] writes.
pub(super) fn isoformat(value: &DateTime<FixedOffset>) -> String {
    as_text(|out| write_datetime(out, value))
}

/// The text that [`write_time`] writes.
pub(super) fn isoformat_time(value: NaiveTime) -> String {
    as_text(|out| write_time(out, value))
}

fn as_text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::with_capacity(32);
    write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Writes a JSON string.
pub(super) fn write_str(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text.as_bytes());
    out.push(b'"');
}

/// What stands for a byte in a JSON string: 0 the byte itself, `u` its number, else the letter after the
/// backslash.
static ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[b'\n' as usize] = b'n';
    table[b'\r' as usize] = b'r';
    table[b'\t' as usize] = b't';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

fn escape(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut start = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        let letter = ESCAPES[usize::from(byte)];
        if letter == 0 {
            continue;
        }
        out.extend_from_slice(&bytes[start..index]);
        out.extend_from_slice(&[b'\\', letter]);
        if letter == b'u' {
            out.extend_from_slice(&[b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        start = index + 1;
    }
    out.extend_from_slice(&bytes[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        as_text(write)
    }

    #[test]
    fn decimals_are_written_as_their_own_display_has_them() {
        for mantissa in
            [0, 1, 9, 10, 99, 100, 123_456_789, i128::from(u64::MAX), i128::from(u64::MAX) + 1, (1 << 96) - 1]
        {
            for scale in 0..=28 {
                for sign in [1, -1] {
                    let value = Decimal::from_i128_with_scale(mantissa * sign, scale);
                    assert_eq!(written(|out| write_decimal(out, value)), value.to_string());
                }
            }
        }
    }

    #[test]
    fn moments_are_written_as_chrono_formats_them() {
        for seconds in [0, 1, 59, 1_620_123_450, -1, -62_135_596_800, 253_402_300_799] {
            for micros in [0, 1, 242_231, 999_999] {
                for offset in [0, 3_600, -34_200, 50_400] {
                    let zone = FixedOffset::east_opt(offset).unwrap();
                    let value =
                        DateTime::from_timestamp(seconds, micros * 1_000).unwrap().with_timezone(&zone);
                    let format =
                        if micros == 0 { "%Y-%m-%dT%H:%M:%S%:z" } else { "%Y-%m-%dT%H:%M:%S%.6f%:z" };
                    assert_eq!(isoformat(&value), value.format(format).to_string());
                }
            }
        }
    }

    #[test]
    fn an_offset_of_local_mean_time_keeps_its_seconds() {
        let zone = FixedOffset::east_opt(2_996).unwrap();
        let value = DateTime::from_timestamp(0, 0).unwrap().with_timezone(&zone);
        assert_eq!(isoformat(&value), "1970-01-01T00:49:56+00:49:56");
    }

    #[test]
    fn text_is_escaped_as_serde_escapes_it() {
        let all: String = (0..0x250).filter_map(char::from_u32).chain(['😀', '\u{2028}']).collect();
        assert_eq!(
            written(|out| write_str(out, &all)),
            serde_json::to_string(&all).unwrap().replace("\\b", "\\u0008").replace("\\f", "\\u000c")
        );
    }
}
