//! `nmiCheck` and `mirnCheck`: whether we supply a point; and `estimateMeterReadings`: what ran through one.

use chrono::{DateTime, Utc};

use super::properties::identifier;
use super::{BAD_INPUT, NOT_YOURS};
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::supply::checks::{self, Check};
use crate::domain::supply::estimates::{self, Estimate};
use crate::domain::supply::identifiers::MarketName;
use crate::domain::supply::supply_points;
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.nmiCheck", nmi);
    b.root("Query.mirnCheck", mirn);
    for shape in ["NMICheckType", "MIRNCheckType"] {
        b.leaves::<Check>(
            shape,
            &[
                ("isOnSupply", |c| c.is_on_supply.into()),
                ("krakenStatus", |c| c.status.into()),
                ("supplyStartDate", |c| c.since.into()),
                ("isOccupier", |c| c.is_occupier.into()),
                ("accountNumber", |c| c.account.as_ref().map(|account| account.number.as_str()).into()),
            ],
        );
        b.parts::<Check>(shape, &[("account", |c| Resolved::maybe(c.account.clone()))]);
    }
    b.root("Query.estimateMeterReadings", estimates_of);
    b.leaves::<Estimate>(
        "MeterReadingEstimationReadingType",
        &[
            ("intervalStart", |e| e.from.into()),
            ("intervalEnd", |e| e.to.into()),
            ("value", |e| e.kwh().into()),
            ("isNewlyEstimated", |e| e.is_estimated.into()),
            ("estimatedByAlgorithm", |e| e.is_estimated.then_some("LOAD_PROFILE").into()),
        ],
    );
    // Profiles are those of points, whatever hangs there.
    b.dark(&["Query.estimateMeterReadings.deviceId", "Query.estimateMeterReadings.registerId"]);
}

async fn nmi(call: Call<'_>) -> Result<Resolved, FieldError> {
    check(call, MarketName::AusElectricity, "nmi").await
}

async fn mirn(call: Call<'_>) -> Result<Resolved, FieldError> {
    check(call, MarketName::AusGas, "mirn").await
}

async fn check(call: Call<'_>, market: MarketName, name: &'static str) -> Result<Resolved, FieldError> {
    let number: String = call.arg(name)?;
    let identifier = identifier(market, &number, name)?;
    let mut view = call.cx.read().await?;
    let check = checks::of_point(&mut view, call.cx.viewer(), market, &identifier).await;
    Ok(Resolved::node(check.map_err(FieldError::internal)?))
}

async fn estimates_of(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let number: String = call.arg("marketIdentifier")?;
    let (from, to): (DateTime<Utc>, DateTime<Utc>) = (call.arg("periodStart")?, call.arg("periodEnd")?);
    if from >= to || to - from > estimates::LONGEST {
        let text = "The period has to end after it starts, and is 364 days at most.";
        return Err(FieldError::code(BAD_INPUT).describe(text).at_input(&["periodEnd"]));
    }
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    for market in MarketName::all() {
        let Ok(identifier) = market.identifier(&number) else { continue };
        let found = supply_points::by_identifier(&mut view, viewer, market, &identifier).await;
        if let Some(point) = found.map_err(FieldError::internal)? {
            let days = estimates::of_point(&mut view, viewer, &point, (from, to)).await;
            let page = Page::of(&window, days.map_err(FieldError::internal)?);
            return Ok(connection(page, Node::new));
        }
    }
    Err(FieldError::code(NOT_YOURS))
}
