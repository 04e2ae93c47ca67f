//! What resolvers take and give: rows, results, arguments.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::bindings::Leaves;
use super::error::FieldError;
use super::leaf::Leaf;
use super::plan::PlannedField;

/// One row behind an object of the schema. Cloning shares it.
#[derive(Clone)]
pub struct Node {
    pub(super) row: Arc<dyn Any + Send + Sync>,
    pub(super) tag: Option<&'static str>,
}

impl Node {
    /// A row where the field's type is an object, or the row's Rust type is bound to one object only.
    pub fn new<T: Any + Send + Sync>(row: T) -> Self {
        Self { row: Arc::new(row), tag: None }
    }

    /// A row that shares `row`.
    pub fn shared<T: Any + Send + Sync>(row: Arc<T>) -> Self {
        Self { row, tag: None }
    }

    /// A row that is the object `tag` (its name in the merged edition), where an interface or a union
    /// leaves that open.
    pub fn typed<T: Any + Send + Sync>(tag: &'static str, row: T) -> Self {
        Self { row: Arc::new(row), tag: Some(tag) }
    }

    /// The row, if it is a `T`.
    pub fn row<T: Any>(&self) -> Option<&T> {
        self.row.downcast_ref()
    }
}

/// What a resolver answers for one parent.
pub enum Resolved {
    Null,
    Leaf(Leaf<'static>),
    Node(Node),
    List(Vec<Resolved>),
    Failed(FieldError),
}

impl Resolved {
    /// An object.
    pub fn node<T: Any + Send + Sync>(row: T) -> Self {
        Self::Node(Node::new(row))
    }

    /// An object, or null.
    pub fn maybe<T: Any + Send + Sync>(row: Option<T>) -> Self {
        row.map_or(Self::Null, Self::node)
    }

    /// A list of objects.
    pub fn nodes<T: Any + Send + Sync>(rows: impl IntoIterator<Item = T>) -> Self {
        Self::List(rows.into_iter().map(Self::node).collect())
    }

    /// A scalar or an enum value, copied where it borrows.
    pub fn leaf<'a>(value: impl Into<Leaf<'a>>) -> Self {
        match value.into() {
            Leaf::Null => Self::Null,
            leaf => Self::Leaf(leaf.into_owned()),
        }
    }
}

impl From<Result<Resolved, FieldError>> for Resolved {
    fn from(result: Result<Resolved, FieldError>) -> Self {
        result.unwrap_or_else(Self::Failed)
    }
}

/// A future that can be kept in a table.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One call of a resolver: all parents of the level at once.
pub struct Call<'a, C> {
    /// Who asks, and the state of this request.
    pub cx: &'a Arc<C>,
    pub(super) parents: &'a [Node],
    pub(super) args: &'a Map<String, Value>,
    pub(super) field: Option<&'a PlannedField>,
}

impl<C> Clone for Call<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<C> Copy for Call<'_, C> {}

impl<'a, C> Call<'a, C> {
    /// The rows of all parents.
    ///
    /// # Errors
    /// Internal, if a parent is not a `T`: the field is bound to the wrong type.
    pub fn parents<T: Any>(&self) -> Result<Vec<&'a T>, FieldError> {
        self.parents.iter().map(|node| node.row::<T>().ok_or_else(|| wrong_row::<T>())).collect()
    }

    /// How many parents there are, and so how many answers are wanted.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// True if there is no parent (never in a real call).
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// The arguments, decoded. They have been coerced: a failure is a mistake of the binding.
    ///
    /// # Errors
    /// Internal, if the arguments do not have the shape of `A`.
    pub fn args<A: DeserializeOwned>(&self) -> Result<A, FieldError> {
        serde_json::from_value(Value::Object(self.args.clone()))
            .map_err(|e| FieldError::internal(format!("arguments do not fit the binding: {e}")))
    }

    /// The argument `name`, decoded.
    ///
    /// # Errors
    /// As [`Call::args`]; an argument that was not given is decoded from null.
    pub fn arg<A: DeserializeOwned>(&self, name: &str) -> Result<A, FieldError> {
        let value = self.args.get(name).cloned().unwrap_or(Value::Null);
        serde_json::from_value(value)
            .map_err(|e| FieldError::internal(format!("argument {name} does not fit the binding: {e}")))
    }

    /// All coerced arguments, those not given left out.
    pub fn raw_args(&self) -> &'a Map<String, Value> {
        self.args
    }

    /// Whether the answer's field at `path` (dotted field names below this one) was asked for. Says yes
    /// where it cannot know.
    pub fn selects(&self, path: &str) -> bool {
        self.field.is_none_or(|field| field.selects(path))
    }

    /// Whether of the objects at `path` nothing is asked for but fields of this table. Says no where it cannot know.
    pub fn selects_only<T>(&self, path: &str, table: Leaves<T>) -> bool {
        let is_known = |field: &str| table.iter().any(|(name, _)| *name == field);
        self.field.is_some_and(|field| field.selects_only(path, &is_known))
    }

    /// Whether the document writes the argument `name` at the answer's field `field`, whatever its value. Says no
    /// where it cannot know.
    pub fn writes(&self, field: &str, name: &str) -> bool {
        self.field.is_some_and(|planned| planned.writes(field, name))
    }
}

pub(super) fn wrong_row<T>() -> FieldError {
    FieldError::internal(format!("a parent row is not a {}", std::any::type_name::<T>()))
}

/// A resolver as the table keeps it.
pub trait Resolver<C>: Send + Sync {
    /// One answer a parent, in their order.
    fn resolve<'a>(&'a self, call: Call<'a, C>) -> BoxFuture<'a, Vec<Resolved>>;
}

/// Async functions from a [`Call`] to an `Out`: lets `async fn` items be bound by name.
pub trait Handler<'a, C: 'a, Out>: Send + Sync {
    type Future: Future<Output = Out> + Send + 'a;
    fn call(&self, call: Call<'a, C>) -> Self::Future;
}

impl<'a, C: 'a, Out, F, Fut> Handler<'a, C, Out> for F
where
    F: Fn(Call<'a, C>) -> Fut + Send + Sync,
    Fut: Future<Output = Out> + Send + 'a,
{
    type Future = Fut;
    fn call(&self, call: Call<'a, C>) -> Fut {
        self(call)
    }
}

/// Adapts a handler that answers for every parent, or fails for all of them.
pub(super) struct Batch<F>(pub F);

impl<C: Send + Sync + 'static, F> Resolver<C> for Batch<F>
where
    F: for<'a> Handler<'a, C, Result<Vec<Resolved>, FieldError>>,
{
    fn resolve<'a>(&'a self, call: Call<'a, C>) -> BoxFuture<'a, Vec<Resolved>> {
        let wanted = call.len();
        let future = self.0.call(call);
        Box::pin(async move {
            match future.await {
                Ok(answers) if answers.len() == wanted => answers,
                Ok(answers) => {
                    let cause = format!("{} answers for {wanted} parents", answers.len());
                    repeat(FieldError::internal(cause), wanted)
                }
                Err(error) => repeat(error, wanted),
            }
        })
    }
}

/// Adapts a handler of a root field, which has one parent only.
pub(super) struct Single<F>(pub F);

impl<C: Send + Sync + 'static, F> Resolver<C> for Single<F>
where
    F: for<'a> Handler<'a, C, Result<Resolved, FieldError>>,
{
    fn resolve<'a>(&'a self, call: Call<'a, C>) -> BoxFuture<'a, Vec<Resolved>> {
        let future = self.0.call(call);
        Box::pin(async move {
            let first = std::iter::once(future.await.into());
            // Where the root type is reached again below, several parents ask and one is answered.
            let others =
                (1..call.len()).map(|_| Resolved::Failed(FieldError::internal("asked at a root only")));
            first.chain(others).collect()
        })
    }
}

fn repeat(error: FieldError, times: usize) -> Vec<Resolved> {
    (0..times).map(|_| Resolved::Failed(error.clone())).collect()
}
