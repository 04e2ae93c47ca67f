//! What is noted about opportunities: by people, and by automated flows that say how they are doing.

use chrono::{DateTime, Utc};

use super::{LeadError, opportunities};
use crate::domain::accounts::changes::hand;
use crate::domain::accounts::{contacts, grouped};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, Under, row, statement};

/// Longest note, in characters.
const LONGEST: usize = 5_000;

row! {
    struct Note {
        flow_name: Option<String>,
        flow_status: Option<String>,
        text: String,
        at: DateTime<Utc>,
    }
}

impl Note {
    fn on_one_line(&self) -> String {
        let day = self.at.format("%Y-%m-%d %H:%M");
        match (&self.flow_name, &self.flow_status) {
            (Some(name), Some(status)) if self.text.is_empty() => format!("{day} {name}: {status}"),
            (Some(name), Some(status)) => format!("{day} {name}: {status} ({})", self.text),
            _ => format!("{day} {}", self.text),
        }
    }
}

/// How an automated flow is doing.
#[derive(Clone, Copy, Debug)]
pub struct FlowStatus<'a> {
    /// What the flow is called.
    pub name: &'a str,
    /// Which run of it.
    pub flow_id: &'a str,
    /// How it is doing.
    pub status: &'a str,
    /// What there is to say about that.
    pub description: Option<&'a str>,
}

statement!(static ADD: () = "
    insert into opportunity_notes (opportunity_id, flow_id, flow_name, flow_status, text, at, by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8)");
// What a flow says again it has said.
statement!(static LAST: (String, String) = "
    select coalesce(flow_status, ''), text from opportunity_notes
    where opportunity_id = $1 and flow_id = $2 and flow_name = $3 order by id desc limit 1");
statement!(static OF: Under<Note> = "
    select opportunity_id as parent, flow_name, flow_status, text, at from opportunity_notes
    where opportunity_id = any($1::bigint[]) order by opportunity_id, id");

/// What was noted about each of these opportunities, a line a note, by the time of day in UTC. One statement.
///
/// # Errors
/// Those of the database.
pub async fn of(tx: &mut Tx, opportunities: &[i64]) -> Result<Vec<Option<String>>, sqlx::Error> {
    let rows = OF.query().bind(opportunities).fetch_all(&mut *tx).await?;
    let notes = grouped(opportunities, rows.into_iter().map(Under::pair).collect());
    let joined = |notes: Vec<Note>| {
        let lines: Vec<String> = notes.iter().map(Note::on_one_line).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    };
    Ok(notes.into_iter().map(joined).collect())
}

/// Notes something about an opportunity that the caller holds or has just opened.
pub(super) async fn add(tx: &mut Tx, viewer: &Viewer, opportunity: i64, text: &str) -> Result<(), LeadError> {
    let text = contacts::text(text, LONGEST)
        .ok_or_else(|| LeadError::Invalid(format!("A note has between 1 and {LONGEST} characters.")))?;
    let (now, (kind, by)) = (tx.business_now().await?, hand(viewer));
    let add = ADD.command().bind(opportunity).bind(None::<&str>).bind(None::<&str>).bind(None::<&str>);
    add.bind(text).bind(now).bind(kind).bind(by).execute(&mut *tx).await?;
    Ok(())
}

/// Notes how an automated flow is doing. The same again right after leaves no trace.
///
/// # Errors
/// `Forbidden`, `NoOpportunity`, `Invalid`.
pub async fn flow(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    flow: &FlowStatus<'_>,
) -> Result<(), LeadError> {
    let held = opportunities::hold(tx, viewer, number).await?;
    let text = |given: &str, what: &str| {
        let line = contacts::line(given).filter(|line| !line.is_empty());
        line.ok_or_else(|| LeadError::Invalid(format!("The {what} is one line of text.")))
    };
    let (id, name) = (text(flow.flow_id, "flow's identifier")?, text(flow.name, "flow's name")?);
    let status = text(flow.status, "status")?;
    let description = flow.description.unwrap_or_default().trim();
    if description.chars().count() > LONGEST {
        return Err(LeadError::Invalid("The description is too long.".to_owned()));
    }
    let last = LAST.query().bind(held.id).bind(&id).bind(&name).fetch_optional(&mut *tx).await?;
    if last.is_some_and(|(before, said)| before == status && said == description) {
        return Ok(());
    }
    let (now, (kind, by)) = (tx.business_now().await?, hand(viewer));
    let add = ADD.command().bind(held.id).bind(id).bind(name).bind(status).bind(description);
    add.bind(now).bind(kind).bind(by).execute(&mut *tx).await?;
    Ok(())
}
