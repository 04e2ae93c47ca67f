//! The companies that the retailer trades as.

use serde_json::{Value, json};

use crate::support::Server;

const ALL: &str = "query($first: Int = 50, $after: String) { internalCompanies(first: $first, after: $after) {
    totalCount edgeCount pageInfo { hasNextPage endCursor } edges { node { id displayableNumber name
        primaryRegistrationNumber secondaryRegistrationNumber primaryTaxIdentifierNumber
        legalAddress { organization streetAddress locality administrativeArea postalCode country asString } } } } }";
const ONE: &str =
    "query($c: SearchCriteriaInput!) { internalCompany(criteria: $c) { id displayableNumber name
    primaryRegistrationNumber legalAddress { locality } } }";

#[tokio::test]
async fn every_brand_trades_as_a_company() {
    let server = Server::start().await;
    let world = server.world().await;
    let data = server.ask(Some(&world.reader), ALL, json!({})).await;
    let page = &data["internalCompanies"];
    let companies: Vec<&Value> =
        page["edges"].as_array().expect("edges").iter().map(|edge| &edge["node"]).collect();
    assert_eq!((page["totalCount"].as_i64(), companies.len()), (Some(7), 7));
    let numbers: Vec<&str> =
        companies.iter().filter_map(|company| company["displayableNumber"].as_str()).collect();
    assert_eq!(numbers, ["AU-01", "AU-02", "DE-01", "GB-01", "GB-02", "JP-01", "US-01"]);
    let german = companies[2];
    let seat = json!({ "organization": "Octopus Energy Vertrieb GmbH", "streetAddress": "Lindwurmstraße 14",
        "locality": "München", "administrativeArea": null, "postalCode": "80337", "country": "DE",
        "asString": german["legalAddress"]["asString"] });
    assert_eq!(german["legalAddress"], seat);
    assert_eq!(german["secondaryRegistrationNumber"], "Amtsgericht München");
    assert_eq!(companies[3]["secondaryRegistrationNumber"], Value::Null);
    let named: (i64,) = sqlx::query_as("select count(*) from brands where company_id is not null")
        .fetch_one(server.database.pool())
        .await
        .expect("a count");
    assert_eq!(named, (7,));

    let of = json!({ "c": { "id": german["id"] } });
    let data = server.ask(Some(&world.partner), ONE, of).await;
    let one = json!({ "id": german["id"], "displayableNumber": "DE-01", "name": "Octopus Energy Vertrieb GmbH",
        "primaryRegistrationNumber": "HRB 200001", "legalAddress": { "locality": "München" } });
    assert_eq!(data["internalCompany"], one);
    for nobody in [json!({}), json!({ "id": "0" }), json!({ "id": "the one" })] {
        let data = server.ask(Some(&world.reader), ONE, json!({ "c": nobody })).await;
        assert_eq!(data["internalCompany"], Value::Null);
    }
}

#[tokio::test]
async fn companies_are_paged_and_shown_to_those_who_see_customers() {
    let server = Server::start().await;
    let world = server.world().await;
    let first =
        server.ask(Some(&world.partner), ALL, json!({ "first": 4 })).await["internalCompanies"].clone();
    assert_eq!((&first["edgeCount"], &first["pageInfo"]["hasNextPage"]), (&json!(4), &json!(true)));
    let after = json!({ "first": 4, "after": first["pageInfo"]["endCursor"] });
    let rest = server.ask(Some(&world.partner), ALL, after).await["internalCompanies"].clone();
    assert_eq!((&rest["edgeCount"], &rest["pageInfo"]["hasNextPage"]), (&json!(3), &json!(false)));
    let (_, blind) = server.organisation("Leaflets Ltd", &[]).await;
    let data = server.ask(Some(&blind), ALL, json!({})).await;
    assert_eq!(data["internalCompanies"]["totalCount"], 0);
    let id = first["edges"][0]["node"]["id"].clone();
    assert_eq!(server.send(Some(&blind), ONE, json!({ "c": { "id": id } })).await.codes(), ["KT-CT-14401"]);
    for customer in [&world.ada.token, &world.bob.token] {
        assert_eq!(server.send(Some(customer), ALL, json!({})).await.codes(), ["KT-CT-1111"]);
    }
}
