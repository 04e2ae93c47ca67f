//! Varying the terms of a contract that runs: a further version from a day on, which holds everything that is not varied as
//! it was.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use thiserror::Error;

use super::notes::{self, NewNote, VARIATION};
use super::{Contract, Wanted, find};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::MANAGE_CONTRACTS;
use crate::domain::supply::identifiers::MarketName;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;

/// Why a contract was not varied.
#[derive(Debug, Error)]
pub enum VaryError {
    /// The viewer may not change contracts.
    #[error("the viewer may not change contracts")]
    Forbidden,
    /// There is no such contract, or the viewer may not see it.
    #[error("unknown contract")]
    NotFound,
    /// It cannot be varied like that, and why.
    #[error("{0}")]
    Unable(&'static str),
    /// What is wanted would break what was agreed, and how.
    #[error("{0}")]
    Breach(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(VaryError);

/// What a term is to be from now on. Amounts are minor units.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// What paying late costs: a fee for each bill, per cent of what is overdue for every so many days, both, or nothing.
    LateFees {
        /// The fee.
        flat: Option<i64>,
        /// The share, in per cent.
        percentage: Option<Decimal>,
        /// The interval, in days.
        interval_days: Option<i32>,
    },
    /// Whether bills are collected by direct debit.
    DirectDebit(bool),
    /// Days from the issue of a bill until it is due.
    DueDate(i32),
    /// How long the contract is made for at least, and in which unit.
    Length(i32, String),
    /// What ending early costs, how it is counted, and for which supply.
    Fee(i64, String, String),
    /// What else is written down.
    MetaData(Value),
}

/// One term that is varied.
#[derive(Clone, Debug, PartialEq)]
pub struct Variation {
    /// What it is to be.
    pub change: Change,
    /// Whether it may be varied again.
    pub is_variable: bool,
}

impl Change {
    fn kind(&self) -> &'static str {
        match self {
            Self::LateFees { .. } => "LATE_PAYMENT_FEES",
            Self::DirectDebit(_) => "PAYS_BY_DIRECT_DEBIT",
            Self::DueDate(_) => "BILL_DUE_DATE",
            Self::Length(..) => "MINIMUM_CONTRACT_LENGTH",
            Self::Fee(..) => "TERMINATION_FEE",
            Self::MetaData(_) => "CONTRACT_METADATA",
        }
    }

    fn market_name(&self) -> Option<&str> {
        match self {
            Self::Fee(_, _, market_name) => Some(market_name),
            _ => None,
        }
    }

    /// Whether the term is left out of the version.
    fn takes_away(&self) -> bool {
        matches!(self, Self::DirectDebit(false) | Self::LateFees { flat: None, percentage: None, .. })
    }

    /// What is wrong with it in a market, if anything.
    fn flaw(&self, market: &str) -> Option<&'static str> {
        match self {
            Self::LateFees { flat, percentage, interval_days } => {
                let is_share = percentage.is_some() == interval_days.is_some();
                let fits = |share: Decimal| share > Decimal::ZERO && share <= Decimal::ONE_HUNDRED;
                let is_right = is_share
                    && flat.is_none_or(|flat| flat > 0)
                    && percentage.is_none_or(fits)
                    && interval_days.is_none_or(|days| days > 0);
                (!is_right)
                    .then_some("A share needs an interval, and both and the fee must be more than zero.")
            }
            Self::DueDate(days) => {
                (!(0..=365).contains(days)).then_some("Bills fall due within a year of their issue.")
            }
            Self::Length(length, unit) => {
                let is_unit = matches!(unit.as_str(), "DAYS" | "MONTHS" | "YEARS");
                (*length <= 0 || !is_unit).then_some("A length is more than zero DAYS, MONTHS or YEARS.")
            }
            Self::Fee(fee, fee_type, market_name) => {
                let is_supply = MarketName::parse(market_name).is_some_and(|known| known.market() == market);
                let is_right = *fee > 0 && matches!(fee_type.as_str(), "FIXED" | "PER_FUEL") && is_supply;
                (!is_right)
                    .then_some("A fee is more than zero, FIXED or PER_FUEL, and for a supply of the market.")
            }
            Self::DirectDebit(_) | Self::MetaData(_) => None,
        }
    }
}

/// What is to be varied.
#[derive(Clone, Copy, Debug)]
pub struct NewVersion<'a> {
    /// The contract's identifier.
    pub identifier: &'a str,
    /// The beginning of a local day, from which it holds; the day that it is now if none is named.
    pub from: Option<DateTime<Utc>>,
    /// The terms that change.
    pub terms: &'a [Variation],
    /// Why.
    pub note: Option<NewNote<'a>>,
}

row! {
    struct Held {
        kind: String,
        market_name: Option<String>,
        is_variable: bool,
    }
}

statement!(static HOLD: (i64,) = "select id from contracts where id = $1 for no key update");
statement!(static HELD: Held = "
    select kind, market_name, is_variable from contract_terms where contract_id = $1 and version = $2");
statement!(static HAS_MANDATE: (bool,) = "
    select not exists (select from contract_subjects s where s.contract_id = $1 and not exists (
        select from payment_instructions i where i.account_id = s.account_id and i.instruction_type = 'DIRECT_DEBIT'
            and i.status = 'ACTIVE'))");
statement!(static ADD_VERSION: () = "
    insert into contract_versions (contract_id, version, effective_from, made_at, made_by_kind, made_by_id)
    values ($1, $2, $3, $4, $5, $6)");
// The terms of the version before, but for those of the kinds and supplies that are varied.
statement!(static CARRY_OVER: () = "
    insert into contract_terms (contract_id, version, kind, market_name, is_variable, flat_fee, percentage, interval_days,
        due_days, length, unit_of_time, fee, fee_type, metadata)
    select t.contract_id, $2, t.kind, t.market_name, t.is_variable, t.flat_fee, t.percentage, t.interval_days, t.due_days,
        t.length, t.unit_of_time, t.fee, t.fee_type, t.metadata
    from contract_terms t
    where t.contract_id = $1 and t.version = $2 - 1 and not exists (
        select from unnest($3::text[], $4::text[]) as varied (kind, market_name)
        where varied.kind = t.kind and varied.market_name is not distinct from t.market_name)");
statement!(static ADD_TERM: () = "
    insert into contract_terms (contract_id, version, kind, market_name, is_variable, flat_fee, percentage, interval_days,
        due_days, length, unit_of_time, fee, fee_type, metadata)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)");

/// Makes a further version of a contract, and answers it.
///
/// # Errors
/// See [`VaryError`].
pub async fn vary(tx: &mut Tx, viewer: &Viewer, new: &NewVersion<'_>) -> Result<Contract, VaryError> {
    if !viewer.may(MANAGE_CONTRACTS) {
        return Err(VaryError::Forbidden);
    }
    make(tx, viewer, new).await
}

/// As [`vary`], for whoever is known to be allowed to.
pub(super) async fn make(tx: &mut Tx, viewer: &Viewer, new: &NewVersion<'_>) -> Result<Contract, VaryError> {
    let wanted = Wanted { identifier: Some(new.identifier), ..Wanted::default() };
    let found = find(tx, viewer, &wanted, None).await?.ok_or(VaryError::NotFound)?;
    // Whoever else would vary it waits, and finds the version that this one makes.
    HOLD.query().bind(found.id).fetch_one(&mut *tx).await?;
    let contract = find(tx, viewer, &wanted, None).await?.ok_or(VaryError::NotFound)?;
    let from = beginning(tx, &contract, new.from).await?;
    if let Some(note) = new.note
        && !notes::is_reason(tx, note.reason, VARIATION).await?
    {
        return Err(VaryError::Unable("There is no such reason to vary a contract."));
    }
    judge(tx, &contract, new.terms).await?;
    let version = contract.version + 1;
    let (now, (kind, by)) = (tx.business_now().await?, hand(viewer));
    let add = ADD_VERSION.command().bind(contract.id).bind(version).bind(from).bind(now).bind(kind).bind(by);
    add.execute(&mut *tx).await?;
    let varied = new.terms.iter().map(|term| (term.change.kind(), term.change.market_name()));
    let (kinds, markets): (Vec<&str>, Vec<Option<&str>>) = varied.unzip();
    let carry = CARRY_OVER.command().bind(contract.id).bind(version).bind(kinds).bind(markets);
    carry.execute(&mut *tx).await?;
    for term in new.terms.iter().filter(|term| !term.change.takes_away()) {
        write(tx, (contract.id, version), term).await?;
    }
    if let Some(note) = &new.note {
        notes::add(tx, viewer, (contract.id, version), note, VARIATION).await?;
    }
    find(tx, viewer, &wanted, None).await?.ok_or(VaryError::NotFound)
}

/// From when on the version holds.
async fn beginning(
    tx: &mut Tx,
    contract: &Contract,
    wanted: Option<DateTime<Utc>>,
) -> Result<DateTime<Utc>, VaryError> {
    if !matches!(contract.status.as_str(), "ACTIVE" | "PENDING") {
        return Err(VaryError::Unable("The contract has ended or is about to."));
    }
    let market = market::by_code(&contract.market).ok_or(VaryError::NotFound)?;
    let today = market.start_of(market.day(tx.business_now().await?));
    let from = wanted.unwrap_or_else(|| today.max(contract.effective_from));
    if market.start_of(market.day(from)) != from {
        return Err(VaryError::Unable("Terms change at the beginning of a day where the contract was made."));
    }
    if from < today || from < contract.effective_from {
        return Err(VaryError::Unable("Terms change neither in the past nor before the version that holds."));
    }
    if contract.valid_to.is_some_and(|end| from >= end) {
        return Err(VaryError::Unable("The contract has ended by then."));
    }
    Ok(from)
}

async fn judge(tx: &mut Tx, contract: &Contract, terms: &[Variation]) -> Result<(), VaryError> {
    if terms.is_empty() {
        return Err(VaryError::Unable("There is nothing to vary."));
    }
    let held = HELD.query().bind(contract.id).bind(contract.version).fetch_all(&mut *tx).await?;
    let mut seen = HashSet::new();
    for Variation { change, .. } in terms {
        if let Some(flaw) = change.flaw(&contract.market) {
            return Err(VaryError::Unable(flaw));
        }
        if !seen.insert((change.kind(), change.market_name())) {
            return Err(VaryError::Unable("A term is varied once."));
        }
        let is_it =
            |held: &&Held| held.kind == change.kind() && held.market_name.as_deref() == change.market_name();
        match held.iter().find(is_it) {
            Some(held) if !held.is_variable => {
                return Err(VaryError::Breach("It was agreed that the term does not vary."));
            }
            None if change.takes_away() => return Err(VaryError::Unable("There is no such term.")),
            _ => {}
        }
        if *change == Change::DirectDebit(true)
            && !HAS_MANDATE.query().bind(contract.id).fetch_one(&mut *tx).await?.0
        {
            return Err(VaryError::Breach("There is no mandate to collect by."));
        }
    }
    Ok(())
}

async fn write(tx: &mut Tx, (contract, version): (i64, i32), term: &Variation) -> Result<(), sqlx::Error> {
    let add = ADD_TERM.command().bind(contract).bind(version).bind(term.change.kind());
    let add = add.bind(term.change.market_name()).bind(term.is_variable);
    let (mut fees, mut due, mut length, mut fee, mut metadata) = ((None, None, None), None, None, None, None);
    match &term.change {
        Change::LateFees { flat, percentage, interval_days } => fees = (*flat, *percentage, *interval_days),
        Change::DirectDebit(_) => {}
        Change::DueDate(days) => due = Some(*days),
        Change::Length(units, unit) => length = Some((*units, unit.as_str())),
        Change::Fee(amount, fee_type, _) => fee = Some((*amount, fee_type.as_str())),
        Change::MetaData(value) => metadata = Some(value),
    }
    let (length, unit) = length.unzip();
    let (fee, fee_type) = fee.unzip();
    let add = add.bind(fees.0).bind(fees.1).bind(fees.2).bind(due).bind(length).bind(unit);
    add.bind(fee).bind(fee_type).bind(metadata).execute(&mut *tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late(flat: Option<i64>, percentage: Option<i64>, interval_days: Option<i32>) -> Change {
        Change::LateFees { flat, percentage: percentage.map(Decimal::from), interval_days }
    }

    #[test]
    fn what_cannot_be_agreed_is_told() {
        for right in [
            late(Some(1), None, None),
            late(None, Some(100), Some(1)),
            late(None, None, None),
            Change::DueDate(0),
            Change::Length(1, "YEARS".into()),
            Change::Fee(1, "FIXED".into(), "GBR_GAS".into()),
        ] {
            assert_eq!(right.flaw("gb"), None, "{right:?}");
        }
        for wrong in [
            late(Some(0), None, None),
            late(None, Some(5), None),
            late(None, None, Some(5)),
            late(None, Some(101), Some(5)),
            late(None, Some(0), Some(5)),
            late(None, Some(5), Some(0)),
            Change::DueDate(366),
            Change::DueDate(-1),
            Change::Length(0, "YEARS".into()),
            Change::Length(1, "AEONS".into()),
            Change::Fee(0, "FIXED".into(), "GBR_GAS".into()),
            Change::Fee(1, "FIXED".into(), "DEU_GAS".into()),
            Change::Fee(1, "ODD".into(), "GBR_GAS".into()),
        ] {
            assert!(wrong.flaw("gb").is_some(), "{wrong:?}");
        }
        assert!(late(None, None, None).takes_away() && Change::DirectDebit(false).takes_away());
        assert!(!late(Some(1), None, None).takes_away() && !Change::DirectDebit(true).takes_away());
    }
}
