//! Bulk data: as the API shows it, proved, made once, the same for the same seed.

use kraken_api::domain::check;
use kraken_api::domain::seed::{self, Made, Order, SeedError};
use serde_json::{Value, json};

use crate::support::Server;

const ACCOUNTS: u32 = 250;
/// Enough to differ.
const FEW: u32 = 40;

fn order(seed: u64) -> Order {
    Order {
        accounts: ACCOUNTS,
        seed,
        until: "2026-01-01".parse().expect("a day"),
        months: 24,
        password_hash: None,
        api_keys: 2,
        measured: (20, 40),
    }
}

async fn make(server: &Server, order: &Order) -> Result<Made, SeedError> {
    seed::make(&server.database, &server.random, order, &|_| {}).await
}

async fn row(server: &Server, sql: &str) -> String {
    let found: (Option<String>,) =
        sqlx::query_as(sql).fetch_one(server.database.pool()).await.expect("a row");
    found.0.unwrap_or_default()
}

/// All that was made, as one number.
async fn digest(server: &Server) -> String {
    let mut all = String::new();
    for (table, order) in [
        ("portfolios", "id"),
        ("accounts", "id"),
        ("account_users", "id"),
        ("account_user_roles", "id"),
        ("portfolio_user_roles", "id"),
        ("logins", "id"),
        ("ledgers", "id"),
        ("journal_entries", "id"),
        ("postings", "ledger_account_id, sequence"),
        ("transactions", "id"),
        ("ledger_balances", "ledger_account_id"),
        ("properties", "id"),
        ("occupancies", "id"),
        ("supply_points", "id"),
        ("supply_periods", "id"),
        ("meters", "id"),
        ("meter_registers", "id"),
        ("agreements", "id"),
        ("interval_days", "supply_point_id, day"),
    ] {
        let sql = format!("select md5(string_agg(t::text, '|' order by {order})) from {table} t");
        all.push_str(&row(server, &sql).await);
    }
    all
}

/// Keys, indexes and triggers, as Postgres tells them.
const SHAPE: &str = "
    select string_agg(what, E'\\n' order by what) from (
        select conrelid::regclass || ' ' || conname || ' ' || case when contype = 't' then '' else pg_get_constraintdef(oid) end
        from pg_constraint where connamespace = 'public'::regnamespace
        union all select pg_get_indexdef(indexrelid) || indisvalid || indisprimary from pg_index
            join pg_class on pg_class.oid = indexrelid where relnamespace = 'public'::regnamespace
        union all select tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text from pg_trigger where not tgisinternal
    ) parts (what)";

#[tokio::test]
async fn bulk_data_is_proved_and_made_once() {
    let server = Server::start().await;
    let shape = row(&server, SHAPE).await;
    let made = make(&server, &order(7)).await.expect("made");
    assert_eq!(row(&server, SHAPE).await, shape, "keys, indexes and triggers are as they were");
    assert_eq!(made.counts.accounts, u64::from(ACCOUNTS));
    assert_eq!(made.counts.supply_points, u64::from(ACCOUNTS));
    assert_eq!(made.counts.measured_days, 20 * 40);
    let agreed = "select count(*)::text from agreements g join accounts a on a.id = g.account_id";
    assert_eq!(row(&server, agreed).await, ACCOUNTS.to_string(), "everybody has agreed to something");
    let examined = |word: &str| made.findings.iter().find(|f| f.rule.contains(word)).map(|f| f.examined);
    let counted = [("sums to zero", made.counts.entries), ("carried forward", made.counts.postings)];
    for (rule, count) in counted.into_iter().chain([("says what was posted", made.counts.transactions)]) {
        assert_eq!(examined(rule), i64::try_from(count).ok(), "{rule}");
    }
    let mut tx = server.tx().await;
    for finding in check::run(&mut tx).await.expect("checked") {
        assert_eq!(finding.broken, 0, "{finding:?}");
    }
    drop(tx);
    let before = digest(&server).await;
    assert!(matches!(make(&server, &order(8)).await, Err(SeedError::InUse)));
    assert_eq!(digest(&server).await, before);
    // What the books refuse, they refuse again.
    let change =
        sqlx::raw_sql("update postings set amount = amount + 1").execute(server.database.pool()).await;
    assert!(change.expect_err("refused").to_string().contains("only ever added"));
}

#[tokio::test]
async fn the_same_seed_makes_the_same() {
    let (one, two, other) = (Server::start().await, Server::start().await, Server::start().await);
    for (server, seed) in [(&one, 7), (&two, 7), (&other, 8)] {
        make(server, &Order { accounts: FEW, ..order(seed) }).await.expect("made");
    }
    let digests = [digest(&one).await, digest(&two).await, digest(&other).await];
    assert!(digests[0] == digests[1] && digests[0] != digests[2]);
}

#[tokio::test]
async fn customers_are_left_alone_and_the_future_is_not_told() {
    let server = Server::start().await;
    let late = Order { until: "2026-04-01".parse().expect("a day"), ..order(1) };
    assert!(matches!(make(&server, &late).await, Err(SeedError::Future(_))));
    let none = Order { accounts: 0, ..order(1) };
    assert!(matches!(make(&server, &none).await, Err(SeedError::Accounts)));
    for months in [2, 25] {
        let history = Order { months, ..order(1) };
        assert!(matches!(make(&server, &history).await, Err(SeedError::Months)));
    }
    server.world().await;
    let before = digest(&server).await;
    let refusal = make(&server, &order(1)).await.expect_err("in use");
    assert!(refusal.to_string().contains("has customers already"), "{refusal}");
    assert_eq!(digest(&server).await, before);
}

/// The one at `path` in an answer.
fn at<'a>(answer: &'a Value, path: &str) -> &'a Value {
    answer.pointer(path).unwrap_or_else(|| panic!("{path} in {answer}"))
}

#[tokio::test]
async fn the_api_shows_bulk_data_like_any_other() {
    let server = Server::start().await;
    let made = make(&server, &order(7)).await.expect("made");
    let staff = server.member_of_staff("staff@example.org", "billing").await;
    let key = &made.keys[0];
    let token = server.log_in(json!({ "APIKey": key.key })).await;

    let query = "query($n: String!) { account(accountNumber: $n) {
        number status accountType balance billingName billingAddressLine1 billingAddressPostcode
        users { givenName familyName fullName email mobile } portfolio { number }
        ledgers { number ledgerType balance }
        transactions(first: 3) { totalCount edges { node { title amount balanceCarriedForward
            amounts { net tax gross } postedDate } } } } }";
    let data = server.ask(Some(&token), query, json!({ "n": key.account_number })).await;
    assert_eq!(at(&data, "/account/status"), "ACTIVE");
    assert_eq!(at(&data, "/account/users/0/email"), &json!(key.email));
    let total = at(&data, "/account/transactions/totalCount").as_i64().expect("a count");
    assert!(total > 20, "{data}");
    let ledgers = at(&data, "/account/ledgers").as_array().expect("ledgers");
    assert!((1..=3).contains(&ledgers.len()));

    // Everybody whom the staff look for is found, however they look.
    let search =
        "query($t: AccountSearchInputType!) { accountsSearch(searchTerms: $t) { account { number } score } }";
    let name = at(&data, "/account/users/0/fullName");
    let mobile = at(&data, "/account/users/0/mobile");
    let postcode = at(&data, "/account/billingAddressPostcode");
    for terms in [
        json!({ "user": name }),
        json!({ "user": key.email }),
        json!({ "telephoneNumber": mobile }),
        json!({ "location": postcode, "billingName": at(&data, "/account/billingName") }),
    ] {
        let found = server.ask(Some(&staff), search, json!({ "t": terms })).await;
        let found = at(&found, "/accountsSearch").as_array().expect("accounts");
        assert!(found.iter().any(|hit| hit["account"]["number"] == key.account_number.as_str()), "{terms}");
    }

    // Life goes on: the balance falls by what is charged.
    let charge = "mutation($i: CreateAccountChargeInput!) { createAccountCharge(input: $i) { accountCharge { grossAmount } } }";
    let input =
        json!({ "accountNumber": key.account_number, "grossAmount": 105, "reason": "LATE_PAYMENT_FEE" });
    server.ask(Some(&staff), charge, json!({ "i": input })).await;
    let after = server.ask(Some(&token), query, json!({ "n": key.account_number })).await;
    let balance = |data: &Value| at(data, "/account/balance").as_i64().expect("a balance");
    assert_eq!(balance(&after), balance(&data) - 105);
    assert_eq!(at(&after, "/account/transactions/totalCount"), &json!(total + 1));
}

#[tokio::test]
async fn homes_of_bulk_data_are_supplied_and_measured() {
    let server = Server::start().await;
    make(&server, &order(7)).await.expect("made");
    let staff = server.member_of_staff("staff@example.org", "reader").await;
    let of_first = |what: &str| {
        format!(
            "select {what} from supply_points sp join supply_periods s on s.supply_point_id = sp.id
                join accounts a on a.id = s.account_id where sp.market = 'gb' order by sp.id limit 1"
        )
    };
    let mpan = row(&server, &of_first("sp.identifier")).await;
    let number = row(&server, &of_first("a.number")).await;
    let query = "query($n: String!) { account(accountNumber: $n) { properties { address
        electricityMeterPoints { ... on ElectricityMeterPointType { mpan agreements { id } meters { serialNumber } } } } } }";
    let data = server.ask(Some(&staff), query, json!({ "n": number })).await;
    let point = at(&data, "/account/properties/0/electricityMeterPoints/0");
    assert_eq!(point["mpan"], mpan.as_str());
    assert_eq!(point["agreements"].as_array().map(Vec::len), Some(1));
    let query = "query($i: String!, $from: DateTime!, $to: DateTime!) {
        supplyPoint(externalIdentifier: $i, marketName: \"GBR_ELECTRICITY\") { readings(startAt: $from, endAt: $to,
            readingType: INTERVAL, timeGranularity: DAY, timezone: \"Europe/London\") { importReadings(first: 50) { edges { node { value } } } } } }";
    let fortnight = json!({ "i": mpan, "from": "2025-12-01T00:00:00Z", "to": "2025-12-15T00:00:00Z" });
    let data = server.ask(Some(&staff), query, fortnight).await;
    let days = at(&data, "/supplyPoint/readings/importReadings/edges").as_array().expect("days");
    assert_eq!(days.len(), 14, "{data}");
    let query = "query($n: String!, $m: String!) { applicableRates(accountNumber: $n, mpxn: $m, first: 5,
        startAt: \"2025-12-01T00:00:00Z\", endAt: \"2025-12-03T00:00:00Z\") { edges { node { value } } } }";
    let data = server.ask(Some(&staff), query, json!({ "n": number, "m": mpan })).await;
    assert!(at(&data, "/applicableRates/edges/0/node/value") != &json!(0), "{data}");
}
