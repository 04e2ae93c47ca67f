//! The calls about money that goes back to customers.

use serde_json::json;

use super::attempts::Attempt;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "submitRepaymentRequest",
        document: "mutation($i: RequestRepaymentInputType!) {
            submitRepaymentRequest(input: $i) { repaymentRequest { requestId } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "ledgerId": bob.ledger_number, "amountInMinorUnit": 1,
                "idempotencyKey": "eve" } })
        },
    },
    Attempt {
        mutation: "cancelRepaymentRequest",
        document: "mutation($i: CancelRepaymentRequestInputType!) {
            cancelRepaymentRequest(input: $i) { repaymentRequest { requestId } } }",
        variables: |bob| json!({ "i": { "requestId": bob.repayment_request } }),
    },
    Attempt {
        mutation: "createRefundRequest",
        document: "mutation($i: RefundRequestInput!) {
            createRefundRequest(input: $i) { refundRequest { requestedAmountToReturn } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "requestedAmount": 1 } }),
    },
    Attempt {
        mutation: "approveRepayment",
        document: "mutation($i: ApproveRepaymentInput!) { approveRepayment(input: $i) { repayment { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "repaymentId": bob.repayment } }),
    },
    Attempt {
        mutation: "blockRepaymentSubmission",
        document: "mutation($i: RepaymentInput!) { blockRepaymentSubmission(input: $i) { repaymentId } }",
        variables: |bob| json!({ "i": { "repaymentId": bob.repayment } }),
    },
    Attempt {
        mutation: "allowRepaymentSubmission",
        document: "mutation($i: RepaymentInput!) { allowRepaymentSubmission(input: $i) { repaymentId } }",
        variables: |bob| json!({ "i": { "repaymentId": bob.repayment } }),
    },
    Attempt {
        mutation: "createDepositAgreement",
        document: "mutation($i: CreateDepositAgreementInput!) {
            createDepositAgreement(input: $i) { depositAgreement { depositAmount } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "depositKey": "eve", "reason": "x" } }),
    },
    Attempt {
        mutation: "recordDepositAgreementAccepted",
        document: "mutation($i: DepositAgreementInput!) { recordDepositAgreementAccepted(input: $i) { isRecorded } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "depositKey": "supply" } }),
    },
    Attempt {
        mutation: "createWarmHomeDiscountApplication",
        document: "mutation($n: String, $i: WarmHomeDiscountApplicationInputType) {
            createWarmHomeDiscountApplication(accountNumber: $n, applicationInputs: $i) { id } }",
        variables: |bob| json!({ "n": bob.account, "i": { "qualifyingCriteria": "SAVINGS_ELEMENT_OF_PENSION_CREDIT" } }),
    },
    Attempt {
        mutation: "collectDeposit",
        document: "mutation($i: CollectDepositInput!) { collectDeposit(input: $i) { payment { status } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "depositKey": "supply", "idempotencyKey": "eve" } }),
    },
    Attempt {
        mutation: "refundPayment",
        document: "mutation($i: RefundPaymentInput!) { refundPayment(input: $i) { repayment { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "paymentId": bob.payment.to_string(), "amountInMinorUnit": 1,
                "idempotencyKey": "eve", "reason": "" } })
        },
    },
];
