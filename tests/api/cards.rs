//! Cards: entered at the vendor, stored, used by default, told again, and what it costs to pay by them.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::payments::british;
use crate::support::server::BASE_URL;
use crate::support::{Server, record};

const EMBEDDED: &str = "mutation($i: GetEmbeddedSecretForNewPaymentInstructionInput!) {
    getEmbeddedSecretForNewPaymentInstruction(input: $i) { secretKey } }";
const PROSPECT: &str = "mutation($i: GetEmbeddedSecretForNewPaymentInstructionWithoutAccountInput!) {
    getEmbeddedSecretForNewPaymentInstructionWithoutAccount(input: $i) { secretKey } }";
const HOSTED: &str = "mutation($i: GetHostedUrlForNewPaymentInstructionInput!) {
    getHostedUrlForNewPaymentInstruction(input: $i) { url } }";
const STORE: &str = "mutation($i: StorePaymentInstructionInput!) { storePaymentInstruction(input: $i) {
    paymentInstruction { id status instructionType accountHolder vendor cardNumber cardType cardPaymentNetwork
        cardExpiryMonth cardExpiryYear lastFourDigitsOfAccountNumber maskedIban sortCode
        owners { accountUser { id } } } } }";
const DEFAULT: &str = "query($n: String!, $of: PaymentType) { defaultPaymentInstruction(accountNumber: $n,
    instructionType: $of) { id instructionType } }";
const FETCH: &str = "mutation($i: FetchGeneratePaymentFingerprintInput!) {
    fetchGeneratePaymentFingerprint(input: $i) { fingerprint vendor } }";
const CHECK: &str = "query($f: String!) { paymentFingerprintChecks(fingerprint: $f) {
    fingerprint isFound isRiskListed } }";
const FROM: &str = "2026-03-02T09:30:00Z";
const GOOD: &str = "4242 4242 4242 4242";
const RETURN: &str = "https://shop.example/done";

/// An answer of the vendor.
pub struct Page {
    pub status: StatusCode,
    pub location: Option<String>,
    pub body: String,
}

impl Page {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

impl Server {
    /// Looks at a form of the vendor, or sends it.
    pub async fn filled(&self, token: &str, typed: Option<&[(&str, &str)]>) -> Page {
        let path = format!("/pay/{token}");
        let request = match typed {
            None => Request::get(path).body(Body::empty()),
            Some(fields) => {
                let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                let kind = "application/x-www-form-urlencoded";
                Request::post(path).header(header::CONTENT_TYPE, kind).body(Body::from(body))
            }
        };
        let answer = self.router.clone().oneshot(request.expect("a request")).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        assert_eq!(parts.headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(parts.headers[header::CACHE_CONTROL], "private, no-store");
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        let location = parts.headers.get(header::LOCATION).map(|url| url.to_str().expect("text").to_owned());
        Page { status: parts.status, location, body: String::from_utf8(bytes.to_vec()).expect("text") }
    }

    pub async fn card(&self, token: &str, number: &str) -> Page {
        let typed = [("number", number), ("expiry", "04/29"), ("cvc", "123"), ("holder", "A Lovelace")];
        self.filled(token, Some(&typed)).await
    }

    /// A key for an embedded form on an account.
    async fn secret(&self, token: &str, account: &str) -> String {
        let input = json!({ "accountNumber": account, "instructionType": "CARD" });
        let data = self.ask(Some(token), EMBEDDED, json!({ "i": input })).await;
        let key = &data["getEmbeddedSecretForNewPaymentInstruction"]["secretKey"];
        key.as_str().expect("a key").to_owned()
    }

    /// What the vendor calls a card that was entered for an account.
    async fn entered(&self, token: &str, account: &str, number: &str) -> String {
        let key = self.secret(token, account).await;
        let said = self.card(&key, number).await.json();
        assert_eq!(said["status"], "success", "{said}");
        said["vendorReference"].as_str().expect("a reference").to_owned()
    }

    /// Stores a card for an account.
    async fn stored(&self, token: &str, account: &str, number: &str) -> Value {
        let reference = self.entered(token, account, number).await;
        let data = self.ask(Some(token), STORE, json!({ "i": store(account, &reference) })).await;
        data["storePaymentInstruction"]["paymentInstruction"].clone()
    }
}

fn store(account: &str, reference: &str) -> Value {
    json!({ "accountNumber": account, "instructionType": "CARD", "validFrom": FROM, "vendorReference": reference })
}

fn hosted(account: &str, ledger: &str, url: &str) -> Value {
    json!({ "i": { "accountNumber": account, "ledgerNumber": ledger, "instructionType": "CARD",
        "returnUrlSuccess": url, "returnUrlFailure": "https://shop.example/refused",
        "returnUrlCancel": "https://shop.example/cart", "returnUrlError": "https://shop.example/late" } })
}

#[tokio::test]
async fn a_card_is_entered_at_the_vendor_and_stored_here() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = world.ada.account.as_str();
    let reference = server.entered(&world.ada.token, ada, GOOD).await;
    // Not even the vendor has kept the number.
    assert_eq!(server.tables_with("4242424242424242").await, Vec::<String>::new());
    record::read_back("getEmbeddedSecretForNewPaymentInstruction");
    let mut first = Value::Null;
    for _ in 0..2 {
        let data = server.ask(Some(&world.ada.token), STORE, json!({ "i": store(ada, &reference) })).await;
        let stored = data["storePaymentInstruction"]["paymentInstruction"].clone();
        assert!(first.is_null() || first == stored, "stored once");
        first = stored;
    }
    let me = world.ada.user_id.to_string();
    let expected = json!({ "id": first["id"], "status": "ACTIVE", "instructionType": "CARD", "vendor": "STRIPE",
        "accountHolder": "A Lovelace", "cardNumber": "************4242", "cardType": "CREDIT",
        "cardPaymentNetwork": "VISA", "cardExpiryMonth": 4, "cardExpiryYear": 2029, "maskedIban": null, "sortCode": "",
        "lastFourDigitsOfAccountNumber": "4242", "owners": [{ "accountUser": { "id": me } }] });
    assert_eq!(first, expected);
    let seen = server.instructions_of(&world.ada).await;
    assert_eq!((seen.len(), &seen[0]["id"]), (1, &first["id"]));
    record::read_back("storePaymentInstruction");
    // A card goes on to the end of its month.
    let usable = "query($n: String!, $at: DateTime) { account(accountNumber: $n) { ledgers {
        usablePaymentInstructions(usableAt: $at, first: 5) { totalCount } } } }";
    for (at, count) in [("2029-04-30T23:00:00Z", 1), ("2029-05-01T00:00:00Z", 0)] {
        let data = server.ask(Some(&world.ada.token), usable, json!({ "n": ada, "at": at })).await;
        assert_eq!(data["account"]["ledgers"][0]["usablePaymentInstructions"]["totalCount"], count, "{at}");
    }
}

#[tokio::test]
async fn a_form_says_what_is_wrong_and_is_over_when_it_is() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = world.ada.account.as_str();
    let key = server.secret(&world.ada.token, ada).await;
    assert_eq!(server.filled(&key, None).await.json()["status"], "requires_card");
    let wrong = server.card(&key, "4242 4242 4242 4241").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.json()["message"], "There is no such card number.");
    assert_eq!(server.card(&key, "4000 0027 6000 3184").await.json()["status"], "requires_code");
    let said = server.filled(&key, Some(&[("code", "1234")])).await.json();
    assert_eq!(said["status"], "success");
    // What is over stays as it is.
    assert_eq!(server.card(&key, "4000 0000 0000 0002").await.json(), said);
    let key = server.secret(&world.ada.token, ada).await;
    server.card(&key, "4000 0027 6000 3184").await;
    assert_eq!(server.filled(&key, Some(&[("code", "4321")])).await.json()["status"], "failure");
    let key = server.secret(&world.ada.token, ada).await;
    assert_eq!(server.card(&key, "4000 0000 0000 0002").await.json()["status"], "failure");
    let key = server.secret(&world.ada.token, ada).await;
    assert_eq!(server.filled(&key, Some(&[("cancel", "1")])).await.json()["status"], "cancel");
    let key = server.secret(&world.ada.token, ada).await;
    server.wall.set(server.wall.now() + TimeDelta::minutes(60));
    assert_eq!(server.card(&key, GOOD).await.json()["status"], "expired");
    // Nobody else's token leads anywhere.
    let request = Request::get("/pay/nothing").body(Body::empty()).expect("a request");
    let answer = server.router.clone().oneshot(request).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_hosted_page_stores_the_card_and_sends_its_user_back() {
    let server = Server::start().await;
    let world = server.world().await;
    let (_, ledger) = server.ledger_of(&world.ada).await;
    let ada = world.ada.account.as_str();
    let page = async || {
        let data = server.ask(Some(&world.ada.token), HOSTED, hosted(ada, &ledger, RETURN)).await;
        let url =
            data["getHostedUrlForNewPaymentInstruction"]["url"].as_str().expect("an address").to_owned();
        url.strip_prefix(&format!("{BASE_URL}/pay/")).expect("our page").to_owned()
    };
    let token = page().await;
    let shown = server.filled(&token, None).await;
    assert!(shown.status == StatusCode::OK && shown.body.contains("name=\"number\""));
    let wrong = server.card(&token, "1").await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.body.contains("no such card number"));
    let (one, two) = tokio::join!(server.card(&token, GOOD), server.card(&token, GOOD));
    for done in [one, two] {
        assert_eq!((done.status, done.location.as_deref()), (StatusCode::SEE_OTHER, Some(RETURN)));
    }
    let seen = server.instructions_of(&world.ada).await;
    assert_eq!(seen.len(), 1, "a second click stores nothing");
    assert_eq!(seen[0]["status"], "ACTIVE");
    record::read_back("getHostedUrlForNewPaymentInstruction");
    let token = page().await;
    let code = server.card(&token, "4000 0027 6000 3184").await;
    assert!(code.body.contains("name=\"code\""));
    let done = server.filled(&token, Some(&[("code", "1234")])).await;
    assert_eq!(done.location.as_deref(), Some(RETURN));
    assert_eq!(server.instructions_of(&world.ada).await.len(), 2);
    let token = page().await;
    let refused = server.card(&token, "4000 0000 0000 0002").await;
    assert_eq!(refused.location.as_deref(), Some("https://shop.example/refused"));
    let token = page().await;
    let left = server.filled(&token, Some(&[("cancel", "1")])).await;
    assert_eq!(left.location.as_deref(), Some("https://shop.example/cart"));
    let token = page().await;
    server.wall.set(server.wall.now() + TimeDelta::minutes(60));
    assert_eq!(server.filled(&token, None).await.location.as_deref(), Some("https://shop.example/late"));
    assert_eq!(server.instructions_of(&world.ada).await.len(), 2);
}

#[tokio::test]
async fn what_is_not_ones_own_gets_no_form() {
    let server = Server::start().await;
    let world = server.world().await;
    let (id, number) = server.ledger_of(&world.ada).await;
    let (bobs, bobs_number) = server.ledger_of(&world.bob).await;
    let ada = world.ada.account.as_str();
    let input = |account: &str, kind: &str, ledger: Value| json!({ "i": { "accountNumber": account, "instructionType": kind, "ledgerId": ledger } });
    for (token, variables, code) in [
        (&world.ada.token, input(ada, "CARD", json!(format!("{id} {number}"))), "KT-CT-3820"),
        (&world.ada.token, input(ada, "CARD", json!(bobs)), "KT-CT-3822"),
        (&world.ada.token, input(ada, "CARD", json!("main")), "KT-CT-3822"),
        (&world.ada.token, input(&world.bob.account, "CARD", Value::Null), "KT-CT-4177"),
        (&world.reader, input(ada, "CARD", Value::Null), "KT-CT-4177"),
        (&world.ada.token, input(ada, "BPAY", Value::Null), "KT-CT-1605"),
    ] {
        assert_eq!(
            server.send(Some(token), EMBEDDED, variables.clone()).await.codes(),
            [code],
            "{variables}"
        );
    }
    for (token, variables, code) in [
        (&world.ada.token, hosted(&world.bob.account, &bobs_number, RETURN), "KT-CT-1128"),
        (&world.reader, hosted(ada, &number, RETURN), "KT-CT-1128"),
        (&world.ada.token, hosted(ada, &bobs_number, RETURN), "KT-CT-3822"),
        (&world.ada.token, hosted(ada, "main", RETURN), "KT-CT-3822"),
        (&world.ada.token, hosted(ada, &number, "javascript:alert(1)"), "KT-CT-1605"),
        (&world.ada.token, hosted(ada, &number, "https://bank@shop.example"), "KT-CT-1605"),
    ] {
        assert_eq!(server.send(Some(token), HOSTED, variables.clone()).await.codes(), [code], "{variables}");
    }
    let reference = server.entered(&world.ada.token, ada, GOOD).await;
    let with = |account: &str, reference: &str, ledger: Value| {
        let mut input = store(account, reference);
        input["ledgerId"] = ledger;
        json!({ "i": input })
    };
    for (token, variables, code) in [
        (&world.ada.token, with(ada, &reference, json!(format!("{id} {number}"))), "KT-CT-3820"),
        (&world.ada.token, with(ada, &reference, json!(bobs)), "KT-CT-3822"),
        (&world.ada.token, with(ada, "card_unheard_of", Value::Null), "KT-CT-3822"),
        (&world.bob.token, with(&world.bob.account, &reference, Value::Null), "KT-CT-3822"),
        (&world.bob.token, with(ada, &reference, Value::Null), "KT-CT-4177"),
        (&world.reader, with(ada, &reference, Value::Null), "KT-CT-4177"),
    ] {
        assert_eq!(server.send(Some(token), STORE, variables.clone()).await.codes(), [code], "{variables}");
    }
}

#[tokio::test]
async fn a_prospects_card_is_the_accounts_that_stores_it_first() {
    let server = Server::start().await;
    let world = server.world().await;
    let input = |kind: &str| json!({ "i": { "instructionType": kind } });
    assert_eq!(server.send(None, PROSPECT, input("DIRECT_DEBIT")).await.codes(), ["KT-CT-1605"]);
    let data = server.ask(None, PROSPECT, input("CARD")).await;
    let key = data["getEmbeddedSecretForNewPaymentInstructionWithoutAccount"]["secretKey"].as_str();
    let said = server.card(key.expect("a key"), GOOD).await.json();
    let reference = said["vendorReference"].as_str().expect("a reference");
    let data =
        server.ask(Some(&world.ada.token), STORE, json!({ "i": store(&world.ada.account, reference) })).await;
    assert_eq!(data["storePaymentInstruction"]["paymentInstruction"]["status"], "ACTIVE");
    record::read_back("getEmbeddedSecretForNewPaymentInstructionWithoutAccount");
    let theirs = json!({ "i": store(&world.bob.account, reference) });
    assert_eq!(server.send(Some(&world.bob.token), STORE, theirs).await.codes(), ["KT-CT-3822"]);
}

#[tokio::test]
async fn bank_accounts_are_used_before_cards_unless_cards_are_asked_for() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = world.ada.account.as_str();
    let default = async |token: &str, kind: Value| {
        let data = server.ask(Some(token), DEFAULT, json!({ "n": ada, "of": kind })).await;
        data["defaultPaymentInstruction"].clone()
    };
    assert_eq!(default(&world.ada.token, Value::Null).await, Value::Null);
    let card = server.stored(&world.ada.token, ada, GOOD).await;
    let by_card = json!({ "id": card["id"], "instructionType": "CARD" });
    assert_eq!(default(&world.ada.token, Value::Null).await, by_card);
    let bank = server.direct_debit(&world.ada.token, &world.ada, british("9911")).await;
    assert_eq!(default(&world.ada.token, Value::Null).await, by_card, "the bank has not answered");
    server.banks_work(4).await;
    let token = server.again(&world.ada).await;
    let by_bank = json!({ "id": bank["id"], "instructionType": "DIRECT_DEBIT" });
    assert_eq!(default(&token, Value::Null).await, by_bank);
    assert_eq!(default(&token, json!("CARD")).await, by_card);
    assert_eq!(default(&token, json!("BPAY")).await, Value::Null);
    let bob = server.again(&world.bob).await;
    assert_eq!(default(&bob, Value::Null).await, Value::Null, "somebody else's");
}

#[tokio::test]
async fn a_fingerprint_tells_a_card_again() {
    let server = Server::start().await;
    let world = server.world().await;
    let hiro = server.customer("hiro@example.jp", "Hiro Sato", "TG_OCTOPUS_ENERGY").await;
    let (desk, organisation) = server.organisation("Risk Ltd", &["view-accounts", "manage-payments"]).await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, desk, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let id = |instruction: &Value| {
        instruction["id"].as_str().and_then(|id| id.parse::<i64>().ok()).expect("an id")
    };
    let fetch = |id: i64| json!({ "i": { "paymentInstructionId": id } });
    let mine = server.stored(&world.ada.token, &world.ada.account, GOOD).await;
    let same = server.stored(&world.bob.token, &world.bob.account, GOOD).await;
    let data = server.ask(Some(&organisation), FETCH, fetch(id(&mine))).await;
    let told = data["fetchGeneratePaymentFingerprint"].clone();
    assert_eq!(told["vendor"], "STRIPE");
    let data = server.ask(Some(&world.staff), FETCH, fetch(id(&same))).await;
    assert_eq!(data["fetchGeneratePaymentFingerprint"], told, "the same card on another account");
    let text = told["fingerprint"].as_str().expect("a fingerprint");
    let check = async |text: &str| {
        server.ask(Some(&world.staff), CHECK, json!({ "f": text })).await["paymentFingerprintChecks"].clone()
    };
    assert_eq!(check(text).await, json!({ "fingerprint": text, "isFound": true, "isRiskListed": false }));
    record::read_back("fetchGeneratePaymentFingerprint");
    for unknown in ["", "nonsense", &"0".repeat(64)] {
        assert_eq!(check(unknown).await["isFound"], false);
    }
    // A stolen card cannot be used, and is known from then on.
    let stolen = server.stored(&world.ada.token, &world.ada.account, "4000 0000 0000 9979").await;
    assert_eq!(stolen["status"], "FAILED");
    let data = server.ask(Some(&world.staff), FETCH, fetch(id(&stolen))).await;
    let text = data["fetchGeneratePaymentFingerprint"]["fingerprint"].as_str().expect("a fingerprint");
    assert_eq!(check(text).await["isRiskListed"], true);
    let odd = server.stored(&world.ada.token, &world.ada.account, "4000 0000 0000 0119").await;
    let fresh = server.direct_debit(&world.ada.token, &world.ada, british("9911")).await;
    let quiet = server.stored(&hiro.token, &hiro.account, "3566 0020 2036 0505").await;
    for (token, id, code) in [
        (&world.staff, 1, "KT-CT-12101"),
        (&organisation, id(&same), "KT-CT-12101"),
        (&world.staff, id(&quiet), "KT-CT-12102"),
        (&world.staff, id(&fresh), "KT-CT-12103"),
        (&world.staff, id(&odd), "KT-CT-12104"),
        (&world.reader, id(&mine), "KT-CT-1111"),
    ] {
        assert_eq!(server.send(Some(token), FETCH, fetch(id)).await.codes(), [code]);
    }
    let refused = server.send(Some(&world.reader), CHECK, json!({ "f": text })).await;
    assert_eq!(refused.codes(), ["KT-CT-1111"]);
}

const FEE: &str = "query($n: String!, $a: Int!, $i: Int, $l: String, $s: CardPaymentNetwork, $t: CardType) {
    surchargeAmount(accountNumber: $n, amount: $a, ledgerId: $i, ledgerNumber: $l, cardScheme: $s, cardType: $t) }";
const GET_FEE: &str = "query($n: String!, $a: Int!, $i: Int, $l: String, $s: CardSchemeEnumType, $t: CardEnumType) {
    getSurchargeAmount(accountNumber: $n, amount: $a, ledgerId: $i, ledgerNumber: $l, cardScheme: $s, cardType: $t) }";

#[tokio::test]
async fn paying_by_card_costs_what_the_market_allows() {
    let server = Server::start().await;
    let world = server.world().await;
    let mia = server.customer("mia@example.au", "Mia Wong", "ORIGIN").await;
    let (id, number) = server.ledger_of(&mia).await;
    let id: i64 = id.parse().expect("a number");
    let ask = |amount: i64, card: Value| {
        let mut variables = json!({ "n": mia.account, "a": amount, "l": number });
        variables.as_object_mut().expect("an object").extend(card.as_object().expect("an object").clone());
        variables
    };
    for (amount, card, fee) in [
        (10_000, json!({ "s": "VISA" }), 82),
        (10_000, json!({ "s": "VISA", "t": "DEBIT" }), 36),
        (10_000, json!({ "s": "AMEX", "t": "CREDIT" }), 135),
        (61, json!({ "s": "VISA", "t": "CREDIT" }), 1),
        (60, json!({ "s": "VISA", "t": "CREDIT" }), 0),
    ] {
        let variables = ask(amount, card);
        let data = server.ask(Some(&mia.token), FEE, variables.clone()).await;
        assert_eq!(data["surchargeAmount"], fee, "{variables}");
        let data = server.ask(Some(&mia.token), GET_FEE, variables.clone()).await;
        assert_eq!(data["getSurchargeAmount"], fee, "{variables}");
    }
    let nothing = json!({});
    for (document, codes) in [
        (FEE, ["KT-CT-1605", "KT-CT-3820", "KT-CT-1605", "KT-CT-1605", "KT-CT-1111"]),
        (GET_FEE, ["KT-AU-3910", "KT-CT-3820", "KT-CT-1605", "KT-CT-1605", "KT-CT-4177"]),
    ] {
        for (variables, code) in [
            (ask(100, nothing.clone()), codes[0]),
            (ask(100, json!({ "i": id })), codes[1]),
            (ask(0, json!({ "s": "VISA" })), codes[2]),
            (ask(100, json!({ "l": "L-00000000" })), codes[3]),
            (ask(100, json!({ "n": world.ada.account })), codes[4]),
        ] {
            let reply = server.send(Some(&mia.token), document, variables.clone()).await;
            assert_eq!(reply.codes(), [code], "{variables}");
        }
    }
    // The account's own card says what is not said.
    server.stored(&mia.token, &mia.account, "3782 822463 10005").await;
    let variables = json!({ "n": mia.account, "a": 10_000, "i": id });
    assert_eq!(server.ask(Some(&mia.token), FEE, variables.clone()).await["surchargeAmount"], 135);
    assert_eq!(server.ask(Some(&mia.token), GET_FEE, variables).await["getSurchargeAmount"], 135);
    // Where nobody adds a fee, there is none.
    let variables = json!({ "n": world.ada.account, "a": 10_000, "s": "VISA" });
    assert_eq!(server.ask(Some(&world.ada.token), FEE, variables.clone()).await["surchargeAmount"], 0);
    assert_eq!(server.send(Some(&world.ada.token), GET_FEE, variables).await.codes(), ["KT-AU-3911"]);
}
