//! What prepayment meters use up: what ran through them since they are paid for ahead, priced as everything is.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::meters::Meter;
use crate::domain::auth::viewer::Viewer;
use crate::domain::ledgers::journal;
use crate::domain::ledgers::transfers::{self, TransferError};
use crate::domain::supply::agreed::{self, Agreement};
use crate::domain::supply::costs::{self, Ask};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market::Market;
use crate::platform::money::Minor;

/// The note of what pays for energy.
const NOTE: &str = "Energy that was paid ahead for.";

/// What an account used at a point between two moments and what its days cost, with tax, in minor units, not rounded, as far as
/// that is known.
async fn spent(
    tx: &mut Tx,
    market: &Market,
    (account, point): (i64, i64),
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Decimal, sqlx::Error> {
    let agreements = agreed::of_points::<Agreement>(tx, &Viewer::server(), &[point]).await?;
    let holds = |agreement: &&Agreement| {
        agreement.account_id == account
            && agreement.valid_from < to
            && agreement.valid_to.is_none_or(|end| end > from)
    };
    let agreements: Vec<&Agreement> = agreements.iter().flatten().filter(holds).collect();
    let mut sum = Decimal::ZERO;
    for of_days in [false, true] {
        let ask = Ask { from, to, grouping: None, zone: market.time_zone(), of_days };
        let costs = costs::of_agreements(tx, &agreements, &ask).await?;
        sum += costs.iter().flatten().map(|cost| cost.gross).sum::<Decimal>();
    }
    Ok(sum)
}

fn rounded(amount: Decimal) -> i64 {
    amount.round().to_i64().unwrap_or(i64::MAX)
}

statement!(static PUT_ON: (i64,) = "
    select coalesce(sum(amount), 0)::bigint from meter_credits
    where prepay_meter_id = $1 and status not in ('REFUSED', 'CANCELLED')");

/// What is on a meter and on its way there, in minor units, less what ran through it as far as that is known.
pub(super) async fn balance(tx: &mut Tx, meter: &Meter) -> Result<i64, sqlx::Error> {
    let (put_on,) = PUT_ON.query().bind(meter.id).fetch_one(&mut *tx).await?;
    let now = tx.business_now().await?;
    let whose = (meter.account_id, meter.supply_point_id);
    let spent = spent(tx, meter.market()?, whose, (meter.since, now)).await?;
    Ok(put_on.saturating_sub(rounded(spent)))
}

row! {
    struct Charged {
        amount: i64,
        first: Option<NaiveDate>,
        last: Option<NaiveDate>,
        is_correction: bool,
        account_id: i64,
        supply_point_id: i64,
        ledger_id: i64,
        since: DateTime<Utc>,
    }
}

statement!(static CHARGED: Charged = "
    select distinct on (t.id) t.amount, lower(c.days) as first, upper(c.days) as last,
        c.corrects_id is not null as is_correction, g.account_id, g.supply_point_id, p.ledger_id, p.since
    from supply_charges c join transactions t on t.id = c.transaction_id join agreements g on g.id = c.agreement_id
        join meters m on m.supply_point_id = g.supply_point_id join smart_meter_devices d on d.meter_id = m.id
        join prepay_meters p on p.device_id = d.id and p.account_id = g.account_id and p.ended_at is null
    where c.transaction_id = any($1::bigint[]) and t.amount <> 0
    order by t.id, p.id desc");

/// Has the credit on prepayment meters pay for what these transactions charge on a ledger, as far as it reaches. What is charged
/// less by a correction goes back to it. Answers the transactions on the ledger. The caller holds it.
///
/// # Errors
/// Those of the database.
pub async fn settle(
    tx: &mut Tx,
    market: &Market,
    ledger: i64,
    charged: &[i64],
) -> Result<Vec<i64>, sqlx::Error> {
    if charged.is_empty() {
        return Ok(Vec::new());
    }
    // A charge and corrections of earlier ones are settled together.
    let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
    for each in CHARGED.query().bind(charged).fetch_all(&mut *tx).await? {
        *sums.entry(each.ledger_id).or_default() += paid_ahead(tx, market, &each).await?;
    }
    let mut made = Vec::new();
    for (meters, sum) in sums {
        let ends = if sum > 0 { [meters, ledger] } else { [ledger, meters] };
        let held = journal::hold(tx, &ends, &market.currency.code).await?;
        let amount = sum.saturating_abs().min(held.get(&ends[0]).copied().unwrap_or_default().0);
        if amount > 0 {
            let carried = transfers::carry(tx, market, ends, Minor(amount), NOTE).await;
            let [charge, credit] = carried.map_err(|error| match error {
                TransferError::Database(error) => error,
                other => sqlx::Error::Protocol(other.to_string()),
            })?;
            made.push(if sum > 0 { credit } else { charge });
        }
    }
    Ok(made)
}

/// How much of a charge is for what ran through a meter since it is paid for ahead.
async fn paid_ahead(tx: &mut Tx, market: &Market, charged: &Charged) -> Result<i64, sqlx::Error> {
    let (Some(first), Some(last)) = (charged.first, charged.last) else { return Ok(0) };
    let (from, to) = (market.start_of(first), market.start_of(last));
    if from >= charged.since {
        return Ok(charged.amount);
    }
    if to <= charged.since || charged.is_correction {
        return Ok(0);
    }
    let whose = (charged.account_id, charged.supply_point_id);
    let part = spent(tx, market, whose, (charged.since, to)).await?;
    Ok(rounded(part).clamp(0, charged.amount.max(0)))
}
