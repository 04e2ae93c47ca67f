//! Needs a running server; `tests/clients/run.sh` starts one.

use std::time::{Duration, SystemTime};

use kraken_api_client_test::operations::{
    Account, PostCharge, PostCredit, Viewer, account, log_in, post_charge, post_credit, viewer,
};
use kraken_api_client_test::{Client, Session};
use serde_json::Value;

struct Demo(Value);

impl Demo {
    fn open() -> Self {
        let text = std::fs::read_to_string(variable("CLIENTS_DEMO_FILE")).expect("demo.json");
        Self(serde_json::from_str(&text).expect("demo.json holds JSON"))
    }

    fn text(&self, path: &str) -> String {
        self.0.pointer(path).and_then(Value::as_str).expect(path).to_owned()
    }

    fn client(&self) -> Client {
        Client::new(&self.text("/url"))
    }

    fn password(&self, who: &str) -> log_in::ObtainJSONWebTokenInput {
        log_in::ObtainJSONWebTokenInput {
            email: Some(self.text(&format!("/{who}/email"))),
            password: Some(self.text(&format!("/{who}/password"))),
            ..Default::default()
        }
    }

    fn api_key(key: String) -> log_in::ObtainJSONWebTokenInput {
        log_in::ObtainJSONWebTokenInput { api_key: Some(key), ..Default::default() }
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; run tests/clients/run.sh"))
}

fn assert_is_the_customer(demo: &Demo, authorization: &str) {
    let seen = demo.client().with(authorization).run::<Viewer>(viewer::Variables {}).expect("a viewer");
    assert_eq!(seen.viewer.expect("a viewer").email, demo.text("/customer/email"));
}

fn assert_session(demo: &Demo, session: &Session, kind: &str) {
    assert_eq!(session.payload["gty"], kind);
    let expires = session.payload["exp"].as_u64().expect("seconds");
    assert!(SystemTime::UNIX_EPOCH + Duration::from_secs(expires) > SystemTime::now());
    for scheme in ["", "JWT ", "Bearer "] {
        assert_is_the_customer(demo, &format!("{scheme}{}", session.token));
    }
}

#[test]
fn a_customer_logs_in_by_password_and_by_api_key() {
    let demo = Demo::open();
    let session = demo.client().log_in(demo.password("customer")).expect("a session");
    assert_session(&demo, &session, "EMAIL-AND-PASSWORD");
    let session = demo.client().log_in(Demo::api_key(demo.text("/customer/apiKey"))).expect("a session");
    assert_session(&demo, &session, "API-KEY");
}

#[test]
fn an_organisation_reads_an_account_that_it_was_let_into() {
    let demo = Demo::open();
    let input = log_in::ObtainJSONWebTokenInput {
        organization_secret_key: Some(demo.text("/organisation/secretKey")),
        ..Default::default()
    };
    let session = demo.client().log_in(input).expect("a session");
    let number = demo.text("/organisation/accountNumbers/0");
    let seen = read(&demo.client().with(&session.token), &number);
    assert_eq!(seen.number.as_deref(), Some(number.as_str()));
}

#[test]
fn a_lapsed_session_is_renewed_by_the_refresh_token() {
    let demo = Demo::open();
    let refresh_token = demo.client().log_in(demo.password("customer")).expect("a session").refresh_token;
    let lapsed = demo.client().with(&variable("CLIENTS_EXPIRED_TOKEN"));
    let refused = lapsed.run::<Viewer>(viewer::Variables {}).expect_err("a refusal");
    assert_eq!(refused.codes(), ["KT-CT-1124"]);
    let renewed = log_in::ObtainJSONWebTokenInput { refresh_token, ..Default::default() };
    let renewed = demo.client().log_in(renewed).expect("a session");
    assert_is_the_customer(&demo, &renewed.token);
}

#[test]
fn a_wrong_api_key_is_refused_with_its_code() {
    let refused = Demo::open().client().log_in(Demo::api_key("sk_live_wrong".into())).expect_err("a refusal");
    assert_eq!(refused.codes(), ["KT-CT-1139"]);
}

fn read(client: &Client, number: &str) -> account::AccountAccount {
    let seen = client.run::<Account>(account::Variables { number: number.into() }).expect("an answer");
    seen.account.expect("an account")
}

#[test]
fn what_staff_post_changes_what_the_customer_reads() {
    let demo = Demo::open();
    let number = demo.text("/customer/accountNumbers/0");
    let log_in = |who| demo.client().log_in(demo.password(who)).expect("a session");
    let customer = demo.client().with(&log_in("customer").token);
    let staff = demo.client().with(&log_in("staff").token);
    let before = read(&customer, &number);
    assert!(before.ledgers.as_ref().is_some_and(|ledgers| !ledgers.is_empty()));

    let input = post_charge::CreateAccountChargeInput {
        account_number: number.clone(),
        gross_amount: 310,
        reason: "ADMIN_FEE".into(),
        ..Default::default()
    };
    staff.run::<PostCharge>(post_charge::Variables { input }).expect("a charge");
    assert_eq!(read(&customer, &number).balance, before.balance - 310);

    let input = post_credit::CreateAccountCreditInput {
        account_number: number.clone(),
        net_amount: 300,
        sales_tax_amount: 0,
        gross_amount: 300,
        metadata: None,
        note: None,
        reason: post_credit::AccountCreditReasonType::GOODWILL,
    };
    let posted = staff.run::<PostCredit>(post_credit::Variables { input }).expect("a credit");
    let credit = posted.create_account_credit.and_then(|p| p.account_credit).expect("a credit");
    assert_eq!(credit.gross_amount, 300);

    let after = read(&customer, &number);
    assert_eq!(after.balance, before.balance - 10);
    let total = |account: &account::AccountAccount| account.transactions.as_ref().map(|t| t.total_count);
    assert_eq!(total(&after), total(&before).map(|count| count + 2));
}
