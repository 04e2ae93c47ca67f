//! The served schema as async-graphql knows it.
//!
//! Every type and field is registered with a real resolver, so that the schema runs by itself. An
//! extension takes over where a request carries its own [`Slot`]: then the engine answers, whole levels at
//! a time, and async-graphql's parser, validation and executor stay out of the way.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use apollo_compiler::ast::Type;
use apollo_compiler::schema::{ExtendedType, FieldDefinition, InputValueDefinition};
use async_graphql::dynamic::{
    Enum, EnumItem, Field, FieldFuture, FieldValue, InputObject, InputValue, Interface, InterfaceField,
    Object, ResolverContext, Scalar as ScalarType, Schema, SchemaBuilder, SchemaError, TypeRef, Union,
};
use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery, NextValidation,
};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{CacheControl, ServerError, ServerResult, ValidationResult, Variables};
use serde_json::Value;

use super::context::Context;
use super::engine::{Engine, Request, Response};
use super::error::FieldError;
use super::input::coerce_json;
use super::leaf::{Leaf, write_scalar};
use super::model::{FieldDef, Model, Scalar, Source, Ty, TypeId, TypeKind};
use super::resolved::{Call, Node, Resolved};

/// A request on its way through async-graphql, and the answer on its way back.
struct Slot<C> {
    engine: Arc<Engine<C>>,
    cx: Arc<C>,
    request: Request,
    response: Mutex<Option<Response>>,
}

/// The schema that the HTTP layer hosts.
pub struct Host<C> {
    engine: Arc<Engine<C>>,
    schema: Schema,
}

impl<C: Context> Host<C> {
    /// Registers the served schema with async-graphql.
    ///
    /// # Errors
    /// What async-graphql finds wrong with the schema.
    pub fn new(engine: Arc<Engine<C>>) -> Result<Self, SchemaError> {
        let schema = register(&engine)?.extension(Attach::<C>(std::marker::PhantomData)).finish()?;
        Ok(Self { engine, schema })
    }

    /// The engine behind it.
    pub fn engine(&self) -> &Arc<Engine<C>> {
        &self.engine
    }

    /// async-graphql's own schema, which runs without the engine when asked directly.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Answers one request.
    pub async fn execute(&self, cx: Arc<C>, request: Request) -> Option<Response> {
        let slot =
            Arc::new(Slot { engine: Arc::clone(&self.engine), cx, request, response: Mutex::default() });
        let carrier = async_graphql::Request::new("").data(Arc::clone(&slot));
        self.schema.execute(carrier).await;
        slot.response.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What stands in for the document while the engine has the real one.
static NOTHING: LazyLock<Option<ExecutableDocument>> =
    LazyLock::new(|| async_graphql::parser::parse_query("{ __typename }").ok());

struct Attach<C>(std::marker::PhantomData<fn() -> C>);

impl<C: Context> ExtensionFactory for Attach<C> {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Attach::<C>(std::marker::PhantomData))
    }
}

fn slot<'a, C: Context>(ctx: &ExtensionContext<'a>) -> Option<&'a Arc<Slot<C>>> {
    ctx.data_opt::<Arc<Slot<C>>>()
}

#[async_graphql::async_trait::async_trait]
impl<C: Context> Extension for Attach<C> {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        match (slot::<C>(ctx), &*NOTHING) {
            (Some(_), Some(nothing)) => Ok(nothing.clone()),
            _ => next.run(ctx, query, variables).await,
        }
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        match slot::<C>(ctx) {
            Some(_) => {
                Ok(ValidationResult { cache_control: CacheControl::default(), complexity: 0, depth: 0 })
            }
            None => next.run(ctx).await,
        }
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> async_graphql::Response {
        let Some(slot) = slot::<C>(ctx) else { return next.run(ctx, operation_name).await };
        let response = slot.engine.execute(&slot.cx, &slot.request).await;
        *slot.response.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
        async_graphql::Response::default()
    }
}

/// Tells async-graphql of every served type.
fn register<C: Context>(engine: &Engine<C>) -> Result<SchemaBuilder, SchemaError> {
    let definition = &engine.schema.schema_definition;
    let root = |name: &Option<apollo_compiler::schema::ComponentName>| name.as_ref().map(ToString::to_string);
    let query = root(&definition.query).unwrap_or_default();
    let mutation = root(&definition.mutation);
    let mut builder = Schema::build(&query, mutation.as_deref(), None);
    for (name, def) in engine.schema.types.iter().filter(|(_, def)| !def.is_built_in()) {
        builder = match def {
            ExtendedType::Scalar(_) => builder.register(ScalarType::new(name.as_str())),
            ExtendedType::Enum(values) => {
                let items = values.values.keys().map(|value| EnumItem::new(value.as_str()));
                builder.register(Enum::new(name.as_str()).items(items))
            }
            ExtendedType::Union(union) => {
                let members = union.members.iter().map(|member| member.as_str());
                builder.register(members.fold(Union::new(name.as_str()), Union::possible_type))
            }
            ExtendedType::Interface(interface) => {
                let mut out = Interface::new(name.as_str());
                for (field, definition) in &interface.fields {
                    let mut registered = InterfaceField::new(field.as_str(), type_ref(&definition.ty));
                    for argument in &definition.arguments {
                        registered = registered.argument(input_value(argument));
                    }
                    out = out.field(registered);
                }
                builder.register(
                    interface.implements_interfaces.iter().fold(out, |out, i| out.implement(i.as_str())),
                )
            }
            ExtendedType::InputObject(input) => {
                let fields = input.fields.values().map(|field| input_value(field));
                builder.register(fields.fold(InputObject::new(name.as_str()), InputObject::field))
            }
            ExtendedType::Object(object) => {
                let mut out = Object::new(name.as_str());
                for (position, definition) in object.fields.values().enumerate() {
                    out = out.field(field(engine, name, position, definition));
                }
                builder.register(
                    object.implements_interfaces.iter().fold(out, |out, i| out.implement(i.as_str())),
                )
            }
        };
    }
    Ok(builder)
}

fn type_ref(ty: &Type) -> TypeRef {
    match ty {
        Type::Named(name) => TypeRef::named(name.as_str()),
        Type::NonNullNamed(name) => TypeRef::named_nn(name.as_str()),
        Type::List(item) => TypeRef::List(Box::new(type_ref(item))),
        Type::NonNullList(item) => TypeRef::NonNull(Box::new(TypeRef::List(Box::new(type_ref(item))))),
    }
}

fn input_value(definition: &InputValueDefinition) -> InputValue {
    let value = InputValue::new(definition.name.as_str(), type_ref(&definition.ty));
    let default = definition.default_value.as_ref().and_then(|written| {
        let text = format!("{{ f(a: {written}) }}");
        let document = async_graphql::parser::parse_query(text).ok()?;
        let (_, operation) = document.operations.iter().next()?;
        let selection = operation.node.selection_set.node.items.first()?;
        let async_graphql::parser::types::Selection::Field(field) = &selection.node else { return None };
        field.node.get_argument("a")?.node.clone().into_const()
    });
    match default {
        Some(default) => value.default_value(default),
        None => value,
    }
}

fn field<C: Context>(
    engine: &Engine<C>,
    type_name: &str,
    position: usize,
    definition: &FieldDefinition,
) -> Field {
    let model = Arc::clone(&engine.model);
    let object = model.by_name.get(type_name).copied().unwrap_or_default();
    let registered = Field::new(definition.name.as_str(), type_ref(&definition.ty), move |ctx| {
        let model = Arc::clone(&model);
        FieldFuture::new(async move {
            one(&model, object, position, &ctx).await.map_err(|error| {
                let extended = async_graphql::Error::new(error.message());
                match error.code_name().map(str::to_owned) {
                    Some(code) => {
                        async_graphql::ErrorExtensions::extend_with(extended, |_, e| e.set("errorCode", code))
                    }
                    None => extended,
                }
            })
        })
    });
    definition.arguments.iter().fold(registered, |field, argument| field.argument(input_value(argument)))
}

/// Calls the resolver of one field with a batch of one.
async fn one<'a, C: Context>(
    model: &Arc<Model<C>>,
    object: TypeId,
    position: usize,
    ctx: &ResolverContext<'a>,
) -> Result<Option<FieldValue<'a>>, FieldError> {
    let cx = ctx.data::<Arc<C>>().map_err(|e| FieldError::internal(e.message))?;
    let def = model
        .object(object)
        .and_then(|object| object.fields.get(position))
        .ok_or_else(|| FieldError::internal("a registered field is not in the model"))?;
    cx.guard(&def.facts)?;
    let parent = ctx.parent_value.downcast_ref::<Node>().cloned().unwrap_or_else(|| Node::new(()));
    let resolved = match &def.source {
        Source::Leaf { table, index } => Resolved::leaf(table.read(&*parent.row, *index)?),
        Source::Part { table, index } => table.read(&*parent.row, *index),
        Source::Resolver(resolver) => {
            let args = arguments(model, def, ctx)?;
            let parents = [parent];
            let call = Call { cx, parents: &parents, args: &args, field: None };
            resolver.resolve(call).await.pop().unwrap_or(Resolved::Null)
        }
    };
    value(model, &def.ty, resolved)
}

fn arguments<C>(
    model: &Model<C>,
    def: &FieldDef<C>,
    ctx: &ResolverContext<'_>,
) -> Result<serde_json::Map<String, Value>, FieldError> {
    let mut out = serde_json::Map::new();
    for declared in &def.args {
        let given = ctx.args.get(&declared.name).map(|value| to_json(value.as_value()));
        let value = match given {
            Some(json) => Some(coerce_json(model, &declared.ty, &json).map_err(|mut problems| {
                FieldError::plain(problems.pop().map_or_else(String::new, |problem| problem.message))
            })?),
            None => declared.default.clone(),
        };
        if let Some(value) = value {
            out.insert(declared.name.to_string(), value);
        }
    }
    Ok(out)
}

fn value<'a, C>(model: &Model<C>, ty: &Ty, resolved: Resolved) -> Result<Option<FieldValue<'a>>, FieldError> {
    match (resolved, ty) {
        (Resolved::Null, _) => Ok(None),
        (Resolved::Failed(error), _) => Err(error),
        (each, Ty::NonNull(inner)) => value(model, inner, each),
        (Resolved::List(items), Ty::List(item)) => {
            let values = items
                .into_iter()
                .map(|each| Ok(value(model, item, each)?.unwrap_or(FieldValue::NULL)))
                .collect::<Result<Vec<_>, FieldError>>()?;
            Ok(Some(FieldValue::list(values)))
        }
        (Resolved::Node(node), Ty::Named(id)) => {
            let tag = node.tag;
            let made = FieldValue::owned_any(node);
            let concrete =
                model.possible(*id).iter().find(|id| tag == Some(model.types[**id].canonical.as_str()));
            Ok(Some(match (&model.types[*id].kind, concrete) {
                (TypeKind::Abstract(_), Some(concrete)) => {
                    made.with_type(model.types[*concrete].name.clone())
                }
                _ => made,
            }))
        }
        (Resolved::Leaf(Leaf::List(items)), Ty::List(item)) => {
            let items = items.into_iter().map(Resolved::leaf).collect();
            value(model, &Ty::List(item.clone()), Resolved::List(items))
        }
        (Resolved::Leaf(leaf), Ty::Named(id)) => {
            let scalar = match &model.types[*id].kind {
                TypeKind::Scalar(scalar) => *scalar,
                _ => Scalar::Text,
            };
            plain(scalar, leaf).map(|value| Some(FieldValue::value(value)))
        }
        _ => Err(FieldError::internal("a resolver gave another shape than the schema has")),
    }
}

/// A leaf as async-graphql holds it.
fn plain(scalar: Scalar, leaf: Leaf<'_>) -> Result<async_graphql::Value, FieldError> {
    use async_graphql::Value as Theirs;
    Ok(match (scalar, leaf) {
        (Scalar::String | Scalar::Id | Scalar::Text, Leaf::Str(text)) => Theirs::String(text.into_owned()),
        (Scalar::Id, Leaf::Int(number)) => Theirs::String(number.to_string()),
        (Scalar::Boolean, Leaf::Bool(truth)) => Theirs::Boolean(truth),
        (Scalar::Int, Leaf::Int(number)) if i32::try_from(number).is_ok() => Theirs::Number(number.into()),
        (_, leaf) => {
            let mut text = Vec::new();
            write_scalar(&mut text, scalar, &leaf).map_err(FieldError::internal)?;
            from_json(serde_json::from_slice(&text).map_err(FieldError::internal)?)
        }
    })
}

/// JSON of an async-graphql value. Its own conversion loses numbers when digits are kept as written.
pub fn to_json(value: &async_graphql::Value) -> Value {
    use async_graphql::Value as Theirs;
    match value {
        Theirs::Null | Theirs::Binary(_) => Value::Null,
        Theirs::Number(number) => Value::Number(number.clone()),
        Theirs::String(text) => Value::from(text.as_str()),
        Theirs::Boolean(truth) => Value::Bool(*truth),
        Theirs::Enum(name) => Value::from(name.as_str()),
        Theirs::List(items) => items.iter().map(to_json).collect(),
        Theirs::Object(map) => {
            Value::Object(map.iter().map(|(key, each)| (key.to_string(), to_json(each))).collect())
        }
    }
}

/// The way back.
pub fn from_json(json: Value) -> async_graphql::Value {
    use async_graphql::Value as Theirs;
    match json {
        Value::Null => Theirs::Null,
        Value::Bool(truth) => Theirs::Boolean(truth),
        Value::Number(number) => Theirs::Number(number),
        Value::String(text) => Theirs::String(text),
        Value::Array(items) => Theirs::List(items.into_iter().map(from_json).collect()),
        Value::Object(map) => Theirs::Object(
            map.into_iter().map(|(key, each)| (async_graphql::Name::new(key), from_json(each))).collect(),
        ),
    }
}
