//! Ending contracts early: the supply that they are about ends with them, and within the minimum length that costs what was
//! agreed.

use chrono::{DateTime, Days, Months, NaiveDate, Utc};
use rust_decimal::Decimal;
use thiserror::Error;

use super::notes::{self, NewNote, TERMINATION};
use super::terms::{self, Term};
use super::{Contract, Party, Wanted, find};
use crate::domain::accounts::accounts;
use crate::domain::accounts::changes::{hand, may_edit};
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::{MANAGE_CONTRACTS, account_is_owned};
use crate::domain::ledgers::charges::{self, ChargeError, RuleCharge};
use crate::domain::ledgers::ledgers;
use crate::domain::supply::supply_points::{self, SupplyError};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market::{self, Market};

/// Why a contract does not end.
#[derive(Debug, Error)]
pub enum TerminateError {
    /// The viewer may not end contracts, or not this one.
    #[error("the viewer may not end this contract")]
    Forbidden,
    /// There is no such account, or the viewer may not see it.
    #[error("unknown account")]
    UnknownAccount,
    /// There is no such contract with the party, or the viewer may not see it.
    #[error("unknown contract")]
    NotFound,
    /// Contracts of the market do not end like this.
    #[error("contracts of this market do not end like this")]
    NotHere,
    /// It ends already.
    #[error("the contract ends already")]
    UnderWay,
    /// It cannot end, or not on that day, and why.
    #[error("{0}")]
    Unable(&'static str),
    /// The supply cannot end on that day.
    #[error("the supply cannot end on that day")]
    Supply,
    /// The fee could not be charged.
    #[error(transparent)]
    Charge(ChargeError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(TerminateError);

impl From<ChargeError> for TerminateError {
    fn from(error: ChargeError) -> Self {
        match error {
            ChargeError::Database(error) => Self::Database(error),
            other => Self::Charge(other),
        }
    }
}

impl From<SupplyError> for TerminateError {
    fn from(error: SupplyError) -> Self {
        match error {
            SupplyError::Database(error) => Self::Database(error),
            _ => Self::Supply,
        }
    }
}

/// Which contract is to end, and when.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// Who is party to it, if that matters.
    pub party: Option<Party>,
    /// Its identifier; the one in force, where only an account is named.
    pub identifier: Option<&'a str>,
    /// Number of the account that it is about, where that is named.
    pub account_number: Option<&'a str>,
    /// The first local day without it; the earliest there is, if none is named.
    pub on: Option<NaiveDate>,
    /// Why.
    pub note: Option<NewNote<'a>>,
    /// Whether it ends as an exception: without notice, and at no cost.
    pub is_special: bool,
}

/// What follows from an ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The contract's identifier.
    pub identifier: String,
    /// The last local day of supply.
    pub last_day: NaiveDate,
    /// What ending early costs, in units of the currency, and the currency's code; none if it costs nothing.
    pub fee: Option<(Decimal, String)>,
}

row! {
    struct Rules {
        is_enabled: bool,
        notice_days: i32,
        fee_reason: Option<String>,
    }
}

statement!(static RULES: Rules = "
    select case $2 when 'business' then lets_businesses else lets_households end as is_enabled, notice_days, fee_reason
    from leaving_rules where market = $1");
statement!(static HOLD: (i64,) = "select id from contracts where id = $1 for no key update");
statement!(static IS_THEIRS: (bool,) = concat!("
    select not exists (select from contract_subjects s join accounts a on a.id = s.account_id
        where s.contract_id = $3 and not ", account_is_owned!(), ")"));
statement!(static SUBJECTS: (i64,) = "
    select account_id from contract_subjects where contract_id = $1 order by account_id");
// Whatever is supplied then, or would be later.
statement!(static SUPPLIED: (i64,) = "
    select distinct p.supply_point_id from supply_periods p
    where p.account_id = any($1) and (upper_inf(p.during) or upper(p.during) > $2::timestamptz) order by 1");
statement!(static END: () = "
    update contracts set during = tstzrange(lower(during), $2), cancelled_at = $3 where id = $1");
statement!(static KEEP: () = "
    insert into contract_terminations (contract_id, ends_on, fee, transaction_id, started_at, started_by_kind, started_by_id)
    values ($1, $2, $3, $4, $5, $6, $7)");

/// Ends a contract before its time.
///
/// # Errors
/// See [`TerminateError`].
pub async fn instigate(tx: &mut Tx, viewer: &Viewer, ending: &Ending<'_>) -> Result<Ended, TerminateError> {
    let account = match ending.account_number {
        Some(number) => {
            let account = accounts::by_number(tx, viewer, number).await?;
            Some(account.ok_or(TerminateError::UnknownAccount)?.id)
        }
        None => None,
    };
    let wanted = Wanted {
        identifier: ending.identifier,
        account_number: ending.account_number,
        party: ending.party,
        version: None,
    };
    let found = find(tx, viewer, &wanted, account).await?.ok_or(TerminateError::NotFound)?;
    let is_allowed = if ending.is_special { viewer.may(MANAGE_CONTRACTS) } else { may_edit(viewer) };
    if !is_allowed || !is_theirs(tx, viewer, found.id).await? {
        return Err(TerminateError::Forbidden);
    }
    // Whoever else would end or vary it waits.
    HOLD.query().bind(found.id).fetch_one(&mut *tx).await?;
    let wanted = Wanted { identifier: Some(&found.identifier), ..wanted };
    let contract = find(tx, viewer, &wanted, None).await?.ok_or(TerminateError::NotFound)?;
    let market = market::by_code(&contract.market).ok_or(TerminateError::NotHere)?;
    let party = if contract.business_id.is_some() { Party::Business } else { Party::Account };
    let rules = RULES.query().bind(&market.code).bind(party.code()).fetch_optional(&mut *tx).await?;
    let rules = rules.filter(|rules| rules.is_enabled || ending.is_special).ok_or(TerminateError::NotHere)?;
    let now = tx.business_now().await?;
    let on = judge(&contract, market, &rules, ending, now)?;
    if let Some(note) = &ending.note {
        if !notes::is_reason(tx, note.reason, TERMINATION).await? {
            return Err(TerminateError::Unable("There is no such reason to end a contract."));
        }
        notes::add(tx, viewer, (contract.id, contract.version), note, TERMINATION).await?;
    }
    let subjects = SUBJECTS.query().bind(contract.id).fetch_all(&mut *tx).await?;
    let subjects: Vec<i64> = subjects.into_iter().map(|(account,)| account).collect();
    let end = market.start_of(on);
    for (point,) in SUPPLIED.query().bind(&subjects).bind(end).fetch_all(&mut *tx).await? {
        supply_points::end_supply(tx, point, on).await?;
    }
    let terms = terms::of_contracts(tx, &[&contract]).await?.concat();
    let fee = if ending.is_special { 0 } else { fee(&contract, market, &terms, on) };
    let transaction = match (subjects.first(), fee) {
        (Some(account), 1..) => Some(charge(tx, *account, fee, &rules, &contract.identifier).await?),
        _ => None,
    };
    END.command().bind(contract.id).bind(end).bind(now).execute(&mut *tx).await?;
    let (kind, by) = hand(viewer);
    let keep = KEEP.command().bind(contract.id).bind(on).bind(transaction.map_or(0, |_| fee));
    keep.bind(transaction).bind(now).bind(kind).bind(by).execute(&mut *tx).await?;
    let last_day = on.pred_opt().unwrap_or(on);
    let cost =
        transaction.map(|_| (Decimal::new(fee, market.currency.exponent), market.currency.code.clone()));
    Ok(Ended { identifier: contract.identifier, last_day, fee: cost })
}

/// Whether whoever asks may decide about the accounts that a contract is about, which they see.
async fn is_theirs(tx: &mut Tx, viewer: &Viewer, contract: i64) -> Result<bool, sqlx::Error> {
    let query = IS_THEIRS.seen_by(viewer).bind(contract);
    Ok(query.fetch_one(&mut *tx).await?.0)
}

statement!(static REVOKE: () = "update contracts set revoked_at = $2 where id = $1");
statement!(static RESCIND: () = "update contracts set rescinded_at = $2 where id = $1");

/// Undoes a contract that has not begun: a customer rescinds it, others revoke it. False if it has begun, or was undone. What
/// was agreed on for supply points is another matter.
///
/// # Errors
/// `NotFound` where the viewer sees no such contract, and `Forbidden` where it is not theirs to undo.
pub async fn undo(tx: &mut Tx, viewer: &Viewer, identifier: &str) -> Result<bool, TerminateError> {
    let wanted = Wanted { identifier: Some(identifier), ..Wanted::default() };
    let found = find(tx, viewer, &wanted, None).await?.ok_or(TerminateError::NotFound)?;
    let is_customer = viewer.account_user().is_some();
    if !(is_customer || viewer.may(MANAGE_CONTRACTS)) || !is_theirs(tx, viewer, found.id).await? {
        return Err(TerminateError::Forbidden);
    }
    HOLD.query().bind(found.id).fetch_one(&mut *tx).await?;
    let contract = find(tx, viewer, &wanted, None).await?.ok_or(TerminateError::NotFound)?;
    if contract.status != "PENDING" {
        return Ok(false);
    }
    let now = tx.business_now().await?;
    let undo = if is_customer { &RESCIND } else { &REVOKE };
    undo.command().bind(contract.id).bind(now).execute(&mut *tx).await?;
    Ok(true)
}

/// The first local day without the contract.
fn judge(
    contract: &Contract,
    market: &Market,
    rules: &Rules,
    ending: &Ending<'_>,
    now: DateTime<Utc>,
) -> Result<NaiveDate, TerminateError> {
    match contract.status.as_str() {
        "ACTIVE" => {}
        "JOURNEY_IN_PROGRESS" => return Err(TerminateError::UnderWay),
        _ => return Err(TerminateError::Unable("The contract is not in force.")),
    }
    let notice = u64::try_from(rules.notice_days).ok().filter(|_| !ending.is_special);
    let notice = Days::new(notice.unwrap_or(0));
    let earliest = market.day(now).checked_add_days(notice);
    let earliest = earliest.ok_or(TerminateError::Unable("The notice period does not end."))?;
    let on = ending.on.unwrap_or(earliest);
    if on < earliest {
        return Err(TerminateError::Unable("The day is before the end of the notice period."));
    }
    let end = market.start_of(on);
    if contract.valid_from.is_none_or(|from| end <= from) || contract.valid_to.is_some_and(|to| end >= to) {
        return Err(TerminateError::Unable("The contract does not hold on that day."));
    }
    Ok(on)
}

/// What ending on a day costs, in minor units: the fees of the terms, if it is within the minimum length.
fn fee(contract: &Contract, market: &Market, terms: &[Term], on: NaiveDate) -> i64 {
    let Some(from) = contract.valid_from.map(|from| market.day(from)) else { return 0 };
    let minimum = terms.iter().find_map(|term| {
        let length = u32::try_from(term.length?).ok()?;
        match term.unit_of_time.as_deref()? {
            "DAYS" => from.checked_add_days(Days::new(u64::from(length))),
            "MONTHS" => from.checked_add_months(Months::new(length)),
            _ => from.checked_add_months(Months::new(length.checked_mul(12)?)),
        }
    });
    if minimum.is_none_or(|minimum| on >= minimum) {
        return 0;
    }
    terms.iter().filter_map(|term| term.fee).fold(0_i64, i64::saturating_add)
}

async fn charge(
    tx: &mut Tx,
    account: i64,
    fee: i64,
    rules: &Rules,
    identifier: &str,
) -> Result<i64, TerminateError> {
    let reason = rules.fee_reason.as_deref().ok_or(TerminateError::NotHere)?;
    let target = ledgers::target(tx, account, None).await?.ok_or(ChargeError::NoLedger)?;
    let new = RuleCharge { ledger: target.ledger_id, gross: fee, reason, display_note: identifier };
    Ok(charges::by_rule(tx, &new).await?)
}
