//! The terms of contracts.

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Contract, keys, under_versions};
use crate::platform::db::{Tx, row, statement};

row! {
    /// A term of a version of a contract. Amounts are minor units.
    pub struct Term {
        contract_id: i64,
        version: i32,
        /// What kind of term it is, such as `LATE_PAYMENT_FEES`.
        pub kind: String,
        /// As contracts refer to it.
        pub identifier: String,
        /// What it is called.
        pub display_name: String,
        /// What it says.
        pub description: String,
        /// Whether it may be varied while the contract runs.
        pub is_variable: bool,
        /// What a bill costs that is paid late, once.
        pub flat_fee: Option<i64>,
        /// Per cent of what is overdue, for every interval.
        pub percentage: Option<Decimal>,
        /// The interval, in days.
        pub interval_days: Option<i32>,
        /// How long the contract is made for at least.
        pub length: Option<i32>,
        /// `DAYS`, `MONTHS` or `YEARS`.
        pub unit_of_time: Option<String>,
        /// What ending early costs.
        pub fee: Option<i64>,
        /// For which supply, such as `GBR_GAS`.
        pub market_name: Option<String>,
        /// What else was written down.
        pub metadata: Option<Value>,
    }
}

// Where one fee is agreed for each supply, the identifier says for which.
statement!(static OF_VERSIONS: Term = "
    select t.contract_id, t.version, t.kind,
        w.identifier || coalesce('-' || lower(replace(t.market_name, '_', '-')), '') as identifier, w.display_name,
        w.description, t.is_variable, t.flat_fee, t.percentage, t.interval_days, t.length, t.unit_of_time, t.fee,
        t.market_name, t.metadata
    from unnest($1::bigint[], $2::integer[]) as wanted (contract_id, version)
        join contract_terms t on t.contract_id = wanted.contract_id and t.version = wanted.version
        join contract_term_kinds k on k.kind = t.kind
        join contracts c on c.id = t.contract_id join contract_wordings w on w.market = c.market and w.kind = t.kind
    order by t.contract_id, t.version, k.position, t.market_name");

/// The terms of each of these versions of contracts, which the caller has been shown. One statement.
///
/// # Errors
/// Those of the database.
pub async fn of_contracts(tx: &mut Tx, contracts: &[&Contract]) -> Result<Vec<Vec<Term>>, sqlx::Error> {
    let (ids, versions) = keys(contracts);
    let rows = OF_VERSIONS.query().bind(ids).bind(versions).fetch_all(&mut *tx).await?;
    Ok(under_versions(contracts, rows, |term| (term.contract_id, term.version)))
}
