//! What is written to customers, how they want to be reached, and their calls.

mod calls;
mod campaigns;
mod devices;
pub(super) mod events;
mod forms;
mod ink;
pub(super) mod ink_changes;
mod messages;
mod opt_ins;
mod print;
mod triggers;

use super::session::{Bindings, Call};
use crate::domain::accounts::accounts;
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    events::bind(b);
    messages::bind(b);
    print::bind(b);
    triggers::bind(b);
    opt_ins::bind(b);
    forms::bind(b);
    devices::bind(b);
    calls::bind(b);
    campaigns::bind(b);
    ink::bind(b);
    ink_changes::bind(b);
}

/// The account with each of these ids, where there is one that the viewer may see.
pub(super) async fn accounts_at(call: &Call<'_>, ids: Vec<Option<i64>>) -> Result<Vec<Resolved>, FieldError> {
    let named: Vec<i64> = ids.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let found = accounts::by_ids(&mut view, call.cx.viewer(), &named).await.map_err(FieldError::internal)?;
    let mut found = found.into_iter();
    Ok(ids.iter().map(|id| Resolved::maybe(id.and_then(|_| found.next().flatten()))).collect())
}
