//! What energy costs. Every cost that is shown or billed comes from here.
//!
//! Costs are exact decimals: nothing is rounded before a line of a bill, which is rounded once. So a period costs the same
//! however it is cut, and lines add up however they are grouped.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use thiserror::Error;

use super::bands::{Bands, half_hours};
use super::capacities::{self, Agreed, Capacity};
use super::grouping::Grouping;
use super::interval::{Interval, Period};
use super::rates::{Item, Levy, Rate, Rates};
use crate::platform::money::{AmountError, Minor, Rounding, Split};

/// Why something has no price.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PricingError {
    /// No price holds at this moment, or it is not known yet: not published, or a matter of what the rest of its month uses.
    #[error("nothing is known to hold at {0}")]
    NoRate(DateTime<Utc>),
}

/// A part of a cost: one thing that is charged for, at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The first moment.
    pub start: DateTime<Utc>,
    /// The moment after the last one.
    pub end: DateTime<Utc>,
    /// What it is for.
    pub item: Item,
    /// Energy in Wh; zero for days.
    pub wh: i64,
    /// Net, in minor units a day or kWh; negative for what is paid for.
    pub rate: Decimal,
    /// Rate of the tax; 0.05 is five per cent.
    pub tax: Decimal,
    /// Net, in minor units, not rounded.
    pub net: Decimal,
    /// The capacity that the price went by.
    pub capacity: Option<Agreed>,
}

impl Piece {
    /// With tax, in minor units, not rounded.
    pub fn gross(&self) -> Decimal {
        self.net * (Decimal::ONE + self.tax)
    }
}

/// Whose energy is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// What the meter counts.
    Home,
    /// What a device draws by its own account, where the tariff tells it apart.
    Device,
}

/// A local month.
type Month = (i32, u32);

/// What decides what energy costs somebody: a tariff, their tax and, where prices go by tiers, what whole months use.
#[derive(Clone, Debug)]
pub struct Terms<'r> {
    rates: &'r Rates,
    account_type: &'r str,
    /// Wh of the months of which all is known.
    months: BTreeMap<Month, i64>,
    held: &'r [Capacity],
}

impl<'r> Terms<'r> {
    /// The terms of whoever is on a tariff for a period. Tiers go by what their months use within it: `used` holds the
    /// intervals of these months, in order, as [`Rates::weighed`] says. A month is known when something is that lies
    /// at its end.
    pub fn of(rates: &'r Rates, account_type: &'r str, (begins, ends): Period, used: &[Interval]) -> Self {
        let mut months = BTreeMap::new();
        if let Some(last) = used.last().filter(|_| rates.is_tiered()) {
            for (start, _, wh) in pieces_of(used, last.end) {
                let end = Grouping::MONTH.end_after(rates.zone(), start);
                let end = ends.map_or(end, |ends| end.min(ends));
                if begins <= start && start < end && end <= last.end {
                    *months.entry(month(rates.market.day(start))).or_default() += wh;
                }
            }
        }
        Self { rates, account_type, months, held: &[] }
    }

    /// With what may be drawn at once, which prices of days may go by.
    pub fn holding(self, held: &'r [Capacity]) -> Self {
        Self { held, ..self }
    }

    /// How many Wh of the month a price goes by when so many have been used: as many, or all but the last one of the month
    /// where its tier is what counts. None while that is not known.
    pub(super) fn weighed(&self, day: NaiveDate, used: i64) -> Option<i64> {
        if !self.rates.is_tiered() {
            return Some(used);
        }
        self.months.get(&month(day)).map(|whole| (whole - 1).max(0))
    }
}

fn month(day: NaiveDate) -> Month {
    (day.year(), day.month())
}

/// What ran in the half-hours of intervals until a moment.
fn pieces_of(
    used: &[Interval],
    to: DateTime<Utc>,
) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>, i64)> {
    used.iter().flat_map(move |interval| {
        let parts = half_hours(interval.start, interval.end.min(to));
        parts.map(move |(start, end)| (start, end, share(interval, end) - share(interval, start)))
    })
}

/// What the energy between two moments cost on some terms, in the order of time.
///
/// Prices of steps go by what was used since the local month began: `used` holds the intervals since then, in order, as far as
/// the tariff was agreed then. What lies outside of `from` and `to` is only counted.
///
/// # Errors
/// Where energy was used and no price is known.
pub fn energy(
    terms: &Terms<'_>,
    whose: Use,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    used: &[Interval],
) -> Result<Vec<Piece>, PricingError> {
    let rates = terms.rates;
    let bands = if whose == Use::Device { &rates.device_bands } else { &rates.bands };
    let Some(bands) = bands else { return Ok(Vec::new()) };
    let mut pricing = Pricing { terms, bands, month: None, day: None, pieces: Vec::new() };
    for (start, end, wh) in pieces_of(used, to) {
        pricing.half_hour(start, end, wh, start >= from)?;
    }
    Ok(pricing.pieces)
}

/// How much of an interval's energy had run at a moment within it, if it ran evenly. Whole Wh, so that shares add up.
fn share(interval: &Interval, at: DateTime<Utc>) -> i64 {
    if at <= interval.start {
        return 0;
    }
    if at >= interval.end {
        return interval.wh;
    }
    let seconds = |to: DateTime<Utc>| i128::from((to - interval.start).num_seconds());
    let gone = i128::from(interval.wh) * seconds(at) / seconds(interval.end).max(1);
    i64::try_from(gone).unwrap_or_default()
}

struct Pricing<'r> {
    terms: &'r Terms<'r>,
    bands: &'r Bands,
    /// The local month, and how many Wh of it have been used.
    month: Option<(Month, i64)>,
    /// The local day, and its tax.
    day: Option<(NaiveDate, Decimal)>,
    pieces: Vec<Piece>,
}

impl Pricing<'_> {
    fn half_hour(
        &mut self,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        wh: i64,
        is_wanted: bool,
    ) -> Result<(), PricingError> {
        let rates = self.terms.rates;
        let day = rates.market.day(start);
        let month = month(day);
        let mut used = self.month.filter(|(known, _)| *known == month).map_or(0, |(_, used)| used);
        if is_wanted && wh != 0 {
            let tax = self.tax(day);
            let part = self.bands.at(rates.zone(), start);
            let mut left = wh;
            while left != 0 {
                let weighed = self.terms.weighed(day, used).ok_or(PricingError::NoRate(start))?;
                let (net, most) = rates.of_part(part, start, weighed).ok_or(PricingError::NoRate(start))?;
                // A tier holds for all of the month.
                let most = most.filter(|_| !rates.is_tiered());
                let taken = most.map_or(left, |most| left.min(most));
                self.pieces.push(piece(rates, (start, end), Item::Energy(part), taken, net, tax));
                (used, left) = (used + taken, left - taken);
            }
            for (id, levy) in rates.levies.iter().filter(|(_, levy)| !levy.is_of_days) {
                let Some(rate) = holding(levy, start) else { return Err(PricingError::NoRate(start)) };
                self.pieces.push(piece(rates, (start, end), Item::LevyEnergy(*id), wh, rate.net, tax));
            }
        } else {
            used += wh;
        }
        self.month = Some((month, used));
        Ok(())
    }

    fn tax(&mut self, day: NaiveDate) -> Decimal {
        match self.day {
            Some((known, tax)) if known == day => tax,
            _ => {
                let tax = tax(self.terms.rates, self.terms.account_type, day);
                self.day = Some((day, tax));
                tax
            }
        }
    }
}

/// The tax on what is supplied on a day. Nobody charges tax on what they feed in.
pub fn tax(rates: &Rates, account_type: &str, day: NaiveDate) -> Decimal {
    if rates.is_export {
        return Decimal::ZERO;
    }
    rates.market.supply_tax_rate(&rates.commodity, account_type, day)
}

fn piece(
    rates: &Rates,
    (start, end): (DateTime<Utc>, DateTime<Utc>),
    item: Item,
    wh: i64,
    rate: Decimal,
    tax: Decimal,
) -> Piece {
    let rate = if rates.is_export { -rate } else { rate };
    Piece { start, end, item, wh, rate, tax, net: Decimal::new(wh, 3) * rate, capacity: None }
}

fn holding(levy: &Levy, moment: DateTime<Utc>) -> Option<&Rate> {
    levy.rates.iter().find(|rate| rate.holds(moment))
}

/// What the days that begin between two moments cost on some terms by themselves, in the order of time. Where prices go by what
/// may be drawn at once, it is what was agreed then; as listed where nothing was.
///
/// # Errors
/// Where no price is known.
pub fn days(
    terms: &Terms<'_>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Piece>, PricingError> {
    let rates = terms.rates;
    let mut pieces = Vec::new();
    let mut day = rates.market.day(from);
    if rates.market.start_of(day) < from {
        day = next(day, from)?;
    }
    let mut start = rates.market.start_of(day);
    while start < to {
        let tomorrow = next(day, start)?;
        let end = rates.market.start_of(tomorrow);
        let tax = tax(rates, terms.account_type, day);
        let weighed = terms.weighed(day, 0).ok_or(PricingError::NoRate(start))?;
        let mut charge = |item, net: Decimal, capacity| {
            if !net.is_zero() {
                pieces.push(Piece { start, end, item, wh: 0, rate: net, tax, net, capacity });
            }
        };
        let agreed = capacities::on(terms.held, day).and_then(Capacity::of_contract);
        for (id, part) in &rates.days {
            let rate = part.rates.iter().find(|rate| rate.holds(start) && rate.covers(weighed));
            let net = rate.ok_or(PricingError::NoRate(start))?.net;
            let scale = part.for_amperes.zip(agreed).filter(|(listed, _)| *listed > 0);
            match scale {
                Some((listed, agreed)) => {
                    // Rounded as listed prices are.
                    let net = (net * agreed.amperes / Decimal::from(listed)).round_dp(4).normalize();
                    charge(Item::Days(*id), net, Some(agreed));
                }
                None => charge(Item::Days(*id), net, None),
            }
        }
        for (id, levy) in rates.levies.iter().filter(|(_, levy)| levy.is_of_days) {
            charge(Item::LevyDays(*id), holding(levy, start).ok_or(PricingError::NoRate(start))?.net, None);
        }
        (day, start) = (tomorrow, end);
    }
    Ok(pieces)
}

fn next(day: NaiveDate, at: DateTime<Utc>) -> Result<NaiveDate, PricingError> {
    // Only the calendar's last day has none after it.
    day.succ_opt().ok_or(PricingError::NoRate(at))
}

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is for.
    pub item: Item,
    /// The band, or the name of the levy.
    pub band: String,
    /// What the bill calls it.
    pub title: String,
    /// How many days, where days are charged for.
    pub days: i64,
    /// How much energy, in Wh.
    pub wh: i64,
    /// Net, in minor units a day or a kWh; none where the price changes each half-hour.
    pub rate: Option<Decimal>,
    /// Rate of the tax.
    pub tax: Decimal,
    /// Net, in whole minor units: rounded by the market's rule, here and nowhere else.
    pub net: Minor,
    /// The capacity that the price went by.
    pub capacity: Option<Agreed>,
}

/// The lines of a bill: one for each thing, price and tax, by what they are for and the order in which they come.
///
/// # Errors
/// A line that no ledger can hold.
pub fn lines(rates: &Rates, pieces: &[Piece]) -> Result<Vec<Line>, AmountError> {
    let mut sums: BTreeMap<(Item, usize), (Piece, i64, i64, Decimal)> = BTreeMap::new();
    let mut known: Vec<(Item, Option<Decimal>, Decimal)> = Vec::new();
    for piece in pieces {
        let changes = rates.kind == "HALF_HOURLY" && matches!(piece.item, Item::Energy(_));
        let key = (piece.item, (!changes).then_some(piece.rate), piece.tax);
        let place = known.iter().position(|each| *each == key).unwrap_or_else(|| {
            known.push(key);
            known.len() - 1
        });
        let sum = sums.entry((piece.item, place)).or_insert((*piece, 0, 0, Decimal::ZERO));
        sum.1 += i64::from(piece.item.is_of_days());
        sum.2 += piece.wh;
        sum.3 += piece.net;
    }
    let rounding = rates.market.tax.rounding.into();
    let line = |((item, place), (piece, days, wh, net)): ((Item, usize), (Piece, i64, i64, Decimal))| {
        let (band, title) = rates.named(item);
        let rate = known.get(place).and_then(|(_, rate, _)| *rate);
        let net = net.round_dp_with_strategy(0, rounding).to_i64().ok_or(AmountError::OutOfRange)?;
        Ok(Line {
            item,
            band,
            title,
            days,
            wh,
            rate,
            tax: piece.tax,
            net: Minor(net),
            capacity: piece.capacity,
        })
    };
    sums.into_iter().map(line).collect()
}

/// Net, tax and gross of lines: the tax is rounded once for each rate of it.
///
/// # Errors
/// A sum that no ledger can hold.
pub fn total(rounding: Rounding, lines: &[(Minor, Decimal)]) -> Result<Split, AmountError> {
    let mut by_tax: BTreeMap<Decimal, Minor> = BTreeMap::new();
    for (net, tax) in lines {
        let sum = by_tax.entry(*tax).or_default();
        *sum = sum.plus(*net)?;
    }
    let mut total = Split::untaxed(Minor::ZERO);
    for (tax, net) in by_tax {
        let split = Split::of_net(net, tax, rounding)?;
        total = Split {
            net: total.net.plus(split.net)?,
            tax: total.tax.plus(split.tax)?,
            gross: total.gross.plus(split.gross)?,
        };
    }
    Ok(total)
}

impl Rates {
    /// The band of an item, or the name of the levy; and what bills call it.
    pub fn named(&self, item: Item) -> (String, String) {
        let found = match item {
            Item::Days(id) => self.days.get(&id).map(|part| (&part.band, &part.name)),
            Item::Energy(id) => self.energy.get(&id).map(|part| (&part.band, &part.name)),
            Item::LevyDays(id) | Item::LevyEnergy(id) => {
                self.levies.get(&id).map(|levy| (&levy.name, &levy.title))
            }
        };
        found.map(|(band, name)| (band.clone(), name.clone())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
