//! Between the connections of the schema and the pages of the domain.

use super::session::Call;
use crate::graphql::connection::{Connection, Paging, wants_more, wants_total};
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::{Page, Window};

/// The window that a call's paging arguments ask for.
///
/// # Errors
/// KT-CT-1201 to KT-CT-1204.
pub(super) fn window(call: &Call<'_>) -> Result<Window, FieldError> {
    let window = match Paging::of(call)? {
        Paging::Forward { offset, limit } => Window::forward(offset, limit),
        Paging::Backward { before, limit } => Window::backward(before, limit),
    };
    let window = if wants_more(call) { window } else { window.unaware() };
    Ok(if wants_total(call) { window.counted() } else { window })
}

/// A page as a connection.
pub(super) fn connection<T>(page: Page<T>, node: impl FnMut(T) -> Node) -> Resolved {
    let nodes = page.rows.into_iter().map(node).collect();
    Resolved::node(Connection::new(page.offset, nodes, page.has_next, page.has_previous, page.total))
}
