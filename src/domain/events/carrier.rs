//! The way out: whoever carries a request to an endpoint.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use url::{Host, Position, Url};

use crate::platform::tls;

/// How long a request may take, from the look for the address to the status.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request to an endpoint.
#[derive(Clone, Debug)]
pub struct Call {
    /// Where to.
    pub url: String,
    /// Names and values of the headers that are ours.
    pub headers: [(&'static str, String); 4],
    /// JSON.
    pub body: String,
}

/// Why a request did not arrive. It is kept and shown to the operator: nothing that the other side wrote.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It was answered by a status that is not one of success; redirects are not followed.
    #[error("answered with status {0}")]
    Status(u16),
    /// No answer came in time.
    #[error("took too long")]
    TooLong,
    /// There was no connection, or it broke.
    #[error("{0}")]
    Unreachable(&'static str),
}

/// Somebody who carries requests to endpoints. A carrier may take its time, so nothing of the database is held
/// meanwhile.
pub trait Carrier: Send + Sync {
    /// Carries one request; an answer with a status of success means that it arrived.
    fn carry<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<(), Refusal>>;
}

/// Carries requests over HTTP/1.1, each on a connection of its own, by way of no proxy.
pub struct Web {
    patience: Duration,
    tls: Arc<ClientConfig>,
}

impl Web {
    /// A carrier that believes the certificates which this machine believes.
    ///
    /// # Errors
    /// If TLS is out of order.
    pub fn new() -> Result<Self, tokio_rustls::rustls::Error> {
        Self::within(PATIENCE)
    }

    /// As [`Web::new`], with another time limit for each request.
    ///
    /// # Errors
    /// If TLS is out of order.
    pub fn within(patience: Duration) -> Result<Self, tokio_rustls::rustls::Error> {
        Ok(Self { patience, tls: Arc::new(tls::client()?) })
    }

    async fn send(&self, call: &Call) -> Result<(), Refusal> {
        let bad = Refusal::Unreachable("the address cannot be read");
        let url = Url::parse(&call.url).map_err(|_| bad.clone())?;
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return Err(bad) };
        let plain = connect(&host, port).await.map_err(|_| Refusal::Unreachable("there is no connection"))?;
        let request = request(call, &url).ok_or(bad.clone())?;
        let status = if url.scheme() == "https" {
            let name = server_name(&host).ok_or(bad)?;
            let secured = TlsConnector::from(Arc::clone(&self.tls)).connect(name, plain).await;
            let secured = secured.map_err(|_| Refusal::Unreachable("the TLS handshake failed"))?;
            exchange(secured, request).await?
        } else {
            exchange(plain, request).await?
        };
        if (200..300).contains(&status) { Ok(()) } else { Err(Refusal::Status(status)) }
    }
}

impl Carrier for Web {
    fn carry<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let sent = tokio::time::timeout(self.patience, self.send(call)).await;
            sent.unwrap_or(Err(Refusal::TooLong))
        })
    }
}

async fn connect(host: &Host<&str>, port: u16) -> std::io::Result<TcpStream> {
    match host {
        Host::Domain(name) => TcpStream::connect((*name, port)).await,
        Host::Ipv4(address) => TcpStream::connect((*address, port)).await,
        Host::Ipv6(address) => TcpStream::connect((*address, port)).await,
    }
}

fn server_name(host: &Host<&str>) -> Option<ServerName<'static>> {
    match host {
        Host::Domain(name) => ServerName::try_from((*name).to_owned()).ok(),
        Host::Ipv4(address) => Some(ServerName::from(IpAddr::V4(*address))),
        Host::Ipv6(address) => Some(ServerName::from(IpAddr::V6(*address))),
    }
}

fn request(call: &Call, url: &Url) -> Option<Request<Full<Bytes>>> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(USER_AGENT, concat!("kraken-api/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json");
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    request.body(Full::from(call.body.clone())).ok()
}

/// Sends a request and answers the status. What else is answered is not read.
async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<u16, Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let broken = |_| Refusal::Unreachable("the connection broke");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    tokio::pin!(connection);
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    tokio::select! {
        biased;
        answered = &mut answer => answered.map_err(broken).map(|answer| answer.status().as_u16()),
        // Whoever closes the connection may have answered before.
        _ = &mut connection => answer.await.map_err(broken).map(|answer| answer.status().as_u16()),
    }
}
