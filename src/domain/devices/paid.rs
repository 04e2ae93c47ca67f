//! What an account pays for what a device of its takes: the prices of what it has agreed to where the device stands.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::fleet::Device;
use super::prices::{Prices, TypicalDay};
use crate::domain::supply::rates::{self, Rates};
use crate::platform::db::{Tx, row, statement};

/// How far ahead plans reach.
const AHEAD: TimeDelta = TimeDelta::days(8);
/// How long before a local day the prices of its half-hours are known for certain.
const KNOWN_BEFORE: TimeDelta = TimeDelta::hours(5);

/// An agreement on what comes from the grid.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The supply point.
    pub point: i64,
    /// The type of the account.
    pub account_type: String,
    /// From when on it holds.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: Option<DateTime<Utc>>,
    /// When it was agreed: nobody knew of it before.
    pub agreed_at: DateTime<Utc>,
    /// Its prices.
    pub rates: Arc<Rates>,
}

impl Holding {
    fn holds(&self, moment: DateTime<Utc>) -> bool {
        self.from <= moment && self.to.is_none_or(|to| moment < to)
    }
}

/// The prices of an account at a device, and the usual day of its market where there are none.
#[derive(Clone, Debug)]
pub struct Paid {
    usual: TypicalDay,
    agreed: Vec<Holding>,
}

impl Paid {
    /// The prices of these agreements, which begin one after the other.
    pub fn new(usual: TypicalDay, agreed: Vec<Holding>) -> Self {
        Self { usual, agreed }
    }

    /// The agreement that holds at a moment.
    pub fn holding(&self, moment: DateTime<Utc>) -> Option<&Holding> {
        self.agreed.iter().find(|each| each.holds(moment))
    }

    /// As far as it is known at `now`. A month's steps count as one price, that of the first: they are the same at all times.
    fn own(&self, start: DateTime<Utc>, now: DateTime<Utc>) -> Option<Decimal> {
        let known = |each: &&Holding| each.agreed_at <= now && each.holds(start);
        let rates = &self.agreed.iter().find(known)?.rates;
        if is_published(rates) && known_from(rates, start, 0)? > now {
            return None;
        }
        // What a car takes is told apart from the home where the tariff does so.
        let bands = rates.device_bands.as_ref().or(rates.bands.as_ref())?;
        let (net, _) = rates.of_part(bands.at(rates.zone(), start), start, 0)?;
        Some(net + rates.levies_at(start))
    }
}

fn is_published(rates: &Rates) -> bool {
    rates.kind == "HALF_HOURLY"
}

/// When the prices are known of the local day so many days after the one in which a moment lies.
fn known_from(rates: &Rates, moment: DateTime<Utc>, later: i64) -> Option<DateTime<Utc>> {
    let day = rates.market.day(moment).checked_add_signed(TimeDelta::days(later))?;
    Some(rates.market.start_of(day) - KNOWN_BEFORE)
}

impl Prices for Paid {
    fn at(&self, start: DateTime<Utc>, now: DateTime<Utc>) -> Decimal {
        self.own(start, now).unwrap_or_else(|| self.usual.at(start, now))
    }

    fn usual(&self, start: DateTime<Utc>) -> Decimal {
        self.usual.at(start, start)
    }

    fn more_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let rates = &self.holding(now).filter(|each| is_published(&each.rates))?.rates;
        (1..=2).filter_map(|later| known_from(rates, now, later)).find(|known| *known > now)
    }
}

row! {
    struct HoldingRow {
        device_id: Uuid,
        supply_point_id: i64,
        account_type: String,
        tariff_id: i64,
        from_at: Option<DateTime<Utc>>,
        to_at: Option<DateTime<Utc>>,
        agreed_at: DateTime<Utc>,
    }
}

statement!(static HOLDING: HoldingRow = "
    select d.id as device_id, g.supply_point_id, a.account_type, g.tariff_id, lower(g.during) as from_at, upper(g.during) as to_at, g.agreed_at
    from devices d join accounts a on a.id = d.account_id join supply_points sp on sp.property_id = d.property_id
            and sp.commodity = 'electricity' and sp.direction = 'IMPORT'
        join agreements g on g.supply_point_id = sp.id and g.account_id = d.account_id and g.revoked_at is null
            and g.during && tstzrange($2, $3)
    where d.id = any($1::uuid[]) order by d.id, g.supply_point_id, lower(g.during), g.id");

/// What the accounts of these devices pay between two moments where they stand, by device; nothing for those at which
/// nothing is agreed.
pub(super) async fn between(
    tx: &mut Tx,
    devices: &[Uuid],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<HashMap<Uuid, Vec<Holding>>, sqlx::Error> {
    let found = HOLDING.query().bind(devices).bind(from).bind(to).fetch_all(&mut *tx).await?;
    let mut held: HashMap<Uuid, Vec<Holding>> = HashMap::new();
    if found.is_empty() {
        return Ok(held);
    }
    let tariffs: Vec<i64> = found.iter().map(|row| row.tariff_id).collect();
    let rates = rates::of_tariffs(tx, &tariffs, from, to).await?;
    for row in found {
        let (Some(rates), Some(from)) = (rates.get(&row.tariff_id), row.from_at) else { continue };
        let holding = Holding {
            point: row.supply_point_id,
            account_type: row.account_type,
            from,
            to: row.to_at,
            agreed_at: row.agreed_at,
            rates: Arc::clone(rates),
        };
        // A home with two meters has its devices behind the first.
        let known = held.entry(row.device_id).or_default();
        if known.first().is_none_or(|first| first.point == holding.point) {
            known.push(holding);
        }
    }
    Ok(held)
}

/// Lets these devices, which are where they were when they were last kept, plan by what their accounts pay.
pub(super) async fn know(tx: &mut Tx, devices: &mut [Device], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let goes_by_prices = |device: &&Device| {
        !device.is_gone() && (device.kind.charges_cars() || device.held.battery_wh.is_some())
    };
    let planned = || devices.iter().filter(goes_by_prices);
    let ids: Vec<Uuid> = planned().map(|device| device.held.id).collect();
    let Some(since) = planned().map(|device| device.state.condition.at).min() else { return Ok(()) };
    // Batteries go by all of a day.
    let mut held = between(tx, &ids, since.min(now) - TimeDelta::days(1), now + AHEAD).await?;
    for device in devices {
        if let Some(agreed) = held.remove(&device.held.id) {
            device.prices = Arc::new(Paid::new(device.usual_day(), agreed));
        }
    }
    Ok(())
}
