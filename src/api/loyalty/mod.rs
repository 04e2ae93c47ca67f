//! Loyalty points, and sessions in which customers are given some for using less.

mod cards;
mod dealings;
mod members;
mod referrals;
mod savings;
mod vouchers;
mod wallets;
mod wheel;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    savings::bind(b);
    members::bind(b);
    wallets::bind(b);
    dealings::bind(b);
    wheel::bind(b);
    cards::bind(b);
    referrals::bind(b);
    vouchers::bind(b);
}
