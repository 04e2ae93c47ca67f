//! Second factors: setting them up, confirming them, taking them away, and what they do to a log-in.

use chrono::TimeDelta;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::support::world::{Customer, PASSWORD};
use crate::support::{Reply, Server, World, record};

const CREATE: &str = "mutation($m: MFAMethodChoices!) {
    createMfaDevice(input: { mfaMethod: $m }) { deviceEmail devicePhone totpSecret } }";
const VALIDATE: &str = "mutation($m: MFAMethodChoices!, $t: String!) {
    validateMfaDevice(input: { mfaMethod: $m, token: $t }) { deviceIsValid } }";
const DELETE: &str =
    "mutation($m: MFAMethodChoices!) { deleteMfaDevice(input: { mfaMethod: $m }) { deviceDeleted } }";
const LOG_IN: &str = "mutation($i: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $i) { token } }";

/// Ada's session on a server, with what she does to her second factors.
struct Trial {
    server: Server,
    world: World,
}

impl Trial {
    async fn start() -> Self {
        let server = Server::start().await;
        let world = server.world().await;
        server
            .tamper("update account_users set mobile = '+447700900123' where email = 'ada@example.org'")
            .await;
        Self { server, world }
    }

    /// Ada with a fresh session.
    async fn again(self) -> Self {
        let Self { server, mut world } = self;
        world.ada.token = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
        Self { server, world }
    }

    fn ada(&self) -> &Customer {
        &self.world.ada
    }

    async fn send(&self, query: &str, variables: Value) -> Reply {
        self.server.send(Some(&self.ada().token), query, variables).await
    }

    async fn create(&self, method: &str) -> Value {
        let reply = self.send(CREATE, json!({ "m": method })).await;
        assert!(reply.errors().is_empty(), "{:?}", reply.json);
        reply.json["data"]["createMfaDevice"].clone()
    }

    async fn validate(&self, method: &str, token: &str) -> Reply {
        self.send(VALIDATE, json!({ "m": method, "t": token })).await
    }

    async fn confirm(&self, method: &str, token: &str) {
        let reply = self.validate(method, token).await;
        assert_eq!(
            reply.json["data"]["validateMfaDevice"],
            json!({ "deviceIsValid": true }),
            "{:?}",
            reply.json
        );
    }

    async fn delete(&self, method: &str) -> Reply {
        self.send(DELETE, json!({ "m": method })).await
    }

    async fn devices(&self) -> Value {
        self.send("{ mfaDevices { deviceType isConfirmed } }", json!({})).await.json["data"]["mfaDevices"]
            .clone()
    }

    /// The latest code that was sent.
    async fn sent(&self) -> String {
        let letter = self.server.letters("mfa-code").await.pop().expect("a message");
        assert!(letter.confidential);
        letter.body.chars().filter(char::is_ascii_digit).collect()
    }

    /// What the authenticator app shows now.
    fn shown(&self, secret: &Value) -> String {
        let secret = Secret::try_from_base32(secret.as_str().expect("a secret")).expect("base 32");
        let app = Builder::new().with_secret(secret).build().expect("an app");
        app.generate(self.server.wall.now().timestamp().unsigned_abs()).to_string()
    }

    async fn pass(&self, span: TimeDelta) {
        self.server.wall.set(self.server.wall.now() + span);
    }

    /// Sets up a confirmed device by mail, and the app. Answers the app's secret.
    async fn enable(&self) -> Value {
        self.create("EMAIL").await;
        self.confirm("EMAIL", &self.sent().await).await;
        let secret = self.create("TOTP").await["totpSecret"].clone();
        self.confirm("TOTP", &self.shown(&secret)).await;
        secret
    }

    async fn log_in(&self, input: Value) -> Vec<String> {
        let reply = self.server.send(None, LOG_IN, json!({ "i": input })).await;
        reply.codes().into_iter().map(str::to_owned).collect()
    }
}

fn other(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn codes_are_sent_and_confirm_what_they_were_sent_to() {
    let trial = Trial::start().await;
    let created = trial.create("EMAIL").await;
    assert_eq!(created, json!({ "deviceEmail": "ada@example.org", "devicePhone": null, "totpSecret": null }));
    assert_eq!(trial.devices().await, json!([{ "deviceType": "EMAIL", "isConfirmed": false }]));
    record::read_back("createMfaDevice");
    let code = trial.sent().await;
    assert_eq!(trial.server.tables_with(&format!("{code}.")).await, ["messages"]);
    trial.confirm("EMAIL", &code).await;
    assert_eq!(trial.devices().await, json!([{ "deviceType": "EMAIL", "isConfirmed": true }]));
    record::read_back("validateMfaDevice");
    assert_eq!(trial.validate("EMAIL", &code).await.codes(), ["KT-CT-1152"], "a code is good once");
    assert_eq!(trial.send(CREATE, json!({ "m": "EMAIL" })).await.codes(), ["KT-CT-1153"]);

    let created = trial.create("SMS").await;
    assert_eq!(created, json!({ "deviceEmail": null, "devicePhone": "+447700900123", "totpSecret": null }));
    let letter = trial.server.letters("mfa-code").await.pop().expect("a message");
    assert_eq!((letter.channel.as_str(), letter.recipient.as_str()), ("SMS", "+447700900123"));
    trial.confirm("SMS", &trial.sent().await).await;

    assert!(trial.delete("SMS").await.errors().is_empty());
    assert_eq!(trial.devices().await, json!([{ "deviceType": "EMAIL", "isConfirmed": true }]));
    record::read_back("deleteMfaDevice");
    assert_eq!(trial.delete("SMS").await.codes(), ["KT-CT-1150"]);
    assert_eq!(trial.validate("SMS", "123456").await.codes(), ["KT-CT-1150"]);
    // Nobody else's second factors are touched or seen.
    let data =
        trial.server.ask(Some(&trial.world.bob.token), "{ mfaDevices { deviceType } }", json!({})).await;
    assert_eq!(data["mfaDevices"], json!([]));
}

#[tokio::test]
async fn a_code_dies_of_age_of_wrong_guesses_and_of_a_newer_one() {
    let trial = Trial::start().await;
    trial.create("EMAIL").await;
    let old = trial.sent().await;
    trial.create("EMAIL").await;
    let code = trial.sent().await;
    assert_eq!(trial.devices().await.as_array().map(Vec::len), Some(1));
    assert_ne!(old, code);
    assert_eq!(trial.validate("EMAIL", &old).await.codes(), ["KT-CT-1152"]);
    trial.pass(TimeDelta::minutes(10)).await;
    assert_eq!(trial.validate("EMAIL", &code).await.codes(), ["KT-CT-1152"]);

    trial.create("EMAIL").await;
    let code = trial.sent().await;
    for _ in 0..5 {
        assert_eq!(trial.validate("EMAIL", other(&code)).await.codes(), ["KT-CT-1152"]);
    }
    assert_eq!(trial.validate("EMAIL", &code).await.codes(), ["KT-CT-1152"], "five guesses were wrong");

    trial.pass(TimeDelta::hours(1)).await;
    let trial = trial.again().await;
    trial.create("EMAIL").await;
    let code = trial.sent().await;
    for _ in 0..4 {
        assert_eq!(trial.validate("EMAIL", other(&code)).await.codes(), ["KT-CT-1152"]);
    }
    trial.pass(TimeDelta::minutes(10) - TimeDelta::seconds(1)).await;
    trial.confirm("EMAIL", &code).await;
}

#[tokio::test]
async fn guesses_and_codes_are_limited_whatever_device_they_are_for() {
    let trial = Trial::start().await;
    for turn in 0..10 {
        trial.create(if turn % 2 == 0 { "EMAIL" } else { "SMS" }).await;
        assert_eq!(trial.validate("EMAIL", "nonsense").await.codes(), ["KT-CT-1152"]);
    }
    let code = trial.sent().await;
    assert_eq!(trial.send(CREATE, json!({ "m": "EMAIL" })).await.codes(), ["KT-CT-1199"]);
    assert_eq!(trial.validate("SMS", &code).await.codes(), ["KT-CT-1199"]);
    // Others go on.
    let bob = Some(trial.world.bob.token.as_str());
    trial.server.ask(bob, CREATE, json!({ "m": "EMAIL" })).await;
    trial.pass(TimeDelta::hours(1)).await;
    let trial = trial.again().await;
    trial.create("SMS").await;
    trial.confirm("SMS", &trial.sent().await).await;
}

#[tokio::test]
async fn there_must_be_somewhere_to_send_a_code_to() {
    let trial = Trial::start().await;
    trial.server.tamper("update account_users set mobile = ' ', email = ''").await;
    for method in ["SMS", "EMAIL"] {
        assert_eq!(trial.send(CREATE, json!({ "m": method })).await.codes(), ["KT-CT-1153"]);
    }
    assert_eq!(trial.devices().await, json!([]));
    assert!(trial.server.letters("mfa-code").await.is_empty());
}

#[tokio::test]
async fn an_app_counts_beside_a_backup_and_each_of_its_codes_once() {
    let trial = Trial::start().await;
    let first = trial.create("TOTP").await["totpSecret"].clone();
    let secret = trial.create("TOTP").await["totpSecret"].clone();
    assert_ne!(first, secret);
    assert_eq!(secret.as_str().map(str::len), Some(32));
    assert_eq!(trial.validate("TOTP", &trial.shown(&secret)).await.codes(), ["KT-CT-1155"]);
    trial.create("EMAIL").await;
    assert_eq!(
        trial.validate("TOTP", &trial.shown(&secret)).await.codes(),
        ["KT-CT-1155"],
        "not confirmed yet"
    );
    trial.confirm("EMAIL", &trial.sent().await).await;
    assert_eq!(trial.validate("TOTP", &trial.shown(&first)).await.codes(), ["KT-CT-1152"]);
    assert_eq!(trial.validate("TOTP", "nonsense").await.codes(), ["KT-CT-1152"]);
    trial.confirm("TOTP", &trial.shown(&secret)).await;
    assert_eq!(trial.validate("TOTP", &trial.shown(&secret)).await.codes(), ["KT-CT-1152"], "spent");
    trial.pass(TimeDelta::seconds(30)).await;
    let code = trial.shown(&secret);
    trial.confirm("TOTP", &code).await;
    trial.pass(TimeDelta::seconds(30)).await;
    assert_eq!(trial.validate("TOTP", &code).await.codes(), ["KT-CT-1152"]);
    assert_eq!(trial.send(CREATE, json!({ "m": "TOTP" })).await.codes(), ["KT-CT-1153"]);

    // The last backup stays for as long as the app counts.
    assert_eq!(trial.delete("EMAIL").await.codes(), ["KT-CT-1154"]);
    trial.create("SMS").await;
    assert_eq!(trial.delete("EMAIL").await.codes(), ["KT-CT-1154"], "the other is not confirmed");
    assert!(trial.delete("SMS").await.errors().is_empty(), "what is not confirmed goes freely");
    trial.create("SMS").await;
    trial.confirm("SMS", &trial.sent().await).await;
    assert!(trial.delete("EMAIL").await.errors().is_empty());
    assert_eq!(trial.delete("SMS").await.codes(), ["KT-CT-1154"]);
    assert!(trial.delete("TOTP").await.errors().is_empty());
    assert!(trial.delete("SMS").await.errors().is_empty());
    assert_eq!(trial.devices().await, json!([]));
}

#[tokio::test]
async fn with_a_second_factor_a_password_alone_does_not_log_in() {
    let trial = Trial::start().await;
    let password = json!({ "email": "ada@example.org", "password": PASSWORD });
    let refresh = "mutation($i: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $i) { refreshToken } }";
    let data = trial.server.ask(None, refresh, json!({ "i": password })).await;
    let refresh_token = data["obtainKrakenToken"]["refreshToken"].clone();
    let key = trial.server.pre_signed_key("ada@example.org", "VIEW_ACCOUNT_NUMBER").await;
    trial.create("TOTP").await;
    assert_eq!(trial.log_in(password.clone()).await, [""; 0], "nothing is confirmed yet");
    trial.enable_after_pending().await;
    for _ in 0..2 {
        assert_eq!(trial.log_in(password.clone()).await, ["KT-CT-1148"]);
    }
    let wrong = json!({ "email": "ada@example.org", "password": "wrong" });
    assert_eq!(trial.log_in(wrong).await, ["KT-CT-1138"], "only whoever knows the password learns of it");
    let others = [
        json!({ "APIKey": trial.ada().api_key }),
        json!({ "refreshToken": refresh_token }),
        json!({ "preSignedKey": key }),
        json!({ "email": "bob@example.org", "password": PASSWORD }),
    ];
    for input in others.clone() {
        assert_eq!(trial.log_in(input.clone()).await, [""; 0], "{input}");
    }
    trial.server.demand(|settings| settings.mfa_enforced = true).await;
    for email in ["bob@example.org", "staff@example.org"] {
        assert_eq!(trial.log_in(json!({ "email": email, "password": PASSWORD })).await, ["KT-CT-1148"]);
    }
    assert_eq!(trial.log_in(others[0].clone()).await, [""; 0]);
    trial.server.demand(|settings| settings.mfa_enforced = false).await;
    assert!(trial.delete("TOTP").await.errors().is_empty());
    assert_eq!(trial.log_in(password).await, [""; 0]);
}

impl Trial {
    async fn enable_after_pending(&self) {
        assert!(self.delete("TOTP").await.errors().is_empty());
        self.enable().await;
    }
}

#[tokio::test]
async fn several_devices_of_a_method_are_told_and_can_be_cleared() {
    let trial = Trial::start().await;
    let user = trial.ada().user_id;
    trial
        .server
        .tamper(&format!(
            "insert into mfa_devices (account_user_id, method, recipient, created_at, confirmed_at)
             select {user}, 'SMS', '+44770090012' || n, now(), now() from generate_series(1, 2) n"
        ))
        .await;
    assert_eq!(trial.validate("SMS", "123456").await.codes(), ["KT-CT-1151"]);
    assert_eq!(trial.send(CREATE, json!({ "m": "SMS" })).await.codes(), ["KT-CT-1153"]);
    assert!(trial.delete("SMS").await.errors().is_empty());
    assert_eq!(trial.devices().await, json!([]));
}

#[tokio::test]
async fn nobody_but_the_user_in_person_has_to_do_with_them() {
    let trial = Trial::start().await;
    let others = trial.server.others(&trial.world).await;
    for session in [&others.masquerade, &others.third_party] {
        let reply = trial.server.send(Some(session), CREATE, json!({ "m": "TOTP" })).await;
        assert_eq!(reply.codes(), ["KT-CT-1128"]);
        for query in [DELETE, "query { mfaDevices { deviceType } }"] {
            let variables = if query == DELETE { json!({ "m": "TOTP" }) } else { json!({}) };
            assert_eq!(trial.server.send(Some(session), query, variables).await.codes(), ["KT-CT-1111"]);
        }
    }
    assert_eq!(trial.devices().await, json!([]));
}

#[tokio::test]
async fn two_callers_at_once_do_what_one_after_the_other_would() {
    let trial = Trial::start().await;
    let (one, two) = tokio::join!(trial.create("EMAIL"), trial.create("EMAIL"));
    assert_eq!(one, two);
    assert_eq!(trial.devices().await.as_array().map(Vec::len), Some(1));
    let code = trial.sent().await;
    let (one, two) = tokio::join!(trial.validate("EMAIL", &code), trial.validate("EMAIL", &code));
    let wrong = [&one, &two].iter().filter(|reply| reply.codes() == ["KT-CT-1152"]).count();
    assert_eq!(wrong, 1, "{:?} {:?}", one.json, two.json);

    let secret = trial.create("TOTP").await["totpSecret"].clone();
    let code = trial.shown(&secret);
    let (one, two) = tokio::join!(trial.validate("TOTP", &code), trial.validate("TOTP", &code));
    let wrong = [&one, &two].iter().filter(|reply| reply.codes() == ["KT-CT-1152"]).count();
    assert_eq!(wrong, 1, "{:?} {:?}", one.json, two.json);

    // The app goes and its backup goes, in this order only.
    trial.create("SMS").await;
    trial.confirm("SMS", &trial.sent().await).await;
    let (one, two) = tokio::join!(trial.delete("SMS"), trial.delete("EMAIL"));
    let kept = [&one, &two].iter().filter(|reply| reply.codes() == ["KT-CT-1154"]).count();
    assert_eq!(kept, 1, "{:?} {:?}", one.json, two.json);
}
