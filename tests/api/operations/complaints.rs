//! Complaints: who files them, what becomes of them, and who reads of them.

use kraken_api::domain::auth::Viewer;
use kraken_api::domain::operations::complaints::{self, ComplaintError, NewContact};
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::{Reply, Server, record};

const CREATE: &str = "mutation($i: CreateComplaintInputType!) { createComplaint(complaint: $i) { possibleErrors { code }
    complaint { id type subtype creationDate resolutionDate assigneeId isOfficial contacts(first: 5) { totalCount } } } }";
const ONE: &str = "query($n: Int!) { complaint(complaintId: $n) { id type subtype creationDate resolutionDate assigneeId
    isOfficial contacts(first: 5) { totalCount edgeCount edges { node { name actionTaken status createdAt mobile email
        landline preferredCommunicationMethod summary } } } } }";
const OF_ACCOUNT: &str =
    "query($n: String!) { account(accountNumber: $n) { complaints(first: 5) { totalCount edgeCount
    pageInfo { hasNextPage } edges { node { id type resolutionDate } } } } }";

fn about(account: &str) -> Value {
    json!({ "accountNumber": account, "type": "BILLING", "subtype": "LATE_BILL", "summary": " It came in May. ",
        "preferredContactMethod": "EMAIL", "communicationSource": "ONLINE", "status": "OPEN", "brand": "OCTOPUS_ENERGY" })
}

fn with(account: &str, field: &str, value: &str) -> Value {
    let mut input = about(account);
    input[field] = json!(value);
    input
}

fn made(reply: &Reply) -> Value {
    let complaint = &reply.json["data"]["createComplaint"]["complaint"];
    assert!(!complaint.is_null(), "{}", reply.json);
    complaint.clone()
}

fn number(complaint: &Value) -> i32 {
    complaint["id"].as_str().and_then(|id| id.parse().ok()).expect("a number")
}

#[tokio::test]
async fn a_complaint_stays_one_until_it_is_settled() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let filed = made(&server.put(&ada.token, CREATE, &about(&ada.account)).await);
    assert_eq!((&filed["type"], &filed["subtype"]), (&json!("BILLING"), &json!("LATE_BILL")));
    assert_eq!((&filed["creationDate"], &filed["assigneeId"]), (&json!("2026-03-02"), &Value::Null));
    let telephone = with(&ada.account, "communicationSource", "TELEPHONE");
    let again = made(&server.put(&world.staff, CREATE, &telephone).await);
    assert_eq!((&again["id"], &again["contacts"]["totalCount"]), (&filed["id"], &json!(2)));
    assert_eq!(again["assigneeId"], server.staff_id("staff@example.org").await.to_string());
    let other = made(&server.put(&world.staff, CREATE, &with(&ada.account, "subtype", "")).await);
    assert_ne!(other["id"], filed["id"]);
    assert_eq!(other["subtype"], Value::Null);
    let id = number(&filed);
    let mut tx = server.tx().await;
    complaints::make_official(&mut tx, id).await.expect("official");
    complaints::assign(&mut tx, id, "Reader@example.org").await.expect("assigned");
    let settled =
        NewContact { source: "TELEPHONE", summary: None, action_taken: "Sent it.", status: "RESOLVED" };
    complaints::follow_up(&mut tx, &Viewer::Anonymous, id, &settled).await.expect("settled");
    tx.commit().await.expect("committed");
    let read = server.ask(Some(&ada.token), ONE, json!({ "n": id })).await["complaint"].clone();
    record::read_back("createComplaint");
    assert_eq!((&read["resolutionDate"], &read["isOfficial"]), (&json!("2026-03-02"), &json!(true)));
    assert_eq!(read["assigneeId"], server.staff_id("reader@example.org").await.to_string());
    let contacts = read["contacts"]["edges"].as_array().expect("contacts");
    assert_eq!(contacts.len(), 3);
    let first = &contacts[0]["node"];
    assert_eq!((&first["email"], &first["summary"]), (&json!("ada@example.org"), &json!("It came in May.")));
    assert_eq!((&first["status"], &first["actionTaken"]), (&json!("OPEN"), &json!("")));
    assert_eq!(first["preferredCommunicationMethod"], "EMAIL");
    let last = &contacts[2]["node"];
    assert_eq!((&last["status"], &last["actionTaken"]), (&json!("RESOLVED"), &json!("Sent it.")));
    assert_eq!(last["name"], first["name"], "the customer, also when others speak of it");
    // What is complained of anew is a new complaint, and can be settled at once.
    let anew = made(&server.put(&world.staff, CREATE, &with(&ada.account, "status", "RESOLVED")).await);
    assert_ne!(anew["id"], filed["id"]);
    assert_eq!(anew["resolutionDate"], "2026-03-02");
    for token in [&ada.token, &world.reader] {
        let data = server.ask(Some(token), OF_ACCOUNT, json!({ "n": ada.account })).await;
        let page = &data["account"]["complaints"];
        assert_eq!((&page["totalCount"], &page["edgeCount"]), (&json!(3), &json!(3)));
        assert_eq!(page["edges"][0]["node"]["id"], anew["id"], "the latest first");
    }
    for below in ["complaints(PAGE) { edgeCount }"] {
        let below = format!("account(accountNumber: \"{}\") {{ {below} }}", ada.account);
        bounds_its_pages(&server, &ada.token, &below).await;
    }
    let below = format!("complaint(complaintId: {id}) {{ contacts(PAGE) {{ edgeCount }} }}");
    bounds_its_pages(&server, &ada.token, &below).await;
}

#[tokio::test]
async fn complaints_are_read_and_filed_by_those_they_concern() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let id = number(&made(&server.put(&ada.token, CREATE, &about(&ada.account)).await));
    for token in [&world.bob.token, &world.partner] {
        let reply = server.send(Some(token), ONE, json!({ "n": id })).await;
        assert_eq!(reply.codes(), ["KT-CT-12301"]);
    }
    assert_eq!(server.send(Some(&ada.token), ONE, json!({ "n": id + 1 })).await.codes(), ["KT-CT-12301"]);
    for token in [&world.reader, &world.partner] {
        let reply = server.put(token, CREATE, &about(&ada.account)).await;
        assert_eq!(reply.codes(), ["KT-CT-1111"]);
    }
    for wrong in [
        about(&world.bob.account),
        with(&ada.account, "type", "WEATHER"),
        with(&ada.account, "subtype", "REFUND"),
        with(&ada.account, "brand", "COOP_ENERGY"),
        with(&ada.account, "status", "RESOLVED"),
        with(&ada.account, "preferredContactMethod", "PIGEON"),
        with(&ada.account, "summary", &"x".repeat(2_001)),
    ] {
        let reply = server.put(&ada.token, CREATE, &wrong).await;
        assert_eq!(reply.codes(), ["KT-CT-10801"], "{wrong}");
    }
    let odd = with(&ada.account, "status", "FORGOTTEN");
    assert_eq!(server.put(&world.staff, CREATE, &odd).await.codes(), ["KT-CT-10801"]);
    let (_, system) = server.organisation("Ombudsman Ltd", &["view-accounts", "record-contacts"]).await;
    assert_eq!(server.put(&system, CREATE, &about(&ada.account)).await.codes(), ["KT-CT-10801"]);
}

#[tokio::test]
async fn two_at_once_file_one_complaint() {
    let server = Server::start().await;
    let world = server.world().await;
    let input = about(&world.ada.account);
    let (one, two) =
        tokio::join!(server.put(&world.ada.token, CREATE, &input), server.put(&world.staff, CREATE, &input));
    assert_eq!(made(&one)["id"], made(&two)["id"]);
    let id = number(&made(&one));
    let read = server.ask(Some(&world.reader), ONE, json!({ "n": id })).await;
    assert_eq!(read["complaint"]["contacts"]["totalCount"], 2);
}

#[tokio::test]
async fn what_is_settled_stays_settled() {
    let server = Server::start().await;
    let world = server.world().await;
    let settled = with(&world.ada.account, "status", "RESOLVED");
    let id = number(&made(&server.put(&world.staff, CREATE, &settled).await));
    let open = number(&made(&server.put(&world.staff, CREATE, &about(&world.ada.account)).await));
    let mut tx = server.tx().await;
    let refused = complaints::make_official(&mut tx, id).await;
    assert!(matches!(refused, Err(ComplaintError::Resolved)), "{refused:?}");
    let unknown = complaints::assign(&mut tx, 1, "staff@example.org").await;
    assert!(matches!(unknown, Err(ComplaintError::Unknown)), "{unknown:?}");
    let nobody = complaints::assign(&mut tx, open, "nobody@example.org").await;
    assert!(matches!(nobody, Err(ComplaintError::Assignee)), "{nobody:?}");
    let new = NewContact { source: "SMOKE", summary: None, action_taken: "", status: "OPEN" };
    let odd = complaints::follow_up(&mut tx, &Viewer::Anonymous, open, &new).await;
    assert!(matches!(odd, Err(ComplaintError::Method)), "{odd:?}");
}

impl Server {
    /// Row id of a member of staff.
    pub async fn staff_id(&self, email: &str) -> i64 {
        let id = sqlx::query_scalar("select id from support_users where email = $1").bind(email);
        id.fetch_one(self.database.pool()).await.expect("a member of staff")
    }
}
