//! Where the customers of bulk data are supplied: a property an account, with a supply point for electricity, a smart meter
//! and an agreement; and what the oldest of these meters have sent.

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio::sync::mpsc;

use super::draw::{About, Draw, shuffled_digits};
use super::people::Home;
use super::rows::Placed;
use super::{Order, Say, SeedError};
use crate::domain::demo::areas;
use crate::domain::supply::catalogue;
use crate::domain::supply::identifiers::MarketName;
use crate::domain::supply::intervals::{self, NewDay};
use crate::domain::supply::profiles::{self, Profile};
use crate::domain::supply::simulated_feed::minutes;
use crate::platform::db::{Tx, row, statement};

/// Days of intervals that are made ahead of the database, in batches.
const DAYS_AT_ONCE: usize = 10_000;
const BATCHES_AHEAD: usize = 2;

/// Homes that wait to be written, column by column.
#[derive(Debug, Default)]
pub(super) struct Homes {
    accounts: Vec<i64>,
    market_names: Vec<&'static str>,
    identifiers: Vec<String>,
    serial_numbers: Vec<String>,
    regions: Vec<&'static str>,
    price_regions: Vec<&'static str>,
    operators: Vec<&'static str>,
    annual_wh: Vec<i64>,
    since: Vec<DateTime<Utc>>,
    days: Vec<NaiveDate>,
}

// The numbers of rows are drawn first, so that each row knows those it hangs on.
statement!(static SETTLE: (i64,) = "
    with home as materialized (
        select h.*, a.market, a.account_type, a.billing_name, a.billing_address_line1, a.billing_address_line2,
            a.billing_address_line3, a.billing_address_line4, a.billing_address_line5, a.billing_postcode,
            a.billing_country, a.billing_street_address, a.billing_locality, a.billing_administrative_area,
            nextval(pg_get_serial_sequence('addresses', 'id')) as address_id,
            nextval(pg_get_serial_sequence('properties', 'id')) as property_id,
            nextval(pg_get_serial_sequence('supply_points', 'id')) as point_id,
            nextval(pg_get_serial_sequence('meters', 'id')) as meter_id,
            nextval(pg_get_serial_sequence('supply_processes', 'id')) as joining_id
        from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
                $10::timestamptz[], $11::date[]) as h (account_id, market_name, identifier, serial_number, region, price_region,
                operator, annual_wh, since, day)
            join accounts a on a.id = h.account_id
    ), placed as (
        insert into addresses (id, name, organization, street_address, dependent_locality, locality,
            administrative_area, postal_code, sorting_code, country, delivery_point)
        overriding system value
        select address_id, '', '', billing_street_address, '', billing_locality, billing_administrative_area,
            billing_postcode, '', billing_country, '' from home
    ), built as (
        insert into properties (id, market, address_line1, address_line2, address_line3, address_line4, address_line5,
            postcode, address_id, created_at)
        overriding system value
        select property_id, market, billing_address_line1, billing_address_line2, billing_address_line3,
            billing_address_line4, billing_address_line5, billing_postcode, address_id, since from home
    ), settled as (
        insert into occupancies (property_id, account_id, during, is_occupier, created_at)
        select property_id, account_id, tstzrange(since, null), true, since from home
    ), connected as (
        insert into supply_points (id, property_id, market_name, identifier, region, network_operator, annual_wh,
            created_at)
        overriding system value
        select point_id, property_id, market_name, identifier, region, operator, annual_wh, since from home
    ), supplied as (
        insert into supply_periods (supply_point_id, account_id, during, created_at)
        select point_id, account_id, tstzrange(since, null), since from home
    ), joined as (
        insert into supply_processes (id, kind, account_id, property_id, subtype, asked_for, effective_at, stage, status,
            requested_at, ended_at)
        overriding system value
        select joining_id, 'join', account_id, property_id, 'CHANGE_OF_SUPPLIER', since, since, 'SUPPLIED', 'COMPLETED',
            since, since from home
        union all
        select nextval(pg_get_serial_sequence('supply_processes', 'id')), 'occupy', account_id, property_id, null, since,
            since, 'ENDED', 'COMPLETED', since, since from home
    ), confirmed as (
        insert into supply_process_points (process_id, supply_point_id, stage)
        select joining_id, point_id, 'CONFIRMED' from home
    ), hung as (
        insert into meters (id, supply_point_id, serial_number, meter_type, active_from, sends_half_hourly, created_at)
        overriding system value
        select meter_id, point_id, serial_number, 'SMART', day, true, since from home
    ), counting as (
        insert into meter_registers (meter_id, identifier, name, band, digits, decimal_places)
        select meter_id, '1', 'STANDARD', 'STANDARD', 6, 3 from home
    ), agreed as (
        insert into agreements (supply_point_id, account_id, tariff_id, during, agreed_from, agreed_at,
            rescission_deadline_at, charged_from)
        select h.point_id, h.account_id, offered.tariff_id, tstzrange(h.since, null), h.since, h.since,
            h.since + interval '14 days', $9
        from home h join lateral (
            select t.id as tariff_id from products p join product_offers o on o.product_id = p.id
                and o.market_name = h.market_name join tariffs t on t.offer_id = o.id and t.region = h.price_region
            where p.market = h.market and p.direction = 'IMPORT' and p.available_from <= h.since
                and (p.available_to is null or p.available_to > h.since) and not p.is_prepay
                and case when h.account_type like 'BUSINESS%' then p.is_business else p.is_domestic end
                and o.kind <> 'DAY_NIGHT'
            order by p.is_default desc, p.rank, p.id, o.id, t.payment_method nulls first limit 1) offered on true
    )
    select count(*) from home");

impl Homes {
    /// Adds the home of an account, the one in place `index`.
    pub fn add(&mut self, seed: u64, placed: &Placed<'_>, home: &Home, index: u64) {
        let market_name = match placed.market.code.as_str() {
            "gb" => MarketName::GbrElectricity,
            "de" => MarketName::DeuElectricity,
            "jp" => MarketName::JpnElectricity,
            "au" => MarketName::AusElectricity,
            _ => MarketName::UsaElectricity,
        };
        let area = areas::of(&placed.market.code, &home.address);
        let drawn = |digits| shuffled_digits(seed ^ 5, index, digits);
        let Some(identifier) = market_name.numbered(area.number, drawn) else { return };
        let Some(price_region) = catalogue::region(&placed.market.code, area.region) else { return };
        let day = placed.market.day(placed.at);
        self.since.push(placed.market.start_of(day));
        self.days.push(day);
        self.accounts.push(placed.id);
        self.market_names.push(market_name.code());
        self.identifiers.push(identifier);
        self.serial_numbers.push(format!("23L{index:08}"));
        self.regions.push(area.region);
        self.price_regions.push(price_region);
        self.operators.push(area.operator);
        let usual = if home.habits.account_type().starts_with("BUSINESS") { 24_000_000 } else { 2_900_000 };
        let factor = Draw::of(seed, About::Home, index).between(500, 2200);
        self.annual_wh.push(usual / 1000 * factor);
    }

    /// Writes the homes of accounts that are written, and forgets them. Answers how many.
    pub async fn settle(&mut self, tx: &mut Tx, order: &Order) -> Result<u64, SeedError> {
        let Self { accounts, market_names, identifiers, serial_numbers, regions, .. } = &self;
        let settle = SETTLE.query().bind(&accounts[..]).bind(&market_names[..]).bind(&identifiers[..]);
        let settle = settle.bind(&serial_numbers[..]).bind(&regions[..]).bind(&self.price_regions[..]);
        let settle = settle.bind(&self.operators[..]).bind(&self.annual_wh[..]).bind(order.until);
        let settle = settle.bind(&self.since[..]).bind(&self.days[..]);
        let (count,) = settle.fetch_one(&mut *tx).await?;
        *self = Self::default();
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

row! {
    struct Point {
        id: i64,
        market: String,
        market_name: String,
        identifier: String,
        annual_wh: Option<i64>,
        since: DateTime<Utc>,
    }
}

statement!(static POINTS: Point = "
    select sp.id, sp.market, sp.market_name, sp.identifier, sp.annual_wh, sp.created_at as since
    from supply_points sp order by sp.id limit $1");

/// Writes what the oldest meters have sent. Answers how many days. They are made on a thread of its own meanwhile.
pub(super) async fn measure(tx: &mut Tx, order: &Order, say: &Say) -> Result<u64, SeedError> {
    let (meters, days) = order.measured;
    if meters == 0 || days == 0 {
        return Ok(0);
    }
    let points = POINTS.query().bind(i64::from(meters)).fetch_all(&mut *tx).await?;
    let first = order.until.checked_sub_days(Days::new(u64::from(days))).unwrap_or(order.until);
    intervals::prepare(tx, first).await?;
    let (give, mut take) = mpsc::channel(BATCHES_AHEAD);
    let (seed, until) = (order.seed, order.until);
    let making = tokio::task::spawn_blocking(move || make(&points, seed, (first, until), &give));
    let (mut written, received_at) = (0, intervals::beginning("gb", until));
    while let Some(batch) = take.recv().await {
        let batch: Vec<NewDay> = batch;
        written += intervals::copy(tx, &batch.iter().collect::<Vec<_>>(), received_at).await?;
    }
    making.await.map_err(|_| SeedError::BrokeOff)?;
    say(&format!("{written} days of what meters sent"));
    Ok(written)
}

/// Makes batch after batch until all is made or nobody wants it any more.
fn make(
    points: &[Point],
    seed: u64,
    (first, until): (NaiveDate, NaiveDate),
    give: &mpsc::Sender<Vec<NewDay>>,
) {
    let mut batch = Vec::with_capacity(DAYS_AT_ONCE);
    for point in points {
        let profile = Profile {
            seed: profiles::seed_of(seed, &point.market_name, &point.identifier),
            market: point.market.clone(),
            is_gas: false,
            is_export: false,
            is_business: false,
            annual_wh: point.annual_wh.unwrap_or(2_900_000),
        };
        let minutes = minutes(&point.market);
        for day in first.max(point.since.date_naive()).iter_days().take_while(|day| *day < until) {
            let wh = profile.entries(day, minutes).into_iter().map(Some).collect();
            batch.push(NewDay { supply_point_id: point.id, day, version: 1, minutes, is_final: true, wh });
            if batch.len() == DAYS_AT_ONCE && give.blocking_send(std::mem::take(&mut batch)).is_err() {
                return;
            }
        }
    }
    // Nobody waits for what is left only where the database has failed.
    let _ = give.blocking_send(batch);
}
