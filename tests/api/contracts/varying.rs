//! Varying terms: a further version from a day on.

use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use super::{VARY, term, types};
use crate::support::{Server, record};

fn late(flat: i64) -> Value {
    json!({ "latepaymentfees": { "flatFeeAmount": flat } })
}

#[tokio::test]
async fn a_variation_makes_a_version_and_earlier_ones_stay() {
    let server = Server::start().await;
    let wade = server.texan().await;
    let staff = server.member_of_staff("staff@example.org", "billing").await;
    let identifier = server.contract(&wade, "2026-03-02").await;
    let before = server.contract_of(&wade.token, &wade.account, None).await;
    let input = json!({ "identifier": identifier, "applicableAtDate": "2026-03-10T05:00:00Z",
        "terms": [late(500), { "contractmetadata": { "metadata": "{\"ref\": 7}", "isVariable": false } },
            { "terminationfee": { "amount": "2500", "feeType": "FIXED", "marketName": "USA_ELECTRICITY" } },
            { "minimumcontractlength": { "length": 2, "unitOfTime": "YEARS" } }],
        "contractNote": { "reasonSlug": "renegotiated", "note": "By telephone." } });
    let reply = server.put(&staff, VARY, &input).await;
    let second = json!({ "versionReference": 2, "effectiveFrom": "2026-03-10T05:00:00+00:00" });
    assert_eq!(
        reply.json["data"]["varyContractTerms"]["contract"],
        json!({ "identifier": identifier, "lifecycle": second })
    );
    record::read_back("varyContractTerms");

    let after = server.contract_of(&wade.token, &wade.account, None).await;
    assert_eq!(after["lifecycle"], second);
    let fees = term(&after, "LatePaymentFeesType");
    assert_eq!((&fees["flatFeeAmount"], &fees["percentageFee"]), (&json!("500"), &Value::Null));
    assert_eq!(term(&after, "ContractMetaDataType")["metadata"], "{\"ref\":7}");
    assert_eq!(term(&after, "TerminationFeeType")["amount"], "2500");
    assert_eq!(term(&after, "MinimumContractLengthType")["unitOfTime"], "YEARS");
    assert_eq!(term(&after, "BillDueDateType"), term(&before, "BillDueDateType"), "it is carried over");
    let note = &after["notes"][0];
    assert_eq!(
        (&note["note"], &note["activityType"]),
        (&json!("By telephone."), &json!("CONTRACT_VARIATION_STARTED"))
    );
    assert_eq!(note["reason"]["slug"], "renegotiated");
    assert_eq!(server.contract_of(&wade.token, &wade.account, Some(1)).await, before);

    // What was agreed not to vary does not; nothing is taken away that is not there.
    let metadata = json!({ "contractmetadata": { "metadata": "{}" } });
    let no_debit = json!({ "paysbydirectdebit": { "paysByDirectDebit": false } });
    for (term, code) in [(metadata, "KT-CT-10012"), (no_debit, "KT-CT-10011")] {
        let input = json!({ "identifier": identifier, "terms": [term] });
        assert_eq!(server.put(&staff, VARY, &input).await.codes(), [code]);
    }
    // Without a day it holds as soon as it can.
    let input = json!({ "identifier": identifier, "terms": [{ "latepaymentfees": {} }] });
    let reply = server.put(&staff, VARY, &input).await;
    let lifecycle = &reply.json["data"]["varyContractTerms"]["contract"]["lifecycle"];
    assert_eq!(*lifecycle, json!({ "versionReference": 3, "effectiveFrom": "2026-03-10T05:00:00+00:00" }));
    let last = server.contract_of(&wade.token, &wade.account, None).await;
    assert!(!types(&last).contains(&"LatePaymentFeesType"), "{last}");
}

#[tokio::test]
async fn what_cannot_be_agreed_changes_nothing() {
    let server = Server::start().await;
    let wade = server.texan().await;
    let staff = server.member_of_staff("staff@example.org", "billing").await;
    server.signs(&wade, "2026-01-01", Some("2026-09-01")).await.expect("signed");
    let before = server.contract_of(&wade.token, &wade.account, None).await;
    let identifier = &before["identifier"];
    let fine = json!([late(500)]);
    let day = |day: &str| json!({ "identifier": identifier, "terms": fine, "applicableAtDate": day });
    let terms = |terms: Value| json!({ "identifier": identifier, "terms": terms });
    let fee = |amount: &str, market: &str| {
        terms(json!([{ "terminationfee": { "amount": amount, "feeType": "FIXED", "marketName": market } }]))
    };
    for (input, code) in [
        (json!({ "identifier": "C-00000000", "terms": fine }), "KT-CT-10003"),
        (json!({ "terms": fine }), "KT-CT-10003"),
        (day("2026-03-01T06:00:00Z"), "KT-CT-10011"),
        (day("2026-03-10T00:00:00Z"), "KT-CT-10011"),
        (day("2026-09-01T05:00:00Z"), "KT-CT-10011"),
        (terms(json!([])), "KT-CT-10011"),
        (terms(json!([{}])), "KT-CT-10011"),
        (terms(json!([late(0)])), "KT-CT-10011"),
        (terms(json!([late(5), late(6)])), "KT-CT-10011"),
        (terms(json!([{ "latepaymentfees": { "percentageFee": "5" } }])), "KT-CT-10011"),
        (
            terms(json!([{ "latepaymentfees": { "percentageFee": "500", "percentageIntervalDays": 30 } }])),
            "KT-CT-10011",
        ),
        (terms(json!([{ "latepaymentfees": {}, "billduedate": { "numberOfDays": 3 } }])), "KT-CT-10011"),
        (terms(json!([{ "billduedate": {} }])), "KT-CT-10011"),
        (terms(json!([{ "billduedate": { "numberOfDays": 900 } }])), "KT-CT-10011"),
        (terms(json!([{ "minimumcontractlength": { "length": 1, "unitOfTime": "AGES" } }])), "KT-CT-10011"),
        (fee("0.5", "USA_ELECTRICITY"), "KT-CT-10011"),
        (fee("5", "GBR_GAS"), "KT-CT-10011"),
        (terms(json!([{ "paysbydirectdebit": { "paysByDirectDebit": true } }])), "KT-CT-10012"),
        (
            json!({ "identifier": identifier, "terms": fine, "contractNote": { "reasonSlug": "moving-out" } }),
            "KT-CT-10011",
        ),
        (
            json!({ "identifier": identifier, "terms": fine, "contractNote": { "reasonSlug": "whim" } }),
            "KT-CT-10011",
        ),
    ] {
        let reply = server.put(&staff, VARY, &input).await;
        assert_eq!(reply.codes(), [code], "{input}: {}", reply.json);
    }
    assert_eq!(server.contract_of(&wade.token, &wade.account, None).await, before);
    server.wall.set("2026-09-02T12:00:00Z".parse().expect("a moment"));
    let staff = server.member_of_staff("later@example.org", "billing").await;
    assert_eq!(server.put(&staff, VARY, &terms(fine)).await.codes(), ["KT-CT-10011"], "it has ended");
}

#[tokio::test]
async fn only_whoever_manages_contracts_varies_them() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let identifier = server.contract(ada, "2026-03-02").await;
    let input = json!({ "identifier": identifier, "terms": [late(500)] });
    let (id, manager) = server.organisation("Desk Ltd", &["view-accounts", "manage-contracts"]).await;
    for (token, code) in [
        (&ada.token, "KT-CT-1111"),
        (&world.reader, "KT-CT-1111"),
        (&world.partner, "KT-CT-1111"),
        (&manager, "KT-CT-10003"),
    ] {
        assert_eq!(server.put(token, VARY, &input).await.codes(), [code]);
    }
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let reply = server.put(&manager, VARY, &input).await;
    assert!(reply.errors().is_empty(), "{}", reply.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_variations_at_once_are_two_versions() {
    let server = Server::start().await;
    let wade = server.texan().await;
    let staff = server.member_of_staff("staff@example.org", "billing").await;
    let identifier = server.contract(&wade, "2026-03-02").await;
    let twin = server.twin();
    let due = json!({ "identifier": identifier, "terms": [{ "billduedate": { "numberOfDays": 7 } }] });
    let fee = json!({ "identifier": identifier, "terms": [late(700)] });
    let (one, other) = tokio::join!(server.put(&staff, VARY, &due), twin.put(&staff, VARY, &fee));
    assert!(one.errors().is_empty() && other.errors().is_empty(), "{} {}", one.json, other.json);
    let after = server.contract_of(&wade.token, &wade.account, None).await;
    assert_eq!(after["lifecycle"]["versionReference"], 3);
    assert_eq!(term(&after, "LatePaymentFeesType")["flatFeeAmount"], "700", "neither is lost");
    let days = "select t.due_days from contract_terms t where t.kind = 'BILL_DUE_DATE' and t.version = 3";
    let days: i32 = sqlx::query_scalar(days).fetch_one(server.database.pool()).await.expect("days");
    assert_eq!(days, 7);
}

#[tokio::test]
async fn payment_by_direct_debit_ends_with_the_mandate() {
    let server = Server::start().await;
    let wade = server.texan().await;
    server.pays_by(&wade, "DIRECT_DEBIT").await;
    server.contract(&wade, "2026-03-02").await;
    server.work_off().await;
    let contract = server.contract_of(&wade.token, &wade.account, None).await;
    assert!(types(&contract).contains(&"PaysByDirectDebitType"), "{contract}");
    server
        .tamper(
            "update payment_instructions set status = 'FAILED', valid_to = now(), ended_because = 'CANCELLED_BY_BANK'",
        )
        .await;
    server.wall.set(server.wall.now() + chrono::TimeDelta::hours(2));
    let twin = server.twin();
    tokio::join!(server.work_off(), twin.work_off());
    server.wall.set(server.wall.now() + chrono::TimeDelta::hours(2));
    server.work_off().await;
    let token = server.again(&wade).await;
    let contract = server.contract_of(&token, &wade.account, None).await;
    assert_eq!(contract["lifecycle"]["versionReference"], 2, "it ends once");
    assert!(!types(&contract).contains(&"PaysByDirectDebitType"), "{contract}");
    assert_eq!(contract["notes"][0]["reason"]["slug"], "direct-debit-ended");
}
