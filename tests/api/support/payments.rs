//! Bank accounts, and the time that banks take.

use chrono::{Days, TimeDelta};
use serde_json::{Value, json};

use super::Server;
use super::world::Customer;

const SET_UP: &str =
    "mutation($i: SetUpDirectDebitInstructionInput!) { setUpDirectDebitInstruction(input: $i) {
    paymentInstruction { id status sortCode iban accountHolder instructionType lastFourDigitsOfAccountNumber
        maskedAccountIdentifier maskedIban owners { accountUser { id } business { id } } } } }";

/// British bank details whose account number ends in these four digits.
pub fn british(last_four: &str) -> Value {
    json!({ "accountHolder": "A Lovelace", "bankCode": "20-00-00", "accountNumber": format!("5577{last_four}") })
}

/// German bank details whose IBAN ends in these four digits.
pub fn german(last_four: &str) -> Value {
    let bban = format!("37040044053201{last_four}");
    // D is 13 and E is 14, and the check digits are what is missing to one more than a multiple of 97.
    let number: u128 = format!("{bban}131400").parse().expect("digits");
    json!({ "accountHolder": "E Noether", "iban": format!("DE{:02}{bban}", 98 - number % 97) })
}

impl Server {
    /// A fresh session of a customer's: tokens lapse while time goes by.
    pub async fn again(&self, customer: &Customer) -> String {
        self.log_in(json!({ "APIKey": customer.api_key })).await
    }

    /// Lets days go by and does what has become due.
    pub async fn banks_work(&self, days: u64) {
        // What a job leaves for later today is done before.
        self.work_off().await;
        self.wall.set(self.wall.now() + Days::new(days) + TimeDelta::minutes(11));
        self.work_off().await;
    }

    /// Id and number of an account's main ledger.
    pub async fn ledger_of(&self, customer: &Customer) -> (String, String) {
        let query = "select id::text, number from ledgers where account_id = $1 and is_main";
        let query = sqlx::query_as(query).bind(customer.account_id);
        query.fetch_one(self.database.pool()).await.expect("a ledger")
    }

    /// Sets up a direct debit on a customer's main ledger.
    pub async fn direct_debit(&self, token: &str, customer: &Customer, bank: Value) -> Value {
        let (ledger, _) = self.ledger_of(customer).await;
        let input = json!({ "accountNumber": customer.account, "ledgerId": ledger, "bankDetails": bank,
            "validFrom": self.wall.now().to_rfc3339() });
        let data = self.ask(Some(token), SET_UP, json!({ "i": input })).await;
        data["setUpDirectDebitInstruction"]["paymentInstruction"].clone()
    }

    /// The instructions of an account as its owner sees them, the newest first.
    pub async fn instructions_of(&self, customer: &Customer) -> Vec<Value> {
        let query = "query($n: String!) { account(accountNumber: $n) { paymentInstructions(first: 20) { edges { node {
            id status accountHolder instructionType vendor validFrom sortCode bankCode maskedAccountIdentifier
            accountType } } } } }";
        let token = self.again(customer).await;
        let data = self.ask(Some(&token), query, json!({ "n": customer.account })).await;
        let edges = data["account"]["paymentInstructions"]["edges"].as_array().expect("edges").clone();
        edges.into_iter().map(|edge| edge["node"].clone()).collect()
    }
}
