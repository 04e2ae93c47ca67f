//! Leads that become customers.

use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use super::{household, read, with};
use crate::support::{Server, record};

const ACCOUNT: &str = "mutation($i: GetOrCreateShellAccountForOpportunityInput!) {
    getOrCreateAccountForOpportunity(input: $i) { accountNumber } }";
const UPDATE: &str =
    "mutation($i: UpdateLeadDetailsInput!) { updateLeadDetails(input: $i) { updatedLeadData } }";
const OPENED: &str =
    "query($n: String!) { account(accountNumber: $n) { billingName accountType isShellAccount
    consents { code value } users { givenName mobile consents { code value } } } }";

#[tokio::test]
async fn an_account_is_opened_for_a_sale_once() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let (lead, sale) = server.sale(&world.staff, &household("wren@example.org")).await;
    let input = json!({ "opportunityNumber": sale });
    let (_, seller) = server.organisation("Desk Ltd", &["view-accounts", "manage-leads"]).await;
    let (_, theirs) = server.sale(&seller, &household("finn@example.org")).await;
    let theirs = json!({ "opportunityNumber": theirs });
    assert_eq!(server.put(&seller, ACCOUNT, &theirs).await.codes(), ["KT-CT-1111"], "opens no accounts");
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let twin = server.twin();
    let (one, other) = tokio::join!(server.put(&admin, ACCOUNT, &input), twin.put(&admin, ACCOUNT, &input));
    let number = &one.json["data"]["getOrCreateAccountForOpportunity"]["accountNumber"];
    assert!(number.is_string(), "{}", one.json);
    assert_eq!(other.json["data"]["getOrCreateAccountForOpportunity"]["accountNumber"], *number);
    let data = server.ask(Some(&admin), OPENED, json!({ "n": number })).await;
    let account = &data["account"];
    assert_eq!(
        (&account["billingName"], &account["isShellAccount"]),
        (&json!("Wren Ashcombe"), &json!(true))
    );
    assert_eq!(account["users"][0]["mobile"], "+447700900321");
    let answered = |consents: &Value, code: &str| {
        let mut all = consents.as_array().expect("consents").iter();
        all.find(|consent| consent["code"] == code).map(|consent| consent["value"].clone())
    };
    assert_eq!(answered(&account["consents"], "HALF_HOURLY_READINGS"), Some(json!("REJECTED")));
    assert_eq!(answered(&account["users"][0]["consents"], "MARKETING_PHONE"), Some(json!("ACCEPTED")));
    let found = server.lead(&world.reader, &lead).await;
    assert_eq!((&found["accountNumber"], &found["stage"]), (number, &json!("new")), "nothing is won by it");
    record::read_back("getOrCreateAccountForOpportunity");
    // The same lead, another sale.
    let again = json!({ "funnelCode": "businesses", "leadNumber": lead });
    let (_, other) = server.sale(&world.staff, &again).await;
    let reply = server.put(&admin, ACCOUNT, &json!({ "opportunityNumber": other })).await;
    assert_eq!(reply.json["data"]["getOrCreateAccountForOpportunity"]["accountNumber"], *number);

    let mut homeless = household("hal@example.org");
    homeless["lead"]["billingAddress"] = Value::Null;
    let (_, homeless) = server.sale(&world.staff, &homeless).await;
    for number in [&homeless, "OP-00000000"] {
        let reply = server.put(&admin, ACCOUNT, &json!({ "opportunityNumber": number })).await;
        assert_eq!(reply.codes(), ["KT-CT-8903"], "{}", reply.json);
    }
}

#[tokio::test]
async fn an_organisation_opens_what_it_then_sees() {
    let server = Server::start().await;
    server.pipeline().await;
    let (_, seller) =
        server.organisation("Doorbell Ltd", &["view-accounts", "manage-leads", "open-accounts"]).await;
    let firm = json!({ "funnelCode": "businesses", "lead": { "leadType": "BUSINESS", "brandCode": "OCTOPUS_ENERGY",
        "billingName": "Kelp & Sons", "contacts": [{ "givenName": "Kit", "familyName": "Kelp", "email": "office@kelp.example" }],
        "billingAddress": { "streetAddress": "3 Quay", "locality": "Bude", "postalCode": "EX23 8AA" } } });
    let (lead, sale) = server.sale(&seller, &firm).await;
    let reply = server.put(&seller, ACCOUNT, &json!({ "opportunityNumber": sale })).await;
    let number = &reply.json["data"]["getOrCreateAccountForOpportunity"]["accountNumber"];
    let data = server.ask(Some(&seller), OPENED, json!({ "n": number })).await;
    assert_eq!(data["account"]["accountType"], "BUSINESS", "{}", reply.json);
    assert_eq!(server.lead(&seller, &lead).await["accountNumber"], *number);
}

#[tokio::test]
async fn a_lead_becomes_a_customer() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let mut regular = household("ada@example.org");
    regular["lead"]["funnelCode"] = json!("regulars");
    let (lead, _) = server.sale(&world.staff, &regular).await;
    let update = async |lead: &str, changes: Value| {
        server.put(&world.staff, UPDATE, &with(json!({ "leadNumber": lead }), &changes)).await
    };
    let account = &world.ada.account;
    assert_eq!(update(&lead, json!({ "accountNumber": account })).await.codes(), ["KT-CT-8918"]);
    let detail = json!([{ "key": "heardOf", "value": "a neighbour" }]);
    let reply = update(&lead, json!({ "extraDetails": detail, "accountNumber": account })).await;
    let data = read(&reply.json["data"]["updateLeadDetails"]["updatedLeadData"]);
    assert_eq!((&data["stage"], &data["accountNumber"]), (&json!("won"), &json!(account)), "{}", reply.json);
    let found = server.lead(&world.reader, &lead).await;
    assert_eq!((&found["stage"], &found["accountNumber"]), (&json!("won"), &json!(account)));
    assert_eq!(read(&found["extraDetails"]), json!({ "heardOf": "a neighbour" }));
    assert_eq!(found["extraDetailItems"][0]["field"]["code"], "heardOf");
    record::read_back("updateLeadDetails");
    assert!(update(&lead, json!({ "accountNumber": account })).await.errors().is_empty(), "again");

    let mut endless = household("bob@example.org");
    endless["lead"]["funnelCode"] = json!("endless");
    let (endless, _) = server.sale(&world.staff, &endless).await;
    let (newcomer, _) = server.sale(&world.staff, &household("carol@example.org")).await;
    let bob = &world.bob.account;
    for (lead, changes, code) in [
        ("LD-00000000", json!({}), "KT-CT-8907"),
        (&*lead, json!({ "accountNumber": bob }), "KT-CT-8913"),
        (&*newcomer, json!({ "accountNumber": account }), "KT-CT-8913"),
        (&*newcomer, json!({ "accountNumber": "A-00000000" }), "KT-CT-8913"),
        (&*endless, json!({ "accountNumber": bob }), "KT-CT-8914"),
        (&*newcomer, json!({ "accountNumber": bob }), "KT-CT-8917"),
        (&*lead, json!({ "extraDetails": [{ "key": "heardOf", "value": 7 }] }), "KT-CT-1605"),
    ] {
        let reply = update(lead, changes.clone()).await;
        assert_eq!(reply.codes(), [code], "{changes}: {}", reply.json);
    }
}

#[tokio::test]
async fn what_an_organisation_brought_becomes_what_it_sees() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let (id, seller) = server.organisation("Doorbell Ltd", &["view-accounts", "manage-leads"]).await;
    let mut regular = household("ada@example.org");
    regular["lead"] = with(
        regular["lead"].clone(),
        &json!({ "funnelCode": "regulars", "extraDetails": [{ "key": "heardOf", "value": "us" }] }),
    );
    let (lead, _) = server.sale(&seller, &regular).await;
    let input = json!({ "leadNumber": lead, "accountNumber": world.ada.account });
    for token in [&seller, &world.staff] {
        assert_eq!(server.put(token, UPDATE, &input).await.codes(), ["KT-CT-8913"]);
    }
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let reply = server.put(&seller, UPDATE, &input).await;
    let data = read(&reply.json["data"]["updateLeadDetails"]["updatedLeadData"]);
    assert_eq!(data["stage"], "won", "{}", reply.json);
}
