//! Centrepay: what Services Australia deducts from somebody's benefits each fortnight and pays for an account.
//!
//! Staff set deductions up, change and cancel them. Each of these is a request that the agency answers a day or two later,
//! and one is waited for at a time. What is kept of a deduction is what the agency has agreed to.

use chrono::NaiveDate;
use thiserror::Error;

use super::centrepay_round::ask_later;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::market;
use crate::platform::money::{AmountError, Minor};

row! {
    /// A deduction as clients see it. Amounts are in minor units.
    pub struct Deduction {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// Number of the account that it pays for.
        pub account_number: String,
        /// One of `CentrepayBenefitGroupEnum`.
        pub benefit_group: String,
        /// One of `CentrepayServiceReasonEnum`.
        pub service_reason: String,
        /// Whose benefits they are, as the agency knows them.
        pub customer_reference_number: String,
        /// Each fortnight.
        pub amount: i64,
        /// The deductions end when they have come to this.
        pub target_amount: Option<i64>,
        /// The first day.
        pub valid_from: NaiveDate,
        /// The first day without it.
        pub valid_to: Option<NaiveDate>,
        /// Given name of the person whose benefits they are.
        pub given_name: String,
        /// Their family name.
        pub family_name: String,
        /// When they were born.
        pub date_of_birth: NaiveDate,
        /// What the agency has not answered yet, as `CentrepayChangeStatusEnum`.
        pub change: Option<String>,
    }
}

statement!(static SEEN: (i64,) = concat!("select a.id from accounts a where a.number = $3 and ", account_is_visible!()));
// What never came about is nobody's business.
statement!(static OF_ACCOUNT: Deduction = "
    select d.id, a.number as account_number, d.benefit_group, d.service_reason, d.customer_reference_number, d.amount,
        d.target_amount, d.valid_from, d.valid_to, d.given_name, d.family_name, d.date_of_birth,
        (select r.kind from centrepay_requests r where r.deduction_id = d.id and r.status = 'WAITING') as change
    from centrepay_deductions d join accounts a on a.id = d.account_id
    where d.account_id = $1 and d.status <> 'REFUSED' order by d.id");

/// The deductions that pay for an account, those that are over included; none if the viewer does not see it.
pub async fn of_account(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
) -> Result<Option<Vec<Deduction>>, sqlx::Error> {
    let seen = SEEN.seen_by(viewer).bind(account_number);
    let Some((account,)) = seen.fetch_optional(&mut *tx).await? else { return Ok(None) };
    OF_ACCOUNT.query().bind(account).fetch_all(&mut *tx).await.map(Some)
}

/// Why a deduction was not set up, changed or cancelled.
#[derive(Debug, Error)]
pub enum CentrepayError {
    /// There is no such account, its market has no Centrepay, or it has no ledger for this.
    #[error("the account has no ledger that Centrepay pays for this reason")]
    NotOffered,
    /// The text is no customer reference number.
    #[error("a customer reference number is nine digits and a letter")]
    ReferenceNumber,
    /// There is no such group of benefits.
    #[error("there is no such group of benefits")]
    BenefitGroup,
    /// Nobody can be called so, or was born then.
    #[error("the name and the date of birth of whose benefits they are must be said")]
    Person,
    /// The amount is too small, or more than the target.
    #[error("the amount is too small, or more than the target")]
    TooSmall,
    /// The amount cannot be shown.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// As much as the target has come in already.
    #[error("as much as this target has come in already")]
    Reached,
    /// It would begin in the past, or end before it begins.
    #[error("it must begin today or later, and end after that")]
    Days,
    /// There is a deduction from the same benefits for the same ledger.
    #[error("there is such a deduction already")]
    Already,
    /// There is no such deduction, or it is over.
    #[error("there is no such deduction, or it is over")]
    Unknown,
    /// The agency has not answered the request before.
    #[error("the agency has not answered the last request yet")]
    Waiting,
    /// Nothing would change.
    #[error("nothing would change")]
    Nothing,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(CentrepayError);

impl From<sqlx::Error> for CentrepayError {
    fn from(error: sqlx::Error) -> Self {
        let is_on = |constraint| on_constraint(&error, constraint);
        if is_on("centrepay_deductions_one") {
            Self::Already
        } else if is_on("centrepay_deductions_benefit_group_check") {
            Self::BenefitGroup
        } else if is_on("centrepay_requests_one") {
            Self::Waiting
        } else {
            Self::Database(error)
        }
    }
}

/// A deduction that somebody has agreed to.
#[derive(Clone, Copy, Debug)]
pub struct NewDeduction<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// One of `CentrepayBenefitGroupEnum`.
    pub benefit_group: &'a str,
    /// One of `CentrepayServiceReasonEnum`.
    pub service_reason: &'a str,
    /// Whose benefits they are, as the agency knows them.
    pub customer_reference_number: &'a str,
    /// Each fortnight, in minor units.
    pub amount: i64,
    /// The deductions end when they have come to this; in minor units.
    pub target_amount: Option<i64>,
    /// The first day; today unless given.
    pub valid_from: Option<NaiveDate>,
    /// The first day without it.
    pub valid_to: Option<NaiveDate>,
    /// Given name of the person whose benefits they are.
    pub given_name: &'a str,
    /// Their family name.
    pub family_name: &'a str,
    /// When they were born.
    pub date_of_birth: NaiveDate,
}

/// What is deducted each fortnight, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Terms {
    amount: i64,
    target_amount: Option<i64>,
    valid_to: Option<NaiveDate>,
}

impl Terms {
    fn check(&self, minimum: i64, first: NaiveDate) -> Result<(), CentrepayError> {
        Minor::positive_entry(self.amount)?;
        if let Some(target) = self.target_amount {
            Minor::positive_entry(target)?;
        }
        if self.amount < minimum || self.target_amount.is_some_and(|target| target < self.amount) {
            return Err(CentrepayError::TooSmall);
        }
        if self.valid_to.is_some_and(|end| end <= first) {
            return Err(CentrepayError::Days);
        }
        Ok(())
    }
}

/// Nine digits and a capital letter; a small one is taken for it.
fn reference_number(text: &str) -> Result<String, CentrepayError> {
    let text = text.trim().to_ascii_uppercase();
    let fits = text.len() == 9 + 1
        && text.chars().take(9).all(|digit| digit.is_ascii_digit())
        && text.ends_with(|letter: char| letter.is_ascii_uppercase());
    if fits { Ok(text) } else { Err(CentrepayError::ReferenceNumber) }
}

row! {
    struct Place {
        account_id: i64,
        ledger_id: i64,
        market: String,
        minimum: i64,
    }
}

statement!(static PLACE: Place = "
    select a.id as account_id, l.id as ledger_id, a.market, t.minimum
    from accounts a join centrepay_terms t on t.market = a.market and t.service_reason = $2
        join ledgers l on l.account_id = a.id and l.ledger_type = t.ledger_type and l.accepts_payments
    where a.number = $1");
statement!(static ADD: (i64,) = "
    insert into centrepay_deductions (account_id, ledger_id, service_reason, benefit_group, customer_reference_number,
        amount, target_amount, valid_from, valid_to, given_name, family_name, date_of_birth, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id");

/// Asks the agency for a deduction. Answers its id.
pub async fn set_up(tx: &mut Tx, new: &NewDeduction<'_>) -> Result<i64, CentrepayError> {
    let number = reference_number(new.customer_reference_number)?;
    let place = PLACE.query().bind(new.account_number).bind(new.service_reason);
    let place = place.fetch_optional(&mut *tx).await?.ok_or(CentrepayError::NotOffered)?;
    let market = market::by_code(&place.market).ok_or(CentrepayError::NotOffered)?;
    let now = tx.business_now().await?;
    let today = market.day(now);
    let from = new.valid_from.unwrap_or(today);
    let terms = Terms { amount: new.amount, target_amount: new.target_amount, valid_to: new.valid_to };
    terms.check(place.minimum, from)?;
    let (given_name, family_name) = (new.given_name.trim(), new.family_name.trim());
    if from < today {
        return Err(CentrepayError::Days);
    }
    if given_name.is_empty() || family_name.is_empty() || new.date_of_birth >= today {
        return Err(CentrepayError::Person);
    }
    let add = ADD.query().bind(place.account_id).bind(place.ledger_id).bind(new.service_reason);
    let add = add.bind(new.benefit_group).bind(number).bind(terms.amount).bind(terms.target_amount);
    let add = add.bind(from).bind(terms.valid_to).bind(given_name).bind(family_name);
    let (id,) = add.bind(new.date_of_birth).bind(now).fetch_one(&mut *tx).await?;
    request(tx, id, "CREATING", terms).await?;
    Ok(id)
}

statement!(static REQUEST: (i64,) = "
    insert into centrepay_requests (deduction_id, kind, amount, target_amount, valid_to, asked_at)
    values ($1, $2, $3, $4, $5, $6) returning id");

async fn request(tx: &mut Tx, deduction: i64, kind: &str, terms: Terms) -> Result<(), CentrepayError> {
    let now = tx.business_now().await?;
    let add = REQUEST.query().bind(deduction).bind(kind).bind(terms.amount).bind(terms.target_amount);
    let (id,) = add.bind(terms.valid_to).bind(now).fetch_one(&mut *tx).await?;
    Ok(ask_later(tx, id).await?)
}

row! {
    struct Held {
        status: String,
        market: String,
        minimum: i64,
        amount: i64,
        target_amount: Option<i64>,
        valid_from: NaiveDate,
        valid_to: Option<NaiveDate>,
        paid: i64,
    }
}

statement!(static HOLD: Held = "
    select d.status, a.market, t.minimum, d.amount, d.target_amount, d.valid_from, d.valid_to,
        coalesce((select sum(p.amount) from centrepay_payments p where p.deduction_id = d.id), 0)::bigint as paid
    from centrepay_deductions d join accounts a on a.id = d.account_id
        join centrepay_terms t on t.market = a.market and t.service_reason = d.service_reason
    where d.id = $1 for no key update of d");

async fn hold(tx: &mut Tx, deduction: i64) -> Result<Held, CentrepayError> {
    let held = HOLD.query().bind(deduction).fetch_optional(&mut *tx).await?.ok_or(CentrepayError::Unknown)?;
    match held.status.as_str() {
        "ACTIVE" => Ok(held),
        "ASKED" => Err(CentrepayError::Waiting),
        _ => Err(CentrepayError::Unknown),
    }
}

/// What is to be different about a deduction; what is left out stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// Each fortnight, in minor units.
    pub amount: Option<i64>,
    /// The deductions end when they have come to this, counted from the first; in minor units.
    pub target_amount: Option<i64>,
    /// The first day without it.
    pub valid_to: Option<NaiveDate>,
}

/// Asks the agency to change a deduction.
pub async fn change(tx: &mut Tx, deduction: i64, change: Change) -> Result<(), CentrepayError> {
    let held = hold(tx, deduction).await?;
    let before = Terms { amount: held.amount, target_amount: held.target_amount, valid_to: held.valid_to };
    let terms = Terms {
        amount: change.amount.unwrap_or(before.amount),
        target_amount: change.target_amount.or(before.target_amount),
        valid_to: change.valid_to.or(before.valid_to),
    };
    if terms == before {
        return Err(CentrepayError::Nothing);
    }
    let now = tx.business_now().await?;
    let today = market::by_code(&held.market).map_or(now.date_naive(), |market| market.day(now));
    terms.check(held.minimum, held.valid_from.max(today))?;
    if terms.target_amount.is_some_and(|target| target <= held.paid) {
        return Err(CentrepayError::Reached);
    }
    request(tx, deduction, "CHANGING", terms).await
}

/// Asks the agency to cancel a deduction.
pub async fn cancel(tx: &mut Tx, deduction: i64) -> Result<(), CentrepayError> {
    let held = hold(tx, deduction).await?;
    let terms = Terms { amount: held.amount, target_amount: held.target_amount, valid_to: held.valid_to };
    request(tx, deduction, "CANCELLING", terms).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_number_is_told_by_its_form() {
        assert_eq!(reference_number(" 204123456t ").ok().as_deref(), Some("204123456T"));
        for text in ["", "20412345T", "2041234567T", "204123456", "2041234567", "20412345TT", "２04123456T"]
        {
            assert!(reference_number(text).is_err(), "{text}");
        }
    }
}
