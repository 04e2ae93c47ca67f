//! Conversations over all channels.

use chrono::TimeDelta;
use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::{Reply, Server, World, record};

const INBOUND: &str =
    "mutation($input: CreateInkInboundMessageInput) { createInkInboundMessage(input: $input) {
    possibleErrors { code } clientMutationId message { __typename ...M } } } ";
const MESSAGE: &str = "fragment M on InkMessage {
    ... on InkEmail { fromHandle toHandles cc subject emailText: displayContent direction isChannelEmail
        delivery { status } tags { name } attachments { filename sizeInBytes fetchUrl }
        contactChannelIdentity { channel handle displayName } }
    ... on InkGenericMessage { id fromHandle toHandle displayContent occurredAt }
    ... on InkPost { fromHandle toHandle displayContent rawPlainTextContent isChannelPost }
    ... on InkSMS { fromHandle toHandle displayContent isChannelSms delivery { status } tags { name } }
    ... on InkWhatsApp { vendorId isChannelWhatsapp whatsappContent { body } tags { name } }
    ... on InkTwilioWhatsApp { vendorId toHandle whatsappContent { body } contactChannelIdentity { channel handle } }
    ... on InkLine { fromHandle isChannelLine lineMessage { ... on LineTextMessage { displayContent } }
        attachments { filename } contactChannelIdentity { channel } }
    ... on InkLiveChatMessage { id displayContent } }";
const CONVERSATION: &str = "query($n: String, $c: String) { inkConversation(accountNumber: $n, conversationRelayId: $c) {
    id status accountNumber lastMessageAt accountUsers { id } buckets { id name icon } tags { name }
    contactChannelIdentities { default { channel handle } all { channel handle } }
    events(first: 20) { edges { node { ... on InkNewMessage { occurredAt message { __typename ...M } } } } } } } ";

impl Server {
    pub(super) async fn comes_in(&self, token: &str, input: Value) -> Reply {
        self.send(Some(token), &format!("{INBOUND}{MESSAGE}"), json!({ "input": input })).await
    }

    async fn conversation(&self, token: &str, variables: Value) -> Reply {
        self.send(Some(token), &format!("{CONVERSATION}{MESSAGE}"), variables).await
    }

    async fn conversation_of(&self, token: &str, account: &str) -> Value {
        let reply = self.conversation(token, json!({ "n": account })).await;
        let found = &reply.json["data"]["inkConversation"];
        assert!(found.is_object(), "{}", reply.json);
        found.clone()
    }

    /// The row id of the message that its channel calls by a name.
    async fn ink_id(&self, name: &str) -> String {
        let id = sqlx::query_as("select id::text from ink_messages where vendor_id = $1").bind(name);
        let (id,) = id.fetch_one(self.database.pool()).await.expect("a message");
        id
    }
}

pub(super) fn email(name: &str, from: &str) -> Value {
    json!({ "channel": "EMAIL", "messageId": name, "clientMutationId": "c-1", "newMessage": { "email": {
        "plainTextContent": "Why is my bill so high?", "subject": "My bill", "fromAddress": from,
        "toAddresses": ["hello@kraken.example"], "ccAddresses": ["copy@example.org"] } } })
}

fn generic(name: &str, from: &str, text: &str) -> Value {
    json!({ "channel": "GENERIC_API", "messageId": name, "newMessage": { "generic": {
        "plainTextContent": text, "fromHandle": from, "toHandle": "forum" } } })
}

/// An organisation that runs mailboxes and sees Ada's account.
pub(super) async fn mailbox(server: &Server, world: &World) -> String {
    let (id, system) = server.organisation("Mailbox Ltd", &["view-accounts", "record-contacts"]).await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    system
}

#[tokio::test]
async fn messages_of_one_customer_are_one_conversation() {
    let server = Server::start().await;
    let world = server.world().await;
    let system = mailbox(&server, &world).await;
    let reply = server.comes_in(&system, email("m-1", "ADA@example.org")).await;
    let taken = &reply.json["data"]["createInkInboundMessage"];
    assert_eq!(
        (&taken["clientMutationId"], &taken["message"]["__typename"]),
        (&json!("c-1"), &json!("InkEmail")),
        "{}",
        reply.json
    );
    assert_eq!(taken["message"]["contactChannelIdentity"]["handle"], "ADA@example.org");
    server.wall.set(server.wall.now() + TimeDelta::minutes(5));
    let letter = json!({ "channel": "POST", "messageId": "p-1", "newMessage": { "post": {
        "plainTextContent": "Dear Sirs", "accountNumber": world.ada.account, "notes": "blue ink" } } });
    assert_eq!(
        server.comes_in(&system, letter).await.json["data"]["createInkInboundMessage"]["message"]["isChannelPost"],
        true
    );
    let mine = server.conversation_of(&world.ada.token, &world.ada.account).await;
    record::read_back("createInkInboundMessage");
    assert_eq!(mine["status"], "OPEN_CUSTOMER_REPLIED");
    assert_eq!(
        (&mine["accountNumber"], &mine["lastMessageAt"]),
        (&json!(world.ada.account), &json!("2026-03-02T09:35:00+00:00"))
    );
    assert_eq!(mine["accountUsers"][0]["id"], world.ada.user_id.to_string());
    assert_eq!(mine["events"]["edges"].as_array().map(Vec::len), Some(2));
    assert_eq!(mine["events"]["edges"][0]["node"]["message"]["subject"], "My bill");
    assert_eq!(mine["contactChannelIdentities"]["all"].as_array().map(Vec::len), Some(2));
    for below in ["events(PAGE) { pageInfo { hasNextPage } }"] {
        let below = format!("inkConversation(accountNumber: \"{}\") {{ {below} }}", world.ada.account);
        bounds_its_pages(&server, &world.reader, &below).await;
    }
    // By its identifier, with the same walls.
    let by_id = json!({ "c": mine["id"] });
    assert!(server.conversation(&system, by_id.clone()).await.codes().is_empty());
    for (token, variables, code) in [
        (&world.bob.token, by_id.clone(), "KT-CT-7612"),
        (&world.partner, by_id, "KT-CT-7658"),
        (&world.reader, json!({ "c": "nonsense" }), "KT-CT-7638"),
        (&world.reader, json!({ "c": "1" }), "KT-CT-7612"),
        (&world.bob.token, json!({ "n": world.ada.account }), "KT-CT-4177"),
        (&world.bob.token, json!({ "n": world.bob.account }), "KT-CT-7610"),
        (&world.bob.token, json!({}), "KT-CT-7617"),
    ] {
        assert_eq!(server.conversation(token, variables.clone()).await.codes(), [code], "{variables}");
    }
    // Somebody who is nobody has a conversation by their address.
    assert!(server.comes_in(&system, generic("g-1", "owl", "Hoo")).await.codes().is_empty());
    assert!(server.comes_in(&system, generic("g-2", "Owl", "Hoo?")).await.codes().is_empty());
    let count = "select count(*) from ink_conversations where contact_handle = 'owl'";
    let (count,): (i64,) = sqlx::query_as(count).fetch_one(server.database.pool()).await.expect("a count");
    assert_eq!(count, 1);
}

#[tokio::test]
async fn each_channel_has_messages_of_its_own_and_knows_people_by_what_it_calls_them() {
    let server = Server::start().await;
    let world = server.world().await;
    let system = mailbox(&server, &world).await;
    server.tamper("update account_users set mobile = '07700 900123' where email = 'ada@example.org'").await;
    server
        .tamper(
            "insert into line_links (account_user_id, nonce_hash, requested_at, line_user_id, linked_at)
                select id, '\\x00', now(), 'U-ada', now() from account_users where email = 'ada@example.org'",
        )
        .await;
    let by = |channel: &str, vendor: Option<&str>, from: &str| {
        let mut input = generic(&format!("{channel}-1"), from, "Hello");
        (input["channel"], input["vendor"]) = (json!(channel), json!(vendor));
        input
    };
    for (input, kind, shown) in [
        (by("SMS", None, "+447700900123"), "InkSMS", json!({ "isChannelSms": true })),
        (
            by("WHATSAPP", None, "+447700900123"),
            "InkWhatsApp",
            json!({ "vendorId": "WHATSAPP-1", "isChannelWhatsapp": true, "whatsappContent": { "body": "Hello" } }),
        ),
        (
            by("TWILIO_WHATSAPP", None, "+447700900123"),
            "InkTwilioWhatsApp",
            json!({ "contactChannelIdentity": { "channel": "TWILIO_WHATSAPP", "handle": "+447700900123" } }),
        ),
        (
            by("GENERIC_API", Some("LINE"), "U-ada"),
            "InkLine",
            json!({ "isChannelLine": true, "lineMessage": { "displayContent": "Hello" },
                "contactChannelIdentity": { "channel": "GENERIC_API" } }),
        ),
    ] {
        let reply = server.comes_in(&system, input).await;
        let message = &reply.json["data"]["createInkInboundMessage"]["message"];
        assert_eq!(message["__typename"], kind, "{}", reply.json);
        for (field, value) in shown.as_object().expect("fields") {
            assert_eq!(&message[field], value, "{kind}.{field}");
        }
    }
    let hers = server.conversation_of(&world.ada.token, &world.ada.account).await;
    assert_eq!(hers["events"]["edges"].as_array().map(Vec::len), Some(4), "all of them are hers");
    // The number belongs to nobody.
    server.comes_in(&system, by("SMS", Some("other"), "+447700900199")).await;
    let count = "select count(*) from ink_conversations where contact_handle = '+447700900199'";
    let (count,): (i64,) = sqlx::query_as(count).fetch_one(server.database.pool()).await.expect("a count");
    assert_eq!(count, 1);
}

#[tokio::test]
async fn what_cannot_be_taken_is_said_why() {
    let server = Server::start().await;
    let world = server.world().await;
    let system = mailbox(&server, &world).await;
    let storage = &server.app.files().storage;
    storage.put("ink/photo.jpg", vec![1, 2, 3].into()).await.expect("kept");
    let with = |name: &str, bucket: &str, key: &str| {
        let mut input = email(name, "ada@example.org");
        input["newMessage"]["email"]["attachments"] = json!([{ "s3Bucket": bucket, "s3Key": key }]);
        input
    };
    let reply = server.comes_in(&system, with("m-1", "kraken-files", "ink/photo.jpg")).await;
    let file = &reply.json["data"]["createInkInboundMessage"]["message"]["attachments"][0];
    assert_eq!((&file["filename"], &file["sizeInBytes"]), (&json!("photo.jpg"), &json!(3)), "{}", reply.json);
    let mut without = email("m-9", "ada@example.org");
    without["newMessage"] = json!({});
    let of = |channel: &str| {
        let mut input = without.clone();
        input["channel"] = json!(channel);
        input
    };
    for (input, code) in [
        (with("m-2", "elsewhere", "ink/photo.jpg"), "KT-CT-7622"),
        (with("m-2", "kraken-files", "bills/photo.jpg"), "KT-CT-7623"),
        (with("m-2", "kraken-files", "ink/none.jpg"), "KT-CT-7621"),
        (email("m-1", "ada@example.org"), "KT-CT-7630"),
        (email("m-2", "ada@example.1"), "KT-CT-7625"),
        (email(" ", "ada@example.org"), "KT-CT-7618"),
        (of("EMAIL"), "KT-CT-7627"),
        (of("GENERIC_API"), "KT-CT-7628"),
        (of("POST"), "KT-CT-7629"),
        (of("SMS"), "KT-CT-7628"),
        (of("LIVE_CHAT"), "KT-CT-7620"),
        (generic("g-1", "owl", &"x".repeat(10_001)), "KT-CT-7632"),
        (generic("g-1", " ", "x"), "KT-CT-7618"),
        (Value::Null, "KT-CT-7618"),
    ] {
        let reply = server.comes_in(&system, input).await;
        assert_eq!(reply.codes(), [code], "{}", reply.json);
    }
    assert_eq!(server.comes_in(&world.reader, email("m-3", "ada@example.org")).await.codes(), ["KT-CT-1111"]);
}

#[tokio::test]
async fn a_message_is_read_tagged_and_routed() {
    let server = Server::start().await;
    let world = server.world().await;
    let system = mailbox(&server, &world).await;
    server.comes_in(&system, email("m-1", "ada@example.org")).await;
    let id = server.ink_id("m-1").await;
    let text = "query($m: ID!) { inkMessageTextContent(messageId: $m) }";
    let data = server.ask(Some(&world.ada.token), text, json!({ "m": id })).await;
    assert_eq!(data["inkMessageTextContent"], "Why is my bill so high?");
    let read =
        format!("query($m: String!) {{ inkMessage(messageRelayId: $m) {{ __typename ...M }} }} {MESSAGE}");
    let tag = "mutation($input: UpdateMessageTagsInput) { updateMessageTags(input: $input) {
        clientMutationId tags { name } } }";
    let tagged = |names: Value| {
        json!({ "input": { "messageRelayId": id, "tagNames": names, "taggerCode": "classifier", "taggerVersion": "2",
            "clientMutationId": "c-2" } })
    };
    let data = server.ask(Some(&system), tag, tagged(json!(["complaint", "bill-query"]))).await;
    assert_eq!(
        data["updateMessageTags"],
        json!({ "clientMutationId": "c-2", "tags": [{ "name": "bill-query" }, { "name": "complaint" }] })
    );
    server.ask(Some(&system), tag, tagged(json!(["bill-query"]))).await;
    let message = server.ask(Some(&world.reader), &read, json!({ "m": id })).await;
    assert_eq!(message["inkMessage"]["tags"], json!([{ "name": "bill-query" }]));
    record::read_back("updateMessageTags");
    assert_eq!(server.send(Some(&system), tag, tagged(json!(["nonsense"]))).await.codes(), ["KT-CT-7614"]);
    assert_eq!(server.send(Some(&system), tag, json!({})).await.codes(), ["KT-CT-7611"]);
    for (token, named, code) in [
        (&world.bob.token, id.as_str(), "KT-CT-7611"),
        (&world.partner, id.as_str(), "KT-CT-7611"),
        (&world.reader, "nonsense", "KT-CT-7638"),
    ] {
        assert_eq!(server.send(Some(token), &read, json!({ "m": named })).await.codes(), [code]);
    }
    assert_eq!(server.send(Some(&world.bob.token), text, json!({ "m": id })).await.codes(), ["KT-CT-7611"]);

    let assign = "mutation($input: AssignInkBucketInput) { assignInkBucket(input: $input) { clientMutationId
        bucket { name icon } conversation { id buckets { name } } } }";
    let conversation = server.conversation_of(&world.reader, &world.ada.account).await["id"].clone();
    let into =
        |bucket: &str| json!({ "input": { "conversationRelayId": conversation, "bucketName": bucket } });
    for bucket in ["Billing", "Billing", "Olive Operations"] {
        server.ask(Some(&system), assign, into(bucket)).await;
    }
    let seen = server.conversation_of(&world.reader, &world.ada.account).await;
    assert_eq!(seen["buckets"].as_array().map(Vec::len), Some(2));
    assert_eq!(seen["tags"], json!([{ "name": "bill-query" }]));
    record::read_back("assignInkBucket");
    assert_eq!(server.send(Some(&system), assign, into("Nobody")).await.codes(), ["KT-CT-7613"]);
    assert_eq!(server.send(Some(&system), assign, json!({})).await.codes(), ["KT-CT-7612"]);

    let attributes = "query($v: String!, $n: String!) { inkMessageAttributes(vendor: $v, vendorId: $n) { accounts accountType
        buckets conversationId hourOccurredAt hoursWaiting isAssignedToUserBucket isFirstFromContact isNewThread opsTeam
        recentlyReceivedAutoReplies replyToCommsSms weekDayOccurredAt } }";
    server.wall.set(server.wall.now() + TimeDelta::minutes(50));
    let known = server.ask(Some(&world.reader), attributes, json!({ "v": "email", "n": "m-1" })).await;
    let known = &known["inkMessageAttributes"];
    assert_eq!(
        (&known["accounts"], &known["buckets"]),
        (&json!([world.ada.account]), &json!(["Billing", "Olive Operations"]))
    );
    assert_eq!((&known["hourOccurredAt"], &known["weekDayOccurredAt"]), (&json!(9), &json!(0)));
    assert_eq!(
        (&known["isFirstFromContact"], &known["isAssignedToUserBucket"]),
        (&json!(true), &json!(true))
    );
    let unknown = server.send(Some(&world.reader), attributes, json!({ "v": "email", "n": "m-2" })).await;
    assert_eq!(unknown.codes(), ["KT-CT-7611"]);

    let template = "query($t: String!) { inkCommsTemplate(templateIdentifier: $t) }";
    let data = server.ask(Some(&system), template, json!({ "t": "reading-received" })).await;
    assert!(data["inkCommsTemplate"].as_str().is_some_and(|text| text.contains("reading")));
    assert_eq!(
        server.send(Some(&system), template, json!({ "t": "nonsense" })).await.codes(),
        ["KT-CT-7648"]
    );

    let note = "mutation($input: AddNoteToInkConversationInput) { addNoteToInkConversation(input: $input) { clientMutationId
        note { id content isPinned occurredAt } } }";
    let input = json!({ "input": { "conversationRelayId": conversation, "content": "Call her back", "isPinned": true } });
    let data = server.ask(Some(&world.staff), note, input).await;
    let id = &data["addNoteToInkConversation"]["note"]["id"];
    let by_id = "query($i: ID!) { node(id: $i) { ... on InkNote { content isPinned } } }";
    let seen = server.ask(Some(&world.reader), by_id, json!({ "i": id })).await;
    assert_eq!(seen["node"], json!({ "content": "Call her back", "isPinned": true }));
    record::read_back("addNoteToInkConversation");
    let hers = server.ask(Some(&world.ada.token), by_id, json!({ "i": id })).await;
    assert_eq!(hers["node"], Value::Null, "customers do not see notes");
    assert_eq!(server.send(Some(&system), note, json!({})).await.codes(), ["KT-CT-7612"]);
}

const CHAT: &str = "mutation($input: CreateInkLiveChatMessageInput) { createInkLiveChatMessage(input: $input) { messageRelayId
    liveChat { id } liveChatConversation { relayId } } }";
const CLOSE: &str =
    "mutation($input: CloseInkLiveChatInput) { closeInkLiveChat(input: $input) { liveChat { id } } }";
const CHATS: &str =
    "query($s: String) { inkLiveChatConversations(status: $s, first: 5) { edges { node { id status } } } }";

#[tokio::test]
async fn a_live_chat_is_opened_by_a_message_and_closed_by_staff() {
    let server = Server::start().await;
    let world = server.world().await;
    let system = mailbox(&server, &world).await;
    let line = |name: &str, account: &str| {
        json!({ "input": { "accountNumber": account, "messageId": name, "newMessage": { "generic": {
            "plainTextContent": "Hello?", "fromHandle": "ada", "toHandle": "chat" } } } })
    };
    let first = server.ask(Some(&system), CHAT, line("l-1", &world.ada.account)).await;
    let chat = first["createInkLiveChatMessage"]["liveChat"]["id"].clone();
    let second = server.ask(Some(&system), CHAT, line("l-2", &world.ada.account)).await;
    assert_eq!(second["createInkLiveChatMessage"]["liveChatConversation"]["relayId"], chat);
    let chats = async |status: Option<&str>| {
        let data = server.ask(Some(&world.reader), CHATS, json!({ "s": status })).await;
        data["inkLiveChatConversations"]["edges"].as_array().map(Vec::len)
    };
    assert_eq!((chats(None).await, chats(Some("CLOSED")).await), (Some(1), Some(0)));
    record::read_back("createInkLiveChatMessage");
    let mut by_post = line("l-3", &world.ada.account);
    by_post["input"]["newMessage"] = json!({ "post": { "plainTextContent": "Hello" } });
    for (input, code) in [
        (line("l-1", &world.ada.account), "KT-CT-7641"),
        (line("l-3", &world.bob.account), "KT-CT-7645"),
        (by_post, "KT-CT-7616"),
    ] {
        let reply = server.send(Some(&system), CHAT, input).await;
        assert_eq!(reply.codes(), [code], "{}", reply.json);
    }
    let close = async |named: &Value| {
        server.send(Some(&world.staff), CLOSE, json!({ "input": { "conversationRelayId": named } })).await
    };
    server.wall.set(server.wall.now() + TimeDelta::minutes(1));
    assert!(close(&chat).await.codes().is_empty());
    assert_eq!(chats(Some("CLOSED")).await, Some(1));
    record::read_back("closeInkLiveChat");
    assert_eq!(close(&chat).await.codes(), ["KT-CT-7643"]);
    assert_eq!(close(&json!("1")).await.codes(), ["KT-CT-7644"]);
    let mut late = line("l-4", &world.ada.account);
    late["input"]["occurredAt"] = json!("2026-03-02T09:30:30Z");
    assert_eq!(server.send(Some(&system), CHAT, late).await.codes(), ["KT-CT-7642"]);
    // A message of now opens another.
    server.wall.set(server.wall.now() + TimeDelta::minutes(1));
    let next = server.ask(Some(&system), CHAT, line("l-5", &world.ada.account)).await;
    let next = &next["createInkLiveChatMessage"]["liveChat"]["id"];
    assert_ne!(next, &chat);
    let end = "mutation($c: ID!) { closeInkLiveChatConversation(input: { conversationRelayId: $c }) {
        liveChatConversation { relayId } } }";
    let ended = server.ask(Some(&system), end, json!({ "c": next })).await;
    assert_eq!(&ended["closeInkLiveChatConversation"]["liveChatConversation"]["relayId"], next);
    assert_eq!(chats(Some("CLOSED")).await, Some(2));
    record::read_back("closeInkLiveChatConversation");
    for (named, code) in [(next, "KT-CT-7643"), (&json!("1"), "KT-CT-7644")] {
        assert_eq!(server.send(Some(&system), end, json!({ "c": named })).await.codes(), [code]);
    }
}

#[tokio::test]
async fn the_chat_bot_answers_and_customers_are_asked_how_it_went() {
    let server = Server::start().await;
    let world = server.world().await;
    let bot = format!(
        "mutation($input: CreateInkChatbotMessageInput!) {{ createInkChatbotMessage(input: $input) {{
        clientMutationId message {{ __typename ...M }} }} }} {MESSAGE}"
    );
    let input = |account: &str, message: Value| {
        json!({ "input": { "messageId": "b-1", "accountNumber": account, "newMessage": message,
            "clientMutationId": "c-3" } })
    };
    let words = json!({ "generic": { "plainTextContent": "Where is my bill?", "fromHandle": "ada",
        "toHandle": "bot" } });
    let data = server.ask(Some(&world.ada.token), &bot, input(&world.ada.account, words.clone())).await;
    assert_eq!(data["createInkChatbotMessage"]["message"]["displayContent"], "Where is my bill?");
    let mine = server.conversation_of(&world.ada.token, &world.ada.account).await;
    let events = mine["events"]["edges"].as_array().expect("events").clone();
    assert_eq!(events.len(), 2);
    assert_eq!(events[1]["node"]["message"]["fromHandle"], "bot");
    record::read_back("createInkChatbotMessage");
    for (account, message, code) in [
        (&world.ada.account, words.clone(), "KT-CT-1605"),
        (&world.ada.account, json!({}), "KT-CT-1605"),
        (&world.bob.account, words, "KT-CT-1111"),
    ] {
        let reply = server.send(Some(&world.ada.token), &bot, input(account, message)).await;
        assert_eq!(reply.codes(), [code], "{}", reply.json);
    }

    let (id,): (i32,) = sqlx::query_as("select id from ink_conversations")
        .fetch_one(server.database.pool())
        .await
        .expect("one");
    let user = "select number from account_users where id = $1";
    let (user,): (String,) = sqlx::query_as(user)
        .bind(world.ada.user_id)
        .fetch_one(server.database.pool())
        .await
        .expect("a number");
    let query = "query($n: String!, $u: String!, $c: Int!, $t: DateTime!) { isCustomerEligibleToGiveFeedbackFollowingEmail(
        accountNumber: $n, accountUserNumber: $u, inkConversationId: $c, conversationClosedAt: $t) }";
    let ask = async |account: &str, id: i32, at: &str| {
        let variables = json!({ "n": account, "u": user, "c": id, "t": at });
        server.send(Some(&world.ada.token), query, variables).await
    };
    let is = |reply: &Reply| reply.json["data"]["isCustomerEligibleToGiveFeedbackFollowingEmail"].clone();
    assert_eq!(is(&ask(&world.ada.account, id, "2026-03-01T12:00:00Z").await), true);
    assert_eq!(is(&ask(&world.ada.account, id, "2026-01-01T12:00:00Z").await), false, "long ago");
    assert_eq!(is(&ask(&world.ada.account, id, "2026-03-05T12:00:00Z").await), false, "still to come");
    assert_eq!(ask(&world.ada.account, 1, "2026-03-01T12:00:00Z").await.codes(), ["KT-CT-5520"]);
    assert_eq!(ask(&world.bob.account, id, "2026-03-01T12:00:00Z").await.codes(), ["KT-CT-5523"]);
    server.tamper("update feedback_eligibility set rules = '[]'").await;
    assert_eq!(ask(&world.ada.account, id, "2026-03-01T12:00:00Z").await.codes(), ["KT-CT-5522"]);
    server.tamper("delete from feedback_eligibility").await;
    assert_eq!(ask(&world.ada.account, id, "2026-03-01T12:00:00Z").await.codes(), ["KT-CT-5521"]);
}
