//! What may stand in a name or a phone number.

/// Phone numbers by country: calling code, and what numbers begin with at home in its place.
const DIALLING: [(&str, &str, &str); 5] =
    [("gb", "44", "0"), ("de", "49", "0"), ("au", "61", "0"), ("jp", "81", "0"), ("us", "1", "")];

/// Longest text of one line.
pub(super) const LONGEST: usize = 120;

/// A line of text without blanks around it, unless it is too long or has control characters.
pub(in crate::domain) fn line(text: &str) -> Option<String> {
    let text = text.trim();
    let is_fine = text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
    is_fine.then(|| text.to_owned())
}

/// A text of one or more lines without blanks around it, unless nothing is left, it is longer than `longest`
/// characters, or it has control characters other than ends of lines and tabs.
pub(in crate::domain) fn text(text: &str, longest: usize) -> Option<String> {
    let text = text.trim();
    let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let is_fine = !text.is_empty() && text.chars().count() <= longest && !text.chars().any(is_odd);
    is_fine.then(|| text.to_owned())
}

/// A phone number as `+` and digits (E.164). One without a country is of the market's. Nothing is made out of
/// letters, and whether anybody answers is not known.
pub(in crate::domain) fn phone(text: &str, market: Option<&str>) -> Option<String> {
    let mut digits = String::new();
    for (place, c) in text.trim().char_indices() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if place == 0 => digits.push(c),
            ' ' | '-' | '.' | '/' | '(' | ')' => {}
            _ => return None,
        }
    }
    let international = match digits.strip_prefix('+').or_else(|| digits.strip_prefix("00")) {
        Some(rest) => rest.to_owned(),
        None => {
            let (_, code, trunk) = DIALLING.iter().find(|(known, _, _)| Some(*known) == market)?;
            // In North America the calling code itself is dialled at home, by some.
            let own = if trunk.is_empty() { digits.strip_prefix(code) } else { None };
            format!("{code}{}", own.or_else(|| digits.strip_prefix(trunk))?)
        }
    };
    let is_number = (8..=15).contains(&international.len()) && !international.starts_with('0');
    is_number.then(|| format!("+{international}"))
}

/// The digits of an international number in every way in which it may be kept: with its country, and as dialled at home.
pub(in crate::domain) fn spellings(number: &str) -> Vec<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let at_home = DIALLING.iter().filter_map(|(_, code, trunk)| {
        let rest = digits.strip_prefix(code).filter(|rest| rest.len() >= 6)?;
        Some(format!("{trunk}{rest}"))
    });
    let at_home: Vec<String> = at_home.collect();
    [digits].into_iter().chain(at_home).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_one_way() {
        let cases = [
            ("+44 7700 900-101", None, Some("+447700900101")),
            ("(07700) 900101", Some("gb"), Some("+447700900101")),
            ("0049 30 1234567", Some("gb"), Some("+49301234567")),
            ("212 555 0123", Some("us"), Some("+12125550123")),
            ("1-212-555-0123", Some("us"), Some("+12125550123")),
            ("07700 900101", None, None),
            ("7700 900101", Some("gb"), None),
            ("+0 7700 900101", None, None),
            ("+44 77", None, None),
            ("+44 7700 CALLME", None, None),
            ("44+7700900101", Some("us"), None),
            ("+44 7700 900101 900101", None, None),
        ];
        for (text, market, expected) in cases {
            assert_eq!(phone(text, market).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_number_is_found_as_at_home() {
        assert_eq!(spellings("+447700900101"), ["447700900101", "07700900101"]);
        assert_eq!(spellings("+12125550123"), ["12125550123", "2125550123"]);
        assert_eq!(spellings("+33123456789"), ["33123456789"]);
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line(" Ada ").as_deref(), Some("Ada"));
        assert_eq!((line("A\nB"), line(&"é".repeat(121))), (None, None));
    }

    #[test]
    fn a_text_says_something_and_may_have_several() {
        assert_eq!(text(" Ada\nrang. ", 9).as_deref(), Some("Ada\nrang."));
        assert_eq!((text(" \n", 9), text("Ada rang again", 9), text("A\u{7}", 9)), (None, None, None));
    }
}
