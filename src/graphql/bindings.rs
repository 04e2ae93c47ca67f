//! The table that says what stands behind each field of the schema.

use std::any::Any;
use std::sync::Arc;

use indexmap::IndexMap;

use super::error::FieldError;
use super::leaf::Leaf;
use super::resolved::{Batch, Handler, Resolved, Resolver, Single, wrong_row};

/// Plain fields of a row: name and reader.
pub type Leaves<T> = &'static [(&'static str, for<'a> fn(&'a T) -> Leaf<'a>)];
/// Fields of a row that lead to objects the row already holds.
pub type Parts<T> = &'static [(&'static str, fn(&T) -> Resolved)];

/// Reads the plain fields of one object type. One instance a type, whatever the number of fields.
pub(super) trait LeafTable: Send + Sync {
    fn names(&self) -> Vec<&'static str>;
    fn read<'a>(&self, row: &'a (dyn Any + Send + Sync), index: usize) -> Result<Leaf<'a>, FieldError>;
}

/// Reads the embedded objects of one object type.
pub(super) trait PartTable: Send + Sync {
    fn names(&self) -> Vec<&'static str>;
    fn read(&self, row: &(dyn Any + Send + Sync), index: usize) -> Resolved;
}

struct TypedLeaves<T: 'static>(Leaves<T>);

impl<T: Any + Send + Sync> LeafTable for TypedLeaves<T> {
    fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }

    fn read<'a>(&self, row: &'a (dyn Any + Send + Sync), index: usize) -> Result<Leaf<'a>, FieldError> {
        match row.downcast_ref::<T>() {
            Some(row) => Ok(self.0[index].1(row)),
            None => Err(wrong_row::<T>()),
        }
    }
}

struct TypedParts<T: 'static>(Parts<T>);

impl<T: Any + Send + Sync> PartTable for TypedParts<T> {
    fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }

    fn read(&self, row: &(dyn Any + Send + Sync), index: usize) -> Resolved {
        match row.downcast_ref::<T>() {
            Some(row) => self.0[index].1(row),
            None => Resolved::Failed(wrong_row::<T>()),
        }
    }
}

/// What is bound to one object type.
#[derive(Default)]
pub(super) struct ObjectBinding {
    pub leaves: Vec<Arc<dyn LeafTable>>,
    pub parts: Vec<Arc<dyn PartTable>>,
}

/// All bindings of a server. Names are those of the merged edition.
pub struct Bindings<C> {
    pub(super) objects: IndexMap<&'static str, ObjectBinding>,
    pub(super) resolvers: IndexMap<&'static str, Arc<dyn Resolver<C>>>,
    pub(super) dark: Vec<&'static str>,
}

impl<C> Default for Bindings<C> {
    fn default() -> Self {
        Self { objects: IndexMap::new(), resolvers: IndexMap::new(), dark: Vec::new() }
    }
}

impl<C: Send + Sync + 'static> Bindings<C> {
    /// Binds plain fields of `object` to readers of the row type `T`.
    pub fn leaves<T: Any + Send + Sync>(&mut self, object: &'static str, table: Leaves<T>) -> &mut Self {
        self.objects.entry(object).or_default().leaves.push(Arc::new(TypedLeaves(table)));
        self
    }

    /// Binds fields of `object` to objects that a row of type `T` holds already.
    pub fn parts<T: Any + Send + Sync>(&mut self, object: &'static str, table: Parts<T>) -> &mut Self {
        self.objects.entry(object).or_default().parts.push(Arc::new(TypedParts(table)));
        self
    }

    /// Binds a root field (`Query.account`) to a handler that answers once.
    pub fn root<F>(&mut self, coordinate: &'static str, handler: F) -> &mut Self
    where
        F: for<'a> Handler<'a, C, Result<Resolved, FieldError>> + 'static,
    {
        self.resolvers.insert(coordinate, Arc::new(Single(handler)));
        self
    }

    /// Binds a field (`AccountType.ledgers`) to a handler that answers for all parents of a level.
    pub fn batch<F>(&mut self, coordinate: &'static str, handler: F) -> &mut Self
    where
        F: for<'a> Handler<'a, C, Result<Vec<Resolved>, FieldError>> + 'static,
    {
        self.resolvers.insert(coordinate, Arc::new(Batch(handler)));
        self
    }

    /// Leaves out what the SDL declares and nothing stands behind yet: an argument
    /// (`AccountType.ledgers.ledgerId`), an input field or an enum value (`Input.field`, `Enum.VALUE`).
    pub fn dark(&mut self, coordinates: &[&'static str]) -> &mut Self {
        self.dark.extend_from_slice(coordinates);
        self
    }
}
