//! Randomness, injected, so that tests can repeat a run and nothing else draws its own.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::{OsRng, StdRng};
use rand::{Rng, RngCore, SeedableRng};

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8] = b"0123456789ABCDEF";

/// A shared source of randomness, cryptographically strong when seeded by the system.
#[derive(Clone)]
pub struct Randomness(Arc<Mutex<StdRng>>);

impl fmt::Debug for Randomness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Randomness")
    }
}

impl Randomness {
    /// Seeded by the operating system; an error means that it has none to give.
    pub fn from_system() -> Result<Self, rand::rand_core::OsError> {
        Ok(Self(Arc::new(Mutex::new(StdRng::try_from_rng(&mut OsRng)?))))
    }

    /// A repeatable source, for tests and trials.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.with(|rng| rng.fill_bytes(bytes));
    }

    /// A number below `bound`; zero for a bound of zero.
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.with(|rng| rng.random_range(0..bound)) }
    }

    /// A version 4 UUID.
    pub fn uuid(&self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// `length` letters and digits, about 5.95 bits each.
    pub fn alphanumeric(&self, length: usize) -> String {
        self.text(ALPHANUMERIC, length)
    }

    /// `length` upper-case hexadecimal digits.
    pub fn hex(&self, length: usize) -> String {
        self.text(HEX, length)
    }

    fn text(&self, alphabet: &[u8], length: usize) -> String {
        self.with(|rng| {
            (0..length).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect()
        })
    }

    fn with<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        // A panic elsewhere cannot leave a generator in a bad state.
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The older generator traits, which key generation still asks for.
impl rsa::rand_core::RngCore for Randomness {
    fn next_u32(&mut self) -> u32 {
        self.with(RngCore::next_u32)
    }

    fn next_u64(&mut self) -> u64 {
        self.with(RngCore::next_u64)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill(bytes);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for Randomness {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_says_the_same() {
        let (one, two) = (Randomness::seeded(7), Randomness::seeded(7));
        assert_eq!(one.alphanumeric(64), two.alphanumeric(64));
        assert_ne!(one.hex(16), one.hex(16));
        assert_eq!(one.below(0), 0);
        assert!((0..1000).all(|_| one.below(3) < 3));
    }
}
