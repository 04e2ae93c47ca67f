//! Brands, copied from the market data files so that accounts can refer to them.

use crate::platform::db::{Tx, statement};
use crate::platform::market;

statement!(static KEEP: () = "
    insert into brands (code, market, name, company_id)
    select $1, $2, $3, id from internal_companies where number = $4
    on conflict (code) do update set name = excluded.name, company_id = excluded.company_id
    where brands.name <> excluded.name or brands.company_id is distinct from excluded.company_id");

/// Brings the table of brands up to the data files. A brand that is no longer in them stays.
pub async fn sync(tx: &mut Tx) -> Result<(), sqlx::Error> {
    for market in market::all() {
        for brand in &market.brands {
            let keep = KEEP.command().bind(&brand.code).bind(&market.code).bind(&brand.name);
            keep.bind(&brand.company).execute(&mut *tx).await?;
        }
    }
    Ok(())
}
