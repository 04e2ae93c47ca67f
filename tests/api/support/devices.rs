//! Homes, and devices in them.

use chrono::{DateTime, TimeDelta, Utc};
use kraken_api::domain::devices::register::{self, Make, NewDevice};
use serde_json::{Value, json};

use super::Server;
use super::world::Customer;

/// A Tesla Model 3 Long Range of 75 kWh, and an Ohme Home Pro of 7.4 kW.
pub const TESLA: i32 = 138;
pub const OHME: i32 = 210;
/// An Easee One, which speaks OCPP.
pub const EASEE: i32 = 201;

/// A Cosy 9, and the identifier that its controller was made with.
pub const COSY: i32 = 302;
pub const EUID: &str = "00-1A-22-FF-PARKED";

/// A car of a customer's, made by Tesla.
pub fn car(reference: &str) -> NewDevice<'_> {
    NewDevice {
        account: 0,
        property: 0,
        provider: "TESLA_V2",
        reference,
        name: "Ada's car",
        charge_limit: 90,
        make: Make::Vehicle { model: TESLA, charge_point: Some(OHME) },
    }
}

impl Server {
    /// A home that an account holds, in Great Britain.
    pub async fn new_home(&self, customer: &Customer) -> i64 {
        let made =
            "with address as (insert into addresses (name, organization, street_address, dependent_locality,
                locality, administrative_area, postal_code, sorting_code, country, delivery_point)
            values ('', '', '1 High Street', '', 'Middletown', '', 'AB1 2CD', '', 'GB', '') returning id
        ), home as (insert into properties (market, address_line1, postcode, address_id, created_at)
            select 'gb', '1 High Street', 'AB1 2CD', id, $2 from address returning id)
        insert into occupancies (property_id, account_id, during, is_occupier, created_at)
        select id, $1, tstzrange($2 - interval '1 year', null), true, $2 from home returning property_id";
        let made = sqlx::query_as(made).bind(customer.account_id).bind(self.wall.now());
        let (id,): (i64,) = made.fetch_one(self.database.pool()).await.expect("a home");
        id
    }

    /// Registers a device at a new home of a customer's. Answers its identifier.
    pub async fn device(&self, customer: &Customer, new: NewDevice<'_>) -> String {
        let property = self.new_home(customer).await;
        self.device_at(customer, property, new).await
    }

    /// Registers a device where a supply point is. Answers its identifier.
    pub async fn device_by(&self, customer: &Customer, point: i64, new: NewDevice<'_>) -> String {
        let property = sqlx::query_scalar("select property_id from supply_points where id = $1").bind(point);
        let property = property.fetch_one(self.database.pool()).await.expect("a property");
        self.device_at(customer, property, new).await
    }

    async fn device_at(&self, customer: &Customer, property: i64, new: NewDevice<'_>) -> String {
        let new = NewDevice { account: customer.account_id, property, ..new };
        let mut tx = self.tx().await;
        let id = register::register(&mut tx, &self.random, &new).await.expect("registered");
        tx.commit().await.expect("committed");
        id.to_string()
    }

    /// A heat pump in a new home of a customer's. Answers what its controller was made with.
    pub async fn heat_pump(&self, customer: &Customer) -> &'static str {
        let make = Make::HeatPump { model: COSY };
        self.device(customer, NewDevice { provider: "OCTOPUS_ENERGY", name: "Cosy", make, ..car(EUID) })
            .await;
        EUID
    }

    /// Lets time go by, and does what has become due.
    pub async fn time_passes(&self, span: TimeDelta) {
        self.wall.set(self.wall.now() + span);
        self.work_off().await;
    }

    /// Moves on to a moment. Answers a fresh session of the customer's.
    pub async fn at(&self, moment: &str, customer: &Customer) -> String {
        let moment: DateTime<Utc> = moment.parse().expect("a moment");
        assert!(moment >= self.wall.now(), "time runs forward");
        self.wall.set(moment);
        self.work_off().await;
        self.again(customer).await
    }

    /// The fields of the first device of a customer's.
    pub async fn device_of(&self, token: &str, customer: &Customer, fields: &str) -> Value {
        let query = format!("query($n: String!) {{ devices(accountNumber: $n) {{ {fields} }} }}");
        let data = self.ask(Some(token), &query, json!({ "n": customer.account })).await;
        data["devices"][0].clone()
    }

    /// What a device is doing.
    pub async fn state_of(&self, token: &str, customer: &Customer) -> String {
        let found = self.device_of(token, customer, "status { currentState }").await;
        found["status"]["currentState"].as_str().expect("a state").to_owned()
    }

    /// Sends an operation that is refused: the one code, and its extensions.
    pub async fn refusal_of(&self, token: &str, query: &str, variables: Value) -> (String, Value) {
        let reply = self.send(Some(token), query, variables).await;
        let [error] = reply.errors() else { panic!("{query}: {}", reply.json) };
        let extensions = error["extensions"].clone();
        (extensions["errorCode"].as_str().expect("a code").to_owned(), extensions)
    }
}
