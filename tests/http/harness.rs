//! A server in memory, with a service whose moods a test can steer.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use kraken_api::graphql::BoxFuture;
use kraken_api::http::{GraphqlCall, HttpSettings, Reply, Service, router};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower::ServiceExt;

use crate::support::small::Small;

pub const ENDPOINT: &str = "/v1/graphql/";

/// What the service met.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    Entered,
    Finished,
    Dropped,
}

/// What came through the seam.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub authorization: Option<String>,
    pub client: Option<IpAddr>,
    pub correlation_id: String,
    pub operation_name: Option<String>,
    pub read_only: bool,
}

/// The small API; operations with a certain name behave in a certain way.
pub struct Fake {
    small: Arc<Small>,
    pub ready: AtomicBool,
    /// Lets operations named `Wait` go on.
    pub release: Notify,
    events: UnboundedSender<Event>,
    seen: Mutex<Seen>,
}

struct Leaving<'a> {
    events: &'a UnboundedSender<Event>,
    how: Event,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let how = std::mem::replace(&mut self.how, Event::Dropped);
        let _ = self.events.send(how);
    }
}

impl Fake {
    /// The last call.
    pub fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }

    async fn wait(&self) {
        let _ = self.events.send(Event::Entered);
        let mut leaving = Leaving { events: &self.events, how: Event::Dropped };
        self.release.notified().await;
        leaving.how = Event::Finished;
    }
}

impl Service for Fake {
    fn execute(self: Arc<Self>, call: GraphqlCall) -> BoxFuture<'static, Reply> {
        let request = &call.request;
        *lock(&self.seen) = Seen {
            authorization: call.authorization.clone(),
            client: call.client,
            correlation_id: call.correlation_id.clone(),
            operation_name: request.operation_name.clone(),
            read_only: request.read_only,
        };
        let name = request.operation_name.clone();
        assert_ne!(name.as_deref(), Some("PanicAtOnce"), "with a secret");
        Box::pin(async move {
            match name.as_deref() {
                Some("Wait") => self.wait().await,
                Some("PanicLater") => panic!("with a secret"),
                _ => {}
            }
            let mut reply = self.small.clone().execute(call).await;
            if name.as_deref() == Some("Throttled") {
                reply.headers.push((header::RETRY_AFTER, 7.into()));
            }
            reply
        })
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), String>> {
        let ready = self.ready.load(Ordering::SeqCst);
        Box::pin(async move { if ready { Ok(()) } else { Err("password of the database".into()) } })
    }

    fn jwks(&self) -> BoxFuture<'_, Result<Value, String>> {
        let ready = self.ready.load(Ordering::SeqCst);
        let keys = json!({ "keys": [{ "kid": "one" }] });
        Box::pin(async move { if ready { Ok(keys) } else { Err("password of the database".into()) } })
    }

    fn issuer(&self) -> String {
        "https://auth.example.com/token/".into()
    }
}

/// A router over a [`Fake`].
pub struct Server {
    pub router: Router,
    pub fake: Arc<Fake>,
    pub events: UnboundedReceiver<Event>,
}

impl Server {
    pub fn new() -> Self {
        Self::with(HttpSettings::default())
    }

    pub fn with(settings: HttpSettings) -> Self {
        log();
        let (sender, events) = unbounded_channel();
        let fake = Arc::new(Fake {
            small: Arc::new(Small::fragile()),
            ready: AtomicBool::new(true),
            release: Notify::new(),
            events: sender,
            seen: Mutex::default(),
        });
        Self { router: router(fake.clone(), settings), fake, events }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(self.router.clone(), request).await
    }

    /// Posts JSON.
    pub async fn post(&self, body: &Value) -> Answer {
        self.send_body("application/json", body.to_string()).await
    }

    /// Posts a document.
    pub async fn query(&self, query: &str) -> Answer {
        self.post(&json!({ "query": query })).await
    }

    pub async fn send_body(&self, content_type: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(ENDPOINT).header(header::CONTENT_TYPE, content_type);
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(bare(Method::GET, path)).await
    }

    pub async fn get_as(&self, path: &str, accept: &str) -> Answer {
        let mut request = bare(Method::GET, path);
        request.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
        self.send(request).await
    }
}

/// A request without headers and body.
pub fn bare(method: Method, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

pub async fn send(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: head.status, headers: head.headers, body }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A header, empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn correlation_id(&self) -> &str {
        self.header("x-kraken-correlation-id")
    }

    /// Status and body, exactly.
    #[track_caller]
    pub fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status.as_u16(), self.text()), (status, body));
        assert_eq!(self.header("content-type"), "application/json");
    }

    /// A refusal in one sentence, without a path and data.
    #[track_caller]
    pub fn is_refused(&self, status: u16, sentence: &str) {
        self.is(status, &json!({ "errors": [{ "message": sentence }] }).to_string());
    }

    #[track_caller]
    pub fn is_hello(&self) {
        self.is(200, r#"{"data":{"hello":"Hello world!"}}"#);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The log of this process, in memory.
struct Log(Mutex<Vec<u8>>);

impl io::Write for &Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<&Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log: &'static Log = Box::leak(Box::new(Log(Mutex::default())));
        let lines = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false);
        lines.with_span_list(false).with_max_level(tracing::Level::INFO).with_writer(move || log).init();
        log
    })
}

/// All lines about one request.
pub fn lines_of(correlation_id: &str) -> Vec<Value> {
    let all = String::from_utf8(lock(&log().0).clone()).unwrap();
    let lines = all.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["correlation_id"] == correlation_id).collect()
}
