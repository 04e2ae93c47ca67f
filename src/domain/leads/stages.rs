//! From stage to stage. Each move leaves a row; what a stage needs has to be there.

use serde_json::Value;

use super::funnels::{self, Stage};
use super::{LeadError, details, opportunities};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, statement};

/// What moves, by row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mover {
    Lead(i64),
    Opportunity(i64),
}

statement!(static INITIAL: (i64, String) = "select id, code from sales_stages where funnel_id = $1 and is_initial");
statement!(static IS_ELSEWHERE: (bool,) = "
    select exists (select from sales_stages where code = $1 and funnel_id <> $2)");
statement!(static FOLLOWS: (bool,) = "
    select exists (select from sales_stage_steps where from_id = $1 and to_id = $2)");
statement!(static NOTE: () = "
    insert into sales_stage_moves (lead_id, opportunity_id, from_id, to_id, at, by_kind, by_id)
    values ($1, $2, $3, $4, $5, $6, $7)");
statement!(static PUT_LEAD: () = "update leads set stage_id = $2 where id = $1");
statement!(static PUT_OPPORTUNITY: () = "update opportunities set stage_id = $2, outcome = $3, closed_at = $4 where id = $1");

/// The stage in which a funnel begins.
pub(super) async fn initial(tx: &mut Tx, funnel: i64) -> Result<(i64, String), LeadError> {
    INITIAL.query().bind(funnel).fetch_optional(&mut *tx).await?.ok_or(LeadError::NoInitialStage)
}

/// Whether one stage follows another, with these details.
pub(super) async fn follows(tx: &mut Tx, from: i64, to: &Stage, known: &Value) -> Result<(), LeadError> {
    let (follows,) = FOLLOWS.query().bind(from).bind(to.id).fetch_one(&mut *tx).await?;
    if !follows {
        return Err(LeadError::NoStep);
    }
    match details::missing(tx, to.funnel_id, known).await? {
        Some(names) if to.needs_details => Err(LeadError::Needs(names)),
        _ => Ok(()),
    }
}

/// Puts whatever moves into a stage, and notes that it came there.
pub(super) async fn put(
    tx: &mut Tx,
    viewer: &Viewer,
    mover: Mover,
    from: Option<i64>,
    to: i64,
    outcome: Option<&str>,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let (lead, opportunity) = match mover {
        Mover::Lead(id) => (Some(id), None),
        Mover::Opportunity(id) => (None, Some(id)),
    };
    match (from, mover) {
        (None, _) => {}
        (Some(_), Mover::Lead(id)) => {
            PUT_LEAD.command().bind(id).bind(to).execute(&mut *tx).await?;
        }
        (Some(_), Mover::Opportunity(id)) => {
            let put = PUT_OPPORTUNITY.command().bind(id).bind(to).bind(outcome);
            put.bind(outcome.map(|_| now)).execute(&mut *tx).await?;
        }
    }
    if from == Some(to) {
        return Ok(());
    }
    let (kind, by) = hand(viewer);
    let note = NOTE.command().bind(lead).bind(opportunity).bind(from).bind(to).bind(now).bind(kind).bind(by);
    note.execute(&mut *tx).await?;
    Ok(())
}

/// Moves an opportunity on, provided that it stands where the caller believes. Answers the name of the stage. A stage with an
/// outcome closes it, any other opens it again.
///
/// # Errors
/// `Forbidden`, `NoOpportunity`, `NeverThere`, `Moved`, `NoStage`, `OtherFunnel`, `NoStep`, `Needs`.
pub async fn move_on(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    current: &str,
    wanted: &str,
) -> Result<String, LeadError> {
    let held = opportunities::hold(tx, viewer, number).await?;
    let stages = funnels::stages(tx, &[held.funnel_id]).await?.pop().unwrap_or_default();
    let named = |code: &str| stages.iter().find(|stage| stage.code == code);
    let believed = named(current).ok_or(LeadError::NeverThere)?;
    if believed.id != held.stage_id {
        return Err(LeadError::Moved);
    }
    let Some(to) = named(wanted) else {
        let elsewhere = IS_ELSEWHERE.query().bind(wanted).bind(held.funnel_id);
        let (is_elsewhere,) = elsewhere.fetch_one(&mut *tx).await?;
        return Err(if is_elsewhere { LeadError::OtherFunnel } else { LeadError::NoStage });
    };
    follows(tx, held.stage_id, to, &held.details).await?;
    let outcome = to.outcome.as_deref();
    put(tx, viewer, Mover::Opportunity(held.id), Some(held.stage_id), to.id, outcome).await?;
    Ok(to.name.clone())
}

/// Closes an opportunity, `WON` or `LOST`, from wherever it stands; where the funnel has a stage for that, it comes to stand
/// there. Closing it again in the same way changes nothing, in the other puts the outcome right.
///
/// # Errors
/// `Forbidden`, `NoOpportunity`, `Invalid` without an outcome.
pub async fn close(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    outcome: Option<&str>,
) -> Result<(), LeadError> {
    let held = opportunities::hold(tx, viewer, number).await?;
    let outcome = outcome.ok_or_else(|| LeadError::Invalid("An outcome is needed.".to_owned()))?;
    if held.outcome.as_deref() == Some(outcome) {
        return Ok(());
    }
    let stages = funnels::stages(tx, &[held.funnel_id]).await?.pop().unwrap_or_default();
    let end = stages.iter().find(|stage| stage.outcome.as_deref() == Some(outcome));
    let to = end.map_or(held.stage_id, |stage| stage.id);
    put(tx, viewer, Mover::Opportunity(held.id), Some(held.stage_id), to, Some(outcome)).await?;
    Ok(())
}
