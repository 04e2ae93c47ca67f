//! Those who run public charge points, as a roaming partner of the device cloud lists them. All of them are made up; the places
//! are real.

use chrono_tz::Tz;

use crate::platform::market;

/// Somebody who runs public charge points in one market.
#[derive(Debug, PartialEq, Eq)]
pub struct Operator {
    /// What programs know them by.
    pub code: &'static str,
    /// What they are called.
    pub name: &'static str,
    market: &'static str,
    /// The colour of their sign.
    colour: &'static str,
    /// What a kWh costs, with tax, in minor units.
    pub price: i64,
    /// What their charge points give, in watts.
    pub power_w: i64,
    /// Where these are.
    pub locations: &'static [&'static str],
}

const ALL: [Operator; 7] = [
    Operator {
        code: "tidewater",
        name: "Tidewater Charging",
        market: "gb",
        colour: "#0b6e8f",
        price: 79,
        power_w: 50_000,
        locations: &["Gordano Services, M5", "Membury Services, M4", "Tebay Services, M6"],
    },
    Operator {
        code: "lamppost",
        name: "Lamppost & Co",
        market: "gb",
        colour: "#7a3db8",
        price: 54,
        power_w: 22_000,
        locations: &["Trenchard Street Car Park, Bristol", "Castle Quarter, Norwich"],
    },
    Operator {
        code: "stromkiosk",
        name: "Stromkiosk",
        market: "de",
        colour: "#1f7a3a",
        price: 59,
        power_w: 50_000,
        locations: &["Raststätte Lüneburger Heide, A7", "Raststätte Allertal, A7", "Autohof Soltau"],
    },
    Operator {
        code: "minato",
        name: "みなと充電",
        market: "jp",
        colour: "#b83d3d",
        price: 77,
        power_w: 50_000,
        locations: &["海老名サービスエリア", "足柄サービスエリア", "基山パーキングエリア"],
    },
    Operator {
        code: "wattle",
        name: "Wattle Charge",
        market: "au",
        colour: "#b88a00",
        price: 65,
        power_w: 50_000,
        locations: &["Sutton Forest, Hume Highway", "Heatherbrae, Pacific Highway"],
    },
    Operator {
        code: "bluebonnet",
        name: "Bluebonnet Charge",
        market: "us",
        colour: "#3d55b8",
        price: 48,
        power_w: 50_000,
        locations: &["Madisonville, I-45", "Bastrop, TX-71"],
    },
    Operator {
        code: "mesquite",
        name: "Mesquite EV",
        market: "us",
        colour: "#8f4b0b",
        price: 42,
        power_w: 22_000,
        locations: &["Rice Village Garage, Houston"],
    },
];

/// The operator with a code.
pub fn by_code(code: &str) -> Option<&'static Operator> {
    ALL.iter().find(|operator| operator.code == code)
}

/// Those who run charge points where people go by this clock.
pub fn around(zone: Tz) -> impl Iterator<Item = &'static Operator> {
    let is_there = move |operator: &&Operator| {
        market::by_code(operator.market).is_some_and(|market| market.time_zone() == zone)
    };
    ALL.iter().filter(is_there)
}

impl Operator {
    /// Where this server shows their sign, from its root on.
    pub fn image_path(&self) -> String {
        format!("/operators/{}.svg", self.code)
    }

    /// Their sign, as SVG.
    pub fn image(&self) -> String {
        let initial = self.name.chars().next().unwrap_or(' ');
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\" role=\"img\" aria-label=\"{}\">\
             <rect width=\"64\" height=\"64\" rx=\"12\" fill=\"{}\"/><text x=\"32\" y=\"43\" fill=\"#fff\" \
             font-family=\"system-ui,sans-serif\" font-size=\"32\" text-anchor=\"middle\">{initial}</text></svg>",
            self.name.replace('&', "&amp;"),
            self.colour
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_market_has_operators_and_each_has_places_and_a_sign() {
        for market in market::all() {
            assert!(around(market.time_zone()).next().is_some(), "{}", market.code);
        }
        let codes: HashSet<&str> = ALL.iter().map(|operator| operator.code).collect();
        assert_eq!(codes.len(), ALL.len());
        for operator in &ALL {
            assert!(!operator.locations.is_empty() && operator.price > 0 && operator.power_w > 0);
            assert_eq!(by_code(operator.code), Some(operator));
            let sign = operator.image();
            assert!(sign.starts_with("<svg ") && sign.ends_with("</svg>") && !sign.contains("& "), "{sign}");
        }
    }
}
