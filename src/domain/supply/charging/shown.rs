//! What charges for energy are made of, as it is shown.

use std::collections::HashMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Kept;
use crate::domain::supply::gas;
use crate::platform::db::{Tx, row, statement};

row! {
    /// What a transaction charges for.
    pub struct Shown {
        /// The transaction.
        pub transaction_id: Option<i64>,
        /// The first local day.
        pub first: Option<NaiveDate>,
        /// The local day after the last one.
        pub last: Option<NaiveDate>,
        /// Territory and commodity.
        pub market_name: String,
        /// Market code.
        pub market: String,
        /// `electricity` or `gas`.
        pub commodity: String,
        /// Code of the product.
        pub product_code: String,
        /// Its lines, as they are kept; see [`Shown::lines`].
        pub kept: serde_json::Value,
    }
}

impl Shown {
    /// Its lines.
    pub fn lines(&self) -> Vec<Kept> {
        // Written by this program; a line that it could not read would be shown to nobody.
        serde_json::from_value(self.kept.clone()).unwrap_or_default()
    }

    /// What its energy is counted in where it was supplied.
    pub fn unit(&self) -> &'static str {
        match self.market_name.as_str() {
            "AUS_GAS" => "MJ",
            "JPN_GAS" => "cubicMetres",
            _ => "kWh",
        }
    }

    /// Energy in that unit.
    pub fn quantity(&self) -> Decimal {
        let kwh = Decimal::new(self.wh(), 3);
        match self.unit() {
            "MJ" => kwh * Decimal::new(36, 1),
            "cubicMetres" => kwh / gas::japanese_cubic_metre(),
            _ => kwh,
        }
    }

    /// Whether it is sold by the cubic metre rather than the kWh.
    pub fn is_sold_by_volume(&self) -> bool {
        self.unit() == "cubicMetres"
    }

    /// Energy in Wh.
    pub fn wh(&self) -> i64 {
        self.lines().iter().filter(|line| !line.is_levy).map(|line| line.wh).sum()
    }

    /// Net, in minor units: of days, or of energy.
    pub fn net(&self, of_days: bool) -> i64 {
        self.lines().iter().filter(|line| line.of_days == of_days).map(|line| line.net).sum()
    }
}

statement!(static SHOWN: Shown = "
    select coalesce(c.transaction_id, 0) as transaction_id, lower(c.days) as first, upper(c.days) as last, sp.market_name,
        sp.market, sp.commodity, p.code as product_code, c.lines as kept
    from supply_charges c join agreements g on g.id = c.agreement_id join supply_points sp on sp.id = g.supply_point_id
        join tariffs t on t.id = g.tariff_id join product_offers o on o.id = t.offer_id
        join products p on p.id = o.product_id
    where c.transaction_id = any($1)");

/// What these transactions, which the viewer sees, charge for; those that charge for no energy are left out.
pub async fn of_transactions(tx: &mut Tx, transactions: &[i64]) -> Result<HashMap<i64, Shown>, sqlx::Error> {
    let rows = SHOWN.query().bind(transactions).fetch_all(&mut *tx).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.transaction_id?, row))).collect())
}
