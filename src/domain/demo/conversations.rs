//! Conversations of the demo world: messages by several channels, and live chats.

use chrono::TimeDelta;

use super::contact::SWITCHBOARD;
use super::{DemoError, Person, World};
use crate::domain::communications::ink::handling;
use crate::domain::communications::ink::taking::{self, NewInk};
use crate::platform::clock;
use crate::platform::db::Tx;

/// What these people write, and what is done about it.
pub(super) async fn happen(tx: &mut Tx, world: &World<'_>, people: &[&Person]) -> Result<(), DemoError> {
    write(tx, world, people).await?;
    chat(tx, world, people).await
}

/// Somebody asks about a bill by e-mail and once more in a text message; somebody else sends thanks by WhatsApp.
async fn write(tx: &mut Tx, world: &World<'_>, people: &[&Person]) -> Result<(), DemoError> {
    let said = [
        ("EMAIL", "Why is my bill higher than last month? We were away for a week."),
        ("SMS", "Any news about my bill?"),
        ("WHATSAPP", "Thank you for calling back so quickly!"),
    ];
    for (place, (channel, text)) in said.into_iter().enumerate() {
        let Some(person) = people.get(place / 2) else { continue };
        let customer = person.customer;
        let (from, to) = match channel {
            "EMAIL" => (customer.email, "hello@kraken.example"),
            _ => (customer.mobile, SWITCHBOARD),
        };
        let new = NewInk {
            channel,
            vendor: channel.to_lowercase(),
            name: format!("demo-{place}"),
            from: from.to_owned(),
            to: vec![to.to_owned()],
            subject: if channel == "EMAIL" { "My bill" } else { "" }.to_owned(),
            text: text.to_owned(),
            account: Some(person.number().to_owned()),
            ..NewInk::default()
        };
        let taken = taking::inbound(tx, &world.clerk, &new).await?;
        let tag = if place < 2 { "bill-query" } else { "thank-you" }.to_owned();
        handling::tag(tx, &world.clerk, taken.id, &[tag], ("classifier", "1")).await?;
        if place == 0 {
            handling::assign(tx, &world.clerk, taken.conversation_id, "Billing").await?;
        }
        clock::advance(tx, TimeDelta::minutes(7)).await?;
    }
    Ok(())
}

/// Somebody chats until all is said; somebody else still waits.
async fn chat(tx: &mut Tx, world: &World<'_>, people: &[&Person]) -> Result<(), DemoError> {
    let said = ["Which tariff suits an electric car?", "Can I move my payment day?"];
    for (place, (person, text)) in people.iter().zip(said).enumerate() {
        let new = NewInk {
            channel: "LIVE_CHAT",
            vendor: "live-chat".to_owned(),
            name: format!("demo-chat-{place}"),
            from: person.customer.email.to_owned(),
            to: vec!["chat".to_owned()],
            text: text.to_owned(),
            account: Some(person.number().to_owned()),
            ..NewInk::default()
        };
        let taken = taking::live_chat(tx, &world.clerk, &new).await?;
        clock::advance(tx, TimeDelta::minutes(5)).await?;
        if place == 0 {
            let id = taken.conversation_id;
            handling::add_note(tx, &world.clerk, id, "Wants a call about Go tariffs.", None, true).await?;
            handling::close_chat(tx, &world.clerk, id).await?;
        }
    }
    Ok(())
}
