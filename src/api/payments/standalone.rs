//! Single payments by a card that is entered for them alone: `initiateStandalonePayment`,
//! `initiateHostedStandalonePayment`, `completeStandalonePayment`.

use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::ledgers::{LedgerName, NameError};
use crate::domain::payments::standalone::{self, BeginError, Begun, CompleteError, NewStandalone};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Resolved};

/// A payment in a client's own page.
struct Embedded(Begun);
/// A payment on the vendor's page, and the page's address.
struct Hosted(Begun, String);
/// How far a payment has got.
struct Completed(&'static str);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.initiateStandalonePayment", initiate);
    b.root("Mutation.initiateHostedStandalonePayment", initiate_hosted);
    b.root("Mutation.completeStandalonePayment", complete);
    // The page says at once whether the bank lets the card be charged.
    b.dark(&[
        "InitiateHostedStandalonePaymentInput.returnUrlPending",
        "InitiateHostedStandalonePaymentInput.returnUrlError",
    ]);
    b.parts::<Embedded>(
        "InitiateStandalonePayment",
        &[("payment", |made| Resolved::node(Embedded(made.0.clone())))],
    );
    b.leaves::<Embedded>(
        "InitiateStandalonePaymentOutput",
        &[("retrievalToken", |p| (&p.0.retrieval).into()), ("secretToken", |p| (&p.0.token).into())],
    );
    b.parts::<Hosted>(
        "InitiateHostedStandalonePayment",
        &[("payment", |made| Resolved::node(Hosted(made.0.clone(), made.1.clone())))],
    );
    b.leaves::<Hosted>(
        "InitiateHostedStandalonePaymentOutput",
        &[("retrievalToken", |p| (&p.0.retrieval).into()), ("url", |p| (&p.1).into())],
    );
    b.parts::<Completed>(
        "CompleteStandalonePayment",
        &[("payment", |completed| Resolved::node(Completed(completed.0)))],
    );
    b.leaves::<Completed>("CompleteStandalonePaymentOutput", &[("status", |completed| completed.0.into())]);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InitiateInput {
    account_number: String,
    amount: i64,
    description: String,
    collection_method: Option<String>,
    ledger_id: Option<String>,
}

async fn initiate(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: InitiateInput = call.arg("input")?;
    let no_ledger = |code| FieldError::code(code).at_input(&["input", "ledgerId"]);
    let ledger =
        input.ledger_id.as_deref().map(LedgerName::parse).transpose().map_err(|error| match error {
            NameError::Both => no_ledger("KT-CT-3820"),
            NameError::Neither => no_ledger("KT-CT-3822"),
        })?;
    let work = (call.cx.app.auth().random(), &input, ledger);
    let subject = Some(input.account_number.as_str());
    let operation = "Mutation.initiateStandalonePayment";
    let begun = call.cx.write(operation, subject, &work, |tx, viewer, (random, input, ledger)| {
        Box::pin(async move {
            let new = NewStandalone {
                account_number: &input.account_number,
                ledger: ledger.clone(),
                amount: input.amount,
                description: &input.description,
                method: input.collection_method.as_deref().unwrap_or("CARD"),
                return_urls: None,
            };
            standalone::begin(tx, random, viewer, &new).await
        })
    });
    begun.await.map(|begun| Resolved::node(Embedded(begun))).map_err(|error| match error {
        BeginError::Unauthorised => FieldError::code("KT-CT-4177").at_input(&["input", "accountNumber"]),
        BeginError::NotOffered => FieldError::code(INVALID_INPUT)
            .describe("Single payments are not taken in this way.")
            .at_input(&["input", "collectionMethod"]),
        other => refusal(other, "ledgerId"),
    })
}

/// What reads the same on both ways. `ledger` is the input that names the ledger.
fn refusal(error: BeginError, ledger: &str) -> FieldError {
    let invalid =
        |why: &str, field: &str| FieldError::code(INVALID_INPUT).describe(why).at_input(&["input", field]);
    match error {
        BeginError::NoLedger => FieldError::code("KT-CT-3822").at_input(&["input", ledger]),
        BeginError::TakesNoPayments => FieldError::code("KT-CT-3943").at_input(&["input", ledger]),
        BeginError::Amount(_) => invalid("This cannot be paid.", "amount"),
        BeginError::Description => invalid("The description is missing or too long.", "description"),
        BeginError::ReturnUrl(field) => {
            invalid("The page can send customers to addresses on the web only.", field)
        }
        other => FieldError::internal(other),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HostedInput {
    account_number: String,
    amount: i64,
    description: String,
    collection_method: String,
    ledger_number: Option<String>,
    ledger_id: Option<String>,
    return_url_success: Option<String>,
    return_url_failure: Option<String>,
    return_url_cancel: Option<String>,
    return_url_expired: Option<String>,
}

async fn initiate_hosted(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: HostedInput = call.arg("input")?;
    let name = match (&input.ledger_number, &input.ledger_id) {
        (Some(name), None) | (None, Some(name)) => name,
        _ => return Err(FieldError::code("KT-CT-3958").at_input(&["input", "ledgerNumber"])),
    };
    let ledger = LedgerName::parse(name)
        .map_err(|_| FieldError::code("KT-CT-3822").at_input(&["input", "ledgerNumber"]))?;
    let work = (call.cx.app.auth().random(), &input, ledger);
    let subject = Some(input.account_number.as_str());
    let operation = "Mutation.initiateHostedStandalonePayment";
    let begun = call.cx.write(operation, subject, &work, |tx, viewer, (random, input, ledger)| {
        Box::pin(async move {
            let return_urls = [
                ("returnUrlSuccess", "success", input.return_url_success.as_deref()),
                ("returnUrlFailure", "failure", input.return_url_failure.as_deref()),
                ("returnUrlCancel", "cancel", input.return_url_cancel.as_deref()),
                ("returnUrlExpired", "expired", input.return_url_expired.as_deref()),
            ];
            let new = NewStandalone {
                account_number: &input.account_number,
                ledger: Some(ledger.clone()),
                amount: input.amount,
                description: &input.description,
                method: &input.collection_method,
                return_urls: Some(&return_urls),
            };
            standalone::begin(tx, random, viewer, &new).await
        })
    });
    let begun = begun.await.map_err(|error| match error {
        BeginError::Unauthorised => FieldError::code("KT-CT-1128").at_input(&["input", "accountNumber"]),
        BeginError::NotOffered => FieldError::code("KT-CT-3957").at_input(&["input", "collectionMethod"]),
        other => refusal(other, "ledgerNumber"),
    })?;
    let url = call.cx.app.files().address(&format!("/pay/{}", begun.token));
    Ok(Resolved::node(Hosted(begun, url)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompleteInput {
    retrieval_token: String,
}

async fn complete(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CompleteInput = call.arg("input")?;
    let done = call.cx.write("Mutation.completeStandalonePayment", None, &input, |tx, viewer, input| {
        Box::pin(standalone::complete(tx, viewer, &input.retrieval_token))
    });
    done.await.map(|status| Resolved::node(Completed(status))).map_err(|error| match error {
        CompleteError::Unauthorised => FieldError::code("KT-CT-3974"),
        CompleteError::Unable => FieldError::code("KT-CT-3975"),
        CompleteError::Database(error) => FieldError::internal(error),
    })
}
