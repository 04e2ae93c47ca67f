//! Saving sessions: which there are, how an account stands with them, and taking part.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::loyalty::sessions::{self, Asked, Event, Joined, National, Standing};
use crate::domain::loyalty::taking_part::{self, Point, TakingPartError};
use crate::graphql::{FieldError, Leaf, Resolved};

const UNAUTHORISED: &str = "KT-CT-4177";

/// The sessions, for whoever asks.
struct Sessions;

/// The number of an account that takes part.
struct TakesPart(String);

/// The codes of the sessions in which an account takes part.
struct Codes(Vec<String>);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.savingSessions", saving_sessions);
    b.root("Mutation.joinSavingSessionsCampaign", join_campaign);
    b.root("Mutation.joinSavingSessionsEvent", join_event);
    b.batch("SavingSessionsType.events", events);
    b.batch("SavingSessionsType.eventCount", event_count);
    b.batch("SavingSessionsType.account", account);
    b.batch("SavingSessionsType.nationalAggregatedStats", national);
    b.leaves::<Event>(
        "SavingSessionsEventType",
        &[
            ("id", |e| e.id.into()),
            ("code", |e| (&e.code).into()),
            ("rewardPerKwhInOctoPoints", |e| e.points_per_kwh.into()),
            ("startAt", |e| e.starts_at.into()),
            ("endAt", |e| e.ends_at.into()),
            ("devEvent", |e| e.is_trial.into()),
            ("status", |e| (&e.status).into()),
            ("totalParticipants", |e| e.participants.into()),
        ],
    );
    b.leaves::<National>(
        "SavingSessionsNationalAggregatedStatsType",
        &[
            ("energySavedInKwh", |n| n.saved_kwh().into()),
            ("energySavedEquivalentInWords", |n| n.energy_in_words().into()),
            ("co2SavedEquivalentInWords", |n| n.co2_in_words().into()),
            ("lastUpdatedAt", |n| n.last_settled_at.into()),
        ],
    );
    b.leaves::<TakesPart>("SavingSessionsAccountReturnType", &[("number", |t| (&t.0).into())]);
    b.parts::<TakesPart>(
        "JoinSavingSessionsCampaign",
        &[("account", |t| Resolved::node(TakesPart(t.0.clone())))],
    );
    b.leaves::<Codes>("JoinSavingSessionsEvent", &[("joinedEventCodes", |c| (&c.0).into())]);
    bind_account(b);
}

fn bind_account(b: &mut Bindings) {
    b.leaves::<Point>(
        "EligibleMetersPointsType",
        &[("address", |p| (&p.address).into()), ("mpan", |p| (&p.mpan).into())],
    );
    b.leaves::<Standing>(
        "SavingSessionsAccountType",
        &[
            ("hasJoinedCampaign", |s| s.has_joined.into()),
            ("canJoinCampaign", |s| s.can_join.into()),
            ("isBusinessAccount", |s| s.is_business.into()),
            ("isTesterAccount", |s| s.is_tester.into()),
        ],
    );
    b.parts::<Standing>(
        "SavingSessionsAccountType",
        &[
            ("signedUpMeterPoint", |s| Resolved::maybe(s.point.clone())),
            ("eligibleMeterPoints", |s| Resolved::nodes(s.eligible.iter().cloned())),
            ("joinedEvents", |s| Resolved::nodes(s.joined.iter().cloned())),
            ("eventStreak", |s| Resolved::nodes(s.asked.iter().cloned())),
        ],
    );
    b.leaves::<Asked>(
        "SavingSessionsAccountEventStreakType",
        &[
            ("eventStartDate", |a| a.starts_at.into()),
            ("isOptedIntoEvent", |a| a.has_joined.into()),
            ("dispatchNotice", |a| (&a.notice).into()),
        ],
    );
    b.leaves::<Joined>(
        "SavingSessionsAccountJoinedEventsType",
        &[
            ("eventId", |j| j.event_id.into()),
            ("startAt", |j| j.starts_at.into()),
            ("endAt", |j| j.ends_at.into()),
            ("rewardGivenInOctoPoints", |j| j.points.into()),
            ("energySavedInKwh", |j| kwh(j.saved_wh())),
            ("status", |j| j.outcome().into()),
            ("eventStatus", |j| (&j.status).into()),
            ("resultsStatus", |j| j.outcome().into()),
            ("co2SavedInGrams", |j| number(j.saved_grams())),
            ("percentageSaved", |j| number(j.saved_share())),
            ("netReductionPctRank", |j| number(j.rank)),
            ("avgCustomerRemunerationPounds", |j| number(j.average_worth)),
            ("baselineConsumptionDeltaKwh", |j| kwh(j.usual_wh)),
            ("consumptionDeltaKwh", |j| kwh(j.used_wh)),
            ("resultsSetAt", |j| j.settled_at.into()),
        ],
    );
}

fn number(value: Option<Decimal>) -> Leaf<'static> {
    value.and_then(|value| value.to_f64()).into()
}

fn kwh(wh: Option<i64>) -> Leaf<'static> {
    number(wh.map(|wh| Decimal::new(wh, 3)))
}

/// Null for an account that the viewer does not see, or whose market has no sessions.
async fn saving_sessions(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: Option<String> = call.arg("accountNumber")?;
    if let Some(number) = number {
        let mut view = call.cx.read().await?;
        let found = sessions::account(&mut view, call.cx.viewer(), &number).await;
        if found.map_err(FieldError::internal)?.is_none() {
            return Ok(Resolved::Null);
        }
    }
    Ok(Resolved::node(Sessions))
}

fn with_trials(call: &Call<'_>) -> Result<bool, FieldError> {
    Ok(call.arg::<Option<bool>>("getDevEvents")?.unwrap_or_default())
}

async fn events(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (parents, trials) = (call.parents::<Sessions>()?.len(), with_trials(&call)?);
    let mut view = call.cx.read().await?;
    let found = sessions::events(&mut view, trials).await.map_err(FieldError::internal)?;
    Ok((0..parents).map(|_| Resolved::nodes(found.iter().cloned())).collect())
}

async fn event_count(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (parents, trials) = (call.parents::<Sessions>()?.len(), with_trials(&call)?);
    let mut view = call.cx.read().await?;
    let count = sessions::count(&mut view, trials).await.map_err(FieldError::internal)?;
    Ok((0..parents).map(|_| Resolved::leaf(count)).collect())
}

async fn national(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let parents = call.parents::<Sessions>()?.len();
    let mut view = call.cx.read().await?;
    let found = sessions::national(&mut view).await.map_err(FieldError::internal)?;
    Ok((0..parents).map(|_| Resolved::node(found.clone())).collect())
}

/// Null for an account that the viewer does not see, or whose market has no sessions.
async fn account(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (parents, number): (_, String) = (call.parents::<Sessions>()?.len(), call.arg("accountNumber")?);
    let mut view = call.cx.read().await?;
    let found = sessions::standing(&mut view, call.cx.viewer(), &number).await;
    let found = found.map_err(FieldError::internal)?;
    Ok((0..parents).map(|_| Resolved::maybe(found.clone())).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CampaignInput {
    account_number: String,
    mpan: String,
}

async fn join_campaign(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CampaignInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.joinSavingSessionsCampaign", number, &input, |tx, viewer, input| {
        Box::pin(taking_part::join_campaign(tx, viewer, &input.account_number, &input.mpan))
    });
    match done.await {
        Ok(()) => Ok(Resolved::node(TakesPart(input.account_number))),
        Err(error) => Err(refused(error)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventInput {
    account_number: String,
    event_code: String,
}

async fn join_event(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: EventInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.joinSavingSessionsEvent", number, &input, |tx, viewer, input| {
        Box::pin(taking_part::join_session(tx, viewer, &input.account_number, &input.event_code))
    });
    done.await.map(|codes| Resolved::node(Codes(codes))).map_err(refused)
}

fn refused(error: TakingPartError) -> FieldError {
    match error {
        TakingPartError::Unauthorised => FieldError::code(UNAUTHORISED),
        TakingPartError::NotRunning => FieldError::code("KT-GB-5110"),
        TakingPartError::UnknownPoint => FieldError::code("KT-GB-5111").at_input(&["input", "mpan"]),
        TakingPartError::Refused(why) => FieldError::code("KT-GB-5112").describe(why.sentence()),
        TakingPartError::UnknownSession => FieldError::code("KT-GB-5114").at_input(&["input", "eventCode"]),
        TakingPartError::Begun => FieldError::code("KT-GB-5115").describe("The session has begun."),
        TakingPartError::NotIn => FieldError::code("KT-GB-5116"),
        TakingPartError::NotEligible => FieldError::code("KT-GB-5117"),
        TakingPartError::Database(error) => FieldError::internal(error),
    }
}
