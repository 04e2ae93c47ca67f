//! What operations staff know about people, and who is told of it.

use kraken_api::domain::accounts::known::{self, FamilyIssues, KnownError};
use kraken_api::domain::accounts::roles;
use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use crate::support::Server;

const READ: &str = "query($i: AccountUserInputType) { accountUser(input: $i) { number
    label alternativePhoneNumbers hasFamilyIssues details { namespace value isSensitive } } }";
const OWN: &str = "query($n: String!) { account(accountNumber: $n) { users { id
    label alternativePhoneNumbers hasFamilyIssues details { namespace } } } }";
const MIRROR: &str = "query($i: AccountUserInputType) { userSyncPayload(input: $i) {
    alternativePhoneNumbers hasFamilyIssues familyIssues { notSafeToSendFdvPolicy notSafeToReceiveMoveInComms } } }";

#[tokio::test]
async fn what_is_known_is_told_to_those_whom_it_concerns() {
    let server = Server::start().await;
    let world = server.world().await;
    let who = json!({ "i": { "accountUserId": world.ada.user_id.to_string() } });
    let user = async |token: &str| server.ask(Some(token), READ, who.clone()).await["accountUser"].clone();
    let nothing = user(&world.reader).await;
    let number = nothing["number"].as_str().expect("a number").to_owned();
    assert_eq!(
        nothing,
        json!({ "number": number, "label": null, "alternativePhoneNumbers": [], "hasFamilyIssues": false,
            "details": [] })
    );

    let mut tx = server.tx().await;
    known::put_label(&mut tx, &number, Some(" Tenants' spokeswoman ")).await.expect("labelled");
    for phone in ["+44 7700 900199", "0044 7700 900199"] {
        known::add_phone(&mut tx, &number, phone).await.expect("noted once");
    }
    let care = FamilyIssues { keeps_policy_back: true, keeps_move_in_back: false };
    known::put_family_issues(&mut tx, &number, Some(care)).await.expect("noted");
    for (namespace, value, is_sensitive) in
        [("crm", "old", false), ("crm", "C-17", false), ("court", "Under guardianship", true)]
    {
        let put = known::put_detail(&mut tx, &number, namespace, Some(value), is_sensitive);
        put.await.expect("noted, the last in place of the first");
    }
    organisations::grant(&mut tx, world.partner_id, world.ada.account_id).await.expect("granted");
    roles::give_on_account(&mut tx, world.ada.account_id, world.bob.user_id, roles::ACCOUNT_OWNER)
        .await
        .expect("shared");
    tx.commit().await.expect("committed");

    let (crm, court) = (
        json!({ "namespace": "crm", "value": "C-17", "isSensitive": false }),
        json!({ "namespace": "court", "value": "Under guardianship", "isSensitive": true }),
    );
    assert_eq!(
        user(&world.reader).await,
        json!({ "number": number, "label": "Tenants' spokeswoman", "alternativePhoneNumbers": ["+447700900199"],
            "hasFamilyIssues": true, "details": [court, crm] })
    );
    let mirrored = server.ask(Some(&world.reader), MIRROR, who.clone()).await["userSyncPayload"].clone();
    assert_eq!(
        mirrored,
        json!({ "alternativePhoneNumbers": ["+447700900199"], "hasFamilyIssues": true,
            "familyIssues": { "notSafeToSendFdvPolicy": true, "notSafeToReceiveMoveInComms": false } })
    );
    // An organisation that may not edit customers is told nothing, one that may nothing sensitive.
    let seen = user(&world.partner).await;
    let told = |seen: &Value| {
        ["label", "alternativePhoneNumbers", "hasFamilyIssues", "details"].map(|f| seen[f].clone())
    };
    assert_eq!(told(&seen), [Value::Null, Value::Null, Value::Null, Value::Null]);
    let (id, editor) = server.organisation("Helpers Ltd", &["view-accounts", "edit-customers"]).await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let seen = user(&editor).await;
    assert_eq!(
        told(&seen),
        [json!("Tenants' spokeswoman"), json!(["+447700900199"]), Value::Null, json!([crm])]
    );
    // They themselves learn what they have called from; whoever shares the account does not.
    let ada = json!(world.ada.user_id.to_string());
    let on_account = async |token: &str| {
        let data = server.ask(Some(token), OWN, json!({ "n": world.ada.account })).await;
        let users = data["account"]["users"].as_array().expect("users").clone();
        users.into_iter().find(|user| user["id"] == ada).unwrap_or_default()
    };
    assert_eq!(
        told(&on_account(&world.ada.token).await),
        [Value::Null, json!(["+447700900199"]), Value::Null, Value::Null]
    );
    assert_eq!(
        told(&on_account(&world.bob.token).await),
        [Value::Null, Value::Null, Value::Null, Value::Null]
    );

    // What is no longer so is forgotten.
    let mut tx = server.tx().await;
    known::put_label(&mut tx, &number, None).await.expect("taken away");
    known::put_family_issues(&mut tx, &number, None).await.expect("over");
    known::put_detail(&mut tx, &number, "court", None, false).await.expect("forgotten");
    assert!(matches!(known::put_label(&mut tx, "U-1", None).await, Err(KnownError::Unknown)));
    assert!(matches!(known::put_label(&mut tx, &number, Some(" ")).await, Err(KnownError::Text)));
    assert!(matches!(known::add_phone(&mut tx, &number, "07700 900199").await, Err(KnownError::Phone)));
    for last in 0..9 {
        known::add_phone(&mut tx, &number, &format!("+44770090012{last}")).await.expect("noted");
    }
    let one_more = known::add_phone(&mut tx, &number, "+447700900130").await;
    assert!(matches!(one_more, Err(KnownError::TooMany)));
    tx.commit().await.expect("committed");
    let seen = user(&world.reader).await;
    assert_eq!((&seen["label"], &seen["hasFamilyIssues"]), (&Value::Null, &json!(false)));
    assert_eq!(seen["details"], json!([crm]));
    let mirrored = server.ask(Some(&world.reader), MIRROR, who).await["userSyncPayload"].clone();
    assert_eq!(mirrored["familyIssues"], Value::Null);
}
