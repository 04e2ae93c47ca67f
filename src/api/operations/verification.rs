//! `startCustomerVerification` and `verifyCustomer`.

use serde::Deserialize;

use crate::api::auth::throttle;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::users::AccountUser;
use crate::domain::auth::limits::Key;
use crate::domain::operations::verification::{self, VerifyError, Wish};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// The code that was sent.
struct Started(Wish);

/// A code that is on its way.
#[derive(Clone)]
struct Process {
    user: String,
    verification_type: String,
}

/// The customer who was verified.
struct Verified(AccountUser);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.startCustomerVerification", start);
    b.root("Mutation.verifyCustomer", verify);
    b.parts::<Started>(
        "StartCustomerVerification",
        &[("verificationProcess", |s| Resolved::node(Process::of(&s.0)))],
    );
    b.parts::<Verified>("VerifyCustomer", &[("user", |v| Resolved::node(v.0.clone()))]);
    b.leaves::<Process>(
        "VerificationProcess",
        &[
            ("userNumber", |p| (&p.user).into()),
            ("status", |_| "PENDING".into()),
            ("type", |p| (&p.verification_type).into()),
        ],
    );
}

impl Process {
    fn of(wish: &Wish) -> Self {
        Self { user: wish.user.clone(), verification_type: wish.verification_type.clone() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartInput {
    user_number: String,
    verification_type: String,
    brand_code: String,
}

async fn start(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: StartInput = call.arg("input")?;
    let wish =
        Wish { user: input.user_number, verification_type: input.verification_type, brand: input.brand_code };
    let given = (call.cx.app.auth().random().clone(), &wish);
    let subject = Some(wish.user.as_str());
    let done = call.cx.write("Mutation.startCustomerVerification", subject, &given, |tx, viewer, given| {
        Box::pin(verification::start(tx, viewer, &given.0, given.1))
    });
    // Every code that is sent counts.
    let who = throttle::name(call.cx);
    let key = Key::Identifier(&who);
    let done = throttle::counted(call.cx, "startCustomerVerification", key, done, Result::is_ok).await?;
    done.map_err(refusal)?;
    Ok(Resolved::node(Started(wish)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerifyInput {
    verification_code: String,
    verification_type: String,
}

async fn verify(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: VerifyInput = call.arg("input")?;
    let given = (call.cx.app.auth().random().clone(), input);
    let done = call.cx.write("Mutation.verifyCustomer", None, &given, |tx, viewer, given| {
        let VerifyInput { verification_code, verification_type } = &given.1;
        Box::pin(verification::verify(tx, viewer, &given.0, (verification_type, verification_code)))
    });
    let who = throttle::name(call.cx);
    let key = Key::Identifier(&who);
    let is_wrong = |done: &Result<AccountUser, VerifyError>| matches!(done, Err(VerifyError::Code));
    let done = throttle::counted(call.cx, "verifyCustomer", key, done, is_wrong).await?;
    done.map(|user| Resolved::node(Verified(user))).map_err(refusal)
}

fn refusal(error: VerifyError) -> FieldError {
    let (code, path) = match error {
        VerifyError::Database(error) => return FieldError::internal(error),
        VerifyError::Forbidden => return FieldError::code(FORBIDDEN),
        VerifyError::Brand => ("KT-CT-1701", "brandCode"),
        VerifyError::Unsupported => ("KT-CT-4194", "verificationType"),
        VerifyError::Code => ("KT-CT-4191", "verificationCode"),
    };
    FieldError::code(code).at_input(&["input", path])
}
