//! The built-in register of suppliers. What it says follows from the number of the point, by the fifth and fourth place from
//! its end: 99 is a point that it does not know, 98 one that its supplier does not let go, and 97 one for which it has time
//! only from the third business minute of every five on. Whoever leaves us is never held back.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use futures_util::future::BoxFuture;

use super::profiles::seed_of;
use super::registration::{Answer, Decision, Registration, Wish};
use crate::platform::db::Tx;

const UNKNOWN: u32 = 99;
const HELD: u32 = 98;
const BUSY: u32 = 97;
/// How long the present supplier may object.
const OBJECTION: TimeDelta = TimeDelta::days(1);

/// A register made of rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator;

impl Registration for Simulator {
    fn submit<'a>(&'a self, tx: &'a mut Tx, wish: &'a Wish) -> BoxFuture<'a, Result<Answer, sqlx::Error>> {
        Box::pin(async move {
            let now = tx.business_now().await?;
            Ok(answer(wish, now))
        })
    }

    fn decision<'a>(
        &'a self,
        _: &'a mut Tx,
        wish: &'a Wish,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Decision, sqlx::Error>> {
        let is_held = wish.is_gain && !wish.is_ours && mark(&wish.identifier) == HELD;
        Box::pin(async move { Ok(if is_held { Decision::Objected } else { Decision::Confirmed }) })
    }
}

/// Whether it confirms everything about a point of this number, and at once.
pub fn confirms(identifier: &str) -> bool {
    ![UNKNOWN, HELD, BUSY].contains(&mark(identifier))
}

fn answer(wish: &Wish, now: DateTime<Utc>) -> Answer {
    let mark = mark(&wish.identifier);
    if mark == UNKNOWN && wish.is_gain {
        return Answer::Refused;
    }
    if mark == BUSY && now.minute() % 5 < 2 {
        return Answer::Later;
    }
    let seed = seed_of(wish.effective_at.timestamp().unsigned_abs(), &wish.market_name, &wish.identifier);
    let sort = if wish.is_gain { "GAIN" } else { "LOSS" };
    let window = if wish.is_gain && !wish.is_ours { OBJECTION } else { TimeDelta::zero() };
    Answer::Accepted {
        reference: format!("{sort}-{:010}", seed % 10_000_000_000),
        decided_at: (now + window).min(wish.effective_at.max(now)),
    }
}

/// The two digits that say what becomes of a wish.
fn mark(identifier: &str) -> u32 {
    let digits: Vec<u32> = identifier.chars().filter_map(|sign| sign.to_digit(10)).collect();
    let from_end = |place: usize| digits.len().checked_sub(place).and_then(|at| digits.get(at)).copied();
    from_end(5).zip(from_end(4)).map_or(0, |(tens, ones)| tens * 10 + ones)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn wish(identifier: &str, effective_at: &str) -> Wish {
        Wish {
            market_name: "GBR_ELECTRICITY".to_owned(),
            identifier: identifier.to_owned(),
            is_gain: true,
            is_ours: false,
            effective_at: moment(effective_at),
        }
    }

    #[test]
    fn suppliers_may_object_until_it_takes_effect() {
        let now = moment("2026-03-02T09:30:00Z");
        let decided = |wish: &Wish| match answer(wish, now) {
            Answer::Accepted { decided_at, .. } => decided_at,
            other => panic!("{other:?}"),
        };
        let usual = "2000050773706";
        assert_eq!(decided(&wish(usual, "2026-03-20T00:00:00Z")), moment("2026-03-03T09:30:00Z"));
        assert_eq!(decided(&wish(usual, "2026-03-03T00:00:00Z")), moment("2026-03-03T00:00:00Z"));
        assert_eq!(decided(&wish(usual, "2026-01-01T00:00:00Z")), now, "it was so long ago");
        let ours = Wish { is_ours: true, ..wish(usual, "2026-03-20T00:00:00Z") };
        assert_eq!(decided(&ours), now);
    }

    #[test]
    fn numbers_say_what_becomes_of_a_wish() {
        let now = moment("2026-03-02T09:30:00Z");
        let unknown = wish("2000050799706", "2026-03-20T00:00:00Z");
        assert_eq!(answer(&unknown, now), Answer::Refused);
        assert!(matches!(answer(&Wish { is_gain: false, ..unknown }, now), Answer::Accepted { .. }));
        let busy = wish("2000050797706", "2026-03-20T00:00:00Z");
        assert_eq!(answer(&busy, now), Answer::Later);
        assert_eq!(answer(&busy, now + TimeDelta::minutes(2)), answer(&busy, now + TimeDelta::minutes(2)));
        assert!(confirms("2000050773706") && !confirms("2000050798706") && confirms("7"));
    }
}
