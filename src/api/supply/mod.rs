//! Supply: properties, the points at which they are supplied, and their meters, under the names that each market has
//! for them.

mod account_properties;
mod capacities;
mod gas_points;
mod japanese_points;
mod malos;
mod market_points;
mod meter_points;
mod meters;
mod properties;
mod search;
mod smart_meters;
mod supply_points;

pub(super) use meters::{ELECTRICITY_METER, GAS_METER, by_id as meter_by_id};

use super::session::Bindings;

/// There is no such property, point or account for the viewer; whether it is there at all is not told.
const NOT_YOURS: &str = "KT-CT-4501";
/// The number of a supply point, or part of an address, is none.
const BAD_INPUT: &str = "KT-CT-1605";

pub(super) fn bind(b: &mut Bindings) {
    account_properties::bind(b);
    capacities::bind(b);
    gas_points::bind(b);
    japanese_points::bind(b);
    malos::bind(b);
    market_points::bind(b);
    meter_points::bind(b);
    meters::bind(b);
    properties::bind(b);
    search::bind(b);
    smart_meters::bind(b);
    supply_points::bind(b);
}
