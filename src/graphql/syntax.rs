//! What apollo's parser lets pass: an argument or an input field without a value.

use apollo_parser::SyntaxKind;

use super::document::{MAX_DEPTH, MAX_TOKENS, RequestError};
use super::messages::locate;

/// Finds arguments and input fields that lack their value. Expects a document that parsed.
pub(super) fn missing_values(text: &str) -> Vec<RequestError> {
    let tree = apollo_parser::Parser::new(text).token_limit(MAX_TOKENS).recursion_limit(MAX_DEPTH).parse();
    let document = tree.document();
    let mut errors = Vec::new();
    for node in apollo_parser::cst::CstNode::syntax(&document).descendants() {
        let wants_value = matches!(node.kind(), SyntaxKind::ARGUMENT | SyntaxKind::OBJECT_FIELD);
        if !wants_value || node.children().any(|child| child.kind() != SyntaxKind::NAME) {
            continue;
        }
        let end = usize::from(node.text_range().end());
        errors.push(RequestError {
            message: "Syntax Error: Expected ':' and a value.".into(),
            locations: vec![locate(text, end)],
        });
    }
    errors
}
