//! Quotes for accounts: what they say, how something is chosen, and who is told.

use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::tariffs::{self, Asked};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::read;
use crate::roots::bounds_its_pages;
use crate::support::world::Customer;
use crate::support::{Server, record};

const MPAN: &str = "2000050773706";
const MPRN: &str = "1234567810";
const QUOTE: &str = "mutation($i: CreateQuoteForAccountInput!) { createQuoteForAccount(input: $i) { quoteRequest {
    code requestedAt acceptedAt termsAndConditions(first: 50) { totalCount edges { node { name brandCode markdown html
        effectiveFrom } } }
    quotedSupplyPoints(first: 10) { totalCount edges { node { id marketName identifier clientParams
        supplyPoint { externalIdentifier }
        quotedProducts(first: 50) { totalCount edges { node { id wasSelected clientParams
            product { code marketName termsAndConditionsTypes { name } } } } } } } } } } }";
const SELECT: &str = "mutation($i: SelectProductsInput!) { selectProducts(input: $i) { success } }";
const SEND: &str = "mutation($i: QuoteShareInput!) { sendQuoteSummary(input: $i) { success } }";
const REMIND: &str = "mutation($i: QuoteShareInput!) { scheduleQuoteFollowUp(input: $i) { success } }";
const TERMS: &str = "query($c: String!) { termsAndConditionsForProduct(productCode: $c) {
    name brandCode markdown html effectiveFrom } }";

impl Server {
    /// Ada's quote for both fuels from April on, as it is answered.
    async fn quote(&self, token: &str, of: &Customer) -> Value {
        let input = json!({ "accountNumber": of.account, "identifiers": [MPAN, MPRN], "asOf": "2026-04-01" });
        let reply = self.put(token, QUOTE, &input).await;
        assert!(reply.errors().is_empty(), "{}", reply.json);
        reply.json["data"]["createQuoteForAccount"]["quoteRequest"].clone()
    }

    /// Supplies somebody with both fuels.
    async fn both_fuels(&self, of: &Customer) {
        self.supply(of, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
        self.supply(of, MarketName::GbrGas, (MPRN, "SW"), "2026-01-01").await;
    }

    /// Quotes somebody who is supplied with both fuels, and answers the code of the quote.
    pub async fn quote_of(&self, of: &Customer) -> String {
        self.quote(&of.token, of).await["code"].as_str().expect("a code").to_owned()
    }

    async fn choose(&self, token: &str, code: &Value, ids: &[&Value], partial: bool) -> Vec<String> {
        let input = json!({ "quoteCode": code, "selectedQuotedProductIds": ids, "partial": partial });
        let reply = self.put(token, SELECT, &input).await;
        reply.codes().into_iter().map(str::to_owned).collect()
    }
}

/// What was quoted for a point, by its place.
fn quoted(quote: &Value, place: usize) -> Vec<&Value> {
    let point = &quote["quotedSupplyPoints"]["edges"][place]["node"];
    point["quotedProducts"]["edges"].as_array().expect("products").iter().map(|edge| &edge["node"]).collect()
}

#[tokio::test]
async fn a_quote_says_what_a_year_costs() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.both_fuels(ada).await;
    let quote = server.quote(&ada.token, ada).await;
    assert_eq!(
        (&quote["requestedAt"], &quote["acceptedAt"]),
        (&json!("2026-03-02T09:30:00+00:00"), &Value::Null)
    );
    assert_eq!(quote["quotedSupplyPoints"]["totalCount"], 2);
    let point = &quote["quotedSupplyPoints"]["edges"][0]["node"];
    assert_eq!((&point["marketName"], &point["identifier"]), (&json!("GBR_ELECTRICITY"), &json!(MPAN)));
    assert_eq!(point["supplyPoint"]["externalIdentifier"], MPAN);
    let year = read(&point["clientParams"])["annual_wh"].as_i64().expect("a year's use");
    assert!((1_500_000..6_000_000).contains(&year), "{year}");
    let offers = quoted(&quote, 0);
    let costs: Vec<i64> = offers
        .iter()
        .filter_map(|offer| read(&offer["clientParams"])["annual_cost_gross"].as_i64())
        .collect();
    assert!(costs.len() > 1 && costs.is_sorted(), "the cheapest first: {costs:?}");
    let steady =
        offers.iter().find(|offer| offer["product"]["code"] == "OE-FIX-12M-25-09-02").expect("a fixed price");
    assert_eq!(steady["product"]["termsAndConditionsTypes"].as_array().map(Vec::len), Some(1));
    // One price for all hours of twelve months: the year is its days and its kWh.
    let tariff = "select tariff_id from quoted_products where id = $1";
    let id: i64 = steady["id"].as_str().expect("an id").parse().expect("a number");
    let (tariff,): (i64,) =
        sqlx::query_as(tariff).bind(id).fetch_one(server.database.pool()).await.expect("a tariff");
    let mut tx = server.tx().await;
    let at = "2026-04-01T12:00:00Z".parse().expect("a moment");
    let asked = [Asked { tariff, account_type: Some("DOMESTIC".into()), at }];
    let price = tariffs::quotes(&mut tx, &asked).await.expect("read").pop().flatten().expect("a price");
    let unit = price.bands.values().next().expect("a band").net;
    let whole = price.standing.expect("days cost").net * Decimal::from(365) + unit * Decimal::new(year, 3);
    assert_eq!(
        read(&steady["clientParams"])["annual_cost_net"],
        json!(whole.round().to_string().parse::<i64>().expect("whole"))
    );

    let terms = quote["termsAndConditions"]["edges"].as_array().expect("terms");
    let one = &terms[0]["node"];
    assert!(one["html"].as_str().is_some_and(|html| html.starts_with("<h1>")), "{one}");
    assert_eq!(one["brandCode"], "OCTOPUS_ENERGY");
    for connection in [
        "quotedSupplyPoints(PAGE) { edgeCount }",
        "termsAndConditions(PAGE) { edgeCount }",
        "quotedSupplyPoints(first: 1) { edges { node { quotedProducts(PAGE) { edgeCount } } } }",
    ] {
        let account = &ada.account;
        let below = format!(
            "mutation {{ createQuoteForAccount(input: {{ accountNumber: \"{account}\", identifiers: [\"{MPAN}\"],
                asOf: \"2026-04-01\" }}) {{ quoteRequest {{ {connection} }} }} }}"
        );
        bounds_its_pages(&server, &ada.token, &below).await;
    }
}

#[tokio::test]
async fn one_product_is_chosen_for_each_point() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.both_fuels(ada).await;
    let quote = server.quote(&ada.token, ada).await;
    let (power, gas) = (quoted(&quote, 0), quoted(&quote, 1));
    let (power, second, gas) = (&power[0]["id"], &power[1]["id"], &gas[0]["id"]);
    let code = &quote["code"];
    let other = server.quote(&ada.token, ada).await;
    let elsewhere = &quoted(&other, 0)[0]["id"];
    for (chosen, partial, refused) in [
        (vec![], false, "KT-CT-4626"),
        (vec![power], false, "KT-CT-4635"),
        (vec![power, second, gas], false, "KT-CT-4635"),
        (vec![power, elsewhere], false, "KT-CT-4634"),
        (vec![&Value::Null, code], true, "KT-CT-4634"),
    ] {
        assert_eq!(server.choose(&ada.token, code, &chosen, partial).await, [refused], "{chosen:?}");
    }
    for (token, code, refused) in [
        (&world.bob.token, code, "KT-CT-4619"),
        (&ada.token, &json!("x"), "KT-CT-4619"),
        (&world.reader, code, "KT-CT-1111"),
    ] {
        assert_eq!(server.choose(token, code, &[power, gas], false).await, [refused]);
    }
    assert!(server.choose(&ada.token, code, &[second], true).await.is_empty());
    assert!(server.choose(&ada.token, code, &[power], true).await.is_empty(), "the second thought counts");
    assert!(server.choose(&ada.token, code, &[gas], true).await.is_empty());
    let input = json!({ "quoteCode": code, "recipient": { "givenName": "Ada", "email": "ada@example.org" } });
    assert!(server.put(&world.staff, SEND, &input).await.errors().is_empty());
    let letters = server.letters("quote-summary").await;
    let body = &letters[0].body;
    assert!(
        body.contains(&format!("{MPAN}: you chose")) && body.contains(&format!("{MPRN}: you chose")),
        "{body}"
    );
    record::read_back("selectProducts");
    record::read_back("createQuoteForAccount");
    record::read_back("sendQuoteSummary");
    let (accepted,): (bool,) =
        sqlx::query_as("select accepted_at is not null from quote_requests where code = $1::uuid")
            .bind(code.as_str())
            .fetch_one(server.database.pool())
            .await
            .expect("the quote");
    assert!(accepted);
    // A switch takes what was quoted at its word.
    let switch =
        "mutation($i: InitiateProductSwitchInput!) { initiateProductSwitch(input: $i) { productCode } }";
    let input = json!({ "accountNumber": ada.account, "quotedProductId": power, "switchDate": "2026-04-01" });
    let reply = server.put(&ada.token, switch, &input).await;
    assert!(reply.json["data"]["initiateProductSwitch"]["productCode"].is_string(), "{}", reply.json);
    let gone =
        "update products set available_to = '2026-03-01' where id = (select product_id from quoted_products
        where id = $1::bigint)";
    sqlx::query(gone).bind(gas.as_str()).execute(server.database.pool()).await.expect("not sold");
    assert_eq!(server.choose(&ada.token, code, &[gas], true).await, ["KT-CT-4636"]);
    let token = server.at("2026-04-02T00:00:00Z", ada).await;
    assert_eq!(server.choose(&token, code, &[power], true).await, ["KT-CT-4619"], "it has lapsed");
}

#[tokio::test]
async fn what_cannot_be_quoted_is_not() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.both_fuels(ada).await;
    let ken = server.customer("ken@example.jp", "Ken Aoki", "TG_OCTOPUS_ENERGY").await;
    let ask = |account: &str, identifier: &str, day: &str| json!({ "accountNumber": account, "identifiers": [identifier], "asOf": day });
    for (token, input, code) in [
        (&world.bob.token, ask(&ada.account, MPAN, "2026-04-01"), "KT-CT-4924"),
        (&world.reader, ask(&ada.account, MPAN, "2026-04-01"), "KT-CT-4924"),
        (&ken.token, ask(&ken.account, "x", "2026-04-01"), "KT-CT-4631"),
        (&world.bob.token, ask(&world.bob.account, MPAN, "2026-04-01"), "KT-CT-4645"),
        (
            &ada.token,
            json!({ "accountNumber": ada.account, "identifiers": [], "asOf": "2026-04-01" }),
            "KT-CT-4645",
        ),
        (&ada.token, ask(&ada.account, MPAN, "2026-03-01"), "KT-CT-4616"),
        (&ada.token, ask(&ada.account, MPAN, "2028-03-01"), "KT-CT-4616"),
    ] {
        let reply = server.put(token, QUOTE, &input).await;
        assert_eq!(reply.codes(), [code], "{input}: {}", reply.json);
    }
}

#[tokio::test]
async fn customers_are_told_and_reminded() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.both_fuels(ada).await;
    let code = server.quote_of(ada).await;
    let to = |changes: Value| {
        super::with(json!({ "quoteCode": code, "recipient": { "mobile": "07700 900101" } }), &changes)
    };
    for (document, input, refused) in [
        (SEND, to(json!({ "quoteCode": "x" })), "KT-CT-4619"),
        (SEND, to(json!({ "accountNumber": world.bob.account })), "KT-CT-4178"),
        (SEND, to(json!({ "recipient": {} })), "KT-CT-4632"),
        (SEND, to(json!({ "recipient": { "email": "ada" } })), "KT-CT-4632"),
        (REMIND, to(json!({ "quoteCode": "x" })), "KT-CT-4619"),
        (REMIND, to(json!({ "accountNumber": world.bob.account })), "KT-CT-4619"),
        (REMIND, to(json!({ "recipient": { "mobile": "soon" } })), "KT-CT-4632"),
    ] {
        assert_eq!(server.put(&world.staff, document, &input).await.codes(), [refused], "{input}");
    }
    for _ in 0..2 {
        let reply = server.put(&world.staff, REMIND, &to(json!({ "accountNumber": ada.account }))).await;
        assert_eq!(reply.json["data"]["scheduleQuoteFollowUp"]["success"], true, "{}", reply.json);
    }
    assert!(server.letters("quote-summary").await.is_empty(), "not yet");
    server.at("2026-03-09T12:00:00Z", ada).await;
    let letters = server.letters("quote-summary").await;
    assert_eq!(
        (letters.len(), letters[0].channel.as_str(), letters[0].recipient.as_str()),
        (1, "SMS", "+447700900101")
    );
    assert!(letters[0].body.contains(&format!("{MPAN}: from ")));
    record::read_back("scheduleQuoteFollowUp");

    let wade = server.customer("wade@example.com", "Wade Castillo", "OCTOPUS_ENERGY_US").await;
    let houston = ("1008901000000000000001", "LZ_HOUSTON");
    server.supply(&wade, MarketName::UsaElectricity, houston, "2026-03-02").await;
    let input = json!({ "accountNumber": wade.account, "identifiers": [houston.0], "asOf": "2026-04-01" });
    let reply = server.put(&wade.token, QUOTE, &input).await;
    let code = &reply.json["data"]["createQuoteForAccount"]["quoteRequest"]["code"];
    let staff = server.member_of_staff("desk@example.org", "billing").await;
    let input = json!({ "quoteCode": code, "recipient": { "email": "wade@example.com" } });
    assert_eq!(server.put(&staff, REMIND, &input).await.codes(), ["KT-CT-4633"], "{}", reply.json);
}

#[tokio::test]
async fn the_terms_of_a_product_are_everybodys() {
    let server = Server::start().await;
    let data = server.ask(None, TERMS, json!({ "c": "VAR-22-11-01" })).await;
    let terms = &data["termsAndConditionsForProduct"][0];
    assert_eq!(terms["brandCode"], "OCTOPUS_ENERGY");
    assert!(terms["markdown"].as_str().is_some_and(|text| text.starts_with("# ")), "{terms}");
    assert!(terms["html"].as_str().is_some_and(|text| text.contains("</li></ol>")), "{terms}");
    assert_eq!(server.send(None, TERMS, json!({ "c": "NONE" })).await.codes(), ["KT-CT-8501"]);
}
