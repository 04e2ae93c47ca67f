//! Brands, copied from the market data files so that accounts can refer to them.

use crate::platform::db::{Tx, statement};
use crate::platform::market;

statement!(static KEEP: () = "
    insert into brands (code, market, name) values ($1, $2, $3)
    on conflict (code) do update set name = excluded.name where brands.name <> excluded.name");

/// Brings the table of brands up to the data files. A brand that is no longer in them stays.
pub async fn sync(tx: &mut Tx) -> Result<(), sqlx::Error> {
    for market in market::all() {
        for brand in &market.brands {
            let keep = KEEP.command().bind(&brand.code).bind(&market.code).bind(&brand.name);
            keep.execute(&mut *tx).await?;
        }
    }
    Ok(())
}
