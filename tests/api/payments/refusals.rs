//! Schedules that cannot be, by the codes of each market.

use kraken_api::domain::payments::held_schedules::{self, NewSchedule};
use kraken_api::platform::money::Minor;
use serde_json::{Value, json};

use super::schedules::{AMOUNT, DAY, MONTHLY, MOVE, START, TOP_UP, VARIABLE};
use crate::support::world::Customer;
use crate::support::{Server, World, record};

fn regular(amount: i64) -> NewSchedule<'static> {
    NewSchedule::monthly("DIRECT_DEBIT", 15, Minor(amount))
}

/// The instalments of a plan, from the first day of the given month on.
fn plan() -> NewSchedule<'static> {
    NewSchedule {
        trigger: "PLAN",
        frequency: Some("Planned"),
        total_debt_amount: Some(Minor(9000)),
        ..NewSchedule::monthly("DIRECT_DEBIT", 1, Minor(3000))
    }
}

impl Server {
    /// Puts a schedule on a customer's main ledger that begins later.
    async fn pays_later(&self, customer: &Customer, new: &NewSchedule<'_>) {
        let ledger = self.main_ledger_id(customer).await;
        let mut tx = self.tx().await;
        let from = "2026-05-01".parse().expect("a day");
        held_schedules::put(&mut tx, None, ledger, new, from).await.expect("a schedule");
        tx.commit().await.expect("committed");
    }

    /// Takes all schedules away.
    async fn pays_nothing(&self) {
        sqlx::raw_sql("delete from payment_schedules").execute(self.database.pool()).await.expect("deleted");
    }

    async fn not_scheduled(&self, token: &str, query: &str, input: Value) -> String {
        self.send(Some(token), query, json!({ "i": input })).await.codes().join(" ")
    }

    /// Somebody who looks after Ada's account.
    async fn carer(&self, world: &World) -> String {
        let give = "insert into account_user_roles (account_id, user_id, role, created_at) values ($1, $2, 'CARER', now())";
        let give = sqlx::query(give).bind(world.ada.account_id).bind(world.bob.user_id);
        give.execute(self.database.pool()).await.expect("a role");
        world.bob.token.clone()
    }
}

#[tokio::test]
async fn what_cannot_be_started_is_refused_with_its_code() {
    let server = Server::start().await;
    let world = server.world().await;
    let ledger = server.ledger_number(&world.ada).await;
    let ada = world.ada.token.as_str();
    let start = async |token: &str, change: Value| {
        let mut input = json!({ "accountNumber": world.ada.account, "ledgerNumber": ledger, "paymentDay": 15,
            "paymentAmount": 4200 });
        for (field, value) in change.as_object().expect("fields") {
            input[field] = value.clone();
        }
        server.not_scheduled(token, START, input).await
    };
    assert_eq!(start(ada, json!({})).await, "KT-CT-3947");
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    assert_eq!(start(ada, json!({ "accountNumber": world.bob.account })).await, "KT-CT-3923");
    assert_eq!(start(&world.reader, json!({})).await, "KT-CT-1111");
    assert_eq!(start(ada, json!({ "ledgerNumber": "L-00000000" })).await, "KT-CT-3822");
    assert_eq!(start(ada, json!({ "paymentAmount": 0 })).await, "KT-CT-3941");
    for day in [0, 29, 31] {
        assert_eq!(start(ada, json!({ "paymentDay": day })).await, "KT-CT-3960");
    }
    assert_eq!(start(ada, json!({ "paymentDay": null })).await, "KT-CT-3815");
    assert_eq!(start(ada, json!({})).await, "");
    assert_eq!(start(ada, json!({})).await, "KT-CT-3962");
    assert_eq!(start(ada, json!({ "paymentDay": null })).await, "KT-CT-3962");
    server.pays_later(&world.ada, &plan()).await;
    assert_eq!(start(ada, json!({ "paymentAmount": 4300 })).await, "KT-CT-3942");
    server.pays_nothing().await;
    server.pays_as(&world.ada, &plan()).await;
    assert_eq!(start(ada, json!({ "paymentAmount": 4300 })).await, "KT-CT-3961");
    let monthly = async |token: &str, account: &str, amount: i64, day: i64| {
        let input = json!({ "accountNumber": account, "paymentAmount": amount, "paymentDay": day });
        server.not_scheduled(token, MONTHLY, input).await
    };
    assert_eq!(monthly(ada, &world.bob.account, 1, 1).await, "KT-CT-4177");
    assert_eq!(monthly(&world.reader, &world.ada.account, 1, 1).await, "KT-CT-1111");
    assert_eq!(monthly(ada, &world.ada.account, 1, 1).await, "KT-GB-3917");

    let variable = async |token: &str, account: &str, ledger: &str, from: Option<&str>, calls_off: bool| {
        let input = json!({ "accountNumber": account, "ledgerNumber": ledger, "targetChangeDate": from,
            "cancelConflictingSchedules": calls_off });
        server.not_scheduled(token, VARIABLE, input).await
    };
    let account = world.ada.account.as_str();
    assert_eq!(variable(ada, &world.bob.account, &ledger, None, false).await, "KT-CT-3921");
    assert_eq!(variable(ada, account, "L-00000000", None, false).await, "KT-CT-3922");
    assert_eq!(variable(ada, account, &ledger, None, false).await, "KT-CT-3947", "a plan");
    assert_eq!(variable(&world.reader, account, &ledger, None, false).await, "KT-CT-1111");
    server.pays_nothing().await;
    server.pays_as(&world.ada, &regular(4200)).await;
    server.pays_later(&world.ada, &regular(5000)).await;
    assert_eq!(variable(ada, account, &ledger, None, false).await, "KT-CT-3947", "a later one");
    assert_eq!(variable(ada, account, &ledger, Some("2026-03-01"), true).await, "KT-CT-3947", "too soon");
    assert_eq!(variable(ada, account, &ledger, Some("2026-04-01"), true).await, "");
}

#[tokio::test]
async fn a_monthly_payment_is_set_after_a_bill() {
    let server = Server::start().await;
    let world = server.world().await;
    server.work_off().await;
    server.owe(world.ada.account_id, 10000).await;
    let staff = server.through("2026-04-03").await;
    let set = async |amount: i64, day: i64| {
        let input = json!({ "accountNumber": world.ada.account, "paymentAmount": amount, "paymentDay": day });
        server.not_scheduled(&staff, MONTHLY, input).await
    };
    assert_eq!(set(9000, 5).await, "KT-CT-3947");
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    assert_eq!(set(9000, 29).await, "KT-CT-1605");
    // A hundred and five was charged in a month.
    for amount in [0, 1000, 900_000] {
        assert_eq!(set(amount, 5).await, "KT-CT-1605", "{amount}");
    }
    assert_eq!(set(9000, 5).await, "");
    let seen = server.schedules(&staff, &world.ada, "2026-05-05").await;
    assert_eq!(seen["paymentForecast"][0]["amount"], 9000);
    record::read_back("createPaymentSchedule");
    server.pays_later(&world.ada, &plan()).await;
    assert_eq!(set(9000, 6).await, "KT-CT-3942");
    server.pays_nothing().await;
    server.pays_as(&world.ada, &plan()).await;
    assert_eq!(set(9000, 6).await, "KT-CT-3961");
}

#[tokio::test]
async fn british_and_other_amounts_and_days_have_codes_of_their_own() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = world.ada.token.as_str();
    let carer = server.carer(&world).await;
    let amount = async |token: &str, account: &str, amount: i64| {
        server.not_scheduled(token, AMOUNT, json!({ "accountNumber": account, "amount": amount })).await
    };
    let day = async |token: &str, account: &str, day: i64| {
        server.not_scheduled(token, DAY, json!({ "accountNumber": account, "paymentDay": day })).await
    };
    let account = world.ada.account.as_str();
    assert_eq!(amount(ada, account, 4200).await, "KT-CT-1145", "nothing is paid");
    assert_eq!(amount(ada, &world.bob.account, 4200).await, "KT-CT-1145");
    assert_eq!(amount(&carer, account, 4200).await, "KT-CT-3923");
    assert_eq!(amount(&world.reader, account, 4200).await, "KT-CT-1111");
    assert_eq!(day(ada, account, 4).await, "KT-CT-1145");
    assert_eq!(day(ada, &world.bob.account, 4).await, "KT-GB-3918");
    assert_eq!(day(&carer, account, 4).await, "KT-CT-3923");
    assert_eq!(day(&world.reader, account, 4).await, "KT-CT-1111");
    server.pays_as(&world.ada, &regular(4200)).await;
    for wrong in [0, 4200, -5] {
        assert_eq!(amount(ada, account, wrong).await, "KT-GB-3919", "{wrong}");
    }
    assert_eq!(day(ada, account, 15).await, "KT-CT-1605");
    assert_eq!(day(ada, account, 29).await, "KT-CT-1605");
    server.pays_later(&world.ada, &plan()).await;
    assert_eq!(amount(ada, account, 4300).await, "KT-GB-3920");
    assert_eq!(day(ada, account, 4).await, "KT-GB-3912");
    let moved = json!({ "i": { "accountNumber": account, "paymentDay": 4 } });
    let data = server.ask(Some(ada), MOVE, moved).await;
    assert_eq!(data["directDebitPaymentDayUpdate"]["errors"][0]["field"], "paymentDay");
    let moved = json!({ "i": { "accountNumber": world.bob.account, "paymentDay": 4 } });
    let data = server.ask(Some(ada), MOVE, moved).await;
    assert_eq!(
        data["directDebitPaymentDayUpdate"],
        json!({ "paymentSchedule": null, "errors": [{ "field": "accountNumber", "messages": ["there is no such account"] }] })
    );
    server.pays_nothing().await;
    server.pays_as(&world.ada, &NewSchedule::by_bill("DIRECT_DEBIT", None)).await;
    assert_eq!(amount(ada, account, 4300).await, "KT-GB-3920");
    // While a payment is on its way, the day stays.
    server.pays_nothing().await;
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    server.pays_as(&world.ada, &regular(4200)).await;
    let staff = server.through("2026-03-10").await;
    assert_eq!(day(&staff, account, 4).await, "KT-GB-3911");
    sqlx::raw_sql("update accounts set account_type = 'BUSINESS'")
        .execute(server.database.pool())
        .await
        .expect("a business");
    assert_eq!(day(&staff, account, 4).await, "KT-GB-3910");

    let eve = server.customer("eve@example.com.au", "Eve Down", "ORIGIN").await;
    server.pays_as(&eve, &regular(4200)).await;
    assert_eq!(amount(&eve.token, &eve.account, 0).await, "KT-CT-3941");
    server.pays_later(&eve, &plan()).await;
    assert_eq!(amount(&eve.token, &eve.account, 4300).await, "KT-CT-3942");
    assert_eq!(day(&eve.token, &eve.account, 4).await, "KT-CT-1145");
}

#[tokio::test]
async fn german_amounts_and_days_have_codes_of_their_own() {
    let server = Server::start().await;
    server.world().await;
    let mia = server.customer("mia@example.de", "Mia Fluss", "OCTOPUS_ENERGY_GERMANY").await;
    let account = mia.account.as_str();
    let amount = async |token: &str, amount: i64| {
        server.not_scheduled(token, AMOUNT, json!({ "accountNumber": account, "amount": amount })).await
    };
    let day = async |token: &str, day: i64| {
        server.not_scheduled(token, DAY, json!({ "accountNumber": account, "paymentDay": day })).await
    };
    let token = mia.token.as_str();
    assert_eq!((amount(token, 1).await, day(token, 1).await), ("KT-DE-3910".into(), "KT-DE-3910".into()));
    server.pays_as(&mia, &regular(10000)).await;
    assert_eq!(amount(token, 0).await, "KT-DE-3912");
    assert_eq!(amount(token, 10000).await, "KT-DE-3917");
    assert_eq!((day(token, 29).await, day(token, 15).await), ("KT-DE-3913".into(), "KT-DE-3913".into()));
    server.owe(mia.account_id, 10000).await;
    let staff = server.by("2026-04-01").await;
    assert_eq!(amount(&staff, 100).await, "KT-DE-3915");
    assert_eq!(amount(&staff, 900_000).await, "KT-DE-3916");
    server.pays_later(&mia, &plan()).await;
    assert_eq!(amount(&staff, 12000).await, "KT-DE-3902");
    server.pays_nothing().await;
    server.pays_as(&mia, &plan()).await;
    assert_eq!(amount(&staff, 12000).await, "KT-DE-3901");
    server.pays_nothing().await;
    server.pays_as(&mia, &regular(10000)).await;
    // The bill of a month ago is overdue, and the account has been reminded.
    assert_eq!(amount(&staff, 9000).await, "KT-DE-3918");
    assert_eq!(amount(&staff, 12000).await, "");
}

#[tokio::test]
async fn top_ups_have_codes_of_their_own() {
    let server = Server::start().await;
    let world = server.world().await;
    let ledger = server.main_ledger_id(&world.ada).await;
    let ada = world.ada.token.as_str();
    let top_up = async |account: &str, ledger: i64, amount: i64| {
        let input = json!({ "accountNumber": account, "ledgerId": ledger, "paymentAmount": amount });
        server.not_scheduled(ada, TOP_UP, input).await
    };
    let account = world.ada.account.as_str();
    assert_eq!(top_up(account, 0, 1).await, "KT-CT-3821");
    assert_eq!(top_up(account, 1, 1).await, "KT-CT-3822");
    assert_eq!(top_up(&world.bob.account, ledger, 1).await, "KT-CT-4123");
    assert_eq!(top_up(account, ledger, 1).await, "KT-CT-3815");
    server.pays_as(&world.ada, &regular(4200)).await;
    assert_eq!(top_up(account, ledger, 1).await, "KT-CT-3953");
    server.pays_nothing().await;
    server.pays_as(&world.ada, &NewSchedule::by_balance("CARD_PAYMENT", Minor(2000), Minor(500))).await;
    assert_eq!(top_up(account, ledger, 0).await, "KT-CT-3941");
    assert_eq!(top_up(account, ledger, 2500).await, "KT-CT-3947");
    server.pays_by(&world.ada, "CARD").await;
    server.pays_later(&world.ada, &plan()).await;
    assert_eq!(top_up(account, ledger, 2500).await, "KT-CT-3942");
}
