//! Payments that are expected: those under way, and those that schedules will lead to.

use std::collections::HashMap;

use chrono::{NaiveDate, TimeDelta};

use super::schedules::{self, Schedule};
use super::settled;
use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::ledgers::dunning::today;
use crate::platform::calendar;
use crate::platform::db::{Tx, row, statement};
use crate::platform::money::Minor;

/// Nothing is foretold beyond so many days.
const FARTHEST: TimeDelta = TimeDelta::days(366 * 2);
/// How far it is foretold where no end is named.
const USUAL: TimeDelta = TimeDelta::days(365);
/// How many payments of one schedule are foretold at most.
const MOST: usize = 200;

/// Which expected payments are wanted.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// Up to this day, that one included; for a year if none is named.
    pub to: Option<NaiveDate>,
    /// Only those to the ledger of this number.
    pub ledger_number: Option<String>,
    /// Only those to the ledger of this id.
    pub ledger_id: Option<i64>,
}

/// An expected payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its place in the list, from 1.
    pub number: i64,
    /// When.
    pub day: NaiveDate,
    /// In minor units.
    pub amount: Minor,
    /// One of `ScheduleType`.
    pub schedule_type: String,
}

row! {
    struct UnderWay {
        account_id: i64,
        payment_date: NaiveDate,
        amount: Minor,
        schedule_type: String,
    }
}

row! {
    struct Wanted {
        ledger_id: i64,
        today: NaiveDate,
        planned_through: Option<NaiveDate>,
    }
}

statement!(static UNDER_WAY: UnderWay = concat!("
    select p.account_id, p.payment_date, p.amount,
        case p.method when 'CARD' then 'CARD_PAYMENT' else 'DIRECT_DEBIT' end as schedule_type
    from account_payments p join accounts a on a.id = p.account_id join ledgers l on l.id = p.ledger_id
    where p.account_id = any($3::bigint[]) and p.status in ('REQUESTED', 'SCHEDULED', 'PENDING')
        and ($4::text is null or l.number = $4) and ($5::bigint is null or l.id = $5) and ", account_is_visible!()));
statement!(static LEDGERS: Wanted = concat!("
    select l.id as ledger_id, today.day as today, (
        select greatest(max(p.due_on), (select max(o.due_on) from instalment_settlements s
                join instalment_offsets o on o.settlement_id = s.id where s.ledger_id = l.id))
        from account_payments p where p.ledger_id = l.id and p.status <> 'DELETED'
    ) as planned_through
    from ledgers l join accounts a on a.id = l.account_id
        join unnest($6::text[], $7::date[]) as today (market, day) on today.market = a.market
    where a.id = any($3::bigint[]) and ($4::text is null or l.number = $4) and ($5::bigint is null or l.id = $5)
        and ", account_is_visible!()));

/// The payments that are expected of each of these accounts, by their days. What bills will come to, and when a balance will
/// run low, nobody knows.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    span: &Span,
) -> Result<Vec<Vec<Expected>>, sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let query = UNDER_WAY.seen_by(viewer).bind(accounts);
    let query = query.bind(span.ledger_number.as_deref()).bind(span.ledger_id);
    let under_way = query.fetch_all(&mut *tx).await?;
    let query = LEDGERS.seen_by(viewer).bind(accounts);
    let query = query.bind(span.ledger_number.as_deref()).bind(span.ledger_id).bind(markets).bind(days);
    let ledgers = query.fetch_all(&mut *tx).await?;
    let coming = schedules::coming(tx, viewer, accounts).await?;
    let ids: Vec<i64> = ledgers.iter().map(|ledger| ledger.ledger_id).collect();
    let mut left = settled::left(tx, &ids).await?;
    let under_way = grouped(accounts, under_way.into_iter().map(|row| (row.account_id, row)).collect());
    Ok(under_way
        .into_iter()
        .zip(coming)
        .map(|(rows, coming)| expect(rows, &coming, (&ledgers, &mut left), span))
        .collect())
}

/// What is under way, and what schedules will lead to less the credit that is `left` to be set off on each ledger.
fn expect(
    under_way: Vec<UnderWay>,
    coming: &[Schedule],
    (ledgers, left): (&[Wanted], &mut HashMap<i64, i64>),
    span: &Span,
) -> Vec<Expected> {
    let asked = under_way.into_iter().map(|row| Expected {
        number: 0,
        day: row.payment_date,
        amount: row.amount,
        schedule_type: row.schedule_type,
    });
    let mut all: Vec<Expected> = asked.collect();
    for schedule in coming.iter().filter(|schedule| schedule.trigger == "REGULAR") {
        let Some(ledger) = ledgers.iter().find(|ledger| ledger.ledger_id == schedule.ledger_id) else {
            continue;
        };
        let planned = ledger.planned_through.and_then(|day| day.succ_opt());
        let from = planned.map_or(ledger.today, |day| day.max(ledger.today));
        let to = span.to.unwrap_or(ledger.today + USUAL).min(ledger.today + FARTHEST);
        let banks = calendar::of(&schedule.market);
        let moves =
            |day| if schedule.method() == Some("DIRECT_DEBIT") { banks.on_or_after(day) } else { day };
        for due in schedule.dues(from, to, MOST) {
            let whole = schedule.payment_amount.unwrap_or_default().0;
            let left = left.entry(schedule.ledger_id).or_default();
            let set_off = whole.min(*left);
            *left -= set_off;
            if set_off < whole {
                all.push(Expected {
                    number: 0,
                    day: moves(due),
                    amount: Minor(whole - set_off),
                    schedule_type: schedule.schedule_type.clone(),
                });
            }
        }
    }
    all.retain(|expected| span.to.is_none_or(|to| expected.day <= to));
    all.sort_by_key(|expected| expected.day);
    for (number, expected) in (1..).zip(&mut all) {
        expected.number = number;
    }
    all
}
