//! Entering the campaign of saving sessions and joining sessions: who may, and what is refused.

use kraken_api::domain::supply::identifiers::MarketName;
use serde_json::json;

use super::{Grid, JOIN_CAMPAIGN, JOIN_EVENT, JOIN_OCTOPLUS, evening};
use crate::support::{Server, World, record};

async fn enter(server: &Server, token: &str, account: &str, mpan: &str) -> Vec<String> {
    let input = json!({ "accountNumber": account, "mpan": mpan });
    let reply = server.put(token, JOIN_CAMPAIGN, &input).await;
    if reply.errors().is_empty() {
        assert_eq!(reply.json["data"]["joinSavingSessionsCampaign"]["account"]["number"], account);
    }
    reply.codes().into_iter().map(str::to_owned).collect()
}

async fn join(server: &Server, token: &str, account: &str, code: &str) -> Vec<String> {
    let reply = server.put(token, JOIN_EVENT, &json!({ "accountNumber": account, "eventCode": code })).await;
    reply.codes().into_iter().map(str::to_owned).collect()
}

async fn point(server: &Server, world: &World) -> serde_json::Value {
    let query =
        "query($n: String!) { savingSessions { account(accountNumber: $n) { hasJoinedCampaign canJoinCampaign
        signedUpMeterPoint { mpan } eligibleMeterPoints { mpan } } } }";
    let data = server.ask(Some(&world.ada.token), query, json!({ "n": world.ada.account })).await;
    data["savingSessions"]["account"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_enters_with_one_point_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, token) = (&world.ada.account, &world.ada.token);
    let (_, mpan) = server.smart_home(&world.ada).await;
    let other = MarketName::GbrElectricity.invent("", &server.random);
    server.supplied_home(&world.ada, MarketName::GbrElectricity, &other, "23L0000002").await;
    let joined = server.ask(Some(token), JOIN_OCTOPLUS, json!({ "n": ada })).await;
    let sessions = &joined["joinOctoplusCampaign"]["outcome"]["savingSessions"];
    assert_eq!(
        *sessions,
        json!({ "hasEnrolled": false, "enrolledMpan": null,
        "notEnrolledReason": "Nobody asked for it." })
    );
    assert_eq!(point(&server, &world).await["canJoinCampaign"], true);
    let twin = server.twin();
    let (one, two) = tokio::join!(enter(&server, token, ada, &mpan), enter(&twin, token, ada, &other));
    assert_eq!([one, two].concat(), ["KT-GB-5112"]);
    let seen = point(&server, &world).await;
    assert_eq!((&seen["hasJoinedCampaign"], &seen["canJoinCampaign"]), (&json!(true), &json!(false)));
    assert_eq!(seen["eligibleMeterPoints"].as_array().map(Vec::len), Some(2));
    record::read_back("joinSavingSessionsCampaign");
    let named = seen["signedUpMeterPoint"]["mpan"].as_str().expect("a number");
    assert!(enter(&server, &world.staff, ada, named).await.is_empty());
    // Whoever is taken out of the campaign may enter it with another.
    let leave = "mutation($i: RemoveCampaignFromAccountInput!) { removeCampaignFromAccount(input: $i) { campaignRemoved } }";
    let input = json!({ "accountNumber": ada, "campaignName": "saving-sessions" });
    assert!(server.put(&world.staff, leave, &input).await.errors().is_empty());
    let (first, second) = if named == mpan { (&other, &mpan) } else { (&mpan, &other) };
    assert!(enter(&server, token, ada, first).await.is_empty());
    assert_eq!(enter(&server, token, ada, second).await, ["KT-GB-5112"]);
}

#[tokio::test]
async fn a_point_has_to_be_theirs_smart_and_in_octoplus() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, token) = (&world.ada.account, &world.ada.token);
    let (home, mpan) = server.smart_home(&world.ada).await;
    let (_, bobs) = server.smart_home(&world.bob).await;
    assert_eq!(enter(&server, token, &world.bob.account, &bobs).await, ["KT-CT-4177"]);
    assert_eq!(enter(&server, &world.reader, ada, &mpan).await, ["KT-CT-4177"]);
    for unknown in [bobs.as_str(), "", "2000050773706"] {
        assert_eq!(enter(&server, token, ada, unknown).await, ["KT-GB-5111"]);
    }
    assert_eq!(enter(&server, token, ada, &mpan).await, ["KT-GB-5112"], "not in Octoplus");
    server.ask(Some(token), JOIN_OCTOPLUS, json!({ "n": ada })).await;
    let dumb = format!("update meters set sends_half_hourly = false where id = {}", home.meter);
    server.tamper(&dumb).await;
    assert_eq!(enter(&server, token, ada, &mpan).await, ["KT-GB-5112"], "no smart meter");
    server
        .tamper("update meters set sends_half_hourly = true; update accounts set account_type = 'BUSINESS'")
        .await;
    assert_eq!(enter(&server, token, ada, &mpan).await, ["KT-GB-5112"], "a business");
    server
        .tamper(
            "update accounts set account_type = 'DOMESTIC';
        update campaigns set days = '[2020-01-01,2026-03-01)' where slug = 'saving-sessions'",
        )
        .await;
    assert_eq!(enter(&server, token, ada, &mpan).await, ["KT-GB-5110"]);
    assert_eq!(point(&server, &world).await["hasJoinedCampaign"], false);
    server.tamper("update campaigns set days = '[2020-01-01,)' where slug = 'saving-sessions'").await;
    assert!(enter(&server, token, ada, &mpan).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_had_with_octoplus_is_said_in_the_answer() {
    let server = Server::start().await;
    let world = server.world().await;
    server.smart_home(&world.ada).await;
    let variables =
        json!({ "n": world.ada.account, "o": { "shouldEnrol": true, "nominatedMpan": "2000050773706" } });
    let data = server.ask(Some(&world.ada.token), JOIN_OCTOPLUS, variables).await;
    let outcome = &data["joinOctoplusCampaign"]["outcome"];
    assert_eq!(outcome["octoplus"]["hasEnrolled"], true);
    assert_eq!(outcome["savingSessions"]["hasEnrolled"], false);
    let why = outcome["savingSessions"]["notEnrolledReason"].as_str().expect("a reason");
    assert!(why.contains("meter point"), "{why}");
    server.smart_home(&world.bob).await;
    server
        .tamper("update campaigns set days = '[2020-01-01,2026-03-01)' where slug = 'saving-sessions'")
        .await;
    let variables = json!({ "n": world.bob.account, "o": { "shouldEnrol": true } });
    let data = server.ask(Some(&world.bob.token), JOIN_OCTOPLUS, variables).await;
    let sessions = &data["joinOctoplusCampaign"]["outcome"]["savingSessions"];
    assert_eq!((&sessions["hasEnrolled"], &sessions["enrolledMpan"]), (&json!(false), &json!(null)));
}

#[tokio::test]
async fn a_session_is_joined_before_it_begins_by_those_in_the_campaign() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let ada = world.ada.account.clone();
    let grid = Grid(vec![evening("2026-03-02"), evening("2026-03-04")]);
    server.keep_sessions(&grid).await;
    let (first, second) = ("EVENT_2026-03-02", "EVENT_2026-03-04");
    server.smart_home(&world.ada).await;
    assert_eq!(join(&server, &world.ada.token, &ada, first).await, ["KT-GB-5116"]);
    let variables = json!({ "n": ada, "o": { "shouldEnrol": true } });
    server.ask(Some(&world.ada.token), JOIN_OCTOPLUS, variables).await;
    assert_eq!(join(&server, &world.ada.token, &world.bob.account, first).await, ["KT-CT-4177"]);
    assert_eq!(join(&server, &world.reader, &ada, first).await, ["KT-CT-4177"]);
    assert_eq!(join(&server, &world.ada.token, &ada, "EVENT_0").await, ["KT-GB-5114"]);
    server.on(&mut world, "2026-03-02T17:30:00Z").await;
    assert_eq!(join(&server, &world.ada.token, &ada, first).await, ["KT-GB-5115"]);
    assert!(join(&server, &world.ada.token, &ada, second).await.is_empty());
    server.tamper("update meters set sends_half_hourly = false").await;
    assert_eq!(join(&server, &world.ada.token, &ada, second).await, ["KT-GB-5117"]);
}
