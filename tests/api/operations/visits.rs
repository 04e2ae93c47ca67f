//! Visits of field agents, told by the sales app and read by staff.

use kraken_api::domain::accounts::partner_users;
use kraken_api::domain::auth::organisations;
use kraken_api::domain::operations::visits::links::{self, LinkError, NewLink};
use serde_json::{Value, json};

use crate::support::{Server, World, record};

const RECORD: &str =
    "mutation($i: AudioRecordingInputType!) { createAudioRecording(input: $i) { possibleErrors { code }
    audioRecording { id contentType duration fileSize startedAt stoppedAt s3Bucket s3Key createdAt updatedAt
        appSession { id postcode } } } }";
const READ: &str = "query($p: String, $s: String) { appSessions(postcode: $p, subdomain: $s, first: 5) { totalCount edgeCount
    pageInfo { hasNextPage } edges { node { id startedAt stoppedAt addressLine1 addressLine5 postcode isArchived
        locationAt locationHorizontalAccuracy locationLatitude locationLongitude salesMode createdAt updatedAt
        account { number } outcomes { type category reason }
        link { id subdomain trainingStatus isBusiness contactName contactEmail landingUrl organisation { name } } } } } }";
const FIRST: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const SECOND: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

const LINK: NewLink<'_> = NewLink {
    partner: "",
    subdomain: "doorbell",
    is_business: false,
    contact_name: "Dora Bell",
    contact_email: "dora@example.org",
    landing_url: "https://doorbell.example.org/",
};

fn visit(id: &str) -> Value {
    json!({ "contentType": "audio/mp4", "duration": "61.5", "fileSize": 480_000, "addressLine1": "1 High Street",
        "postcode": "BS21 6AB", "startedAt": "2026-03-02T08:00:00Z", "stoppedAt": "2026-03-02T08:10:00Z",
        "s3Bucket": "visits", "s3Key": format!("2026/{id}.m4a"), "subdomain": "Doorbell", "salesMode": "DOOR",
        "locationLatitude": "51.44", "locationLongitude": "-2.85", "locationHorizontalAccuracy": 8,
        "outcomes": [{ "type": "SALE", "category": "INTERESTED", "reason": "Rings back." },
            { "type": "EV_LEAD", "category": "CALLBACK" }] })
}

fn with(field: &str, value: Value) -> Value {
    let mut input = visit(SECOND);
    input[field] = value;
    input
}

/// A sales partner with a link, and the session of the app that Ada's account is granted to.
async fn app(server: &Server, world: &World) -> String {
    let mut tx = server.tx().await;
    let add =
        partner_users::add_organisation(&mut tx, &server.random, "Doorbell", "d@example.org", "FIELD_SALES");
    let partner = add.await.expect("a partner");
    let number = sqlx::query_scalar("select number from affiliate_organisations where id = $1").bind(partner);
    let number: String = number.fetch_one(&mut tx).await.expect("a number");
    links::make(&mut tx, &NewLink { partner: &number, ..LINK }).await.expect("a link");
    assert!(links::qualify(&mut tx, "doorbell").await.expect("noted"));
    tx.commit().await.expect("committed");
    let (id, token) = server.organisation("Sales App Ltd", &["view-accounts", "record-contacts"]).await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    token
}

#[tokio::test]
async fn a_visit_is_told_once_and_read_by_those_who_may() {
    let server = Server::start().await;
    let world = server.world().await;
    let app = app(&server, &world).await;
    let mut told = visit(FIRST);
    told["accountNumber"] = json!(world.ada.account);
    let reply = server.put(&app, RECORD, &told).await;
    let kept = reply.json["data"]["createAudioRecording"]["audioRecording"].clone();
    assert_eq!((&kept["id"], &kept["duration"]), (&json!(FIRST), &json!(61.5)), "{}", reply.json);
    assert_eq!(kept["appSession"]["postcode"], "BS21 6AB");
    let again = server.put(&app, RECORD, &told).await;
    assert_eq!(again.json["data"]["createAudioRecording"]["audioRecording"], kept, "told twice");
    assert!(server.put(&world.staff, RECORD, &visit(SECOND)).await.errors().is_empty());
    let all = server.ask(Some(&world.reader), READ, json!({})).await["appSessions"].clone();
    record::read_back("createAudioRecording");
    assert_eq!((&all["totalCount"], &all["edgeCount"]), (&json!(2), &json!(2)));
    let own = server.ask(Some(&app), READ, json!({})).await["appSessions"].clone();
    assert_eq!(own["totalCount"], 1, "an organisation reads what it told");
    let shown = &own["edges"][0]["node"];
    assert_eq!(
        (&shown["account"]["number"], &shown["salesMode"]),
        (&json!(world.ada.account), &json!("DOOR"))
    );
    assert_eq!((&shown["addressLine1"], &shown["addressLine5"]), (&json!("1 High Street"), &json!("")));
    assert_eq!((&shown["locationLatitude"], &shown["isArchived"]), (&json!("51.44"), &json!(false)));
    assert_eq!(
        shown["outcomes"],
        json!([{ "type": "SALE", "category": "INTERESTED", "reason": "Rings back." },
            { "type": "EV_LEAD", "category": "CALLBACK", "reason": "" }])
    );
    assert_eq!(shown["link"]["trainingStatus"], "QUALIFIED");
    assert_eq!(shown["link"]["organisation"]["name"], "Doorbell");
    for (wanted, found) in [
        (json!({ "p": "bs216ab" }), 2),
        (json!({ "p": "BS1 1AA" }), 0),
        (json!({ "s": "doorbell" }), 2),
        (json!({ "s": "knocker" }), 0),
    ] {
        let page = server.ask(Some(&world.staff), READ, wanted.clone()).await;
        assert_eq!(page["appSessions"]["totalCount"], found, "{wanted}");
    }
    // What is another's is not overwritten.
    let (_, rival) = server.organisation("Rival App Ltd", &["record-contacts"]).await;
    assert_eq!(server.put(&rival, RECORD, &visit(FIRST)).await.codes(), ["KT-CT-7722"]);
    assert_eq!(server.ask(Some(&rival), READ, json!({})).await["appSessions"]["totalCount"], 0);
    assert_eq!(server.send(Some(&world.partner), READ, json!({})).await.codes(), ["KT-CT-1111"]);
}

#[tokio::test]
async fn what_cannot_be_of_a_visit_is_not_kept() {
    let server = Server::start().await;
    let world = server.world().await;
    let app = app(&server, &world).await;
    for (wrong, code) in [
        (with("s3Key", json!("2026/visit.m4a")), "KT-CT-7720"),
        (with("subdomain", json!("knocker")), "KT-CT-7721"),
        (with("id", json!(FIRST)), "KT-CT-7722"),
        (with("stoppedAt", json!("2026-03-02T07:59:59Z")), "KT-CT-7722"),
        (with("contentType", json!("text/html")), "KT-CT-7722"),
        (with("duration", json!("long")), "KT-CT-7722"),
        (with("duration", json!("-1")), "KT-CT-7722"),
        (with("fileSize", json!(0)), "KT-CT-7722"),
        (with("salesMode", json!("PHONE")), "KT-CT-7722"),
        (with("locationLatitude", json!("90.1")), "KT-CT-7722"),
        (with("locationLongitude", json!(null)), "KT-CT-7722"),
        (with("accountNumber", json!(world.bob.account)), "KT-CT-7722"),
        (with("s3Bucket", json!(" ")), "KT-CT-7722"),
    ] {
        assert_eq!(server.put(&app, RECORD, &wrong).await.codes(), [code], "{wrong}");
    }
    for token in [&world.reader, &world.partner] {
        assert_eq!(server.put(token, RECORD, &visit(SECOND)).await.codes(), ["KT-CT-1111"]);
    }
    let all = server.ask(Some(&world.reader), READ, json!({})).await;
    assert_eq!(all["appSessions"]["totalCount"], 0);
}

#[tokio::test]
async fn two_at_once_tell_of_one_visit() {
    let server = Server::start().await;
    let world = server.world().await;
    let app = app(&server, &world).await;
    let told = visit(FIRST);
    let (one, two) = tokio::join!(server.put(&app, RECORD, &told), server.put(&app, RECORD, &told));
    assert_eq!(one.json["data"], two.json["data"]);
    let all = server.ask(Some(&app), READ, json!({})).await;
    assert_eq!(all["appSessions"]["totalCount"], 1);
}

#[tokio::test]
async fn a_subdomain_is_one_agents() {
    let server = Server::start().await;
    let world = server.world().await;
    app(&server, &world).await;
    let mut tx = server.tx().await;
    let unknown = links::make(&mut tx, &NewLink { partner: "AO-00000000", ..LINK }).await;
    assert!(matches!(unknown, Err(LinkError::Partner)), "{unknown:?}");
    let partner: String = sqlx::query_scalar("select number from affiliate_organisations")
        .fetch_one(&mut tx)
        .await
        .expect("one");
    drop(tx);
    for (subdomain, is_taken) in [("doorbell", true), ("Door Bell", false)] {
        let mut tx = server.tx().await;
        let refused = links::make(&mut tx, &NewLink { partner: &partner, subdomain, ..LINK }).await;
        assert_eq!(matches!(refused, Err(LinkError::Taken)), is_taken, "{refused:?}");
        assert_eq!(matches!(refused, Err(LinkError::Subdomain)), !is_taken, "{refused:?}");
    }
}
