//! `LedgerType`, and an account's ledgers and balance.

use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::ledgers::balances;
use crate::domain::ledgers::ledgers::{self, Ledger, Which};
use crate::domain::ledgers::{set_aside, write_offs};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.ledgers", ledgers_of);
    b.batch("AccountType.balance", balance_of);
    b.batch("AccountType.hasWriteOffLedgers", has_write_offs);
    b.batch("LedgerType.debtLedger", debt_ledgers);
    b.leaves::<Ledger>(
        "LedgerType",
        &[
            ("id", |l| l.id.into()),
            ("name", |l| (&l.name).into()),
            ("number", |l| (&l.number).into()),
            ("ledgerType", |l| (&l.ledger_type).into()),
            ("balance", |l| l.balance.0.into()),
            ("amountOwedByCustomer", |l| l.amount_owed_by_customer().ok().map(|owed| owed.0).into()),
            ("affectsAccountBalance", |l| l.affects_account_balance.into()),
            ("acceptsPayments", |l| l.accepts_payments.into()),
            ("supportsStatements", |l| l.supports_statements.into()),
            ("supportsInvoices", |l| l.supports_invoices.into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LedgersArgs {
    ledger_number: Option<String>,
    ledger_id: Option<String>,
    include_debt_ledgers: Option<bool>,
}

impl LedgersArgs {
    /// `None` where an id cannot be one of ours.
    fn which(self) -> Option<Which> {
        let id = self.ledger_id.map(|id| id.parse::<i64>()).transpose().ok()?;
        Some(Which {
            number: self.ledger_number,
            id,
            include_debt_ledgers: self.include_debt_ledgers != Some(false),
        })
    }
}

async fn ledgers_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let Some(which) = call.args::<LedgersArgs>()?.which() else {
        return Ok(ids.iter().map(|_| Resolved::List(Vec::new())).collect());
    };
    let mut view = call.cx.read().await?;
    let found = ledgers::of_accounts(&mut view, call.cx.viewer(), &ids, &which)
        .await
        .map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn balance_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let all: Option<bool> = call.arg("includeAllLedgers")?;
    let accounts = call.parents::<Account>()?;
    if all != Some(true)
        && let Some(known) = accounts.iter().map(|a| a.balance).collect::<Option<Vec<i64>>>()
    {
        return Ok(known.into_iter().map(Resolved::leaf).collect());
    }
    let ids: Vec<i64> = accounts.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    let found = balances::of_accounts(&mut view, call.cx.viewer(), &ids, all == Some(true))
        .await
        .map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|balance| Resolved::leaf(balance.0)).collect())
}

async fn has_write_offs(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    let found = write_offs::on_accounts(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::leaf).collect())
}

async fn debt_ledgers(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Ledger>()?.iter().map(|ledger| ledger.id).collect();
    let mut view = call.cx.read().await?;
    let found = set_aside::of_ledgers(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}
