//! What can be controlled.

use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn anybody_may_look_at_makes_and_models() {
    let server = Server::start().await;
    let query = "query($m: String, $p: ProviderChoices, $l: Boolean) {
        electricVehicles(make: $m, supportedProvider: $p, isIntegrationLive: $l) { make models {
            vehicleId model year availableFrom availableTo batterySize supportedProviders isIntegrationLive
            integrationStatus } } }";
    let makes = async |variables: Value| {
        let data = server.ask(None, query, variables).await;
        data["electricVehicles"].as_array().expect("makes").clone()
    };
    let all = makes(json!({})).await;
    let names: Vec<&str> = all.iter().filter_map(|make| make["make"].as_str()).collect();
    assert!(names.len() > 20 && names.is_sorted_by_key(|name| name.to_lowercase()), "{names:?}");
    let [tesla] = makes(json!({ "m": "tesla" })).await.try_into().expect("one make");
    assert_eq!(tesla["make"], "Tesla");
    assert_eq!(
        tesla["models"][0],
        json!({ "vehicleId": 138, "model": "Model 3 Long Range", "year": 2017, "availableFrom": 2017,
            "availableTo": null, "batterySize": "75", "supportedProviders": ["TESLA_V2", "ENODE"],
            "isIntegrationLive": true, "integrationStatus": "GENERALLY_AVAILABLE" })
    );
    let fords = makes(json!({ "p": "FORD", "l": true })).await;
    assert_eq!(fords.len(), 1);
    assert_eq!(fords[0]["models"].as_array().map(Vec::len), Some(1));
    let unfinished = makes(json!({ "l": false })).await;
    assert!(
        unfinished
            .iter()
            .flat_map(|make| make["models"].as_array())
            .flatten()
            .all(|m| m["isIntegrationLive"] == false)
    );

    let query = "{ chargePointVariants { make models { variantId model powerInKw amperage isIntegrationLive
        integrationStatus } } }";
    let data = server.ask(None, query, json!({})).await;
    let points = data["chargePointVariants"].as_array().expect("makes");
    let ohme = points.iter().find(|make| make["make"] == "Ohme").expect("Ohme");
    assert_eq!(ohme["models"][0]["powerInKw"], "7.4");
    assert_eq!(ohme["models"].as_array().map(Vec::len), Some(3));

    let query = "query($m: String, $d: Boolean) { heatPumpVariants(make: $m, isDeprecated: $d) {
        make models { heatPumpId model powerInKw isDeprecated } } }";
    let pumps = server.ask(None, query, json!({ "m": "daikin", "d": true })).await;
    let old = json!([{ "make": "Daikin", "models": [
        { "heatPumpId": "308", "model": "Altherma LT 8 kW", "powerInKw": "8", "isDeprecated": true }] }]);
    assert_eq!(pumps["heatPumpVariants"], old);
    let pumps = server.ask(None, query, json!({})).await;
    assert!(pumps["heatPumpVariants"].as_array().map_or(0, Vec::len) > 4);
}
