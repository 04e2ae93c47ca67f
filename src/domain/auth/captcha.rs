//! Captchas: proof that a person is logging in, judged by a provider.

use futures_util::future::BoxFuture;
use thiserror::Error;

/// The simulated provider lets this response pass.
pub const SIMULATOR_PASSES: &str = "captcha-simulator-passes";
/// The simulated provider refuses this response, as it refuses every other.
pub const SIMULATOR_FAILS: &str = "captcha-simulator-fails";

/// Why a provider gave no verdict. A response without a verdict does not pass.
#[derive(Debug, Error)]
#[error("the captcha provider gave no verdict: {0}")]
pub struct NoVerdict(pub String);

/// Somebody who judges captcha responses. It may be far away, so no connection to the database is held
/// meanwhile.
pub trait Captcha: Send + Sync {
    /// Whether `response` shows that a person solved the captcha.
    fn verify<'a>(&'a self, response: &'a str) -> BoxFuture<'a, Result<bool, NoVerdict>>;
}

/// The providers that settings can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Lives in this program and knows [`SIMULATOR_PASSES`].
    Simulator,
}

impl Provider {
    /// The provider that settings call `name`.
    pub fn named(name: &str) -> Option<Self> {
        (name == "simulator").then_some(Self::Simulator)
    }
}

impl Captcha for Provider {
    fn verify<'a>(&'a self, response: &'a str) -> BoxFuture<'a, Result<bool, NoVerdict>> {
        match self {
            Self::Simulator => Box::pin(async move { Ok(response == SIMULATOR_PASSES) }),
        }
    }
}

/// Asks the provider that settings call `name`.
pub(super) async fn passes(name: &str, response: &str) -> Result<bool, NoVerdict> {
    let provider = Provider::named(name).ok_or_else(|| NoVerdict(format!("there is no provider {name}")))?;
    provider.verify(response).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_simulator_knows_one_good_response() {
        assert_eq!(passes("simulator", SIMULATOR_PASSES).await.ok(), Some(true));
        for wrong in [SIMULATOR_FAILS, "", "captcha-simulator-passes "] {
            assert_eq!(passes("simulator", wrong).await.ok(), Some(false));
        }
        assert!(passes("nobody", SIMULATOR_PASSES).await.is_err());
    }
}
