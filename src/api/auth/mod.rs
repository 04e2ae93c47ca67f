//! Logging in, the viewer, and what the API says of itself.

mod limits;
mod login;
pub(super) mod refusals;
mod service;
mod throttle;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    limits::bind(b);
    login::bind(b);
    service::bind(b);
}
