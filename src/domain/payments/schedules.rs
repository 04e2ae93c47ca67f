//! Payment schedules as clients read them: when and how much a ledger is paid.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};

use crate::domain::accounts::{grouped, in_order};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::ledgers::dunning::today;
use crate::platform::calendar;
use crate::platform::db::{Tx, row, statement};
use crate::platform::money::Minor;
use crate::platform::page::{self, Page, Window};

row! {
    /// When and how much a ledger is paid.
    pub struct Schedule {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// The account.
        pub account_id: i64,
        /// The ledger that is paid.
        pub ledger_id: i64,
        /// Market code.
        pub market: String,
        /// The first day on which it holds.
        pub valid_from: NaiveDate,
        /// The first day on which it no longer does.
        pub valid_to: Option<NaiveDate>,
        /// What makes a payment fall due: `REGULAR`, `BILL`, `BALANCE` or `PLAN`.
        pub trigger: String,
        /// One of `ScheduleType`.
        pub schedule_type: String,
        /// One of `PaymentScheduleReasonOptions`.
        pub reason: String,
        /// `Weekly`, `Monthly` or `Planned`; none where payments do not come round.
        pub frequency: Option<String>,
        /// Weeks or months from one payment to the next.
        pub multiplier: i32,
        /// Day of the month, or of the week from Monday on.
        pub payment_day: Option<i32>,
        /// In minor units; none where each payment is what the bill comes to.
        pub payment_amount: Option<Minor>,
        /// The balance below which it is paid.
        pub balance_below: Option<Minor>,
        /// The debt that it pays off, in minor units.
        pub total_debt_amount: Option<Minor>,
        /// Why nothing is collected meanwhile.
        pub holiday_reason: Option<String>,
        /// What the bill of a year added to the amount, or took off it, in minor units.
        pub adjustment: Option<i64>,
        /// When the next such bill is made.
        pub adjustment_expires_on: Option<NaiveDate>,
    }
}

impl Schedule {
    /// Whether each payment is what the bill comes to.
    pub fn is_variable(&self) -> bool {
        self.trigger == "BILL"
    }

    /// Whether nothing is collected while it holds.
    pub fn is_holiday(&self) -> bool {
        self.holiday_reason.is_some()
    }

    /// The kind of instruction that is charged. None where the customer pays by themselves.
    pub fn method(&self) -> Option<&'static str> {
        method(&self.schedule_type)
    }

    /// The first day that is not before `from` on which a regular payment falls due.
    pub fn next_due(&self, from: NaiveDate) -> Option<NaiveDate> {
        let (from, step) = (from.max(self.valid_from), u32::try_from(self.multiplier).ok()?);
        let day = u32::try_from(self.payment_day?).ok()?;
        let due = match self.frequency.as_deref() {
            Some("Monthly") => calendar::next_in_months(self.first_month(day)?, step, day, from),
            Some("Weekly") => next_in_weeks(self.valid_from, step, day, from),
            _ => None,
        };
        due.filter(|due| !self.is_holiday() && self.valid_to.is_none_or(|end| *due < end))
    }

    /// The month of the first payment, from which longer steps are counted.
    fn first_month(&self, day: u32) -> Option<NaiveDate> {
        calendar::next_in_months(self.valid_from, 1, day, self.valid_from)
    }

    /// The regular payments that fall due from one day up to another, that one included; not more than so many.
    pub fn dues(&self, from: NaiveDate, to: NaiveDate, most: usize) -> Vec<NaiveDate> {
        let next = |day: &NaiveDate| self.next_due(day.succ_opt()?);
        std::iter::successors(self.next_due(from), next).take_while(|due| *due <= to).take(most).collect()
    }
}

/// From which end of the month a payment day is counted, and how people say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentDay {
    /// One of `PaymentDayDirectionType`; none for days of the week.
    pub direction: Option<&'static str>,
    /// In words.
    pub description: String,
}

impl Schedule {
    /// How its payment day is to be read; none where payments do not come round on a day.
    pub fn day_details(&self) -> Option<PaymentDay> {
        let day = self.payment_day?;
        let of_month = |direction, description| Some(PaymentDay { direction: Some(direction), description });
        if self.frequency.as_deref() == Some("Weekly") {
            let weekday = u8::try_from(day - 1).ok().and_then(|day| Weekday::try_from(day).ok())?;
            return Some(PaymentDay { direction: None, description: format!("On {}s", full_name(weekday)) });
        }
        match day {
            31 => of_month("BEFORE_END_OF_MONTH", "On the last day of the month".to_owned()),
            29 | 30 => {
                of_month("OF_MONTH", format!("On day {day} of the month, or its last day if it has none"))
            }
            _ => of_month("OF_MONTH", format!("On day {day} of the month")),
        }
    }
}

fn full_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

row! {
    /// How long after a payment falls due it is collected, at the earliest.
    pub struct Delay {
        market: String,
        method: String,
        /// How long before it the customer is told, in days.
        pub notice_days: i32,
        /// How long before it the vendor has the order, in days.
        pub lead_days: i32,
        /// Whether only days count on which the banks of the market work, so that others become the next one.
        pub on_working_days: bool,
    }
}

statement!(static DELAYS: Delay = "
    select t.market, t.method, t.notice_days, t.lead_days, t.on_working_days
    from collection_terms t join unnest($1::text[], $2::text[]) as wanted (market, method)
        on wanted.market = t.market and wanted.method = t.method
    group by t.market, t.method");

/// By what rule the payments of each of these schedules are collected later than they fall due; none where customers pay by
/// themselves.
pub async fn delays(tx: &mut Tx, schedules: &[&Schedule]) -> Result<Vec<Option<Delay>>, sqlx::Error> {
    let (markets, methods): (Vec<&str>, Vec<&str>) =
        schedules.iter().filter_map(|schedule| Some((schedule.market.as_str(), schedule.method()?))).unzip();
    let found = DELAYS.query().bind(markets).bind(methods).fetch_all(&mut *tx).await?;
    let of = |schedule: &&Schedule| {
        let fits = |delay: &&Delay| {
            delay.market == schedule.market && Some(delay.method.as_str()) == schedule.method()
        };
        found.iter().find(fits).cloned()
    };
    Ok(schedules.iter().map(of).collect())
}

/// The kind of instruction that a kind of schedule charges. None where the customer pays by themselves.
pub fn method(schedule_type: &str) -> Option<&'static str> {
    match schedule_type {
        "DIRECT_DEBIT" => Some("DIRECT_DEBIT"),
        "CARD_PAYMENT" => Some("CARD"),
        _ => None,
    }
}

fn next_in_weeks(start: NaiveDate, step: u32, weekday: u32, from: NaiveDate) -> Option<NaiveDate> {
    let ahead = (i64::from(weekday) - i64::from(start.weekday().number_from_monday())).rem_euclid(7);
    let first = start.checked_add_signed(TimeDelta::days(ahead))?;
    let span = i64::from(step.max(1)) * 7;
    let gone = (from - first).num_days().max(0);
    first.checked_add_signed(TimeDelta::days((gone + span - 1) / span * span))
}

macro_rules! schedule_columns {
    () => {
        "s.id, s.account_id, s.ledger_id, a.market, s.valid_from, s.valid_to, s.trigger, s.schedule_type, s.reason, \
         s.frequency, s.multiplier, s.payment_day, s.payment_amount, s.balance_below, s.total_debt_amount, \
         s.holiday_reason, \
         (select t.new_instalment - t.old_instalment from instalment_settlements t where t.new_schedule_id = s.id) \
             as adjustment, \
         (select t.next_settlement_on from instalment_settlements t where t.new_schedule_id = s.id) \
             as adjustment_expires_on"
    };
}
pub(super) use schedule_columns;

/// Which schedules of an account are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those that hold on this day.
    pub active_on: Option<NaiveDate>,
    /// Only those that hold today, or only those that do not.
    pub active: Option<bool>,
    /// Not those that end before they begin, nor payment holidays.
    pub without_dormant: bool,
    /// Only those of the ledger of this number.
    pub ledger_number: Option<String>,
    /// Only those of the ledger of this id.
    pub ledger_id: Option<i64>,
    /// Only those for this.
    pub reason: Option<String>,
}

macro_rules! wanted {
    () => {
        concat!(
            " from payment_schedules s join ledgers l on l.id = s.ledger_id join accounts a on a.id = s.account_id \
                join unnest($6::text[], $7::date[]) as today (market, day) on today.market = a.market \
              where a.id = parents.id and s.valid_to is distinct from s.valid_from \
                and ($8::date is null or (s.valid_from <= $8 and (s.valid_to is null or s.valid_to > $8))) \
                and ($9::boolean is null \
                    or $9 = (s.valid_from <= today.day and (s.valid_to is null or s.valid_to > today.day))) \
                and not ($10 and s.holiday_reason is not null) \
                and ($11::text is null or l.number = $11) and ($12::bigint is null or l.id = $12) \
                and ($13::text is null or s.reason = $13) and ",
            account_is_visible!()
        )
    };
}

statement!(static PAGE: (i64, i64) = concat!("
    select parents.id, inside.id
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select s.id, s.valid_from", wanted!(), "
        order by s.valid_from desc, s.id desc offset parents.skip limit parents.take
    ) inside order by parents.id, inside.valid_from desc, inside.id desc"));
statement!(static COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*)", wanted!(), ")
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents"));
statement!(static BY_ID: Schedule = concat!("
    select ", schedule_columns!(), " from payment_schedules s join accounts a on a.id = s.account_id
    where s.id = any($3::bigint[]) and ", account_is_visible!()));

/// The schedules with these ids that the viewer may see, in order.
pub async fn by_ids(tx: &mut Tx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Option<Schedule>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |schedule| schedule.id))
}

/// A page of the schedules of each of these accounts, the latest first.
pub async fn page_of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Page<Schedule>>, sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        let none = vec![0_i64; accounts.len()];
        let count = COUNT.seen_by(viewer).bind(accounts).bind(&none).bind(&none);
        let count = count.bind(&markets).bind(&days).bind(filter.active_on).bind(filter.active);
        let count = count.bind(filter.without_dormant).bind(filter.ledger_number.as_deref());
        let count = count.bind(filter.ledger_id).bind(filter.reason.as_deref());
        Some(count.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let query = PAGE.seen_by(viewer).bind(accounts);
    let query = query.bind(&slices.offsets).bind(&slices.limits).bind(&markets).bind(&days);
    let query = query.bind(filter.active_on).bind(filter.active).bind(filter.without_dormant);
    let query = query.bind(filter.ledger_number.as_deref()).bind(filter.ledger_id);
    let found = query.bind(filter.reason.as_deref()).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = found.iter().map(|(_, id)| *id).collect();
    let rows = by_ids(tx, viewer, &ids).await?;
    let rows = found.iter().zip(rows).filter_map(|((parent, _), row)| Some((*parent, row?)));
    Ok(page::pages(window, accounts, totals.as_ref(), rows))
}

statement!(static CURRENT: Schedule = concat!("
    select ", schedule_columns!(), "
    from unnest($4::text[], $5::date[]) as today (market, day) join accounts a on a.market = today.market
        join payment_schedules s on s.account_id = a.id join ledgers l on l.id = s.ledger_id
    where a.id = any($3::bigint[]) and s.valid_to is distinct from s.valid_from
        and (s.valid_to is null or s.valid_to > today.day) and ", account_is_visible!(), "
    order by l.is_main desc, s.ledger_id, s.valid_from"));

/// What holds on each of these accounts today or later, the main ledger's first and by their days.
pub async fn coming(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Vec<Schedule>>, sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let query = CURRENT.seen_by(viewer).bind(accounts).bind(markets).bind(days);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(accounts, rows.into_iter().map(|schedule| (schedule.account_id, schedule)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn regular(frequency: &str, multiplier: i32, payment_day: i32, valid_from: &str) -> Schedule {
        Schedule {
            id: 1,
            account_id: 1,
            ledger_id: 1,
            market: "gb".into(),
            valid_from: day(valid_from),
            valid_to: None,
            trigger: "REGULAR".into(),
            schedule_type: "DIRECT_DEBIT".into(),
            reason: "GENERAL_ACCOUNT_PAYMENT".into(),
            frequency: Some(frequency.into()),
            multiplier,
            payment_day: Some(payment_day),
            payment_amount: Some(Minor(1000)),
            balance_below: None,
            total_debt_amount: None,
            holiday_reason: None,
            adjustment: None,
            adjustment_expires_on: None,
        }
    }

    fn dues(schedule: &Schedule, from: &str, to: &str) -> Vec<String> {
        schedule.dues(day(from), day(to), 100).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn months_without_a_31st_pay_on_their_last_day() {
        let schedule = regular("Monthly", 1, 31, "2027-12-31");
        assert_eq!(
            dues(&schedule, "2028-01-01", "2028-04-30"),
            ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]
        );
    }

    #[test]
    fn quarters_and_weeks_are_counted_from_the_first_payment() {
        let quarterly = regular("Monthly", 3, 10, "2026-01-15");
        assert_eq!(dues(&quarterly, "2026-01-01", "2026-09-30"), ["2026-02-10", "2026-05-10", "2026-08-10"]);
        // The 4th of March is a Wednesday; Friday is the fifth day.
        let fortnightly = regular("Weekly", 2, 5, "2026-03-04");
        assert_eq!(
            dues(&fortnightly, "2026-03-01", "2026-04-03"),
            ["2026-03-06", "2026-03-20", "2026-04-03"]
        );
    }

    #[test]
    fn nothing_falls_due_after_the_end_or_on_holiday() {
        let mut schedule = regular("Monthly", 1, 10, "2026-01-01");
        schedule.valid_to = Some(day("2026-03-10"));
        assert_eq!(dues(&schedule, "2026-01-01", "2026-12-31"), ["2026-01-10", "2026-02-10"]);
        schedule.holiday_reason = Some("moved".into());
        assert!(dues(&schedule, "2026-01-01", "2026-12-31").is_empty());
    }
}
