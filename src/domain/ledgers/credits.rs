//! Crediting accounts.

use serde_json::Value;

use super::by_hand::{self, Action, Amounts, HandError, Notes, Onto, Wanted};
use super::transactions::Transaction;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::Tx;

/// A credit that somebody gives by hand. All amounts are minor units of the account's currency.
#[derive(Clone, Debug, Default)]
pub struct NewCredit<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// The id or the number of one of its ledgers; the main one if none is named.
    pub ledger: Option<&'a str>,
    /// Before tax; zero or more.
    pub net: i64,
    /// The tax; zero or more.
    pub tax: i64,
    /// Both together; more than zero.
    pub gross: i64,
    /// Code of a credit reason.
    pub reason: &'a str,
    /// A note for staff.
    pub note: Option<&'a str>,
    /// A note for the customer.
    pub display_note: Option<&'a str>,
    /// Anything to keep with it.
    pub metadata: Option<&'a Value>,
}

/// Credits a ledger of an account.
pub async fn create(tx: &mut Tx, viewer: &Viewer, new: &NewCredit<'_>) -> Result<Transaction, HandError> {
    let main = Onto::Main(new.account_number);
    let wanted = Wanted {
        action: Action::Credit,
        onto: new.ledger.map_or(main, |ledger| Onto::Of(new.account_number, ledger)),
        amounts: Amounts::Parts(new.net, new.tax, new.gross),
        reason: new.reason,
    };
    let notes = Notes { note: new.note, display_note: new.display_note, metadata: new.metadata };
    by_hand::post(tx, viewer, &wanted, &notes).await
}
