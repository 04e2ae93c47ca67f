//! The calls about what is agreed.

use serde_json::json;

use super::attempts::Attempt;
use crate::readings::MPAN;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "performMoveOut",
        document: "mutation($i: MoveOutInput!) { performMoveOut(input: $i) { account { number } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "propertyId": bob.home.to_string(), "moveOutDate": "2026-04-01" } }),
    },
    Attempt {
        mutation: "instigateLeaveSupplier",
        document: "mutation($i: CoreLeaveSupplierInput!) { instigateLeaveSupplier(input: $i) { number } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "requestedSupplyEndDate": "2026-04-01" } }),
    },
    Attempt {
        mutation: "updateLeaveSupplier",
        document: "mutation($i: UpdateLeaveSupplierInput!) { updateLeaveSupplier(input: $i) { message } }",
        variables: |bob| json!({ "i": { "number": bob.leaving.1, "requestedSupplyEndDate": "2026-04-01" } }),
    },
    Attempt {
        mutation: "cancelLeaveSupplier",
        document: "mutation($i: CancelLeaveSupplierInput!) { cancelLeaveSupplier(input: $i) { message } }",
        variables: |bob| json!({ "i": { "leaveSupplierProcessId": bob.leaving.0 } }),
    },
    Attempt {
        mutation: "occupy",
        document: "mutation($i: OccupyInput!) { occupy(input: $i) { account { number } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "propertyId": bob.home.to_string(), "quoteCode": bob.quote,
                "productCode": "VAR-22-11-01" } })
        },
    },
    Attempt {
        mutation: "renewAgreements",
        document: "mutation($i: RenewAgreementsInput) { renewAgreements(input: $i) { account { number } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "quotedProductId": "1", "propertyId": bob.home,
                "makeFullDebtRepayment": true } })
        },
    },
    Attempt {
        mutation: "renewAgreementsForAccount",
        document: "mutation($i: RenewAgreementsForAccountInput) {
            renewAgreementsForAccount(input: $i) { account { number } } }",
        variables: |bob| {
            let renewal = json!({ "agreementId": "1", "productCode": "VAR-22-11-01" });
            json!({ "i": { "accountNumber": bob.account, "electricityAgreements": [renewal] } })
        },
    },
    Attempt {
        mutation: "switchMeterPointProducts",
        document: "mutation($i: SwitchMeterPointProductsInput) { switchMeterPointProducts(input: $i) { account { number } } }",
        variables: |bob| {
            let context = json!({ "mpxn": MPAN, "quotedProductId": "1" });
            json!({ "i": { "accountNumber": bob.account, "meterPointSwitchContexts": [context] } })
        },
    },
    Attempt {
        mutation: "replaceAgreement",
        document: "mutation($i: ReplaceAgreementInput) { replaceAgreement(input: $i) { account { number } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "mpxn": MPAN, "replaceOnDate": "2026-04-01",
                "newProductCode": "VAR-22-11-01" } })
        },
    },
    Attempt {
        mutation: "revokeAgreement",
        document: "mutation($i: RevokeAgreementInput!) { revokeAgreement(input: $i) { account { number } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "agreementId": "1" } }),
    },
    Attempt {
        mutation: "updateSsd",
        document: "mutation($i: UpdateSsdInput) { updateSsd(input: $i) { estimatedSsd } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "desiredSsd": "2026-04-01" } }),
    },
    Attempt {
        mutation: "updateAgreementPeriod",
        document: "mutation($i: UpdateAgreementPeriodInput!) { updateAgreementPeriod(input: $i) { account { number } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "agreementId": "1", "validFrom": "2026-04-01" } }),
    },
];
