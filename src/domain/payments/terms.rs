//! How long before a payment the customer is told and the vendor has the order.

use chrono::NaiveDate;

use crate::platform::calendar;
use crate::platform::db::{Tx, row, statement};

row! {
    /// How a kind of payment is collected in a market, in working days.
    pub struct Terms {
        market: String,
        notice_days: i32,
        lead_days: i32,
        retry_days: Option<i32>,
        on_working_days: bool,
    }
}

/// The days of one payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// When the customer is told, at the earliest.
    pub announce_on: NaiveDate,
    /// When the vendor gets the order.
    pub send_on: NaiveDate,
    /// When the money moves.
    pub payment_date: NaiveDate,
}

statement!(static TERMS: Terms = "
    select market, notice_days, lead_days, retry_days, on_working_days from collection_terms
    where market = $1 and method = $2");

/// The terms of a way to pay in a market. None where nothing is collected that way.
pub async fn of(tx: &mut Tx, market: &str, method: &str) -> Result<Option<Terms>, sqlx::Error> {
    TERMS.query().bind(market).bind(method).fetch_optional(&mut *tx).await
}

impl Terms {
    /// The days of a payment that somebody has asked for: on the day wanted, or as soon after it as it can be collected.
    pub fn asked(&self, today: NaiveDate, wanted: NaiveDate) -> Plan {
        self.plan(today, wanted, count(self.lead_days))
    }

    /// The days of a payment that nobody has asked for: late enough to tell the customer in good time.
    pub fn announced(&self, today: NaiveDate, wanted: NaiveDate) -> Plan {
        self.plan(today, wanted, count(self.notice_days))
    }

    /// The first day on which a payment could be made that nobody has asked for.
    pub fn earliest(&self, today: NaiveDate) -> NaiveDate {
        self.announced(today, today).payment_date
    }

    /// The days of another try at a payment that failed for want of money. None if there is none.
    pub fn again(&self, today: NaiveDate) -> Option<Plan> {
        let wanted = self.after(today, count(self.retry_days?));
        Some(self.asked(today, wanted))
    }

    /// How long before a due day a payment must be planned.
    pub fn horizon(&self, due: NaiveDate) -> NaiveDate {
        self.before(due, count(self.notice_days))
    }

    fn plan(&self, today: NaiveDate, wanted: NaiveDate, ahead: u32) -> Plan {
        let payment_date = self.on_or_after(wanted.max(self.after(today, ahead)));
        let days_before = |days: i32| self.before(payment_date, count(days));
        Plan {
            announce_on: days_before(self.notice_days),
            send_on: days_before(self.lead_days),
            payment_date,
        }
    }

    fn on_or_after(&self, day: NaiveDate) -> NaiveDate {
        if self.on_working_days { calendar::of(&self.market).on_or_after(day) } else { day }
    }

    fn after(&self, day: NaiveDate, days: u32) -> NaiveDate {
        if self.on_working_days {
            calendar::of(&self.market).after(day, days)
        } else {
            plain(day, days.into())
        }
    }

    fn before(&self, day: NaiveDate, days: u32) -> NaiveDate {
        if self.on_working_days {
            calendar::of(&self.market).before(day, days)
        } else {
            plain(day, -i64::from(days))
        }
    }
}

fn plain(day: NaiveDate, days: i64) -> NaiveDate {
    day.checked_add_signed(chrono::TimeDelta::days(days)).unwrap_or(day)
}

fn count(days: i32) -> u32 {
    u32::try_from(days).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn british(notice_days: i32, lead_days: i32) -> Terms {
        Terms { market: "gb".into(), notice_days, lead_days, retry_days: Some(5), on_working_days: true }
    }

    #[test]
    fn what_is_asked_for_comes_as_soon_as_the_banks_can() {
        let plan = british(5, 2).asked(day("2026-04-01"), day("2026-04-02"));
        // Over Easter: two working days after Wednesday is Tuesday.
        assert_eq!(plan.payment_date, day("2026-04-07"));
        assert_eq!((plan.send_on, plan.announce_on), (day("2026-04-01"), day("2026-03-27")));
        let later = british(5, 2).asked(day("2026-04-01"), day("2026-05-02"));
        assert_eq!(later.payment_date, day("2026-05-05"), "a Saturday before a bank holiday");
    }

    #[test]
    fn what_is_not_asked_for_is_told_in_good_time() {
        let terms = british(5, 2);
        assert_eq!(terms.earliest(day("2026-03-02")), day("2026-03-09"));
        assert_eq!(terms.horizon(day("2026-03-09")), day("2026-03-02"));
        assert_eq!(terms.again(day("2026-03-02")).map(|plan| plan.payment_date), Some(day("2026-03-09")));
    }
}
