//! The calls about work on site.

use serde_json::json;

use super::attempts::Attempt;
use crate::readings::MPAN;
use crate::support::Server;
use crate::support::places::Home;
use crate::support::world::Customer;

const REQUEST: &str = "5a3c1d2e-0000-4000-8000-000000000001";
const SESSION: &str = "5a3c1d2e-0000-4000-8000-000000000002";
const SLOT: &str = "5a3c1d2e-0000-4000-8000-000000000003";
const VISIT: &str = "5a3c1d2e-0000-4000-8000-000000000004";

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "createOnSiteJobsRequest",
        document: "mutation($i: CreateOnSiteJobsRequestInput!) {
            createOnSiteJobsRequest(input: $i) { onSiteJobsRequest { id } } }",
        variables: |_| {
            json!({ "i": { "supplyPoints": [{ "marketName": "GBR_ELECTRICITY", "supplyPointExternalIdentifier": MPAN }],
                "reason": "METER", "subReason": "FAULT" } })
        },
    },
    Attempt {
        mutation: "updateOnSiteJobsRequest",
        document: "mutation($i: UpdateOnSiteJobsRequestInput!) {
            updateOnSiteJobsRequest(input: $i) { onSiteJobsRequest { id } } }",
        variables: |_| json!({ "i": { "requestId": REQUEST, "comment": "Never mind." } }),
    },
    Attempt {
        mutation: "startOnSiteJobsAppointmentBookingSession",
        document: "mutation($i: StartOnSiteJobsAppointmentBookingSessionInput!) {
            startOnSiteJobsAppointmentBookingSession(input: $i) { appointmentBookingSessionId } }",
        variables: |_| json!({ "i": { "requestId": REQUEST } }),
    },
    Attempt {
        mutation: "createOnSiteJobsAppointment",
        document: "mutation($i: CreateOnSiteJobsAppointmentInput!) {
            createOnSiteJobsAppointment(input: $i) { onSiteJobsAppointment { id } } }",
        variables: |_| json!({ "i": { "appointmentBookingSessionId": SESSION, "slotId": SLOT } }),
    },
    Attempt {
        mutation: "cancelOnSiteJobsAppointment",
        document: "mutation($i: CancelOnSiteJobsAppointmentInput!) {
            cancelOnSiteJobsAppointment(input: $i) { onSiteJobsAppointment { id } } }",
        variables: |_| json!({ "i": { "appointmentId": VISIT, "cancellationCategory": "CANCELLED_BY_CUSTOMER" } }),
    },
];

impl Server {
    /// Work at the customer's home, with a visit to come and another time on offer.
    pub(super) async fn work_at(&self, customer: &Customer, home: Home) {
        let (account, property, point) = (customer.account_id, home.property, home.point);
        self.tamper(&format!(
            "insert into on_site_requests (id, account_id, property_id, market, job_type, is_emergency, external_reference,
                agent, comment, status, created_at, updated_at, by_kind, by_id)
            values ('{REQUEST}', {account}, {property}, 'gb', 'METER_EXCHANGE', false, '', 'GENERIC_AGENT', '', 'BOOKED',
                now(), now(), 'test', 1);
            insert into on_site_request_points values ('{REQUEST}', {point});
            insert into on_site_sessions values ('{SESSION}', '{REQUEST}', now(), now(), '2100-01-01');
            insert into on_site_slots values ('{SLOT}', '{SESSION}', '2099-01-01T09:00Z', '2099-01-01T12:00Z');
            insert into on_site_appointments (id, request_id, starts_at, ends_at, comments, comms_strategy, status,
                created_at, by_kind, by_id)
            values ('{VISIT}', '{REQUEST}', '2099-01-02T09:00Z', '2099-01-02T12:00Z', '', 'SEND_ALL', 'UNCONFIRMED',
                now(), 'test', 1)"
        ))
        .await;
    }
}
