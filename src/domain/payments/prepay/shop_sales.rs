//! What shops took for meters: posted on the account, and passed on to the meter.

use super::{credits, meters};
use crate::domain::ledgers::payments::{self, PaymentError};
use crate::domain::payments::vendors::shops::Sale;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::JobError;
use crate::platform::money::Minor;

const TITLE: &str = "Top-up in a shop";
const PAYMENT_TYPE: &str = "PREPAY_SMART";

row! {
    struct Number {
        prepay_meter_id: i64,
        is_current: bool,
    }
}

statement!(static ADD: (String,) = "
    insert into shop_sales (reference, pan, amount, sold_at) values ($1, $2, $3, $4)
    on conflict (reference) do nothing returning reference");
statement!(static NUMBER: Number = "
    select prepay_meter_id, replaced_at is null as is_current from payment_allocation_numbers where pan = $1");
statement!(static POSTED: () = "
    update shop_sales set account_id = $2, transaction_id = $3 where reference = $1");

/// Takes in what a shop took, once. What was paid under a number that was replaced stays in credit on the account.
pub(super) async fn take_in(tx: &mut Tx, sale: &Sale) -> Result<(), JobError> {
    let add = ADD.query().bind(&sale.reference).bind(&sale.pan).bind(sale.amount).bind(sale.sold_at);
    if add.fetch_optional(&mut *tx).await?.is_none() {
        return Ok(());
    }
    let Some(number) = NUMBER.query().bind(&sale.pan).fetch_optional(&mut *tx).await? else {
        tracing::warn!(reference = %sale.reference, "a shop took money for a number that nobody has");
        return Ok(());
    };
    let meter = meters::held(tx, number.prepay_meter_id).await?;
    let posted = payments::received(tx, meter.main_ledger_id, Minor(sale.amount), TITLE, PAYMENT_TYPE).await;
    let transaction = posted.map_err(|error| match error {
        PaymentError::Database(error) => JobError::Database(error),
        other => JobError::Other(other.to_string()),
    })?;
    let posted = POSTED.command().bind(&sale.reference).bind(meter.account_id).bind(transaction);
    posted.execute(&mut *tx).await?;
    if number.is_current && !meter.is_over {
        credits::pass(tx, &meter, sale.amount).await.map_err(credits::failed)?;
    }
    Ok(())
}
