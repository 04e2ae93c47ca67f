//! The terms of a product in words, from what the product is.

use super::products::{Product, by_code};
use crate::platform::db::Tx;
use crate::platform::market;

/// The terms of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What the product is called.
    pub name: String,
    /// What it is.
    pub description: String,
    /// What holds, sentence by sentence.
    pub clauses: Vec<String>,
}

impl Terms {
    /// As Markdown: a heading, what it is, and a numbered list.
    pub fn markdown(&self) -> String {
        let clauses = (1..).zip(&self.clauses).map(|(at, clause)| format!("{at}. {clause}\n"));
        format!("# {}\n\n{}\n\n{}", self.name, self.description, clauses.collect::<String>())
    }

    /// The same as HTML.
    pub fn html(&self) -> String {
        let clauses: String =
            self.clauses.iter().map(|clause| format!("<li>{}</li>", escaped(clause))).collect();
        let (name, description) = (escaped(&self.name), escaped(&self.description));
        format!("<h1>{name}</h1><p>{description}</p><ol>{clauses}</ol>")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Where the terms of a product are shown, below the address of the server.
pub fn path(code: &str) -> String {
    format!("/terms/{code}")
}

/// The terms of the product with this code, if there is one.
pub async fn of_product(tx: &mut Tx, code: &str) -> Result<Option<Terms>, sqlx::Error> {
    Ok(by_code(tx, code).await?.map(|product| of(&product)))
}

/// The terms of a product.
pub fn of(product: &Product) -> Terms {
    let is_export = product.direction == "EXPORT";
    let for_whom = match (product.is_domestic, product.is_business) {
        (true, true) => "Households and businesses can have it.",
        (false, true) => "Businesses can have it.",
        _ => "Households can have it.",
    };
    let lasts = match product.term_months {
        Some(months) => format!("It is agreed on for {months} months."),
        None => "It goes on until it is ended, which can be done on any day.".to_owned(),
    };
    let prices = match (product.is_half_hourly, product.is_variable) {
        (true, _) => {
            "Prices follow the market and change every half hour; those of a day are told the day before."
        }
        (false, true) => "Prices may change; the new ones are told before they hold.",
        (false, false) => "Prices stay the same for as long as it is agreed on.",
    };
    let mut clauses = vec![for_whom.to_owned(), lasts, prices.to_owned(), leaving(product)];
    if product.is_time_of_use {
        clauses.push("What a kWh costs goes by the time of day.".to_owned());
    }
    if product.is_prepay {
        clauses.push("Energy is paid for before it is used.".to_owned());
    }
    if product.is_green {
        clauses.push("The energy is from renewable sources.".to_owned());
    }
    if is_export {
        clauses.push(
            "What is fed into the grid is credited on the account, without tax for households.".to_owned(),
        );
    }
    clauses.extend(Some(product.notes.clone()).filter(|notes| !notes.is_empty()));
    Terms { name: product.full_name.clone(), description: product.description.clone(), clauses }
}

fn leaving(product: &Product) -> String {
    let market = market::by_code(&product.market);
    match product.exit_fee.zip(market) {
        None => "Leaving early costs nothing.".to_owned(),
        Some((fee, market)) => {
            let amount = rust_decimal::Decimal::new(fee, market.currency.exponent);
            let of_each =
                if product.exit_fee_type.as_deref() == Some("PER_FUEL") { " for each fuel" } else { "" };
            format!("Leaving before the end costs {amount} {}{of_each}.", market.currency.code)
        }
    }
}
