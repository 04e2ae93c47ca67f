//! Measured data from files: comma-separated lines under a heading, all of them taken in or none.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use thiserror::Error;

use super::identifiers::MarketName;
use super::intervals::{self, NewDay};
use super::readings::{self, NewReading, Source};
use crate::platform::db::{Tx, database_error, row, statement};

/// The heading of a file of readings.
pub const READINGS: &str = "market_name,identifier,serial_number,register,read_at,source,value";
/// The heading of a file of intervals; `wh` holds the entries of the day, with blanks between them and a dash for one
/// that is missing.
pub const DAYS: &str = "market_name,identifier,day,minutes,wh";

/// Days that are looked up at once. Readings are taken in as a whole, because several lines may make one.
const AT_ONCE: usize = 10_000;
/// Mistakes that are listed.
pub(super) const MOST_MISTAKES: usize = 20;

/// What is wrong with one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The number of the line, from one.
    pub line: u64,
    /// What is wrong with it, in a sentence.
    pub what: String,
}

/// Why nothing was taken in.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The first line is no known heading.
    #[error("the first line must read {READINGS} or {DAYS}")]
    Heading,
    /// Lines that cannot be; of many the first ones.
    #[error("nothing was taken in:{}", listed(.0))]
    Lines(Vec<Mistake>),
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ImportError);

pub(super) fn listed(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|Mistake { line, what }| format!("\n  line {line}: {what}")).collect()
}

/// What was taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Lines of the file, without the heading.
    pub lines: u64,
    /// Of these, what was not known before.
    pub new: u64,
}

row! {
    struct PointRow {
        place: i64,
        id: i64,
        market: String,
    }
}

row! {
    struct RegisterRow {
        place: i64,
        meter_id: i64,
        register_id: i64,
        digits: i16,
    }
}

row! {
    struct NewestRow {
        supply_point_id: i64,
        day: NaiveDate,
        version: i32,
        wh: Vec<Option<i32>>,
    }
}

statement!(static POINTS: PointRow = "
    select wanted.place, sp.id, sp.market
    from unnest($1::text[], $2::text[]) with ordinality as wanted (market_name, identifier, place)
        join supply_points sp on sp.market_name = wanted.market_name and sp.identifier = wanted.identifier");
statement!(static REGISTERS: RegisterRow = "
    select wanted.place, m.id as meter_id, g.id as register_id, g.digits
    from unnest($1::text[], $2::text[], $3::text[], $4::text[])
            with ordinality as wanted (market_name, identifier, serial_number, register, place)
        join supply_points sp on sp.market_name = wanted.market_name and sp.identifier = wanted.identifier
        join meters m on m.supply_point_id = sp.id and m.serial_number = wanted.serial_number
        join meter_registers g on g.meter_id = m.id and g.identifier = wanted.register");
statement!(static NEWEST: NewestRow = "
    select distinct on (i.supply_point_id, i.day) i.supply_point_id, i.day, i.version, i.wh
    from unnest($1::bigint[], $2::date[]) as wanted (supply_point_id, day)
        join interval_days i on i.supply_point_id = wanted.supply_point_id and i.day = wanted.day
    order by i.supply_point_id, i.day, i.version desc");

/// Takes in a file. Readings are judged like any others; a day that differs from what is known becomes its next version.
/// With an error, roll the transaction back.
///
/// # Errors
/// See [`ImportError`]; lines that cannot be are looked for in the whole file.
pub async fn import(tx: &mut Tx, file: impl BufRead) -> Result<Imported, ImportError> {
    let mut lines = file.lines();
    let heading = lines.next().transpose()?.unwrap_or_default();
    let heading: String =
        heading.trim_start_matches('\u{feff}').split(',').map(str::trim).collect::<Vec<_>>().join(",");
    let is_of_days = match heading.as_str() {
        READINGS => false,
        DAYS => true,
        _ => return Err(ImportError::Heading),
    };
    let now = tx.business_now().await?;
    let (mut done, mut mistakes) = (Imported::default(), Vec::new());
    let mut seen = HashSet::new();
    let mut batch: Vec<(u64, String)> = Vec::with_capacity(AT_ONCE);
    let mut number = 1;
    loop {
        let line = lines.next().transpose()?;
        let is_over = line.is_none();
        if let Some(line) = line {
            number += 1;
            if !line.trim().is_empty() {
                batch.push((number, line));
            }
        }
        if (is_of_days && batch.len() == AT_ONCE) || (is_over && !batch.is_empty()) {
            done.lines += u64::try_from(batch.len()).unwrap_or(0);
            done.new += if is_of_days {
                days(tx, &batch, now, (&mut seen, &mut mistakes)).await?
            } else {
                values(tx, &batch, now, &mut mistakes).await?
            };
            batch.clear();
        }
        if is_over || mistakes.len() >= MOST_MISTAKES {
            break;
        }
    }
    mistakes.truncate(MOST_MISTAKES);
    if mistakes.is_empty() { Ok(done) } else { Err(ImportError::Lines(mistakes)) }
}

/// The fields of a line, without quotes around them.
fn fields<const N: usize>(line: &str) -> Result<[&str; N], String> {
    let found: Vec<&str> = line.split(',').map(|field| field.trim().trim_matches('"')).collect();
    let count = found.len();
    found.try_into().map_err(|_| format!("There are {count} fields instead of {N}."))
}

/// A point by its market and number, as they are kept.
fn point(market_name: &str, identifier: &str) -> Result<(&'static str, String), String> {
    let market =
        MarketName::parse(market_name).ok_or_else(|| format!("There is no market {market_name}."))?;
    let identifier = market.identifier(identifier).map_err(|wrong| format!("{identifier}: {wrong}."))?;
    Ok((market.code(), identifier))
}

/// A day of a point, as a line says it.
struct DayLine {
    line: u64,
    market_name: &'static str,
    identifier: String,
    day: NaiveDate,
    minutes: i16,
    wh: Vec<Option<i32>>,
}

fn day_line(line: u64, text: &str) -> Result<DayLine, String> {
    let [market_name, identifier, day, minutes, wh] = fields(text)?;
    let (market_name, identifier) = point(market_name, identifier)?;
    let minutes: i16 = match minutes {
        "15" => 15,
        "30" => 30,
        _ => return Err("Entries are 15 or 30 minutes long.".to_owned()),
    };
    let entry = |text: &str| match text {
        "-" => Ok(None),
        text => match text.parse::<i32>() {
            Ok(wh) if wh >= 0 => Ok(Some(wh)),
            _ => Err(format!("{text} is no energy in Wh.")),
        },
    };
    let wh: Result<Vec<Option<i32>>, String> = wh.split_whitespace().map(entry).collect();
    let day = day.parse().map_err(|_| format!("{day} is no day."))?;
    Ok(DayLine { line, market_name, identifier, day, minutes, wh: wh? })
}

/// Days of points that the file has given already are in `seen`.
async fn days(
    tx: &mut Tx,
    batch: &[(u64, String)],
    now: DateTime<Utc>,
    (seen, mistakes): (&mut HashSet<(i64, NaiveDate)>, &mut Vec<Mistake>),
) -> Result<u64, sqlx::Error> {
    let lines = parsed(batch, day_line, mistakes);
    let names: Vec<&str> = lines.iter().map(|line| line.market_name).collect();
    let numbers: Vec<&str> = lines.iter().map(|line| line.identifier.as_str()).collect();
    let points = POINTS.query().bind(names).bind(numbers).fetch_all(&mut *tx).await?;
    let points: HashMap<i64, PointRow> = points.into_iter().map(|row| (row.place, row)).collect();
    let mut found: Vec<(u64, NewDay)> = Vec::with_capacity(lines.len());
    for (place, line) in (1..).zip(lines) {
        let what = match points.get(&place) {
            None => format!("There is no supply point {} in {}.", line.identifier, line.market_name),
            Some(point) => {
                let length = intervals::length(&point.market, line.day, line.minutes);
                if line.wh.len() == length {
                    found.push((line.line, new_day(point.id, line)));
                    continue;
                }
                format!("This day has {length} entries, and there are {}.", line.wh.len())
            }
        };
        mistakes.push(Mistake { line: line.line, what });
    }
    let newest = newest(tx, &found).await?;
    let mut fresh: Vec<NewDay> = Vec::with_capacity(found.len());
    for (line, mut new) in found {
        let key = (new.supply_point_id, new.day);
        if !seen.insert(key) {
            mistakes.push(Mistake { line, what: "This day of the point has been given before.".to_owned() });
            continue;
        }
        match newest.get(&key) {
            Some(known) if known.wh == new.wh => continue,
            Some(known) => new.version = known.version + 1,
            None => {}
        }
        fresh.push(new);
    }
    if !mistakes.is_empty() {
        return Ok(0);
    }
    let mut fresh: Vec<&NewDay> = fresh.iter().collect();
    // Rows of a point lie together.
    fresh.sort_by_key(|day| (day.supply_point_id, day.day));
    intervals::copy(tx, &fresh, now).await
}

fn new_day(supply_point_id: i64, line: DayLine) -> NewDay {
    let DayLine { day, minutes, wh, .. } = line;
    NewDay { supply_point_id, day, version: 1, minutes, is_final: false, wh }
}

async fn newest(
    tx: &mut Tx,
    days: &[(u64, NewDay)],
) -> Result<HashMap<(i64, NaiveDate), NewestRow>, sqlx::Error> {
    let points: Vec<i64> = days.iter().map(|(_, day)| day.supply_point_id).collect();
    let dates: Vec<NaiveDate> = days.iter().map(|(_, day)| day.day).collect();
    let rows = NEWEST.query().bind(points).bind(dates).fetch_all(&mut *tx).await?;
    Ok(rows.into_iter().map(|row| ((row.supply_point_id, row.day), row)).collect())
}

/// What a register showed, as a line says it.
struct ValueLine {
    line: u64,
    market_name: &'static str,
    identifier: String,
    serial_number: String,
    register: String,
    read_at: DateTime<Utc>,
    source: Source,
    value: Decimal,
}

fn value_line(line: u64, text: &str) -> Result<ValueLine, String> {
    let [market_name, identifier, serial_number, register, read_at, source, value] = fields(text)?;
    let (market_name, identifier) = point(market_name, identifier)?;
    Ok(ValueLine {
        line,
        market_name,
        identifier,
        serial_number: serial_number.to_owned(),
        register: register.to_owned(),
        read_at: read_at.parse().map_err(|_| format!("{read_at} is no moment with its offset."))?,
        source: Source::of(source).ok_or_else(|| format!("There is no source {source}."))?,
        value: value.parse().map_err(|_| format!("{value} is no number."))?,
    })
}

async fn values(
    tx: &mut Tx,
    batch: &[(u64, String)],
    now: DateTime<Utc>,
    mistakes: &mut Vec<Mistake>,
) -> Result<u64, sqlx::Error> {
    let lines = parsed(batch, value_line, mistakes);
    let names: Vec<&str> = lines.iter().map(|line| line.market_name).collect();
    let numbers: Vec<&str> = lines.iter().map(|line| line.identifier.as_str()).collect();
    let serials: Vec<&str> = lines.iter().map(|line| line.serial_number.as_str()).collect();
    let registers: Vec<&str> = lines.iter().map(|line| line.register.as_str()).collect();
    let query = REGISTERS.query().bind(names).bind(numbers).bind(serials).bind(registers);
    let known = query.fetch_all(&mut *tx).await?;
    let known: HashMap<i64, RegisterRow> = known.into_iter().map(|row| (row.place, row)).collect();
    let mut found: HashMap<(i64, DateTime<Utc>, Source), NewReading> = HashMap::new();
    for (place, line) in (1..).zip(lines) {
        match known.get(&place) {
            None => {
                let what = format!(
                    "The point has no meter {} with a register {}.",
                    line.serial_number, line.register
                );
                mistakes.push(Mistake { line: line.line, what });
            }
            Some(register) => match fault(&line, register, now) {
                Some(what) => mistakes.push(Mistake { line: line.line, what: what.to_owned() }),
                None => {
                    let key = (register.meter_id, line.read_at, line.source);
                    let reading = found.entry(key).or_insert_with(|| NewReading {
                        meter_id: register.meter_id,
                        read_at: line.read_at,
                        source: line.source,
                        values: Vec::new(),
                    });
                    if reading.values.iter().any(|(known, _)| *known == register.register_id) {
                        let what = "The register has been read at this moment before.".to_owned();
                        mistakes.push(Mistake { line: line.line, what });
                    }
                    reading.values.push((register.register_id, line.value));
                }
            },
        }
    }
    if !mistakes.is_empty() {
        return Ok(0);
    }
    let new: Vec<NewReading> = found.into_values().collect();
    let kept = readings::keep(tx, None, &new).await?;
    Ok(kept.iter().filter(|kept| kept.is_new).count().try_into().unwrap_or(0))
}

fn fault(line: &ValueLine, register: &RegisterRow, now: DateTime<Utc>) -> Option<&'static str> {
    if line.value < Decimal::ZERO || line.value >= super::consumption::capacity(register.digits) {
        Some("The register cannot show this value.")
    } else if line.read_at > now {
        Some("This moment is still to come.")
    } else {
        None
    }
}

/// The lines that can be read; what is wrong with the others joins the mistakes.
fn parsed<T>(
    batch: &[(u64, String)],
    parse: impl Fn(u64, &str) -> Result<T, String>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<T> {
    let mut lines = Vec::with_capacity(batch.len());
    for (number, text) in batch {
        match parse(*number, text) {
            Ok(line) => lines.push(line),
            Err(what) => mistakes.push(Mistake { line: *number, what }),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_or_say_what_is_wrong() {
        let day = day_line(2, "AUS_GAS, \"x\" ,2025-01-01,30,1 2");
        assert!(day.is_err());
        let wrong = |line: &str| value_line(2, line).err().unwrap_or_default();
        assert_eq!(wrong("a,b"), "There are 2 fields instead of 7.");
        assert_eq!(wrong("FRA_GAS,1,2,3,4,5,6"), "There is no market FRA_GAS.");
    }
}
