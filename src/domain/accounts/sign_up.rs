//! Signing customers up: a person, an account for them, or both. Whoever asks twice, or twice at once, is given the
//! same person and the same account.

use serde_json::json;
use thiserror::Error;

use super::address::{self, Address, NoAddress};
use super::applications::{self, Sale};
use super::details::{self, Wishes, Wrong};
use super::lifecycle::Status;
use super::open::{self, NewAccount, NewUser, OpenError};
use super::roles::{self, ACCOUNT_OWNER, PORTFOLIO_OWNER};
use super::{billing, contacts, portfolios};
use crate::domain::auth::organisations;
use crate::domain::auth::viewer::{OPEN_ACCOUNTS, Viewer, user_is_visible};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::market::{self, Market};
use crate::platform::random::Randomness;

/// Why nobody was signed up.
#[derive(Debug, Error)]
pub enum SignUpError {
    /// The viewer may not sign customers up.
    #[error("may not open accounts")]
    Forbidden,
    /// The brand does not do this.
    #[error("the brand does not do this")]
    Closed,
    /// Some of what was given cannot be.
    #[error("some of the input is wrong")]
    Invalid(Vec<Wrong>),
    /// What was named is not there, or is somebody else's; a sentence.
    #[error("{0}")]
    Refused(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(SignUpError);

impl From<sqlx::Error> for SignUpError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "portfolio_user_roles_role_fkey") {
            Self::Refused("There is no such role.")
        } else {
            OpenError::from(error).into()
        }
    }
}

impl From<OpenError> for SignUpError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::UnknownBrand(_) => wrong("brandCode", "There is no such brand."),
            OpenError::UnknownPortfolio => Self::Refused("There is no such portfolio."),
            OpenError::UrnTaken => Self::Refused("Another account has the URN."),
            OpenError::UnknownTeam => Self::Database(sqlx::Error::RowNotFound),
            OpenError::Database(error) => Self::Database(error),
        }
    }
}

/// One thing that is wrong.
pub(super) fn wrong(field: &'static str, why: &'static str) -> SignUpError {
    SignUpError::Invalid(vec![Wrong { field, why }])
}

/// A person to sign up.
#[derive(Clone, Debug, Default)]
pub struct NewPerson<'a> {
    /// Brand code.
    pub brand: &'a str,
    /// What is known of them: names, and some way to reach them.
    pub wishes: Wishes,
    /// Number of a portfolio that they are given a role on.
    pub portfolio: Option<&'a str>,
    /// The role; that of an owner unless given.
    pub role: Option<&'a str>,
}

/// Where bills go.
#[derive(Clone, Debug)]
pub enum Bills<'a> {
    /// In lines.
    Lines {
        /// Up to five; empty ones are left out.
        lines: [&'a str; 5],
        /// Postcode.
        postcode: &'a str,
        /// ISO 3166 code; the market's unless given.
        country: Option<&'a str>,
    },
    /// In parts.
    Parts(Address),
}

/// An account to open.
#[derive(Clone, Debug)]
pub struct NewSignUp<'a> {
    /// Brand code.
    pub brand: &'a str,
    /// One of `AccountTypeChoices`.
    pub account_type: &'a str,
    /// Number of the portfolio that it goes into; one of its own unless given.
    pub portfolio: Option<&'a str>,
    /// Who is billed.
    pub billing_name: &'a str,
    /// Where.
    pub bills: Bills<'a>,
    /// Number by which the sales channel knows it.
    pub urn: Option<&'a str>,
    /// How it was sold; a prospect's account was not.
    pub sale: Option<Sale<'a>>,
}

/// What was made or found.
#[derive(Clone, Debug)]
pub struct Given {
    /// Row id.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// Whether it was made just now.
    pub is_new: bool,
}

/// What is done, as a brand may have closed it.
pub mod operations {
    /// Signing a person up.
    pub const USER: &str = "initializeUser";
    /// Opening an account for somebody who is there.
    pub const ACCOUNT: &str = "initializeAccount";
    /// Both.
    pub const BOTH: &str = "prepareAccount";
    /// Opening an account for a prospect, which no brand does without.
    pub const PROSPECT: &str = "createShellAccount";
}

row! {
    struct Claim {
        account_user_id: Option<i64>,
        account_id: Option<i64>,
    }
}

row! {
    struct Known {
        id: i64,
        number: String,
    }
}

row! {
    struct Held {
        id: i64,
        number: String,
        brand: String,
        status: String,
        is_theirs: bool,
    }
}

statement!(static IS_CLOSED: (bool,) = "
    select exists (select 1 from closed_operations where brand = $1 and operation = $2)");
// The update changes nothing, but holds the row and answers what is there.
statement!(static CLAIM: Claim = "
    insert into sign_ups (kind, brand, introduced_by, fingerprint)
    values ($1, $2, $3, encode(sha256(convert_to($4, 'UTF8')), 'hex'))
    on conflict (kind, brand, introduced_by, fingerprint) do update set brand = excluded.brand
    returning account_user_id, account_id");
statement!(static SETTLE: () = "
    update sign_ups set account_user_id = $5, account_id = $6
    where kind = $1 and brand = $2 and introduced_by = $3
      and fingerprint = encode(sha256(convert_to($4, 'UTF8')), 'hex')");
statement!(static USER_BY_ID: Known = "select id, number from account_users where id = $1");
// The oldest, if the viewer sees several.
statement!(static LIKE: Known = concat!("
    select u.id, u.number from account_users u
    where lower(u.email) = lower($3) and $3 <> '' and lower(u.given_name) = lower($4)
      and lower(u.family_name) = lower($5) and u.is_active and ", user_is_visible!(), "
    order by u.id limit 1"));
statement!(static BY_NUMBER: Known = concat!("
    select u.id, u.number from account_users u
    where u.number = $3 and u.is_active and (", user_is_visible!(), " or exists (
        select 1 from sign_ups s where s.account_user_id = u.id and s.kind = 'user' and s.introduced_by = $4
            and $1 = 'organisation'))"));
statement!(static HELD: Held = "
    select a.id, a.number, a.brand, a.status,
        (exists (select 1 from account_user_roles r where r.account_id = a.id and r.user_id = $3)
            or exists (select 1 from portfolio_user_roles r where r.portfolio_id = a.portfolio_id
                       and r.user_id = $3)) as is_theirs
    from accounts a where a.id = $1 or a.urn = $2 order by a.id = $1 desc nulls last limit 1 for update of a");
statement!(static BEGIN: () = "update accounts set status = 'PENDING', is_shell = $2 where id = $1");
statement!(static TAKE_UP: () = "update accounts set is_shell = false where id = $1 and is_shell");

/// A row that is held while somebody or something is signed up.
struct Place<'a> {
    kind: &'static str,
    brand: &'a str,
    introduced_by: i64,
    key: String,
}

impl<'a> Place<'a> {
    fn new(viewer: &Viewer, kind: &'static str, brand: &'a str, key: String) -> Self {
        Self { kind, brand, introduced_by: introducer(viewer), key }
    }

    async fn claim(&self, tx: &mut Tx) -> Result<Claim, sqlx::Error> {
        let claim = CLAIM.query().bind(self.kind).bind(self.brand).bind(self.introduced_by);
        claim.bind(&self.key).fetch_one(&mut *tx).await
    }

    async fn settle(&self, tx: &mut Tx, user: Option<i64>, account: Option<i64>) -> Result<(), sqlx::Error> {
        let settle = SETTLE.command().bind(self.kind).bind(self.brand).bind(self.introduced_by);
        settle.bind(&self.key).bind(user).bind(account).execute(&mut *tx).await?;
        Ok(())
    }
}

/// The organisation that introduces somebody; zero for the retailer itself, which sees everybody.
fn introducer(viewer: &Viewer) -> i64 {
    match viewer {
        Viewer::Organisation { id, .. } => *id,
        _ => 0,
    }
}

/// Whether the viewer may sign customers up with the brand, and its market.
pub async fn admitted(
    tx: &mut Tx,
    viewer: &Viewer,
    brand: &str,
    operation: &str,
) -> Result<&'static Market, SignUpError> {
    if !viewer.may(OPEN_ACCOUNTS) {
        return Err(SignUpError::Forbidden);
    }
    let market = market::of_brand(brand).ok_or_else(|| wrong("brandCode", "There is no such brand."))?;
    let (is_closed,) = IS_CLOSED.query().bind(brand).bind(operation).fetch_one(&mut *tx).await?;
    if is_closed { Err(SignUpError::Closed) } else { Ok(market) }
}

/// Signs a person up, or finds who was signed up with the same names and e-mail, or else telephone number. Somebody
/// who is there already is found if the viewer may see them.
pub async fn person(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    market: &Market,
    new: &NewPerson<'_>,
) -> Result<Given, SignUpError> {
    let today = market.day(tx.business_now().await?);
    let (details, mut mistakes) = details::judged(&new.wishes, Some(&market.code), today);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (email, mobile, landline) = (text(&details.email), text(&details.mobile), text(&details.landline));
    let reach = [&email, &mobile, &landline].into_iter().find(|reach| !reach.is_empty());
    if reach.is_none() && mistakes.is_empty() {
        mistakes.push(Wrong { field: "email", why: "An e-mail or a telephone number is needed." });
    }
    let (given, family) = (text(&details.given_name), text(&details.family_name));
    let (Some(reach), true) = (reach, mistakes.is_empty()) else {
        return Err(SignUpError::Invalid(mistakes));
    };
    let key = json!([given.to_lowercase(), family.to_lowercase(), reach.to_lowercase()]).to_string();
    let place = Place::new(viewer, "user", new.brand, key);
    let known = match place.claim(tx).await?.account_user_id {
        Some(id) => USER_BY_ID.query().bind(id).fetch_optional(&mut *tx).await?,
        None => {
            let like = LIKE.seen_by(viewer).bind(&email).bind(&given).bind(&family);
            like.fetch_optional(&mut *tx).await?
        }
    };
    let (user, is_new) = match known {
        Some(user) => (user, false),
        None => {
            let user = NewUser {
                given_name: &given,
                family_name: &family,
                email: &email,
                mobile: &mobile,
                landline: &landline,
                title: details.title.as_deref().filter(|title| !title.is_empty()),
                pronouns: details.pronouns.as_deref().filter(|pronouns| !pronouns.is_empty()),
                preferred_name: None,
                date_of_birth: details.date_of_birth,
            };
            let id = open::user(tx, random, &user).await?;
            (USER_BY_ID.query().bind(id).fetch_one(&mut *tx).await?, true)
        }
    };
    place.settle(tx, Some(user.id), None).await?;
    give_role(tx, viewer, user.id, new).await?;
    Ok(Given { id: user.id, number: user.number, is_new })
}

async fn give_role(tx: &mut Tx, viewer: &Viewer, user: i64, new: &NewPerson<'_>) -> Result<(), SignUpError> {
    let Some(number) = new.portfolio else {
        return match new.role {
            Some(_) => Err(wrong("role", "A role is on a portfolio: say which.")),
            None => Ok(()),
        };
    };
    let portfolio = portfolio(tx, viewer, number, new.brand).await?;
    roles::give_on_portfolio(tx, portfolio, user, new.role.unwrap_or(PORTFOLIO_OWNER)).await?;
    Ok(())
}

async fn portfolio(tx: &mut Tx, viewer: &Viewer, number: &str, brand: &str) -> Result<i64, SignUpError> {
    let found = portfolios::by_number(tx, viewer, number).await?;
    let found = found.filter(|portfolio| portfolio.brand == brand);
    Ok(found.ok_or(SignUpError::Refused("The brand has no such portfolio."))?.id)
}

/// The row id of the person with this number whom the viewer may see or has introduced.
pub async fn person_by_number(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<i64, SignUpError> {
    let find = BY_NUMBER.seen_by(viewer).bind(number).bind(introducer(viewer));
    let found = find.fetch_optional(&mut *tx).await?;
    Ok(found.ok_or(SignUpError::Refused("There is no such user."))?.id)
}

/// Opens an account for a person, or finds the one that was opened for them with the same URN, or without one, of the
/// same type, name and address, unless nothing came of that. An organisation is let see what it opens.
pub async fn account(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    market: &Market,
    user: i64,
    new: &NewSignUp<'_>,
) -> Result<Given, SignUpError> {
    let name = contacts::line(new.billing_name).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| wrong("billingName", "Somebody has to be billed."))?;
    let bills = judged_bills(&new.bills, market)?;
    let urn = new.urn.map(|urn| contacts::line(urn).filter(|urn| !urn.is_empty()));
    let urn = urn.map(|urn| urn.ok_or_else(|| wrong("urn", "A URN is one line of text."))).transpose()?;
    if let Some(sale) = &new.sale {
        applications::judged(sale, market.day(tx.business_now().await?))?;
    }
    let key = match &urn {
        Some(urn) => json!([urn]),
        None => json!([user, new.account_type, name.to_lowercase(), bills.lines, bills.address.postal_code]),
    };
    let place = Place::new(viewer, "account", new.brand, key.to_string());
    let claimed = place.claim(tx).await?.account_id;
    let held = HELD.query().bind(claimed).bind(&urn).bind(user).fetch_optional(&mut *tx).await?;
    let is_over = |held: &Held| Status::by_name(&held.status).is_none_or(Status::is_over);
    let given = match held {
        Some(held) if held.brand != new.brand || !held.is_theirs => {
            return Err(SignUpError::Refused("Another account has the URN."));
        }
        // A URN stays with its account, whatever became of it.
        Some(held) if urn.is_some() || !is_over(&held) => {
            Given { id: held.id, number: held.number, is_new: false }
        }
        _ => opened(tx, random, viewer, user, new, &name, urn.as_deref(), &bills).await?,
    };
    if let Some(sale) = &new.sale {
        applications::keep(tx, market, given.id, new.account_type, sale).await?;
        TAKE_UP.command().bind(given.id).execute(&mut *tx).await?;
    }
    place.settle(tx, None, Some(given.id)).await?;
    Ok(given)
}

#[expect(clippy::too_many_arguments, reason = "what was judged goes beside what was given")]
async fn opened(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    user: i64,
    new: &NewSignUp<'_>,
    name: &str,
    urn: Option<&str>,
    bills: &JudgedBills,
) -> Result<Given, SignUpError> {
    let within = match new.portfolio {
        Some(number) => portfolio(tx, viewer, number, new.brand).await?,
        None => {
            let made = open::portfolio(tx, random, new.brand, name).await?;
            roles::give_on_portfolio(tx, made, user, PORTFOLIO_OWNER).await?;
            made
        }
    };
    let user_email = details::email_of(tx, user).await?;
    let lines: Vec<&str> = bills.lines.iter().map(String::as_str).collect();
    let account = NewAccount {
        brand: new.brand,
        account_type: new.account_type,
        urn,
        billing_name: name,
        billing_email: &user_email,
        address: &lines,
        postcode: &bills.address.postal_code,
    };
    let opened = open::account(tx, random, within, &account).await?;
    BEGIN.command().bind(opened.id).bind(new.sale.is_none()).execute(&mut *tx).await?;
    billing::place(tx, opened.id, &bills.address).await?;
    roles::give_on_account(tx, opened.id, user, ACCOUNT_OWNER).await?;
    if let Viewer::Organisation { id, .. } = viewer {
        organisations::grant(tx, *id, opened.id).await?;
    }
    Ok(Given { id: opened.id, number: opened.number, is_new: true })
}

/// Where bills go, as it is kept. Of an address in lines only postcode and country are known apart.
struct JudgedBills {
    lines: Vec<String>,
    address: Address,
}

fn judged_bills(bills: &Bills<'_>, market: &Market) -> Result<JudgedBills, SignUpError> {
    let bad = |why| wrong("billingAddress", why);
    match bills {
        Bills::Parts(address) => {
            let address = address.clone().judged(&market.country).map_err(|NoAddress(why)| bad(why))?;
            Ok(JudgedBills { lines: address.lines(), address })
        }
        Bills::Lines { lines, postcode, country } => {
            let line = |text: &str| {
                contacts::line(text).ok_or_else(|| bad("A line is too long, or not one line of text."))
            };
            let lines = lines.iter().map(|text| line(text)).collect::<Result<Vec<_>, _>>()?;
            let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
            let country = line(country.unwrap_or_default())?.to_uppercase();
            let country = if country.is_empty() { market.country.clone() } else { country };
            let postal_code = line(postcode)?.to_uppercase();
            if lines.is_empty() {
                return Err(bad("The first line is empty."));
            }
            if country.len() != 2 || !country.chars().all(|c| c.is_ascii_uppercase()) {
                return Err(bad("The country is not a code of two letters."));
            }
            if address::is_postcode(&country, &postal_code) == Some(false) {
                return Err(bad("The country has no postcodes of this form."));
            }
            Ok(JudgedBills { lines, address: Address { country, postal_code, ..Address::default() } })
        }
    }
}
