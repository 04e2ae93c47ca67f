//! The built-in LINE platform. It knows every token of at least sixteen letters, digits and `-_` that does not begin with
//! `expired`, and links whoever follows the dialog a moment later.

use chrono::TimeDelta;
use serde_json::Value;

use super::line;
use crate::platform::jobs::{JobError, Runner};

/// The job that answers for LINE.
pub(super) const ANSWER: &str = "simulated-line-link";
/// How long people take over the dialog.
pub(super) const WAIT: TimeDelta = TimeDelta::seconds(5);

/// Whether LINE gave this token out, and it is still good.
pub(super) fn knows(token: &str) -> bool {
    token.len() >= 16
        && !token.starts_with("expired")
        && token.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// Has LINE's answers come in by this runner.
pub fn register(runner: &mut Runner) {
    runner.on(ANSWER, |tx, payload| {
        Box::pin(async move {
            let user = payload.get("user").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            Ok(line::linked(tx, user, &format!("U{user:032x}")).await?)
        })
    });
}
