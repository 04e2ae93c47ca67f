//! Centrepay: deductions that are asked for, agreed to, changed and cancelled, and what they bring in.

use kraken_api::domain::payments::centrepay::{self, CentrepayError, Change, NewDeduction};
use serde_json::{Value, json};

use super::nodes;
use crate::support::Server;
use crate::support::world::Customer;

const DEDUCTIONS: &str = "query($n: String!) { centrepayDeductions(accountNumber: $n) { id accountNumber benefitGroup
    serviceReason customerReferenceNumber amount targetAmount validFrom validTo customerGivenName customerFamilyName
    customerDateOfBirth changeStatus } }";

fn pension<'a>(customer: &'a Customer, customer_reference_number: &'a str) -> NewDeduction<'a> {
    NewDeduction {
        account_number: &customer.account,
        benefit_group: "PEN",
        service_reason: "ELE",
        customer_reference_number,
        amount: 4000,
        target_amount: None,
        valid_from: None,
        valid_to: None,
        given_name: "Mia",
        family_name: "Sydney",
        date_of_birth: "1950-04-05".parse().expect("a date"),
    }
}

impl Server {
    async fn australian(&self, email: &'static str) -> Customer {
        self.customer(email, "Mia Sydney", "ORIGIN").await
    }

    /// Has a deduction set up, and hands that in.
    async fn deduct(&self, new: &NewDeduction<'_>) -> Result<i64, CentrepayError> {
        let mut tx = self.tx().await;
        let id = centrepay::set_up(&mut tx, new).await?;
        tx.commit().await?;
        self.work_off().await;
        Ok(id)
    }

    async fn change(&self, deduction: i64, wished: Change) -> Result<(), CentrepayError> {
        let mut tx = self.tx().await;
        centrepay::change(&mut tx, deduction, wished).await?;
        tx.commit().await?;
        self.work_off().await;
        Ok(())
    }

    async fn cancel(&self, deduction: i64) -> Result<(), CentrepayError> {
        let mut tx = self.tx().await;
        centrepay::cancel(&mut tx, deduction).await?;
        tx.commit().await?;
        self.work_off().await;
        Ok(())
    }

    async fn deductions(&self, customer: &Customer) -> Vec<Value> {
        let token = self.again(customer).await;
        let data = self.ask(Some(&token), DEDUCTIONS, json!({ "n": customer.account })).await;
        data["centrepayDeductions"].as_array().expect("deductions").clone()
    }

    /// What the account was paid by Centrepay, the latest first.
    async fn deducted(&self, staff: &str, customer: &Customer) -> Vec<i64> {
        let seen = self.payments(staff, customer).await;
        let ours =
            |node: &&Value| node["paymentTransactionType"] == "CENTREPAY" && node["title"] == "Centrepay";
        let nodes = nodes(&seen["transactions"]);
        nodes.iter().filter(ours).filter_map(|node| node["amount"].as_i64()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deduction_is_paid_each_fortnight_until_its_target() {
    let server = Server::start().await;
    server.world().await;
    let twin = server.twin();
    let mia = server.australian("mia@example.org").await;
    let new = NewDeduction { target_amount: Some(10_000), ..pension(&mia, "204123456t") };
    let id = server.deduct(&new).await.expect("asked for");
    let asked = json!({ "id": id.to_string(), "accountNumber": mia.account, "benefitGroup": "PEN", "serviceReason": "ELE",
        "customerReferenceNumber": "204123456T", "amount": 4000, "targetAmount": 10_000, "validFrom": "2026-03-02",
        "validTo": null, "customerGivenName": "Mia", "customerFamilyName": "Sydney",
        "customerDateOfBirth": "1950-04-05", "changeStatus": "CREATING" });
    assert_eq!(server.deductions(&mia).await, [asked]);
    let mut staff = String::new();
    for (day, paid) in [
        ("2026-03-03", vec![4000]),
        ("2026-03-16", vec![4000]),
        ("2026-03-17", vec![4000, 4000]),
        ("2026-03-31", vec![2000, 4000, 4000]),
        ("2026-04-14", vec![2000, 4000, 4000]),
    ] {
        server.wall.set(format!("{day}T09:00:00Z").parse().expect("a moment"));
        tokio::join!(server.work_off(), twin.work_off());
        staff = server.by(day).await;
        assert_eq!(server.deducted(&staff, &mia).await, paid, "{day}");
        assert_eq!(server.deductions(&mia).await[0]["changeStatus"], Value::Null);
    }
    assert_eq!(server.payments(&staff, &mia).await["balance"], 10_000);
    assert_eq!(server.deductions(&mia).await[0]["validTo"], "2026-04-01", "the day after the last");
    let told = server.letters("centrepay-confirmed").await;
    assert_eq!(told.len(), 1);
    assert!(told[0].body.contains("AUD 40.00"), "{}", told[0].body);
    assert!(matches!(server.cancel(id).await, Err(CentrepayError::Unknown)));
    server.deduct(&new).await.expect("once that is over, there can be another");
    server.books_are_clean().await;
}

#[tokio::test]
async fn numbers_tell_what_becomes_of_a_deduction() {
    let server = Server::start().await;
    server.world().await;
    let mia = server.australian("mia@example.org").await;
    let mut ids = Vec::new();
    for number in
        ["204000001A", "204000002A", "204000003A", "204000004A", "204000005A", "204000007A", "204000008A"]
    {
        ids.push(server.deduct(&pension(&mia, number)).await.expect("asked for"));
    }
    let statuses = async || -> Vec<(String, Value)> {
        let number = |d: &Value| d["customerReferenceNumber"].as_str().expect("a number")[6..9].to_owned();
        server.deductions(&mia).await.iter().map(|d| (number(d), d["changeStatus"].clone())).collect()
    };
    server.minutes_on(11).await;
    assert_eq!(statuses().await.len(), 7, "nobody has answered");
    server.by("2026-03-03").await;
    let standing = |number: &str, status: Value| (number.to_owned(), status);
    assert_eq!(
        statuses().await,
        [
            standing("001", json!("CREATING")),
            standing("004", Value::Null),
            standing("005", Value::Null),
            standing("007", Value::Null),
            standing("008", Value::Null),
        ]
    );
    let told = server.letters("centrepay-refused").await;
    assert_eq!(told.len(), 2);
    assert!(told[0].body.contains("Nobody has this customer reference number."), "{}", told[0].body);
    server.by("2026-03-04").await;
    assert_eq!(statuses().await[0], standing("001", Value::Null));
    let wished = Change { amount: Some(5000), ..Change::default() };
    server.change(ids[3], wished).await.expect("asked for");
    assert_eq!(statuses().await[1], standing("004", json!("CHANGING")));
    server.by("2026-03-05").await;
    assert_eq!(statuses().await[1], standing("004", Value::Null));
    assert_eq!(server.deductions(&mia).await[1]["amount"], 4000, "it stays as it was");
    assert_eq!(server.deductions(&mia).await[2]["validTo"], Value::Null);
    server.through("2026-04-03").await;
    assert_eq!(server.deductions(&mia).await[2]["validTo"], "2026-04-02", "the benefit has stopped");
    let (made,): (i64,) = sqlx::query_as("select count(*) from simulated_benefit_requests")
        .fetch_one(server.database.pool())
        .await
        .expect("a count");
    assert_eq!(made, 8, "one by one name");
    server.books_are_clean().await;
}

#[tokio::test]
async fn a_deduction_changes_and_ends_when_the_agency_agrees() {
    let server = Server::start().await;
    server.world().await;
    let mia = server.australian("mia@example.org").await;
    let id = server.deduct(&pension(&mia, "204123456T")).await.expect("asked for");
    let wished = Change { amount: Some(5000), target_amount: Some(30_000), ..Change::default() };
    assert!(matches!(server.change(id, wished).await, Err(CentrepayError::Waiting)));
    server.by("2026-03-03").await;
    server.change(id, wished).await.expect("asked for");
    assert!(matches!(server.change(id, wished).await, Err(CentrepayError::Waiting)));
    assert!(matches!(server.cancel(id).await, Err(CentrepayError::Waiting)));
    let shown = server.deductions(&mia).await[0].clone();
    assert_eq!((&shown["amount"], &shown["changeStatus"]), (&json!(4000), &json!("CHANGING")));
    server.by("2026-03-04").await;
    let shown = server.deductions(&mia).await[0].clone();
    assert_eq!((&shown["amount"], &shown["targetAmount"]), (&json!(5000), &json!(30_000)));
    assert_eq!(shown["changeStatus"], Value::Null);
    assert!(matches!(server.change(id, wished).await, Err(CentrepayError::Nothing)));
    let staff = server.by("2026-03-17").await;
    assert_eq!(server.deducted(&staff, &mia).await, [5000, 4000]);
    let reached = Change { target_amount: Some(9000), ..Change::default() };
    assert!(matches!(server.change(id, reached).await, Err(CentrepayError::Reached)));
    server.cancel(id).await.expect("asked for");
    assert_eq!(server.deductions(&mia).await[0]["changeStatus"], "CANCELLING");
    server.by("2026-03-18").await;
    let shown = server.deductions(&mia).await[0].clone();
    assert_eq!((&shown["validTo"], &shown["changeStatus"]), (&json!("2026-03-18"), &Value::Null));
    let staff = server.through("2026-04-20").await;
    assert_eq!(server.deducted(&staff, &mia).await, [5000, 4000], "no more comes");
    assert_eq!(server.letters("centrepay-cancelled").await.len(), 1);
    assert!(matches!(server.change(id, reached).await, Err(CentrepayError::Unknown)));
    server.books_are_clean().await;
}

#[tokio::test]
async fn a_deduction_that_has_an_end_is_paid_until_then_even_if_no_server_was_there() {
    let server = Server::start().await;
    server.world().await;
    let mia = server.australian("mia@example.org").await;
    let new = NewDeduction {
        valid_from: "2026-03-10".parse().ok(),
        valid_to: "2026-04-21".parse().ok(),
        ..pension(&mia, "204123456T")
    };
    server.deduct(&new).await.expect("asked for");
    server.by("2026-03-09").await;
    // The 10th and 24th of March, and the 7th of April; the 21st is not in it any more.
    server.by("2026-06-01").await;
    for _ in 0..4 {
        server.minutes_on(11).await;
    }
    let staff = server.by("2026-06-02").await;
    assert_eq!(server.deducted(&staff, &mia).await, [4000, 4000, 4000]);
    assert_eq!(server.deductions(&mia).await[0]["validTo"], "2026-04-21");
}

#[tokio::test]
async fn deductions_are_for_those_who_see_the_account() {
    let server = Server::start().await;
    let world = server.world().await;
    let mia = server.australian("mia@example.org").await;
    server.deduct(&pension(&mia, "204123456T")).await.expect("asked for");
    for token in [&world.staff, &world.reader, &mia.token] {
        let data = server.ask(Some(token), DEDUCTIONS, json!({ "n": mia.account })).await;
        assert_eq!(data["centrepayDeductions"].as_array().map(Vec::len), Some(1));
    }
    for (token, number) in [
        (&world.ada.token, mia.account.as_str()),
        (&world.partner, mia.account.as_str()),
        (&mia.token, "A-00000000"),
    ] {
        let reply = server.send(Some(token), DEDUCTIONS, json!({ "n": number })).await;
        assert_eq!(reply.codes(), ["KT-CT-3823"]);
    }
    // Nobody in another market has any, and there is nothing wrong with asking.
    let data = server.ask(Some(&world.ada.token), DEDUCTIONS, json!({ "n": world.ada.account })).await;
    assert_eq!(data["centrepayDeductions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_deducted_is_not_asked_for() {
    let server = Server::start().await;
    let world = server.world().await;
    let mia = server.australian("mia@example.org").await;
    let good = pension(&mia, "204123456T");
    let day = |text: &str| text.parse().ok();
    for (new, why) in [
        (pension(&world.ada, "204123456T"), "no ledger"),
        (NewDeduction { account_number: "A-00000000", ..good }, "no ledger"),
        (NewDeduction { service_reason: "GAS", ..good }, "no ledger"),
        (NewDeduction { customer_reference_number: "20412345T", ..good }, "nine digits"),
        (NewDeduction { benefit_group: "XYZ", ..good }, "group of benefits"),
        (NewDeduction { amount: 999, ..good }, "too small"),
        (NewDeduction { target_amount: Some(3999), ..good }, "more than the target"),
        (NewDeduction { valid_from: day("2026-03-01"), ..good }, "begin today or later"),
        (NewDeduction { valid_to: day("2026-03-02"), ..good }, "end after that"),
        (NewDeduction { given_name: " ", ..good }, "name"),
        (NewDeduction { date_of_birth: "2026-03-02".parse().expect("a date"), ..good }, "date of birth"),
    ] {
        let error = server.deduct(&new).await.expect_err(why).to_string();
        assert!(error.contains(why), "{error} instead of {why}");
    }
    let (one, two) = tokio::join!(server.deduct(&good), server.deduct(&good));
    assert_eq!([&one, &two].iter().filter(|asked| asked.is_ok()).count(), 1);
    assert!([one, two].iter().any(|asked| matches!(asked, Err(CentrepayError::Already))));
}
