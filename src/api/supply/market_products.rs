//! What a supply point is on, as markets show it that quote by year: in whole units of the currency, by price band.

use rust_decimal::Decimal;

use super::agreements::{at_points, sold_of};
use super::japanese::{DAYS_AND_LEVIES, standing, unit_of_days};
use super::products::Sold;
use crate::api::paging;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::agreed::Agreement;
use crate::domain::supply::terms;
use crate::graphql::{FieldError, Leaves, Node, Resolved};
use crate::platform::market;
use crate::platform::page::Page;

const DAYS_OF_YEAR: i64 = 365;

/// What a product asks, by year and by kWh.
#[derive(Clone)]
struct Yearly {
    kind: String,
    currency: String,
    standing: Option<Decimal>,
    /// The bands, the dearest first.
    units: Vec<Decimal>,
}

impl Yearly {
    fn unit(&self, place: usize) -> Option<Decimal> {
        self.units.get(place).copied()
    }

    fn per(&self, what: &str) -> String {
        format!("{}/{what}", self.currency)
    }
}

const PRODUCT: Leaves<Sold> = &[
    ("code", |s| (&s.product.code).into()),
    ("description", |s| (&s.product.description).into()),
    ("displayName", |s| (&s.product.display_name).into()),
    ("fullName", |s| (&s.product.full_name).into()),
    ("validTo", |s| s.product.available_to.into()),
    ("standingChargeUnitType", unit_of_days),
    ("standingChargePricePerDay", |s| standing(s).into()),
];

pub(super) fn bind(b: &mut Bindings) {
    for (product, point) in [
        ("ElectricityProductType", "ElectricitySupplyPointType.product"),
        ("GasProductType", "GasSupplyPointType.product"),
    ] {
        b.leaves(product, PRODUCT);
        b.parts(product, DAYS_AND_LEVIES);
        b.parts::<Sold>(product, &[("params", yearly), ("prices", yearly)]);
        b.batch(point, present);
    }
    b.batch("ElectricityProductType.termsAndConditionsUrl", terms_of);
    b.batch("GasProductType.termsAndConditionsUrl", terms_of);
    b.batch("ElectricitySupplyPointType.agreements", pages);
    b.batch("GasSupplyPointType.agreements", pages);
    b.leaves::<Yearly>(
        "ElectricityProductPricesType",
        &[
            ("productType", |y| (&y.kind).into()),
            ("annualStandingCharge", |y| y.standing.into()),
            ("annualStandingChargeUnits", |y| y.per("year").into()),
            ("consumptionCharge", |y| y.unit(0).into()),
            ("consumptionChargeF2", |y| y.unit(1).into()),
            ("consumptionChargeF3", |y| y.unit(2).into()),
            ("consumptionChargeUnits", |y| y.per("kWh").into()),
        ],
    );
    b.leaves::<Yearly>(
        "GasProductPricesType",
        &[
            ("annualStandingCharge", |y| y.standing.unwrap_or_default().into()),
            ("consumptionCharge", |y| y.unit(0).unwrap_or_default().into()),
        ],
    );
    b.leaves::<Yearly>(
        "ProductParamsType",
        &[
            ("productType", |y| (&y.kind).into()),
            ("annualStandingCharge", |y| y.standing.map(|price| price.to_string()).into()),
            ("consumptionCharge", |y| y.unit(0).map(|price| price.to_string()).into()),
            ("consumptionChargeF2", |y| y.unit(1).map(|price| price.to_string()).into()),
            ("consumptionChargeF3", |y| y.unit(2).map(|price| price.to_string()).into()),
        ],
    );
}

/// Net prices by year and kWh in whole units of the currency; nothing where the product is not quoted.
fn yearly(sold: &Sold) -> Resolved {
    let quote = sold.quote.as_ref().zip(market::by_code(&sold.product.market));
    let Some((quote, market)) = quote else { return Resolved::Null };
    let unit = Decimal::from(10_u64.checked_pow(market.currency.exponent).unwrap_or(1));
    let mut units: Vec<Decimal> = quote.bands.values().map(|price| (price.net / unit).normalize()).collect();
    units.sort_by(|one, other| other.cmp(one));
    let year = |price: Decimal| (price * Decimal::from(DAYS_OF_YEAR) / unit).normalize();
    Resolved::node(Yearly {
        kind: quote.tariff.kind.clone(),
        currency: market.currency.code.clone(),
        standing: quote.standing.map(|price| year(price.net)),
        units,
    })
}

/// What each point is on now.
async fn present(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let held = at_points::<Agreement>(&call).await?;
    let present: Vec<Option<Agreement>> =
        held.into_iter().map(|held| held.into_iter().find(|each| each.is_active)).collect();
    let agreements: Vec<&Agreement> = present.iter().flatten().collect();
    let mut sold = sold_of(&call, &agreements).await?.into_iter();
    Ok(present
        .iter()
        .map(|each| Resolved::maybe(each.as_ref().and_then(|_| sold.next().flatten())))
        .collect())
}

async fn terms_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let files = call.cx.app.files();
    let address = |sold: &Sold| Resolved::leaf(files.address(&terms::path(&sold.product.code)));
    Ok(call.parents::<Sold>()?.into_iter().map(address).collect())
}

async fn pages(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = paging::window(&call)?;
    let page = |held: Vec<Agreement>| paging::connection(Page::of(&window, held), Node::new);
    Ok(at_points(&call).await?.into_iter().map(page).collect())
}
