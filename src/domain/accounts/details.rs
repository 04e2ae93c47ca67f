//! What customers say about themselves, and how it is changed.

use chrono::{Months, NaiveDate};
use thiserror::Error;

use super::changes::{About, Changes, may_edit};
use super::contacts;
use super::users::market_of_user;
use crate::domain::auth::logins::{self, ChangeError};
use crate::domain::auth::password_reset::is_address;
use crate::domain::auth::subjects::Subject;
use crate::domain::auth::viewer::{Viewer, user_is_visible};
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::platform::db::{Tx, database_error, row, statement};

/// Nobody who holds an account was born longer ago.
const OLDEST_YEARS: u32 = 130;

/// What is to change; what is left out stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Title; empty for none.
    pub title: Option<String>,
    /// Pronouns; empty for none.
    pub pronouns: Option<String>,
    /// Where to write to, and what to log in with.
    pub email: Option<String>,
    /// Mobile number; empty for none.
    pub mobile: Option<String>,
    /// Landline number; empty for none.
    pub landline: Option<String>,
    /// Date of birth.
    pub date_of_birth: Option<NaiveDate>,
}

/// What is wrong with one of the wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The name of the field on the wire.
    pub field: &'static str,
    /// A sentence.
    pub why: &'static str,
}

/// Why details were not changed.
#[derive(Debug, Error)]
pub enum DetailsError {
    /// The viewer may not change anybody's details.
    #[error("the viewer may not change details")]
    Forbidden,
    /// Nobody was named, or nobody whose details the viewer may change.
    #[error("there is no such user for the viewer")]
    Unknown,
    /// These wishes cannot be granted.
    #[error("some of the details are wrong")]
    Invalid(Vec<Wrong>),
    /// Somebody else logs in with the e-mail.
    #[error("the e-mail is taken")]
    EmailTaken,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(DetailsError);

row! {
    struct Details {
        id: i64,
        given_name: String,
        family_name: String,
        title: Option<String>,
        pronouns: Option<String>,
        email: String,
        mobile: String,
        landline: String,
        date_of_birth: Option<NaiveDate>,
        market: Option<String>,
    }
}

statement!(static HOLD: Details = concat!("
    select u.id, u.given_name, u.family_name, u.title, u.pronouns, u.email, u.mobile, u.landline, u.date_of_birth,
        ", market_of_user!(), " as market
    from account_users u where u.id = $3 and ", user_is_visible!(), " for update of u"));
statement!(static EMAIL: (String,) = "select email from account_users where id = $1");
statement!(static SAVE: () = "
    update account_users set given_name = $2, family_name = $3, title = $4, pronouns = $5, email = $6, mobile = $7,
        landline = $8, date_of_birth = $9, updated_at = $10
    where id = $1");

/// Changes the details of the viewer, or of the user `named` by row id, and tells them. A new e-mail is also what
/// they log in with, and ends their sessions: only they themselves, in person, or staff may set it. Answers the
/// row id of the user.
pub async fn update(
    tx: &mut Tx,
    viewer: &Viewer,
    named: Option<&str>,
    wishes: &Wishes,
) -> Result<i64, DetailsError> {
    if !may_edit(viewer) {
        return Err(DetailsError::Forbidden);
    }
    let id = whose(viewer, named).ok_or(DetailsError::Unknown)?;
    let hold = HOLD.seen_by(viewer).bind(id);
    let mut user = hold.fetch_optional(&mut *tx).await?.ok_or(DetailsError::Unknown)?;
    let today = tx.business_now().await?.date_naive();
    let old_email = user.email.clone();
    let changes = apply(&mut user, viewer, wishes, today)?;
    if changes.is_empty() {
        return Ok(id);
    }
    if user.email != old_email {
        set_login(tx, id, &user.email).await?;
    }
    save(tx, &user).await?;
    tell(tx, &user, &old_email, &changes).await?;
    changes.keep(tx, viewer, About::User(id)).await?;
    Ok(id)
}

/// Customers change their own details, also where they see others; everybody else says whose.
fn whose(viewer: &Viewer, named: Option<&str>) -> Option<i64> {
    let named = named.map(str::parse::<i64>);
    match (viewer.account_user(), named) {
        (Some(own), None) => Some(own),
        (Some(own), Some(named)) => named.ok().filter(|named| *named == own),
        (None, named) => named?.ok(),
    }
}

/// Puts the wishes in place, or says all that is wrong with them.
fn apply(
    user: &mut Details,
    viewer: &Viewer,
    wishes: &Wishes,
    today: NaiveDate,
) -> Result<Changes, DetailsError> {
    let email = wishes.email.clone().filter(|email| email.trim() != user.email);
    let (wishes, mut wrong) = judged(&Wishes { email, ..wishes.clone() }, user.market.as_deref(), today);
    if wishes.email.is_some() && !viewer.is_in_person() && !viewer.is_staff() {
        let why = "Only the customer in person, or a member of staff, can change this.";
        wrong.push(Wrong { field: "email", why });
    }
    if !wrong.is_empty() {
        return Err(DetailsError::Invalid(wrong));
    }
    let optional = |text: Option<String>| text.map(|text| Some(text).filter(|text| !text.is_empty()));
    let mut changes = Changes::default();
    changes.set_given("givenName", &mut user.given_name, wishes.given_name);
    changes.set_given("familyName", &mut user.family_name, wishes.family_name);
    changes.set_given("title", &mut user.title, optional(wishes.title));
    changes.set_given("pronouns", &mut user.pronouns, optional(wishes.pronouns));
    changes.set_given("mobile", &mut user.mobile, wishes.mobile);
    changes.set_given("landline", &mut user.landline, wishes.landline);
    changes.set_given("email", &mut user.email, wishes.email);
    changes.set_given("dateOfBirth", &mut user.date_of_birth, wishes.date_of_birth.map(Some));
    Ok(changes)
}

/// The wishes as they would be kept, and all that is wrong with them. A telephone number without a country is of the
/// market's.
pub(super) fn judged(wishes: &Wishes, market: Option<&str>, today: NaiveDate) -> (Wishes, Vec<Wrong>) {
    let mut wrong = Vec::new();
    let mut note = |field, why| {
        wrong.push(Wrong { field, why });
        None
    };
    let mut line = |field, wish: &Option<String>| {
        let wish = wish.as_deref()?;
        match contacts::line(wish) {
            None => note(field, "This is too long, or not one line of text."),
            Some(name) if name.is_empty() && field == "givenName" => note(field, "This cannot be empty."),
            kept => kept,
        }
    };
    let given_name = line("givenName", &wishes.given_name);
    let family_name = line("familyName", &wishes.family_name);
    let title = line("title", &wishes.title);
    let pronouns = line("pronouns", &wishes.pronouns);
    let mut phone = |field, wish: &Option<String>| match wish.as_deref()?.trim() {
        "" => Some(String::new()),
        text => contacts::phone(text, market)
            .or_else(|| note(field, "This is no phone number that could be called.")),
    };
    let mobile = phone("mobile", &wishes.mobile);
    let landline = phone("landline", &wishes.landline);
    let email = match wishes.email.as_deref().map(str::trim) {
        Some(email) if !is_address(email) => note("email", "Mail cannot be sent there."),
        email => email.map(str::to_owned),
    };
    let oldest = today.checked_sub_months(Months::new(12 * OLDEST_YEARS)).unwrap_or(NaiveDate::MIN);
    let date_of_birth = wishes.date_of_birth.filter(|day| (oldest..=today).contains(day));
    if date_of_birth != wishes.date_of_birth {
        note("dateOfBirth", "Nobody alive was born on this day.");
    }
    (Wishes { given_name, family_name, title, pronouns, email, mobile, landline, date_of_birth }, wrong)
}

/// Who has no log-in only has a contact, which is saved with the rest.
async fn set_login(tx: &mut Tx, user: i64, email: &str) -> Result<(), DetailsError> {
    match logins::set_email(tx, Subject::AccountUser(user), email).await {
        Ok(()) | Err(ChangeError::Unknown) => Ok(()),
        Err(ChangeError::EmailTaken) => Err(DetailsError::EmailTaken),
        Err(ChangeError::Database(error)) => Err(error.into()),
    }
}

/// Where a user is written to; may be empty.
pub(super) async fn email_of(tx: &mut Tx, user: i64) -> Result<String, sqlx::Error> {
    Ok(EMAIL.query().bind(user).fetch_one(&mut *tx).await?.0)
}

async fn save(tx: &mut Tx, user: &Details) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let save = SAVE.command().bind(user.id).bind(&user.given_name).bind(&user.family_name).bind(&user.title);
    let save = save.bind(&user.pronouns).bind(&user.email).bind(&user.mobile).bind(&user.landline);
    save.bind(user.date_of_birth).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Writes to where the customer was written to before, in case it was not them; also to a new address.
async fn tell(tx: &mut Tx, user: &Details, old_email: &str, changes: &Changes) -> Result<(), sqlx::Error> {
    let labels: Vec<&str> = changes.fields().iter().map(|field| label(field)).collect();
    let text = format!(
        "These details of yours were changed just now: {}. If this was not you, get in touch with us at once.",
        labels.join(", ")
    );
    let also = Some(user.email.as_str()).filter(|email| *email != old_email);
    for to in [Some(old_email), also].into_iter().flatten().filter(|to| !to.is_empty()) {
        let notice = NewMessage {
            channel: Channel::Email,
            template: "details-changed",
            account_user: Some(user.id),
            to,
            subject: "Your details were changed",
            text: &text,
            confidential: false,
        };
        messages::send(tx, &notice).await?;
    }
    Ok(())
}

fn label(field: &str) -> &str {
    match field {
        "givenName" => "given name",
        "familyName" => "family name",
        "email" => "e-mail",
        "mobile" => "mobile number",
        "landline" => "landline number",
        "dateOfBirth" => "date of birth",
        other => other,
    }
}
