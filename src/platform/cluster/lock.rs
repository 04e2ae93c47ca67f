//! Locks between processes; the kernel frees them when a process dies.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use rustix::{
    fs::{FlockOperation, OFlags, flock},
    io::Errno,
};
use tokio::time::{Instant, sleep};

use super::{error::ClusterError, owner::Owner};

/// Between two looks at a lock somebody else has.
const RETRY: Duration = Duration::from_millis(5);

/// A file that processes lock, open for as long as it may be needed again.
///
/// Dropping it gives the lock back once no child has it either.
#[derive(Debug)]
pub(super) struct LockFile {
    file: File,
    path: PathBuf,
}

impl LockFile {
    /// Opens the file, creating it for `owner`; takes no lock yet.
    pub(super) fn open(path: PathBuf, owner: &Owner) -> Result<Self, ClusterError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(ClusterError::io("open", &path))?;
        owner.adopt_file(&file).map_err(ClusterError::io("change the owner of", &path))?;
        Ok(Self { file, path })
    }

    /// Waits for the only lock there can be, at most `limit`.
    pub(super) async fn lock_exclusive(&self, limit: Duration) -> Result<(), ClusterError> {
        let deadline = Instant::now() + limit;
        // Asking again, not waiting in the kernel, so that this can be cancelled.
        while !self.try_exclusive()? {
            if Instant::now() >= deadline {
                return Err(ClusterError::Busy { path: self.path.clone(), seconds: limit.as_secs() });
            }
            sleep(RETRY).await;
        }
        Ok(())
    }

    /// Takes the only lock, unless others hold one; may lose a shared lock.
    pub(super) fn try_exclusive(&self) -> Result<bool, ClusterError> {
        self.attempt(FlockOperation::NonBlockingLockExclusive)
    }

    /// Takes a lock that others can hold too.
    pub(super) fn try_shared(&self) -> Result<bool, ClusterError> {
        self.attempt(FlockOperation::NonBlockingLockShared)
    }

    /// An input for a child, which keeps the lock for as long as the child
    /// lives, even when this process is killed.
    pub(super) fn lend(&self) -> Result<Stdio, ClusterError> {
        let copy = self.file.try_clone();
        Ok(copy.map_err(ClusterError::io("open", &self.path))?.into())
    }

    /// Gives the lock back, also on behalf of children it was lent to.
    pub(super) fn unlock(&self) {
        // Closing the file gives it back as well, so a failure costs little.
        if let Err(error) = flock(&self.file, FlockOperation::Unlock) {
            tracing::warn!(path = %self.path.display(), %error, "could not unlock");
        }
    }

    fn attempt(&self, operation: FlockOperation) -> Result<bool, ClusterError> {
        loop {
            match flock(&self.file, operation) {
                Ok(()) => return Ok(true),
                Err(Errno::WOULDBLOCK) => return Ok(false),
                Err(Errno::INTR) => {}
                Err(error) => return Err(ClusterError::io("lock", &self.path)(error.into())),
            }
        }
    }
}
