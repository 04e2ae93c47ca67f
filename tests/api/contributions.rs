//! Regular gifts through the bill: agreed on, charged once a period, ended.

use chrono::{DateTime, TimeDelta, Utc};
use kraken_api::domain::auth::organisations;
use kraken_api::domain::check;
use serde_json::{Value, json};

use crate::support::server::beginning;
use crate::support::world::PASSWORD;
use crate::support::{Server, World, record};

const AGREEMENT: &str = "id interval activeFrom activeTo amount contributionScheme { id code displayName taxable acceptingContributions }
    periods(first: 20) { totalCount edges { node { id fulfilledAt periodFrom periodTo agreement { id } } } }";
const END: &str = "mutation($i: EndContributionAgreementInput!) {
    endContributionAgreement(input: $i) { contributionAgreement { id activeTo } } }";

fn create() -> String {
    format!(
        "mutation($i: CreateContributionAgreementInput!) {{
            createContributionAgreement(input: $i) {{ contributionAgreement {{ {AGREEMENT} }} }} }}"
    )
}

fn on(day: &str) -> DateTime<Utc> {
    format!("{day}T12:00:00Z").parse().expect("a date")
}

fn gift(number: &str, scheme: &str) -> Value {
    json!({ "accountNumber": number, "schemeCode": scheme, "interval": "MONTHLY", "amount": 200,
        "activeFrom": beginning() })
}

impl Server {
    /// What staff see of an account once it is this moment and everything due has been done by two servers.
    async fn seen_at(&self, twin: &Server, moment: DateTime<Utc>, number: &str) -> Value {
        self.wall.set(moment);
        tokio::join!(self.work_off(), twin.work_off());
        let staff = self.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await;
        let query = format!(
            "query($n: String!) {{ account(accountNumber: $n) {{ balance contributionAgreements {{ {AGREEMENT} }}
                provisionalTransactions(first: 9) {{ edges {{ node {{ title amount }} }} }}
                transactions(first: 20) {{ edges {{ node {{ title amount reasonCode amounts {{ net tax gross }} }} }} }} }} }}"
        );
        self.ask(Some(&staff), &query, json!({ "n": number })).await["account"].clone()
    }

    async fn give_to(&self, token: &str, input: &Value) -> Value {
        let data = self.ask(Some(token), &create(), json!({ "i": input })).await;
        data["createContributionAgreement"]["contributionAgreement"].clone()
    }

    async fn refused_gift(&self, token: &str, input: &Value) -> String {
        self.send(Some(token), &create(), json!({ "i": input })).await.codes().join(" ")
    }
}

fn nodes<'a>(seen: &'a Value, list: &str) -> Vec<&'a Value> {
    seen[list]["edges"].as_array().expect("edges").iter().map(|edge| &edge["node"]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_is_charged_once_a_period_however_many_servers_there_are() {
    let server = Server::start().await;
    let world = server.world().await;
    let (number, twin) = (&world.ada.account, server.twin());
    let made = server.give_to(&world.ada.token, &gift(number, "COMMUNITY_SOLAR")).await;
    assert_eq!(made["activeTo"], Value::Null);
    assert_eq!(made["contributionScheme"]["taxable"], true);
    let first = nodes(&made, "periods");
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["agreement"]["id"], made["id"]);
    assert_eq!(first[0]["fulfilledAt"], Value::Null);
    assert_eq!(first[0]["periodTo"], "2026-04-02T08:30:00+00:00", "half past nine in British summer");

    let seen = server.seen_at(&twin, beginning() + TimeDelta::minutes(20), number).await;
    assert_eq!(seen["balance"], -210);
    let charge = json!({ "title": "Solar roofs for villages", "amount": 210, "reasonCode": "CONTRIBUTION",
        "amounts": { "net": 200, "tax": 10, "gross": 210 } });
    assert_eq!(nodes(&seen, "transactions"), [&charge]);
    assert_eq!(
        nodes(&seen, "provisionalTransactions"),
        [&json!({ "title": "Solar roofs for villages", "amount": -210 })]
    );
    let agreement = &seen["contributionAgreements"][0];
    assert_eq!(agreement["id"], made["id"]);
    let periods = nodes(agreement, "periods");
    assert_eq!(periods.len(), 2);
    assert_eq!(periods[0]["fulfilledAt"], "2026-03-02T09:50:00+00:00");
    record::read_back("createContributionAgreement");

    // Time leaps: what was missed is made up for, a period each.
    let seen = server.seen_at(&twin, on("2026-07-15"), number).await;
    assert_eq!(seen["balance"], -210 * 5);
    assert_eq!(nodes(&seen["contributionAgreements"][0], "periods").len(), 6);
    let seen = server.seen_at(&twin, on("2026-07-16"), number).await;
    assert_eq!(seen["balance"], -210 * 5);
    for finding in check::run(&mut server.tx().await).await.expect("checked") {
        assert_eq!(finding.broken, 0, "{}", finding.rule);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_that_has_ended_is_charged_no_more() {
    let server = Server::start().await;
    let world = server.world().await;
    let (number, twin) = (&world.ada.account, server.twin());
    let mut input = gift(number, "WARM_HOMES");
    input["interval"] = json!("QUARTERLY");
    let made = server.give_to(&world.ada.token, &input).await;
    let seen = server.seen_at(&twin, on("2026-03-03"), number).await;
    assert_eq!(seen["balance"], -200, "no tax on this one");
    let ada = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    let end = |at: &str| json!({ "i": { "contributionAgreementId": made["id"], "endAt": at } });
    // In the past; then one that is put forward; never later than before.
    let refused = async |token: &str, variables: Value| {
        server.send(Some(token), END, variables).await.codes().join(" ")
    };
    assert_eq!(refused(&ada, end("2026-03-03T11:59:59Z")).await, "KT-CT-9604");
    server.ask(Some(&ada), END, end("2026-09-02T00:00:00Z")).await;
    assert_eq!(refused(&ada, end("2026-09-03T00:00:00Z")).await, "KT-CT-9604");
    let data = server.ask(Some(&ada), END, end("2026-05-01T00:00:00Z")).await;
    assert_eq!(
        data["endContributionAgreement"]["contributionAgreement"],
        json!({ "id": made["id"], "activeTo": "2026-05-01T00:00:00+00:00" })
    );
    let seen = server.seen_at(&twin, on("2026-12-01"), number).await;
    assert_eq!(seen["balance"], -200);
    let agreement = &seen["contributionAgreements"][0];
    assert_eq!(
        (&agreement["activeTo"], nodes(agreement, "periods").len()),
        (&json!("2026-05-01T00:00:00+00:00"), 1)
    );
    assert!(nodes(&seen, "provisionalTransactions").is_empty());
    record::read_back("endContributionAgreement");
    let ada = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    let now = json!({ "i": { "contributionAgreementId": made["id"] } });
    assert_eq!(refused(&ada, now.clone()).await, "KT-CT-9604");
    // Another to the same cause may follow, and one that has not begun is over at once.
    let mut next = gift(number, "WARM_HOMES");
    next["activeFrom"] = json!(on("2027-01-01"));
    let next = server.give_to(&ada, &next).await;
    let data = server.ask(Some(&ada), END, json!({ "i": { "contributionAgreementId": next["id"] } })).await;
    assert_eq!(data["endContributionAgreement"]["contributionAgreement"]["activeTo"], next["activeFrom"]);
    let seen = server.seen_at(&twin, on("2027-02-01"), number).await;
    assert_eq!(seen["balance"], -200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_that_cannot_be_says_why() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, number) = (&world.ada.token, &world.ada.account);
    for (field, value, code) in [
        ("schemeCode", json!("NO_SUCH"), "KT-CT-9601"),
        ("schemeCode", json!("WAERMEHILFE"), "KT-CT-9601"),
        ("schemeCode", json!("FLOOD_APPEAL"), "KT-CT-9606"),
        ("amount", json!(0), "KT-CT-9605"),
        ("amount", json!(-5), "KT-CT-9605"),
        ("activeFrom", json!("2026-03-01T12:00:00Z"), "KT-CT-9601"),
        ("activeTo", json!(beginning()), "KT-CT-9601"),
        ("accountNumber", json!(world.bob.account), "KT-CT-4123"),
        ("accountNumber", json!("A-00000000"), "KT-CT-4123"),
    ] {
        let mut input = gift(number, "WARM_HOMES");
        input[field] = value.clone();
        assert_eq!(server.refused_gift(ada, &input).await, code, "{field}: {value}");
    }
    let mut taxed = gift(number, "COMMUNITY_SOLAR");
    taxed["amount"] = json!(i32::MAX);
    assert_eq!(server.refused_gift(ada, &taxed).await, "KT-CT-9601", "with tax it is too much");
    // Twice at once.
    let input = gift(number, "WARM_HOMES");
    let (a, b) = tokio::join!(server.refused_gift(ada, &input), server.refused_gift(ada, &input));
    let mut codes = [a, b];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-9602"]);
    let mut later = gift(number, "WARM_HOMES");
    later["activeFrom"] = json!(on("2030-01-01"));
    assert_eq!(server.refused_gift(ada, &later).await, "KT-CT-9602");

    let found = "query($n: String!) { account(accountNumber: $n) { contributionAgreements { id } } }";
    let found = server.ask(Some(ada), found, json!({ "n": number })).await;
    let id = &found["account"]["contributionAgreements"][0]["id"];
    let end = |id: &Value| json!({ "i": { "contributionAgreementId": id } });
    for (token, id, code) in [
        (&world.bob.token, id, "KT-CT-9603"),
        (ada, &json!("1"), "KT-CT-9603"),
        (ada, &json!("the first"), "KT-CT-9603"),
        (&world.reader, id, "KT-CT-4123"),
        (&world.partner, id, "KT-CT-4123"),
    ] {
        assert_eq!(server.send(Some(token), END, end(id)).await.codes(), [code]);
    }
    assert_eq!(server.refused_gift(&world.reader, &input).await, "KT-CT-4123");
}

#[tokio::test]
async fn organisations_agree_for_the_accounts_that_they_were_granted() {
    let server = Server::start().await;
    let world: World = server.world().await;
    let (id, token) = server.organisation("Helper", &["view-accounts", "edit-customers"]).await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    assert_eq!(server.refused_gift(&token, &gift(&world.bob.account, "WARM_HOMES")).await, "KT-CT-4123");
    server.give_to(&token, &gift(&world.ada.account, "WARM_HOMES")).await;
    let by: (String, i64) = sqlx::query_as("select made_by_kind, made_by_id from contribution_agreements")
        .fetch_one(server.database.pool())
        .await
        .expect("the agreement");
    assert_eq!(by, ("organisation".to_owned(), id));
}

#[tokio::test]
async fn causes_are_listed_for_everybody() {
    let server = Server::start().await;
    let query = "{ contributionSchemes { id code displayName taxable acceptingContributions } }";
    let data = server.ask(None, query, json!({})).await;
    let schemes = data["contributionSchemes"].as_array().expect("schemes");
    let find = |code: &str| schemes.iter().find(|scheme| scheme["code"] == code).cloned().unwrap_or_default();
    assert_eq!(find("FLOOD_APPEAL")["acceptingContributions"], false);
    assert_eq!(find("WARM_HOMES")["displayName"], "Warm homes fund");
}
