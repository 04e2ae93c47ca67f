//! Opening portfolios and accounts, and adding the people who hold them.

use chrono::NaiveDate;
use serde_json::json;
use thiserror::Error;

use crate::domain::events::{self, About, Event, Name};
use crate::domain::ledgers::open as ledgers;
use crate::platform::db::{Tx, database_error, on_constraint, statement};
use crate::platform::random::Randomness;
use crate::platform::{ids, market};

/// Why an account was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// No market has this brand.
    #[error("there is no brand {0}")]
    UnknownBrand(String),
    /// There is no such portfolio.
    #[error("there is no such portfolio")]
    UnknownPortfolio,
    /// There is no such operations team.
    #[error("there is no such operations team")]
    UnknownTeam,
    /// Another account has this reference.
    #[error("the URN is taken")]
    UrnTaken,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(OpenError);

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "accounts_urn_key") {
            Self::UrnTaken
        } else if on_constraint(&error, "accounts_portfolio_id_fkey")
            || on_constraint(&error, "portfolios_parent_of_brand")
        {
            Self::UnknownPortfolio
        } else if on_constraint(&error, "portfolios_operations_team_fkey") {
            Self::UnknownTeam
        } else {
            Self::Database(error)
        }
    }
}

/// What a portfolio is made with.
#[derive(Clone, Debug, Default)]
pub struct NewPortfolio<'a> {
    /// Brand code.
    pub brand: &'a str,
    /// Its name, and who is billed for all of it.
    pub name: Option<&'a str>,
    /// The operations team that looks after it.
    pub operations_team: Option<i64>,
    /// Whether its accounts are billed together.
    pub collective_billing: bool,
    /// The portfolio of the same brand that it is part of, by row id.
    pub parent: Option<i64>,
}

/// What an account is opened with.
#[derive(Clone, Debug, Default)]
pub struct NewAccount<'a> {
    /// Brand code; it decides the market and with it currency, taxes and ledgers.
    pub brand: &'a str,
    /// One of `AccountTypeChoices`.
    pub account_type: &'a str,
    /// A reference from an earlier system.
    pub urn: Option<&'a str>,
    /// Who is billed.
    pub billing_name: &'a str,
    /// Where bills are sent by e-mail.
    pub billing_email: &'a str,
    /// Up to five lines.
    pub address: &'a [&'a str],
    /// Postcode.
    pub postcode: &'a str,
}

/// What a user is added with.
#[derive(Clone, Debug, Default)]
pub struct NewUser<'a> {
    /// Given name.
    pub given_name: &'a str,
    /// Family name.
    pub family_name: &'a str,
    /// E-mail; may be empty.
    pub email: &'a str,
    /// Mobile number; may be empty.
    pub mobile: &'a str,
    /// Landline number; may be empty.
    pub landline: &'a str,
    /// Title.
    pub title: Option<&'a str>,
    /// Pronouns.
    pub pronouns: Option<&'a str>,
    /// What they like to be called.
    pub preferred_name: Option<&'a str>,
    /// Date of birth.
    pub date_of_birth: Option<NaiveDate>,
}

/// An account that was just opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Row id.
    pub id: i64,
    /// Its number.
    pub number: String,
}

statement!(static ADD_PORTFOLIO: (i64,) = "
    insert into portfolios (number, brand, name, billing_name, operations_team_id, collective_billing,
        created_at, updated_at, parent_id)
    values ($1, $2, $3, $3, $4, $5, $6, $6, $7)
    on conflict on constraint portfolios_number_key do nothing returning id");
statement!(static ADD_ACCOUNT: (i64,) = "
    insert into accounts (number, brand, market, account_type, portfolio_id, urn, billing_name, billing_email,
        billing_address_line1, billing_address_line2, billing_address_line3, billing_address_line4,
        billing_address_line5, billing_postcode, billing_country, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    on conflict on constraint accounts_number_key do nothing returning id");
statement!(static LEAD: () = "
    update portfolios set lead_account_id = $2, updated_at = $3 where id = $1 and lead_account_id is null");
statement!(static ADD_USER: (i64,) = "
    insert into account_users (number, given_name, family_name, email, mobile, title, pronouns, preferred_name,
        date_of_birth, created_at, updated_at, landline)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
    on conflict on constraint account_users_number_key do nothing returning id");

/// Makes an empty portfolio with a name. Answers its id.
pub async fn portfolio(tx: &mut Tx, random: &Randomness, brand: &str, name: &str) -> Result<i64, OpenError> {
    new_portfolio(tx, random, &NewPortfolio { brand, name: Some(name), ..NewPortfolio::default() }).await
}

/// Makes an empty portfolio. Answers its id.
pub async fn new_portfolio(
    tx: &mut Tx,
    random: &Randomness,
    new: &NewPortfolio<'_>,
) -> Result<i64, OpenError> {
    market::of_brand(new.brand).ok_or_else(|| OpenError::UnknownBrand(new.brand.to_owned()))?;
    let now = tx.business_now().await?;
    for number in ids::candidates(|| ids::portfolio_number(random)) {
        let add = ADD_PORTFOLIO.query().bind(number).bind(new.brand).bind(new.name);
        let add = add.bind(new.operations_team).bind(new.collective_billing).bind(now).bind(new.parent);
        if let Some((id,)) = add.fetch_optional(&mut *tx).await? {
            return Ok(id);
        }
    }
    Err(sqlx::Error::RowNotFound.into())
}

/// Opens an account in a portfolio, with the ledgers that its market gives every account.
pub async fn account(
    tx: &mut Tx,
    random: &Randomness,
    portfolio: i64,
    new: &NewAccount<'_>,
) -> Result<Opened, OpenError> {
    let market = market::of_brand(new.brand).ok_or_else(|| OpenError::UnknownBrand(new.brand.to_owned()))?;
    let now = tx.business_now().await?;
    let line = |place: usize| new.address.get(place).copied().unwrap_or_default();
    for number in ids::candidates(|| ids::account_number(random)) {
        let add = ADD_ACCOUNT.query().bind(&number).bind(new.brand).bind(&market.code).bind(new.account_type);
        let add = add.bind(portfolio).bind(new.urn).bind(new.billing_name).bind(new.billing_email);
        let add = add.bind(line(0)).bind(line(1)).bind(line(2)).bind(line(3)).bind(line(4));
        let add = add.bind(new.postcode).bind(&market.country).bind(now);
        if let Some((id,)) = add.fetch_optional(&mut *tx).await? {
            LEAD.command().bind(portfolio).bind(id).bind(now).execute(&mut *tx).await?;
            for kind in market.ledgers.iter().filter(|kind| kind.opened_with_account) {
                ledgers::customer_ledger(tx, random, id, market, kind).await?;
            }
            let data = json!({
                "brand": new.brand,
                "market": market.code,
                "accountType": new.account_type,
                "portfolioId": portfolio.to_string(),
            });
            let opened = Event { name: Name::AccountOpened, about: About::Account(id), data };
            events::record(tx, &[opened]).await?;
            return Ok(Opened { id, number });
        }
    }
    Err(sqlx::Error::RowNotFound.into())
}

/// Adds an account user, without a log-in and without any role yet. Answers the row id.
pub async fn user(tx: &mut Tx, random: &Randomness, new: &NewUser<'_>) -> Result<i64, OpenError> {
    let now = tx.business_now().await?;
    for number in ids::candidates(|| ids::user_number(random)) {
        let add = ADD_USER.query().bind(number).bind(new.given_name).bind(new.family_name).bind(new.email);
        let add = add.bind(new.mobile).bind(new.title).bind(new.pronouns).bind(new.preferred_name);
        let add = add.bind(new.date_of_birth).bind(now).bind(new.landline);
        if let Some((id,)) = add.fetch_optional(&mut *tx).await? {
            let created = Event { name: Name::UserCreated, about: About::User(id), data: json!({}) };
            events::record(tx, &[created]).await?;
            return Ok(id);
        }
    }
    Err(sqlx::Error::RowNotFound.into())
}
