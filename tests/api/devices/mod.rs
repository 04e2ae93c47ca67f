//! Devices that customers let us control.

mod catalogue;
mod commands;
mod elsewhere;
mod enrolment;
mod heat_orders;
mod heat_pumps;
mod heat_schedules;
mod letting_go;
mod onboarding;
mod paid;
mod reading;
mod wishes;
