//! The port to whoever collects payments: a scheme of banks, or a card processor.

use chrono::NaiveDate;
use futures_util::future::BoxFuture;

use crate::platform::db::Tx;
use crate::platform::outside::Receipt;

/// What is to be collected.
#[derive(Clone, Debug)]
pub struct Order {
    /// Ours. A vendor that is given the same reference again must not collect again, but answer as it did at first.
    pub reference: String,
    /// The vendor's name for the means of payment, where it has one.
    pub instruction: Option<String>,
    /// In minor units, with any fee on top.
    pub amount: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// The day on which the money is to move.
    pub payment_date: NaiveDate,
    /// Whether it is collected again after it failed.
    pub is_repeated: bool,
    /// How often the vendor has been asked without an answer.
    pub attempt: i32,
    /// The market whose days and hours go.
    pub market: String,
}

/// What becomes of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The money is there.
    Cleared,
    /// It did not come, or it came and went again.
    Failed(Failure),
    /// The customer had their bank take it back.
    ClaimedBack,
}

/// Why money did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There was not enough on the account; another day there may be.
    NoFunds,
    /// The bank account is closed, or the card has expired.
    Closed,
    /// The bank knows of no permission to collect.
    NoMandate,
    /// The card or the account was refused.
    Declined,
    /// There is nothing that could be charged, or no longer; no vendor was asked.
    NoInstruction,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::NoFunds, Self::Closed, Self::NoMandate, Self::Declined, Self::NoInstruction];

    /// As the database knows it.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoFunds => "INSUFFICIENT_FUNDS",
            Self::Closed => "ACCOUNT_CLOSED",
            Self::NoMandate => "NO_MANDATE",
            Self::Declined => "DECLINED",
            Self::NoInstruction => "NO_INSTRUCTION",
        }
    }

    /// The failure of this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.code() == code)
    }

    /// Whether it is worth trying once more.
    pub fn may_pass(self) -> bool {
        self == Self::NoFunds
    }

    /// What the customer is told.
    pub fn wording(self) -> &'static str {
        match self {
            Self::NoFunds => "there was not enough money on the account",
            Self::Closed => "the account is closed or the card has expired",
            Self::NoMandate => "your bank knows of no permission for us to collect",
            Self::Declined => "it was declined",
            Self::NoInstruction => "there is no bank account or card that we may collect from",
        }
    }
}

impl Outcome {
    /// As jobs and the simulator know it: its name, and why.
    pub fn parts(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Cleared => ("CLEARED", None),
            Self::Failed(failure) => ("FAILED", Some(failure.code())),
            Self::ClaimedBack => ("CLAIMED_BACK", None),
        }
    }

    /// The outcome with these parts.
    pub fn of(name: &str, failure: Option<&str>) -> Option<Self> {
        match name {
            "CLEARED" => Some(Self::Cleared),
            "FAILED" => failure.and_then(Failure::parse).map(Self::Failed),
            "CLAIMED_BACK" => Some(Self::ClaimedBack),
            _ => None,
        }
    }
}

/// What the vendor says afterwards of a payment that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The vendor's reference.
    pub reference: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// Whoever collects payments.
pub trait Collections: Send + Sync {
    /// Has a payment collected. `tx` is the job's transaction; a vendor outside of this program has no use for it.
    fn order<'a>(
        &'a self,
        tx: &'a mut Tx,
        order: &'a Order,
    ) -> BoxFuture<'a, Result<Receipt<Failure>, sqlx::Error>>;

    /// What is new since it was asked last, the oldest first, at most `limit`. What a transaction that does not commit was
    /// told is told again.
    fn reports<'a>(&'a self, tx: &'a mut Tx, limit: i64) -> BoxFuture<'a, Result<Vec<Report>, sqlx::Error>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_known_by_their_parts() {
        let failed = Failure::ALL.into_iter().map(Outcome::Failed);
        for outcome in failed.chain([Outcome::Cleared, Outcome::ClaimedBack]) {
            let (name, failure) = outcome.parts();
            assert_eq!(Outcome::of(name, failure), Some(outcome));
        }
        assert_eq!(Outcome::of("FAILED", None), None);
    }
}
