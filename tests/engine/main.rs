//! The engine by itself: no database, small schemas.

mod differential;
mod hosted;
mod world;
