//! Contracts: what customers signed, in versions, with terms that have effects.
//!
//! A contract is seen by whoever sees an account that it is about.

pub(in crate::domain) mod check;
pub mod direct_debits;
pub mod late_fees;
pub mod notes;
pub mod sign;
pub mod terminate;
pub mod terms;
pub mod vary;

use chrono::{DateTime, Utc};

use crate::domain::accounts::grouped;
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::account_is_visible;
use crate::platform::db::{Tx, row, statement};

row! {
    /// A version of a contract.
    pub struct Contract {
        /// Row id.
        pub id: i64,
        /// As clients know it.
        pub identifier: String,
        /// What is printed on top.
        pub title: String,
        /// Code of its market.
        pub market: String,
        /// The party to it, if that is an account.
        pub account_id: Option<i64>,
        /// The party to it, if that is a business.
        pub business_id: Option<i64>,
        /// One of `ContractStatus`.
        pub status: String,
        /// When it begins.
        pub valid_from: Option<DateTime<Utc>>,
        /// When it ends; none if it goes on.
        pub valid_to: Option<DateTime<Utc>>,
        /// When it was signed.
        pub signed_at: DateTime<Utc>,
        /// When it was decided that it ends early.
        pub cancelled_at: Option<DateTime<Utc>>,
        /// When the customer thought better of it.
        pub rescinded_at: Option<DateTime<Utc>>,
        /// Number of the version.
        pub version: i32,
        /// From when on the version holds.
        pub effective_from: DateTime<Utc>,
    }
}

/// Who is party to a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// An account.
    Account,
    /// A business.
    Business,
}

impl Party {
    fn code(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Business => "business",
        }
    }
}

/// Columns of [`Contract`] from `c` and the version `v`, at the moment `$3`.
macro_rules! contract_columns {
    () => {
        "c.id, c.identifier, c.title, c.market, c.account_id, c.business_id, \
         case when c.revoked_at is not null then 'REVOKED' when c.rescinded_at is not null then 'RESCINDED' \
             when upper(c.during) <= $3::timestamptz and c.cancelled_at is not null then 'TERMINATED' \
             when upper(c.during) <= $3 then 'EXPIRED' when c.cancelled_at is not null then 'JOURNEY_IN_PROGRESS' \
             when lower(c.during) > $3 then 'PENDING' else 'ACTIVE' end as status, \
         lower(c.during) as valid_from, upper(c.during) as valid_to, c.signed_at, c.cancelled_at, c.rescinded_at, \
         v.version, v.effective_from"
    };
}

/// SQL that holds for the contracts, known as `c`, that the viewer `$1`, `$2` may see.
macro_rules! contract_is_visible {
    () => {
        concat!(
            "exists (select from contract_subjects of_it join accounts a on a.id = of_it.account_id \
                where of_it.contract_id = c.id and ",
            account_is_visible!(),
            ")"
        )
    };
}

statement!(static BY_IDENTIFIER: Contract = concat!("
    select ", contract_columns!(), "
    from contracts c join contract_versions v on v.contract_id = c.id
    where c.identifier = $4 and ($5::text is null or (c.business_id is not null) = ($5 = 'business'))
        and v.version = coalesce($6::integer, (select max(version) from contract_versions where contract_id = c.id))
        and ($7::text is null or exists (select from contract_subjects s join accounts t on t.id = s.account_id
            where s.contract_id = c.id and t.number = $7))
        and ", contract_is_visible!()));
// The one that is in force, or else the latest.
statement!(static OF_SUBJECT: (String,) = "
    select c.identifier from contract_subjects s join contracts c on c.id = s.contract_id
    where s.account_id = $1 and (c.business_id is not null) = ($2 = 'business')
    order by (not c.is_undone and c.during @> $3::timestamptz) desc, lower(c.during) desc, c.id desc limit 1");
statement!(static OF_PARTY: Contract = concat!("
    select ", contract_columns!(), "
    from contracts c
        join contract_versions v on v.contract_id = c.id
            and v.version = (select max(version) from contract_versions where contract_id = c.id)
    where (c.account_id = (select id from accounts where number = $4) or c.business_id = $5::bigint)
        and ", contract_is_visible!(), "
    order by lower(c.during) desc, c.id desc limit $6"));
statement!(static SUBJECTS: (i64, i64) = concat!("
    select s.contract_id, a.id from contract_subjects s join accounts a on a.id = s.account_id
    where s.contract_id = any($3::bigint[]) and ", account_is_visible!(), " order by s.contract_id, a.id"));

/// Most contracts that are listed at once.
const MOST: i64 = 100;

/// Which contract is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Its identifier.
    pub identifier: Option<&'a str>,
    /// Number of an account that it is about.
    pub account_number: Option<&'a str>,
    /// Number of a version, the latest if none is named.
    pub version: Option<i32>,
    /// Who is party to it, if that matters.
    pub party: Option<Party>,
}

/// The contract with an identifier, or the one in force about an account that the caller has been shown, or that was last.
/// None where there is none, or the viewer may not see it.
///
/// # Errors
/// Those of the database.
pub async fn find(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &Wanted<'_>,
    account: Option<i64>,
) -> Result<Option<Contract>, sqlx::Error> {
    let now = tx.business_now().await?;
    let party = wanted.party.map(Party::code);
    let identifier = match (wanted.identifier, account) {
        (Some(identifier), _) => Some(identifier.to_owned()),
        (None, Some(account)) => {
            let query = OF_SUBJECT.query().bind(account).bind(party.unwrap_or("account")).bind(now);
            query.fetch_optional(&mut *tx).await?.map(|(identifier,)| identifier)
        }
        (None, None) => None,
    };
    let Some(identifier) = identifier else { return Ok(None) };
    let query = BY_IDENTIFIER.seen_by(viewer).bind(now).bind(identifier);
    query.bind(party).bind(wanted.version).bind(wanted.account_number).fetch_optional(&mut *tx).await
}

/// The contracts that an account, by its number, or a business is party to, the latest first; a hundred at most.
///
/// # Errors
/// Those of the database.
pub async fn of_party(
    tx: &mut Tx,
    viewer: &Viewer,
    account: Option<&str>,
    business: Option<i64>,
) -> Result<Vec<Contract>, sqlx::Error> {
    let now = tx.business_now().await?;
    let query = OF_PARTY.seen_by(viewer).bind(now).bind(account);
    query.bind(business).bind(MOST).fetch_all(&mut *tx).await
}

/// The accounts that each of these contracts is about and that the viewer may see. One statement.
///
/// # Errors
/// Those of the database.
pub async fn subjects(tx: &mut Tx, viewer: &Viewer, contracts: &[i64]) -> Result<Vec<Vec<i64>>, sqlx::Error> {
    let query = SUBJECTS.seen_by(viewer).bind(contracts);
    Ok(grouped(contracts, query.fetch_all(&mut *tx).await?))
}

/// The rows under each of these versions of contracts, in order.
fn under_versions<T: Clone>(
    contracts: &[&Contract],
    rows: Vec<T>,
    of: impl Fn(&T) -> (i64, i32),
) -> Vec<Vec<T>> {
    let keys: Vec<(i64, i32)> = contracts.iter().map(|contract| (contract.id, contract.version)).collect();
    grouped(&keys, rows.into_iter().map(|row| (of(&row), row)).collect())
}

/// The ids and versions of these contracts, as two arrays.
fn keys(contracts: &[&Contract]) -> (Vec<i64>, Vec<i32>) {
    let mut keys: Vec<(i64, i32)> =
        contracts.iter().map(|contract| (contract.id, contract.version)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().unzip()
}
