//! What the retailer's people and other systems keep about the customers of the demo world.

use chrono::TimeDelta;
use serde_json::json;

use super::cast::CUSTOMERS;
use super::{DemoError, Person};
use crate::domain::accounts::campaigns;
use crate::domain::accounts::circumstances::{self, Told};
use crate::domain::accounts::concessions::{self, Answer, NewCard};
use crate::domain::accounts::metadata::{self, Attachment, Kind};
use crate::domain::accounts::notes;
use crate::domain::accounts::references::{self, NewReference};
use crate::domain::accounts::reminders::{self, Assignee, NewReminder};
use crate::domain::auth::Viewer;
use crate::platform::db::Tx;

/// What is kept of somebody from the first day on.
pub(super) async fn open(tx: &mut Tx, clerk: &Viewer, person: &Person) -> Result<(), DemoError> {
    let account = person.numbers.first().map(String::as_str).unwrap_or_default();
    let value = format!("C-{}", person.account);
    references::create(tx, clerk, &NewReference { account, namespace: "CRM", value: &value }).await?;
    if std::ptr::eq(person.customer, &CUSTOMERS[0]) {
        let value = json!({ "channel": "EMAIL", "hours": "evening" });
        let attachment =
            Attachment { kind: Kind::Account, identifier: account, key: "preferred-contact", value: &value };
        metadata::create(tx, clerk, &attachment).await?;
        campaigns::enter(tx, clerk, account, "paperless-billing").await?;
    }
    if std::ptr::eq(person.customer, &CUSTOMERS[3]) {
        let holds = [("oxygenConcentrator".to_owned(), true)].into();
        let told = Told { holds, consent: Some(true), ..Told::default() };
        circumstances::tell(tx, &Viewer::customer(person.user), &told).await?;
    }
    Ok(())
}

/// What is written down about somebody who pays late.
pub(super) async fn late(tx: &mut Tx, clerk: &Viewer, person: &Person) -> Result<(), DemoError> {
    let account = person.numbers.first().map(String::as_str).unwrap_or_default();
    notes::add(tx, clerk, account, "Works in shifts: best called after six in the evening.", true).await?;
    let in_a_week = tx.business_now().await? + TimeDelta::weeks(1);
    let reminder = NewReminder {
        account,
        kind: "DUNNING_REMINDER_CALL",
        content: "Ask whether a payment plan would help.",
        due_at: Some(in_a_week),
        assignee: Assignee::default(),
    };
    reminders::add(tx, clerk, &reminder).await?;
    Ok(())
}

/// Somebody shows a concession card, and the office that issued it says that it counts.
pub(super) async fn concession(tx: &mut Tx, person: &Person) -> Result<(), DemoError> {
    let Some((card_type, number)) = person.customer.card else { return Ok(()) };
    let new = NewCard { card_type, number, issued_on: None, expires_on: None };
    let card = concessions::note_of(tx, person.user, &new).await?;
    Ok(concessions::validated(tx, card, &Answer::default()).await?)
}
