//! `collectPayment`, `amendPayment` and `cancelPayment`.

use serde_json::{Value, json};

use super::{COLLECT, nodes, wanted};
use crate::support::{Server, record};

const AMEND: &str = "mutation($i: AmendPaymentInput!) { amendPayment(input: $i) { payment { id amount paymentDate status } } }";
const CANCEL: &str =
    "mutation($i: CancelPaymentInput!) { cancelPayment(input: $i) { payment { id status } } }";

#[tokio::test]
async fn a_payment_is_told_sent_and_cleared() {
    let server = Server::start().await;
    let world = server.world().await;
    let instruction = server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    let ledger = server.main_ledger_id(&world.ada).await;
    // The 2nd of March is a Monday. Bacs wants the order two working days before, so Saturday the 7th becomes Monday.
    let asked = wanted(&world.ada, ledger, 4500, "2026-03-07", "one");
    let data = server.ask(Some(&world.ada.token), COLLECT, asked).await;
    let payment = data["collectPayment"]["payment"].clone();
    let id = payment["id"].clone();
    assert_eq!(
        payment,
        json!({ "id": id, "amount": 4500, "paymentDate": "2026-03-09", "reference": "Extra payment",
            "transactionType": "DD_FIRST_COLLECTION", "status": "REQUESTED", "surchargeAmount": 0,
            "paymentInstruction": { "id": instruction.to_string() } })
    );
    let told = server.letters("payment-notice").await;
    assert_eq!(told.len(), 1);
    assert!(told[0].body.contains("GBP 45.00 on 2026-03-09"), "{}", told[0].body);
    let status = async |token: &str| {
        let seen = server.payments(token, &world.ada).await;
        (nodes(&seen["payments"])[0]["status"].clone(), seen["balance"].clone())
    };
    assert_eq!(status(&world.ada.token).await, (json!("SCHEDULED"), json!(0)));
    record::read_back("collectPayment");
    // Sent on Thursday, two working days before, and there two working days after.
    let staff = server.by("2026-03-04").await;
    assert_eq!(status(&staff).await.0, "SCHEDULED");
    let staff = server.by("2026-03-05").await;
    assert_eq!(status(&staff).await, (json!("PENDING"), json!(0)));
    let staff = server.by("2026-03-10").await;
    assert_eq!(status(&staff).await.0, "PENDING");
    let staff = server.by("2026-03-11").await;
    assert_eq!(status(&staff).await, (json!("CLEARED"), json!(4500)));
    let seen = server.payments(&staff, &world.ada).await;
    assert_eq!(
        nodes(&seen["transactions"]),
        [json!({ "__typename": "Payment", "title": "Direct debit", "amount": 4500, "isReversed": false,
            "isLateFailedPayment": false, "paymentTransactionType": "DD_FIRST_COLLECTION" })]
    );
    let asked = wanted(&world.ada, ledger, 700, "2026-03-20", "two");
    let second = server.ask(Some(&staff), COLLECT, asked).await;
    assert_eq!(second["collectPayment"]["payment"]["transactionType"], "DD_REGULAR_COLLECTION");
    let only =
        server.ask(Some(&staff), super::PAYMENTS, json!({ "n": world.ada.account, "s": "CLEARED" })).await;
    assert_eq!(only["account"]["payments"]["totalCount"], 1);
    server.books_are_clean().await;
}

#[tokio::test]
async fn what_is_not_sent_yet_can_be_changed_and_called_off() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pays_by(&world.ada, "CARD").await;
    let ledger = server.main_ledger_id(&world.ada).await;
    let ada = world.ada.token.as_str();
    let asked = wanted(&world.ada, ledger, 4500, "2026-03-07", "one");
    let data = server.ask(Some(ada), COLLECT, asked).await;
    let id = data["collectPayment"]["payment"]["id"].as_str().expect("an id").to_owned();
    // Cards are charged on any day.
    assert_eq!(data["collectPayment"]["payment"]["paymentDate"], "2026-03-07");
    assert_eq!(data["collectPayment"]["payment"]["transactionType"], "CREDIT_CARD");
    server.by("2026-03-05").await;

    let number: i64 = id.parse().expect("a number");
    let amended = |amount: i64, day: &str| {
        json!({ "i": { "accountNumber": world.ada.account, "paymentId": number, "amount": amount, "paymentDate": day,
            "reason": "pay day" } })
    };
    let ada = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    let data = server.ask(Some(&ada), AMEND, amended(2000, "2026-03-08")).await;
    assert_eq!(
        data["amendPayment"]["payment"],
        json!({ "id": id, "amount": 2000, "paymentDate": "2026-03-08", "status": "REQUESTED" })
    );
    assert_eq!(server.letters("payment-notice").await.len(), 1, "not before the notice of the new day");
    server.by("2026-03-06").await;
    assert_eq!(server.letters("payment-notice").await.len(), 2, "told anew");
    let ada = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    let seen = server.payments(&ada, &world.ada).await;
    assert_eq!(nodes(&seen["payments"])[0]["amount"], 2000);
    record::read_back("amendPayment");

    let off =
        json!({ "i": { "accountNumber": world.ada.account, "paymentId": id, "reason": "paid by hand" } });
    // While somebody works on it, nobody waits.
    let mut held = server.tx().await;
    sqlx::query("select 1 from account_payments where id = $1 for update")
        .bind(number)
        .execute(&mut held)
        .await
        .expect("held");
    assert_eq!(server.send(Some(&ada), CANCEL, off.clone()).await.codes(), ["KT-CT-3956"]);
    held.rollback().await.expect("let go");
    let data = server.ask(Some(&ada), CANCEL, off.clone()).await;
    assert_eq!(data["cancelPayment"]["payment"], json!({ "id": id, "status": "DELETED" }));
    assert_eq!(server.send(Some(&ada), CANCEL, off).await.codes(), ["KT-CT-3954"]);
    assert_eq!(server.send(Some(&ada), AMEND, amended(1, "2026-03-09")).await.codes(), ["KT-CT-3970"]);
    let staff = server.through("2026-03-20").await;
    let seen = server.payments(&staff, &world.ada).await;
    assert_eq!((&seen["balance"], &nodes(&seen["payments"])[0]["status"]), (&json!(0), &json!("DELETED")));
    record::read_back("cancelPayment");
    let kept: Vec<(String, Option<String>)> =
        sqlx::query_as("select kind, reason from account_payment_changes order by id")
            .fetch_all(server.database.pool())
            .await
            .expect("changes");
    assert_eq!(
        kept,
        [("amended".to_owned(), Some("pay day".into())), ("cancelled".into(), Some("paid by hand".into()))]
    );
}

#[tokio::test]
async fn what_cannot_be_collected_is_refused_with_its_code() {
    let server = Server::start().await;
    let world = server.world().await;
    let ledger = server.main_ledger_id(&world.ada).await;
    let good = wanted(&world.ada, ledger, 4500, "2026-03-09", "one");
    let collect = async |token: &str, change: &[(&str, Value)]| {
        let mut input = good.clone();
        for (field, value) in change {
            input["i"][*field] = value.clone();
        }
        server.send(Some(token), COLLECT, input).await.codes().join(" ")
    };
    let ada = world.ada.token.as_str();
    assert_eq!(collect(ada, &[]).await, "KT-CT-3967", "nothing to collect from");
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    assert_eq!(collect(ada, &[("collectionMethod", json!("CARD"))]).await, "KT-CT-3967");
    assert_eq!(collect(ada, &[("ledgerId", json!("1 L-00000001"))]).await, "KT-CT-3820");
    assert_eq!(collect(ada, &[("ledgerId", json!("main"))]).await, "KT-CT-3821");
    assert_eq!(collect(ada, &[("ledgerId", json!("1"))]).await, "KT-CT-3943");
    assert_eq!(collect(ada, &[("paymentDate", json!("2026-03-01"))]).await, "KT-CT-3932");
    assert_eq!(collect(ada, &[("accountNumber", json!(world.bob.account))]).await, "KT-CT-4177");
    assert_eq!(collect(&world.reader, &[]).await, "KT-CT-1111");
    for (field, value) in [
        ("amount", json!(0)),
        ("amount", json!(-1)),
        ("description", json!(" ")),
        ("idempotencyKey", json!("")),
    ] {
        assert_eq!(collect(ada, &[(field, value)]).await, "KT-CT-1605", "{field}");
    }
    // Two servers are asked at once; one key, one payment.
    let twin = server.twin();
    let (one, two) = tokio::join!(
        server.send(Some(ada), COLLECT, good.clone()),
        twin.send(Some(ada), COLLECT, good.clone())
    );
    let mut codes = [one.codes().join(" "), two.codes().join(" ")];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-1605"]);
    assert_eq!(collect(ada, &[("amount", json!(1))]).await, "KT-CT-1605");
    let seen = server.payments(ada, &world.ada).await;
    assert_eq!(seen["payments"]["totalCount"], 1);

    let id = nodes(&seen["payments"])[0]["id"].as_str().expect("an id").to_owned();
    let amend = async |token: &str, account: &str, payment: i64, amount: i64, day: &str| {
        let input = json!({ "i": { "accountNumber": account, "paymentId": payment, "amount": amount, "paymentDate": day } });
        server.send(Some(token), AMEND, input).await.codes().join(" ")
    };
    let number: i64 = id.parse().expect("a number");
    let bob = world.bob.token.as_str();
    assert_eq!(amend(ada, &world.bob.account, number, 1, "2026-03-09").await, "KT-CT-4123");
    assert_eq!(amend(bob, &world.bob.account, number, 1, "2026-03-09").await, "KT-CT-3924");
    assert_eq!(amend(ada, &world.ada.account, number, 0, "2026-03-09").await, "KT-CT-1605");
    assert_eq!(amend(ada, &world.ada.account, number, 1, "2026-02-09").await, "KT-CT-1605");
    let cancel = async |token: &str, account: &str, payment: &str| {
        let input = json!({ "i": { "accountNumber": account, "paymentId": payment } });
        server.send(Some(token), CANCEL, input).await.codes().join(" ")
    };
    assert_eq!(cancel(ada, &world.bob.account, &id).await, "KT-CT-3924");
    assert_eq!(cancel(bob, &world.bob.account, &id).await, "KT-CT-3924");
    assert_eq!(cancel(ada, &world.ada.account, "x").await, "KT-CT-3924");
    server.by("2026-03-05").await;
    let ada = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    assert_eq!(cancel(&ada, &world.ada.account, &id).await, "KT-CT-3955", "the bank knows of it");
    assert_eq!(amend(&ada, &world.ada.account, number, 1, "2026-03-19").await, "KT-CT-3970");
}
