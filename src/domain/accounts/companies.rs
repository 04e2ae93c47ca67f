//! The companies that the retailer trades as: whose customers those of a brand are, and whose name stands on their bills.

use serde_json::Value;
use thiserror::Error;

use super::address::{Address, Shown};
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::VIEW_ACCOUNTS;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;
use crate::platform::page::{Page, Window};

row! {
    /// A company of the retailer.
    pub struct InternalCompany {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// The retailer's own number of it.
        pub number: String,
        /// Its registered name.
        pub name: String,
        /// Its number in the register of companies.
        pub registration: String,
        /// The court that keeps the register, a licence or the like.
        pub second_registration: Option<String>,
        /// Its number with the tax office.
        pub tax_number: String,
        /// Its seat, in parts.
        pub legal_address: Value,
    }
}

impl InternalCompany {
    /// Its seat, as far as what is kept is an address.
    pub fn seat(&self) -> Option<Address> {
        serde_json::from_value(self.legal_address.clone()).ok()
    }

    /// The line by which letters and bills name their sender.
    pub fn sender(&self) -> String {
        let shown = Shown { country: false, name: false, postal_code: true };
        match self.seat().map(|seat| Address { organization: String::new(), ..seat }.on_one_line(shown)) {
            Some(seat) if !seat.is_empty() => format!("{} · {seat}", self.name),
            _ => self.name.clone(),
        }
    }

    /// The numbers that a bill has to show.
    pub fn numbers(&self) -> String {
        let parts = [Some(&self.registration), self.second_registration.as_ref(), Some(&self.tax_number)];
        let parts: Vec<&str> =
            parts.into_iter().flatten().map(String::as_str).filter(|part| !part.is_empty()).collect();
        parts.join(" · ")
    }
}

/// Why a company was not shown.
#[derive(Debug, Error)]
pub enum CompanyError {
    /// The viewer has no business with the retailer's companies.
    #[error("the viewer may not see the retailer's companies")]
    Forbidden,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(CompanyError);

statement!(static KEEP: () = "
    insert into internal_companies (number, market, name, registration, second_registration, tax_number, legal_address)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (number) do update set name = excluded.name, registration = excluded.registration,
        second_registration = excluded.second_registration, tax_number = excluded.tax_number,
        legal_address = excluded.legal_address
    where (internal_companies.name, internal_companies.registration, internal_companies.second_registration,
        internal_companies.tax_number, internal_companies.legal_address::text)
        is distinct from (excluded.name, excluded.registration, excluded.second_registration, excluded.tax_number,
        excluded.legal_address::text)");
statement!(static PAGE: InternalCompany = "
    select id, number, name, registration, second_registration, tax_number, legal_address from internal_companies
    order by number offset $1 limit $2");
statement!(static COUNT: (i64,) = "select count(*) from internal_companies");
statement!(static BY_ID: InternalCompany = "
    select id, number, name, registration, second_registration, tax_number, legal_address from internal_companies
    where id = $1");
statement!(static OF_ACCOUNT: InternalCompany = "
    select c.id, c.number, c.name, c.registration, c.second_registration, c.tax_number, c.legal_address
    from accounts a join brands b on b.code = a.brand join internal_companies c on c.id = b.company_id
    where a.id = $1");

/// Brings the companies up to the data files. One that is no longer in them stays.
///
/// # Errors
/// Those of the database.
pub async fn sync(tx: &mut Tx) -> Result<(), sqlx::Error> {
    for market in market::all() {
        for company in &market.companies {
            let keep = KEEP.command().bind(&company.number).bind(&market.code).bind(&company.name);
            let keep = keep.bind(&company.registration).bind(&company.second_registration);
            keep.bind(&company.tax_number).bind(&company.legal_address).execute(&mut *tx).await?;
        }
    }
    Ok(())
}

/// Staff see them, and organisations that see customers.
fn judge(viewer: &Viewer) -> Result<(), CompanyError> {
    if viewer.is_staff() || viewer.may(VIEW_ACCOUNTS) { Ok(()) } else { Err(CompanyError::Forbidden) }
}

/// One page of the companies, by number; of none for whoever may not see them.
///
/// # Errors
/// Those of the database.
pub async fn page(
    tx: &mut Tx,
    viewer: &Viewer,
    window: &Window,
) -> Result<Page<InternalCompany>, sqlx::Error> {
    if judge(viewer).is_err() {
        return Ok(Page::empty(window));
    }
    let total = if window.needs_total() { Some(COUNT.query().fetch_one(&mut *tx).await?.0) } else { None };
    let slice = window.slice(total);
    let rows = PAGE.query().bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(Page::cut(window, slice, rows, total))
}

/// The company with this id, if there is one.
///
/// # Errors
/// See [`CompanyError`].
pub async fn by_id(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<Option<InternalCompany>, CompanyError> {
    judge(viewer)?;
    Ok(BY_ID.query().bind(id).fetch_optional(&mut *tx).await?)
}

/// The company that an account's contracts are with. No viewer: the caller has seen to that.
pub(in crate::domain) async fn of_account(
    tx: &mut Tx,
    account: i64,
) -> Result<Option<InternalCompany>, sqlx::Error> {
    OF_ACCOUNT.query().bind(account).fetch_optional(&mut *tx).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_brand_is_a_company_s_with_a_seat() {
        for market in market::all() {
            for brand in &market.brands {
                let company = market.companies.iter().find(|company| company.number == brand.company);
                let company = company.unwrap_or_else(|| panic!("{} has a company", brand.code));
                let seat: Address =
                    serde_json::from_value(company.legal_address.clone()).expect("an address");
                assert!(seat.judged(&market.country).is_ok(), "{}", company.name);
            }
        }
    }
}
