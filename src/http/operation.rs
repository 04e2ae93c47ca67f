//! A glance at a document before it is parsed: may it change anything?

/// True if the document defines a mutation. Reads only what is outside braces, strings and comments; may
/// say yes for a query that is named `mutation`, never no for a mutation.
pub(super) fn may_mutate(document: &str) -> bool {
    // Nearly every query ends here.
    document.contains("mutation") && outermost_names(document).any(|name| name == "mutation")
}

/// The names of a document that stand outside all braces.
fn outermost_names(document: &str) -> impl Iterator<Item = &str> {
    let mut rest = document;
    let mut depth = 0_usize;
    std::iter::from_fn(move || {
        loop {
            let (token, after) = token(rest)?;
            rest = after;
            match token {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                name if depth == 0 && name.starts_with(starts_name) => return Some(name),
                _ => {}
            }
        }
    })
}

fn starts_name(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic()
}

/// Cuts off one token: a name, a string, a comment or a single character.
fn token(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let length = match first {
        '#' => text.find(['\n', '\r']).unwrap_or(text.len()),
        '"' => string(text),
        c if starts_name(c) => {
            text.find(|c: char| !starts_name(c) && !c.is_ascii_digit()).unwrap_or(text.len())
        }
        c => c.len_utf8(),
    };
    Some(text.split_at(length))
}

/// Length of the string or block string at the start of `text`.
fn string(text: &str) -> usize {
    let block = text.starts_with("\"\"\"");
    let (quote, escaped) = if block { ("\"\"\"", "\\\"\"\"") } else { ("\"", "\\\"") };
    let mut at = quote.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        at += match rest.chars().next() {
            _ if rest.starts_with(escaped) => escaped.len(),
            Some('\\') if !block => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            // A line end inside a plain string ends it: the document is wrong, what follows still counts.
            Some('\n' | '\r') if !block => return at,
            Some(c) => c.len_utf8(),
            None => return at,
        };
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::may_mutate;

    #[test]
    fn mutations_are_seen() {
        for document in [
            "mutation { a }",
            "mutation M($x: Int = 1) { a }",
            "\u{feff}#{\nmutation{a}",
            "query Q { a } mutation M { b }",
            "fragment F on T { a(b: \"{\") } mutation { b }",
            "query($a: I = {b: \"}{{\"}){ a } mutation { b }",
            "query($a: S = \"\"\"{ \\\"\"\" { \"\"\"){ a } mutation { b }",
            "query($a: S = \"\\\\\"){ a } mutation { b }",
            "query($a: S = \"é\\\"{\"){ a },mutation@x{ b }",
        ] {
            assert!(may_mutate(document), "{document}");
        }
    }

    #[test]
    fn queries_are_left_alone() {
        for document in [
            "",
            "{ mutation }",
            "query { __schema { mutationType { name } } }",
            "# mutation\n{ a }",
            "query($a: S = \"mutation\") { a }",
            "query($a: S = \"\"\"\n mutation \"\"\") { a }",
            "query mutations { a }",
            "\"",
            "\"\"\"",
            "\"\\",
            "{",
            "}",
            "\"\"\"\\\"\"\"",
        ] {
            assert!(!may_mutate(document), "{document}");
        }
    }
}
