//! What is owed on ledgers, and for how long.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use crate::domain::accounts::accounts;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};

/// SQL for what credits have left of the charges, among the postings known as `$p`, for which `$of` holds. Credits
/// settle the oldest charges first, so `$of` must hold for a charge if it does for a younger one.
macro_rules! unsettled {
    ($p:literal, $of:literal) => {
        concat!(
            "greatest(0, -coalesce(sum(",
            $p,
            ".amount) filter (where ",
            $p,
            ".amount > 0 or ",
            $of,
            "), 0))::bigint"
        )
    };
}
pub(super) use unsettled;

/// Why nothing is said about a debt.
#[derive(Debug, Error)]
pub enum DebtError {
    /// There is no such account, or the viewer may not see it.
    #[error("unknown account")]
    UnknownAccount,
    /// The market has no dunning path, so that nothing says when a debt is delinquent.
    #[error("nothing says when a debt is delinquent")]
    NotTracked,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(DebtError);

/// The delinquent debt of an account on a day.
#[derive(Clone, Debug)]
pub struct Position {
    /// Number of the account.
    pub account_number: String,
    /// The day at whose end.
    pub day: NaiveDate,
    /// Its ledgers, the main one first.
    pub ledgers: Vec<LedgerPosition>,
}

/// The delinquent debt on a ledger.
#[derive(Clone, Debug)]
pub struct LedgerPosition {
    /// Number of the ledger.
    pub number: String,
    /// In minor units; none for a day that has not come, or on which there was no such ledger yet.
    pub delinquent: Option<i64>,
}

row! {
    struct Owed {
        number: String,
        created_at: DateTime<Utc>,
        amount: i64,
    }
}

statement!(static PATIENCE: (Option<i32>,) = "
    select min(terms_days + grace_days) from dunning_paths where market = $1 and is_active");
statement!(static OWED: Owed = concat!("
    select l.number, l.created_at, ", unsettled!("p", "e.posted_date + $5::integer < $4"), " as amount
    from ledgers l join accounts a on a.id = l.account_id
        left join (postings p join journal_entries e on e.id = p.journal_entry_id)
            on p.ledger_account_id = l.id and e.posted_date <= $4::date
    where l.account_id = $3 and ", account_is_visible!(), " group by l.id order by l.is_main desc, l.id"));

/// What is delinquent on each ledger of an account, as the books stood at the end of a day, today if none is named.
/// A charge is delinquent once the shortest terms and grace of the market's dunning paths are over.
pub async fn position(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    day: Option<NaiveDate>,
) -> Result<Position, DebtError> {
    let account = accounts::by_number(tx, viewer, number).await?.ok_or(DebtError::UnknownAccount)?;
    let market = account.market().ok_or(DebtError::NotTracked)?;
    let (patience,) = PATIENCE.query().bind(&market.code).fetch_one(&mut *tx).await?;
    let patience = patience.ok_or(DebtError::NotTracked)?;
    let today = market.day(tx.business_now().await?);
    let day = day.unwrap_or(today);
    let query = OWED.seen_by(viewer).bind(account.id).bind(day).bind(patience);
    let rows = query.fetch_all(&mut *tx).await?;
    let known = |opened: DateTime<Utc>| day <= today && market.day(opened) <= day;
    let ledgers = rows.into_iter().map(|owed| LedgerPosition {
        delinquent: known(owed.created_at).then_some(owed.amount),
        number: owed.number,
    });
    Ok(Position { account_number: account.number, day, ledgers: ledgers.collect() })
}
