//! Joining and leaving a loyalty programme; Britain's is called Octoplus.

use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts;
use crate::domain::loyalty::memberships::{self, Ineligibility, MembershipError};
use crate::domain::loyalty::programmes;
use crate::domain::loyalty::taking_part::{self, Wish};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaf, Resolved};

/// The market whose programme is Octoplus.
const OCTOPLUS: &str = "gb";

/// How an account stands with Octoplus.
struct Info {
    is_enrolled: bool,
    is_holder: bool,
    why: Vec<Ineligibility>,
}

/// Whether an account could join.
#[derive(Clone)]
struct Eligibility(Vec<Ineligibility>);

/// Whether it could join a programme that is not Octoplus.
struct Eligible(Vec<Ineligibility>);

/// The account is in the programme.
struct Enrolled;
/// The account is out of it.
struct Unenrolled;
/// Whom the points are for.
struct Holder(String);

/// The account joined Octoplus; and the sessions, if that was wished for.
#[derive(Clone)]
struct Joined(Option<Wish>);

/// What became of the wish.
struct Sessions(Option<Wish>);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.octoplusAccountInfo", info);
    b.root("Query.eligibilityToJoinLoyaltyPointsProgram", eligibility);
    b.root("Mutation.joinOctoplusCampaign", join_octoplus);
    b.root("Mutation.enrollAccountInLoyaltyProgram", enrol);
    b.root("Mutation.unenrollAccountFromLoyaltyProgram", unenrol);
    b.root("Mutation.setLoyaltyPointsUser", name_holder);
    b.leaves::<Info>(
        "OctoplusAccountInfoType",
        &[("isOctoplusEnrolled", |i| i.is_enrolled.into()), ("isLoyaltyPointsUser", |i| i.is_holder.into())],
    );
    b.parts::<Info>(
        "OctoplusAccountInfoType",
        &[("octoplusEligibility", |i| Resolved::node(Eligibility(i.why.clone())))],
    );
    b.leaves::<Eligibility>(
        "OctoplusEligibilityType",
        &[
            ("isEligible", |e| e.0.is_empty().into()),
            ("ineligibilityReason", |e| e.0.first().map(|why| why.code()).into()),
            ("ineligibilityReasons", |e| e.0.iter().map(|why| why.code()).collect::<Vec<_>>().into()),
        ],
    );
    b.leaves::<Eligible>(
        "LoyaltyPointsProgramEligibilityType",
        &[
            ("isEligible", |e| e.0.is_empty().into()),
            ("primaryIneligibilityReason", |e| e.0.first().map(|why| reason(*why)).into()),
        ],
    );
    b.leaves::<Joined>("JoinOctoplusCampaign", &[("success", |_| true.into())]);
    b.parts::<Joined>("JoinOctoplusCampaign", &[("outcome", |j| Resolved::node(j.clone()))]);
    b.parts::<Joined>(
        "EnrolmentOutcome",
        &[
            ("octoplus", |_| Resolved::node(Enrolled)),
            ("savingSessions", |j| Resolved::node(Sessions(j.0.clone()))),
        ],
    );
    b.leaves::<Enrolled>("OctoplusEnrolmentOutcome", &[("hasEnrolled", |_| true.into())]);
    b.leaves::<Sessions>(
        "SavingSessionsEnrolmentOutcome",
        &[
            ("hasEnrolled", |s| matches!(s.0, Some(Wish::Enrolled(_))).into()),
            ("enrolledMpan", |s| mpan(&s.0)),
            ("notEnrolledReason", |s| why_not(&s.0).into()),
        ],
    );
    b.parts::<Enrolled>("EnrollAccountInLoyaltyProgram", &[("outcome", |_| Resolved::node(Enrolled))]);
    b.leaves::<Enrolled>("EnrollAccountInLoyaltyProgramOutcome", &[("hasEnrolled", |_| true.into())]);
    b.parts::<Unenrolled>(
        "UnenrollAccountFromLoyaltyProgram",
        &[("outcome", |_| Resolved::node(Unenrolled))],
    );
    b.leaves::<Unenrolled>("UnenrollAccountFromLoyaltyProgramOutcome", &[("hasUnenrolled", |_| true.into())]);
    b.leaves::<Holder>("SetLoyaltyPointsUser", &[("newLoyaltyPointsUserId", |h| (&h.0).into())]);
}

fn mpan(wish: &Option<Wish>) -> Leaf<'_> {
    match wish {
        Some(Wish::Enrolled(mpan)) => mpan.into(),
        _ => Leaf::Null,
    }
}

fn why_not(wish: &Option<Wish>) -> Option<&'static str> {
    match wish {
        None => Some("Nobody asked for it."),
        Some(Wish::NotEnrolled(why)) => Some(why),
        Some(Wish::Enrolled(_)) => None,
    }
}

/// As programmes other than Octoplus know it.
fn reason(why: Ineligibility) -> &'static str {
    match why {
        Ineligibility::Closed => "PROGRAM_DISABLED",
        other => other.code(),
    }
}

/// Null for an account that the viewer does not see.
async fn info(call: Call<'_>) -> Result<Resolved, FieldError> {
    let (number, viewer): (String, _) = (call.arg("accountNumber")?, call.cx.viewer());
    let mut view = call.cx.read().await?;
    let found = accounts::by_number(&mut view, viewer, &number).await.map_err(FieldError::internal)?;
    let Some(account) = found else { return Ok(Resolved::Null) };
    if account.market != OCTOPLUS {
        return Ok(Resolved::node(Info {
            is_enrolled: false,
            is_holder: false,
            why: vec![Ineligibility::Brand],
        }));
    }
    let member = memberships::current(&mut view, account.id).await.map_err(FieldError::internal)?;
    let why = memberships::ineligibilities(&mut view, &account).await.map_err(FieldError::internal)?;
    let holder = member.as_ref().map(|member| member.user_id);
    Ok(Resolved::node(Info {
        is_enrolled: member.is_some(),
        is_holder: holder.is_some() && holder == viewer.account_user(),
        why,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountInput {
    account_number: String,
}

async fn eligibility(call: Call<'_>) -> Result<Resolved, FieldError> {
    let AccountInput { account_number } = call.arg("input")?;
    let mut view = call.cx.read().await?;
    let found = accounts::by_number(&mut view, call.cx.viewer(), &account_number).await;
    let account = found.map_err(FieldError::internal)?.ok_or_else(|| FieldError::code("KT-CT-9218"))?;
    let programme = programmes::of_account(&mut view, &account).await.map_err(FieldError::internal)?;
    if programme.is_none() {
        return Err(FieldError::code("KT-CT-9202"));
    }
    let why = memberships::ineligibilities(&mut view, &account).await.map_err(FieldError::internal)?;
    Ok(Resolved::node(Eligible(why)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OctoplusInput {
    account_number: Option<String>,
    saving_sessions_enrolment_options: Option<SessionsInput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionsInput {
    should_enrol: Option<bool>,
    nominated_mpan: Option<String>,
}

async fn join_octoplus(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: OctoplusInput = call.args()?;
    let number = input.account_number.as_deref();
    let done = call.cx.write("Mutation.joinOctoplusCampaign", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let number = input.account_number.as_deref().unwrap_or_default();
            let account = memberships::join(tx, viewer, number, None).await?;
            let wished = input.saving_sessions_enrolment_options.as_ref();
            let wished = wished.filter(|options| options.should_enrol == Some(true));
            let Some(options) = wished else { return Ok(None) };
            let mpan = options.nominated_mpan.as_deref();
            let wish = taking_part::join_with_programme(tx, viewer, &account, mpan).await;
            wish.map(Some).map_err(MembershipError::Database)
        })
    });
    done.await.map(|wish| Resolved::node(Joined(wish))).map_err(|error| match error {
        MembershipError::Ineligible(Ineligibility::Member) => FieldError::code("KT-GB-9312"),
        MembershipError::Ineligible(why) => FieldError::code("KT-GB-9310").describe(why.code()),
        MembershipError::NotRunning => FieldError::code("KT-GB-9311"),
        MembershipError::Database(error) => FieldError::internal(error),
        _ => FieldError::code("KT-CT-4177"),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnrolInput {
    account_number: String,
    account_user_id: Option<String>,
}

/// A user as clients name them; one that cannot be is like one that is not there.
fn user(named: &str) -> i64 {
    named.parse().unwrap_or_default()
}

async fn enrol(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: EnrolInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done =
        call.cx.write("Mutation.enrollAccountInLoyaltyProgram", number, &input, |tx, viewer, input| {
            let named = input.account_user_id.as_deref().map(user);
            Box::pin(memberships::join(tx, viewer, &input.account_number, named))
        });
    done.await.map(|_| Resolved::node(Enrolled)).map_err(|error| match error {
        MembershipError::Forbidden => FieldError::code(FORBIDDEN),
        MembershipError::Ineligible(why) => FieldError::code("KT-CT-9213").describe(reason(why)),
        MembershipError::NotRunning => FieldError::code("KT-CT-9213"),
        MembershipError::Database(error) => FieldError::internal(error),
        other => FieldError::code("KT-CT-9210").describe(other.to_string()),
    })
}

async fn unenrol(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AccountInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let operation = "Mutation.unenrollAccountFromLoyaltyProgram";
    let done = call.cx.write(operation, number, &input, |tx, viewer, input| {
        Box::pin(memberships::leave(tx, viewer, &input.account_number))
    });
    done.await.map(|()| Resolved::node(Unenrolled)).map_err(|error| match error {
        MembershipError::Forbidden => FieldError::code(FORBIDDEN),
        MembershipError::Database(error) => FieldError::internal(error),
        _ => FieldError::code("KT-CT-9220"),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HolderInput {
    account_number: String,
    new_loyalty_points_user_id: String,
}

async fn name_holder(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: HolderInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.setLoyaltyPointsUser", number, &input, |tx, viewer, input| {
        let named = input.new_loyalty_points_user_id.parse().ok();
        Box::pin(memberships::name(tx, viewer, &input.account_number, named))
    });
    match done.await {
        Ok(()) => Ok(Resolved::node(Holder(input.new_loyalty_points_user_id))),
        Err(MembershipError::Forbidden) => Err(FieldError::code(FORBIDDEN)),
        Err(MembershipError::UnknownUser) => {
            Err(FieldError::code("KT-CT-9214").at_input(&["input", "newLoyaltyPointsUserId"]))
        }
        Err(MembershipError::Database(error)) => Err(FieldError::internal(error)),
        Err(other) => Err(FieldError::code("KT-CT-9210").describe(other.to_string())),
    }
}
