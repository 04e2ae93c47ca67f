//! What may be drawn from a point at once, as it was agreed with the network. Changes are added; what held before stays.

use std::collections::HashMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use thiserror::Error;

use super::visible::zone_of_point;
use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

row! {
    /// What holds from a local day on.
    pub struct Capacity {
        /// The point.
        pub supply_point_id: i64,
        /// The first local day.
        pub valid_from: NaiveDate,
        /// Amperes, where contracts go by them.
        pub amperage: Option<i32>,
        /// Kilovolt-amperes.
        pub kva: Option<i32>,
        /// Kilowatts.
        pub kw: Option<Decimal>,
    }
}

/// A capacity that prices go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The figure.
    pub value: Decimal,
    /// Its unit, such as `AMPERE`.
    pub unit: &'static str,
    /// In amperes: one kilovolt-ampere is priced as ten.
    pub amperes: Decimal,
}

/// What held on a local day, of what was agreed on one point from the earliest on.
pub fn on(agreed: &[Capacity], day: NaiveDate) -> Option<&Capacity> {
    agreed.iter().rfind(|capacity| capacity.valid_from <= day)
}

impl Capacity {
    /// What contracts go by; none where only kilowatts were agreed, which have contracts of their own.
    pub fn of_contract(&self) -> Option<Agreed> {
        let (value, factor, unit) = match (self.amperage, self.kva) {
            (Some(amperage), _) => (amperage, 1, "AMPERE"),
            (None, Some(kva)) => (kva, 10, "KILOVOLT_AMPERE"),
            (None, None) => return None,
        };
        let value = Decimal::from(value);
        Some(Agreed { value, unit, amperes: value * Decimal::from(factor) })
    }

    /// The figure that was agreed, and its unit.
    pub fn agreed(&self) -> (Option<Decimal>, Option<&'static str>) {
        let units = [
            (self.amperage.map(Decimal::from), "AMPERE"),
            (self.kva.map(Decimal::from), "KILOVOLT_AMPERE"),
            (self.kw, "KILOWATT"),
        ];
        let found = units.into_iter().find(|(value, _)| value.is_some());
        found.map_or((None, None), |(value, unit)| (value, Some(unit)))
    }
}

/// Why nothing was agreed.
#[derive(Debug, Error)]
pub enum CapacityError {
    /// There is no such supply point.
    #[error("there is no such supply point")]
    UnknownPoint,
    /// Something was agreed from that day on already.
    #[error("something else holds from that day on")]
    AgreedAlready,
    /// No figure, or none above zero.
    #[error("a capacity has a figure above zero")]
    Figure,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(CapacityError);

impl From<sqlx::Error> for CapacityError {
    fn from(error: sqlx::Error) -> Self {
        let is = |name| on_constraint(&error, name);
        if is("supply_point_capacities_day_key") {
            Self::AgreedAlready
        } else if is("supply_point_capacities_supply_point_id_fkey") {
            Self::UnknownPoint
        } else if is("supply_point_capacities_figure") {
            Self::Figure
        } else {
            Self::Database(error)
        }
    }
}

statement!(static AGREE: () = "
    insert into supply_point_capacities (supply_point_id, valid_from, amperage, kva, kw, created_at)
    values ($1, $2, $3, $4, $5, $6)");
// What was agreed before the viewer's time is shown as far as it still held then.
statement!(static OF_POINTS: Capacity = concat!("
    select c.supply_point_id, c.valid_from, c.amperage, c.kva, c.kw
    from (
        select held.*, lead(held.valid_from) over (partition by held.supply_point_id order by held.valid_from) as next
        from supply_point_capacities held where held.supply_point_id = any($3::bigint[])
    ) c join supply_points sp on sp.id = c.supply_point_id
    where ($1::text = 'support-user' or exists (select from supply_periods s join accounts a on a.id = s.account_id
        where s.supply_point_id = sp.id
          and (c.next is null or c.next > (lower(s.during) at time zone ", zone_of_point!(), ")::date)
          and (upper_inf(s.during) or c.valid_from < (upper(s.during) at time zone ", zone_of_point!(), ")::date)
          and ", account_is_visible!(), "))
    order by c.supply_point_id, c.valid_from"));

statement!(static HELD: Capacity = "
    select c.supply_point_id, c.valid_from, c.amperage, c.kva, c.kw from supply_point_capacities c
    where c.supply_point_id = any($1::bigint[]) order by c.supply_point_id, c.valid_from");

/// All that was agreed at each of these points, from the earliest on, for pricing what was supplied there.
pub async fn held(tx: &mut Tx, points: &[i64]) -> Result<HashMap<i64, Vec<Capacity>>, sqlx::Error> {
    let mut held: HashMap<i64, Vec<Capacity>> = HashMap::new();
    for row in HELD.query().bind(points).fetch_all(&mut *tx).await? {
        held.entry(row.supply_point_id).or_default().push(row);
    }
    Ok(held)
}

/// Agrees on a capacity from a local day on.
pub async fn agree(tx: &mut Tx, new: &Capacity) -> Result<(), CapacityError> {
    let now = tx.business_now().await?;
    let agree = AGREE.command().bind(new.supply_point_id).bind(new.valid_from).bind(new.amperage);
    agree.bind(new.kva).bind(new.kw).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// What was agreed for each of these points while the viewer was supplied there, from the earliest on.
pub async fn of_points(
    tx: &mut Tx,
    viewer: &Viewer,
    points: &[i64],
) -> Result<Vec<Vec<Capacity>>, sqlx::Error> {
    let query = OF_POINTS.seen_by(viewer).bind(points);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(points, rows.into_iter().map(|row| (row.supply_point_id, row)).collect()))
}
