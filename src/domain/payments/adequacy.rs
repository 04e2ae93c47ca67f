//! Whether what is paid regularly covers what is charged.

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use thiserror::Error;

use super::schedules::{Schedule, schedule_columns};
use super::settled;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::ledgers::dunning::today;
use crate::domain::ledgers::ledgers;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;
use crate::platform::money::Minor;

/// How far back charges are looked at.
pub(super) const YEAR: i64 = 365;
/// How many days of charges are needed before anything is said.
pub(super) const LEAST: i64 = 28;
pub(super) const MONTHS: i64 = 12;
pub(super) const WEEKS: i64 = 52;

/// Why nothing was worked out.
#[derive(Debug, Error)]
pub enum AdequacyError {
    /// There is no such ledger for the viewer.
    #[error("there is no such ledger")]
    NoLedger,
    /// Too little has been charged.
    #[error("less than four weeks have been charged")]
    TooEarly,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(AdequacyError);

/// How the regular payment of a ledger compares with what is charged. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adequacy {
    /// The ledger.
    pub ledger_id: i64,
    /// What would bring the balance to its target within a year.
    pub suggested: i64,
    /// What was charged in a month over the last year.
    pub average_charge: i64,
    /// What is paid in a month; none where no fixed amount is.
    pub existing: Option<i64>,
    /// What of the suggestion is for the target.
    pub adjustment: i64,
    /// The balance now.
    pub balance: i64,
    /// A month's charges ahead: payments come first, and bills after them.
    pub target: i64,
    /// Today.
    pub reviewed_on: NaiveDate,
}

row! {
    struct Charged {
        total: i64,
        first: Option<NaiveDate>,
    }
}

// What was undone counts for nothing: both sides of it are charges of opposite amounts. What was only moved elsewhere was not
// charged.
statement!(static CHARGED: Charged = "
    select coalesce(sum(amount), 0)::bigint as total, min(posted_date) as first from transactions
    where ledger_id = $1 and kind = 'charge' and posted_date > $2 and posted_date <= $3
        and reason_code is distinct from 'BALANCE_TRANSFER'");
statement!(static CURRENT: Schedule = concat!("
    select ", schedule_columns!(), " from payment_schedules s join accounts a on a.id = s.account_id
    where s.ledger_id = $1 and s.valid_from <= $2 and (s.valid_to is null or s.valid_to > $2)"));

/// What is charged on a ledger in a month, from what was charged in the year before a day. None while that is too little to
/// tell. No viewer: the caller has seen to that.
pub(super) async fn monthly_charge(
    tx: &mut Tx,
    ledger: i64,
    today: NaiveDate,
) -> Result<Option<i64>, sqlx::Error> {
    let since = today - TimeDelta::days(YEAR);
    // A bill that charges for a year at once says what a month of it comes to.
    if let Some(known) = settled::monthly_charge(tx, ledger, since).await? {
        return Ok(Some(known));
    }
    let charged = CHARGED.query().bind(ledger).bind(since).bind(today).fetch_one(&mut *tx).await?;
    let days = charged.first.map_or(0, |first| (today - first).num_days() + 1);
    Ok(if days < LEAST || charged.total <= 0 { None } else { share(charged.total, YEAR, MONTHS * days) })
}

/// A whole times one number and by another, rounded.
pub(super) fn share(whole: i64, times: i64, by: i64) -> Option<i64> {
    let exact = Decimal::from(whole).checked_mul(times.into())?.checked_div(by.into())?;
    exact.round().to_i64()
}

/// What a schedule comes to in a month. None where no fixed amount comes round.
fn monthly(schedule: &Schedule) -> Option<i64> {
    let amount = schedule.payment_amount.filter(|_| !schedule.is_holiday())?.0;
    match schedule.frequency.as_deref() {
        Some("Monthly") => share(amount, 1, schedule.multiplier.into()),
        Some("Weekly") => share(amount, WEEKS, MONTHS * i64::from(schedule.multiplier)),
        _ => None,
    }
}

/// Works out how the regular payment of a ledger compares with what is charged on it.
pub async fn calculate(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Adequacy, AdequacyError> {
    let ledger = ledgers::by_number(tx, viewer, number).await?.ok_or(AdequacyError::NoLedger)?;
    let now = tx.business_now().await?;
    let market = MARKET.query().bind(ledger.id).fetch_one(&mut *tx).await?.0;
    let today = market::by_code(&market).ok_or(AdequacyError::NoLedger)?.day(now);
    let average = monthly_charge(tx, ledger.id, today).await?.ok_or(AdequacyError::TooEarly)?;
    let current = CURRENT.query().bind(ledger.id).bind(today).fetch_optional(&mut *tx).await?;
    let Minor(balance) = ledger.balance;
    // What is too little or too much is settled with the bill of the year, and not by what is paid until then.
    let is_settled = settled::monthly_charge(tx, ledger.id, today - TimeDelta::days(YEAR)).await?.is_some();
    let target = if is_settled { balance } else { average };
    let adjustment = target.checked_sub(balance).and_then(|gap| share(gap, 1, MONTHS));
    let adjustment = adjustment.ok_or(AdequacyError::TooEarly)?;
    Ok(Adequacy {
        ledger_id: ledger.id,
        suggested: average.saturating_add(adjustment).max(0),
        average_charge: average,
        existing: current.as_ref().and_then(monthly),
        adjustment,
        balance,
        target,
        reviewed_on: today,
    })
}

row! {
    /// What was charged for the days of a supply.
    pub struct Charge {
        market_name: String,
        /// The first local day.
        pub first: Option<NaiveDate>,
        /// The last local day.
        pub last: Option<NaiveDate>,
        /// With tax, in minor units; less than nothing where an earlier charge was too much.
        pub amount: i64,
    }
}

/// What was charged for energy of one market, such as `GBR_GAS`.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumption {
    /// Territory and commodity.
    pub market_name: String,
    /// Its charges, the earliest days first.
    pub charges: Vec<Charge>,
}

// Whoever asks has been shown the ledger.
statement!(static CHARGES: Charge = "
    select sp.market_name, lower(c.days) as first, upper(c.days) - 1 as last, t.amount
    from transactions t join supply_charges c on c.transaction_id = t.id join agreements g on g.id = c.agreement_id
        join supply_points sp on sp.id = g.supply_point_id
    where t.ledger_id = $1 and t.kind = 'charge' and not t.is_reversed and t.posted_date > $2 and t.posted_date <= $3
    order by sp.market_name, c.days, t.id");

/// What the calculation for a ledger goes by as far as it is for energy: the charges of the year before, by market.
pub async fn consumption(tx: &mut Tx, found: &Adequacy) -> Result<Vec<Consumption>, sqlx::Error> {
    let since = found.reviewed_on - TimeDelta::days(YEAR);
    let charges = CHARGES.query().bind(found.ledger_id).bind(since).bind(found.reviewed_on);
    let mut all: Vec<Consumption> = Vec::new();
    for charge in charges.fetch_all(&mut *tx).await? {
        match all.last_mut().filter(|known| known.market_name == charge.market_name) {
            Some(known) => known.charges.push(charge),
            None => all.push(Consumption { market_name: charge.market_name.clone(), charges: vec![charge] }),
        }
    }
    Ok(all)
}

statement!(static MARKET: (String,) = "
    select a.market from ledgers l join accounts a on a.id = l.account_id where l.id = $1");
statement!(static EXEMPT: (i64,) = concat!("
    select l.id from ledgers l join accounts a on a.id = l.account_id
        join unnest($4::text[], $5::date[]) as today (market, day) on today.market = a.market
    where l.id = any($3::bigint[]) and ", account_is_visible!(), " and not exists (
        select 1 from payment_schedules s
        where s.ledger_id = l.id and s.trigger = 'REGULAR' and s.holiday_reason is null
            and s.valid_from <= today.day - 28 and (s.valid_to is null or s.valid_to > today.day))"));

/// Whether the regular payment of each of these ledgers is left as it is, whatever a review would say: where none of a fixed
/// amount holds, or one does for less than four weeks.
pub async fn exempt(tx: &mut Tx, viewer: &Viewer, ledgers: &[i64]) -> Result<Vec<bool>, sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let query = EXEMPT.seen_by(viewer).bind(ledgers).bind(markets).bind(days);
    let exempt = query.fetch_all(&mut *tx).await?;
    Ok(ledgers.iter().map(|id| exempt.iter().any(|(exempt,)| exempt == id)).collect())
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_are_rounded_and_never_overflow() {
        assert_eq!((share(1000, 1, 3), share(-1000, 1, 3), share(5, 1, 2)), (Some(333), Some(-333), Some(2)));
        assert_eq!(share(i64::MAX, 365, 12), None);
        assert_eq!(share(1, 1, 0), None);
    }
}
