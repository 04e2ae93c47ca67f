//! What people are called, where they live, what they are supplied with and how they pay, by market. Data files; the
//! rules of the markets are in `platform::market`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::platform::market::{self, Market};

/// A name, and how it is spelt in an e-mail.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Name {
    pub text: String,
    pub latin: String,
}

impl From<String> for Name {
    /// Reads `Jürgen`, or `蓮/ren` where no rule spells a name in Latin letters.
    fn from(whole: String) -> Self {
        match whole.split_once('/') {
            Some((text, latin)) => Self { text: text.to_owned(), latin: latin.to_owned() },
            None => Self { latin: latin(&whole), text: whole },
        }
    }
}

fn latin(text: &str) -> String {
    let mut spelt = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        match c {
            'ä' => spelt.push_str("ae"),
            'ö' => spelt.push_str("oe"),
            'ü' => spelt.push_str("ue"),
            'ß' => spelt.push_str("ss"),
            'ş' => spelt.push('s'),
            'ı' => spelt.push('i'),
            'ł' => spelt.push('l'),
            c if c.is_ascii_alphanumeric() => spelt.push(c),
            _ => {}
        }
    }
    spelt
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Titles {
    pub women: Vec<String>,
    pub men: Vec<String>,
}

/// A town. In patterns `#` is a digit and `@` a letter.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Town {
    pub name: String,
    #[serde(default)]
    pub area: String,
    pub postcode: String,
    pub landline: String,
}

/// A line of a bill: a share of what the supply costs in an average month, the same every day or with the season.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Line {
    pub title: String,
    pub permille: i64,
    #[serde(default)]
    pub fixed: bool,
}

/// Something that people are supplied with, or feed in.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Supply {
    pub supply: String,
    /// How many of a thousand have it.
    pub share: u64,
    /// Net, in minor units, in an average month of an average household.
    pub monthly: i64,
    #[serde(default)]
    pub export: bool,
    /// Where it is charged, if not on the main ledger.
    pub ledger_type: Option<String>,
    /// Permille of an average month, January first.
    pub seasons: [i64; 12],
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Collected {
    pub title: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Paid {
    pub payment_type: String,
    pub title: String,
}

/// The customers of a market.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Cast {
    #[serde(rename = "code", deserialize_with = "market_of_code")]
    pub market: &'static Market,
    /// How many of a thousand customers are here.
    pub share: u64,
    pub women: Vec<Name>,
    pub men: Vec<Name>,
    pub families: Vec<Name>,
    pub titles: Titles,
    pub streets: Vec<String>,
    /// Where `{street}`, `{house}` and `{flat}` go.
    pub street_form: String,
    pub towns: Vec<Town>,
    pub mobile: String,
    /// What businesses are called after a `{family}`.
    pub firms: Vec<String>,
    pub supplies: Vec<Supply>,
    /// How instalments are called.
    pub steady: Collected,
    /// How others pay.
    pub in_full: Vec<Paid>,
    /// Gross, in minor units.
    pub late_fee: i64,
    /// What a good turn is worth: gross, in minor units.
    pub gift: i64,
}

fn market_of_code<'de, D: serde::Deserializer<'de>>(from: D) -> Result<&'static Market, D::Error> {
    let code = String::deserialize(from)?;
    market::by_code(&code).ok_or_else(|| serde::de::Error::custom("there is no such market"))
}

static CASTS: LazyLock<Vec<Cast>> = LazyLock::new(|| {
    let files = [
        include_str!("markets/gb.json"),
        include_str!("markets/de.json"),
        include_str!("markets/jp.json"),
        include_str!("markets/au.json"),
        include_str!("markets/us.json"),
    ];
    // Compiled in and covered by a test below.
    files.iter().map(|file| serde_json::from_str(file).expect("a cast's data file is valid")).collect()
});

/// All casts.
pub(super) fn all() -> &'static [Cast] {
    &CASTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_files_are_whole() {
        assert_eq!(all().len(), market::all().len());
        assert_eq!(all().iter().map(|cast| cast.share).sum::<u64>(), 1000);
        for cast in all() {
            assert!(!cast.women.is_empty() && !cast.men.is_empty() && !cast.families.is_empty());
            assert!(!cast.streets.is_empty() && !cast.towns.is_empty() && !cast.firms.is_empty());
            assert!(!cast.in_full.is_empty() && cast.supplies.first().is_some_and(|s| s.share == 1000));
            for supply in &cast.supplies {
                assert_eq!(supply.lines.iter().map(|line| line.permille).sum::<i64>(), 1000);
                let kinds = &cast.market.ledgers;
                let named = supply.ledger_type.as_ref();
                assert!(named.is_none_or(|name| kinds.iter().any(|kind| kind.ledger_type == *name)));
            }
            for name in cast.women.iter().chain(&cast.men).chain(&cast.families) {
                assert!(!name.latin.is_empty() && name.latin.is_ascii(), "{name:?}");
            }
        }
    }

    #[test]
    fn names_are_spelt_for_mail() {
        assert_eq!(Name::from("Großmann".to_owned()).latin, "grossmann");
        assert_eq!(Name::from("O'Brien".to_owned()).latin, "obrien");
        assert_eq!(Name::from("蓮/ren".to_owned()).latin, "ren");
    }
}
