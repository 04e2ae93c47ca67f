//! Readings of registers: kept, judged, confirmed and withdrawn.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::judging::{Doubt, Register, Shown};
use crate::platform::db::{Tx, row, statement};

/// How a reading came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Source {
    /// A customer looked at the meter.
    Customer,
    /// The meter sent it.
    SmartMeter,
    /// Nobody looked; it was worked out.
    Estimate,
    /// When the supplier changed.
    ChangeOfSupply,
    /// When the meter was put up or taken off.
    MeterExchange,
    /// From the key or card of a prepayment meter.
    Prepay,
    /// From the supplier before.
    PreSupplier,
    /// A reader came by.
    DataCollector,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Customer,
        Self::SmartMeter,
        Self::Estimate,
        Self::ChangeOfSupply,
        Self::MeterExchange,
        Self::Prepay,
        Self::PreSupplier,
        Self::DataCollector,
    ];

    /// As the database and clients know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Customer => "CUSTOMER",
            Self::SmartMeter => "SMART_METER",
            Self::Estimate => "ESTIMATE",
            Self::ChangeOfSupply => "CHANGE_OF_SUPPLY",
            Self::MeterExchange => "METER_EXCHANGE",
            Self::Prepay => "PREPAY",
            Self::PreSupplier => "PRE_SUPPLIER",
            Self::DataCollector => "DATA_COLLECTOR",
        }
    }

    /// The source with this code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.code() == code)
    }

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Customer => "Customer reading",
            Self::SmartMeter => "Smart reading",
            Self::Estimate => "Estimated reading",
            Self::ChangeOfSupply => "Change of supply reading",
            Self::MeterExchange => "Meter exchange reading",
            Self::Prepay => "Prepayment reading",
            Self::PreSupplier => "Previous supplier's reading",
            Self::DataCollector => "Routine reading",
        }
    }

    /// The type of reading that usually comes about so, as the database knows it.
    pub fn reading_type(self) -> &'static str {
        match self {
            Self::Customer => "CUSTOMER",
            Self::SmartMeter => "SMART",
            Self::Estimate => "ESTIMATED",
            Self::PreSupplier => "DEEMED",
            Self::ChangeOfSupply | Self::MeterExchange | Self::Prepay | Self::DataCollector => "ACTUAL",
        }
    }
}

/// A reading about to be kept. The same meter, moment and source again corrects what was said before.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReading {
    /// The meter.
    pub meter_id: i64,
    /// When the registers were looked at.
    pub read_at: DateTime<Utc>,
    /// How it came about.
    pub source: Source,
    /// Registers and what they showed, in their own units.
    pub values: Vec<(i64, Decimal)>,
}

/// Who gave a reading: the kind and row id of a subject. None where the meter or the market did.
pub type Giver = Option<(&'static str, i64)>;

row! {
    /// A register and what is expected of it.
    struct RegisterRow {
        id: i64,
        market: String,
        commodity: String,
        digits: i16,
        multiplier: Decimal,
        annual_wh: Option<i64>,
    }
}

row! {
    struct Around {
        register_id: i64,
        read_at: DateTime<Utc>,
        value: Decimal,
    }
}

row! {
    /// A register value as it stands.
    struct Standing {
        reading_id: i64,
        meter_id: i64,
        read_at: DateTime<Utc>,
        source: String,
        register_id: i64,
        value: Decimal,
    }
}

statement!(static REGISTERS: RegisterRow = "
    select g.id, sp.market, sp.commodity, g.digits, g.multiplier, sp.annual_wh
    from meter_registers g join meters m on m.id = g.meter_id join supply_points sp on sp.id = m.supply_point_id
    where g.id = any($1::bigint[])");
// Of each register what was measured and counts: all of the period, the last before it and the first after it.
statement!(static AROUND: Around = "
    select g.id as register_id, r.read_at, r.value from unnest($1::bigint[]) as g (id) cross join lateral (
        (select x.read_at, x.value from register_readings x join meter_readings m on m.id = x.reading_id
            where x.register_id = g.id and x.counts and m.source <> 'ESTIMATE' and x.read_at < $2
            order by x.read_at desc limit 1)
        union all (select x.read_at, x.value from register_readings x join meter_readings m on m.id = x.reading_id
            where x.register_id = g.id and x.counts and m.source <> 'ESTIMATE' and x.read_at between $2 and $3)
        union all (select x.read_at, x.value from register_readings x join meter_readings m on m.id = x.reading_id
            where x.register_id = g.id and x.counts and m.source <> 'ESTIMATE' and x.read_at > $3
            order by x.read_at limit 1)) r");
// Whoever changes readings of a meter waits for the others who do.
statement!(static HOLD: (i64,) = "select id from meters where id = any($1::bigint[]) order by id for update");
statement!(static SAID: Standing = "
    select r.id as reading_id, r.meter_id, r.read_at, r.source, x.register_id, x.value
    from unnest($1::bigint[], $2::timestamptz[], $3::text[]) as new (meter_id, read_at, source)
        join meter_readings r on r.meter_id = new.meter_id and r.read_at = new.read_at and r.source = new.source
            and r.withdrawn_at is null
        join register_readings x on x.reading_id = r.id");
statement!(static WITHDRAW: (i64,) = "
    update meter_readings set withdrawn_at = $2 where id = any($1::bigint[]) and withdrawn_at is null returning id");
statement!(static IDS: (i64,) = "
    select nextval(pg_get_serial_sequence('meter_readings', 'id')) from generate_series(1, $1::bigint)");
statement!(static ADD: () = "
    insert into meter_readings (id, meter_id, read_at, source, reading_type, given_by_kind, given_by_id, created_at)
    overriding system value
    select id, meter_id, read_at, source, reading_type, $6, $7, $8
    from unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[])
        as new (id, meter_id, read_at, source, reading_type)");
statement!(static ADD_VALUES: () = "
    insert into register_readings (reading_id, register_id, read_at, value, is_quarantined, quarantine_reason)
    select reading_id, register_id, read_at, value, reason is not null, reason
    from unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::numeric[], $5::text[])
        as new (reading_id, register_id, read_at, value, reason)");

macro_rules! judged {
    () => {
        "with able as (
            select x.reading_id, x.register_id, x.read_at, row_number() over (partition by x.register_id, x.read_at
                order by array_position(array['SMART_METER', 'DATA_COLLECTOR', 'METER_EXCHANGE', 'CHANGE_OF_SUPPLY',
                    'CUSTOMER', 'PREPAY', 'PRE_SUPPLIER', 'ESTIMATE'], r.source), x.reading_id desc) as place,
                r.source = 'ESTIMATE' and x.read_at <= max(case when r.source <> 'ESTIMATE' then x.read_at end)
                    over (partition by x.register_id) as is_overtaken
            from register_readings x join meter_readings r on r.id = x.reading_id
            where x.register_id = any($1::bigint[]) and not x.is_quarantined and r.withdrawn_at is null),
        counting as (select reading_id, register_id from able where place = 1 and is_overtaken is not true)"
    };
}
// What stops counting goes first: never more than one reading of a moment counts.
statement!(static STOP: () = concat!(judged!(), "
    update register_readings x set counts = false where x.register_id = any($1) and x.counts and not exists (
        select 1 from counting c where c.reading_id = x.reading_id and c.register_id = x.register_id)"));
statement!(static START: () = concat!(judged!(), "
    update register_readings x set counts = true from counting c
    where x.reading_id = c.reading_id and x.register_id = c.register_id and not x.counts"));

/// Works out again which readings of these registers count.
async fn settle(tx: &mut Tx, registers: &[i64]) -> Result<(), sqlx::Error> {
    STOP.command().bind(registers).execute(&mut *tx).await?;
    START.command().bind(registers).execute(&mut *tx).await?;
    Ok(())
}

/// A reading that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Row id.
    pub id: i64,
    /// Whether it was not kept before.
    pub is_new: bool,
}

/// Keeps readings, each judged by those around it, and answers for each of them in turn. What has been said before just
/// so is answered with the reading that said it; what differs from it takes its place.
///
/// # Errors
/// Those of the database.
pub async fn keep(tx: &mut Tx, giver: Giver, readings: &[NewReading]) -> Result<Vec<Kept>, sqlx::Error> {
    let meters = unique(readings.iter().map(|reading| reading.meter_id));
    HOLD.query().bind(&meters).fetch_all(&mut *tx).await?;
    let said = said_before(tx, readings).await?;
    let is_known = |reading: &NewReading| said.get(&key(reading)).is_some_and(|said| said.is(reading));
    let fresh: Vec<&NewReading> = last_said(readings).into_iter().filter(|new| !is_known(new)).collect();
    let now = tx.business_now().await?;
    let replaced: Vec<i64> = fresh.iter().filter_map(|new| Some(said.get(&key(new))?.id)).collect();
    if !replaced.is_empty() {
        WITHDRAW.query().bind(&replaced).bind(now).fetch_all(&mut *tx).await?;
    }
    let registers = unique(fresh.iter().flat_map(|new| &new.values).map(|(register, _)| *register));
    if !replaced.is_empty() {
        settle(tx, &registers).await?;
    }
    let known = |said: &Said| Kept { id: said.id, is_new: false };
    let mut ids: HashMap<Key, Kept> = said.iter().map(|(key, said)| (*key, known(said))).collect();
    if !fresh.is_empty() {
        let doubts = doubts(tx, &registers, &fresh).await?;
        let made = add(tx, giver, &fresh, &doubts, now).await?;
        let made = made.into_iter().map(|id| Kept { id, is_new: true });
        ids.extend(fresh.iter().map(|new| key(new)).zip(made));
        settle(tx, &registers).await?;
    }
    Ok(readings.iter().filter_map(|reading| ids.get(&key(reading)).copied()).collect())
}

/// What makes a reading the same as another: its meter, moment and source.
type Key = (i64, DateTime<Utc>, Source);

fn key(reading: &NewReading) -> Key {
    (reading.meter_id, reading.read_at, reading.source)
}

/// The last one of each key, by time.
fn last_said(readings: &[NewReading]) -> Vec<&NewReading> {
    let last: HashMap<Key, &NewReading> = readings.iter().map(|reading| (key(reading), reading)).collect();
    let mut last: Vec<&NewReading> = last.into_values().collect();
    last.sort_by_key(|reading| (reading.read_at, reading.meter_id, reading.source.code()));
    last
}

/// A reading that stands.
struct Said {
    id: i64,
    values: BTreeMap<i64, Decimal>,
}

impl Said {
    fn is(&self, new: &NewReading) -> bool {
        self.values == new.values.iter().copied().collect()
    }
}

async fn said_before(tx: &mut Tx, readings: &[NewReading]) -> Result<HashMap<Key, Said>, sqlx::Error> {
    let meters: Vec<i64> = readings.iter().map(|reading| reading.meter_id).collect();
    let moments: Vec<DateTime<Utc>> = readings.iter().map(|reading| reading.read_at).collect();
    let sources: Vec<&str> = readings.iter().map(|reading| reading.source.code()).collect();
    let rows = SAID.query().bind(meters).bind(moments).bind(sources).fetch_all(&mut *tx).await?;
    let mut said: HashMap<Key, Said> = HashMap::new();
    for row in rows {
        let Some(source) = Source::of(&row.source) else { continue };
        let known = said.entry((row.meter_id, row.read_at, source));
        let known = known.or_insert_with(|| Said { id: row.reading_id, values: BTreeMap::new() });
        known.values.insert(row.register_id, row.value);
    }
    Ok(said)
}

/// What is doubtful of these readings, by register and moment. Each is judged by those before it that pass.
async fn doubts(
    tx: &mut Tx,
    registers: &[i64],
    fresh: &[&NewReading],
) -> Result<HashMap<(i64, DateTime<Utc>, Source), Doubt>, sqlx::Error> {
    let moments = || fresh.iter().map(|new| new.read_at);
    let (Some(first), Some(last)) = (moments().min(), moments().max()) else { return Ok(HashMap::new()) };
    let rows = AROUND.query().bind(registers).bind(first).bind(last).fetch_all(&mut *tx).await?;
    let mut known: HashMap<i64, BTreeMap<DateTime<Utc>, Decimal>> = HashMap::new();
    for row in rows {
        known.entry(row.register_id).or_default().insert(row.read_at, row.value);
    }
    let rows = REGISTERS.query().bind(registers).fetch_all(&mut *tx).await?;
    let rows: HashMap<i64, RegisterRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let mut found = HashMap::new();
    for new in fresh {
        for (register, value) in &new.values {
            let Some(row) = rows.get(register) else { continue };
            let others = known.entry(*register).or_default();
            let shown = |(at, value): (&DateTime<Utc>, &Decimal)| Shown { at: *at, value: *value };
            let before = others.range(..new.read_at).next_back().map(shown);
            let mut after =
                others.range((std::ops::Bound::Excluded(new.read_at), std::ops::Bound::Unbounded));
            let after = after.next().map(shown);
            match row.judging().judge(before, Shown { at: new.read_at, value: *value }, after) {
                Some(doubt) => {
                    found.insert((*register, new.read_at, new.source), doubt);
                }
                None if new.source == Source::Estimate => {}
                None => {
                    others.insert(new.read_at, *value);
                }
            }
        }
    }
    Ok(found)
}

impl RegisterRow {
    fn judging(&self) -> Register<'_> {
        Register {
            market: &self.market,
            is_gas: self.commodity == "gas",
            digits: self.digits,
            multiplier: self.multiplier,
            annual_wh: self.annual_wh,
        }
    }
}

/// Adds readings and answers their row ids.
async fn add(
    tx: &mut Tx,
    giver: Giver,
    fresh: &[&NewReading],
    doubts: &HashMap<(i64, DateTime<Utc>, Source), Doubt>,
    now: DateTime<Utc>,
) -> Result<Vec<i64>, sqlx::Error> {
    let count = i64::try_from(fresh.len()).unwrap_or(i64::MAX);
    let ids: Vec<i64> =
        IDS.query().bind(count).fetch_all(&mut *tx).await?.into_iter().map(|(id,)| id).collect();
    let meters: Vec<i64> = fresh.iter().map(|new| new.meter_id).collect();
    let moments: Vec<DateTime<Utc>> = fresh.iter().map(|new| new.read_at).collect();
    let sources: Vec<&str> = fresh.iter().map(|new| new.source.code()).collect();
    let types: Vec<&str> = fresh.iter().map(|new| new.source.reading_type()).collect();
    let (kind, giver) = giver.unzip();
    let insert = ADD.command().bind(&ids).bind(meters).bind(moments).bind(sources).bind(types);
    insert.bind(kind).bind(giver).bind(now).execute(&mut *tx).await?;
    let mut values = Values::default();
    for (id, new) in ids.iter().zip(fresh) {
        for (register, value) in &new.values {
            values.readings.push(*id);
            values.registers.push(*register);
            values.moments.push(new.read_at);
            values.values.push(*value);
            let doubt = doubts.get(&(*register, new.read_at, new.source));
            values.reasons.push(doubt.map(|doubt| doubt.code()));
        }
    }
    let insert = ADD_VALUES.command().bind(values.readings).bind(values.registers).bind(values.moments);
    insert.bind(values.values).bind(values.reasons).execute(&mut *tx).await?;
    Ok(ids)
}

/// What registers showed, column by column.
#[derive(Default)]
struct Values {
    readings: Vec<i64>,
    registers: Vec<i64>,
    moments: Vec<DateTime<Utc>>,
    values: Vec<Decimal>,
    reasons: Vec<Option<&'static str>>,
}

fn unique(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

statement!(static METER: (i64,) = "select meter_id from meter_readings where id = $1 and withdrawn_at is null");
statement!(static REGISTERS_READ: (i64,) = "select register_id from register_readings where reading_id = $1");
statement!(static CONFIRM: (i64,) = "
    update register_readings set is_quarantined = false, confirmed_at = $2
    where reading_id = $1 and is_quarantined returning register_id");

/// Confirms a reading that was held back: it is right, and a register that seems to have gone backwards has come round.
/// Whether there is such a reading.
///
/// # Errors
/// Those of the database.
pub async fn confirm(tx: &mut Tx, reading: i64) -> Result<bool, sqlx::Error> {
    if !hold(tx, reading).await? {
        return Ok(false);
    }
    let now = tx.business_now().await?;
    let confirmed = CONFIRM.query().bind(reading).bind(now).fetch_all(&mut *tx).await?;
    let registers: Vec<i64> = confirmed.into_iter().map(|(register,)| register).collect();
    settle(tx, &registers).await?;
    Ok(!registers.is_empty())
}

/// Withdraws a reading that is wrong: it stays, and counts for nothing. Whether there is such a reading.
///
/// # Errors
/// Those of the database.
pub async fn withdraw(tx: &mut Tx, reading: i64) -> Result<bool, sqlx::Error> {
    if !hold(tx, reading).await? {
        return Ok(false);
    }
    let now = tx.business_now().await?;
    let withdrawn = WITHDRAW.query().bind(vec![reading]).bind(now).fetch_all(&mut *tx).await?;
    let registers = REGISTERS_READ.query().bind(reading).fetch_all(&mut *tx).await?;
    let registers: Vec<i64> = registers.into_iter().map(|(register,)| register).collect();
    settle(tx, &registers).await?;
    Ok(!withdrawn.is_empty())
}

async fn hold(tx: &mut Tx, reading: i64) -> Result<bool, sqlx::Error> {
    let Some((meter,)) = METER.query().bind(reading).fetch_optional(&mut *tx).await? else {
        return Ok(false);
    };
    HOLD.query().bind(vec![meter]).fetch_all(&mut *tx).await?;
    Ok(true)
}
