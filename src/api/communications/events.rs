//! `AccountType.events`: the messages that went out, and `node` for each of them.

use super::accounts_at;
use crate::api::nodes::global_id;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::Account;
use crate::domain::communications::events::{self, Sent};
use crate::domain::communications::messages::Channel;
use crate::graphql::{FieldError, Leaves, Node, Parts, Resolved};

const MESSAGE: Parts<Sent> = &[("message", |s| Resolved::node(s.clone()))];

const EMAIL: Leaves<Sent> = &[
    ("id", |s| s.message_id.into()),
    ("createdAt", |s| s.created_at.into()),
    ("sentAt", |s| s.sent_at.into()),
    ("templateCode", |s| (&s.template).into()),
    ("toAddress", |s| (&s.recipient).into()),
    ("fromEmail", |s| (&s.sender).into()),
    ("subject", |s| (&s.subject).into()),
    ("textBody", |s| (&s.body).into()),
    ("channel", |s| (&s.channel).into()),
    ("sender", |s| (&s.sender).into()),
    ("recipient", |s| (&s.recipient).into()),
];

const SMS: Leaves<Sent> = &[
    ("id", |s| s.message_id.into()),
    ("sentAt", |s| s.sent_at.into()),
    ("sender", |s| (&s.sender).into()),
    ("recipient", |s| (&s.recipient).into()),
    ("textBody", |s| (&s.body).into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.events", of_accounts);
    b.batch("SMSMessageType.account", account_of);
    b.dark(&[
        "AccountEventType.EMAIL_RECEIVED",
        "AccountEventType.MARKETING_EMAIL_SENT",
        "AccountEventType.PRINT_FAILED",
        "AccountEventType.PRINT_RETURNED",
        "AccountEventType.PRINT_CANCELLED",
        "AccountEventType.PRINT_SUCCEEDED",
        "AccountEventType.SMS_RECEIVED",
        "AccountEventType.PUSH_NOTIFICATION_SENT",
    ]);
    b.leaves::<Sent>(
        type_name(Channel::Email),
        &[
            ("id", |s| global_id(type_name(Channel::Email), s.id).into()),
            ("eventType", |_| event_type(Channel::Email).into()),
            ("occurredAt", |s| s.sent_at.into()),
        ],
    );
    b.leaves::<Sent>(
        type_name(Channel::Sms),
        &[
            ("id", |s| global_id(type_name(Channel::Sms), s.id).into()),
            ("eventType", |_| event_type(Channel::Sms).into()),
            ("occurredAt", |s| s.sent_at.into()),
        ],
    );
    b.parts(type_name(Channel::Email), MESSAGE);
    b.parts(type_name(Channel::Sms), MESSAGE);
    b.leaves::<Sent>(
        type_name(Channel::Letter),
        &[
            ("id", |s| global_id(type_name(Channel::Letter), s.id).into()),
            ("eventType", |_| event_type(Channel::Letter).into()),
            ("occurredAt", |s| s.sent_at.into()),
        ],
    );
    b.parts(type_name(Channel::Letter), MESSAGE);
    b.leaves::<Sent>(
        "PrintMessageType",
        &[("id", |s| s.message_id.into()), ("templateCode", |s| (&s.template).into())],
    );
    b.batch("PrintMessageType.account", account_of);
    b.leaves("EmailType", EMAIL);
    b.leaves("SMSMessageType", SMS);
}

/// The type of the events of a channel.
pub(in crate::api) const fn type_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "EmailEventType",
        Channel::Sms => "SMSEventType",
        Channel::Letter => "PrintEventType",
    }
}

/// The value of `AccountEventType` for the events of a channel.
fn event_type(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "EMAIL_SENT",
        Channel::Sms => "SMS_SENT",
        Channel::Letter => "PRINT_SENT",
    }
}

fn node(sent: Sent) -> Node {
    let channel = sent.channel();
    Node::typed(type_name(channel), sent)
}

/// No kinds asked for are all kinds.
fn channels(call: &Call<'_>) -> Result<Vec<Channel>, FieldError> {
    let wanted: Option<Vec<Option<String>>> = call.arg("eventTypes")?;
    let wanted: Vec<String> = wanted.unwrap_or_default().into_iter().flatten().collect();
    let is_wanted = |channel: &Channel| wanted.is_empty() || wanted.iter().any(|w| w == event_type(*channel));
    Ok([Channel::Email, Channel::Sms, Channel::Letter].into_iter().filter(is_wanted).collect())
}

async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (window, channels) = (window(&call)?, channels(&call)?);
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    let pages = events::of_accounts(&mut view, call.cx.viewer(), &ids, &channels, &window)
        .await
        .map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, node)).collect())
}

async fn account_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = call.parents::<Sent>()?.iter().map(|s| s.account_id).collect();
    accounts_at(&call, ids).await
}

/// One event, for `node`.
pub(in crate::api) async fn by_id(
    call: Call<'_>,
    id: i64,
    channel: Channel,
) -> Result<Option<Node>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = events::by_ids(&mut view, call.cx.viewer(), &[id]).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().flatten().find(|sent| sent.channel() == channel).map(node))
}
