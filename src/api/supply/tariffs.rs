//! British tariffs: what each kind of them asks a day and a kWh, with and without tax.

use crate::api::paging;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::products::Product;
use crate::domain::supply::tariffs::{self, HalfHour, Quote};
use crate::graphql::{FieldError, Leaf, Leaves, Node, Resolved};
use crate::platform::page::Page;

/// What all tariffs have.
const COMMON: Leaves<Quote> = &[
    ("id", |q| q.tariff.id.into()),
    ("displayName", |q| (&q.tariff.display_name).into()),
    ("fullName", |q| (&q.tariff.full_name).into()),
    ("description", |q| (&q.tariff.description).into()),
    ("productCode", |q| (&q.tariff.product_code).into()),
    ("tariffCode", |q| (&q.tariff.code).into()),
    ("isExport", |q| q.tariff.is_export.into()),
    ("standingCharge", |q| q.standing.map(|price| price.gross).into()),
    ("preVatStandingCharge", |q| q.standing.map(|price| price.net).into()),
];

const ONE_RATE: Leaves<Quote> =
    &[("unitRate", |q| gross(q, "STANDARD")), ("preVatUnitRate", |q| net(q, "STANDARD"))];

const TWO_RATES: Leaves<Quote> = &[
    ("dayRate", |q| gross(q, "DAY")),
    ("nightRate", |q| gross(q, "NIGHT")),
    ("preVatDayRate", |q| net(q, "DAY")),
    ("preVatNightRate", |q| net(q, "NIGHT")),
];

fn gross(quote: &Quote, band: &str) -> Leaf<'static> {
    quote.band(band).map(|price| price.gross).into()
}

fn net(quote: &Quote, band: &str) -> Leaf<'static> {
    quote.band(band).map(|price| price.net).into()
}

pub(super) fn bind(b: &mut Bindings) {
    for (object, rates) in [
        ("StandardTariff", Some(ONE_RATE)),
        ("PrepayTariff", Some(ONE_RATE)),
        ("GasTariffType", Some(ONE_RATE)),
        ("DayNightTariff", Some(TWO_RATES)),
        ("ThreeRateTariff", Some(TWO_RATES)),
        ("FourRateEvTariff", Some(TWO_RATES)),
        ("HalfHourlyTariff", None),
    ] {
        b.leaves(object, COMMON);
        if let Some(rates) = rates {
            b.leaves(object, rates);
        }
    }
    b.leaves::<Quote>(
        "ThreeRateTariff",
        &[("offPeakRate", |q| gross(q, "OFF_PEAK")), ("preVatOffPeakRate", |q| net(q, "OFF_PEAK"))],
    );
    b.leaves::<Quote>(
        "FourRateEvTariff",
        &[
            ("evDevicePeakRate", |q| gross(q, "EV_DEVICE_PEAK")),
            ("evDeviceOffPeakRate", |q| gross(q, "EV_DEVICE_OFF_PEAK")),
            ("preVatEvDevicePeakRate", |q| net(q, "EV_DEVICE_PEAK")),
            ("preVatEvDeviceOffPeakRate", |q| net(q, "EV_DEVICE_OFF_PEAK")),
            ("tags", |q| (&q.tariff.tags).into()),
        ],
    );
    b.parts::<Quote>("HalfHourlyTariff", &[("unitRates", |q| Resolved::nodes(q.half_hours.iter().copied()))]);
    b.leaves::<HalfHour>(
        "UnitRate",
        &[
            ("validFrom", |h| h.start.into()),
            ("validTo", |h| h.end.into()),
            ("value", |h| h.price.gross.into()),
            ("preVatValue", |h| h.price.net.into()),
            ("rateType", |h| if h.is_peak { "PEAK" } else { "STANDARD" }.into()),
        ],
    );
    b.batch("EnergyProductType.tariffs", of_products);
}

/// The object that a tariff for electricity is; none if Britain has no such tariffs.
fn kind_of_electricity(quote: &Quote) -> Option<&'static str> {
    Some(match quote.tariff.kind.as_str() {
        "STANDARD" => "StandardTariff",
        "DAY_NIGHT" => "DayNightTariff",
        "THREE_RATE" => "ThreeRateTariff",
        "FOUR_RATE_EV" => "FourRateEvTariff",
        "HALF_HOURLY" => "HalfHourlyTariff",
        "PREPAY" => "PrepayTariff",
        _ => return None,
    })
}

/// A tariff for electricity as an object of the union.
pub(super) fn of_electricity(quote: Quote) -> Resolved {
    match kind_of_electricity(&quote) {
        Some(kind) => Resolved::Node(Node::typed(kind, quote)),
        None => Resolved::Null,
    }
}

/// The tariffs of each product that offers show: those with prices that are the same every day.
async fn of_products(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (postcode, payment_method): (String, Option<String>) =
        (call.arg("postcode")?, call.arg("paymentMethod")?);
    let window = paging::window(&call)?;
    let products: Vec<i64> = call.parents::<Product>()?.iter().map(|product| product.id).collect();
    let method = payment_method.as_deref().unwrap_or("DIRECT_DEBIT");
    let mut view = call.cx.read().await?;
    let quotes = tariffs::of_products(&mut view, &products, &postcode, method).await;
    let page = |quotes: Vec<Quote>| {
        let shown = quotes.into_iter().filter_map(|quote| {
            let kind = match quote.tariff.commodity.as_str() {
                "gas" => "GasTariffType",
                _ => kind_of_electricity(&quote)
                    .filter(|kind| !matches!(*kind, "HalfHourlyTariff" | "PrepayTariff"))?,
            };
            Some(Node::typed(kind, quote))
        });
        paging::connection(Page::of(&window, shown.collect()), |node| node)
    };
    Ok(quotes.map_err(FieldError::internal)?.into_iter().map(page).collect())
}
