//! Which code each refusal of a credential has.

use crate::domain::auth::{LoginError, TokenError};
use crate::graphql::FieldError;

/// A credential in the `Authorization` header that is not good.
pub(in crate::api) fn token(error: TokenError) -> FieldError {
    FieldError::code(match error {
        TokenError::NotACredential => "KT-CT-1143",
        TokenError::UnknownOwner => "KT-CT-1163",
        TokenError::Expired => "KT-CT-1124",
        TokenError::KeysRotated => "KT-CT-1125",
        TokenError::BadSignature => "KT-CT-1126",
        TokenError::Issuer => "KT-CT-1127",
        TokenError::Invalidated => "KT-CT-1162",
        TokenError::Keys(error) => return FieldError::internal(error),
        TokenError::Database(error) => return FieldError::internal(error),
    })
}

/// What is shown of a secret of which only the beginning is kept.
pub(super) fn shown(hint: &str) -> String {
    format!("{hint}…")
}

/// A refusal that is reported in the answer, by its sentence alone.
pub(super) fn in_answer(text: &str) -> FieldError {
    FieldError::code("KT-CT-1605").describe(text)
}

/// A log-in that failed.
pub(super) fn login(error: LoginError) -> FieldError {
    match error {
        LoginError::WrongPassword => FieldError::code("KT-CT-1138").at_input(&[]),
        LoginError::WrongApiKey => FieldError::code("KT-CT-1139").at_input(&["input", "apiKey"]),
        LoginError::WrongOrganisationKey => {
            FieldError::code("KT-CT-1140").at_input(&["input", "organizationSecretKey"])
        }
        LoginError::RefreshExpired => FieldError::code("KT-CT-1134").at_input(&["input", "refreshToken"]),
        LoginError::RefreshUnknown => FieldError::code("KT-CT-1135").at_input(&["input", "refreshToken"]),
        LoginError::WrongPreSignedKey => FieldError::code("KT-CT-1141").at_input(&["input", "preSignedKey"]),
        LoginError::PreSignedKeyExpired => {
            FieldError::code("KT-CT-1142").at_input(&["input", "preSignedKey"])
        }
        LoginError::Passwords(error) => FieldError::internal(error),
        LoginError::Keys(error) => FieldError::internal(error),
        LoginError::Database(error) => FieldError::internal(error),
    }
}
