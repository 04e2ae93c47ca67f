//! What registers show over time, of points, meters or single registers.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::readings::Source;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};

/// Whose registers are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Those of all meters at a point.
    Point(i64),
    /// Those of a meter.
    Meter(i64),
    /// One.
    Register(i64),
}

row! {
    /// What a register showed at a moment.
    pub struct Stand {
        /// The reading.
        pub reading_id: i64,
        /// The register.
        pub register_id: i64,
        /// Its meter.
        pub meter_id: i64,
        /// The point where that hangs.
        pub supply_point_id: i64,
        /// The code of a [`Source`].
        pub source_code: String,
        /// When it was read.
        pub read_at: DateTime<Utc>,
        /// When it was read before, while the same customer was supplied.
        pub before: Option<DateTime<Utc>>,
        /// What it showed, in kWh or cubic metres.
        pub value: Decimal,
        /// What it would have shown next, had it not started again at zero.
        pub full: Decimal,
    }
}

impl Stand {
    /// How the reading came about.
    pub fn source(&self) -> &'static str {
        Source::of(&self.source_code).map_or("CUSTOMER", Source::code)
    }

    /// What it has counted since it showed `before`.
    pub fn counted_since(&self, before: Decimal) -> Decimal {
        if self.value >= before { self.value - before } else { self.value - before + self.full }
    }

    /// Whether it was worked out rather than read.
    pub fn is_estimate(&self) -> bool {
        self.source_code == Source::Estimate.code()
    }
}

// What counts, of the time for which the viewer, or whom they act for, was supplied.
statement!(static STANDS: Stand = concat!("
    select x.reading_id, x.register_id, m.id as meter_id, m.supply_point_id, r.source as source_code, x.read_at,
        (select max(p.read_at) from register_readings p where p.register_id = x.register_id and p.counts
            and p.read_at < x.read_at and p.read_at >= seen.since) as before,
        x.value * g.multiplier as value, power(10::numeric, g.digits::numeric) * g.multiplier as full
    from meters m join meter_registers g on g.meter_id = m.id join register_readings x on x.register_id = g.id
        join meter_readings r on r.id = x.reading_id
        cross join lateral (select min(lower(s.during)) as since
            from supply_periods s join accounts a on a.id = s.account_id
            where s.supply_point_id = m.supply_point_id and x.read_at >= lower(s.during)
                and (upper_inf(s.during) or x.read_at <= upper(s.during)) and ", account_is_visible!(), ") seen
    where x.counts and seen.since is not null and (m.supply_point_id = any($3::bigint[]) or m.id = any($4::bigint[])
        or m.id in (select o.meter_id from meter_registers o where o.id = any($5::bigint[])))
    order by x.read_at, x.register_id"));

/// What the registers of each of these showed, by time, as far as the viewer may see it.
///
/// # Errors
/// Those of the database.
pub async fn stands(tx: &mut Tx, viewer: &Viewer, of: &[Of]) -> Result<Vec<Vec<Stand>>, sqlx::Error> {
    let (mut points, mut meters, mut registers) = (Vec::new(), Vec::new(), Vec::new());
    for each in of {
        match each {
            Of::Point(id) => points.push(*id),
            Of::Meter(id) => meters.push(*id),
            Of::Register(id) => registers.push(*id),
        }
    }
    let query = STANDS.seen_by(viewer).bind(points).bind(meters);
    let rows = query.bind(registers).fetch_all(&mut *tx).await?;
    let belongs = |stand: &Stand, of: &Of| match of {
        Of::Point(id) => stand.supply_point_id == *id,
        Of::Meter(id) => stand.meter_id == *id,
        Of::Register(id) => stand.register_id == *id,
    };
    let stands = |of: &Of| rows.iter().filter(|stand| belongs(stand, of)).cloned().collect();
    Ok(of.iter().map(stands).collect())
}
