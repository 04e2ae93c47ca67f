//! Who is in a programme, who could be, and whom the points are for.

use serde_json::{Value, json};

use super::{INFO, JOIN_OCTOPLUS};
use crate::support::world::Customer;
use crate::support::{Reply, Server, record};

const ENROL: &str = "mutation($i: EnrollAccountInLoyaltyProgramInput!) {
    enrollAccountInLoyaltyProgram(input: $i) { outcome { hasEnrolled } } }";
const LEAVE: &str = "mutation($i: UnenrollAccountFromLoyaltyProgramInput!) {
    unenrollAccountFromLoyaltyProgram(input: $i) { outcome { hasUnenrolled } } }";
const NAME: &str =
    "mutation($i: SetLoyaltyPointsUserInput!) { setLoyaltyPointsUser(input: $i) { newLoyaltyPointsUserId } }";
const ELIGIBILITY: &str = "query($i: LoyaltyPointsProgramEligibilityInput!) {
    eligibilityToJoinLoyaltyPointsProgram(input: $i) { isEligible primaryIneligibilityReason } }";

async fn eligibility(server: &Server, of: &Customer) -> Value {
    let input = json!({ "accountNumber": of.account });
    let data = server.ask(Some(&of.token), ELIGIBILITY, json!({ "i": input })).await;
    data["eligibilityToJoinLoyaltyPointsProgram"].clone()
}

async fn info(server: &Server, of: &Customer) -> Value {
    server.ask(Some(&of.token), INFO, json!({ "n": of.account })).await["octoplusAccountInfo"].clone()
}

async fn octoplus(server: &Server, token: &str, account: Option<&str>) -> Reply {
    server.send(Some(token), JOIN_OCTOPLUS, json!({ "n": account })).await
}

#[tokio::test]
async fn octoplus_is_for_smart_homes_that_pay_by_direct_debit() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let reasons = async || info(&server, ada).await["octoplusEligibility"]["ineligibilityReasons"].clone();
    assert_eq!(reasons().await, json!(["NO_PROPERTIES", "NO_ELIGIBLE_METERS", "NO_DIRECT_DEBIT"]));
    let (home, _) = server.smart_home(ada).await;
    assert_eq!(
        info(&server, ada).await["octoplusEligibility"],
        json!({ "isEligible": true, "ineligibilityReason": null, "ineligibilityReasons": [] })
    );
    for (wrong, right, reason) in [
        (
            "update loyalty_programmes set takes_members = false",
            "update loyalty_programmes set takes_members = true",
            "OCTOPLUS_DISABLED",
        ),
        (
            "update accounts set brand = 'COOP_ENERGY'",
            "update accounts set brand = 'OCTOPUS_ENERGY'",
            "INCORRECT_BRAND",
        ),
        (
            "update meters set sends_half_hourly = false",
            "update meters set sends_half_hourly = true",
            "NO_ELIGIBLE_METERS",
        ),
        (
            "alter table payment_instructions disable trigger user; update payment_instructions set status = 'PROVISIONAL'",
            "update payment_instructions set status = 'ACTIVE'",
            "NO_DIRECT_DEBIT",
        ),
    ] {
        server.tamper(wrong).await;
        assert_eq!(reasons().await, json!([reason]));
        let reply = octoplus(&server, &ada.token, Some(&ada.account)).await;
        assert_eq!(reply.codes(), ["KT-GB-9310"], "{reason}");
        server.tamper(right).await;
    }
    assert!(home.point > 0);
    let exclude =
        "mutation($i: AddCampaignToAccountInput!) { addCampaignToAccount(input: $i) { campaignAdded } }";
    let kept_out = json!({ "accountNumber": ada.account, "campaign": "octoplus-excluded" });
    assert!(server.put(&world.staff, exclude, &kept_out).await.errors().is_empty());
    assert_eq!(reasons().await, json!(["ACTIVE_EXCLUSION_CAMPAIGN"]));
    server.tamper("delete from account_campaigns").await;
    server.tamper("update campaigns set days = '[2020-01-01,2026-03-01)' where slug = 'octoplus'").await;
    assert_eq!(octoplus(&server, &ada.token, Some(&ada.account)).await.codes(), ["KT-GB-9311"]);
    assert_eq!(info(&server, ada).await["isOctoplusEnrolled"], false);
    server.tamper("update campaigns set days = '[2020-01-01,)' where slug = 'octoplus'").await;
    for (token, account) in [
        (&ada.token, Some(world.bob.account.as_str())),
        (&ada.token, None),
        (&world.reader, Some(ada.account.as_str())),
    ] {
        assert_eq!(octoplus(&server, token, account).await.codes(), ["KT-CT-4177"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_joins_once_at_a_time() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, twin) = (&world.ada, server.twin());
    server.smart_home(ada).await;
    let account = Some(ada.account.as_str());
    let (one, other) =
        tokio::join!(octoplus(&server, &ada.token, account), octoplus(&twin, &ada.token, account));
    assert_eq!([one.codes(), other.codes()].concat(), ["KT-GB-9312"]);
    assert_eq!(info(&server, ada).await["octoplusEligibility"]["ineligibilityReason"], "ALREADY_SIGNED_UP");
    let leave = json!({ "accountNumber": ada.account });
    let (one, other) =
        tokio::join!(server.put(&ada.token, LEAVE, &leave), twin.put(&ada.token, LEAVE, &leave));
    assert_eq!([one.codes(), other.codes()].concat(), ["KT-CT-9220"]);
    assert_eq!(info(&server, ada).await["isOctoplusEnrolled"], false);
    assert!(octoplus(&server, &world.staff, account).await.errors().is_empty());
    // Staff enter it in its owner's name.
    assert_eq!(info(&server, ada).await["isLoyaltyPointsUser"], true);
}

#[tokio::test]
async fn other_markets_have_programmes_of_their_own() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.customer("emma@example.org", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    let able = json!({ "isEligible": true, "primaryIneligibilityReason": null });
    assert_eq!(eligibility(&server, &emma).await, able);
    let bureau = server.bureau(&world).await;
    for (token, account, user, code) in [
        (&world.ada.token, &emma.account, None, "KT-CT-9210"),
        (&emma.token, &emma.account, Some(world.ada.user_id.to_string()), "KT-CT-9210"),
        (&emma.token, &emma.account, Some("nobody".to_owned()), "KT-CT-9210"),
        (&bureau, &emma.account, None, "KT-CT-9210"),
        (&world.reader, &emma.account, None, "KT-CT-1111"),
        (&world.ada.token, &world.ada.account, None, "KT-CT-9213"),
    ] {
        let input = json!({ "accountNumber": account, "accountUserId": user });
        assert_eq!(server.put(token, ENROL, &input).await.codes(), [code]);
    }
    // Whoever helps enters the account in its owner's name, not in their own.
    server.helps(&world.bob, &emma).await;
    let own = json!({ "accountNumber": emma.account, "accountUserId": world.bob.user_id.to_string() });
    assert_eq!(server.put(&world.bob.token, ENROL, &own).await.codes(), ["KT-CT-9210"]);
    let input = json!({ "accountNumber": emma.account });
    let reply = server.put(&world.bob.token, ENROL, &input).await;
    assert_eq!(reply.json["data"]["enrollAccountInLoyaltyProgram"]["outcome"]["hasEnrolled"], true);
    let member = json!({ "isEligible": false, "primaryIneligibilityReason": "ALREADY_SIGNED_UP" });
    assert_eq!(eligibility(&server, &emma).await, member);
    record::read_back("enrollAccountInLoyaltyProgram");
    let input = json!({ "accountUserId": emma.user_id.to_string(), "accountNumber": emma.account });
    let held = server.ask(Some(&emma.token), super::BALANCE, json!({ "i": input })).await;
    assert_eq!(held["loyaltyPointsBalance"]["loyaltyPoints"], 0, "the wallet is hers");
    assert_eq!(server.put(&world.staff, ENROL, &input).await.codes(), ["KT-CT-9213"]);
    server.tamper("update loyalty_programmes set takes_members = false").await;
    assert_eq!(eligibility(&server, &emma).await["primaryIneligibilityReason"], "PROGRAM_DISABLED");
    let sam = server.customer("sam@example.org", "Sam Hall", "OCTOPUS_ENERGY_US").await;
    let input = json!({ "accountNumber": sam.account });
    assert_eq!(server.put(&sam.token, ELIGIBILITY, &input).await.codes(), ["KT-CT-9202"]);
    assert_eq!(server.put(&world.ada.token, ELIGIBILITY, &input).await.codes(), ["KT-CT-9218"]);
    assert_eq!(server.put(&sam.token, ENROL, &input).await.codes(), ["KT-CT-9213"]);
}

#[tokio::test]
async fn the_owner_says_whom_the_points_are_for() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.member("emma@example.org").await;
    server.helps(&world.bob, &emma).await;
    let name = |user: &str| json!({ "accountNumber": emma.account, "newLoyaltyPointsUserId": user });
    let (ada, bob) = (world.ada.user_id.to_string(), world.bob.user_id.to_string());
    assert_eq!(server.put(&world.ada.token, NAME, &name(&ada)).await.codes(), ["KT-CT-9210"]);
    // Whoever helps does not help themselves.
    assert_eq!(server.put(&world.bob.token, NAME, &name(&bob)).await.codes(), ["KT-CT-9210"]);
    let leave = json!({ "accountNumber": emma.account });
    assert_eq!(server.put(&world.bob.token, LEAVE, &leave).await.codes(), ["KT-CT-9220"]);
    for user in [ada.as_str(), "nobody", "0"] {
        assert_eq!(server.put(&emma.token, NAME, &name(user)).await.codes(), ["KT-CT-9214"]);
    }
    let input = json!({ "accountNumber": world.ada.account, "newLoyaltyPointsUserId": ada });
    assert_eq!(server.put(&world.ada.token, NAME, &input).await.codes(), ["KT-CT-9210"], "in no programme");
    server.award(&world, &emma.account, 10).await;
    let reply = server.put(&emma.token, NAME, &name(&bob)).await;
    assert_eq!(reply.json["data"]["setLoyaltyPointsUser"]["newLoyaltyPointsUserId"], bob, "{}", reply.json);
    server.award(&world, &emma.account, 5).await;
    assert_eq!(server.points_of(&world.staff, &emma.account).await, 5);
    let input = json!({ "accountNumber": emma.account, "accountUserId": emma.user_id.to_string() });
    let data = server.ask(Some(&emma.token), super::BALANCE, json!({ "i": input })).await;
    assert_eq!(data["loyaltyPointsBalance"]["loyaltyPoints"], 10, "what she had stays hers");
    record::read_back("setLoyaltyPointsUser");
    assert!(server.put(&world.bob.token, NAME, &name(&emma.user_id.to_string())).await.errors().is_empty());
}
