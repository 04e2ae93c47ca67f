//! Prepayment smart meters: numbers for shops, credit that reaches the meter once, and who may do what.

use chrono::TimeDelta;
use kraken_api::domain::payments::prepay::numbers;
use kraken_api::domain::payments::vendors::simulated_shops::{self, SaleError};
use kraken_api::domain::supply::agreements::{self, NewAgreement};
use kraken_api::domain::supply::identifiers::MarketName;
use serde_json::{Value, json};

use super::{COLLECT, nodes, wanted};
use crate::readings::MPAN;
use crate::support::agreed::date;
use crate::support::places::Home;
use crate::support::world::Customer;
use crate::support::{Server, record};

pub const PAN: &str = "mutation($i: SmartMeterDeviceInput!) { generatePaymentAllocationNumber(input: $i) {
    pan possibleErrors { code } } }";
pub const ADD: &str =
    "mutation($i: SmartPrepayMeterAmountInput!) { addCreditToSmartMeter(input: $i) { amount } }";
pub const TOP_UP: &str = "mutation($i: CreateAutoTopupConfigInput!) { createAutoTopupConfig(input: $i) {
    autoTopupConfig { id accountNumber deviceId topupAmount effectiveFrom effectiveTo } } }";
pub const DISABLE: &str = "mutation($i: DisableAutoTopupInput!) { disableAutoTopup(input: $i) { success } }";
const LEDGERS: &str = "query($n: String!) { account(accountNumber: $n) { balance ledgers { ledgerType balance
    transactions(first: 50) { edges { node { __typename amount title
        ... on Payment { paymentTransactionType } } } } } } }";

/// A customer's prepayment meter.
#[derive(Clone, Debug)]
pub struct Prepaid {
    pub account: String,
    pub device: String,
    pub home: Home,
}

impl Prepaid {
    /// The input that names the meter, and whatever else.
    pub fn input(&self, more: Value) -> Value {
        let mut input = json!({ "accountNumber": self.account, "deviceId": self.device });
        for (key, value) in more.as_object().into_iter().flatten() {
            input[key] = value.clone();
        }
        json!({ "i": input })
    }
}

/// What lies where: on the account's main ledger, and on its meter's.
#[derive(Debug, PartialEq, Eq)]
pub struct Stand {
    pub main: i64,
    pub meter: i64,
}

impl Server {
    /// Gives a customer a home with a meter that is paid for ahead.
    pub async fn prepaid(&self, of: &Customer) -> Prepaid {
        let home = self.supplied_home(of, MarketName::GbrElectricity, MPAN, "E470-1").await;
        let device = self.prepay_meter(home).await;
        let new = NewAgreement {
            account: of.account_id,
            supply_point: home.point,
            product: "PREPAY-VAR-18-09-21",
            payment_method: "PREPAYMENT",
            from: date("2026-03-02"),
            to: None,
            charged_from: None,
        };
        let mut tx = self.tx().await;
        agreements::agree(&mut tx, &new).await.expect("agreed");
        tx.commit().await.expect("committed");
        Prepaid { account: of.account.clone(), device, home }
    }

    pub async fn stand(&self, of: &Customer) -> Stand {
        let token = self.again(of).await;
        let seen = self.ask(Some(&token), LEDGERS, json!({ "n": of.account })).await;
        let ledgers = seen["account"]["ledgers"].as_array().expect("ledgers").clone();
        let balance = |kind: &str| {
            let found = ledgers.iter().find(|ledger| ledger["ledgerType"] == kind);
            found.map_or(0, |ledger| ledger["balance"].as_i64().expect("a balance"))
        };
        assert_eq!(seen["account"]["balance"], balance("MAIN_LEDGER"));
        Stand { main: balance("MAIN_LEDGER"), meter: balance("PREPAY_ELECTRICITY_LEDGER") }
    }

    /// What became of each credit, in the order in which they were asked for: amount and status.
    pub async fn credits(&self) -> Vec<(i64, String)> {
        let query = sqlx::query_as("select amount, status from meter_credits order by id");
        query.fetch_all(self.database.pool()).await.expect("credits")
    }

    /// What reached meters, and how often by one name.
    pub async fn on_meters(&self) -> i64 {
        let query = "select coalesce(sum(amount), 0)::bigint from simulated_meter_messages where arrived_at is not null";
        sqlx::query_scalar(query).fetch_one(self.database.pool()).await.expect("a sum")
    }

    /// Lets hours go by in steps of the upkeep's turns.
    pub async fn hours_on(&self, hours: i64) {
        for _ in 0..hours {
            self.wall.set(self.wall.now() + TimeDelta::minutes(60));
            self.work_off().await;
        }
        self.minutes_on(11).await;
        self.minutes_on(11).await;
    }

    async fn sold(&self, pan: &str, amount: i64) -> Result<String, SaleError> {
        let mut tx = self.tx().await;
        let sold = simulated_shops::sell(&mut tx, &self.random, pan, amount).await;
        tx.commit().await.expect("committed");
        sold
    }
}

fn pan(data: &Value) -> String {
    data["generatePaymentAllocationNumber"]["pan"].as_str().expect("a number").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_shops_take_under_a_number_reaches_its_meter_once() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let meter = server.prepaid(&ada).await;
    let twin = server.twin();
    let first = pan(&server.ask(Some(&ada.token), PAN, meter.input(json!({}))).await);
    assert!(numbers::is_sound(&first), "{first}");
    let told = server.letters("meter-number").await;
    assert!(told[0].body.contains(&first), "{}", told[0].body);

    server.sold(&first, 2000).await.expect("sold");
    // A till knows misread numbers, and takes no fortunes.
    let misread = format!("{}{}", &first[..18], (first[18..].parse::<u8>().expect("a digit") + 1) % 10);
    assert!(matches!(server.sold(&misread, 2000).await, Err(SaleError::Number)));
    assert!(matches!(server.sold(&first, 25_001).await, Err(SaleError::Amount)));
    server.wall.set(server.wall.now() + TimeDelta::minutes(11));
    tokio::join!(server.work_off(), twin.work_off());
    assert_eq!(server.stand(&ada).await, Stand { main: 0, meter: 2000 });
    let token = server.again(&ada).await;
    let seen = server.ask(Some(&token), LEDGERS, json!({ "n": ada.account })).await;
    let main = &seen["account"]["ledgers"][0];
    assert_eq!(
        nodes(&main["transactions"]),
        [
            json!({ "__typename": "Charge", "amount": 2000, "title": "Balance transfer" }),
            json!({ "__typename": "Payment", "amount": 2000, "title": "Top-up in a shop",
                "paymentTransactionType": "PREPAY_SMART" }),
        ]
    );
    server.wall.set(server.wall.now() + TimeDelta::minutes(11));
    tokio::join!(server.work_off(), twin.work_off());
    assert_eq!(server.credits().await, [(2000, "ARRIVED".to_owned())]);
    assert_eq!(server.on_meters().await, 2000);

    // Two servers are asked for a number at once: the later one counts.
    let token = server.again(&ada).await;
    let (one, two) = tokio::join!(
        server.ask(Some(&token), PAN, meter.input(json!({}))),
        twin.ask(Some(&token), PAN, meter.input(json!({})))
    );
    let current = "select pan from payment_allocation_numbers where replaced_at is null";
    let current: Vec<String> =
        sqlx::query_scalar(current).fetch_all(server.database.pool()).await.expect("one");
    assert_eq!(current.len(), 1);
    assert!([pan(&one), pan(&two)].contains(&current[0]) && pan(&one) != pan(&two) && pan(&one) != first);
    // What is paid under a number that was replaced stays on the account; a number that nobody has is nobody's.
    server.sold(&first, 700).await.expect("sold");
    server.sold(&current[0], 300).await.expect("sold");
    let nobodys = "982600000000000000".to_owned();
    server.sold(&format!("{nobodys}{}", numbers::check_digit(&nobodys)), 900).await.expect("sold");
    server.hours_on(1).await;
    assert_eq!(server.stand(&ada).await.main, 700);
    assert_eq!(server.on_meters().await, 2300);
    record::read_back("generatePaymentAllocationNumber");
    server.books_are_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_network_does_each_credit_reaches_the_meter_once() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let meter = server.prepaid(&ada).await;
    let twin = server.twin();
    server.pay(ada.account_id, 10_000).await;
    // It arrives; is refused; is lost and sent again; the meter cannot be reached; no time at first; the answer is lost.
    let amounts = [1000, 1091, 1095, 1096, 1097, 1098];
    for amount in amounts {
        let data =
            server.ask(Some(&ada.token), ADD, meter.input(json!({ "amount": amount, "reason": "x" }))).await;
        assert_eq!(data["addCreditToSmartMeter"]["amount"], amount);
    }
    let all: i64 = amounts.iter().sum();
    assert_eq!(server.stand(&ada).await, Stand { main: 10_000 - all, meter: all });
    record::read_back("addCreditToSmartMeter");
    for _ in 0..4 {
        server.wall.set(server.wall.now() + TimeDelta::minutes(11));
        tokio::join!(server.work_off(), twin.work_off());
    }
    let statuses = |credits: Vec<(i64, String)>| credits.into_iter().map(|(_, s)| s).collect::<Vec<_>>();
    assert_eq!(
        statuses(server.credits().await),
        ["ARRIVED", "REFUSED", "SENT", "SENT", "ARRIVED", "ARRIVED"]
    );
    assert_eq!(server.letters("meter-credit-refused").await.len(), 1);
    assert_eq!(server.stand(&ada).await, Stand { main: 10_000 - all + 1091, meter: all - 1091 });
    server.hours_on(2).await;
    assert_eq!(
        statuses(server.credits().await),
        ["ARRIVED", "REFUSED", "SENT", "TOKEN", "ARRIVED", "ARRIVED"]
    );
    let token: (String,) = sqlx::query_as("select token from meter_credits where token is not null")
        .fetch_one(server.database.pool())
        .await
        .expect("a token");
    let told = server.letters("meter-token").await;
    assert!(told[0].body.contains(&token.0) && told[0].body.contains("GBP 10.96"), "{}", told[0].body);
    for _ in 0..16 {
        server.wall.set(server.wall.now() + TimeDelta::minutes(61));
        tokio::join!(server.work_off(), twin.work_off());
    }
    assert_eq!(
        statuses(server.credits().await),
        ["ARRIVED", "REFUSED", "ARRIVED", "ARRIVED", "ARRIVED", "ARRIVED"]
    );
    assert_eq!(server.on_meters().await, all - 1091);
    server.books_are_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_buys_credit_once_and_when_it_has_cleared() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let meter = server.prepaid(ada).await;
    let twin = server.twin();
    server.pays_by(ada, "CARD").await;
    let ledger = server.main_ledger_id(ada).await;
    server.owe(ada.account_id, 200).await;
    let mut payments = Vec::new();
    for (amount, key) in [(2000, "a"), (1591, "b"), (1000, "c"), (1592, "d")] {
        let data =
            server.ask(Some(&ada.token), COLLECT, wanted(ada, ledger, amount, "2026-03-02", key)).await;
        payments.push(data["collectPayment"]["payment"]["id"].clone());
    }
    let buy =
        |payment: &Value, amount: i64| meter.input(json!({ "amount": amount, "paymentIntentId": payment }));
    let token = ada.token.as_str();
    let (one, two) = tokio::join!(
        server.ask(Some(token), ADD, buy(&payments[0], 2000)),
        twin.ask(Some(token), ADD, buy(&payments[0], 2000))
    );
    assert_eq!((&one, &one["addCreditToSmartMeter"]["amount"]), (&two, &json!(2000)));
    for (payment, amount) in [(&payments[1], 1591), (&payments[3], 1592)] {
        server.ask(Some(token), ADD, buy(payment, amount)).await;
    }
    let refused = |variables: Value| {
        let server = &server;
        async move { server.send(Some(token), ADD, variables).await.codes().first().map(|c| (*c).to_owned()) }
    };
    let invalid = Some("KT-CT-1605".to_owned());
    assert_eq!(refused(buy(&payments[0], 1900)).await, invalid, "it has bought something else");
    assert_eq!(refused(buy(&payments[2], 1001)).await, invalid, "it is for less");
    assert_eq!(refused(buy(&json!("1"), 1000)).await, Some("KT-CT-3924".to_owned()));
    assert_eq!(refused(buy(&json!("x"), 1000)).await, Some("KT-CT-3924".to_owned()));
    server.minutes_on(11).await;
    assert_eq!(server.stand(ada).await.meter, 0, "nothing has cleared");
    // The one that failed for want of money clears when it is tried again.
    server.through("2026-03-20").await;
    server.hours_on(1).await;
    let statuses: Vec<String> = server.credits().await.into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, ["ARRIVED", "CANCELLED", "ARRIVED"]);
    // What was paid without a word stays on the account, and has paid the 210 that were owed.
    assert_eq!(server.stand(ada).await, Stand { main: 1000 - 210, meter: 2000 + 1592 });
    let token = server.again(ada).await;
    let late = server.send(Some(&token), ADD, buy(&payments[1], 1591)).await;
    assert_eq!(late.codes(), ["KT-CT-1605"], "it has failed: {}", late.json);
    server.books_are_clean().await;
}

#[tokio::test]
async fn what_is_lent_is_paid_back_from_what_is_paid_next() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let meter = server.prepaid(ada).await;
    let lent = |amount: i64| meter.input(json!({ "amount": amount, "isTemporaryCredit": true }));
    let data = server.ask(Some(&world.staff), ADD, lent(2000)).await;
    assert_eq!(data["addCreditToSmartMeter"]["amount"], 2000);
    let more = server.send(Some(&world.staff), ADD, lent(1001)).await;
    assert_eq!(more.codes(), ["KT-CT-1605"]);
    let own = server.send(Some(&ada.token), ADD, lent(1000)).await;
    assert_eq!(own.codes(), ["KT-CT-1111"], "nobody lends to themselves");
    server.hours_on(1).await;
    assert_eq!(server.stand(ada).await, Stand { main: 0, meter: 0 });
    assert_eq!(server.on_meters().await, 2000);
    // A month of energy is charged; nothing on the meter has been paid for.
    server.used(meter.home.point, "gb", ("2026-03-02", 31), 99, 50).await;
    server.by("2026-04-02").await;
    let owed = -server.stand(ada).await.main;
    assert!(owed > 2000, "{owed}");
    // Half a year on, and the next payment goes to what is owed first.
    let pan = pan(&server.ask(Some(&server.again(ada).await), PAN, meter.input(json!({}))).await);
    server.sold(&pan, owed + 500).await.expect("sold");
    server.hours_on(1).await;
    assert_eq!(server.stand(ada).await, Stand { main: 0, meter: 500 });
    server.books_are_clean().await;
}

#[tokio::test]
async fn each_refusal_says_why() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let meter = server.prepaid(ada).await;
    let (token, staff, reader) = (ada.token.as_str(), world.staff.as_str(), world.reader.as_str());
    let calls = [
        (PAN, json!({})),
        (ADD, json!({ "amount": 1000 })),
        (TOP_UP, json!({ "topupAmount": 1000 })),
        (DISABLE, json!({})),
    ];
    for (document, more) in &calls {
        let mut unknown = meter.input(more.clone());
        unknown["i"]["accountNumber"] = json!("A-00000000");
        assert_eq!(server.send(Some(token), document, unknown).await.codes(), ["KT-CT-4123"], "{document}");
        let other = server.send(Some(&world.bob.token), document, meter.input(more.clone())).await;
        assert_eq!(other.codes(), ["KT-CT-4123"], "{document}");
        let mut nowhere = meter.input(more.clone());
        nowhere["i"]["deviceId"] = json!("00-00-00-00-00-00-00-00");
        assert_eq!(server.send(Some(token), document, nowhere).await.codes(), ["KT-CT-1605"], "{document}");
        let reader = server.send(Some(reader), document, meter.input(more.clone())).await;
        assert_eq!(reader.codes(), ["KT-CT-1111"], "{document}");
    }
    for amount in [0, -5, 99, 25_001] {
        let put = server.send(Some(token), ADD, meter.input(json!({ "amount": amount }))).await;
        assert_eq!(put.codes(), ["KT-CT-1605"]);
        let top = server.send(Some(token), TOP_UP, meter.input(json!({ "topupAmount": amount }))).await;
        assert_eq!(top.codes(), ["KT-CT-1605"]);
    }
    let poor = server.send(Some(token), ADD, meter.input(json!({ "amount": 1000 }))).await;
    assert_eq!(poor.codes(), ["KT-CT-1605"], "there is no credit");
    let long = json!({ "amount": 1000, "reason": "x".repeat(201) });
    assert_eq!(server.send(Some(staff), ADD, meter.input(long)).await.codes(), ["KT-CT-3950"]);
    let both = json!({ "amount": 1000, "isTemporaryCredit": true, "paymentIntentId": "1" });
    assert_eq!(server.send(Some(staff), ADD, meter.input(both)).await.codes(), ["KT-CT-1605"]);
    let cardless = server.send(Some(token), TOP_UP, meter.input(json!({ "topupAmount": 1000 }))).await;
    assert_eq!(cardless.codes(), ["KT-CT-3967"]);
    server.tamper("update smart_meter_devices set payment_mode = 'CREDIT'").await;
    for (document, more) in &calls {
        let reply = server.send(Some(token), document, meter.input(more.clone())).await;
        assert_eq!(reply.codes(), ["KT-CT-1605"], "{document}");
    }
}
