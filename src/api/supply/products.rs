//! What is sold: `energyProducts` as Britain knows it, `availableProducts` and `product`, and the products of agreements.

use serde::Deserialize;
use serde_json::Value;

use crate::api::paging;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::identifiers::MarketName;
use crate::domain::supply::products::{self, Filter, Product};
use crate::domain::supply::tariffs::Quote;
use crate::graphql::{FieldError, Leaf, Node, Resolved};

/// A product, and what it asks where it was agreed on.
#[derive(Clone)]
pub(super) struct Sold {
    pub(super) product: Product,
    pub(super) quote: Option<Quote>,
}

/// What a product is marked with.
struct Tag(String);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.energyProduct", energy_product);
    b.root("Query.energyProducts", energy_products);
    b.root("Query.availableProducts", available_products);
    b.root("Query.product", product);
    british(b);
    general(b);
    australian(b);
}

fn british(b: &mut Bindings) {
    b.leaves::<Product>(
        "EnergyProductType",
        &[
            ("id", |p| p.id.into()),
            ("availableFrom", |p| p.available_from.into()),
            ("availableTo", |p| p.available_to.into()),
            ("direction", |p| (&p.direction).into()),
            ("code", |p| (&p.code).into()),
            ("displayName", |p| (&p.display_name).into()),
            ("fullName", |p| (&p.full_name).into()),
            ("description", |p| (&p.description).into()),
            ("notes", |p| (&p.notes).into()),
            ("isChargedHalfHourly", |p| p.is_half_hourly.into()),
            ("isVariable", |p| p.is_variable.into()),
            ("isPrepay", |p| p.is_prepay.into()),
            ("isGreen", |p| p.is_green.into()),
            ("term", |p| p.term_months.into()),
            ("isHidden", |p| p.is_hidden.into()),
            ("isAvailable", |p| p.is_available.into()),
            ("isUnavailable", |p| (!p.is_available).into()),
            ("isFixed", |p| (!p.is_variable).into()),
            ("isDomestic", |p| p.is_domestic.into()),
            ("isBusiness", |p| p.is_business.into()),
            ("isDefault", |p| p.is_default.into()),
            ("isOccupier", |p| p.is_occupier.into()),
            ("exitFees", |p| p.exit_fee.into()),
            ("exitFeesType", |p| (&p.exit_fee_type).into()),
            ("tags", |p| (&p.tags).into()),
        ],
    );
}

fn general(b: &mut Bindings) {
    b.leaves::<Product>(
        "SupplyProductType",
        &[
            ("id", |p| p.id.into()),
            ("code", |p| (&p.code).into()),
            ("notes", |p| (&p.notes).into()),
            ("fullName", |p| (&p.full_name).into()),
            ("displayName", |p| (&p.display_name).into()),
            ("description", |p| (&p.description).into()),
            ("availableFrom", |p| p.available_from.into()),
            ("availableTo", |p| p.available_to.into()),
            ("isHidden", |p| p.is_hidden.into()),
            ("term", |p| p.term_months.into()),
            ("brandCode", |p| (&p.brand).into()),
            ("marketName", |p| (&p.market_name).into()),
            ("availabilityStatus", |p| (&p.availability).into()),
            ("termsContractType", |p| contract(p).into()),
            ("params", |p| p.params().into()),
        ],
    );
    b.parts::<Product>(
        "SupplyProductType",
        &[("tags", |p| Resolved::nodes(p.tags.iter().map(|tag| Tag(tag.clone()))))],
    );
    b.leaves::<Tag>(
        "SupplyProductTagType",
        &[("code", |t| (&t.0).into()), ("displayName", |t| t.0.replace(['-', '_'], " ").into())],
    );
}

fn australian(b: &mut Bindings) {
    b.leaves::<Sold>(
        "Product",
        &[
            ("id", |s| s.product.id.into()),
            ("code", |s| (&s.product.code).into()),
            ("displayName", |s| (&s.product.display_name).into()),
            ("fullName", |s| (&s.product.full_name).into()),
            ("description", |s| (&s.product.description).into()),
            ("isStandingOffer", |s| s.product.tags.iter().any(|tag| tag == "standing-offer").into()),
            ("marketName", |s| {
                Some(s.product.market_name.as_str()).filter(|_| s.product.market == "au").into()
            }),
            ("isVariable", |s| s.product.is_variable.into()),
            ("availabilityStatus", |s| (&s.product.availability).into()),
            ("availableTo", |s| s.product.available_to.into()),
            ("term", |s| s.product.term_months.into()),
            ("rank", |s| s.product.rank.into()),
            ("params", |s| s.product.params().into()),
            ("clientParams", |s| client_params(&s.product)),
        ],
    );
}

/// Whether it is agreed on for a time.
fn contract(product: &Product) -> &'static str {
    if product.term_months.is_some() { "FIXED_TERM" } else { "EVERGREEN" }
}

/// What shops show of a product beside its name.
fn client_params(product: &Product) -> Leaf<'static> {
    let shown = |name: &str, value: bool| (name.to_owned(), Value::Bool(value));
    let params = [
        shown("is_green", product.is_green),
        shown("is_default", product.is_default),
        shown("is_domestic", product.is_domestic),
        shown("is_business", product.is_business),
    ];
    Leaf::from(Value::Object(params.into_iter().collect()))
}

async fn energy_product(call: Call<'_>) -> Result<Resolved, FieldError> {
    let code: String = call.arg("code")?;
    let mut view = call.cx.read().await?;
    let found = products::by_code(&mut view, &code).await.map_err(FieldError::internal)?;
    Ok(Resolved::maybe(found.filter(|product| product.market == "gb")))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    postcode: String,
    brand: Option<String>,
    brands: Option<Vec<Option<String>>>,
    availability: Option<String>,
    filter_by: Option<Vec<Option<String>>>,
}

async fn energy_products(call: Call<'_>) -> Result<Resolved, FieldError> {
    let wanted: Wanted = call.args()?;
    let window = paging::window(&call)?;
    let filter = Filter {
        brands: match (wanted.brand, wanted.brands) {
            (Some(brand), None) => Some(vec![brand]),
            // Both together: only what is in both.
            (Some(brand), Some(brands)) => {
                Some(brands.into_iter().flatten().filter(|b| *b == brand).collect())
            }
            (None, brands) => brands.map(|brands| brands.into_iter().flatten().collect()),
        },
        is_available: wanted.availability.map(|availability| availability == "AVAILABLE"),
        features: wanted.filter_by.unwrap_or_default().into_iter().flatten().collect(),
    };
    let mut view = call.cx.read().await?;
    let page = products::page_of_postcode(&mut view, &wanted.postcode, &filter, &window).await;
    Ok(paging::connection(page.map_err(FieldError::internal)?, Node::new))
}

async fn available_products(call: Call<'_>) -> Result<Resolved, FieldError> {
    let market: String = call.arg("marketName")?;
    let Some(market) = MarketName::parse(&market) else { return Err(FieldError::code("KT-CT-4930")) };
    let mut view = call.cx.read().await?;
    let found = products::on_sale(&mut view, market.code()).await.map_err(FieldError::internal)?;
    Ok(Resolved::nodes(found))
}

async fn product(call: Call<'_>) -> Result<Resolved, FieldError> {
    let code: String = call.arg("code")?;
    let mut view = call.cx.read().await?;
    let found = products::by_code(&mut view, &code).await.map_err(FieldError::internal)?;
    let product = found.ok_or_else(|| FieldError::code("KT-AU-9510"))?;
    Ok(Resolved::node(Sold { product, quote: None }))
}
