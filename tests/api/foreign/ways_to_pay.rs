//! The calls about the ways in which Bob pays.

use serde_json::{Value, json};

use super::attempts::{Attempt, Bobs};

/// Somebody's own bank account on Bob's ledger.
fn debited(bob: &Bobs) -> Value {
    json!({ "accountNumber": bob.account, "ledgerId": bob.ledger, "validFrom": "2026-03-02T09:30:00Z",
        "bankDetails": { "accountHolder": "Eve", "bankCode": "200000", "accountNumber": "55779922" } })
}

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "setUpDirectDebitInstruction",
        document: "mutation($i: SetUpDirectDebitInstructionInput!) {
            setUpDirectDebitInstruction(input: $i) { paymentInstruction { id } } }",
        variables: |bob| json!({ "i": debited(bob) }),
    },
    Attempt {
        mutation: "setUpDirectDebitInstructionForBusiness",
        document: "mutation($i: SetUpDirectDebitInstructionForBusinessInput!) {
            setUpDirectDebitInstructionForBusiness(input: $i) { paymentInstruction { id } } }",
        variables: |bob| {
            let mut input = debited(bob);
            input["businessId"] = json!(bob.business);
            json!({ "i": input })
        },
    },
    Attempt {
        mutation: "createDirectDebitInstruction",
        document: "mutation($i: CreateDirectDebitInstructionInput!) {
            createDirectDebitInstruction(input: $i) { directDebitInstruction { id } } }",
        variables: |bob| {
            let bank = json!({ "accountHolder": "Eve", "sortCode": "200000", "accountNumber": "55779922" });
            json!({ "i": { "accountNumber": bob.account, "directDebitInstruction": bank } })
        },
    },
    Attempt {
        mutation: "storeDirectDebitPaymentMethodDetails",
        document: "mutation($i: StoreDirectDebitPaymentMethodDetailsInput!) {
            storeDirectDebitPaymentMethodDetails(input: $i) { storedPaymentMethodDetailsReference } }",
        variables: |bob| {
            let bank = json!({ "accountHolder": "Eve", "bankCode": "200000", "accountNumber": "55779922" });
            json!({ "i": { "accountNumber": bob.account, "ledgerNumber": bob.ledger_number, "bankDetails": bank } })
        },
    },
    Attempt {
        mutation: "setUpDirectDebitInstructionFromStoredDetails",
        document: "mutation($i: SetUpDirectDebitInstructionFromStoredDetailsInput!) {
            setUpDirectDebitInstructionFromStoredDetails(input: $i) { paymentInstruction { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "ledgerNumber": bob.ledger_number,
                "storedPaymentMethodDetailsReference": bob.stored, "validFrom": "2026-03-02T09:30:00Z" } })
        },
    },
    Attempt {
        mutation: "storePaymentInstruction",
        document: "mutation($i: StorePaymentInstructionInput!) {
            storePaymentInstruction(input: $i) { paymentInstruction { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "instructionType": "CARD", "vendorReference": bob.stored,
                "validFrom": "2026-03-02T09:30:00Z" } })
        },
    },
    Attempt {
        mutation: "getEmbeddedSecretForNewPaymentInstruction",
        document: "mutation($i: GetEmbeddedSecretForNewPaymentInstructionInput!) {
            getEmbeddedSecretForNewPaymentInstruction(input: $i) { secretKey } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "instructionType": "CARD" } }),
    },
    Attempt {
        mutation: "getHostedUrlForNewPaymentInstruction",
        document: "mutation($i: GetHostedUrlForNewPaymentInstructionInput!) {
            getHostedUrlForNewPaymentInstruction(input: $i) { url } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "ledgerNumber": bob.ledger_number, "instructionType": "CARD" } }),
    },
    Attempt {
        mutation: "fetchGeneratePaymentFingerprint",
        document: "mutation($i: FetchGeneratePaymentFingerprintInput!) {
            fetchGeneratePaymentFingerprint(input: $i) { fingerprint } }",
        variables: |bob| json!({ "i": { "paymentInstructionId": bob.instruction.parse::<i64>().unwrap_or(0) } }),
    },
    Attempt {
        mutation: "setPaymentPreference",
        document: "mutation($i: SetPaymentPreferenceInput!) {
            setPaymentPreference(input: $i) { possibleErrors { code } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "paymentMethod": bob.instruction,
                "ledgerNumbers": [bob.ledger_number], "fromDate": "2030-01-01" } })
        },
    },
    Attempt {
        mutation: "stopAutomatedPayments",
        document: "mutation($i: StopAutomatedPaymentsInput!) {
            stopAutomatedPayments(input: $i) { possibleErrors { code } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "ledgerNumbers": [bob.ledger_number], "fromDate": "2030-01-01" } }),
    },
    Attempt {
        mutation: "invalidatePaymentInstruction",
        document: "mutation($i: InvalidatePaymentInstructionInput!) {
            invalidatePaymentInstruction(input: $i) { instruction { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "id": bob.instruction } }),
    },
    Attempt {
        mutation: "initiateStandalonePayment",
        document: "mutation($i: InitiateStandalonePaymentInput!) {
            initiateStandalonePayment(input: $i) { payment { secretToken } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "amount": 100, "description": "Eve" } }),
    },
    Attempt {
        mutation: "initiateHostedStandalonePayment",
        document: "mutation($i: InitiateHostedStandalonePaymentInput!) {
            initiateHostedStandalonePayment(input: $i) { payment { url } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "amount": 100, "description": "Eve",
                "collectionMethod": "CARD", "ledgerNumber": bob.ledger_number } })
        },
    },
    Attempt {
        mutation: "completeStandalonePayment",
        document: "mutation($i: CompleteStandalonePaymentInput!) {
            completeStandalonePayment(input: $i) { payment { status } } }",
        variables: |bob| json!({ "i": { "retrievalToken": bob.stored } }),
    },
];
