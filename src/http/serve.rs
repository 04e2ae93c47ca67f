//! Listening, and stopping without cutting anybody off.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{interval, sleep, timeout};
use tower::ServiceExt;

use super::metrics;

/// How long requests in progress may take to end once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(30);
/// How long a caller may take to send a request's head, idle time before it included. Longer than the
/// minute that load balancers keep idle connections, so that they close first.
const HEAD: Duration = Duration::from_secs(75);
/// After a failure to accept: usually out of file descriptors.
const BREATHER: Duration = Duration::from_millis(100);
/// How often recorded durations are folded into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serves `router` on `listener` until `shutdown` is done, then lets requests in progress end.
///
/// # Errors
/// If the listener has no address.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::debug!(%address, "listening");
    let connections = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    let mut upkeep = interval(UPKEEP);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => connect(stream, peer, &router, &connections),
                Err(error) => refused(&error).await,
            },
            _ = upkeep.tick() => {
                if let Some(recorder) = metrics::recorder() {
                    recorder.run_upkeep();
                }
            }
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    if timeout(DRAIN, connections.shutdown()).await.is_err() {
        tracing::warn!("stopping with requests in progress");
    }
    Ok(())
}

/// Speaks HTTP/1 or 2 with one caller, in a task of its own.
fn connect(stream: TcpStream, peer: SocketAddr, router: &Router, connections: &GracefulShutdown) {
    // Answers are written whole; waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let router = router.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {}))
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD);
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let watched = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, "connection ended");
        }
    });
}

async fn refused(error: &io::Error) {
    let kind = error.kind();
    if matches!(kind, io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        return;
    }
    tracing::error!(%error, "cannot accept connections");
    sleep(BREATHER).await;
}
