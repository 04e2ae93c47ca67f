//! Sales as they go on: opened, given to somebody, moved from stage to stage, closed.

use kraken_api::domain::accounts::partner_users;
use kraken_api::domain::check;
use serde_json::{Value, json};

use super::{CREATE, household, read, with};
use crate::support::{Server, record};

const VALUE: &str = "query($o: ID, $d: String) { opportunityValueByKey(opportunityId: $o, key: $d) }";
const DETAILS: &str = "mutation($i: UpdateExtraDetailsInput!) {
    updateOpportunityExtraDetails(input: $i) { extraDetails } }";
const STAGE: &str =
    "mutation($i: UpdateOpportunityStageInput!) { updateOpportunityStage(input: $i) { message } }";
const OUTCOME: &str =
    "mutation($i: SetOpportunityOutcomeInput!) { setOpportunityOutcome(input: $i) { message } }";
const ASSIGN: &str = "mutation($i: UpdateOpportunityAssignmentInput!) {
    updateOpportunityAssignment(input: $i) { updatedOpportunityData } }";
const ASSIGN_LEAD: &str = "mutation($i: UpdateLeadAssignmentInput!) {
    updateLeadAssignment(input: $i) { updatedLeadData } }";
const FLOW: &str = "mutation($i: RegisterOpportunityFlowStatusEventInput!) {
    registerOpportunityFlowStatusEvent(input: $i) { possibleErrors { code } } }";

#[tokio::test]
async fn a_sale_is_opened_with_its_lead() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let input = with(
        household("wren@example.org"),
        &json!({ "notes": " Rang about the garden office. ", "salesChannel": "FIELD",
            "supplyPoints": [{ "marketName": "GBR_ELECTRICITY", "externalIdentifier": crate::readings::MPAN }],
            "extraDetails": [{ "key": "annualKwh", "value": 2900 }, { "key": "gate", "value": "green" }] }),
    );
    let reply = server.put(&world.staff, CREATE, &input).await;
    let opened = &reply.json["data"]["createOpportunity"];
    assert_eq!(
        (&opened["stage"], &opened["funnelCode"]),
        (&json!("open"), &json!("households")),
        "{}",
        reply.json
    );
    assert_eq!(opened["dateOfCreation"], "2026-03-02T09:30:00+00:00");
    let number = opened["opportunityNumber"].as_str().expect("a number");
    let sale = server.opportunity(&world.reader, number).await;
    assert_eq!((&sale["name"], &sale["leadType"]), (&json!("Fern Cottage"), &json!("DOMESTIC")));
    assert_eq!((&sale["email"], &sale["phoneNumber"]), (&json!("wren@example.org"), &json!("+447700900321")));
    let address = json!({ "line1": "1 Fern Lane", "line2": "Bath", "line3": null, "line4": null, "line5": null,
        "postcode": "BA1 1AA", "countryCode": "GB" });
    assert_eq!(sale["opportunityAddress"], address, "where the lead is billed");
    assert_eq!(sale["opportunityRichAddress"], json!({ "locality": "Bath" }));
    assert_eq!((&sale["salesChannel"], &sale["funnel"]["code"]), (&json!("FIELD"), &json!("households")));
    assert_eq!(sale["notes"], "2026-03-02 09:30 Rang about the garden office.");
    assert_eq!(sale["supplyPoints"][0]["marketName"], "GBR_ELECTRICITY");
    assert_eq!(sale["consents"].as_array().map(Vec::len), Some(2));
    assert_eq!(read(&sale["extraDetails"]), json!({ "annualKwh": 2900, "gate": "green" }));
    let kwh = json!({ "code": "annualKwh", "name": "kWh a year", "fieldType": "INT", "required": true });
    assert_eq!(
        sale["extraDetailItems"],
        json!([{ "key": "annualKwh", "value": 2900, "field": kwh }, { "key": "gate", "value": "green", "field": null }])
    );
    let lead = server.lead(&world.reader, sale["leadNumber"].as_str().expect("a lead")).await;
    assert_eq!((&lead["givenName"], &lead["billingName"]), (&json!("Wren"), &json!("Wren Ashcombe")));
    assert_eq!((&lead["stage"], &lead["funnel"]["code"]), (&json!("new"), &json!("newcomers")));
    assert_eq!((&lead["salesChannel"], &lead["brand"]), (&json!("STALLS"), &json!("OCTOPUS_ENERGY")));
    assert_eq!(lead["billingRichAddress"]["streetAddress"], "1 Fern Lane");
    record::read_back("createOpportunity");
    // A second sale with the same lead.
    let again = json!({ "funnelCode": "businesses", "leadNumber": lead["number"] });
    let (same, _) = server.sale(&world.staff, &again).await;
    assert_eq!(json!(same), lead["number"]);
}

#[tokio::test]
async fn what_cannot_be_sold_is_refused() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let lead = |changes: &Value| {
        let mut input = household("wren@example.org");
        input["lead"] = with(input["lead"].clone(), changes);
        input
    };
    let contact = |contact: Value| lead(&json!({ "contacts": [contact] }));
    let base = household("wren@example.org");
    for (input, code) in [
        (with(base.clone(), &json!({ "funnelCode": "draft" })), "KT-CT-8912"),
        (with(base.clone(), &json!({ "funnelCode": "former" })), "KT-CT-8912"),
        (with(base.clone(), &json!({ "funnelCode": "newcomers" })), "KT-CT-8912"),
        (with(base.clone(), &json!({ "funnelCode": "closed" })), "KT-CT-8919"),
        (json!({ "funnelCode": "households", "leadNumber": "LD-00000000" }), "KT-CT-8907"),
        (json!({ "funnelCode": "households" }), "KT-CT-8911"),
        (with(base.clone(), &json!({ "leadNumber": "LD-00000000" })), "KT-CT-8911"),
        (with(base.clone(), &json!({ "salesChannel": "FAIR" })), "KT-CT-8911"),
        (with(base.clone(), &json!({ "opportunityAddress": { "locality": "Bath" } })), "KT-CT-8911"),
        (
            with(base.clone(), &json!({ "extraDetails": [{ "key": "annualKwh", "value": "much" }] })),
            "KT-CT-8911",
        ),
        (
            with(base, &json!({ "supplyPoints": [{ "marketName": "GBR_GAS", "externalIdentifier": "x" }] })),
            "KT-CT-8911",
        ),
        (lead(&json!({ "brandCode": "NOBODY" })), "KT-CT-8901"),
        (lead(&json!({ "funnelCode": "households" })), "KT-CT-8912"),
        (lead(&json!({ "salesChannel": "NONE" })), "KT-CT-8901"),
        (lead(&json!({ "contacts": [] })), "KT-CT-8901"),
        (lead(&json!({ "billingAddress": { "streetAddress": "1 Fern Lane" } })), "KT-CT-8901"),
        (lead(&json!({ "extraDetails": [{ "key": "a b", "value": 1 }] })), "KT-CT-8901"),
        (contact(json!({ "givenName": "Wren" })), "KT-CT-8901"),
        (contact(json!({ "email": "wren" })), "KT-CT-8901"),
        (contact(json!({ "phoneNumber": "call me" })), "KT-CT-8901"),
        (contact(json!({ "email": "wren@mailsink.example" })), "KT-CT-8901"),
        (
            contact(json!({ "givenName": "Mallory", "familyName": "Moth", "email": "m@example.org" })),
            "KT-CT-8901",
        ),
        (
            contact(
                json!({ "email": "w@example.org", "consents": [{ "code": "NONE", "value": "ACCEPTED" }] }),
            ),
            "KT-CT-8901",
        ),
    ] {
        let reply = server.put(&world.staff, CREATE, &input).await;
        assert_eq!(reply.codes(), [code], "{input}: {}", reply.json);
    }
    let (count,): (i64,) = sqlx::query_as("select count(*) from leads")
        .fetch_one(server.database.pool())
        .await
        .expect("counted");
    assert_eq!(count, 0, "nothing is left of what was refused");
}

#[tokio::test]
async fn details_are_those_of_the_funnel_or_others() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let (_, sale) = server.sale(&world.staff, &household("wren@example.org")).await;
    let change = async |items: Value| {
        server.put(&world.staff, DETAILS, &json!({ "opportunityNumber": sale, "items": items })).await
    };
    let reply = change(json!([{ "key": "heating", "value": "gas" }, { "key": "promo", "value": "FERN7" },
        { "key": "rooms", "value": { "up": 3 } }]))
    .await;
    let all = read(&reply.json["data"]["updateOpportunityExtraDetails"]["extraDetails"]);
    assert_eq!(all, json!({ "heating": "gas", "promo": "FERN7", "rooms": { "up": 3 } }), "{}", reply.json);
    let reply = change(json!([{ "key": "heating", "value": null }])).await;
    let all = read(&reply.json["data"]["updateOpportunityExtraDetails"]["extraDetails"]);
    assert_eq!(all, json!({ "promo": "FERN7", "rooms": { "up": 3 } }));
    let found = server.opportunity(&world.reader, &sale).await;
    assert_eq!(read(&found["extraDetails"]), all);
    record::read_back("updateOpportunityExtraDetails");
    for (opportunity, detail, value) in [
        (&found["opportunityId"], "promo", json!("FERN7")),
        (&json!(sale), "rooms", json!("{\"up\":3}")),
        (&json!(sale), "heating", Value::Null),
    ] {
        let data = server.ask(Some(&world.reader), VALUE, json!({ "o": opportunity, "d": detail })).await;
        assert_eq!(data["opportunityValueByKey"], value, "{detail}");
    }
    let reply = server.send(Some(&world.partner), VALUE, json!({ "o": sale, "d": "promo" })).await;
    assert_eq!(reply.codes(), ["KT-CT-8903"]);
    for wrong in [
        json!([{ "key": "heating", "value": "coal" }]),
        json!([{ "key": "promo", "value": "fern" }]),
        json!([{ "key": "fax", "value": "1" }]),
        json!([{ "key": "rooms", "value": 1 }, { "key": "a b", "value": 1 }]),
        json!([{ "value": 1 }]),
    ] {
        assert_eq!(change(wrong.clone()).await.codes(), ["KT-CT-8903"], "{wrong}");
    }
    let unknown = json!({ "opportunityNumber": "OP-00000000", "items": [] });
    assert_eq!(server.put(&world.staff, DETAILS, &unknown).await.codes(), ["KT-CT-8903"]);
    assert_eq!(server.opportunity(&world.reader, &sale).await["extraDetails"], found["extraDetails"]);
}

#[tokio::test]
async fn a_sale_goes_from_stage_to_stage() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let (_, sale) = server.sale(&world.staff, &household("wren@example.org")).await;
    let step = async |from: &str, to: &str| {
        let input = json!({ "opportunityNumber": sale, "currentStage": from, "stage": to });
        server.put(&world.staff, STAGE, &input).await
    };
    for (from, to, code) in [
        ("open", "quoted", "KT-CT-8903"),
        ("quoted", "won", "KT-CT-8910"),
        ("open", "nowhere", "KT-CT-8914"),
        ("open", "tendered", "KT-CT-8915"),
        ("nowhere", "quoted", "KT-CT-8916"),
        ("open", "won", "KT-CT-8917"),
    ] {
        assert_eq!(step(from, to).await.codes(), [code], "{from} -> {to}");
    }
    let details = json!({ "opportunityNumber": sale, "items": [{ "key": "annualKwh", "value": 2900 }] });
    assert!(server.put(&world.staff, DETAILS, &details).await.errors().is_empty());
    let reply = step("open", "quoted").await;
    let message = &reply.json["data"]["updateOpportunityStage"]["message"];
    assert_eq!(*message, "The opportunity stands in Quoted.", "{}", reply.json);
    assert_eq!(server.opportunity(&world.reader, &sale).await["stage"], "quoted");
    record::read_back("updateOpportunityStage");
    assert_eq!(step("open", "quoted").await.codes(), ["KT-CT-8910"], "somebody else has moved it");
    let close = async |outcome: Value| {
        server.put(&world.staff, OUTCOME, &json!({ "opportunityNumber": sale, "outcome": outcome })).await
    };
    for again in 0..2 {
        let reply = close(json!("LOST")).await;
        let message = &reply.json["data"]["setOpportunityOutcome"]["message"];
        assert_eq!(*message, "The opportunity was lost.", "{again}: {}", reply.json);
    }
    assert_eq!(server.opportunity(&world.reader, &sale).await["stage"], "lost");
    record::read_back("setOpportunityOutcome");
    assert!(step("lost", "open").await.errors().is_empty(), "it comes back");
    assert!(close(json!("WON")).await.errors().is_empty());
    assert_eq!(close(json!(null)).await.codes(), ["KT-CT-1605"]);
    let unknown = json!({ "opportunityNumber": "OP-00000000", "outcome": "WON" });
    assert_eq!(server.put(&world.staff, OUTCOME, &unknown).await.codes(), ["KT-CT-8906"]);
    let moves = "select string_agg(s.code, ' ' order by m.id) from sales_stage_moves m join sales_stages s on s.id = m.to_id
        where m.opportunity_id is not null";
    let (moves,): (String,) = sqlx::query_as(moves).fetch_one(server.database.pool()).await.expect("moves");
    assert_eq!(moves, "open quoted lost open won");
    let mut tx = server.tx().await;
    let broken = check::run(&mut tx).await.expect("checked").into_iter().find(|finding| finding.broken > 0);
    assert!(broken.is_none(), "{broken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_move_it_at_once_one_does() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let (_, sale) = server.sale(&world.staff, &household("wren@example.org")).await;
    let twin = server.twin();
    let input = json!({ "opportunityNumber": sale, "currentStage": "open", "stage": "lost" });
    let (one, other) =
        tokio::join!(server.put(&world.staff, STAGE, &input), twin.put(&world.staff, STAGE, &input));
    let mut codes = [one.codes().len(), other.codes().len()];
    codes.sort_unstable();
    assert_eq!(codes, [0, 1], "{} {}", one.json, other.json);
}

#[tokio::test]
async fn sales_are_given_to_people_teams_and_partners() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let (lead, sale) = server.sale(&world.staff, &household("wren@example.org")).await;
    let mut tx = server.tx().await;
    let partner =
        partner_users::add_organisation(&mut tx, &server.random, "Doorbell", "d@example.org", "FIELD_SALES");
    let partner = partner.await.expect("a partner");
    tx.commit().await.expect("committed");
    let ids = "select (select id::text from support_users where email = 'reader@example.org'),
        (select id::text from operations_teams where name = 'Billing'),
        (select number from affiliate_organisations where id = $1)";
    let ids = sqlx::query_as(ids).bind(partner).fetch_one(server.database.pool()).await;
    let (user, team, affiliate): (String, String, String) = ids.expect("ids");
    let assign = async |changes: Value| {
        let input = with(json!({ "opportunityNumber": sale }), &changes);
        server.put(&world.staff, ASSIGN, &input).await
    };
    let reply = assign(json!({ "assignedToUserIdentifier": user, "assignedToTeamIdentifier": team,
        "assignedToAffiliateNumber": affiliate }))
    .await;
    let data = read(&reply.json["data"]["updateOpportunityAssignment"]["updatedOpportunityData"]);
    assert_eq!(data["assignedToUser"], "reader@example.org", "{}", reply.json);
    let found = server.opportunity(&world.reader, &sale).await;
    assert_eq!(
        (&found["assignedToUser"], &found["assignedToTeam"]),
        (&data["assignedToUser"], &json!("Billing"))
    );
    assert_eq!(found["assignedToUserIdentifier"], json!(user));
    assert_eq!(found["assignedToTeamIdentifier"], json!(team));
    assert_eq!(found["assignedToAffiliateNumber"], json!(affiliate));
    record::read_back("updateOpportunityAssignment");
    assert!(assign(json!({ "assignedToUserIdentifier": "" })).await.errors().is_empty());
    let found = server.opportunity(&world.reader, &sale).await;
    assert_eq!((&found["assignedToUser"], &found["assignedToTeam"]), (&Value::Null, &json!("Billing")));
    for wrong in [
        json!({ "assignedToUserIdentifier": "0" }),
        json!({ "assignedToTeamIdentifier": "x" }),
        json!({ "assignedToAffiliateNumber": "AO-00000000" }),
    ] {
        assert_eq!(assign(wrong.clone()).await.codes(), ["KT-CT-8903"], "{wrong}");
    }
    let unknown = json!({ "opportunityNumber": "OP-00000000" });
    assert_eq!(server.put(&world.staff, ASSIGN, &unknown).await.codes(), ["KT-CT-8906"]);

    let give = async |changes: Value| {
        server.put(&world.staff, ASSIGN_LEAD, &with(json!({ "leadNumber": lead }), &changes)).await
    };
    let reply =
        give(json!({ "assignedToUsername": "Reader@example.org", "assignedToTeamName": "Billing" })).await;
    let data = read(&reply.json["data"]["updateLeadAssignment"]["updatedLeadData"]);
    assert_eq!(
        (&data["assignedToTeam"], &data["stage"]),
        (&json!("Billing"), &json!("new")),
        "{}",
        reply.json
    );
    let found = server.lead(&world.reader, &lead).await;
    assert_eq!(found["assignedToUser"], "reader@example.org");
    assert_eq!(found["assignedToTeamIdentifier"], json!(team));
    record::read_back("updateLeadAssignment");
    assert_eq!(give(json!({ "assignedToTeamName": "Nobody" })).await.codes(), ["KT-CT-1605"]);
    assert_eq!(give(json!({ "leadNumber": "LD-00000000" })).await.codes(), ["KT-CT-8907"]);
}

#[tokio::test]
async fn a_flow_says_how_it_is_doing() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pipeline().await;
    let (_, sale) = server.sale(&world.staff, &household("wren@example.org")).await;
    let say = async |changes: Value| {
        let input = with(
            json!({ "opportunityNumber": sale, "name": "Signature", "flowId": "run-1", "status": "SENT" }),
            &changes,
        );
        server.put(&world.staff, FLOW, &input).await
    };
    for _ in 0..2 {
        assert!(say(json!({})).await.errors().is_empty());
    }
    assert!(say(json!({ "status": "SIGNED", "description": "By Wren." })).await.errors().is_empty());
    let notes = server.opportunity(&world.reader, &sale).await["notes"].clone();
    assert_eq!(notes, "2026-03-02 09:30 Signature: SENT\n2026-03-02 09:30 Signature: SIGNED (By Wren.)");
    record::read_back("registerOpportunityFlowStatusEvent");
    assert_eq!(say(json!({ "status": " " })).await.codes(), ["KT-CT-1605"]);
    assert_eq!(say(json!({ "opportunityNumber": "OP-00000000" })).await.codes(), ["KT-CT-8906"]);
}
