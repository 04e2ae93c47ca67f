//! How contracts end before their time: `instigateAccountContractTermination`, `instigateBusinessContractTermination`,
//! `cancelContract`, `specialCancelContract` and `revokeContract`.

use chrono::NaiveDate;
use serde::Deserialize;

use super::reading::NO_CONTRACT;
use crate::api::session::{Bindings, Call};
use crate::domain::contracts::Party;
use crate::domain::contracts::notes::NewNote;
use crate::domain::contracts::terminate::{self, Ended, Ending, TerminateError};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.instigateAccountContractTermination", of_account);
    b.root("Mutation.instigateBusinessContractTermination", of_business);
    b.root("Mutation.cancelContract", cancel);
    b.root("Mutation.specialCancelContract", cancel_specially);
    b.leaves::<LastDay>(
        "CancelContract",
        &[("cancelledContract", |last| last.0.is_some().into()), ("lastDayOfSupply", |last| last.0.into())],
    );
    b.root("Mutation.revokeContract", revoke);
    b.leaves::<Cancelled>("SpecialCancelContract", &[("cancelledContract", |done| done.0.into())]);
    b.leaves::<Revoked>("RevokeContract", &[("contractRevoked", |done| done.0.into())]);
    b.leaves::<Ended>("ContractTerminationInstigated", &[("message", |ended| message(ended).into())]);
}

/// The last day of supply, if the contract ends.
struct LastDay(Option<NaiveDate>);
/// Whether the contract ends.
struct Cancelled(bool);
/// Whether the contract is undone.
struct Revoked(bool);

fn message(ended: &Ended) -> String {
    let last = format!("Contract {} ends: the last day of supply is {}.", ended.identifier, ended.last_day);
    match &ended.fee {
        Some((fee, currency)) => format!("{last} Ending early costs {fee} {currency}."),
        None => format!("{last} Ending it costs nothing."),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountInput {
    account_number: String,
    contract_identifier: String,
    requested_termination_date: NaiveDate,
    contract_note: Option<NoteInput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoteInput {
    reason_slug: String,
    note: Option<String>,
}

async fn of_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AccountInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let operation = "Mutation.instigateAccountContractTermination";
    let ended = call.cx.write(operation, subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let note = input.contract_note.as_ref();
            let ending = Ending {
                party: Some(Party::Account),
                identifier: Some(&input.contract_identifier),
                account_number: Some(&input.account_number),
                on: Some(input.requested_termination_date),
                note: note.map(|note| NewNote { reason: &note.reason_slug, note: note.note.as_deref() }),
                is_special: false,
            };
            terminate::instigate(tx, viewer, &ending).await
        })
    });
    ended.await.map(Resolved::node).map_err(|error| match error {
        TerminateError::Forbidden => FieldError::code(FORBIDDEN),
        TerminateError::UnknownAccount => FieldError::code("KT-CT-4178"),
        TerminateError::NotFound => FieldError::code(NO_CONTRACT),
        TerminateError::NotHere => FieldError::code("KT-CT-10304"),
        TerminateError::UnderWay => FieldError::code("KT-CT-10008"),
        TerminateError::Unable(why) => FieldError::code("KT-CT-10007").describe(why),
        TerminateError::Supply => FieldError::code("KT-CT-10004"),
        TerminateError::Charge(error) => FieldError::code("KT-CT-10007").describe(error.to_string()),
        TerminateError::Database(error) => FieldError::internal(error),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BusinessInput {
    contract_identifier: String,
    requested_termination_date: NaiveDate,
}

/// Whatever keeps a contract from ending like this is one code; one that is not there is not the viewer's to end.
async fn of_business(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: BusinessInput = call.arg("input")?;
    let subject = Some(input.contract_identifier.as_str());
    let operation = "Mutation.instigateBusinessContractTermination";
    let ended = call.cx.write(operation, subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let ending = Ending {
                party: Some(Party::Business),
                identifier: Some(&input.contract_identifier),
                account_number: None,
                on: Some(input.requested_termination_date),
                note: None,
                is_special: false,
            };
            terminate::instigate(tx, viewer, &ending).await
        })
    });
    ended.await.map(Resolved::node).map_err(|error| match error {
        TerminateError::Forbidden | TerminateError::UnknownAccount | TerminateError::NotFound => {
            FieldError::code(FORBIDDEN)
        }
        TerminateError::Database(error) => FieldError::internal(error),
        other => FieldError::code("KT-CT-10002").describe(other.to_string()),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelInput {
    account_number: String,
    last_day_of_supply: Option<NaiveDate>,
}

/// Nothing is cancelled where the contract cannot end on that day.
async fn cancel(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CancelInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let ended = call.cx.write("Mutation.cancelContract", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let ending = Ending {
                party: Some(Party::Account),
                identifier: None,
                account_number: Some(&input.account_number),
                on: input.last_day_of_supply.and_then(|day| day.succ_opt()),
                note: None,
                is_special: false,
            };
            terminate::instigate(tx, viewer, &ending).await
        })
    });
    match ended.await {
        Ok(ended) => Ok(Resolved::node(LastDay(Some(ended.last_day)))),
        Err(TerminateError::Forbidden) => Err(FieldError::code(FORBIDDEN)),
        Err(TerminateError::UnknownAccount) => Err(FieldError::code("KT-CT-4178")),
        Err(TerminateError::NotFound) => Err(FieldError::code(NO_CONTRACT)),
        Err(TerminateError::Database(error)) => Err(FieldError::internal(error)),
        Err(_) => Ok(Resolved::node(LastDay(None))),
    }
}

/// The viewer may not do this to any contract.
const MAY_NOT: &str = "KT-CT-4922";
/// There is no such contract that the viewer may do this to.
const NOT_THEIRS: &str = "KT-CT-4923";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpecialInput {
    identifier: String,
    termination_date: NaiveDate,
    contract_note: Option<NoteInput>,
}

/// False where the contract cannot end on that day.
async fn cancel_specially(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: SpecialInput = call.arg("input")?;
    let subject = Some(input.identifier.as_str());
    let ended = call.cx.write("Mutation.specialCancelContract", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let note = input.contract_note.as_ref();
            let ending = Ending {
                party: None,
                identifier: Some(&input.identifier),
                account_number: None,
                on: Some(input.termination_date),
                note: note.map(|note| NewNote { reason: &note.reason_slug, note: note.note.as_deref() }),
                is_special: true,
            };
            terminate::instigate(tx, viewer, &ending).await
        })
    });
    match ended.await {
        Ok(_) => Ok(Resolved::node(Cancelled(true))),
        Err(TerminateError::Forbidden) => Err(FieldError::code(MAY_NOT)),
        Err(TerminateError::NotFound | TerminateError::UnknownAccount) => Err(FieldError::code(NOT_THEIRS)),
        Err(TerminateError::Database(error)) => Err(FieldError::internal(error)),
        Err(_) => Ok(Resolved::node(Cancelled(false))),
    }
}

#[derive(Deserialize)]
struct RevokeInput {
    identifier: String,
}

async fn revoke(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RevokeInput = call.arg("input")?;
    let subject = Some(input.identifier.as_str());
    let undone = call.cx.write("Mutation.revokeContract", subject, &input, |tx, viewer, input| {
        Box::pin(terminate::undo(tx, viewer, &input.identifier))
    });
    undone.await.map(|is_undone| Resolved::node(Revoked(is_undone))).map_err(|error| match error {
        TerminateError::Forbidden => FieldError::code(MAY_NOT),
        TerminateError::Database(error) => FieldError::internal(error),
        _ => FieldError::code(NOT_THEIRS),
    })
}
