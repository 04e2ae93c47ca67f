//! The way to whoever keeps the register of which supplier supplies a point: the port, what is asked through it, and what
//! it answers. A wish is taken down first, and decided on when the time is over in which the present supplier may object.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use crate::platform::db::Tx;

/// What the register is asked to take down.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The market, such as `GBR_GAS`.
    pub market_name: String,
    /// Number of the point there.
    pub identifier: String,
    /// Whether we begin to supply it, rather than end.
    pub is_gain: bool,
    /// Whether it was ours until then as well, on another account.
    pub is_ours: bool,
    /// The first moment of what is to be.
    pub effective_at: DateTime<Utc>,
}

/// What the register says to a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has taken it down.
    Accepted {
        /// What it calls the wish.
        reference: String,
        /// When it decides, at the latest when the wish takes effect.
        decided_at: DateTime<Utc>,
    },
    /// Not now: ask again.
    Later,
    /// It has no such point.
    Refused,
}

/// What the register has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is as we wished.
    Confirmed,
    /// The present supplier has objected.
    Objected,
}

/// Whoever keeps the register.
pub trait Registration: Send + Sync {
    /// Takes a wish down. The same wish again is the same wish. `tx` is the job's transaction; a register outside of this
    /// program has no use for it.
    fn submit<'a>(&'a self, tx: &'a mut Tx, wish: &'a Wish) -> BoxFuture<'a, Result<Answer, sqlx::Error>>;

    /// What became of a wish whose time is over.
    fn decision<'a>(
        &'a self,
        tx: &'a mut Tx,
        wish: &'a Wish,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Decision, sqlx::Error>>;
}
