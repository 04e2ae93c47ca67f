//! How deep a document nests, fragments followed: looked at before anything walks it recursively.

use std::collections::HashMap;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Selection, SelectionSet};

use super::document::RequestError;

/// Deepest nesting of fields, inline fragments and spreads taken together, from any operation or
/// fragment. The planner allows less, field by field; this keeps every walk before it off the end of the
/// stack.
const MAX_NESTING: usize = 200;

/// Refuses a document that nests deeper. Fragments that contain themselves are left to validation where
/// they are few and shallow.
pub(super) fn check(document: &ExecutableDocument) -> Result<(), RequestError> {
    let mut walk = Walk { document, deepest: HashMap::new(), path: Vec::new(), cycle: None };
    let operations = document.operations.iter().map(|operation| &operation.selection_set);
    for set in operations.chain(document.fragments.values().map(|fragment| &fragment.selection_set)) {
        walk.set(set, 0)?;
    }
    let Some(name) = walk.cycle else { return Ok(()) };
    // Whatever the way through a cycle, it meets each fragment once.
    let whole: usize =
        document.fragments.values().map(|fragment| own_depth(&fragment.selection_set) + 1).sum();
    if whole > MAX_NESTING {
        return Err(RequestError::new(format!("Cannot spread fragment '{name}' within itself.")));
    }
    Ok(())
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    /// The deepest place each fragment was met at.
    deepest: HashMap<&'a str, usize>,
    /// Fragments on the way here.
    path: Vec<&'a str>,
    /// A fragment that contains itself.
    cycle: Option<&'a str>,
}

impl<'a> Walk<'a> {
    fn set(&mut self, set: &'a SelectionSet, depth: usize) -> Result<(), RequestError> {
        if depth > MAX_NESTING {
            return Err(RequestError::new(format!(
                "The document nests more than {MAX_NESTING} levels deep."
            )));
        }
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => self.set(&field.selection_set, depth + 1)?,
                Selection::InlineFragment(inline) => self.set(&inline.selection_set, depth + 1)?,
                Selection::FragmentSpread(spread) => self.spread(spread.fragment_name.as_str(), depth + 1)?,
            }
        }
        Ok(())
    }

    fn spread(&mut self, name: &'a str, depth: usize) -> Result<(), RequestError> {
        let document = self.document;
        let Some(fragment) = document.fragments.get(name) else { return Ok(()) };
        if self.path.contains(&name) {
            self.cycle.get_or_insert(name);
            return Ok(());
        }
        // A fragment is walked again only where it stands deeper than before.
        if self.deepest.get(name).is_some_and(|known| *known >= depth) {
            return Ok(());
        }
        self.deepest.insert(name, depth);
        self.path.push(name);
        let walked = self.set(&fragment.selection_set, depth);
        self.path.pop();
        walked
    }
}

/// How deep a selection nests by itself. Parsing has bounded it.
fn own_depth(set: &SelectionSet) -> usize {
    let below = |selection: &Selection| match selection {
        Selection::Field(field) => own_depth(&field.selection_set),
        Selection::InlineFragment(inline) => own_depth(&inline.selection_set),
        Selection::FragmentSpread(_) => 0,
    };
    1 + set.selections.iter().map(below).max().unwrap_or_default()
}
