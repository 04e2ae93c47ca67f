//! Moving credit between ledgers: `transferLedgerBalance`.

use serde::Deserialize;

use super::posting::misnamed;
use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::transfers::{self, NewTransfer, Place, Transfer, TransferError};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// A transfer that was made just now, wrapped as the payload of its mutation.
struct Moved(Transfer);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.transferLedgerBalance", transfer_ledger_balance);
    b.parts::<Moved>("TransferLedgerBalance", &[("balanceTransfer", |m| Resolved::node(m.0.clone()))]);
    b.leaves::<Transfer>(
        "AccountBalanceTransferType",
        &[("id", |t| t.id.into()), ("reason", |t| (&t.charge.reason).into())],
    );
    b.parts::<Transfer>(
        "AccountBalanceTransferType",
        &[
            ("accountCharge", |t| Resolved::node(t.charge.clone())),
            ("accountCredit", |t| Resolved::node(t.credit.clone())),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlaceInput {
    account_number: String,
    ledger_id: String,
}

impl PlaceInput {
    fn place(&self) -> Place<'_> {
        Place { account_number: &self.account_number, ledger: &self.ledger_id }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransferInput {
    source_account_ledger: PlaceInput,
    target_account_ledger: PlaceInput,
    amount: i64,
    note: Option<String>,
}

async fn transfer_ledger_balance(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: TransferInput = call.arg("input")?;
    let number = Some(input.source_account_ledger.account_number.as_str());
    let moved = call.cx.write("Mutation.transferLedgerBalance", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let new = NewTransfer {
                source: input.source_account_ledger.place(),
                target: input.target_account_ledger.place(),
                amount: input.amount,
                note: input.note.as_deref(),
            };
            transfers::create(tx, viewer, &new).await
        })
    });
    moved.await.map(|transfer| Resolved::node(Moved(transfer))).map_err(transfer_error)
}

fn transfer_error(error: TransferError) -> FieldError {
    let at = |code: &'static str, field: &str| FieldError::code(code).at_input(&["input", field]);
    match error {
        TransferError::Forbidden => FieldError::code(FORBIDDEN),
        TransferError::Name(error) => FieldError::code(misnamed(error)),
        TransferError::UnknownSource => at("KT-CT-3822", "sourceAccountLedger"),
        TransferError::UnknownTarget => at("KT-CT-3823", "targetAccountLedger"),
        TransferError::SameLedger => FieldError::code("KT-CT-9701"),
        TransferError::NothingThere => at("KT-CT-9702", "sourceAccountLedger"),
        TransferError::NotEnough => at("KT-CT-9703", "amount"),
        TransferError::OtherMarket => at("KT-CT-9703", "targetAccountLedger")
            .describe("The ledgers are in different markets, so their balances do not mix."),
        TransferError::Amount(error) => {
            at("KT-CT-9704", "amount").describe(format!("The transfer was refused: {error}."))
        }
        TransferError::Books(error) => FieldError::internal(error),
        TransferError::Database(error) => FieldError::internal(error),
    }
}
