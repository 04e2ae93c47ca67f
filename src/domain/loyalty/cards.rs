//! Cards of loyalty schemes that others run, such as Nectar. A user has one active card of a scheme.

use thiserror::Error;

use super::wallets::points_are_visible;
use crate::domain::accounts::changes::{hand, may_edit};
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::user_is_visible;
use crate::domain::payments::prepay::numbers::check_digit;
use crate::platform::db::{Tx, database_error, row, statement};

row! {
    /// A card.
    pub struct Card {
        /// Row id.
        pub id: i64,
        /// Code of the scheme.
        pub scheme: String,
        /// Its digits.
        pub number: String,
        /// `ACTIVE` or `REPLACED`.
        pub status: String,
    }
}

row! {
    /// What numbers of a scheme are like.
    struct Scheme {
        code: String,
        prefix: String,
        digits: i32,
        check_rule: String,
    }
}

/// Why a card was not kept.
#[derive(Debug, Error)]
pub enum CardError {
    /// The viewer may not change what is known of anybody.
    #[error("the viewer may not change cards")]
    Forbidden,
    /// There is no such user, or the viewer has no business with their cards.
    #[error("unknown user")]
    UnknownUser,
    /// There is no such scheme where the user is a customer, or it takes no more cards.
    #[error("unknown scheme")]
    UnknownScheme,
    /// The scheme has no such numbers.
    #[error("not a number of the scheme")]
    Number,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(CardError);

/// A card as somebody reads it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewCard<'a> {
    /// Whose it is.
    pub user: i64,
    /// The scheme's code, in any case.
    pub scheme: &'a str,
    /// The number, in groups or not.
    pub number: &'a str,
}

statement!(static IS_SHOWN: (bool,) = concat!(
    "select exists (select from account_users u where u.id = $3 and ", points_are_visible!(), ")"));
statement!(static OF_USER: Card = "
    select id, scheme, number, status from loyalty_cards where user_id = $1 order by status, id desc limit 100");
statement!(static SCHEME: Scheme = "
    select s.code, s.prefix, s.digits, s.check_rule from card_schemes s where s.code = upper($2) and s.takes_cards
        and exists (select from accounts a where a.market = s.market and (
            exists (select from account_user_roles r where r.account_id = a.id and r.user_id = $1)
            or exists (select from portfolio_user_roles r where r.portfolio_id = a.portfolio_id and r.user_id = $1)))");
statement!(static HOLD_USER: (i64,) = "select id from account_users where id = $1 for no key update");
statement!(static ACTIVE: Card = "
    select id, scheme, number, status from loyalty_cards where user_id = $1 and scheme = $2 and status = 'ACTIVE'");
statement!(static REPLACE: () = "update loyalty_cards set status = 'REPLACED', replaced_at = $2 where id = $1");
statement!(static ADD: Card = "
    insert into loyalty_cards (user_id, scheme, number, status, added_at, added_by_kind, added_by_id)
    values ($1, $2, $3, 'ACTIVE', $4, $5, $6) returning id, scheme, number, status");

/// The cards of a user, those that are collected on first; `None` for a user whose cards the viewer may not see.
///
/// # Errors
/// Those of the database.
pub async fn of_user(tx: &mut Tx, viewer: &Viewer, user: i64) -> Result<Option<Vec<Card>>, sqlx::Error> {
    let query = IS_SHOWN.seen_by(viewer).bind(user);
    let (is_shown,) = query.fetch_one(&mut *tx).await?;
    if !is_shown {
        return Ok(None);
    }
    Ok(Some(OF_USER.query().bind(user).fetch_all(&mut *tx).await?))
}

/// Keeps a user's card of a scheme in place of the one that they had. The same number again changes nothing.
///
/// # Errors
/// As [`CardError`] says.
pub async fn keep(tx: &mut Tx, viewer: &Viewer, new: &NewCard<'_>) -> Result<Card, CardError> {
    if !may_edit(viewer) {
        return Err(CardError::Forbidden);
    }
    let query = IS_SHOWN.seen_by(viewer).bind(new.user);
    let (is_shown,) = query.fetch_one(&mut *tx).await?;
    if !is_shown {
        return Err(CardError::UnknownUser);
    }
    let scheme = SCHEME.query().bind(new.user).bind(new.scheme.trim()).fetch_optional(&mut *tx).await?;
    let scheme = scheme.ok_or(CardError::UnknownScheme)?;
    let number = digits(new.number).filter(|number| scheme.has(number)).ok_or(CardError::Number)?;
    // One at a time, so that the second of two at once replaces the card of the first.
    HOLD_USER.query().bind(new.user).fetch_one(&mut *tx).await?;
    let now = tx.business_now().await?;
    if let Some(held) = ACTIVE.query().bind(new.user).bind(&scheme.code).fetch_optional(&mut *tx).await? {
        if held.number == number {
            return Ok(held);
        }
        REPLACE.command().bind(held.id).bind(now).execute(&mut *tx).await?;
    }
    let (kind, id) = hand(viewer);
    let add = ADD.query().bind(new.user).bind(&scheme.code).bind(number).bind(now).bind(kind).bind(id);
    Ok(add.fetch_one(&mut *tx).await?)
}

/// The digits of a number that may be written in groups; nothing if there is anything else in it.
fn digits(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|sign| !matches!(sign, ' ' | '-')).collect();
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

impl Scheme {
    /// Whether these digits are a number of the scheme.
    fn has(&self, number: &str) -> bool {
        let is_long_enough = i32::try_from(number.len()).is_ok_and(|length| length == self.digits);
        let split = number.split_at_checked(number.len().saturating_sub(1));
        let Some((body, check)) = split.filter(|_| is_long_enough && number.starts_with(&self.prefix)) else {
            return false;
        };
        let wanted = if self.check_rule == "EAN" { ean_check_digit(body) } else { check_digit(body) };
        wanted.to_string() == check
    }
}

/// The digit that follows these in a European article number.
fn ean_check_digit(digits: &str) -> u32 {
    let weighed = digits.chars().rev().zip([3, 1].into_iter().cycle());
    let sum: u32 = weighed.map(|(digit, weight)| digit.to_digit(10).unwrap_or(0) * weight).sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scheme(prefix: &str, digits: i32, check_rule: &str) -> Scheme {
        Scheme { code: "X".into(), prefix: prefix.into(), digits, check_rule: check_rule.into() }
    }

    #[test]
    fn numbers_are_judged_by_their_scheme() {
        let nectar = scheme("98263000", 19, "LUHN");
        assert!(nectar.has("9826300012345678909"));
        assert!(!nectar.has("9826300012345678904"), "another check digit");
        assert!(!nectar.has("982630001234567890"), "too short");
        assert!(!nectar.has("9826400012345678902"), "another scheme's");
        // Everybody's example of an article number.
        let rewards = scheme("4006", 13, "EAN");
        assert!(rewards.has("4006381333931") && !rewards.has("4006381333932") && !rewards.has(""));
        assert_eq!(digits(" 9826-3000 1 "), Some("982630001".to_owned()));
        assert_eq!([digits(""), digits("98a"), digits("９８")], [None, None, None]);
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_noticed(body in "[0-9]{14}", place in 0_usize..18, by in 1_u8..10, is_ean in any::<bool>()) {
            let scheme = scheme("9826", 19, if is_ean { "EAN" } else { "LUHN" });
            let body = format!("9826{body}");
            let check = if is_ean { ean_check_digit(&body) } else { check_digit(&body) };
            let number = format!("{body}{check}");
            prop_assert!(scheme.has(&number));
            let mut wrong = number.into_bytes();
            wrong[place] = b'0' + (wrong[place] - b'0' + by) % 10;
            prop_assert!(!scheme.has(&String::from_utf8(wrong).expect("digits")));
        }
    }
}
