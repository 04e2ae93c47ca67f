//! Opening customers' ledgers.

use crate::platform::db::{Tx, statement};
use crate::platform::ids;
use crate::platform::market::{LedgerKind, Market};
use crate::platform::random::Randomness;

statement!(static STAND: (i64,) = "
    with opened as (
        insert into ledger_accounts (owner, market, currency, created_at) values ('customer', $1, $2, $3) returning id
    ), balance as (
        insert into ledger_balances (ledger_account_id) select id from opened
    )
    select id from opened");
statement!(static NAME: (i64,) = "
    insert into ledgers (id, account_id, number, name, ledger_type, is_main, affects_account_balance,
        accepts_payments, supports_statements, supports_invoices, created_at, stores_credit)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    on conflict on constraint ledgers_number_key do nothing returning id");

/// Opens a ledger of this kind for an account. Answers its id. A second one of a kind is refused by
/// `ledgers_type_key`.
pub async fn customer_ledger(
    tx: &mut Tx,
    random: &Randomness,
    account: i64,
    market: &Market,
    kind: &LedgerKind,
) -> Result<i64, sqlx::Error> {
    let now = tx.business_now().await?;
    let stand = STAND.query().bind(&market.code).bind(&market.currency.code).bind(now);
    let (id,) = stand.fetch_one(&mut *tx).await?;
    for number in ids::candidates(|| ids::ledger_number(random)) {
        let name = NAME.query().bind(id).bind(account).bind(number).bind(&kind.name).bind(&kind.ledger_type);
        let name = name.bind(kind.is_main).bind(kind.affects_account_balance).bind(kind.accepts_payments);
        let name = name.bind(kind.supports_statements).bind(kind.supports_invoices).bind(now);
        let name = name.bind(kind.stores_credit);
        if name.fetch_optional(&mut *tx).await?.is_some() {
            return Ok(id);
        }
    }
    Err(sqlx::Error::RowNotFound)
}
