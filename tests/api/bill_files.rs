//! What a bill is made into: a PDF behind a link, a printed letter, a credit note.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use kraken_api::domain::auth::organisations;
use kraken_api::domain::billing::annul::{self, AnnulError};
use kraken_api::domain::check;
use kraken_api::domain::ledgers::charges::{self, SupplyCharge};
use kraken_api::domain::ledgers::payments::{self, Movement};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::server::BASE_URL;
use crate::support::world::{Customer, PASSWORD};
use crate::support::{Server, World, record};

const BILL: &str = "query($n: String!) { account(accountNumber: $n) { bills(first: 9) { edges { node { __typename id
    billType temporaryUrl
    ... on StatementType { attachments(first: 5) { totalCount edges { node { filename temporaryUrl temporaryUrlExpiresAt } } }
        reversalsAfterClose closingBalance }
    ... on PeriodBasedDocumentType { annulled: isAnnulled attachments(first: 5) { edges { node { filename } } }
        representations(first: 5) { edges { node { code version filename temporaryUrl temporaryUrlExpiresAt } } }
        none: representations(first: 5, code: \"XML\") { totalCount } }
    ... on InvoiceType { identifier isAnnulled grossAmount attachments(first: 5) { edges { node { filename } } }
        representations(first: 5, code: \"PDF\") { edges { node { code version } } }
        transactions(first: 9, orderBy: POSTED_DATE_ASC) { edges { node { __typename title amounts { net tax gross } } } } }
    } } } ledgers { statements(first: 9) { edges { node { id pdfUrl annulledBy { id annulledBillingDocumentId firstIssued pdfUrl } } } }
        invoices(first: 9) { edges { node { id pdfUrl annulledBy { id annulledBillingDocumentId } } } } } balance } }";
const PRINT: &str = "mutation($i: RequestPrintedBillInput!) { requestPrintedBill(input: $i) { success } }";

async fn on(server: &Server, day: &str) -> String {
    server.wall.set(format!("{day}T09:00:00Z").parse::<DateTime<Utc>>().expect("a day"));
    server.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await
}

async fn owe_and_pay(server: &Server, customer: &Customer) {
    let mut tx = server.tx().await;
    let new = SupplyCharge {
        supply: "electricity",
        title: "Energy",
        net: 5000,
        is_export: false,
        ledger_type: None,
    };
    charges::for_supply(&mut tx, customer.account_id, &new).await.expect("charged");
    let movement = Movement { amount: 2000, title: "Transfer", payment_type: "OTHER", ledger_type: None };
    payments::record(&mut tx, customer.account_id, &movement).await.expect("paid");
    tx.commit().await.expect("committed");
}

/// Ada and Bob each have a bill of March.
async fn billed(server: &Server) -> (World, String) {
    let world = server.world().await;
    owe_and_pay(server, &world.ada).await;
    owe_and_pay(server, &world.bob).await;
    let staff = on(server, "2026-04-02").await;
    server.work_off().await;
    (world, staff)
}

async fn get(server: &Server, url: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    let path = url.strip_prefix(BASE_URL).unwrap_or(url);
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = server.router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    (parts.status, parts.headers, bytes.to_vec())
}

async fn shown(server: &Server, token: &str, number: &str) -> (Vec<Value>, Value) {
    let data = server.ask(Some(token), BILL, json!({ "n": number })).await;
    let edges = data["account"]["bills"]["edges"].as_array().expect("bills").clone();
    (edges.into_iter().map(|edge| edge["node"].clone()).collect(), data["account"].clone())
}

async fn checked(server: &Server) {
    let mut tx = server.tx().await;
    for finding in check::run(&mut tx).await.expect("checked") {
        assert_eq!(finding.broken, 0, "{}", finding.rule);
    }
}

#[tokio::test]
async fn a_bill_is_a_pdf_behind_a_link_that_expires() {
    let server = Server::start().await;
    let (world, staff) = billed(&server).await;
    let (bills, account) = shown(&server, &staff, &world.ada.account).await;
    let url = bills[0]["temporaryUrl"].as_str().expect("a link").to_owned();
    let attached = &bills[0]["attachments"]["edges"][0]["node"];
    assert_eq!(attached["filename"], "GB-00000001.pdf");
    assert_eq!(
        (&attached["temporaryUrl"], &attached["temporaryUrlExpiresAt"]),
        (&json!(url), &json!("2026-04-02T10:00:00+00:00"))
    );
    assert_eq!(account["ledgers"][0]["statements"]["edges"][0]["node"]["pdfUrl"], json!(url));
    assert!(url.starts_with(&format!("{BASE_URL}/files/bills/")), "{url}");

    let (status, headers, pdf) = get(&server, &url).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-type"], "application/pdf");
    assert_eq!(headers["content-disposition"], "inline; filename=\"GB-00000001.pdf\"");
    assert_eq!(headers["cache-control"], "private, no-store");
    assert!(pdf.starts_with(b"%PDF-") && pdf.len() < 100_000, "{} bytes", pdf.len());
    let (bytes, code): (i64, String) =
        sqlx::query_as("select bytes, code from billing_files order by document_id limit 1")
            .fetch_one(server.database.pool())
            .await
            .expect("a file");
    assert_eq!((usize::try_from(bytes).ok(), code.as_str()), (Some(pdf.len()), "PDF"));

    let (theirs, _) = shown(&server, &staff, &world.bob.account).await;
    let signature = url.split_once("signature=").expect("signed").1;
    let (start, tail) = url.split_once('?').expect("a query");
    let last = if url.ends_with('0') { '1' } else { '0' };
    for odd in [
        start.to_owned(),
        format!("{}{last}", &url[..url.len() - 1]),
        url.replace("expires=1", "expires=2"),
        format!(
            "{}?{tail}",
            theirs[0]["temporaryUrl"].as_str().expect("a link").split_once('?').expect("a query").0
        ),
        format!("{BASE_URL}/files/bills/../secret?{tail}"),
        format!("{BASE_URL}/files/nothing?{tail}"),
        format!("{start}?expires=soon&signature={signature}"),
    ] {
        assert_eq!(get(&server, &odd).await.0, StatusCode::NOT_FOUND, "{odd}");
    }
    server.wall.set(server.wall.now() + TimeDelta::minutes(59));
    assert_eq!(get(&server, &url).await.0, StatusCode::OK);
    server.wall.set(server.wall.now() + TimeDelta::minutes(1));
    assert_eq!(get(&server, &url).await.0, StatusCode::NOT_FOUND, "not for ever");
}

#[tokio::test]
async fn a_bill_that_was_made_late_is_rendered_when_it_is_asked_for() {
    let server = Server::start().await;
    let world = server.world().await;
    owe_and_pay(&server, &world.ada).await;
    let staff = on(&server, "2026-06-15").await;
    server.work_off().await;
    let count = async || {
        let query = sqlx::query_as("select count(*) from billing_files").fetch_one(server.database.pool());
        let (count,): (i64,) = query.await.expect("a count");
        count
    };
    assert_eq!(count().await, 0);
    let (bills, _) = shown(&server, &staff, &world.ada.account).await;
    let url = bills[0]["temporaryUrl"].as_str().expect("a link");
    let (one, two) = tokio::join!(get(&server, url), get(&server, url));
    assert_eq!((one.0, two.0), (StatusCode::OK, StatusCode::OK));
    assert!(one.2.starts_with(b"%PDF-") && one.2 == two.2);
    assert_eq!(count().await, 1);
    let query = "query($n: String!) { account(accountNumber: $n) { bills(first: 9, includeOpenStatements: true) {
        edges { node { temporaryUrl ... on StatementType { status attachments(first: 1) { edgeCount } } } } } } }";
    let data = server.ask(Some(&staff), query, json!({ "n": world.ada.account })).await;
    let open = &data["account"]["bills"]["edges"][0]["node"];
    assert_eq!((&open["status"], &open["temporaryUrl"]), (&json!("OPEN"), &Value::Null));
    assert_eq!(open["attachments"]["edgeCount"], 0);
}

#[tokio::test]
async fn a_printed_bill_is_a_letter_once_a_day() {
    let server = Server::start().await;
    let (world, staff) = billed(&server).await;
    let (ada, bob) = (&world.ada, &world.bob);
    let mine = server.log_in(json!({ "APIKey": ada.api_key })).await;
    let reader = server.log_in(json!({ "email": "reader@example.org", "password": PASSWORD })).await;
    let (bills, _) = shown(&server, &mine, &ada.account).await;
    let input =
        |number: &str, bill: &Value| json!({ "i": { "accountNumber": number, "billingDocumentId": bill } });
    let (one, two) = tokio::join!(
        server.send(Some(&mine), PRINT, input(&ada.account, &bills[0]["id"])),
        server.send(Some(&mine), PRINT, input(&ada.account, &bills[0]["id"])),
    );
    for reply in [&one, &two] {
        assert_eq!(reply.json["data"]["requestPrintedBill"]["success"], true, "{}", reply.json);
    }
    let letters = server.letters("printed-bill").await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].channel, "LETTER");
    assert_eq!(letters[0].recipient, "Ada Lovelace, 1 High Street, Middletown, AB1 2CD");
    assert!(letters[0].body.contains("GB-00000001"), "{}", letters[0].body);
    let (enclosure,): (String,) =
        sqlx::query_as("select f.key from messages m join billing_files f on f.key = m.enclosure")
            .fetch_one(server.database.pool())
            .await
            .expect("the file");
    assert!(bills[0]["temporaryUrl"].as_str().expect("a link").contains(&enclosure));
    let query = "query($n: String!) { account(accountNumber: $n) { events(first: 9, eventTypes: [PRINT_SENT]) { edges { node {
        ... on PrintEventType { id eventType occurredAt message { id templateCode account { number } } } } } } } }";
    let data = server.ask(Some(&mine), query, json!({ "n": ada.account })).await;
    let event = &data["account"]["events"]["edges"][0]["node"];
    assert_eq!(event["eventType"], "PRINT_SENT");
    assert_eq!(event["message"]["templateCode"], "printed-bill");
    assert_eq!(event["message"]["account"]["number"], json!(ada.account));
    record::read_back("requestPrintedBill");
    let query = "query($id: ID!) { node(id: $id) { id } }";
    let data = server.ask(Some(&mine), query, json!({ "id": event["id"] })).await;
    assert_eq!(data["node"]["id"], event["id"]);

    let code = async |token: &str, variables: Value| {
        server.send(Some(token), PRINT, variables).await.codes().join(" ")
    };
    let name = json!("GB-00000001");
    assert_eq!(code(&mine, input(&bob.account, &bills[0]["id"])).await, "KT-CT-3824");
    assert_eq!(code(&mine, input("A-00000000", &bills[0]["id"])).await, "KT-CT-3824");
    assert_eq!(code(&mine, input(&ada.account, &json!("1"))).await, "KT-CT-3824");
    assert_eq!(code(&reader, input(&ada.account, &name)).await, "KT-CT-3824", "may only look");
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, world.partner_id, ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let (id, editor) = server.organisation("Editors", &["view-accounts", "edit-customers"]).await;
    assert_eq!(code(&editor, input(&ada.account, &name)).await, "KT-CT-3824", "not granted");
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, ada.account_id).await.expect("granted");
    let query = "select id from billing_documents where status = 'OPEN' and ledger_id in
        (select id from ledgers where account_id = $1)";
    let (open,): (i64,) =
        sqlx::query_as(query).bind(ada.account_id).fetch_one(&mut tx).await.expect("an open one");
    tx.commit().await.expect("committed");
    assert_eq!(code(&editor, input(&ada.account, &name)).await, "", "under way already");
    assert_eq!(code(&mine, input(&ada.account, &json!(open.to_string()))).await, "KT-CT-9705");
    assert_eq!(server.letters("printed-bill").await.len(), 1);
    on(&server, "2026-04-03").await;
    let mine = server.log_in(json!({ "APIKey": ada.api_key })).await;
    assert_eq!(code(&mine, input(&ada.account, &name)).await, "");
    assert_eq!(server.letters("printed-bill").await.len(), 2);
    let _ = staff;
}

async fn annul(server: &Server, document: i64) -> Result<i64, AnnulError> {
    let mut tx = server.tx().await;
    let done = annul::annul(&mut tx, document).await;
    if done.is_ok() {
        tx.commit().await.expect("committed");
    }
    done
}

#[tokio::test]
async fn a_bill_is_annulled_once_by_a_credit_note() {
    let server = Server::start().await;
    let (world, _) = billed(&server).await;
    let emma = server.customer("emma@example.org", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    owe_and_pay(&server, &emma).await;
    let staff = on(&server, "2026-05-02").await;
    server.work_off().await;
    let number = &emma.account;
    let (bills, account) = shown(&server, &staff, number).await;
    assert_eq!(account["balance"], -3950);
    let document: i64 = bills[0]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let (one, two) = tokio::join!(annul(&server, document), annul(&server, document));
    let (Ok(note), Err(AnnulError::Annulled)) = (if one.is_ok() { (one, two) } else { (two, one) }) else {
        panic!("one of two");
    };
    assert!(matches!(annul(&server, note).await, Err(AnnulError::CreditNote)));
    assert!(matches!(annul(&server, 1).await, Err(AnnulError::Unknown)));
    server.work_off().await;
    let (bills, account) = shown(&server, &staff, number).await;
    assert_eq!(account["balance"], 2000, "what was paid stays");
    let note_shown = bills.iter().find(|bill| bill["billType"] == "CREDIT_NOTE").expect("a credit note");
    assert_eq!(
        (&note_shown["__typename"], &note_shown["grossAmount"]),
        (&json!("InvoiceType"), &json!(-5950))
    );
    assert_eq!(note_shown["identifier"], "DE-00000002");
    assert_eq!(
        note_shown["transactions"]["edges"],
        json!([{ "node": { "__typename": "BillCharge", "title": "Reversal: Energy",
        "amounts": { "net": -5000, "tax": -950, "gross": -5950 } } }])
    );
    assert!(get(&server, note_shown["temporaryUrl"].as_str().expect("a link")).await.2.starts_with(b"%PDF-"));
    let bill = bills.iter().find(|bill| bill["billType"] == "INVOICE").expect("the invoice");
    assert_eq!((&bill["isAnnulled"], &bill["grossAmount"]), (&json!(true), &json!(5950)));
    let invoices = &account["ledgers"][0]["invoices"]["edges"];
    let annulled = invoices
        .as_array()
        .expect("invoices")
        .iter()
        .find(|edge| edge["node"]["id"] == document)
        .expect("it");
    assert_eq!(annulled["node"]["annulledBy"], json!({ "id": note, "annulledBillingDocumentId": document }));
    checked(&server).await;

    // A statement says how much of it was undone; an open one cannot be annulled. The next one goes on from there.
    let (bills, _) = shown(&server, &staff, &world.ada.account).await;
    assert_eq!(bills[0]["reversalsAfterClose"], "NONE");
    let document: i64 = bills[0]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    annul(&server, document).await.expect("annulled");
    owe_and_pay(&server, &world.ada).await;
    let staff = on(&server, "2026-06-02").await;
    server.work_off().await;
    let (bills, account) = shown(&server, &staff, &world.ada.account).await;
    let statements: Vec<&Value> = bills.iter().filter(|bill| bill["billType"] == "STATEMENT").collect();
    assert_eq!(
        (&statements[1]["reversalsAfterClose"], &statements[1]["closingBalance"]),
        (&json!("SOME"), &json!(-3250))
    );
    assert_eq!((&statements[0]["closingBalance"], &account["balance"]), (&json!(-1250), &json!(-1250)));
    let (open,): (i64,) = sqlx::query_as("select max(id) from billing_documents where status = 'OPEN'")
        .fetch_one(server.database.pool())
        .await
        .expect("an open one");
    assert!(matches!(annul(&server, open).await, Err(AnnulError::NotIssued)));
    checked(&server).await;
}
