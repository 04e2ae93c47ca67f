//! Meters that are topped up by themselves, what they use up on bills, and what is left when their customer moves out.

use chrono::TimeDelta;
use kraken_api::domain::supply::supply_points;
use serde_json::{Value, json};

use super::nodes;
use super::prepay::{ADD, DISABLE, Prepaid, Stand, TOP_UP};
use crate::support::agreed::date;
use crate::support::world::Customer;
use crate::support::{Server, record};

impl Server {
    async fn tops_up(&self, of: &Customer, meter: &Prepaid, amount: i64) -> Value {
        let token = self.again(of).await;
        let data = self.ask(Some(&token), TOP_UP, meter.input(json!({ "topupAmount": amount }))).await;
        data["createAutoTopupConfig"]["autoTopupConfig"].clone()
    }

    async fn topped_up(&self, of: &Customer) -> Vec<(i64, String)> {
        let token = self.again(of).await;
        let seen = self.payments(&token, of).await;
        let shown = |node: &Value| (node["amount"].as_i64().expect("an amount"), node["status"].to_string());
        nodes(&seen["payments"]).iter().map(shown).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_is_topped_up_when_its_balance_is_low_and_never_twice_at_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, twin) = (&world.ada, server.twin());
    let meter = server.prepaid(ada).await;
    server.pays_by(ada, "CARD").await;
    let made = server.tops_up(ada, &meter, 1500).await;
    assert_eq!(
        made,
        json!({ "id": made["id"], "accountNumber": ada.account, "deviceId": meter.device, "topupAmount": 1500,
            "effectiveFrom": "2026-03-02T09:30:00+00:00", "effectiveTo": null })
    );
    assert_eq!(server.tops_up(ada, &meter, 1500).await, made, "it is so already");
    let (one, two) = tokio::join!(server.tops_up(ada, &meter, 1000), twin.tops_up(ada, &meter, 1000));
    assert_eq!(one, two);
    assert_ne!(one["id"], made["id"]);
    // Nothing is on the meter: that is below 5.00.
    for _ in 0..3 {
        server.wall.set(server.wall.now() + TimeDelta::minutes(61));
        tokio::join!(server.work_off(), twin.work_off());
    }
    assert_eq!(server.topped_up(ada).await, [(1000, "\"PENDING\"".to_owned())]);
    record::read_back("createAutoTopupConfig");
    // It clears after two working days and reaches the meter; 9.6 kWh a day cost some 3.30, so the next is due soon.
    server.used(meter.home.point, "gb", ("2026-03-02", 60), 99, 200).await;
    for day in ["2026-03-04", "2026-03-05"] {
        server.by(day).await;
        server.hours_on(1).await;
        twin.work_off().await;
    }
    let seen = server.topped_up(ada).await;
    assert_eq!(seen, [(1000, "\"PENDING\"".to_owned()), (1000, "\"CLEARED\"".to_owned())]);
    assert_eq!(server.on_meters().await, 1000);
    server.through("2026-03-20").await;
    let before = server.topped_up(ada).await;
    assert!(before.len() > 3, "{before:?}");
    let stop = |token: String| {
        let (server, meter) = (&server, &meter);
        async move { server.ask(Some(&token), DISABLE, meter.input(json!({}))).await["disableAutoTopup"].clone() }
    };
    assert_eq!(stop(server.again(ada).await).await["success"], true);
    assert_eq!(stop(server.again(ada).await).await["success"], false);
    server.through("2026-03-30").await;
    let after = server.topped_up(ada).await;
    assert_eq!(after.len(), before.len(), "disabled is disabled");
    assert!(after.iter().all(|(_, status)| status == "\"CLEARED\""), "{after:?}");
    record::read_back("disableAutoTopup");
    let topped: i64 = after.iter().map(|(amount, _)| amount).sum();
    assert_eq!(server.on_meters().await, topped);
    assert_eq!(server.stand(ada).await, Stand { main: 0, meter: topped });
    server.books_are_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_refused_is_not_tried_for_ever() {
    let server = Server::start().await;
    let world = server.world().await;
    let meter = server.prepaid(&world.ada).await;
    server.pays_by(&world.ada, "CARD").await;
    server.tops_up(&world.ada, &meter, 1091).await;
    server.hours_on(2).await;
    server.through("2026-03-08").await;
    assert_eq!(server.topped_up(&world.ada).await, [(1091, "\"FAILED\"".to_owned())]);
    assert_eq!(server.credits().await, [(1091, "CANCELLED".to_owned())]);
    assert_eq!(server.letters("meter-top-ups-stopped").await.len(), 1);
    let token = server.again(&world.ada).await;
    let stopped = server.ask(Some(&token), DISABLE, meter.input(json!({}))).await;
    assert_eq!(stopped["disableAutoTopup"]["success"], false, "it has stopped by itself");
    server.books_are_clean().await;
}

#[tokio::test]
async fn energy_through_a_meter_is_paid_from_its_credit_on_the_bill() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let meter = server.prepaid(ada).await;
    server.pay(ada.account_id, 12_000).await;
    server.ask(Some(&ada.token), ADD, meter.input(json!({ "amount": 12_000 }))).await;
    server.used(meter.home.point, "gb", ("2026-03-02", 31), 99, 200).await;
    server.by("2026-03-03").await;
    assert_eq!(server.stand(ada).await, Stand { main: 0, meter: 12_000 });
    server.by("2026-04-02").await;
    let charged: (i64,) =
        sqlx::query_as("select sum(amount)::bigint from transactions where supply = 'electricity'")
            .fetch_one(server.database.pool())
            .await
            .expect("a charge");
    assert_eq!(charged.0, WORKED);
    assert_eq!(server.stand(ada).await, Stand { main: 0, meter: 12_000 - WORKED });
    // What the customer did not use after all is on the meter's ledger again.
    server.wall.set(server.wall.now() + TimeDelta::hours(1));
    server.used(meter.home.point, "gb", ("2026-03-10", 1), 100, 100).await;
    server.by("2026-05-03").await;
    let charged: (i64,) =
        sqlx::query_as("select sum(amount)::bigint from transactions where supply = 'electricity'")
            .fetch_one(server.database.pool())
            .await
            .expect("charges");
    assert!(charged.0 > WORKED, "April was charged");
    let stand = server.stand(ada).await;
    assert_eq!(stand.main + stand.meter, 12_000 - charged.0);
    assert!(stand.main <= 0 && (stand.main == 0 || stand.meter == 0), "{stand:?}");
    server.books_are_clean().await;
}

#[tokio::test]
async fn what_is_left_on_a_meter_goes_back_when_its_customer_moves_out() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let meter = server.prepaid(ada).await;
    server.pays_by(ada, "CARD").await;
    server.pay(ada.account_id, 5000).await;
    server.ask(Some(&ada.token), ADD, meter.input(json!({ "amount": 5000 }))).await;
    server.tops_up(ada, &meter, 1000).await;
    server.hours_on(1).await;
    assert_eq!(server.stand(ada).await, Stand { main: 0, meter: 5000 });
    let mut tx = server.tx().await;
    let gone = supply_points::end_supply(&mut tx, meter.home.point, date("2026-03-03")).await;
    gone.expect("moved out");
    tx.commit().await.expect("committed");
    server.by("2026-03-04").await;
    server.minutes_on(11).await;
    assert_eq!(server.stand(ada).await, Stand { main: 5000, meter: 0 });
    let token = server.again(ada).await;
    let late = server.send(Some(&token), ADD, meter.input(json!({ "amount": 1000 }))).await;
    assert_eq!(late.codes(), ["KT-CT-1605"]);
    server.books_are_clean().await;
}

/// March has 30 days of it, one of them an hour short: 1438 half-hours of 0.2 kWh, 287.6 kWh at 26.1010, are 7506.65, and 30
/// days at 58.4562 are 1753.69. 9.6 kWh of 1 April at 24.5074 are 235.27, and the day is 61.37. Rounded line by line: 7507,
/// 1754, 235 and 61; 5 % of 9557 are 477.85.
const WORKED: i64 = 10_035;
