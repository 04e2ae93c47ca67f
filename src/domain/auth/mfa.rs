//! Second factors of account users: an authenticator app, and codes by mail and text message that stand by as
//! its backup.
//!
//! A user whose app is confirmed, with a backup at hand, no longer logs in by password alone.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::Viewer;
use super::mfa_codes;
use super::subjects::Subject;
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::random::Randomness;

/// How long a code that was sent is good for.
pub const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// After so many wrong guesses a code that was sent is dead.
pub const MAX_WRONG_TRIES: i32 = 5;

/// How a second factor reaches its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Codes by mail.
    Email,
    /// Codes by text message.
    Sms,
    /// An authenticator app.
    Totp,
}

impl Method {
    /// The method as the API and the database know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Sms => "SMS",
            Self::Totp => "TOTP",
        }
    }

    /// Reads [`Method::code`].
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Email, Self::Sms, Self::Totp].into_iter().find(|method| method.code() == code)
    }
}

row! {
    /// A second factor as its user sees it.
    pub struct Device {
        /// `EMAIL`, `SMS` or `TOTP`.
        pub method: String,
        /// Whether a code from it was entered once.
        pub is_confirmed: bool,
    }
}

row! {
    struct Stored {
        id: i64,
        is_confirmed: bool,
        totp_secret: Option<Vec<u8>>,
        totp_last_step: Option<i64>,
        code_salt: Option<Vec<u8>>,
        code_hash: Option<Vec<u8>>,
        code_expires_at: Option<DateTime<Utc>>,
        wrong_tries: i32,
    }
}

row! {
    struct User {
        email: String,
        mobile: String,
    }
}

/// Why a second factor was not set up, confirmed or taken away.
#[derive(Debug, Error)]
pub enum MfaError {
    /// Not an account user with a credential of their own.
    #[error("second factors are their user's own affair")]
    Forbidden,
    /// The user has no address or number of this kind.
    #[error("there is nowhere to send a code to")]
    NowhereToSend,
    /// A confirmed one of the same method is there.
    #[error("the second factor is set up already")]
    AlreadyConfirmed,
    /// The user has none of this method.
    #[error("there is no such second factor")]
    Unknown,
    /// The user has several of this method.
    #[error("there are several such second factors")]
    Several,
    /// An authenticator app counts only beside a confirmed way to be sent a code.
    #[error("there is no confirmed backup")]
    NoBackup,
    /// The last backup stays for as long as the authenticator app counts.
    #[error("this is the last backup")]
    LastBackup,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(MfaError);

statement!(static HOLD: User = "
    select email, mobile from account_users where id = $1 and is_active for no key update");
statement!(static DEVICES: Device = "
    select method, confirmed_at is not null as is_confirmed from mfa_devices where account_user_id = $1 order by id");
statement!(static OF_METHOD: Stored = "
    select id, confirmed_at is not null as is_confirmed, totp_secret, totp_last_step, code_salt, code_hash,
        code_expires_at, wrong_tries
    from mfa_devices where account_user_id = $1 and method = $2 order by id");
statement!(static HAS_CONFIRMED: (bool,) = "
    select exists (select 1 from mfa_devices
        where account_user_id = $1 and confirmed_at is not null and method = any($2))");
statement!(static DROP: () = "delete from mfa_devices where account_user_id = $1 and method = $2");
statement!(static ADD_APP: () = "
    insert into mfa_devices (account_user_id, method, totp_secret, created_at) values ($1, 'TOTP', $2, $3)");
statement!(static ADD_SENT: () = "
    insert into mfa_devices (account_user_id, method, recipient, code_salt, code_hash, code_expires_at, created_at)
    values ($1, $2, $3, $4, $5, $6, $7)");
statement!(static CONFIRM: () = "
    update mfa_devices set confirmed_at = coalesce(confirmed_at, $2), totp_last_step = $3, code_salt = null,
        code_hash = null, code_expires_at = null, wrong_tries = 0
    where id = $1");
statement!(static WRONG: () = "update mfa_devices set wrong_tries = wrong_tries + 1 where id = $1");

/// What setting up a second factor gives; only what belongs to its method is filled in.
#[derive(Clone, Debug, Default)]
pub struct Created {
    /// Where the code was mailed to.
    pub email: Option<String>,
    /// Where the code was sent by text message.
    pub phone: Option<String>,
    /// What to enter in the authenticator app, this once.
    pub totp_secret: Option<String>,
}

/// Whether the user's second factor counts, so that a password alone does not suffice.
pub(super) async fn is_enabled(tx: &mut Tx, subject: Subject) -> Result<bool, sqlx::Error> {
    match subject {
        Subject::AccountUser(id) => has_confirmed(tx, id, &[Method::Totp]).await,
        _ => Ok(false),
    }
}

async fn has_confirmed(tx: &mut Tx, user: i64, methods: &[Method]) -> Result<bool, sqlx::Error> {
    let methods: Vec<&str> = methods.iter().map(|method| method.code()).collect();
    Ok(HAS_CONFIRMED.query().bind(user).bind(methods).fetch_one(&mut *tx).await?.0)
}

/// The viewer's second factors, the oldest first.
pub async fn devices(tx: &mut Tx, viewer: &Viewer) -> Result<Vec<Device>, sqlx::Error> {
    match viewer.account_user() {
        Some(user) => DEVICES.query().bind(user).fetch_all(&mut *tx).await,
        None => Ok(Vec::new()),
    }
}

/// The viewer, whose second factors nobody else changes until the transaction ends.
async fn hold(tx: &mut Tx, viewer: &Viewer) -> Result<(i64, User), MfaError> {
    let user = viewer.account_user().filter(|_| viewer.is_in_person()).ok_or(MfaError::Forbidden)?;
    let held = HOLD.query().bind(user).fetch_optional(&mut *tx).await?;
    Ok((user, held.ok_or(MfaError::Forbidden)?))
}

async fn of_method(tx: &mut Tx, user: i64, method: Method) -> Result<Vec<Stored>, sqlx::Error> {
    OF_METHOD.query().bind(user).bind(method.code()).fetch_all(&mut *tx).await
}

/// Sets up a second factor in place of one that was never confirmed, and sends its first code.
pub async fn create(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    method: Method,
) -> Result<Created, MfaError> {
    let (user, contact) = hold(tx, viewer).await?;
    if of_method(tx, user, method).await?.iter().any(|device| device.is_confirmed) {
        return Err(MfaError::AlreadyConfirmed);
    }
    DROP.command().bind(user).bind(method.code()).execute(&mut *tx).await?;
    let (channel, to) = match method {
        Method::Totp => return create_app(tx, random, user).await,
        Method::Email => (Channel::Email, contact.email.trim()),
        Method::Sms => (Channel::Sms, contact.mobile.trim()),
    };
    if to.is_empty() {
        return Err(MfaError::NowhereToSend);
    }
    send_code(tx, random, user, method, channel, to).await?;
    let to = Some(to.to_owned());
    Ok(match method {
        Method::Sms => Created { phone: to, ..Created::default() },
        _ => Created { email: to, ..Created::default() },
    })
}

async fn create_app(tx: &mut Tx, random: &Randomness, user: i64) -> Result<Created, MfaError> {
    let secret = mfa_codes::secret(random);
    let now = tx.wall_now();
    ADD_APP.command().bind(user).bind(&secret).bind(now).execute(&mut *tx).await?;
    Ok(Created { totp_secret: Some(mfa_codes::shown(&secret)), ..Created::default() })
}

async fn send_code(
    tx: &mut Tx,
    random: &Randomness,
    user: i64,
    method: Method,
    channel: Channel,
    to: &str,
) -> Result<(), sqlx::Error> {
    let sent = mfa_codes::draw(random);
    let now = tx.wall_now();
    let add = ADD_SENT.command().bind(user).bind(method.code()).bind(to).bind(&sent.salt).bind(&sent.hash);
    add.bind(now + CODE_LIFETIME).bind(now).execute(&mut *tx).await?;
    let text = format!("Your code is {}. It is good for ten minutes. Give it to nobody.", sent.code);
    let message = NewMessage {
        channel,
        template: "mfa-code",
        account_user: Some(user),
        to,
        subject: if channel == Channel::Email { "Your code" } else { "" },
        text: &text,
        confidential: true,
    };
    messages::send(tx, &message).await?;
    Ok(())
}

/// Whether `code` was good. A good one confirms the second factor and is spent; a wrong one is counted, so the
/// transaction has to be committed either way.
pub async fn validate(tx: &mut Tx, viewer: &Viewer, method: Method, code: &str) -> Result<bool, MfaError> {
    let (user, _) = hold(tx, viewer).await?;
    let mut devices = of_method(tx, user, method).await?;
    let device = devices.pop().ok_or(MfaError::Unknown)?;
    if !devices.is_empty() {
        return Err(MfaError::Several);
    }
    let backups = [Method::Email, Method::Sms];
    if method == Method::Totp && !device.is_confirmed && !has_confirmed(tx, user, &backups).await? {
        return Err(MfaError::NoBackup);
    }
    let now = tx.wall_now();
    let verdict = verdict(&device, code, now);
    let note = match verdict {
        Verdict::Good { step } => CONFIRM.command().bind(device.id).bind(now).bind(step),
        Verdict::Wrong => WRONG.command().bind(device.id),
    };
    note.execute(&mut *tx).await?;
    Ok(matches!(verdict, Verdict::Good { .. }))
}

enum Verdict {
    /// The half minute of an app's code; none for a code that was sent.
    Good {
        step: Option<i64>,
    },
    Wrong,
}

fn verdict(device: &Stored, code: &str, now: DateTime<Utc>) -> Verdict {
    if let Some(secret) = &device.totp_secret {
        let step = mfa_codes::step_of(secret, code, now.timestamp());
        // A code is good once, and an older one not after it.
        return match step.filter(|step| device.totp_last_step.is_none_or(|last| *step > last)) {
            Some(step) => Verdict::Good { step: Some(step) },
            None => Verdict::Wrong,
        };
    }
    let (Some(salt), Some(hash), Some(until)) =
        (&device.code_salt, &device.code_hash, device.code_expires_at)
    else {
        return Verdict::Wrong;
    };
    let is_alive = now < until && device.wrong_tries < MAX_WRONG_TRIES;
    if is_alive && mfa_codes::fits(code, salt, hash) { Verdict::Good { step: None } } else { Verdict::Wrong }
}

/// Takes a second factor away.
pub async fn delete(tx: &mut Tx, viewer: &Viewer, method: Method) -> Result<(), MfaError> {
    let (user, _) = hold(tx, viewer).await?;
    let devices = of_method(tx, user, method).await?;
    if devices.is_empty() {
        return Err(MfaError::Unknown);
    }
    let other = match method {
        Method::Email => Some(Method::Sms),
        Method::Sms => Some(Method::Email),
        Method::Totp => None,
    };
    if let Some(other) = other.filter(|_| devices.iter().any(|device| device.is_confirmed))
        && has_confirmed(tx, user, &[Method::Totp]).await?
        && !has_confirmed(tx, user, &[other]).await?
    {
        return Err(MfaError::LastBackup);
    }
    DROP.command().bind(user).bind(method.code()).execute(&mut *tx).await?;
    Ok(())
}
