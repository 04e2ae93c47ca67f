//! Regular gifts through the bill: `contributionSchemes`, `createContributionAgreement`, `endContributionAgreement`.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::ledgers::contribution_periods::{self, Period};
use crate::domain::ledgers::contributions::{self, Agreement, ContributionError, NewAgreement, Scheme};
use crate::graphql::{FieldError, Node, Resolved};

/// An agreement that was made or ended just now.
struct Agreed(Agreement);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.contributionSchemes", schemes);
    b.root("Mutation.createContributionAgreement", create_agreement);
    b.root("Mutation.endContributionAgreement", end_agreement);
    for payload in ["CreateContributionAgreement", "EndContributionAgreement"] {
        b.parts::<Agreed>(payload, &[("contributionAgreement", |a| Resolved::node(a.0.clone()))]);
    }
    b.batch("AccountType.contributionAgreements", agreements_of);
    b.batch("ContributionAgreementType.contributionScheme", schemes_of);
    b.batch("ContributionAgreementType.periods", periods_of);
    b.batch("ContributionPeriodType.agreement", agreements_of_periods);
    b.leaves::<Scheme>(
        "ContributionSchemeType",
        &[
            ("id", |s| s.id.into()),
            ("code", |s| (&s.code).into()),
            ("displayName", |s| (&s.display_name).into()),
            ("taxable", |s| s.taxable.into()),
            ("acceptingContributions", |s| s.accepting_contributions.into()),
        ],
    );
    b.leaves::<Agreement>(
        "ContributionAgreementType",
        &[
            ("id", |a| a.id.into()),
            ("interval", |a| (&a.every).into()),
            ("activeFrom", |a| a.active_from.into()),
            ("activeTo", |a| a.active_to.into()),
            ("amount", |a| a.amount.0.into()),
        ],
    );
    b.leaves::<Period>(
        "ContributionPeriodType",
        &[
            ("id", |p| p.id.into()),
            ("fulfilledAt", |p| p.fulfilled_at.into()),
            ("periodFrom", |p| p.period_from.into()),
            ("periodTo", |p| p.period_to.into()),
        ],
    );
}

async fn schemes(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    Ok(Resolved::nodes(contributions::schemes(&mut view).await.map_err(FieldError::internal)?))
}

async fn schemes_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Agreement>()?.iter().map(|agreement| agreement.scheme_id).collect();
    let mut view = call.cx.read().await?;
    let found = contributions::schemes_by_ids(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn agreements_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let found = contributions::of_accounts(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}

async fn agreements_of_periods(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Period>()?.iter().map(|period| period.agreement_id).collect();
    let mut view = call.cx.read().await?;
    let found = contributions::by_ids(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}

async fn periods_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Agreement>()?.iter().map(|agreement| agreement.id).collect();
    let mut view = call.cx.read().await?;
    let pages = contribution_periods::page_of_agreements(&mut view, &ids, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgreementInput {
    account_number: String,
    scheme_code: String,
    interval: String,
    amount: i64,
    active_from: DateTime<Utc>,
    active_to: Option<DateTime<Utc>>,
}

async fn create_agreement(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AgreementInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let made = call.cx.write("Mutation.createContributionAgreement", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let new = NewAgreement {
                account_number: &input.account_number,
                scheme: &input.scheme_code,
                every: &input.interval,
                amount: input.amount,
                active_from: input.active_from,
                active_to: input.active_to,
            };
            contributions::create(tx, viewer, &new).await
        })
    });
    made.await.map(|agreement| Resolved::node(Agreed(agreement))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndInput {
    contribution_agreement_id: String,
    end_at: Option<DateTime<Utc>>,
}

async fn end_agreement(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: EndInput = call.arg("input")?;
    let subject = Some(input.contribution_agreement_id.as_str());
    let ended = call.cx.write("Mutation.endContributionAgreement", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            // No row has a number of zero or less.
            let id = input.contribution_agreement_id.parse().unwrap_or(0);
            contributions::end(tx, viewer, id, input.end_at).await
        })
    });
    ended.await.map(|agreement| Resolved::node(Agreed(agreement))).map_err(refusal)
}

fn refusal(error: ContributionError) -> FieldError {
    match error {
        ContributionError::Unauthorised => FieldError::code("KT-CT-4123"),
        ContributionError::Invalid(field, why) => {
            FieldError::code("KT-CT-9601").describe(why).at_input(&["input", field])
        }
        ContributionError::GivesAlready | ContributionError::NoLedger => {
            FieldError::code("KT-CT-9602").describe(format!("Nothing was agreed: {error}."))
        }
        ContributionError::Unknown => FieldError::code("KT-CT-9603"),
        ContributionError::CannotEnd => FieldError::code("KT-CT-9604")
            .describe("It has ended, or would end in the past or later than it already does."),
        ContributionError::NotPositive => FieldError::code("KT-CT-9605").at_input(&["input", "amount"]),
        ContributionError::NotAccepting => FieldError::code("KT-CT-9606").at_input(&["input", "schemeCode"]),
        ContributionError::Database(error) => FieldError::internal(error),
    }
}
