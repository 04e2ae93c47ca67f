//! `createAccountReminder`, `createReminder` and the reminders of an account.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::reminders::{self, Assignee, NewReminder, Reminder, ReminderError, Wrong};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

const INVALID: &str = "KT-CT-1401";
const UNABLE: &str = "KT-CT-1402";

/// The reminder that was made.
struct Made(Reminder);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createAccountReminder", create_account_reminder);
    b.root("Mutation.createReminder", create_reminder);
    b.batch("AccountType.reminders", reminders_of);
    b.dark(&[
        "CreateReminderInput.businessId",
        "CreateReminderInput.reopenInkConversation",
        "CreateReminderInput.params",
    ]);
    b.parts::<Made>("CreateAccountReminder", &[("accountReminder", |m| Resolved::node(m.0.clone()))]);
    b.parts::<Made>("CreateReminder", &[("reminder", |m| Resolved::node(m.0.clone()))]);
    b.leaves::<Reminder>(
        "AccountReminder",
        &[
            ("reminderType", |r| (&r.reminder_type).into()),
            ("content", |r| (&r.content).into()),
            ("dueAt", |r| r.due_at.into()),
        ],
    );
    b.leaves::<Reminder>(
        "Reminder",
        &[
            ("id", |r| r.id.into()),
            ("reminderTypeName", |r| (&r.reminder_type).into()),
            ("isKrakenManaged", |r| r.is_managed.into()),
            ("content", |r| (&r.content).into()),
            ("dueAt", |r| r.due_at.into()),
            ("assigneeUsername", |r| (&r.username).into()),
            ("assigneeTeamName", |r| (&r.team).into()),
            ("createdAt", |r| r.created_at.into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountInput {
    account_number: String,
    reminder_type: String,
    content: String,
    due_at: DateTime<Utc>,
}

async fn create_account_reminder(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AccountInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let made = call.cx.write("Mutation.createAccountReminder", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let new = NewReminder {
                account: &input.account_number,
                kind: &input.reminder_type,
                content: &input.content,
                due_at: Some(input.due_at),
                assignee: Assignee::default(),
            };
            reminders::add(tx, viewer, &new).await
        })
    });
    made.await.map(|reminder| Resolved::node(Made(reminder))).map_err(|error| match error {
        ReminderError::Forbidden => FieldError::code(FORBIDDEN),
        ReminderError::Invalid(Wrong::Type) => invalid(Wrong::Type, "reminderType"),
        ReminderError::Invalid(wrong) => invalid(wrong, place(wrong)),
        ReminderError::Database(error) => FieldError::internal(error),
        other => FieldError::code(UNABLE).describe(format!("The reminder was not made: {other}.")),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    account_number: Option<String>,
    reminder_type_name: String,
    content: String,
    due_at: Option<DateTime<Utc>>,
    assignee_username: Option<String>,
    assignee_id: Option<String>,
    assignee_team_name: Option<String>,
    assignee_team_id: Option<String>,
}

async fn create_reminder(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let number = input.account_number.as_deref();
    let made = call.cx.write("Mutation.createReminder", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let assignee = Assignee {
                username: input.assignee_username.as_deref(),
                user: input.assignee_id.as_deref(),
                team_name: input.assignee_team_name.as_deref(),
                team: input.assignee_team_id.as_deref(),
            };
            let new = NewReminder {
                account: input.account_number.as_deref().unwrap_or_default(),
                kind: &input.reminder_type_name,
                content: &input.content,
                due_at: input.due_at,
                assignee,
            };
            reminders::add(tx, viewer, &new).await
        })
    });
    made.await.map(|reminder| Resolved::node(Made(reminder))).map_err(|error| match error {
        ReminderError::Forbidden => FieldError::code(FORBIDDEN),
        ReminderError::Invalid(wrong) => invalid(wrong, place(wrong)),
        ReminderError::Left => FieldError::code(UNABLE).describe("The assignee is no longer there."),
        ReminderError::Nobody => FieldError::code("KT-CT-1403"),
        ReminderError::Deprecated => FieldError::code("KT-CT-1404").at_input(&["input", "reminderTypeName"]),
        ReminderError::Both => FieldError::code("KT-CT-1405").at_input(&[]),
        ReminderError::Database(error) => FieldError::internal(error),
    })
}

fn place(wrong: Wrong) -> &'static str {
    match wrong {
        Wrong::Account => "accountNumber",
        Wrong::Type => "reminderTypeName",
        Wrong::Content => "content",
        Wrong::Past => "dueAt",
        Wrong::Assignee => "assigneeId",
    }
}

fn invalid(wrong: Wrong, field: &str) -> FieldError {
    let why = match wrong {
        Wrong::Account => "There is no account with this number.",
        Wrong::Type => "There is no such type of reminder.",
        Wrong::Content => "The text must have between 1 and 2000 characters.",
        Wrong::Past => "A reminder cannot be due before now.",
        Wrong::Assignee => "There is no such employee or team.",
    };
    FieldError::code(INVALID).describe(why).at_input(&["input", field])
}

/// Null for whoever sees no reminders.
async fn reminders_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    let pages = reminders::of_accounts(&mut view, call.cx.viewer(), &ids, &window)
        .await
        .map_err(FieldError::internal)?;
    Ok(match pages {
        Some(pages) => pages.into_iter().map(|page| connection(page, Node::new)).collect(),
        None => ids.iter().map(|_| Resolved::Null).collect(),
    })
}
