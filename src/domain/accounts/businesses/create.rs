//! Registering a business.

use std::collections::BTreeSet;

use thiserror::Error;

use super::registers::{self, NoNumber, Registered};
use super::{Business, KANA_NAME};
use crate::domain::accounts::address::{self, Address, NoAddress};
use crate::domain::accounts::contacts;
use crate::domain::auth::viewer::{MANAGE_BUSINESSES, Viewer};
use crate::platform::db::{Tx, database_error, on_constraint, statement};

/// Where an address is that does not say so itself.
const HOME: &str = "GB";
/// The most details of one business.
const MOST_DETAILS: usize = 50;

/// Why a business was not registered.
#[derive(Debug, Error)]
pub enum CreateError {
    /// The viewer may not manage businesses.
    #[error("may not manage businesses")]
    Forbidden,
    /// Name, details or sectors cannot be kept; this is why.
    #[error("{0}")]
    Details(&'static str),
    /// The number is none, or another business's; this is why.
    #[error("{0}")]
    Number(&'static str),
    /// The legal or the billing address is none; which, and why.
    #[error("{0}: {1}")]
    Address(&'static str, &'static str),
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(CreateError);

impl From<sqlx::Error> for CreateError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "businesses_number_key") {
            Self::Number("Another business has this number.")
        } else if on_constraint(&error, "business_sector_memberships_sector_fkey") {
            Self::Details("There is no such sector.")
        } else {
            Self::Database(error)
        }
    }
}

/// What a business is registered with.
#[derive(Clone, Debug, Default)]
pub struct NewBusiness {
    /// What it is called.
    pub name: String,
    /// Its number in the register of its country; empty for none.
    pub number: String,
    /// One of `BusinessTypeOptions`.
    pub form: String,
    /// What else is known, by key.
    pub details: Vec<(String, String)>,
    /// Where its bills go.
    pub billing_address: Option<Address>,
    /// Where it has its seat.
    pub legal_address: Option<Address>,
    /// What it does.
    pub sectors: Vec<String>,
}

statement!(static ADD: (i64,) = "
    insert into businesses (name, number, number_type, displayable_number, business_type, billing_address_id,
        legal_address_id, organisation_id, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id");
statement!(static ADD_DETAILS: () = "
    insert into business_details (business_id, key, value)
    select $1, given.key, given.value from unnest($2::text[], $3::text[]) as given (key, value)");
statement!(static ADD_SECTORS: () = "
    insert into business_sector_memberships (business_id, sector)
    select distinct $1::bigint, given.sector from unnest($2::text[]) as given (sector)");

/// Registers a business, for a viewer who may manage businesses.
pub async fn create(tx: &mut Tx, viewer: &Viewer, new: &NewBusiness) -> Result<Business, CreateError> {
    if !viewer.may(MANAGE_BUSINESSES) {
        return Err(CreateError::Forbidden);
    }
    let id = add(tx, viewer, new, None).await?;
    let found = super::by_ids(tx, viewer, &[id]).await?;
    found.into_iter().flatten().next().ok_or(CreateError::Database(sqlx::Error::RowNotFound))
}

/// Registers a business; without an address it is in `country`, if that is known. Answers its row id.
pub(in crate::domain::accounts) async fn add(
    tx: &mut Tx,
    viewer: &Viewer,
    new: &NewBusiness,
    country: Option<&str>,
) -> Result<i64, CreateError> {
    let name = contacts::line(&new.name).filter(|name| !name.is_empty());
    let name = name.ok_or(CreateError::Details("A business has a name of one line."))?;
    let details = judged_details(&new.details)?;
    let billing = judged_address("businessBillingAddress", new.billing_address.as_ref())?;
    let legal = judged_address("businessLegalAddress", new.legal_address.as_ref())?;
    let seat = legal.as_ref().or(billing.as_ref()).map(|address| address.country.as_str());
    let registered = number(new, seat.or(country))?;
    let mut kept = [None, None];
    for (place, address) in kept.iter_mut().zip([&billing, &legal]) {
        if let Some(address) = address {
            *place = Some(address::keep(tx, address).await?);
        }
    }
    let now = tx.business_now().await?;
    let organisation = match viewer {
        Viewer::Organisation { id, .. } => Some(*id),
        _ => None,
    };
    let add = ADD.query().bind(name).bind(&registered.number).bind(registered.kind);
    let add = add.bind(&registered.displayable).bind(&new.form).bind(kept[0]).bind(kept[1]);
    let (id,) = add.bind(organisation).bind(now).fetch_one(&mut *tx).await?;
    let (keys, values): (Vec<String>, Vec<String>) = details.into_iter().unzip();
    ADD_DETAILS.command().bind(id).bind(keys).bind(values).execute(&mut *tx).await?;
    ADD_SECTORS.command().bind(id).bind(&new.sectors).execute(&mut *tx).await?;
    Ok(id)
}

/// The register is that of the country where the business has its seat, or else where its bills go.
fn number(new: &NewBusiness, country: Option<&str>) -> Result<Registered, CreateError> {
    let number = contacts::line(&new.number).ok_or(CreateError::Number("A number is one line of text."))?;
    registers::read(&number, country, &new.form).map_err(|NoNumber(why)| CreateError::Number(why))
}

fn judged_address(field: &'static str, address: Option<&Address>) -> Result<Option<Address>, CreateError> {
    let judged = address.map(|address| address.clone().judged(HOME)).transpose();
    judged.map_err(|NoAddress(why)| CreateError::Address(field, why))
}

fn judged_details(given: &[(String, String)]) -> Result<Vec<(String, String)>, CreateError> {
    let bad = CreateError::Details;
    if given.len() > MOST_DETAILS {
        return Err(bad("These are too many details."));
    }
    let line = |text: &str| contacts::line(text).filter(|text| !text.is_empty());
    let mut keys = BTreeSet::new();
    let mut kept = Vec::new();
    for (key, value) in given {
        let (Some(key), Some(value)) = (line(key), line(value)) else {
            return Err(bad("A detail has a key and a value of one line each."));
        };
        if key == KANA_NAME && !value.chars().all(is_kana) {
            return Err(bad("How a name is read is written in kana."));
        }
        if !keys.insert(key.clone()) {
            return Err(bad("A detail is given twice."));
        }
        kept.push((key, value));
    }
    Ok(kept)
}

/// Katakana of either width, with what stands between words.
fn is_kana(c: char) -> bool {
    matches!(c, '\u{30a0}'..='\u{30ff}' | '\u{ff61}'..='\u{ff9f}' | ' ' | '\u{3000}' | '(' | ')' | '（' | '）')
}
