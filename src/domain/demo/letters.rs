//! What the customers of the demo world were written: a welcome by e-mail, and a word by SMS when money came
//! their way. Each is handed over at once, so that its history is told under the moved clock as well.

use chrono::TimeDelta;

use super::{DemoError, Person};
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::domain::communications::post::{self, Report};
use crate::domain::communications::simulator::{self, Simulator};
use crate::platform::clock;
use crate::platform::db::{Tx, statement};
use crate::platform::market;
use crate::platform::random::Randomness;

/// How long the demo's post takes.
const TRAVEL: TimeDelta = TimeDelta::seconds(5);

/// Welcomes somebody whose account was just opened.
pub(super) async fn welcome(tx: &mut Tx, random: &Randomness, person: &Person) -> Result<(), DemoError> {
    let number = person.numbers.first().map(String::as_str).unwrap_or_default();
    let name = person.customer.given_name;
    let (subject, text) = match country(person) {
        "DE" => (
            "Willkommen",
            format!("Hallo {name},\n\nschön, dass du da bist. Deine Kundennummer ist {number}.\n"),
        ),
        "JP" => {
            ("ようこそ", format!("{name}様\n\nご契約ありがとうございます。お客さま番号は{number}です。\n"))
        }
        _ => (
            "Welcome aboard",
            format!("Hello {name},\n\nit is good to have you. Your account number is {number}.\n"),
        ),
    };
    let new = NewMessage {
        channel: Channel::Email,
        template: "welcome",
        account_user: Some(person.user),
        to: person.customer.email,
        subject,
        text: &text,
        confidential: false,
    };
    deliver(tx, random, &new, person.account).await
}

/// Tells somebody of the reward on their account.
pub(super) async fn reward(tx: &mut Tx, random: &Randomness, person: &Person) -> Result<(), DemoError> {
    let text = match country(person) {
        "DE" => "Deine Prämie fürs Weiterempfehlen ist gutgeschrieben.",
        "JP" => "ご紹介特典を付与しました。",
        _ => "Your reward for bringing a friend along is on your account.",
    };
    let new = NewMessage {
        channel: Channel::Sms,
        template: "referral-reward",
        account_user: Some(person.user),
        to: person.customer.mobile,
        subject: "",
        text,
        confidential: false,
    };
    deliver(tx, random, &new, person.account).await
}

fn country(person: &Person) -> &'static str {
    market::of_brand(person.customer.brand).map_or("", |market| market.country.as_str())
}

async fn deliver(
    tx: &mut Tx,
    random: &Randomness,
    new: &NewMessage<'_>,
    account: i64,
) -> Result<(), DemoError> {
    messages::send_about(tx, new, account).await?;
    carry(tx, random).await
}

statement!(static WAITING: (i64,) = "select id from messages where status = 'queued' order by id");

/// Has the post take what waits for it, and deliver each message a moment later.
pub(super) async fn carry(tx: &mut Tx, random: &Randomness) -> Result<(), DemoError> {
    let house = Simulator::moody(random.clone(), 0);
    for (id,) in WAITING.query().fetch_all(&mut *tx).await? {
        post::hand_over(tx, &house, id).await?;
        clock::advance(tx, TRAVEL).await?;
        post::report(tx, &simulator::reference(id), Report::Delivered).await?;
    }
    Ok(())
}
