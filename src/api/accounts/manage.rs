//! What staff do with portfolios: `createPortfolio`, `createPortfolioUserRole`, `addUserToPortfolio`,
//! `addPortfolioReference`.

use serde::Deserialize;

use super::portfolio::NO_PORTFOLIO;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::manage::{self, ManageError};
use crate::domain::accounts::open::NewPortfolio;
use crate::domain::accounts::portfolio_references::{self, ReferenceError};
use crate::domain::accounts::portfolios::Portfolio;
use crate::domain::accounts::roles::PortfolioRole;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

const NO_TEAM: &str = "KT-CT-9401";
const NO_BRAND: &str = "KT-CT-9402";
const NO_USER: &str = "KT-CT-9404";

/// What a payload is about.
struct Made(Portfolio);
struct Given(PortfolioRole);
struct Added;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createPortfolio", create_portfolio);
    b.root("Mutation.createPortfolioUserRole", create_portfolio_user_role);
    b.root("Mutation.addUserToPortfolio", add_user_to_portfolio);
    b.root("Mutation.addPortfolioReference", add_reference);
    b.parts::<Made>("CreatePortfolio", &[("portfolio", |made| Resolved::node(made.0.clone()))]);
    b.parts::<Given>(
        "CreatePortfolioUserRole",
        &[("portfolioUserRole", |given| Resolved::node(given.0.clone()))],
    );
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PortfolioInput {
    brand_code: Option<String>,
    operations_team_id: Option<String>,
    collective_billing: Option<bool>,
    parent_portfolio_number: Option<String>,
}

async fn create_portfolio(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: PortfolioInput = call.arg::<Option<PortfolioInput>>("input")?.unwrap_or_default();
    // No team has the id zero: what is no number is refused as what is not there, and after the permission.
    let team = input.operations_team_id.as_deref().map(str::parse::<i64>).transpose();
    let operations_team = team.unwrap_or(Some(0));
    let brand = input.brand_code.as_deref().unwrap_or("OCTOPUS_ENERGY");
    let collective_billing = input.collective_billing.unwrap_or(false);
    let new = NewPortfolio { brand, name: None, operations_team, collective_billing, parent: None };
    let parent = input.parent_portfolio_number.as_deref();
    let work = (call.cx.app.auth().random(), new, parent);
    let made = call.cx.write("Mutation.createPortfolio", None, &work, |tx, viewer, (random, new, parent)| {
        Box::pin(manage::create_portfolio(tx, random, viewer, new, *parent))
    });
    made.await.map(|portfolio| Resolved::node(Made(portfolio))).map_err(|error| match error {
        ManageError::UnknownBrand => FieldError::code(NO_BRAND).at_input(&["input", "brandCode"]),
        ManageError::UnknownTeam => FieldError::code(NO_TEAM).at_input(&["input", "operationsTeamId"]),
        ManageError::UnknownPortfolio => {
            FieldError::code(NO_PORTFOLIO).at_input(&["input", "parentPortfolioNumber"])
        }
        other => unexpected(other),
    })
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RoleInput {
    portfolio_id: String,
    account_user_id: String,
    role: Option<String>,
}

async fn create_portfolio_user_role(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RoleInput = call.arg::<Option<RoleInput>>("input")?.unwrap_or_default();
    let no_portfolio = || FieldError::code(NO_PORTFOLIO).at_input(&["input", "portfolioId"]);
    let no_user = || FieldError::code(NO_USER).at_input(&["input", "accountUserId"]);
    // No row has the id zero: what is no number is refused as what is not there, and after the permission.
    let (portfolio, user) =
        (input.portfolio_id.parse().unwrap_or(0), input.account_user_id.parse().unwrap_or(0));
    let role = input.role.as_deref().unwrap_or("ADMIN");
    let subject = Some(input.account_user_id.as_str());
    let what = (portfolio, user, role);
    let given = call.cx.write("Mutation.createPortfolioUserRole", subject, &what, |tx, viewer, what| {
        let (portfolio, user, role) = *what;
        Box::pin(manage::give_role(tx, viewer, portfolio, user, role))
    });
    given.await.map(|role| Resolved::node(Given(role))).map_err(|error| match error {
        ManageError::UnknownPortfolio => no_portfolio(),
        ManageError::UnknownUser => no_user(),
        other => unexpected(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddInput {
    user_number: String,
    role_code: String,
    portfolio_number: String,
}

async fn add_user_to_portfolio(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AddInput = call.arg("input")?;
    let subject = Some(input.user_number.as_str());
    let added = call.cx.write("Mutation.addUserToPortfolio", subject, &input, |tx, viewer, input| {
        Box::pin(manage::add_user(tx, viewer, &input.portfolio_number, &input.user_number, &input.role_code))
    });
    added.await.map(|_| Resolved::node(Added)).map_err(|error| {
        let (code, field) = match &error {
            ManageError::UnknownRole => ("KT-CT-5461", "roleCode"),
            ManageError::UserNumber => ("KT-CT-5462", "userNumber"),
            ManageError::UnknownUser => ("KT-CT-5463", "userNumber"),
            ManageError::UnknownPortfolio => ("KT-CT-9407", "portfolioNumber"),
            ManageError::PortfolioNumber => ("KT-CT-9408", "portfolioNumber"),
            _ => return unexpected(error),
        };
        FieldError::code(code).at_input(&["input", field])
    })
}

#[derive(Deserialize)]
pub(super) struct Reference {
    pub namespace: String,
    pub value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReferenceInput {
    portfolio_number: String,
    reference: Reference,
}

async fn add_reference(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ReferenceInput = call.arg("input")?;
    let subject = Some(input.portfolio_number.as_str());
    let added = call.cx.write("Mutation.addPortfolioReference", subject, &input, |tx, viewer, input| {
        let Reference { namespace, value } = &input.reference;
        Box::pin(portfolio_references::add(tx, viewer, &input.portfolio_number, namespace, value))
    });
    added.await.map(|()| Resolved::node(Added)).map_err(|error| {
        let (code, field) = match error {
            ReferenceError::Forbidden => return FieldError::code(FORBIDDEN),
            ReferenceError::UnknownPortfolio => (NO_PORTFOLIO, "portfolioNumber"),
            ReferenceError::UnknownNamespace => ("KT-CT-9409", "reference"),
            ReferenceError::Conflict => ("KT-CT-9410", "reference"),
            ReferenceError::Value => (INVALID_INPUT, "reference"),
            ReferenceError::Database(error) => return FieldError::internal(error),
        };
        FieldError::code(code).at_input(&["input", field])
    })
}

fn unexpected(error: ManageError) -> FieldError {
    match error {
        ManageError::Forbidden => FieldError::code(FORBIDDEN),
        other => FieldError::internal(other),
    }
}
