//! Bank details: what each market knows a bank account by, whether that can be right, and what may be shown of it.

use iban::{Iban, IbanLike, ParseIbanError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::platform::market::Market;

/// Countries in which euros are collected by the European scheme.
const SEPA: [&str; 41] = [
    "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR",
    "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL",
    "PT", "RO", "SE", "SI", "SK", "SM", "VA",
];
/// The longest name of a holder that banks take.
const LONGEST_NAME: usize = 70;

/// What is wrong with bank details.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BankError {
    /// There is no name, or one that is too long.
    #[error("The name of the account holder is missing or too long.")]
    Holder,
    /// The market's banks are not known by what was given.
    #[error("The bank account is not given as this market's banks know it.")]
    Missing,
    /// The bank's code cannot be right.
    #[error("The code of the bank or branch is not valid.")]
    Bank,
    /// The account's number cannot be right.
    #[error("The account number is not valid.")]
    Account,
    /// The kind of account is none of those that the market has.
    #[error("The type of the account is not known.")]
    AccountType,
    /// The IBAN is mistyped.
    #[error("The IBAN is not valid.")]
    Iban,
    /// The IBAN is of a country that the scheme does not reach.
    #[error("Payments cannot be collected from banks of this country.")]
    Country,
}

/// Bank details as somebody typed them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Given {
    /// Name that the bank knows the customer by.
    pub account_holder: Option<String>,
    /// International number.
    pub iban: Option<String>,
    /// National number.
    pub account_number: Option<String>,
    /// Code of the bank, or of bank and branch.
    pub bank_code: Option<String>,
    /// Code of the branch, where it has one of its own.
    pub branch_code: Option<String>,
    /// Kind of account, where banks ask for it.
    pub account_type: Option<String>,
}

impl Given {
    /// The name of the account's holder.
    ///
    /// # Errors
    /// [`BankError::Holder`].
    pub fn holder(&self) -> Result<&str, BankError> {
        let holder = self.account_holder.as_deref().map(str::trim).unwrap_or_default();
        let fits = !holder.is_empty() && holder.chars().count() <= LONGEST_NAME;
        if fits && !holder.chars().any(char::is_control) { Ok(holder) } else { Err(BankError::Holder) }
    }
}

/// How a bank account is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scheme {
    /// By its international number.
    Iban,
    /// By six digits for the branch and eight for the account.
    SortCode,
    /// By six digits for the branch and up to nine for the account.
    Bsb,
    /// By four digits for the bank, three for the branch and seven for the account.
    Zengin,
    /// By nine digits for the bank, of which the last proves the others, and up to 17 for the account.
    Aba,
}

impl Scheme {
    /// As the database knows it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Iban => "IBAN",
            Self::SortCode => "SORT_CODE",
            Self::Bsb => "BSB",
            Self::Zengin => "ZENGIN",
            Self::Aba => "ABA",
        }
    }
}

/// A bank account as its market knows it. Only [`BankDetails::read`] makes one, so it can be right.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct BankDetails {
    /// Name that the bank knows the customer by.
    pub account_holder: String,
    /// How it is known.
    pub scheme: Scheme,
    /// Code of the bank, or of bank and branch; in an IBAN, as far as its country has one.
    pub bank_code: String,
    /// Code of the branch, where it has one of its own.
    pub branch_code: String,
    /// National number, or the IBAN.
    pub number: String,
    /// Kind of account, where banks ask for it.
    pub account_type: String,
}

impl std::fmt::Debug for BankDetails {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("BankDetails")
    }
}

impl BankDetails {
    /// Reads bank details by the rules of a market. Blanks and dashes between digits do not matter.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(market: &Market, given: &Given) -> Result<Self, BankError> {
        let holder = given.holder()?;
        let details = match market.code.as_str() {
            "gb" => Self::british(given),
            "de" => Self::international(given),
            "jp" => Self::japanese(given),
            "au" => Self::australian(given),
            "us" => Self::american(given),
            _ => Err(BankError::Missing),
        }?;
        Ok(Self { account_holder: holder.to_owned(), ..details })
    }

    fn of(scheme: Scheme, bank_code: String, number: String) -> Self {
        let (account_holder, branch_code, account_type) = <(String, String, String)>::default();
        Self { account_holder, scheme, bank_code, branch_code, number, account_type }
    }

    fn british(given: &Given) -> Result<Self, BankError> {
        if let Some(text) = given.iban.as_deref().filter(|text| !text.trim().is_empty()) {
            // A British IBAN holds sort code and account number.
            let iban = read_iban(text)?;
            let bban = iban.bban();
            return match (iban.country_code(), bban.get(4..10), bban.get(10..18)) {
                ("GB", Some(sort), Some(number)) => {
                    Ok(Self::of(Scheme::SortCode, sort.to_owned(), number.to_owned()))
                }
                _ => Err(BankError::Country),
            };
        }
        let sort = digits(given.bank_code.as_deref(), 6..=6).ok_or(BankError::Bank)?;
        // Old accounts have six or seven digits, and are filled up in front.
        let number = digits(given.account_number.as_deref(), 6..=8).ok_or(BankError::Account)?;
        Ok(Self::of(Scheme::SortCode, sort, format!("{number:0>8}")))
    }

    fn international(given: &Given) -> Result<Self, BankError> {
        let text = given.iban.as_deref().filter(|text| !text.trim().is_empty()).ok_or(BankError::Missing)?;
        let iban = read_iban(text)?;
        let bank = iban.bank_identifier().unwrap_or_default().to_owned();
        let branch_code = iban.branch_identifier().unwrap_or_default().to_owned();
        Ok(Self { branch_code, ..Self::of(Scheme::Iban, bank, iban.electronic_str().to_owned()) })
    }

    fn japanese(given: &Given) -> Result<Self, BankError> {
        let bank = digits(given.bank_code.as_deref(), 4..=4).ok_or(BankError::Bank)?;
        let branch_code = digits(given.branch_code.as_deref(), 3..=3).ok_or(BankError::Bank)?;
        let number = digits(given.account_number.as_deref(), 1..=7).ok_or(BankError::Account)?;
        let account_type = account_type(given, &["ORDINARY", "CURRENT", "SAVINGS"], "ORDINARY")?;
        Ok(Self { branch_code, account_type, ..Self::of(Scheme::Zengin, bank, format!("{number:0>7}")) })
    }

    fn australian(given: &Given) -> Result<Self, BankError> {
        let bsb = digits(given.bank_code.as_deref(), 6..=6).ok_or(BankError::Bank)?;
        let number = digits(given.account_number.as_deref(), 5..=9).ok_or(BankError::Account)?;
        Ok(Self::of(Scheme::Bsb, bsb, number))
    }

    fn american(given: &Given) -> Result<Self, BankError> {
        let routing = digits(given.bank_code.as_deref(), 9..=9).filter(|digits| is_routing_number(digits));
        let routing = routing.ok_or(BankError::Bank)?;
        let number = digits(given.account_number.as_deref(), 4..=17).ok_or(BankError::Account)?;
        let account_type = account_type(given, &["CHECKING", "SAVINGS"], "CHECKING")?;
        Ok(Self { account_type, ..Self::of(Scheme::Aba, routing, number) })
    }

    /// The last four digits of the number.
    pub fn last_four(&self) -> &str {
        let start = self.number.len().saturating_sub(4);
        self.number.get(start..).unwrap_or_default()
    }

    /// The number with all but its ends hidden.
    pub fn masked(&self) -> String {
        let shown = if self.scheme == Scheme::Iban { 2 } else { 0 };
        let hidden = self.number.len().saturating_sub(shown + 4);
        format!("{}{}{}", self.number.get(..shown).unwrap_or_default(), "*".repeat(hidden), self.last_four())
    }

    /// What makes it the same bank account as another, whoever is said to hold it.
    pub fn identity(&self) -> [&str; 4] {
        [self.scheme.code(), &self.bank_code, &self.branch_code, &self.number]
    }
}

fn account_type(given: &Given, known: &[&str], usual: &str) -> Result<String, BankError> {
    let wanted = given.account_type.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let wanted = wanted.unwrap_or(usual).to_ascii_uppercase();
    if known.contains(&wanted.as_str()) { Ok(wanted) } else { Err(BankError::AccountType) }
}

/// The digits of a text that holds nothing else but blanks and dashes.
fn digits(text: Option<&str>, length: std::ops::RangeInclusive<usize>) -> Option<String> {
    let bare: String = text?.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    (length.contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_digit())).then_some(bare)
}

/// Three times the first, seven times the second and once the third of each three digits come to a multiple of ten.
fn is_routing_number(digits: &str) -> bool {
    let weights = [3, 7, 1].into_iter().cycle();
    let sum: u32 = digits.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    sum.is_multiple_of(10) && sum > 0
}

/// An IBAN of a country that euros are collected from.
///
/// # Errors
/// [`BankError::Iban`], [`BankError::Country`].
pub fn read_iban(text: &str) -> Result<Iban, BankError> {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
    let iban: Iban = bare.parse().map_err(|error| match error {
        ParseIbanError::UnknownCountry(_) => BankError::Country,
        _ => BankError::Iban,
    })?;
    if SEPA.contains(&iban.country_code()) { Ok(iban) } else { Err(BankError::Country) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::market;

    fn read(market: &str, given: [&str; 5]) -> Result<BankDetails, BankError> {
        let text = |place: usize| Some(given[place].to_owned()).filter(|text| !text.is_empty());
        let given = Given {
            account_holder: Some("Ada Lovelace".into()),
            iban: text(0),
            bank_code: text(1),
            branch_code: text(2),
            account_number: text(3),
            account_type: text(4),
        };
        BankDetails::read(market::by_code(market).expect("a market"), &given)
    }

    #[test]
    fn each_market_knows_bank_accounts_its_own_way() {
        for (market, given, scheme, bank, masked) in [
            ("gb", ["", "20-00-00", "", "5577 9911", ""], Scheme::SortCode, "200000", "****9911"),
            ("gb", ["", "200000", "", "779911", ""], Scheme::SortCode, "200000", "****9911"),
            ("gb", ["GB82 WEST 1234 5698 7654 32", "", "", "", ""], Scheme::SortCode, "123456", "****5432"),
            (
                "de",
                ["de89 3704 0044 0532 0130 00", "", "", "", ""],
                Scheme::Iban,
                "37040044",
                "DE****************3000",
            ),
            (
                "de",
                ["FR1420041010050500013M02606", "", "", "", ""],
                Scheme::Iban,
                "20041",
                "FR*********************2606",
            ),
            ("jp", ["", "0001", "123", "34567", ""], Scheme::Zengin, "0001", "***4567"),
            ("au", ["", "062-000", "", "12345678", ""], Scheme::Bsb, "062000", "****5678"),
            ("us", ["", "021000021", "", "123456789", "savings"], Scheme::Aba, "021000021", "*****6789"),
        ] {
            let read = read(market, given).expect(market);
            assert_eq!(
                (read.scheme, read.bank_code.as_str(), read.masked().as_str()),
                (scheme, bank, masked)
            );
        }
    }

    #[test]
    fn what_cannot_be_right_is_told() {
        for (market, given, error) in [
            ("gb", ["", "20000", "", "55779911", ""], BankError::Bank),
            ("gb", ["", "200000", "", "55779x11", ""], BankError::Account),
            ("gb", ["DE89370400440532013000", "", "", "", ""], BankError::Country),
            ("gb", ["", "２０００００", "", "55779911", ""], BankError::Bank),
            ("de", ["", "37040044", "", "532013000", ""], BankError::Missing),
            ("de", ["DE88370400440532013000", "", "", "", ""], BankError::Iban),
            ("de", ["BR9700360305000010009795493P1", "", "", "", ""], BankError::Country),
            ("jp", ["", "0001", "12", "1234567", ""], BankError::Bank),
            ("jp", ["", "0001", "123", "1234567", "SWISS"], BankError::AccountType),
            ("au", ["", "062000", "", "1234", ""], BankError::Account),
            ("us", ["", "021000022", "", "123456789", ""], BankError::Bank),
            ("us", ["", "000000000", "", "123456789", ""], BankError::Bank),
        ] {
            assert_eq!(read(market, given).err(), Some(error), "{market} {given:?}");
        }
    }

    #[test]
    fn a_holder_has_a_name() {
        let market = market::by_code("de").expect("a market");
        for name in [None, Some(" ".to_owned()), Some("x".repeat(71)), Some("a\nb".to_owned())] {
            let iban = Some("DE89370400440532013000".to_owned());
            let given = Given { account_holder: name, iban, ..Given::default() };
            assert_eq!(BankDetails::read(market, &given).err(), Some(BankError::Holder));
        }
    }
}
