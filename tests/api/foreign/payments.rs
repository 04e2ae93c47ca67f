//! The calls about payments and their schedules.

use serde_json::json;

use super::attempts::Attempt;

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
        mutation: "generatePaymentAllocationNumber",
        document: "mutation($i: SmartMeterDeviceInput!) { generatePaymentAllocationNumber(input: $i) { pan } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "deviceId": bob.prepay_meter } }),
    },
    Attempt {
        mutation: "addCreditToSmartMeter",
        document: "mutation($i: SmartPrepayMeterAmountInput!) { addCreditToSmartMeter(input: $i) { amount } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "deviceId": bob.prepay_meter, "amount": 100,
                "isTemporaryCredit": true } })
        },
    },
    Attempt {
        mutation: "createAutoTopupConfig",
        document: "mutation($i: CreateAutoTopupConfigInput!) {
            createAutoTopupConfig(input: $i) { autoTopupConfig { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "deviceId": bob.prepay_meter, "topupAmount": 1000 } }),
    },
    Attempt {
        mutation: "disableAutoTopup",
        document: "mutation($i: DisableAutoTopupInput!) { disableAutoTopup(input: $i) { success } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "deviceId": bob.prepay_meter } }),
    },
];
