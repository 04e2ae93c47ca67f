//! The API behind the HTTP face.

use std::sync::Arc;

use super::service::{GraphqlCall, Reply, Service};
use crate::api::App;
use crate::domain::auth::Viewer;
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
        Viewer::AccountUser { .. } => "account-user",
        Viewer::Staff { .. } => "staff",
        Viewer::Organisation { .. } => "organisation",
    }
}

impl Service for AppService {
    fn execute(self: Arc<Self>, call: GraphqlCall) -> BoxFuture<'static, Reply> {
        Box::pin(async move {
            let GraphqlCall { request, authorization, .. } = call;
            match self.app.execute(request, authorization.as_deref()).await {
                Some(answer) => Reply {
                    response: answer.response,
                    viewer: kind(&answer.viewer),
                    statements: answer.stats.statements(),
                    rows: u64::from(answer.stats.rows()),
                    headers: Vec::new(),
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

    fn issuer(&self) -> String {
        format!("{}/v1/graphql/", self.base_url)
    }
}
