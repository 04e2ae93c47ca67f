//! The products that are sold, as data: one file a market. Prices are net, in minor units a day or a kWh.

mod sync;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

pub use sync::sync;

use super::bands::{Bands, Window};

/// What is sold in one market.
#[derive(Debug, Deserialize)]
pub struct Catalogue {
    /// Where networks or the market make prices differ.
    pub regions: Vec<Region>,
    /// What comes on top of the prices of products that pass it on.
    pub levies: Vec<Levy>,
    /// The products.
    pub products: Vec<Product>,
}

/// A region of prices.
#[derive(Debug, Deserialize)]
pub struct Region {
    /// Its code, as in codes of tariffs.
    pub code: String,
    /// Its name.
    pub name: String,
    /// `electricity` or `gas`, where it is for one of them alone.
    #[serde(default)]
    pub commodity: Option<String>,
    /// Factor for prices of energy.
    pub unit: Decimal,
    /// Factor for prices of days.
    pub standing: Decimal,
    /// Other codes that supply points carry: of networks, or of the other commodity.
    pub aliases: Vec<String>,
    /// What its postcodes begin with.
    pub postcodes: Vec<String>,
    /// How homes there agree on what they may draw at once: one of `ContractCapacityPattern`, where markets know any.
    #[serde(default)]
    pub capacity: Option<String>,
}

/// Something that the market or the network charges.
#[derive(Debug, Deserialize)]
pub struct Levy {
    /// Territory and commodity.
    pub market_name: String,
    /// What products know it by.
    pub name: String,
    /// What bills call it.
    pub title: String,
    /// `DAYS` or `ENERGY`.
    pub charged_for: String,
    /// The region that it is for; all without one.
    pub region: Option<String>,
    /// What it is, from when on.
    pub rates: Vec<LevyRate>,
    /// How it moves from month to month, where the market publishes it for each.
    pub monthly: Option<Monthly>,
}

/// What a levy is from a day on.
#[derive(Debug, Deserialize)]
pub struct LevyRate {
    /// The first day.
    pub from: NaiveDate,
    /// In minor units.
    pub net: Decimal,
}

/// About what a levy is that is published month by month.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Monthly {
    /// Its mean.
    pub mean: Decimal,
    /// How far it goes from there.
    pub swing: Decimal,
}

/// Something that is sold.
#[derive(Debug, Deserialize)]
pub struct Product {
    pub code: String,
    pub brand: String,
    pub direction: String,
    pub display_name: String,
    pub full_name: String,
    pub description: String,
    #[serde(default)]
    pub notes: String,
    pub available_from: NaiveDate,
    pub available_to: Option<NaiveDate>,
    #[serde(default = "everyone")]
    pub availability: String,
    pub term_months: Option<i32>,
    pub exit_fee: Option<i64>,
    pub exit_fee_type: Option<String>,
    #[serde(default)]
    pub is_variable: bool,
    #[serde(default)]
    pub is_prepay: bool,
    #[serde(default)]
    pub is_green: bool,
    #[serde(default)]
    pub is_hidden: bool,
    #[serde(default = "yes")]
    pub is_domestic: bool,
    #[serde(default)]
    pub is_business: bool,
    #[serde(default)]
    pub is_default: bool,
    #[serde(default)]
    pub is_occupier: bool,
    #[serde(default)]
    pub rank: i32,
    #[serde(default)]
    pub tags: Vec<String>,
    pub offers: Vec<Offer>,
}

/// A product for one commodity, metered in one way.
#[derive(Debug, Deserialize)]
pub struct Offer {
    /// Territory and commodity.
    pub market_name: String,
    /// One of `product_offers.kind`.
    pub kind: String,
    /// What codes of its tariffs begin with.
    pub prefix: Option<String>,
    /// The names of the levies that come on top.
    #[serde(default)]
    pub levies: Vec<String>,
    /// Whether its prices differ by region.
    #[serde(default = "yes")]
    pub regional: bool,
    /// How prices differ by the way of paying.
    #[serde(default)]
    pub payment_methods: BTreeMap<String, Factors>,
    /// How half-hourly prices are made.
    pub half_hourly: Option<Formula>,
    /// What is charged for.
    pub parts: Vec<Part>,
    /// What it costs, from when on.
    pub prices: Vec<Prices>,
}

/// Factors for prices.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Factors {
    /// For those of energy.
    pub unit: Decimal,
    /// For those of days.
    pub standing: Decimal,
}

/// How half-hourly prices are made from those of the market.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Formula {
    /// What they are multiplied by.
    pub factor: Decimal,
    /// What is added at the peak.
    pub peak_offset: Decimal,
    /// What they never exceed.
    pub cap: Decimal,
}

/// Something that an offer charges for.
#[derive(Debug, Deserialize)]
pub struct Part {
    /// `DAYS`, `ENERGY` or `DEVICE`.
    pub charged_for: String,
    /// Its band.
    pub band: String,
    /// What bills call it.
    pub name: String,
    /// Whether it holds where no window does.
    pub is_base: bool,
    /// The capacity that a price of days is for, where another costs in proportion.
    pub for_amperes: Option<i32>,
    /// When it holds otherwise.
    #[serde(default)]
    pub windows: Vec<Times>,
}

/// A window of a band; everything half-open.
#[derive(Debug, Deserialize)]
pub struct Times {
    /// Local time of day.
    pub from: String,
    /// Local time of day, to `24:00`.
    pub to: String,
    /// Days of the week, from Monday, which is 1.
    #[serde(default = "all_week")]
    pub weekdays: (i32, i32),
    /// Months, from 1.
    #[serde(default = "all_year")]
    pub months: (i32, i32),
}

/// The prices of an offer from a day on, by band.
#[derive(Debug, Deserialize)]
pub struct Prices {
    /// The first day.
    pub from: NaiveDate,
    /// What each band costs.
    #[serde(flatten)]
    pub bands: BTreeMap<String, Price>,
}

/// What a band costs: the same for all, or by what is used in a month.
#[derive(Debug)]
pub struct Price(pub Vec<Step>);

/// What is used in a month up to so much, from where the step before ends.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// In kWh; without one, all that follows.
    pub to_kwh: Option<i64>,
    /// The price.
    pub net: Decimal,
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Same(Decimal),
            Steps(Vec<Step>),
        }
        Ok(Self(match Either::deserialize(from)? {
            Either::Same(net) => vec![Step { to_kwh: None, net }],
            Either::Steps(steps) => steps,
        }))
    }
}

fn everyone() -> String {
    "EVERYONE".to_owned()
}

fn yes() -> bool {
    true
}

fn all_week() -> (i32, i32) {
    (1, 8)
}

fn all_year() -> (i32, i32) {
    (1, 13)
}

impl Times {
    /// The minutes of the local day; none where the file is wrong, which a test would tell.
    fn minutes(&self) -> Option<(i32, i32)> {
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            Some(hour.parse::<i32>().ok()? * 60 + minute.parse::<i32>().ok()?)
        };
        Some((minute(&self.from)?, minute(&self.to)?))
    }
}

impl Region {
    /// Whether an offer has prices here.
    fn is_for(&self, offer: &Offer) -> bool {
        let of =
            |commodity: &str| offer.market_name.ends_with(&format!("_{}", commodity.to_ascii_uppercase()));
        self.commodity.as_deref().is_none_or(of)
    }
}

impl Offer {
    /// The bands of energy, and those of what devices draw, if any; parts are numbered by their place.
    pub fn numbered_bands(&self) -> Vec<Bands> {
        let number = |place: usize| i64::try_from(place).unwrap_or_default();
        let of = |charged_for: &str| {
            let parts = || self.parts.iter().enumerate().filter(|(_, part)| part.charged_for == charged_for);
            let base = parts().find(|(_, part)| part.is_base)?;
            let windows = parts().flat_map(|(place, part)| {
                part.windows.iter().filter_map(move |times| {
                    let ((from, to), (first, last)) = (times.minutes()?, times.weekdays);
                    let months = times.months.0..times.months.1;
                    Some(Window { part: number(place), months, weekdays: first..last, minutes: from..to })
                })
            });
            Some(Bands { base: number(base.0), windows: windows.collect() })
        };
        ["ENERGY", "DEVICE"].into_iter().filter_map(of).collect()
    }
}

/// The files, as they are compiled in.
const FILES: [(&str, &str); 5] = [
    ("gb", include_str!("gb.json")),
    ("de", include_str!("de.json")),
    ("jp", include_str!("jp.json")),
    ("au", include_str!("au.json")),
    ("us", include_str!("us.json")),
];

static CATALOGUES: LazyLock<Vec<(&'static str, Catalogue)>> = LazyLock::new(|| {
    // Compiled in and covered by a test below.
    let read = |file| serde_json::from_str(file).expect("a market's catalogue is valid");
    FILES.iter().map(|(market, file)| (*market, read(file))).collect()
});

/// What is sold, market by market.
pub fn all() -> &'static [(&'static str, Catalogue)] {
    &CATALOGUES
}

/// What is sold in a market.
pub fn of_market(market: &str) -> Option<&'static Catalogue> {
    CATALOGUES.iter().find(|(code, _)| *code == market).map(|(_, catalogue)| catalogue)
}

/// The market of a territory and commodity, such as `GBR_GAS`.
pub fn market_of(market_name: &str) -> Option<&'static str> {
    let mut offers = CATALOGUES.iter().flat_map(|(market, catalogue)| {
        let offers = catalogue.products.iter().flat_map(|product| &product.offers);
        offers.map(move |offer| (*market, offer))
    });
    offers.find(|(_, offer)| offer.market_name == market_name).map(|(market, _)| market)
}

/// The region of prices that a supply point's own region lies in. Where prices of a market know it not, they are those of
/// the market's first region.
pub fn region(market: &str, of_point: &str) -> Option<&'static str> {
    let regions = &of_market(market)?.regions;
    let known =
        regions.iter().find(|region| region.code == of_point || region.aliases.iter().any(|a| a == of_point));
    known.or_else(|| regions.first()).map(|region| region.code.as_str())
}

/// The region of prices that a postcode lies in: the one that knows most of how it begins.
pub fn region_of_postcode(market: &str, postcode: &str) -> Option<&'static str> {
    let typed: String = postcode.chars().filter(char::is_ascii_alphanumeric).collect();
    let typed = typed.to_ascii_uppercase();
    // A British area is all of its letters: `B` has nothing to do with `BS`.
    let letters = typed.find(|c: char| c.is_ascii_digit()).map(|at| &typed[..at]);
    let fits = |known: &str| match letters {
        Some(area) if !area.is_empty() => area == known,
        Some(_) => typed.starts_with(known),
        None => false,
    };
    let regions = of_market(market)?.regions.iter();
    let best = regions.filter_map(|region| {
        let fitting = region.postcodes.iter().filter(|known| fits(known)).map(String::len).max()?;
        Some((fitting, region.code.as_str()))
    });
    best.max_by_key(|(fitting, _)| *fitting).map(|(_, code)| code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::market;

    #[test]
    fn the_data_files_are_whole() {
        for (code, catalogue) in all() {
            let market = market::by_code(code).expect("a market");
            assert!(!catalogue.regions.is_empty());
            for product in &catalogue.products {
                assert!(market.brands.iter().any(|brand| brand.code == product.brand), "{}", product.code);
                for offer in &product.offers {
                    whole(catalogue, product, offer);
                }
            }
            let kinds = catalogue.products.iter().filter(|product| product.is_default);
            assert!(kinds.count() > 0, "{code}");
        }
    }

    fn whole(catalogue: &Catalogue, product: &Product, offer: &Offer) {
        let name = &product.code;
        let known = |levy: &String| catalogue.levies.iter().any(|each| each.name == *levy);
        assert!(offer.levies.iter().all(known), "{name}");
        assert!(catalogue.regions.iter().any(|region| region.is_for(offer)), "{name}");
        assert!(!offer.prices.is_empty() && offer.prices.is_sorted_by_key(|prices| prices.from), "{name}");
        assert_eq!(offer.kind == "HALF_HOURLY", offer.half_hourly.is_some(), "{name}");
        assert!(offer.parts.iter().flat_map(|part| &part.windows).all(|times| times.minutes().is_some()));
        for prices in &offer.prices {
            for part in &offer.parts {
                let is_priced = prices.bands.contains_key(&part.band);
                assert_eq!(is_priced, part.band != "HALF_HOURLY", "{name} {}", part.band);
            }
            for price in prices.bands.values() {
                let last = price.0.last().expect("a step");
                assert!(last.to_kwh.is_none() && price.0.is_sorted_by_key(|s| s.to_kwh.unwrap_or(i64::MAX)));
            }
        }
    }

    #[test]
    fn regions_are_found_by_what_points_and_letters_carry() {
        assert_eq!(region("gb", "_C"), Some("C"));
        assert_eq!(region("gb", "SE"), Some("J"));
        assert_eq!((region("jp", "06"), region("jp", "OSAKA_GAS")), (Some("06"), Some("OSAKA_GAS")));
        assert_eq!(region("us", "somewhere"), Some("LZ_HOUSTON"));
        assert_eq!(region("xx", "C"), None);
        assert_eq!(region_of_postcode("gb", "bs1 4qa"), Some("L"));
        assert_eq!(region_of_postcode("gb", "B1 1AA"), Some("E"));
        assert_eq!(region_of_postcode("gb", "ZZ9 9ZZ"), None);
        assert_eq!(region_of_postcode("gb", "nonsense"), None);
        assert_eq!(region_of_postcode("de", "10999"), Some("BERLIN"));
        assert_eq!(region_of_postcode("us", "77002"), Some("LZ_HOUSTON"));
    }
}
