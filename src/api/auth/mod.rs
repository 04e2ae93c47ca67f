//! Logging in, the viewer, and what the API says of itself.

mod legacy_login;
mod login;
mod pre_signed;
pub(super) mod refusals;
mod service;
mod sessions;
mod viewers;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    login::bind(b);
    legacy_login::bind(b);
    sessions::bind(b);
    pre_signed::bind(b);
    viewers::bind(b);
    service::bind(b);
}
