//! The seam between HTTP and the program behind it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use bytes::Bytes;

pub use crate::domain::loyalty::referrals::schemes::Offer;
pub use crate::domain::payments::sessions::{Answer as PayAnswer, Form as PayForm};
pub use crate::domain::payments::vendors::simulated_slips::{Slip, Standing};
pub use crate::domain::supply::reading_links::{Outcome as ReadingOutcome, ReadingForm, Typed as Readings};
pub use crate::domain::supply::terms::Terms;

use crate::domain::payments::sessions::Typed;
use crate::graphql::{self, BoxFuture};

/// One GraphQL request as it came over HTTP.
#[derive(Debug)]
pub struct GraphqlCall {
    pub request: graphql::Request,
    /// The `Authorization` header as it was sent; bytes that are no text are replaced.
    pub authorization: Option<String>,
    /// Who is on the other end, as far as the proxies in front can be trusted.
    pub client: Option<IpAddr>,
    /// Stands in the answer's headers and in every log line of this request.
    pub correlation_id: String,
}

/// The answer, and what the log says about it.
pub struct Reply {
    pub response: graphql::Response,
    /// Kind of the viewer: `anonymous`, `account-user`, `masquerade`, `third-party`, `link`, `staff`, `organisation`,
    /// `partner-user`.
    pub viewer: &'static str,
    /// SQL statements run.
    pub statements: u32,
    /// Rows read.
    pub rows: u64,
    /// Further response headers, such as `Retry-After`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// A file to be given out.
#[derive(Debug, Clone)]
pub struct File {
    pub bytes: Bytes,
    pub media_type: String,
    /// What it is called where it is saved.
    pub filename: String,
}

/// What answers behind the HTTP face.
pub trait Service: Send + Sync + 'static {
    /// Answers one GraphQL request. A query's future may be dropped half way; a mutation's never is.
    fn execute(self: Arc<Self>, call: GraphqlCall) -> BoxFuture<'static, Reply>;

    /// Can it answer now: is the database reachable?
    ///
    /// The error goes to the log only.
    fn ready(&self) -> BoxFuture<'_, Result<(), String>>;

    /// The public keys that its tokens can be verified with.
    ///
    /// The error goes to the log only.
    fn jwks(&self) -> BoxFuture<'_, Result<serde_json::Value, String>>;

    /// The file that a link leads to; none if the link is not good. `expires` and `signature` are as in the link.
    ///
    /// The error goes to the log only.
    fn file<'a>(
        &'a self,
        _key: &'a str,
        _expires: i64,
        _signature: &'a str,
    ) -> BoxFuture<'a, Result<Option<File>, String>> {
        Box::pin(async { Ok(None) })
    }

    /// Takes in the file for a place, or says without one whether the form for it is good; `false` where it is not. `expires`
    /// and `signature` are as in the form.
    ///
    /// The error goes to the log only.
    fn upload<'a>(
        &'a self,
        _key: &'a str,
        _expires: i64,
        _signature: &'a str,
        _file: Option<Bytes>,
    ) -> BoxFuture<'a, Result<bool, String>> {
        Box::pin(async { Ok(false) })
    }

    /// The form of a payment vendor that a token leads to, after what was sent from it, if anything was; none if the token
    /// leads nowhere.
    ///
    /// The error goes to the log only.
    fn pay<'a>(
        &'a self,
        _token: &'a str,
        _typed: Option<Typed>,
    ) -> BoxFuture<'a, Result<Option<PayForm>, String>> {
        Box::pin(async { Ok(None) })
    }

    /// The payment slip with this address, after it was paid at a till, if it was; none if the address is nothing's.
    ///
    /// The error goes to the log only.
    fn slip<'a>(
        &'a self,
        _reference: &'a str,
        _is_paid: bool,
    ) -> BoxFuture<'a, Result<Option<Slip>, String>> {
        Box::pin(async { Ok(None) })
    }

    /// The terms of the product with this code; none if there is no such product.
    ///
    /// The error goes to the log only.
    fn terms<'a>(&'a self, _code: &'a str) -> BoxFuture<'a, Result<Option<Terms>, String>> {
        Box::pin(async { Ok(None) })
    }

    /// What a code that a customer passes on is good for; none if it is nobody's.
    ///
    /// The error goes to the log only.
    fn offer<'a>(&'a self, _code: &'a str) -> BoxFuture<'a, Result<Option<Offer>, String>> {
        Box::pin(async { Ok(None) })
    }

    /// The page on which a meter is read, after what was sent from it, if anything was; none if the link to it is not good.
    /// `target`, `expires` and `signature` are as in the link.
    ///
    /// The error goes to the log only.
    fn reading_form<'a>(
        &'a self,
        _target: &'a str,
        _expires: i64,
        _signature: &'a str,
        _typed: Option<Readings>,
    ) -> BoxFuture<'a, Result<Option<ReadingForm>, String>> {
        Box::pin(async { Ok(None) })
    }

    /// The issuer its tokens name: an absolute URL.
    fn issuer(&self) -> String;
}

/// What an installation may choose.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Longest a query, or the reading of a request body, may take. Mutations run to their end.
    pub deadline: Duration,
    /// Largest request body in bytes.
    pub body_limit: usize,
    /// How many proxies in front append to `X-Forwarded-For`. With none the header is not believed.
    pub trusted_proxies: usize,
    /// Whether `/metrics` is served here.
    pub metrics: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(30), body_limit: 1024 * 1024, trusted_proxies: 0, metrics: true }
    }
}
