//! Japanese price models: electricity by steps of a month's use or at one price, the monthly adjustment for fuel and the levy
//! for renewables; city gas by tiers; and `tariffSummary`.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::products::Sold;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::catalogue::{self, Region};
use crate::domain::supply::gas;
use crate::domain::supply::products::Price;
use crate::domain::supply::tariffs::{self, Charge, Quote};
use crate::graphql::{FieldError, Leaf, Leaves, Parts, Resolved};

const STEPPED: &str = "ElectricitySteppedProduct";
const SINGLE: &str = "ElectricitySingleStepProduct";
const FED_IN: &str = "ElectricityFitProduct";
const TIERED: &str = "GasTieredProduct";

/// What all prices of a kWh have.
const PRICE: Leaves<Charge> = &[
    ("band", |c| (&c.band).into()),
    ("pricePerUnit", |c| c.price.net.into()),
    ("pricePerUnitIncTax", |c| c.price.gross.into()),
    ("unitType", |_| "KWH_CONSUMPTION".into()),
    ("gridOperatorCode", |c| (&c.region).into()),
    ("regionOfOperation", |c| operator(&c.region)),
    ("validFrom", |c| c.from.into()),
    ("validTo", |c| c.to.into()),
];

/// What days cost, and the levies that are told apart.
pub(super) const DAYS_AND_LEVIES: Parts<Sold> = &[
    ("standingCharges", |s| Resolved::nodes(day_charges(s))),
    ("fuelCostAdjustment", |s| levy(s, "FUEL_COST_ADJUSTMENT")),
    ("renewableEnergyLevy", |s| levy(s, "RENEWABLE_ENERGY_LEVY")),
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.tariffSummary", summary);
    for model in [STEPPED, SINGLE, FED_IN, TIERED] {
        b.leaves::<Sold>(
            model,
            &[
                ("code", |s| (&s.product.code).into()),
                ("displayName", |s| (&s.product.display_name).into()),
                ("params", |s| s.product.params().into()),
            ],
        );
    }
    for model in [STEPPED, SINGLE] {
        b.leaves::<Sold>(
            model,
            &[
                ("standingChargeUnitType", |s| unit_of_days(s)),
                ("standingChargePricePerDay", |s| standing(s).into()),
                ("tags", |s| (&s.product.tags).into()),
            ],
        );
        b.parts::<Sold>(model, &[("consumptionCharges", |s| Resolved::nodes(charges(s)))]);
        b.parts(model, DAYS_AND_LEVIES);
    }
    b.parts::<Sold>(FED_IN, &[("generationCredits", |s| Resolved::nodes(charges(s)))]);
    for price in [
        "SteppedConsumptionRate",
        "ConsumptionRate",
        "FuelCostAdjustmentRate",
        "RenewableEnergyLevyRate",
        "GenerationCreditRate",
    ] {
        b.leaves(price, PRICE);
    }
    for price in ["SteppedConsumptionRate", "ConsumptionRate"] {
        b.leaves::<Charge>(price, &[("timeOfUse", |c| (&c.name).into())]);
    }
    let steps: Leaves<Charge> = &[("stepStart", |c| c.step_from.into()), ("stepEnd", |c| c.step_to.into())];
    b.leaves("SteppedConsumptionRate", steps);
    b.leaves("ConsumptionChargeRate", steps);
    b.leaves::<Charge>(
        "ConsumptionChargeRate",
        &[("pricePerUnitIncTax", |c| c.price.gross.into()), ("band", |c| (&c.band).into())],
    );
    b.leaves::<Charge>(
        "StandingCharge",
        &[
            ("pricePerUnit", |c| c.price.net.into()),
            ("pricePerUnitIncTax", |c| c.price.gross.into()),
            ("gridOperatorCode", |c| (&c.region).into()),
            ("regionOfOperation", |c| operator(&c.region)),
            ("band", |c| (&c.band).into()),
            ("validFrom", |c| c.from.into()),
            ("validTo", |c| c.to.into()),
            ("unitType", |_| "DAYS_ON_SUPPLY".into()),
        ],
    );
    summaries(b);
    tiers(b);
}

/// City gas is sold by the cubic metre, and what a day and a cubic metre cost goes by the tier that a whole month's use
/// falls into.
fn tiers(b: &mut Bindings) {
    b.leaves::<Sold>(TIERED, &[("standingChargeUnitType", |s| unit_of_days(s))]);
    b.parts::<Sold>(
        TIERED,
        &[
            ("standingCharges", |s| Resolved::nodes(day_charges(s))),
            ("consumptionCharges", |s| Resolved::nodes(charges(s).into_iter().map(by_volume))),
        ],
    );
    let tier: Leaves<Charge> = &[
        ("gridOperatorCode", |c| (&c.region).into()),
        ("regionOfOperation", |c| operator(&c.region)),
        ("band", |c| (&c.band).into()),
        ("validFrom", |c| c.from.into()),
        ("validTo", |c| c.to.into()),
        ("pricePerUnit", |c| c.price.net.into()),
        ("pricePerUnitIncTax", |c| c.price.gross.into()),
        ("tierStart", |c| c.step_from.map(cubic_metres).into()),
        ("tierEnd", |c| c.step_to.map(cubic_metres).into()),
    ];
    b.leaves("TieredStandingCharge", tier).leaves("TieredConsumptionRate", tier);
    b.leaves::<Charge>("TieredStandingCharge", &[("unitType", |_| "DAYS_ON_SUPPLY".into())]);
    b.leaves::<Charge>("TieredConsumptionRate", &[("unitType", |_| "CUBIC_METRES_CONSUMPTION".into())]);
}

/// The price of a cubic metre rather than a kWh.
fn by_volume(charge: Charge) -> Charge {
    let each = |kwh: Decimal| (kwh * gas::japanese_cubic_metre()).normalize();
    let price = Price { net: each(charge.price.net), gross: each(charge.price.gross) };
    Charge { price, ..charge }
}

/// Whole cubic metres of so many kWh.
fn cubic_metres(kwh: i64) -> i64 {
    (Decimal::from(kwh) / gas::japanese_cubic_metre()).to_i64().unwrap_or_default()
}

fn summaries(b: &mut Bindings) {
    b.leaves::<Quote>(
        "TariffSummary",
        &[
            ("code", |q| (&q.tariff.product_code).into()),
            ("displayName", |q| (&q.tariff.display_name).into()),
            ("gridOperatorCode", |q| (&q.tariff.region).into()),
            ("productParams", |q| serde_json::json!({ "kind": q.tariff.kind, "tags": q.tariff.tags }).into()),
        ],
    );
    b.parts::<Quote>("TariffSummary", &[("tiers", |q| Resolved::nodes([q.clone()]))]);
    b.leaves::<Quote>(
        "TariffTier",
        &[("contractCapacityPattern", |q| {
            region(&q.tariff.region).and_then(|region| region.capacity.as_deref()).into()
        })],
    );
    b.parts::<Quote>("TariffTier", &[("consumptionRates", |q| Resolved::nodes(q.charges()))]);
}

/// The region of a grid operator.
fn region(code: &str) -> Option<&'static Region> {
    let regions = catalogue::of_market("jp").into_iter().flat_map(|catalogue| &catalogue.regions);
    regions.into_iter().find(|known| known.code == code)
}

fn operator(code: &str) -> Leaf<'static> {
    region(code).map(|known| known.name.as_str()).into()
}

fn charges(sold: &Sold) -> Vec<Charge> {
    sold.quote.as_ref().map(Quote::charges).unwrap_or_default()
}

fn day_charges(sold: &Sold) -> Vec<Charge> {
    sold.quote.as_ref().map(Quote::day_charges).unwrap_or_default()
}

/// What a day costs, in the first tier where there are several.
pub(super) fn standing(sold: &Sold) -> Option<Decimal> {
    let charges = day_charges(sold);
    let first = charges.iter().filter(|charge| charge.step_from.unwrap_or(0) == 0);
    (!charges.is_empty()).then(|| first.map(|charge| charge.price.net).sum())
}

pub(super) fn unit_of_days(sold: &Sold) -> Leaf<'_> {
    standing(sold).map(|_| "DAYS_ON_SUPPLY").into()
}

fn levy(sold: &Sold, name: &str) -> Resolved {
    Resolved::maybe(sold.quote.as_ref().and_then(|quote| quote.levy(name)))
}

async fn summary(call: Call<'_>) -> Result<Resolved, FieldError> {
    let (operator, product): (String, Option<String>) =
        (call.arg("gridOperatorCode")?, call.arg("productCode")?);
    let mut view = call.cx.read().await?;
    let found = tariffs::of_region(&mut view, "jp", &operator, product.as_deref()).await;
    Ok(Resolved::nodes(found.map_err(FieldError::internal)?))
}
