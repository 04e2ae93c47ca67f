//! Who may use a connection at a time, and the lane that each works in.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// One place for each connection that may be in use.
#[derive(Clone, Debug)]
pub(super) struct Places {
    open: Arc<Semaphore>,
    /// Lanes that nobody is in. The one left last is taken first.
    lanes: Arc<Mutex<Vec<u64>>>,
}

impl Places {
    pub fn new(count: usize) -> Self {
        let count = count.max(1);
        // Each server begins elsewhere, so that two with little to do seldom meet. The rest does not depend on it.
        let first = RandomState::new().hash_one(count) & u64::from(u16::MAX);
        let lanes = (first..).take(count).collect();
        Self { open: Arc::new(Semaphore::new(count)), lanes: Arc::new(Mutex::new(lanes)) }
    }

    /// A place, once there is one.
    ///
    /// # Errors
    /// [`AcquireError`] once all is being closed.
    pub async fn take(&self) -> Result<Place, AcquireError> {
        let permit = Arc::clone(&self.open).acquire_owned().await?;
        let lane = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(Place { lane: lane.unwrap_or_default(), lanes: Arc::clone(&self.lanes), _permit: permit })
    }

    /// Keeps others from a place for as long as the permit lives; `None` if there is none.
    pub fn block(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.open).try_acquire_owned().ok()
    }

    /// From here on nobody gets one.
    pub fn close(&self) {
        self.open.close();
    }

    pub fn is_closed(&self) -> bool {
        self.open.is_closed()
    }
}

/// A place while somebody has it.
#[derive(Debug)]
pub(super) struct Place {
    lane: u64,
    lanes: Arc<Mutex<Vec<u64>>>,
    // Given back last: whoever comes next finds the lane.
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// A number that nobody else of this server has meanwhile.
    pub fn lane(&self) -> u64 {
        self.lane
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).push(self.lane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_shares_a_lane() {
        let places = Places::new(3);
        let (one, two) = (places.take().await, places.take().await);
        let (one, two) = (one.expect("a place"), two.expect("a place"));
        assert_ne!(one.lane(), two.lane());
        let left = one.lane();
        drop(one);
        assert_eq!(places.take().await.expect("a place").lane(), left);
        let _third = places.take().await.expect("a place");
        assert!(places.block().is_some());
        places.close();
        assert!(places.take().await.is_err() && places.is_closed());
    }
}
