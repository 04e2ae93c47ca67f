//! Service orders of Australian networks, and what they cost.

use kraken_api::domain::supply::identifiers::MarketName;
use serde_json::{Value, json};

use crate::on_site::{Field, wish};
use crate::roots::bounds_its_pages;
use crate::support::Server;

const FEES: &str = "query($i: ServiceOrderFeeFilterInput, $first: Int = 100, $after: String) {
    serviceOrderFees(input: $i, first: $first, after: $after) { totalCount edgeCount pageInfo { hasNextPage endCursor }
        edges { node { id productCode supplyType marketParticipant jurisdiction price description effectiveFrom
            effectiveTo } } } }";
const ORDERS: &str = "query($n: String!) { account(accountNumber: $n) { balance serviceOrders { __typename
    ... on ServiceOrderInterface { orderNumber status scheduledDate
        chargeRecords(first: 5) { edges { node { id productCode netAmount description effectiveAt account { number }
            charge { grossAmount netAmount reason displayNote } } } } }
    ... on ElectricityServiceOrderType { electricity: type subtype deEnergisationReason meterPoint { __typename } }
    ... on GasServiceOrderType { gas: type } ... on GasSpecialReadType { reading: type } } } }";

#[tokio::test]
async fn everybody_reads_what_networks_take() {
    let server = Server::start().await;
    let of = json!({ "marketParticipant": "Ausgrid", "productCode": "METER_EXCHANGE_AUSGRID" });
    let data = server.ask(None, FEES, json!({ "i": of })).await;
    let fees = data["serviceOrderFees"]["edges"].as_array().expect("fees").clone();
    assert_eq!((data["serviceOrderFees"]["totalCount"].as_i64(), fees.len()), (Some(4), 4));
    let third = &fees[2]["node"];
    let shown = json!({ "id": third["id"], "productCode": "METER_EXCHANGE_AUSGRID", "supplyType": "ELECTRICITY",
        "marketParticipant": "Ausgrid", "jurisdiction": "NEW_SOUTH_WALES", "price": 12614,
        "description": "Exchange of a meter", "effectiveFrom": "2025-07-01", "effectiveTo": "2026-06-30" });
    assert_eq!(*third, shown);
    assert_eq!(fees[3]["node"]["effectiveTo"], Value::Null);
    let count = async |filter: Value| {
        server.ask(None, FEES, json!({ "i": filter })).await["serviceOrderFees"]["totalCount"].clone()
    };
    assert_eq!(count(json!({})).await, 6 * 12 * 4);
    assert_eq!(count(json!({ "effectiveAt": "2026-06-30" })).await, 6 * 12);
    assert_eq!(count(json!({ "effectiveAt": "2023-06-30" })).await, 0);
    assert_eq!(count(json!({ "supplyType": "GAS", "effectiveAt": "2026-07-01" })).await, 6 * 5);
    let first = server.ask(None, FEES, json!({ "first": 100 })).await["serviceOrderFees"].clone();
    assert_eq!((&first["edgeCount"], &first["pageInfo"]["hasNextPage"]), (&json!(100), &json!(true)));
}

#[tokio::test]
async fn a_network_is_paid_for_what_was_done() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let tilly = server.customer("tilly@example.com.au", "Tilly Nguyen", "ORIGIN").await;
    let nmi = MarketName::AusElectricity.invent("41", &server.random);
    let mirn = MarketName::AusGas.invent("5", &server.random);
    let power = server.supplied_home(&tilly, MarketName::AusElectricity, &nmi, "E1").await;
    server.supplied_home(&tilly, MarketName::AusGas, &mirn, "G1").await;
    server
        .tamper(&format!("update supply_points set network_operator = 'Ausgrid' where id = {}", power.point))
        .await;
    let field = Field::default();
    let off = server
        .put(&world.staff, crate::on_site::ASK, &wish(&[("AUS_GAS", mirn.as_str())], "READING", "DETAILS"))
        .await;
    assert!(off.errors().is_empty(), "{}", off.json);
    server.asked(&world.staff, &[("AUS_GAS", mirn.as_str())], "EXCHANGE").await;
    let id = server.asked(&world.staff, &[("AUS_ELECTRICITY", nmi.as_str())], "EXCHANGE").await;
    let seen = async |token: &str| {
        server.ask(Some(token), ORDERS, json!({ "n": tilly.account })).await["account"].clone()
    };
    let account = seen(&tilly.token).await;
    let of = |account: &Value, name: &str| {
        let orders = account["serviceOrders"].as_array().expect("orders").clone();
        orders.into_iter().find(|order| order["__typename"] == name).expect("the order")
    };
    let order = of(&account, "ElectricityServiceOrderType");
    let number = order["orderNumber"].as_str().expect("a number");
    assert!(number.starts_with("SO-"), "{number}");
    let pending = json!({ "__typename": "ElectricityServiceOrderType", "orderNumber": number, "status": "PENDING",
        "scheduledDate": null, "chargeRecords": { "edges": [] }, "electricity": "METERING_SERVICE_WORKS",
        "subtype": "EXCHANGE_METER", "deEnergisationReason": null,
        "meterPoint": { "__typename": "ElectricityMeterPointType" } });
    assert_eq!(order, pending);
    assert_eq!(of(&account, "GasSpecialReadType")["reading"], "CHECK_READ");
    assert_eq!(of(&account, "GasServiceOrderType")["gas"], "METER_CHANGE");

    let (session, slots) = server.offered(&world.staff, &id, &field).await;
    server.booked(&world.staff, &session, &slots[0]).await;
    assert_eq!(of(&seen(&tilly.token).await, "ElectricityServiceOrderType")["status"], "REQUESTED");
    server.engineers(&field).await;
    let order = of(&seen(&tilly.token).await, "ElectricityServiceOrderType");
    assert_eq!((&order["status"], &order["scheduledDate"]), (&json!("ACCEPTED"), &json!("2026-03-03")));
    server.staff_on(&mut world, "2026-03-03T14:00:00Z").await;
    server.engineers(&field).await;
    let account = seen(&world.staff).await;
    let order = of(&account, "ElectricityServiceOrderType");
    let record = &order["chargeRecords"]["edges"][0]["node"];
    let charged = json!({ "id": record["id"], "productCode": "METER_EXCHANGE_AUSGRID", "netAmount": 12614,
        "description": "Exchange of a meter", "effectiveAt": record["effectiveAt"],
        "account": { "number": tilly.account }, "charge": { "grossAmount": 13875, "netAmount": 12614,
            "reason": "METER_VISIT_FEE", "displayNote": "Exchange of a meter" } });
    assert_eq!((&order["status"], record), (&json!("COMPLETED"), &charged));
    assert_eq!((&account["balance"], &order["chargeRecords"]["edges"][1]), (&json!(-13875), &Value::Null));
    server.books_are_right().await;
    let below = format!(
        "account(accountNumber: \"{}\") {{ serviceOrders {{ ... on ServiceOrderInterface {{
        chargeRecords(PAGE) {{ edgeCount }} }} }} }}",
        tilly.account
    );
    bounds_its_pages(&server, &world.staff, &below).await;
    // A British home has none.
    let data = server.ask(Some(&world.staff), ORDERS, json!({ "n": world.ada.account })).await;
    assert_eq!(data["account"]["serviceOrders"], json!([]));
}
