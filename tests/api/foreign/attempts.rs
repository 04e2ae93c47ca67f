//! The calls, one for each mutation that takes something of somebody's.

use serde_json::{Value, json};

/// What Bob owns, to which everybody here is a stranger.
pub struct Bobs {
    pub account: String,
    pub account_id: String,
    pub business: String,
    pub user: String,
    pub user_number: String,
    pub portfolio: String,
    pub portfolio_number: String,
    pub email: &'static str,
    pub ledger: String,
    /// Number of the collection of his debt, which an agency has.
    pub collection: String,
    pub ledger_number: String,
    pub wallet_number: String,
    pub agreement: String,
    pub session: String,
    pub refresh: String,
    pub link: String,
    pub feedback: i64,
    pub form: i64,
    /// His request for money back, and the repayment that waits for its approval.
    pub repayment_request: String,
    pub repayment: String,
    /// A direct debit, and the reference to stored bank details.
    pub instruction: String,
    pub stored: String,
    /// A payment that is still to come.
    pub payment: i64,
    /// Meters of his in Germany; he has others in Britain.
    pub german_meter: i64,
    pub german_gas_meter: i64,
    /// His British meter, which he pays ahead for.
    pub prepay_meter: String,
    /// His car, and the controller of his heat pump.
    pub device: String,
    /// A home of his, and the wizard by which he sets up a device there, with its step.
    pub home: i64,
    pub wizard: (String, String),
    pub heat_pump: &'static str,
    /// His contract.
    pub contract: String,
    /// The lead that he was, and the opportunity with it.
    pub lead: (String, String),
    /// Id and number of the process by which he leaves with a point.
    pub leaving: (String, String),
    /// Code of a quote for his points.
    pub quote: String,
    /// A call of his.
    pub call: String,
    /// A conversation of his and its message.
    pub conversation: (String, String),
    /// A journey of his that failed.
    pub exception: i32,
    /// Where a file of his is kept.
    pub file: String,
}

/// One call with something of Bob's.
pub struct Attempt {
    pub mutation: &'static str,
    pub document: &'static str,
    pub variables: fn(&Bobs) -> Value,
}

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "addUserToPortfolio",
        document: "mutation($i: AddUserToPortfolioInput!) {
            addUserToPortfolio(input: $i) { possibleErrors { code } } }",
        variables: |bob| {
            json!({ "i": { "userNumber": bob.user_number, "roleCode": "CARER", "portfolioNumber": bob.portfolio_number } })
        },
    },
    Attempt {
        mutation: "addPortfolioReference",
        document: "mutation($i: AddPortfolioReferenceInput!) {
            addPortfolioReference(input: $i) { possibleErrors { code } } }",
        variables: |bob| {
            let reference = json!({ "namespace": "CRM", "value": "eve" });
            json!({ "i": { "portfolioNumber": bob.portfolio_number, "reference": reference } })
        },
    },
    Attempt {
        mutation: "createPortfolioUserRole",
        document: "mutation($i: CreatePortfolioUserRoleInput!) {
            createPortfolioUserRole(input: $i) { portfolioUserRole { id } } }",
        variables: |bob| json!({ "i": { "accountUserId": bob.user, "portfolioId": bob.portfolio } }),
    },
    Attempt {
        mutation: "createAccountCharge",
        document: "mutation($i: CreateAccountChargeInput!) { createAccountCharge(input: $i) { accountCharge { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "grossAmount": 100, "reason": "ADMIN_FEE" } }),
    },
    Attempt {
        mutation: "createAccountCredit",
        document: "mutation($i: CreateAccountCreditInput!) { createAccountCredit(input: $i) { accountCredit { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "grossAmount": 100, "netAmount": 100, "salesTaxAmount": 0, "reason": "GOODWILL", "note": "" } })
        },
    },
    Attempt {
        mutation: "postCredit",
        document: "mutation($i: PostCreditInput!) { postCredit(input: $i) { credit { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "ledgerId": bob.ledger, "netAmount": 100, "taxAmount": 0,
                "reason": "GOODWILL" } })
        },
    },
    Attempt {
        mutation: "transferLedgerBalance",
        document: "mutation($i: TransferLedgerBalanceInputType!) {
            transferLedgerBalance(input: $i) { balanceTransfer { id } } }",
        variables: |bob| {
            let place = json!({ "accountNumber": bob.account, "ledgerId": bob.ledger });
            json!({ "i": { "sourceAccountLedger": place, "targetAccountLedger": place, "amount": 100 } })
        },
    },
    Attempt {
        mutation: "createScheduledTransactions",
        document: "mutation($i: CreateScheduledTransactionsInput!) {
            createScheduledTransactions(input: [$i]) { scheduledTransactions { ledgerNumber } } }",
        variables: |bob| {
            json!({ "i": { "action": "CREDIT", "grossAmount": 100, "netAmount": 100, "taxAmount": 0, "taxRate": "0",
                "reason": "GOODWILL", "idempotencyKey": "eve", "postedAfter": "2026-01-01T00:00:00Z",
                "ledgerNumber": bob.ledger_number } })
        },
    },
    Attempt {
        mutation: "createContributionAgreement",
        document: "mutation($i: CreateContributionAgreementInput!) {
            createContributionAgreement(input: $i) { contributionAgreement { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "schemeCode": "COMMUNITY_SOLAR", "interval": "MONTHLY",
                "amount": 100, "activeFrom": "2030-01-01T00:00:00Z" } })
        },
    },
    Attempt {
        mutation: "endContributionAgreement",
        document: "mutation($i: EndContributionAgreementInput!) {
            endContributionAgreement(input: $i) { contributionAgreement { id } } }",
        variables: |bob| json!({ "i": { "contributionAgreementId": bob.agreement } }),
    },
    Attempt {
        mutation: "createCreditTransferPermission",
        document: "mutation($i: CreateCreditTransferPermissionInput!) {
            createCreditTransferPermission(input: $i) { validFrom } }",
        variables: |bob| {
            json!({ "i": { "sourceLedgerNumber": bob.wallet_number, "targetLedgerNumber": bob.ledger_number } })
        },
    },
    Attempt {
        mutation: "terminateCreditTransferPermission",
        document: "mutation($i: TerminateCreditTransferPermissionInput!) {
            terminateCreditTransferPermission(input: $i) { validTo } }",
        variables: |bob| {
            json!({ "i": { "sourceLedgerNumber": bob.wallet_number, "targetLedgerNumber": bob.ledger_number } })
        },
    },
    Attempt {
        mutation: "generatePreSignedToken",
        document: "mutation($e: String!) {
            generatePreSignedToken(email: $e, numberOfDaysAllowed: 1, scope: VIEW_ACCOUNT_NUMBER) { token } }",
        variables: |bob| json!({ "e": bob.email }),
    },
    Attempt {
        mutation: "invalidatePreSignedToken",
        document: "mutation($t: String!) { invalidatePreSignedToken(input: { token: $t }) { token { isValid } } }",
        variables: |bob| json!({ "t": bob.link }),
    },
    Attempt {
        mutation: "invalidatePreSignedTokensForUser",
        document: "mutation($e: String!) {
            invalidatePreSignedTokensForUser(input: { email: $e }) { tokens { isValid } } }",
        variables: |bob| json!({ "e": bob.email }),
    },
    Attempt {
        mutation: "invalidateRefreshToken",
        document: "mutation($t: String!) { invalidateRefreshToken(input: { refreshToken: $t }) { token { isValid } } }",
        variables: |bob| json!({ "t": bob.refresh }),
    },
    Attempt {
        mutation: "invalidateRefreshTokensForUser",
        document: "mutation($e: String!) {
            invalidateRefreshTokensForUser(input: { email: $e }) { tokens { isValid } } }",
        variables: |bob| json!({ "e": bob.email }),
    },
    Attempt {
        mutation: "masqueradeAuthentication",
        document: "mutation($t: String!, $u: String!) {
            masqueradeAuthentication(masqueradeToken: $t, userId: $u) { token errors { field } } }",
        variables: |bob| json!({ "t": bob.session, "u": bob.user }),
    },
    Attempt {
        mutation: "resetPassword",
        document: "mutation($u: String!) {
            resetPassword(input: { password: \"nine purple teapots\", userId: $u, token: \"a guess\" }) {
                errors { field } } }",
        variables: |bob| json!({ "u": bob.user }),
    },
    Attempt {
        mutation: "resetUserPassword",
        document: "mutation($u: String!) {
            resetUserPassword(input: { newPassword: \"nine purple teapots\", userId: $u, token: \"a guess\" }) {
                passwordUpdated } }",
        variables: |bob| json!({ "u": bob.user }),
    },
    Attempt {
        mutation: "requestPrintedBill",
        document: "mutation($i: RequestPrintedBillInput!) { requestPrintedBill(input: $i) { success } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "billingDocumentId": "90001" } }),
    },
    Attempt {
        mutation: "pauseDunning",
        document: "mutation($i: PauseDunningInputType!) { pauseDunning(input: $i) { pauseCreated } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "pathName": "STANDARD", "startDate": "2030-01-01", "stopDate": "2030-02-01" } })
        },
    },
    Attempt {
        mutation: "withdrawDunning",
        document: "mutation($i: WithdrawDunningInputType!) { withdrawDunning(input: $i) { withdrawSuccessful } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "pathName": "STANDARD" } }),
    },
    Attempt {
        mutation: "commenceDcaProceeding",
        document: "mutation($i: CommenceDCAProceedingInputType!) {
            commenceDcaProceeding(input: $i) { dcaProceedingCommencementStatus { accountNumber } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "agency": "HARBOUR", "campaign": "TRACE", "isWhiteLabel": true,
                "dateStarted": "2026-03-02", "amount": 1 } })
        },
    },
    Attempt {
        mutation: "updateDcaProceeding",
        document: "mutation($i: UpdateDCAProceedingInputType!) {
            updateDcaProceeding(input: $i) { dcaProceedingUpdateStatus { accountNumber } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "amount": 1 } }),
    },
    Attempt {
        mutation: "closeDcaProceeding",
        document: "mutation($i: CloseDCAProceedingInputType!) {
            closeDcaProceeding(input: $i) { dcaProceedingClosureStatus { accountNumber } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "agency": "HARBOUR", "stopReason": "QUERY", "stoppedDate": "2026-03-02" } })
        },
    },
    Attempt {
        mutation: "assessCollectionProcessRecordForPause",
        document: "mutation($i: AssessCollectionProcessRecordForPauseInputType!) {
            assessCollectionProcessRecordForPause(input: $i) { collectionProcessProcessed { number } } }",
        variables: |bob| json!({ "i": { "number": bob.collection, "allowUnpausing": true } }),
    },
    Attempt {
        mutation: "associateItemToCollectionProcess",
        document: "mutation($i: AssociateItemToCollectionProcessInputType!) {
            associateItemToCollectionProcess(input: $i) { collectionProcessAssociatedItem { number } } }",
        variables: |bob| {
            json!({ "i": { "number": bob.collection, "itemType": "CONTRACT_TERMINATION", "itemReference": "x" } })
        },
    },
    Attempt {
        mutation: "updateCollectionProcessRecordToActive",
        document: "mutation($i: UpdateCollectionProcessRecordToActiveInputType!) {
            updateCollectionProcessRecordToActive(input: $i) { collectionProcessActivated { number } } }",
        variables: |bob| json!({ "i": { "number": bob.collection, "externalReference": "x" } }),
    },
    Attempt {
        mutation: "updateCollectionProcessRecordToComplete",
        document: "mutation($i: UpdateCollectionProcessRecordToCompleteInputType!) {
            updateCollectionProcessRecordToComplete(input: $i) { collectionProcessComplete { number } } }",
        variables: |bob| {
            json!({ "i": { "number": bob.collection, "completionReason": "ENDED", "completionDetails": "x" } })
        },
    },
    Attempt {
        mutation: "initializeAccount",
        document: "mutation($i: BaseInitializeAccountInput!) { initializeAccount(input: $i) { accountNumber } }",
        variables: |bob| {
            let address = json!({ "line1": "1 Road", "postalCode": "SW1A 1AA" });
            json!({ "i": { "userNumber": bob.user_number, "portfolioNumber": bob.portfolio_number,
                "brandCode": "OCTOPUS_ENERGY", "billingName": "Eve", "billingAddress": address,
                "salesInfo": { "salesChannel": "DIRECT" } } })
        },
    },
    Attempt {
        mutation: "linkAccountToBusiness",
        document: "mutation($i: LinkAccountToBusinessInput!) { linkAccountToBusiness(input: $i) { business { id } } }",
        variables: |bob| {
            json!({ "i": { "accountId": bob.account_id, "businessId": bob.business, "shouldOverwrite": true } })
        },
    },
    Attempt {
        mutation: "addBusinessToSegment",
        document: "mutation($i: AddBusinessToSegmentInput!) { addBusinessToSegment(input: $i) {
            businessSegmentPeriod { id } } }",
        variables: |bob| json!({ "i": { "businessId": bob.business, "segmentName": "PUBLIC_SECTOR" } }),
    },
    // An organisation that holds a customer's session token may act for them: the others may not.
    Attempt {
        mutation: "obtainLongLivedRefreshToken",
        document: "mutation($t: String!) { obtainLongLivedRefreshToken(input: { krakenToken: $t }) { refreshToken } }",
        variables: |bob| json!({ "t": bob.refresh }),
    },
    Attempt {
        mutation: "emailAuthentication",
        document: "mutation($e: String!) { emailAuthentication(email: $e, password: \"a guess\") { token } }",
        variables: |bob| json!({ "e": bob.email }),
    },
    Attempt {
        mutation: "updateUser",
        document: "mutation($i: UpdateUserInput!) { updateUser(input: $i) { viewer { id } } }",
        variables: |bob| json!({ "i": { "userId": bob.user, "givenName": "Eve" } }),
    },
    Attempt {
        mutation: "updateAccountBillingEmail",
        document: "mutation($i: UpdateAccountBillingEmailInput!) { updateAccountBillingEmail(input: $i) { account { number } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "billingEmail": "eve@example.org" } }),
    },
    Attempt {
        mutation: "updateAccountBillingAddress",
        document: "mutation($i: AccountBillingAddressInput!) { updateAccountBillingAddress(input: $i) { account { number } } }",
        variables: |bob| {
            let address = json!({ "streetAddress": "1 Road", "locality": "London", "postalCode": "SW1A 1AA" });
            json!({ "i": { "accountNumber": bob.account, "billingAddress": address } })
        },
    },
    Attempt {
        mutation: "updateCommsDeliveryPreference",
        document: "mutation($i: UpdateCommsDeliveryPreferenceInput!) { updateCommsDeliveryPreference(input: $i) { account { number } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "commsDeliveryPreference": "POSTAL_MAIL" } }),
    },
    Attempt {
        mutation: "updateDocumentAccessibilityPreference",
        document: "mutation($i: UpdateDocumentAccessibilityPreferenceInput!) {
            updateDocumentAccessibilityPreference(input: $i) { account { number } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "documentAccessibilityPreference": "AUDIO" } })
        },
    },
    Attempt {
        mutation: "updateLanguagePreference",
        document: "mutation($i: UpdateLanguagePreferenceInput!) { updateLanguagePreference(input: $i) { languagePreference } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "languagePreference": "GERMAN" } }),
    },
    Attempt {
        mutation: "updateAccountConsents",
        document: "mutation($n: String!) {
            updateAccountConsents(accountNumber: $n, consents: [{ code: \"HALF_HOURLY_READINGS\", value: ACCEPTED }]) {
                consents { value } } }",
        variables: |bob| json!({ "n": bob.account }),
    },
    Attempt {
        mutation: "updateAccountUserConsents",
        document: "mutation($n: String!) {
            updateAccountUserConsents(userNumber: $n, consents: [{ consentTypeCode: \"RESEARCH\", value: ACCEPTED }]) {
                accountUserConsents { consents { value } } } }",
        variables: |bob| json!({ "n": bob.user_number }),
    },
    Attempt {
        mutation: "createExternalAccountEvent",
        document: "mutation($i: CreateExternalAccountEventInput!) { createExternalAccountEvent(input: $i) { event { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "category": "WEB", "content": [] } }),
    },
    Attempt {
        mutation: "createExternalAccountUserEvent",
        document: "mutation($i: CreateExternalAccountUserEventInput!) {
            createExternalAccountUserEvent(input: $i) { event { id } } }",
        variables: |bob| json!({ "i": { "userId": bob.user, "category": "WEB", "content": [] } }),
    },
    Attempt {
        mutation: "createCustomerFeedback",
        document: "mutation($i: CreateCustomerFeedbackInputType!) {
            createCustomerFeedback(input: $i) { customerFeedback { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "feedbackSource": "FEEDBACK_SOURCE_LOGIN_FOLLOW_UP" } })
        },
    },
    Attempt {
        mutation: "submitCustomerFeedback",
        document: "mutation($i: CustomerFeedbackInputType!) { submitCustomerFeedback(input: $i) { customerFeedback { id } } }",
        variables: |bob| {
            json!({ "i": { "feedbackId": bob.feedback, "formId": bob.form, "accountNumber": bob.account,
                "answer": "1", "issueResolved": true } })
        },
    },
    Attempt {
        mutation: "createAccountNote",
        document: "mutation($i: CreateAccountNoteInput!) { createAccountNote(input: $i) { account { number } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "note": "Eve was here.", "isPinned": true } }),
    },
    Attempt {
        mutation: "createAccountReference",
        document: "mutation($i: AccountReferenceInput!) { createAccountReference(input: $i) { accountReference { value } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "namespace": "CRM", "value": "1" } }),
    },
    Attempt {
        mutation: "updateAccountReference",
        document: "mutation($i: AccountReferenceInput!) { updateAccountReference(input: $i) { accountReference { value } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "namespace": "CRM", "value": "1" } }),
    },
    Attempt {
        mutation: "deleteAccountReference",
        document: "mutation($i: DeleteAccountReferenceInput!) {
            deleteAccountReference(input: $i) { accountReference { namespace } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "namespace": "CRM" } }),
    },
    Attempt {
        mutation: "createAccountReminder",
        document: "mutation($i: CreateAccountReminderInput!) { createAccountReminder(input: $i) { accountReminder { dueAt } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "reminderType": "BILLING", "content": "Call Eve.",
                "dueAt": "2030-01-01T00:00:00Z" } })
        },
    },
    Attempt {
        mutation: "createReminder",
        document: "mutation($i: CreateReminderInput!) { createReminder(input: $i) { reminder { id } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "reminderTypeName": "BILLING", "content": "Call Eve." } })
        },
    },
    Attempt {
        mutation: "createMetadata",
        document: "mutation($i: MetadataInput!) { createMetadata(input: $i) { metadata { key } } }",
        variables: |bob| {
            json!({ "i": { "identifier": bob.account, "linkedObjectType": "ACCOUNT", "key": "a", "value": "1" } })
        },
    },
    Attempt {
        mutation: "updateMetadata",
        document: "mutation($i: MetadataInput!) { updateMetadata(input: $i) { metadata { key } } }",
        variables: |bob| {
            json!({ "i": { "identifier": bob.user, "linkedObjectType": "ACCOUNT_USER", "key": "a", "value": "1" } })
        },
    },
    Attempt {
        mutation: "addCampaignToAccount",
        document: "mutation($i: AddCampaignToAccountInput!) { addCampaignToAccount(input: $i) { campaignAdded } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "campaign": "beta-testers" } }),
    },
    Attempt {
        mutation: "removeCampaignFromAccount",
        document: "mutation($i: RemoveCampaignFromAccountInput!) {
            removeCampaignFromAccount(input: $i) { campaignRemoved } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "campaignName": "beta-testers" } }),
    },
];

/// Mutations that take nothing of anybody's: they are about the caller, or begin with a secret of the caller's, or
/// answer alike for everybody.
pub const ABOUT_THE_CALLER: &[&str] = &[
    "apiKeyAuthentication",
    "createBusiness",
    "createMfaDevice",
    "createPortfolio",
    "createShellAccount",
    "deleteMfaDevice",
    "disableToken",
    "forceReauthentication",
    "getEmbeddedSecretForNewPaymentInstructionWithoutAccount",
    "initializeUser",
    "obtainKrakenToken",
    "prepareAccount",
    "regenerateSecretKey",
    "requestPasswordReset",
    "updateCommsPreferences",
    "updatePassword",
    "updateSpecialCircumstances",
    "updateUserDetails",
    "validateMfaDevice",
];
