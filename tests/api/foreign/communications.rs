//! The calls about messages, consents and calls.

use serde_json::json;

use super::attempts::Attempt;
use crate::support::Server;
use crate::support::world::Customer;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "publishTransactionalMessagingTrigger",
        document: "mutation($i: PublishTransactionalMessagingTriggerInput!) {
            publishTransactionalMessagingTrigger(input: $i) { trigger { id } } }",
        variables: |bob| {
            let params = json!({ "accountNumbers": [bob.account], "readBy": "2026-03-09" });
            json!({ "i": { "triggerTypeCode": "METER_READING_DUE", "params": params.to_string() } })
        },
    },
    Attempt {
        mutation: "publishTransactionalMessagingExternalTrigger",
        document: "mutation($i: PublishTransactionalMessagingExternalTriggerInput!) {
            publishTransactionalMessagingExternalTrigger(input: $i) { trigger { id } } }",
        variables: |bob| {
            let values = json!({ "amount": "5 GBP", "payBy": "2026-03-09" });
            json!({ "i": { "triggerTypeCode": "FINAL_NOTICE", "accountNumber": bob.account, "templateVariables": values } })
        },
    },
    Attempt {
        mutation: "createPostEvents",
        document: "mutation($i: CreatePostEventsInput!) { createPostEvents(input: $i) { createdEventsCount } }",
        variables: |_| {
            json!({ "i": { "events": [{ "messageId": "30001", "eventType": "RETURNED", "description": "",
                "timestamp": "2026-03-02T09:00:00Z" }] } })
        },
    },
    Attempt {
        mutation: "requestDoubleOptIn",
        document: "mutation($i: DoubleOptInInput) { requestDoubleOptIn(input: $i) { consent { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "consentTypeCode": "RESEARCH", "ipAddress": "192.0.2.7" } }),
    },
    Attempt {
        mutation: "sendVerificationEmail",
        document: "mutation($i: SendVerificationEmailInput!) { sendVerificationEmail(input: $i) { verificationStatus } }",
        variables: |bob| json!({ "i": { "email": bob.email } }),
    },
    Attempt {
        mutation: "createFormSubmission",
        document: "mutation($i: FormSubmissionInput!) { createFormSubmission(input: $i) { content } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "content": "{}" } }),
    },
    Attempt {
        mutation: "createInboundCall",
        document: "mutation($i: CreateInboundCallInput!) { createInboundCall(input: $i) { call { metadata { key } } } }",
        variables: |_| {
            json!({ "i": { "fromPhoneNumber": "nobody's", "toPhoneNumber": "+442079460000", "vendor": "TWILIO",
                "vendorCallId": "CA-1" } })
        },
    },
    Attempt {
        mutation: "enqueueInboundCall",
        document: "mutation($i: EnqueueInboundCallInput!) { enqueueInboundCall(input: $i) { call { id } } }",
        variables: |bob| json!({ "i": { "callId": bob.call } }),
    },
    Attempt {
        mutation: "createCallMetadata",
        document: "mutation($i: CallMetadataInput!) { createCallMetadata(input: $i) { call { id } } }",
        variables: |bob| json!({ "i": { "callId": bob.call, "metadata": [{ "key": "mood", "value": "cross" }] } }),
    },
    Attempt {
        mutation: "associateCallWithAccount",
        document: "mutation($i: AssociateCallWithAccountInput!) { associateCallWithAccount(input: $i) { call { id } } }",
        variables: |bob| json!({ "i": { "callId": bob.call, "accountNumber": bob.account } }),
    },
    Attempt {
        mutation: "createInkInboundMessage",
        document: "mutation($i: CreateInkInboundMessageInput) { createInkInboundMessage(input: $i) { message { __typename } } }",
        variables: |bob| {
            json!({ "i": { "channel": "POST", "messageId": "eve-1", "newMessage": { "post": {
                "plainTextContent": "I am Bob", "accountNumber": bob.account } } } })
        },
    },
    Attempt {
        mutation: "createInkChatbotMessage",
        document: "mutation($i: CreateInkChatbotMessageInput!) { createInkChatbotMessage(input: $i) { message { __typename } } }",
        variables: |bob| {
            json!({ "i": { "messageId": "eve-2", "accountNumber": bob.account, "newMessage": { "generic": {
                "plainTextContent": "I am Bob", "fromHandle": "bob", "toHandle": "bot" } } } })
        },
    },
    Attempt {
        mutation: "createInkLiveChatMessage",
        document: "mutation($i: CreateInkLiveChatMessageInput) { createInkLiveChatMessage(input: $i) { liveChat { id } } }",
        variables: |bob| {
            json!({ "i": { "messageId": "eve-3", "accountNumber": bob.account, "newMessage": { "generic": {
                "plainTextContent": "I am Bob", "fromHandle": "bob", "toHandle": "chat" } } } })
        },
    },
    Attempt {
        mutation: "closeInkLiveChat",
        document: "mutation($i: CloseInkLiveChatInput) { closeInkLiveChat(input: $i) { liveChat { id } } }",
        variables: |bob| json!({ "i": { "conversationRelayId": bob.conversation.0 } }),
    },
    Attempt {
        mutation: "closeInkLiveChatConversation",
        document: "mutation($i: CloseInkLiveChatInput) {
            closeInkLiveChatConversation(input: $i) { liveChatConversation { relayId } } }",
        variables: |bob| json!({ "i": { "conversationRelayId": bob.conversation.0 } }),
    },
    Attempt {
        mutation: "addNoteToInkConversation",
        document: "mutation($i: AddNoteToInkConversationInput) { addNoteToInkConversation(input: $i) { note { id } } }",
        variables: |bob| json!({ "i": { "conversationRelayId": bob.conversation.0, "content": "He is cross" } }),
    },
    Attempt {
        mutation: "assignInkBucket",
        document: "mutation($i: AssignInkBucketInput) { assignInkBucket(input: $i) { conversation { id } } }",
        variables: |bob| json!({ "i": { "conversationRelayId": bob.conversation.0, "bucketName": "Billing" } }),
    },
    Attempt {
        mutation: "updateMessageTags",
        document: "mutation($i: UpdateMessageTagsInput) { updateMessageTags(input: $i) { tags { id } } }",
        variables: |bob| {
            json!({ "i": { "messageRelayId": bob.conversation.1, "tagNames": ["complaint"], "taggerCode": "eve",
                "taggerVersion": "1" } })
        },
    },
];

/// Those that take nothing of anybody's but the caller's own.
pub const ABOUT_THE_CALLER: &[&str] = &[
    "closeOpenPrintBatch",
    "confirmDoubleOptIn",
    "createNewsletterSignup",
    "deletePushNotificationBinding",
    "generateInkPresignedUrl",
    "linkUserToLine",
    "markPrintBatchAsProcessed",
    "registerPushNotificationBinding",
    "unlinkUserFromLine",
    "validateEmail",
    "validatePhone",
    "verifyEmail",
];

impl Server {
    /// A conversation with the customer, and its message.
    pub(super) async fn wrote(&self, customer: &Customer) -> (String, String) {
        let add = "with begun as (insert into ink_conversations (account_id, status, created_at, last_message_at, by_kind, by_id)
                values ($1, 'OPEN_NEW', now(), now(), 'test', 1) returning id)
            insert into ink_messages (conversation_id, channel, direction, from_handle, to_handles, body, vendor, vendor_id,
                status, occurred_at)
            select id, 'SMS', 'INBOUND', 'bob', '{us}', 'Hello', 'sms', 'bob-1', 'DELIVERED', now() from begun
            returning conversation_id::text, id::text";
        let add = sqlx::query_as(add).bind(customer.account_id).fetch_one(self.database.pool());
        add.await.expect("a conversation")
    }
}
