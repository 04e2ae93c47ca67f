//! Regular gifts to good causes through the bill.
//!
//! Of an agreement the period that runs and the next one are known, each with the charge that is planned for its start;
//! an upkeep adds the next as time goes on.

use chrono::{DateTime, Months, TimeDelta, Utc};
use serde_json::json;
use thiserror::Error;

use super::books::Book;
use super::by_hand::Action;
use super::ledgers::{self, Target};
use super::scheduled::{self, Plan};
use crate::domain::accounts::changes::{hand, may_edit};
use crate::domain::accounts::{accounts, grouped, in_order};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market::{self, Market};
use crate::platform::money::{AmountError, Minor, Split};

/// The reason of a gift. Nobody can give it for anything else.
pub const REASON: &str = "CONTRIBUTION";

/// To how many agreements periods are added in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 500;

/// Why there is no agreement, or why it goes on.
#[derive(Debug, Error)]
pub enum ContributionError {
    /// No such account for the viewer, or nothing that the viewer may change.
    #[error("the viewer may not change this account")]
    Unauthorised,
    /// The amount is zero or less.
    #[error("the amount must be more than zero")]
    NotPositive,
    /// Something does not fit: which input, and why.
    #[error("{1}")]
    Invalid(&'static str, &'static str),
    /// The cause takes no gifts for now.
    #[error("the cause is not accepting gifts")]
    NotAccepting,
    /// The account gives to the cause already at some of that time.
    #[error("the account gives to this cause already")]
    GivesAlready,
    /// The account has no ledger to charge.
    #[error("the account has no ledger to charge")]
    NoLedger,
    /// There is no such agreement, or not for this viewer.
    #[error("there is no such agreement")]
    Unknown,
    /// It has ended, or would end in the past or later than it does.
    #[error("the agreement cannot be ended then")]
    CannotEnd,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ContributionError);

impl From<AmountError> for ContributionError {
    fn from(_: AmountError) -> Self {
        Self::Invalid("amount", "The amount is too large.")
    }
}

row! {
    /// A good cause.
    pub struct Scheme {
        /// Row id.
        pub id: i64,
        /// The market whose customers can give to it.
        pub market: String,
        /// Its code.
        pub code: String,
        /// Its name.
        pub display_name: String,
        /// Whether sales tax is added to gifts.
        pub taxable: bool,
        /// Whether gifts can be agreed on.
        pub accepting_contributions: bool,
    }
}

row! {
    /// A regular gift.
    pub struct Agreement {
        /// Row id.
        pub id: i64,
        /// The account that gives.
        pub account_id: i64,
        /// The cause.
        pub scheme_id: i64,
        /// `MONTHLY` or `QUARTERLY`.
        pub every: String,
        /// Given each time, before tax, in minor units.
        pub amount: Minor,
        /// The start of the first period.
        pub active_from: DateTime<Utc>,
        /// The first moment at which nothing is given any more.
        pub active_to: Option<DateTime<Utc>>,
        market: String,
    }
}

macro_rules! agreement {
    () => {
        "g.id, g.account_id, g.scheme_id, g.every, g.amount, g.active_from, g.active_to, a.market
         from contribution_agreements g join accounts a on a.id = g.account_id "
    };
}

statement!(static SCHEMES: Scheme = "
    select id, market, code, display_name, taxable, accepting_contributions from contribution_schemes
    where ($1::bigint[] is null or id = any($1)) and ($2::text is null or code = $2) order by market, id");
statement!(static BY_ID: Agreement = concat!(
    "select ", agreement!(), "where g.id = any($3::bigint[]) and ", account_is_visible!()));
statement!(static UNSEEN: Agreement = concat!("select ", agreement!(), "where g.id = any($1)"));
statement!(static OF_ACCOUNTS: Agreement = concat!("
    select ", agreement!(), "where g.account_id = any($3::bigint[]) and ", account_is_visible!(), " order by g.id desc"));

/// All good causes, by market.
pub async fn schemes(tx: &mut Tx) -> Result<Vec<Scheme>, sqlx::Error> {
    SCHEMES.query().bind(None::<Vec<i64>>).bind(None::<&str>).fetch_all(&mut *tx).await
}

/// The good causes with these ids, in order.
pub async fn schemes_by_ids(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Option<Scheme>>, sqlx::Error> {
    let rows = SCHEMES.query().bind(Some(ids)).bind(None::<&str>).fetch_all(&mut *tx).await?;
    Ok(in_order(ids, rows, |scheme| scheme.id))
}

/// The agreements with these ids that the viewer may see, in order.
pub async fn by_ids(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<Vec<Option<Agreement>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |agreement| agreement.id))
}

/// The agreements of each of these accounts, also those that have ended, the newest first.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Vec<Agreement>>, sqlx::Error> {
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(accounts, rows.into_iter().map(|agreement| (agreement.account_id, agreement)).collect()))
}

/// A gift that somebody agrees to.
#[derive(Clone, Copy, Debug)]
pub struct NewAgreement<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// Code of the cause, which is in the account's market.
    pub scheme: &'a str,
    /// `MONTHLY` or `QUARTERLY`.
    pub every: &'a str,
    /// Before tax, in minor units; more than zero.
    pub amount: i64,
    /// Not before today.
    pub active_from: DateTime<Utc>,
    /// The first moment at which nothing is given any more; open-ended if there is none.
    pub active_to: Option<DateTime<Utc>>,
}

statement!(static ADD: (i64,) = "
    insert into contribution_agreements (account_id, scheme_id, every, amount, active_from, active_to, created_at,
        made_by_kind, made_by_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning id");

/// Agrees on a regular gift of an account that the viewer sees, and plans its first charge.
pub async fn create(
    tx: &mut Tx,
    viewer: &Viewer,
    new: &NewAgreement<'_>,
) -> Result<Agreement, ContributionError> {
    let invalid = ContributionError::Invalid;
    if !may_edit(viewer) {
        return Err(ContributionError::Unauthorised);
    }
    let amount = Minor::positive_entry(new.amount).map_err(|error| match error {
        AmountError::NotPositive => ContributionError::NotPositive,
        AmountError::OutOfRange => error.into(),
    })?;
    let account = accounts::by_number(tx, viewer, new.account_number).await?;
    let account = account.ok_or(ContributionError::Unauthorised)?;
    let market = account.market().ok_or(ContributionError::NoLedger)?;
    let scheme =
        SCHEMES.query().bind(None::<Vec<i64>>).bind(Some(new.scheme)).fetch_optional(&mut *tx).await?;
    let scheme = scheme.filter(|scheme| scheme.market == market.code);
    let scheme = scheme.ok_or(invalid("schemeCode", "This market has no such cause."))?;
    if !scheme.accepting_contributions {
        return Err(ContributionError::NotAccepting);
    }
    let now = tx.business_now().await?;
    if market.day(new.active_from) < market.day(now) {
        return Err(invalid("activeFrom", "A gift cannot begin in the past."));
    }
    if new.active_to.is_some_and(|end| end <= new.active_from) {
        return Err(invalid("activeTo", "A gift must end after it begins."));
    }
    let (kind, by) = hand(viewer);
    let add = ADD.query().bind(account.id).bind(scheme.id).bind(new.every).bind(amount);
    let add = add.bind(new.active_from).bind(new.active_to).bind(now).bind(kind).bind(by);
    let (id,) = add.fetch_optional(&mut *tx).await?.ok_or(ContributionError::GivesAlready)?;
    let made = by_ids(tx, viewer, &[id]).await?.pop().flatten();
    let made = made.ok_or(ContributionError::Database(sqlx::Error::RowNotFound))?;
    plan(tx, &made, &scheme, 0).await?;
    Ok(made)
}

statement!(static HOLD: Agreement = concat!(
    "select ", agreement!(), "where g.id = $3 and ", account_is_visible!(), " for no key update of g"));
statement!(static END: () = "
    update contribution_agreements set active_to = $2, ended_by_kind = $3, ended_by_id = $4 where id = $1");
// One that is being posted is waited for, and stays.
statement!(static WITHDRAW: () = "
    update scheduled_transactions s set withdrawn_at = $3 from contribution_periods p
    where p.agreement_id = $1 and p.period_from >= $2 and s.id = p.scheduled_transaction_id
        and s.transaction_id is null and s.withdrawn_at is null");

/// Ends a gift at a moment, or now: periods that would begin then or later are not charged.
pub async fn end(
    tx: &mut Tx,
    viewer: &Viewer,
    id: i64,
    at: Option<DateTime<Utc>>,
) -> Result<Agreement, ContributionError> {
    if !may_edit(viewer) {
        return Err(ContributionError::Unauthorised);
    }
    let hold = HOLD.seen_by(viewer).bind(id);
    let held = hold.fetch_optional(&mut *tx).await?.ok_or(ContributionError::Unknown)?;
    let now = tx.business_now().await?;
    let at = at.unwrap_or(now);
    if at < now || held.active_to.is_some_and(|end| end <= now || end < at) {
        return Err(ContributionError::CannotEnd);
    }
    let (kind, by) = hand(viewer);
    // One that has not begun never does.
    let end = at.max(held.active_from);
    END.command().bind(id).bind(end).bind(kind).bind(by).execute(&mut *tx).await?;
    WITHDRAW.command().bind(id).bind(end).bind(now).execute(&mut *tx).await?;
    Ok(Agreement { active_to: Some(end), ..held })
}

statement!(static ADD_PERIOD: () = "
    insert into contribution_periods (agreement_id, position, period_from, period_to, scheduled_transaction_id)
    values ($1, $2, $3, $4, $5)");

/// Plans the charge of one period. The caller holds the agreement, or has just made it.
async fn plan(
    tx: &mut Tx,
    agreement: &Agreement,
    scheme: &Scheme,
    position: i32,
) -> Result<(), ContributionError> {
    let too_late = || ContributionError::Invalid("activeFrom", "That is too far ahead.");
    let from = start(agreement, position).ok_or_else(too_late)?;
    let to = start(agreement, position.saturating_add(1)).ok_or_else(too_late)?;
    let target = ledgers::target(tx, agreement.account_id, None).await?;
    let target = target.ok_or(ContributionError::NoLedger)?;
    let split = split(scheme, agreement.amount, &target)?;
    let nothing = json!({});
    let plan = Plan {
        ledger: target.ledger_id,
        action: Action::Charge,
        book: Book::Contributions,
        split,
        tax_rate: None,
        reason: REASON,
        title: &scheme.display_name,
        internal_note: "",
        display_note: "",
        metadata: &nothing,
        ancillary_data: &nothing,
        idempotency_key: None,
        posted_after: from,
    };
    let planned = scheduled::plan_for(tx, &plan).await?.ok_or(sqlx::Error::RowNotFound)?;
    let add = ADD_PERIOD.command().bind(agreement.id).bind(position).bind(from).bind(to).bind(planned);
    add.execute(&mut *tx).await?;
    Ok(())
}

fn split(scheme: &Scheme, amount: Minor, target: &Target) -> Result<Split, ContributionError> {
    let market = market::by_code(&target.market).ok_or(ContributionError::NoLedger)?;
    let split =
        if scheme.taxable { market.split_net(amount, &target.account_type)? } else { Split::untaxed(amount) };
    split.gross.to_wire()?;
    Ok(split)
}

/// When a period begins: so many months after the first, at the same time of day where the customer is. A month that
/// is too short has it on its last day.
fn start(agreement: &Agreement, position: i32) -> Option<DateTime<Utc>> {
    let market = market::by_code(&agreement.market)?;
    let months = if agreement.every == "QUARTERLY" { 3 } else { 1 };
    let months = u32::try_from(position).ok()?.checked_mul(months)?;
    in_months(market, agreement.active_from, months)
}

fn in_months(market: &Market, from: DateTime<Utc>, months: u32) -> Option<DateTime<Utc>> {
    let zone = market.time_zone();
    let local = from.with_timezone(&zone).naive_local().checked_add_months(Months::new(months))?;
    let moment = local.and_local_timezone(zone).earliest();
    // An hour that is left out when the clocks go forward.
    let moment =
        moment.or_else(|| local.checked_add_signed(TimeDelta::hours(1))?.and_local_timezone(zone).earliest());
    Some(moment?.to_utc())
}

row! {
    struct Running {
        agreement_id: i64,
        position: i32,
    }
}

// The last known period has begun, and there is time for another.
statement!(static RUNNING: Running = "
    select g.id as agreement_id, last.position
    from contribution_agreements g cross join lateral (
        select p.position, p.period_from, p.period_to from contribution_periods p where p.agreement_id = g.id
        order by p.position desc limit 1
    ) last
    where last.period_from <= $1 and (g.active_to is null or g.active_to > last.period_to)
    order by g.id limit $2 for no key update of g skip locked");

/// Adds the periods that follow those which have begun.
pub(super) async fn go_on(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let running = RUNNING.query().bind(now).bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = running.iter().map(|running| running.agreement_id).collect();
    let agreements = UNSEEN.query().bind(&ids).fetch_all(&mut *tx).await?;
    let agreements = in_order(&ids, agreements, |agreement| agreement.id);
    let all = schemes(tx).await?;
    for (running, agreement) in running.iter().zip(agreements) {
        let Some(agreement) = agreement else { continue };
        let Some(scheme) = all.iter().find(|scheme| scheme.id == agreement.scheme_id) else { continue };
        catch_up(tx, &agreement, scheme, running.position, now).await?;
    }
    Ok(())
}

/// After a leap of time several periods are missing.
async fn catch_up(
    tx: &mut Tx,
    agreement: &Agreement,
    scheme: &Scheme,
    mut position: i32,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    loop {
        position = position.saturating_add(1);
        let Some(from) = start(agreement, position) else { return Ok(()) };
        if agreement.active_to.is_some_and(|end| end <= from) {
            return Ok(());
        }
        match plan(tx, agreement, scheme, position).await {
            Ok(()) if from <= now => {}
            Ok(()) => return Ok(()),
            Err(ContributionError::Database(error)) => return Err(error),
            Err(error) => {
                // One gift that cannot go on keeps no other from it.
                tracing::warn!(agreement = agreement.id, %error, "a gift was not planned");
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(market: &str, from: &str, months: u32) -> Option<String> {
        let from = DateTime::parse_from_rfc3339(from).ok()?.to_utc();
        Some(in_months(market::by_code(market)?, from, months)?.to_rfc3339())
    }

    #[test]
    fn periods_keep_the_day_and_the_hour_of_the_customer() {
        let british = |months| at("gb", "2026-01-31T00:30:00Z", months);
        assert_eq!(british(1).as_deref(), Some("2026-02-28T00:30:00+00:00"));
        assert_eq!(british(2).as_deref(), Some("2026-03-30T23:30:00+00:00"));
        // Half past one is left out on that day.
        assert_eq!(at("gb", "2026-02-28T01:30:00Z", 1).as_deref(), Some("2026-03-28T01:30:00+00:00"));
        assert_eq!(at("gb", "2026-01-29T01:30:00Z", 2).as_deref(), Some("2026-03-29T01:30:00+00:00"));
        assert_eq!(at("gb", "2026-01-29T01:30:00Z", u32::MAX), None);
    }
}
