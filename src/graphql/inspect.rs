//! Values as graphql-core prints them in messages: Python notation, cut off where it gets long.

use serde_json::Value;

const MAX_DEPTH: usize = 2;
const MAX_ITEMS: usize = 10;
const MAX_TEXT: usize = 240;

/// `value` in Python notation.
pub(super) fn inspect(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => out.push_str(number.as_str()),
        Value::String(text) => write_text(out, text),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Array(_) if depth > MAX_DEPTH => out.push_str("[...]"),
        Value::Array(items) => {
            out.push('[');
            write_items(out, items.iter(), |out, item| write(out, item, depth + 1));
            out.push(']');
        }
        Value::Object(map) if map.is_empty() => out.push_str("{}"),
        Value::Object(_) if depth > MAX_DEPTH => out.push_str("{...}"),
        Value::Object(map) => {
            out.push('{');
            write_items(out, map.iter(), |out, (key, item)| {
                write_text(out, key);
                out.push_str(": ");
                write(out, item, depth + 1);
            });
            out.push('}');
        }
    }
}

fn write_items<T>(out: &mut String, items: impl ExactSizeIterator<Item = T>, each: impl Fn(&mut String, T)) {
    let total = items.len();
    for (index, item) in items.take(MAX_ITEMS).enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        each(out, item);
    }
    if total > MAX_ITEMS {
        out.push_str(", ...");
    }
}

fn write_text(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for (index, character) in text.chars().enumerate() {
        if index == MAX_TEXT {
            out.push_str("...");
            break;
        }
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
}
