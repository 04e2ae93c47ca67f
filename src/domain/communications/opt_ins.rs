//! Consent in two steps: somebody asks for it, and whoever reads the address that it is about confirms it with the token
//! that was sent there. Until then it is pending.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::messages::{self, Channel, NewMessage};
use crate::domain::accounts::changes::may_edit;
use crate::domain::accounts::consents::{self, Answer, Consent, ConsentError};
use crate::domain::accounts::{accounts, contacts, users};
use crate::domain::auth::password_reset::is_address;
use crate::domain::auth::refresh::digest;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

/// How long a token is good for.
pub const LIFETIME: TimeDelta = TimeDelta::days(2);

const ACCEPTED: &str = "ACCEPTED";
const PENDING: &str = "PENDING";

/// Why no consent was asked for, or confirmed.
#[derive(Debug, Error)]
pub enum OptInError {
    /// The viewer may not ask.
    #[error("the viewer may not ask for consents")]
    Forbidden,
    /// It is not said clearly whose consent it is.
    #[error("{0}")]
    Input(&'static str),
    /// The account does not exist for the viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// The market asks for no consents.
    #[error("consents are not managed here")]
    NotManaged,
    /// The market asks for no consent with this code.
    #[error("there is no such kind of consent")]
    UnknownType,
    /// It has been given.
    #[error("the consent has been given")]
    Given,
    /// The token was never given out.
    #[error("there is no such token")]
    UnknownToken,
    /// The token was used, or is too old.
    #[error("the token is spent")]
    SpentToken,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(OptInError);

impl From<ConsentError> for OptInError {
    fn from(error: ConsentError) -> Self {
        match error {
            ConsentError::Database(error) => Self::Database(error),
            ConsentError::UnknownAccount => Self::UnknownAccount,
            ConsentError::UnknownType(_) => Self::UnknownType,
            ConsentError::NotManaged => Self::NotManaged,
            _ => Self::Forbidden,
        }
    }
}

/// A consent that is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Number of an account of the customer who asks.
    pub account: Option<String>,
    /// E-mail of somebody for whom others ask.
    pub email: Option<String>,
    /// Their mobile number instead.
    pub mobile: Option<String>,
    /// Code of the kind of consent.
    pub code: String,
    /// Where the wish came from.
    pub ip: String,
}

/// Whose consent it is.
enum Giver {
    Customer { user: i64, account: Option<(i64, String)> },
    Contact(i64),
}

row! {
    struct Asked {
        id: i64,
        consent_type_id: i64,
        code: String,
        is_active: bool,
        account_user_id: Option<i64>,
        account_id: Option<i64>,
        contact_id: Option<i64>,
        expires_at: DateTime<Utc>,
        confirmed_at: Option<DateTime<Utc>>,
    }
}

// What is asked of users can be asked of people who are none. Of a code that several markets have, the first.
statement!(static KIND: (i64,) = "
    select id from consent_types where code = $1 and subject = 'ACCOUNT_USER' and is_active order by market limit 1");
statement!(static CONTACT: (i64,) = "
    insert into contacts (channel, address) values ($1, $2)
    on conflict on constraint contacts_address_key do update set address = excluded.address returning id");
// Beside the row ids of users, so that no two consents share an identifier.
statement!(static OF_CONTACT: Consent = "
    select (1::bigint << 39) + c.id as owner, t.id as type_id, t.code, t.name, t.description, t.default_value,
        coalesce(held.value, t.default_value) as value, held.at as answered_at
    from contacts c cross join consent_types t
        left join contact_consents held on held.contact_id = c.id and held.consent_type_id = t.id
    where c.id = $1 and t.id = $2");
statement!(static ANSWER: () = "
    insert into contact_consents (contact_id, consent_type_id, value, at) values ($1, $2, $3, $4)
    on conflict (contact_id, consent_type_id) do update set value = excluded.value, at = excluded.at");
statement!(static ADD: () = "
    insert into double_opt_ins (token_hash, consent_type_id, account_user_id, account_id, contact_id, asked_from,
        asked_at, expires_at)
    values ($1, $2, $3, $4, $5, $6::text::inet, $7, $8)");
statement!(static HOLD: Asked = "
    select o.id, o.consent_type_id, t.code, t.is_active, o.account_user_id, o.account_id, o.contact_id, o.expires_at,
        o.confirmed_at
    from double_opt_ins o join consent_types t on t.id = o.consent_type_id where o.token_hash = $1 for update of o");
statement!(static CONFIRM: () = "
    update double_opt_ins set confirmed_at = $2, confirmed_from = $3::text::inet where id = $1");

/// Asks for a consent: it is pending from then on, and a token goes to whoever is to give it. Customers ask for
/// themselves, others for somebody who is no customer.
pub async fn request(
    tx: &mut Tx,
    viewer: &Viewer,
    random: &Randomness,
    wish: &Wish,
) -> Result<Consent, OptInError> {
    if !may_edit(viewer) {
        return Err(OptInError::Forbidden);
    }
    let ip: IpAddr = wish.ip.trim().parse().map_err(|_| OptInError::Input("ipAddress is none."))?;
    match viewer.account_user() {
        Some(user) => of_customer(tx, viewer, random, user, wish, ip).await,
        None => of_contact(tx, random, wish, ip).await,
    }
}

async fn of_customer(
    tx: &mut Tx,
    viewer: &Viewer,
    random: &Randomness,
    user: i64,
    wish: &Wish,
    ip: IpAddr,
) -> Result<Consent, OptInError> {
    let number = wish.account.as_deref().ok_or(OptInError::Input("accountNumber is missing."))?;
    let account = accounts::by_number(tx, viewer, number).await?.ok_or(OptInError::UnknownAccount)?;
    let myself = users::by_ids(tx, viewer, &[user]).await?.pop().flatten().ok_or(OptInError::Forbidden)?;
    let of_account = consents::of_accounts(tx, viewer, &[account.id]).await?.pop().unwrap_or_default();
    let of_user = consents::of_users(tx, viewer, &[user]).await?.pop().unwrap_or_default();
    if of_account.is_empty() && of_user.is_empty() {
        return Err(OptInError::NotManaged);
    }
    let is_wanted = |consent: &&Consent| consent.code == wish.code;
    let found = of_account.iter().find(is_wanted);
    let account = found.map(|_| (account.id, account.number));
    let consent = found.or_else(|| of_user.iter().find(is_wanted)).ok_or(OptInError::UnknownType)?;
    if consent.value == ACCEPTED {
        return Err(OptInError::Given);
    }
    let (channel, to) = match (myself.email.as_str(), myself.mobile.as_str()) {
        ("", "") => return Err(OptInError::Input("There is no address to write to.")),
        ("", mobile) => (Channel::Sms, mobile),
        (email, _) => (Channel::Email, email),
    };
    let giver = Giver::Customer { user, account };
    answer(tx, &giver, consent.kind_id(), &wish.code, PENDING).await?;
    ask(tx, random, &giver, consent, (channel, to), ip).await?;
    current(tx, &giver, consent.kind_id(), &wish.code).await
}

async fn of_contact(
    tx: &mut Tx,
    random: &Randomness,
    wish: &Wish,
    ip: IpAddr,
) -> Result<Consent, OptInError> {
    let unclear = OptInError::Input("Give one of emailAddress and mobileNumber.");
    let (channel, to) = match (&wish.account, &wish.email, &wish.mobile) {
        (None, Some(email), None) if is_address(email.trim()) => {
            (Channel::Email, email.trim().to_lowercase())
        }
        (None, None, Some(mobile)) => (Channel::Sms, contacts::phone(mobile, None).ok_or(unclear)?),
        _ => return Err(unclear),
    };
    let (kind,) =
        KIND.query().bind(&wish.code).fetch_optional(&mut *tx).await?.ok_or(OptInError::UnknownType)?;
    let (contact,) = CONTACT.query().bind(channel.code()).bind(&to).fetch_one(&mut *tx).await?;
    let giver = Giver::Contact(contact);
    let consent = current(tx, &giver, kind, &wish.code).await?;
    if consent.value == ACCEPTED {
        return Err(OptInError::Given);
    }
    answer(tx, &giver, kind, &wish.code, PENDING).await?;
    ask(tx, random, &giver, &consent, (channel, &to), ip).await?;
    current(tx, &giver, kind, &wish.code).await
}

/// Sends a token to whoever is to give a consent.
async fn ask(
    tx: &mut Tx,
    random: &Randomness,
    giver: &Giver,
    consent: &Consent,
    (channel, to): (Channel, &str),
    ip: IpAddr,
) -> Result<(), sqlx::Error> {
    let token = ids::password_reset_token(random);
    let (user, account, contact) = match giver {
        Giver::Customer { user, account } => (Some(*user), account.as_ref().map(|(id, _)| *id), None),
        Giver::Contact(contact) => (None, None, Some(*contact)),
    };
    let (now, wall) = (tx.business_now().await?, tx.wall_now());
    let add =
        ADD.command().bind(digest(&token)).bind(consent.kind_id()).bind(user).bind(account).bind(contact);
    add.bind(ip.to_string()).bind(now).bind(wall + LIFETIME).execute(&mut *tx).await?;
    let text = format!(
        "{}\n\n{}\n\nConfirm it within two days with this code:\n\n{token}\n\nIf you did not ask for this, do nothing.",
        consent.name, consent.description
    );
    let new = NewMessage {
        channel,
        template: "double-opt-in",
        account_user: user,
        to,
        subject: "Please confirm",
        text: &text,
        confidential: true,
    };
    messages::send(tx, &new).await?;
    Ok(())
}

/// Gives the consent that a token was sent for. Whoever has the token is taken for the owner of the address.
pub async fn confirm(tx: &mut Tx, token: &str, ip: Option<&str>) -> Result<Consent, OptInError> {
    let held = HOLD.query().bind(digest(token)).fetch_optional(&mut *tx).await?;
    let held = held.ok_or(OptInError::UnknownToken)?;
    if held.confirmed_at.is_some() || held.expires_at <= tx.wall_now() {
        return Err(OptInError::SpentToken);
    }
    if !held.is_active {
        return Err(OptInError::NotManaged);
    }
    let giver = giver_of(tx, &held).await?;
    if current(tx, &giver, held.consent_type_id, &held.code).await?.value == ACCEPTED {
        return Err(OptInError::Given);
    }
    answer(tx, &giver, held.consent_type_id, &held.code, ACCEPTED).await?;
    let now = tx.business_now().await?;
    let ip: Option<IpAddr> = ip.and_then(|text| text.trim().parse().ok());
    let confirm = CONFIRM.command().bind(held.id).bind(now).bind(ip.map(|ip| ip.to_string()));
    confirm.execute(&mut *tx).await?;
    current(tx, &giver, held.consent_type_id, &held.code).await
}

async fn giver_of(tx: &mut Tx, held: &Asked) -> Result<Giver, OptInError> {
    if let Some(contact) = held.contact_id {
        return Ok(Giver::Contact(contact));
    }
    let user = held.account_user_id.ok_or(OptInError::UnknownToken)?;
    let account = match held.account_id {
        Some(id) => {
            // Whoever has lost the account meanwhile answers for it no more.
            let found = accounts::by_ids(tx, &Viewer::customer(user), &[id]).await?.pop().flatten();
            Some((id, found.ok_or(OptInError::SpentToken)?.number))
        }
        None => None,
    };
    Ok(Giver::Customer { user, account })
}

async fn answer(tx: &mut Tx, giver: &Giver, kind: i64, code: &str, value: &str) -> Result<(), OptInError> {
    let answers = [Answer { code: code.to_owned(), value: Some(value.to_owned()), source: None }];
    match giver {
        Giver::Customer { user, account: Some((_, number)) } => {
            consents::answer_for_account(tx, &Viewer::customer(*user), number, &answers).await?;
        }
        Giver::Customer { user, account: None } => {
            consents::answer_for_user(tx, &Viewer::customer(*user), None, Some(&answers[..])).await?;
        }
        Giver::Contact(contact) => {
            let now = tx.business_now().await?;
            ANSWER.command().bind(contact).bind(kind).bind(value).bind(now).execute(&mut *tx).await?;
        }
    }
    Ok(())
}

/// The consent as it stands.
async fn current(tx: &mut Tx, giver: &Giver, kind: i64, code: &str) -> Result<Consent, OptInError> {
    let found = match giver {
        Giver::Customer { user, account: Some((id, _)) } => {
            consents::of_accounts(tx, &Viewer::customer(*user), &[*id]).await?.pop().unwrap_or_default()
        }
        Giver::Customer { user, account: None } => {
            consents::of_users(tx, &Viewer::customer(*user), &[*user]).await?.pop().unwrap_or_default()
        }
        Giver::Contact(contact) => OF_CONTACT.query().bind(contact).bind(kind).fetch_all(&mut *tx).await?,
    };
    found.into_iter().find(|consent| consent.code == code).ok_or(OptInError::UnknownType)
}
