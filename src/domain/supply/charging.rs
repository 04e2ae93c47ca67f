//! The door of energy into bills: each agreement is charged for its days once, by a transaction whose lines are kept beside
//! it. What turns out otherwise later, such as a corrected reading, is charged as the difference. What rules make of what was
//! charged, such as rebates, comes through the same door.

mod rebated;
mod shown;

use std::sync::Arc;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::capacities::{self, Capacity};
use super::consumption;
use super::interval::Interval;
use super::pricing::{self, Line, Piece, PricingError, Terms, Use};
use super::rates::{self, Rates};
use crate::domain::ledgers::charges::{self, ChargeError, Priced};
use crate::domain::ledgers::credits::GrantError;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market::Market;
use crate::platform::money::{AmountError, Minor};

pub use shown::{Shown, of_transactions};

/// For how many days after its end a charge is still corrected.
const CORRECTED_FOR: i32 = 400;

/// Why an account was not charged.
#[derive(Debug, Error)]
pub enum ChargingError {
    /// A line or a sum is larger than any bill.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// It was not posted.
    #[error(transparent)]
    Charge(ChargeError),
    /// What a rule makes of it was not credited.
    #[error(transparent)]
    Credit(GrantError),
    /// What was charged before cannot be read.
    #[error("lines of an earlier charge cannot be read: {0}")]
    Lines(serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ChargingError);

impl From<ChargeError> for ChargingError {
    fn from(error: ChargeError) -> Self {
        match error {
            ChargeError::Database(error) => Self::Database(error),
            ChargeError::Amount(error) => Self::Amount(error),
            other => Self::Charge(other),
        }
    }
}

impl From<GrantError> for ChargingError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Database(error) => Self::Database(error),
            GrantError::Amount(error) => Self::Amount(error),
            other => Self::Credit(other),
        }
    }
}

/// A line as it is kept and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The band, or the name of the levy.
    pub band: String,
    /// What the bill calls it.
    pub title: String,
    /// Whether days are charged for, rather than energy.
    pub of_days: bool,
    /// Whether the market or the network charges it.
    pub is_levy: bool,
    /// How many days.
    pub days: i64,
    /// How much energy, in Wh.
    pub wh: i64,
    /// Net, in minor units a day or a kWh; none where it changes each half-hour.
    pub rate: Option<Decimal>,
    /// Rate of the tax.
    pub tax: Decimal,
    /// Net, in minor units.
    pub net: i64,
    /// The capacity that the price went by, and its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<(Decimal, String)>,
}

impl Kept {
    fn of(line: &Line) -> Self {
        Self {
            band: line.band.clone(),
            title: line.title.clone(),
            of_days: line.item.is_of_days(),
            is_levy: line.item.is_levy(),
            days: line.days,
            wh: line.wh,
            rate: line.rate.map(|rate| rate.normalize()),
            tax: line.tax.normalize(),
            net: line.net.0,
            capacity: line.capacity.map(|agreed| (agreed.value, agreed.unit.to_owned())),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        (&self.band, self.of_days, self.is_levy, self.rate, self.tax)
            == (&other.band, other.of_days, other.is_levy, other.rate, other.tax)
    }
}

row! {
    struct Due {
        id: i64,
        account_id: i64,
        account_type: String,
        supply_point_id: i64,
        commodity: String,
        is_export: bool,
        product: String,
        tariff_id: i64,
        is_tiered: bool,
        from_at: DateTime<Utc>,
        to_at: Option<DateTime<Utc>>,
        charged_to: Option<NaiveDate>,
        charged_from: Option<NaiveDate>,
    }
}

// Whoever bills the ledger holds its agreements as well: nobody ends one while it is charged.
statement!(static DUE: Due = "
    select g.id, g.account_id, a.account_type, g.supply_point_id, sp.commodity,
        p.direction = 'EXPORT' as is_export, p.display_name as product, g.tariff_id,
        o.kind = 'TIERED' as is_tiered, coalesce(lower(g.during), g.agreed_from) as from_at, upper(g.during) as to_at,
        (select max(upper(c.days)) from supply_charges c where c.agreement_id = g.id) as charged_to,
        g.charged_from
    from ledgers l join accounts a on a.id = l.account_id join agreements g on g.account_id = a.id
        join supply_points sp on sp.id = g.supply_point_id join tariffs t on t.id = g.tariff_id
        join product_offers o on o.id = t.offer_id join products p on p.id = o.product_id
    where l.id = $1 and l.ledger_type = case sp.commodity when 'gas' then coalesce($3, $2) else $2 end
        and g.revoked_at is null and lower(g.during) < $4 and not exists (select from supply_periods s
            where s.supply_point_id = g.supply_point_id and not s.is_billable and s.during @> lower(g.during))
    order by g.id for no key update of g");
statement!(static KEEP: () = "
    insert into supply_charges (agreement_id, days, corrects_id, transaction_id, lines, charged_at)
    values ($1, daterange($2, $3), $4, $5, $6, $7)");

/// Charges everything on a ledger that was supplied before a local day and has not been charged yet, and corrects what was
/// charged before of which something else is known now. Answers the transactions. A repeat finds nothing to do. An agreement of
/// which a price is not known yet waits. The caller holds the ledger.
///
/// # Errors
/// See [`ChargingError`].
pub async fn of_ledger(
    tx: &mut Tx,
    market: &Market,
    ledger: i64,
    before: NaiveDate,
) -> Result<Vec<i64>, ChargingError> {
    let end = market.start_of(before);
    let due = DUE.query().bind(ledger).bind(main(market)).bind(of_gas(market)).bind(end);
    let due = due.fetch_all(&mut *tx).await?;
    let mut posted = Vec::new();
    for each in &due {
        posted.extend(correct(tx, market, each).await?);
        posted.extend(charge(tx, market, each, before).await?);
    }
    posted.extend(rebated::credit(tx, market, ledger, &due).await?);
    Ok(posted)
}

/// The type of ledger that energy is charged on.
fn main(market: &Market) -> Option<&str> {
    market.ledgers.iter().find(|kind| kind.is_main).map(|kind| kind.ledger_type.as_str())
}

/// The type of ledger that gas is charged on, where it has one of its own.
fn of_gas(market: &Market) -> Option<&str> {
    let own = market.ledgers.iter().find(|kind| kind.ledger_type.contains("GAS_LEDGER"));
    own.map(|kind| kind.ledger_type.as_str())
}

/// Half-open local days.
type Days = (NaiveDate, NaiveDate);

async fn charge(
    tx: &mut Tx,
    market: &Market,
    due: &Due,
    before: NaiveDate,
) -> Result<Option<i64>, ChargingError> {
    let begins = market.day(due.from_at);
    let first = due.charged_to.unwrap_or_else(|| due.charged_from.map_or(begins, |day| day.max(begins)));
    let last = due.to_at.map_or(before, |to| before.min(end_day(market, to)));
    let first = forgo(tx, market, due, (first, last)).await?;
    if due.is_tiered {
        return charge_months(tx, market, due, (first, last)).await;
    }
    charge_days(tx, market, due, (first, last)).await.map(Option::flatten)
}

/// Charges whole months: until one is over nobody knows its tier.
async fn charge_months(
    tx: &mut Tx,
    market: &Market,
    due: &Due,
    (first, last): Days,
) -> Result<Option<i64>, ChargingError> {
    let ends = due.to_at.map(|to| end_day(market, to));
    let mut last = if ends == Some(last) { last } else { month_of(last) };
    // Where the use of the last ones is not known, those before do not wait.
    while first < last {
        if let Some(posted) = charge_days(tx, market, due, (first, last)).await? {
            return Ok(posted);
        }
        last = month_of(last.pred_opt().unwrap_or(first));
    }
    Ok(None)
}

/// The first day of a day's month.
fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// Charges days; none while a price is not known. Days that cost nothing have no transaction.
async fn charge_days(
    tx: &mut Tx,
    market: &Market,
    due: &Due,
    days: Days,
) -> Result<Option<Option<i64>>, ChargingError> {
    if days.0 >= days.1 {
        return Ok(None);
    }
    let Some(lines) = lines(tx, market, due, days).await? else { return Ok(None) };
    post(tx, market, due, days, None, &lines).await.map(Some)
}

statement!(static FORGO: () = "
    insert into supply_charges (agreement_id, days, lines, charged_at, is_forgone)
    values ($1, daterange($2, $3), '[]', $4, true)");

/// Lets go what was supplied too long ago to be charged for, and answers the first day that still is.
async fn forgo(
    tx: &mut Tx,
    market: &Market,
    due: &Due,
    (first, last): Days,
) -> Result<NaiveDate, ChargingError> {
    let Some(limit) = limit(tx, market, due).await? else { return Ok(first) };
    let to = last.min(limit);
    if first < to {
        let now = tx.business_now().await?;
        FORGO.command().bind(due.id).bind(first).bind(to).bind(now).execute(&mut *tx).await?;
    }
    Ok(first.max(limit))
}

/// The first day whose energy may be charged for today, where the market limits that. What the customer is paid for has no
/// limit.
async fn limit(tx: &mut Tx, market: &Market, due: &Due) -> Result<Option<NaiveDate>, sqlx::Error> {
    let today = market.day(tx.business_now().await?);
    let months = market.back_billing_months.filter(|_| !due.is_export);
    Ok(months.and_then(|months| today.checked_sub_months(Months::new(months))))
}

/// The local day that begins at a moment, or after it.
fn end_day(market: &Market, moment: DateTime<Utc>) -> NaiveDate {
    let day = market.day(moment);
    if market.start_of(day) < moment { day.succ_opt().unwrap_or(day) } else { day }
}

/// What the days of an agreement cost by what is known now; none while a price is not known.
async fn lines(
    tx: &mut Tx,
    market: &Market,
    due: &Due,
    days: Days,
) -> Result<Option<Vec<Kept>>, ChargingError> {
    let Some((rates, pieces)) = pieces(tx, market, due, days).await? else { return Ok(None) };
    Ok(Some(pricing::lines(&rates, &pieces)?.iter().map(Kept::of).collect()))
}

/// What the days of an agreement cost by what is known now, thing by thing and not rounded, and by which prices; none while one
/// is not known.
async fn pieces(
    tx: &mut Tx,
    market: &Market,
    due: &Due,
    (first, last): Days,
) -> Result<Option<(Arc<Rates>, Vec<Piece>)>, sqlx::Error> {
    let from = market.start_of(first).max(due.from_at);
    let to = due.to_at.map_or(market.start_of(last), |end| market.start_of(last).min(end));
    let mut rates = rates::of_tariffs(tx, &[due.tariff_id], from, to).await?;
    let Some(rates) = rates.remove(&due.tariff_id) else { return Ok(None) };
    let (since, until) = rates.weighed((from, to));
    let since = since.max(due.from_at);
    let mut used = consumption::of_points(tx, &[due.supply_point_id], since, until).await?;
    let used = used.remove(&due.supply_point_id).unwrap_or_default();
    let mut held = capacities::held(tx, &[due.supply_point_id]).await?;
    let held = held.remove(&due.supply_point_id).unwrap_or_default();
    match priced(&rates, due, (from, to), (&used, &held)) {
        Ok(pieces) => Ok(Some((rates, pieces))),
        Err(PricingError::NoRate(_)) => Ok(None),
    }
}

fn priced(
    rates: &Rates,
    due: &Due,
    period: (DateTime<Utc>, DateTime<Utc>),
    (used, held): (&[Interval], &[Capacity]),
) -> Result<Vec<Piece>, PricingError> {
    let terms = Terms::of(rates, &due.account_type, (due.from_at, due.to_at), used).holding(held);
    let mut pieces = pricing::days(&terms, period)?;
    pieces.extend(pricing::energy(&terms, Use::Home, period, used)?);
    Ok(pieces)
}

async fn post(
    tx: &mut Tx,
    market: &Market,
    due: &Due,
    (first, last): Days,
    corrects: Option<i64>,
    lines: &[Kept],
) -> Result<Option<i64>, ChargingError> {
    let taxed: Vec<(Minor, Decimal)> = lines.iter().map(|line| (Minor(line.net), line.tax)).collect();
    let split = pricing::total(market.tax.rounding, &taxed)?;
    let mut transaction = None;
    if split.gross != Minor::ZERO || split.net != Minor::ZERO {
        let new = Priced {
            supply: &due.commodity,
            title: &due.product,
            split,
            is_export: due.is_export,
            ledger_type: if due.commodity == "gas" { of_gas(market) } else { None },
        };
        transaction = Some(charges::for_agreement(tx, due.account_id, &new).await?);
    }
    let now = tx.business_now().await?;
    let kept = serde_json::to_value(lines).map_err(ChargingError::Lines)?;
    let keep = KEEP.command().bind(due.id).bind(first).bind(last).bind(corrects).bind(transaction);
    keep.bind(kept).bind(now).execute(&mut *tx).await?;
    Ok(transaction)
}

row! {
    struct Charged {
        id: i64,
        first: Option<NaiveDate>,
        last: Option<NaiveDate>,
        all_lines: serde_json::Value,
    }
}

// A reading may move what was used between it and those around it, also before it was read. What was charged by what came
// in since counts as a whole, with its corrections. What was being taken in while it was charged bears an earlier time and
// was not seen: the ten minutes are longer than any transaction.
statement!(static OUTDATED: Charged = "
    select c.id, lower(c.days) as first, upper(c.days) as last, c.lines || coalesce((
        select jsonb_agg(line.value) from supply_charges later cross join jsonb_array_elements(later.lines) as line
        where later.corrects_id = c.id), '[]'::jsonb) as all_lines
    from supply_charges c cross join lateral (
        select max(each.charged_at) as at from supply_charges each where each.id = c.id or each.corrects_id = c.id) newest
    where c.agreement_id = $1 and c.corrects_id is null and not c.is_forgone and upper(c.days) > $3::date - $4::integer and (
        exists (select from interval_days i where i.supply_point_id = $2 and i.day <@ c.days
            and i.received_at > newest.at - interval '10 minutes')
        or exists (select from meters m join meter_readings r on r.meter_id = m.id
            where m.supply_point_id = $2 and greatest(r.created_at, r.withdrawn_at) > newest.at - interval '10 minutes'))
    order by lower(c.days)");

/// Whether lines raise what the customer owes.
fn costs_more(lines: &[Kept]) -> bool {
    lines.iter().map(|line| Decimal::from(line.net) * (Decimal::ONE + line.tax)).sum::<Decimal>()
        > Decimal::ZERO
}

/// Charges the difference to what is known now of days that were charged before. Where some of them are so long ago that the
/// market lets nothing more be charged for them, only what is to be given back is.
async fn correct(tx: &mut Tx, market: &Market, due: &Due) -> Result<Vec<i64>, ChargingError> {
    let today = market.day(tx.business_now().await?);
    let outdated = OUTDATED.query().bind(due.id).bind(due.supply_point_id).bind(today).bind(CORRECTED_FOR);
    let limit = limit(tx, market, due).await?;
    let mut posted = Vec::new();
    for charged in outdated.fetch_all(&mut *tx).await? {
        let (Some(first), Some(last)) = (charged.first, charged.last) else { continue };
        let before: Vec<Kept> = serde_json::from_value(charged.all_lines).map_err(ChargingError::Lines)?;
        let Some(lines) = lines(tx, market, due, (first, last)).await? else { continue };
        let difference = difference(&lines, &before);
        let is_late = limit.is_some_and(|limit| first < limit);
        if difference.is_empty() || is_late && costs_more(&difference) {
            continue;
        }
        posted.extend(post(tx, market, due, (first, last), Some(charged.id), &difference).await?);
    }
    Ok(posted)
}

/// What lines say beyond those that were charged before, thing by thing.
fn difference(now: &[Kept], before: &[Kept]) -> Vec<Kept> {
    let mut all: Vec<Kept> = Vec::new();
    let signed = before.iter().map(|line| (-1, line)).chain(now.iter().map(|line| (1, line)));
    for (sign, line) in signed {
        let known = all.iter_mut().find(|each| each.is_like(line));
        let sum = match known {
            Some(sum) => sum,
            None => {
                all.push(Kept { days: 0, wh: 0, net: 0, ..line.clone() });
                match all.last_mut() {
                    Some(sum) => sum,
                    None => continue,
                }
            }
        };
        sum.days += sign * line.days;
        sum.wh += sign * line.wh;
        sum.net += sign * line.net;
    }
    all.retain(|line| line.days != 0 || line.wh != 0 || line.net != 0);
    all
}
