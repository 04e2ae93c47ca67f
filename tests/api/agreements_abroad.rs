//! What agreements say in Japan and in Germany.

use kraken_api::domain::supply::agreements;
use kraken_api::domain::supply::identifiers::MarketName;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::agreed::date;

#[tokio::test]
async fn a_japanese_agreement_shows_its_price_model() {
    let server = Server::start_edition(Some("jp")).await;
    let hana = server.customer("hana@example.org", "Hana Sato", "TG_OCTOPUS_ENERGY").await;
    let point = server
        .supply(&hana, MarketName::JpnElectricity, ("0300010001123456789012", "03"), "2026-01-01")
        .await;
    let agreed = server.agree(&hana, point, "GREEN-2022-11", "2026-01-01").await;
    server.publish().await;
    let query = "query($i: ID!) { agreement(id: $i) { id validFrom product { __typename
        ... on ElectricitySteppedProduct { code displayName params tags standingChargeUnitType standingChargePricePerDay
            standingCharges { pricePerUnit pricePerUnitIncTax unitType regionOfOperation }
            consumptionCharges { band stepStart stepEnd pricePerUnit pricePerUnitIncTax unitType timeOfUse
                gridOperatorCode regionOfOperation validFrom validTo }
            fuelCostAdjustment { pricePerUnit pricePerUnitIncTax unitType validFrom validTo }
            renewableEnergyLevy { pricePerUnit pricePerUnitIncTax unitType validFrom validTo } }
        ... on ElectricitySingleStepProduct { code single: consumptionCharges { band timeOfUse pricePerUnit validFrom }
            fuelCostAdjustment { pricePerUnit } renewableEnergyLevy { pricePerUnitIncTax } standingChargePricePerDay }
    } } }";
    let data = server.ask(Some(&hana.token), query, json!({ "i": agreed.to_string() })).await;
    let product = &data["agreement"]["product"];
    assert_eq!(data["agreement"]["validFrom"], "2025-12-31T15:00:00+00:00");
    assert_eq!(product["__typename"], "ElectricitySteppedProduct");
    assert_eq!(product["standingChargePricePerDay"], "26.59");
    assert_eq!(
        product["consumptionCharges"][1],
        json!({ "band": "STANDARD", "stepStart": 120, "stepEnd": 300, "pricePerUnit": "31.88",
            "pricePerUnitIncTax": "35.068", "unitType": "KWH_CONSUMPTION", "timeOfUse": "電力量料金",
            "gridOperatorCode": "03", "regionOfOperation": "東京電力パワーグリッド",
            "validFrom": "2025-03-31T15:00:00+00:00", "validTo": "2026-03-31T15:00:00+00:00" })
    );
    assert_eq!(product["renewableEnergyLevy"]["pricePerUnitIncTax"], "3.982");
    let fuel = &product["fuelCostAdjustment"];
    assert_eq!(fuel["validFrom"], "2026-02-28T15:00:00+00:00");
    assert!(fuel["pricePerUnit"].as_str().is_some_and(|price| price.starts_with('-')), "{fuel}");

    let other = server
        .supply(&hana, MarketName::JpnElectricity, ("0300010001123456789013", "03"), "2026-01-01")
        .await;
    let agreed = server.agree(&hana, other, "ALLDEN-2023-06", "2026-01-01").await;
    let data = server.ask(Some(&hana.token), query, json!({ "i": agreed.to_string() })).await;
    assert_eq!(data["agreement"]["product"]["__typename"], "ElectricitySingleStepProduct");
    assert_eq!(data["agreement"]["product"]["single"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn japanese_city_gas_shows_its_tiers_by_the_cubic_metre() {
    let server = Server::start_edition(Some("jp")).await;
    let hana = server.customer("hana@example.org", "Hana Sato", "TG_OCTOPUS_ENERGY").await;
    let place = ("03000100011234567", "TOKYO_GAS");
    let point = server.supply(&hana, MarketName::JpnGas, place, "2026-01-01").await;
    let agreed = server.agree(&hana, point, "GAS-2022-11", "2026-01-01").await;
    let query = "query($i: ID!, $n: String!) { agreement(id: $i) { product { __typename ... on GasTieredProduct { code displayName params
        standingChargeUnitType standingCharges { ...Day } consumptionCharges { ...Volume } } } }
        availableProducts(marketName: \"JPN_GAS\") { code }
        account(accountNumber: $n) { properties { gasSupplyPoints { mprn agreement { id tariff { productCode tariffCode } } } } } }
        fragment Day on TieredStandingCharge { band tierStart tierEnd pricePerUnit pricePerUnitIncTax unitType
            gridOperatorCode regionOfOperation validFrom validTo }
        fragment Volume on TieredConsumptionRate { band tierStart tierEnd pricePerUnit pricePerUnitIncTax unitType
            gridOperatorCode regionOfOperation validFrom validTo }";
    let data =
        server.ask(Some(&hana.token), query, json!({ "i": agreed.to_string(), "n": hana.account })).await;
    let product = &data["agreement"]["product"];
    assert_eq!(
        json!([
            product["__typename"],
            product["code"],
            product["displayName"],
            product["standingChargeUnitType"]
        ]),
        json!(["GasTieredProduct", "GAS-2022-11", "オクトパスガス", "DAYS_ON_SUPPLY"])
    );
    let shown = |tier: &Value| json!([tier["tierStart"], tier["tierEnd"], tier["pricePerUnit"]]);
    let tiers =
        |charges: &Value| -> Vec<Value> { charges.as_array().expect("tiers").iter().map(shown).collect() };
    assert_eq!(
        tiers(&product["standingCharges"]),
        [json!([0, 20, "23"]), json!([20, 80, "32"]), json!([80, 200, "37.4"]), json!([200, null, "57.4"])]
    );
    // 10.568 × 12.5, and so on.
    assert_eq!(
        tiers(&product["consumptionCharges"]),
        [
            json!([0, 20, "132.1"]),
            json!([20, 80, "118.6"]),
            json!([80, 200, "116.6"]),
            json!([200, null, "113.6"])
        ]
    );
    let tier = |band: &str, net: &str, gross: &str, unit: &str| {
        json!({ "band": band, "tierStart": 20, "tierEnd": 80, "pricePerUnit": net, "pricePerUnitIncTax": gross,
            "unitType": unit, "gridOperatorCode": "TOKYO_GAS", "regionOfOperation": "東京ガスネットワーク",
            "validFrom": "2025-03-31T15:00:00+00:00", "validTo": null })
    };
    assert_eq!(product["standingCharges"][1], tier("STANDING", "32", "35.2", "DAYS_ON_SUPPLY"));
    let volume = tier("STANDARD", "118.6", "130.46", "CUBIC_METRES_CONSUMPTION");
    assert_eq!(product["consumptionCharges"][1], volume);
    assert_eq!(data["availableProducts"], json!([{ "code": "GAS-2022-11" }]));
    let tariff = json!({ "productCode": "GAS-2022-11", "tariffCode": "GAS-2022-11-TOKYO_GAS" });
    assert_eq!(
        data["account"]["properties"][0]["gasSupplyPoints"],
        json!([{ "mprn": "03000100011234567", "agreement": { "id": agreed, "tariff": tariff } }])
    );
}

#[tokio::test]
async fn german_prices_hold_what_network_and_state_add() {
    let server = Server::start().await;
    let jan = server.customer("jan@example.org", "Jan Petersen", "OCTOPUS_ENERGY_GERMANY").await;
    let query = "query($n: String!) { account(accountNumber: $n) { properties { electricityMalos { maloNumber agreements { id
        validFrom validTo isActive product { code description fullName isTimeOfUse }
        unitRateGrossRateInformation { date grossRate rateValidToDate vatRate }
        unitRateInformation { __typename
            ... on SimpleProductUnitRateInformation { latestGrossUnitRateCentsPerKwh netUnitRateCentsPerKwh
                grossRateInformation { date grossRate vatRate } }
            ... on TimeOfUseProductUnitRateInformation { rates { timeslotName latestGrossUnitRateCentsPerKwh
                netUnitRateCentsPerKwh grossRateInformation { grossRate }
                timeslotActivationRules { activeFromTime activeToTime } } } }
        unitRateForecast { validFrom validTo unitRateInformation {
            ... on SimpleProductUnitRateInformation { netUnitRateCentsPerKwh latestGrossUnitRateCentsPerKwh } } }
    } } } } }";
    let agreed = async || {
        let data = server.ask(Some(&jan.token), query, json!({ "n": jan.account })).await;
        data["account"]["properties"][0]["electricityMalos"][0]["agreements"].clone()
    };
    let point =
        server.supply(&jan, MarketName::DeuElectricity, ("41373559241", "HAMBURG"), "2025-11-01").await;
    let first = server.agree(&jan, point, "DEU-FLEX-22-01", "2025-11-01").await;
    let flex = agreed().await[0].clone();
    assert_eq!(flex["isActive"], true);
    // 11.739 for energy, 9.3465 for the network, 2.39 + 2.946 + 2.05 for concession, surcharges and tax; 19 % on all.
    assert_eq!(flex["unitRateInformation"]["__typename"], "SimpleProductUnitRateInformation");
    assert_eq!(flex["unitRateInformation"]["netUnitRateCentsPerKwh"], "28.4715");
    assert_eq!(flex["unitRateInformation"]["latestGrossUnitRateCentsPerKwh"], "33.881085");
    // Network and surcharges changed at the new year: 10.05 and 2.651 before.
    assert_eq!(
        flex["unitRateGrossRateInformation"],
        json!([
            { "date": "2025-10-31T23:00:00+00:00", "grossRate": "34.3672", "rateValidToDate": "2025-12-31T23:00:00+00:00",
                "vatRate": "19" },
            { "date": "2025-12-31T23:00:00+00:00", "grossRate": "33.881085", "rateValidToDate": null,
                "vatRate": "19" },
        ])
    );
    let mut tx = server.tx().await;
    agreements::switch(&mut tx, first, "DEU-GO-23", date("2026-03-01")).await.expect("switched");
    tx.commit().await.expect("committed");
    let go = agreed().await[1].clone();
    assert_eq!(go["product"]["isTimeOfUse"], true);
    assert_eq!(go["unitRateGrossRateInformation"], Value::Null);
    let rates = &go["unitRateInformation"]["rates"];
    assert_eq!(rates[0]["timeslotName"], "Standard");
    assert_eq!(
        rates[0]["timeslotActivationRules"],
        json!([{ "activeFromTime": "05:00:00", "activeToTime": "00:00:00" }])
    );
    assert_eq!(
        rates[1]["timeslotActivationRules"],
        json!([{ "activeFromTime": "00:00:00", "activeToTime": "05:00:00" }])
    );
    assert_eq!(rates[1]["netUnitRateCentsPerKwh"], "18.6325");
    // From now to midnight, five hours of night, a day, another night, and half a day.
    let forecast = go["unitRateForecast"].as_array().expect("a forecast");
    assert_eq!(forecast.len(), 5);
    assert_eq!(forecast[1]["validFrom"], "2026-03-02T23:00:00+00:00");
    assert_eq!(forecast[1]["unitRateInformation"]["netUnitRateCentsPerKwh"], "18.6325");
}
