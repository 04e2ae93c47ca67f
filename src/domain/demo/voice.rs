//! What the customers of the demo world had to say: what they agreed to when they joined, and how they liked to be
//! called about a fee.

use super::{DemoError, Person};
use crate::domain::accounts::consents::{self, Answer};
use crate::domain::accounts::external_events::{self, NewEvent, Piece, Whom};
use crate::domain::accounts::feedback::{self, NewFeedback, Submission};
use crate::domain::accounts::preferences::{self, Wishes};
use crate::domain::auth::Viewer;
use crate::domain::loyalty::cards::{self, NewCard};
use crate::platform::db::Tx;
use crate::platform::page::Window;

/// Who collects elsewhere, in which scheme, and the number of their card.
const CARDS: [(&str, &str, &str); 2] =
    [("OCTOPUS_ENERGY", "NECTAR", "9826300055500011127"), ("ORIGIN", "FLYBUYS", "2793123456789012")];

/// The first customer of some brands gives the number of a card of theirs.
pub(super) async fn show_card(tx: &mut Tx, others: &[Person], person: &Person) -> Result<(), DemoError> {
    let brand = person.customer.brand;
    let is_first = others.iter().all(|other| other.customer.brand != brand);
    let Some((_, scheme, number)) = CARDS.iter().find(|(of, ..)| is_first && *of == brand) else {
        return Ok(());
    };
    let card = NewCard { user: person.user, scheme, number };
    cards::keep(tx, &Viewer::customer(person.user), &card).await?;
    Ok(())
}

/// Somebody who has joined agrees to the first thing that their market asks of an account. Who will bring friends
/// along wants to hear of offers.
pub(super) async fn settle_in(tx: &mut Tx, person: &Person) -> Result<(), DemoError> {
    let viewer = Viewer::customer(person.user);
    let number = person.numbers.first().map(String::as_str).unwrap_or_default();
    let asked = consents::of_accounts(tx, &viewer, &[person.account]).await?.pop().unwrap_or_default();
    if let Some(consent) = asked.into_iter().next() {
        let source = Some("ONBOARDING".to_owned());
        let answer = Answer { code: consent.code, value: Some("ACCEPTED".to_owned()), source };
        consents::answer_for_account(tx, &viewer, number, &[answer]).await?;
    }
    if person.customer.reward.is_some() {
        let wishes = Wishes { offer_messages: Some(true), ..Wishes::default() };
        preferences::update(tx, &viewer, &wishes).await?;
    }
    Ok(())
}

/// Somebody calls about a fee, as the telephone system tells, and says how it went.
pub(super) async fn call_about_fee(tx: &mut Tx, clerk: &Viewer, person: &Person) -> Result<(), DemoError> {
    let number = person.numbers.first().map(String::as_str).unwrap_or_default();
    let event = NewEvent {
        category: "COMMUNICATIONS".to_owned(),
        subcategory: Some("TELEPHONE".to_owned()),
        description: Some("Called about the late payment fee.".to_owned()),
        occurred_at: None,
        content: vec![Piece {
            description: "Summary".to_owned(),
            content_type: "PLAINTEXT".to_owned(),
            value: "Did not know when payments are due; sent the dates.".to_owned(),
        }],
    };
    external_events::record(tx, clerk, Whom::Account(number), &event).await?;
    let source = "FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP";
    let new = NewFeedback {
        account_number: number.to_owned(),
        source: source.to_owned(),
        ..NewFeedback::default()
    };
    let opened = feedback::open(tx, clerk, &new).await?;
    let forms = feedback::open_forms(tx, clerk, number, Some(source), &Window::forward(0, 1)).await?;
    let Some(form) = forms.and_then(|page| page.rows.into_iter().next()) else { return Ok(()) };
    let given = Submission {
        feedback: opened.id,
        account_number: number.to_owned(),
        form: form.id,
        answer: Some("8".to_owned()),
        is_resolved: true,
    };
    feedback::submit(tx, &Viewer::customer(person.user), &given).await?;
    Ok(())
}
