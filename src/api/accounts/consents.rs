//! What customers have agreed to or refused: `consentTypes`, the consents of accounts and users, and answers.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::Account;
use crate::domain::accounts::consents::{self, Answer, Consent, ConsentError, ConsentType};
use crate::domain::accounts::users::AccountUser;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// The consents of an account or a user after a change.
#[derive(Clone)]
struct Answered(Vec<Consent>);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.consentTypes", types);
    b.root("Mutation.updateAccountConsents", update_account);
    b.root("Mutation.updateAccountUserConsents", update_user);
    b.batch("AccountType.consents", of_accounts);
    b.batch("AccountType.consentData", as_object);
    b.batch("AccountUserType.consents", of_users);
    b.leaves::<ConsentType>(
        "ConsentTypeType",
        &[
            ("code", |t| (&t.code).into()),
            ("name", |t| (&t.name).into()),
            ("description", |t| (&t.description).into()),
            ("defaultValue", |t| (&t.default_value).into()),
        ],
    );
    b.leaves::<Consent>(
        "ConsentType",
        &[("id", |c| c.id().into()), ("code", |c| (&c.code).into()), ("value", |c| (&c.value).into())],
    );
    b.parts::<Consent>("ConsentType", &[("type", |c| Resolved::node(c.kind()))]);
    b.parts::<Answered>("UpdateAccountConsents", &[("consents", |a| Resolved::nodes(a.0.clone()))]);
    b.parts::<Answered>(
        "UpdateAccountUserConsents",
        &[("accountUserConsents", |a| Resolved::node(a.clone()))],
    );
    b.parts::<Answered>("AccountUserConsents", &[("consents", |a| Resolved::nodes(a.0.clone()))]);
}

async fn types(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let known = consents::types(&mut view, call.cx.viewer()).await.map_err(FieldError::internal)?;
    Ok(Resolved::nodes(known))
}

async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(accounts_consents(&call).await?.into_iter().map(Resolved::nodes).collect())
}

/// Codes and what counts for each.
async fn as_object(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let object = |all: Vec<Consent>| {
        let values = all.into_iter().map(|consent| (consent.code, Value::from(consent.value)));
        Resolved::leaf(Value::Object(values.collect::<Map<_, _>>()))
    };
    Ok(accounts_consents(&call).await?.into_iter().map(object).collect())
}

async fn accounts_consents(call: &Call<'_>) -> Result<Vec<Vec<Consent>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    consents::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)
}

async fn of_users(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|user| user.id).collect();
    let mut view = call.cx.read().await?;
    let found = consents::of_users(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

fn refusal(error: ConsentError) -> FieldError {
    let (code, path) = match error {
        ConsentError::Forbidden => return FieldError::code(FORBIDDEN),
        ConsentError::Database(error) => return FieldError::internal(error),
        ConsentError::Missing(what) => {
            return FieldError::code(INVALID_INPUT).describe(what).at_input(&["consents"]);
        }
        ConsentError::UnknownAccount => ("KT-CT-9018", "accountNumber"),
        ConsentError::UnknownUser => ("KT-CT-5421", "userNumber"),
        ConsentError::NobodyNamed => ("KT-CT-5422", "userNumber"),
        ConsentError::NotManaged => ("KT-CT-9016", "consents"),
        ConsentError::UnknownType(_) => ("KT-CT-9017", "consents"),
        ConsentError::Duplicate(_) => ("KT-CT-9014", "consents"),
    };
    FieldError::code(code).at_input(&[path])
}

#[derive(Deserialize)]
struct AccountAnswer {
    code: String,
    value: String,
}

async fn update_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let given: Vec<Option<AccountAnswer>> = call.arg("consents")?;
    let answers = given.into_iter().flatten();
    let answers: Vec<Answer> =
        answers.map(|given| Answer { code: given.code, value: Some(given.value), source: None }).collect();
    let input = (number.as_str(), answers);
    let done = call.cx.write("Mutation.updateAccountConsents", Some(&number), &input, |tx, viewer, input| {
        let (number, answers) = input;
        Box::pin(consents::answer_for_account(tx, viewer, number, answers))
    });
    let id = done.await.map_err(refusal)?;
    let mut view = call.cx.read().await?;
    let found = consents::of_accounts(&mut view, call.cx.viewer(), &[id]).await;
    let found = found.map_err(FieldError::internal)?.pop().unwrap_or_default();
    Ok(Resolved::node(Answered(found)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserAnswer {
    consent_type_code: String,
    value: Option<String>,
    source: Option<String>,
}

impl From<UserAnswer> for Answer {
    fn from(given: UserAnswer) -> Self {
        Self { code: given.consent_type_code, value: given.value, source: given.source }
    }
}

async fn update_user(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: Option<String> = call.arg("userNumber")?;
    let given: Option<Vec<Option<UserAnswer>>> = call.arg("consents")?;
    let answers = given.map(|all| all.into_iter().flatten().map(Answer::from).collect::<Vec<_>>());
    let input = (number.as_deref(), answers);
    let subject = number.as_deref();
    let done = call.cx.write("Mutation.updateAccountUserConsents", subject, &input, |tx, viewer, input| {
        let (number, answers) = input;
        Box::pin(consents::answer_for_user(tx, viewer, *number, answers.as_deref()))
    });
    let id = done.await.map_err(refusal)?;
    let mut view = call.cx.read().await?;
    let found = consents::of_users(&mut view, call.cx.viewer(), &[id]).await;
    let found = found.map_err(FieldError::internal)?.pop().unwrap_or_default();
    Ok(Resolved::node(Answered(found)))
}
