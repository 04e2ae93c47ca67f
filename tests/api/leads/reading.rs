//! Funnels, channels, who is barred, and how leads are found.

use kraken_api::domain::leads::channels::{self, ChannelError, NewChannel};
use kraken_api::domain::leads::making::{self, FunnelError};
use serde_json::{Value, json};

use super::{household, with};
use crate::support::Server;

const FUNNELS: &str = "query($i: SalesFunnelsInput) { salesFunnels(input: $i) { code status funnelType } }";
const FUNNEL: &str = "query($i: SalesFunnelInput!) { salesFunnelByCode(input: $i) { code name funnelType status
    stages { code name order } collections { name description order fields { code fieldType textChoices required } }
    uncollectedFields { code name textRegex deprecated orderInCollection } } }";
const CHANNELS: &str =
    "query($f: DateTime, $u: DateTime) { activeSalesChannels(activeFrom: $f, activeTo: $u) {
    name code description hierarchicalName } }";
const BARRED: &str = "query($e: LeadBlockListValidationInput) {
    leadBlocklistValidations(blockListEntries: $e) { valid blockListHits } }";
const LEADS: &str = "query($i: LeadsQueryInput, $a: String, $b: Int, $l: Int) {
    leads(input: $i, after: $a, first: $b, last: $l) { totalCount edgeCount pageInfo { hasNextPage endCursor }
        edges { node { number nationalId leadType salesFunnel { code stages { code } } stage { code name }
            salesChannel { code hierarchicalName } assignedToOrganization { number } assignedToUsername
            opportunities { number name } contacts { givenName email phoneNumber roles preferredLanguage
                contactAddress { streetAddress } consents { code value } } } } } }";
const SEARCH: &str = "query($f: SearchLeadFilters!) { searchLead(filters: $f) { leadId number } }";
const SALES: &str = "query($i: OpportunitiesQueryInput) { opportunities(input: $i, first: 10) {
    totalCount edges { node { number stage } } } }";

#[tokio::test]
async fn funnels_are_what_staff_made_of_them() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let codes = async |input: Value| -> Vec<String> {
        let data = server.ask(Some(&world.reader), FUNNELS, json!({ "i": input })).await;
        let funnels = data["salesFunnels"].as_array().expect("funnels").clone();
        funnels.iter().map(|funnel| funnel["code"].as_str().expect("a code").to_owned()).collect()
    };
    assert_eq!(codes(json!({ "funnelType": "OPPORTUNITY" })).await, ["businesses", "closed", "households"]);
    let with_old = json!({ "funnelType": "OPPORTUNITY", "includeDeprecated": true });
    assert_eq!(codes(with_old).await, ["businesses", "closed", "former", "households"]);
    assert_eq!(codes(Value::Null).await.len(), 6, "all that are in use");
    let funnel = json!({ "i": { "funnelCode": "households" } });
    let data = server.ask(Some(&world.partner), FUNNEL, funnel).await;
    let funnel = &data["salesFunnelByCode"];
    assert_eq!(funnel["stages"][1], json!({ "code": "quoted", "name": "Quoted", "order": 2 }));
    let kwh = json!({ "code": "annualKwh", "fieldType": "INT", "textChoices": [], "required": true });
    let heating = json!({ "code": "heating", "fieldType": "CHOICE", "textChoices": ["gas", "heat pump"],
        "required": false });
    let collection =
        json!({ "name": "Use", "description": "What they use.", "order": 1, "fields": [kwh, heating] });
    assert_eq!(funnel["collections"], json!([collection]));
    let promo = json!({ "code": "promo", "name": "Promotion", "textRegex": "[A-Z]{4}[0-9]*", "deprecated": false,
        "orderInCollection": 3 });
    assert_eq!(funnel["uncollectedFields"][0], promo);
    assert_eq!(funnel["uncollectedFields"][1]["deprecated"], true);
    for hidden in ["draft", "x"] {
        let query = json!({ "i": { "funnelCode": hidden } });
        assert_eq!(server.send(Some(&world.staff), FUNNEL, query).await.codes(), ["KT-CT-8912"]);
    }
}

#[tokio::test]
async fn what_cannot_be_is_not_made() {
    let server = Server::start().await;
    server.pipeline().await;
    let plan = |code: &str, field: &str| {
        let text = format!(
            r#"{{ "code": "{code}", "name": "F", "funnelType": "LEAD", "stages": [{{ "code": "a", "name": "A" }}],
                "fields": [{field}] }}"#
        );
        serde_json::from_str::<making::Plan>(&text).expect("a plan")
    };
    for (code, field) in [
        ("Not A Code", ""),
        ("fine", r#"{ "code": "f", "name": "F", "fieldType": "COLOUR" }"#),
        ("fine", r#"{ "code": "f", "name": "F", "fieldType": "CHOICE" }"#),
        ("fine", r#"{ "code": "f", "name": "F", "fieldType": "STR", "textRegex": "(" }"#),
    ] {
        let mut tx = server.tx().await;
        let refused = making::make(&mut tx, &plan(code, field)).await;
        assert!(matches!(refused, Err(FunnelError::Plan(_))), "{code} {field}: {refused:?}");
    }
    let mut tx = server.tx().await;
    assert!(matches!(making::make(&mut tx, &plan("newcomers", "")).await, Err(FunnelError::Taken)));
    let mut tx = server.tx().await;
    assert!(matches!(making::put_status(&mut tx, "x", "ACTIVE").await, Err(FunnelError::Unknown)));
    let new = |code, name| NewChannel { code, name, ..NewChannel::default() };
    let never = server.wall.now();
    for (channel, why) in [
        (new("FIELD", "Field"), "Taken"),
        (new("small", "Small"), "Form"),
        (new("BLANK", " "), "Form"),
        (NewChannel { parent: Some("NONE"), ..new("NEXT", "Next") }, "Unknown"),
        (NewChannel { from: Some(never), to: Some(never), ..new("NEXT", "Next") }, "Never"),
    ] {
        let mut tx = server.tx().await;
        let refused: ChannelError = channels::open(&mut tx, &channel).await.expect_err("refused");
        assert!(format!("{refused:?}").starts_with(why), "{refused:?}");
    }
}

#[tokio::test]
async fn channels_are_open_for_a_time() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let open = async |from: Value, to: Value| -> Vec<String> {
        let data = server.ask(Some(&world.partner), CHANNELS, json!({ "f": from, "u": to })).await;
        let found = data["activeSalesChannels"].as_array().expect("channels").clone();
        found.iter().map(|one| one["hierarchicalName"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(open(json!(null), json!(null)).await, ["Field", "Field / Stalls"]);
    assert_eq!(open(json!("2026-04-01T00:00:00Z"), json!(null)).await.len(), 3);
    assert_eq!(open(json!("2026-04-08T00:00:00Z"), json!(null)).await.len(), 2);
    assert!(open(json!(null), json!("2026-03-01T00:00:00Z")).await.is_empty());
    let query = json!({ "f": "2026-04-01T00:00:00Z", "u": "2026-04-01T00:00:00Z" });
    assert_eq!(server.send(Some(&world.staff), CHANNELS, query).await.codes(), ["KT-CT-12702"]);
}

#[tokio::test]
async fn whoever_is_barred_is_told_apart() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    for (entries, hits) in [
        (json!({}), json!([])),
        (json!(null), json!([])),
        (json!({ "nameKeyword": "mallory moth-hill" }), json!(["NAME_KEYWORD"])),
        (json!({ "nameKeyword": "Mallory" }), json!([])),
        (json!({ "emailDomain": "post.mailsink.example" }), json!(["EMAIL_DOMAIN"])),
        (json!({ "emailDomain": "notmailsink.example" }), json!([])),
        (
            json!({ "iban": "gb29nwbk60161331926819", "nameKeyword": "Dr Mallory Moth" }),
            json!(["NAME_KEYWORD", "IBAN"]),
        ),
    ] {
        let data = server.ask(Some(&world.reader), BARRED, json!({ "e": entries })).await;
        let found = &data["leadBlocklistValidations"];
        assert_eq!(
            (&found["blockListHits"], &found["valid"]),
            (&hits, &json!(hits == json!([]))),
            "{entries}"
        );
    }
    let (kept,): (String,) = sqlx::query_as("select value from sales_blocklist where kind = 'IBAN'")
        .fetch_one(server.database.pool())
        .await
        .expect("barred");
    assert!(!kept.contains("6016"), "only a digest is kept");
}

#[tokio::test]
async fn leads_are_listed_and_found() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let (lead, sale) = server.sale(&world.staff, &household("wren@example.org")).await;
    let firm = json!({ "funnelCode": "businesses", "lead": { "leadType": "BUSINESS", "brandCode": "OCTOPUS_ENERGY",
        "billingName": "Kelp & Sons", "contacts": [{ "familyName": "Kelp", "email": "office@kelp.example" }] } });
    let (firm, tender) = server.sale(&world.staff, &firm).await;
    let data = server.ask(Some(&world.reader), LEADS, json!({ "b": 1 })).await;
    let page = &data["leads"];
    assert_eq!((&page["totalCount"], &page["edgeCount"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&page["edges"][0]["node"]["number"], &page["pageInfo"]["hasNextPage"]),
        (&json!(firm), &json!(true))
    );
    let next = json!({ "b": 1, "a": page["pageInfo"]["endCursor"] });
    let data = server.ask(Some(&world.reader), LEADS, next).await;
    let node = &data["leads"]["edges"][0]["node"];
    assert_eq!(node["number"], json!(lead));
    assert_eq!((&node["nationalId"], &node["leadType"]), (&json!("QQ123456C"), &json!("DOMESTIC")));
    assert_eq!(node["stage"], json!({ "code": "new", "name": "New" }));
    assert_eq!(node["salesFunnel"]["code"], "newcomers");
    assert_eq!(node["salesChannel"], json!({ "code": "STALLS", "hierarchicalName": "Field / Stalls" }));
    assert_eq!(node["opportunities"], json!([{ "number": sale, "name": "Fern Cottage" }]));
    assert_eq!(
        node["contacts"][0],
        json!({ "givenName": "Wren", "email": "wren@example.org", "phoneNumber": "+447700900321",
            "roles": ["ACCOUNT_HOLDER"], "preferredLanguage": "en-GB", "contactAddress": null,
            "consents": [{ "code": "HALF_HOURLY_READINGS", "value": "REJECTED" },
                { "code": "MARKETING_PHONE", "value": "ACCEPTED" }] })
    );
    assert_eq!(node["contacts"][1]["contactAddress"], json!({ "streetAddress": "2 Fern Lane" }));
    let data = server.ask(Some(&world.reader), LEADS, json!({ "l": 1 })).await;
    assert_eq!(data["leads"]["edges"][0]["node"]["number"], json!(lead), "the last of the list");

    for (input, found) in [
        (json!({ "leadType": "BUSINESS" }), vec![&firm]),
        (json!({ "freeText": "ashcomb" }), vec![&lead]),
        (json!({ "freeText": "Ashcobme" }), vec![&lead]),
        (json!({ "freeText": lead.to_lowercase() }), vec![&lead]),
        (json!({ "freeText": "Zanzibar" }), vec![]),
        (json!({ "stageCode": "new" }), vec![&firm, &lead]),
        (json!({ "stageCode": "won" }), vec![]),
    ] {
        let data = server.ask(Some(&world.reader), LEADS, json!({ "i": input, "b": 10 })).await;
        let edges = data["leads"]["edges"].as_array().expect("edges");
        let numbers: Vec<&Value> = edges.iter().map(|edge| &edge["node"]["number"]).collect();
        assert_eq!(numbers, found, "{input}");
        assert_eq!(data["leads"]["totalCount"], json!(found.len()), "{input}");
    }
    for (filters, found) in [
        (json!({ "nationalId": "QQ 123456C" }), Some(&lead)),
        (json!({ "email": "WREN@example.org" }), Some(&lead)),
        (json!({ "telephone": "07700900322" }), Some(&lead)),
        (json!({ "telephone": "07700900322", "email": "office@kelp.example" }), None),
        (json!({ "email": "nobody@example.org" }), None),
    ] {
        let data = server.ask(Some(&world.reader), SEARCH, json!({ "f": filters })).await;
        assert_eq!(data["searchLead"]["number"].as_str(), found.map(String::as_str), "{filters}");
    }
    for nothing in [json!({}), json!({ "email": " " })] {
        assert_eq!(
            server.send(Some(&world.reader), SEARCH, json!({ "f": nothing })).await.codes(),
            ["KT-CT-8920"]
        );
    }
    for (input, found) in [
        (json!({}), vec![&tender, &sale]),
        (json!({ "funnelCode": "households" }), vec![&sale]),
        (json!({ "stageCode": "open" }), vec![&tender, &sale]),
        (json!({ "stageCode": "quoted" }), vec![]),
        (json!({ "leadNumber": firm }), vec![&tender]),
        (json!({ "salesChannel": "STALLS" }), vec![&sale]),
        (json!({ "supplyPointMarkets": ["GBR_GAS"] }), vec![]),
        (json!({ "assignedToTeamIdentifier": "1" }), vec![]),
    ] {
        let data = server.ask(Some(&world.reader), SALES, json!({ "i": input })).await;
        let edges = data["opportunities"]["edges"].as_array().expect("edges");
        let numbers: Vec<&Value> = edges.iter().map(|edge| &edge["node"]["number"]).collect();
        assert_eq!(numbers, found, "{input}");
    }
}

#[tokio::test]
async fn an_organisation_sees_what_it_brought() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let (_, seller) = server.organisation("Doorbell Ltd", &["view-accounts", "manage-leads"]).await;
    let (_, rival) = server.organisation("Knocker Ltd", &["view-accounts", "manage-leads"]).await;
    let (lead, sale) = server.sale(&seller, &household("wren@example.org")).await;
    for token in [&seller, &world.reader] {
        assert_eq!(server.lead(token, &lead).await["givenName"], "Wren");
        assert_eq!(server.opportunity(token, &sale).await["name"], "Fern Cottage");
    }
    for token in [&rival, &world.partner] {
        let reply = server.send(Some(token), super::LEAD, json!({ "n": lead })).await;
        assert_eq!(reply.codes(), ["KT-CT-8907"]);
        let reply = server.send(Some(token), super::OPPORTUNITY, json!({ "n": sale })).await;
        assert_eq!(reply.codes(), ["KT-CT-8906"]);
        let data = server.ask(Some(token), LEADS, json!({ "b": 10 })).await;
        assert_eq!(data["leads"]["totalCount"], 0);
        let data = server.ask(Some(token), SALES, json!({})).await;
        assert_eq!(data["opportunities"]["totalCount"], 0);
        let data = server.ask(Some(token), SEARCH, json!({ "f": { "email": "wren@example.org" } })).await;
        assert_eq!(data["searchLead"], Value::Null);
    }
    // What is not there for a rival is not there to sell to.
    let again = json!({ "funnelCode": "households", "leadNumber": lead });
    assert_eq!(server.put(&rival, super::CREATE, &again).await.codes(), ["KT-CT-8907"]);
    let reply = server.put(&world.partner, super::CREATE, &with(again, &json!({ "funnelCode": "x" }))).await;
    assert_eq!(reply.codes(), ["KT-CT-1111"]);
}
