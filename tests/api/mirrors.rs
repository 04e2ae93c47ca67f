//! What an identity store is told of an account user.

use kraken_api::domain::accounts::businesses::links;
use kraken_api::domain::accounts::roles;
use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use crate::support::Server;

const MIRROR: &str = "query($i: AccountUserInputType) { userSyncPayload(input: $i) {
    accountUserId givenName familyName dateOfBirth email mobile landline
    portfolioUserRoles { portfolioId portfolioNumber role } accountUserRoles { accountNumber role }
    businessUserRoles { businessId businessNumber businessName role }
    accounts(first: 1, offset: 0) { totalCount edges { node { number portfolioNumber brand accountType status
        commsDeliveryPreference billingAddressLine1 billingAddressLine2 billingAddressLine3 billingAddressLine4
        billingAddressLine5 billingPostcode linkedUserIds business { name number } } } } } }";

#[tokio::test]
async fn a_user_is_mirrored_with_roles_and_accounts() {
    let server = Server::start().await;
    let world = server.world().await;
    let business = server.business(&world.staff, "1").await;
    let mut tx = server.tx().await;
    let (portfolio, number): (i64, String) = sqlx::query_as(
        "select p.id, p.number from portfolios p join accounts a on a.portfolio_id = p.id where a.id = $1",
    )
    .bind(world.ada.account_id)
    .fetch_one(&mut tx)
    .await
    .expect("a portfolio");
    let id = business.parse().expect("an id");
    links::link_portfolio(&mut tx, portfolio, id, links::OWNER).await.expect("linked");
    roles::give_on_account(&mut tx, world.ada.account_id, world.ada.user_id, "ACCOUNT_OWNER")
        .await
        .expect("a role");
    roles::give_on_account(&mut tx, world.bob.account_id, world.ada.user_id, "CARER").await.expect("a role");
    tx.commit().await.expect("committed");
    let ada = world.ada.user_id.to_string();
    let data = server.ask(Some(&world.reader), MIRROR, json!({ "i": { "accountUserId": ada } })).await;
    let account = json!({ "number": world.ada.account, "portfolioNumber": number, "brand": "OCTOPUS_ENERGY",
        "accountType": "DOMESTIC", "status": "ACTIVE", "commsDeliveryPreference": "EMAIL",
        "billingAddressLine1": "1 High Street", "billingAddressLine2": "Middletown", "billingAddressLine3": "",
        "billingAddressLine4": "", "billingAddressLine5": "", "billingPostcode": "AB1 2CD", "linkedUserIds": [ada],
        "business": { "name": "Reef Ltd", "number": "00000001" } });
    let expected = json!({ "accountUserId": ada, "givenName": "Ada", "familyName": "Lovelace", "dateOfBirth": null,
        "email": world.ada.email, "mobile": "", "landline": "",
        "portfolioUserRoles": [{ "portfolioId": portfolio.to_string(), "portfolioNumber": number, "role": "PORTFOLIO_OWNER" }],
        "accountUserRoles": [{ "accountNumber": world.ada.account, "role": "ACCOUNT_OWNER" },
            { "accountNumber": world.bob.account, "role": "CARER" }],
        "businessUserRoles": [{ "businessId": business, "businessNumber": "00000001", "businessName": "Reef Ltd",
            "role": "OWNER" }],
        "accounts": { "totalCount": 2, "edges": [{ "node": account }] } });
    assert_eq!(data["userSyncPayload"], expected);
    let data = server
        .ask(Some(&world.reader), MIRROR, json!({ "i": { "accountUserEmail": "ADA@example.org" } }))
        .await;
    assert_eq!(data["userSyncPayload"], expected);

    // An organisation hears of what is granted to it.
    let by_id = json!({ "i": { "accountUserId": ada } });
    assert_eq!(server.send(Some(&world.partner), MIRROR, by_id.clone()).await.codes(), ["KT-CT-5412"]);
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, world.partner_id, world.bob.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let data = server.ask(Some(&world.partner), MIRROR, by_id).await;
    let mirrored = &data["userSyncPayload"];
    assert_eq!(
        mirrored["accountUserRoles"],
        json!([{ "accountNumber": world.bob.account, "role": "CARER" }])
    );
    assert_eq!((&mirrored["portfolioUserRoles"], &mirrored["businessUserRoles"]), (&json!([]), &json!([])));
    assert_eq!(mirrored["accounts"]["totalCount"], 1);
}

#[tokio::test]
async fn roles_say_what_people_may_do_with_the_accounts_that_the_viewer_sees() {
    let server = Server::start().await;
    let world = server.world().await;
    let carer = world.bob.user_id;
    let mut tx = server.tx().await;
    roles::give_on_account(&mut tx, world.ada.account_id, carer, "CARER").await.expect("a role");
    tx.commit().await.expect("committed");
    let query =
        "query($n: String!) { getUsersForAccount(accountNumber: $n) { id permissions { permission } } }";
    let allowed = async |token: &str| {
        let data = server.ask(Some(token), query, json!({ "n": world.ada.account })).await;
        let users = data["getUsersForAccount"].as_array().expect("users").clone();
        let theirs = |user: &Value| {
            let names = user["permissions"].as_array().expect("permissions").iter();
            names.map(|each| each["permission"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        users.iter().map(|user| (user["id"].clone(), theirs(user))).collect::<Vec<_>>()
    };
    let (ada, bob) = (json!(world.ada.user_id.to_string()), json!(carer.to_string()));
    let (all, some) =
        (["dispose-of-money", "edit-account", "view-account"], ["edit-account", "view-account"]);
    let of =
        |id: &Value, names: &[&str]| (id.clone(), names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
    assert_eq!(allowed(&world.ada.token).await, [of(&ada, &all), of(&bob, &some)]);
    // The carer and staff see their own account as well, on which they may do more.
    assert_eq!(allowed(&world.bob.token).await, [of(&bob, &all)]);
    assert_eq!(allowed(&world.reader).await, [of(&ada, &all), of(&bob, &all)]);
    // What a role allows is data, and is what is asked before money moves.
    server.tamper("insert into account_permissions values ('CARER', 'dispose-of-money')").await;
    assert_eq!(allowed(&world.ada.token).await, [of(&ada, &all), of(&bob, &all)]);
    server.tamper(&format!("update account_users set is_active = false where id = {carer}")).await;
    assert_eq!(allowed(&world.ada.token).await, [of(&ada, &all), of(&bob, &[])]);
}

#[tokio::test]
async fn a_mirror_needs_one_user_and_reads_forwards() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = world.ada.user_id.to_string();
    for (input, code) in [
        (json!(null), "KT-AU-5415"),
        (json!({ "accountUserId": ada, "accountUserEmail": world.ada.email }), "KT-AU-5415"),
        (json!({ "accountUserId": "1" }), "KT-CT-5412"),
        (json!({ "accountUserEmail": "nobody@example.org" }), "KT-CT-5412"),
    ] {
        let reply = server.send(Some(&world.reader), MIRROR, json!({ "i": input })).await;
        assert_eq!(reply.codes(), [code], "{input}");
    }
    // `last` is refused before its bounds are looked at.
    for (page, code) in
        [("", "KT-CT-1201"), ("(first: 101)", "KT-CT-1202"), ("(first: 1, after: \"x\")", "KT-CT-1204")]
    {
        let query = format!(
            "query($i: AccountUserInputType) {{ userSyncPayload(input: $i) {{ accounts{page} {{ edgeCount }} }} }}"
        );
        let reply = server.send(Some(&world.reader), &query, json!({ "i": { "accountUserId": ada } })).await;
        assert_eq!(reply.codes(), [code], "{page}");
    }
    for arguments in ["last: 1", "first: 1, before: \"YXJyYXljb25uZWN0aW9uOjE=\""] {
        let query = format!(
            "query($i: AccountUserInputType) {{ userSyncPayload(input: $i) {{ ...part }} }}
             fragment part on UserSyncPayloadType {{ accounts({arguments}) {{ edgeCount }} }}"
        );
        let reply = server.send(Some(&world.reader), &query, json!({ "i": { "accountUserId": ada } })).await;
        assert_eq!(reply.codes(), ["KT-AU-5410"], "{arguments}");
        assert_eq!(reply.json["data"], Value::Null);
    }
}
