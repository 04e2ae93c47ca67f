//! What an account's rhythm of billing looks like as options: how long its periods are, and the one that runs.

use chrono::{DateTime, NaiveDate, Utc};

use super::rhythms::next_bill;
use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::ledgers::billing_triggers::{self, Configuration, Target};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market::{self, BillingOperation, BillingTarget, Market};
use crate::platform::recurrence::Frequency;

/// More periods than anybody leaves unbilled.
const MOST_PERIODS: usize = 600;

row! {
    struct Standing {
        account_id: i64,
        market: String,
        opened_on: NaiveDate,
        /// The end of the last closed bill, exclusive; none before the first.
        billed_to: Option<NaiveDate>,
    }
}

/// When an account is billed.
#[derive(Clone, Debug)]
pub struct Options {
    market: &'static Market,
    unbilled_from: NaiveDate,
    line: Vec<Configuration>,
}

impl Options {
    /// What issues its bills at a moment; none for an account that is billed from bill to bill.
    pub fn issuing(&self, now: DateTime<Utc>) -> Option<&BillingOperation> {
        self.line.iter().find(|each| each.holds_at(now)).and_then(|each| each.issuing().next())
    }

    /// The period that runs at a moment: its first day, and the day after its last, which nothing tells for an account
    /// that is billed from bill to bill.
    pub fn current(&self, now: DateTime<Utc>) -> (NaiveDate, Option<NaiveDate>) {
        let today = self.market.day(now);
        let mut from = self.unbilled_from;
        for _ in 0..MOST_PERIODS {
            match next_bill(&self.line, from).map(|(end, _)| end) {
                Some(end) if end <= today => from = end,
                end => return (from, end),
            }
        }
        (from, None)
    }
}

/// How long the periods of an operation are, in the greatest unit that bills are counted in, `QUARTERLY` or `MONTHLY`,
/// and how many of them. Periods of days have none.
pub fn length(operation: &BillingOperation) -> Option<(&'static str, i64)> {
    let months = match operation.frequency {
        Frequency::Daily => return None,
        Frequency::Monthly => i64::from(operation.multiplier),
        Frequency::Annually => i64::from(operation.multiplier) * 12,
    };
    Some(if months % 3 == 0 { ("QUARTERLY", months / 3) } else { ("MONTHLY", months) })
}

statement!(static STANDING: Standing = concat!("
    select a.id as account_id, a.market, (a.created_at at time zone f.time_zone)::date as opened_on, (
        select max(d.to_date) from ledgers l join billing_documents d on d.ledger_id = l.id
        where l.account_id = a.id and d.status <> 'OPEN' and d.kind <> 'credit_note'
    ) as billed_to
    from accounts a join billing_defaults f on f.brand = a.brand
    where a.id = any($3::bigint[]) and ", account_is_visible!()));

/// The options of each of these accounts that the viewer may see, in order.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Option<Options>>, sqlx::Error> {
    let query = STANDING.seen_by(viewer).bind(accounts);
    let standing = in_order(accounts, query.fetch_all(&mut *tx).await?, |each| each.account_id);
    let target = |id: &i64| Target { kind: BillingTarget::Account, id: *id };
    let targets: Vec<Target> = accounts.iter().map(target).collect();
    let lines = billing_triggers::of_targets(tx, &targets).await?;
    let options = standing.into_iter().zip(lines).map(|(standing, line)| {
        let standing = standing?;
        let unbilled_from = standing.billed_to.unwrap_or(standing.opened_on);
        Some(Options { market: market::by_code(&standing.market)?, unbilled_from, line })
    });
    Ok(options.collect())
}

statement!(static KEEP: () = "
    insert into billing_defaults (brand, time_zone, is_period_based, terms_days) values ($1, $2, $3, $4)
    on conflict (brand) do update set time_zone = excluded.time_zone,
        is_period_based = excluded.is_period_based, terms_days = excluded.terms_days");

/// Brings what the brands' bills are like up to the data files.
pub async fn sync(tx: &mut Tx) -> Result<(), sqlx::Error> {
    for market in market::all() {
        for brand in &market.brands {
            let keep = KEEP.command().bind(&brand.code).bind(market.time_zone().name());
            let keep = keep.bind(brand.billing.is_period_based).bind(brand.billing.terms_days);
            keep.execute(&mut *tx).await?;
        }
    }
    Ok(())
}
