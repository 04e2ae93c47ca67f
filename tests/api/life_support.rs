//! Life support.

use kraken_api::domain::accounts::life_support::{self, LifeSupportError, NewRecord};
use kraken_api::domain::supply::identifiers::MarketName;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::world::PASSWORD;

const READ: &str = "query($n: String!) { account(accountNumber: $n) { lifeSupport { hasLifeSupportRecord records {
    id lifeSupportDate details lifeSupportStatus lifeSupportEquipment isOwnedByKraken preferredContactMethod } } } }";
const OXYGEN: NewRecord<'_> = NewRecord {
    equipment: "OXYGEN_CONCENTRATOR",
    details: "Day and night",
    contact_method: "PHONE",
    is_confirmed: false,
    is_ours: true,
};

#[tokio::test]
async fn equipment_is_registered_once_and_told_to_those_who_may_know() {
    let server = Server::start().await;
    let world = server.world().await;
    let tilly = server.customer("tilly@example.org", "Tilly Nguyen", "ORIGIN").await;
    let place = ("4102000000", "NSW");
    let point = server.supply(&tilly, MarketName::AusElectricity, place, "2026-03-02").await;
    let read = async |token: &str, number: &str| {
        server.ask(Some(token), READ, json!({ "n": number })).await["account"]["lifeSupport"].clone()
    };
    let nothing = json!({ "hasLifeSupportRecord": false, "records": [] });
    assert_eq!(read(&tilly.token, &tilly.account).await, nothing);
    assert_eq!(read(&world.reader, &world.ada.account).await, Value::Null, "Britain has no such register");

    let mut tx = server.tx().await;
    let record = life_support::register(&mut tx, &tilly.account, &OXYGEN).await.expect("registered");
    let confirmed = NewRecord { is_confirmed: true, ..OXYGEN };
    let again = life_support::register(&mut tx, &tilly.account, &confirmed).await.expect("the same");
    assert_eq!(again, record);
    tx.commit().await.expect("committed");
    let registered = |status: &str| {
        json!({ "hasLifeSupportRecord": true, "records": [{ "id": record.to_string(), "lifeSupportDate": "2026-03-02",
            "details": "Day and night", "lifeSupportStatus": status, "lifeSupportEquipment": "OXYGEN_CONCENTRATOR",
            "isOwnedByKraken": true, "preferredContactMethod": "PHONE" }] })
    };
    let shown = registered("REGISTERED_MEDICAL_CONFIRMATION");
    assert_eq!(read(&tilly.token, &tilly.account).await, shown);
    let reader = server.log_in(json!({ "email": "reader@example.org", "password": PASSWORD })).await;
    assert_eq!(read(&reader, &tilly.account).await, shown);
    let critical = async || {
        let query =
            sqlx::query_scalar("select has_critical_care from supply_points where id = $1").bind(point);
        query.fetch_one(server.database.pool()).await.expect("a point")
    };
    let is_critical: bool = critical().await;
    assert!(is_critical);
    // Who only looks after the account is not told.
    let carer = "insert into account_user_roles (account_id, user_id, role, created_at) values ($1, $2, 'CARER', now())";
    let carer = sqlx::query(carer).bind(tilly.account_id).bind(world.bob.user_id);
    carer.execute(server.database.pool()).await.expect("a role");
    assert_eq!(read(&world.bob.token, &tilly.account).await, Value::Null);

    let mut tx = server.tx().await;
    let over = "DEREGISTERED_CUSTOMER_ADVICE";
    life_support::set_status(&mut tx, record, over).await.expect("noted");
    tx.commit().await.expect("committed");
    assert_eq!(read(&tilly.token, &tilly.account).await, registered(over));
    let is_critical: bool = critical().await;
    assert!(!is_critical);
}

#[tokio::test]
async fn what_cannot_be_registered_is_not() {
    let server = Server::start().await;
    let world = server.world().await;
    let tilly = server.customer("tilly@example.org", "Tilly Nguyen", "ORIGIN").await;
    for (account, new, wanted) in [
        (&world.ada.account, OXYGEN, "no such account"),
        (&tilly.account, NewRecord { equipment: "TOASTER", ..OXYGEN }, "no such equipment"),
        (&tilly.account, NewRecord { contact_method: "PIGEON", ..OXYGEN }, "no such equipment"),
        (&tilly.account, NewRecord { details: "\u{7}", ..OXYGEN }, "the text"),
    ] {
        let mut tx = server.tx().await;
        let refused = life_support::register(&mut tx, account, &new).await.expect_err("refused").to_string();
        assert!(refused.contains(wanted), "{refused}");
    }
    let mut tx = server.tx().await;
    let unknown = life_support::set_status(&mut tx, 1, "DEREGISTERED_CUSTOMER_ADVICE").await;
    assert!(matches!(unknown, Err(LifeSupportError::NoRecord)), "{unknown:?}");
    let first = life_support::register(&mut tx, &tilly.account, &OXYGEN).await.expect("registered");
    life_support::set_status(&mut tx, first, "DEREGISTERED_CUSTOMER_ADVICE").await.expect("over");
    let second = life_support::register(&mut tx, &tilly.account, &OXYGEN).await.expect("registered anew");
    assert_ne!(first, second);
    let twice = life_support::set_status(&mut tx, first, "REGISTERED_MEDICAL_CONFIRMATION").await;
    assert!(matches!(twice, Err(LifeSupportError::Already)), "{twice:?}");
}
