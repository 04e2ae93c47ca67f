//! Concession cards: `AccountUserType.concessions` and `applicableConcessionCardTypes`.

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::concessions::{self, Applicable, Card, Kind, Validation};
use crate::domain::accounts::users::AccountUser;
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountUserType.concessions", cards);
    b.batch("AccountUserType.applicableConcessionCardTypes", kinds);
    b.leaves::<Card>(
        "ConcessionType",
        &[
            ("id", |c| c.id().into()),
            ("number", |c| c.number().into()),
            ("cardType", |c| c.card_type().into()),
            ("cardLabel", |c| c.label().into()),
            ("cardIssueDate", |c| c.issued_on().into()),
            ("cardExpiryDate", |c| c.expires_on().into()),
            ("removalDate", |c| c.removed_on().into()),
            ("isCurrent", |c| c.is_current().into()),
            ("isCardValid", |c| c.is_valid().into()),
            ("nextValidationDate", |c| c.next_validation().into()),
        ],
    );
    b.parts::<Card>(
        "ConcessionType",
        &[
            ("applicablePeriods", |c| Resolved::nodes(c.periods.iter().cloned())),
            ("concessionValidations", |c| Resolved::nodes(c.validations.iter().cloned())),
        ],
    );
    b.leaves::<Applicable>(
        "ConcessionCardApplicablePeriodType",
        &[("id", |p| p.id.into()), ("fromDate", |p| p.from.into()), ("toDate", |p| p.to.into())],
    );
    b.leaves::<Validation>(
        "ConcessionCardValidationType",
        &[
            ("id", |v| v.id.into()),
            ("validatedAt", |v| v.day().into()),
            ("validationDt", |v| v.validated_at.into()),
            ("isCardValid", |v| v.is_valid.into()),
            ("failureCode", |v| (&v.failure_code).into()),
            ("failureReason", |v| (&v.failure_reason).into()),
            ("notes", |v| (&v.notes).into()),
            ("method", |v| (&v.method).into()),
        ],
    );
    b.leaves::<Kind>(
        "ConcessionCardApplicableRegionType",
        &[("cardType", |k| (&k.code).into()), ("cardLabel", |k| (&k.label).into())],
    );
}

fn users(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<AccountUser>()?.iter().map(|user| user.id).collect())
}

/// Null for whoever may not know.
async fn cards(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let users = users(&call)?;
    let mut view = call.cx.read().await?;
    let found = concessions::of_users(&mut view, call.cx.viewer(), &users).await;
    let found = found.map_err(FieldError::internal)?.into_iter();
    Ok(found.map(|cards| cards.map_or(Resolved::Null, Resolved::nodes)).collect())
}

async fn kinds(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let users = users(&call)?;
    let mut view = call.cx.read().await?;
    let found = concessions::applicable(&mut view, call.cx.viewer(), &users).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}
