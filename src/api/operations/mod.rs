//! What the retailer's people look after.

mod attachments;
mod complaints;
mod exceptions;
mod verification;
mod visits;

pub(super) use attachments::{ATTACHMENT, by_id as attachment_by_id};

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    attachments::bind(b);
    complaints::bind(b);
    exceptions::bind(b);
    verification::bind(b);
    visits::bind(b);
}
