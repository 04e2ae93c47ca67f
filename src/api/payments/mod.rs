//! How customers pay, what they have paid, and how money goes back to them.

mod account_payments;
mod available;
mod cards;
mod centrepay;
mod collect;
mod deposits;
mod direct_debits;
mod export_repayments;
mod instructions;
mod payment_refunds;
mod plans;
mod preferences;
mod prepay;
mod refunds;
mod repayments;
mod requests;
mod schedule_changes;
mod schedules;
mod slips;
mod standalone;
mod supplementary;
mod surcharges;
mod warm_home_discounts;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    instructions::bind(b);
    direct_debits::bind(b);
    deposits::bind(b);
    export_repayments::bind(b);
    payment_refunds::bind(b);
    refunds::bind(b);
    repayments::bind(b);
    requests::bind(b);
    warm_home_discounts::bind(b);
    account_payments::bind(b);
    collect::bind(b);
    schedules::bind(b);
    schedule_changes::bind(b);
    available::bind(b);
    plans::bind(b);
    cards::bind(b);
    surcharges::bind(b);
    preferences::bind(b);
    standalone::bind(b);
    slips::bind(b);
    centrepay::bind(b);
    supplementary::bind(b);
    prepay::bind(b);
}
