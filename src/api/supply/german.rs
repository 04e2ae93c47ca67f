//! What a kWh costs in Germany, in cents with everything that network and state add to it.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::api::session::{Bindings, Call};
use crate::domain::supply::agreed::Agreement;
use crate::domain::supply::products::{Price, Product};
use crate::domain::supply::rates::UnitRate;
use crate::domain::supply::tariffs::{self, Prices, Slot};
use crate::graphql::{FieldError, Node, Resolved};

/// How far ahead prices are told.
const AHEAD: TimeDelta = TimeDelta::days(2);

/// A price with tax that holds for a while.
#[derive(Clone, Copy)]
struct Gross {
    from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
    price: Price,
    tax: Decimal,
}

/// Prices of one kind of time, all of them and the one that holds.
#[derive(Clone)]
struct Rate {
    name: String,
    rules: Vec<Slot>,
    all: Vec<Gross>,
    latest: Option<Price>,
}

/// Prices of every kind of time.
#[derive(Clone)]
struct Rates(Vec<Rate>);

/// A price that holds soon.
#[derive(Clone)]
struct Forecast {
    from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
    rate: Rate,
}

pub(super) fn bind(b: &mut Bindings) {
    b.leaves::<Product>(
        "DeuProductType",
        &[
            ("code", |p| (&p.code).into()),
            ("description", |p| (&p.description).into()),
            ("fullName", |p| (&p.full_name).into()),
            ("isTimeOfUse", |p| p.is_time_of_use.into()),
        ],
    );
    b.batch("DeuAgreementType.unitRateInformation", information);
    b.batch("DeuAgreementType.unitRateGrossRateInformation", gross_rates);
    b.batch("DeuAgreementType.unitRateForecast", forecasts);
    for shape in ["SimpleProductUnitRateInformation", "DeuTimeOfUseRateType"] {
        b.leaves::<Rate>(
            shape,
            &[
                ("latestGrossUnitRateCentsPerKwh", |r| r.latest.map(|price| price.gross).into()),
                ("netUnitRateCentsPerKwh", |r| r.latest.map(|price| price.net).into()),
            ],
        );
        b.parts::<Rate>(shape, &[("grossRateInformation", |r| Resolved::nodes(r.all.iter().copied()))]);
    }
    b.leaves::<Rate>("DeuTimeOfUseRateType", &[("timeslotName", |r| (&r.name).into())]);
    b.parts::<Rate>(
        "DeuTimeOfUseRateType",
        &[("timeslotActivationRules", |r| Resolved::nodes(r.rules.iter().copied()))],
    );
    b.parts::<Rates>(
        "TimeOfUseProductUnitRateInformation",
        &[("rates", |r| Resolved::nodes(r.0.iter().cloned()))],
    );
    b.leaves::<Slot>(
        "DeuTimeslotActivationRuleType",
        &[("activeFromTime", |s| time(s.from).into()), ("activeToTime", |s| time(s.to).into())],
    );
    b.leaves::<Gross>(
        "DeuGrossRateInformationType",
        &[
            ("date", |g| g.from.into()),
            ("grossRate", |g| g.price.gross.into()),
            ("rateValidToDate", |g| g.to.into()),
            ("vatRate", |g| (g.tax * Decimal::ONE_HUNDRED).normalize().into()),
        ],
    );
    b.leaves::<Forecast>(
        "DeuUnitRateForecastType",
        &[("validFrom", |f| f.from.into()), ("validTo", |f| f.to.into())],
    );
    b.parts::<Forecast>("DeuUnitRateForecastType", &[("unitRateInformation", |f| simple(f.rate.clone()))]);
}

/// Minutes of the local day as a time of it; its end is midnight.
fn time(minutes: i32) -> NaiveTime {
    let seconds = u32::try_from(minutes.rem_euclid(1440) * 60).unwrap_or_default();
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap_or(NaiveTime::MIN)
}

fn simple(rate: Rate) -> Resolved {
    Resolved::Node(Node::typed("SimpleProductUnitRateInformation", rate))
}

async fn prices(call: &Call<'_>) -> Result<Vec<Option<Prices>>, FieldError> {
    let agreements = call.parents::<Agreement>()?;
    let asked: Vec<_> =
        agreements.iter().map(|each| (each.asked(), (each.valid_from, each.valid_to))).collect();
    let mut view = call.cx.read().await?;
    tariffs::prices(&mut view, &asked, AHEAD).await.map_err(FieldError::internal)
}

fn gross(prices: &Prices, rate: &UnitRate) -> Gross {
    let tax = prices.tax(rate.start);
    Gross { from: rate.start, to: rate.end, price: Price::of(rate.net, tax), tax }
}

fn rates(prices: &Prices) -> Vec<Rate> {
    let rate = |band: &tariffs::Band| {
        let all: Vec<Gross> = band.rates.iter().map(|rate| gross(prices, rate)).collect();
        let holds = |each: &&Gross| each.from <= prices.at && each.to.is_none_or(|to| prices.at < to);
        let latest = all.iter().find(holds).map(|each| each.price);
        Rate { name: band.name.clone(), rules: band.slots.clone(), all, latest }
    };
    prices.bands.iter().map(rate).collect()
}

async fn information(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let shown = |prices: Option<Prices>| {
        let Some(prices) = prices else { return Resolved::Null };
        let mut all = rates(&prices);
        if all.len() > 1 {
            Resolved::Node(Node::typed("TimeOfUseProductUnitRateInformation", Rates(all)))
        } else {
            all.pop().map_or(Resolved::Null, simple)
        }
    };
    Ok(prices(&call).await?.into_iter().map(shown).collect())
}

/// The prices of a kWh since the agreement began, where there is one at a time.
async fn gross_rates(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let shown = |prices: Option<Prices>| {
        let mut all = prices.map(|prices| rates(&prices)).unwrap_or_default();
        match (all.pop(), all.is_empty()) {
            (Some(only), true) => Resolved::nodes(only.all),
            _ => Resolved::Null,
        }
    };
    Ok(prices(&call).await?.into_iter().map(shown).collect())
}

/// The prices from now on, as they follow each other, as far as they are known for two days.
async fn forecasts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let shown = |prices: Option<Prices>| {
        let Some(prices) = prices else { return Resolved::Null };
        let forecast = |rate: &UnitRate| {
            let gross = gross(&prices, rate);
            let (all, latest) = (vec![gross], Some(gross.price));
            let rate = Rate { name: String::new(), rules: Vec::new(), all, latest };
            Forecast { from: gross.from, to: gross.to, rate }
        };
        Resolved::nodes(prices.coming.iter().map(forecast).collect::<Vec<_>>())
    };
    Ok(prices(&call).await?.into_iter().map(shown).collect())
}
