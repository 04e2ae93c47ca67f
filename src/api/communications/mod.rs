//! What was sent to customers.

pub(super) mod events;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    events::bind(b);
}
