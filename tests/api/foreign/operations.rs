//! The calls about complaints, failed journeys, files, and who a customer is.

use serde_json::json;

use super::attempts::Attempt;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "createComplaint",
        document: "mutation($i: CreateComplaintInputType!) { createComplaint(complaint: $i) { complaint { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "type": "BILLING", "communicationSource": "ONLINE",
                "status": "OPEN", "brand": "OCTOPUS_ENERGY" } })
        },
    },
    Attempt {
        mutation: "createApiException",
        document: "mutation($i: CreateAPIExceptionInput!) { createApiException(input: $i) { apiException { id } } }",
        variables: |bob| json!({ "i": { "externalIdentifier": "EVE", "channel": "APP", "accountNumber": bob.account } }),
    },
    Attempt {
        mutation: "updateApiException",
        document: "mutation($i: UpdateAPIExceptionInput!) { updateApiException(input: $i) { apiException { id } } }",
        variables: |bob| json!({ "i": { "id": bob.exception, "priority": "HIGH" } }),
    },
    Attempt {
        mutation: "createApiExceptionEvent",
        document: "mutation($i: CreateAPIExceptionEventInput!) {
            createApiExceptionEvent(input: $i) { apiExceptionEvent { id } } }",
        variables: |bob| json!({ "i": { "apiExceptionId": bob.exception, "eventType": "EVE", "category": "EVE", "description": "Eve" } }),
    },
    Attempt {
        mutation: "createApiExceptionNote",
        document: "mutation($i: CreateAPIExceptionNoteInput!) { createApiExceptionNote(input: $i) { apiException { id } } }",
        variables: |bob| json!({ "i": { "apiExceptionId": bob.exception.to_string(), "body": "Eve" } }),
    },
    Attempt {
        mutation: "updateApiExceptionNote",
        document: "mutation($i: UpdateAPIExceptionNoteInput!) { updateApiExceptionNote(input: $i) { apiException { id } } }",
        variables: |_| json!({ "i": { "apiExceptionNoteId": "132001", "body": "Eve" } }),
    },
    Attempt {
        mutation: "createApiCall",
        document: "mutation($i: CreateAPICallInput!) { createApiCall(input: $i) { apiCall { id } } }",
        variables: |bob| {
            json!({ "i": { "apiExceptionId": bob.exception, "correlationId": "eve", "operationName": "eve",
                "response": "{}" } })
        },
    },
    Attempt {
        mutation: "createAccountFileAttachment",
        document: "mutation($i: CreateAccountFileAttachmentInput!) {
            createAccountFileAttachment(input: $i) { postRequest { url } } }",
        variables: |bob| json!({ "i": { "filename": "x.pdf", "accountNumber": bob.account, "category": "FILE_ATTACHMENT_MCS_CERT" } }),
    },
    Attempt {
        mutation: "triggerPostUploadOperations",
        document: "mutation($s: String!) { triggerPostUploadOperations(s3Key: $s) { operationsTriggered } }",
        variables: |bob| json!({ "s": bob.file }),
    },
    Attempt {
        mutation: "startCustomerVerification",
        document: "mutation($i: StartCustomerVerificationInput!) {
            startCustomerVerification(input: $i) { verificationProcess { status } } }",
        variables: |bob| json!({ "i": { "userNumber": bob.user_number, "verificationType": "EMAIL", "brandCode": "OCTOPUS_ENERGY" } }),
    },
    Attempt {
        mutation: "verifyCustomer",
        document: "mutation($i: VerifyCustomerInput!) { verifyCustomer(input: $i) { user { id } } }",
        variables: |_| json!({ "i": { "verificationCode": "00000001", "verificationType": "EMAIL" } }),
    },
    Attempt {
        mutation: "createAudioRecording",
        document: "mutation($i: AudioRecordingInputType!) { createAudioRecording(input: $i) { audioRecording { id } } }",
        variables: |bob| {
            json!({ "i": { "contentType": "audio/mp4", "duration": "1", "fileSize": 1, "accountNumber": bob.account,
                "startedAt": "2026-03-02T09:00:00Z", "stoppedAt": "2026-03-02T09:01:00Z", "s3Bucket": "visits",
                "s3Key": "0f8fad5b-d9cb-469f-a165-70867728950e", "subdomain": "doorbell" } })
        },
    },
];
