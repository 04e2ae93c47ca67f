//! Campaigns that accounts take part in.

use serde_json::{Value, json};

use crate::support::{Server, record};

const ENTER: &str =
    "mutation($i: AddCampaignToAccountInput!) { addCampaignToAccount(input: $i) { campaignAdded } }";
const LEAVE: &str = "mutation($i: RemoveCampaignFromAccountInput!) { removeCampaignFromAccount(input: $i) { campaignRemoved } }";
const READ: &str = "query($n: String!) { campaigns(accountNumber: $n, first: 5) { totalCount edges { node {
    name slug startDate expiryDate campaignExpiryDate } } }
    account(accountNumber: $n) { campaigns { slug expiryDate } } }";

impl Server {
    /// The campaigns of an account, and when it leaves them.
    pub async fn in_campaigns(&self, token: &str, account: &str) -> Value {
        self.ask(Some(token), READ, json!({ "n": account })).await["account"]["campaigns"].clone()
    }
}

#[tokio::test]
async fn an_account_enters_a_campaign_once_and_leaves_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let number = &world.ada.account;
    let enter = json!({ "accountNumber": number, "campaign": "winter-wellbeing" });
    let (one, other) =
        tokio::join!(server.put(&world.staff, ENTER, &enter), server.put(&bureau, ENTER, &enter));
    for reply in [one, other] {
        assert_eq!(reply.json["data"]["addCampaignToAccount"]["campaignAdded"], true, "{}", reply.json);
    }
    let data = server.ask(Some(&world.ada.token), READ, json!({ "n": number })).await;
    assert_eq!(data["campaigns"]["totalCount"], 1);
    let expected = json!({ "name": "Winter wellbeing", "slug": "winter-wellbeing", "startDate": "2026-03-02",
        "expiryDate": null, "campaignExpiryDate": null });
    assert_eq!(data["campaigns"]["edges"][0]["node"], expected);
    record::read_back("addCampaignToAccount");
    let leave =
        |day: Value| json!({ "accountNumber": number, "campaignName": "Winter wellbeing", "expireAt": day });
    let reply = server.put(&world.staff, LEAVE, &leave(json!("2026-03-10"))).await;
    assert_eq!(reply.json["data"]["removeCampaignFromAccount"]["campaignRemoved"], true, "{}", reply.json);
    let until = json!([{ "slug": "winter-wellbeing", "expiryDate": "2026-03-10" }]);
    assert_eq!(server.in_campaigns(&bureau, number).await, until);
    record::read_back("removeCampaignFromAccount");
    assert_eq!(server.put(&world.staff, LEAVE, &leave(json!("2026-03-01"))).await.codes(), ["KT-CT-7424"]);
    // Whoever leaves on the day they came was never in it.
    assert!(server.put(&world.staff, LEAVE, &leave(Value::Null)).await.errors().is_empty());
    assert_eq!(server.in_campaigns(&world.reader, number).await, json!([]));
    assert_eq!(server.put(&world.staff, LEAVE, &leave(Value::Null)).await.codes(), ["KT-CT-7426"]);
}

#[tokio::test]
async fn a_day_that_was_named_ends_it_and_it_can_begin_again() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = &world.ada.account;
    let enter = json!({ "accountNumber": number, "campaign": "beta-testers" });
    assert!(server.put(&world.staff, ENTER, &enter).await.errors().is_empty());
    let leave = json!({ "accountNumber": number, "campaignName": "beta-testers", "expireAt": "2026-03-03" });
    assert!(server.put(&world.staff, LEAVE, &leave).await.errors().is_empty());
    server.wall.set(server.wall.now() + chrono::TimeDelta::days(1));
    let password = crate::support::world::PASSWORD;
    let staff = server.log_in(json!({ "email": "staff@example.org", "password": password })).await;
    assert_eq!(server.in_campaigns(&staff, number).await, json!([]));
    assert!(server.put(&staff, ENTER, &enter).await.errors().is_empty());
    assert_eq!(server.in_campaigns(&staff, number).await.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn campaigns_are_for_those_who_edit_customers_to_give() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let (ada, bob) = (&world.ada.account, &world.bob.account);
    let enter = |account: &str, slug: &str| json!({ "accountNumber": account, "campaign": slug });
    let leave = |account: &str| json!({ "accountNumber": account, "campaignName": "beta-testers" });
    sqlx::raw_sql(
        "update campaigns set days = '[2020-01-01,2026-03-02)' where slug = 'paperless-billing';
         update campaigns set days = '[2026-03-03,)' where slug = 'winter-wellbeing'",
    )
    .execute(server.database.pool())
    .await
    .expect("moved");
    for slug in ["nothing", "paperless-billing", "winter-wellbeing", "Beta testers"] {
        assert_eq!(
            server.put(&world.staff, ENTER, &enter(ada, slug)).await.codes(),
            ["KT-CT-7427"],
            "{slug}"
        );
    }
    for (token, account) in [(&world.reader, ada), (&world.partner, ada), (&bureau, bob)] {
        assert_eq!(server.put(token, ENTER, &enter(account, "beta-testers")).await.codes(), ["KT-CT-4123"]);
    }
    for (token, account, code) in [
        (&world.reader, ada, "KT-CT-1111"),
        (&world.partner, ada, "KT-CT-1111"),
        (&bureau, bob, "KT-CT-7426"),
        (&bureau, ada, "KT-CT-7426"),
    ] {
        assert_eq!(server.put(token, LEAVE, &leave(account)).await.codes(), [code]);
    }
    let seen = "query($n: String!) { campaigns(accountNumber: $n, first: 5) { totalCount } }";
    let data = server.ask(Some(&world.ada.token), seen, json!({ "n": bob })).await;
    assert_eq!(data["campaigns"], Value::Null);
}
