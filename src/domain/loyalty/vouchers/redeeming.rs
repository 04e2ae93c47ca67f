//! Redeeming vouchers: what is redeemed is credited to the account's main ledger.

use super::buying::REASON;
use super::{Redemption, VoucherError, by_id, owned, today};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::Viewer;
use crate::domain::ledgers::ledgers;
use crate::domain::ledgers::prepaid::{self, Called};
use crate::platform::db::{Tx, statement};
use crate::platform::market;
use crate::platform::money::Minor;

statement!(static HOLD: (i64,) = "
    select redeemed from voucher_purchases where id = $1 and account_id = $2 for no key update");
statement!(static TAKE: () = "update voucher_purchases set redeemed = redeemed + $2 where id = $1");
statement!(static KEEP: Redemption = "
    insert into voucher_redemptions (purchase_id, transaction_id, amount, paid, claimed_at, by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6, $7) returning id, purchase_id, transaction_id, claimed_at");

/// Redeems so much of a voucher, in minor units, or all that is left. Whoever holds the voucher's row redeems, so that two at
/// once never take more than is there.
///
/// # Errors
/// See [`VoucherError`].
pub async fn redeem(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    voucher: i64,
    amount: Option<i64>,
) -> Result<Redemption, VoucherError> {
    let (account, market) = owned(tx, viewer, number).await?;
    let market = market::by_code(&market).ok_or(VoucherError::NoAccount)?;
    let held = HOLD.query().bind(voucher).bind(account).fetch_optional(&mut *tx).await?;
    let (redeemed,) = held.ok_or(VoucherError::Unknown)?;
    let held = by_id(tx, voucher).await?;
    if held.refunded_at.is_some() {
        return Err(VoucherError::Refused("The voucher has been given back."));
    }
    if held.available_from > today(tx, &held.market).await? {
        return Err(VoucherError::Refused("The voucher is for a later day."));
    }
    if held.balance == 0 {
        return Err(VoucherError::Refused("The voucher has been redeemed."));
    }
    let amount = Minor::positive_entry(amount.unwrap_or(held.balance))?;
    if amount.0 > held.balance {
        return Err(VoucherError::Refused("There is less left on the voucher."));
    }
    let paid =
        paid_for(held.price, held.value, redeemed + amount.0) - paid_for(held.price, held.value, redeemed);
    let main = ledgers::target(tx, account, None).await?.ok_or(VoucherError::NoAccount)?.ledger_id;
    let called = Called { title: &held.display_name, reason: REASON };
    let credit = prepaid::credit(tx, market, main, (amount, Minor(paid)), called).await?;
    TAKE.command().bind(voucher).bind(amount.0).execute(&mut *tx).await?;
    let now = tx.business_now().await?;
    let (by, by_id_of) = hand(viewer);
    let keep = KEEP.query().bind(voucher).bind(credit).bind(amount.0).bind(paid).bind(now);
    Ok(keep.bind(by).bind(by_id_of).fetch_one(&mut *tx).await?)
}

/// How much of the price the first so many minor units of a voucher's value stand for. Over a whole voucher it is the price,
/// however it was redeemed.
fn paid_for(price: i64, value: i64, redeemed: i64) -> i64 {
    let paid = i128::from(price) * i128::from(redeemed) / i128::from(value.max(1));
    i64::try_from(paid).unwrap_or(price)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_part_is_paid_for_and_all_of_them_together(
            price in 1_i64..=i64::from(i32::MAX),
            more in 0_i64..1_000_000,
            cuts in prop::collection::vec(0.0..1.0_f64, 0..6),
        ) {
            let value = price + more;
            let mut steps: Vec<i64> = cuts.iter().map(|cut| (*cut * value as f64) as i64).collect();
            steps.extend([0, value]);
            steps.sort_unstable();
            let mut sum = 0;
            for pair in steps.windows(2) {
                let part = paid_for(price, value, pair[1]) - paid_for(price, value, pair[0]);
                prop_assert!((0..=pair[1] - pair[0]).contains(&part), "{part} of {pair:?}");
                sum += part;
            }
            prop_assert_eq!(sum, price);
        }
    }
}
