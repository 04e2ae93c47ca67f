//! Debts that an agency collects: handed over, changed and closed. At most one agency works on a debt at a time, and
//! as long as it does, dunning waits.
//!
//! An agency is named by its code or its name and takes the debts of one market, by the campaigns that it may use.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use thiserror::Error;

use super::collections::{self, Debt};
use super::debts::{self, DebtError};
use super::ledgers;
use super::processes::{self, Ending, Kind};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{MANAGE_DEBT, Viewer, account_is_visible};
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::market::Market;

/// Why a debt was not handed over, or the work on it not changed or ended.
#[derive(Debug, Error)]
pub enum ProceedingError {
    /// The viewer may not deal with debts.
    #[error("may not deal with debts")]
    Forbidden,
    /// There is no such account, or the viewer may not see it.
    #[error("unknown account")]
    UnknownAccount,
    /// There is no such ledger, or the viewer may not see it.
    #[error("unknown ledger")]
    UnknownLedger,
    /// The ledger is another account's.
    #[error("the ledger is another account's")]
    ForeignLedger,
    /// No agency of the account's market is called that.
    #[error("unknown agency")]
    UnknownAgency,
    /// The agency takes no debts, or not by this campaign, or the campaign is no longer used.
    #[error("the agency cannot use the campaign")]
    Campaign,
    /// The day is before the account was opened, or still to come.
    #[error("the debt cannot have been handed over on that day")]
    BadDay,
    /// Nothing is overdue, and no amount was named.
    #[error("nothing is overdue")]
    NothingOverdue,
    /// The amount is not positive, or more than is owed.
    #[error("the amount is not owed")]
    BadAmount,
    /// An agency works on this debt.
    #[error("an agency works on this debt")]
    AlreadyStarted,
    /// No agency works on a debt like this.
    #[error("no agency works on this")]
    NoneActive,
    /// Several debts of the account are being worked on, and nothing says which is meant.
    #[error("several debts are being worked on")]
    Several,
    /// There was nothing to change.
    #[error("nothing was to be changed")]
    NothingToChange,
    /// Nothing is called by this reason.
    #[error("unknown reason")]
    UnknownReason,
    /// The day is before the debt was handed over, or still to come.
    #[error("the work cannot have ended on that day")]
    BadStop,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(ProceedingError);

impl From<sqlx::Error> for ProceedingError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "debt_proceedings_stop_reason_fkey") {
            Self::UnknownReason
        } else if on_constraint(&error, "debt_proceedings_period") {
            Self::BadStop
        } else {
            Self::Database(error)
        }
    }
}

row! {
    /// The work of an agency on a debt.
    pub struct Proceeding {
        /// Row id of its process.
        pub id: i64,
        /// The account.
        pub account_id: i64,
        /// Number of the account.
        pub account_number: String,
        /// Number of the ledger; none if it is about the whole account.
        pub ledger_number: Option<String>,
        /// Code of the agency.
        pub agency: String,
        /// Name of the agency.
        pub agency_name: String,
        /// Whether the agency takes debts.
        pub agency_is_active: bool,
        /// Code of the campaign.
        pub campaign: String,
        /// Name of the campaign.
        pub campaign_name: String,
        /// What the campaign amounts to, one of `CollectionCampaignType`.
        pub method: String,
        /// Whether somebody goes there.
        pub requires_field_visit: bool,
        /// When the campaign ceased, or ceases, to be given out.
        pub deprecated_at: Option<DateTime<Utc>>,
        /// What the agency is asked to collect, in minor units.
        pub amount: i64,
        /// When the debt was handed over.
        pub started_at: DateTime<Utc>,
        /// When the work ended.
        pub stopped_at: Option<DateTime<Utc>>,
        /// Why it ended, one of `DebtCollectionProceedingStopReason`.
        pub stop_reason: Option<String>,
    }
}

macro_rules! proceedings {
    () => {
        "select p.id, a.id as account_id, a.number as account_number, l.number as ledger_number, d.agency, \
         agency.name as agency_name, agency.is_active as agency_is_active, d.campaign, \
         campaign.display_name as campaign_name, campaign.method, campaign.requires_field_visit, \
         campaign.deprecated_at, d.amount, d.started_at, d.stopped_at, d.stop_reason \
         from processes p join debt_proceedings d on d.process_id = p.id join accounts a on a.id = p.account_id \
         left join ledgers l on l.id = p.ledger_id join debt_agencies agency on agency.code = d.agency \
         join debt_campaigns campaign on campaign.code = d.campaign "
    };
}

statement!(static OF_ACCOUNTS: Proceeding = concat!(
    proceedings!(), "where a.id = any($3::bigint[]) and ", account_is_visible!(), " order by d.started_at desc, p.id desc"));
statement!(static BY_ID: Proceeding = concat!(
    proceedings!(), "where p.id = $3 and ", account_is_visible!()));

/// What agencies did and do on each of these accounts, the latest first.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Vec<Proceeding>>, sqlx::Error> {
    let rows = OF_ACCOUNTS.seen_by(viewer).bind(accounts);
    let rows = rows.fetch_all(&mut *tx).await?.into_iter().map(|each| (each.account_id, each)).collect();
    Ok(grouped(accounts, rows))
}

async fn by_id(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<Proceeding, sqlx::Error> {
    BY_ID.seen_by(viewer).bind(id).fetch_one(&mut *tx).await
}

/// Which debt goes to whom.
#[derive(Clone, Copy, Debug)]
pub struct NewProceeding<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// Number of the ledger; the whole account, if left out.
    pub ledger_number: Option<&'a str>,
    /// Code or name of the agency.
    pub agency: &'a str,
    /// Code of the campaign.
    pub campaign: &'a str,
    /// Whether the agency acts in the retailer's name.
    pub is_white_label: bool,
    /// The day on which the debt goes, or went, to the agency.
    pub started_on: NaiveDate,
    /// In minor units, no more than is owed; what is overdue, if left out.
    pub amount: Option<i64>,
    /// For the agency and the history.
    pub notes: Option<&'a str>,
}

row! {
    struct Agency {
        code: String,
        name: String,
        email: String,
    }
}

statement!(static AGENCY: Agency = "
    select code, name, email from debt_agencies where market = $1 and $2 in (code, name) order by code limit 1");
statement!(static MAY_USE: (bool,) = "
    select exists (select 1 from debt_agency_campaigns u join debt_agencies a on a.code = u.agency
        join debt_campaigns c on c.code = u.campaign
        where u.agency = $1 and u.campaign = $2 and a.is_active
            and (c.deprecated_at is null or c.deprecated_at > $3))");
statement!(static ADD: () = "
    insert into debt_proceedings (process_id, agency, campaign, amount, is_white_label, started_at)
    values ($1, $2, $3, $4, $5, $6)");

/// Hands a debt to an agency and tells the agency. Dunning of it waits from then on, and its collection has begun.
pub async fn commence(
    tx: &mut Tx,
    viewer: &Viewer,
    new: &NewProceeding<'_>,
) -> Result<Proceeding, ProceedingError> {
    let (account, market) = account(tx, viewer, new.account_number).await?;
    let ledger = ledger(tx, viewer, &account, new.ledger_number).await?;
    let agency = agency(tx, market, new.agency).await?;
    may_use(tx, &agency, new.campaign).await?;
    let now = tx.business_now().await?;
    let today = market.day(now);
    if new.started_on > today || new.started_on < market.day(account.created_at) {
        return Err(ProceedingError::BadDay);
    }
    let amount = amount(tx, viewer, &account, new).await?;
    let note = new.notes.unwrap_or("Handed over.");
    let process =
        processes::New { kind: Kind::Agency, account: account.id, ledger, started_on: new.started_on, note };
    let started = processes::start(tx, Some(viewer), &process).await?;
    let id = started.ok_or(ProceedingError::AlreadyStarted)?;
    let add = ADD.command().bind(id).bind(&agency.code).bind(new.campaign).bind(amount);
    let add = add.bind(new.is_white_label).bind(moment(market, new.started_on, now));
    add.execute(&mut *tx).await?;
    let debt = Debt { account: account.id, ledger, today };
    collections::begin_with(tx, viewer, &debt, &agency.code, id).await?;
    let proceeding = by_id(tx, viewer, id).await?;
    let name = if new.is_white_label { "our name" } else { "your own name" };
    let order = format!(
        "Please collect {} by the campaign {}, in {name}. {note}",
        shown(market, amount),
        proceeding.campaign_name
    );
    tell(tx, &agency, &proceeding, &order).await?;
    Ok(proceeding)
}

async fn account(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
) -> Result<(Account, &'static Market), ProceedingError> {
    if !viewer.may(MANAGE_DEBT) {
        return Err(ProceedingError::Forbidden);
    }
    let account = accounts::by_number(tx, viewer, number).await?.ok_or(ProceedingError::UnknownAccount)?;
    let market = account.market().ok_or(ProceedingError::UnknownAccount)?;
    Ok((account, market))
}

async fn ledger(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &Account,
    number: Option<&str>,
) -> Result<Option<i64>, ProceedingError> {
    let Some(number) = number else { return Ok(None) };
    let ledger = ledgers::by_number(tx, viewer, number).await?.ok_or(ProceedingError::UnknownLedger)?;
    if ledger.account_id == account.id { Ok(Some(ledger.id)) } else { Err(ProceedingError::ForeignLedger) }
}

async fn agency(tx: &mut Tx, market: &Market, name: &str) -> Result<Agency, ProceedingError> {
    let found = AGENCY.query().bind(&market.code).bind(name).fetch_optional(&mut *tx).await?;
    found.ok_or(ProceedingError::UnknownAgency)
}

async fn may_use(tx: &mut Tx, agency: &Agency, campaign: &str) -> Result<(), ProceedingError> {
    let now = tx.business_now().await?;
    let query = MAY_USE.query().bind(&agency.code).bind(campaign).bind(now);
    let (may,) = query.fetch_one(&mut *tx).await?;
    if may { Ok(()) } else { Err(ProceedingError::Campaign) }
}

statement!(static OWED: (i64,) = "
    select coalesce(sum(greatest(0, -b.balance)), 0)::bigint
    from ledgers l join ledger_balances b on b.ledger_account_id = l.id
    where l.account_id = $1 and ($2::text is null or l.number = $2)");

/// What is to be collected: the amount named, if it is owed, or what is overdue.
async fn amount(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &Account,
    new: &NewProceeding<'_>,
) -> Result<i64, ProceedingError> {
    if let Some(amount) = new.amount {
        return is_owed(tx, account.id, new.ledger_number, amount).await;
    }
    let position = match debts::position(tx, viewer, &account.number, None).await {
        Ok(position) => position,
        Err(DebtError::Database(error)) => return Err(error.into()),
        Err(DebtError::NotTracked | DebtError::UnknownAccount) => {
            return Err(ProceedingError::NothingOverdue);
        }
    };
    let wanted = |number: &str| new.ledger_number.is_none_or(|ledger| ledger == number);
    let ledgers = position.ledgers.iter().filter(|ledger| wanted(&ledger.number));
    let overdue: i64 = ledgers.filter_map(|ledger| ledger.delinquent).sum();
    if overdue > 0 { Ok(overdue) } else { Err(ProceedingError::NothingOverdue) }
}

async fn is_owed(
    tx: &mut Tx,
    account: i64,
    ledger: Option<&str>,
    amount: i64,
) -> Result<i64, ProceedingError> {
    let (owed,) = OWED.query().bind(account).bind(ledger).fetch_one(&mut *tx).await?;
    if amount > 0 && amount <= owed { Ok(amount) } else { Err(ProceedingError::BadAmount) }
}

/// A day as a moment: today is now, any other day its beginning.
fn moment(market: &Market, day: NaiveDate, now: DateTime<Utc>) -> DateTime<Utc> {
    if day == market.day(now) { now } else { market.start_of(day) }
}

/// Writes to an agency, which no customer sees.
async fn tell(tx: &mut Tx, agency: &Agency, about: &Proceeding, text: &str) -> Result<(), sqlx::Error> {
    let debt = about.ledger_number.as_deref().unwrap_or("all ledgers");
    let text = format!("{} (proceeding {}, account {}, {debt})", text.trim(), about.id, about.account_number);
    let letter = NewMessage {
        channel: Channel::Email,
        template: "agency-order",
        account_user: None,
        to: &agency.email,
        subject: &format!("{}: proceeding {}", agency.name, about.id),
        text: &text,
        confidential: false,
    };
    messages::send(tx, &letter).await?;
    Ok(())
}

fn shown(market: &Market, amount: i64) -> String {
    format!("{} {}", market.currency.code, Decimal::new(amount, market.currency.exponent))
}

/// What is to change about the work of an agency; what is left out stays as it is.
#[derive(Clone, Copy, Debug)]
pub struct Changes<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// Code of another campaign of the same agency.
    pub campaign: Option<&'a str>,
    /// In minor units, no more than is owed.
    pub amount: Option<i64>,
    /// For the agency and the history.
    pub notes: Option<&'a str>,
}

statement!(static HOLD: (i64,) = "
    select p.id from processes p join debt_proceedings d on d.process_id = p.id
    where p.kind = 'agency' and p.ended_at is null and p.account_id = $1
        and ($2::text is null or p.ledger_id = (select l.id from ledgers l where l.number = $2))
        and ($3::text is null or d.agency = $3) and ($4::text is null or d.campaign = $4)
    order by p.id for no key update of p");
statement!(static CHANGE: () = "
    update debt_proceedings set campaign = coalesce($2, campaign), amount = coalesce($3, amount) where process_id = $1");

/// The one proceeding under way that fits, its row locked.
async fn under_way(
    tx: &mut Tx,
    viewer: &Viewer,
    account: i64,
    ledger: Option<&str>,
    agency: Option<&str>,
    campaign: Option<&str>,
) -> Result<Proceeding, ProceedingError> {
    let hold = HOLD.query().bind(account).bind(ledger).bind(agency).bind(campaign);
    match hold.fetch_all(&mut *tx).await?[..] {
        [] => Err(ProceedingError::NoneActive),
        [(id,)] => Ok(by_id(tx, viewer, id).await?),
        _ => Err(ProceedingError::Several),
    }
}

/// Changes what an agency is asked to do, and tells it.
pub async fn change(
    tx: &mut Tx,
    viewer: &Viewer,
    changes: &Changes<'_>,
) -> Result<Proceeding, ProceedingError> {
    let (account, market) = account(tx, viewer, changes.account_number).await?;
    let before = under_way(tx, viewer, account.id, None, None, None).await?;
    if (changes.campaign, changes.amount, changes.notes) == (None, None, None) {
        return Err(ProceedingError::NothingToChange);
    }
    let agency = agency(tx, market, &before.agency).await?;
    if let Some(campaign) = changes.campaign {
        may_use(tx, &agency, campaign).await?;
    }
    if let Some(amount) = changes.amount {
        is_owed(tx, account.id, before.ledger_number.as_deref(), amount).await?;
    }
    let change = CHANGE.command().bind(before.id).bind(changes.campaign).bind(changes.amount);
    change.execute(&mut *tx).await?;
    let after = by_id(tx, viewer, before.id).await?;
    let order = format!(
        "From now on, please collect {} by the campaign {}. {}",
        shown(market, after.amount),
        after.campaign_name,
        changes.notes.unwrap_or_default()
    );
    processes::note(tx, Some(viewer), before.id, "changed", Some(order.trim())).await?;
    tell(tx, &agency, &after, &order).await?;
    Ok(after)
}

/// Whose work on which debt ends, when and why.
#[derive(Clone, Copy, Debug)]
pub struct Closing<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// Number of the ledger, where several debts are being worked on.
    pub ledger_number: Option<&'a str>,
    /// Code or name of the agency.
    pub agency: &'a str,
    /// Code of the campaign, where that tells one from another.
    pub campaign: Option<&'a str>,
    /// One of `DebtCollectionProceedingStopReason`.
    pub reason: &'a str,
    /// The day on which it ended.
    pub stopped_on: NaiveDate,
    /// Whether the agency is to be told.
    pub tells_agency: bool,
}

statement!(static STOP: () = "
    update debt_proceedings set stopped_at = $2, stop_reason = $3 where process_id = $1");

/// Ends the work of an agency on a debt. Dunning goes on.
pub async fn close(
    tx: &mut Tx,
    viewer: &Viewer,
    closing: &Closing<'_>,
) -> Result<Proceeding, ProceedingError> {
    let (account, market) = account(tx, viewer, closing.account_number).await?;
    let agency = agency(tx, market, closing.agency).await?;
    let now = tx.business_now().await?;
    let found =
        under_way(tx, viewer, account.id, closing.ledger_number, Some(&agency.code), closing.campaign);
    let proceeding = found.await?;
    if closing.stopped_on > market.day(now) {
        return Err(ProceedingError::BadStop);
    }
    let mut at = moment(market, closing.stopped_on, now);
    if closing.stopped_on == market.day(proceeding.started_at) {
        at = at.max(proceeding.started_at);
    }
    STOP.command().bind(proceeding.id).bind(at).bind(closing.reason).execute(&mut *tx).await?;
    let ending = if closing.reason == "WITHDRAWN" { Ending::Withdrawn } else { Ending::Completed };
    if !processes::end(tx, Some(viewer), proceeding.id, ending, Some(closing.reason)).await? {
        return Err(ProceedingError::NoneActive);
    }
    if closing.tells_agency {
        let text = format!("Please stop collecting: {}.", closing.reason.replace('_', " ").to_lowercase());
        tell(tx, &agency, &proceeding, &text).await?;
    }
    Ok(by_id(tx, viewer, proceeding.id).await?)
}
