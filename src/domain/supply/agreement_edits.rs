//! What staff put right about agreements: another product in the place of one, an agreement that should never have been, and
//! when one begins and ends. What was billed stays.

use chrono::NaiveDate;
use thiserror::Error;

use super::agreements::{self, AgreementError, Next};
use super::product_switches;
use super::renewals;
use crate::domain::accounts::accounts;
use crate::domain::accounts::changes::may_edit;
use crate::domain::accounts::notes::{self, NoteError};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, statement};
use crate::platform::market;

/// Why an agreement did not change.
#[derive(Debug, Error)]
pub enum EditError {
    /// The viewer may not change agreements.
    #[error("the viewer may not change agreements")]
    Forbidden,
    /// There is no such account for the viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// The account has no such agreement.
    #[error("there is no such agreement")]
    NotThere,
    /// It is another account's.
    #[error("the agreement is another account's")]
    OtherAccount,
    /// It would end before it begins.
    #[error("the agreement would end before it begins")]
    NoPeriod,
    /// It would hold while the account is not supplied at the point, or does not hold the property.
    #[error("the account is not supplied there for all that time")]
    NotSupplied,
    /// Something of it was billed.
    #[error("the agreement has been billed")]
    Billed,
    /// Things stand in the way.
    #[error("{0}")]
    Cannot(&'static str),
    /// The reason is too long, or no text.
    #[error("a reason is text of up to 10000 characters")]
    Reason,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(EditError);

impl From<AgreementError> for EditError {
    fn from(error: AgreementError) -> Self {
        match error {
            AgreementError::Database(error) => Self::Database(error),
            AgreementError::NotThere => Self::NotThere,
            AgreementError::Billed => Self::Billed,
            AgreementError::NotSupplied => Self::NotSupplied,
            AgreementError::NoProduct => Self::Cannot("the product is not sold for the supply point"),
            AgreementError::Overlaps => Self::Cannot("another agreement holds then"),
            AgreementError::NotThen => Self::Cannot("the agreement does not hold on that day"),
        }
    }
}

impl From<NoteError> for EditError {
    fn from(error: NoteError) -> Self {
        match error {
            NoteError::Unauthorised => Self::Forbidden,
            NoteError::Body => Self::Reason,
            NoteError::Database(error) => Self::Database(error),
        }
    }
}

/// An agreement of an account that staff name, and why they change it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Number of the account.
    pub account_number: String,
    /// The agreement, by row id; zero for none.
    pub agreement: i64,
    /// What is noted on the account.
    pub reason: Option<String>,
}

statement!(static ACCOUNT_OF: (i64,) = "select account_id from agreements where id = $1 and revoked_at is null");
statement!(static AT_POINT: (i64,) = "
    select g.id from agreements g join supply_points sp on sp.id = g.supply_point_id
    where g.account_id = $1 and sp.market = 'gb' and sp.identifier = $2 and g.revoked_at is null
        and g.during @> $3::timestamptz");

/// Whose account it is, so that nobody else changes what is agreed there.
async fn hold(tx: &mut Tx, viewer: &Viewer, account_number: &str) -> Result<(i64, String), EditError> {
    if !may_edit(viewer) {
        return Err(EditError::Forbidden);
    }
    let held = product_switches::hold_account(tx, viewer, account_number).await?;
    held.ok_or(EditError::UnknownAccount)
}

/// Puts a product in the place of what is agreed at a British meter point from a day on. What is on the product from that day on
/// already stays as it is.
///
/// # Errors
/// See [`EditError`].
pub async fn replace(
    tx: &mut Tx,
    viewer: &Viewer,
    (account_number, mpxn): (&str, &str),
    (product, on): (&str, NaiveDate),
) -> Result<(), EditError> {
    let (account, market) = hold(tx, viewer, account_number).await?;
    let market = market::by_code(&market).ok_or(EditError::UnknownAccount)?;
    let number = renewals::mpxn(mpxn).ok_or(EditError::NotThere)?;
    let held = AT_POINT.query().bind(account).bind(number).bind(market.start_of(on));
    let (held,) = held.fetch_optional(&mut *tx).await?.ok_or(EditError::NotThere)?;
    let (is_done,) =
        IS_ON.query().bind(held).bind(product).bind(market.start_of(on)).fetch_one(&mut *tx).await?;
    if !is_done {
        agreements::follow(tx, held, &Next { product, from: on, is_flat: false }).await?;
    }
    Ok(())
}

statement!(static IS_ON: (bool,) = "
    select exists (select from agreements g join tariffs t on t.id = g.tariff_id join product_offers o on o.id = t.offer_id
        join products p on p.id = o.product_id where g.id = $1 and p.code = $2 and lower(g.during) = $3)");

/// Makes an agreement as if it had never been.
///
/// # Errors
/// See [`EditError`].
pub async fn revoke(tx: &mut Tx, viewer: &Viewer, named: &Named) -> Result<(), EditError> {
    let (account, _) = hold(tx, viewer, &named.account_number).await?;
    // Another account's is not there.
    let owner = ACCOUNT_OF.query().bind(named.agreement).fetch_optional(&mut *tx).await?;
    owner.filter(|(owner,)| *owner == account).ok_or(EditError::NotThere)?;
    agreements::revoke(tx, named.agreement).await?;
    note(tx, viewer, named, "was revoked").await
}

/// Has an agreement hold from one local day until another, or for good.
///
/// # Errors
/// See [`EditError`].
pub async fn set_period(
    tx: &mut Tx,
    viewer: &Viewer,
    named: &Named,
    (from, to): (NaiveDate, Option<NaiveDate>),
) -> Result<(), EditError> {
    let (account, _) = hold(tx, viewer, &named.account_number).await?;
    let owner = ACCOUNT_OF.query().bind(named.agreement).fetch_optional(&mut *tx).await?;
    let (owner,) = owner.ok_or(EditError::NotThere)?;
    if owner != account {
        let is_seen = accounts::by_ids(tx, viewer, &[owner]).await?.into_iter().flatten().next().is_some();
        return Err(if is_seen { EditError::OtherAccount } else { EditError::NotThere });
    }
    if to.is_some_and(|to| to <= from) {
        return Err(EditError::NoPeriod);
    }
    agreements::set_period(tx, named.agreement, from, to).await?;
    let ends = to.map_or_else(|| "for good".to_owned(), |to| format!("until {to}"));
    note(tx, viewer, named, &format!("now holds from {from} {ends}")).await
}

async fn note(tx: &mut Tx, viewer: &Viewer, named: &Named, what: &str) -> Result<(), EditError> {
    let Some(reason) = named.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()) else {
        return Ok(());
    };
    let text = format!("Agreement {} {what}: {reason}", named.agreement);
    Ok(notes::add(tx, viewer, &named.account_number, &text, false).await?)
}
