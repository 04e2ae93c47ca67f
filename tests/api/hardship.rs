//! Customers who find it hard to pay: what is agreed with them, who reads it, and that they are not dunned meanwhile.

use kraken_api::domain::auth::organisations;
use kraken_api::domain::ledgers::hardship::{self, HardshipError, NewAgreement};
use serde_json::{Value, json};

use crate::support::Server;

const READ: &str = "query($n: String!) { account(accountNumber: $n) { isInHardship
    activeHardshipAgreements { id hardshipType hardshipDetails hardshipEntryReason paymentPlanDetails startDate }
    assistanceAgreements { assistanceType activeFrom activeTo }
    users { isInHardship } } }";
const DUNNED: &str = "query($n: String!) { dunningProcess(accountNumber: $n) { status previousStep } }";

const LOST_WORK: NewAgreement<'static> = NewAgreement {
    hardship_type: "UNEMPLOYMENT",
    entry_reason: Some("SELF_IDENTIFIED"),
    details: "Lost work in February.",
    payment_plan: "Ten pounds a week until the summer.",
    from: None,
};

impl Server {
    async fn hardship(&self, token: &str, number: &str) -> Value {
        self.ask(Some(token), READ, json!({ "n": number })).await["account"].clone()
    }

    async fn reminded(&self, staff: &str, number: &str) -> Value {
        self.ask(Some(staff), DUNNED, json!({ "n": number })).await["dunningProcess"].clone()
    }
}

#[tokio::test]
async fn whoever_finds_it_hard_to_pay_is_not_dunned() {
    let server = Server::start().await;
    let world = server.world().await;
    let (number, day) = (&world.ada.account, |text: &str| text.parse().expect("a day"));
    server.owe(world.ada.account_id, 5000).await;
    let mut tx = server.tx().await;
    let id = hardship::agree(&mut tx, number, &LOST_WORK).await.expect("agreed");
    hardship::grant(&mut tx, number, "WARM_HOME_DISCOUNT", day("2025-11-01"), Some(day("2026-02-01")))
        .await
        .expect("granted");
    hardship::grant(&mut tx, number, "WARM_HOME_DISCOUNT", day("2026-02-01"), None).await.expect("granted");
    tx.commit().await.expect("committed");
    let own = server.hardship(&world.ada.token, number).await;
    let agreed = json!([{ "id": id.to_string(), "hardshipType": "UNEMPLOYMENT", "startDate": "2026-03-02",
        "hardshipDetails": LOST_WORK.details, "hardshipEntryReason": "SELF_IDENTIFIED",
        "paymentPlanDetails": LOST_WORK.payment_plan }]);
    assert_eq!((&own["isInHardship"], &own["activeHardshipAgreements"]), (&json!(true), &agreed));
    assert_eq!(own["users"], json!([{ "isInHardship": true }]));
    let grants = json!([
        { "assistanceType": "WARM_HOME_DISCOUNT", "activeFrom": "2026-02-01", "activeTo": null },
        { "assistanceType": "WARM_HOME_DISCOUNT", "activeFrom": "2025-11-01", "activeTo": "2026-02-01" }
    ]);
    assert_eq!(own["assistanceAgreements"], grants);
    let bob = server.hardship(&world.bob.token, &world.bob.account).await;
    assert_eq!((&bob["isInHardship"], &bob["activeHardshipAgreements"]), (&json!(false), &json!([])));
    assert_eq!(bob["users"], json!([{ "isInHardship": false }]));

    // What is overdue is not dunned, until the agreement has ended.
    let staff = server.on_day(60).await;
    server.work_off().await;
    assert_eq!(server.reminded(&staff, number).await, Value::Null);
    let mut tx = server.tx().await;
    hardship::end(&mut tx, id, None).await.expect("ended");
    assert!(matches!(hardship::end(&mut tx, id, None).await, Err(HardshipError::UnknownAgreement)));
    tx.commit().await.expect("committed");
    assert_eq!(server.hardship(&staff, number).await["isInHardship"], true, "it holds until tomorrow");
    let staff = server.on_day(61).await;
    server.work_off().await;
    let after = server.hardship(&staff, number).await;
    assert_eq!((&after["isInHardship"], &after["activeHardshipAgreements"]), (&json!(false), &json!([])));
    let reminded = json!({ "status": "ACTIVE", "previousStep": "REMINDER" });
    assert_eq!(server.reminded(&staff, number).await, reminded);

    // A process that is under way takes no step either while something is agreed.
    let mut tx = server.tx().await;
    hardship::agree(&mut tx, number, &LOST_WORK).await.expect("agreed again");
    tx.commit().await.expect("committed");
    let staff = server.on_day(75).await;
    server.work_off().await;
    assert_eq!(server.reminded(&staff, number).await, reminded);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_kind_there_is_one_agreement_at_a_time_and_organisations_see_none() {
    let server = Server::start().await;
    let world = server.world().await;
    let (number, day) = (&world.ada.account, |text: &str| text.parse().expect("a day"));
    let agree = async || {
        let mut tx = server.tx().await;
        let agreed = hardship::agree(&mut tx, number, &LOST_WORK).await;
        tx.commit().await.ok();
        agreed
    };
    let (one, other) = tokio::join!(agree(), agree());
    assert!(one.is_ok() != other.is_ok(), "one of the two");
    assert!(matches!(one.and(other), Err(HardshipError::Overlap)));
    let refused = async |number: &str, new: NewAgreement<'_>| {
        let mut tx = server.tx().await;
        hardship::agree(&mut tx, number, &new).await.expect_err("refused")
    };
    assert!(matches!(refused("A-00000000", LOST_WORK).await, HardshipError::UnknownAccount));
    let odd = NewAgreement { hardship_type: "LAZINESS", ..LOST_WORK };
    assert!(matches!(refused(number, odd).await, HardshipError::UnknownKind));
    let odd = NewAgreement { entry_reason: Some("RUMOUR"), ..LOST_WORK };
    assert!(matches!(refused(number, odd).await, HardshipError::UnknownKind));
    let odd = NewAgreement { details: " ", ..LOST_WORK };
    assert!(matches!(refused(number, odd).await, HardshipError::Text));
    for (code, from, to) in
        [("LIHEAP", "2026-01-01", None), ("HARDSHIP_FUND", "2026-01-02", Some("2026-01-02"))]
    {
        let mut tx = server.tx().await;
        assert!(hardship::grant(&mut tx, number, code, day(from), to.map(day)).await.is_err(), "{code}");
    }
    let mut tx = server.tx().await;
    assert!(matches!(hardship::end(&mut tx, 1, None).await, Err(HardshipError::UnknownAgreement)));
    organisations::grant(&mut tx, world.partner_id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let data = server.hardship(&world.partner, number).await;
    for hidden in ["isInHardship", "activeHardshipAgreements", "assistanceAgreements"] {
        assert_eq!(data[hidden], Value::Null, "{hidden}");
    }
    assert_eq!(data["users"][0]["isInHardship"], Value::Null);
}
