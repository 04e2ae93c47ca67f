//! `requestDoubleOptIn` and `confirmDoubleOptIn`; addresses that are proved or checked.

use serde::Deserialize;

use crate::api::auth::throttle;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::consents::Consent;
use crate::domain::auth::limits::Key;
use crate::domain::communications::checks;
use crate::domain::communications::opt_ins::{self, OptInError, Wish};
use crate::domain::communications::verification::{self, Verification, VerificationError};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// The consent that a payload is about.
struct Asked(Consent);
/// Whether a mail was sent.
struct Sent(bool);
/// Whether an address was proved.
struct Proved(bool);
/// Whether an address could be somebody's.
struct Valid(bool);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.requestDoubleOptIn", request);
    b.root("Mutation.confirmDoubleOptIn", confirm);
    b.root("Mutation.sendVerificationEmail", send);
    b.root("Mutation.verifyEmail", verify);
    b.root("Query.verificationStatus", status);
    b.root("Mutation.validateEmail", validate_email);
    b.root("Mutation.validatePhone", validate_phone);
    b.parts::<Asked>("RequestDoubleOptIn", &[("consent", |a| Resolved::node(a.0.clone()))]);
    b.parts::<Asked>("ConfirmDoubleOptIn", &[("consent", |a| Resolved::node(a.0.clone()))]);
    b.leaves::<Sent>("SendVerificationEmail", &[("verificationStatus", |s| s.0.into())]);
    b.leaves::<Proved>("VerifyEmail", &[("isVerified", |p| p.0.into())]);
    b.leaves::<Valid>("ValidateEmail", &[("isValid", |v| v.0.into())]);
    b.leaves::<Valid>("ValidatePhone", &[("isValid", |v| v.0.into())]);
    b.leaves::<Verification>(
        "EmailVerificationStatus",
        &[("email", |v| (&v.email).into()), ("status", |v| (&v.status).into())],
    );
}

fn refusal(error: OptInError) -> FieldError {
    let (code, field) = match error {
        OptInError::Database(error) => return FieldError::internal(error),
        OptInError::Forbidden => return FieldError::code(FORBIDDEN),
        OptInError::Input(why) => return FieldError::code("KT-CT-9019").describe(why).at_input(&["input"]),
        OptInError::UnknownAccount => ("KT-CT-9018", "accountNumber"),
        OptInError::NotManaged => ("KT-CT-9016", "consentTypeCode"),
        OptInError::UnknownType => ("KT-CT-9017", "consentTypeCode"),
        OptInError::Given => ("KT-CT-9023", "consentTypeCode"),
        OptInError::UnknownToken => ("KT-CT-9021", "token"),
        OptInError::SpentToken => ("KT-CT-9020", "token"),
    };
    FieldError::code(code).at_input(&["input", field])
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestInput {
    account_number: Option<String>,
    email_address: Option<String>,
    mobile_number: Option<String>,
    consent_type_code: String,
    ip_address: String,
}

async fn request(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input = call.arg::<Option<RequestInput>>("input")?.unwrap_or_default();
    let wish = Wish {
        account: input.account_number,
        email: input.email_address,
        mobile: input.mobile_number,
        code: input.consent_type_code,
        ip: input.ip_address,
    };
    let subject = wish.account.as_deref();
    let given = (call.cx.app.auth().random().clone(), &wish);
    let done = call.cx.write("Mutation.requestDoubleOptIn", subject, &given, |tx, viewer, given| {
        Box::pin(opt_ins::request(tx, viewer, &given.0, given.1))
    });
    // Every token that is sent counts.
    let who = throttle::name(call.cx);
    let key = Key::Identifier(&who);
    let done = throttle::counted(call.cx, "requestDoubleOptIn", key, done, Result::is_ok).await?;
    done.map(|consent| Resolved::node(Asked(consent))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmInput {
    token: String,
    ip_address: Option<String>,
}

async fn confirm(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Option<ConfirmInput> = call.arg("input")?;
    let input = input.ok_or_else(|| refusal(OptInError::UnknownToken))?;
    let done = call.cx.write("Mutation.confirmDoubleOptIn", None, &input, |tx, _, input| {
        Box::pin(opt_ins::confirm(tx, &input.token, input.ip_address.as_deref()))
    });
    done.await.map(|consent| Resolved::node(Asked(consent))).map_err(|error| match error {
        OptInError::Given => FieldError::code("KT-CT-9022").at_input(&["input", "token"]),
        OptInError::UnknownType => refusal(OptInError::NotManaged),
        other => refusal(other),
    })
}

#[derive(Deserialize)]
struct EmailInput {
    email: String,
}

async fn send(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: EmailInput = call.arg("input")?;
    let given = (call.cx.app.auth().random().clone(), input.email);
    let done = call.cx.write("Mutation.sendVerificationEmail", None, &given, |tx, viewer, given| {
        Box::pin(verification::send(tx, viewer, &given.0, &given.1))
    });
    let who = throttle::name(call.cx);
    let key = Key::Identifier(&who);
    let is_sent = |done: &Result<bool, VerificationError>| matches!(done, Ok(true));
    let done = throttle::counted(call.cx, "sendVerificationEmail", key, done, is_sent).await?;
    done.map(|sent| Resolved::node(Sent(sent))).map_err(|error| match error {
        VerificationError::Forbidden => FieldError::code(FORBIDDEN),
        VerificationError::Database(error) => FieldError::internal(error),
    })
}

#[derive(Deserialize)]
struct TokenInput {
    token: String,
}

async fn verify(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: TokenInput = call.arg("input")?;
    let done = call.cx.write("Mutation.verifyEmail", None, &input, |tx, _, input| {
        Box::pin(verification::verify(tx, &input.token))
    });
    let who = throttle::name(call.cx);
    let key = Key::Identifier(&who);
    let is_wrong = |done: &Result<bool, sqlx::Error>| matches!(done, Ok(false));
    let done = throttle::counted(call.cx, "verifyEmail", key, done, is_wrong).await?;
    done.map(|proved| Resolved::node(Proved(proved))).map_err(FieldError::internal)
}

async fn status(call: Call<'_>) -> Result<Resolved, FieldError> {
    let email: String = call.arg("email")?;
    let mut view = call.cx.read().await?;
    let found = verification::status(&mut view, call.cx.viewer(), &email).await;
    found.map(Resolved::maybe).map_err(FieldError::internal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ValidateEmailInput {
    email: String,
    check_uniqueness: Option<bool>,
}

async fn validate_email(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ValidateEmailInput = call.arg("input")?;
    let unique = input.check_uniqueness.unwrap_or(false);
    let mut view = call.cx.read().await?;
    let valid = checks::email(&mut view, call.cx.viewer(), &input.email, unique).await;
    valid.map(|valid| Resolved::node(Valid(valid))).map_err(FieldError::internal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ValidatePhoneInput {
    phone_number: String,
}

async fn validate_phone(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ValidatePhoneInput = call.arg("input")?;
    Ok(Resolved::node(Valid(checks::phone(&input.phone_number))))
}
