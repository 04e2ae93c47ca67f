//! Logging in, the viewer, and what the API says of itself.

pub(super) mod legacy_login;
mod limits;
mod login;
mod mfa;
mod passwords;
mod pre_signed;
pub(super) mod refusals;
mod service;
mod sessions;
pub(super) mod throttle;
mod viewers;

pub(super) use passwords::{FieldErrors, Wrong};

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    limits::bind(b);
    login::bind(b);
    mfa::bind(b);
    passwords::bind(b);
    legacy_login::bind(b);
    sessions::bind(b);
    pre_signed::bind(b);
    viewers::bind(b);
    service::bind(b);
}
