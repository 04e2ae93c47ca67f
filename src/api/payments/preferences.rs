//! By what ledgers are paid: `setPaymentPreference`, `stopAutomatedPayments`, and what was chosen.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::ledgers::ledgers::Ledger;
use crate::domain::payments::instructions;
use crate::domain::payments::preferences::{self, Choice, Parent, Preference, PreferenceError};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

const BY_INSTRUCTION: &str = "PreferredInstruction";
const BY_HAND: &str = "UserManagedPayment";

/// Something was chosen.
struct Chosen;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.setPaymentPreference", set_preference);
    b.root("Mutation.stopAutomatedPayments", stop);
    b.batch("AccountType.paymentPreferences", of_accounts);
    b.batch("LedgerType.paymentPreferences", of_ledgers);
    b.leaves::<Preference>(
        BY_INSTRUCTION,
        &[("forPaymentsAfter", |p| p.from_day.to_string().into()), ("status", |p| p.standing.into())],
    );
    b.batch("PreferredInstruction.paymentMethod", methods);
    b.leaves::<Preference>(BY_HAND, &[("forPaymentsAfter", |p| p.from_day.to_string().into())]);
}

fn node(preference: Preference) -> Node {
    let name = if preference.instruction_id.is_some() { BY_INSTRUCTION } else { BY_HAND };
    Node::typed(name, preference)
}

async fn listed(call: &Call<'_>, parent: Parent, ids: &[i64]) -> Result<Vec<Resolved>, FieldError> {
    let window = window(call)?;
    let mut view = call.cx.read().await?;
    let pages = preferences::page_of(&mut view, call.cx.viewer(), parent, ids, &window).await;
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|page| connection(page, node)).collect())
}

async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    listed(&call, Parent::Account, &ids).await
}

async fn of_ledgers(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Ledger>()?.iter().map(|ledger| ledger.id).collect();
    listed(&call, Parent::Ledger, &ids).await
}

async fn methods(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let wanted: Vec<i64> = call
        .parents::<Preference>()?
        .iter()
        .map(|preference| preference.instruction_id.unwrap_or(0))
        .collect();
    let mut view = call.cx.read().await?;
    let found = instructions::by_ids(&mut view, call.cx.viewer(), &wanted).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChoiceInput {
    account_number: String,
    payment_method: Option<String>,
    ledger_numbers: Vec<Option<String>>,
    from_date: NaiveDate,
}

async fn set_preference(call: Call<'_>) -> Result<Resolved, FieldError> {
    chosen(&call, "Mutation.setPaymentPreference").await
}

async fn stop(call: Call<'_>) -> Result<Resolved, FieldError> {
    chosen(&call, "Mutation.stopAutomatedPayments").await
}

async fn chosen(call: &Call<'_>, operation: &'static str) -> Result<Resolved, FieldError> {
    let input: ChoiceInput = call.arg("input")?;
    // No ledger has an empty number.
    let numbers = input.ledger_numbers.iter().map(|number| number.clone().unwrap_or_default()).collect();
    let work: (ChoiceInput, Vec<String>) = (input, numbers);
    let subject = Some(work.0.account_number.as_str());
    let done = call.cx.write(operation, subject, &work, |tx, viewer, (input, numbers)| {
        Box::pin(async move {
            let choice = Choice {
                account_number: &input.account_number,
                ledgers: numbers,
                // No row has the id zero: what is no number is refused as what is not there.
                instruction: input.payment_method.as_deref().map(|id| id.parse().unwrap_or(0)),
                from: input.from_date,
            };
            preferences::choose(tx, viewer, &choice).await
        })
    });
    let stops = operation == "Mutation.stopAutomatedPayments";
    done.await.map(|()| Resolved::node(Chosen)).map_err(|error| refusal(error, stops))
}

fn refusal(error: PreferenceError, stops: bool) -> FieldError {
    let at_ledgers = |error: FieldError| error.at_input(&["input", "ledgerNumbers"]);
    match error {
        PreferenceError::Forbidden => FieldError::code(FORBIDDEN),
        PreferenceError::Unauthorised => at_ledgers(FieldError::code("KT-CT-3822")),
        PreferenceError::NoLedger => {
            at_ledgers(FieldError::code(INVALID_INPUT).describe("At least one ledger must be named."))
        }
        PreferenceError::NotValid if stops => at_ledgers(
            FieldError::code(INVALID_INPUT)
                .describe("Nothing is collected on this ledger that could be stopped then."),
        ),
        PreferenceError::NotValid => at_ledgers(FieldError::code("KT-CT-3967")),
        PreferenceError::TooSoon(day) => FieldError::code("KT-CT-3968")
            .describe(format!("The ledger can be paid otherwise from {day} on."))
            .at_input(&["input", "fromDate"]),
        PreferenceError::OtherWeekday => FieldError::code("KT-CT-3969").at_input(&["input", "fromDate"]),
        PreferenceError::Database(error) => FieldError::internal(error),
    }
}
