//! What is known of gas meters, of Britain above all: who made them, where they hang, and what turns what they count
//! into energy.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use sqlx::types::Json;
use thiserror::Error;

use crate::platform::db::{Tx, database_error, field, on_constraint, statement};

/// What is known of a gas meter.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct GasMeterFacts {
    /// What its maker calls it.
    pub model_name: String,
    /// Its maker, by a code of three letters.
    pub manufacturer_code: String,
    /// The year in which it was made.
    pub manufactured_year: Option<i32>,
    /// How it works: `CR` credit, `PP` prepayment, `S1` or `S2` smart, and the like.
    pub mechanism: String,
    /// Whether it counts hundreds of cubic feet rather than cubic metres.
    pub is_imperial: bool,
    /// What its volumes are multiplied by for temperature and pressure.
    pub correction: Decimal,
    /// What its dial is multiplied by.
    pub reading_factor: Decimal,
    /// How much gas there is to a pulse.
    pub pulse_value: Decimal,
    /// Where it hangs, by a code of two digits.
    pub location: String,
    /// Where it hangs, in words.
    pub location_description: String,
    /// Who owns it.
    pub owner: String,
    /// When it was last looked at on site.
    pub inspected_on: Option<NaiveDate>,
}

field!(Json<GasMeterFacts>);

/// What is known of the gas meter `m`, as one value.
macro_rules! gas_meter_facts {
    () => {
        "(select to_jsonb(facts) from (select g.model_name, g.manufacturer_code, g.manufactured_year, g.mechanism, \
          g.is_imperial, g.correction::text, g.reading_factor::text, g.pulse_value::text, g.location, \
          g.location_description, g.owner, g.inspected_on from gas_meters g where g.meter_id = m.id) facts)"
    };
}
pub(super) use gas_meter_facts;

/// Why nothing was noted.
#[derive(Debug, Error)]
pub enum FactsError {
    /// There is no such gas meter.
    #[error("there is no such gas meter")]
    UnknownMeter,
    /// Something is known of the meter already.
    #[error("the meter has been described already")]
    DescribedAlready,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(FactsError);

impl From<sqlx::Error> for FactsError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "gas_meters_pkey") { Self::DescribedAlready } else { Self::Database(error) }
    }
}

statement!(static DESCRIBE: (i64,) = "
    insert into gas_meters (meter_id, model_name, manufacturer_code, manufactured_year, mechanism, is_imperial,
        correction, reading_factor, pulse_value, location, location_description, owner, inspected_on)
    select m.id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
    from meters m join supply_points sp on sp.id = m.supply_point_id where m.id = $1 and sp.commodity = 'gas'
    returning meter_id");
/// Notes what is known of a gas meter.
pub async fn describe(tx: &mut Tx, meter: i64, facts: &GasMeterFacts) -> Result<(), FactsError> {
    let f = facts;
    let note = DESCRIBE.query().bind(meter).bind(&f.model_name).bind(&f.manufacturer_code);
    let note = note.bind(f.manufactured_year).bind(&f.mechanism).bind(f.is_imperial).bind(f.correction);
    let note = note.bind(f.reading_factor).bind(f.pulse_value).bind(&f.location);
    let note = note.bind(&f.location_description).bind(&f.owner).bind(f.inspected_on);
    note.fetch_optional(&mut *tx).await?.map(drop).ok_or(FactsError::UnknownMeter)
}
