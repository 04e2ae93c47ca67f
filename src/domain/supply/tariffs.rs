//! Tariffs, and what they ask at a moment.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::catalogue;
use super::interval::Period;
use super::pricing;
use super::products::Price;
use super::published;
use super::rates::{self, Rates, UnitRate};
use crate::domain::accounts::grouped;
use crate::platform::db::{Tx, row, statement};

row! {
    /// A product in a region.
    pub struct Tariff {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// The product, by row id.
        pub product_id: i64,
        /// Its code.
        pub code: String,
        /// The region of its prices.
        pub region: String,
        /// How those pay whom it is for; everybody without one.
        pub payment_method: Option<String>,
        /// `electricity` or `gas`.
        pub commodity: String,
        /// One of `product_offers.kind`.
        pub kind: String,
        /// Code of the product.
        pub product_code: String,
        /// Name of the product.
        pub display_name: String,
        /// The name that tells the product from its like.
        pub full_name: String,
        /// What the product is.
        pub description: String,
        /// What the product is marked with.
        pub tags: Vec<String>,
        /// Whether it pays for what is fed in.
        pub is_export: bool,
        /// Whether it is for businesses alone, whose tax is another.
        pub is_for_businesses: bool,
    }
}

macro_rules! tariffs {
    () => {
        "select t.id, o.product_id, t.code, t.region, t.payment_method, o.commodity, o.kind, p.code as product_code, \
            p.display_name, p.full_name, p.description, p.tags, p.direction = 'EXPORT' as is_export, \
            (p.is_business and not p.is_domestic) as is_for_businesses \
         from tariffs t join product_offers o on o.id = t.offer_id join products p on p.id = o.product_id"
    };
}

statement!(static BY_IDS: Tariff = concat!(tariffs!(), " where t.id = any($1)"));
statement!(static OF_PRODUCTS: Tariff = concat!(tariffs!(), "
    where o.product_id = any($1) and t.region = $2 and (t.payment_method is null or t.payment_method = $3)
    order by o.product_id, o.id, t.id"));
statement!(static OF_REGION: Tariff = concat!(tariffs!(), "
    where p.market = $1 and t.region = $2 and ($3::text is null or p.code = $3) and p.direction = 'IMPORT'
        and not p.is_hidden and p.availability = 'EVERYONE' and p.available_from <= $4
        and (p.available_to is null or p.available_to > $4)
    order by p.rank, p.id, o.id, t.id"));

/// A tariff and what it asks.
#[derive(Clone, Debug)]
pub struct Quote {
    /// The tariff.
    pub tariff: Tariff,
    /// What a day costs; none where no price holds.
    pub standing: Option<Price>,
    /// What a kWh costs in each band, levies included: the first step of a month where there are several.
    pub bands: BTreeMap<String, Price>,
    /// What the half-hours from that moment on cost, as far as it is published.
    pub half_hours: Vec<HalfHour>,
    /// Everything that decides its costs.
    pub rates: Arc<Rates>,
    /// Rate of the tax.
    pub tax: Decimal,
    /// The moment.
    pub at: DateTime<Utc>,
}

/// What a kWh costs in one band, or a day, within one step of a month's use.
#[derive(Clone, Debug)]
pub struct Charge {
    /// The band.
    pub band: String,
    /// What bills call it.
    pub name: String,
    /// kWh of the month that are used before it holds; none where there are no steps.
    pub step_from: Option<i64>,
    /// kWh of the month after which it holds no more.
    pub step_to: Option<i64>,
    /// The price, without levies.
    pub price: Price,
    /// From when on it holds.
    pub from: DateTime<Utc>,
    /// Until when, where the end is known.
    pub to: Option<DateTime<Utc>>,
    /// The region of prices.
    pub region: String,
}

/// What a kWh costs for a half-hour.
#[derive(Clone, Copy, Debug)]
pub struct HalfHour {
    /// The first moment.
    pub start: DateTime<Utc>,
    /// The moment after the last one.
    pub end: Option<DateTime<Utc>>,
    /// The price.
    pub price: Price,
    /// Whether it is dear for everybody.
    pub is_peak: bool,
}

impl Quote {
    /// What each band and step costs, without levies.
    pub fn charges(&self) -> Vec<Charge> {
        let parts = self.rates.energy.values().flat_map(|part| {
            part.rates.iter().filter(|rate| rate.holds(self.at)).map(move |rate| (part, rate))
        });
        parts.map(|(part, rate)| self.charge(&part.band, &part.name, rate)).collect()
    }

    /// What each day costs, part by part and step by step, without levies.
    pub fn day_charges(&self) -> Vec<Charge> {
        let parts = self.rates.days.values().flat_map(|part| {
            part.rates.iter().filter(|rate| rate.holds(self.at)).map(move |rate| (part, rate))
        });
        parts.map(|(part, rate)| self.charge(&part.band, &part.name, rate)).collect()
    }

    /// What a levy adds to a kWh.
    pub fn levy(&self, name: &str) -> Option<Charge> {
        let levy = self.rates.levies.values().find(|levy| levy.name == name && !levy.is_of_days)?;
        let rate = levy.rates.iter().find(|rate| rate.holds(self.at))?;
        Some(self.charge(&levy.name, &levy.title, rate))
    }

    fn charge(&self, band: &str, name: &str, rate: &rates::Rate) -> Charge {
        let is_stepped = rate.step_from > 0 || rate.step_to.is_some();
        Charge {
            band: band.to_owned(),
            name: name.to_owned(),
            step_from: is_stepped.then_some(rate.step_from / 1000),
            step_to: rate.step_to.map(|wh| wh / 1000),
            price: Price::of(rate.net, self.tax),
            from: rate.from,
            to: rate.to,
            region: self.tariff.region.clone(),
        }
    }

    /// The price of a band.
    pub fn band(&self, band: &str) -> Option<Price> {
        self.bands.get(band).copied()
    }
}

/// What is asked for: a tariff, for whom, at which moment.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The tariff, by row id.
    pub tariff: i64,
    /// The type of the account; a household or a business by what the product is for.
    pub account_type: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What tariffs ask, in order; none for those that are not there.
pub async fn quotes(tx: &mut Tx, asked: &[Asked]) -> Result<Vec<Option<Quote>>, sqlx::Error> {
    let ids: Vec<i64> = asked.iter().map(|each| each.tariff).collect();
    let rows = BY_IDS.query().bind(&ids).fetch_all(&mut *tx).await?;
    let tariffs: HashMap<i64, Tariff> = rows.into_iter().map(|tariff| (tariff.id, tariff)).collect();
    quoted(tx, asked, &tariffs).await
}

async fn quoted(
    tx: &mut Tx,
    asked: &[Asked],
    tariffs: &HashMap<i64, Tariff>,
) -> Result<Vec<Option<Quote>>, sqlx::Error> {
    let ids: Vec<i64> = asked.iter().map(|each| each.tariff).collect();
    let moments = || asked.iter().map(|each| each.at);
    let Some((first, last)) = moments().min().zip(moments().max()) else { return Ok(Vec::new()) };
    // Half-hours are published until the end of the next day.
    let beyond = last.checked_add_signed(TimeDelta::days(2)).unwrap_or(last);
    let rates = rates::of_tariffs(tx, &ids, first, beyond).await?;
    let quote = |each: &Asked| {
        let (tariff, rates) = tariffs.get(&each.tariff).zip(rates.get(&each.tariff))?;
        Some(quote(tariff.clone(), Arc::clone(rates), each))
    };
    Ok(asked.iter().map(quote).collect())
}

fn quote(tariff: Tariff, rates: Arc<Rates>, asked: &Asked) -> Quote {
    let at = asked.at;
    let usual = if tariff.is_for_businesses { "BUSINESS" } else { "DOMESTIC" };
    let account_type = asked.account_type.as_deref().unwrap_or(usual);
    let tax = pricing::tax(&rates, account_type, rates.market.day(at));
    let levies = rates.levies_at(at);
    let price = |part: &i64| Some(Price::of(rates.of_part(*part, at, 0)?.0 + levies, tax));
    let bands = rates.energy.iter().filter_map(|(id, part)| Some((part.band.clone(), price(id)?))).collect();
    let half_hours = if tariff.kind == "HALF_HOURLY" {
        let end = at.checked_add_signed(TimeDelta::days(2)).unwrap_or(at);
        let from = super::bands::half_hour(at);
        let shown = |rate: UnitRate| {
            let price = Price::of(rate.net, pricing::tax(&rates, account_type, rates.market.day(rate.start)));
            let is_peak = published::is_peak(rates.market, rate.start);
            HalfHour { start: rate.start, end: rate.end, price, is_peak }
        };
        rates.unit_rates(from, end).into_iter().map(shown).collect()
    } else {
        Vec::new()
    };
    let standing = rates.standing_at(at).map(|net| Price::of(net, tax));
    Quote { tariff, standing, bands, half_hours, rates, tax, at }
}

/// What the tariffs of these British products ask at a postcode from those who pay in one way; nothing where no region knows
/// the postcode.
pub async fn of_products(
    tx: &mut Tx,
    products: &[i64],
    postcode: &str,
    payment_method: &str,
) -> Result<Vec<Vec<Quote>>, sqlx::Error> {
    let Some(region) = catalogue::region_of_postcode("gb", postcode) else {
        return Ok(products.iter().map(|_| Vec::new()).collect());
    };
    let rows = OF_PRODUCTS.query().bind(products).bind(region).bind(payment_method);
    let rows = rows.fetch_all(&mut *tx).await?;
    let quotes = now(tx, rows).await?;
    Ok(grouped(products, quotes.into_iter().map(|quote| (quote.tariff.product_id, quote)).collect()))
}

/// What everybody is asked now in a region of a market, or for one product there.
pub async fn of_region(
    tx: &mut Tx,
    market: &str,
    region: &str,
    product: Option<&str>,
) -> Result<Vec<Quote>, sqlx::Error> {
    let at = tx.business_now().await?;
    let rows = OF_REGION.query().bind(market).bind(region).bind(product).bind(at);
    let rows = rows.fetch_all(&mut *tx).await?;
    now(tx, rows).await
}

async fn now(tx: &mut Tx, rows: Vec<Tariff>) -> Result<Vec<Quote>, sqlx::Error> {
    let at = tx.business_now().await?;
    let asked: Vec<Asked> = rows.iter().map(|row| Asked { tariff: row.id, account_type: None, at }).collect();
    let tariffs: HashMap<i64, Tariff> = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(quoted(tx, &asked, &tariffs).await?.into_iter().flatten().collect())
}

/// A time of the local day, in minutes, at which a band holds; half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// From when on.
    pub from: i32,
    /// Until when.
    pub to: i32,
}

/// A band and its prices.
#[derive(Clone, Debug)]
pub struct Band {
    /// What it is called.
    pub name: String,
    /// When it holds on a day, where that is the same every day.
    pub slots: Vec<Slot>,
    /// What a kWh cost and costs in it, levies included.
    pub rates: Vec<UnitRate>,
}

/// The prices of a kWh over the time of an agreement.
#[derive(Clone, Debug)]
pub struct Prices {
    /// Each band of energy.
    pub bands: Vec<Band>,
    /// What follows from the moment on.
    pub coming: Vec<UnitRate>,
    /// The moment.
    pub at: DateTime<Utc>,
    account_type: Option<String>,
    rates: Arc<Rates>,
}

impl Prices {
    /// The tax at a moment.
    pub fn tax(&self, moment: DateTime<Utc>) -> Decimal {
        let account_type = self.account_type.as_deref().unwrap_or("DOMESTIC");
        pricing::tax(&self.rates, account_type, self.rates.market.day(moment))
    }
}

/// The prices of tariffs from a moment on, to the end that is given or for some time `ahead`, in order.
pub async fn prices(
    tx: &mut Tx,
    asked: &[(Asked, Period)],
    ahead: TimeDelta,
) -> Result<Vec<Option<Prices>>, sqlx::Error> {
    let first = asked.iter().map(|(_, (from, _))| *from).min();
    let Some((first, last)) = first.zip(asked.iter().map(|(each, ..)| each.at).max()) else {
        return Ok(Vec::new());
    };
    let ids: Vec<i64> = asked.iter().map(|(each, ..)| each.tariff).collect();
    let beyond = |at: DateTime<Utc>| at.checked_add_signed(ahead).unwrap_or(at);
    let rates = rates::of_tariffs(tx, &ids, first, beyond(last)).await?;
    let of = |(each, (from, to)): &(Asked, Period)| {
        let rates = rates.get(&each.tariff)?;
        let end = to.map_or(beyond(each.at), |to| to.min(beyond(each.at)));
        let windows = || rates.bands.iter().flat_map(|bands| &bands.windows);
        let base = rates.bands.as_ref().map(|bands| bands.base);
        let homely = |part: &i64| base == Some(*part) || windows().any(|window| window.part == *part);
        let bands = rates.energy.iter().filter(|(id, _)| homely(id)).map(|(id, part)| {
            let held: Vec<Slot> = windows()
                .filter(|window| window.part == *id)
                .map(|window| Slot { from: window.minutes.start, to: window.minutes.end })
                .collect();
            let all = windows().map(|window| Slot { from: window.minutes.start, to: window.minutes.end });
            let slots = if base == Some(*id) { left(all.collect()) } else { held };
            let mut history = rates.history(*id, *from, end);
            // Where looking ahead ends, no price does.
            if let Some(last) = history.last_mut().filter(|last| last.end == Some(end) && *to != Some(end)) {
                last.end = None;
            }
            Band { name: part.name.clone(), slots, rates: history }
        });
        Some(Prices {
            bands: bands.collect(),
            coming: rates.unit_rates(each.at, end),
            at: each.at,
            account_type: each.account_type.clone(),
            rates: Arc::clone(rates),
        })
    };
    Ok(asked.iter().map(of).collect())
}

/// The times of a day that are left beside others.
fn left(mut taken: Vec<Slot>) -> Vec<Slot> {
    taken.sort_by_key(|slot| slot.from);
    let (mut free, mut at) = (Vec::new(), 0);
    for slot in taken {
        if slot.from > at {
            free.push(Slot { from: at, to: slot.from });
        }
        at = at.max(slot.to);
    }
    if at < 1440 {
        free.push(Slot { from: at, to: 1440 });
    }
    free
}
