//! From SDL and bindings to a served schema: parse, overlay the edition, prune, compile.

use apollo_compiler::Schema;
use apollo_compiler::ast::Document;
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::Valid;
use thiserror::Error;

use super::bindings::Bindings;
use super::compile::compile;
use super::edition::Edition;
use super::model::Model;
use super::prune::prune;
use super::secrets::Secrets;

/// Why the server cannot start with this schema and these bindings. Each names the place.
#[derive(Debug, Error)]
pub enum LoadError {
    #[error("the schema does not parse: {0}")]
    Syntax(String),
    #[error("edition: {0}: {1}")]
    Edition(String, String),
    #[error("{0} is bound, but the schema has no such field")]
    NoSuchField(String),
    #[error("{0} is bound as a plain value, but its type {1} has fields of its own")]
    LeafBoundToObject(String, String),
    #[error("{0} is bound as an object of its row, but its type {1} is a plain value")]
    PartBoundToLeaf(String, String),
    #[error("{0} is bound twice")]
    BoundTwice(String),
    #[error("{0} is bound to rows of two types, {1} and {2}: an object has rows of one")]
    TwoRowTypes(String, String, String),
    #[error(
        "{0} is bound to a handler that answers once, but only fields of Query and Mutation are asked once"
    )]
    SingleBelowRoot(String),
    #[error("{0} is bound, but no type that is served implements its interface {1}")]
    NoImplementers(String, String),
    #[error("{0} is bound, but nothing of its type {1} is")]
    EmptyType(String, String),
    #[error("{0} is bound, but its required argument {1} is left out")]
    ArgumentLeftOut(String, String),
    #[error("{0} is left out, but the schema has no such argument, input field or enum value")]
    NoSuchDark(String),
    #[error("no field of Query is bound")]
    NoQuery,
    #[error("the served schema is not valid: {0}")]
    Invalid(String),
}

/// The served schema in its two forms.
pub struct Loaded<C> {
    /// For parsing, validation and introspection.
    pub schema: Valid<Schema>,
    /// For execution.
    pub model: Model<C>,
    /// Every field of the SDL that is not served, `Type.field`, in the names of the merged edition.
    pub dark: Vec<String>,
}

/// Builds the served schema.
///
/// # Errors
/// The first contradiction between SDL, edition and bindings.
pub fn load<C: Send + Sync + 'static>(
    sources: &[(&str, &str)],
    edition: &Edition,
    bindings: &Bindings<C>,
) -> Result<Loaded<C>, LoadError> {
    let mut document = parse(sources)?;
    edition.apply(&mut document)?;
    let mut full = document.to_schema().map_err(|e| LoadError::Syntax(e.to_string()))?;
    let secrets = Secrets::take(&mut full);
    let pruned = prune(full, edition, bindings)?;
    let schema = pruned.schema.validate().map_err(|e| LoadError::Invalid(e.to_string()))?;
    let mut model = compile(&schema, edition, bindings, &pruned.facts)?;
    model.secrets = secrets;
    Ok(Loaded { schema, model, dark: pruned.dark })
}

/// Parses the SDL files into one document, in the order given.
fn parse(sources: &[(&str, &str)]) -> Result<Document, LoadError> {
    let mut whole = Document::new();
    for (name, text) in sources {
        let part =
            Parser::new().parse_ast(*text, *name).map_err(|e| LoadError::Syntax(e.errors.to_string()))?;
        whole.definitions.extend(part.definitions);
    }
    Ok(whole)
}

/// The object fields that one SDL file declares, `Type.field`.
///
/// # Errors
/// If it does not parse.
pub fn object_fields(name: &str, text: &str) -> Result<Vec<String>, LoadError> {
    use apollo_compiler::ast::Definition;
    let mut all = Vec::new();
    for definition in parse(&[(name, text)])?.definitions {
        let (owner, fields) = match &definition {
            Definition::ObjectTypeDefinition(object) => (&object.name, &object.fields),
            Definition::ObjectTypeExtension(object) => (&object.name, &object.fields),
            _ => continue,
        };
        all.extend(fields.iter().map(|field| format!("{owner}.{}", field.name)));
    }
    Ok(all)
}
