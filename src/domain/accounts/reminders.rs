//! Reminders: tasks about accounts, each in the queue of a team or a member of staff. Customers never see them.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::assignees::{self, row_id};
use super::changes::hand;
use super::notes::is_insider;
use super::{accounts, contacts, in_order};
use crate::domain::auth::viewer::{EDIT_CUSTOMERS, Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::page::{self, Page, Window};

/// Longest text of a reminder, in characters.
const LONGEST: usize = 2_000;

/// What is wrong with a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// There is no such account that the viewer may see.
    Account,
    /// There is no such type of reminder.
    Type,
    /// The text is blank, too long or no text.
    Content,
    /// It would be due before now.
    Past,
    /// There is no such member of staff, or no such team.
    Assignee,
}

/// Why no reminder was made.
#[derive(Debug, Error)]
pub enum ReminderError {
    /// The viewer may make no reminders.
    #[error("the viewer may make no reminders")]
    Forbidden,
    /// This cannot be.
    #[error("the reminder is not valid: {0:?}")]
    Invalid(Wrong),
    /// The type is no longer used.
    #[error("reminders of this type are no longer made")]
    Deprecated,
    /// A member of staff and a team were both named.
    #[error("a reminder is for a member of staff or for a team")]
    Both,
    /// Nobody was named, and nobody takes up reminders of this type by themselves.
    #[error("nobody takes the reminder up")]
    Nobody,
    /// Whoever is to take it up no longer works here.
    #[error("the member of staff is no longer there")]
    Left,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ReminderError);

/// Who is to take a reminder up, as the caller names them; nobody, if all are left out. Several names of the same must
/// fit together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Assignee<'a> {
    /// E-mail of a member of staff.
    pub username: Option<&'a str>,
    /// Row id of a member of staff.
    pub user: Option<&'a str>,
    /// Name of an operations team.
    pub team_name: Option<&'a str>,
    /// Row id of an operations team.
    pub team: Option<&'a str>,
}

/// What a reminder is made with.
#[derive(Clone, Copy, Debug)]
pub struct NewReminder<'a> {
    /// Number of the account.
    pub account: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// What is to be done.
    pub content: &'a str,
    /// When it is to be done; otherwise as its type has it.
    pub due_at: Option<DateTime<Utc>>,
    /// By whom.
    pub assignee: Assignee<'a>,
}

row! {
    /// A reminder.
    pub struct Reminder {
        /// Row id.
        pub id: i64,
        /// Its type.
        pub reminder_type: String,
        /// Whether the type is one of the platform's own.
        pub is_managed: bool,
        /// What is to be done.
        pub content: String,
        /// When it is to be done.
        pub due_at: DateTime<Utc>,
        /// E-mail of the member of staff who takes it up.
        pub username: Option<String>,
        /// Name of the team that takes it up.
        pub team: Option<String>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
    }
}

row! {
    struct Kind {
        is_deprecated: bool,
        due_days: i16,
        team_id: Option<i64>,
    }
}

statement!(static KIND: Kind = "
    select t.is_deprecated, t.due_days,
        coalesce(t.team_id, (select p.operations_team_id from portfolios p where p.id = $2)) as team_id
    from reminder_types t where t.name = $1");
statement!(static ADD: (i64,) = "
    insert into account_reminders (account_id, reminder_type, content, due_at, support_user_id, team_id, by_kind, by_id,
        created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id");
statement!(static BY_ID: Reminder = concat!("
    select r.id, r.reminder_type, t.is_managed, r.content, r.due_at, u.email as username, team.name as team, r.created_at
    from account_reminders r join accounts a on a.id = r.account_id join reminder_types t on t.name = r.reminder_type
        left join support_users u on u.id = r.support_user_id left join operations_teams team on team.id = r.team_id
    where r.id = any($3::bigint[]) and ", account_is_visible!()));
statement!(static COUNT: (i64, i64) = "
    select account_id, count(*) from account_reminders where account_id = any($1::bigint[]) group by account_id");
statement!(static PAGE: (i64, i64) = "
    select parents.id, inside.id
    from (select distinct * from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select r.id, r.due_at from account_reminders r where r.account_id = parents.id
        order by r.due_at, r.id offset parents.skip limit parents.take
    ) inside order by parents.id, inside.due_at, inside.id");

/// Makes a reminder. Whoever asks twice has made two.
pub async fn add(tx: &mut Tx, viewer: &Viewer, new: &NewReminder<'_>) -> Result<Reminder, ReminderError> {
    if !viewer.may(EDIT_CUSTOMERS) {
        return Err(ReminderError::Forbidden);
    }
    let account = accounts::by_number(tx, viewer, new.account).await?;
    let account = account.ok_or(ReminderError::Invalid(Wrong::Account))?;
    let content = contacts::text(new.content, LONGEST).ok_or(ReminderError::Invalid(Wrong::Content))?;
    let kind = KIND.query().bind(new.kind).bind(account.portfolio_id).fetch_optional(&mut *tx).await?;
    let kind = kind.ok_or(ReminderError::Invalid(Wrong::Type))?;
    if kind.is_deprecated {
        return Err(ReminderError::Deprecated);
    }
    let now = tx.business_now().await?;
    let due_at = new.due_at.unwrap_or(now + TimeDelta::days(kind.due_days.into()));
    if due_at < now {
        return Err(ReminderError::Invalid(Wrong::Past));
    }
    let (user, team) = assigned(tx, &new.assignee, kind.team_id).await?;
    let (by_kind, by_id) = hand(viewer);
    let add = ADD.query().bind(account.id).bind(new.kind).bind(content).bind(due_at).bind(user).bind(team);
    let (id,) = add.bind(by_kind).bind(by_id).bind(now).fetch_one(&mut *tx).await?;
    Ok(by_ids(tx, viewer, &[id]).await?.pop().flatten().ok_or(sqlx::Error::RowNotFound)?)
}

/// The member of staff or the team that takes a reminder up: whoever is named, else the team that does so by itself.
async fn assigned(
    tx: &mut Tx,
    named: &Assignee<'_>,
    usual: Option<i64>,
) -> Result<(Option<i64>, Option<i64>), ReminderError> {
    let names_user = named.username.is_some() || named.user.is_some();
    let names_team = named.team_name.is_some() || named.team.is_some();
    let unknown = || ReminderError::Invalid(Wrong::Assignee);
    match (names_user, names_team) {
        (true, true) => Err(ReminderError::Both),
        (true, false) => {
            let id = row_id(named.user).ok_or_else(unknown)?;
            let found = assignees::employee(tx, id, named.username).await?;
            let (id, is_active) = found.ok_or_else(unknown)?;
            if is_active { Ok((Some(id), None)) } else { Err(ReminderError::Left) }
        }
        (false, true) => {
            let id = row_id(named.team).ok_or_else(unknown)?;
            let found = assignees::team(tx, id, named.team_name).await?;
            Ok((None, Some(found.ok_or_else(unknown)?)))
        }
        (false, false) => usual.map(|team| (None, Some(team))).ok_or(ReminderError::Nobody),
    }
}

async fn by_ids(tx: &mut Tx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Option<Reminder>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |reminder| reminder.id))
}

/// One page of the reminders about each of these accounts, which the viewer sees, the first due first; `None` for
/// whoever is no [insider](is_insider). Two statements, and one more for totals.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    window: &Window,
) -> Result<Option<Vec<Page<Reminder>>>, sqlx::Error> {
    if !is_insider(viewer) {
        return Ok(None);
    }
    let totals = if window.needs_total() {
        Some(COUNT.query().bind(accounts).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let query = PAGE.query().bind(accounts).bind(&slices.offsets).bind(&slices.limits);
    let inside = query.fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = inside.iter().map(|(_, id)| *id).collect();
    let reminders = by_ids(tx, viewer, &ids).await?;
    let rows =
        inside.iter().zip(reminders).filter_map(|((account, _), reminder)| Some((*account, reminder?)));
    Ok(Some(page::pages(window, accounts, totals.as_ref(), rows)))
}
