//! Phone calls: who calls, whom it is about, how long callers wait, and whom we call.

use chrono::TimeDelta;
use kraken_api::domain::auth::organisations;
use kraken_api::domain::communications::calls::agents::{self, Presence};
use kraken_api::domain::communications::calls::campaigns::{self, NewCampaign};
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::{Reply, Server, World, record};

const CREATE: &str =
    "mutation($f: String!, $to: String!, $v: String!) { createInboundCall(input: { fromPhoneNumber: $f,
    toPhoneNumber: $to, vendor: TWILIO, vendorCallId: $v }) { possibleErrors { code } call { id } } }";
const CALL: &str = "query($n: ID!) { call(id: $n) { __typename id account { number } metadata { key value }
    ... on InboundCallType { initialCallerIdentification { accountBestMatch { number } accountUserBestMatch { id }
        accountAllMatches(first: 5) { totalCount edges { node { number } } }
        accountUserAllMatches(first: 5) { totalCount edges { node { id } } } } } } }";
const ASSOCIATE: &str =
    "mutation($c: ID!, $n: String!) { associateCallWithAccount(input: { callId: $c, accountNumber: $n }) {
    call { id account { number } } } }";
const ITEMS: &str = "mutation($c: ID!, $m: [CallMetadataItemInput!]!) {
    createCallMetadata(input: { callId: $c, metadata: $m }) { call { id metadata { key value } } } }";
const ENQUEUE: &str =
    "mutation($input: EnqueueInboundCallInput!) { enqueueInboundCall(input: $input) { call { id } } }";
const AGENT: &str = "query($n: String!) { agentCallCenterStatus(supportUserName: $n) { id status updatedAt mostRecentCallId } }";
const WAITS: &str = "{ inboundCallAverageWaitTime { yesterday recent } }";
const ELIGIBLE: &str =
    "query($n: String!, $u: String!, $c: Int!) { isCustomerEligibleToGiveFeedbackFollowingCall(
    accountNumber: $n, accountUserNumber: $u, callId: $c) }";

impl Server {
    async fn rings(&self, token: &str, from: &str, name: &str) -> Reply {
        self.send(Some(token), CREATE, json!({ "f": from, "to": "+44 20 7946 0000", "v": name })).await
    }

    async fn rung(&self, token: &str, from: &str, name: &str) -> String {
        let reply = self.rings(token, from, name).await;
        let id = &reply.json["data"]["createInboundCall"]["call"]["id"];
        id.as_str().unwrap_or_else(|| panic!("{}", reply.json)).to_owned()
    }

    async fn phone_call(&self, token: &str, id: &str) -> Value {
        self.ask(Some(token), CALL, json!({ "n": id })).await["call"].clone()
    }

    async fn call_waits(&self, token: &str, id: &str) -> Reply {
        self.send(Some(token), ENQUEUE, json!({ "input": { "callId": id } })).await
    }

    async fn agent(&self, token: &str, name: &str) -> Value {
        self.ask(Some(token), AGENT, json!({ "n": name })).await["agentCallCenterStatus"].clone()
    }

    async fn takes_calls(&self, email: &str, presence: Presence, skills: &[&str]) {
        let mut tx = self.tx().await;
        agents::set(&mut tx, email, presence, skills).await.expect("an agent");
        tx.commit().await.expect("committed");
    }

    async fn moves_on(&self, seconds: i64) {
        self.wall.set(self.wall.now() + TimeDelta::seconds(seconds));
        self.calm().await;
    }

    async fn number_of_user(&self, user: i64) -> String {
        let number = sqlx::query_as("select number from account_users where id = $1").bind(user);
        let (number,) = number.fetch_one(self.database.pool()).await.expect("a number");
        number
    }
}

/// Ada's number, and an organisation with a telephone system that sees her account.
async fn telephone(server: &Server, world: &World) -> String {
    server.tamper("update account_users set mobile = '07700 900123' where email = 'ada@example.org'").await;
    let (id, system) = server.organisation("Telephone Ltd", &["view-accounts", "record-contacts"]).await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    system
}

#[tokio::test]
async fn a_caller_is_known_by_their_number() {
    let server = Server::start().await;
    let world = server.world().await;
    let system = telephone(&server, &world).await;
    let id = server.rung(&system, "+44 7700 900-123", "CA-1").await;
    assert_eq!(server.rung(&system, "+447700900123", "CA-1").await, id, "told twice");
    let call = server.phone_call(&world.reader, &id).await;
    record::read_back("createInboundCall");
    let caller = &call["initialCallerIdentification"];
    assert_eq!((&call["__typename"], &call["account"]), (&json!("InboundCallType"), &Value::Null));
    assert_eq!(caller["accountBestMatch"]["number"], world.ada.account);
    assert_eq!(caller["accountUserBestMatch"]["id"], world.ada.user_id.to_string());
    assert_eq!(
        (&caller["accountAllMatches"]["totalCount"], &caller["accountUserAllMatches"]["totalCount"]),
        (&json!(1), &json!(1))
    );
    let stranger = server.rung(&system, "+447700900124", "CA-2").await;
    let call = server.phone_call(&system, &stranger).await;
    assert_eq!(call["initialCallerIdentification"]["accountBestMatch"], Value::Null);
    for below in ["accountAllMatches(PAGE) { edgeCount }", "accountUserAllMatches(PAGE) { edgeCount }"] {
        let below = format!(
            "call(id: {id}) {{ ... on InboundCallType {{ initialCallerIdentification {{ {below} }} }} }}"
        );
        bounds_its_pages(&server, &world.reader, &below).await;
    }
    for (from, name) in [("call me", "CA-3"), ("+447700900123", " "), ("+447700900199", "CA-1")] {
        assert_eq!(server.rings(&system, from, name).await.codes(), ["KT-CT-11805"]);
    }
    // Another's call does not exist, and its name is taken all the same.
    let (_, other) = server.organisation("Other Telephone Ltd", &["record-contacts"]).await;
    assert_eq!(server.rings(&other, "+447700900123", "CA-1").await.codes(), ["KT-CT-11805"]);
    for (token, named, code) in [
        (&other, id.as_str(), "KT-CT-11802"),
        (&world.reader, "1", "KT-CT-11802"),
        (&world.reader, "99999999999", "KT-CT-11802"),
        (&world.reader, "1b4e28ba-2fa1-41d2-883f-0016d3cca427", "KT-CT-11802"),
        (&world.reader, "nonsense", "KT-CT-11817"),
        (&world.partner, id.as_str(), "KT-CT-1111"),
    ] {
        let reply = server.send(Some(token), CALL, json!({ "n": named })).await;
        assert_eq!(reply.codes(), [code], "{named}");
    }
    assert_eq!(server.rings(&world.reader, "+447700900123", "CA-9").await.codes(), ["KT-CT-1111"]);
}

#[tokio::test]
async fn what_is_known_of_a_call_is_added_to_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let system = telephone(&server, &world).await;
    let id = server.rung(&system, "+447700900123", "CA-1").await;
    let add = async |items: Value| server.send(Some(&system), ITEMS, json!({ "c": id, "m": items })).await;
    let reply = add(json!([{ "key": "reason", "value": "a bill" }, { "key": "pin", "value": "1234", "hideOnSupportSite": true }])).await;
    assert_eq!(reply.codes(), [""; 0], "{}", reply.json);
    assert_eq!(server.phone_call(&system, &id).await["metadata"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        server.phone_call(&world.reader, &id).await["metadata"],
        json!([{ "key": "reason", "value": "a bill" }])
    );
    record::read_back("createCallMetadata");
    for (items, code) in [
        (json!([{ "key": " ", "value": "x" }]), "KT-CT-11806"),
        (json!([{ "key": "mood", "value": "x" }, { "key": "reason", "value": "x" }]), "KT-CT-11807"),
        (json!([{ "key": "long", "value": "x".repeat(1001) }]), "KT-CT-1605"),
    ] {
        assert_eq!(add(items).await.codes(), [code]);
    }
    assert_eq!(server.phone_call(&system, &id).await["metadata"].as_array().map(Vec::len), Some(2));
    let unknown = server.send(Some(&system), ITEMS, json!({ "c": "1", "m": [] })).await;
    assert_eq!(unknown.codes(), ["KT-CT-11802"]);

    let about = async |call: &str, number: &str| {
        server.send(Some(&system), ASSOCIATE, json!({ "c": call, "n": number })).await
    };
    for _ in 0..2 {
        let done = about(&id, &world.ada.account).await;
        let call = &done.json["data"]["associateCallWithAccount"]["call"];
        assert_eq!(call["account"]["number"], world.ada.account, "{}", done.json);
    }
    assert_eq!(server.phone_call(&world.reader, &id).await["account"]["number"], world.ada.account);
    record::read_back("associateCallWithAccount");
    assert_eq!(about(&id, &world.bob.account).await.codes(), ["KT-CT-4178"]);
    assert_eq!(about("nonsense", &world.ada.account).await.codes(), ["KT-CT-11802"]);
    let other = server.send(Some(&world.staff), ASSOCIATE, json!({ "c": id, "n": world.bob.account })).await;
    assert_eq!(other.codes(), ["KT-CT-11808"]);
}

#[tokio::test]
async fn callers_wait_for_an_agent_who_can_help() {
    let server = Server::start().await;
    let world = server.world().await;
    let system = telephone(&server, &world).await;
    let empty = server.ask(None, WAITS, json!({})).await;
    assert_eq!(empty["inboundCallAverageWaitTime"], json!({ "yesterday": null, "recent": null }));
    assert_eq!(server.agent(&world.reader, "staff").await["status"], "OFFLINE");
    server.takes_calls("staff@example.org", Presence::Available, &["language:en"]).await;
    assert_eq!(server.agent(&world.reader, "STAFF@example.org").await["status"], "AVAILABLE");
    let nobody = server.send(Some(&world.reader), AGENT, json!({ "n": "nobody" })).await;
    assert_eq!(nobody.codes(), ["KT-CT-7813"]);

    let first = server.rung(&system, "+447700900123", "CA-1").await;
    let second = server.rung(&system, "+447700900123", "CA-2").await;
    for call in [&first, &second] {
        assert_eq!(server.call_waits(&system, call).await.codes(), [""; 0]);
        assert_eq!(server.call_waits(&system, call).await.codes(), ["KT-CT-11803"]);
    }
    server.moves_on(15).await;
    let agent = server.agent(&world.reader, "staff").await;
    assert_eq!(agent["status"], "ON_CALL");
    record::read_back("enqueueInboundCall");
    let taken = agent["mostRecentCallId"].as_i64().expect("a call").to_string();
    assert!([&first, &second].contains(&&taken));
    for _ in 0..12 {
        server.moves_on(30).await;
    }
    let agent = server.agent(&world.reader, "staff").await;
    assert_ne!(agent["mostRecentCallId"].to_string(), taken, "the other one's turn");
    let waits = server.ask(None, WAITS, json!({})).await["inboundCallAverageWaitTime"].clone();
    assert!(waits["recent"].as_i64().is_some_and(|mean| (15..=400).contains(&mean)), "{waits}");
    server.moves_on(24 * 3600).await;
    let waits = server.ask(None, WAITS, json!({})).await["inboundCallAverageWaitTime"].clone();
    assert!(waits["yesterday"].is_i64() && waits["recent"].is_null(), "{waits}");
    assert_eq!(
        server.agent(&server.member_of_staff("x@example.org", "reader").await, "staff").await["status"],
        "AVAILABLE"
    );
}

#[tokio::test]
async fn who_cannot_be_helped_hangs_up() {
    let server = Server::start().await;
    let world = server.world().await;
    let system = telephone(&server, &world).await;
    let status = async |id: &str| {
        let status = sqlx::query_as("select status from calls where id = $1::integer")
            .bind(id.parse::<i32>().expect("an id"));
        let (status,): (String,) = status.fetch_one(server.database.pool()).await.expect("a status");
        status
    };
    server.takes_calls("staff@example.org", Presence::Available, &[]).await;
    let hasty = server.rung(&system, "+447700900000", "CA-1").await;
    let lost = server.rung(&system, "+447700900555", "CA-2").await;
    let input = |call: &str, more: Value| {
        let mut input = more;
        input["callId"] = json!(call);
        json!({ "input": input })
    };
    for (more, code) in [
        (json!({ "routingAttributes": ["gardening"] }), "KT-CT-11803"),
        (json!({ "waitingBehaviourUrl": "music" }), "KT-CT-11803"),
    ] {
        assert_eq!(server.send(Some(&system), ENQUEUE, input(&lost, more)).await.codes(), [code]);
    }
    assert_eq!(server.send(Some(&system), ENQUEUE, input("1", json!({}))).await.codes(), ["KT-CT-11802"]);
    let skilled =
        json!({ "routingAttributes": ["billing"], "waitingBehaviourUrl": "https://kraken.test/music" });
    server.ask(Some(&system), ENQUEUE, input(&lost, skilled)).await;
    server.call_waits(&system, &hasty).await;
    server.moves_on(15).await;
    assert_eq!((status(&hasty).await.as_str(), status(&lost).await.as_str()), ("ABANDONED", "QUEUED"));
    server.moves_on(1300).await;
    assert_eq!(status(&lost).await, "ABANDONED");
    assert_eq!(server.agent(&world.reader, "staff").await["status"], "AVAILABLE");
}

#[tokio::test]
async fn customers_are_asked_how_it_went_soon_and_seldom() {
    let server = Server::start().await;
    let world = server.world().await;
    let system = telephone(&server, &world).await;
    let number = server.number_of_user(world.ada.user_id).await;
    server.takes_calls("staff@example.org", Presence::Available, &["language:en"]).await;
    let id = server.rung(&system, "+447700900123", "CA-1").await;
    server.send(Some(&system), ASSOCIATE, json!({ "c": id, "n": world.ada.account })).await;
    let call: i32 = id.parse().expect("a number");
    let ask = async |account: &str, user: &str, call: i32| {
        server.send(Some(&system), ELIGIBLE, json!({ "n": account, "u": user, "c": call })).await
    };
    let is = async || {
        let reply = ask(&world.ada.account, &number, call).await;
        reply.json["data"]["isCustomerEligibleToGiveFeedbackFollowingCall"].clone()
    };
    assert_eq!(is().await, false, "it rings still");
    server.call_waits(&system, &id).await;
    server.moves_on(15).await;
    server.moves_on(300).await;
    assert_eq!(is().await, true);
    for (account, user, call, code) in [
        (&world.ada.account, &number, 1, "KT-CT-5519"),
        (&world.ada.account, &"U-00000000".to_owned(), call, "KT-CT-5523"),
        (&world.bob.account, &number, call, "KT-CT-5523"),
    ] {
        assert_eq!(ask(account, user, call).await.codes(), [code]);
    }
    server.tamper("update account_users set wants_client_messages = false").await;
    assert_eq!(is().await, false);
    server.tamper("update account_users set wants_client_messages = true").await;
    let open = "mutation($input: CreateCustomerFeedbackInputType!) { createCustomerFeedback(input: $input) {
        customerFeedback { id } } }";
    let input = json!({ "accountNumber": world.ada.account, "feedbackSource": "FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP",
        "voiceCallId": call, "accountUserNumber": number });
    server.ask(Some(&system), open, json!({ "input": input })).await;
    assert_eq!(is().await, false, "asked already");
    server.tamper("update feedback_eligibility set rules = '{}'").await;
    assert_eq!(ask(&world.ada.account, &number, call).await.codes(), ["KT-CT-5522"]);
    server.tamper("delete from feedback_eligibility").await;
    assert_eq!(ask(&world.ada.account, &number, call).await.codes(), ["KT-CT-5521"]);
}

const CAMPAIGNS: &str = "query($s: CampaignStatus, $k: TypeOfVoiceCampaign, $n: String) {
    voiceCampaigns(first: 10, status: $s, campaignType: $k, name: $n) { totalCount edges { node { id name } } } }";
const CAMPAIGN: &str = "query($c: String!) { voiceCampaign(campaignId: $c) { id name description customOutboundPhoneNumber
    status campaignType preventDuplicateRecords tags(first: 5) { totalCount edges { node { id name isActive } } }
    campaignItems(first: 5) { totalCount edges { node { id phoneNumber status callWindowStart callWindowEnd accountId
        metadata } } } } }";

#[tokio::test]
async fn campaigns_call_whom_they_are_about() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    let now = server.wall.now();
    let new = NewCampaign {
        name: "Winter help",
        description: "Who may need help with heating.",
        outbound_number: "+442079460001",
        campaign_type: "PREVIEW",
        tags: &["Winter help", "Complaint"],
    };
    let id = campaigns::begin(&mut tx, &new).await.expect("begun");
    let window = (now, now + TimeDelta::hours(2));
    for (account, phone) in [
        (world.ada.account_id, "+447700900123"),
        (world.bob.account_id, "+447700900121"),
        (world.ada.account_id, "+447700900123"),
    ] {
        campaigns::include(&mut tx, id, account, phone, window, &json!({ "why": "heat pump" }))
            .await
            .expect("in");
    }
    tx.commit().await.expect("committed");
    let shown = async |token: &str| {
        server.ask(Some(token), CAMPAIGN, json!({ "c": id.to_string() })).await["voiceCampaign"].clone()
    };
    let campaign = shown(&world.reader).await;
    assert_eq!((&campaign["status"], &campaign["preventDuplicateRecords"]), (&json!("ACTIVE"), &json!(true)));
    assert_eq!(
        (&campaign["tags"]["totalCount"], &campaign["campaignItems"]["totalCount"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(campaign["campaignItems"]["edges"][0]["node"]["accountId"], world.ada.account_id.to_string());
    server.calm().await;
    let items = shown(&world.reader).await["campaignItems"].clone();
    assert!(
        items["edges"].as_array().expect("items").iter().all(|edge| edge["node"]["status"] == "COMPLETE"),
        "{items}"
    );
    let calls = "select max(id) filter (where status = 'ENDED'), max(id) filter (where status = 'ABANDONED')
        from calls where direction = 'OUTBOUND'";
    let (spoken, missed): (Option<i32>, Option<i32>) =
        sqlx::query_as(calls).fetch_one(server.database.pool()).await.expect("calls");
    let call = server.phone_call(&world.reader, &spoken.expect("Ada").to_string()).await;
    assert_eq!(
        (&call["__typename"], &call["account"]["number"]),
        (&json!("OutboundCallType"), &json!(world.ada.account))
    );
    let call = server.phone_call(&world.reader, &missed.expect("Bob").to_string()).await;
    assert_eq!(call["metadata"], json!([{ "key": "outcome", "value": "nobody picked up" }]));

    let count = async |variables: Value| {
        server.ask(Some(&world.reader), CAMPAIGNS, variables).await["voiceCampaigns"]["totalCount"].clone()
    };
    assert_eq!(count(json!({ "s": "ACTIVE", "k": "PREVIEW", "n": "winter" })).await, 1);
    for other in [json!({ "s": "INACTIVE" }), json!({ "k": "PREDICTIVE" }), json!({ "n": "summer" })] {
        assert_eq!(count(other).await, 0);
    }
    for named in ["1", "nonsense"] {
        let reply = server.send(Some(&world.reader), CAMPAIGN, json!({ "c": named })).await;
        assert_eq!(reply.codes(), ["KT-CT-11501"]);
    }
    let (_, system) = server.organisation("Telephone Ltd", &["record-contacts"]).await;
    assert_eq!(shown(&system).await["campaignItems"]["totalCount"], 0, "nobody whom it may see");
    for below in ["tags(PAGE) { edgeCount }", "campaignItems(PAGE) { edgeCount }"] {
        let below = format!("voiceCampaign(campaignId: \"{id}\") {{ {below} }}");
        bounds_its_pages(&server, &world.reader, &below).await;
    }
}

#[tokio::test]
async fn labels_are_found_by_name() {
    let server = Server::start().await;
    let world = server.world().await;
    let tags = async |name: Option<&str>, is_active: Option<bool>| {
        let query = "query($n: String, $a: Boolean) { callTags(name: $n, isActive: $a, first: 20) {
            totalCount edges { node { id name isActive } } } }";
        server.ask(Some(&world.reader), query, json!({ "n": name, "a": is_active })).await["callTags"].clone()
    };
    assert_eq!(tags(None, None).await["totalCount"], 6);
    assert_eq!(tags(Some("METER"), Some(true)).await["totalCount"], 1);
    let faded = tags(None, Some(false)).await;
    let tag = &faded["edges"][0]["node"];
    assert_eq!((&tag["name"], &tag["isActive"]), (&json!("Fax follow-up"), &json!(false)));
    let query = "query($n: ID!) { callTag(id: $n) { id name isActive } }";
    assert_eq!(&server.ask(Some(&world.reader), query, json!({ "n": tag["id"] })).await["callTag"], tag);
    for named in ["1", "nonsense"] {
        assert_eq!(
            server.send(Some(&world.reader), query, json!({ "n": named })).await.codes(),
            ["KT-CT-11809"]
        );
    }
}
