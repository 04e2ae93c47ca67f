//! The engine: SDL to schema, documents to plans, plans to bytes. Knows no business.
//!
//! [`Engine::new`] builds a served schema from SDL and [`Bindings`]; [`Engine::execute`] answers a
//! request. apollo-compiler parses, validates and introspects; execution is ours, a level at a time.

mod bindings;
mod cache;
mod compile;
pub mod connection;
mod context;
mod cost;
pub mod document;
mod edition;
mod engine;
pub mod error;
mod exec;
pub mod facts;
pub mod host;
mod input;
mod inspect;
mod introspect;
mod leaf;
mod load;
mod messages;
mod model;
mod nesting;
mod plan;
mod positions;
mod possible_errors;
mod prune;
mod resolved;
mod scalars;
mod secrets;
mod syntax;
mod write;

pub use bindings::{Bindings, Leaves, Parts};
pub use context::Context;
pub use cost::Cost;
pub use document::RequestError;
pub use edition::Edition;
pub use engine::{Engine, Limits, MAX_COMPLEXITY, MAX_NODES, Report, Request, Response};
pub use error::FieldError;
pub use host::Host;
pub use leaf::Leaf;
pub use load::{LoadError, object_fields};
pub use model::{FieldFacts, Model, Rate};
pub use possible_errors::possible_errors;
pub use resolved::{BoxFuture, Call, Handler, Node, Resolved};
pub use scalars::canonical;
pub use write::RaisedError;
