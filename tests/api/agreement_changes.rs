//! Renewing, switching and putting right what was agreed.

use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::properties;
use serde_json::{Value, json};

use crate::support::agreed::date;
use crate::support::server::Reply;
use crate::support::{Server, record};

const MPAN: &str = "2000050773706";
const ANOTHER: &str = "2000050773715";
const MPRN: &str = "1234567810";

const RENEW: &str = "mutation($i: RenewAgreementsInput) { renewAgreements(input: $i) {
    account { number hasFutureAgreement } } }";
const RENEW_EACH: &str =
    "mutation($i: RenewAgreementsForAccountInput) { renewAgreementsForAccount(input: $i) {
    account { number hasFutureAgreement } } }";
const SWITCH: &str = "mutation($i: SwitchMeterPointProductsInput) { switchMeterPointProducts(input: $i) {
    account { number } } }";
const REPLACE: &str =
    "mutation($i: ReplaceAgreementInput) { replaceAgreement(input: $i) { account { number } } }";
const REVOKE: &str = "mutation($i: RevokeAgreementInput!) { revokeAgreement(input: $i) { account { number notes { body } } } }";
const PERIOD: &str = "mutation($i: UpdateAgreementPeriodInput!) { updateAgreementPeriod(input: $i) {
    account { number notes { body } } } }";
const HELD: &str =
    "query($n: String!) { account(accountNumber: $n) { marketSupplyAgreements(first: 20) { edges { node {
    id validFrom validTo supplyPoint { marketName } product { code } } } } } }";

impl Server {
    async fn product_id(&self, code: &str) -> String {
        let id = sqlx::query_scalar("select id::text from products where code = $1").bind(code);
        id.fetch_one(self.database.pool()).await.expect("a product")
    }

    async fn home_of(&self, point: i64) -> i64 {
        let id = sqlx::query_scalar("select property_id from supply_points where id = $1").bind(point);
        id.fetch_one(self.database.pool()).await.expect("a property")
    }

    /// What is agreed on an account, by product and the local days from and to which it holds.
    async fn all_agreed(&self, token: &str, account: &str) -> Vec<(String, String, Option<String>)> {
        let data = self.ask(Some(token), HELD, json!({ "n": account })).await;
        let edges = data["account"]["marketSupplyAgreements"]["edges"].as_array().expect("edges").clone();
        let day = |moment: &Value| moment.as_str().map(|text| text.chars().take(16).collect::<String>());
        let shown = |node: &Value| {
            let code = node["product"]["code"].as_str().unwrap_or_default().to_owned();
            (code, day(&node["validFrom"]).expect("a day"), day(&node["validTo"]))
        };
        let mut all: Vec<_> = edges.iter().map(|edge| shown(&edge["node"])).collect();
        all.sort();
        all
    }
}

fn agreed(code: &str, from: &str, to: Option<&str>) -> (String, String, Option<String>) {
    (code.to_owned(), from.to_owned(), to.map(str::to_owned))
}

fn with(input: &Value, field: &str, value: Value) -> Value {
    let mut changed = input.clone();
    changed[field] = value;
    changed
}

#[tokio::test]
async fn what_is_agreed_at_a_property_is_renewed_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    let elsewhere = server.supply(ada, MarketName::GbrGas, (MPRN, "SW"), "2026-01-01").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-01-01").await;
    server.agree(ada, elsewhere, "VAR-22-11-01", "2026-01-01").await;
    let fixed = server.product_id("OE-FIX-12M-25-09-02").await;
    let home = server.home_of(point).await.to_string();
    let input = json!({ "accountNumber": ada.account, "quotedProductId": fixed, "propertyId": home,
        "makeFullDebtRepayment": false, "changeOn": "2026-04-01" });
    for (field, value, code) in [
        ("accountNumber", json!("A-00000000"), "KT-GB-4125"),
        ("accountNumber", json!(bob.account), "KT-GB-4125"),
        ("quotedProductId", json!("nothing"), "KT-GB-4125"),
        ("quotedProductId", json!(server.product_id("GREEN-2022-11").await), "KT-GB-4125"),
        ("propertyId", json!("1"), "KT-GB-4125"),
        ("changeOn", json!("2026-03-01"), "KT-GB-4125"),
        ("changeOn", json!("2026-06-01"), "KT-GB-4125"),
        ("quotedProductId", json!(server.product_id("VAR-22-11-01").await), "KT-GB-4111"),
    ] {
        let reply = server.put(&ada.token, RENEW, &with(&input, field, value)).await;
        assert_eq!(reply.codes(), [code], "{field}: {}", reply.json);
    }
    let gas = with(&input, "propertyId", json!(server.home_of(elsewhere).await.to_string()));
    let agile = with(&gas, "quotedProductId", json!(server.product_id("AGILE-24-10-01").await));
    assert_eq!(server.put(&ada.token, RENEW, &agile).await.codes(), ["KT-GB-4111"], "it is not made for gas");
    for token in [&bob.token, &world.reader] {
        assert_eq!(server.put(token, RENEW, &input).await.codes(), ["KT-GB-4125"]);
    }
    assert_eq!(server.send(Some(&ada.token), RENEW, json!({})).await.codes(), ["KT-GB-4125"]);

    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&ada.token, RENEW, &input), twin.put(&ada.token, RENEW, &input));
    let done = json!({ "account": { "number": ada.account, "hasFutureAgreement": true } });
    for reply in [one, other] {
        assert_eq!(reply.json["data"]["renewAgreements"], done, "{}", reply.json);
    }
    let held = [
        agreed("OE-FIX-12M-25-09-02", "2026-03-31T23:00", Some("2027-03-31T23:00")),
        agreed("VAR-22-11-01", "2026-01-01T00:00", None),
        agreed("VAR-22-11-01", "2026-01-01T00:00", Some("2026-03-31T23:00")),
    ];
    assert_eq!(server.all_agreed(&ada.token, &ada.account).await, held, "the gas elsewhere stays");
    record::read_back("renewAgreements");
    // What ends in a year is renewed then, which is too early to say.
    let then = with(&input, "changeOn", Value::Null);
    assert_eq!(server.put(&ada.token, RENEW, &then).await.codes(), ["KT-GB-4111"]);
    assert_eq!(server.all_agreed(&ada.token, &ada.account).await, held);
}

#[tokio::test]
async fn a_renewal_settles_what_is_owed_if_that_is_wanted() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-01-01").await;
    server.owe(ada.account_id, 2000).await;
    let fixed = server.product_id("OE-FIX-12M-25-09-02").await;
    let home = server.home_of(point).await.to_string();
    let input = json!({ "accountNumber": ada.account, "quotedProductId": fixed, "propertyId": home,
        "makeFullDebtRepayment": true, "persistFlatRate": true });
    let before = server.all_agreed(&ada.token, &ada.account).await;
    assert_eq!(
        server.put(&ada.token, RENEW, &input).await.codes(),
        ["KT-GB-4111"],
        "there is no way to collect"
    );
    assert_eq!(server.all_agreed(&ada.token, &ada.account).await, before, "all of it or nothing");
    server.pays_by(ada, "DIRECT_DEBIT").await;
    for _ in 0..2 {
        let reply = server.put(&ada.token, RENEW, &input).await;
        assert_eq!(reply.json["data"]["renewAgreements"]["account"]["number"], ada.account, "{}", reply.json);
        let payments = sqlx::query_as("select amount, reference from account_payments where account_id = $1");
        let payments = payments.bind(ada.account_id).fetch_all(server.database.pool()).await;
        let payments: Vec<(i64, String)> = payments.expect("payments");
        assert_eq!(payments, [(2100, "Balance before renewal".to_owned())]);
        // Again on the same day, with a product from then on: nothing more is collected.
        server.tamper("update agreements set during = tstzrange(lower(during), null) where upper(during) > '2027-01-01'").await;
    }
}

#[tokio::test]
async fn agreements_of_an_account_are_renewed_each_on_its_product() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    let gas = server.supply(ada, MarketName::GbrGas, (MPRN, "SW"), "2026-01-01").await;
    let theirs = server.supply(bob, MarketName::GbrElectricity, (ANOTHER, "L"), "2026-01-01").await;
    let electricity = server.agree(ada, point, "VAR-22-11-01", "2026-01-01").await.to_string();
    let gas = server.agree(ada, gas, "VAR-22-11-01", "2026-01-01").await.to_string();
    let theirs = server.agree(bob, theirs, "VAR-22-11-01", "2026-01-01").await.to_string();
    let each = |agreement: &str, product: &str| json!({ "agreementId": agreement, "productCode": product });
    let input = json!({ "accountNumber": ada.account, "changeOn": "2026-03-20",
        "electricityAgreements": [each(&electricity, "AGILE-24-10-01")],
        "gasAgreements": [each(&gas, "OE-FIX-12M-25-09-02")] });
    let electric = |list: Value| with(&input, "electricityAgreements", list);
    for (wrong, code) in [
        (json!({ "accountNumber": ada.account }), "KT-GB-4113"),
        (
            json!({ "accountNumber": ada.account, "electricityAgreements": [], "gasAgreements": [null] }),
            "KT-GB-4113",
        ),
        (electric(json!([each(&gas, "AGILE-24-10-01")])), "KT-GB-4126"),
        (electric(json!([each("x", "AGILE-24-10-01")])), "KT-GB-4126"),
        (electric(json!([each(&theirs, "AGILE-24-10-01")])), "KT-GB-4126"),
        (electric(json!([each(&electricity, "NOTHING")])), "KT-GB-4126"),
        (electric(json!([each(&electricity, "GREEN-2022-11")])), "KT-GB-4126"),
        (
            electric(json!([each(&electricity, "AGILE-24-10-01"), each(&electricity, "GO-VAR-22-10-14")])),
            "KT-GB-4126",
        ),
        (with(&input, "changeOn", json!("2026-03-01")), "KT-GB-4126"),
        (electric(json!([each(&electricity, "VAR-22-11-01")])), "KT-GB-4114"),
        (with(&input, "gasAgreements", json!([each(&gas, "AGILE-24-10-01")])), "KT-GB-4114"),
    ] {
        let reply = server.put(&ada.token, RENEW_EACH, &wrong).await;
        assert_eq!(reply.codes(), [code], "{wrong}: {}", reply.json);
    }
    assert_eq!(server.send(Some(&ada.token), RENEW_EACH, json!({})).await.codes(), ["KT-GB-4113"]);
    for token in [&bob.token, &world.reader, &world.partner] {
        assert_eq!(server.put(token, RENEW_EACH, &input).await.codes(), ["KT-CT-1111"]);
    }
    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&ada.token, RENEW_EACH, &input), twin.put(&ada.token, RENEW_EACH, &input));
    let mut codes: Vec<String> =
        [one, other].iter().flat_map(Reply::codes).map(|code| code.to_owned()).collect();
    assert_eq!(codes.pop().as_deref(), Some("KT-GB-4114"), "what was renewed meanwhile has been followed");
    assert!(codes.is_empty(), "{codes:?}");
    let held = [
        agreed("AGILE-24-10-01", "2026-03-20T00:00", None),
        agreed("OE-FIX-12M-25-09-02", "2026-03-20T00:00", Some("2027-03-20T00:00")),
        agreed("VAR-22-11-01", "2026-01-01T00:00", Some("2026-03-20T00:00")),
        agreed("VAR-22-11-01", "2026-01-01T00:00", Some("2026-03-20T00:00")),
    ];
    assert_eq!(server.all_agreed(&ada.token, &ada.account).await, held);
    record::read_back("renewAgreementsForAccount");
}

#[tokio::test]
async fn points_are_switched_one_by_one() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    server.supply(ada, MarketName::GbrGas, (MPRN, "SW"), "2026-01-01").await;
    server.supply(bob, MarketName::GbrElectricity, (ANOTHER, "L"), "2026-01-01").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-01-01").await;
    let (agile, var) = (server.product_id("AGILE-24-10-01").await, server.product_id("VAR-22-11-01").await);
    let to = |mpxn: &str, product: &str| json!({ "mpxn": mpxn, "quotedProductId": product, "changeOn": "2026-03-10" });
    let input =
        |contexts: Value| json!({ "accountNumber": ada.account, "meterPointSwitchContexts": contexts });
    for (contexts, code) in [
        (json!([]), "KT-GB-4116"),
        (json!([to("12", &agile)]), "KT-GB-4116"),
        (json!([to(MPAN, &agile), to("20 0005 0773 706", &var)]), "KT-GB-4116"),
        (json!([with(&to(MPAN, &agile), "changeOn", json!("2026-02-10"))]), "KT-GB-4116"),
        (json!([to(MPAN, "x")]), "KT-GB-4617"),
        (json!([to(MPAN, &var)]), "KT-GB-4117"),
        (json!([to(ANOTHER, &agile)]), "KT-GB-4120"),
        (json!([to("2000050773724", &agile)]), "KT-GB-4120"),
        (json!([to(MPAN, &agile), to(MPRN, &var)]), "KT-GB-4120"),
    ] {
        let reply = server.put(&ada.token, SWITCH, &input(contexts.clone())).await;
        assert_eq!(reply.codes(), [code], "{contexts}: {}", reply.json);
    }
    let theirs = input(json!([to(ANOTHER, &agile)]));
    assert_eq!(server.put(&world.staff, SWITCH, &theirs).await.codes(), ["KT-GB-4119"]);
    assert_eq!(server.send(Some(&ada.token), SWITCH, json!({})).await.codes(), ["KT-GB-4116"]);
    let wanted = input(json!([with(&to(MPAN, &agile), "flatRate", json!(true))]));
    for token in [&bob.token, &world.reader, &world.partner] {
        assert_eq!(server.put(token, SWITCH, &wanted).await.codes(), ["KT-CT-4623"]);
    }
    let paid = with(&wanted, "updatePaymentAmount", json!(true));
    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&ada.token, SWITCH, &paid), twin.put(&ada.token, SWITCH, &paid));
    // Whoever looks on the day finds the product there already.
    for reply in [one, other] {
        assert_eq!(
            reply.json["data"]["switchMeterPointProducts"]["account"]["number"], ada.account,
            "{}",
            reply.json
        );
    }
    let held = [
        agreed("AGILE-24-10-01", "2026-03-10T00:00", None),
        agreed("VAR-22-11-01", "2026-01-01T00:00", Some("2026-03-10T00:00")),
    ];
    assert_eq!(server.all_agreed(&ada.token, &ada.account).await, held);
    record::read_back("switchMeterPointProducts");
}

#[tokio::test]
async fn a_regular_payment_is_brought_up_to_what_is_charged() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-01-01").await;
    server.pays_by(ada, "DIRECT_DEBIT").await;
    server.owe(ada.account_id, 8000).await;
    server.on_day(40).await;
    let token = server.again(ada).await;
    let schedule =
        "mutation($i: CreateAccountPaymentScheduleInput!) { createAccountPaymentSchedule(input: $i) {
        schedule { paymentAmount } } }";
    let (_, ledger) = server.ledger_of(ada).await;
    let input = json!({ "accountNumber": ada.account, "ledgerNumber": ledger, "paymentAmount": 5000, "paymentDay": 5 });
    let reply = server.put(&token, schedule, &input).await;
    assert_eq!(reply.codes(), Vec::<&str>::new(), "{}", reply.json);
    server.on_day(44).await;
    let token = server.again(ada).await;
    let agile = server.product_id("AGILE-24-10-01").await;
    let wanted = json!({ "accountNumber": ada.account, "updatePaymentAmount": true,
        "meterPointSwitchContexts": [{ "mpxn": MPAN, "quotedProductId": agile }] });
    let reply = server.put(&token, SWITCH, &wanted).await;
    assert_eq!(
        reply.json["data"]["switchMeterPointProducts"]["account"]["number"], ada.account,
        "{}",
        reply.json
    );
    let amounts =
        sqlx::query_scalar("select payment_amount from payment_schedules where account_id = $1 order by id");
    let amounts: Vec<Option<i64>> =
        amounts.bind(ada.account_id).fetch_all(server.database.pool()).await.expect("schedules");
    assert!(amounts.last().copied().flatten() > Some(5000), "{amounts:?}");
}

#[tokio::test]
async fn staff_put_another_product_in_the_place_of_one() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-01-01").await;
    let input = json!({ "accountNumber": ada.account, "mpxn": MPAN, "replaceOnDate": "2026-02-01",
        "newProductCode": "AGILE-24-10-01" });
    for (field, value, code) in [
        ("accountNumber", json!("A-00000000"), "KT-CT-4178"),
        ("accountNumber", json!(bob.account), "KT-CT-1501"),
        ("mpxn", json!(ANOTHER), "KT-CT-1501"),
        ("mpxn", json!("12"), "KT-CT-1501"),
        ("replaceOnDate", json!("2025-12-31"), "KT-CT-1501"),
        ("newProductCode", json!("NOTHING"), "KT-CT-1505"),
    ] {
        let reply = server.put(&world.staff, REPLACE, &with(&input, field, value)).await;
        assert_eq!(reply.codes(), [code], "{field}: {}", reply.json);
    }
    assert_eq!(server.put(&world.reader, REPLACE, &input).await.codes(), ["KT-CT-1111"]);
    for _ in 0..2 {
        let reply = server.put(&world.staff, REPLACE, &input).await;
        assert_eq!(
            reply.json["data"]["replaceAgreement"]["account"]["number"], ada.account,
            "{}",
            reply.json
        );
    }
    let held = [
        agreed("AGILE-24-10-01", "2026-02-01T00:00", None),
        agreed("VAR-22-11-01", "2026-01-01T00:00", Some("2026-02-01T00:00")),
    ];
    assert_eq!(server.all_agreed(&ada.token, &ada.account).await, held);
    record::read_back("replaceAgreement");
    // On its first day an agreement gives way as a whole.
    let instead = with(&input, "newProductCode", json!("GO-VAR-22-10-14"));
    assert_eq!(server.put(&world.staff, REPLACE, &instead).await.codes(), Vec::<&str>::new());
    let held = [
        agreed("GO-VAR-22-10-14", "2026-02-01T00:00", None),
        agreed("VAR-22-11-01", "2026-01-01T00:00", Some("2026-02-01T00:00")),
    ];
    assert_eq!(server.all_agreed(&ada.token, &ada.account).await, held);
}

#[tokio::test]
async fn staff_revoke_what_was_not_billed() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-02").await;
    let billed = server.agree(ada, point, "VAR-22-11-01", "2026-03-02").await;
    server.used(point, "gb", ("2026-03-02", 31), 1, 400).await;
    for day in ["2026-03-03", "2026-04-02"] {
        server.wall.set(format!("{day}T09:00:00Z").parse().expect("a moment"));
        server.work_off().await;
    }
    let staff = server.on_day(31).await;
    let input = |account: &str, agreement: &str| json!({ "accountNumber": account, "agreementId": agreement, "reason": "Agreed by mistake" });
    let replace = json!({ "accountNumber": ada.account, "mpxn": MPAN, "replaceOnDate": "2026-05-01",
        "newProductCode": "AGILE-24-10-01" });
    server.put(&staff, REPLACE, &replace).await;
    let mistake =
        sqlx::query_scalar("select max(id)::text from agreements").fetch_one(server.database.pool()).await;
    let mistake: String = mistake.expect("an agreement");
    let reader = server
        .log_in(json!({ "email": "reader@example.org", "password": crate::support::world::PASSWORD }))
        .await;
    let long = with(&input(&ada.account, &mistake), "reason", json!("x".repeat(10_000)));
    for (token, wanted, code) in [
        (&staff, input(&ada.account, "x"), "KT-CT-1501"),
        (&staff, input(&bob.account, &mistake), "KT-CT-1501"),
        (&staff, input("A-00000000", &mistake), "KT-CT-4123"),
        (&reader, input(&ada.account, &mistake), "KT-CT-4123"),
        (&staff, input(&ada.account, &billed.to_string()), "KT-CT-1502"),
        (&staff, long, "KT-CT-1605"),
    ] {
        let reply = server.put(token, REVOKE, &wanted).await;
        assert_eq!(reply.codes(), [code], "{wanted}: {}", reply.json);
    }
    let twin = server.twin();
    let wanted = input(&ada.account, &mistake);
    let (one, other) = tokio::join!(server.put(&staff, REVOKE, &wanted), twin.put(&staff, REVOKE, &wanted));
    let refused: Vec<&str> = [&one, &other].into_iter().flat_map(|reply| reply.codes()).collect();
    assert_eq!(refused, ["KT-CT-1501"], "it is there once");
    let done = if one.codes().is_empty() { one } else { other };
    let note = format!("Agreement {mistake} was revoked: Agreed by mistake");
    let account = json!({ "number": ada.account, "notes": [{ "body": note }] });
    assert_eq!(done.json["data"]["revokeAgreement"]["account"], account);
    let token = server.again(ada).await;
    let held = [agreed("VAR-22-11-01", "2026-03-02T00:00", Some("2026-04-30T23:00"))];
    assert_eq!(server.all_agreed(&token, &ada.account).await, held);
    record::read_back("revokeAgreement");

    // Of what was billed the first day stays, and all days that were.
    let period = |from: &str, to: Value| json!({ "accountNumber": ada.account, "agreementId": billed.to_string(), "validFrom": from, "validTo": to });
    for wrong in [period("2026-03-03", Value::Null), period("2026-03-02", json!("2026-03-20"))] {
        assert_eq!(server.put(&staff, PERIOD, &wrong).await.codes(), ["KT-CT-1505"], "{wrong}");
    }
    let reply = server.put(&staff, PERIOD, &period("2026-03-02", Value::Null)).await;
    assert_eq!(reply.codes(), Vec::<&str>::new(), "{}", reply.json);
    let held = [agreed("VAR-22-11-01", "2026-03-02T00:00", None)];
    assert_eq!(server.all_agreed(&token, &ada.account).await, held);
}

#[tokio::test]
async fn staff_say_when_an_agreement_begins_and_ends() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    let first = server.agree(ada, point, "VAR-22-11-01", "2026-02-01").await;
    let theirs = server.supply(bob, MarketName::GbrElectricity, (ANOTHER, "L"), "2026-01-01").await;
    let theirs = server.agree(bob, theirs, "VAR-22-11-01", "2026-01-01").await;
    let input = json!({ "accountNumber": ada.account, "agreementId": first.to_string(), "validFrom": "2026-01-10",
        "validTo": "2026-04-10", "reason": "The contract says so" });
    for (field, value, code) in [
        ("accountNumber", json!("A-00000000"), "KT-CT-4178"),
        ("agreementId", json!("x"), "KT-CT-1501"),
        ("agreementId", json!(theirs.to_string()), "KT-CT-1504"),
        ("validTo", json!("2026-01-10"), "KT-CT-1503"),
        ("validFrom", json!("2025-12-31"), "KT-CT-1506"),
    ] {
        let reply = server.put(&world.staff, PERIOD, &with(&input, field, value)).await;
        assert_eq!(reply.codes(), [code], "{field}: {}", reply.json);
    }
    assert_eq!(server.put(&world.reader, PERIOD, &input).await.codes(), ["KT-CT-1111"]);
    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&world.staff, PERIOD, &input), twin.put(&world.staff, PERIOD, &input));
    for reply in [one, other] {
        assert_eq!(reply.codes(), Vec::<&str>::new(), "{}", reply.json);
        let account = &reply.json["data"]["updateAgreementPeriod"]["account"];
        let note =
            format!("Agreement {first} now holds from 2026-01-10 until 2026-04-10: The contract says so");
        assert_eq!(account["notes"][0]["body"], note);
    }
    let held = [agreed("VAR-22-11-01", "2026-01-10T00:00", Some("2026-04-09T23:00"))];
    assert_eq!(server.all_agreed(&ada.token, &ada.account).await, held);
    record::read_back("updateAgreementPeriod");
    // No two hold at once, and none after the customer has left.
    let second = server.agree(ada, point, "AGILE-24-10-01", "2026-04-10").await;
    let longer = with(&input, "validTo", Value::Null);
    assert_eq!(server.put(&world.staff, PERIOD, &longer).await.codes(), ["KT-CT-1505"]);
    let mut tx = server.tx().await;
    let home = server.home_of(point).await;
    properties::move_out(&mut tx, home, ada.account_id, date("2026-05-01")).await.expect("moved out");
    tx.commit().await.expect("committed");
    let mut late = with(&input, "agreementId", json!(second.to_string()));
    (late["validFrom"], late["validTo"]) = (json!("2026-04-10"), json!("2026-05-02"));
    assert_eq!(server.put(&world.staff, PERIOD, &late).await.codes(), ["KT-CT-1506"]);
}
