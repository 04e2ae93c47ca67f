//! The domain by itself, beneath the API: what no request can show.

mod access;
mod books;
mod connections;
mod events;
mod jobs;
mod post;
mod reversals;
mod storm;
mod support;
mod tokens;
mod world;
