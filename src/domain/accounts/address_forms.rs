//! Forms for addresses, by country: which fields there are, in the order in which the country writes them, and what must be in
//! them. They demand what [`Address::judged`](super::address::Address::judged) does.

use super::address::{Country, country};
use super::contacts::LONGEST;
use super::residence::STATES;

/// How a field is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One line.
    Text,
    /// Some lines.
    Lines,
    /// One of some values.
    Choice,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What inputs call it.
    pub name: String,
    /// What customers call it.
    pub label: String,
    /// How it is entered.
    pub kind: Kind,
    /// Whether it must not be empty.
    pub is_required: bool,
    /// A regular expression that it fits.
    pub form: Option<String>,
    /// What can be chosen: a value, and what it is called.
    pub choices: Vec<(String, String)>,
}

impl Field {
    /// Longest text in characters.
    pub fn max_length(&self) -> i64 {
        i64::try_from(LONGEST).unwrap_or(i64::MAX)
    }
}

/// Fields that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What programs tell it by.
    pub name: &'static str,
    /// What customers read.
    pub label: &'static str,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// The form of the country with this code; none where its addresses are not known.
pub fn of(code: &str) -> Option<Vec<Group>> {
    let country = country(&code.trim().to_uppercase())?;
    let address = country.layout.iter().flatten().map(|part| field(country, part)).collect();
    let street = country.street.iter().flatten().map(|part| plain(part, words(part))).collect();
    Some(vec![
        Group { name: "address", label: "Address", fields: address },
        Group { name: "structuredStreetAddress", label: "Street in its parts", fields: street },
    ])
}

fn plain(name: &str, label: String) -> Field {
    let (name, kind) = (name.to_owned(), Kind::Text);
    Field { name, label, kind, is_required: false, form: None, choices: Vec::new() }
}

fn field(country: &Country, part: &str) -> Field {
    match part {
        "street" => Field {
            kind: Kind::Lines,
            is_required: true,
            ..plain("streetAddress", "Street address".to_owned())
        },
        "locality" => Field { is_required: true, ..plain(part, "Town or city".to_owned()) },
        "administrativeArea" => area(country, part),
        "postalCode" => {
            let label = if country.code == "US" { "ZIP code" } else { "Postcode" };
            let is_required = !country.postcodes.is_empty();
            Field { is_required, form: postcodes(&country.postcodes), ..plain(part, label.to_owned()) }
        }
        _ => plain(part, words(part)),
    }
}

fn area(country: &Country, part: &str) -> Field {
    let label = match country.code.as_str() {
        "JP" => "Prefecture",
        "AU" => "State or territory",
        "GB" | "IE" => "County",
        _ => "State",
    };
    let field = Field { is_required: country.needs_area, ..plain(part, label.to_owned()) };
    if country.code != "AU" {
        return field;
    }
    let choice = |(short, name): &(&str, &str)| ((*short).to_owned(), capitals(name));
    Field { kind: Kind::Choice, choices: STATES.iter().map(choice).collect(), ..field }
}

/// A regular expression for postcodes that have one of these forms.
fn postcodes(forms: &[String]) -> Option<String> {
    let one = |form: &String| -> String {
        let like = |c| match c {
            'A' => "[A-Za-z]".to_owned(),
            '9' => "[0-9]".to_owned(),
            'X' => "[A-Za-z0-9]".to_owned(),
            other => other.to_string(),
        };
        form.chars().map(like).collect()
    };
    let all: Vec<String> = forms.iter().map(one).collect();
    (!all.is_empty()).then(|| format!("^(?:{})$", all.join("|")))
}

/// `dependentLocality` is `Dependent locality`.
fn words(name: &str) -> String {
    let mut label = String::new();
    for c in name.chars() {
        match c {
            c if label.is_empty() => label.extend(c.to_uppercase()),
            c if c.is_uppercase() => {
                label.push(' ');
                label.extend(c.to_lowercase());
            }
            c => label.push(c),
        }
    }
    label
}

/// `NEW_SOUTH_WALES` is `New South Wales`.
fn capitals(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| format!("{first}{}", letters.as_str().to_lowercase())).unwrap_or_default()
    };
    name.split('_').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_written_as_countries_write() {
        let groups = of(" au ").expect("a form");
        let names: Vec<&str> = groups[0].fields.iter().map(|field| field.name.as_str()).collect();
        assert!(names.contains(&"streetAddress") && names.contains(&"postalCode"), "{names:?}");
        let area = groups[0].fields.iter().find(|field| field.name == "administrativeArea").expect("a field");
        assert_eq!((area.kind, area.choices.len()), (Kind::Choice, 8));
        assert!(area.choices.contains(&("NSW".to_owned(), "New South Wales".to_owned())));
        assert_eq!(words("dependentLocality"), "Dependent locality");
        assert_eq!(of("XX"), None);
    }

    #[test]
    fn postcodes_have_one_of_their_forms() {
        let forms = ["9999".to_owned(), "A9 9AA".to_owned()];
        let wanted = "^(?:[0-9][0-9][0-9][0-9]|[A-Za-z][0-9] [0-9][A-Za-z][A-Za-z])$";
        assert_eq!(postcodes(&forms).as_deref(), Some(wanted));
        assert_eq!(postcodes(&[]), None);
    }
}
