//! Request errors in the words of graphql-core, which clients of this API have learned to read.

use apollo_compiler::Schema;
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::DiagnosticList;

use super::document::RequestError;

/// More errors than this in one document are not reported.
const MAX_ERRORS: usize = 100;
const MAX_SUGGESTIONS: usize = 5;
/// Longer messages are cut off.
const MAX_MESSAGE_BYTES: usize = 4_000;

/// Line and column, from 1, of a byte offset. Columns count characters.
pub(super) fn locate(text: &str, offset: usize) -> (usize, usize) {
    let (mut line, mut column) = (1, 1);
    let mut previous = '\0';
    for (at, character) in text.char_indices() {
        if at >= offset {
            break;
        }
        match character {
            '\n' if previous == '\r' => {}
            '\n' | '\r' => {
                line += 1;
                column = 1;
            }
            _ => column += 1,
        }
        previous = character;
    }
    (line, column)
}

/// The diagnostics of a document that does not parse or validate.
pub(super) fn of(schema: &Schema, diagnostics: &DiagnosticList, text: &str) -> Vec<RequestError> {
    diagnostics
        .iter()
        .take(MAX_ERRORS)
        .map(|diagnostic| {
            let error = diagnostic.error;
            let message = error.unstable_compat_message().unwrap_or_else(|| error.to_string());
            let locations = error.location().map(|span| locate(text, span.offset()));
            RequestError {
                message: clip(reword(schema, &message)),
                locations: locations.into_iter().collect(),
            }
        })
        .collect()
}

/// Cuts off what no reader needs of a sentence that quotes the request at length.
pub(super) fn clip(mut message: String) -> String {
    if message.len() > MAX_MESSAGE_BYTES {
        let end = (0..=MAX_MESSAGE_BYTES).rev().find(|at| message.is_char_boundary(*at));
        message.truncate(end.unwrap_or_default());
        message.push_str("...");
    }
    message
}

/// Names stand in single quotes; what the request itself wrote, behind "value: ", stays as it is.
fn reword(schema: &Schema, message: &str) -> String {
    if let Some(rest) = message.strip_prefix("syntax error: ") {
        return format!("Syntax Error: {rest}");
    }
    if let Some((name, value)) = message.split_once(" cannot represent value: ") {
        return unfit(schema, name, value);
    }
    let written = message.find(" cannot represent ").and_then(|at| Some(at + message[at..].find(": ")?));
    let (ours, theirs) = message.split_at(written.unwrap_or(message.len()));
    let message = ours.replace('"', "'") + theirs;
    match undefined_field(schema, &message) {
        Some(suggested) => suggested,
        None => message,
    }
}

/// A literal that does not fit its type, in the words for that kind of type.
fn unfit(schema: &Schema, name: &str, value: &str) -> String {
    match (name, schema.types.get(name)) {
        _ if value == "null" => format!("Expected value of type '{name}!', found null."),
        ("Int", _) => format!("Int cannot represent non-integer value: {value}"),
        ("Float", _) => format!("Float cannot represent non numeric value: {value}"),
        ("String", _) => format!("String cannot represent a non string value: {value}"),
        ("Boolean", _) => format!("Boolean cannot represent a non boolean value: {value}"),
        ("ID", _) => format!("ID cannot represent a non-string and non-integer value: {value}"),
        (_, Some(ExtendedType::Enum(_))) => {
            format!("Enum '{name}' cannot represent non-enum value: {value}.")
        }
        (_, Some(ExtendedType::InputObject(_))) => format!("Expected value of type '{name}', found {value}."),
        _ => format!("{name} cannot represent value: {value}"),
    }
}

/// Adds what may have been meant to "Cannot query field 'x' on type 'T'."
fn undefined_field(schema: &Schema, message: &str) -> Option<String> {
    let rest = message.strip_prefix("Cannot query field '")?;
    let (field, rest) = rest.split_once("' on type '")?;
    let (parent, _) = rest.split_once('\'')?;
    let fields = match schema.types.get(parent)? {
        ExtendedType::Object(object) => &object.fields,
        ExtendedType::Interface(interface) => &interface.fields,
        _ => return None,
    };
    let names: Vec<&str> = fields.keys().map(|name| name.as_str()).collect();
    Some(format!("{message}{}", did_you_mean(&suggestions(field, &names))))
}

fn did_you_mean(found: &[&str]) -> String {
    let quoted: Vec<String> = found.iter().take(MAX_SUGGESTIONS).map(|name| format!("'{name}'")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => format!(" Did you mean {one}?"),
        [one, two] => format!(" Did you mean {one} or {two}?"),
        [most @ .., last] => format!(" Did you mean {}, or {last}?", most.join(", ")),
    }
}

/// The names close enough to `input`, closest first.
fn suggestions<'n>(input: &str, names: &[&'n str]) -> Vec<&'n str> {
    let length = input.chars().count();
    let threshold = length * 2 / 5 + 1;
    let mut close: Vec<(usize, &str)> = names
        .iter()
        // No need to compare what is too long or too short: names of a request can be very long.
        .filter(|name| name.len().abs_diff(length) <= threshold)
        .map(|name| (distance(input, name), *name))
        .filter(|(distance, _)| *distance <= threshold)
        .collect();
    close.sort_unstable();
    close.into_iter().map(|(_, name)| name).collect()
}

/// Edits between two names, a swap of neighbours counting once and a difference in case one in all.
fn distance(a: &str, b: &str) -> usize {
    if a == b {
        return 0;
    }
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    if a == b {
        return 1;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + changed);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + changed);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_request_wrote_is_quoted_as_it_was() {
        let schema = Schema::new();
        let said = reword(&schema, r#"Int cannot represent non-integer value: "it's \"quoted\"""#);
        assert_eq!(said, r#"Int cannot represent non-integer value: "it's \"quoted\"""#);
        let said = reword(&schema, r#"Unknown argument "a" on field "Query.b"."#);
        assert_eq!(said, "Unknown argument 'a' on field 'Query.b'.");
        let said = reword(&schema, r#"syntax error: expected a StringValue "x""#);
        assert_eq!(said, r#"Syntax Error: expected a StringValue "x""#);
    }

    #[test]
    fn a_message_is_cut_off_between_characters() {
        let said = clip("ä".repeat(MAX_MESSAGE_BYTES));
        assert!(said.ends_with("ä...") && said.len() <= MAX_MESSAGE_BYTES + 3);
    }

    #[test]
    fn a_name_out_of_all_proportion_is_not_compared() {
        assert!(suggestions(&"a".repeat(200_000), &["account", "accounts"]).is_empty());
        assert_eq!(suggestions("acount", &["account", "accounts", "bill"]), ["account", "accounts"]);
    }

    #[test]
    fn columns_count_characters_and_every_line_end_counts_once() {
        assert_eq!(locate("ä\r\nb\rc\nd", 2), (1, 2));
        assert_eq!(locate("ä\r\nb\rc\nd", 4), (2, 1));
        assert_eq!(locate("ä\r\nb\rc\nd", 6), (3, 1));
        assert_eq!(locate("ä\r\nb\rc\nd", 8), (4, 1));
    }
}
