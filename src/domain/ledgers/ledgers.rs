//! Customers' ledgers as clients read them.

use chrono::{DateTime, Utc};

use super::by_hand::Action;
use super::reasons::ReasonRow;
use crate::domain::accounts::{grouped, in_order};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Literal, Tx, opening, row, statement};
use crate::platform::money::{AmountError, Minor};

row! {
    /// A customer's ledger.
    pub struct Ledger {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// The account it belongs to.
        pub account_id: i64,
        /// `L-` and eight hexadecimal digits.
        pub number: String,
        /// Its name.
        pub name: String,
        /// Its type, such as `ELECTRICITY_LEDGER`.
        pub ledger_type: String,
        /// ISO 4217 code.
        pub currency: String,
        /// In minor units; positive when the customer is in credit.
        pub balance: Minor,
        /// Whether charges and credits go here unless another ledger is named.
        pub is_main: bool,
        /// Whether it counts towards the account's balance.
        pub affects_account_balance: bool,
        /// Whether payments may go to it.
        pub accepts_payments: bool,
        /// Whether it is billed by statements.
        pub supports_statements: bool,
        /// Whether it is billed by invoices.
        pub supports_invoices: bool,
        /// Whether it holds old debt only.
        pub is_debt_ledger: bool,
        /// When it was opened.
        pub created_at: DateTime<Utc>,
    }
}

impl Ledger {
    /// The balance seen from the other side: positive when the customer owes.
    pub fn amount_owed_by_customer(&self) -> Result<Minor, AmountError> {
        self.balance.negated()
    }
}

macro_rules! columns {
    () => {
        "l.id, l.account_id, l.number, l.name, l.ledger_type, s.currency, b.balance, l.is_main, \
         l.affects_account_balance, l.accepts_payments, l.supports_statements, l.supports_invoices, l.is_debt_ledger, \
         l.created_at from ledgers l join ledger_accounts s on s.id = l.id \
         join ledger_balances b on b.ledger_account_id = l.id join accounts a on a.id = l.account_id "
    };
}

statement!(static BY_ID: Ledger = concat!(
    "select ", columns!(), "where l.id = any($3::bigint[]) and ", account_is_visible!()));
statement!(static BY_NUMBER: Ledger = concat!(
    "select ", columns!(), "where l.number = $3 and ", account_is_visible!()));
statement!(static OF_ACCOUNTS: Ledger = concat!(
    "select ", columns!(), "where l.account_id = any($3::bigint[]) and ($4::text is null or l.number = $4)
        and ($5::bigint is null or l.id = $5) and ($6 or not l.is_debt_ledger) and ", account_is_visible!(),
    " order by l.is_main desc, l.id"));

/// Which of an account's ledgers are wanted.
#[derive(Clone, Debug)]
pub struct Which {
    /// Only the one of this number.
    pub number: Option<String>,
    /// Only the one of this id.
    pub id: Option<i64>,
    /// Also those that hold old debt only.
    pub include_debt_ledgers: bool,
}

impl Default for Which {
    fn default() -> Self {
        Self { number: None, id: None, include_debt_ledgers: true }
    }
}

/// The ledgers with these ids that the viewer may see, in order.
pub async fn by_ids(tx: &mut Tx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Option<Ledger>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |ledger| ledger.id))
}

/// The ledger with this number, if the viewer may see it.
pub async fn by_number(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Option<Ledger>, sqlx::Error> {
    BY_NUMBER.seen_by(viewer).bind(number).fetch_optional(&mut *tx).await
}

statement!(static ID_OF: (i64,) = "select id from ledgers where number = $1");

/// The ledger with this number, for whoever runs the server, and no request.
pub async fn id_of(tx: &mut Tx, number: &str) -> Result<Option<i64>, sqlx::Error> {
    Ok(ID_OF.query().bind(number).fetch_optional(&mut *tx).await?.map(|(id,)| id))
}

/// The ledgers of each of these accounts, the main one first.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    which: &Which,
) -> Result<Vec<Vec<Ledger>>, sqlx::Error> {
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts);
    let query = query.bind(which.number.as_deref()).bind(which.id).bind(which.include_debt_ledgers);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(accounts, rows.into_iter().map(|ledger| (ledger.account_id, ledger)).collect()))
}

row! {
    /// What a posting needs to know of a customer's ledger.
    pub(in crate::domain) struct Target {
        pub ledger_id: i64,
        pub market: String,
        pub account_type: String,
        pub accepts_payments: bool,
    }
}

statement!(static TARGET: Target = "
    select l.id as ledger_id, a.market, a.account_type, l.accepts_payments
    from ledgers l join accounts a on a.id = l.account_id
    where l.account_id = $1 and case when $2::text is null then l.is_main else l.ledger_type = $2 end");

/// The main ledger of an account, or its ledger of a type. No viewer: the caller has seen to that.
pub(in crate::domain) async fn target(
    tx: &mut Tx,
    account: i64,
    kind: Option<&str>,
) -> Result<Option<Target>, sqlx::Error> {
    TARGET.query().bind(account).bind(kind).fetch_optional(&mut *tx).await
}

row! {
    struct MainRow {
        ledger_id: Option<i64>,
        market: String,
        account_type: String,
        accepts_payments: Option<bool>,
        code: Option<String>,
        display: Option<String>,
        is_deprecated: Option<bool>,
        is_tax_exempt: Option<bool>,
        is_hidden: Option<bool>,
        reason_group: Option<String>,
    }
}

macro_rules! main_with {
    ($reasons:literal) => {
        concat!(
            "select l.id as ledger_id, a.market, a.account_type, l.accepts_payments, r.code, r.display, r.is_deprecated, \
                r.is_tax_exempt, r.is_hidden, r.reason_group \
             from accounts a left join ledgers l on l.account_id = a.id and l.is_main \
                left join ",
            $reasons,
            " r on r.market = a.market and r.code = $4 \
             where a.number = $3 and ",
            account_is_visible!()
        )
    };
}

statement!(static MAIN_TO_CHARGE: MainRow = main_with!("charge_reasons"));
statement!(static MAIN_TO_CREDIT: MainRow = main_with!("credit_reasons"));

// What is posted by hand begins with one of these.
opening!(static TO_CHARGE: MainRow = "kraken_main_to_charge" ("text, bigint, text, text") MAIN_TO_CHARGE);
opening!(static TO_CREDIT: MainRow = "kraken_main_to_credit" ("text, bigint, text, text") MAIN_TO_CREDIT);

/// An account's main ledger, if it has one, and a reason of its market, if there is such a reason.
pub(super) type MainAndReason = (Option<Target>, Option<ReasonRow>);

/// The main ledger of the account of this number, if the viewer may see it, and the reason of this code for doing something
/// to it by hand.
pub(super) async fn main_of(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    action: Action,
    reason: &str,
) -> Result<Option<MainAndReason>, sqlx::Error> {
    let find = match action {
        Action::Charge => &TO_CHARGE,
        Action::Credit => &TO_CREDIT,
    };
    let (kind, id) = (Literal::Text(viewer.kind()), Literal::Big(viewer.id()));
    let values = [kind, id, Literal::Text(account_number), Literal::Text(reason)];
    Ok(tx.first(find, &values).await?.into_iter().next().map(MainRow::parts))
}

impl MainRow {
    fn parts(self) -> MainAndReason {
        let Self { market, account_type, .. } = self;
        let ledger = self.ledger_id.zip(self.accepts_payments);
        let target = ledger.map(|(ledger_id, accepts_payments)| Target {
            ledger_id,
            market,
            account_type,
            accepts_payments,
        });
        let reason = self.code.map(|code| ReasonRow {
            code,
            display: self.display.unwrap_or_default(),
            is_deprecated: self.is_deprecated.unwrap_or_default(),
            is_tax_exempt: self.is_tax_exempt.unwrap_or_default(),
            is_hidden: self.is_hidden.unwrap_or_default(),
            reason_group: self.reason_group.unwrap_or_default(),
        });
        (target, reason)
    }
}

statement!(static TARGET_BY_ID: Target = "
    select l.id as ledger_id, a.market, a.account_type, l.accepts_payments
    from ledgers l join accounts a on a.id = l.account_id where l.id = $1");

/// The ledger with this id. No viewer: the caller has seen to that.
pub(super) async fn target_by_id(tx: &mut Tx, ledger: i64) -> Result<Option<Target>, sqlx::Error> {
    TARGET_BY_ID.query().bind(ledger).fetch_optional(&mut *tx).await
}

/// How a caller names one ledger of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerName {
    /// By its row id.
    Id(i64),
    /// By its number.
    Number(String),
}

/// Why a text names no one ledger.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// It holds an id and a number, which might be of different ledgers.
    #[error("the text holds both an id and a number of a ledger")]
    Both,
    /// It holds neither.
    #[error("the text holds neither an id nor a number of a ledger")]
    Neither,
}

impl LedgerName {
    /// Reads an id in decimal digits, or a number: `L-` and eight hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let words: Vec<&str> = text.split([' ', ',', ';', ':', '/', '|']).filter(|w| !w.is_empty()).collect();
        match words.as_slice() {
            [word] => Self::of_word(word).ok_or(NameError::Neither),
            words => {
                let names: Vec<Self> = words.iter().filter_map(|word| Self::of_word(word)).collect();
                let has_id = names.iter().any(|name| matches!(name, Self::Id(_)));
                let has_number = names.iter().any(|name| matches!(name, Self::Number(_)));
                Err(if has_id && has_number { NameError::Both } else { NameError::Neither })
            }
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        if let Some(digits) = word.strip_prefix("L-") {
            let fits = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            return fits.then(|| Self::Number(word.to_owned()));
        }
        let is_decimal = word.bytes().all(|b| b.is_ascii_digit());
        word.parse().ok().filter(|_| is_decimal).map(Self::Id)
    }

    fn id(&self) -> Option<i64> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Number(_) => None,
        }
    }

    fn number(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::Number(number) => Some(number),
        }
    }
}

statement!(static NAMED: Target = concat!("
    select l.id as ledger_id, a.market, a.account_type, l.accepts_payments
    from ledgers l join accounts a on a.id = l.account_id
    where a.number = $3 and (l.id = $4::bigint or l.number = $5::text) and ", account_is_visible!()));

/// The ledger of this name on an account, if the viewer may see both.
pub(in crate::domain) async fn named(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    name: &LedgerName,
) -> Result<Option<Target>, sqlx::Error> {
    let query = NAMED.seen_by(viewer).bind(account_number);
    query.bind(name.id()).bind(name.number()).fetch_optional(&mut *tx).await
}

statement!(static NUMBERED: Target = concat!("
    select l.id as ledger_id, a.market, a.account_type, l.accepts_payments
    from ledgers l join accounts a on a.id = l.account_id
    where l.number = $3 and ", account_is_visible!()));

/// The ledger of this number, if the viewer may see it.
pub(super) async fn numbered(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
) -> Result<Option<Target>, sqlx::Error> {
    NUMBERED.seen_by(viewer).bind(number).fetch_optional(&mut *tx).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_named_by_its_id_or_its_number() {
        assert_eq!(LedgerName::parse("6081"), Ok(LedgerName::Id(6081)));
        assert_eq!(LedgerName::parse("L-0A1B2C3D"), Ok(LedgerName::Number("L-0A1B2C3D".into())));
        assert_eq!(LedgerName::parse("6081 L-0A1B2C3D"), Err(NameError::Both));
        for text in
            ["", " ", "L-", "L-0A1B2C3", "-5", "+5", "6081 6082", "A-0A1B2C3D", "99999999999999999999"]
        {
            assert_eq!(LedgerName::parse(text), Err(NameError::Neither), "{text}");
        }
    }
}
