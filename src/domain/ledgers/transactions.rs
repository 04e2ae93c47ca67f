//! Transactions as customers see them: charges, credits, payments and refunds on their ledgers.

use std::cmp::Ordering;
use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::books::{self, Book};
use super::journal::{self, Booked, Entry, Leg, PostError};
use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::events::{self, About, Event, Name};
use crate::platform::db::{Statement, Tx, Under, row, statement};
use crate::platform::market::Market;
use crate::platform::money::{AmountError, Minor, Split};
use crate::platform::page::{self, Page, Window};

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

/// In which order transactions are listed; those of one day go by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    PostedDateDesc,
    /// Oldest first.
    PostedDateAsc,
}

impl Order {
    fn of(self, one: &Transaction, other: &Transaction) -> Ordering {
        let place = |t: &Transaction| (t.posted_date, t.id);
        match self {
            Self::PostedDateDesc => place(other).cmp(&place(one)),
            Self::PostedDateAsc => place(one).cmp(&place(other)),
        }
    }
}

/// Which transactions are listed. The default lists all of them on ledgers that count for the balance.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Values of `TransactionTypeFilter`, any of which must fit; empty for all.
    pub types: Vec<String>,
    /// Values of `TransactionTypeFilter`, none of which may fit.
    pub types_excluded: Vec<String>,
    /// The first day.
    pub from_date: Option<NaiveDate>,
    /// The day after the last one.
    pub to_date: Option<NaiveDate>,
    /// Only on the ledger of this number.
    pub ledger_number: Option<String>,
    /// Only on the ledger of this id.
    pub ledger_id: Option<i64>,
    /// Also on ledgers that do not count for the account's balance. Has no effect below a ledger.
    pub include_all_ledgers: bool,
    /// The order.
    pub order: Order,
}

macro_rules! columns {
    () => {
        "t.id, t.ledger_id, a.number as account_number, t.kind, t.posted_date, t.created_at, t.amount, t.net_amount, \
         t.tax_amount, t.balance_after as balance_carried_forward, t.title, t.note, t.display_note, t.reason_code, \
         t.payment_type, t.supply, t.is_export, t.is_imported, t.is_held, t.is_issued, t.is_reversed, \
         t.billing_document_id, t.metadata"
    };
}

// Arguments 4 to 10 are the filter: of transactions, and of the ledgers they are on.
macro_rules! transaction_fits {
    () => {
        " t.ledger_id = l.id and (cardinality($4::text[]) = 0 or t.tags && $4) \
          and (cardinality($5::text[]) = 0 or not t.tags && $5) \
          and t.posted_date >= coalesce($6::date, '-infinity') and t.posted_date < coalesce($7::date, 'infinity')"
    };
}

macro_rules! ledger_fits {
    () => {
        " and ($8::text is null or l.number = $8) and ($9::bigint is null or l.id = $9) and "
    };
}

macro_rules! of_account {
    ($parent:literal) => {
        concat!(
            " where l.account_id = ",
            $parent,
            " and ($10::boolean or l.affects_account_balance or $8::text is not null or $9::bigint is not null)",
            ledger_fits!(),
            account_is_visible!()
        )
    };
}

macro_rules! of_ledger {
    ($parent:literal) => {
        concat!(
            " where l.id = ",
            $parent,
            " and $10::boolean is not null",
            ledger_fits!(),
            account_is_visible!()
        )
    };
}

// Of each ledger no more is read than the page could hold, along the index; what the page does hold is chosen from that.
macro_rules! paged {
    ($ledgers:expr, $order:literal) => {
        concat!(
            "select parents.id as parent, inside.* \
             from (select distinct * from unnest($3::bigint[], $11::bigint[], $12::bigint[]) as p (id, skip, take)) parents \
             cross join lateral (select ",
            columns!(),
            " from ledgers l join accounts a on a.id = l.account_id cross join lateral (\
                select * from transactions t where",
            transaction_fits!(),
            $order,
            " limit parents.skip + parents.take) t",
            $ledgers,
            $order,
            " offset parents.skip limit parents.take) inside"
        )
    };
}

// Below a ledger the index gives the page as it is; nothing has to be put in order.
macro_rules! paged_on_ledger {
    ($order:literal) => {
        concat!(
            "select parents.id as parent, ",
            columns!(),
            " from (select distinct * from unnest($3::bigint[], $11::bigint[], $12::bigint[]) as p (id, skip, take)) parents \
             join ledgers l on l.id = parents.id join accounts a on a.id = l.account_id cross join lateral (\
                select * from transactions t where",
            transaction_fits!(),
            $order,
            " offset parents.skip limit parents.take) t",
            of_ledger!("parents.id")
        )
    };
}

macro_rules! counted {
    ($ledgers:expr) => {
        concat!(
            "select parents.id, (select count(*) from ledgers l join accounts a on a.id = l.account_id \
                join transactions t on",
            transaction_fits!(),
            $ledgers,
            ") from unnest($3::bigint[]) as parents (id)"
        )
    };
}

statement!(static ON_ACCOUNTS_DESC: Under<Transaction> =
    paged!(of_account!("parents.id"), " order by t.posted_date desc, t.id desc"));
statement!(static ON_ACCOUNTS_ASC: Under<Transaction> = paged!(of_account!("parents.id"), " order by t.posted_date, t.id"));
statement!(static ON_ACCOUNTS_COUNT: (i64, i64) = counted!(of_account!("parents.id")));
statement!(static ON_LEDGERS_DESC: Under<Transaction> =
    paged_on_ledger!(" order by t.posted_date desc, t.id desc"));
statement!(static ON_LEDGERS_ASC: Under<Transaction> = paged_on_ledger!(" order by t.posted_date, t.id"));
statement!(static ON_LEDGERS_COUNT: (i64, i64) = counted!(of_ledger!("parents.id")));

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

/// One page of the transactions of each of these accounts. One statement, and one more for totals.
pub async fn page_of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Page<Transaction>>, sqlx::Error> {
    let rows = match filter.order {
        Order::PostedDateDesc => &ON_ACCOUNTS_DESC,
        Order::PostedDateAsc => &ON_ACCOUNTS_ASC,
    };
    paged_under(tx, viewer, accounts, filter, window, rows, &ON_ACCOUNTS_COUNT).await
}

/// One page of the transactions on each of these ledgers. One statement, and one more for totals.
pub async fn page_of_ledgers(
    tx: &mut Tx,
    viewer: &Viewer,
    ledgers: &[i64],
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Page<Transaction>>, sqlx::Error> {
    let rows = match filter.order {
        Order::PostedDateDesc => &ON_LEDGERS_DESC,
        Order::PostedDateAsc => &ON_LEDGERS_ASC,
    };
    paged_under(tx, viewer, ledgers, filter, window, rows, &ON_LEDGERS_COUNT).await
}

async fn paged_under(
    tx: &mut Tx,
    viewer: &Viewer,
    parents: &[i64],
    filter: &Filter,
    window: &Window,
    rows: &'static Statement<Under<Transaction>>,
    count: &'static Statement<(i64, i64)>,
) -> Result<Vec<Page<Transaction>>, sqlx::Error> {
    macro_rules! bound {
        ($query:expr) => {
            $query
                .bind(parents)
                .bind(&filter.types)
                .bind(&filter.types_excluded)
                .bind(filter.from_date)
                .bind(filter.to_date)
                .bind(filter.ledger_number.as_deref())
                .bind(filter.ledger_id)
                .bind(filter.include_all_ledgers)
        };
    }
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        Some(bound!(count.seen_by(viewer)).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, parents, totals.as_ref());
    let query = bound!(rows.seen_by(viewer)).bind(&slices.offsets).bind(&slices.limits);
    let mut found = query.fetch_all(&mut *tx).await?;
    // They come in order, as a rule, of which SQL says nothing.
    found.sort_by(|one, other| filter.order.of(&one.row, &other.row));
    Ok(page::pages(window, parents, totals.as_ref(), found.into_iter().map(Under::pair)))
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
}

// Ids are drawn in the given order, once the ledgers are locked.
statement!(static POST: Under<Transaction> = concat!(
    journal::posting!(), ", t as (
        insert into transactions (ledger_id, sequence, journal_entry_id, kind, posted_date, created_at, amount, net_amount,
            tax_amount, balance_after, title, note, display_note, reason_code, payment_type, supply, is_export, metadata)
        select s.ledger, s.sequence, entry.id, s.kind, $3, $4, s.amount, s.net, s.tax, leg.balance, s.title, s.note,
            s.display_note, s.reason, s.payment_type, s.supply, s.is_export, s.metadata::json
        from entry, unnest($10::bigint[], $11::bigint[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[],
                $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::boolean[], $23::text[]) with ordinality
            as s (ledger, sequence, kind, amount, net, tax, title, note, display_note, reason, payment_type, supply,
                is_export, metadata, place)
            join legs leg on leg.ledger = s.ledger and leg.sequence = s.sequence
        order by s.place returning *)
    select t.journal_entry_id as parent, ", columns!(), "
    from t join ledgers l on l.id = t.ledger_id join accounts a on a.id = l.account_id order by t.id"));

/// What stands against the transactions of an entry.
pub(super) enum Against<'a> {
    /// Ledger accounts that are known.
    Legs(&'a [Leg]),
    /// Books of the stripe of the first transaction's ledger.
    Books(Vec<(Book, Minor)>),
}

/// Posts a transaction on a customer's ledger against a book and, for its tax, the book of taxes.
pub(super) async fn record(
    tx: &mut Tx,
    market: &Market,
    ledger: i64,
    new: &New<'_>,
    book: Book,
) -> Result<Transaction, PostError> {
    let against = Against::Books(books::against(book, new.kind, &new.split)?);
    let recorded = record_entry(tx, market, new.kind.code(), None, &[(ledger, new)], against).await?;
    recorded.made.into_iter().next().ok_or(PostError::UnknownLedger)
}

/// A journal entry and the transactions that show it, in the order in which they were given.
pub(super) struct Recorded {
    pub entry: i64,
    pub made: Vec<Transaction>,
}

/// Posts transactions on different customers' ledgers, and what stands against them, as one entry. The ledgers are locked
/// before the ids are drawn, so ids follow each ledger's sequence. Other systems are told of each transaction.
pub(super) async fn record_entry(
    tx: &mut Tx,
    market: &Market,
    kind: &str,
    reverses: Option<i64>,
    shown: &[(i64, &New<'_>)],
    against: Against<'_>,
) -> Result<Recorded, PostError> {
    let now = tx.business_now().await?;
    let mut legs = Vec::with_capacity(shown.len());
    for (ledger, new) in shown {
        legs.push(Leg { ledger: *ledger, amount: new.kind.effect(new.split.gross)? });
    }
    let mut booked = Booked::default();
    match against {
        Against::Legs(others) => legs.extend_from_slice(others),
        Against::Books(amounts) => {
            let stripe = shown.first().map_or(0, |(ledger, _)| books::stripe(*ledger));
            booked = Booked { market: &market.code, stripe, amounts };
        }
    }
    let (posted_date, currency) = (market.day(now), market.currency.code.as_str());
    let entry = Entry { kind, reverses, currency, posted_date, created_at: now, legs, booked };
    let recorded = post(tx, &entry, shown).await?;
    let told = recorded
        .made
        .iter()
        .zip(shown)
        .map(|(made, (ledger, new))| posted_event(made.id, *ledger, new, &entry, recorded.entry));
    events::record(tx, &told.collect::<Vec<_>>()).await?;
    Ok(recorded)
}

/// Locks, and then posts in one statement.
async fn post(tx: &mut Tx, entry: &Entry<'_>, shown: &[(i64, &New<'_>)]) -> Result<Recorded, PostError> {
    let placed = journal::place(tx, entry).await?;
    let sequences = shown.iter().map(|(ledger, _)| placed.sequence(*ledger));
    let sequences: Vec<i64> = sequences.collect::<Option<_>>().ok_or(PostError::UnknownLedger)?;
    macro_rules! each {
        ($new:ident, $of:expr) => {
            shown.iter().map(|(_, $new)| $of).collect::<Vec<_>>()
        };
    }
    let query = POST.query().bind(entry.kind).bind(entry.currency).bind(entry.posted_date);
    let query = query.bind(entry.created_at).bind(entry.reverses);
    let query = query.bind(placed.ledgers).bind(placed.sequences).bind(placed.amounts).bind(placed.balances);
    let query = query.bind(shown.iter().map(|(ledger, _)| *ledger).collect::<Vec<_>>()).bind(sequences);
    let query = query.bind(each!(new, new.kind.code()));
    let query = query.bind(each!(new, new.split.gross.0)).bind(each!(new, new.split.net.0));
    let query = query.bind(each!(new, new.split.tax.0)).bind(each!(new, new.title));
    let query = query.bind(each!(new, new.note)).bind(each!(new, new.display_note));
    let query = query.bind(each!(new, new.reason_code)).bind(each!(new, new.payment_type));
    let query = query.bind(each!(new, new.supply)).bind(each!(new, new.is_export));
    let query = query.bind(each!(new, new.metadata.map(Value::to_string)));
    let (entries, made): (Vec<i64>, Vec<Transaction>) =
        query.fetch_all(&mut *tx).await?.into_iter().map(Under::pair).unzip();
    let entry = entries.first().copied().ok_or(PostError::UnknownLedger)?;
    Ok(Recorded { entry, made })
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
