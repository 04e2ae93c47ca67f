//! Ending contracts early.

use kraken_api::domain::accounts::roles;
use kraken_api::domain::check;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::supply_points;
use serde_json::{Value, json};

use super::VARY;
use crate::support::agreed::date;
use crate::support::server::Reply;
use crate::support::world::Customer;
use crate::support::{Server, record};

const END: &str = "mutation($i: BaseInstigateAccountContractTerminationInput!) {
    instigateAccountContractTermination(input: $i) { message } }";
const END_BUSINESS: &str = "mutation($i: BaseInstigateContractTerminationInput!) {
    instigateBusinessContractTermination(input: $i) { message } }";
const CANCEL: &str =
    "mutation($i: CancelContractInput!) { cancelContract(input: $i) { cancelledContract lastDayOfSupply } }";
const SPECIAL: &str =
    "mutation($i: SpecialCancelContractInput!) { specialCancelContract(input: $i) { cancelledContract } }";
const REVOKE: &str = "mutation($i: RevokeContractInput!) { revokeContract(input: $i) { contractRevoked } }";
const STANDING: &str = "query($n: String!) { account(accountNumber: $n) { balance
    electricityAgreements { validTo } transactions(first: 9) { edges { node { amount reasonCode } } } } }";
const HOUSTON: (&str, &str) = ("1008901000000000000001", "LZ_HOUSTON");

fn ending(of: &Customer, identifier: &str, on: &str) -> Value {
    json!({ "accountNumber": of.account, "contractIdentifier": identifier, "requestedTerminationDate": on })
}

impl Server {
    /// Has a Texan sign for a product on a day, supplied from then on. Answers the contract.
    async fn signs_for(&self, of: &Customer, product: &str, from: &str) -> String {
        let point = self.supply(of, MarketName::UsaElectricity, HOUSTON, from).await;
        self.agree(of, point, product, from).await;
        self.contract(of, from).await
    }
}

fn message(reply: &Reply) -> &str {
    let ended = &reply.json["data"]["instigateAccountContractTermination"];
    ended["message"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_within_the_minimum_length_costs_a_fee_once() {
    let server = Server::start().await;
    let wade = server.texan().await;
    let identifier = server.signs_for(&wade, "USA-FIX-12M-24", "2026-03-02").await;
    let mut input = ending(&wade, &identifier, "2026-04-01");
    input["contractNote"] = json!({ "reasonSlug": "changing-supplier", "note": "It is cheaper there." });
    let twin = server.twin();
    let (one, other) = tokio::join!(server.put(&wade.token, END, &input), twin.put(&wade.token, END, &input));
    assert_eq!([one.codes(), other.codes()].concat(), ["KT-CT-10008"], "{} {}", one.json, other.json);
    let told = [message(&one), message(&other)].concat();
    let said = format!(
        "Contract {identifier} ends: the last day of supply is 2026-03-31. Ending early costs 150.00 USD."
    );
    assert_eq!(told, said);
    record::read_back("instigateAccountContractTermination");

    let contract = server.contract_of(&wade.token, &wade.account, None).await;
    assert_eq!(contract["status"], "JOURNEY_IN_PROGRESS");
    assert_eq!(contract["validTo"], "2026-04-01T05:00:00+00:00");
    assert_eq!(contract["cancelledAt"], "2026-03-02T09:30:00+00:00");
    let note = &contract["notes"][0];
    assert_eq!(note["activityType"], "CONTRACT_TERMINATION_STARTED");
    assert_eq!(note["reason"]["slug"], "changing-supplier");
    let data = server.ask(Some(&wade.token), STANDING, json!({ "n": wade.account })).await;
    let account = &data["account"];
    assert_eq!(account["balance"], -15_000);
    let fee = json!([{ "node": { "amount": 15_000, "reasonCode": "EARLY_TERMINATION_FEE" } }]);
    assert_eq!(account["transactions"]["edges"], fee);
    assert_eq!(account["electricityAgreements"][0]["validTo"], "2026-04-01T05:00:00+00:00");
    let staff = server.member_of_staff("staff@example.org", "billing").await;
    let vary = json!({ "identifier": identifier, "terms": [{ "billduedate": { "numberOfDays": 5 } }] });
    assert_eq!(server.put(&staff, VARY, &vary).await.codes(), ["KT-CT-10011"]);
    for finding in check::run(&mut server.tx().await).await.expect("checked") {
        assert_eq!(finding.broken, 0, "{}", finding.rule);
    }
    server.wall.set("2026-04-02T12:00:00Z".parse().expect("a moment"));
    let token = server.again(&wade).await;
    assert_eq!(server.contract_of(&token, &wade.account, None).await["status"], "TERMINATED");
    assert_eq!(server.put(&token, END, &input).await.codes(), ["KT-CT-10007"]);
}

#[tokio::test]
async fn ending_after_it_costs_nothing() {
    let server = Server::start().await;
    let wade = server.texan().await;
    let identifier = server.signs_for(&wade, "USA-FIX-12M-24", "2025-03-02").await;
    let reply = server.put(&wade.token, END, &ending(&wade, &identifier, "2026-03-03")).await;
    let said =
        format!("Contract {identifier} ends: the last day of supply is 2026-03-02. Ending it costs nothing.");
    assert_eq!(message(&reply), said, "{}", reply.json);
    let data = server.ask(Some(&wade.token), STANDING, json!({ "n": wade.account })).await;
    assert_eq!(data["account"]["balance"], 0);
}

#[tokio::test]
async fn what_cannot_end_goes_on() {
    let server = Server::start().await;
    let world = server.world().await;
    let (wade, ada, bob) = (server.texan().await, &world.ada, &world.bob);
    let identifier = server.signs_for(&wade, "USA-FLEX-22", "2026-03-02").await;
    let sakura = server.customer("sakura@example.jp", "Sakura Inoue", "TG_OCTOPUS_ENERGY").await;
    let japanese = server.contract(&sakura, "2026-03-02").await;
    let emma = server.customer("emma@example.de", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    let german = server.contract(&emma, "2026-03-02").await;
    let mine = server.contract(ada, "2026-04-01").await;
    for (token, input, code) in [
        (&wade.token, ending(ada, &identifier, "2026-04-01"), "KT-CT-4178"),
        (&bob.token, ending(&wade, &identifier, "2026-04-01"), "KT-CT-4178"),
        (&world.partner, ending(&wade, &identifier, "2026-04-01"), "KT-CT-4178"),
        (&wade.token, ending(&wade, "C-00000000", "2026-04-01"), "KT-CT-10003"),
        (&wade.token, ending(&wade, &japanese, "2026-04-01"), "KT-CT-10003"),
        (&world.reader, ending(&wade, &identifier, "2026-04-01"), "KT-CT-1111"),
        (&sakura.token, ending(&sakura, &japanese, "2026-04-01"), "KT-CT-10304"),
        (&emma.token, ending(&emma, &german, "2026-03-15"), "KT-CT-10007"),
        (&wade.token, ending(&wade, &identifier, "2026-03-02"), "KT-CT-10007"),
        (&ada.token, ending(ada, &mine, "2026-05-01"), "KT-CT-10007"),
    ] {
        let reply = server.put(token, END, &input).await;
        assert_eq!(reply.codes(), [code], "{input}: {}", reply.json);
    }
    let mut whim = ending(&wade, &identifier, "2026-04-01");
    whim["contractNote"] = json!({ "reasonSlug": "correction" });
    assert_eq!(server.put(&wade.token, END, &whim).await.codes(), ["KT-CT-10007"]);
    // Whoever looks after the account does not end its contract.
    let mut tx = server.tx().await;
    roles::give_on_account(&mut tx, wade.account_id, bob.user_id, "CARER").await.expect("a role");
    tx.commit().await.expect("committed");
    let input = ending(&wade, &identifier, "2026-04-01");
    assert_eq!(server.put(&bob.token, END, &input).await.codes(), ["KT-CT-1111"]);
    // The supply ends later by another process.
    let mut tx = server.tx().await;
    let point = "select supply_point_id from supply_periods where account_id = $1";
    let point = sqlx::query_scalar(point).bind(wade.account_id).fetch_one(&mut tx).await.expect("a point");
    supply_points::end_supply(&mut tx, point, date("2026-06-01")).await.expect("ended");
    tx.commit().await.expect("committed");
    assert_eq!(server.put(&wade.token, END, &input).await.codes(), ["KT-CT-10004"]);
    let contract = server.contract_of(&wade.token, &wade.account, None).await;
    assert_eq!((&contract["status"], &contract["notes"]), (&json!("ACTIVE"), &json!([])));
}

#[tokio::test]
async fn a_businesses_contract_ends_where_that_is_how_it_is_done() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, emma) =
        (&world.ada, server.customer("emma@example.de", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await);
    for (of, number) in [(ada, "1"), (&emma, "2")] {
        let business = server.business(&world.staff, number).await;
        server.share(of.account_id, &business).await;
    }
    let identifier = server.contract(ada, "2026-03-02").await;
    let german = server.contract(&emma, "2026-03-02").await;
    let ending = |identifier: &str, on: &str| json!({ "contractIdentifier": identifier, "requestedTerminationDate": on });
    for (token, input, code) in [
        (&emma.token, ending(&german, "2026-05-01"), "KT-CT-10002"),
        (&ada.token, ending(&identifier, "2026-03-02"), "KT-CT-10002"),
        (&world.bob.token, ending(&identifier, "2026-05-01"), "KT-CT-1111"),
        (&ada.token, ending("C-00000000", "2026-05-01"), "KT-CT-1111"),
        (&world.reader, ending(&identifier, "2026-05-01"), "KT-CT-1111"),
    ] {
        assert_eq!(server.put(token, END_BUSINESS, &input).await.codes(), [code], "{input}");
    }
    let input = ending(&identifier, "2026-05-01");
    let reply = server.put(&ada.token, END_BUSINESS, &input).await;
    let said =
        format!("Contract {identifier} ends: the last day of supply is 2026-04-30. Ending it costs nothing.");
    assert_eq!(reply.json["data"]["instigateBusinessContractTermination"]["message"], said, "{}", reply.json);
    record::read_back("instigateBusinessContractTermination");
    assert_eq!(
        server.put(&ada.token, END_BUSINESS, &input).await.codes(),
        ["KT-CT-10002"],
        "it ends already"
    );
}

#[tokio::test]
async fn as_an_exception_a_contract_ends_at_once_and_at_no_cost() {
    let server = Server::start().await;
    let world = server.world().await;
    let wade = server.texan().await;
    let identifier = server.signs_for(&wade, "USA-FIX-12M-24", "2026-01-02").await;
    let ending = |on: &str| json!({ "identifier": identifier, "terminationDate": on });
    assert_eq!(server.put(&wade.token, SPECIAL, &ending("2026-03-02")).await.codes(), ["KT-CT-1111"]);
    assert_eq!(server.put(&world.reader, SPECIAL, &ending("2026-03-02")).await.codes(), ["KT-CT-4922"]);
    let nothing = json!({ "identifier": "C-00000000", "terminationDate": "2026-03-02" });
    assert_eq!(server.put(&world.staff, SPECIAL, &nothing).await.codes(), ["KT-CT-4923"]);
    let cancelled = async |input: Value| {
        let reply = server.put(&world.staff, SPECIAL, &input).await;
        reply.json["data"]["specialCancelContract"]["cancelledContract"].clone()
    };
    assert_eq!(cancelled(ending("2026-03-01")).await, false, "that is past");
    let mut input = ending("2026-03-02");
    input["contractNote"] = json!({ "reasonSlug": "customer-request", "note": "A bereavement." });
    assert_eq!(cancelled(input.clone()).await, true);
    record::read_back("specialCancelContract");
    assert_eq!(cancelled(input).await, false, "it has ended");
    let contract = server.contract_of(&wade.token, &wade.account, None).await;
    assert_eq!(
        (&contract["status"], &contract["notes"][0]["note"]),
        (&json!("TERMINATED"), &json!("A bereavement."))
    );
    let data = server.ask(Some(&wade.token), STANDING, json!({ "n": wade.account })).await;
    assert_eq!(data["account"]["balance"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_begun_can_be_undone() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let identifier = server.contract(ada, "2026-03-03").await;
    let input = json!({ "identifier": identifier });
    for (token, code) in
        [(&bob.token, "KT-CT-4923"), (&world.partner, "KT-CT-4923"), (&world.reader, "KT-CT-4922")]
    {
        assert_eq!(server.put(token, REVOKE, &input).await.codes(), [code]);
    }
    let revoked = |reply: &Reply| reply.json["data"]["revokeContract"]["contractRevoked"].clone();
    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&ada.token, REVOKE, &input), twin.put(&ada.token, REVOKE, &input));
    let mut done = [revoked(&one), revoked(&other)].map(|done| done == true);
    done.sort_unstable();
    assert_eq!(done, [false, true], "{} {}", one.json, other.json);
    record::read_back("revokeContract");
    let contract = server.contract_of(&ada.token, &ada.account, None).await;
    assert_eq!(
        (&contract["status"], &contract["rescindedAt"]),
        (&json!("RESCINDED"), &json!("2026-03-02T09:30:00+00:00"))
    );
    // Another can be signed in its place, which staff revoke; what has begun is not undone.
    let second = server.contract(ada, "2026-03-03").await;
    let reply = server.put(&world.staff, REVOKE, &json!({ "identifier": second })).await;
    assert_eq!(revoked(&reply), true, "{}", reply.json);
    let contract = server.contract_of(&ada.token, &ada.account, None).await;
    assert_eq!((&contract["status"], &contract["rescindedAt"]), (&json!("REVOKED"), &Value::Null));
    let begun = server.contract(bob, "2026-03-02").await;
    assert_eq!(revoked(&server.put(&bob.token, REVOKE, &json!({ "identifier": begun })).await), false);
}

#[tokio::test]
async fn the_contract_of_an_account_is_cancelled_as_soon_as_it_can_be() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.customer("emma@example.de", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    let input = json!({ "accountNumber": emma.account });
    assert_eq!(server.put(&emma.token, CANCEL, &input).await.codes(), ["KT-CT-10003"]);
    server.contract(&emma, "2026-03-02").await;
    assert_eq!(server.put(&world.ada.token, CANCEL, &input).await.codes(), ["KT-CT-4178"]);
    assert_eq!(server.put(&world.reader, CANCEL, &input).await.codes(), ["KT-CT-1111"]);
    let early = json!({ "accountNumber": emma.account, "lastDayOfSupply": "2026-03-14" });
    let none = json!({ "cancelledContract": false, "lastDayOfSupply": null });
    let reply = server.put(&emma.token, CANCEL, &early).await;
    assert_eq!(reply.json["data"]["cancelContract"], none, "there are two weeks of notice");
    let reply = server.put(&emma.token, CANCEL, &input).await;
    let done = json!({ "cancelledContract": true, "lastDayOfSupply": "2026-03-15" });
    assert_eq!(reply.json["data"]["cancelContract"], done, "{}", reply.json);
    record::read_back("cancelContract");
    let again = server.put(&emma.token, CANCEL, &input).await;
    assert_eq!(again.json["data"]["cancelContract"], none, "it ends already");
    let contract = server.contract_of(&emma.token, &emma.account, None).await;
    assert_eq!(contract["validTo"], "2026-03-15T23:00:00+00:00");
}
