//! Everything that decides what energy costs on a tariff: bands, prices, levies and taxes, read at once for any number of
//! tariffs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::bands::{Bands, Span, Window, half_hour};
use super::grouping::Grouping;
use crate::platform::db::{Tx, row, statement};
use crate::platform::market::{self, Market};

/// What something is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// Each local day, by a part of the offer.
    Days(i64),
    /// Energy, by a part of the offer.
    Energy(i64),
    /// A levy on each local day.
    LevyDays(i64),
    /// A levy on energy.
    LevyEnergy(i64),
}

impl Item {
    /// Whether it is charged by days.
    pub fn is_of_days(self) -> bool {
        matches!(self, Self::Days(_) | Self::LevyDays(_))
    }

    /// Whether the market or the network charges it.
    pub fn is_levy(self) -> bool {
        matches!(self, Self::LevyDays(_) | Self::LevyEnergy(_))
    }
}

/// A price. Periods are half-open, and so are steps: Wh of a calendar month. Steps of a tiered tariff are tiers: one of them
/// holds for a whole month, the one in which the last Wh of it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: Option<DateTime<Utc>>,
    /// Wh of the month that are used before it holds.
    pub step_from: i64,
    /// Wh of the month after which it holds no more.
    pub step_to: Option<i64>,
    /// Net, in minor units a day or a kWh.
    pub net: Decimal,
}

impl Rate {
    /// Whether it holds at a moment.
    pub fn holds(&self, moment: DateTime<Utc>) -> bool {
        self.from <= moment && self.to.is_none_or(|to| moment < to)
    }

    /// Whether it is for what is used when so many Wh of the month have been.
    pub fn covers(&self, used: i64) -> bool {
        self.step_from <= used && self.step_to.is_none_or(|to| used < to)
    }
}

/// Something that an offer charges for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its band.
    pub band: String,
    /// What bills call it.
    pub name: String,
    /// The capacity in amperes that its prices are for, where another costs in proportion.
    pub for_amperes: Option<i32>,
    /// Its prices, in the order of their periods and steps.
    pub rates: Vec<Rate>,
}

/// Something that the market or the network charges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levy {
    /// What it is, such as `FUEL_COST_ADJUSTMENT`.
    pub name: String,
    /// What bills call it.
    pub title: String,
    /// Whether it is charged by days.
    pub is_of_days: bool,
    /// What it is, in the order of periods.
    pub rates: Vec<Rate>,
}

/// What decides the costs on one tariff.
#[derive(Clone, Debug)]
pub struct Rates {
    /// The tariff.
    pub tariff_id: i64,
    /// The market, and with it taxes, rounding and time.
    pub market: &'static Market,
    /// `electricity` or `gas`.
    pub commodity: String,
    /// Whether it pays for what is fed in.
    pub is_export: bool,
    /// One of `product_offers.kind`.
    pub kind: String,
    /// The region of its prices.
    pub region: String,
    /// What each day costs, by row id.
    pub days: BTreeMap<i64, Part>,
    /// What energy costs in each band, by row id; also those of devices.
    pub energy: BTreeMap<i64, Part>,
    /// Which band holds when.
    pub bands: Option<Bands>,
    /// Which band holds when for what devices draw, where that is priced by itself.
    pub device_bands: Option<Bands>,
    /// The levies that come on top, by row id.
    pub levies: BTreeMap<i64, Levy>,
    /// Prices of half-hours by local day, in ten-thousandths of a minor unit a kWh.
    pub half_hours: HashMap<NaiveDate, Vec<i32>>,
}

row! {
    struct TariffRow {
        id: i64,
        offer_id: i64,
        market: String,
        commodity: String,
        direction: String,
        kind: String,
        region: String,
    }
}

row! {
    struct PartRow {
        id: i64,
        offer_id: i64,
        charged_for: String,
        band: String,
        name: String,
        is_base: bool,
        capacity_amperes: Option<i32>,
    }
}

row! {
    struct WindowRow {
        part_id: i64,
        months_from: Option<i32>,
        months_to: Option<i32>,
        weekdays_from: Option<i32>,
        weekdays_to: Option<i32>,
        minutes_from: Option<i32>,
        minutes_to: Option<i32>,
    }
}

row! {
    struct RateRow {
        tariff_id: i64,
        part_id: i64,
        step_from: Option<i64>,
        step_to: Option<i64>,
        from_at: Option<DateTime<Utc>>,
        to_at: Option<DateTime<Utc>>,
        net: Decimal,
    }
}

row! {
    struct LevyRow {
        tariff_id: i64,
        id: i64,
        name: String,
        title: String,
        is_of_days: bool,
        from_at: Option<DateTime<Utc>>,
        to_at: Option<DateTime<Utc>>,
        net: Decimal,
    }
}

row! {
    struct HalfHours {
        tariff_id: i64,
        day: NaiveDate,
        prices: Vec<i32>,
    }
}

statement!(static TARIFFS: TariffRow = "
    select t.id, t.offer_id, p.market, o.commodity, p.direction, o.kind, t.region
    from tariffs t join product_offers o on o.id = t.offer_id join products p on p.id = o.product_id
    where t.id = any($1)");
statement!(static PARTS: PartRow = "
    select distinct op.id, op.offer_id, op.charged_for, op.band, op.name, op.is_base, op.capacity_amperes
    from tariffs t join offer_parts op on op.offer_id = t.offer_id where t.id = any($1)");
statement!(static WINDOWS: WindowRow = "
    select w.part_id, lower(w.months) as months_from, upper(w.months) as months_to,
        lower(w.weekdays) as weekdays_from, upper(w.weekdays) as weekdays_to, lower(w.minutes) as minutes_from,
        upper(w.minutes) as minutes_to
    from band_windows w where w.offer_id in (select t.offer_id from tariffs t where t.id = any($1))");
statement!(static RATES: RateRow = "
    select r.tariff_id, r.part_id, lower(r.steps) as step_from, upper(r.steps) as step_to, lower(r.during) as from_at,
        upper(r.during) as to_at, r.net
    from tariff_rates r where r.tariff_id = any($1) and r.during && tstzrange($2, $3)
    order by r.tariff_id, r.part_id, lower(r.during), lower(r.steps)");
statement!(static LEVIES: LevyRow = "
    select t.id as tariff_id, l.id, l.name, l.title, l.charged_for = 'DAYS' as is_of_days, lower(r.during) as from_at,
        upper(r.during) as to_at, r.net
    from tariffs t join product_offers o on o.id = t.offer_id
        join levies l on l.market_name = o.market_name and l.name = any(o.levies)
            and (l.region is null or l.region = t.region)
        join levy_rates r on r.levy_id = l.id and r.during && tstzrange($2, $3)
    where t.id = any($1) order by t.id, l.id, lower(r.during)");
statement!(static HALF_HOURS: HalfHours = "
    select h.tariff_id, h.day, h.prices from half_hour_prices h
    where h.tariff_id = any($1) and h.day between $2 and $3");

/// What decides the costs on each of these tariffs between two moments, by their ids. Half a dozen statements, whatever the
/// number of tariffs.
pub async fn of_tariffs(
    tx: &mut Tx,
    tariffs: &[i64],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<HashMap<i64, Arc<Rates>>, sqlx::Error> {
    let heads = TARIFFS.query().bind(tariffs).fetch_all(&mut *tx).await?;
    let parts = PARTS.query().bind(tariffs).fetch_all(&mut *tx).await?;
    let windows = WINDOWS.query().bind(tariffs).fetch_all(&mut *tx).await?;
    let mut all: HashMap<i64, Rates> =
        heads.iter().filter_map(|head| Some((head.id, empty(head, &parts, &windows)?))).collect();
    for row in RATES.query().bind(tariffs).bind(from).bind(to).fetch_all(&mut *tx).await? {
        let Some(rates) = all.get_mut(&row.tariff_id) else { continue };
        let part = match rates.days.get_mut(&row.part_id) {
            Some(part) => Some(part),
            None => rates.energy.get_mut(&row.part_id),
        };
        let Some((part, from)) = part.zip(row.from_at) else { continue };
        let step_from = row.step_from.unwrap_or_default();
        part.rates.push(Rate { from, to: row.to_at, step_from, step_to: row.step_to, net: row.net });
    }
    for row in LEVIES.query().bind(tariffs).bind(from).bind(to).fetch_all(&mut *tx).await? {
        let Some((rates, from)) = all.get_mut(&row.tariff_id).zip(row.from_at) else { continue };
        let LevyRow { name, title, is_of_days, .. } = row;
        let levy = rates.levies.entry(row.id);
        let levy = levy.or_insert_with(|| Levy { name, title, is_of_days, rates: Vec::new() });
        levy.rates.push(Rate { from, to: row.to_at, step_from: 0, step_to: None, net: row.net });
    }
    if all.values().any(|rates| rates.kind == "HALF_HOURLY") {
        // A local day begins and ends within a day of the same day in UTC.
        let day = TimeDelta::days(1);
        let first = from.checked_sub_signed(day).unwrap_or(from).date_naive();
        let last = to.checked_add_signed(day).unwrap_or(to).date_naive();
        for row in HALF_HOURS.query().bind(tariffs).bind(first).bind(last).fetch_all(&mut *tx).await? {
            let Some(rates) = all.get_mut(&row.tariff_id) else { continue };
            rates.half_hours.insert(row.day, row.prices);
        }
    }
    Ok(all.into_iter().map(|(id, rates)| (id, Arc::new(rates))).collect())
}

/// The period of which all use must be known to price another one on any of some tariffs; see [`Rates::weighed`].
pub fn weighed<'r>(
    all: impl Iterator<Item = &'r Arc<Rates>>,
    period: (DateTime<Utc>, DateTime<Utc>),
) -> (DateTime<Utc>, DateTime<Utc>) {
    all.map(|rates| rates.weighed(period))
        .fold(period, |known, wanted| (known.0.min(wanted.0), known.1.max(wanted.1)))
}

/// A tariff without prices; none if its market is unknown.
fn empty(head: &TariffRow, parts: &[PartRow], windows: &[WindowRow]) -> Option<Rates> {
    let of = |charged_for: &[&str]| {
        let mine = parts.iter().filter(|part| part.offer_id == head.offer_id);
        let mine = mine.filter(|part| charged_for.contains(&part.charged_for.as_str()));
        let named = mine.map(|part| {
            let (band, name) = (part.band.clone(), part.name.clone());
            (part.id, Part { band, name, for_amperes: part.capacity_amperes, rates: Vec::new() })
        });
        named.collect()
    };
    let bands = |charged_for: &str| {
        let mine = || {
            let mine = parts.iter().filter(|part| part.offer_id == head.offer_id);
            mine.filter(|part| part.charged_for == charged_for)
        };
        let base = mine().find(|part| part.is_base)?.id;
        let windows = windows.iter().filter(|window| mine().any(|part| part.id == window.part_id));
        Some(Bands { base, windows: windows.filter_map(window).collect() })
    };
    Some(Rates {
        tariff_id: head.id,
        market: market::by_code(&head.market)?,
        commodity: head.commodity.clone(),
        is_export: head.direction == "EXPORT",
        kind: head.kind.clone(),
        region: head.region.clone(),
        days: of(&["DAYS"]),
        energy: of(&["ENERGY", "DEVICE"]),
        bands: bands("ENERGY"),
        device_bands: bands("DEVICE"),
        levies: BTreeMap::new(),
        half_hours: HashMap::new(),
    })
}

fn window(row: &WindowRow) -> Option<Window> {
    Some(Window {
        part: row.part_id,
        months: row.months_from?..row.months_to?,
        weekdays: row.weekdays_from?..row.weekdays_to?,
        minutes: row.minutes_from?..row.minutes_to?,
    })
}

/// What a kWh costs for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitRate {
    /// The first moment.
    pub start: DateTime<Utc>,
    /// The moment after the last one; none where the end is not known.
    pub end: Option<DateTime<Utc>>,
    /// The part of the offer.
    pub part: i64,
    /// Net, in minor units a kWh, levies included.
    pub net: Decimal,
}

impl Rates {
    /// The local clock.
    pub fn zone(&self) -> Tz {
        self.market.time_zone()
    }

    /// Whether prices go by what a whole month uses.
    pub fn is_tiered(&self) -> bool {
        self.kind == "TIERED"
    }

    /// The period of which all use must be known to price another one: steps go by what was used since the month began, and
    /// tiers by what the whole month uses.
    pub fn weighed(&self, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> (DateTime<Utc>, DateTime<Utc>) {
        let since = Grouping::MONTH.start_before(self.zone(), from);
        let begins = Grouping::MONTH.start_before(self.zone(), to);
        let until =
            if self.is_tiered() && begins < to { Grouping::MONTH.end_after(self.zone(), to) } else { to };
        (since, until)
    }

    /// The band that energy has at a moment.
    pub fn part_at(&self, moment: DateTime<Utc>) -> Option<i64> {
        Some(self.bands.as_ref()?.at(self.zone(), moment))
    }

    /// The price of a part at a moment, when so many Wh of the month have been used; and how many Wh more it holds for.
    pub fn of_part(&self, part: i64, moment: DateTime<Utc>, used: i64) -> Option<(Decimal, Option<i64>)> {
        if self.kind == "HALF_HOURLY" {
            return Some((self.half_hour_at(moment)?, None));
        }
        let rates = &self.energy.get(&part)?.rates;
        let rate = rates.iter().find(|rate| rate.holds(moment) && rate.covers(used))?;
        Some((rate.net, rate.step_to.map(|to| to - used)))
    }

    /// What all levies on energy add to a kWh at a moment.
    pub fn levies_at(&self, moment: DateTime<Utc>) -> Decimal {
        let levies = self.levies.values().filter(|levy| !levy.is_of_days);
        let holding = levies.flat_map(|levy| levy.rates.iter().find(|rate| rate.holds(moment)));
        holding.map(|rate| rate.net).sum()
    }

    /// The published price of the half-hour in which a moment lies.
    pub fn half_hour_at(&self, moment: DateTime<Utc>) -> Option<Decimal> {
        let day = self.market.day(moment);
        let place = (moment - self.market.start_of(day)).num_minutes() / 30;
        let price = self.half_hours.get(&day)?.get(usize::try_from(place).ok()?)?;
        Some(Decimal::new(i64::from(*price), 4))
    }

    /// What a day costs at a moment, levies included, in the first tier where there are several; nothing where no price holds.
    pub fn standing_at(&self, moment: DateTime<Utc>) -> Option<Decimal> {
        let holding = |rates: &[Rate]| rates.iter().find(|rate| rate.holds(moment)).map(|rate| rate.net);
        let days: Vec<Decimal> = self.days.values().filter_map(|part| holding(&part.rates)).collect();
        let levies = self.levies.values().filter(|levy| levy.is_of_days);
        let levies: Decimal = levies.filter_map(|levy| holding(&levy.rates)).sum();
        (!days.is_empty()).then(|| days.into_iter().sum::<Decimal>() + levies)
    }

    /// What a kWh costs between two moments, each price for as long as it holds: the first of a month's steps where there are
    /// several. What is not published yet is left out.
    pub fn unit_rates(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<UnitRate> {
        let Some(bands) = &self.bands else { return Vec::new() };
        let mut found: Vec<UnitRate> = Vec::new();
        for span in bands.spans(self.zone(), from, to) {
            for start in self.changes(&span) {
                let Some((net, _)) = self.of_part(span.part, start, 0) else { continue };
                let net = net + self.levies_at(start);
                let end = Some(self.next_change(start, &span));
                match found.last_mut() {
                    Some(last)
                        if last.end == Some(start)
                            && (last.net, last.part) == (net, span.part)
                            && self.kind != "HALF_HOURLY" =>
                    {
                        last.end = end;
                    }
                    _ => found.push(UnitRate { start, end, part: span.part, net }),
                }
            }
        }
        found
    }

    /// What a kWh of one part costs between two moments, levies included, whether or not its band holds: each price for as
    /// long as it does, and the first of a month's steps where there are several.
    pub fn history(&self, part: i64, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<UnitRate> {
        let span = Span { start: from, end: to, part };
        let rate = |start: DateTime<Utc>| {
            let net = self.of_part(part, start, 0)?.0 + self.levies_at(start);
            Some(UnitRate { start, end: Some(self.next_change(start, &span)), part, net })
        };
        self.changes(&span).into_iter().filter_map(rate).collect()
    }

    /// The moments of a span at which a price may begin.
    fn changes(&self, span: &Span) -> Vec<DateTime<Utc>> {
        let mut starts = vec![span.start];
        while let Some(next) = starts.last().map(|start| self.next_change(*start, span)) {
            if next >= span.end {
                break;
            }
            starts.push(next);
        }
        starts
    }

    /// The next moment after `start` at which a price changes, the end of the span at the latest.
    fn next_change(&self, start: DateTime<Utc>, span: &Span) -> DateTime<Utc> {
        if self.kind == "HALF_HOURLY" {
            return half_hour(start)
                .checked_add_signed(super::bands::HALF_HOUR)
                .unwrap_or(span.end)
                .min(span.end);
        }
        let part = self.energy.get(&span.part).into_iter().flat_map(|part| &part.rates);
        let levies = self.levies.values().filter(|levy| !levy.is_of_days).flat_map(|levy| &levy.rates);
        let bounds = part.chain(levies).flat_map(|rate| [Some(rate.from), rate.to]).flatten();
        bounds.filter(|bound| *bound > start).min().unwrap_or(span.end).min(span.end)
    }
}
