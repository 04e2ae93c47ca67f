//! What customers are told about their payments.

use rust_decimal::Decimal;

use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::platform::db::{Tx, statement};
use crate::platform::market::Market;
use crate::platform::money::Minor;

statement!(static WHERE: (String, String) = "
    select a.billing_email, case when a.billing_address_line1 = '' then '' else
        concat_ws(', ', nullif(a.billing_name, ''), a.billing_address_line1, nullif(a.billing_address_line2, ''),
            nullif(a.billing_postcode, '')) end
    from accounts a where a.id = $1");

/// Writes to an account's holder, by e-mail where there is an address and else on paper. Says whether there is a way.
pub(super) async fn tell(
    tx: &mut Tx,
    account: i64,
    template: &'static str,
    subject: &str,
    text: &str,
) -> Result<bool, sqlx::Error> {
    let (email, address) = WHERE.query().bind(account).fetch_one(&mut *tx).await?;
    let (channel, to) = if email.is_empty() { (Channel::Letter, &address) } else { (Channel::Email, &email) };
    if to.is_empty() {
        return Ok(false);
    }
    let new = NewMessage { channel, template, account_user: None, to, subject, text, confidential: false };
    messages::send_about(tx, &new, account).await?;
    Ok(true)
}

/// An amount as letters show it.
pub(super) fn money(market: &Market, amount: Minor) -> String {
    format!("{} {}", market.currency.code, Decimal::new(amount.0, market.currency.exponent))
}
