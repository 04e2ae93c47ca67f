//! Signing customers up: `initializeUser`, `initializeAccount`, `prepareAccount`, and where an account stands on the
//! way.

use chrono::NaiveDate;
use serde::Deserialize;

use super::address::RichAddress;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::address::Address;
use crate::domain::accounts::applications::{self, Application, Sale, Standing};
use crate::domain::accounts::details::{Wishes, Wrong};
use crate::domain::accounts::sign_up::{self, Bills, Given, NewPerson, NewSignUp, SignUpError, operations};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.initializeUser", initialize_user);
    b.root("Mutation.initializeAccount", initialize_account);
    b.root("Mutation.prepareAccount", prepare_account);
    b.batch("AccountType.isShellAccount", are_shells);
    b.batch("AccountType.canBeWithdrawn", can_be_withdrawn);
    b.batch("AccountType.applications", applications_of);
    // Nothing heeds these yet.
    b.dark(&[
        "BaseInitializeUserInput.accountType",
        "BaseInitializeUserInput.details",
        "CustomerDetailsInput.preferences",
        "BaseInitializeAccountInput.chosenPaymentDay",
        "BaseInitializeAccountInput.supplyPointInfoList",
        "PrepareAccountInput.chosenPaymentDay",
        "SalesInformationInput.affiliateSubdomain",
        "SalesInformationInput.affiliateParams",
    ]);
    b.leaves::<Given>(
        "InitializeUserResult",
        &[("isNewUser", |g| g.is_new.into()), ("userNumber", |g| (&g.number).into())],
    );
    b.leaves::<Given>(
        "InitializeAccountResult",
        &[("isNewAccount", |g| g.is_new.into()), ("accountNumber", |g| (&g.number).into())],
    );
    b.leaves::<Prepared>(
        "PrepareAccountResult",
        &[
            ("isNewAccount", |p| p.account.is_new.into()),
            ("accountNumber", |p| (&p.account.number).into()),
            ("isNewUser", |p| p.user.is_new.into()),
            ("userId", |p| p.user.id.into()),
        ],
    );
    b.leaves::<Application>(
        "AccountApplicationType",
        &[
            ("status", |f| f.status().into()),
            ("salesChannel", |f| (&f.sales_channel).into()),
            ("salesSubchannel", |f| (&f.sales_subchannel).into()),
            ("dateOfSale", |f| f.date_of_sale.into()),
            ("coolingOffEndDate", |f| f.cooling_off_end.into()),
            ("preferredSsd", |f| f.preferred_ssd.into()),
            ("isMigrated", |f| f.migration_source.is_some().into()),
            ("migrationSource", |f| (&f.migration_source).into()),
        ],
    );
}

/// The person and the account that were made or found.
struct Prepared {
    user: Given,
    account: Given,
}

/// The codes of one of the mutations: closed, wrong format, anything else.
pub(super) type Codes = [&'static str; 3];

pub(super) fn refusal(error: SignUpError, codes: Codes) -> FieldError {
    let [closed, format, other] = codes;
    match error {
        SignUpError::Forbidden => FieldError::code(FORBIDDEN),
        SignUpError::Closed => FieldError::code(closed),
        SignUpError::Invalid(wrong) => {
            let sentences: Vec<String> =
                wrong.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.why)).collect();
            FieldError::code(format).describe(sentences.join(" ")).at_input(&["input"])
        }
        SignUpError::Refused(why) => FieldError::code(other).describe(why),
        SignUpError::Database(error) => FieldError::internal(error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomerDetails {
    given_name: String,
    family_name: String,
    title: Option<String>,
    pronouns: Option<String>,
    email: Option<String>,
    mobile: Option<String>,
    landline: Option<String>,
    date_of_birth: Option<NaiveDate>,
}

impl CustomerDetails {
    fn wishes(&self) -> Wishes {
        Wishes {
            given_name: Some(self.given_name.clone()),
            family_name: Some(self.family_name.clone()),
            title: self.title.clone(),
            pronouns: self.pronouns.clone(),
            email: self.email.clone().filter(|email| !email.trim().is_empty()),
            mobile: self.mobile.clone(),
            landline: self.landline.clone(),
            date_of_birth: self.date_of_birth,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserInput {
    customer_details: CustomerDetails,
    portfolio_number: Option<String>,
    role: Option<String>,
    brand_code: String,
}

async fn initialize_user(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: UserInput = call.arg("input")?;
    let work = (call.cx.app.auth().random(), input);
    let given = call.cx.write("Mutation.initializeUser", None, &work, |tx, viewer, (random, input)| {
        Box::pin(async move {
            let market = sign_up::admitted(tx, viewer, &input.brand_code, operations::USER).await?;
            let new = NewPerson {
                brand: &input.brand_code,
                wishes: input.customer_details.wishes(),
                portfolio: input.portfolio_number.as_deref(),
                role: input.role.as_deref(),
            };
            sign_up::person(tx, random, viewer, market, &new).await
        })
    });
    let codes = ["KT-CT-10327", "KT-CT-10328", "KT-CT-10329"];
    given.await.map(Resolved::node).map_err(|error| refusal(error, codes))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinesInput {
    line1: String,
    postal_code: String,
    country_code: Option<String>,
    line2: Option<String>,
    line3: Option<String>,
    line4: Option<String>,
    line5: Option<String>,
}

impl LinesInput {
    fn bills(&self) -> Bills<'_> {
        let more = [&self.line2, &self.line3, &self.line4, &self.line5]
            .map(|line| line.as_deref().unwrap_or_default());
        let [second, third, fourth, fifth] = more;
        Bills::Lines {
            lines: [&self.line1, second, third, fourth, fifth],
            postcode: &self.postal_code,
            country: self.country_code.as_deref(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SalesInput {
    sales_channel: String,
    sales_subchannel: Option<String>,
    urn: Option<String>,
}

impl SalesInput {
    fn sale(&self, date: Option<NaiveDate>, preferred_start: Option<NaiveDate>) -> Sale<'_> {
        Sale {
            channel: &self.sales_channel,
            subchannel: self.sales_subchannel.as_deref(),
            date,
            preferred_start,
        }
    }
}

fn default_type() -> String {
    "DOMESTIC".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountInput {
    user_number: String,
    portfolio_number: Option<String>,
    account_type: Option<String>,
    brand_code: String,
    billing_name: String,
    billing_address: Option<LinesInput>,
    rich_billing_address: Option<RichAddress>,
    sales_info: SalesInput,
    preferred_ssd: Option<NaiveDate>,
    date_of_sale: Option<NaiveDate>,
}

impl AccountInput {
    /// In lines or in parts, and not both.
    fn bills(&self) -> Option<Bills<'_>> {
        match (&self.billing_address, &self.rich_billing_address) {
            (Some(lines), None) => Some(lines.bills()),
            (None, Some(parts)) => Some(Bills::Parts(Address::from(parts.clone()))),
            _ => None,
        }
    }
}

async fn initialize_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AccountInput = call.arg("input")?;
    let subject = input.user_number.clone();
    let work = (call.cx.app.auth().random(), input);
    let operation = "Mutation.initializeAccount";
    let given = call.cx.write(operation, Some(&subject), &work, |tx, viewer, (random, input)| {
        Box::pin(async move {
            let market = sign_up::admitted(tx, viewer, &input.brand_code, operations::ACCOUNT).await?;
            let both = Wrong { field: "billingAddress", why: "Give one address: in lines or in parts." };
            let bills = input.bills().ok_or_else(|| SignUpError::Invalid(vec![both]))?;
            let user = sign_up::person_by_number(tx, viewer, &input.user_number).await?;
            let account_type = input.account_type.clone().unwrap_or_else(default_type);
            let new = NewSignUp {
                brand: &input.brand_code,
                account_type: &account_type,
                portfolio: input.portfolio_number.as_deref(),
                billing_name: &input.billing_name,
                bills,
                urn: input.sales_info.urn.as_deref(),
                sale: Some(input.sales_info.sale(input.date_of_sale, input.preferred_ssd)),
            };
            sign_up::account(tx, random, viewer, market, user, &new).await
        })
    });
    let codes = ["KT-CT-10324", "KT-CT-10325", "KT-CT-10326"];
    given.await.map(Resolved::node).map_err(|error| refusal(error, codes))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrepareInput {
    account_type: Option<String>,
    brand_code: String,
    billing_name: String,
    billing_address: LinesInput,
    customer_details: CustomerDetails,
    sales_info: SalesInput,
    preferred_ssd: Option<NaiveDate>,
    date_of_sale: Option<NaiveDate>,
}

async fn prepare_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: PrepareInput = call.arg("input")?;
    let work = (call.cx.app.auth().random(), input);
    let given = call.cx.write("Mutation.prepareAccount", None, &work, |tx, viewer, (random, input)| {
        Box::pin(async move {
            let market = sign_up::admitted(tx, viewer, &input.brand_code, operations::BOTH).await?;
            let wishes = input.customer_details.wishes();
            let new = NewPerson { brand: &input.brand_code, wishes, portfolio: None, role: None };
            let user = sign_up::person(tx, random, viewer, market, &new).await?;
            let account_type = input.account_type.clone().unwrap_or_else(default_type);
            let new = NewSignUp {
                brand: &input.brand_code,
                account_type: &account_type,
                portfolio: None,
                billing_name: &input.billing_name,
                bills: input.billing_address.bills(),
                urn: input.sales_info.urn.as_deref(),
                sale: Some(input.sales_info.sale(input.date_of_sale, input.preferred_ssd)),
            };
            let account = sign_up::account(tx, random, viewer, market, user.id, &new).await?;
            Ok(Prepared { user, account })
        })
    });
    let codes = ["KT-CT-10303", "KT-CT-10316", "KT-CT-10317"];
    given.await.map(Resolved::node).map_err(|error| refusal(error, codes))
}

async fn standing(call: &Call<'_>) -> Result<Vec<Option<Standing>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    applications::standing(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)
}

async fn are_shells(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let all = standing(&call).await?;
    Ok(all.iter().map(|one| Resolved::leaf(one.as_ref().map(|one| one.is_shell))).collect())
}

async fn can_be_withdrawn(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let all = standing(&call).await?;
    let now = call.cx.read().await?.business_now().await.map_err(FieldError::internal)?;
    let can = |one: &Standing| one.market().is_some_and(|market| one.can_be_withdrawn(market.day(now)));
    Ok(all.iter().map(|one| Resolved::leaf(one.as_ref().map(can))).collect())
}

async fn applications_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let status: Option<String> = call.arg("status")?;
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let found =
        applications::of_accounts(&mut view, call.cx.viewer(), &ids, status.as_deref(), &window).await;
    let pages = found.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}
