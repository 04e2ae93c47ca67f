//! Devices that customers let us control: what they are, what they do, what they are told.

mod batteries;
mod catalogue;
mod charging;
mod commands;
mod costs;
mod enrolment;
mod heat_orders;
mod heat_pumps;
mod heat_schedules;
mod krakenflex;
mod letting_go;
mod onboarding;
mod onboarding_moves;
mod performance;
mod preferences;
mod refusals;
mod shown;
mod telemetry;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    shown::bind(b);
    telemetry::bind(b);
    batteries::bind(b);
    preferences::bind(b);
    charging::bind(b);
    commands::bind(b);
    costs::bind(b);
    krakenflex::bind(b);
    catalogue::bind(b);
    enrolment::bind(b);
    letting_go::bind(b);
    onboarding::bind(b);
    onboarding_moves::bind(b);
    heat_pumps::bind(b);
    heat_orders::bind(b);
    heat_schedules::bind(b);
    performance::bind(b);
}
