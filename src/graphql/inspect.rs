//! Values as graphql-core prints them in messages: Python notation, cut off where it gets long.

use serde_json::Value;

const MAX_DEPTH: usize = 2;
const MAX_ITEMS: usize = 10;
const MAX_TEXT: usize = 238;
/// About where a value is cut off that is wide at every level.
const MAX_LENGTH: usize = 4_000;

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
        Value::Array(_) if depth >= MAX_DEPTH => out.push_str("[...]"),
        Value::Array(items) => {
            out.push('[');
            write_items(out, items.iter(), |out, item| write(out, item, depth + 1));
            out.push(']');
        }
        Value::Object(map) if map.is_empty() => out.push_str("{}"),
        Value::Object(_) if depth >= MAX_DEPTH => out.push_str("{...}"),
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

/// The first and the last items of a long list.
fn write_items<T>(out: &mut String, items: impl ExactSizeIterator<Item = T>, each: impl Fn(&mut String, T)) {
    let total = items.len();
    for (index, item) in items.enumerate() {
        let from_end = total - index;
        if total > MAX_ITEMS && index >= MAX_ITEMS / 2 && from_end >= MAX_ITEMS / 2 {
            if index == MAX_ITEMS / 2 {
                out.push_str(", ...");
            }
            continue;
        }
        if out.len() > MAX_LENGTH {
            out.push_str(", ...");
            return;
        }
        if index > 0 {
            out.push_str(", ");
        }
        each(out, item);
    }
}

fn write_text(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    let length = text.chars().count();
    // As many characters as fit, the middle left out.
    let head = if length > MAX_TEXT { (MAX_TEXT - 3) / 2 } else { length };
    let tail = if length > MAX_TEXT { length - (MAX_TEXT - 3 - head) } else { length };
    for (index, character) in text.chars().enumerate() {
        if index >= head && index < tail {
            if index == head {
                out.push_str("...");
            }
            continue;
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::inspect;

    #[test]
    fn values_are_printed_in_python_notation() {
        let value = json!({ "a": [null, true, 1, "it's", "b\n"] });
        assert_eq!(inspect(&value), r#"{'a': [None, True, 1, "it's", 'b\n']}"#);
    }

    #[test]
    fn what_is_long_or_deep_loses_its_middle() {
        let numbers: Vec<u32> = (0..12).collect();
        assert_eq!(inspect(&json!(numbers)), "[0, 1, 2, 3, 4, ..., 8, 9, 10, 11]");
        assert_eq!(inspect(&json!([[[[1]]]])), "[[[...]]]");
        let text = format!("{}{}", "a".repeat(200), "b".repeat(200));
        assert_eq!(inspect(&json!(text)), format!("'{}...{}'", "a".repeat(117), "b".repeat(118)));
    }

    #[test]
    fn what_is_wide_at_every_level_stays_short() {
        let row: Vec<String> = vec!["\\".repeat(240); 10];
        let all = json!(vec![row; 10]);
        assert!(inspect(&all).len() < 6_000);
    }
}
