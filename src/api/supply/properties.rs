//! `property`, `properties` and the fields of `PropertyType` that are about the place itself.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{BAD_INPUT, NOT_YOURS};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::{accounts, address, residence};
use crate::domain::supply::identifiers::MarketName;
use crate::domain::supply::properties::{self, Occupancy, Property, Which};
use crate::graphql::{FieldError, Leaf, Resolved};

/// Degrees north and east.
#[derive(Clone, Copy)]
struct Coordinates(Decimal, Decimal);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.property", property);
    b.root("Query.properties", properties_of_account);
    b.batch("PropertyType.richAddress", rich_addresses);
    b.batch("PropertyType.occupancyPeriods", occupancies);
    b.leaves::<Property>(
        "PropertyType",
        &[
            ("id", |p| p.id.into()),
            ("addressLine1", |p| (&p.address_line1).into()),
            ("addressLine2", |p| (&p.address_line2).into()),
            ("addressLine3", |p| (&p.address_line3).into()),
            ("addressLine4", |p| (&p.address_line4).into()),
            ("addressLine5", |p| (&p.address_line5).into()),
            ("postcode", |p| (&p.postcode).into()),
            ("label", |p| (&p.label).into()),
            ("address", |p| p.address().into()),
            ("splitAddress", |p| Leaf::List(p.address_lines().map(Leaf::from).collect())),
        ],
    );
    b.batch("PropertyType.state", states);
    b.parts::<Property>(
        "PropertyType",
        &[("coordinates", |p| Resolved::maybe(p.latitude.zip(p.longitude).map(|(n, e)| Coordinates(n, e))))],
    );
    b.leaves::<Coordinates>(
        "CoordinatesType",
        &[("latitude", |c| c.0.to_f64().into()), ("longitude", |c| c.1.to_f64().into())],
    );
    b.leaves::<Occupancy>(
        "OccupancyPeriodType",
        &[
            ("id", |o| o.id.into()),
            ("effectiveFrom", |o| o.starts_at.into()),
            ("effectiveTo", |o| o.ends_at.into()),
            ("isOccupier", |o| o.is_occupier.into()),
            ("accountNumber", |o| (&o.account_number).into()),
        ],
    );
}

/// By exactly one of the three.
async fn property(call: Call<'_>) -> Result<Resolved, FieldError> {
    let id: Option<String> = call.arg("id")?;
    let nmi: Option<String> = call.arg("nmi")?;
    let mirn: Option<String> = call.arg("mirn")?;
    let (name, market, number) = match (id, nmi, mirn) {
        (Some(id), None, None) => return by_id(call, &id).await,
        (None, Some(nmi), None) => ("nmi", MarketName::AusElectricity, nmi),
        (None, None, Some(mirn)) => ("mirn", MarketName::AusGas, mirn),
        _ => {
            let text = "Give exactly one of `id`, `nmi` and `mirn`.";
            return Err(FieldError::code(BAD_INPUT).describe(text).at_input(&[]));
        }
    };
    let identifier = identifier(market, &number, name)?;
    let mut view = call.cx.read().await?;
    let found = properties::by_identifier(&mut view, call.cx.viewer(), market.code(), &identifier).await;
    found.map_err(FieldError::internal)?.map(Resolved::node).ok_or_else(|| FieldError::code(NOT_YOURS))
}

async fn by_id(call: Call<'_>, id: &str) -> Result<Resolved, FieldError> {
    let Ok(id) = id.parse::<i64>() else { return Err(FieldError::code(NOT_YOURS)) };
    let mut view = call.cx.read().await?;
    let found = properties::by_ids(&mut view, call.cx.viewer(), &[id]).await.map_err(FieldError::internal)?;
    found.into_iter().flatten().next().map(Resolved::node).ok_or_else(|| FieldError::code(NOT_YOURS))
}

/// The number of a supply point as it is kept.
pub(super) fn identifier(market: MarketName, number: &str, argument: &str) -> Result<String, FieldError> {
    let refused = |wrong| FieldError::code(BAD_INPUT).describe(format!("{wrong}")).at_input(&[argument]);
    market.identifier(number).map_err(refused)
}

async fn properties_of_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let which = Which { active: call.arg("active")?, held_since: None };
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    let account = accounts::by_number(&mut view, viewer, &number).await.map_err(FieldError::internal)?;
    let account = account.ok_or_else(|| FieldError::code(NOT_YOURS))?;
    let found = properties::of_accounts(&mut view, viewer, &[account.id], which).await;
    Ok(Resolved::nodes(found.map_err(FieldError::internal)?.into_iter().flatten()))
}

async fn rich_addresses(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Property>()?.iter().map(|p| p.address_id).collect();
    let mut view = call.cx.read().await?;
    let found = address::by_ids(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

/// Of Australian properties: the state or territory in their address.
async fn states(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let parents = call.parents::<Property>()?;
    let ids: Vec<i64> = parents.iter().map(|p| p.address_id).collect();
    let mut view = call.cx.read().await?;
    let found = address::by_ids(&mut view, &ids).await.map_err(FieldError::internal)?;
    let answers = parents.iter().zip(found).map(|(property, address)| {
        let address = address.filter(|_| property.market == "au");
        Resolved::leaf(address.and_then(|a| residence::state(&a.country, &a.administrative_area)))
    });
    Ok(answers.collect())
}

async fn occupancies(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Property>()?.iter().map(|p| p.id).collect();
    let mut view = call.cx.read().await?;
    let found = properties::occupancies(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}
