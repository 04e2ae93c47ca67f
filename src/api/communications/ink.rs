//! Conversations: what they are made of, and how they are read.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::api::nodes::{global_id, row_id};
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts;
use crate::domain::accounts::users;
use crate::domain::communications::calls::eligibility::{self, EligibilityError};
use crate::domain::communications::ink::attributes::{self, Attributes};
use crate::domain::communications::ink::uploads;
use crate::domain::communications::ink::{self, Attachment, Conversation, Identity, InkMessage, Label};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaves, Node, Parts, Resolved};
use crate::platform::storage::Link;

/// The identifier of a conversation, as clients have it.
pub(super) const CONVERSATION: &str = "InkConversation";

/// What was said, in the order in which it was.
struct NewMessage(InkMessage);
/// Everybody at the other end, the latest first.
struct Identities(Vec<Identity>);
/// A file, and a link to it.
struct Linked(Attachment, Link);
/// What is known about a message, and for how many hours it has waited.
struct Known(Attributes, i64);
/// What a text message says.
struct Text(String);

const HANDLES: Leaves<InkMessage> = &[
    ("direction", |m| (&m.direction).into()),
    ("fromHandle", |m| (&m.from_handle).into()),
    ("toHandle", |m| m.to_handle().into()),
    ("occurredAt", |m| m.occurred_at.into()),
];
const IDENTITY: Parts<InkMessage> = &[("contactChannelIdentity", |m| Resolved::node(m.contact()))];
const DELIVERY: Parts<InkMessage> = &[("delivery", |m| Resolved::node(Delivery(m.status.clone())))];
const CONTENT: Leaves<InkMessage> = &[("displayContent", |m| (&m.body).into())];
const BODY: Parts<InkMessage> = &[("whatsappContent", |m| Resolved::node(Text(m.body.clone())))];

/// How far a message is.
struct Delivery(String);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.inkConversation", conversation);
    b.root("Query.inkLiveChatConversations", live_chats);
    b.root("Query.inkMessage", message);
    b.root("Query.inkMessageAttributes", attributes);
    b.root("Query.inkMessageTextContent", text);
    b.root("Query.inkCommsTemplate", template);
    b.root("Query.isCustomerEligibleToGiveFeedbackFollowingEmail", is_eligible);
    b.batch("InkConversation.accountNumber", numbers_of);
    b.batch("InkConversation.accountUsers", users_of);
    b.batch("InkConversation.events", events_of);
    b.batch("InkConversation.buckets", buckets_of);
    b.batch("InkConversation.tags", tags_of_conversations);
    b.batch("InkConversation.contactChannelIdentities", identities_of);
    b.leaves::<Conversation>(
        CONVERSATION,
        &[
            ("id", |c| global_id(CONVERSATION, c.id.into()).into()),
            ("status", |c| (&c.status).into()),
            ("lastMessageAt", |c| c.last_message_at.into()),
        ],
    );
    b.leaves::<NewMessage>("InkNewMessage", &[("occurredAt", |n| n.0.occurred_at.into())]);
    b.parts::<NewMessage>("InkNewMessage", &[("message", |n| Resolved::Node(node(n.0.clone())))]);
    b.parts::<Identities>(
        "InkContactChannelIdentities",
        &[
            ("default", |all| Resolved::maybe(all.0.first().cloned())),
            ("all", |all| Resolved::nodes(all.0.iter().cloned())),
        ],
    );
    b.leaves::<Identity>(
        "InkContactChannelIdentity",
        &[
            ("channel", |end| if end.channel == "LINE" { "GENERIC_API" } else { &end.channel }.into()),
            ("handle", |end| (&end.handle).into()),
            ("displayName", |end| (&end.handle).into()),
        ],
    );
    b.leaves::<Label>(
        "InkTag",
        &[("id", |t| global_id("InkTag", t.id).into()), ("name", |t| (&t.name).into())],
    );
    b.leaves::<Label>(
        "InkBucket",
        &[
            ("id", |l| global_id("InkBucket", l.id).into()),
            ("name", |l| (&l.name).into()),
            ("icon", |l| (&l.icon).into()),
        ],
    );
    b.leaves::<Delivery>("InkMessageDelivery", &[("status", |d| (&d.0).into())]);
    b.leaves::<Text>("WhatsAppTextMessage", &[("body", |t| (&t.0).into())]);
    b.leaves::<Text>("LineTextMessage", &[("displayContent", |t| (&t.0).into())]);
    b.leaves::<Linked>(
        "InkMessageAttachment",
        &[
            ("filename", |l| uploads::filename(&l.0.key).into()),
            ("fetchUrl", |l| (&l.1.url).into()),
            ("sizeInBytes", |l| l.0.size_in_bytes.into()),
        ],
    );
    b.leaves::<Known>(
        "InkMessageAttributes",
        &[
            ("accounts", |k| k.0.account.iter().cloned().collect::<Vec<_>>().into()),
            ("accountType", |k| (&k.0.account_type).into()),
            ("buckets", |k| k.0.buckets.clone().into()),
            ("conversationId", |k| k.0.conversation_id.into()),
            ("hourOccurredAt", |k| k.0.hour().into()),
            ("hoursWaiting", |k| k.1.into()),
            ("isAssignedToUserBucket", |k| k.0.is_personal.into()),
            ("isFirstFromContact", |k| k.0.is_first.into()),
            ("isNewThread", |k| k.0.is_new_thread.into()),
            ("opsTeam", |k| (&k.0.team).into()),
            ("recentlyReceivedAutoReplies", |k| k.0.auto_replies.clone().into()),
            ("replyToCommsSms", |k| (&k.0.replied_sms).into()),
            ("weekDayOccurredAt", |k| k.0.week_day().into()),
        ],
    );
    bind_messages(b);
}

/// The kinds of message: what each of them shows.
fn bind_messages(b: &mut Bindings) {
    b.leaves::<InkMessage>(
        "InkEmail",
        &[
            ("direction", |m| (&m.direction).into()),
            ("fromHandle", |m| (&m.from_handle).into()),
            ("toHandles", |m| m.to_handles.clone().into()),
            ("cc", |m| m.cc.clone().into()),
            ("subject", |m| (&m.subject).into()),
            ("occurredAt", |m| m.occurred_at.into()),
            ("isChannelEmail", |m| (m.channel == "EMAIL").into()),
        ],
    );
    for kind in
        ["InkSMS", "InkGenericMessage", "InkLiveChatMessage", "InkWhatsApp", "InkTwilioWhatsApp", "InkLine"]
    {
        b.leaves(kind, HANDLES);
        b.parts(kind, DELIVERY);
    }
    b.parts("InkEmail", DELIVERY);
    for kind in ["InkEmail", "InkSMS", "InkGenericMessage", "InkLiveChatMessage", "InkPost"] {
        b.leaves(kind, CONTENT);
        b.parts(kind, IDENTITY);
    }
    for kind in ["InkWhatsApp", "InkTwilioWhatsApp"] {
        b.parts(kind, BODY);
        b.parts(kind, IDENTITY);
        b.leaves::<InkMessage>(kind, &[("vendorId", |m| (&m.vendor_id).into())]);
    }
    b.parts("InkLine", IDENTITY);
    b.parts::<InkMessage>(
        "InkLine",
        &[("lineMessage", |m| Resolved::Node(Node::typed("LineTextMessage", Text(m.body.clone()))))],
    );
    b.leaves::<InkMessage>("InkLine", &[("isChannelLine", |m| (m.channel == "LINE").into())]);
    b.leaves::<InkMessage>("InkSMS", &[("isChannelSms", |m| (m.channel == "SMS").into())]);
    b.leaves::<InkMessage>("InkWhatsApp", &[("isChannelWhatsapp", |m| (m.channel == "WHATSAPP").into())]);
    b.leaves::<InkMessage>(
        "InkPost",
        &[
            ("fromHandle", |m| (&m.from_handle).into()),
            ("toHandle", |m| m.to_handle().into()),
            ("rawPlainTextContent", |m| (&m.body).into()),
            ("isChannelPost", |m| (m.channel == "POST").into()),
        ],
    );
    b.leaves::<InkMessage>("InkGenericMessage", &[("id", |m| global_id("InkGenericMessage", m.id).into())]);
    b.leaves::<InkMessage>("InkLiveChatMessage", &[("id", |m| global_id("InkLiveChatMessage", m.id).into())]);
    for field in
        ["InkEmail.tags", "InkSMS.tags", "InkWhatsApp.tags", "InkTwilioWhatsApp.tags", "InkLine.tags"]
    {
        b.batch(field, tags_of_messages);
    }
    for field in ["InkEmail.attachments", "InkLine.attachments"] {
        b.batch(field, attachments_of);
    }
}

/// The type of the messages of a channel.
pub(super) fn type_name(channel: &str) -> &'static str {
    match channel {
        "EMAIL" => "InkEmail",
        "SMS" => "InkSMS",
        "POST" => "InkPost",
        "WHATSAPP" => "InkWhatsApp",
        "TWILIO_WHATSAPP" => "InkTwilioWhatsApp",
        "LIVE_CHAT" => "InkLiveChatMessage",
        "LINE" => "InkLine",
        _ => "InkGenericMessage",
    }
}

pub(super) fn node(message: InkMessage) -> Node {
    Node::typed(type_name(&message.channel), message)
}

/// The number of a conversation in what clients call it by.
pub(super) fn number(named: &str) -> Option<i32> {
    row_id(named).and_then(|id| id.try_into().ok())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConversationArgs {
    account_number: Option<String>,
    conversation_relay_id: Option<String>,
}

async fn conversation(call: Call<'_>) -> Result<Resolved, FieldError> {
    let args: ConversationArgs = call.args()?;
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    if let Some(named) = &args.conversation_relay_id {
        let invalid = || FieldError::code("KT-CT-7638").at_input(&["conversationRelayId"]);
        let id = number(named).ok_or_else(invalid)?;
        if !ink::may_look(viewer) {
            return Err(FieldError::code("KT-CT-7658"));
        }
        let found = ink::by_id(&mut view, viewer, id).await.map_err(FieldError::internal)?;
        let unknown = || FieldError::code("KT-CT-7612").at_input(&["conversationRelayId"]);
        return found.map(Resolved::node).ok_or_else(unknown);
    }
    let account = args.account_number.ok_or_else(|| FieldError::code("KT-CT-7617"))?;
    let found = accounts::by_number(&mut view, viewer, &account).await.map_err(FieldError::internal)?;
    let account = found.ok_or_else(|| FieldError::code("KT-CT-4177").at_input(&["accountNumber"]))?;
    let found = ink::of_account(&mut view, viewer, account.id).await.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(|| FieldError::code("KT-CT-7610").at_input(&["accountNumber"]))
}

async fn live_chats(call: Call<'_>) -> Result<Resolved, FieldError> {
    if !ink::records(call.cx.viewer()) {
        return Err(FieldError::code(FORBIDDEN));
    }
    let status: Option<String> = call.arg("status")?;
    let window = window(&call)?;
    let mut view = call.cx.read().await?;
    let page = ink::live_chats(&mut view, call.cx.viewer(), status.as_deref(), &window).await;
    Ok(connection(page.map_err(FieldError::internal)?, Node::new))
}

/// The message that a call is about.
async fn found(call: &Call<'_>, named: &str, argument: &'static str) -> Result<InkMessage, FieldError> {
    let unknown = || FieldError::code("KT-CT-7611").at_input(&[argument]);
    let id = row_id(named).ok_or_else(unknown)?;
    let mut view = call.cx.read().await?;
    let found = ink::message(&mut view, call.cx.viewer(), id).await.map_err(FieldError::internal)?;
    found.ok_or_else(unknown)
}

async fn message(call: Call<'_>) -> Result<Resolved, FieldError> {
    let named: String = call.arg("messageRelayId")?;
    if row_id(&named).is_none() {
        return Err(FieldError::code("KT-CT-7638").at_input(&["messageRelayId"]));
    }
    Ok(Resolved::Node(node(found(&call, &named, "messageRelayId").await?)))
}

async fn text(call: Call<'_>) -> Result<Resolved, FieldError> {
    let named: String = call.arg("messageId")?;
    Ok(Resolved::leaf(found(&call, &named, "messageId").await?.body))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VendorArgs {
    vendor: String,
    vendor_id: String,
}

async fn attributes(call: Call<'_>) -> Result<Resolved, FieldError> {
    let viewer = call.cx.viewer();
    if !ink::records(viewer) {
        return Err(FieldError::code(FORBIDDEN));
    }
    let VendorArgs { vendor, vendor_id } = call.args()?;
    let mut view = call.cx.read().await?;
    let message =
        ink::by_vendor(&mut view, viewer, &vendor, &vendor_id).await.map_err(FieldError::internal)?;
    let message = message.ok_or_else(|| FieldError::code("KT-CT-7611").at_input(&["vendorId"]))?;
    let known = attributes::of_message(&mut view, &message).await.map_err(FieldError::internal)?;
    let now = view.business_now().await.map_err(FieldError::internal)?;
    let waiting = known.hours_waiting(now);
    Ok(Resolved::node(Known(known, waiting)))
}

async fn template(call: Call<'_>) -> Result<Resolved, FieldError> {
    if !ink::records(call.cx.viewer()) {
        return Err(FieldError::code(FORBIDDEN));
    }
    let identifier: String = call.arg("templateIdentifier")?;
    let mut view = call.cx.read().await?;
    let body = ink::template(&mut view, &identifier).await.map_err(FieldError::internal)?;
    let unknown = || FieldError::code("KT-CT-7648").at_input(&["templateIdentifier"]);
    body.map(Resolved::leaf).ok_or_else(unknown)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EligibleArgs {
    account_number: String,
    account_user_number: String,
    ink_conversation_id: i32,
    conversation_closed_at: DateTime<Utc>,
}

async fn is_eligible(call: Call<'_>) -> Result<Resolved, FieldError> {
    let args: EligibleArgs = call.args()?;
    let mut view = call.cx.read().await?;
    let (account, user) = (&args.account_number, &args.account_user_number);
    let about = (args.ink_conversation_id, args.conversation_closed_at);
    let said = eligibility::after_email(&mut view, call.cx.viewer(), account, user, about).await;
    said.map(Resolved::leaf).map_err(|error| match error {
        EligibilityError::UnknownContact => FieldError::code("KT-CT-5520").at_input(&["inkConversationId"]),
        other => super::calls::ineligible(other),
    })
}

fn ids(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Conversation>()?.iter().map(|c| i64::from(c.id)).collect())
}

async fn numbers_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let held: Vec<Option<i64>> = call.parents::<Conversation>()?.iter().map(|c| c.account_id).collect();
    let named: Vec<i64> = held.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let found = accounts::by_ids(&mut view, call.cx.viewer(), &named).await.map_err(FieldError::internal)?;
    let mut found = found.into_iter();
    let number = |id: &Option<i64>| Resolved::leaf(id.and_then(|_| found.next().flatten()).map(|a| a.number));
    Ok(held.iter().map(number).collect())
}

async fn users_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let held: Vec<Option<i64>> = call.parents::<Conversation>()?.iter().map(|c| c.account_id).collect();
    let named: Vec<i64> = held.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let found =
        users::of_accounts(&mut view, call.cx.viewer(), &named).await.map_err(FieldError::internal)?;
    let mut found = found.into_iter();
    let people = |id: &Option<i64>| match id {
        Some(_) => Resolved::nodes(found.next().unwrap_or_default()),
        None => Resolved::Null,
    };
    Ok(held.iter().map(people).collect())
}

async fn events_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (window, ids) = (window(&call)?, ids(&call)?);
    let mut view = call.cx.read().await?;
    let pages = ink::messages_of(&mut view, &ids, &window).await.map_err(FieldError::internal)?;
    let event = |message: InkMessage| Node::typed("InkNewMessage", NewMessage(message));
    Ok(pages.into_iter().map(|page| connection(page, event)).collect())
}

async fn buckets_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = ink::buckets_of(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn tags_of_conversations(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = ink::tags_of(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn identities_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i32> = call.parents::<Conversation>()?.iter().map(|c| c.id).collect();
    let mut view = call.cx.read().await?;
    let found = ink::identities(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|all| Resolved::node(Identities(all))).collect())
}

async fn tags_of_messages(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<InkMessage>()?.iter().map(|m| m.id).collect();
    let mut view = call.cx.read().await?;
    let found = ink::tags(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn attachments_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<InkMessage>()?.iter().map(|m| m.id).collect();
    let app = &call.cx.app;
    let mut view = call.cx.read().await?;
    let found = ink::attachments(&mut view, &ids).await.map_err(FieldError::internal)?;
    let now = view.wall_now();
    let secret = app.link_secret(&mut view).await.map_err(FieldError::internal)?;
    let linked = |file: Attachment| Linked(file.clone(), app.files().link(&file.key, secret, now));
    Ok(found.into_iter().map(|files| Resolved::nodes(files.into_iter().map(linked))).collect())
}
