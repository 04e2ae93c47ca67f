//! Campaigns that accounts take part in.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::campaigns::{self, CampaignError, Participation};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

const UNAUTHORISED: &str = "KT-CT-4123";

/// The account is in the campaign.
struct Entered;

/// The account is out of the campaign, or will be.
struct Left;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.campaigns", campaigns_of);
    b.root("Mutation.addCampaignToAccount", enter);
    b.root("Mutation.removeCampaignFromAccount", leave);
    b.batch("AccountType.campaigns", of_accounts);
    b.leaves::<Entered>("AddCampaignToAccount", &[("campaignAdded", |_| true.into())]);
    b.leaves::<Left>("RemoveCampaignFromAccount", &[("campaignRemoved", |_| true.into())]);
    b.leaves::<Participation>(
        "AccountCampaignType",
        &[
            ("name", |p| (&p.name).into()),
            ("slug", |p| (&p.slug).into()),
            ("startDate", |p| p.start.into()),
            ("expiryDate", |p| p.end.into()),
            ("campaignExpiryDate", |p| p.campaign_ends.into()),
        ],
    );
}

/// Null for an account that the viewer does not see.
async fn campaigns_of(call: Call<'_>) -> Result<Resolved, FieldError> {
    let (window, number): (_, String) = (window(&call)?, call.arg("accountNumber")?);
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    let found = accounts::by_number(&mut view, viewer, &number).await.map_err(FieldError::internal)?;
    let Some(account) = found else { return Ok(Resolved::Null) };
    let pages = campaigns::of_accounts(&mut view, viewer, &[account.id], &window).await;
    let page = pages.map_err(FieldError::internal)?.pop();
    Ok(page.map_or(Resolved::Null, |page| connection(page, Node::new)))
}

async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let found =
        campaigns::all_of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnterInput {
    account_number: String,
    campaign: String,
}

async fn enter(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: EnterInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.addCampaignToAccount", number, &input, |tx, viewer, input| {
        Box::pin(campaigns::enter(tx, viewer, &input.account_number, &input.campaign))
    });
    done.await.map(|()| Resolved::node(Entered)).map_err(|error| match error {
        CampaignError::Forbidden | CampaignError::UnknownAccount => FieldError::code(UNAUTHORISED),
        CampaignError::NotRunning => FieldError::code("KT-CT-7427").at_input(&["input", "campaign"]),
        other => FieldError::internal(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeaveInput {
    account_number: String,
    campaign_name: String,
    expire_at: Option<NaiveDate>,
}

async fn leave(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: LeaveInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.removeCampaignFromAccount", number, &input, |tx, viewer, input| {
        let (number, campaign) = (&input.account_number, &input.campaign_name);
        Box::pin(campaigns::leave(tx, viewer, number, campaign, input.expire_at))
    });
    done.await.map(|()| Resolved::node(Left)).map_err(|error| match error {
        CampaignError::Forbidden => FieldError::code(FORBIDDEN),
        CampaignError::UnknownAccount | CampaignError::NotIn => FieldError::code("KT-CT-7426"),
        CampaignError::Past => FieldError::code("KT-CT-7424")
            .describe("An account cannot have left before today.")
            .at_input(&["input", "expireAt"]),
        other => FieldError::internal(other),
    })
}
