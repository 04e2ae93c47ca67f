//! The terms of products: `termsAndConditionsForProduct`, and those of products wherever they are shown.

use chrono::{DateTime, Utc};

use crate::api::session::{Bindings, Call};
use crate::domain::supply::products::{self, Product};
use crate::domain::supply::terms::{self, Terms};
use crate::graphql::{FieldError, Resolved};

/// The terms of a product.
#[derive(Clone)]
pub(super) struct Shown {
    terms: Terms,
    brand: String,
    since: DateTime<Utc>,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.termsAndConditionsForProduct", of_product);
    b.batch("SupplyProductType.termsAndConditionsTypes", of_products);
    b.leaves::<Shown>(
        "TermsAndConditionsType",
        &[
            ("name", |s| (&s.terms.name).into()),
            ("brandCode", |s| (&s.brand).into()),
            ("markdown", |s| s.terms.markdown().into()),
            ("html", |s| s.terms.html().into()),
            ("effectiveFrom", |s| s.since.into()),
        ],
    );
}

pub(super) fn shown(product: &Product) -> Shown {
    Shown { terms: terms::of(product), brand: product.brand.clone(), since: product.available_from }
}

async fn of_product(call: Call<'_>) -> Result<Resolved, FieldError> {
    let code: String = call.arg("productCode")?;
    let mut view = call.cx.read().await?;
    let found = products::by_code(&mut view, &code).await.map_err(FieldError::internal)?;
    let product = found.ok_or_else(|| FieldError::code("KT-CT-8501"))?;
    Ok(Resolved::nodes([shown(&product)]))
}

async fn of_products(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let products = call.parents::<Product>()?;
    Ok(products.into_iter().map(|product| Resolved::nodes([shown(product)])).collect())
}
