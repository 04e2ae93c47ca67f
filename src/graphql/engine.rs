//! The engine: a request in, the bytes of the answer out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use apollo_compiler::Schema;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::bindings::Bindings;
use super::cache::{Budget, DocumentCache};
use super::context::Context;
use super::cost::{Cost, cost};
use super::document::{Prepared, RequestError, prepare};
use super::edition::Edition;
use super::error::{FieldError, TOO_COMPLEX, TOO_MANY_NODES};
use super::exec::{Batch, Executed, Execution, FieldResult, panicked};
use super::introspect::Introspection;
use super::load::{LoadError, load};
use super::model::{FieldFacts, Model};
use super::plan::{Plan, Target};
use super::resolved::Node;
use super::write::{RaisedError, Writer};
use crate::phase::Phase;

/// Most complexity points of one request.
pub const MAX_COMPLEXITY: u64 = 200;
/// Most nodes one request may ask for.
pub const MAX_NODES: u64 = 10_000;
/// Memory for plans and answers to introspection that documents collect, in bytes.
const COLLECTED_BYTES: usize = 64 * 1024 * 1024;

/// What a single request may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub complexity: u64,
    pub nodes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { complexity: MAX_COMPLEXITY, nodes: MAX_NODES }
    }
}

/// One GraphQL request.
#[derive(Debug, Default)]
pub struct Request {
    pub query: String,
    pub operation_name: Option<String>,
    pub variables: Map<String, Value>,
    /// Refuse mutations: the request came by GET.
    pub read_only: bool,
    /// Report the complexity under `extensions`.
    pub report_complexity: bool,
    /// List the errors each root field may raise under `extensions`.
    pub report_possible_errors: bool,
}

/// The answer, and what is worth logging about it.
pub struct Response {
    /// HTTP status: 200, 400 or 405.
    pub status: u16,
    pub body: Bytes,
    pub report: Report,
}

impl Response {
    /// The answer to a request that got lost on the way.
    pub fn dropped() -> Self {
        let entry = json!({
            "message": FieldError::internal("").message(),
            "extensions": FieldError::internal("").extensions(),
        });
        let body = Bytes::from(json!({ "errors": [entry] }).to_string());
        Self { status: 500, body, report: Report::default() }
    }
}

/// What happened, for logs, metrics and tests.
#[derive(Debug, Default)]
pub struct Report {
    pub operation_name: Option<String>,
    pub is_mutation: bool,
    /// Root fields asked for, `Query.account`.
    pub roots: Vec<String>,
    pub errors: Vec<RaisedError>,
    pub request_errors: Vec<RequestError>,
    pub cost: Cost,
    /// Deprecated fields in use.
    pub deprecated: Vec<String>,
    /// Fields in the plan of the document.
    pub planned: usize,
}

/// A served schema.
pub struct Engine<C> {
    pub(super) schema: Valid<Schema>,
    pub(super) model: Arc<Model<C>>,
    dark: Vec<String>,
    introspection: Introspection,
    documents: DocumentCache,
    budget: Arc<Budget>,
    limits: Limits,
}

impl<C: Context> Engine<C> {
    /// Builds the engine from SDL files, an edition and bindings.
    ///
    /// # Errors
    /// The first contradiction between them, naming the place.
    pub fn new(
        sources: &[(&str, &str)],
        edition: &Edition,
        bindings: &Bindings<C>,
    ) -> Result<Self, LoadError> {
        let loaded = load(sources, edition, bindings)?;
        Ok(Self {
            introspection: Introspection::new(&loaded.schema),
            schema: loaded.schema,
            model: Arc::new(loaded.model),
            dark: loaded.dark,
            documents: DocumentCache::new(),
            budget: Budget::new(COLLECTED_BYTES),
            limits: Limits::default(),
        })
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The served schema as SDL.
    pub fn sdl(&self) -> String {
        self.schema.to_string()
    }

    /// The served schema as the engine walks it.
    pub fn model(&self) -> &Model<C> {
        &self.model
    }

    /// Fields of the SDL that are not served, `Type.field`.
    pub fn dark(&self) -> &[String] {
        &self.dark
    }

    /// What a document would cost.
    ///
    /// # Errors
    /// The request errors it would be refused with.
    pub fn cost_of(
        &self,
        query: &str,
        operation_name: Option<&str>,
        variables: &Map<String, Value>,
    ) -> Result<Cost, Vec<RequestError>> {
        let prepared = self.prepared(query, operation_name).map_err(|errors| errors.to_vec())?;
        let variables = prepared.coerce(&self.model, variables)?;
        let plan = prepared.plan(&self.model, &variables).map_err(|error| vec![error])?;
        Ok(cost(&self.model, &plan, &variables))
    }

    fn prepared(
        &self,
        query: &str,
        operation: Option<&str>,
    ) -> Result<Arc<Prepared>, Arc<Vec<RequestError>>> {
        self.documents.get_or(query, operation, || {
            prepare(&self.schema, &self.model, query, operation, &self.budget).map(Arc::new).map_err(Arc::new)
        })
    }

    /// Answers one request.
    pub async fn execute(&self, cx: &Arc<C>, request: &Request) -> Response {
        let operation_name = request.operation_name.as_deref();
        let prepared = match self.prepared(&request.query, operation_name) {
            Ok(prepared) => prepared,
            Err(errors) => return refused(400, errors.to_vec()),
        };
        if request.read_only && prepared.is_mutation() {
            let message = "Can only perform a mutation operation from a POST request.";
            return refused(405, vec![RequestError::new(message)]);
        }
        let planning = Phase::begin("plan");
        let variables = match prepared.coerce(&self.model, &request.variables) {
            Ok(variables) => variables,
            Err(errors) => return refused(400, errors),
        };
        let plan = match prepared.plan(&self.model, &variables) {
            Ok(plan) => plan,
            Err(error) => return refused(400, vec![error]),
        };
        let introspection = match self.introspect(&prepared, &plan, &variables) {
            Ok(Introspected::Body(body)) => return self.whole(&prepared, &plan, body),
            Ok(Introspected::Part(value)) => value,
            Err(error) => return refused(400, vec![error]),
        };
        let cost = cost(&self.model, &plan, &variables);
        drop(planning);
        let executed = match self.admit(cx, cost, &plan).await {
            Ok(()) => {
                let _executing = Phase::begin("execute");
                Execution::run(&self.model, cx, &prepared, &variables, &plan.root).await
            }
            Err(error) => turned_away(&plan, error),
        };
        let _writing = Phase::begin("write");
        let (out, errors) = self.write(&prepared, &plan, executed, introspection.as_ref());
        let extensions = self.extensions(request, &plan, cost);
        let body = assemble(out, &errors, extensions.as_ref());
        let report = Report { errors, cost, ..self.report(&prepared, &plan) };
        Response { status: 200, body, report }
    }

    /// The answer without its last brace, and its errors.
    fn write(
        &self,
        prepared: &Prepared,
        plan: &Plan,
        executed: Executed,
        introspection: Option<&JsonMap>,
    ) -> (Vec<u8>, Vec<RaisedError>) {
        let write =
            |executed: &Executed| Writer::new(&self.model, prepared, &executed.batches, introspection).data();
        let written = if executed.exhausted {
            None
        } else {
            // Readers of rows are called here: one that panics must not take the connection with it.
            match catch_unwind(AssertUnwindSafe(|| write(&executed))) {
                Ok(written) => written,
                Err(panic) => write(&turned_away(plan, panicked(&*panic))),
            }
        };
        drop(executed);
        let refused = || write(&turned_away(plan, FieldError::code(TOO_MANY_NODES)));
        written.or_else(refused).unwrap_or_else(|| (b"{\"data\":null".to_vec(), Vec::new()))
    }

    async fn admit(&self, cx: &Arc<C>, cost: Cost, plan: &Plan) -> Result<(), FieldError> {
        if cost.complexity > self.limits.complexity {
            return Err(FieldError::code(TOO_COMPLEX)
                .with("complexity", json!(cost.complexity))
                .with("maximumComplexity", json!(self.limits.complexity)));
        }
        if cost.nodes > self.limits.nodes {
            return Err(FieldError::code(TOO_MANY_NODES)
                .with("nodes", json!(cost.nodes))
                .with("maximumNodes", json!(self.limits.nodes)));
        }
        let roots: Vec<&FieldFacts> =
            plan.root.fields.iter().filter_map(|field| self.root_facts(plan, &field.name)).collect();
        cx.admit(cost.complexity, &roots).await
    }

    fn introspect(
        &self,
        prepared: &Prepared,
        plan: &Plan,
        variables: &Map<String, Value>,
    ) -> Result<Introspected, RequestError> {
        if !plan.introspects {
            return Ok(Introspected::Part(None));
        }
        let reusable = plan.only_introspects && variables.is_empty() && plan.root.fields.len() == 1;
        if reusable && let Some(body) = prepared.known_introspection() {
            return Ok(Introspected::Body(body));
        }
        let value = self.introspection.answer(&self.schema, prepared, variables)?;
        if !reusable {
            return Ok(Introspected::Part(Some(value)));
        }
        let mut out = b"{\"data\":".to_vec();
        // Writing JSON to memory cannot fail.
        let _ = serde_json::to_writer(&mut out, &value);
        out.push(b'}');
        let body = Bytes::from(out);
        prepared.keep_introspection(&body);
        Ok(Introspected::Body(body))
    }

    fn whole(&self, prepared: &Prepared, plan: &Plan, body: Bytes) -> Response {
        Response { status: 200, body, report: self.report(prepared, plan) }
    }

    fn report(&self, prepared: &Prepared, plan: &Plan) -> Report {
        let root = if prepared.is_mutation() { "Mutation" } else { "Query" };
        Report {
            operation_name: prepared.operation.name.as_ref().map(ToString::to_string),
            is_mutation: prepared.is_mutation(),
            roots: plan.root.fields.iter().map(|f| format!("{root}.{}", f.name)).collect(),
            deprecated: plan.deprecated.clone(),
            planned: plan.size.fields,
            ..Report::default()
        }
    }

    fn extensions(&self, request: &Request, plan: &Plan, cost: Cost) -> Option<Value> {
        let mut map = Map::new();
        if request.report_complexity {
            map.insert(
                "complexity".into(),
                json!({ "value": cost.complexity, "limit": self.limits.complexity }),
            );
        }
        if request.report_possible_errors {
            let mut fields = Map::new();
            for field in &plan.root.fields {
                if let Some(facts) = self.root_facts(plan, &field.name) {
                    fields.insert(field.name.to_string(), json!(facts.codes));
                }
            }
            map.insert("possibleErrors".into(), Value::Object(fields));
        }
        (!map.is_empty()).then_some(Value::Object(map))
    }

    fn root_facts(&self, plan: &Plan, name: &str) -> Option<&FieldFacts> {
        self.model.field(plan.root.ty, name).map(|(_, def)| &def.facts)
    }
}

/// What introspection contributes to the answer.
enum Introspected {
    /// All of it.
    Body(Bytes),
    /// Some root fields, or none.
    Part(Option<JsonMap>),
}

/// The answer to a request that is refused as a whole: the first root field says why, the others are null.
fn turned_away(plan: &Plan, error: FieldError) -> Executed {
    let mut first = Some(error);
    let results = plan
        .root
        .fields
        .iter()
        .map(|field| match field.target {
            Target::Field(_) => match first.take() {
                Some(error) => FieldResult::Denied(error),
                None => FieldResult::Passed,
            },
            _ => FieldResult::Direct,
        })
        .collect();
    let root = Batch { plan: Arc::clone(&plan.root), nodes: vec![Node::new(())], results };
    Executed { batches: vec![root], exhausted: false }
}

/// An answer without data.
fn refused(status: u16, errors: Vec<RequestError>) -> Response {
    let list: Vec<Value> = errors
        .iter()
        .map(|error| {
            let mut entry = json!({ "message": error.message });
            if !error.locations.is_empty() {
                entry["locations"] = locations(&error.locations);
            }
            entry
        })
        .collect();
    let body = Bytes::from(json!({ "errors": list }).to_string());
    Response { status, body, report: Report { request_errors: errors, ..Report::default() } }
}

fn locations(all: &[(usize, usize)]) -> Value {
    all.iter().map(|(line, column)| json!({ "line": line, "column": column })).collect()
}

/// Puts errors before data, as the original does.
fn assemble(mut data: Vec<u8>, errors: &[RaisedError], extensions: Option<&Value>) -> Bytes {
    if let Some(extensions) = extensions {
        data.extend_from_slice(b",\"extensions\":");
        // Writing JSON to memory cannot fail.
        let _ = serde_json::to_writer(&mut data, extensions);
    }
    data.push(b'}');
    if errors.is_empty() {
        return Bytes::from(data);
    }
    let list: Vec<Value> = errors.iter().map(entry).collect();
    let mut out = Vec::with_capacity(data.len() + 256 * errors.len());
    out.extend_from_slice(b"{\"errors\":");
    let _ = serde_json::to_writer(&mut out, &list);
    out.push(b',');
    out.extend_from_slice(&data[1..]);
    Bytes::from(out)
}

fn entry(raised: &RaisedError) -> Value {
    json!({
        "message": raised.error.message(),
        "locations": locations(&raised.locations),
        "path": raised.path,
        "extensions": raised.error.extensions(),
    })
}
