//! By what ledgers are paid: an instruction, or by hand, from a day on.

use chrono::Days;
use kraken_api::domain::payments::held_schedules::{self, NewSchedule};
use kraken_api::platform::money::Minor;
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::payments::british;
use crate::support::world::Customer;
use crate::support::{Server, record};

const SET: &str = "mutation($i: SetPaymentPreferenceInput!) { setPaymentPreference(input: $i) { possibleErrors { code } } }";
const STOP: &str = "mutation($i: StopAutomatedPaymentsInput!) { stopAutomatedPayments(input: $i) { possibleErrors { code } } }";
const CHOSEN: &str = "query($n: String!) { account(accountNumber: $n) {
    paymentPreferences(first: 9) { totalCount edges { node { __typename
        ... on PreferredInstruction { forPaymentsAfter status paymentMethod { id } }
        ... on UserManagedPayment { forPaymentsAfter } } } }
    ledgers { paymentPreferences(first: 9) { edges { node { __typename } } } } }
    defaultPaymentInstruction(accountNumber: $n) { id } }";

fn chosen(id: &Value, from: &str, status: &str) -> Value {
    json!({ "__typename": "PreferredInstruction", "forPaymentsAfter": from, "status": status, "paymentMethod": { "id": id } })
}

fn by_hand(from: &str) -> Value {
    json!({ "__typename": "UserManagedPayment", "forPaymentsAfter": from })
}

impl Server {
    /// What was chosen for an account, the latest first.
    async fn chosen_for(&self, customer: &Customer) -> Vec<Value> {
        let token = self.again(customer).await;
        let data = self.ask(Some(&token), CHOSEN, json!({ "n": customer.account })).await;
        let edges = data["account"]["paymentPreferences"]["edges"].as_array().expect("edges").clone();
        assert_eq!(data["account"]["paymentPreferences"]["totalCount"], edges.len());
        let of_ledger = &data["account"]["ledgers"][0]["paymentPreferences"]["edges"];
        assert_eq!(of_ledger.as_array().map(Vec::len), Some(edges.len()));
        edges.into_iter().map(|edge| edge["node"].clone()).collect()
    }

    async fn default_of(&self, customer: &Customer) -> Value {
        let token = self.again(customer).await;
        let data = self.ask(Some(&token), CHOSEN, json!({ "n": customer.account })).await;
        data["defaultPaymentInstruction"]["id"].clone()
    }

    /// Two bank accounts of a customer's, one for the ledger and one for all, and how that is called.
    async fn two_accounts(&self, customer: &Customer) -> (Value, Value) {
        let create =
            "mutation($i: CreateDirectDebitInstructionInput!) { createDirectDebitInstruction(input: $i) {
            directDebitInstruction { id } } }";
        let bank =
            json!({ "accountHolder": "A Lovelace", "sortCode": "200000", "accountNumber": "55779922" });
        let input = json!({ "i": { "accountNumber": customer.account, "directDebitInstruction": bank } });
        let data = self.ask(Some(&customer.token), create, input).await;
        let all = data["createDirectDebitInstruction"]["directDebitInstruction"]["id"].clone();
        let own = self.direct_debit(&customer.token, customer, british("9911")).await["id"].clone();
        self.banks_work(4).await;
        (own, all)
    }

    /// Has a customer's main ledger paid by direct debit, every week on Wednesdays.
    async fn weekly(&self, customer: &Customer) {
        let (ledger, _) = self.ledger_of(customer).await;
        let new = NewSchedule {
            trigger: "REGULAR",
            schedule_type: "DIRECT_DEBIT",
            frequency: Some("Weekly"),
            multiplier: 1,
            payment_day: Some(3),
            payment_amount: Some(Minor(1000)),
            balance_below: None,
            total_debt_amount: None,
            holiday_reason: None,
            note: None,
        };
        let mut tx = self.tx().await;
        let from = self.wall.now().date_naive() + Days::new(20);
        held_schedules::put(&mut tx, None, ledger.parse().expect("an id"), &new, from)
            .await
            .expect("scheduled");
        tx.commit().await.expect("committed");
    }

    async fn schedule_types(&self) -> Vec<(String, String)> {
        let query = "select schedule_type, valid_from::text from payment_schedules where valid_to is distinct from valid_from
            order by valid_from";
        sqlx::query_as(query).fetch_all(self.database.pool()).await.expect("schedules")
    }
}

#[tokio::test]
async fn what_was_chosen_is_used_from_its_day_on() {
    let server = Server::start().await;
    let world = server.world().await;
    let (_, number) = server.ledger_of(&world.ada).await;
    let (own, all) = server.two_accounts(&world.ada).await;
    let ada = world.ada.account.as_str();
    assert_eq!(server.default_of(&world.ada).await, own, "the ledger's own");
    let token = server.again(&world.ada).await;
    let set = |method: &Value, from: &str| {
        json!({ "i": { "accountNumber": ada, "paymentMethod": method, "ledgerNumbers": [number, number],
            "fromDate": from } })
    };
    let stop =
        |from: &str| json!({ "i": { "accountNumber": ada, "ledgerNumbers": [number], "fromDate": from } });
    server.ask(Some(&token), SET, set(&all, "2026-03-06")).await;
    server.ask(Some(&token), STOP, stop("2026-03-20")).await;
    let now = [by_hand("2026-03-20"), chosen(&all, "2026-03-06", "CURRENT")];
    assert_eq!(server.chosen_for(&world.ada).await, now);
    assert_eq!(server.default_of(&world.ada).await, all);
    record::read_back("setPaymentPreference");
    record::read_back("stopAutomatedPayments");
    // What is chosen now takes the place of what was chosen for later.
    server.ask(Some(&token), SET, set(&own, "2026-03-10")).await;
    let now = [chosen(&own, "2026-03-10", "UPCOMING"), chosen(&all, "2026-03-06", "CURRENT")];
    assert_eq!(server.chosen_for(&world.ada).await, now);
    assert_eq!(server.default_of(&world.ada).await, all);
    server.banks_work(7).await;
    let now = [chosen(&own, "2026-03-10", "CURRENT"), chosen(&all, "2026-03-06", "PAST")];
    assert_eq!(server.chosen_for(&world.ada).await, now);
    assert_eq!(server.default_of(&world.ada).await, own);
    let token = server.again(&world.ada).await;
    for below in [
        "account(accountNumber: \"N\") { paymentPreferences(PAGE) { edgeCount } }",
        "account(accountNumber: \"N\") { ledgers { paymentPreferences(PAGE) { edgeCount } } }",
    ] {
        bounds_its_pages(&server, &token, &below.replace("\"N\"", &format!("\"{ada}\""))).await;
    }
}

#[tokio::test]
async fn what_cannot_be_chosen_says_why() {
    let server = Server::start().await;
    let world = server.world().await;
    let (_, number) = server.ledger_of(&world.ada).await;
    let (_, bobs) = server.ledger_of(&world.bob).await;
    let theirs = server.direct_debit(&world.bob.token, &world.bob, british("9911")).await["id"].clone();
    let fresh = server.direct_debit(&world.ada.token, &world.ada, british("0001")).await["id"].clone();
    let (own, _) = server.two_accounts(&world.ada).await;
    let wallet = server.wallet(&world.ada).await;
    let wallet: String = sqlx::query_scalar("select number from ledgers where id = $1::bigint")
        .bind(wallet.parse::<i64>().expect("an id"))
        .fetch_one(server.database.pool())
        .await
        .expect("a number");
    let (ada, bob) = (server.again(&world.ada).await, server.again(&world.bob).await);
    let reader = server.member_of_staff("other@example.org", "reader").await;
    let set = |method: &Value, ledgers: Value, from: &str| {
        json!({ "i": { "accountNumber": world.ada.account, "paymentMethod": method, "ledgerNumbers": ledgers,
            "fromDate": from } })
    };
    let stop = |ledgers: Value, from: &str| json!({ "i": { "accountNumber": world.ada.account, "ledgerNumbers": ledgers, "fromDate": from } });
    let day = "2026-03-20";
    for (token, variables, code) in [
        (&reader, set(&own, json!([number]), day), "KT-CT-1111"),
        (&bob, set(&own, json!([number]), day), "KT-CT-3822"),
        (&ada, set(&own, json!([bobs]), day), "KT-CT-3822"),
        (&ada, set(&own, json!([number, null]), day), "KT-CT-3822"),
        (&ada, set(&own, json!([]), day), "KT-CT-1605"),
        (&ada, set(&own, json!([wallet]), day), "KT-CT-3967"),
        (&ada, set(&theirs, json!([number]), day), "KT-CT-3967"),
        (&ada, set(&fresh, json!([number]), day), "KT-CT-3967"),
        (&ada, set(&json!("x"), json!([number]), day), "KT-CT-3967"),
        (&ada, set(&own, json!([number]), "2026-03-05"), "KT-CT-3968"),
    ] {
        assert_eq!(server.send(Some(token), SET, variables.clone()).await.codes(), [code], "{variables}");
    }
    for (token, variables, code) in [
        (&reader, stop(json!([number]), day), "KT-CT-1111"),
        (&bob, stop(json!([number]), day), "KT-CT-3822"),
        (&ada, stop(json!([bobs]), day), "KT-CT-3822"),
        (&ada, stop(json!([]), day), "KT-CT-1605"),
        (&ada, stop(json!([number]), "2026-03-05"), "KT-CT-3968"),
    ] {
        assert_eq!(server.send(Some(token), STOP, variables.clone()).await.codes(), [code], "{variables}");
    }
    assert_eq!(server.chosen_for(&world.ada).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_weekly_schedule_changes_on_its_own_day_of_the_week() {
    let server = Server::start().await;
    let world = server.world().await;
    let (_, number) = server.ledger_of(&world.ada).await;
    let (own, _) = server.two_accounts(&world.ada).await;
    server.weekly(&world.ada).await;
    let token = server.again(&world.ada).await;
    let stop = |from: &str| json!({ "i": { "accountNumber": world.ada.account, "ledgerNumbers": [number], "fromDate": from } });
    let set = |from: &str| {
        json!({ "i": { "accountNumber": world.ada.account, "paymentMethod": own, "ledgerNumbers": [number],
            "fromDate": from } })
    };
    let began = server.schedule_types().await;
    assert_eq!(began.len(), 1);
    // A Thursday, then a Wednesday.
    assert_eq!(server.send(Some(&token), STOP, stop("2026-04-09")).await.codes(), ["KT-CT-3969"]);
    server.ask(Some(&token), STOP, stop("2026-04-08")).await;
    let stopped = ("BACS_TRANSFER".to_owned(), "2026-04-08".to_owned());
    assert_eq!(server.schedule_types().await, [began[0].clone(), stopped.clone()]);
    assert_eq!(server.send(Some(&token), SET, set("2026-04-16")).await.codes(), ["KT-CT-3969"]);
    server.ask(Some(&token), SET, set("2026-04-15")).await;
    let again = ("DIRECT_DEBIT".to_owned(), "2026-04-15".to_owned());
    assert_eq!(server.schedule_types().await, [began[0].clone(), stopped, again]);
}
