//! `message`: what was written to a customer, and what became of it.

use super::accounts_at;
use crate::api::nodes::row_id;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::users;
use crate::domain::communications::messages::Channel;
use crate::domain::communications::records::{self, Record};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.message", message);
    b.batch("Message.account", account_of);
    b.batch("Message.accountUser", user_of);
    b.dark(&["Channel.ANDROID_PUSH_NOTIFICATION", "Channel.IOS_PUSH_NOTIFICATION"]);
    b.leaves::<Record>(
        "Message",
        &[
            ("id", |r| r.id.to_string().into()),
            ("channel", |r| channel(r.channel()).into()),
            ("dispatchedAt", |r| r.dispatched_at.into()),
            ("failedAt", |r| r.failed_at.into()),
        ],
    );
}

/// The value of `Channel`.
fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "EMAIL",
        Channel::Sms => "SMS",
        Channel::Letter => "POST",
    }
}

async fn message(call: Call<'_>) -> Result<Resolved, FieldError> {
    let named: String = call.arg("messageId")?;
    let unknown = || FieldError::code("KT-CT-9911").at_input(&["messageId"]);
    let id = row_id(&named).ok_or_else(unknown)?;
    let mut view = call.cx.read().await?;
    let found = records::by_id(&mut view, call.cx.viewer(), id).await.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(unknown)
}

async fn account_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = call.parents::<Record>()?.iter().map(|r| r.account_id).collect();
    accounts_at(&call, ids).await
}

async fn user_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let parents: Vec<Option<i64>> = call.parents::<Record>()?.iter().map(|r| r.account_user_id).collect();
    let ids: Vec<i64> = parents.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let found = users::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let mut found = found.into_iter();
    Ok(parents.iter().map(|id| Resolved::maybe(id.and_then(|_| found.next().flatten()))).collect())
}
