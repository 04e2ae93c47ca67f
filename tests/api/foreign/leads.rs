//! The calls about leads: they are the retailer's, and theirs who brought them.

use serde_json::json;

use super::attempts::Attempt;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "createOpportunity",
        document: "mutation($i: CreateOpportunityInput!) { createOpportunity(input: $i) { opportunityNumber } }",
        variables: |bob| json!({ "i": { "funnelCode": "households", "leadNumber": bob.lead.0 } }),
    },
    Attempt {
        mutation: "updateLeadDetails",
        document: "mutation($i: UpdateLeadDetailsInput!) { updateLeadDetails(input: $i) { updatedLeadData } }",
        variables: |bob| json!({ "i": { "leadNumber": bob.lead.0, "extraDetails": [{ "key": "x", "value": "y" }] } }),
    },
    Attempt {
        mutation: "updateLeadAssignment",
        document: "mutation($i: UpdateLeadAssignmentInput!) { updateLeadAssignment(input: $i) { updatedLeadData } }",
        variables: |bob| json!({ "i": { "leadNumber": bob.lead.0, "assignedToTeamName": "Billing" } }),
    },
    Attempt {
        mutation: "updateOpportunityAssignment",
        document: "mutation($i: UpdateOpportunityAssignmentInput!) {
            updateOpportunityAssignment(input: $i) { updatedOpportunityData } }",
        variables: |bob| json!({ "i": { "opportunityNumber": bob.lead.1, "assignedToUserIdentifier": "" } }),
    },
    Attempt {
        mutation: "updateOpportunityStage",
        document: "mutation($i: UpdateOpportunityStageInput!) { updateOpportunityStage(input: $i) { message } }",
        variables: |bob| json!({ "i": { "opportunityNumber": bob.lead.1, "currentStage": "open", "stage": "lost" } }),
    },
    Attempt {
        mutation: "setOpportunityOutcome",
        document: "mutation($i: SetOpportunityOutcomeInput!) { setOpportunityOutcome(input: $i) { message } }",
        variables: |bob| json!({ "i": { "opportunityNumber": bob.lead.1, "outcome": "LOST" } }),
    },
    Attempt {
        mutation: "updateOpportunityExtraDetails",
        document: "mutation($i: UpdateExtraDetailsInput!) { updateOpportunityExtraDetails(input: $i) { extraDetails } }",
        variables: |bob| json!({ "i": { "opportunityNumber": bob.lead.1, "items": [{ "key": "x", "value": "y" }] } }),
    },
    Attempt {
        mutation: "registerOpportunityFlowStatusEvent",
        document: "mutation($i: RegisterOpportunityFlowStatusEventInput!) {
            registerOpportunityFlowStatusEvent(input: $i) { possibleErrors { code } } }",
        variables: |bob| json!({ "i": { "opportunityNumber": bob.lead.1, "name": "Signature", "flowId": "1", "status": "DONE" } }),
    },
    Attempt {
        mutation: "getOrCreateAccountForOpportunity",
        document: "mutation($i: GetOrCreateShellAccountForOpportunityInput!) {
            getOrCreateAccountForOpportunity(input: $i) { accountNumber } }",
        variables: |bob| json!({ "i": { "opportunityNumber": bob.lead.1 } }),
    },
    Attempt {
        mutation: "createQuoteForAccount",
        document: "mutation($i: CreateQuoteForAccountInput!) { createQuoteForAccount(input: $i) { quoteRequest { code } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "identifiers": ["2000050773706"], "asOf": "2026-06-01" } }),
    },
    Attempt {
        mutation: "selectProducts",
        document: "mutation($i: SelectProductsInput!) { selectProducts(input: $i) { success } }",
        variables: |bob| json!({ "i": { "quoteCode": bob.quote, "selectedQuotedProductIds": ["1000000001"], "partial": true } }),
    },
    Attempt {
        mutation: "sendQuoteSummary",
        document: "mutation($i: QuoteShareInput!) { sendQuoteSummary(input: $i) { success } }",
        variables: |bob| json!({ "i": { "quoteCode": bob.quote, "recipient": { "email": "eve@example.org" } } }),
    },
    Attempt {
        mutation: "scheduleQuoteFollowUp",
        document: "mutation($i: QuoteShareInput!) { scheduleQuoteFollowUp(input: $i) { success } }",
        variables: |bob| json!({ "i": { "quoteCode": bob.quote, "recipient": { "email": "eve@example.org" } } }),
    },
];
