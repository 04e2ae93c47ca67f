//! `spinWheelOfFortune`.

use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::loyalty::wheel::{self, Spin, SpinError};
use crate::graphql::{FieldError, Resolved};

/// What was won, in minor units.
struct Won(i32);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.spinWheelOfFortune", spin);
    b.parts::<Won>("SpinWheelOfFortune", &[("spinResult", |won| Resolved::node(Won(won.0)))]);
    b.leaves::<Won>("WheelOfFortuneSpinResultType", &[("prizeAmount", |won| won.0.into())]);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    account_number: String,
    supply_type: String,
    terms_accepted: bool,
}

async fn spin(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let number = input.account_number.clone();
    let given = (call.cx.app.auth().random().clone(), input);
    let done =
        call.cx.write("Mutation.spinWheelOfFortune", Some(&number), &given, |tx, viewer, (random, input)| {
            Box::pin(async move {
                let new = Spin {
                    account_number: &input.account_number,
                    supply_type: &input.supply_type,
                    accepts_terms: input.terms_accepted,
                };
                wheel::spin(tx, random, viewer, &new).await
            })
        });
    let won = done.await.map_err(|error| match error {
        SpinError::Terms => FieldError::code("KT-CT-7011").at_input(&["input", "termsAccepted"]),
        SpinError::NotTheirs => FieldError::code("KT-CT-7023"),
        SpinError::NothingLeft => FieldError::code("KT-CT-7010"),
        SpinError::NoWheel | SpinError::Credit(_) => FieldError::code("KT-CT-7012"),
        SpinError::Database(error) => FieldError::internal(error),
    })?;
    Ok(Resolved::node(Won(won)))
}
