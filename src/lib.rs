//! A GraphQL server for energy retail: the Kraken schema with real books behind it.
//!
//! `http` answers requests, `graphql` is the engine, `api` binds fields to use cases,
//! `domain` holds the rules and the SQL, `platform` is what they all stand on. Dependencies point one
//! way only: `http -> graphql + api -> domain -> platform`.

pub mod api;
pub mod commands;
pub mod domain;
pub mod graphql;
pub mod http;
mod phase;
pub mod platform;
