//! Takes in what the data services of the markets have published, by business time: day by day while it runs, and all at
//! once after the clock has moved.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use super::feed::{DataService, FedMeter, FedRegister, Unavailable};
use super::interval::Period;
use super::intervals;
use super::readings;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, Runner};

/// How often a server looks for what has been published.
const TURN: TimeDelta = TimeDelta::minutes(10);
/// Meters that are asked about in one job.
const AT_ONCE: i64 = 200;
/// A service that does not answer is asked again after this long.
const AGAIN: TimeDelta = TimeDelta::hours(1);
/// Days that are held in memory before they are kept.
const DAYS_AT_ONCE: usize = 20_000;

const JOB: &str = "collect-readings";

row! {
    struct Due {
        id: i64,
        supply_point_id: i64,
        market_name: String,
        market: String,
        commodity: String,
        identifier: String,
        direction: String,
        region: String,
        load_profile: Option<String>,
        annual_wh: Option<i64>,
        reading_day: Option<i16>,
        sends_half_hourly: bool,
        active_from: NaiveDate,
        active_to: Option<NaiveDate>,
        asked_until: DateTime<Utc>,
    }
}

row! {
    struct RegisterRow {
        id: i64,
        meter_id: i64,
        band: String,
        digits: i16,
        decimal_places: i16,
        multiplier: Decimal,
    }
}

row! {
    struct PeriodRow {
        supply_point_id: i64,
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    }
}

row! {
    struct Heated {
        market: String,
        region: String,
        first: NaiveDate,
    }
}

// Before anything was asked, time had not begun.
statement!(static BEGIN: () = "
    insert into meter_feeds (meter_id, asked_until, next_at)
    select m.id, 'epoch', 'epoch' from meters m
    where exists (select 1 from supply_periods p where p.supply_point_id = m.supply_point_id and lower(p.during) <= $1)
        and not exists (select 1 from meter_feeds f where f.meter_id = m.id)
    on conflict (meter_id) do nothing");
// Whoever is supplied anew does not wait until their meter is asked about by itself.
statement!(static ROUSE: () = "
    update meter_feeds f set next_at = $1 from meters m join supply_periods p on p.supply_point_id = m.supply_point_id
    where m.id = f.meter_id and f.next_at > $1 and f.asked_until > 'epoch' and lower(p.during) > f.asked_until and lower(p.during) <= $1");
statement!(static DUE: Due = "
    select m.id, sp.id as supply_point_id, sp.market_name, sp.market, sp.commodity, sp.identifier, sp.direction,
        sp.region, sp.load_profile, sp.annual_wh, sp.reading_day, m.sends_half_hourly, m.active_from, m.active_to,
        f.asked_until
    from meter_feeds f join meters m on m.id = f.meter_id join supply_points sp on sp.id = m.supply_point_id
    where f.next_at <= $1 order by f.next_at, f.meter_id limit $2 for update of f skip locked");
statement!(static REGISTERS: RegisterRow = "
    select id, meter_id, band, digits, decimal_places, multiplier from meter_registers
    where meter_id = any($1::bigint[]) order by id");
statement!(static PERIODS: PeriodRow = "
    select supply_point_id, lower(during) as since, upper(during) as until from supply_periods
    where supply_point_id = any($1::bigint[]) order by lower(during)");
statement!(static ASKED: () = "
    update meter_feeds f set asked_until = new.until, next_at = new.next_at
    from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) as new (meter_id, until, next_at)
    where f.meter_id = new.meter_id");
// Of each region with gas the first day of which the heat is not known, of those on which somebody was supplied.
statement!(static COLD: Heated = "
    select market, region, first from (
        select sp.market, sp.region, greatest((min(lower(p.during)) at time zone 'UTC')::date,
            (select max(v.day) + 1 from calorific_values v where v.market = sp.market and v.region = sp.region)) as first
        from supply_points sp join supply_periods p on p.supply_point_id = sp.id
        where sp.commodity = 'gas' group by sp.market, sp.region) regions
    where first < $1 order by market, region");
statement!(static HEAT: () = "
    insert into calorific_values (market, region, day, mj_per_m3)
    select $1, $2, $3::date + place::integer - 1, value
    from unnest($4::numeric[]) with ordinality as each (value, place)
    on conflict (market, region, day) do nothing");

/// Has the readings that `service` publishes taken in by this runner.
pub fn register(runner: &mut Runner, service: Arc<dyn DataService>) {
    let upkeep = Arc::clone(&service);
    runner.every(TURN, "upkeep-readings", move |tx, _| {
        let service = Arc::clone(&upkeep);
        Box::pin(async move { Ok(turn(tx, service.as_ref()).await?) })
    });
    runner.on(JOB, move |tx, _| {
        let service = Arc::clone(&service);
        Box::pin(async move { Ok(turn(tx, service.as_ref()).await?) })
    });
}

/// Has a server look for what has been published as soon as it can.
async fn wake(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let now = tx.wall_now();
    jobs::enqueue(tx, JOB, &Value::Null, now).await?;
    Ok(())
}

/// One turn, and a job for the next one where there is more.
async fn turn(tx: &mut Tx, service: &dyn DataService) -> Result<(), sqlx::Error> {
    let asked = collect(tx, service).await?;
    if asked == AT_ONCE {
        wake(tx).await?;
    }
    Ok(())
}

/// Takes in all that is due by now, turn after turn.
///
/// # Errors
/// Those of the database.
pub async fn catch_up(tx: &mut Tx, service: &dyn DataService) -> Result<(), sqlx::Error> {
    while collect(tx, service).await? == AT_ONCE {}
    Ok(())
}

/// Takes in what was published of the meters that have been due longest, and answers how many it asked about.
async fn collect(tx: &mut Tx, service: &dyn DataService) -> Result<i64, sqlx::Error> {
    let now = tx.business_now().await?;
    intervals::prepare(tx, now.date_naive()).await?;
    heat(tx, service, now.date_naive()).await?;
    BEGIN.command().bind(now).execute(&mut *tx).await?;
    ROUSE.command().bind(now).execute(&mut *tx).await?;
    let due = DUE.query().bind(now).bind(AT_ONCE).fetch_all(&mut *tx).await?;
    let count = i64::try_from(due.len()).unwrap_or(AT_ONCE);
    let meters = meters(tx, &due).await?;
    let (mut days, mut read) = (Vec::new(), Vec::new());
    let mut next: (Vec<i64>, Vec<DateTime<Utc>>, Vec<DateTime<Utc>>) = Default::default();
    for (meter, asked_until) in &meters {
        let since = Some(*asked_until).filter(|asked| *asked > DateTime::UNIX_EPOCH);
        let (until, next_at) = match service.published(meter, since, now).await {
            Ok(published) => {
                days.extend(published.days);
                read.extend(published.readings);
                (now, published.next_at)
            }
            Err(Unavailable) => (*asked_until, now + AGAIN),
        };
        next.0.push(meter.id);
        next.1.push(until);
        next.2.push(next_at);
        if days.len() >= DAYS_AT_ONCE {
            intervals::keep(tx, &days, now).await?;
            days.clear();
        }
    }
    intervals::keep(tx, &days, now).await?;
    if !read.is_empty() {
        readings::keep(tx, None, &read).await?;
    }
    ASKED.command().bind(next.0).bind(next.1).bind(next.2).execute(&mut *tx).await?;
    Ok(count)
}

/// Takes in how much heat gas held on the days before `today`.
async fn heat(tx: &mut Tx, service: &dyn DataService, today: NaiveDate) -> Result<(), sqlx::Error> {
    for Heated { market, region, first } in COLD.query().bind(today).fetch_all(&mut *tx).await? {
        let Ok(values) = service.calorific_values(&market, &region, first, today).await else { continue };
        let insert = HEAT.command().bind(&market).bind(&region).bind(first).bind(values);
        insert.execute(&mut *tx).await?;
    }
    Ok(())
}

/// The meters that are due, and until when their services have been asked.
async fn meters(tx: &mut Tx, due: &[Due]) -> Result<Vec<(FedMeter, DateTime<Utc>)>, sqlx::Error> {
    let ids: Vec<i64> = due.iter().map(|due| due.id).collect();
    let points: Vec<i64> = due.iter().map(|due| due.supply_point_id).collect();
    let mut registers: HashMap<i64, Vec<FedRegister>> = HashMap::new();
    for row in REGISTERS.query().bind(ids).fetch_all(&mut *tx).await? {
        let RegisterRow { id, meter_id, band, digits, decimal_places, multiplier } = row;
        let register = FedRegister { id, band, digits, decimal_places, multiplier };
        registers.entry(meter_id).or_default().push(register);
    }
    let mut supplied: HashMap<i64, Vec<Period>> = HashMap::new();
    for row in PERIODS.query().bind(points).fetch_all(&mut *tx).await? {
        supplied.entry(row.supply_point_id).or_default().push((row.since, row.until));
    }
    let meter = |due: &Due| FedMeter {
        id: due.id,
        supply_point_id: due.supply_point_id,
        market_name: due.market_name.clone(),
        market: due.market.clone(),
        identifier: due.identifier.clone(),
        is_gas: due.commodity == "gas",
        is_export: due.direction == "EXPORT",
        region: due.region.clone(),
        load_profile: due.load_profile.clone(),
        annual_wh: due.annual_wh,
        reading_day: due.reading_day,
        sends_half_hourly: due.sends_half_hourly,
        active_from: due.active_from,
        active_to: due.active_to,
        registers: registers.get(&due.id).cloned().unwrap_or_default(),
        supplied: supplied.get(&due.supply_point_id).cloned().unwrap_or_default(),
    };
    Ok(due.iter().map(|due| (meter(due), due.asked_until)).collect())
}
