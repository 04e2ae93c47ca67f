//! Asking for money back, and thinking better of it.
//!
//! Whoever asks holds the ledger meanwhile, so that two requests never draw on the same credit.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use super::instructions::{self, DIRECT_DEBIT};
use super::may_manage;
use super::refunds::{self, Means, Obstacle};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::{Viewer, account_is_owned, account_is_visible};
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::domain::ledgers::journal;
use crate::domain::ledgers::ledgers::{LedgerName, NameError};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::market;
use crate::platform::money::Minor;

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 500;
const LONGEST_KEY: usize = 200;

/// Why nothing was asked for, or a request not withdrawn.
#[derive(Debug, Error)]
pub enum RequestError {
    /// Neither a customer nor somebody who may deal with payments.
    #[error("the viewer may not ask for repayments")]
    Forbidden,
    /// There is no such account or ledger for the viewer, or the money is not theirs.
    #[error("there is no such ledger of the viewer's")]
    NotTheirs,
    /// The text names no one ledger.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The amount is zero or less, or more than can be shown.
    #[error("the amount must be more than zero")]
    BadAmount,
    /// A customer may ask for nothing now.
    #[error("nothing can be asked back now: {}", .0.code())]
    Obstacle(Obstacle),
    /// The amount is more than may be asked for, in minor units.
    #[error("no more than {0} can be asked back")]
    TooMuch(i64),
    /// There is nothing that money could be sent to by this way.
    #[error("there is no way to send the money: {0}")]
    NoWay(&'static str),
    /// The key or the reason is empty or too long.
    #[error("{0}")]
    Text(&'static str),
    /// The key stands for another request.
    #[error("the key has been used for another request")]
    UsedKey,
    /// A request by the plain form is open already.
    #[error("a request is open already")]
    AlreadyOpen,
    /// The account has no e-mail to confirm the request to.
    #[error("there is no e-mail to confirm the request to")]
    NoEmail,
    /// There is no such request.
    #[error("there is no such request")]
    Unknown,
    /// It has been decided on.
    #[error("the request has been decided on")]
    Decided,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(RequestError);

impl From<sqlx::Error> for RequestError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "repayment_requests_idempotency_key") {
            Self::UsedKey
        } else if on_constraint(&error, "repayment_requests_plain") {
            Self::AlreadyOpen
        } else {
            Self::Database(error)
        }
    }
}

row! {
    /// A request as it stands.
    pub struct Request {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// In minor units.
        pub amount: i64,
        /// One of `RepaymentRequestStatus`.
        pub status: String,
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct NewRequest<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// The ledger, by its id or number.
    pub ledger: &'a str,
    /// In minor units; more than zero.
    pub amount: i64,
    /// `BANK_TRANSFER` or `CHEQUE`; the bank account on file where there is one, if left out.
    pub method: Option<&'a str>,
    /// Any text that was not used for another request of the account.
    pub idempotency_key: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
}

row! {
    struct Ledger {
        id: i64,
        account_id: i64,
        market: String,
        billing_email: String,
        billing_name: String,
        is_owned: bool,
    }
}

macro_rules! ledgers {
    () => {
        concat!(
            "select l.id, a.id as account_id, a.market, a.billing_email, a.billing_name, ",
            account_is_owned!(),
            " as is_owned from ledgers l join accounts a on a.id = l.account_id where a.number = $3 and "
        )
    };
}

// A deposit goes back as it was agreed, and not because somebody asks; what is on a meter is on the meter.
statement!(static NAMED: Ledger = concat!(
    ledgers!(), "not l.holds_deposits and not l.holds_meter_credit and (l.id = $4::bigint or l.number = $5::text) and ", account_is_visible!()));
statement!(static MAIN: Ledger = concat!(ledgers!(), "l.is_main and ", account_is_visible!()));
statement!(static KNOWS_KEY: (bool,) = "
    select exists (select 1 from repayment_requests where account_id = $1 and idempotency_key = $2)");
statement!(static ADD: Request = "
    with asked as (
        insert into repayment_requests (account_id, ledger_id, kind, payment_id, instruction_id, amount, method, reason,
            idempotency_key, is_plain, requested_by_kind, requested_by_id, requested_at)
        values ($1, $2, case when $3::bigint is null then 'repayment' else 'refund' end, $3, $4, $5, $6, $7, $8, $9, $10,
            $11, $12) returning *
    ), waiting as (
        insert into account_repayments (account_id, ledger_id, request_id, instruction_id, amount, method,
            draws_on_credit, status, payment_date, requested_by_kind, requested_by_id, created_at)
        select account_id, ledger_id, id, instruction_id, amount, method, kind = 'repayment', 'REQUESTED', $13,
            requested_by_kind, requested_by_id, requested_at from asked
    )
    select id, amount, status from asked");

/// Asks for some of a ledger's credit. Nothing is debited before the money is on its way.
pub async fn submit(tx: &mut Tx, viewer: &Viewer, new: &NewRequest<'_>) -> Result<Request, RequestError> {
    if !may_manage(viewer) {
        return Err(RequestError::Forbidden);
    }
    let name = LedgerName::parse(new.ledger)?;
    let (id, number) = match &name {
        LedgerName::Id(id) => (Some(*id), None),
        LedgerName::Number(number) => (None, Some(number.as_str())),
    };
    let query = NAMED.seen_by(viewer).bind(new.account_number);
    let ledger = query.bind(id).bind(number).fetch_optional(&mut *tx).await?;
    let ledger = ledger.filter(|ledger| ledger.is_owned).ok_or(RequestError::NotTheirs)?;
    let wanted = Wanted {
        amount: new.amount,
        method: new.method,
        idempotency_key: Some(new.idempotency_key),
        reason: new.reason,
        is_plain: false,
    };
    ask(tx, viewer, &ledger, &wanted).await
}

/// Asks for some of the credit on a British account's main ledger, and confirms it by e-mail. One such request is open at
/// a time.
pub async fn submit_plain(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    amount: i64,
) -> Result<Request, RequestError> {
    if !may_manage(viewer) {
        return Err(RequestError::Forbidden);
    }
    let query = MAIN.seen_by(viewer).bind(account_number);
    let ledger = query.fetch_optional(&mut *tx).await?;
    let ledger = ledger.filter(|ledger| ledger.is_owned && ledger.market == "gb");
    let ledger = ledger.ok_or(RequestError::NotTheirs)?;
    let wanted = Wanted { amount, method: None, idempotency_key: None, reason: None, is_plain: true };
    let request = ask(tx, viewer, &ledger, &wanted).await?;
    confirm(tx, &ledger, &request).await?;
    Ok(request)
}

struct Wanted<'a> {
    amount: i64,
    method: Option<&'a str>,
    idempotency_key: Option<&'a str>,
    reason: Option<&'a str>,
    is_plain: bool,
}

impl Wanted<'_> {
    fn check(&self) -> Result<(), RequestError> {
        if Minor::positive_entry(self.amount).is_err() {
            return Err(RequestError::BadAmount);
        }
        if let Some(key) = self.idempotency_key {
            check_key(key).map_err(RequestError::Text)?;
        }
        if self.reason.is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
            return Err(RequestError::Text("The reason must have no more than 500 characters."));
        }
        Ok(())
    }
}

/// Whether a text can be a key; if not, why.
pub(super) fn check_key(key: &str) -> Result<(), &'static str> {
    let length = key.chars().count();
    if length == 0 || length > LONGEST_KEY {
        return Err("The idempotency key must have 1 to 200 characters.");
    }
    Ok(())
}

/// Whether a key stands for a request of the account.
pub(super) async fn knows_key(tx: &mut Tx, account: i64, key: &str) -> Result<bool, sqlx::Error> {
    Ok(KNOWS_KEY.query().bind(account).bind(key).fetch_one(&mut *tx).await?.0)
}

async fn ask(
    tx: &mut Tx,
    viewer: &Viewer,
    ledger: &Ledger,
    wanted: &Wanted<'_>,
) -> Result<Request, RequestError> {
    wanted.check()?;
    let market = market::by_code(&ledger.market).ok_or(RequestError::NotTheirs)?;
    journal::hold(tx, &[ledger.id], &market.currency.code).await?;
    if let Some(key) = wanted.idempotency_key
        && knows_key(tx, ledger.account_id, key).await?
    {
        return Err(RequestError::UsedKey);
    }
    let means = refunds::of_ledger(tx, viewer, ledger.id).await?.ok_or(RequestError::NotTheirs)?;
    afford(viewer, &means, wanted.amount)?;
    let way = way(tx, ledger, &means, wanted.method).await?;
    let row = NewRow {
        account: ledger.account_id,
        ledger: ledger.id,
        payment: None,
        instruction: way.instruction,
        amount: wanted.amount,
        method: way.method,
        reason: wanted.reason,
        idempotency_key: wanted.idempotency_key,
        is_plain: wanted.is_plain,
        today: market.day(tx.business_now().await?),
    };
    add(tx, viewer, &row).await
}

/// Whether the viewer may ask for so much. The rules are there for customers and whoever acts for them.
fn afford(viewer: &Viewer, means: &Means, amount: i64) -> Result<(), RequestError> {
    let most = if viewer.is_staff() {
        means.credit()
    } else if let Some(obstacle) = means.obstacle() {
        return Err(RequestError::Obstacle(obstacle));
    } else {
        means.maximum().0
    };
    if amount <= most { Ok(()) } else { Err(RequestError::TooMuch(most)) }
}

/// By which way money goes, and where to.
struct Way {
    method: &'static str,
    instruction: Option<i64>,
}

async fn way(tx: &mut Tx, ledger: &Ledger, means: &Means, wanted: Option<&str>) -> Result<Way, RequestError> {
    let now = tx.business_now().await?;
    if wanted != Some("CHEQUE") {
        let account =
            instructions::usable(tx, ledger.account_id, Some(ledger.id), now, Some(DIRECT_DEBIT)).await?;
        if let Some(account) = account {
            return Ok(Way { method: "BANK_TRANSFER", instruction: Some(account.id) });
        }
    }
    match wanted {
        Some("BANK_TRANSFER") => Err(RequestError::NoWay("There is no bank account to pay to.")),
        _ if means.sends_cheques => Ok(Way { method: "CHEQUE", instruction: None }),
        _ => Err(RequestError::NoWay("There is no bank account to pay to, and cheques are not sent.")),
    }
}

/// A request that is known to be right.
pub(super) struct NewRow<'a> {
    pub account: i64,
    pub ledger: i64,
    /// The payment that is paid back; none if it is credit.
    pub payment: Option<i64>,
    pub instruction: Option<i64>,
    pub amount: i64,
    pub method: &'a str,
    pub reason: Option<&'a str>,
    pub idempotency_key: Option<&'a str>,
    pub is_plain: bool,
    pub today: NaiveDate,
}

/// Keeps a request, and the repayment that waits for it to be approved.
pub(super) async fn add(tx: &mut Tx, viewer: &Viewer, new: &NewRow<'_>) -> Result<Request, RequestError> {
    let now: DateTime<Utc> = tx.business_now().await?;
    let (kind, by) = hand(viewer);
    let add = ADD.query().bind(new.account).bind(new.ledger).bind(new.payment).bind(new.instruction);
    let add = add.bind(new.amount).bind(new.method).bind(new.reason).bind(new.idempotency_key);
    let add = add.bind(new.is_plain).bind(kind).bind(by).bind(now).bind(new.today);
    Ok(add.fetch_one(&mut *tx).await?)
}

async fn confirm(tx: &mut Tx, ledger: &Ledger, request: &Request) -> Result<(), RequestError> {
    if ledger.billing_email.is_empty() {
        return Err(RequestError::NoEmail);
    }
    let text = format!(
        "Dear {},\n\nwe have your request {} for some of your credit back and will look at it within a few days.",
        ledger.billing_name, request.id
    );
    let mail = NewMessage {
        channel: Channel::Email,
        template: "refund-request",
        account_user: None,
        to: &ledger.billing_email,
        subject: "Your request for a refund",
        text: &text,
        confidential: false,
    };
    messages::send_about(tx, &mail, ledger.account_id).await?;
    Ok(())
}

row! {
    struct Held {
        repayment_id: i64,
        status: String,
        is_owned: bool,
    }
}

// The repayment's row is what everybody who decides on either holds first.
statement!(static HOLD: Held = concat!("
    select r.id as repayment_id, q.status, ", account_is_owned!(), " as is_owned
    from repayment_requests q join account_repayments r on r.request_id = q.id join accounts a on a.id = q.account_id
    where q.id = $3 and ", account_is_visible!(), " for update of r, q"));
// What has been accepted may still turn out to be impossible.
statement!(pub(super) static DECIDE: Request = "
    with decided as (
        update repayment_requests set status = $2, decided_by_kind = $3, decided_by_id = $4, decided_at = $5,
            decision = $6
        where id = $1 and (status = 'REQUESTED' or (status = 'ACCEPTED' and $2 = 'REJECTED'))
        returning id, amount, status
    ), withdrawn as (
        update account_repayments set status = 'WITHDRAWN'
        where request_id = $1 and $2 <> 'ACCEPTED' and status in ('REQUESTED', 'APPROVED')
    )
    select id, amount, status from decided");

/// Withdraws a request on which nobody has decided.
pub async fn cancel(tx: &mut Tx, viewer: &Viewer, id: &str) -> Result<Request, RequestError> {
    let id: i64 = id.parse().map_err(|_| RequestError::Unknown)?;
    let query = HOLD.seen_by(viewer).bind(id);
    let held = query.fetch_optional(&mut *tx).await?.ok_or(RequestError::Unknown)?;
    if !may_manage(viewer) || !held.is_owned {
        return Err(RequestError::Forbidden);
    }
    if held.status != "REQUESTED" {
        return Err(RequestError::Decided);
    }
    let (kind, by) = hand(viewer);
    let now = tx.business_now().await?;
    let reason: Option<&str> = None;
    let decide = DECIDE.query().bind(id).bind("CANCELLED").bind(kind).bind(by).bind(now).bind(reason);
    decide.fetch_optional(&mut *tx).await?.ok_or(RequestError::Decided)
}
