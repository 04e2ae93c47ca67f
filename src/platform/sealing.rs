//! Sealing what must not be read by whoever gets hold of the database, such as bank details.
//!
//! The key is the installation's and never in the database. Whatever is sealed says what it is sealed as, so that
//! nothing sealed as one thing can be opened as another.

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

use super::random::Randomness;

const NONCE: usize = 24;

/// The secret of an installation.
pub type Key = [u8; 32];

/// Why something was neither sealed nor opened.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SealError {
    /// This program was started without a key.
    #[error("there is no key for sealed data")]
    NoKey,
    /// It was sealed with another key or as something else, or it has been tampered with.
    #[error("sealed data cannot be opened")]
    NotOpened,
    /// It is too long.
    #[error("the data cannot be sealed")]
    NotSealed,
}

/// Seals, opens and tells apart.
#[derive(Clone)]
pub struct Sealer {
    sealing: Key,
    printing: Key,
    random: Randomness,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Sealer")
    }
}

impl Sealer {
    /// One for this key; nonces are drawn from `random`.
    pub fn new(key: &Key, random: Randomness) -> Self {
        Self { sealing: mac(key, &[b"sealing"]), printing: mac(key, &[b"printing"]), random }
    }

    /// Seals `plain` as `what`.
    ///
    /// # Errors
    /// [`SealError::NotSealed`].
    pub fn seal(&self, what: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        self.random.fill(&mut nonce);
        let payload = Payload { msg: plain, aad: what.as_bytes() };
        let cipher = XChaCha20Poly1305::new((&self.sealing).into());
        let text = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::NotSealed)?;
        Ok([&nonce[..], &text].concat())
    }

    /// Opens what was sealed as `what`.
    ///
    /// # Errors
    /// [`SealError::NotOpened`].
    pub fn open(&self, what: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE>().ok_or(SealError::NotOpened)?;
        let payload = Payload { msg: text, aad: what.as_bytes() };
        let cipher = XChaCha20Poly1305::new((&self.sealing).into());
        cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::NotOpened)
    }

    /// What tells equal things apart from others without telling what they are: the same for the same parts.
    pub fn fingerprint(&self, parts: &[&str]) -> Vec<u8> {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        mac(&self.printing, &parts).to_vec()
    }
}

fn mac(key: &Key, parts: &[&[u8]]) -> Key {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
    for part in parts {
        // The length keeps two parts from passing for two others.
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(key: u8) -> Sealer {
        Sealer::new(&[key; 32], Randomness::seeded(1))
    }

    #[test]
    fn only_the_same_key_opens_and_only_as_the_same_thing() {
        let sealed = sealer(1).seal("bank details", b"12345678").expect("sealed");
        assert!(!sealed.windows(8).any(|part| part == b"12345678"));
        assert_eq!(sealer(1).open("bank details", &sealed).as_deref(), Ok(&b"12345678"[..]));
        let mut altered = sealed.clone();
        altered[30] ^= 1;
        let refused = Err(SealError::NotOpened);
        assert_eq!(sealer(1).open("bank details", &altered), refused);
        assert_eq!(sealer(1).open("stored details", &sealed), refused);
        assert_eq!(sealer(2).open("bank details", &sealed), refused);
        assert_eq!(sealer(1).open("bank details", &sealed[..20]), refused);
    }

    #[test]
    fn the_same_is_sealed_differently_each_time_and_has_one_fingerprint() {
        let sealer = sealer(1);
        assert_ne!(sealer.seal("a", b"x"), sealer.seal("a", b"x"));
        assert_eq!(sealer.fingerprint(&["a", "b"]), sealer.fingerprint(&["a", "b"]));
        assert_ne!(sealer.fingerprint(&["ab", ""]), sealer.fingerprint(&["a", "b"]));
        assert_ne!(
            sealer.fingerprint(&["a"]),
            Sealer::new(&[2; 32], Randomness::seeded(1)).fingerprint(&["a"])
        );
    }
}
