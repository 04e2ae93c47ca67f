//! Paying customers for the electricity that they feed in: on certain days of the year, what they were credited for it
//! since, as far as it is still credit and not owed elsewhere.
//!
//! Nobody approves these repayments, because nobody asked for them; they can be held back like any other.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::json;

use super::instructions::{self, DIRECT_DEBIT};
use super::payouts::{self, OwnAccord};
use super::refunds;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::ledgers::dunning::today;
use crate::domain::ledgers::journal;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market;
use crate::platform::recurrence::{Frequency, Recurrence, YearDay};

const TURN: TimeDelta = TimeDelta::hours(1);
/// How many ledgers are found in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 10_000;
const JOB: &str = "export-repayment";
/// How far back the last day is looked for: longer than any rhythm.
const LOOK_BACK: Days = Days::new(400);
/// The way in which the money goes.
const METHOD: &str = "BANK_TRANSFER";

row! {
    struct Terms {
        ledger_id: i64,
        account_id: i64,
        market: String,
        every_months: i32,
        day_of_month: i32,
        minimum: i64,
        exports: bool,
        is_promised: bool,
        exported: i64,
        last_on: Option<NaiveDate>,
    }
}

impl Terms {
    fn recurrence(&self) -> Recurrence {
        let day = u32::try_from(self.day_of_month).unwrap_or(1);
        let multiplier = u32::try_from(self.every_months).unwrap_or(12);
        Recurrence { frequency: Frequency::Monthly, multiplier, start: YearDay { day, month: 1 } }
    }

    /// The first day for repayments that is not before `day`.
    fn next(&self, day: NaiveDate) -> Option<NaiveDate> {
        // Years divide into these rhythms, so it makes no difference in which one they are counted from.
        self.recurrence().next(day.checked_sub_days(LOOK_BACK)?, day)
    }

    /// The last day for repayments that is not after `day`.
    fn last(&self, day: NaiveDate) -> Option<NaiveDate> {
        let mut last = self.next(day.checked_sub_days(LOOK_BACK)?)?;
        while let Some(next) = last.succ_opt().and_then(|after| self.next(after)).filter(|next| *next <= day)
        {
            last = next;
        }
        (last <= day).then_some(last)
    }
}

macro_rules! terms {
    () => {
        "select l.id as ledger_id, a.id as account_id, a.market, t.every_months, t.day_of_month, t.minimum, \
         exists (select 1 from transactions x where x.ledger_id = l.id and x.is_export and not x.is_reversed \
             and x.posted_date > today.day - 400) as exports, \
         exists (select 1 from credit_transfer_permissions p where p.source_ledger_id = l.id and p.valid_to is null) \
             as is_promised, \
         coalesce((select sum(-x.amount) from transactions x where x.ledger_id = l.id and x.is_export \
             and x.created_at > coalesce((select max(r.created_at) from export_repayments e \
                 join account_repayments r on r.id = e.repayment_id \
                 where e.ledger_id = l.id and r.status not in ('FAILED', 'WITHDRAWN')), '-infinity')), 0)::bigint \
             as exported, \
         (select max(r.payment_date) from export_repayments e join account_repayments r on r.id = e.repayment_id \
             where e.ledger_id = l.id and r.status in ('SUBMITTED', 'PAID')) as last_on \
         from accounts a join unnest($1::text[], $2::date[]) as today (market, day) on today.market = a.market \
         join export_repayment_terms t on t.market = a.market \
         join ledgers l on l.account_id = a.id and l.ledger_type = t.ledger_type "
    };
}

/// How and when an account is paid for what it feeds in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Number of the account.
    pub account_number: String,
    /// The next day, if it is paid.
    pub next_on: Option<NaiveDate>,
    /// The last day on which money went out.
    pub last_on: Option<NaiveDate>,
    /// By which way, if it is paid.
    pub method: Option<&'static str>,
}

statement!(static SEEN: (i64,) = concat!("select a.id from accounts a where a.number = $3 and ", account_is_visible!()));
statement!(static OF_ACCOUNT: Terms = concat!(terms!(), "where a.id = $3"));
statement!(static OF_LEDGER: Terms = concat!(terms!(), "where l.id = $3"));

/// How and when an account is paid for what it feeds in; none if the viewer does not see it.
pub async fn details(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
) -> Result<Option<Details>, sqlx::Error> {
    let seen = SEEN.seen_by(viewer).bind(account_number);
    let Some((account,)) = seen.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let (markets, days): (Vec<String>, Vec<NaiveDate>) = today(tx).await?;
    let terms = OF_ACCOUNT.query().bind(markets).bind(days).bind(account).fetch_optional(&mut *tx).await?;
    let now: DateTime<Utc> = tx.business_now().await?;
    let mut details =
        Details { account_number: account_number.to_owned(), next_on: None, last_on: None, method: None };
    let Some(terms) = terms else { return Ok(Some(details)) };
    details.last_on = terms.last_on;
    if destination(tx, &terms, now).await?.is_some() {
        let today = market::by_code(&terms.market).map_or(now.date_naive(), |market| market.day(now));
        let tomorrow = today.succ_opt().unwrap_or(today);
        details.next_on = terms.next(tomorrow);
        details.method = Some(METHOD);
    }
    Ok(Some(details))
}

/// The bank account that is paid to; none if the account is not paid.
async fn destination(tx: &mut Tx, terms: &Terms, now: DateTime<Utc>) -> Result<Option<i64>, sqlx::Error> {
    if !terms.exports || terms.is_promised {
        return Ok(None);
    }
    let ledger = Some(terms.ledger_id);
    let account = instructions::usable(tx, terms.account_id, ledger, now, Some(DIRECT_DEBIT)).await?;
    Ok(account.map(|account| account.id))
}

/// Has this runner pay for what was fed in.
pub fn register(runner: &mut Runner) {
    runner.every(TURN, "upkeep-export-repayments", |tx, _| Box::pin(async move { Ok(queue(tx).await?) }));
    runner.on(JOB, |tx, payload| {
        Box::pin(async move { pay(tx, payload["ledger"].as_i64().ok_or(JobError::Payload)?).await })
    });
}

// In the months of the rhythm, from the day on: those that exported anything lately and have not been looked at.
statement!(static WANTED: (i64, NaiveDate) = "
    select l.id, today.day
    from accounts a join unnest($1::text[], $2::date[]) as today (market, day) on today.market = a.market
        join export_repayment_terms t on t.market = a.market
        join ledgers l on l.account_id = a.id and l.ledger_type = t.ledger_type
    where extract(day from today.day) >= t.day_of_month
        and (extract(month from today.day)::integer - 1) % t.every_months = 0
        and not exists (select 1 from export_repayments e where e.ledger_id = l.id
            and e.due_on >= date_trunc('month', today.day)::date)
        and exists (select 1 from transactions x where x.ledger_id = l.id and x.is_export
            and x.posted_date > today.day - 400)
    order by l.id limit $3");

async fn queue(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (markets, days): (Vec<String>, Vec<NaiveDate>) = today(tx).await?;
    let wanted = WANTED.query().bind(markets).bind(days).bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let jobs: Vec<_> = wanted
        .into_iter()
        .map(|(ledger, day)| (format!("{ledger}:{day}"), json!({ "ledger": ledger })))
        .collect();
    let at_once = tx.wall_now();
    jobs::enqueue_once(tx, JOB, &jobs, at_once).await
}

statement!(static DONE: (bool,) = "
    select exists (select 1 from export_repayments where ledger_id = $1 and due_on = $2)");
statement!(static NOTE: () = "
    insert into export_repayments (ledger_id, due_on, repayment_id) values ($1, $2, $3)");
/// Pays what a ledger was credited for, unless that was done for the last day.
async fn pay(tx: &mut Tx, ledger: i64) -> Result<(), JobError> {
    let (markets, days): (Vec<String>, Vec<NaiveDate>) = today(tx).await?;
    let query = || OF_LEDGER.query().bind(&markets).bind(&days).bind(ledger);
    let Some(terms) = query().fetch_optional(&mut *tx).await? else { return Ok(()) };
    let market = market::by_code(&terms.market).ok_or_else(|| JobError::Other("an unknown market".into()))?;
    journal::hold(tx, &[ledger], &market.currency.code).await?;
    // Held from here on, the sums are those that count.
    let Some(terms) = query().fetch_optional(&mut *tx).await? else { return Ok(()) };
    let now: DateTime<Utc> = tx.business_now().await?;
    let Some(due) = terms.last(market.day(now)) else { return Ok(()) };
    if DONE.query().bind(ledger).bind(due).fetch_one(&mut *tx).await?.0 {
        return Ok(());
    }
    let means = refunds::of_ledger(tx, &Viewer::server(), ledger).await?;
    let credit = means.map_or(0, |means| means.credit());
    let amount = credit.min(terms.exported);
    let mut made = None;
    if amount >= terms.minimum
        && let Some(instruction) = destination(tx, &terms, now).await?
    {
        let new =
            OwnAccord { account: terms.account_id, ledger, instruction, amount, today: market.day(now) };
        made = Some(payouts::of_own_accord(tx, &new).await?);
    }
    NOTE.command().bind(ledger).bind(due).bind(made).execute(&mut *tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(every_months: i32) -> Terms {
        Terms {
            ledger_id: 1,
            account_id: 1,
            market: "au".to_owned(),
            every_months,
            day_of_month: 15,
            minimum: 1,
            exports: true,
            is_promised: false,
            exported: 0,
            last_on: None,
        }
    }

    #[test]
    fn days_come_round_from_january() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let quarterly = terms(3);
        assert_eq!(quarterly.next(day("2026-03-02")), Some(day("2026-04-15")));
        assert_eq!(quarterly.next(day("2026-04-15")), Some(day("2026-04-15")));
        assert_eq!(quarterly.last(day("2026-03-02")), Some(day("2026-01-15")));
        assert_eq!(quarterly.last(day("2026-04-15")), Some(day("2026-04-15")));
        assert_eq!(terms(12).last(day("2026-01-14")), Some(day("2025-01-15")));
        assert_eq!(terms(12).next(day("2026-01-16")), Some(day("2027-01-15")));
    }
}
