//! The built-in register of British gas. It knows every number, and what it says follows from the number: points whose
//! number has 7 in the fifth place from its end are of a transporter of their own, those with 9 there it does not know,
//! and those with 8 it answers about only from the third business minute of every five on.

use chrono::{TimeDelta, Timelike};
use futures_util::future::BoxFuture;

use super::gas_register::{Answer, Confirmation, Entry, GasRegister, Inquiry};
use crate::platform::db::Tx;

/// Who we are there.
const OURSELVES: &str = "TID";
/// Who else supplies gas.
const OTHERS: [&str; 5] = ["BRG", "ELN", "NPW", "SCO", "UTW"];
/// Marks of the numbers that it does not know, and that it has no time for now and then.
const UNKNOWN: u64 = 9;
const BUSY: u64 = 8;
/// How far in advance of its first day a supply is confirmed.
const AHEAD: TimeDelta = TimeDelta::days(28);

/// A register made of rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator;

impl GasRegister for Simulator {
    fn ask<'a>(&'a self, tx: &'a mut Tx, inquiry: &'a Inquiry) -> BoxFuture<'a, Result<Answer, sqlx::Error>> {
        Box::pin(async move {
            let now = tx.business_now().await?;
            Ok(match mark(&inquiry.mprn) {
                UNKNOWN => Answer::Unknown,
                BUSY if now.minute() % 5 < 2 => Answer::Later("the register is busy"),
                _ => {
                    let confirmed = inquiry.supplied_from.filter(|day| *day <= (now + AHEAD).date_naive());
                    let entry = entry(inquiry);
                    let confirmation = confirmed.map(|day| confirmation(inquiry, day));
                    Answer::Known(Box::new(Entry { confirmation, ..entry }))
                }
            })
        })
    }
}

/// Whether it has a point of this number, and always time for it.
pub fn answers(mprn: &str) -> bool {
    ![UNKNOWN, BUSY].contains(&mark(mprn))
}

/// The digit that says what becomes of an inquiry.
fn mark(mprn: &str) -> u64 {
    number(mprn) / 10_000 % 10
}

fn number(mprn: &str) -> u64 {
    mprn.parse().unwrap_or(0)
}

fn entry(inquiry: &Inquiry) -> Entry {
    let number = number(&inquiry.mprn);
    let drawn = |below: u64, from: u64| i64::try_from(number / 100 % below + from).unwrap_or(1);
    let aq =
        inquiry.annual_wh.map(|wh| wh / 1000).filter(|kwh| *kwh > 0).unwrap_or_else(|| drawn(9_000, 7_500));
    // What was fixed for the year lies within a twelfth of what is reckoned now.
    let fixed = aq - aq / 12 + aq * drawn(167, 0) / 1000;
    let transporters = ["ESP", "GTC", "IPL"];
    let pick = usize::try_from(number % 3).unwrap_or(0);
    let is_large = aq > 732_000;
    Entry {
        exit_zone: format!("{}{}", inquiry.ldz, number % 4 + 1),
        aq_kwh: (aq, fixed),
        soq_kwh: (hardest_day(aq), hardest_day(fixed)),
        is_daily_metered: aq > 58_600_000,
        transporter: transporters.get(pick).filter(|_| mark(&inquiry.mprn) == 7).map(|&t| t.to_owned()),
        sector: if inquiry.is_business { "I" } else { "D" },
        meter_ownership: if number.is_multiple_of(11) { "C" } else { "S" },
        read_frequency: if aq > 293_000 { "M" } else { "6" },
        supply_class: if is_large { 3 } else { 4 },
        status: "LI",
        confirmation: None,
    }
}

/// A home takes on the hardest day what it would in three average ones.
fn hardest_day(aq_kwh: i64) -> i64 {
    (aq_kwh * 3 / 365).max(1)
}

fn confirmation(inquiry: &Inquiry, starts_on: chrono::NaiveDate) -> Confirmation {
    let number = number(&inquiry.mprn);
    let pick = usize::try_from(number % 5).unwrap_or(0);
    let days = u64::from(chrono::Datelike::num_days_from_ce(&starts_on).unsigned_abs());
    let confirmed = (number / 100 + days * 7919) % 900_000_000 + 100_000_000;
    Confirmation {
        number: i32::try_from(confirmed).unwrap_or(1),
        nomination: format!("NOM{:08}", (number / 100 + days) % 100_000_000),
        old_supplier: OTHERS.get(pick).map(|&supplier| supplier.to_owned()),
        new_supplier: OURSELVES.to_owned(),
        starts_on,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inquiry(mprn: &str, annual_wh: Option<i64>) -> Inquiry {
        Inquiry {
            supply_point_id: 1,
            mprn: mprn.to_owned(),
            ldz: "NT".to_owned(),
            annual_wh,
            is_business: false,
            supplied_from: None,
        }
    }

    #[test]
    fn entries_follow_from_the_number() {
        let first = entry(&inquiry("7612345608", None));
        assert_eq!(first, entry(&inquiry("7612345608", None)));
        assert!((7_500..16_500).contains(&first.aq_kwh.0) && first.exit_zone.starts_with("NT"));
        assert_eq!((first.sector, first.supply_class, first.read_frequency), ("D", 4, "6"));
        let known = entry(&inquiry("7612375608", Some(12_000_000)));
        assert_eq!((known.aq_kwh.0, known.soq_kwh.0), (12_000, 98));
        assert!(known.transporter.is_some() && (11_000..=13_004).contains(&known.aq_kwh.1));
    }

    #[test]
    fn confirmations_differ_from_supply_to_supply() {
        let day = |text: &str| text.parse().expect("a day");
        let at = |text| confirmation(&inquiry("7612345608", None), day(text)).number;
        assert!(at("2026-01-01") != at("2026-01-02") && at("2026-01-01") >= 100_000_000);
    }
}
