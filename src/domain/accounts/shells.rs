//! Accounts of prospects: somebody who may become a customer, with neither property nor supply.

use super::address::Address;
use super::businesses::create::{self, CreateError, NewBusiness};
use super::businesses::links::{self, OWNER};
use super::businesses::{self, Business};
use super::details::{Wishes, Wrong};
use super::sign_up::{self, Bills, NewPerson, NewSignUp, SignUpError, operations, wrong};
use crate::domain::auth::first_password::{self, Credentials, FirstPassword};
use crate::domain::auth::viewer::Viewer;
use crate::domain::billing::rhythms::{self, Periods, RhythmError};
use crate::platform::db::{Tx, statement};
use crate::platform::random::Randomness;

/// A prospect.
#[derive(Clone, Debug, Default)]
pub struct NewShell<'a> {
    /// Brand code.
    pub brand: &'a str,
    /// Number of the portfolio that the account goes into; one of its own unless given.
    pub portfolio: Option<&'a str>,
    /// Who it is, and how to reach them.
    pub person: Wishes,
    /// Who would be billed; the person, or the company, unless given.
    pub billing_name: Option<&'a str>,
    /// Up to five lines of the billing address.
    pub lines: [&'a str; 5],
    /// Postcode of the billing address.
    pub postcode: &'a str,
    /// The billing address in its parts, instead of lines.
    pub address: Option<Address>,
    /// How it would be billed; as its brand's accounts are unless given.
    pub periods: Option<Periods<'a>>,
    /// Number by which the sales channel knows the account.
    pub urn: Option<&'a str>,
    /// The company, if it is one's.
    pub company: Option<Company<'a>>,
}

/// The account of a prospect.
pub struct Opened {
    /// Its number.
    pub number: String,
    /// What the prospect logs in with, if that was made just now.
    pub credentials: Option<Credentials>,
}

/// A prospect that is a company.
#[derive(Clone, Debug, Default)]
pub struct Company<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its number in the register; empty for none.
    pub number: &'a str,
    /// Its legal form, one of `BusinessTypeOptions`.
    pub form: &'a str,
}

statement!(static PORTFOLIO_OF: (i64,) = "select portfolio_id from accounts where id = $1");

/// Opens an account for a prospect, or finds the one with the same URN. Somebody who is new gets a log-in with their first
/// password, if they have an e-mail with which nobody logs in.
pub async fn open(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    new: &NewShell<'_>,
    first: Option<&FirstPassword>,
) -> Result<Opened, SignUpError> {
    let market = sign_up::admitted(tx, viewer, new.brand, operations::PROSPECT).await?;
    let person = NewPerson { brand: new.brand, wishes: new.person.clone(), portfolio: None, role: None };
    let user = sign_up::person(tx, random, viewer, market, &person).await?;
    let names =
        [&new.person.given_name, &new.person.family_name].map(|name| name.clone().unwrap_or_default());
    let whole = names.join(" ");
    let company = new.company.as_ref().map(|company| company.name);
    let bills = match &new.address {
        Some(address) => Bills::Parts(address.clone()),
        None => Bills::Lines { lines: new.lines, postcode: new.postcode, country: None },
    };
    let sign_up = NewSignUp {
        brand: new.brand,
        account_type: if company.is_some() { "BUSINESS" } else { "DOMESTIC" },
        portfolio: new.portfolio,
        billing_name: new.billing_name.or(company).unwrap_or(&whole),
        bills,
        urn: new.urn,
        sale: None,
    };
    let account = sign_up::account(tx, random, viewer, market, user.id, &sign_up).await?;
    if let (Some(periods), true) = (&new.periods, account.is_new) {
        rhythms::agree(tx, account.id, periods).await.map_err(|error| match error {
            RhythmError::NoSuchPeriod => wrong("billingPeriodLength", "There is no such billing period."),
            RhythmError::Database(error) => error.into(),
        })?;
    }
    if let (Some(company), true) = (&new.company, account.is_new) {
        let business = business(tx, viewer, company, &market.country).await?;
        link(tx, account.id, business, new.portfolio.is_some()).await?;
    }
    let email = new.person.email.as_deref().map(str::trim).filter(|email| !email.is_empty());
    let credentials = match (email, first) {
        (Some(email), Some(first)) if user.is_new => {
            first_password::give(tx, random, user.id, email, first).await?
        }
        _ => None,
    };
    Ok(Opened { number: account.number, credentials })
}

/// The company, which is registered unless the viewer sees one with the number.
async fn business(
    tx: &mut Tx,
    viewer: &Viewer,
    company: &Company<'_>,
    country: &str,
) -> Result<i64, SignUpError> {
    let number = company.number.trim();
    if !number.is_empty() {
        let known = businesses::by_number(tx, viewer, number).await?;
        if let [Business { id, .. }] = known.as_slice() {
            return Ok(*id);
        }
    }
    let new = NewBusiness {
        name: company.name.to_owned(),
        number: number.to_owned(),
        form: company.form.to_owned(),
        ..NewBusiness::default()
    };
    create::add(tx, viewer, &new, Some(country)).await.map_err(|error| match error {
        CreateError::Number(why) => wrong("companyNumber", why),
        CreateError::Details(why) | CreateError::Address(_, why) => wrong("companyName", why),
        CreateError::Forbidden => SignUpError::Forbidden,
        CreateError::Database(error) => error.into(),
    })
}

/// A portfolio that was made for the account is the company's as a whole.
async fn link(tx: &mut Tx, account: i64, business: i64, is_shared: bool) -> Result<(), SignUpError> {
    if is_shared {
        return Ok(links::put(tx, account, business, OWNER).await?);
    }
    let (portfolio,) = PORTFOLIO_OF.query().bind(account).fetch_one(&mut *tx).await?;
    match links::link_portfolio(tx, portfolio, business, OWNER).await {
        Ok(_) => Ok(()),
        Err(links::LinkError::Database(error)) => Err(error.into()),
        Err(_) => Err(SignUpError::Database(sqlx::Error::RowNotFound)),
    }
}

/// All that is wrong with a prospect, or what refuses it, said of a field.
pub fn mistakes(error: SignUpError) -> Result<Vec<Wrong>, SignUpError> {
    match error {
        SignUpError::Invalid(wrong) => Ok(wrong),
        SignUpError::Refused(why) if why.contains("URN") => Ok(vec![Wrong { field: "urn", why }]),
        SignUpError::Refused(why) => Ok(vec![Wrong { field: "portfolioNumber", why }]),
        other => Err(other),
    }
}
