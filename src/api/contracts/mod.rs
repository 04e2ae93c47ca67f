//! Contracts: what customers signed, with its terms.

mod contract;
mod reading;
mod terminate;
mod vary;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    contract::bind(b);
    reading::bind(b);
    vary::bind(b);
    terminate::bind(b);
}
