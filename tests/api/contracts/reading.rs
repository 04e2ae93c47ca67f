//! Who reads which contract, in which version.

use kraken_api::domain::auth::organisations;
use kraken_api::domain::contracts::sign::SignError;
use kraken_api::domain::supply::identifiers::MarketName;
use serde_json::{Value, json};

use super::{CONTRACT, term, types};
use crate::support::Server;

const OF_BUSINESS: &str = "query($i: String, $n: String, $v: Int) {
    businessContract(identifier: $i, accountNumber: $n, version: $v) { identifier status
        party { __typename ... on AccountType { number } ... on BusinessType { id name } } subject { number }
        terms { __typename ... on LatePaymentFeesType { flatFeeAmount percentageFee } } } }";
const CONTRACTS: &str = "query($f: ContractFiltersInput!) {
    contracts(filters: $f) { identifier status party { __typename } validFrom validTo } }";
const REASONS: &str = "query($t: [ContractActivityTypeOptions]) {
    contractNoteReasons(activityTypes: $t) { slug description activityTypes } }";

#[tokio::test]
async fn a_contract_is_read_with_its_terms() {
    let server = Server::start().await;
    let wade = server.texan().await;
    let houston = ("1008901000000000000001", "LZ_HOUSTON");
    let point = server.supply(&wade, MarketName::UsaElectricity, houston, "2026-03-02").await;
    server.agree(&wade, point, "USA-FIX-12M-24", "2026-03-02").await;
    server.pays_by(&wade, "DIRECT_DEBIT").await;
    let identifier = server.contract(&wade, "2026-03-02").await;

    let contract = server.contract_of(&wade.token, &wade.account, None).await;
    assert_eq!(contract["identifier"], identifier);
    assert_eq!(contract["party"], json!({ "__typename": "AccountType", "number": wade.account }));
    assert_eq!(contract["subject"], json!([{ "number": wade.account }]));
    assert_eq!((&contract["status"], &contract["title"]), (&json!("ACTIVE"), &json!("Terms of service")));
    assert_eq!(contract["validFrom"], "2026-03-02T06:00:00+00:00");
    assert_eq!(contract["signedAt"], "2026-03-02T09:30:00+00:00");
    for none in ["validTo", "cancelledAt", "rescindedAt"] {
        assert_eq!(contract[none], Value::Null, "{none}");
    }
    let first = json!({ "versionReference": 1, "effectiveFrom": "2026-03-02T06:00:00+00:00" });
    assert_eq!((&contract["lifecycle"], &contract["notes"]), (&first, &json!([])));
    assert_eq!(
        types(&contract),
        [
            "BillDueDateType",
            "PaysByDirectDebitType",
            "LatePaymentFeesType",
            "MinimumContractLengthType",
            "TerminationFeeType"
        ]
    );
    assert_eq!(
        *term(&contract, "LatePaymentFeesType"),
        json!({ "__typename": "LatePaymentFeesType", "type": "LATE_PAYMENT_FEES", "identifier": "late-payment-fees",
            "displayName": "Fees for paying late", "isVariable": true, "flatFeeAmount": "1000", "percentageFee": "5",
            "percentageIntervalDays": "30",
            "description": "A bill that is not paid by its due date costs a fee, a share of what is overdue for every \
                interval, or both." })
    );
    let debit = term(&contract, "PaysByDirectDebitType");
    assert_eq!(
        (&debit["identifier"], &debit["type"]),
        (&json!("pays-by-direct-debit"), &json!("PAYS_BY_DIRECT_DEBIT"))
    );
    let length = term(&contract, "MinimumContractLengthType");
    assert_eq!((&length["length"], &length["unitOfTime"]), (&json!(12), &json!("MONTHS")));
    assert_eq!(length["isVariable"], false);
    let fee = term(&contract, "TerminationFeeType");
    assert_eq!((&fee["amount"], &fee["marketName"]), (&json!("15000"), &json!("USA_ELECTRICITY")));
    assert_eq!(fee["identifier"], "termination-fee-usa-electricity");

    let by_identifier = server.ask(Some(&wade.token), CONTRACT, json!({ "i": identifier, "v": 1 })).await;
    assert_eq!(by_identifier["accountContract"], contract);
    let listed = json!({ "party": { "account": wade.account } });
    let listed = server.ask(Some(&wade.token), CONTRACTS, json!({ "f": listed })).await;
    assert_eq!(listed["contracts"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["contracts"][0]["identifier"], identifier);
}

#[tokio::test]
async fn contracts_follow_each_other() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    for (from, to) in
        [("2025-01-01", Some("2026-01-01")), ("2026-01-01", Some("2026-06-01")), ("2026-06-01", None)]
    {
        server.signs(ada, from, to).await.expect("signed");
    }
    for (from, to) in [("2025-06-01", Some("2025-07-01")), ("2030-01-01", None)] {
        assert!(matches!(server.signs(ada, from, to).await, Err(SignError::Signed)), "{from}");
    }
    assert!(matches!(server.signs(ada, "2024-02-01", Some("2024-02-01")).await, Err(SignError::NoDay)));
    let listed = json!({ "party": { "account": ada.account } });
    let listed = server.ask(Some(&ada.token), CONTRACTS, json!({ "f": listed })).await;
    let listed = listed["contracts"].as_array().expect("contracts");
    let statuses: Vec<&Value> = listed.iter().map(|contract| &contract["status"]).collect();
    assert_eq!(statuses, ["PENDING", "ACTIVE", "EXPIRED"]);
    let contract = server.contract_of(&ada.token, &ada.account, None).await;
    assert_eq!(contract["validTo"], "2026-05-31T23:00:00+00:00", "the one that is in force");
    assert_eq!(types(&contract), ["BillDueDateType"], "households here pay nothing for paying late");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_at_once_signs_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let twin = server.twin();
    let (one, other) = tokio::join!(
        server.signs(&world.ada, "2026-03-02", None),
        twin.signs(&world.ada, "2026-03-05", None)
    );
    let refused: Vec<SignError> = [one, other].into_iter().filter_map(Result::err).collect();
    assert!(matches!(refused[..], [SignError::Signed]), "{refused:?}");
}

#[tokio::test]
async fn the_party_to_a_businesses_contract_is_the_business() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let business = server.business(&world.staff, "1").await;
    server.share(ada.account_id, &business).await;
    let identifier = server.contract(ada, "2026-03-02").await;
    let data = server.ask(Some(&ada.token), OF_BUSINESS, json!({ "n": ada.account })).await;
    let contract = &data["businessContract"];
    assert_eq!(contract["identifier"], identifier);
    assert_eq!(
        contract["party"],
        json!({ "__typename": "BusinessType", "id": business, "name": "Reef Ltd" })
    );
    assert_eq!(contract["subject"], json!([{ "number": ada.account }]));
    let late =
        json!({ "__typename": "LatePaymentFeesType", "flatFeeAmount": "4000", "percentageFee": "0.65" });
    assert_eq!(contract["terms"], json!([{ "__typename": "BillDueDateType" }, late]));
    let listed = json!({ "party": { "business": business.parse::<i64>().expect("an id") } });
    let listed = server.ask(Some(&world.reader), CONTRACTS, json!({ "f": listed })).await;
    assert_eq!(listed["contracts"][0]["identifier"], identifier);
    // It is no contract of the account's own.
    for query in [json!({ "n": ada.account }), json!({ "i": identifier })] {
        assert_eq!(server.send(Some(&ada.token), CONTRACT, query).await.codes(), ["KT-CT-10003"]);
    }
    let query = json!({ "i": identifier, "v": 2 });
    assert_eq!(server.send(Some(&ada.token), OF_BUSINESS, query).await.codes(), ["KT-CT-10003"]);
    assert_eq!(server.send(Some(&ada.token), OF_BUSINESS, json!({})).await.codes(), ["KT-CT-10005"]);
    let strange = json!({ "n": ada.account });
    assert_eq!(server.send(Some(&world.bob.token), OF_BUSINESS, strange).await.codes(), ["KT-CT-10006"]);
}

#[tokio::test]
async fn what_is_nobodys_business_is_not_there() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let identifier = server.contract(ada, "2026-03-02").await;
    let mine = json!({ "party": { "account": ada.account } });
    for (token, query, code) in [
        (&ada.token, json!({}), "KT-CT-10005"),
        (&ada.token, json!({ "n": "A-00000000" }), "KT-CT-10006"),
        (&bob.token, json!({ "n": ada.account }), "KT-CT-10006"),
        (&bob.token, json!({ "i": identifier, "n": ada.account }), "KT-CT-10006"),
        (&world.partner, json!({ "n": ada.account }), "KT-CT-10006"),
        (&bob.token, json!({ "i": identifier }), "KT-CT-10003"),
        (&world.partner, json!({ "i": identifier }), "KT-CT-10003"),
        (&bob.token, json!({ "n": bob.account }), "KT-CT-10003"),
        (&ada.token, json!({ "i": "C-00000000" }), "KT-CT-10003"),
        (&ada.token, json!({ "i": identifier, "v": 2 }), "KT-CT-10003"),
        (&ada.token, json!({ "i": identifier, "v": 0 }), "KT-CT-10003"),
        (&world.staff, json!({ "i": identifier, "n": bob.account }), "KT-CT-10003"),
    ] {
        assert_eq!(server.send(Some(token), CONTRACT, query.clone()).await.codes(), [code], "{query}");
    }
    for token in [&bob.token, &world.partner] {
        let listed = server.ask(Some(token), CONTRACTS, json!({ "f": mine })).await;
        assert_eq!(listed["contracts"], json!([]));
    }
    for (filters, code) in [
        (json!({}), "KT-CT-10029"),
        (json!({ "subject": ada.account }), "KT-CT-10030"),
        (json!({ "party": {} }), "KT-CT-10031"),
        (json!({ "party": { "account": ada.account, "business": 1 } }), "KT-CT-10031"),
    ] {
        let reply = server.send(Some(&ada.token), CONTRACTS, json!({ "f": filters })).await;
        assert_eq!(reply.codes(), [code], "{filters}");
    }
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, world.partner_id, ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    for token in [&world.partner, &world.reader] {
        assert_eq!(server.contract_of(token, &ada.account, None).await["identifier"], identifier);
    }
}

#[tokio::test]
async fn reasons_are_those_of_an_activity() {
    let server = Server::start().await;
    let world = server.world().await;
    let slugs = async |types: Value| -> Vec<String> {
        let data = server.ask(Some(&world.staff), REASONS, json!({ "t": types })).await;
        let reasons = data["contractNoteReasons"].as_array().expect("reasons").clone();
        reasons.iter().map(|reason| reason["slug"].as_str().expect("a slug").to_owned()).collect()
    };
    let all = slugs(Value::Null).await;
    assert_eq!(all.len(), 7);
    assert_eq!(slugs(json!(["ALL_ACTIVITY_TYPES"])).await, all);
    let varying = ["correction", "customer-request", "direct-debit-ended", "renegotiated"];
    assert_eq!(slugs(json!(["CONTRACT_VARIATION_STARTED"])).await, varying);
    let data =
        server.ask(Some(&world.staff), REASONS, json!({ "t": ["CONTRACT_TERMINATION_STARTED"] })).await;
    let any = json!({ "slug": "customer-request", "description": "The customer asked for it.",
        "activityTypes": ["ALL_ACTIVITY_TYPES"] });
    assert!(data["contractNoteReasons"].as_array().expect("reasons").contains(&any), "{data}");
}
