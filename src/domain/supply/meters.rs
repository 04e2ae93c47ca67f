//! Meters and their registers. One meter hangs at a point at a time; an exchange takes it off and puts another one on
//! at the beginning of the same local day.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::types::Json;
use thiserror::Error;

use super::gas_meters::{GasMeterFacts, gas_meter_facts};
use super::identifiers::MarketName;
use super::visible::meter_is_visible;
use crate::domain::accounts::{grouped, in_order};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, on_constraint, row, statement, violated};
use crate::platform::market;

row! {
    /// A meter.
    pub struct Meter {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// The point that it measures.
        pub supply_point_id: i64,
        /// What is written on it.
        pub serial_number: String,
        /// The kind of meter, as its market calls it.
        pub meter_type: String,
        /// Maker and model.
        pub make_and_type: Option<String>,
        /// Its first local day.
        pub active_from: NaiveDate,
        /// The local day on which it was taken off.
        pub active_to: Option<NaiveDate>,
        /// Whether it sends what ran through it, interval by interval.
        pub sends_half_hourly: bool,
        /// The greatest current that it is made for, in amperes.
        pub capacity: Option<i32>,
        /// Market of its point, such as `GBR_GAS`.
        pub market_name: String,
        /// Which way energy runs through it: `IMPORT` or `EXPORT`.
        pub direction: String,
        /// What is known of a gas meter.
        pub gas: Option<Json<GasMeterFacts>>,
    }
}

impl Meter {
    /// What is known of it, if it is a gas meter of which anything is.
    pub fn facts(&self) -> Option<&GasMeterFacts> {
        self.gas.as_deref()
    }

    /// Whether gas runs through it.
    pub fn is_gas(&self) -> bool {
        self.market_name.ends_with("_GAS")
    }

    /// The beginning of the local day on which it was taken off.
    pub fn removed_at(&self) -> Option<DateTime<Utc>> {
        let market = market::by_code(MarketName::parse(&self.market_name)?.market())?;
        self.active_to.map(|day| market.start_of(day))
    }
}

row! {
    /// What one register of a meter counts.
    pub struct Register {
        /// Row id.
        pub id: i64,
        /// The meter.
        pub meter_id: i64,
        /// What the market calls it, such as `01` or an OBIS code.
        pub identifier: String,
        /// What people call it.
        pub name: String,
        /// The part of the day that it counts in: `STANDARD`, `DAY`, `NIGHT` or `OFF_PEAK`.
        pub band: String,
        /// How many digits it shows before the decimal point; then it starts again at zero.
        pub digits: i16,
        /// How many it shows after it.
        pub decimal_places: i16,
        /// One unit of it in kWh, or in cubic metres of gas.
        pub multiplier: Decimal,
    }
}

/// A register of a meter to be installed.
#[derive(Clone, Copy, Debug)]
pub struct NewRegister<'a> {
    /// What the market calls it.
    pub identifier: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// The part of the day that it counts in.
    pub band: &'a str,
    /// How many digits it shows before the decimal point.
    pub digits: i16,
    /// How many it shows after it.
    pub decimal_places: i16,
    /// One unit of it in kWh, or in cubic metres of gas.
    pub multiplier: Decimal,
}

/// A meter to be installed.
#[derive(Clone, Debug)]
pub struct NewMeter<'a> {
    /// What is written on it.
    pub serial_number: &'a str,
    /// The kind of meter, as its market calls it.
    pub meter_type: &'a str,
    /// Maker and model.
    pub make_and_type: Option<&'a str>,
    /// Whether it sends what runs through it, interval by interval.
    pub sends_half_hourly: bool,
    /// The greatest current that it is made for, in amperes.
    pub capacity: Option<i32>,
    /// What it counts; at least one.
    pub registers: &'a [NewRegister<'a>],
}

/// Why no meter was installed.
#[derive(Debug, Error)]
pub enum MeterError {
    /// There is no such supply point.
    #[error("there is no such supply point")]
    UnknownPoint,
    /// Another meter hangs there on that day, or on a later one.
    #[error("another meter hangs there")]
    HangsAlready,
    /// The point has had a meter of this serial number.
    #[error("the point has had a meter with this serial number")]
    SerialNumberTaken,
    /// There is no meter to take off, or it was put on no earlier than that day.
    #[error("no meter hangs there that could be taken off on that day")]
    NothingToTakeOff,
    /// No register, or one that cannot be.
    #[error("a meter needs registers with names of their own, 3 to 10 digits and at most 4 decimal places")]
    Registers,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(MeterError);

impl From<sqlx::Error> for MeterError {
    fn from(error: sqlx::Error) -> Self {
        let is = |name| on_constraint(&error, name);
        if is("meters_one_at_a_time") {
            Self::HangsAlready
        } else if is("meters_serial_number_key") {
            Self::SerialNumberTaken
        } else if is("meters_supply_point_id_fkey") {
            Self::UnknownPoint
        } else if violated(&error).is_some_and(|name| name.starts_with("meter_registers_")) {
            Self::Registers
        } else {
            Self::Database(error)
        }
    }
}

row! {
    struct ImportMeter {
        export_id: i64,
        meter_id: i64,
    }
}

/// The columns of a [`Meter`], with its point as `sp`.
macro_rules! meter_columns {
    () => {
        concat!(
            "m.id, m.supply_point_id, m.serial_number, m.meter_type, m.make_and_type, m.active_from, m.active_to, \
             m.sends_half_hourly, m.capacity, sp.market_name, sp.direction, ",
            gas_meter_facts!(),
            " as gas"
        )
    };
}

statement!(static ADD: (i64,) = "
    insert into meters (supply_point_id, serial_number, meter_type, make_and_type, active_from, sends_half_hourly,
        capacity, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8) returning id");
statement!(static ADD_REGISTER: () = "
    insert into meter_registers (meter_id, identifier, name, band, digits, decimal_places, multiplier)
    values ($1, $2, $3, $4, $5, $6, $7)");
statement!(static TAKE_OFF: (i64,) = "
    update meters set active_to = $2 where supply_point_id = $1 and active_to is null and active_from < $2 returning id");
statement!(static BY_ID: Meter = concat!(
    "select ", meter_columns!(), " from meters m join supply_points sp on sp.id = m.supply_point_id
    where m.id = any($3::bigint[]) and ", meter_is_visible!()));
// $4 asks for meters that were taken off as well.
statement!(static OF_POINTS: Meter = concat!(
    "select ", meter_columns!(), " from meters m join supply_points sp on sp.id = m.supply_point_id
    where m.supply_point_id = any($3::bigint[]) and ($4 or m.active_to is null) and ", meter_is_visible!(), "
    order by m.supply_point_id, m.active_from desc, m.id desc"));
// The meter of the same number that measures what comes into the same property.
statement!(static IMPORT_METERS: ImportMeter = concat!(
    "select other.id as export_id, m.id as meter_id
    from meters other join supply_points osp on osp.id = other.supply_point_id and osp.direction = 'EXPORT'
    join supply_points sp on sp.property_id = osp.property_id and sp.market_name = osp.market_name
        and sp.direction = 'IMPORT'
    join meters m on m.supply_point_id = sp.id and m.serial_number = other.serial_number
    where other.id = any($3::bigint[]) and ", meter_is_visible!()));
// Whoever asks has been shown the meters.
statement!(static REGISTERS: Register = "
    select r.id, r.meter_id, r.identifier, r.name, r.band, r.digits, r.decimal_places, r.multiplier
    from meter_registers r where r.meter_id = any($1::bigint[]) order by r.meter_id, r.identifier");

/// Hangs a meter at a point on a local day. Answers its row id.
pub async fn install(
    tx: &mut Tx,
    supply_point: i64,
    on: NaiveDate,
    new: &NewMeter<'_>,
) -> Result<i64, MeterError> {
    if new.registers.is_empty() {
        return Err(MeterError::Registers);
    }
    let now = tx.business_now().await?;
    let add =
        ADD.query().bind(supply_point).bind(new.serial_number).bind(new.meter_type).bind(new.make_and_type);
    let add = add.bind(on).bind(new.sends_half_hourly).bind(new.capacity).bind(now);
    let (id,) = add.fetch_one(&mut *tx).await?;
    for register in new.registers {
        let add = ADD_REGISTER.command().bind(id).bind(register.identifier).bind(register.name);
        let add = add.bind(register.band).bind(register.digits).bind(register.decimal_places);
        add.bind(register.multiplier).execute(&mut *tx).await?;
    }
    Ok(id)
}

/// Takes off the meter that hangs at a point, at the beginning of a local day. Answers its row id.
pub async fn take_off(tx: &mut Tx, supply_point: i64, on: NaiveDate) -> Result<i64, MeterError> {
    let taken = TAKE_OFF.query().bind(supply_point).bind(on).fetch_optional(&mut *tx).await?;
    Ok(taken.ok_or(MeterError::NothingToTakeOff)?.0)
}

/// Takes off the meter that hangs at a point and hangs another one there, on the same local day. Answers the row ids of
/// both.
pub async fn exchange(
    tx: &mut Tx,
    supply_point: i64,
    on: NaiveDate,
    new: &NewMeter<'_>,
) -> Result<(i64, i64), MeterError> {
    let old = take_off(tx, supply_point, on).await?;
    Ok((old, install(tx, supply_point, on, new).await?))
}

/// The meters with these ids that the viewer may see, in order.
pub async fn by_ids(tx: &mut Tx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Option<Meter>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |meter| meter.id))
}

/// The meters of each of these points that the viewer may see, newest first; those that were taken off only if
/// `including_old`.
pub async fn of_points(
    tx: &mut Tx,
    viewer: &Viewer,
    points: &[i64],
    including_old: bool,
) -> Result<Vec<Vec<Meter>>, sqlx::Error> {
    let query = OF_POINTS.seen_by(viewer).bind(points).bind(including_old);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(points, rows.into_iter().map(|meter| (meter.supply_point_id, meter)).collect()))
}

/// For each of these meters that measures what is fed out, the same meter where it measures what comes in.
pub async fn import_meters(
    tx: &mut Tx,
    viewer: &Viewer,
    meters: &[i64],
) -> Result<Vec<Option<Meter>>, sqlx::Error> {
    let query = IMPORT_METERS.seen_by(viewer).bind(meters);
    let pairs = in_order(meters, query.fetch_all(&mut *tx).await?, |pair| pair.export_id);
    let wanted: Vec<i64> = pairs.iter().flatten().map(|pair| pair.meter_id).collect();
    let found = by_ids(tx, viewer, &wanted).await?;
    let of = |pair: Option<ImportMeter>| {
        let wanted = pair?.meter_id;
        found.iter().flatten().find(|meter| meter.id == wanted).cloned()
    };
    Ok(pairs.into_iter().map(of).collect())
}

/// What each of these meters, which the caller has been shown, counts.
pub async fn registers(tx: &mut Tx, meters: &[i64]) -> Result<Vec<Vec<Register>>, sqlx::Error> {
    let rows = REGISTERS.query().bind(meters).fetch_all(&mut *tx).await?;
    Ok(grouped(meters, rows.into_iter().map(|register| (register.meter_id, register)).collect()))
}
