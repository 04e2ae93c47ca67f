//! Numbers that businesses are registered under, country by country.

/// Legal forms that exist only by being registered.
const REGISTERED_FORMS: [&str; 4] =
    ["LIMITED", "PROPRIETARY_LIMITED_COMPANY", "PUBLIC_LIMITED_COMPANY", "LIMITED_LIABILITY_PARTNERSHIP"];

/// Letters that numbers of the registers for Scotland, Northern Ireland, partnerships and the like begin with.
const COMPANY_PREFIXES: [&str; 16] =
    ["SC", "NI", "OC", "SO", "NC", "FC", "SF", "NF", "CE", "CS", "LP", "SL", "NL", "RC", "RS", "IP"];

/// What employer identification numbers never begin with.
const NO_EIN: [&str; 17] =
    ["00", "07", "08", "09", "17", "18", "19", "28", "29", "49", "69", "70", "78", "79", "89", "96", "97"];

/// A number as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The number without anything that is only there to be read; empty for none.
    pub number: String,
    /// One of `BusinessNumberTypeEnum`.
    pub kind: &'static str,
    /// The number as documents show it.
    pub displayable: String,
}

/// Why a number is none; a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoNumber(pub &'static str);

/// A kind of number: its country, its name, and what it makes of a text.
struct Register {
    country: &'static str,
    kind: &'static str,
    read: fn(&str) -> Option<(String, String)>,
}

static REGISTERS: [Register; 6] = [
    Register { country: "GB", kind: "COMPANY_NUMBER", read: company_number },
    Register { country: "DE", kind: "HANDELSREGISTER", read: handelsregister },
    Register { country: "JP", kind: "CORPORATE_NUMBER", read: corporate_number },
    Register { country: "AU", kind: "ABN", read: abn },
    Register { country: "AU", kind: "ACN", read: acn },
    Register { country: "US", kind: "EIN", read: ein },
];

/// Reads the number of a business of this legal form, one of `BusinessTypeOptions`. Where the country is not known,
/// the number has to tell it. Registers of other countries are not known: their numbers are kept as they are.
pub fn read(text: &str, country: Option<&str>, form: &str) -> Result<Registered, NoNumber> {
    let text = text.trim();
    if text.is_empty() {
        let missing = Registered { number: String::new(), kind: "MISSING", displayable: String::new() };
        let needed = Err(NoNumber("A business of this legal form has a number in a register."));
        return if REGISTERED_FORMS.contains(&form) { needed } else { Ok(missing) };
    }
    let ours = |register: &&Register| country.is_none_or(|country| country == register.country);
    if !REGISTERS.iter().any(|register| ours(&register)) {
        let (number, displayable) = (text.to_owned(), text.to_owned());
        return Ok(Registered { number, kind: "UNKNOWN", displayable });
    }
    let fitting = REGISTERS.iter().filter(ours).filter_map(|register| {
        let (number, displayable) = (register.read)(text)?;
        Some(Registered { number, kind: register.kind, displayable })
    });
    let mut fitting: Vec<Registered> = fitting.collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(NoNumber("No register of the country has a number like this.")),
        _ => Err(NoNumber("Several countries have numbers like this: an address would tell which it is.")),
    }
}

/// The digits, if there is nothing else but blanks, points and hyphens.
fn digits(text: &str, length: usize) -> Option<Vec<u32>> {
    let kept = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.'));
    let digits: Option<Vec<u32>> = kept.map(|c| c.to_digit(10)).collect();
    digits.filter(|digits| digits.len() == length)
}

fn plain(digits: &[u32]) -> String {
    digits.iter().map(u32::to_string).collect()
}

/// The digits in groups of these lengths.
fn grouped(digits: &[u32], lengths: &[usize], separator: &str) -> String {
    let mut rest = digits;
    let groups = lengths.iter().map(|length| {
        let (group, after) = rest.split_at((*length).min(rest.len()));
        rest = after;
        plain(group)
    });
    groups.collect::<Vec<_>>().join(separator)
}

fn weighted(digits: &[u32], weights: impl IntoIterator<Item = u32>) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Eight digits, of which noughts in front are often left out, or two letters and six digits.
fn company_number(text: &str) -> Option<(String, String)> {
    let text: String = text.chars().filter(|c| *c != ' ').collect::<String>().to_uppercase();
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let number = if is_digits(&text) && (5..=8).contains(&text.len()) {
        format!("{text:0>8}")
    } else {
        let (prefix, rest) = text.split_at_checked(2)?;
        (COMPANY_PREFIXES.contains(&prefix) && rest.len() == 6 && is_digits(rest)).then(|| text.clone())?
    };
    Some((number.clone(), number))
}

/// A section, a number and the court that keeps the register, such as `Amtsgericht Hamburg HRB 12345`.
fn handelsregister(text: &str) -> Option<(String, String)> {
    let spaced = text.replace([',', ';', ':'], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let at = words.iter().position(|word| ["HRA", "HRB"].contains(&word.to_uppercase().as_str()))?;
    let section = words.get(at)?.to_uppercase();
    let number = words.get(at + 1)?;
    let is_number = (1..=6).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    let suffix =
        words.get(at + 2).filter(|word| word.len() <= 2 && word.bytes().all(|b| b.is_ascii_uppercase()));
    let after = words.get(at + 2 + usize::from(suffix.is_some())..).unwrap_or_default();
    let is_name = |word: &&&str| !["amtsgericht", "ag"].contains(&word.to_lowercase().as_str());
    let court: Vec<&str> = words.get(..at)?.iter().chain(after).filter(is_name).copied().collect();
    let court = court.join(" ");
    if !is_number || court.is_empty() || court.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    let entry = [Some(section.as_str()), Some(number.trim_start_matches('0')), suffix.copied()];
    let entry = entry.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some((format!("{} {entry}", court.to_uppercase()), format!("Amtsgericht {court} {entry}")))
}

/// Thirteen digits; the first makes the others good.
fn corporate_number(text: &str) -> Option<(String, String)> {
    let digits = digits(text, 13)?;
    let (check, base) = digits.split_first()?;
    let weights = [2, 1].into_iter().cycle();
    let is_good = *check == 9 - weighted(base, weights) % 9;
    is_good.then(|| (plain(&digits), grouped(&digits, &[1, 4, 4, 4], "-")))
}

/// Australian business number: eleven digits, of which the first two make the others good.
fn abn(text: &str) -> Option<(String, String)> {
    let digits = digits(text, 11)?;
    let first = digits.first()?.checked_sub(1)?;
    let sum = first * 10 + weighted(digits.get(1..)?, (1..).step_by(2));
    (sum % 89 == 0).then(|| (plain(&digits), grouped(&digits, &[2, 3, 3, 3], " ")))
}

/// Australian company number: nine digits, of which the last makes the others good.
fn acn(text: &str) -> Option<(String, String)> {
    let digits = digits(text, 9)?;
    let (check, base) = digits.split_last()?;
    let sum = weighted(base, (1..=8).rev());
    (*check == (10 - sum % 10) % 10).then(|| (plain(&digits), grouped(&digits, &[3, 3, 3], " ")))
}

/// Employer identification number: nine digits, of which the first two say where it was given out.
fn ein(text: &str) -> Option<(String, String)> {
    let digits = digits(text, 9)?;
    let number = plain(&digits);
    let is_given_out = !NO_EIN.contains(&number.get(..2)?);
    is_given_out.then(|| (number, grouped(&digits, &[2, 7], "-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str, country: &str) -> Option<(&'static str, String, String)> {
        let read = read(text, Some(country), "LIMITED").ok()?;
        Some((read.kind, read.number, read.displayable))
    }

    #[test]
    fn numbers_are_read_as_their_country_writes_them() {
        let cases = [
            ("1234567", "GB", Some(("COMPANY_NUMBER", "01234567", "01234567"))),
            ("sc 123456", "GB", Some(("COMPANY_NUMBER", "SC123456", "SC123456"))),
            ("ZZ123456", "GB", None),
            ("123456789", "GB", None),
            (
                "HRB 12345, Amtsgericht Hamburg",
                "DE",
                Some(("HANDELSREGISTER", "HAMBURG HRB 12345", "Amtsgericht Hamburg HRB 12345")),
            ),
            (
                "AG Bad Homburg v.d.H. hra 0042 B",
                "DE",
                Some((
                    "HANDELSREGISTER",
                    "BAD HOMBURG V.D.H. HRA 42 B",
                    "Amtsgericht Bad Homburg v.d.H. HRA 42 B",
                )),
            ),
            ("HRB 12345", "DE", None),
            ("Hamburg 12345", "DE", None),
            ("7000012050002", "JP", Some(("CORPORATE_NUMBER", "7000012050002", "7-0000-1205-0002"))),
            ("7-0000-1205-0003", "JP", None),
            ("51 824 753 556", "AU", Some(("ABN", "51824753556", "51 824 753 556"))),
            ("51 824 753 557", "AU", None),
            ("004085616", "AU", Some(("ACN", "004085616", "004 085 616"))),
            ("004085617", "AU", None),
            ("12-3456789", "US", Some(("EIN", "123456789", "12-3456789"))),
            ("07-3456789", "US", None),
            ("anything 7", "FR", Some(("UNKNOWN", "anything 7", "anything 7"))),
        ];
        for (text, country, expected) in cases {
            let expected = expected.map(|(kind, number, shown)| (kind, number.to_owned(), shown.to_owned()));
            assert_eq!(kept(text, country), expected, "{text}");
        }
    }

    #[test]
    fn a_number_tells_its_country_if_it_can() {
        let kind = |text| read(text, None, "LIMITED").map(|read| read.kind);
        assert_eq!(kind("51 824 753 556"), Ok("ABN"));
        assert_eq!(kind("01234567"), Ok("COMPANY_NUMBER"));
        // An Australian company number, but also an employer's in the United States.
        assert!(kind("010499966").is_err_and(|NoNumber(why)| why.starts_with("Several")));
    }

    #[test]
    fn only_what_is_registered_must_have_a_number() {
        assert_eq!(read(" ", Some("GB"), "SOLE_TRADER").map(|read| read.kind), Ok("MISSING"));
        assert!(read("", None, "LIMITED").is_err());
    }
}
