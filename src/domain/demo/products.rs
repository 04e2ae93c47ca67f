//! What the people of the demo world take at their supply points.

use super::cast::Customer;
use super::{DemoError, World};
use crate::domain::supply::agreed::{self, Agreement};
use crate::domain::supply::agreements::{self, AgreementError, NewAgreement};
use crate::domain::supply::supply_points::{self, SupplyPoint};
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::page::Window;

/// What somebody would like, the dearest wish first; whoever cannot have it takes the next.
fn wishes(customer: &Customer, point: &SupplyPoint, is_prepaid: bool) -> &'static [&'static str] {
    // Tastes differ, and stay the same.
    let taste = customer.email.bytes().map(usize::from).sum::<usize>() % 4;
    let is_export = point.direction == "EXPORT";
    match (point.market.as_str(), is_export, point.is_gas()) {
        ("gb", true, _) => &["OUTGOING-VAR-24-10-26"],
        ("gb", ..) if customer.brand == "COOP_ENERGY" => &["COOP-VAR-22-11-01"],
        ("gb", ..) if is_prepaid => &["PREPAY-VAR-18-09-21"],
        ("gb", _, true) => &["VAR-22-11-01", "BUS-VAR-23-01-01"],
        ("gb", ..) => match taste {
            0 => &["AGILE-24-10-01", "VAR-22-11-01", "BUS-VAR-23-01-01"],
            1 => &["GO-VAR-22-10-14", "VAR-22-11-01", "BUS-VAR-23-01-01"],
            2 => &["EWN-VAR-23-04-01", "VAR-22-11-01", "BUS-VAR-23-01-01"],
            _ => &["VAR-22-11-01", "BUS-VAR-23-01-01"],
        },
        ("de", _, true) => &["DEU-GAS-22"],
        ("de", ..) => match taste {
            0 => &["DEU-GO-23", "DEU-FLEX-22-01"],
            1 => &["DEU-HEAT-24", "DEU-FLEX-22-01"],
            _ => &["DEU-FLEX-22-01"],
        },
        ("jp", true, _) => &["FIT-2023-01"],
        ("jp", _, true) => &["GAS-2022-11"],
        ("jp", ..) if taste == 0 => &["SIMPLE-2024-01", "GREEN-2022-11"],
        ("jp", ..) => &["GREEN-2022-11"],
        ("au", true, _) => &["AUS-SOLAR-FIT-23"],
        ("au", _, true) => &["AUS-GAS-BASIC-22"],
        ("au", ..) if customer.brand == "ORIGIN_ZERO" => &["ZERO-GREEN-24", "AUS-BASIC-22-07"],
        ("au", ..) => &["AUS-GO-VARIABLE-23", "AUS-BASIC-22-07"],
        ("us", true, _) => &["USA-BUYBACK-24"],
        ("us", ..) if taste == 0 => &["USA-NIGHTS-24", "USA-FLEX-22"],
        _ => &["USA-FLEX-22"],
    }
}

/// Lets an account take something at each of its points where nothing is agreed on yet. What most of the cast are charged for the
/// past is told with them, so their energy is charged from the present on; that of some is charged as it was used.
pub(super) async fn choose(
    tx: &mut Tx,
    world: &World<'_>,
    customer: &Customer,
    account: i64,
    is_prepaid: bool,
) -> Result<(), DemoError> {
    let Some(market) = market::of_brand(customer.brand) else { return Ok(()) };
    let (today, present) = (market.day(tx.business_now().await?), market.day(tx.wall_now()));
    let pages =
        supply_points::page_of_accounts(tx, &world.clerk, &[account], &Window::forward(0, 10)).await?;
    let points: Vec<SupplyPoint> = pages.into_iter().flat_map(|page| page.rows).collect();
    let ids: Vec<i64> = points.iter().map(|point| point.id).collect();
    let held = agreed::of_points::<Agreement>(tx, &world.clerk, &ids).await?;
    for (point, held) in points.into_iter().zip(held) {
        if held.iter().any(|agreement| agreement.is_active) {
            continue;
        }
        for product in wishes(customer, &point, is_prepaid) {
            let new = NewAgreement {
                account,
                supply_point: point.id,
                product,
                payment_method: if is_prepaid { "PREPAYMENT" } else { "DIRECT_DEBIT" },
                from: today,
                to: None,
                charged_from: (!customer.is_charged_as_used()).then_some(present),
            };
            match agreements::agree(tx, &new).await {
                Ok(_) => break,
                Err(AgreementError::NoProduct | AgreementError::NotSupplied) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
