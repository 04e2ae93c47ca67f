//! Payment instructions: the ways in which an account may be paid, as clients read them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::domain::accounts::changes::hand;
use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::page::{self, Page, Window};

/// The kind that collects from a bank account.
pub const DIRECT_DEBIT: &str = "DIRECT_DEBIT";
/// The kind that charges a card.
pub const CARD: &str = "CARD";

row! {
    /// A way to pay. Numbers are masked.
    pub struct Instruction {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// The account that it pays.
        pub account_id: i64,
        /// The ledger that it pays; none for all of the account's that take payments.
        pub ledger_id: Option<i64>,
        /// One of `PaymentType`.
        pub instruction_type: String,
        /// `PROVISIONAL` until it can be used, then `ACTIVE`; `FAILED` when it cannot be used, or no longer.
        pub status: String,
        /// Why it is `FAILED`: `REFUSED`, `INVALIDATED`, `CANCELLED_BY_BANK`, `ACCOUNT_CLOSED` or `REPLACED`.
        pub ended_because: Option<String>,
        /// From when it may be used.
        pub valid_from: DateTime<Utc>,
        /// Since when it cannot be used any more.
        pub valid_to: Option<DateTime<Utc>>,
        /// Who handles it.
        pub vendor: String,
        /// Whose bank account or card it is, as the bank knows them.
        pub account_holder: String,
        /// How a bank account is known: `IBAN`, `SORT_CODE`, `BSB`, `ZENGIN` or `ABA`.
        pub bank_scheme: Option<String>,
        /// Code of the bank; empty for cards.
        pub bank_code: String,
        /// Kind of bank account, where banks ask for it.
        pub bank_account_type: String,
        /// The number with all but its ends hidden.
        pub masked_identifier: String,
        /// The last four digits of the number.
        pub last_four: String,
        /// The network of a card.
        pub card_network: Option<String>,
        /// `CREDIT`, `DEBIT` or `PREPAID`.
        pub card_type: Option<String>,
        /// The last month in which a card is good.
        pub card_expiry_month: Option<i16>,
        /// The year of that month.
        pub card_expiry_year: Option<i16>,
    }
}

impl Instruction {
    /// The status as direct debits have it: they also tell when the bank account was closed.
    pub fn direct_debit_status(&self) -> &str {
        match self.ended_because.as_deref() {
            Some("ACCOUNT_CLOSED") => "ACCOUNT_CLOSED",
            _ => &self.status,
        }
    }

    /// The sort code, where the bank account has one.
    pub fn sort_code(&self) -> &str {
        if self.bank_scheme.as_deref() == Some("SORT_CODE") { &self.bank_code } else { "" }
    }

    /// The masked IBAN, where the bank account is known by one.
    pub fn masked_iban(&self) -> Option<&str> {
        (self.bank_scheme.as_deref() == Some("IBAN")).then_some(&self.masked_identifier)
    }

    /// The masked number of a card.
    pub fn card_number(&self) -> &str {
        if self.card_network.is_some() { &self.masked_identifier } else { "" }
    }
}

macro_rules! instruction_columns {
    () => {
        "i.id, i.account_id, i.ledger_id, i.instruction_type, i.status, i.ended_because, i.valid_from, i.valid_to, \
         i.vendor, i.account_holder, i.bank_scheme, i.bank_code, i.bank_account_type, i.masked_identifier, \
         i.last_four, i.card_network, i.card_type, i.card_expiry_month, i.card_expiry_year"
    };
}

statement!(static BY_ID: Instruction = concat!("
    select ", instruction_columns!(), " from payment_instructions i join accounts a on a.id = i.account_id
    where i.id = any($3::bigint[]) and ", account_is_visible!()));

/// The instructions with these ids that the viewer may see, in order.
pub async fn by_ids(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<Vec<Option<Instruction>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |instruction| instruction.id))
}

/// What lists of instructions hang on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// Everything that pays an account.
    Account,
    /// What belongs to a person.
    User,
    /// What belongs to a business.
    Business,
    /// What pays a ledger.
    Ledger,
}

/// Which instructions are wanted.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Only those of this kind.
    pub kind: Option<&'static str>,
    /// Only those that stand like this. Of direct debits, `ACCOUNT_CLOSED` ones are told from other failed ones.
    pub statuses: Option<Vec<String>>,
    /// Only those that may be used or tried at a moment: begun, and not ended.
    pub valid_at: Option<DateTime<Utc>>,
    /// Only those that could be charged then.
    pub usable_at: Option<DateTime<Utc>>,
}

/// SQL that holds for instructions, known as `i`, that can be charged at the moment in the argument: a card is good to
/// the end of its last month, wherever that ends last.
macro_rules! is_usable {
    ($at:literal) => {
        concat!(
            "(i.status = 'ACTIVE' and i.valid_from <= ", $at, " and (i.card_expiry_year is null \
              or make_timestamptz(i.card_expiry_year, i.card_expiry_month, 1, 0, 0, 0, 'UTC') + interval '1 month' \
                 > ", $at, "))"
        )
    };
}

pub(super) use is_usable;

macro_rules! inside {
    ($parent:literal) => {
        concat!(
            " from payment_instructions i join accounts a on a.id = i.account_id where not i.single_use and ", $parent, " \
              and ($4::text is null or i.instruction_type = $4) \
              and ($5::text[] is null or case when $4 = 'DIRECT_DEBIT' and i.ended_because = 'ACCOUNT_CLOSED' \
                  then 'ACCOUNT_CLOSED' else i.status end = any($5)) \
              and ($6::timestamptz is null or (i.valid_from <= $6 and (i.valid_to is null or i.valid_to > $6))) \
              and ($7::timestamptz is null or ",
            is_usable!("$7"),
            ") and ",
            account_is_visible!()
        )
    };
}

macro_rules! lists {
    ($count:ident, $page:ident, $parent:literal) => {
        statement!(static $count: (i64, i64) = concat!("
            select parents.id, (select count(*)", inside!($parent), ") from unnest($3::bigint[]) as parents (id)"));
        statement!(static $page: (i64, i64) = concat!("
            select parents.id, inside.id
            from (select distinct * from unnest($3::bigint[], $8::bigint[], $9::bigint[]) as p (id, skip, take)) parents
            cross join lateral (
                select i.id", inside!($parent), " order by i.id desc offset parents.skip limit parents.take
            ) inside order by parents.id, inside.id desc"));
    };
}

lists!(COUNT_OF_ACCOUNTS, PAGE_OF_ACCOUNTS, "i.account_id = parents.id");
lists!(
    COUNT_OF_USERS,
    PAGE_OF_USERS,
    "exists (select 1 from payment_instruction_owners o where o.instruction_id = i.id and o.account_user_id = parents.id)"
);
lists!(
    COUNT_OF_BUSINESSES,
    PAGE_OF_BUSINESSES,
    "exists (select 1 from payment_instruction_owners o where o.instruction_id = i.id and o.business_id = parents.id)"
);
lists!(
    COUNT_OF_LEDGERS,
    PAGE_OF_LEDGERS,
    "exists (select 1 from ledgers l where l.id = parents.id and l.account_id = i.account_id and l.accepts_payments
        and (i.ledger_id is null or i.ledger_id = l.id))"
);

/// One page of the instructions of each of these parents, the newest first. Two statements, and one more for totals.
pub async fn page_of(
    tx: &mut Tx,
    viewer: &Viewer,
    parent: Parent,
    ids: &[i64],
    which: &Which,
    window: &Window,
) -> Result<Vec<Page<Instruction>>, sqlx::Error> {
    let (count, page) = match parent {
        Parent::Account => (&COUNT_OF_ACCOUNTS, &PAGE_OF_ACCOUNTS),
        Parent::User => (&COUNT_OF_USERS, &PAGE_OF_USERS),
        Parent::Business => (&COUNT_OF_BUSINESSES, &PAGE_OF_BUSINESSES),
        Parent::Ledger => (&COUNT_OF_LEDGERS, &PAGE_OF_LEDGERS),
    };
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        let query = count.seen_by(viewer).bind(ids).bind(which.kind);
        let query = query.bind(&which.statuses).bind(which.valid_at).bind(which.usable_at);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, ids, totals.as_ref());
    let query = page.seen_by(viewer).bind(ids).bind(which.kind);
    let query = query.bind(&which.statuses).bind(which.valid_at).bind(which.usable_at);
    let found = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let wanted: Vec<i64> = found.iter().map(|(_, instruction)| *instruction).collect();
    let rows = by_ids(tx, viewer, &wanted).await?;
    let rows = found.iter().zip(rows).filter_map(|((parent, _), row)| Some((*parent, row?)));
    Ok(page::pages(window, ids, totals.as_ref(), rows))
}

row! {
    /// A way to pay that can be charged.
    pub struct Usable {
        /// Row id of the instruction.
        pub id: i64,
        /// One of `PaymentType`.
        pub kind: String,
        /// Who handles it.
        pub vendor: String,
        /// What the vendor calls it.
        pub vendor_reference: String,
        /// The last four digits of the number.
        pub last_four: String,
        /// The network of a card.
        pub card_network: Option<String>,
        /// `CREDIT`, `DEBIT` or `PREPAID`, of a card.
        pub card_type: Option<String>,
    }
}

// What the customer has chosen for the ledger before all others; then bank accounts before cards, those for the ledger before those for the whole account, the newest first.
statement!(static USABLE: Usable = concat!("
    select i.id, i.instruction_type as kind, i.vendor, coalesce(i.vendor_reference, '') as vendor_reference,
        i.last_four, i.card_network, i.card_type
    from payment_instructions i
    where i.account_id = $1 and not i.single_use and (i.ledger_id is null or i.ledger_id = $2) and ($4::text is null or i.instruction_type = $4)
        and ", is_usable!("$3"), "
    order by coalesce(i.id = (select p.instruction_id from payment_preferences p
            where p.ledger_id = $2 and p.replaced_at is null and p.from_at <= $3 order by p.from_at desc limit 1), false) desc,
        i.instruction_type = 'DIRECT_DEBIT' desc, i.ledger_id is not null desc, i.id desc limit 1"));

/// What would be charged for a ledger at a moment; only instructions of one kind, if it is named. No viewer: the caller
/// has seen to that. Whoever charges it holds the row by [`hold`].
pub async fn usable(
    tx: &mut Tx,
    account_id: i64,
    ledger_id: Option<i64>,
    at: DateTime<Utc>,
    kind: Option<&str>,
) -> Result<Option<Usable>, sqlx::Error> {
    let query = USABLE.query().bind(account_id).bind(ledger_id).bind(at).bind(kind);
    query.fetch_optional(&mut *tx).await
}

statement!(static HOLD: (i64,) = concat!(
    "select i.id from payment_instructions i where i.id = $1 and ", is_usable!("$2"), " for share of i"));

/// Keeps an instruction from being ended until this transaction ends. False if it cannot be charged (any more).
pub async fn hold(tx: &mut Tx, id: i64, at: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    Ok(HOLD.query().bind(id).bind(at).fetch_optional(&mut *tx).await?.is_some())
}

/// Why an instruction cannot be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The vendor or the bank did not take it.
    Refused,
    /// The customer or the retailer wanted it so.
    Invalidated,
    /// The customer told their bank, and the bank told the vendor.
    CancelledByBank,
    /// The bank account is no more.
    AccountClosed,
    /// A newer one came in its place.
    Replaced,
}

impl Ending {
    fn code(self) -> &'static str {
        match self {
            Self::Refused => "REFUSED",
            Self::Invalidated => "INVALIDATED",
            Self::CancelledByBank => "CANCELLED_BY_BANK",
            Self::AccountClosed => "ACCOUNT_CLOSED",
            Self::Replaced => "REPLACED",
        }
    }
}

statement!(static END: (i64,) = "
    update payment_instructions set status = 'FAILED', ended_because = $2, valid_to = greatest($3, valid_from),
        ended_by_kind = $4, ended_by_id = $5
    where id = $1 and status <> 'FAILED' returning id");

/// Makes an instruction unusable from now on. False if it is already. `by` is whoever wants it so; nobody, where the
/// bank or the vendor says so.
pub async fn end(tx: &mut Tx, id: i64, why: Ending, by: Option<&Viewer>) -> Result<bool, sqlx::Error> {
    let now = tx.business_now().await?;
    let (kind, hand) = by.map(hand).unzip();
    let end = END.query().bind(id).bind(why.code()).bind(now).bind(kind).bind(hand);
    Ok(end.fetch_optional(&mut *tx).await?.is_some())
}

// The latest that was ever good, or may yet be: one that was refused, or given up for another, says nothing.
statement!(static ENDED_BY_BANKS: (i64, bool) = "
    select parents.id, coalesce(latest.ended_because in ('CANCELLED_BY_BANK', 'ACCOUNT_CLOSED'), false)
    from (select distinct id from unnest($1::bigint[]) as p (id)) parents
    join ledgers l on l.id = parents.id
    cross join lateral (
        select i.ended_because from payment_instructions i
        where i.account_id = l.account_id and (i.ledger_id is null or i.ledger_id = l.id)
            and i.instruction_type = 'DIRECT_DEBIT' and i.ended_because is distinct from 'REFUSED'
        order by i.id desc limit 1
    ) latest where l.accepts_payments");

/// Of each of these ledgers that has had a direct debit: whether the latest was ended by the customer's bank. Whoever
/// asks has been shown the ledgers.
pub async fn ended_by_banks(tx: &mut Tx, ledgers: &[i64]) -> Result<HashMap<i64, bool>, sqlx::Error> {
    Ok(ENDED_BY_BANKS.query().bind(ledgers).fetch_all(&mut *tx).await?.into_iter().collect())
}
