//! Billing documents as clients read them.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;
use crate::platform::money::{AmountError, Minor, Split};

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All that happened on a ledger in a period.
    Statement,
    /// The same, of the newer kind that is known by a number.
    Period,
    /// What is asked for, for a period.
    Invoice,
    /// Undoes another document.
    CreditNote,
}

row! {
    /// A billing document. What an open one holds is what it would hold if it were closed now.
    pub struct Document {
        /// Row id.
        pub id: i64,
        /// The ledger that it is about.
        pub ledger_id: i64,
        /// The ledger's number.
        pub ledger_number: String,
        /// The ledger's account.
        pub account_id: i64,
        /// Market code.
        pub market: String,
        /// See [`Document::kind`].
        pub kind: String,
        /// `OPEN`, `CLOSED` or `ISSUED`.
        pub status: String,
        /// The first day.
        pub from_date: NaiveDate,
        /// The day after the last one; none while the period runs until the next bill.
        pub to_date: Option<NaiveDate>,
        /// The number that customers know it by, once issued.
        pub number: Option<String>,
        /// In minor units; positive when the customer was in credit.
        pub opening_balance: Minor,
        /// Charges, net.
        pub charges_net: Minor,
        /// Tax on the charges.
        pub charges_tax: Minor,
        /// Credits, net.
        pub credits_net: Minor,
        /// Tax on the credits.
        pub credits_tax: Minor,
        /// Payments received.
        pub payments: Minor,
        /// Payments paid back.
        pub refunds: Minor,
        /// In minor units; positive when the customer is in credit.
        pub closing_balance: Minor,
        /// Why it is kept back from the customer, if it is.
        pub held_reason: Option<String>,
        /// The local day on which it was issued.
        pub issued_on: Option<NaiveDate>,
        /// The day by which it is to be paid.
        pub due_date: Option<NaiveDate>,
        /// Where it was sent to.
        pub to_address: Option<String>,
        /// When its transactions were put on it.
        pub closed_at: Option<DateTime<Utc>>,
        /// When it was issued.
        pub issued_at: Option<DateTime<Utc>>,
        /// The document that it undoes, for credit notes.
        pub annuls_id: Option<i64>,
        /// The credit note that undoes it.
        pub annulled_by: Option<i64>,
        /// Whom it was sent to, by row id, as far as that is one of the account's people.
        pub user_id: Option<i64>,
        /// The other system that gave it out, if one did.
        pub issued_by: Option<String>,
        /// Whether there is a file of it, once issued: of those that others give out, only if they sent one.
        pub has_file: bool,
    }
}

impl Document {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self.kind.as_str() {
            "statement" => Kind::Statement,
            "period" => Kind::Period,
            "invoice" => Kind::Invoice,
            _ => Kind::CreditNote,
        }
    }

    /// Whether it has gone to the customer.
    pub fn is_issued(&self) -> bool {
        self.status == "ISSUED"
    }

    /// The last day that it covers.
    pub fn last_day(&self) -> Option<NaiveDate> {
        self.to_date.map(|end| end - Days::new(1))
    }

    /// The moment at which a local day begins in its market.
    pub fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        let zone = market::by_code(&self.market).map(market::Market::time_zone).unwrap_or_default();
        // Where the clock skips midnight, the day begins with the first hour that there is.
        let local = midnight.and_local_timezone(zone).earliest();
        let later = || (midnight + chrono::TimeDelta::hours(1)).and_local_timezone(zone).earliest();
        local.or_else(later).map_or_else(|| midnight.and_utc(), |moment| moment.to_utc())
    }

    /// The charges.
    pub fn charges(&self) -> Result<Split, AmountError> {
        sum(self.charges_net, self.charges_tax)
    }

    /// The credits.
    pub fn credits(&self) -> Result<Split, AmountError> {
        sum(self.credits_net, self.credits_tax)
    }

    /// What it asks for: the charges less the credits.
    pub fn invoiced(&self) -> Result<Minor, AmountError> {
        self.charges()?.gross.minus(self.credits()?.gross)
    }
}

fn sum(net: Minor, tax: Minor) -> Result<Split, AmountError> {
    Ok(Split { net, tax, gross: net.plus(tax)? })
}

/// SQL for the columns of documents `d` on ledgers `l` of accounts `a`.
macro_rules! document_columns {
    () => {
        "d.id, d.ledger_id, d.user_id, d.issued_by, (d.issued_by is null \
             or exists (select from billing_files f where f.document_id = d.id)) as has_file, l.number as ledger_number, l.account_id, a.market, d.kind, d.status, d.from_date, d.to_date, d.number, \
         coalesce(d.opening_balance, live.opening_balance) as opening_balance, \
         coalesce(d.charges_net, live.charges_net) as charges_net, \
         coalesce(d.charges_tax, live.charges_tax) as charges_tax, \
         coalesce(d.credits_net, live.credits_net) as credits_net, \
         coalesce(d.credits_tax, live.credits_tax) as credits_tax, \
         coalesce(d.payments, live.payments) as payments, coalesce(d.refunds, live.refunds) as refunds, \
         coalesce(d.closing_balance, live.closing_balance) as closing_balance, d.held_reason, d.issued_on, d.due_date, \
         d.to_address, d.closed_at, d.issued_at, d.annuls_id, \
         (select n.id from billing_documents n where n.annuls_id = d.id) as annulled_by \
         from billing_documents d join ledgers l on l.id = d.ledger_id join accounts a on a.id = l.account_id \
         cross join lateral ( \
             select (b.balance - coalesce(sum(case when t.kind in ('charge', 'refund') then -t.amount else t.amount end), 0))::bigint \
                     as opening_balance, \
                 coalesce(sum(t.net_amount) filter (where t.kind = 'charge'), 0)::bigint as charges_net, \
                 coalesce(sum(t.tax_amount) filter (where t.kind = 'charge'), 0)::bigint as charges_tax, \
                 coalesce(sum(t.net_amount) filter (where t.kind = 'credit'), 0)::bigint as credits_net, \
                 coalesce(sum(t.tax_amount) filter (where t.kind = 'credit'), 0)::bigint as credits_tax, \
                 coalesce(sum(t.amount) filter (where t.kind = 'payment'), 0)::bigint as payments, \
                 coalesce(sum(t.amount) filter (where t.kind = 'refund'), 0)::bigint as refunds, \
                 b.balance as closing_balance \
             from ledger_balances b left join transactions t \
                 on t.ledger_id = b.ledger_account_id and t.billing_document_id is null and d.status = 'OPEN' \
             where b.ledger_account_id = d.ledger_id group by b.balance \
         ) live "
    };
}

statement!(static BY_ID: Document = concat!(
    "select ", document_columns!(), "where d.id = any($3::bigint[]) and ", account_is_visible!()));
statement!(static NAMED: Document = concat!(
    "select ", document_columns!(), "where a.number = $3 and (d.id = $4::bigint or d.number = $5) and ",
    account_is_visible!()));

/// The documents with these ids that the viewer may see, in order.
pub async fn by_ids(tx: &mut Tx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Option<Document>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |document| document.id))
}

/// The document of an account with this id or this number, if the viewer may see it.
pub async fn named(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    name: &str,
) -> Result<Option<Document>, sqlx::Error> {
    let id: Option<i64> = name.parse().ok();
    let query = NAMED.seen_by(viewer).bind(account_number).bind(id).bind(name);
    query.fetch_optional(&mut *tx).await
}

statement!(static ID_OF: (i64,) = "select id from billing_documents where id = $1::bigint or number = $2");

/// The document with this id or this number, for whoever runs the server, and no request.
pub async fn id_of(tx: &mut Tx, name: &str) -> Result<Option<i64>, sqlx::Error> {
    let id: Option<i64> = name.parse().ok();
    Ok(ID_OF.query().bind(id).bind(name).fetch_optional(&mut *tx).await?.map(|(id,)| id))
}

row! {
    /// What is known of the transactions on a document.
    pub struct Inside {
        /// The document.
        pub document_id: i64,
        /// When the first of its charges was posted.
        pub earliest_charge_at: Option<DateTime<Utc>>,
        /// When the last of its charges was posted.
        pub latest_charge_at: Option<DateTime<Utc>>,
        /// The first local day of what was supplied and is charged for on it.
        pub used_from: Option<NaiveDate>,
        /// The local day after the last one.
        pub used_to: Option<NaiveDate>,
        /// `ALL`, `SOME` or `NONE` of its transactions were reversed after it was closed, or it is `NOT_CLOSED`.
        pub reversals: String,
    }
}

// Corrections are for days of other bills. Reversing something that was reversed at the close is not possible, so the rest are the later ones.
statement!(static INSIDE: Inside = concat!("
    select d.id as document_id, min(t.created_at) filter (where t.kind = 'charge') as earliest_charge_at,
        max(t.created_at) filter (where t.kind = 'charge') as latest_charge_at, used.used_from, used.used_to,
        case when d.status = 'OPEN' then 'NOT_CLOSED'
            when count(*) filter (where t.is_reversed) <= d.reversed_at_close then 'NONE'
            when count(*) filter (where t.is_reversed) = d.transactions then 'ALL' else 'SOME' end as reversals
    from billing_documents d join ledgers l on l.id = d.ledger_id join accounts a on a.id = l.account_id
        cross join lateral (
            select min(lower(c.days)) as used_from, max(upper(c.days)) as used_to
            from transactions u join supply_charges c on c.transaction_id = u.id and c.corrects_id is null
            where u.billing_document_id = d.id
        ) used
        left join transactions t on t.billing_document_id = d.id
    where d.id = any($3::bigint[]) and ", account_is_visible!(), " group by d.id, used.used_from, used.used_to"));

/// What is known of the transactions on each of these documents, in order.
pub async fn inside(
    tx: &mut Tx,
    viewer: &Viewer,
    documents: &[i64],
) -> Result<Vec<Option<Inside>>, sqlx::Error> {
    let query = INSIDE.seen_by(viewer).bind(documents);
    Ok(in_order(documents, query.fetch_all(&mut *tx).await?, |inside| inside.document_id))
}
