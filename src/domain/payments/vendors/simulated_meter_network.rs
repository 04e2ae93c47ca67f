//! The built-in network of meters. It reaches none, and behaves over business time as a real one does: a meter has its credit
//! after some minutes. What becomes of credit otherwise goes by the last two digits of its amount; `docs/payments.md` lists
//! them.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use super::meter_network::{Message, MeterNetwork, Outcome, Report};
use crate::domain::payments::prepay::numbers::check_digit;
use crate::platform::db::{Tx, row, statement};
use crate::platform::outside::Receipt;

/// How long credit takes to a meter.
const USUAL: TimeDelta = TimeDelta::minutes(5);
/// How long a meter is tried that cannot be reached.
const TRIED: TimeDelta = TimeDelta::hours(1);
/// How long it takes until a customer has typed a number in.
const TYPED: TimeDelta = TimeDelta::hours(12);

/// A network made of rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Refused,
    /// The message does not reach the meter, and nobody hears of that.
    Lost,
    Unreachable,
    NoTime,
    Unheard,
    Usual,
}

fn fate(amount: i64) -> Fate {
    match amount % 100 {
        91 => Fate::Refused,
        95 => Fate::Lost,
        96 => Fate::Unreachable,
        97 => Fate::NoTime,
        98 => Fate::Unheard,
        _ => Fate::Usual,
    }
}

/// What becomes of a message that was taken, as the books have it, and when there is something to report.
fn story(fate: Fate, now: DateTime<Utc>) -> (&'static str, Option<DateTime<Utc>>) {
    match fate {
        Fate::Refused => ("refused", Some(now + USUAL)),
        Fate::Lost => ("lost", None),
        Fate::Unreachable => ("unreachable", Some(now + TRIED)),
        Fate::NoTime | Fate::Unheard | Fate::Usual => ("arrives", Some(now + USUAL)),
    }
}

/// The number that a meter takes instead of a message: the amount, what it is known by, and a check digit.
fn token(reference: &str, amount: i64) -> String {
    let digits: String = reference.chars().filter(char::is_ascii_digit).collect();
    let number = format!("{:07}{digits:0>12}", amount.rem_euclid(10_000_000));
    format!("{number}{}", check_digit(&number))
}

statement!(static KNOWN: (String,) = "select fate from simulated_meter_messages where reference = $1 for update");
statement!(static TAKE: (String,) = "
    insert into simulated_meter_messages (reference, device_id, amount, taken_at, fate, report_at)
    values ($1, $2, $3, $4, $5, $6) on conflict (reference) do nothing returning reference");
statement!(static REPEAT: () = "
    update simulated_meter_messages set fate = 'arrives', report_at = $2 where reference = $1 and fate = 'lost'");

async fn take(tx: &mut Tx, message: &Message) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let (fate, report_at) = story(fate(message.amount), now);
    let take = TAKE.query().bind(&message.reference).bind(&message.device_id).bind(message.amount).bind(now);
    take.bind(fate).bind(report_at).fetch_optional(&mut *tx).await?;
    Ok(())
}

row! {
    struct Due {
        reference: String,
        amount: i64,
        fate: String,
    }
}

statement!(static DUE: Due = "
    select reference, amount, fate from simulated_meter_messages where report_at <= $1
    order by report_at, reference limit $2 for update skip locked");
// A meter takes what bears one name once.
statement!(static TOLD: () = "
    update simulated_meter_messages set report_at = $2, fate = $3,
        arrived_at = case when $4 then coalesce(arrived_at, $5) else arrived_at end
    where reference = $1");

async fn tell(tx: &mut Tx, due: &Due) -> Result<Report, sqlx::Error> {
    let now = tx.business_now().await?;
    let (outcome, next) = match due.fate.as_str() {
        "refused" => (Outcome::Refused, None),
        // The customer types the number in, and the meter has its credit.
        "unreachable" => (Outcome::Unreachable(token(&due.reference, due.amount)), Some(now + TYPED)),
        _ => (Outcome::Arrived, None),
    };
    let fate = if next.is_some() { "typed" } else { due.fate.as_str() };
    let told = TOLD.command().bind(&due.reference).bind(next).bind(fate);
    told.bind(outcome == Outcome::Arrived).bind(now).execute(&mut *tx).await?;
    Ok(Report { reference: due.reference.clone(), outcome })
}

impl MeterNetwork for Simulator {
    fn send<'a>(
        &'a self,
        tx: &'a mut Tx,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Receipt, sqlx::Error>> {
        Box::pin(async move {
            let taken = Receipt::Taken { reference: message.reference.clone() };
            let known = KNOWN.query().bind(&message.reference).fetch_optional(&mut *tx).await?;
            if let Some((_,)) = known {
                let now = tx.business_now().await?;
                REPEAT.command().bind(&message.reference).bind(now + USUAL).execute(&mut *tx).await?;
                return Ok(taken);
            }
            match fate(message.amount) {
                Fate::NoTime if message.orders == 0 => Ok(Receipt::Later("the network has no time")),
                Fate::Unheard => {
                    take(tx, message).await?;
                    Ok(Receipt::Later("the answer was lost"))
                }
                _ => {
                    take(tx, message).await?;
                    Ok(taken)
                }
            }
        })
    }

    fn reports<'a>(&'a self, tx: &'a mut Tx, limit: i64) -> BoxFuture<'a, Result<Vec<Report>, sqlx::Error>> {
        Box::pin(async move {
            let now = tx.business_now().await?;
            let due = DUE.query().bind(now).bind(limit).fetch_all(&mut *tx).await?;
            let mut reports = Vec::with_capacity(due.len());
            for each in &due {
                reports.push(tell(tx, each).await?);
            }
            Ok(reports)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_their_fates() {
        assert_eq!([1091, 1095, 1096].map(fate), [Fate::Refused, Fate::Lost, Fate::Unreachable]);
        assert_eq!([1097, 1098, 1000].map(fate), [Fate::NoTime, Fate::Unheard, Fate::Usual]);
    }

    #[test]
    fn a_token_has_20_digits() {
        let token = token("102001", 1096);
        assert_eq!(token.len(), 20);
        assert!(token.starts_with("0001096000000102001"), "{token}");
    }
}
