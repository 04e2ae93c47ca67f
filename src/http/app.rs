//! The API behind the HTTP face.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};
use bytes::Bytes;

use super::service::{File, GraphqlCall, Offer, PayForm, ReadingForm, Readings, Reply, Service, Slip, Terms};

use crate::api::{App, Given, Origin};
use crate::domain::auth::{Through, Viewer};
use crate::domain::payments::sessions::Typed;
use crate::graphql::{BoxFuture, Response};

/// Serves an [`App`].
pub struct AppService {
    app: Arc<App>,
    base_url: String,
}

impl AppService {
    /// `base_url` is the address that clients know the server by, without a slash at the end.
    pub fn new(app: Arc<App>, base_url: String) -> Self {
        Self { app, base_url }
    }
}

/// The viewer's kind, as the log names it.
fn kind(viewer: &Viewer) -> &'static str {
    match viewer {
        Viewer::Anonymous => "anonymous",
        Viewer::AccountUser { through: Through::InPerson, .. } => "account-user",
        Viewer::AccountUser { through: Through::Masquerade { .. }, .. } => "masquerade",
        Viewer::AccountUser { through: Through::ThirdParty { .. }, .. } => "third-party",
        Viewer::AccountUser { through: Through::Link { .. }, .. } => "link",
        Viewer::Staff { .. } => "staff",
        Viewer::Organisation { .. } => "organisation",
        Viewer::Partner { .. } => "partner-user",
    }
}

/// A header, unless its value could not stand in one.
fn header((name, value): (&'static str, String)) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
}

impl Service for AppService {
    fn execute(self: Arc<Self>, call: GraphqlCall) -> BoxFuture<'static, Reply> {
        Box::pin(async move {
            let GraphqlCall { request, authorization, client, .. } = call;
            let from = Origin { authorization: authorization.as_deref(), client };
            match self.app.execute(request, from).await {
                Some(answer) => Reply {
                    response: answer.response,
                    viewer: kind(&answer.viewer),
                    statements: answer.stats.statements(),
                    rows: u64::from(answer.stats.rows()),
                    headers: answer.headers.into_iter().filter_map(header).collect(),
                },
                None => Reply {
                    response: Response::dropped(),
                    viewer: "anonymous",
                    statements: 0,
                    rows: 0,
                    headers: Vec::new(),
                },
            }
        })
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.app.ready())
    }

    fn jwks(&self) -> BoxFuture<'_, Result<serde_json::Value, String>> {
        Box::pin(self.app.jwks())
    }

    fn file<'a>(
        &'a self,
        key: &'a str,
        expires: i64,
        signature: &'a str,
    ) -> BoxFuture<'a, Result<Option<File>, String>> {
        Box::pin(async move {
            let given = self.app.file(key, expires, signature).await.map_err(|error| error.to_string())?;
            Ok(given.map(|Given { bytes, media_type, filename }| File { bytes, media_type, filename }))
        })
    }

    fn upload<'a>(
        &'a self,
        key: &'a str,
        expires: i64,
        signature: &'a str,
        file: Option<Bytes>,
    ) -> BoxFuture<'a, Result<bool, String>> {
        Box::pin(async move {
            self.app.upload(key, expires, signature, file).await.map_err(|error| error.to_string())
        })
    }

    fn pay<'a>(
        &'a self,
        token: &'a str,
        typed: Option<Typed>,
    ) -> BoxFuture<'a, Result<Option<PayForm>, String>> {
        Box::pin(async move { self.app.pay(token, typed).await.map_err(|error| error.to_string()) })
    }

    fn slip<'a>(&'a self, reference: &'a str, is_paid: bool) -> BoxFuture<'a, Result<Option<Slip>, String>> {
        Box::pin(async move { self.app.slip(reference, is_paid).await.map_err(|error| error.to_string()) })
    }

    fn terms<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<Option<Terms>, String>> {
        Box::pin(async move { self.app.terms(code).await.map_err(|error| error.to_string()) })
    }

    fn offer<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<Option<Offer>, String>> {
        Box::pin(async move { self.app.offer(code).await.map_err(|error| error.to_string()) })
    }

    fn reading_form<'a>(
        &'a self,
        target: &'a str,
        expires: i64,
        signature: &'a str,
        typed: Option<Readings>,
    ) -> BoxFuture<'a, Result<Option<ReadingForm>, String>> {
        Box::pin(async move {
            let form = self.app.reading_form(target, expires, signature, typed).await;
            form.map_err(|error| error.to_string())
        })
    }

    fn issuer(&self) -> String {
        format!("{}/v1/graphql/", self.base_url)
    }
}
