//! Codes of second factors: those an authenticator app computes, and those that are sent.

use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::platform::random::Randomness;

/// How long the secret of an authenticator app is, in bytes.
const SECRET_BYTES: usize = 20;
/// How long an authenticator app shows a code, in seconds.
const STEP: u64 = 30;
/// How many codes before and after the present one are taken, as clocks differ.
const SKEW: u16 = 1;
const SALT_BYTES: usize = 16;
const DIGITS: u8 = 6;

/// A fresh secret for an authenticator app.
pub(super) fn secret(random: &Randomness) -> Vec<u8> {
    let mut bytes = vec![0; SECRET_BYTES];
    random.fill(&mut bytes);
    bytes
}

/// A secret as authenticator apps take it: base 32.
pub(super) fn shown(secret: &[u8]) -> String {
    Secret::new(secret.into()).to_base32()
}

/// The half minute that `code` belongs to, counted since 1970, if it is one that an app would show around `now`
/// (in seconds since 1970).
pub(super) fn step_of(secret: &[u8], code: &str, now: i64) -> Option<i64> {
    // A code with blanks in it, as apps show it, is read as well.
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if !is_code(&code) {
        return None;
    }
    let step = app(secret)?.check(&code, u64::try_from(now).ok()?)?;
    i64::try_from(step).ok()
}

fn app(secret: &[u8]) -> Option<Totp> {
    let app = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(DIGITS).with_skew(SKEW);
    app.with_step_duration(STEP).with_secret(Secret::new(secret.into())).build().ok()
}

fn is_code(text: &str) -> bool {
    text.len() == usize::from(DIGITS) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A code that is sent, and what is kept of it. Six digits are soon found out from any hash: what protects the
/// code is that it dies within minutes and after a few wrong guesses.
pub(super) struct Sent {
    pub code: String,
    pub salt: Vec<u8>,
    pub hash: Vec<u8>,
}

/// A fresh code of six digits.
pub(super) fn draw(random: &Randomness) -> Sent {
    let code = format!("{:06}", random.below(1_000_000));
    let mut salt = vec![0; SALT_BYTES];
    random.fill(&mut salt);
    let hash = salted(&salt, &code);
    Sent { code, salt, hash }
}

/// Whether `code` is the one of which these were kept.
pub(super) fn fits(code: &str, salt: &[u8], hash: &[u8]) -> bool {
    let made = salted(salt, code.trim());
    // Every byte is compared, so that time tells nothing.
    made.len() == hash.len() && made.iter().zip(hash).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

fn salted(salt: &[u8], code: &str) -> Vec<u8> {
    Sha256::new().chain_update(salt).chain_update(code.as_bytes()).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret and moments of RFC 6238, its codes cut to six digits.
    #[test]
    fn the_examples_of_the_standard_are_understood() {
        let secret = b"12345678901234567890";
        for (at, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")] {
            assert_eq!(step_of(secret, code, at), Some(at / 30));
        }
        assert_eq!(step_of(secret, "287 082", 59), Some(1));
        assert_eq!(step_of(secret, "287082", 59 + 30), Some(1), "a clock may be half a minute off");
        assert_eq!(step_of(secret, "287082", 59 + 90), None);
        for odd in ["", "28708", "2870820", "abcdef", "২৮৭০৮২"] {
            assert_eq!(step_of(secret, odd, 59), None);
        }
        assert_eq!(step_of(b"short", "287082", 59), None);
        assert_eq!(step_of(secret, "287082", -59), None);
    }

    #[test]
    fn a_code_is_known_again_and_no_other() {
        let sent = draw(&Randomness::seeded(5));
        assert!(is_code(&sent.code));
        assert!(fits(&sent.code, &sent.salt, &sent.hash));
        assert!(!fits("000000", &sent.salt, &sent.hash));
        assert!(!fits(&sent.code, b"another salt", &sent.hash));
    }

    #[test]
    fn a_secret_is_shown_in_base_32() {
        assert_eq!(shown(b"12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
