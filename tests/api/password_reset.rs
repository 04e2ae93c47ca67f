//! A new password by a mailed token: `requestPasswordReset`, `resetUserPassword`, `resetPassword`.

use chrono::TimeDelta;
use kraken_api::api::Origin;
use kraken_api::domain::auth::logins;
use kraken_api::domain::auth::subjects::Subject;
use kraken_api::graphql;
use serde_json::{Value, json};

use crate::support::world::{Customer, PASSWORD};
use crate::support::{Reply, Server, record};

const REQUEST: &str = "mutation($e: String!) { requestPasswordReset(input: { email: $e }) { email } }";
const IS_VALID: &str = "query($u: String!, $t: String!) { isPasswordResetTokenValid(userId: $u, token: $t) }";
const RESET: &str = "mutation($p: String!, $u: String!, $t: String!) {
    resetUserPassword(input: { newPassword: $p, userId: $u, token: $t }) {
        userId passwordUpdated failureReasons failureCodes } }";
const LEGACY: &str = "mutation($i: ResetPasswordMutationInput!) { resetPassword(input: $i) { clientMutationId
    errors { field errors { __typename ... on SerializerErrorType { message code } } } } }";
const LOG_IN: &str = "mutation($i: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $i) { token } }";

const NEW: &str = "nine purple teapots";

impl Server {
    async fn ask_for_reset(&self, email: &str) -> Value {
        self.ask(None, REQUEST, json!({ "e": email })).await["requestPasswordReset"].clone()
    }

    /// The token of the latest mail.
    async fn mailed_token(&self) -> String {
        let letters = self.letters("password-reset").await;
        let body = &letters.last().expect("a mail").body;
        let token = body.split("token=").nth(1).and_then(|rest| rest.split_whitespace().next());
        token.expect("a token").to_owned()
    }

    async fn reset(&self, password: &str, user: &str, token: &str) -> Reply {
        self.send(None, RESET, json!({ "p": password, "u": user, "t": token })).await
    }

    async fn is_valid(&self, user: &str, token: &str) -> Value {
        self.ask(None, IS_VALID, json!({ "u": user, "t": token })).await["isPasswordResetTokenValid"].clone()
    }

    async fn logs_in(&self, email: &str, password: &str) -> bool {
        let input = json!({ "i": { "email": email, "password": password } });
        self.send(None, LOG_IN, input).await.errors().is_empty()
    }
}

fn id(customer: &Customer) -> String {
    customer.user_id.to_string()
}

#[tokio::test]
async fn the_mailed_token_sets_a_new_password_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let key = server.pre_signed_key(world.ada.email, "VIEW_ACCOUNT_NUMBER").await;
    let link = server.log_in(json!({ "preSignedKey": key })).await;
    assert_eq!(server.ask_for_reset(" Ada@Example.ORG ").await, json!({ "email": " Ada@Example.ORG " }));
    let letters = server.letters("password-reset").await;
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].recipient.as_str(), letters[0].confidential), (world.ada.email, true));
    let user = id(&world.ada);
    let start = format!("http://localhost:3000/reset-password?userId={user}&token=");
    assert!(letters[0].body.contains(&start), "{}", letters[0].body);
    let token = server.mailed_token().await;
    assert_eq!(token.len(), 48);
    assert_eq!(server.tables_with(&token).await, ["messages"]);
    assert_eq!(server.is_valid(&user, &token).await, true);
    record::read_back("requestPasswordReset");

    let reply = server.reset(NEW, &user, &token).await;
    assert_eq!(
        reply.json["data"]["resetUserPassword"],
        json!({ "userId": user, "passwordUpdated": true, "failureReasons": [], "failureCodes": [] })
    );
    assert!(server.logs_in(world.ada.email, NEW).await && !server.logs_in(world.ada.email, PASSWORD).await);
    record::read_back("resetUserPassword");
    for session in [&world.ada.token, &link] {
        assert_eq!(server.send(Some(session), "{ viewer { id } }", json!({})).await.codes(), ["KT-CT-1162"]);
    }
    assert_eq!(server.is_valid(&user, &token).await, false);
    assert_eq!(server.reset("nine orange teapots", &user, &token).await.codes(), ["KT-CT-1132"]);
    let notices = server.letters("password-changed").await;
    assert_eq!((notices.len(), notices[0].confidential), (1, false));
    assert_eq!(server.tables_with(NEW).await, [""; 0]);
}

#[tokio::test]
async fn nobody_learns_who_has_a_log_in() {
    let server = Server::start().await;
    server.world().await;
    let mut seen = Vec::new();
    // A customer, staff, who have no mailed way in, and nobody.
    for email in ["ada@example.org", "staff@example.org", "eve@example.org"] {
        let query =
            format!("mutation {{ requestPasswordReset(input: {{ email: \"{email}\" }}) {{ email }} }}");
        let request = graphql::Request { query, ..graphql::Request::default() };
        let answer = server.app.execute(request, Origin::default()).await.expect("an answer");
        let body = String::from_utf8(answer.response.body.to_vec()).expect("text").replace(email, "X");
        seen.push((body, answer.stats.statements(), answer.stats.rows()));
    }
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[1], seen[2]);
    let (jobs,): (i64,) = sqlx::query_as("select count(*) from jobs where kind = 'password-reset-mail'")
        .fetch_one(server.database.pool())
        .await
        .expect("a count");
    assert_eq!(jobs, 3);
    let letters = server.letters("password-reset").await;
    assert_eq!(letters.iter().map(|l| l.recipient.as_str()).collect::<Vec<_>>(), ["ada@example.org"]);
}

#[tokio::test]
async fn a_request_needs_an_address_and_a_page() {
    let server = Server::start().await;
    let world = server.world().await;
    let codes = async |email: &str| {
        let reply = server.send(None, REQUEST, json!({ "e": email })).await;
        reply.codes().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for address in ["", "ada", "ada@", "a b@example.org"] {
        assert_eq!(codes(address).await, ["KT-CT-1133"], "{address}");
    }
    for page in ["", "/reset-password", "ftp://example.org/", "javascript:alert(1)"] {
        server.tamper(&format!("update auth_settings set password_reset_url = '{page}'")).await;
        assert_eq!(codes(world.ada.email).await, ["KT-CT-11331"], "{page}");
        assert_eq!(codes("nobody@example.org").await, ["KT-CT-11331"], "{page}");
    }
    assert!(server.letters("password-reset").await.is_empty());
    server.demand(|s| s.password_reset_url = "https://retailer.example/new?brand=blue".into()).await;
    server.ask_for_reset(world.ada.email).await;
    let body = server.letters("password-reset").await.remove(0).body;
    assert!(body.contains("https://retailer.example/new?brand=blue&userId="), "{body}");
}

#[tokio::test]
async fn a_token_dies_of_age_of_a_newer_one_and_of_any_change_of_its_log_in() {
    let server = Server::start().await;
    let world = server.world().await;
    let (user, owner) = (id(&world.ada), Subject::AccountUser(world.ada.user_id));

    server.ask_for_reset(world.ada.email).await;
    let first = server.mailed_token().await;
    server.ask_for_reset(world.ada.email).await;
    let second = server.mailed_token().await;
    assert_ne!(first, second);
    assert_eq!(server.is_valid(&user, &first).await, false);
    assert_eq!(server.reset(NEW, &user, &first).await.codes(), ["KT-CT-1132"]);
    server.wall.set(server.wall.now() + TimeDelta::minutes(59));
    assert_eq!(server.is_valid(&user, &second).await, true);
    server.wall.set(server.wall.now() + TimeDelta::minutes(1));
    assert_eq!(server.is_valid(&user, &second).await, false);
    assert_eq!(server.reset(NEW, &user, &second).await.codes(), ["KT-CT-1132"]);

    server.ask_for_reset(world.ada.email).await;
    let token = server.mailed_token().await;
    let hash = server.auth.passwords().hash("another password entirely").await.expect("a hash");
    let mut tx = server.tx().await;
    logins::set_password(&mut tx, owner, &hash).await.expect("changed");
    tx.commit().await.expect("committed");
    assert_eq!(server.reset(NEW, &user, &token).await.codes(), ["KT-CT-1132"]);

    server.ask_for_reset(world.ada.email).await;
    let token = server.mailed_token().await;
    let mut tx = server.tx().await;
    logins::set_email(&mut tx, owner, "countess@example.org").await.expect("changed");
    tx.commit().await.expect("committed");
    assert_eq!(server.reset(NEW, &user, &token).await.codes(), ["KT-CT-1132"]);

    server.ask_for_reset("countess@example.org").await;
    let token = server.mailed_token().await;
    server.tamper(&format!("update account_users set is_active = false where id = {user}")).await;
    assert_eq!(server.reset(NEW, &user, &token).await.codes(), ["KT-CT-1132"]);
    server.ask_for_reset("countess@example.org").await;
    assert_eq!(server.mailed_token().await, token, "who may not log in gets no mail");
}

#[tokio::test]
async fn a_refused_password_leaves_the_token_good() {
    let server = Server::start().await;
    let world = server.world().await;
    let user = id(&world.ada);
    server.ask_for_reset(world.ada.email).await;
    let token = server.mailed_token().await;
    let broken = async |password: &str| {
        let reply = server.reset(password, &user, &token).await;
        assert!(reply.errors().is_empty(), "{:?}", reply.json);
        let outcome = &reply.json["data"]["resetUserPassword"];
        assert_eq!((&outcome["passwordUpdated"], &outcome["userId"]), (&json!(false), &json!(user)));
        let (reasons, codes) = (outcome["failureReasons"].as_array(), outcome["failureCodes"].as_array());
        assert_eq!(reasons.map(Vec::len), codes.map(Vec::len));
        outcome["failureCodes"].clone()
    };
    assert_eq!(broken("8362").await, json!(["password_too_short", "password_entirely_numeric"]));
    assert_eq!(broken("Password1").await, json!(["password_too_common"]));
    assert_eq!(broken("lovelace1815").await, json!(["password_too_similar"]));
    assert_eq!(broken(PASSWORD).await, json!(["password_unchanged"]));
    for unusable in ["", "        ", &"x".repeat(129)] {
        assert_eq!(server.reset(unusable, &user, &token).await.codes(), ["KT-CT-5450"]);
    }
    assert_eq!(server.reset(NEW, &id(&world.bob), &token).await.codes(), ["KT-CT-4125"]);
    assert_eq!(server.reset(NEW, "ada", &token).await.codes(), ["KT-CT-4125"]);
    assert_eq!(server.is_valid(&id(&world.bob), &token).await, false);
    assert_eq!(server.reset(NEW, &user, "x").await.codes(), ["KT-CT-1132"]);
    assert!(
        server.logs_in(world.ada.email, PASSWORD).await && server.logs_in(world.bob.email, PASSWORD).await
    );
    assert!(server.reset(NEW, &user, &token).await.errors().is_empty());
    assert!(server.logs_in(world.ada.email, NEW).await);
}

#[tokio::test]
async fn an_address_gets_a_few_mails_an_hour_and_a_token_a_few_tries() {
    let server = Server::start().await;
    let world = server.world().await;
    for email in [world.ada.email, "nobody@example.org"] {
        for _ in 0..5 {
            server.ask_for_reset(email).await;
        }
        assert_eq!(
            server.send(None, REQUEST, json!({ "e": email })).await.codes(),
            ["KT-CT-1199"],
            "{email}"
        );
    }
    assert_eq!(server.letters("password-reset").await.len(), 5);
    let (user, token) = (id(&world.ada), server.mailed_token().await);
    for _ in 0..10 {
        assert_eq!(server.reset(NEW, &user, "x").await.codes(), ["KT-CT-1132"]);
    }
    assert_eq!(server.reset(NEW, &user, "x").await.codes(), ["KT-CT-1199"]);
    assert!(server.reset(NEW, &user, &token).await.errors().is_empty(), "the user is not locked out");
}

#[tokio::test]
async fn of_two_callers_with_one_token_one_wins() {
    let server = Server::start().await;
    let world = server.world().await;
    let user = id(&world.ada);
    server.ask_for_reset(world.ada.email).await;
    let token = server.mailed_token().await;
    let (one, two) = ("nine purple teapots", "eight orange kettles");
    let (first, second) = tokio::join!(server.reset(one, &user, &token), server.reset(two, &user, &token));
    let won = |reply: &Reply| reply.json["data"]["resetUserPassword"]["passwordUpdated"] == true;
    assert_ne!(won(&first), won(&second), "{:?} {:?}", first.json, second.json);
    let (winner, loser) = if won(&first) { (one, &second) } else { (two, &first) };
    assert_eq!(loser.codes(), ["KT-CT-1132"]);
    assert!(server.logs_in(world.ada.email, winner).await);
    assert_eq!(server.letters("password-changed").await.len(), 1);
}

#[tokio::test]
async fn the_older_mutation_tells_everything_in_its_answer() {
    let server = Server::start().await;
    let world = server.world().await;
    let user = id(&world.ada);
    server.ask_for_reset(world.ada.email).await;
    let token = server.mailed_token().await;
    let reset = async |password: &str, user: &str, token: &str| {
        let input =
            json!({ "password": password, "userId": user, "token": token, "clientMutationId": "m-1" });
        let data = server.ask(None, LEGACY, json!({ "i": input })).await;
        assert_eq!(data["resetPassword"]["clientMutationId"], "m-1");
        data["resetPassword"]["errors"].clone()
    };
    let found = |errors: &Value| {
        let error = &errors[0]["errors"][0];
        assert_eq!(error["__typename"], "SerializerErrorType");
        assert!(error["message"].as_str().is_some_and(|text| text.ends_with('.')));
        (errors[0]["field"].clone(), error["code"].clone())
    };
    let cases = [
        (("Password1", user.as_str(), token.as_str()), ("password", "password_too_common")),
        ((" ", &user, &token), ("password", "password_unusable")),
        ((NEW, "1", &token), ("userId", "invalid")),
        ((NEW, &user, "x"), ("token", "invalid")),
    ];
    for ((password, user, token), (field, code)) in cases {
        assert_eq!(found(&reset(password, user, token).await), (json!(field), json!(code)));
    }
    assert_eq!(reset(NEW, &user, &token).await, json!([]));
    assert!(server.logs_in(world.ada.email, NEW).await);
    record::read_back("resetPassword");
    assert_eq!(found(&reset("nine orange teapots", &user, &token).await), (json!("token"), json!("invalid")));
}

#[tokio::test]
async fn the_rules_are_told_to_anybody() {
    let server = Server::start().await;
    let query = "query($h: Boolean) { passwordValidatorHelpTexts(asHtml: $h) }";
    let texts = server.ask(None, query, json!({})).await["passwordValidatorHelpTexts"].clone();
    let texts: Vec<&str> = texts.as_array().expect("texts").iter().filter_map(Value::as_str).collect();
    assert_eq!(texts.len(), 5);
    assert!(texts[0].contains('8') && texts[0].contains("128"), "{texts:?}");
    let html = server.ask(None, query, json!({ "h": true })).await["passwordValidatorHelpTexts"].clone();
    let items: String = texts.iter().map(|text| format!("<li>{text}</li>")).collect();
    assert_eq!(html, json!([format!("<ul>{items}</ul>")]));
    assert!(!texts.iter().any(|text| text.contains(['<', '>', '&'])));
}
