//! `initiateProductSwitch`.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::VIEW_ACCOUNTS;
use crate::domain::supply::product_switches::{self, SwitchError, Wanted};
use crate::graphql::{FieldError, Resolved};

/// A switch that was asked for.
struct Switched {
    product: String,
    from: NaiveDate,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.initiateProductSwitch", switch);
    b.leaves::<Switched>(
        "InitiateProductSwitch",
        &[("productCode", |s| (&s.product).into()), ("switchDate", |s| s.from.into())],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    account_number: String,
    quoted_product_id: String,
    switch_date: NaiveDate,
}

async fn switch(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    if matches!(call.cx.viewer(), Viewer::Organisation { .. }) && !call.cx.viewer().may(VIEW_ACCOUNTS) {
        return Err(FieldError::code("KT-CT-4922"));
    }
    let from = input.switch_date;
    // What is no number names no offer.
    let product = input.quoted_product_id.parse().unwrap_or(0);
    let wanted = Wanted { account_number: input.account_number, product, from };
    let subject = Some(wanted.account_number.as_str());
    let done = call.cx.write("Mutation.initiateProductSwitch", subject, &wanted, |tx, viewer, wanted| {
        Box::pin(product_switches::switch(tx, viewer, wanted))
    });
    let product = done.await.map_err(refused)?;
    Ok(Resolved::node(Switched { product, from }))
}

fn refused(error: SwitchError) -> FieldError {
    let text = format!("Nothing was changed: {error}.");
    let code = |code| FieldError::code(code).describe(text.clone());
    match error {
        SwitchError::Unauthorized => FieldError::code("KT-CT-4924"),
        SwitchError::UnknownOffer => code("KT-CT-4619").at_input(&["input", "quotedProductId"]),
        SwitchError::NotForSale => code("KT-CT-4626").at_input(&["input", "quotedProductId"]),
        SwitchError::NotForPoints => code("KT-CT-4624").at_input(&["input", "quotedProductId"]),
        SwitchError::NoPoint => code("KT-CT-4719"),
        SwitchError::Day => code("KT-CT-1507").at_input(&["input", "switchDate"]),
        SwitchError::Agreed => code("KT-CT-1509"),
        SwitchError::Database(error) => FieldError::internal(error),
    }
}
