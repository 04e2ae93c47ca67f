//! The built-in shops. `kraken-api top-up` does what a customer does at a till.

use futures_util::future::BoxFuture;
use thiserror::Error;

use super::shops::{Sale, Shops};
use crate::domain::payments::prepay::numbers;
use crate::platform::db::{Tx, database_error, statement};
use crate::platform::random::Randomness;

/// The most that a till takes at once, in minor units.
const MOST: i64 = 25_000;

/// Shops made of a table.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator;

/// Why a till took nothing.
#[derive(Debug, Error)]
pub enum SaleError {
    /// The number was misread.
    #[error("this is no number of a top-up card")]
    Number,
    /// Nobody pays that at a till.
    #[error("the amount must be from 1 to {MOST} pence")]
    Amount,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(SaleError);

statement!(static SELL: () = "
    insert into simulated_shop_sales (reference, pan, amount, sold_at) values ($1, $2, $3, $4)");
statement!(static TELL: Sale = "
    with news as (
        select reference from simulated_shop_sales where told_at is null
        order by sold_at, reference limit $2 for update skip locked
    )
    update simulated_shop_sales s set told_at = $1 from news where s.reference = news.reference
    returning s.reference, s.pan, s.amount, s.sold_at");

/// Takes money for a number. A till knows misread numbers by their check digit, and nothing of who they belong to. Answers the
/// name of the sale.
pub async fn sell(tx: &mut Tx, random: &Randomness, pan: &str, amount: i64) -> Result<String, SaleError> {
    if !numbers::is_sound(pan) {
        return Err(SaleError::Number);
    }
    if !(1..=MOST).contains(&amount) {
        return Err(SaleError::Amount);
    }
    let (reference, now) = (random.uuid().to_string(), tx.business_now().await?);
    SELL.command().bind(&reference).bind(pan).bind(amount).bind(now).execute(&mut *tx).await?;
    Ok(reference)
}

impl Shops for Simulator {
    fn sales<'a>(&'a self, tx: &'a mut Tx, limit: i64) -> BoxFuture<'a, Result<Vec<Sale>, sqlx::Error>> {
        Box::pin(async move {
            let now = tx.business_now().await?;
            TELL.query().bind(now).bind(limit).fetch_all(&mut *tx).await
        })
    }
}
