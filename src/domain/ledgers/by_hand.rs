//! What is posted by hand: a charge or a credit, now or by plan, by whoever may post.

use chrono::{DateTime, Utc};
use serde_json::Value;
use thiserror::Error;

use super::books::Book;
use super::journal::PostError;
use super::ledgers::{self, LedgerName, NameError, Target};
use super::reasons::{self, ReasonRow};
use super::transactions::{self, Kind, New, Transaction};
use crate::domain::accounts::accounts;
use crate::domain::auth::viewer::{POST_TRANSACTIONS, Viewer};
use crate::platform::db::{Tx, database_error};
use crate::platform::market::{self, Market};
use crate::platform::money::{AmountError, Minor, Split};

/// Why nothing was posted or planned.
#[derive(Debug, Error)]
pub enum HandError {
    /// The viewer has no permission to post.
    #[error("the viewer may not post")]
    Forbidden,
    /// A text names no one ledger.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is no such account, or not for this viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// There is no such ledger, or the account has none to post on.
    #[error("there is no such ledger")]
    NoLedger,
    /// The market has no reason of this code.
    #[error("there is no such reason")]
    UnknownReason,
    /// The reason may no longer be used.
    #[error("the reason is deprecated")]
    DeprecatedReason,
    /// Net and tax do not add up to gross.
    #[error("net and tax do not add up to gross")]
    DoesNotAddUp,
    /// An amount is negative or zero, or too large to be shown.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The balance after it would be too large to be shown.
    #[error("the balance would be out of range")]
    Balance,
    /// The books could not be kept; never the caller's doing.
    #[error(transparent)]
    Books(PostError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(HandError);

impl From<PostError> for HandError {
    fn from(error: PostError) -> Self {
        match error {
            PostError::Amount(_) => Self::Balance,
            PostError::Database(error) => Self::Database(error),
            other => Self::Books(other),
        }
    }
}

/// What can be posted by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The customer owes more.
    Charge,
    /// The customer owes less.
    Credit,
}

impl Action {
    /// As clients and the database know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Charge => "CHARGE",
            Self::Credit => "CREDIT",
        }
    }

    /// The action of this code.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Charge, Self::Credit].into_iter().find(|action| action.code() == code)
    }

    /// The transaction that shows it.
    pub fn kind(self) -> Kind {
        match self {
            Self::Charge => Kind::Charge,
            Self::Credit => Kind::Credit,
        }
    }

    /// What it is posted against.
    pub(super) fn book(self) -> Book {
        Book::of(self.kind())
    }
}

/// Where something is posted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Onto<'a> {
    /// On the main ledger of the account with this number.
    Main(&'a str),
    /// On a ledger of the account with this number, by the ledger's id or number.
    Of(&'a str, &'a str),
    /// On the ledger with this number, whosever it is.
    Numbered(&'a str),
}

/// How much, in minor units of the ledger's currency.
#[derive(Clone, Copy, Debug)]
pub(super) enum Amounts {
    /// With tax, which is taken out by the market's rule unless the reason bears none. More than zero.
    Gross(i64),
    /// Net, tax and gross, which add up; none is negative, and gross is more than zero.
    Parts(i64, i64, i64),
}

impl Amounts {
    fn check(self) -> Result<(), HandError> {
        let (Self::Gross(gross) | Self::Parts(_, _, gross)) = self;
        let gross = Minor::positive_entry(gross)?;
        let Self::Parts(net, tax, _) = self else { return Ok(()) };
        let (net, tax) = (Minor::entry(net)?, Minor::entry(tax)?);
        if net < Minor::ZERO || tax < Minor::ZERO {
            return Err(AmountError::NotPositive.into());
        }
        if net.plus(tax)? == gross { Ok(()) } else { Err(HandError::DoesNotAddUp) }
    }

    fn split(self, market: &Market, account_type: &str, exempt: bool) -> Result<Split, AmountError> {
        match self {
            Self::Gross(gross) => market.split_gross(Minor(gross), account_type, exempt),
            Self::Parts(net, tax, gross) => {
                Ok(Split { net: Minor(net), tax: Minor(tax), gross: Minor(gross) })
            }
        }
    }
}

/// What is wanted, as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub action: Action,
    pub onto: Onto<'a>,
    pub amounts: Amounts,
    /// Code of a reason for such an action in the ledger's market.
    pub reason: &'a str,
}

/// What is wanted, known to be right.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub ledger: i64,
    pub market: &'static Market,
    pub reason: ReasonRow,
    pub split: Split,
}

/// What goes with a transaction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Notes<'a> {
    pub note: Option<&'a str>,
    pub display_note: Option<&'a str>,
    pub metadata: Option<&'a Value>,
}

/// Finds out whether the viewer may post this, and on what.
pub(super) async fn judge(tx: &mut Tx, viewer: &Viewer, wanted: &Wanted<'_>) -> Result<Judged, HandError> {
    if !viewer.may(POST_TRANSACTIONS) {
        return Err(HandError::Forbidden);
    }
    wanted.amounts.check()?;
    let (target, reason) = aim(tx, viewer, wanted).await?;
    let market = market::by_code(&target.market).ok_or(HandError::NoLedger)?;
    let reason = reason.ok_or(HandError::UnknownReason)?;
    if reason.is_deprecated {
        return Err(HandError::DeprecatedReason);
    }
    let split = wanted.amounts.split(market, &target.account_type, reason.is_tax_exempt)?;
    Ok(Judged { ledger: target.ledger_id, market, reason, split })
}

/// The ledger that is meant, and the reason, if its market has such a one.
async fn aim(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &Wanted<'_>,
) -> Result<(Target, Option<ReasonRow>), HandError> {
    let found = match wanted.onto {
        Onto::Main(number) => {
            let found = ledgers::main_of(tx, viewer, number, wanted.action, wanted.reason).await?;
            let (target, reason) = found.ok_or(HandError::UnknownAccount)?;
            return Ok((target.ok_or(HandError::NoLedger)?, reason));
        }
        Onto::Of(number, ledger) => {
            let name = LedgerName::parse(ledger)?;
            accounts::by_number(tx, viewer, number).await?.ok_or(HandError::UnknownAccount)?;
            ledgers::named(tx, viewer, number, &name).await?
        }
        Onto::Numbered(number) => match LedgerName::parse(number)? {
            LedgerName::Number(number) => ledgers::numbered(tx, viewer, &number).await?,
            LedgerName::Id(_) => return Err(NameError::Neither.into()),
        },
    };
    let target = found.ok_or(HandError::NoLedger)?;
    let reason = match wanted.action {
        Action::Charge => reasons::charge(tx, &target.market, wanted.reason).await?,
        Action::Credit => reasons::credit(tx, &target.market, wanted.reason).await?,
    };
    Ok((target, reason))
}

/// What was posted by hand.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Row id of the transaction.
    pub id: i64,
    /// Net, tax and gross, in minor units.
    pub split: Split,
    /// Code of the reason.
    pub reason: String,
    /// A note for staff.
    pub note: Option<String>,
    /// A note for the customer.
    pub display_note: Option<String>,
    /// Whatever the caller attached.
    pub metadata: Option<Value>,
    /// Business time of posting.
    pub created_at: DateTime<Utc>,
}

/// Posts it now.
pub(super) async fn post(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &Wanted<'_>,
    notes: &Notes<'_>,
) -> Result<Posted, HandError> {
    let Judged { ledger, market, reason, split } = judge(tx, viewer, wanted).await?;
    let new = New {
        note: notes.note,
        display_note: notes.display_note,
        metadata: notes.metadata,
        reason_code: Some(&reason.code),
        ..New::of(wanted.action.kind(), split, &reason.display)
    };
    let id = transactions::record(tx, market, ledger, &new, wanted.action.book()).await?;
    Ok(Posted::of(id, &new, tx.business_now().await?))
}

impl From<Transaction> for Posted {
    fn from(shown: Transaction) -> Self {
        Self {
            id: shown.id,
            split: shown.amounts(),
            reason: shown.reason_code.unwrap_or_default(),
            note: shown.note,
            display_note: shown.display_note,
            metadata: shown.metadata,
            created_at: shown.created_at,
        }
    }
}

impl Posted {
    /// What was posted as `id`.
    pub(super) fn of(id: i64, new: &New<'_>, created_at: DateTime<Utc>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            id,
            split: new.split,
            reason: new.reason_code.unwrap_or_default().to_owned(),
            note: owned(new.note),
            display_note: owned(new.display_note),
            metadata: new.metadata.cloned(),
            created_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(net: i64, tax: i64, gross: i64) -> Result<(), HandError> {
        Amounts::Parts(net, tax, gross).check()
    }

    #[test]
    fn net_and_tax_add_up() {
        assert!(parts(100, 20, 120).is_ok());
        assert!(matches!(parts(100, 20, 121), Err(HandError::DoesNotAddUp)));
        assert!(matches!(parts(0, 0, 0), Err(HandError::Amount(AmountError::NotPositive))));
        assert!(matches!(parts(-1, 2, 1), Err(HandError::Amount(AmountError::NotPositive))));
        assert!(matches!(parts(1 << 31, 0, 1 << 31), Err(HandError::Amount(AmountError::OutOfRange))));
    }

    #[test]
    fn actions_are_known_by_their_codes() {
        for action in [Action::Charge, Action::Credit] {
            assert_eq!(Action::parse(action.code()), Some(action));
        }
        assert_eq!(Action::parse("charge"), None);
    }
}
