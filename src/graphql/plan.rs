//! Plans: a document's selections merged per concrete type, ready to be executed many times.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::{ExecutableDocument, Node};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::document::{MAX_DEPTH, RequestError};
use super::input::{Template, literal};
use super::leaf::write_str;
use super::model::{Model, Ty, TypeId};

/// Most fields in one plan: past that a document is only there to cost.
const MAX_FIELDS: usize = 20_000;
/// Most selections looked at, and argument values copied, while planning.
const MAX_WORK: usize = 500_000;
/// Most places of one field that its errors name.
const MAX_LOCATIONS: usize = 32;
/// About what one planned field takes in memory.
const FIELD_BYTES: usize = 320;
/// About what one value of an argument takes in memory.
const VALUE_BYTES: usize = 96;

/// What one operation does under one outcome of its conditions.
pub(super) struct Plan {
    pub root: Arc<ObjectPlan>,
    /// `__schema` or `__type` is asked for.
    pub introspects: bool,
    /// Nothing but introspection and `__typename` is asked for.
    pub only_introspects: bool,
    /// Deprecated fields in use, `Type.field`.
    pub deprecated: Vec<String>,
    /// Fields planned, and argument values in them.
    pub size: Size,
}

/// How large a plan is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub fields: usize,
    pub values: usize,
}

impl Plan {
    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.size.fields * FIELD_BYTES + self.size.values * VALUE_BYTES
    }
}

/// The fields of one concrete object type, in the order of the answer.
pub(super) struct ObjectPlan {
    pub ty: TypeId,
    pub fields: Vec<PlannedField>,
}

/// What a planned field reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Target {
    Typename,
    Introspection,
    /// Index into the fields of the plan's object type.
    Field(usize),
}

/// One argument that the document gives.
pub(super) struct PlannedArg {
    pub name: Arc<str>,
    pub template: Template,
    /// Where its value stands in the document, in bytes.
    pub span: Range<usize>,
}

/// One field of the answer.
pub struct PlannedField {
    /// Response key.
    pub(super) key: Box<str>,
    /// `"key":`, as it is written.
    pub(super) json_key: Box<[u8]>,
    pub(super) name: Box<str>,
    pub(super) target: Target,
    pub(super) args: Vec<PlannedArg>,
    /// Byte offsets of its occurrences in the document.
    offsets: Box<[usize]>,
    locations: OnceLock<Vec<(usize, usize)>>,
    /// One plan for each concrete type the field can lead to.
    pub(super) children: Vec<Arc<ObjectPlan>>,
}

impl PlannedField {
    /// The fields right below this one, of whatever types.
    fn below(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().flat_map(|plan| &plan.fields)
    }

    /// Whether the field at the dotted path below this one is asked for.
    pub(super) fn selects(&self, path: &str) -> bool {
        let (head, rest) = match path.split_once('.') {
            Some((head, rest)) => (head, Some(rest)),
            None => (path, None),
        };
        self.below().any(|field| *field.name == *head && rest.is_none_or(|rest| field.selects(rest)))
    }

    /// Whether below the field at the dotted path nothing is asked for but fields that are known.
    pub(super) fn selects_only(&self, path: &str, is_known: &dyn Fn(&str) -> bool) -> bool {
        if path.is_empty() {
            return self.below().all(|field| field.target == Target::Typename || is_known(&field.name));
        }
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        self.below().filter(|field| *field.name == *head).all(|field| field.selects_only(rest, is_known))
    }

    /// Whether the document writes the argument `name` at a field right below this one.
    pub(super) fn writes(&self, field: &str, name: &str) -> bool {
        let named = self.below().filter(|below| *below.name == *field);
        named.flat_map(|below| &below.args).any(|arg| *arg.name == *name)
    }

    /// Line and column of its occurrences, counted once: a field may fail in many rows.
    pub(super) fn locations(&self, locate: impl Fn(usize) -> (usize, usize)) -> &[(usize, usize)] {
        self.locations.get_or_init(|| self.offsets.iter().map(|offset| locate(*offset)).collect())
    }

    pub(super) fn child(&self, ty: TypeId) -> Option<&Arc<ObjectPlan>> {
        self.children.iter().find(|plan| plan.ty == ty)
    }
}

pub(super) fn plan<C>(
    model: &Model<C>,
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &Map<String, Value>,
) -> Result<Plan, RequestError> {
    let root_type = if operation.is_mutation() { model.mutation } else { Some(model.query) };
    let root_type = root_type.ok_or_else(|| RequestError::new("The schema has no such operation type."))?;
    let mut planner = Planner {
        model,
        document,
        variables,
        known: HashMap::new(),
        size: Size::default(),
        work: 0,
        deprecated: Vec::new(),
    };
    let root = planner.object(root_type, &[&operation.selection_set], 0)?;
    let introspects = root.fields.iter().any(|f| f.target == Target::Introspection);
    let only_introspects = introspects && root.fields.iter().all(|f| !matches!(f.target, Target::Field(_)));
    let Planner { deprecated, size, .. } = planner;
    Ok(Plan { root, introspects, only_introspects, deprecated, size })
}

/// Selection sets merged into one, by address: equal addresses, equal plan.
type SetsKey = (TypeId, Vec<*const SelectionSet>);

struct Planner<'a, C> {
    model: &'a Model<C>,
    document: &'a ExecutableDocument,
    variables: &'a Map<String, Value>,
    known: HashMap<SetsKey, Arc<ObjectPlan>>,
    size: Size,
    work: usize,
    deprecated: Vec<String>,
}

type Grouped<'a> = IndexMap<&'a str, Vec<&'a Node<Field>>>;

impl<'a, C> Planner<'a, C> {
    fn object(
        &mut self,
        ty: TypeId,
        sets: &[&'a SelectionSet],
        depth: usize,
    ) -> Result<Arc<ObjectPlan>, RequestError> {
        let key: SetsKey = (ty, sets.iter().map(|set| std::ptr::from_ref(*set)).collect());
        if let Some(known) = self.known.get(&key) {
            return Ok(Arc::clone(known));
        }
        if depth > MAX_DEPTH {
            return Err(RequestError::new(format!(
                "The document selects more than {MAX_DEPTH} levels deep."
            )));
        }
        let mut grouped = Grouped::new();
        let mut visited = HashSet::new();
        for set in sets {
            self.collect(ty, set, &mut grouped, &mut visited, 0)?;
        }
        self.size.fields += grouped.len();
        if self.size.fields > MAX_FIELDS {
            return Err(RequestError::new(format!("The document selects more than {MAX_FIELDS} fields.")));
        }
        let mut fields = Vec::with_capacity(grouped.len());
        for (key, occurrences) in grouped {
            fields.push(self.field(ty, key, &occurrences, depth)?);
        }
        let made = Arc::new(ObjectPlan { ty, fields });
        self.known.insert(key, Arc::clone(&made));
        Ok(made)
    }

    fn field(
        &mut self,
        ty: TypeId,
        key: &str,
        occurrences: &[&'a Node<Field>],
        depth: usize,
    ) -> Result<PlannedField, RequestError> {
        let first = occurrences[0];
        let mut json_key = Vec::new();
        write_str(&mut json_key, key);
        json_key.push(b':');
        let mut planned = PlannedField {
            key: key.into(),
            json_key: json_key.into(),
            name: first.name.as_str().into(),
            target: Target::Typename,
            args: Vec::new(),
            offsets: occurrences
                .iter()
                .take(MAX_LOCATIONS)
                .map(|f| f.location().map_or(0, |span| span.offset()))
                .collect(),
            locations: OnceLock::new(),
            children: Vec::new(),
        };
        match first.name.as_str() {
            "__typename" => return Ok(planned),
            "__schema" | "__type" => {
                planned.target = Target::Introspection;
                return Ok(planned);
            }
            _ => {}
        }
        let Some((index, def)) = self.model.field(ty, &first.name) else {
            return Err(RequestError::new(format!("Cannot query field '{}'.", first.name)));
        };
        planned.target = Target::Field(index);
        if def.facts.deprecated && !self.deprecated.contains(&def.facts.coordinate) {
            self.deprecated.push(def.facts.coordinate.clone());
        }
        for argument in &first.arguments {
            let Some(declared) = def.args.iter().find(|a| *a.name == *argument.name.as_str()) else {
                continue;
            };
            let template = literal(self.model, &declared.ty, &argument.value)
                .map_err(|bad| RequestError::new(bad.message))?;
            self.size.values += template.size();
            self.spend(template.size())?;
            let span = argument.value.location().map_or(0..0, |span| span.offset()..span.end_offset());
            planned.args.push(PlannedArg { name: declared.name.clone(), template, span });
        }
        planned.children = self.children(&def.ty, occurrences, depth)?;
        Ok(planned)
    }

    fn children(
        &mut self,
        ty: &Ty,
        occurrences: &[&'a Node<Field>],
        depth: usize,
    ) -> Result<Vec<Arc<ObjectPlan>>, RequestError> {
        let sets: Vec<&SelectionSet> =
            occurrences.iter().map(|f| &f.selection_set).filter(|set| !set.is_empty()).collect();
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        let model = self.model;
        model.possible(ty.inner()).iter().map(|id| self.object(*id, &sets, depth + 1)).collect()
    }

    /// Counts work against its limit: what is planned again for each way that leads there adds up.
    fn spend(&mut self, work: usize) -> Result<(), RequestError> {
        self.work += work;
        if self.work > MAX_WORK {
            return Err(RequestError::new("The document repeats its selections too often."));
        }
        Ok(())
    }

    fn collect(
        &mut self,
        ty: TypeId,
        set: &'a SelectionSet,
        grouped: &mut Grouped<'a>,
        visited: &mut HashSet<&'a str>,
        depth: usize,
    ) -> Result<(), RequestError> {
        if depth > MAX_DEPTH {
            return Err(RequestError::new(format!("Fragments nest more than {MAX_DEPTH} levels deep.")));
        }
        self.spend(set.selections.len())?;
        for selection in &set.selections {
            if !self.included(selection) {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    grouped.entry(field.response_key().as_str()).or_default().push(field);
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.type_condition.as_ref();
                    if condition.is_none_or(|name| self.applies(name, ty)) {
                        self.collect(ty, &inline.selection_set, grouped, visited, depth + 1)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    let document = self.document;
                    let Some(fragment) = document.fragments.get(name) else { continue };
                    if !visited.insert(name) {
                        continue;
                    }
                    if self.applies(fragment.type_condition(), ty) {
                        self.collect(ty, &fragment.selection_set, grouped, visited, depth + 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn applies(&self, condition: &str, ty: TypeId) -> bool {
        self.model.by_name.get(condition).is_some_and(|id| self.model.possible(*id).contains(&ty))
    }

    fn included(&self, selection: &Selection) -> bool {
        let truth = |directive: &str| -> Option<bool> {
            let value = selection.directives().get(directive)?.specified_argument_by_name("if")?;
            match value.as_variable() {
                Some(name) => self.variables.get(name.as_str())?.as_bool(),
                None => value.to_bool(),
            }
        };
        truth("skip") != Some(true) && truth("include") != Some(false)
    }
}
