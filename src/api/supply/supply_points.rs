//! `supplyPoint`, `supplyPoints`, and supply points as any market has them: `SupplyPointType`, with its meters as
//! devices.

use super::meter_points::ids;
use super::{BAD_INPUT, NOT_YOURS};
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::{accounts, portfolios};
use crate::domain::supply::identifiers::MarketName;
use crate::domain::supply::meters::{self, Meter, Register};
use crate::domain::supply::properties;
use crate::domain::supply::supply_points::{self, SupplyPoint};
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

/// The viewer has no supply point with this number, or nobody has.
const NO_SUCH_POINT: &str = "KT-CT-4719";
/// A market that this retailer does not supply.
const NOT_A_MARKET_OF_OURS: &str = "KT-CT-4722";
/// A text that names no market.
const NOT_A_MARKET: &str = "KT-CT-4723";

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.supplyPoint", supply_point);
    b.root("Query.supplyPoints", supply_points_of);
    b.batch("SupplyPointType.property", properties_of);
    b.batch("SupplyPointType.devices", devices);
    b.batch("Device.registers", registers);
    b.leaves::<SupplyPoint>(
        "SupplyPointType",
        &[
            ("id", |p| p.id.into()),
            ("marketName", |p| (&p.market_name).into()),
            ("externalIdentifier", |p| (&p.identifier).into()),
        ],
    );
    b.leaves::<Meter>("Device", &[("deviceIdentifier", |m| (&m.serial_number).into())]);
    b.leaves::<Register>("DeviceRegister", &[("registerIdentifier", |r| (&r.identifier).into())]);
}

async fn supply_point(call: Call<'_>) -> Result<Resolved, FieldError> {
    let (name, number): (String, String) = (call.arg("marketName")?, call.arg("externalIdentifier")?);
    let Some(market) = MarketName::parse(&name) else {
        let code = if names_market(&name) { NOT_A_MARKET_OF_OURS } else { NOT_A_MARKET };
        return Err(FieldError::code(code).at_input(&["marketName"]));
    };
    let unknown = || FieldError::code(NO_SUCH_POINT);
    let identifier = market.identifier(&number).map_err(|_| unknown())?;
    let mut view = call.cx.read().await?;
    let found = supply_points::by_identifier(&mut view, call.cx.viewer(), market, &identifier).await;
    found.map_err(FieldError::internal)?.map(Resolved::node).ok_or_else(unknown)
}

/// Whether a text is made as the names of markets are: a territory of three letters, and what is supplied there.
fn names_market(text: &str) -> bool {
    let known = ["ELECTRICITY", "GAS", "HEAT", "WATER"];
    text.split_once('_').is_some_and(|(territory, supply)| {
        territory.len() == 3 && territory.bytes().all(|b| b.is_ascii_uppercase()) && known.contains(&supply)
    })
}

/// Of exactly one of the two.
async fn supply_points_of(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let account: Option<String> = call.arg("accountNumber")?;
    let portfolio: Option<String> = call.arg("portfolioNumber")?;
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    let pages = match (account, portfolio) {
        (Some(number), None) => {
            let found =
                accounts::by_number(&mut view, viewer, &number).await.map_err(FieldError::internal)?;
            let account = found.ok_or_else(|| FieldError::code(NOT_YOURS))?;
            supply_points::page_of_accounts(&mut view, viewer, &[account.id], &window).await
        }
        (None, Some(number)) => {
            let found = portfolios::by_number(&mut view, viewer, &number).await;
            let portfolio =
                found.map_err(FieldError::internal)?.ok_or_else(|| FieldError::code(NOT_YOURS))?;
            supply_points::page_of_portfolios(&mut view, viewer, &[portfolio.id], &window).await
        }
        _ => {
            let text = "Give either `accountNumber` or `portfolioNumber`.";
            return Err(FieldError::code(BAD_INPUT).describe(text).at_input(&[]));
        }
    };
    let page = pages.map_err(FieldError::internal)?.pop().unwrap_or_else(|| Page::empty(&window));
    Ok(connection(page, Node::new))
}

pub(super) async fn properties_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<SupplyPoint>()?.iter().map(|p| p.property_id).collect();
    let mut view = call.cx.read().await?;
    let found = properties::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

/// A list of names; all without one.
fn wanted(call: &Call<'_>, argument: &str) -> Result<Option<Vec<String>>, FieldError> {
    let given: Option<Vec<Option<String>>> = call.arg(argument)?;
    Ok(given.map(|names| names.into_iter().flatten().collect()))
}

/// The meters that hang or hung there.
async fn devices(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let names = wanted(&call, "deviceIdentifiers")?;
    let mut view = call.cx.read().await?;
    let found = meters::of_points(&mut view, call.cx.viewer(), &ids(&call)?, true).await;
    let page = |mut meters: Vec<Meter>| {
        meters.retain(|meter| names.as_ref().is_none_or(|names| names.contains(&meter.serial_number)));
        connection(Page::of(&window, meters), Node::new)
    };
    Ok(found.map_err(FieldError::internal)?.into_iter().map(page).collect())
}

async fn registers(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let names = wanted(&call, "registerIdentifiers")?;
    let ids: Vec<i64> = call.parents::<Meter>()?.iter().map(|m| m.id).collect();
    let mut view = call.cx.read().await?;
    let found = meters::registers(&mut view, &ids).await.map_err(FieldError::internal)?;
    let page = |mut registers: Vec<Register>| {
        registers.retain(|register| names.as_ref().is_none_or(|names| names.contains(&register.identifier)));
        connection(Page::of(&window, registers), Node::new)
    };
    Ok(found.into_iter().map(page).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_markets_have_a_territory() {
        assert!(names_market("FRA_GAS") && names_market("NZL_ELECTRICITY"));
        for text in ["ELECTRICITY", "_GAS", "fra_GAS", "FRA_GASOLINE", "FRANCE_GAS", ""] {
            assert!(!names_market(text), "{text}");
        }
    }
}
