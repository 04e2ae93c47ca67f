//! Forms for addresses.

use serde_json::{Value, json};

use crate::support::Server;

const FORM: &str =
    "query($c: String!) { addressFields(addressFieldDescriptorId: $c) { fieldGroups { name label fields {
    name label fieldType validation { required maxLength regex } options { value label } } } } }";

#[tokio::test]
async fn each_country_has_its_form() {
    let server = Server::start().await;
    let data = server.ask(None, FORM, json!({ "c": "AU" })).await;
    let groups = &data["addressFields"]["fieldGroups"];
    assert_eq!((&groups[0]["name"], &groups[1]["label"]), (&json!("address"), &json!("Street in its parts")));
    let fields = groups[0]["fields"].as_array().expect("fields");
    let field = |name: &str| fields.iter().find(|field| field["name"] == name).expect(name);
    let postcode = json!({ "name": "postalCode", "label": "Postcode", "fieldType": "TEXT", "options": null,
        "validation": { "required": true, "maxLength": 120, "regex": "^(?:[0-9][0-9][0-9][0-9])$" } });
    assert_eq!(field("postalCode"), &postcode);
    let street = json!({ "name": "streetAddress", "label": "Street address", "fieldType": "TEXTAREA", "options": null,
        "validation": { "required": true, "maxLength": 120, "regex": null } });
    assert_eq!(field("streetAddress"), &street);
    let area = field("administrativeArea");
    assert_eq!((&area["fieldType"], &area["validation"]["required"]), (&json!("SELECT"), &json!(true)));
    assert_eq!(area["options"][1], json!({ "value": "NSW", "label": "New South Wales" }));
    let british = server.ask(None, FORM, json!({ "c": "gb" })).await;
    let british = british["addressFields"]["fieldGroups"][0]["fields"].as_array().expect("fields").clone();
    assert!(british.iter().all(|field| field["options"].is_null()), "{british:?}");
    assert_eq!(server.ask(None, FORM, json!({ "c": "XX" })).await["addressFields"], Value::Null);
}
