//! Moving out: on one day the home is given up, its supply and what was agreed there end, and what was used until then is
//! billed. All of it or nothing.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use thiserror::Error;

use super::product_switches;
use super::properties::{self, OccupancyError};
use crate::domain::accounts::address::Address;
use crate::domain::accounts::billing::{self, BillingError};
use crate::domain::accounts::contacts;
use crate::domain::accounts::notes;
use crate::domain::auth::password_reset::is_address;
use crate::domain::auth::viewer::Viewer;
use crate::domain::billing::finals;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;

/// How far ahead somebody can say that they move out.
const FARTHEST: TimeDelta = TimeDelta::days(90);
/// For how long they can say it afterwards.
const LATEST: TimeDelta = TimeDelta::days(366);

/// Why nobody moved out.
#[derive(Debug, Error)]
pub enum MoveError {
    /// The viewer may not do this, or the account does not hold such a property for them.
    #[error("the account holds no such property")]
    NotHeld,
    /// The day cannot be.
    #[error("{0}")]
    Day(&'static str),
    /// Where they go, or who follows them, cannot be.
    #[error("{0}")]
    Next(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(MoveError);

impl From<OccupancyError> for MoveError {
    fn from(error: OccupancyError) -> Self {
        match error {
            OccupancyError::Database(error) => Self::Database(error),
            OccupancyError::SuppliedSince => Self::Day("the account has been supplied there since that day"),
            _ => Self::NotHeld,
        }
    }
}

impl From<BillingError> for MoveError {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Database(error) => Self::Database(error),
            BillingError::Address(why) => Self::Next(why),
            _ => Self::NotHeld,
        }
    }
}

/// Who lives there next.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// E-mail, if it is known.
    pub email: String,
    /// Mobile number, if it is known.
    pub mobile: String,
    /// What they are there, such as `TENANT` or `LANDLORD`.
    pub role: String,
}

/// Somebody's wish to move out.
#[derive(Clone, Debug)]
pub struct MoveOut {
    /// Number of the account.
    pub account_number: String,
    /// The property, by row id.
    pub property: i64,
    /// The first local day on which it is not theirs.
    pub on: NaiveDate,
    /// Where letters go from now on: an address whose parts stand between commas, the town last, and a postcode.
    pub forwarding: Option<(String, String)>,
    /// Who follows.
    pub tenant: Option<Tenant>,
}

row! {
    struct Held {
        from_at: Option<DateTime<Utc>>,
        to_at: Option<DateTime<Utc>>,
        is_billed: bool,
    }
}

// What has been charged for days from then on, here, by whatever agreement.
statement!(static HELD: Held = "
    select lower(o.during) as from_at, upper(o.during) as to_at, exists (
        select from supply_points sp join agreements g on g.supply_point_id = sp.id and g.account_id = o.account_id
            join supply_charges c on c.agreement_id = g.id
        where sp.property_id = o.property_id and not c.is_forgone and upper(c.days) > $3) as is_billed
    from occupancies o where o.property_id = $1 and o.account_id = $2
    order by o.during desc limit 1 for no key update of o");

/// Moves an account out of a property. A repeat changes nothing.
///
/// # Errors
/// See [`MoveError`].
pub async fn move_out(tx: &mut Tx, viewer: &Viewer, wanted: &MoveOut) -> Result<(), MoveError> {
    let held = product_switches::hold_account(tx, viewer, &wanted.account_number).await?;
    let (account, market) = held.ok_or(MoveError::NotHeld)?;
    let market = market::by_code(&market).ok_or(MoveError::NotHeld)?;
    let held = HELD.query().bind(wanted.property).bind(account).bind(wanted.on);
    let held = held.fetch_optional(&mut *tx).await?.ok_or(MoveError::NotHeld)?;
    let until = market.start_of(wanted.on);
    if held.to_at == Some(until) {
        return Ok(());
    }
    if held.to_at.is_some() {
        return Err(MoveError::NotHeld);
    }
    let today = market.day(tx.business_now().await?);
    if wanted.on - today > FARTHEST {
        return Err(MoveError::Day("the day is more than 90 days ahead"));
    }
    if today - wanted.on > LATEST || held.from_at.is_none_or(|from| from >= until) {
        return Err(MoveError::Day("the day is before they moved in, or more than a year ago"));
    }
    if held.is_billed {
        return Err(MoveError::Day("days from then on have been billed"));
    }
    properties::move_out(tx, wanted.property, account, wanted.on).await?;
    if let Some((street, postcode)) = &wanted.forwarding {
        let address = forwarding(street, postcode);
        billing::set_address(tx, viewer, &wanted.account_number, Some(address)).await?;
    }
    if let Some(tenant) = &wanted.tenant {
        notes::keep(tx, viewer, account, &note(wanted, tenant)?).await?;
    }
    Ok(finals::expect(tx, viewer, (account, wanted.property), wanted.on).await?)
}

/// An address whose parts stand between commas, the town last.
fn forwarding(text: &str, postcode: &str) -> Address {
    let parts: Vec<&str> = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let (locality, street) = parts.split_last().unwrap_or((&"", &[]));
    Address {
        street_address: street.join("\n"),
        locality: (*locality).to_owned(),
        postal_code: postcode.to_owned(),
        ..Address::default()
    }
}

/// What employees read about whoever follows.
fn note(wanted: &MoveOut, tenant: &Tenant) -> Result<String, MoveError> {
    let line =
        |text: &str| contacts::line(text).ok_or(MoveError::Next("the new occupier is no line of text"));
    let name = format!("{} {}", line(&tenant.given_name)?, line(&tenant.family_name)?);
    if name.trim().is_empty() {
        return Err(MoveError::Next("the new occupier has no name"));
    }
    let email = line(&tenant.email)?;
    if !email.is_empty() && !is_address(&email) {
        return Err(MoveError::Next("mail cannot be sent to the new occupier"));
    }
    let facts = [email, line(&tenant.mobile)?, line(&tenant.role)?];
    let facts: Vec<String> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    Ok(format!(
        "Moved out of property {} on {}. New occupier: {}{facts}",
        wanted.property,
        wanted.on,
        name.trim()
    ))
}
