//! Who works leads and opportunities: a member of staff, a team, a sales partner, or several of them.

use super::lead::Lead;
use super::opportunities::Opportunity;
use super::{LeadError, admit, conversion, lead, opportunities};
use crate::domain::accounts::assignees::{self, row_id};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, statement};

/// Who is to work it. What is left out stays, an empty text takes it away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Workers<'a> {
    /// E-mail of a member of staff.
    pub username: Option<&'a str>,
    /// Or row id of one.
    pub user: Option<&'a str>,
    /// Name of an operations team.
    pub team_name: Option<&'a str>,
    /// Or row id of one.
    pub team: Option<&'a str>,
    /// Number of a sales partner.
    pub affiliate: Option<&'a str>,
}

/// Row ids as they are to be set: outside whether at all, inside whether to anybody.
type Slot = Option<Option<i64>>;

statement!(static AFFILIATE: (i64,) = "select id from affiliate_organisations where number = $1");
statement!(static PUT_LEAD: () = "
    update leads set support_user_id = case when $2 then $3 else support_user_id end,
        team_id = case when $4 then $5 else team_id end
    where id = $1");
statement!(static PUT_OPPORTUNITY: () = "
    update opportunities set support_user_id = case when $2 then $3 else support_user_id end,
        team_id = case when $4 then $5 else team_id end, affiliate_id = case when $6 then $7 else affiliate_id end
    where id = $1");

/// Gives a lead to somebody else.
///
/// # Errors
/// `Forbidden`, `NoLead`, `Invalid`.
pub async fn of_lead(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    workers: &Workers<'_>,
) -> Result<Lead, LeadError> {
    admit(viewer)?;
    let held = conversion::hold(tx, viewer, number).await?;
    let (user, team) = (employee(tx, workers).await?, team(tx, workers).await?);
    let put = PUT_LEAD.command().bind(held.id).bind(user.is_some()).bind(user.flatten());
    put.bind(team.is_some()).bind(team.flatten()).execute(&mut *tx).await?;
    lead::by_number(tx, viewer, number).await?.ok_or(LeadError::NoLead)
}

/// Gives an opportunity to somebody else.
///
/// # Errors
/// `Forbidden`, `NoOpportunity`, `Invalid`.
pub async fn of_opportunity(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    workers: &Workers<'_>,
) -> Result<Opportunity, LeadError> {
    let held = opportunities::hold(tx, viewer, number).await?;
    let (user, team) = (employee(tx, workers).await?, team(tx, workers).await?);
    let affiliate: Slot = match workers.affiliate {
        None => None,
        Some("") => Some(None),
        Some(number) => {
            let found = AFFILIATE.query().bind(number).fetch_optional(&mut *tx).await?;
            Some(Some(found.ok_or_else(|| unknown("sales partner"))?.0))
        }
    };
    let put = PUT_OPPORTUNITY.command().bind(held.id).bind(user.is_some()).bind(user.flatten());
    let put = put.bind(team.is_some()).bind(team.flatten());
    put.bind(affiliate.is_some()).bind(affiliate.flatten()).execute(&mut *tx).await?;
    opportunities::by_number(tx, viewer, number).await?.ok_or(LeadError::NoOpportunity)
}

fn unknown(what: &str) -> LeadError {
    LeadError::Invalid(format!("There is no such {what}."))
}

async fn employee(tx: &mut Tx, named: &Workers<'_>) -> Result<Slot, LeadError> {
    match (named.user, named.username) {
        (None, None) => Ok(None),
        (Some(""), _) | (None, Some("")) => Ok(Some(None)),
        (user, username) => {
            let id = row_id(user).ok_or_else(|| unknown("employee"))?;
            let found = assignees::employee(tx, id, username).await?;
            let (id, _) = found.filter(|(_, is_there)| *is_there).ok_or_else(|| unknown("employee"))?;
            Ok(Some(Some(id)))
        }
    }
}

async fn team(tx: &mut Tx, named: &Workers<'_>) -> Result<Slot, LeadError> {
    match (named.team, named.team_name) {
        (None, None) => Ok(None),
        (Some(""), _) | (None, Some("")) => Ok(Some(None)),
        (team, name) => {
            let id = row_id(team).ok_or_else(|| unknown("team"))?;
            Ok(Some(Some(assignees::team(tx, id, name).await?.ok_or_else(|| unknown("team"))?)))
        }
    }
}
