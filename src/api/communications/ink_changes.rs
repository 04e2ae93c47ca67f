//! Messages that come into conversations, and what is done with these.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ink::{CONVERSATION, node, number, type_name};
use crate::api::nodes::{global_id, row_id};
use crate::api::session::{Bindings, Call};
use crate::domain::auth::viewer::RECORD_CONTACTS;
use crate::domain::communications::ink::handling::{self, HandleError, Note};
use crate::domain::communications::ink::taking::{self, NewFile, NewInk, TakeError};
use crate::domain::communications::ink::uploads::{self, BUCKET};
use crate::domain::communications::ink::{self, Conversation, InkMessage, Label};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::storage::Upload;

/// A message that was taken, and what the caller calls the request.
struct Taken(InkMessage, Option<String>);
/// A message in a live chat.
struct Chatted(InkMessage);
/// A live chat, by its identifier.
#[derive(Clone)]
struct Chat(i32);
/// A live chat that was closed.
struct Closed(Chat);
/// A note, and what the caller calls the request.
struct Noted(Note, Option<String>);
/// A conversation in a bucket, and what the caller calls the request.
struct Assigned(Conversation, Label, Option<String>);
/// A message's tags, and what the caller calls the request.
struct Tagged(Vec<Label>, Option<String>);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createInkInboundMessage", inbound);
    b.root("Mutation.createInkChatbotMessage", chatbot);
    b.root("Mutation.createInkLiveChatMessage", live_chat);
    b.root("Mutation.closeInkLiveChat", close);
    b.root("Mutation.closeInkLiveChatConversation", close_conversation);
    b.root("Mutation.addNoteToInkConversation", add_note);
    b.root("Mutation.assignInkBucket", assign);
    b.root("Mutation.updateMessageTags", tag);
    b.root("Mutation.generateInkPresignedUrl", upload_form);
    b.leaves::<Upload>(
        "GenerateInkPresignedUrl",
        &[
            ("uploadUrl", |u| (&u.url).into()),
            ("key", |u| (&u.key).into()),
            ("fields", |u| {
                json!({ "key": u.key, "expires": u.expires.to_string(), "signature": u.signature }).into()
            }),
        ],
    );
    for payload in ["CreateInkInboundMessage", "CreateInkChatbotMessagePayload"] {
        b.parts::<Taken>(payload, &[("message", |t| Resolved::Node(node(t.0.clone())))]);
        b.leaves::<Taken>(payload, &[("clientMutationId", |t| (&t.1).into())]);
    }
    b.parts::<Chatted>(
        "CreateInkLiveChatMessage",
        &[
            ("liveChat", |c| Resolved::node(Chat(c.0.conversation_id))),
            ("liveChatConversation", |c| Resolved::node(Chat(c.0.conversation_id))),
        ],
    );
    b.leaves::<Chatted>(
        "CreateInkLiveChatMessage",
        &[("messageRelayId", |c| global_id(type_name(&c.0.channel), c.0.id).into())],
    );
    b.leaves::<Chat>("InkLiveChat", &[("id", |c| global_id(CONVERSATION, c.0.into()).into())]);
    b.leaves::<Chat>(
        "InkLiveChatConversation",
        &[("relayId", |c| global_id(CONVERSATION, c.0.into()).into())],
    );
    b.parts::<Closed>("CloseInkLiveChat", &[("liveChat", |c| Resolved::node(c.0.clone()))]);
    b.parts::<Closed>(
        "CloseInkLiveChatConversation",
        &[("liveChatConversation", |c| Resolved::node(c.0.clone()))],
    );
    b.parts::<Noted>("AddNoteToInkConversation", &[("note", |n| Resolved::node(n.0.clone()))]);
    b.leaves::<Noted>("AddNoteToInkConversation", &[("clientMutationId", |n| (&n.1).into())]);
    b.leaves::<Note>(
        "InkNote",
        &[
            ("id", |n| global_id("InkNote", n.id).into()),
            ("content", |n| (&n.content).into()),
            ("isPinned", |n| n.is_pinned.into()),
            ("occurredAt", |n| n.occurred_at.into()),
        ],
    );
    b.parts::<Assigned>(
        "AssignInkBucket",
        &[("conversation", |a| Resolved::node(a.0.clone())), ("bucket", |a| Resolved::node(a.1.clone()))],
    );
    b.leaves::<Assigned>("AssignInkBucket", &[("clientMutationId", |a| (&a.2).into())]);
    b.parts::<Tagged>("UpdateMessageTags", &[("tags", |t| Resolved::nodes(t.0.iter().cloned()))]);
    b.leaves::<Tagged>("UpdateMessageTags", &[("clientMutationId", |t| (&t.1).into())]);
}

#[derive(Deserialize)]
struct MessageInput {
    generic: Option<GenericInput>,
    email: Option<EmailInput>,
    post: Option<PostInput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileInput {
    s3_key: String,
    s3_bucket: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenericInput {
    plain_text_content: String,
    attachments: Option<Vec<FileInput>>,
    from_handle: String,
    to_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmailInput {
    plain_text_content: String,
    attachments: Option<Vec<FileInput>>,
    subject: String,
    from_address: String,
    to_addresses: Vec<String>,
    cc_addresses: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostInput {
    plain_text_content: String,
    attachments: Option<Vec<FileInput>>,
    account_number: Option<String>,
    notes: Option<String>,
}

const NOT_YET: &str = "KT-CT-7616";

fn admit(call: &Call<'_>) -> Result<(), FieldError> {
    if call.cx.viewer().may(RECORD_CONTACTS) { Ok(()) } else { Err(FieldError::code(FORBIDDEN)) }
}

/// The files that came with a message, as far as they are in the store.
async fn files(call: &Call<'_>, given: Option<Vec<FileInput>>) -> Result<Vec<NewFile>, FieldError> {
    let mut files = Vec::new();
    for file in given.unwrap_or_default() {
        if file.s3_bucket != BUCKET {
            return Err(refusal(TakeError::Bucket));
        }
        let kept = call.cx.app.files().storage.get(&file.s3_key).await.ok().flatten();
        let size = kept.map(|bytes| i32::try_from(bytes.len()).unwrap_or(i32::MAX));
        files.push(NewFile { key: file.s3_key, size });
    }
    Ok(files)
}

/// A generic message, as it comes by a channel.
async fn generic(call: &Call<'_>, given: GenericInput, channel: &'static str) -> Result<NewInk, FieldError> {
    Ok(NewInk {
        channel,
        from: given.from_handle,
        to: vec![given.to_handle],
        text: given.plain_text_content,
        files: files(call, given.attachments).await?,
        ..NewInk::default()
    })
}

#[derive(Deserialize)]
struct UploadInput {
    channel: String,
    filename: String,
}

async fn upload_form(call: Call<'_>) -> Result<Resolved, FieldError> {
    admit(&call)?;
    let input: Option<UploadInput> = call.arg("input")?;
    let input = input.filter(|input| !input.filename.trim().is_empty());
    let input = input.ok_or_else(|| refusal(TakeError::Unprocessable("There is no name of a file.")))?;
    if input.channel == "LIVE_CHAT" {
        return Err(FieldError::code("KT-CT-7620").at_input(&["input", "channel"]));
    }
    let app = &call.cx.app;
    let unnamed = || FieldError::code("KT-CT-7624").at_input(&["input", "filename"]);
    let key = uploads::key(app.auth().random(), &input.filename).ok_or_else(unnamed)?;
    let mut view = call.cx.read().await?;
    let now = view.wall_now();
    let secret = app.link_secret(&mut view).await.map_err(FieldError::internal)?;
    Ok(Resolved::node(app.files().upload(&key, secret, now)))
}

/// By which channel a generic message came. LINE is a vendor of generic messages to clients.
fn generic_channel(channel: &str, vendor: Option<&str>) -> &'static str {
    match (channel, vendor) {
        ("SMS", _) => "SMS",
        ("WHATSAPP", _) => "WHATSAPP",
        ("TWILIO_WHATSAPP", _) => "TWILIO_WHATSAPP",
        (_, Some(vendor)) if vendor.eq_ignore_ascii_case("line") => "LINE",
        _ => "GENERIC_API",
    }
}

fn refusal(error: TakeError) -> FieldError {
    let code = match error {
        TakeError::Database(error) => return FieldError::internal(error),
        TakeError::Forbidden => return FieldError::code(FORBIDDEN),
        TakeError::Unprocessable(why) => return FieldError::code("KT-CT-7618").describe(why),
        TakeError::TooLong => "KT-CT-7632",
        TakeError::Address(_) => "KT-CT-7625",
        TakeError::Taken => "KT-CT-7630",
        TakeError::UnknownAccount => "KT-CT-7645",
        TakeError::Closed => "KT-CT-7642",
        TakeError::Bucket => "KT-CT-7622",
        TakeError::Path => "KT-CT-7623",
        TakeError::NoFile => "KT-CT-7621",
    };
    FieldError::code(code).at_input(&["input"])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InboundInput {
    channel: String,
    message_id: String,
    new_message: MessageInput,
    vendor: Option<String>,
    message_headers: Option<Value>,
    occurred_at: Option<DateTime<Utc>>,
    client_mutation_id: Option<String>,
}

async fn inbound(call: Call<'_>) -> Result<Resolved, FieldError> {
    admit(&call)?;
    let input: Option<InboundInput> = call.arg("input")?;
    let input = input.ok_or_else(|| refusal(TakeError::Unprocessable("There is no input.")))?;
    let missing = |code: &'static str| FieldError::code(code).at_input(&["input", "newMessage"]);
    let mut new = match input.channel.as_str() {
        "EMAIL" => {
            let given = input.new_message.email.ok_or_else(|| missing("KT-CT-7627"))?;
            NewInk {
                channel: "EMAIL",
                from: given.from_address,
                to: given.to_addresses,
                cc: given.cc_addresses.unwrap_or_default(),
                subject: given.subject,
                text: given.plain_text_content,
                files: files(&call, given.attachments).await?,
                ..NewInk::default()
            }
        }
        "GENERIC_API" | "SMS" | "WHATSAPP" | "TWILIO_WHATSAPP" => {
            let given = input.new_message.generic.ok_or_else(|| missing("KT-CT-7628"))?;
            generic(&call, given, generic_channel(&input.channel, input.vendor.as_deref())).await?
        }
        "POST" => {
            let given = input.new_message.post.ok_or_else(|| missing("KT-CT-7629"))?;
            NewInk {
                channel: "POST",
                subject: given.notes.unwrap_or_default(),
                text: given.plain_text_content,
                account: Some(given.account_number.unwrap_or_default()),
                files: files(&call, given.attachments).await?,
                ..NewInk::default()
            }
        }
        _ => return Err(FieldError::code("KT-CT-7620").at_input(&["input", "channel"])),
    };
    new.vendor = input.vendor.unwrap_or_else(|| input.channel.to_lowercase());
    new.name = input.message_id;
    new.headers = input.message_headers;
    new.occurred_at = input.occurred_at;
    let done = call.cx.write("Mutation.createInkInboundMessage", None, &new, |tx, viewer, new| {
        Box::pin(taking::inbound(tx, viewer, new))
    });
    done.await.map(|taken| Resolved::node(Taken(taken, input.client_mutation_id))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChatbotInput {
    message_id: String,
    new_message: MessageInput,
    message_headers: Option<Value>,
    occurred_at: Option<DateTime<Utc>>,
    account_number: String,
    client_mutation_id: Option<String>,
}

async fn chatbot(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ChatbotInput = call.arg("input")?;
    let invalid = |why: &'static str| FieldError::code(INVALID_INPUT).describe(why).at_input(&["input"]);
    let given = input.new_message.generic.ok_or_else(|| invalid("The bot takes generic messages."))?;
    let subject = Some(input.account_number.as_str());
    let new = NewInk {
        vendor: "chatbot".to_owned(),
        name: input.message_id,
        account: Some(input.account_number.clone()),
        headers: input.message_headers,
        occurred_at: input.occurred_at,
        ..generic(&call, given, "GENERIC_API").await.map_err(|_| invalid("The attachments cannot be had."))?
    };
    let done = call.cx.write("Mutation.createInkChatbotMessage", subject, &new, |tx, viewer, new| {
        Box::pin(taking::chatbot(tx, viewer, new))
    });
    done.await.map(|taken| Resolved::node(Taken(taken, input.client_mutation_id))).map_err(
        |error| match error {
            TakeError::Database(error) => FieldError::internal(error),
            TakeError::Forbidden | TakeError::UnknownAccount => FieldError::code(FORBIDDEN),
            TakeError::Taken => invalid("The message has been taken."),
            _ => invalid("The message cannot be dealt with."),
        },
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LiveChatInput {
    account_number: String,
    message_id: String,
    new_message: MessageInput,
    vendor: Option<String>,
    occurred_at: Option<DateTime<Utc>>,
}

async fn live_chat(call: Call<'_>) -> Result<Resolved, FieldError> {
    admit(&call)?;
    let not_yet = || FieldError::code(NOT_YET).at_input(&["input", "newMessage"]);
    let input: Option<LiveChatInput> = call.arg("input")?;
    let input = input.ok_or_else(not_yet)?;
    // What comes by post or e-mail is no chat.
    let given = input.new_message.generic.ok_or_else(not_yet)?;
    let subject = Some(input.account_number.as_str());
    let mut new = generic(&call, given, "LIVE_CHAT").await.map_err(|_| not_yet())?;
    new.vendor = input.vendor.unwrap_or_else(|| "live-chat".to_owned());
    new.name = input.message_id;
    new.account = Some(input.account_number.clone());
    new.occurred_at = input.occurred_at;
    if !new.files.is_empty() {
        return Err(not_yet());
    }
    let done = call.cx.write("Mutation.createInkLiveChatMessage", subject, &new, |tx, viewer, new| {
        Box::pin(taking::live_chat(tx, viewer, new))
    });
    done.await.map(|taken| Resolved::node(Chatted(taken))).map_err(|error| match error {
        TakeError::Taken => FieldError::code("KT-CT-7641").at_input(&["input", "messageId"]),
        TakeError::Unprocessable(_) | TakeError::TooLong => not_yet(),
        other => refusal(other),
    })
}

fn unhandled(error: HandleError) -> FieldError {
    let (code, field) = match error {
        HandleError::Database(error) => return FieldError::internal(error),
        HandleError::Forbidden => return FieldError::code(FORBIDDEN),
        HandleError::UnknownConversation => ("KT-CT-7612", "conversationRelayId"),
        HandleError::NoChat => ("KT-CT-7643", "conversationRelayId"),
        HandleError::UnknownBucket => ("KT-CT-7613", "bucketName"),
        HandleError::UnknownMessage => ("KT-CT-7611", "messageRelayId"),
        HandleError::UnknownTag => ("KT-CT-7614", "tagNames"),
        HandleError::Text => (INVALID_INPUT, "content"),
    };
    FieldError::code(code).at_input(&["input", field])
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CloseInput {
    conversation_relay_id: String,
}

async fn close(call: Call<'_>) -> Result<Resolved, FieldError> {
    closed(call, "Mutation.closeInkLiveChat").await
}

async fn close_conversation(call: Call<'_>) -> Result<Resolved, FieldError> {
    closed(call, "Mutation.closeInkLiveChatConversation").await
}

async fn closed(call: Call<'_>, operation: &'static str) -> Result<Resolved, FieldError> {
    let input = call.arg::<Option<CloseInput>>("input")?.unwrap_or_default();
    let id = number(&input.conversation_relay_id).unwrap_or_default();
    let done =
        call.cx.write(operation, None, &id, |tx, viewer, id| Box::pin(handling::close_chat(tx, viewer, *id)));
    done.await.map(|chat| Resolved::node(Closed(Chat(chat.id)))).map_err(|error| match error {
        HandleError::UnknownConversation => {
            FieldError::code("KT-CT-7644").at_input(&["input", "conversationRelayId"])
        }
        other => unhandled(other),
    })
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoteInput {
    conversation_relay_id: String,
    content: String,
    added_at: Option<DateTime<Utc>>,
    is_pinned: Option<bool>,
    client_mutation_id: Option<String>,
}

async fn add_note(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input = call.arg::<Option<NoteInput>>("input")?.unwrap_or_default();
    let done = call.cx.write("Mutation.addNoteToInkConversation", None, &input, |tx, viewer, input| {
        let id = number(&input.conversation_relay_id).unwrap_or_default();
        let is_pinned = input.is_pinned.unwrap_or(false);
        Box::pin(handling::add_note(tx, viewer, id, &input.content, input.added_at, is_pinned))
    });
    done.await.map(|note| Resolved::node(Noted(note, input.client_mutation_id.clone()))).map_err(unhandled)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssignInput {
    conversation_relay_id: String,
    bucket_name: String,
    client_mutation_id: Option<String>,
}

async fn assign(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input = call.arg::<Option<AssignInput>>("input")?.unwrap_or_default();
    let done = call.cx.write("Mutation.assignInkBucket", None, &input, |tx, viewer, input| {
        let id = number(&input.conversation_relay_id).unwrap_or_default();
        Box::pin(handling::assign(tx, viewer, id, &input.bucket_name))
    });
    let (conversation, bucket) = done.await.map_err(unhandled)?;
    Ok(Resolved::node(Assigned(conversation, bucket, input.client_mutation_id)))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagInput {
    message_relay_id: String,
    tag_names: Vec<String>,
    tagger_code: String,
    tagger_version: String,
    client_mutation_id: Option<String>,
}

async fn tag(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input = call.arg::<Option<TagInput>>("input")?.unwrap_or_default();
    let id = row_id(&input.message_relay_id).unwrap_or_default();
    let given = (id, &input);
    let done = call.cx.write("Mutation.updateMessageTags", None, &given, |tx, viewer, given| {
        let tagger = (given.1.tagger_code.as_str(), given.1.tagger_version.as_str());
        Box::pin(handling::tag(tx, viewer, given.0, &given.1.tag_names, tagger))
    });
    done.await.map_err(unhandled)?;
    let mut view = call.cx.read().await?;
    let tags = ink::tags(&mut view, &[id]).await.map_err(FieldError::internal)?.pop().unwrap_or_default();
    Ok(Resolved::node(Tagged(tags, input.client_mutation_id)))
}

/// One note, for `node`.
pub(in crate::api) async fn note_by_id(call: Call<'_>, id: i64) -> Result<Option<Node>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = handling::note(&mut view, call.cx.viewer(), id).await.map_err(FieldError::internal)?;
    Ok(found.map(|note| Node::typed("InkNote", note)))
}
