//! Charging at public charge points.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::Server;
use crate::support::devices::car;
use crate::support::server::BASE_URL;

const SESSIONS: &str = "edges { cursor node { __typename start end stateOfChargeChange stateOfChargeFinal
    energyAdded { value unit } cost { amount currency } ... on PublicChargingSession { location operatorImageUrl } } }";

fn decimal(value: &Value) -> Decimal {
    value.to_string().trim_matches('"').parse().unwrap_or_else(|_| panic!("no decimal: {value}"))
}

#[tokio::test]
async fn charging_on_the_way_is_told_by_the_operator() {
    let server = Server::start().await;
    let world = server.world().await;
    server.device(&world.ada, car("5YJ3E1EA7KF000316")).await;
    let token = server.at("2026-05-11T08:00:00Z", &world.ada).await;
    let sessions = async |types: &str| {
        let fields =
            format!("... on SmartFlexVehicle {{ chargingSessions(last: 90{types}) {{ {SESSIONS} }} }}");
        let found = server.device_of(&token, &world.ada, &fields).await;
        let edges = found["chargingSessions"]["edges"].as_array().expect("edges").clone();
        edges.into_iter().map(|edge| edge["node"].clone()).collect::<Vec<Value>>()
    };
    let elsewhere = sessions(", sessionTypes: [PUBLIC]").await;
    assert!(elsewhere.len() > 2, "ten weekends have gone by: {elsewhere:?}");
    for session in &elsewhere {
        assert_eq!(session["__typename"], "PublicChargingSession");
        assert_eq!(session["cost"]["currency"], "GBP");
        let (cost, energy) = (decimal(&session["cost"]["amount"]), decimal(&session["energyAdded"]["value"]));
        let per_kwh = cost / energy;
        // What the battery holds of it has cost a ninth more.
        assert!(per_kwh > Decimal::new(55, 2) && per_kwh < Decimal::new(95, 2), "{session}");
        assert!(decimal(&session["stateOfChargeFinal"]) <= Decimal::from(80), "{session}");
        assert!(session["location"].as_str().is_some_and(|place| place.contains(',')), "{session}");
    }
    let all = sessions("").await;
    let public = all.iter().filter(|session| session["__typename"] == "PublicChargingSession").count();
    assert_eq!(public, elsewhere.len());
    assert!(all.len() > public, "it was charged at home as well");
    let smart = sessions(", sessionTypes: [SMART, BOOST]").await;
    assert!(smart.iter().all(|session| session["__typename"] == "SmartFlexChargingSession"));
    // Nothing of it is energy of the account's.
    let done = "query($n: String!) { completedDispatches(accountNumber: $n) { start end meta { source location } } }";
    let data = server.ask(Some(&token), done, json!({ "n": world.ada.account })).await;
    let done = data["completedDispatches"].as_array().expect("a list");
    assert!(done.iter().all(|ran| ran["meta"]["source"] != "public-charge"), "{done:?}");

    let image = elsewhere[0]["operatorImageUrl"].as_str().expect("an address");
    let path = image.strip_prefix(BASE_URL).expect("a page of this server");
    let get = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        server.router.clone().oneshot(request).await.expect("an answer")
    };
    let answer = get(path).await;
    assert_eq!(
        (answer.status(), &answer.headers()[header::CONTENT_TYPE]),
        (StatusCode::OK, &"image/svg+xml".parse().expect("a type"))
    );
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    assert!(bytes.starts_with(b"<svg "));
    for nobody in ["/operators/nobody.svg", "/operators/tidewater", "/operators/tidewater.png"] {
        assert_eq!(get(nobody).await.status(), StatusCode::NOT_FOUND, "{nobody}");
    }
}
