//! The port to whoever talks to smart meters: credit goes out to them, and what became of it comes back.

use futures_util::future::BoxFuture;

use crate::platform::db::{Tx, row};
use crate::platform::outside::Receipt;

row! {
    /// Credit for a meter.
    pub struct Message {
        /// Our name for it, the same whenever it is handed over: a meter takes what bears one name once.
        pub reference: String,
        /// The meter's number for life.
        pub device_id: String,
        /// In minor units.
        pub amount: i64,
        /// How often the network has given no answer, or put it off.
        pub orders: i32,
    }
}

/// What became of credit that the network has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The meter has it.
    Arrived,
    /// The meter does not take it.
    Refused,
    /// The meter cannot be reached: it takes this number of 20 digits instead, typed in.
    Unreachable(String),
}

impl Outcome {
    /// As jobs know it: its name, and the number.
    pub fn parts(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Arrived => ("arrived", None),
            Self::Refused => ("refused", None),
            Self::Unreachable(token) => ("unreachable", Some(token)),
        }
    }

    /// The outcome with these parts.
    pub fn of(name: &str, token: Option<&str>) -> Option<Self> {
        match name {
            "arrived" => Some(Self::Arrived),
            "refused" => Some(Self::Refused),
            "unreachable" => token.map(|token| Self::Unreachable(token.to_owned())),
            _ => None,
        }
    }
}

/// What the network says of credit that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Our name for it.
    pub reference: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// Whoever talks to smart meters.
pub trait MeterNetwork: Send + Sync {
    /// Hands credit over. `tx` is the job's transaction; a network outside of this program has no use for it.
    fn send<'a>(
        &'a self,
        tx: &'a mut Tx,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Receipt, sqlx::Error>>;

    /// What is new since it was asked last, the oldest first, at most `limit`. What a transaction that does not commit was
    /// told is told again.
    fn reports<'a>(&'a self, tx: &'a mut Tx, limit: i64) -> BoxFuture<'a, Result<Vec<Report>, sqlx::Error>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_known_by_their_parts() {
        for outcome in [Outcome::Arrived, Outcome::Refused, Outcome::Unreachable("1".into())] {
            let (name, token) = outcome.parts();
            assert_eq!(Outcome::of(name, token), Some(outcome.clone()));
        }
        assert_eq!(Outcome::of("unreachable", None), None);
    }
}
