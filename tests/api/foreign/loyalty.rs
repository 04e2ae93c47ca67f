//! The calls about loyalty points and saving sessions.

use serde_json::json;

use super::attempts::Attempt;
use crate::readings::MPAN;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "purchaseVoucher",
        document: "mutation($i: PurchaseVoucherInput!) { purchaseVoucher(input: $i) { voucherPurchase { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "voucherCode": "ENERGY_20" } }),
    },
    Attempt {
        mutation: "redeemVoucher",
        document: "mutation($i: RedeemVoucherInput!) { redeemVoucher(input: $i) { voucherRedemption { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "voucherId": "131001" } }),
    },
    Attempt {
        mutation: "refundVoucher",
        document: "mutation($i: RefundVoucherInput!) { refundVoucher(input: $i) { voucherPurchase { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "voucherId": "131001" } }),
    },
    Attempt {
        mutation: "joinOctoplusCampaign",
        document: "mutation($n: String) { joinOctoplusCampaign(accountNumber: $n) { success } }",
        variables: |bob| json!({ "n": bob.account }),
    },
    Attempt {
        mutation: "joinSavingSessionsCampaign",
        document: "mutation($i: JoinSavingSessionsCampaignInput!) {
            joinSavingSessionsCampaign(input: $i) { account { number } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "mpan": MPAN } }),
    },
    Attempt {
        mutation: "joinSavingSessionsEvent",
        document: "mutation($i: JoinSavingSessionsEventInput!) { joinSavingSessionsEvent(input: $i) { joinedEventCodes } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "eventCode": "EVENT_1_020326" } }),
    },
    Attempt {
        mutation: "enrollAccountInLoyaltyProgram",
        document: "mutation($i: EnrollAccountInLoyaltyProgramInput!) {
            enrollAccountInLoyaltyProgram(input: $i) { outcome { hasEnrolled } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "accountUserId": bob.user } }),
    },
    Attempt {
        mutation: "unenrollAccountFromLoyaltyProgram",
        document: "mutation($i: UnenrollAccountFromLoyaltyProgramInput!) {
            unenrollAccountFromLoyaltyProgram(input: $i) { outcome { hasUnenrolled } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account } }),
    },
    Attempt {
        mutation: "setLoyaltyPointsUser",
        document: "mutation($i: SetLoyaltyPointsUserInput!) { setLoyaltyPointsUser(input: $i) { newLoyaltyPointsUserId } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "newLoyaltyPointsUserId": bob.user } }),
    },
    Attempt {
        mutation: "awardLoyaltyPoints",
        document: "mutation($i: AwardLoyaltyPointsInput!) { awardLoyaltyPoints(input: $i) { pointsAwarded } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "points": 8 } }),
    },
    Attempt {
        mutation: "deductLoyaltyPoints",
        document: "mutation($i: DeductLoyaltyPointsInput!) { deductLoyaltyPoints(input: $i) { pointsDeducted } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "points": 8 } }),
    },
    Attempt {
        mutation: "transferLoyaltyPointsBetweenUsers",
        document: "mutation($i: TransferLoyaltyPointsBetweenUsersInput!) {
            transferLoyaltyPointsBetweenUsers(input: $i) { pointsTransferred } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "points": 8, "receivingUserId": bob.user } }),
    },
    Attempt {
        mutation: "redeemLoyaltyPointsForAccountCredit",
        document: "mutation($i: RedeemLoyaltyPointsInput!) {
            redeemLoyaltyPointsForAccountCredit(input: $i) { pointsRedeemed } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "points": 8 } }),
    },
    Attempt {
        mutation: "redeemOctoPointsForAccountCredit",
        document: "mutation($i: RedeemOctoPointsInput!) {
            redeemOctoPointsForAccountCredit(input: $i) { pointsRedeemed } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account } }),
    },
    Attempt {
        mutation: "spinWheelOfFortune",
        document: "mutation($i: WheelOfFortuneSpinInput!) {
            spinWheelOfFortune(input: $i) { spinResult { prizeAmount } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "supplyType": "ELECTRICITY", "termsAccepted": true } }),
    },
    Attempt {
        mutation: "createOrUpdateLoyaltyCard",
        document: "mutation($i: CreateOrUpdateLoyaltyCardInput!) {
            createOrUpdateLoyaltyCard(input: $i) { loyaltyCard { number } } }",
        variables: |bob| json!({ "i": { "accountUserId": bob.user, "scheme": "NECTAR", "number": "9826300000000000014" } }),
    },
    Attempt {
        mutation: "addSignupReferralOnAccount",
        document: "mutation($i: AddSignupReferralOnAccountInput!) {
            addSignupReferralOnAccount(input: $i) { accountReferral { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "schemeCode": "welcome-25" } }),
    },
    Attempt {
        mutation: "createReferral",
        document: "mutation($i: CreateReferralInput!) { createReferral(input: $i) { referredAccountRewardAmount } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "reference": "share-50" } }),
    },
    Attempt {
        mutation: "redeemReferralClaimCode",
        document: "mutation($i: RedeemReferralClaimCodeInput!) { redeemReferralClaimCode(input: $i) { success } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "code": "SUN-1" } }),
    },
];
