//! The built-in agency for payment slips. Nobody goes to a shop: a button on a slip's page stands for the till. What
//! becomes of an order otherwise goes by the last two digits of its amount; `docs/payments.md` lists them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use super::slips::{Order, Outcome, Report, Slips};
use crate::domain::payments::letters;
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;
use crate::platform::money::Minor;
use crate::platform::outside::Receipt;
use crate::platform::random::Randomness;

/// Letters and digits of a slip's address: nobody guesses one.
const REFERENCE: usize = 40;
/// How long it takes until a shop's money is reported.
const REPORTED_AFTER: TimeDelta = TimeDelta::hours(1);
/// The largest amount that has room in a slip's number.
const MOST: i64 = 999_999;
/// Who the slips are of, among those that shops know.
const MAKER: &str = "904321";
/// From how much on a receipt bears a revenue stamp.
const STAMPED: i64 = 50_000;

/// An agency made of rules. It draws the addresses of its slips.
#[derive(Clone, Debug)]
pub struct Simulator(pub Randomness);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Refused,
    NoTime,
    Lost,
    Usual,
}

fn fate(amount: i64) -> Fate {
    match amount % 100 {
        91 => Fate::Refused,
        97 => Fate::NoTime,
        98 => Fate::Lost,
        _ if amount > MOST => Fate::Refused,
        _ => Fate::Usual,
    }
}

/// The 44 digits that shops in Japan scan: whose slip it is, which, its last day, its amount, and a check digit.
fn number(order: &Order) -> String {
    let (day, stamp) = (order.pay_by, u8::from(order.amount >= STAMPED));
    let digits = format!(
        "91{MAKER}{:0>21}0{:02}{:02}{:02}{stamp}{:06}",
        order.reference,
        day.year().rem_euclid(100),
        day.month(),
        day.day(),
        order.amount,
    );
    let check = check_digit(&digits);
    format!("{digits}{check}")
}

/// What makes the sum of all digits, every other one from the right taken three times, end in nought.
fn check_digit(digits: &str) -> u32 {
    let weighed = digits.chars().rev().zip([3, 1].into_iter().cycle());
    let sum: u32 = weighed.map(|(digit, weight)| digit.to_digit(10).unwrap_or(0) * weight).sum();
    (10 - sum % 10) % 10
}

/// The moment at which a market's day is over.
fn end_of(market: &str, day: NaiveDate) -> DateTime<Utc> {
    let next = day.succ_opt().unwrap_or(day);
    let begins = market::by_code(market).map(|market| market.start_of(next));
    begins.unwrap_or_else(|| next.and_time(NaiveTime::MIN).and_utc())
}

statement!(static KNOWN: (String,) = "select reference from simulated_slips where order_reference = $1");
statement!(static TAKE: () = "
    insert into simulated_slips (order_reference, reference, number, market, amount, pay_by, expires_at, report_at)
    values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict (order_reference) do nothing");
statement!(static WITHDRAW: () = "
    update simulated_slips set state = 'WITHDRAWN', report_at = null where order_reference = $1 and state = 'OPEN'");
statement!(static TELL: (String, String) = "
    with news as (
        select order_reference from simulated_slips where report_at <= $1
        order by report_at, order_reference limit $2 for update skip locked
    )
    update simulated_slips s set report_at = null from news where s.order_reference = news.order_reference
    returning s.order_reference, s.state");

impl Simulator {
    async fn take(&self, tx: &mut Tx, order: &Order) -> Result<String, sqlx::Error> {
        let take = TAKE.command().bind(&order.reference).bind(self.0.alphanumeric(REFERENCE));
        let take = take.bind(number(order)).bind(&order.market).bind(order.amount).bind(order.pay_by);
        take.bind(end_of(&order.market, order.pay_by)).execute(&mut *tx).await?;
        Ok(KNOWN.query().bind(&order.reference).fetch_one(&mut *tx).await?.0)
    }
}

impl Slips for Simulator {
    fn order<'a>(&'a self, tx: &'a mut Tx, order: &'a Order) -> BoxFuture<'a, Result<Receipt, sqlx::Error>> {
        Box::pin(async move {
            if let Some((reference,)) = KNOWN.query().bind(&order.reference).fetch_optional(&mut *tx).await? {
                return Ok(Receipt::Taken { reference });
            }
            match fate(order.amount) {
                Fate::Refused => Ok(Receipt::Refused("no shop takes this amount")),
                Fate::NoTime if order.orders == 0 => Ok(Receipt::Later("the agency has no time")),
                Fate::Lost => {
                    self.take(tx, order).await?;
                    Ok(Receipt::Later("the answer was lost"))
                }
                _ => Ok(Receipt::Taken { reference: self.take(tx, order).await? }),
            }
        })
    }

    fn withdraw<'a>(&'a self, tx: &'a mut Tx, reference: &'a str) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            WITHDRAW.command().bind(reference).execute(&mut *tx).await?;
            Ok(())
        })
    }

    fn reports<'a>(&'a self, tx: &'a mut Tx, limit: i64) -> BoxFuture<'a, Result<Vec<Report>, sqlx::Error>> {
        Box::pin(async move {
            let now = tx.business_now().await?;
            let told = TELL.query().bind(now).bind(limit).fetch_all(&mut *tx).await?;
            let reports = told.into_iter().map(|(reference, state)| {
                let outcome = if state == "PAID" { Outcome::Paid } else { Outcome::Expired };
                Report { reference, outcome }
            });
            Ok(reports.collect())
        })
    }
}

/// How a slip stands at the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be paid.
    Open,
    /// It has been paid.
    Paid,
    /// Its last day is over.
    Expired,
    /// It is not wanted any more.
    Withdrawn,
}

/// What a slip's page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// The digits to be scanned.
    pub number: String,
    /// What is paid, with its currency.
    pub amount: String,
    /// The last day.
    pub pay_by: NaiveDate,
    /// Whether it can be paid.
    pub standing: Standing,
}

row! {
    struct Row {
        number: String,
        market: String,
        amount: i64,
        pay_by: NaiveDate,
        expires_at: DateTime<Utc>,
        state: String,
    }
}

macro_rules! row_of {
    ($lock:literal) => {
        concat!(
            "select number, market, amount, pay_by, expires_at, state from simulated_slips where reference = $1",
            $lock
        )
    };
}

statement!(static LOOK: Row = row_of!(""));
// A second click waits for the first.
statement!(static HOLD: Row = row_of!(" for update"));
statement!(static PAY: () = "
    update simulated_slips set state = 'PAID', paid_at = $2, report_at = $3 where reference = $1");

impl Row {
    fn shown(self, now: DateTime<Utc>) -> Slip {
        let standing = match self.state.as_str() {
            "PAID" => Standing::Paid,
            "WITHDRAWN" => Standing::Withdrawn,
            _ if self.expires_at <= now => Standing::Expired,
            _ => Standing::Open,
        };
        let market = market::by_code(&self.market);
        let amount = market.map_or_else(String::new, |market| letters::money(market, Minor(self.amount)));
        Slip { number: self.number, amount, pay_by: self.pay_by, standing }
    }
}

/// The slip with this address; none if there is none.
pub async fn look(tx: &mut Tx, reference: &str) -> Result<Option<Slip>, sqlx::Error> {
    let now = tx.business_now().await?;
    let row = LOOK.query().bind(reference).fetch_optional(&mut *tx).await?;
    Ok(row.map(|row| row.shown(now)))
}

/// Pays the slip with this address at a till, if it can be paid; none if there is none.
pub async fn pay(tx: &mut Tx, reference: &str) -> Result<Option<Slip>, sqlx::Error> {
    let now = tx.business_now().await?;
    let Some(row) = HOLD.query().bind(reference).fetch_optional(&mut *tx).await? else { return Ok(None) };
    let mut slip = row.shown(now);
    if slip.standing == Standing::Open {
        PAY.command().bind(reference).bind(now).bind(now + REPORTED_AFTER).execute(&mut *tx).await?;
        slip.standing = Standing::Paid;
    }
    Ok(Some(slip))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_their_fates() {
        assert_eq!([1091, 1097, 1098].map(fate), [Fate::Refused, Fate::NoTime, Fate::Lost]);
        assert_eq!([1100, 1_000_000].map(fate), [Fate::Usual, Fate::Refused]);
        let docs = include_str!("../../../../docs/payments.md");
        assert!(docs.contains("## Payment slips"));
    }

    #[test]
    fn a_number_says_whose_slip_it_is_until_when_and_how_much() {
        let order = Order {
            reference: "54001".into(),
            agency: "GMO".into(),
            market: "jp".into(),
            amount: 12_345,
            pay_by: "2026-05-02".parse().expect("a date"),
            orders: 0,
        };
        let number = number(&order);
        assert_eq!(number.len(), 44);
        let parts = ["91", MAKER, "000000000000000054001", "0", "260502", "0", "012345"];
        assert!(number.starts_with(&parts.concat()), "{number}");
        // The number of a book, whose check digit everybody knows.
        assert_eq!(check_digit("978030640615"), 7);
    }

    #[test]
    fn a_day_is_over_where_the_shop_is() {
        let day = "2026-05-02".parse().expect("a date");
        assert_eq!(end_of("jp", day).to_rfc3339(), "2026-05-02T15:00:00+00:00");
    }
}
