//! Rewards for bringing customers and for joining: the schemes, who brought whom, partners' codes.

use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::Account;
use crate::domain::loyalty::referrals::claim_codes::{self, ClaimCode};
use crate::domain::loyalty::referrals::lists::{self, Referral};
use crate::domain::loyalty::referrals::making::{self, ReferralError};
use crate::domain::loyalty::referrals::path;
use crate::domain::loyalty::referrals::schemes::{self, Offer};
use crate::graphql::{FieldError, Node, Resolved};

/// What an account can pass on.
#[derive(Clone)]
struct Offers(Vec<Offer>);

/// The newcomer gets so much, in minor units.
struct Referred(i32);
/// The newcomer's account gets what a scheme gives.
struct Applied(Referral);
/// A partner's code was redeemed.
struct Redeemed;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.activeDomesticSignupRewardScheme", latest);
    b.root("Query.domesticSignupRewardScheme", of_signup);
    b.root("Query.domesticJoiningRewardScheme", of_joining);
    b.root("Query.domesticAccountReferralRewardScheme", of_household);
    b.root("Query.businessAccountReferralRewardScheme", of_business);
    b.root("Query.validateReferralCode", validate);
    b.root("Mutation.createReferral", refer);
    b.root("Mutation.addSignupReferralOnAccount", apply);
    b.root("Mutation.redeemReferralClaimCode", redeem);
    b.batch("AccountType.referrals", brought);
    b.batch("AccountType.referralsCreated", counted);
    b.batch("AccountType.activeReferralSchemes", offers);
    b.batch("ReferralSchemeType.referralUrl", urls);
    b.batch("ReferralSchemeType.referralDisplayUrl", shown_urls);
    b.batch("ReferralClaimCodeType.accountReferral", became);
    schemes_of(b);
    referrals_of(b);
}

fn schemes_of(b: &mut Bindings) {
    b.leaves::<Offer>(
        "ReferralSchemeType",
        &[
            ("referrerRewardAmount", |o| o.referrer_amount.into()),
            ("referredRewardAmount", |o| o.referred_amount.into()),
            ("combinedRewardAmount", |o| o.combined_amount().into()),
            ("loyaltyPointsBonus", |o| o.bonus_points.into()),
            ("canBeReferred", |o| o.is_open().into()),
            ("code", |o| (&o.code).into()),
            ("referrerGivenName", |o| (&o.referrer_given_name).into()),
            ("referrerFamilyName", |o| (&o.referrer_family_name).into()),
            ("schemeType", |o| (&o.scheme_type).into()),
            ("maxRecurrence", |o| o.max_recurrence.into()),
            ("isUsageAtCapacity", |o| o.is_full.into()),
        ],
    );
    b.parts::<Offers>(
        "ReferralSchemeTypes",
        &[("domestic", |o| offer(o, "DOMESTIC")), ("business", |o| offer(o, "BUSINESS"))],
    );
}

fn referrals_of(b: &mut Bindings) {
    b.leaves::<Referral>(
        "ReferralType",
        &[
            ("id", |r| r.id.to_string().into()),
            ("paymentDate", |r| r.paid_on().into()),
            ("schemeType", |r| (&r.scheme_type).into()),
            ("code", |r| (&r.code).into()),
            ("referredUserName", |r| (&r.referred_name).into()),
            ("paymentStatus", |r| r.status().into()),
            ("referredUserJoinDate", |r| r.joined_at.into()),
            ("referredUserPaymentAmount", |r| r.referred_amount.into()),
            ("referringUserPaymentAmount", |r| r.referrer_amount.into()),
            ("combinedPaymentAmount", |r| r.combined_amount().into()),
        ],
    );
    b.leaves::<ClaimCode>(
        "ReferralClaimCodeType",
        &[
            ("id", |c| c.id.into()),
            ("value", |c| (&c.value).into()),
            ("isValid", |c| c.is_valid().into()),
            ("createdAt", |c| c.created_at.into()),
        ],
    );
    b.parts::<ClaimCode>("ReferralClaimCodeType", &[("referralScheme", |c| Resolved::node(c.offer.clone()))]);
    b.leaves::<Referred>("CreateReferral", &[("referredAccountRewardAmount", |r| r.0.into())]);
    b.parts::<Applied>("AddSignupReferralOnAccount", &[("accountReferral", |a| Resolved::node(a.0.clone()))]);
    b.leaves::<Redeemed>("RedeemReferralClaimCode", &[("success", |_| true.into())]);
}

fn offer(offers: &Offers, account_type: &str) -> Resolved {
    Resolved::maybe(offers.0.iter().find(|offer| offer.account_type == account_type).cloned())
}

async fn latest(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    Ok(Resolved::maybe(schemes::latest_signup(&mut view).await.map_err(FieldError::internal)?))
}

async fn of_signup(call: Call<'_>) -> Result<Resolved, FieldError> {
    let code: String = call.arg("code")?;
    let mut view = call.cx.read().await?;
    let found = schemes::of_signup(&mut view, &code).await.map_err(FieldError::internal)?;
    Ok(Resolved::maybe(found.filter(|offer| offer.account_type == "DOMESTIC")))
}

async fn of_joining(call: Call<'_>) -> Result<Resolved, FieldError> {
    let code: String = call.arg("code")?;
    let mut view = call.cx.read().await?;
    Ok(Resolved::maybe(schemes::of_joining(&mut view, &code).await.map_err(FieldError::internal)?))
}

async fn of_household(call: Call<'_>) -> Result<Resolved, FieldError> {
    of_referrer(&call, "DOMESTIC").await
}

async fn of_business(call: Call<'_>) -> Result<Resolved, FieldError> {
    of_referrer(&call, "BUSINESS").await
}

async fn of_referrer(call: &Call<'_>, account_type: &str) -> Result<Resolved, FieldError> {
    let code: String = call.arg("code")?;
    let mut view = call.cx.read().await?;
    let found = schemes::of_referrer(&mut view, &code, account_type).await;
    Ok(Resolved::maybe(found.map_err(FieldError::internal)?))
}

async fn validate(call: Call<'_>) -> Result<Resolved, FieldError> {
    let value: String = call.arg("value")?;
    let mut view = call.cx.read().await?;
    Ok(Resolved::maybe(claim_codes::by_value(&mut view, &value).await.map_err(FieldError::internal)?))
}

/// What partners' codes became, for those who may see the accounts.
async fn became(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let codes: Vec<Option<i64>> = call.parents::<ClaimCode>()?.iter().map(|code| code.redeemed_by).collect();
    let mut view = call.cx.read().await?;
    let mut found = Vec::new();
    for referral in codes {
        let seen = match referral {
            Some(id) => lists::seen(&mut view, call.cx.viewer(), id).await.map_err(FieldError::internal)?,
            None => None,
        };
        found.push(Resolved::maybe(seen));
    }
    Ok(found)
}

async fn urls(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let files = call.cx.app.files();
    let url = |offer: &Offer| Resolved::leaf(files.address(&path(&offer.code)));
    Ok(call.parents::<Offer>()?.into_iter().map(url).collect())
}

/// As people read it out: without the protocol.
async fn shown_urls(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let files = call.cx.app.files();
    let shown = |offer: &Offer| {
        let url = files.address(&path(&offer.code));
        Resolved::leaf(url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).to_owned())
    };
    Ok(call.parents::<Offer>()?.into_iter().map(shown).collect())
}

fn ids(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Account>()?.iter().map(|account| account.id).collect())
}

async fn brought(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (window, ids) = (window(&call)?, ids(&call)?);
    let status: Option<String> = call.arg("status")?;
    let mut view = call.cx.read().await?;
    let pages = lists::page_of_accounts(&mut view, &ids, status.as_deref(), &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn counted(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let counts = lists::counts(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(counts.into_iter().map(Resolved::leaf).collect())
}

async fn offers(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = schemes::of_accounts(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|offers| Resolved::node(Offers(offers))).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    account_number: String,
    /// What stands for who brought the account, a sign-up scheme or a partner's code.
    #[serde(alias = "reference", alias = "schemeCode")]
    code: String,
}

async fn refer(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let done =
        call.cx.write("Mutation.createReferral", Some(&input.account_number), &input, |tx, viewer, input| {
            Box::pin(async move { making::refer(tx, viewer, &input.account_number, &input.code).await })
        });
    Ok(Resolved::node(Referred(done.await.map_err(refusal)?)))
}

async fn apply(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.addSignupReferralOnAccount", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let id = making::apply(tx, viewer, &input.account_number, &input.code).await?;
            Ok::<_, ReferralError>(lists::by_id(tx, id).await?)
        })
    });
    let applied = done.await.map_err(|error| match error {
        ReferralError::Full => FieldError::code("KT-CT-6728"),
        ReferralError::OtherType => FieldError::code("KT-CT-6729"),
        other => refusal(other),
    })?;
    Ok(Resolved::maybe(applied.map(Applied)))
}

async fn redeem(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.redeemReferralClaimCode", number, &input, |tx, viewer, input| {
        Box::pin(async move { making::redeem(tx, viewer, &input.account_number, &input.code).await })
    });
    done.await.map_err(|error| match error {
        ReferralError::UnknownAccount => FieldError::code("KT-CT-6723"),
        ReferralError::UnknownReference => FieldError::code("KT-CT-6724").at_input(&["input", "code"]),
        ReferralError::Redeemed => FieldError::code("KT-CT-6726").at_input(&["input", "code"]),
        ReferralError::NotNow | ReferralError::Full => {
            FieldError::code("KT-CT-6727").at_input(&["input", "code"])
        }
        ReferralError::Database(error) => FieldError::internal(error),
        other => FieldError::code("KT-CT-6725").describe(other.to_string()),
    })?;
    Ok(Resolved::node(Redeemed))
}

/// Why nobody was brought and no scheme applied.
fn refusal(error: ReferralError) -> FieldError {
    match error {
        ReferralError::UnknownAccount => FieldError::code("KT-CT-6723"),
        ReferralError::Self_ => FieldError::code("KT-CT-6711"),
        ReferralError::UnknownReference | ReferralError::Redeemed | ReferralError::NotNow => {
            FieldError::code("KT-CT-6712")
        }
        ReferralError::OtherBrand => FieldError::code("KT-CT-6713"),
        ReferralError::Database(error) => FieldError::internal(error),
        other => FieldError::code("KT-CT-6710").describe(other.to_string()),
    }
}
