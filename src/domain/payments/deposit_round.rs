//! Deposits over time: one is fulfilled once it lies on its ledger, given back in parts, and called for again if its payment
//! is taken back.
//!
//! Whether a deposit is there is read from its ledger's balance, by whatever way the money came. Parts that are due go to
//! the account's main ledger; while a debt is dunned or collected they are put off month by month. When supply has ended,
//! all of it goes at once, whatever is owed: that is what it was for.

use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use serde_json::json;

use super::deposits::is_in_arrears;
use crate::domain::ledgers::dunning::today;
use crate::domain::ledgers::transfers::{self, TransferError};
use crate::domain::ledgers::{journal, open};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market::{self, LedgerKind, Market};
use crate::platform::money::Minor;
use crate::platform::random::Randomness;

/// The type of the ledgers that hold deposits.
pub const LEDGER_TYPE: &str = "SECURITY_DEPOSIT_LEDGER";

const TURN: TimeDelta = TimeDelta::minutes(10);
/// How many are looked at in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 1000;
const JOB: &str = "deposit-agreement";

statement!(static LEDGER: (i64,) = "
    select id from ledgers where account_id = $1 and ledger_type = 'SECURITY_DEPOSIT_LEDGER'");

/// The ledger that holds an account's deposits; it is opened if there is none.
pub(super) async fn ledger(
    tx: &mut Tx,
    random: &Randomness,
    account: i64,
    market: &Market,
) -> Result<i64, sqlx::Error> {
    if let Some((id,)) = LEDGER.query().bind(account).fetch_optional(&mut *tx).await? {
        return Ok(id);
    }
    let kind = LedgerKind {
        ledger_type: LEDGER_TYPE.to_owned(),
        name: "Security deposit".to_owned(),
        is_main: false,
        affects_account_balance: false,
        accepts_payments: true,
        supports_statements: false,
        supports_invoices: false,
        stores_credit: false,
        opened_with_account: false,
    };
    open::customer_ledger(tx, random, account, market, &kind).await
}

/// Has this runner look after deposits.
pub fn register(runner: &mut Runner) {
    runner.every(TURN, "upkeep-deposits", |tx, _| Box::pin(async move { Ok(queue(tx).await?) }));
    runner.on(JOB, |tx, payload| {
        Box::pin(async move { step(tx, payload["agreement"].as_i64().ok_or(JobError::Payload)?).await })
    });
}

// What lies on the ledger beyond what is held for other agreements: enough for one that waits, too little for one that
// does not, or a part is due.
statement!(static WANTED: (i64,) = "
    select d.id from deposit_agreements d join accounts a on a.id = d.account_id
        join unnest($1::text[], $2::date[]) as today (market, day) on today.market = a.market
        join ledgers l on l.account_id = a.id and l.holds_deposits
        join ledger_balances b on b.ledger_account_id = l.id
        cross join lateral (
            select coalesce(sum(r.amount), 0) as held from deposit_returns r
                join deposit_agreements o on o.id = r.agreement_id
            where o.account_id = a.id and r.status = 'PENDING'
        ) pending
    where (d.accepted_at is not null and d.fulfilled_at is null and b.balance - pending.held >= d.amount)
        or (d.fulfilled_at is not null and exists (
            select 1 from deposit_returns r where r.agreement_id = d.id and r.status = 'PENDING'
                and (r.due_date <= today.day or b.balance < pending.held or a.status = 'DORMANT')))
    order by d.id limit $3");

async fn queue(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (markets, days): (Vec<String>, Vec<NaiveDate>) = today(tx).await?;
    let wall = tx.wall_now();
    let wanted = WANTED.query().bind(markets).bind(days).bind(IN_ONE_TURN);
    for (id,) in wanted.fetch_all(&mut *tx).await? {
        jobs::enqueue(tx, JOB, &json!({ "agreement": id }), wall).await?;
    }
    Ok(())
}

row! {
    struct Held {
        id: i64,
        account_id: i64,
        market: String,
        deposit_key: String,
        amount: i64,
        held_months: i32,
        parts: i32,
        is_fulfilled: bool,
        is_over: bool,
        is_in_arrears: bool,
        ledger_id: i64,
        main_ledger_id: i64,
    }
}

statement!(static HOLD: Held = concat!("
    select d.id, a.id as account_id, a.market, d.deposit_key, d.amount, d.held_months, d.parts,
        d.fulfilled_at is not null as is_fulfilled, a.status = 'DORMANT' as is_over, ", is_in_arrears!(), "
        as is_in_arrears, l.id as ledger_id, m.id as main_ledger_id
    from deposit_agreements d join accounts a on a.id = d.account_id
        join ledgers l on l.account_id = a.id and l.holds_deposits join ledgers m on m.account_id = a.id and m.is_main
    where d.id = $1 and d.accepted_at is not null for update of d"));
statement!(static PENDING: (i64,) = "
    select coalesce(sum(r.amount), 0)::bigint from deposit_returns r join deposit_agreements d on d.id = r.agreement_id
    where d.account_id = $1 and r.status = 'PENDING'");

/// Takes an agreement on by whatever is due of it.
async fn step(tx: &mut Tx, id: i64) -> Result<(), JobError> {
    let Some(held) = HOLD.query().bind(id).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let market = market::by_code(&held.market).ok_or_else(|| JobError::Other("an unknown market".into()))?;
    let ends = [held.ledger_id, held.main_ledger_id];
    let balances = journal::hold(tx, &ends, &market.currency.code).await?;
    let balance = balances.get(&held.ledger_id).copied().unwrap_or_default().0;
    let (pending,) = PENDING.query().bind(held.account_id).fetch_one(&mut *tx).await?;
    let now: DateTime<Utc> = tx.business_now().await?;
    if !held.is_fulfilled {
        if balance - pending >= held.amount {
            fulfil(tx, &held, now, market.day(now)).await?;
        }
    } else if balance < pending {
        call_again(tx, held.account_id).await?;
    } else {
        give_back(tx, &held, market, now).await?;
    }
    Ok(())
}

statement!(static FULFIL: () = "update deposit_agreements set fulfilled_at = $2 where id = $1");
statement!(static PLAN: () = "
    insert into deposit_returns (agreement_id, part, due_date, amount) values ($1, $2, $3, $4)");

async fn fulfil(tx: &mut Tx, held: &Held, now: DateTime<Utc>, today: NaiveDate) -> Result<(), sqlx::Error> {
    FULFIL.command().bind(held.id).bind(now).execute(&mut *tx).await?;
    for (part, amount) in (1_i32..).zip(parts(held.amount, held.parts)) {
        let months = u32::try_from(held.held_months + part - 1).unwrap_or(0);
        let due = today.checked_add_months(Months::new(months)).unwrap_or(today);
        PLAN.command().bind(held.id).bind(part).bind(due).bind(amount).execute(&mut *tx).await?;
    }
    Ok(())
}

/// An amount in so many parts that differ as little as can be, the larger ones first; none of nothing.
fn parts(amount: i64, count: i32) -> Vec<i64> {
    let count = i64::from(count.max(1));
    let each = |part: i64| amount / count + i64::from(part < amount % count);
    (0..count).map(each).filter(|part| *part > 0).collect()
}

// Whoever was the last to be fulfilled is the first to lack the money.
statement!(static LAST: (i64,) = "
    select d.id from deposit_agreements d where d.account_id = $1 and d.fulfilled_at is not null
        and exists (select 1 from deposit_returns r where r.agreement_id = d.id and r.status = 'PENDING')
    order by d.fulfilled_at desc, d.id desc limit 1");
statement!(static UNPLAN: () = "delete from deposit_returns where agreement_id = $1 and status = 'PENDING'");
statement!(static UNFULFIL: () = "
    update deposit_agreements set fulfilled_at = null where id = $1
        and not exists (select 1 from deposit_returns r where r.agreement_id = $1)");

/// The payment was taken back, so the deposit is to be paid again, unless some of it has been given back: then nothing
/// more of it is.
async fn call_again(tx: &mut Tx, account: i64) -> Result<(), sqlx::Error> {
    let Some((last,)) = LAST.query().bind(account).fetch_optional(&mut *tx).await? else { return Ok(()) };
    UNPLAN.command().bind(last).execute(&mut *tx).await?;
    UNFULFIL.command().bind(last).execute(&mut *tx).await?;
    Ok(())
}

statement!(static DUE: (i64, i64) = "
    select id, amount from deposit_returns
    where agreement_id = $1 and status = 'PENDING' and (due_date <= $2 or $3) order by part");
statement!(static PUT_OFF: () = "update deposit_returns set due_date = $2 where id = $1");
statement!(static RETURNED: () = "
    update deposit_returns set status = 'RETURNED', returned_at = $2, due_date = least(due_date, $3) where id = $1");

async fn give_back(tx: &mut Tx, held: &Held, market: &Market, now: DateTime<Utc>) -> Result<(), JobError> {
    let today = market.day(now);
    let due = DUE.query().bind(held.id).bind(today).bind(held.is_over).fetch_all(&mut *tx).await?;
    for (part, amount) in due {
        if held.is_in_arrears && !held.is_over {
            let later = today.checked_add_months(Months::new(1)).unwrap_or(today);
            PUT_OFF.command().bind(part).bind(later).execute(&mut *tx).await?;
            continue;
        }
        let note = format!("Return of the deposit {}.", held.deposit_key);
        let ends = [held.ledger_id, held.main_ledger_id];
        let carried = transfers::carry(tx, market, ends, Minor(amount), &note).await;
        carried.map_err(|error| match error {
            TransferError::Database(error) => JobError::Database(error),
            other => JobError::Other(other.to_string()),
        })?;
        RETURNED.command().bind(part).bind(now).bind(today).execute(&mut *tx).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn parts_add_up() {
        assert_eq!(parts(100, 3), [34, 33, 33]);
        assert_eq!(parts(100, 1), [100]);
        assert_eq!(parts(1, 2), [1]);
    }
}
