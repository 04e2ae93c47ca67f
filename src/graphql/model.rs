//! The served schema as execution needs it: dense, resolved, without a name to look up twice.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::bindings::{LeafTable, PartTable};
use super::resolved::Resolver;
use super::secrets::Secrets;

/// Index of a type in [`Model::types`].
pub type TypeId = usize;

/// The scalars, by how they travel. Custom scalars that are plain text share [`Scalar::Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    Int,
    Float,
    String,
    Boolean,
    Id,
    BigInt,
    Decimal,
    Date,
    DateTime,
    Time,
    Uuid,
    JsonString,
    Generic,
    /// Text that must hold something besides white space.
    NonEmpty,
    Email,
    Text,
}

impl Scalar {
    /// How the scalar `name` of the schema travels.
    pub fn of(name: &str) -> Self {
        match name {
            "Int" => Self::Int,
            "Float" => Self::Float,
            "String" => Self::String,
            "Boolean" => Self::Boolean,
            "ID" => Self::Id,
            "BigInt" => Self::BigInt,
            "Decimal" | "FloatSafeDecimal" => Self::Decimal,
            "Date" => Self::Date,
            "DateTime" | "CustomGrapheneDateTime" | "IndustryMidnightAlignedDateField" => Self::DateTime,
            "Time" => Self::Time,
            "UUID" => Self::Uuid,
            "JSONString" => Self::JsonString,
            "GenericScalar" => Self::Generic,
            "NonEmptyString" | "NonEmptyID" => Self::NonEmpty,
            "Email" => Self::Email,
            _ => Self::Text,
        }
    }
}

/// A type reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ty {
    Named(TypeId),
    List(Box<Ty>),
    NonNull(Box<Ty>),
}

impl Ty {
    /// The named type inside.
    pub fn inner(&self) -> TypeId {
        match self {
            Ty::Named(id) => *id,
            Ty::List(item) | Ty::NonNull(item) => item.inner(),
        }
    }

    pub fn is_non_null(&self) -> bool {
        matches!(self, Ty::NonNull(_))
    }
}

/// Argument or input field.
pub struct InputDef {
    pub name: Arc<str>,
    pub ty: Ty,
    /// Coerced default.
    pub default: Option<Value>,
}

/// Where the value of a field comes from.
pub(super) enum Source<C> {
    Leaf { table: Arc<dyn LeafTable>, index: usize },
    Part { table: Arc<dyn PartTable>, index: usize },
    Resolver(Arc<dyn Resolver<C>>),
}

/// So many times in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub limit: i32,
    pub seconds: i32,
}

/// What the SDL says of a field besides its type.
#[derive(Debug, Clone, Default)]
pub struct FieldFacts {
    /// `AccountType.number`, in the names of the merged edition.
    pub coordinate: String,
    /// Codes declared by `@errors`.
    pub codes: Vec<String>,
    /// Viewers named by `@access`; empty where the directive is absent.
    pub access: Vec<String>,
    /// Scopes named by `@scopes`: what a session may be limited to and still use the field.
    pub scopes: Vec<String>,
    /// Whether any field of the same type has `@scopes`.
    pub in_scoped_type: bool,
    /// Weight given by `@cost`.
    pub weight: Option<u32>,
    /// How often one caller may try it, by `@rate`.
    pub rate: Option<Rate>,
    pub deprecated: bool,
    /// A field of `Query` or `Mutation`.
    pub is_root: bool,
    pub is_mutation: bool,
    /// It returns a connection and takes `first` and `last`.
    pub is_connection: bool,
}

pub(super) struct FieldDef<C> {
    pub name: String,
    pub ty: Ty,
    pub args: Vec<InputDef>,
    pub source: Source<C>,
    pub facts: FieldFacts,
}

pub(super) struct ObjectDef<C> {
    pub fields: Vec<FieldDef<C>>,
    pub index: HashMap<String, usize>,
}

pub(super) enum TypeKind<C> {
    Scalar(Scalar),
    Enum(BTreeSet<String>),
    Object(ObjectDef<C>),
    /// Interface or union: the objects it can be.
    Abstract(Vec<TypeId>),
    Input(Vec<InputDef>),
}

pub(super) struct TypeDef<C> {
    /// Name as served.
    pub name: String,
    /// Name in the merged edition, by which rows are tagged.
    pub canonical: String,
    pub kind: TypeKind<C>,
    /// Part of the connection machinery: `edges`, `pageInfo`.
    pub is_connection: bool,
}

/// The served schema.
pub struct Model<C> {
    pub(super) types: Vec<TypeDef<C>>,
    pub(super) by_name: HashMap<String, TypeId>,
    pub(super) query: TypeId,
    pub(super) mutation: Option<TypeId>,
    /// Inputs that messages must not repeat.
    pub(super) secrets: Secrets,
}

impl<C> Model<C> {
    pub(super) fn object(&self, id: TypeId) -> Option<&ObjectDef<C>> {
        match &self.types[id].kind {
            TypeKind::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(super) fn field(&self, id: TypeId, name: &str) -> Option<(usize, &FieldDef<C>)> {
        let object = self.object(id)?;
        let index = *object.index.get(name)?;
        Some((index, &object.fields[index]))
    }

    /// The type that `ty` of a document refers to, if the schema has it.
    pub(super) fn resolve(&self, ty: &apollo_compiler::ast::Type) -> Option<Ty> {
        use apollo_compiler::ast::Type;
        Some(match ty {
            Type::Named(name) => Ty::Named(*self.by_name.get(name.as_str())?),
            Type::NonNullNamed(name) => Ty::NonNull(Box::new(Ty::Named(*self.by_name.get(name.as_str())?))),
            Type::List(item) => Ty::List(Box::new(self.resolve(item)?)),
            Type::NonNullList(item) => Ty::NonNull(Box::new(Ty::List(Box::new(self.resolve(item)?)))),
        })
    }

    /// A type reference in SDL notation.
    pub(super) fn print(&self, ty: &Ty) -> String {
        match ty {
            Ty::Named(id) => self.types[*id].name.clone(),
            Ty::List(item) => format!("[{}]", self.print(item)),
            Ty::NonNull(item) => format!("{}!", self.print(item)),
        }
    }

    /// The objects that a value of type `id` can be.
    pub(super) fn possible(&self, id: TypeId) -> &[TypeId] {
        match &self.types[id].kind {
            TypeKind::Abstract(objects) => objects,
            TypeKind::Object(_) => {
                std::slice::from_ref(self.by_name.get(&self.types[id].name).unwrap_or(&self.query))
            }
            _ => &[],
        }
    }

    /// What the SDL says of a root field.
    pub fn root_facts(&self, mutation: bool, name: &str) -> Option<&FieldFacts> {
        let root = if mutation { self.mutation? } else { self.query };
        self.field(root, name).map(|(_, field)| &field.facts)
    }

    /// All served fields of objects.
    pub fn all_facts(&self) -> impl Iterator<Item = &FieldFacts> {
        self.types.iter().flat_map(|def| match &def.kind {
            TypeKind::Object(object) => object.fields.iter().map(|f| &f.facts).collect::<Vec<_>>(),
            _ => Vec::new(),
        })
    }
}
