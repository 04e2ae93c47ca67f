//! Life support: `AccountType.lifeSupport`.

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::life_support::{self, Record};
use crate::graphql::{FieldError, Resolved};

/// What is registered for an account.
struct Registered(Vec<Record>);

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.lifeSupport", of_accounts);
    b.leaves::<Registered>("LifeSupportType", &[("hasLifeSupportRecord", |r| (!r.0.is_empty()).into())]);
    b.parts::<Registered>("LifeSupportType", &[("records", |r| Resolved::nodes(r.0.iter().cloned()))]);
    b.leaves::<Record>(
        "LifeSupportRecordType",
        &[
            ("id", |r| r.id.into()),
            ("lifeSupportDate", |r| r.registered_on.into()),
            ("details", |r| (&r.details).into()),
            ("lifeSupportStatus", |r| (&r.status).into()),
            ("lifeSupportEquipment", |r| (&r.equipment).into()),
            ("isOwnedByKraken", |r| r.is_ours.into()),
            ("preferredContactMethod", |r| (&r.contact_method).into()),
        ],
    );
}

/// Null for whoever may not know.
async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let found = life_support::of_accounts(&mut view, call.cx.viewer(), &ids).await;
    let found = found.map_err(FieldError::internal)?.into_iter();
    Ok(found.map(|records| Resolved::maybe(records.map(Registered))).collect())
}
