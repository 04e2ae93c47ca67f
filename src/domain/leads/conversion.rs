//! Leads that become customers: an account is theirs, and they are won.

use serde_json::Value;

use super::details::Item;
use super::lead::Lead;
use super::stages::Mover;
use super::{
    LeadError, admit, contacts, details, funnels, kind, lead, lead_is_visible, opportunities, stages,
};
use crate::domain::accounts::consents::{self, Answer, ConsentError};
use crate::domain::accounts::details::Wishes;
use crate::domain::accounts::shells::{self, Company, NewShell};
use crate::domain::accounts::{accounts, address};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, row, statement};
use crate::platform::random::Randomness;

row! {
    /// A lead that is about to change.
    pub(super) struct Held {
        pub(super) id: i64,
        number: String,
        lead_type: String,
        brand: String,
        national_id: Option<String>,
        billing_name: String,
        billing_address_id: Option<i64>,
        funnel_id: i64,
        stage_id: i64,
        details: Value,
        account_id: Option<i64>,
        organisation_id: Option<i64>,
    }
}

macro_rules! held {
    () => {
        "select l.id, l.number, l.lead_type, l.brand, l.national_id, l.billing_name, l.billing_address_id, l.funnel_id, \
         l.stage_id, l.details, l.account_id, l.organisation_id from leads l"
    };
}

statement!(static HOLD: Held = concat!(held!(), " where l.number = $3 and ", lead_is_visible!(), " for no key update of l"));
statement!(static HOLD_BY_ID: Held = concat!(held!(), " where l.id = $1 for no key update of l"));
statement!(static KEEP: () = "update leads set details = $2 where id = $1");
statement!(static PUT_ACCOUNT: () = "update leads set account_id = $2 where id = $1");
statement!(static IS_GRANTED: (bool,) = "
    select exists (select from organisation_grants where organisation_id = $1 and account_id = $2)");
statement!(static HOLDER: (i64,) = "
    select r.user_id from account_user_roles r where r.account_id = $1 order by r.role = 'ACCOUNT_OWNER' desc, r.user_id
    limit 1");

/// Holds the lead with a number until the transaction ends.
pub(super) async fn hold(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Held, LeadError> {
    let hold = HOLD.query().bind(kind(viewer)).bind(viewer.id()).bind(number);
    hold.fetch_optional(&mut *tx).await?.ok_or(LeadError::NoLead)
}

/// Changes details of a lead, all or none, and names the account that it became, which wins it.
///
/// # Errors
/// `Forbidden`, `NoLead`, `Invalid`, `Account`, `NoStage`, `NoStep`, `Needs`.
pub async fn update(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    items: &[Item],
    account: Option<&str>,
) -> Result<Lead, LeadError> {
    admit(viewer)?;
    let mut held = hold(tx, viewer, number).await?;
    let details = details::changed(tx, held.funnel_id, &held.details, items).await?;
    if details != held.details {
        KEEP.command().bind(held.id).bind(&details).execute(&mut *tx).await?;
        held.details = details;
    }
    if let Some(account) = account {
        let found = accounts::by_number(tx, viewer, account).await?;
        let found = found.ok_or(LeadError::Account("There is no such account."))?;
        if found.brand != held.brand {
            return Err(LeadError::Account("The account is of another brand."));
        }
        belongs(tx, &held, found.id).await?;
        link(tx, &held, found.id).await?;
        win(tx, viewer, &held).await?;
    }
    lead::by_number(tx, viewer, number).await?.ok_or(LeadError::NoLead)
}

/// What an organisation brought becomes an account that the organisation sees.
async fn belongs(tx: &mut Tx, held: &Held, account: i64) -> Result<(), LeadError> {
    let Some(organisation) = held.organisation_id else { return Ok(()) };
    let (is_granted,) = IS_GRANTED.query().bind(organisation).bind(account).fetch_one(&mut *tx).await?;
    if is_granted {
        Ok(())
    } else {
        Err(LeadError::Account("Who brought the lead does not see the account."))
    }
}

/// The lead became a customer: it comes to stand where leads are won.
async fn win(tx: &mut Tx, viewer: &Viewer, held: &Held) -> Result<(), LeadError> {
    let stages = funnels::stages(tx, &[held.funnel_id]).await?.pop().unwrap_or_default();
    let won = stages.iter().find(|stage| stage.outcome.as_deref() == Some("WON"));
    let won = won.ok_or(LeadError::NoStage)?;
    if won.id != held.stage_id {
        stages::follows(tx, held.stage_id, won, &held.details).await?;
        stages::put(tx, viewer, Mover::Lead(held.id), Some(held.stage_id), won.id, None).await?;
    }
    Ok(())
}

/// The lead has this account from now on, and keeps it.
async fn link(tx: &mut Tx, held: &Held, account: i64) -> Result<(), LeadError> {
    match held.account_id {
        Some(known) if known == account => Ok(()),
        Some(_) => Err(LeadError::Account("The lead has become another account.")),
        None => {
            PUT_ACCOUNT.command().bind(held.id).bind(account).execute(&mut *tx).await?;
            Ok(())
        }
    }
}

/// The number of the account that belongs to an opportunity: the one that its lead became, or else a prospect's, which is opened
/// for it and takes over what was agreed to. Nobody can log in to it yet, and nothing is won by it.
///
/// # Errors
/// `Forbidden`, `NoOpportunity`, `Invalid`, `Account`.
pub async fn account_for(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    opportunity: &str,
) -> Result<String, LeadError> {
    let held = opportunities::hold(tx, viewer, opportunity).await?;
    let lead = HOLD_BY_ID.query().bind(held.lead_id).fetch_one(&mut *tx).await?;
    if let Some(account) = lead.account_id {
        let found = accounts::by_ids(tx, viewer, &[account]).await?.pop().flatten();
        return found
            .map(|account| account.number)
            .ok_or(LeadError::Account("The account is not shown to you."));
    }
    let contact =
        contacts::of_leads(tx, &[lead.id], None).await?.pop().and_then(|all| all.into_iter().next());
    let contact = contact.ok_or(sqlx::Error::RowNotFound)?;
    let home = lead
        .billing_address_id
        .ok_or_else(|| LeadError::Invalid("An account needs an address to send bills to.".to_owned()))?;
    let address = address::by_ids(tx, &[home]).await?.pop().flatten();
    let company = (lead.lead_type == "BUSINESS").then(|| Company {
        name: &lead.billing_name,
        number: lead.national_id.as_deref().unwrap_or_default(),
        form: "TO_BE_DETERMINED",
    });
    let new = NewShell {
        brand: &lead.brand,
        person: Wishes {
            given_name: Some(contact.given_name.clone()),
            family_name: Some(contact.family_name.clone()),
            email: Some(contact.email.clone()).filter(|email| !email.is_empty()),
            mobile: Some(contact.phone.clone()).filter(|phone| !phone.is_empty()),
            ..Wishes::default()
        },
        billing_name: Some(&lead.billing_name),
        address,
        urn: Some(&lead.number),
        company,
        ..NewShell::default()
    };
    let opened = shells::open(tx, random, viewer, &new, None).await?;
    let account = accounts::by_number(tx, viewer, &opened.number).await?;
    let account = account.ok_or(LeadError::Account("The account is not shown to you."))?;
    link(tx, &lead, account.id).await?;
    carry_consents(tx, viewer, account.id, contact.id).await?;
    Ok(opened.number)
}

/// What was agreed to before there was an account is agreed to now.
async fn carry_consents(tx: &mut Tx, viewer: &Viewer, account: i64, contact: i64) -> Result<(), LeadError> {
    let given = contacts::consents(tx, &[contact]).await?.pop().unwrap_or_default();
    let answers: Vec<Answer> = given
        .into_iter()
        .map(|given| Answer { code: given.code, value: Some(given.value), source: None })
        .collect();
    let (holder,) = HOLDER.query().bind(account).fetch_one(&mut *tx).await?;
    match consents::carry_over(tx, viewer, account, holder, &answers).await {
        Ok(()) => Ok(()),
        Err(ConsentError::Database(error)) => Err(error.into()),
        // They were judged when they were given.
        Err(other) => Err(LeadError::Invalid(other.to_string())),
    }
}
