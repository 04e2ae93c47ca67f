//! Finding people and accounts: by who they are exactly, and by what resembles them.

use kraken_api::domain::accounts::open::{self, NewUser};
use kraken_api::domain::accounts::roles;
use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use crate::support::{Server, World};

const USER: &str = "query($i: AccountUserInputType) { accountUser(input: $i) { number email } }";
const ON_ACCOUNT: &str = "query($i: AccountUserFromAccountNumberInputType) {
    accountUserFromAccountNumber(input: $i) { email } }";
const OF_ACCOUNT: &str = "query($n: String!) { getUsersForAccount(accountNumber: $n) { email } }";
const OF_ACCOUNTS: &str = "query($n: [String]!) { getUsersForAccounts(accountNumbers: $n) { email } }";
const ACCOUNTS: &str = "query($phone: String, $portfolio: String) {
    accounts(phoneNumber: $phone, portfolioNumber: $portfolio) { number portfolio { number } } }";
const PORTFOLIO: &str = "query($n: String!) { portfolio(portfolioNumber: $n) { number name } }";
const SEARCH: &str = "query($t: AccountSearchInputType, $m: Int) {
    accountsSearch(searchTerms: $t, maxResults: $m) { account { number } score } }";
const RESEMBLES: &str =
    "query($i: AccountUserSearchInputType) { accountUserSearch(input: $i) { email givenName } }";

impl Server {
    async fn run(&self, sql: &str) {
        sqlx::raw_sql(sql).execute(self.database.pool()).await.expect("run");
    }

    async fn codes(&self, token: &str, query: &str, variables: Value) -> String {
        self.send(Some(token), query, variables).await.codes().join(" ")
    }

    async fn grant_ada(&self, world: &World) {
        let mut tx = self.tx().await;
        organisations::grant(&mut tx, world.partner_id, world.ada.account_id).await.expect("granted");
        tx.commit().await.expect("committed");
    }

    async fn portfolio_of(&self, token: &str, account: &str) -> String {
        let query = "query($n: String!) { account(accountNumber: $n) { portfolio { number } } }";
        let data = self.ask(Some(token), query, json!({ "n": account })).await;
        data["account"]["portfolio"]["number"].as_str().expect("a portfolio").to_owned()
    }
}

#[tokio::test]
async fn staff_find_anybody_and_organisations_whoever_is_on_a_granted_account() {
    let server = Server::start().await;
    let world = server.world().await;
    server.grant_ada(&world).await;
    let by_email = |email: &str| json!({ "i": { "accountUserEmail": email } });
    let by_id = |id: i64| json!({ "i": { "accountUserId": id.to_string() } });
    for token in [&world.reader, &world.partner] {
        let data = server.ask(Some(token), USER, by_email(" ADA@example.org")).await;
        assert_eq!(data["accountUser"]["email"], world.ada.email);
        let data = server.ask(Some(token), USER, by_id(world.ada.user_id)).await;
        assert_eq!(data["accountUser"]["email"], world.ada.email);
    }
    assert_eq!(server.codes(&world.partner, USER, by_email(world.bob.email)).await, "KT-CT-5412");
    assert_eq!(server.codes(&world.partner, USER, by_id(world.bob.user_id)).await, "KT-CT-5412");
    assert_eq!(
        server.codes(&world.reader, USER, json!({ "i": { "accountUserId": "x" } })).await,
        "KT-CT-5412"
    );
    for both in
        [json!({}), json!({ "i": {} }), json!({ "i": { "accountUserId": "1", "accountUserEmail": "x@y" } })]
    {
        assert_eq!(server.codes(&world.reader, USER, both).await, "KT-AU-5415");
    }
}

#[tokio::test]
async fn the_people_of_accounts_are_listed_once_each_for_whoever_sees_the_account() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    let new = NewUser { given_name: "Eve", email: "eve@example.org", ..NewUser::default() };
    let eve = open::user(&mut tx, &server.random, &new).await.expect("a user");
    for account in [world.ada.account_id, world.bob.account_id] {
        roles::give_on_account(&mut tx, account, eve, "MEMBER").await.expect("a role");
    }
    tx.commit().await.expect("committed");
    let (ada, bob) = (&world.ada.account, &world.bob.account);

    let data = server.ask(Some(&world.ada.token), OF_ACCOUNT, json!({ "n": ada })).await;
    assert_eq!(
        data["getUsersForAccount"],
        json!([{ "email": "ada@example.org" }, { "email": "eve@example.org" }])
    );
    for stranger in [&world.bob.token, &world.partner] {
        assert_eq!(server.codes(stranger, OF_ACCOUNT, json!({ "n": ada })).await, "KT-CT-4178");
    }

    let on = |number: &str, email: &str| json!({ "i": { "accountNumber": number, "emailAddress": email } });
    let data = server.ask(Some(&world.reader), ON_ACCOUNT, on(ada, "Eve@Example.org ")).await;
    assert_eq!(data["accountUserFromAccountNumber"]["email"], "eve@example.org");
    for nobody in [world.bob.email, ""] {
        let data = server.ask(Some(&world.reader), ON_ACCOUNT, on(ada, nobody)).await;
        assert_eq!(data["accountUserFromAccountNumber"], Value::Null);
    }
    assert_eq!(server.codes(&world.ada.token, ON_ACCOUNT, on(bob, world.bob.email)).await, "KT-CT-4178");
    assert_eq!(server.codes(&world.reader, ON_ACCOUNT, json!({})).await, "KT-CT-4178");

    let data = server
        .ask(Some(&world.reader), OF_ACCOUNTS, json!({ "n": [ada, bob, null, "A-FFFFFFFF", ada] }))
        .await;
    let emails =
        ["ada@example.org", "bob@example.org", "eve@example.org"].map(|email| json!({ "email": email }));
    assert_eq!(data["getUsersForAccounts"], json!(emails));
    assert_eq!(server.codes(&world.partner, OF_ACCOUNTS, json!({ "n": [ada, bob] })).await, "KT-AU-5412");
    server.grant_ada(&world).await;
    let data = server.ask(Some(&world.partner), OF_ACCOUNTS, json!({ "n": [ada, bob] })).await;
    assert_eq!(data["getUsersForAccounts"].as_array().map(Vec::len), Some(2));
    let many = vec![ada; 101];
    assert_eq!(server.codes(&world.reader, OF_ACCOUNTS, json!({ "n": many })).await, "KT-AU-5413");
    assert_eq!(server.codes(&world.reader, OF_ACCOUNTS, json!({ "n": [] })).await, "KT-AU-5412");
}

#[tokio::test]
async fn accounts_are_found_by_portfolio_and_by_telephone_number() {
    let server = Server::start().await;
    let world = server.world().await;
    server
        .run("update account_users set mobile = '+44 (7700) 900-123' where email = 'ada@example.org'")
        .await;
    let portfolio = server.portfolio_of(&world.reader, &world.ada.account).await;
    let expected = json!([{ "number": world.ada.account, "portfolio": { "number": portfolio } }]);
    for token in [&world.reader, &world.ada.token] {
        for by in [json!({ "phone": "447700900123" }), json!({ "portfolio": portfolio })] {
            assert_eq!(server.ask(Some(token), ACCOUNTS, by).await["accounts"], expected);
        }
    }
    for token in [&world.bob.token, &world.partner] {
        for by in
            [json!({ "phone": "447700900123" }), json!({ "portfolio": portfolio }), json!({ "phone": "" })]
        {
            assert_eq!(server.ask(Some(token), ACCOUNTS, by).await["accounts"], json!([]));
        }
    }
    for both in [json!({}), json!({ "phone": "1", "portfolio": "2" })] {
        assert_eq!(server.codes(&world.reader, ACCOUNTS, both).await, "KT-CT-4184");
    }
    let data = server.ask(Some(&world.ada.token), PORTFOLIO, json!({ "n": portfolio })).await;
    assert_eq!(data["portfolio"], json!({ "number": portfolio, "name": "Ada Lovelace" }));
    for stranger in [&world.bob.token, &world.partner] {
        assert_eq!(server.codes(stranger, PORTFOLIO, json!({ "n": portfolio })).await, "KT-CT-9403");
    }
}

#[tokio::test]
async fn accounts_are_found_by_what_resembles_them() {
    let server = Server::start().await;
    let world = server.world().await;
    server
        .run(
            "update account_users set mobile = '+44 7700 900123' where email = 'ada@example.org';
             update accounts set billing_postcode = 'ZX9 8YW', urn = 'LEGACY-7' where billing_name = 'Bob Kahn'",
        )
        .await;
    let (ada, bob) = (world.ada.account.as_str(), world.bob.account.as_str());
    let portfolio = server.portfolio_of(&world.reader, bob).await;
    let misspelt = format!("{}{}", &ada[..9], if ada.ends_with('0') { '1' } else { '0' });
    for (terms, expected) in [
        (json!({ "accountNumber": ada }), ada),
        (json!({ "accountNumber": misspelt }), ada),
        (json!({ "user": "Lovelase" }), ada),
        (json!({ "user": "lovelace ada" }), ada),
        (json!({ "user": "ADA@EXAMPLE" }), ada),
        (json!({ "user": "Lovelace", "location": "ab1 2cd" }), ada),
        (json!({ "telephoneNumber": "(44) 7700-900123" }), ada),
        (json!({ "billingName": "Bob Kahm" }), bob),
        (json!({ "location": "zx98yw" }), bob),
        (json!({ "account": "bob kahn" }), bob),
        (json!({ "urn": "legacy-7" }), bob),
        (json!({ "portfolioNumber": portfolio }), bob),
    ] {
        let data = server.ask(Some(&world.reader), SEARCH, json!({ "t": terms })).await;
        assert_eq!(data["accountsSearch"][0]["account"]["number"], expected, "{terms}: {data}");
    }
    // All terms must fit one account, and a name is not sought where the address is.
    for terms in [json!({ "user": "Lovelace", "billingName": "Kahn" }), json!({ "location": "Lovelace" })] {
        let data = server.ask(Some(&world.reader), SEARCH, json!({ "t": terms })).await;
        assert_eq!(data["accountsSearch"], json!([]), "{terms}");
    }
    let data =
        server.ask(Some(&world.reader), SEARCH, json!({ "t": { "account": "example.org" }, "m": 1 })).await;
    let one = json!([{ "account": { "number": ada }, "score": "1.0000" }]);
    assert_eq!(data["accountsSearch"], one, "as good as Bob's, and older");
}

#[tokio::test]
async fn a_search_is_kept_to_what_is_granted_and_to_terms_that_tell_something() {
    let server = Server::start().await;
    let world = server.world().await;
    let portfolio = server.portfolio_of(&world.reader, &world.ada.account).await;
    let terms = json!({ "t": { "account": "example.org" } });
    assert_eq!(server.codes(&world.ada.token, SEARCH, terms.clone()).await, "KT-CT-1111");
    assert_eq!(server.ask(Some(&world.partner), SEARCH, terms.clone()).await["accountsSearch"], json!([]));
    server.grant_ada(&world).await;
    for terms in [terms, json!({ "t": { "user": "example.org" } })] {
        let data = server.ask(Some(&world.partner), SEARCH, terms).await;
        assert_eq!(data["accountsSearch"].as_array().map(Vec::len), Some(1));
    }
    // Which portfolio a granted account is in, is not the organisation's to know.
    let data =
        server.ask(Some(&world.partner), SEARCH, json!({ "t": { "portfolioNumber": portfolio } })).await;
    assert_eq!(data["accountsSearch"], json!([]));
    for bad in [
        json!({}),
        json!({ "t": {} }),
        json!({ "t": { "user": " a " } }),
        json!({ "t": { "telephoneNumber": "none" } }),
        json!({ "t": { "user": "x".repeat(201) } }),
        json!({ "t": { "user": "Lovelace" }, "m": 0 }),
        json!({ "t": { "user": "Lovelace" }, "m": 101 }),
    ] {
        assert_eq!(server.codes(&world.reader, SEARCH, bad.clone()).await, "KT-CT-4183", "{bad}");
    }
}

#[tokio::test]
async fn the_person_who_resembles_the_details_most_is_found() {
    let server = Server::start().await;
    let world = server.world().await;
    server
        .run(
            "update account_users set mobile = '07700 900123', date_of_birth = '1985-12-10'
             where email = 'ada@example.org'",
        )
        .await;
    let like = |family: &str, email: &str, mobile: &str| {
        json!({ "i": { "givenName": "Ada", "familyName": family, "dateOfBirth": "1985-12-10", "email": email,
            "mobile": mobile, "landline": "" } })
    };
    let ada = like("Lovelase", "ada@exmaple.org", "07700900123");
    let data = server.ask(Some(&world.reader), RESEMBLES, ada.clone()).await;
    assert_eq!(data["accountUserSearch"], json!({ "email": world.ada.email, "givenName": "Ada" }));
    assert_eq!(server.codes(&world.ada.token, RESEMBLES, ada.clone()).await, "KT-CT-1111");
    assert_eq!(server.codes(&world.partner, RESEMBLES, ada.clone()).await, "KT-CT-1145");
    let nobody = like("Smith", "smith@elsewhere.example", "123456");
    assert_eq!(server.codes(&world.reader, RESEMBLES, nobody).await, "KT-CT-1145");
    let with = |name: &str, value: Value| {
        let mut input = ada.clone();
        input["i"][name] = value;
        input
    };
    for (bad, code) in [
        (with("threshold", json!(0.99)), "KT-CT-1145"),
        (with("threshold", json!(1.5)), "KT-CT-4183"),
        (with("searchWeightMappings", json!({ "email": -1.0 })), "KT-CT-4183"),
        (with("givenName", json!("x".repeat(201))), "KT-CT-4183"),
        (json!({}), "KT-CT-4183"),
    ] {
        assert_eq!(server.codes(&world.reader, RESEMBLES, bad.clone()).await, code, "{bad}");
    }
    // Only the family name counts, and it differs by a letter.
    let only = json!({ "givenName": 0.0, "familyName": 1.0, "dateOfBirth": 0.0, "email": 0.0, "mobile": 0.0,
        "landline": 0.0 });
    let mut strict = with("searchWeightMappings", only);
    assert_eq!(server.codes(&world.reader, RESEMBLES, strict.clone()).await, "KT-CT-1145");
    strict["i"]["familyName"] = json!("lovelace");
    server.ask(Some(&world.reader), RESEMBLES, strict).await;
}
