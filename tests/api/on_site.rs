//! Work on site: asked for, booked with engineers, done or missed.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::on_site::field_work::{FieldWork, Outcome, Place, Span, Unavailable};
use kraken_api::domain::supply::on_site::visits;
use kraken_api::platform::jobs::Runner;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::readings::{MPAN, MPRN};
use crate::roots::bounds_its_pages;
use crate::support::world::PASSWORD;
use crate::support::{Server, World, record};

pub const ASK: &str = "mutation($i: CreateOnSiteJobsRequestInput!) { createOnSiteJobsRequest(input: $i) { onSiteJobsRequest {
    id reason subReason isEmergency externalReference agent comment account status overallActionsStatus createdBy } } }";
const CHANGE: &str = "mutation($i: UpdateOnSiteJobsRequestInput!) { updateOnSiteJobsRequest(input: $i) {
    onSiteJobsRequest { status comment } } }";
const BEGIN: &str = "mutation($i: StartOnSiteJobsAppointmentBookingSessionInput!) {
    startOnSiteJobsAppointmentBookingSession(input: $i) { appointmentBookingSessionId } }";
const SLOTS: &str = "query($s: UUID!) { onSiteJobsAppointmentSlots(appointmentBookingSessionId: $s) {
    isComplete slots { slotId startDatetime endDatetime } } }";
const BOOK: &str =
    "mutation($i: CreateOnSiteJobsAppointmentInput!) { createOnSiteJobsAppointment(input: $i) {
    onSiteJobsAppointment { id status startAt externalReference } } }";
const CANCEL: &str =
    "mutation($i: CancelOnSiteJobsAppointmentInput!) { cancelOnSiteJobsAppointment(input: $i) {
    onSiteJobsAppointment { id status cancellationCategory cancellationSubCategory } } }";
const ONE: &str = "query($r: UUID) { getOnSiteJobsRequestById(requestId: $r) { id status overallActionsStatus comment
    property { id } marketSupplyPoints(first: 5) { edges { node { externalIdentifier } } }
    requestActions(first: 5) { totalCount edges { node { actionTriggerStage workflowName workflowStatus } } }
    assets(first: 5) { edges { node { externalIdentifier additionalDetails supplyPointIdentifier status kind fuelType } } } } }";
const VISITS: &str = "query($r: UUID!) { onSiteJobsAppointments(requestId: $r, first: 5) { totalCount edges { node {
    id status externalReference startAt endAt externalJobType krakenWorkCategory agent comments commsStrategy jobDetails
    jobNotes cancellationCategory cancellationSubCategory
    appointmentActions(first: 5) { totalCount edges { node { actionTriggerStage workflowName workflowStatus } } } } } } }";
const LIST: &str =
    "query($m: [SupplyPointIdentifierToMarketNameMappingInput], $p: [Int], $s: [OnSiteJobsRequestStatus],
        $a: [NonEmptyString!]) {
    getOnSiteJobsRequests(supplyPointsToMarketNamesMapping: $m, supplyPointInternalIds: $p, statuses: $s,
        accountNumbers: $a, first: 10) { totalCount edges { node { id status } } } }";
const NOTES: &str = "query($n: String!) { account(accountNumber: $n) { notes { body } } }";

/// Engineers who can come tomorrow and the day after, and of whose visits comes what a test wants.
#[derive(Clone, Default)]
pub struct Field {
    pub is_silent: bool,
    pub misses: bool,
}

impl FieldWork for Field {
    fn slots(&self, place: &Place<'_>) -> Result<Vec<Span>, Unavailable> {
        if self.is_silent {
            return Err(Unavailable);
        }
        let at =
            |day: u64| (place.from + chrono::Days::new(day)).and_hms_opt(9, 0, 0).expect("a time").and_utc();
        Ok([0, 1].map(|day| Span { starts_at: at(day), ends_at: at(day) + TimeDelta::hours(3) }).to_vec())
    }

    fn book(&self, visit: Uuid, _at: Span) -> Result<String, Unavailable> {
        if self.is_silent { Err(Unavailable) } else { Ok(format!("FIELD-{visit}")) }
    }

    fn outcome(&self, _visit: Uuid, at: Span, now: DateTime<Utc>) -> Result<Option<Outcome>, Unavailable> {
        let text = "The old meter was stuck.".to_owned();
        let outcome = if self.misses { Outcome::Missed(text) } else { Outcome::Done(text) };
        if self.is_silent { Err(Unavailable) } else { Ok((now >= at.ends_at).then_some(outcome)) }
    }
}

impl Server {
    pub async fn engineers(&self, field: &Field) {
        let mut runner = Runner::default();
        visits::register(&mut runner, self.random.clone(), Arc::new(field.clone()));
        runner.run_due(&self.database).await.expect("the jobs are done");
    }

    pub async fn staff_on(&self, world: &mut World, moment: &str) {
        self.wall.set(moment.parse::<DateTime<Utc>>().expect("a moment"));
        world.staff = self.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await;
    }

    pub async fn asked(&self, token: &str, points: &[(&str, &str)], sub_reason: &str) -> String {
        let reply = self.put(token, ASK, &wish(points, "METER", sub_reason)).await;
        let id = &reply.json["data"]["createOnSiteJobsRequest"]["onSiteJobsRequest"]["id"];
        id.as_str().unwrap_or_else(|| panic!("{}", reply.json)).to_owned()
    }

    /// Begins a booking session. Answers it, and the ids of what the engineers offer.
    pub async fn offered(&self, token: &str, request: &str, field: &Field) -> (String, Vec<String>) {
        let data = self.ask(Some(token), BEGIN, json!({ "i": { "requestId": request } })).await;
        let session = &data["startOnSiteJobsAppointmentBookingSession"]["appointmentBookingSessionId"];
        let session = session.as_str().expect("a session").to_owned();
        self.engineers(field).await;
        let data = self.ask(Some(token), SLOTS, json!({ "s": session })).await;
        let slots = data["onSiteJobsAppointmentSlots"]["slots"].as_array().expect("slots").clone();
        (session, slots.iter().map(|slot| slot["slotId"].as_str().expect("an id").to_owned()).collect())
    }

    /// Books a visit. Answers its id.
    pub async fn booked(&self, token: &str, session: &str, slot: &str) -> String {
        let reply = self.put(token, BOOK, &take(session, slot)).await;
        let id = &reply.json["data"]["createOnSiteJobsAppointment"]["onSiteJobsAppointment"]["id"];
        id.as_str().unwrap_or_else(|| panic!("{}", reply.json)).to_owned()
    }

    async fn visits_of(&self, token: &str, request: &str) -> Value {
        let data = self.ask(Some(token), VISITS, json!({ "r": request })).await;
        data["onSiteJobsAppointments"]["edges"].clone()
    }

    async fn on_site(&self, token: &str, request: &str) -> Value {
        self.ask(Some(token), ONE, json!({ "r": request })).await["getOnSiteJobsRequestById"].clone()
    }
}

pub fn wish(points: &[(&str, &str)], reason: &str, sub_reason: &str) -> Value {
    let point =
        |(market, id): &(&str, &str)| json!({ "marketName": market, "supplyPointExternalIdentifier": id });
    json!({ "supplyPoints": points.iter().map(point).collect::<Vec<_>>(), "reason": reason, "subReason": sub_reason })
}

fn take(session: &str, slot: &str) -> Value {
    json!({ "appointmentBookingSessionId": session, "slotId": slot, "comments": "Mind the dog." })
}

const POWER: (&str, &str) = ("GBR_ELECTRICITY", MPAN);
const GAS: (&str, &str) = ("GBR_GAS", MPRN);

#[tokio::test]
async fn a_meter_is_exchanged_by_an_engineer() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let field = Field::default();
    server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let mut wanted = wish(&[POWER], "METER", "EXCHANGE");
    wanted["comment"] = json!("It hums.");
    wanted["externalReference"] = json!("T-77");
    let reply = server.put(&world.staff, ASK, &wanted).await;
    let asked = &reply.json["data"]["createOnSiteJobsRequest"]["onSiteJobsRequest"];
    let id = asked["id"].as_str().expect("an id").to_owned();
    let first = json!({ "id": id, "reason": "METER", "subReason": "EXCHANGE", "isEmergency": false,
        "externalReference": "T-77", "agent": "GENERIC_AGENT", "comment": "It hums.", "account": world.ada.account,
        "status": "PENDING", "overallActionsStatus": null, "createdBy": asked["createdBy"] });
    assert_eq!(*asked, first);
    assert!(asked["createdBy"].is_i64());
    let one = server.on_site(&world.staff, &id).await;
    assert_eq!(one["marketSupplyPoints"]["edges"], json!([{ "node": { "externalIdentifier": MPAN } }]));
    let meter = &one["assets"]["edges"][0]["node"];
    let shown = json!({ "externalIdentifier": "E1", "additionalDetails": meter["additionalDetails"],
        "supplyPointIdentifier": MPAN, "status": "EXISTING", "kind": "METER", "fuelType": "ELECTRICITY" });
    assert_eq!(*meter, shown);
    record::read_back("createOnSiteJobsRequest");
    let change = json!({ "requestId": id, "comment": "It hums loudly." });
    assert_eq!(server.put(&world.staff, CHANGE, &change).await.codes(), [""; 0]);
    assert_eq!(server.on_site(&world.reader, &id).await["comment"], "It hums loudly.");
    record::read_back("updateOnSiteJobsRequest");

    // Until the engineers have answered there is nothing to choose from.
    let data = server.ask(Some(&world.staff), BEGIN, json!({ "i": { "requestId": id } })).await;
    let session = data["startOnSiteJobsAppointmentBookingSession"]["appointmentBookingSessionId"].clone();
    let nothing = json!({ "isComplete": false, "slots": [] });
    let offers = async || {
        server.ask(Some(&world.staff), SLOTS, json!({ "s": session })).await["onSiteJobsAppointmentSlots"]
            .clone()
    };
    assert_eq!(offers().await, nothing);
    server.engineers(&field).await;
    let offered = offers().await;
    assert_eq!((&offered["isComplete"], offered["slots"].as_array().map(Vec::len)), (&json!(true), Some(2)));
    record::read_back("startOnSiteJobsAppointmentBookingSession");
    let slot = offered["slots"][1]["slotId"].as_str().expect("an id").to_owned();
    let input = take(session.as_str().expect("a session"), &slot);
    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&world.staff, BOOK, &input), twin.put(&world.staff, BOOK, &input));
    assert_eq!([one.codes(), other.codes()].concat(), ["KT-CT-13034"], "a visit is to come once");
    let visits = server.visits_of(&world.staff, &id).await;
    assert_eq!((&visits[0]["node"]["status"], &visits[1]), (&json!("UNCONFIRMED"), &Value::Null));
    record::read_back("createOnSiteJobsAppointment");
    server.engineers(&field).await;
    let visit = server.visits_of(&world.reader, &id).await[0]["node"].clone();
    let booked = json!({ "id": visit["id"], "status": "BOOKED", "externalReference": visit["externalReference"],
        "startAt": "2026-03-04T09:00:00+00:00", "endAt": "2026-03-04T12:00:00+00:00", "externalJobType": "METER_EXCHANGE",
        "krakenWorkCategory": "EXCHANGE", "agent": "GENERIC_AGENT", "comments": "Mind the dog.",
        "commsStrategy": "SEND_ALL", "jobDetails": visit["jobDetails"], "jobNotes": visit["jobNotes"],
        "cancellationCategory": null, "cancellationSubCategory": "",
        "appointmentActions": { "totalCount": 1, "edges": [{ "node": { "actionTriggerStage": "POST_APPOINTMENT_BOOKING",
            "workflowName": "tell-customer", "workflowStatus": "COMPLETED" } }] } });
    assert_eq!(visit, booked);
    assert_eq!(server.on_site(&world.staff, &id).await["status"], "BOOKED");

    server.staff_on(&mut world, "2026-03-04T12:30:00Z").await;
    server.engineers(&Field { is_silent: true, ..field.clone() }).await;
    assert_eq!(server.visits_of(&world.staff, &id).await[0]["node"]["status"], "BOOKED");
    server.staff_on(&mut world, "2026-03-04T13:30:00Z").await;
    server.engineers(&field).await;
    let done = server.on_site(&world.staff, &id).await;
    assert_eq!((&done["status"], &done["overallActionsStatus"]), (&json!("COMPLETED"), &json!("COMPLETED")));
    let noted = json!([{ "node": { "actionTriggerStage": "POST_REQUEST_COMPLETION", "workflowName": "note-on-account",
        "workflowStatus": "COMPLETED" } }]);
    assert_eq!(done["requestActions"]["edges"], noted);
    let data = server.ask(Some(&world.staff), NOTES, json!({ "n": world.ada.account })).await;
    let note = data["account"]["notes"][0]["body"].as_str().expect("a note");
    assert!(
        note.starts_with("Exchange of a meter (FIELD-") && note.ends_with("): The old meter was stuck."),
        "{note}"
    );
    let over = server.visits_of(&world.staff, &id).await;
    assert_eq!(
        (&over[0]["node"]["status"], &over[0]["node"]["appointmentActions"]["totalCount"]),
        (&json!("COMPLETED"), &json!(2))
    );
    assert_eq!(server.put(&world.staff, CHANGE, &change).await.codes(), ["KT-CT-13035"]);
    assert_eq!(server.put(&world.staff, BEGIN, &json!({ "requestId": id })).await.codes(), ["KT-CT-13035"]);
    let cancel = json!({ "appointmentId": visit["id"], "cancellationCategory": "CANCELLED_BY_CUSTOMER" });
    assert_eq!(server.put(&world.staff, CANCEL, &cancel).await.codes(), ["KT-CT-13017"]);
    for below in [
        "getOnSiteJobsRequestById(requestId: \"ID\") { requestActions(PAGE) { edgeCount } }",
        "getOnSiteJobsRequestById(requestId: \"ID\") { marketSupplyPoints(PAGE) { edgeCount } }",
        "getOnSiteJobsRequestById(requestId: \"ID\") { assets(PAGE) { edgeCount } }",
        "onSiteJobsAppointments(requestId: \"ID\", first: 1) { edges { node { appointmentActions(PAGE) { edgeCount } } } }",
    ] {
        bounds_its_pages(&server, &world.staff, &below.replace("ID", &id)).await;
    }
}

#[tokio::test]
async fn a_visit_is_called_off_or_missed_and_booked_anew() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let field = Field { misses: true, ..Field::default() };
    server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let id = server.asked(&world.staff, &[POWER], "FAULT").await;
    let (session, slots) = server.offered(&world.staff, &id, &field).await;
    let visit = server.booked(&world.staff, &session, &slots[0]).await;
    let withdraw = json!({ "requestId": id, "cancel": true });
    assert_eq!(
        server.put(&world.staff, CHANGE, &withdraw).await.codes(),
        ["KT-CT-13034"],
        "a visit is to come"
    );
    assert_eq!(server.put(&world.staff, BEGIN, &json!({ "requestId": id })).await.codes(), ["KT-CT-13034"]);
    let cancel = json!({ "appointmentId": visit, "cancellationCategory": "CANCELLED_BY_CUSTOMER",
        "cancellationSubCategory": "On holiday" });
    let reply = server.put(&world.staff, CANCEL, &cancel).await;
    let off = json!({ "id": visit, "status": "CANCELLED", "cancellationCategory": "CANCELLED_BY_CUSTOMER",
        "cancellationSubCategory": "On holiday" });
    assert_eq!(
        reply.json["data"]["cancelOnSiteJobsAppointment"]["onSiteJobsAppointment"], off,
        "{}",
        reply.json
    );
    assert_eq!(server.put(&world.staff, CANCEL, &cancel).await.codes(), ["KT-CT-13017"], "once");
    assert_eq!(server.on_site(&world.staff, &id).await["status"], "PENDING");
    record::read_back("cancelOnSiteJobsAppointment");
    // Whoever was to confirm it finds it gone.
    server.engineers(&field).await;
    assert_eq!(server.visits_of(&world.staff, &id).await[0]["node"]["status"], "CANCELLED");

    let again = server.booked(&world.staff, &session, &slots[1]).await;
    server.engineers(&field).await;
    server.staff_on(&mut world, "2026-03-04T13:00:00Z").await;
    server.engineers(&field).await;
    let visits = server.visits_of(&world.staff, &id).await;
    let latest =
        visits.as_array().expect("visits").iter().find(|visit| visit["node"]["id"] == again.as_str());
    assert_eq!(latest.expect("the visit")["node"]["status"], "ABORTED");
    assert_eq!(server.on_site(&world.staff, &id).await["status"], "APPOINTMENT_FAILED");
    assert_eq!(
        server.put(&world.staff, BOOK, &take(&session, &slots[1])).await.codes(),
        ["KT-CT-13025"],
        "too late"
    );
    assert_eq!(
        server.send(Some(&world.staff), SLOTS, json!({ "s": session })).await.codes(),
        ["KT-CT-13025"]
    );
    let (session, slots) = server.offered(&world.staff, &id, &field).await;
    assert_eq!(slots.len(), 2);
    assert_eq!(server.put(&world.staff, CHANGE, &withdraw).await.codes(), [""; 0]);
    assert_eq!(server.on_site(&world.staff, &id).await["status"], "CANCELLED");
    assert_eq!(server.put(&world.staff, BOOK, &take(&session, &slots[0])).await.codes(), ["KT-CT-13035"]);
}

#[tokio::test]
async fn an_offer_has_to_be_taken_in_time() {
    let server = Server::start().await;
    let mut world = server.world().await;
    server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    server.staff_on(&mut world, "2026-03-02T23:50:00Z").await;
    let id = server.asked(&world.staff, &[POWER], "MOVE").await;
    let field = Field::default();
    let (session, slots) = server.offered(&world.staff, &id, &field).await;
    server
        .tamper("update on_site_slots set starts_at = '2026-03-03T00:30:00Z' where starts_at < '2026-03-04'")
        .await;
    let nothing = Uuid::nil().to_string();
    for (session, slot, code) in [
        (&session, &slots[0], "KT-CT-13031"),
        (&session, &nothing, "KT-CT-13033"),
        (&nothing, &slots[0], "KT-CT-13030"),
    ] {
        assert_eq!(server.put(&world.staff, BOOK, &take(session, slot)).await.codes(), [code]);
    }
    assert_eq!(
        server.send(Some(&world.staff), SLOTS, json!({ "s": nothing })).await.codes(),
        ["KT-CT-13030"]
    );
    assert_eq!(
        server.put(&world.staff, BEGIN, &json!({ "requestId": nothing })).await.codes(),
        ["KT-CT-13032"]
    );
    assert_eq!(
        server.put(&world.staff, CHANGE, &json!({ "requestId": nothing })).await.codes(),
        ["KT-CT-13032"]
    );
    let cancel = json!({ "appointmentId": nothing, "cancellationCategory": "CANCELLED_BY_SUPPLIER" });
    assert_eq!(server.put(&world.staff, CANCEL, &cancel).await.codes(), ["KT-CT-13001"]);
    assert_eq!(server.on_site(&world.staff, &nothing).await, Value::Null);
}

#[tokio::test]
async fn work_is_for_one_customer_at_one_home_and_asked_for_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G1").await;
    let other = MarketName::GbrElectricity.invent("", &server.random);
    let neighbour = server.supplied_home(&world.bob, MarketName::GbrElectricity, &other, "E2").await;
    let bobs = ("GBR_ELECTRICITY", other.as_str());
    let id = server.asked(&world.staff, &[POWER], "EXCHANGE").await;
    for (points, reason, sub_reason, code) in [
        (vec![POWER], "METER", "EXCHANGE", "KT-CT-13009"),
        (vec![POWER, GAS], "METER", "EXCHANGE", "KT-CT-13005"),
        (vec![POWER, bobs], "METER", "EXCHANGE", "KT-CT-13003"),
        (vec![("GBR_ELECTRICITY", MPRN)], "METER", "EXCHANGE", "KT-CT-13002"),
        (vec![("MOON_ELECTRICITY", MPAN)], "METER", "EXCHANGE", "KT-CT-13002"),
        (vec![], "METER", "EXCHANGE", "KT-CT-13002"),
        (vec![POWER], "GARDEN", "EXCHANGE", "KT-CT-13014"),
        (vec![POWER], "METER", "HUB", "KT-CT-13015"),
    ] {
        let reply = server.put(&world.staff, ASK, &wish(&points, reason, sub_reason)).await;
        assert_eq!(reply.codes(), [code], "{points:?}");
    }
    let of_bob = server.asked(&world.staff, &[bobs], "EXCHANGE").await;
    server
        .tamper(&format!(
            "update supply_periods set during = tstzrange(lower(during), lower(during) + interval '1 hour')
        where supply_point_id = {}",
            neighbour.point
        ))
        .await;
    let reply = server.put(&world.staff, ASK, &wish(&[bobs], "METER", "MOVE")).await;
    assert_eq!(reply.codes(), ["KT-CT-13004"], "nobody is supplied there");

    let count = async |token: &str, filter: Value| {
        let data = server.ask(Some(token), LIST, filter).await;
        data["getOnSiteJobsRequests"]["totalCount"].as_i64().expect("a count")
    };
    for (filter, expected) in [
        (json!({}), 2),
        (json!({ "p": [home.point] }), 1),
        (json!({ "m": [{ "marketName": "GBR_ELECTRICITY", "supplyPointExternalIdentifier": MPAN }] }), 1),
        (json!({ "m": [{ "marketName": "GBR_GAS", "supplyPointExternalIdentifier": MPAN }] }), 0),
        (json!({ "s": ["PENDING", "BOOKED"] }), 2),
        (json!({ "s": ["COMPLETED"] }), 0),
        (json!({ "a": [world.bob.account] }), 1),
    ] {
        assert_eq!(count(&world.reader, filter.clone()).await, expected, "{filter}");
    }
    // Others see what is granted to them, and ask for nothing without the permission.
    assert_eq!(count(&world.partner, json!({})).await, 0);
    assert_eq!(server.on_site(&world.partner, &of_bob).await, Value::Null);
    for token in [&world.reader, &world.partner] {
        assert_eq!(server.put(token, ASK, &wish(&[POWER], "METER", "MOVE")).await.codes(), ["KT-CT-13012"]);
        assert_eq!(server.put(token, CHANGE, &json!({ "requestId": id })).await.codes(), ["KT-CT-1111"]);
        assert_eq!(server.put(token, BEGIN, &json!({ "requestId": id })).await.codes(), ["KT-CT-1111"]);
    }
    let data = server.ask(Some(&world.reader), "{ onSiteJobsJobTypes { id name } }", json!({})).await;
    let types = data["onSiteJobsJobTypes"].as_array().expect("types");
    assert!(types.contains(&json!({ "id": "METER_EXCHANGE", "name": "Exchange of a meter" })));
}
