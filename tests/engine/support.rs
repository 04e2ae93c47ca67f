//! What the tests of the engine share: a context, handlers out of plain closures, one way to ask.

use std::sync::{Arc, Mutex, PoisonError};

use kraken_api::graphql::connection::{Connection, Paging};
use kraken_api::graphql::{
    Bindings, BoxFuture, Call, Context, Edition, Engine, FieldError, FieldFacts, LoadError, Node, Request,
    Resolved, Response,
};
use serde_json::{Map, Value};

/// State of one request: what was called, and which fields are refused.
#[derive(Default)]
pub struct Cx {
    calls: Mutex<Vec<String>>,
    denied: Vec<(&'static str, &'static str)>,
    blocked: bool,
}

impl Context for Cx {
    fn guard(&self, field: &FieldFacts) -> Result<(), FieldError> {
        match self.denied.iter().find(|(coordinate, _)| *coordinate == field.coordinate) {
            Some((_, code)) => Err(FieldError::code(code)),
            None => Ok(()),
        }
    }

    fn admit(&self, _complexity: u64, _roots: &[&FieldFacts]) -> BoxFuture<'_, Result<(), FieldError>> {
        let blocked = self.blocked;
        Box::pin(async move { if blocked { Err(FieldError::code("KT-CT-1199")) } else { Ok(()) } })
    }

    fn root_finished(&self) -> BoxFuture<'_, ()> {
        self.note("root finished");
        Box::pin(async {})
    }
}

impl Cx {
    pub fn denying(coordinate: &'static str, code: &'static str) -> Arc<Self> {
        Arc::new(Self { denied: vec![(coordinate, code)], ..Self::default() })
    }

    pub fn blocked() -> Arc<Self> {
        Arc::new(Self { blocked: true, ..Self::default() })
    }

    pub fn note(&self, what: impl Into<String>) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub type One = Result<Resolved, FieldError>;
pub type Many = Result<Vec<Resolved>, FieldError>;

fn any_call<F, Out>(handler: F) -> F
where
    F: for<'a> Fn(Call<'a, Cx>) -> BoxFuture<'a, Out> + Send + Sync,
{
    handler
}

/// A handler out of a closure that does not wait for anything.
pub fn handler<Out, F>(answer: F) -> impl for<'a> Fn(Call<'a, Cx>) -> BoxFuture<'a, Out> + Send + Sync
where
    F: for<'a> Fn(Call<'a, Cx>) -> Out + Send + Sync,
    Out: Send + 'static,
{
    any_call(move |call| {
        let answer = answer(call);
        Box::pin(async move { answer })
    })
}

/// Binds a root field to a closure.
pub fn root<F>(bindings: &mut Bindings<Cx>, coordinate: &'static str, answer: F)
where
    F: for<'a> Fn(Call<'a, Cx>) -> One + Send + Sync + 'static,
{
    bindings.root(coordinate, handler(answer));
}

/// Binds any field to a closure that answers for all parents.
pub fn batch<F>(bindings: &mut Bindings<Cx>, coordinate: &'static str, answer: F)
where
    F: for<'a> Fn(Call<'a, Cx>) -> Many + Send + Sync + 'static,
{
    bindings.batch(coordinate, handler(answer));
}

/// The engine over one SDL.
pub fn engine(sdl: &str, bindings: &Bindings<Cx>) -> Engine<Cx> {
    match load(sdl, &Edition::default(), bindings) {
        Ok(engine) => engine,
        Err(error) => panic!("the test schema does not load: {error}"),
    }
}

pub fn load(sdl: &str, edition: &Edition, bindings: &Bindings<Cx>) -> Result<Engine<Cx>, LoadError> {
    Engine::new(&[("test.graphql", sdl)], edition, bindings)
}

/// A page of integers as rows of a connection, out of a list of `total`.
pub fn page_of(call: &Call<'_, Cx>, total: i64, node: impl Fn(i64) -> Node) -> One {
    let paging = Paging::of(call)?;
    let (offset, limit) = paging.window(total);
    let end = (offset + limit).min(total);
    let nodes = (offset..end).map(node).collect();
    // Only the direction one pages in is known.
    let backward = matches!(paging, Paging::Backward { .. });
    let (has_next, has_previous) = (!backward && end < total, backward && offset > 0);
    let counted = kraken_api::graphql::connection::wants_total(call).then(|| {
        call.cx.note("counted");
        total
    });
    Ok(Resolved::node(Connection::new(offset, nodes, has_next, has_previous, counted)))
}

pub fn request(query: &str) -> Request {
    Request { query: query.to_owned(), ..Request::default() }
}

pub fn with_variables(query: &str, variables: Value) -> Request {
    let variables = match variables {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    Request { variables, ..request(query) }
}

pub fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("an answer is JSON")
}

pub fn text(response: &Response) -> &str {
    std::str::from_utf8(&response.body).expect("an answer is UTF-8")
}

pub async fn ask(engine: &Engine<Cx>, query: &str) -> Response {
    engine.execute(&Arc::new(Cx::default()), &request(query)).await
}

/// The answer of a request that must have no errors.
pub async fn data(engine: &Engine<Cx>, query: &str) -> Value {
    let answer = json(&ask(engine, query).await);
    assert!(answer.get("errors").is_none(), "{query}: {answer}");
    answer["data"].clone()
}

/// The body of an answer, as text.
pub async fn body(engine: &Engine<Cx>, query: &str) -> String {
    text(&ask(engine, query).await).to_owned()
}

/// The one sentence that a request is refused with.
pub async fn refusal(engine: &Engine<Cx>, query: &str) -> String {
    let response = ask(engine, query).await;
    assert_eq!(response.status, 400, "{query}: {}", text(&response));
    json(&response)["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
}

/// Runs `work` on a thread with the stack of a worker thread, so that what overflows there fails here.
pub fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work);
    thread.expect("a thread starts").join().expect("the thread ends well");
}

/// Waits for a request on the current thread, for two minutes at most.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let limited = async { tokio::time::timeout(std::time::Duration::from_secs(120), future).await };
    runtime.block_on(limited).expect("an answer in time")
}
