//! A small API without a database: the real engine over a few fields of every kind.

use std::sync::Arc;

use kraken_api::graphql::{
    Bindings, BoxFuture, Call, Edition, Engine, FieldError, Leaf, Node, Request, Resolved, Response,
};
use kraken_api::http::{GraphqlCall, Reply, Service};
use serde_json::{Value, json};

type Answer = Result<Resolved, FieldError>;

pub struct Small {
    engine: Engine<()>,
}

struct Stone;
struct Tree;

impl Small {
    /// Everything but the fields that fail.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// With two more fields: `broken` fails, `panics` panics.
    pub fn fragile() -> Self {
        Self::with(|bindings| {
            bindings.root("Query.broken", broken).root("Query.panics", panics);
        })
    }

    fn with(more: impl FnOnce(&mut Bindings<()>)) -> Self {
        let mut bindings = Bindings::default();
        bindings
            .root("Query.hello", hello)
            .root("Query.echo", echo)
            .root("Query.inputs", inputs)
            .root("Query.thing", thing)
            .root("Query.things", things)
            .root("Query.old", old)
            .root("Mutation.change", change)
            .leaves::<Stone>("Stone", &[("id", |_| Leaf::from("1")), ("grams", |_| Leaf::Int(5))])
            .leaves::<Tree>("Tree", &[("id", |_| Leaf::from("2")), ("metres", |_| Leaf::Float(7.25))])
            .parts::<Stone>("Stone", &[("next", |_| Resolved::Node(Node::typed("Tree", Tree)))])
            .parts::<Tree>("Tree", &[("next", |_| Resolved::Node(Node::typed("Stone", Stone)))]);
        more(&mut bindings);
        let sources = [("small.graphql", include_str!("small.graphql"))];
        let engine = Engine::new(&sources, &Edition::default(), &bindings);
        Self { engine: engine.expect("the small schema loads") }
    }

    pub async fn answer(&self, request: &Request) -> Response {
        self.engine.execute(&Arc::new(()), request).await
    }
}

async fn hello(call: Call<'_, ()>) -> Answer {
    Ok(Resolved::leaf(format!("Hello {}!", call.arg::<Option<String>>("name")?.unwrap_or_default())))
}

async fn echo(call: Call<'_, ()>) -> Answer {
    Ok(Resolved::Leaf(Leaf::Json(std::borrow::Cow::Owned(call.arg::<Value>("value")?))))
}

async fn inputs(call: Call<'_, ()>) -> Answer {
    Ok(Resolved::List(call.raw_args().keys().map(|name| Resolved::leaf(name.as_str())).collect()))
}

async fn thing(_: Call<'_, ()>) -> Answer {
    Ok(Resolved::Node(Node::typed("Stone", Stone)))
}

async fn things(call: Call<'_, ()>) -> Answer {
    let first = call.arg::<Option<u8>>("first")?.unwrap_or(2);
    Ok(Resolved::List((0..first).map(|_| Resolved::Node(Node::typed("Tree", Tree))).collect()))
}

async fn old(_: Call<'_, ()>) -> Answer {
    Ok(Resolved::leaf("old"))
}

async fn change(call: Call<'_, ()>) -> Answer {
    Ok(Resolved::leaf(call.arg::<String>("to")?))
}

async fn broken(_: Call<'_, ()>) -> Answer {
    Err(FieldError::internal("the cause with secrets"))
}

async fn panics(_: Call<'_, ()>) -> Answer {
    panic!("the field panics")
}

impl Service for Small {
    fn execute(self: Arc<Self>, call: GraphqlCall) -> BoxFuture<'static, Reply> {
        Box::pin(async move {
            let response = self.answer(&call.request).await;
            Reply { response, viewer: "anonymous", statements: 2, rows: 3, headers: Vec::new() }
        })
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn jwks(&self) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(async { Ok(json!({ "keys": [] })) })
    }

    fn issuer(&self) -> String {
        "https://api.example.com/v1/graphql/".into()
    }
}
