//! People who work for sales partners, as staff and their colleagues see them.

use kraken_api::domain::accounts::partner_users;
use kraken_api::domain::auth::partners;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::world::PASSWORD;

const FIND: &str = "query($n: String, $e: String) { partnerUser(number: $n, email: $e) {
    id number givenName familyName name email lastLogin createdAt
    organisation { id number name contactEmail salesChannel } permissions { permission } } }";

impl Server {
    async fn seller(&self, email: &str, name: &str, organisation: Option<i64>) {
        let hash = self.password_hash().await;
        let mut tx = self.tx().await;
        let id = partners::add(&mut tx, &self.random, email, name, &hash, &["create-leads"]).await;
        let id = id.expect("a partner user");
        if let Some(organisation) = organisation {
            partner_users::employ(&mut tx, id, organisation).await.expect("employed");
        }
        tx.commit().await.expect("committed");
    }
}

#[tokio::test]
async fn partner_users_are_found_by_staff_and_by_their_colleagues() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    let add = partner_users::add_organisation(
        &mut tx,
        &server.random,
        "Door Ltd",
        "door@example.org",
        "FIELD_SALES",
    );
    let door = add.await.expect("a sales partner");
    tx.commit().await.expect("committed");
    server.seller("ann@example.org", "Ann van Agent", Some(door)).await;
    server.seller("cal@example.org", "Cal", Some(door)).await;
    server.seller("eve@example.org", "Eve Else", None).await;
    let data = server.ask(Some(&world.reader), FIND, json!({ "e": " ANN@example.org" })).await;
    let ann = &data["partnerUser"];
    let expected = json!({ "id": ann["id"], "number": ann["number"], "givenName": "Ann", "familyName": "van Agent",
        "name": "Ann van Agent", "email": "ann@example.org", "lastLogin": null,
        "createdAt": "2026-03-02T09:30:00+00:00",
        "organisation": { "id": door.to_string(), "number": ann["organisation"]["number"], "name": "Door Ltd",
            "contactEmail": "door@example.org", "salesChannel": "FIELD_SALES" },
        "permissions": [{ "permission": "create-leads" }] });
    assert_eq!(ann, &expected);
    let token = server.log_in(json!({ "email": "ann@example.org", "password": PASSWORD })).await;
    let data = server.ask(Some(&token), FIND, json!({ "n": ann["number"] })).await;
    assert_eq!(data["partnerUser"]["lastLogin"], "2026-03-02T09:30:00+00:00");
    let data = server.ask(Some(&token), FIND, json!({ "e": "cal@example.org" })).await;
    assert_eq!(
        (&data["partnerUser"]["givenName"], &data["partnerUser"]["familyName"]),
        (&json!("Cal"), &json!(""))
    );
    let data = server.ask(Some(&world.reader), FIND, json!({ "e": "eve@example.org" })).await;
    assert_eq!(data["partnerUser"]["organisation"], Value::Null);

    let find =
        async |token: &str, wanted: Value| server.send(Some(token), FIND, wanted).await.codes().join(" ");
    for wanted in [json!({}), json!({ "n": " " }), json!({ "e": "" })] {
        assert_eq!(find(&world.reader, wanted).await, "KT-CT-7724");
    }
    assert_eq!(find(&token, json!({ "e": "eve@example.org" })).await, "KT-CT-7725");
    assert_eq!(find(&world.reader, json!({ "n": "PU-00000000" })).await, "KT-CT-7725");
    assert_eq!(
        find(&world.reader, json!({ "n": ann["number"], "e": "cal@example.org" })).await,
        "KT-CT-7725"
    );
    let eve = server.log_in(json!({ "email": "eve@example.org", "password": PASSWORD })).await;
    assert_eq!(find(&eve, json!({ "n": ann["number"] })).await, "KT-CT-7725");
    assert_eq!(find(&eve, json!({ "e": "eve@example.org" })).await, "");
    // Who has left is there for staff and themselves alone.
    sqlx::query("update partner_users set is_active = false where email = 'cal@example.org'")
        .execute(server.database.pool())
        .await
        .expect("gone");
    assert_eq!(find(&token, json!({ "e": "cal@example.org" })).await, "KT-CT-7725");
    assert_eq!(find(&world.reader, json!({ "e": "cal@example.org" })).await, "");
}
