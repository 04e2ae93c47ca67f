//! What is answered where nothing was done with a device.

use serde_json::{Value, json};

use crate::domain::devices::{DeviceError, Refusal};
use crate::graphql::FieldError;
use crate::graphql::facts::FORBIDDEN;

/// The codes of one operation: for a device that there is not, for one that is in no state for it, and for one that does
/// not do it.
#[derive(Clone, Copy)]
pub(super) struct Codes {
    pub unknown: &'static str,
    pub not_ready: &'static str,
    pub failed: &'static str,
}

impl Codes {
    /// The answer.
    pub fn refuse(self, error: DeviceError) -> FieldError {
        let text = format!("Nothing was done: {error}.");
        match error {
            DeviceError::Unknown => FieldError::code(self.unknown),
            DeviceError::Forbidden => FieldError::code(FORBIDDEN),
            DeviceError::NotReady(why) => because(FieldError::code(self.not_ready), &why),
            DeviceError::NotNow(why) => because(FieldError::code(self.failed), &why),
            DeviceError::Nothing | DeviceError::Refused | DeviceError::Silent => {
                FieldError::code(self.failed).describe(text)
            }
            other => FieldError::internal(other),
        }
    }
}

fn because(error: FieldError, why: &[Refusal]) -> FieldError {
    if why.is_empty() {
        return error;
    }
    let reasons: Vec<Value> = why.iter().map(|refusal| json!(refusal.code())).collect();
    error.with("boostChargeRefusalReasons", Value::Array(reasons))
}

/// For questions about the devices of an account.
pub(super) fn of_account(error: DeviceError) -> FieldError {
    match error {
        DeviceError::Unknown => FieldError::code("KT-CT-4301"),
        other => FieldError::internal(other),
    }
}
