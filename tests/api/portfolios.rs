//! Portfolios, and what people are to them.

use kraken_api::domain::accounts::open::{self, NewAccount, NewUser};
use serde_json::{Value, json};

use crate::support::{Server, record};

const CREATE: &str = "mutation($i: CreatePortfolioInput) { createPortfolio(input: $i) {
    portfolio { id number brand name collectiveBilling operationsTeam { id name } } } }";
const GIVE: &str = "mutation($i: CreatePortfolioUserRoleInput) { createPortfolioUserRole(input: $i) {
    portfolioUserRole { id role user { id number } portfolio { id number } } } }";
const ADD: &str = "mutation($i: AddUserToPortfolioInput!) { addUserToPortfolio(input: $i) {
    possibleErrors { code } } }";
const ROLES: &str = "query($i: AccountUserInputType, $p: String, $a: String, $b: [BrandChoices]) {
    accountUser(input: $i) {
        portfolioId portfolioIds(allowedBrandCodes: $b)
        portfolios(first: 9, allowedBrandCodes: $b) { totalCount edges { node { id } } }
        accountUserRoles(accountNumber: $a) { role user { id } account { number linkedUserIds } }
        portfolioUserRoles(portfolioNumber: $p, accountNumber: $a) { id role user { id } portfolio { id } } } }";

impl Server {
    pub async fn text(&self, sql: &str, id: i64) -> String {
        let row: (String,) =
            sqlx::query_as(sql).bind(id).fetch_one(self.database.pool()).await.expect("a row");
        row.0
    }

    async fn refusal(&self, token: &str, query: &str, input: Value) -> String {
        self.send(Some(token), query, json!({ "i": input })).await.codes().join(" ")
    }
}

#[tokio::test]
async fn a_portfolio_is_made_for_a_brand_and_a_team() {
    let server = Server::start().await;
    let world = server.world().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let data = server.ask(Some(&admin), CREATE, json!({})).await;
    let plain = &data["createPortfolio"]["portfolio"];
    assert_eq!(plain["brand"], "OCTOPUS_ENERGY");
    assert_eq!(plain["collectiveBilling"], false);
    assert_eq!(plain["operationsTeam"], Value::Null);

    let team = server.text("select min(id)::text from operations_teams where id > $1", 0).await;
    let input = json!({ "brandCode": "ORIGIN", "operationsTeamId": team, "collectiveBilling": true });
    let data = server.ask(Some(&admin), CREATE, json!({ "i": input })).await;
    let made = &data["createPortfolio"]["portfolio"];
    let query = "query($n: String!) { portfolio(portfolioNumber: $n) {
        id number brand name collectiveBilling operationsTeam { id name } } }";
    let read = server.ask(Some(&world.reader), query, json!({ "n": made["number"] })).await;
    assert_eq!(&read["portfolio"], made);
    assert_eq!(made["brand"], "ORIGIN");
    assert_eq!(made["collectiveBilling"], true);
    assert_eq!(made["operationsTeam"]["id"], team);
    record::read_back("createPortfolio");

    for (input, code) in [
        (json!({ "brandCode": "NOBODY" }), "KT-CT-9402"),
        (json!({ "operationsTeamId": "1" }), "KT-CT-9401"),
        (json!({ "operationsTeamId": "x" }), "KT-CT-9401"),
    ] {
        assert_eq!(server.refusal(&admin, CREATE, input).await, code);
    }
    for token in [&world.staff, &world.ada.token, &world.partner] {
        assert_eq!(server.refusal(token, CREATE, json!({})).await, "KT-CT-1111");
    }
}

#[tokio::test]
async fn a_role_on_a_portfolio_opens_its_accounts_and_is_given_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let seen = "query($n: String!) { account(accountNumber: $n) { number portfolio { id number } } }";
    let data = server.ask(Some(&admin), seen, json!({ "n": world.ada.account })).await;
    let portfolio = &data["account"]["portfolio"];
    let input = json!({ "portfolioId": portfolio["id"], "accountUserId": world.bob.user_id.to_string(),
        "role": "CARER" });
    let give = async || {
        server.ask(Some(&admin), GIVE, json!({ "i": input })).await["createPortfolioUserRole"].clone()
    };
    let (one, other) = tokio::join!(give(), give());
    assert_eq!(one, other, "given once, whoever asks how often");
    let role = &one["portfolioUserRole"];
    assert_eq!(role["role"], "CARER");
    assert_eq!(&role["portfolio"], portfolio);
    let data = server.ask(Some(&world.bob.token), seen, json!({ "n": world.ada.account })).await;
    assert_eq!(data["account"]["number"], world.ada.account);
    let bob = json!({ "accountUserId": world.bob.user_id.to_string() });
    let data = server.ask(Some(&world.reader), ROLES, json!({ "i": bob, "p": portfolio["number"] })).await;
    let held = &data["accountUser"]["portfolioUserRoles"];
    assert_eq!(held.as_array().map(Vec::len), Some(1));
    assert_eq!(held[0]["id"], role["id"]);
    record::read_back("createPortfolioUserRole");

    let plain = json!({ "portfolioId": portfolio["id"], "accountUserId": world.bob.user_id.to_string() });
    let data = server.ask(Some(&admin), GIVE, json!({ "i": plain })).await;
    assert_eq!(data["createPortfolioUserRole"]["portfolioUserRole"]["role"], "ADMIN");
    for (field, value, code) in [
        ("portfolioId", "1", "KT-CT-9403"),
        ("portfolioId", "x", "KT-CT-9403"),
        ("accountUserId", "1", "KT-CT-9404"),
        ("accountUserId", "x", "KT-CT-9404"),
    ] {
        let mut wrong = input.clone();
        wrong[field] = json!(value);
        assert_eq!(server.refusal(&admin, GIVE, wrong.clone()).await, code, "{wrong}");
        assert_eq!(server.refusal(&world.staff, GIVE, wrong).await, "KT-CT-1111");
    }
    assert_eq!(server.refusal(&admin, GIVE, Value::Null).await, "KT-CT-9403");
}

#[tokio::test]
async fn a_user_is_added_to_a_portfolio_by_number() {
    let server = Server::start().await;
    let world = server.world().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let user = server.text("select number from account_users where id = $1", world.bob.user_id).await;
    let portfolio =
        "select p.number from portfolios p join accounts a on a.portfolio_id = p.id where a.id = $1";
    let portfolio = server.text(portfolio, world.ada.account_id).await;
    let input = json!({ "userNumber": user, "roleCode": "MEMBER", "portfolioNumber": portfolio });
    for (field, value, code) in [
        ("roleCode", "CAPTAIN", "KT-CT-5461"),
        ("userNumber", "Bob", "KT-CT-5462"),
        ("userNumber", "U-00000000", "KT-CT-5463"),
        ("portfolioNumber", "U-00000000", "KT-CT-9408"),
        ("portfolioNumber", "P-00000000", "KT-CT-9407"),
    ] {
        let mut wrong = input.clone();
        wrong[field] = json!(value);
        assert_eq!(server.refusal(&admin, ADD, wrong.clone()).await, code, "{wrong}");
        assert_eq!(server.refusal(&world.reader, ADD, wrong).await, "KT-CT-1111");
    }
    let bob = json!({ "i": { "accountUserId": world.bob.user_id.to_string() }, "p": portfolio });
    let data = server.ask(Some(&admin), ROLES, bob.clone()).await;
    assert_eq!(data["accountUser"]["portfolioUserRoles"], json!([]));
    for _ in 0..2 {
        server.ask(Some(&admin), ADD, json!({ "i": input })).await;
        let data = server.ask(Some(&admin), ROLES, bob.clone()).await;
        let roles = data["accountUser"]["portfolioUserRoles"].as_array().expect("roles");
        assert_eq!(roles.len(), 1);
        assert_eq!(roles[0]["role"], "MEMBER");
    }
    record::read_back("addUserToPortfolio");
}

#[tokio::test]
async fn roles_are_told_as_far_as_accounts_and_portfolios_are_seen() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    let both = open::portfolio(&mut tx, &server.random, "ORIGIN", "Both").await.expect("a portfolio");
    let new = NewAccount {
        brand: "ORIGIN",
        account_type: "DOMESTIC",
        billing_name: "Both",
        ..NewAccount::default()
    };
    let first = open::account(&mut tx, &server.random, both, &new).await.expect("an account");
    let second = open::account(&mut tx, &server.random, both, &new).await.expect("an account");
    let eve = NewUser { given_name: "Eve", ..NewUser::default() };
    let eve = open::user(&mut tx, &server.random, &eve).await.expect("a user");
    use kraken_api::domain::accounts::roles::{give_on_account, give_on_portfolio};
    give_on_account(&mut tx, first.id, world.ada.user_id, "ACCOUNT_OWNER").await.expect("a role");
    give_on_account(&mut tx, first.id, eve, "MEMBER").await.expect("a role");
    give_on_portfolio(&mut tx, both, world.ada.user_id, "CARER").await.expect("a role");
    tx.commit().await.expect("committed");
    let ada = json!({ "accountUserId": world.ada.user_id.to_string() });
    let ask = async |more: Value| {
        let mut variables = json!({ "i": ada });
        variables.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        server.ask(Some(&world.reader), ROLES, variables).await["accountUser"].clone()
    };
    let all = ask(json!({})).await;
    assert_eq!(all["portfolioIds"].as_array().map(Vec::len), Some(2));
    assert_eq!(all["portfolioId"], all["portfolioIds"][0]);
    assert_eq!(all["portfolios"]["totalCount"], 2);
    assert_eq!(all["portfolioUserRoles"].as_array().map(Vec::len), Some(2));
    let role = json!([{ "role": "ACCOUNT_OWNER", "user": { "id": world.ada.user_id.to_string() },
        "account": { "number": first.number,
            "linkedUserIds": [world.ada.user_id.to_string(), eve.to_string()] } }]);
    assert_eq!(all["accountUserRoles"], role);

    let origin = ask(json!({ "b": ["ORIGIN"] })).await;
    assert_eq!(origin["portfolioIds"], json!([both.to_string()]));
    assert_eq!(
        origin["portfolios"],
        json!({ "totalCount": 1, "edges": [{ "node": { "id": both.to_string() } }] })
    );
    assert_eq!(origin["portfolioId"], all["portfolioId"]);
    assert_eq!(ask(json!({ "b": [] })).await["portfolioIds"], json!([]));
    let around = ask(json!({ "a": second.number })).await;
    assert_eq!(around["accountUserRoles"], json!([]));
    assert_eq!(around["portfolioUserRoles"][0]["portfolio"]["id"], both.to_string());
    assert_eq!(ask(json!({ "a": world.bob.account })).await["portfolioUserRoles"], json!([]));

    // Of Ada's roles an organisation hears of those on the accounts that are granted to it.
    let mut tx = server.tx().await;
    kraken_api::domain::auth::organisations::grant(&mut tx, world.partner_id, first.id)
        .await
        .expect("granted");
    tx.commit().await.expect("committed");
    let data = server.ask(Some(&world.partner), ROLES, json!({ "i": ada })).await;
    assert_eq!(data["accountUser"]["accountUserRoles"], role);
    assert_eq!(data["accountUser"]["portfolioUserRoles"], json!([]));
    assert_eq!(data["accountUser"]["portfolioIds"], json!([]));
}
