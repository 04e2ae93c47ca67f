//! The market's list of addresses in Texas: taken in, found misspelt, and who is supplied there.

use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::premises::{self, Listed};
use serde_json::{Value, json};

use crate::support::Server;

const ESI_ID: &str = "1008901023456789012345";
const HEADING: &str = "ESIID,ADDRESS,ADDRESS_OVERFLOW,CITY,STATE,ZIPCODE,DUNS,METER_READ_CYCLE,STATUS,PREMISE_TYPE,TDSP_AMS_INDICATOR";
const SUGGEST: &str =
    "query($t: String!) { addressSuggestions(searchTerm: $t) { esiId houseNumber address address2 city
    postCode state serviceProvider loadZone meterType premiseType isCustomer { isOeCustomer } } }";

fn list(lines: &[&str]) -> String {
    format!("{HEADING}\n{}\n", lines.join("\n"))
}

fn home(status: &str, meter: &str) -> String {
    format!(
        "\"{ESI_ID}\",\"4410 NAUTILUS LN\",\"APT 2, REAR\",HOUSTON,TX,770021234,957877905,07,{status},Residential,{meter}"
    )
}

impl Server {
    async fn list_premises(&self, file: &str) -> Result<Listed, String> {
        let mut tx = self.tx().await;
        let done = premises::import(&mut tx, file.as_bytes()).await.map_err(|error| error.to_string())?;
        tx.commit().await.expect("committed");
        Ok(done)
    }

    async fn suggested(&self, token: &str, term: &str) -> Vec<Value> {
        let data = self.ask(Some(token), SUGGEST, json!({ "t": term })).await;
        data["addressSuggestions"].as_array().expect("a list").clone()
    }
}

#[tokio::test]
async fn an_address_of_the_list_is_found_misspelt() {
    let server = Server::start().await;
    let world = server.world().await;
    let mill = "10443720001234567,12 MILL RD,,DALLAS,TX,75201,1039940674000,03,Active,Small Non-Residential,";
    let file = list(&[&home("Active", "AMSM"), mill]);
    assert_eq!(server.list_premises(&file).await, Ok(Listed { active: 2, retired: 0 }));
    assert_eq!(server.list_premises(&file).await, Ok(Listed { active: 2, retired: 0 }), "twice is once");
    let found = server.suggested(&world.staff, "4410 Nautlus Ln").await;
    let nobodys = json!({ "esiId": ESI_ID, "houseNumber": "4410", "address": "4410 NAUTILUS LN", "address2": "APT 2, REAR",
        "city": "HOUSTON", "postCode": "77002-1234", "state": "TX", "serviceProvider": "CENTERPOINT",
        "loadZone": "LZ_HOUSTON", "meterType": "AMSM", "premiseType": "RESIDENTIAL",
        "isCustomer": { "isOeCustomer": false } });
    assert_eq!(found, [nobodys]);
    let found = server.suggested(&world.staff, "mill rd dallas").await;
    let told =
        ["serviceProvider", "loadZone", "meterType", "premiseType"].map(|field| found[0][field].clone());
    assert_eq!(told, [json!("ONCOR"), json!("LZ_NORTH"), Value::Null, json!("SMALL_NON_RESIDENTIAL")]);
    for term in ["ab", "  ", &"long".repeat(51)] {
        let reply = server.send(Some(&world.staff), SUGGEST, json!({ "t": term })).await;
        assert_eq!(reply.codes(), ["KT-CT-1605"], "{term}");
    }
    let retired = list(&[&home("Inactive", "")]);
    assert_eq!(server.list_premises(&retired).await, Ok(Listed { active: 0, retired: 1 }));
    assert!(server.suggested(&world.staff, "Nautilus").await.is_empty());
}

#[tokio::test]
async fn who_is_supplied_is_told_to_whoever_sees_the_account() {
    let server = Server::start().await;
    let world = server.world().await;
    server.list_premises(&list(&[&home("Active", "AMSM")])).await.expect("taken in");
    let texan = server.customer("tex@example.com", "Tex Avery", "OCTOPUS_ENERGY_US").await;
    server.supplied_home(&texan, MarketName::UsaElectricity, ESI_ID, "00000001").await;
    let is_ours = async |token: &str| {
        let found = server.suggested(token, "nautilus").await;
        found[0]["isCustomer"]["isOeCustomer"].clone()
    };
    assert_eq!(is_ours(&world.staff).await, true);
    assert_eq!(is_ours(&world.partner).await, false, "it was granted nothing");
}

#[tokio::test]
async fn a_list_with_mistakes_changes_nothing() {
    let server = Server::start().await;
    let world = server.world().await;
    let wrong = [
        ("20443720001234567,1 MILL RD,,DALLAS,TX,75201,1039940674000,03,Active,Residential,", "An ESI ID"),
        (
            "10443720001234567,1 MILL RD,,DALLAS,TX,75201,12,03,Active,Residential,",
            "12 is no network's number.",
        ),
        (
            "10443720001234567,1 MILL RD,,DALLAS,TX,7520,1039940674000,03,Active,Residential,",
            "7520 is no ZIP code.",
        ),
        (
            "10443720001234567,1 MILL RD,,DALLAS,TX,75201,1039940674000,03,Active,Castle,",
            "Castle is no kind of premise.",
        ),
        ("10443720001234567,,,DALLAS,TX,75201,1039940674000,03,Active,Residential,", "no street"),
    ];
    for (line, expected) in wrong {
        let said = server.list_premises(&list(&[&home("Active", "AMSM"), line])).await.expect_err(line);
        assert!(said.contains("line 3:") && said.contains(expected), "{said}");
    }
    let said = server.list_premises("ESIID,CITY\n1,2\n").await.expect_err("columns are missing");
    assert!(said.contains("missing field"), "{said}");
    assert!(server.suggested(&world.staff, "Nautilus").await.is_empty());
}
