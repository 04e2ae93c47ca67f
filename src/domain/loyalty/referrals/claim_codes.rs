//! Codes that partners hand out, each good for one account.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::schemes::{Offer, scheme_columns};
use crate::platform::db::{Tx, database_error, row, statement, violated};

row! {
    struct Row {
        id: i32,
        value: String,
        created_at: DateTime<Utc>,
        is_current: bool,
        redeemed_by: Option<i64>,
        scheme_id: i64,
        brand: String,
        scheme_type: String,
        account_type: String,
        referrer_amount: i32,
        referred_amount: i32,
        bonus_points: i32,
        max_recurrence: Option<i32>,
        claim_days: i16,
        is_full: bool,
    }
}

/// A partner's code.
#[derive(Clone, Debug)]
pub struct ClaimCode {
    /// Row id.
    pub id: i32,
    /// The code.
    pub value: String,
    /// When it was handed to the partner.
    pub created_at: DateTime<Utc>,
    /// Whether its scheme runs now.
    pub is_current: bool,
    /// The referral that it became.
    pub redeemed_by: Option<i64>,
    /// What its scheme gives.
    pub offer: Offer,
}

impl ClaimCode {
    /// Whether it can be redeemed now.
    pub fn is_valid(&self) -> bool {
        self.is_current && self.redeemed_by.is_none() && self.offer.is_open()
    }
}

impl From<Row> for ClaimCode {
    fn from(row: Row) -> Self {
        let offer = Offer {
            scheme_id: row.scheme_id,
            brand: row.brand,
            scheme_type: row.scheme_type,
            account_type: row.account_type,
            referrer_amount: row.referrer_amount,
            referred_amount: row.referred_amount,
            bonus_points: row.bonus_points,
            max_recurrence: row.max_recurrence,
            claim_days: row.claim_days,
            code: row.value.clone(),
            referrer_id: None,
            referrer_given_name: None,
            referrer_family_name: None,
            is_full: row.is_full,
            is_spent: false,
        };
        let (id, created_at) = (row.id, row.created_at);
        Self {
            id,
            value: row.value,
            created_at,
            is_current: row.is_current,
            redeemed_by: row.redeemed_by,
            offer,
        }
    }
}

/// Why there is no such code now.
#[derive(Debug, Error)]
pub enum IssueError {
    /// There is no scheme of this code that partners hand codes out for.
    #[error("there is no such scheme")]
    UnknownScheme,
    /// A code of this value was handed out before.
    #[error("there is such a code")]
    Taken,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(IssueError);

impl From<sqlx::Error> for IssueError {
    fn from(error: sqlx::Error) -> Self {
        match violated(&error) {
            Some("referral_claim_codes_value_key") => Self::Taken,
            _ => Self::Database(error),
        }
    }
}

macro_rules! claim_code {
    () => {
        concat!("select c.id, c.value, c.created_at, s.during @> $1::timestamptz as is_current, c.referral_id as redeemed_by, ",
            scheme_columns!(), " from referral_claim_codes c join referral_schemes s on s.id = c.scheme_id
            where c.value = $2")
    };
}

statement!(static BY_VALUE: Row = claim_code!());
statement!(static HOLD: Row = concat!(claim_code!(), " for no key update of c"));
statement!(static REDEEM: () = "update referral_claim_codes set referral_id = $2 where id = $1");
statement!(static ISSUE: (i32,) = "
    insert into referral_claim_codes (value, scheme_id, created_at)
    select $2, id, $3 from referral_schemes where code = $1 and scheme_type in ('PARTNER_REWARD', 'PROMO_REWARD')
    returning id");
/// A code by its value, in whatever letters it is typed.
///
/// # Errors
/// Those of the database.
pub async fn by_value(tx: &mut Tx, value: &str) -> Result<Option<ClaimCode>, sqlx::Error> {
    let now = tx.business_now().await?;
    let found = BY_VALUE.query().bind(now).bind(plain(value)).fetch_optional(&mut *tx).await?;
    Ok(found.map(ClaimCode::from))
}

/// The same, held until the transaction ends: whoever redeems it at once waits.
pub(super) async fn hold(tx: &mut Tx, value: &str) -> Result<Option<ClaimCode>, sqlx::Error> {
    let now = tx.business_now().await?;
    let found = HOLD.query().bind(now).bind(plain(value)).fetch_optional(&mut *tx).await?;
    Ok(found.map(ClaimCode::from))
}

pub(super) async fn redeem(tx: &mut Tx, id: i32, referral: i64) -> Result<(), sqlx::Error> {
    REDEEM.command().bind(id).bind(referral).execute(&mut *tx).await?;
    Ok(())
}

/// Hands a partner a code for a scheme.
///
/// # Errors
/// See [`IssueError`].
pub async fn issue(tx: &mut Tx, scheme: &str, value: &str) -> Result<i32, IssueError> {
    let now = tx.business_now().await?;
    let issued = ISSUE.query().bind(scheme).bind(plain(value)).bind(now).fetch_optional(&mut *tx).await?;
    issued.map(|(id,)| id).ok_or(IssueError::UnknownScheme)
}

fn plain(value: &str) -> String {
    value.trim().to_uppercase()
}
