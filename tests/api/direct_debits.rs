//! Direct debits: set up, accepted or not, listed, and ended.

use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::payments::{british, german};
use crate::support::world::Customer;
use crate::support::{Server, record};

const SET_UP: &str =
    "mutation($i: SetUpDirectDebitInstructionInput!) { setUpDirectDebitInstruction(input: $i) {
    paymentInstruction { id status owners { accountUser { id } business { id } } } } }";
const FOR_BUSINESS: &str = "mutation($i: SetUpDirectDebitInstructionForBusinessInput!) {
    setUpDirectDebitInstructionForBusiness(input: $i) {
        paymentInstruction { id owners { accountUser { id } business { id } } } } }";
const CREATE: &str =
    "mutation($i: CreateDirectDebitInstructionInput!) { createDirectDebitInstruction(input: $i) {
    directDebitInstruction { id status sortCode maskedAccountIdentifier } } }";
const STORE: &str = "mutation($i: StoreDirectDebitPaymentMethodDetailsInput!) {
    storeDirectDebitPaymentMethodDetails(input: $i) { storedPaymentMethodDetailsReference } }";
const FROM_STORED: &str = "mutation($i: SetUpDirectDebitInstructionFromStoredDetailsInput!) {
    setUpDirectDebitInstructionFromStoredDetails(input: $i) { paymentInstruction { id status accountHolder } } }";
const INVALIDATE: &str = "mutation($i: InvalidatePaymentInstructionInput!) {
    invalidatePaymentInstruction(input: $i) { instruction { id } } }";
const FROM: &str = "2026-03-02T09:30:00Z";

fn statuses(instructions: &[Value]) -> Vec<&str> {
    instructions.iter().filter_map(|each| each["status"].as_str()).collect()
}

impl Server {
    /// Gives an organisation with these permissions an account of a customer's. Answers its session.
    async fn retailer(&self, customer: &Customer, permissions: &[&str]) -> String {
        let (id, token) = self.organisation("Desk Ltd", permissions).await;
        let mut tx = self.tx().await;
        organisations::grant(&mut tx, id, customer.account_id).await.expect("granted");
        tx.commit().await.expect("committed");
        token
    }
}

#[tokio::test]
async fn a_direct_debit_waits_for_the_bank() {
    let server = Server::start().await;
    let world = server.world().await;
    let made = server.direct_debit(&world.ada.token, &world.ada, british("9911")).await;
    let expected = json!({ "id": made["id"], "status": "PROVISIONAL", "sortCode": "200000", "iban": "",
        "accountHolder": "A Lovelace", "instructionType": "DIRECT_DEBIT", "lastFourDigitsOfAccountNumber": "9911",
        "maskedAccountIdentifier": "****9911", "maskedIban": null,
        "owners": [{ "accountUser": { "id": world.ada.user_id.to_string() }, "business": null }] });
    assert_eq!(made, expected);
    // Nowhere does the number stand in the clear.
    assert_eq!(server.tables_with("55779911").await, Vec::<String>::new());
    let twice = server.direct_debit(&world.ada.token, &world.ada, british("9911")).await;
    assert_eq!(twice, made, "the same bank account is set up once");
    let seen = server.instructions_of(&world.ada).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["vendor"], "BOTTOMLINE_PTX");
    assert_eq!(seen[0]["bankCode"], "200000");
    assert_eq!(seen[0]["validFrom"], "2026-03-02T09:30:00+00:00");
    record::read_back("setUpDirectDebitInstruction");
    server.banks_work(2).await;
    assert_eq!(statuses(&server.instructions_of(&world.ada).await), ["PROVISIONAL"]);
    server.banks_work(1).await;
    assert_eq!(statuses(&server.instructions_of(&world.ada).await), ["ACTIVE"]);
}

#[tokio::test]
async fn two_servers_set_the_same_up_once() {
    let server = Server::start().await;
    let twin = server.twin();
    let world = server.world().await;
    let both = tokio::join!(
        server.direct_debit(&world.ada.token, &world.ada, british("9911")),
        twin.direct_debit(&world.ada.token, &world.ada, british("9911")),
    );
    assert_eq!(both.0, both.1);
    tokio::join!(server.work_off(), twin.work_off());
    server.banks_work(4).await;
    assert_eq!(statuses(&server.instructions_of(&world.ada).await), ["ACTIVE"]);
    let orders = "select count(*) from simulated_mandates";
    let orders: i64 = sqlx::query_scalar(orders).fetch_one(server.database.pool()).await.expect("a count");
    assert_eq!(orders, 1);
}

#[tokio::test]
async fn each_bank_behaves_as_its_digits_say() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.customer("emma@example.org", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    for digits in ["0000", "0001", "0002", "0008"] {
        server.direct_debit(&world.bob.token, &world.bob, british(digits)).await;
    }
    server.direct_debit(&world.ada.token, &world.ada, british("0003")).await;
    server.direct_debit(&emma.token, &emma, german("0004")).await;
    server.work_off().await;
    // The vendor knows of no such account; of what came of the others there is no news yet.
    let wanted = ["PROVISIONAL", "PROVISIONAL", "PROVISIONAL", "FAILED"];
    assert_eq!(statuses(&server.instructions_of(&world.bob).await), wanted);
    server.banks_work(3).await;
    server.banks_work(1).await;
    let wanted = ["ACTIVE", "FAILED", "PROVISIONAL", "FAILED"];
    assert_eq!(statuses(&server.instructions_of(&world.bob).await), wanted);
    assert_eq!(statuses(&server.instructions_of(&world.ada).await), ["ACTIVE"]);
    server.banks_work(11).await;
    // The slow bank has accepted it, but there is a newer mandate by now.
    let wanted = ["ACTIVE", "FAILED", "FAILED", "FAILED"];
    assert_eq!(statuses(&server.instructions_of(&world.bob).await), wanted);
    server.banks_work(30).await;
    assert_eq!(statuses(&server.instructions_of(&world.ada).await), ["FAILED"]);
    assert_eq!(statuses(&server.instructions_of(&emma).await), ["FAILED"]);
    let query = "query($n: String!, $s: [DirectDebitInstructionStatus]) { account(accountNumber: $n) {
        directDebitInstructions(statuses: $s, first: 5) { totalCount edges { node { status maskedIban iban } } }
        paymentMethods(first: 5) { totalCount }
        ledgers { currentDirectDebitInstructionInvalidatedWithVendor } } }";
    let token = server.again(&emma).await;
    for (statuses, count) in
        [(json!(["ACCOUNT_CLOSED"]), 1), (json!(["FAILED", "ACTIVE"]), 0), (Value::Null, 1)]
    {
        let data = server.ask(Some(&token), query, json!({ "n": emma.account, "s": statuses })).await;
        let account = &data["account"];
        assert_eq!(account["directDebitInstructions"]["totalCount"], count, "{statuses}");
        assert_eq!(account["paymentMethods"]["totalCount"], 0);
        assert_eq!(account["ledgers"][0]["currentDirectDebitInstructionInvalidatedWithVendor"], true);
        if count == 1 {
            let node = &account["directDebitInstructions"]["edges"][0]["node"];
            let masked = "DE****************0004";
            assert_eq!(node, &json!({ "status": "ACCOUNT_CLOSED", "maskedIban": masked, "iban": masked }));
        }
    }
}

#[tokio::test]
async fn the_newest_mandate_takes_the_place_of_the_one_before() {
    let server = Server::start().await;
    let world = server.world().await;
    server.direct_debit(&world.ada.token, &world.ada, british("9911")).await;
    server.banks_work(4).await;
    let token = server.again(&world.ada).await;
    let newer = server.direct_debit(&token, &world.ada, british("9922")).await;
    // Until the bank has answered, the older one is good.
    assert_eq!(statuses(&server.instructions_of(&world.ada).await), ["PROVISIONAL", "ACTIVE"]);
    server.banks_work(4).await;
    assert_eq!(statuses(&server.instructions_of(&world.ada).await), ["ACTIVE", "FAILED"]);
    let usable = "query($n: String!, $at: DateTime) { account(accountNumber: $n) { ledgers {
        usablePaymentInstructions(usableAt: $at, first: 5) { edges { node { id status } } }
        currentDirectDebitInstructionInvalidatedWithVendor } } }";
    let token = server.again(&world.ada).await;
    for at in [Value::Null, json!("2030-01-01T00:00:00Z")] {
        let data = server.ask(Some(&token), usable, json!({ "n": world.ada.account, "at": at })).await;
        let ledger = &data["account"]["ledgers"][0];
        let edges = &ledger["usablePaymentInstructions"]["edges"];
        assert_eq!(edges, &json!([{ "node": { "id": newer["id"], "status": "ACTIVE" } }]));
        assert_eq!(ledger["currentDirectDebitInstructionInvalidatedWithVendor"], false);
    }
    let before = json!({ "n": world.ada.account, "at": "2026-03-05T00:00:00Z" });
    let data = server.ask(Some(&token), usable, before).await;
    assert_eq!(data["account"]["ledgers"][0]["usablePaymentInstructions"]["edges"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_set_up_says_why() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ledger, number) = server.ledger_of(&world.ada).await;
    let (bobs, _) = server.ledger_of(&world.bob).await;
    let wallet = server.wallet(&world.ada).await;
    let business = server.business(&world.staff, "1").await;
    let bob = world.bob.user_id.to_string();
    let me = world.ada.user_id.to_string();
    let user = |id: &str| json!([{ "ownerType": "ACCOUNT_USER", "ownerId": id }]);
    let firm = |id: &str| json!([{ "ownerType": "BUSINESS", "ownerId": id }]);
    let input = |account: &str, ledger: &str, bank: Value, owners: Value| {
        json!({ "i": { "accountNumber": account, "ledgerId": ledger, "validFrom": FROM, "bankDetails": bank,
            "owners": owners } })
    };
    let ada = world.ada.account.as_str();
    let good = || british("9911");
    for (token, variables, code) in [
        (&world.ada.token, input(ada, &format!("{ledger} {number}"), good(), Value::Null), "KT-CT-3820"),
        (&world.ada.token, input(ada, "main", good(), Value::Null), "KT-CT-3821"),
        (&world.ada.token, input(ada, &bobs, good(), Value::Null), "KT-CT-1111"),
        (&world.ada.token, input(&world.bob.account, &bobs, good(), Value::Null), "KT-CT-1111"),
        (&world.ada.token, input(ada, &wallet, good(), Value::Null), "KT-CT-1605"),
        (&world.reader, input(ada, &ledger, good(), Value::Null), "KT-CT-1111"),
        (&world.ada.token, input(ada, &ledger, german("9911"), Value::Null), "KT-CT-3940"),
        (&world.ada.token, input(ada, &ledger, json!({ "accountHolder": "Ada" }), Value::Null), "KT-CT-3940"),
        (&world.ada.token, input(ada, &ledger, good(), json!([null])), "KT-CT-3971"),
        (&world.ada.token, input(ada, &ledger, good(), json!([{ "ownerType": "BUSINESS" }])), "KT-CT-3971"),
        (&world.ada.token, input(ada, &ledger, good(), json!([{ "ownerId": me }])), "KT-CT-3971"),
        (&world.staff, input(ada, &ledger, good(), user(&bob)), "KT-CT-3971"),
        (&world.staff, input(ada, &ledger, good(), firm(&business)), "KT-CT-3971"),
        (&world.ada.token, input(ada, &ledger, good(), user(&bob)), "KT-CT-5415"),
        (&world.ada.token, input(ada, &ledger, good(), user("x")), "KT-CT-5415"),
        (&world.ada.token, input(ada, &ledger, good(), firm(&business)), "KT-CT-11103"),
    ] {
        let reply = server.send(Some(token), SET_UP, variables.clone()).await;
        assert_eq!(reply.codes(), [code], "{variables}");
    }
    assert_eq!(server.instructions_of(&world.ada).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_direct_debit_belongs_to_whom_it_is_said_to() {
    let server = Server::start().await;
    let world = server.world().await;
    let desk = server.retailer(&world.ada, &["view-accounts", "manage-payments"]).await;
    let (ledger, number) = server.ledger_of(&world.ada).await;
    let business = server.business(&world.staff, "1").await;
    let ada = world.ada.account.as_str();
    let input = |business: &str, ledger: &str, bank: Value| {
        json!({ "i": { "accountNumber": ada, "businessId": business, "ledgerId": ledger, "validFrom": FROM,
            "bankDetails": bank } })
    };
    let reply =
        server.send(Some(&world.staff), FOR_BUSINESS, input(&business, &ledger, british("9911"))).await;
    assert_eq!(reply.codes(), ["KT-CT-3971"], "the account is not the business's yet");
    server.share(world.ada.account_id, &business).await;
    for (variables, code) in [
        (input("1", &ledger, british("9911")), "KT-CT-11103"),
        (input(&business, &format!("{ledger},{number}"), british("9911")), "KT-CT-3820"),
        (input(&business, "", british("9911")), "KT-CT-3821"),
        (input(&business, &ledger, german("9911")), "KT-CT-3940"),
    ] {
        let reply = server.send(Some(&desk), FOR_BUSINESS, variables.clone()).await;
        assert_eq!(reply.codes(), [code], "{variables}");
    }
    let data = server.ask(Some(&desk), FOR_BUSINESS, input(&business, &number, british("9911"))).await;
    let made = &data["setUpDirectDebitInstructionForBusiness"]["paymentInstruction"];
    assert_eq!(made["owners"], json!([{ "accountUser": null, "business": { "id": business } }]));
    let lists = "query($n: String!, $at: DateTime) { account(accountNumber: $n) {
        business { paymentMethods(validAt: $at, first: 5) { totalCount edges { node { id } } } }
        users { paymentMethods(validAt: $at, statuses: [PROVISIONAL], first: 5) { edges { node { id
            owners { accountUser { id } } } } } } } }";
    let data = server.ask(Some(&world.ada.token), lists, json!({ "n": ada })).await;
    assert_eq!(
        data["account"]["business"]["paymentMethods"]["edges"],
        json!([{ "node": { "id": made["id"] } }])
    );
    assert_eq!(data["account"]["users"][0]["paymentMethods"]["edges"], json!([]));
    record::read_back("setUpDirectDebitInstructionForBusiness");
    let before = json!({ "n": ada, "at": "2026-03-01T00:00:00Z" });
    let data = server.ask(Some(&world.ada.token), lists, before).await;
    assert_eq!(data["account"]["business"]["paymentMethods"]["totalCount"], 0);
    // Staff who say nothing set it up for the business; customers for themselves, or for whom they name.
    let usual = json!({ "accountNumber": ada, "ledgerId": ledger, "validFrom": FROM, "bankDetails": british("9922") });
    let data = server.ask(Some(&world.staff), SET_UP, json!({ "i": usual })).await;
    let owners = &data["setUpDirectDebitInstruction"]["paymentInstruction"]["owners"];
    assert_eq!(owners, &json!([{ "accountUser": null, "business": { "id": business } }]));
    let mine = server.direct_debit(&world.ada.token, &world.ada, british("9933")).await;
    let data = server.ask(Some(&world.ada.token), lists, json!({ "n": ada })).await;
    let edges = &data["account"]["users"][0]["paymentMethods"]["edges"];
    let me = world.ada.user_id.to_string();
    assert_eq!(
        edges,
        &json!([{ "node": { "id": mine["id"], "owners": [{ "accountUser": { "id": me } }] } }])
    );
    for below in [
        "account(accountNumber: \"N\") { paymentInstructions(PAGE) { edgeCount } }",
        "account(accountNumber: \"N\") { paymentMethods(PAGE) { edgeCount } }",
        "account(accountNumber: \"N\") { directDebitInstructions(PAGE) { edgeCount } }",
        "account(accountNumber: \"N\") { business { paymentMethods(PAGE) { edgeCount } } }",
        "account(accountNumber: \"N\") { ledgers { usablePaymentInstructions(PAGE) { edgeCount } } }",
        "viewer { paymentMethods(PAGE) { edgeCount } }",
    ] {
        bounds_its_pages(&server, &world.ada.token, &below.replace("\"N\"", &format!("\"{ada}\""))).await;
    }
}

#[tokio::test]
async fn a_sort_code_and_a_number_are_enough() {
    let server = Server::start().await;
    let world = server.world().await;
    let input = |account: &str, sort: &str| {
        json!({ "i": { "accountNumber": account, "directDebitInstruction": { "accountNumber": "55779911",
            "accountHolder": "A Lovelace", "sortCode": sort } } })
    };
    let data = server.ask(Some(&world.ada.token), CREATE, input(&world.ada.account, "200000")).await;
    let made = &data["createDirectDebitInstruction"]["directDebitInstruction"];
    assert_eq!(made["maskedAccountIdentifier"], "****9911");
    assert_eq!(server.instructions_of(&world.ada).await[0]["id"], made["id"]);
    record::read_back("createDirectDebitInstruction");
    let emma = server.customer("emma@example.org", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    for (token, variables, code) in [
        (&world.ada.token, input(&world.ada.account, "20"), "KT-CT-3940"),
        (&emma.token, input(&emma.account, "200000"), "KT-CT-3940"),
        (&emma.token, input(&world.ada.account, "200000"), "KT-CT-3923"),
        (&world.reader, input(&world.ada.account, "200000"), "KT-CT-3923"),
    ] {
        assert_eq!(server.send(Some(token), CREATE, variables.clone()).await.codes(), [code], "{variables}");
    }
}

#[tokio::test]
async fn stored_details_are_good_once_and_for_their_account() {
    let server = Server::start().await;
    let world = server.world().await;
    let (id, number) = server.ledger_of(&world.ada).await;
    let (_, bobs) = server.ledger_of(&world.bob).await;
    let store = |account: &str, ledger: &str, bank: Value| json!({ "i": { "accountNumber": account, "ledgerNumber": ledger, "bankDetails": bank } });
    let ada = world.ada.account.as_str();
    let data = server.ask(Some(&world.ada.token), STORE, store(ada, &number, british("9911"))).await;
    let stored = data["storeDirectDebitPaymentMethodDetails"]["storedPaymentMethodDetailsReference"].clone();
    assert_eq!(server.tables_with("55779911").await, Vec::<String>::new());
    for (variables, code) in [
        (store(ada, &format!("{id} {number}"), british("9911")), "KT-CT-3820"),
        (store(ada, "main", british("9911")), "KT-CT-3821"),
        (store(ada, &number, german("9911")), "KT-CT-3940"),
        (store(ada, &number, british("0006")), "KT-CT-3956"),
        (store(ada, &bobs, british("9911")), "KT-CT-1111"),
        (store(&world.bob.account, &bobs, british("9911")), "KT-CT-1111"),
    ] {
        let reply = server.send(Some(&world.ada.token), STORE, variables.clone()).await;
        assert_eq!(reply.codes(), [code], "{variables}");
    }
    let data = server.ask(Some(&world.ada.token), STORE, store(ada, &number, british("0007"))).await;
    let slow = data["storeDirectDebitPaymentMethodDetails"]["storedPaymentMethodDetailsReference"].clone();
    let input = |account: &str, ledger: &str, stored: &Value, owners: Value| {
        json!({ "i": { "accountNumber": account, "ledgerNumber": ledger, "validFrom": FROM, "owners": owners,
            "storedPaymentMethodDetailsReference": stored } })
    };
    let bob = world.bob.user_id.to_string();
    let user = |id: &str| json!([{ "ownerType": "ACCOUNT_USER", "ownerId": id }]);
    for (token, variables, code) in [
        (&world.bob.token, input(ada, &number, &stored, Value::Null), "KT-CT-4123"),
        (&world.reader, input(ada, &number, &stored, Value::Null), "KT-CT-4123"),
        (&world.ada.token, input(ada, &bobs, &stored, Value::Null), "KT-CT-3822"),
        (&world.ada.token, input(ada, "main", &stored, Value::Null), "KT-CT-3822"),
        (&world.ada.token, input(ada, &number, &json!("nothing"), Value::Null), "KT-CT-3948"),
        (&world.bob.token, input(&world.bob.account, &bobs, &stored, Value::Null), "KT-CT-3948"),
        (&world.ada.token, input(ada, &number, &slow, Value::Null), "KT-CT-3956"),
        (&world.ada.token, input(ada, &number, &stored, user(&bob)), "KT-CT-5415"),
        (&world.staff, input(ada, &number, &stored, user(&bob)), "KT-CT-3971"),
        (
            &world.ada.token,
            input(ada, &number, &stored, json!([{ "ownerType": "BUSINESS", "ownerId": "1" }])),
            "KT-CT-11103",
        ),
    ] {
        let reply = server.send(Some(token), FROM_STORED, variables.clone()).await;
        assert_eq!(reply.codes(), [code], "{variables}");
    }
    let good = input(ada, &number, &stored, Value::Null);
    let twin = server.twin();
    let (one, two) = tokio::join!(
        server.send(Some(&world.ada.token), FROM_STORED, good.clone()),
        twin.send(Some(&world.ada.token), FROM_STORED, good),
    );
    let mut codes = [one.codes(), two.codes()].concat();
    assert_eq!(codes.pop(), Some("KT-CT-3948"), "the second finds them used");
    assert!(codes.is_empty());
    let seen = server.instructions_of(&world.ada).await;
    assert_eq!((seen.len(), &seen[0]["accountHolder"]), (1, &json!("A Lovelace")));
    record::read_back("storeDirectDebitPaymentMethodDetails");
    record::read_back("setUpDirectDebitInstructionFromStoredDetails");
}

#[tokio::test]
async fn a_suspected_bank_account_is_not_taken_again() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ledger, number) = server.ledger_of(&world.bob).await;
    let input = json!({ "i": { "accountNumber": world.bob.account, "ledgerNumber": number, "bankDetails": british("0005") } });
    let data = server.ask(Some(&world.bob.token), STORE, input.clone()).await;
    let stored = &data["storeDirectDebitPaymentMethodDetails"]["storedPaymentMethodDetailsReference"];
    server.direct_debit(&world.ada.token, &world.ada, british("0005")).await;
    server.banks_work(4).await;
    assert_eq!(statuses(&server.instructions_of(&world.ada).await), ["FAILED"]);
    // By now everybody is refused it.
    let bob = server.again(&world.bob).await;
    assert_eq!(server.send(Some(&bob), STORE, input).await.codes(), ["KT-CT-3940"]);
    let set_up = json!({ "i": { "accountNumber": world.bob.account, "ledgerId": ledger, "validFrom": FROM, "bankDetails": british("0005") } });
    assert_eq!(server.send(Some(&bob), SET_UP, set_up).await.codes(), ["KT-CT-3940"]);
    let from = json!({ "i": { "accountNumber": world.bob.account, "ledgerNumber": number, "validFrom": FROM,
        "storedPaymentMethodDetailsReference": stored } });
    assert_eq!(server.send(Some(&bob), FROM_STORED, from).await.codes(), ["KT-CT-3948"]);
}

#[tokio::test]
async fn an_instruction_is_invalidated_by_whoever_manages_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let made = server.direct_debit(&world.ada.token, &world.ada, british("9911")).await;
    server.banks_work(4).await;
    let (ada, bob) = (server.again(&world.ada).await, server.again(&world.bob).await);
    let input = |account: &str, id: &Value| json!({ "i": { "accountNumber": account, "id": id } });
    let reader = server
        .log_in(json!({ "email": "reader@example.org", "password": "correct horse battery staple" }))
        .await;
    for (token, variables) in [
        (&bob, input(&world.ada.account, &made["id"])),
        (&bob, input(&world.bob.account, &made["id"])),
        (&ada, input(&world.ada.account, &json!("1"))),
        (&ada, input(&world.ada.account, &json!("x"))),
        (&reader, input(&world.ada.account, &made["id"])),
    ] {
        let reply = server.send(Some(token), INVALIDATE, variables.clone()).await;
        assert_eq!(reply.codes(), ["KT-CT-3926"], "{variables}");
    }
    for _ in 0..2 {
        let data = server.ask(Some(&ada), INVALIDATE, input(&world.ada.account, &made["id"])).await;
        let id = &data["invalidatePaymentInstruction"]["instruction"]["id"];
        assert_eq!(id.to_string(), made["id"].as_str().expect("an id"));
        assert_eq!(statuses(&server.instructions_of(&world.ada).await), ["FAILED"]);
    }
    record::read_back("invalidatePaymentInstruction");
    server.work_off().await;
    let told = "select ended from simulated_mandates";
    let told: bool = sqlx::query_scalar(told).fetch_one(server.database.pool()).await.expect("one");
    assert!(told, "the vendor knows");
    // And what has been ended can be set up again.
    server.direct_debit(&ada, &world.ada, british("9911")).await;
    server.banks_work(4).await;
    assert_eq!(statuses(&server.instructions_of(&world.ada).await), ["ACTIVE", "FAILED"]);
}

#[tokio::test]
async fn an_iban_is_judged_for_anybody() {
    let server = Server::start().await;
    let query = "query($i: NonEmptyString!) { bankDetailsValidation(iban: $i) { areValid message } }";
    for (iban, verdict) in [
        ("DE89 3704 0044 0532 0130 00", Value::Null),
        ("DE88370400440532013000", json!("The IBAN is not valid.")),
        ("nonsense", json!("The IBAN is not valid.")),
        ("BR9700360305000010009795493P1", json!("Payments cannot be collected from banks of this country.")),
    ] {
        let data = server.ask(None, query, json!({ "i": iban })).await;
        let expected = json!({ "areValid": verdict.is_null(), "message": verdict });
        assert_eq!(data["bankDetailsValidation"], expected, "{iban}");
    }
}
