//! A small typed client of the kind an application writes: operations from a file, types from the served
//! schema, HTTP by reqwest.

pub mod operations;

use std::fmt;

use graphql_client::{Error, GraphQLQuery, Response};
use operations::{LogIn, log_in};

pub type Session = log_in::LogInObtainKrakenToken;

/// Why an operation gave no data.
#[derive(Debug)]
pub enum Failure {
    /// The server refused it.
    Refused(Vec<Error>),
    /// No answer, or none that could be read.
    Broken(String),
}

impl Failure {
    /// The `KT-…` codes of a refusal.
    pub fn codes(&self) -> Vec<&str> {
        let errors = if let Self::Refused(errors) = self { errors.as_slice() } else { &[] };
        errors.iter().filter_map(code).collect()
    }
}

fn code(error: &Error) -> Option<&str> {
    error.extensions.as_ref()?.get("errorCode")?.as_str()
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(errors) => errors.iter().try_for_each(|error| write!(out, "{error}; ")),
            Self::Broken(why) => out.write_str(why),
        }
    }
}

impl std::error::Error for Failure {}

fn broken(error: impl fmt::Display) -> Failure {
    Failure::Broken(error.to_string())
}

/// A connection to one server, with or without a session.
pub struct Client {
    http: reqwest::blocking::Client,
    url: String,
    authorization: Option<String>,
}

impl Client {
    pub fn new(url: &str) -> Self {
        Self { http: reqwest::blocking::Client::new(), url: url.to_owned(), authorization: None }
    }

    /// The same server, with this value of the `Authorization` header.
    #[must_use]
    pub fn with(&self, authorization: &str) -> Self {
        Self { authorization: Some(authorization.to_owned()), ..Self::new(&self.url) }
    }

    /// Runs one operation.
    ///
    /// # Errors
    /// If the server refuses any part of it, or does not answer as it should.
    pub fn run<Q: GraphQLQuery>(&self, variables: Q::Variables) -> Result<Q::ResponseData, Failure> {
        let body = serde_json::to_vec(&Q::build_query(variables)).map_err(broken)?;
        let mut request = self.http.post(&self.url).header("Content-Type", "application/json").body(body);
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let answer = request.send().and_then(|a| a.error_for_status()).map_err(broken)?;
        let answer: Response<Q::ResponseData> =
            serde_json::from_slice(&answer.bytes().map_err(broken)?).map_err(broken)?;
        match (answer.errors, answer.data) {
            (Some(errors), _) if !errors.is_empty() => Err(Failure::Refused(errors)),
            (_, Some(data)) => Ok(data),
            _ => Err(broken("neither data nor errors")),
        }
    }

    /// Logs in, or renews a session by its refresh token.
    ///
    /// # Errors
    /// If the credentials are refused.
    pub fn log_in(&self, input: log_in::ObtainJSONWebTokenInput) -> Result<Session, Failure> {
        let given = self.run::<LogIn>(log_in::Variables { input })?;
        given.obtain_kraken_token.ok_or_else(|| broken("no session and no error"))
    }
}
