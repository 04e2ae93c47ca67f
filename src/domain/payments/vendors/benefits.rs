//! The port to the agency that pays welfare benefits and has parts of them paid to us.

use chrono::NaiveDate;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::platform::db::{Tx, row};
use crate::platform::outside::Receipt;

row! {
    /// What is to be done about a deduction.
    pub struct Request {
        /// What we call the request: the same whenever it is made. An agency heeds nothing twice by one name.
        pub reference: String,
        /// What we call the deduction.
        pub deduction: String,
        /// `CREATING`, `CHANGING` or `CANCELLING`.
        pub kind: String,
        /// The market whose agency it is.
        pub market: String,
        /// Whose benefits they are, as the agency knows them.
        pub customer_reference_number: String,
        /// Given name of that person.
        pub given_name: String,
        /// Family name of that person.
        pub family_name: String,
        /// When that person was born.
        pub date_of_birth: NaiveDate,
        /// Which of their benefits it comes out of.
        pub benefit_group: String,
        /// What it pays for.
        pub service_reason: String,
        /// Each fortnight, in minor units.
        pub amount: i64,
        /// The deductions end when they have come to this; in minor units.
        pub target_amount: Option<i64>,
        /// The first day.
        pub valid_from: NaiveDate,
        /// The first day without it.
        pub valid_to: Option<NaiveDate>,
        /// How often the agency has given no answer, or put it off.
        pub orders: i32,
    }
}

/// What the agency reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// It does what the request with this reference asks for.
    Confirmed(String),
    /// It does not, and why.
    Refused(String, String),
    /// It has paid what was deducted.
    Paid {
        /// What we call the deduction.
        deduction: String,
        /// What the agency calls the payment.
        reference: String,
        /// In minor units.
        amount: i64,
        /// The day on which the benefit was paid.
        paid_on: NaiveDate,
    },
    /// There will be no more payments, whoever wanted it so, from this day on.
    Ended(String, NaiveDate),
}

/// Whoever pays from benefits. The transactions are the jobs'; an agency outside of this program has no use for them.
pub trait Benefits: Send + Sync {
    /// Hands a request in. It is answered by a report, a day or two later.
    fn ask<'a>(&'a self, tx: &'a mut Tx, request: &'a Request)
    -> BoxFuture<'a, Result<Receipt, sqlx::Error>>;

    /// What is new since it was asked last, at most `limit` of each kind. What a transaction that does not commit was told
    /// is told again.
    fn reports<'a>(&'a self, tx: &'a mut Tx, limit: i64) -> BoxFuture<'a, Result<Vec<Report>, sqlx::Error>>;
}
