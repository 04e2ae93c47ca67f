//! The rules and the SQL of each area.
