//! Binds the fields of each area to its use cases.
