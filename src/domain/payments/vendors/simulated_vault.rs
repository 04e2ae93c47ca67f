//! The built-in vendor of cards. What becomes of a card follows from its number; `docs/payments.md` lists them.

use chrono::Datelike;
use futures_util::future::BoxFuture;

use super::vault::{Card, Kept, Known, TypedCard, Vault, VaultError};
use crate::platform::db::{Tx, row, statement};
use crate::platform::random::Randomness;

/// The code that proves a challenged card.
const PROOF: &str = "1234";

/// A vendor made of rules. It draws the names of the cards that it keeps.
#[derive(Clone, Debug)]
pub struct Simulator(pub Randomness);

row! {
    struct Row {
        fingerprint: Vec<u8>,
        holder: String,
        network: String,
        card_type: String,
        last_four: String,
        expiry_month: i16,
        expiry_year: i16,
    }
}

statement!(static KEEP: () = "
    insert into simulated_cards (reference, fingerprint, holder, network, card_type, last_four, expiry_month, expiry_year,
        created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
statement!(static CARD: Row = "
    select fingerprint, holder, network, card_type, last_four, expiry_month, expiry_year from simulated_cards
    where reference = $1");

impl Vault for Simulator {
    fn keep<'a>(
        &'a self,
        tx: &'a mut Tx,
        _vendor: &'a str,
        card: &'a TypedCard,
    ) -> BoxFuture<'a, Result<Kept, VaultError>> {
        Box::pin(async move {
            let now = tx.business_now().await?;
            let read = match Read::of(card, (now.year(), now.month())) {
                Ok(read) => read,
                Err(why) => return Ok(Kept::Mistyped(why)),
            };
            if read.last_four() == "0002" {
                return Ok(Kept::Declined);
            }
            let reference = format!("card_{}", self.0.alphanumeric(24));
            let fingerprint = tx.sealer()?.fingerprint(&["card", &read.number]);
            let keep =
                KEEP.command().bind(&reference).bind(fingerprint).bind(&read.holder).bind(read.network);
            let keep = keep.bind(read.card_type()).bind(read.last_four());
            keep.bind(read.month).bind(read.year).bind(now).execute(&mut *tx).await?;
            Ok(if read.last_four() == "3184" { Kept::Challenged(reference) } else { Kept::Yes(reference) })
        })
    }

    fn proves(&self, _reference: &str, answer: &str) -> bool {
        answer.trim() == PROOF
    }

    fn card<'a>(
        &'a self,
        tx: &'a mut Tx,
        _vendor: &'a str,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Option<Card>, sqlx::Error>> {
        Box::pin(async move {
            let row = CARD.query().bind(reference).fetch_optional(&mut *tx).await?;
            Ok(row.map(|row| Card {
                is_stolen: row.last_four == "9979",
                holder: row.holder,
                network: row.network,
                card_type: row.card_type,
                last_four: row.last_four,
                expiry_month: row.expiry_month,
                expiry_year: row.expiry_year,
            }))
        })
    }

    fn fingerprint<'a>(
        &'a self,
        tx: &'a mut Tx,
        _vendor: &'a str,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Known<Vec<u8>>, sqlx::Error>> {
        Box::pin(async move {
            let row = CARD.query().bind(reference).fetch_optional(&mut *tx).await?;
            Ok(match row {
                None => Known::No,
                Some(row) if row.last_four == "0119" => Known::Failed,
                Some(row) => Known::Yes(row.fingerprint),
            })
        })
    }
}

/// A card that can be right.
struct Read {
    holder: String,
    number: String,
    network: &'static str,
    month: i16,
    year: i16,
}

impl Read {
    fn of(card: &TypedCard, now: (i32, u32)) -> Result<Self, &'static str> {
        let number: String = card.number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let holder = card.holder.trim().to_owned();
        if holder.is_empty() || holder.chars().count() > 70 {
            return Err("Whose card is it?");
        }
        let network = network(&number).filter(|_| is_luhn(&number)).ok_or("There is no such card number.")?;
        let (month, year) =
            expiry(&card.expiry).ok_or("The card expires in a month and a year, such as 04/29.")?;
        if (i32::from(year), u32::try_from(month).unwrap_or(0)) < now {
            return Err("The card has expired.");
        }
        let digits = card.cvc.trim();
        if !(3..=4).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err("The security code has three or four digits.");
        }
        Ok(Self { holder, number, network, month, year })
    }

    fn last_four(&self) -> &str {
        self.number.get(self.number.len().saturating_sub(4)..).unwrap_or_default()
    }

    fn card_type(&self) -> &'static str {
        match self.last_four() {
            "5556" | "3184" => "DEBIT",
            "5100" => "PREPAID",
            _ => "CREDIT",
        }
    }
}

fn expiry(text: &str) -> Option<(i16, i16)> {
    let (month, year) = text.trim().split_once('/')?;
    let (month, year): (i16, i16) = (month.trim().parse().ok()?, year.trim().parse().ok()?);
    let year = if (0..100).contains(&year) { year + 2000 } else { year };
    ((1..=12).contains(&month) && (2000..=2999).contains(&year)).then_some((month, year))
}

fn network(number: &str) -> Option<&'static str> {
    if !(12..=19).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let starts = |all: &[&str]| all.iter().any(|start| number.starts_with(start));
    Some(match () {
        () if starts(&["34", "37"]) => "AMEX",
        () if starts(&["5019"]) => "DANKORT",
        () if starts(&["35"]) => "JCB",
        () if starts(&["6011", "65"]) => "DISCOVER",
        () if starts(&["51", "52", "53", "54", "55", "22", "23", "24", "25", "26", "27"]) => "MASTERCARD",
        () if starts(&["4"]) => "VISA",
        () => return None,
    })
}

/// Every second digit from the end counts twice, its own digits added; all come to a multiple of ten.
fn is_luhn(number: &str) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let digits = number.bytes().rev().map(|b| u32::from(b - b'0')).enumerate();
    let sum: u32 = digits.map(|(place, digit)| if place % 2 == 1 { doubled(digit) } else { digit }).sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(number: &str, expiry: &str) -> Result<(&'static str, &'static str), &'static str> {
        let card = TypedCard {
            holder: "Ada".into(),
            number: number.into(),
            expiry: expiry.into(),
            cvc: "123".into(),
        };
        Read::of(&card, (2026, 3)).map(|read| (read.network, read.card_type()))
    }

    #[test]
    fn test_cards_are_what_the_docs_say() {
        let docs = include_str!("../../../../docs/payments.md");
        for (number, network, card_type) in [
            ("4242 4242 4242 4242", "VISA", "CREDIT"),
            ("4000 0566 5566 5556", "VISA", "DEBIT"),
            ("5555 5555 5555 4444", "MASTERCARD", "CREDIT"),
            ("5105 1051 0510 5100", "MASTERCARD", "PREPAID"),
            ("3782 822463 10005", "AMEX", "CREDIT"),
            ("3566 0020 2036 0505", "JCB", "CREDIT"),
            ("6011 1111 1111 1117", "DISCOVER", "CREDIT"),
            ("5019 7170 1010 3742", "DANKORT", "CREDIT"),
            ("4000 0000 0000 0002", "VISA", "CREDIT"),
            ("4000 0027 6000 3184", "VISA", "DEBIT"),
            ("4000 0000 0000 9979", "VISA", "CREDIT"),
            ("4000 0000 0000 0119", "VISA", "CREDIT"),
        ] {
            assert_eq!(read(number, "04/29"), Ok((network, card_type)), "{number}");
            assert!(docs.contains(&format!("`{number}`")), "{number}");
        }
    }

    #[test]
    fn what_was_mistyped_is_told() {
        assert!(read("4242424242424241", "04/29").is_err());
        assert!(read("42424242", "04/29").is_err());
        assert!(read("9999999999999995", "04/29").is_err());
        assert!(read("４２４２424242424242", "04/29").is_err());
        assert_eq!(read("4242424242424242", "02/26"), Err("The card has expired."));
        assert!(read("4242424242424242", "03/26").is_ok());
        assert!(read("4242424242424242", "13/29").is_err());
        assert!(read("4242424242424242", "0429").is_err());
    }
}
