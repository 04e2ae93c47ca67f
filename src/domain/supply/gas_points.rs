//! What the register of the British gas industry says of a point, and what follows from it.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use sqlx::types::Json;

use crate::domain::accounts::in_order;
use crate::platform::db::{Tx, field, row, statement};

/// An entry of the register, and what is known here beside it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct GasEntry {
    /// The part of the network that the gas comes from.
    pub exit_zone: String,
    /// What is expected in a year, as it is reckoned now, in kWh.
    pub aq_kwh: i64,
    /// The same as it was fixed for the formula year.
    pub formula_aq_kwh: i64,
    /// What the hardest day may take, in kWh.
    pub soq_kwh: i64,
    /// The same as it was fixed for the formula year.
    pub formula_soq_kwh: i64,
    /// Whether the meter is read every day.
    pub is_daily_metered: bool,
    /// Who has the last stretch of pipe, if not the network itself.
    pub transporter: Option<String>,
    /// `D` for homes, `I` for businesses.
    pub sector: String,
    /// Who owns the meter: the transporter `T`, the supplier `S` or the customer `C`.
    pub meter_ownership: String,
    /// How often it is read: every year `A`, half year `6`, month `M` or day `D`.
    pub read_frequency: String,
    /// From 1, the largest, to 4.
    pub supply_class: i64,
    /// `LI` live, `DE` dead, `EX` extinct, `PL` planned.
    pub status: String,
    /// Since when it has that status.
    pub status_at: DateTime<Utc>,
    /// By which number it confirms that we supply the point.
    pub confirmation: Option<i64>,
    /// What it calls our wish to do so.
    pub nomination: Option<String>,
    /// Who supplied it before.
    pub old_supplier: Option<String>,
    /// Who supplies it now, or will.
    pub new_supplier: Option<String>,
    /// The first day of that.
    pub starts_on: Option<NaiveDate>,
    /// When the register was asked last.
    pub checked_at: DateTime<Utc>,
    /// Whether what the supply began with is disputed.
    pub opening_disputed: bool,
    /// Whether what the supply ended with is disputed.
    pub closing_disputed: bool,
    /// The first day of a smart meter.
    pub smart_since: Option<NaiveDate>,
    /// Whether the supply has an end.
    pub is_ending: bool,
}

field!(Json<GasEntry>);

/// The greatest annual quantity of each band of end users but the last, in kWh.
const BANDS: [i64; 8] = [73_200, 293_000, 732_000, 2_196_000, 5_860_000, 14_650_000, 29_300_000, 58_600_000];

impl GasEntry {
    /// The band of end users that the point is in, from 1 to 9.
    pub fn band(&self) -> i64 {
        BANDS.iter().take_while(|most| self.aq_kwh > **most).fold(1, |band, _| band + 1)
    }

    /// The category of end users, with zone and gas year, such as `NT:E2501BND`.
    pub fn category(&self, ldz: &str) -> String {
        let day = self.checked_at.date_naive();
        // A gas year begins in October.
        let year = day.year() - i32::from(day.month() < 10);
        format!("{ldz}:E{:02}{:02}BND", year.rem_euclid(100), self.band())
    }

    /// `SSP`, a smaller supply point, or `LSP`.
    pub fn market_category(&self) -> &'static str {
        if self.band() == 1 { "SSP" } else { "LSP" }
    }

    /// Whether the register has still to be told that we supply the point.
    pub fn requires_enrolment(&self) -> bool {
        self.confirmation.is_none() && !self.is_ending
    }

    /// Whether the register has still to be told that we do not any more.
    pub fn requires_withdrawal(&self) -> bool {
        self.confirmation.is_some() && self.is_ending
    }
}

/// The entry of the supply point `sp` as one value, for staff and whoever is supplied there now. Who came later is
/// nothing to whoever has left.
macro_rules! gas_entry {
    () => {
        concat!(
            "case when sp.commodity = 'gas' then (select to_jsonb(entry) from (select g.exit_zone, g.aq_kwh, g.formula_aq_kwh, g.soq_kwh, g.formula_soq_kwh, \
              g.is_daily_metered, g.transporter, g.sector, g.meter_ownership, g.read_frequency, g.supply_class, \
              g.status, g.status_at, g.confirmation, g.nomination, g.old_supplier, g.new_supplier, g.starts_on, \
              g.checked_at, \
              exists (select from read_disputes d join supply_periods dp on dp.id = d.supply_period_id \
                where dp.supply_point_id = sp.id and d.reading = 'OPENING' and d.settled_at is null) as opening_disputed, \
              exists (select from read_disputes d join supply_periods dp on dp.id = d.supply_period_id \
                where dp.supply_point_id = sp.id and d.reading = 'CLOSING' and d.settled_at is null) as closing_disputed, \
              (select min(sm.active_from) from meters sm join smart_meter_devices sd on sd.meter_id = sm.id \
                where sm.supply_point_id = sp.id) as smart_since, \
              not exists (select from supply_periods op where op.supply_point_id = sp.id and upper_inf(op.during)) \
                as is_ending \
              from gas_register_entries g where g.supply_point_id = sp.id and ($1::text = 'support-user' \
                or exists (select from supply_periods held join accounts a on a.id = held.account_id \
                  where held.supply_point_id = sp.id and upper_inf(held.during) and ",
            $crate::domain::auth::viewer::account_is_visible!(),
            "))) entry) end"
        )
    };
}
pub(super) use gas_entry;

row! {
    /// What transporters charge in a local distribution zone, in pence.
    pub struct NetworkCharges {
        /// The zone.
        pub ldz: String,
        /// A day, for each kWh of the hardest day.
        pub ldz_capacity: Decimal,
        /// For each kWh.
        pub ldz_commodity: Decimal,
        /// A day, for each kWh of the hardest day, towards what customers cost.
        pub ldz_customer: Decimal,
        /// A day, for each kWh of the hardest day, at the way out of the national network.
        pub exit_capacity: Decimal,
        /// For each kWh that leaves the national network.
        pub nts_exit_commodity: Decimal,
    }
}

statement!(static CHARGES: NetworkCharges = "
    select distinct on (c.ldz) c.ldz, c.ldz_capacity, c.ldz_commodity, c.ldz_customer, c.exit_capacity,
        c.nts_exit_commodity
    from gas_network_charges c where c.ldz = any($1::text[]) and c.valid_from <= $2 order by c.ldz, c.valid_from desc");

/// What is charged in each of these zones on a day, in order.
pub async fn network_charges(
    tx: &mut Tx,
    zones: &[String],
    day: NaiveDate,
) -> Result<Vec<Option<NetworkCharges>>, sqlx::Error> {
    let rows = CHARGES.query().bind(zones).bind(day).fetch_all(&mut *tx).await?;
    Ok(in_order(zones, rows, |charges| charges.ldz.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(aq_kwh: i64) -> GasEntry {
        let now = "2026-11-21T09:00:00Z".parse().expect("a moment");
        GasEntry {
            exit_zone: "NT1".into(),
            aq_kwh,
            formula_aq_kwh: aq_kwh,
            soq_kwh: 90,
            formula_soq_kwh: 90,
            is_daily_metered: false,
            transporter: None,
            sector: "D".into(),
            meter_ownership: "S".into(),
            read_frequency: "6".into(),
            supply_class: 4,
            status: "LI".into(),
            status_at: now,
            confirmation: None,
            nomination: None,
            old_supplier: None,
            new_supplier: None,
            starts_on: None,
            checked_at: now,
            opening_disputed: false,
            closing_disputed: false,
            smart_since: None,
            is_ending: false,
        }
    }

    #[test]
    fn bands_go_by_the_annual_quantity() {
        let band = |aq| entry(aq).band();
        assert_eq!((band(12_000), band(73_200), band(73_201), band(60_000_000)), (1, 1, 2, 9));
        assert_eq!(entry(12_000).category("NT"), "NT:E2601BND");
        assert_eq!((entry(12_000).market_category(), entry(300_000).market_category()), ("SSP", "LSP"));
        let september =
            GasEntry { checked_at: "2026-09-30T09:00:00Z".parse().expect("a moment"), ..entry(80_000) };
        assert_eq!(september.category("EA"), "EA:E2502BND");
    }

    #[test]
    fn the_register_is_told_what_it_does_not_know() {
        let new = entry(12_000);
        assert!(new.requires_enrolment() && !new.requires_withdrawal());
        let confirmed = GasEntry { confirmation: Some(7), ..new };
        assert!(!confirmed.requires_enrolment() && !confirmed.requires_withdrawal());
        let left = GasEntry { is_ending: true, ..confirmed };
        assert!(!left.requires_enrolment() && left.requires_withdrawal());
    }
}
