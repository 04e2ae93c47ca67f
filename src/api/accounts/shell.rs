//! `createShellAccount`: accounts of prospects.

use chrono::NaiveDate;
use serde::Deserialize;

use super::address::RichAddress;
use super::opening::refusal;
use crate::api::auth::legacy_login::Failure;
use crate::api::session::{Bindings, Call, Session};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::address::Address;
use crate::domain::accounts::details::{Wishes, Wrong};
use crate::domain::accounts::shells::{self, Company, NewShell, Opened};
use crate::domain::accounts::sign_up::{self, SignUpError, operations};
use crate::domain::auth::first_password::{Credentials, FirstPassword, FirstPasswordError};
use crate::domain::auth::logins::Holder;
use crate::domain::auth::passwords::PasswordError;
use crate::domain::auth::viewer::{OPEN_ACCOUNTS, Viewer};
use crate::domain::billing::rhythms::Periods;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createShellAccount", create_shell);
    // A token that a caller chose would be no secret: it is given out, and not taken.
    b.dark(&["CreateShellAccountInput.passwordUpdateToken"]);
    b.leaves::<Shell>(
        "CreateShellAccountPayload",
        &[
            ("portfolioNumber", |s| (&s.input.portfolio_number).into()),
            ("givenName", |s| (&s.input.given_name).into()),
            ("familyName", |s| (&s.input.family_name).into()),
            ("billingName", |s| (&s.input.billing_name).into()),
            ("email", |s| (&s.input.email).into()),
            ("mobile", |s| (&s.input.mobile).into()),
            ("landline", |s| (&s.input.landline).into()),
            ("brand", |s| s.input.brand().into()),
            ("dateOfBirth", |s| s.input.date_of_birth.into()),
            ("billingAddressLine1", |s| (&s.input.billing_address_line1).into()),
            ("billingAddressLine2", |s| (&s.input.billing_address_line2).into()),
            ("billingAddressLine3", |s| (&s.input.billing_address_line3).into()),
            ("billingAddressLine4", |s| (&s.input.billing_address_line4).into()),
            ("billingAddressLine5", |s| (&s.input.billing_address_line5).into()),
            ("billingPostcode", |s| (&s.input.billing_postcode).into()),
            ("billingRichAddress", |s| (&s.input.billing_rich_address).into()),
            ("billingPeriodLength", |s| (&s.input.billing_period_length).into()),
            ("billingPeriodMultiplier", |s| s.input.billing_period_multiplier.map(i64::from).into()),
            ("billingPeriodDay", |s| s.input.billing_period_day.map(i64::from).into()),
            ("billingPeriodMonth", |s| s.input.billing_period_month.map(i64::from).into()),
            ("isBusinessAccount", |s| s.input.is_business_account.into()),
            ("companyName", |s| (&s.input.company_name).into()),
            ("companyNumber", |s| (&s.input.company_number).into()),
            ("businessType", |s| (&s.input.business_type).into()),
            ("password", |s| s.credentials.as_ref().and_then(|made| made.password.as_deref()).into()),
            ("passwordUpdateToken", |s| s.credentials.as_ref().map(|made| made.token.as_str()).into()),
            ("urn", |s| (&s.input.urn).into()),
            ("clientMutationId", |s| (&s.input.client_mutation_id).into()),
        ],
    );
    b.parts::<Shell>(
        "CreateShellAccountPayload",
        &[
            ("errors", |s| Resolved::nodes(s.errors.iter().map(failure))),
            ("account", |s| {
                s.account.clone().map_or(Resolved::Null, |a| Resolved::Node(Node::typed("AccountType", a)))
            }),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShellInput {
    portfolio_number: Option<String>,
    given_name: String,
    family_name: String,
    billing_name: Option<String>,
    email: String,
    mobile: Option<String>,
    landline: Option<String>,
    brand: Option<String>,
    date_of_birth: Option<NaiveDate>,
    billing_address_line1: Option<String>,
    billing_address_line2: Option<String>,
    billing_address_line3: Option<String>,
    billing_address_line4: Option<String>,
    billing_address_line5: Option<String>,
    billing_postcode: Option<String>,
    billing_rich_address: Option<String>,
    billing_period_length: Option<String>,
    billing_period_multiplier: Option<i32>,
    billing_period_day: Option<i32>,
    billing_period_month: Option<i32>,
    is_business_account: Option<bool>,
    company_name: Option<String>,
    company_number: Option<String>,
    business_type: Option<String>,
    password: Option<String>,
    urn: Option<String>,
    client_mutation_id: Option<String>,
}

/// The prospect's account, or what was wrong.
struct Shell {
    input: ShellInput,
    account: Option<Account>,
    credentials: Option<Credentials>,
    errors: Vec<Wrong>,
}

fn failure(wrong: &Wrong) -> Failure {
    Failure { field: wrong.field, message: wrong.why.to_owned() }
}

/// Legal forms that a company's can be given as, by name.
const FORMS: [&str; 14] = [
    "SOLE_TRADER",
    "LIMITED",
    "PROPRIETARY_LIMITED_COMPANY",
    "PARTNERSHIP",
    "CHARITY",
    "PUBLIC_LIMITED_COMPANY",
    "LIMITED_LIABILITY_PARTNERSHIP",
    "TRUST",
    "TRADING_AS",
    "GOVERNMENT",
    "NON_PROFIT",
    "CHURCH",
    "HOMEOWNER_ASSOCIATION",
    "TO_BE_DETERMINED",
];

fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

impl ShellInput {
    fn brand(&self) -> &str {
        self.brand.as_deref().unwrap_or("OCTOPUS_ENERGY")
    }

    fn shell(&self) -> Result<NewShell<'_>, Wrong> {
        Ok(NewShell {
            brand: self.brand(),
            portfolio: self.portfolio_number.as_deref(),
            person: Wishes {
                given_name: Some(self.given_name.clone()),
                family_name: Some(self.family_name.clone()),
                email: Some(self.email.clone()),
                mobile: self.mobile.clone(),
                landline: self.landline.clone(),
                date_of_birth: self.date_of_birth,
                ..Wishes::default()
            },
            billing_name: self.billing_name.as_deref(),
            lines: [
                text(&self.billing_address_line1),
                text(&self.billing_address_line2),
                text(&self.billing_address_line3),
                text(&self.billing_address_line4),
                text(&self.billing_address_line5),
            ],
            postcode: text(&self.billing_postcode),
            address: self.address()?,
            periods: self.periods(),
            urn: self.urn.as_deref(),
            company: self.company()?,
        })
    }

    /// Monthly, or as the brand's, as far as nothing else is said.
    fn periods(&self) -> Option<Periods<'_>> {
        let (length, day) = (self.billing_period_length.as_deref(), self.billing_period_day);
        let (multiplier, month) = (self.billing_period_multiplier, self.billing_period_month);
        let says = length.is_some() || multiplier.is_some() || day.is_some() || month.is_some();
        let (length, multiplier) = (Some(length.unwrap_or("MONTHLY")), multiplier.unwrap_or(1));
        says.then_some(Periods { length, multiplier, day, month })
    }

    /// The address in parts comes as the text of a JSON object.
    fn address(&self) -> Result<Option<Address>, Wrong> {
        let why = "This is no JSON object with the parts of an address.";
        let parsed =
            self.billing_rich_address.as_deref().map(serde_json::from_str::<RichAddress>).transpose();
        let parsed = parsed.map_err(|_| Wrong { field: "billingRichAddress", why })?;
        Ok(parsed.map(Address::from))
    }

    fn company(&self) -> Result<Option<Company<'_>>, Wrong> {
        if self.is_business_account != Some(true) {
            return Ok(None);
        }
        let name = self.company_name.as_deref().filter(|name| !name.trim().is_empty());
        let name = name.ok_or(Wrong { field: "companyName", why: "A business account is a company's." })?;
        let form = self.business_type.as_deref().unwrap_or("TO_BE_DETERMINED");
        if !FORMS.contains(&form) {
            return Err(Wrong { field: "businessType", why: "There is no such legal form." });
        }
        let number = self.company_number.as_deref().unwrap_or_default();
        Ok(Some(Company { name, number, form }))
    }
}

/// The prospect's first password, or what is wrong with it. Only staff make log-ins: whoever knows somebody's password can be
/// them.
async fn first_password(
    session: &Session,
    input: &ShellInput,
) -> Result<Result<Option<FirstPassword>, Wrong>, FieldError> {
    let viewer = session.viewer();
    if !matches!(viewer, Viewer::Staff { .. }) || !viewer.may(OPEN_ACCOUNTS) {
        return Ok(Ok(None));
    }
    // No connection may be held while a password is hashed.
    session.end().await;
    let whose = Holder {
        login: 0,
        email: input.email.clone(),
        password_hash: None,
        contact_email: input.email.clone(),
        given_name: input.given_name.clone(),
        family_name: input.family_name.clone(),
        preferred_name: None,
    };
    let wrong = |why| Ok(Err(Wrong { field: "password", why }));
    match session.app.auth().first_password(input.password.as_deref(), &whose).await {
        Ok(first) => Ok(Ok(Some(first))),
        Err(FirstPasswordError::Broken(rule)) => wrong(rule.sentence),
        Err(FirstPasswordError::Unusable) => wrong("The password is blank, or longer than 128 characters."),
        Err(FirstPasswordError::Passwords(PasswordError::Busy)) => Err(session.busy()),
        Err(FirstPasswordError::Passwords(error)) => Err(FieldError::internal(error)),
    }
}

async fn create_shell(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ShellInput = call.arg("input")?;
    let first = first_password(call.cx, &input).await?;
    let work = (call.cx.app.auth().random(), input, first);
    let subject = work.1.urn.as_deref();
    let operation = "Mutation.createShellAccount";
    let opened = call.cx.write(operation, subject, &work, |tx, viewer, (random, input, first)| {
        Box::pin(async move {
            let new = input.shell();
            // Who may not do this is told nothing of what else is wrong.
            sign_up::admitted(tx, viewer, input.brand(), operations::PROSPECT).await?;
            let new = new.map_err(|wrong| SignUpError::Invalid(vec![wrong]))?;
            let first = first.as_ref().map_err(|wrong| SignUpError::Invalid(vec![*wrong]))?;
            shells::open(tx, random, viewer, &new, first.as_ref()).await
        })
    });
    let opened = match opened.await {
        Ok(opened) => Ok(opened),
        Err(error) => Err(shells::mistakes(error).map_err(|error| refusal(error, [FORBIDDEN; 3]))?),
    };
    let (account, credentials, errors) = match opened {
        Ok(Opened { number, credentials }) => {
            let mut view = call.cx.read().await?;
            let found = accounts::by_number(&mut view, call.cx.viewer(), &number).await;
            (found.map_err(FieldError::internal)?, credentials, Vec::new())
        }
        Err(errors) => (None, None, errors),
    };
    Ok(Resolved::node(Shell { input: work.1, account, credentials, errors }))
}
