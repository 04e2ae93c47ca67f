//! Payment allocation numbers, under which shops take money for a meter: 19 digits that begin with 9826, the last of which is a
//! check digit by Luhn's rule.

use super::meters::{self, Asked, PrepayError};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::Viewer;
use crate::domain::payments::letters;
use crate::platform::db::{Tx, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

/// Who issues them.
const ISSUER: &str = "9826";
const LENGTH: usize = 19;

/// The digit that follows these so that all of them are right by Luhn's rule.
pub fn check_digit(digits: &str) -> u32 {
    let doubled = digits.chars().rev().zip([true, false].into_iter().cycle());
    let sum: u32 = doubled
        .map(|(digit, is_doubled)| {
            let digit = digit.to_digit(10).unwrap_or(0) * if is_doubled { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    (10 - sum % 10) % 10
}

/// Whether a text is such a number, whoever's it is.
pub fn is_sound(pan: &str) -> bool {
    let is_number = pan.len() == LENGTH && pan.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        && pan.starts_with(ISSUER)
        && pan
            .split_at_checked(LENGTH - 1)
            .is_some_and(|(digits, check)| check_digit(digits).to_string() == check)
}

fn draw(random: &Randomness) -> String {
    let digits = format!("{ISSUER}{:014}", random.below(100_000_000_000_000));
    format!("{digits}{}", check_digit(&digits))
}

statement!(static REPLACE: () = "
    update payment_allocation_numbers set replaced_at = $2 where prepay_meter_id = $1 and replaced_at is null");
statement!(static ISSUE: (String,) = "
    insert into payment_allocation_numbers (pan, prepay_meter_id, issued_at, made_by_kind, made_by_id)
    values ($1, $2, $3, $4, $5) on conflict (pan) do nothing returning pan");

/// Gives a meter a number, in place of the one that it has, and tells the customer.
pub async fn issue(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    asked: &Asked<'_>,
) -> Result<String, PrepayError> {
    let meter = meters::hold(tx, random, viewer, asked).await?;
    let (now, (kind, by)) = (tx.business_now().await?, hand(viewer));
    REPLACE.command().bind(meter.id).bind(now).execute(&mut *tx).await?;
    for pan in ids::candidates(|| draw(random)) {
        let issue = ISSUE.query().bind(pan).bind(meter.id).bind(now).bind(kind).bind(by);
        let Some((pan,)) = issue.fetch_optional(&mut *tx).await? else { continue };
        let text = format!(
            "Hello,\n\nshops take money for your meter {} under the number {pan}. A number that you had before is not \
             to be used any more.",
            meter.serial_number
        );
        letters::tell(tx, meter.account_id, "meter-number", "Your top-up number", &text).await?;
        return Ok(pan);
    }
    Err(PrepayError::Database(sqlx::Error::RowNotFound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_bear_a_check_digit() {
        // Everybody's example of Luhn's rule.
        assert_eq!(check_digit("7992739871"), 3);
        let random = Randomness::seeded(1);
        for _ in 0..100 {
            let pan = draw(&random);
            assert!(is_sound(&pan), "{pan}");
            for place in 0..LENGTH {
                let mut wrong: Vec<u8> = pan.bytes().collect();
                wrong[place] = b'0' + (wrong[place] - b'0' + 1) % 10;
                assert!(!is_sound(&String::from_utf8(wrong).expect("digits")), "{pan} {place}");
            }
        }
        assert!(!is_sound("98260000000000000ä") && !is_sound(""));
    }
}
