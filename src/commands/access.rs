//! `access`: what the installation demands of those who come in.

use clap::{Args, Subcommand};

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::auth::settings::{self, Settings};

#[derive(Debug, Subcommand)]
pub enum Access {
    /// Print the settings.
    Show,
    /// Change settings, for all servers and at once; those not named stay as they are.
    Set(Change),
}

#[derive(Debug, Args)]
pub struct Change {
    /// Page that links in password-reset mails lead to: an absolute http or https address.
    #[arg(long)]
    password_reset_url: Option<String>,
    /// Whether a log-in by password needs a captcha response.
    #[arg(long)]
    captcha_required: Option<bool>,
    /// Who judges captcha responses: simulator.
    #[arg(long)]
    captcha: Option<String>,
    /// Days after which a password no longer logs in, or `never`.
    #[arg(long, value_name = "DAYS", value_parser = parse_age)]
    password_max_age_days: Option<Age>,
    /// Whether log-ins by password are refused for everybody, staff included.
    #[arg(long)]
    mfa_enforced: Option<bool>,
}

/// How old a password may get, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Age(Option<i32>);

fn parse_age(text: &str) -> Result<Age, String> {
    if text == "never" {
        return Ok(Age(None));
    }
    let days = text.parse().ok().filter(|days| *days > 0);
    days.map(|days| Age(Some(days))).ok_or_else(|| "a number of days, or `never`".into())
}

impl Change {
    fn apply(&self, settings: &mut Settings) {
        if let Some(url) = &self.password_reset_url {
            settings.password_reset_url.clone_from(url);
        }
        if let Some(provider) = &self.captcha {
            settings.captcha.clone_from(provider);
        }
        if let Some(Age(days)) = self.password_max_age_days {
            settings.password_max_age_days = days;
        }
        settings.captcha_required = self.captcha_required.unwrap_or(settings.captcha_required);
        settings.mfa_enforced = self.mfa_enforced.unwrap_or(settings.mfa_enforced);
    }
}

pub async fn run(config: &Config, what: &Access) -> Result<(), Problem> {
    let settings = written(config, async |_, tx| match what {
        Access::Show => Ok(settings::read(tx).await?),
        Access::Set(change) => {
            settings::change(tx, |settings| change.apply(settings)).await.map_err(Problem::other)
        }
    });
    print!("{}", told(&settings.await?));
    Ok(())
}

fn told(settings: &Settings) -> String {
    let age = settings.password_max_age_days.map_or("never".to_owned(), |days| days.to_string());
    format!(
        "password-reset-url     {}\ncaptcha-required       {}\ncaptcha                {}\n\
         password-max-age-days  {age}\nmfa-enforced           {}\n",
        settings.password_reset_url, settings.captcha_required, settings.captcha, settings.mfa_enforced
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_of_days_or_none() {
        assert_eq!(parse_age("90"), Ok(Age(Some(90))));
        assert_eq!(parse_age("never"), Ok(Age(None)));
        for wrong in ["0", "-1", "soon", ""] {
            assert!(parse_age(wrong).is_err());
        }
    }

    #[test]
    fn what_is_not_named_stays() {
        let mut settings = Settings {
            password_reset_url: "https://retailer.example/reset".into(),
            captcha_required: true,
            captcha: "simulator".into(),
            password_max_age_days: Some(90),
            mfa_enforced: false,
        };
        let change = Change {
            password_reset_url: None,
            captcha_required: None,
            captcha: None,
            password_max_age_days: Some(Age(None)),
            mfa_enforced: Some(true),
        };
        change.apply(&mut settings);
        assert!(settings.captcha_required && settings.mfa_enforced);
        assert_eq!(settings.password_max_age_days, None);
        assert!(told(&settings).contains("password-max-age-days  never"));
    }
}
