//! `AccountUserType.preferences` and `updateCommsPreferences`.

use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

use super::details::failure;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::consents;
use crate::domain::accounts::details::Wrong;
use crate::domain::accounts::preferences::{self, Preferences, PreferencesError, Wishes};
use crate::domain::accounts::users::AccountUser;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaf, Leaves, Resolved};

/// The consent that says whether somebody who depends on life support is called before their supply goes.
const LIFE_SUPPORT_CALL: &str = "LIFE_SUPPORT_CALL";

const SHOWN: Leaves<Preferences> = &[
    ("isOptedInToClientMessages", |p| p.client_messages.into()),
    ("isOptedInToOfferMessages", |p| p.offer_messages.into()),
    ("isOptedInToRecommendedMessages", |p| p.recommended_messages.into()),
    ("isOptedInToUpdateMessages", |p| p.update_messages.into()),
    ("isOptedInToThirdPartyMessages", |p| p.third_party_messages.into()),
    ("isOptedInMeterReadingConfirmations", |p| p.reading_confirmations.into()),
    ("isOptedInToSmsMessages", |p| p.sms_messages.into()),
    ("isUsingInvertedEmailColours", |p| p.inverted_colours.into()),
    ("fontSizeMultiplier", |p| p.font_size.to_f64().into()),
    ("emailFormat", |p| (&p.email_format).into()),
    ("preferredHoldMusic", |p| (&p.hold_music).into()),
    ("smsOptInLastChangeDate", |p| p.sms_changed_at.into()),
];

/// The viewer's preferences, and what was wrong with the wishes if they were not granted.
struct Outcome {
    preferences: Option<Preferences>,
    errors: Vec<Wrong>,
    client_mutation_id: Option<String>,
}

impl Outcome {
    fn leaf<'a, T: Into<Leaf<'a>>>(&'a self, read: impl FnOnce(&'a Preferences) -> T) -> Leaf<'a> {
        self.preferences.as_ref().map(read).into()
    }
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.updateCommsPreferences", update);
    b.batch("AccountUserType.preferences", of_users);
    b.batch("AccountUserCommsPreferences.isOptedInToLifeSupportCall", life_support_calls);
    b.leaves("AccountUserCommsPreferences", SHOWN);
    b.leaves::<Outcome>(
        "UpdateAccountUserCommsPreferencesMutationPayload",
        &[
            ("isOptedInToClientMessages", |o| o.leaf(|p| p.client_messages)),
            ("isOptedInToOfferMessages", |o| o.leaf(|p| p.offer_messages)),
            ("isOptedInToRecommendedMessages", |o| o.leaf(|p| p.recommended_messages)),
            ("isOptedInToUpdateMessages", |o| o.leaf(|p| p.update_messages)),
            ("isOptedInToThirdPartyMessages", |o| o.leaf(|p| p.third_party_messages)),
            ("isOptedInMeterReadingConfirmations", |o| o.leaf(|p| p.reading_confirmations)),
            ("isOptedInToSmsMessages", |o| o.leaf(|p| p.sms_messages)),
            ("isUsingInvertedEmailColours", |o| o.leaf(|p| p.inverted_colours)),
            ("fontSizeMultiplier", |o| o.leaf(|p| p.font_size.to_f64())),
            ("emailFormat", |o| o.leaf(|p| &p.email_format)),
            ("preferredHoldMusic", |o| o.leaf(|p| &p.hold_music)),
            ("clientMutationId", |o| (&o.client_mutation_id).into()),
        ],
    );
    b.parts::<Outcome>(
        "UpdateAccountUserCommsPreferencesMutationPayload",
        &[
            ("errors", |o| Resolved::nodes(o.errors.iter().map(failure))),
            ("commsPreferences", |o| Resolved::maybe(o.preferences.clone())),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    is_opted_in_to_client_messages: Option<bool>,
    is_opted_in_to_offer_messages: Option<bool>,
    is_opted_in_to_recommended_messages: Option<bool>,
    is_opted_in_to_update_messages: Option<bool>,
    is_opted_in_to_third_party_messages: Option<bool>,
    is_opted_in_meter_reading_confirmations: Option<bool>,
    is_opted_in_to_sms_messages: Option<bool>,
    is_using_inverted_email_colours: Option<bool>,
    font_size_multiplier: Option<f64>,
    email_format: Option<String>,
    preferred_hold_music: Option<String>,
    client_mutation_id: Option<String>,
}

impl From<&Input> for Wishes {
    fn from(input: &Input) -> Self {
        Self {
            client_messages: input.is_opted_in_to_client_messages,
            offer_messages: input.is_opted_in_to_offer_messages,
            recommended_messages: input.is_opted_in_to_recommended_messages,
            update_messages: input.is_opted_in_to_update_messages,
            third_party_messages: input.is_opted_in_to_third_party_messages,
            reading_confirmations: input.is_opted_in_meter_reading_confirmations,
            sms_messages: input.is_opted_in_to_sms_messages,
            email_format: input.email_format.clone(),
            inverted_colours: input.is_using_inverted_email_colours,
            font_size: input.font_size_multiplier,
            hold_music: input.preferred_hold_music.clone(),
        }
    }
}

async fn update(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Input = call.arg("input")?;
    let wishes = Wishes::from(&input);
    let done = call.cx.write("Mutation.updateCommsPreferences", None, &wishes, |tx, viewer, wishes| {
        Box::pin(preferences::update(tx, viewer, wishes))
    });
    let errors = match done.await {
        Ok(()) => Vec::new(),
        Err(PreferencesError::Invalid(wrong)) => wrong,
        Err(PreferencesError::Forbidden) => return Err(FieldError::code(FORBIDDEN)),
        Err(PreferencesError::Database(error)) => return Err(FieldError::internal(error)),
    };
    let own = call.cx.viewer().account_user();
    let mut view = call.cx.read().await?;
    let found = preferences::of_users(&mut view, call.cx.viewer(), own.as_slice()).await;
    let preferences = found.map_err(FieldError::internal)?.pop().flatten();
    Ok(Resolved::node(Outcome { preferences, errors, client_mutation_id: input.client_mutation_id }))
}

async fn of_users(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|user| user.id).collect();
    let mut view = call.cx.read().await?;
    let found =
        preferences::of_users(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

/// Null where the customer's market asks nobody.
async fn life_support_calls(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Preferences>()?.iter().map(|p| p.user_id).collect();
    let mut view = call.cx.read().await?;
    let given = consents::of_users(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let wanted = given.into_iter().map(|all| {
        let answer = all.into_iter().find(|consent| consent.code == LIFE_SUPPORT_CALL);
        Resolved::leaf(answer.map(|consent| consent.value == "ACCEPTED"))
    });
    Ok(wanted.collect())
}
