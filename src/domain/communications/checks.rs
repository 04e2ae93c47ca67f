//! Whether an address could be somebody's.

use crate::domain::accounts::contacts;
use crate::domain::auth::password_reset::is_address;
use crate::domain::auth::viewer::{OPEN_ACCOUNTS, Viewer};
use crate::platform::db::{Tx, statement};

statement!(static IS_TAKEN: (bool,) = "
    select exists (select 1 from logins l where lower(l.email) = lower($1))");

/// Whether mail could be sent to an address; if `unique`, also whether nobody logs in with it. That is told only to
/// those who open accounts: who has a log-in is nobody else's business.
pub async fn email(tx: &mut Tx, viewer: &Viewer, text: &str, unique: bool) -> Result<bool, sqlx::Error> {
    let text = text.trim();
    if !is_mailable(text) {
        return Ok(false);
    }
    if !unique || !viewer.may(OPEN_ACCOUNTS) {
        return Ok(true);
    }
    let (taken,) = IS_TAKEN.query().bind(text).fetch_one(&mut *tx).await?;
    Ok(!taken)
}

/// An address with a domain that could be registered.
pub(super) fn is_mailable(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_label = |label: &str| {
        label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    is_address(text)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.split('.').all(is_label)
        && top.chars().count() > 1
        && !top.chars().all(|c| c.is_ascii_digit())
}

/// Whether a number could exist: written internationally, or as at home in one of the markets.
pub fn phone(text: &str) -> bool {
    let markets = ["gb", "de", "au", "jp", "us"].map(Some);
    [None]
        .into_iter()
        .chain(markets)
        .filter_map(|market| contacts::phone(text, market))
        .any(|number| exists(&number))
}

/// Digits behind the calling code, by country: how many at least and at most.
const LENGTHS: [(&str, usize, usize); 5] =
    [("+44", 9, 10), ("+49", 6, 11), ("+61", 9, 9), ("+81", 9, 10), ("+1", 10, 10)];

/// Whether a number of this length could exist in its country.
fn exists(number: &str) -> bool {
    let Some((code, least, most)) = LENGTHS.iter().find(|(code, ..)| number.starts_with(code)) else {
        return true;
    };
    let rest = number.get(code.len()..).unwrap_or_default();
    let is_area = *code != "+1" || !rest.starts_with(['0', '1']);
    (*least..=*most).contains(&rest.len()) && !rest.starts_with('0') && is_area
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_domains() {
        for (text, is) in [
            ("ada@example.org", true),
            ("ada+news@mail.example.co.uk", true),
            ("ada@müller.de", true),
            ("ada@localhost", false),
            ("ada@-example.org", false),
            ("ada@example.1", false),
            ("ada@exam_ple.org", false),
            (".ada@example.org", false),
            ("a..da@example.org", false),
            ("ada example@example.org", false),
            ("", false),
        ] {
            assert_eq!(is_mailable(text), is, "{text}");
        }
    }

    #[test]
    fn numbers_are_as_long_as_at_home() {
        for (text, is) in [
            ("+44 7700 900123", true),
            ("07700 900123", true),
            ("+44 7700 9001234", false),
            ("030 1234567", true),
            ("+1 212 555 0123", true),
            ("+1 012 555 0123", false),
            ("+33 1 23 45 67 89", true),
            ("call me", false),
            ("12", false),
        ] {
            assert_eq!(phone(text), is, "{text}");
        }
    }
}
