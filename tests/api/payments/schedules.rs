//! Payment schedules: started, changed, switched, and the payments that they lead to.

use kraken_api::domain::payments::held_schedules::{self, NewSchedule};
use kraken_api::platform::money::Minor;
use serde_json::{Value, json};

use super::nodes;
use crate::support::world::Customer;
use crate::support::{Server, record};

pub const SCHEDULES: &str = "query($n: String!, $to: Date!, $active: Boolean, $on: Date, $dormant: Boolean,
        $reason: PaymentScheduleReasonOptions, $ledger: String) {
    account(accountNumber: $n) {
        paymentSchedule { id }
        paymentSchedules(first: 20, active: $active, activeOnDate: $on, includeDormant: $dormant, reason: $reason,
                ledgerNumber: $ledger) { totalCount edges { node {
            id validFrom validTo reason paymentHolidayReason paymentDay paymentFrequency paymentFrequencyMultiplier
            paymentAmount isVariablePaymentAmount totalDebtAmount isPaymentHoliday scheduleType } } }
        paymentForecast(dateTo: $to) { paymentNumber date amount method }
        paginatedPaymentForecast(dateTo: $to, first: 2) { totalCount edges { node { date } } }
        ledgers { paymentAdequacy { isCurrentlyExempt } } } }";
pub const START: &str =
    "mutation($i: CreateAccountPaymentScheduleInput!) { createAccountPaymentSchedule(input: $i) {
    schedule { id validFrom paymentDay paymentAmount isVariablePaymentAmount scheduleType } } }";
pub const AMOUNT: &str = "mutation($i: UpdatePaymentSchedulePaymentAmountInput!) {
    updatePaymentSchedulePaymentAmount(input: $i) { paymentSchedule { id validFrom paymentAmount paymentDay } } }";
pub const DAY: &str = "mutation($i: UpdatePaymentSchedulePaymentDayInput!) {
    updatePaymentSchedulePaymentDay(input: $i) { paymentSchedule { validFrom paymentAmount paymentDay } } }";
pub const MOVE: &str =
    "mutation($i: DirectDebitPaymentDayUpdateInput!) { directDebitPaymentDayUpdate(input: $i) {
    paymentSchedule { paymentDay } errors { field messages } } }";
pub const VARIABLE: &str = "mutation($i: SwitchAccountToVariablePaymentScheduleInput!) {
    switchAccountToVariablePaymentSchedule(input: $i) { schedule { validFrom isVariablePaymentAmount paymentAmount } } }";
pub const TOP_UP: &str = "mutation($i: UpdateAutoTopUpAmountInput!) { updateAutoTopUpAmount(input: $i) {
    schedule { paymentAmount validFrom } } }";
pub const MONTHLY: &str = "mutation($i: PaymentScheduleInput!) { createPaymentSchedule(input: $i) {
    paymentSchedule { paymentAmount paymentDay } } }";

impl Server {
    pub async fn ledger_number(&self, customer: &Customer) -> String {
        let query = sqlx::query_as("select number from ledgers where account_id = $1 and is_main");
        let (number,): (String,) =
            query.bind(customer.account_id).fetch_one(self.database.pool()).await.expect("a ledger");
        number
    }

    /// Has a customer's main ledger paid in some way from today on.
    pub async fn pays_as(&self, customer: &Customer, new: &NewSchedule<'_>) -> i64 {
        let ledger = self.main_ledger_id(customer).await;
        let mut tx = self.tx().await;
        let id = held_schedules::put(&mut tx, None, ledger, new, self.wall.now().date_naive()).await;
        tx.commit().await.expect("committed");
        id.expect("a schedule")
    }

    pub async fn schedules(&self, token: &str, customer: &Customer, to: &str) -> Value {
        let data = self.ask(Some(token), SCHEDULES, json!({ "n": customer.account, "to": to })).await;
        data["account"].clone()
    }
}

pub fn pick(list: &[Value], fields: &[&str]) -> Vec<Value> {
    list.iter().map(|each| fields.iter().map(|field| each[*field].clone()).collect()).collect()
}

#[tokio::test]
async fn so_much_on_a_day_of_every_month() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    let ledger = server.ledger_number(&world.ada).await;
    let input = json!({ "i": { "accountNumber": world.ada.account, "ledgerNumber": ledger, "paymentDay": 15,
        "paymentAmount": 4200 } });
    let data = server.ask(Some(&world.ada.token), START, input).await;
    let id = data["createAccountPaymentSchedule"]["schedule"]["id"].clone();
    let seen = server.schedules(&world.ada.token, &world.ada, "2026-06-15").await;
    assert_eq!(
        nodes(&seen["paymentSchedules"]),
        [json!({ "id": id, "validFrom": "2026-03-02", "validTo": null, "reason": "GENERAL_ACCOUNT_PAYMENT",
            "paymentHolidayReason": "", "paymentDay": 15, "paymentFrequency": "Monthly",
            "paymentFrequencyMultiplier": 1, "paymentAmount": 4200, "isVariablePaymentAmount": false,
            "totalDebtAmount": null, "isPaymentHoliday": false, "scheduleType": "DIRECT_DEBIT" })]
    );
    assert_eq!(seen["paymentSchedule"]["id"], id);
    // The 15th of March is a Sunday.
    let expected: Vec<Value> = ["2026-03-16", "2026-04-15", "2026-05-15", "2026-06-15"]
        .iter()
        .zip(1..)
        .map(|(day, number)| json!({ "paymentNumber": number, "date": day, "amount": 4200, "method": "DIRECT_DEBIT" }))
        .collect();
    assert_eq!(seen["paymentForecast"], json!(expected));
    let page = json!({ "totalCount": 4, "edges": [{ "node": { "date": "2026-03-16" } }, { "node": { "date": "2026-04-15" } }] });
    assert_eq!(seen["paginatedPaymentForecast"], page);
    assert_eq!(seen["ledgers"][0]["paymentAdequacy"]["isCurrentlyExempt"], true, "too new to be reviewed");
    record::read_back("createAccountPaymentSchedule");

    let staff = server.through("2026-04-20").await;
    let seen = server.payments(&staff, &world.ada).await;
    let fields = ["paymentDate", "amount", "status", "transactionType", "reference"];
    assert_eq!(
        pick(&nodes(&seen["payments"]), &fields),
        [
            json!(["2026-04-15", 4200, "CLEARED", "DD_REGULAR_COLLECTION", world.ada.account]),
            json!(["2026-03-16", 4200, "CLEARED", "DD_FIRST_COLLECTION", world.ada.account])
        ]
    );
    assert_eq!(seen["balance"], 8400);
    let seen = server.schedules(&staff, &world.ada, "2026-05-14").await;
    assert_eq!(seen["paymentForecast"], json!([]));
    assert_eq!(seen["ledgers"][0]["paymentAdequacy"]["isCurrentlyExempt"], false);
    server.books_are_clean().await;
}

#[tokio::test]
async fn amounts_and_days_change_from_the_next_payment_on() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    server.pays_as(&world.ada, &NewSchedule::monthly("DIRECT_DEBIT", 15, Minor(4200))).await;
    // The payment of March is told on the 9th: a change holds from April on.
    let staff = server.by("2026-03-09").await;
    let new = json!({ "i": { "accountNumber": world.ada.account, "amount": 5000 } });
    let data = server.ask(Some(&staff), AMOUNT, new).await;
    let changed = &data["updatePaymentSchedulePaymentAmount"]["paymentSchedule"];
    assert_eq!(
        pick(std::slice::from_ref(changed), &["validFrom", "paymentAmount", "paymentDay"]),
        [json!(["2026-04-01", 5000, 15])]
    );
    let seen = server.schedules(&staff, &world.ada, "2026-05-20").await;
    let days = ["validFrom", "validTo", "paymentAmount"];
    assert_eq!(
        pick(&nodes(&seen["paymentSchedules"]), &days),
        [json!(["2026-04-01", null, 5000]), json!(["2026-03-02", "2026-04-01", 4200])]
    );
    let forecast = seen["paymentForecast"].as_array().expect("a list").clone();
    assert_eq!(
        pick(&forecast, &["date", "amount"]),
        [json!(["2026-03-16", 4200]), json!(["2026-04-15", 5000]), json!(["2026-05-15", 5000])]
    );
    record::read_back("updatePaymentSchedulePaymentAmount");
    // A second change takes the place of the first.
    let staff = server.through("2026-03-23").await;
    let new = json!({ "i": { "accountNumber": world.ada.account, "paymentDay": 28 } });
    let data = server.ask(Some(&staff), DAY, new).await;
    assert_eq!(
        data["updatePaymentSchedulePaymentDay"]["paymentSchedule"],
        json!({ "validFrom": "2026-04-01", "paymentAmount": 5000, "paymentDay": 28 })
    );
    let active = json!({ "n": world.ada.account, "to": "2026-05-20", "active": true });
    let seen = server.ask(Some(&staff), SCHEDULES, active).await["account"].clone();
    assert_eq!(seen["paymentSchedules"]["totalCount"], 1);
    assert_eq!(
        pick(seen["paymentForecast"].as_array().expect("a list"), &["date", "amount"]),
        [json!(["2026-04-28", 5000])]
    );
    record::read_back("updatePaymentSchedulePaymentDay");

    let staff = server.through("2026-05-05").await;
    let moved = json!({ "i": { "accountNumber": world.ada.account, "paymentDay": 3 } });
    let data = server.ask(Some(&staff), MOVE, moved).await;
    assert_eq!(
        data["directDebitPaymentDayUpdate"],
        json!({ "paymentSchedule": { "paymentDay": 3 }, "errors": [] })
    );
    let seen = server.schedules(&staff, &world.ada, "2026-07-20").await;
    let forecast = seen["paymentForecast"].as_array().expect("a list").clone();
    assert_eq!(pick(&forecast, &["date"]), [json!(["2026-06-03"]), json!(["2026-07-03"])]);
    record::read_back("directDebitPaymentDayUpdate");
    let on = json!({ "n": world.ada.account, "to": "2026-05-20", "on": "2026-03-20" });
    let seen = server.ask(Some(&staff), SCHEDULES, on).await["account"].clone();
    assert_eq!(pick(&nodes(&seen["paymentSchedules"]), &["paymentAmount"]), [json!([4200])]);
}

#[tokio::test]
async fn what_each_bill_comes_to_is_collected_once() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pays_by(&world.ada, "CARD").await;
    let ledger = server.ledger_number(&world.ada).await;
    server.pays_as(&world.ada, &NewSchedule::monthly("CARD_PAYMENT", 15, Minor(4200))).await;
    let to = json!({ "i": { "accountNumber": world.ada.account, "ledgerNumber": ledger, "note": "as asked by phone" } });
    let data = server.ask(Some(&world.ada.token), VARIABLE, to).await;
    assert_eq!(
        data["switchAccountToVariablePaymentSchedule"]["schedule"],
        json!({ "validFrom": "2026-03-02", "isVariablePaymentAmount": true, "paymentAmount": 0 })
    );
    let seen = server.schedules(&world.ada.token, &world.ada, "2026-06-30").await;
    assert_eq!(pick(&nodes(&seen["paymentSchedules"]), &["isVariablePaymentAmount"]), [json!([true])]);
    record::read_back("switchAccountToVariablePaymentSchedule");
    server.work_off().await;
    server.owe(world.ada.account_id, 10000).await;
    // The first bill comes after a month, and is collected on the 15th that follows.
    let staff = server.through("2026-04-17").await;
    let seen = server.payments(&staff, &world.ada).await;
    assert_eq!(
        pick(&nodes(&seen["payments"]), &["paymentDate", "amount", "status", "transactionType"]),
        [json!(["2026-04-15", 10500, "CLEARED", "CREDIT_CARD"])]
    );
    assert_eq!(seen["balance"], 0);
    let staff = server.through("2026-05-20").await;
    assert_eq!(server.payments(&staff, &world.ada).await["payments"]["totalCount"], 1, "nothing is owed");
    server.books_are_clean().await;
}

#[tokio::test]
async fn a_balance_that_runs_low_is_topped_up() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pays_by(&world.ada, "CARD").await;
    let ledger = server.main_ledger_id(&world.ada).await;
    server.pays_as(&world.ada, &NewSchedule::by_balance("CARD_PAYMENT", Minor(2000), Minor(500))).await;
    let new =
        json!({ "i": { "accountNumber": world.ada.account, "ledgerId": ledger, "paymentAmount": 3000 } });
    let data = server.ask(Some(&world.ada.token), TOP_UP, new).await;
    assert_eq!(
        data["updateAutoTopUpAmount"]["schedule"],
        json!({ "paymentAmount": 3000, "validFrom": "2026-03-02" })
    );
    let seen = server.schedules(&world.ada.token, &world.ada, "2026-06-30").await;
    assert_eq!(
        pick(&nodes(&seen["paymentSchedules"]), &["paymentAmount", "paymentFrequency"]),
        [json!([3000, null])]
    );
    record::read_back("updateAutoTopUpAmount");
    let staff = server.through("2026-03-20").await;
    let seen = server.payments(&staff, &world.ada).await;
    let once = [json!(["2026-03-05", 3000, "CLEARED"])];
    assert_eq!(pick(&nodes(&seen["payments"]), &["paymentDate", "amount", "status"]), once);
    server.owe(world.ada.account_id, 2500).await;
    let staff = server.through("2026-03-30").await;
    let seen = server.payments(&staff, &world.ada).await;
    // 30.00 less 26.25 is less than 5.00.
    assert_eq!((&seen["payments"]["totalCount"], &seen["balance"]), (&json!(2), &json!(3375)));
    let reason = "query($n: String!) { account(accountNumber: $n) {
        low: payments(first: 9, reason: BALANCE_THRESHOLD_CROSSED) { totalCount }
        bills: payments(first: 9, reason: BILL_ISSUED) { totalCount }
        other: payments(first: 9, ledgerNumber: \"L-00000000\") { totalCount }
        here: payments(last: 1, includePromises: false) { edgeCount } } }";
    let data = server.ask(Some(&staff), reason, json!({ "n": world.ada.account })).await;
    let counts = ["low", "bills", "other"].map(|name| data["account"][name]["totalCount"].clone());
    assert_eq!(counts, [json!(2), json!(0), json!(0)]);
    assert_eq!(data["account"]["here"]["edgeCount"], 1);
}

#[tokio::test]
async fn a_due_payment_without_an_instruction_fails_and_the_customer_is_told() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pays_as(&world.ada, &NewSchedule::monthly("DIRECT_DEBIT", 15, Minor(4200))).await;
    let staff = server.through("2026-03-20").await;
    let seen = server.payments(&staff, &world.ada).await;
    assert_eq!(pick(&nodes(&seen["payments"]), &["status"]), [json!(["FAILED"])]);
    let told = server.letters("payment-failed").await;
    assert!(told[0].body.contains("no bank account or card that we may collect from"), "{}", told[0].body);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_make_one_payment_and_one_schedule() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    let ledger = server.ledger_number(&world.ada).await;
    let twin = server.twin();
    let input = |amount: i64| {
        json!({ "i": { "accountNumber": world.ada.account, "ledgerNumber": ledger, "paymentDay": 15,
            "paymentAmount": amount } })
    };
    let ada = Some(world.ada.token.as_str());
    let (one, two) = tokio::join!(server.send(ada, START, input(4200)), twin.send(ada, START, input(4300)));
    assert!(one.codes().is_empty() && two.codes().is_empty(), "{:?} {:?}", one.codes(), two.codes());
    let seen = server.schedules(&world.ada.token, &world.ada, "2026-06-15").await;
    assert_eq!(seen["paymentSchedules"]["totalCount"], 1, "the later one took the place of the other");
    for day in ["2026-03-09", "2026-03-10", "2026-03-12", "2026-03-18"] {
        server.wall.set(format!("{day}T09:00:00Z").parse().expect("a day"));
        tokio::join!(server.work_off(), twin.work_off());
        tokio::join!(server.work_off(), twin.work_off());
    }
    let staff = server.by("2026-03-20").await;
    assert_eq!(server.payments(&staff, &world.ada).await["payments"]["totalCount"], 1);
}

#[tokio::test]
async fn it_is_told_how_a_day_is_read_and_what_a_payment_waits_for() {
    const READ: &str = "query($n: String!) { account(accountNumber: $n) { paymentSchedule {
        paymentDayDetails { direction description } delayConfiguration { code args } } } }";
    let server = Server::start().await;
    let world = server.world().await;
    let monthly = |day| NewSchedule::monthly("DIRECT_DEBIT", day, Minor(4200));
    let weekly =
        NewSchedule { frequency: Some("Weekly"), ..NewSchedule::monthly("CARD_PAYMENT", 3, Minor(900)) };
    let by_hand = NewSchedule { schedule_type: "BACS_TRANSFER", ..monthly(30) };
    let details =
        |direction: Option<&str>, text: &str| json!({ "direction": direction, "description": text });
    let delay = |code: &str, notice: i32, lead: i32| json!({ "code": code, "args": json!({ "notice_days": notice, "lead_days": lead }).to_string() });
    let bank = delay("WORKING_DAYS", 5, 2);
    for (new, day, delay) in [
        (monthly(15), details(Some("OF_MONTH"), "On day 15 of the month"), bank.clone()),
        (monthly(31), details(Some("BEFORE_END_OF_MONTH"), "On the last day of the month"), bank.clone()),
        (weekly, details(None, "On Wednesdays"), delay("DAYS", 2, 0)),
        (
            by_hand,
            details(Some("OF_MONTH"), "On day 30 of the month, or its last day if it has none"),
            Value::Null,
        ),
        (NewSchedule::by_bill("DIRECT_DEBIT", None), Value::Null, bank),
    ] {
        server.pays_as(&world.ada, &new).await;
        let data = server.ask(Some(&world.ada.token), READ, json!({ "n": world.ada.account })).await;
        let shown = json!({ "paymentDayDetails": day, "delayConfiguration": delay });
        assert_eq!(data["account"]["paymentSchedule"], shown, "{new:?}");
    }
}
