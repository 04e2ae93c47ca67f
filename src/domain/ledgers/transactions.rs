//! Transactions as customers see them: charges, credits, payments and refunds on their ledgers.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::books::{self, Book};
use super::journal::{self, Entry, Leg, PostError};
use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::events::{self, About, Event, Name};
use crate::platform::db::{Bound, Tx, row, statement};
use crate::platform::market::Market;
use crate::platform::money::{AmountError, Minor, Split};

/// What a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lowers the balance.
    Charge,
    /// Raises the balance.
    Credit,
    /// Money received; raises the balance.
    Payment,
    /// Money paid back; lowers the balance.
    Refund,
}

impl Kind {
    /// As the database calls it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Credit => "credit",
            Self::Payment => "payment",
            Self::Refund => "refund",
        }
    }

    /// The kind that the database calls so.
    pub(super) fn parse(code: &str) -> Self {
        match code {
            "charge" => Self::Charge,
            "credit" => Self::Credit,
            "payment" => Self::Payment,
            _ => Self::Refund,
        }
    }

    /// What a positive amount does to the balance.
    pub fn effect(self, amount: Minor) -> Result<Minor, AmountError> {
        match self {
            Self::Credit | Self::Payment => Ok(amount),
            Self::Charge | Self::Refund => amount.negated(),
        }
    }
}

row! {
    /// A transaction on a customer's ledger.
    pub struct Transaction {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// The ledger it is on.
        pub ledger_id: i64,
        /// Number of the account.
        pub account_number: String,
        /// `charge`, `credit`, `payment` or `refund`; see [`Transaction::kind`].
        pub kind: String,
        /// The customer's local day.
        pub posted_date: NaiveDate,
        /// Business time of posting.
        pub created_at: DateTime<Utc>,
        /// Gross, in minor units, positive for the usual direction of its kind.
        pub amount: Minor,
        /// Net, in minor units.
        pub net_amount: Minor,
        /// Tax, in minor units.
        pub tax_amount: Minor,
        /// The ledger's balance right after it.
        pub balance_carried_forward: Minor,
        /// What it is called on a bill.
        pub title: String,
        /// A note by staff.
        pub note: Option<String>,
        /// A note for the customer.
        pub display_note: Option<String>,
        /// Why it was made.
        pub reason_code: Option<String>,
        /// One of `AccountPaymentTransactionTypeChoices`, for payments.
        pub payment_type: Option<String>,
        /// What was supplied, for energy and water charges.
        pub supply: Option<String>,
        /// Whether it pays the customer for what they fed in.
        pub is_export: bool,
        /// Whether it was taken over from an earlier system.
        pub is_imported: bool,
        /// Whether it is kept off bills for now.
        pub is_held: bool,
        /// Whether it stands on an issued bill.
        pub is_issued: bool,
        /// Whether a later one undoes it.
        pub is_reversed: bool,
        /// The bill it stands on.
        pub billing_document_id: Option<i64>,
        /// Whatever the caller attached.
        pub metadata: Option<Value>,
    }
}

impl Transaction {
    /// What it is.
    pub fn kind(&self) -> Kind {
        Kind::parse(&self.kind)
    }

    /// Net, tax and gross as they are shown. Payments and refunds show a net amount only.
    pub fn amounts(&self) -> Split {
        match self.kind() {
            Kind::Charge | Kind::Credit => {
                Split { net: self.net_amount, tax: self.tax_amount, gross: self.amount }
            }
            Kind::Payment | Kind::Refund => Split { net: self.amount, tax: Minor::ZERO, gross: Minor::ZERO },
        }
    }
}

macro_rules! columns {
    () => {
        "t.id, t.ledger_id, a.number as account_number, t.kind, t.posted_date, t.created_at, t.amount, t.net_amount, \
         t.tax_amount, t.balance_after as balance_carried_forward, t.title, t.note, t.display_note, t.reason_code, \
         t.payment_type, t.supply, t.is_export, t.is_imported, t.is_held, t.is_issued, t.is_reversed, \
         t.billing_document_id, t.metadata"
    };
}
pub(super) use columns;

statement!(static BY_ID: Transaction = concat!(
    "select ", columns!(), " from transactions t join ledgers l on l.id = t.ledger_id join accounts a on a.id = l.account_id
     where t.id = any($3::bigint[]) and ", account_is_visible!()));

/// The transactions with these ids that the viewer may see, in order.
pub async fn by_ids(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<Vec<Option<Transaction>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |transaction| transaction.id))
}

/// What a transaction is made with, once it is known to be right.
#[derive(Clone, Debug)]
pub(crate) struct New<'a> {
    pub kind: Kind,
    pub split: Split,
    pub title: &'a str,
    pub note: Option<&'a str>,
    pub display_note: Option<&'a str>,
    pub reason_code: Option<&'a str>,
    pub payment_type: Option<&'a str>,
    pub supply: Option<&'a str>,
    pub is_export: bool,
    pub metadata: Option<&'a Value>,
}

impl<'a> New<'a> {
    pub fn of(kind: Kind, split: Split, title: &'a str) -> Self {
        Self {
            kind,
            split,
            title,
            note: None,
            display_note: None,
            reason_code: None,
            payment_type: None,
            supply: None,
            is_export: false,
            metadata: None,
        }
    }

    /// Binds what [`keep!`] keeps besides the entry: the ledger, its place and balance there, and itself.
    fn bind(&self, query: Bound<'a, Made>, ledger: i64, (sequence, balance): (i64, i64)) -> Bound<'a, Made> {
        let Split { net, tax, gross } = self.split;
        let query = query.bind(ledger).bind(sequence).bind(self.kind.code());
        let query = query.bind(gross.0).bind(net.0).bind(tax.0).bind(balance);
        let query = query.bind(self.title).bind(self.note).bind(self.display_note).bind(self.reason_code);
        let query = query.bind(self.payment_type).bind(self.supply).bind(self.is_export);
        query.bind(self.metadata.map(Value::to_string))
    }
}

row! {
    /// A transaction that was posted.
    struct Made {
        id: i64,
        journal_entry_id: i64,
    }
}

// What follows the entry is bound by `New::bind`.
macro_rules! keep {
    ($values:literal) => {
        concat!(
            "insert into transactions (journal_entry_id, posted_date, created_at, ledger_id, sequence, kind, amount, \
             net_amount, tax_amount, balance_after, title, note, display_note, reason_code, payment_type, supply, \
             is_export, metadata) ",
            $values,
            " returning id, journal_entry_id"
        )
    };
}

// An entry with its first transaction, mostly the only one, and the others one by one: plain values cost Postgres a
// sixteenth of a charge less than lists of one.
statement!(static POST: Made = concat!(journal::posting!(), keep!(
    "select entry.id, $3, $4, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25::text::json
     from entry")));
statement!(static ADD: Made = keep!(
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18::text::json)"));

/// Posts a transaction on a customer's ledger against a book and, for its tax, the book of taxes. Answers its id.
pub(super) async fn record(
    tx: &mut Tx,
    market: &Market,
    ledger: i64,
    new: &New<'_>,
    book: Book,
) -> Result<i64, PostError> {
    let against = books::of_lane(tx, market).await?.against(book, new.kind, &new.split)?;
    let recorded = record_entry(tx, market, new.kind.code(), None, &[(ledger, new)], against).await?;
    recorded.first()
}

/// A journal entry and the ids of the transactions that show it, in the order in which they were given.
pub(super) struct Recorded {
    pub entry: i64,
    pub made: Vec<i64>,
}

impl Recorded {
    /// The first of its transactions.
    pub fn first(&self) -> Result<i64, PostError> {
        self.made.first().copied().ok_or(PostError::UnknownLedger)
    }
}

/// Posts transactions on different customers' ledgers, and what stands against them in the retailer's books, as one entry. The ledgers are locked
/// before the ids are drawn, so ids follow each ledger's sequence. Other systems are told of each transaction.
pub(super) async fn record_entry(
    tx: &mut Tx,
    market: &Market,
    kind: &str,
    reverses: Option<i64>,
    shown: &[(i64, &New<'_>)],
    against: Vec<Leg>,
) -> Result<Recorded, PostError> {
    let now = tx.business_now().await?;
    let mut legs = Vec::with_capacity(shown.len());
    for (ledger, new) in shown {
        legs.push(Leg { ledger: *ledger, amount: new.kind.effect(new.split.gross)? });
    }
    let (posted_date, currency) = (market.day(now), market.currency.code.as_str());
    let entry = Entry { kind, reverses, currency, posted_date, created_at: now, legs, against };
    let recorded = post(tx, &entry, shown).await?;
    let made = recorded.made.iter().zip(shown);
    let told = made.map(|(id, (ledger, new))| posted_event(*id, *ledger, new, &entry, recorded.entry));
    events::record(tx, &told.collect::<Vec<_>>()).await?;
    Ok(recorded)
}

/// Locks, and then posts. Ids are drawn in the given order, once the ledgers are locked.
async fn post(tx: &mut Tx, entry: &Entry<'_>, shown: &[(i64, &New<'_>)]) -> Result<Recorded, PostError> {
    let placed = journal::place(tx, entry).await;
    if matches!(placed, Err(PostError::UnknownLedger)) {
        books::forget(tx);
    }
    let placed = placed?;
    let left = |ledger| placed.left(ledger).ok_or(PostError::UnknownLedger);
    let ((ledger, new), others) = shown.split_first().ok_or(PostError::UnknownLedger)?;
    let query = placed.bind(entry.bind(POST.query()));
    let Made { id, journal_entry_id } = new.bind(query, *ledger, left(*ledger)?).fetch_one(&mut *tx).await?;
    let mut recorded = Recorded { entry: journal_entry_id, made: vec![id] };
    for (ledger, new) in others {
        let query = ADD.query().bind(recorded.entry).bind(entry.posted_date).bind(entry.created_at);
        recorded.made.push(new.bind(query, *ledger, left(*ledger)?).fetch_one(&mut *tx).await?.id);
    }
    Ok(recorded)
}

fn posted_event(id: i64, ledger: i64, new: &New<'_>, entry: &Entry<'_>, entry_id: i64) -> Event {
    let data = json!({
        "transactionId": id.to_string(),
        "journalEntryId": entry_id.to_string(),
        "kind": new.kind.code(),
        "entryKind": entry.kind,
        "currency": entry.currency,
        "amount": new.split.gross.0,
        "netAmount": new.split.net.0,
        "taxAmount": new.split.tax.0,
        "postedDate": entry.posted_date,
        "reasonCode": new.reason_code,
    });
    Event { name: Name::TransactionPosted, about: About::Ledger(ledger), data }
}
