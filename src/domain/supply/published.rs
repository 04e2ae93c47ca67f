//! Takes in the prices that markets publish: those of half-hours, a day ahead, and those of months.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::catalogue;
use super::day_ahead::DayAhead;
use crate::domain::ledgers::dunning::today;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::Runner;
use crate::platform::market::{self, Market};

/// Half-hours that are dear for everybody, by the place in the local day: from four to seven in the afternoon.
const PEAK: std::ops::Range<i64> = 32..38;
/// How many rows one turn writes; the rest waits for the next.
const IN_ONE_TURN: i64 = 50_000;
/// The first month of which fuel costs are kept.
const FIRST_MONTH: (i32, u32) = (2022, 11);

/// Has what is published taken in four times an hour.
pub fn register(runner: &mut Runner, from: Arc<dyn DayAhead>) {
    runner.every(TimeDelta::minutes(15), "upkeep-day-ahead", move |tx, _| {
        let from = Arc::clone(&from);
        Box::pin(async move { Ok(turn(tx, from.as_ref()).await?) })
    });
}

/// Takes in everything that is published by now and not there yet.
///
/// # Errors
/// Those of the database. A market that does not answer is asked again in the next turn.
pub async fn turn(tx: &mut Tx, from: &dyn DayAhead) -> Result<(), sqlx::Error> {
    months(tx, from).await?;
    days(tx, from).await
}

row! {
    struct Wanted {
        tariff_id: i64,
        market: String,
        day: NaiveDate,
        factor: Decimal,
        peak_offset: Decimal,
        cap: Decimal,
    }
}

// A week back for whoever compares, and as far as anybody has agreed to a tariff.
statement!(static WANTED: Wanted = "
    select t.id as tariff_id, p.market, wanted.day, f.factor, f.peak_offset, f.cap
    from unnest($1::text[], $2::date[]) as today (market, day) join products p on p.market = today.market
        join product_offers o on o.product_id = p.id join half_hour_formulas f on f.offer_id = o.id
        join tariffs t on t.offer_id = o.id
        cross join lateral (select least(today.day - 9, min((lower(g.during) at time zone 'UTC')::date) - 1) as day
            from agreements g where g.tariff_id = t.id) since
        cross join lateral (select since.day + n as day from generate_series(0, today.day + 1 - since.day) as n) wanted
    where not exists (select from half_hour_prices h where h.tariff_id = t.id and h.day = wanted.day)
    order by wanted.day, t.id limit $3");
statement!(static ADD: () = "
    insert into half_hour_prices (tariff_id, day, prices, published_at)
    select new.tariff_id, new.day, new.prices::integer[], $4
    from unnest($1::bigint[], $2::date[], $3::text[]) as new (tariff_id, day, prices)
    on conflict do nothing");

async fn days(tx: &mut Tx, from: &dyn DayAhead) -> Result<(), sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let now = tx.business_now().await?;
    let wanted = WANTED.query().bind(markets).bind(days).bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let mut known: HashMap<(String, NaiveDate), Option<Vec<i32>>> = HashMap::new();
    let (mut tariffs, mut on, mut prices) = (Vec::new(), Vec::new(), Vec::new());
    for each in wanted {
        let Some(market) = market::by_code(&each.market) else { continue };
        let published = known
            .entry((each.market.clone(), each.day))
            .or_insert_with(|| from.prices(market, each.day, now).unwrap_or_default());
        let Some(published) = published else { continue };
        let texts: Vec<String> = retail(market, &each, published).iter().map(i32::to_string).collect();
        tariffs.push(each.tariff_id);
        on.push(each.day);
        prices.push(format!("{{{}}}", texts.join(",")));
    }
    if !tariffs.is_empty() {
        ADD.command().bind(tariffs).bind(on).bind(prices).bind(now).execute(&mut *tx).await?;
    }
    Ok(())
}

/// What a tariff asks for each half-hour of a day: rounded to hundredths of a minor unit.
fn retail(market: &Market, by: &Wanted, published: &[i32]) -> Vec<i32> {
    let begins = market.start_of(by.day);
    let price = |(place, wholesale): (usize, &i32)| {
        let start = begins + TimeDelta::minutes(30 * i64::try_from(place).unwrap_or_default());
        let offset = if is_peak(market, start) { by.peak_offset } else { Decimal::ZERO };
        let price = Decimal::new(i64::from(*wholesale), 4) * by.factor + offset;
        (price.min(by.cap).round_dp(2) * Decimal::from(10_000)).to_i32().unwrap_or_default()
    };
    published.iter().enumerate().map(price).collect()
}

/// Whether a moment lies in the half-hours that are dear for everybody.
pub(super) fn is_peak(market: &Market, moment: DateTime<Utc>) -> bool {
    let local = moment.with_timezone(&market.time_zone()).naive_local().time();
    PEAK.contains(&(local.signed_duration_since(NaiveTime::MIN).num_minutes() / 30))
}

row! {
    struct LevyMonths {
        id: i64,
        last: Option<DateTime<Utc>>,
    }
}

statement!(static LEVY: LevyMonths = "
    select l.id, (select max(upper(r.during)) from levy_rates r where r.levy_id = l.id) as last
    from levies l where l.market_name = $1 and l.name = $2 and l.charged_for = $3 and l.region is not distinct from $4
    for no key update of l");
statement!(static ADD_MONTH: () = "
    insert into levy_rates (levy_id, during, net) values ($1, tstzrange($2, $3), $4) on conflict do nothing");

async fn months(tx: &mut Tx, from: &dyn DayAhead) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    for (code, catalogue) in catalogue::all() {
        let Some(market) = market::by_code(code) else { continue };
        for levy in &catalogue.levies {
            let Some(shape) = levy.monthly else { continue };
            let query = LEVY.query().bind(&levy.market_name).bind(&levy.name).bind(&levy.charged_for);
            let found = query.bind(&levy.region).fetch_optional(&mut *tx).await?;
            let Some(LevyMonths { id, last }) = found else { continue };
            let (year, month) = FIRST_MONTH;
            let first = NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default();
            let mut month = last.map_or(first, |last| market.day(last)).with_day(1).unwrap_or(first);
            let region = levy.region.as_deref().unwrap_or_default();
            while let Ok(Some(net)) = from.fuel(region, &shape, month, now) {
                let Some(next) = month.checked_add_months(Months::new(1)) else { break };
                let add =
                    ADD_MONTH.command().bind(id).bind(market.start_of(month)).bind(market.start_of(next));
                add.bind(net).execute(&mut *tx).await?;
                month = next;
            }
        }
    }
    Ok(())
}
