//! The way to the register of the British gas industry: the port, what is asked through it, and what it answers.
//!
//! It is asked when a gas point is registered here, and when its supply begins or ends, by a job that is tried again
//! until the register answers. Nobody else's register holds more than the market's own number of the point.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};

const ASK: &str = "ask-gas-register";
/// How many points are asked about again in a day.
const IN_ONE_TURN: i64 = 10_000;

row! {
    /// What the register is told.
    pub struct Inquiry {
        /// The point, by our row id.
        pub supply_point_id: i64,
        /// Its number.
        pub mprn: String,
        /// Its local distribution zone.
        pub ldz: String,
        /// What we expect in a year, in Wh.
        pub annual_wh: Option<i64>,
        /// Whether it is a business that we supply.
        pub is_business: bool,
        /// The first local day of our supply, if we supply it or will.
        pub supplied_from: Option<NaiveDate>,
    }
}

/// What the register has on a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The part of the network that the gas comes from.
    pub exit_zone: String,
    /// What is expected in a year, in kWh, and as fixed for the formula year.
    pub aq_kwh: (i64, i64),
    /// What the hardest day may take, in kWh, and as fixed for the formula year.
    pub soq_kwh: (i64, i64),
    /// Whether the meter is read every day.
    pub is_daily_metered: bool,
    /// Who has the last stretch of pipe, if not the network itself.
    pub transporter: Option<String>,
    /// `D` for homes, `I` for businesses.
    pub sector: &'static str,
    /// Who owns the meter.
    pub meter_ownership: &'static str,
    /// How often it is read.
    pub read_frequency: &'static str,
    /// From 1, the largest, to 4.
    pub supply_class: i16,
    /// `LI` live, `DE` dead, `EX` extinct, `PL` planned.
    pub status: &'static str,
    /// How it confirms that we supply the point, if it does.
    pub confirmation: Option<Confirmation>,
}

/// How the register confirms a supply.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirmation {
    /// Its number.
    pub number: i32,
    /// What it calls our wish.
    pub nomination: String,
    /// Who supplied the point before.
    pub old_supplier: Option<String>,
    /// Who does now: we.
    pub new_supplier: String,
    /// The first day.
    pub starts_on: NaiveDate,
}

/// What the register says.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// What it has on the point.
    Known(Box<Entry>),
    /// Not now, or the answer was lost on the way: ask again.
    Later(&'static str),
    /// It has no such point.
    Unknown,
}

/// Whoever keeps the register.
pub trait GasRegister: Send + Sync {
    /// Asks what the register has on a point. `tx` is the job's transaction; a register outside of this program has no
    /// use for it.
    fn ask<'a>(&'a self, tx: &'a mut Tx, inquiry: &'a Inquiry) -> BoxFuture<'a, Result<Answer, sqlx::Error>>;
}

// The lock lets one job at a time ask about a point.
statement!(static LOCK: (i64,) = "select id from supply_points where id = $1 and market_name = 'GBR_GAS' for update");
statement!(static INQUIRY: Inquiry = "
    select sp.id as supply_point_id, sp.identifier as mprn, sp.region as ldz, sp.annual_wh,
        coalesce(a.account_type like 'BUSINESS%', false) as is_business,
        (lower(s.during) at time zone 'Europe/London')::date as supplied_from
    from supply_points sp left join supply_periods s on s.supply_point_id = sp.id and upper_inf(s.during)
        left join accounts a on a.id = s.account_id
    where sp.id = $1 order by lower(s.during) desc limit 1");
statement!(static KEEP: () = "
    insert into gas_register_entries (supply_point_id, exit_zone, aq_kwh, formula_aq_kwh, soq_kwh, formula_soq_kwh,
        is_daily_metered, transporter, sector, meter_ownership, read_frequency, supply_class, status, status_at,
        confirmation, nomination, old_supplier, new_supplier, starts_on, checked_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $14)
    on conflict (supply_point_id) do update set exit_zone = excluded.exit_zone, aq_kwh = excluded.aq_kwh,
        formula_aq_kwh = excluded.formula_aq_kwh, soq_kwh = excluded.soq_kwh,
        formula_soq_kwh = excluded.formula_soq_kwh, is_daily_metered = excluded.is_daily_metered,
        transporter = excluded.transporter, sector = excluded.sector, meter_ownership = excluded.meter_ownership,
        read_frequency = excluded.read_frequency, supply_class = excluded.supply_class, status = excluded.status,
        status_at = case when gas_register_entries.status = excluded.status
            and gas_register_entries.confirmation is not distinct from excluded.confirmation
            then gas_register_entries.status_at else excluded.status_at end,
        confirmation = excluded.confirmation, nomination = excluded.nomination, old_supplier = excluded.old_supplier,
        new_supplier = excluded.new_supplier, starts_on = excluded.starts_on, checked_at = excluded.checked_at");
statement!(static LEARN: () = "
    update supply_points set annual_wh = $2 where id = $1 and annual_wh is null");

// Those that were asked about least lately come first.
statement!(static UNCONFIRMED: (i64,) = "
    select sp.id from supply_points sp join supply_periods s on s.supply_point_id = sp.id and upper_inf(s.during)
        left join gas_register_entries g on g.supply_point_id = sp.id
    where sp.market_name = 'GBR_GAS' and g.confirmation is null
      and (g.checked_at is null or g.checked_at < $1::timestamptz - interval '12 hours')
    order by g.checked_at nulls first, sp.id limit $2");

/// Has the register asked through `register` by this runner.
pub fn register(runner: &mut Runner, register: Arc<dyn GasRegister>) {
    runner.every(TimeDelta::days(1), "upkeep-gas-register", |tx, _| {
        Box::pin(async move { Ok(ask_again(tx).await?) })
    });
    runner.on(ASK, move |tx, payload| {
        let register = Arc::clone(&register);
        Box::pin(async move {
            let point = payload.get("supplyPoint").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            match look_up(tx, &*register, point).await? {
                Some(reason) => Err(JobError::Other(reason.to_owned())),
                None => Ok(()),
            }
        })
    });
}

/// Has the register asked about points of which it has said nothing yet, or not that we supply them: those that begin
/// long after they were agreed on, and those that it did not know.
async fn ask_again(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    for (point,) in UNCONFIRMED.query().bind(now).bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        ask_soon(tx, point).await?;
    }
    Ok(())
}

/// Has the register asked about a point once this transaction commits. Points that are none of British gas are left
/// alone by the job.
pub(super) async fn ask_soon(tx: &mut Tx, supply_point: i64) -> Result<(), sqlx::Error> {
    let now = tx.wall_now();
    jobs::enqueue(tx, ASK, &json!({ "supplyPoint": supply_point }), now).await?;
    Ok(())
}

/// Asks about a point now and keeps the answer. Answers why it has to be asked again, if it has.
pub async fn look_up(
    tx: &mut Tx,
    register: &dyn GasRegister,
    supply_point: i64,
) -> Result<Option<&'static str>, sqlx::Error> {
    if LOCK.query().bind(supply_point).fetch_optional(&mut *tx).await?.is_none() {
        return Ok(None);
    }
    let inquiry = INQUIRY.query().bind(supply_point).fetch_one(&mut *tx).await?;
    match register.ask(tx, &inquiry).await? {
        Answer::Known(entry) => keep(tx, supply_point, &entry).await.map(|()| None),
        Answer::Later(reason) => Ok(Some(reason)),
        Answer::Unknown => Ok(None),
    }
}

async fn keep(tx: &mut Tx, supply_point: i64, entry: &Entry) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let (e, c) = (entry, entry.confirmation.as_ref());
    let keep = KEEP.command().bind(supply_point).bind(&e.exit_zone).bind(e.aq_kwh.0).bind(e.aq_kwh.1);
    let keep = keep.bind(e.soq_kwh.0).bind(e.soq_kwh.1).bind(e.is_daily_metered).bind(&e.transporter);
    let keep = keep.bind(e.sector).bind(e.meter_ownership).bind(e.read_frequency).bind(e.supply_class);
    let keep = keep.bind(e.status).bind(now).bind(c.map(|c| c.number)).bind(c.map(|c| &c.nomination));
    let keep = keep.bind(c.and_then(|c| c.old_supplier.as_ref())).bind(c.map(|c| &c.new_supplier));
    keep.bind(c.map(|c| c.starts_on)).execute(&mut *tx).await?;
    LEARN.command().bind(supply_point).bind(e.aq_kwh.0.saturating_mul(1000)).execute(&mut *tx).await?;
    Ok(())
}
