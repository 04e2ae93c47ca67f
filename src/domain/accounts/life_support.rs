//! Life support in Australia: where somebody's life hangs on equipment, supply must not be cut off. Operations staff register
//! what customers and their doctors say, and end it. Staff and those who hold the account may know of it, and nobody else.

use chrono::NaiveDate;
use thiserror::Error;

use super::{contacts, grouped};
use crate::domain::auth::viewer::{Viewer, account_is_owned, account_is_visible};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::market;

/// Whose rules these are.
const MARKET: &str = "au";
/// How much is kept about equipment, in characters.
const LONGEST: usize = 500;

row! {
    /// Equipment that must not lose power.
    pub struct Record {
        /// Row id.
        pub id: i64,
        account_id: i64,
        /// When it was registered.
        pub registered_on: NaiveDate,
        /// One of `LifeSupportEquipment`.
        pub equipment: String,
        /// What else there is to say.
        pub details: String,
        /// One of `LifeSupportStatus`.
        pub status: String,
        /// Whether it is the retailer's record, and not the network's.
        pub is_ours: bool,
        /// One of `LifeSupportPreferredContactMethod`.
        pub contact_method: String,
    }
}

statement!(static MAY_KNOW: (i64,) = concat!("
    select a.id from accounts a where a.id = any($3::bigint[]) and a.market = $4 and ",
    account_is_visible!(), " and ", account_is_owned!()));
statement!(static RECORDS: Record = "
    select id, account_id, registered_on, equipment, details, status, is_ours, contact_method
    from life_support_records where account_id = any($1) order by account_id, id");

/// What is registered for each of these accounts; none for whoever may not know, and where there is no such register.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Option<Vec<Record>>>, sqlx::Error> {
    if !viewer.is_staff() && viewer.account_user().is_none() {
        return Ok(vec![None; accounts.len()]);
    }
    let known = MAY_KNOW.seen_by(viewer).bind(accounts).bind(MARKET);
    let known: Vec<i64> = known.fetch_all(&mut *tx).await?.into_iter().map(|(id,)| id).collect();
    let rows = RECORDS.query().bind(&known).fetch_all(&mut *tx).await?;
    let all = grouped(accounts, rows.into_iter().map(|row| (row.account_id, row)).collect());
    Ok(accounts.iter().zip(all).map(|(id, rows)| known.contains(id).then_some(rows)).collect())
}

/// Why nothing was registered or ended.
#[derive(Debug, Error)]
pub enum LifeSupportError {
    /// There is no such account in a market that has the register.
    #[error("there is no such account in Australia")]
    Unknown,
    /// There is no such record.
    #[error("there is no such record")]
    NoRecord,
    /// There is no such equipment, status or way of contact.
    #[error("there is no such equipment, status or way of contact")]
    NoSuch,
    /// The same equipment is registered by another record.
    #[error("the same equipment is registered already")]
    Already,
    /// The text is too long or holds odd characters.
    #[error("the text is too long, or has characters that cannot be kept")]
    Text,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(LifeSupportError);

impl From<sqlx::Error> for LifeSupportError {
    fn from(error: sqlx::Error) -> Self {
        let unknown = ["equipment_fkey", "status_check", "contact_check"];
        if unknown.iter().any(|name| on_constraint(&error, &format!("life_support_records_{name}"))) {
            Self::NoSuch
        } else if on_constraint(&error, "life_support_records_key") {
            Self::Already
        } else {
            Self::Database(error)
        }
    }
}

/// Equipment that somebody tells of.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    /// One of `LifeSupportEquipment`.
    pub equipment: &'a str,
    /// What else there is to say.
    pub details: &'a str,
    /// One of `LifeSupportPreferredContactMethod`.
    pub contact_method: &'a str,
    /// Whether a doctor has confirmed it.
    pub is_confirmed: bool,
    /// Whether the retailer keeps the record, and not the network.
    pub is_ours: bool,
}

statement!(static ACCOUNT: (i64,) = "select id from accounts where number = $1 and market = $2 for no key update");
statement!(static ADD: (i64,) = "
    insert into life_support_records (account_id, registered_on, equipment, details, status, is_ours, contact_method, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (account_id, equipment, details)
            where status in ('REGISTERED_NO_MEDICAL_CONFIRMATION', 'REGISTERED_MEDICAL_CONFIRMATION')
        do update set status = excluded.status, is_ours = excluded.is_ours, contact_method = excluded.contact_method,
            updated_at = excluded.updated_at
    returning id");
statement!(static STATUS: (i64,) = "
    update life_support_records set status = $2, updated_at = $3 where id = $1 returning account_id");
// The points are told to whoever works on them.
statement!(static TELL: () = "
    update supply_points sp set has_critical_care = exists (select from life_support_records r
        where r.account_id = $1 and r.status in ('REGISTERED_NO_MEDICAL_CONFIRMATION', 'REGISTERED_MEDICAL_CONFIRMATION'))
    from supply_periods s where s.supply_point_id = sp.id and s.account_id = $1 and s.during @> $2::timestamptz");

/// Registers equipment at the account of this number. The same equipment again is the same record. Answers its row id.
pub async fn register(tx: &mut Tx, account: &str, new: &NewRecord<'_>) -> Result<i64, LifeSupportError> {
    let details = match new.details {
        "" => String::new(),
        text => contacts::text(text, LONGEST).ok_or(LifeSupportError::Text)?,
    };
    let account = ACCOUNT.query().bind(account).bind(MARKET).fetch_optional(&mut *tx).await?;
    let (account,) = account.ok_or(LifeSupportError::Unknown)?;
    let now = tx.business_now().await?;
    let today = market::by_code(MARKET).map(|market| market.day(now));
    let status = if new.is_confirmed { "MEDICAL_CONFIRMATION" } else { "NO_MEDICAL_CONFIRMATION" };
    let add = ADD.query().bind(account).bind(today).bind(new.equipment).bind(details);
    let add = add.bind(format!("REGISTERED_{status}")).bind(new.is_ours).bind(new.contact_method).bind(now);
    let (id,) = add.fetch_one(&mut *tx).await?;
    TELL.command().bind(account).bind(now).execute(&mut *tx).await?;
    Ok(id)
}

/// Notes that a doctor has confirmed a record, or why it is over.
pub async fn set_status(tx: &mut Tx, record: i64, status: &str) -> Result<(), LifeSupportError> {
    let now = tx.business_now().await?;
    let set = STATUS.query().bind(record).bind(status).bind(now).fetch_optional(&mut *tx).await?;
    let (account,) = set.ok_or(LifeSupportError::NoRecord)?;
    TELL.command().bind(account).bind(now).execute(&mut *tx).await?;
    Ok(())
}
