//! Rebates of Australian states on what households with concession cards are charged.

use kraken_api::domain::accounts::address::Address;
use kraken_api::domain::accounts::concessions::{self, Answer, NewCard};
use kraken_api::domain::billing::{annul, cycle};
use kraken_api::domain::check;
use kraken_api::domain::supply::identifiers::MarketName;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::agreed::date;
use crate::support::world::Customer;

const CREDITS: &str = "query($n: String!) { account(accountNumber: $n) {
    transactions(first: 100, orderBy: POSTED_DATE_ASC) { edges { node { __typename title amounts { net tax gross }
        ... on Credit { reasonCode } } } }
    bills(first: 20) { edges { node { ... on StatementType { totalCredits { grossTotal } } } } }
    agreements { eligibleRebates { displayName creditReason rebateCents percentageDiscount startAt endAt appliedTo } } } }";
const EFFECTIVE: &str = "query($n: String!, $s: DateTime, $e: DateTime, $a: DateTime) { account(accountNumber: $n) {
    agreements { eligibleRebates(startAt: $s, endAt: $e, rebateAmountEffectiveAt: $a) { rebateCents startAt endAt } } } }";

/// A state: its abbreviation, a network there, and the number of a point.
type State = (&'static str, &'static str, &'static str);

const QUEENSLAND: State = ("QLD", "ENERGEX", "3000000000");
const VICTORIA: State = ("VIC", "CITIPOWER", "6102000000");

fn nodes(connection: &Value) -> Vec<Value> {
    let edges = connection["edges"].as_array().expect("edges");
    edges.iter().map(|edge| edge["node"].clone()).collect()
}

/// The credits among an account's transactions.
fn credits(account: &Value) -> Vec<Value> {
    nodes(&account["transactions"]).into_iter().filter(|each| each["__typename"] == "Credit").collect()
}

impl Server {
    /// Noon in Sydney on a day.
    fn noon(&self, day: &str) {
        self.wall.set(format!("{day}T02:00:00Z").parse().expect("a moment"));
    }

    /// Supplies a customer in a state from a day on, at one price for all hours. Answers the point.
    async fn home_in(&self, (state, network, number): State, of: &Customer, from: &str) -> i64 {
        let address = Address {
            street_address: "5 Cuttlefish Crescent".into(),
            locality: "Shellharbour".into(),
            administrative_area: state.into(),
            postal_code: "4000".into(),
            ..Address::default()
        };
        let market_name = MarketName::AusElectricity;
        let point = self.supply_at(address, of, market_name, (number, network), from, false).await;
        self.agree(of, point, "AUS-BASIC-22-07", from).await;
        point
    }

    /// Notes a card of somebody's. Answers its id.
    async fn concession_of(&self, user: i64, card_type: &str, expires: Option<&str>) -> i64 {
        let number = sqlx::query_scalar("select number from account_users where id = $1").bind(user);
        let number: String = number.fetch_one(self.database.pool()).await.expect("a person");
        let new =
            NewCard { card_type, number: "204-111-222A", issued_on: None, expires_on: expires.map(date) };
        let mut tx = self.tx().await;
        let card = concessions::note(&mut tx, &number, &new).await.expect("noted");
        tx.commit().await.expect("committed");
        card
    }

    /// Has the office of a card say whether it counts, today or since a day.
    async fn says(&self, card: i64, counts: bool, since: Option<&str>) {
        let failure = (!counts).then_some(("OVER", "The card was cancelled."));
        let said = Answer { failure, notes: None, since: since.map(date) };
        let mut tx = self.tx().await;
        concessions::validated(&mut tx, card, &said).await.expect("asked");
        tx.commit().await.expect("committed");
    }

    /// Bills what was used until a day, on that day.
    async fn bill_to(&self, of: &Customer, day: &str) {
        self.noon(day);
        let (ledger, _) = self.ledger_of(of).await;
        let mut tx = self.tx().await;
        cycle::bill_now(&mut tx, ledger.parse().expect("an id")).await.expect("billed");
        let findings = check::run(&mut tx).await.expect("the books");
        assert!(findings.iter().all(|finding| finding.broken == 0), "{findings:?}");
        tx.commit().await.expect("committed");
    }

    async fn rebates_of(&self, of: &Customer) -> Value {
        let token = self.again(of).await;
        self.ask(Some(&token), CREDITS, json!({ "n": of.account })).await["account"].clone()
    }

    /// What was credited, in the order in which it was.
    async fn credited(&self, of: &Customer) -> Vec<i64> {
        let account = self.rebates_of(of).await;
        credits(&account).iter().map(|t| t["amounts"]["gross"].as_i64().expect("cents")).collect()
    }
}

// The card counts from 11 June until it expires on 15 July: 20 days at 105.8466 cents are 2116.932, and 14 at the 108.2466 of
// July 1515.4524; 3632.3844 together. It turns out that it was cancelled on 10 July: nine days of July are 974.2194, and
// 3091.1514 is 541 less.
#[tokio::test]
async fn a_rebate_of_so_much_a_day_ends_with_its_card_and_follows_the_rates_of_july() {
    let server = Server::start().await;
    server.noon("2026-06-01");
    let tilly = server.customer("tilly@example.org", "Tilly Nguyen", "ORIGIN").await;
    let point = server.home_in(QUEENSLAND, &tilly, "2026-06-01").await;
    server.used(point, "au", ("2026-06-01", 70), 1, 400).await;
    server.noon("2026-06-11");
    let card = server.concession_of(tilly.user_id, "CENTRELINK_PENSIONER", Some("2026-07-15")).await;
    server.says(card, true, None).await;
    // A second card makes no second rebate, and one that does not count there makes none at all.
    server.noon("2026-06-20");
    let second = server.concession_of(tilly.user_id, "QUEENSLAND_SENIORS_CARD", None).await;
    server.says(second, true, Some("2026-06-15")).await;
    let mut tx = server.tx().await;
    concessions::remove(&mut tx, second, None).await.expect("taken off");
    tx.commit().await.expect("committed");
    let other = server.concession_of(tilly.user_id, "OTHER", None).await;
    server.says(other, true, Some("2026-06-01")).await;
    server.bill_to(&tilly, "2026-08-01").await;
    let account = server.rebates_of(&tilly).await;
    let credit = json!({ "__typename": "Credit", "title": "Queensland Electricity Rebate", "reasonCode": "QLD_ELECTRICITY_REBATE",
        "amounts": { "net": 3632, "tax": 0, "gross": 3632 } });
    assert_eq!(credits(&account), [credit]);
    assert_eq!(nodes(&account["bills"])[0]["totalCredits"], json!({ "grossTotal": 3632 }));

    server.says(card, false, Some("2026-07-10")).await;
    server.bill_to(&tilly, "2026-08-03").await;
    server.bill_to(&tilly, "2026-08-04").await;
    let account = server.rebates_of(&tilly).await;
    let amounts: Vec<Value> = credits(&account).iter().map(|t| t["amounts"].clone()).collect();
    assert_eq!(amounts[1..], [json!({ "net": -541, "tax": 0, "gross": -541 })]);
    let spans = |from: &str, to: &str, cents: &str| {
        json!({ "displayName": "Queensland Electricity Rebate", "creditReason": "QLD_ELECTRICITY_REBATE",
            "rebateCents": cents, "percentageDiscount": null, "startAt": from, "endAt": to, "appliedTo": ["INVOICE"] })
    };
    let june = spans("2026-06-10T14:00:00+00:00", "2026-06-30T14:00:00+00:00", "105.8466");
    let july = spans("2026-06-30T14:00:00+00:00", "2026-07-09T14:00:00+00:00", "108.2466");
    assert_eq!(account["agreements"][0]["eligibleRebates"], json!([june, july]));
    let token = server.again(&tilly).await;
    let variables = json!({ "n": tilly.account, "s": "2026-06-20T00:00:00Z", "e": "2026-07-05T00:00:00Z",
        "a": "2026-07-20T00:00:00Z" });
    let data = server.ask(Some(&token), EFFECTIVE, variables).await;
    let at_one_price = json!([{ "rebateCents": "108.2466", "startAt": "2026-06-19T14:00:00+00:00",
        "endAt": "2026-07-04T14:00:00+00:00" }]);
    assert_eq!(data["account"]["agreements"][0]["eligibleRebates"], at_one_price);
}

// 19.2 kWh a day at 27.722 are 532.2624, the day itself is 113.152, and with tax that is 709.95584. The threshold is 17160 a
// year, of which 47.013699 are a day's; 17.5 % of the rest are 116.014875. The card counts from 12 March: ten days are
// 1160.14875. On the 14th 4.8 kWh more were used: 146.37216 with tax, of which 25.615128 are paid; with the 22nd that is
// 1301.778750, 142 more. Then it turns out that the card counted since the 2nd: eleven more days with the 23rd are 1276.163622,
// and 2577.942372 is 1276 more.
#[tokio::test]
async fn a_rebate_of_a_share_is_on_what_is_above_the_threshold_and_put_right_with_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let tilly = server.customer("tilly@example.org", "Tilly Nguyen", "ORIGIN").await;
    let point = server.home_in(VICTORIA, &tilly, "2026-03-02").await;
    server.used(point, "au", ("2026-03-02", 30), 1, 400).await;
    // Who looks after the account does not live there.
    let carer = "insert into account_user_roles (account_id, user_id, role, created_at) values ($1, $2, 'CARER', now())";
    let carer = sqlx::query(carer).bind(tilly.account_id).bind(world.bob.user_id);
    carer.execute(server.database.pool()).await.expect("a role");
    let cared = server.concession_of(world.bob.user_id, "CENTRELINK_PENSIONER", None).await;
    server.says(cared, true, None).await;
    server.noon("2026-03-12");
    let card = server.concession_of(tilly.user_id, "CENTRELINK_HEALTH_CARE", None).await;
    server.bill_to(&tilly, "2026-03-13").await;
    assert_eq!(server.credited(&tilly).await, [0_i64; 0], "nobody has said yet that the card counts");
    server.says(card, true, Some("2026-03-12")).await;
    server.bill_to(&tilly, "2026-03-22").await;
    assert_eq!(server.credited(&tilly).await, [1160]);
    server.used(point, "au", ("2026-03-14", 1), 2, 500).await;
    server.bill_to(&tilly, "2026-03-23").await;
    assert_eq!(server.credited(&tilly).await, [1160, 142]);
    server.says(card, true, Some("2026-03-02")).await;
    server.bill_to(&tilly, "2026-03-24").await;
    assert_eq!(server.credited(&tilly).await, [1160, 142, 1276]);
    let account = server.rebates_of(&tilly).await;
    let eligible = json!([{ "displayName": "Victorian Annual Electricity Concession",
        "creditReason": "VIC_ELECTRICITY_CONCESSION", "rebateCents": null, "percentageDiscount": "17.5",
        "startAt": "2026-03-01T13:00:00+00:00", "endAt": null, "appliedTo": ["USAGE", "SERVICE_CHARGE"] }]);
    assert_eq!(account["agreements"][0]["eligibleRebates"], eligible);

    // A credit note undoes the rebate with the energy, once; what comes later goes on from there.
    let (bill,): (i64,) = sqlx::query_as("select max(id) from billing_documents where status = 'ISSUED'")
        .fetch_one(server.database.pool())
        .await
        .expect("a bill");
    let mut tx = server.tx().await;
    annul::annul(&mut tx, bill).await.expect("annulled");
    tx.commit().await.expect("committed");
    server.bill_to(&tilly, "2026-03-25").await;
    // 2693.957247 is 116 more than 2578.
    assert_eq!(server.credited(&tilly).await, [1160, 142, 1276, -1276, 116]);
}

#[tokio::test]
async fn two_closings_at_once_credit_once() {
    let server = Server::start().await;
    let tilly = server.customer("tilly@example.org", "Tilly Nguyen", "ORIGIN").await;
    let point = server.home_in(QUEENSLAND, &tilly, "2026-03-02").await;
    server.used(point, "au", ("2026-03-02", 20), 1, 400).await;
    let card = server.concession_of(tilly.user_id, "CENTRELINK_PENSIONER", None).await;
    server.says(card, true, Some("2026-03-02")).await;
    server.noon("2026-03-12");
    let (ledger, _) = server.ledger_of(&tilly).await;
    let ledger: i64 = ledger.parse().expect("an id");
    let close = async || {
        let mut tx = server.tx().await;
        let closed = cycle::bill_now(&mut tx, ledger).await.expect("billed");
        tx.commit().await.expect("committed");
        closed
    };
    let (one, other) = tokio::join!(close(), close());
    assert!(one != other, "one of them found nothing to do");
    // Ten days at 105.8466.
    assert_eq!(server.credited(&tilly).await, [1058]);
}

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What is known of a home by day: whether its card counts, and Wh of each half-hour.
struct Known {
    counts: Vec<bool>,
    wh: Vec<i32>,
}

const FIRST: &str = "2026-05-05";

impl Known {
    /// What the first days come to.
    fn owed(&self, days: usize, state: &str) -> i64 {
        let july = usize::try_from((date("2026-07-01") - date(FIRST)).num_days()).expect("a length");
        // 105.8466 and 108.2466 cents; 27.722 and 27.141 a kWh, and 113.152 and 114.608 a day.
        let (mut sums, mut entitled) = ([Decimal::ZERO; 2], [0_i64; 2]);
        for day in (0..days).filter(|day| self.counts[*day]) {
            let year = usize::from(day >= july);
            let kwh = Decimal::new(48 * i64::from(self.wh[day]), 3);
            let (rate, unit, standing) = [(1_058_466, 27_722, 113_152), (1_082_466, 27_141, 114_608)][year];
            sums[year] += match state {
                "QLD" => Decimal::new(rate, 4),
                _ => (kwh * Decimal::new(unit, 3) + Decimal::new(standing, 3)) * Decimal::new(11, 1),
            };
            entitled[year] += 1;
        }
        let above = |year: usize| {
            let threshold = Decimal::from(17160 * entitled[year]) / Decimal::from(365);
            (sums[year] - threshold).max(Decimal::ZERO) * Decimal::new(175, 3)
        };
        let sum = if state == "QLD" { sums[0] + sums[1] } else { above(0) + above(1) };
        let rounded = sum.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        rounded.to_i64().expect("cents")
    }
}

/// However its bills are cut and corrected, a household is credited what its days come to.
async fn comes_to_its_days(state: State, seed: u64) {
    const DAYS: usize = 110;
    let mut dice = Dice(seed);
    let server = Server::start().await;
    server.noon(FIRST);
    let tilly = server.customer("tilly@example.org", "Tilly Nguyen", "ORIGIN").await;
    let point = server.home_in(state, &tilly, FIRST).await;
    server.used(point, "au", (FIRST, DAYS as u64), 1, 300).await;
    let mut known = Known { counts: vec![false; DAYS], wh: vec![300; DAYS] };
    let card = server.concession_of(tilly.user_id, "CENTRELINK_PENSIONER", None).await;
    let on = |day: usize| (date(FIRST) + chrono::Days::new(day as u64)).to_string();
    let (mut today, mut version) = (0, 2);
    while today + 20 < DAYS {
        today += 1 + dice.below(19) as usize;
        server.noon(&on(today));
        for _ in 0..dice.below(3) {
            let day = dice.below(today as u64 + 1) as usize;
            if dice.below(2) == 0 {
                let counts = dice.below(3) > 0;
                server.says(card, counts, Some(&on(day))).await;
                known.counts[day..].fill(counts);
            } else {
                let wh = 100 + dice.below(500) as i32;
                server.used(point, "au", (&on(day), 1), version, wh).await;
                known.wh[day] = wh;
                version += 1;
            }
        }
        server.bill_to(&tilly, &on(today)).await;
        let credited: i64 = server.credited(&tilly).await.iter().sum();
        assert_eq!(credited, known.owed(today, state.0), "on day {today} of seed {seed}");
    }
}

#[tokio::test]
async fn rebates_of_so_much_a_day_come_to_their_days_however_bills_are_cut() {
    for seed in 1..3 {
        comes_to_its_days(QUEENSLAND, seed).await;
    }
}

#[tokio::test]
async fn rebates_of_a_share_come_to_their_days_however_bills_are_cut() {
    for seed in 3..5 {
        comes_to_its_days(VICTORIA, seed).await;
    }
}
