//! The wheel of fortune.

use kraken_api::domain::supply::identifiers::MarketName;
use serde_json::{Value, json};

use super::at;
use crate::readings::{MPAN, MPRN};
use crate::support::{Server, record};

const SPIN: &str =
    "mutation($i: WheelOfFortuneSpinInput!) { spinWheelOfFortune(input: $i) { spinResult { prizeAmount } } }";
const STANDING: &str = "query($n: String!) { account(accountNumber: $n) { balance users { isOptedInToWof }
    transactions(first: 9) { edges { node { title amount reasonCode } } } } }";

fn spin(account: &str, supply_type: &str, accepts: bool) -> Value {
    json!({ "accountNumber": account, "supplyType": supply_type, "termsAccepted": accepts })
}

#[tokio::test]
async fn a_supply_is_spun_for_once_a_month_and_a_prize_is_credited() {
    let server = Server::start().await;
    let mut world = server.world().await;
    server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G1").await;
    // Everybody wins.
    server.tamper("delete from wheel_prizes where market = 'gb' and amount <> 200").await;
    let account = world.ada.account.clone();
    let standing = async |token: &str| {
        server.ask(Some(token), STANDING, json!({ "n": account })).await["account"].clone()
    };
    assert_eq!(standing(&world.ada.token).await["users"], json!([{ "isOptedInToWof": false }]));

    let input = spin(&account, "ELECTRICITY", true);
    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&world.ada.token, SPIN, &input), twin.put(&world.ada.token, SPIN, &input));
    let won: Vec<&Value> = [&one, &other]
        .map(|reply| &reply.json["data"]["spinWheelOfFortune"])
        .into_iter()
        .filter(|won| !won.is_null())
        .collect();
    assert_eq!(won, [&json!({ "spinResult": { "prizeAmount": 200 } })], "{one:?} {other:?}");
    let refused: Vec<&str> = [&one, &other].into_iter().flat_map(|reply| reply.codes()).collect();
    assert_eq!(refused, ["KT-CT-7010"]);

    let now = standing(&world.ada.token).await;
    assert_eq!((&now["balance"], &now["users"]), (&json!(200), &json!([{ "isOptedInToWof": true }])));
    let credit =
        json!([{ "node": { "title": "Wheel of fortune", "amount": 200, "reasonCode": "WHEEL_OF_FORTUNE" } }]);
    assert_eq!(now["transactions"]["edges"], credit);
    record::read_back("spinWheelOfFortune");

    let reply = server.put(&world.ada.token, SPIN, &spin(&account, "GAS", true)).await;
    assert_eq!(reply.json["data"]["spinWheelOfFortune"]["spinResult"]["prizeAmount"], 200, "{}", reply.json);
    server.on(&mut world, "2026-04-01T09:00:00Z").await;
    assert!(server.put(&world.ada.token, SPIN, &input).await.errors().is_empty(), "a month later");
    assert_eq!(standing(&world.ada.token).await["balance"], 600);
    server.books_are_right().await;
}

#[tokio::test]
async fn nobody_spins_for_what_is_not_theirs() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.customer("emma@example.de", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    for (token, input, code) in [
        (&world.ada.token, spin(&world.ada.account, "ELECTRICITY", false), "KT-CT-7011"),
        (&world.bob.token, spin(&world.ada.account, "ELECTRICITY", true), "KT-CT-7023"),
        (&world.ada.token, spin("A-00000000", "ELECTRICITY", true), "KT-CT-7023"),
        (&world.ada.token, spin(&world.ada.account, "GAS", true), "KT-CT-7010"),
        (&world.ada.token, spin(&world.ada.account, "EMBEDDED_ELECTRICITY", true), "KT-CT-7010"),
        (&emma.token, spin(&emma.account, "ELECTRICITY", true), "KT-CT-7012"),
        (&world.staff, spin(&world.ada.account, "ELECTRICITY", true), "KT-CT-1111"),
    ] {
        assert_eq!(server.put(token, SPIN, &input).await.codes(), [code], "{input}");
    }
    let standing = server.ask(Some(&world.ada.token), STANDING, json!({ "n": world.ada.account })).await;
    assert_eq!(
        standing["account"]["users"],
        json!([{ "isOptedInToWof": false }]),
        "nothing came of any of it"
    );
    assert_eq!(server.wall.now(), at("2026-03-02T09:30:00Z"));
}
