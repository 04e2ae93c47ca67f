//! Batched execution: a level at a time, every resolver called once with all its parents.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::{Map, Value};

use super::context::Context;
use super::document::Prepared;
use super::error::FieldError;
use super::input::Template;
use super::leaf::Leaf;
use super::messages::clip;
use super::model::{FieldDef, Model, Source, Ty, TypeId, TypeKind};
use super::plan::{ObjectPlan, PlannedField, Target};
use super::resolved::{Call, Node, Resolved};
use super::secrets::HIDDEN;
use super::write::Writer;

/// Most objects in one answer: lists without paging must not grow without bound.
const MAX_OBJECTS: usize = 250_000;

/// Objects of one concrete type that came from one field of one level.
pub(super) struct Batch {
    pub plan: Arc<ObjectPlan>,
    pub nodes: Vec<Node>,
    /// One entry for each planned field.
    pub results: Vec<FieldResult>,
}

/// What is known of one field of a batch.
pub(super) enum FieldResult {
    /// Read from the row while writing.
    Direct,
    /// The field as a whole is refused.
    Denied(FieldError),
    /// Not asked, because the request as a whole is refused: null without a word of its own.
    Passed,
    /// One value a row.
    Slots(Vec<Slot>),
}

/// One value, nested objects by reference into the arena.
pub(super) enum Slot {
    Null,
    Leaf(Leaf<'static>),
    Object { batch: u32, row: u32 },
    List(Vec<Slot>),
    Failed(FieldError),
}

/// What an execution leaves behind; batch 0 is the root.
pub(super) struct Executed {
    pub batches: Vec<Batch>,
    /// It was given up: the answer has too many objects.
    pub exhausted: bool,
}

/// Executes a plan into an arena of batches.
pub(super) struct Execution<'e, C> {
    model: &'e Model<C>,
    cx: &'e Arc<C>,
    prepared: &'e Prepared,
    variables: &'e Map<String, Value>,
    batches: Vec<Batch>,
    objects: usize,
}

impl<'e, C: Context> Execution<'e, C> {
    pub(super) async fn run(
        model: &'e Model<C>,
        cx: &'e Arc<C>,
        prepared: &'e Prepared,
        variables: &'e Map<String, Value>,
        root: &Arc<ObjectPlan>,
    ) -> Executed {
        let mut execution = Self { model, cx, prepared, variables, batches: Vec::new(), objects: 0 };
        execution.batches.push(Batch {
            plan: Arc::clone(root),
            nodes: vec![Node::new(())],
            results: Vec::new(),
        });
        if prepared.is_mutation() {
            execution.run_serially(root).await;
        } else {
            execution.drain(0).await;
        }
        Executed { exhausted: execution.is_exhausted(), batches: execution.batches }
    }

    fn is_exhausted(&self) -> bool {
        self.objects > MAX_OBJECTS
    }

    /// Root mutations one after the other, each with its whole selection before the next. A failure that
    /// leaves no data at all ends the request: nothing may happen that the answer cannot tell of.
    async fn run_serially(&mut self, root: &Arc<ObjectPlan>) {
        for (position, field) in root.fields.iter().enumerate() {
            let next = self.batches.len();
            let result = self.field(0, root, field).await;
            self.batches[0].results.push(result);
            self.drain(next).await;
            self.cx.root_finished().await;
            if Writer::new(self.model, self.prepared, &self.batches, None).leaves_no_data(position) {
                return;
            }
        }
    }

    async fn drain(&mut self, from: usize) {
        let mut next = from;
        while next < self.batches.len() && !self.is_exhausted() {
            self.run_level(next).await;
            next += 1;
        }
    }

    async fn run_level(&mut self, batch: usize) {
        let plan = Arc::clone(&self.batches[batch].plan);
        for field in &plan.fields {
            let result = self.field(batch, &plan, field).await;
            self.batches[batch].results.push(result);
        }
    }

    async fn field(&mut self, batch: usize, plan: &ObjectPlan, field: &PlannedField) -> FieldResult {
        let Target::Field(index) = field.target else { return FieldResult::Direct };
        let Some(object) = self.model.object(plan.ty) else { return FieldResult::Direct };
        let def = &object.fields[index];
        if let Err(error) = self.cx.guard(&def.facts) {
            return FieldResult::Denied(error);
        }
        let answer = match &def.source {
            Source::Leaf { .. } => return FieldResult::Direct,
            Source::Part { table, index } => {
                let nodes = &self.batches[batch].nodes;
                let read = || nodes.iter().map(|node| table.read(&*node.row, *index)).collect();
                catch_unwind(AssertUnwindSafe(read))
            }
            Source::Resolver(resolver) => {
                let args = match arguments(self.model, def, field, self.variables, &self.prepared.text) {
                    Ok(args) => args,
                    Err(error) => return FieldResult::Denied(error),
                };
                if let Err(error) = self.cx.examine(&args) {
                    return FieldResult::Denied(error);
                }
                let call = Call {
                    cx: self.cx,
                    parents: &self.batches[batch].nodes,
                    args: &args,
                    field: Some(field),
                };
                AssertUnwindSafe(async { resolver.resolve(call).await }).catch_unwind().await
            }
        };
        let resolved = match answer {
            Ok(resolved) => resolved,
            Err(panic) => return FieldResult::Denied(panicked(&*panic)),
        };
        let mut buckets = Buckets { first: self.batches.len(), made: Vec::new() };
        let slots = resolved.into_iter().map(|each| self.slot(each, &def.ty, field, &mut buckets)).collect();
        self.batches.extend(buckets.made);
        FieldResult::Slots(slots)
    }

    fn slot(&mut self, resolved: Resolved, ty: &Ty, field: &PlannedField, buckets: &mut Buckets) -> Slot {
        match (resolved, ty) {
            (Resolved::Null, _) => Slot::Null,
            (Resolved::Failed(error), _) => Slot::Failed(error),
            (each, Ty::NonNull(inner)) => self.slot(each, inner, field, buckets),
            (Resolved::List(items), Ty::List(item)) => {
                Slot::List(items.into_iter().map(|each| self.slot(each, item, field, buckets)).collect())
            }
            (Resolved::Leaf(leaf), _) => Slot::Leaf(leaf),
            (Resolved::Node(node), Ty::Named(id)) => self.node(node, *id, field, buckets),
            (Resolved::Node(_), Ty::List(_)) => failed("an object where a list is due"),
            (Resolved::List(_), Ty::Named(_)) => failed("a list where one value is due"),
        }
    }

    fn node(&mut self, node: Node, declared: TypeId, field: &PlannedField, buckets: &mut Buckets) -> Slot {
        self.objects += 1;
        if self.is_exhausted() {
            return Slot::Null;
        }
        let concrete = match (&self.model.types[declared].kind, node.tag) {
            (TypeKind::Object(_), _) => Some(declared),
            (_, Some(tag)) => self
                .model
                .possible(declared)
                .iter()
                .copied()
                .find(|id| self.model.types[*id].canonical == tag),
            (_, None) => None,
        };
        let Some(concrete) = concrete else {
            let name = &self.model.types[declared].name;
            return failed(&format!("an object tagged {:?} where a {name} is due", node.tag));
        };
        match field.child(concrete) {
            Some(plan) => buckets.push(plan, node),
            None => failed("an object whose selection is empty"),
        }
    }
}

fn failed(cause: &str) -> Slot {
    Slot::Failed(FieldError::internal(format!("a resolver gave {cause}")))
}

/// A resolver that panicked failed as any other, and the request goes on.
pub(super) fn panicked(panic: &(dyn Any + Send)) -> FieldError {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    FieldError::internal(format!("panicked: {}", said.unwrap_or("for no reason given")))
}

/// New batches, one for each concrete type met.
struct Buckets {
    first: usize,
    made: Vec<Batch>,
}

impl Buckets {
    fn push(&mut self, plan: &Arc<ObjectPlan>, node: Node) -> Slot {
        let at = match self.made.iter().position(|batch| Arc::ptr_eq(&batch.plan, plan)) {
            Some(at) => at,
            None => {
                let results = Vec::with_capacity(plan.fields.len());
                self.made.push(Batch { plan: Arc::clone(plan), nodes: Vec::new(), results });
                self.made.len() - 1
            }
        };
        let nodes = &mut self.made[at].nodes;
        nodes.push(node);
        match (u32::try_from(self.first + at), u32::try_from(nodes.len() - 1)) {
            (Ok(batch), Ok(row)) => Slot::Object { batch, row },
            _ => Slot::Failed(FieldError::internal("more objects than can be counted")),
        }
    }
}

/// The arguments of one field under the variables of one request: defaults filled in, what was not given
/// left out.
fn arguments<C>(
    model: &Model<C>,
    def: &FieldDef<C>,
    field: &PlannedField,
    variables: &Map<String, Value>,
    text: &str,
) -> Result<Map<String, Value>, FieldError> {
    let mut out = Map::new();
    for declared in &def.args {
        let given = field.args.iter().find(|arg| arg.name == declared.name);
        let value = match given.map(|arg| (arg, arg.template.fill(variables))) {
            Some((_, Ok(value))) => value,
            Some((arg, Err(_))) => {
                let name = &declared.name;
                let message = match arg.template {
                    Template::Variable { .. } => {
                        let ty = model.print(&declared.ty);
                        format!("Argument '{name}' of non-null type '{ty}' must not be null.")
                    }
                    _ => {
                        let written = text.get(arg.span.clone()).unwrap_or_default();
                        let written = if model.secrets.named_in(written) { HIDDEN } else { written };
                        clip(format!("Argument '{name}' has invalid value {written}."))
                    }
                };
                return Err(FieldError::plain(message).at_offset(arg.span.start));
            }
            None => None,
        };
        match value.or_else(|| declared.default.clone()) {
            Some(value) => {
                out.insert(declared.name.to_string(), value);
            }
            None if declared.ty.is_non_null() => {
                let ty = model.print(&declared.ty);
                let message =
                    format!("Argument '{}' of required type '{ty}' was not provided.", declared.name);
                let error = FieldError::plain(message);
                return Err(given.map_or(error.clone(), |arg| error.at_offset(arg.span.start)));
            }
            None => {}
        }
    }
    Ok(out)
}
