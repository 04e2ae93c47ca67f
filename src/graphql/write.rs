//! The answer, written once, depth first: null propagation, paths and errors in document order.

use std::cmp::Ordering;

use apollo_compiler::response::JsonMap;
use serde_json::Value;

use super::document::Prepared;
use super::error::FieldError;
use super::exec::{Batch, FieldResult, Slot};
use super::leaf::{Leaf, write_scalar, write_str};
use super::model::{FieldDef, Model, Source, Ty, TypeKind};
use super::plan::{PlannedField, Target};

/// Longest answer, in bytes, before anything of it is sent.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Most errors that one answer lists.
const MAX_ERRORS: usize = 10_000;

/// An error that was met while answering.
#[derive(Debug, Clone)]
pub struct RaisedError {
    pub error: FieldError,
    /// `["account","ledgers",0,"name"]`
    pub path: Vec<Value>,
    /// Line and column, from 1.
    pub locations: Vec<(usize, usize)>,
    /// `Type.field` of the root field it happened under.
    pub root: String,
    /// The field itself, `Type.field`.
    pub coordinate: String,
}

impl RaisedError {
    /// The order of errors in an answer, as in graphql-core: by place in the document, then in the data.
    fn by_place(&self, other: &Self) -> Ordering {
        let steps = |(a, b): (&Value, &Value)| match (a.as_u64(), b.as_u64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_str().cmp(&b.as_str()),
        };
        let paths = || self.path.iter().zip(&other.path).map(steps).find(|order| order.is_ne());
        self.locations
            .cmp(&other.locations)
            .then_with(|| paths().unwrap_or_else(|| self.path.len().cmp(&other.path.len())))
    }
}

/// A non-null position came out null: the nearest nullable parent becomes null.
struct Nulled;

/// Where the writer stands.
#[derive(Clone, Copy)]
enum Step<'w> {
    Key(&'w str),
    Index(usize),
}

pub(super) struct Writer<'w, C> {
    model: &'w Model<C>,
    prepared: &'w Prepared,
    batches: &'w [Batch],
    /// Results of `__schema` and `__type`, by response key.
    introspection: Option<&'w JsonMap>,
    out: Vec<u8>,
    errors: Vec<RaisedError>,
    /// The answer grew too long and is given up.
    exhausted: bool,
    path: Vec<Step<'w>>,
    root: &'w str,
}

/// The field being written.
struct Place<'w, C> {
    planned: &'w PlannedField,
    def: &'w FieldDef<C>,
}

impl<C> Clone for Place<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<C> Copy for Place<'_, C> {}

impl<'w, C> Writer<'w, C> {
    pub(super) fn new(
        model: &'w Model<C>,
        prepared: &'w Prepared,
        batches: &'w [Batch],
        introspection: Option<&'w JsonMap>,
    ) -> Self {
        let (out, errors, path) = (Vec::new(), Vec::new(), Vec::new());
        Self { model, prepared, batches, introspection, out, errors, exhausted: false, path, root: "" }
    }

    /// Writes `{"data":…`, the last brace left open, and lists the errors that were met. `None` where the
    /// answer grows too long.
    pub(super) fn data(mut self) -> Option<(Vec<u8>, Vec<RaisedError>)> {
        self.out.reserve(1024);
        self.out.extend_from_slice(b"{\"data\":");
        let start = self.out.len();
        if self.object(0, 0).is_err() {
            self.null_from(start);
        }
        self.errors.sort_by(RaisedError::by_place);
        (!self.exhausted).then_some((self.out, self.errors))
    }

    /// Whether the root field at `position` alone makes `data` null.
    pub(super) fn leaves_no_data(mut self, position: usize) -> bool {
        let batches = self.batches;
        let Some(from) = batches.first() else { return false };
        let planned = &from.plan.fields[position];
        let (Target::Field(index), Some(object)) = (planned.target, self.model.object(from.plan.ty)) else {
            return false;
        };
        let def = &object.fields[index];
        def.ty.is_non_null() && self.field(from, position, 0, Place { planned, def }).is_err()
    }

    fn null_from(&mut self, start: usize) {
        self.out.truncate(start);
        self.null();
    }

    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    fn object(&mut self, batch: usize, row: usize) -> Result<(), Nulled> {
        let batches = self.batches;
        let Some(from) = batches.get(batch) else { return Err(Nulled) };
        let Some(object) = self.model.object(from.plan.ty) else { return Err(Nulled) };
        self.out.push(b'{');
        for (position, planned) in from.plan.fields.iter().enumerate() {
            if position > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(&planned.json_key);
            match planned.target {
                Target::Typename => write_str(&mut self.out, &self.model.types[from.plan.ty].name),
                Target::Introspection => self.introspected(planned),
                Target::Field(index) => {
                    let def = &object.fields[index];
                    if batch == 0 {
                        self.root = &def.facts.coordinate;
                    }
                    let start = self.out.len();
                    self.path.push(Step::Key(&planned.key));
                    let written = self.field(from, position, row, Place { planned, def });
                    self.path.pop();
                    if written.is_err() {
                        if def.ty.is_non_null() || self.exhausted {
                            return Err(Nulled);
                        }
                        self.null_from(start);
                    }
                }
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    fn introspected(&mut self, planned: &PlannedField) {
        let value = self.introspection.and_then(|all| all.get(&*planned.key));
        // Writing JSON to memory cannot fail.
        let _ = serde_json::to_writer(&mut self.out, &value);
    }

    fn field(&mut self, from: &Batch, position: usize, row: usize, at: Place<'w, C>) -> Result<(), Nulled> {
        match (from.results.get(position), &at.def.source) {
            (Some(FieldResult::Direct), Source::Leaf { table, index }) => {
                if self.out.len() > MAX_BYTES {
                    self.exhausted = true;
                    return Err(Nulled);
                }
                match table.read(&*from.nodes[row].row, *index) {
                    Ok(leaf) => self.leaf(&leaf, &at.def.ty, at),
                    Err(error) => self.raise(at, error),
                }
            }
            (Some(FieldResult::Passed), _) => Err(Nulled),
            (Some(FieldResult::Denied(error)), _) => self.raise(at, error.clone()),
            (Some(FieldResult::Slots(slots)), _) => match slots.get(row) {
                Some(slot) => self.slot(slot, &at.def.ty, at),
                None => self.raise(at, FieldError::internal("a resolver left a parent out")),
            },
            _ => self.raise(at, FieldError::internal("a field was not executed")),
        }
    }

    /// Writes one value. On `Err` the nearest nullable position cuts off what was written.
    fn slot(&mut self, slot: &Slot, ty: &Ty, at: Place<'w, C>) -> Result<(), Nulled> {
        if self.out.len() > MAX_BYTES {
            self.exhausted = true;
            return Err(Nulled);
        }
        match (slot, ty) {
            (Slot::Failed(error), _) => self.raise(at, error.clone()),
            (Slot::Null, Ty::NonNull(_)) => self.raise_null(at),
            (Slot::Null, _) => {
                self.null();
                Ok(())
            }
            (_, Ty::NonNull(inner)) => self.slot(slot, inner, at),
            (Slot::Leaf(leaf), _) => self.leaf(leaf, ty, at),
            (Slot::Object { batch, row }, _) => self.object(*batch as usize, *row as usize),
            (Slot::List(items), Ty::List(item)) => {
                self.list(items, item, |writer, each| writer.slot(each, item, at))
            }
            (Slot::List(_), Ty::Named(_)) => {
                self.raise(at, FieldError::internal("a list where one value is due"))
            }
        }
    }

    fn leaf(&mut self, leaf: &Leaf<'_>, ty: &Ty, at: Place<'w, C>) -> Result<(), Nulled> {
        match (leaf, ty) {
            (Leaf::Null, Ty::NonNull(_)) => self.raise_null(at),
            (Leaf::Null, _) => {
                self.null();
                Ok(())
            }
            (_, Ty::NonNull(inner)) => self.leaf(leaf, inner, at),
            (Leaf::List(items), Ty::List(item)) => {
                self.list(items, item, |writer, each| writer.leaf(each, item, at))
            }
            (_, Ty::List(_)) => self.raise(at, FieldError::internal("one value where a list is due")),
            (leaf, Ty::Named(id)) => {
                let def = &self.model.types[*id];
                let written = match (&def.kind, leaf) {
                    (TypeKind::Scalar(scalar), leaf) => write_scalar(&mut self.out, *scalar, leaf),
                    (TypeKind::Enum(values), Leaf::Str(name)) if values.contains(name.as_ref()) => {
                        write_str(&mut self.out, name);
                        Ok(())
                    }
                    (TypeKind::Enum(_), other) => {
                        Err(format!("Enum '{}' cannot represent value: {other:?}", def.name))
                    }
                    _ => Err("a plain value where an object is due".to_owned()),
                };
                written.or_else(|cause| self.raise(at, FieldError::internal(cause)))
            }
        }
    }

    fn list<T>(
        &mut self,
        items: &[T],
        item_ty: &Ty,
        each: impl Fn(&mut Self, &T) -> Result<(), Nulled>,
    ) -> Result<(), Nulled> {
        self.out.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            let start = self.out.len();
            self.path.push(Step::Index(index));
            let written = each(self, item);
            self.path.pop();
            if written.is_err() {
                if item_ty.is_non_null() || self.exhausted {
                    return Err(Nulled);
                }
                self.null_from(start);
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn raise_null(&mut self, at: Place<'w, C>) -> Result<(), Nulled> {
        let cause = format!("Cannot return null for non-nullable field {}.", at.def.facts.coordinate);
        self.raise(at, FieldError::internal(cause))
    }

    fn raise(&mut self, at: Place<'w, C>, error: FieldError) -> Result<(), Nulled> {
        if self.errors.len() >= MAX_ERRORS {
            return Err(Nulled);
        }
        let path = self.path.iter().map(|step| match step {
            Step::Key(key) => Value::from(*key),
            Step::Index(index) => Value::from(*index),
        });
        let locate = |offset| self.prepared.locate(offset);
        let locations = match error.offset() {
            Some(offset) => vec![locate(offset)],
            None => at.planned.locations(locate).to_vec(),
        };
        self.errors.push(RaisedError {
            error,
            path: path.collect(),
            locations,
            root: self.root.to_owned(),
            coordinate: at.def.facts.coordinate.clone(),
        });
        Err(Nulled)
    }
}
