//! Bills that customers had from whoever kept their accounts before. They say what they said then, and stand in no ledger: what
//! was open of them came over as a balance.

use chrono::NaiveDate;
use serde_json::Value;
use thiserror::Error;

use super::files::{self, File};
use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::money::Minor;
use crate::platform::storage::Storage;

row! {
    /// A bill from before.
    pub struct EarlierBill {
        /// Row id, which no other bill has.
        pub id: i64,
        /// The account that it came over with.
        pub account_id: i64,
        /// What the customer knows it by.
        pub identifier: String,
        /// The first day.
        pub from_date: NaiveDate,
        /// The last day.
        pub to_date: NaiveDate,
        /// The day of issue.
        pub issued_on: NaiveDate,
        /// What it asked for, in minor units.
        pub gross: Minor,
        /// What else was known of it, by name.
        pub params: Value,
        /// Whether there is a file of it.
        pub has_file: bool,
    }
}

impl EarlierBill {
    /// Its file, if there is one.
    pub fn file(&self) -> Option<File> {
        self.has_file.then(|| file(self.id, &self.identifier))
    }
}

fn file(id: i64, identifier: &str) -> File {
    File { key: format!("earlier-bills/{id}/1.pdf"), ..files::named(id, identifier) }
}

/// Why a bill was not taken over.
#[derive(Debug, Error)]
pub enum EarlierError {
    /// There is no such account.
    #[error("there is no such account")]
    UnknownAccount,
    /// It has no number, or its days do not fit.
    #[error("a bill has a number, and is for days before its issue, which is past")]
    Facts,
    /// The account has a bill of this number.
    #[error("the account has a bill of this number already")]
    Known,
    /// The file could not be kept.
    #[error("the file could not be kept: {0}")]
    File(String),
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(EarlierError);

impl From<sqlx::Error> for EarlierError {
    fn from(error: sqlx::Error) -> Self {
        let is = |name| on_constraint(&error, name);
        if is("earlier_bills_identifier_key") { Self::Known } else { Self::Database(error) }
    }
}

/// A bill to be taken over.
#[derive(Clone, Debug)]
pub struct NewEarlier<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// What the customer knows the bill by.
    pub identifier: &'a str,
    /// The first day.
    pub from_date: NaiveDate,
    /// The last day.
    pub to_date: NaiveDate,
    /// The day of issue.
    pub issued_on: NaiveDate,
    /// What it asked for, in minor units; less than zero for what it gave back.
    pub gross: i64,
    /// What else is known of it, by name.
    pub params: &'a Value,
    /// The bill itself, a PDF, if there is one.
    pub pdf: Option<Vec<u8>>,
}

statement!(static ACCOUNT: (i64,) = "select id from accounts where number = $1");
statement!(static ADD: (i64,) = "
    insert into earlier_bills (account_id, identifier, from_date, to_date, issued_on, gross, params, has_file, imported_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id");
statement!(static BY_ID: EarlierBill = concat!("
    select e.id, e.account_id, e.identifier, e.from_date, e.to_date, e.issued_on, e.gross, e.params, e.has_file
    from earlier_bills e join accounts a on a.id = e.account_id
    where e.id = any($3::bigint[]) and ", account_is_visible!()));
statement!(static BY_KEY: EarlierBill = "
    select e.id, e.account_id, e.identifier, e.from_date, e.to_date, e.issued_on, e.gross, e.params, e.has_file
    from earlier_bills e where e.id = $1 and e.has_file");

/// Takes a bill over. Answers its row id.
///
/// # Errors
/// See [`EarlierError`].
pub async fn import(tx: &mut Tx, storage: &dyn Storage, new: &NewEarlier<'_>) -> Result<i64, EarlierError> {
    let account = ACCOUNT.query().bind(new.account_number).fetch_optional(&mut *tx).await?;
    let (account,) = account.ok_or(EarlierError::UnknownAccount)?;
    let now = tx.business_now().await?;
    let identifier = new.identifier.trim();
    let fits = new.from_date <= new.to_date && new.issued_on <= now.date_naive();
    if identifier.is_empty() || !fits || !new.params.is_object() {
        return Err(EarlierError::Facts);
    }
    let add = ADD.query().bind(account).bind(identifier).bind(new.from_date).bind(new.to_date);
    let add = add.bind(new.issued_on).bind(new.gross).bind(new.params).bind(new.pdf.is_some()).bind(now);
    let (id,) = add.fetch_one(&mut *tx).await?;
    if let Some(pdf) = &new.pdf {
        let kept = storage.put(&file(id, identifier).key, pdf.clone().into()).await;
        kept.map_err(|error| EarlierError::File(error.to_string()))?;
    }
    Ok(id)
}

/// The bills with these ids that the viewer may see, in order.
pub async fn by_ids(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<Vec<Option<EarlierBill>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |bill| bill.id))
}

/// The file under a key, if one of these bills has it.
pub(super) async fn by_key(tx: &mut Tx, key: &str) -> Result<Option<File>, sqlx::Error> {
    let id = key.strip_prefix("earlier-bills/").and_then(|rest| rest.strip_suffix("/1.pdf"));
    let Some(id) = id.and_then(|id| id.parse::<i64>().ok()) else { return Ok(None) };
    let found = BY_KEY.query().bind(id).fetch_optional(&mut *tx).await?;
    Ok(found.and_then(|bill| bill.file()))
}
