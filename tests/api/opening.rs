//! Signing customers up, and where their accounts stand on the way.

use kraken_api::domain::accounts::applications::{self, MigrationError};
use kraken_api::domain::accounts::lifecycle::{self, LifecycleError, Status};
use kraken_api::domain::auth::Viewer;
use serde_json::{Value, json};

use crate::support::{Reply, Server, record};

const USER: &str =
    "mutation($i: BaseInitializeUserInput!) { initializeUser(input: $i) { isNewUser userNumber } }";
const ACCOUNT: &str = "mutation($i: BaseInitializeAccountInput!) {
    initializeAccount(input: $i) { isNewAccount accountNumber } }";
const BOTH: &str = "mutation($i: PrepareAccountInput!) {
    prepareAccount(input: $i) { isNewAccount accountNumber isNewUser userId } }";
const SHELL: &str = "mutation($i: CreateShellAccountInput!) { createShellAccount(input: $i) {
    portfolioNumber givenName familyName billingName email mobile landline brand dateOfBirth
    billingAddressLine1 billingAddressLine2 billingAddressLine3 billingAddressLine4 billingAddressLine5
    billingPostcode billingRichAddress billingPeriodLength billingPeriodMultiplier billingPeriodDay billingPeriodMonth
    isBusinessAccount companyName companyNumber businessType password passwordUpdateToken urn clientMutationId
    errors { field messages }
    account { number ... on AccountType { isShellAccount business { name number } } } } }";
const READ: &str = "query($n: String!) { account(accountNumber: $n) {
    status accountType urn brand billingName billingEmail splitBillingAddress billingAddressPostcode billingCountryCode
    isShellAccount canBeWithdrawn portfolio { number }
    address { organization structuredStreetAddress locality }
    users { number givenName familyName email mobile landline title pronouns dateOfBirth }
    applications(first: 2, status: CURRENT) { totalCount edges { node {
        status salesChannel salesSubchannel dateOfSale coolingOffEndDate preferredSsd } } } } }";

impl Server {
    async fn sign(&self, token: &str, document: &str, input: Value) -> Reply {
        self.send(Some(token), document, json!({ "i": input })).await
    }

    async fn read_account(&self, token: &str, number: &Value) -> Value {
        self.ask(Some(token), READ, json!({ "n": number })).await["account"].clone()
    }

    /// An organisation that signs customers up.
    async fn agency(&self) -> String {
        self.organisation("Agency Ltd", &["view-accounts", "open-accounts"]).await.1
    }
}

fn person() -> Value {
    json!({ "givenName": "Cleo", "familyName": "Byrne", "email": "cleo@example.org", "mobile": "07700 900123",
        "title": "Dr", "dateOfBirth": "1990-05-06" })
}

fn household(user: &Value) -> Value {
    json!({ "userNumber": user, "brandCode": "OCTOPUS_ENERGY", "billingName": "Cleo Byrne",
        "billingAddress": { "line1": "1 Kelp Street", "line3": "Bristol", "postalCode": "bs1 4qa" },
        "salesInfo": { "salesChannel": "DIRECT", "salesSubchannel": "WEB" }, "dateOfSale": "2026-03-01",
        "preferredSsd": "2026-04-01" })
}

#[tokio::test]
async fn a_person_is_signed_up_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let input = json!({ "customerDetails": person(), "brandCode": "OCTOPUS_ENERGY" });
    let sign_up = || server.sign(&world.staff, USER, input.clone());
    let (one, other) = tokio::join!(sign_up(), sign_up());
    let (one, other) = (&one.json["data"]["initializeUser"], &other.json["data"]["initializeUser"]);
    assert_eq!(one["userNumber"], other["userNumber"]);
    let mut news = [&one["isNewUser"], &other["isNewUser"]].map(|new| new.as_bool());
    news.sort();
    assert_eq!(news, [Some(false), Some(true)]);
    // The same person, however they are written; somebody else by another address.
    let mut again = input.clone();
    again["customerDetails"]["email"] = json!("CLEO@example.org");
    again["customerDetails"]["givenName"] = json!(" cleo");
    let reply = server.sign(&world.staff, USER, again.clone()).await;
    assert_eq!(
        reply.json["data"]["initializeUser"],
        json!({ "isNewUser": false, "userNumber": one["userNumber"] })
    );
    again["customerDetails"]["email"] = json!("byrne@example.org");
    let reply = server.sign(&world.staff, USER, again).await;
    assert_eq!(reply.json["data"]["initializeUser"]["isNewUser"], true);
    // Staff find who was there before; to a stranger they are not there.
    let ada = json!({ "givenName": "Ada", "familyName": "Lovelace", "email": world.ada.email });
    let ada = json!({ "customerDetails": ada, "brandCode": "OCTOPUS_ENERGY" });
    let agency = server.agency().await;
    for (token, is_new) in [(&world.staff, false), (&agency, true), (&agency, false)] {
        let reply = server.sign(token, USER, ada.clone()).await;
        assert_eq!(reply.json["data"]["initializeUser"]["isNewUser"], is_new);
    }
    // A role on a portfolio comes with it.
    let seen = server.read_account(&world.staff, &json!(world.ada.account)).await;
    let mut carer = input.clone();
    carer["portfolioNumber"] = seen["portfolio"]["number"].clone();
    carer["role"] = json!("CARER");
    assert!(server.sign(&world.staff, USER, carer.clone()).await.errors().is_empty());
    let users = &server.read_account(&world.ada.token, &json!(world.ada.account)).await["users"];
    let cleo = json!({ "number": one["userNumber"], "givenName": "Cleo", "familyName": "Byrne",
        "email": "cleo@example.org", "mobile": "+447700900123", "landline": "", "title": "Dr", "pronouns": null,
        "dateOfBirth": "1990-05-06" });
    assert_eq!(users[1], cleo);
    record::read_back("initializeUser");

    for (field, value, code) in [
        ("role", json!("KING"), "KT-CT-10329"),
        ("portfolioNumber", json!("P-00000000"), "KT-CT-10329"),
        ("brandCode", json!("NOBODY"), "KT-CT-10328"),
        ("brandCode", json!("COOP_ENERGY"), "KT-CT-10327"),
        ("portfolioNumber", json!(null), "KT-CT-10328"),
        ("customerDetails", json!({ "givenName": "Cleo", "familyName": "Byrne" }), "KT-CT-10328"),
        ("customerDetails", json!({ "givenName": "", "familyName": "Byrne", "mobile": "x" }), "KT-CT-10328"),
    ] {
        let mut wrong = carer.clone();
        wrong[field] = value;
        assert_eq!(server.sign(&world.staff, USER, wrong.clone()).await.codes(), [code], "{wrong}");
        assert_eq!(server.sign(&world.reader, USER, wrong).await.codes(), ["KT-CT-1111"]);
    }
    // An organisation has no portfolios to give roles on.
    assert_eq!(server.sign(&agency, USER, carer).await.codes(), ["KT-CT-10329"]);
}

#[tokio::test]
async fn an_account_is_opened_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let agency = server.agency().await;
    let input = json!({ "customerDetails": person(), "brandCode": "OCTOPUS_ENERGY" });
    let reply = server.sign(&agency, USER, input).await;
    let user = reply.json["data"]["initializeUser"]["userNumber"].clone();
    let input = household(&user);
    let open = || server.sign(&agency, ACCOUNT, input.clone());
    let (one, other) = tokio::join!(open(), open());
    let (one, other) = (&one.json["data"]["initializeAccount"], &other.json["data"]["initializeAccount"]);
    assert_eq!(one["accountNumber"], other["accountNumber"]);
    assert_ne!(one["isNewAccount"], other["isNewAccount"]);
    let account = server.read_account(&agency, &one["accountNumber"]).await;
    let application = json!({ "status": "CURRENT", "salesChannel": "DIRECT", "salesSubchannel": "WEB",
        "dateOfSale": "2026-03-01", "coolingOffEndDate": "2026-03-15", "preferredSsd": "2026-04-01" });
    let expected = json!({ "status": "PENDING", "accountType": "DOMESTIC", "urn": null, "brand": "OCTOPUS_ENERGY",
        "billingName": "Cleo Byrne", "billingEmail": "cleo@example.org",
        "splitBillingAddress": ["1 Kelp Street", "Bristol"], "billingAddressPostcode": "BS1 4QA",
        "billingCountryCode": "GB", "isShellAccount": false, "canBeWithdrawn": true, "portfolio": null,
        "address": { "organization": null, "structuredStreetAddress": null, "locality": null },
        "users": account["users"], "applications": { "totalCount": 1, "edges": [{ "node": application }] } });
    assert_eq!(account, expected);
    assert_eq!(account["users"][0]["number"], user);
    record::read_back("initializeAccount");

    // Another address is another account; a business has no cooling-off.
    let mut shop = input.clone();
    shop["accountType"] = json!("BUSINESS");
    shop["billingAddress"] = json!(null);
    shop["richBillingAddress"] = json!({ "organization": "Kelp Ltd", "locality": "Bristol", "postalCode": "BS1 4QB",
        "structuredStreetAddress": { "buildingNumber": "2", "streetName": "Kelp Street" } });
    shop["salesInfo"]["urn"] = json!(" KELP-1 ");
    let reply = server.sign(&agency, ACCOUNT, shop.clone()).await;
    let opened = &reply.json["data"]["initializeAccount"];
    assert_eq!(opened["isNewAccount"], true, "{}", reply.json);
    let account = server.read_account(&agency, &opened["accountNumber"]).await;
    assert_eq!((&account["urn"], &account["accountType"]), (&json!("KELP-1"), &json!("BUSINESS")));
    let parts = json!({ "organization": "Kelp Ltd", "locality": "Bristol",
        "structuredStreetAddress": { "buildingNumber": "2", "streetName": "Kelp Street" } });
    assert_eq!(account["address"], parts);
    assert_eq!(account["splitBillingAddress"], json!(["Kelp Ltd", "2 Kelp Street", "Bristol"]));
    assert_eq!(account["applications"]["edges"][0]["node"]["coolingOffEndDate"], Value::Null);
    // With a URN nothing else is compared.
    shop["billingName"] = json!("Kelp Limited");
    let reply = server.sign(&agency, ACCOUNT, shop.clone()).await;
    assert_eq!(reply.json["data"]["initializeAccount"]["accountNumber"], opened["accountNumber"]);
    assert_eq!(reply.json["data"]["initializeAccount"]["isNewAccount"], false);

    let ada = server.read_account(&world.staff, &json!(world.ada.account)).await;
    let (ada_number, ada_portfolio) = (&ada["users"][0]["number"], &ada["portfolio"]["number"]);
    for (field, value, code) in [
        ("brandCode", json!("COOP_ENERGY"), "KT-CT-10324"),
        ("brandCode", json!("NOBODY"), "KT-CT-10325"),
        ("billingName", json!(" "), "KT-CT-10325"),
        ("richBillingAddress", json!(null), "KT-CT-10325"),
        ("richBillingAddress", json!({ "streetAddress": "1 Road" }), "KT-CT-10325"),
        ("billingAddress", input["billingAddress"].clone(), "KT-CT-10325"),
        ("dateOfSale", json!("2026-03-03"), "KT-CT-10325"),
        ("preferredSsd", json!("2028-03-03"), "KT-CT-10325"),
        ("salesInfo", json!({ "salesChannel": "" }), "KT-CT-10325"),
        ("salesInfo", json!({ "salesChannel": "DIRECT", "urn": "a\nb" }), "KT-CT-10325"),
        ("userNumber", ada_number.clone(), "KT-CT-10326"),
        ("userNumber", json!("U-00000000"), "KT-CT-10326"),
    ] {
        let mut wrong = shop.clone();
        wrong[field] = value;
        assert_eq!(server.sign(&agency, ACCOUNT, wrong.clone()).await.codes(), [code], "{wrong}");
        assert_eq!(server.sign(&world.partner, ACCOUNT, wrong).await.codes(), ["KT-CT-1111"]);
    }
    // The URN is another customer's; the portfolio is not the agency's to see.
    let mut theirs = shop.clone();
    theirs["userNumber"] = ada_number.clone();
    assert_eq!(server.sign(&world.staff, ACCOUNT, theirs.clone()).await.codes(), ["KT-CT-10326"]);
    shop["salesInfo"]["urn"] = json!("KELP-2");
    shop["portfolioNumber"] = ada_portfolio.clone();
    assert_eq!(server.sign(&agency, ACCOUNT, shop).await.codes(), ["KT-CT-10326"]);
    theirs["salesInfo"]["urn"] = json!("KELP-3");
    theirs["portfolioNumber"] = ada_portfolio.clone();
    let reply = server.sign(&world.staff, ACCOUNT, theirs).await;
    let account = server
        .read_account(&world.ada.token, &reply.json["data"]["initializeAccount"]["accountNumber"])
        .await;
    assert_eq!(&account["portfolio"]["number"], ada_portfolio);
}

#[tokio::test]
async fn a_person_and_an_account_are_prepared_at_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let input = json!({ "brandCode": "ORIGIN", "billingName": "Cleo Byrne", "customerDetails": person(),
        "billingAddress": { "line1": "5 Cuttlefish Crescent", "line2": "Marrickville NSW", "postalCode": "2204" },
        "salesInfo": { "salesChannel": "TELESALES", "urn": "O-1" } });
    let mut input = input;
    input["customerDetails"]["mobile"] = json!("0491 570 109");
    let prepare = || server.sign(&world.staff, BOTH, input.clone());
    let (one, other) = tokio::join!(prepare(), prepare());
    let (one, other) = (&one.json["data"]["prepareAccount"], &other.json["data"]["prepareAccount"]);
    assert_eq!((&one["accountNumber"], &one["userId"]), (&other["accountNumber"], &other["userId"]));
    assert_ne!((&one["isNewAccount"], &one["isNewUser"]), (&other["isNewAccount"], &other["isNewUser"]));
    let account = server.read_account(&world.reader, &one["accountNumber"]).await;
    assert_eq!((&account["urn"], &account["status"]), (&json!("O-1"), &json!("PENDING")));
    assert_eq!(account["users"][0]["mobile"], "+61491570109");
    assert_eq!(account["applications"]["edges"][0]["node"]["dateOfSale"], "2026-03-02");
    record::read_back("prepareAccount");
    for (field, value, code) in [
        ("brandCode", json!("COOP_ENERGY"), "KT-CT-10303"),
        ("billingAddress", json!({ "line1": "5 Crescent", "postalCode": "BS1 4QA" }), "KT-CT-10316"),
        ("billingAddress", json!({ "line1": " ", "postalCode": "2204" }), "KT-CT-10316"),
        (
            "billingAddress",
            json!({ "line1": "5 Crescent", "postalCode": "2204", "countryCode": "AUS" }),
            "KT-CT-10316",
        ),
        (
            "customerDetails",
            json!({ "givenName": "Eve", "familyName": "", "email": "eve@example.org" }),
            "KT-CT-10317",
        ),
    ] {
        let mut wrong = input.clone();
        wrong[field] = value;
        let reply = server.sign(&world.staff, BOTH, wrong.clone()).await;
        assert_eq!(reply.codes(), [code], "{wrong}");
        assert_eq!(server.sign(&world.reader, BOTH, wrong).await.codes(), ["KT-CT-1111"]);
    }
}

#[tokio::test]
async fn a_prospect_has_a_shell() {
    let server = Server::start().await;
    let world = server.world().await;
    let input = json!({ "givenName": "Cleo", "familyName": "Byrne", "email": "cleo@example.org", "urn": "S-1",
        "mobile": "07700 900123", "landline": null, "brand": "OCTOPUS_ENERGY", "dateOfBirth": "1990-05-06",
        "billingAddressLine1": "1 Kelp Street", "billingPostcode": "BS1 4QA", "isBusinessAccount": true,
        "billingPeriodLength": "QUARTERLY", "billingPeriodMultiplier": 2, "billingPeriodDay": 20, "billingPeriodMonth": 5,
        "companyName": "Kelp Ltd", "companyNumber": "1234567", "businessType": "LIMITED", "clientMutationId": "7" });
    let data = server.ask(Some(&world.staff), SHELL, json!({ "i": input })).await;
    let made = &data["createShellAccount"];
    for (field, value) in input.as_object().expect("an object") {
        assert_eq!(&made[field], value, "{field}");
    }
    assert_eq!(made["errors"], json!([]));
    let business = json!({ "name": "Kelp Ltd", "number": "01234567" });
    let account =
        json!({ "number": made["account"]["number"], "isShellAccount": true, "business": business });
    assert_eq!(made["account"], account);
    let seen = server.read_account(&world.reader, &account["number"]).await;
    assert_eq!((&seen["billingName"], &seen["accountType"]), (&json!("Kelp Ltd"), &json!("BUSINESS")));
    assert_eq!(
        (&seen["status"], &seen["canBeWithdrawn"], &seen["applications"]["totalCount"]),
        (&json!("PENDING"), &json!(true), &json!(0))
    );
    let query = "query($n: String!) { account(accountNumber: $n) { billingOptions {
        isFixed periodStartDay periodLength periodLengthMultiplier nextBillingDate } } }";
    let options = server.ask(Some(&world.reader), query, json!({ "n": account["number"] })).await;
    let agreed = json!({ "isFixed": true, "periodStartDay": 20, "periodLength": "QUARTERLY",
        "periodLengthMultiplier": 2, "nextBillingDate": "2026-05-20" });
    assert_eq!(options["account"]["billingOptions"], agreed);
    let data = server.ask(Some(&world.staff), SHELL, json!({ "i": input })).await;
    assert_eq!(data["createShellAccount"]["account"], account);
    record::read_back("createShellAccount");
    // Its portfolio is the company's.
    let ids = "select a.id::text, b.business_id::text from accounts a
        join business_portfolios b on b.portfolio_id = a.portfolio_id where a.number = $1";
    let (id, company): (String, String) = sqlx::query_as(ids)
        .bind(account["number"].as_str())
        .fetch_one(server.database.pool())
        .await
        .expect("the company's portfolio");
    let link =
        "mutation($i: LinkAccountToBusinessInput!) { linkAccountToBusiness(input: $i) { business { id } } }";
    let reply = server.sign(&world.staff, link, json!({ "accountId": id, "businessId": company })).await;
    assert_eq!(reply.codes(), ["KT-CT-11105"]);

    // A second one of the same company, in the same portfolio, with an address in parts.
    let rich = json!({ "streetAddress": "2 Kelp Street", "locality": "Bristol", "postalCode": "BS1 4QB" });
    let mut second = input.clone();
    second["urn"] = json!("S-2");
    second["portfolioNumber"] = seen["portfolio"]["number"].clone();
    second["billingRichAddress"] = json!(rich.to_string());
    second["companyNumber"] = json!("01234567");
    let data = server.ask(Some(&world.staff), SHELL, json!({ "i": second })).await;
    assert_eq!(data["createShellAccount"]["account"]["business"], business);
    // Signing up takes the shell up.
    let mut sign_up = household(&seen["users"][0]["number"]);
    sign_up["salesInfo"]["urn"] = json!("S-1");
    let reply = server.sign(&world.staff, ACCOUNT, sign_up).await;
    let taken = json!({ "isNewAccount": false, "accountNumber": account["number"] });
    assert_eq!(reply.json["data"]["initializeAccount"], taken);
    let seen = server.read_account(&world.reader, &account["number"]).await;
    assert_eq!((&seen["isShellAccount"], &seen["applications"]["totalCount"]), (&json!(false), &json!(1)));

    for (field, value, said) in [
        ("email", json!("nowhere"), "email"),
        ("givenName", json!(" "), "givenName"),
        ("brand", json!("NOBODY"), "brandCode"),
        ("billingPostcode", json!("1"), "billingAddress"),
        ("billingRichAddress", json!("Kelp Street"), "billingRichAddress"),
        ("portfolioNumber", json!("P-00000000"), "portfolioNumber"),
        ("companyName", json!(null), "companyName"),
        ("companyNumber", json!("ZZ1"), "companyNumber"),
        ("businessType", json!("MAGIC"), "businessType"),
        ("billingPeriodLength", json!("WEEKLY"), "billingPeriodLength"),
        ("billingPeriodMultiplier", json!(0), "billingPeriodLength"),
        ("billingPeriodDay", json!(32), "billingPeriodLength"),
        ("billingPeriodMonth", json!(13), "billingPeriodLength"),
    ] {
        let mut wrong = input.clone();
        wrong["urn"] = json!("S-3");
        wrong[field] = value;
        let data = server.ask(Some(&world.staff), SHELL, json!({ "i": wrong })).await;
        let made = &data["createShellAccount"];
        assert_eq!((&made["errors"][0]["field"], &made["account"]), (&json!(said), &Value::Null), "{wrong}");
        assert_eq!(server.sign(&world.reader, SHELL, wrong).await.codes(), ["KT-CT-1111"]);
    }
    let mut theirs = input;
    theirs["familyName"] = json!("Else");
    let data = server.ask(Some(&world.staff), SHELL, json!({ "i": theirs })).await;
    assert_eq!(data["createShellAccount"]["errors"][0]["field"], "urn");
}

const RESET: &str =
    "mutation($i: ResetUserPasswordInput!) { resetUserPassword(input: $i) { passwordUpdated } }";

#[tokio::test]
async fn a_prospect_logs_in_with_a_first_password_and_chooses_their_own() {
    let server = Server::start().await;
    let world = server.world().await;
    let input = json!({ "givenName": "Cleo", "familyName": "Byrne", "email": "cleo@example.org", "urn": "S-1",
        "brand": "OCTOPUS_ENERGY", "billingAddressLine1": "1 Kelp Street", "billingPostcode": "BS1 4QA" });
    let made = server.ask(Some(&world.staff), SHELL, json!({ "i": input })).await;
    let made = &made["createShellAccount"];
    let (password, token) = (&made["password"], &made["passwordUpdateToken"]);
    assert_eq!(password.as_str().map(str::len), Some(20), "{made}");
    let session = server.log_in(json!({ "email": "cleo@example.org", "password": password })).await;
    let viewer = "{ viewer { id accounts { number } permissions { permission } } }";
    let seen = server.ask(Some(&session), viewer, json!({})).await;
    assert_eq!(seen["viewer"]["accounts"][0]["number"], made["account"]["number"]);
    let allowed =
        json!(["dispose-of-money", "edit-account", "view-account"].map(|name| json!({ "permission": name })));
    assert_eq!(seen["viewer"]["permissions"], allowed);
    let own = json!({ "userId": seen["viewer"]["id"], "token": token, "newPassword": "nine purple teapots" });
    let reset = server.ask(None, RESET, json!({ "i": own })).await;
    assert_eq!(reset["resetUserPassword"]["passwordUpdated"], true);
    server.log_in(json!({ "email": "cleo@example.org", "password": "nine purple teapots" })).await;
    assert_eq!(
        server.send(None, RESET, json!({ "i": own })).await.codes(),
        ["KT-CT-1132"],
        "the token is good once"
    );
    record::read_back("resetUserPassword");

    // It is shown once, and what the prospect chose stays.
    let again = server.ask(Some(&world.staff), SHELL, json!({ "i": input })).await;
    let again = &again["createShellAccount"];
    assert_eq!((&again["password"], &again["passwordUpdateToken"]), (&Value::Null, &Value::Null));
    server.log_in(json!({ "email": "cleo@example.org", "password": "nine purple teapots" })).await;

    // A password that was given is not shown, and is judged as any other.
    let mut dan = input.clone();
    (dan["givenName"], dan["email"], dan["urn"]) = (json!("Dan"), json!("dan@example.org"), json!("S-2"));
    for wrong in ["short", "password1", " "] {
        dan["password"] = json!(wrong);
        let refused = server.ask(Some(&world.staff), SHELL, json!({ "i": dan })).await;
        let refused = &refused["createShellAccount"];
        assert_eq!((&refused["errors"][0]["field"], &refused["account"]), (&json!("password"), &Value::Null));
    }
    dan["password"] = json!("seven green kettles");
    let made = server.ask(Some(&world.staff), SHELL, json!({ "i": dan })).await;
    let made = &made["createShellAccount"];
    assert_eq!((&made["password"], made["passwordUpdateToken"].is_string()), (&Value::Null, true));
    server.log_in(json!({ "email": "dan@example.org", "password": "seven green kettles" })).await;

    // Whoever has the e-mail keeps their log-in, and nobody but staff makes one.
    for (email, urn, token) in
        [(world.ada.email, "S-3", world.staff.clone()), ("eve@example.org", "S-5", server.agency().await)]
    {
        let mut other = input.clone();
        (other["email"], other["urn"]) = (json!(email), json!(urn));
        other["givenName"] = json!(format!("Eve{urn}").replace(|c: char| !c.is_alphabetic(), "e"));
        let made = server.ask(Some(&token), SHELL, json!({ "i": other })).await;
        let made = &made["createShellAccount"];
        assert_eq!((&made["password"], &made["passwordUpdateToken"]), (&Value::Null, &Value::Null), "{made}");
        assert!(made["account"]["number"].is_string(), "{made}");
    }
}

#[tokio::test]
async fn an_account_lives_and_leaves_a_trace() {
    let server = Server::start().await;
    let world = server.world().await;
    let reply = server
        .sign(&world.staff, USER, json!({ "customerDetails": person(), "brandCode": "OCTOPUS_ENERGY" }))
        .await;
    let user = reply.json["data"]["initializeUser"]["userNumber"].clone();
    let reply = server.sign(&world.staff, ACCOUNT, household(&user)).await;
    let number = reply.json["data"]["initializeAccount"]["accountNumber"].clone();
    let (id,): (i64,) = sqlx::query_as("select id from accounts where number = $1")
        .bind(number.as_str())
        .fetch_one(server.database.pool())
        .await
        .expect("the account");
    let viewer = Viewer::Staff { id: 101, roles: Vec::new(), permissions: Vec::new() };
    let advance = async |to: Status| {
        let mut tx = server.tx().await;
        let done = lifecycle::advance(&mut tx, &viewer, id, to).await;
        tx.commit().await.expect("committed");
        done
    };
    // After the cooling-off nothing can be undone.
    server.wall.set("2026-03-16T09:30:00Z".parse().expect("a moment"));
    let staff = server
        .log_in(json!({ "email": "staff@example.org", "password": crate::support::world::PASSWORD }))
        .await;
    assert_eq!(server.read_account(&staff, &number).await["canBeWithdrawn"], false);
    for to in [Status::Active, Status::Active, Status::Dormant] {
        advance(to).await.expect("allowed");
    }
    let refused = advance(Status::Pending).await;
    assert!(matches!(refused, Err(LifecycleError::Refused("DORMANT", "PENDING"))), "{refused:?}");
    let seen = server.read_account(&staff, &number).await;
    assert_eq!((&seen["status"], &seen["applications"]["totalCount"]), (&json!("DORMANT"), &json!(0)));
    let traces: Vec<(Value, Value)> = sqlx::query_as(
        "select before, after from detail_changes where account_id = $1 and field = 'status' order by id",
    )
    .bind(id)
    .fetch_all(server.database.pool())
    .await
    .expect("traces");
    assert_eq!(traces, [(json!("PENDING"), json!("ACTIVE")), (json!("ACTIVE"), json!("DORMANT"))]);
    // Nothing came of it: the same sign-up gives another account.
    let reply = server.sign(&staff, ACCOUNT, household(&user)).await;
    let again = &reply.json["data"]["initializeAccount"];
    assert_eq!(again["isNewAccount"], true);
    assert_ne!(again["accountNumber"], number);
    let mut tx = server.tx().await;
    let unknown = lifecycle::advance(&mut tx, &viewer, 1, Status::Void).await;
    assert!(matches!(unknown, Err(LifecycleError::Unknown)));
}

#[tokio::test]
async fn accounts_that_were_taken_over_say_from_where() {
    let server = Server::start().await;
    let world = server.world().await;
    let migrated = async || {
        let query =
            "query($n: String!) { account(accountNumber: $n) { applications(first: 2) { edges { node {
            isMigrated migrationSource salesChannel dateOfSale coolingOffEndDate } } } } }";
        let data = server.ask(Some(&world.ada.token), query, json!({ "n": world.ada.account })).await;
        data["account"]["applications"]["edges"].clone()
    };
    assert_eq!(migrated().await, json!([]));
    let mut tx = server.tx().await;
    for source in ["Harbor Lights", " Harbour Lights "] {
        applications::migrated(&mut tx, &world.ada.account, source, None).await.expect("noted");
    }
    let odd = applications::migrated(&mut tx, &world.ada.account, " ", None).await;
    assert!(matches!(odd, Err(MigrationError::Source)));
    let odd = applications::migrated(&mut tx, "A-00000000", "Harbour Lights", None).await;
    assert!(matches!(odd, Err(MigrationError::UnknownAccount)));
    tx.commit().await.expect("committed");
    let expected = json!({ "isMigrated": true, "migrationSource": "Harbour Lights", "salesChannel": "MIGRATION",
        "dateOfSale": "2026-03-02", "coolingOffEndDate": null });
    assert_eq!(migrated().await, json!([{ "node": expected }]));
}
