//! The market's list of addresses around the homes of Texas.

use super::areas::Area;
use super::cast::Customer;
use crate::domain::supply::premises::{self, NewPremise};
use crate::platform::db::Tx;

/// Houses of a street that are listed, the home among them.
const LISTED: u64 = 9;
/// From house to house: by number, and by the number of the point.
const APART: (u64, u128) = (4, 17);

/// Lists a home by the number of its point, and some of its neighbours.
pub(super) async fn list(
    tx: &mut Tx,
    customer: &Customer,
    area: &Area,
    esi_id: &str,
) -> Result<(), sqlx::Error> {
    let Some((town, streets)) = customer.address.split_last() else { return Ok(()) };
    let (city, state) = town.rsplit_once(' ').unwrap_or((town, ""));
    let Some((line, before)) = streets.split_last() else { return Ok(()) };
    let (house, street) = line.split_once(' ').unwrap_or(("1", line));
    let (Ok(house), Ok(point)) = (house.parse::<u64>(), esi_id.parse::<u128>()) else { return Ok(()) };
    let is_business = customer.account_type == "BUSINESS";
    let all = (0..LISTED).map(|away| NewPremise {
        esi_id: (point + u128::from(away) * APART.1).to_string(),
        address: format!("{} {street}", house + away * APART.0),
        address2: before.concat(),
        city: city.to_owned(),
        state: state.to_owned(),
        zip: customer.postcode.to_owned(),
        network: area.operator.to_owned(),
        // One in four is read by hand.
        meter: (away % 4 != 3).then(|| "AMSM".to_owned()),
        kind: if is_business && away == 0 { "SMALL_NON_RESIDENTIAL" } else { "RESIDENTIAL" }.to_owned(),
    });
    premises::keep(tx, &all.collect::<Vec<_>>()).await
}
