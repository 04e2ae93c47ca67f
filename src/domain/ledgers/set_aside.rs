//! Setting a debt aside: what is owed on a ledger moves to a debt ledger of its own, where it is paid off and not dunned while
//! the ledger goes on from there.

use thiserror::Error;

use super::journal;
use super::ledgers::{self, Ledger};
use super::open;
use super::transfers::{self, TransferError};
use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market::{self, LedgerKind};
use crate::platform::money::{AmountError, Minor};
use crate::platform::random::Randomness;

/// What debt ledgers are called.
const NAME: &str = "Debt";

/// Why nothing was set aside.
#[derive(Debug, Error)]
pub enum SetAsideError {
    /// There is no ledger of this number, or it holds debt that was set aside.
    #[error("there is no such ledger that debt could be set aside from")]
    NoLedger,
    /// Nothing is owed on the ledger.
    #[error("nothing is owed on the ledger")]
    NothingOwed,
    /// Less than the amount is owed on it.
    #[error("less than that is owed on the ledger")]
    NotAsMuch,
    /// The amount is not positive.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// It was not moved.
    #[error(transparent)]
    Transfer(TransferError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(SetAsideError);

impl From<TransferError> for SetAsideError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Database(error) => Self::Database(error),
            TransferError::Amount(error) => Self::Amount(error),
            other => Self::Transfer(other),
        }
    }
}

row! {
    struct Source {
        id: i64,
        account_id: i64,
        market: String,
        ledger_type: String,
        affects_account_balance: bool,
    }
}

// Whoever holds the ledger's row opens its debt ledger, so there is never a second one. It is looked for once the row is
// held: whoever had to wait must see what the other one opened.
statement!(static SOURCE: Source = "
    select l.id, l.account_id, a.market, l.ledger_type, l.affects_account_balance
    from ledgers l join accounts a on a.id = l.account_id where l.number = $1 and not l.is_debt_ledger
    for no key update of l");
statement!(static DEBT: (i64,) = "select id from ledgers where debt_of_id = $1");
statement!(static TIE: () = "update ledgers set is_debt_ledger = true, debt_of_id = $2 where id = $1");

/// Sets aside what is owed on a ledger, or a part of it in minor units. Answers the row id of the debt ledger. No viewer: the
/// caller has seen to that.
///
/// # Errors
/// See [`SetAsideError`].
pub async fn set_aside(
    tx: &mut Tx,
    random: &Randomness,
    ledger_number: &str,
    amount: Option<i64>,
    note: Option<&str>,
) -> Result<i64, SetAsideError> {
    let amount = amount.map(Minor::positive_entry).transpose()?;
    let source = SOURCE.query().bind(ledger_number).fetch_optional(&mut *tx).await?;
    let source = source.ok_or(SetAsideError::NoLedger)?;
    let market = market::by_code(&source.market).ok_or(SetAsideError::NoLedger)?;
    let debt = match DEBT.query().bind(source.id).fetch_optional(&mut *tx).await? {
        Some((debt,)) => debt,
        None => {
            let kind = kind(&source);
            let debt = open::customer_ledger(tx, random, source.account_id, market, &kind).await?;
            TIE.command().bind(debt).bind(source.id).execute(&mut *tx).await?;
            debt
        }
    };
    let held = journal::hold(tx, &[source.id, debt], &market.currency.code).await?;
    let owed = held.get(&source.id).copied().unwrap_or_default().negated()?;
    if owed <= Minor::ZERO {
        return Err(SetAsideError::NothingOwed);
    }
    let amount = amount.unwrap_or(owed);
    if amount > owed {
        return Err(SetAsideError::NotAsMuch);
    }
    transfers::put(tx, market, [debt, source.id], amount, note).await?;
    Ok(debt)
}

/// The debt ledger of a ledger: `MAIN_DEBT_LEDGER` for a `MAIN_LEDGER`. It is billed with nothing, and paid off.
fn kind(source: &Source) -> LedgerKind {
    let of = source.ledger_type.strip_suffix("_LEDGER").unwrap_or(&source.ledger_type);
    LedgerKind {
        ledger_type: format!("{of}_DEBT_LEDGER"),
        name: NAME.to_owned(),
        is_main: false,
        affects_account_balance: source.affects_account_balance,
        accepts_payments: true,
        supports_statements: false,
        supports_invoices: false,
        stores_credit: false,
        opened_with_account: false,
    }
}

statement!(static OF_LEDGERS: (i64, i64) = concat!("
    select coalesce(l.debt_of_id, 0), l.id from ledgers l join accounts a on a.id = l.account_id
    where l.debt_of_id = any($3::bigint[]) and ", account_is_visible!()));

/// The debt ledger of each of these ledgers, as far as there is one that the viewer may see. Two statements.
pub async fn of_ledgers(
    tx: &mut Tx,
    viewer: &Viewer,
    ledgers: &[i64],
) -> Result<Vec<Option<Ledger>>, sqlx::Error> {
    let query = OF_LEDGERS.seen_by(viewer).bind(ledgers);
    let pairs = query.fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = pairs.iter().map(|(_, debt)| *debt).collect();
    let found = ledgers::by_ids(tx, viewer, &ids).await?;
    let rows: Vec<(i64, Ledger)> =
        pairs.iter().zip(found).filter_map(|((of, _), ledger)| Some((*of, ledger?))).collect();
    Ok(in_order(ledgers, rows, |(of, _)| *of).into_iter().map(|row| row.map(|(_, ledger)| ledger)).collect())
}
