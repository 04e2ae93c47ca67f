//! What a query costs before it runs: complexity points and the nodes it may return.
//!
//! A leaf is free and an object costs 1; a connection costs 1, and its selection once for every ten rows
//! of the page; a root mutation costs 10; `@cost` sets another weight. A leaf asked for again beside the
//! first, under another name, costs 1 too: it is another call, and a thousand of them are not free.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::model::{Model, TypeKind};
use super::plan::{ObjectPlan, Plan, PlannedField, Target};

/// Rows that one point of a page's cost stands for.
const ROWS_PER_POINT: u64 = 10;
/// What a leaf costs that the same selection has already.
const REPEATED_LEAF: u64 = 1;
/// What calling a root mutation costs, besides its selection.
const MUTATION: u64 = 10;

/// Complexity points and node count, both saturating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    pub complexity: u64,
    pub nodes: u64,
}

pub(super) fn cost<C>(model: &Model<C>, plan: &Plan, variables: &Map<String, Value>) -> Cost {
    let mut walk = Walk { model, variables, known: HashMap::new() };
    walk.object(&plan.root)
}

struct Walk<'a, C> {
    model: &'a Model<C>,
    variables: &'a Map<String, Value>,
    /// Shared sub-plans are counted once: a document of fragments can be exponential otherwise.
    known: HashMap<*const ObjectPlan, Cost>,
}

impl<C> Walk<'_, C> {
    fn object(&mut self, plan: &ObjectPlan) -> Cost {
        if let Some(known) = self.known.get(&std::ptr::from_ref(plan)) {
            return *known;
        }
        let mut total = Cost::default();
        let mut seen = HashSet::with_capacity(plan.fields.len());
        for field in &plan.fields {
            let mut cost = self.field(plan, field);
            let repeated = matches!(field.target, Target::Field(_)) && !seen.insert(field.target);
            if repeated && cost.complexity == 0 {
                cost.complexity = REPEATED_LEAF;
            }
            total.complexity = total.complexity.saturating_add(cost.complexity);
            total.nodes = total.nodes.saturating_add(cost.nodes);
        }
        self.known.insert(std::ptr::from_ref(plan), total);
        total
    }

    fn field(&mut self, parent: &ObjectPlan, field: &PlannedField) -> Cost {
        let Target::Field(index) = field.target else { return Cost::default() };
        let Some(object) = self.model.object(parent.ty) else { return Cost::default() };
        let def = &object.fields[index];
        let below = self.below(field);
        let returned = &self.model.types[def.ty.inner()];
        let is_leaf = matches!(returned.kind, TypeKind::Scalar(_) | TypeKind::Enum(_));
        let structural = self.model.types[parent.ty].is_connection;
        let own = match def.facts.weight {
            Some(weight) => u64::from(weight),
            None if def.facts.is_root && def.facts.is_mutation => MUTATION,
            // `edges` and `pageInfo` belong to the connection that was counted already.
            None if is_leaf || structural => 0,
            None => 1,
        };
        let page = if def.facts.is_connection { self.page(field) } else { None };
        let pages = page.map_or(1, |rows| rows.div_ceil(ROWS_PER_POINT).max(1));
        Cost {
            complexity: own.saturating_add(below.complexity.saturating_mul(pages)),
            nodes: match page {
                Some(rows) => rows.saturating_add(rows.saturating_mul(below.nodes)),
                None => below.nodes,
            },
        }
    }

    /// The dearest of the concrete types the field can lead to.
    fn below(&mut self, field: &PlannedField) -> Cost {
        field.children.iter().fold(Cost::default(), |most, child| {
            let cost = self.object(child);
            Cost { complexity: most.complexity.max(cost.complexity), nodes: most.nodes.max(cost.nodes) }
        })
    }

    /// Rows asked for by `first` or `last`.
    fn page(&self, field: &PlannedField) -> Option<u64> {
        let rows = |name: &str| -> Option<u64> {
            let argument = field.args.iter().find(|arg| *arg.name == *name)?;
            argument.template.fill(self.variables).ok()??.as_u64()
        };
        rows("first").or_else(|| rows("last"))
    }
}
