//! Who is calling: credentials, tokens, and what follows from them.

pub mod api_keys;
pub mod audit;
pub mod brownouts;
pub mod captcha;
pub mod expired;
pub mod first_password;
pub mod keys;
pub mod limits;
pub mod logins;
pub mod masquerade;
pub mod mfa;
mod mfa_codes;
pub mod obtain;
pub mod organisations;
pub mod partners;
pub mod password_change;
mod password_login;
pub mod password_reset;
pub mod password_rules;
pub mod passwords;
pub mod pre_signed;
pub mod refresh;
pub mod sessions;
pub mod settings;
mod signatures;
pub mod staff;
pub mod subjects;
pub mod third_parties;
pub mod tokens;
pub mod viewer;

use std::sync::Arc;

use crate::platform::random::Randomness;

pub use obtain::{Credentials, LoginError, Obtained};
pub use tokens::{Issuer, Payload, TokenError};
pub use viewer::{Through, Viewer};

use keys::KeyStore;
use passwords::Passwords;

/// Everything that authentication needs beside the database.
#[derive(Debug)]
pub struct Auth {
    issuer: Issuer,
    random: Randomness,
    passwords: Passwords,
    keys: KeyStore,
}

impl Auth {
    /// Tokens are issued in the name of `issuer`; at most `hashers` passwords are hashed at once.
    pub fn new(issuer: Issuer, random: Randomness, hashers: usize) -> Arc<Self> {
        let passwords = Passwords::new(random.clone(), hashers);
        Arc::new(Self { issuer, random, passwords, keys: KeyStore::default() })
    }

    /// The password hasher.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// The signing keys.
    pub fn keys(&self) -> &KeyStore {
        &self.keys
    }

    /// Where randomness is drawn from.
    pub fn random(&self) -> &Randomness {
        &self.random
    }
}
