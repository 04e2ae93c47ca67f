//! Complaints of customers. What somebody complains of again before it is settled is the same complaint: each time leaves
//! a contact on it. Whoever of the staff files one takes it up.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::changes::hand;
use crate::domain::accounts::{accounts, assignees, contacts};
use crate::domain::auth::viewer::{RECORD_CONTACTS, Viewer, account_is_visible};
use crate::platform::db::{Tx, Under, database_error, on_constraint, row, statement};
use crate::platform::market;
use crate::platform::page::{self, Page, Window};

/// Longest text, in characters.
const LONGEST: usize = 2_000;
/// The status of a contact that settles its complaint.
const RESOLVED: &str = "RESOLVED";
const OPEN: &str = "OPEN";

/// Why a complaint was not filed or changed.
#[derive(Debug, Error)]
pub enum ComplaintError {
    /// The viewer may not file complaints.
    #[error("the viewer may not file complaints")]
    Forbidden,
    /// There is no such account that the viewer sees.
    #[error("there is no such account")]
    UnknownAccount,
    /// The account is another brand's.
    #[error("the account is not of this brand")]
    Brand,
    /// Nothing like this is complained of.
    #[error("there is no such type of complaint")]
    UnknownType,
    /// There is no such status, or it is not for the viewer to say.
    #[error("a complaint has no such status")]
    Status,
    /// Nobody is written or talked to in this way.
    #[error("there is no such way of contact")]
    Method,
    /// The text is too long or holds odd characters.
    #[error("a text is at most {LONGEST} characters without odd ones")]
    Text,
    /// There is no such complaint.
    #[error("there is no such complaint")]
    Unknown,
    /// It has been settled.
    #[error("the complaint has been resolved")]
    Resolved,
    /// Nobody of the staff has this e-mail, or they have left.
    #[error("there is no such member of staff")]
    Assignee,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(ComplaintError);

impl From<sqlx::Error> for ComplaintError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "complaints_type_fkey") {
            Self::UnknownType
        } else if ["method", "source"]
            .iter()
            .any(|way| on_constraint(&error, &format!("complaint_contacts_{way}_check")))
        {
            Self::Method
        } else if on_constraint(&error, "complaint_contacts_status_check") {
            Self::Status
        } else {
            Self::Database(error)
        }
    }
}

row! {
    /// A complaint.
    pub struct Complaint {
        /// Row id.
        pub id: i32,
        /// What it is about, such as `BILLING`.
        pub complaint_type: String,
        /// More closely, if that was said.
        pub subtype: Option<String>,
        /// Local day on which it was filed.
        pub opened_on: NaiveDate,
        /// Local day on which it was settled.
        pub resolved_on: Option<NaiveDate>,
        /// Row id of the member of staff who looks after it.
        pub assignee_id: Option<i64>,
        /// Whether it goes by the formal procedure.
        pub is_official: bool,
    }
}

row! {
    /// One time that somebody complained, or that they were talked to about it.
    pub struct Contact {
        /// Who complained.
        pub name: String,
        /// What was done.
        pub action_taken: String,
        /// `OPEN`, `IN_PROGRESS` or `RESOLVED`.
        pub status: String,
        /// When it was.
        pub created_at: DateTime<Utc>,
        /// Their mobile number.
        pub mobile: Option<String>,
        /// Their e-mail.
        pub email: Option<String>,
        /// Their landline.
        pub landline: Option<String>,
        /// `EMAIL`, `LETTER`, `PHONE` or `SMS`.
        pub preferred_method: Option<String>,
        /// What they said.
        pub summary: Option<String>,
    }
}

/// A complaint as somebody files it.
#[derive(Clone, Debug)]
pub struct NewComplaint {
    /// Number of the account.
    pub account: String,
    /// Code of its brand.
    pub brand: String,
    /// What it is about, such as `BILLING`.
    pub complaint_type: String,
    /// More closely.
    pub subtype: Option<String>,
    /// What was said.
    pub summary: Option<String>,
    /// `EMAIL`, `LETTER`, `PHONE` or `SMS`.
    pub preferred_method: Option<String>,
    /// One of `ComplaintSourceChoices`.
    pub source: String,
    /// `OPEN`, `IN_PROGRESS` or `RESOLVED`; for customers the first alone.
    pub status: String,
}

/// What was said and done about a complaint after it was filed.
#[derive(Clone, Copy, Debug)]
pub struct NewContact<'a> {
    /// One of `ComplaintSourceChoices`.
    pub source: &'a str,
    /// What was said.
    pub summary: Option<&'a str>,
    /// What was done.
    pub action_taken: &'a str,
    /// `OPEN`, `IN_PROGRESS` or `RESOLVED`.
    pub status: &'a str,
}

macro_rules! complaint_columns {
    () => {
        "c.id, c.type as complaint_type, nullif(c.subtype, '') as subtype, c.opened_on, c.resolved_on, c.assignee_id, \
         c.is_official"
    };
}
macro_rules! contact_columns {
    () => {
        "t.name, t.action_taken, t.status, t.created_at, t.mobile, t.email, t.landline, t.preferred_method, t.summary"
    };
}

statement!(static BY_ID: Complaint = concat!("
    select ", complaint_columns!(), " from complaints c join accounts a on a.id = c.account_id
    where c.id = $3::integer and ", account_is_visible!()));
statement!(static COUNT: (i64, i64) = "
    select account_id, count(*) from complaints where account_id = any($1::bigint[]) group by account_id");
statement!(static PAGE: Under<Complaint> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as p (id, skip, take)) parents
    cross join lateral (select ", complaint_columns!(), " from complaints c where c.account_id = parents.id
        order by c.opened_on desc, c.id desc offset parents.skip limit parents.take) inside"));
statement!(static COUNT_CONTACTS: (i64, i64) = "
    select complaint_id::bigint, count(*) from complaint_contacts where complaint_id = any($1::bigint[])
    group by complaint_id");
statement!(static CONTACTS: Under<Contact> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as p (id, skip, take)) parents
    cross join lateral (select ", contact_columns!(), " from complaint_contacts t where t.complaint_id = parents.id
        order by t.id offset parents.skip limit parents.take) inside"));
// Filing what is open already changes nothing but who looks after it, if nobody did.
statement!(static FILE: (i32,) = "
    insert into complaints as c (account_id, type, subtype, assignee_id, opened_on, by_kind, by_id, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (account_id, type, subtype) where resolved_on is null
        do update set assignee_id = coalesce(c.assignee_id, excluded.assignee_id)
    returning c.id");
// Whoever has the account complains if others speak for them.
statement!(static ADD_CONTACT: () = "
    insert into complaint_contacts (complaint_id, name, email, mobile, landline, preferred_method, source, summary, status,
        action_taken, by_kind, by_id, created_at)
    select c.id, coalesce(nullif(trim(u.given_name || ' ' || u.family_name), ''), a.billing_name), nullif(u.email, ''),
        nullif(u.mobile, ''), nullif(u.landline, ''), $3, $4, $5, $6, $7, $8, $9, $10
    from complaints c join accounts a on a.id = c.account_id
        left join account_users u on u.id = coalesce($2, (
            select r.user_id from account_user_roles r where r.account_id = a.id order by r.created_at, r.user_id limit 1))
    where c.id = $1");
statement!(static RESOLVE: () = "update complaints set resolved_on = $2 where id = $1");
statement!(static HOLD: (String, bool) = "
    select a.market, c.resolved_on is not null from complaints c join accounts a on a.id = c.account_id where c.id = $1
    for update of c");
statement!(static ASSIGN: () = "update complaints set assignee_id = $2 where id = $1");
statement!(static MAKE_OFFICIAL: () = "update complaints set is_official = true where id = $1");

/// Whether the viewer reads complaints about the accounts that they see.
fn may_read(viewer: &Viewer) -> bool {
    viewer.is_staff() || viewer.account_user().is_some() || viewer.may(RECORD_CONTACTS)
}

fn kept(text: Option<&str>) -> Result<Option<String>, ComplaintError> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(said) => contacts::text(said, LONGEST).map(Some).ok_or(ComplaintError::Text),
    }
}

fn local_day(market: &str, now: DateTime<Utc>) -> NaiveDate {
    market::by_code(market).map_or(now.date_naive(), |market| market.day(now))
}

/// Files a complaint, or adds to the one of this type that is open. Customers do it for the accounts that they see, others
/// need the permission.
pub async fn file(tx: &mut Tx, viewer: &Viewer, new: &NewComplaint) -> Result<Complaint, ComplaintError> {
    if viewer.account_user().is_none() && !viewer.may(RECORD_CONTACTS) {
        return Err(ComplaintError::Forbidden);
    }
    let account = accounts::by_number(tx, viewer, &new.account).await?;
    let account = account.ok_or(ComplaintError::UnknownAccount)?;
    if account.brand != new.brand {
        return Err(ComplaintError::Brand);
    }
    if viewer.account_user().is_some() && new.status != OPEN {
        return Err(ComplaintError::Status);
    }
    let summary = kept(new.summary.as_deref())?;
    let id = filed(tx, viewer, &account, new).await?;
    let now = tx.business_now().await?;
    let (kind, by) = hand(viewer);
    let add = ADD_CONTACT.command().bind(id).bind(viewer.account_user()).bind(&new.preferred_method);
    let add = add.bind(&new.source).bind(summary).bind(&new.status).bind("").bind(kind).bind(by);
    add.bind(now).execute(&mut *tx).await?;
    if new.status == RESOLVED {
        RESOLVE.command().bind(id).bind(local_day(&account.market, now)).execute(&mut *tx).await?;
    }
    by_id(tx, viewer, id).await?.ok_or(ComplaintError::Unknown)
}

async fn filed(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &Account,
    new: &NewComplaint,
) -> Result<i32, ComplaintError> {
    let now = tx.business_now().await?;
    let assignee = if viewer.is_staff() { viewer.staff() } else { None };
    let (kind, by) = hand(viewer);
    let file = FILE.query().bind(account.id).bind(&new.complaint_type);
    let file = file.bind(new.subtype.as_deref().unwrap_or_default()).bind(assignee);
    let file = file.bind(local_day(&account.market, now)).bind(kind).bind(by).bind(now);
    Ok(file.fetch_one(&mut *tx).await?.0)
}

/// Notes what was said and done about a complaint that is open. A contact that resolves it ends it today.
pub async fn follow_up(
    tx: &mut Tx,
    viewer: &Viewer,
    complaint: i32,
    new: &NewContact<'_>,
) -> Result<(), ComplaintError> {
    let summary = kept(new.summary)?;
    let action = kept(Some(new.action_taken))?.unwrap_or_default();
    let market = held(tx, complaint).await?;
    let now = tx.business_now().await?;
    let (kind, by) = hand(viewer);
    let add = ADD_CONTACT.command().bind(complaint).bind(None::<i64>).bind(None::<String>);
    let add = add.bind(new.source).bind(summary).bind(new.status).bind(action).bind(kind).bind(by);
    add.bind(now).execute(&mut *tx).await?;
    if new.status == RESOLVED {
        RESOLVE.command().bind(complaint).bind(local_day(&market, now)).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Has a member of staff, by e-mail, look after a complaint that is open.
pub async fn assign(tx: &mut Tx, complaint: i32, email: &str) -> Result<(), ComplaintError> {
    held(tx, complaint).await?;
    let found = assignees::employee(tx, None, Some(email)).await?;
    let Some((employee, true)) = found else { return Err(ComplaintError::Assignee) };
    ASSIGN.command().bind(complaint).bind(employee).execute(&mut *tx).await?;
    Ok(())
}

/// Has a complaint that is open go by the formal procedure, for good.
pub async fn make_official(tx: &mut Tx, complaint: i32) -> Result<(), ComplaintError> {
    held(tx, complaint).await?;
    MAKE_OFFICIAL.command().bind(complaint).execute(&mut *tx).await?;
    Ok(())
}

/// Holds a complaint that is open. Answers its market.
async fn held(tx: &mut Tx, complaint: i32) -> Result<String, ComplaintError> {
    let found = HOLD.query().bind(complaint).fetch_optional(&mut *tx).await?;
    match found.ok_or(ComplaintError::Unknown)? {
        (_, true) => Err(ComplaintError::Resolved),
        (market, false) => Ok(market),
    }
}

/// A complaint about an account that the viewer sees.
pub async fn by_id(tx: &mut Tx, viewer: &Viewer, id: i32) -> Result<Option<Complaint>, sqlx::Error> {
    if !may_read(viewer) {
        return Ok(None);
    }
    BY_ID.seen_by(viewer).bind(id).fetch_optional(&mut *tx).await
}

/// One page of the complaints about each of these accounts, which the viewer sees, the latest first; `None` for whoever
/// reads none.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    window: &Window,
) -> Result<Option<Vec<Page<Complaint>>>, sqlx::Error> {
    if !may_read(viewer) {
        return Ok(None);
    }
    let totals = if window.needs_total() {
        Some(COUNT.query().bind(accounts).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let query = PAGE.query().bind(accounts).bind(&slices.offsets).bind(&slices.limits);
    let found = query.fetch_all(&mut *tx).await?.into_iter().map(Under::pair);
    Ok(Some(page::pages(window, accounts, totals.as_ref(), found)))
}

/// One page of the contacts of each of these complaints, which the viewer has been shown, the first first.
pub async fn contacts_of(
    tx: &mut Tx,
    complaints: &[i64],
    window: &Window,
) -> Result<Vec<Page<Contact>>, sqlx::Error> {
    let totals = if window.needs_total() {
        Some(COUNT_CONTACTS.query().bind(complaints).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, complaints, totals.as_ref());
    let query = CONTACTS.query().bind(complaints).bind(&slices.offsets).bind(&slices.limits);
    let found = query.fetch_all(&mut *tx).await?.into_iter().map(Under::pair);
    Ok(page::pages(window, complaints, totals.as_ref(), found))
}
