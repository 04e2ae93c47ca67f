//! What clients see as numbers, keys and tokens. Uniqueness is the database's to decide: an insert that meets
//! a taken number does nothing (`on conflict do nothing returning`), and the next of [`candidates`]
//! is tried.

use super::random::Randomness;

/// How often a taken number is drawn anew before giving up; eight hex digits make even two in a row rare.
const ATTEMPTS: usize = 8;

/// What account numbers begin with.
pub const ACCOUNT: &str = "A-";
/// What ledger numbers begin with.
pub const LEDGER: &str = "L-";
/// What portfolio numbers begin with.
pub const PORTFOLIO: &str = "P-";
/// What account users' numbers begin with.
pub const USER: &str = "U-";

/// The number after `prefix` that stands for `value`: eight upper-case hexadecimal digits.
pub fn number(prefix: &str, value: u32) -> String {
    format!("{prefix}{value:08X}")
}

/// An account number: `A-` and eight upper-case hexadecimal digits.
pub fn account_number(random: &Randomness) -> String {
    format!("{ACCOUNT}{}", random.hex(8))
}

/// A ledger number: `L-` and eight upper-case hexadecimal digits.
pub fn ledger_number(random: &Randomness) -> String {
    format!("{LEDGER}{}", random.hex(8))
}

/// A portfolio number: `P-` and eight upper-case hexadecimal digits.
pub fn portfolio_number(random: &Randomness) -> String {
    format!("{PORTFOLIO}{}", random.hex(8))
}

/// An account user's number: `U-` and eight upper-case hexadecimal digits.
pub fn user_number(random: &Randomness) -> String {
    format!("{USER}{}", random.hex(8))
}

/// An opaque refresh token of 64 letters and digits.
pub fn refresh_token(random: &Randomness) -> String {
    random.alphanumeric(64)
}

/// An API key: `sk_live_` and 24 letters and digits, about 142 bits.
pub fn api_key(random: &Randomness) -> String {
    format!("sk_live_{}", random.alphanumeric(24))
}

/// An organisation's secret key: `sk_org_` and 40 letters and digits.
pub fn organisation_key(random: &Randomness) -> String {
    format!("sk_org_{}", random.alphanumeric(40))
}

/// The identifier that an organisation is known by: 32 letters and digits. It is no secret.
pub fn client_id(random: &Randomness) -> String {
    random.alphanumeric(32)
}

/// A key for a link: 40 hexadecimal digits in lower case, 160 bits.
pub fn pre_signed_key(random: &Randomness) -> String {
    random.hex(40).to_lowercase()
}

/// A token for a link that sets a new password: 48 letters and digits, about 285 bits.
pub fn password_reset_token(random: &Randomness) -> String {
    random.alphanumeric(48)
}

/// A password for whoever has not chosen one yet: 20 letters and digits, about 119 bits.
pub fn first_password(random: &Randomness) -> String {
    random.alphanumeric(20)
}

/// A partner user's number: `PU-` and eight upper-case hexadecimal digits.
pub fn partner_number(random: &Randomness) -> String {
    format!("PU-{}", random.hex(8))
}

/// A sales partner's number: `AO-` and eight upper-case hexadecimal digits.
pub fn affiliate_number(random: &Randomness) -> String {
    format!("AO-{}", random.hex(8))
}

/// Whether a text has the form of a number with this prefix: eight upper-case hexadecimal digits follow.
pub fn is_number(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == 8 && rest.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
    })
}

/// Numbers to try, one after the other, until an insert takes one.
pub fn candidates(draw: impl FnMut() -> String) -> impl Iterator<Item = String> {
    std::iter::repeat_with(draw).take(ATTEMPTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_documented_form() {
        let random = Randomness::seeded(1);
        for _ in 0..200 {
            assert!(is_number("A-", &account_number(&random)));
            assert!(is_number("L-", &ledger_number(&random)));
        }
        assert!([0, 255, u32::MAX].iter().all(|value| is_number(USER, &number(USER, *value))));
        assert_eq!(refresh_token(&random).len(), 64);
        assert_eq!(api_key(&random).len(), 32);
    }

    #[test]
    fn drawing_ends() {
        let random = Randomness::seeded(2);
        assert_eq!(candidates(|| user_number(&random)).count(), ATTEMPTS);
    }
}
