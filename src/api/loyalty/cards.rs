//! Cards of loyalty schemes that others run.

use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::loyalty::cards::{self, Card, CardError, NewCard};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// What was kept.
struct Kept(Card);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.loyaltyCards", of_user);
    b.root("Mutation.createOrUpdateLoyaltyCard", keep);
    b.leaves::<Card>(
        "LoyaltyCardType",
        &[
            ("id", |c| c.id.into()),
            ("scheme", |c| (&c.scheme).into()),
            ("number", |c| (&c.number).into()),
            ("status", |c| (&c.status).into()),
        ],
    );
    b.parts::<Kept>(
        "CreateOrUpdateLoyaltyCardMutation",
        &[("loyaltyCard", |kept| Resolved::node(kept.0.clone()))],
    );
}

/// No such user, as far as the viewer may know.
const NO_USER: &str = "KT-CT-5412";

async fn of_user(call: Call<'_>) -> Result<Resolved, FieldError> {
    let named: String = call.arg("accountUserId")?;
    let user: i64 = named.parse().map_err(|_| FieldError::code(NO_USER))?;
    let mut view = call.cx.read().await?;
    let found = cards::of_user(&mut view, call.cx.viewer(), user).await.map_err(FieldError::internal)?;
    found.map(Resolved::nodes).ok_or_else(|| FieldError::code(NO_USER))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CardInput {
    account_user_id: Option<String>,
    scheme: Option<String>,
    number: Option<String>,
}

/// The caller's own card, unless somebody is named.
async fn keep(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CardInput = call.arg("input")?;
    let subject = input.account_user_id.as_deref();
    let kept = call.cx.write("Mutation.createOrUpdateLoyaltyCard", subject, &input, |tx, viewer, input| {
        let user = match &input.account_user_id {
            Some(named) => named.parse().unwrap_or_default(),
            None => viewer.account_user().unwrap_or_default(),
        };
        Box::pin(async move {
            let scheme = input.scheme.as_deref().unwrap_or_default();
            let number = input.number.as_deref().unwrap_or_default();
            cards::keep(tx, viewer, &NewCard { user, scheme, number }).await
        })
    });
    kept.await.map(|card| Resolved::node(Kept(card))).map_err(|error| match error {
        CardError::Forbidden => FieldError::code(FORBIDDEN),
        CardError::UnknownUser => FieldError::code(NO_USER).at_input(&["input", "accountUserId"]),
        CardError::UnknownScheme => FieldError::code("KT-CT-8611").at_input(&["input", "scheme"]),
        CardError::Number => FieldError::code("KT-CT-8610").at_input(&["input", "number"]),
        CardError::Database(error) => FieldError::internal(error),
    })
}
