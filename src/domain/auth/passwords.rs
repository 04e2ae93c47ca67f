//! Passwords, hashed with Argon2id on threads of their own that let all others go first, and only a few at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::platform::random::Randomness;

/// What an unknown e-mail's password is compared with, so that it takes as long as a wrong password.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm8tb25lLWtub3dzLXRoaXM$\
                     q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng";

/// How many callers may wait for each hasher before more are turned away.
const QUEUE_PER_HASHER: usize = 16;

type Work = Box<dyn FnOnce() + Send>;

/// Why a password could not be hashed or compared. None of these says that it was wrong.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// Too many are waiting already.
    #[error("too many passwords are being checked")]
    Busy,
    /// The hasher failed.
    #[error("the password could not be hashed")]
    Hasher,
}

/// Hashes passwords.
#[derive(Debug)]
pub struct Passwords {
    random: Randomness,
    hashers: mpsc::Sender<Work>,
    idle: Arc<Semaphore>,
    seats: Arc<Semaphore>,
    runs: AtomicU64,
}

/// A place in the queue for a hasher.
#[derive(Debug)]
pub struct Seat(OwnedSemaphorePermit);

impl Passwords {
    /// Hashes at most `hashers` passwords at once; each takes 19 MB and some 30 ms.
    pub fn new(random: Randomness, hashers: usize) -> Self {
        let hashers = hashers.max(1);
        let (sender, work) = mpsc::channel();
        let work = Arc::new(Mutex::new(work));
        for number in 0..hashers {
            let work = Arc::clone(&work);
            let thread = thread::Builder::new().name(format!("hasher-{number}"));
            if let Err(error) = thread.spawn(move || hash_for_others(&work)) {
                tracing::error!(%error, "a thread for hashing passwords did not start");
            }
        }
        let idle = Arc::new(Semaphore::new(hashers));
        let seats = Arc::new(Semaphore::new(hashers * QUEUE_PER_HASHER));
        Self { random, hashers: sender, idle, seats, runs: AtomicU64::new(0) }
    }

    /// A place in the queue. Whoever will need a hasher asks for it before any other work, so that turning
    /// somebody away costs next to nothing.
    pub fn seat(&self) -> Result<Seat, PasswordError> {
        Arc::clone(&self.seats).try_acquire_owned().map(Seat).map_err(|_| PasswordError::Busy)
    }

    /// The hash of `password` with a fresh salt, in PHC form.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let seat = self.seat()?;
        let mut salt = [0; 16];
        self.random.fill(&mut salt);
        let salt = SaltString::encode_b64(&salt).map_err(|_| PasswordError::Hasher)?;
        let password = password.to_owned();
        self.run(seat, move || {
            let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Hasher)
        })
        .await?
    }

    /// Whether `password` is the one behind `hash`. Without a hash the answer is no, after as much work.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
        self.verify_from(self.seat()?, password, hash).await
    }

    /// As [`Self::verify`], for whoever has a seat already.
    pub async fn verify_from(
        &self,
        seat: Seat,
        password: &str,
        hash: Option<&str>,
    ) -> Result<bool, PasswordError> {
        let password = password.to_owned();
        let known = hash.is_some();
        let hash = hash.unwrap_or(DECOY).to_owned();
        let matches = self.run(seat, move || {
            let parsed = PasswordHash::new(&hash).map_err(|_| PasswordError::Hasher)?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
        });
        Ok(matches.await?? && known)
    }

    /// How many passwords were hashed or compared so far.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        seat: Seat,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let hasher = Arc::clone(&self.idle).acquire_owned().await.map_err(|_| PasswordError::Hasher)?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        let (done, outcome) = oneshot::channel();
        let work = Box::new(move || {
            // Whoever asked may be gone by now.
            drop(done.send(work()));
            drop(hasher);
        });
        self.hashers.send(work).map_err(|_| PasswordError::Hasher)?;
        let outcome = outcome.await.map_err(|_| PasswordError::Hasher);
        drop(seat.0);
        outcome
    }
}

/// Works for as long as there is somebody who may want a password hashed.
fn hash_for_others(work: &Mutex<mpsc::Receiver<Work>>) {
    yield_to_others();
    loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(next) = next else { return };
        // A hasher that panicked would be missed by everybody after it.
        if catch_unwind(AssertUnwindSafe(next)).is_err() {
            tracing::error!("a password could not be hashed");
        }
    }
}

/// Lets every other thread have a core before this one, so that a storm of log-ins slows down log-ins only.
fn yield_to_others() {
    // Elsewhere it would be the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        tracing::debug!(%error, "passwords are hashed at full priority");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other() {
        let passwords = Passwords::new(Randomness::seeded(3), 1);
        let hash = passwords.hash("correct horse").await.expect("hashed");
        assert_eq!(passwords.verify("correct horse", Some(&hash)).await.ok(), Some(true));
        assert_eq!(passwords.verify("battery staple", Some(&hash)).await.ok(), Some(false));
        assert_eq!(passwords.verify("anything", None).await.ok(), Some(false));
    }

    #[tokio::test]
    async fn the_decoy_costs_what_a_real_hash_costs() {
        let made = Passwords::new(Randomness::seeded(4), 1).hash("x").await.expect("hashed");
        let params = |hash: &str| PasswordHash::new(hash).map(|h| h.params.to_string()).expect("valid");
        assert_eq!(params(&made), params(DECOY));
    }
}
