//! Postal addresses: their parts, whether letters reach them, and how each country writes them.
//!
//! No crate that formats addresses is both maintained and under a licence that `deny.toml` allows. What is known of
//! countries is therefore data: `countries.json`, with the forms of postcodes, the order of the lines, and the parts
//! that a street is made of.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{contacts, in_order};
use crate::platform::db::{Tx, row, statement};

/// As many lines as an address has on a bill.
const LINES: usize = 5;

/// What a country makes of addresses.
#[derive(Debug, Deserialize)]
pub(super) struct Country {
    /// ISO 3166 code.
    pub code: String,
    /// Forms of its postcodes; `A` is a letter, `9` a digit, `X` either.
    pub postcodes: Vec<String>,
    /// Whether letters need a state, territory or prefecture.
    pub needs_area: bool,
    /// The parts of each line of an address.
    pub layout: Vec<Vec<String>>,
    /// The parts of each line of a street, where it is given in parts.
    pub street: Vec<Vec<String>>,
}

static COUNTRIES: LazyLock<Vec<Country>> =
    // Compiled in and covered by the tests below.
    LazyLock::new(|| {
        serde_json::from_str(include_str!("countries.json")).expect("the countries are valid")
    });

pub(super) fn country(code: &str) -> Option<&'static Country> {
    COUNTRIES.iter().find(|country| country.code == code)
}

/// An address in its parts. Empty parts are not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Address {
    /// Who lives there, where that is known apart from the address.
    pub name: String,
    /// The company or other organisation.
    pub organization: String,
    /// Street and house, and whatever goes before them; may have several lines.
    pub street_address: String,
    /// Street and house in the parts that the country has for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structured_street_address: Option<Value>,
    /// The part of a town, or the village.
    pub dependent_locality: String,
    /// The town.
    pub locality: String,
    /// The state, prefecture or county.
    pub administrative_area: String,
    /// Postcode.
    pub postal_code: String,
    /// What some countries sort large customers' post by.
    pub sorting_code: String,
    /// ISO 3166 code; empty for the country that the address is used in.
    pub country: String,
    /// Number that the post has given the address.
    #[serde(rename = "deliveryPointIdentifier")]
    pub delivery_point: String,
}

/// Why an address is none; a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAddress(pub &'static str);

/// What of an address is to be written on one line.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// The country, as a code.
    pub country: bool,
    /// Who lives there.
    pub name: bool,
    /// The postcode.
    pub postal_code: bool,
}

impl Address {
    /// The address as it is kept, if letters could reach it. Without a country it is in `home`.
    pub fn judged(self, home: &str) -> Result<Self, NoAddress> {
        let address = self.tidied(home)?;
        if address.country.len() != 2 || !address.country.chars().all(|c| c.is_ascii_uppercase()) {
            return Err(NoAddress("The country is not a code of two letters."));
        }
        if address.street_address.is_empty() || address.locality.is_empty() {
            return Err(NoAddress("Letters need a street address and a town."));
        }
        address.fits_country()?;
        if address.lines().len() > LINES {
            return Err(NoAddress("The address has more than five lines."));
        }
        Ok(address)
    }

    fn tidied(self, home: &str) -> Result<Self, NoAddress> {
        let part = |text: &str| {
            contacts::line(text).ok_or(NoAddress("A part is too long, or not one line of text."))
        };
        let country = part(&self.country)?.to_uppercase();
        let country = if country.is_empty() { home.to_owned() } else { country };
        let structured = self.structured_street_address.as_ref().filter(|given| !given.is_null());
        let structured = structured.map(|given| structured_street(given, &country)).transpose()?;
        let street: Vec<String> = self.street_address.lines().map(part).collect::<Result<_, _>>()?;
        let street: Vec<String> = street.into_iter().filter(|line| !line.is_empty()).collect();
        let street = match &structured {
            Some(parts) if street.is_empty() => street_lines(parts, &country),
            _ => street,
        };
        Ok(Self {
            name: part(&self.name)?,
            organization: part(&self.organization)?,
            street_address: street.join("\n"),
            structured_street_address: structured.map(Value::Object),
            dependent_locality: part(&self.dependent_locality)?,
            locality: part(&self.locality)?,
            administrative_area: part(&self.administrative_area)?,
            postal_code: part(&self.postal_code)?.to_uppercase(),
            sorting_code: part(&self.sorting_code)?,
            country,
            delivery_point: part(&self.delivery_point)?,
        })
    }

    fn fits_country(&self) -> Result<(), NoAddress> {
        if is_postcode(&self.country, &self.postal_code) == Some(false) {
            return Err(NoAddress("The country has no postcodes of this form."));
        }
        let needs_area = country(&self.country).is_some_and(|country| country.needs_area);
        if needs_area && self.administrative_area.is_empty() {
            return Err(NoAddress("Letters to this country need a state or prefecture."));
        }
        Ok(())
    }

    /// The lines that stand between the name and the postcode on a bill.
    pub fn lines(&self) -> Vec<String> {
        let rest = [&self.dependent_locality, &self.locality, &self.administrative_area];
        let organization = Some(self.organization.as_str());
        let lines = organization.into_iter().chain(self.street_address.lines());
        let lines = lines.chain(rest.into_iter().map(String::as_str)).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    }

    /// The address on one line, in the order in which its country writes it.
    pub fn on_one_line(&self, shown: Shown) -> String {
        let layout = country(&self.country).or_else(|| country("GB")).map(|country| &country.layout);
        let line = |parts: &Vec<String>| {
            let parts: Vec<String> = parts.iter().map(|part| self.part(part, shown)).collect();
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        };
        let lines = layout.into_iter().flatten().map(line);
        let country = if shown.country { self.country.clone() } else { String::new() };
        let lines = lines.chain([country]).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join(", ")
    }

    fn part(&self, part: &str, shown: Shown) -> String {
        match part {
            "name" if shown.name => self.name.clone(),
            "organization" => self.organization.clone(),
            "street" => self.street_address.lines().collect::<Vec<_>>().join(", "),
            "dependentLocality" => self.dependent_locality.clone(),
            "locality" => self.locality.clone(),
            "administrativeArea" => self.administrative_area.clone(),
            "postalCode" if shown.postal_code => self.postal_code.clone(),
            "sortingCode" => self.sorting_code.clone(),
            _ => String::new(),
        }
    }
}

/// The parts of a street, if the country knows all of them and each is a line of text.
fn structured_street(given: &Value, code: &str) -> Result<Map<String, Value>, NoAddress> {
    let country = country(code).ok_or(NoAddress("Streets of this country are not known in parts."))?;
    let given = given.as_object().ok_or(NoAddress("A street in parts is an object."))?;
    let mut kept = Map::new();
    for (key, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        if !country.street.iter().flatten().any(|known| known == key) {
            return Err(NoAddress("Streets of this country have no part of this name."));
        }
        let text =
            value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()));
        let text = text.as_deref().and_then(contacts::line);
        let text = text.ok_or(NoAddress("A part of the street is too long, or not one line of text."))?;
        if !text.is_empty() {
            kept.insert(key.clone(), Value::String(text));
        }
    }
    Ok(kept)
}

fn street_lines(parts: &Map<String, Value>, code: &str) -> Vec<String> {
    let layout = country(code).map(|country| &country.street);
    let line = |names: &Vec<String>| {
        let texts = names.iter().filter_map(|name| parts.get(name)?.as_str());
        texts.collect::<Vec<_>>().join(" ")
    };
    layout.into_iter().flatten().map(line).filter(|line| !line.is_empty()).collect()
}

/// The lines of an address, of which the last one names the town, with the postcode where the country writes it: on the
/// line of the town, before or behind it, or on one of its own.
pub(in crate::domain) fn printed(code: &str, lines: Vec<&str>, postcode: &str) -> Vec<String> {
    let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
    if postcode.is_empty() {
        return lines;
    }
    let mut layout = country(code).into_iter().flat_map(|country| &country.layout);
    let of_town = layout.find(|line| line.iter().any(|part| part == "postalCode") && line.len() > 1);
    match (of_town, lines.last_mut()) {
        (Some(line), Some(town)) if line.first().is_some_and(|part| part == "postalCode") => {
            *town = format!("{postcode} {town}");
        }
        (Some(_), Some(town)) => *town = format!("{town} {postcode}"),
        _ => lines.push(postcode.to_owned()),
    }
    lines
}

/// Whether the country's postcodes look like this; `None` where their form is not known.
pub(super) fn is_postcode(code: &str, text: &str) -> Option<bool> {
    Some(country(code)?.postcodes.iter().any(|form| fits(form, text)))
}

fn fits(form: &str, text: &str) -> bool {
    let is_like = |form: char, c: char| match form {
        'A' => c.is_ascii_alphabetic(),
        '9' => c.is_ascii_digit(),
        'X' => c.is_ascii_alphanumeric(),
        other => c == other,
    };
    form.len() == text.len() && form.chars().zip(text.chars()).all(|(form, c)| is_like(form, c))
}

row! {
    struct Kept {
        id: i64,
        name: String,
        organization: String,
        street_address: String,
        structured_street: Option<Value>,
        dependent_locality: String,
        locality: String,
        administrative_area: String,
        postal_code: String,
        sorting_code: String,
        country: String,
        delivery_point: String,
    }
}

impl From<Kept> for Address {
    fn from(kept: Kept) -> Self {
        Self {
            name: kept.name,
            organization: kept.organization,
            street_address: kept.street_address,
            structured_street_address: kept.structured_street,
            dependent_locality: kept.dependent_locality,
            locality: kept.locality,
            administrative_area: kept.administrative_area,
            postal_code: kept.postal_code,
            sorting_code: kept.sorting_code,
            country: kept.country,
            delivery_point: kept.delivery_point,
        }
    }
}

statement!(static KEEP: (i64,) = "
    insert into addresses (name, organization, street_address, structured_street, dependent_locality, locality,
        administrative_area, postal_code, sorting_code, country, delivery_point)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id");
statement!(static BY_ID: Kept = "
    select id, name, organization, street_address, structured_street, dependent_locality, locality,
        administrative_area, postal_code, sorting_code, country, delivery_point
    from addresses where id = any($1::bigint[])");

/// Keeps an address that was judged. Answers its row id. Kept addresses never change: another one takes their place.
pub async fn keep(tx: &mut Tx, address: &Address) -> Result<i64, sqlx::Error> {
    let a = address;
    let keep = KEEP.query().bind(&a.name).bind(&a.organization).bind(&a.street_address);
    let keep = keep.bind(&a.structured_street_address).bind(&a.dependent_locality).bind(&a.locality);
    let keep = keep.bind(&a.administrative_area).bind(&a.postal_code).bind(&a.sorting_code);
    Ok(keep.bind(&a.country).bind(&a.delivery_point).fetch_one(&mut *tx).await?.0)
}

/// The addresses with these ids, in order. Whoever asks has been shown the row that they hang on.
pub async fn by_ids(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Option<Address>>, sqlx::Error> {
    let rows = BY_ID.query().bind(ids).fetch_all(&mut *tx).await?;
    let rows = rows.into_iter().map(|kept| (kept.id, Address::from(kept))).collect::<Vec<_>>();
    Ok(in_order(ids, rows, |(id, _)| *id)
        .into_iter()
        .map(|found| found.map(|(_, address)| address))
        .collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALL: Shown = Shown { country: true, name: true, postal_code: true };

    fn address(country: &str, area: &str, postcode: &str) -> Address {
        Address {
            street_address: " 1 High Street \n\nFlat 2".into(),
            locality: "Middletown".into(),
            administrative_area: area.into(),
            postal_code: postcode.into(),
            country: country.into(),
            ..Address::default()
        }
    }

    #[test]
    fn an_address_goes_by_the_rules_of_its_country() {
        let is_good = |country, area, postcode| address(country, area, postcode).judged("GB").is_ok();
        assert!(is_good("", "", "sw1a 1aa") && is_good("de", "", "10115") && is_good("FR", "", "75001"));
        assert!(is_good("US", "NY", "10001") && !is_good("US", "", "10001") && !is_good("US", "NY", "1000"));
        assert!(is_good("JP", "Tokyo", "100-0001") && is_good("AU", "VIC", "3000"));
        assert!(is_good("IE", "", "d02 af30") && is_good("SE", "", "anything"));
        assert!(
            !is_good("GBR", "", "SW1A 1AA") && !is_good("", "", "10115") && !is_good("", "\u{7}", "SW1A 1AA")
        );
        let tall = Address { street_address: "1\n2\n3\n4\n5".into(), ..address("GB", "", "SW1A 1AA") };
        assert!(tall.judged("GB").is_err());
        assert!(Address { locality: String::new(), ..address("", "", "SW1A 1AA") }.judged("GB").is_err());
    }

    #[test]
    fn the_lines_are_those_that_hold_anything() {
        let kept = address("", "Kent", "sw1a 1aa").judged("GB").expect("an address");
        assert_eq!(kept.lines(), ["1 High Street", "Flat 2", "Middletown", "Kent"]);
        assert_eq!((kept.postal_code.as_str(), kept.country.as_str()), ("SW1A 1AA", "GB"));
    }

    #[test]
    fn each_country_writes_it_its_own_way() {
        let line = |country, area, postcode| {
            let address = Address { name: "Ada".into(), ..address(country, area, postcode) };
            address.judged("GB").expect("an address").on_one_line(ALL)
        };
        assert_eq!(line("DE", "", "10115"), "Ada, 1 High Street, Flat 2, 10115 Middletown, DE");
        assert_eq!(line("US", "NY", "10001"), "Ada, 1 High Street, Flat 2, Middletown NY 10001, US");
        assert_eq!(
            line("JP", "Tokyo", "100-0001"),
            "100-0001, Tokyo Middletown, 1 High Street, Flat 2, Ada, JP"
        );
        let bare = Shown { country: false, name: false, postal_code: false };
        assert_eq!(
            address("", "", "SW1A 1AA").judged("GB").expect("an address").on_one_line(bare),
            "1 High Street, Flat 2, Middletown"
        );
    }

    #[test]
    fn a_street_in_parts_makes_the_lines() {
        let parts =
            json!({ "unitType": "Unit", "unitNumber": 5, "streetNumber": "12", "streetName": "Kelp" });
        let given = |parts: Value| Address {
            street_address: String::new(),
            structured_street_address: Some(parts),
            ..address("AU", "NSW", "2204")
        };
        let kept = given(parts).judged("GB").expect("an address");
        assert_eq!(kept.street_address, "Unit 5\n12 Kelp");
        assert_eq!(kept.structured_street_address.map(|parts| parts["unitNumber"].clone()), Some(json!("5")));
        for wrong in [json!({ "planet": "Mars" }), json!([1]), json!({ "streetName": {} })] {
            assert!(given(wrong.clone()).judged("GB").is_err(), "{wrong}");
        }
        assert!(
            Address { country: "SE".into(), ..given(json!({ "streetName": "x" })) }.judged("GB").is_err()
        );
    }

    #[test]
    fn a_postcode_is_printed_where_its_country_writes_it() {
        let printed = |country, town, postcode| printed(country, vec!["1 Kelp Street", town], postcode);
        assert_eq!(printed("DE", "Flensburg", "24937"), ["1 Kelp Street", "24937 Flensburg"]);
        assert_eq!(printed("AU", "Newtown NSW", "2042"), ["1 Kelp Street", "Newtown NSW 2042"]);
        assert_eq!(printed("GB", "Whitby", "YO21 1AA"), ["1 Kelp Street", "Whitby", "YO21 1AA"]);
        assert_eq!(printed("DE", "Flensburg", ""), ["1 Kelp Street", "Flensburg"]);
        assert_eq!(super::printed("DE", Vec::new(), "24937"), ["24937"]);
        assert_eq!(printed("", "Whitby", "YO21 1AA").len(), 3);
    }

    #[test]
    fn postcodes_look_like_their_countrys() {
        assert_eq!(is_postcode("GB", "SW1A 1AA"), Some(true));
        assert_eq!(is_postcode("GB", "12345"), Some(false));
        assert_eq!(is_postcode("DE", "10115"), Some(true));
        assert_eq!(is_postcode("JP", "100-0001"), Some(true));
        assert_eq!(is_postcode("US", "10001-12345"), Some(false));
        assert_eq!(is_postcode("SE", "anything"), None);
    }
}
