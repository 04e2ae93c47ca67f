//! Payments: what is asked for, collected once, and comes back.

mod adequacy;
mod available;
mod centrepay;
mod collected;
mod outcomes;
mod plans;
mod prepay;
mod prepay_top_ups;
mod refusals;
mod schedules;
mod settlements;
mod shape;
mod slips;
mod storm;
mod supplementary;
mod year;

use chrono::{DateTime, Days, NaiveDate, Utc};
use kraken_api::domain::check;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::world::{Customer, PASSWORD};

pub const PAYMENTS: &str = "query($n: String!, $s: AccountPaymentStatusOptions) { account(accountNumber: $n) { balance
    canModifyPayments { canAmendPayments canCancelPayments }
    payments(first: 50, status: $s) { totalCount edgeCount edges { node { id amount paymentDate reference transactionType
        status surchargeAmount paymentInstruction { id } } } }
    ledgers { paymentsWithNonConcludedRePresentation(first: 9) { totalCount edges { node { amountPayable payableDate } } } }
    transactions(first: 50) { edges { node { __typename title amount isReversed
        ... on Payment { isLateFailedPayment paymentTransactionType } } } } } }";
pub const COLLECT: &str = "mutation($i: CollectPaymentInput!) { collectPayment(input: $i) { possibleErrors { code }
    payment { id amount paymentDate reference transactionType status surchargeAmount paymentInstruction { id } } } }";

impl Server {
    /// Has an account pay from a bank account from now on. Answers the instruction's id.
    pub async fn pays_by(&self, customer: &Customer, kind: &str) -> i64 {
        let add = "insert into payment_instructions (account_id, instruction_type, status, valid_from, vendor,
                vendor_reference, account_holder, masked_identifier, last_four, created_at, created_by_kind, created_by_id)
            values ($1, $2, 'ACTIVE', $3, 'TEST', 'test-' || $1 || $2, 'A. Holder', '****1234', '1234', $3, 'test', 1)
            returning id";
        let add = sqlx::query_as(add).bind(customer.account_id).bind(kind).bind(self.wall.now());
        let (id,): (i64,) = add.fetch_one(self.database.pool()).await.expect("an instruction");
        id
    }

    pub async fn main_ledger_id(&self, customer: &Customer) -> i64 {
        let query = sqlx::query_as("select id from ledgers where account_id = $1 and is_main");
        let (id,): (i64,) =
            query.bind(customer.account_id).fetch_one(self.database.pool()).await.expect("a ledger");
        id
    }

    /// Moves on to nine in the morning, UTC, of a day, does the work, and answers a fresh session of staff.
    pub async fn by(&self, day: &str) -> String {
        self.wall.set(format!("{day}T09:00:00Z").parse::<DateTime<Utc>>().expect("a day"));
        self.work_off().await;
        self.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await
    }

    /// Lets the days pass one by one up to this one, doing the work of each.
    pub async fn through(&self, day: &str) -> String {
        let last: NaiveDate = day.parse().expect("a day");
        let mut next = self.wall.now().date_naive() + Days::new(1);
        while next < last {
            self.wall.set(next.and_hms_opt(9, 0, 0).expect("a time").and_utc());
            self.work_off().await;
            next = next + Days::new(1);
        }
        self.by(day).await
    }

    /// The account as [`PAYMENTS`] shows it.
    pub async fn payments(&self, token: &str, customer: &Customer) -> Value {
        self.ask(Some(token), PAYMENTS, json!({ "n": customer.account })).await["account"].clone()
    }

    pub async fn books_are_clean(&self) {
        let mut tx = self.tx().await;
        for finding in check::run(&mut tx).await.expect("checked") {
            assert_eq!(finding.broken, 0, "{}", finding.rule);
        }
    }
}

/// The nodes of a connection.
pub fn nodes(connection: &Value) -> Vec<Value> {
    let edges = connection["edges"].as_array().expect("edges");
    edges.iter().map(|edge| edge["node"].clone()).collect()
}

/// What a customer asks to be collected from their main ledger.
pub fn wanted(customer: &Customer, ledger: i64, amount: i64, day: &str, key: &str) -> Value {
    json!({ "i": { "accountNumber": customer.account, "amount": amount, "paymentDate": day, "description": "Extra payment",
        "idempotencyKey": key, "ledgerId": ledger.to_string() } })
}
