//! The simulated data services. What they publish, and when, follows from a seed and the point alone: they keep no books,
//! and say the same whenever they are asked.
//!
//! Values of a day come the next morning in Britain, in the evening of the next day elsewhere, and two days later in
//! Germany. Some come days late, and some with a gap at first, which a second version fills. In Japan a last version of
//! every day says what the month is settled by. Meters that send nothing are read when a reader comes by.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use rust_decimal::Decimal;

use super::consumption::capacity;
use super::feed::{DataService, FedMeter, FedRegister, Published, Unavailable};
use super::gas;
use super::intervals::{NewDay, beginning, length};
use super::profiles::{self, Profile, days};
use super::readings::{NewReading, Source};
use super::switching;
use crate::domain::seed::draw::Draw;
use crate::platform::market;

/// Local days that a publication may lag behind its day, at most.
const LONGEST_LAG: i64 = 45;
/// Days after which to ask again where nothing is expected: meters are exchanged, and customers leave.
const SELDOM: i64 = 7;
/// In how many cases of a thousand a day comes late, or with a gap.
const LATE: u64 = 20;
const GAPPY: u64 = 30;
/// What chance is drawn about.
const ARRIVAL: u64 = 2;
const GAP: u64 = 3;
const START: u64 = 4;
const HEAT: u64 = 5;

/// What the data of the usual world follow from.
pub(super) const SEED: u64 = 1;

/// Data services of all markets.
#[derive(Clone, Copy, Debug)]
pub struct Simulator {
    seed: u64,
}

impl Default for Simulator {
    fn default() -> Self {
        Self::seeded(SEED)
    }
}

impl Simulator {
    /// Services whose data follow from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self { seed }
    }

    fn heat(&self, market: &str, region: &str, day: NaiveDate) -> Decimal {
        let region = profiles::seed_of(self.seed, market, region);
        let mut draw = Draw::from(&[region, days(day), HEAT]);
        let (usual, spread) = match market {
            "de" => (4050, 60),
            "jp" => (4500, 0),
            _ => (3930, 70),
        };
        Decimal::new(draw.between(usual - spread, usual + spread), 2)
    }
}

impl DataService for Simulator {
    fn published<'a>(
        &'a self,
        meter: &'a FedMeter,
        since: Option<DateTime<Utc>>,
        until: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Published, Unavailable>> {
        let told = Teller::of(self, meter).tell(since, until);
        Box::pin(async move { Ok(told) })
    }

    fn calorific_values<'a>(
        &'a self,
        market: &'a str,
        region: &'a str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> BoxFuture<'a, Result<Vec<Decimal>, Unavailable>> {
        let days = from.iter_days().take_while(|day| *day < to);
        let values = days.map(|day| self.heat(market, region, day)).collect();
        Box::pin(async move { Ok(values) })
    }
}

/// How long the entries of a market's smart meters are, in minutes.
pub fn minutes(market: &str) -> i16 {
    if matches!(market, "de" | "us") { 15 } else { 30 }
}

/// What a home takes in a year about which nothing is known, in Wh.
pub(super) fn usual_year(is_gas: bool) -> i64 {
    if is_gas { 11_500_000 } else { 2_900_000 }
}

/// One version of a day.
struct Edition {
    at: DateTime<Utc>,
    version: i32,
    has_gap: bool,
    is_final: bool,
}

/// A service, about one meter.
struct Teller<'a> {
    service: &'a Simulator,
    meter: &'a FedMeter,
    profile: Profile,
}

impl<'a> Teller<'a> {
    fn of(service: &'a Simulator, meter: &'a FedMeter) -> Self {
        let profile = Profile {
            seed: profiles::seed_of(service.seed, &meter.market_name, &meter.identifier),
            market: meter.market.clone(),
            is_gas: meter.is_gas,
            is_export: meter.is_export,
            is_business: profiles::is_business(meter.load_profile.as_deref()),
            annual_wh: meter.annual_wh.unwrap_or_else(|| usual_year(meter.is_gas)),
        };
        Self { service, meter, profile }
    }

    fn tell(&self, since: Option<DateTime<Utc>>, until: DateTime<Utc>) -> Published {
        let is_new = |at: DateTime<Utc>| since.is_none_or(|since| at > since) && at <= until;
        let mut next_at = until + TimeDelta::days(SELDOM);
        let mut days = Vec::new();
        if self.meter.sends_half_hourly {
            for day in self.days(since, until) {
                for edition in self.editions(day) {
                    if is_new(edition.at) {
                        days.push(self.new_day(day, &edition));
                    } else if edition.at > until {
                        next_at = next_at.min(edition.at);
                    }
                }
            }
        }
        let mut wanted = BTreeMap::new();
        for (day, source) in self.reading_days(until) {
            let at = self.read_out(day, source);
            if is_new(at) {
                wanted.insert(day, source);
            } else if at > until {
                next_at = next_at.min(at);
            }
        }
        Published { days, readings: self.readings(&wanted), next_at }
    }

    /// The local days of which something may have been published after `since`, or may be soon after `until`.
    fn days(&self, since: Option<DateTime<Utc>>, until: DateTime<Utc>) -> impl Iterator<Item = NaiveDate> {
        let first = self.meter.supplied.iter().map(|(from, _)| *from).min().unwrap_or(until);
        let asked = since.map_or(first, |since| (since - TimeDelta::days(LONGEST_LAG)).max(first));
        let (from, to) = (self.local(asked), self.local(until));
        let from = from.max(self.meter.active_from);
        let to = self.meter.active_to.map_or(to, |end| to.min(end.pred_opt().unwrap_or(end)));
        let days: Vec<NaiveDate> = from.iter_days().take_while(|day| *day <= to).collect();
        let supplied: Vec<NaiveDate> = days.into_iter().filter(|day| self.is_supplied(*day)).collect();
        supplied.into_iter()
    }

    fn local(&self, at: DateTime<Utc>) -> NaiveDate {
        market::by_code(&self.meter.market).map_or(at.date_naive(), |market| market.day(at))
    }

    fn is_supplied(&self, day: NaiveDate) -> bool {
        let begins = beginning(&self.meter.market, day);
        self.meter.supplied.iter().any(|(from, to)| *from <= begins && to.is_none_or(|to| begins < to))
    }

    /// The versions in which a day is published.
    fn editions(&self, day: NaiveDate) -> Vec<Edition> {
        let mut draw = Draw::from(&[self.profile.seed, days(day), ARRIVAL]);
        let begins = beginning(&self.meter.market, day);
        let usual = match self.meter.market.as_str() {
            "gb" => 30,
            "de" => 57,
            _ => 45,
        };
        let late = if draw.happens(LATE) { draw.between(1, 3) } else { 0 };
        let minutes = i64::try_from(self.profile.seed % 180).unwrap_or(0);
        let first = begins + TimeDelta::hours(usual) + TimeDelta::days(late) + TimeDelta::minutes(minutes);
        let has_gap = draw.happens(GAPPY);
        let mut editions = vec![Edition { at: first, version: 1, has_gap, is_final: false }];
        if has_gap {
            let at = first + TimeDelta::days(2);
            editions.push(Edition { at, version: 2, has_gap: false, is_final: false });
        }
        if self.meter.market == "jp" {
            let version = i32::try_from(editions.len()).unwrap_or(0) + 1;
            editions.push(Edition { at: self.settled(day), version, has_gap: false, is_final: true });
        }
        editions
    }

    /// When the month of a day is settled: in the morning of the ninth of the next one, after the last of what comes late.
    fn settled(&self, day: NaiveDate) -> DateTime<Utc> {
        let month = day.with_day(1).unwrap_or(day);
        let next = month.checked_add_months(Months::new(1)).unwrap_or(month);
        let ninth = next.checked_add_days(Days::new(8)).unwrap_or(next);
        beginning(&self.meter.market, ninth) + TimeDelta::hours(9)
    }

    fn new_day(&self, day: NaiveDate, edition: &Edition) -> NewDay {
        let minutes = minutes(&self.meter.market);
        let mut wh: Vec<Option<i32>> = self.profile.entries(day, minutes).into_iter().map(Some).collect();
        if edition.has_gap {
            let mut draw = Draw::from(&[self.profile.seed, days(day), GAP]);
            let first = usize::try_from(draw.below(40)).unwrap_or(0);
            let width = usize::try_from(draw.between(1, 8)).unwrap_or(1);
            wh.iter_mut().skip(first).take(width).for_each(|entry| *entry = None);
        }
        NewDay {
            supply_point_id: self.meter.supply_point_id,
            day,
            version: edition.version,
            minutes,
            is_final: edition.is_final,
            wh,
        }
    }

    /// The days with whose beginning the registers are read, until one beyond `until`.
    fn reading_days(&self, until: DateTime<Utc>) -> BTreeMap<NaiveDate, Source> {
        let mut found = BTreeMap::new();
        let beyond = self.local(until).checked_add_months(Months::new(13)).unwrap_or(NaiveDate::MAX);
        let (put_up, taken_off) = (self.meter.active_from, self.meter.active_to);
        for (from, to) in &self.meter.supplied {
            let first = self.first_whole_day(*from);
            let ends = to.map(|to| self.first_whole_day(to));
            let (begin, end) = (first.max(put_up), [ends, taken_off].into_iter().flatten().min());
            if end.is_some_and(|end| end < begin) {
                continue;
            }
            let last = end.unwrap_or(beyond).min(beyond);
            for day in self.regular(begin).take_while(|day| *day < last) {
                found.insert(
                    day,
                    if self.meter.sends_half_hourly { Source::SmartMeter } else { Source::DataCollector },
                );
            }
            let opening = if put_up > first { Source::MeterExchange } else { Source::ChangeOfSupply };
            found.insert(begin, opening);
            if let Some(end) = end.filter(|end| *end > begin) {
                let closing =
                    if taken_off == Some(end) { Source::MeterExchange } else { Source::ChangeOfSupply };
                found.insert(end, closing);
            }
        }
        found
    }

    /// The first local day that begins at a moment or after it.
    fn first_whole_day(&self, at: DateTime<Utc>) -> NaiveDate {
        let day = self.local(at);
        if beginning(&self.meter.market, day) >= at { day } else { day.succ_opt().unwrap_or(day) }
    }

    /// The days after `begin` on which the meter is read regularly: each first of a month where it sends its readings,
    /// else every so many months.
    fn regular(&self, begin: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        let usual = u32::try_from(self.profile.seed % 27).unwrap_or(0) + 1;
        let day = match self.meter.reading_day.and_then(|day| u32::try_from(day).ok()) {
            _ if self.meter.sends_half_hourly => 1,
            Some(day) => day,
            None => usual,
        };
        let every = match self.meter.market.as_str() {
            _ if self.meter.sends_half_hourly => 1,
            "jp" | "us" => 1,
            "de" => 12,
            _ => 3,
        };
        let month = begin.with_day(1).unwrap_or(begin);
        (0..)
            .map_while(move |turn: u32| {
                let month = month.checked_add_months(Months::new(turn.checked_mul(every)?))?;
                // Where a month has no such day it is the last one.
                (28..=day).rev().find_map(|day| month.with_day(day)).or_else(|| month.with_day(day))
            })
            .skip_while(move |day| *day <= begin)
    }

    /// When a reading is known.
    fn read_out(&self, day: NaiveDate, source: Source) -> DateTime<Utc> {
        let hours = match source {
            Source::SmartMeter => 6,
            Source::DataCollector => 18,
            _ => 30,
        };
        beginning(&self.meter.market, day) + TimeDelta::hours(hours)
    }

    /// What the registers show when these days begin.
    fn readings(&self, wanted: &BTreeMap<NaiveDate, Source>) -> Vec<NewReading> {
        let Some((last, _)) = wanted.last_key_value() else { return Vec::new() };
        let mut counts: Vec<Count<'_>> = self.meter.registers.iter().map(|r| self.begin(r)).collect();
        let mut readings = Vec::new();
        for day in self.meter.active_from.iter_days().take_while(|day| day <= last) {
            if let Some(source) = wanted.get(&day) {
                readings.push(NewReading {
                    meter_id: self.meter.id,
                    read_at: beginning(&self.meter.market, day),
                    source: *source,
                    values: counts.iter().map(|count| (count.register.id, count.shown())).collect(),
                });
            }
            for (count, wh) in counts.iter_mut().zip(self.counted(day)) {
                count.milli += wh;
            }
        }
        readings
    }

    /// What each register counts on a day: Wh, or litres of gas.
    fn counted(&self, day: NaiveDate) -> Vec<i64> {
        let registers = &self.meter.registers;
        if self.meter.is_gas {
            let kwh = Decimal::new(self.profile.day_wh(day), 3);
            let heat = self.service.heat(&self.meter.market, &self.meter.region, day);
            let volume = gas::cubic_metres(&self.meter.market, kwh, heat).unwrap_or_default();
            let litres = (volume * Decimal::ONE_THOUSAND).trunc().try_into().unwrap_or(0);
            return registers.iter().map(|_| litres).collect();
        }
        if registers.iter().all(|register| register.band == "STANDARD") {
            return registers.iter().map(|_| self.profile.day_wh(day)).collect();
        }
        let has_off_peak = registers.iter().any(|register| register.band == "OFF_PEAK");
        let entries = self.profile.entries(day, 30);
        let count = length(&self.meter.market, day, 30);
        let zone = market::by_code(&self.meter.market).map_or(chrono_tz::Tz::UTC, market::Market::time_zone);
        let begins = beginning(&self.meter.market, day);
        let mut sums = vec![0; registers.len()];
        for (place, wh) in (0..).zip(entries.iter().take(count)) {
            let local = (begins + TimeDelta::minutes(30 * place)).with_timezone(&zone).time();
            for (sum, register) in sums.iter_mut().zip(registers) {
                if switching::counts(&self.meter.market, &register.band, has_off_peak, local) {
                    *sum += i64::from(*wh);
                }
            }
        }
        sums
    }

    /// A register on the day when its meter was put up: new, or used elsewhere before.
    fn begin<'r>(&self, register: &'r FedRegister) -> Count<'r> {
        let id = u64::try_from(register.id).unwrap_or(0);
        let mut draw = Draw::from(&[self.profile.seed, id, START]);
        let milli = if draw.happens(700) { draw.between(0, 9_000) } else { draw.between(0, 60_000_000) };
        Count { register, milli }
    }
}

/// A register and what it has counted, in thousandths of a kWh or a cubic metre.
struct Count<'r> {
    register: &'r FedRegister,
    milli: i64,
}

impl Count<'_> {
    /// What its digits show.
    fn shown(&self) -> Decimal {
        let units = Decimal::new(self.milli, 3) / self.register.multiplier;
        let places = u32::try_from(self.register.decimal_places).unwrap_or(0);
        (units % capacity(self.register.digits)).trunc_with_scale(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn meter(market_name: &str, market: &str, sends_half_hourly: bool) -> FedMeter {
        let register = |id, band: &str| FedRegister {
            id,
            band: band.to_owned(),
            digits: 5,
            decimal_places: 0,
            multiplier: Decimal::ONE,
        };
        FedMeter {
            id: 1,
            supply_point_id: 2,
            market_name: market_name.to_owned(),
            market: market.to_owned(),
            identifier: "1900000000001".to_owned(),
            is_gas: market_name.ends_with("GAS"),
            is_export: false,
            region: "_C".to_owned(),
            load_profile: None,
            annual_wh: Some(3_600_000),
            reading_day: None,
            sends_half_hourly,
            active_from: NaiveDate::from_ymd_opt(2020, 5, 1).unwrap_or_default(),
            active_to: None,
            registers: vec![register(3, "DAY"), register(4, "NIGHT")],
            supplied: vec![(moment("2024-01-01T00:00:00Z"), None)],
        }
    }

    fn told(meter: &FedMeter, since: Option<&str>, until: &str) -> Published {
        Teller::of(&Simulator::seeded(7), meter).tell(since.map(moment), moment(until))
    }

    #[test]
    fn what_is_told_in_parts_is_told_as_a_whole() {
        for (name, market) in
            [("GBR_ELECTRICITY", "gb"), ("DEU_ELECTRICITY", "de"), ("JPN_ELECTRICITY", "jp")]
        {
            let meter = meter(name, market, true);
            let whole = told(&meter, None, "2024-05-20T12:00:00Z");
            let mut parts =
                Published { days: Vec::new(), readings: Vec::new(), next_at: DateTime::UNIX_EPOCH };
            let (mut since, end) = (None, moment("2024-05-20T12:00:00Z"));
            let mut until = moment("2024-01-01T00:00:00Z");
            loop {
                let part = Teller::of(&Simulator::seeded(7), &meter).tell(since, until);
                parts.days.extend(part.days);
                parts.readings.extend(part.readings);
                if until >= end {
                    break;
                }
                assert!(part.next_at > until);
                (since, until) = (Some(until), part.next_at.min(end));
            }
            let sorted = |mut days: Vec<NewDay>| {
                days.sort_by_key(|day| (day.day, day.version));
                days
            };
            assert_eq!(sorted(parts.days), sorted(whole.days), "{market}");
            assert_eq!(parts.readings, whole.readings, "{market}");
        }
    }

    #[test]
    fn gaps_are_filled_by_a_second_version() {
        let meter = meter("GBR_ELECTRICITY", "gb", true);
        let days = told(&meter, None, "2025-12-01T00:00:00Z").days;
        let is_gappy = |day: &&NewDay| day.wh.iter().any(Option::is_none);
        let gappy: Vec<&NewDay> = days.iter().filter(is_gappy).collect();
        assert!((5..60).contains(&gappy.len()), "{}", gappy.len());
        for first in gappy.iter().filter(|day| day.day < moment("2025-11-01T00:00:00Z").date_naive()) {
            let second = days.iter().find(|day| day.day == first.day && day.version == 2);
            let second = second.expect("a second version");
            assert!(first.version == 1 && second.wh.iter().all(Option::is_some));
            let agrees = |(first, second): (&Option<i32>, &Option<i32>)| first.is_none() || first == second;
            assert!(first.wh.iter().zip(&second.wh).all(agrees));
        }
    }

    #[test]
    fn registers_count_what_intervals_say() {
        let meter = meter("GBR_ELECTRICITY", "gb", true);
        let told = told(&meter, None, "2024-04-02T00:00:00Z");
        let dates: Vec<String> = told.readings.iter().map(|r| r.read_at.date_naive().to_string()).collect();
        assert_eq!(dates, ["2024-01-01", "2024-02-01", "2024-03-01", "2024-03-31"]);
        let total = |reading: &NewReading| reading.values.iter().map(|(_, value)| *value).sum::<Decimal>();
        let advance = total(&told.readings[2]) - total(&told.readings[1]);
        let profile = Teller::of(&Simulator::seeded(7), &meter).profile;
        let february = NaiveDate::from_ymd_opt(2024, 2, 1).unwrap_or_default();
        let wh: i64 = february.iter_days().take(29).map(|day| profile.day_wh(day)).sum();
        let off = (advance - Decimal::new(wh, 3)).abs();
        assert!(off <= Decimal::TWO, "{off}");
    }

    #[test]
    fn a_meter_that_sends_nothing_is_read_by_somebody() {
        let quarterly = told(&meter("GBR_ELECTRICITY", "gb", false), None, "2025-01-10T00:00:00Z");
        assert!(quarterly.days.is_empty());
        assert!((4..=6).contains(&quarterly.readings.len()), "{}", quarterly.readings.len());
        assert_eq!(quarterly.readings[0].source, Source::ChangeOfSupply);
        assert!(quarterly.readings[1..].iter().all(|reading| reading.source == Source::DataCollector));
    }
}
