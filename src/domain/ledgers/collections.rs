//! The collection of a debt as a whole: opened when the reminders have run out or an agency is given the debt, then
//! begun, held back and resumed, and closed. Whoever works on it knows it by the number of its record.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use thiserror::Error;

use super::debts::{self, DebtError};
use super::processes::{self, Ending, Kind, held_days, is_held};
use crate::domain::auth::viewer::{MANAGE_DEBT, Viewer, account_is_visible};
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

/// Why nothing was said about a record, or done to it.
#[derive(Debug, Error)]
pub enum CollectionError {
    /// The viewer may not deal with debts.
    #[error("may not deal with debts")]
    Forbidden,
    /// There is no such record, or the viewer may not see it.
    #[error("unknown record")]
    Unknown,
    /// It cannot begin without what it is called where it is worked on.
    #[error("no external reference")]
    NoReference,
    /// It cannot be closed without a reason.
    #[error("no reason")]
    NoReason,
    /// It cannot be closed without a word about it.
    #[error("no details")]
    NoDetails,
    /// The item is tied to it already.
    #[error("the item is tied to it already")]
    AlreadyTied,
    /// Items tell of the end of the supply, and none of them says anything about it.
    #[error("nothing is known of the end of the supply")]
    NoDisconnectionData,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(CollectionError);

impl From<sqlx::Error> for CollectionError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "collection_items_reference_key") {
            Self::AlreadyTied
        } else {
            Self::Database(error)
        }
    }
}

row! {
    /// The record of a collection.
    pub struct Record {
        /// Row id of its process.
        pub id: i64,
        /// `C-` and eight hexadecimal digits.
        pub number: String,
        /// `PENDING`, `ACTIVE` or `COMPLETE`.
        pub status: String,
        /// Whether it is held back for the time being.
        pub is_paused: bool,
        /// Whole days, added up, that it has been held back for.
        pub paused_days: i64,
        /// How it ended.
        pub completion_type: Option<String>,
        /// The account.
        pub account_id: i64,
        /// Number of the account.
        pub account_number: String,
        /// Number of the ledger; none if it is about the whole account.
        pub ledger_number: Option<String>,
    }
}

impl Record {
    /// Whether it has begun and not ended.
    pub fn is_active(&self) -> bool {
        self.status == "ACTIVE"
    }

    /// Whether it has ended.
    pub fn is_complete(&self) -> bool {
        self.status == "COMPLETE"
    }
}

row! {
    /// Something that was done in a collection.
    pub struct Item {
        /// Row id.
        pub id: i64,
        /// One of `CollectionProcessAssociatedItemType`.
        pub item_type: String,
        /// What it is called where it comes from.
        pub item_reference: String,
        /// When it was done.
        pub occurred_at: DateTime<Utc>,
        /// What else is known of it.
        pub extra_details: Option<Value>,
    }
}

/// Whose debt is collected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Debt {
    pub account: i64,
    /// The whole account if it names none.
    pub ledger: Option<i64>,
    /// The day that it is there.
    pub today: NaiveDate,
}

statement!(static ADD: (String,) = "insert into collection_records (process_id) values ($1) returning number");
statement!(static WHOM: (String, String) = "select number, billing_email from accounts where id = $1");

/// Opens a collection, unless one is under way there, and tells the customer its number.
pub(super) async fn open(
    tx: &mut Tx,
    by: Option<&Viewer>,
    debt: &Debt,
    note: &str,
) -> Result<(), sqlx::Error> {
    let Debt { account, ledger, today } = *debt;
    let new = processes::New { kind: Kind::Collection, account, ledger, started_on: today, note };
    let Some(id) = processes::start(tx, by, &new).await? else { return Ok(()) };
    let (number,) = ADD.query().bind(id).fetch_one(&mut *tx).await?;
    let (account_number, email) = WHOM.query().bind(account).fetch_one(&mut *tx).await?;
    if email.is_empty() {
        return Ok(());
    }
    let text = format!(
        "The debt on your account {account_number} is now being collected. Please name case {number} when you call us."
    );
    let letter = NewMessage {
        channel: Channel::Email,
        template: "debt-collection",
        account_user: None,
        to: &email,
        subject: "Your debt is being collected",
        text: &text,
        confidential: false,
    };
    messages::send_about(tx, &letter, account).await?;
    Ok(())
}

statement!(static PENDING: (i64,) = "
    select p.id from processes p join collection_records r on r.process_id = p.id
    where p.account_id = $1 and p.ledger_id is not distinct from $2 and p.ended_at is null and r.activated_at is null
    for no key update of p");
statement!(static ACTIVATE: () = "
    update collection_records set activated_at = coalesce(activated_at, $2), external_reference = $3, external_source = $4
    where process_id = $1");

/// Opens the collection of a debt that goes to an agency, where there is none, and begins it, where it is pending.
pub(super) async fn begin_with(
    tx: &mut Tx,
    viewer: &Viewer,
    debt: &Debt,
    agency: &str,
    proceeding: i64,
) -> Result<(), sqlx::Error> {
    open(tx, Some(viewer), debt, "An agency was given the debt.").await?;
    let pending = PENDING.query().bind(debt.account).bind(debt.ledger).fetch_optional(&mut *tx).await?;
    let Some((record,)) = pending else { return Ok(()) };
    activate(tx, viewer, record, &proceeding.to_string(), Some(agency)).await
}

async fn activate(
    tx: &mut Tx,
    viewer: &Viewer,
    record: i64,
    reference: &str,
    source: Option<&str>,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    ACTIVATE.command().bind(record).bind(now).bind(reference).bind(source).execute(&mut *tx).await?;
    let note = format!("Known as {reference} to {}.", source.unwrap_or("somebody else"));
    processes::note(tx, Some(viewer), record, "activated", Some(&note)).await
}

statement!(static BY_NUMBER: Record = concat!("
    select p.id, r.number, case when p.ended_at is not null then 'COMPLETE' when r.activated_at is not null then 'ACTIVE'
            else 'PENDING' end as status,
        p.ended_at is null and ", is_held!("p.id"), " as is_paused,
        ", held_days!("p.id", "coalesce(p.ended_at, $4)"), " as paused_days,
        r.completion_type, a.id as account_id, a.number as account_number, l.number as ledger_number
    from collection_records r join processes p on p.id = r.process_id join accounts a on a.id = p.account_id
        left join ledgers l on l.id = p.ledger_id
    where r.number = $3 and ", account_is_visible!()));
statement!(static ITEMS: Item = "
    select id, item_type, item_reference, occurred_at, extra_details from collection_items
    where process_id = $1 order by occurred_at, id");

async fn by_number(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Record, CollectionError> {
    let now = tx.business_now().await?;
    let query = BY_NUMBER.seen_by(viewer).bind(number).bind(now);
    query.fetch_optional(&mut *tx).await?.ok_or(CollectionError::Unknown)
}

/// What is tied to a collection when its supply is to end, or has been given back.
const DISCONNECTION: [&str; 3] = ["CONTRACT_TERMINATION", "LEAVE_SUPPLIER_PROCESS", "REACTIVATION_HISTORY"];

/// A record, and what is tied to it, the earliest first. Refused while items tell of the end of the supply and none
/// of them says anything about it.
pub async fn details(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
) -> Result<(Record, Vec<Item>), CollectionError> {
    let record = by_number(tx, viewer, number).await?;
    let items = ITEMS.query().bind(record.id).fetch_all(&mut *tx).await?;
    let mut ends = items.iter().filter(|item| DISCONNECTION.contains(&item.item_type.as_str())).peekable();
    if ends.peek().is_some() && ends.all(|item| item.extra_details.is_none()) {
        return Err(CollectionError::NoDisconnectionData);
    }
    Ok((record, items))
}

statement!(static HOLD: (i64,) = concat!("
    select p.id from collection_records r join processes p on p.id = r.process_id join accounts a on a.id = p.account_id
    where r.number = $3 and ", account_is_visible!(), " for no key update of p"));

/// The record, its process locked.
async fn held(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Record, CollectionError> {
    if !viewer.may(MANAGE_DEBT) {
        return Err(CollectionError::Forbidden);
    }
    let query = HOLD.seen_by(viewer).bind(number);
    query.fetch_optional(&mut *tx).await?.ok_or(CollectionError::Unknown)?;
    by_number(tx, viewer, number).await
}

/// Marks a collection as begun under a reference. One that has ended stays as it is; one that has begun may get
/// another reference.
pub async fn begin(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    reference: Option<&str>,
    source: Option<&str>,
) -> Result<Record, CollectionError> {
    let record = held(tx, viewer, number).await?;
    let reference = filled(reference).ok_or(CollectionError::NoReference)?;
    if record.is_complete() {
        return Ok(record);
    }
    activate(tx, viewer, record.id, reference, filled(source)).await?;
    by_number(tx, viewer, number).await
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

statement!(static CLOSE: () = "
    update collection_records set completion_type = $2, completion_details = $3 where process_id = $1");

/// Closes a collection for a reason, one of `CollectionProcessRecordCompletionTypeChoices`. One that has ended stays
/// as it is.
pub async fn close(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    reason: Option<&str>,
    details: Option<&str>,
) -> Result<Record, CollectionError> {
    let record = held(tx, viewer, number).await?;
    let reason = reason.ok_or(CollectionError::NoReason)?;
    let details = filled(details).ok_or(CollectionError::NoDetails)?;
    let ending = if reason == "ENDED" { Ending::Completed } else { Ending::Withdrawn };
    if processes::end(tx, Some(viewer), record.id, ending, Some(details)).await? {
        CLOSE.command().bind(record.id).bind(reason).bind(details).execute(&mut *tx).await?;
    }
    by_number(tx, viewer, number).await
}

statement!(static OBSTACLES: (bool, bool) = "
    select
        exists (select 1 from account_users u where u.is_deceased and (
            exists (select 1 from account_user_roles o
                where o.user_id = u.id and o.account_id = a.id and o.role = 'ACCOUNT_OWNER')
            or exists (select 1 from portfolio_user_roles o
                where o.user_id = u.id and o.portfolio_id = a.portfolio_id and o.role = 'PORTFOLIO_OWNER'))),
        exists (select 1 from processes d join process_pauses held on held.process_id = d.id and held.days @> $2::date
            where d.kind = 'dunning' and d.ended_at is null and d.account_id = a.id
                and (p.ledger_id is null or d.ledger_id = p.ledger_id))
    from processes p join accounts a on a.id = p.account_id where p.id = $1");

/// Looks whether anything stands in the way of a collection: that the customer has died, that dunning is held back,
/// that nothing is overdue. Holds it back then; if nothing does, lets it go on, if that is allowed.
pub async fn assess(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    may_resume: bool,
) -> Result<Record, CollectionError> {
    let record = held(tx, viewer, number).await?;
    if record.is_complete() {
        return Ok(record);
    }
    let by = Some(viewer);
    match obstacle(tx, viewer, &record).await? {
        Some(why) if !record.is_paused => processes::note(tx, by, record.id, "paused", Some(why)).await?,
        None if record.is_paused && may_resume => processes::note(tx, by, record.id, "resumed", None).await?,
        _ => return Ok(record),
    }
    by_number(tx, viewer, number).await
}

async fn obstacle(
    tx: &mut Tx,
    viewer: &Viewer,
    record: &Record,
) -> Result<Option<&'static str>, CollectionError> {
    let position = match debts::position(tx, viewer, &record.account_number, None).await {
        Ok(position) => position,
        Err(DebtError::Database(error)) => return Err(error.into()),
        // Nothing says when a debt is overdue there.
        Err(DebtError::NotTracked | DebtError::UnknownAccount) => return Ok(None),
    };
    let wanted = |number: &str| record.ledger_number.as_deref().is_none_or(|ledger| ledger == number);
    let ledgers = position.ledgers.iter().filter(|ledger| wanted(&ledger.number));
    let overdue: i64 = ledgers.filter_map(|ledger| ledger.delinquent).sum();
    let query = OBSTACLES.query().bind(record.id).bind(position.day);
    let (deceased, held_back) = query.fetch_one(&mut *tx).await?;
    Ok(match (deceased, held_back) {
        (true, _) => Some("The customer has died."),
        (_, true) => Some("Dunning is held back."),
        _ if overdue == 0 => Some("Nothing is overdue."),
        _ => None,
    })
}

/// Something that was done about a debt.
#[derive(Clone, Copy, Debug)]
pub struct NewItem<'a> {
    /// One of `CollectionProcessAssociatedItemType`.
    pub item_type: &'a str,
    /// What it is called where it comes from.
    pub item_reference: &'a str,
    /// When it was done; now, if left out.
    pub occurred_at: Option<DateTime<Utc>>,
    /// What else is known of it.
    pub extra_details: Option<&'a Value>,
}

statement!(static TIE: (i64,) = "
    insert into collection_items (process_id, item_type, item_reference, occurred_at, extra_details, created_at)
    values ($1, $2, $3, $4, $5, $6) returning id");

/// Ties something to a collection, also after it has ended; the same thing once. Answers its row id.
pub async fn tie(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    item: &NewItem<'_>,
) -> Result<(Record, i64), CollectionError> {
    let record = held(tx, viewer, number).await?;
    let now = tx.business_now().await?;
    let insert = TIE.query().bind(record.id).bind(item.item_type).bind(item.item_reference);
    let insert = insert.bind(item.occurred_at.unwrap_or(now)).bind(item.extra_details).bind(now);
    let (id,) = insert.fetch_one(&mut *tx).await?;
    Ok((record, id))
}
