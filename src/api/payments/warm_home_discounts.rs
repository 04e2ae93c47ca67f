//! `createWarmHomeDiscountApplication`, which reports what is wrong in its answer.

use serde::Deserialize;

use crate::api::auth::{FieldErrors, Wrong};
use crate::api::session::{Bindings, Call};
use crate::domain::payments::warm_home_discounts::{self, ApplicationError};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// An application, or what is wrong with it.
struct Outcome {
    id: Option<i64>,
    errors: Vec<FieldErrors>,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createWarmHomeDiscountApplication", apply);
    b.leaves::<Outcome>("WarmHomeDiscountApplicationOutputType", &[("id", |o| o.id.into())]);
    b.parts::<Outcome>(
        "WarmHomeDiscountApplicationOutputType",
        &[("errors", |o| Resolved::nodes(o.errors.iter().cloned()))],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    account_number: Option<String>,
    application_inputs: Option<Grounds>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grounds {
    qualifying_criteria: Option<String>,
    qualifying_component: Option<String>,
}

async fn apply(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Input { account_number, application_inputs } = call.args()?;
    let work = (account_number.unwrap_or_default(), application_inputs.unwrap_or_default());
    let number = Some(work.0.as_str());
    let operation = "Mutation.createWarmHomeDiscountApplication";
    let applied = call.cx.write(operation, number, &work, |tx, viewer, (number, grounds)| {
        Box::pin(async move {
            let Grounds { qualifying_criteria, qualifying_component } = grounds;
            let (criteria, component) = (qualifying_criteria.as_deref(), qualifying_component.as_deref());
            warm_home_discounts::apply(tx, viewer, number, criteria, component).await
        })
    });
    let error = match applied.await {
        Ok(id) => return Ok(Resolved::node(Outcome { id: Some(id), errors: Vec::new() })),
        Err(error) => error,
    };
    let (field, code) = match &error {
        ApplicationError::Forbidden => return Err(FieldError::code(FORBIDDEN)),
        ApplicationError::Database(error) => return Err(FieldError::internal(error)),
        ApplicationError::NotTheirs => ("accountNumber", "does_not_exist"),
        ApplicationError::NotAHousehold => ("accountNumber", "not_eligible"),
        ApplicationError::Already => ("accountNumber", "unique"),
        ApplicationError::Closed => ("applicationInputs", "closed"),
        ApplicationError::NoCriteria => ("qualifyingCriteria", "required"),
        ApplicationError::Component(_) => ("qualifyingComponent", "required"),
    };
    let wrong = Wrong { message: error.to_string().into(), code };
    Ok(Resolved::node(Outcome { id: None, errors: vec![FieldErrors { field, errors: vec![wrong] }] }))
}
