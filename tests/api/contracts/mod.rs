//! Contracts: what is signed, how its terms are read and varied, and what they do.

mod ending;
mod late_fees;
mod reading;
mod varying;

use chrono::NaiveDate;
use kraken_api::domain::auth::Viewer;
use kraken_api::domain::contracts::sign::{self, NewContract, SignError};
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::world::Customer;

pub const CONTRACT: &str = "query($i: String, $n: String, $v: Int) {
    accountContract(identifier: $i, accountNumber: $n, version: $v) { identifier title status
        party { __typename ... on AccountType { number } ... on BusinessType { id } } subject { number }
        validFrom validTo signedAt cancelledAt rescindedAt lifecycle { versionReference effectiveFrom }
        notes { note activityType createdAt reason { slug description activityTypes } }
        terms { __typename type displayName description identifier isVariable
            ... on LatePaymentFeesType { flatFeeAmount percentageFee percentageIntervalDays }
            ... on MinimumContractLengthType { length unitOfTime }
            ... on TerminationFeeType { amount marketName } ... on ContractMetaDataType { metadata } } } }";
pub const VARY: &str = "mutation($i: VaryContractTermsInput!) { varyContractTerms(input: $i) { contract {
    identifier lifecycle { versionReference effectiveFrom } } } }";

impl Server {
    /// Has a customer sign a contract from one day on, until another if it is to end.
    pub async fn signs(&self, of: &Customer, from: &str, to: Option<&str>) -> Result<i64, SignError> {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let mut tx = self.tx().await;
        let new = NewContract { account: of.account_id, from: day(from), to: to.map(day) };
        let signed = sign::sign(&mut tx, &Viewer::customer(of.user_id), &new).await?;
        tx.commit().await.expect("committed");
        Ok(signed)
    }

    /// Has a customer sign a contract that goes on, and answers its identifier.
    pub async fn contract(&self, of: &Customer, from: &str) -> String {
        let signed = self.signs(of, from, None).await.expect("signed");
        let identifier = sqlx::query_scalar("select identifier from contracts where id = $1").bind(signed);
        identifier.fetch_one(self.database.pool()).await.expect("a contract")
    }

    /// The contract of an account as somebody sees it.
    pub async fn contract_of(&self, token: &str, account: &str, version: Option<i32>) -> Value {
        let data = self.ask(Some(token), CONTRACT, json!({ "n": account, "v": version })).await;
        data["accountContract"].clone()
    }

    /// A customer in Texas.
    pub async fn texan(&self) -> Customer {
        self.customer("wade@example.com", "Wade Castillo", "OCTOPUS_ENERGY_US").await
    }
}

/// The types of a contract's terms.
pub fn types(contract: &Value) -> Vec<&str> {
    let terms = contract["terms"].as_array().expect("terms");
    terms.iter().map(|term| term["__typename"].as_str().expect("a type")).collect()
}

/// The term of a type.
pub fn term<'a>(contract: &'a Value, name: &str) -> &'a Value {
    let mut terms = contract["terms"].as_array().expect("terms").iter();
    terms.find(|term| term["__typename"] == name).expect("such a term")
}
