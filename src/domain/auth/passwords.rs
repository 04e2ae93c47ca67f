//! Passwords, hashed with Argon2id off the async threads and only a few at a time.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::platform::random::Randomness;

/// What an unknown e-mail's password is compared with, so that it takes as long as a wrong password.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm8tb25lLWtub3dzLXRoaXM$\
                     q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng";

/// How many callers may wait for each hasher before more are turned away.
const QUEUE_PER_HASHER: usize = 16;

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
    working: Semaphore,
    waiting: Semaphore,
    runs: AtomicU64,
}

impl Passwords {
    /// Hashes at most `hashers` passwords at once; each takes 19 MB and some 30 ms.
    pub fn new(random: Randomness, hashers: usize) -> Self {
        let hashers = hashers.max(1);
        let (working, waiting) = (Semaphore::new(hashers), Semaphore::new(hashers * QUEUE_PER_HASHER));
        Self { random, working, waiting, runs: AtomicU64::new(0) }
    }

    /// The hash of `password` with a fresh salt, in PHC form.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let mut salt = [0; 16];
        self.random.fill(&mut salt);
        let salt = SaltString::encode_b64(&salt).map_err(|_| PasswordError::Hasher)?;
        let password = password.to_owned();
        self.run(move || {
            let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Hasher)
        })
        .await?
    }

    /// Whether `password` is the one behind `hash`. Without a hash the answer is no, after as much work.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
        let password = password.to_owned();
        let known = hash.is_some();
        let hash = hash.unwrap_or(DECOY).to_owned();
        let matches = self.run(move || {
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
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self.waiting.try_acquire().map_err(|_| PasswordError::Busy)?;
        let _turn = self.working.acquire().await.map_err(|_| PasswordError::Hasher)?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Hasher)
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
