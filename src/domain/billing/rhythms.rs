//! The rhythm that bills go by. A document's period ends on the next day on which the rhythm of its ledger issues one,
//! and begins where the one before it ended. Without such a day, bills go from one to the next as somebody makes them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use crate::domain::ledgers::billing_triggers::{self, Configuration, Setting, Target};
use crate::domain::ledgers::journal;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market::{self, BillingOperation, BillingTarget};
use crate::platform::recurrence::{Frequency, YearDay};

/// The first day after `after` on which a document is issued by the rhythms of a target over time, and by which
/// operation.
pub fn next_bill(line: &[Configuration], after: NaiveDate) -> Option<(NaiveDate, &BillingOperation)> {
    line.iter().find_map(|configuration| configuration.next_issue(after))
}

row! {
    struct Way {
        ledger_id: i64,
        market: String,
        currency: String,
        opened_on: NaiveDate,
        is_period_based: bool,
        supports_statements: bool,
        supports_invoices: bool,
    }
}

/// A ledger that is billed, and how.
pub(super) struct Billed {
    way: Way,
    line: Vec<Configuration>,
}

impl Billed {
    /// The row id of the ledger.
    pub fn ledger(&self) -> i64 {
        self.way.ledger_id
    }

    /// The market that says which day it is.
    pub fn market(&self) -> &str {
        &self.way.market
    }

    /// The day on which it was opened, on which its first period begins.
    pub fn opened_on(&self) -> NaiveDate {
        self.way.opened_on
    }

    /// Where a period that begins on `from` ends, if the rhythm knows, and what kind of document it has.
    pub fn period(&self, from: NaiveDate) -> (Option<NaiveDate>, &'static str) {
        let next = next_bill(&self.line, from);
        let any = || self.line.iter().rev().flat_map(Configuration::issuing).next();
        let issuing = next.map(|(_, operation)| operation).or_else(any);
        (next.map(|(end, _)| end), self.kind(issuing.is_some_and(|by| by.operation.is_of_invoices())))
    }

    fn kind(&self, wants_invoice: bool) -> &'static str {
        let Way { supports_invoices, supports_statements, is_period_based, .. } = self.way;
        if !supports_statements || (wants_invoice && supports_invoices) {
            "invoice"
        } else if is_period_based {
            "period"
        } else {
            "statement"
        }
    }
}

statement!(static WAYS: Way = "
    select l.id as ledger_id, a.market, s.currency, (l.created_at at time zone f.time_zone)::date as opened_on,
        f.is_period_based, l.supports_statements, l.supports_invoices
    from ledgers l join ledger_accounts s on s.id = l.id join accounts a on a.id = l.account_id
        join billing_defaults f on f.brand = a.brand
    where l.id = any($1::bigint[]) and (l.supports_statements or l.supports_invoices)
    order by l.id");

/// How each of these ledgers is billed; those that are not are left out. Nothing is posted on them, nobody else bills
/// them and their rhythms stay, until the transaction ends.
pub(super) async fn hold(tx: &mut Tx, ledgers: &[i64]) -> Result<Vec<Billed>, sqlx::Error> {
    let ways = WAYS.query().bind(ledgers).fetch_all(&mut *tx).await?;
    let mut currencies: Vec<&str> = ways.iter().map(|way| way.currency.as_str()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    for currency in currencies {
        let same = ways.iter().filter(|way| way.currency == currency);
        let ledgers: Vec<i64> = same.map(|way| way.ledger_id).collect();
        journal::hold(tx, &ledgers, currency).await?;
    }
    let target = |way: &Way| Target { kind: BillingTarget::ChargingLedger, id: way.ledger_id };
    let targets: Vec<Target> = ways.iter().map(target).collect();
    let lines = billing_triggers::of_targets(tx, &targets).await?;
    Ok(ways.into_iter().zip(lines).map(|(way, line)| Billed { way, line }).collect())
}

statement!(static BELOW: (i64,) = "
    with recursive within as (
        select id from portfolios where id = $2
        union select p.id from within join portfolios p on p.parent_id = within.id
    ), held as (
        select id from accounts where brand = $1
        union all select id from accounts where portfolio_id in (select id from within)
        union all select id from accounts where id = $3
    )
    select id from ledgers where account_id in (select id from held) or id = $4 order by id");
statement!(static RUNNING: (i64, i64, NaiveDate) = "
    select id, ledger_id, from_date from billing_documents
    where ledger_id = any($1::bigint[]) and status = 'OPEN' and kind <> 'credit_note'");
statement!(static ALIGN: () = "
    update billing_documents d set to_date = new.to_date, kind = new.kind
    from unnest($1::bigint[], $2::date[], $3::text[]) as new (id, to_date, kind) where d.id = new.id");

/// Has a rhythm hold for a brand, a portfolio, an account or a ledger from a moment on, in place of whatever was to
/// hold then. Periods that run end by it. Answers its row id. The caller has settled whose it is.
pub async fn set(
    tx: &mut Tx,
    whose: Setting<'_>,
    from: DateTime<Utc>,
    operations: &[BillingOperation],
) -> Result<i64, sqlx::Error> {
    let ledgers = below(tx, whose).await?;
    hold(tx, &ledgers).await?;
    let id = billing_triggers::set_from(tx, whose, from, operations).await?;
    align(tx, &ledgers).await?;
    Ok(id)
}

/// The ledgers that go by a rhythm unless something nearer holds.
async fn below(tx: &mut Tx, whose: Setting<'_>) -> Result<Vec<i64>, sqlx::Error> {
    let (brand, portfolio, account, ledger) = whose.keys();
    let below = BELOW.query().bind(brand).bind(portfolio).bind(account).bind(ledger);
    Ok(below.fetch_all(&mut *tx).await?.into_iter().map(|(id,)| id).collect())
}

/// Has the periods that run on these ledgers end by the rhythms that they have now.
async fn align(tx: &mut Tx, ledgers: &[i64]) -> Result<(), sqlx::Error> {
    let billed = hold(tx, ledgers).await?;
    let billed: HashMap<i64, &Billed> = billed.iter().map(|each| (each.way.ledger_id, each)).collect();
    let (mut documents, mut ends, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    for (document, ledger, begun) in RUNNING.query().bind(ledgers).fetch_all(&mut *tx).await? {
        let Some(billed) = billed.get(&ledger) else { continue };
        let (end, kind) = billed.period(begun);
        documents.push(document);
        ends.push(end);
        kinds.push(kind);
    }
    ALIGN.command().bind(&documents).bind(&ends).bind(&kinds).execute(&mut *tx).await?;
    Ok(())
}

row! {
    struct Payer {
        account_id: i64,
        market: String,
        since: NaiveDate,
        has_chosen: bool,
        follows: bool,
        pays_elsewhere: bool,
    }
}

// What somebody asked for is any rhythm below the brand's that is not there because of how the account pays.
statement!(static PAYER: Payer = "
    select a.id as account_id, a.market, coalesce((
            select (min(lower(s.during)) at time zone f.time_zone)::date from supply_periods s where s.account_id = a.id),
            (a.created_at at time zone f.time_zone)::date) as since,
        exists (select from billing_targets t join billing_configurations c on c.target_id = t.id
            where (t.account_id = a.id or t.portfolio_id = a.portfolio_id
                    or t.ledger_id in (select id from ledgers where account_id = a.id))
                and not c.follows_payment and (upper_inf(c.during) or upper(c.during) > $2)) as has_chosen,
        exists (select from billing_targets t join billing_configurations c on c.target_id = t.id
            where t.account_id = a.id and c.follows_payment and upper_inf(c.during) and lower(c.during) <= $2) as follows,
        exists (select from payment_schedules s where s.account_id = a.id and s.ledger_id <> l.id
            and s.trigger = 'REGULAR' and s.valid_to is null) as pays_elsewhere
    from ledgers l join accounts a on a.id = l.account_id join billing_defaults f on f.brand = a.brand
    where l.id = $1");

/// Has the account of a ledger billed by how the ledger is paid from a day on, where its market has those who pay fixed
/// instalments billed otherwise. Who asked for a rhythm keeps it. The caller holds how the ledger is paid.
pub(in crate::domain) async fn follow(
    tx: &mut Tx,
    ledger: i64,
    from: NaiveDate,
    pays_instalments: bool,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let payer = PAYER.query().bind(ledger).bind(now).fetch_one(&mut *tx).await?;
    let Some(market) = market::by_code(&payer.market) else { return Ok(()) };
    let Some(instalments) = market.instalments.filter(|_| !payer.has_chosen) else { return Ok(()) };
    if (pays_instalments && payer.follows) || (!pays_instalments && payer.pays_elsewhere) {
        return Ok(());
    }
    let multiplier = i32::try_from(instalments.settled_every).unwrap_or(12);
    let periods = Periods { length: Some("MONTHLY"), multiplier, ..Periods::default() };
    let yearly = periods.operations(&market.billing, payer.since).ok().filter(|_| pays_instalments);
    let from = market.start_of(from).max(now);
    let ledgers =
        below(tx, Setting::Of(Target { kind: BillingTarget::Account, id: payer.account_id })).await?;
    hold(tx, &ledgers).await?;
    billing_triggers::follow_from(tx, payer.account_id, from, yearly.as_deref()).await?;
    align(tx, &ledgers).await
}

/// Whether a ledger is billed at a moment by periods of so many months.
pub(in crate::domain) async fn is_billed_every(
    tx: &mut Tx,
    ledger: i64,
    at: DateTime<Utc>,
    months: u32,
) -> Result<bool, sqlx::Error> {
    let target = Target { kind: BillingTarget::ChargingLedger, id: ledger };
    let line = billing_triggers::of_targets(tx, &[target]).await?.concat();
    let issuing = line.iter().find(|each| each.holds_at(at)).and_then(|each| each.issuing().next());
    Ok(issuing.is_some_and(|operation| match operation.frequency {
        Frequency::Daily => false,
        Frequency::Monthly => operation.multiplier == months,
        Frequency::Annually => operation.multiplier.saturating_mul(12) == months,
    }))
}

/// The first day after a day on which a ledger is billed, as far as its rhythm knows.
pub(in crate::domain) async fn next_of(
    tx: &mut Tx,
    ledger: i64,
    after: NaiveDate,
) -> Result<Option<NaiveDate>, sqlx::Error> {
    let target = Target { kind: BillingTarget::ChargingLedger, id: ledger };
    let line = billing_triggers::of_targets(tx, &[target]).await?.concat();
    Ok(next_bill(&line, after).map(|(day, _)| day))
}

/// Why an account's rhythm was not changed.
#[derive(Debug, Error)]
pub enum RhythmError {
    /// The length of a period, how many make one, or the day on which they begin is not possible.
    #[error("there is no such billing period")]
    NoSuchPeriod,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(RhythmError);

/// Periods that an account is to be billed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Periods<'a> {
    /// `MONTHLY` or `QUARTERLY`; none to be billed from bill to bill, without regular days.
    pub length: Option<&'a str>,
    /// How many months or quarters a period has: 1 to 12.
    pub multiplier: i32,
    /// Day of the month on which they begin; that on which the account was opened unless given.
    pub day: Option<i32>,
    /// A month in which one begins; that in which the account was opened unless given.
    pub month: Option<i32>,
}

impl Periods<'_> {
    /// Months in a period; none without regular days.
    fn months(&self) -> Result<Option<u32>, RhythmError> {
        let Some(length) = self.length else { return Ok(None) };
        let unit = match length {
            "MONTHLY" => 1,
            "QUARTERLY" => 3,
            _ => return Err(RhythmError::NoSuchPeriod),
        };
        let multiplier = u32::try_from(self.multiplier).ok().filter(|many| (1..=12).contains(many));
        multiplier.map(|many| Some(many * unit)).ok_or(RhythmError::NoSuchPeriod)
    }

    fn start(&self, opened: NaiveDate) -> Result<YearDay, RhythmError> {
        use chrono::Datelike;
        let within = |given: Option<i32>, usual: u32, most: u32| {
            let given = given.map_or(Ok(usual), u32::try_from);
            given.ok().filter(|given| (1..=most).contains(given)).ok_or(RhythmError::NoSuchPeriod)
        };
        Ok(YearDay {
            day: within(self.day, opened.day(), 31)?,
            month: within(self.month, opened.month(), 12)?,
        })
    }

    /// What the market does usually, as often as this says.
    fn operations(
        &self,
        usual: &[BillingOperation],
        opened: NaiveDate,
    ) -> Result<Vec<BillingOperation>, RhythmError> {
        let (months, start) = (self.months()?, self.start(opened)?);
        let adapted = usual.iter().filter_map(|operation| match months {
            _ if !operation.operation.issues() => Some(operation.clone()),
            None => None,
            Some(multiplier) => Some(BillingOperation {
                frequency: Frequency::Monthly,
                multiplier,
                start: Some(start),
                ..operation.clone()
            }),
        });
        Ok(adapted.collect())
    }
}

statement!(static OPENED: (String, NaiveDate) = "
    select a.market, (a.created_at at time zone f.time_zone)::date
    from accounts a join billing_defaults f on f.brand = a.brand where a.id = $1");

/// Has an account billed by these periods from now on. The caller has settled whose account it is.
pub async fn agree(tx: &mut Tx, account: i64, periods: &Periods<'_>) -> Result<(), RhythmError> {
    let (market, opened) = OPENED.query().bind(account).fetch_one(&mut *tx).await?;
    let usual = market::by_code(&market).map(|market| market.billing.as_slice()).unwrap_or_default();
    let operations = periods.operations(usual, opened)?;
    let now = tx.business_now().await?;
    let account = Target { kind: BillingTarget::Account, id: account };
    set(tx, Setting::Of(account), now, &operations).await?;
    Ok(())
}
