//! The fee for paying by card.

use thiserror::Error;

use super::instructions::{self, CARD};
use crate::domain::accounts::accounts;
use crate::domain::auth::viewer::Viewer;
use crate::domain::ledgers::ledgers::{self, LedgerName};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::money::{AmountError, Minor};

/// Why there is no fee to tell.
#[derive(Debug, Error)]
pub enum SurchargeError {
    /// No such account for the viewer.
    #[error("there is no such account")]
    Unauthorised,
    /// The account has no such ledger, or it takes no payments.
    #[error("the account has no such ledger to pay")]
    NoLedger,
    /// It is not said which card, and the account has none.
    #[error("the account has no card")]
    NoCard,
    /// Whoever takes card payments in this market adds no fee.
    #[error("there is no fee in this market")]
    NoFee,
    /// The amount is not positive, or too large.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(SurchargeError);

/// What will be paid, and how.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// The ledger; the main one if none is named.
    pub ledger: Option<LedgerName>,
    /// In minor units.
    pub amount: i64,
    /// The card's network; that of the account's card if none is named.
    pub network: Option<&'a str>,
    /// How the card is funded; as the account's card if it is not said.
    pub card_type: Option<&'a str>,
}

statement!(static RATE: (i32,) = "
    select basis_points from card_surcharges
    where market = $1 and (network is null or network = $2) and (card_type is null or card_type = $3)
    order by network is not null desc, card_type is not null desc limit 1");

/// The fee for a payment by a card in a market, in minor units, half up; none where the market has no fees.
pub async fn of(
    tx: &mut Tx,
    market: &str,
    network: Option<&str>,
    card_type: Option<&str>,
    amount: Minor,
) -> Result<Option<Minor>, SurchargeError> {
    let rate = RATE.query().bind(market).bind(network).bind(card_type).fetch_optional(&mut *tx).await?;
    let Some((basis_points,)) = rate else { return Ok(None) };
    let fee = (i128::from(amount.0) * i128::from(basis_points) + 5_000) / 10_000;
    Ok(Some(Minor(i64::try_from(fee).map_err(|_| AmountError::OutOfRange)?)))
}

row! {
    struct Plastic {
        card_network: Option<String>,
        card_type: Option<String>,
    }
}

statement!(static PLASTIC: Plastic = "
    select card_network, card_type from payment_instructions where id = $1");

/// The fee for a payment by a card that is known here.
pub(super) async fn of_card(
    tx: &mut Tx,
    market: &str,
    card: i64,
    amount: Minor,
) -> Result<Minor, SurchargeError> {
    let plastic = PLASTIC.query().bind(card).fetch_one(&mut *tx).await?;
    let (network, card_type) = (plastic.card_network.as_deref(), plastic.card_type.as_deref());
    Ok(of(tx, market, network, card_type, amount).await?.unwrap_or(Minor::ZERO))
}

/// The fee for paying an amount on a ledger of an account that the viewer sees.
pub async fn asked(tx: &mut Tx, viewer: &Viewer, asked: &Asked<'_>) -> Result<Minor, SurchargeError> {
    let amount = Minor::positive_entry(asked.amount)?;
    let account = accounts::by_number(tx, viewer, asked.account_number).await?;
    let account = account.ok_or(SurchargeError::Unauthorised)?;
    let ledger = match &asked.ledger {
        Some(name) => {
            let target = ledgers::named(tx, viewer, asked.account_number, name).await?;
            let target = target.filter(|target| target.accepts_payments).ok_or(SurchargeError::NoLedger)?;
            Some(target.ledger_id)
        }
        None => None,
    };
    if of(tx, &account.market, None, None, amount).await?.is_none() {
        return Err(SurchargeError::NoFee);
    }
    let (mut network, mut card_type) = (asked.network.map(str::to_owned), asked.card_type.map(str::to_owned));
    if network.is_none() || card_type.is_none() {
        let now = tx.business_now().await?;
        let card = instructions::usable(tx, account.id, ledger, now, Some(CARD)).await?;
        match card {
            Some(card) => {
                network = network.or(card.card_network);
                card_type = card_type.or(card.card_type);
            }
            None if network.is_none() && card_type.is_none() => return Err(SurchargeError::NoCard),
            None => {}
        }
    }
    let fee = of(tx, &account.market, network.as_deref(), card_type.as_deref(), amount).await?;
    fee.ok_or(SurchargeError::NoFee)
}
