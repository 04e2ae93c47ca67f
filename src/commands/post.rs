//! `kraken-api post`: the mailbox of a server whose post house carries nothing anywhere.

use std::io::Write;

use clap::Args;

use super::config::Config;
use super::open::{Problem, read};
use crate::domain::communications::messages::{self, Stored};

#[derive(Debug, Args)]
pub struct Post {
    /// Only what was written to this e-mail address or phone number.
    #[arg(long)]
    to: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i64).range(1..=1000))]
    limit: i64,
}

pub async fn run(config: &Config, what: &Post) -> Result<(), Problem> {
    let found = read(config, async |view| Ok(messages::newest(view, what.to.as_deref(), what.limit).await?));
    let found = found.await?;
    let mut out = std::io::stdout().lock();
    for message in found {
        print(&mut out, &message)?;
    }
    Ok(())
}

fn print(out: &mut impl Write, message: &Stored) -> std::io::Result<()> {
    let failure = message.failure.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    writeln!(out, "{} {} ({}), {}{failure}", message.channel, message.id, message.template, message.status)?;
    writeln!(out, "Date: {}", message.created_at.to_rfc2822())?;
    writeln!(out, "From: {}", line(&message.sender))?;
    writeln!(out, "To: {}", line(&message.recipient))?;
    if !message.subject.is_empty() {
        writeln!(out, "Subject: {}", line(&message.subject))?;
    }
    let body = message.body.as_deref().unwrap_or("(The text held a secret and has been taken out.)");
    let lines = body.lines().map(line).collect::<Vec<_>>().join("\n");
    writeln!(out, "\n{lines}\n")
}

/// Customers choose part of what they are written, and it must not steer the terminal.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_steer_the_terminal() {
        let message = Stored {
            id: 7,
            channel: "EMAIL".into(),
            template: "welcome".into(),
            recipient: "ada@example.org\nSubject: x".into(),
            sender: "us".into(),
            subject: "Hello".into(),
            body: Some("Dear \u{1b}[2JAda,\n\nwelcome".into()),
            status: "delivered".into(),
            failure: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
        };
        let mut out = Vec::new();
        print(&mut out, &message).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(
            text,
            "EMAIL 7 (welcome), delivered\nDate: Thu, 1 Jan 1970 00:00:00 +0000\nFrom: us\n\
             To: ada@example.org\u{fffd}Subject: x\nSubject: Hello\n\nDear \u{fffd}[2JAda,\n\nwelcome\n\n"
        );
    }
}
