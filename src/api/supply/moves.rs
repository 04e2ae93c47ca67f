//! `performMoveOut`, `occupy` and `updateSsd`.

use chrono::NaiveDate;
use serde::Deserialize;

use super::BAD_INPUT;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::supply::moves::{self, MoveError, MoveOut, Tenant};
use crate::domain::supply::occupying::{self, MoveIn, OccupyError};
use crate::domain::supply::start_days::{self, StartError};
use crate::graphql::{FieldError, Node, Resolved};

/// Supply cannot begin on that day, or nothing of the account is yet to be supplied.
const NOT_MOVED: &str = "KT-GB-4101";

/// The account that moved out.
struct Moved(Account);

/// When supply begins.
struct Started {
    is_moved: bool,
    on: NaiveDate,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.performMoveOut", move_out);
    b.root("Mutation.occupy", occupy);
    for payload in ["PerformMoveOut", "OccupyOutputType"] {
        b.parts::<Moved>(
            payload,
            &[("account", |m| Resolved::Node(Node::typed("AccountType", m.0.clone())))],
        );
    }
    // People and how they pay are told by operations of their own.
    b.dark(&["OccupyInput.paymentDay", "OccupyInput.directDebitInstruction", "OccupyInput.users"]);
    b.root("Mutation.updateSsd", update_ssd);
    b.leaves::<Started>(
        "UpdateSsd",
        &[("ssdUpdated", |s| s.is_moved.into()), ("estimatedSsd", |s| s.on.into())],
    );
    // Whoever is to be supplied at the next home signs up for it.
    b.dark(&[
        "MoveInNewProperty.moveInDate",
        "MoveInNewProperty.mpans",
        "MoveInNewProperty.mprns",
        "MoveInNewProperty.productCode",
        "MoveInNewProperty.quoteCode",
        "MoveInNewProperty.moveInNewProperty",
    ]);
}

#[derive(Deserialize)]
struct NextHome {
    address: String,
    postcode: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NextTenant {
    given_name: Option<String>,
    family_name: Option<String>,
    email: Option<String>,
    mobile: Option<String>,
    role: Option<String>,
}

impl From<NextTenant> for Tenant {
    fn from(given: NextTenant) -> Self {
        Self {
            given_name: given.given_name.unwrap_or_default(),
            family_name: given.family_name.unwrap_or_default(),
            email: given.email.unwrap_or_default(),
            mobile: given.mobile.unwrap_or_default(),
            role: given.role.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    account_number: String,
    property_id: String,
    move_out_date: NaiveDate,
    new_property: Option<NextHome>,
    new_tenant: Option<NextTenant>,
}

async fn move_out(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let wanted = MoveOut {
        account_number: input.account_number,
        // What is no number names no property.
        property: input.property_id.parse().unwrap_or(0),
        on: input.move_out_date,
        forwarding: input.new_property.map(|home| (home.address, home.postcode)),
        tenant: input.new_tenant.map(Tenant::from),
    };
    let subject = Some(wanted.account_number.as_str());
    let done = call.cx.write("Mutation.performMoveOut", subject, &wanted, |tx, viewer, wanted| {
        Box::pin(moves::move_out(tx, viewer, wanted))
    });
    done.await.map_err(refused)?;
    moved(&call, &wanted.account_number).await
}

async fn moved(call: &Call<'_>, account_number: &str) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let found = accounts::by_number(&mut view, call.cx.viewer(), account_number).await;
    Ok(Resolved::maybe(found.map_err(FieldError::internal)?.map(Moved)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OccupyInput {
    account_number: String,
    property_id: String,
    quote_code: String,
    product_code: String,
    move_in_date: Option<NaiveDate>,
}

async fn occupy(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: OccupyInput = call.arg("input")?;
    let wanted = MoveIn {
        account_number: input.account_number,
        // What is no number names no property.
        property: input.property_id.parse().unwrap_or(0),
        quote: input.quote_code,
        product: input.product_code,
        on: input.move_in_date,
    };
    let subject = Some(wanted.account_number.as_str());
    let done = call.cx.write("Mutation.occupy", subject, &wanted, |tx, viewer, wanted| {
        Box::pin(occupying::occupy(tx, viewer, wanted))
    });
    done.await.map_err(|error| {
        let said = |code| FieldError::code(code).describe(format!("Nobody moved in: {error}."));
        match &error {
            OccupyError::NoAccount => said("KT-GB-6622"),
            OccupyError::NoProperty => said("KT-GB-6623"),
            OccupyError::Day => said(BAD_INPUT).at_input(&["input", "moveInDate"]),
            OccupyError::NoQuote => said("KT-CT-4619"),
            OccupyError::NotQuoted => said("KT-CT-4624"),
            OccupyError::Database(error) => FieldError::internal(error),
        }
    })?;
    moved(&call, &wanted.account_number).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SsdInput {
    account_number: String,
    desired_ssd: NaiveDate,
}

async fn update_ssd(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Option<SsdInput> = call.arg("input")?;
    let input = input.ok_or_else(|| FieldError::code(NOT_MOVED).at_input(&["input"]))?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.updateSsd", subject, &input, |tx, viewer, input| {
        Box::pin(start_days::move_to(tx, viewer, &input.account_number, input.desired_ssd))
    });
    let is_moved = done.await.map_err(|error| match error {
        StartError::Database(error) => FieldError::internal(error),
        other => FieldError::code(NOT_MOVED).describe(format!("The switch stays as it was: {other}.")),
    })?;
    Ok(Resolved::node(Started { is_moved, on: input.desired_ssd }))
}

fn refused(error: MoveError) -> FieldError {
    let said = |code| FieldError::code(code).describe(format!("Nobody moved out: {error}."));
    match &error {
        MoveError::NotHeld => said("KT-GB-6624"),
        MoveError::Day(_) => said("KT-GB-6624").at_input(&["input", "moveOutDate"]),
        MoveError::Next(_) => said("KT-GB-6625"),
        MoveError::Database(error) => FieldError::internal(error),
    }
}
