//! The table that says what stands behind each field of the schema.

use std::any::{Any, TypeId, type_name};
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
    /// The Rust type of the rows, and its name.
    fn row_type(&self) -> (TypeId, &'static str);
    fn read<'a>(&self, row: &'a (dyn Any + Send + Sync), index: usize) -> Result<Leaf<'a>, FieldError>;
}

/// Reads the embedded objects of one object type.
pub(super) trait PartTable: Send + Sync {
    fn names(&self) -> Vec<&'static str>;
    /// The Rust type of the rows, and its name; `None` where any row will do.
    fn row_type(&self) -> Option<(TypeId, &'static str)>;
    fn read(&self, row: &(dyn Any + Send + Sync), index: usize) -> Resolved;
}

struct TypedLeaves<T: 'static>(Leaves<T>);

impl<T: Any + Send + Sync> LeafTable for TypedLeaves<T> {
    fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }

    fn row_type(&self) -> (TypeId, &'static str) {
        (TypeId::of::<T>(), type_name::<T>())
    }

    fn read<'a>(&self, row: &'a (dyn Any + Send + Sync), index: usize) -> Result<Leaf<'a>, FieldError> {
        match row.downcast_ref::<T>() {
            Some(row) => Ok(self.0[index].1(row)),
            None => Err(wrong_row::<T>()),
        }
    }
}

/// Reads fields of a row, or of another that has some of them.
struct EitherLeaves<T: 'static, N: 'static> {
    wide: Leaves<T>,
    narrow: Leaves<N>,
}

impl<T: Any + Send + Sync, N: Any + Send + Sync> LeafTable for EitherLeaves<T, N> {
    fn names(&self) -> Vec<&'static str> {
        TypedLeaves(self.wide).names()
    }

    fn row_type(&self) -> (TypeId, &'static str) {
        TypedLeaves(self.wide).row_type()
    }

    fn read<'a>(&self, row: &'a (dyn Any + Send + Sync), index: usize) -> Result<Leaf<'a>, FieldError> {
        let Some(narrow) = row.downcast_ref::<N>() else {
            return TypedLeaves(self.wide).read(row, index);
        };
        let (name, _) = self.wide[index];
        let read = self.narrow.iter().find(|(known, _)| *known == name);
        read.map(|(_, read)| read(narrow)).ok_or_else(wrong_row::<T>)
    }
}

struct TypedParts<T: 'static>(Parts<T>);

impl<T: Any + Send + Sync> PartTable for TypedParts<T> {
    fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }

    fn row_type(&self) -> Option<(TypeId, &'static str)> {
        Some((TypeId::of::<T>(), type_name::<T>()))
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

impl ObjectBinding {
    /// The types of rows that the tables read. More than one: some fields could never be read.
    pub(super) fn row_types(&self) -> Vec<(TypeId, &'static str)> {
        let leaves = self.leaves.iter().map(|table| table.row_type());
        let mut all: Vec<_> = leaves.chain(self.parts.iter().filter_map(|table| table.row_type())).collect();
        all.dedup_by_key(|(id, _)| *id);
        all
    }
}

/// A field and what answers for it.
pub(super) struct BoundResolver<C> {
    pub resolver: Arc<dyn Resolver<C>>,
    /// It answers once, whatever the number of parents: good for roots only.
    pub is_single: bool,
}

/// All bindings of a server. Names are those of the merged edition.
pub struct Bindings<C> {
    pub(super) objects: IndexMap<&'static str, ObjectBinding>,
    pub(super) resolvers: IndexMap<&'static str, BoundResolver<C>>,
    pub(super) dark: Vec<&'static str>,
    /// The first coordinate that was given two resolvers.
    pub(super) bound_twice: Option<&'static str>,
}

impl<C> Default for Bindings<C> {
    fn default() -> Self {
        Self { objects: IndexMap::new(), resolvers: IndexMap::new(), dark: Vec::new(), bound_twice: None }
    }
}

impl<C: Send + Sync + 'static> Bindings<C> {
    /// Binds plain fields of `object` to readers of the row type `T`.
    pub fn leaves<T: Any + Send + Sync>(&mut self, object: &'static str, table: Leaves<T>) -> &mut Self {
        self.objects.entry(object).or_default().leaves.push(Arc::new(TypedLeaves(table)));
        self
    }

    /// Binds plain fields of `object` to readers of the row type `T`, and some of them to those of `N` as well, for lists
    /// of which nothing but these is asked for ([`Call::selects_only`](super::Call::selects_only)).
    pub fn leaves_either<T, N>(
        &mut self,
        object: &'static str,
        wide: Leaves<T>,
        narrow: Leaves<N>,
    ) -> &mut Self
    where
        T: Any + Send + Sync,
        N: Any + Send + Sync,
    {
        self.objects.entry(object).or_default().leaves.push(Arc::new(EitherLeaves { wide, narrow }));
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
        self.resolve(coordinate, BoundResolver { resolver: Arc::new(Single(handler)), is_single: true })
    }

    /// Binds a field (`AccountType.ledgers`) to a handler that answers for all parents of a level.
    pub fn batch<F>(&mut self, coordinate: &'static str, handler: F) -> &mut Self
    where
        F: for<'a> Handler<'a, C, Result<Vec<Resolved>, FieldError>> + 'static,
    {
        self.resolve(coordinate, BoundResolver { resolver: Arc::new(Batch(handler)), is_single: false })
    }

    fn resolve(&mut self, coordinate: &'static str, bound: BoundResolver<C>) -> &mut Self {
        if self.resolvers.insert(coordinate, bound).is_some() {
            self.bound_twice.get_or_insert(coordinate);
        }
        self
    }

    /// Leaves out what the SDL declares and nothing stands behind yet: an argument
    /// (`AccountType.ledgers.ledgerId`), an input field or an enum value (`Input.field`, `Enum.VALUE`).
    pub fn dark(&mut self, coordinates: &[&'static str]) -> &mut Self {
        self.dark.extend_from_slice(coordinates);
        self
    }
}
