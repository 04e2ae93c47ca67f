//! Moving to another product.

use kraken_api::domain::auth::organisations;
use kraken_api::domain::supply::identifiers::MarketName;
use serde_json::{Value, json};

use crate::support::{Server, record};

const MPAN: &str = "2000050773706";
const MPRN: &str = "1234567810";
const SWITCH: &str = "mutation($i: InitiateProductSwitchInput!) { initiateProductSwitch(input: $i) { productCode switchDate } }";
const HELD: &str = "query($n: String!) { account(accountNumber: $n) {
    electricityAgreements { validFrom validTo tariff { ... on TariffType { productCode } } }
    gasAgreements { validFrom validTo tariff { productCode } } } }";

impl Server {
    /// The identifier of a product, as lists show it.
    async fn offer(&self, code: &str) -> String {
        let id = sqlx::query_scalar("select id::text from products where code = $1").bind(code);
        id.fetch_one(self.database.pool()).await.expect("a product")
    }

    async fn moves(
        &self,
        token: &str,
        account: &str,
        offer: &str,
        on: &str,
    ) -> crate::support::server::Reply {
        let input = json!({ "accountNumber": account, "quotedProductId": offer, "switchDate": on });
        self.put(token, SWITCH, &input).await
    }
}

#[tokio::test]
async fn an_account_moves_with_all_its_points_that_the_product_is_made_for() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let electricity = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    let gas = server.supply(ada, MarketName::GbrGas, (MPRN, "SW"), "2026-01-01").await;
    server.agree(ada, electricity, "AGILE-24-10-01", "2026-01-01").await;
    server.agree(ada, gas, "VAR-22-11-01", "2026-01-01").await;
    let list = server
        .ask(
            None,
            "{ energyProducts(postcode: \"BS1 4QA\", first: 100) { edges { node { id code } } } }",
            json!({}),
        )
        .await;
    let listed = list["energyProducts"]["edges"].as_array().expect("edges").iter().map(|edge| &edge["node"]);
    let mut wanted = listed.filter(|node| node["code"] == "VAR-22-11-01");
    let offer = wanted.next().and_then(|node| node["id"].as_str()).expect("an offer").to_owned();
    assert_eq!(offer, server.offer("VAR-22-11-01").await);

    let twin = server.twin();
    let (one, other) = tokio::join!(
        server.moves(&ada.token, &ada.account, &offer, "2026-04-01"),
        twin.moves(&ada.token, &ada.account, &offer, "2026-04-01")
    );
    let refused: Vec<&str> = [&one, &other].into_iter().flat_map(|reply| reply.codes()).collect();
    assert_eq!(refused, ["KT-CT-1509"], "whoever comes second finds it done");
    let moved: Vec<&Value> = [&one, &other]
        .map(|reply| &reply.json["data"]["initiateProductSwitch"])
        .into_iter()
        .filter(|moved| !moved.is_null())
        .collect();
    assert_eq!(moved, [&json!({ "productCode": "VAR-22-11-01", "switchDate": "2026-04-01" })]);

    let held = server.ask(Some(&ada.token), HELD, json!({ "n": ada.account })).await;
    let electricity = held["account"]["electricityAgreements"].as_array().expect("a list");
    let on = |code: &str| electricity.iter().find(|each| each["tariff"]["productCode"] == code).expect(code);
    assert_eq!(on("AGILE-24-10-01")["validTo"], "2026-03-31T23:00:00+00:00");
    assert_eq!(on("VAR-22-11-01")["validFrom"], "2026-03-31T23:00:00+00:00");
    let gas = held["account"]["gasAgreements"].as_array().expect("a list");
    assert_eq!(gas.len(), 1, "which was on it already: {gas:?}");
    assert_eq!(gas[0]["validTo"], Value::Null);
    record::read_back("initiateProductSwitch");
    // A later product is in the way of an earlier one, which changes nothing.
    let fixed = server.offer("OE-FIX-12M-25-09-02").await;
    assert_eq!(server.moves(&ada.token, &ada.account, &fixed, "2026-03-20").await.codes(), ["KT-CT-1509"]);
    let after = server.ask(Some(&ada.token), HELD, json!({ "n": ada.account })).await;
    assert_eq!(after, held);
}

#[tokio::test]
async fn what_is_not_offered_or_not_then_is_refused() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrGas, (MPRN, "SW"), "2026-01-01").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-01-01").await;
    let (agile, var) = (server.offer("AGILE-24-10-01").await, server.offer("VAR-22-11-01").await);
    let green = server.offer("GREEN-2022-11").await;
    let fixed = server.offer("OE-FIX-12M-25-09-02").await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, world.partner_id, ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let (_, blind) = server.organisation("Blind Ltd", &[]).await;
    for (token, account, offer, on, code) in [
        (&ada.token, &ada.account, "nothing", "2026-04-01", "KT-CT-4619"),
        (&ada.token, &ada.account, "987654321", "2026-04-01", "KT-CT-4619"),
        (&ada.token, &ada.account, &agile, "2026-04-01", "KT-CT-4624"),
        (&ada.token, &ada.account, &green, "2026-04-01", "KT-CT-4624"),
        (&ada.token, &ada.account, &var, "2026-04-01", "KT-CT-1509"),
        (&ada.token, &ada.account, &fixed, "2026-03-01", "KT-CT-1507"),
        (&ada.token, &ada.account, &fixed, "2026-06-01", "KT-CT-1507"),
        (&bob.token, &bob.account, &fixed, "2026-04-01", "KT-CT-4719"),
        (&bob.token, &ada.account, &fixed, "2026-04-01", "KT-CT-4924"),
        (&ada.token, &"A-00000000".to_owned(), &fixed, "2026-04-01", "KT-CT-4924"),
        (&world.reader, &ada.account, &fixed, "2026-04-01", "KT-CT-4924"),
        (&world.partner, &ada.account, &fixed, "2026-04-01", "KT-CT-4924"),
        (&blind, &ada.account, &fixed, "2026-04-01", "KT-CT-4922"),
    ] {
        let reply = server.moves(token, account, offer, on).await;
        assert_eq!(reply.codes(), [code], "{offer} on {on}: {}", reply.json);
    }
    server.tamper("update products set is_hidden = true where code = 'OE-FIX-12M-25-09-02'").await;
    let reply = server.moves(&ada.token, &ada.account, &fixed, "2026-04-01").await;
    assert_eq!(reply.codes(), ["KT-CT-4626"]);
}
