//! Devices that customers let us control.

mod catalogue;
mod commands;
mod enrolment;
mod heat_orders;
mod heat_pumps;
mod heat_schedules;
mod letting_go;
mod paid;
mod reading;
mod wishes;
