//! The products that are or were sold.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::catalogue;
use crate::domain::accounts::in_order;
use crate::platform::db::{Tx, row, statement};
use crate::platform::page::{self, Page, Window};

row! {
    /// Something that is sold.
    pub struct Product {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// Market code.
        pub market: String,
        /// Code of the brand.
        pub brand: String,
        /// Its code.
        pub code: String,
        /// `IMPORT` or `EXPORT`.
        pub direction: String,
        /// Its name.
        pub display_name: String,
        /// The name that tells it from its like.
        pub full_name: String,
        /// What it is.
        pub description: String,
        /// Further remarks.
        pub notes: String,
        /// `EVERYONE` or `RESTRICTED`.
        pub availability: String,
        /// Since when it is sold.
        pub available_from: DateTime<Utc>,
        /// Until when.
        pub available_to: Option<DateTime<Utc>>,
        /// How many months are agreed on.
        pub term_months: Option<i32>,
        /// What leaving early costs, in minor units.
        pub exit_fee: Option<i64>,
        /// `PER_FUEL` or `FIXED`.
        pub exit_fee_type: Option<String>,
        /// Whether its prices may change while it is agreed.
        pub is_variable: bool,
        /// Whether it is paid for in advance.
        pub is_prepay: bool,
        /// Whether its energy is renewable.
        pub is_green: bool,
        /// Whether lists leave it out.
        pub is_hidden: bool,
        /// Whether households can have it.
        pub is_domestic: bool,
        /// Whether businesses can.
        pub is_business: bool,
        /// Whether it is what somebody gets who chooses nothing.
        pub is_default: bool,
        /// Whether it is what somebody gets who moves in without a word.
        pub is_occupier: bool,
        /// Its place in lists.
        pub rank: i32,
        /// What it is marked with.
        pub tags: Vec<String>,
        /// Territory and commodity of its first offer.
        pub market_name: String,
        /// Whether its prices follow the market half-hour by half-hour.
        pub is_half_hourly: bool,
        /// Whether its prices go by the time of day.
        pub is_time_of_use: bool,
        /// Whether it is sold now.
        pub is_available: bool,
    }
}

impl Product {
    /// What its prices go by, for clients that want to know.
    pub fn params(&self) -> Value {
        json!({
            "direction": self.direction,
            "is_half_hourly": self.is_half_hourly,
            "is_time_of_use": self.is_time_of_use,
            "tags": self.tags,
        })
    }
}

/// The columns of a [`Product`] `p`; argument 1 is the moment.
macro_rules! product_columns {
    () => {
        "p.id, p.market, p.brand, p.code, p.direction, p.display_name, p.full_name, p.description, p.notes, \
         p.availability, p.available_from, p.available_to, p.term_months, p.exit_fee, p.exit_fee_type, p.is_variable, \
         p.is_prepay, p.is_green, p.is_hidden, p.is_domestic, p.is_business, p.is_default, p.is_occupier, p.rank, p.tags, \
         coalesce((select o.market_name from product_offers o where o.product_id = p.id order by o.id limit 1), '') \
            as market_name, \
         exists (select from product_offers o where o.product_id = p.id and o.kind = 'HALF_HOURLY') as is_half_hourly, \
         exists (select from product_offers o join band_windows w on w.offer_id = o.id where o.product_id = p.id) \
            as is_time_of_use, \
         (p.available_from <= $1 and (p.available_to is null or p.available_to > $1)) as is_available"
    };
}

statement!(static BY_CODE: Product = concat!(
    "select ", product_columns!(), " from products p where p.code = $2"));
statement!(static BY_IDS: Product = concat!(
    "select ", product_columns!(), " from products p where p.id = any($2)"));
statement!(static ON_SALE: Product = concat!("
    select ", product_columns!(), " from products p
    where exists (select from product_offers o where o.product_id = p.id and o.market_name = $2)
        and not p.is_hidden and p.availability = 'EVERYONE' and p.available_from <= $1
        and (p.available_to is null or p.available_to > $1)
    order by p.rank, p.id"));

/// The product with this code.
pub async fn by_code(tx: &mut Tx, code: &str) -> Result<Option<Product>, sqlx::Error> {
    let now = tx.business_now().await?;
    BY_CODE.query().bind(now).bind(code).fetch_optional(&mut *tx).await
}

/// The products with these ids, in order.
pub async fn by_ids(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Option<Product>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let rows = BY_IDS.query().bind(now).bind(ids).fetch_all(&mut *tx).await?;
    Ok(in_order(ids, rows, |product| product.id))
}

/// What everybody can buy now in a market of one commodity.
pub async fn on_sale(tx: &mut Tx, market_name: &str) -> Result<Vec<Product>, sqlx::Error> {
    let now = tx.business_now().await?;
    ON_SALE.query().bind(now).bind(market_name).fetch_all(&mut *tx).await
}

/// Which British products are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Codes of brands; all without any.
    pub brands: Option<Vec<String>>,
    /// Only those that are, or are not, sold now.
    pub is_available: Option<bool>,
    /// `EnergyProductFilters` that must all hold.
    pub features: Vec<String>,
}

macro_rules! british {
    () => {
        " from products p where p.market = 'gb' and not p.is_hidden and p.availability = 'EVERYONE' \
            and ($2::text[] is null or p.brand = any($2)) \
            and ($3::boolean is null \
                or $3 = (p.available_from <= $1 and (p.available_to is null or p.available_to > $1))) \
            and not exists (select from unnest($4::text[]) as wanted (feature) where not case wanted.feature \
                when 'PREPAY' then p.is_prepay when 'BUSINESS' then p.is_business when 'DOMESTIC' then p.is_domestic \
                when 'VARIABLE' then p.is_variable when 'FIXED' then not p.is_variable \
                when 'SMART' then 'smart' = any(p.tags) when 'GREEN' then p.is_green else false end)"
    };
}

statement!(static COUNT: (Option<i64>,) = concat!("select count(*)", british!()));
statement!(static PAGE: Product = concat!(
    "select ", product_columns!(), british!(), " order by p.rank, p.id offset $5 limit $6"));

/// A page of the British products that somebody at a postcode can have; none where no region knows it.
pub async fn page_of_postcode(
    tx: &mut Tx,
    postcode: &str,
    filter: &Filter,
    window: &Window,
) -> Result<Page<Product>, sqlx::Error> {
    if catalogue::region_of_postcode("gb", postcode).is_none() {
        return Ok(Page::empty(window));
    }
    let now = tx.business_now().await?;
    let total = if window.needs_total() {
        let count = COUNT.query().bind(now).bind(&filter.brands).bind(filter.is_available);
        count.bind(&filter.features).fetch_one(&mut *tx).await?.0
    } else {
        None
    };
    let slice = window.slice(total);
    let page = PAGE.query().bind(now).bind(&filter.brands).bind(filter.is_available).bind(&filter.features);
    let rows = page.bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(page::Page::cut(window, slice, rows, total))
}

/// A price with and without tax, in minor units a day or a kWh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Without tax.
    pub net: Decimal,
    /// With tax.
    pub gross: Decimal,
}

impl Price {
    /// A net price and the tax on it.
    pub fn of(net: Decimal, tax: Decimal) -> Self {
        let gross = (net * (Decimal::ONE + tax)).normalize();
        Self { net: net.normalize(), gross }
    }
}
