//! The way to those who keep cards: the port, and what is told through it.

use futures_util::future::BoxFuture;

use crate::platform::db::Tx;

/// A card as somebody typed it into the vendor's form. It goes to the vendor and nowhere else.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct TypedCard {
    /// Name on the card.
    pub holder: String,
    /// Digits, with or without blanks.
    pub number: String,
    /// Month and year, such as `04/29`.
    pub expiry: String,
    /// The digits on the back.
    pub cvc: String,
}

impl std::fmt::Debug for TypedCard {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("TypedCard")
    }
}

/// What the vendor says to a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It keeps the card, under this reference.
    Yes(String),
    /// It does once the customer has proved that it is theirs.
    Challenged(String),
    /// The bank does not let it.
    Declined,
    /// It was mistyped: what is wrong with it.
    Mistyped(&'static str),
}

/// What the vendor tells of a card that it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Name on it.
    pub holder: String,
    /// Its network.
    pub network: String,
    /// `CREDIT`, `DEBIT` or `PREPAID`.
    pub card_type: String,
    /// Its last four digits.
    pub last_four: String,
    /// The last month in which it is good.
    pub expiry_month: i16,
    /// The year of that month.
    pub expiry_year: i16,
    /// Whether its bank says that it was stolen.
    pub is_stolen: bool,
}

/// What a vendor answers to a question about something of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// This.
    Yes(T),
    /// It has nothing of the kind.
    No,
    /// It cannot tell.
    Failed,
}

/// Whoever keeps cards. `tx` is the caller's transaction; a vendor outside of this program has no use for it.
pub trait Vault: Send + Sync {
    /// Takes a card.
    fn keep<'a>(
        &'a self,
        tx: &'a mut Tx,
        vendor: &'a str,
        card: &'a TypedCard,
    ) -> BoxFuture<'a, Result<Kept, VaultError>>;

    /// Whether this answer proves that a challenged card is its user's.
    fn proves(&self, reference: &str, answer: &str) -> bool;

    /// What it tells of a card.
    fn card<'a>(
        &'a self,
        tx: &'a mut Tx,
        vendor: &'a str,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Option<Card>, sqlx::Error>>;

    /// What tells a card again.
    fn fingerprint<'a>(
        &'a self,
        tx: &'a mut Tx,
        vendor: &'a str,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Known<Vec<u8>>, sqlx::Error>>;
}

/// Why a vendor did not answer.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no key to make fingerprints with.
    #[error(transparent)]
    Sealing(#[from] crate::platform::sealing::SealError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
crate::platform::db::database_error!(VaultError);
