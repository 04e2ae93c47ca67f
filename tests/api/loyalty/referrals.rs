//! Rewards for bringing customers and for joining.

use kraken_api::domain::loyalty::referrals::claim_codes;
use kraken_api::domain::supply::identifiers::MarketName;
use serde_json::{Value, json};

use crate::readings::MPAN;
use crate::support::{Server, record};

const REFER: &str =
    "mutation($i: CreateReferralInput!) { createReferral(input: $i) { referredAccountRewardAmount } }";
const APPLY: &str = "mutation($i: AddSignupReferralOnAccountInput!) { addSignupReferralOnAccount(input: $i) {
    accountReferral { schemeType code paymentStatus referredUserPaymentAmount referringUserPaymentAmount paymentDate } } }";
const REDEEM: &str =
    "mutation($i: RedeemReferralClaimCodeInput!) { redeemReferralClaimCode(input: $i) { success } }";
const STANDING: &str = "query($n: String!) { account(accountNumber: $n) { balance referralsCreated
    activeReferralSchemes { domestic { code schemeType referrerRewardAmount referredRewardAmount combinedRewardAmount
        canBeReferred isUsageAtCapacity maxRecurrence loyaltyPointsBonus referralUrl referralDisplayUrl referrerGivenName }
        business { code } }
    referrals(first: 5) { totalCount edges { node { id schemeType code referredUserName paymentStatus paymentDate
        referredUserPaymentAmount referringUserPaymentAmount combinedPaymentAmount } } } } }";
const VALIDATE: &str = "query($v: String!) { validateReferralCode(value: $v) { id value isValid createdAt
    referralScheme { schemeType referredRewardAmount } accountReferral { referredUserName paymentStatus } } }";

async fn standing(server: &Server, token: &str, account: &str) -> Value {
    server.ask(Some(token), STANDING, json!({ "n": account })).await["account"].clone()
}

async fn own_code(server: &Server, token: &str, account: &str) -> String {
    let standing = standing(server, token, account).await;
    standing["activeReferralSchemes"]["domestic"]["code"].as_str().expect("a code").to_owned()
}

fn named(account: &str, reference: &str) -> Value {
    json!({ "accountNumber": account, "reference": reference })
}

#[tokio::test]
async fn both_are_paid_once_the_newcomer_has_been_supplied_for_a_while() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let (ada, bob) = (world.ada.account.clone(), world.bob.account.clone());
    let code = own_code(&server, &world.ada.token, &ada).await;
    let offer = standing(&server, &world.ada.token, &ada).await["activeReferralSchemes"].clone();
    let url = offer["domestic"]["referralUrl"].as_str().expect("a link").to_owned();
    assert!(url.ends_with(&format!("/refer/{code}")), "{url}");
    assert_eq!(url.split_once("://").map(|(_, rest)| rest), offer["domestic"]["referralDisplayUrl"].as_str());
    assert_eq!(offer["domestic"]["combinedRewardAmount"], 10000);
    assert_eq!(
        (&offer["domestic"]["canBeReferred"], &offer["business"]["code"]),
        (&json!(true), &json!(code))
    );

    let reply = server.put(&world.bob.token, REFER, &named(&ada, &code)).await;
    assert_eq!(reply.codes(), ["KT-CT-6723"], "not theirs");
    for (reference, refused) in [
        (code.as_str(), "KT-CT-6711"),
        (&ada, "KT-CT-6711"),
        ("nobody@example.com", "KT-CT-6712"),
        ("' or 1=1", "KT-CT-6712"),
    ] {
        let reply = server.put(&world.ada.token, REFER, &named(&ada, reference)).await;
        assert_eq!(reply.codes(), [refused], "{reference}");
    }
    let emmy = server.customer("emmy.n@example.org", "Emmy Noether", "OCTOPUS_ENERGY_GERMANY").await;
    let abroad = own_code(&server, &emmy.token, &emmy.account).await;
    assert_eq!(server.put(&world.bob.token, REFER, &named(&bob, &abroad)).await.codes(), ["KT-CT-6713"]);
    assert_eq!(
        server.put(&world.reader, REFER, &named(&bob, &code)).await.codes(),
        ["KT-CT-6723"],
        "only looks"
    );
    let input = named(&bob, &url);
    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&world.bob.token, REFER, &input), twin.put(&world.bob.token, REFER, &input));
    let mut codes: Vec<&str> = [&one, &other].into_iter().flat_map(|reply| reply.codes()).collect();
    assert_eq!(codes.pop(), Some("KT-CT-6710"), "{one:?} {other:?}");
    assert!(codes.is_empty(), "one of them made it");
    let seen = standing(&server, &world.ada.token, &ada).await;
    assert_eq!((&seen["referralsCreated"], &seen["referrals"]["totalCount"]), (&json!(1), &json!(1)));
    let brought = &seen["referrals"]["edges"][0]["node"];
    assert_eq!((&brought["paymentStatus"], &brought["code"]), (&json!("Pending"), &json!(code)));
    record::read_back("createReferral");

    // Homes of tests are supplied from the beginning of the year on.
    server.tamper("update referral_schemes set wait_days = 100 where code = 'share-50'").await;
    server.supplied_home(&world.bob, MarketName::GbrElectricity, MPAN, "E1").await;
    server.on(&mut world, "2026-03-20T09:00:00Z").await;
    server.work_off().await;
    let token = server.again(&world.bob).await;
    assert_eq!(standing(&server, &token, &bob).await["balance"], 0, "too early");
    server.on(&mut world, "2026-04-20T09:00:00Z").await;
    server.work_off().await;
    server.work_off().await;
    let (now_ada, now_bob) = (
        standing(&server, &world.ada.token, &ada).await,
        standing(&server, &server.again(&world.bob).await, &bob).await,
    );
    assert_eq!((&now_ada["balance"], &now_bob["balance"]), (&json!(5000), &json!(5000)));
    let paid = &now_ada["referrals"]["edges"][0]["node"];
    assert_eq!((&paid["paymentStatus"], &paid["paymentDate"]), (&json!("Paid"), &json!("2026-04-20")));
    const OF: &str = "query($n: String!, $s: ReferralStatus) { account(accountNumber: $n) {
        referrals(status: $s, first: 5) { edges { node { id } } } } }";
    for (status, count) in [("PAID", 1), ("PENDING", 0), ("CANCELLED", 0)] {
        let found = server.ask(Some(&world.ada.token), OF, json!({ "n": ada, "s": status })).await;
        assert_eq!(found["account"]["referrals"]["edges"].as_array().map(Vec::len), Some(count), "{status}");
    }
    server.books_are_right().await;
}

#[tokio::test]
async fn a_sign_up_scheme_is_applied_once_as_long_as_there_is_room() {
    let server = Server::start().await;
    let world = server.world().await;
    let apply = |code: &str| json!({ "accountNumber": world.ada.account, "schemeCode": code });
    assert_eq!(server.put(&world.staff, APPLY, &apply("share-50")).await.codes(), ["KT-CT-6712"], "no such");
    assert_eq!(
        server.put(&world.staff, APPLY, &apply("hello-50")).await.codes(),
        ["KT-CT-6713"],
        "Australian"
    );
    assert_eq!(server.put(&world.partner, APPLY, &apply("welcome-25")).await.codes(), ["KT-CT-6723"]);
    server.tamper("update referral_schemes set account_type = 'BUSINESS' where code = 'welcome-25'").await;
    assert_eq!(server.put(&world.staff, APPLY, &apply("welcome-25")).await.codes(), ["KT-CT-6729"]);
    server
        .tamper(
            "update referral_schemes set account_type = 'DOMESTIC', capacity = 1 where code = 'welcome-25'",
        )
        .await;
    let applied = server.put(&world.staff, APPLY, &apply("welcome-25")).await;
    let referral = &applied.json["data"]["addSignupReferralOnAccount"]["accountReferral"];
    let expected = json!({ "schemeType": "SIGNUP_REWARD", "code": "welcome-25", "paymentStatus": "Pending",
        "referredUserPaymentAmount": 2500, "referringUserPaymentAmount": 0, "paymentDate": null });
    assert_eq!(referral, &expected, "{}", applied.json);
    record::read_back("addSignupReferralOnAccount");
    assert_eq!(server.put(&world.staff, APPLY, &apply("welcome-25")).await.codes(), ["KT-CT-6728"], "full");
    server.tamper("update referral_schemes set capacity = null where code = 'welcome-25'").await;
    assert_eq!(server.put(&world.staff, APPLY, &apply("welcome-25")).await.codes(), ["KT-CT-6710"], "before");

    const SCHEMES: &str =
        "query($c: String!, $r: String!) { activeDomesticSignupRewardScheme { code schemeType }
        signup: domesticSignupRewardScheme(code: $c) { code referredRewardAmount }
        joining: domesticJoiningRewardScheme(code: $r) { schemeType referrerGivenName }
        household: domesticAccountReferralRewardScheme(code: $r) { code referrerFamilyName }
        business: businessAccountReferralRewardScheme(code: $r) { code } }";
    let code = own_code(&server, &world.ada.token, &world.ada.account).await;
    let found = server.ask(None, SCHEMES, json!({ "c": "welcome-25", "r": code })).await;
    assert_eq!(found["activeDomesticSignupRewardScheme"]["schemeType"], "SIGNUP_REWARD");
    assert_eq!(found["signup"], json!({ "code": "welcome-25", "referredRewardAmount": 2500 }));
    assert_eq!(found["joining"]["schemeType"], "REFERRAL_REWARD");
    assert_eq!(found["household"]["code"], code.as_str());
    assert_eq!(found["business"]["code"], code.as_str(), "Ada may bring businesses");
    let none = server.ask(None, SCHEMES, json!({ "c": "nothing", "r": "r000000000" })).await;
    for name in ["signup", "joining", "household", "business"] {
        assert_eq!(none[name], Value::Null, "{name}");
    }
}

#[tokio::test]
async fn a_partners_code_is_good_for_one_account() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    claim_codes::issue(&mut tx, "solar-partner", "Sun-1").await.expect("a code");
    claim_codes::issue(&mut tx, "solar-partner", "sun-2").await.expect("another");
    claim_codes::issue(&mut tx, "spring-fair-2024", "FAIR-1").await.expect("an old one");
    tx.commit().await.expect("kept");
    let redeem = |account: &str, code: &str| json!({ "accountNumber": account, "code": code });
    let (ada, bob) = (world.ada.account.as_str(), world.bob.account.as_str());
    let valid = async |token: Option<&str>, value: &str| {
        server.ask(token, VALIDATE, json!({ "v": value })).await["validateReferralCode"].clone()
    };
    assert_eq!(valid(None, "SUN-3").await, Value::Null);
    assert_eq!(valid(None, "sun-1").await["isValid"], true);
    assert_eq!(valid(None, "fair-1").await["isValid"], false);
    for (token, account, code, refused) in [
        (&world.bob.token, ada, "SUN-1", "KT-CT-6723"),
        (&world.ada.token, ada, "SUN-3", "KT-CT-6724"),
        (&world.ada.token, ada, "FAIR-1", "KT-CT-6727"),
    ] {
        assert_eq!(server.put(token, REDEEM, &redeem(account, code)).await.codes(), [refused], "{code}");
    }
    let done = server.put(&world.ada.token, REDEEM, &redeem(ada, "sun-1")).await;
    assert_eq!(done.json["data"]["redeemReferralClaimCode"]["success"], true, "{}", done.json);
    record::read_back("redeemReferralClaimCode");
    assert_eq!(server.put(&world.ada.token, REDEEM, &redeem(ada, "SUN-2")).await.codes(), ["KT-CT-6725"]);
    assert_eq!(server.put(&world.bob.token, REDEEM, &redeem(bob, "SUN-1")).await.codes(), ["KT-CT-6726"]);
    let seen = valid(Some(&world.ada.token), "SUN-1").await;
    assert_eq!(
        (&seen["isValid"], &seen["accountReferral"]["paymentStatus"]),
        (&json!(false), &json!("Pending"))
    );
    assert_eq!(
        seen["referralScheme"],
        json!({ "schemeType": "PARTNER_REWARD", "referredRewardAmount": 7500 })
    );
    assert_eq!(
        valid(Some(&world.bob.token), "SUN-1").await["accountReferral"],
        Value::Null,
        "not theirs to see"
    );
}
