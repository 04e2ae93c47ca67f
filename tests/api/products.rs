//! What is sold: lists, prices with and without tax, regions, and what is not for everybody to see.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use kraken_api::domain::supply::identifiers::MarketName;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::roots::bounds_its_pages;
use crate::support::Server;
use crate::support::server::BASE_URL;

const PRODUCT: &str = "query($c: String!, $p: String!, $m: PaymentMethodChoices) { energyProduct(code: $c) { id code displayName
    fullName description notes direction availableFrom availableTo isChargedHalfHourly isVariable isFixed isPrepay isGreen
    term isHidden isAvailable isUnavailable isDomestic isBusiness isDefault isOccupier exitFees exitFeesType tags
    tariffs(postcode: $p, paymentMethod: $m, first: 10) { totalCount edges { node { __typename
        ... on StandardTariff { id displayName fullName description productCode tariffCode isExport standingCharge
            preVatStandingCharge unitRate preVatUnitRate }
        ... on DayNightTariff { tariffCode dayRate nightRate preVatDayRate preVatNightRate }
        ... on ThreeRateTariff { tariffCode day: dayRate off: offPeakRate net: preVatOffPeakRate }
        ... on FourRateEvTariff { tariffCode evDevicePeakRate evDeviceOffPeakRate preVatEvDevicePeakRate tags }
        ... on GasTariffType { tariffCode gas: unitRate standing: standingCharge } } } } } }";

impl Server {
    async fn product(&self, code: &str, postcode: &str, method: &str) -> Value {
        let variables = json!({ "c": code, "p": postcode, "m": method });
        self.ask(None, PRODUCT, variables).await["energyProduct"].clone()
    }

    async fn products(&self, arguments: &str) -> Vec<String> {
        let query = format!(
            "{{ energyProducts({arguments}, first: 50) {{ totalCount edges {{ node {{ code }} }} }} }}"
        );
        let data = self.ask(None, &query, json!({})).await;
        let edges = data["energyProducts"]["edges"].as_array().expect("edges").clone();
        assert_eq!(data["energyProducts"]["totalCount"], edges.len());
        edges.iter().map(|edge| edge["node"]["code"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_product_says_what_it_costs_in_a_region_with_and_without_tax() {
    let server = Server::start().await;
    let flexible = server.product("VAR-22-11-01", "bs1 4qa", "DIRECT_DEBIT").await;
    assert_eq!(flexible["availableFrom"], "2022-11-01T00:00:00+00:00");
    assert_eq!(
        (&flexible["isVariable"], &flexible["isDefault"], &flexible["term"]),
        (&json!(true), &json!(true), &Value::Null)
    );
    let tariffs = &flexible["tariffs"]["edges"];
    // 26.37 × 1.01 and 52.1 × 1.1 in the South West, and 5 % on top.
    let standard = &tariffs[0]["node"];
    assert_eq!(standard["__typename"], "StandardTariff");
    assert_eq!(standard["tariffCode"], "E-1R-VAR-22-11-01-L");
    assert_eq!(standard["preVatUnitRate"].to_string(), "26.6337");
    assert_eq!(standard["unitRate"].to_string(), "27.965385");
    assert_eq!(standard["preVatStandingCharge"].to_string(), "57.31");
    assert_eq!(standard["standingCharge"].to_string(), "60.1755");
    let day_night = &tariffs[1]["node"];
    assert_eq!(day_night["dayRate"].to_string(), "32.71947");
    assert_eq!(day_night["preVatNightRate"].to_string(), "16.5129");
    assert_eq!(tariffs[2]["node"]["tariffCode"], "G-1R-VAR-22-11-01-L");
    assert_eq!(tariffs[2]["node"]["gas"].to_string(), "5.991825");
    // Whoever pays on receipt of the bill pays more; nobody is nowhere.
    let dearer = server.product("VAR-22-11-01", "BS1 4QA", "NON_DIRECT_DEBIT").await;
    assert_eq!(dearer["tariffs"]["edges"][0]["node"]["preVatUnitRate"].to_string(), "27.4327");
    let nowhere = server.product("VAR-22-11-01", "ZZ1 1ZZ", "DIRECT_DEBIT").await;
    assert_eq!(nowhere["tariffs"]["totalCount"], 0);
    let business = server.product("BUS-VAR-23-01-01", "BS1 4QA", "DIRECT_DEBIT").await;
    let rate = |name: &str| business["tariffs"]["edges"][0]["node"][name].as_f64().unwrap_or_default();
    assert!((rate("unitRate") / rate("preVatUnitRate") - 1.2).abs() < 1e-9);
}

#[tokio::test]
async fn each_kind_of_tariff_has_its_rates() {
    let server = Server::start().await;
    let three = server.product("EWN-VAR-23-04-01", "BS1 4QA", "DIRECT_DEBIT").await;
    let node = &three["tariffs"]["edges"][0]["node"];
    assert_eq!(node["__typename"], "ThreeRateTariff");
    assert!(node["day"].as_f64() > node["off"].as_f64());
    let four = server.product("IOG-FOUR-25-03-01", "BS1 4QA", "DIRECT_DEBIT").await;
    let node = &four["tariffs"]["edges"][0]["node"];
    assert!(node["evDevicePeakRate"].as_f64() > node["evDeviceOffPeakRate"].as_f64());
    assert_eq!(node["tags"], json!(["smart", "ev"]));
    let export = server.product("OUTGOING-VAR-24-10-26", "BS1 4QA", "DIRECT_DEBIT").await;
    let node = &export["tariffs"]["edges"][0]["node"];
    assert_eq!(node["isExport"], true);
    // What is paid for bears no tax, and nothing is added for standing by.
    assert_eq!((node["unitRate"].to_string(), node["standingCharge"].to_string()), ("12".into(), "0".into()));
    let fixed = server.product("OE-FIX-12M-24-10-03", "BS1 4QA", "DIRECT_DEBIT").await;
    assert_eq!(
        json!([
            fixed["term"],
            fixed["exitFees"],
            fixed["exitFeesType"],
            fixed["isAvailable"],
            fixed["isUnavailable"]
        ]),
        json!([12, 5000, "PER_FUEL", false, true])
    );
    // Those of half-hours and of prepayment meters are read from agreements.
    for code in ["AGILE-24-10-01", "PREPAY-VAR-18-09-21"] {
        let product = server.product(code, "BS1 4QA", "PREPAYMENT").await;
        let all = product["tariffs"]["edges"].as_array().expect("edges").clone();
        assert!(all.iter().all(|edge| edge["node"]["__typename"] == "GasTariffType"), "{product}");
    }
    assert!(server.product("AGILE-24-10-01", "BS1 4QA", "PREPAYMENT").await["isChargedHalfHourly"] == true);
    assert_eq!(server.product("NOTHING", "BS1 4QA", "DIRECT_DEBIT").await, Value::Null);
    assert_eq!(server.product("DEU-GO-23", "BS1 4QA", "DIRECT_DEBIT").await, Value::Null, "it is German");
}

#[tokio::test]
async fn products_are_found_by_what_is_wanted_of_them() {
    let server = Server::start().await;
    let here = "postcode: \"BS1 4QA\"";
    let all = server.products(here).await;
    assert_eq!(all.len(), 13);
    assert_eq!(all[0], "VAR-22-11-01");
    assert!(!all.contains(&"STAFF-FIX-12M-24-01-01".to_owned()), "it is hidden");
    let with = async |more: &str| server.products(&format!("{here}, {more}")).await;
    assert_eq!(with("availability: UNAVAILABLE").await, ["OE-FIX-12M-24-10-03"]);
    assert_eq!(with("availability: AVAILABLE").await.len(), 12);
    assert_eq!(with("brand: \"COOP_ENERGY\"").await, ["COOP-VAR-22-11-01"]);
    assert_eq!(with("brands: [\"COOP_ENERGY\", \"OCTOPUS_ENERGY\"]").await.len(), 13);
    assert_eq!(with("filterBy: [PREPAY]").await, ["PREPAY-VAR-18-09-21"]);
    assert_eq!(with("filterBy: [BUSINESS]").await, ["BUS-VAR-23-01-01"]);
    assert_eq!(with("filterBy: [FIXED, GREEN]").await, ["OE-FIX-12M-24-10-03", "OE-FIX-12M-25-09-02"]);
    assert_eq!(with("filterBy: [SMART, GREEN], availability: AVAILABLE").await.len(), 4);
    assert_eq!(server.products("postcode: \"nowhere\"").await, Vec::<String>::new());
    let world = server.world().await;
    bounds_its_pages(
        &server,
        &world.ada.token,
        "energyProduct(code: \"VAR-22-11-01\") { tariffs(postcode: \"BS1 4QA\", PAGE) { edgeCount } }",
    )
    .await;
}

#[tokio::test]
async fn other_markets_list_what_they_sell() {
    let server = Server::start().await;
    let list = "query($m: String!) { availableProducts(marketName: $m) { id code notes fullName displayName description
        availableFrom availableTo isHidden term brandCode marketName availabilityStatus termsContractType params
        tags { code displayName } } }";
    let data = server.ask(None, list, json!({ "m": "AUS_ELECTRICITY" })).await;
    let codes: Vec<&str> = data["availableProducts"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|product| product["code"].as_str())
        .collect();
    assert_eq!(
        codes,
        ["AUS-GO-VARIABLE-23", "ZERO-GREEN-24", "AUS-BASIC-22-07", "AUS-EVERYDAY-24", "AUS-SOLAR-FIT-23"]
    );
    let gas = server.ask(None, list, json!({ "m": "AUS_GAS" })).await;
    assert_eq!(
        gas["availableProducts"][0]["tags"],
        json!([{ "code": "standing-offer", "displayName": "standing offer" }])
    );
    assert_eq!(gas["availableProducts"][0]["termsContractType"], "EVERGREEN");
    let unknown = server.send(None, list, json!({ "m": "MOON_ELECTRICITY" })).await;
    assert_eq!(unknown.codes(), ["KT-CT-4930"]);

    let one = "query($c: String!) { product(code: $c) { id code displayName fullName description isStandingOffer marketName
        isVariable availabilityStatus availableTo term rank params clientParams } }";
    let data = server.ask(None, one, json!({ "c": "AUS-BASIC-22-07" })).await;
    assert_eq!(
        (&data["product"]["isStandingOffer"], &data["product"]["marketName"]),
        (&json!(true), &json!("AUS_ELECTRICITY"))
    );
    let params: Value =
        serde_json::from_str(data["product"]["params"].as_str().expect("text")).expect("JSON");
    assert_eq!(params["is_time_of_use"], false);
    assert_eq!(server.send(None, one, json!({ "c": "NOTHING" })).await.codes(), ["KT-AU-9510"]);

    let summary = "query($o: String!, $p: String) { tariffSummary(gridOperatorCode: $o, productCode: $p) { code displayName
        gridOperatorCode productParams tiers { contractCapacityPattern consumptionRates { pricePerUnitIncTax stepStart stepEnd band } } } }";
    let data = server.ask(None, summary, json!({ "o": "03", "p": "GREEN-2022-11" })).await;
    // 26.64, 31.88 and 34.55 yen, and a tenth on top.
    let rates = json!([
        { "pricePerUnitIncTax": "29.304", "stepStart": 0, "stepEnd": 120, "band": "STANDARD" },
        { "pricePerUnitIncTax": "35.068", "stepStart": 120, "stepEnd": 300, "band": "STANDARD" },
        { "pricePerUnitIncTax": "38.005", "stepStart": 300, "stepEnd": null, "band": "STANDARD" },
    ]);
    assert_eq!(data["tariffSummary"][0]["tiers"][0]["consumptionRates"], rates);
    assert_eq!(data["tariffSummary"][0]["tiers"][0]["contractCapacityPattern"], "AMPERAGE");
    let all = server.ask(None, summary, json!({ "o": "06" })).await;
    assert_eq!(all["tariffSummary"][0]["tiers"][0]["contractCapacityPattern"], "UP_TO_SIX_KVA");
    assert_eq!(all["tariffSummary"].as_array().map(Vec::len), Some(3));
    let none = server.ask(None, summary, json!({ "o": "99" })).await;
    assert_eq!(none["tariffSummary"], json!([]));
}

#[tokio::test]
async fn a_product_has_its_terms_on_a_page() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let electricity =
        server.supply(&ada, MarketName::GbrElectricity, ("2000050773706", "L"), "2026-02-01").await;
    let gas = server.supply(&ada, MarketName::GbrGas, ("1234567810", "SW"), "2026-02-01").await;
    for (point, product, words) in [
        (electricity, "AGILE-24-10-01", "change every half hour"),
        (gas, "VAR-22-11-01", "Leaving early costs nothing."),
    ] {
        let agreed = server.agree(&ada, point, product, "2026-02-01").await;
        let query = "query($i: ID!) { agreement(id: $i) { supplyPoint {
            ... on ElectricitySupplyPointType { product { termsAndConditionsUrl } }
            ... on GasSupplyPointType { product { termsAndConditionsUrl } } } } }";
        let data = server.ask(Some(&ada.token), query, json!({ "i": agreed.to_string() })).await;
        let url =
            data["agreement"]["supplyPoint"]["product"]["termsAndConditionsUrl"].as_str().expect("a URL");
        assert_eq!(url, format!("{BASE_URL}/terms/{product}"));
        let (status, page) = server.page(&format!("/terms/{product}")).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains(words), "{page}");
    }
    assert_eq!(server.page("/terms/NOTHING").await.0, StatusCode::NOT_FOUND);
}

impl Server {
    /// What a browser is shown at a path.
    async fn page(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        let (status, body) = (answer.status(), answer.into_body());
        let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a page");
        (status, String::from_utf8(bytes.to_vec()).expect("text"))
    }
}
