//! The built-in post house. It carries nothing anywhere, and behaves over time as a real one does: addresses
//! at `bounce.example` and numbers that end in `0000` come back, those at `slow.example` and numbers that end
//! in `0001` take an hour, and now and then it has no time.

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::post::{self, Letter, PostHouse, Report};
use crate::platform::db::Tx;
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::outside::Receipt;
use crate::platform::random::Randomness;

const REPORTS: &str = "simulated-post-report";
const BOUNCED: &str = "nobody by this address";
const USUAL: TimeDelta = TimeDelta::seconds(5);
const SLOW: TimeDelta = TimeDelta::hours(1);
/// How many hand-overs there are to one that is put off.
const MOOD: u64 = 20;

/// A post house made of rules and a little chance.
#[derive(Clone, Debug)]
pub struct Simulator {
    random: Randomness,
    mood: u64,
}

impl Simulator {
    /// One that puts off every twentieth hand-over or so.
    pub fn new(random: Randomness) -> Self {
        Self::moody(random, MOOD)
    }

    /// One that puts off one hand-over in `mood`; for zero, none.
    pub fn moody(random: Randomness, mood: u64) -> Self {
        Self { random, mood }
    }

    fn has_no_time(&self) -> bool {
        self.mood > 0 && self.random.below(self.mood) == 0
    }
}

/// What the house calls a message: the same whenever it is handed it.
pub fn reference(message: i64) -> String {
    format!("simulated-{message}")
}

/// Has the simulated house's reports come in by this runner.
pub fn register(runner: &mut Runner) {
    runner.on(REPORTS, |tx, payload| {
        Box::pin(async move {
            let text = |key: &str| payload.get(key).and_then(Value::as_str).ok_or(JobError::Payload);
            let fate = match text("fate")? {
                "delivered" => Report::Delivered,
                "bounced" => Report::Bounced(BOUNCED),
                _ => return Err(JobError::Payload),
            };
            Ok(post::report(tx, text("reference")?, fate).await?)
        })
    });
}

impl PostHouse for Simulator {
    fn hand_over<'a>(
        &'a self,
        tx: &'a mut Tx,
        letter: &'a Letter,
    ) -> BoxFuture<'a, Result<Receipt, sqlx::Error>> {
        Box::pin(async move {
            if !is_address(letter) {
                return Ok(Receipt::Refused("not an address"));
            }
            if self.has_no_time() {
                return Ok(Receipt::Later("the post house has no time"));
            }
            let reference = reference(letter.id);
            if letter.channel == "LETTER" {
                // Its printer tells how it fared.
                return Ok(Receipt::Taken { reference });
            }
            let (wait, fate) = fate(&letter.recipient);
            let when = tx.wall_now() + wait;
            jobs::enqueue(tx, REPORTS, &json!({"reference": &reference, "fate": fate}), when).await?;
            Ok(Receipt::Taken { reference })
        })
    }
}

fn is_address(letter: &Letter) -> bool {
    let to = &letter.recipient;
    match letter.channel.as_str() {
        "EMAIL" => to.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()),
        "LETTER" => !to.trim_matches([' ', ',']).is_empty(),
        _ => to.chars().filter(char::is_ascii_digit).count() >= 4,
    }
}

fn fate(recipient: &str) -> (TimeDelta, &'static str) {
    let ends = |host: &str, digits: &str| recipient.ends_with(host) || recipient.ends_with(digits);
    if ends("@bounce.example", "0000") {
        (USUAL, "bounced")
    } else if ends("@slow.example", "0001") {
        (SLOW, "delivered")
    } else {
        (USUAL, "delivered")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(channel: &str, recipient: &str) -> Letter {
        Letter {
            id: 1,
            channel: channel.into(),
            recipient: recipient.into(),
            sender: String::new(),
            subject: String::new(),
            body: String::new(),
            enclosure: None,
            attempts: 0,
            is_wanted: true,
            is_html: false,
            is_inverted: false,
            font_size: rust_decimal::Decimal::ONE,
        }
    }

    #[test]
    fn addresses_have_their_fates() {
        assert_eq!(fate("ada@bounce.example"), (USUAL, "bounced"));
        assert_eq!(fate("+447700900000"), (USUAL, "bounced"));
        assert_eq!(fate("ada@slow.example"), (SLOW, "delivered"));
        assert_eq!(fate("ada@example.org"), (USUAL, "delivered"));
    }

    #[test]
    fn what_is_no_address_is_known() {
        for (channel, to, is) in [
            ("EMAIL", "a@b", true),
            ("EMAIL", "@b", false),
            ("EMAIL", "", false),
            ("SMS", "+44 77", true),
            ("SMS", "call me", false),
            ("LETTER", "1 High Street", true),
            ("LETTER", ", ", false),
        ] {
            assert_eq!(is_address(&letter(channel, to)), is, "{to}");
        }
    }
}
