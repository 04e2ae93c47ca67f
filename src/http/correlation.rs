//! Correlation ids: one for every request, in its answer and in its log lines.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::Rng;

/// The id of one request, kept in the request's extensions.
#[derive(Debug, Clone)]
pub(super) struct CorrelationId(pub String);

impl CorrelationId {
    /// A new id: `1-<seconds, 8 hex digits>-<24 random hex digits>`. Ids that callers send are not taken
    /// over, or they could write into other people's log lines.
    pub(super) fn new() -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        #[expect(clippy::disallowed_methods, reason = "an id in a log line decides nothing")]
        let random: u128 = rand::rng().random();
        Self(format!("1-{:08x}-{:024x}", seconds & 0xffff_ffff, random >> 32))
    }
}
