//! Logging in, the viewer, and what the API says of itself.

mod login;
mod mfa;
mod passwords;
pub(super) mod refusals;
mod service;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    login::bind(b);
    mfa::bind(b);
    passwords::bind(b);
    service::bind(b);
}
