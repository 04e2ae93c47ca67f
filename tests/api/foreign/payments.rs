//! The calls about how accounts are paid.

use serde_json::{Value, json};

use super::attempts::{Attempt, Bobs};

/// Somebody's own bank account on Bob's ledger.
fn debited(bob: &Bobs) -> Value {
    json!({ "accountNumber": bob.account, "ledgerId": bob.ledger, "validFrom": "2026-03-02T09:30:00Z",
        "bankDetails": { "accountHolder": "Eve", "bankCode": "200000", "accountNumber": "55779922" } })
}

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "createAccountPaymentSchedule",
        document: "mutation($i: CreateAccountPaymentScheduleInput!) {
            createAccountPaymentSchedule(input: $i) { schedule { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "ledgerNumber": bob.ledger_number, "paymentDay": 3,
                "paymentAmount": 1 } })
        },
    },
    Attempt {
        mutation: "createPaymentSchedule",
        document: "mutation($i: PaymentScheduleInput!) {
            createPaymentSchedule(input: $i) { paymentSchedule { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "paymentDay": 3, "paymentAmount": 1 } }),
    },
    Attempt {
        mutation: "updatePaymentSchedulePaymentAmount",
        document: "mutation($i: UpdatePaymentSchedulePaymentAmountInput!) {
            updatePaymentSchedulePaymentAmount(input: $i) { paymentSchedule { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "amount": 1 } }),
    },
    Attempt {
        mutation: "updatePaymentSchedulePaymentDay",
        document: "mutation($i: UpdatePaymentSchedulePaymentDayInput!) {
            updatePaymentSchedulePaymentDay(input: $i) { paymentSchedule { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "paymentDay": 3 } }),
    },
    Attempt {
        mutation: "switchAccountToVariablePaymentSchedule",
        document: "mutation($i: SwitchAccountToVariablePaymentScheduleInput!) {
            switchAccountToVariablePaymentSchedule(input: $i) { schedule { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "ledgerNumber": bob.ledger_number } }),
    },
    Attempt {
        mutation: "updateAutoTopUpAmount",
        document: "mutation($i: UpdateAutoTopUpAmountInput!) {
            updateAutoTopUpAmount(input: $i) { schedule { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "ledgerId": bob.ledger.parse::<i64>().ok(), "paymentAmount": 1 } }),
    },
    Attempt {
        mutation: "directDebitPaymentDayUpdate",
        document: "mutation($i: DirectDebitPaymentDayUpdateInput!) {
            directDebitPaymentDayUpdate(input: $i) { paymentSchedule { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "paymentDay": 3 } }),
    },
    Attempt {
        mutation: "collectPayment",
        document: "mutation($i: CollectPaymentInput!) { collectPayment(input: $i) { payment { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "amount": 1, "paymentDate": "2026-03-09", "description": "x",
                "idempotencyKey": "eve", "ledgerId": bob.ledger } })
        },
    },
    Attempt {
        mutation: "amendPayment",
        document: "mutation($i: AmendPaymentInput!) { amendPayment(input: $i) { payment { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "paymentId": bob.payment, "amount": 1,
                "paymentDate": "2026-03-20" } })
        },
    },
    Attempt {
        mutation: "cancelPayment",
        document: "mutation($i: CancelPaymentInput!) { cancelPayment(input: $i) { payment { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "paymentId": bob.payment.to_string() } }),
    },
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
        mutation: "invalidatePaymentInstruction",
        document: "mutation($i: InvalidatePaymentInstructionInput!) {
            invalidatePaymentInstruction(input: $i) { instruction { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "id": bob.instruction } }),
    },
];
