//! Supply: properties, the points at which they are supplied, and their meters, under the names that each market has
//! for them; what is sold, what was agreed, and what it costs.

mod account_properties;
mod agreement_changes;
mod agreements;
mod capacities;
mod checks;
mod consumption;
mod cost_of_use;
mod gas_points;
mod german;
mod japanese;
mod japanese_points;
mod japanese_readings;
mod leaving;
mod line_items;
mod malos;
mod market_points;
mod market_products;
mod measurements;
mod meter_points;
mod meters;
mod moves;
mod on_site;
mod point_readings;
mod postal_areas;
mod processes;
mod product_switches;
mod products;
mod properties;
mod rates;
mod readings;
mod rebates;
mod search;
mod service_orders;
mod smart_meters;
mod standing;
mod supply_points;
mod taking;
mod tariffs;
mod telemetry;

pub(super) use line_items::of_charge as line_items_of_charge;
pub(super) use meters::{ELECTRICITY_METER, GAS_METER, by_id as meter_by_id};

use super::session::Bindings;

/// There is no such property, point or account for the viewer; whether it is there at all is not told.
const NOT_YOURS: &str = "KT-CT-4501";
/// The number of a supply point, or part of an address, is none.
const BAD_INPUT: &str = "KT-CT-1605";

pub(super) fn bind(b: &mut Bindings) {
    account_properties::bind(b);
    agreement_changes::bind(b);
    agreements::bind(b);
    capacities::bind(b);
    checks::bind(b);
    consumption::bind(b);
    cost_of_use::bind(b);
    gas_points::bind(b);
    german::bind(b);
    japanese::bind(b);
    japanese_points::bind(b);
    japanese_readings::bind(b);
    leaving::bind(b);
    line_items::bind(b);
    malos::bind(b);
    market_points::bind(b);
    market_products::bind(b);
    measurements::bind(b);
    meter_points::bind(b);
    meters::bind(b);
    moves::bind(b);
    on_site::bind(b);
    service_orders::bind(b);
    point_readings::bind(b);
    processes::bind(b);
    product_switches::bind(b);
    products::bind(b);
    postal_areas::bind(b);
    properties::bind(b);
    rates::bind(b);
    readings::bind(b);
    rebates::bind(b);
    search::bind(b);
    smart_meters::bind(b);
    standing::bind(b);
    supply_points::bind(b);
    taking::bind(b);
    tariffs::bind(b);
    telemetry::bind(b);
}
