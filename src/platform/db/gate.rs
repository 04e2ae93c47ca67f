//! A narrow door to the database for callers whom nobody knows yet: together they use at most a quarter of the
//! connections, so that a flood of them leaves the rest to everybody else.

use std::sync::Arc;

use sqlx::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::platform::clock::Deadline;

/// How many may wait before more are turned away.
const WAITING: usize = 256;

/// The door.
#[derive(Clone, Debug)]
pub struct Gate {
    passing: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// A turn at the gate, while it lasts.
#[derive(Debug)]
#[must_use = "the turn ends when it is dropped"]
pub struct Turn(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Gate {
    pub(super) fn new(connections: u32) -> Self {
        let passing = usize::try_from(connections / 4).unwrap_or(1).max(1);
        Self { passing: Arc::new(Semaphore::new(passing)), waiting: Arc::new(Semaphore::new(WAITING)) }
    }

    /// A first turn; `None` where too many wait already or it would not come in time.
    pub async fn enter(&self, deadline: Deadline) -> Option<Turn> {
        let _place = self.waiting.try_acquire().ok()?;
        self.next(deadline).await.ok()
    }

    /// A further turn for somebody who was let in before. Do not ask for one while holding another.
    ///
    /// # Errors
    /// [`Error::PoolTimedOut`] if it does not come in time.
    pub async fn next(&self, deadline: Deadline) -> Result<Turn, Error> {
        let turn = Arc::clone(&self.passing).acquire_owned();
        match tokio::time::timeout(deadline.remaining(), turn).await {
            Ok(Ok(permit)) => Ok(Turn(permit)),
            Ok(Err(_)) | Err(_) => Err(Error::PoolTimedOut),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_turn_is_given_on_when_it_is_over() {
        let gate = Gate::new(8);
        let (soon, now) = (Deadline::after(Duration::from_secs(5)), Deadline::after(Duration::ZERO));
        let first = gate.enter(soon).await;
        let second = gate.next(soon).await;
        assert!(first.is_some() && second.is_ok());
        assert!(gate.enter(now).await.is_none() && gate.next(now).await.is_err());
        drop(first);
        assert!(gate.enter(soon).await.is_some());
    }
}
