//! Where an account stands between sign-up and closure.

use serde_json::json;
use thiserror::Error;

use super::changes::{About, Changes};
use crate::domain::auth::viewer::Viewer;
use crate::domain::events::{self, Event, Name};
use crate::platform::db::{Tx, database_error, statement};

/// Why an account did not get another status.
#[derive(Debug, Error)]
pub enum LifecycleError {
    /// There is no such account.
    #[error("there is no such account")]
    Unknown,
    /// From where the account is, it cannot get there.
    #[error("an account that is {0} cannot become {1}")]
    Refused(&'static str, &'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(LifecycleError);

/// The status of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Signed up, and not supplied yet.
    Pending,
    /// Signed up, and something is missing.
    Incomplete,
    /// The customer withdrew before supply began.
    Withdrawn,
    /// Supplied, or able to be.
    Active,
    /// Joining supply went wrong, and is looked into.
    EnrolmentError,
    /// Somebody refused to let the customer join.
    EnrolmentRejected,
    /// No longer supplied.
    Dormant,
    /// Opened by mistake.
    Void,
}

const ALL: [Status; 8] = [
    Status::Pending,
    Status::Incomplete,
    Status::Withdrawn,
    Status::Active,
    Status::EnrolmentError,
    Status::EnrolmentRejected,
    Status::Dormant,
    Status::Void,
];

impl Status {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Incomplete => "INCOMPLETE",
            Self::Withdrawn => "WITHDRAWN",
            Self::Active => "ACTIVE",
            Self::EnrolmentError => "ENROLMENT_ERROR",
            Self::EnrolmentRejected => "ENROLMENT_REJECTED",
            Self::Dormant => "DORMANT",
            Self::Void => "VOID",
        }
    }

    /// The status of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        ALL.into_iter().find(|status| status.name() == name)
    }

    /// Where an account can go from here.
    fn next(self) -> &'static [Self] {
        match self {
            Self::Pending => &[
                Self::Incomplete,
                Self::Withdrawn,
                Self::Active,
                Self::EnrolmentError,
                Self::EnrolmentRejected,
                Self::Void,
            ],
            Self::Incomplete => &[Self::Pending, Self::Withdrawn, Self::Void],
            Self::EnrolmentError => &[Self::Pending, Self::EnrolmentRejected, Self::Withdrawn, Self::Void],
            Self::EnrolmentRejected => &[Self::Pending, Self::Void],
            Self::Active => &[Self::Dormant],
            Self::Dormant => &[Self::Active],
            Self::Withdrawn | Self::Void => &[],
        }
    }

    /// Whether an account can go from here to there.
    pub fn may_become(self, other: Self) -> bool {
        self.next().contains(&other)
    }

    /// Whether nothing will come of the account: whoever signs up again gets another.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Pending | Self::Incomplete | Self::EnrolmentError | Self::Active)
    }
}

statement!(static HOLD: (String,) = "select status from accounts where id = $1 for update");
statement!(static SAVE: () = "update accounts set status = $2 where id = $1");

/// Gives an account, by row id, another status, and leaves a trace. Nothing happens if it has it. Whoever calls has
/// made sure that the viewer may do what this follows from.
pub async fn advance(tx: &mut Tx, viewer: &Viewer, account: i64, to: Status) -> Result<(), LifecycleError> {
    let (name,) =
        HOLD.query().bind(account).fetch_optional(&mut *tx).await?.ok_or(LifecycleError::Unknown)?;
    let from = Status::by_name(&name).ok_or(LifecycleError::Unknown)?;
    if from == to {
        return Ok(());
    }
    if !from.may_become(to) {
        return Err(LifecycleError::Refused(from.name(), to.name()));
    }
    SAVE.command().bind(account).bind(to.name()).execute(&mut *tx).await?;
    let mut changes = Changes::default();
    changes.set("status", &mut from.name(), to.name());
    changes.keep_untold(tx, viewer, About::Account(account)).await?;
    let data = json!({ "from": from.name(), "to": to.name() });
    let told = Event { name: Name::AccountStatusChanged, about: events::About::Account(account), data };
    Ok(events::record(tx, &[told]).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_lives_once() {
        assert!(ALL.into_iter().all(|status| Status::by_name(status.name()) == Some(status)));
        assert!(Status::Pending.may_become(Status::Active) && Status::Active.may_become(Status::Dormant));
        assert!(Status::Dormant.may_become(Status::Active) && !Status::Active.may_become(Status::Pending));
        assert!(!Status::Active.may_become(Status::Withdrawn));
        for end in [Status::Withdrawn, Status::Void] {
            assert!(end.is_over() && !ALL.into_iter().any(|next| end.may_become(next)));
        }
        // Nothing is out of reach.
        for status in ALL.into_iter().filter(|status| *status != Status::Pending) {
            assert!(ALL.into_iter().any(|from| from.may_become(status)), "{status:?}");
        }
    }
}
