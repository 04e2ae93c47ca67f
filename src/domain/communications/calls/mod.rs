//! Phone calls, as the telephone system tells of them.

pub mod agents;
pub mod campaigns;
pub mod eligibility;
pub mod identification;
pub mod queue;
pub mod simulated_exchange;

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::domain::accounts::changes::hand;
use crate::domain::accounts::{accounts, contacts, grouped, in_order};
use crate::domain::auth::viewer::{RECORD_CONTACTS, Viewer};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

/// The only telephone system there is.
pub const TWILIO: &str = "TWILIO";
/// Characters of a key or value.
const LONGEST: usize = 1_000;

/// Why a call stays as it is.
#[derive(Debug, Error)]
pub enum CallError {
    /// The viewer has no business with calls.
    #[error("the viewer has no business with calls")]
    Forbidden,
    /// This field of the input cannot be, and why.
    #[error("{0}: {1}")]
    Invalid(&'static str, &'static str),
    /// There is no such call for the viewer.
    #[error("there is no such call")]
    Unknown,
    /// There is no such account for the viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// The call is about another account, or was made by us.
    #[error("the call cannot be about this account")]
    OtherAccount,
    /// The call cannot wait, and why.
    #[error("{0}")]
    Queue(&'static str),
    /// A key is empty.
    #[error("a key is empty")]
    EmptyKey,
    /// A key is there already.
    #[error("a key is there already")]
    TakenKey,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(CallError);

impl From<sqlx::Error> for CallError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "call_metadata_key") { Self::TakenKey } else { Self::Database(error) }
    }
}

row! {
    /// A phone call.
    pub struct PhoneCall {
        /// Row id.
        pub id: i32,
        /// Whether a customer called us.
        pub is_inbound: bool,
        /// Who called, as `+` and digits.
        pub from_number: String,
        /// The account that it is about, where that is known.
        pub account_id: Option<i64>,
        /// `RINGING`, `QUEUED`, `ANSWERED`, `ENDED` or `ABANDONED`.
        pub status: String,
        /// When it came in.
        pub started_at: DateTime<Utc>,
        /// When it was over.
        pub ended_at: Option<DateTime<Utc>>,
    }
}

/// A call that has come in.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// Who calls.
    pub from: String,
    /// Which of our numbers.
    pub to: String,
    /// What the telephone system calls it.
    pub vendor_id: String,
}

/// Something to know about a call.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// What it is called.
    pub key: String,
    /// What it says.
    pub value: String,
    /// Staff do not see it.
    pub is_hidden: bool,
}

row! {
    /// Something that is known about a call.
    pub struct Item {
        /// The call.
        pub call_id: i32,
        /// What it is called.
        pub key: String,
        /// What it says.
        pub value: String,
    }
}

macro_rules! call_columns {
    () => {
        "c.id, c.direction = 'INBOUND' as is_inbound, c.from_number, c.account_id, c.status, c.started_at, c.ended_at"
    };
}

// Staff see all calls, organisations those that they told us of.
macro_rules! call_is_visible {
    () => {
        "($1::text = 'support-user' or (c.by_kind = 'organisation' and $1 in ('organisation', 'anonymous') \
          and c.by_id = $2::bigint and $2 <> 0))"
    };
}

statement!(static BY_ID: PhoneCall = concat!("
    select ", call_columns!(), " from calls c where c.id = any($3::integer[]) and ", call_is_visible!()));
statement!(static BY_VENDOR: PhoneCall = concat!("
    select ", call_columns!(), " from calls c
    where c.vendor_call_id = $3 and c.from_number = $4 and c.to_number = $5 and ", call_is_visible!()));
statement!(static HOLD: PhoneCall = concat!("
    select ", call_columns!(), " from calls c where c.id = $3 and ", call_is_visible!(), " for update of c"));
statement!(static ADD: (i32,) = "
    insert into calls (direction, from_number, to_number, vendor, vendor_call_id, status, started_at, by_kind, by_id)
    values ('INBOUND', $1, $2, $3, $4, 'RINGING', $5, $6, $7) on conflict on constraint calls_vendor_key do nothing
    returning id");
statement!(static ASSOCIATE: () = "update calls set account_id = $2 where id = $1");
statement!(static ADD_ITEMS: () = "
    insert into call_metadata (call_id, key, value, is_hidden)
    select $1, key, value, is_hidden from unnest($2::text[], $3::text[], $4::boolean[]) with ordinality
        as given (key, value, is_hidden, place) order by given.place");
statement!(static ITEMS: Item = "
    select call_id, key, value from call_metadata
    where call_id = any($1::integer[]) and (not is_hidden or not $2::boolean) order by call_id, place");

/// Whether the viewer may look at calls: staff, and organisations that record contacts.
pub fn may_look(viewer: &Viewer) -> bool {
    viewer.is_staff() || viewer.may(RECORD_CONTACTS)
}

/// Whether the viewer may tell of calls.
fn may_tell(viewer: &Viewer) -> Result<(), CallError> {
    if viewer.may(RECORD_CONTACTS) { Ok(()) } else { Err(CallError::Forbidden) }
}

/// The calls with these ids that the viewer may see, in order.
pub async fn by_ids(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i32],
) -> Result<Vec<Option<PhoneCall>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |call| call.id))
}

/// Notes that a call has come in. Whoever tells of the same call again is given it.
pub async fn create_inbound(tx: &mut Tx, viewer: &Viewer, new: &NewCall) -> Result<PhoneCall, CallError> {
    may_tell(viewer)?;
    let number = |field, text: &str| {
        contacts::phone(text, None).ok_or(CallError::Invalid(field, "This is no international number."))
    };
    let (from, to) = (number("fromPhoneNumber", &new.from)?, number("toPhoneNumber", &new.to)?);
    let vendor_id = contacts::line(&new.vendor_id).filter(|id| !id.is_empty());
    let vendor_id = vendor_id.ok_or(CallError::Invalid("vendorCallId", "This names no call."))?;
    let (by_kind, by_id) = hand(viewer);
    let now = tx.business_now().await?;
    let add = ADD.query().bind(&from).bind(&to).bind(TWILIO).bind(&vendor_id).bind(now);
    let added = add.bind(by_kind).bind(by_id).fetch_optional(&mut *tx).await?;
    let found = match added {
        Some((id,)) => by_ids(tx, viewer, &[id]).await?.pop().flatten(),
        None => {
            let same = BY_VENDOR.seen_by(viewer).bind(&vendor_id);
            same.bind(&from).bind(&to).fetch_optional(&mut *tx).await?
        }
    };
    found.ok_or(CallError::Invalid("vendorCallId", "This names another call."))
}

/// Holds a call that the viewer may see.
async fn hold(tx: &mut Tx, viewer: &Viewer, id: i32) -> Result<PhoneCall, CallError> {
    may_tell(viewer)?;
    let hold = HOLD.seen_by(viewer).bind(id);
    hold.fetch_optional(&mut *tx).await?.ok_or(CallError::Unknown)
}

/// Notes which account a customer's call is about: once.
pub async fn associate(tx: &mut Tx, viewer: &Viewer, id: i32, number: &str) -> Result<PhoneCall, CallError> {
    let call = hold(tx, viewer, id).await?;
    let account = accounts::by_number(tx, viewer, number).await?.ok_or(CallError::UnknownAccount)?;
    if !call.is_inbound || call.account_id.is_some_and(|other| other != account.id) {
        return Err(CallError::OtherAccount);
    }
    ASSOCIATE.command().bind(id).bind(account.id).execute(&mut *tx).await?;
    Ok(PhoneCall { account_id: Some(account.id), ..call })
}

/// Attaches keys and values to a call: all of them, or none.
pub async fn add_items(
    tx: &mut Tx,
    viewer: &Viewer,
    id: i32,
    items: &[NewItem],
) -> Result<PhoneCall, CallError> {
    let call = hold(tx, viewer, id).await?;
    if items.iter().any(|item| item.key.trim().is_empty()) {
        return Err(CallError::EmptyKey);
    }
    if items.iter().any(|item| item.key.chars().count() > LONGEST || item.value.chars().count() > LONGEST) {
        return Err(CallError::Invalid("metadata", "Keys and values have at most 1000 characters."));
    }
    let keys: Vec<&str> = items.iter().map(|item| item.key.trim()).collect();
    let values: Vec<&str> = items.iter().map(|item| item.value.as_str()).collect();
    let hidden: Vec<bool> = items.iter().map(|item| item.is_hidden).collect();
    ADD_ITEMS.command().bind(id).bind(keys).bind(values).bind(hidden).execute(&mut *tx).await?;
    Ok(call)
}

/// What is known about each of these calls, in the order in which it was told. Staff do not see what is hidden from them.
pub async fn items(tx: &mut Tx, viewer: &Viewer, calls: &[i32]) -> Result<Vec<Vec<Item>>, sqlx::Error> {
    let rows = ITEMS.query().bind(calls).bind(viewer.is_staff()).fetch_all(&mut *tx).await?;
    Ok(grouped(calls, rows.into_iter().map(|item| (item.call_id, item)).collect()))
}
