//! Heat pumps with a controller of our own: what they go by, what they measure, and how they perform.

pub mod controllers;
pub mod orders;
pub mod physics;
pub mod schedules;
pub mod series;
pub mod settings;
pub mod weather;
