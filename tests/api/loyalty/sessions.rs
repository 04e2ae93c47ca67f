//! Sessions: announced, joined, settled.

use chrono::TimeDelta;
use kraken_api::api::Origin;
use kraken_api::domain::loyalty::grid::{Announcement, Notice};
use kraken_api::domain::loyalty::simulated_grid::Simulator;
use kraken_api::domain::loyalty::{announcements, settling};
use kraken_api::graphql;
use serde_json::{Value, json};

use super::{BALANCE, ENTRIES, Grid, INFO, JOIN_EVENT, JOIN_OCTOPLUS, at, evening};
use crate::support::{Server, World, record};

const SESSIONS: &str = "query($n: String!, $dev: Boolean) { savingSessions { eventCount(getDevEvents: $dev)
    events(getDevEvents: $dev) { id code rewardPerKwhInOctoPoints startAt endAt devEvent status totalParticipants }
    nationalAggregatedStats { energySavedInKwh energySavedEquivalentInWords co2SavedEquivalentInWords lastUpdatedAt }
    account(accountNumber: $n) { signedUpMeterPoint { address mpan } hasJoinedCampaign canJoinCampaign
        isBusinessAccount isTesterAccount eligibleMeterPoints { mpan }
        eventStreak { eventStartDate isOptedIntoEvent dispatchNotice }
        joinedEvents { eventId startAt endAt rewardGivenInOctoPoints energySavedInKwh status eventStatus resultsStatus
            co2SavedInGrams percentageSaved netReductionPctRank avgCustomerRemunerationPounds
            baselineConsumptionDeltaKwh consumptionDeltaKwh resultsSetAt } } } }";

async fn seen(server: &Server, world: &World) -> Value {
    let variables = json!({ "n": world.ada.account, "dev": false });
    server.ask(Some(&world.ada.token), SESSIONS, variables).await["savingSessions"].clone()
}

async fn join(server: &Server, token: &str, account: &str, code: &str) -> Vec<String> {
    let input = json!({ "accountNumber": account, "eventCode": code });
    let reply = server.put(token, JOIN_EVENT, &input).await;
    let codes: Vec<String> = reply.codes().into_iter().map(str::to_owned).collect();
    if codes.is_empty() {
        let joined = &reply.json["data"]["joinSavingSessionsEvent"]["joinedEventCodes"];
        return serde_json::from_value(joined.clone()).expect("codes");
    }
    codes
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_in_a_session_is_rewarded_once() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let grid = Grid(vec![evening("2026-03-04")]);
    let (home, mpan) = server.smart_home(&world.ada).await;
    let number = world.ada.account.clone();
    let variables = json!({ "n": number, "o": { "shouldEnrol": true, "nominatedMpan": mpan } });
    let data = server.ask(Some(&world.ada.token), JOIN_OCTOPLUS, variables).await;
    let outcome = json!({ "octoplus": { "hasEnrolled": true },
        "savingSessions": { "hasEnrolled": true, "enrolledMpan": mpan, "notEnrolledReason": null } });
    assert_eq!(data["joinOctoplusCampaign"], json!({ "success": true, "outcome": outcome }));
    let info = server.ask(Some(&world.ada.token), INFO, json!({ "n": number })).await;
    assert_eq!(info["octoplusAccountInfo"]["isOctoplusEnrolled"], true);
    assert_eq!(info["octoplusAccountInfo"]["isLoyaltyPointsUser"], true);
    assert_eq!(server.in_campaigns(&world.ada.token, &number).await.as_array().map(Vec::len), Some(2));
    record::read_back("joinOctoplusCampaign");

    let twin = server.twin();
    tokio::join!(server.keep_sessions(&grid), twin.keep_sessions(&grid));
    let event = &seen(&server, &world).await["events"][0];
    let id = event["id"].clone();
    assert_eq!(
        *event,
        json!({ "id": id, "code": "EVENT_2026-03-04", "rewardPerKwhInOctoPoints": 1800, "devEvent": false,
            "startAt": "2026-03-04T17:30:00+00:00", "endAt": "2026-03-04T18:30:00+00:00", "status": "UPCOMING",
            "totalParticipants": 0 })
    );
    let (one, other) = tokio::join!(
        join(&server, &world.ada.token, &number, "EVENT_2026-03-04"),
        join(&twin, &world.staff, &number, "EVENT_2026-03-04")
    );
    assert_eq!((one, other), (vec!["EVENT_2026-03-04".to_owned()], vec!["EVENT_2026-03-04".to_owned()]));
    let upcoming = seen(&server, &world).await;
    assert_eq!(upcoming["events"][0]["totalParticipants"], 1);
    assert_eq!(upcoming["account"]["joinedEvents"][0]["resultsStatus"], "UPCOMING");
    assert_eq!(upcoming["account"]["joinedEvents"][0]["rewardGivenInOctoPoints"], Value::Null);
    assert_eq!(upcoming["account"]["eventStreak"][0]["isOptedIntoEvent"], true);
    record::read_back("joinSavingSessionsEvent");

    // The evening goes by; nothing is known before the readings are in.
    server.on(&mut world, "2026-03-04T18:00:00Z").await;
    assert_eq!(seen(&server, &world).await["events"][0]["status"], "ONGOING");
    server.on(&mut world, "2026-03-05T09:00:00Z").await;
    server.keep_sessions(&grid).await;
    assert_eq!(seen(&server, &world).await["account"]["joinedEvents"][0]["resultsStatus"], "CALCULATING");
    server.used(home.point, "gb", ("2026-01-05", 58), 5, 400).await;
    server.used(home.point, "gb", ("2026-03-04", 1), 5, 100).await;
    server.on(&mut world, "2026-03-06T09:30:00Z").await;
    tokio::join!(server.keep_sessions(&grid), twin.keep_sessions(&grid));
    server.on(&mut world, "2026-03-06T10:30:00Z").await;
    tokio::join!(server.keep_sessions(&grid), twin.keep_sessions(&grid));
    let known = seen(&server, &world).await;
    let joined = json!({ "eventId": id, "startAt": "2026-03-04T17:30:00+00:00",
        "endAt": "2026-03-04T18:30:00+00:00", "rewardGivenInOctoPoints": 1080, "energySavedInKwh": 0.6,
        "status": "SUCCESS", "eventStatus": "DONE", "resultsStatus": "SUCCESS", "co2SavedInGrams": 180.0,
        "percentageSaved": 75.0, "netReductionPctRank": 0.0, "avgCustomerRemunerationPounds": 1.35,
        "baselineConsumptionDeltaKwh": 0.8, "consumptionDeltaKwh": 0.2, "resultsSetAt": "2026-03-06T09:30:00+00:00" });
    assert_eq!(known["account"]["joinedEvents"], json!([joined]));
    assert_eq!(known["account"]["hasJoinedCampaign"], true);
    assert_eq!(
        known["account"]["signedUpMeterPoint"],
        json!({ "mpan": mpan, "address": "12 Kelp Street, Bristol, BS1 4QA" })
    );
    assert_eq!(known["nationalAggregatedStats"]["lastUpdatedAt"], "2026-03-06T09:30:00+00:00");
    let balance = server.ask(Some(&world.ada.token), BALANCE, json!({ "n": number })).await;
    assert_eq!(balance["loyaltyPointsBalance"], json!({ "loyaltyPoints": 1080, "totalMonetaryAmount": 135 }));
    let entries = server.ask(Some(&world.ada.token), ENTRIES, json!({})).await;
    assert_eq!(entries["loyaltyPointLedgers"].as_array().map(Vec::len), Some(1));
    assert_eq!(entries["loyaltyPointLedgers"][0]["reasonCode"], "SAVING_SESSION");
    server.books_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_took_part_are_compared_and_lost_readings_given_up() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let grid = Grid(vec![evening("2026-03-04"), evening("2026-03-05")]);
    let (ada, _) = server.in_octoplus(&world.ada).await;
    let (bob, _) = server.in_octoplus(&world.bob).await;
    server.keep_sessions(&grid).await;
    for code in ["EVENT_2026-03-04", "EVENT_2026-03-05"] {
        join(&server, &world.ada.token, &world.ada.account, code).await;
        join(&server, &world.bob.token, &world.bob.account, code).await;
    }
    // Bob takes more than usual on the first evening. On the second, what he took the day before does not count.
    for (point, first, second) in [(ada.point, 300, 399), (bob.point, 700, 200)] {
        server.used(point, "gb", ("2026-01-05", 58), 5, 400).await;
        server.used(point, "gb", ("2026-03-04", 1), 5, first).await;
        if point == bob.point {
            server.used(point, "gb", ("2026-03-05", 1), 5, second).await;
        }
    }
    server.on(&mut world, "2026-03-08T09:30:00Z").await;
    let settle = async || {
        let mut tx = server.tx().await;
        settling::catch_up(&mut tx).await.expect("settled");
        tx.commit().await.expect("committed");
    };
    tokio::join!(settle(), settle());
    let of_bob = async |token: &str| {
        let variables = json!({ "n": world.bob.account, "dev": false });
        server.ask(Some(token), SESSIONS, variables).await["savingSessions"]["account"]["joinedEvents"]
            .clone()
    };
    let ours = seen(&server, &world).await["account"]["joinedEvents"].clone();
    assert_eq!(
        (&ours[1]["resultsStatus"], &ours[1]["netReductionPctRank"], &ours[1]["rewardGivenInOctoPoints"]),
        (&json!("SUCCESS"), &json!(50.0), &json!(360))
    );
    assert_eq!(ours[0]["resultsStatus"], "CALCULATING");
    let his = of_bob(&world.staff).await;
    assert_eq!((&his[1]["resultsStatus"], &his[1]["rewardGivenInOctoPoints"]), (&json!("FAIL"), &json!(0)));
    assert_eq!(his[1]["percentageSaved"], -75.0);
    assert_eq!(his[0]["baselineConsumptionDeltaKwh"], 0.8);
    assert_eq!(
        (&his[0]["resultsStatus"], &his[0]["rewardGivenInOctoPoints"]),
        (&json!("SUCCESS"), &json!(720))
    );
    // Ada's readings of the second evening never come.
    server.on(&mut world, "2026-03-20T09:30:00Z").await;
    server.keep_sessions(&grid).await;
    let ours = seen(&server, &world).await["account"]["joinedEvents"][0].clone();
    assert_eq!(
        (&ours["resultsStatus"], &ours["rewardGivenInOctoPoints"], &ours["energySavedInKwh"]),
        (&json!("MISSING_READINGS"), &json!(0), &Value::Null)
    );
    server.books_are_right().await;
}

#[tokio::test]
async fn sessions_take_as_many_statements_however_many_there_are() {
    let server = Server::start().await;
    let world = server.world().await;
    server.in_octoplus(&world.ada).await;
    let mut counts = Vec::new();
    for day in 3..6 {
        let minutes = i64::from(day - 2) * 15;
        server.wall.set(at("2026-03-02T09:30:00Z") + TimeDelta::minutes(minutes));
        let day = format!("2026-03-0{day}");
        server.keep_sessions(&Grid(vec![evening(&day)])).await;
        join(&server, &world.ada.token, &world.ada.account, &format!("EVENT_{day}")).await;
        let variables = json!({ "n": world.ada.account }).as_object().cloned().unwrap_or_default();
        let request = graphql::Request { query: SESSIONS.into(), variables, ..graphql::Request::default() };
        let origin = Origin { authorization: Some(&world.ada.token), client: None };
        let answer = server.app.execute(request, origin).await.expect("an answer");
        let body: Value = serde_json::from_slice(&answer.response.body).expect("JSON");
        let joined = body["data"]["savingSessions"]["account"]["joinedEvents"].as_array().map(Vec::len);
        counts.push((joined, answer.stats.statements()));
    }
    assert_eq!(counts.iter().map(|(joined, _)| *joined).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
    assert!(counts.iter().all(|(_, statements)| *statements == counts[0].1), "{counts:?}");
}

#[tokio::test]
async fn whoever_moves_out_before_a_session_is_judged_by_nobody_elses_readings() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let grid = Grid(vec![evening("2026-03-04")]);
    let (home, _) = server.in_octoplus(&world.ada).await;
    server.keep_sessions(&grid).await;
    join(&server, &world.ada.token, &world.ada.account, "EVENT_2026-03-04").await;
    server.tamper("update supply_periods set during = tstzrange(lower(during), '2026-03-04')").await;
    server.used(home.point, "gb", ("2026-01-05", 59), 5, 400).await;
    server.on(&mut world, "2026-03-06T09:30:00Z").await;
    server.keep_sessions(&grid).await;
    let ours = seen(&server, &world).await["account"].clone();
    assert_eq!(ours["joinedEvents"][0]["resultsStatus"], "MISSING_READINGS");
    assert_eq!(ours["signedUpMeterPoint"], Value::Null);
}

#[tokio::test]
async fn points_of_a_session_are_for_whoever_had_them_when_the_account_left() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let grid = Grid(vec![evening("2026-03-04")]);
    let (home, _) = server.in_octoplus(&world.ada).await;
    server.keep_sessions(&grid).await;
    join(&server, &world.ada.token, &world.ada.account, "EVENT_2026-03-04").await;
    let leave = "mutation($i: UnenrollAccountFromLoyaltyProgramInput!) {
        unenrollAccountFromLoyaltyProgram(input: $i) { outcome { hasUnenrolled } } }";
    let data =
        server.ask(Some(&world.ada.token), leave, json!({ "i": { "accountNumber": world.ada.account } }));
    assert_eq!(data.await["unenrollAccountFromLoyaltyProgram"]["outcome"]["hasUnenrolled"], true);
    assert_eq!(server.in_campaigns(&world.ada.token, &world.ada.account).await, json!([]));
    assert_eq!(seen(&server, &world).await["account"]["hasJoinedCampaign"], false);
    record::read_back("unenrollAccountFromLoyaltyProgram");
    server.used(home.point, "gb", ("2026-01-05", 58), 5, 400).await;
    server.used(home.point, "gb", ("2026-03-04", 1), 5, 200).await;
    server.on(&mut world, "2026-03-06T09:30:00Z").await;
    server.keep_sessions(&grid).await;
    let entries = server.ask(Some(&world.ada.token), ENTRIES, json!({})).await;
    assert_eq!(entries["loyaltyPointLedgers"][0]["value"], "720");
}

#[tokio::test]
async fn trials_are_shown_to_whoever_asks_and_joined_by_testers() {
    let server = Server::start().await;
    let world = server.world().await;
    let trial = Announcement { is_trial: true, notice: Notice::Morning, ..evening("2026-03-03") };
    let late = Announcement { announced_at: at("2026-03-02T16:00:00Z"), ..evening("2026-03-04") };
    let grid = Grid(vec![trial, late]);
    server.in_octoplus(&world.ada).await;
    server.keep_sessions(&grid).await;
    let with = json!({ "n": world.ada.account, "dev": true });
    let shown = server.ask(Some(&world.ada.token), SESSIONS, with).await["savingSessions"].clone();
    assert_eq!(
        (shown["eventCount"].clone(), shown["events"][0]["devEvent"].clone()),
        (json!(1), json!(true))
    );
    let hidden = seen(&server, &world).await;
    assert_eq!((hidden["eventCount"].clone(), hidden["events"].clone()), (json!(0), json!([])));
    let code = "EVENT_2026-03-03";
    assert_eq!(join(&server, &world.ada.token, &world.ada.account, code).await, ["KT-GB-5117"]);
    let enter =
        "mutation($i: AddCampaignToAccountInput!) { addCampaignToAccount(input: $i) { campaignAdded } }";
    let tester = json!({ "accountNumber": world.ada.account, "campaign": "beta-testers" });
    assert!(server.put(&world.staff, enter, &tester).await.errors().is_empty());
    assert_eq!(join(&server, &world.ada.token, &world.ada.account, code).await, [code]);
    assert_eq!(seen(&server, &world).await["account"]["isTesterAccount"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_gets_new_sessions_over_the_winter_and_two_no_more_than_one() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let mut counts = Vec::new();
    for day in ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"] {
        for hour in [10, 14, 16] {
            server.wall.set(at(&format!("{day}T{hour}:20:00Z")));
            let turn = async || {
                let mut tx = server.tx().await;
                announcements::turn(&mut tx, &Simulator::default()).await.expect("taken in");
                settling::catch_up(&mut tx).await.expect("settled");
                tx.commit().await.expect("committed");
            };
            tokio::join!(turn(), turn());
        }
        let (count,): (i64,) = sqlx::query_as("select count(*) from saving_session_events")
            .fetch_one(server.database.pool())
            .await
            .expect("a count");
        counts.push(count);
    }
    assert!(counts.windows(2).all(|pair| pair[0] <= pair[1]) && counts[4] > counts[0] + 2, "{counts:?}");
    assert!(counts[4] < 25, "{counts:?}");
    server.on(&mut world, "2026-03-30T17:00:00Z").await;
    let shown = seen(&server, &world).await;
    assert_eq!(shown["eventCount"].as_u64(), shown["events"].as_array().map(|all| all.len() as u64));
}

#[tokio::test]
async fn accounts_of_others_and_abroad_have_no_sessions() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.customer("emma@example.org", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    let outer =
        "query($n: String!, $o: String) { savingSessions(accountNumber: $o) { account(accountNumber: $n) {
        hasJoinedCampaign } } octoplusAccountInfo(accountNumber: $n) { isOctoplusEnrolled
            octoplusEligibility { ineligibilityReason } } }";
    let ada = Some(world.ada.token.as_str());
    let data = server.ask(ada, outer, json!({ "n": world.bob.account, "o": world.bob.account })).await;
    assert_eq!(data, json!({ "savingSessions": null, "octoplusAccountInfo": null }));
    let data = server.ask(ada, outer, json!({ "n": world.bob.account, "o": world.ada.account })).await;
    assert_eq!(data["savingSessions"]["account"], Value::Null);
    let data = server.ask(Some(&emma.token), outer, json!({ "n": emma.account })).await;
    assert_eq!(data["savingSessions"]["account"], Value::Null);
    let reason = &data["octoplusAccountInfo"]["octoplusEligibility"]["ineligibilityReason"];
    assert_eq!(
        (reason, &data["octoplusAccountInfo"]["isOctoplusEnrolled"]),
        (&json!("INCORRECT_BRAND"), &json!(false))
    );
}
