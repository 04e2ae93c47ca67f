//! Devices that customers bring.

use serde_json::{Value, json};

use crate::support::devices::{EASEE, OHME, TESLA};
use crate::support::world::Customer;
use crate::support::{Server, record};

const CAR: &str = "mutation($i: RegisterDeviceInput) {
    registerDevice(input: $i) { krakenflexDevice { krakenflexDeviceId vehicleModel chargePointModel provider status } } }";
const ANY: &str =
    "mutation($i: DeviceRegistrationInput) { deviceRegistration(input: $i) { registeredDeviceIds } }";

/// A Tesla, for which somebody has signed in.
fn tesla(of: &Customer, sign_in: &str) -> Value {
    json!({ "accountNumber": of.account, "vehicle": { "vehicleId": TESLA },
        "chargePoint": { "chargePointId": OHME.to_string() }, "supportedProvider": "TESLA_V2",
        "authentication": { "accessToken": sign_in } })
}

fn with(mut input: Value, changes: &Value) -> Value {
    let changes = changes.as_object().expect("an object").clone();
    input.as_object_mut().expect("an object").extend(changes);
    json!({ "i": input })
}

#[tokio::test]
async fn a_car_is_registered_and_taken_into_service() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let refusal = async |changes: Value| {
        server.refusal_of(&ada.token, CAR, with(tesla(ada, "drives-PARKED"), &changes)).await.0
    };
    assert_eq!(refusal(json!({})).await, "KT-CT-4321", "the account has no home");
    let home = server.new_home(ada).await;
    let sign_in = |text: &str| json!({ "authentication": { "authorizationCode": text } });
    assert_eq!(refusal(json!({ "vehicle": { "vehicleId": 101 } })).await, "KT-CT-4321", "an Audi");
    assert_eq!(refusal(json!({ "propertyId": home + 1 })).await, "KT-CT-4321");
    assert_eq!(refusal(json!({ "supportedProvider": "TESLA" })).await, "KT-CT-4314");
    assert_eq!(refusal(json!({ "supportedProvider": "GIVENERGY" })).await, "KT-CT-4314");
    assert_eq!(refusal(json!({ "authentication": null })).await, "KT-CT-4351");
    assert_eq!(refusal(sign_in("drives-DENIED")).await, "KT-CT-4351");
    assert_eq!(refusal(sign_in("walks-NONE")).await, "KT-CT-4363");
    assert_eq!(refusal(sign_in("collects-TWO")).await, "KT-CT-4364");
    assert_eq!(refusal(json!({ "accountNumber": world.bob.account })).await, "KT-CT-4312");

    let data = server.ask(Some(&ada.token), CAR, with(tesla(ada, "drives-PARKED"), &json!({}))).await;
    let made = data["registerDevice"]["krakenflexDevice"].clone();
    let id = made["krakenflexDeviceId"].as_str().expect("an id");
    assert_eq!(
        made,
        json!({ "krakenflexDeviceId": id, "vehicleModel": "Model 3 Long Range", "chargePointModel": "Home Pro",
            "provider": "TESLA_V2", "status": "Onboarding" })
    );
    assert_eq!(refusal(json!({})).await, "KT-CT-4335");
    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let found =
        server.device_of(&token, ada, "id name propertyId integrationDeviceId status { current }").await;
    assert_eq!((&found["id"], &found["status"]["current"]), (&json!(id), &json!("LIVE")));
    assert_eq!(
        (&found["name"], &found["propertyId"]),
        (&json!("Tesla Model 3 Long Range"), &json!(home.to_string()))
    );
    let name = found["integrationDeviceId"].as_str().expect("a name");
    assert!(name.ends_with("-1-PARKED") && !name.contains("drives"));
    record::read_back("registerDevice");
    // The same car is registered once.
    let again = with(tesla(ada, "drives-PARKED"), &json!({}));
    assert_eq!(server.refusal_of(&token, CAR, again).await.0, "KT-CT-4312");
}

#[tokio::test]
async fn two_calls_at_once_register_one_car() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.new_home(ada).await;
    let input = with(tesla(ada, "drives-PARKED"), &json!({}));
    let (one, two) = tokio::join!(
        server.send(Some(&ada.token), CAR, input.clone()),
        server.send(Some(&ada.token), CAR, input.clone())
    );
    let mut codes: Vec<&str> = one.codes().into_iter().chain(two.codes()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["KT-CT-4335"]);
    let data = server
        .ask(
            Some(&ada.token),
            "query($n: String!) { devices(accountNumber: $n) { id } }",
            json!({ "n": ada.account }),
        )
        .await;
    assert_eq!(data["devices"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn devices_of_other_kinds_are_registered_too() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let home = server.new_home(ada).await;
    let roof = json!({ "accountNumber": ada.account, "propertyId": home, "deviceType": "INVERTERS",
        "provider": "GIVENERGY", "authentication": { "accessToken": "shines-PARKED" } });
    let refusal =
        async |changes: Value| server.refusal_of(&ada.token, ANY, with(roof.clone(), &changes)).await.0;
    assert_eq!(refusal(json!({ "deviceType": "BATTERIES" })).await, "KT-CT-4321");
    assert_eq!(refusal(json!({ "propertyId": home + 1 })).await, "KT-CT-4321");
    assert_eq!(refusal(json!({ "provider": "TESLA" })).await, "KT-CT-4312");
    assert_eq!(refusal(json!({ "authentication": { "accessToken": "rains-DENIED" } })).await, "KT-CT-4312");
    assert_eq!(refusal(json!({ "authentication": { "accessToken": "rains-NONE" } })).await, "KT-CT-4363");
    assert_eq!(refusal(json!({ "authentication": { "accessToken": "rains-TWO" } })).await, "KT-CT-4364");
    assert_eq!(refusal(json!({ "accountNumber": world.bob.account })).await, "KT-CT-4312");

    let data = server.ask(Some(&ada.token), ANY, with(roof.clone(), &json!({}))).await;
    let first = data["deviceRegistration"]["registeredDeviceIds"][0].clone();
    assert_eq!(refusal(json!({})).await, "KT-CT-4324", "the same again");
    // A charge point speaks to us by the name that it is given.
    let point = json!({ "deviceType": "ELECTRIC_VEHICLES", "provider": "OCPP", "authentication": { "providerDeviceId": "EV-77-PARKED" },
        "deviceDetails": { "deviceVariantId": EASEE.to_string(), "auxDeviceVariantId": TESLA.to_string() } });
    let without = json!({ "deviceType": "ELECTRIC_VEHICLES", "provider": "OCPP" });
    assert_eq!(refusal(without).await, "KT-CT-4321");
    let data = server.ask(Some(&ada.token), ANY, with(roof.clone(), &point)).await;
    let second = data["deviceRegistration"]["registeredDeviceIds"][0].clone();

    let token = server.at("2026-03-02T12:00:00Z", ada).await;
    let query = "query($n: String!) { devices(accountNumber: $n) { id __typename integrationDeviceId status { current } } }";
    let data = server.ask(Some(&token), query, json!({ "n": ada.account })).await;
    let all = data["devices"].as_array().expect("devices").clone();
    assert_eq!((&all[0]["id"], &all[1]["id"]), (&first, &second));
    assert_eq!(
        (&all[0]["__typename"], &all[1]["__typename"]),
        (&json!("SmartFlexInverter"), &json!("SmartFlexChargePoint"))
    );
    assert_eq!(all[1]["integrationDeviceId"], "EV-77-PARKED");
    assert!(all.iter().all(|each| each["status"]["current"] == "LIVE"), "{all:?}");
    record::read_back("deviceRegistration");
    // One of several is chosen by its name.
    let (code, why) = server
        .refusal_of(
            &token,
            ANY,
            with(roof.clone(), &json!({ "authentication": { "accessToken": "rains-TWO" } })),
        )
        .await;
    assert_eq!(code, "KT-CT-4364");
    let text = why["errorDescription"].as_str().expect("a text");
    let names = text.trim_end_matches('.').rsplit(": ").next().expect("names");
    let name = names.split(", ").nth(1).expect("two names");
    let chosen = json!({ "authentication": { "accessToken": "rains-TWO", "providerDeviceId": name } });
    server.ask(Some(&token), ANY, with(roof, &chosen)).await;
    let data = server.ask(Some(&token), query, json!({ "n": ada.account })).await;
    assert_eq!(data["devices"][2]["integrationDeviceId"], name);
}
