//! What this installation demands of those who come in: one row, the same for all servers.

use thiserror::Error;
use url::Url;

use super::captcha::Provider;
use crate::platform::db::{Tx, database_error, row, statement};

row! {
    /// The settings as they stand.
    pub struct Settings {
        /// Page that links in password-reset mails lead to; `userId` and `token` are added as parameters.
        pub password_reset_url: String,
        /// Whether a log-in by password needs a captcha response.
        pub captcha_required: bool,
        /// Who judges captcha responses.
        pub captcha: String,
        /// Days after which a password no longer logs in; none where passwords do not age.
        pub password_max_age_days: Option<i32>,
        /// Whether log-ins by password are refused for everybody, as a second factor is demanded.
        pub mfa_enforced: bool,
    }
}

impl Settings {
    /// The page for new passwords, if it is an absolute address that a browser can open.
    pub fn reset_page(&self) -> Option<Url> {
        reset_page(&self.password_reset_url)
    }
}

/// Why settings were not changed.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The page for new passwords is not an absolute http or https address.
    #[error("{0} is not an absolute http or https address")]
    ResetUrl(String),
    /// No such captcha provider is known.
    #[error("there is no captcha provider {0}")]
    Captcha(String),
    /// Passwords would expire before they are made.
    #[error("a password has to be good for at least a day")]
    MaxAge,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(SettingsError);

statement!(static READ: Settings = "
    select password_reset_url, captcha_required, captcha, password_max_age_days, mfa_enforced from auth_settings");
statement!(static HOLD: Settings = "
    select password_reset_url, captcha_required, captcha, password_max_age_days, mfa_enforced from auth_settings
    for update");
statement!(static CHANGE: () = "
    update auth_settings set password_reset_url = $1, captcha_required = $2, captcha = $3,
        password_max_age_days = $4, mfa_enforced = $5");

/// The settings as this transaction sees them.
pub async fn read(tx: &mut Tx) -> Result<Settings, sqlx::Error> {
    READ.query().fetch_one(&mut *tx).await
}

/// Changes settings and answers what they are then. Two who change different ones at once both have their
/// way.
pub async fn change(
    tx: &mut Tx,
    apply: impl FnOnce(&mut Settings) + Send,
) -> Result<Settings, SettingsError> {
    let mut settings = HOLD.query().fetch_one(&mut *tx).await?;
    apply(&mut settings);
    check(&settings)?;
    let update = CHANGE.command().bind(&settings.password_reset_url).bind(settings.captcha_required);
    let update = update.bind(&settings.captcha).bind(settings.password_max_age_days);
    update.bind(settings.mfa_enforced).execute(&mut *tx).await?;
    Ok(settings)
}

fn check(settings: &Settings) -> Result<(), SettingsError> {
    if settings.reset_page().is_none() {
        return Err(SettingsError::ResetUrl(settings.password_reset_url.clone()));
    }
    if Provider::named(&settings.captcha).is_none() {
        return Err(SettingsError::Captcha(settings.captcha.clone()));
    }
    if settings.password_max_age_days.is_some_and(|days| days < 1) {
        return Err(SettingsError::MaxAge);
    }
    Ok(())
}

fn reset_page(text: &str) -> Option<Url> {
    let page = Url::parse(text).ok()?;
    (matches!(page.scheme(), "http" | "https") && page.has_host()).then_some(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_an_absolute_web_address() {
        for good in [
            "https://retailer.example/reset",
            "http://localhost:3000/reset-password",
            "https://x.example/#/r",
        ] {
            assert!(reset_page(good).is_some(), "{good}");
        }
        for bad in
            ["", "/reset", "retailer.example/reset", "ftp://x.example/", "mailto:x@example.org", "https://"]
        {
            assert!(reset_page(bad).is_none(), "{bad}");
        }
    }
}
